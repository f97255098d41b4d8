use esker::ops::Context;
use esker::ops::log::{self, LogOptions};

use crate::cli::help::after_help;
use crate::cli::render::{json, objects};
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::{Stream, Ui};

/// Show the commits that lead to a revision
///
/// Newest first. With --json, one document a line.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker log" "esker log --oneline -n 5" "esker log v1";
    "  5" "the history is damaged", " 10" "no repository"
))]
pub struct Args {
    /// Where to start: a branch, tag or commit; HEAD by default
    revision: Option<String>,

    /// One line a commit
    #[arg(long)]
    oneline: bool,

    /// Show at most N commits
    #[arg(short = 'n', long, value_name = "N")]
    max_count: Option<usize>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let options = LogOptions { revision: self.revision, max_count: self.max_count };
        let (as_json, palette) = (ui.json, ui.palette);
        let mut stream = Stream::new(ui);
        let mut is_first = true;
        let ended = log::run(context, &options, &mut |entry| {
            stream.write(|out| match (as_json, self.oneline) {
                (true, _) => json::document(out, &entry),
                (_, true) => objects::log_line(out, &palette, &entry),
                _ => {
                    if !std::mem::take(&mut is_first) {
                        out.write_all(b"\n")?;
                    }
                    objects::log_entry(out, &palette, &entry)
                }
            })
        });
        stream.end(ended)?;
        Ok(Exit::Done)
    }
}
