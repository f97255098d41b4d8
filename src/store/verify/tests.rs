//! Every kind of damage to a small store is found and named; a rebuild gives the same catalog.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::io::{Cursor, Read};
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::db::{NewState, RepositoryId};
use crate::format::FormatParameters;
use crate::id::{Address, BlobId, CommitId, TreeId};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::commit::{Commit, Person};
use crate::object::prolly::{self, TreeBuilder};
use crate::object::tree::{ChildNode, Entry, EntryValue, Node};
use crate::pack::layout::{PackKind, Trailer};
use crate::pack::reader::PackReader;
use crate::progress::Silent;
use crate::refs::{HeadTarget, RefNote, RefTarget, WorktreeId, branch_ref};
use crate::store::Store;
use crate::store::ingest::{self, IngestOptions, NoObserver, Source, SourceFile};
use crate::store::objects::ObjectWriter;

struct Memory<'m>(&'m [Vec<u8>]);

struct MemoryFile {
    bytes: Cursor<Vec<u8>>,
}

impl Source for Memory<'_> {
    fn open(&self, item: usize) -> std::io::Result<Box<dyn SourceFile>> {
        Ok(Box::new(MemoryFile { bytes: Cursor::new(self.0[item].clone()) }))
    }
}

impl Read for MemoryFile {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        self.bytes.read(buf)
    }
}

impl SourceFile for MemoryFile {
    fn skip_to(&mut self, offset: u64) -> std::io::Result<()> {
        self.bytes.set_position(offset);
        Ok(())
    }

    fn is_unchanged(&mut self, read: u64) -> std::io::Result<bool> {
        Ok(read == self.bytes.get_ref().len() as u64)
    }
}

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

fn note() -> RefNote {
    RefNote { who: "Ann".into(), time: 100, tz_minutes: 0, message: "test".into() }
}

fn new_state() -> NewState {
    NewState {
        repository: RepositoryId::from_bytes([1; 16]),
        format: FormatParameters::default(),
        branch: branch_ref("main").expect("valid"),
        note: note(),
    }
}

struct Env {
    dir: tempfile::TempDir,
    db: Arc<StateDb>,
}

