use esker::ops::Context;
use esker::ops::reflog::{self, ReflogOptions};

use crate::cli::help::after_help;
use crate::cli::render::refs;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Show where HEAD, a branch or a tag was
///
/// One line a move, newest first. What a line begins with can be given to any command, such as
/// `esker reset --hard HEAD@{1}`, which undoes the last move. The reflog of a deleted branch stays.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker reflog" "esker reflog main -n 5" "esker reflog --names" "esker branch lost lost@{1}";
    " 10" "no repository"
))]
pub struct Args {
    /// HEAD, a branch or a tag, also one that was deleted
    #[arg(value_name = "REF", default_value = "HEAD")]
    name: String,

    /// Show at most N moves; -N is the same
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<u32>,

    /// List the names of all refs that have moves, also of those that were deleted
    #[arg(long, conflicts_with_all = ["name", "max_count"])]
    names: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options =
            ReflogOptions { name: Some(self.name), max_count: self.max_count, names: self.names };
        let outcome = reflog::run(context, &options)?;
        ui.page(context);
        ui.result(&outcome, refs::reflog)?;
        Ok(Exit::Done)
    }
}
