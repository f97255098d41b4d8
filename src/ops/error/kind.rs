//! The kind of each error, which has an exit code.

use super::OpError;

/// The kinds of failure that a caller can tell apart; each has an exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// Anything that has no kind of its own.
    Failed,
    /// The request itself makes no sense.
    Usage,
    /// Going on would lose work, or needs a decision.
    Conflict,
    /// Stored data is damaged.
    Damaged,
    /// There is no repository.
    NoRepository,
    /// Another process holds a lock.
    Locked,
    /// A remote refused or cannot be reached.
    Remote,
    /// The work was asked to stop.
    Interrupted,
}

impl OpError {
    /// Which kind of failure it is.
    pub fn kind(&self) -> ErrorKind {
        match self {
            Self::NoRepository { .. } => ErrorKind::NoRepository,
            Self::BadDate { .. } | Self::Usage { .. } => ErrorKind::Usage,
            Self::WouldOverwrite { .. }
            | Self::StashConflicts { .. }
            | Self::NotPutAside { .. }
            | Self::Exists { .. }
            | Self::OthersThere { .. }
            | Self::InTheWay { .. }
            | Self::InProgress { .. }
            | Self::OpenConflicts { .. } => ErrorKind::Conflict,
            Self::Damaged { .. } | Self::DamagedThere { .. } | Self::NeedsRebuild { .. } => {
                ErrorKind::Damaged
            }
            Self::Locked { .. } => ErrorKind::Locked,
            Self::Pin(pin) => pin.kind(),
            Self::Remote { .. }
            | Self::NotHere { .. }
            | Self::PromiseBroken { .. }
            | Self::Offline { .. } => ErrorKind::Remote,
            Self::Interrupted => ErrorKind::Interrupted,
            _ => ErrorKind::Failed,
        }
    }
}
