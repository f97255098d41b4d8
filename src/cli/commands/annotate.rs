use esker::ops::Context;
use esker::ops::annotate::{self, AnnotateOptions};

use crate::cli::help::after_help;
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// Show which commit last changed each entry of a folder
///
/// For each name its commit, date, author and summary. A folder counts as changed when anything below
/// it did. The history is walked once for all entries, and no file is read. With --json, one document a
/// line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker annotate" "esker annotate images" "esker annotate v1 labels.csv" "esker annotate v1:images";
    "  5" "the history is damaged", " 10" "no repository"
))]
pub struct Args {
    /// A branch, tag or commit, REV:PATH, or a path in HEAD
    #[arg(value_name = "REV[:PATH]")]
    what: Option<String>,

    /// A path in that revision
    path: Option<String>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let (revision, path) = super::rev_and_path(self.what.as_deref(), self.path.as_deref())?;
        let (as_json, palette) = (ui.json, ui.palette);
        ui.page(context);
        let mut stream = Stream::new(ui);
        let ended = annotate::run(context, &AnnotateOptions { revision, path }, &mut |found| {
            stream.write(|out| match as_json {
                true => json::document(out, &found),
                false => objects::annotated(out, &palette, &found),
            })
        });
        stream.end(ended)?;
        Ok(Exit::Done)
    }
}
