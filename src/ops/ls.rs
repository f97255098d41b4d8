//! `ls`: the entries of a tree.

use std::ops::ControlFlow;

use serde::Serialize;

use super::source;
use super::{Context, OpError, RemoteCost, RemotePlace, locate};
use crate::id::TreeId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::{EntryKind, EntryValue};
use crate::path::RepoPath;

/// What to list.
#[derive(Clone, Debug, Default)]
pub struct LsOptions {
    /// The remote to look at, without a clone; this repository when absent.
    pub at: Option<RemotePlace>,
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

impl From<EntryKind> for LsKind {
    fn from(kind: EntryKind) -> Self {
        match kind {
            EntryKind::File => Self::File,
            EntryKind::Executable => Self::Executable,
            EntryKind::Symlink => Self::Symlink,
            EntryKind::Directory => Self::Directory,
        }
    }
}

/// Visits the entries of a folder of a commit, or one file; returns what that cost, of a remote.
pub fn run(
    ctx: &Context,
    options: &LsOptions,
    each: &mut dyn FnMut(LsEntry) -> ControlFlow<()>,
) -> Result<Option<RemoteCost>, OpError> {
    let source = source::open(ctx, options.at.as_ref())?;
    let (revision, path) = (options.revision.as_deref(), options.path.as_deref());
    let (_, path, value) = locate::find_either(ctx, &*source, revision, path)?;
    let _ = match value {
        EntryValue::Directory { id, .. } => {
            walk(source.objects(), &path, id, options.recursive, each)?
        }
        value => each(entry(&path, &value)),
    };
    Ok(source.cost())
}

fn walk(
    read: &dyn ReadObjects,
    dir: &RepoPath,
    tree: TreeId,
    recursive: bool,
    each: &mut dyn FnMut(LsEntry) -> ControlFlow<()>,
) -> Result<ControlFlow<()>, OpError> {
    for found in prolly::iterate(read, tree) {
        let found = found?;
        let path = dir.join(&found.name)?;
        let flow = match &found.value {
            EntryValue::Directory { id, files, .. } if recursive && *files > 0 => {
                walk(read, &path, *id, recursive, each)?
            }
            value => each(entry(&path, value)),
        };
        if flow.is_break() {
            return Ok(flow);
        }
    }
    Ok(ControlFlow::Continue(()))
}

pub(super) fn entry(path: &RepoPath, value: &EntryValue) -> LsEntry {
    let totals = value.totals();
    let (id, target) = match value {
        EntryValue::File { id, .. } => (id.to_string(), None),
        EntryValue::Symlink { target } => (String::new(), Some(target.to_string())),
        EntryValue::Directory { id, .. } => (id.to_string(), None),
    };
    let path = path.as_str().to_owned();
    LsEntry { path, kind: value.kind().into(), id, size: totals.bytes, files: totals.files, target }
}
