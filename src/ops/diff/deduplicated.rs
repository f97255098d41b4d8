//! What changes bring that was not there before, chunk by chunk.

use super::Found;
use super::content::Source;
use crate::object::tree::EntryValue;
use crate::ops::{ChangeKind, OpError};
use crate::repo::Repo;
use crate::store::footprint::{Footprint, Measure};

/// Bytes of the new sides in chunks that no old side has; `None` when a new side is not in the store,
/// which nothing can be said of before it is cut into chunks. Reads recipes, no data.
pub(super) fn new_bytes(repo: &Repo, found: &[Found]) -> Result<Option<u64>, OpError> {
    let (mut old, mut new) = (Footprint::new(), Footprint::new());
    for one in found {
        if let Source::Stored(EntryValue::File { id, size, .. }) = one.old {
            // An old side that is lost takes nothing; what is merely elsewhere nothing is known of.
            let is_there = old.add(&repo.store, id, size)?;
            if !is_there && !repo.store.absent().promised.is_empty() {
                return Ok(None);
            }
        }
        let is_same = matches!(one.change.change, ChangeKind::Renamed | ChangeKind::ModeChanged);
        let is_there = match &one.new {
            _ if is_same => true,
            Source::Nothing => true,
            Source::Stored(EntryValue::File { id, size, .. }) => {
                new.add(&repo.store, *id, *size)?
            }
            Source::Stored(_) => true,
            Source::OnDisk => false,
        };
        if !is_there {
            return Ok(None);
        }
    }
    Ok(Some(Measure::new(&repo.store).new_bytes(&new, &old)?))
}
