//! The memory that adding takes, whatever is added.

use std::fs;
use std::io::Read;
use std::path::Path;

use crate::data::{self, Random, Refrain};
use crate::process::Cost;
use crate::report::{Bar, line};
use crate::{Bench, Outcome};

/// What no verb may exceed, in MB.
pub const LIMIT: Bar = Bar::AtMost(300.0);
const FILE_BYTES: u64 = 1_000_000_000;

/// `memory`; the million scenarios tell of many files.
pub fn run(bench: &Bench) -> Outcome {
    let folder = bench.scratch.folder("memory")?;
    data::write(&folder.join("big"), Random::new(6).take(FILE_BYTES))?;
    bench.esker.init(&folder)?;
    let cost = bench.esker.run(&folder, "add .")?;
    tell("add of a random file of 1 GB", &cost);

    let folder = bench.scratch.folder("memory")?;
    bench.esker.init(&folder)?;
    let bytes = (bench.args.stream_gb * 1e9) as u64;
    let stream = Refrain::new(64 << 20)?.take(bytes);
    let cost = bench.esker.add_stream(&folder, "big", stream)?;
    tell(
        &format!("add of a stream of {} GB, nearly all of it seen before", bench.args.stream_gb),
        &cost,
    );
    let cost = bench.esker.run(&folder, "fsck --data")?;
    tell("fsck --data of that", &cost);

    if let Some(corpus) = &bench.args.corpus {
        let folder = bench.scratch.folder("memory")?;
        copy(corpus, &folder.join("corpus"))?;
        bench.esker.init(&folder)?;
        tell("add of the corpus", &bench.esker.run(&folder, "add .")?);
    }
    bench.scratch.folder("memory")?;
    Ok(())
}

fn tell(what: &str, cost: &Cost) {
    let how = format!("peak, {:.1} s, {:.1} s CPU", cost.wall, cost.cpu);
    line(&format!("memory, {what}"), cost.peak / 1e6, "MB", LIMIT, &how);
}

/// Copies the files below `from` to `to`.
fn copy(from: &Path, to: &Path) -> Outcome {
    for entry in walkdir::WalkDir::new(from) {
        let entry = entry?;
        let target = to.join(entry.path().strip_prefix(from)?);
        if entry.file_type().is_dir() {
            fs::create_dir_all(target)?;
        } else if entry.file_type().is_file() {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
