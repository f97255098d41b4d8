//! `status`: git's long form for people, git's two letters for scripts.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use anstyle::Style;
use esker::ops::status::StatusOutcome;

use esker::ops::{Amount, Change, ChangeKind, Whereabouts};
use esker::path::escape;

use super::units::{bytes, counted};
use super::worktree::sparse_counts;
use crate::cli::term::Palette;

/// The long form.
pub fn long(out: &mut dyn Write, palette: &Palette, status: &StatusOutcome) -> io::Result<()> {
    head(out, palette, status)?;
    if let Some(remotes) = &status.remotes {
        whereabouts(out, palette, remotes)?;
    }
    operation(out, status)?;
    section(
        out,
        palette.good,
        &status.staged,
        "Changes to be committed",
        &["(use \"esker restore --staged <file>...\" to unstage)"],
    )?;
    unmerged(out, palette.bad, status)?;
    section(
        out,
        palette.bad,
        &status.unstaged,
        "Changes not staged for commit",
        &[
            "(use \"esker add <file>...\" to update what will be committed)",
            "(use \"esker restore <file>...\" to discard changes in the worktree)",
        ],
    )?;
    section(
        out,
        palette.bad,
        &status.untracked,
        "Untracked files",
        &["(use \"esker add <file>...\" to include in what will be committed)"],
    )?;
    conclusion(out, status)
}

fn head(out: &mut dyn Write, palette: &Palette, status: &StatusOutcome) -> io::Result<()> {
    let good = palette.good;
    match (&status.branch, &status.commit) {
        (Some(branch), _) => writeln!(out, "On branch {good}{}{good:#}", escape(branch))?,
        (None, Some(commit)) => {
            let bad = palette.bad;
            writeln!(out, "{bad}HEAD detached at {}{bad:#}", commit.short())?;
        }
        (None, None) => writeln!(out, "Not on any branch")?,
    }
    if let Some(sparse) = status.sparse {
        writeln!(out, "Sparse: {} (see \"esker sparse\")", sparse_counts(sparse))?;
    }
    if let Some(roots) = &status.roots {
        let names: Vec<_> = roots.iter().map(|root| escape(root)).collect();
        match names.is_empty() {
            true => writeln!(out, "No data folders yet (use \"esker add <folder>\" to name one)")?,
            false => writeln!(out, "Data folders: {}", names.join(", "))?,
        }
    }
    if status.commit.is_none() { writeln!(out, "\nNo commits yet") } else { Ok(()) }
}

/// What is where, as far as that is known here.
fn whereabouts(out: &mut dyn Write, palette: &Palette, told: &Whereabouts) -> io::Result<()> {
    let good = palette.good;
    let amount = |of: Amount| format!("{} of {}", counted(of.files, "file"), bytes(of.bytes));
    writeln!(out, "\nRemotes, as they were last seen:")?;
    for remote in &told.remotes {
        let has = match (remote.has_commit, remote.seen) {
            (true, _) => format!("{good}has this commit{good:#}"),
            (false, true) => format!("lacks {}", counted(remote.lacks_commits, "commit")),
            (false, false) => "never asked".to_owned(),
        };
        let promised = match remote.promised.files {
            0 => String::new(),
            _ => format!("; {} there and not here", amount(remote.promised)),
        };
        writeln!(out, "\t{:<10} {has}{promised}", remote.name)?;
    }
    if told.remotes.is_empty() {
        writeln!(out, "\tnone (name one with \"esker remote add origin <url>\")")?;
    }
    let commits = counted(told.only_here_commits, "commit");
    match told.only_here_commits {
        0 => writeln!(out, "Nothing that was committed is only here"),
        _ => writeln!(out, "Only here: {commits}, with {}", amount(told.only_here)),
    }
}

