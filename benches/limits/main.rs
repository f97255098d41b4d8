//! What one core of this machine can do in each step of an `add`: the limit esker is held to.
//!
//! `cargo bench --bench limits -- CORPORA` prints MB/s over the first 400 MB of files of each
//! corpus. The rows of one thread count the seconds the thread ran; two threads and the disk
//! count wall-clock seconds. The fastest of some passes is printed.

#[path = "../common/clock.rs"]
mod clock;
#[path = "../common/files.rs"]
mod files;
mod steps;

use std::env;
use std::error::Error;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Parser;

use steps::Step;

#[derive(Parser)]
struct Args {
    /// Folder of the corpora, or any folder; default: ESKER_BENCH_CORPORA
    corpora: Option<PathBuf>,
    /// Subfolders, one column each; "." is the folder itself
    #[arg(long, value_delimiter = ' ', default_value = "random csv parquet")]
    corpus: Vec<String>,
    /// Bytes read, in MB
    #[arg(long, default_value_t = 400)]
    limit: usize,
    /// Passes; the fastest counts
    #[arg(long, default_value_t = 5)]
    repeat: usize,
    /// Folder for the disk rows
    #[arg(long, default_value = ".")]
    disk: PathBuf,
    /// Given by cargo
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let corpora = args.corpora.or_else(|| env::var_os("ESKER_BENCH_CORPORA").map(PathBuf::from));
    let corpora = corpora.ok_or("name a folder, or set ESKER_BENCH_CORPORA")?;
    let mut table: Vec<(&str, Vec<f64>)> = Vec::new();
    for name in &args.corpus {
        let data = read_up_to(&corpora.join(name), args.limit * 1_000_000)?;
        for (row, step) in steps::all(&args.disk).iter().enumerate() {
            if table.len() == row {
                table.push((step.name, Vec::new()));
            }
            table[row].1.push(fastest(step, &data, args.repeat)?);
        }
    }
    println!("| MB/s | {} |", args.corpus.join(" | "));
    println!("|---|{}", "---|".repeat(args.corpus.len()));
    for (name, speeds) in table {
        let cells: Vec<_> = speeds.iter().map(|speed| format!("{speed:.0}")).collect();
        println!("| {name} | {} |", cells.join(" | "));
    }
    Ok(())
}

fn fastest(step: &Step, data: &[Vec<u8>], passes: usize) -> Result<f64, Box<dyn Error>> {
    let bytes: usize = data.iter().map(Vec::len).sum();
    let mut best = f64::INFINITY;
    for _ in 0..passes.max(1) {
        best = best.min((step.run)(data)?);
    }
    Ok(bytes as f64 / 1e6 / best)
}

/// The first `limit` bytes of the files of a folder; the last file may be cut short.
fn read_up_to(folder: &Path, limit: usize) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let (mut all, mut left) = (Vec::new(), limit);
    for path in files::list(folder)? {
        let mut data = Vec::new();
        File::open(&path)?.take(left as u64).read_to_end(&mut data)?;
        left -= data.len();
        all.push(data);
        if left == 0 {
            break;
        }
    }
    if all.iter().all(Vec::is_empty) {
        return Err(format!("no files in {}", folder.display()).into());
    }
    Ok(all)
}
