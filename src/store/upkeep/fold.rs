//! Folding: many small packs become one, a bounded amount of work at a time.
//!
//! Blocks are copied as they are. Data packs are named by recipes, so that folding them writes those
//! anew: a recipe names only packs listed before it or with it, and so lies in a layout pack of the
//! same or a later generation. Where that would mean to go through large layout packs the data packs
//! are left to a repack.

use std::collections::HashSet;

use super::copy::{Copier, Copying};
use super::replace::Replacement;
use crate::db::{BadBlock, DbError, PackRow};
use crate::id::PackId;
use crate::pack::layout::PackKind;
use crate::store::session::InUse;
use crate::store::{Store, StoreError};

/// A size of packs, and how many of a kind there may be.
struct Size {
    below: u64,
    packs: usize,
    /// Bytes that are rewritten at once.
    budget: u64,
}

const SIZES: [Size; 2] = [
    Size { below: 4 << 20, packs: 32, budget: 16 << 20 },
    Size { below: 32 << 20, packs: 8, budget: 64 << 20 },
];
/// Small packs of all kinds together.
const SMALL_PACKS: usize = 48;
/// Bytes of layout packs that are gone through to fold data packs.
const LAYOUT_BUDGET: u64 = 16 << 20;

/// Packs to be folded.
#[derive(Debug, PartialEq, Eq)]
struct Plan {
    kind: PackKind,
    packs: Vec<PackId>,
    /// Layout packs that may hold recipes of them.
    layouts: Vec<PackId>,
    /// The greatest generation of a pack that was seen.
    generation: u64,
}

impl Store {
    /// Folds small packs if there are many.
    pub(super) fn fold_small_packs(&self) -> Result<(), StoreError> {
        let plan = || {
            let (packs, bad) =
                self.db.read(|view| Ok::<_, DbError>((view.live_packs()?, view.bad_blocks()?)))?;
            Ok::<_, StoreError>(Plan::new(&packs, &bad, &InUse::read(&self.paths.tmp)?))
        };
        if plan()?.is_none() {
            return Ok(());
        }
        let Some(_lock) = self.try_lock_upkeep()? else { return Ok(()) };
        // Again: who held the lock until now may have done it.
        match plan()? {
            Some(plan) => self.fold(&plan),
            None => Ok(()),
        }
    }

    fn fold(&self, plan: &Plan) -> Result<(), StoreError> {
        let session = self.start_session()?;
        let mut copier = Copier::new(self, &session, plan.kind, Copying::AsTheyAre)?;
        for id in &plan.packs {
            copier.copy(*id, |_| true)?;
        }
        let (mut new, moved) = copier.finish()?;
        let mut old = plan.packs.clone();
        if !plan.layouts.is_empty() {
            let mut recipes = Copier::new(self, &session, PackKind::Layout, Copying::AsTheyAre)?;
            old.extend(recipes.relocate(&plan.layouts, &moved, |_, _| true)?);
            new.extend(recipes.finish()?.0);
        }
        let replacement = Replacement { old, new };
        // A recipe written meanwhile may name a pack that is folded here.
        self.replace(replacement, |tx| {
            let is_new = |p: &PackRow| {
                p.generation > plan.generation
                    && p.kind == PackKind::Layout as u8
                    && p.id.session != session.id()
            };
            Ok(plan.kind != PackKind::Data || !tx.live_packs()?.iter().any(is_new))
        })?;
        Ok(())
    }
}

impl Plan {
    /// What to fold of the live packs, if anything.
    fn new(packs: &[PackRow], bad: &[BadBlock], in_use: &InUse) -> Option<Self> {
        let bad: HashSet<PackId> = bad.iter().map(|block| block.pack).collect();
        let is_free = |p: &&PackRow| !in_use.contains(p.id) && !bad.contains(&p.id);
        let free: Vec<&PackRow> = packs.iter().filter(is_free).collect();
        let generation = packs.iter().map(|p| p.generation).max()?;
        let layouts = Layouts::new(packs, &free);
        let mut from = 0;
        for size in &SIZES {
            let of_size = |kind: PackKind| -> Vec<&PackRow> {
                let fits = |p: &&&PackRow| {
                    p.kind == kind as u8
                        && (from..size.below).contains(&p.bytes)
                        && (kind != PackKind::Data || p.generation > layouts.frozen)
                };
                free.iter().filter(fits).copied().collect()
            };
            let all = PackKind::ALL.map(|kind| (kind, of_size(kind)));
            let sum: usize = all.iter().map(|(_, packs)| packs.len()).sum();
            let is_small = from == 0;
            from = size.below;
            let (kind, most) = all.into_iter().max_by_key(|(_, packs)| packs.len())?;
            if most.len() <= size.packs && !(is_small && sum > SMALL_PACKS) {
                continue;
            }
            let packs = choose(most, size.budget);
            let layouts = if kind == PackKind::Data { layouts.since(&packs) } else { Vec::new() };
            let packs = packs.into_iter().map(|p| p.id).collect();
            return Some(Self { kind, packs, layouts, generation });
        }
        None
    }
}

