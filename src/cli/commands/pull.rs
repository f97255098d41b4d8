use esker::ops::Context;
use esker::ops::pull::{self, PullOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Fetch, and move the current branch on
///
/// Only moves forward: where both sides have new commits it says so and changes nothing. Unsaved work
/// is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker pull" "esker pull origin main";
    "  4" "unsaved work is in the way; it is named, and nothing was changed"
    , " 10" "no repository", " 12" "the remote refused, cannot be reached, or both sides moved on"
))]
pub struct Args {
    /// The remote; the branch's own, or origin, by default
    remote: Option<String>,

    /// Its branch; the one of the same name by default
    branch: Option<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = PullOptions { remote: self.remote, branch: self.branch };
        let outcome = pull::run(context, &options)?;
        ui.summary(&outcome, remotes::pull)?;
        Ok(Exit::Done)
    }
}
