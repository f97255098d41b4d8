//! A part of a terabyte: one file read from its remote, and some files added to a folder of a million.
//!
//! The remote is a folder whose packs of data are holes: their lists of blocks and chunks, the recipes, the
//! trees, the tables and the root are what a repository of that size has, byte for byte as long, and only
//! what is asked for was ever data. All files lie in one folder, as a collection leaves them: one table a kind.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use esker::config;
use esker::db::Access;
use esker::id::{Address, BlobId, ChunkId, CommitId, PackId};
use esker::object::prolly;
use esker::object::tree::{Entry, EntryValue};
use esker::object::{Commit, Person, WriteObjects};
use esker::pack::layout::{ChunkPlace, Codec, Compressed, StoredHash, TAIL_LEN, Trailer};
use esker::pack::writer::PackWriter;
use esker::pack::{BlockCodec, PackKind};
use esker::recipe::{Body, GroupRow, Page, Recipe, Run, StoredRun};
use esker::refs::branch_ref;
use esker::repo::{Repo, RepoPaths};
use esker::store::lane::{Lane, SealedPack};
use esker::store::objects::ObjectWriter;
use esker::store::session::Session;
use esker::sync::root::{Area, Root, SegmentRef, root_key};
use esker::sync::state::{PackRecord, RefRecord, Segment, State, TableRecord};
use esker::table::{self, Row};

use crate::report::{Bar, line};
use crate::scratch::size_of;
use crate::{Bench, Outcome};

/// A file of data: a block of that many chunks, which fills a pack with 64 of them.
const FILE_BYTES: u64 = 1 << 20;
const FILE_CHUNKS: u32 = 13;
const PACK_FILES: u64 = 64;
/// The file that is asked for.
const WANTED_BYTES: u64 = 100_000;
const NAMED: &str = "n0500000-wanted";

/// `terabyte`.
pub fn run(bench: &Bench) -> Outcome {
    let folder = bench.scratch.folder("terabyte")?;
    let files = bench.args.files as u64;
    let wanted = Remote::fill(bench, &folder, files)?;
    let chunks = files * u64::from(FILE_CHUNKS);
    println!(
        "terabyte: {files} files in one folder, {chunks} chunks, {} GB",
        files * FILE_BYTES / 1_000_000_000
    );
    one_file(bench, &folder, &wanted)?;
    edit(bench, &folder)?;
    bench.scratch.folder("terabyte")?;
    Ok(())
}

fn one_file(bench: &Bench, folder: &Path, wanted: &[u8]) -> Outcome {
    let done = bench.esker.json(folder, &format!("get --json ./remote:big/{NAMED} -o got"))?;
    if fs::read(folder.join("got"))? != wanted {
        return Err("the file that came is another".into());
    }
    let (requests, came) = (number(&done, "requests")?, number(&done, "received_bytes")?);
    let before = (came - WANTED_BYTES as f64) / 1e6;
    line(
        "one file, requests before its bytes",
        requests - 1.0,
        "",
        Bar::AtMost(12.0),
        "get of 100 KB",
    );
    line("one file, bytes besides its own", before, "MB", Bar::AtMost(2.0), "");
    Ok(())
}

/// A clone of the history, ten files added to the folder of a million, and a push.
fn edit(bench: &Bench, folder: &Path) -> Outcome {
    let done = bench.esker.json(folder, "clone --json --no-checkout ./remote clone")?;
    let clone = folder.join("clone");
    let size = size_of(&clone)?.1 as f64;
    let how = format!("{} requests", number(&done, "requests")?);
    line("clone of the history, on disk", size / 1e6, "MB", Bar::AtMost(200.0), &how);
    fs::create_dir_all(clone.join("big"))?;
    for n in 0..10 {
        fs::write(
            clone.join(format!("big/n{n}00000-new")),
            format!("new file {n}\n").repeat(5000),
        )?;
    }
    let clock = std::time::Instant::now();
    bench.esker.run(&clone, "add big")?;
    bench.esker.run(&clone, "commit -m ten")?;
    let local = clock.elapsed().as_secs_f64();
    let done = bench.esker.json(&clone, "push --json")?;
    let wall = clock.elapsed().as_secs_f64();
    let how = format!("{} sent", number(&done, "sent_bytes")?);
    line("ten files pushed, requests", number(&done, "requests")?, "", Bar::AtMost(60.0), &how);
    let came = number(&done, "received_bytes")? / 1e6;
    line("ten files pushed, received", came, "MB", Bar::AtMost(5.0), "");
    let how = format!("add and commit {local:.2} s of it");
    line("ten files added, committed, pushed", wall, "s", Bar::AtMost(10.0), &how);
    Ok(())
}

