use std::path::PathBuf;

use esker::ops::Context;
use esker::ops::commit::{self, CommitOptions};

use crate::cli::help::after_help;
use crate::cli::message::{self, Source};
use crate::cli::render::text;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// Record what is staged as a commit
///
/// The author comes from ESKER_AUTHOR_NAME and ESKER_AUTHOR_EMAIL, or else from the settings user.name
/// and user.email, or else from git's. Without a message, an editor is opened: ESKER_EDITOR, VISUAL or
/// EDITOR.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker commit -m \"first version\"" "esker commit -a -m \"new labels\" --meta source=lab3"
    "esker commit -F notes.txt" "esker commit --amend --no-edit";
    "  3" "done, but -a skipped some files; each is named"
    , " 10" "no repository", " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The message; given again, it starts a new paragraph
    #[arg(short, long, value_name = "TEXT")]
    message: Vec<String>,

    /// Read the message from FILE; `-` is standard input
    #[arg(short = 'F', long, value_name = "FILE", conflicts_with = "message")]
    file: Option<PathBuf>,

    /// Stage changes and deletions of tracked files first
    #[arg(short, long)]
    all: bool,

    /// Replace the last commit
    #[arg(long)]
    amend: bool,

    /// With --amend: keep the message as it is
    #[arg(long, requires = "amend", conflicts_with_all = ["message", "file"])]
    no_edit: bool,

    /// Commit even if nothing changed
    #[arg(long)]
    allow_empty: bool,

    /// The author's date: 2024-05-31T14:00:00Z, "2024-05-31 14:00", or @UNIX-SECONDS
    #[arg(long, value_name = "DATE", allow_hyphen_values = true)]
    date: Option<String>,

    /// The author: "Name <mail@example.org>"
    #[arg(long, value_name = "AUTHOR")]
    author: Option<String>,

    /// Keep KEY=VALUE with the commit; can be given again
    #[arg(long, value_name = "KEY=VALUE", value_parser = pair)]
    meta: Vec<(String, String)>,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let mut options = CommitOptions {
            message: None,
            all: self.all,
            amend: self.amend,
            allow_empty: self.allow_empty,
            date: self.date,
            author: self.author,
            meta: self.meta,
        };
        let source = match self.file {
            Some(file) => Source::File(file),
            None if !self.message.is_empty() => Source::Text(self.message),
            None if self.no_edit => Source::Old,
            None => Source::Editor,
        };
        options.message = message::read(context, &options, source)?;
        let outcome = commit::run(context, &options)?;
        ui.summary(&outcome, text::commit)?;
        Ok(ui.skipped(&outcome.skipped))
    }
}

fn pair(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_string(), value.to_string())),
        _ => Err("expected KEY=VALUE"),
    }
}
