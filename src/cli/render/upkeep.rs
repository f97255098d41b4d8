//! What was freed, as text for people.

use std::io::{self, Write};

use esker::ops::gc::{Files, GcOutcome};
use esker::ops::repack::RepackOutcome;

use super::units::{bytes, counted};
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
    if outcome.later_bytes > 0 {
        let (later, age) = (bytes(outcome.later_bytes), age::shown(outcome.grace_seconds));
        writeln!(out, "{later} can go after the grace of {age}; at once: esker gc --grace 0")?;
    }
    if outcome.in_use.files > 0 {
        let packs = counted(outcome.in_use.files, "pack");
        writeln!(out, "{packs} in use by running commands: left alone")?;
    }
    writeln!(
        out,
        "Looked at one store, and at all that its repository's refs and stages need: {}",
        outcome.store
    )
}

fn line(out: &mut dyn Write, files: Files, thing: &str, why: &str) -> io::Result<()> {
    if files.files == 0 {
        return Ok(());
    }
    writeln!(out, "  {:>10} in {} {why}", bytes(files.bytes), counted(files.files, thing))
}

/// `repack`.
pub fn repack(out: &mut dyn Write, _: &Palette, outcome: &RepackOutcome) -> io::Result<()> {
    let RepackOutcome { packs_before, packs_after, bytes_before, bytes_after, .. } = *outcome;
    let before = format!("{}, {}", counted(packs_before, "pack"), bytes(bytes_before));
    if outcome.dry_run {
        let rewritten = counted(outcome.rewritten, "pack");
        return writeln!(
            out,
            "would rewrite {rewritten} of {before}; at most {} then",
            bytes(bytes_after)
        );
    }
    writeln!(out, "{before} -> {}, {}", counted(packs_after, "pack"), bytes(bytes_after))?;
    if outcome.later_bytes > 0 {
        let (later, age) = (bytes(outcome.later_bytes), age::shown(outcome.grace_seconds));
        writeln!(out, "{later} can go after the grace of {age}; at once: esker gc --grace 0")?;
    }
    Ok(())
}
