//! Open folders of a worktree, the ones used last.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use cap_std::fs::{Dir, Metadata};

use super::{HandleError, OnDisk, failed};
use crate::path::RepoPath;
use crate::stat::Stat;
use crate::worktree::scan::ScannedKind;

/// Folders kept open by one thread.
const MAX_OPEN: usize = 64;

/// Handles of folders by their paths, without the root.
#[derive(Debug)]
pub(super) struct Folders {
    open: HashMap<Box<str>, Kept>,
    clock: u64,
}

#[derive(Debug)]
struct Kept {
    dir: Arc<Dir>,
    used: u64,
}

impl Folders {
    pub(super) fn new() -> Folders {
        Folders { open: HashMap::with_capacity(MAX_OPEN), clock: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.open.clear();
    }

    /// Closes a folder and all below it.
    pub(super) fn forget(&mut self, path: &RepoPath) {
        self.open.retain(|open, _| !is_below(open, path.as_str()));
    }

    /// The handle of the folder at `path`, a valid path without the root's own name.
    pub(super) fn open(&mut self, root: &Dir, path: &str) -> Result<Arc<Dir>, HandleError> {
        let (mut dir, mut end) = self.deepest_open(root, path)?;
        while end < path.len() {
            let start = if end == 0 { 0 } else { end + 1 };
            end = path[start..].find('/').map_or(path.len(), |slash| start + slash);
            dir = Arc::new(step(&dir, &path[start..end], &path[..end])?);
            self.keep(&path[..end], dir.clone());
        }
        Ok(dir)
    }

    /// The longest part of the path that is open, and where it ends.
    fn deepest_open(&mut self, root: &Dir, path: &str) -> Result<(Arc<Dir>, usize), HandleError> {
        self.clock += 1;
        let mut end = path.len();
        loop {
            if let Some(kept) = self.open.get_mut(&path[..end]) {
                kept.used = self.clock;
                return Ok((kept.dir.clone(), end));
            }
            if end == 0 {
                break;
            }
            end = path[..end].rfind('/').unwrap_or(0);
        }
        let copy = root.try_clone().map_err(|error| failed("open", &RepoPath::root(), error))?;
        let dir = Arc::new(copy);
        self.keep("", dir.clone());
        Ok((dir, 0))
    }

    fn keep(&mut self, path: &str, dir: Arc<Dir>) {
        if self.open.len() >= MAX_OPEN {
            let oldest = self.open.iter().min_by_key(|(_, kept)| kept.used);
            if let Some(oldest) = oldest.map(|(path, _)| path.clone()) {
                self.open.remove(&oldest);
            }
        }
        self.open.insert(path.into(), Kept { dir, used: self.clock });
    }
}

/// Opens the folder `name` in `dir`, which must be a folder and not a symlink to one.
fn step(dir: &Dir, name: &str, path: &str) -> Result<Dir, HandleError> {
    let path = || RepoPath::parse(path).expect("a part of a checked path is a valid path");
    let failed = |source: io::Error| failed("open", &path(), source);
    let before = dir.symlink_metadata(name).map_err(failed)?;
    if before.is_symlink() {
        return Err(HandleError::Symlink(path()));
    }
    if !before.is_dir() {
        return Err(HandleError::NotDirectory(path()));
    }
    let opened = dir.open_dir(name).map_err(failed)?;
    match is_same(&before, &opened.dir_metadata().map_err(failed)?) {
        true => Ok(opened),
        false => Err(HandleError::Replaced(path())),
    }
}

fn is_below(path: &str, dir: &str) -> bool {
    path.strip_prefix(dir).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Whether an open folder has been removed. It can then be neither read nor written.
#[cfg(unix)]
pub(super) fn is_gone(dir: &Dir) -> bool {
    use cap_std::fs::MetadataExt;
    dir.dir_metadata().map_or(true, |metadata| metadata.nlink() == 0)
}

/// Whether an open folder has been removed; unknown here, so that it is opened anew.
#[cfg(not(unix))]
pub(super) fn is_gone(_: &Dir) -> bool {
    true
}

/// Whether two answers are about the same file or folder.
#[cfg(unix)]
pub(super) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    (a.dev(), a.ino()) == (b.dev(), b.ino())
}

/// Whether two answers are about the same file or folder, as far as can be told here.
#[cfg(not(unix))]
pub(super) fn is_same(a: &Metadata, b: &Metadata) -> bool {
    a.file_type() == b.file_type() && a.len() == b.len()
}

/// What an answer of the operating system says.
pub(super) fn on_disk(metadata: &Metadata) -> OnDisk {
    let kind = if metadata.is_file() {
        Some(ScannedKind::File { executable: is_executable(metadata) })
    } else if metadata.is_dir() {
        Some(ScannedKind::Directory)
    } else if metadata.is_symlink() {
        Some(ScannedKind::Symlink)
    } else {
        None
    };
    OnDisk { kind, stat: stat_of(metadata) }
}

#[cfg(unix)]
pub(super) fn stat_of(metadata: &Metadata) -> Stat {
    use crate::stat::nanoseconds;
    use cap_std::fs::MetadataExt;
    Stat {
        size: metadata.len(),
        mtime_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        ctime_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
        inode: metadata.ino(),
    }
}

#[cfg(not(unix))]
pub(super) fn stat_of(metadata: &Metadata) -> Stat {
    let modified = metadata.modified().map(|time| time.into_std());
    let mtime_ns = modified.map_or(0, crate::stat::system_time_ns);
    Stat { size: metadata.len(), mtime_ns, ctime_ns: 0, inode: 0 }
}

#[cfg(unix)]
fn is_executable(metadata: &Metadata) -> bool {
    use cap_std::fs::MetadataExt;
    metadata.mode() & 0o100 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &Metadata) -> bool {
    false
}
