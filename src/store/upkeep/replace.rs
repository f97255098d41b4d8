//! The transaction in which new packs take the place of old ones.

use std::collections::HashSet;

use crate::db::Tx;
use crate::id::PackId;
use crate::store::lane::SealedPack;
use crate::store::session::InUse;
use crate::store::{Store, StoreError};

/// Old packs and what takes their place.
pub(super) struct Replacement {
    /// Packs whose every wanted chunk is in a new pack.
    pub(super) old: Vec<PackId>,
    /// The new packs, synced.
    pub(super) new: Vec<SealedPack>,
}

impl Store {
    /// Lists the new packs and drops the old ones, files too, unless `is_still_right` says no or an
    /// old pack came into use meanwhile; says whether that was done.
    ///
    /// Whoever reads an old pack goes on with the file it has open, or finds the chunk anew.
    pub(super) fn replace(
        &self,
        replacement: Replacement,
        is_still_right: impl FnOnce(&Tx<'_>) -> Result<bool, StoreError>,
    ) -> Result<bool, StoreError> {
        let Replacement { old, mut new } = replacement;
        let done = self.list(&mut new, |tx| {
            let live: HashSet<PackId> = tx.live_packs()?.into_iter().map(|p| p.id).collect();
            let in_use = InUse::read(&self.paths.tmp)?;
            let is_free = |id: &PackId| live.contains(id) && !in_use.contains(*id);
            if !old.iter().all(is_free) || !is_still_right(tx)? {
                return Err(StoreError::Changed);
            }
            old.iter().try_for_each(|id| tx.remove_pack(*id).map(|_| ())).map_err(Into::into)
        });
        match done {
            Err(StoreError::Changed) => return Ok(false),
            done => done?,
        }
        self.remove_pack_files(&old);
        Ok(true)
    }

    /// Removes the files of packs that are not listed any more.
    pub(super) fn remove_pack_files(&self, packs: &[PackId]) {
        self.forget_open_packs();
        for id in packs {
            // One that stays takes room until the next collection, and harms nothing.
            let _ = std::fs::remove_file(self.paths.pack(*id));
        }
    }
}
