//! What lies at some paths of a tree, and the way to it, so that the next tree is read only where it
//! differs from this one.

use crate::id::TreeId;
use crate::object::access::{AccessError, ReadObjects};
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

/// What each of some paths leads through in one tree.
#[derive(Clone, Debug)]
pub(super) struct Trails {
    tree: TreeId,
    trails: Vec<Trail>,
}

/// The values of a path's components, from the root down; shorter where nothing is there.
#[derive(Clone, Debug)]
struct Trail {
    depth: usize,
    steps: Vec<EntryValue>,
}

impl Trail {
    fn end(&self) -> Option<&EntryValue> {
        self.steps.get(self.depth.checked_sub(1)?)
    }
}

impl Trails {
    /// Follows `paths` in `tree`. Where it comes upon what `like` has come upon it goes the same way
    /// without reading: the cost is one node a directory that differs.
    pub fn of(
        read: &dyn ReadObjects,
        tree: TreeId,
        paths: &[RepoPath],
        like: Option<&Self>,
    ) -> Result<Self, AccessError> {
        if let Some(like) = like.filter(|like| like.tree == tree) {
            return Ok(like.clone());
        }
        let mut trails = Vec::with_capacity(paths.len());
        for (at, path) in paths.iter().enumerate() {
            trails.push(follow(read, tree, path, like.map(|like| &like.trails[at]))?);
        }
        Ok(Self { tree, trails })
    }

    /// The tree that was followed.
    pub fn tree(&self) -> TreeId {
        self.tree
    }

    /// Whether every path leads to the same, or to nothing in both.
    pub fn lead_to_the_same(&self, other: &Self) -> bool {
        // The root itself, a path of no components, differs with the tree.
        let is_same = |(one, other): (&Trail, &Trail)| one.depth > 0 && one.end() == other.end();
        self.tree == other.tree || self.trails.iter().zip(&other.trails).all(is_same)
    }

    /// Whether a path leads to anything.
    pub fn lead_anywhere(&self) -> bool {
        self.trails.iter().any(|trail| trail.depth == 0 || trail.end().is_some())
    }
}

fn follow(
    read: &dyn ReadObjects,
    tree: TreeId,
    path: &RepoPath,
    like: Option<&Trail>,
) -> Result<Trail, AccessError> {
    let names: Vec<&str> = path.components().collect();
    let mut steps = Vec::with_capacity(names.len());
    let mut dir = Some(tree);
    for (at, name) in names.iter().enumerate() {
        let Some(id) = dir else { break };
        let Some(entry) = prolly::find(read, id, name)? else { break };
        if let Some(like) = like.filter(|like| like.steps.get(at) == Some(&entry.value)) {
            steps.extend_from_slice(&like.steps[at..]);
            break;
        }
        dir = match &entry.value {
            EntryValue::Directory { id, .. } => Some(*id),
            _ => None,
        };
        steps.push(entry.value);
    }
    Ok(Trail { depth: names.len(), steps })
}
