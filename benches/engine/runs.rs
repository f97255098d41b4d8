//! How few runs a fresh large file has, on however many threads it was added.

use std::error::Error;
use std::io::Read;

use esker::id::BlobId;
use esker::pack::layout::PackKind;
use esker::recipe::{self, Body, Page, Recipe};
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

/// Runs over all pages; one that goes on behind the end of a page counts twice.
fn count(repo: &Repo) -> Result<usize, Box<dyn Error>> {
    let (id, size) = small::find(repo, "big")?;
    let Some(BlobPlace::Recipe(recipe)) = repo.store.find_blob(id, size)? else {
        return Err("the file has no recipe".into());
    };
    match &recipe.body {
        Body::Inline(page) => Ok(page.runs.len()),
        Body::Paged(pages) => {
            (0..pages.len() as u64).map(|n| runs_of_page(repo, id, &recipe, n)).sum()
        }
    }
}

fn runs_of_page(
    repo: &Repo,
    id: BlobId,
    recipe: &Recipe,
    number: u64,
) -> Result<usize, Box<dyn Error>> {
    let address = recipe::page_address(id, number);
    let bytes = repo.store.read_object(PackKind::Layout, &address)?.ok_or("a page is missing")?;
    Ok(Page::decode(&bytes, recipe, number)?.runs.len())
}
