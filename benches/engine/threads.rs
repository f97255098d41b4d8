//! Whether one huge file keeps two threads as busy as two processes would be.

use std::error::Error;
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::data::{self, Csv, Random};
use crate::process::Cost;
use crate::report::{Bar, line, median};
use crate::{Bench, Outcome, scratch};

const BYTES: u64 = 500_000_000;

/// `threads`.
pub fn run(bench: &Bench) -> Outcome {
    measure(bench, "csv", |seed| Box::new(Csv::new(seed)))?;
    measure(bench, "random", |seed| Box::new(Random::new(seed)))
}

fn measure(bench: &Bench, kind: &str, data: fn(u64) -> Box<dyn Read>) -> Outcome {
    let folders = [bench.scratch.folder("threads-a")?, bench.scratch.folder("threads-b")?];
    for (seed, folder) in (0..).zip(&folders) {
        data::write(&folder.join("big"), data(seed).take(BYTES))?;
    }
    let (mut one, mut two, mut pair) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..bench.args.runs {
        one.push(add(bench, &folders[0], 1)?);
        two.push(add(bench, &folders[0], 2)?);
        pair.push(both(bench, &folders)?);
    }
    let wall = |costs: &[Cost]| median(costs.iter().map(|c| c.wall).collect());
    let cpu = |costs: &[Cost]| median(costs.iter().map(|c| c.cpu).collect());
    let threads = wall(&one) / wall(&two);
    let processes = 2.0 * wall(&one) / median(pair);
    let how = format!(
        "500 MB in one file: jobs 1 {:.2} s ({:.2} s CPU), jobs 2 {:.2} s ({:.2} s CPU)",
        wall(&one),
        cpu(&one),
        wall(&two),
        cpu(&two)
    );
    // Five percent are within the noise of a shared machine.
    let bar = Bar::AtLeast(processes * 0.95);
    line(&format!("threads, {kind}, speed-up of jobs 2"), threads, "x", bar, &how);
    let how = "the bar above: two processes of one thread, each with a file of its own; 5 % less";
    line(&format!("threads, {kind}, two processes"), processes, "x", Bar::None, how);
    folders.iter().try_for_each(|folder| Ok(scratch::remove(folder)?))
}

fn add(bench: &Bench, folder: &Path, jobs: usize) -> Result<Cost, Box<dyn Error>> {
    fresh(bench, folder)?;
    bench.esker.run(folder, &format!("add . --jobs {jobs}"))
}

fn both(bench: &Bench, folders: &[PathBuf; 2]) -> Result<f64, Box<dyn Error>> {
    folders.iter().try_for_each(|folder| fresh(bench, folder))?;
    let running: Vec<_> = folders
        .iter()
        .map(|folder| bench.esker.start(folder, "add . --jobs 1"))
        .collect::<Result<_, _>>()?;
    std::thread::scope(|scope| {
        let waiting: Vec<_> = running
            .into_iter()
            .map(|r| scope.spawn(|| r.wait().map_err(|e| e.to_string())))
            .collect();
        let mut slowest: f64 = 0.0;
        for one in waiting {
            slowest = slowest.max(one.join().map_err(|_| "a thread failed")??.wall);
        }
        Ok(slowest)
    })
}

fn fresh(bench: &Bench, folder: &Path) -> Outcome {
    scratch::remove(&folder.join(".esker"))?;
    bench.esker.init(folder)
}
