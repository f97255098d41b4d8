//! Edits of a tree by path, and a view that reads back what an edit has just written.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::access::{AccessError, ReadObjects, WriteObjects};
use super::commit::Commit;
use super::prolly::{self, Subtree, TreeError};
use super::tag::Tag;
use super::tree::{EntryValue, Node};
use crate::id::{CommitId, TagId, TreeId};
use crate::path::RepoPath;

/// Sets (`Some`) or removes (`None`) entries by path, making the directories on the way.
///
/// Edits are applied in order, later ones see earlier ones. The root itself can be replaced by a
/// directory under the empty path. Edits that ascend by path are made at once, as by [`edit_sorted`].
pub fn edit_paths(
    read: &dyn ReadObjects,
    root: Option<TreeId>,
    edits: Vec<(RepoPath, Option<EntryValue>)>,
    out: &mut dyn WriteObjects,
) -> Result<Subtree, TreeError> {
    let memory = Memory::default();
    let reader = ReadThrough { read, memory: &memory };
    let mut writer = WriteThrough { out, memory: &memory };
    let mut runs = edits.chunk_by(|a, b| a.0 < b.0);
    let mut top = edit_sorted(&reader, root, runs.next().unwrap_or_default(), &mut writer)?;
    for run in runs {
        top = edit_sorted(&reader, Some(top.id), run, &mut writer)?;
    }
    Ok(top)
}

/// As [`edit_paths`], for edits in strictly ascending order of their paths: each directory is edited
/// once, so that many edits cost what they change. What an edit puts at a path is there before the
/// edits below that path.
pub fn edit_sorted(
    read: &dyn ReadObjects,
    root: Option<TreeId>,
    edits: &[(RepoPath, Option<EntryValue>)],
    out: &mut dyn WriteObjects,
) -> Result<Subtree, TreeError> {
    let (root, edits) = match edits {
        [(path, value), below @ ..] if path.is_root() => (directory_of(value.as_ref()), below),
        _ => (root, edits),
    };
    match (edit_below(read, root, edits, 0, out)?, root) {
        (Some(subtree), _) => Ok(subtree),
        (None, Some(id)) => Ok(Subtree { id, totals: read.read_tree(id)?.totals() }),
        (None, None) => prolly::build([], out),
    }
}

/// Applies the edits below a directory that has `depth` names in its path; `None` when nothing is to
/// be changed.
fn edit_below(
    read: &dyn ReadObjects,
    dir: Option<TreeId>,
    edits: &[(RepoPath, Option<EntryValue>)],
    depth: usize,
    out: &mut dyn WriteObjects,
) -> Result<Option<Subtree>, TreeError> {
    fn name(edit: &(RepoPath, Option<EntryValue>), depth: usize) -> Option<&str> {
        edit.0.components().nth(depth)
    }
    let mut changed = Vec::new();
    for group in edits.chunk_by(|a, b| name(a, depth) == name(b, depth)) {
        let Some(name) = name(&group[0], depth) else { continue };
        let (first, below) = match group {
            [first, below @ ..] if first.0.components().nth(depth + 1).is_none() => {
                (Some(first.1.clone()), below)
            }
            below => (None, below),
        };
        let start = match (&first, dir) {
            (Some(value), _) => value.clone(),
            (None, Some(dir)) => prolly::find(read, dir, name)?.map(|e| e.value),
            (None, None) => None,
        };
        let inner = edit_below(read, directory_of(start.as_ref()), below, depth + 1, out)?;
        match inner {
            Some(subtree) => changed.push((name.into(), Some(subtree.entry_value()))),
            None if first.is_some() => changed.push((name.into(), start)),
            None => {}
        }
    }
    if dir.is_none() {
        changed.retain(|(_, value)| value.is_some());
    }
    if changed.is_empty() {
        return Ok(None);
    }
    let edited = match dir {
        Some(id) => prolly::edit(read, id, changed, out)?,
        None => {
            let entry =
                |(name, value): (_, Option<_>)| Some(super::tree::Entry { name, value: value? });
            prolly::build(changed.into_iter().filter_map(entry), out)?
        }
    };
    Ok(Some(edited))
}

fn directory_of(value: Option<&EntryValue>) -> Option<TreeId> {
    match value {
        Some(EntryValue::Directory { id, .. }) => Some(*id),
        _ => None,
    }
}