fn number(document: &serde_json::Value, key: &str) -> Result<f64, Box<dyn Error>> {
    document[key].as_f64().ok_or_else(|| format!("no number {key} in {document}").into())
}

/// The remote while it is made.
struct Remote {
    folder: PathBuf,
    state: State,
    /// Entries of the tables to be, by kind.
    rows: BTreeMap<PackKind, Vec<Row>>,
}

impl Remote {
    /// Makes the remote; gives the content of the file that will be asked for.
    fn fill(bench: &Bench, folder: &Path, files: u64) -> Result<Vec<u8>, Box<dyn Error>> {
        let maker = bench.scratch.folder("terabyte-maker")?;
        bench.esker.init(&maker)?;
        let settings = config::load(&config::Files::default(), &[], &[]).map_err(|e| e.detail())?;
        let repo = Repo::open(RepoPaths::of_root(&maker), settings, Access::ReadWrite)?;
        let session = repo.store.start_session()?;
        let (state, rows) = (State::default(), BTreeMap::new());
        let mut remote = Self { folder: folder.join("remote"), state, rows };
        let params = *repo.store.params();
        let codec = BlockCodec::new(1, false)?;
        let mut recipes = Lane::new(&session, PackKind::Layout, params.tree_block_bytes, codec);
        let mut entries = remote.data(&session, &mut recipes, files)?;
        let wanted = remote.wanted(&session, &mut recipes, &mut entries)?;
        let sealed = recipes.seal(&mut |_, _| ())?;
        sealed.into_iter().try_for_each(|pack| remote.list(pack))?;
        let commit = remote.history(&repo, &session, entries)?;
        let target = RefRecord { target: commit.into(), earlier: Vec::new() };
        remote.state.refs.insert(branch_ref("main")?, target);
        remote.publish(&repo, &session)?;
        bench.scratch.folder("terabyte-maker")?;
        Ok(wanted)
    }

    /// All packs of data as holes, and the recipes of the files in them.
    fn data(
        &mut self,
        session: &Session,
        recipes: &mut Lane<'_>,
        files: u64,
    ) -> Result<Vec<Entry>, Box<dyn Error>> {
        let block = vec![0; FILE_BYTES as usize];
        let mut entries = Vec::with_capacity(files as usize + 1);
        for first in (0..files).step_by(PACK_FILES as usize) {
            let id = session.new_pack_id()?;
            let path = self.path(Area::Pack, id)?;
            let out = Holes(File::create_new(&path)?);
            let mut pack = PackWriter::new(out, session.pack_header(id, PackKind::Data))?;
            for n in first..files.min(first + PACK_FILES) {
                let chunks: Vec<_> = (0..FILE_CHUNKS).map(|part| chunk(n, part)).collect();
                let hash = StoredHash::of(&n.to_le_bytes());
                let raw_len = FILE_BYTES as u32;
                let compressed = Compressed { stored: &block, raw_len, codec: Codec::Raw, hash };
                let at = pack.append_block(compressed, &chunks)?;
                let id = BlobId::of(&n.to_le_bytes());
                let recipe = recipe(
                    id,
                    FILE_BYTES,
                    &pack.header().id,
                    at.first_chunk,
                    FILE_CHUNKS,
                    at.block_offset,
                );
                recipes.add(id.into(), &recipe.encode(), &mut |_, _| ())?;
                let value = EntryValue::File { id, size: FILE_BYTES, executable: false };
                entries.push(Entry { name: format!("n{n:07}").into(), value });
            }
            let done = pack.finish()?;
            let raw = done.trailer.blocks().iter().map(|block| u64::from(block.raw_len)).sum();
            self.note(id, PackKind::Data, &done.trailer, done.len, raw, &path)?;
        }
        Ok(entries)
    }

