//! Plans that make files equal to a tree, whatever they are now.

use std::collections::{HashMap, HashSet};

use super::data_roots;
use super::known::Known;
use super::stage::{FileSource, Skipped};
use super::switch::sort_dirs;
use super::{RunContext, StepError};
use crate::id::TreeId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::{PathSet, RepoPath};
use crate::repo::Repo;
use crate::store::ingest::{self, IngestOptions};
use crate::worktree::compare::{self, Delta, FileRef};
use crate::worktree::plan::{Plan, PlannedFile, Why};
use crate::worktree::scan::{self, Reason, ScanOptions, ScannedDir, ScannedKind};

/// What a restore brings back.
pub struct RestoreOptions {
    /// The tree to take from.
    pub tree: TreeId,
    /// Paths, and all below them; empty means everything.
    pub paths: Vec<RepoPath>,
    /// Tracked files, as of this tree, that `tree` does not have are removed.
    pub remove_tracked: Option<TreeId>,
    /// What is to be on disk: of what is missing there only this comes back.
    pub expected: PathSet,
    /// Whether what is on disk stays as it is.
    pub absent_only: bool,
}

/// What a restore would do, and what it cannot.
pub struct RestorePlan {
    /// What it would do.
    pub plan: Plan,
    /// Paths asked for that are nowhere.
    pub unknown: Vec<RepoPath>,
    /// Files of the tree that cannot be reached on disk.
    pub skipped: Vec<Skipped>,
}

/// Plans to make files equal to a tree, whatever they are now.
pub fn plan_restore(
    repo: &Repo,
    options: &RestoreOptions,
    run: &RunContext,
) -> Result<RestorePlan, StepError> {
    let flag = run.cancel.flag();
    let scan_options = ScanOptions {
        threads: run.threads,
        honour_ignore: false,
        paths: options.paths.clone(),
        cancel: Some(&flag),
        sealed: None,
    };
    let scan = scan::scan(&repo.paths.root, &scan_options)?;
    let known = Known::for_looking(repo).expecting(options.expected.clone());
    let comparison = compare::compare(&scan, Some(options.tree), &repo.store, &known, run.threads)?;
    let unknown = if options.absent_only { &[] } else { &comparison.to_read[..] };
    let ids = hash_unknown(repo, &scan, unknown, run)?;
    let mut restore = Restore { repo, plan: Plan::default() };
    for (number, (dir, delta)) in (0u32..).zip(scan.dirs.iter().zip(&comparison.dirs)) {
        let read = |entry| ids.get(&key(FileRef { dir: number, entry })).cloned();
        for one in &delta.deltas {
            restore.differs(options, dir, one, &read)?;
        }
    }
    for (path, value) in comparison.missing {
        restore.bring(path, &value)?;
    }
    let read: &dyn ReadObjects = &repo.store;
    let mut unknown = Vec::new();
    for path in scan.missing {
        if prolly::resolve(read, options.tree, &path)?.is_none() {
            unknown.push(path);
        }
    }
    for dir in scan.dirs.iter().filter(|_| !options.absent_only) {
        for name in &dir.withheld {
            restore.replace(dir.path.join(name)?, options.tree)?;
        }
    }
    let skipped = unreachable(repo, options.tree, &scan.problems)?;
    sort_dirs(&mut restore.plan);
    data_roots::keep_off_git(repo, &mut restore.plan)?;
    Ok(RestorePlan { plan: restore.plan, unknown, skipped })
}

