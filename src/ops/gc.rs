//! `gc`: gives back the space of what no branch, tag, stage or reflog needs.

use std::collections::HashSet;

use serde::Serialize;

use super::upkeep::{self, How, UnseenRepository};
use super::{Context, OpError, loose, names};
use crate::store::upkeep::{Amount, Rewrite};

/// Seconds that files stay on disk after nothing needs them when nothing else is said: a day.
pub const DEFAULT_GRACE_SECONDS: i64 = 86_400;

/// What to collect.
#[derive(Clone, Debug)]
pub struct GcOptions {
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// How long files stay after nothing needs them any more, in seconds.
    pub grace_seconds: i64,
    /// How long the old places of branches keep data, in seconds.
    pub reflog_seconds: i64,
    /// Rewrite every pack of which anything is not needed.
    pub exact: bool,
}

/// What one line of the outcome is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Files {
    /// How many files.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl From<Amount> for Files {
    fn from(amount: Amount) -> Self {
        Self { files: amount.files, bytes: amount.bytes }
    }
}

/// What was collected, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct GcOutcome {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// The store that was looked at.
    pub store: String,
    /// Bytes by which the store on disk is smaller now.
    pub freed_bytes: u64,
    /// Bytes that a later run frees, once the grace is over.
    pub later_bytes: u64,
    /// Packs that count, before.
    pub live: Files,
    /// Packs that nothing needs.
    pub unreachable: Files,
    /// Packs of which little is needed; the rest was copied.
    pub sparse: Files,
    /// What was copied of them.
    pub copied: Files,
    /// Packs of an earlier run whose grace is over.
    pub expired: Files,
    /// Packs that no longer count and are still on disk.
    pub waiting: Files,
    /// Files of processes that were killed.
    pub leftovers: Files,
    /// Contents that are needed and not here, since a remote has them.
    pub promised: Files,
    /// Packs that running commands use; they were left alone.
    pub in_use: Files,
    /// Folders of worktrees that are not there; what those need is kept.
    pub unseen: Vec<String>,
    /// How many other repositories on the store were asked what they need.
    pub others: u64,
    /// Those that could not be read: as long as there are any, nothing is condemned.
    pub unseen_repositories: Vec<UnseenRepository>,
    /// How long files stay after nothing needs them, in seconds.
    pub grace_seconds: i64,
}

/// Collects. Other commands may run at the same time; none of them waits.
pub fn run(ctx: &Context, options: &GcOptions) -> Result<GcOutcome, OpError> {
    let GcOptions { dry_run, grace_seconds, reflog_seconds, exact } = *options;
    let mut repo = ctx.open_repo()?;
    if !dry_run && !repo.store.absent().promised.is_empty() && loose::prune(ctx, &repo)? > 0 {
        repo = ctx.open_repo()?;
    }
    let _lock = repo.store.lock_upkeep(&ctx.cancel)?;
    let rewrite = if exact { Rewrite::Untidy } else { Rewrite::Sparse };
    let how = How {
        dry_run,
        grace_seconds,
        reflog_seconds,
        rewrite,
        is_rechunked: false,
        evicted: HashSet::new(),
        promised: None,
    };
    let found = how.collect(ctx, &repo)?;
    Ok(GcOutcome {
        dry_run,
        store: upkeep::store_of(&repo),
        freed_bytes: found.freed_bytes,
        later_bytes: how.later_bytes(&found),
        live: found.live.into(),
        unreachable: found.unreachable.into(),
        sparse: found.sparse.into(),
        copied: found.copied.into(),
        expired: found.expired.into(),
        waiting: found.waiting.into(),
        leftovers: found.leftovers.into(),
        promised: found.promised.into(),
        in_use: found.in_use.into(),
        unseen: names::unseen(&repo)?,
        others: found.others,
        unseen_repositories: upkeep::unseen(&repo, &found.unseen),
        grace_seconds,
    })
}
