//! What was freed, as text for people.

use std::io::{self, Write};

use esker::ops::evict::EvictOutcome;
use esker::ops::forget::ForgetOutcome;
use esker::ops::gc::{Files, GcOutcome};
use esker::ops::purge::{PurgeOutcome, PurgedKind};
use esker::ops::repack::RepackOutcome;
use esker::ops::{KeptBy, UnseenRepository};
use esker::path::escape;

use super::text::safe;
use super::units::{bytes, count as number, counted};
use crate::cli::age;
use crate::cli::term::Palette;

/// `gc`.
pub fn gc(out: &mut dyn Write, _: &Palette, outcome: &GcOutcome) -> io::Result<()> {
    let verb = if outcome.dry_run { "would free" } else { "freed" };
    writeln!(out, "{verb} {}", bytes(outcome.freed_bytes))?;
    let reasons = [
        (outcome.unreachable, "that nothing needs"),
        (outcome.sparse, "of which little is needed"),
        (outcome.expired, "that nothing has needed for longer than the grace"),
        (outcome.leftovers, "left behind by commands that were killed"),
    ];
    for (files, why) in reasons {
        line(out, files, if why.starts_with("left") { "file" } else { "pack" }, why)?;
    }
    if outcome.copied.bytes > 0 {
        writeln!(out, "  {:>10} copied from them", bytes(outcome.copied.bytes))?;
    }
    later(out, outcome.later_bytes, outcome.grace_seconds)?;
    if outcome.promised.files > 0 {
        let files = counted(outcome.promised.files, "file content");
        let size = bytes(outcome.promised.bytes);
        writeln!(out, "{files} ({size}) not here on purpose: a remote has them")?;
    }
    if outcome.in_use.files > 0 {
        let packs = counted(outcome.in_use.files, "pack");
        writeln!(out, "{packs} in use by running commands: left alone")?;
    }
    for path in &outcome.unseen {
        let path = escape(path);
        writeln!(
            out,
            "not there, and all it needs kept: {path}; if it is gone for good: esker worktree remove {path}"
        )?;
    }
    unseen(out, &outcome.unseen_repositories)?;
    let whose = match outcome.others {
        0 => "its repository's refs and stages need".to_owned(),
        n => format!("the refs and stages of the {} repositories on it need", number(n + 1)),
    };
    writeln!(out, "Looked at one store, and at all that {whose}: {}", outcome.store)
}

fn line(out: &mut dyn Write, files: Files, thing: &str, why: &str) -> io::Result<()> {
    if files.files == 0 {
        return Ok(());
    }
    writeln!(out, "  {:>10} in {} {why}", bytes(files.bytes), counted(files.files, thing))
}

/// Repositories on the store that could not be asked what they need.
fn unseen(out: &mut dyn Write, repositories: &[UnseenRepository]) -> io::Result<()> {
    for UnseenRepository { path, why, hint } in repositories {
        let why = safe(why);
        writeln!(out, "nothing was dropped, for {path} cannot be asked what it needs: {why}")?;
        writeln!(out, "  {hint}")?;
    }
    Ok(())
}

/// Repositories on the store that need what was to go.
fn kept_by(out: &mut dyn Write, kept: &[KeptBy], unseen: &[UnseenRepository]) -> io::Result<()> {
    for one in kept {
        writeln!(
            out,
            "{} stay, for another repository needs them: {}",
            bytes(one.bytes),
            one.path
        )?;
    }
    for UnseenRepository { path, why, hint } in unseen {
        let why = safe(why);
        writeln!(out, "nothing goes as long as {path} cannot be asked what it needs: {why}")?;
        writeln!(out, "  {hint}")?;
    }
    Ok(())
}

/// `repack`.
pub fn repack(out: &mut dyn Write, _: &Palette, outcome: &RepackOutcome) -> io::Result<()> {
    let RepackOutcome { packs_before, packs_after, bytes_before, bytes_after, .. } = *outcome;
    let before = format!("{}, {}", counted(packs_before, "pack"), bytes(bytes_before));
    if let Some(cut) = &outcome.cut {
        let verb = if outcome.dry_run { "would cut" } else { "cut" };
        let (files, lengths) = (counted(cut.blobs, "content"), bytes(cut.average.into()));
        let size = bytes(cut.bytes);
        writeln!(out, "{verb} {files} of {size} anew, into chunks of {lengths} on average")?;
    }
    if outcome.dry_run {
        let rewritten = counted(outcome.rewritten, "pack");
        writeln!(
            out,
            "would rewrite {rewritten} of {before}; at most {} then",
            bytes(bytes_after)
        )?;
    } else {
        writeln!(out, "{before} -> {}, {}", counted(packs_after, "pack"), bytes(bytes_after))?;
    }
    unseen(out, &outcome.unseen_repositories)?;
    later(out, outcome.later_bytes, outcome.grace_seconds)
}

