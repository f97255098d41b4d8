//! What the stat cache knows of files that are given other names, so that none has to be read again.

use std::time::{Duration, SystemTime};

use super::StepError;
use super::known::{self, Known};
use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::stat::{Stat, system_time_ns};
use crate::stat_cache::StatRow;
use crate::worktree::compare::KnownFiles;

/// What is known of tracked paths, kept while they are given other names.
pub struct Carried<'r> {
    repo: &'r Repo,
    known: Known<'r>,
    /// Rows of files by their folder, as they are to be recorded.
    rows: Vec<(RepoPath, Vec<StatRow>)>,
    /// Files that get a new status time by being moved.
    moved: Vec<(RepoPath, StatRow)>,
}

/// Longer than the margin within which a time stamp is not believed.
const SETTLED_AFTER: Duration = Duration::from_millis(25);

impl<'r> Carried<'r> {
    /// Nothing yet.
    pub fn new(repo: &'r Repo) -> Self {
        Self { repo, known: Known::for_looking(repo), rows: Vec::new(), moved: Vec::new() }
    }

    /// Takes what is known of `from`, and of all below it, to say it of `to`; before it is moved.
    pub fn take(
        &mut self,
        from: &RepoPath,
        to: &RepoPath,
        value: &EntryValue,
    ) -> Result<(), StepError> {
        if let EntryValue::Directory { id, .. } = value {
            return self.take_folder(from, to, *id);
        }
        let parent = from.parent().unwrap_or_else(RepoPath::root);
        let row = from.name().and_then(|name| self.known.row(&parent, name));
        let stat = self.stat(from);
        self.moved.extend(row.filter(|row| stat == Some(row.stat)).map(|row| (to.clone(), row)));
        Ok(())
    }

    /// Files keep their times when a folder above them moves.
    fn take_folder(
        &mut self,
        from: &RepoPath,
        to: &RepoPath,
        tree: TreeId,
    ) -> Result<(), StepError> {
        self.rows.push((to.clone(), self.known.rows(from).collect()));
        for entry in prolly::iterate(&self.repo.store, tree) {
            let entry = entry?;
            if let EntryValue::Directory { id, .. } = entry.value {
                self.take_folder(&from.join(&entry.name)?, &to.join(&entry.name)?, id)?;
            }
        }
        Ok(())
    }

    fn stat(&self, path: &RepoPath) -> Option<Stat> {
        let disk = self.repo.paths.root.join(path.as_str());
        disk.symlink_metadata().ok().map(|metadata| Stat::of(&metadata))
    }

    /// Records what was taken, once all has its new name.
    pub fn record(mut self) {
        if !self.moved.is_empty() {
            // So that a write from now on gets another stamp than the move gave.
            std::thread::sleep(SETTLED_AFTER);
        }
        for (path, row) in std::mem::take(&mut self.moved) {
            let (Some(parent), Some(name)) = (path.parent(), path.name()) else { continue };
            let Some(stat) = self.stat(&path) else { continue };
            let is_same = Stat { ctime_ns: row.stat.ctime_ns, ..stat } == row.stat;
            if is_same {
                self.rows.push((parent, vec![StatRow { name: name.into(), stat, ..row }]));
            }
        }
        known::record(self.repo, system_time_ns(SystemTime::now()), &mut self.rows.into_iter());
    }
}
