//! Proves that a store is whole: packs, tables, and everything that refs, HEADs and stages name.
//!
//! [`check`] goes bottom up. Packs first (header, trailer, tail; with [`Depth::Data`] every block),
//! then tables against the packs' trailers, then every reachable commit, tree and file against the
//! tables. Damage is gathered in a [`Report`] and never ends a check; an error means that the check
//! itself could not go on. [`rebuild()`] makes tables, and if need be `state.db`, anew from the packs.
//!
//! Everything is opened anew, so that nothing an open [`super::Store`] keeps in memory hides damage.
//! Memory: about 60 bytes a directory and 30 bytes a different content, whatever the data's size.

mod affected;
mod blobs;
mod packs;
mod rebuild;
mod report;
mod roots;
mod shape;
mod tables;
#[cfg(test)]
mod tests;
mod walk;

use std::collections::{BTreeSet, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

pub use self::rebuild::{RebuildError, RebuiltStore, SetAside, StatePaths, rebuild};
pub use self::report::{Counts, Lost, Problem, Report, Subject};
pub use self::roots::Roots;

use self::packs::BlockFindings;
use self::report::Problems;
use self::tables::Index;
use super::{StoreError, StorePaths};
use crate::catalog::CatalogError;
use crate::db::{BadBlock, DbError, PackRow, StateDb, TableRow};
use crate::id::PackId;
use crate::progress::{Cancel, Cancelled, Progress};

/// Why a check could not go on.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The store could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The work was asked to stop.
    #[error("interrupted")]
    Cancelled(#[from] Cancelled),
}

impl From<CatalogError> for VerifyError {
    fn from(e: CatalogError) -> Self {
        Self::Store(e.into())
    }
}

/// How much of the data a check reads.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Depth {
    /// None: only what says where the data lies.
    Structure,
    /// A random part of the blocks; the same for the same seed.
    Sample {
        /// How many of them, from 0 to 100.
        percent: f64,
        /// Chooses which.
        seed: u64,
    },
    /// All blocks, and every file of several chunks against its id.
    Data,
}

/// How a check runs.
pub struct CheckOptions<'o> {
    /// How much of the data is read.
    pub depth: Depth,
    /// Number of threads, at least 1.
    pub threads: usize,
    /// The time that newly found bad blocks are recorded with, in Unix seconds.
    pub now: i64,
    /// Told of bytes and files.
    pub progress: &'o dyn Progress,
    /// Asked between two pieces of work.
    pub cancel: &'o Cancel,
}

/// Checks the store of the repository `at` and everything that `roots` reach.
///
/// `roots` are read before: what is published meanwhile is not looked at. Blocks found bad are
/// recorded in `db`, so that adding their data again repairs the store; blocks that were recorded
/// and are found good are struck off.
pub fn check(
    at: &StatePaths,
    db: &Arc<StateDb>,
    roots: &Roots,
    options: &CheckOptions<'_>,
) -> Result<Report, VerifyError> {
    let paths = StorePaths::new(at.store_dir());
    let mut run = Run { db, options, problems: Mutex::default(), counts: Counts::default() };
    let (listing, opened) = Listing::read(&paths, db)?;
    let packs = packs::check(&run, &paths, &listing.packs)?;
    run.counts += packs.counts;
    let bad = run.record_blocks(&listing, packs.blocks);
    let index = Index::new(opened, packs.healthy, &listing, bad);
    let are_tables_sound = tables::check(&run, &paths, &index, &listing)?;
    run.counts.tables = listing.tables.len() as u64;
    if are_tables_sound {
        let store = at.open_store(db)?;
        let walked = walk::check(&run, &store, &index, roots)?;
        run.counts += walked.counts;
        affected::find(&run, &store, &walked.starts)?;
    }
    Ok(Report::new(run.problems, run.counts))
}

/// What the database listed when the check began.
struct Listing {
    packs: Vec<PackRow>,
    tables: Vec<TableRow>,
    bad: Vec<BadBlock>,
}

/// Another process may merge tables between the list and the opening of its files.
const ATTEMPTS: usize = 4;

impl Listing {
    /// Reads the lists and opens the tables they name.
    fn read(paths: &StorePaths, db: &StateDb) -> Result<(Self, Vec<tables::Opened>), DbError> {
        let mut attempt = 1;
        loop {
            let listing = db.read(|view| {
                let (packs, tables) = (view.live_packs()?, view.tables()?);
                Ok::<_, DbError>(Self { packs, tables, bad: view.bad_blocks()? })
            })?;
            let opened = tables::open_all(&paths.tables, &listing.tables);
            if attempt == ATTEMPTS || !opened.iter().any(tables::Opened::is_gone) {
                return Ok((listing, opened));
            }
            attempt += 1;
        }
    }
}

/// What all parts of one check share.
struct Run<'c> {
    db: &'c StateDb,
    options: &'c CheckOptions<'c>,
    problems: Mutex<Problems>,
    counts: Counts,
}

impl Run<'_> {
    fn problems(&self) -> MutexGuard<'_, Problems> {
        self.problems.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Brings the list of bad blocks up to date and returns it.
    fn record_blocks(&self, listing: &Listing, found: BlockFindings) -> BTreeSet<(PackId, u32)> {
        let offset = |b: &BadBlock| Some((b.pack, u32::try_from(b.offset).ok()?));
        let known: BTreeSet<_> = listing.bad.iter().filter_map(offset).collect();
        let good: Vec<_> = found.good.iter().filter(|at| known.contains(at)).collect();
        let new: Vec<_> = found.bad.keys().filter(|at| !known.contains(at)).collect();
        if !good.is_empty() || !new.is_empty() {
            let written = self.db.write(|tx| {
                for &&(pack, offset) in &new {
                    let found_at = self.options.now;
                    tx.add_bad_block(&BadBlock { pack, offset: offset.into(), found_at })?;
                }
                good.iter()
                    .try_for_each(|(pack, at)| tx.remove_bad_block(*pack, (*at).into()).map(|_| ()))
            });
            self.report_unrecorded(written);
        }
        self.problems().describe_blocks(found.bad.iter().map(|(at, why)| (*at, why.clone())));
        let good: HashSet<_> = good.into_iter().collect();
        known.iter().filter(|at| !good.contains(at)).chain(new).copied().collect()
    }

    /// The findings stand even when they cannot be recorded, as on a read-only medium.
    fn report_unrecorded(&self, written: Result<(), DbError>) {
        if let Err(e) = written
            && !matches!(e, DbError::ReadOnly)
        {
            let subject = Subject::File("state.db".to_owned());
            self.problems().report(subject, format!("bad blocks could not be recorded: {e}"));
        }
    }

    /// Works on all items on all threads; the first error ends it.
    fn in_parallel<T: Sync>(
        &self,
        items: &[T],
        work: impl Fn(&T) -> Result<(), VerifyError> + Sync,
    ) -> Result<(), VerifyError> {
        let next = AtomicUsize::new(0);
        let one_thread = || {
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                let done =
                    self.options.cancel.check().map_err(Into::into).and_then(|()| work(item));
                if done.is_err() {
                    next.store(items.len(), Ordering::Relaxed);
                    return done;
                }
            }
            Ok(())
        };
        let threads = self.options.threads.clamp(1, items.len().max(1));
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(one_thread)).collect();
            let join = |r: std::thread::ScopedJoinHandle<'_, _>| {
                r.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
            };
            running.into_iter().map(join).fold(Ok(()), Result::and)
        })
    }
}
