//! From the worktree to the stage: scan, compare, ingest what changed, build trees, publish.

use std::collections::HashSet;

use super::known::{self, Known};
use super::resume;
use super::{RunContext, StepError};
use crate::id::TreeId;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::store::ingest;
use crate::store::objects::ObjectWriter;
use crate::worktree::compare::{self, Comparison, Taken};
use crate::worktree::scan::{self, Scan, ScanOptions};

mod edit;
mod long;
mod outcome;
mod reading;
mod snapshot;
mod stream;
mod trees;

pub use edit::edit_stage;
pub use long::{LongFile, StoredSpan, stage_long, store_span};
pub use outcome::changes;
pub use snapshot::{snapshot, store_again};
pub use stream::stage_stream;

pub(super) use reading::{FileSource, ingest_options, read_outcome, stat_row};

use edit::{again, move_stage};
use outcome::{dry_outcome, outcome_of, sums_of};
use reading::{ReadValues, entry_of, path_of, read_files, reason, record_known};
use trees::{build_tree, packs_of_known};

/// What is to be staged.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// Paths and all below them; empty means everything.
    pub paths: Vec<RepoPath>,
    /// Paths of the tree below `paths` that are never looked at.
    pub taken: Taken,
    /// Only says what would happen.
    pub dry_run: bool,
    /// Only part of the files that are to be read.
    pub part: Option<Part>,
}

/// A part of the files that are to be read; others stay as they are staged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Files of so many bytes at most; longer ones are left out.
    pub max_bytes: u64,
    /// Those whose paths come after this one, where parts before it were staged.
    pub after: Option<RepoPath>,
    /// Whether what is stored already and will be staged counts: a run that was cut short left it.
    pub counts_stored: bool,
}

/// One difference between worktree and stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedChange {
    /// Where.
    pub path: RepoPath,
    /// What the stage had.
    pub old: Option<EntryValue>,
    /// What is there now; `None` for what is gone, and in a dry run for files not read.
    pub new: Option<EntryValue>,
    /// Whether the path is gone.
    pub is_gone: bool,
}

/// What was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path, escaped for display.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What staging did.
#[derive(Debug, Default)]
pub struct Staged {
    /// Files that the stage did not have.
    pub added: u64,
    /// Files that differ from what the stage had.
    pub modified: u64,
    /// Entries that are gone.
    pub removed: u64,
    /// Files that are as before.
    pub unchanged: u64,
    /// Bytes of added and modified files.
    pub logical_bytes: u64,
    /// Of these, bytes that were not in the store.
    pub new_bytes: u64,
    /// Bytes written to the store.
    pub stored_bytes: u64,
    /// Entries left out by rules.
    pub ignored: u64,
    /// What could not be taken.
    pub skipped: Vec<Skipped>,
    /// Paths asked for that are neither on disk nor in the stage.
    pub unknown: Vec<RepoPath>,
    /// The differences, in a dry run.
    pub changes: Vec<StagedChange>,
    /// The last path of a part that is not the last one.
    pub rest: Option<RepoPath>,
    /// Files that are too long for any part, by path.
    pub too_long: Vec<LongFile>,
    /// What was staged before, and is; nothing where that is HEAD's tree.
    pub moved: (Option<TreeId>, Option<TreeId>),
}

/// Stages the worktree's files.
pub fn stage(repo: &Repo, options: &StageOptions, run: &RunContext) -> Result<Staged, StepError> {
    let mut spent = (0, 0);
    again(|| stage_once(repo, options, run, &mut spent))
}

fn stage_once(
    repo: &Repo,
    options: &StageOptions,
    run: &RunContext,
    spent: &mut (u64, u64),
) -> Result<Staged, StepError> {
    known::settle(repo);
    let state = repo.state()?;
    let known = Known::for_storing(repo);
    let scan = scan_paths(repo, &options.paths, run)?;
    let mut comparison =
        compare::compare(&scan, state.staged_tree(), &repo.store, &known, run.threads)?;
    // Before names are left out of the comparison: a seal speaks of all of them.
    known::record_seals(repo, &scan, &comparison);
    if !options.taken.added {
        drop_untracked(&mut comparison);
    }
    if options.dry_run {
        return Ok(dry_outcome(&scan, &comparison, options.taken));
    }
    let (mut rest, mut too_long) = (None, Vec::new());
    if let Some(part) = &options.part {
        let stored = if part.counts_stored { stored_bytes(&scan, &comparison) } else { 0 };
        (rest, too_long) = take_part(&scan, &mut comparison, part, stored);
    }
    let reading = read_files(repo, &scan, &comparison, run)?;
    spent.0 += reading.new_bytes;
    spent.1 += reading.stored_bytes;
    let values = ReadValues { scan: &scan, comparison: &comparison, results: &reading.results };
    let (tree_bytes, stage) = publish_stage(repo, &state, options.taken, &values, *spent)?;
    spent.1 += tree_bytes;
    let moved = (state.stage, stage);
    let outcome = Staged { rest, too_long, moved, ..outcome_of(&values, options.taken, *spent) };
    record_known(repo, &values);
    Ok(outcome)
}

