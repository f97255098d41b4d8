//! One writing session: the folder its unfinished packs lie in, their names, the lock that says it lives.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::StoreError;
use crate::fsio::{Holder, LockError, LockFile};
use crate::id::{PackId, SessionId};
use crate::pack::layout::{Header, PackKind};

/// A session of this process. Its folder disappears when it is dropped.
pub struct Session {
    id: SessionId,
    dir: PathBuf,
    _lock: LockFile,
}

const LOCK_NAME: &str = "lock";
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
        Ok(path.exists().then_some(Self { id, dir, _lock: lock }))
    }

    /// The session's id.
    pub fn id(&self) -> SessionId {
        self.id
    }

    /// Where its unfinished files lie.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// A name that no pack had before.
    pub fn new_pack_id(&self) -> Result<PackId, StoreError> {
        Ok(PackId { session: self.id, random: random_u64()? })
    }

    /// The header of a pack of this session.
    pub fn pack_header(&self, id: PackId, kind: PackKind) -> Header {
        Header::plain(kind, self.id.seq, id)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next session's clean-up.
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

/// Removes what sessions left behind whose process died; returns how many.
pub fn remove_dead_sessions(tmp: &Path) -> usize {
    let Ok(entries) = std::fs::read_dir(tmp) else { return 0 };
    let is_removed = |dir: &PathBuf| {
        // Empty: left between two steps of a start.
        std::fs::remove_dir(dir).is_ok() || (is_dead(dir) && std::fs::remove_dir_all(dir).is_ok())
    };
    let dirs = entries.flatten().filter(|e| is_session(&e.file_name())).map(|e| e.path());
    dirs.filter(is_removed).count()
}

/// Whether a folder is named as those of sessions are; others are not theirs to remove.
fn is_session(name: &OsStr) -> bool {
    name.to_str().is_some_and(|n| n.len() == 32 && n.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Whether a folder that is not empty has nobody at work in it.
fn is_dead(dir: &Path) -> bool {
    if !dir.join(LOCK_NAME).exists() {
        // The lock is made before all else: this folder was left half removed.
        return true;
    }
    match LockFile::try_acquire(&dir.join(LOCK_NAME), &Holder::this_process("local", 0)) {
        Ok(_) => true,
        Err(LockError::Held { .. } | LockError::Fs(_)) => false,
    }
}

/// Random bits from the operating system.
pub fn random_u64() -> Result<u64, StoreError> {
    getrandom::u64().map_err(|e| StoreError::Random(e.to_string()))
}