    /// The one file whose bytes are there.
    fn wanted(
        &mut self,
        session: &Session,
        recipes: &mut Lane<'_>,
        entries: &mut Vec<Entry>,
    ) -> Result<Vec<u8>, Box<dyn Error>> {
        let mut bytes = vec![0; WANTED_BYTES as usize];
        let mut seed = blake3::Hasher::new().update(b"wanted").finalize_xof();
        seed.fill(&mut bytes);
        let mut lane = Lane::new(session, PackKind::Data, 1 << 20, BlockCodec::new(1, false)?);
        let mut first = None;
        for half in bytes.chunks(WANTED_BYTES as usize / 2) {
            lane.add(ChunkId::of(half).into(), half, &mut |_, at| _ = first.get_or_insert(at))?;
        }
        let sealed = lane.seal(&mut |_, at| _ = first.get_or_insert(at))?;
        let first = first.ok_or("nothing was placed")?;
        sealed.into_iter().try_for_each(|pack| self.list(pack))?;
        let id = BlobId::of(&bytes);
        let recipe = recipe(id, WANTED_BYTES, &first.pack, 0, 2, first.place.block_offset);
        recipes.add(id.into(), &recipe.encode(), &mut |_, _| ())?;
        let value = EntryValue::File { id, size: WANTED_BYTES, executable: false };
        let entry = Entry { name: NAMED.into(), value };
        let at = entries.partition_point(|other| other.name < entry.name);
        entries.insert(at, entry);
        Ok(bytes)
    }

    /// Trees and the commit.
    fn history(
        &mut self,
        repo: &Repo,
        session: &Session,
        entries: Vec<Entry>,
    ) -> Result<CommitId, Box<dyn Error>> {
        let mut writer = ObjectWriter::new(&repo.store, session, 1, false)?;
        let value = prolly::build(entries, &mut writer)?.entry_value();
        let top = [Entry { name: "big".into(), value }];
        let commit = Commit {
            tree: prolly::build(top, &mut writer)?.id,
            attributes: None,
            parents: Vec::new(),
            author: person(),
            committer: person(),
            message: "a terabyte".into(),
            metadata: BTreeMap::new(),
            signature: None,
        };
        let encoded = commit.encode()?;
        let id = CommitId::of(&encoded);
        writer.write_commit(id, encoded)?;
        writer.finish()?.into_iter().try_for_each(|pack| self.list(pack))?;
        Ok(id)
    }

    /// Moves a pack of the maker's to the remote.
    fn list(&mut self, pack: SealedPack) -> Outcome {
        let path = self.path(Area::Pack, pack.id)?;
        fs::copy(&pack.path, &path)?;
        self.note(pack.id, pack.kind, &*pack.trailer()?, pack.bytes, pack.raw_bytes, &path)
    }

