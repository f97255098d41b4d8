use esker::ops::Context;
use esker::ops::stash::{self, Apply, StashAction, StashOutcome};

use crate::cli::help::after_help;
use crate::cli::render::refs;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Put unsaved work aside, and bring it back
///
/// Without a word, saves all changes of tracked files, staged or not, as a stash and makes the worktree
/// equal to HEAD. STASH is `stash@{n}` or n, 0 being the newest, which is also the default.
#[derive(Debug, clap::Args)]
#[command(
    args_conflicts_with_subcommands = true,
    after_long_help = after_help!(
        "esker stash" "esker stash push -u -m \"half a relabelling\"" "esker stash list"
        "esker stash pop" "esker stash apply stash@{1}";
        "  3" "done, but some files could not be read and stay as they are; each is named"
        , "  4" "what is there now is in the way; it is named, and nothing was changed"
        , "  5" "data is damaged", " 10" "no repository"
        , " 11" "the repository is locked by another process"
    )
)]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,

    #[command(flatten)]
    push: Push,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// Put unsaved work aside; the default
    Push(Push),
    /// List stashes, the newest first
    List,
    /// List what a stash changed
    Show(Which),
    /// Bring a stash back and drop it
    Pop(ApplyArgs),
    /// Bring a stash back and keep it
    Apply(ApplyArgs),
    /// Forget a stash
    Drop(Which),
    /// Forget all stashes
    Clear,
}

#[derive(Debug, clap::Args)]
struct Push {
    /// What it is, in words
    #[arg(short, long, value_name = "TEXT")]
    message: Option<String>,

    /// Also put aside files that were never added
    #[arg(short = 'u', long)]
    include_untracked: bool,
}

#[derive(Debug, clap::Args)]
struct Which {
    /// The stash
    #[arg(value_name = "STASH")]
    stash: Option<String>,
}

#[derive(Debug, clap::Args)]
struct ApplyArgs {
    /// The stash
    #[arg(value_name = "STASH")]
    stash: Option<String>,

    /// Stage again what was staged
    #[arg(long)]
    index: bool,
}

impl ApplyArgs {
    fn options(self) -> Apply {
        Apply { stash: self.stash, index: self.index }
    }
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = match self.action.unwrap_or(Action::Push(self.push)) {
            Action::Push(push) => {
                StashAction::Push { message: push.message, untracked: push.include_untracked }
            }
            Action::List => StashAction::List,
            Action::Show(which) => StashAction::Show { stash: which.stash },
            Action::Pop(args) => StashAction::Pop(args.options()),
            Action::Apply(args) => StashAction::Apply(args.options()),
            Action::Drop(which) => StashAction::Drop { stash: which.stash },
            Action::Clear => StashAction::Clear,
        };
        let outcome = stash::run(context, &action)?;
        match &outcome {
            StashOutcome::List { .. } | StashOutcome::Show { .. } => {
                ui.result(&outcome, refs::stash)?;
                Ok(Exit::Done)
            }
            StashOutcome::Push { skipped, .. } => {
                ui.summary(&outcome, refs::stash)?;
                Ok(ui.skipped(skipped))
            }
            StashOutcome::Apply { .. } | StashOutcome::Drop { .. } => {
                ui.summary(&outcome, refs::stash)?;
                Ok(Exit::Done)
            }
        }
    }
}
