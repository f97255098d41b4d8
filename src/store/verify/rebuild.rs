//! Making tables anew from packs, and `state.db` too when it is lost.

use std::collections::HashSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::table_path;
use crate::db::{
    Access, CacheDb, DbError, NewState, PackRow, PackState, Rebuild, RebuildMember, Rebuilt,
    StateDb, TableId, TableRow,
};
use crate::fsio::{self, AtPath, FsError, Holder, LockFile};
use crate::id::PackId;
use crate::pack::layout::{PackError, PackKind};
use crate::pack::reader::PackReader;
use crate::progress::{Cancel, Cancelled};
use crate::refs;
use crate::store::readers;
use crate::store::session::{self, random_u64};
use crate::store::shared::SharedStore;
use crate::store::{Store, StoreError, StorePaths};
use crate::table::{self, Row, Table, TableError};

/// Rows sorted in memory at once, 64 bytes each.
const ROWS_AT_ONCE: usize = 1 << 19;
/// Tries when packs are published meanwhile.
const ATTEMPTS: usize = 4;
/// Folder below `tmp/` for packs that cannot be used.
const SET_ASIDE: &str = "set-aside";

/// Where the parts of a repository lie that a rebuild replaces.
#[derive(Clone, Debug)]
pub struct StatePaths {
    /// The folder `.esker`.
    pub dir: PathBuf,
    /// `state.db`.
    pub state_db: PathBuf,
    /// `refs.log`.
    pub refs_log: PathBuf,
    /// `cache.db`.
    pub cache_db: PathBuf,
    /// The shared store that has the packs.
    pub shared: Option<SharedStore>,
}

impl StatePaths {
    /// The paths in the folder `.esker` at `dir`.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            state_db: dir.join("state.db"),
            refs_log: dir.join("refs.log"),
            cache_db: dir.join("cache.db"),
            shared: None,
        }
    }

    /// The same for a repository whose packs lie in a shared store.
    pub fn on(self, shared: Option<SharedStore>) -> Self {
        Self { shared, ..self }
    }

    /// The folder that has packs and tables.
    pub fn store_dir(&self) -> &Path {
        self.shared.as_ref().map_or(&self.dir, |shared| &shared.dir)
    }

    /// Opens the database, and the store's where that is shared.
    pub fn open_state(&self, access: Access) -> Result<StateDb, DbError> {
        match &self.shared {
            Some(shared) => {
                StateDb::open_member(&shared.state_db(), &self.state_db, &self.refs_log, access)
            }
            None => StateDb::open(&self.state_db, &self.refs_log, access),
        }
    }

    /// Opens the store that `db` describes.
    pub(super) fn open_store(&self, db: &Arc<StateDb>) -> Result<Store, StoreError> {
        let params = db.read(|view| view.format())?;
        match &self.shared {
            Some(shared) => {
                Store::open_shared(shared.clone(), params, db.clone(), Access::ReadWrite)
            }
            None => Store::open(&self.dir, params, db.clone()),
        }
    }
}

/// Why a rebuild stopped. What it had not replaced by then is as it was.
#[derive(Debug, thiserror::Error)]
pub enum RebuildError {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another process is adding data.
    #[error("another process is writing to the repository")]
    Busy,
    /// The work was asked to stop.
    #[error("interrupted")]
    Cancelled(#[from] Cancelled),
}

impl From<FsError> for RebuildError {
    fn from(e: FsError) -> Self {
        Self::Store(e.into())
    }
}

/// A file in `packs/` that is no usable pack.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetAside {
    /// Its name.
    pub name: String,
    /// Where it lies now.
    pub moved_to: PathBuf,
    /// What is wrong with it.
    pub why: String,
}

/// What was made anew.
pub struct RebuiltStore {
    /// The database, open.
    pub db: Arc<StateDb>,
    /// Packs read.
    pub packs: u64,
    /// Tables written.
    pub tables: u64,
    /// Refs taken from `refs.log`; none when the database was sound.
    pub refs: u64,
    /// Where the old database was put, if there was one and it was not sound.
    pub old_state: Option<PathBuf>,
    /// Files that could not be used as packs.
    pub set_aside: Vec<SetAside>,
}

