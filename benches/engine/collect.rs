//! A collection of a store of many chunks: that its memory is bounded and its time linear.
//!
//! The store is one that real data of a hundred gigabytes would make, but that each chunk holds eight bytes:
//! as many chunks to a pack, packs to a store, entries to a table, names to a tree. A tenth of the chunks,
//! spread over all packs, is needed by nothing.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::path::Path;

use esker::config;
use esker::db::Access;
use esker::id::{BlobId, ChunkId, CommitId};
use esker::object::prolly;
use esker::object::tree::{Entry, EntryValue};
use esker::object::{Commit, Person, WriteObjects};
use esker::pack::{BlockCodec, PackKind};
use esker::refs::{RefNote, branch_ref};
use esker::repo::{Repo, RepoPaths};
use esker::store::StoreError;
use esker::store::lane::Lane;
use esker::store::objects::ObjectWriter;

use crate::process::Cost;
use crate::report::{Bar, line};
use crate::{Bench, Outcome};

/// Chunks of a pack of 64 MiB, and files of a folder.
const PACK_CHUNKS: u64 = 1000;
/// Packs that are published together.
const BATCH: u64 = 500;
/// One chunk in so many is needed by nothing.
const DEAD: u64 = 10;
const BLOCK_BYTES: u32 = 128 << 10;

/// `collect`.
pub fn run(bench: &Bench) -> Outcome {
    let most = bench.args.chunks;
    let mut costs = Vec::new();
    for chunks in [most / 10, most * 3 / 10, most] {
        let cost = measure(bench, chunks)?;
        let name = format!("collect, {chunks} chunks");
        let how = format!("gc --grace 0: {:.2} s, {:.2} s CPU", cost.wall, cost.cpu);
        line(&name, cost.peak / 1e6, "MB", Bar::AtMost(300.0), &how);
        costs.push((chunks as f64, cost));
    }
    let each = |(chunks, cost): &(f64, Cost)| cost.cpu / chunks * 1e6;
    let how = "CPU time a chunk of the largest against that of the smallest";
    line("collect, growth", each(&costs[2]) / each(&costs[0]), "x", Bar::AtMost(1.5), how);
    line("collect, each chunk", each(&costs[2]), "µs CPU", Bar::None, "of the largest");
    Ok(())
}

fn measure(bench: &Bench, chunks: u64) -> Result<Cost, Box<dyn Error>> {
    let folder = bench.scratch.folder("collect")?;
    bench.esker.init(&folder)?;
    fill(&folder, chunks)?;
    let cost = bench.esker.run(&folder, "gc --grace 0 --reflog 0")?;
    bench.esker.run(&folder, "fsck")?;
    bench.scratch.folder("collect")?;
    Ok(cost)
}

/// Stores the chunks, and a commit that names most of them.
fn fill(folder: &Path, chunks: u64) -> Outcome {
    let settings = config::load(&config::Files::default(), &[], &[]).map_err(|e| e.detail())?;
    let repo = Repo::open(RepoPaths::of_root(folder), settings, Access::ReadWrite)?;
    let packs = chunks / PACK_CHUNKS;
    let mut folders = Vec::new();
    for first in (0..packs).step_by(BATCH as usize) {
        let session = repo.store.start_session()?;
        let mut trees = ObjectWriter::new(&repo.store, &session, 1, false)?;
        let mut sealed = Vec::new();
        for pack in first..packs.min(first + BATCH) {
            let codec = BlockCodec::new(1, false)?;
            let mut lane = Lane::new(&session, PackKind::Data, BLOCK_BYTES, codec);
            let mut entries = Vec::new();
            for n in 0..PACK_CHUNKS {
                let bytes = (pack * PACK_CHUNKS + n).to_le_bytes();
                lane.add(ChunkId::of(&bytes).into(), &bytes, &mut |_, _| ())?;
                if n % DEAD > 0 {
                    let (id, size, executable) = (BlobId::of(&bytes), 8, false);
                    let value = EntryValue::File { id, size, executable };
                    entries.push(Entry { name: format!("{n:04}").into(), value });
                }
            }
            sealed.extend(lane.seal(&mut |_, _| ())?);
            let value = prolly::build(entries, &mut trees)?.entry_value();
            folders.push(Entry { name: format!("{pack:06}").into(), value });
        }
        sealed.iter().try_for_each(|pack| pack.file.sync_all())?;
        sealed.extend(trees.finish()?);
        repo.store.publish(sealed, &HashSet::new(), |_| Ok::<_, StoreError>(()))?;
    }
    commit(&repo, folders)
}

fn commit(repo: &Repo, folders: Vec<Entry>) -> Outcome {
    let session = repo.store.start_session()?;
    let mut writer = ObjectWriter::new(&repo.store, &session, 1, false)?;
    let who = Person {
        name: "bench".into(),
        email: "bench@example.com".into(),
        seconds: 1_700_000_000,
        offset_minutes: 0,
    };
    let commit = Commit {
        tree: prolly::build(folders, &mut writer)?.id,
        attributes: None,
        parents: Vec::new(),
        author: who.clone(),
        committer: who,
        message: "all".into(),
        metadata: BTreeMap::new(),
        signature: None,
    };
    let encoded = commit.encode()?;
    let id = CommitId::of(&encoded);
    writer.write_commit(id, encoded)?;
    let note = RefNote { who: String::new(), time: 0, tz_minutes: 0, message: "all".to_owned() };
    let main = branch_ref("main")?;
    repo.store.publish(writer.finish()?, &HashSet::new(), |tx| {
        tx.set_ref(&main, None, id.into(), &note).map_err(|_| StoreError::Changed)
    })?;
    Ok(())
}
