use esker::ops::mv::{self, MvOptions};
use esker::ops::{Context, OpError};

use crate::cli::help::after_help;
use crate::cli::render::worktree;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Move or rename files and folders
///
/// Renames on disk and stages both names; no data is read or stored again. What was changed and not
/// staged stays so. A file that was moved by hand already is only staged. Several sources need a folder
/// to be moved into.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "esker mv [OPTIONS] <SOURCE>... <TARGET>",
    after_long_help = after_help!(
        "esker mv a.csv b.csv" "esker mv raw/*.csv tables" "esker mv -n images photos";
        "  4" "something has the new name; nothing was changed"
        , " 10" "no repository", " 11" "the repository is locked by another process"
    )
)]
pub struct Args {
    /// What to move, and then its new name or the folder to move into
    #[arg(value_name = "PATH", required = true, num_args = 2..)]
    paths: Vec<String>,

    /// Replace a file that has the new name
    #[arg(short, long)]
    force: bool,

    /// Only say what would be moved
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(mut self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Some(target) = self.paths.pop() else {
            let message = "nothing was named to be moved".to_owned();
            return Err(OpError::Usage { message, hint: None }.into());
        };
        let options =
            MvOptions { sources: self.paths, target, force: self.force, dry_run: self.dry_run };
        let outcome = mv::run(context, &options)?;
        ui.summary(&outcome, |out, _, outcome| worktree::mv(out, outcome))?;
        Ok(Exit::Done)
    }
}
