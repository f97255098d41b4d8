use esker::ops::ls::{self, LsOptions};
use esker::ops::{Context, OpError, split_rev_path};

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
        let options = self.options()?;
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

    fn options(&self) -> Result<LsOptions, OpError> {
        let owned = |text: Option<&str>| text.map(str::to_string);
        let what = self.what.as_deref().unwrap_or_default();
        let (revision, path) = match (split_rev_path(what), &self.path) {
            ((None, Some(what)), path) if !self.is_path_in_head() => (Some(what), path.as_deref()),
            ((revision, path), None) => (revision, path),
            ((revision, None), path) => (revision, path.as_deref()),
            _ => {
                return Err(OpError::Usage {
                    message: "a path was given twice".to_string(),
                    hint: Some("write it once: esker ls REV:PATH".to_string()),
                });
            }
        };
        Ok(LsOptions { revision: owned(revision), path: owned(path), recursive: self.recursive })
    }

    /// Whether the argument is `:PATH`, which names no revision.
    fn is_path_in_head(&self) -> bool {
        self.what.as_deref().is_some_and(|what| what.starts_with(':'))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(what: &str, path: Option<&str>) -> (Option<String>, Option<String>) {
        let what = Some(what.to_string()).filter(|what| !what.is_empty());
        let args = Args { what, path: path.map(str::to_string), recursive: false, long: false };
        let options = args.options().expect("good usage");
        (options.revision, options.path)
    }

    #[test]
    fn one_or_two_arguments_name_revision_and_path() {
        let some = |text: &str| Some(text.to_string());
        assert_eq!(options("", None), (None, None));
        assert_eq!(options("main", None), (some("main"), None));
        assert_eq!(options("main:a/b", None), (some("main"), some("a/b")));
        assert_eq!(options("main:", Some("a")), (some("main"), some("a")));
        assert_eq!(options("main", Some("a")), (some("main"), some("a")));
        assert_eq!(options(":a", None), (None, some("a")));
    }
}
