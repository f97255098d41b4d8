//! The bars that esker sets itself, one scenario a bar, without any peer.
//!
//! `cargo bench --bench engine -- [SCENARIO...]` prints one line a figure:
//! `name | measured | bar | pass or MISS | how`. The figures come from `/proc`, so that Linux is
//! needed. ESKER_BIN names another esker than the one cargo built.

#[path = "../common/clock.rs"]
mod clock;
mod collect;
mod commits;
mod data;
mod million;
mod process;
mod random;
mod report;
mod resident;
mod resume;
mod runs;
#[path = "../common/scenarios.rs"]
mod scenarios;
mod scratch;
mod small;
mod startup;
mod terabyte;
mod threads;
mod versions;

use std::error::Error;
use std::path::PathBuf;

use clap::Parser;

use process::Esker;
use scratch::Scratch;

type Outcome = Result<(), Box<dyn Error>>;

/// What the scenarios are told.
#[derive(Parser)]
struct Args {
    /// Scenarios by name; all of them if none is named
    scenarios: Vec<String>,
    /// Folder to work in, best one backed by RAM
    #[arg(long, default_value = "/dev/shm")]
    work: PathBuf,
    /// Size of the file of random-large
    #[arg(long, default_value_t = 2.0)]
    large_gb: f64,
    /// Size of what resume adds; a fifth of it is data, the rest are holes
    #[arg(long, default_value_t = 10.0)]
    resume_gb: f64,
    /// Size of the stream of memory
    #[arg(long, default_value_t = 20.0)]
    stream_gb: f64,
    /// Files of the million scenarios; a tenth of them is measured too
    #[arg(long, default_value_t = 1_000_000)]
    files: usize,
    /// A folder whose memory figure is wanted besides
    #[arg(long)]
    corpus: Option<PathBuf>,
    /// Runs of each job of threads and startup
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Commits of the scenario of that name
    #[arg(long, default_value_t = 10_000)]
    commits: usize,
    /// Chunks of the store that collect collects
    #[arg(long, default_value_t = 10_000_000)]
    chunks: u64,
    /// Versions of the scenario of that name
    #[arg(long, default_value_t = 40)]
    versions: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// What every scenario works with.
struct Bench {
    args: Args,
    esker: Esker,
    scratch: Scratch,
}

/// A scenario's name and its program.
type Scenario = (&'static str, fn(&Bench) -> Outcome);

const ALL: &[Scenario] = &[
    ("startup", startup::run),
    ("random-small", small::run),
    ("random-large", random::incompressible),
    ("random-csv", random::compressible),
    ("runs", runs::run),
    ("resume", resume::run),
    ("memory", resident::run),
    ("threads", threads::run),
    ("million-one-dir", million::one_folder),
    ("million-1000-dirs", million::thousand_folders),
    ("commits", commits::run),
    ("versions", versions::run),
    ("collect", collect::run),
    ("terabyte", terabyte::run),
];

fn main() -> Outcome {
    let args = Args::parse();
    let wanted = scenarios::wanted(ALL, &args.scenarios)?;
    let scratch = Scratch::new(&args.work)?;
    let esker = Esker::new(scenarios::esker(), scratch.folder("home")?);
    let bench = Bench { args, esker, scratch };
    println!("{}; load {}", report::machine(), scenarios::load());
    for (name, run) in wanted {
        run(&bench).map_err(|e| format!("{name}: {e}"))?;
    }
    println!("load {}", scenarios::load());
    Ok(())
}
