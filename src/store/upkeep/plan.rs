//! What is to become of each pack: deciding, before anything is copied or dropped.

use std::collections::{HashMap, HashSet};

use super::collect::{Amount, Collection, Rewrite};
use super::needed::{kept_bytes, packs_named_in};
use crate::db::{DbError, PackRow};
use crate::id::PackId;
use crate::pack::layout::PackKind;
use crate::store::StoreError;
use crate::store::session::InUse;

/// Percent of a pack's bytes that must be dead before the rest is copied into another.
const SPARSE_PERCENT: u64 = 20;
/// A pack below this is better one with others.
const SMALL_PACK_BYTES: u64 = 32 << 20;

/// What is to become of the packs that were live when it was made.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) dead: Vec<PackRow>,
    pub(super) sparse: Vec<PackRow>,
    /// Bytes of the sparse packs that will be copied, nearly, of each and of all.
    pub(super) kept: HashMap<PackId, u64>,
    pub(super) copied_bytes: u64,
    /// Layout packs that count, for the recipes in them.
    pub(super) layouts: Vec<PackId>,
    /// Likewise, but in use: they stay as they are, and so do the packs that their recipes name.
    pub(super) fixed: Vec<PackId>,
    /// How many chunks of each dead or sparse pack are needed.
    pub(super) counts: HashMap<PackId, u64>,
}

impl Plan {
    /// The packs that go.
    pub(super) fn condemned(&self) -> impl Iterator<Item = &PackRow> {
        self.dead.iter().chain(&self.sparse)
    }

    /// The packs of a kind that are to be rewritten.
    pub(super) fn sparse_of(&self, kind: PackKind) -> Vec<PackId> {
        self.sparse.iter().filter(|p| p.kind == kind as u8).map(|p| p.id).collect()
    }

    /// Whether every chunk of a pack is in a new one.
    pub(super) fn is_copied_whole(&self, pack: &PackRow) -> bool {
        self.counts.get(&pack.id) == Some(&pack.chunks)
    }

    /// Leaves packs as they are that were to be rewritten.
    fn leave(&mut self, is_left: impl Fn(&PackRow) -> bool) {
        self.sparse.retain(|pack| {
            let is_left = is_left(pack);
            if is_left && let Some(kept) = self.kept.remove(&pack.id) {
                self.copied_bytes -= kept;
            }
            !is_left
        });
    }

    /// Leaves a small pack as it is that is the only one of its kind to be rewritten.
    fn leave_lonely(&mut self) {
        for kind in PackKind::ALL {
            let mut of_kind = self.sparse.iter().filter(|p| p.kind == kind as u8);
            let (Some(only), None) = (of_kind.next().cloned(), of_kind.next()) else { continue };
            if self.counts.get(&only.id) == Some(&only.chunks) {
                self.leave(|pack| pack.id == only.id);
            }
        }
    }
}

impl Collection<'_> {
    /// The plan where a repository on the store cannot be asked what it needs.
    pub(super) fn no_plan(&mut self) -> Result<Plan, StoreError> {
        let live = self.store.db.read(|view| view.live_packs())?;
        self.outcome.live = Amount::of(&live);
        Ok(Plan::default())
    }

    pub(super) fn plan(&mut self) -> Result<Plan, StoreError> {
        let (live, bad) =
            self.store.db.read(|v| Ok::<_, DbError>((v.live_packs()?, v.bad_blocks()?)))?;
        let bad: HashSet<PackId> = bad.iter().map(|block| block.pack).collect();
        let in_use = InUse::read(&self.store.paths.tmp)?;
        self.outcome.live = Amount::of(&live);
        self.outcome.in_use = Amount::default();
        let mut plan = Plan::default();
        for pack in live {
            self.options.cancel.check()?;
            if in_use.contains(pack.id) || !self.known.contains(&pack.id) {
                self.outcome.in_use.add(pack.bytes);
                if pack.kind == PackKind::Layout as u8 && self.marker.marks.count(pack.id) > 0 {
                    plan.fixed.push(pack.id);
                }
                continue;
            }
            let is_bad = bad.contains(&pack.id);
            self.plan_pack(&mut plan, pack, is_bad)?;
        }
        if plan.sparse.iter().any(|p| p.kind == PackKind::Data as u8) {
            let (marks, cancel) = (&self.marker.marks, self.options.cancel);
            let named = packs_named_in(self.store, marks, &plan.fixed, cancel)?;
            plan.leave(|pack| named.contains(&pack.id));
        }
        if self.options.rewrite == Rewrite::Untidy {
            plan.leave_lonely();
        }
        Ok(plan)
    }

    /// Says what is to become of a pack that is not in use; a bad one has a block that cannot be read.
    fn plan_pack(&self, plan: &mut Plan, pack: PackRow, is_bad: bool) -> Result<(), StoreError> {
        let marks = &self.marker.marks;
        let count = marks.count(pack.id);
        let is_whole = is_bad || count == pack.chunks;
        let kept = match count {
            0 => 0,
            // Its good blocks are read where they are until it is repaired.
            _ if is_whole => pack.bytes,
            _ => kept_bytes(self.store, marks, &pack)?,
        };
        if kept == 0 {
            plan.counts.insert(pack.id, count);
            plan.dead.push(pack);
            return Ok(());
        }
        if pack.kind == PackKind::Layout as u8 {
            plan.layouts.push(pack.id);
        }
        let is_rewritten = match self.options.rewrite {
            _ if is_bad => false,
            Rewrite::Sparse => (pack.bytes - kept) * 100 >= pack.bytes * SPARSE_PERCENT,
            Rewrite::Untidy => !is_whole || pack.bytes < SMALL_PACK_BYTES,
            Rewrite::All(_) => true,
        };
        if is_rewritten {
            plan.counts.insert(pack.id, count);
            plan.kept.insert(pack.id, kept);
            plan.copied_bytes += kept;
            plan.sparse.push(pack);
        }
        Ok(())
    }
}
