//! Where every object lies: the one owner of "where is it?" and, through [`Claims`], of "is it new?".
//!
//! The catalog is a view of the store's tables and its list of live packs, renewed after every
//! publish. An entry that names a pack that is not live counts as absent, but for readers that began
//! before it was condemned; so does a chunk in a block that was found bad: storing it again repairs it.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, RwLock};

use crate::db::{DbError, PackState, StateDb, TableId, TableRow};
use crate::id::{Address, IdPrefix, IdState, PackId};
use crate::pack::layout::{ChunkPlace, PackKind};
use crate::table::{Prefix, Row, Table, TableError};

/// Where an object's bytes lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Location {
    /// The pack that holds the object.
    pub pack: PackId,
    /// Its place in that pack.
    pub place: ChunkPlace,
}

/// Why the catalog could not answer.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A table could not be read.
    #[error("table {}: {source}", path.display())]
    Table {
        /// The table's file.
        path: PathBuf,
        /// What is wrong with it.
        source: TableError,
    },
}

/// A view of all tables and live packs, renewed by [`Catalog::reload`].
pub struct Catalog {
    tables_dir: PathBuf,
    view: RwLock<Arc<View>>,
    /// The list of packs, where tables are opened when they are first needed: one of them may be gone by
    /// then, merged into another.
    lists: Option<Arc<StateDb>>,
}

type Packs = HashSet<PackId, IdState>;

#[derive(Default)]
struct View {
    generation: u64,
    live: Packs,
    /// Packs that count no more; their files stay for those who began to read before.
    condemned: Packs,
    bad: HashSet<(PackId, u32)>,
    tables: HashMap<TableId, Arc<ListedTable>>,
}

/// A table that is listed, and open once it was needed.
struct ListedTable {
    path: PathBuf,
    kind: PackKind,
    open: OnceLock<Arc<Table<File>>>,
}

impl ListedTable {
    fn fail(&self, source: TableError) -> CatalogError {
        CatalogError::Table { path: self.path.clone(), source }
    }

    fn table(&self) -> Result<&Arc<Table<File>>, CatalogError> {
        if let Some(table) = self.open.get() {
            return Ok(table);
        }
        let opened = File::open(&self.path).map_err(TableError::Io).and_then(Table::open);
        let table = opened.map_err(|e| self.fail(e))?;
        if table.kind() != self.kind {
            return Err(self.fail(TableError::Damaged("it lists packs of another kind")));
        }
        Ok(self.open.get_or_init(|| Arc::new(table)))
    }
}

impl CatalogError {
    /// Whether a listed table is not there.
    fn is_not_found(&self) -> bool {
        matches!(self, Self::Table { source: TableError::Io(e), .. }
            if e.kind() == std::io::ErrorKind::NotFound)
    }
}

/// How often the list of tables is read again because one of them is gone.
const RELOADS: usize = 3;

/// The file of a table.
pub fn table_path(tables_dir: &Path, id: TableId) -> PathBuf {
    tables_dir.join(id.to_string())
}

impl Catalog {
    /// A catalog of the tables in `tables_dir`, as `db` lists them.
    pub fn open(tables_dir: PathBuf, db: &StateDb) -> Result<Self, CatalogError> {
        let catalog = Self { tables_dir, view: RwLock::default(), lists: None };
        catalog.reload(db)?;
        Ok(catalog)
    }

    /// The same for who only reads: a table is opened when it is first needed. No look-up may be made
    /// inside a transaction of `db`.
    pub fn open_lazily(tables_dir: PathBuf, db: Arc<StateDb>) -> Result<Self, CatalogError> {
        let catalog = Self { tables_dir, view: RwLock::default(), lists: Some(db.clone()) };
        catalog.reload(&db)?;
        Ok(catalog)
    }

    /// Takes the present list of packs and tables; tables that stay open are kept.
    pub fn reload(&self, db: &StateDb) -> Result<(), CatalogError> {
        for _ in 0..RELOADS {
            match self.reload_once(db) {
                // Another process merged the table into a larger one since it was listed.
                Err(e) if e.is_not_found() => continue,
                result => return result,
            }
        }
        self.reload_once(db)
    }

    fn reload_once(&self, db: &StateDb) -> Result<(), CatalogError> {
        let (generation, packs, bad, tables) = db.read(|view| {
            let (packs, bad) = (view.packs()?, view.bad_blocks()?);
            Ok::<_, DbError>((view.generation()?, packs, bad, view.tables()?))
        })?;
        let old = self.view();
        let in_state = |state| packs.iter().filter(move |p| p.state == state).map(|p| p.id);
        let mut view = View {
            generation,
            live: in_state(PackState::Live).collect(),
            condemned: in_state(PackState::Condemned).collect(),
            bad: bad.into_iter().map(|b| (b.pack, b.offset as u32)).collect(),
            tables: HashMap::new(),
        };
        for row in tables {
            let listed = match old.tables.get(&row.id) {
                Some(listed) => listed.clone(),
                None => Arc::new(self.listed(&row)?),
            };
            if self.lists.is_none() {
                listed.table()?;
            }
            view.tables.insert(row.id, listed);
        }
        *self.view.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(view);
        Ok(())
    }