    fn note(
        &mut self,
        id: PackId,
        kind: PackKind,
        trailer: &Trailer,
        bytes: u64,
        raw_bytes: u64,
        path: &Path,
    ) -> Outcome {
        let end_bytes = (trailer.encoded_len() + TAIL_LEN) as u64;
        let mut end = vec![0; end_bytes as usize];
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(bytes - end_bytes))?;
        file.read_exact(&mut end)?;
        let end_hash = *blake3::hash(&end).as_bytes();
        let chunks = trailer.chunks().len() as u64;
        let record = PackRecord { kind, bytes, raw_bytes, chunks, end_bytes, end_hash };
        self.state.packs.insert(id, record);
        let rows = trailer
            .rows()
            .map(|(address, place): (Address, ChunkPlace)| Row::new(id, &address, place));
        self.rows.entry(kind).or_default().extend(rows);
        Ok(())
    }

    /// Tables, the segment, the root and the hint.
    fn publish(mut self, repo: &Repo, session: &Session) -> Outcome {
        for (kind, mut rows) in std::mem::take(&mut self.rows) {
            let id = session.new_pack_id()?;
            let table = table::write_rows(Vec::new(), kind, &mut rows)?;
            fs::write(self.path(Area::Table, id)?, &table.out)?;
            let (entries, bytes, hash) =
                (table.entries, table.len, *blake3::hash(&table.out).as_bytes());
            self.state.tables.insert(id, TableRecord { kind, entries, bytes, hash });
        }
        let id = session.new_pack_id()?;
        let segment = Segment::whole(&self.state).encode();
        fs::write(self.path(Area::List, id)?, &segment)?;
        let root = Root {
            repository: repo.store.db().read(|view| view.repository_id())?,
            format: *repo.store.params(),
            seq: 1,
            previous: [0; 32],
            skips: Vec::new(),
            session: session.id(),
            fence_floor: 0,
            fenced: BTreeSet::new(),
            has_atomic_create: true,
            segments: vec![SegmentRef {
                id,
                bytes: segment.len() as u64,
                hash: *blake3::hash(&segment).as_bytes(),
            }],
        };
        self.write(&root_key(1), &root.encode())?;
        self.write("hint/latest", format!("{:020}", 1).as_bytes())
    }

    fn path(&self, area: Area, id: PackId) -> io::Result<PathBuf> {
        let path = self.folder.join(area.key(id));
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        Ok(path)
    }

    fn write(&self, key: &str, bytes: &[u8]) -> Outcome {
        let path = self.folder.join(key);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        Ok(fs::write(path, bytes)?)
    }
}

/// A chunk that nobody will read: an id as good as any, and a thirteenth of a file.
fn chunk(file: u64, part: u32) -> (Address, u32) {
    let whole = FILE_BYTES as u32;
    let len = whole / FILE_CHUNKS + if part == 0 { whole % FILE_CHUNKS } else { 0 };
    let id = blake3::hash(&[file.to_le_bytes(), u64::from(part).to_be_bytes()].concat());
    (Address::from_bytes(*id.as_bytes()), len)
}

/// The recipe of a file whose chunks follow each other.
fn recipe(
    id: BlobId,
    size: u64,
    pack: &PackId,
    first_chunk: u32,
    count: u32,
    block_offset: u32,
) -> Recipe {
    let group_log2 = 17;
    let groups = match size.div_ceil(1 << group_log2) {
        1 => Vec::new(),
        many => (0..many).map(|n| group(id, n, block_offset, (n << group_log2) as u32)).collect(),
    };
    let run = StoredRun {
        pack: 0,
        first_chunk,
        count,
        repeat: 1,
        unit_bytes: size,
        block_offset,
        position: 0,
    };
    let page = Page { packs: vec![*pack], runs: vec![Run::Stored(run)], groups };
    Recipe { size, group_log2, body: Body::Inline(page) }
}

fn group(id: BlobId, n: u64, block_offset: u32, position: u32) -> GroupRow {
    let value =
        *blake3::Hasher::new().update(id.as_bytes()).update(&n.to_le_bytes()).finalize().as_bytes();
    GroupRow { value, block_offset, position }
}

fn person() -> Person {
    let (name, email) = ("bench".into(), "bench@example.com".into());
    Person { name, email, seconds: 1_700_000_000, offset_minutes: 0 }
}

/// A file in which blocks of data become holes.
struct Holes(File);

impl Write for Holes {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match bytes.len() as u64 >= FILE_BYTES {
            true => self.0.seek(SeekFrom::Current(bytes.len() as i64)).map(|_| bytes.len()),
            false => self.0.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
