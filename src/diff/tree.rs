//! Two trees → the paths that differ, in order, without visiting what they share.
//!
//! Subtrees and nodes of large directories with equal ids are skipped, so that the cost lies in what
//! changed and, for a large directory, in its inner nodes.

use std::collections::HashSet;
use std::ops::ControlFlow;

use crate::id::TreeId;
use crate::object::access::{AccessError, ReadObjects};
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue, Node};
use crate::path::RepoPath;
use crate::path::patterns::Selection;

/// One path that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where.
    pub path: RepoPath,
    /// What the old tree has there.
    pub old: Option<EntryValue>,
    /// What the new tree has there.
    pub new: Option<EntryValue>,
}

/// Whether a walk goes on.
pub type Flow = ControlFlow<()>;

/// Visits every path that differs. A directory itself is visited only when it exists on one side or
/// is something else on the other, before what lies below it; what lies below is visited too.
pub fn diff(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
    visit: &mut dyn FnMut(Change) -> Flow,
) -> Result<Flow, AccessError> {
    Walk { read, visit, enters: &|_| true }.directories(&RepoPath::root(), old, new)
}

/// As [`diff`], of what two trees have at one path and below it.
pub fn diff_values(
    read: &dyn ReadObjects,
    path: RepoPath,
    old: Option<EntryValue>,
    new: Option<EntryValue>,
    visit: &mut dyn FnMut(Change) -> Flow,
) -> Result<Flow, AccessError> {
    Walk { read, visit, enters: &|_| true }.values(path, old, new)
}

/// As [`diff`], but only of `paths` and what lies below them; all, if there are none. What lies beside
/// them is not read.
pub fn diff_paths(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
    paths: &[RepoPath],
    visit: &mut dyn FnMut(Change) -> Flow,
) -> Result<Flow, AccessError> {
    if paths.is_empty() || paths.iter().any(RepoPath::is_root) {
        return diff(read, old, new, visit);
    }
    for path in paths {
        let find = |tree: Option<TreeId>| match tree {
            Some(tree) => prolly::resolve(read, tree, path),
            None => Ok(None),
        };
        let (old, new) = (find(old)?, find(new)?);
        if diff_values(read, path.clone(), old, new, visit)?.is_break() {
            return Ok(Flow::Break(()));
        }
    }
    Ok(Flow::Continue(()))
}

/// As [`diff`], but only of what is selected.
pub fn diff_selected(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
    selection: &Selection,
    visit: &mut dyn FnMut(Change) -> Flow,
) -> Result<Flow, AccessError> {
    let is_dir = |value: &Option<EntryValue>| matches!(value, Some(EntryValue::Directory { .. }));
    diff_paths(read, old, new, selection.bounds(), &mut |change| {
        let is_dir = is_dir(&change.old) || is_dir(&change.new);
        match selection.is_whole() || selection.takes(&change.path, is_dir) {
            true => visit(change),
            false => Flow::Continue(()),
        }
    })
}

/// The differences as a list.
pub fn changes(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
) -> Result<Vec<Change>, AccessError> {
    let mut found = Vec::new();
    let _ = diff(read, old, new, &mut |change| {
        found.push(change);
        Flow::Continue(())
    })?;
    Ok(found)
}

/// The differences at paths that `enters` is true of, as a list. What is below another path is not read.
pub fn changes_where(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
    enters: &dyn Fn(&RepoPath) -> bool,
) -> Result<Vec<Change>, AccessError> {
    let mut found = Vec::new();
    let mut visit = |change| {
        found.push(change);
        Flow::Continue(())
    };
    let mut walk = Walk { read, visit: &mut visit, enters };
    let _ = walk.directories(&RepoPath::root(), old, new)?;
    Ok(found)
}

struct Walk<'w> {
    read: &'w dyn ReadObjects,
    visit: &'w mut dyn FnMut(Change) -> Flow,
    /// Whether a path, and what is below it, is looked at.
    enters: &'w dyn Fn(&RepoPath) -> bool,
}

impl Walk<'_> {
    fn directories(
        &mut self,
        path: &RepoPath,
        old: Option<TreeId>,
        new: Option<TreeId>,
    ) -> Result<Flow, AccessError> {
        let read = self.read;
        level(read, old, new, &mut |old, new| self.pair(path, old, new))
    }

    fn pair(
        &mut self,
        dir: &RepoPath,
        old: Option<Entry>,
        new: Option<Entry>,
    ) -> Result<Flow, AccessError> {
        let Some(name) = old.as_ref().or(new.as_ref()).map(|e| e.name.clone()) else {
            return Ok(Flow::Continue(()));
        };
        let path = dir.join(&name).map_err(AccessError::io)?;
        self.values(path, old.map(|e| e.value), new.map(|e| e.value))
    }

    fn values(
        &mut self,
        path: RepoPath,
        old: Option<EntryValue>,
        new: Option<EntryValue>,
    ) -> Result<Flow, AccessError> {
        if old == new || !(self.enters)(&path) {
            return Ok(Flow::Continue(()));
        }
        let (old_dir, new_dir) = (tree_of(&old), tree_of(&new));
        if old_dir.is_none() || new_dir.is_none() {
            let change = Change { path: path.clone(), old, new };
            if (self.visit)(change).is_break() {
                return Ok(Flow::Break(()));
            }
        }
        if old_dir.is_none() && new_dir.is_none() {
            return Ok(Flow::Continue(()));
        }
        self.directories(&path, old_dir, new_dir)
    }
}

