//! What verbs share: opening the repository, naming people, turning lower errors into a person's.

use std::path::PathBuf;

use super::{Context, OpError, Skipped};
use crate::catalog::CatalogError;
use crate::config::{self, ConfigError, Settings};
use crate::db::{Access, DbError, RefError};
use crate::fsio::FsError;
use crate::object::access::AccessError;
use crate::object::commit::Person;
use crate::object::prolly::TreeError;
use crate::pack::layout::PackError;
use crate::path::{PathError, RepoPath, escape};
use crate::refs::RefNote;
use crate::repo::{Repo, RepoError, RepoPaths};
use crate::revision::{Resolver, RevisionError};
use crate::steps::data_roots::RootsError;
use crate::steps::select::SelectError;
use crate::steps::{RunContext, StepError};
use crate::store::StoreError;
use crate::store::ingest::{CheckpointRule, IngestError};
use crate::worktree::scan::ScanError;

impl Context {
    /// Where the repository lies that the start directory is in.
    pub(super) fn find_repo(&self) -> Result<RepoPaths, OpError> {
        let dir = self.esker_dir.as_ref().map(|d| self.start_dir.join(d));
        Ok(RepoPaths::find(&self.start_dir, dir.as_deref())?)
    }

    /// Opens the repository to read and write.
    pub(super) fn open_repo(&self) -> Result<Repo, OpError> {
        self.open_with(Access::ReadWrite)
    }

    /// Opens the repository to read; works on a medium that cannot be written.
    pub(super) fn open_repo_to_read(&self) -> Result<Repo, OpError> {
        self.open_with(Access::ReadOnly)
    }

    fn open_with(&self, access: Access) -> Result<Repo, OpError> {
        let paths = self.find_repo()?;
        let settings = self.settings(Some(&paths))?;
        Ok(Repo::open(paths, settings, access)?)
    }

    /// The settings in force, in a repository or without one.
    pub(super) fn settings(&self, paths: Option<&RepoPaths>) -> Result<Settings, OpError> {
        let files = self.config_files(paths);
        config::load(&files, &self.env, &self.flags).map_err(config_error)
    }

    /// The settings files of all layers.
    pub(super) fn config_files(&self, paths: Option<&RepoPaths>) -> config::Files {
        config::Files {
            system: Some(PathBuf::from("/etc/esker/config.toml")).filter(|_| cfg!(unix)),
            user: self.user_config_dir().map(|dir| dir.join("esker").join("config.toml")),
            repository: paths.map(RepoPaths::config),
            local: None,
        }
    }

