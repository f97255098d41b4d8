//! A repository on disk: finding it, making it, opening it, and what it points at.

mod link;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Settings;
use crate::db::{Access, CacheDb, DbError, NewState, Place, RepositoryId, StateDb};
use crate::format::FormatParameters;
use crate::fsio::{self, FsError};
use crate::id::{CommitId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::path::PathSet;
use crate::refs::{Head, RefNameError, RefNote, WorktreeId};
use crate::store::readers::Reading;
use crate::store::session::{Session, random_u64};
use crate::store::shared::{self, SharedStore, StoreLink};
use crate::store::{Store, StoreError, StorePaths};

pub use link::WorktreeLink;

/// Name of the folder that makes a folder a repository.
pub const DIR_NAME: &str = ".esker";
/// Branch of a new repository.
pub const DEFAULT_BRANCH: &str = "main";

/// Why a repository could not be opened or made.
#[derive(Debug, thiserror::Error)]
pub enum RepoError {
    /// No folder from here upwards holds a repository.
    #[error("no repository in {} or above it", start.display())]
    NotFound {
        /// Where the search began.
        start: PathBuf,
    },
    /// The database refused.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The store could not be opened.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be handled.
    #[error(transparent)]
    Fs(#[from] FsError),
    /// A branch name breaks a rule.
    #[error(transparent)]
    Name(#[from] RefNameError),
    /// HEAD's commit cannot be read.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// What a worktree is linked by cannot be read.
    #[error("{} does not say which repository this worktree belongs to", file.display())]
    BadLink {
        /// The file.
        file: PathBuf,
    },
    /// The repository of a worktree is not where it was.
    #[error("the repository of this worktree is not at {} any more", repository.display())]
    LostRepository {
        /// The worktree's folder.
        root: PathBuf,
        /// Where its repository was.
        repository: PathBuf,
    },
    /// The repository does not know the worktree.
    #[error("{} was removed from its repository", root.display())]
    RemovedWorktree {
        /// The worktree's folder.
        root: PathBuf,
    },
    /// The worktree is a copy of another, and would share its HEAD and stage.
    #[error("{} is a copy of the worktree at {original}", root.display())]
    CopiedWorktree {
        /// The copy's folder.
        root: PathBuf,
        /// The folder of the one that it is a copy of.
        original: String,
    },
}

/// Where a repository lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoPaths {
    /// The worktree's folder.
    pub root: PathBuf,
    /// The repository's folder `.esker`.
    pub dir: PathBuf,
    /// How a further worktree is linked to it; nothing in the main one.
    pub link: Option<WorktreeLink>,
}

impl RepoPaths {
    /// The repository whose main worktree is `root`.
    pub fn of_root(root: &Path) -> Self {
        Self::new(root.to_owned(), root.join(DIR_NAME))
    }

    /// The repository in `dir` whose main worktree is `root`.
    pub fn new(root: PathBuf, dir: PathBuf) -> Self {
        Self { root, dir, link: None }
    }

    /// Finds the repository that `start` is in, or the one named by `dir`.
    pub fn find(start: &Path, dir: Option<&Path>) -> Result<Self, RepoError> {
        let not_found = || RepoError::NotFound { start: start.to_owned() };
        if let Some(dir) = dir {
            let root = dir.parent().ok_or_else(not_found)?.to_owned();
            return match dir.is_dir() {
                true => Self::new(root, dir.to_owned()).linked(),
                false => Err(not_found()),
            };
        }
        let found = start.ancestors().find(|folder| folder.join(DIR_NAME).is_dir());
        found.map(Self::of_root).ok_or_else(not_found)?.linked()
    }

    /// The same, after following a link to the repository of a further worktree.
    pub fn linked(self) -> Result<Self, RepoError> {
        match WorktreeLink::read(&self.root)? {
            Some(link) => {
                let dir = link.find_repository(&self.root)?;
                Ok(Self { dir, link: Some(link), ..self })
            }
            None => Ok(self),
        }
    }

    /// The folder of the main worktree.
    pub fn main_root(&self) -> &Path {
        match &self.link {
            Some(_) => self.dir.parent().unwrap_or(&self.dir),
            None => &self.root,
        }
    }

    fn state_db(&self) -> PathBuf {
        self.dir.join("state.db")
    }

    fn refs_log(&self) -> PathBuf {
        self.dir.join("refs.log")
    }

    /// What can be made again, of this worktree.
    pub fn cache_db(&self) -> PathBuf {
        match &self.link {
            Some(_) => self.root.join(DIR_NAME).join("cache.db"),
            None => self.dir.join("cache.db"),
        }
    }

    /// The repository's own settings.
    pub fn config(&self) -> PathBuf {
        self.dir.join("config.toml")
    }
}

/// What `init` did.
pub struct Initialized {
    /// Whether a repository was made; otherwise there was one.
    pub is_new: bool,
    /// Said once, where the folder lacks what several processes at once need.
    pub warning: Option<&'static str>,
}

/// Which repository a new one shall be.
pub struct NewRepo {
    /// Its id: its own, or that of the repository it is a clone of.
    pub repository: RepositoryId,
    /// How it lays data out.
    pub format: FormatParameters,
    /// The folder of the shared store that is to have its packs, absolute; made where it is missing.
    pub store: Option<PathBuf>,
}

/// Makes a repository in `root`, or leaves the one that is there as it is; on the shared store in the
/// folder `store`, or with its own.
pub fn init(
    paths: &RepoPaths,
    store: Option<PathBuf>,
    note: &RefNote,
) -> Result<Initialized, RepoError> {
    let format = FormatParameters::default();
    let new = NewRepo { repository: new_repository_id()?, format, store };
    init_as(paths, &new, note)
}

/// As [`init`], with id and format given; a shared store that is there has its own format.
pub fn init_as(paths: &RepoPaths, new: &NewRepo, note: &RefNote) -> Result<Initialized, RepoError> {
    let store = StorePaths::new(&paths.dir);
    fsio::create_dirs(&paths.dir)?;
    let is_there = paths.state_db().exists();
    let shared = match &new.store {
        Some(dir) if !is_there => Some(link_store(paths, dir, &new.format)?),
        _ => SharedStore::of(&paths.dir)?,
    };
    if shared.is_none() {
        for dir in [&store.packs, &store.tables, &store.tmp] {
            std::fs::create_dir_all(dir).map_err(|e| FsError::new("create", dir, e))?;
        }
    }
    let ignore = paths.dir.join(".gitignore");
    if !ignore.exists() {
        fsio::write_atomic(&ignore, b"*\n")?;
    }
    let state = NewState {
        repository: new.repository,
        format: new.format,
        branch: crate::refs::branch_ref(DEFAULT_BRANCH)?,
        note: note.clone(),
    };
    let (own, log) = (paths.state_db(), paths.refs_log());
    let made = match &shared {
        Some(shared) => StateDb::create_member(&shared.state_db(), &own, &log, &state),
        None => StateDb::create(&own, &log, &state),
    };
    match made {
        Ok(created) => {
            if let Some(shared) = &shared {
                // It points at nothing yet, so that nothing was lost before this.
                created.db.write(|_| shared.register(seconds_now()))?;
            }
            Ok(Initialized { is_new: true, warning: warning_of(&created) })
        }
        Err(DbError::Exists) => Ok(Initialized { is_new: false, warning: None }),
        Err(e) => Err(e.into()),
    }
}

/// Links a repository that is being made to a shared store, made too where there is none.
fn link_store(
    paths: &RepoPaths,
    dir: &Path,
    format: &FormatParameters,
) -> Result<SharedStore, RepoError> {
    let id = shared::create(dir, format)?;
    let canonical = |dir: &Path| dir.canonicalize().map_err(|e| FsError::new("find", dir, e));
    let (dir, member) = (canonical(dir)?, canonical(&paths.dir)?);
    let old = StoreLink::read(&member)?.filter(|link| link.id == id && link.dir == dir);
    let link = match old {
        Some(link) => link,
        None => {
            let link = StoreLink::new(&id, &member, &dir)?;
            link.write(&member)?;
            link
        }
    };
    Ok(SharedStore { dir, link, member })
}

fn new_repository_id() -> Result<RepositoryId, StoreError> {
    let halves = [random_u64()?, random_u64()?];
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&halves[0].to_le_bytes());
    bytes[8..].copy_from_slice(&halves[1].to_le_bytes());
    Ok(RepositoryId::from_bytes(bytes))
}

fn warning_of(created: &crate::db::Created) -> Option<&'static str> {
    if !created.has_locks {
        return Some("this folder has no working locks: run one esker command at a time");
    }
    let slow = "this folder shares no memory between processes: commands wait for each other";
    (!created.has_shared_memory).then_some(slow)
}

