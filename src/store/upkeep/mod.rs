//! Keeping the store small and quick: tables merged, small packs folded, what is dead given back.
//!
//! Whatever is rewritten here is copied first, block by block with each stored hash compared, and
//! replaces the old packs in one transaction; no chunk that anything names is absent at any moment.
//! Packs that running sessions wrote or rely on are left alone (see [`super::session::InUse`]). One
//! process at a time does this work, under the lock of [`Store::lock_upkeep`].

mod collect;
mod condemn;
mod copy;
mod fold;
mod mark;
mod needed;
mod plan;
mod recent;
mod replace;
mod roots;
mod sweep;
mod tables;
#[cfg(test)]
mod tests;

use std::time::Duration;

pub use self::collect::{Amount, CollectOptions, Collected, Rewrite};
pub use self::mark::GcRoots;
pub use self::needed::Freed;
pub use self::recent::{Moment, Recent};

use super::{Store, StoreError};
use crate::fsio::{Holder, LockError, LockFile};
use crate::id::CommitId;
use crate::progress::Cancel;

/// How long to wait before the lock is tried again.
const LOCK_PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// The small upkeep after a publish: bounded work, left to the next one when another does it.
    ///
    /// What was published stands whatever becomes of this, so that nothing here is a failure of the
    /// verb: a full disk or a damaged pack is met again by whoever needs it.
    pub(super) fn tidy(&self) {
        let _ = self.merge_tables().and_then(|()| self.fold_small_packs());
    }

    /// Whether all that a commit reaches is there.
    pub fn has_all_of(&self, commit: CommitId, cancel: &Cancel) -> Result<bool, StoreError> {
        let mut roots = GcRoots::default();
        self.db.read(|view| {
            roots.forgotten = view.forgotten()?.into_keys().collect();
            roots.take_absent(view)
        })?;
        self.has_all_beside(commit, &roots, cancel)
    }

    /// The same where `of` says what is forgotten, or elsewhere on purpose.
    fn has_all_beside(
        &self,
        commit: CommitId,
        of: &GcRoots,
        cancel: &Cancel,
    ) -> Result<bool, StoreError> {
        let roots = GcRoots {
            commits: vec![commit],
            forgotten: of.forgotten.clone(),
            promised: of.promised.clone(),
            shallow: of.shallow.clone(),
            ..GcRoots::default()
        };
        match mark::Marker::new(self.reopen()?, cancel).mark(&roots) {
            Ok(()) => Ok(true),
            Err(e) if e.is_damaged() => Ok(false),
            Err(e) => Err(e),
        }
    }

    /// The lock of upkeep, unless another process holds it.
    fn try_lock_upkeep(&self) -> Result<Option<LockFile>, StoreError> {
        match LockFile::try_acquire(&self.paths.upkeep_lock, &Holder::this_process("local", 0)) {
            Ok(lock) => Ok(Some(lock)),
            Err(LockError::Held { .. }) => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// The lock of upkeep; waits for it until `cancel` asks to stop.
    pub fn lock_upkeep(&self, cancel: &Cancel) -> Result<LockFile, StoreError> {
        loop {
            if let Some(lock) = self.try_lock_upkeep()? {
                return Ok(lock);
            }
            cancel.check()?;
            std::thread::sleep(LOCK_PAUSE);
        }
    }
}
