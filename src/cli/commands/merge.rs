use esker::ops::merge::{self, MergeOptions};
use esker::ops::{Context, MergeOutcome};

use crate::cli::help::after_help;
use crate::cli::render::merging;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Join another line of work into the current branch
///
/// Takes what REV and the current branch each changed since they parted. Files are never merged by lines:
/// a path that both changed is a conflict, ours stays at its path and theirs is put beside it as
/// `path~REV`. Resolve each with `esker checkout --ours` or `--theirs`, or by hand and `esker add`, then
/// go on with --continue. No file data is read to find out. Unsaved work is never overwritten.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker merge cleaning" "esker merge -n cleaning" "esker merge --theirs -m \"take the new labels\" labels"
    "esker merge --continue" "esker merge --abort";
    "  1" "it cannot be made, such as by a fast-forward with --ff-only"
    , "  4" "conflicts are named and wait; or unsaved work is in the way, and nothing was changed"
    , " 10" "no repository", " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The branch, tag or commit to merge
    #[arg(value_name = "REV", required_unless_present_any = ["abort", "go_on"])]
    revision: Option<String>,

    /// Only move the branch on; fail where a commit would be needed
    #[arg(long, conflicts_with = "no_ff")]
    ff_only: bool,

    /// Make a commit even where the branch could just move on
    #[arg(long)]
    no_ff: bool,

    /// Resolve every conflict to our side
    #[arg(long, conflicts_with = "theirs")]
    ours: bool,

    /// Resolve every conflict to their side
    #[arg(long)]
    theirs: bool,

    /// The message of the commit
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Merge histories that have no commit in common
    #[arg(long)]
    allow_unrelated_histories: bool,

    /// Only say what would change, and which paths conflict
    #[arg(short = 'n', long, conflicts_with_all = ["abort", "go_on"])]
    dry_run: bool,

    /// Give the merge up: all is as it was before
    #[arg(long, conflicts_with_all = ["revision", "go_on"])]
    abort: bool,

    /// Commit the merge once its conflicts are resolved
    #[arg(long = "continue", id = "go_on", conflicts_with = "revision")]
    go_on: bool,

    /// With --abort: drop also what was changed by hand since
    #[arg(short, long, requires = "abort")]
    force: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = if self.abort {
            merge::abort(context, self.force)?
        } else if self.go_on {
            merge::go_on(context, self.message.as_deref())?
        } else {
            let options = MergeOptions {
                revision: self.revision.unwrap_or_default(),
                ff_only: self.ff_only,
                no_ff: self.no_ff,
                ours: self.ours,
                theirs: self.theirs,
                message: self.message,
                allow_unrelated: self.allow_unrelated_histories,
                dry_run: self.dry_run,
            };
            merge::run(context, &options)?
        };
        show(ui, &outcome)
    }
}

/// Prints what was done, and gives the exit code.
pub(super) fn show(ui: &mut Ui, outcome: &MergeOutcome) -> Result<Exit, Failure> {
    ui.summary(outcome, merging::outcome)?;
    Ok(if outcome.conflicts.is_empty() { Exit::Done } else { Exit::Conflicts })
}
