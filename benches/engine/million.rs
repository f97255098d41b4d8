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
    for ((what, few), (_, many)) in few.iter().zip(&many) {
        let name = format!("million-{shape}, {what}");
        let how = format!(
            "{} files, {:.2} s CPU; a tenth of them: {:.2} s, {:.2} s CPU, {:.0} MB",
            bench.args.files,
            many.cpu,
            few.wall,
            few.cpu,
            few.peak / 1e6
        );
        line(&name, many.wall, "s", Bar::None, &how);
        line(&format!("{name}, memory"), many.peak / 1e6, "MB", resident::LIMIT, "");
        if few.cpu >= WORTH_COMPARING {
            let how = "CPU time of all files over that of a tenth of them";
            line(&format!("{name}, growth"), many.cpu / few.cpu, "x", GROWTH, how);
        }
    }
    let wall = |what: &str| many.iter().find(|m| m.0 == what).map_or(f64::NAN, |m| m.1.wall);
    let beyond = wall("add one change") + wall("commit one change") - wall("status of one change");
    let how = "add and commit of one changed file, less status";
    let name = format!("million-{shape}, one change beyond the walk");
    line(&name, beyond, "s", Bar::AtMost(0.5), how);
    Ok(())
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
