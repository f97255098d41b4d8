//! What staging did, or would do, in numbers and as a list.

use super::trees::Root;
use super::{ReadValues, Staged, StagedChange, entry_of};
use crate::db::StagedSums;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::WorkState;
use crate::store::ingest::Results;
use crate::worktree::compare::{Comparison, Delta, FileRef, Taken};
use crate::worktree::scan::{Scan, ScannedKind};

pub(super) fn outcome_of(values: &ReadValues<'_>, taken: Taken, spent: (u64, u64)) -> Staged {
    let mut outcome = Staged {
        unchanged: values.comparison.unchanged,
        new_bytes: spent.0,
        stored_bytes: spent.1,
        ignored: values.scan.ignored,
        skipped: values.skipped(),
        unknown: unknown_paths(values.scan, values.comparison),
        ..Staged::default()
    };
    for (number, dir) in values.comparison.dirs.iter().enumerate() {
        for delta in &dir.deltas {
            count(&mut outcome, values, taken, number as u32, delta);
        }
    }
    if taken.removed {
        outcome.removed +=
            values.comparison.missing.iter().map(|(_, v)| v.totals().files).sum::<u64>();
    }
    outcome
}

fn count(outcome: &mut Staged, values: &ReadValues<'_>, taken: Taken, dir: u32, delta: &Delta) {
    match delta {
        Delta::Gone(entry) if taken.removed => outcome.removed += entry.value.totals().files,
        Delta::Gone(_) => {}
        Delta::New { entry } | Delta::Found { entry, .. } => {
            let (file, old) = (FileRef { dir, entry: *entry }, delta.old());
            let kind = entry_of(values.scan, file).kind;
            if kind == ScannedKind::Directory || (old.is_none() && !taken.added) {
                return;
            }
            let Some(new) = delta.value().cloned().or_else(|| values.value(file)) else { return };
            match old {
                Some(old) if *old == new => outcome.unchanged += 1,
                Some(_) => outcome.modified += 1,
                None => outcome.added += 1,
            }
            if old != Some(&new) {
                outcome.logical_bytes += new.totals().bytes;
            }
        }
    }
}

/// What the next commit is to say of the new root: nothing where it is not staged on HEAD's tree, or where
/// a folder took the place of something else, or something else that of a folder.
pub(super) fn sums_of(
    values: &ReadValues<'_>,
    taken: Taken,
    state: &WorkState,
    root: Root,
) -> Option<StagedSums> {
    let ((files, bytes), None) = (root.holds?, state.stage) else { return None };
    let (base, tree) = (state.head_tree, root.id);
    let mut sums = StagedSums { base, tree, files, bytes, added: 0, modified: 0, removed: 0 };
    for (number, dir) in values.comparison.dirs.iter().enumerate() {
        for delta in &dir.deltas {
            add_to(&mut sums, values, taken, number as u32, delta)?;
        }
    }
    if taken.removed {
        let missing = &values.comparison.missing;
        sums.removed += missing.len() as u64;
        return (!missing.iter().any(|(_, value)| is_folder(value))).then_some(sums);
    }
    Some(sums)
}

/// Gives nothing where a folder and something else have one name.
fn add_to(
    sums: &mut StagedSums,
    values: &ReadValues<'_>,
    taken: Taken,
    dir: u32,
    delta: &Delta,
) -> Option<()> {
    let old = delta.old();
    let Some(entry) = delta.entry() else {
        sums.removed += u64::from(taken.removed);
        return (!taken.removed || !old.is_some_and(is_folder)).then_some(());
    };
    let file = FileRef { dir, entry };
    if entry_of(values.scan, file).kind == ScannedKind::Directory {
        return old.is_none().then_some(());
    }
    let new = delta.value().cloned().or_else(|| values.value(file));
    match (old, new) {
        // It could not be read, and stays as it is.
        (_, None) => {}
        (Some(old), Some(_)) if is_folder(old) => return None,
        (Some(old), Some(new)) => sums.modified += u64::from(*old != new),
        (None, Some(_)) => sums.added += u64::from(taken.added),
    }
    Some(())
}

fn is_folder(value: &EntryValue) -> bool {
    matches!(value, EntryValue::Directory { .. })
}

fn unknown_paths(scan: &Scan, comparison: &Comparison) -> Vec<RepoPath> {
    let is_known = |p: &RepoPath| comparison.missing.iter().any(|(q, _)| q == p);
    scan.missing.iter().filter(|p| !is_known(p)).cloned().collect()
}

pub(super) fn dry_outcome(scan: &Scan, comparison: &Comparison, taken: Taken) -> Staged {
    let nothing = Results::default();
    let values = ReadValues { scan, comparison, results: &nothing };
    let mut outcome = Staged {
        unchanged: comparison.unchanged,
        ignored: scan.ignored,
        skipped: values.skipped(),
        unknown: unknown_paths(scan, comparison),
        ..Staged::default()
    };
    outcome.changes = changes(scan, comparison, taken);
    for change in &outcome.changes {
        let files = |v: &Option<EntryValue>| v.as_ref().map_or(1, |v| v.totals().files);
        match (&change.old, change.is_gone) {
            (old, true) => outcome.removed += files(old),
            (Some(_), false) => outcome.modified += 1,
            (None, false) => outcome.added += 1,
        }
    }
    let bytes = |f: &FileRef| entry_of(scan, *f).stat.size;
    outcome.logical_bytes = comparison.to_read.iter().map(bytes).sum();
    outcome
}

/// The differences of a comparison as a list; files that must be read count as changed.
pub fn changes(scan: &Scan, comparison: &Comparison, taken: Taken) -> Vec<StagedChange> {
    let mut list = Vec::new();
    for (dir, delta) in scan.dirs.iter().zip(&comparison.dirs) {
        for one in &delta.deltas {
            let (name, old, new, is_gone) = match one {
                Delta::Gone(entry) => (&entry.name, Some(entry.value.clone()), None, true),
                Delta::New { entry } | Delta::Found { entry, .. } => {
                    let entry = &dir.entries[*entry as usize];
                    if entry.kind == ScannedKind::Directory && one.old().is_none() {
                        continue;
                    }
                    (&entry.name, one.old().cloned(), one.value().cloned(), false)
                }
            };
            if (is_gone && !taken.removed) || (!is_gone && old.is_none() && !taken.added) {
                continue;
            }
            let path = dir.path.join(name).expect("scanned names are valid");
            list.push(StagedChange { path, old, new, is_gone });
        }
    }
    for (path, value) in comparison.missing.iter().filter(|_| taken.removed) {
        let old = Some(value.clone());
        list.push(StagedChange { path: path.clone(), old, new: None, is_gone: true });
    }
    list
}
