//! The collection of a remote: what no ref of it reaches is given back.

use serde::Serialize;

use super::{Context, OpError, connect};
use crate::steps::remotes;
use crate::sync::collect::{Collect, MAX_UNWANTED_PERCENT, THOROUGH_ROUNDS};
use crate::sync::root::Area;

/// Seconds that a key which is no longer named is kept when nothing else is said: two weeks.
pub const DEFAULT_GRACE_SECONDS: i64 = Area::Pack.grace_seconds();

/// What to collect.
#[derive(Clone, Debug)]
pub struct RemoteGcOptions {
    /// The remote; `origin` when absent.
    pub remote: Option<String>,
    /// How long a key that is no longer named is kept, in seconds.
    pub grace_seconds: i64,
    /// Pack anew every pack of which anything is not reached.
    pub exact: bool,
    /// Nobody else writes to it now: needed where creates are not atomic.
    pub alone: bool,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What was collected.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RemoteGcOutcome {
    /// The remote.
    pub remote: String,
    /// Packs that nothing reaches any more.
    pub dead_packs: u64,
    /// Packs that were packed anew.
    pub repacked: u64,
    /// Bytes of both.
    pub dropped_bytes: u64,
    /// Bytes that took their place.
    pub new_bytes: u64,
    /// Keys that were deleted; with `dry_run` those that would be now.
    pub deleted: u64,
    /// Keys, and half written files of a folder, that were left by what never ended, and were deleted too.
    pub orphans: u64,
    /// Nothing was changed.
    pub dry_run: bool,
    /// Requests that it took.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Collects a remote.
pub fn run(ctx: &Context, options: &RemoteGcOptions) -> Result<RemoteGcOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), None)?;
    if settings.is_single_writer && !options.alone && !options.dry_run {
        return Err(OpError::Remote {
            message: format!(
                "{} takes two writers for one, and somebody may push now",
                settings.name
            ),
            hint: Some("make sure that nobody does, then add --alone".to_owned()),
        });
    }
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    connection.load_for(&repo)?;
    let run = ctx.run_context(&repo.settings);
    let name = &connection.settings.name;
    let collect = Collect {
        transport: &*connection.transport,
        cache: &connection.cache,
        store: &repo.store,
        seen: remotes::seen(&repo.db, name)?,
        grace_seconds: options.grace_seconds,
        now: ctx.now.seconds,
        transfers: connection.transfers(&repo),
        // What is to leave nothing behind may not give up the half of it.
        thorough_rounds: if options.exact { u32::MAX } else { THOROUGH_ROUNDS },
        max_unwanted_percent: if options.exact { 0 } else { MAX_UNWANTED_PERCENT },
        level: repo.settings.core.compression_level,
        progress: &*run.progress,
        cancel: &run.cancel,
        dry_run: options.dry_run,
    };
    let done = collect.run()?;
    if let Some(seen) = done.seen {
        repo.db.write(|tx| remotes::set_seen(tx, name, seen))?;
    }
    Ok(RemoteGcOutcome {
        remote: name.clone(),
        dead_packs: done.dead_packs,
        repacked: done.repacked,
        dropped_bytes: done.dropped_bytes,
        new_bytes: done.new_bytes,
        deleted: done.deleted,
        orphans: done.orphans,
        dry_run: options.dry_run,
        requests: connection.traffic().requests(),
        seconds: started.elapsed().as_secs_f64(),
    })
}
