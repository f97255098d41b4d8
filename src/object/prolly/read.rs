//! Reading directories: entries in order, one name, one path, all nodes, and the check of the shape.
//!
//! Every node below the top is compared with what its parent says of it, so a damaged or hostile
//! tree yields an error, never entries out of order, an endless walk or one node twice.

use std::sync::Arc;
use std::vec;

use thiserror::Error;

use super::{STANDARD, Shape, TreeBuilder, TreeError};
use crate::id::TreeId;
use crate::object::access::NullObjects;
use crate::object::{
    AccessError, ChildNode, Entry, EntryValue, Node, ObjectKind, ReadObjects, Totals,
};
use crate::path::RepoPath;

/// Reads a child of a node of level `parent_level`, and checks that it is what the parent says:
/// level, last name and sums.
pub fn open_child(
    read: &dyn ReadObjects,
    parent_level: u8,
    child: &ChildNode,
) -> Result<Arc<Node>, AccessError> {
    let node = read.read_tree(child.id)?;
    let detail = if node.level().checked_add(1) != Some(parent_level) {
        "its level does not fit its parent's"
    } else if node.last_name() != Some(&*child.last_name) {
        "its last name is not the one its parent gives"
    } else if node.totals() != child.totals() {
        "its sums are not the ones its parent gives"
    } else {
        return Ok(node);
    };
    Err(AccessError::damaged(ObjectKind::Tree, child.id, detail))
}

fn first_name(node: &Node) -> Option<&str> {
    match node {
        Node::Leaf(entries) => entries.first().map(|e| &*e.name),
        Node::Inner { children, .. } => children.first().map(|c| &*c.last_name),
    }
}

/// A node that a walk has yet to read.
enum Pending {
    Top(TreeId),
    Child { parent_level: u8, child: ChildNode },
}

/// The nodes of one directory, parents before children, in the order of their names.
///
/// Ends after the first error. Holds the siblings still to come of one node a level.
pub struct Nodes<'a, F> {
    read: &'a dyn ReadObjects,
    wanted: F,
    /// Nodes below this level are left out.
    min_level: u8,
    pending: Vec<Pending>,
    last_name: String,
}

impl<'a, F: FnMut(TreeId) -> bool> Nodes<'a, F> {
    pub(super) fn new(read: &'a dyn ReadObjects, id: TreeId, min_level: u8, wanted: F) -> Self {
        let pending = vec![Pending::Top(id)];
        Self { read, wanted, min_level, pending, last_name: String::new() }
    }

    fn open(&mut self, next: Pending) -> Result<(TreeId, Arc<Node>), AccessError> {
        let (id, node) = match next {
            Pending::Top(id) => (id, self.read.read_tree(id)?),
            Pending::Child { parent_level, child } => {
                (child.id, open_child(self.read, parent_level, &child)?)
            }
        };
        if first_name(&node).is_some_and(|first| *first <= *self.last_name) {
            let detail = "its names overlap those of the node before";
            return Err(AccessError::damaged(ObjectKind::Tree, id, detail));
        }
        match &*node {
            Node::Inner { level, children } if *level > self.min_level => {
                let child =
                    |c: &ChildNode| Pending::Child { parent_level: *level, child: c.clone() };
                self.pending.extend(children.iter().rev().map(child));
            }
            lowest => {
                self.last_name.clear();
                self.last_name.push_str(lowest.last_name().unwrap_or(""));
            }
        }
        Ok((id, node))
    }
}

impl<F: FnMut(TreeId) -> bool> Iterator for Nodes<'_, F> {
    type Item = Result<(TreeId, Arc<Node>), AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let next = self.pending.pop()?;
            let (Pending::Top(id) | Pending::Child { child: ChildNode { id, .. }, .. }) = &next;
            if (self.wanted)(*id) {
                let opened = self.open(next);
                if opened.is_err() {
                    self.pending.clear();
                }
                return Some(opened);
            }
        }
    }
}

/// Walks the nodes of one directory; does not enter subdirectories.
///
/// A node for which `wanted` is false is neither read nor entered: so a mark passes by what it has
/// seen already.
pub fn nodes<F: FnMut(TreeId) -> bool>(
    read: &dyn ReadObjects,
    id: TreeId,
    wanted: F,
) -> Nodes<'_, F> {
    Nodes::new(read, id, 0, wanted)
}

/// The entries of one directory in order. Ends after the first error.
pub struct Entries<'a> {
    nodes: Nodes<'a, fn(TreeId) -> bool>,
    leaf: vec::IntoIter<Entry>,
}

