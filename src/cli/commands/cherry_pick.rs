use esker::ops::Context;
use esker::ops::cherry_pick::{self, CherryPickOptions};

use super::sequence::{Control, Ways};
use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Make the changes of other commits again, on the current branch
///
/// Author, message and metadata come along. `A..B` stands for what B has and A has not, the oldest first.
/// Conflicts are those of a merge: see `esker help merge`. A commit whose changes are there already is
/// left out.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker cherry-pick 4f1c2d9a7b" "esker cherry-pick -x main..labels" "esker cherry-pick --skip"
    "esker cherry-pick --continue";
    "  4" "conflicts are named and wait; or unsaved work is in the way, and nothing was changed"
    , " 10" "no repository", " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// Commits, or ranges A..B
    #[arg(value_name = "REV", required_unless_present_any = ["abort", "go_on", "skip"])]
    revisions: Vec<String>,

    /// For a merge: the parent it is compared with, from 1
    #[arg(short, long, value_name = "NUMBER")]
    mainline: Option<usize>,

    /// Only stage the changes
    #[arg(short = 'n', long)]
    no_commit: bool,

    /// Let each message name the commit it was picked from
    #[arg(short = 'x')]
    names_source: bool,

    #[command(flatten)]
    control: Control,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = CherryPickOptions {
            revisions: self.revisions,
            mainline: self.mainline,
            no_commit: self.no_commit,
            names_source: self.names_source,
        };
        let ways =
            Ways { go_on: cherry_pick::go_on, skip: cherry_pick::skip, abort: cherry_pick::abort };
        let outcome = self.control.run(context, &ways, || cherry_pick::run(context, &options))?;
        super::merge::show(ui, &outcome)
    }
}
