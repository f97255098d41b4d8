//! Which missing contents are merely elsewhere: those that a commit reaches whose files a remote promised.

use std::collections::HashSet;

use super::{Store, StoreError};
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::tree::{EntryValue, Node};
use crate::progress::Cancel;

/// What could not be read of the history, as an error of the store.
fn store_error(e: AccessError) -> StoreError {
    match e {
        AccessError::Missing { id, .. } => StoreError::Missing(id),
        AccessError::Io(e) => match e.downcast::<StoreError>() {
            Ok(e) => *e,
            Err(e) => damaged(e.to_string()),
        },
        e => damaged(e.to_string()),
    }
}

fn damaged(why: String) -> StoreError {
    StoreError::Damaged { what: "the history".to_owned(), why }
}

impl Store {
    /// The commits whose files may be missing here: the promised ones and all before them.
    pub fn promised_commits(&self) -> Result<HashSet<CommitId>, AccessError> {
        let mut queue: Vec<CommitId> = self.absent().promised.keys().copied().collect();
        let mut seen = HashSet::new();
        while let Some(id) = queue.pop() {
            if seen.insert(id) {
                queue.extend(self.read_commit(id)?.parents);
            }
        }
        Ok(seen)
    }

    /// Takes out of `blobs` those that a promise covers. Reads trees until all were met.
    pub fn strike_promised(
        &self,
        blobs: &mut HashSet<BlobId>,
        cancel: &Cancel,
    ) -> Result<(), StoreError> {
        self.strike_promised_by(&|_| true, blobs, cancel)
    }

    /// As [`Store::strike_promised`], of what the remotes promised for whose names `is_asked` holds.
    pub fn strike_promised_by(
        &self,
        is_asked: &dyn Fn(&str) -> bool,
        blobs: &mut HashSet<BlobId>,
        cancel: &Cancel,
    ) -> Result<(), StoreError> {
        let read = store_error;
        let mut trees: HashSet<TreeId> = HashSet::new();
        let mut commits = HashSet::new();
        let promised = self.absent().promised.iter().filter(|(_, remote)| is_asked(remote));
        let mut queue: Vec<CommitId> = promised.map(|(commit, _)| *commit).collect();
        while let Some(id) = queue.pop() {
            if blobs.is_empty() {
                return Ok(());
            }
            if !commits.insert(id) {
                continue;
            }
            cancel.check()?;
            let commit = self.read_commit(id).map_err(read)?;
            queue.extend(commit.parents);
            if self.forgotten().contains_key(&id) {
                continue;
            }
            let mut pending: Vec<TreeId> = commit.attributes.into_iter().collect();
            pending.push(commit.tree);
            while let Some(id) = pending.pop() {
                if !trees.insert(id) {
                    continue;
                }
                match &*self.read_tree(id).map_err(read)? {
                    Node::Inner { children, .. } => pending.extend(children.iter().map(|c| c.id)),
                    Node::Leaf(entries) => {
                        for entry in entries {
                            match entry.value {
                                EntryValue::File { id, .. } => drop(blobs.remove(&id)),
                                EntryValue::Directory { id, .. } => pending.push(id),
                                EntryValue::Symlink { .. } => {}
                            }
                        }
                    }
                }
            }
        }
        Ok(())
    }
}