impl Iterator for Entries<'_> {
    type Item = Result<Entry, AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(entry) = self.leaf.next() {
                return Some(Ok(entry));
            }
            match self.nodes.next()? {
                Ok((_, node)) => self.leaf = leaf_entries(node).into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

/// The entries of a leaf, copied only when the reader keeps the node; none of an inner node.
pub fn leaf_entries(node: Arc<Node>) -> Vec<Entry> {
    if node.level() > 0 {
        return Vec::new();
    }
    match Arc::unwrap_or_clone(node) {
        Node::Leaf(entries) => entries,
        Node::Inner { .. } => Vec::new(),
    }
}

/// Reads the entries of one directory in order, a leaf at a time.
pub fn iterate(read: &dyn ReadObjects, id: TreeId) -> Entries<'_> {
    Entries { nodes: Nodes::new(read, id, 0, |_| true), leaf: Vec::new().into_iter() }
}

/// Finds one entry of a directory: reads one node a level.
pub fn find(read: &dyn ReadObjects, id: TreeId, name: &str) -> Result<Option<Entry>, AccessError> {
    find_below(read, &*read.read_tree(id)?, name)
}

fn find_below(
    read: &dyn ReadObjects,
    top: &Node,
    name: &str,
) -> Result<Option<Entry>, AccessError> {
    let mut below: Arc<Node>;
    let mut node = top;
    loop {
        match node {
            Node::Leaf(entries) => {
                let found = entries.binary_search_by(|e| (*e.name).cmp(name));
                return Ok(found.ok().map(|at| entries[at].clone()));
            }
            Node::Inner { level, children } => {
                let at = children.partition_point(|c| *c.last_name < *name);
                let Some(child) = children.get(at) else { return Ok(None) };
                below = open_child(read, *level, child)?;
                node = &below;
            }
        }
    }
}

/// Finds what a path names, from the top node of the root directory; symbolic links are not
/// followed.
///
/// The root itself is the directory `root`. A path through something else than a directory names
/// nothing.
pub fn resolve(
    read: &dyn ReadObjects,
    root: TreeId,
    path: &RepoPath,
) -> Result<Option<EntryValue>, AccessError> {
    let top = read.read_tree(root)?;
    let Totals { files, bytes, .. } = top.totals();
    let mut found = EntryValue::Directory { id: root, files, bytes };
    let mut top = Some(top);
    for name in path.components() {
        let EntryValue::Directory { id, .. } = found else { return Ok(None) };
        let node = match top.take() {
            Some(node) => node,
            None => read.read_tree(id)?,
        };
        match find_below(read, &node, name)? {
            Some(entry) => found = entry.value,
            None => return Ok(None),
        }
    }
    Ok(Some(found))
}

/// Why a directory is not in its one valid form.
#[derive(Debug, Error)]
pub enum ShapeError {
    /// A node could not be read, or contradicts its parent.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The entries cannot be a directory at all.
    #[error("tree {id}: {source}")]
    Invalid {
        /// The top node.
        id: TreeId,
        /// What is wrong with the entries.
        source: TreeError,
    },
    /// The same entries, built anew, have another id: the nodes end in the wrong places.
    #[error("tree {id} is not in its canonical shape, which is tree {rebuilt}")]
    Shape {
        /// The top node.
        id: TreeId,
        /// The id of the same entries in their canonical shape.
        rebuilt: TreeId,
    },
}

/// Checks that a directory has its canonical shape and true sums; returns the sums.
///
/// Reads every node of the directory and builds it anew; does not enter subdirectories, whose sums
/// the caller compares with what this directory says of them.
pub fn check(read: &dyn ReadObjects, id: TreeId) -> Result<Totals, ShapeError> {
    check_with(STANDARD, read, id)
}

pub(super) fn check_with(
    shape: Shape,
    read: &dyn ReadObjects,
    id: TreeId,
) -> Result<Totals, ShapeError> {
    let mut nowhere = NullObjects;
    let mut builder = TreeBuilder::with_shape(shape, &mut nowhere);
    let invalid = |source| ShapeError::Invalid { id, source };
    for entry in iterate(read, id) {
        builder.push(entry?).map_err(invalid)?;
    }
    let rebuilt = builder.finish().map_err(invalid)?;
    if rebuilt.id != id {
        return Err(ShapeError::Shape { id, rebuilt: rebuilt.id });
    }
    Ok(rebuilt.totals)
}
