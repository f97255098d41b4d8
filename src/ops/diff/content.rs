//! The lines of a change: contents from the store or from disk, bounded, compared as text.

use std::fs::File;
use std::io::{self, Read};

use super::{Found, MAX_TEXT_BYTES};
use crate::diff::text::{hunks, is_binary};
use crate::fsio::FsError;
use crate::object::access::ReadBlob;
use crate::object::tree::EntryValue;
use crate::ops::listing::Patch;
use crate::ops::{ChangeKind, OpError};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::known::read_link;

/// Where the content of one side comes from.
pub(super) enum Source {
    /// Nothing is there, or a folder.
    Nothing,
    /// The store has it.
    Stored(EntryValue),
    /// It is on disk, under the path of the change.
    OnDisk,
}

impl Source {
    /// What a tree has.
    pub fn stored(value: Option<&EntryValue>) -> Self {
        match value {
            None | Some(EntryValue::Directory { .. }) => Self::Nothing,
            Some(value) => Self::Stored(value.clone()),
        }
    }
}

/// What was read of one side.
enum Content {
    Bytes(Vec<u8>),
    TooLarge,
    NotHere,
}

/// The lines of a change; `None` where the content is the same on both sides.
pub(super) fn patch(repo: &Repo, found: &Found, context: u32) -> Result<Option<Patch>, OpError> {
    if matches!(found.change.change, ChangeKind::Renamed | ChangeKind::ModeChanged) {
        return Ok(None);
    }
    let old = read(repo, &found.path, &found.old)?;
    let new = read(repo, &found.path, &found.new)?;
    Ok(Some(match (old, new) {
        (Content::Bytes(old), Content::Bytes(new)) if is_binary(&old) || is_binary(&new) => {
            Patch::Binary
        }
        (Content::Bytes(old), Content::Bytes(new)) => {
            Patch::Text { hunks: hunks(&old, &new, context) }
        }
        (Content::NotHere, _) | (_, Content::NotHere) => Patch::NotHere,
        _ => Patch::TooLarge,
    }))
}

fn read(repo: &Repo, path: &RepoPath, source: &Source) -> Result<Content, OpError> {
    match source {
        Source::Nothing => Ok(Content::Bytes(Vec::new())),
        Source::Stored(EntryValue::File { size, .. }) if *size > MAX_TEXT_BYTES => {
            Ok(Content::TooLarge)
        }
        Source::Stored(EntryValue::File { id, size, .. })
            if !repo.store.absent().promised.is_empty() && !repo.store.has_blob(*id, *size)? =>
        {
            Ok(Content::NotHere)
        }
        Source::Stored(EntryValue::File { id, size, .. }) => {
            let mut bytes = Vec::new();
            repo.store.read_blob(*id, *size, &mut bytes)?;
            Ok(Content::Bytes(bytes))
        }
        Source::Stored(EntryValue::Symlink { target }) => Ok(Content::Bytes(target_line(target))),
        Source::Stored(EntryValue::Directory { .. }) => Ok(Content::Bytes(Vec::new())),
        Source::OnDisk => read_disk(repo, path),
    }
}

/// A link's content is its target, without a line's end, as in git.
fn target_line(target: &str) -> Vec<u8> {
    target.as_bytes().to_vec()
}

fn read_disk(repo: &Repo, path: &RepoPath) -> Result<Content, OpError> {
    let full = repo.paths.root.join(path.as_str());
    if let Some(target) = read_link(&full) {
        return Ok(Content::Bytes(target_line(&target)));
    }
    let mut bytes = Vec::new();
    let read =
        File::open(&full).and_then(|file| file.take(MAX_TEXT_BYTES + 1).read_to_end(&mut bytes));
    match read {
        Ok(_) if bytes.len() as u64 > MAX_TEXT_BYTES => Ok(Content::TooLarge),
        Ok(_) => Ok(Content::Bytes(bytes)),
        // It was there a moment ago.
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(Content::Bytes(Vec::new())),
        Err(e) => Err(FsError::new("read", &full, e).into()),
    }
}
