//! Branches, tags, reflogs, and the verbs that move HEAD, as text for people.

use std::io::{self, Write};

use esker::ops::LostWork;
use esker::ops::branch::{BranchInfo, BranchOutcome};
use esker::ops::checkout::CheckoutOutcome;
use esker::ops::reflog::{ReflogEntry, ReflogOutcome};
use esker::ops::reset::{ResetMode, ResetOptions, ResetOutcome};
use esker::ops::stash::StashOutcome;
use esker::ops::tag::{TagInfo, TagOutcome};
use esker::path::escape;

use super::status::letter;
use super::text::{planned, safe, to_be_fetched};
use super::units::{bytes, count, counted, seconds};
use crate::cli::term::Palette;
use crate::cli::ui::Ui;

/// Digits of an id that are shown.
const DIGITS: usize = 10;

fn short(id: &str) -> &str {
    &id[..id.len().min(DIGITS)]
}

/// `branch`.
pub fn branches(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &BranchOutcome,
    verbose: bool,
) -> io::Result<()> {
    let Palette { id, good, .. } = palette;
    match outcome {
        BranchOutcome::List { detached, branches } => {
            if let Some(commit) = detached {
                writeln!(out, "* {good}(HEAD detached at {}){good:#}", commit.short())?;
            }
            let width = branches.iter().map(|b| escape(&b.name).chars().count()).max();
            let width = if verbose { width.unwrap_or(0) } else { 0 };
            branches.iter().try_for_each(|branch| one_branch(out, palette, branch, width))
        }
        BranchOutcome::Create { name, commit, previous, .. } => {
            let (name, at) = (escape(name), commit.short());
            match previous {
                None => writeln!(out, "branch {good}{name}{good:#} at {id}{at}{id:#}"),
                Some(previous) => writeln!(
                    out,
                    "branch {good}{name}{good:#} moved to {id}{at}{id:#} (was {})",
                    previous.short()
                ),
            }
        }
        BranchOutcome::Rename { old, new, .. } => {
            writeln!(out, "branch {} is now {good}{}{good:#}", escape(old), escape(new))
        }
        BranchOutcome::Delete { deleted } => deleted.iter().try_for_each(|branch| {
            let name = escape(&branch.name);
            writeln!(out, "deleted branch {name} (was {id}{}{id:#})", branch.commit.short())?;
            writeln!(out, "restore it with: esker branch {name} {}", branch.target)
        }),
    }
}

fn one_branch(
    out: &mut dyn Write,
    palette: &Palette,
    branch: &BranchInfo,
    width: usize,
) -> io::Result<()> {
    let (id, name) = (palette.id, escape(&branch.name));
    let style = match (branch.current, branch.remote) {
        (true, _) => palette.good,
        (_, true) => palette.bad,
        _ => anstyle::Style::new(),
    };
    let star = if branch.current { '*' } else { ' ' };
    if width == 0 {
        return writeln!(out, "{star} {style}{name}{style:#}");
    }
    let (at, summary) =
        (branch.commit.short(), safe(branch.summary.as_deref().unwrap_or_default()));
    writeln!(out, "{star} {style}{name:<width$}{style:#} {id}{at}{id:#} {summary}")
}

/// `tag`.
pub fn tags(out: &mut dyn Write, palette: &Palette, outcome: &TagOutcome) -> io::Result<()> {
    let id = palette.id;
    match outcome {
        TagOutcome::List { tags } => {
            let width = tags.iter().map(|tag| escape(&tag.name).chars().count()).max();
            let width = width.unwrap_or(0);
            tags.iter().try_for_each(|tag| one_tag(out, palette, tag, width))
        }
        TagOutcome::Create { tag, previous, .. } => {
            let (name, at) = (escape(&tag.name), tag.commit.short());
            let was = match previous {
                Some(previous) if *previous != tag.commit => format!(" (was {})", previous.short()),
                _ => String::new(),
            };
            writeln!(out, "tag {name} at {id}{at}{id:#}{was}")
        }
        TagOutcome::Delete { deleted } => deleted.iter().try_for_each(|tag| {
            let name = escape(&tag.name);
            writeln!(out, "deleted tag {name} (was {id}{}{id:#})", tag.commit.short())?;
            writeln!(out, "restore it with: esker tag {name} {}", tag.target)
        }),
    }
}

