//! `doctor` as text that can be pasted into a report.

use std::io::{self, Write};

use esker::ops::SharedBy;
use esker::ops::doctor::{DoctorOutcome, RepositoryReport, StateReport};
use esker::path::escape;

use super::text::safe;
use super::units::{bytes, count, counted};
use crate::cli::term::Palette;

/// The whole report.
pub fn report(out: &mut dyn Write, palette: &Palette, outcome: &DoctorOutcome) -> io::Result<()> {
    let build = if outcome.debug_build { ", debug build" } else { "" };
    row(out, "esker", &format!("{} on {}{build}", outcome.version, outcome.platform))?;
    row(out, "cores", &count(outcome.cores as u64))?;
    row(out, "author", if outcome.author_is_set { "set" } else { "not set by esker" })?;
    for (key, value) in &outcome.settings {
        row(out, "setting", &format!("{}={}", safe(key), safe(value)))?;
    }
    match &outcome.repository {
        Some(repository) => self::repository(out, repository)?,
        None => row(out, "repository", "none here")?,
    }
    let bad = palette.bad;
    for problem in &outcome.problems {
        row(out, "problem", &format!("{bad}{}{bad:#}", safe(problem)))?;
    }
    outcome.last_errors.iter().try_for_each(|line| row(out, "last error", &safe(line)))
}

fn row(out: &mut dyn Write, name: &str, value: &str) -> io::Result<()> {
    writeln!(out, "{name:<14} {value}")
}

fn repository(out: &mut dyn Write, report: &RepositoryReport) -> io::Result<()> {
    let git = if report.inside_git { ", in a git checkout" } else { "" };
    row(out, "repository", &format!("{}{git}", safe(&report.root.display().to_string())))?;
    if let Some(SharedBy { dir, repositories }) = &report.store {
        let shared =
            format!("{}, on which repositories: {repositories}", safe(&dir.display().to_string()));
        row(out, "store", &shared)?;
    }
    let facts = &report.file_system;
    let kind = facts.kind.as_deref().unwrap_or("unknown");
    let space = match (facts.free_bytes, facts.total_bytes) {
        (Some(free), Some(total)) => format!(", {} free of {}", bytes(free), bytes(total)),
        _ => String::new(),
    };
    row(out, "file system", &format!("{}{space}", escape(kind)))?;
    let facts = [
        ("locks", facts.locks),
        ("symlinks", facts.symlinks),
        ("modes", facts.executable_bits),
        ("case", facts.case_sensitive),
    ];
    let known = |(name, fact): &(&str, Option<bool>)| {
        let answer = match fact {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "unknown",
        };
        format!("{name} {answer}")
    };
    row(out, "supports", &facts.iter().map(known).collect::<Vec<_>>().join(", "))?;
    report.state.iter().try_for_each(|state| self::state(out, state))
}

fn state(out: &mut dyn Write, state: &StateReport) -> io::Result<()> {
    row(out, "id", &state.id)?;
    let format: Vec<String> =
        state.format.iter().map(|(key, value)| format!("{key}={value}")).collect();
    row(out, "format", &format.join(" "))?;
    row(out, "shared memory", if state.shared_memory { "yes" } else { "NO" })?;
    let branch = state.branch.as_deref().map_or("detached".into(), escape);
    let commits = if state.has_commits { "" } else { ", no commits" };
    let stage = if state.has_stage { ", something staged" } else { "" };
    row(out, "HEAD", &format!("{branch}{commits}{stage}"))?;
    let packs = format!("{} ({})", counted(state.packs, "pack"), bytes(state.pack_bytes));
    let tables = counted(state.tables, "table");
    let refs = counted(state.refs, "ref");
    row(out, "holds", &format!("{packs}, {tables}, {refs}, generation {}", state.generation))?;
    for (number, what) in [
        (state.condemned_packs, "condemned pack"),
        (state.bad_blocks, "bad block"),
        (state.roots, "data root"),
    ] {
        if number > 0 {
            row(out, "also", &counted(number, what))?;
        }
    }
    state.interrupted.iter().try_for_each(|kind| row(out, "unfinished", &safe(kind)))
}
