use esker::ops::Context;
use esker::ops::revert::{self, RevertOptions};

use super::sequence::{Control, Ways};
use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Undo what a commit changed, by a new commit
///
/// The history stays as it is. Paths that were changed again since are conflicts, as in a merge: see `esker
/// help merge`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker revert HEAD" "esker revert -m 1 4f1c2d9a7b" "esker revert --no-commit HEAD~2" "esker revert --abort";
    "  4" "conflicts are named and wait; or unsaved work is in the way, and nothing was changed"
    , " 10" "no repository", " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The commits to undo, in this order
    #[arg(value_name = "REV", required_unless_present_any = ["abort", "go_on", "skip"])]
    revisions: Vec<String>,

    /// For a merge: the parent to go back to, from 1
    #[arg(short, long, value_name = "NUMBER")]
    mainline: Option<usize>,

    /// Only stage the change
    #[arg(short = 'n', long)]
    no_commit: bool,

    #[command(flatten)]
    control: Control,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = RevertOptions {
            revisions: self.revisions,
            mainline: self.mainline,
            no_commit: self.no_commit,
        };
        let ways = Ways { go_on: revert::go_on, skip: revert::skip, abort: revert::abort };
        let outcome = self.control.run(context, &ways, || revert::run(context, &options))?;
        super::merge::show(ui, &outcome)
    }
}
