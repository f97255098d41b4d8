use esker::ops::Context;
use esker::ops::sparse::{self, SparseAction, SparseOptions};

use crate::cli::help::after_help;
use crate::cli::render::worktree;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Choose which files and folders this worktree has
///
/// What is left out is in every version as before, and not on disk: status does not report it, and commits
/// keep it. In a clone that has not all data, what is chosen is fetched, after a line that says how much it
/// is. Without a subcommand: list the paths.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker sparse set images/train labels.csv" "esker sparse add images/test" "esker sparse"
    "esker sparse disable";
    "  4" "something else is where a file must go", "  5" "data is damaged", " 10" "no repository"
    , " 12" "the remote refused, cannot be reached, or may not be asked"
))]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the paths; the default
    List,
    /// Have these paths and no others; files that differ from what is stored stay
    Set {
        /// Files and folders; none leaves nothing on disk
        #[arg(value_name = "PATH")]
        paths: Vec<String>,

        /// Only say what would change
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Have these paths, too
    Add {
        /// Files and folders
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<String>,

        /// Only say what would change
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
    /// Have everything
    Disable {
        /// Only say what would change
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let (action, dry_run) = match self.action {
            None | Some(Action::List) => (SparseAction::List, false),
            Some(Action::Set { paths, dry_run }) => (SparseAction::Set(paths), dry_run),
            Some(Action::Add { paths, dry_run }) => (SparseAction::Add(paths), dry_run),
            Some(Action::Disable { dry_run }) => (SparseAction::Disable, dry_run),
        };
        let is_list = matches!(action, SparseAction::List);
        let outcome = sparse::run(context, &SparseOptions { action, dry_run })?;
        if is_list {
            ui.result(&outcome, |out, _, outcome| worktree::sparse_paths(out, outcome))?;
            return Ok(Exit::Done);
        }
        ui.summary(&outcome, |out, _, outcome| worktree::sparse(out, outcome))?;
        ui.warnings(&outcome.warnings);
        Ok(Exit::Done)
    }
}
