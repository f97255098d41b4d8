use esker::ops::Context;
use esker::ops::show::{self, ShowOptions};

use crate::cli::help::after_help;
use crate::cli::render::objects;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show a commit and what it changed, or any other object
///
/// A commit is shown with the files it changed against its first parent and their sizes, a folder with
/// its entries, a file with its id and size. The bytes of a file are printed by `esker cat`, the lines
/// that a commit changed by `esker diff COMMIT~ COMMIT`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker show" "esker show v1" "esker show main:images";
    "  5" "the object is damaged", " 10" "no repository"
))]
pub struct Args {
    /// A branch, tag, commit, id, or REV:PATH
    #[arg(default_value = "HEAD")]
    object: String,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        ui.page(context);
        let outcome = show::run(context, &ShowOptions { object: self.object })?;
        ui.result(&outcome, objects::show)?;
        Ok(Exit::Done)
    }
}
