//! Collecting: packs that nothing needs are condemned, those that little of is needed are rewritten.
//!
//! Marking and copying take no lock but that of upkeep, which no verb waits for. One transaction then
//! marks what changed since, and condemns; if a pack it was about to drop is needed or in use by then,
//! nothing is done and the work is planned anew. A condemned pack counts as absent at once; its file
//! goes after the grace, which is for readers that are slow and for people who regret.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::Path;

use super::copy::{Copier, Copying, Moved};
use super::mark::{GcRoots, Marker};
use super::needed::{kept_bytes, packs_named_in};
use super::roots::AllRoots;
use crate::db::{DbError, PackRow, Tx};
use crate::fsio::{AtPath, FsError};
use crate::id::{BlobId, PackId};
use crate::pack::layout::PackKind;
use crate::progress::{Cancel, Progress};
use crate::store::lane::SealedPack;
use crate::store::session::{InUse, Session};
use crate::store::shared::Unseen;
use crate::store::{Store, StoreError};

/// Percent of a pack's bytes that must be dead before the rest is copied into another.
const SPARSE_PERCENT: u64 = 20;
/// A pack below this is better one with others.
const SMALL_PACK_BYTES: u64 = 32 << 20;
/// How often the work is planned anew when packs come into use meanwhile.
const ATTEMPTS: usize = 4;

/// How a collection runs.
pub struct CollectOptions<'o> {
    /// The time, in Unix seconds.
    pub now: i64,
    /// How long condemned packs stay on disk, in seconds.
    pub grace: i64,
    /// Moves in reflogs before this time keep nothing alive, in Unix seconds.
    pub reflog_since: i64,
    /// Only says what would be done.
    pub dry_run: bool,
    /// Which packs are rewritten, and how.
    pub rewrite: Rewrite,
    /// Whether blobs were cut anew: what they were made of before is not needed for their sake.
    pub is_rechunked: bool,
    /// Contents that are not needed though they are reached: remotes have them.
    pub evicted: &'o HashSet<BlobId>,
    /// Told of packs.
    pub progress: &'o dyn Progress,
    /// Asked between two pieces of work.
    pub cancel: &'o Cancel,
}

/// Which packs are rewritten, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rewrite {
    /// Those of which little is needed, block by block.
    Sparse,
    /// Also small ones, and all of which anything is not needed, chunk by chunk.
    Untidy,
    /// All, compressed anew at this level.
    All(i32),
}

impl Rewrite {
    fn copying(self) -> Copying {
        match self {
            Self::Sparse => Copying::AsTheyAre,
            Self::Untidy => Copying::Packed,
            Self::All(level) => Copying::AtLevel(level),
        }
    }
}

/// Files and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    /// How many files.
    pub files: u64,
    /// Bytes of them.
    pub bytes: u64,
}

impl Amount {
    fn add(&mut self, bytes: u64) {
        *self = Self { files: self.files + 1, bytes: self.bytes + bytes };
    }

    fn of<'p>(packs: impl IntoIterator<Item = &'p PackRow>) -> Self {
        let mut amount = Self::default();
        packs.into_iter().for_each(|pack| amount.add(pack.bytes));
        amount
    }
}

/// What a collection did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Live packs before.
    pub live: Amount,
    /// Packs that nothing needs.
    pub unreachable: Amount,
    /// Packs of which so little is needed that the rest was copied.
    pub sparse: Amount,
    /// What was copied of them, recipes written anew included.
    pub copied: Amount,
    /// Packs condemned by an earlier collection whose grace is over.
    pub expired: Amount,
    /// Packs that are condemned and still on disk.
    pub waiting: Amount,
    /// Files that no database lists: processes were killed.
    pub leftovers: Amount,
    /// Contents that are needed and not here, since a remote has them: how many, and their bytes.
    pub promised: Amount,
    /// Packs left alone because commands that run rely on them.
    pub in_use: Amount,
    /// Bytes of files that were removed.
    pub freed_bytes: u64,
    /// How many other repositories on a shared store were asked what they need.
    pub others: u64,
    /// Those that could not be read: as long as there are any, nothing is condemned.
    pub unseen: Vec<Unseen>,
}