impl Env {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        for name in ["packs", "tables", "tmp"] {
            fs::create_dir(dir.path().join(name)).expect("mkdir");
        }
        let paths = StatePaths::new(dir.path());
        let made = StateDb::create(&paths.state_db, &paths.refs_log, &new_state()).expect("create");
        Self { db: Arc::new(made.db), dir }
    }

    /// A store with one commit of a few files: small ones, one of several chunks, a folder.
    fn filled() -> Self {
        let env = Self::new();
        env.commit(&sample());
        env
    }

    fn store(&self) -> Store {
        Store::open(self.dir.path(), FormatParameters::default(), self.db.clone()).expect("open")
    }

    fn ingest(&self, contents: &[Vec<u8>]) -> Vec<BlobId> {
        let sizes: Vec<u64> = contents.iter().map(|c| c.len() as u64).collect();
        let options = IngestOptions {
            workers: 2,
            compression_level: 1,
            verify: true,
            checkpoint: ingest::CheckpointRule::default(),
            progress: &Silent,
            cancel: &Cancel::new(),
        };
        // A later session is a younger one.
        self.db.write(|tx| tx.next_generation()).expect("generation");
        let done =
            ingest::ingest(&self.store(), &sizes, &Memory(contents), &mut NoObserver, &options);
        let results = done.expect("ingest").results;
        (0..contents.len()).map(|item| results.get(item).expect("stored").0).collect()
    }

    /// Stores the files and commits them in `data/`, beside `readme`.
    fn commit(&self, files: &BTreeMap<String, Vec<u8>>) -> CommitId {
        let contents: Vec<_> = files.values().cloned().collect();
        let ids = self.ingest(&contents);
        let entry =
            |((name, bytes), id): ((&String, &Vec<u8>), BlobId)| file(name, id, bytes.len() as u64);
        let entries: Vec<_> = files.iter().zip(ids).map(entry).collect();
        self.commit_with(|out| {
            let inner = prolly::build(entries, out).expect("tree");
            let dir = Entry { name: "data".into(), value: inner.entry_value() };
            prolly::build([dir], out).expect("tree").id
        })
    }

    /// Commits the tree that `make` writes.
    fn commit_with(&self, make: impl FnOnce(&mut dyn WriteObjects) -> TreeId) -> CommitId {
        let store = self.store();
        let session = store.start_session().expect("session");
        let mut writer = ObjectWriter::new(&store, &session, 1, true).expect("writer");
        let main = branch_ref("main").expect("valid");
        let old = self.db.read(|view| view.get_ref(&main)).expect("read");
        let ann = Person {
            name: "Ann".into(),
            email: "ann@example.org".into(),
            seconds: 100,
            offset_minutes: 0,
        };
        let commit = Commit {
            tree: make(&mut writer),
            attributes: None,
            parents: old.and_then(RefTarget::commit).into_iter().collect(),
            author: ann.clone(),
            committer: ann,
            message: "test".into(),
            metadata: BTreeMap::new(),
            signature: None,
        };
        let encoded = commit.encode().expect("valid");
        let id = CommitId::of(&encoded);
        writer.write_commit(id, encoded).expect("write");
        let packs = writer.finish().expect("finish");
        let set = |tx: &crate::db::Tx<'_>| {
            tx.set_ref(&main, old, id.into(), &note()).expect("no race");
            Ok::<_, StoreError>(())
        };
        store.publish(packs, &HashSet::new(), set).expect("publish");
        id
    }

    fn check(&self, depth: Depth) -> Report {
        let roots = self.db.read(Roots::of).expect("roots");
        let options =
            CheckOptions { depth, threads: 2, now: 7, progress: &Silent, cancel: &Cancel::new() };
        check(&StatePaths::new(self.dir.path()), &self.db, &roots, &options).expect("check")
    }

    fn assert_clean(&self, depth: Depth) -> Counts {
        let report = self.check(depth);
        assert_eq!(report.problems, []);
        assert!(report.is_clean() && !report.has_lost_content());
        report.counts
    }

    fn packs(&self, kind: PackKind) -> Vec<PackRow> {
        let mut packs = self.db.read(|view| view.live_packs()).expect("packs");
        packs.retain(|p| p.kind == kind as u8);
        packs
    }

    fn pack_path(&self, pack: &PackRow) -> PathBuf {
        StorePaths::new(self.dir.path()).pack(pack.id)
    }

    fn trailer(&self, pack: &PackRow) -> Trailer {
        let file = fs::File::open(self.pack_path(pack)).expect("open");
        PackReader::open(file).expect("pack").read_trailer().expect("trailer")
    }

    fn table_path(&self, kind: PackKind) -> PathBuf {
        let tables = self.db.read(|view| view.tables()).expect("tables");
        let row = tables.iter().find(|t| t.kind == kind as u8).expect("a table");
        crate::catalog::table_path(&self.dir.path().join("tables"), row.id)
    }

    fn rebuild(&mut self) -> RebuiltStore {
        let other = NewState { repository: RepositoryId::from_bytes([9; 16]), ..new_state() };
        let rebuilt = rebuild(&StatePaths::new(self.dir.path()), &other, &Cancel::new());
        let rebuilt = rebuilt.expect("rebuild");
        self.db = rebuilt.db.clone();
        rebuilt
    }

    /// Every entry of every table: kind, prefix, pack and place.
    fn catalog(&self) -> Vec<String> {
        let tables = self.db.read(|view| view.tables()).expect("tables");
        let ids: Vec<_> = tables.iter().map(|t| t.id).collect();
        let open = self.store().catalog().open_tables(&ids).expect("open");
        let rows = open.iter().flat_map(|table| {
            let kind = table.kind();
            table.rows().map(move |row| format!("{kind:?} {:?}", row.expect("row")))
        });
        let mut rows: Vec<_> = rows.collect();
        rows.sort();
        rows
    }
}

