use esker::ops::Context;
use esker::ops::gc::{self, GcOptions};
use esker::ops::remote_gc::{self, RemoteGcOptions};

use crate::cli::age;
use crate::cli::help::after_help;
use crate::cli::render::{remotes, upkeep};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Give back the space of data that nothing needs any more
///
/// Kept is what branches, tags, other refs, the stage, stashes, an unfinished merge, running commands
/// and the reflog of the last 90 days need. The rest stops to count at once and leaves the disk after
/// the grace. Other commands may run meanwhile, with any grace, and none of them waits.
///
/// With --remote it is a remote whose space is given back: kept is what its branches, tags and keeps reach.
/// Others may push meanwhile.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker gc --dry-run" "esker gc" "esker gc --grace 0" "esker gc --remote -n" "esker gc --remote --exact --grace 0";
    "  5" "something needed is damaged or missing; nothing was removed"
    , " 10" "no repository", " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// Give back space of this remote; of origin when no name is given
    #[arg(long, value_name = "NAME", num_args = 0..=1, default_missing_value = "")]
    remote: Option<String>,

    /// Say what would be freed, and why, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// How long files stay after nothing needs them: 0, 30m, 12h, 14d; 1d by default, 14d on a remote
    #[arg(long, value_name = "AGE", value_parser = age::parse)]
    grace: Option<i64>,

    /// Pack anew all packs of which anything is not needed, not only those of which much is not
    #[arg(long)]
    exact: bool,

    /// How long places that a branch or HEAD has left keep their data
    #[arg(long, value_name = "AGE", default_value = "90d", value_parser = age::parse)]
    reflog: i64,

    /// Nobody else writes to the remote now: needed for a store that takes two writers for one
    #[arg(long, requires = "remote")]
    alone: bool,
}

impl Args {
    /// The same for the remote of this name, or for the default one.
    pub fn of_remote(self, name: Option<String>) -> Self {
        Self { remote: name.or(self.remote).or(Some(String::new())), ..self }
    }

    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { remote, dry_run, grace, exact, reflog, alone } = self;
        if let Some(name) = remote {
            let remote = Some(name).filter(|name| !name.is_empty());
            let grace_seconds = grace.unwrap_or(remote_gc::DEFAULT_GRACE_SECONDS);
            let options = RemoteGcOptions { remote, grace_seconds, exact, alone, dry_run };
            let outcome = remote_gc::run(context, &options)?;
            ui.summary(&outcome, remotes::gc)?;
            return Ok(Exit::Done);
        }
        let grace_seconds = grace.unwrap_or(gc::DEFAULT_GRACE_SECONDS);
        let options = GcOptions { dry_run, grace_seconds, reflog_seconds: reflog, exact };
        let outcome = gc::run(context, &options)?;
        ui.result(&outcome, upkeep::gc)?;
        Ok(Exit::Done)
    }
}