/// Makes the tables anew from the trailers of the packs, and deletes `cache.db`.
///
/// When `state.db` is missing or damaged it is made first, of all sealed packs and of `refs.log`;
/// what that says nothing of comes from `otherwise`. The old one is renamed, files that are no
/// packs are moved below `tmp/`, nothing is deleted but old tables and the cache. A sound `state.db`
/// is kept, for it also knows stages and data roots. Refuses while another process adds data to a
/// repository whose database is lost. Of a shared store the two databases are made anew each for itself;
/// who its members are is not in them. May be repeated after any interruption.
pub fn rebuild(
    paths: &StatePaths,
    otherwise: &NewState,
    cancel: &Cancel,
) -> Result<RebuiltStore, RebuildError> {
    let store = StorePaths::new(paths.store_dir());
    for dir in [&store.packs, &store.tables, &store.tmp] {
        fs::create_dir_all(dir).at("create", dir)?;
    }
    let _lock = LockFile::acquire(&store.upkeep_lock, &Holder::this_process("local", 0))?;
    let mut rebuilt = match open_if_sound(paths)? {
        Some(db) => RebuiltStore {
            db: Arc::new(db),
            packs: 0,
            tables: 0,
            refs: 0,
            old_state: None,
            set_aside: Vec::new(),
        },
        None => rebuild_state(paths, &store, otherwise, cancel)?,
    };
    let renew = || renew_tables(&store, &rebuilt.db, cancel);
    let mut attempts = 1;
    let (packs, tables) = loop {
        match renew()? {
            Some(done) => break done,
            None if attempts == ATTEMPTS => return Err(RebuildError::Busy),
            None => attempts += 1,
        }
    };
    (rebuilt.packs, rebuilt.tables) = (packs, tables);
    CacheDb::delete(&paths.cache_db)?;
    Ok(rebuilt)
}

/// Opens the database if all of it can be read.
fn open_if_sound(paths: &StatePaths) -> Result<Option<StateDb>, DbError> {
    let opened = paths.open_state(Access::ReadWrite);
    let checked = opened.and_then(|db| Ok((db.check()?, db)));
    match checked {
        Ok((found, db)) => Ok(found.damage.is_empty().then_some(db)),
        Err(e) if e.is_missing() || e.is_damaged() => Ok(None),
        Err(e) => Err(e),
    }
}

fn rebuild_state(
    paths: &StatePaths,
    store: &StorePaths,
    otherwise: &NewState,
    cancel: &Cancel,
) -> Result<RebuiltStore, RebuildError> {
    session::remove_dead_sessions(&store.tmp);
    if has_sessions(&store.tmp)? {
        return Err(RebuildError::Busy);
    }
    let (mut rows, mut unusable) = scan_packs(store, cancel)?;
    let replay = refs::replay(&paths.refs_log)?;
    let from = Rebuild { packs: &rows, replay: &replay, otherwise };
    let (made, is_own_new) = match &paths.shared {
        None => {
            let made = StateDb::rebuild_from(&paths.state_db, &paths.refs_log, &from)?;
            remove_tables(store)?;
            (made, true)
        }
        Some(shared) => {
            let (made, is_store_new, is_own_new) = rebuild_shared(paths, shared, &from)?;
            if is_store_new {
                remove_tables(store)?;
            } else {
                // The store's database still says which files count.
                (rows, unusable) = Default::default();
            }
            (made, is_own_new)
        }
    };
    // Only now: had the rebuild failed, the files would still be where the old database has them.
    let mut set_aside = Vec::new();
    for (path, why) in unusable {
        set_aside.push(put_aside(store, &path, why)?);
    }
    Ok(RebuiltStore {
        db: Arc::new(made.db),
        packs: rows.len() as u64,
        tables: 0,
        refs: if is_own_new { replay.refs.len() as u64 } else { 0 },
        old_state: made.old,
        set_aside,
    })
}

/// Makes anew whichever of the two databases is not sound; says which were made.
fn rebuild_shared(
    paths: &StatePaths,
    shared: &SharedStore,
    from: &Rebuild<'_>,
) -> Result<(Rebuilt, bool, bool), RebuildError> {
    let store = shared.state_db();
    let (path, refs_log) = (paths.state_db.as_path(), paths.refs_log.as_path());
    let both = RebuildMember { store: &store, path, refs_log };
    let (is_store_new, is_own_new) = (!both.is_store_sound()?, !both.is_own_sound()?);
    let old = if is_store_new { both.rebuild_store(from)? } else { None };
    let made = match is_own_new {
        true => both.rebuild_own(from)?,
        false => Rebuilt { db: paths.open_state(Access::ReadWrite)?, old },
    };
    Ok((made, is_store_new, is_own_new))
}

