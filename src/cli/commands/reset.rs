use esker::ops::Context;
use esker::ops::reset::{self, ResetMode, ResetOptions};

use crate::cli::help::after_help;
use crate::cli::render::refs;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Move the current branch to another commit, or put staged paths back
///
/// Moves the branch to REV. --soft leaves stage and worktree as they are, --mixed, the default, makes the
/// stage equal to REV, --hard also the worktree: unsaved changes are then dropped, and -n names them
/// before. With paths after `--`, only those are put back in the stage and the branch stays. Undo a reset
/// with `esker reset HEAD@{1}` and the same mode.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker reset --soft HEAD~1" "esker reset -n --hard v1" "esker reset --hard HEAD@{1}"
    "esker reset -- labels.csv";
    "  3" "done, but some files could not be looked at; each is named"
    , "  4" "files that were never added are in the way of a folder or file; they are named"
    , "  5" "data is damaged", " 10" "no repository"
    , " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// A branch, tag or commit; HEAD by default
    #[arg(value_name = "REV")]
    revision: Option<String>,

    /// Only put these paths of the stage back
    #[arg(value_name = "PATH", last = true, conflicts_with = "mode")]
    paths: Vec<String>,

    /// Move the branch alone: what was committed since is staged
    #[arg(long, group = "mode")]
    soft: bool,

    /// Also make the stage equal to REV; the default
    #[arg(long, group = "mode")]
    mixed: bool,

    /// Also make the worktree equal to REV: unsaved changes are dropped
    #[arg(long, group = "mode")]
    hard: bool,

    /// Only say what would change, and what would be lost
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = ResetOptions {
            mode: match (self.soft, self.hard) {
                (true, _) => ResetMode::Soft,
                (_, true) => ResetMode::Hard,
                _ => ResetMode::Mixed,
            },
            revision: self.revision,
            paths: self.paths,
            dry_run: self.dry_run,
        };
        let outcome = reset::run(context, &options)?;
        ui.summary(&outcome, |out, palette, outcome| refs::reset(out, palette, outcome, &options))?;
        Ok(ui.skipped(&outcome.skipped))
    }
}
