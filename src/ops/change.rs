//! What several verbs report: changes, and files that were left out.

use serde::Serialize;

/// A path that differs between two states.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// The path; a directory ends in `/`.
    pub path: String,
    /// How it differs.
    pub change: ChangeKind,
}

/// How a path differs from an earlier state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// Its content differs.
    Modified,
    /// It is gone.
    Deleted,
    /// It was a file, a link or a directory, and now is another of them.
    #[serde(rename = "type")]
    TypeChanged,
    /// Only its executable bit differs.
    #[serde(rename = "mode")]
    ModeChanged,
    /// It is in the worktree and was never added.
    Untracked,
}

/// A file that the verb left out, and why. Any of them makes the exit code 3.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Skipped {
    /// The path as found.
    pub path: String,
    /// Why it was left out, in words.
    pub reason: String,
}
