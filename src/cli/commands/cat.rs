use esker::ops::Context;
use esker::ops::cat::{self, CatOptions};

use crate::cli::help::after_help;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Print the bytes of a file of any commit
///
/// Reads only the part that is asked for, and verifies it before it is printed.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker cat v1:labels.csv" "esker cat main:model.bin --offset 1048576 --length 4096";
    "  5" "the file is damaged", " 10" "no repository"
))]
pub struct Args {
    /// The file, in a branch, tag or commit; without `REV:`, in HEAD
    #[arg(value_name = "REV:PATH")]
    file: String,

    /// Start at this byte
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    offset: u64,

    /// Print at most this many bytes
    #[arg(long, value_name = "BYTES")]
    length: Option<u64>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = CatOptions { spec: self.file, offset: self.offset, length: self.length };
        cat::run(context, &options, &mut ui.out)?;
        Ok(Exit::Done)
    }
}
