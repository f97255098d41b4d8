//! Differences: git's patch and its short forms, sizes for people, a table for pull requests.

use std::io::{self, Write};

use anstyle::Style;
use esker::ops::diff::{DiffOutcome, DiffSide, DiffSideKind, Hunk, Line, LineKind};
use esker::ops::ls::LsKind;
use esker::ops::{ChangeKind, ChangeTotals, FileChange, FileState, Patch};
use esker::path::escape;

use super::status::{letter, quoted};
use super::text::safe;
use super::units::{bytes, count, counted};
use crate::cli::term::Palette;

/// Rows of a Markdown table: pages that hold such tables limit their length.
const MAX_ROWS: usize = 200;

/// One change as git prints it, so that tools which read git's patches understand it. On a terminal
/// what is not printable is escaped.
pub fn patch(
    out: &mut dyn Write,
    palette: &Palette,
    change: &FileChange,
    is_terminal: bool,
) -> io::Result<()> {
    let strong = palette.strong;
    let (old, new) = sides(change);
    writeln!(out, "{strong}diff --git {old} {new}{strong:#}")?;
    head_lines(change).iter().try_for_each(|line| writeln!(out, "{strong}{line}{strong:#}"))?;
    let (old, new) = (side_or_null(&old, &change.old), side_or_null(&new, &change.new));
    match &change.patch {
        None => Ok(()),
        Some(Patch::Binary) => without_lines(out, "Binary", old, new, change),
        Some(Patch::TooLarge) => without_lines(out, "Large", old, new, change),
        Some(Patch::NotHere) => without_lines(out, "Absent", old, new, change),
        Some(Patch::Text { hunks }) if hunks.is_empty() => Ok(()),
        Some(Patch::Text { hunks }) => {
            writeln!(out, "{strong}--- {}{strong:#}", ended(old))?;
            writeln!(out, "{strong}+++ {}{strong:#}", ended(new))?;
            hunks.iter().try_for_each(|hunk| write_hunk(out, palette, hunk, is_terminal))
        }
    }
}

/// What has no lines to show: git's words, and the sizes, which are what there is to know of data.
fn without_lines(
    out: &mut dyn Write,
    what: &str,
    old: &str,
    new: &str,
    change: &FileChange,
) -> io::Result<()> {
    let size = |state: &Option<FileState>| state.as_ref().map(|state| bytes(state.size));
    let sizes = match (size(&change.old), size(&change.new)) {
        (Some(before), Some(after)) => format!("{before} -> {after}"),
        (before, after) => before.or(after).unwrap_or_default(),
    };
    writeln!(out, "{what} files {old} and {new} differ ({sizes})")
}

fn sides(change: &FileChange) -> (String, String) {
    let from = change.from.as_ref().unwrap_or(&change.path);
    (quoted_side("a/", from), quoted_side("b/", &change.path))
}

/// A path behind `a/` or `b/`, in quotes where git writes them.
fn quoted_side(side: &str, path: &str) -> String {
    match quoted(&path.replace(' ', "")) {
        plain if plain.starts_with('"') => {
            let text = quoted(path);
            format!("\"{side}{}", &text[1..])
        }
        _ => format!("{side}{path}"),
    }
}

fn side_or_null<'s>(side: &'s str, state: &Option<FileState>) -> &'s str {
    if state.is_some() { side } else { "/dev/null" }
}

/// A name with a space is ended by a tab, so that `patch` sees where it ends.
fn ended(name: &str) -> String {
    let tab = if name.contains(' ') && !name.starts_with('"') { "\t" } else { "" };
    format!("{name}{tab}")
}

/// The lines between `diff --git` and the hunks.
fn head_lines(change: &FileChange) -> Vec<String> {
    let mut lines = Vec::new();
    match (&change.old, &change.new) {
        (None, Some(new)) => lines.push(format!("new file mode {}", mode(new))),
        (Some(old), None) => lines.push(format!("deleted file mode {}", mode(old))),
        (Some(old), Some(new)) if mode(old) != mode(new) => {
            lines.push(format!("old mode {}", mode(old)));
            lines.push(format!("new mode {}", mode(new)));
        }
        _ => {}
    }
    if let Some(from) = &change.from {
        lines.push("similarity index 100%".to_owned());
        lines.push(format!("rename from {}", quoted_side("", from)));
        lines.push(format!("rename to {}", quoted_side("", &change.path)));
    }
    let has_content = |s: &Option<FileState>| s.as_ref().is_some_and(|s| s.kind != LsKind::Symlink);
    let is_changed = !matches!(change.change, ChangeKind::Renamed | ChangeKind::ModeChanged);
    if is_changed && (has_content(&change.old) || has_content(&change.new)) {
        lines.push(index_line(change));
    }
    lines
}

