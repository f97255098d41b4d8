//! Letting go of data here that a remote was seen to have: what `evict` and `push --evict` share.
//!
//! Nothing goes before the remote keeps the commit under a name of this clone, whatever becomes of its
//! branches, and before the list of chunks of every pack concerned was read there. What goes is promised
//! from then on. Wherever this is cut short, data is here or there, and running it again goes on.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::connect::Connection;
use super::sending;
use super::upkeep::How;
use super::{Context, OpError};
use crate::history::Ancestors;
use crate::history::merge_base::is_ancestor;
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::{PathSet, RepoPath};
use crate::refs::{RefName, RefTarget};
use crate::repo::Repo;
use crate::steps::gather::files;
use crate::steps::{RunContext, StepError, materialize, sparse};
use crate::store::session::random_u64;
use crate::store::upkeep::Rewrite;
use crate::sync::download::{Fetch, Scope};
use crate::sync::joined::Joined;
use crate::sync::lookup::{FindBlobs, Whole};
use crate::sync::push::{Mode, Want};
use crate::sync::rebase::{is_reached, reached_commits};
use crate::sync::state::State;

/// What is to be let go of.
pub(super) struct Evicting<'e> {
    pub ctx: &'e Context,
    pub repo: &'e Repo,
    pub connection: &'e Connection,
    /// Files and folders; the root is everything.
    pub paths: &'e [RepoPath],
    /// Whether files on disk stay.
    pub keep_files: bool,
}

/// What was let go of, or would be.
#[derive(Debug, Default)]
pub(super) struct Evicted {
    /// Different contents, and their bytes as files.
    pub files: u64,
    pub bytes: u64,
    /// The same of those that the remote was not seen to have, and that stay.
    pub unproven: (u64, u64),
    /// The name under which the remote keeps the commit.
    pub keep: String,
    /// Files removed from disk.
    pub removed: u64,
    /// Files that differ from the commit, and stay.
    pub kept: Vec<RepoPath>,
    /// What the store is to be rid of.
    pub leave: Option<Leave>,
}

/// What a store is to be rid of.
#[derive(Debug)]
pub(super) struct Leave {
    /// The contents.
    pub contents: HashSet<BlobId>,
    /// The commit that has them and is promised. Once it is not, they are needed here.
    pub promised: CommitId,
}

/// Takes contents out of the store that were let go of; returns the bytes by which it is smaller.
///
/// The repository must not be open: what was read through it is held until it is closed.
pub(super) fn collect(ctx: &Context, leave: Option<Leave>) -> Result<u64, OpError> {
    let Some(leave) = leave.filter(|leave| !leave.contents.is_empty()) else { return Ok(0) };
    let repo = ctx.open_repo()?;
    let _lock = repo.store.lock_upkeep(&ctx.cancel)?;
    let how = How {
        dry_run: false,
        grace_seconds: 0,
        // Reflogs keep what they name: only what is let go of is to go.
        reflog_seconds: i64::MAX,
        rewrite: Rewrite::Untidy,
        is_rechunked: false,
        evicted: leave.contents,
        promised: Some(leave.promised),
    };
    Ok(how.collect(ctx, &repo)?.freed_bytes)
}

pub(super) type Blobs = HashMap<BlobId, u64>;

