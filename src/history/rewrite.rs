//! History written anew without some files: the same commits, with other trees and so with other ids.

use std::collections::{BTreeSet, HashMap, HashSet};

use crate::diff::tree::{self, Change};
use crate::id::{BlobId, CommitId, TagId, TreeId};
use crate::object::access::{AccessError, ReadObjects, WriteObjects};
use crate::object::paths::edit_sorted;
use crate::object::prolly::{self, TreeError};
use crate::object::tree::{EntryValue, Node};
use crate::path::RepoPath;
use crate::path::patterns::{Patterns, without_inner};

/// What is to be in no version any more.
#[derive(Clone, Debug, Default)]
pub struct Unwanted {
    /// Whatever lies at these paths and below them.
    pub paths: Vec<RepoPath>,
    /// Whatever they match, and what is below that.
    pub patterns: Patterns,
    /// Files of these contents, wherever they lie.
    pub blobs: BTreeSet<BlobId>,
}

/// What the new history rests on that was there before: enough to mark what stays.
#[derive(Clone, Debug, Default)]
pub struct Rests {
    /// Commits that stay as they are and have children that do not.
    pub commits: BTreeSet<CommitId>,
    /// Trees that new commits and new directories name.
    pub trees: HashSet<TreeId>,
    /// Contents that new directories name, and their sizes.
    pub blobs: HashSet<(BlobId, u64)>,
    written: HashSet<TreeId>,
}

impl Rests {
    /// The trees that were there before.
    pub fn old_trees(&self) -> impl Iterator<Item = TreeId> + '_ {
        self.trees.difference(&self.written).copied()
    }
}

/// Writes commits and trees anew, each once.
pub struct Rewriter<'r> {
    read: &'r dyn ReadObjects,
    unwanted: &'r Unwanted,
    /// What has become of each commit.
    commits: HashMap<CommitId, CommitId>,
    /// What has become of the root of each version.
    trees: HashMap<TreeId, TreeId>,
    /// Where unwanted contents, and what patterns match, lie in each version.
    hits: HashMap<CommitId, Vec<RepoPath>>,
    /// Paths that were found, those that patterns match among them.
    pub paths: BTreeSet<RepoPath>,
    /// The texts of patterns that matched something.
    pub patterns: BTreeSet<String>,
    /// Contents that were found.
    pub blobs: BTreeSet<BlobId>,
    /// What the new history rests on.
    pub rests: Rests,
}

/// A commit whose parents are looked at first, or that is next.
enum Step {
    Enter(CommitId),
    Leave(CommitId),
}

impl<'r> Rewriter<'r> {
    /// A rewriter that has written nothing yet.
    pub fn new(read: &'r dyn ReadObjects, unwanted: &'r Unwanted) -> Self {
        let (commits, trees, hits) = (HashMap::new(), HashMap::new(), HashMap::new());
        let (paths, blobs, rests) = (BTreeSet::new(), BTreeSet::new(), Rests::default());
        let patterns = BTreeSet::new();
        Self { read, unwanted, commits, trees, hits, paths, patterns, blobs, rests }
    }

    /// What each commit that was looked at has become, those that stay as they are included.
    pub fn commits(&self) -> &HashMap<CommitId, CommitId> {
        &self.commits
    }

