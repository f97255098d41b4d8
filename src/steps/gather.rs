//! The contents of files below a tree.

use std::collections::HashSet;

use crate::id::{BlobId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::tree::{EntryValue, Node};

/// Visits the contents of the files at and below a tree, with their sizes; of each node in `seen` nothing.
pub fn files(
    read: &dyn ReadObjects,
    tree: TreeId,
    seen: &mut HashSet<TreeId>,
    visit: &mut dyn FnMut(BlobId, u64),
) -> Result<(), AccessError> {
    let mut pending = vec![tree];
    while let Some(id) = pending.pop() {
        if !seen.insert(id) {
            continue;
        }
        match &*read.read_tree(id)? {
            Node::Inner { children, .. } => pending.extend(children.iter().map(|c| c.id)),
            Node::Leaf(entries) => {
                for entry in entries {
                    match entry.value {
                        EntryValue::File { id, size, .. } => visit(id, size),
                        EntryValue::Directory { id, .. } => pending.push(id),
                        EntryValue::Symlink { .. } => {}
                    }
                }
            }
        }
    }
    Ok(())
}
