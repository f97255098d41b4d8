//! Outcomes as text for people.

use std::io::{self, Write};

use esker::ops::add::AddOutcome;
use esker::ops::checkout::CheckoutOutcome;
use esker::ops::commit::CommitOutcome;
use esker::ops::config::ConfigEntry;
use esker::ops::demo::DemoStep;
use esker::ops::fsck::{FsckOutcome, Problem};
use esker::ops::init::InitOutcome;
use esker::ops::log::{LogEntry, PersonInfo};
use esker::ops::ls::{LsEntry, LsKind};
use esker::ops::restore::RestoreOutcome;
use esker::ops::show::ShowOutcome;
use esker::ops::stats::StatsOutcome;
use esker::ops::{Change, ChangeKind};
use esker::path::escape;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::status::letter;
use super::units::{bytes, count, counted, seconds};
use crate::cli::term::Palette;

/// Text that a person wrote, safe to show: as [`escape`], but `\` and tabs stay.
fn safe(text: &str) -> String {
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
    if outcome.dry_run || added + modified == 0 {
        return Ok(());
    }
    let cost = cost(outcome.logical_bytes, outcome.new_bytes, outcome.stored_bytes);
    writeln!(out, "{cost}, in {}", seconds(outcome.seconds))
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

/// One commit of `log`, as git shows it.
pub fn log_entry(out: &mut dyn Write, palette: &Palette, entry: &LogEntry) -> io::Result<()> {
    let id = palette.id;
    writeln!(out, "{id}commit {}{id:#}{}", entry.commit, decoration(palette, &entry.refs))?;
    if entry.parents.len() > 1 {
        let parents: Vec<_> = entry.parents.iter().map(|parent| parent.short()).collect();
        writeln!(out, "Merge:  {}", parents.join(" "))?;
    }
    writeln!(out, "Author: {} <{}>", safe(&entry.author.name), safe(&entry.author.email))?;
    writeln!(out, "Date:   {}", date(&entry.author))?;
    writeln!(out, "Data:   {}, {}", counted(entry.files, "file"), bytes(entry.bytes))?;
    for (key, value) in &entry.meta {
        writeln!(out, "Meta:   {}={}", safe(key), safe(value))?;
    }
    writeln!(out)?;
    entry.message.trim_end().lines().try_for_each(|line| match line {
        "" => writeln!(out),
        line => writeln!(out, "    {}", safe(line)),
    })
}

/// One commit of `log --oneline`.
pub fn log_line(out: &mut dyn Write, palette: &Palette, entry: &LogEntry) -> io::Result<()> {
    let id = palette.id;
    let summary = safe(entry.message.lines().next().unwrap_or_default());
    let refs = decoration(palette, &entry.refs);
    writeln!(out, "{id}{}{id:#}{refs} {summary}", entry.commit.short())
}

fn decoration(palette: &Palette, refs: &[String]) -> String {
    if refs.is_empty() {
        return String::new();
    }
    let (id, good) = (palette.id, palette.good);
    let names: Vec<_> = refs.iter().map(|name| format!("{good}{}{good:#}", escape(name))).collect();
    format!(" {id}({id:#}{}{id}){id:#}", names.join(&format!("{id},{id:#} ")))
}

/// The time of an action where it happened, in git's layout.
fn date(person: &PersonInfo) -> String {
    let offset = i32::try_from(person.tz.saturating_mul(60)).ok();
    let offset = offset.and_then(|seconds| Offset::from_seconds(seconds).ok());
    match (Timestamp::from_second(person.time), offset) {
        (Ok(time), Some(offset)) => {
            let local = time.to_zoned(TimeZone::fixed(offset));
            local.strftime("%a %b %-d %H:%M:%S %Y %z").to_string()
        }
        // Far outside what a calendar holds, but a commit may carry it.
        _ => format!("@{} {:+}", person.time, person.tz),
    }
}

/// `show`.
pub fn show(out: &mut dyn Write, palette: &Palette, outcome: &ShowOutcome) -> io::Result<()> {
    let id_style = palette.id;
    match outcome {
        ShowOutcome::Commit { entry, changes, more } => {
            log_entry(out, palette, entry)?;
            if !changes.is_empty() {
                writeln!(out)?;
            }
            changes.iter().try_for_each(|change| change_line(out, palette, change))?;
            match more {
                0 => Ok(()),
                more => writeln!(out, "... and {} more", count(*more)),
            }
        }
        ShowOutcome::Tree { id, entries } => {
            writeln!(out, "{id_style}tree {id}{id_style:#}\n")?;
            entries.iter().try_for_each(|entry| ls_name(out, palette, entry))
        }
        ShowOutcome::File { id, size, executable } => {
            let kind = if *executable { "executable" } else { "file" };
            writeln!(out, "{id_style}{kind} {id}{id_style:#}")?;
            writeln!(out, "{} ({} bytes)", bytes(*size), count(*size))
        }
        ShowOutcome::Symlink { target } => writeln!(out, "symlink to {}", escape(target)),
    }
}

fn change_line(out: &mut dyn Write, palette: &Palette, change: &Change) -> io::Result<()> {
    let style = match change.change {
        ChangeKind::Added => palette.good,
        ChangeKind::Deleted => palette.bad,
        _ => palette.id,
    };
    writeln!(out, "{style}{}{style:#}\t{}", letter(change.change), escape(&change.path))
}

/// One entry of `ls`.
pub fn ls_name(out: &mut dyn Write, palette: &Palette, entry: &LsEntry) -> io::Result<()> {
    writeln!(out, "{}", entry_name(palette, entry))
}

/// One entry of `ls --long`.
pub fn ls_long(out: &mut dyn Write, palette: &Palette, entry: &LsEntry) -> io::Result<()> {
    let letter = match entry.kind {
        LsKind::File => '-',
        LsKind::Executable => 'x',
        LsKind::Symlink => 'l',
        LsKind::Directory => 'd',
    };
    let id = palette.id;
    let short = entry.id.get(..10).unwrap_or("-");
    let (size, name) = (bytes(entry.size), entry_name(palette, entry));
    write!(out, "{letter} {id}{short:<10}{id:#} {size:>10} {:>9} {name}", count(entry.files))?;
    match &entry.target {
        Some(target) => writeln!(out, " -> {}", escape(target)),
        None => writeln!(out),
    }
}

fn entry_name(palette: &Palette, entry: &LsEntry) -> String {
    let path = escape(&entry.path);
    let style = match entry.kind {
        LsKind::Directory => palette.directory,
        LsKind::Executable => palette.good,
        LsKind::Symlink => palette.hint,
        LsKind::File => return path.into_owned(),
    };
    let slash = if entry.kind == LsKind::Directory { "/" } else { "" };
    format!("{style}{path}{style:#}{slash}")
}

/// `checkout`; `asked` is the revision given, for paths stay where HEAD is.
pub fn checkout(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &CheckoutOutcome,
    is_dry_run: bool,
    moved_head: bool,
) -> io::Result<()> {
    outcome.plan.iter().try_for_each(|line| writeln!(out, "{}", safe(line)))?;
    if is_dry_run {
        return writeln!(out, "would change {}", counted(outcome.plan.len() as u64, "path"));
    }
    let (id, good) = (palette.id, palette.good);
    match (&outcome.branch, &outcome.commit) {
        _ if !moved_head => {}
        (Some(branch), _) => writeln!(out, "On branch {good}{}{good:#}", escape(branch))?,
        (None, Some(commit)) => writeln!(out, "HEAD is now at {id}{}{id:#}", commit.short())?,
        (None, None) => {}
    }
    let written = counted(outcome.written, "file");
    let removed = count(outcome.removed);
    let (bytes, time) = (bytes(outcome.bytes), seconds(outcome.seconds));
    writeln!(out, "{written} written ({bytes}), {removed} removed, in {time}")
}

/// `restore`.
pub fn restore(out: &mut dyn Write, outcome: &RestoreOutcome, is_dry_run: bool) -> io::Result<()> {
    outcome.plan.iter().try_for_each(|line| writeln!(out, "{}", safe(line)))?;
    if is_dry_run {
        return writeln!(out, "would change {}", counted(outcome.plan.len() as u64, "path"));
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
    let FsckOutcome { commits, trees, files, chunks, packs, .. } = *outcome;
    let things = [
        counted(commits, "commit"),
        counted(trees, "tree"),
        counted(files, "file"),
        counted(chunks, "chunk"),
        counted(packs, "pack"),
    ];
    writeln!(out, "checked {}", things.join(", "))?;
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

/// `stats`.
pub fn stats(out: &mut dyn Write, _: &Palette, outcome: &StatsOutcome) -> io::Result<()> {
    let rows = [
        ("logical size", bytes(outcome.logical_bytes), "all files of all commits"),
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
    })
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
    writeln!(out, "  {hint}$ {}{hint:#}", safe(&step.command))?;
    step.result.lines().try_for_each(|line| writeln!(out, "  {}", safe(line)))?;
    writeln!(out, "  ({})\n", seconds(step.seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use esker::id::{CommitId, TreeId};

    fn entry() -> LogEntry {
        let person = PersonInfo {
            name: "Ada".into(),
            email: "ada@example.org".into(),
            time: 1_717_164_000,
            tz: 120,
        };
        LogEntry {
            commit: CommitId::from_bytes([0xab; 32]),
            tree: TreeId::from_bytes([0; 32]),
            parents: Vec::new(),
            author: person.clone(),
            committer: person,
            message: "first line\n\nwith C:\\x and \u{1b}[31m\n".into(),
            meta: vec![("source".into(), "lab 3".into())],
            files: 1200,
            bytes: 3 << 20,
            refs: vec!["HEAD -> main".into(), "tag: v1".into()],
        }
    }

    fn text(render: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        render(&mut out).expect("a Vec takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn log_is_laid_out_as_git_s() {
        let plain = Palette::default();
        let id = "ab".repeat(32);
        let expected = format!(
            "commit {id} (HEAD -> main, tag: v1)\nAuthor: Ada <ada@example.org>\n\
             Date:   Fri May 31 16:00:00 2024 +0200\nData:   1,200 files, 3.0 MiB\n\
             Meta:   source=lab 3\n\n    first line\n\n    with C:\\x and \\u{{1b}}[31m\n"
        );
        assert_eq!(text(|out| log_entry(out, &plain, &entry())), expected);
        let line = "ababababab (HEAD -> main, tag: v1) first line\n";
        assert_eq!(text(|out| log_line(out, &plain, &entry())), line);
    }

    #[test]
    fn dates_outside_the_calendar_are_shown_as_numbers() {
        let person = PersonInfo { time: i64::MAX, ..entry().author };
        assert_eq!(date(&person), format!("@{} +120", i64::MAX));
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
