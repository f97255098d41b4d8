//! What a collection may condemn though others changed the remote since it marked.
//!
//! Beside many pushes a collection that marks everything again for each root never comes first. So one mark
//! finds the packs that nothing which is reached touches, *by any entry*, not only by the one that readers
//! use: whatever entry they come to use, it lies in a pack that was touched, or in one that came later.
//! On a later root those may be condemned that are still listed, if no recipe that came since names them
//! and nothing that refs newly reach touches them. What came after the mark is never condemned.

use std::collections::{BTreeMap, BTreeSet};

use super::SyncError;
use super::chain::Remote;
use super::missing::{Missing, decide_missing};
use super::objects::{Layouts, RemoteHistory};
use super::places::Index;
use super::source::Source;
use super::state::State;
use crate::history::merge_base::is_ancestor;
use crate::id::{Address, CommitId, PackId};
use crate::object::access::ReadObjects;
use crate::pack::PackKind;
use crate::progress::Cancel;
use crate::recipe::packs_named;
use crate::refs::{RefName, RefTarget};
use crate::store::Store;

/// Packs of one root that nothing touches which its refs reach, nor what those of later ones reach.
pub struct Untouched {
    /// The refs of the newest root that was looked at.
    refs: BTreeMap<RefName, RefTarget>,
    /// All packs of the roots that were looked at.
    listed: BTreeSet<PackId>,
    packs: BTreeSet<PackId>,
}

impl Untouched {
    /// Marks everything that the refs of a state reach.
    pub fn of(
        remote: &Remote<'_>,
        state: &State,
        store: &Store,
        transfers: usize,
        cancel: &Cancel,
    ) -> Result<Self, SyncError> {
        let history = RemoteHistory::new(remote, state, store);
        history.prefetch(transfers, cancel)?;
        let refs = refs_of(state);
        let targets: Vec<RefTarget> = refs.values().copied().collect();
        let reached = decide_missing(&history, &targets, &[], &BTreeMap::new())?;
        let touched = touched(remote, state, &history, &reached, cancel)?;
        let listed: BTreeSet<PackId> = state.packs.keys().copied().collect();
        let packs = listed.difference(&touched).copied().collect();
        Ok(Self { refs, listed, packs })
    }

    /// Those that may be condemned in the root that follows one with this state, which is newer than
    /// that of the call before.
    pub fn on(
        &mut self,
        remote: &Remote<'_>,
        state: &State,
        store: &Store,
        cancel: &Cancel,
    ) -> Result<&BTreeSet<PackId>, SyncError> {
        self.packs.retain(|pack| state.packs.contains_key(pack));
        if self.packs.is_empty() {
            return Ok(&self.packs);
        }
        let mut left = self.packs.clone();
        let is_new = |pack: &PackId| !self.listed.contains(pack);
        let layouts = state.packs.iter().filter(|(_, record)| record.kind == PackKind::Layout);
        for (id, record) in layouts.filter(|(id, _)| is_new(id)) {
            cancel.check()?;
            let source = Source::read(remote.transport, remote.cache, (*id, record))?;
            source.for_each(&mut |_, bytes| {
                for named in packs_named(bytes)? {
                    left.remove(&named);
                }
                Ok(())
            })?;
        }
        let history = RemoteHistory::new(remote, state, store);
        let (targets, anchors) = self.moved(state, &history)?;
        let reached = decide_missing(&history, &targets, &anchors, &BTreeMap::new())?;
        let touched = touched(remote, state, &history, &reached, cancel)?;
        left.retain(|pack| !touched.contains(pack));
        self.listed.extend(state.packs.keys());
        (self.refs, self.packs) = (refs_of(state), left);
        Ok(&self.packs)
    }

    /// What refs point to now and did not, and the commits that they pointed to and still reach.
    fn moved(
        &self,
        state: &State,
        read: &dyn ReadObjects,
    ) -> Result<(Vec<RefTarget>, Vec<CommitId>), SyncError> {
        let (mut targets, mut anchors) = (Vec::new(), Vec::new());
        for (name, record) in &state.refs {
            let (old, new) = (self.refs.get(name).copied(), record.target);
            if old == Some(new) {
                anchors.push(commit_of(read, new)?);
                continue;
            }
            targets.push(new);
            // One that is gone cannot be read: it is no anchor.
            if let Some(RefTarget::Commit(old)) = old
                && matches!(is_ancestor(read, old, commit_of(read, new)?), Ok(true))
            {
                anchors.push(old);
            }
        }
        Ok((targets, anchors))
    }
}

fn refs_of(state: &State) -> BTreeMap<RefName, RefTarget> {
    state.refs.iter().map(|(name, record)| (name.clone(), record.target)).collect()
}

fn commit_of(read: &dyn ReadObjects, target: RefTarget) -> Result<CommitId, SyncError> {
    Ok(match target {
        RefTarget::Commit(id) => id,
        RefTarget::Tag(id) => read.read_tag(id)?.target,
    })
}

/// The packs in which something of `reached` lies, and those that any recipe of it names.
fn touched(
    remote: &Remote<'_>,
    state: &State,
    history: &RemoteHistory<'_>,
    reached: &Missing,
    cancel: &Cancel,
) -> Result<BTreeSet<PackId>, SyncError> {
    let mut touched = BTreeSet::new();
    let index = history.index()?;
    let commits = reached.commits.iter().map(|id| Address::from(*id));
    let trees = reached.trees.iter().map(|id| Address::from(*id));
    let tags = reached.tags.iter().map(|id| Address::from(*id));
    for address in commits.chain(trees).chain(tags) {
        touched.extend(some(&address, packs_of(&index, &address)?)?);
    }
    if reached.blobs.is_empty() {
        return Ok(touched);
    }
    let data = Index::open(remote, state, PackKind::Data, None)?;
    let layouts = Layouts::new(remote, state)?;
    for &(blob, _) in &reached.blobs {
        cancel.check()?;
        let mut packs = layouts.packs_of_any(blob)?;
        packs.extend(packs_of(&data, &blob.into())?);
        touched.extend(some(&blob.into(), packs)?);
    }
    Ok(touched)
}

fn packs_of(index: &Index, address: &Address) -> Result<BTreeSet<PackId>, SyncError> {
    Ok(index.find_all(address)?.iter().map(|at| at.pack).collect())
}

/// What holds an object that is reached: something must.
fn some(of: &Address, packs: BTreeSet<PackId>) -> Result<BTreeSet<PackId>, SyncError> {
    match packs.is_empty() {
        true => Err(SyncError::damaged(of.to_string(), "no live pack holds it")),
        false => Ok(packs),
    }
}
