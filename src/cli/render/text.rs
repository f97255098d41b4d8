//! What verbs did, as text for people.

use std::io::{self, Write};

use esker::ops::SharedBy;
use esker::ops::add::AddOutcome;
use esker::ops::checkout::CheckoutOutcome;
use esker::ops::commit::CommitOutcome;
use esker::ops::config::ConfigEntry;
use esker::ops::demo::DemoStep;
use esker::ops::fsck::{FsckOutcome, Problem};
use esker::ops::init::InitOutcome;
use esker::ops::restore::RestoreOutcome;
use esker::ops::stats::StatsOutcome;
use esker::ops::{ChangeKind, FetchedData};
use esker::path::escape;

use super::units::{bytes, count, counted, seconds};
use crate::cli::term::Palette;

/// Text that a person wrote, safe to show: as [`escape`], but `\` and tabs stay.
pub(super) fn safe(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for part in text.split_inclusive(['\\', '\t']) {
        let shown = part.trim_end_matches(['\\', '\t']);
        out.push_str(&escape(shown));
        out.push_str(&part[shown.len()..]);
    }
    out
}

/// `init`.
pub fn init(out: &mut dyn Write, _: &Palette, outcome: &InitOutcome) -> io::Result<()> {
    let what = if outcome.created { "Initialized empty" } else { "Reinitialized existing" };
    let dir = outcome.dir.display().to_string();
    writeln!(out, "{what} esker repository in {}", safe(&dir))?;
    if let Some(store) = &outcome.store {
        writeln!(out, "Its packs are in the store {}", safe(&store.display().to_string()))?;
    }
    if outcome.inside_git {
        writeln!(out, "This is a git checkout: name the data folders with \"esker add <folder>\"")?;
    }
    Ok(())
}

/// `add`.
pub fn add(out: &mut dyn Write, _: &Palette, outcome: &AddOutcome) -> io::Result<()> {
    for change in &outcome.changes {
        let verb = if change.change == ChangeKind::Deleted { "remove" } else { "add" };
        writeln!(out, "{verb} '{}'", escape(&change.path))?;
    }
    let AddOutcome { added, modified, removed, unchanged, .. } = *outcome;
    let verb = if outcome.dry_run { "would stage" } else { "staged" };
    write!(out, "{verb} {}: ", counted(added + modified + removed, "change"))?;
    let counts = [(added, "new"), (modified, "modified"), (removed, "removed")];
    write!(out, "{}", joined(&counts))?;
    write!(out, "; {} unchanged", count(unchanged))?;
    if outcome.ignored > 0 {
        write!(out, ", {} ignored", count(outcome.ignored))?;
    }
    writeln!(out)?;
    if !outcome.resolved.is_empty() {
        writeln!(out, "{} resolved", counted(outcome.resolved.len() as u64, "conflict"))?;
    }
    if outcome.dry_run || added + modified == 0 {
        return Ok(());
    }
    let cost = cost(outcome.logical_bytes, outcome.new_bytes, outcome.stored_bytes);
    writeln!(out, "{cost}, in {}", seconds(outcome.seconds))?;
    match &outcome.to {
        Some(to) => writeln!(out, "{} at {to}, and not here", bytes(outcome.sent_bytes)),
        None => Ok(()),
    }
}

fn joined(counts: &[(u64, &str)]) -> String {
    let some: Vec<_> = counts.iter().filter(|(n, _)| *n > 0).collect();
    if some.is_empty() {
        return "nothing new".to_string();
    }
    let shown: Vec<_> = some.iter().map(|(n, what)| format!("{} {what}", count(*n))).collect();
    shown.join(", ")
}

fn cost(logical: u64, new: u64, stored: u64) -> String {
    format!("{} of data, {} new, {} stored", bytes(logical), bytes(new), bytes(stored))
}

