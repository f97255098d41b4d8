use esker::ops::checkout::{self, CheckoutOptions};
use esker::ops::{Context, OpError};

use crate::cli::help::after_help;
use crate::cli::render::{refs, text};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Get a version back into the worktree
///
/// Makes the worktree equal to a branch, tag or commit; only files that differ are touched. With paths
/// after `--`, only those are taken from it and HEAD stays where it is. Unsaved work is never
/// overwritten unless --force is given. A checkout that was stopped is finished by running it again.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker checkout v1" "esker checkout main -- images/cat.png" "esker checkout -n v1"
    "esker checkout --theirs -- images/cat.png";
    "  3" "done, but some files were skipped; each is named"
    , "  4" "unsaved work is in the way; it is named, and nothing was changed"
    , "  5" "data is damaged", " 10" "no repository"
    , " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// A branch, tag or commit, HEAD by default; `-` is where HEAD was before; or files and folders
    #[arg(value_name = "REV|PATH")]
    args: Vec<String>,

    /// Only these files and folders
    #[arg(value_name = "PATH", last = true)]
    paths: Vec<String>,

    /// Overwrite unsaved work
    #[arg(short, long)]
    force: bool,

    /// Only say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,

    /// Make this branch there and move to it, as `esker switch -c` does
    #[arg(short = 'b', value_name = "NEW", conflicts_with_all = ["paths", "detach"])]
    create: Option<String>,

    /// Resolve conflicts at the paths to our side
    #[arg(long, conflicts_with_all = ["theirs", "dry_run"])]
    ours: bool,

    /// Resolve conflicts at the paths to their side
    #[arg(long, conflicts_with = "dry_run")]
    theirs: bool,

    /// Leave the branch: HEAD names the commit itself
    #[arg(long, conflicts_with = "paths")]
    detach: bool,
}

impl Args {
    pub fn run(mut self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let mut args = self.args.into_iter();
        let mut target = args.next();
        self.paths.splice(0..0, args);
        if self.ours || self.theirs {
            // A side is taken of paths: also of one that stands where a revision could.
            self.paths.splice(0..0, target.take());
            if self.paths.is_empty() {
                return Err(no_paths().into());
            }
        }
        let dry_run = self.dry_run;
        let options = CheckoutOptions {
            target,
            paths: self.paths,
            force: self.force,
            dry_run,
            detach: self.detach,
            create: self.create,
            ours: self.ours,
            theirs: self.theirs,
        };
        let outcome = checkout::run(context, &options)?;
        ui.summary(&outcome, |out, palette, outcome| match outcome.paths_only {
            false => refs::switch(out, palette, outcome, dry_run),
            true => text::checkout_paths(out, outcome, dry_run),
        })?;
        refs::switch_warnings(ui, &outcome);
        Ok(ui.skipped(&outcome.skipped))
    }
}

fn no_paths() -> OpError {
    OpError::Usage {
        message: "no path was named".to_string(),
        hint: Some("name the files in conflict, which esker status lists".to_string()),
    }
}
