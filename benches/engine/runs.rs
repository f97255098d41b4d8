//! How few runs a fresh large file has, on however many threads it was added.

use std::io::Read;

use esker::recipe::{Body, Page};
use esker::repo::Repo;
use esker::store::read::BlobPlace;

use crate::data::{self, Random};
use crate::report::{Bar, line};
use crate::{Bench, Outcome, small};

const BYTES: u64 = 1_000_000_000;

/// `runs`.
pub fn run(bench: &Bench) -> Outcome {
    for jobs in [1, 2, 16] {
        let folder = bench.scratch.folder("runs")?;
        data::write(&folder.join("big"), Random::new(5).take(BYTES))?;
        bench.esker.init(&folder)?;
        bench.esker.run(&folder, &format!("add . --jobs {jobs}"))?;
        let runs = count(&small::open(&folder)?)?;
        let name = format!("runs, jobs {jobs}");
        line(&name, runs as f64, "runs", Bar::AtMost(20.0), "recipe of a fresh random 1 GB file");
    }
    bench.scratch.folder("runs")?;
    Ok(())
}

fn count(repo: &Repo) -> Result<usize, Box<dyn std::error::Error>> {
    let (id, size) = small::find(repo, "big")?;
    match repo.store.find_blob(id, size)? {
        Some(BlobPlace::Recipe(recipe)) => match &recipe.body {
            Body::Inline(Page { runs, .. }) => Ok(runs.len()),
            Body::Paged(_) => Err("1 GB should fit on one page".into()),
        },
        _ => Err("the file has no recipe".into()),
    }
}
