//! History that is cut off: the newest commits only, and nothing of what was before.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use super::SyncError;
use crate::id::{CommitId, TagId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::{Commit, Node, Tag};
use crate::refs::RefTarget;

/// A history that ends at some commits: they are read as if they had no parents.
pub struct Cut<'c> {
    read: &'c dyn ReadObjects,
    ends: BTreeSet<CommitId>,
}

impl<'c> Cut<'c> {
    /// The history of some targets, `depth` commits of each line of it; all where there is no depth.
    /// Commits of `here` are not passed.
    pub fn after(
        read: &'c dyn ReadObjects,
        targets: &[RefTarget],
        depth: Option<u32>,
        here: &[CommitId],
    ) -> Result<Self, SyncError> {
        let Some(depth) = depth else { return Ok(Self { read, ends: BTreeSet::new() }) };
        let mut level: BTreeSet<CommitId> = tips(read, targets)?.into_iter().collect();
        let mut seen: HashSet<CommitId> = here.iter().copied().collect();
        // Generation by generation, so that a commit which lies on several lines is as near as it can be.
        for _ in 1..depth.max(1) {
            let mut next = BTreeSet::new();
            for id in level {
                if seen.insert(id) {
                    next.extend(read.read_commit(id)?.parents);
                }
            }
            level = next;
        }
        let mut ends = BTreeSet::new();
        for id in level {
            if !seen.contains(&id) && !read.read_commit(id)?.parents.is_empty() {
                ends.insert(id);
            }
        }
        Ok(Self { read, ends })
    }

    /// The commits where it ends and had not ended.
    pub fn commits(&self) -> &BTreeSet<CommitId> {
        &self.ends
    }
}

/// The commits that targets lead to.
pub fn tips(read: &dyn ReadObjects, targets: &[RefTarget]) -> Result<Vec<CommitId>, SyncError> {
    let tip = |target: &RefTarget| match *target {
        RefTarget::Commit(id) => Ok(id),
        RefTarget::Tag(id) => Ok(read.read_tag(id)?.target),
    };
    targets.iter().map(tip).collect()
}

impl ReadObjects for Cut<'_> {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        self.read.read_tree(id)
    }

    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        let mut commit = self.read.read_commit(id)?;
        if self.ends.contains(&id) {
            commit.parents.clear();
        }
        Ok(commit)
    }

    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        self.read.read_tag(id)
    }

    fn read_root(&self, id: CommitId) -> Result<TreeId, AccessError> {
        self.read.read_root(id)
    }
}
