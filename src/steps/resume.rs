//! What a killed `add` had read of large files, so that the next one goes on from there.
//!
//! Each checkpoint of an ingest appends, for every large file it is in the middle of, what was stored
//! since the checkpoint before, under the file's path and stat. A file that changed since is read anew.

use std::collections::{BTreeMap, HashMap};

use crate::db::{DbError, Tx};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stat::Stat;
use crate::store::ingest::Partial;

const JOURNAL: &str = "ingest";

/// The parts recorded of one file.
#[derive(Default)]
struct Recorded {
    stat: Vec<u8>,
    parts: Vec<Vec<u8>>,
}

/// All files that an earlier run was in the middle of.
#[derive(Default)]
pub(super) struct Unfinished(HashMap<String, Recorded>);

impl Unfinished {
    /// Reads the journal.
    pub(super) fn load(repo: &Repo) -> Result<Self, DbError> {
        let mut files: HashMap<String, Recorded> = HashMap::new();
        repo.db.read(|view| {
            view.each_journal(repo.worktree, JOURNAL, |key, value| {
                let Some((path, stat, part)) = split(key, value) else { return Ok(()) };
                let recorded = files.entry(path.to_owned()).or_default();
                recorded.stat = stat.to_vec();
                recorded.parts.push(part.to_vec());
                Ok::<_, DbError>(())
            })
        })?;
        Ok(Self(files))
    }

    /// How far a file was read, when it has not changed and its chunks are still there.
    pub(super) fn find(&self, repo: &Repo, path: &RepoPath, stat: &Stat) -> Option<Partial> {
        let recorded = self.0.get(path.as_str()).filter(|r| r.stat == stat_bytes(stat))?;
        let partial = Partial::from_parts(recorded.parts.iter().map(Vec::as_slice))?;
        let kind = crate::pack::layout::PackKind::Data;
        let is_there = |a| matches!(repo.store.catalog().find(kind, a), Ok(Some(_)));
        let is_complete = partial.addresses().all(is_there);
        is_complete.then_some(partial)
    }

    /// How many parts are recorded of a file.
    pub(super) fn parts(&self, path: &RepoPath, stat: &Stat) -> u32 {
        let recorded = self.0.get(path.as_str()).filter(|r| r.stat == stat_bytes(stat));
        recorded.map_or(0, |r| r.parts.len() as u32)
    }
}

fn split<'b>(key: &'b [u8], value: &'b [u8]) -> Option<(&'b str, &'b [u8], &'b [u8])> {
    let (path, _) = key.split_last_chunk::<5>()?;
    let (stat, part) = value.split_at_checked(STAT_BYTES)?;
    Some((std::str::from_utf8(path).ok()?, stat, part))
}

const STAT_BYTES: usize = 32;

fn stat_bytes(stat: &Stat) -> Vec<u8> {
    let Stat { size, mtime_ns, ctime_ns, inode } = stat;
    [size.to_le_bytes(), mtime_ns.to_le_bytes(), ctime_ns.to_le_bytes(), inode.to_le_bytes()]
        .concat()
}

fn key(path: &RepoPath, number: u32) -> Vec<u8> {
    let mut key = path.as_str().as_bytes().to_vec();
    key.push(0);
    key.extend_from_slice(&number.to_be_bytes());
    key
}

/// Appends one part of a file; part 0 replaces what was known of an older state of it.
pub(super) fn record(
    repo: &Repo,
    path: &RepoPath,
    stat: &Stat,
    number: u32,
    part: &Partial,
) -> Result<(), DbError> {
    let mut value = stat_bytes(stat);
    value.extend_from_slice(&part.to_bytes());
    repo.db.write(|tx| {
        if number == 0 {
            forget(tx, repo, path)?;
        }
        tx.put_journal(repo.worktree, JOURNAL, &key(path, number), &value)
    })
}

/// Forgets what is recorded of a file: it is staged, or changed.
pub(super) fn forget(tx: &Tx<'_>, repo: &Repo, path: &RepoPath) -> Result<(), DbError> {
    let mut number = 0;
    while tx.delete_journal(repo.worktree, JOURNAL, &key(path, number))? {
        number += 1;
    }
    Ok(())
}

/// Number of the next part of each item, by item.
pub(super) type PartNumbers = BTreeMap<usize, u32>;
