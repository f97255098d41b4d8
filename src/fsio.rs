//! Files that survive a power cut, locks that die with their process, errors that name the path.
//!
//! A file published by [`write_atomic`] or [`rename_synced`] is whole under its name once the call
//! returns; before that the old one is. Errors carry what was tried and on which path.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

mod lock;

pub use lock::{Holder, LockError, LockFile, SharedLock, locks_work};

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

/// Renames a synced file and makes that durable: it is one change, also of two directories, whose old name
/// goes when the new one comes.
pub fn rename_synced(from: &Path, to: &Path) -> Result<(), FsError> {
    fs::rename(from, to).at("rename to", to)?;
    sync_dir(parent(to))
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