/// Whether a process is still writing packs, or reading them.
fn has_sessions(tmp: &Path) -> Result<bool, FsError> {
    let entries = fs::read_dir(tmp).at("read", tmp)?;
    // The folders of dead sessions are gone by now, and no other folder holds a lock.
    let is_writing = entries.flatten().any(|entry| entry.path().join("lock").exists());
    Ok(is_writing || !readers::held(tmp).at("read", tmp)?.is_empty())
}

type Unusable = (PathBuf, String);

/// Reads the trailers of all files in `packs/`; tells packs from what is none.
fn scan_packs(
    store: &StorePaths,
    cancel: &Cancel,
) -> Result<(Vec<PackRow>, Vec<Unusable>), RebuildError> {
    let (mut rows, mut unusable) = (Vec::new(), Vec::new());
    for entry in fs::read_dir(&store.packs).at("read", &store.packs)? {
        cancel.check()?;
        let path = entry.at("read", &store.packs)?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let Ok(id) = name.parse::<PackId>() else {
            unusable.push((path, "its name is none of a pack".to_owned()));
            continue;
        };
        match read_row(&path) {
            Ok(row) if row.id == id => rows.push(row),
            Ok(row) => unusable.push((path, format!("it holds pack {}", row.id))),
            Err(e) if e.is_damaged() => unusable.push((path, e.to_string())),
            Err(e) => return Err(StoreError::pack(&path, e).into()),
        }
    }
    rows.sort_by_key(|row| row.id);
    unusable.sort();
    Ok((rows, unusable))
}

fn read_row(path: &Path) -> Result<PackRow, PackError> {
    let pack = PackReader::open(File::open(path).map_err(PackError::Io)?)?;
    let (header, trailer) = (pack.header(), pack.read_trailer()?);
    Ok(PackRow {
        id: header.id,
        kind: header.kind as u8,
        bytes: pack.byte_len(),
        raw_bytes: trailer.blocks().iter().map(|b| u64::from(b.raw_len)).sum(),
        chunks: trailer.chunks().len() as u64,
        blocks: trailer.blocks().len() as u64,
        generation: header.generation,
        state: PackState::Live,
        changed_at: 0,
    })
}

fn put_aside(store: &StorePaths, path: &Path, why: String) -> Result<SetAside, RebuildError> {
    let dir = store.tmp.join(SET_ASIDE);
    fsio::create_dirs(&dir)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let names = (0u32..).map(|n| dir.join(format!("{name}.{n}")));
    let moved_to = names.into_iter().find(|p| !p.exists()).expect("numbers do not run out");
    // Durably: a collection would take it where it was.
    fsio::rename_synced(path, &moved_to)?;
    Ok(SetAside { name, moved_to, why })
}

/// Replaces all tables; returns the numbers of packs and tables, or none when the list of packs
/// changed meanwhile.
fn renew_tables(
    store: &StorePaths,
    db: &StateDb,
    cancel: &Cancel,
) -> Result<Option<(u64, u64)>, RebuildError> {
    let (packs, bad) =
        db.read(|view| Ok::<_, DbError>((view.live_packs()?, view.bad_blocks()?)))?;
    let bad = bad.into_iter().map(|b| (b.pack, b.offset as u32)).collect();
    let writer = Writer { store, packs: &packs, bad, cancel };
    let tables = writer.write_all()?;
    let stale: Vec<TableId> = db.write(|tx| {
        if tx.live_packs()? != packs {
            return Ok(tables.iter().map(|row| row.id).collect());
        }
        let old: Vec<_> = tx.tables()?.into_iter().map(|row| row.id).collect();
        old.iter().try_for_each(|id| tx.remove_table(*id).map(|_| ()))?;
        tables.iter().try_for_each(|row| tx.add_table(row))?;
        Ok::<_, DbError>(old)
    })?;
    let is_done = !tables.iter().any(|row| stale.contains(&row.id));
    for id in stale {
        // One that stays takes room and harms nothing.
        let _ = fs::remove_file(table_path(&store.tables, id));
    }
    Ok(is_done.then_some((packs.len() as u64, tables.len() as u64)))
}

