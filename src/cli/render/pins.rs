//! Pins and what is on disk of them, as text for people.

use std::io::{self, Write};

use esker::ops::pin::PinOutcome;
use esker::ops::verify::{VerifyOutcome, VerifyState};
use esker::path::escape;

use super::units::{bytes, counted};
use crate::cli::term::Palette;

/// `pin` and `update`.
pub fn pinned(out: &mut dyn Write, palette: &Palette, outcome: &PinOutcome) -> io::Result<()> {
    let id = palette.id;
    for pin in &outcome.pins {
        let (dest, new) = (escape(&pin.dest), pin.commit.short());
        let (files, size) = (counted(pin.files, "file"), bytes(pin.bytes));
        match pin.old_commit {
            Some(_) if pin.same => {
                writeln!(out, "{dest}: the same data at {id}{new}{id:#} ({files}, {size})")?
            }
            Some(old) => {
                let old = old.short();
                writeln!(out, "{dest}: {id}{old}{id:#} -> {id}{new}{id:#} ({files}, {size})")?
            }
            None => writeln!(out, "{dest}: {id}{new}{id:#} ({files}, {size})")?,
        }
    }
    Ok(())
}

/// `verify`.
pub fn verified(out: &mut dyn Write, palette: &Palette, outcome: &VerifyOutcome) -> io::Result<()> {
    let (good, bad) = (palette.good, palette.bad);
    for pin in &outcome.pins {
        let (dest, files) = (escape(&pin.dest), counted(pin.files, "file"));
        match (pin.state, &pin.found) {
            (VerifyState::Same, _) => writeln!(out, "{dest}: {good}same{good:#} ({files})")?,
            (_, None) => writeln!(out, "{dest}: {bad}not there{bad:#}")?,
            (VerifyState::Differs, _) => {
                let there = counted(pin.found_files, "file");
                writeln!(out, "{dest}: {bad}differs{bad:#} ({files} pinned, {there} there)")?
            }
            (VerifyState::Damaged, _) => writeln!(out, "{dest}: {bad}damaged{bad:#}")?,
        }
        pin.damaged.iter().try_for_each(|f| writeln!(out, "  damaged: {}", escape(f)))?;
        pin.changed.iter().try_for_each(|f| writeln!(out, "  changed: {}", escape(f)))?;
    }
    Ok(())
}
