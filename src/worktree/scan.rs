//! What a folder holds: names, kinds and stats, found by a parallel walk.
//!
//! The walk reads no file's content except `.eskerignore`. The result is the same for any number
//! of threads: folders in path order, entries in name order. What cannot be part of a dataset is
//! listed as a [`Problem`] and does not stop the walk. Symlinks are never followed below the root.
//! A folder swapped for a symlink during the walk can make it list names from elsewhere; whoever
//! reads the files goes through [`handles`](super::handles), which refuses to leave the root.

mod listing;
mod queue;
mod sealed;
mod selection;
mod walk;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::SystemTime;

use crate::id::TreeId;
use crate::path::{NameError, RepoPath};
use crate::stat::{Stat, system_time_ns};
use crate::stat_cache::seal::Seal;
use crate::worktree::ignore::Rule;

/// What to scan and how.
#[derive(Clone, Default)]
pub struct ScanOptions<'a> {
    /// Number of threads; 0 means one for each core.
    pub threads: usize,
    /// Whether `.eskerignore` files count.
    pub honour_ignore: bool,
    /// Only these files and folders and what lies below them; empty means everything.
    pub paths: Vec<RepoPath>,
    /// Set to true by somebody else to end the scan early.
    pub cancel: Option<&'a AtomicBool>,
    /// For who asks only after what is tracked: folders that look as these seals say are not listed.
    pub sealed: Option<&'a dyn SealedFolders>,
}

/// What is known of whole folders.
pub trait SealedFolders: Sync {
    /// The seal of a folder, if it may be trusted.
    fn find_seal(&self, dir: &RepoPath) -> Option<Seal>;
}

/// What kind of thing an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScannedKind {
    /// A regular file; executable when its owner may execute it.
    File {
        /// Whether the owner may execute it.
        executable: bool,
    },
    /// A symlink, whose target was not read.
    Symlink,
    /// A folder.
    Directory,
}

/// One name in a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedEntry {
    /// The name, valid by [`check_name`](crate::path::check_name).
    pub name: Box<str>,
    /// What it is.
    pub kind: ScannedKind,
    /// Its size and times; of the link itself for a symlink.
    pub stat: Stat,
}

/// The entries of one folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannedDir {
    /// The folder, relative to the scanned root.
    pub path: RepoPath,
    /// What is in it and is not ignored, ascending by the bytes of the names.
    pub entries: Vec<ScannedEntry>,
    /// Names that exist but are not in `entries` because of a problem, ascending.
    ///
    /// An entry of the same name in a tree has not been deleted.
    pub withheld: Vec<Box<str>>,
    /// Whether the whole folder was listed; otherwise only the names that were asked for.
    pub is_complete: bool,
    /// The tree that its files are as, and how many they are, where a seal said so. It was not listed: there
    /// may be more in it.
    pub sealed_as: Option<(TreeId, u64)>,
}

/// Everything a scan found.
#[derive(Clone, Debug, Default)]
pub struct Scan {
    /// The folders, in path order, each before those below it.
    ///
    /// A folder whose listing failed is not here, but among the problems. With
    /// [`ScanOptions::paths`], each path that exists is an entry of an incomplete folder.
    pub dirs: Vec<ScannedDir>,
    /// What could not be taken, in the order of the escaped paths.
    pub problems: Vec<Problem>,
    /// Paths asked for that do not exist, in path order.
    pub missing: Vec<RepoPath>,
    /// Number of entries left out by rules; an ignored folder counts as one.
    pub ignored: u64,
    /// The system's clock before the first stat, in nanoseconds since 1970.
    pub started_at_ns: i64,
}

/// Something in the folder that cannot be part of a dataset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The path, escaped for display.
    pub path: String,
    /// What is wrong with it.
    pub reason: Reason,
}

/// Why something was not taken.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// The name is refused in every tree.
    NameNotAllowed(String),
    /// The name is not UTF-8.
    NotUtf8,
    /// A socket.
    Socket,
    /// A block or character device.
    Device,
    /// A named pipe.
    Fifo,
    /// The operating system refused; its message.
    Unreadable(String),
    /// `.git` or `.esker` below the root; the rest of its folder is taken.
    NestedRepository,
    /// A path asked for lies behind a symlink.
    BeyondSymlink,
    /// A path asked for is ignored; the line that says so.
    Ignored(String),
    /// A line of an `.eskerignore` that is no rule.
    BadIgnoreLine(String),
    /// An `.eskerignore` that could not be read, so that none of its rules hold.
    BadIgnoreFile(String),
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Reason::NameNotAllowed(detail) => write!(f, "name not allowed: {detail}"),
            Reason::NotUtf8 => f.write_str("name is not UTF-8"),
            Reason::Socket => f.write_str("is a socket"),
            Reason::Device => f.write_str("is a device"),
            Reason::Fifo => f.write_str("is a named pipe"),
            Reason::Unreadable(detail) => write!(f, "cannot be read: {detail}"),
            Reason::NestedRepository => f.write_str("belongs to a nested repository"),
            Reason::BeyondSymlink => f.write_str("lies behind a symlink"),
            Reason::Ignored(rule) => write!(f, "is ignored by {rule}"),
            Reason::BadIgnoreLine(detail) => write!(f, "is not a rule: {detail}"),
            Reason::BadIgnoreFile(detail) => write!(f, "rules not used: {detail}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl From<NameError> for Reason {
    fn from(error: NameError) -> Reason {
        Reason::NameNotAllowed(error.to_string())
    }
}

impl From<Rule> for Reason {
    fn from(rule: Rule) -> Reason {
        Reason::Ignored(rule.to_string())
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// The root is not there, is no folder or cannot be read.
    #[error("cannot scan {root}")]
    Root {
        /// The root as given.
        root: String,
        /// What the operating system said.
        source: io::Error,
    },
    /// The cancel flag was set.
    #[error("cancelled")]
    Cancelled,
}

/// Lists the folder `root`, or the chosen paths in it.
///
/// `.git` and `.esker` directly in the root are passed over in silence. Memory is about 90 bytes
/// an entry and its name, time one stat an entry spread over the threads.
pub fn scan(root: &Path, options: &ScanOptions<'_>) -> Result<Scan, ScanError> {
    let started_at_ns = system_time_ns(SystemTime::now());
    let failed = |source| ScanError::Root { root: root.display().to_string(), source };
    // Reading the root once here tells an unusable root from an unreadable folder in it.
    std::fs::read_dir(root).map_err(failed)?;
    let mut found = walk::Found::default();
    let start = selection::starting_points(root, options, &mut found);
    walk::run(root, options, start, &mut found)?;
    Ok(found.into_scan(started_at_ns))
}

#[cfg(test)]
mod tests;
