//! `push` and `clone` beside rclone, DVC and restic, against one local S3 server in one run.
//!
//! `cargo bench --bench remotes -- CORPORA [csv|small|random...]` needs python3, git, go and a network the
//! first time, and about 4 GB in the work folder. Server and peers are kept in ESKER_PEERS (default: a folder
//! below the system's temporary one). ESKER_BIN names another esker than the one cargo built.
//!
//! rclone copies the very packs that esker pushed, and does nothing else: the floor of what the line takes. A clone
//! of a remote that has a tag and no branch does the same work and a little more: all packs come, and no file is
//! written; a whole clone writes the files too. What is prepared (`add`, `commit`) is not timed, but restic's
//! backup packs while it sends, and is.

#[path = "../peers/corpus.rs"]
#[allow(dead_code)]
mod corpus;
#[path = "../common/files.rs"]
mod files;
#[path = "../peers/install.rs"]
#[allow(dead_code)]
mod install;
#[path = "../peers/measure.rs"]
mod measure;
mod server;
mod tools;

use std::collections::BTreeMap;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Parser;

use corpus::Content;
use measure::{Cost, Runner};
use server::Server;
use tools::{Bench, Tool};

#[derive(Parser)]
struct Args {
    /// Folder of the corpora; default: ESKER_BENCH_CORPORA
    corpora: Option<PathBuf>,
    /// Which of them; all if none is named
    scenarios: Vec<String>,
    /// Runs of each job; the median counts
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Folder to work in, best one backed by RAM
    #[arg(long, default_value = "/dev/shm")]
    work: PathBuf,
    /// Tools that may run
    #[arg(long, value_delimiter = ' ', default_value = "esker rclone dvc restic")]
    tools: Vec<String>,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// Corpora, and of each the number of folders that is taken; all where it is 0.
const SCENARIOS: &[(&str, usize)] = &[("csv", 0), ("small", 200), ("random", 0)];

/// A clone of a remote that has no branch: nothing is checked out.
pub const ALL_PACKS: &str = "all packs, no files";
/// A clone of the history, and then all that it lacks, each chunk compared with its address.
pub const ALL_DATA: &str = "history, then all data";

/// Ours may take so many times as long as rclone.
const OF_RCLONE: f64 = 1.3;

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let corpora = args.corpora.or_else(|| env::var_os("ESKER_BENCH_CORPORA").map(PathBuf::from));
    let corpora = corpora.ok_or("name a folder, or set ESKER_BENCH_CORPORA")?.canonicalize()?;
    let cache = env::var_os("ESKER_PEERS").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| env::temp_dir().join("esker-peers"));
    fs::create_dir_all(&cache)?;
    let work = args.work.canonicalize()?.join(format!("esker-remotes-{}", std::process::id()));
    fs::create_dir_all(&work)?;
    println!("load before: {}", load());
    let outcome = run(&args.scenarios, &args.tools, args.runs.max(1), &corpora, &cache, &work);
    corpus::remove(&work)?;
    println!("load after: {}", load());
    outcome
}

fn run(
    names: &[String],
    tools: &[String],
    runs: usize,
    corpora: &Path,
    cache: &Path,
    work: &Path,
) -> Result<(), Box<dyn Error>> {
    for (name, folders) in SCENARIOS {
        if !names.is_empty() && !names.iter().any(|n| n == name) {
            continue;
        }
        // A server of its own: what the last scenario left slows nobody down.
        let server = Server::start(&cache.canonicalize()?, &work.join("server"))?;
        let bench = Bench {
            source: subset(&corpora.join(name), *folders, &work.join("source"))?,
            runner: Runner::new(&work.join("home"))?,
            cache: cache.canonicalize()?,
            work: work.to_owned(),
            server,
            runs,
        };
        let content = Content::read(&bench.source)?;
        let bytes: u64 = weigh(&bench.source)?;
        println!("\n{name}: {:.1} MB", bytes as f64 / 1e6);
        let mut figures = BTreeMap::new();
        for tool in Tool::ALL.iter().filter(|tool| tools.iter().any(|name| name == tool.name())) {
            match bench.measure(*tool, &content) {
                Ok(found) => drop(figures.insert(tool.name(), found)),
                Err(error) => println!("without {}: {error}", tool.name()),
            }
        }
        report(name, &figures);
        drop(bench);
        corpus::remove(&work.join("source"))?;
        corpus::remove(&work.join("server"))?;
    }
    Ok(())
}

