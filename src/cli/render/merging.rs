//! `merge`, `revert` and `cherry-pick`, as text for people.

use std::io::{self, Write};

use esker::ops::{MergeOutcome, MergeResult};
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
    conflicts(out, palette, outcome)
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

fn conflicts(out: &mut dyn Write, palette: &Palette, outcome: &MergeOutcome) -> io::Result<()> {
    if outcome.conflicts.is_empty() {
        return Ok(());
    }
    let bad = palette.bad;
    for entry in &outcome.conflicts {
        write!(out, "{bad}CONFLICT{bad:#} ({}): {}", entry.conflict, escape(&entry.path))?;
        match &entry.theirs_at {
            Some(path) => writeln!(out, "; theirs is {}", escape(path))?,
            None => writeln!(out)?,
        }
    }
    if outcome.dry_run {
        return writeln!(
            out,
            "would stop at {}",
            counted(outcome.conflicts.len() as u64, "conflict")
        );
    }
    let (count, verb) = (counted(outcome.conflicts.len() as u64, "conflict"), outcome.verb);
    writeln!(out, "{count} to resolve: esker status shows how; then: esker {verb} --continue")
}