/// An open repository.
pub struct Repo {
    /// Where it lies.
    pub paths: RepoPaths,
    /// Its database.
    pub db: Arc<StateDb>,
    /// What can be made again: the stat cache.
    pub cache: CacheDb,
    /// Its data.
    pub store: Store,
    /// The settings in force.
    pub settings: Settings,
    /// Which worktree of the repository this is.
    pub worktree: WorktreeId,
    /// What this worktree is to have, as it was when the repository was opened.
    pub sparse: PathSet,
    /// The session of whoever may change the repository.
    pub session: Option<Session>,
    /// What keeps what is condemned there for who only reads.
    _reading: Option<Reading>,
}

impl Repo {
    /// Opens the repository at `paths`.
    pub fn open(paths: RepoPaths, settings: Settings, access: Access) -> Result<Self, RepoError> {
        let (db, shared) = open_state(&paths, access)?;
        let db = Arc::new(db);
        let worktree = which_worktree(&paths, &db, access)?;
        let (params, sparse) =
            db.read(|view| Ok::<_, DbError>((view.format()?, view.sparse(worktree)?)))?;
        let cache = CacheDb::new(&paths.cache_db(), db.has_shared_memory());
        let store = match (shared, access) {
            (Some(shared), _) => Store::open_shared(shared, params, db.clone(), access)?,
            (None, Access::ReadWrite) => Store::open(&paths.dir, params, db.clone())?,
            (None, Access::ReadOnly) => Store::open_to_read(&paths.dir, params, db.clone())?,
        };
        // Before anything is read of the history: what is condemned from now on stays until this ends.
        // Where that cannot be said, on a full disk or one that is read only, reading must go on.
        let (session, reading) = match access {
            Access::ReadWrite => (store.start_session().ok(), None),
            Access::ReadOnly => (None, store.start_reading().ok()),
        };
        Ok(Self { paths, db, cache, store, settings, worktree, sparse, session, _reading: reading })
    }

