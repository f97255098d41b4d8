//! Collections, alone and beside pushes; whatever happens, everything that a ref reaches stays readable.

use std::time::{Duration, UNIX_EPOCH};

use super::*;
use crate::sync::check::{Check, Checked, Depth};
use crate::sync::collect::{Collect, Collected, MAX_UNWANTED_PERCENT, THOROUGH_ROUNDS};
use crate::sync::session::start_session;

pub(super) fn gc(
    site: &Site,
    on: &dyn Transport,
    grace_seconds: i64,
) -> Result<Collected, SyncError> {
    gc_from(site, on, grace_seconds, THOROUGH_ROUNDS)
}

pub(super) fn gc_from(
    site: &Site,
    on: &dyn Transport,
    grace_seconds: i64,
    thorough_rounds: u32,
) -> Result<Collected, SyncError> {
    gc_to(site, on, grace_seconds, (thorough_rounds, MAX_UNWANTED_PERCENT))
}

/// A collection that does only what is quick after so many rounds, and leaves so much that is not wanted.
fn gc_to(
    site: &Site,
    on: &dyn Transport,
    grace_seconds: i64,
    (thorough_rounds, max_unwanted_percent): (u32, u64),
) -> Result<Collected, SyncError> {
    let repo = site.repo();
    let cache = site.cache();
    let collect = Collect {
        transport: on,
        cache: &cache,
        store: &repo.store,
        seen: None,
        grace_seconds,
        now: 1_700_000_000,
        transfers: 2,
        thorough_rounds,
        max_unwanted_percent,
        level: 1,
        progress: &Silent,
        cancel: &site.ctx.cancel,
        dry_run: false,
    };
    collect.run()
}

pub(super) fn checked(site: &Site, on: &dyn Transport) -> Checked {
    let repo = site.repo();
    let cache = Cache::none();
    let scratch = Cache::new(&site.dir.path().join(".esker"), "check");
    let remote = Remote { transport: on, cache: &cache };
    let root = remote.latest(None).expect("latest").expect("a root");
    let state = remote.load_state(&root.root).expect("state");
    let remote = Remote { transport: on, cache: &scratch };
    let check = Check {
        remote: &remote,
        root: &root,
        state: &state,
        store: &repo.store,
        depth: Depth::Data,
        transfers: 2,
        progress: &Silent,
        cancel: &site.ctx.cancel,
    };
    check.run().expect("check")
}

fn keys_of(memory: &Memory, area: &str) -> usize {
    memory.keys().iter().filter(|key| key.starts_with(area)).count()
}

