//! esker beside its peers, command by command, on one machine in one run.
//!
//! `cargo bench --bench peers -- CORPORA [SCENARIO...]` needs python3, git, go and a network the
//! first time, and about 8 GB in the work folder. Peers are kept in ESKER_PEERS (default: a
//! folder below the system's temporary one). ESKER_BIN names another esker than the one cargo
//! built. ESKER_VERIFY_WRITES=false and ESKER_COMPRESSION_LEVEL=3 reach esker and pick its bars.

mod corpus;
#[path = "../common/files.rs"]
mod files;
mod install;
mod measure;
mod peers;
mod report;
mod scenario;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use clap::Parser;

use measure::Runner;
use peers::Tool;
use scenario::{Bench, Figure, Scenario};

#[derive(Parser)]
struct Args {
    /// Folder of the corpora; default: ESKER_BENCH_CORPORA
    corpora: Option<PathBuf>,
    /// Scenarios by name; all of them if none is named
    scenarios: Vec<String>,
    /// Runs of each job; the median counts
    #[arg(long, default_value_t = 5)]
    runs: usize,
    /// Folder to work in, best one backed by RAM
    #[arg(long, default_value = "/dev/shm")]
    work: PathBuf,
    /// Tools that may run
    #[arg(long, value_delimiter = ' ', default_value = "esker dvc restic git borg oxen cp")]
    tools: Vec<String>,
    /// Every tool runs every scenario
    #[arg(long)]
    all_tools: bool,
    /// Leaves esker out
    #[arg(long)]
    only_peers: bool,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = Args::parse();
    let corpora = args.corpora.or_else(|| env::var_os("ESKER_BENCH_CORPORA").map(PathBuf::from));
    let corpora = corpora.ok_or("name a folder, or set ESKER_BENCH_CORPORA")?.canonicalize()?;
    args.tools.retain(|name| !(args.only_peers && name == "esker"));
    let cache = env::var_os("ESKER_PEERS").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| env::temp_dir().join("esker-peers"));
    fs::create_dir_all(&cache)?;
    let work = args.work.canonicalize()?.join(format!("esker-bench-{}", process::id()));
    let tools = peers::find(&args.tools, &cache.canonicalize()?, &work);
    let runner = Runner::new(&work.join("home"))?;
    let bench = Bench { corpora, work, runner, runs: args.runs.max(1) };

    print_machine(&tools, &bench.work);
    let outcome = run_all(&bench, &args.scenarios, &tools, args.all_tools);
    corpus::remove(&bench.work)?;
    let all = outcome?;
    println!("\nload after: {}\n", load());
    report::figures(&all);
    println!();
    report::comparison(&all);
    Ok(())
}

fn run_all(
    bench: &Bench,
    names: &[String],
    tools: &[Tool],
    all_tools: bool,
) -> Result<Vec<Figure>, Box<dyn Error>> {
    if let Some(name) = names.iter().find(|name| scenario::ALL.iter().all(|s| s.name != **name)) {
        return Err(format!("no scenario is named {name}").into());
    }
    let mut all = Vec::new();
    let asked = |scenario: &&Scenario| names.is_empty() || names.iter().any(|n| n == scenario.name);
    for scenario in scenario::ALL.iter().filter(asked) {
        eprintln!("{} (load {})", scenario.name, load());
        let takes_part = |tool: &&Tool| all_tools || scenario.tools.contains(&tool.name);
        let tools: Vec<&Tool> = tools.iter().filter(takes_part).collect();
        let figures = scenario.run(bench, &tools)?;
        report::progress(&figures);
        all.extend(figures);
    }
    Ok(all)
}

fn print_machine(tools: &[Tool], work: &Path) {
    let versions: Vec<_> =
        tools.iter().map(|tool| format!("{} {}", tool.name, tool.version)).collect();
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    println!("{}; {threads} threads; in {}", versions.join(", "), work.display());
    for name in ["ESKER_VERIFY_WRITES", "ESKER_COMPRESSION_LEVEL", "ESKER_JOBS"] {
        if let Ok(value) = env::var(name) {
            println!("{name}={value}");
        }
    }
    println!("load before: {}", load());
}

/// The load of the machine, so that a figure taken beside other work can be told.
fn load() -> String {
    fs::read_to_string("/proc/loadavg").map_or_else(|_| "?".into(), |text| text.trim().to_owned())
}
