//! The verbs of a working day beside git's, on the same data, in turn, in one run.
//!
//! `cargo bench --bench everyday -- [SCENARIO...]` prints one line a figure:
//! `name | esker | git | ratio | bar | pass or MISS`. ESKER_BIN names another esker than the one cargo
//! built. git must be installed.

#[path = "../engine/data.rs"]
#[expect(dead_code, reason = "made for another program, which uses all of it")]
mod data;
mod direct;
mod history;
mod locked;
mod merge;
mod pair;
#[path = "../common/scenarios.rs"]
mod scenarios;
mod startup;
mod tree;

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use clap::Parser;
use tempfile::TempDir;

use pair::Pair;

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// What the scenarios are told.
#[derive(Parser)]
struct Args {
    /// Scenarios by name; all of them if none is named
    scenarios: Vec<String>,
    /// Folder to work in, best one backed by RAM
    #[arg(long, default_value = "/dev/shm")]
    work: PathBuf,
    /// Files of the tree
    #[arg(long, default_value_t = 100_000)]
    files: usize,
    /// Commits of the history
    #[arg(long, default_value_t = 10_000)]
    commits: usize,
    /// Write the history as `gc` leaves it, not as one commit after the other did
    #[arg(long)]
    packed: bool,
    /// Runs of each command
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

/// What every scenario works with.
struct Bench {
    args: Args,
    pair: Pair,
    scratch: TempDir,
}

/// A scenario's name and its program.
type Scenario = (&'static str, fn(&Bench) -> Outcome);

const ALL: &[Scenario] = &[
    ("startup", startup::run),
    ("tree", tree::run),
    ("merge", merge::run),
    ("history", history::run),
    ("locked", locked::run),
];

fn main() -> Outcome {
    let args = Args::parse();
    let wanted = scenarios::wanted(ALL, &args.scenarios)?;
    let scratch = tempfile::Builder::new().prefix("esker-everyday-").tempdir_in(&args.work)?;
    let home = scratch.path().join("home");
    fs::create_dir(&home)?;
    let pair = Pair::new(scenarios::esker(), home, args.runs);
    let bench = Bench { args, pair, scratch };
    println!("name | esker | git | ratio | bar | ; load {}", scenarios::load());
    for (name, run) in wanted {
        run(&bench).map_err(|e| format!("{name}: {e}"))?;
    }
    println!("load {}", scenarios::load());
    Ok(())
}
