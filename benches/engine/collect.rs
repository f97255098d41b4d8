//! A collection of a store of many chunks: that its memory is bounded and its time linear.
//!
//! The store is one that real data of a hundred gigabytes would make, but that each chunk holds few bytes:
//! as many chunks to a pack, packs to a store, entries to a table, names to a tree. Either a tenth of the
//! chunks, spread over all packs, is needed by nothing, which leaves all packs as they are; or a third, in
//! blocks of their own, and every second pack holds files of several chunks: then all packs are rewritten,
//! and all recipes. Into packs of far more chunks than real ones: memory is rather more than for real data.

use std::collections::{BTreeMap, HashSet};
use std::error::Error;
use std::path::Path;

use esker::catalog::Location;
use esker::config;
use esker::db::Access;
use esker::id::{BlobId, ChunkId, CommitId};
use esker::object::prolly;
use esker::object::tree::{Entry, EntryValue};
use esker::object::{Commit, Person, WriteObjects};
use esker::pack::{BlockCodec, PackKind};
use esker::recipe::{Body, Page, Recipe, Run, StoredRun};
use esker::refs::{RefNote, branch_ref};
use esker::repo::{Repo, RepoPaths};
use esker::store::StoreError;
use esker::store::lane::{Lane, SealedPack};
use esker::store::objects::ObjectWriter;
use esker::store::session::Session;

use crate::process::Cost;
use crate::report::{Bar, line};
use crate::{Bench, Outcome};

/// Chunks of a pack of 64 MiB, and files of a folder.
const PACK_CHUNKS: u64 = 1000;
/// Packs that are published together.
const BATCH: u64 = 500;
/// Raw bytes at which a block of recipes is closed.
const TREE_BLOCK_BYTES: u32 = 64 << 10;
/// Binary logarithm of the bytes that a recipe has a value for each of.
const GROUP_LOG2: u8 = 17;
/// Chunks of a file that has several.
const FILE_CHUNKS: u64 = 12;

/// What is stored.
struct Kind {
    name: &'static str,
    chunk_bytes: usize,
    /// One block in so many is needed by nothing.
    dead: u64,
    block_chunks: u64,
    /// Whether every second pack holds files of several chunks.
    has_recipes: bool,
}

const KINDS: [Kind; 2] = [
    Kind { name: "collect", chunk_bytes: 8, dead: 10, block_chunks: 1, has_recipes: false },
    Kind {
        name: "collect, all rewritten",
        chunk_bytes: 256,
        dead: 3,
        block_chunks: 4,
        has_recipes: true,
    },
];

/// `collect`.
pub fn run(bench: &Bench) -> Outcome {
    KINDS.iter().try_for_each(|kind| run_kind(bench, kind))
}

fn run_kind(bench: &Bench, kind: &Kind) -> Outcome {
    let (most, name) = (bench.args.chunks, kind.name);
    let mut costs = Vec::new();
    for chunks in [most / 10, most * 3 / 10, most] {
        let cost = measure(bench, kind, chunks)?;
        let how = format!("gc --grace 0: {:.2} s, {:.2} s CPU", cost.wall, cost.cpu);
        let bar = Bar::AtMost(300.0);
        line(&format!("{name}, {chunks} chunks"), cost.peak / 1e6, "MB", bar, &how);
        costs.push((chunks as f64, cost));
    }
    let each = |(chunks, cost): &(f64, Cost)| cost.cpu / chunks * 1e6;
    let how = "CPU time a chunk of the largest against that of the smallest";
    let growth = each(&costs[2]) / each(&costs[0]);
    line(&format!("{name}, growth"), growth, "x", Bar::AtMost(1.5), how);
    let how = "of the largest";
    line(&format!("{name}, each chunk"), each(&costs[2]), "µs CPU", Bar::None, how);
    Ok(())
}

fn measure(bench: &Bench, kind: &Kind, chunks: u64) -> Result<Cost, Box<dyn Error>> {
    let folder = bench.scratch.folder("collect")?;
    bench.esker.init(&folder)?;
    fill(&folder, kind, chunks)?;
    let cost = bench.esker.run(&folder, "gc --grace 0 --reflog 0")?;
    bench.esker.run(&folder, "fsck")?;
    bench.scratch.folder("collect")?;
    Ok(cost)
}

