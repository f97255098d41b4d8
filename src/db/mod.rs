//! The local databases: `state.db`, the truth about a repository, and `cache.db`, deletable.
//!
//! This is the only module that names SQLite; no SQL and no row leaves it. [`StateDb`] holds packs,
//! tables, refs, HEAD, stage, reflog, roots and journals. Every change happens inside
//! [`StateDb::write`], one exclusive transaction that is durable when it returns, and moves of refs
//! are in `refs.log` before they are committed. [`CacheDb`] holds what can be made again; it is
//! opened when first used, and remade when damaged or of another version.

mod cache;
mod forgotten;
mod moves;
mod packs;
mod partial;
mod places;
mod purged;
mod rebuild;
mod schema;
mod shared;
mod state;
mod sums;
#[cfg(test)]
mod tests;
mod view;

pub use cache::{BootRow, CacheDb, CacheTx, CacheView, SealRow, StatPage};
pub use moves::{RefError, ReflogOf, ReflogRow};
pub use packs::{BadBlock, PackRow, PackState, TableId, TableRow};
pub use partial::Absent;
pub use places::Place;
pub use purged::Purged;
pub use rebuild::{Rebuild, RebuildMember, Rebuilt};
pub use schema::{RepositoryId, STATE_VERSION};
pub use shared::read_alone;
pub use state::{Access, Created, NewState, StateCheck, StateDb};
pub use sums::StagedSums;
pub use view::{Kept, Tx, View};

use crate::fsio::FsError;
use crate::refs::WorktreeId;
use rusqlite::{Connection, ErrorCode, ffi};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long a transaction waits for another process before it gives up.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// A log of pages larger than this is folded into `state.db` when that is closed, in bytes.
///
/// Folding costs two syncs, so a short command leaves a small one to the next; but whoever opens the
/// database when nobody else has it open reads all of it, which must stay far under a millisecond.
const MAX_STATE_WAL_LEFT: u64 = 128 << 10;

/// The same for `cache.db`, where folding syncs nothing.
const MAX_CACHE_WAL_LEFT: u64 = 32 << 10;

/// Why a database could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// There is no database at the path.
    #[error("there is no database")]
    Missing,
    /// There is one already where a new one was to be made.
    #[error("there is a database already")]
    Exists,
    /// No database, but a log with refs: a new one would forget them, a rebuild does not.
    #[error("the database is gone, but refs.log still holds refs")]
    LostState,
    /// The database of the shared store is gone; a rebuild makes it anew from the packs.
    #[error("the database of the shared store is gone")]
    LostStore,
    /// It belongs to a repository on a shared store, and the file that says where that is is gone.
    #[error(
        "this repository is on a shared store, and the file .esker/store, which says where, is gone"
    )]
    NoLink,
    /// Another process held it for longer than the time-out.
    #[error("the database is in use by another process")]
    Busy,
    /// It was written by a newer esker.
    #[error("format {found} is newer than {supported}, the newest this version reads")]
    NewerFormat {
        /// Its format number.
        found: u32,
        /// The newest known here.
        supported: u32,
    },
    /// Its bytes or values cannot be right.
    #[error("the database is damaged: {detail}")]
    Damaged {
        /// What is wrong.
        detail: String,
    },
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// It cannot be written here.
    #[error("the database cannot be written here")]
    ReadOnly,
    /// No worktree has this number.
    #[error("there is no worktree {}", .0.0)]
    NoWorktree(WorktreeId),
    /// A file beside it (`refs.log`, the folder) failed.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// Anything else, in SQLite's words.
    #[error("database error: {detail}")]
    Sqlite {
        /// SQLite's words.
        detail: String,
    },
}

impl DbError {
    /// Whether there is no database.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing | Self::LostState | Self::LostStore)
    }

    /// Whether the database must be rebuilt.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. } | Self::LostState | Self::LostStore)
    }

    fn damaged(detail: impl Into<String>) -> Self {
        Self::Damaged { detail: detail.into() }
    }
}

impl From<rusqlite::Error> for DbError {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::Error as E;
        let detail = error.to_string();
        match error {
            E::SqliteFailure(failure, _) => match failure.code {
                ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => Self::Busy,
                ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => Self::Damaged { detail },
                ErrorCode::DiskFull => Self::Full,
                ErrorCode::ReadOnly => Self::ReadOnly,
                ErrorCode::SystemIoFailure
                    if failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ =>
                {
                    Self::Damaged { detail }
                }
                // The shared memory could not grow: it is a file on the same disk.
                ErrorCode::SystemIoFailure
                    if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE =>
                {
                    Self::Full
                }
                _ => Self::Sqlite { detail },
            },
            E::FromSqlConversionFailure(..)
            | E::InvalidColumnType(..)
            | E::IntegralValueOutOfRange(..)
            | E::Utf8Error(..) => Self::Damaged { detail },
            _ => Self::Sqlite { detail },
        }
    }
}

/// Numbers are kept as SQLite's signed integers; one that does not fit never comes from a real file.
fn to_i64(value: u64) -> Result<i64, DbError> {
    let detail = || DbError::Sqlite { detail: format!("{value} is too large to store") };
    i64::try_from(value).map_err(|_| detail())
}

fn to_unsigned<T: TryFrom<i64>>(value: i64) -> Result<T, DbError> {
    T::try_from(value).map_err(|_| DbError::damaged(format!("{value} is out of range")))
}

/// The file SQLite keeps beside a database under `suffix`: `-wal`, `-shm` or `-journal`.
fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// Folds a large page log into the database before it is closed, unless somebody is using it.
fn fold_wal(conn: &Connection, path: &Path, max_left: u64) {
    let large = std::fs::metadata(beside(path, "-wal")).is_ok_and(|m| m.len() > max_left);
    if large && conn.busy_timeout(Duration::ZERO).is_ok() {
        // Nothing is lost when this fails: the log stays and the next to open reads it.
        let _ = conn.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)");
    }
}
