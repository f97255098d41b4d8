//! What differs between the worktree and a tree, for those who only look.

use super::known::{self, Known};
use super::restore::hash_unknown;
use super::stage::{Skipped, StagedChange, stat_row};
use super::{RunContext, StepError};
use std::collections::HashMap;

use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::path::patterns::Selection;
use crate::repo::Repo;
use crate::worktree::compare::{self, Comparison, Delta, FileRef};
use crate::worktree::scan::{self, Scan, ScanOptions, ScannedDir, ScannedKind, SealedFolders};

/// Differences of the worktree.
#[derive(Debug, Default)]
pub struct Seen {
    /// Tracked paths that differ.
    pub changed: Vec<StagedChange>,
    /// Paths that are not tracked; a folder, ending in `/`, stands for all below it.
    pub untracked: Vec<String>,
    /// What could not be looked at.
    pub skipped: Vec<Skipped>,
}

/// Compares `paths` (all, if there are none) with `tree`. Reads only files of unchanged size whose
/// times changed.
pub fn look(
    repo: &Repo,
    tree: Option<TreeId>,
    paths: Vec<RepoPath>,
    run: &RunContext,
) -> Result<Seen, StepError> {
    look_at(repo, tree, paths, &How::default(), run)
}

/// Like [`look`], but only at what is tracked: of what is not, some is told and some is not.
pub fn look_at_tracked(
    repo: &Repo,
    tree: Option<TreeId>,
    paths: Vec<RepoPath>,
    run: &RunContext,
) -> Result<Seen, StepError> {
    look_at(repo, tree, paths, &How { is_of_tracked: true, ..How::default() }, run)
}

/// Like [`look`], but tells only of what is selected; `paths` lead to all of that.
pub fn look_for(
    repo: &Repo,
    tree: Option<TreeId>,
    paths: Vec<RepoPath>,
    selection: &Selection,
    run: &RunContext,
) -> Result<Seen, StepError> {
    let how = How { selection: selection.clone(), ..How::default() };
    let mut seen = look_at(repo, tree, paths, &how, run)?;
    if selection.is_whole() {
        return Ok(seen);
    }
    let mut changed = Vec::new();
    for change in seen.changed {
        match &change.old {
            // Of a folder that is gone some files may be selected alone.
            Some(EntryValue::Directory { id, .. }) if !selection.takes(&change.path, true) => {
                let mut gone = |path, value| {
                    let (old, new) = (Some(value), None);
                    changed.push(StagedChange { path, old, new, is_gone: true });
                };
                selected_below(repo, &change.path, *id, selection, &mut gone)?;
                if change.new.is_some() && selection.takes(&change.path, false) {
                    changed.push(change);
                }
            }
            old => {
                let is_dir = matches!(old, Some(EntryValue::Directory { .. }));
                if selection.takes(&change.path, is_dir) {
                    changed.push(change);
                }
            }
        }
    }
    seen.changed = changed;
    Ok(seen)
}

fn selected_below(
    repo: &Repo,
    dir: &RepoPath,
    tree: TreeId,
    selection: &Selection,
    visit: &mut dyn FnMut(RepoPath, EntryValue),
) -> Result<(), StepError> {
    for entry in prolly::iterate(&repo.store, tree) {
        let entry = entry?;
        let path = dir.join(&entry.name)?;
        match entry.value {
            EntryValue::Directory { id, .. } => selected_below(repo, &path, id, selection, visit)?,
            value if selection.takes(&path, false) => visit(path, value),
            _ => {}
        }
    }
    Ok(())
}

/// Like [`look`], but also at tracked files that rules leave out.
pub fn look_past_rules(
    repo: &Repo,
    tree: Option<TreeId>,
    paths: Vec<RepoPath>,
    run: &RunContext,
) -> Result<Seen, StepError> {
    look_at(repo, tree, paths, &How { honour_ignore: false, ..How::default() }, run)
}

/// How the worktree is looked at.
struct How {
    /// Whether rules leave files out.
    honour_ignore: bool,
    /// What of it is told.
    selection: Selection,
    /// Whether what is not tracked may be passed over.
    is_of_tracked: bool,
}

impl Default for How {
    fn default() -> Self {
        Self { honour_ignore: true, selection: Selection::default(), is_of_tracked: false }
    }
}

