//! Data that is missing here on purpose, and is brought when it is wanted.

use std::collections::HashSet;

use super::{RunContext, StepError};
use crate::id::BlobId;
use crate::repo::Repo;
use crate::store::StoreError;
use crate::worktree::plan::PlannedFile;

/// What was brought because it was missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supplied {
    /// Different contents of files.
    pub files: u64,
    /// Their bytes, as files.
    pub bytes: u64,
    /// Bytes that came in for them.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// Remotes that failed, and why; others had what was asked of them.
    pub warnings: Vec<String>,
}

/// Brings what is missing from the remotes that promised it.
pub trait Supply: Send + Sync {
    /// Stores contents, given with their sizes, in the repository; each is missing there.
    ///
    /// # Errors
    /// [`StepError::Supply`] where a remote cannot or may not be asked, or has not all of them.
    fn supply(&self, repo: &Repo, blobs: &[(BlobId, u64)]) -> Result<(), StepError>;

    /// What was brought so far.
    fn supplied(&self) -> Supplied;
}

/// Sees to it that the contents of files are here, where some are missing on purpose.
pub fn ensure(repo: &Repo, files: &[PlannedFile], run: &RunContext) -> Result<(), StepError> {
    ensure_blobs(repo, files.iter().map(|file| (file.id, file.size)), run)
}

/// The contents of files that are not here, each once, with their sizes.
pub fn missing(repo: &Repo, files: &[PlannedFile]) -> Result<Vec<(BlobId, u64)>, StepError> {
    missing_of(repo, files.iter().map(|file| (file.id, file.size)))
}

fn missing_of(
    repo: &Repo,
    blobs: impl Iterator<Item = (BlobId, u64)>,
) -> Result<Vec<(BlobId, u64)>, StepError> {
    let mut seen = HashSet::new();
    let once: Vec<_> = blobs.filter(|(id, _)| seen.insert(*id)).collect();
    Ok(repo.store.absent_blobs(&once)?)
}

/// As [`ensure`], of contents and their sizes.
pub fn ensure_blobs(
    repo: &Repo,
    blobs: impl Iterator<Item = (BlobId, u64)>,
    run: &RunContext,
) -> Result<(), StepError> {
    if repo.store.absent().promised.is_empty() {
        return Ok(());
    }
    let missing = missing_of(repo, blobs)?;
    match (missing.first(), &run.supply) {
        (None, _) => Ok(()),
        (Some(_), Some(supply)) => supply.supply(repo, &missing),
        (Some((id, _)), None) => Err(StoreError::Missing((*id).into()).into()),
    }
}
