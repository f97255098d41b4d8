//! Why a push or a fetch failed.

use crate::catalog::CatalogError;
use crate::db::{DbError, RefError};
use crate::fsio::FsError;
use crate::id::{CommitId, SessionId};
use crate::object::access::AccessError;
use crate::pack::PackError;
use crate::path::escape;
use crate::progress::Cancelled;
use crate::recipe::RecipeError;
use crate::refs::{RefName, RefNameError};
use crate::remote::TransportError;
use crate::store::StoreError;
use crate::table::TableError;

/// Why a remote does not take what was pushed. Nothing of it was published.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The remote's branch holds commits that the pushed one does not.
    #[error("{} has commits on the remote that are not in what is pushed", .name.short())]
    NotAncestor {
        /// The ref.
        name: RefName,
    },
    /// The ref exists on the remote with another value, and is one that does not move.
    #[error("{} exists on the remote and is another one", .name.short())]
    Exists {
        /// The ref.
        name: RefName,
    },
    /// The ref was moved or removed by somebody else meanwhile.
    #[error("{} was changed on the remote meanwhile", .name.short())]
    Moved {
        /// The ref.
        name: RefName,
    },
    /// The ref is not what the lease says.
    #[error("{} is not what was expected on the remote", .name.short())]
    Stale {
        /// The ref.
        name: RefName,
    },
    /// Contents that are pushed are neither here nor on the remote.
    #[error("neither here nor on that remote: {files} of the pushed files, with {bytes} bytes")]
    Absent {
        /// How many different contents.
        files: u64,
        /// Their bytes.
        bytes: u64,
    },
    /// The commits before a pushed one are neither here nor reached from a branch of the remote.
    #[error("the history before commit {} is neither here nor on that remote", .commit.short())]
    Shallow {
        /// The commit.
        commit: CommitId,
    },
    /// There is no such ref to delete.
    #[error("the remote has no {}", .name.short())]
    NoSuchRef {
        /// The ref.
        name: RefName,
    },
}

/// Why a push or a fetch failed.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    /// A request to the remote failed.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// The remote does not take it.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// What lies on the remote is not what it must be.
    #[error("{} on the remote is damaged: {why}", escape(.key))]
    Damaged {
        /// The key.
        key: String,
        /// What is wrong.
        why: String,
    },
    /// The remote is of a newer format.
    #[error("the remote has format {found}, this esker reads up to {supported}")]
    NewerFormat {
        /// Its number.
        found: u64,
        /// The newest known here.
        supported: u64,
    },
    /// The remote does not hold what was seen there before.
    #[error("the remote went back: root {seq} was seen there, and {found}")]
    WentBack {
        /// The root that was seen.
        seq: u64,
        /// What is there now.
        found: String,
    },
    /// The remote holds another repository.
    #[error("the remote holds another repository")]
    OtherRepository,
    /// There is nothing on the remote.
    #[error("there is no repository at {}", escape(.place))]
    NoRepository {
        /// The remote.
        place: String,
    },
    /// Others kept getting ahead, or fenced every session.
    #[error("others changed the remote each time before this was through")]
    Busy,
    /// Whether the push was taken is unknown.
    #[error("no answer from the remote: whether the push was taken is not known")]
    Unknown,
    /// A root of this session exists that this session does not know.
    #[error("session {0} was used twice")]
    Reused(SessionId),
    /// The store could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// An object could not be read.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A local ref was moved meanwhile.
    #[error(transparent)]
    Ref(#[from] RefError),
    /// A ref's name breaks a rule.
    #[error(transparent)]
    RefName(#[from] RefNameError),
    /// A file could not be handled.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A pack could not be made.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A table could not be made.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A recipe contradicts its packs.
    #[error(transparent)]
    Recipe(#[from] RecipeError),
    /// The work was asked to stop.
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
}

impl SyncError {
    /// Whether a key was asked for that is not there. Readers look for a newer root then: a collection may
    /// have deleted the key, and one that the newest root still names is lost.
    pub fn is_missing_key(&self) -> bool {
        match self {
            Self::Transport(e) => e.is_missing(),
            Self::Access(AccessError::Io(inner)) => {
                inner.downcast_ref::<Self>().is_some_and(Self::is_missing_key)
            }
            _ => false,
        }
    }

    /// Whether it is the remote that failed, so that another one may do better.
    pub fn is_theirs(&self) -> bool {
        match self {
            Self::Transport(_) | Self::Damaged { .. } => true,
            Self::Access(AccessError::Io(inner)) => {
                inner.downcast_ref::<Self>().is_some_and(Self::is_theirs)
            }
            _ => false,
        }
    }

    /// Something on the remote that is not what it must be.
    pub(super) fn damaged(key: impl Into<String>, why: impl ToString) -> Self {
        Self::Damaged { key: key.into(), why: why.to_string() }
    }
}
