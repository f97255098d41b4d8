//! Tails that several verbs share: bringing the worktree into the stage, and a tree into the worktree.

pub mod ahead;
pub mod carried;
mod carry;
pub mod checkout;
pub mod data_roots;
pub mod deliver;
pub mod delivered;
pub mod gather;
pub mod hash_tree;
pub mod hold;
pub mod known;
pub mod look;
pub mod materialize;
pub mod merging;
pub mod operation;
mod parts;
pub mod rechunk;
pub mod remotes;
pub mod repair;
pub mod restore;
mod resume;
pub mod select;
pub mod spans;
pub mod sparse;
pub mod stage;
pub mod supply;
pub mod switch;
pub mod untracked;

use std::sync::Arc;

use crate::catalog::CatalogError;
use crate::db::{DbError, RefError};
use crate::fsio::FsError;
use crate::merge::MergeError;
use crate::object::access::AccessError;
use crate::object::prolly::TreeError;
use crate::path::PathError;
use crate::progress::{Cancel, Cancelled, Progress};
use crate::repo::RepoError;
use crate::store::StoreError;
use crate::store::ingest::{CheckpointRule, IngestError};
use crate::sync::SyncError;
use crate::worktree::handles::HandleError;
use crate::worktree::scan::ScanError;

use supply::{Supplied, Supply};

/// What every long step is given.
#[derive(Clone)]
pub struct RunContext {
    /// Number of threads to use, at least 1.
    pub threads: usize,
    /// Told of what moves.
    pub progress: Arc<dyn Progress>,
    /// Asked whether to stop.
    pub cancel: Cancel,
    /// When an ingest makes durable what it has read.
    pub checkpoint: CheckpointRule,
    /// Brings what is missing here on purpose; without it nothing is.
    pub supply: Option<Arc<dyn Supply>>,
}

impl RunContext {
    /// What was brought so far because it was missing.
    pub fn supplied(&self) -> Supplied {
        self.supply.as_ref().map(|supply| supply.supplied()).unwrap_or_default()
    }
}

/// Why a step failed.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// The repository could not be read.
    #[error(transparent)]
    Repo(#[from] RepoError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Files could not be ingested.
    #[error(transparent)]
    Ingest(#[from] IngestError),
    /// An object could not be read or written.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// A tree could not be made.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The folder could not be scanned.
    #[error(transparent)]
    Scan(#[from] ScanError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Somebody else moved what this step was based on.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// A file could not be handled.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// The worktree could not be written.
    #[error(transparent)]
    Handle(#[from] HandleError),
    /// A path is not one of a repository.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// Trees could not be merged.
    #[error(transparent)]
    Merge(#[from] MergeError),
    /// A remote could not be read.
    #[error(transparent)]
    Sync(Box<SyncError>),
    /// What is missing here could not be brought.
    #[error(transparent)]
    Supply(Box<dyn std::error::Error + Send + Sync>),
    /// The step was asked to stop.
    #[error("interrupted")]
    Cancelled(#[from] Cancelled),
}

impl From<SyncError> for StepError {
    fn from(e: SyncError) -> Self {
        match e {
            SyncError::Store(e) => Self::Store(e),
            e => Self::Sync(Box::new(e)),
        }
    }
}

impl StepError {
    /// Whether doing the step again on the new state may succeed.
    pub fn is_conflict(&self) -> bool {
        match self {
            Self::Ref(e) => e.is_conflict(),
            Self::Store(StoreError::Changed) => true,
            Self::Ingest(IngestError::Store(StoreError::Changed)) => true,
            _ => false,
        }
    }
}
