//! The contents of files below a tree.

use std::collections::{HashMap, HashSet};

use super::StepError;
use crate::id::{BlobId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::tree::{EntryValue, Node};
use crate::store::Store;

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

/// Contents that are looked up at once.
const AT_ONCE: usize = 4096;

/// The contents of the files below some trees that are not here, with their sizes. Only those are held.
pub fn absent(
    store: &Store,
    trees: impl IntoIterator<Item = TreeId>,
) -> Result<HashMap<BlobId, u64>, StepError> {
    let (mut absent, mut seen, mut waiting) = (HashMap::new(), HashSet::new(), Vec::new());
    let mut failure = None;
    for tree in trees {
        files(store, tree, &mut seen, &mut |id, size| {
            if size == 0 || failure.is_some() || absent.contains_key(&id) {
                return;
            }
            waiting.push((id, size));
            if waiting.len() == AT_ONCE {
                match store.absent_blobs(&waiting) {
                    Ok(found) => absent.extend(found),
                    Err(e) => failure = Some(e),
                }
                waiting.clear();
            }
        })?;
        if let Some(e) = failure {
            return Err(e.into());
        }
    }
    absent.extend(store.absent_blobs(&waiting)?);
    Ok(absent)
}
