//! What a verb does with its context: opening the repository, settings, and names of people.

use super::convert;
use super::supply::FromRemotes;
use super::{Context, OpError};
use crate::config::{self, Settings};
use crate::db::Access;
use crate::object::commit::Person;
use crate::refs::RefNote;
use crate::repo::{Names, Repo, RepoPaths};
use crate::steps::RunContext;
use crate::steps::supply::Supply;
use crate::store::ingest::CheckpointRule;
use std::path::PathBuf;
use std::sync::Arc;

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

    /// Opens the names of the repository alone.
    pub(super) fn open_names(&self) -> Result<Names, OpError> {
        Ok(Names::open(self.find_repo()?)?)
    }

    fn open_with(&self, access: Access) -> Result<Repo, OpError> {
        let paths = self.find_repo()?;
        let settings = self.settings(Some(&paths))?;
        Ok(Repo::open(paths, settings, access)?)
    }

    /// The settings in force, in a repository or without one.
    pub(super) fn settings(&self, paths: Option<&RepoPaths>) -> Result<Settings, OpError> {
        let files = self.config_files(paths);
        config::load(&files, &self.env, &self.flags).map_err(convert::config_error)
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

    /// The folder for what can be made again, of the person who runs this.
    pub(super) fn cache_dir(&self) -> Option<PathBuf> {
        let dir = |name| self.env(name).filter(|v| !v.is_empty()).map(PathBuf::from);
        let base = dir("XDG_CACHE_HOME")
            .or_else(|| dir("HOME").map(|home| home.join(".cache")))
            .or_else(|| dir("LOCALAPPDATA"));
        base.map(|base| base.join("esker"))
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
            0 => self.cores(),
            jobs => jobs,
        };
        let mut checkpoint = CheckpointRule::default();
        // For tests of what a killed run leaves behind.
        let max_bytes = self.env("ESKER_TEST_CHECKPOINT_BYTES").and_then(|v| v.parse().ok());
        checkpoint.max_bytes = max_bytes.unwrap_or(checkpoint.max_bytes);
        let (progress, cancel) = (self.progress.clone(), self.cancel.clone());
        let supply: Option<Arc<dyn Supply>> = Some(Arc::new(FromRemotes::new(self)));
        RunContext { threads, progress, cancel, checkpoint, supply }
    }

    /// How many threads work at once, unless a setting says otherwise.
    pub(super) fn cores(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        }
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
