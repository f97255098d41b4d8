//! Taking out of a worktree what it is not to have any more.

use std::collections::HashSet;

use super::known::Known;
use super::restore::hash_unknown;
use super::{RunContext, StepError, data_roots};
use crate::id::TreeId;
use crate::path::{PathSet, RepoPath};
use crate::repo::Repo;
use crate::worktree::compare::{self, Delta, DirDelta};
use crate::worktree::plan::Plan;
use crate::worktree::scan::{self, ScanOptions, ScannedDir, ScannedKind};

/// What is to leave a worktree.
#[derive(Debug, Default)]
pub struct Leaving {
    /// Removes files and folders; every one is stored.
    pub plan: Plan,
    /// Tracked files that differ from what is stored, and so stay.
    pub kept: Vec<RepoPath>,
}

/// Plans to remove the tracked files that are not in a set, as far as they are as `tree` has them.
pub fn plan_removals(
    repo: &Repo,
    tree: TreeId,
    set: &PathSet,
    run: &RunContext,
) -> Result<Leaving, StepError> {
    let mut leaving = Leaving::default();
    let Some(paths) = data_roots::to_look_at(repo, Vec::new())?.filter(|_| !set.is_all()) else {
        return Ok(leaving);
    };
    let flag = run.cancel.flag();
    let options = ScanOptions {
        threads: run.threads,
        honour_ignore: false,
        paths,
        cancel: Some(&flag),
        sealed: None,
    };
    let scan = scan::scan(&repo.paths.root, &options)?;
    let known = Known::for_looking(repo);
    let comparison = compare::compare(&scan, Some(tree), &repo.store, &known, run.threads)?;
    let read = hash_unknown(repo, &scan, &comparison.to_read, run)?;
    for (number, (dir, delta)) in (0u32..).zip(scan.dirs.iter().zip(&comparison.dirs)) {
        let is_same = |entry: u32, one: &Delta| {
            one.old().is_some() && read.get(&(number, entry)) == one.old()
        };
        leave(&mut leaving, dir, delta, set, &is_same)?;
    }
    leaving.plan.dir_removals.sort_by(|a, b| b.cmp(a));
    data_roots::keep_off_git(repo, &mut leaving.plan)?;
    Ok(leaving)
}

/// Plans for one folder. `is_same` says of an entry that had to be read whether it is as in the tree.
fn leave(
    leaving: &mut Leaving,
    dir: &ScannedDir,
    delta: &DirDelta,
    set: &PathSet,
    is_same: &dyn Fn(u32, &Delta) -> bool,
) -> Result<(), StepError> {
    if delta.base.is_none() || set.has_whole(&dir.path) {
        return Ok(());
    }
    if !dir.path.is_root() && !set.touches(&dir.path) {
        leaving.plan.dir_removals.push(dir.path.clone());
    }
    let mut differing = HashSet::new();
    for one in &delta.deltas {
        let Some(entry) = one.entry() else { continue };
        if is_same(entry, one) {
            continue;
        }
        differing.insert(entry);
        let path = dir.path.join(&dir.entries[entry as usize].name)?;
        if one.old().is_some() && !set.touches(&path) {
            leaving.kept.push(path);
        }
    }
    for (number, entry) in (0u32..).zip(&dir.entries) {
        let path = dir.path.join(&entry.name)?;
        let is_file = entry.kind != ScannedKind::Directory;
        if is_file && !set.has(&path) && !differing.contains(&number) {
            leaving.plan.removals.push(path);
        }
    }
    Ok(())
}