    fn listed(&self, row: &TableRow) -> Result<ListedTable, CatalogError> {
        let unknown = || DbError::Damaged { detail: format!("a table of kind {}", row.kind) };
        let kind = PackKind::from_number(row.kind).ok_or_else(unknown)?;
        let path = table_path(&self.tables_dir, row.id);
        Ok(ListedTable { path, kind, open: OnceLock::new() })
    }

    /// Asks the list in view; the present one where a table is gone that was not yet needed.
    fn ask<T>(&self, ask: impl Fn(&View) -> Result<T, CatalogError>) -> Result<T, CatalogError> {
        for _ in 0..RELOADS {
            match (ask(&self.view()), &self.lists) {
                (Err(e), Some(db)) if e.is_not_found() => self.reload(db)?,
                (answer, _) => return answer,
            }
        }
        ask(&self.view())
    }

    fn view(&self) -> Arc<View> {
        self.view.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Places of all objects in live packs of `kind` whose addresses begin so, and of those that can still
    /// be read: see [`Catalog::find_condemned`].
    pub fn find_prefix(
        &self,
        kind: PackKind,
        prefix: &IdPrefix,
    ) -> Result<Vec<Location>, CatalogError> {
        self.ask(|view| view.find_prefix(kind, prefix))
    }

    /// The tables with these ids, when all of them are in view.
    pub fn open_tables(&self, ids: &[TableId]) -> Option<Vec<Arc<Table<File>>>> {
        let view = self.view();
        ids.iter().map(|id| view.tables.get(id)?.table().ok().cloned()).collect()
    }

    /// Whether some block of a pack is known to be bad, or the pack is not live.
    pub fn has_bad_block(&self, pack: PackId) -> bool {
        let view = self.view();
        !view.live.contains(&pack) || view.bad.iter().any(|(bad, _)| *bad == pack)
    }

    /// How often the set of packs had changed when the list in view was taken.
    pub fn generation(&self) -> u64 {
        self.view().generation
    }

    /// Whether a pack is live.
    pub fn is_live(&self, pack: PackId) -> bool {
        self.view().live.contains(&pack)
    }

    /// Whether a pack is live, or condemned with its file still there.
    pub fn is_listed(&self, pack: PackId) -> bool {
        let view = self.view();
        view.live.contains(&pack) || view.condemned.contains(&pack)
    }

    /// The youngest place of an object in a live pack of `kind`.
    pub fn find(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Location>, CatalogError> {
        self.ask(|view| view.find_in(&view.live, kind, address))
    }

    /// All places of an object in live packs of `kind`, the youngest first.
    pub fn find_all(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Vec<Location>, CatalogError> {
        self.ask(|view| view.find_all_in(&view.live, kind, address))
    }

    /// The youngest place of an object in a condemned pack of `kind`: it does not exist any more, and is
    /// for those alone who began to read when it did.
    pub fn find_condemned(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Location>, CatalogError> {
        self.ask(|view| view.find_in(&view.condemned, kind, address))
    }
}

impl View {
    fn of_kind(&self, kind: PackKind) -> impl Iterator<Item = &ListedTable> {
        self.tables.values().map(|listed| &**listed).filter(move |listed| listed.kind == kind)
    }

    fn find_prefix(
        &self,
        kind: PackKind,
        prefix: &IdPrefix,
    ) -> Result<Vec<Location>, CatalogError> {
        let lower = Prefix::from(&Address::from_bytes(prefix.lower_bound()));
        let upper = Prefix::from(&Address::from_bytes(prefix.upper_bound()));
        let mut found = Vec::new();
        for listed in self.of_kind(kind) {
            for row in listed.table()?.rows_from(&lower).map_err(|e| listed.fail(e))? {
                let row = row.map_err(|e| listed.fail(e))?;
                if row.prefix > upper {
                    break;
                }
                if self.live.contains(&row.pack) || self.condemned.contains(&row.pack) {
                    found.push(Location { pack: row.pack, place: row.place });
                }
            }
        }
        Ok(found)
    }

    fn find_all_in(
        &self,
        packs: &Packs,
        kind: PackKind,
        address: &Address,
    ) -> Result<Vec<Location>, CatalogError> {
        let prefix = Prefix::from(address);
        let mut found = Vec::new();
        for listed in self.of_kind(kind) {
            let note = |row: &Row| {
                if self.is_usable(packs, row) {
                    found.push(Location { pack: row.pack, place: row.place });
                }
                false
            };
            listed.table()?.find_where(&prefix, note).map_err(|e| listed.fail(e))?;
        }
        found.sort_by_key(|at| std::cmp::Reverse(at.pack));
        Ok(found)
    }

    fn is_usable(&self, packs: &Packs, row: &Row) -> bool {
        packs.contains(&row.pack) && !self.bad.contains(&(row.pack, row.place.block_offset))
    }

    fn find_in(
        &self,
        packs: &Packs,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Location>, CatalogError> {
        let prefix = Prefix::from(address);
        let mut best: Option<Location> = None;
        if packs.is_empty() {
            return Ok(None);
        }
        for listed in self.of_kind(kind) {
            let found = listed.table()?.find_where(&prefix, |row| self.is_usable(packs, row));
            let found = found.map_err(|e| listed.fail(e))?;
            let Some(Row { pack, place, .. }) = found else { continue };
            if best.is_none_or(|b| b.pack < pack) {
                best = Some(Location { pack, place });
            }
        }
        Ok(best)
    }
}

/// The answer of [`Claims::claim`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// The caller must write the chunk.
    New,
    /// The chunk is in the store or is being written by this session.
    Exists,
}

/// Addresses are uniform already: their own bytes are the hash.
#[derive(Default)]
struct PrefixHasher(u64);

impl Hasher for PrefixHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(head) = bytes.first_chunk::<8>() {
            self.0 = u64::from_le_bytes(*head);
        }
    }

    // The length of an array, always the same.
    fn write_usize(&mut self, _: usize) {}
}

type Shard = HashMap<Prefix, Option<Location>, BuildHasherDefault<PrefixHasher>>;

const SHARDS: usize = 64;

/// The chunks that one session has taken upon itself to write, and where it wrote them.
pub struct Claims<'c> {
    catalog: &'c Catalog,
    shards: Vec<Mutex<Shard>>,
    relied: Mutex<HashSet<PackId>>,
}

impl<'c> Claims<'c> {
    /// No claims yet, over the chunks that `catalog` knows.
    pub fn new(catalog: &'c Catalog) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { catalog, shards, relied: Mutex::default() }
    }