    fn user_config_dir(&self) -> Option<PathBuf> {
        let dir = |name| self.env(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        dir("XDG_CONFIG_HOME")
            .or_else(|| dir("HOME").map(|home| home.join(".config")))
            .or_else(|| dir("APPDATA"))
    }

    /// Name and address, if all layers and git's settings together know them.
    fn author(&self, repo: &Repo) -> Option<(String, String)> {
        let files = self.config_files(Some(&repo.paths));
        let config = config::Config::load(&files, &self.env, &self.flags).ok()?;
        let author = config.author(&self.git_config_files(repo)).ok()?;
        Some((author.name.value, author.email.value))
    }

    /// git's own settings, the person's before the checkout's.
    fn git_config_files(&self, repo: &Repo) -> Vec<PathBuf> {
        let home = self.env("HOME").map(PathBuf::from);
        let mut files = Vec::new();
        files.extend(self.user_config_dir().map(|dir| dir.join("git").join("config")));
        files.extend(home.map(|home| home.join(".gitconfig")));
        let checkout = crate::worktree::git::find_checkout(&repo.paths.root);
        files.extend(checkout.map(|c| c.git_dir.join("config")));
        files
    }

    /// What every long step is given.
    pub(super) fn run_context(&self, settings: &Settings) -> RunContext {
        let threads = match settings.core.jobs {
            0 => self.threads.max(1),
            jobs => jobs as usize,
        };
        let mut checkpoint = CheckpointRule::default();
        // For tests of what a killed run leaves behind.
        let max_bytes = self.env("ESKER_TEST_CHECKPOINT_BYTES").and_then(|v| v.parse().ok());
        checkpoint.max_bytes = max_bytes.unwrap_or(checkpoint.max_bytes);
        let (progress, cancel) = (self.progress.clone(), self.cancel.clone());
        RunContext { threads, progress, cancel, checkpoint }
    }

    /// Author or committer: environment, then settings, then git's settings.
    pub(super) fn person(&self, repo: &Repo) -> Result<Person, OpError> {
        let (name, email) = self.author(repo).ok_or(OpError::AuthorMissing)?;
        let (seconds, offset_minutes) = (self.now.seconds, self.now.offset_minutes);
        Ok(Person { name, email, seconds, offset_minutes })
    }

    /// A note for the reflog; never fails for want of a name.
    pub(super) fn note(&self, repo: &Repo, message: String) -> RefNote {
        let who = self.author(repo).map(|(name, email)| format!("{name} <{email}>"));
        RefNote {
            who: who.unwrap_or_default(),
            time: self.now.seconds,
            tz_minutes: i32::try_from(self.now.offset_minutes).unwrap_or(0),
            message,
        }
    }
}

/// A wrong setting, as a person meets it.
pub(super) fn config_error(e: ConfigError) -> OpError {
    OpError::Config { at: e.at(), detail: e.detail() }
}

/// Repository paths of what a person typed.
pub(super) fn select(
    ctx: &Context,
    repo: &Repo,
    given: &[String],
) -> Result<Vec<RepoPath>, OpError> {
    Ok(crate::steps::select::paths(repo, &ctx.start_dir, given)?)
}

/// An empty list for "everything", which is how scans name it.
pub(super) fn all_if_root(paths: Vec<RepoPath>) -> Vec<RepoPath> {
    if paths.iter().any(RepoPath::is_root) { Vec::new() } else { paths }
}

/// The resolver of a repository's revisions.
pub(super) fn resolver(repo: &Repo) -> Resolver<'_> {
    Resolver { db: &repo.db, worktree: repo.worktree, read: &repo.store, find: &repo.store }
}

