//! Commits, trees and files as text for people.

use std::io::{self, Write};

use esker::ops::log::{LogEntry, PersonInfo};
use esker::ops::ls::{LsEntry, LsKind};
use esker::ops::show::ShowOutcome;
use esker::ops::{Change, ChangeKind};
use esker::path::escape;
use jiff::Timestamp;
use jiff::tz::{Offset, TimeZone};

use super::status::letter;
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
}