#[test]
fn what_no_ref_reaches_is_given_back() {
    let (site, memory) = (Site::new(), Memory::new());
    // Too long to be folded by the push that follows.
    site.write("kept", &noise(1, 700_000));
    let kept = site.commit("kept");
    site.push(&memory, "main", kept).expect("push");
    let other = Site::sibling(&site);
    other.write("gone", &noise(2, 300_000));
    let gone = other.commit("gone");
    other.push(&memory, "gone", gone).expect("push");
    let done = gc(&site, &memory, 0).expect("gc");
    assert_eq!((done.dead_packs, done.repacked), (0, 0), "all of it is reached");
    let packs = keys_of(&memory, "pack/");
    site.push_wants(&memory, &[want("gone", None, Mode::FastForward)]).expect("deleted");
    // Whoever reads an old root may go on until the grace is over.
    let done = gc(&site, &memory, 1_000).expect("gc");
    let dead = done.dead_packs;
    assert!(dead >= 1 && done.deleted == 0, "{done:?}");
    assert_eq!(keys_of(&memory, "pack/"), packs);
    let done = gc(&site, &memory, 0).expect("gc");
    assert!(done.deleted >= dead, "{done:?}");
    assert_eq!(keys_of(&memory, "pack/"), packs - dead as usize);
    let state = readable(&site, &memory);
    assert_eq!(keys_of(&memory, "pack/"), state.packs.len());
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn nearly_empty_packs_are_packed_anew() {
    let (site, memory) = (Site::new(), Memory::new());
    for n in 0..10 {
        site.write(&format!("big{n}"), &noise(n, 300_000));
    }
    let first = site.commit("first");
    site.push(&memory, "main", first).expect("push");
    let other = Site::sibling(&site);
    other.write("big3", &noise(3, 300_000));
    other.write("small", b"x");
    let second = other.commit("second");
    other.push_wants(&memory, &[want("main", Some(second), Mode::Force)]).expect("forced");
    let before: usize =
        memory.keys().iter().map(|k| get(&memory, k, 1 << 30).expect("get").len()).sum();
    let done = gc(&site, &memory, 0).expect("gc");
    assert!(done.repacked >= 1 && done.dead_packs >= 1, "{done:?}");
    let after: usize =
        memory.keys().iter().map(|k| get(&memory, k, 1 << 30).expect("get").len()).sum();
    assert!(after * 4 < before, "{after} of {before}");
    readable(&site, &memory);
    let found = checked(&site, &memory);
    assert!(found.problems.is_empty(), "{:?}", found.problems);
    assert_eq!((found.commits, found.blobs), (1, 2));
}

#[test]
fn what_is_exact_leaves_nothing_that_is_not_wanted() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("kept", &noise(1, 900_000));
    site.write("gone", &noise(2, 100_000));
    let first = site.commit("first");
    site.push(&memory, "main", first).expect("push");
    let other = Site::sibling(&site);
    other.write("kept", &noise(1, 900_000));
    let second = other.commit("second");
    other.push_wants(&memory, &[want("main", Some(second), Mode::Force)]).expect("forced");
    let bytes = || newest(&memory).1.packs.values().map(|pack| pack.raw_bytes).sum::<u64>();
    gc(&site, &memory, 0).expect("gc");
    assert!(bytes() >= 1_000_000, "so little is not worth a pack");
    let done = gc_to(&site, &memory, 0, (u32::MAX, 0)).expect("gc");
    assert!(done.repacked >= 1 && bytes() < 910_000, "{done:?}: {}", bytes());
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn after_many_pushes_a_collection_leaves_few_packs() {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    for n in 0..25u64 {
        site.write(&format!("f{n}"), &noise(n, 70_000));
        let commit = site.commit("next");
        site.push(&*memory, "main", commit).expect("push");
    }
    gc(&site, &*memory, 0).expect("gc");
    let counted = Counting::new(memory.clone());
    let state = readable(&site, &counted);
    assert!(state.packs.len() <= 12, "{} packs", state.packs.len());
    assert!(counted.traffic().requests() < 40, "{:?}", counted.traffic());
    // And it goes on as before.
    site.write("more", b"1");
    let commit = site.commit("more");
    site.push(&*memory, "main", commit).expect("push");
    readable(&site, &*memory);
}

#[test]
fn a_push_that_comes_first_makes_a_collection_decide_again() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("a", &noise(1, 300_000));
    let first = site.commit("first");
    site.push(&memory, "old", first).expect("push");
    site.push_wants(&memory, &[want("old", None, Mode::FastForward)]).expect("deleted");
    // What the collection is about to drop is wanted again.
    let before =
        Before::create(&memory, || drop(site.push(&memory, "again", first).expect("push")));
    let done = gc(&site, &before, 0).expect("gc");
    assert_eq!(done.seen.expect("a root").seq, 4);
    assert_eq!(readable(&site, &memory).refs.len(), 1);
}

#[test]
fn a_collection_beside_a_push_takes_nothing_from_it() {
    let (site, memory) = (Site::new(), Memory::new());
    let data = noise(1, 600_000);
    site.write("a", &data);
    let base = site.commit("base");
    site.push(&memory, "old", base).expect("push");
    let other = Site::sibling(&site);
    other.write("copy", &data);
    let mine = other.commit("unrelated");
    site.push_wants(&memory, &[want("old", None, Mode::FastForward)]).expect("deleted");
    // The push relies on chunks that only the deleted branch reached; the collection drops them, and
    // with no grace it also fences the push.
    let before = Before::create(&memory, || {
        gc(&site, &memory, 0).expect("gc");
    });
    other.push(&before, "new", mine).expect("push");
    readable(&other, &memory);
    assert!(checked(&other, &memory).problems.is_empty());
}

