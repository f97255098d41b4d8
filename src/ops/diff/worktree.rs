//! What differs between a tree and the files on disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use super::content::Source;
use super::sides::Asked;
use super::{Found, MAX_TEXT_BYTES};
use crate::diff::renames::Moved;
use crate::diff::tree::{self, Change, Flow};
use crate::id::{BlobId, TreeId};
use crate::object::access::AccessError;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::ops::listing::{FileChange, FileState};
use crate::ops::ls::LsKind;
use crate::ops::{ChangeKind, Context, OpError, Skipped};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stat;
use crate::steps::stage::StagedChange;
use crate::steps::{data_roots, look};

/// What a path has on disk.
enum OnDisk {
    /// Nothing, or nothing that is tracked.
    Gone,
    /// Its bytes were read, now or before.
    Known(EntryValue),
    /// A file that was not read: its size says that it is not what is staged.
    Unread { size: u64, executable: bool },
    /// As the stage has it.
    AsStaged(Option<EntryValue>),
}

/// What the old side and the disk have under each path.
type Sides = BTreeMap<RepoPath, (Option<EntryValue>, OnDisk)>;

/// Compares the worktree with the old side. What is not tracked is not looked at, as in git.
pub(super) fn differences(
    ctx: &Context,
    repo: &Repo,
    asked: &Asked,
) -> Result<(Vec<Found>, Vec<Skipped>), OpError> {
    let (old, stage) = (asked.old.tree, asked.state.staged_tree());
    let mut sides: Sides = BTreeMap::new();
    let _ = tree::diff_selected(&repo.store, old, stage, &asked.selection, &mut |change| {
        sides.insert(change.path, (change.old, OnDisk::AsStaged(change.new)));
        Flow::Continue(())
    })?;
    let Some(paths) = data_roots::to_look_at(repo, asked.selection.bounds().to_vec())? else {
        return Ok((listed(repo, sides), Vec::new()));
    };
    let run = ctx.run_context(&repo.settings);
    let seen = look::look_at_tracked(repo, stage, paths, &run)?;
    for change in seen.changed {
        for (path, staged, now) in tracked(repo, change)? {
            if !asked.selection.takes(&path, false) {
                continue;
            }
            match sides.get_mut(&path) {
                Some((_, disk)) => *disk = now,
                None => drop(sides.insert(path, (staged, now))),
            }
        }
    }
    Ok((listed(repo, sides), seen.skipped.into_iter().map(Skipped::from).collect()))
}

/// The tracked paths that a change of the worktree is about, with what the stage has of each.
fn tracked(
    repo: &Repo,
    change: StagedChange,
) -> Result<Vec<(RepoPath, Option<EntryValue>, OnDisk)>, AccessError> {
    let StagedChange { path, old, new, is_gone } = change;
    let mut found = Vec::new();
    if let Some(EntryValue::Directory { id, files: 1.., .. }) = &old {
        files_of(repo, &path, *id, &mut |path, value| {
            found.push((path, Some(value), OnDisk::Gone))
        })?;
    }
    let now = match (new, is_gone) {
        (Some(value), _) => OnDisk::Known(value),
        (None, true) => OnDisk::Gone,
        (None, false) => on_disk(&repo.paths.root, &path),
    };
    found.push((path, old, now));
    Ok(found)
}

fn files_of(
    repo: &Repo,
    dir: &RepoPath,
    tree: TreeId,
    visit: &mut dyn FnMut(RepoPath, EntryValue),
) -> Result<(), AccessError> {
    for entry in prolly::iterate(&repo.store, tree) {
        let entry = entry?;
        let path = dir.join(&entry.name).map_err(AccessError::io)?;
        match entry.value {
            EntryValue::Directory { id, .. } => files_of(repo, &path, id, visit)?,
            value => visit(path, value),
        }
    }
    Ok(())
}

/// A file that nobody read. A folder in the place of a file is not tracked: the file is gone.
fn on_disk(root: &Path, path: &RepoPath) -> OnDisk {
    match root.join(path.as_str()).symlink_metadata() {
        Ok(metadata) if metadata.is_file() => {
            OnDisk::Unread { size: metadata.len(), executable: stat::is_executable(&metadata) }
        }
        _ => OnDisk::Gone,
    }
}

/// Reads files whose lines are wanted anyway, and those that may be as the old side has them.
fn settle(root: &Path, path: &RepoPath, old: &Option<EntryValue>, now: OnDisk) -> OnDisk {
    let OnDisk::Unread { size, executable } = now else { return now };
    let may_be_same = matches!(old, Some(EntryValue::File { size: old, .. }) if *old == size);
    if !may_be_same && size > MAX_TEXT_BYTES {
        return now;
    }
    let mut hasher = blake3::Hasher::new();
    let read = File::open(root.join(path.as_str())).and_then(|file| {
        hasher.update_reader(file)?;
        Ok(())
    });
    // What cannot be read is known to differ all the same.
    let Ok(()) = read else { return now };
    let id = BlobId::from_bytes(*hasher.finalize().as_bytes());
    OnDisk::Known(EntryValue::File { id, size: hasher.count(), executable })
}

fn listed(repo: &Repo, sides: Sides) -> Vec<Found> {
    let found = |(path, (old, now)): (RepoPath, (Option<EntryValue>, OnDisk))| {
        let (new, source) = match settle(&repo.paths.root, &path, &old, now) {
            OnDisk::Gone => (None, Source::Nothing),
            OnDisk::Known(value) => (Some(value), Source::OnDisk),
            OnDisk::Unread { size, executable } => {
                return Some(unread_change(path, old, size, executable));
            }
            OnDisk::AsStaged(value) => {
                let source = Source::stored(value.as_ref());
                (value, source)
            }
        };
        let is_same = old == new;
        let old_source = Source::stored(old.as_ref());
        let moved = Moved { change: Change { path: path.clone(), old, new }, from: None };
        let change = FileChange::of(&moved).filter(|_| !is_same)?;
        Some(Found { path, change, old: old_source, new: source })
    };
    sides.into_iter().filter_map(found).collect()
}

fn unread_change(path: RepoPath, old: Option<EntryValue>, size: u64, executable: bool) -> Found {
    let kind = if executable { LsKind::Executable } else { LsKind::File };
    let new = FileState { kind, id: None, size, files: 1 };
    let change = match &old {
        None => ChangeKind::Added,
        Some(EntryValue::File { .. }) => ChangeKind::Modified,
        Some(_) => ChangeKind::TypeChanged,
    };
    let shown = path.as_str().to_owned();
    let (from, patch) = (None, None);
    let state = old.as_ref().map(FileState::of);
    let change = FileChange { path: shown, change, from, old: state, new: Some(new), patch };
    Found { path, change, old: Source::stored(old.as_ref()), new: Source::OnDisk }
}
