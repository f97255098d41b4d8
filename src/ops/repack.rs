//! `repack`: rewrites the store as if it had been written in one go.

use serde::Serialize;

use super::{Context, OpError};
use crate::store::upkeep::{Amount, CollectOptions, Collected, Rewrite};

/// How to rewrite.
#[derive(Clone, Debug)]
pub struct RepackOptions {
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Compress everything anew at this level.
    pub level: Option<i32>,
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
    /// Bytes by which the store on disk is smaller now.
    pub freed_bytes: u64,
    /// Bytes that a collection frees once the grace is over.
    pub later_bytes: u64,
    /// How long files stay after nothing needs them, in seconds.
    pub grace_seconds: i64,
}

/// Rewrites. Other commands may run at the same time; none of them waits.
pub fn run(ctx: &Context, options: &RepackOptions) -> Result<RepackOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let _lock = repo.store.lock_upkeep(&ctx.cancel)?;
    let collect = CollectOptions {
        now: ctx.now.seconds,
        grace: options.grace_seconds,
        reflog_since: ctx.now.seconds.saturating_sub(options.reflog_seconds).saturating_add(1),
        dry_run: options.dry_run,
        rewrite: options.level.map_or(Rewrite::Untidy, Rewrite::All),
        progress: &*ctx.progress,
        cancel: &ctx.cancel,
    };
    let found = repo.store.collect(&collect)?;
    Ok(outcome(options, &found))
}

fn outcome(options: &RepackOptions, found: &Collected) -> RepackOutcome {
    let Collected { live, unreachable, sparse, copied, .. } = *found;
    let after = |field: fn(&Amount) -> u64| {
        (field(&live) + field(&copied)).saturating_sub(field(&unreachable) + field(&sparse))
    };
    RepackOutcome {
        dry_run: options.dry_run,
        packs_before: live.files,
        packs_after: after(|amount| amount.files),
        bytes_before: live.bytes,
        bytes_after: after(|amount| amount.bytes),
        rewritten: sparse.files,
        freed_bytes: found.freed_bytes,
        later_bytes: found.waiting.bytes,
        grace_seconds: options.grace_seconds,
    }
}
