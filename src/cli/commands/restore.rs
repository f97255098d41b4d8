use esker::ops::Context;
use esker::ops::restore::{self, RestoreOptions};

use crate::cli::help::after_help;
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Put files back as they were
///
/// Without flags, files in the worktree become as they are staged: changes to them that were not added
/// are lost, as asked for. With --staged, the stage becomes as HEAD and the worktree stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker restore labels.csv" "esker restore --staged ." "esker restore --source v1 images";
    "  3" "done, but some files were skipped; each is named"
    , "  5" "data is damaged", " 10" "no repository"
    , " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The files and folders to put back, or patterns of them such as 'data/*.csv'
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,

    /// Take them from this branch, tag or commit
    #[arg(short, long, value_name = "REV")]
    source: Option<String>,

    /// Put the stage back
    #[arg(short = 'S', long)]
    staged: bool,

    /// Put the worktree back; the default without --staged
    #[arg(short = 'W', long)]
    worktree: bool,

    /// Only say what would change
    #[arg(short = 'n', long)]
    dry_run: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = RestoreOptions {
            paths: self.paths,
            source: self.source,
            staged: self.staged,
            worktree: self.worktree || !self.staged,
            dry_run: self.dry_run,
        };
        let outcome = restore::run(context, &options)?;
        ui.summary(&outcome, |out, _, outcome| text::restore(out, outcome, self.dry_run))?;
        Ok(ui.skipped(&outcome.skipped))
    }
}
