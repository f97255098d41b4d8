use esker::ops::Context;
use esker::ops::clean::{self, CleanOptions};

use crate::cli::help::after_help;
use crate::cli::render::worktree;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Remove files that are not tracked
///
/// Without --force nothing is removed: what would go is listed. Files that are tracked, staged, left out
/// by .eskerignore, or in another repository inside this one stay. In a git checkout only data roots are
/// cleaned. What is removed cannot be brought back.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker clean" "esker clean -d" "esker clean -f -d" "esker clean -f -x cache";
    "  3" "done, but some paths were passed over; each is named"
    , " 10" "no repository"
))]
pub struct Args {
    /// Only these files and folders, or what patterns such as '*.tmp' match; folders are entered as with -d
    #[arg(value_name = "PATH")]
    paths: Vec<String>,

    /// Remove; without it, only list
    #[arg(short, long, conflicts_with = "dry_run")]
    force: bool,

    /// Also remove folders that hold nothing tracked
    #[arg(short = 'd', long)]
    folders: bool,

    /// Also remove what .eskerignore leaves out
    #[arg(short = 'x', long)]
    ignored: bool,

    /// Only say what would be removed; this is the default
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = CleanOptions {
            paths: self.paths,
            force: self.force,
            folders: self.folders,
            ignored: self.ignored,
        };
        let outcome = clean::run(context, &options)?;
        ui.summary(&outcome, worktree::clean)?;
        Ok(ui.skipped(&outcome.skipped))
    }
}