/// What waits to be finished, and how.
fn operation(out: &mut dyn Write, status: &StatusOutcome) -> io::Result<()> {
    let Some(verb) = status.operation else { return Ok(()) };
    let go_on = format!("esker {verb} --continue");
    match status.conflicts.is_empty() {
        true => {
            writeln!(out, "A {verb} is under way; all conflicts are resolved.")?;
            writeln!(out, "  (use \"{go_on}\" to finish it)")?;
        }
        false => {
            writeln!(out, "A {verb} is under way; you have unmerged paths.")?;
            writeln!(out, "  (resolve them, then use \"{go_on}\")")?;
        }
    }
    writeln!(out, "  (use \"esker {verb} --abort\" to give it up)")
}

/// The paths in conflict.
fn unmerged(out: &mut dyn Write, style: Style, status: &StatusOutcome) -> io::Result<()> {
    if status.conflicts.is_empty() {
        return Ok(());
    }
    writeln!(out, "\nUnmerged paths:")?;
    writeln!(out, "  (use \"esker checkout --theirs -- <file>...\" or --ours to take a side)")?;
    writeln!(
        out,
        "  (use \"esker add <file>\" when it is as it should be, \"esker rm\" to drop it)"
    )?;
    for entry in &status.conflicts {
        let label = format!("{}:", entry.conflict);
        write!(out, "\t{style}{label:<16} {}{style:#}", escape(&entry.path))?;
        match &entry.theirs_at {
            Some(path) => writeln!(out, " (theirs: {})", escape(path))?,
            None => writeln!(out)?,
        }
    }
    Ok(())
}

fn section(
    out: &mut dyn Write,
    style: Style,
    changes: &[Change],
    title: &str,
    advice: &[&str],
) -> io::Result<()> {
    if changes.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{title}:")?;
    for line in advice {
        writeln!(out, "  {line}")?;
    }
    for change in changes {
        writeln!(out, "\t{style}{}{}{style:#}", label(change.change), escape(&change.path))?;
    }
    Ok(())
}

fn label(change: ChangeKind) -> &'static str {
    match change {
        ChangeKind::Added => "new file:   ",
        ChangeKind::Modified => "modified:   ",
        ChangeKind::Deleted => "deleted:    ",
        ChangeKind::TypeChanged => "typechange: ",
        ChangeKind::ModeChanged => "mode:       ",
        ChangeKind::Renamed => "renamed:    ",
        ChangeKind::Untracked => "",
    }
}

fn conclusion(out: &mut dyn Write, status: &StatusOutcome) -> io::Result<()> {
    if !status.staged.is_empty() || status.operation.is_some() {
        return Ok(());
    }
    let is_first = status.commit.is_none();
    let text = match (status.unstaged.is_empty(), status.untracked.is_empty()) {
        (false, _) => "no changes added to commit (use \"esker add\" and/or \"esker commit -a\")",
        (true, false) => {
            "nothing added to commit but untracked files present (use \"esker add\" to track)"
        }
        (true, true) if is_first => {
            "nothing to commit (create/copy files and use \"esker add\" to track)"
        }
        (true, true) => "nothing to commit, working tree clean",
    };
    writeln!(out, "\n{text}")
}

/// The short form, as `git status --porcelain` (version 1) prints it; it stays as it is.
pub fn short(out: &mut dyn Write, palette: &Palette, status: &StatusOutcome) -> io::Result<()> {
    let mut lines: BTreeMap<&str, [char; 2]> = BTreeMap::new();
    for (column, changes) in [&status.staged, &status.unstaged].into_iter().enumerate() {
        for change in changes {
            lines.entry(&change.path).or_insert([' ', ' '])[column] = letter(change.change);
        }
    }
    let Palette { good, bad, .. } = palette;
    for entry in &status.conflicts {
        writeln!(out, "{bad}{}{bad:#} {}", entry.code, quoted(&entry.path))?;
    }
    for (path, [staged, unstaged]) in lines {
        writeln!(out, "{good}{staged}{good:#}{bad}{unstaged}{bad:#} {}", quoted(path))?;
    }
    for change in &status.untracked {
        writeln!(out, "{bad}??{bad:#} {}", quoted(&change.path))?;
    }
    Ok(())
}

