//! What a push leaves out because it is not here: nothing but what the remote has.
//!
//! A partial clone names contents that it never had. They are on the remote that promised them, where no
//! anchor may reach them in the place they have now; so they are looked up there like chunks, and the push
//! relies on the packs that hold them. What another remote lacks of them is taken from a remote that has it,
//! or else the push is refused.

use std::collections::{BTreeSet, HashSet};

use super::chain::Remote;
use super::elsewhere::{Elsewhere, has};
use super::joined::Joined;
use super::lookup::Whole;
use super::missing::Missing;
use super::state::State;
use super::{Refused, SyncError};
use crate::id::PackId;
use crate::store::Store;

/// Takes out of `missing` the contents that are not here and that live packs of `state` have; returns those
/// packs. Of others the recipes are to be put together, if the remote has the spans of one of `joined`; or they
/// become its `far` ones, if one of `elsewhere` has them.
///
/// # Errors
/// [`Refused::Absent`] where no remote has all of them, [`Refused::Shallow`] where commits before what is
/// pushed are neither here nor there.
pub(super) fn leave_out_absent(
    remote: &Remote<'_>,
    state: &State,
    store: &Store,
    (elsewhere, joined): (&[Elsewhere<'_>], &[Joined<'_>]),
    missing: &mut Missing,
) -> Result<BTreeSet<PackId>, SyncError> {
    if let Some(id) = missing.commits.iter().find(|id| store.absent().shallow.contains(id)) {
        return Err(Refused::Shallow { commit: *id }.into());
    }
    let mut packs = BTreeSet::new();
    if store.absent().promised.is_empty() && elsewhere.is_empty() {
        return Ok(packs);
    }
    let absent = store.absent_blobs(&missing.blobs)?;
    if absent.is_empty() {
        return Ok(packs);
    }
    let whole = Whole::open(remote, state)?;
    let mut lacking = (0, 0);
    for &(id, size) in &absent {
        let in_spans = joined.iter().find(|joined| (joined.id, joined.size) == (id, size));
        let found = match (whole.packs_of(id, size)?, in_spans) {
            (None, Some(joined)) => {
                let found = joined.packs(&whole)?;
                missing.joined.extend(found.is_some().then_some(id));
                found
            }
            (found, _) => found,
        };
        match found {
            Some(found) => packs.extend(found),
            None if has(elsewhere, id, size)? => missing.far.push((id, size)),
            None => lacking = (lacking.0 + 1, lacking.1 + size),
        }
    }
    match lacking {
        (0, _) => {
            let absent: HashSet<_> = absent.into_iter().collect();
            missing.blobs.retain(|blob| !absent.contains(blob));
            Ok(packs)
        }
        (files, bytes) => Err(Refused::Absent { files, bytes }.into()),
    }
}