/// The first line of a message.
pub(super) fn summary(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

impl From<crate::steps::stage::Skipped> for Skipped {
    fn from(s: crate::steps::stage::Skipped) -> Self {
        Skipped { path: s.path, reason: s.reason }
    }
}

pub(super) fn other(e: impl std::error::Error + Send + Sync + 'static) -> OpError {
    OpError::Other(Box::new(e))
}

impl From<RepoError> for OpError {
    fn from(e: RepoError) -> Self {
        match e {
            RepoError::NotFound { start } => OpError::NoRepository { start },
            RepoError::Db(e) => e.into(),
            RepoError::Store(e) => e.into(),
            RepoError::Fs(e) => e.into(),
            RepoError::Access(e) => e.into(),
            e @ RepoError::Name(_) => other(e),
        }
    }
}

impl From<DbError> for OpError {
    fn from(e: DbError) -> Self {
        match e {
            DbError::NewerFormat { found, supported } => OpError::NewerFormat { found, supported },
            DbError::Busy => OpError::Locked { holder: "another esker process".to_owned() },
            DbError::Full => OpError::Full { path: PathBuf::from(".esker/state.db") },
            DbError::ReadOnly => OpError::ReadOnly { path: PathBuf::from(".esker") },
            DbError::Fs(e) => e.into(),
            e if e.is_missing() || e.is_damaged() => OpError::Damaged {
                what: "the repository's state.db".to_owned(),
                why: e.to_string(),
            },
            e => other(e),
        }
    }
}

impl From<FsError> for OpError {
    fn from(e: FsError) -> Self {
        let path = e.path().to_owned();
        if e.is_full() {
            OpError::Full { path }
        } else if e.is_read_only() {
            OpError::ReadOnly { path }
        } else if e.is_permission() {
            OpError::Permission { path }
        } else {
            other(e)
        }
    }
}

impl From<StoreError> for OpError {
    fn from(e: StoreError) -> Self {
        match e {
            StoreError::Db(e) | StoreError::Catalog(CatalogError::Db(e)) => e.into(),
            StoreError::Fs(e) if !e.is_not_found() => e.into(),
            StoreError::Pack { path, source: PackError::NewerVersion { .. } } => OpError::Damaged {
                what: path.display().to_string(),
                why: "it was written by a newer esker".to_owned(),
            },
            StoreError::Output(source) => {
                OpError::Io { op: "write", path: PathBuf::from("the output"), source }
            }
            e if e.is_damaged() => {
                OpError::Damaged { what: "the store".to_owned(), why: e.to_string() }
            }
            e => other(e),
        }
    }
}

impl From<AccessError> for OpError {
    fn from(e: AccessError) -> Self {
        match e {
            AccessError::Io(inner) => match inner.downcast::<StoreError>() {
                Ok(e) => (*e).into(),
                Err(inner) => OpError::Other(inner),
            },
            e => OpError::Damaged { what: "the history".to_owned(), why: e.to_string() },
        }
    }
}

impl From<RevisionError> for OpError {
    fn from(e: RevisionError) -> Self {
        match e {
            RevisionError::Unknown { text } => OpError::UnknownRevision { text, suggestion: None },
            RevisionError::Ambiguous { text, candidates } => OpError::AmbiguousRevision {
                text,
                candidates: candidates.iter().map(|id| id.short()).collect(),
            },
            RevisionError::NoCommits => OpError::IsEmptyRepository,
            RevisionError::Db(e) => e.into(),
            RevisionError::Access(e) => e.into(),
        }
    }
}

impl From<SelectError> for OpError {
    fn from(e: SelectError) -> Self {
        match e {
            SelectError::Outside { path } => OpError::PathOutside { path },
            SelectError::Name { path, source } => {
                OpError::BadName { path, reason: source.to_string() }
            }
        }
    }
}

impl From<RootsError> for OpError {
    fn from(e: RootsError) -> Self {
        match e {
            RootsError::AboveRoots { path } => {
                let path = if path.is_root() { ".".to_owned() } else { shown(&path) };
                OpError::OutsideRoots { path }
            }
            RootsError::TrackedByGit { path } => OpError::InGitIndex { path: shown(&path) },
            e @ RootsError::Git(_) => other(e),
            RootsError::Step(e) => e.into(),
        }
    }
}

impl From<PathError> for OpError {
    fn from(e: PathError) -> Self {
        OpError::Usage { message: e.to_string(), hint: None }
    }
}

impl From<TreeError> for OpError {
    fn from(e: TreeError) -> Self {
        match e {
            TreeError::Access(e) => e.into(),
            e => other(e),
        }
    }
}

impl From<IngestError> for OpError {
    fn from(e: IngestError) -> Self {
        match e {
            IngestError::Store(e) => e.into(),
            IngestError::Catalog(e) => StoreError::Catalog(e).into(),
            IngestError::Cancelled => OpError::Interrupted,
            e => other(e),
        }
    }
}

impl From<RefError> for OpError {
    fn from(e: RefError) -> Self {
        match e {
            RefError::Db(e) => e.into(),
            e => other(e),
        }
    }
}

impl From<StepError> for OpError {
    fn from(e: StepError) -> Self {
        match e {
            StepError::Repo(e) => e.into(),
            StepError::Store(e) => e.into(),
            StepError::Ingest(e) => e.into(),
            StepError::Access(e) => e.into(),
            StepError::Tree(e) => e.into(),
            StepError::Db(e) => e.into(),
            StepError::Ref(e) => e.into(),
            StepError::Fs(e) => e.into(),
            StepError::Path(e) => e.into(),
            StepError::Catalog(e) => StoreError::Catalog(e).into(),
            StepError::Cancelled(_) | StepError::Scan(ScanError::Cancelled) => OpError::Interrupted,
            StepError::Scan(ScanError::Root { root, source }) => {
                OpError::Io { op: "scan", path: PathBuf::from(root), source }
            }
            e @ StepError::Handle(_) => other(e),
        }
    }
}

/// A path as it is shown.
pub(super) fn shown(path: &RepoPath) -> String {
    escape(path.as_str()).into_owned()
}
