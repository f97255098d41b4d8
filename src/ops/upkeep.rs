//! What `gc` and `repack` share: how a collection runs, and what is told of it.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::words::quoted;
use super::{Context, OpError};
use crate::id::{BlobId, CommitId};
use crate::path::escape;
use crate::repo::Repo;
use crate::store::shared::{Cure, SharedStore, Unseen, root_of};
use crate::store::upkeep::{CollectOptions, Collected, Freed, Rewrite};
use crate::sync::cache;

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
    /// The commit that has those, and is promised.
    pub promised: Option<CommitId>,
}

impl How {
    /// Collects. The lock of upkeep must be held.
    ///
    /// After a purge everything that is not needed goes, be it ever so little of a pack.
    pub fn collect(&self, ctx: &Context, repo: &Repo) -> Result<Collected, OpError> {
        let purged = repo.db.read(|view| view.purged())?;
        let rewrite = match self.rewrite {
            Rewrite::Sparse if purged.is_some() => Rewrite::Untidy,
            rewrite => rewrite,
        };
        let options = CollectOptions {
            now: ctx.now.seconds,
            grace: self.grace_seconds,
            reflog_since: self.reflog_since(ctx),
            dry_run: self.dry_run,
            rewrite,
            is_rechunked: self.is_rechunked,
            evicted: &self.evicted,
            promised: self.promised,
            progress: &*ctx.progress,
            cancel: &ctx.cancel,
        };
        let found = repo.store.collect(&options)?;
        let is_through = found.in_use.files == 0 && found.unseen.is_empty() && !self.dry_run;
        if purged.is_some() && !self.dry_run {
            cache::forget_packs(&repo.paths.dir)?;
        }
        if let Some(purged) = purged.filter(|_| is_through) {
            repo.db.write(|tx| tx.end_purged(&purged, options.reflog_since))?;
        }
        Ok(found)
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
    /// What to do about it: commands.
    pub hint: String,
}

/// Those of a collection.
pub(super) fn unseen(repo: &Repo, unseen: &[Unseen]) -> Vec<UnseenRepository> {
    let Some(store) = repo.store.shared() else { return Vec::new() };
    let shown = |one: &Unseen| UnseenRepository {
        path: folder(&one.path),
        why: one.why.what.clone(),
        hint: hint_for(store, one),
    };
    unseen.iter().map(shown).collect()
}

/// What to do about a repository on the store that cannot be read.
pub(super) fn hint_for(store: &SharedStore, unseen: &Unseen) -> String {
    let path = quoted(&root_of(&unseen.path).display().to_string());
    let cure = match unseen.why.cure {
        Cure::RunThere => "if it was moved, run a command there: esker status".to_owned(),
        Cure::TellStore => {
            let dir = quoted(&store.dir.display().to_string());
            format!("tell it where its store is: esker -C {path} store repair {dir}")
        }
        Cure::Rebuild => format!("mend it: esker -C {path} fsck --rebuild"),
        Cure::MakeReadable => format!("see what keeps it from being read: esker -C {path} doctor"),
    };
    format!("{cure}; if it is gone for good: esker store forget {path}")
}

/// A repository on the store that needs what another lets go of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeptBy {
    /// Its folder.
    pub path: String,
    /// How many bytes of that it needs.
    pub bytes: u64,
}

/// Those that need what was to go.
pub(super) fn kept_by(freed: &Freed) -> Vec<KeptBy> {
    let shown = |(path, bytes): &(PathBuf, u64)| KeptBy { path: folder(path), bytes: *bytes };
    freed.kept.iter().map(shown).collect()
}

/// The folder of a repository, by its `.esker`, as it is shown.
fn folder(dir: &Path) -> String {
    escape(&root_of(dir).display().to_string()).into_owned()
}