fn file(name: &str, id: BlobId, size: u64) -> Entry {
    Entry { name: name.into(), value: EntryValue::File { id, size, executable: false } }
}

fn sample() -> BTreeMap<String, Vec<u8>> {
    let mut holes = noise(2, 700 << 10);
    holes[100 << 10..500 << 10].fill(0);
    let files = [
        ("a", b"small".to_vec()),
        ("b", noise(1, 5000)),
        ("c-large", noise(3, 1_500_000)),
        ("d-holes", holes),
        ("e-empty", Vec::new()),
        ("f-two-chunks", noise(4, 100 << 10)),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).collect()
}

fn flip(path: &PathBuf, at: u64) {
    let mut bytes = fs::read(path).expect("read");
    bytes[at as usize] ^= 0x10;
    fs::write(path, bytes).expect("write");
}

/// The only problem; its text and paths as one string.
fn only(report: &Report) -> String {
    let [problem] = &report.problems[..] else { panic!("{:#?}", report.problems) };
    format!("{}: {} {:?}", problem.subject, problem.what, problem.affected)
}

fn assert_names(text: &str, parts: &[&str]) {
    assert!(parts.iter().all(|part| text.contains(part)), "{text} lacks one of {parts:?}");
}

#[test]
fn a_whole_store_is_clean_and_counted() {
    let env = Env::filled();
    let counts = env.assert_clean(Depth::Structure);
    assert_eq!((counts.commits, counts.trees, counts.files, counts.blobs), (1, 2, 6, 6));
    assert!(counts.chunks > 20 && counts.blocks_read == 0, "{counts:?}");
    let counts = env.assert_clean(Depth::Data);
    let blocks: u64 = PackKind::ALL.iter().flat_map(|k| env.packs(*k)).map(|p| p.blocks).sum();
    assert_eq!(counts.blocks_read, blocks);
    assert_eq!(Env::new().assert_clean(Depth::Data), Counts::default());
}

#[test]
fn a_sample_depends_on_its_seed_alone() {
    let env = Env::filled();
    let read = |seed, percent| env.assert_clean(Depth::Sample { percent, seed }).bytes_read;
    assert_eq!(read(5, 50.0), read(5, 50.0));
    assert_eq!(read(5, 0.0), 0);
    assert_eq!(read(5, 100.0), env.assert_clean(Depth::Data).bytes_read);
    let some = (0..8).map(|seed| read(seed, 50.0)).collect::<HashSet<_>>();
    assert!(some.len() > 1, "{some:?}");
}

#[test]
fn a_lost_or_cut_data_pack_is_named_once_with_what_needs_it() {
    for cut in [false, true] {
        let env = Env::filled();
        let packs = env.packs(PackKind::Data);
        for pack in &packs {
            let path = env.pack_path(pack);
            match cut {
                true => fs::write(&path, &fs::read(&path).expect("read")[..200]).expect("write"),
                false => fs::remove_file(&path).expect("remove"),
            }
        }
        let report = env.check(Depth::Structure);
        assert_eq!(report.problems.len(), packs.len(), "{:#?}", report.problems);
        assert!(report.has_lost_content());
        let affected: HashSet<_> = report.problems.iter().flat_map(|p| &p.affected).collect();
        let head = env.db.read(|view| view.head(WorktreeId::MAIN)).expect("head");
        let head = head.commit().expect("born").short();
        for name in ["a", "b", "c-large", "d-holes", "f-two-chunks"] {
            assert!(affected.contains(&format!("{head}:data/{name}")), "{affected:?}");
        }
        assert_eq!(report.problems.iter().map(|p| p.lost_objects).sum::<u64>(), 5);
        let what = if cut { "has 200 bytes instead of" } else { "its file is missing" };
        assert!(report.problems.iter().all(|p| p.what.contains(what)));
    }
}