/// Trees written but not yet readable from where they went.
#[derive(Default)]
pub struct Memory(RefCell<HashMap<TreeId, Arc<Node>>>);

/// Reads trees from memory first.
pub struct ReadThrough<'a> {
    /// Where everything else comes from.
    pub read: &'a dyn ReadObjects,
    /// What was written meanwhile.
    pub memory: &'a Memory,
}

impl ReadObjects for ReadThrough<'_> {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        if let Some(node) = self.memory.0.borrow().get(&id) {
            return Ok(node.clone());
        }
        self.read.read_tree(id)
    }

    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        self.read.read_commit(id)
    }

    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        self.read.read_tag(id)
    }
}

/// Writes trees on and remembers them.
pub struct WriteThrough<'a> {
    /// Where they go.
    pub out: &'a mut dyn WriteObjects,
    /// Where they are remembered.
    pub memory: &'a Memory,
}

impl WriteObjects for WriteThrough<'_> {
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError> {
        let node = Node::decode(&encoded).map_err(AccessError::io)?;
        self.memory.0.borrow_mut().insert(id, Arc::new(node));
        self.out.write_tree(id, encoded)
    }

    fn write_commit(&mut self, id: CommitId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.out.write_commit(id, encoded)
    }

    fn write_tag(&mut self, id: TagId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.out.write_tag(id, encoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::BlobId;
    use crate::object::access::MemoryObjects;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("a valid path")
    }

    fn file(content: &str) -> EntryValue {
        let id = BlobId::of(content.as_bytes());
        EntryValue::File { id, size: content.len() as u64, executable: false }
    }

    #[test]
    fn edits_make_directories_and_see_each_other() {
        let mut objects = MemoryObjects::new();
        let edits = vec![
            (path("a/b/c"), Some(file("1"))),
            (path("a/b/d"), Some(file("2"))),
            (path("a/b/c"), None),
            (path("nowhere/x"), None),
        ];
        let base = MemoryObjects::new();
        let top = edit_paths(&base, None, edits, &mut objects).expect("edit");
        assert_eq!(top.totals.files, 1);
        let found = prolly::resolve(&objects, top.id, &path("a/b/d")).expect("resolve");
        assert_eq!(found, Some(file("2")));
        assert_eq!(prolly::resolve(&objects, top.id, &path("a/b/c")).expect("resolve"), None);
        assert_eq!(prolly::resolve(&objects, top.id, &path("nowhere")).expect("resolve"), None);
    }

    #[test]
    fn sorted_edits_give_what_single_ones_give() {
        let mut objects = MemoryObjects::new();
        let base = MemoryObjects::new();
        let files = ["a/b/c", "a/b/d", "a/e", "f", "g/h"];
        let start = files.map(|p| (path(p), Some(file(p)))).to_vec();
        let root = edit_paths(&base, None, start, &mut objects).expect("edit").id;
        let (read, mut out) = (objects.clone(), objects);
        let dir = prolly::resolve(&read, root, &path("a/b")).expect("resolve");
        let edits = vec![
            (path("a/b/c"), None),
            (path("a/b/new"), Some(file("1"))),
            (path("a/e"), None),
            (path("f"), None),
            (path("f/x"), Some(file("2"))),
            (path("g/h/none"), None),
            (path("m"), dir),
            (path("m/c"), Some(file("3"))),
            (path("nowhere/x"), None),
        ];
        let sorted = edit_sorted(&read, Some(root), &edits, &mut out).expect("edit");
        let mut single = root;
        for edit in edits.clone() {
            let (read, edits) = (out.clone(), vec![edit]);
            single = edit_paths(&read, Some(single), edits, &mut out).expect("edit").id;
        }
        assert_eq!(sorted.id, single);
        let mut turned = edits;
        turned.reverse();
        turned.retain(|(path, _)| !path.as_str().starts_with(['f', 'm']));
        let ascending: Vec<_> = turned.iter().rev().cloned().collect();
        let turned = edit_paths(&read, Some(root), turned, &mut out).expect("edit");
        assert_eq!(turned, edit_sorted(&read, Some(root), &ascending, &mut out).expect("edit"));
        let found = prolly::resolve(&out, sorted.id, &path("m/c")).expect("resolve");
        assert_eq!(found, Some(file("3")));
        assert_eq!(edit_sorted(&read, Some(root), &[], &mut out).expect("edit").id, root);
    }
}
