//! Sessions: one push or one collection each. A session makes at most one root.

use crate::id::{PackId, SessionId};
use crate::store::StoreError;
use crate::store::session::random_u64;

/// A session of this process on a remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Session {
    /// The number of the root it started from, and random bits.
    pub id: SessionId,
}

/// Starts a session from root `seq`; 0 on an empty remote.
pub fn start_session(seq: u64) -> Result<Session, StoreError> {
    Ok(Session { id: SessionId { seq, random: random_u64()? } })
}

impl Session {
    /// A name that nothing on the remote had before.
    pub fn new_name(&self) -> Result<PackId, StoreError> {
        Ok(PackId { session: self.id, random: random_u64()? })
    }
}