/// `commit`.
pub fn commit(out: &mut dyn Write, palette: &Palette, outcome: &CommitOutcome) -> io::Result<()> {
    let id = palette.id;
    let branch = outcome.branch.as_deref().unwrap_or("detached HEAD");
    let root = if outcome.parents.is_empty() { " (first commit)" } else { "" };
    let (short, summary) = (outcome.commit.short(), safe(&outcome.summary));
    writeln!(out, "[{}{root} {id}{short}{id:#}] {summary}", escape(branch))?;
    let CommitOutcome { added, modified, removed, .. } = *outcome;
    let counts = [(added, "added"), (modified, "modified"), (removed, "removed")];
    let changes = joined(&counts);
    writeln!(out, " {changes}; {} in all", counted(outcome.files, "file"))?;
    writeln!(out, " {}", cost(outcome.bytes, outcome.new_bytes, outcome.stored_bytes))
}

/// What a dry run would do, a line each.
pub(super) fn planned(out: &mut dyn Write, plan: &[String]) -> io::Result<()> {
    plan.iter().try_for_each(|line| writeln!(out, "{}", safe(line)))?;
    if plan.is_empty() {
        return writeln!(out, "no file would change");
    }
    writeln!(out, "would change {}", counted(plan.len() as u64, "path"))
}

/// `checkout` of paths, where HEAD stays.
pub fn checkout_paths(
    out: &mut dyn Write,
    outcome: &CheckoutOutcome,
    is_dry_run: bool,
) -> io::Result<()> {
    if is_dry_run {
        planned(out, &outcome.plan)?;
        return to_be_fetched(out, &outcome.planned);
    }
    let (written, removed) = (counted(outcome.written, "file"), count(outcome.removed));
    let (bytes, time) = (bytes(outcome.bytes), seconds(outcome.seconds));
    writeln!(out, "{written} written ({bytes}), {removed} removed, in {time}")
}

/// What a dry run found missing here.
pub fn to_be_fetched(out: &mut dyn Write, missing: &FetchedData) -> io::Result<()> {
    match missing.files {
        0 => Ok(()),
        files => {
            let (files, size) = (counted(files, "file"), bytes(missing.bytes));
            writeln!(out, "would be fetched: {files}, {size}")
        }
    }
}

/// `restore`.
pub fn restore(out: &mut dyn Write, outcome: &RestoreOutcome, is_dry_run: bool) -> io::Result<()> {
    if is_dry_run {
        planned(out, &outcome.plan)?;
        return to_be_fetched(out, &outcome.planned);
    }
    let RestoreOutcome { written, removed, unstaged, .. } = *outcome;
    let counts = [(written, "written"), (removed, "removed"), (unstaged, "unstaged")];
    match counts.iter().all(|(n, _)| *n == 0) {
        true => writeln!(out, "nothing to restore"),
        false => writeln!(out, "restored: {} ({})", joined(&counts), bytes(outcome.bytes)),
    }
}

/// `fsck`.
pub fn fsck(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &FsckOutcome,
    quiet: bool,
) -> io::Result<()> {
    outcome.problems.iter().try_for_each(|problem| fsck_problem(out, palette, problem))?;
    if quiet {
        return Ok(());
    }
    if let Some(made) = &outcome.rebuilt {
        let (packs, tables) = (counted(made.packs, "pack"), counted(made.tables, "table"));
        writeln!(out, "rebuilt {tables} and {} from {packs}", counted(made.refs, "ref"))?;
    }
    if let Some(repaired) = outcome.repaired {
        writeln!(out, "stored {} again", counted(repaired, "lost object"))?;
    }
    let FsckOutcome { commits, trees, files, chunks, packs, .. } = *outcome;
    let things = [
        counted(commits, "commit"),
        counted(trees, "tree"),
        counted(files, "file"),
        counted(chunks, "chunk"),
        counted(packs, "pack"),
    ];
    writeln!(out, "checked {}", things.join(", "))?;
    shared_by(out, outcome.store.as_ref())?;
    if outcome.forgotten > 0 {
        writeln!(out, "the files of {} were forgotten", counted(outcome.forgotten, "commit"))?;
    }
    if outcome.promised > 0 {
        let files = counted(outcome.promised, "file content");
        let size = bytes(outcome.promised_bytes);
        writeln!(out, "{files} ({size}) not here on purpose: a remote has them")?;
    }
    if outcome.shallow > 0 {
        let commits = counted(outcome.shallow, "commit");
        writeln!(out, "the history before {commits} was not fetched")?;
    }
    if outcome.blocks_read > 0 {
        let blocks = counted(outcome.blocks_read, "block");
        writeln!(out, "read and verified {blocks} of data, {}", bytes(outcome.bytes_read))?;
    }
    let Palette { good, bad, .. } = palette;
    match outcome.problems.len() as u64 {
        0 => writeln!(out, "{good}no problems{good:#}"),
        n => writeln!(out, "{bad}{}{bad:#}", counted(n, "problem")),
    }
}

