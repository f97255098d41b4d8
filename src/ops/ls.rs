//! `ls`: the entries of a tree.

use std::ops::ControlFlow;

use serde::Serialize;

use super::{Context, OpError};

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct LsOptions {
    /// The revision; HEAD when absent. Given without a path, and naming no revision, it is taken as
    /// a path in HEAD.
    pub revision: Option<String>,
    /// A path in its tree, from the repository's root; the root when absent.
    pub path: Option<String>,
    /// Also what is in directories below.
    pub recursive: bool,
}

/// One entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LsEntry {
    /// The path from the repository's root.
    pub path: String,
    /// What it is.
    pub kind: LsKind,
    /// Blob or tree id; empty for a symbolic link.
    pub id: String,
    /// Bytes of the file, or of all files below the directory.
    pub size: u64,
    /// Files below the directory; 1 for anything else.
    pub files: u64,
    /// Where a symbolic link points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum LsKind {
    /// A file.
    File,
    /// A file that may be run.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
}

/// Hands out entries in order until `each` breaks. A path to a file gives that one entry.
pub fn run(
    _ctx: &Context,
    _options: &LsOptions,
    _each: &mut dyn FnMut(LsEntry) -> ControlFlow<()>,
) -> Result<(), OpError> {
    Err(OpError::NotBuilt)
}
