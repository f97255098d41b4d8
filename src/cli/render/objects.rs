//! Commits, trees and files as text for people.

use std::io::{self, Write};

use anstyle::Style;
use esker::ops::annotate::AnnotateEntry;
use esker::ops::du::DuEntry;
use esker::ops::find::Found;
use esker::ops::log::{LogEntry, LogTotals, PersonInfo};
use esker::ops::ls::{LsEntry, LsKind};
use esker::ops::show::{ShowOutcome, ShownTag};
use esker::path::escape;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::diff;
use super::text::safe;
use super::units::{bytes, count, counted};
use crate::cli::term::Palette;

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
    if entry.forgotten {
        writeln!(out, "Data:   forgotten")?;
    }
    if let Some(LogTotals { files, bytes: size }) = entry.totals {
        writeln!(out, "Data:   {}, {}", counted(files, "file"), bytes(size))?;
    }
    for (key, value) in &entry.meta {
        writeln!(out, "Meta:   {}={}", safe(key), safe(value))?;
    }
    writeln!(out)?;
    entry.message.trim_end().lines().try_for_each(|line| match line {
        "" => writeln!(out),
        line => writeln!(out, "    {}", safe(line)),
    })
}

/// An annotated tag, before the commit it names.
fn shown_tag(out: &mut dyn Write, palette: &Palette, tag: &ShownTag) -> io::Result<()> {
    let id = palette.id;
    writeln!(out, "{id}tag {}{id:#}", escape(&tag.name))?;
    writeln!(out, "Tagger: {} <{}>", safe(&tag.tagger.name), safe(&tag.tagger.email))?;
    writeln!(out, "Date:   {}\n", date(&tag.tagger))?;
    tag.message.lines().try_for_each(|line| writeln!(out, "{}", safe(line)))?;
    writeln!(out)
}

/// One commit of `log --oneline`.
pub fn log_line(out: &mut dyn Write, palette: &Palette, entry: &LogEntry) -> io::Result<()> {
    let id = palette.id;
    let summary = safe(entry.message.lines().next().unwrap_or_default());
    let refs = decoration(palette, &entry.refs);
    let forgotten = if entry.forgotten { " [forgotten]" } else { "" };
    writeln!(out, "{id}{}{id:#}{refs}{forgotten} {summary}", entry.commit.short())
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
    // Far outside what a calendar holds, but a commit may carry it.
    in_layout(person, "%a %b %-d %H:%M:%S %Y %z")
        .unwrap_or_else(|| format!("@{} {:+}", person.time, person.tz))
}

/// The day of an action where it happened.
fn day(person: &PersonInfo) -> String {
    in_layout(person, "%Y-%m-%d").unwrap_or_else(|| "----------".to_owned())
}

fn in_layout(person: &PersonInfo, layout: &str) -> Option<String> {
    let seconds = i32::try_from(person.tz.saturating_mul(60)).ok()?;
    let offset = Offset::from_seconds(seconds).ok()?;
    let local = Timestamp::from_second(person.time).ok()?.to_zoned(TimeZone::fixed(offset));
    Some(local.strftime(layout).to_string())
}

/// `show`.
pub fn show(out: &mut dyn Write, palette: &Palette, outcome: &ShowOutcome) -> io::Result<()> {
    let id_style = palette.id;
    match outcome {
        ShowOutcome::Commit { tag, entry, change_totals, changes, more } => {
            tag.iter().try_for_each(|tag| shown_tag(out, palette, tag))?;
            log_entry(out, palette, entry)?;
            if !changes.is_empty() {
                writeln!(out)?;
            }
            diff::stat(out, palette, changes, change_totals)?;
            match more {
                0 => Ok(()),
                more => writeln!(out, " ... and {} more", count(*more)),
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

/// One entry of `annotate`.
pub fn annotated(out: &mut dyn Write, palette: &Palette, found: &AnnotateEntry) -> io::Result<()> {
    let (id, commit) = (palette.id, &found.commit);
    let (short, day) = (commit.commit.short(), day(&commit.author));
    let author: String = safe(&commit.author.name).chars().take(AUTHOR_WIDTH).collect();
    let name = entry_name(palette, &found.entry);
    let summary = safe(commit.message.lines().next().unwrap_or_default());
    writeln!(out, "{id}{short}{id:#} {day} {author:<AUTHOR_WIDTH$} {name}  {summary}")
}

/// Columns for a name.
const AUTHOR_WIDTH: usize = 16;

/// One entry of `du`.
pub fn du(
    out: &mut dyn Write,
    palette: &Palette,
    entry: &DuEntry,
    as_bytes: bool,
) -> io::Result<()> {
    let size = |number: u64| if as_bytes { number.to_string() } else { bytes(number) };
    write!(out, "{:>10} ", size(entry.bytes))?;
    for column in [entry.unique_bytes, entry.stored_bytes].into_iter().flatten() {
        write!(out, "{:>10} ", size(column))?;
    }
    let style = if entry.path.ends_with('/') { palette.directory } else { Style::new() };
    writeln!(out, "{:>9} {style}{}{style:#}", count(entry.files), escape(&entry.path))
}

/// One entry of `find`.
pub fn found(
    out: &mut dyn Write,
    palette: &Palette,
    found: &Found,
    is_long: bool,
) -> io::Result<()> {
    let id = palette.id;
    if let Some(commit) = &found.commit {
        write!(out, "{id}{}{id:#} ", commit.short())?;
    }
    match is_long {
        true => ls_long(out, palette, &found.entry),
        false => ls_name(out, palette, &found.entry),
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
            forgotten: false,
            author: person.clone(),
            committer: person,
            message: "first line\n\nwith C:\\x and \u{1b}[31m\n".into(),
            meta: vec![("source".into(), "lab 3".into())],
            totals: Some(LogTotals { files: 1200, bytes: 3 << 20 }),
            changes: None,
            edges: Vec::new(),
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
}