/// Visits the entries of one directory that may differ, by name, with what each side has; does not
/// enter subdirectories.
///
/// Entries that are equal are passed by, those below nodes that both sides have without being read.
pub fn level(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
    visit: &mut dyn FnMut(Option<Entry>, Option<Entry>) -> Result<Flow, AccessError>,
) -> Result<Flow, AccessError> {
    if old == new {
        return Ok(Flow::Continue(()));
    }
    if let (Some(old), Some(new)) = (small(read, old)?, small(read, new)?) {
        return join(old.into_iter().map(Ok), new.into_iter().map(Ok), visit);
    }
    let (old_ids, new_ids) = (inner_ids(read, old)?, inner_ids(read, new)?);
    let shared: HashSet<TreeId> = old_ids.intersection(&new_ids).copied().collect();
    join(entries(read, old, &shared), entries(read, new, &shared), visit)
}

/// Puts the entries of two sides together by name, and visits those that differ.
fn join(
    old: impl Iterator<Item = Result<Entry, AccessError>>,
    new: impl Iterator<Item = Result<Entry, AccessError>>,
    visit: &mut dyn FnMut(Option<Entry>, Option<Entry>) -> Result<Flow, AccessError>,
) -> Result<Flow, AccessError> {
    let (mut old, mut new) = (old.peekable(), new.peekable());
    loop {
        let (a, b) = match (old.peek(), new.peek()) {
            (None, None) => return Ok(Flow::Continue(())),
            (Some(Ok(a)), Some(Ok(b))) if a == b => {
                old.next();
                new.next();
                continue;
            }
            (Some(Ok(a)), Some(Ok(b))) if a.name == b.name => (old.next(), new.next()),
            (Some(Ok(a)), Some(Ok(b))) if a.name < b.name => (old.next(), None),
            (Some(Ok(_)), Some(Ok(_))) | (None, _) => (None, new.next()),
            (Some(Err(_)), _) | (_, None) => (old.next(), None),
            (_, Some(Err(_))) => (None, new.next()),
        };
        if visit(a.transpose()?, b.transpose()?)?.is_break() {
            return Ok(Flow::Break(()));
        }
    }
}

/// The entries of a directory of one node, or of none; `None` for a large one.
fn small(read: &dyn ReadObjects, top: Option<TreeId>) -> Result<Option<Vec<Entry>>, AccessError> {
    let Some(top) = top else { return Ok(Some(Vec::new())) };
    let node = read.read_tree(top)?;
    Ok((node.level() == 0).then(|| prolly::leaf_entries(node)))
}

/// Ids of the nodes below the top of a large directory; empty for a small one.
fn inner_ids(read: &dyn ReadObjects, top: Option<TreeId>) -> Result<HashSet<TreeId>, AccessError> {
    let mut ids = HashSet::new();
    let mut pending: Vec<TreeId> = top.into_iter().collect();
    while let Some(id) = pending.pop() {
        let node = read.read_tree(id)?;
        if let Node::Inner { level, children } = &*node {
            ids.extend(children.iter().map(|c| c.id));
            if *level > 1 {
                pending.extend(children.iter().map(|c| c.id));
            }
        }
    }
    Ok(ids)
}

fn tree_of(value: &Option<EntryValue>) -> Option<TreeId> {
    match value {
        Some(EntryValue::Directory { id, .. }) => Some(*id),
        _ => None,
    }
}