#[test]
fn what_pushes_that_never_ended_left_is_given_back() {
    let (site, memory) = (Site::new(), Memory::new());
    let base = site.commit("base");
    site.push(&memory, "main", base).expect("push");
    let other = Site::sibling(&site);
    other.write("a", &noise(1, 200_000));
    let mine = other.commit("never");
    memory.script(Operation::Put, "table/", Mishap::Denied);
    other.push(&memory, "other", mine).expect_err("cut short");
    let packs = keys_of(&memory, "pack/");
    let done = gc(&site, &memory, 0).expect("gc");
    assert!(done.orphans >= 3, "{done:?}");
    assert!(keys_of(&memory, "pack/") < packs);
    // The one that comes back finds its session fenced, and starts anew.
    other.push(&memory, "other", mine).expect("push");
    readable(&other, &memory);
}

#[test]
fn what_a_collection_left_that_was_cut_short_is_given_back() {
    let (site, memory) = (Site::new(), Memory::new());
    let base = site.commit("base");
    site.push(&memory, "main", base).expect("push");
    let killed = start_session(0).expect("session");
    let key = Area::Pack.key(killed.new_name().expect("name"));
    memory.put(&key, vec![1; 1000]).expect("put");
    // Its session is fenced, and what it left is to be deleted then: the first such delete is refused.
    memory.script(Operation::Delete, &key, Mishap::Denied);
    gc(&site, &memory, 1_000).expect_err("cut short");
    assert!(memory.keys().contains(&key));
    // The grace of what the first one condemned is not over: there is no other reason for a root.
    let done = gc(&site, &memory, 1_000).expect("gc");
    assert_eq!(done.orphans, 1, "{done:?}");
    assert!(!memory.keys().contains(&key));
    readable(&site, &memory);
}

#[test]
fn what_a_killed_writer_left_in_a_folder_is_given_back() {
    let (site, dir) = (Site::new(), tempfile::tempdir().expect("a folder"));
    let folder = Folder::new(dir.path().join("remote"));
    let base = site.commit("base");
    site.push(&folder, "main", base).expect("push");
    let left = dir.path().join("remote/tmp/0123456789abcdef");
    std::fs::write(&left, [1; 1000]).expect("write");
    let found = checked(&site, &folder);
    assert_eq!((found.unnamed, found.unnamed_bytes), (1, 1000));
    let aged = |seconds: u64| {
        let time = UNIX_EPOCH + Duration::from_secs(1_700_000_000 - seconds);
        std::fs::File::open(&left).and_then(|file| file.set_modified(time)).expect("an age");
    };
    aged(80_000);
    assert_eq!(gc(&site, &folder, 0).expect("gc").orphans, 0, "it may be of a slow one");
    aged(90_000);
    assert_eq!(gc(&site, &folder, 100_000).expect("gc").orphans, 0, "its grace is not over");
    assert_eq!(gc(&site, &folder, 0).expect("gc").orphans, 1);
    assert!(!left.exists());
    assert_eq!(checked(&site, &folder).unnamed, 0);
}

#[test]
fn a_damaged_remote_is_not_collected_but_named() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("a", &noise(1, 400_000));
    let first = site.commit("first");
    site.push(&memory, "main", first).expect("push");
    assert!(checked(&site, &memory).problems.is_empty());
    let repo = site.repo();
    let state = {
        let cache = Cache::none();
        let remote = Remote { transport: &memory, cache: &cache };
        let root = remote.latest(None).expect("latest").expect("a root");
        remote.load_state(&root.root).expect("state")
    };
    drop(repo);
    for (id, _) in state.packs.iter().filter(|(_, pack)| pack.kind == PackKind::Data) {
        let key = Area::Pack.key(*id);
        memory.tamper(&key, |bytes| {
            bytes[1000] ^= 1;
            true
        });
        let found = checked(&site, &memory);
        assert_eq!(found.problems.len(), 1, "{:?}", found.problems);
        assert_eq!(found.problems[0].key, key);
    }
    // A live pack that no table leads to: what it held is missed, and nothing is dropped.
    add_root(&memory, |state, root, segment| {
        for (id, _) in state.packs.iter().filter(|(_, pack)| pack.kind == PackKind::Layout) {
            segment.packs.insert(*id, None);
            root.fence(id.session);
        }
    });
    let keys = memory.keys();
    let error = gc(&site, &memory, 0).expect_err("damaged");
    assert!(matches!(error, SyncError::Damaged { .. }), "{error}");
    assert_eq!(memory.keys(), keys);
}