/// Adds to a plan what brings the tracked files outside `settled` back to `tree`, whatever they are now;
/// what that overwrites counts as lost.
pub(super) fn plan_drop(
    repo: &Repo,
    tree: TreeId,
    settled: &HashSet<RepoPath>,
    plan: &mut Plan,
    run: &RunContext,
) -> Result<(), StepError> {
    let Some(paths) = data_roots::to_look_at(repo, Vec::new())? else { return Ok(()) };
    let wanted = RestoreOptions {
        tree,
        paths,
        remove_tracked: None,
        expected: repo.sparse.clone(),
        absent_only: false,
    };
    let mut back = plan_restore(repo, &wanted, run)?.plan;
    back.removals.retain(|path| !settled.contains(path));
    back.dirs.retain(|path| !settled.contains(path));
    back.files.retain(|file| !settled.contains(&file.path));
    back.mode_changes.retain(|(path, _)| !settled.contains(path));
    back.symlinks.retain(|(path, _)| !settled.contains(path));
    back.conflicts.retain(|(path, _)| !settled.contains(path));
    let files = back.files.iter().map(|file| &file.path);
    let links = back.symlinks.iter().map(|(path, _)| path);
    let is_there = |path: &&RepoPath| {
        let disk = repo.paths.root.join(path.as_str());
        std::fs::symlink_metadata(disk).is_ok()
    };
    // What is gone from the disk cannot be lost.
    let lost: Vec<_> = files.chain(links).filter(is_there).cloned().collect();
    plan.lost.extend(lost.into_iter().map(|path| (path, Why::Modified)));
    plan.removals.extend(back.removals);
    plan.dirs.extend(back.dirs);
    plan.files.extend(back.files);
    plan.mode_changes.extend(back.mode_changes);
    plan.symlinks.extend(back.symlinks);
    plan.conflicts.extend(back.conflicts);
    sort_dirs(plan);
    Ok(())
}

/// The problems of a scan that concern files of a tree.
fn unreachable(
    repo: &Repo,
    tree: TreeId,
    problems: &[scan::Problem],
) -> Result<Vec<Skipped>, StepError> {
    let is_reached =
        |reason: &Reason| !matches!(reason, Reason::BeyondSymlink | Reason::Unreadable(_));
    let mut skipped = Vec::new();
    for scan::Problem { path, reason } in problems.iter().filter(|p| !is_reached(&p.reason)) {
        // A path that is shown escaped may be taken for another one: then it is named for nothing.
        let Ok(in_tree) = RepoPath::parse(path) else { continue };
        if prolly::resolve(&repo.store, tree, &in_tree)?.is_some() {
            skipped.push(Skipped { path: path.clone(), reason: reason.to_string() });
        }
    }
    Ok(skipped)
}

fn key(file: FileRef) -> (u32, u32) {
    (file.dir, file.entry)
}

/// Ids of files that the stat cache does not know.
pub fn hash_unknown(
    repo: &Repo,
    scan: &scan::Scan,
    items: &[FileRef],
    run: &RunContext,
) -> Result<HashMap<(u32, u32), EntryValue>, StepError> {
    if items.is_empty() {
        return Ok(HashMap::new());
    }
    let entry_of = |f: &FileRef| &scan.dirs[f.dir as usize].entries[f.entry as usize];
    let sizes: Vec<u64> = items.iter().map(|f| entry_of(f).stat.size).collect();
    let source = FileSource { root: &repo.paths.root, scan, items, resume: None };
    let options = IngestOptions {
        workers: run.threads,
        compression_level: repo.settings.core.compression_level,
        verify: false,
        checkpoint: run.checkpoint,
        progress: &*run.progress,
        cancel: &run.cancel,
    };
    run.progress.begin("reading", Some(sizes.iter().sum()), Some(sizes.len() as u64));
    let results = ingest::hash(repo.store.params(), &sizes, &source, &options);
    run.progress.finish();
    let results = results?;
    let value = |(at, file): (usize, &FileRef)| {
        let entry = entry_of(file);
        let ScannedKind::File { executable } = entry.kind else { return None };
        let (id, size) = results.get(at)?;
        let size = size.unwrap_or(entry.stat.size);
        Some((key(*file), EntryValue::File { id, size, executable }))
    };
    Ok(items.iter().enumerate().filter_map(value).collect())
}

struct Found<'f> {
    path: RepoPath,
    kind: ScannedKind,
    now: Option<EntryValue>,
    old: Option<&'f EntryValue>,
}

struct Restore<'r> {
    repo: &'r Repo,
    plan: Plan,
}

