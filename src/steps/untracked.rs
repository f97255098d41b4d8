//! What is in the worktree and in no tree: every file of it, for who would remove it.

use std::collections::BTreeSet;

use super::known::Known;
use super::stage::Skipped;
use super::{RunContext, StepError};
use crate::id::TreeId;
use crate::path::{RepoPath, escape};
use crate::repo::Repo;
use crate::worktree::compare::{self, Delta};
use crate::worktree::scan::{self, Reason, Scan, ScanOptions, ScannedDir, ScannedKind};

/// Where to look, and for what.
pub struct UntrackedOptions {
    /// Paths and all below them; empty means everything.
    pub paths: Vec<RepoPath>,
    /// Also what is in folders that hold nothing tracked, and these folders.
    pub folders: bool,
    /// Also what `.eskerignore` leaves out.
    pub ignored: bool,
}

/// What was found, in path order.
#[derive(Debug, Default)]
pub struct Untracked {
    /// Files and links, with their bytes.
    pub files: Vec<(RepoPath, u64)>,
    /// Folders that hold nothing tracked, each before those in it.
    pub folders: Vec<RepoPath>,
    /// What was passed over: other repositories, and what could not be looked at.
    pub skipped: Vec<Skipped>,
}

/// Finds what is not in `tree`. Reads no file; enters no repository inside the worktree.
pub fn find(
    repo: &Repo,
    tree: Option<TreeId>,
    options: UntrackedOptions,
    run: &RunContext,
) -> Result<Untracked, StepError> {
    let flag = run.cancel.flag();
    let scan_options = ScanOptions {
        threads: run.threads,
        honour_ignore: !options.ignored,
        paths: options.paths,
        cancel: Some(&flag),
        sealed: None,
    };
    let scan = scan::scan(&repo.paths.root, &scan_options)?;
    let known = Known::for_looking(repo);
    let comparison = compare::compare(&scan, tree, &repo.store, &known, run.threads)?;
    let mut found = Untracked { skipped: problems(&scan), ..Untracked::default() };
    let mut nested: Option<RepoPath> = None;
    // Folders come in path order: a folder of another repository before all that is in it.
    for (dir, delta) in scan.dirs.iter().zip(&comparison.dirs) {
        if nested.as_ref().is_some_and(|nested| dir.path.starts_with(nested)) {
            continue;
        }
        nested = repository_around(repo, dir);
        if let Some(top) = &nested {
            let path = escape(top.as_str()).into_owned();
            let reason = Reason::NestedRepository.to_string();
            found.skipped.push(Skipped { path, reason });
            continue;
        }
        let is_tracked = dir.path.is_root() || delta.base.is_some() || !dir.is_complete;
        if !is_tracked && !options.folders {
            continue;
        }
        if !is_tracked {
            found.folders.push(dir.path.clone());
        }
        for one in delta.deltas.iter().filter(|one| one.old().is_none()) {
            found.take_file(dir, one)?;
        }
    }
    Ok(found)
}

impl Untracked {
    fn take_file(&mut self, dir: &ScannedDir, delta: &Delta) -> Result<(), StepError> {
        let Some(entry) = delta.entry().map(|at| &dir.entries[at as usize]) else { return Ok(()) };
        if entry.kind != ScannedKind::Directory {
            self.files.push((dir.path.join(&entry.name)?, entry.stat.size));
        }
        Ok(())
    }

    /// Leaves paths out, and the folders that they keep from being empty.
    pub fn keep(&mut self, kept: &BTreeSet<RepoPath>) {
        self.files.retain(|(path, _)| !kept.contains(path));
        self.folders.retain(|dir| !kept.iter().any(|path| path.starts_with(dir)));
    }
}

/// Repositories inside the worktree are told once, by the folder that holds them.
fn problems(scan: &Scan) -> Vec<Skipped> {
    let others = scan.problems.iter().filter(|p| p.reason != Reason::NestedRepository);
    let skipped =
        |p: &scan::Problem| Skipped { path: p.path.clone(), reason: p.reason.to_string() };
    others.map(skipped).collect()
}

/// The repository, of esker's or of git's, that holds a folder and is not this one.
fn repository_around(repo: &Repo, dir: &ScannedDir) -> Option<RepoPath> {
    let holds = |dir: &RepoPath, name: &str| {
        repo.paths.root.join(dir.as_str()).join(name).symlink_metadata().is_ok()
    };
    let is_top = |dir: &RepoPath| holds(dir, ".git") || holds(dir, crate::repo::DIR_NAME);
    let mut folders = std::iter::successors(Some(dir.path.clone()), RepoPath::parent)
        .take_while(|folder| !folder.is_root());
    match dir.is_complete {
        // Those above it were looked at before.
        true => folders.next().filter(is_top),
        false => folders.find(is_top),
    }
}
