use esker::ops::Context;
use esker::ops::rm::{self, RmOptions};

use crate::cli::help::after_help;
use crate::cli::render::worktree;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Remove files, from the next version and from disk
///
/// Versions that were committed keep them. Files with changes that no commit has are refused, and
/// named, unless --force is given. Patterns match tracked paths; files that are not tracked are left
/// alone, and so are the folders that hold them.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker rm old.csv" "esker rm -r images/raw" "esker rm --cached -r cache" "esker rm '*.tmp'";
    "  3" "done, but some files could not be looked at; each is named"
    , "  4" "unsaved work would be lost; it is named, and nothing was changed"
    , " 10" "no repository", " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The files and folders, or patterns of them
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Keep the files on disk: they become untracked
    #[arg(long)]
    cached: bool,

    /// Also remove folders, with all that is tracked in them
    #[arg(short, long)]
    recursive: bool,

    /// Remove even what is saved nowhere else
    #[arg(short, long)]
    force: bool,

    /// Only say what would be removed
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = RmOptions {
            paths: self.paths,
            cached: self.cached,
            recursive: self.recursive,
            force: self.force,
            dry_run: self.dry_run,
        };
        let outcome = rm::run(context, &options)?;
        ui.summary(&outcome, |out, _, outcome| worktree::rm(out, outcome))?;
        Ok(ui.skipped(&outcome.skipped))
    }
}