impl Restore<'_> {
    /// A difference of a folder; `read` has what the files are that had to be read.
    fn differs(
        &mut self,
        options: &RestoreOptions,
        dir: &ScannedDir,
        delta: &Delta,
        read: &dyn Fn(u32) -> Option<EntryValue>,
    ) -> Result<(), StepError> {
        let entry = match delta {
            Delta::Gone(entry) => return self.bring(dir.path.join(&entry.name)?, &entry.value),
            Delta::New { .. } | Delta::Found { .. } if options.absent_only => return Ok(()),
            Delta::New { entry } | Delta::Found { entry, .. } => *entry,
        };
        let scanned = &dir.entries[entry as usize];
        let (path, kind) = (dir.path.join(&scanned.name)?, scanned.kind);
        let now = delta.value().cloned().or_else(|| read(entry));
        self.found(Found { path, kind, now, old: delta.old() }, options.remove_tracked)
    }

    /// A path on disk that no tree can hold, such as a pipe: nothing is lost when it goes.
    fn replace(&mut self, path: RepoPath, tree: TreeId) -> Result<(), StepError> {
        let Some(value) = prolly::resolve(&self.repo.store, tree, &path)? else { return Ok(()) };
        self.plan.removals.push(path.clone());
        self.bring(path, &value)
    }

    /// A path on disk that differs from the tree.
    fn found(&mut self, found: Found<'_>, tracked: Option<TreeId>) -> Result<(), StepError> {
        let Found { path, kind, now, old } = found;
        let is_dir = kind == ScannedKind::Directory;
        let Some(old) = old else {
            // Not in the tree: only what is tracked otherwise may go.
            let read: &dyn ReadObjects = &self.repo.store;
            let is_tracked = match tracked {
                Some(tree) => prolly::resolve(read, tree, &path)?.is_some(),
                None => false,
            };
            if is_tracked {
                let list =
                    if is_dir { &mut self.plan.dir_removals } else { &mut self.plan.removals };
                list.push(path);
            }
            return Ok(());
        };
        if now.as_ref() == Some(old) {
            return Ok(());
        }
        if let (
            Some(EntryValue::File { id: a, executable: x, .. }),
            EntryValue::File { id: b, executable: y, .. },
        ) = (&now, old)
            && a == b
            && x != y
        {
            self.plan.mode_changes.push((path, *y));
            return Ok(());
        }
        match (is_dir, old) {
            (true, EntryValue::Directory { .. }) => Ok(()),
            (true, _) => {
                self.plan.conflicts.push((path, Why::Untracked));
                Ok(())
            }
            (false, EntryValue::File { .. }) if matches!(kind, ScannedKind::File { .. }) => {
                self.bring(path, old)
            }
            (false, _) => {
                self.plan.removals.push(path.clone());
                self.bring(path, old)
            }
        }
    }

    /// Everything of an entry that is not on disk, with the folders on the way.
    fn bring(&mut self, path: RepoPath, value: &EntryValue) -> Result<(), StepError> {
        self.need_parents(&path);
        self.place(path, value)
    }

    fn place(&mut self, path: RepoPath, value: &EntryValue) -> Result<(), StepError> {
        match value {
            EntryValue::File { id, size, executable } => {
                let (id, size, executable) = (*id, *size, *executable);
                self.plan.files.push(PlannedFile { path, id, size, executable });
            }
            EntryValue::Symlink { target } => self.plan.symlinks.push((path, target.clone())),
            EntryValue::Directory { id, .. } => {
                self.plan.dirs.push(path.clone());
                let repo = self.repo;
                for entry in prolly::iterate(&repo.store, *id) {
                    let entry = entry?;
                    self.place(path.join(&entry.name)?, &entry.value)?;
                }
            }
        }
        Ok(())
    }

    /// Folders on the way that are not on disk.
    fn need_parents(&mut self, path: &RepoPath) {
        let parent = path.parent().filter(|p| !p.is_root());
        if let Some(parent) = parent
            && self.plan.dirs.last() != Some(&parent)
            && !self.repo.paths.root.join(parent.as_str()).is_dir()
            && !self.plan.dirs.contains(&parent)
        {
            self.need_parents(&parent);
            self.plan.dirs.push(parent);
        }
    }
}
