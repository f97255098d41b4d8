//! One writing session: the folder its unfinished packs lie in, their names, the lock that says it lives.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{StoreError, readers};
use crate::fsio::{FsError, Holder, LockError, LockFile, SharedLock};
use crate::id::{CommitId, PackId, SessionId};
use crate::pack::layout::{Header, PackKind};

/// A session of this process; clones are the same session.
///
/// What it published, and what it holds, is left alone by every collection for as long as it lives:
/// the store that started it keeps it until the verb is done, by when a ref or a stage names its data.
/// Files of packs that are condemned meanwhile stay as long, so that whoever began to read goes on.
#[derive(Clone, Debug)]
pub struct Session(Arc<Folder>);

/// The folder of a session, which disappears with it.
#[derive(Debug)]
struct Folder {
    id: SessionId,
    dir: PathBuf,
    _lock: LockFile,
}

const LOCK_NAME: &str = "lock";
/// Ids of packs of other sessions that this one relies on, 24 bytes each.
const HELD_NAME: &str = "held";
const PACK_ID_BYTES: usize = 24;
/// Ids of commits that this session is about to name, 32 bytes each.
const COMMITS_NAME: &str = "commits";
const COMMIT_ID_BYTES: usize = 32;
/// How often a new folder may be taken away before that is an error.
const ATTEMPTS: usize = 16;

impl Session {
    /// Starts a session on the store's generation `seq`, with a folder below `tmp`.
    pub fn start(tmp: &Path, seq: u64) -> Result<Self, StoreError> {
        for _ in 0..ATTEMPTS {
            if let Some(session) = Self::try_start(tmp, seq)? {
                return Ok(session);
            }
        }
        Err(StoreError::Changed)
    }

    /// Gives nothing when another process took the new folder for one left behind, which it can
    /// until the lock is held.
    fn try_start(tmp: &Path, seq: u64) -> Result<Option<Self>, StoreError> {
        let id = SessionId { seq, random: random_u64()? };
        let dir = tmp.join(id.to_string());
        std::fs::create_dir_all(&dir).map_err(|e| StoreError::write(&dir, e))?;
        let path = dir.join(LOCK_NAME);
        let lock = match LockFile::acquire(&path, &Holder::this_process("local", 0)) {
            Err(e) if e.is_not_found() => return Ok(None),
            lock => lock?,
        };
        Ok(path.exists().then(|| Self(Arc::new(Folder { id, dir, _lock: lock }))))
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.0.id
    }

    /// Where its unfinished files lie.
    pub fn dir(&self) -> &Path {
        &self.0.dir
    }

    /// A name that no pack had before.
    pub fn new_pack_id(&self) -> Result<PackId, StoreError> {
        Ok(PackId { session: self.0.id, random: random_u64()? })
    }

    /// Keeps packs of earlier sessions from being dropped for as long as this one lives.
    ///
    /// Counts for packs that a later transaction finds live: whoever drops packs looks here in the
    /// transaction that does so.
    pub fn hold(&self, packs: &HashSet<PackId>) -> Result<(), StoreError> {
        if packs.is_empty() {
            return Ok(());
        }
        let bytes: Vec<u8> = packs.iter().flat_map(|pack| pack.to_bytes()).collect();
        self.note(HELD_NAME, &bytes)
    }

    /// Keeps all that a commit reaches from being dropped for as long as this session lives, as a ref
    /// does: whoever drops packs looks here in the transaction that does so.
    pub fn hold_commit(&self, commit: CommitId) -> Result<(), StoreError> {
        self.note(COMMITS_NAME, commit.as_bytes())
    }

    fn note(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        let path = self.0.dir.join(name);
        let mut options = OpenOptions::new();
        let file = options.append(true).create(true).open(&path);
        file.and_then(|mut file| file.write_all(bytes)).map_err(|e| StoreError::write(&path, e))
    }

