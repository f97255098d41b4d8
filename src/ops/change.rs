//! What several verbs report: changes, and files that were left out.

use serde::Serialize;

use crate::object::tree::EntryValue;
use crate::steps::stage::StagedChange;

/// A path that differs between two states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The path; a directory ends in `/`.
    pub path: String,
    /// How it differs.
    pub change: ChangeKind,
}

/// How a path differs from an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content differs.
    Modified,
    /// It is gone.
    Deleted,
    /// It was a file, a link or a directory, and now is another of them.
    #[serde(rename = "type")]
    TypeChanged,
    /// Only its executable bit differs.
    #[serde(rename = "mode")]
    ModeChanged,
    /// It was somewhere else, with the same content.
    Renamed,
    /// It is in the worktree and was never added.
    Untracked,
}

/// A file that the verb left out, and why. Any of them makes the exit code 3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The path, escaped for display: it may be one that cannot be written down otherwise.
    pub path: String,
    /// Why it was left out, in words.
    pub reason: String,
}

impl Change {
    /// A difference between two trees; `None` for a folder whose files say it all.
    pub(super) fn of_tree(change: &crate::diff::tree::Change) -> Option<Self> {
        let is_dir = |v: &Option<EntryValue>| matches!(v, Some(EntryValue::Directory { .. }));
        let is_only_dir = |a: &Option<EntryValue>, b: &Option<EntryValue>| is_dir(a) && b.is_none();
        let (old, new) = (&change.old, &change.new);
        // A folder is mentioned by its files, unless it has none.
        let is_empty =
            |v: &Option<EntryValue>| matches!(v, Some(EntryValue::Directory { files: 0, .. }));
        if (is_only_dir(old, new) && !is_empty(old)) || (is_only_dir(new, old) && !is_empty(new)) {
            return None;
        }
        let kind = kind_of(old.as_ref(), new.as_ref());
        let slash = if is_dir(new) || is_only_dir(old, new) { "/" } else { "" };
        Some(Self { path: format!("{}{slash}", change.path.as_str()), change: kind })
    }

    /// A difference between the worktree and the stage.
    pub(super) fn of_staged(change: &StagedChange) -> Self {
        let path = change.path.as_str().to_owned();
        let kind = match (&change.old, &change.new, change.is_gone) {
            (_, _, true) => ChangeKind::Deleted,
            (None, _, _) => ChangeKind::Added,
            // Not read: its size or times say that it changed.
            (Some(_), None, _) => ChangeKind::Modified,
            (old, new, _) => kind_of(old.as_ref(), new.as_ref()),
        };
        Self { path, change: kind }
    }

    /// A path that the stage does not have.
    pub(super) fn untracked(path: &str) -> Self {
        Self { path: path.to_owned(), change: ChangeKind::Untracked }
    }
}

pub(super) fn kind_of(old: Option<&EntryValue>, new: Option<&EntryValue>) -> ChangeKind {
    use EntryValue::{Directory, File, Symlink};
    match (old, new) {
        (None, _) => ChangeKind::Added,
        (_, None) => ChangeKind::Deleted,
        (Some(File { id: a, .. }), Some(File { id: b, .. })) if a == b => ChangeKind::ModeChanged,
        (Some(File { .. }), Some(File { .. }))
        | (Some(Symlink { .. }), Some(Symlink { .. }))
        | (Some(Directory { .. }), Some(Directory { .. })) => ChangeKind::Modified,
        _ => ChangeKind::TypeChanged,
    }
}
