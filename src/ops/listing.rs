//! The differences of two states as verbs report them: one entry a path, with sizes, and sums.

use serde::Serialize;

use super::change::{ChangeKind, kind_of};
use super::encode;
use super::ls::LsKind;
use crate::diff::renames::{self, Moved};
use crate::diff::text::Hunk;
use crate::diff::tree::{self, Change, Flow};
use crate::id::TreeId;
use crate::object::access::{AccessError, ReadObjects};
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::path::patterns::Selection;

/// A path that differs, and what it is on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileChange {
    /// The path, of a rename the new one; a folder ends in `/`.
    pub path: String,
    /// How it differs.
    pub change: ChangeKind,
    /// The old path of a rename.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// What it was.
    pub old: Option<FileState>,
    /// What it is.
    pub new: Option<FileState>,
    /// The lines that differ, where they were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub patch: Option<Patch>,
}

/// What a path holds on one side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileState {
    /// What it is.
    pub kind: LsKind,
    /// Blob or tree id; `None` for a symbolic link, and for a file of the worktree that was not read.
    pub id: Option<String>,
    /// Bytes of the file, or of all files below the folder.
    pub size: u64,
    /// Files below the folder; 1 for anything else.
    pub files: u64,
}

/// The lines of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Patch {
    /// Both sides are text, or one is and the other is absent.
    Text {
        /// Changed lines, each as its sign and its text.
        #[serde(serialize_with = "encode::hunks")]
        hunks: Vec<Hunk>,
    },
    /// A side is no text.
    Binary,
    /// A side is larger than texts that are compared.
    TooLarge,
    /// A side is not here but at a remote, which is not asked.
    NotHere,
}

/// Sums over the differences.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ChangeTotals {
    /// Files that are new.
    pub added: u64,
    /// Files that differ.
    pub modified: u64,
    /// Files that are gone.
    pub deleted: u64,
    /// Files that moved, those in folders that moved counted one by one.
    pub renamed: u64,
    /// Bytes of the new files.
    pub added_bytes: u64,
    /// Bytes of the files that are gone.
    pub deleted_bytes: u64,
    /// Bytes that the files that differ had.
    pub modified_bytes_before: u64,
    /// Bytes that the files that differ have.
    pub modified_bytes_after: u64,
    /// Bytes in chunks that no file on the old side of a change has: what is new after deduplication.
    /// Absent where that was not looked up, or a file on the new side is not in the store.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_bytes: Option<u64>,
}

impl FileChange {
    /// A difference of two trees; `None` for a folder whose files say it all.
    pub(super) fn of(moved: &Moved) -> Option<Self> {
        let Change { path, old, new } = &moved.change;
        let change = match moved.from {
            Some(_) => ChangeKind::Renamed,
            None if is_told_by_its_files(old, new) => return None,
            None => kind_of(old.as_ref(), new.as_ref()),
        };
        Some(Self {
            path: shown(path, new.as_ref().or(old.as_ref())),
            change,
            from: moved.from.as_ref().map(|from| shown(from, old.as_ref())),
            old: old.as_ref().map(FileState::of),
            new: new.as_ref().map(FileState::of),
            patch: None,
        })
    }
}

fn is_told_by_its_files(old: &Option<EntryValue>, new: &Option<EntryValue>) -> bool {
    let only = match (old, new) {
        (Some(only), None) | (None, Some(only)) => only,
        _ => return false,
    };
    matches!(only, EntryValue::Directory { files: 1.., .. })
}

fn shown(path: &RepoPath, value: Option<&EntryValue>) -> String {
    let slash = if matches!(value, Some(EntryValue::Directory { .. })) { "/" } else { "" };
    format!("{}{slash}", path.as_str())
}

impl FileState {
    pub(super) fn of(value: &EntryValue) -> Self {
        let totals = value.totals();
        let id = match value {
            EntryValue::File { id, .. } => Some(id.to_string()),
            EntryValue::Symlink { .. } => None,
            EntryValue::Directory { id, .. } => Some(id.to_string()),
        };
        Self { kind: value.kind().into(), id, size: totals.bytes, files: totals.files }
    }
}

impl ChangeTotals {
    /// Sums over a list.
    pub(super) fn of<'c>(changes: impl IntoIterator<Item = &'c FileChange>) -> Self {
        let mut totals = Self::default();
        changes.into_iter().for_each(|change| totals.add(change));
        totals
    }

    fn add(&mut self, change: &FileChange) {
        let size = |state: &Option<FileState>| state.as_ref().map_or(0, |s| s.size);
        let (before, after) = (size(&change.old), size(&change.new));
        match change.change {
            ChangeKind::Added | ChangeKind::Untracked => {
                self.added += 1;
                self.added_bytes += after;
            }
            ChangeKind::Deleted => {
                self.deleted += 1;
                self.deleted_bytes += before;
            }
            ChangeKind::Renamed => self.renamed += change.new.as_ref().map_or(1, |s| s.files),
            ChangeKind::Modified | ChangeKind::TypeChanged | ChangeKind::ModeChanged => {
                self.modified += 1;
                self.modified_bytes_before += before;
                self.modified_bytes_after += after;
            }
        }
    }
}

/// What of a selection differs between two trees. Pairs renames on
/// request; reads no file.
pub(super) fn between(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
    selection: &Selection,
    renames: bool,
) -> Result<Vec<Moved>, AccessError> {
    let mut changes = Vec::new();
    let _ = tree::diff_selected(read, old, new, selection, &mut |change| {
        changes.push(change);
        Flow::Continue(())
    })?;
    Ok(match renames {
        true => renames::pair(changes),
        false => changes.into_iter().map(|change| Moved { change, from: None }).collect(),
    })
}
