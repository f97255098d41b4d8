use esker::ops::Context;
use esker::ops::gc::{self, GcOptions};

use crate::cli::age;
use crate::cli::help::after_help;
use crate::cli::render::upkeep;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Give back the space of data that nothing needs any more
///
/// Kept is what branches, tags, other refs, the stage, stashes, an unfinished merge, running commands
/// and the reflog of the last 90 days need. The rest stops to count at once and leaves the disk after
/// the grace. Other commands may run meanwhile, with any grace, and none of them waits.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker gc --dry-run" "esker gc" "esker gc --grace 0";
    "  5" "something needed is damaged or missing; nothing was removed"
    , " 10" "no repository"
))]
pub struct Args {
    /// Say what would be freed, and why, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// How long files stay on disk after nothing needs them: 0, 30m, 12h, 14d
    #[arg(long, value_name = "AGE", default_value = "1d", value_parser = age::parse)]
    grace: i64,

    /// How long places that a branch or HEAD has left keep their data
    #[arg(long, value_name = "AGE", default_value = "90d", value_parser = age::parse)]
    reflog: i64,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { dry_run, grace, reflog } = self;
        let options = GcOptions { dry_run, grace_seconds: grace, reflog_seconds: reflog };
        let outcome = gc::run(context, &options)?;
        ui.result(&outcome, upkeep::gc)?;
        Ok(Exit::Done)
    }
}