#[test]
fn every_flipped_byte_of_a_data_pack_is_found() {
    let env = Env::new();
    env.commit(&[("a".to_owned(), b"some text, some text, some text".to_vec())].into());
    let [pack] = &env.packs(PackKind::Data)[..] else { panic!("one pack") };
    let path = env.pack_path(pack);
    for at in 0..pack.bytes {
        flip(&path, at);
        let report = env.check(Depth::Data);
        assert_eq!(report.problems.len(), 1, "byte {at}: {:#?}", report.problems);
        assert_names(&only(&report), &[&pack.id.to_string(), ":data/a"]);
        flip(&path, at);
    }
    env.assert_clean(Depth::Data);
}

#[test]
fn damaged_history_and_layout_are_found_without_reading_data() {
    for (kind, path) in [(PackKind::History, "\"main\""), (PackKind::Layout, ":data/c-large")] {
        let env = Env::filled();
        let [pack] = &env.packs(kind)[..] else { panic!("one pack of {kind:?}") };
        let block = env.trailer(pack).blocks()[0];
        flip(&env.pack_path(pack), u64::from(block.offset) + 12);
        let text = only(&env.check(Depth::Data));
        assert_names(&text, &["block at 64 of pack", path]);
        let text = only(&env.check(Depth::Structure));
        assert_names(&text, &["block at 64 of pack", path]);
    }
}

#[test]
fn a_bad_block_is_recorded_and_adding_its_data_again_repairs() {
    let env = Env::filled();
    let before = env.packs(PackKind::Data);
    for pack in &before {
        for block in env.trailer(pack).blocks() {
            flip(&env.pack_path(pack), u64::from(block.offset) + 9);
        }
    }
    let report = env.check(Depth::Data);
    assert!(report.has_lost_content());
    let recorded = env.db.read(|view| view.bad_blocks()).expect("read");
    assert_eq!(recorded.len() as u64, before.iter().map(|p| p.blocks).sum::<u64>());
    assert!(recorded.iter().all(|b| b.found_at == 7));
    // What is recorded is known without reading the data, too.
    assert_eq!(env.check(Depth::Structure).problems.len(), report.problems.len());
    env.ingest(&sample().into_values().collect::<Vec<_>>());
    env.assert_clean(Depth::Structure);
    env.assert_clean(Depth::Data);
    // The old blocks are as bad as before, and still kept from use.
    assert_eq!(env.db.read(|view| view.bad_blocks()).expect("read"), recorded);
}

#[test]
fn a_block_found_good_again_is_struck_off() {
    let env = Env::filled();
    let pack = &env.packs(PackKind::Data)[0];
    let bad = BadBlock { pack: pack.id, offset: 64, found_at: 1 };
    env.db.write(|tx| tx.add_bad_block(&bad)).expect("record");
    assert!(!env.check(Depth::Structure).is_clean());
    env.assert_clean(Depth::Data);
    assert_eq!(env.db.read(|view| view.bad_blocks()).expect("read"), []);
}

#[test]
fn a_damaged_table_is_named_and_a_rebuild_mends_it() {
    for kind in PackKind::ALL {
        for damage in ["delete", "flip", "cut"] {
            let mut env = Env::filled();
            let before = env.catalog();
            let path = env.table_path(kind);
            match damage {
                "delete" => fs::remove_file(&path).expect("remove"),
                "flip" => flip(&path, 70),
                _ => fs::write(&path, b"short").expect("write"),
            }
            let text = only(&env.check(Depth::Structure));
            assert_names(&text, &["table", "esker fsck --rebuild"]);
            let rebuilt = env.rebuild();
            assert_eq!((rebuilt.refs, rebuilt.old_state), (0, None));
            env.assert_clean(Depth::Data);
            assert_eq!(env.catalog(), before);
        }
    }
}

