//! What was sent, brought and found on remotes, as text for people.

use std::io::{self, Write};

use esker::ops::accept_history::AcceptHistoryOutcome;
use esker::ops::clone::CloneOutcome;
use esker::ops::get::GetOutcome;
use esker::ops::keeps::KeepsOutcome;
use esker::ops::ls_remote::LsRemoteOutcome;
use esker::ops::mirror::MirrorOutcome;
use esker::ops::pull::{PullMode, PullOutcome};
use esker::ops::push::PushOutcome;
use esker::ops::remote::RemoteOutcome;
use esker::ops::remote_fsck::{RemoteFsckOutcome, RemoteRepair};
use esker::ops::remote_gc::RemoteGcOutcome;
use esker::ops::stats::RemoteStats;
use esker::ops::{Brought, RefChange, RefLine};
use esker::path::escape;

use super::merging;
use super::text::safe;
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
    let commits = counted(outcome.commits, "commit");
    // Equal files are one content, so these are fewer than a commit has files.
    let files = counted(outcome.files, "file content");
    if outcome.dry_run {
        let size = bytes(outcome.file_bytes);
        let objects = counted(outcome.planned_objects, "object");
        let planned = bytes(outcome.planned_bytes);
        return writeln!(
            out,
            "{commits}, {files} of {size}: {objects}, {planned} compressed, to send"
        );
    }
    let (sent, requests) = (bytes(outcome.sent_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{commits}, {files}; {sent} sent in {requests}, {}", seconds(outcome.seconds))
}

/// `mirror`.
pub fn mirror(out: &mut dyn Write, palette: &Palette, outcome: &MirrorOutcome) -> io::Result<()> {
    if outcome.refs.iter().all(|line| line.change == RefChange::Same) && !outcome.was_done {
        return writeln!(out, "Everything up to date");
    }
    let verb = if outcome.dry_run { "Would mirror" } else { "Mirrored" };
    writeln!(out, "{verb} {} to {}", escape(&outcome.from), escape(&outcome.to))?;
    ref_lines(out, palette, &outcome.refs)?;
    if outcome.was_done {
        return writeln!(out, "an earlier run that was stopped had been done");
    }
    let commits = counted(outcome.commits, "commit");
    // Equal files are one content, so these are fewer than a commit has files.
    let files = counted(outcome.files, "file content");
    if outcome.dry_run {
        let size = bytes(outcome.file_bytes);
        let objects = counted(outcome.planned_objects, "object");
        let planned = bytes(outcome.planned_bytes);
        return writeln!(
            out,
            "{commits}, {files} of {size}: {objects}, {planned} compressed, to send"
        );
    }
    let (came, sent) = (bytes(outcome.received_bytes), bytes(outcome.sent_bytes));
    let (requests, took) = (counted(outcome.requests, "request"), seconds(outcome.seconds));
    writeln!(out, "{commits}, {files}; {came} received, {sent} sent in {requests}, {took}")
}

/// `fetch`.
pub fn fetch(out: &mut dyn Write, palette: &Palette, outcome: &Brought) -> io::Result<()> {
    if outcome.fetched.files > 0 {
        let verb = if outcome.dry_run { "would be fetched" } else { "fetched" };
        let (files, size) = (counted(outcome.fetched.files, "file"), bytes(outcome.fetched.bytes));
        writeln!(out, "{files} of all versions {verb}: {size}")?;
    }
    if outcome.refs.is_empty() {
        return writeln!(out, "Nothing new from {}", outcome.remote);
    }
    let verb = if outcome.dry_run { "Would fetch from" } else { "From" };
    writeln!(out, "{verb} {}", escape(&outcome.url))?;
    ref_lines(out, palette, &outcome.refs)?;
    let commits = counted(outcome.commits, "commit");
    // Equal files are one content, so these are fewer than a commit has files.
    let files = counted(outcome.files, "file content");
    if outcome.dry_run {
        let (objects, size) =
            (counted(outcome.planned_objects, "object"), bytes(outcome.planned_bytes));
        return writeln!(out, "{commits}, {files}: {objects}, {size} of data, to fetch");
    }
    let (came, requests) = (bytes(outcome.received_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{commits}, {files}; {came} in {requests}, {}", seconds(outcome.seconds))
}

/// `pull`.
pub fn pull(out: &mut dyn Write, palette: &Palette, outcome: &PullOutcome) -> io::Result<()> {
    if !outcome.fetched.refs.is_empty() {
        fetch(out, palette, &outcome.fetched)?;
    }
    if outcome.old == Some(outcome.new) && outcome.conflicts.is_empty() {
        return writeln!(out, "Already up to date.");
    }
    let id = palette.id;
    for made in &outcome.made {
        let (short, summary) = (made.commit.short(), safe(&made.summary));
        writeln!(out, "[{} {id}{short}{id:#}] {summary}", escape(&outcome.branch))?;
    }
    for empty in &outcome.empty {
        writeln!(out, "{id}{}{id:#} left out: what it changes is there already", empty.short())?;
    }
    let old = outcome.old.map_or_else(|| "nothing".to_string(), |old| old.short());
    let (branch, new) = (escape(&outcome.branch), outcome.new.short());
    writeln!(out, "{branch} moved from {id}{old}{id:#} to {id}{new}{id:#}")?;
    let (written, size) = (counted(outcome.written, "file"), bytes(outcome.bytes));
    writeln!(out, "{written} written ({size}), {} removed", count(outcome.removed))?;
    let verb = if outcome.mode == PullMode::Merge { "merge" } else { "cherry-pick" };
    merging::open_conflicts(out, palette, (&outcome.conflicts, verb))
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
    if outcome.shallow > 0 {
        let commits = counted(outcome.shallow, "commit");
        writeln!(out, "the history before {commits} was not brought")?;
    }
    let (refs, commits) = (counted(outcome.refs, "ref"), counted(outcome.commits, "commit"));
    let (written, size) = (counted(outcome.written, "file"), bytes(outcome.bytes));
    let (came, requests) = (bytes(outcome.received_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{refs}, {commits}; {written} written ({size})")?;
    writeln!(out, "{came} in {requests}, {}", seconds(outcome.seconds))
}

/// `get`.
pub fn get(out: &mut dyn Write, palette: &Palette, outcome: &GetOutcome) -> io::Result<()> {
    let id = palette.id;
    for got in &outcome.got {
        let dest = got.dest.display().to_string();
        let of = match got.path.as_str() {
            "" => escape(&got.url).into_owned(),
            path => format!("{} of {}", escape(path), escape(&got.url)),
        };
        writeln!(out, "{of} at {id}{}{id:#} is {}", got.commit.short(), escape(&dest))?;
        let (written, size) = (counted(got.written, "file"), bytes(got.written_bytes));
        let also = |number: u64, what: &str| match number {
            0 => String::new(),
            number => format!(", {} {what}", count(number)),
        };
        let (kept, removed) = (also(got.kept, "there already"), also(got.removed, "removed"));
        writeln!(out, "  {written} written ({size}){kept}{removed}")?;
    }
    let (came, requests) = (bytes(outcome.received_bytes), counted(outcome.requests, "request"));
    writeln!(out, "{came} in {requests}, {}", seconds(outcome.seconds))
}

/// `ls-remote`.
pub fn refs(out: &mut dyn Write, _: &Palette, outcome: &LsRemoteOutcome) -> io::Result<()> {
    outcome.refs.iter().try_for_each(|r| writeln!(out, "{}\t{}", r.target, r.name))
}

/// A remote in `stats`.
pub fn stats(out: &mut dyn Write, remote: &RemoteStats) -> io::Result<()> {
    let RemoteStats { history_bytes, layout_bytes, data_bytes, .. } = *remote;
    let (refs, keeps) = (counted(remote.refs, "ref"), counted(remote.keeps, "keep"));
    let size = bytes(history_bytes + layout_bytes + data_bytes);
    writeln!(out, "{} ({}): {refs}, {keeps}", remote.name, escape(&remote.url))?;
    let parts = [
        (data_bytes, "data"),
        (layout_bytes, "where data lies"),
        (history_bytes, "commits and folders"),
    ];
    let parts: Vec<String> =
        parts.iter().map(|(size, what)| format!("{} of {what}", bytes(*size))).collect();
    writeln!(out, "  {} of {size}: {}", counted(remote.packs, "pack"), parts.join(", "))?;
    let (here, there) = (counted(remote.only_here, "commit"), counted(remote.only_there, "ref"));
    writeln!(out, "  {here} only here, {there} only there")
}

/// `remote keeps`.
pub fn keeps(out: &mut dyn Write, palette: &Palette, outcome: &KeepsOutcome) -> io::Result<()> {
    let id = palette.id;
    for keep in &outcome.keeps {
        let short: String = keep.target.chars().take(10).collect();
        let summary = keep.summary.as_deref().map(safe).unwrap_or_default();
        writeln!(out, "{id}{short}{id:#}\t{}\t{summary}", escape(&keep.name))?;
    }
    Ok(())
}

/// `remote accept-history`.
pub fn accepted(
    out: &mut dyn Write,
    palette: &Palette,
    outcome: &AcceptHistoryOutcome,
) -> io::Result<()> {
    let (name, root) = (&outcome.remote, outcome.root);
    match (outcome.went_back, outcome.seen) {
        (true, Some(seen)) => {
            writeln!(
                out,
                "{name} went back from root {seen}; it is taken as it is, at root {root}"
            )?;
        }
        _ => writeln!(out, "{name} is at root {root}, which follows from what was seen")?,
    }
    ref_lines(out, palette, &outcome.refs)
}

/// `gc --remote`.
pub fn gc(out: &mut dyn Write, _: &Palette, outcome: &RemoteGcOutcome) -> io::Result<()> {
    let RemoteGcOutcome { dead_packs, repacked, deleted, orphans, .. } = *outcome;
    let would = if outcome.dry_run { "would be " } else { "" };
    let (packs, dropped) = (counted(dead_packs, "pack"), bytes(outcome.dropped_bytes));
    writeln!(out, "{packs} {would}dropped, {} packed anew: {dropped}", count(repacked))?;
    if outcome.dry_run {
        let keys = counted(deleted, "key");
        writeln!(out, "{keys} would be deleted, dropped longer ago than the grace")?;
        return match orphans {
            0 => Ok(()),
            _ => writeln!(out, "{} more, left by what never ended", counted(orphans, "key")),
        };
    }
    let new = bytes(outcome.new_bytes);
    let keys = counted(deleted + orphans, "key");
    writeln!(out, "{new} written; {keys} deleted, {} left by what never ended", count(orphans))
}

/// `fsck --remote`.
pub fn fsck(out: &mut dyn Write, palette: &Palette, outcome: &RemoteFsckOutcome) -> io::Result<()> {
    let (commits, trees) = (counted(outcome.commits, "commit"), counted(outcome.trees, "tree"));
    let (files, packs) = (counted(outcome.files, "file"), counted(outcome.packs, "pack"));
    writeln!(out, "checked {commits}, {trees}, {files}; {packs}, {}", bytes(outcome.bytes))?;
    if outcome.read_bytes > 0 {
        writeln!(out, "read and verified {} of them", bytes(outcome.read_bytes))?;
    }
    if outcome.unnamed > 0 {
        let (keys, size) = (counted(outcome.unnamed, "key"), bytes(outcome.unnamed_bytes));
        writeln!(out, "{keys} of pushes under way, or that never ended: {size}")?;
    }
    if !outcome.was_listed {
        writeln!(out, "keys could not be listed: not allowed")?;
    }
    if let Some(RemoteRepair { objects, dropped, put_again, .. }) = &outcome.repaired {
        let (objects, dropped) = (counted(*objects, "object"), counted(*dropped, "pack"));
        writeln!(out, "{objects} sent again, {dropped} dropped, {put_again} put again")?;
    }
    let bad = palette.bad;
    let absent = outcome.repaired.iter().flat_map(|repair| &repair.absent);
    for problem in outcome.problems.iter().chain(absent) {
        writeln!(out, "{bad}{}{bad:#}: {}", escape(&problem.what), escape(&problem.why))?;
    }
    match outcome.problems.len() as u64 {
        0 => writeln!(out, "no problems"),
        problems => writeln!(out, "{}", counted(problems, "problem")),
    }
}
