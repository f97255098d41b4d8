use esker::ops::Context;
use esker::ops::stats::{self, StatsOptions};

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show what the repository holds and the space it takes
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker stats" "esker stats --remotes" "esker stats --json";
    "  5" "the repository is damaged", " 10" "no repository"
    , " 12" "a remote refused or cannot be reached"
))]
pub struct Args {
    /// Ask every remote, too, what it holds, and say what is only here or only there
    #[arg(long)]
    remotes: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = stats::run(context, &StatsOptions { remotes: self.remotes })?;
        ui.result(&outcome, text::stats)?;
        Ok(Exit::Done)
    }
}
