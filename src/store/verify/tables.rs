//! The check of tables against packs, and look-ups that say why something cannot be had.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::packs::open_listed;
use super::{Listing, Run, Subject, VerifyError};
use crate::catalog::{Location, table_path};
use crate::db::{PackRow, TableRow};
use crate::id::{Address, PackId};
use crate::pack::layout::{ChunkPlace, PackKind, Trailer};
use crate::store::{StoreError, StorePaths};
use crate::table::{Prefix, Row, Table, TableError};

const REMEDY: &str = "make all tables anew: esker fsck --rebuild";

/// A listed table, open if that was possible.
pub(super) struct Opened {
    row: TableRow,
    path: PathBuf,
    table: Result<Table<File>, TableError>,
}

impl Opened {
    /// Whether the file is not there.
    pub(super) fn is_gone(&self) -> bool {
        matches!(&self.table, Err(TableError::Io(e)) if e.kind() == std::io::ErrorKind::NotFound)
    }

    /// What is wrong with the table, its entries aside.
    fn fault(&self) -> Option<String> {
        match &self.table {
            Err(_) if self.is_gone() => Some("its file is missing".to_owned()),
            Err(e) => Some(e.to_string()),
            Ok(table) => {
                let found = (table.kind() as u8, table.len(), table.byte_len());
                let row = &self.row;
                let differs = found != (row.kind, row.entries, row.bytes);
                let text = "it holds something else than the database lists";
                if differs {
                    Some(text.to_owned())
                } else {
                    table.verify().err().map(|e| e.to_string())
                }
            }
        }
    }
}

/// Opens all tables of a list.
pub(super) fn open_all(dir: &Path, rows: &[TableRow]) -> Vec<Opened> {
    let open = |row: &TableRow| {
        let path = table_path(dir, row.id);
        let table = File::open(&path).map_err(TableError::Io).and_then(Table::open);
        Opened { row: row.clone(), path, table }
    };
    rows.iter().map(open).collect()
}

/// An open table with its number in the list.
type NumberedTable<'t> = (usize, &'t Opened, &'t Table<File>);

/// Where an object is, or why it is not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// Here; the youngest place that can be read.
    At(Location),
    /// Only in something that is damaged.
    Lost(Subject),
    /// In no live pack.
    Nowhere,
}

/// The tables, the state of the packs, and the bad blocks.
pub(super) struct Index {
    tables: Vec<Opened>,
    live: HashSet<PackId>,
    healthy: HashSet<PackId>,
    bad: BTreeSet<(PackId, u32)>,
}

impl Index {
    pub(super) fn new(
        tables: Vec<Opened>,
        healthy: HashSet<PackId>,
        listing: &Listing,
        bad: BTreeSet<(PackId, u32)>,
    ) -> Self {
        let live: HashSet<_> = listing.packs.iter().map(|p| p.id).collect();
        let bad = bad.into_iter().filter(|(pack, _)| live.contains(pack)).collect();
        Self { tables, live, healthy, bad }
    }

    /// Whether a pack is live, and its trailer can be trusted.
    pub(super) fn health(&self, pack: PackId) -> Health {
        match (self.live.contains(&pack), self.healthy.contains(&pack)) {
            (false, _) => Health::NotLive,
            (true, false) => Health::Damaged,
            (true, true) => Health::Good,
        }
    }

    /// The first bad block of a pack from `first` to `last`, both included.
    pub(super) fn bad_block(&self, pack: PackId, first: u32, last: u32) -> Option<u32> {
        if first > last {
            return None;
        }
        self.bad.range((pack, first)..=(pack, last)).next().map(|&(_, offset)| offset)
    }

    /// Looks an object up as readers do.
    pub(super) fn find(&self, kind: PackKind, address: &Address) -> Result<Found, VerifyError> {
        let prefix = Prefix::from(address);
        let mut found = Found::Nowhere;
        for (_, opened, table) in self.of_kind(kind) {
            let take = |row: &Row| {
                if self.live.contains(&row.pack) {
                    found = better(std::mem::replace(&mut found, Found::Nowhere), self.look(row));
                }
                false
            };
            table.find_where(&prefix, take).map_err(|e| table_error(opened, e))?;
        }
        Ok(found)
    }

    fn look(&self, row: &Row) -> Found {
        let here = Location { pack: row.pack, place: row.place };
        self.fault_of(&here).map_or(Found::At(here), Found::Lost)
    }

    fn fault_of(&self, at: &Location) -> Option<Subject> {
        let block = at.place.block_offset;
        if !self.healthy.contains(&at.pack) {
            return Some(Subject::Pack(at.pack));
        }
        self.bad.contains(&(at.pack, block)).then_some(Subject::Block(at.pack, block))
    }

    /// The tables that list a pack.
    fn of_pack(&self, pack: &Chunks<'_>) -> Vec<NumberedTable<'_>> {
        let lists =
            |(_, _, table): &NumberedTable<'_>| table.packs().binary_search(&pack.row.id).is_ok();
        self.of_kind(pack.kind).filter(lists).collect()
    }

    fn of_kind(&self, kind: PackKind) -> impl Iterator<Item = NumberedTable<'_>> {
        let open = |(n, opened): (usize, _)| {
            let opened: &Opened = opened;
            opened.table.as_ref().ok().map(|table| (n, opened, table))
        };
        self.tables.iter().enumerate().filter_map(open).filter(move |(_, _, t)| t.kind() == kind)
    }
}

