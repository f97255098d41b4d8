//! Journals of files that are stored a part at a time: what is recorded of each, in order, for as long as
//! its stat is what it was.
//!
//! Ids come of what is recorded: each part ends with its hash, and one that has another counts as absent.

use std::collections::HashMap;

use crate::db::{DbError, Tx};
use crate::path::RepoPath;
use crate::refs::WorktreeId;
use crate::repo::Repo;
use crate::stat::Stat;

const STAT_BYTES: usize = 32;
const HASH_BYTES: usize = 32;

/// What is kept of a part that was read: all of it, or what it begins with.
pub(super) type Keep = fn(&[u8]) -> &[u8];

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
    /// Reads a journal of a worktree; `keep` says how much of each part is held.
    pub(super) fn load(
        repo: &Repo,
        worktree: WorktreeId,
        journal: &str,
        keep: Keep,
    ) -> Result<Self, DbError> {
        let mut files: HashMap<String, Recorded> = HashMap::new();
        repo.db.read(|view| {
            view.each_journal(worktree, journal, |key, value| {
                let Some(found) = split(key, value) else { return Ok(()) };
                let recorded = files.entry(found.path.to_owned()).or_default();
                // What comes after one that is absent says nothing of the file.
                if found.number as usize == recorded.parts.len() {
                    recorded.stat = found.stat.to_vec();
                    recorded.parts.push(keep(found.part).to_vec());
                }
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

/// One entry of a journal.
#[derive(Debug, PartialEq, Eq)]
struct Entry<'b> {
    path: &'b str,
    number: u32,
    stat: &'b [u8],
    part: &'b [u8],
}

fn split<'b>(key: &'b [u8], value: &'b [u8]) -> Option<Entry<'b>> {
    let (path, number) = key.split_last_chunk::<4>()?;
    let (path, number) = (path.strip_suffix(b"\0")?, u32::from_be_bytes(*number));
    let (value, hash) = value.split_last_chunk::<HASH_BYTES>()?;
    let (stat, part) = value.split_at_checked(STAT_BYTES)?;
    let is_whole = hash_of(key, value) == *hash;
    is_whole.then_some(Entry { path: std::str::from_utf8(path).ok()?, number, stat, part })
}

fn hash_of(key: &[u8], value: &[u8]) -> [u8; HASH_BYTES] {
    *blake3::Hasher::new().update(key).update(value).finalize().as_bytes()
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

/// One part of a file, if the file is what it was.
pub(super) fn read(
    (repo, journal): (&Repo, &str),
    (path, stat): (&RepoPath, &Stat),
    number: u32,
) -> Result<Option<Vec<u8>>, DbError> {
    let key = key(path, number);
    let value = repo.db.read(|view| view.journal(repo.worktree, journal, &key))?;
    let found = value.as_deref().and_then(|value| split(&key, value));
    let found = found.filter(|entry| entry.stat == stat_bytes(stat));
    Ok(found.map(|entry| entry.part.to_vec()))
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
    let (key, mut value) = (key(path, number), [&stat_bytes(stat), part].concat());
    value.extend_from_slice(&hash_of(&key, &value));
    tx.put_journal(repo.worktree, journal, &key, &value)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_of_which_a_bit_is_wrong_counts_as_absent() {
        let path = RepoPath::parse("a/b").expect("a path");
        let stat = Stat { size: 1, mtime_ns: 2, ctime_ns: 3, inode: 4 };
        let key = key(&path, 7);
        let mut value = [&stat_bytes(&stat)[..], b"part"].concat();
        value.extend_from_slice(&hash_of(&key, &value));
        let expected = Entry { path: "a/b", number: 7, stat: &stat_bytes(&stat), part: b"part" };
        assert_eq!(split(&key, &value), Some(expected));
        for at in 0..value.len() {
            let mut wrong = value.clone();
            wrong[at] ^= 1;
            assert_eq!(split(&key, &wrong), None, "byte {at}");
        }
        assert_eq!(split(&super::key(&path, 8), &value), None, "another place");
    }
}
