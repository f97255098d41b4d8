//! What upkeep must not lose for those who rely on it.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use super::copy::{Copier, Copying};
use super::mark::Marker;
use super::{CollectOptions, GcRoots, Rewrite};
use crate::catalog::{Claim, Claims};
use crate::db::{Access, DbError, NewState, RepositoryId, StateDb};
use crate::format::FormatParameters;
use crate::id::{Address, BlobId, ChunkId, CommitId, PackId, TreeId};
use crate::object::access::WriteObjects;
use crate::object::commit::{Commit, Person};
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue};
use crate::pack::codec::BlockCodec;
use crate::pack::layout::PackKind;
use crate::progress::{Cancel, Silent};
use crate::recipe::{Body, Recipe};
use crate::refs::{RefNote, WorktreeId, branch_ref};
use crate::store::ingest::layout::{PageBuilder, Piece};
use crate::store::lane::{Lane, SealedPack};
use crate::store::objects::ObjectWriter;
use crate::store::verify::{CheckOptions, Depth, Roots, StatePaths, check};
use crate::store::{Store, StoreError};

pub(super) fn open(dir: &std::path::Path) -> Store {
    for name in ["packs", "tables", "tmp"] {
        fs::create_dir(dir.join(name)).expect("mkdir");
    }
    let new = NewState {
        repository: RepositoryId::from_bytes([1; 16]),
        format: FormatParameters::default(),
        branch: branch_ref("main").expect("valid"),
        note: RefNote { who: "Ann".into(), time: 1, tz_minutes: 0, message: "test".into() },
    };
    let made = StateDb::create(&dir.join("state.db"), &dir.join("refs.log"), &new).expect("create");
    Store::open(dir, FormatParameters::default(), Arc::new(made.db)).expect("open")
}

fn codec() -> BlockCodec {
    BlockCodec::new(1, true).expect("codec")
}

/// Publishes a pack that holds these chunks, as somebody does who found none of them in the store.
pub(super) fn publish(store: &Store, chunks: &[&[u8]]) -> PackId {
    let session = store.start_session().expect("session");
    let mut lane = Lane::new(&session, PackKind::Data, 1 << 16, codec());
    for bytes in chunks {
        lane.add(ChunkId::of(bytes).into(), bytes, &mut |_, _| ()).expect("add");
    }
    let packs = lane.seal(&mut |_, _| ()).expect("seal");
    let id = packs[0].id;
    store.publish(packs, &HashSet::new(), |_| Ok::<_, StoreError>(())).expect("publish");
    id
}

#[test]
fn of_two_copies_that_which_is_relied_on_is_found_when_the_other_goes() {
    for relies_on_older in [true, false] {
        let dir = tempfile::tempdir().expect("tempdir");
        let store = open(dir.path());
        let chunk = b"in two packs".as_slice();
        let address = Address::from(ChunkId::of(chunk));
        let claims = Claims::new(store.catalog());
        let rely = || assert_eq!(claims.claim(&address).expect("claim"), Claim::Exists);
        let older = publish(&store, &[chunk, b"one more"]);
        if relies_on_older {
            rely();
        }
        let younger = publish(&store, &[chunk, b"another"]);
        if !relies_on_older {
            rely();
        }
        let (kept, gone) = if relies_on_older { (older, younger) } else { (younger, older) };
        assert_eq!(claims.relied_packs(), HashSet::from([kept]));
        let tables = || store.db.read(|view| view.tables()).expect("tables").len();
        for n in 0..8_u8 {
            publish(&store, &[&[n]]);
        }
        assert!(tables() < 8, "the tables of both packs are merged");
        // As a collection does with a pack of which nothing is reached.
        let condemn = |tx: &crate::db::Tx<'_>| {
            let generation = tx.next_generation()?;
            tx.condemn_pack(gone, generation, 0)
        };
        assert!(store.db.write::<_, DbError>(condemn).expect("condemned"));
        let relied = claims.relied_packs();
        store.publish(Vec::new(), &relied, |_| Ok::<_, StoreError>(())).expect("still live");
        store.refresh().expect("refresh");
        let found = store.catalog().find(PackKind::Data, &address).expect("find");
        assert_eq!(found.map(|at| at.pack), Some(kept));
    }
}

#[test]
fn a_pack_that_holds_a_chunk_twice_is_whole() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let filler = vec![7; 1 << 16];
    // Two blocks, as when packs are folded that each have a copy.
    publish(&store, &[b"twice", &filler, b"twice"]);
    let (depth, cancel) = (Depth::Data, Cancel::new());
    let options = CheckOptions { depth, threads: 1, now: 7, progress: &Silent, cancel: &cancel };
    let report =
        check(&StatePaths::new(dir.path()), &store.db, &Roots::default(), &options).expect("check");
    assert_eq!(report.problems, []);
}

