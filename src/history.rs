//! Walks of the commit graph.

pub mod annotate;
pub mod graph;
pub mod merge_base;
pub mod rewrite;
mod trails;

use std::cmp::Ordering;
use std::collections::{BinaryHeap, HashSet};

use crate::diff::tree::{self, Flow};
use crate::id::{CommitId, IdState, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::commit::Commit;
use crate::path::RepoPath;
use crate::path::patterns::Selection;
use trails::Trails;

/// Commits reachable from some starts, newest first, each once.
///
/// With [`Ancestors::touching`] only those that changed what lies at some paths: of a merge that took
/// one side as it was, only that side is followed, as git does it.
pub struct Ancestors<'a> {
    read: &'a dyn ReadObjects,
    allowed: Option<HashSet<CommitId>>,
    first_parent: bool,
    not_before: i64,
    selection: Selection,
    links: Option<Links>,
    seen: HashSet<CommitId, IdState>,
    queue: BinaryHeap<Queued>,
    order: u64,
}

/// The parents that a walk followed from each commit, in their order; each commit once.
pub type Links = Vec<(CommitId, Vec<CommitId>)>;

struct Queued {
    time: i64,
    order: u64,
    id: CommitId,
    commit: Commit,
    trails: Trails,
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
        Self::build(read).start(starts)
    }

    /// A walk that is yet to be told what to leave out, and then to [`Ancestors::start`].
    pub fn build(read: &'a dyn ReadObjects) -> Self {
        Self {
            read,
            allowed: None,
            first_parent: false,
            not_before: i64::MIN,
            selection: Selection::default(),
            links: None,
            seen: HashSet::default(),
            queue: BinaryHeap::new(),
            order: 0,
        }
    }

    /// Never leaves these commits.
    pub fn within(mut self, allowed: HashSet<CommitId>) -> Self {
        self.allowed = Some(allowed);
        self
    }

    /// Follows only the first parent of each commit.
    pub fn first_parent(mut self) -> Self {
        self.first_parent = true;
        self
    }

    /// Ends where every commit left is older than this, in seconds since 1970.
    pub fn not_before(mut self, seconds: i64) -> Self {
        self.not_before = seconds;
        self
    }

    /// Leaves out commits that changed nothing of what is selected; everything is no such condition.
    pub fn touching(mut self, selection: Selection) -> Self {
        self.selection = selection;
        self
    }

    /// Remembers which parents it follows, for [`Ancestors::into_links`].
    pub fn with_links(mut self) -> Self {
        self.links = Some(Links::new());
        self
    }

    /// The links of a walk [`Ancestors::with_links`], also of the commits it left out.
    pub fn into_links(self) -> Links {
        self.links.unwrap_or_default()
    }

    /// Adds commits to start from.
    pub fn start(
        mut self,
        starts: impl IntoIterator<Item = CommitId>,
    ) -> Result<Self, AccessError> {
        for id in starts {
            if self.is_new(id) {
                let commit = self.read.read_commit(id)?;
                // By paths nothing can be said of a tree that was let go.
                let tree = match self.paths().is_empty() {
                    true => commit.tree,
                    false => self.read.read_root(id)?,
                };
                let trails = Trails::of(self.read, tree, self.paths(), None)?;
                self.push(id, commit, trails, i64::MAX);
            }
        }
        Ok(self)
    }

    /// The tree of a commit, if it is to be read and was not let go.
    fn find_root(&self, id: CommitId, commit: &Commit) -> Result<Option<TreeId>, AccessError> {
        match self.paths().is_empty() {
            true => Ok(Some(commit.tree)),
            false => self.read.find_root(id),
        }
    }

    /// Paths that lead to all that is selected; none where that is everything.
    fn paths(&self) -> &[RepoPath] {
        self.selection.bounds()
    }

    /// Whether something selected differs between trees that differ below the paths that lead there.
    fn has_changed(&self, old: Option<TreeId>, new: TreeId) -> Result<bool, AccessError> {
        if self.selection.is_whole() {
            return Ok(true);
        }
        let mut stop = |_| Flow::Break(());
        let ended = tree::diff_selected(self.read, old, Some(new), &self.selection, &mut stop)?;
        Ok(ended.is_break())
    }

    fn is_new(&self, id: CommitId) -> bool {
        self.allowed.as_ref().is_none_or(|allowed| allowed.contains(&id))
            && !self.seen.contains(&id)
    }

    /// A parent counts as no younger than its child, whatever the clocks said.
    fn push(&mut self, id: CommitId, commit: Commit, trails: Trails, latest: i64) {
        self.seen.insert(id);
        let time = commit.committer.seconds.min(latest);
        self.order += 1;
        self.queue.push(Queued { time, order: self.order, id, commit, trails });
    }

    /// Follows a commit to its parents; gives it back if it belongs to what was asked for.
    fn step(&mut self, queued: Queued) -> Result<Option<(CommitId, Commit)>, AccessError> {
        let Queued { time, id, commit, trails, .. } = queued;
        let count = if self.first_parent { 1 } else { commit.parents.len() };
        let mut followed = Vec::new();
        let mut is_touched = true;
        for parent in commit.parents.iter().take(count) {
            if self.paths().is_empty() && !self.is_new(*parent) {
                followed.push((*parent, None));
                continue;
            }
            let theirs = self.read.read_commit(*parent)?;
            // A parent whose tree was let go is taken to have the same, so that the walk goes on to
            // those before it.
            let their_trails = match self.find_root(*parent, &theirs)? {
                Some(tree) => Trails::of(self.read, tree, self.paths(), Some(&trails))?,
                None => trails.clone(),
            };
            is_touched = self.paths().is_empty()
                || (!their_trails.lead_to_the_same(&trails)
                    && self.has_changed(Some(their_trails.tree()), trails.tree())?);
            if !is_touched {
                followed = vec![(*parent, Some((theirs, their_trails)))];
                break;
            }
            followed.push((*parent, Some((theirs, their_trails))));
        }
        if followed.is_empty() {
            is_touched = self.paths().is_empty()
                || (trails.lead_anywhere() && self.has_changed(None, trails.tree())?);
        }
        let is_allowed = |id: &CommitId| self.allowed.as_ref().is_none_or(|all| all.contains(id));
        let links = followed.iter().map(|(id, _)| *id).filter(is_allowed).collect();
        for (parent, read) in followed {
            if let Some((commit, trails)) = read.filter(|_| self.is_new(parent)) {
                self.push(parent, commit, trails, time);
            }
        }
        if let Some(all) = &mut self.links {
            all.push((id, links));
        }
        Ok(is_touched.then_some((id, commit)))
    }
}

impl Iterator for Ancestors<'_> {
    type Item = Result<(CommitId, Commit), AccessError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let queued = self.queue.pop().filter(|queued| queued.time >= self.not_before)?;
            match self.step(queued) {
                Ok(None) => {}
                Ok(Some(found)) => return Some(Ok(found)),
                Err(e) => {
                    self.queue.clear();
                    return Some(Err(e));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
