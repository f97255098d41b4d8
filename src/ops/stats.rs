//! `stats`: what the repository holds and what it takes.

use serde::Serialize;

use super::sharing::SharedBy;
use super::{Context, OpError, connect};
use crate::db::{DbError, PackRow};
use crate::history::Ancestors;
use crate::history::merge_base::reachable_minus;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::pack::layout::{BLOCK_HEADER_LEN, BLOCK_ROW_LEN, CHUNK_ROW_LEN, MIN_PACK_LEN, PackKind};
use crate::refs::RefTarget;
use crate::repo::Repo;
use crate::steps::remotes;
use crate::sync::rebase::reached_commits;

/// What to sum up.
#[derive(Clone, Debug, Default)]
pub struct StatsOptions {
    /// Ask every remote, too, what it holds.
    pub remotes: bool,
}

/// Sizes and counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StatsOutcome {
    /// Bytes of all files of HEAD, each counted as often as it occurs.
    pub logical_bytes: u64,
    /// Bytes of the data packs' chunks before compression: of all versions, each once.
    pub unique_bytes: u64,
    /// Bytes of all packs.
    pub stored_bytes: u64,
    /// How many chunks the data packs hold.
    pub chunks: u64,
    /// How many packs.
    pub packs: u64,
    /// How many commits refs and HEAD reach.
    pub commits: u64,
    /// Files of HEAD.
    pub files: u64,
    /// How many tables.
    pub tables: u64,
    /// Logical bytes by stored bytes; 0 when nothing is stored.
    pub ratio: f64,
    /// The folder of the shared store whose packs these are, and how many repositories use it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub store: Option<SharedBy>,
    /// What remotes hold, if they were asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remotes: Option<Vec<RemoteStats>>,
    /// The part of the packs' bytes that compressed chunks take, from 0 to 1; the rest are their lists.
    pub pack_fill: f64,
}

/// What a remote holds, and what is only here or only there.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RemoteStats {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Number of its newest root; 0 when nothing was pushed yet.
    pub root: u64,
    /// Branches and tags.
    pub refs: u64,
    /// Commits that are kept without one.
    pub keeps: u64,
    /// How many packs.
    pub packs: u64,
    /// Bytes of packs of commits and trees.
    pub history_bytes: u64,
    /// Bytes of packs of recipes.
    pub layout_bytes: u64,
    /// Bytes of packs of data.
    pub data_bytes: u64,
    /// Keys that wait to be deleted.
    pub condemned: u64,
    /// Commits that branches and tags here reach, and nothing there as far as it is known here.
    pub only_here: u64,
    /// Branches and tags there whose commits are not here.
    pub only_there: u64,
}

/// Sums up the repository. Reads every commit, but no tree below the roots and no data.
pub fn run(ctx: &Context, options: &StatsOptions) -> Result<StatsOutcome, OpError> {
    let repo = ctx.open_repo_to_read()?;
    let (packs, tables) =
        repo.db.read(|view| Ok::<_, DbError>((view.live_packs()?, view.tables()?.len() as u64)))?;
    let mut commits = 0;
    for commit in Ancestors::new(&repo.store, tips(&repo)?)? {
        ctx.cancel.check().map_err(|_| OpError::Interrupted)?;
        commit?;
        commits += 1;
    }
    let (files, logical_bytes) = match repo.state()?.head_tree {
        Some(tree) => {
            let totals = repo.store.read_tree(tree)?.totals();
            (totals.files, totals.bytes)
        }
        None => (0, 0),
    };
    let data = || packs.iter().filter(|p| p.kind == PackKind::Data as u8);
    let stored_bytes: u64 = packs.iter().map(|p| p.bytes).sum();
    Ok(StatsOutcome {
        logical_bytes,
        unique_bytes: data().map(|p| p.raw_bytes).sum(),
        stored_bytes,
        chunks: data().map(|p| p.chunks).sum(),
        packs: packs.len() as u64,
        commits,
        files,
        tables,
        ratio: part(logical_bytes, stored_bytes),
        store: repo.store.shared().map(SharedBy::of).transpose()?,
        remotes: if options.remotes { Some(remotes(ctx, &repo)?) } else { None },
        pack_fill: part(stored_bytes - packs.iter().map(list_bytes).sum::<u64>(), stored_bytes),
    })
}

/// Asks each remote for its newest root.
fn remotes(ctx: &Context, repo: &Repo) -> Result<Vec<RemoteStats>, OpError> {
    let config = connect::config(ctx, &repo.paths)?;
    let mut all = Vec::new();
    for settings in connect::all(&config) {
        let connection = connect::connect(ctx, settings, &repo.paths)?;
        let seen = remotes::seen(&repo.db, &connection.settings.name)?;
        let loaded = connection.remote().load(seen)?;
        let (root, state) =
            loaded.map_or_else(Default::default, |(stored, state)| (stored.root.seq, state));
        let bytes = |kind| state.packs.values().filter(|p| p.kind == kind).map(|p| p.bytes).sum();
        let keeps = state.refs.keys().filter(|name| name.is_keep()).count() as u64;
        let there = reached_commits(&repo.store, &state)?;
        let is_here = |target: &RefTarget| match target {
            RefTarget::Commit(id) => repo.store.read_commit(*id).is_ok(),
            RefTarget::Tag(id) => repo.store.read_tag(*id).is_ok(),
        };
        all.push(RemoteStats {
            name: connection.settings.name.clone(),
            url: connection.location.to_string(),
            root,
            refs: state.refs.len() as u64 - keeps,
            keeps,
            packs: state.packs.len() as u64,
            history_bytes: bytes(PackKind::History),
            layout_bytes: bytes(PackKind::Layout),
            data_bytes: bytes(PackKind::Data),
            condemned: state.condemned.len() as u64,
            only_here: reachable_minus(&repo.store, &own_tips(repo)?, &there)?.len() as u64,
            only_there: state.refs.values().filter(|r| !is_here(&r.target)).count() as u64,
        });
    }
    Ok(all)
}

/// The commits that branches and tags here name.
fn own_tips(repo: &Repo) -> Result<Vec<CommitId>, OpError> {
    let mut tips = Vec::new();
    for prefix in ["refs/heads/", "refs/tags/"] {
        for (_, target) in repo.db.read(|view| view.refs(prefix))? {
            tips.push(match target {
                RefTarget::Commit(id) => id,
                RefTarget::Tag(id) => repo.store.read_tag(id)?.target,
            });
        }
    }
    Ok(tips)
}

/// The commits that refs and HEAD name.
fn tips(repo: &Repo) -> Result<Vec<CommitId>, OpError> {
    let refs = repo.db.read(|view| view.refs("refs/"))?;
    let mut tips: Vec<CommitId> = repo.head()?.commit().into_iter().collect();
    for (_, target) in refs {
        tips.push(match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => repo.store.read_tag(id)?.target,
        });
    }
    Ok(tips)
}

/// Bytes of a pack that are not compressed chunks.
fn list_bytes(pack: &PackRow) -> u64 {
    let rows = pack.blocks * (BLOCK_HEADER_LEN + BLOCK_ROW_LEN) as u64
        + pack.chunks * CHUNK_ROW_LEN as u64;
    (MIN_PACK_LEN + rows).min(pack.bytes)
}

fn part(of: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { of as f64 / whole as f64 }
}