/// A collection that nothing is a root for; gives the bytes of files that it removed.
fn collect(store: &Store) -> u64 {
    let (progress, cancel) = (Silent, Cancel::new());
    let evicted = std::collections::HashSet::new();
    let options = CollectOptions {
        evicted: &evicted,
        promised: None,
        now: 1_000,
        grace: 0,
        reflog_since: 0,
        dry_run: false,
        rewrite: Rewrite::Sparse,
        is_rechunked: false,
        progress: &progress,
        cancel: &cancel,
    };
    store.collect(&options).expect("collect").freed_bytes
}

#[test]
fn who_began_to_read_goes_on_while_a_collection_takes_what_is_read() {
    read_beside_collections(Access::ReadWrite);
    // Tables that it had not opened yet are merged beside it, too.
    read_beside_collections(Access::ReadOnly);
}

fn read_beside_collections(access: Access) {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let chunk = b"nothing names it".as_slice();
    let address = Address::from(ChunkId::of(chunk));
    let pack = publish(&store, &[chunk]);
    let open_again = || Store::open(dir.path(), *store.params(), store.db.clone()).expect("open");
    let (reader, reading) = match access {
        Access::ReadWrite => {
            let reader = open_again();
            reader.start_session().expect("session");
            (reader, None)
        }
        Access::ReadOnly => {
            let reader = Store::open_to_read(dir.path(), *store.params(), store.db.clone());
            let reader = reader.expect("open");
            let reading = reader.start_reading().expect("lock");
            (reader, Some(reading))
        }
    };
    // Ends the session that wrote the pack, so that no collection leaves it alone for that reason.
    store.sessions.lock().expect("lock").clear();
    assert_eq!(collect(&open_again()), 0);
    for _ in 0..2 {
        let found = reader.read_object(PackKind::Data, &address).expect("read");
        assert_eq!(found.as_deref(), Some(chunk));
        reader.refresh().expect("refresh");
        assert_eq!(reader.catalog().find(PackKind::Data, &address).expect("find"), None);
        let found = reader.read_object(PackKind::Data, &address).expect("read");
        assert_eq!(found.as_deref(), Some(chunk));
        // Also when the tables are merged meanwhile, and for who collects again.
        for n in 0..8_u8 {
            publish(&store, &[&[n]]);
        }
        assert_eq!(collect(&open_again()), 0);
    }
    let path = reader.paths().pack(pack);
    assert!(path.exists());
    drop((reader, reading));
    store.sessions.lock().expect("lock").clear();
    assert!(collect(&open_again()) > 0);
    assert!(!path.exists());
}

#[test]
fn who_relied_on_a_pack_that_is_gone_does_not_find_it_again() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let pack = publish(&store, &[b"nothing names it"]);
    let adding = Store::open(dir.path(), *store.params(), store.db.clone()).expect("open");
    store.sessions.lock().expect("lock").clear();
    collect(&store);
    assert!(adding.catalog().is_live(pack), "its list is from before");
    let refused = adding.publish(Vec::new(), &[pack].into(), |_| Ok::<_, StoreError>(()));
    assert!(matches!(refused, Err(StoreError::Changed)));
    assert!(!adding.catalog().is_live(pack));
}

/// Publishes a commit whose tree is nowhere, as an earlier collection may have left one.
fn publish_partial_commit(store: &Store) -> CommitId {
    publish_commit(store, TreeId::of(b"gone"))
}

pub(super) fn publish_commit(store: &Store, tree: TreeId) -> CommitId {
    let ann = Person {
        name: "Ann".into(),
        email: "ann@example.org".into(),
        seconds: 100,
        offset_minutes: 0,
    };
    let commit = Commit {
        tree,
        attributes: None,
        parents: Vec::new(),
        author: ann.clone(),
        committer: ann,
        message: "test".into(),
        metadata: BTreeMap::new(),
        signature: None,
    };
    let encoded = commit.encode().expect("valid");
    let id = CommitId::of(&encoded);
    let session = store.start_session().expect("session");
    let mut writer = ObjectWriter::new(store, &session, 1, true).expect("writer");
    writer.write_commit(id, encoded).expect("write");
    let packs = writer.finish().expect("packs");
    store.publish(packs, &HashSet::new(), |_| Ok::<_, StoreError>(())).expect("publish");
    id
}

#[test]
fn a_commit_that_is_held_and_not_whole_stops_no_collection() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let id = publish_partial_commit(&store);
    store.sessions.lock().expect("lock").clear();
    let holder = Store::open(dir.path(), *store.params(), store.db.clone()).expect("open");
    holder.start_session().expect("session").hold_commit(id).expect("held");
    assert!(!holder.has_all_of(id, &Cancel::new()).expect("looked for"));
    collect(&store);
    store.refresh().expect("refresh");
    assert_eq!(store.catalog().find(PackKind::History, &id.into()).expect("find"), None);
}

