//! `repack`: rewrites the store as if it had been written in one go.

use std::sync::Arc;

use std::collections::HashSet;

use serde::Serialize;

use super::upkeep::{self, How, UnseenRepository};
use super::{Context, OpError};
use crate::chunk::ChunkLengths;
use crate::format::FormatParameters;
use crate::repo::Repo;
use crate::steps::rechunk;
use crate::store::upkeep::{Amount, Collected, GcRoots, Rewrite};

/// How to rewrite.
#[derive(Clone, Debug)]
pub struct RepackOptions {
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Compress everything anew at this level.
    pub level: Option<i32>,
    /// Cut files anew into chunks of this average length in bytes; the shortest is a quarter of it, the
    /// longest four times as long.
    pub chunker: Option<u32>,
    /// How long packs that held something unneeded stay on disk, in seconds.
    pub grace_seconds: i64,
    /// How long the old places of branches keep data, in seconds.
    pub reflog_seconds: i64,
}

/// What was rewritten, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct RepackOutcome {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The store that was rewritten.
    pub store: String,
    /// Packs that counted before.
    pub packs_before: u64,
    /// Packs that count now.
    pub packs_after: u64,
    /// Their bytes before.
    pub bytes_before: u64,
    /// Their bytes now; in a dry run an upper bound.
    pub bytes_after: u64,
    /// Packs that were read and replaced.
    pub rewritten: u64,
    /// What was cut anew, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cut: Option<CutAnew>,
    /// Bytes by which the store on disk is smaller now.
    pub freed_bytes: u64,
    /// Bytes that a collection frees once the grace is over.
    pub later_bytes: u64,
    /// Other repositories on the store that could not be read: as long as there are any, nothing is
    /// rewritten.
    pub unseen_repositories: Vec<UnseenRepository>,
    /// How long files stay after nothing needs them, in seconds.
    pub grace_seconds: i64,
}

/// Files that were cut anew, or would be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CutAnew {
    /// Different contents.
    pub blobs: u64,
    /// Their bytes, all of which are read.
    pub bytes: u64,
    /// The shortest chunk that is not the end of a file, in bytes.
    pub min: u32,
    /// What the cuts aim at.
    pub average: u32,
    /// The longest chunk.
    pub max: u32,
}

/// Rewrites. Other commands may run at the same time; none of them waits.
pub fn run(ctx: &Context, options: &RepackOptions) -> Result<RepackOutcome, OpError> {
    let RepackOptions { dry_run, grace_seconds, reflog_seconds, .. } = *options;
    let repo = ctx.open_repo()?;
    let _lock = repo.store.lock_upkeep(&ctx.cancel)?;
    let before = repo.db.read(|view| view.live_packs())?;
    let rewrite = options.level.map_or(Rewrite::Untidy, Rewrite::All);
    let is_rechunked = options.chunker.is_some() && !dry_run;
    let how = How {
        dry_run,
        grace_seconds,
        reflog_seconds,
        rewrite,
        is_rechunked,
        evicted: HashSet::new(),
        promised: None,
    };
    let cut = options.chunker.map(|average| cut_anew(ctx, &repo, average, &how)).transpose()?;
    // Closed, so that nothing written above counts as in use any more.
    drop(repo);
    let repo = ctx.open_repo()?;
    let found = how.collect(ctx, &repo)?;
    let unseen_repositories = upkeep::unseen(&repo, &found.unseen);
    let (freed_bytes, later_bytes) = (found.freed_bytes, how.later_bytes(&found));
    let Collected { live, unreachable, sparse, copied, .. } = found;
    let after = |field: fn(&Amount) -> u64| {
        (field(&live) + field(&copied)).saturating_sub(field(&unreachable) + field(&sparse))
    };
    Ok(RepackOutcome {
        dry_run,
        store: upkeep::store_of(&repo),
        packs_before: before.len() as u64,
        packs_after: after(|amount| amount.files),
        bytes_before: before.iter().map(|pack| pack.bytes).sum(),
        bytes_after: after(|amount| amount.bytes),
        rewritten: sparse.files + unreachable.files,
        cut,
        freed_bytes,
        later_bytes,
        unseen_repositories,
        grace_seconds,
    })
}

/// Takes other lengths of chunks from now on, and stores again what they may cut otherwise.
fn cut_anew(ctx: &Context, repo: &Repo, average: u32, how: &How) -> Result<CutAnew, OpError> {
    let chunk = ChunkLengths { min: average / 4, avg: average, max: average.saturating_mul(4) };
    let old = *repo.store.params();
    let format = FormatParameters { chunk, ..old };
    if !chunk.is_valid() || format.check().is_err() {
        return Err(OpError::Usage {
            message: format!("chunks of {average} bytes on average cannot be had"),
            hint: Some("between 8K and 2M, as in: esker repack --chunker 128K".to_owned()),
        });
    }
    let roots = repo.db.read(|view| GcRoots::of(view, how.reflog_since(ctx)))?;
    // What is shorter is one chunk by either.
    let above = u64::from(chunk.min.min(old.chunk.min));
    let blobs = repo.store.blobs_above(above, &roots, &ctx.cancel)?;
    let cut = CutAnew {
        blobs: blobs.len() as u64,
        bytes: blobs.iter().map(|(_, size)| size).sum(),
        min: chunk.min,
        average,
        max: chunk.max,
    };
    if how.dry_run {
        return Ok(cut);
    }
    // First: what is cut from here on, by whomever, is cut this way, and a run that was stopped is
    // finished by the next.
    repo.db.write(|tx| tx.set_format(&format))?;
    let (new, same) = (ctx.open_repo()?, Arc::new(ctx.open_repo_to_read()?));
    rechunk::rechunk(&new, &same, blobs, &ctx.run_context(&new.settings))?;
    Ok(cut)
}
