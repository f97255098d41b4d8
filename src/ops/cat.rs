//! `cat`: the bytes of a file.

use std::io::Write;

use serde::Serialize;

use super::locate;
use super::{Context, OpError};
use crate::object::tree::EntryValue;

/// What to print.
#[derive(Clone, Debug, Default)]
pub struct CatOptions {
    /// `REV:path`, or a path in HEAD.
    pub spec: String,
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
}

/// Writes a file of a commit, or a part of it, verified before a byte of it is written.
pub fn run(
    ctx: &Context,
    options: &CatOptions,
    out: &mut dyn Write,
) -> Result<CatOutcome, OpError> {
    let repo = ctx.open_repo_to_read()?;
    let (revision, path) = super::split_rev_path(&options.spec);
    let Some(path) = path else {
        return Err(OpError::NotAFile { path: options.spec.clone(), found: "directory" });
    };
    let not_a_file = |found| OpError::NotAFile { path: path.to_owned(), found };
    let (id, size) = match locate::find(ctx, &repo, revision, Some(path))?.1 {
        EntryValue::File { id, size, .. } => (id, size),
        EntryValue::Symlink { .. } => return Err(not_a_file("symlink")),
        EntryValue::Directory { .. } => return Err(not_a_file("directory")),
    };
    let start = options.offset.min(size);
    let end = options.length.map_or(size, |length| start.saturating_add(length).min(size));
    repo.store.read_blob_range(id, size, start..end, out)?;
    Ok(CatOutcome { bytes: end - start })
}
