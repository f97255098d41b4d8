//! Many files: that time and memory grow with their number and no faster.

use std::error::Error;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::process::Cost;
use crate::report::{Bar, line};
use crate::resident;
use crate::{Bench, Outcome, scratch};

/// A tenfold number of files may take so many times as long.
const GROWTH: Bar = Bar::AtMost(12.0);
/// Below this many seconds a ratio says nothing.
const WORTH_COMPARING: f64 = 0.05;

/// `million-one-dir`.
pub fn one_folder(bench: &Bench) -> Outcome {
    compare(bench, "one-dir", 1)
}

/// `million-1000-dirs`.
pub fn thousand_folders(bench: &Bench) -> Outcome {
    compare(bench, "1000-dirs", 1000)
}

fn compare(bench: &Bench, shape: &str, folders: usize) -> Outcome {
    let few = measure(bench, bench.args.files / 10, folders)?;
    let many = measure(bench, bench.args.files, folders)?;
    for (few, many) in few.iter().zip(&many) {
        tell(bench, &format!("million-{shape}, {}", few.0), &few.1, &many.1);
    }
    let peaks = many.iter().map(|(what, cost)| (cost.peak / 1e6, *what));
    let (peak, what) = peaks.max_by(|a, b| a.0.total_cmp(&b.0)).ok_or("no steps")?;
    let name = format!("million-{shape}, memory");
    line(&name, peak, "MB", resident::LIMIT, &format!("the greatest of all steps: {what}"));
    let wall = |what: &str| many.iter().find(|m| m.0 == what).map_or(f64::NAN, |m| m.1.wall);
    let beyond = wall("add one change") + wall("commit one change") - wall("status of one change");
    let how = "add and commit of one changed file, less status";
    let name = format!("million-{shape}, one change beyond the walk");
    line(&name, beyond, "s", Bar::AtMost(0.5), how);
    Ok(())
}

/// One line a step: its growth, or its time when that is too short to be compared.
fn tell(bench: &Bench, name: &str, few: &Cost, many: &Cost) {
    let cost = |c: &Cost| format!("{:.2} s, {:.2} s CPU, {:.0} MB", c.wall, c.cpu, c.peak / 1e6);
    let files = bench.args.files;
    let how = format!("{files} files: {}; a tenth of them: {}", cost(many), cost(few));
    match few.cpu >= WORTH_COMPARING {
        true => line(&format!("{name}, growth of CPU time"), many.cpu / few.cpu, "x", GROWTH, &how),
        false => line(name, many.wall, "s", Bar::None, &how),
    }
}

/// What a step is called and what it cost.
type Measured = (&'static str, Cost);

/// The steps, in order: what each is called and what is run.
const STEPS: &[(&str, &str)] = &[
    ("add", "add ."),
    ("commit", "commit -m a"),
    ("status", "status"),
    ("status again", "status"),
    ("add again", "add ."),
    ("status of one change", "status"),
    ("add one change", "add ."),
    ("commit one change", "commit -m b"),
    ("show", "show HEAD"),
    ("checkout back", "checkout HEAD~1"),
    ("checkout forth", "checkout main"),
    ("restore one", "restore ."),
    ("restore all", "restore ."),
    ("status after restore", "status"),
];

fn measure(bench: &Bench, files: usize, folders: usize) -> Result<Vec<Measured>, Box<dyn Error>> {
    let folder = bench.scratch.folder("million")?;
    make(&folder, files, folders)?;
    bench.esker.init(&folder)?;
    let changed = path_of(&folder, files / 2, folders);
    let mut costs = Vec::new();
    for &(name, arguments) in STEPS {
        match name {
            "status of one change" => fs::write(&changed, "changed\n")?,
            "restore one" => fs::write(&changed, "spoiled\n")?,
            "restore all" => remove_files(&folder)?,
            _ => {}
        }
        costs.push((name, bench.esker.run(&folder, arguments)?));
    }
    scratch::remove(&folder)?;
    Ok(costs)
}

fn path_of(folder: &Path, i: usize, folders: usize) -> PathBuf {
    match folders {
        1 => folder.join(format!("data/{i:07}.txt")),
        _ => folder.join(format!("data/{:03}/{i:07}.txt", i % folders)),
    }
}

fn make(folder: &Path, files: usize, folders: usize) -> io::Result<()> {
    for i in 0..folders.min(files) {
        let path = path_of(folder, i, folders);
        fs::create_dir_all(path.parent().unwrap_or(folder))?;
    }
    (0..files).try_for_each(|i| fs::write(path_of(folder, i, folders), format!("file {i}\n")))
}

fn remove_files(folder: &Path) -> io::Result<()> {
    scratch::remove(&folder.join("data"))
}
