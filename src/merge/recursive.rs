//! Merges of commits: the base is a merge itself where histories have crossed.
//!
//! Of several best common ancestors the oldest is merged with the next, and so on, each time with the
//! base that those two have; what comes out is the base. Where that conflicts it holds what its own
//! base holds: no side is preferred, and a path that both sides changed since stays a conflict.

use super::{MergeError, Merged, Trees, settle};
use crate::history::merge_base::merge_bases;
use crate::id::{CommitId, TreeId};
use crate::object::access::{NullObjects, ReadObjects, WriteObjects};
use crate::object::paths::{Memory, ReadThrough, WriteThrough};

/// Two commits to be merged.
#[derive(Clone, Copy, Debug)]
pub struct Histories<'n> {
    /// Where the merge is made.
    pub ours: CommitId,
    /// What is merged in.
    pub theirs: CommitId,
    /// What our side is called in names such as `path~main`.
    pub our_name: &'n str,
    /// What their side is called.
    pub their_name: &'n str,
}

/// Merges the trees of two commits over what their histories have in common; new nodes of the merged
/// tree go to `out`.
pub fn merge_histories(
    read: &dyn ReadObjects,
    commits: &Histories<'_>,
    out: &mut dyn WriteObjects,
) -> Result<Merged, MergeError> {
    let memory = Memory::default();
    let read = ReadThrough { read, memory: &memory };
    let bases = merge_bases(&read, &[commits.ours], &[commits.theirs])?;
    let trees = Trees {
        base: base_tree(&read, &memory, bases)?,
        ours: read.read_root(commits.ours)?,
        theirs: read.read_root(commits.theirs)?,
        our_name: commits.our_name,
        their_name: commits.their_name,
    };
    settle::merge(&read, &trees, false, out)
}

/// A commit, or a merge that exists only as a base: what it reaches, and its tree.
struct Virtual {
    commits: Vec<CommitId>,
    tree: TreeId,
}

/// The one tree that stands for several bases, given newest first.
fn base_tree(
    read: &dyn ReadObjects,
    memory: &Memory,
    bases: Vec<CommitId>,
) -> Result<Option<TreeId>, MergeError> {
    let mut merged: Option<Virtual> = None;
    for commit in bases.into_iter().rev() {
        let next = Virtual { commits: vec![commit], tree: read.read_root(commit)? };
        merged = Some(match merged {
            None => next,
            Some(before) => merge_bases_of(read, memory, before, next)?,
        });
    }
    Ok(merged.map(|m| m.tree))
}

fn merge_bases_of(
    read: &dyn ReadObjects,
    memory: &Memory,
    one: Virtual,
    other: Virtual,
) -> Result<Virtual, MergeError> {
    let bases = merge_bases(read, &one.commits, &other.commits)?;
    let trees = Trees {
        base: base_tree(read, memory, bases)?,
        ours: one.tree,
        theirs: other.tree,
        our_name: "Temporary merge branch 1",
        their_name: "Temporary merge branch 2",
    };
    let mut nowhere = NullObjects;
    let mut out = WriteThrough { out: &mut nowhere, memory };
    let tree = settle::merge(read, &trees, true, &mut out)?.tree.id;
    Ok(Virtual { commits: [one.commits, other.commits].concat(), tree })
}
