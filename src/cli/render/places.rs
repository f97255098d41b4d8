//! Worktrees, and repositories on one store, as text for people.

use std::io::{self, Write};

use esker::ops::store::{StoreMember, StoreOutcome};
use esker::ops::worktree::{WorktreeInfo, WorktreeOutcome};
use esker::path::escape;

use super::text::safe;
use super::units::{bytes, counted};
use crate::cli::term::Palette;

/// `worktree`.
pub fn worktree(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &WorktreeOutcome,
) -> io::Result<()> {
    match outcome {
        WorktreeOutcome::List { worktrees } => {
            worktrees.iter().try_for_each(|worktree| line(out, palette, worktree))
        }
        WorktreeOutcome::Add { path, branch, created, commit, written, bytes: size } => {
            let on = match (branch, commit) {
                (Some(branch), _) if *created => format!("new branch {}", escape(branch)),
                (Some(branch), _) => format!("branch {}", escape(branch)),
                (None, Some(commit)) => commit.short(),
                (None, None) => "no commit".to_owned(),
            };
            let files = counted(*written, "file");
            writeln!(out, "made {path} on {on}: {files}, {}", bytes(*size))
        }
        WorktreeOutcome::Remove { path, removed, left } => {
            match removed {
                0 => writeln!(out, "removed {path}")?,
                n => writeln!(out, "removed {path}, {}", counted(*n, "file"))?,
            }
            match left.is_empty() {
                true => Ok(()),
                false => writeln!(out, "left, of no version: {}", left.join(", ")),
            }
        }
        WorktreeOutcome::Repair { repaired } => match repaired.is_empty() {
            true => writeln!(out, "nothing to repair"),
            false => {
                repaired.iter().try_for_each(|path| writeln!(out, "repaired {}", escape(path)))
            }
        },
    }
}

fn line(out: &mut dyn Write, palette: &Palette, worktree: &WorktreeInfo) -> io::Result<()> {
    let WorktreeInfo { path, current, branch, commit, missing, under_way, .. } = worktree;
    let Palette { id, good, bad, .. } = palette;
    let mark = if *current { "*" } else { " " };
    let at = commit.map_or_else(|| "-".to_owned(), |commit| commit.short());
    let on = match branch {
        Some(branch) => format!("{good}{}{good:#}", escape(branch)),
        None => "(no branch)".to_owned(),
    };
    write!(out, "{mark} {}  {id}{at}{id:#} {on}", escape(path))?;
    if let Some(verb) = under_way {
        write!(out, ", a {verb} is under way")?;
    }
    if *missing {
        write!(out, ", {bad}not there{bad:#}")?;
    }
    writeln!(out)
}

/// `store`.
pub fn store(out: &mut dyn Write, palette: &Palette, outcome: &StoreOutcome) -> io::Result<()> {
    let shown = |dir: &std::path::Path| escape(&dir.display().to_string()).into_owned();
    match outcome {
        StoreOutcome::List { store, members } => {
            writeln!(out, "{} on {}", counted_repositories(members.len()), shown(store))?;
            members.iter().try_for_each(|one| member(out, palette, one))
        }
        StoreOutcome::Forget { path, reachable, .. } => {
            writeln!(out, "forgot {path}: the next gc takes what only it needs")?;
            match reachable {
                true => writeln!(out, "it is there: its next command makes it known again"),
                false => Ok(()),
            }
        }
        StoreOutcome::Repair { store } => writeln!(out, "the store is {}", shown(store)),
    }
}

fn counted_repositories(count: usize) -> String {
    let noun = if count == 1 { "repository" } else { "repositories" };
    format!("{count} {noun}")
}

fn member(out: &mut dyn Write, palette: &Palette, one: &StoreMember) -> io::Result<()> {
    let StoreMember { path, current, seen, why, .. } = one;
    let (mark, bad) = (if *current { "*" } else { " " }, palette.bad);
    let seen = jiff::Timestamp::from_second(*seen);
    let day = seen.map(|seen| seen.strftime("%Y-%m-%d").to_string()).unwrap_or_default();
    write!(out, "{mark} {path}  seen {day}")?;
    if let Some(why) = why {
        write!(out, ", {bad}cannot be read: {}{bad:#}", safe(why))?;
    }
    writeln!(out)
}
