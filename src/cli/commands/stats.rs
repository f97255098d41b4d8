use esker::ops::Context;
use esker::ops::stats::{self, StatsOptions};

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show what the repository holds and the space it takes
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker stats" "esker stats --json";
    "  5" "the repository is damaged", " 10" "no repository"
))]
pub struct Args {}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = stats::run(context, &StatsOptions::default())?;
        ui.result(&outcome, text::stats)?;
        Ok(Exit::Done)
    }
}
