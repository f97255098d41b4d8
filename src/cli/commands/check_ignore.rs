use esker::ops::Context;
use esker::ops::check_ignore::{self, CheckIgnoreOptions};

use crate::cli::help::after_help;
use crate::cli::render::worktree;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Say which paths are ignored, and by which rule
///
/// Prints the paths that .eskerignore leaves out, whether or not they exist. With -v, the file, line and
/// rule that decided come first, also for a path that a rule with ! keeps.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker check-ignore data/a.tmp" "esker check-ignore -v data/*" "esker check-ignore --json cache/";
    "  1" "none of the paths is ignored, or failed", " 10" "no repository"
))]
pub struct Args {
    /// The files and folders to ask about; a folder that does not exist ends in /
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let outcome = check_ignore::run(context, &CheckIgnoreOptions { paths: self.paths })?;
        let verbose = ui.verbose;
        ui.summary(&outcome, |out, palette, outcome| {
            worktree::check_ignore(out, palette, outcome, verbose)
        })?;
        let is_any = outcome.paths.iter().any(|path| path.ignored);
        Ok(if is_any { Exit::Done } else { Exit::No })
    }
}
