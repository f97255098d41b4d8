//! A repository on disk: finding it, making it, opening it, and what it points at.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::Settings;
use crate::db::{Access, CacheDb, DbError, NewState, RepositoryId, StateDb};
use crate::format::FormatParameters;
use crate::fsio::{self, FsError};
use crate::id::{CommitId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::refs::{Head, RefNameError, RefNote, WorktreeId};
use crate::store::session::random_u64;
use crate::store::{Store, StoreError, StorePaths};

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
}

/// Where a repository lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepoPaths {
    /// The worktree's folder.
    pub root: PathBuf,
    /// The folder `.esker`.
    pub dir: PathBuf,
}

impl RepoPaths {
    /// The repository whose worktree is `root`.
    pub fn of_root(root: &Path) -> Self {
        Self { root: root.to_owned(), dir: root.join(DIR_NAME) }
    }

    /// Finds the repository that `start` is in, or the one named by `dir`.
    pub fn find(start: &Path, dir: Option<&Path>) -> Result<Self, RepoError> {
        let not_found = || RepoError::NotFound { start: start.to_owned() };
        if let Some(dir) = dir {
            let root = dir.parent().ok_or_else(not_found)?.to_owned();
            let is_there = dir.is_dir();
            return if is_there {
                Ok(Self { root, dir: dir.to_owned() })
            } else {
                Err(not_found())
            };
        }
        let found = start.ancestors().find(|folder| folder.join(DIR_NAME).is_dir());
        found.map(Self::of_root).ok_or_else(not_found)
    }

    fn state_db(&self) -> PathBuf {
        self.dir.join("state.db")
    }

    fn refs_log(&self) -> PathBuf {
        self.dir.join("refs.log")
    }

    fn cache_db(&self) -> PathBuf {
        self.dir.join("cache.db")
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
}

/// Makes a repository in `root`, or leaves the one that is there as it is.
pub fn init(paths: &RepoPaths, note: &RefNote) -> Result<Initialized, RepoError> {
    let new = NewRepo { repository: new_repository_id()?, format: FormatParameters::default() };
    init_as(paths, &new, note)
}

/// As [`init`], with id and format given.
pub fn init_as(paths: &RepoPaths, new: &NewRepo, note: &RefNote) -> Result<Initialized, RepoError> {
    let store = StorePaths::new(&paths.dir);
    for dir in [&paths.dir, &store.packs, &store.tables, &store.tmp] {
        std::fs::create_dir_all(dir).map_err(|e| FsError::new("create", dir, e))?;
    }
    let ignore = paths.dir.join(".gitignore");
    if !ignore.exists() {
        fsio::write_atomic(&ignore, b"*\n")?;
    }
    let new = NewState {
        repository: new.repository,
        format: new.format,
        branch: crate::refs::branch_ref(DEFAULT_BRANCH)?,
        note: note.clone(),
    };
    match StateDb::create(&paths.state_db(), &paths.refs_log(), &new) {
        Ok(created) => Ok(Initialized { is_new: true, warning: warning_of(&created) }),
        Err(DbError::Exists) => Ok(Initialized { is_new: false, warning: None }),
        Err(e) => Err(e.into()),
    }
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
}

impl Repo {
    /// Opens the repository at `paths`.
    pub fn open(paths: RepoPaths, settings: Settings, access: Access) -> Result<Self, RepoError> {
        let db = Arc::new(StateDb::open(&paths.state_db(), &paths.refs_log(), access)?);
        let params = db.read(|view| view.format())?;
        let cache = CacheDb::new(&paths.cache_db(), db.has_shared_memory());
        let store = Store::open(&paths.dir, params, db.clone())?;
        Ok(Self { paths, db, cache, store, settings, worktree: WorktreeId::MAIN })
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