/// Publishes blobs of several chunks each, all of whose chunks were published before.
fn publish_recipes(store: &Store, blobs: &[&[&[u8]]]) {
    let session = store.start_session().expect("session");
    let mut lane = Lane::new(&session, PackKind::Layout, 1 << 16, codec());
    let claims = Claims::new(store.catalog());
    for chunks in blobs {
        let bytes = chunks.concat();
        let mut builder = PageBuilder::new(1 << 16, &[]);
        let mut start = 0;
        for chunk in *chunks {
            let place = claims.place(&ChunkId::of(chunk).into()).expect("find");
            assert!(place.is_some());
            let len = chunk.len() as u64;
            builder.push(Piece { place, skip: 0, start, len });
            start += len;
        }
        let body = Body::Inline(builder.take());
        let recipe = Recipe { size: start, group_log2: 16, body };
        lane.add(BlobId::of(&bytes).into(), &recipe.encode(), &mut |_, _| ()).expect("add");
    }
    let packs = lane.seal(&mut |_, _| ()).expect("seal");
    let relied = claims.relied_packs();
    store.publish(packs, &relied, |_| Ok::<_, StoreError>(())).expect("publish");
}

#[test]
fn a_recipe_that_names_a_dropped_pack_hides_no_other_of_its_blob() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let blob: &[&[u8]] = &[b"one", b"two"];
    let (bytes, id) = (blob.concat(), BlobId::of(&blob.concat()));
    let gone = publish(&store, blob);
    publish_recipes(&store, &[blob]);
    // As a collection does that finds nothing to need the blob, but something else in its layout pack.
    let condemn = |tx: &crate::db::Tx<'_>| {
        let generation = tx.next_generation()?;
        tx.condemn_pack(gone, generation, 0)
    };
    assert!(store.db.write::<_, DbError>(condemn).expect("condemned"));
    store.refresh().expect("refresh");
    assert!(!store.has_blob(id, 6).expect("looked for"));
    let again = publish(&store, blob);
    publish_recipes(&store, &[blob]);
    // As a fold does, which copies whatever is in a pack.
    let stale = store.db.read(|view| view.live_packs()).expect("packs");
    let stale = stale.into_iter().filter(|p| p.kind == PackKind::Layout as u8).min_by_key(|p| p.id);
    let session = store.start_session().expect("session");
    let mut copier =
        Copier::new(&store, &session, PackKind::Layout, Copying::AsTheyAre).expect("copier");
    copier.copy(stale.expect("one").id, |_| true).expect("copy");
    let (packs, _) = copier.finish().expect("copied");
    store.publish(packs, &HashSet::new(), |_| Ok::<_, StoreError>(())).expect("publish");

    assert!(store.has_blob(id, 6).expect("looked for"));
    let packs = store.packs_of(id, 6).expect("looked for").expect("it is there");
    assert!(packs.contains(&again) && !packs.contains(&gone));
    let mut read = Vec::new();
    store.read_blob_range(id, 6, 0..6, &mut read).expect("read");
    assert_eq!(read, bytes);
    let cancel = Cancel::new();
    let mut marker = Marker::new(store.reopen().expect("open"), &cancel);
    let roots = GcRoots { blobs: vec![(id, 6)], ..GcRoots::default() };
    marker.mark(&roots).expect("all of it is there");
    assert_eq!((marker.marks.count(again), marker.marks.count(gone)), (2, 0));
}

#[test]
fn who_holds_something_while_a_collection_condemns_it_finds_that_it_is_gone() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let pack = publish(&store, &[b"alone"]);
    let holder = Store::open(dir.path(), *store.params(), store.db.clone()).expect("open");
    let session = holder.start_session().expect("session");
    // Another connection, as another process has.
    let (path, log) = (dir.path().join("state.db"), dir.path().join("refs.log"));
    let db = StateDb::open(&path, &log, Access::ReadWrite).expect("open");
    let (condemning, held) = (mpsc::channel(), mpsc::channel());
    thread::scope(|scope| {
        let (tell, wait) = (condemning.0, held.1);
        scope.spawn(move || {
            let condemn = |tx: &crate::db::Tx<'_>| {
                // It looked at what sessions hold before there was anything.
                tell.send(()).expect("send");
                wait.recv().expect("receive");
                // Long enough for who does not wait.
                thread::sleep(Duration::from_millis(50));
                let generation = tx.next_generation()?;
                tx.condemn_pack(pack, generation, 0)
            };
            assert!(db.write::<_, DbError>(condemn).expect("condemned"));
        });
        condemning.1.recv().expect("receive");
        session.hold(&HashSet::from([pack])).expect("held");
        held.0.send(()).expect("send");
        holder.settle().expect("settle");
        assert!(!holder.catalog().is_live(pack));
    });
}