/// What an index knows of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Good,
    Damaged,
    NotLive,
}

fn better(old: Found, new: Found) -> Found {
    match (&old, &new) {
        (Found::At(a), Found::At(b)) if a.pack >= b.pack => old,
        (Found::At(_), Found::Lost(_)) => old,
        _ => new,
    }
}

fn table_error(opened: &Opened, source: TableError) -> VerifyError {
    StoreError::Table { path: opened.path.clone(), source }.into()
}

/// Checks each table by itself, then tables and packs against each other.
///
/// False when a table cannot be used: then nothing can be said of the objects.
pub(super) fn check(
    run: &Run<'_>,
    paths: &StorePaths,
    index: &Index,
    listing: &Listing,
) -> Result<bool, VerifyError> {
    run.options.progress.begin("verify tables", None, None);
    let is_sound = AtomicBool::new(true);
    run.in_parallel(&index.tables, |opened| {
        if let Some(fault) = opened.fault() {
            is_sound.store(false, Ordering::Relaxed);
            let what = format!("{fault}; commits and files were not checked; {REMEDY}");
            run.problems().report(Subject::Table(opened.row.id), what);
        }
        Ok(())
    })?;
    let is_sound = is_sound.into_inner();
    if is_sound {
        compare(run, paths, index, listing)?;
    }
    run.options.progress.finish();
    Ok(is_sound)
}

/// Every chunk of a pack must be found, and every entry for a live pack must be one of its chunks.
fn compare(
    run: &Run<'_>,
    paths: &StorePaths,
    index: &Index,
    listing: &Listing,
) -> Result<(), VerifyError> {
    let confirmed: Vec<AtomicU64> = index.tables.iter().map(|_| AtomicU64::new(0)).collect();
    let healthy: Vec<_> =
        listing.packs.iter().filter(|row| index.healthy.contains(&row.id)).collect();
    run.in_parallel(&healthy, |row| {
        // It was whole a moment ago; what changed since is found by the next check.
        let Ok((pack, trailer)) = open_listed(&paths.pack(row.id), row) else { return Ok(()) };
        let pack = Chunks { row, kind: pack.header().kind, trailer: &trailer };
        compare_pack(run, index, &pack, &confirmed)
    })?;
    run.in_parallel(&index.tables, |opened| {
        let Ok(table) = &opened.table else { return Ok(()) };
        let mut entries = 0;
        for row in table.rows() {
            let row = row.map_err(|e| table_error(opened, e))?;
            entries += u64::from(index.healthy.contains(&row.pack));
        }
        let at = index.tables.iter().position(|t| t.row.id == opened.row.id);
        let confirmed = at.map_or(0, |at| confirmed[at].load(Ordering::Relaxed));
        if entries != confirmed {
            let wrong = entries.abs_diff(confirmed);
            let what = format!("{wrong} of its entries name chunks that their packs do not hold");
            run.problems().report(Subject::Table(opened.row.id), format!("{what}; {REMEDY}"));
        }
        Ok(())
    })
}

/// The chunks of one pack.
struct Chunks<'p> {
    row: &'p PackRow,
    kind: PackKind,
    trailer: &'p Trailer,
}

fn compare_pack(
    run: &Run<'_>,
    index: &Index,
    pack: &Chunks<'_>,
    confirmed: &[AtomicU64],
) -> Result<(), VerifyError> {
    let mut unlisted = 0;
    let mut without_copy: BTreeMap<u32, u64> = BTreeMap::new();
    let tables = index.of_pack(pack);
    for (number, (address, place)) in pack.trailer.rows().enumerate() {
        if number % 4096 == 0 {
            run.options.cancel.check()?;
        }
        let is_listed = confirm(&tables, pack, &address, place, confirmed)?;
        match index.bad.contains(&(pack.row.id, place.block_offset)) {
            true if matches!(index.find(pack.kind, &address)?, Found::At(_)) => {}
            true => *without_copy.entry(place.block_offset).or_default() += 1,
            false => unlisted += u64::from(!is_listed),
        }
    }
    let mut problems = run.problems();
    if unlisted > 0 {
        let what = format!("no table leads to {unlisted} of its chunks; {REMEDY}");
        problems.report(Subject::Pack(pack.row.id), what);
    }
    // A bad block whose chunks were all stored again harms nobody.
    for (offset, chunks) in without_copy {
        let what = format!("it is known to be damaged; {chunks} of its chunks are nowhere else");
        problems.report(Subject::Block(pack.row.id, offset), what);
    }
    Ok(())
}

/// Counts the tables' entries that are this very chunk; says whether there is one, or one for another
/// copy in the same pack: folding packs may bring copies together, and tables keep one of them.
fn confirm(
    tables: &[NumberedTable<'_>],
    pack: &Chunks<'_>,
    address: &Address,
    place: ChunkPlace,
    confirmed: &[AtomicU64],
) -> Result<bool, VerifyError> {
    let prefix = Prefix::from(address);
    let wanted = Row { prefix, pack: pack.row.id, place };
    let mut is_listed = false;
    for (number, opened, table) in tables {
        let is_wanted = |row: &Row| {
            is_listed |= row.pack == pack.row.id;
            *row == wanted
        };
        if table.find_where(&prefix, is_wanted).map_err(|e| table_error(opened, e))?.is_some() {
            confirmed[*number].fetch_add(1, Ordering::Relaxed);
        }
    }
    Ok(is_listed)
}
