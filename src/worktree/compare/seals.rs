//! Folders that were found equal to their trees: what is noted of them, so that the next comparison need not
//! look into them.

use super::Comparison;
use crate::path::RepoPath;
use crate::stat_cache::RowKind;
use crate::stat_cache::seal::{Fingerprint, Names, Seal, SealedFile, may_be_sealed};
use crate::worktree::scan::{Scan, ScannedDir, ScannedEntry, ScannedKind};

/// What a folder looks like, where a seal could speak of it: it was listed to the end and holds files
/// only. A folder in it has a tree of its own to compare, a symlink must be read.
pub(super) fn fingerprint(dir: &ScannedDir) -> Option<Fingerprint> {
    let is_file = |entry: &ScannedEntry| matches!(entry.kind, ScannedKind::File { .. });
    let is_whole = dir.is_complete && dir.withheld.is_empty() && dir.entries.iter().all(is_file);
    is_whole.then(|| Fingerprint::of(dir.entries.iter().map(sealed_file)))
}

fn sealed_file(entry: &ScannedEntry) -> SealedFile<'_> {
    let ScannedEntry { name, kind, stat } = entry;
    let kind = match kind {
        ScannedKind::File { executable: true } => RowKind::Executable,
        _ => RowKind::File,
    };
    SealedFile { name, kind, stat }
}

/// Names that a seal keeps at most: larger folders are listed by several threads anyway.
const MAX_NAMES_KEPT: usize = 1024;

/// The folders that may be sealed now: found equal to their trees, and not sealed yet.
///
/// `comparison` must be as [`compare()`](super::compare()) made it.
pub fn new_seals<'c>(
    scan: &'c Scan,
    comparison: &'c Comparison,
) -> impl Iterator<Item = (&'c RepoPath, Seal)> {
    let is_settled = |entry: &ScannedEntry| may_be_sealed(&entry.stat, scan.started_at_ns);
    scan.dirs.iter().zip(&comparison.dirs).filter_map(move |(dir, delta)| {
        let tree = delta
            .base
            .filter(|_| !delta.is_sealed && !delta.is_partial && delta.deltas.is_empty())?;
        let is_worth_it = !dir.entries.is_empty() && dir.entries.iter().all(is_settled);
        let fingerprint = is_worth_it.then(|| fingerprint(dir)).flatten()?;
        let is_kept = dir.entries.len() <= MAX_NAMES_KEPT;
        let names = dir.entries.iter().filter(|_| is_kept).map(|entry| &*entry.name);
        Some((&dir.path, Seal { tree, fingerprint, names: Names::of(names) }))
    })
}