/// What the grace holds back.
fn later(out: &mut dyn Write, later_bytes: u64, grace_seconds: i64) -> io::Result<()> {
    if later_bytes == 0 {
        return Ok(());
    }
    let (later, age) = (bytes(later_bytes), age::shown(grace_seconds));
    writeln!(out, "{later} can go after the grace of {age}; at once: esker gc --grace 0")
}

/// Commits that are listed one by one; more are only counted.
const LISTED: usize = 20;

/// `forget`.
pub fn forget(out: &mut dyn Write, palette: &Palette, outcome: &ForgetOutcome) -> io::Result<()> {
    let count = outcome.forgotten.len();
    if count == 0 {
        return writeln!(out, "nothing to forget: {} kept", counted(outcome.kept, "commit"));
    }
    let id = palette.id;
    for one in outcome.forgotten.iter().take(LISTED) {
        writeln!(out, "  {id}{}{id:#} {}", one.commit.short(), safe(&one.summary))?;
    }
    if count > LISTED {
        writeln!(out, "  … and {} more", number((count - LISTED) as u64))?;
    }
    let verb = if outcome.dry_run { "would forget" } else { "forgot" };
    let commits = counted(count as u64, "commit");
    let kept = counted(outcome.kept, "commit");
    writeln!(out, "{verb} the files of {commits}; {kept} keep theirs")?;
    kept_by(out, &outcome.kept_by, &outcome.unseen_repositories)?;
    let freed = bytes(outcome.freed_bytes);
    match outcome.dry_run {
        true => writeln!(out, "{freed} would go with the next gc"),
        false => writeln!(out, "{freed} go with the next gc; at once: esker gc --grace 0"),
    }
}

/// `purge`.
pub fn purge(out: &mut dyn Write, palette: &Palette, outcome: &PurgeOutcome) -> io::Result<()> {
    let id = palette.id;
    for moved in &outcome.refs {
        let (old, new) = (&moved.old[..10], &moved.new[..10]);
        let name = escape(&moved.name);
        writeln!(out, "  {:<6} {name}: {id}{old}{id:#} -> {id}{new}{id:#}", kind(moved.kind))?;
    }
    let verb = if outcome.dry_run { "would give" } else { "gave" };
    writeln!(out, "{verb} {} another id", counted(outcome.commits, "commit"))?;
    for path in &outcome.on_disk {
        writeln!(out, "still on disk, and left alone: {path}")?;
    }
    for name in &outcome.remotes {
        writeln!(
            out,
            "a remote still has it: {}; esker push --force, then esker gc --remote --exact; a keep holds it too: esker remote keeps",
            escape(name)
        )?;
    }
    kept_by(out, &outcome.kept_by, &outcome.unseen_repositories)?;
    let freed = bytes(outcome.freed_bytes);
    match outcome.dry_run {
        true => writeln!(out, "{freed} would go with the next gc"),
        false => writeln!(out, "{freed} go with the next gc; at once: esker gc --grace 0"),
    }
}

fn kind(kind: PurgedKind) -> &'static str {
    match kind {
        PurgedKind::Branch => "branch",
        PurgedKind::Tag => "tag",
        PurgedKind::Stash => "stash",
        PurgedKind::Keep => "keep",
        PurgedKind::Head => "",
    }
}

/// `evict`.
pub fn evict(out: &mut dyn Write, outcome: &EvictOutcome) -> io::Result<()> {
    let (files, size) = (counted(outcome.files, "file content"), bytes(outcome.bytes));
    let removed = counted(outcome.removed, "file");
    match outcome.dry_run {
        true => writeln!(out, "would let go of {files} ({size}) and remove {removed} from disk")?,
        false => {
            writeln!(out, "let go of {files} ({size}), removed {removed} from disk")?;
            writeln!(out, "freed {}", bytes(outcome.freed_bytes))?;
        }
    }
    if !outcome.keep.is_empty() {
        let (remote, keep) = (escape(&outcome.remote), escape(&outcome.keep));
        writeln!(out, "{remote} has them, and keeps the commit as {keep}")?;
    }
    if outcome.unproven > 0 {
        let (files, size) =
            (counted(outcome.unproven, "file content"), bytes(outcome.unproven_bytes));
        writeln!(
            out,
            "kept {files} ({size}) that {} was not seen to have",
            escape(&outcome.remote)
        )?;
    }
    outcome
        .kept
        .iter()
        .try_for_each(|path| writeln!(out, "kept on disk, since it was changed: {}", escape(path)))
}
