use esker::ops::Context;
use esker::ops::ls::{self, LsOptions};

use crate::cli::help::after_help;
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// List the files of a commit
///
/// Lists HEAD, or any revision, whatever the worktree holds. Paths count from the root of the
/// repository. With --json, one document a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker ls" "esker ls -R --long v1" "esker ls main:images" "esker ls main images";
    "  5" "a directory is damaged", " 10" "no repository"
))]
pub struct Args {
    /// A branch, tag or commit, REV:PATH, or a path in HEAD
    #[arg(value_name = "REV[:PATH]")]
    what: Option<String>,

    /// A path in that revision
    path: Option<String>,

    /// Also list what is in the folders below
    #[arg(short = 'R', long)]
    recursive: bool,

    /// Also show kind, id, size and number of files
    #[arg(short, long)]
    long: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let (revision, path) = super::rev_and_path(self.what.as_deref(), self.path.as_deref())?;
        let options = LsOptions { revision, path, recursive: self.recursive };
        let (as_json, palette) = (ui.json, ui.palette);
        let mut stream = Stream::new(ui);
        let ended = ls::run(context, &options, &mut |entry| {
            stream.write(|out| match (as_json, self.long) {
                (true, _) => json::document(out, &entry),
                (_, true) => objects::ls_long(out, &palette, &entry),
                _ => objects::ls_name(out, &palette, &entry),
            })
        });
        stream.end(ended)?;
        Ok(Exit::Done)
    }
}