/// The tree that holds one blob, and its packs.
fn tree_of(store: &Store, id: BlobId, size: u64) -> (TreeId, Vec<SealedPack>) {
    let session = store.start_session().expect("session");
    let mut writer = ObjectWriter::new(store, &session, 1, true).expect("writer");
    let value = EntryValue::File { id, size, executable: false };
    let entry = Entry { name: "file".into(), value };
    let tree = prolly::build([entry], &mut writer).expect("tree").id;
    (tree, writer.finish().expect("packs"))
}

/// Stages a tree that holds one blob.
pub(super) fn stage_blob(store: &Store, id: BlobId, size: u64) {
    let (tree, packs) = tree_of(store, id, size);
    let with = |tx: &crate::db::Tx<'_>| {
        let staged = tx.set_stage(WorktreeId::MAIN, None, Some(tree));
        staged.map_err(|e| StoreError::Random(e.to_string()))
    };
    store.publish(packs, &HashSet::new(), with).expect("publish");
}

#[test]
fn a_promised_blob_may_have_left_its_recipe_behind() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let blob: &[&[u8]] = &[b"one", b"two"];
    let id = BlobId::of(&blob.concat());
    let data = publish(&store, blob);
    publish_recipes(&store, &[blob]);
    let (tree, packs) = tree_of(&store, id, 6);
    store.publish(packs, &HashSet::new(), |_| Ok::<_, StoreError>(())).expect("publish");
    let commit = publish_commit(&store, tree);
    // As when it is evicted while somebody relies on the pack of its recipe.
    let condemn = |tx: &crate::db::Tx<'_>| {
        let generation = tx.next_generation()?;
        tx.condemn_pack(data, generation, 0)
    };
    assert!(store.db.write::<_, DbError>(condemn).expect("condemned"));
    let cancel = Cancel::new();
    let mark = |roots: GcRoots| {
        let mut marker = Marker::new(store.reopen().expect("open"), &cancel);
        marker.mark(&roots).map(|()| marker.promised)
    };
    let promised = GcRoots { promised: vec![commit], ..GcRoots::default() };
    assert_eq!(mark(promised).expect("it is elsewhere"), [(id, 6)].into());
    assert!(mark(GcRoots { commits: vec![commit], ..GcRoots::default() }).is_err());
    // A check tells the two apart as well.
    let check = |promised: Vec<(String, CommitId)>| {
        let depth = Depth::Structure;
        let options =
            CheckOptions { depth, threads: 1, now: 7, progress: &Silent, cancel: &cancel };
        let commits = vec![("main".to_owned(), commit)];
        let roots = Roots { commits, promised, ..Roots::default() };
        check(&StatePaths::new(dir.path()), &store.db, &roots, &options).expect("check")
    };
    let found = check(vec![("promised".to_owned(), commit)]);
    assert_eq!(found.problems, []);
    assert_eq!((found.counts.promised, found.counts.promised_bytes), (1, 6));
    assert!(!check(Vec::new()).problems.is_empty());
}

#[test]
fn data_that_a_recipe_in_a_pack_in_use_names_stays_where_it_is() {
    let dir = tempfile::tempdir().expect("tempdir");
    let store = open(dir.path());
    let mut dead = vec![0; 1 << 17];
    blake3::Hasher::new().finalize_xof().fill(&mut dead);
    let (first, second) = dead.split_at(1 << 16);
    let blob: &[&[u8]] = &[b"one", b"two"];
    let id = BlobId::of(&blob.concat());
    let data = publish(&store, &[b"one", b"two", first, second]);
    publish_recipes(&store, &[blob]);
    stage_blob(&store, id, 6);
    let packs = store.db.read(|view| view.live_packs()).expect("packs");
    let layout = packs.iter().find(|p| p.kind == PackKind::Layout as u8).expect("one").id;
    store.sessions.lock().expect("lock").clear();
    // Somebody relies on another recipe in that pack, and on none of this one's data.
    let open_again = || Store::open(dir.path(), *store.params(), store.db.clone()).expect("open");
    let holder = open_again();
    let session = holder.start_session().expect("session");
    session.hold(&HashSet::from([layout])).expect("held");
    let is_live = |pack| {
        store.refresh().expect("refresh");
        store.catalog().is_live(pack)
    };
    collect(&open_again());
    assert!(is_live(data));
    assert!(store.has_blob(id, 6).expect("looked for"));
    drop(session);
    drop(holder);
    collect(&open_again());
    assert!(!is_live(data), "it is rewritten once the recipe can be, too");
    assert!(store.has_blob(id, 6).expect("looked for"));
}
