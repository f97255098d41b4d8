//! Where a commit's message comes from: the command line, a file, or an editor.

use std::env;
use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Command};

use esker::ops::commit::{self, CommitOptions};
use esker::ops::{Context, OpError};

use super::{signal, term};

/// Where the message is to come from.
pub enum Source {
    /// Paragraphs of the command line.
    Text(Vec<String>),
    /// A file, or standard input for `-`.
    File(PathBuf),
    /// The commit that is amended.
    Old,
    /// An editor, if there is a person to use it.
    Editor,
}

/// The message, or `None` to leave it to the verb.
pub fn read(
    context: &Context,
    options: &CommitOptions,
    source: Source,
) -> Result<Option<String>, OpError> {
    match source {
        Source::Text(paragraphs) => Ok(Some(paragraphs.join("\n\n"))),
        Source::File(path) => read_file(&context.start_dir, &path).map(Some),
        Source::Old => Ok(None),
        Source::Editor => from_editor(|| commit::edit_template(context, options)),
    }
}

/// The message that a person writes into the template, or `None` where there is no editor or person.
pub fn from_editor(
    template: impl FnOnce() -> Result<String, OpError>,
) -> Result<Option<String>, OpError> {
    match editor().filter(|_| term::is_interactive()) {
        Some(editor) => edit(&editor, &template()?).map(Some),
        None => Ok(None),
    }
}

/// The message in a file, or in standard input for `-`.
pub fn read_file(start_dir: &Path, path: &Path) -> Result<String, OpError> {
    let text = match path.to_str() {
        Some("-") => io::read_to_string(io::stdin()),
        _ => fs::read_to_string(start_dir.join(path)),
    };
    text.map_err(|source| OpError::Io {
        op: "read the message from",
        path: if path == "-" { "standard input".into() } else { path.into() },
        source,
    })
}

fn editor() -> Option<String> {
    let names = ["ESKER_EDITOR", "VISUAL", "EDITOR"];
    let set = names.into_iter().filter_map(|name| env::var(name).ok());
    set.into_iter().find(|editor| !editor.trim().is_empty())
}

fn edit(editor: &str, template: &str) -> Result<String, OpError> {
    let path = env::temp_dir().join(format!("esker-{}-{:016x}.txt", process::id(), random()?));
    let failed = |source| OpError::Io { op: "edit", path: path.clone(), source };
    let result = write_new(&path, template)
        .and_then(|()| run_editor(editor, &path))
        .and_then(|()| fs::read_to_string(&path))
        .map_err(failed);
    // The file is of no use to anyone, whether or not it can be removed.
    let _ = fs::remove_file(&path);
    result.map(|text| without_comments(&text))
}

fn random() -> Result<u64, OpError> {
    getrandom::u64().map_err(|error| OpError::Other(Box::new(io::Error::other(error))))
}

fn write_new(path: &Path, text: &str) -> io::Result<()> {
    let mut options = OpenOptions::new();
    // Never through a link that someone else has put there.
    options.write(true).create_new(true).open(path)?.write_all(text.as_bytes())
}

/// Runs the editor as git does: by the shell, so that it may have arguments.
fn run_editor(editor: &str, path: &Path) -> io::Result<()> {
    let mut command = if cfg!(windows) {
        let mut words = editor.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(editor));
        command.args(words);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("{editor} \"$@\""), editor]);
        command
    };
    let status = signal::leave_to_child(|| command.arg(path).status())?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("the editor '{editor}' ended with {status}")))
}

/// Drops lines that begin with `#`, and empty lines at both ends.
fn without_comments(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.starts_with('#')).map(str::trim_end);
    lines.collect::<Vec<_>>().join("\n").trim().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_empty_ends_are_dropped() {
        let text = "\n# On branch main\nfirst  \n\nsecond #1\n# end\n\n";
        assert_eq!(without_comments(text), "first\n\nsecond #1");
    }

    #[cfg(unix)]
    #[test]
    fn an_editor_may_have_arguments() {
        let edited = edit("sed -i -e s/old/new/", "old text\n# comment\n").expect("sed runs");
        assert_eq!(edited, "new text");
        let error = edit("false", "text").expect_err("the editor fails");
        assert!(error.to_string().contains("the editor 'false' ended with"), "{error}");
    }
}