    /// What the worktree is on.
    pub fn head(&self) -> Result<Head, RepoError> {
        Ok(self.db.read(|view| view.head(self.worktree))?)
    }

    /// HEAD, its tree, and the staged tree where it differs.
    pub fn state(&self) -> Result<WorkState, RepoError> {
        let (head, stage) = self.db.read(|view| {
            Ok::<_, DbError>((view.head(self.worktree)?, view.stage(self.worktree)?))
        })?;
        let head_tree = match head.commit() {
            Some(id) => Some(self.store.read_commit(id)?.tree),
            None => None,
        };
        Ok(WorkState { head, head_tree, stage })
    }
}

/// The names of a repository alone: to open its store costs more than many verbs that need none.
///
/// Nothing that they name may be read: a collection may take it at any moment.
pub struct Names {
    /// Where the repository lies.
    pub paths: RepoPaths,
    /// Its database.
    pub db: StateDb,
    /// Which worktree of the repository this is.
    pub worktree: WorktreeId,
}

impl Names {
    /// Opens the names of the repository at `paths`, to read them.
    pub fn open(paths: RepoPaths) -> Result<Self, RepoError> {
        let (db, _) = open_state(&paths, Access::ReadOnly)?;
        let worktree = which_worktree(&paths, &db, Access::ReadOnly)?;
        Ok(Self { paths, db, worktree })
    }
}