    /// The header of a pack of this session.
    pub fn pack_header(&self, id: PackId, kind: PackKind) -> Header {
        Header::plain(kind, self.0.id.seq, id)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next session's clean-up.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// What running sessions wrote or rely on: nobody else may drop or replace it.
#[derive(Debug, Default)]
pub struct InUse {
    sessions: HashSet<SessionId>,
    held: HashSet<PackId>,
    commits: Vec<(SessionId, CommitId)>,
    /// The generations at which some who only read began.
    readers: Vec<u64>,
}

impl InUse {
    /// What is in use at this moment by sessions whose folders are below `tmp`.
    pub fn read(tmp: &Path) -> Result<Self, StoreError> {
        Self::read_beside(tmp, &[])
    }

    /// The same without what sessions of `own` have.
    pub fn read_beside(tmp: &Path, own: &[SessionId]) -> Result<Self, StoreError> {
        let readers = readers::held(tmp).map_err(|e| FsError::new("read", tmp, e))?;
        let mut found = Self { readers, ..Self::default() };
        for entry in std::fs::read_dir(tmp).map_err(|e| FsError::new("read", tmp, e))?.flatten() {
            let id = entry.file_name().to_str().and_then(|name| name.parse().ok());
            let is_other = |id: &SessionId| !own.contains(id) && !is_dead(&entry.path());
            let Some(id) = id.filter(is_other) else { continue };
            found.sessions.insert(id);
            let bytes = read_note(&entry.path().join(HELD_NAME))?;
            let (ids, _) = bytes.as_chunks::<PACK_ID_BYTES>();
            found.held.extend(ids.iter().map(|id| PackId::from_bytes(*id)));
            let bytes = read_note(&entry.path().join(COMMITS_NAME))?;
            let (ids, _) = bytes.as_chunks::<COMMIT_ID_BYTES>();
            found.commits.extend(ids.iter().map(|commit| (id, CommitId::from_bytes(*commit))));
        }
        Ok(found)
    }

    /// Whether a pack is in use.
    pub fn contains(&self, pack: PackId) -> bool {
        self.is_of_running(pack) || self.held.contains(&pack)
    }

    /// Whether a pack was written by a session that still runs.
    pub fn is_of_running(&self, pack: PackId) -> bool {
        self.sessions.contains(&pack.session)
    }

    /// Commits that sessions are about to name, but for those of `own`.
    pub fn commits_but(&self, own: &[SessionId]) -> Vec<CommitId> {
        let others = self.commits.iter().filter(|(id, _)| !own.contains(id));
        others.map(|(_, commit)| *commit).collect()
    }

    /// The generation at which the oldest session or reader began that is none of `own`, if there is one.
    ///
    /// What was condemned later may be read by it still.
    pub fn oldest_but(&self, own: &[SessionId]) -> Option<u64> {
        let others = self.sessions.iter().filter(|id| !own.contains(id)).map(|id| id.seq);
        others.chain(self.readers.iter().copied()).min()
    }
}

/// Nothing when there is no such note: the session relies on nothing, or ended just now.
fn read_note(path: &Path) -> Result<Vec<u8>, StoreError> {
    match std::fs::read(path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        bytes => Ok(bytes.map_err(|e| FsError::new("read", path, e))?),
    }
}

/// Removes what sessions left behind whose process died, and the locks of readers that nobody holds;
/// returns how many sessions.
pub fn remove_dead_sessions(tmp: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(tmp) else { return 0 };
    let (locks, entries): (Vec<_>, Vec<_>) =
        entries.flatten().partition(|entry| readers::generation(&entry.file_name()).is_some());
    locks.iter().for_each(|entry| SharedLock::remove_free(&entry.path()));
    let is_removed = |dir: &PathBuf| {
        // Empty: left between two steps of a start.
        if std::fs::remove_dir(dir).is_ok() {
            return true;
        }
        // Held until all is gone: who is about to start here waits for it, and then starts elsewhere.
        let _held = match try_lock(dir) {
            Ok(lock) => Some(lock),
            // The lock is made before all else: this folder was left half removed.
            Err(LockError::Fs(e)) if e.is_not_found() => None,
            Err(LockError::Held { .. } | LockError::Fs(_)) => return false,
        };
        std::fs::remove_dir_all(dir).is_ok()
    };
    let dirs = entries.iter().filter(|e| is_session(&e.file_name())).map(|e| e.path());
    dirs.filter(is_removed).count()
}

/// Whether a folder is named as those of sessions are; others are not theirs to remove.
fn is_session(name: &OsStr) -> bool {
    name.to_str().is_some_and(|n| n.len() == 32 && n.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a folder that is not empty has nobody at work in it.
fn is_dead(dir: &Path) -> bool {
    match try_lock(dir) {
        Ok(_) => true,
        // The lock is made before all else: this folder was left half removed.
        Err(LockError::Fs(e)) => e.is_not_found(),
        Err(LockError::Held { .. }) => false,
    }
}

/// Takes the lock of a session's folder; makes none, which would hide from a session that still
/// waits for its own that the folder is being removed.
fn try_lock(dir: &Path) -> Result<LockFile, LockError> {
    LockFile::try_acquire_existing(&dir.join(LOCK_NAME), &Holder::this_process("local", 0))
}

/// Where a pack lies in the folder of its session until it is published.
pub fn unfinished_pack(dir: &Path, id: PackId) -> PathBuf {
    dir.join(format!("{id}.pack"))
}

/// Random bits from the operating system.
pub fn random_u64() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|e| StoreError::Random(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_that_loses_its_lock_while_it_is_looked_at_gets_no_new_one() {
        let tmp = tempfile::tempdir().expect("tempdir");
        assert!(matches!(try_lock(tmp.path()), Err(LockError::Fs(e)) if e.is_not_found()));
        assert!(!tmp.path().join(LOCK_NAME).exists());
    }

    #[test]
    fn a_session_that_starts_while_others_clear_up_keeps_its_folder() {
        let tmp = tempfile::tempdir().expect("tempdir");
        let until = std::time::Instant::now() + std::time::Duration::from_millis(1500);
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while std::time::Instant::now() < until {
                        remove_dead_sessions(tmp.path());
                    }
                });
            }
            scope.spawn(|| {
                while std::time::Instant::now() < until {
                    InUse::read(tmp.path()).expect("read");
                }
            });
            for _ in 0..3 {
                scope.spawn(|| {
                    while std::time::Instant::now() < until {
                        let session = Session::start(tmp.path(), 1).expect("start");
                        std::thread::sleep(std::time::Duration::from_micros(50));
                        assert!(session.dir().join(LOCK_NAME).exists());
                    }
                });
            }
        });
    }
}