fn one_tag(out: &mut dyn Write, palette: &Palette, tag: &TagInfo, width: usize) -> io::Result<()> {
    let (id, name) = (palette.id, escape(&tag.name));
    let summary = safe(tag.message.lines().next().unwrap_or_default());
    let line = format!("{name:<width$} {id}{}{id:#} {summary}", tag.commit.short());
    writeln!(out, "{}", line.trim_end())
}

/// `reflog`.
pub fn reflog(out: &mut dyn Write, palette: &Palette, outcome: &ReflogOutcome) -> io::Result<()> {
    for logged in &outcome.refs {
        let deleted = if logged.deleted { " (deleted)" } else { "" };
        writeln!(out, "{}{deleted}", escape(&logged.name))?;
    }
    outcome.entries.iter().try_for_each(|entry| one_move(out, palette, entry))
}

fn one_move(out: &mut dyn Write, palette: &Palette, entry: &ReflogEntry) -> io::Result<()> {
    let id = palette.id;
    let at = entry.new.as_deref().map_or("(deleted) ", short);
    writeln!(out, "{id}{at}{id:#} {}: {}", escape(&entry.selector), safe(&entry.message))
}

/// `checkout` of a commit, and `switch`.
pub fn switch(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &CheckoutOutcome,
    is_dry_run: bool,
) -> io::Result<()> {
    if is_dry_run {
        to_be_lost(out, palette, &outcome.lost)?;
        planned(out, &outcome.plan)?;
        return to_be_fetched(out, &outcome.planned);
    }
    let (id, good) = (palette.id, palette.good);
    match (&outcome.branch, &outcome.commit) {
        (Some(branch), _) => {
            let new = if outcome.created { "new " } else { "" };
            let empty = if outcome.commit.is_none() { ", which has no commits yet" } else { "" };
            writeln!(out, "On {new}branch {good}{}{good:#}{empty}", escape(branch))?;
        }
        (None, Some(commit)) => {
            let summary = safe(&outcome.summary);
            writeln!(out, "HEAD is now at {id}{}{id:#} {summary}", commit.short())?;
            if outcome.previous_branch.is_some() {
                writeln!(out, "on no branch: new commits are kept by: esker switch -c NAME")?;
            }
        }
        (None, None) => {}
    }
    lost(out, palette, &outcome.lost)?;
    written(out, outcome.written, outcome.removed, outcome.bytes, outcome.seconds)
}

/// What a checkout or switch warns of.
pub fn switch_warnings(ui: &mut Ui, outcome: &CheckoutOutcome) {
    ui.warnings(&outcome.warnings);
    if let Some(left) = &outcome.left_behind {
        let commits = counted(left.count, "commit");
        ui.warn(&format!(
            "{commits} that no branch or tag has: {} {}",
            left.commit.short(),
            safe(&left.summary)
        ));
        ui.hint(&format!("keep what you left: esker branch NAME {}", left.commit.short()));
    }
}

