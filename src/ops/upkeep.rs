//! What `gc` and `repack` share: how a collection runs, and what is told of it.

use std::collections::HashSet;

use serde::Serialize;

use super::{Context, OpError};
use crate::id::BlobId;
use crate::path::escape;
use crate::repo::Repo;
use crate::store::shared::Unseen;
use crate::store::upkeep::{CollectOptions, Collected, Rewrite};

/// How a collection runs.
pub(super) struct How {
    pub dry_run: bool,
    /// How long files stay after nothing needs them, in seconds.
    pub grace_seconds: i64,
    /// How long the old places of branches keep data, in seconds.
    pub reflog_seconds: i64,
    pub rewrite: Rewrite,
    /// Whether files were cut anew.
    pub is_rechunked: bool,
    /// Contents that are not needed though they are reached: remotes have them.
    pub evicted: HashSet<BlobId>,
}

impl How {
    /// Collects. The lock of upkeep must be held.
    pub fn collect(&self, ctx: &Context, repo: &Repo) -> Result<Collected, OpError> {
        let options = CollectOptions {
            now: ctx.now.seconds,
            grace: self.grace_seconds,
            reflog_since: self.reflog_since(ctx),
            dry_run: self.dry_run,
            rewrite: self.rewrite,
            is_rechunked: self.is_rechunked,
            evicted: &self.evicted,
            progress: &*ctx.progress,
            cancel: &ctx.cancel,
        };
        Ok(repo.store.collect(&options)?)
    }

    /// From when on moves in reflogs keep data, in Unix seconds.
    pub fn reflog_since(&self, ctx: &Context) -> i64 {
        // A move of this very second counts as past when no age is to keep anything.
        ctx.now.seconds.saturating_sub(self.reflog_seconds).saturating_add(1)
    }

    /// Bytes that a later collection frees, once the grace is over.
    pub fn later_bytes(&self, found: &Collected) -> u64 {
        match self.dry_run {
            true if self.grace_seconds > 0 => found.unreachable.bytes + found.sparse.bytes,
            true => 0,
            false => found.waiting.bytes,
        }
    }
}

/// The store that was looked at, as it is shown.
pub(super) fn store_of(repo: &Repo) -> String {
    let dir = repo.store.shared().map_or(&repo.paths.dir, |shared| &shared.dir);
    escape(&dir.display().to_string()).into_owned()
}

/// A repository on the store that could not be asked what it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnseenRepository {
    /// Its folder.
    pub path: String,
    /// Why not.
    pub why: String,
}

/// Those of a collection.
pub(super) fn unseen(found: &Collected) -> Vec<UnseenRepository> {
    let shown = |unseen: &Unseen| UnseenRepository {
        path: escape(&unseen.root().display().to_string()).into_owned(),
        why: unseen.why.clone(),
    };
    found.unseen.iter().map(shown).collect()
}
