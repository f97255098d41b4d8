use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::hash::{self, HashOptions};

use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Print the id of a file or folder, without a repository
///
/// The id depends on names and content alone and is the one that add and commit give. That of a file
/// is what b3sum prints.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker hash images" "test $(esker hash images) = $EXPECTED";
    "  3" "some files could not be read: the id is not that of the whole folder"
))]
pub struct Args {
    /// A file or folder
    path: PathBuf,

    /// Take in what .eskerignore names
    #[arg(long)]
    no_ignore: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = HashOptions { path: self.path, no_ignore: self.no_ignore };
        let outcome = hash::run(context, &options)?;
        ui.result(&outcome, |out, _, outcome| writeln!(out, "{}", outcome.id))?;
        Ok(ui.skipped(&outcome.skipped))
    }
}
