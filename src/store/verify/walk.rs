//! The walk of everything reachable: commits, then trees, then the contents they name.
//!
//! Each node of a tree is read once, however many versions share it, and the walk keeps its own
//! stack, so that no depth of folders is too deep.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crossbeam_channel::bounded;

use super::blobs::{self, Blobs, Layouts};
use super::report::{Counts, Lost};
use super::shape::{self, Ends};
use super::tables::{Found, Index};
use super::{Roots, Run, Subject, VerifyError};
use crate::id::{Address, CommitId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::tree::{ChildNode, Entry, EntryValue, Node, Totals};
use crate::pack::layout::PackKind;
use crate::store::{Store, StoreError};

/// Contents that may wait for a worker.
const WAITING_JOBS: usize = 256;

/// What the walk found.
pub(super) struct Walked {
    pub(super) counts: Counts,
    /// The trees of all commits, newest first, then the staged ones, by name.
    pub(super) starts: Vec<(String, TreeId)>,
}

/// Checks everything reachable from `roots`.
pub(super) fn check(
    run: &Run<'_>,
    store: &Store,
    index: &Index,
    roots: &Roots,
) -> Result<Walked, VerifyError> {
    run.options.progress.begin("verify files", None, None);
    let layouts = Layouts::default();
    let (sender, receiver) = bounded(WAITING_JOBS);
    let walked = std::thread::scope(|scope| {
        let spawn = |_| {
            let (receiver, layouts) = (receiver.clone(), &layouts);
            scope.spawn(move || blobs::work(run, store, index, layouts, &receiver))
        };
        let workers: Vec<_> = (0..run.options.threads.max(1)).map(spawn).collect();
        // When all workers have failed, nothing may wait for them.
        drop(receiver);
        let blobs = Blobs::new(run, index, store, sender);
        let walked = Walk::new(run, store, index, blobs).run(roots);
        let mut counts = Counts::default();
        for worker in workers {
            counts += worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        let mut walked = walked?;
        walked.counts += counts;
        Ok(walked)
    });
    run.options.progress.finish();
    walked
}

/// A tree of a commit.
struct FoundTree {
    /// The commit, as it is shown.
    name: String,
    id: CommitId,
    tree: TreeId,
}

/// What a directory is said, or found, to hold: files and bytes.
type Sums = (u64, u64);

/// A directory to be visited.
struct Pending {
    id: TreeId,
    /// What the directory above says of it, and which one that is.
    said: Option<(Sums, TreeId)>,
}

/// What is kept of a node below the top of a large directory.
struct Facts {
    level: u8,
    first: Box<str>,
    last: Box<str>,
    totals: Totals,
    ends: Ends,
    /// Whether its children were visited as part of the end of their level, and otherwise.
    visited: [bool; 2],
}

/// A node below the top of a large directory, to be visited.
struct Place {
    parent: TreeId,
    level: u8,
    child: ChildNode,
    /// The last name of the child before it.
    after: Option<Box<str>>,
    /// Whether it is the last of its level.
    is_last: bool,
}

struct Walk<'w> {
    run: &'w Run<'w>,
    store: &'w Store,
    index: &'w Index,
    blobs: Blobs<'w>,
    /// Directories visited; `None` where the top node cannot be read.
    dirs: HashMap<TreeId, Option<Sums>>,
    /// Inner parts of large directories; `None` for what cannot be read.
    nodes: HashMap<TreeId, Option<Facts>>,
    pending: Vec<Pending>,
    counts: Counts,
}

impl<'w> Walk<'w> {
    fn new(run: &'w Run<'w>, store: &'w Store, index: &'w Index, blobs: Blobs<'w>) -> Self {
        let (dirs, nodes) = (HashMap::new(), HashMap::new());
        let (pending, counts) = (Vec::new(), Counts::default());
        Self { run, store, index, blobs, dirs, nodes, pending, counts }
    }

    fn run(mut self, roots: &Roots) -> Result<Walked, VerifyError> {
        let promised = self.promised(roots)?;
        let commits = self.commits(roots)?;
        // What a remote promised first: whatever is missing and was not met there is lost.
        for is_promised in [true, false] {
            self.blobs.in_promise = is_promised;
            let of_kind =
                commits.iter().filter(|found| promised.contains(&found.id) == is_promised);
            of_kind.map(|found| found.tree).try_for_each(|tree| self.tree(tree))?;
        }
        let mut starts: Vec<_> =
            commits.into_iter().map(|found| (found.name, found.tree)).collect();
        roots.trees.iter().try_for_each(|(_, tree)| self.tree(*tree))?;
        starts.extend(roots.trees.iter().cloned());
        self.counts += self.blobs.counts;
        Ok(Walked { counts: self.counts, starts })
    }

    fn tree(&mut self, id: TreeId) -> Result<(), VerifyError> {
        self.pending.push(Pending { id, said: None });
        while let Some(next) = self.pending.pop() {
            self.run.options.cancel.check()?;
            self.directory(next)?;
        }
        Ok(())
    }

    /// The commits whose files may be missing, as far as they can be read.
    fn promised(&self, roots: &Roots) -> Result<HashSet<CommitId>, VerifyError> {
        let mut queue: Vec<CommitId> = roots.promised.iter().map(|(_, id)| *id).collect();
        let mut seen = HashSet::new();
        while let Some(id) = queue.pop() {
            self.run.options.cancel.check()?;
            if seen.insert(id)
                && let Ok(commit) = self.store.read_commit(id)
            {
                queue.extend(commit.parents);
            }
        }
        Ok(seen)
    }

    /// Finds the cause of an object of the history that cannot be read.
    fn cause(
        &self,
        address: Address,
        own: Subject,
        error: &AccessError,
    ) -> Result<(Subject, String), VerifyError> {
        Ok(match self.index.find(PackKind::History, &address)? {
            Found::Lost(subject) => (subject, "it is known to be damaged".to_owned()),
            Found::Nowhere => (own, "it is missing".to_owned()),
            Found::At(at) if is_block_damage(error) => {
                (Subject::Block(at.pack, at.place.block_offset), error.to_string())
            }
            Found::At(_) => (own, error.to_string()),
        })
    }
}

fn is_block_damage(error: &AccessError) -> bool {
    match error {
        AccessError::Io(inner) => {
            matches!(inner.downcast_ref::<StoreError>(), Some(StoreError::Pack { .. }))
        }
        _ => false,
    }
}

// Commits and tags.
impl Walk<'_> {
    /// The commits that names point at, with who needs them; the last is visited first.
    fn tips(&self, roots: &Roots) -> Result<Vec<(String, CommitId)>, VerifyError> {
        let mut queue = roots.commits.clone();
        queue.extend(roots.promised.iter().cloned());
        for (label, id) in &roots.tags {
            match self.store.read_tag(*id) {
                Ok(tag) => queue.push((label.clone(), tag.target)),
                Err(e) => {
                    let (subject, what) = self.cause((*id).into(), Subject::Tag(*id), &e)?;
                    let mut problems = self.run.problems();
                    let at = problems.report_lost(Lost::Tag(*id), subject, what);
                    problems.needed_by(at, || label.clone());
                }
            }
        }
        queue.reverse();
        Ok(queue)
    }

    /// Visits all commits; returns their trees, newest commit first.
    fn commits(&mut self, roots: &Roots) -> Result<Vec<FoundTree>, VerifyError> {
        let mut queue = self.tips(roots)?;
        let mut seen: HashMap<CommitId, Option<usize>> = HashMap::new();
        let mut found = Vec::new();
        while let Some((label, id)) = queue.pop() {
            self.run.options.cancel.check()?;
            let slot = match seen.entry(id) {
                Slot::Occupied(slot) => {
                    if let Some(at) = *slot.get() {
                        self.run.problems().needed_by(at, || label);
                    }
                    continue;
                }
                Slot::Vacant(slot) => slot,
            };
            self.counts.commits += 1;
            self.counts.shallow += u64::from(self.store.absent().shallow.contains(&id));
            match self.store.read_commit(id) {
                Ok(commit) => {
                    slot.insert(None);
                    let name = id.short();
                    queue.extend(commit.parents.iter().map(|p| (name.clone(), *p)));
                    if self.store.forgotten().contains_key(&id) {
                        self.counts.forgotten += 1;
                        continue;
                    }
                    let trees = [Some(commit.tree), commit.attributes];
                    found.extend(
                        trees
                            .into_iter()
                            .flatten()
                            .map(|tree| (commit.committer.seconds, name.clone(), id, tree)),
                    );
                }
                Err(e) => {
                    let (subject, what) = self.cause(id.into(), Subject::Commit(id), &e)?;
                    let mut problems = self.run.problems();
                    let at = problems.report_lost(Lost::Commit(id), subject, what);
                    problems.needed_by(at, || label);
                    slot.insert(Some(at));
                }
            }
        }
        found.sort_by_key(|(seconds, ..)| std::cmp::Reverse(*seconds));
        Ok(found.into_iter().map(|(_, name, id, tree)| FoundTree { name, id, tree }).collect())
    }
}