impl Store {
    /// Collects what no root reaches. The lock of upkeep must be held.
    pub fn collect(&self, options: &CollectOptions<'_>) -> Result<Collected, StoreError> {
        let session = self.start_session()?;
        let (expired, _) = self.sweep(options)?;
        if !options.dry_run {
            // A disk too full for it is what many collect for: it is quicker with it, and right without.
            let _ = self.gather_tables();
        }
        // Before the marker looks: it then marks, of several copies, the one that tables lead to as
        // long as no other pack is added. A pack added later may have become the only one they lead to
        // for something that was marked elsewhere, and is left to the next collection.
        let known = self.db.read(|view| view.live_packs())?.into_iter().map(|p| p.id).collect();
        let mut collection = Collection {
            store: self,
            session: &session,
            options,
            marker: Marker::new(self.reopen()?, options.cancel)
                .youngest(options.is_rechunked)
                .without(options.evicted.clone()),
            seen: AllRoots::default(),
            known,
            outcome: Collected { expired, ..Collected::default() },
        };
        collection.run()?;
        let mut outcome = collection.outcome;
        let mut removed = expired.bytes;
        if options.dry_run {
            let condemned = outcome.unreachable.bytes + outcome.sparse.bytes;
            removed += if options.grace > 0 { 0 } else { condemned };
        } else {
            self.shrink_tables()?;
            let (swept, waiting) = self.sweep(options)?;
            removed += swept.bytes;
            outcome.waiting = waiting;
        }
        outcome.leftovers = self.remove_leftovers(options.dry_run)?;
        outcome.freed_bytes =
            (removed + outcome.leftovers.bytes).saturating_sub(outcome.copied.bytes);
        Ok(outcome)
    }

    /// Removes the files of packs whose grace is over; gives what went, and what still waits.
    fn sweep(&self, options: &CollectOptions<'_>) -> Result<(Amount, Amount), StoreError> {
        let condemned = self.db.read(|view| view.condemned_packs())?;
        // After the list was read: who begins now does not need them.
        let oldest = InUse::read(&self.paths.tmp)?.oldest_but(&self.own_sessions());
        let is_due = |p: &PackRow| {
            p.changed_at.saturating_add(options.grace) <= options.now
                && oldest.is_none_or(|began| p.generation <= began)
        };
        let (mut due, waiting): (Vec<_>, Vec<_>) = condemned.into_iter().partition(is_due);
        let amounts = (Amount::of(&due), Amount::of(&waiting));
        if options.dry_run || due.is_empty() {
            return Ok(amounts);
        }
        // Off the list first: whoever misses a file looks there and must not find it again.
        self.db.write(|tx| due.iter().try_for_each(|p| tx.remove_pack(p.id).map(|_| ())))?;
        // Recipes go before what they name: a rebuild after a crash must not find one without.
        due.sort_by_key(|pack| pack.kind);
        self.forget_open_packs();
        for pack in due {
            let path = self.paths.pack(pack.id);
            match fs::remove_file(&path).at("remove", &path) {
                Err(e) if !e.is_not_found() => return Err(e.into()),
                _ => {}
            }
        }
        Ok(amounts)
    }

    /// Removes packs and tables that no database lists and no running command is about to list.
    fn remove_leftovers(&self, dry_run: bool) -> Result<Amount, StoreError> {
        // In this order: what a session that ended by then had listed is in the database.
        let (packs, tables) = (names_in(&self.paths.packs)?, names_in(&self.paths.tables)?);
        let in_use = InUse::read(&self.paths.tmp)?;
        let listed = self.db.read(|view| {
            let packs = view.packs()?.into_iter().map(|p| p.id.to_string());
            let tables = view.tables()?.into_iter().map(|t| t.id.to_string());
            Ok::<_, DbError>(packs.chain(tables).collect::<HashSet<_>>())
        })?;
        let is_free = |name: &str| name.parse().is_ok_and(|id: PackId| !in_use.contains(id));
        let packs = packs.into_iter().filter(|n| !listed.contains(n) && is_free(n));
        let packs = packs.map(|name| self.paths.packs.join(name));
        // A table does not say whose it is.
        let is_quiet = in_use.oldest_but(&self.own_sessions()).is_none();
        let is_table = |n: &String| n.len() == TABLE_DIGITS && is_quiet && !listed.contains(n);
        let tables = tables.into_iter().filter(is_table).map(|name| self.paths.tables.join(name));
        let mut amount = Amount::default();
        for path in packs.chain(tables) {
            let Ok(found) = fs::metadata(&path) else { continue };
            if dry_run || fs::remove_file(&path).is_ok() {
                amount.add(found.len());
            }
        }
        Ok(amount)
    }
}

/// Digits of a table's name.
const TABLE_DIGITS: usize = 16;

fn names_in(dir: &Path) -> Result<Vec<String>, FsError> {
    let entries = fs::read_dir(dir).at("read", dir)?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}

struct Collection<'c> {
    store: &'c Store,
    session: &'c Session,
    options: &'c CollectOptions<'c>,
    marker: Marker<'c>,
    /// The roots that were marked last.
    seen: AllRoots,
    /// The packs that were live before anything was marked: no others are dropped.
    known: HashSet<PackId>,
    outcome: Collected,
}

