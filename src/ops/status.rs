//! `status`: what differs between HEAD, the stage and the worktree.

use serde::Serialize;

use super::{Change, Context, OpError, Skipped, encode};
use crate::id::CommitId;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct StatusOptions {
    /// Only these paths; none means all.
    pub paths: Vec<String>,
}

/// What differs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StatusOutcome {
    /// The current branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD; `None` before the first.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// Whether nothing differs and nothing is untracked.
    pub clean: bool,
    /// HEAD against the stage.
    pub staged: Vec<Change>,
    /// The stage against the worktree.
    pub unstaged: Vec<Change>,
    /// What was never added; a directory without any tracked file is one entry, `dir/`.
    pub untracked: Vec<Change>,
    /// What could not be looked at.
    pub skipped: Vec<Skipped>,
    /// The data roots; only inside a git checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roots: Option<Vec<String>>,
}

/// Compares HEAD, the stage and the worktree.
pub fn run(_ctx: &Context, _options: &StatusOptions) -> Result<StatusOutcome, OpError> {
    Err(OpError::NotBuilt)
}
