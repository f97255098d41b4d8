//! `merge`, `revert` and `cherry-pick`, as text for people.

use std::io::{self, Write};

use esker::ops::{ConflictEntry, MergeOutcome, MergeResult};
use esker::path::escape;

use super::text::safe;
use super::units::{bytes, counted};
use crate::cli::term::Palette;

/// What became of it, and what to do next.
pub fn outcome(out: &mut dyn Write, palette: &Palette, outcome: &MergeOutcome) -> io::Result<()> {
    let id = palette.id;
    for made in &outcome.commits {
        let branch = outcome.branch.as_deref().unwrap_or("detached HEAD");
        let (short, summary) = (made.commit.short(), safe(&made.summary));
        writeln!(out, "[{} {id}{short}{id:#}] {summary}", escape(branch))?;
    }
    for empty in &outcome.empty {
        writeln!(out, "{id}{}{id:#} left out: what it changes is there already", empty.short())?;
    }
    let head = outcome.commit.map(|commit| commit.short()).unwrap_or_default();
    match outcome.result {
        MergeResult::UpToDate if outcome.verb == "merge" => {
            return writeln!(out, "Already up to date.");
        }
        MergeResult::UpToDate => return Ok(()),
        MergeResult::FastForward if outcome.dry_run => {
            writeln!(out, "would fast-forward to {id}{head}{id:#}")?;
        }
        MergeResult::FastForward => writeln!(out, "Fast-forward to {id}{head}{id:#}")?,
        MergeResult::Aborted => {
            return writeln!(out, "{} given up; HEAD is at {id}{head}{id:#}", outcome.verb);
        }
        MergeResult::Skipped => return writeln!(out, "left out; HEAD is at {id}{head}{id:#}"),
        MergeResult::Staged if outcome.dry_run => {
            writeln!(out, "would {} without conflicts", outcome.verb)?
        }
        MergeResult::Staged if !outcome.empty.is_empty() => return Ok(()),
        MergeResult::Staged => writeln!(out, "staged, not committed")?,
        MergeResult::Committed | MergeResult::Conflicts => {}
    }
    counts(out, outcome)?;
    if outcome.dry_run && !outcome.conflicts.is_empty() {
        conflicts(out, palette, &outcome.conflicts)?;
        let count = counted(outcome.conflicts.len() as u64, "conflict");
        return writeln!(out, "would stop at {count}");
    }
    open_conflicts(out, palette, (&outcome.conflicts, outcome.verb))
}

fn counts(out: &mut dyn Write, outcome: &MergeOutcome) -> io::Result<()> {
    let MergeOutcome { added, modified, removed, .. } = outcome;
    write!(out, " {added} added, {modified} modified, {removed} removed")?;
    if outcome.bytes > 0 {
        write!(out, "; {} written", bytes(outcome.bytes))?;
    }
    if outcome.resolved > 0 {
        write!(out, "; {} resolved", counted(outcome.resolved, "conflict"))?;
    }
    writeln!(out)
}

/// Names the paths in conflict and says how to go on; nothing where there are none.
pub fn open_conflicts(
    out: &mut dyn Write,
    palette: &Palette,
    (entries, verb): (&[ConflictEntry], &str),
) -> io::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    conflicts(out, palette, entries)?;
    let count = counted(entries.len() as u64, "conflict");
    writeln!(out, "{count} to resolve: esker status shows how; then: esker {verb} --continue")
}

fn conflicts(out: &mut dyn Write, palette: &Palette, entries: &[ConflictEntry]) -> io::Result<()> {
    let bad = palette.bad;
    for entry in entries {
        write!(out, "{bad}CONFLICT{bad:#} ({}): {}", entry.conflict, escape(&entry.path))?;
        match &entry.theirs_at {
            Some(path) => writeln!(out, "; theirs is {}", escape(path))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}
