//! `add`: stores changed files and stages them.

use std::io::Read;

use serde::Serialize;

use super::{Change, Context, OpError, Skipped};

/// What to add.
#[derive(Clone, Debug, Default)]
pub struct AddOptions {
    /// Paths and globs, relative to the start directory; with `all` or `update`, none means all.
    pub paths: Vec<String>,
    /// Also stage deletions.
    pub all: bool,
    /// Only files that are tracked, deletions too.
    pub update: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Put new data roots into `.gitignore`.
    pub git_ignore: bool,
    /// The path under which standard input is stored.
    pub stdin_name: Option<String>,
}

/// What was staged, and what it cost.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AddOutcome {
    /// Files that were not tracked before.
    pub added: u64,
    /// Files whose content, mode or type changed.
    pub modified: u64,
    /// Files that are gone.
    pub removed: u64,
    /// Files as staged before.
    pub unchanged: u64,
    /// Bytes of the files added and modified.
    pub logical_bytes: u64,
    /// Bytes of chunks that no earlier file had.
    pub new_bytes: u64,
    /// Bytes written to the store for them.
    pub stored_bytes: u64,
    /// Paths left out by `.eskerignore`.
    pub ignored: u64,
    /// Files that could not be added.
    pub skipped: Vec<Skipped>,
    /// Each change, for a dry run only.
    pub changes: Vec<Change>,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Adds paths, or standard input under a name.
pub fn run(
    _ctx: &Context,
    _options: &AddOptions,
    _stdin: Option<Box<dyn Read + Send>>,
) -> Result<AddOutcome, OpError> {
    Err(OpError::NotBuilt)
}
