//! Merging: from a base and two sides to one tree, or to conflicts by path.
//!
//! Nothing here reads the data of a file: files are their ids. The cost lies in what the two sides
//! changed; what only one of them changed is taken whole, without a look inside. The rules are those of
//! git's merge (ort) with exact renames, where every file is one that cannot be merged by lines;
//! `docs/concepts/merging.md` tells them, `docs/design` where the two differ.

mod conflict;
mod recursive;
mod renames;
mod resolve;
mod settle;
#[cfg(test)]
mod tests;
mod walk;

pub use conflict::{Conflict, ConflictKind, Side, apart};
pub use recursive::{Histories, merge_histories};

use crate::id::TreeId;
use crate::object::access::{AccessError, ReadObjects, WriteObjects};
use crate::object::prolly::{Subtree, TreeError};
use crate::path::PathError;

/// Why a merge could not be made; conflicts are no errors.
#[derive(Debug, thiserror::Error)]
pub enum MergeError {
    /// An object could not be read.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The merged tree could not be written.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// A name for a conflicting file is none that a repository takes.
    #[error(transparent)]
    Path(#[from] PathError),
}

/// What is merged.
#[derive(Clone, Copy, Debug)]
pub struct Trees<'n> {
    /// What both sides come from; `None` where they have nothing in common.
    pub base: Option<TreeId>,
    /// Our side.
    pub ours: TreeId,
    /// Their side.
    pub theirs: TreeId,
    /// What our side is called in names such as `path~main`.
    pub our_name: &'n str,
    /// What their side is called.
    pub their_name: &'n str,
}

/// What a merge gave.
#[derive(Clone, Debug)]
pub struct Merged {
    /// The merged tree. Where there are conflicts it holds what is left at their paths: our side,
    /// or the only side there is.
    pub tree: Subtree,
    /// What is left to a person, by path.
    pub conflicts: Vec<Conflict>,
}

/// Merges two trees; new nodes go to `out`.
pub fn merge_trees(
    read: &dyn ReadObjects,
    trees: &Trees<'_>,
    out: &mut dyn WriteObjects,
) -> Result<Merged, MergeError> {
    settle::merge(read, trees, false, out)
}
