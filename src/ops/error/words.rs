//! Words that messages and hints are made of.

use crate::path::escape;

pub(super) fn shown(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let escaped = escape(&text);
    if cfg!(windows) { escaped.replace(r"\\", r"\") } else { escaped.into_owned() }
}

/// A path as an argument that can be pasted into a shell.
pub(in crate::ops) fn quoted(path: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "/._-+,=@".contains(c);
    if path.chars().all(is_plain) && !path.is_empty() {
        return path.to_string();
    }
    format!("'{}'", escape(path).replace('\'', r"'\''"))
}

pub(super) fn in_folder(folder: &Option<String>) -> String {
    folder.as_ref().map(|folder| format!(" in {}", escape(folder))).unwrap_or_default()
}

pub(super) fn stashes(count: usize) -> String {
    match count {
        0 => "nothing was put aside".to_owned(),
        1 => "there is 1 stash".to_owned(),
        n => format!("there are {n} stashes"),
    }
}

pub(super) fn list(paths: &[String]) -> String {
    let shown: Vec<_> = paths.iter().map(|path| escape(path)).collect();
    shown.join(", ")
}

pub(super) fn count_of(count: u64, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {what}{plural}")
}

pub(super) fn and_more(more: u64) -> String {
    if more == 0 { String::new() } else { format!(" and {more} more") }
}
