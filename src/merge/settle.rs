//! From what the walk laid open to the merged tree: every open path gets a value, files make way for
//! folders, and all edits are applied at once.

use std::collections::BTreeMap;

use super::walk::{Stages, Walk, directory, tree_id};
use super::{Conflict, ConflictKind, MergeError, Merged, Side, Trees, apart, renames, resolve};
use crate::id::TreeId;
use crate::object::access::{NullObjects, ReadObjects, WriteObjects};
use crate::object::paths::{Memory, ReadThrough, WriteThrough, edit_sorted};
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

type Edits = BTreeMap<RepoPath, Option<EntryValue>>;

/// Merges three trees; `is_virtual` where the result is only the base of another merge.
pub(super) fn merge(
    read: &dyn ReadObjects,
    trees: &Trees<'_>,
    is_virtual: bool,
    out: &mut dyn WriteObjects,
) -> Result<Merged, MergeError> {
    let mut walk = Walk::new(read, trees)?;
    renames::follow(&mut walk, is_virtual)?;
    let open = std::mem::take(&mut walk.open);
    let mut settle = Settle {
        read,
        trees: *trees,
        is_virtual,
        edits: std::mem::take(&mut walk.edits),
        conflicts: Vec::new(),
    };
    let (blocked, free): (Vec<_>, Vec<_>) =
        open.into_iter().partition(|(_, stages)| stages.directory.is_some());
    for (path, stages) in free {
        settle.path(path, stages)?;
    }
    // From the bottom, so that what is below a folder is settled before the folder.
    for (path, stages) in blocked.into_iter().rev() {
        settle.blocked(path, stages)?;
    }
    settle.finish(walk.deserted, out)
}

struct Settle<'r> {
    read: &'r dyn ReadObjects,
    trees: Trees<'r>,
    is_virtual: bool,
    edits: Edits,
    conflicts: Vec<Conflict>,
}

