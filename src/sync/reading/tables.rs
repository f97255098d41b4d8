//! Where objects lie on a remote that is not cloned: its tables, looked into by ranged reads.
//!
//! A small table is read whole, a large one entry by entry. Where several objects were found in one
//! pack, the pack's own list of chunks is read: what is wanted next mostly lies beside them.

use std::collections::HashMap;
use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::super::SyncError;
use super::super::root::Area;
use super::super::state::{State, TableRecord};
use super::super::trailers::read_trailer;
use super::ranged::Ranged;
use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::{PackKind, ReadAt};
use crate::remote::{Transport, get};
use crate::table::{Prefix, Table};

/// Tables up to this length are read as a whole, in bytes.
const WHOLE_BYTES: u64 = 512 << 10;
/// Of longer tables so much of the end is read first: it holds the counts and the last pack ids.
const END_BYTES: u64 = 16 << 10;
/// Objects found in one pack before its list of chunks is read.
const MANY: u32 = 8;
/// Chunks of which the place is remembered; beyond that the lists are read again.
const MAX_LISTED: usize = 2_000_000;

enum Source {
    Memory(Vec<u8>),
    Far(Ranged),
}

impl ReadAt for Source {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        match self {
            Self::Memory(bytes) => bytes.read_exact_at(buf, offset),
            Self::Far(file) => file.read_exact_at(buf, offset),
        }
    }

    fn byte_len(&self) -> io::Result<u64> {
        match self {
            Self::Memory(bytes) => bytes.byte_len(),
            Self::Far(file) => file.byte_len(),
        }
    }
}

struct FarTable {
    id: PackId,
    record: TableRecord,
    open: OnceLock<Table<Source>>,
}

/// The tables of one kind, the largest first: that is where most objects are.
pub struct Tables {
    transport: Arc<dyn Transport>,
    state: Arc<State>,
    tables: Vec<FarTable>,
    listed: Mutex<Listed>,
}

/// What lists of chunks say.
#[derive(Default)]
struct Listed {
    places: HashMap<Prefix, Location>,
    /// How often something was found in a pack by the tables.
    found: HashMap<PackId, u32>,
}

impl Tables {
    /// The tables of a kind that a state lists. Nothing is read yet.
    pub fn new(transport: Arc<dyn Transport>, state: Arc<State>, kind: PackKind) -> Self {
        let of_kind = state.tables.iter().filter(|(_, record)| record.kind == kind);
        let table = |(id, record): (&PackId, &TableRecord)| FarTable {
            id: *id,
            record: *record,
            open: OnceLock::new(),
        };
        let mut tables: Vec<FarTable> = of_kind.map(table).collect();
        tables.sort_by_key(|table| std::cmp::Reverse(table.record.bytes));
        Self { transport, state, tables, listed: Mutex::default() }
    }

    /// Visits the places of an object in live packs until `take` is content with one. In what order is
    /// not said.
    pub fn find(
        &self,
        address: &Address,
        take: &mut dyn FnMut(Location) -> Result<bool, SyncError>,
    ) -> Result<bool, SyncError> {
        let prefix = Prefix::from(address);
        let listed = self.lock().places.get(&prefix).copied();
        if let Some(at) = listed
            && take(at)?
        {
            return Ok(true);
        }
        for table in &self.tables {
            let open = self.open(table)?;
            let mut found = Vec::new();
            let all = open.find_where(&prefix, |row| {
                found.push(Location { pack: row.pack, place: row.place });
                false
            });
            all.map_err(|e| table_error(table.id, e))?;
            found.retain(|at| self.state.packs.contains_key(&at.pack) && Some(*at) != listed);
            for at in found {
                if take(at)? {
                    self.note(at.pack)?;
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    /// Visits the places of all objects whose addresses lie between two.
    pub fn find_between(
        &self,
        lower: &Prefix,
        upper: &Prefix,
        visit: &mut dyn FnMut(Location) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        for table in &self.tables {
            let failed = |e| table_error(table.id, e);
            for row in self.open(table)?.rows_from(lower).map_err(failed)? {
                let row = row.map_err(failed)?;
                if row.prefix > *upper {
                    break;
                }
                if self.state.packs.contains_key(&row.pack) {
                    visit(Location { pack: row.pack, place: row.place })?;
                }
            }
        }
        Ok(())
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Listed> {
        self.listed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open<'t>(&self, table: &'t FarTable) -> Result<&'t Table<Source>, SyncError> {
        if let Some(open) = table.open.get() {
            return Ok(open);
        }
        let TableRecord { kind, bytes, hash, .. } = table.record;
        let key = Area::Table.key(table.id);
        let opened = if bytes <= WHOLE_BYTES {
            let found = get(&*self.transport, &key, bytes)?;
            if *blake3::hash(&found).as_bytes() != hash {
                return Err(SyncError::damaged(key, "its bytes have another hash"));
            }
            Table::open(Source::Memory(found))
        } else {
            let file = Ranged::new(self.transport.clone(), key, bytes, 0);
            file.hold(bytes - END_BYTES..bytes)?;
            Table::open_far(Source::Far(file), kind)
        };
        let opened = opened.map_err(|e| table_error(table.id, e))?;
        Ok(table.open.get_or_init(|| opened))
    }

    /// Counts a find in a pack; many of them make its list of chunks worth a request.
    fn note(&self, pack: PackId) -> Result<(), SyncError> {
        let mut listed = self.lock();
        let count = listed.found.entry(pack).or_default();
        *count += 1;
        if *count != MANY {
            return Ok(());
        }
        let Some(record) = self.state.packs.get(&pack) else { return Ok(()) };
        if record.chunks as usize + listed.places.len() > MAX_LISTED {
            *listed = Listed::default();
        }
        let trailer = read_trailer(&*self.transport, pack, record)?;
        let rows = trailer
            .rows()
            .map(|(address, place)| (Prefix::from(&address), Location { pack, place }));
        listed.places.extend(rows);
        Ok(())
    }
}

/// What a table of a remote cannot say: a failed request stays one.
fn table_error(id: PackId, e: crate::table::TableError) -> SyncError {
    match e {
        crate::table::TableError::Io(e) => super::io_error(Area::Table.key(id), e),
        e => SyncError::damaged(Area::Table.key(id), e),
    }
}
