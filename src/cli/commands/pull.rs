use esker::ops::Context;
use esker::ops::pull::{self, PullMode, PullOptions};

use crate::cli::help::after_help;
use crate::cli::render::remotes;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Fetch, and move the current branch on
///
/// Only moves forward: where both sides have new commits it says so and changes nothing, unless it is
/// told how to bring them together. Unsaved work is never overwritten. Whoever pushes to a branch that
/// others push to repeats: esker pull --rebase, then esker push.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker pull" "esker pull --rebase" "esker pull --merge origin main";
    "  4" "paths are in conflict, or unsaved work is in the way; both are named"
    , " 10" "no repository", " 12" "the remote refused, cannot be reached, or both sides moved on"
))]
pub struct Args {
    /// The remote; the branch's own, or origin, by default
    remote: Option<String>,

    /// Its branch; the one of the same name by default
    branch: Option<String>,

    /// Make the commits that are only here anew on top of the remote's
    #[arg(short, long, conflicts_with = "merge")]
    rebase: bool,

    /// Join both sides in a merge
    #[arg(short, long)]
    merge: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let mode = match (self.rebase, self.merge) {
            (true, _) => PullMode::Rebase,
            (_, true) => PullMode::Merge,
            _ => PullMode::FastForward,
        };
        let options = PullOptions { remote: self.remote, branch: self.branch, mode };
        let outcome = pull::run(context, &options)?;
        ui.summary(&outcome, remotes::pull)?;
        Ok(if outcome.conflicts.is_empty() { Exit::Done } else { Exit::Conflicts })
    }
}
