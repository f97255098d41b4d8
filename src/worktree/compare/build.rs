//! The new trees of scanned folders, built bottom-up from what differs.

use std::collections::HashMap;

use super::{Comparison, Delta, DirDelta, FileRef, index_of, listed_in};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::prolly::{self, Subtree, TreeBuilder, TreeError};
use crate::object::tree::{Entry, EntryValue};
use crate::path::RepoPath;
use crate::worktree::scan::{Scan, ScannedDir, ScannedKind};

/// Which differences become part of a new tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Names that the tree does not have.
    pub added: bool,
    /// Names that are no longer on disk.
    pub removed: bool,
}

/// Builds the trees of all scanned folders from a comparison; `read_value` gives the entry of a file
/// that was read, or `None` when it is to stay as the tree has it.
///
/// Returns, for each *top* (a scanned folder that no other lists), its path and its new tree, if it
/// differs. A top may lie below another one.
pub fn build(
    scan: &Scan,
    comparison: &Comparison,
    taken: Taken,
    read: &dyn ReadObjects,
    out: &mut dyn WriteObjects,
    mut read_value: impl FnMut(FileRef) -> Option<EntryValue>,
) -> Result<Vec<(RepoPath, Option<EntryValue>)>, TreeError> {
    let index = index_of(scan);
    let mut children: HashMap<usize, HashMap<u32, Built>> = HashMap::new();
    let mut tops = Vec::new();
    // A folder comes after its parent in the scan's order, so that backwards means bottom-up.
    for (number, dir) in scan.dirs.iter().enumerate().rev() {
        let below = children.remove(&number).unwrap_or_default();
        let mut builder =
            DirBuilder { dir, number, below, taken, read, read_value: &mut read_value };
        let delta = &comparison.dirs[number];
        let built = builder.build(delta, out)?;
        match listed_in(scan, &index, dir) {
            Some((parent, entry)) => {
                children.entry(parent).or_default().insert(entry, built);
            }
            None => tops.push((dir.path.clone(), built.value())),
        }
    }
    tops.reverse();
    Ok(tops)
}

/// What became of a folder.
enum Built {
    /// As the tree has it.
    Same,
    /// Not in the tree, and nothing of it was taken.
    Nothing,
    New(Subtree),
}

impl Built {
    fn value(&self) -> Option<EntryValue> {
        match self {
            Built::New(subtree) => Some(subtree.entry_value()),
            Built::Same | Built::Nothing => None,
        }
    }
}

struct DirBuilder<'b> {
    dir: &'b ScannedDir,
    number: usize,
    below: HashMap<u32, Built>,
    taken: Taken,
    read: &'b dyn ReadObjects,
    read_value: &'b mut dyn FnMut(FileRef) -> Option<EntryValue>,
}

type Edit = (Box<str>, Option<EntryValue>);

impl DirBuilder<'_> {
    fn build(&mut self, delta: &DirDelta, out: &mut dyn WriteObjects) -> Result<Built, TreeError> {
        let Some(id) = delta.base else { return self.build_new(delta, out) };
        let mut edits = Vec::new();
        for one in &delta.deltas {
            match one {
                Delta::Gone(entry) if self.taken.removed => edits.push((entry.name.clone(), None)),
                Delta::Gone(_) => {}
                found => edits.extend(self.found(found).map(|e| (e.name, Some(e.value)))),
            }
        }
        self.push_changed_folders(&mut edits);
        match edits.is_empty() {
            true => Ok(Built::Same),
            false => Ok(Built::New(prolly::edit(self.read, id, edits, out)?)),
        }
    }

    /// A folder that the tree does not have: entry by entry, so that a million need no list.
    fn build_new(
        &mut self,
        delta: &DirDelta,
        out: &mut dyn WriteObjects,
    ) -> Result<Built, TreeError> {
        if !self.taken.added {
            return Ok(Built::Nothing);
        }
        let mut builder = TreeBuilder::new(out);
        for one in &delta.deltas {
            if let Some(entry) = self.found(one) {
                builder.push(entry)?;
            }
        }
        Ok(Built::New(builder.finish()?))
    }

    /// The entry that a name found on disk gets, when it differs from the tree's.
    fn found(&mut self, delta: &Delta) -> Option<Entry> {
        let (entry, old) = (delta.entry()?, delta.old());
        if old.is_none() && !self.taken.added {
            return None;
        }
        let scanned = &self.dir.entries[entry as usize];
        let value = match (delta.value(), scanned.kind) {
            (Some(value), _) => Some(value.clone()),
            (None, ScannedKind::Directory) => {
                self.below.remove(&entry).and_then(|built| built.value())
            }
            (None, _) => (self.read_value)(FileRef { dir: self.number as u32, entry }),
        };
        // A file that was read and is as before makes no difference.
        let value = value.filter(|v| Some(v) != old)?;
        Some(Entry { name: scanned.name.clone(), value })
    }

    /// Adds folders that the tree has and that changed inside.
    fn push_changed_folders(&mut self, edits: &mut Vec<Edit>) {
        let before = edits.len();
        for (entry, built) in self.below.drain() {
            if let Some(value) = built.value() {
                edits.push((self.dir.entries[entry as usize].name.clone(), Some(value)));
            }
        }
        if edits.len() > before {
            edits.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        }
    }
}
