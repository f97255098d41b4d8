//! What is known of folders that data was delivered to: the stats of their files, in a cache of the
//! person who runs esker. It only spares work and can be deleted at any time.
//!
//! What was delivered is kept apart from what was only hashed: of the first a copy is on a remote, so
//! that the next delivery may replace it as long as it is untouched.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use super::known::{Known, record_in};
use crate::db::CacheDb;
use crate::path::RepoPath;
use crate::refs::WorktreeId;
use crate::stat::system_time_ns;
use crate::stat_cache::StatRow;

/// Which rows speak of what was delivered.
const DELIVERED: WorktreeId = WorktreeId(1);
/// How long after a file was written a note of it is believed; a little more than two ticks.
const SETTLING: Duration = Duration::from_millis(30);
/// Digits of the hash of a folder's path that name its cache.
const NAME_DIGITS: usize = 32;

/// The memory of one folder.
pub struct Memory {
    cache: Option<CacheDb>,
    root: PathBuf,
}

impl Memory {
    /// The memory of the folder `root`, below `cache_dir`; without that, or where it cannot be made,
    /// nothing is known and nothing is remembered.
    pub fn of(cache_dir: Option<&Path>, root: &Path) -> Self {
        let open = |dir: &Path| {
            let whole = root.canonicalize().ok()?;
            let name = blake3::hash(whole.as_os_str().as_encoded_bytes()).to_hex();
            let dir = dir.join("delivered");
            std::fs::create_dir_all(&dir).ok()?;
            // A home may be shared by machines, which memory is not.
            Some(CacheDb::new(&dir.join(format!("{}.db", &name[..NAME_DIGITS])), false))
        };
        Self { cache: cache_dir.and_then(open), root: root.to_owned() }
    }

    /// What was hashed or delivered.
    pub fn hashed(&self) -> Option<Known<'_>> {
        self.rows_of(WorktreeId::MAIN)
    }

    /// What was delivered.
    pub fn delivered(&self) -> Option<Known<'_>> {
        self.rows_of(DELIVERED)
    }

    fn rows_of(&self, worktree: WorktreeId) -> Option<Known<'_>> {
        let cache = self.cache.as_ref()?;
        Some(Known::of(cache, worktree, self.root.clone(), RepoPath::root()))
    }

    /// Remembers files that were found to be what was to be delivered, by a look that began at
    /// `looked_at_ns`. Rows of a folder ascend by name.
    pub fn remember(&self, dirs: &[(RepoPath, Vec<StatRow>)], looked_at_ns: i64) {
        for known in [self.hashed(), self.delivered()].into_iter().flatten() {
            record_in(&known, looked_at_ns, &mut dirs.iter().cloned());
        }
    }

    /// As [`Memory::remember`], for files that were just written here.
    pub fn remember_written(&self, dirs: &[(RepoPath, Vec<StatRow>)]) {
        if self.cache.is_none() || dirs.is_empty() {
            return;
        }
        // Stamps must be older than the note, or it is not believed. Nobody knew of the files before.
        std::thread::sleep(SETTLING);
        self.remember(dirs, system_time_ns(SystemTime::now()));
    }
}