#[test]
fn a_table_that_lacks_chunks_or_invents_them_is_found() {
    let mut env = Env::filled();
    let packs = env.packs(PackKind::Data);
    let (path, kind) = (env.table_path(PackKind::Data), PackKind::Data);
    let trailer = env.trailer(&packs[0]);
    let (address, mut place) = trailer.rows().next().expect("a chunk");
    place.position += 1;
    let mut rows = vec![crate::table::Row::new(packs[0].id, &address, place)];
    let done = crate::table::write_rows(Vec::new(), kind, &mut rows).expect("table");
    fs::write(&path, &done.out).expect("write");
    env.db
        .write(|tx| {
            let old = tx.tables()?.into_iter().find(|t| t.kind == kind as u8).expect("listed");
            tx.remove_table(old.id)?;
            tx.add_table(&TableRow { entries: 1, bytes: done.len, ..old })
        })
        .expect("list");
    let text = format!("{:?}", env.check(Depth::Structure).problems);
    assert_names(&text, &["1 of its entries name chunks", "no table leads to", "--rebuild"]);
    env.rebuild();
    env.assert_clean(Depth::Data);
}

#[test]
fn forged_sizes_and_sums_are_found() {
    let env = Env::filled();
    let small = BlobId::of(b"small");
    let commit = env.commit_with(|out| {
        let inner = [file("a", small, 6)];
        prolly::build(inner, out).expect("tree").id
    });
    let text = only(&env.check(Depth::Structure));
    assert_names(&text, &["file content", "it has 5 bytes, but a tree says 6", &commit.short()]);

    let env = Env::filled();
    let commit = env.commit_with(|out| {
        let inner = prolly::build([file("a", small, 5)], out).expect("tree");
        let value = EntryValue::Directory { id: inner.id, files: 1, bytes: 7 };
        let top = Entry { name: "forged".into(), value };
        prolly::build([top], out).expect("tree").id
    });
    let text = only(&env.check(Depth::Structure));
    let path = format!("\"{}:\"", commit.short());
    assert_names(&text, &["holds 1 files of 7 bytes, which holds 1 of 5", &path]);

    let env = Env::filled();
    let large = BlobId::of(&sample()["c-large"]);
    env.commit_with(|out| {
        let entries = [file("a", large, 1_499_999), file("z", BlobId::EMPTY, 3)];
        prolly::build(entries, out).expect("tree").id
    });
    let text = format!("{:?}", env.check(Depth::Structure).problems);
    assert_names(&text, &["it has 1500000 bytes, but a tree says 1499999", "says that it has 3"]);
}

#[test]
fn missing_objects_are_named_by_what_needs_them() {
    let env = Env::filled();
    let gone = BlobId::of(b"never stored");
    let lost_tree = TreeId::of(b"never stored");
    let commit = env.commit_with(|out| {
        let value = EntryValue::Directory { id: lost_tree, files: 1, bytes: 1 };
        let entries =
            [Entry { name: "dir".into(), value }, file("x\n", gone, 12), file("y", gone, 12)];
        prolly::build(entries, out).expect("tree").id
    });
    let report = env.check(Depth::Structure);
    let short = commit.short();
    let found: BTreeMap<_, _> =
        report.problems.iter().map(|p| (p.subject.clone(), p.affected.clone())).collect();
    let wanted = [
        (Subject::Tree(lost_tree), vec![format!("{short}:dir")]),
        (Subject::Blob(gone), vec![format!("{short}:x\n"), format!("{short}:y")]),
    ];
    assert_eq!(found, wanted.into());

    let env = Env::filled();
    let missing = CommitId::of(b"never stored");
    let name = branch_ref("lost").expect("valid");
    let set = |tx: &crate::db::Tx<'_>| tx.set_ref(&name, None, missing.into(), &note());
    env.db.write(set).expect("set");
    let head = HeadTarget::Commit(missing);
    let old = env.db.read(|view| view.head(WorktreeId::MAIN)).expect("head");
    env.db.write(|tx| tx.set_head(WorktreeId::MAIN, &old, &head, &note())).expect("head");
    assert_names(&only(&env.check(Depth::Structure)), &["commit", "it is missing", "\"lost\""]);
}

