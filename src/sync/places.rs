//! Where objects lie on a remote: what this session uploaded, and what live tables list.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::fs::File;

use super::SyncError;
use super::chain::Remote;
use super::root::Area;
use super::state::State;
use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::PackKind;
use crate::table::{Prefix, Row, Table};

/// Tables longer than this in all are not fetched to find out what is there already, in bytes.
const MAX_TABLE_BYTES: u64 = 256 << 20;
/// So much of tables is always worth it, in bytes.
const LEAST_TABLE_BYTES: u64 = 1 << 20;

/// The objects that the session itself put on the remote.
#[derive(Default)]
pub struct Own {
    kinds: [HashMap<Prefix, Location>; 3],
}

impl Own {
    /// Notes an object.
    pub fn insert(&mut self, kind: PackKind, address: &Address, place: Location) {
        self.kinds[kind as usize - 1].entry(address.into()).or_insert(place);
    }

    /// Where the session put an object.
    pub fn find(&self, kind: PackKind, address: &Address) -> Option<Location> {
        self.kinds[kind as usize - 1].get(&address.into()).copied()
    }

    /// Forgets objects of packs that are not kept.
    pub fn retain(&mut self, is_kept: impl Fn(PackId) -> bool) {
        self.kinds.iter_mut().for_each(|kind| kind.retain(|_, at| is_kept(at.pack)));
    }

    /// Forgets every object of a kind.
    pub fn forget(&mut self, kind: PackKind) {
        self.kinds[kind as usize - 1].clear();
    }

    /// Every object of a kind as rows of a table, those of `packs` only.
    pub fn rows(&self, kind: PackKind, packs: &HashSet<PackId>) -> Vec<Row> {
        let all = self.kinds[kind as usize - 1].iter();
        let own = all.filter(|(_, place)| packs.contains(&place.pack));
        own.map(|(prefix, Location { pack, place })| Row {
            prefix: *prefix,
            pack: *pack,
            place: *place,
        })
        .collect()
    }
}

/// The objects of one kind that live packs of a root hold, as its tables list them.
pub struct Index {
    tables: Vec<Table<File>>,
    live: HashSet<PackId>,
}

impl Index {
    /// Opens the tables of a kind that a state lists, fetching those that are not here yet.
    ///
    /// Beyond `max_bytes` of them the greatest are left out: then not everything is found.
    pub fn open(
        remote: &Remote<'_>,
        state: &State,
        kind: PackKind,
        max_bytes: Option<u64>,
    ) -> Result<Self, SyncError> {
        let mut wanted: Vec<_> =
            state.tables.iter().filter(|(_, table)| table.kind == kind).collect();
        wanted.sort_by_key(|(_, table)| table.bytes);
        let live = state.packs.keys().copied().collect();
        let mut index = Self { tables: Vec::new(), live };
        let mut total = 0;
        for (id, record) in wanted {
            total += record.bytes;
            if max_bytes.is_some_and(|max| total > max) {
                break;
            }
            let expected = (record.bytes, record.hash);
            remote.cache.bytes(remote.transport, Area::Table, *id, expected)?;
            index.tables.push(Table::open(remote.cache.open(Area::Table, *id)?)?);
        }
        Ok(index)
    }

    /// The leaf chunks that are there, as far as that can be found out cheaply by whoever has `wanted`
    /// bytes to send: to find some of them there saves no more than that.
    pub fn of_chunks(remote: &Remote<'_>, state: &State, wanted: u64) -> Result<Self, SyncError> {
        let most = wanted.clamp(LEAST_TABLE_BYTES, MAX_TABLE_BYTES);
        Self::open(remote, state, PackKind::Data, Some(most))
    }

    /// The youngest live pack that holds an object; an entry that names another pack counts as absent.
    pub fn find(&self, address: &Address) -> Result<Option<Location>, SyncError> {
        Ok(self.find_all(address)?.into_iter().next())
    }

    /// All live packs that hold an object, the youngest first.
    pub fn find_all(&self, address: &Address) -> Result<Vec<Location>, SyncError> {
        let prefix = Prefix::from(address);
        let mut found = Vec::new();
        for table in &self.tables {
            table.find_where(&prefix, |&Row { pack, place, .. }| {
                if self.live.contains(&pack) {
                    found.push(Location { pack, place });
                }
                false
            })?;
        }
        found.sort_by_key(|at| Reverse(at.pack));
        Ok(found)
    }
}
