//! `hash`: the id that a file or folder would have, without a repository.

use std::path::PathBuf;

use serde::Serialize;

use super::source;
use super::{Context, OpError, RemotePlace, Skipped, locate};
use crate::fsio::FsError;
use crate::object::access::{MemoryObjects, NullObjects};
use crate::object::tree::EntryValue;
use crate::steps::hash_tree;

/// What to hash.
#[derive(Clone, Debug, Default)]
pub struct HashOptions {
    /// The remote that has the file or folder already; its id is looked up.
    pub at: Option<RemotePlace>,
    /// The revision there; the default branch when absent.
    pub revision: Option<String>,
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

/// Hashes a file or a folder as `add` and `commit` would, without a repository.
pub fn run(ctx: &Context, options: &HashOptions) -> Result<HashOutcome, OpError> {
    if let Some(at) = &options.at {
        return look_up(ctx, at, options);
    }
    let path = ctx.start_dir.join(&options.path);
    let metadata = std::fs::symlink_metadata(&path)
        .map_err(|e| OpError::from(FsError::new("read", &path, e)))?;
    if !(metadata.is_dir() || metadata.is_file() || metadata.is_symlink()) {
        let path = options.path.display().to_string();
        return Err(OpError::NotAFile { path, found: "pipe, socket or device" });
    }
    let settings = ctx.settings(None)?;
    let run = ctx.run_context(&settings);
    let (value, ignored, skipped) = if metadata.is_dir() {
        let hashed = hash_tree::hash(
            &path,
            !options.no_ignore,
            &run,
            &MemoryObjects::new(),
            &mut NullObjects,
        )?;
        (hashed.value, hashed.ignored, hashed.skipped)
    } else {
        (hash_tree::hash_entry(&path, &metadata)?, 0, Vec::new())
    };
    let skipped = skipped.into_iter().map(Skipped::from).collect();
    Ok(HashOutcome { ignored, skipped, ..outcome(&value) })
}

fn look_up(ctx: &Context, at: &RemotePlace, options: &HashOptions) -> Result<HashOutcome, OpError> {
    let source = source::open(ctx, Some(at))?;
    let path = options.path.to_str().filter(|path| !path.is_empty());
    let (_, value) = locate::find(ctx, &*source, options.revision.as_deref(), path)?;
    Ok(outcome(&value))
}

fn outcome(value: &EntryValue) -> HashOutcome {
    let totals = value.totals();
    let (id, kind) = match value {
        EntryValue::Directory { id, .. } => (id.to_string(), HashKind::Directory),
        EntryValue::File { id, .. } => (id.to_string(), HashKind::File),
        EntryValue::Symlink { target } => (target.to_string(), HashKind::Symlink),
    };
    let (files, bytes) = (totals.files, totals.bytes);
    HashOutcome { id, kind, files, bytes, ignored: 0, skipped: Vec::new() }
}
