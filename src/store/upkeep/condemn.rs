//! Carrying a plan out: what is needed of sparse packs is copied, then one transaction condemns.

use std::collections::HashSet;

use super::collect::{Amount, Collection};
use super::copy::{Copier, Moved};
use super::mark::GcRoots;
use super::plan::Plan;
use super::roots::AllRoots;
use crate::db::{PackRow, Tx};
use crate::id::PackId;
use crate::pack::layout::PackKind;
use crate::store::StoreError;
use crate::store::lane::SealedPack;
use crate::store::session::InUse;

/// What was copied before the transaction, as far as that must know.
#[derive(Clone, Copy)]
struct Copied {
    /// Whether there are new packs, which begin a generation of their own.
    has_packs: bool,
    /// Whether data has another place now.
    moves_data: bool,
}

impl Collection<'_> {
    /// Copies, condemns; says whether it came out as planned.
    pub(super) fn carry_out(&mut self, mut plan: Plan) -> Result<bool, StoreError> {
        let (mut new, moves_data) = self.rewrite(&mut plan)?;
        // Recipes that had to be written anew are among them now.
        self.outcome.sparse = Amount::of(&plan.sparse);
        let (store, since) = (self.store, self.options.reflog_since);
        if plan.condemned().next().is_none() {
            store.db.write(|tx| tx.expire_reflog(since))?;
            return Ok(true);
        }
        self.outcome.copied = Amount::default();
        new.iter().for_each(|pack| self.outcome.copied.add(pack.bytes));
        if store.shared().is_some() {
            // The repository's own database is committed after the store's: a reflog that still told of
            // what was condemned, after a kill between the two, would look like damage.
            store.db.write(|tx| tx.expire_reflog(since))?;
        }
        let copied = Copied { has_packs: !new.is_empty(), moves_data };
        match store.list(&mut new, |tx| self.condemn(tx, &plan, copied)) {
            Err(StoreError::Changed) => Ok(false),
            Err(e) => Err(e),
            Ok(()) => {
                store.catalog.reload(&store.db)?;
                Ok(true)
            }
        }
    }

    /// Marks what changed since, and condemns what is to go; in the transaction that lists what was
    /// copied.
    ///
    /// # Errors
    /// `Changed` if anything is not as planned: then nothing may be done.
    fn condemn(&mut self, tx: &Tx<'_>, plan: &Plan, copied: Copied) -> Result<(), StoreError> {
        if let Some(commit) = self.options.promised
            && !tx.absent()?.promised.contains_key(&commit)
        {
            return Err(StoreError::Changed);
        }
        let in_use = InUse::read(&self.store.paths.tmp)?;
        if copied.moves_data && self.has_new_recipes(tx, plan, &in_use)? {
            return Err(StoreError::Changed);
        }
        self.mark_what_changed(tx, &in_use)?;
        let generation = if copied.has_packs { tx.generation()? } else { tx.next_generation()? };
        for pack in plan.condemned() {
            let is_as_planned = self.marker.marks.count(pack.id) == plan.counts[&pack.id];
            if in_use.contains(pack.id) || !is_as_planned {
                return Err(StoreError::Changed);
            }
            // Of a pack that was copied whole nothing is lost: its grace is over at once.
            let since = if plan.is_copied_whole(pack) { 0 } else { self.options.now };
            if !tx.condemn_pack(pack.id, generation, since)? {
                return Err(StoreError::Changed);
            }
        }
        tx.expire_reflog(self.options.reflog_since)?;
        Ok(())
    }

    /// Whether a recipe was written meanwhile, which may name a pack that is rewritten here. Who wrote
    /// one and still runs holds what it names.
    fn has_new_recipes(
        &self,
        tx: &Tx<'_>,
        plan: &Plan,
        in_use: &InUse,
    ) -> Result<bool, StoreError> {
        let condemned = plan.condemned().map(|pack| &pack.id);
        let known = plan.layouts.iter().chain(&plan.fixed).chain(condemned);
        let known: HashSet<PackId> = known.copied().collect();
        let is_new = |p: &PackRow| {
            p.kind == PackKind::Layout as u8
                && p.id.session != self.session.id()
                && !known.contains(&p.id)
                && !in_use.is_of_running(p.id)
        };
        Ok(tx.live_packs()?.iter().any(is_new))
    }

    /// Marks what roots name that were not as they are now. No repository on the store changes until the
    /// transaction ends: each would need its lock first.
    fn mark_what_changed(&mut self, tx: &Tx<'_>, in_use: &InUse) -> Result<(), StoreError> {
        let held = in_use.commits_but(&self.store.own_sessions());
        let own = GcRoots::of(tx, self.options.reflog_since)?;
        let roots = AllRoots::read(own, self.store.shared(), &held)?;
        if !roots.others.unseen.is_empty() {
            return Err(StoreError::Changed);
        }
        if roots != self.seen {
            roots.mark(&mut self.marker, &self.seen)?;
            self.seen = roots;
        }
        Ok(())
    }

    /// Copies what is needed of sparse packs, and writes recipes anew; a layout pack that holds any
    /// such becomes one of the plan's. Says whether data moved.
    fn rewrite(&self, plan: &mut Plan) -> Result<(Vec<SealedPack>, bool), StoreError> {
        let (marks, copying) = (&self.marker.marks, self.options.rewrite.copying());
        let copy = |kind, ids: &[PackId]| -> Result<(Vec<SealedPack>, Moved), StoreError> {
            let mut copier = Copier::new(self.store, self.session, kind, copying)?;
            for &id in ids {
                self.options.cancel.check()?;
                copier.copy(id, |index| marks.has(id, index))?;
            }
            copier.finish()
        };
        let (mut new, _) = copy(PackKind::History, &plan.sparse_of(PackKind::History))?;
        let data = plan.sparse_of(PackKind::Data);
        let (packs, moved) = copy(PackKind::Data, &data)?;
        new.extend(packs);
        let mut recipes = Copier::new(self.store, self.session, PackKind::Layout, copying)?;
        let mut done = HashSet::new();
        if !data.is_empty() {
            let keep = |id, index| marks.has(id, index);
            done.extend(recipes.relocate(&plan.layouts, &moved, keep)?);
        }
        for id in plan.sparse_of(PackKind::Layout) {
            if !done.contains(&id) {
                recipes.copy(id, |index| marks.has(id, index))?;
            }
        }
        new.extend(recipes.finish()?.0);
        let listed: HashSet<PackId> = plan.sparse.iter().map(|p| p.id).collect();
        for id in done.into_iter().filter(|id| !listed.contains(id)) {
            plan.counts.insert(id, marks.count(id));
            plan.sparse.extend(self.store.db.read(|view| view.pack(id))?);
        }
        Ok((new, !data.is_empty()))
    }
}