    /// What a commit becomes, after all that it reaches.
    pub fn commit(
        &mut self,
        start: CommitId,
        out: &mut dyn WriteObjects,
    ) -> Result<CommitId, TreeError> {
        let mut steps = vec![Step::Enter(start)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(id) if !self.commits.contains_key(&id) => {
                    steps.push(Step::Leave(id));
                    let parents = self.read.read_commit(id)?.parents;
                    steps.extend(parents.into_iter().map(Step::Enter));
                }
                Step::Leave(id) if !self.commits.contains_key(&id) => {
                    let new = self.rewrite(id, out)?;
                    self.commits.insert(id, new);
                }
                _ => {}
            }
        }
        Ok(self.commits[&start])
    }

    /// What the object of an annotated tag becomes.
    pub fn tag(&mut self, id: TagId, out: &mut dyn WriteObjects) -> Result<TagId, TreeError> {
        let mut tag = self.read.read_tag(id)?;
        let target = self.commit(tag.target, out)?;
        if target == tag.target {
            return Ok(id);
        }
        (tag.target, tag.signature) = (target, None);
        let encoded = tag.encode().map_err(AccessError::io)?;
        let new = TagId::of(&encoded);
        out.write_tag(new, encoded)?;
        Ok(new)
    }

    /// A commit whose parents have been looked at.
    fn rewrite(&mut self, id: CommitId, out: &mut dyn WriteObjects) -> Result<CommitId, TreeError> {
        let mut commit = self.read.read_commit(id)?;
        let parents: Vec<CommitId> = commit.parents.iter().map(|old| self.commits[old]).collect();
        let tree = match self.read.find_root(id)? {
            Some(tree) => {
                let hits = self.find_hits(commit.parents.first(), tree)?;
                let new = self.tree(tree, &hits, out)?;
                self.hits.insert(id, hits);
                new
            }
            // What was let go cannot be read, and is named by no more than its id.
            None => commit.tree,
        };
        if tree == commit.tree && parents == commit.parents {
            return Ok(id);
        }
        for (old, new) in commit.parents.iter().zip(&parents) {
            if old == new {
                self.rests.commits.insert(*old);
            }
        }
        if self.read.find_root(id)?.is_some() {
            self.rests.trees.insert(tree);
        }
        self.rests.trees.extend(commit.attributes);
        (commit.tree, commit.parents, commit.signature) = (tree, parents, None);
        let encoded = commit.encode().map_err(AccessError::io)?;
        let new = CommitId::of(&encoded);
        out.write_commit(new, encoded)?;
        Ok(new)
    }

    /// What a staged tree becomes.
    pub fn stage(&mut self, tree: TreeId, out: &mut dyn WriteObjects) -> Result<TreeId, TreeError> {
        let hits = self.find_hits(None, tree)?;
        let new = self.tree(tree, &hits, out)?;
        self.rests.trees.insert(new);
        Ok(new)
    }

    /// Where unwanted contents, and what patterns match, lie in a version: where they lay in its parent, and
    /// in what it changed.
    fn find_hits(
        &mut self,
        parent: Option<&CommitId>,
        tree: TreeId,
    ) -> Result<Vec<RepoPath>, AccessError> {
        if self.unwanted.blobs.is_empty() && self.unwanted.patterns.is_empty() {
            return Ok(Vec::new());
        }
        let base = match parent {
            Some(parent) => self.read.find_root(*parent)?,
            None => None,
        };
        let mut hits = Vec::new();
        for path in parent.and_then(|parent| self.hits.get(parent)).cloned().unwrap_or_default() {
            let value = prolly::resolve(self.read, tree, &path)?;
            hits.extend(value.and_then(|value| self.hit(&path, &value)));
        }
        let _ = tree::diff(self.read, base, Some(tree), &mut |change: Change| {
            hits.extend(change.new.and_then(|value| self.hit(&change.path, &value)));
            tree::Flow::Continue(())
        })?;
        Ok(without_inner(hits))
    }

    /// What is to go because of a path and what lies there: the path, or a folder above it.
    fn hit(&mut self, path: &RepoPath, value: &EntryValue) -> Option<RepoPath> {
        let patterns = &self.unwanted.patterns;
        let mut top = None;
        let mut at = Some(path.clone());
        let mut is_dir = matches!(value, EntryValue::Directory { .. });
        while let Some(path) = at.filter(|path| !path.is_root()) {
            let before = self.patterns.len();
            self.patterns.extend(patterns.matching(&path, is_dir).map(str::to_owned));
            let is_match = self.patterns.len() > before || patterns.matches(&path, is_dir);
            (at, is_dir) = (path.parent(), true);
            if is_match {
                top = Some(path);
            }
        }
        if let Some(top) = top {
            self.paths.insert(top.clone());
            return Some(top);
        }
        match value {
            EntryValue::File { id, .. } if self.unwanted.blobs.contains(id) => {
                self.blobs.insert(*id);
                Some(path.clone())
            }
            _ => None,
        }
    }

    /// A tree without what is unwanted; what lies at `hits` is.
    fn tree(
        &mut self,
        tree: TreeId,
        hits: &[RepoPath],
        out: &mut dyn WriteObjects,
    ) -> Result<TreeId, TreeError> {
        if let Some(known) = self.trees.get(&tree) {
            return Ok(*known);
        }
        let mut gone: BTreeSet<RepoPath> = hits.iter().cloned().collect();
        for path in &self.unwanted.paths {
            if prolly::resolve(self.read, tree, path)?.is_some() {
                gone.retain(|hit| !hit.starts_with(path));
                gone.insert(path.clone());
                self.paths.insert(path.clone());
            }
        }
        let edits: Vec<_> = gone.into_iter().map(|path| (path, None)).collect();
        let new = match edits.is_empty() {
            true => tree,
            false => {
                let mut out = Noting { out, rests: &mut self.rests };
                edit_sorted(self.read, Some(tree), &edits, &mut out)?.id
            }
        };
        self.trees.insert(tree, new);
        Ok(new)
    }
}

/// Writes trees, and notes what they name.
struct Noting<'n> {
    out: &'n mut dyn WriteObjects,
    rests: &'n mut Rests,
}

impl WriteObjects for Noting<'_> {
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError> {
        match Node::decode(&encoded).map_err(AccessError::io)? {
            Node::Inner { children, .. } => {
                self.rests.trees.extend(children.iter().map(|child| child.id));
            }
            Node::Leaf(entries) => entries.iter().for_each(|entry| match entry.value {
                EntryValue::Directory { id, .. } => {
                    self.rests.trees.insert(id);
                }
                EntryValue::File { id, size, .. } => {
                    self.rests.blobs.insert((id, size));
                }
                EntryValue::Symlink { .. } => {}
            }),
        }
        self.rests.written.insert(id);
        self.out.write_tree(id, encoded)
    }

    fn write_commit(&mut self, id: CommitId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.out.write_commit(id, encoded)
    }

    fn write_tag(&mut self, id: TagId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.out.write_tag(id, encoded)
    }
}
