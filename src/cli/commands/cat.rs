use esker::ops::Context;
use esker::ops::cat::{self, CatOptions};

use crate::cli::help::after_help;
use crate::cli::location::{At, Where};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Print the bytes of a file of any commit
///
/// Reads only the part that is asked for, and verifies it before it is printed. A location,
/// URL[@REV]:PATH, is read without a clone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker cat v1:labels.csv" "esker cat main:model.bin --offset 1048576 --length 4096"
    "esker cat s3://bucket/weather@v1:labels.csv";
    "  5" "the file is damaged", " 10" "no repository",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// The file, in a branch, tag or commit, or at a location; without `REV:`, in HEAD
    #[arg(value_name = "REV:PATH|URL[@REV]:PATH")]
    file: String,

    /// Start at this byte
    #[arg(long, value_name = "BYTES", default_value_t = 0)]
    offset: u64,

    /// Print at most this many bytes
    #[arg(long, value_name = "BYTES")]
    length: Option<u64>,

    #[command(flatten)]
    at: At,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let found = self.at.resolve(context, Some(&self.file), None)?;
        let Where { at, revision, path } = match (found, self.file.contains(':')) {
            // Without a revision it is a path.
            (Where { at: None, revision, path: None }, false) => {
                Where { at: None, revision: None, path: revision }
            }
            (found, _) => found,
        };
        let (offset, length) = (self.offset, self.length);
        let options = CatOptions { at, revision, path, offset, length };
        let outcome = cat::run(context, &options, &mut ui.out)?;
        ui.cost(outcome.cost);
        Ok(Exit::Done)
    }
}
