//! Locks of the operating system, which die with their process.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{ErrorKind, Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::{AtPath, FsError, shown, temporary_beside};

/// Who holds a lock, as written in its file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Process id on `host`.
    pub pid: u32,
    /// Name of the machine, without spaces.
    pub host: String,
    /// When the lock was taken, in Unix seconds.
    pub since: i64,
}

impl Holder {
    /// Names this process, on the machine and at the time given.
    pub fn this_process(host: impl Into<String>, now: i64) -> Self {
        Self { pid: std::process::id(), host: host.into(), since: now }
    }

    fn parse(text: &str) -> Option<Self> {
        let mut fields = text.split_ascii_whitespace();
        let holder = Self {
            pid: fields.next()?.parse().ok()?,
            host: fields.next()?.to_string(),
            since: fields.next()?.parse().ok()?,
        };
        fields.next().is_none().then_some(holder)
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.host.replace(|c: char| c.is_whitespace() || c.is_control(), "-");
        let host = if host.is_empty() { "-" } else { host.as_str() };
        write!(f, "{} {host} {}", self.pid, self.since)
    }
}

/// Why a lock was not taken.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process has it; who, where its note can be read.
    #[error("{} is locked{}", shown(.path), held_by(.holder))]
    Held {
        /// The lock file.
        path: PathBuf,
        /// What it says of its holder.
        holder: Option<Holder>,
    },
    /// The file could not be opened, locked or written.
    #[error(transparent)]
    Fs(#[from] FsError),
}

fn held_by(holder: &Option<Holder>) -> String {
    match holder {
        Some(h) => format!(" by process {} on {}", h.pid, h.host),
        None => String::new(),
    }
}

/// An exclusive lock of the operating system on a file, released by drop or by death.
///
/// The file stays when the lock goes: removing it would let two processes lock two files of one
/// name. Its note is empty while nobody holds the lock and unreadable to others on Windows.
#[derive(Debug)]
pub struct LockFile {
    file: File,
}

impl LockFile {
    /// Takes the lock, or says at once who has it.
    pub fn try_acquire(path: &Path, holder: &Holder) -> Result<Self, LockError> {
        Self::try_lock(open_lock(path)?, path, holder)
    }

    /// As [`Self::try_acquire`], but a file that is not there is an error rather than made.
    ///
    /// For who would remove the lock's folder: a file made anew beside an owner that still waits for
    /// the old one would pass for its lock.
    pub fn try_acquire_existing(path: &Path, holder: &Holder) -> Result<Self, LockError> {
        let file = OpenOptions::new().read(true).write(true).open(path).at("open", path)?;
        Self::try_lock(file, path, holder)
    }

    fn try_lock(mut file: File, path: &Path, holder: &Holder) -> Result<Self, LockError> {
        match file.try_lock() {
            Ok(()) => Ok(Self::with_note(file, path, holder)?),
            Err(TryLockError::WouldBlock) => {
                let mut note = String::new();
                // A note that cannot be read only makes the message poorer.
                let _ = (&mut file).take(512).read_to_string(&mut note);
                Err(LockError::Held { path: path.into(), holder: Holder::parse(&note) })
            }
            Err(TryLockError::Error(e)) => Err(FsError::new("lock", path, e).into()),
        }
    }

    /// Takes the lock, waiting for it as long as it takes.
    pub fn acquire(path: &Path, holder: &Holder) -> Result<Self, FsError> {
        let file = open_lock(path)?;
        file.lock().at("lock", path)?;
        Self::with_note(file, path, holder)
    }

    fn with_note(mut file: File, path: &Path, holder: &Holder) -> Result<Self, FsError> {
        file.set_len(0).at("write", path)?;
        file.rewind().at("write", path)?;
        file.write_all(format!("{holder}\n").as_bytes()).at("write", path)?;
        Ok(Self { file })
    }
}

/// A lock of the operating system that several processes hold at once, released by drop or by death.
///
/// Unlike that of a [`LockFile`], its file may be removed by whoever finds it free.
#[derive(Debug)]
pub struct SharedLock {
    _file: File,
}

