//! Promises of commits that no branch reaches: what `add --to` sent before there was a commit of it.
//!
//! They are given up for those of commits that have the same files: after a push of one, its keep takes the
//! place of theirs. A collection withdraws what newer promises cover, and what nothing needs.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::connect::Connection;
use super::evicting::Evicting;
use super::{Context, OpError, sending};
use crate::db::DbError;
use crate::history::Ancestors;
use crate::id::{BlobId, CommitId, PackId, TreeId};
use crate::object::access::ReadObjects;
use crate::path::RepoPath;
use crate::refs::RefName;
use crate::repo::Repo;
use crate::steps::{gather, remotes, spans};
use crate::store::upkeep::GcRoots;
use crate::sync::push::{Mode, Want};

/// Commits that a remote promised the files of, and that no ref here and no HEAD reaches.
pub(super) fn of(repo: &Repo, remote: &str) -> Result<Vec<CommitId>, OpError> {
    let promised = repo.store.absent().promised.iter();
    let mut own: Vec<CommitId> =
        promised.filter(|(_, name)| *name == remote).map(|(id, _)| *id).collect();
    if own.is_empty() {
        return Ok(own);
    }
    let reached = reached_here(repo, &own)?;
    own.retain(|id| !reached.contains(id));
    Ok(own)
}

/// Those of some commits that a ref here or a HEAD reaches: one walk, however many they are.
fn reached_here(repo: &Repo, commits: &[CommitId]) -> Result<HashSet<CommitId>, OpError> {
    let mut tips = remotes::local_tips(repo)?;
    tips.retain(|id| repo.store.read_commit(*id).is_ok());
    let mut wanted: HashSet<CommitId> = commits.iter().copied().collect();
    let mut reached = HashSet::new();
    for found in Ancestors::new(&repo.store, tips)? {
        let (id, _) = found?;
        if wanted.remove(&id) {
            reached.insert(id);
        }
        if wanted.is_empty() {
            break;
        }
    }
    Ok(reached)
}

/// Lets the keep and the promise of commit `pushed`, which a branch of the remote has, take the place of
/// those of loose commits whose files it has.
pub(super) fn settle(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    pushed: CommitId,
) -> Result<(), OpError> {
    let name = connection.settings.name.as_str();
    let loose = of(repo, name)?;
    if loose.is_empty() {
        return Ok(());
    }
    let has = contents(repo, [repo.store.read_root(pushed)?])?;
    let mut done = Vec::new();
    for id in loose {
        let needs = contents(repo, [repo.store.read_root(id)?])?;
        if needs.keys().all(|blob| has.contains_key(blob)) {
            done.push(id);
        }
    }
    if done.is_empty() {
        return Ok(());
    }
    let (_, state) = connection.load_for(repo)?;
    let paths = &[RepoPath::root()][..];
    let keep =
        Evicting { ctx, repo, connection, paths, keep_files: true }.keep(pushed, &state, &[])?;
    let own = keep.strip_suffix(&pushed.to_string()).unwrap_or_default();
    let mut wants = Vec::new();
    for id in &done {
        let old = RefName::keep(&format!("{own}{id}")).map_err(super::convert::other)?;
        if let Some(target) = state.target(&old) {
            wants.push(Want { name: old, new: None, mode: Mode::Lease(Some(target)) });
        }
    }
    if !wants.is_empty() {
        sending::send(ctx, repo, connection, &wants)?;
    }
    Ok(repo.db.write(|tx| {
        tx.promise(pushed, name)?;
        done.iter().try_for_each(|id| tx.withdraw_promise(*id).map(|_| ()))
    })?)
}

/// Withdraws promises that newer ones of the same remote cover, and those of loose commits of whose missing
/// files none is needed here. Returns how many.
pub(super) fn prune(ctx: &Context, repo: &Repo) -> Result<u64, OpError> {
    let store = &repo.store;
    let seen = LivePacks::of(repo)?;
    let mut gone = covered(repo)?;
    let left: Vec<CommitId> =
        store.absent().promised.keys().filter(|id| !gone.contains(*id)).copied().collect();
    let reached = reached_here(repo, &left)?;
    let mut needed = None;
    for id in left.into_iter().filter(|id| !reached.contains(id)) {
        let needed = match &needed {
            Some(needed) => needed,
            None => {
                let mut contents: HashSet<_> = missing_of(ctx, repo)?.into_keys().collect();
                contents.extend(under_way(repo)?);
                needed.insert(contents)
            }
        };
        let mut roots = Vec::new();
        for found in Ancestors::new(store, [id])? {
            roots.extend(store.find_root(found?.0)?);
        }
        if contents(repo, roots)?.keys().all(|blob| !needed.contains(blob)) {
            gone.insert(id);
        }
    }
    match gone.is_empty() || !seen.withdraw(repo, gone.iter().copied())? {
        true => Ok(0),
        false => Ok(gone.len() as u64),
    }
}

