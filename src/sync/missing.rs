//! Deciding what the other side lacks: commits, trees and blobs that no anchor reaches.
//!
//! An *anchor* is a commit that a ref of the root at hand reaches: the closure of every root is complete,
//! so whatever an anchor reaches is there. That an object is merely present proves nothing of what it
//! points to. What is not proved is taken along: it costs kilobytes.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::SyncError;
use crate::history::merge_base::{is_ancestor, reachable_minus};
use crate::id::{BlobId, CommitId, TagId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::tree::{EntryValue, Node};
use crate::refs::RefTarget;

/// What is to be taken along.
#[derive(Clone, Debug, Default)]
pub struct Missing {
    /// Commits, newest first.
    pub commits: Vec<CommitId>,
    /// Tags.
    pub tags: Vec<TagId>,
    /// Nodes of trees.
    pub trees: Vec<TreeId>,
    /// Blobs and their sizes, in the order of their paths.
    pub blobs: Vec<(BlobId, u64)>,
    /// The same of those that are not here and are taken from another remote.
    pub far: Vec<(BlobId, u64)>,
    /// Blobs that are there but for their recipes, which are put together.
    pub joined: Vec<BlobId>,
    /// The anchors that something was left out for.
    pub anchors: BTreeSet<CommitId>,
}

impl Missing {
    /// Number of the blobs.
    pub fn files(&self) -> u64 {
        (self.blobs.len() + self.far.len()) as u64
    }

    /// Bytes of the blobs.
    pub fn bytes(&self) -> u64 {
        self.blobs.iter().chain(&self.far).map(|(_, size)| size).sum()
    }
}

/// What `targets` reach and `anchors` do not. Every anchor's closure must be readable here, but for the
/// trees of commits that are `forgotten`.
pub fn decide_missing(
    read: &dyn ReadObjects,
    targets: &[RefTarget],
    anchors: &[CommitId],
    forgotten: &BTreeMap<CommitId, i64>,
) -> Result<Missing, SyncError> {
    let mut missing = Missing::default();
    let mut tips = Vec::new();
    for target in targets {
        match *target {
            RefTarget::Commit(id) => tips.push(id),
            RefTarget::Tag(id) => {
                missing.tags.push(id);
                tips.push(read.read_tag(id)?.target);
            }
        }
    }
    missing.commits = reachable_minus(read, &tips, anchors)?;
    note_anchors(read, &tips, anchors, &mut missing)?;
    let mut walk = TreeWalk { read, seen: HashSet::new(), blobs: HashSet::new(), missing };
    // Parents first, so that each tree is compared with one that is taken along or anchored.
    let commits = walk.missing.commits.clone();
    let taken: HashSet<CommitId> = commits.iter().copied().collect();
    for id in commits.into_iter().rev() {
        let commit = read.read_commit(id)?;
        let mut bases = Vec::new();
        for parent in &commit.parents {
            // What is left of a tree that was let go is no ground to leave anything out.
            if forgotten.contains_key(parent) && !taken.contains(parent) {
                continue;
            }
            let parent = read.read_commit(*parent)?;
            bases.extend([Some(parent.tree), parent.attributes].into_iter().flatten());
        }
        walk.collect(read.read_root(id)?, &bases)?;
        if let Some(attributes) = commit.attributes {
            walk.collect(attributes, &bases)?;
        }
    }
    Ok(walk.missing)
}

/// For each commit that was left out, one anchor that reaches it.
fn note_anchors(
    read: &dyn ReadObjects,
    tips: &[CommitId],
    anchors: &[CommitId],
    missing: &mut Missing,
) -> Result<(), SyncError> {
    let taken: HashSet<CommitId> = missing.commits.iter().copied().collect();
    let mut left_out: BTreeSet<CommitId> =
        tips.iter().copied().filter(|id| !taken.contains(id)).collect();
    for id in &missing.commits {
        let parents = read.read_commit(*id)?.parents;
        left_out.extend(parents.into_iter().filter(|parent| !taken.contains(parent)));
    }
    for id in left_out {
        if missing.anchors.contains(&id) {
            continue;
        }
        let mut found = anchors.contains(&id).then_some(id);
        for anchor in anchors {
            if found.is_none() && is_ancestor(read, id, *anchor)? {
                found = Some(*anchor);
            }
        }
        missing.anchors.extend(found);
    }
    Ok(())
}

/// Collects nodes and blobs of trees, each once.
struct TreeWalk<'r> {
    read: &'r dyn ReadObjects,
    seen: HashSet<TreeId>,
    blobs: HashSet<BlobId>,
    missing: Missing,
}

impl TreeWalk<'_> {
    /// Goes down a tree and its bases side by side, level by level; what both have is left out.
    fn collect(&mut self, tree: TreeId, bases: &[TreeId]) -> Result<(), SyncError> {
        let mut known: HashSet<TreeId> = bases.iter().copied().collect();
        let mut known_blobs = HashSet::new();
        let mut new = vec![tree];
        let mut old: Vec<TreeId> = bases.to_vec();
        let mut found = Vec::new();
        while !new.is_empty() {
            let both: HashSet<TreeId> = new.iter().copied().collect();
            let mut next_old = Vec::new();
            for id in old.into_iter().filter(|id| !both.contains(id)) {
                let node = self.read.read_tree(id)?;
                visit(
                    &node,
                    &mut |child| next_old.extend(known.insert(child).then_some(child)),
                    &mut |blob, _| {
                        known_blobs.insert(blob);
                    },
                );
            }
            let mut next_new = Vec::new();
            for id in new {
                if known.contains(&id) || !self.seen.insert(id) {
                    continue;
                }
                let node = self.read.read_tree(id)?;
                self.missing.trees.push(id);
                visit(&node, &mut |child| next_new.push(child), &mut |blob, size| {
                    found.push((blob, size));
                });
            }
            (new, old) = (next_new, next_old);
        }
        found.retain(|(blob, size)| *size > 0 && !known_blobs.contains(blob));
        found.retain(|(blob, _)| self.blobs.insert(*blob));
        self.missing.blobs.extend(found);
        Ok(())
    }
}

/// Calls for each node below a node, and for each file in it.
fn visit(node: &Node, child: &mut dyn FnMut(TreeId), blob: &mut dyn FnMut(BlobId, u64)) {
    match node {
        Node::Leaf(entries) => {
            for entry in entries {
                match &entry.value {
                    EntryValue::File { id, size, .. } => blob(*id, *size),
                    EntryValue::Directory { id, .. } => child(*id),
                    EntryValue::Symlink { .. } => {}
                }
            }
        }
        Node::Inner { children, .. } => children.iter().for_each(|c| child(c.id)),
    }
}
