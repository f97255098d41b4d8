//! What can be wrong with pins and the file that has them.

use std::borrow::Cow;
use std::path::PathBuf;

use super::ErrorKind;
use super::words::{quoted, shown};
use crate::path::escape;

/// A pin, or the file that has them, cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// There is no lock file.
    #[error("no esker.lock in {} or above it", shown(.start))]
    NoLock {
        /// Where the search began.
        start: PathBuf,
    },
    /// A merge left the lock file with both sides.
    #[error("{}, line {line}: a conflict of a merge is not resolved", shown(.path))]
    LockConflict {
        /// The lock file.
        path: PathBuf,
        /// Counted from 1.
        line: usize,
    },
    /// The lock file is not written as one is.
    #[error("{}: {why}", shown(.path))]
    BadLock {
        /// The lock file.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A newer esker wrote the lock file.
    #[error("{} has format {found}, which this esker does not know", shown(.path))]
    NewerLock {
        /// The lock file.
        path: PathBuf,
        /// Its format.
        found: i64,
    },
    /// The lock file has no such pin.
    #[error("nothing is pinned as '{}'", escape(.dest))]
    NotPinned {
        /// The path as given.
        dest: String,
        /// The one that was probably meant.
        suggestion: Option<String>,
    },
    /// The remote of a pin holds another repository than the pin's.
    #[error("'{}' is pinned in another repository than the one at {}", escape(.dest), escape(.url))]
    PinnedElsewhere {
        /// Where the pin's data goes.
        dest: String,
        /// The remote.
        url: String,
    },
    /// The commit of a pin is not on its remote.
    #[error("'{}' is pinned at commit {commit}, which is not at {}", escape(.dest), escape(.url))]
    PinnedUnknown {
        /// Where the pin's data goes.
        dest: String,
        /// The commit's first digits.
        commit: String,
        /// The remote.
        url: String,
    },
    /// A pin's commit does not have what the pin says.
    #[error("the pin of '{}' contradicts itself: commit {commit} has something else at its path", escape(.dest))]
    PinContradicts {
        /// Where the pin's data goes.
        dest: String,
        /// The commit's first digits.
        commit: String,
    },
}

impl PinError {
    pub(super) fn kind(&self) -> ErrorKind {
        match self {
            Self::LockConflict { .. } => ErrorKind::Conflict,
            Self::PinContradicts { .. } => ErrorKind::Damaged,
            Self::PinnedElsewhere { .. } | Self::PinnedUnknown { .. } => ErrorKind::Remote,
            _ => ErrorKind::Failed,
        }
    }

    pub(super) fn hint(&self) -> Cow<'static, str> {
        match self {
            Self::NoLock { .. } => "pin something first: esker pin PATH".into(),
            Self::LockConflict { .. } => {
                "take one side of each pin, as in: git checkout --theirs esker.lock; then: \
                 esker get --locked"
                    .into()
            }
            Self::BadLock { .. } => {
                "bring it back as it was committed: git checkout -- esker.lock".into()
            }
            Self::NewerLock { .. } => "install a newer esker; nothing was changed".into(),
            Self::NotPinned { suggestion: Some(name), .. } => {
                format!("did you mean '{}'?", escape(name)).into()
            }
            Self::NotPinned { dest, .. } => format!("pin it: esker pin {}", quoted(dest)).into(),
            Self::PinnedElsewhere { dest, .. } => format!(
                "mend remote in esker.lock, or pin what is there: esker pin URL:PATH -o {}",
                quoted(dest)
            )
            .into(),
            Self::PinnedUnknown { dest, .. } => format!(
                "push it from where it was pinned: esker push; or take what is there: \
                     esker update {}",
                quoted(dest)
            )
            .into(),
            Self::PinContradicts { dest, .. } => {
                format!("pin it anew: esker update {}", quoted(dest)).into()
            }
        }
    }
}
