//! The commit that last changed each entry of a folder, found in one walk for all of them.

use std::collections::{BTreeMap, BinaryHeap, HashMap, HashSet};

use crate::diff::tree::{Flow, level};
use crate::id::{CommitId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::commit::Commit;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

type Name = Box<str>;

/// The commit that last changed each of `names` in folder `dir`, as it is in `start`.
///
/// A name is followed to the first parent that has the same under it. The cost of a step lies in what
/// the commit changed in the folder, not in how many names are left.
pub fn last_changes(
    read: &dyn ReadObjects,
    start: CommitId,
    dir: &RepoPath,
    names: HashSet<Name>,
) -> Result<BTreeMap<Name, CommitId>, AccessError> {
    let mut walk = Walk { read, dir, open: HashMap::new(), queue: BinaryHeap::new(), order: 0 };
    let mut found = BTreeMap::new();
    walk.hand_on(start, i64::MAX, names)?;
    while let Some((time, _, id)) = walk.queue.pop() {
        let Some(Open { commit, folder, names }) = walk.open.remove(&id) else { continue };
        for name in walk.settle(time, &commit, folder, names)? {
            found.insert(name, id);
        }
    }
    Ok(found)
}

struct Walk<'w> {
    read: &'w dyn ReadObjects,
    dir: &'w RepoPath,
    /// Commits that wait, with the names that have come down to them.
    open: HashMap<CommitId, Open>,
    /// Newest first; of equal times the one met first.
    queue: BinaryHeap<(i64, i64, CommitId)>,
    order: i64,
}

struct Open {
    commit: Commit,
    folder: Option<TreeId>,
    names: HashSet<Name>,
}

impl Walk<'_> {
    /// Gives names to a commit that has the same under them.
    fn hand_on(
        &mut self,
        id: CommitId,
        latest: i64,
        names: HashSet<Name>,
    ) -> Result<(), AccessError> {
        if names.is_empty() {
            return Ok(());
        }
        if let Some(open) = self.open.get_mut(&id) {
            open.names.extend(names);
            return Ok(());
        }
        let commit = self.read.read_commit(id)?;
        let folder = self.folder(self.read.read_root(id)?)?;
        // A parent counts as no younger than its child, whatever the clocks said.
        let time = commit.committer.seconds.min(latest);
        self.order -= 1;
        self.queue.push((time, self.order, id));
        self.open.insert(id, Open { commit, folder, names });
        Ok(())
    }

    fn folder(&self, root: TreeId) -> Result<Option<TreeId>, AccessError> {
        Ok(match prolly::resolve(self.read, root, self.dir)? {
            Some(EntryValue::Directory { id, .. }) => Some(id),
            _ => None,
        })
    }

    /// Hands each name on to a parent that has the same, and returns those that no parent has.
    fn settle(
        &mut self,
        time: i64,
        commit: &Commit,
        folder: Option<TreeId>,
        mut names: HashSet<Name>,
    ) -> Result<HashSet<Name>, AccessError> {
        for parent in &commit.parents {
            // Before a tree that was let go nothing is known: here the entry is met first.
            let Some(theirs) = self.read.find_root(*parent)? else { continue };
            let theirs = self.folder(theirs)?;
            let mut changed = HashSet::new();
            let _ = level(self.read, theirs, folder, &mut |old, new| {
                if old != new {
                    let name = old.or(new).map(|entry| entry.name);
                    changed.extend(name.and_then(|name| names.take(&name)));
                }
                Ok(Flow::Continue(()))
            })?;
            // What did not differ is the parent's, what did is asked of the next.
            let same = std::mem::replace(&mut names, changed);
            self.hand_on(*parent, time, same)?;
        }
        Ok(names)
    }
}
