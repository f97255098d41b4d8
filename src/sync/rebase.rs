//! Rule 5: everything a push rests on, checked against the very root that it replaces.

use std::collections::BTreeSet;

use super::root::Root;
use super::state::State;
use super::{Refused, SyncError};
use crate::history::merge_base::reaches;
use crate::id::{CommitId, PackId, SessionId};
use crate::object::access::{AccessError, ReadObjects};
use crate::refs::{RefName, RefTarget};

/// A ref to be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Update {
    /// The ref.
    pub name: RefName,
    /// What it was in the root that was decided on; `None` is that there was none.
    pub saw: Option<RefTarget>,
    /// What it shall be; `None` deletes it.
    pub new: Option<RefTarget>,
    /// Move it even where that leaves commits behind.
    pub is_forced: bool,
}

/// What a push rests on that is not its own.
#[derive(Clone, Debug, Default)]
pub struct Reliance {
    /// Anchors for whose sake trees or commits were left out.
    pub anchors: BTreeSet<CommitId>,
    /// Packs that hold chunks which were left out, or that recipes name.
    pub packs: BTreeSet<PackId>,
    /// Packs that earlier sessions of the same push have staged.
    pub staged: BTreeSet<PackId>,
}

/// What a check came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The root may be replaced.
    Holds,
    /// The session is fenced: nothing of it may be used.
    Fenced,
    /// An anchor is not reached any more: decide again.
    AnchorGone,
    /// A pack is not live any more: decide again, and write recipes anew.
    PackGone,
    /// A pack that was staged is not any more: nothing of what was uploaded may be used.
    StagedGone,
}

/// Checks a push against root `root`, which holds `state`, before its successor is created.
///
/// The conditions are those of rule 5: (a) the session is not fenced, (b) each ref is as it was seen or
/// still an ancestor, (c) every anchor is reached, (d) every pack relied on is live, or staged by this push.
pub fn check_against_root(
    read: &dyn ReadObjects,
    (root, state): (&Root, &State),
    session: SessionId,
    updates: &[Update],
    reliance: &Reliance,
) -> Result<Verdict, SyncError> {
    if root.is_fenced(session) {
        return Ok(Verdict::Fenced);
    }
    if !reliance.staged.iter().all(|pack| state.staged.contains_key(pack)) {
        return Ok(Verdict::StagedGone);
    }
    updates.iter().try_for_each(|update| check_ref(read, state, update))?;
    let targets = reached_commits(read, state)?;
    for anchor in &reliance.anchors {
        if !is_reached(read, *anchor, &targets)? {
            return Ok(Verdict::AnchorGone);
        }
    }
    match reliance.packs.iter().all(|pack| state.packs.contains_key(pack)) {
        true => Ok(Verdict::Holds),
        false => Ok(Verdict::PackGone),
    }
}

/// Condition (b) for one ref.
fn check_ref(read: &dyn ReadObjects, state: &State, update: &Update) -> Result<(), SyncError> {
    let name = update.name.clone();
    let now = state.target(&update.name);
    if now != update.saw && (update.is_forced || now.is_none()) {
        // What it replaces was named; a ref that vanished was deleted on purpose.
        return Err(Refused::Moved { name }.into());
    }
    let (Some(now), Some(new)) = (now, update.new) else { return Ok(()) };
    if update.is_forced || now == new {
        return Ok(());
    }
    let (true, RefTarget::Commit(now), RefTarget::Commit(new)) = (name.is_branch(), now, new)
    else {
        return Err(Refused::Exists { name }.into());
    };
    // A commit that is not here is continued by nothing that is.
    match is_reached(read, now, &[new])? {
        true => Ok(()),
        false => Err(Refused::NotAncestor { name }.into()),
    }
}

/// Whether one of `tips` is `wanted` or continues it, as far as the commits between are here.
pub fn is_reached(
    read: &dyn ReadObjects,
    wanted: CommitId,
    tips: &[CommitId],
) -> Result<bool, SyncError> {
    if tips.contains(&wanted) {
        return Ok(true);
    }
    match reaches(read, tips, wanted) {
        Err(e) if e.is_missing() => Ok(false),
        found => Ok(found?),
    }
}

/// The commits that the refs of a state point at, as far as they are here.
pub fn reached_commits(read: &dyn ReadObjects, state: &State) -> Result<Vec<CommitId>, SyncError> {
    let missing_is_none = |found: Result<CommitId, AccessError>| match found {
        Err(e) if e.is_missing() => Ok(None),
        found => found.map(Some),
    };
    let mut commits = BTreeSet::new();
    for record in state.refs.values() {
        let commit = match record.target {
            RefTarget::Commit(id) => Ok(id),
            RefTarget::Tag(id) => read.read_tag(id).map(|tag| tag.target),
        };
        let Some(id) = missing_is_none(commit)? else { continue };
        commits.extend(missing_is_none(read.read_commit(id).map(|_| id))?);
    }
    Ok(commits.into_iter().collect())
}