/// What is to become of the packs that were live when it was made.
#[derive(Default)]
struct Plan {
    dead: Vec<PackRow>,
    sparse: Vec<PackRow>,
    /// Bytes of the sparse packs that will be copied, nearly, of each and of all.
    kept: HashMap<PackId, u64>,
    copied_bytes: u64,
    /// Layout packs that count, for the recipes in them.
    layouts: Vec<PackId>,
    /// Likewise, but in use: they stay as they are, and so do the packs that their recipes name.
    fixed: Vec<PackId>,
    /// How many chunks of each dead or sparse pack are needed.
    counts: HashMap<PackId, u64>,
}

impl Plan {
    /// Whether every chunk of a pack is in a new one.
    fn is_copied_whole(&self, id: &PackId) -> bool {
        self.sparse.iter().any(|p| p.id == *id && self.counts.get(id) == Some(&p.chunks))
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
    fn run(&mut self) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            self.mark()?;
            self.outcome.others = self.seen.others.roots.len() as u64;
            self.outcome.unseen.clone_from(&self.seen.others.unseen);
            let mut plan = match self.seen.others.unseen.is_empty() {
                true => self.plan()?,
                false => self.no_plan()?,
            };
            if attempt == ATTEMPTS {
                // What is rewritten comes into use again and again: what is dead goes all the same.
                plan.sparse.clear();
            }
            self.outcome.unreachable = Amount::of(&plan.dead);
            self.outcome.sparse = Amount::of(&plan.sparse);
            if self.options.dry_run {
                self.outcome.copied = Amount { files: 0, bytes: plan.copied_bytes };
                return Ok(());
            }
            if self.carry_out(plan)? {
                return Ok(());
            }
        }
        (self.outcome.unreachable, self.outcome.sparse) = Default::default();
        self.outcome.copied = Amount::default();
        Ok(())
    }

    /// Marks until nothing new is named, so that the transaction finds little to mark.
    fn mark(&mut self) -> Result<(), StoreError> {
        loop {
            let (since, store) = (self.options.reflog_since, self.store);
            let own = store.db.read(|view| GcRoots::of(view, since))?;
            let in_use = InUse::read(&store.paths.tmp)?;
            let held = in_use.commits_but(&store.own_sessions());
            let roots = AllRoots::read(own, store.shared(), &held)?;
            // What is not seen stops all: there is nothing to mark for.
            if roots == self.seen || !roots.others.unseen.is_empty() {
                self.seen = roots;
                return Ok(());
            }
            self.options.progress.begin("marking", None, None);
            roots.mark(&mut self.marker, &self.seen)?;
            self.options.progress.finish();
            let promised = &self.marker.promised;
            let bytes = promised.values().sum();
            self.outcome.promised = Amount { files: promised.len() as u64, bytes };
            self.seen = roots;
        }
    }

    /// The plan where a repository on the store cannot be asked what it needs.
    fn no_plan(&mut self) -> Result<Plan, StoreError> {
        let live = self.store.db.read(|view| view.live_packs())?;
        self.outcome.live = Amount::of(&live);
        Ok(Plan::default())
    }

    fn plan(&mut self) -> Result<Plan, StoreError> {
        let (live, bad) =
            self.store.db.read(|v| Ok::<_, DbError>((v.live_packs()?, v.bad_blocks()?)))?;
        let bad: HashSet<PackId> = bad.iter().map(|block| block.pack).collect();
        let in_use = InUse::read(&self.store.paths.tmp)?;
        self.outcome.live = Amount::of(&live);
        self.outcome.in_use = Amount::default();
        let mut plan = Plan::default();
        for pack in live {
            self.options.cancel.check()?;
            let count = self.marker.marks.count(pack.id);
            if in_use.contains(pack.id) || !self.known.contains(&pack.id) {
                self.outcome.in_use.add(pack.bytes);
                if pack.kind == PackKind::Layout as u8 && count > 0 {
                    plan.fixed.push(pack.id);
                }
                continue;
            }
            let kept = match count {
                0 => 0,
                // Its good blocks are read where they are until it is repaired.
                _ if count == pack.chunks || bad.contains(&pack.id) => pack.bytes,
                _ => kept_bytes(self.store, &self.marker.marks, &pack)?,
            };
            if kept == 0 {
                plan.counts.insert(pack.id, count);
                plan.dead.push(pack);
                continue;
            }
            if pack.kind == PackKind::Layout as u8 {
                plan.layouts.push(pack.id);
            }
            let is_whole = bad.contains(&pack.id) || count == pack.chunks;
            let is_rewritten = match self.options.rewrite {
                _ if bad.contains(&pack.id) => false,
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
        }
        if plan.sparse.iter().any(|p| p.kind == PackKind::Data as u8) {
            let store = self.store;
            let named =
                packs_named_in(store, &self.marker.marks, &plan.fixed, self.options.cancel)?;
            plan.leave(|pack| named.contains(&pack.id));
        }
        if self.options.rewrite == Rewrite::Untidy {
            plan.leave_lonely();
        }
        Ok(plan)
    }

    /// Copies, condemns; says whether it came out as planned.
    fn carry_out(&mut self, mut plan: Plan) -> Result<bool, StoreError> {
        let (mut new, moves_data) = self.rewrite(&mut plan)?;
        // Recipes that had to be written anew are among them now.
        self.outcome.sparse = Amount::of(&plan.sparse);
        let ids: Vec<PackId> = plan.dead.iter().chain(&plan.sparse).map(|p| p.id).collect();
        let (options, paths) = (self.options, &self.store.paths);
        let since = options.reflog_since;
        if ids.is_empty() {
            self.store.db.write(|tx| tx.expire_reflog(since))?;
            return Ok(true);
        }
        self.outcome.copied = Amount::default();
        new.iter().for_each(|pack| self.outcome.copied.add(pack.bytes));
        let known = plan.layouts.iter().chain(&plan.fixed).chain(&ids);
        let known: HashSet<PackId> = known.copied().collect();
        let (marker, seen) = (&mut self.marker, &mut self.seen);
        let (own, own_sessions) = (self.session.id(), self.store.own_sessions());
        let (is_empty, shared) = (new.is_empty(), self.store.shared());
        let condemn = |tx: &Tx<'_>| {
            let in_use = InUse::read(&paths.tmp)?;
            let is_new = |p: &PackRow| {
                p.kind == PackKind::Layout as u8
                    && p.id.session != own
                    && !known.contains(&p.id)
                    && !in_use.is_of_running(p.id)
            };
            // A recipe written meanwhile may name a pack that is rewritten here. Who wrote one and
            // still runs holds what it names.
            if moves_data && tx.live_packs()?.iter().any(is_new) {
                return Err(StoreError::Changed);
            }
            let held = in_use.commits_but(&own_sessions);
            // No repository on the store changes until this ends: each would need its lock first.
            let roots = AllRoots::read(GcRoots::of(tx, since)?, shared, &held)?;
            if !roots.others.unseen.is_empty() {
                return Err(StoreError::Changed);
            }
            if roots != *seen {
                roots.mark(marker, seen)?;
                *seen = roots;
            }
            let generation = if is_empty { tx.next_generation()? } else { tx.generation()? };
            for id in &ids {
                if in_use.contains(*id) || marker.marks.count(*id) != plan.counts[id] {
                    return Err(StoreError::Changed);
                }
                // Of a pack that was copied whole nothing is lost: its grace is over at once.
                let since = if plan.is_copied_whole(id) { 0 } else { options.now };
                if !tx.condemn_pack(*id, generation, since)? {
                    return Err(StoreError::Changed);
                }
            }
            tx.expire_reflog(since)?;
            Ok(())
        };
        match self.store.list(&mut new, condemn) {
            Err(StoreError::Changed) => Ok(false),
            Err(e) => Err(e),
            Ok(()) => {
                self.store.catalog.reload(&self.store.db)?;
                Ok(true)
            }
        }
    }

    /// Copies what is needed of sparse packs, and writes recipes anew; a layout pack that holds any
    /// such becomes one of the plan's. Says whether data moved.
    fn rewrite(&self, plan: &mut Plan) -> Result<(Vec<SealedPack>, bool), StoreError> {
        let (marks, copying) = (&self.marker.marks, self.options.rewrite.copying());
        let of_kind = |plan: &Plan, kind: PackKind| -> Vec<PackId> {
            plan.sparse.iter().filter(|p| p.kind == kind as u8).map(|p| p.id).collect()
        };
        let copy = |kind, ids: &[PackId]| -> Result<(Vec<SealedPack>, Moved), StoreError> {
            let mut copier = Copier::new(self.store, self.session, kind, copying)?;
            for &id in ids {
                self.options.cancel.check()?;
                copier.copy(id, |index| marks.has(id, index))?;
            }
            copier.finish()
        };
        let (mut new, _) = copy(PackKind::History, &of_kind(plan, PackKind::History))?;
        let data = of_kind(plan, PackKind::Data);
        let (packs, moved) = copy(PackKind::Data, &data)?;
        new.extend(packs);
        let mut recipes = Copier::new(self.store, self.session, PackKind::Layout, copying)?;
        let mut done = HashSet::new();
        if !data.is_empty() {
            let keep = |id, index| marks.has(id, index);
            done.extend(recipes.relocate(&plan.layouts, &moved, keep)?);
        }
        for id in of_kind(plan, PackKind::Layout) {
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