/// Leaves the files of one part to be read, beside so many bytes that are stored; gives the last of them, if
/// there are more, and those that are too long for any.
fn take_part(
    scan: &Scan,
    comparison: &mut Comparison,
    part: &Part,
    stored: u64,
) -> (Option<RepoPath>, Vec<LongFile>) {
    let too_long = long::of(scan, comparison, part.max_bytes);
    let paths = comparison.to_read.iter().map(|file| path_of(scan, *file));
    let sizes = comparison.to_read.iter().map(|file| entry_of(scan, *file).stat.size);
    let mut files: Vec<(RepoPath, u64)> = paths.zip(sizes).collect();
    files.retain(|(path, _)| part.after.as_ref().is_none_or(|after| path > after));
    files.retain(|(_, size)| *size <= part.max_bytes);
    files.sort();
    let (mut bytes, mut count) = (stored, 0usize);
    for (_, size) in &files {
        bytes = bytes.saturating_add(*size);
        if bytes > part.max_bytes {
            break;
        }
        count += 1;
    }
    let last = count.checked_sub(1).and_then(|last| files.get(last)).map(|(path, _)| path.clone());
    // None fits beside what is stored: all come after the root.
    let last = last.or(part.after.clone()).unwrap_or(RepoPath::root());
    let rest = files.get(count).map(|_| last);
    let taken: HashSet<RepoPath> = files.into_iter().take(count).map(|(path, _)| path).collect();
    comparison.to_read.retain(|file| taken.contains(&path_of(scan, *file)));
    (rest, too_long)
}

/// Bytes of the files that need not be read, and that are staged as something else, or not at all.
fn stored_bytes(scan: &Scan, comparison: &Comparison) -> u64 {
    let mut bytes = 0u64;
    for (dir, delta) in scan.dirs.iter().zip(&comparison.dirs) {
        let found = delta.deltas.iter().filter(|delta| delta.value().is_some());
        let entries = found.filter_map(|delta| dir.entries.get(delta.entry()? as usize));
        bytes = entries.fold(bytes, |bytes, entry| bytes.saturating_add(entry.stat.size));
    }
    bytes
}

fn scan_paths(repo: &Repo, paths: &[RepoPath], run: &RunContext) -> Result<Scan, StepError> {
    let flag = run.cancel.flag();
    let options = ScanOptions {
        threads: run.threads,
        honour_ignore: true,
        paths: paths.to_vec(),
        cancel: Some(&flag),
        sealed: None,
    };
    Ok(scan::scan(&repo.paths.root, &options)?)
}

fn drop_untracked(comparison: &mut Comparison) {
    let mut tracked = HashSet::new();
    for (dir, delta) in (0u32..).zip(&comparison.dirs) {
        let known = delta.deltas.iter().filter(|d| d.old().is_some());
        tracked.extend(known.filter_map(|d| d.entry()).map(|entry| (dir, entry)));
    }
    comparison.to_read.retain(|file| tracked.contains(&(file.dir, file.entry)));
}

/// Builds the new trees and moves the stage; returns the bytes written, and what it is.
fn publish_stage(
    repo: &Repo,
    state: &WorkState,
    taken: Taken,
    values: &ReadValues<'_>,
    spent: (u64, u64),
) -> Result<(u64, Option<TreeId>), StepError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let (scan, comparison) = (values.scan, values.comparison);
    let root = build_tree(repo, state, taken, values, &mut writer)?;
    if Some(root.id) == state.staged_tree() && spent == (0, 0) {
        return Ok((0, state.stage));
    }
    let packs = writer.finish()?;
    let bytes = packs.iter().map(|p| p.bytes).sum();
    let new_stage = state.stage_for(root.id);
    let sums = sums_of(values, taken, state, root);
    let relied = packs_of_known(repo, comparison)?;
    session.hold(&relied)?;
    repo.store.publish(packs, &relied, |tx| {
        move_stage(tx, repo, state, new_stage)?;
        tx.add_cost(repo.worktree, spent.0, spent.1 + bytes)?;
        if let Some(sums) = &sums {
            tx.set_staged_sums(repo.worktree, sums)?;
        }
        for file in &comparison.to_read {
            if entry_of(scan, *file).stat.size >= ingest::LARGE_FILE_BYTES {
                resume::forget(tx, repo, &path_of(scan, *file))?;
            }
        }
        Ok::<_, StepError>(())
    })?;
    Ok((bytes, new_stage))
}
