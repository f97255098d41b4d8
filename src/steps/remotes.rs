//! What push, fetch, pull and clone share: what was seen of a remote, and its refs as they are kept here.
//!
//! The branches of a remote are `refs/remotes/<remote>/<branch>`; its tags become tags here. The newest
//! root seen is kept in `state.db`, so that a remote that goes back is noticed.

use crate::db::{DbError, StateDb, Tx};
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{RefName, RefNote, RefTarget, RefUpdate, WorktreeId};
use crate::repo::Repo;
use crate::sync::SyncError;
use crate::sync::arriving::Beside;
use crate::sync::chain::{MAX_RELOADS, Remote, Seen, StoredRoot};
use crate::sync::download::{Fetch, FetchPlan, Fetched, Scope};
use crate::sync::state::State;

use super::{RunContext, StepError};

const SEEN: &str = "remote-seen";

/// The newest root seen on a remote.
pub fn seen(db: &StateDb, remote: &str) -> Result<Option<Seen>, DbError> {
    let bytes = db.read(|view| view.journal(WorktreeId::MAIN, SEEN, remote.as_bytes()))?;
    Ok(bytes.and_then(|bytes| Seen::from_bytes(&bytes)))
}

/// Remembers the newest root seen on a remote.
pub fn set_seen(tx: &Tx<'_>, remote: &str, seen: Seen) -> Result<(), DbError> {
    tx.put_journal(WorktreeId::MAIN, SEEN, remote.as_bytes(), &seen.to_bytes())
}

/// Forgets what was seen on a remote.
pub fn forget_seen(tx: &Tx<'_>, remote: &str) -> Result<(), DbError> {
    tx.delete_journal(WorktreeId::MAIN, SEEN, remote.as_bytes()).map(|_| ())
}

/// Commits that refs and HEAD point at: everything below them is here.
pub fn local_tips(repo: &Repo) -> Result<Vec<CommitId>, StepError> {
    let mut tips: Vec<CommitId> = repo.head()?.commit().into_iter().collect();
    for (_, target) in repo.db.read(|view| view.refs("refs/"))? {
        tips.push(match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => repo.store.read_tag(id)?.target,
        });
    }
    tips.sort_unstable();
    tips.dedup();
    Ok(tips)
}

/// The ref here that follows a ref of the remote; `None` for those that none follows.
pub fn tracking(remote: &str, name: &RefName) -> Option<RefName> {
    match name.is_branch() {
        true => RefName::remote_branch(remote, name.short()).ok(),
        false => name.is_tag().then(|| name.clone()),
    }
}

/// A remote as it is at this moment.
pub struct Now<'n> {
    /// Its name here.
    pub name: &'n str,
    /// Where it is.
    pub remote: &'n Remote<'n>,
    /// Its newest root.
    pub root: &'n StoredRoot,
    /// What that holds.
    pub state: &'n State,
}

/// What a fetch is to bring.
#[derive(Clone, Copy)]
pub struct Wanted<'w> {
    /// Which refs of the remote.
    pub refs: &'w dyn Fn(&RefName) -> bool,
    /// Whether refs here are removed whose branch is gone from the remote.
    pub prune: bool,
    /// How much of what they reach.
    pub scope: Scope,
    /// Whether the history before commits is brought whose parents were not fetched.
    pub unshallow: bool,
    /// What is done beside it with what comes, where nothing is here yet.
    pub beside: Option<&'w dyn Beside>,
}

/// How much fetches of a repository bring: where files are missing on purpose, no others come either.
pub fn scope_of(repo: &Repo) -> Scope {
    Scope { history_only: !repo.store.absent().promised.is_empty(), depth: None }
}

/// A root, and what it holds.
pub type At = (StoredRoot, State);

/// What a fetch brought, and the refs that it moved.
pub type Done = (Fetched, Vec<Moved>);

/// What a fetch came to.
pub type FetchResult = Result<Done, FetchError>;

/// A ref here that a fetch moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// The ref on the remote.
    pub name: RefName,
    /// The ref here and its move.
    pub update: RefUpdate,
}

/// Brings what refs of the remote reach, and moves the refs here that follow them.
///
/// Tags here are never moved.
pub fn fetch(
    repo: &Repo,
    now: &Now<'_>,
    wanted: Wanted<'_>,
    note: &RefNote,
    run: &RunContext,
    downloads: usize,
) -> FetchResult {
    let moves = moves(repo, now, wanted)?;
    let seen = Seen { seq: now.root.root.seq, hash: now.root.hash };
    let fetch = fetch_of(repo, now, wanted, run, downloads)?;
    let mut targets = targets(&moves);
    let ends: Vec<CommitId> = match wanted.unshallow {
        true => repo.store.absent().shallow.iter().copied().collect(),
        false => Vec::new(),
    };
    for id in &ends {
        let parents = repo.store.true_parents(*id).map_err(StepError::from)?;
        targets.extend(parents.into_iter().map(RefTarget::Commit));
    }
    let (fetched, ()) = fetch.run::<(), FetchError>(&targets, |tx| {
        ends.iter().try_for_each(|id| tx.clear_shallow(*id).map(|_| ()))?;
        for moved in &moves {
            tx.update_ref(moved.update.clone(), note)?;
        }
        Ok(set_seen(tx, now.name, seen)?)
    })?;
    Ok((fetched, moves))
}