// Trees.
impl Walk<'_> {
    fn directory(&mut self, Pending { id, said }: Pending) -> Result<(), VerifyError> {
        if !self.dirs.contains_key(&id) {
            let sums = self.top_node(id)?;
            self.dirs.insert(id, sums);
        }
        if let (Some((said, parent)), Some(Some(found))) = (said, self.dirs.get(&id))
            && said != *found
        {
            let what = format!(
                "it says that tree {id} holds {} files of {} bytes, which holds {} of {}",
                said.0, said.1, found.0, found.1
            );
            self.misshapen(parent, what);
        }
        Ok(())
    }

    /// A node that was read and is not what it must be: its directory is reported under its id.
    fn misshapen(&self, id: TreeId, what: impl Into<String>) {
        self.run.problems().report_lost(Lost::Tree(id), Subject::Tree(id), what);
    }

    fn read(&mut self, id: TreeId) -> Result<Option<Arc<Node>>, VerifyError> {
        self.counts.trees += 1;
        match self.store.read_tree(id) {
            Ok(node) => Ok(Some(node)),
            Err(e) => {
                let (subject, what) = self.cause(id.into(), Subject::Tree(id), &e)?;
                self.run.problems().report_lost(Lost::Tree(id), subject, what);
                Ok(None)
            }
        }
    }

    /// Visits a directory from its top node down; subdirectories are left for later.
    fn top_node(&mut self, id: TreeId) -> Result<Option<Sums>, VerifyError> {
        let Some(node) = self.read(id)? else { return Ok(None) };
        let totals = node.totals();
        match &*node {
            Node::Leaf(entries) => {
                if totals.entries > shape::SINGLE_LEAF && shape::ends(&node).is_early {
                    self.misshapen(id, WRONG_ENDS);
                }
                self.entries(id, entries)?;
            }
            Node::Inner { level, children } => {
                let is_small = totals.entries <= shape::SINGLE_LEAF || children.len() < 2;
                if is_small || shape::ends(&node).is_early {
                    self.misshapen(id, WRONG_ENDS);
                }
                let mut places = Vec::new();
                push_children(&mut places, id, *level, children, true);
                while let Some(place) = places.pop() {
                    self.inner_node(place, &mut places)?;
                }
            }
        }
        Ok(Some((totals.files, totals.bytes)))
    }

    /// Visits a node below the top of a large directory, and has its children visited.
    fn inner_node(&mut self, place: Place, places: &mut Vec<Place>) -> Result<(), VerifyError> {
        let id = place.child.id;
        if !self.nodes.contains_key(&id) {
            let facts = self.first_visit(id)?;
            self.nodes.insert(id, facts);
        }
        let Some(Some(facts)) = self.nodes.get_mut(&id) else { return Ok(()) };
        let is_visited = std::mem::replace(&mut facts.visited[usize::from(place.is_last)], true);
        if let Some(fault) = fault_of(facts, &place) {
            let parent = place.parent;
            self.misshapen(parent, format!("below it, in tree {id}, {fault}"));
            return Ok(());
        }
        let (level, ends) = (facts.level, facts.ends);
        if ends.is_early || !(ends.is_last || place.is_last) {
            self.misshapen(id, WRONG_ENDS);
        }
        // Whether a node is the last of its level decides which of its children may end early.
        if level > 0
            && !is_visited
            && let Ok(node) = self.store.read_tree(id)
            && let Node::Inner { children, .. } = &*node
        {
            push_children(places, id, level, children, place.is_last);
        }
        Ok(())
    }

    fn first_visit(&mut self, id: TreeId) -> Result<Option<Facts>, VerifyError> {
        let Some(node) = self.read(id)? else { return Ok(None) };
        if let Node::Leaf(entries) = &*node {
            self.entries(id, entries)?;
        }
        Ok(Some(Facts {
            level: node.level(),
            first: self.first_name(node.clone()),
            last: node.last_name().unwrap_or_default().into(),
            totals: node.totals(),
            ends: shape::ends(&node),
            visited: [false; 2],
        }))
    }

    /// The first name below a node, as far down as its nodes can be read.
    fn first_name(&self, mut node: Arc<Node>) -> Box<str> {
        loop {
            let child = match &*node {
                Node::Leaf(entries) => {
                    return entries.first().map(|e| e.name.clone()).unwrap_or_default();
                }
                Node::Inner { level, children } => children.first().map(|c| (*level, c.clone())),
            };
            let Some((level, child)) = child else { return Box::default() };
            match self.store.read_tree(child.id) {
                // Levels that do not descend are found when the child is visited.
                Ok(below) if below.level() < level => node = below,
                _ => return child.last_name,
            }
        }
    }

    fn entries(&mut self, dir: TreeId, entries: &[Entry]) -> Result<(), VerifyError> {
        for entry in entries {
            match entry.value {
                EntryValue::File { id, size, .. } => {
                    self.counts.files += 1;
                    self.blobs.check(id, size)?;
                }
                EntryValue::Symlink { .. } => {}
                EntryValue::Directory { id, files, bytes } => {
                    self.pending.push(Pending { id, said: Some(((files, bytes), dir)) });
                }
            }
        }
        Ok(())
    }
}

const WRONG_ENDS: &str = "its nodes do not end where the names say";

/// How a node contradicts its parent.
fn fault_of(facts: &Facts, place: &Place) -> Option<&'static str> {
    if facts.level.checked_add(1) != Some(place.level) {
        Some("the level does not fit")
    } else if facts.last != place.child.last_name {
        Some("the last name is another")
    } else if facts.totals != place.child.totals() {
        Some("the sums are others")
    } else if place.after.as_ref().is_some_and(|after| **after >= *facts.first) {
        Some("the names overlap those before")
    } else {
        None
    }
}

/// Has the children of a node visited, the first one first.
fn push_children(
    places: &mut Vec<Place>,
    parent: TreeId,
    level: u8,
    children: &[ChildNode],
    is_last: bool,
) {
    for (at, child) in children.iter().enumerate().rev() {
        let after = at.checked_sub(1).map(|before| children[before].last_name.clone());
        let is_last = is_last && at + 1 == children.len();
        places.push(Place { parent, level, child: child.clone(), after, is_last });
    }
}