/// One letter for a change, as git has it; a change of the executable bit is a modification.
pub fn letter(change: ChangeKind) -> char {
    match change {
        ChangeKind::Added => 'A',
        ChangeKind::Modified | ChangeKind::ModeChanged => 'M',
        ChangeKind::Deleted => 'D',
        ChangeKind::TypeChanged => 'T',
        ChangeKind::Renamed => 'R',
        ChangeKind::Untracked => '?',
    }
}

/// A path as git quotes it: as it is, or as a string literal of C when it holds a space, a quote, or
/// anything that cannot be shown.
pub(super) fn quoted(path: &str) -> String {
    let is_plain = |c: char| !matches!(c, ' ' | '"' | '\\') && !is_hidden(c);
    if path.chars().all(is_plain) {
        return path.to_string();
    }
    let mut text = String::from("\"");
    for c in path.chars() {
        match c {
            '\n' => text.push_str("\\n"),
            '\t' => text.push_str("\\t"),
            '\r' => text.push_str("\\r"),
            '"' | '\\' => text.extend(['\\', c]),
            c if is_hidden(c) => {
                let mut bytes = [0; 4];
                let octal = |byte: u8| format!("\\{byte:03o}");
                text.extend(c.encode_utf8(&mut bytes).bytes().map(octal));
            }
            c => text.push(c),
        }
    }
    text.push('"');
    text
}

fn is_hidden(c: char) -> bool {
    // What `escape` leaves alone it lends back.
    c != '\\' && matches!(escape(c.encode_utf8(&mut [0; 4])), Cow::Owned(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(path: &str, change: ChangeKind) -> Change {
        Change { path: path.into(), change }
    }

    fn sample() -> StatusOutcome {
        StatusOutcome {
            branch: Some("main".into()),
            staged: vec![change("a", ChangeKind::Added), change("gone", ChangeKind::Deleted)],
            unstaged: vec![change("a", ChangeKind::Modified), change("x", ChangeKind::ModeChanged)],
            untracked: vec![change("my \"dir\"/", ChangeKind::Untracked)],
            ..StatusOutcome::default()
        }
    }

    fn render(f: fn(&mut dyn Write, &Palette, &StatusOutcome) -> io::Result<()>) -> String {
        let mut out = Vec::new();
        f(&mut out, &Palette::default(), &sample()).expect("a Vec takes all");
        String::from_utf8(out).expect("UTF-8")
    }

    #[test]
    fn short_form_is_git_s() {
        assert_eq!(render(short), "AM a\nD  gone\n M x\n?? \"my \\\"dir\\\"/\"\n");
    }

    #[test]
    fn long_form_is_git_s() {
        let expected = "On branch main\n\nNo commits yet\n\n\
            Changes to be committed:\n  (use \"esker restore --staged <file>...\" to unstage)\n\
            \tnew file:   a\n\tdeleted:    gone\n\n\
            Changes not staged for commit:\n\
            \x20 (use \"esker add <file>...\" to update what will be committed)\n\
            \x20 (use \"esker restore <file>...\" to discard changes in the worktree)\n\
            \tmodified:   a\n\tmode:       x\n\n\
            Untracked files:\n\
            \x20 (use \"esker add <file>...\" to include in what will be committed)\n\
            \tmy \"dir\"/\n";
        assert_eq!(render(long), expected);
    }

    #[test]
    fn odd_names_are_quoted_as_in_c() {
        assert_eq!(quoted("plain-ü.txt"), "plain-ü.txt");
        assert_eq!(quoted("a\nb\u{1b}"), r#""a\nb\033""#);
        assert_eq!(quoted("x\u{202e}y"), r#""x\342\200\256y""#);
    }
}