impl Evicting<'_> {
    /// Makes sure of what commit `head` and those before it have at the paths, and takes it off the disk; the
    /// store's copy is left to [`collect`].
    pub(super) fn run(&self, head: CommitId, dry_run: bool) -> Result<Evicted, OpError> {
        let Self { ctx, repo, connection, .. } = *self;
        refuse_shared(repo)?;
        let run = ctx.run_context(&repo.settings);
        let (_, state) = connection.load_for(repo)?;
        if !is_reached(&repo.store, head, &reached_commits(&repo.store, &state)?)? {
            return Err(OpError::Remote {
                message: format!(
                    "{} has no branch or tag that reaches commit {}",
                    connection.settings.name,
                    head.short()
                ),
                hint: Some("push it first: esker push".to_owned()),
            });
        }
        let tree = repo.store.read_root(head)?;
        let (proven, unproven) = self.prove(&state, self.wanted(head, tree)?, &run)?;
        let set = match self.keep_files {
            true => repo.sparse.clone(),
            false => without(&repo.sparse, self.paths),
        };
        let leaving = match self.keep_files {
            true => sparse::Leaving::default(),
            false => sparse::plan_removals(repo, tree, &set, &run)?,
        };
        let sum = |blobs: &Blobs| (blobs.len() as u64, blobs.values().sum::<u64>());
        let ((files, bytes), removed) = (sum(&proven), leaving.plan.removals.len() as u64);
        let (unproven, kept) = (sum(&unproven), leaving.kept.clone());
        let mut evicted = Evicted { files, bytes, unproven, removed, kept, ..Evicted::default() };
        if dry_run || proven.is_empty() && leaving.plan.is_empty() {
            return Ok(evicted);
        }
        evicted.keep = self.keep(head, &state, &[])?;
        repo.db.write(|tx| {
            tx.promise(head, &connection.settings.name)?;
            tx.set_sparse(repo.worktree, &set)
        })?;
        materialize::apply(repo, &leaving.plan, &run)?;
        evicted.leave = Some(Leave { contents: proven.into_keys().collect(), promised: head });
        Ok(evicted)
    }

    /// What the commits have at the paths and is here, but for what this version has elsewhere, too.
    fn wanted(&self, head: CommitId, tree: TreeId) -> Result<Blobs, OpError> {
        let store = &self.repo.store;
        let mut blobs = Blobs::new();
        let mut seen = HashSet::new();
        for found in Ancestors::new(store, [head])? {
            let (id, commit) = found?;
            self.ctx.cancel.check().map_err(StepError::from)?;
            if store.forgotten().contains_key(&id) {
                continue;
            }
            for path in self.paths {
                if let Some(value) = prolly::resolve(store, commit.tree, path)? {
                    gather(store, value, &mut seen, &mut |id, size| {
                        blobs.insert(id, size);
                    })?;
                }
            }
        }
        let elsewhere = without(&PathSet::ALL, self.paths);
        let staged = self.repo.state()?.staged_tree();
        for tree in [Some(tree), staged].into_iter().flatten().collect::<BTreeSet<_>>() {
            outside(store, tree, &RepoPath::root(), &elsewhere, &mut |id| {
                blobs.remove(&id);
            })?;
        }
        let mut here = Blobs::new();
        for (id, size) in blobs {
            if size > 0 && store.has_blob(id, size)? {
                here.insert(id, size);
            }
        }
        Ok(here)
    }

    /// Divides contents into those that the remote has, in packs whose lists of chunks were read there, and
    /// others.
    pub(super) fn prove(
        &self,
        state: &State,
        blobs: Blobs,
        run: &RunContext,
    ) -> Result<(Blobs, Blobs), OpError> {
        let remote = self.connection.remote();
        let whole = Whole::open(&remote, state)?;
        let (mut there, mut others) = (Blobs::new(), Blobs::new());
        for (id, size) in blobs {
            let blobs = if whole.has(id, size)? { &mut there } else { &mut others };
            blobs.insert(id, size);
        }
        let fetch = Fetch {
            name: &self.connection.settings.name,
            remote: &remote,
            state,
            store: &self.repo.store,
            local_tips: Vec::new(),
            scope: Scope::default(),
            downloads: self.connection.transfers(self.repo),
            level: self.repo.settings.core.compression_level,
            progress: &*run.progress,
            cancel: &run.cancel,
            beside: None,
        };
        let list: Vec<_> = there.iter().map(|(id, size)| (*id, *size)).collect();
        fetch.prove(&whole, &list)?;
        Ok((there, others))
    }

    /// Makes the remote keep the commit under a name of this clone, in place of commits before it.
    pub(super) fn keep(
        &self,
        head: CommitId,
        state: &State,
        joined: &[Joined<'_>],
    ) -> Result<String, OpError> {
        let repo = self.repo;
        let random = format!("{:016x}", random_u64()?);
        let id = repo.db.write(|tx| tx.clone_id(&random))?;
        let prefix = format!("clone/{id}/");
        let name = |short: &str| RefName::keep(short).map_err(super::convert::other);
        let new = name(&format!("{prefix}{head}"))?;
        let mut wants = Vec::new();
        if state.target(&new).is_none() {
            let target = Some(RefTarget::Commit(head));
            wants.push(Want { name: new.clone(), new: target, mode: Mode::FastForward });
        }
        let own = new.as_str().strip_suffix(&head.to_string()).unwrap_or_default();
        let is_own = |name: &RefName| name.as_str().starts_with(own);
        for (old, record) in state.refs.iter().filter(|(name, _)| is_own(name) && **name != new) {
            if let RefTarget::Commit(commit) = record.target
                && is_ancestor(&repo.store, commit, head).unwrap_or(false)
            {
                let mode = Mode::Lease(Some(record.target));
                wants.push(Want { name: old.clone(), new: None, mode });
            }
        }
        if !wants.is_empty() {
            sending::send_joined(self.ctx, repo, self.connection, &wants, joined)?;
        }
        Ok(new.short().to_owned())
    }
}

/// What this repository can do without others on the store may need, and the remote may not be theirs.
pub(super) fn refuse_shared(repo: &Repo) -> Result<(), OpError> {
    if repo.store.shared().is_none() {
        return Ok(());
    }
    Err(OpError::Store {
        message: "data on a shared store cannot be evicted: other repositories may need it"
            .to_owned(),
        hint: "take the files off the disk alone: esker sparse".to_owned(),
    })
}

/// A set without some paths.
fn without(set: &PathSet, paths: &[RepoPath]) -> PathSet {
    paths.iter().fold(set.clone(), |set, path| set.with(path.clone(), false))
}

/// Visits the contents at and below an entry, of each folder once.
fn gather(
    read: &dyn ReadObjects,
    value: EntryValue,
    seen: &mut HashSet<TreeId>,
    visit: &mut dyn FnMut(BlobId, u64),
) -> Result<(), OpError> {
    match value {
        EntryValue::File { id, size, .. } => visit(id, size),
        EntryValue::Directory { id, .. } => files(read, id, seen, visit)?,
        EntryValue::Symlink { .. } => {}
    }
    Ok(())
}

/// Visits the contents of a folder that are in a set.
fn outside(
    read: &dyn ReadObjects,
    tree: TreeId,
    path: &RepoPath,
    set: &PathSet,
    visit: &mut dyn FnMut(BlobId),
) -> Result<(), OpError> {
    if !set.touches(path) {
        return Ok(());
    }
    if set.has_whole(path) {
        let value = EntryValue::Directory { id: tree, files: 0, bytes: 0 };
        return gather(read, value, &mut HashSet::new(), &mut |id, _| visit(id));
    }
    for entry in prolly::iterate(read, tree) {
        let entry = entry?;
        let path = path.join(&entry.name).map_err(StepError::from)?;
        match entry.value {
            EntryValue::Directory { id, .. } => outside(read, id, &path, set, visit)?,
            EntryValue::File { id, .. } if set.has(&path) => visit(id),
            _ => {}
        }
    }
    Ok(())
}
