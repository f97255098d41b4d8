use std::path::PathBuf;

use esker::ops::tag::{self, NewTag, TagAction, TagFilter, TagOutcome};
use esker::ops::{Context, OpError};

use crate::cli::help::after_help;
use crate::cli::message;
use crate::cli::render::refs;
use crate::cli::report::{Exit, Failure};
use crate::cli::ui::Ui;

/// List, make or delete tags
///
/// Without arguments, lists tags with what they name. With a name, tags HEAD or REV. A tag stays where it
/// is: one that is there is never moved unless --force is given. With a message the tag is an object of
/// its own, with who made it and when.
#[derive(Debug, clap::Args)]
#[command(after_long_help = after_help!(
    "esker tag v1" "esker tag -a v2 -m \"labels checked by two people\"" "esker tag -l 'v1.*'"
    "esker tag -d v1";
    " 10" "no repository"
    , " 11" "the repository is locked by another process"
))]
pub struct Args {
    /// The new tag and its commit, HEAD by default; with -d tags, with -l patterns
    #[arg(value_name = "NAME")]
    names: Vec<String>,

    /// List tags, only those whose names match a pattern
    #[arg(short, long, group = "mode")]
    list: bool,

    /// List only tags of this commit
    #[arg(long, value_name = "REV", group = "mode")]
    points_at: Option<String>,

    /// Delete tags
    #[arg(short, long, group = "mode")]
    delete: bool,

    /// Make a tag that says who made it, when and why; needs a message
    #[arg(short, long, conflicts_with = "mode")]
    annotate: bool,

    /// Why, in words; several are paragraphs
    #[arg(short, long, value_name = "TEXT", conflicts_with = "mode")]
    message: Vec<String>,

    /// Take the message from a file; `-` is standard input
    #[arg(short = 'F', long, value_name = "FILE", conflicts_with_all = ["message", "mode"])]
    file: Option<PathBuf>,

    /// Move the tag if it is there
    #[arg(short, long, conflicts_with = "mode")]
    force: bool,
}

impl Args {
    pub fn run(self, context: &Context, ui: &mut Ui) -> Result<Exit, Failure> {
        let action = self.action(context)?;
        let outcome = tag::run(context, &action)?;
        match &outcome {
            TagOutcome::List { .. } => ui.result(&outcome, refs::tags)?,
            TagOutcome::Create { warnings, .. } => {
                ui.summary(&outcome, refs::tags)?;
                ui.warnings(warnings);
            }
            TagOutcome::Delete { .. } => ui.summary(&outcome, refs::tags)?,
        }
        Ok(Exit::Done)
    }

    fn action(self, context: &Context) -> Result<TagAction, OpError> {
        let usage = |message: &str, hint: &str| {
            Err(OpError::Usage { message: message.to_owned(), hint: Some(hint.to_owned()) })
        };
        let lists = self.list || self.points_at.is_some();
        if self.delete {
            if self.names.is_empty() {
                return usage("no tag was named", "see all tags: esker tag");
            }
            return Ok(TagAction::Delete { names: self.names });
        }
        let is_annotated = self.annotate || !self.message.is_empty() || self.file.is_some();
        if lists || self.names.is_empty() && !is_annotated {
            let filter = TagFilter { patterns: self.names, points_at: self.points_at };
            return Ok(TagAction::List(filter));
        }
        let (name, revision) = match self.names.as_slice() {
            [name] => (name.clone(), None),
            [name, revision] => (name.clone(), Some(revision.clone())),
            _ => return usage("a tag has one name", "write: esker tag NAME [REV]"),
        };
        let message = match self.file {
            Some(file) => Some(message::read_file(&context.start_dir, &file)?),
            None if !self.message.is_empty() => Some(self.message.join("\n\n")),
            None if is_annotated => {
                let template =
                    format!("\n\n# What is {name}? Lines that start with '#' are left out.\n");
                Some(message::from_editor(|| Ok(template))?.unwrap_or_default())
            }
            None => None,
        };
        Ok(TagAction::Create(NewTag { name, revision, message, force: self.force }))
    }
}