fn fsck_problem(out: &mut dyn Write, palette: &Palette, problem: &Problem) -> io::Result<()> {
    let bad = palette.bad;
    writeln!(out, "{bad}damaged{bad:#} {}: {}", escape(&problem.object), safe(&problem.what))?;
    problem.affected.iter().try_for_each(|path| writeln!(out, "  needed by {}", escape(path)))
}

/// Whose packs were looked at, where that is a shared store.
fn shared_by(out: &mut dyn Write, store: Option<&SharedBy>) -> io::Result<()> {
    let Some(SharedBy { dir, repositories }) = store else { return Ok(()) };
    let by = match repositories {
        1 => "1 repository uses".to_owned(),
        n => format!("{} repositories use", count(*n)),
    };
    writeln!(
        out,
        "chunks, packs and tables of the store {}, which {by}",
        safe(&dir.display().to_string())
    )
}

/// `stats`.
pub fn stats(out: &mut dyn Write, _: &Palette, outcome: &StatsOutcome) -> io::Result<()> {
    let rows = [
        ("logical size", bytes(outcome.logical_bytes), "all files of the newest commit"),
        ("unique size", bytes(outcome.unique_bytes), "each chunk once"),
        ("stored size", bytes(outcome.stored_bytes), "packs on disk"),
        ("ratio", format!("{:.2}", outcome.ratio), "logical to stored"),
        ("pack fill", format!("{:.1} %", outcome.pack_fill * 100.0), "of the packs in use"),
        ("commits", count(outcome.commits), ""),
        ("files", count(outcome.files), "in HEAD"),
        ("chunks", count(outcome.chunks), ""),
        ("packs", count(outcome.packs), ""),
        ("tables", count(outcome.tables), ""),
    ];
    rows.iter().try_for_each(|(name, value, note)| {
        let line = format!("{name:<13} {value:>14}  {note}");
        writeln!(out, "{}", line.trim_end())
    })?;
    shared_by(out, outcome.store.as_ref())?;
    outcome.remotes.iter().flatten().try_for_each(|remote| super::remotes::stats(out, remote))
}

/// One line of `config --list`.
pub fn setting(out: &mut dyn Write, entry: &ConfigEntry, show_origin: bool) -> io::Result<()> {
    if show_origin {
        write!(out, "{}\t", safe(&entry.origin))?;
    }
    writeln!(out, "{}={}", safe(&entry.key), safe(&entry.value))
}

/// One step of `demo`.
pub fn demo_step(out: &mut dyn Write, palette: &Palette, step: &DemoStep) -> io::Result<()> {
    let (strong, hint) = (palette.strong, palette.hint);
    writeln!(out, "{strong}{}{strong:#}", safe(&step.title))?;
    if !step.command.is_empty() {
        writeln!(out, "  {hint}$ {}{hint:#}", safe(&step.command))?;
    }
    step.result.lines().try_for_each(|line| writeln!(out, "  {}", safe(line)))?;
    writeln!(out, "  ({})\n", seconds(step.seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        render(&mut out).expect("a Vec takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn add_says_what_it_cost() {
        let outcome = AddOutcome {
            added: 1200,
            unchanged: 3,
            logical_bytes: 5 << 20,
            new_bytes: 1 << 20,
            stored_bytes: 1 << 19,
            seconds: 1.5,
            ..AddOutcome::default()
        };
        let expected = "staged 1,200 changes: 1,200 new; 3 unchanged\n\
                        5.0 MiB of data, 1.0 MiB new, 512.0 KiB stored, in 1.5 s\n";
        assert_eq!(text(|out| add(out, &Palette::default(), &outcome)), expected);
    }
}
