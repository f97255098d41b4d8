//! What was sent, brought and found on remotes, as text for people.

use std::io::{self, Write};

use esker::ops::clone::CloneOutcome;
use esker::ops::ls_remote::LsRemoteOutcome;
use esker::ops::pull::PullOutcome;
use esker::ops::push::PushOutcome;
use esker::ops::remote::RemoteOutcome;
use esker::ops::remote_fsck::RemoteFsckOutcome;
use esker::ops::remote_gc::RemoteGcOutcome;
use esker::ops::{Brought, RefChange, RefLine};
use esker::path::escape;

use super::units::{bytes, count, counted, seconds};
use crate::cli::term::Palette;

/// `remote list`.
pub fn list(out: &mut dyn Write, _: &Palette, outcome: &RemoteOutcome) -> io::Result<()> {
    for remote in &outcome.remotes {
        let note = if remote.single_writer { "  (single writer)" } else { "" };
        writeln!(out, "{}\t{}{note}", remote.name, escape(&remote.url))?;
    }
    Ok(())
}

/// The other subcommands of `remote`.
pub fn check(out: &mut dyn Write, _: &Palette, outcome: &RemoteOutcome) -> io::Result<()> {
    list(out, &Palette::default(), outcome)?;
    let Some(check) = &outcome.check else { return Ok(()) };
    let yes = |is_so: bool| if is_so { "yes" } else { "no" };
    writeln!(out, "  one of several writers wins: {}", yes(check.atomic_create))?;
    writeln!(out, "  keys can be deleted: {}", yes(check.can_delete))?;
    match check.root {
        None => writeln!(out, "  nothing was pushed there yet"),
        Some(_) => {
            let (refs, size) = (counted(check.refs, "ref"), bytes(check.bytes));
            writeln!(out, "  {refs}, {size} of packs")
        }
    }
}

fn ref_lines(out: &mut dyn Write, palette: &Palette, refs: &[RefLine]) -> io::Result<()> {
    let id = palette.id;
    let short = |text: &Option<String>| text.as_deref().unwrap_or("").chars().take(10).collect();
    for line in refs {
        let (old, new): (String, String) = (short(&line.old), short(&line.new));
        let name = line.name.strip_prefix("refs/heads/").unwrap_or(&line.name);
        let name = name.strip_prefix("refs/tags/").unwrap_or(name);
        match line.change {
            RefChange::New => writeln!(out, " * {name}: {id}{new}{id:#} (new)")?,
            RefChange::Moved => writeln!(out, "   {name}: {id}{old}..{new}{id:#}")?,
            RefChange::Forced => writeln!(out, " + {name}: {id}{old}...{new}{id:#} (forced)")?,
            RefChange::Deleted => writeln!(out, " - {name} (deleted, was {id}{old}{id:#})")?,
            RefChange::Same => writeln!(out, " = {name}: {id}{new}{id:#} (up to date)")?,
        }
    }
    Ok(())
}