/// Stores the chunks, and a commit that names most of them.
fn fill(folder: &Path, kind: &Kind, chunks: u64) -> Outcome {
    let settings = config::load(&config::Files::default(), &[], &[]).map_err(|e| e.detail())?;
    let repo = Repo::open(RepoPaths::of_root(folder), settings, Access::ReadWrite)?;
    let packs = chunks / PACK_CHUNKS;
    let mut folders = Vec::new();
    for first in (0..packs).step_by(BATCH as usize) {
        let session = repo.store.start_session()?;
        let mut trees = ObjectWriter::new(&repo.store, &session, 1, false)?;
        let codec = BlockCodec::new(1, false)?;
        let mut recipes = Lane::new(&session, PackKind::Layout, TREE_BLOCK_BYTES, codec);
        let mut sealed = Vec::new();
        for number in first..packs.min(first + BATCH) {
            let mut pack = Pack { kind, session: &session, number, recipes: &mut recipes };
            let (packs, entries) = pack.write()?;
            sealed.extend(packs);
            let value = prolly::build(entries, &mut trees)?.entry_value();
            folders.push(Entry { name: format!("{number:06}").into(), value });
        }
        sealed.extend(recipes.seal(&mut |_, _| ())?);
        sealed.iter_mut().try_for_each(SealedPack::sync)?;
        sealed.extend(trees.finish()?);
        repo.store.publish(sealed, &HashSet::new(), |_| Ok::<_, StoreError>(()))?;
    }
    commit(&repo, folders)
}

/// A pack under way.
struct Pack<'p, 's> {
    kind: &'p Kind,
    session: &'s Session,
    number: u64,
    recipes: &'p mut Lane<'s>,
}

impl Pack<'_, '_> {
    /// Writes it; gives the files in it that are needed, too.
    fn write(&mut self) -> Result<(Vec<SealedPack>, Vec<Entry>), Box<dyn Error>> {
        let is_large = self.kind.has_recipes && self.number % 2 == 1;
        let file_chunks = if is_large { FILE_CHUNKS } else { 1 };
        let codec = BlockCodec::new(1, false)?;
        // Blocks hold whole files, or files whole blocks.
        let block_bytes = self.kind.block_chunks as u32 * self.kind.chunk_bytes as u32;
        let mut lane = Lane::new(self.session, PackKind::Data, block_bytes, codec);
        let mut places = Vec::new();
        for n in 0..PACK_CHUNKS {
            let bytes = self.chunk(n);
            lane.add(ChunkId::of(&bytes).into(), &bytes, &mut |_, at| places.push(at))?;
        }
        let packs = lane.seal(&mut |_, at| places.push(at))?;
        let mut entries = Vec::new();
        for first in (0..PACK_CHUNKS / file_chunks).map(|file| file * file_chunks) {
            let unit = self.kind.block_chunks.max(file_chunks);
            if (first / unit).is_multiple_of(self.kind.dead) {
                continue;
            }
            let content: Vec<u8> =
                (first..first + file_chunks).flat_map(|n| self.chunk(n)).collect();
            let (id, size) = (BlobId::of(&content), content.len() as u64);
            if is_large {
                let recipe = recipe(&places[first as usize], file_chunks, size);
                self.recipes.add(id.into(), &recipe.encode(), &mut |_, _| ())?;
            }
            let value = EntryValue::File { id, size, executable: false };
            entries.push(Entry { name: format!("{first:04}").into(), value });
        }
        Ok((packs, entries))
    }

    /// A chunk that no other is like, and that does not compress.
    fn chunk(&self, n: u64) -> Vec<u8> {
        let mut bytes = vec![0; self.kind.chunk_bytes];
        let number = (self.number * PACK_CHUNKS + n).to_le_bytes();
        blake3::Hasher::new().update(&number).finalize_xof().fill(&mut bytes);
        bytes
    }
}

/// The recipe of a file whose chunks follow each other in one pack.
fn recipe(first: &Location, chunks: u64, size: u64) -> Recipe {
    let Location { pack, place } = first;
    let run = StoredRun {
        pack: 0,
        first_chunk: place.chunk,
        count: chunks as u32,
        repeat: 1,
        unit_bytes: size,
        block_offset: place.block_offset,
        position: place.position,
    };
    let page = Page { packs: vec![*pack], runs: vec![Run::Stored(run)], groups: Vec::new() };
    Recipe { size, group_log2: GROUP_LOG2, body: Body::Inline(page) }
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