/// Says what [`fetch`] would bring and move, and brings nothing but the history that it must read for that.
pub fn plan_fetch(
    repo: &Repo,
    now: &Now<'_>,
    wanted: Wanted<'_>,
    run: &RunContext,
    downloads: usize,
) -> Result<(FetchPlan, Vec<Moved>), FetchError> {
    let moves = moves(repo, now, wanted)?;
    let plan = fetch_of(repo, now, wanted, run, downloads)?.plan_run(&targets(&moves))?;
    Ok((plan, moves))
}

fn fetch_of<'n>(
    repo: &'n Repo,
    now: &Now<'n>,
    wanted: Wanted<'n>,
    run: &'n RunContext,
    downloads: usize,
) -> Result<Fetch<'n>, FetchError> {
    Ok(Fetch {
        name: now.name,
        remote: now.remote,
        state: now.state,
        store: &repo.store,
        local_tips: local_tips(repo)?,
        scope: wanted.scope,
        downloads,
        level: repo.settings.core.compression_level,
        progress: &*run.progress,
        cancel: &run.cancel,
        beside: wanted.beside,
    })
}

/// The refs here that a fetch moves, by their names on the remote.
fn moves(repo: &Repo, now: &Now<'_>, wanted: Wanted<'_>) -> Result<Vec<Moved>, FetchError> {
    let mut moves = Vec::new();
    for (name, record) in now.state.refs.iter().filter(|(name, _)| (wanted.refs)(name)) {
        let Some(here) = tracking(now.name, name) else { continue };
        let old = repo.db.read(|view| view.get_ref(&here))?;
        if old == Some(record.target) || (name.is_tag() && old.is_some()) {
            continue;
        }
        let update = RefUpdate { name: here, old, new: Some(record.target) };
        moves.push(Moved { name: name.clone(), update });
    }
    if wanted.prune {
        moves.extend(gone(repo, now)?);
    }
    Ok(moves)
}

fn targets(moves: &[Moved]) -> Vec<RefTarget> {
    moves.iter().filter_map(|moved| moved.update.new).collect()
}

/// As [`fetch`], from the newest root: where keys of the one at hand were deleted meanwhile, from a newer.
pub fn fetch_newest<'r>(
    repo: &Repo,
    (name, remote): (&str, &'r Remote<'r>),
    mut at: At,
    fetch: &dyn Fn(&Repo, &Now<'_>) -> FetchResult,
) -> Result<(Done, At), FetchError> {
    for _ in 0..MAX_RELOADS {
        let now = Now { name, remote, root: &at.0, state: &at.1 };
        match fetch(repo, &now) {
            Err(FetchError::Sync(e)) if e.is_missing_key() => {
                remote.newer(&at.0, e)?;
                let seen = Seen { seq: at.0.root.seq, hash: at.0.hash };
                at = remote.load(Some(seen))?.unwrap_or(at);
            }
            fetched => return Ok((fetched?, at)),
        }
    }
    Err(SyncError::Busy.into())
}

/// Branches that are followed here and gone from the remote.
fn gone(repo: &Repo, now: &Now<'_>) -> Result<Vec<Moved>, FetchError> {
    let prefix = format!("refs/remotes/{}/", now.name);
    let mut gone = Vec::new();
    for (here, target) in repo.db.read(|view| view.refs(&prefix))? {
        let short = here.as_str().strip_prefix(&prefix).unwrap_or_default();
        let Ok(name) = crate::refs::branch_ref(short) else { continue };
        if !now.state.refs.contains_key(&name) {
            let update = RefUpdate { name: here, old: Some(target), new: None };
            gone.push(Moved { name, update });
        }
    }
    Ok(gone)
}

/// Why a fetch failed.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// The remote, or what it holds.
    #[error(transparent)]
    Sync(#[from] SyncError),
    /// The repository.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl From<DbError> for FetchError {
    fn from(e: DbError) -> Self {
        Self::Step(e.into())
    }
}

impl From<crate::store::StoreError> for FetchError {
    fn from(e: crate::store::StoreError) -> Self {
        Self::Step(e.into())
    }
}

impl From<crate::db::RefError> for FetchError {
    fn from(e: crate::db::RefError) -> Self {
        Self::Step(e.into())
    }
}