/// `reset`.
pub fn reset(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &ResetOutcome,
    options: &ResetOptions,
) -> io::Result<()> {
    if options.dry_run {
        if let (Some(from), Some(to)) = (outcome.previous, outcome.commit)
            && from != to
        {
            let what = outcome.branch.as_deref().unwrap_or("HEAD");
            writeln!(out, "move {} from {} to {}", escape(what), from.short(), to.short())?;
        }
        to_be_lost(out, palette, &outcome.lost)?;
        return planned(out, &outcome.plan);
    }
    if !options.paths.is_empty() {
        return writeln!(out, "put back {} in the stage", counted(outcome.unstaged, "path"));
    }
    let id = palette.id;
    if let Some(commit) = outcome.commit {
        let was = match outcome.previous {
            Some(previous) if previous != commit => format!(" (was {})", previous.short()),
            _ => String::new(),
        };
        let summary = safe(&outcome.summary);
        writeln!(out, "HEAD is now at {id}{}{id:#} {summary}{was}", commit.short())?;
    }
    lost(out, palette, &outcome.lost)?;
    if outcome.mode == ResetMode::Hard {
        return written(out, outcome.written, outcome.removed, outcome.bytes, outcome.seconds);
    }
    if !outcome.changes.is_empty() {
        writeln!(out, "Unstaged changes after reset:")?;
    }
    let bad = palette.bad;
    outcome.changes.iter().try_for_each(|change| {
        writeln!(out, "{bad}{}{bad:#}\t{}", letter(change.change), escape(&change.path))
    })
}

/// Unsaved work that would be dropped, a line each.
fn to_be_lost(out: &mut dyn Write, palette: &Palette, lost: &[LostWork]) -> io::Result<()> {
    let bad = palette.bad;
    lost.iter().try_for_each(|work| {
        writeln!(out, "{bad}lose{bad:#} {} ({})", escape(&work.path), work.why)
    })
}

fn lost(out: &mut dyn Write, palette: &Palette, lost: &[LostWork]) -> io::Result<()> {
    /// So many are named.
    const NAMED: usize = 10;
    if lost.is_empty() {
        return Ok(());
    }
    let named: Vec<_> = lost.iter().take(NAMED).map(|work| escape(&work.path)).collect();
    let more = match lost.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", count(more as u64)),
    };
    let bad = palette.bad;
    writeln!(out, "{bad}dropped unsaved changes{bad:#}: {}{more}", named.join(", "))
}

fn written(out: &mut dyn Write, files: u64, removed: u64, size: u64, time: f64) -> io::Result<()> {
    if files + removed == 0 {
        return Ok(());
    }
    let (files, removed) = (counted(files, "file"), count(removed));
    writeln!(out, "{files} written ({}), {removed} removed, in {}", bytes(size), seconds(time))
}

/// `stash`.
pub fn stash(out: &mut dyn Write, palette: &Palette, outcome: &StashOutcome) -> io::Result<()> {
    let id = palette.id;
    match outcome {
        StashOutcome::Push { saved: None, .. } => writeln!(out, "nothing to put aside"),
        StashOutcome::Push { saved: Some(stash), .. } => {
            writeln!(out, "put aside as {}: {}", stash.selector, safe(&stash.message))?;
            writeln!(out, "bring it back with: esker stash pop")
        }
        StashOutcome::List { stashes } => stashes.iter().try_for_each(|stash| {
            writeln!(out, "{id}{}{id:#}: {}", stash.selector, safe(&stash.message))
        }),
        StashOutcome::Show { stash, changes } => {
            writeln!(out, "{id}{}{id:#}: {}\n", stash.selector, safe(&stash.message))?;
            changes.iter().try_for_each(|change| {
                writeln!(out, "{}\t{}", letter(change.change), escape(&change.path))
            })
        }
        StashOutcome::Apply { stash, dropped, written: files, removed, bytes: size } => {
            let and = if *dropped { " and dropped" } else { "" };
            let (files, removed) = (counted(*files, "file"), count(*removed));
            writeln!(out, "brought back{and} {}: {}", stash.selector, safe(&stash.message))?;
            writeln!(out, "{files} written ({}), {removed} removed", bytes(*size))
        }
        StashOutcome::Drop { dropped } => dropped.iter().try_for_each(|stash| {
            writeln!(out, "dropped {}: {}", stash.selector, safe(&stash.message))?;
            writeln!(out, "bring it back with: esker stash apply {id}{}{id:#}", stash.commit)
        }),
    }
}
