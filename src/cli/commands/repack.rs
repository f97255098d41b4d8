use esker::ops::Context;
use esker::ops::repack::{self, RepackOptions};

use crate::cli::age;
use crate::cli::help::after_help;
use crate::cli::render::upkeep;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Rewrite the store as if it had been written in one go
///
/// Small packs are folded, data that nothing needs is left out, and small blocks are compressed together,
/// which makes a long history smaller. Other commands may run meanwhile, and none of them waits. It
/// needs as much free space as the packs it rewrites, at most.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker repack --dry-run" "esker repack" "esker repack --level 19 --grace 0";
    "  5" "something needed is damaged or missing; nothing was changed"
    , " 10" "no repository"
))]
pub struct Args {
    /// Say what would be rewritten, and change nothing
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Compress everything anew at this level, 1 to 22
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(i32).range(1..=22))]
    level: Option<i32>,

    /// How long packs that held something unneeded stay on disk: 0, 30m, 12h, 14d
    #[arg(long, value_name = "AGE", default_value = "1d", value_parser = age::parse)]
    grace: i64,

    /// How long places that a branch or HEAD has left keep their data
    #[arg(long, value_name = "AGE", default_value = "90d", value_parser = age::parse)]
    reflog: i64,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Self { dry_run, level, grace, reflog } = self;
        let options =
            RepackOptions { dry_run, level, grace_seconds: grace, reflog_seconds: reflog };
        let outcome = repack::run(context, &options)?;
        ui.result(&outcome, upkeep::repack)?;
        Ok(Exit::Done)
    }
}
