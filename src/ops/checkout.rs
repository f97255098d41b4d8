//! `checkout`: makes the worktree equal to a commit, or some paths equal to theirs in it.

use serde::Serialize;

use super::{Context, OpError, Skipped, encode};
use crate::id::CommitId;

/// What to check out.
#[derive(Clone, Debug, Default)]
pub struct CheckoutOptions {
    /// The revision; HEAD when absent.
    pub target: Option<String>,
    /// Only these paths, and HEAD stays; none means all of it.
    pub paths: Vec<String>,
    /// Overwrite unsaved work.
    pub force: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Let HEAD name the commit even if the revision is a branch.
    pub detach: bool,
}

/// What was changed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckoutOutcome {
    /// The current branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// Files written.
    pub written: u64,
    /// Files removed.
    pub removed: u64,
    /// Files that were right already.
    pub unchanged: u64,
    /// Bytes written.
    pub bytes: u64,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
    /// Files that could not be written.
    pub skipped: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
}

/// Checks out a commit, or paths of it.
pub fn run(_ctx: &Context, _options: &CheckoutOptions) -> Result<CheckoutOutcome, OpError> {
    Err(OpError::NotBuilt)
}
