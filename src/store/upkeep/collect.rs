//! Collecting: packs that nothing needs are condemned, those that little of is needed are rewritten.
//!
//! Marking and copying take no lock but that of upkeep, which no verb waits for. One transaction then
//! marks what changed since, and condemns; if a pack it was about to drop is needed or in use by then,
//! nothing is done and the work is planned anew. A condemned pack counts as absent at once; its file
//! goes after the grace, which is for readers that are slow and for people who regret.

use std::collections::HashSet;

use super::copy::Copying;
use super::mark::{GcRoots, Marker};
use super::roots::AllRoots;
use crate::db::PackRow;
use crate::id::{BlobId, CommitId, PackId};
use crate::progress::{Cancel, Progress};
use crate::store::session::{InUse, Session};
use crate::store::shared::Unseen;
use crate::store::{Store, StoreError};

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
    /// The commit that has those: nothing is condemned unless it is promised at that moment.
    pub promised: Option<CommitId>,
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
    pub(super) fn copying(self) -> Copying {
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
    pub(super) fn add(&mut self, bytes: u64) {
        *self = Self { files: self.files + 1, bytes: self.bytes + bytes };
    }

    pub(super) fn of<'p>(packs: impl IntoIterator<Item = &'p PackRow>) -> Self {
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
}

/// One collection under way.
pub(super) struct Collection<'c> {
    pub(super) store: &'c Store,
    pub(super) session: &'c Session,
    pub(super) options: &'c CollectOptions<'c>,
    pub(super) marker: Marker<'c>,
    /// The roots that were marked last.
    pub(super) seen: AllRoots,
    /// The packs that were live before anything was marked: no others are dropped.
    pub(super) known: HashSet<PackId>,
    pub(super) outcome: Collected,
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
}
