//! Walks of the commit graph.

pub mod merge_base;

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use crate::id::CommitId;
use crate::object::access::{AccessError, ReadObjects};
use crate::object::commit::Commit;

/// Commits reachable from some starts, newest first, each once.
pub struct Ancestors<'a> {
    read: &'a dyn ReadObjects,
    seen: HashSet<CommitId>,
    queue: BinaryHeap<Queued>,
    order: u64,
}

struct Queued {
    time: i64,
    order: u64,
    id: CommitId,
    commit: Commit,
}

impl PartialEq for Queued {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Queued {}

impl PartialOrd for Queued {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Queued {
    /// The newest first; of equal times the one met first, so that a line of history stays in order.
    fn cmp(&self, other: &Self) -> Ordering {
        self.time.cmp(&other.time).then(other.order.cmp(&self.order))
    }
}

impl<'a> Ancestors<'a> {
    /// Starts from the given commits, which are part of the walk.
    pub fn new(
        read: &'a dyn ReadObjects,
        starts: impl IntoIterator<Item = CommitId>,
    ) -> Result<Self, AccessError> {
        let mut walk = Self { read, seen: HashSet::new(), queue: BinaryHeap::new(), order: 0 };
        for id in starts {
            walk.push(id, i64::MAX)?;
        }
        Ok(walk)
    }

    /// A parent counts as no younger than its child, whatever the clocks said.
    fn push(&mut self, id: CommitId, latest: i64) -> Result<(), AccessError> {
        if self.seen.insert(id) {
            let commit = self.read.read_commit(id)?;
            let time = commit.committer.seconds.min(latest);
            self.order += 1;
            self.queue.push(Queued { time, order: self.order, id, commit });
        }
        Ok(())
    }
}

impl Iterator for Ancestors<'_> {
    type Item = Result<(CommitId, Commit), AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        let Queued { time, id, commit, .. } = self.queue.pop()?;
        for parent in &commit.parents {
            if let Err(e) = self.push(*parent, time) {
                self.queue.clear();
                return Some(Err(e));
            }
        }
        Some(Ok((id, commit)))
    }
}