/// The corpus, or its first folders in a folder of their own.
fn subset(corpus: &Path, folders: usize, to: &Path) -> Result<PathBuf, Box<dyn Error>> {
    if folders == 0 {
        return Ok(corpus.to_owned());
    }
    let mut all: Vec<_> = fs::read_dir(corpus)?.collect::<Result<Vec<_>, _>>()?;
    all.sort_by_key(fs::DirEntry::file_name);
    for entry in all.iter().take(folders) {
        corpus::copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(to.to_owned())
}

fn weigh(folder: &Path) -> Result<u64, Box<dyn Error>> {
    let sizes = files::list(folder)?.into_iter().map(|path| Ok(fs::metadata(path)?.len()));
    sizes.sum()
}

/// What a job took, and what the server did for it meanwhile.
#[derive(Clone, Copy)]
pub struct Taken {
    cost: Cost,
    /// Seconds of the server's processor time.
    server: f64,
}

/// What a tool took: each job's runs, and of esker the requests.
pub struct Found {
    jobs: Vec<(&'static str, Vec<Taken>)>,
    notes: Vec<String>,
}

fn median(runs: &[Taken]) -> f64 {
    let mut walls: Vec<f64> = runs.iter().map(|run| run.cost.wall).collect();
    walls.sort_by(f64::total_cmp);
    walls[walls.len() / 2]
}

fn report(scenario: &str, figures: &BTreeMap<&str, Found>) {
    let columns = ["seconds", "cpu", "server", "peak MB"].map(|name| format!("{name:>8}"));
    println!("{:<8} {:<24} {}", "tool", "job", columns.join(" "));
    for (name, found) in figures {
        for (job, runs) in &found.jobs {
            let cpu = runs.iter().map(|run| run.cost.cpu).fold(f64::INFINITY, f64::min);
            let server = runs.iter().map(|run| run.server).fold(f64::INFINITY, f64::min);
            let peak = runs.iter().map(|run| run.cost.peak).fold(0.0, f64::max) / 1e6;
            let wall = median(runs);
            println!("{name:<8} {job:<24} {wall:>8.2} {cpu:>8.2} {server:>8.2} {peak:>8.0}");
        }
        found.notes.iter().for_each(|note| println!("{name:<8} {note}"));
    }
    let time = |tool: &str, job: &str| {
        let jobs = &figures.get(tool)?.jobs;
        jobs.iter().find(|(name, _)| *name == job).map(|(_, runs)| median(runs))
    };
    println!("{:<44} {:>7} {:>7} {:>7}", "", "ratio", "bar", "met");
    for (text, ours, tool, job, bar) in bars(scenario) {
        if let (Some(mine), Some(peer)) = (time("esker", ours), time(tool, job)) {
            // Against rclone the ratio is ours to its; against the others how much faster ours is.
            let (ratio, is_met) = match tool {
                "rclone" => (mine / peer, mine / peer <= bar),
                _ => (peer / mine, peer / mine >= bar),
            };
            println!("{text:<44} {ratio:>7.2} {bar:>7.2} {:>7}", if is_met { "yes" } else { "NO" });
        }
    }
    if let Some(found) = figures.get("esker") {
        let runs = found.jobs.iter().flat_map(|(_, runs)| runs);
        let peak = runs.map(|run| run.cost.peak).fold(0.0, f64::max) / 1e6;
        println!(
            "{:<44} {peak:>7.0} {:>7} {:>7}",
            "resident, MB",
            300,
            if peak <= 300.0 { "yes" } else { "NO" }
        );
    }
}

type Bar = (&'static str, &'static str, &'static str, &'static str, f64);

fn bars(scenario: &str) -> Vec<Bar> {
    let push = match scenario {
        "csv" => 4.0,
        "small" => 30.0,
        _ => 1.0,
    };
    vec![
        ("push: ours / rclone's copy of the packs", "push", "rclone", "up", OF_RCLONE),
        ("all packs, no files: ours / rclone's copy", ALL_PACKS, "rclone", "down", OF_RCLONE),
        ("whole clone: ours / rclone's copy", "clone", "rclone", "down", OF_RCLONE),
        ("history, all data: ours / rclone's copy", ALL_DATA, "rclone", "down", OF_RCLONE),
        ("push: DVC's / ours", "push", "dvc", "push", push),
        ("clone: DVC's pull / ours", "clone", "dvc", "pull", 1.0),
        ("clone: restic's restore / ours", "clone", "restic", "restore", 1.0),
        ("add, commit, push: restic's backup / ours", "add, commit, push", "restic", "backup", 1.0),
    ]
}

/// The load of the machine, so that a figure taken beside other work can be told.
fn load() -> String {
    fs::read_to_string("/proc/loadavg").map_or_else(|_| "?".into(), |text| text.trim().to_owned())
}
