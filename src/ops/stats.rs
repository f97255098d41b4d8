//! `stats`: what the repository holds and what it takes.

use serde::Serialize;

use super::{Context, OpError};
use crate::db::{DbError, PackRow};
use crate::history::Ancestors;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::pack::layout::{BLOCK_HEADER_LEN, BLOCK_ROW_LEN, CHUNK_ROW_LEN, MIN_PACK_LEN, PackKind};
use crate::refs::RefTarget;
use crate::repo::Repo;

/// No choices yet.
#[derive(Clone, Debug, Default)]
pub struct StatsOptions {}

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
    /// The part of the packs' bytes that compressed chunks take, from 0 to 1; the rest are their lists.
    pub pack_fill: f64,
}

/// Sums up the repository. Reads every commit, but no tree below the roots and no data.
pub fn run(ctx: &Context, _options: &StatsOptions) -> Result<StatsOutcome, OpError> {
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
        pack_fill: part(stored_bytes - packs.iter().map(list_bytes).sum::<u64>(), stored_bytes),
    })
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