/// Removes the tables that a lost database had listed.
fn remove_tables(store: &StorePaths) -> Result<(), FsError> {
    for entry in fs::read_dir(&store.tables).at("read", &store.tables)? {
        let entry = entry.at("read", &store.tables)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if name.len() == 16 && name.bytes().all(|b| b.is_ascii_hexdigit()) {
            let _ = fs::remove_file(entry.path());
        }
    }
    Ok(())
}

/// Writes tables of the packs' trailers.
struct Writer<'w> {
    store: &'w StorePaths,
    packs: &'w [PackRow],
    /// Blocks left out: of two copies of a chunk the good one must win.
    bad: HashSet<(PackId, u32)>,
    cancel: &'w Cancel,
}

impl Writer<'_> {
    /// One synced table for each kind that has chunks.
    fn write_all(&self) -> Result<Vec<TableRow>, RebuildError> {
        let mut tables = Vec::new();
        for kind in PackKind::ALL {
            let parts = self.write_parts(kind)?;
            match parts.len() {
                0 | 1 => tables.extend(parts),
                _ => tables.push(self.merge(kind, &parts)?),
            }
        }
        fsio::sync_dir(&self.store.tables)?;
        Ok(tables)
    }

    fn write_parts(&self, kind: PackKind) -> Result<Vec<TableRow>, RebuildError> {
        let (mut parts, mut rows) = (Vec::new(), Vec::new());
        for pack in self.packs.iter().filter(|p| p.kind == kind as u8) {
            self.cancel.check()?;
            let path = self.store.pack(pack.id);
            // A listed pack that is damaged or gone stays listed: the check that follows says so.
            let trailer = match File::open(&path)
                .map_err(PackError::Io)
                .and_then(|file| PackReader::open(file)?.read_trailer())
            {
                Ok(trailer) => trailer,
                Err(e) if e.is_damaged() || is_not_found(&e) => continue,
                Err(e) => return Err(StoreError::pack(&path, e).into()),
            };
            let good =
                trailer.rows().filter(|(_, at)| !self.bad.contains(&(pack.id, at.block_offset)));
            rows.extend(good.map(|(address, place)| Row::new(pack.id, &address, place)));
            if rows.len() >= ROWS_AT_ONCE {
                parts.push(self.write_part(kind, &mut rows)?);
            }
        }
        if !rows.is_empty() {
            parts.push(self.write_part(kind, &mut rows)?);
        }
        Ok(parts)
    }

    fn write_part(&self, kind: PackKind, rows: &mut Vec<Row>) -> Result<TableRow, RebuildError> {
        let row = self.write(kind, 0, |file| table::write_rows(file, kind, rows));
        rows.clear();
        row
    }

    /// Merges parts into one table of the level it would have reached by adding.
    fn merge(&self, kind: PackKind, parts: &[TableRow]) -> Result<TableRow, RebuildError> {
        let mut open = Vec::new();
        for part in parts {
            let path = table_path(&self.store.tables, part.id);
            let table = File::open(&path).map_err(TableError::Io).and_then(Table::open);
            open.push(table.map_err(|source| StoreError::Table { path, source })?);
        }
        let sources: Vec<_> = open.iter().collect();
        let level = parts.len().ilog2() / 3 + 1;
        self.write(kind, level, |file| table::merge(file, kind, &sources, |_| true))
    }

    fn write(
        &self,
        kind: PackKind,
        level: u32,
        write: impl FnOnce(File) -> Result<table::FinishedTable<File>, TableError>,
    ) -> Result<TableRow, RebuildError> {
        let id = TableId::from_random(random_u64()?);
        let path = table_path(&self.store.tables, id);
        let file = File::create_new(&path).at("create", &path)?;
        let done =
            write(file).map_err(|source| StoreError::Table { path: path.clone(), source })?;
        fsio::sync_file(&done.out, &path)?;
        Ok(TableRow { id, kind: kind as u8, level, entries: done.entries, bytes: done.len })
    }
}

fn is_not_found(e: &PackError) -> bool {
    matches!(e, PackError::Io(e) if e.kind() == std::io::ErrorKind::NotFound)
}