#[test]
fn many_paths_are_cut_off_at_ten() {
    let env = Env::filled();
    let gone = BlobId::of(b"never stored");
    for version in 0..4 {
        env.commit_with(|out| {
            let entries = (0..5).map(|n| file(&format!("f{n}-{version}"), gone, 12));
            let dir = prolly::build(entries, out).expect("tree").entry_value();
            let dirs = ["one", "two"].map(|name| Entry { name: name.into(), value: dir.clone() });
            prolly::build(dirs, out).expect("tree").id
        });
    }
    let report = env.check(Depth::Structure);
    assert_eq!(report.problems.len(), 1);
    assert_eq!(report.problems[0].affected.len(), 10);
}

#[test]
fn a_lost_database_is_made_anew_from_packs_and_refs_log() {
    for damage in ["delete", "garbage", "holes"] {
        let mut env = Env::filled();
        env.commit(&[("more".to_owned(), noise(8, 300_000))].into());
        let (before, refs) = (env.catalog(), env.db.read(Roots::of).expect("roots").commits);
        let packs = env.db.read(|view| view.packs()).expect("packs");
        let path = env.dir.path().join("state.db");
        let empty = StateDb::create(
            &env.dir.path().join("other.db"),
            &env.dir.path().join("other.log"),
            &new_state(),
        );
        env.db = Arc::new(empty.expect("create").db);
        // The page log alone would bring all of it back.
        fs::remove_file(env.dir.path().join("state.db-wal")).expect("remove");
        match damage {
            "delete" => fs::remove_file(&path).expect("remove"),
            "garbage" => fs::write(&path, noise(1, 9000)).expect("write"),
            _ => {
                let mut bytes = fs::read(&path).expect("read");
                bytes[4096..].fill(0xee);
                fs::write(&path, bytes).expect("write");
            }
        }
        fs::write(env.dir.path().join("cache.db"), b"old").expect("write");
        let unfinished =
            env.dir.path().join("packs").join(packs[0].id.to_string().replace('0', "1"));
        fs::write(&unfinished, b"ESKRPACK, cut off").expect("write");
        let rebuilt = env.rebuild();
        assert_eq!((rebuilt.packs, rebuilt.refs), (packs.len() as u64, 1), "{damage}");
        assert_eq!(rebuilt.old_state.is_some(), damage != "delete");
        assert!(rebuilt.old_state.is_none_or(|old| old.exists()));
        let [aside] = &rebuilt.set_aside[..] else { panic!("{:?}", rebuilt.set_aside) };
        assert!(aside.moved_to.exists() && !unfinished.exists());
        assert!(!env.dir.path().join("cache.db").exists());
        assert_eq!(env.catalog(), before);
        assert_eq!(env.db.read(Roots::of).expect("roots").commits, refs);
        assert_eq!(env.db.read(|view| view.packs()).expect("packs").len(), packs.len());
        env.assert_clean(Depth::Data);
        // And it can be gone on with.
        env.commit(&[("next".to_owned(), b"next".to_vec())].into());
        env.assert_clean(Depth::Structure);
    }
}

#[test]
fn a_rebuild_waits_for_nobody_who_writes() {
    let env = Env::filled();
    let store = env.store();
    let _session = store.start_session().expect("session");
    let paths = StatePaths::new(env.dir.path());
    fs::remove_file(env.dir.path().join("state.db-wal")).expect("remove");
    fs::write(&paths.state_db, b"garbage").expect("write");
    let result = rebuild(&paths, &new_state(), &Cancel::new());
    assert!(matches!(result, Err(RebuildError::Busy)));
    assert_eq!(fs::read(&paths.state_db).expect("read"), b"garbage");
}

