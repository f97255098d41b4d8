use esker::ops::pin::{self, PinOptions};
use esker::ops::{Context, find_target};

use crate::cli::help::after_help;
use crate::cli::location::Connect;
use crate::cli::render::pins;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Write down which data this project needs, in esker.lock
///
/// Pins a file or folder of the last commit, or of any, with its ids, size and remote. The file lies in the
/// git checkout, or else beside .esker, and belongs into git. A location, URL[@REV][:PATH], is pinned
/// without a clone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker pin data/images" "esker pin --rev v1 data/images"
    "esker pin s3://bucket/weather@v1:images -o data/images";
    "  4" "esker.lock has a conflict of a merge", " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A file or folder, or a location; all of the repository by default
    #[arg(value_name = "PATH|URL[@REV][:PATH]")]
    what: Option<String>,

    /// Pin this revision instead of HEAD; then @ in a location is part of it
    #[arg(long, value_name = "REV")]
    rev: Option<String>,

    /// The path at a location; then @ and : in the location are part of it
    #[arg(long, value_name = "PATH")]
    path: Option<String>,

    /// The remote that has it, where there are several
    #[arg(long, value_name = "NAME")]
    remote: Option<String>,

    /// Where the data goes; where it lies, or a name of the same, by default
    #[arg(short, long, value_name = "DEST")]
    output: Option<String>,

    #[command(flatten)]
    connect: Connect,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let flags = self.connect.flags(self.rev.as_deref(), self.path.as_deref());
        let found = self.what.as_deref().and_then(|text| find_target(context, text, &flags));
        let (remote, dest) = (self.remote, self.output);
        let options = match found {
            Some(found) => PinOptions {
                at: Some(found.place),
                revision: found.revision,
                path: found.path,
                remote,
                dest,
            },
            None => {
                let (revision, path) = (self.rev, self.what.or(self.path));
                PinOptions { at: None, revision, path, remote, dest }
            }
        };
        let outcome = pin::run(context, &options)?;
        ui.summary(&outcome, pins::pinned)?;
        ui.warnings(&outcome.warnings);
        Ok(Exit::Done)
    }
}
