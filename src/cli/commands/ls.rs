use esker::ops::Context;
use esker::ops::ls::{self, LsOptions};

use crate::cli::help::after_help;
use crate::cli::location::{At, Where};
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// List the files of a commit
///
/// Lists HEAD, or any revision, whatever the worktree holds. Paths count from the root of the
/// repository. A location, URL[@REV][:PATH], is looked at without a clone. With --json, one document a
/// line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker ls" "esker ls -R --long v1" "esker ls main images"
    "esker ls s3://bucket/weather@v1:images";
    "  5" "a directory is damaged", " 10" "no repository",
    " 12" "the remote refused or cannot be reached"
))]
pub struct Args {
    /// A branch, tag or commit, REV:PATH, a path in HEAD, or a location
    #[arg(value_name = "REV[:PATH]|URL[@REV][:PATH]")]
    what: Option<String>,

    /// A path in that revision
    path: Option<String>,

    /// Also list what is in the folders below
    #[arg(short = 'R', long)]
    recursive: bool,

    /// Also show kind, id, size and number of files
    #[arg(short, long)]
    long: bool,

    #[command(flatten)]
    at: At,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let Where { at, revision, path } =
            self.at.resolve(context, self.what.as_deref(), self.path.as_deref())?;
        let options = LsOptions { at, revision, path, recursive: self.recursive };
        let (as_json, palette) = (ui.json, ui.palette);
        let mut stream = Stream::new(ui);
        let ended = ls::run(context, &options, &mut |entry| {
            stream.write(|out| match (as_json, self.long) {
                (true, _) => json::document(out, &entry),
                (_, true) => objects::ls_long(out, &palette, &entry),
                _ => objects::ls_name(out, &palette, &entry),
            })
        });
        let cost = stream.end(ended)?;
        ui.cost(cost);
        Ok(Exit::Done)
    }
}