/// Opens the database, and the store's where that is shared. A store that does not know the repository,
/// or not where it is, is told, before anything in it is relied on.
fn open_state(
    paths: &RepoPaths,
    access: Access,
) -> Result<(StateDb, Option<SharedStore>), RepoError> {
    let (own, log) = (paths.state_db(), paths.refs_log());
    let Some(shared) = SharedStore::of(&paths.dir)? else {
        return Ok((StateDb::open(&own, &log, access)?, None));
    };
    let open = |access| StateDb::open_member(&shared.state_db(), &own, &log, access);
    let (db, now) = (open(access)?, seconds_now());
    if !shared.is_out_of_date(now)? {
        return Ok((db, Some(shared)));
    }
    let register = |db: &StateDb| db.write(|_| shared.register(now));
    match access {
        Access::ReadWrite => register(&db)?,
        // Who only reads goes on where the store cannot be told.
        Access::ReadOnly => {
            let _ = open(Access::ReadWrite).map(|db| register(&db));
        }
    }
    Ok((db, SharedStore::of(&paths.dir)?))
}

/// When a member was last seen is for people: to the day, by this machine's clock.
fn seconds_now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs().cast_signed())
}

/// Which worktree `paths` leads to. One that was moved is registered at its new place, so that the rest
/// of esker finds it there.
fn which_worktree(
    paths: &RepoPaths,
    db: &StateDb,
    access: Access,
) -> Result<WorktreeId, RepoError> {
    let Some(link) = &paths.link else { return Ok(WorktreeId::MAIN) };
    let place = db.read(|view| view.places())?.remove(&link.worktree);
    let place = place.filter(|place| place.token == link.token);
    let root = || paths.root.clone();
    let place = place.ok_or_else(|| RepoError::RemovedWorktree { root: root() })?;
    let here = paths.root.display().to_string();
    if place.path == here {
        return Ok(link.worktree);
    }
    if !is_same_folder(Path::new(&place.path), &paths.root) {
        if WorktreeLink::is_at(&place, link.worktree) {
            return Err(RepoError::CopiedWorktree { root: root(), original: place.path });
        }
        if access == Access::ReadWrite {
            let moved = Place { path: here, ..place };
            db.write(|tx| tx.set_place(link.worktree, &moved))?;
        }
    }
    Ok(link.worktree)
}

fn is_same_folder(one: &Path, other: &Path) -> bool {
    let (one, other) = (one.canonicalize(), other.canonicalize());
    one.is_ok_and(|one| other.is_ok_and(|other| one == other))
}

/// What a worktree rests on.
#[derive(Clone, Debug)]
pub struct WorkState {
    /// What it is on.
    pub head: Head,
    /// The tree of HEAD's commit, if there is one.
    pub head_tree: Option<TreeId>,
    /// The staged tree, where it differs from HEAD's.
    pub stage: Option<TreeId>,
}

impl WorkState {
    /// The tree that the next commit would hold; `None` before anything was added.
    pub fn staged_tree(&self) -> Option<TreeId> {
        self.stage.or(self.head_tree)
    }

    /// HEAD's commit.
    pub fn commit(&self) -> Option<CommitId> {
        self.head.commit()
    }

    /// How the database names the stage `tree`: nothing when it is HEAD's.
    pub fn stage_for(&self, tree: TreeId) -> Option<TreeId> {
        (Some(tree) != self.head_tree).then_some(tree)
    }
}
