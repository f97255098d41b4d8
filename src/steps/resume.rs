//! What a killed `add` had read of large files, so that the next one goes on from there.
//!
//! Each checkpoint of an ingest appends, for every large file it is in the middle of, what was stored
//! since the checkpoint before, under the file's path and stat. A file that changed since is read anew.

use std::collections::BTreeMap;

use super::parts::{self, Parts};
use crate::db::{DbError, Tx};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stat::Stat;
use crate::store::ingest::Partial;

const JOURNAL: &str = "ingest";

/// All files that an earlier run was in the middle of.
#[derive(Default)]
pub(super) struct Unfinished(Parts);

impl Unfinished {
    /// Reads the journal.
    pub(super) fn load(repo: &Repo) -> Result<Self, DbError> {
        Parts::load(repo, repo.worktree, JOURNAL, |part| part).map(Self)
    }

    /// How far a file was read, when it has not changed and its chunks are still there.
    pub(super) fn find(&self, repo: &Repo, path: &RepoPath, stat: &Stat) -> Option<Partial> {
        let parts = self.0.of(path, stat)?;
        let partial = Partial::from_parts(parts.iter().map(Vec::as_slice))?;
        let kind = crate::pack::layout::PackKind::Data;
        let is_there = |a| matches!(repo.store.catalog().find(kind, a), Ok(Some(_)));
        let is_complete = partial.addresses().all(is_there);
        is_complete.then_some(partial)
    }

    /// How many parts are recorded of a file.
    pub(super) fn parts(&self, path: &RepoPath, stat: &Stat) -> u32 {
        self.0.of(path, stat).map_or(0, |parts| parts.len() as u32)
    }
}

/// Appends one part of a file; part 0 replaces what was known of an older state of it.
pub(super) fn record(
    repo: &Repo,
    path: &RepoPath,
    stat: &Stat,
    number: u32,
    part: &Partial,
) -> Result<(), DbError> {
    let part = part.to_bytes();
    repo.db.write(|tx| parts::record((tx, repo, JOURNAL), (path, stat), number, &part))
}

/// Forgets what is recorded of a file: it is staged, or changed.
pub(super) fn forget(tx: &Tx<'_>, repo: &Repo, path: &RepoPath) -> Result<(), DbError> {
    parts::forget((tx, repo, JOURNAL), path)
}

/// Number of the next part of each item, by item.
pub(super) type PartNumbers = BTreeMap<usize, u32>;
