//! `commit`: records the stage as a commit on the current branch.

use serde::Serialize;

use super::{Context, OpError, Skipped, encode};
use crate::id::{CommitId, TreeId};

/// What to record.
#[derive(Clone, Debug, Default)]
pub struct CommitOptions {
    /// The message; `None` with `amend` keeps the old one.
    pub message: Option<String>,
    /// Stage changes and deletions of tracked files first.
    pub all: bool,
    /// Replace the last commit.
    pub amend: bool,
    /// Commit even if nothing changed.
    pub allow_empty: bool,
    /// The author's date: RFC 3339, `@unix`, or `YYYY-MM-DD HH:MM[:SS] [+hhmm]`.
    pub date: Option<String>,
    /// The author as `Name <mail>`.
    pub author: Option<String>,
    /// Metadata, as key and value.
    pub meta: Vec<(String, String)>,
}

/// What was recorded, and what it cost.
#[derive(Clone, Debug, Serialize)]
pub struct CommitOutcome {
    /// The new commit.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// Its tree.
    #[serde(serialize_with = "encode::id")]
    pub tree: TreeId,
    /// The branch that moved; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// Files in the commit.
    pub files: u64,
    /// Bytes of the files in the commit.
    pub bytes: u64,
    /// Bytes of chunks that no earlier commit needed.
    pub new_bytes: u64,
    /// Bytes that those take in the store.
    pub stored_bytes: u64,
    /// Files the parent does not have.
    pub added: u64,
    /// Files that differ from the parent's.
    pub modified: u64,
    /// Files only the parent has.
    pub removed: u64,
    /// The parents.
    #[serde(serialize_with = "encode::ids")]
    pub parents: Vec<CommitId>,
    /// The first line of the message.
    pub summary: String,
    /// Files that `all` could not stage.
    pub skipped: Vec<Skipped>,
}

/// Records the stage.
pub fn run(_ctx: &Context, _options: &CommitOptions) -> Result<CommitOutcome, OpError> {
    Err(OpError::NotBuilt)
}

/// The text to hand to an editor: the old message with `amend`, then what would be committed, in
/// lines that begin with `#`.
pub fn edit_template(_ctx: &Context, _options: &CommitOptions) -> Result<String, OpError> {
    Err(OpError::NotBuilt)
}
