//! Files that survive a power cut, locks that die with their process, errors that name the path.
//!
//! A file published by [`write_atomic`] or [`rename_synced`] is whole under its name once the call
//! returns; before that the old one is. Errors carry what was tried and on which path.

use std::fmt;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read, Seek, Write};
use std::path::{Component, Path, PathBuf};

/// A file operation that failed: what was tried, where, and why.
#[derive(Debug, thiserror::Error)]
#[error("cannot {op} {}: {source}", shown(.path))]
pub struct FsError {
    op: &'static str,
    path: PathBuf,
    source: io::Error,
}

impl FsError {
    /// Makes an error of `op` (a verb, such as "read") on `path`.
    pub fn new(op: &'static str, path: impl Into<PathBuf>, source: io::Error) -> Self {
        Self { op, path: path.into(), source }
    }

    /// What was tried, on which path, and why it failed.
    pub fn into_parts(self) -> (&'static str, PathBuf, io::Error) {
        (self.op, self.path, self.source)
    }

    /// The path the operation was tried on.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The kind of failure, as the system names it.
    pub fn kind(&self) -> ErrorKind {
        self.source.kind()
    }

    /// Whether the file is not there.
    pub fn is_not_found(&self) -> bool {
        self.kind() == ErrorKind::NotFound
    }

    /// Whether the system denies access.
    pub fn is_permission(&self) -> bool {
        self.kind() == ErrorKind::PermissionDenied
    }

    /// Whether the disk or the quota is full.
    pub fn is_full(&self) -> bool {
        matches!(self.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
    }

    /// Whether the file system cannot be written.
    pub fn is_read_only(&self) -> bool {
        self.kind() == ErrorKind::ReadOnlyFilesystem
    }
}

/// The path as shown to people: escaped as every name is, but for the separators of Windows.
fn shown(path: &Path) -> String {
    let text = path.to_string_lossy();
    let escaped = crate::path::escape(&text);
    if cfg!(windows) { escaped.replace(r"\\", r"\") } else { escaped.into_owned() }
}

/// Gives an [`io::Result`] the operation and path it lacks.
pub trait AtPath<T> {
    /// Names the operation and the path in the error.
    fn at(self, op: &'static str, path: &Path) -> Result<T, FsError>;
}

impl<T> AtPath<T> for io::Result<T> {
    fn at(self, op: &'static str, path: &Path) -> Result<T, FsError> {
        self.map_err(|source| FsError::new(op, path, source))
    }
}

/// Replaces the file at `path` by `bytes`, whole or not at all, and durably.
///
/// Writes a temporary file in the same directory, syncs it, renames it over `path` and syncs the
/// directory. The mode of an existing file is kept; a symlink at `path` is replaced, not followed.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let temporary = temporary_beside(path)?;
    let result = write_synced(&temporary, bytes)
        .and_then(|()| keep_mode(path, &temporary))
        .and_then(|()| rename_synced(&temporary, path));
    if result.is_err() {
        // The first error is the one to report; the file is junk of no consequence.
        let _ = fs::remove_file(&temporary);
    }
    result
}

fn temporary_beside(path: &Path) -> Result<PathBuf, FsError> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Ok(path.with_file_name(format!(".{name}.{:016x}.tmp", random_u64().at("write", path)?)))
}

fn random_u64() -> io::Result<u64> {
    getrandom::u64().map_err(io::Error::other)
}

fn write_synced(path: &Path, bytes: &[u8]) -> Result<(), FsError> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).at("create", path)?;
    file.write_all(bytes).at("write", path)?;
    sync_file(&file, path)
}

fn keep_mode(from: &Path, to: &Path) -> Result<(), FsError> {
    match fs::symlink_metadata(from) {
        Ok(old) if old.is_file() => {
            fs::set_permissions(to, old.permissions()).at("set the mode of", to)
        }
        _ => Ok(()),
    }
}

/// Renames a synced file and syncs the directories of both names.
pub fn rename_synced(from: &Path, to: &Path) -> Result<(), FsError> {
    fs::rename(from, to).at("rename to", to)?;
    sync_dir(parent(to))?;
    if parent(from) != parent(to) { sync_dir(parent(from)) } else { Ok(()) }
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// Makes what was written to `file` durable; `path` names it in the error.
///
/// After an error what the disk holds is unknown, even if a second call succeeds: discard it.
pub fn sync_file(file: &File, path: &Path) -> Result<(), FsError> {
    file.sync_all().at("sync", path)
}

/// Makes the names in a directory durable (creations, renames, removals).
///
/// Does nothing where directories cannot be synced: on Windows, and on file systems that say so.
pub fn sync_dir(path: &Path) -> Result<(), FsError> {
    if cfg!(windows) {
        return Ok(());
    }
    match File::open(path).at("open", path)?.sync_all() {
        Err(e) if matches!(e.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        result => result.at("sync", path),
    }
}

/// Creates a folder and those above it, and makes their names durable; its own also when it is there
/// already, for whoever made it may have been cut short before that.
///
/// A folder above that may not be read cannot be synced: that is passed over.
pub fn create_dirs(path: &Path) -> Result<(), FsError> {
    let missing = path.ancestors().skip(1).take_while(|dir| !dir.exists());
    let named: Vec<_> = [path].into_iter().chain(missing).filter_map(Path::parent).collect();
    std::fs::create_dir_all(path).at("create", path)?;
    for above in named {
        let is_here = above.as_os_str().is_empty();
        match sync_dir(if is_here { Path::new(".") } else { above }) {
            Err(FsError { source, .. }) if source.kind() == ErrorKind::PermissionDenied => {}
            result => result?,
        }
    }
    Ok(())
}

/// The way from one absolute folder to another, where they share more than the root.
pub fn way_between(from: &Path, to: &Path) -> Option<PathBuf> {
    let shared = from.components().zip(to.components()).take_while(|(a, b)| a == b).count();
    if shared < 2 {
        return None;
    }
    let up = from.components().skip(shared).map(|_| Path::new(".."));
    let down = to.components().skip(shared).map(|c| Path::new(c.as_os_str()));
    Some(up.chain(down).collect())
}

/// Whether two paths lead to one file.
pub fn is_same_file(one: &Path, other: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let (Ok(one), Ok(other)) = (std::fs::metadata(one), std::fs::metadata(other)) else {
            return false;
        };
        (one.dev(), one.ino()) == (other.dev(), other.ino())
    }
    #[cfg(not(unix))]
    {
        let (one, other) = (one.canonicalize(), other.canonicalize());
        one.is_ok_and(|one| other.is_ok_and(|other| one == other))
    }
}

/// Reads a whole file of at most `max_bytes`; a larger one is an error of kind `FileTooLarge`.
pub fn read_capped(path: &Path, max_bytes: u64) -> Result<Vec<u8>, FsError> {
    let file = File::open(path).at("open", path)?;
    read_to_end_capped(file, max_bytes).at("read", path)
}

/// Reads to the end of `source`, which may give at most `max_bytes`.
pub fn read_to_end_capped(source: impl Read, max_bytes: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    source.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        let detail = format!("larger than {max_bytes} bytes");
        return Err(io::Error::new(ErrorKind::FileTooLarge, detail));
    }
    Ok(bytes)
}

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

