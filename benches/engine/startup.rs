//! How long it takes to do next to nothing.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::report::{Bar, line, median};
use crate::{Bench, Outcome};

const SPAWNS: usize = 50;

/// `startup`.
pub fn run(bench: &Bench) -> Outcome {
    let folder = bench.scratch.folder("startup")?;
    fs::write(folder.join("a.txt"), "a\n")?;
    for step in ["init", "add .", "commit -m a"] {
        bench.esker.run(&folder, step)?;
    }
    for what in ["--version", "status"] {
        let figures = milliseconds(bench, &folder, what)?;
        let least = figures.iter().copied().fold(f64::INFINITY, f64::min);
        let how = format!("median of 50 spawns, wall clock; least {least:.1} ms");
        let name = format!("startup, {what}");
        line(&name, median(figures), "ms", Bar::AtMost(10.0), &how);
    }
    Ok(())
}

fn milliseconds(bench: &Bench, folder: &Path, what: &str) -> std::io::Result<Vec<f64>> {
    let once = || {
        let started = Instant::now();
        bench.esker.command(folder, what).status()?;
        Ok(started.elapsed().as_secs_f64() * 1e3)
    };
    (0..SPAWNS).map(|_| once()).collect()
}