/// Ids, and the sizes besides: what a person wants to know of data that has no lines.
fn index_line(change: &FileChange) -> String {
    let same_mode = match (&change.old, &change.new) {
        (Some(old), Some(new)) if mode(old) == mode(new) => format!(" {}", mode(new)),
        _ => String::new(),
    };
    format!("index {}..{}{same_mode}", short_id(&change.old), short_id(&change.new))
}

fn short_id(state: &Option<FileState>) -> &str {
    match state {
        None => "0000000000",
        // A file of the worktree that was not read.
        Some(FileState { id: None, .. }) => "??????????",
        Some(FileState { id: Some(id), .. }) => id.get(..10).unwrap_or(id),
    }
}

fn mode(state: &FileState) -> &'static str {
    match state.kind {
        LsKind::File => "100644",
        LsKind::Executable => "100755",
        LsKind::Symlink => "120000",
        LsKind::Directory => "040000",
    }
}

fn write_hunk(
    out: &mut dyn Write,
    palette: &Palette,
    hunk: &Hunk,
    is_terminal: bool,
) -> io::Result<()> {
    let style = palette.hint;
    let range = |range: &std::ops::Range<u32>| {
        let start = range.start + u32::from(!range.is_empty());
        match range.len() {
            1 => start.to_string(),
            lines => format!("{start},{lines}"),
        }
    };
    writeln!(out, "{style}@@ -{} +{} @@{style:#}", range(&hunk.old), range(&hunk.new))?;
    hunk.lines.iter().try_for_each(|line| write_line(out, palette, line, is_terminal))
}

fn write_line(
    out: &mut dyn Write,
    palette: &Palette,
    line: &Line,
    is_terminal: bool,
) -> io::Result<()> {
    let style = match line.kind {
        LineKind::Context => Style::new(),
        LineKind::Removed => palette.bad,
        LineKind::Added => palette.good,
    };
    let text = line.bytes.strip_suffix(b"\n").unwrap_or(&line.bytes);
    write!(out, "{style}{}", line.kind.sign())?;
    match is_terminal {
        true => out.write_all(safe(&String::from_utf8_lossy(text)).as_bytes())?,
        false => out.write_all(text)?,
    }
    writeln!(out, "{style:#}")?;
    if text.len() == line.bytes.len() {
        writeln!(out, "\\ No newline at end of file")?;
    }
    Ok(())
}

/// `--name-status`: as git prints it.
pub fn name_status(out: &mut dyn Write, palette: &Palette, change: &FileChange) -> io::Result<()> {
    let style = style_of(palette, change.change);
    let letter = letter(change.change);
    match &change.from {
        Some(from) => {
            writeln!(out, "{style}{letter}100{style:#}\t{}\t{}", quoted(from), quoted(&change.path))
        }
        None => writeln!(out, "{style}{letter}{style:#}\t{}", quoted(&change.path)),
    }
}

/// `--name-only`.
pub fn name_only(out: &mut dyn Write, change: &FileChange) -> io::Result<()> {
    writeln!(out, "{}", quoted(&change.path))
}

fn style_of(palette: &Palette, change: ChangeKind) -> Style {
    match change {
        ChangeKind::Added => palette.good,
        ChangeKind::Deleted => palette.bad,
        _ => palette.id,
    }
}

/// `--stat`: sizes before and after, and sums.
pub fn stat(
    out: &mut dyn Write,
    palette: &Palette,
    changes: &[FileChange],
    totals: &ChangeTotals,
) -> io::Result<()> {
    let names: Vec<String> = changes.iter().map(name_of).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(60);
    for (change, name) in changes.iter().zip(&names) {
        let style = style_of(palette, change.change);
        let letter = letter(change.change);
        let line = format!("{name:<width$}  {}", sizes(change));
        writeln!(out, " {style}{letter}{style:#} {}", line.trim_end())?;
    }
    if changes.is_empty() { Ok(()) } else { writeln!(out, " {}", sums(totals)) }
}

fn name_of(change: &FileChange) -> String {
    match &change.from {
        Some(from) => format!("{} => {}", escape(from), escape(&change.path)),
        None => escape(&change.path).into_owned(),
    }
}

