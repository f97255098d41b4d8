//! `cat`: the bytes of a file.

use std::io::Write;

use serde::Serialize;

use super::source;
use super::{Context, OpError, RemoteCost, RemotePlace, locate};
use crate::object::tree::EntryValue;

/// What to print.
#[derive(Clone, Debug, Default)]
pub struct CatOptions {
    /// The remote to look at, without a clone; this repository when absent.
    pub at: Option<RemotePlace>,
    /// The revision; HEAD when absent.
    pub revision: Option<String>,
    /// The file's path in it.
    pub path: Option<String>,
    /// The first byte wanted.
    pub offset: u64,
    /// How many bytes; all that follow when absent.
    pub length: Option<u64>,
}

/// What was printed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CatOutcome {
    /// How many bytes.
    pub bytes: u64,
    /// What that cost, of a remote.
    pub cost: Option<RemoteCost>,
}

/// Writes a file of a commit, or a part of it, verified before a byte of it is written.
pub fn run(
    ctx: &Context,
    options: &CatOptions,
    out: &mut dyn Write,
) -> Result<CatOutcome, OpError> {
    let source = source::open(ctx, options.at.as_ref())?;
    let (revision, path) = (options.revision.as_deref(), options.path.as_deref());
    let shown = path.or(revision).unwrap_or(".");
    let not_a_file = |found| OpError::NotAFile { path: shown.to_owned(), found };
    let Some(path) = path else { return Err(not_a_file("directory")) };
    let (id, size) = match locate::find(ctx, &*source, revision, Some(path))?.1 {
        EntryValue::File { id, size, .. } => (id, size),
        EntryValue::Symlink { .. } => return Err(not_a_file("symlink")),
        EntryValue::Directory { .. } => return Err(not_a_file("directory")),
    };
    let start = options.offset.min(size);
    let end = options.length.map_or(size, |length| start.saturating_add(length).min(size));
    let cost = source.read_file(ctx, id, size, start..end, out)?;
    Ok(CatOutcome { bytes: end - start, cost: cost.or_else(|| source.cost()) })
}