fn look_at(
    repo: &Repo,
    tree: Option<TreeId>,
    paths: Vec<RepoPath>,
    how: &How,
    run: &RunContext,
) -> Result<Seen, StepError> {
    let (flag, honour_ignore, selection) = (run.cancel.flag(), how.honour_ignore, &how.selection);
    known::settle(repo);
    let known = Known::for_looking(repo);
    let sealed: Option<&dyn SealedFolders> = if how.is_of_tracked { Some(&known) } else { None };
    let (threads, cancel) = (run.threads, Some(&*flag));
    let options = ScanOptions { threads, honour_ignore, paths, cancel, sealed };
    let mut scan = scan::scan(&repo.paths.root, &options)?;
    let mut comparison = compare::compare(&scan, tree, &repo.store, &known, threads)?;
    if comparison.is_stale {
        // Something else was staged since the seals were made.
        scan = scan::scan(&repo.paths.root, &ScanOptions { sealed: None, ..options })?;
        comparison = compare::compare(&scan, tree, &repo.store, &known, threads)?;
    }
    let items = undecided(&scan, &comparison);
    let read = hash_unknown(repo, &scan, &items, run)?;
    record_read(repo, &scan, &items, &read);
    known::record_seals(repo, &scan, &comparison);
    let mut seen = Seen::default();
    for problem in &scan.problems {
        let (path, reason) = (problem.path.clone(), problem.reason.to_string());
        seen.skipped.push(Skipped { path, reason });
    }
    for (number, (dir, delta)) in scan.dirs.iter().zip(&comparison.dirs).enumerate() {
        let is_inside_untracked = delta.base.is_none() && is_listed(&scan, dir);
        if is_inside_untracked {
            see_selected(&mut seen, dir, selection)?;
            continue;
        }
        for one in &delta.deltas {
            let file = |entry: u32| (number as u32, entry);
            see(&mut seen, dir, (one, selection), |entry| read.get(&file(entry)).cloned())?;
        }
    }
    for (path, value) in comparison.missing {
        seen.changed.push(StagedChange { path, old: Some(value), new: None, is_gone: true });
    }
    // They came folder by folder.
    seen.changed.sort_by(|a, b| a.path.cmp(&b.path));
    seen.untracked.sort();
    Ok(seen)
}

/// Records files that had to be read, so that the next look need not read them again.
fn record_read(
    repo: &Repo,
    scan: &Scan,
    items: &[FileRef],
    read: &HashMap<(u32, u32), EntryValue>,
) {
    let mut rows = items.chunk_by(|a, b| a.dir == b.dir).map(|files| {
        let dir = &scan.dirs[files[0].dir as usize];
        let row = |file: &FileRef| match read.get(&(file.dir, file.entry))? {
            EntryValue::File { id, .. } => stat_row(&dir.entries[file.entry as usize], *id),
            _ => None,
        };
        (dir.path.clone(), files.iter().filter_map(row).collect())
    });
    known::record(repo, scan.started_at_ns, &mut rows);
}

/// Files that must be read to know whether they changed: tracked, and of the same size as before.
fn undecided(scan: &Scan, comparison: &Comparison) -> Vec<FileRef> {
    let mut items = Vec::new();
    for (number, (dir, delta)) in scan.dirs.iter().zip(&comparison.dirs).enumerate() {
        for one in &delta.deltas {
            let (Some(entry), Some(EntryValue::File { size, .. }), None) =
                (one.entry(), one.old(), one.value())
            else {
                continue;
            };
            let scanned = &dir.entries[entry as usize];
            if matches!(scanned.kind, ScannedKind::File { .. }) && scanned.stat.size == *size {
                items.push(FileRef { dir: number as u32, entry });
            }
        }
    }
    items
}

fn is_listed(scan: &Scan, dir: &ScannedDir) -> bool {
    let (Some(parent), Some(name)) = (dir.path.parent(), dir.path.name()) else { return false };
    let at = scan.dirs.binary_search_by(|d| d.path.cmp(&parent));
    at.is_ok_and(|at| scan.dirs[at].entries.binary_search_by(|e| (*e.name).cmp(name)).is_ok())
}

/// Tells of files in a folder that is not tracked, where they are selected and the folder is not.
fn see_selected(seen: &mut Seen, dir: &ScannedDir, selection: &Selection) -> Result<(), StepError> {
    if selection.is_whole() || selection.takes(&dir.path, true) {
        return Ok(());
    }
    for entry in &dir.entries {
        let (path, is_dir) = (dir.path.join(&entry.name)?, entry.kind == ScannedKind::Directory);
        if selection.takes(&path, is_dir) {
            let slash = if is_dir { "/" } else { "" };
            seen.untracked.push(format!("{}{slash}", path.as_str()));
        }
    }
    Ok(())
}

fn see(
    seen: &mut Seen,
    dir: &ScannedDir,
    (delta, selection): (&Delta, &Selection),
    read: impl Fn(u32) -> Option<EntryValue>,
) -> Result<(), StepError> {
    match delta {
        Delta::Gone(entry) => {
            let path = dir.path.join(&entry.name)?;
            let old = Some(entry.value.clone());
            seen.changed.push(StagedChange { path, old, new: None, is_gone: true });
        }
        Delta::New { entry } | Delta::Found { entry, .. } => {
            let scanned = &dir.entries[*entry as usize];
            let path = dir.path.join(&scanned.name)?;
            let Some(old) = delta.old() else {
                let is_dir = scanned.kind == ScannedKind::Directory;
                if selection.is_whole() || selection.takes(&path, is_dir) {
                    let slash = if is_dir { "/" } else { "" };
                    seen.untracked.push(format!("{}{slash}", path.as_str()));
                }
                return Ok(());
            };
            let new = delta.value().cloned().or_else(|| read(*entry));
            if new.as_ref() != Some(old) {
                let old = Some(old.clone());
                seen.changed.push(StagedChange { path, old, new, is_gone: false });
            }
        }
    }
    Ok(())
}
