//! The chunk store of one repository: packs, tables, and the one short transaction that publishes them.
//!
//! Order of every publish: packs written → synced → renamed → folder synced → table → transaction.
//! Readers see a pack only after the transaction; what a killed process left behind is in its
//! session's folder below `tmp/`, or is an unlisted file that the next clean-up removes.

pub mod footprint;
pub mod ingest;
pub mod joining;
pub mod lane;
pub mod objects;
mod promised;
mod publish;
pub mod read;
pub mod readers;
pub mod relocate;
pub mod session;
pub mod shared;
pub mod upkeep;
pub mod verify;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use self::objects::{BlockCache, KeptCommits};
use self::readers::Reading;
use self::session::Session;
use self::shared::SharedStore;
use crate::catalog::{Catalog, CatalogError};
use crate::db::{Absent, Access, BadBlock, DbError, StateDb};
use crate::format::FormatParameters;
use crate::fsio::{FsError, LockError};
use crate::id::{Address, CommitId, PackId, SessionId};
use crate::pack::layout::PackError;
use crate::pack::reader::PackReader;
use crate::progress::Cancelled;
use crate::table::TableError;

/// Why the store could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A file could not be handled.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A lock could not be taken.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// The catalog could not answer.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A pack could not be read or written.
    #[error("pack {}: {source}", path.display())]
    Pack {
        /// The pack's file.
        path: PathBuf,
        /// What is wrong.
        source: PackError,
    },
    /// A block could not be made.
    #[error(transparent)]
    Block(#[from] PackError),
    /// A table could not be written.
    #[error("table {}: {source}", path.display())]
    Table {
        /// The table's file.
        path: PathBuf,
        /// What is wrong.
        source: TableError,
    },
    /// The system gave no random bits.
    #[error("no random bits: {0}")]
    Random(String),
    /// An object is not in the store.
    #[error("object {0} is not in the store")]
    Missing(Address),
    /// An object is there but wrong.
    #[error("{what} is damaged: {why}")]
    Damaged {
        /// The object.
        what: String,
        /// What was found.
        why: String,
    },
    /// A pack was replaced since its place was looked up: what lay in it is found anew.
    #[error("pack {0} was replaced by another process")]
    Replaced(PackId),
    /// A small file of a shared store, or of a repository on one, says nothing that can be read.
    #[error("{} cannot be read: it is not as esker writes it", file.display())]
    BadNote {
        /// The file.
        file: PathBuf,
    },
    /// The file by which a shared store knows a repository says nothing that can be read.
    #[error("what a repository on the store needs cannot be asked: {} is damaged", file.display())]
    BadMember {
        /// The file.
        file: PathBuf,
    },
    /// A folder holds something else than a shared store.
    #[error("{} is no store: '{name}' is in it", dir.display())]
    NoStore {
        /// The folder.
        dir: PathBuf,
        /// Something that is in it.
        name: String,
    },
    /// The shared store of a repository is not where it was.
    #[error("the store of this repository is not at {} any more", dir.display())]
    LostStore {
        /// Where it was.
        dir: PathBuf,
    },
    /// What another repository on the store points at is damaged.
    #[error("of the repository at {}: {source}", path.display())]
    Other {
        /// Its `.esker`.
        path: PathBuf,
        /// What was found.
        source: Box<StoreError>,
    },
    /// Packs that this session relied on are gone: the work must be done again.
    #[error("the store changed while data was added")]
    Changed,
    /// The work was asked to stop.
    #[error("interrupted")]
    Cancelled(#[from] Cancelled),
    /// What was read could not be handed on.
    #[error("cannot write the output: {0}")]
    Output(#[source] std::io::Error),
}

impl StoreError {
    /// A failed write of `path`.
    pub(crate) fn write(path: &Path, source: std::io::Error) -> Self {
        Self::Fs(FsError::new("write", path, source))
    }

    /// A pack at `path` that failed.
    pub(crate) fn pack(path: &Path, source: PackError) -> Self {
        match source {
            PackError::Io(e) => Self::Fs(FsError::new("access", path, e)),
            source => Self::Pack { path: path.to_owned(), source },
        }
    }

    /// Whether stored data is not what it must be.
    pub fn is_damaged(&self) -> bool {
        match self {
            Self::Damaged { .. } | Self::Missing(_) => true,
            Self::Pack { source, .. } => source.is_damaged(),
            Self::Table { source, .. } | Self::Catalog(CatalogError::Table { source, .. }) => {
                source.is_damaged()
            }
            Self::Fs(e) => e.is_not_found(),
            Self::Db(e) | Self::Catalog(CatalogError::Db(e)) => e.is_damaged(),
            _ => false,
        }
    }
}

/// The folders of a store, below `.esker`.
#[derive(Clone, Debug)]
pub struct StorePaths {
    /// Sealed packs.
    pub packs: PathBuf,
    /// Tables.
    pub tables: PathBuf,
    /// Folders of running sessions.
    pub tmp: PathBuf,
    /// The lock of whoever folds, repacks or collects.
    pub upkeep_lock: PathBuf,
}

impl StorePaths {
    /// The folders of the store in `dir`.
    pub fn new(dir: &Path) -> Self {
        let [packs, tables, tmp, upkeep_lock] =
            ["packs", "tables", "tmp", "upkeep.lock"].map(|name| dir.join(name));
        Self { packs, tables, tmp, upkeep_lock }
    }

    /// The file of a pack.
    pub fn pack(&self, id: PackId) -> PathBuf {
        self.packs.join(id.to_string())
    }
}

/// A pack open for reading.
pub type OpenPack = PackReader<File>;

/// An open store.
pub struct Store {
    paths: StorePaths,
    params: FormatParameters,
    db: Arc<StateDb>,
    /// The store, where it is shared.
    shared: Option<SharedStore>,
    catalog: Catalog,
    packs: Mutex<HashMap<PackId, Arc<OpenPack>>>,
    blocks: BlockCache,
    commits: KeptCommits,
    /// Commits whose trees were let go, as they were when the store was opened.
    forgotten: BTreeMap<CommitId, i64>,
    /// What is elsewhere on purpose, as it was then.
    absent: Absent,
    /// The sessions started here: they keep what they stored until the store is closed.
    sessions: Mutex<Vec<Session>>,
    /// The packs of new data and history that were published here; none that is rewritten.
    published: Mutex<HashSet<PackId>>,
}

/// Packs kept open at once; a reader in need of another closes all of them first.
const MAX_OPEN_PACKS: usize = 256;
/// How often a reader looks a pack up anew that was replaced before it could open it.
const READ_ATTEMPTS: usize = 8;

impl Store {
    /// Opens the store in `dir` that `db` describes.
    pub fn open(
        dir: &Path,
        params: FormatParameters,
        db: Arc<StateDb>,
    ) -> Result<Self, StoreError> {
        Self::new(StorePaths::new(dir), params, db, (None, Access::ReadWrite))
    }

    /// The same for who only reads: nothing may be read inside a transaction of `db`.
    pub fn open_to_read(
        dir: &Path,
        params: FormatParameters,
        db: Arc<StateDb>,
    ) -> Result<Self, StoreError> {
        Self::new(StorePaths::new(dir), params, db, (None, Access::ReadOnly))
    }

    /// Opens a shared store; `db` has both databases.
    pub fn open_shared(
        shared: SharedStore,
        params: FormatParameters,
        db: Arc<StateDb>,
        access: Access,
    ) -> Result<Self, StoreError> {
        let paths = StorePaths::new(&shared.dir);
        Self::new(paths, params, db, (Some(shared), access))
    }

    fn new(
        paths: StorePaths,
        params: FormatParameters,
        db: Arc<StateDb>,
        (shared, access): (Option<SharedStore>, Access),
    ) -> Result<Self, StoreError> {
        let catalog = match access {
            Access::ReadWrite => Catalog::open(paths.tables.clone(), &db)?,
            Access::ReadOnly => Catalog::open_lazily(paths.tables.clone(), db.clone())?,
        };
        let (forgotten, absent) =
            db.read(|view| Ok::<_, DbError>((view.forgotten()?, view.absent()?)))?;
        Ok(Self {
            paths,
            params,
            db,
            shared,
            catalog,
            packs: Mutex::default(),
            blocks: BlockCache::default(),
            commits: KeptCommits::new(access),
            forgotten,
            absent,
            sessions: Mutex::default(),
            published: Mutex::default(),
        })
    }

    /// The same store by way of a connection of its own: it may be read inside a transaction.
    fn reopen(&self) -> Result<Self, StoreError> {
        let db = Arc::new(self.db.reopen()?);
        Self::new(self.paths.clone(), self.params, db, (self.shared.clone(), Access::ReadWrite))
    }

    /// The store, where other repositories share it.
    pub fn shared(&self) -> Option<&SharedStore> {
        self.shared.as_ref()
    }

    /// The parameters of the repository's format.
    pub fn params(&self) -> &FormatParameters {
        &self.params
    }

    /// Where everything lies.
    pub fn catalog(&self) -> &Catalog {
        &self.catalog
    }

    /// The folders.
    pub fn paths(&self) -> &StorePaths {
        &self.paths
    }

    /// Commits whose trees were let go, and when, in Unix seconds.
    pub fn forgotten(&self) -> &BTreeMap<CommitId, i64> {
        &self.forgotten
    }

    /// What is elsewhere on purpose, as it was when the store was opened.
    pub fn absent(&self) -> &Absent {
        &self.absent
    }

    /// Takes what another repository on the store says is elsewhere on purpose.
    fn set_absent(&mut self, absent: Absent) {
        self.absent = absent;
    }

    /// The database that lists what is live.
    pub fn db(&self) -> &StateDb {
        &self.db
    }

    /// Starts writing on the store's present generation.
    pub fn start_session(&self) -> Result<Session, StoreError> {
        session::remove_dead_sessions(&self.paths.tmp);
        let session = Session::start(&self.paths.tmp, self.db.read(|view| view.generation())?)?;
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner).push(session.clone());
        Ok(session)
    }

    /// Begins to read: what is condemned from now on stays until what this gives is dropped.
    pub fn start_reading(&self) -> Result<Reading, StoreError> {
        Reading::start(&self.paths.tmp, self.db.read(|view| view.generation())?)
    }

    fn note_published(&self, packs: impl IntoIterator<Item = PackId>) {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).extend(packs);
    }

    /// The packs of new data and history that were published here.
    fn published(&self) -> HashSet<PackId> {
        self.published.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The sessions that were started here.
    fn own_sessions(&self) -> Vec<SessionId> {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.iter().map(Session::id).collect()
    }

    /// Opens a pack, or hands out the open one.
    pub fn open_pack(&self, id: PackId) -> Result<Arc<OpenPack>, StoreError> {
        let mut packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = packs.get(&id) {
            return Ok(pack.clone());
        }
        let pack = match self.open_pack_file(id) {
            Err(StoreError::Fs(e)) if e.is_not_found() => {
                self.catalog.reload(&self.db)?;
                let is_live = self.catalog.is_live(id);
                return Err(if is_live { e.into() } else { StoreError::Replaced(id) });
            }
            pack => Arc::new(pack?),
        };
        if packs.len() >= MAX_OPEN_PACKS {
            packs.clear();
        }
        packs.insert(id, pack.clone());
        Ok(pack)
    }

    /// Waits for the transaction under way, and takes the list of packs as it is then.
    ///
    /// For who has just noted in a session what it holds. A collection reads such notes inside the
    /// transaction in which it condemns, and readers see the state from before that until it ends: what
    /// they find live without having waited may be dropped by it all the same.
    pub fn settle(&self) -> Result<(), StoreError> {
        self.db.write(|_| Ok::<_, StoreError>(()))?;
        Ok(self.catalog.reload(&self.db)?)
    }

    /// Takes the present list of packs if it changed since it was last taken; says whether it had.
    pub fn refresh(&self) -> Result<bool, StoreError> {
        let is_new = self.db.read(|view| view.generation())? != self.catalog.generation();
        if is_new {
            self.catalog.reload(&self.db)?;
        }
        Ok(is_new)
    }

    /// Reads by way of the catalog, again where a pack was replaced between look-up and reading.
    fn retry<T>(&self, read: impl Fn() -> Result<T, StoreError>) -> Result<T, StoreError> {
        for _ in 0..READ_ATTEMPTS {
            match read() {
                Err(StoreError::Replaced(_)) => continue,
                done => return done,
            }
        }
        read()
    }

    /// Closes the packs that are open here; whoever reads one at this moment goes on.
    fn forget_open_packs(&self) {
        self.packs.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    fn open_pack_file(&self, id: PackId) -> Result<OpenPack, StoreError> {
        let path = self.paths.pack(id);
        let file = File::open(&path).map_err(|e| FsError::new("open", &path, e))?;
        let pack = PackReader::open(file).map_err(|e| StoreError::pack(&path, e))?;
        if pack.header().id != id {
            return Err(StoreError::Damaged {
                what: format!("pack {id}"),
                why: format!("the file holds pack {}", pack.header().id),
            });
        }
        Ok(pack)
    }

    /// Names pack and offset in a pack's error, and remembers the block as bad.
    pub(crate) fn block_error(&self, pack: PackId, offset: u32, e: PackError) -> StoreError {
        if e.is_damaged() {
            // A run goes over several blocks: the error knows which one it is.
            let named = match &e {
                PackError::Damaged { offset, .. } => u32::try_from(*offset).ok(),
                _ => None,
            };
            self.note_bad_block(pack, named.unwrap_or(offset));
        }
        StoreError::pack(&self.paths.pack(pack), e)
    }

    pub(crate) fn wrong_bytes(&self, pack: PackId, offset: u32, address: &Address) -> StoreError {
        self.note_bad_block(pack, offset);
        StoreError::Damaged {
            what: format!("object {address}"),
            why: format!("its bytes in pack {pack} at offset {offset} have another hash"),
        }
    }

    /// A block found bad counts as absent from now on, so that adding its data again repairs it.
    fn note_bad_block(&self, pack: PackId, offset: u32) {
        // Reading must not fail for want of a note; the next reader will find the same.
        let block = BadBlock { pack, offset: offset.into(), found_at: 0 };
        let _ = self.db.write(|tx| tx.add_bad_block(&block));
    }
}