/// The packs that there were before it was found out what is not here.
pub(super) struct LivePacks(HashSet<PackId>);

impl LivePacks {
    pub(super) fn of(repo: &Repo) -> Result<Self, OpError> {
        let live = repo.db.read(|view| view.live_packs())?;
        Ok(Self(live.into_iter().map(|pack| pack.id).collect()))
    }

    /// Withdraws promises, unless a pack went meanwhile: what was here then may rest on them now. Says
    /// whether it did.
    fn withdraw(
        &self,
        repo: &Repo,
        commits: impl IntoIterator<Item = CommitId>,
    ) -> Result<bool, OpError> {
        let mut commits = commits.into_iter();
        Ok(repo.db.write(|tx| {
            let live: HashSet<PackId> = tx.live_packs()?.into_iter().map(|pack| pack.id).collect();
            if !self.0.is_subset(&live) {
                return Ok::<_, DbError>(false);
            }
            commits.try_for_each(|id| tx.withdraw_promise(id).map(|_| ()))?;
            Ok(true)
        })?)
    }
}

/// Promised commits below others that the same remote promised: one walk a remote.
fn covered(repo: &Repo) -> Result<BTreeSet<CommitId>, OpError> {
    let promised = &repo.store.absent().promised;
    let mut below: BTreeMap<&str, Vec<CommitId>> = BTreeMap::new();
    for (id, remote) in promised {
        below.entry(remote).or_default().extend(repo.store.read_commit(*id)?.parents);
    }
    let mut covered = BTreeSet::new();
    for (remote, parents) in below {
        for found in Ancestors::new(&repo.store, parents)? {
            let (id, _) = found?;
            if promised.get(&id).is_some_and(|by| by == remote) {
                covered.insert(id);
            }
        }
    }
    Ok(covered)
}

/// Withdraws all promises, since everything that has a name is here; but not those that work rests on which
/// was cut short. Does nothing where packs went that were `seen` before that was found out; says so.
pub(super) fn withdraw_all(repo: &Repo, seen: &LivePacks) -> Result<bool, OpError> {
    let mut promised: Vec<CommitId> = repo.store.absent().promised.keys().copied().collect();
    if !under_way(repo)?.is_empty() {
        let reached = reached_here(repo, &promised)?;
        promised.retain(|id| reached.contains(id));
    }
    seen.withdraw(repo, promised)
}

/// Contents that are not here and that work rests on which was cut short: spans of a file that is being sent,
/// and what is below commits that journals name, which a collection keeps as it keeps those of refs.
fn under_way(repo: &Repo) -> Result<HashSet<BlobId>, OpError> {
    let store = &repo.store;
    let mut contents = spans::needed(repo)?;
    let named = repo.db.read(|view| GcRoots::of(view, i64::MAX))?.maybe;
    let mut tips: Vec<CommitId> =
        named.iter().map(|address| CommitId::from_bytes(*address.as_bytes())).collect();
    tips.retain(|id| store.read_commit(*id).is_ok());
    let mut roots = Vec::new();
    for found in Ancestors::new(store, tips)? {
        roots.extend(store.find_root(found?.0)?);
    }
    contents.extend(gather::absent(store, roots)?.into_keys());
    Ok(contents)
}

/// Contents that refs, reflogs, HEADs and stages reach and that are not here.
pub(super) fn missing_of(ctx: &Context, repo: &Repo) -> Result<HashMap<BlobId, u64>, OpError> {
    let store = &repo.store;
    let mut tips = remotes::local_tips(repo)?;
    let mut roots: Vec<TreeId> = Vec::new();
    repo.db.read(|view| {
        for worktree in view.worktrees()? {
            tips.extend(view.head(worktree)?.commit());
            roots.extend(view.stage(worktree)?);
        }
        tips.extend(view.reflog_targets(i64::MIN)?.iter().filter_map(|target| target.commit()));
        Ok::<_, DbError>(())
    })?;
    tips.retain(|id| store.read_commit(*id).is_ok());
    for found in Ancestors::new(store, tips)? {
        ctx.cancel.check().map_err(|_| OpError::Interrupted)?;
        roots.extend(store.find_root(found?.0)?);
    }
    Ok(gather::absent(store, roots)?)
}

/// The contents of files below some trees, with their sizes.
fn contents(
    repo: &Repo,
    trees: impl IntoIterator<Item = TreeId>,
) -> Result<HashMap<BlobId, u64>, OpError> {
    let (mut found, mut seen) = (HashMap::new(), HashSet::new());
    for tree in trees {
        gather::files(&repo.store, tree, &mut seen, &mut |id, size| {
            found.insert(id, size);
        })?;
    }
    Ok(found)
}
