use std::path::PathBuf;

use clap::Subcommand;
use esker::ops::Context;
use esker::ops::worktree::{self, WorktreeAction, WorktreeOn};

use crate::cli::help::after_help;
use crate::cli::render::places;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Work in several folders at once, on the same branches and data
///
/// A worktree has its own HEAD, stage and unfinished work; branches, tags, stashes, settings and data are
/// one for all. A branch is checked out in one worktree at most. Without a subcommand: list them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker worktree add ../cleaning" "esker worktree add ../v1 v1 --detach"
    "esker worktree add ../try -b try main~3" "esker worktree" "esker worktree remove ../cleaning";
    "  4" "unsaved changes would be lost"
    , " 10" "no repository"
))]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// List all worktrees
    List,
    /// Make a worktree in a new or empty folder
    ///
    /// It is on the branch that is named; without one on the branch that is called as the folder, which is
    /// made at HEAD where there is none.
    Add(Add),
    /// Remove a worktree; files that belong to no version stay
    #[command(visible_alias = "rm")]
    Remove {
        /// Its folder
        path: PathBuf,

        /// Remove the folder with all that is in it, saved or not
        #[arg(short, long)]
        force: bool,
    },
    /// Let worktrees find the repository again after it was moved
    Repair {
        /// Folders of worktrees that were moved, too
        paths: Vec<PathBuf>,
    },
}

#[derive(Debug, clap::Args)]
struct Add {
    /// The folder
    path: PathBuf,

    /// The branch it is on; with -b or --detach, the commit it begins at
    revision: Option<String>,

    /// Make this branch
    #[arg(short = 'b', long = "branch", value_name = "NAME", conflicts_with = "detach")]
    new: Option<String>,

    /// Be on no branch
    #[arg(short, long)]
    detach: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = match self.action {
            None | Some(Action::List) => WorktreeAction::List,
            Some(Action::Add(Add { path, revision, new, detach })) => {
                let on = match (new, revision) {
                    (Some(name), start) => WorktreeOn::New { name, start },
                    (None, revision) if detach => WorktreeOn::Detached(revision),
                    (None, Some(branch)) => WorktreeOn::Branch(branch),
                    (None, None) => WorktreeOn::Folder,
                };
                WorktreeAction::Add { path, on }
            }
            Some(Action::Remove { path, force }) => WorktreeAction::Remove { path, force },
            Some(Action::Repair { paths }) => WorktreeAction::Repair { paths },
        };
        let outcome = worktree::run(context, &action)?;
        ui.result(&outcome, places::worktree)?;
        Ok(Exit::Done)
    }
}