/// A path without `.` and `..`, as it is shown. Links are only followed where `..` stands behind one:
/// that is the folder above what it leads to.
pub fn without_dots(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if clean.is_symlink()
                    && let Ok(target) = clean.canonicalize()
                {
                    clean = target;
                }
                let is_above = clean.as_os_str().is_empty() || clean.ends_with("..");
                if is_above || (!clean.pop() && !clean.has_root()) {
                    clean.push("..");
                }
            }
            other => clean.push(other),
        }
    }
    if clean.as_os_str().is_empty() { PathBuf::from(".") } else { clean }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(dir: &Path) -> Vec<String> {
        let entries = fs::read_dir(dir).expect("directory is there");
        let name = |e: io::Result<fs::DirEntry>| e.expect("entry").file_name();
        entries.map(|e| name(e).to_string_lossy().into_owned()).collect()
    }

    #[cfg(unix)]
    #[test]
    fn the_way_between_folders_goes_up_and_down() {
        let way = |from: &str, to: &str| way_between(Path::new(from), Path::new(to));
        assert_eq!(way("/a/b/c", "/a/d/.esker"), Some("../../d/.esker".into()));
        assert_eq!(way("/a/b", "/a/b/c"), Some("c".into()));
        assert_eq!(way("/a/b", "/c/d"), None);
    }

    #[test]
    fn write_atomic_replaces_and_leaves_nothing_else() {
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("config.toml");
        write_atomic(&path, b"one").expect("first");
        write_atomic(&path, b"two").expect("second");
        assert_eq!(read_capped(&path, 3).expect("read"), b"two");
        assert_eq!(names(dir.path()), ["config.toml"]);
    }

    #[test]
    fn a_failed_write_names_the_path_and_leaves_no_temporary_file() {
        let dir = tempfile::tempdir().expect("tempdir");
        let target = dir.path().join("taken");
        fs::create_dir(&target).expect("mkdir");
        fs::write(target.join("inside"), b"x").expect("fill");
        let error = write_atomic(&target, b"bytes").expect_err("a directory is in the way");
        assert_eq!(error.path(), target);
        assert_eq!(names(dir.path()), ["taken"]);
        let error = write_atomic(&dir.path().join("no/file"), b"x").expect_err("no parent");
        assert!(error.is_not_found() && !error.is_full() && !error.is_read_only());
    }

    #[cfg(unix)]
    #[test]
    fn write_atomic_keeps_the_mode() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().expect("tempdir");
        let path = dir.path().join("secret");
        write_atomic(&path, b"1").expect("write");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("chmod");
        write_atomic(&path, b"2").expect("write");
        assert_eq!(fs::metadata(&path).expect("stat").permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn reading_stops_at_the_cap() {
        assert_eq!(read_to_end_capped(&b"abc"[..], 3).expect("fits"), b"abc");
        let error = read_to_end_capped(&b"abcd"[..], 3).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::FileTooLarge);
    }

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
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn control_characters_of_a_path_are_escaped() {
        let error = FsError::new("read", "a\u{1b}[31m", io::Error::from(ErrorKind::NotFound));
        assert!(error.to_string().starts_with("cannot read a\\u{1b}[31m: "));
    }

    #[test]
    fn paths_are_shown_without_dots() {
        for (path, clean) in [
            ("/a/./b/../c", "/a/c"),
            ("/../a", "/a"),
            ("a/..", "."),
            ("../x/../../y", "../../y"),
            ("./a/", "a"),
        ] {
            assert_eq!(without_dots(Path::new(path)), Path::new(clean), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_above_a_link_is_that_above_its_target() {
        let dir = tempfile::tempdir().expect("tempdir");
        let root = dir.path().canonicalize().expect("there");
        fs::create_dir_all(root.join("a/b")).expect("mkdir");
        std::os::unix::fs::symlink(root.join("a/b"), root.join("link")).expect("link");
        assert_eq!(without_dots(&root.join("link/../x")), root.join("a/x"));
        assert_eq!(without_dots(&root.join("link/x/..")), root.join("link"));
    }
}
