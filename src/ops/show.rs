//! `show`: one object.

use serde::Serialize;

use super::log::LogEntry;
use super::ls::LsEntry;
use super::{Change, Context, OpError, encode};
use crate::id::{BlobId, TreeId};

/// What to show.
#[derive(Clone, Debug, Default)]
pub struct ShowOptions {
    /// A revision, `REV:path`, or an id.
    pub object: String,
}

/// The object.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ShowOutcome {
    /// A commit and what it changed against its first parent.
    Commit {
        /// The commit.
        #[serde(flatten)]
        entry: Box<LogEntry>,
        /// The first changes, sorted by path.
        changes: Vec<Change>,
        /// How many there are beyond those.
        more: u64,
    },
    /// A directory.
    Tree {
        /// Its id.
        #[serde(serialize_with = "encode::id")]
        id: TreeId,
        /// Its entries.
        entries: Vec<LsEntry>,
    },
    /// A file; its bytes come from `cat`.
    File {
        /// Its id.
        #[serde(serialize_with = "encode::id")]
        id: BlobId,
        /// Its bytes.
        size: u64,
        /// Whether it may be run.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: String,
    },
}

/// Shows an object.
pub fn run(_ctx: &Context, _options: &ShowOptions) -> Result<ShowOutcome, OpError> {
    Err(OpError::NotBuilt)
}