fn sizes(change: &FileChange) -> String {
    let size = |state: &Option<FileState>| state.as_ref().map(|s| bytes(s.size));
    let (before, after) = (size(&change.old), size(&change.new));
    let shown = |size: Option<String>| size.unwrap_or_else(|| "-".to_owned());
    match change.change {
        ChangeKind::Renamed => match &change.new {
            Some(new) if new.kind == LsKind::Directory => {
                format!("{:>10}  {}", bytes(new.size), counted(new.files, "file"))
            }
            _ => format!("{:>10}", shown(after)),
        },
        ChangeKind::ModeChanged => {
            let is_on = change.new.as_ref().is_some_and(|s| s.kind == LsKind::Executable);
            let what = if is_on { "executable" } else { "no longer executable" };
            format!("{:>10}  {what}", shown(after))
        }
        _ => {
            let delta = difference(change);
            format!("{:>10} -> {:>10}  {delta:>11}", shown(before), shown(after))
        }
    }
}

/// How many bytes a change adds or takes.
fn difference(change: &FileChange) -> String {
    let size = |state: &Option<FileState>| state.as_ref().map_or(0, |s| s.size);
    signed(size(&change.old), size(&change.new))
}

fn signed(before: u64, after: u64) -> String {
    if after >= before {
        format!("+{}", bytes(after - before))
    } else {
        format!("-{}", bytes(before - after))
    }
}

/// One line with the number of files and bytes of each kind of change.
pub fn sums(totals: &ChangeTotals) -> String {
    let ChangeTotals { added, modified, deleted, renamed, .. } = *totals;
    let mut parts =
        vec![format!("{} changed", counted(added + modified + deleted + renamed, "file"))];
    let mut part = |number: u64, what: &str, detail: String| {
        if number > 0 {
            parts.push(format!("{} {what}{detail}", count(number)));
        }
    };
    part(added, "added", format!(" (+{})", bytes(totals.added_bytes)));
    let (before, after) = (totals.modified_bytes_before, totals.modified_bytes_after);
    part(modified, "modified", format!(" ({} of {})", signed(before, after), bytes(after)));
    part(deleted, "deleted", format!(" (-{})", bytes(totals.deleted_bytes)));
    part(renamed, "renamed", String::new());
    let sums = parts.join(", ");
    match totals.new_bytes {
        Some(new) if added + modified > 0 => {
            format!("{sums}; {} new after deduplication", bytes(new))
        }
        _ => sums,
    }
}

/// `--md`: a table that fits into a pull request.
pub fn markdown(out: &mut dyn Write, outcome: &DiffOutcome) -> io::Result<()> {
    let sides = format!("{} → {}", side(&outcome.old), side(&outcome.new));
    if !outcome.differs {
        return writeln!(out, "**No changes**, {sides}");
    }
    writeln!(out, "**{}**, {sides}\n", sums(&outcome.totals))?;
    writeln!(out, "| change | path | before | after | difference |")?;
    writeln!(out, "|---|---|--:|--:|--:|")?;
    for change in outcome.changes.iter().take(MAX_ROWS) {
        let size = |state: &Option<FileState>| state.as_ref().map_or("".into(), |s| bytes(s.size));
        let (before, after) = (size(&change.old), size(&change.new));
        let path = match &change.from {
            Some(from) => format!("{} → {}", code(from), code(&change.path)),
            None => code(&change.path),
        };
        let delta = match change.change {
            ChangeKind::Renamed | ChangeKind::ModeChanged => String::new(),
            _ => difference(change),
        };
        writeln!(out, "| {} | {path} | {before} | {after} | {delta} |", word(change.change))?;
    }
    match outcome.changes.len().saturating_sub(MAX_ROWS) {
        0 => Ok(()),
        more => writeln!(out, "\n… and {} more", count(more as u64)),
    }
}

fn word(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Added => "added",
        ChangeKind::Modified => "modified",
        ChangeKind::Deleted => "deleted",
        ChangeKind::TypeChanged => "type",
        ChangeKind::ModeChanged => "mode",
        ChangeKind::Renamed => "renamed",
        ChangeKind::Untracked => "untracked",
    }
}

fn side(side: &DiffSide) -> String {
    match (side.kind, &side.commit) {
        (_, Some(commit)) => format!("`{}`", commit.short()),
        (DiffSideKind::Stage, _) => "the stage".to_owned(),
        (DiffSideKind::Worktree, _) => "the worktree".to_owned(),
        (DiffSideKind::Commit, None) => "nothing".to_owned(),
    }
}

/// Text as code inside a cell of a table.
fn code(text: &str) -> String {
    let text = escape(text).replace('|', "\\|");
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest + 1);
    let pad = if longest > 0 { " " } else { "" };
    format!("{fence}{pad}{text}{pad}{fence}")
}