impl Settle<'_> {
    /// A path where no side has a directory.
    fn path(&mut self, path: RepoPath, stages: Stages) -> Result<(), MergeError> {
        if are_two_types(&stages) {
            return self.two_types(path, stages);
        }
        let resolved = resolve::path(&stages, self.is_virtual);
        self.edits.insert(path.clone(), resolved.value);
        if let Some(kind) = resolved.conflict {
            self.conflicts.push(conflict(path, kind, stages));
        }
        Ok(())
    }

    /// A file on one side and a link on the other: both are kept, the file beside the path.
    fn two_types(&mut self, path: RepoPath, stages: Stages) -> Result<(), MergeError> {
        if self.is_virtual {
            self.edits.insert(path, stages.base);
            return Ok(());
        }
        let file_side = match stages.ours {
            Some(EntryValue::File { .. }) => Side::Ours,
            _ => Side::Theirs,
        };
        for side in [file_side, file_side.other()] {
            let value = stages.side(side).clone();
            let base = stages.base.clone().filter(|b| has_type_of(b, &value));
            let at = if side == file_side { self.beside(&path, side)? } else { path.clone() };
            self.edits.insert(at.clone(), value.clone());
            let origin = (at != path).then(|| path.clone());
            let mut one = Stages { base, origin, ..Stages::default() };
            *one.side_mut(side) = value;
            self.conflicts.push(conflict(at, ConflictKind::FileLink, one));
        }
        Ok(())
    }

    /// A path where a side has a directory: what is no directory is moved beside it, if anything is
    /// left in the directory.
    fn blocked(&mut self, path: RepoPath, stages: Stages) -> Result<(), MergeError> {
        let Some(directory) = stages.directory else { return Ok(()) };
        let resolved = resolve::path(&stages, self.is_virtual);
        let is_left = self.is_inhabited(&path)?;
        if !is_left && resolved.value.is_some() {
            self.leave_only(&path);
            return self.path(path, stages);
        }
        if tree_id(&self.current(&path)?).is_none() {
            // What is below gets a directory of its own.
            self.edits.insert(path.clone(), None);
        }
        if resolved.value.is_none()
            && let Some(kind) = resolved.conflict
        {
            self.conflicts.push(conflict(path, kind, stages));
            return Ok(());
        }
        let Some(value) = resolved.value else { return Ok(()) };
        let side = directory.other();
        let at = self.beside(&path, side)?;
        self.edits.insert(at.clone(), Some(value.clone()));
        let mut moved = stages;
        if resolved.conflict.is_none() {
            // Merged but for its place: it is one file.
            *moved.side_mut(side) = Some(value);
            *moved.side_mut(side.other()) = None;
        }
        moved.origin = Some(path);
        let kind = resolved.conflict.unwrap_or(ConflictKind::FileFolder);
        self.conflicts.push(conflict(at, kind, moved));
        Ok(())
    }

    /// Whether files are left in the directory at a path, whatever else is there.
    fn is_inhabited(&self, path: &RepoPath) -> Result<bool, MergeError> {
        let start = directory(&self.current(path)?);
        let mut edits = vec![(path.clone(), start)];
        edits.extend(
            self.below(path).filter(|(p, _)| *p != path).map(|(p, v)| (p.clone(), v.clone())),
        );
        let (memory, mut nowhere) = (Memory::default(), NullObjects);
        let mut out = WriteThrough { out: &mut nowhere, memory: &memory };
        let root = edit_sorted(self.read, None, &edits, &mut out)?;
        Ok(root.totals.files > 0)
    }

    /// What is at a path after the edits of it and of what is above it, but for those below it.
    fn current(&self, path: &RepoPath) -> Result<Option<EntryValue>, MergeError> {
        let mut above = Some(path.clone());
        while let Some(dir) = above {
            if let Some(value) = self.edits.get(&dir) {
                let rest = path.as_str()[dir.as_str().len()..].trim_start_matches('/');
                return Ok(match tree_id(value) {
                    Some(id) => prolly::resolve(self.read, id, &RepoPath::parse(rest)?)?,
                    None if rest.is_empty() => value.clone(),
                    None => None,
                });
            }
            above = dir.parent();
        }
        Ok(prolly::resolve(self.read, self.trees.ours, path)?)
    }

    fn below<'s>(
        &'s self,
        path: &'s RepoPath,
    ) -> impl Iterator<Item = (&'s RepoPath, &'s Option<EntryValue>)> {
        self.edits.range(path.clone()..).take_while(move |(p, _)| p.starts_with(path))
    }

    /// Forgets the edits at and below a path.
    fn leave_only(&mut self, path: &RepoPath) {
        let below: Vec<_> = self.below(path).map(|(p, _)| p.clone()).collect();
        below.iter().for_each(|p| drop(self.edits.remove(p)));
    }

    /// A free path beside `path` for what `side` has there.
    fn beside(&self, path: &RepoPath, side: Side) -> Result<RepoPath, MergeError> {
        let name = match side {
            Side::Ours => self.trees.our_name,
            Side::Theirs => self.trees.their_name,
        };
        apart(path, name, |at| {
            let is_in = |tree| prolly::resolve(self.read, tree, at).map(|v| v.is_some());
            let is_new = self.edits.get(at).is_some_and(Option::is_some);
            Ok(is_new || is_in(self.trees.ours)? || is_in(self.trees.theirs)?)
        })
    }

    fn finish(
        mut self,
        deserted: Vec<RepoPath>,
        out: &mut dyn WriteObjects,
    ) -> Result<Merged, MergeError> {
        self.conflicts.sort_by(|a, b| a.path.cmp(&b.path));
        let edits: Vec<_> = self.edits.into_iter().collect();
        let memory = Memory::default();
        let mut out = WriteThrough { out, memory: &memory };
        let mut tree = edit_sorted(self.read, Some(self.trees.ours), &edits, &mut out)?;
        let read = ReadThrough { read: self.read, memory: &memory };
        // The deepest first, so that a folder of empty folders goes too.
        for path in deserted.into_iter().rev() {
            if is_empty_directory(&read, tree.id, &path)? {
                tree = edit_sorted(&read, Some(tree.id), &[(path, None)], &mut out)?;
            }
        }
        Ok(Merged { tree, conflicts: self.conflicts })
    }
}

fn is_empty_directory(
    read: &dyn ReadObjects,
    root: TreeId,
    path: &RepoPath,
) -> Result<bool, MergeError> {
    let value = prolly::resolve(read, root, path)?;
    match tree_id(&value).filter(|_| !path.is_root()) {
        Some(id) => Ok(read.read_tree(id)?.totals().entries == 0),
        None => Ok(false),
    }
}

fn conflict(path: RepoPath, kind: ConflictKind, stages: Stages) -> Conflict {
    let Stages { base, ours, theirs, origin, .. } = stages;
    Conflict { path, kind, base, ours, theirs, origin }
}

fn are_two_types(stages: &Stages) -> bool {
    match (&stages.ours, &stages.theirs) {
        (Some(ours), theirs @ Some(_)) => !has_type_of(ours, theirs),
        _ => false,
    }
}

fn has_type_of(value: &EntryValue, other: &Option<EntryValue>) -> bool {
    let is_link = |v: &EntryValue| matches!(v, EntryValue::Symlink { .. });
    other.as_ref().is_some_and(|other| is_link(value) == is_link(other))
}
