//! `restore`: puts paths back as they are in the stage or in a commit.

use serde::Serialize;

use super::{Context, OpError, Skipped};

/// What to put back.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Which paths.
    pub paths: Vec<String>,
    /// From which commit; without one, the stage for the worktree and HEAD for the stage.
    pub source: Option<String>,
    /// Restore the stage.
    pub staged: bool,
    /// Restore the worktree; the default when `staged` is not set.
    pub worktree: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What was put back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RestoreOutcome {
    /// Files written to the worktree.
    pub written: u64,
    /// Files removed from the worktree.
    pub removed: u64,
    /// Paths that changed in the stage.
    pub unstaged: u64,
    /// Bytes written.
    pub bytes: u64,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
    /// Files that could not be written.
    pub skipped: Vec<Skipped>,
}

/// Restores paths.
pub fn run(_ctx: &Context, _options: &RestoreOptions) -> Result<RestoreOutcome, OpError> {
    Err(OpError::NotBuilt)
}