    fn shard(&self, address: &Address) -> (std::sync::MutexGuard<'_, Shard>, Prefix) {
        let bytes = address.as_bytes();
        let prefix = Prefix::from(address);
        // The shard comes from the last byte, the slot from the first: both stay evenly spread.
        let shard = &self.shards[usize::from(bytes[31]) % SHARDS];
        (shard.lock().unwrap_or_else(PoisonError::into_inner), prefix)
    }

    /// Says whether the caller must write the chunk at `address`; says [`Claim::New`] once.
    pub fn claim(&self, address: &Address) -> Result<Claim, CatalogError> {
        let (mut shard, prefix) = self.shard(address);
        match shard.entry(prefix) {
            Slot::Occupied(_) => Ok(Claim::Exists),
            Slot::Vacant(slot) => match self.catalog.find(PackKind::Data, address)? {
                Some(place) => {
                    drop(shard);
                    self.rely_on(place.pack);
                    Ok(Claim::Exists)
                }
                None => {
                    slot.insert(None);
                    Ok(Claim::New)
                }
            },
        }
    }

    /// Records where a claimed chunk was written.
    pub fn written(&self, address: &Address, place: Location) {
        let (mut shard, prefix) = self.shard(address);
        shard.insert(prefix, Some(place));
    }

    /// Where a chunk lies that was claimed here or is in the store.
    pub fn place(&self, address: &Address) -> Result<Option<Location>, CatalogError> {
        let (shard, prefix) = self.shard(address);
        if let Some(Some(place)) = shard.get(&prefix) {
            return Ok(Some(*place));
        }
        drop(shard);
        let found = self.catalog.find(PackKind::Data, address)?;
        if let Some(place) = &found {
            self.rely_on(place.pack);
        }
        Ok(found)
    }

    /// Whether a chunk was claimed here and is not published yet.
    pub fn is_ours(&self, address: &Address) -> bool {
        let (shard, prefix) = self.shard(address);
        shard.contains_key(&prefix)
    }

    /// Forgets which packs the answers rest on: they are to be looked up anew.
    pub fn forget_relied(&self) {
        self.relied.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// Forgets claims whose chunks the catalog knows by now.
    pub fn forget_published(&self, packs: &HashSet<PackId>) {
        for shard in &self.shards {
            let mut shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            shard.retain(|_, place| place.is_none_or(|p| !packs.contains(&p.pack)));
        }
    }

    fn rely_on(&self, pack: PackId) {
        self.relied.lock().unwrap_or_else(PoisonError::into_inner).insert(pack);
    }

    /// Packs of earlier sessions that the answers so far rest on.
    pub fn relied_packs(&self) -> HashSet<PackId> {
        self.relied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