impl SharedLock {
    /// Takes the lock on a file, made where it is missing; waits for who looks whether it is free.
    ///
    /// Gives nothing when the file was removed meanwhile, as nobody would find the lock, nor where that
    /// cannot be told.
    pub fn acquire(path: &Path) -> Result<Option<Self>, FsError> {
        if cfg!(not(unix)) {
            return Ok(None);
        }
        let file = open_lock(path)?;
        file.lock_shared().at("lock", path)?;
        Ok(is_at(&file, path).then_some(Self { _file: file }))
    }

    /// Whether somebody holds the lock; where that cannot be told, somebody does.
    pub fn is_held(path: &Path) -> bool {
        match OpenOptions::new().read(true).write(true).open(path) {
            Ok(file) => file.try_lock().is_err(),
            Err(e) => e.kind() != ErrorKind::NotFound,
        }
    }

    /// Removes the file if nobody holds the lock.
    pub fn remove_free(path: &Path) {
        let Ok(file) = OpenOptions::new().read(true).write(true).open(path) else { return };
        if file.try_lock().is_ok() && is_at(&file, path) {
            // What stays is found by the next to look.
            let _ = fs::remove_file(path);
        }
    }
}

/// Whether an open file is still the one of its name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(open), Ok(named)) = (file.metadata(), fs::metadata(path)) else { return false };
        (open.dev(), open.ino()) == (named.dev(), named.ino())
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        false
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Closing the file is what unlocks; a note left behind is only read when the lock is held.
        let _ = self.file.set_len(0);
    }
}

fn open_lock(path: &Path) -> Result<File, FsError> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false).open(path).at("open", path)
}

/// Whether locks of the operating system exclude each other in this directory.
///
/// Some network and user-space file systems refuse locks, or grant all of them.
pub fn locks_work(dir: &Path) -> Result<bool, FsError> {
    let path = temporary_beside(&dir.join("lock"))?;
    let first = open_lock(&path)?;
    let works = open_lock(&path).map(|second| {
        first.try_lock().is_ok() && matches!(second.try_lock(), Err(TryLockError::WouldBlock))
    });
    drop(first);
    fs::remove_file(&path).at("remove", &path)?;
    works
}

#[cfg(test)]
mod tests {
    use super::super::read_capped;
    use super::*;

    #[test]
    fn a_held_lock_names_its_holder_and_dies_with_it() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("lock");
        let holder = Holder::this_process("my host", 1_700_000_000);
        let lock = LockFile::try_acquire(&path, &holder).expect("free");
        let error = LockFile::try_acquire(&path, &holder).expect_err("held");
        let LockError::Held { holder: Some(found), .. } = error else { panic!("{error}") };
        assert_eq!(found, Holder { host: "my-host".into(), ..holder.clone() });
        drop(lock);
        drop(LockFile::acquire(&path, &holder).expect("free again"));
        assert_eq!(read_capped(&path, 100).expect("read"), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_shared_lock_is_seen_while_somebody_holds_it() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("reading");
        assert!(!SharedLock::is_held(&path));
        let acquire = || SharedLock::acquire(&path).expect("lock").expect("it is at its name");
        let (one, other) = (acquire(), acquire());
        drop(one);
        SharedLock::remove_free(&path);
        assert!(SharedLock::is_held(&path));
        drop(other);
        assert!(!SharedLock::is_held(&path) && path.exists());
        SharedLock::remove_free(&path);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_shared_lock_on_a_file_that_was_removed_counts_for_nothing() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("reading");
        let waits = open_lock(&path).expect("open");
        SharedLock::remove_free(&path);
        waits.lock_shared().expect("lock");
        assert!(!is_at(&waits, &path), "its name is gone");
        let _new = open_lock(&path).expect("another");
        assert!(!is_at(&waits, &path), "its name is another's");
    }

    #[test]
    fn locks_are_probed_without_leaving_a_file() {
        let dir = tempfile::tempdir().expect("tempdir");
        assert!(locks_work(dir.path()).expect("probe"));
        assert_eq!(fs::read_dir(dir.path()).expect("list").count(), 0);
    }
}