/// Entries of a directory that are not below a shared node, in order.
fn entries<'a>(
    read: &'a dyn ReadObjects,
    top: Option<TreeId>,
    shared: &'a HashSet<TreeId>,
) -> impl Iterator<Item = Result<Entry, AccessError>> + 'a {
    top.into_iter()
        .flat_map(move |top| prolly::nodes(read, top, move |id| !shared.contains(&id)))
        .flat_map(|node| match node {
            Err(e) => vec![Err(e)],
            Ok((_, node)) => match &*node {
                Node::Leaf(entries) => entries.iter().cloned().map(Ok).collect(),
                Node::Inner { .. } => Vec::new(),
            },
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::{BlobId, CommitId, TagId};
    use crate::object::access::MemoryObjects;
    use crate::object::{Commit, Tag};

    fn file(name: &str, content: &str) -> Entry {
        let value = EntryValue::File {
            id: BlobId::of(content.as_bytes()),
            size: content.len() as u64,
            executable: false,
        };
        Entry { name: name.into(), value }
    }

    fn tree(objects: &mut MemoryObjects, entries: Vec<Entry>) -> prolly::Subtree {
        prolly::build(entries, objects).expect("valid entries")
    }

    fn shown(objects: &MemoryObjects, old: Option<TreeId>, new: Option<TreeId>) -> Vec<String> {
        let sign = |c: &Change| match (&c.old, &c.new) {
            (None, _) => 'A',
            (_, None) => 'D',
            _ => 'M',
        };
        let changes = changes(objects, old, new).expect("all objects are there");
        changes.iter().map(|c| format!("{} {}", sign(c), c.path)).collect()
    }

    #[test]
    fn added_removed_and_changed_paths_are_found_at_any_depth() {
        let mut objects = MemoryObjects::new();
        let sub1 = tree(&mut objects, vec![file("x", "1"), file("y", "2")]);
        let sub2 = tree(&mut objects, vec![file("x", "1"), file("y", "3"), file("z", "4")]);
        let dir = |s: prolly::Subtree| Entry { name: "d".into(), value: s.entry_value() };
        let old = tree(&mut objects, vec![file("a", "1"), file("b", "1"), dir(sub1)]).id;
        let new = tree(&mut objects, vec![file("b", "2"), file("c", "1"), dir(sub2)]).id;
        let found = shown(&objects, Some(old), Some(new));
        assert_eq!(found, ["D a", "M b", "A c", "M d/y", "A d/z"]);
        assert!(shown(&objects, Some(new), Some(new)).is_empty());
        assert_eq!(shown(&objects, None, Some(sub1.id)), ["A x", "A y"]);
    }

    #[test]
    fn only_what_lies_below_the_paths_is_visited() {
        let mut objects = MemoryObjects::new();
        let sub1 = tree(&mut objects, vec![file("x", "1"), file("y", "2")]);
        let sub2 = tree(&mut objects, vec![file("x", "2"), file("y", "3")]);
        let dir = |s: prolly::Subtree| Entry { name: "d".into(), value: s.entry_value() };
        let old = tree(&mut objects, vec![file("a", "1"), dir(sub1)]).id;
        let new = tree(&mut objects, vec![file("a", "2"), dir(sub2)]).id;
        let found = |paths: &[&str]| {
            let paths: Vec<_> =
                paths.iter().map(|p| RepoPath::parse(p).expect("a valid path")).collect();
            let mut found = Vec::new();
            let ended = diff_paths(&objects, Some(old), Some(new), &paths, &mut |change| {
                found.push(change.path.as_str().to_owned());
                Flow::Continue(())
            });
            assert!(ended.expect("all objects are there").is_continue());
            found
        };
        assert_eq!(found(&["d/y"]), ["d/y"]);
        assert_eq!(found(&["d", "nothing"]), ["d/x", "d/y"]);
        assert_eq!(found(&[]), ["a", "d/x", "d/y"]);
    }

    #[test]
    fn a_directory_that_became_a_file_is_seen_with_all_below() {
        let mut objects = MemoryObjects::new();
        let sub = tree(&mut objects, vec![file("x", "1")]);
        let dir = Entry { name: "d".into(), value: sub.entry_value() };
        let old = tree(&mut objects, vec![dir]).id;
        let new = tree(&mut objects, vec![file("d", "1")]).id;
        assert_eq!(shown(&objects, Some(old), Some(new)), ["M d", "D d/x"]);
    }

    #[test]
    fn each_node_of_small_directories_is_read_once() {
        let mut objects = MemoryObjects::new();
        let mut version = |content: &str| {
            let sub = tree(&mut objects, vec![file("x", content), file("y", "same")]);
            let dir = Entry { name: "d".into(), value: sub.entry_value() };
            tree(&mut objects, vec![file("a", "same"), dir]).id
        };
        let (old, new) = (version("1"), version("2"));
        let counting = Counting { inner: &objects, reads: 0.into() };
        let changes = changes(&counting, Some(old), Some(new)).expect("all objects are there");
        assert_eq!((changes.len(), counting.reads.get()), (1, 4));
    }

    struct Counting<'c> {
        inner: &'c MemoryObjects,
        reads: std::cell::Cell<usize>,
    }

    impl ReadObjects for Counting<'_> {
        fn read_tree(&self, id: TreeId) -> Result<std::sync::Arc<Node>, AccessError> {
            self.reads.set(self.reads.get() + 1);
            self.inner.read_tree(id)
        }

        fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
            self.inner.read_commit(id)
        }

        fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
            self.inner.read_tag(id)
        }
    }

    #[test]
    fn one_change_in_a_large_directory_is_found() {
        let mut objects = MemoryObjects::new();
        let names: Vec<String> = (0..20_000).map(|i| format!("f{i:06}")).collect();
        let old = tree(&mut objects, names.iter().map(|n| file(n, n)).collect()).id;
        let changed = names.iter().map(|n| file(n, if n == "f010000" { "other" } else { n }));
        let new = tree(&mut objects, changed.collect()).id;
        assert_eq!(shown(&objects, Some(old), Some(new)), ["M f010000"]);
    }
}
