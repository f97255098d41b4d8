//! Many small commits: few files, and the last as quick as the first.

use std::fs;
use std::path::Path;
use std::time::Instant;

use crate::process::seconds_of_children;
use crate::report::{Bar, line, median};
use crate::scratch::size_of;
use crate::{Bench, Outcome};

/// Commits that are looked at together.
const WINDOW: usize = 100;

/// What a window of adds and commits took.
struct Window {
    /// Seconds of the middle one.
    wall: f64,
    /// Seconds of the slowest one.
    slowest: f64,
    /// Processor seconds of each, on average.
    cpu: f64,
    /// Files in `.esker` at its end.
    files: u64,
}

/// `commits`.
pub fn run(bench: &Bench) -> Outcome {
    let folder = bench.scratch.folder("commits")?;
    bench.esker.init(&folder)?;
    let mut windows = Vec::new();
    for first in (0..bench.args.commits).step_by(WINDOW) {
        windows.push(window(bench, &folder, first)?);
        if windows.len() % 10 == 0 {
            let Some(last) = windows.last() else { continue };
            let how = format!(
                "{:.2} ms the middle one, {:.2} ms the slowest, {:.2} ms CPU, {} files",
                last.wall * 1e3,
                last.slowest * 1e3,
                last.cpu * 1e3,
                last.files
            );
            println!("after {} commits: {how}", first + WINDOW);
        }
    }
    let [begin, rest @ ..] = &windows[..] else { return Err("too few commits".into()) };
    let n = bench.args.commits;
    let worst = |of: fn(&Window) -> f64| rest.iter().map(of).fold(0.0, f64::max);
    let how = format!("add and commit of one file, {n} times: worst hundred against the first");
    line("commits, growth of CPU time", worst(|w| w.cpu) / begin.cpu, "x", Bar::AtMost(1.5), &how);
    let how =
        format!("the same, middle one of a hundred; first hundred: {:.2} ms", begin.wall * 1e3);
    line("commits, growth of time", worst(|w| w.wall) / begin.wall, "x", Bar::AtMost(1.5), &how);
    let last: Vec<f64> = windows.iter().rev().take(5).map(|w| w.cpu).collect();
    let how = "CPU time of the last five hundred, their middle, against the first hundred";
    line("commits, the last ones", median(last) / begin.cpu, "x", Bar::AtMost(1.5), how);
    line("commits, the slowest", worst(|w| w.slowest) * 1e3, "ms", Bar::None, "folds included");
    let files = windows.iter().map(|w| w.files).max().unwrap_or(0);
    line("commits, files in .esker", files as f64, "files", Bar::AtMost(100.0), "at most, ever");
    let bytes = size_of(&folder.join(".esker"))?.1;
    line(
        "commits, bytes in .esker",
        bytes as f64 / n as f64,
        "bytes each",
        Bar::None,
        "in the end",
    );
    let fsck = bench.esker.run(&folder, "fsck --data")?;
    line("commits, fsck --data", fsck.wall, "s", Bar::None, "in the end, and clean");
    bench.scratch.folder("commits").map(drop).map_err(Into::into)
}

fn window(
    bench: &Bench,
    folder: &Path,
    first: usize,
) -> Result<Window, Box<dyn std::error::Error>> {
    let before = seconds_of_children().unwrap_or(f64::NAN);
    let mut walls = Vec::with_capacity(WINDOW);
    for n in first..first + WINDOW {
        let name = format!("{n:05}.txt");
        fs::write(folder.join(&name), format!("file {n}\n"))?;
        let started = Instant::now();
        for arguments in [format!("add {name}"), format!("commit -m {n}")] {
            if !bench.esker.command(folder, &arguments).status()?.success() {
                return Err(format!("esker {arguments} failed").into());
            }
        }
        walls.push(started.elapsed().as_secs_f64());
    }
    let cpu = (seconds_of_children().unwrap_or(f64::NAN) - before) / WINDOW as f64;
    let slowest = walls.iter().copied().fold(0.0, f64::max);
    let files = size_of(&folder.join(".esker"))?.0;
    Ok(Window { wall: median(walls), slowest, cpu, files })
}
