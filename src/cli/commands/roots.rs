use esker::ops::Context;
use esker::ops::roots::{self, RootsAction, RootsOptions};

use crate::cli::help::after_help;
use crate::cli::render::worktree;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show and change the data folders of a git checkout
///
/// Inside a git checkout esker looks only at data roots: folders or files that were named once, by
/// `esker add FOLDER` or here. Everything else is git's.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker roots" "esker roots add data" "esker roots remove data";
    " 10" "no repository"
))]
pub struct Args {
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, clap::Subcommand)]
enum Action {
    /// List the data roots; the default
    List,
    /// Name data roots, without staging anything
    Add {
        /// Folders or files that exist and that git does not track
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<String>,
    },
    /// Forget data roots that hold nothing tracked; files and versions stay
    #[command(visible_alias = "rm")]
    Remove {
        /// Data roots
        #[arg(value_name = "PATH", required = true)]
        paths: Vec<String>,
    },
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = match self.action {
            None | Some(Action::List) => RootsAction::List,
            Some(Action::Add { paths }) => RootsAction::Add(paths),
            Some(Action::Remove { paths }) => RootsAction::Remove(paths),
        };
        let outcome = roots::run(context, &RootsOptions { action })?;
        ui.result(&outcome, |out, _, outcome| worktree::roots(out, outcome))?;
        Ok(Exit::Done)
    }
}
