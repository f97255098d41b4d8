use esker::ops::Context;
use esker::ops::cherry_pick::{self, CherryPickOptions};

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

    /// Commit once the conflicts are resolved, and take the rest
    #[arg(long = "continue", id = "go_on", conflicts_with_all = ["revisions", "abort", "skip"])]
    go_on: bool,

    /// Leave the commit out that is in conflict, and take the rest
    #[arg(long, conflicts_with_all = ["revisions", "abort"])]
    skip: bool,

    /// Give it up: all is as it was before the first commit
    #[arg(long, conflicts_with = "revisions")]
    abort: bool,

    /// With --abort or --skip: drop also what was changed by hand since
    #[arg(short, long, conflicts_with = "revisions")]
    force: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = if self.abort {
            cherry_pick::abort(context, self.force)?
        } else if self.go_on {
            cherry_pick::go_on(context, None)?
        } else if self.skip {
            cherry_pick::skip(context, self.force)?
        } else {
            let options = CherryPickOptions {
                revisions: self.revisions,
                mainline: self.mainline,
                no_commit: self.no_commit,
                names_source: self.names_source,
            };
            cherry_pick::run(context, &options)?
        };
        super::merge::show(ui, &outcome)
    }
}
