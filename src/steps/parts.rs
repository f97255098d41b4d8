//! Journals of files that are stored a part at a time: what is recorded of each, in order, for as long as
//! its stat is what it was.

use std::collections::HashMap;

use crate::db::{DbError, Tx};
use crate::path::RepoPath;
use crate::refs::WorktreeId;
use crate::repo::Repo;
use crate::stat::Stat;

const STAT_BYTES: usize = 32;

/// The parts recorded of one file.
#[derive(Default)]
struct Recorded {
    stat: Vec<u8>,
    parts: Vec<Vec<u8>>,
}

/// What a journal has of all files.
#[derive(Default)]
pub(super) struct Parts(HashMap<String, Recorded>);

impl Parts {
    /// Reads a journal of a worktree.
    pub(super) fn load(repo: &Repo, worktree: WorktreeId, journal: &str) -> Result<Self, DbError> {
        let mut files: HashMap<String, Recorded> = HashMap::new();
        repo.db.read(|view| {
            view.each_journal(worktree, journal, |key, value| {
                let Some((path, stat, part)) = split(key, value) else { return Ok(()) };
                let recorded = files.entry(path.to_owned()).or_default();
                recorded.stat = stat.to_vec();
                recorded.parts.push(part.to_vec());
                Ok::<_, DbError>(())
            })
        })?;
        Ok(Self(files))
    }

    /// The parts of a file, if it is what it was.
    pub(super) fn of(&self, path: &RepoPath, stat: &Stat) -> Option<&[Vec<u8>]> {
        let recorded = self.0.get(path.as_str()).filter(|r| r.stat == stat_bytes(stat))?;
        Some(&recorded.parts)
    }

    /// Every part of every file, whatever became of it.
    pub(super) fn all(&self) -> impl Iterator<Item = &[u8]> {
        self.0.values().flat_map(|recorded| &recorded.parts).map(Vec::as_slice)
    }

    /// The files that something is recorded of.
    pub(super) fn paths(&self) -> impl Iterator<Item = RepoPath> {
        self.0.keys().filter_map(|path| RepoPath::parse(path).ok())
    }

    /// Whether something is recorded of a file as it is on disk.
    pub(super) fn is_current(&self, repo: &Repo, path: &RepoPath) -> bool {
        let found = std::fs::symlink_metadata(repo.paths.root.join(path.as_str()));
        found.is_ok_and(|found| self.of(path, &Stat::of(&found)).is_some())
    }
}

fn split<'b>(key: &'b [u8], value: &'b [u8]) -> Option<(&'b str, &'b [u8], &'b [u8])> {
    let (path, _) = key.split_last_chunk::<5>()?;
    let (stat, part) = value.split_at_checked(STAT_BYTES)?;
    Some((std::str::from_utf8(path).ok()?, stat, part))
}

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
    (tx, repo, journal): (&Tx<'_>, &Repo, &str),
    (path, stat): (&RepoPath, &Stat),
    number: u32,
    part: &[u8],
) -> Result<(), DbError> {
    if number == 0 {
        forget((tx, repo, journal), path)?;
    }
    let value = [&stat_bytes(stat), part].concat();
    tx.put_journal(repo.worktree, journal, &key(path, number), &value)
}

/// Forgets what is recorded of a file.
pub(super) fn forget(
    (tx, repo, journal): (&Tx<'_>, &Repo, &str),
    path: &RepoPath,
) -> Result<(), DbError> {
    let mut number = 0;
    while tx.delete_journal(repo.worktree, journal, &key(path, number))? {
        number += 1;
    }
    Ok(())
}