/// `push`.
pub fn push(out: &mut dyn Write, palette: &Palette, outcome: &PushOutcome) -> io::Result<()> {
    let is_same = outcome.refs.iter().all(|line| line.change == RefChange::Same);
    if is_same && !outcome.was_done {
        return writeln!(out, "Everything up to date");
    }
    let verb = if outcome.dry_run { "Would push to" } else { "To" };
    writeln!(out, "{verb} {}", escape(&outcome.url))?;
    ref_lines(out, palette, &outcome.refs)?;
    if outcome.was_done {
        return writeln!(out, "an earlier push that was stopped had been done");
    }
    let (commits, files) = (counted(outcome.commits, "commit"), counted(outcome.files, "file"));
    if outcome.dry_run {
        let size = bytes(outcome.file_bytes);
        return writeln!(out, "{commits}, {files} of {size}; chunks that are there are not sent");
    }
    let (sent, requests) = (bytes(outcome.sent_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{commits}, {files}; {sent} sent in {requests}, {}", seconds(outcome.seconds))
}

/// `fetch`.
pub fn fetch(out: &mut dyn Write, palette: &Palette, outcome: &Brought) -> io::Result<()> {
    if outcome.refs.is_empty() {
        return writeln!(out, "Nothing new from {}", outcome.remote);
    }
    writeln!(out, "From {}", escape(&outcome.url))?;
    ref_lines(out, palette, &outcome.refs)?;
    let (commits, files) = (counted(outcome.commits, "commit"), counted(outcome.files, "file"));
    let (came, requests) = (bytes(outcome.received_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{commits}, {files}; {came} in {requests}, {}", seconds(outcome.seconds))
}

/// `pull`.
pub fn pull(out: &mut dyn Write, palette: &Palette, outcome: &PullOutcome) -> io::Result<()> {
    if !outcome.fetched.refs.is_empty() {
        fetch(out, palette, &outcome.fetched)?;
    }
    if outcome.old == Some(outcome.new) {
        return writeln!(out, "Already up to date.");
    }
    let id = palette.id;
    let old = outcome.old.map_or_else(|| "nothing".to_string(), |old| old.short());
    let (branch, new) = (escape(&outcome.branch), outcome.new.short());
    writeln!(out, "{branch} moved from {id}{old}{id:#} to {id}{new}{id:#}")?;
    let (written, size) = (counted(outcome.written, "file"), bytes(outcome.bytes));
    writeln!(out, "{written} written ({size}), {} removed", count(outcome.removed))
}

/// `clone`.
pub fn clone(out: &mut dyn Write, palette: &Palette, outcome: &CloneOutcome) -> io::Result<()> {
    let dir = outcome.dir.display().to_string();
    writeln!(out, "Cloned {} into {}", escape(&outcome.url), escape(&dir))?;
    match (&outcome.branch, outcome.commit) {
        (Some(branch), Some(commit)) => {
            let id = palette.id;
            writeln!(out, "On branch {} at {id}{}{id:#}", escape(branch), commit.short())?;
        }
        _ => writeln!(out, "there is no branch to check out yet")?,
    }
    let (refs, commits) = (counted(outcome.refs, "ref"), counted(outcome.commits, "commit"));
    let (written, size) = (counted(outcome.written, "file"), bytes(outcome.bytes));
    let (came, requests) = (bytes(outcome.received_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{refs}, {commits}; {written} written ({size})")?;
    writeln!(out, "{came} in {requests}, {}", seconds(outcome.seconds))
}

/// `ls-remote`.
pub fn refs(out: &mut dyn Write, _: &Palette, outcome: &LsRemoteOutcome) -> io::Result<()> {
    outcome.refs.iter().try_for_each(|r| writeln!(out, "{}\t{}", r.target, r.name))
}

/// `remote gc`.
pub fn gc(out: &mut dyn Write, _: &Palette, outcome: &RemoteGcOutcome) -> io::Result<()> {
    let RemoteGcOutcome { dead_packs, repacked, deleted, orphans, .. } = *outcome;
    let would = if outcome.dry_run { "would be " } else { "" };
    let dropped = bytes(outcome.dropped_bytes);
    writeln!(
        out,
        "{} {would}dropped, {} packed anew: {dropped}",
        counted(dead_packs, "pack"),
        count(repacked)
    )?;
    if outcome.dry_run {
        return Ok(());
    }
    let new = bytes(outcome.new_bytes);
    writeln!(
        out,
        "{new} written; {} deleted, {} of pushes that never ended",
        counted(deleted + orphans, "key"),
        count(orphans)
    )
}

/// `remote fsck`.
pub fn fsck(out: &mut dyn Write, palette: &Palette, outcome: &RemoteFsckOutcome) -> io::Result<()> {
    let (commits, trees) = (counted(outcome.commits, "commit"), counted(outcome.trees, "tree"));
    let (files, packs) = (counted(outcome.files, "file"), counted(outcome.packs, "pack"));
    writeln!(out, "checked {commits}, {trees}, {files}; {packs}, {}", bytes(outcome.bytes))?;
    let bad = palette.bad;
    for problem in &outcome.problems {
        writeln!(out, "{bad}{}{bad:#}: {}", escape(&problem.what), escape(&problem.why))?;
    }
    match outcome.problems.len() as u64 {
        0 => writeln!(out, "no problems"),
        problems => writeln!(out, "{}", counted(problems, "problem")),
    }
}