#[test]
fn a_rebuild_prefers_the_good_copy_of_a_chunk() {
    let mut env = Env::filled();
    let pack = &env.packs(PackKind::Data)[0];
    let block = env.trailer(pack).blocks()[0];
    flip(&env.pack_path(pack), u64::from(block.offset) + 9);
    assert!(!env.check(Depth::Data).is_clean());
    env.ingest(&sample().into_values().collect::<Vec<_>>());
    env.rebuild();
    env.assert_clean(Depth::Data);
}

#[test]
fn a_cancelled_check_stops() {
    let env = Env::filled();
    let roots = env.db.read(Roots::of).expect("roots");
    let cancel = Cancel::new();
    cancel.cancel();
    let options =
        CheckOptions { depth: Depth::Data, threads: 2, now: 0, progress: &Silent, cancel: &cancel };
    let result = check(&StatePaths::new(env.dir.path()), &env.db, &roots, &options);
    assert!(matches!(result, Err(VerifyError::Cancelled(_))));
}

mod directories {
    use super::*;

    fn names(count: usize) -> Vec<Entry> {
        let id = BlobId::of(b"small");
        (0..count).map(|n| file(&format!("f{n:06}"), id, 5)).collect()
    }

    /// Writes a large directory and, where `edit` says so, other children in its top node.
    fn forged(env: &Env, edit: impl FnOnce(&mut Vec<ChildNode>, &mut dyn WriteObjects)) -> String {
        let commit = env.commit_with(|out| {
            let mut memory = crate::object::access::MemoryObjects::default();
            let id = prolly::build(names(2000), &mut memory).expect("tree").id;
            for (id, node) in prolly::nodes(&memory, id, |_| true).map(|n| n.expect("node")) {
                out.write_tree(id, node.encode()).expect("write");
            }
            let top = memory.read_tree(id).expect("top");
            let Node::Inner { level: 1, children } = &*top else { panic!("one level") };
            let mut children = children.clone();
            edit(&mut children, out);
            write(out, &Node::Inner { level: 1, children })
        });
        let report = env.check(Depth::Structure);
        let text = format!("{:?}", report.problems);
        assert!(text.contains(&commit.short()), "{text}");
        text
    }

    fn write(out: &mut dyn WriteObjects, node: &Node) -> TreeId {
        let encoded = node.encode();
        let id = TreeId::of(&encoded);
        out.write_tree(id, encoded).expect("write");
        id
    }

    #[test]
    fn canonical_directories_of_all_sizes_are_clean() {
        let env = Env::filled();
        for count in [0, 1, 256, 257, 600, 5000] {
            env.commit_with(|out| prolly::build(names(count), out).expect("tree").id);
        }
        let counts = env.assert_clean(Depth::Structure);
        assert_eq!(counts.commits, 7);
    }

    #[test]
    fn the_rule_of_ends_is_the_builders() {
        let mut memory = crate::object::access::MemoryObjects::default();
        let id = prolly::build(names(100_000), &mut memory).expect("tree").id;
        let nodes: Vec<_> =
            prolly::nodes(&memory, id, |_| true).map(|n| n.expect("node").1).collect();
        assert!(nodes.iter().any(|n| n.level() == 1) && nodes.len() > 100);
        assert!(nodes.iter().all(|n| !shape::ends(n).is_early));
        // Of each level only the last node may end otherwise.
        for level in 0..=nodes[0].level() {
            let of_level: Vec<_> = nodes.iter().filter(|n| n.level() == level).collect();
            let (_, others) = of_level.split_last().expect("nodes");
            assert!(others.iter().all(|n| shape::ends(n).is_last));
        }
    }

