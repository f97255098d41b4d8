//! The lists of chunks at the ends of a remote's packs.

use std::sync::Arc;

use super::SyncError;
use super::root::Area;
use super::state::{PackRecord, State};
use crate::id::PackId;
use crate::pack::Trailer;
use crate::pack::layout::TAIL_LEN;
use crate::remote::Transport;

/// Reads the list of chunks of a pack of the remote, in one request, and checks it.
pub fn read_trailer(
    transport: &dyn Transport,
    id: PackId,
    record: &PackRecord,
) -> Result<Arc<Trailer>, SyncError> {
    let key = Area::Pack.key(id);
    let mut end = Vec::new();
    transport.read(&key, Some(record.bytes - record.end_bytes..record.bytes), &mut end)?;
    check_trailer(&key, record, &end)
}

/// As [`read_trailer`], of a pack that something names and `state` must list.
pub(super) fn listed_trailer(
    transport: &dyn Transport,
    state: &State,
    id: PackId,
) -> Result<Arc<Trailer>, SyncError> {
    read_trailer(transport, id, state.listed(id)?)
}

/// The list of chunks in the end of a pack, which must have the hash that its record says.
pub(super) fn check_trailer(
    key: &str,
    record: &PackRecord,
    end: &[u8],
) -> Result<Arc<Trailer>, SyncError> {
    if *blake3::hash(end).as_bytes() != record.end_hash || end.len() < TAIL_LEN {
        return Err(SyncError::damaged(key, "its list of chunks has another hash"));
    }
    let trailer = &end[..end.len() - TAIL_LEN];
    let trailer = Trailer::decode(trailer, record.bytes - record.end_bytes)
        .map_err(|e| SyncError::damaged(key, e))?;
    Ok(Arc::new(trailer))
}
