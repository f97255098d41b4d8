use esker::ops::Context;
use esker::ops::update::{self, UpdateOptions};

use crate::cli::help::after_help;
use crate::cli::render::pins;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Move pins to the newest commit of what they follow
///
/// Changes esker.lock and brings no data: look at the change, commit it, then: esker get --locked.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker update" "esker update -n" "esker update --rev v2 data/images";
    "  4" "esker.lock has a conflict of a merge", " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// Where the pins go; all pins by default
    #[arg(value_name = "DEST")]
    pins: Vec<String>,

    /// The revision to pin; by default the newest commit of the branch that was pinned
    #[arg(long, value_name = "REV")]
    rev: Option<String>,

    /// Only say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = UpdateOptions { pins: self.pins, revision: self.rev, dry_run: self.dry_run };
        let outcome = update::run(context, &options)?;
        ui.summary(&outcome, pins::pinned)?;
        ui.warnings(&outcome.warnings);
        Ok(Exit::Done)
    }
}