    #[test]
    fn wrong_shapes_are_found() {
        let merged = |children: &mut Vec<ChildNode>, out: &mut dyn WriteObjects| {
            let id = BlobId::of(b"small");
            let second = children.remove(1);
            let count = (children[0].entries + second.entries) as usize;
            let entries = (0..count).map(|n| file(&format!("f{n:06}"), id, 5)).collect();
            let node = write(out, &Node::Leaf(entries));
            let totals = second.totals().checked_add(children[0].totals()).expect("small");
            let (entries, files, bytes) = (totals.entries, totals.files, totals.bytes);
            let last_name = second.last_name;
            children[0] = ChildNode { last_name, id: node, entries, files, bytes };
        };
        let text = forged(&Env::filled(), merged);
        assert_names(&text, &["do not end where the names say"]);

        let text = forged(&Env::filled(), |children, _| children[0].bytes += 1);
        assert_names(&text, &["the sums are others"]);

        let text = forged(&Env::filled(), |children, _| children[0].last_name = "f".into());
        assert_names(&text, &["the last name is another"]);

        let text = forged(&Env::filled(), |children, _| {
            // The first leaf under the name of the second: its names come again.
            let first = children[0].clone();
            children[1].id = first.id;
        });
        assert_names(&text, &["below it, in tree"]);
        let text = forged(&Env::filled(), |children, _| children[1].id = TreeId::of(b"none"));
        assert_names(&text, &["it is missing"]);
    }

    #[test]
    fn a_small_directory_of_several_nodes_is_found() {
        let env = Env::filled();
        env.commit_with(|out| {
            let mut children = Vec::new();
            for half in names(200).chunks(100) {
                let id = write(out, &Node::Leaf(half.to_vec()));
                let last_name = half[99].name.clone();
                children.push(ChildNode { last_name, id, entries: 100, files: 100, bytes: 500 });
            }
            write(out, &Node::Inner { level: 1, children })
        });
        let text = format!("{:?}", env.check(Depth::Structure).problems);
        assert_names(&text, &["do not end where the names say"]);
    }

    #[test]
    fn versions_of_a_large_directory_read_only_what_is_new() {
        let env = Env::filled();
        let mut entries = names(3000);
        env.commit_with(|out| prolly::build(entries.clone(), out).expect("tree").id);
        let first = env.assert_clean(Depth::Structure).trees;
        entries[1500].value = EntryValue::Symlink { target: "x".into() };
        env.commit_with(|out| {
            let mut builder = TreeBuilder::new(out);
            entries.into_iter().for_each(|e| builder.push(e).expect("push"));
            builder.finish().expect("finish").id
        });
        assert_eq!(env.assert_clean(Depth::Structure).trees, first + 2);
    }
}

#[test]
fn an_address_finds_its_youngest_usable_place() {
    let env = Env::filled();
    let (listing, opened) =
        Listing::read(&StorePaths::new(env.dir.path()), &env.db).expect("listing");
    let packs: HashSet<_> = listing.packs.iter().map(|p| p.id).collect();
    let address = Address::from(BlobId::of(b"small"));
    let good = Index::new(opened, packs.clone(), &listing, BTreeSet::new());
    let tables::Found::At(at) = good.find(PackKind::Data, &address).expect("find") else {
        panic!("it is there")
    };
    let (_, opened) = Listing::read(&StorePaths::new(env.dir.path()), &env.db).expect("listing");
    let bad = BTreeSet::from([(at.pack, at.place.block_offset)]);
    let index = Index::new(opened, packs, &listing, bad);
    let lost = tables::Found::Lost(Subject::Block(at.pack, at.place.block_offset));
    assert_eq!(index.find(PackKind::Data, &address).expect("find"), lost);
    let nowhere = Address::from(BlobId::of(b"never stored"));
    assert_eq!(index.find(PackKind::Data, &nowhere).expect("find"), tables::Found::Nowhere);
}
