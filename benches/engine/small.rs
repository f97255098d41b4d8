//! Small files in random order, out of packs.

use std::error::Error;
use std::path::Path;

use esker::config;
use esker::db::Access;
use esker::id::{BlobId, TreeId};
use esker::object::prolly;
use esker::object::tree::EntryValue;
use esker::pack::reader::BlockBuf;
use esker::path::RepoPath;
use esker::repo::{Repo, RepoPaths};
use esker::store::Store;
use esker::store::read::BlobPlace;

use crate::clock::Clock;
use crate::data::{self, Random};
use crate::report::{Bar, line};
use crate::{Bench, Outcome};

const FILES: usize = 100_000;
const READS: usize = 10_000;

/// Opens the repository in `folder` to read.
pub fn open(folder: &Path) -> Result<Repo, Box<dyn Error>> {
    let settings = config::load(&config::Files::default(), &[], &[]).map_err(|e| e.detail())?;
    Ok(Repo::open(RepoPaths::of_root(folder), settings, Access::ReadOnly)?)
}

/// Id and size of a staged file.
pub fn find(repo: &Repo, path: &str) -> Result<(BlobId, u64), Box<dyn Error>> {
    find_in(repo, staged(repo)?, path)
}

fn staged(repo: &Repo) -> Result<TreeId, Box<dyn Error>> {
    Ok(repo.state()?.staged_tree().ok_or("nothing is staged")?)
}

fn find_in(repo: &Repo, tree: TreeId, path: &str) -> Result<(BlobId, u64), Box<dyn Error>> {
    match prolly::resolve(&repo.store, tree, &RepoPath::parse(path)?)? {
        Some(EntryValue::File { id, size, .. }) => Ok((id, size)),
        _ => Err(format!("{path} is not a staged file").into()),
    }
}

/// `random-small`.
pub fn run(bench: &Bench) -> Outcome {
    let folder = bench.scratch.folder("small")?;
    data::small_files(&folder.join("data"), FILES)?;
    bench.esker.init(&folder)?;
    bench.esker.run(&folder, "add .")?;
    let repo = open(&folder)?;
    let mut order: Vec<usize> = (0..FILES).collect();
    Random::new(1).shuffle(&mut order);
    order.truncate(READS);
    let paths: Vec<String> =
        order.iter().map(|i| format!("data/{:03}/{i:06}.bin", i % 1000)).collect();

    let clock = Clock::start();
    let tree = staged(&repo)?;
    let ids: Vec<_> =
        paths.iter().map(|path| find_in(&repo, tree, path)).collect::<Result<_, _>>()?;
    let to_resolve = clock.seconds();
    let clock = Clock::start();
    let mut buf = BlockBuf::new();
    ids.iter().try_for_each(|(id, size)| read(&repo.store, *id, *size, &mut buf))?;
    let to_read = clock.seconds();

    let rate = READS as f64 / to_read;
    let how = "10,000 of 100,000 files of 1-6 KB by id, random order, one thread's CPU time";
    line("random-small", rate, "files/s", Bar::AtLeast(8000.0), how);
    let decoded = buf.decoded_bytes() as f64 / READS as f64 / 1024.0;
    line("random-small decoded", decoded, "KiB each", Bar::AtMost(128.0), "mean");
    let rate = READS as f64 / (to_read + to_resolve);
    let how = "the same by path: trees and the file";
    line("random-small by path", rate, "files/s", Bar::None, how);
    bench.scratch.folder("small")?;
    Ok(())
}

fn read(store: &Store, id: BlobId, size: u64, buf: &mut BlockBuf) -> Outcome {
    let Some(BlobPlace::Chunk(location)) = store.find_blob(id, size)? else {
        return Err(format!("{id} is not stored as one chunk").into());
    };
    let bytes = store.read_chunk(&id.into(), &location, buf)?;
    if bytes.len() as u64 != size { Err("of another length".into()) } else { Ok(()) }
}
