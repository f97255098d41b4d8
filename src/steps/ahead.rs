//! Files of a clone that are written while their data comes down.
//!
//! The tree is noted first, so that whoever comes after a kill takes its files for nobody's work. Commits and
//! trees are not here yet then: the note names what may never come, and keeps nothing.

use std::sync::{Arc, Mutex, PoisonError};

use super::{RunContext, StepError, checkout, data_roots, materialize};
use crate::diff::tree as diff;
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::tree::EntryValue;
use crate::progress::Silent;
use crate::repo::Repo;
use crate::stat::Stat;
use crate::sync::arriving::{Arriving, Beside};
use crate::worktree::plan::{Plan, PlannedFile};

/// The checkout of a commit into a worktree with nothing in it, beside the fetch that brings the commit.
pub struct Ahead<'a> {
    repo: &'a Repo,
    commit: CommitId,
    run: RunContext,
    planned: Mutex<Option<(TreeId, Plan)>>,
    done: Mutex<Option<Done>>,
}

/// Files that were written.
pub struct Done {
    /// The tree that they are of.
    pub tree: TreeId,
    /// What there was to do.
    pub plan: Plan,
    /// What the system says of the plan's files.
    pub stats: Vec<Stat>,
}

impl<'a> Ahead<'a> {
    /// To write the files of `commit`; says nothing of how far it is.
    pub fn new(repo: &'a Repo, commit: CommitId, run: &RunContext) -> Self {
        let run = RunContext { progress: Arc::new(Silent), ..run.clone() };
        Self { repo, commit, run, planned: Mutex::default(), done: Mutex::default() }
    }

    /// What was written; nothing unless all files were.
    pub fn done(self) -> Option<Done> {
        self.done.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn plan_of(&self, read: &dyn ReadObjects) -> Result<Option<(TreeId, Plan)>, StepError> {
        if !is_bare(self.repo) || !self.repo.sparse.is_all() {
            return Ok(None);
        }
        let tree = read.read_root(self.commit)?;
        let mut plan = Plan::default();
        for change in diff::changes(read, None, Some(tree))? {
            match change.new {
                Some(EntryValue::Directory { .. }) => plan.dirs.push(change.path),
                Some(EntryValue::Symlink { target }) => plan.symlinks.push((change.path, target)),
                Some(EntryValue::File { id, size, executable }) => {
                    plan.files.push(PlannedFile { path: change.path, id, size, executable });
                }
                None => {}
            }
        }
        super::switch::sort_dirs(&mut plan);
        data_roots::keep_off_git(self.repo, &mut plan)?;
        Ok(plan.conflicts.is_empty().then_some((tree, plan)))
    }

    fn write(&self, tree: TreeId, plan: Plan, source: &Arriving<'_>) -> Result<Done, StepError> {
        checkout::begin_ahead(self.repo, tree)?;
        let stats = materialize::write_ahead(self.repo, &plan, source, &self.run)?;
        Ok(Done { tree, plan, stats })
    }
}

impl Beside for Ahead<'_> {
    fn plan(&self, read: &dyn ReadObjects) -> Vec<(BlobId, u64)> {
        // What is wrong with a tree is said by the checkout that follows.
        let planned = self.plan_of(read).ok().flatten();
        let files = planned.iter().flat_map(|(_, plan)| &plan.files);
        let blobs = files.map(|file| (file.id, file.size)).collect();
        *self.planned.lock().unwrap_or_else(PoisonError::into_inner) = planned;
        blobs
    }

    fn begins_at_both_ends(&self) -> bool {
        self.run.threads > 1
    }

    fn run(&self, source: &Arriving<'_>) {
        let planned = self.planned.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((tree, plan)) = planned else { return };
        let done = self.write(tree, plan, source).ok();
        *self.done.lock().unwrap_or_else(PoisonError::into_inner) = done;
    }
}

/// Whether there is nothing in the worktree but the repository itself.
fn is_bare(repo: &Repo) -> bool {
    let own = repo.paths.dir.file_name();
    let Ok(mut entries) = std::fs::read_dir(&repo.paths.root) else { return false };
    entries.all(|entry| entry.is_ok_and(|entry| Some(&*entry.file_name()) == own))
}
