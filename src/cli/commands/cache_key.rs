use esker::ops::Context;
use esker::ops::cache_key::{self, CacheKeyOptions};

use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Print a name for the pinned data, for the caches of CI
///
/// It changes when the data of a pin or its place does, and with nothing else.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker cache-key" "esker cache-key data/images";
    "  4" "esker.lock has a conflict of a merge"
))]
pub struct Args {
    /// Where the pins go; all pins by default
    #[arg(value_name = "DEST")]
    pins: Vec<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = cache_key::run(context, &CacheKeyOptions { pins: self.pins })?;
        ui.result(&outcome, |out, _, outcome| writeln!(out, "{}", outcome.key))?;
        Ok(Exit::Done)
    }
}
