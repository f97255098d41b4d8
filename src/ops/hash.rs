//! `hash`: the id that a file or folder would have, without a repository.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, OpError, Skipped};

/// What to hash.
#[derive(Clone, Debug, Default)]
pub struct HashOptions {
    /// A file, folder or symbolic link, relative to the start directory.
    pub path: PathBuf,
    /// Take no notice of `.eskerignore`.
    pub no_ignore: bool,
}

/// The id, and what it covers.
#[derive(Clone, Debug, Serialize)]
pub struct HashOutcome {
    /// Blob id of a file, tree id of a folder; for a link the blob id of its target.
    pub id: String,
    /// What it is.
    pub kind: HashKind,
    /// How many files.
    pub files: u64,
    /// How many bytes in them.
    pub bytes: u64,
    /// Paths left out by `.eskerignore`.
    pub ignored: u64,
    /// Files that could not be hashed: the id then is not the folder's.
    pub skipped: Vec<Skipped>,
}

/// What was hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum HashKind {
    /// A file.
    File,
    /// A folder.
    Directory,
    /// A symbolic link.
    Symlink,
}

/// Hashes a file or folder.
pub fn run(_ctx: &Context, _options: &HashOptions) -> Result<HashOutcome, OpError> {
    Err(OpError::NotBuilt)
}