/// The smallest packs within the budget, at least two, by age.
fn choose(mut packs: Vec<&PackRow>, budget: u64) -> Vec<&PackRow> {
    packs.sort_by_key(|p| (p.bytes, p.id));
    let mut sum = 0;
    let fits = |p: &&&PackRow| {
        sum += p.bytes;
        sum <= budget
    };
    let count = packs.iter().take_while(fits).count().max(2);
    packs.truncate(count);
    packs.sort_by_key(|p| p.id);
    packs
}

/// Layout packs that are small enough to be gone through.
struct Layouts<'p> {
    packs: Vec<&'p PackRow>,
    /// Data packs up to this generation may be named by recipes in other layout packs.
    frozen: u64,
}

impl<'p> Layouts<'p> {
    fn new(all: &'p [PackRow], free: &[&'p PackRow]) -> Self {
        let is_layout = |p: &&PackRow| p.kind == PackKind::Layout as u8;
        let mut packs: Vec<&PackRow> = free.iter().copied().filter(is_layout).collect();
        packs.sort_by_key(|p| std::cmp::Reverse(p.generation));
        let mut sum = 0;
        let fits = |p: &&&PackRow| {
            sum += p.bytes;
            sum <= LAYOUT_BUDGET
        };
        packs.truncate(packs.iter().take_while(fits).count());
        let taken: HashSet<PackId> = packs.iter().map(|p| p.id).collect();
        let others = all.iter().filter(is_layout).filter(|p| !taken.contains(&p.id));
        let frozen = others.map(|p| p.generation).max().unwrap_or(0);
        Self { packs, frozen }
    }

    /// Those that may name one of the packs.
    fn since(&self, packs: &[&PackRow]) -> Vec<PackId> {
        let oldest = packs.iter().map(|p| p.generation).min().unwrap_or(0);
        self.packs.iter().filter(|p| p.generation >= oldest).map(|p| p.id).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::PackState;
    use crate::id::SessionId;

    fn pack(kind: PackKind, generation: u64, bytes: u64) -> PackRow {
        let random = bytes;
        PackRow {
            id: PackId { session: SessionId { seq: generation, random: generation }, random },
            kind: kind as u8,
            bytes,
            raw_bytes: bytes,
            chunks: 1,
            blocks: 1,
            generation,
            state: PackState::Live,
            changed_at: 0,
        }
    }

    fn plan(packs: &[PackRow]) -> Option<Plan> {
        Plan::new(packs, &[], &InUse::default())
    }

    #[test]
    fn few_packs_are_left_alone_and_many_are_folded() {
        let packs =
            |count| -> Vec<_> { (1..=count).map(|g| pack(PackKind::Data, g, 100)).collect() };
        assert_eq!(plan(&packs(32)), None);
        let found = plan(&packs(33)).expect("one more than may be");
        assert_eq!((found.packs.len(), found.kind), (33, PackKind::Data));
        let mut mixed = packs(25);
        mixed.extend((30..54).map(|g| pack(PackKind::History, g, 100)));
        assert_eq!(plan(&mixed).expect("49 in all").kind, PackKind::Data);
    }

    #[test]
    fn one_fold_is_bounded() {
        let packs: Vec<_> = (1..=40).map(|g| pack(PackKind::History, g, 3 << 20)).collect();
        assert_eq!(plan(&packs).expect("many").packs.len(), 5);
        let packs: Vec<_> = (1..=9).map(|g| pack(PackKind::History, g, 31 << 20)).collect();
        assert_eq!(plan(&packs).expect("many").packs.len(), 2);
    }

    #[test]
    fn data_packs_that_large_layout_packs_may_name_stay() {
        let mut packs: Vec<_> = (1..=40).map(|g| pack(PackKind::Data, g, 100)).collect();
        packs.push(pack(PackKind::Layout, 39, 17 << 20));
        assert_eq!(plan(&packs), None);
        packs.pop();
        packs.push(pack(PackKind::Layout, 5, 17 << 20));
        packs.push(pack(PackKind::Layout, 7, 10));
        packs.push(pack(PackKind::Layout, 4, 10));
        let found = plan(&packs).expect("35 may be folded");
        assert_eq!(found.packs.len(), 35);
        assert_eq!(found.layouts, [packs[41].id]);
    }
}
