//! Pushes and fetches between repositories over a store in memory, with everything that can go wrong.

mod around;
mod arriving;
mod chain;
mod collect;
mod condemned;
mod cost;
mod fold;
mod overtaken;
mod partial;
mod races;
mod repair;
mod site;
mod untouched;

use std::fs;
use std::sync::{Arc, Mutex};

use around::{Around, Before};
use site::*;

use super::cache::Cache;
use super::chain::{Remote, Seen};
use super::push::{Mode, Want};
use super::root::Area;
use super::state::State;
use super::{Refused, SyncError};
use crate::id::CommitId;
use crate::pack::{BlockBuf, PackKind, PackReader};
use crate::progress::Silent;
use crate::refs::{RefName, RefTarget, branch_ref};
use crate::remote::counting::Counting;
use crate::remote::folder::Folder;
use crate::remote::memory::{Memory, Mishap, Operation};
use crate::remote::{Transport, TransportError, get};

#[test]
fn what_is_pushed_comes_out_whole() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("big.csv", &table_text(150_000));
    site.write("noise", &noise(1, 900_000));
    site.write("empty", b"");
    for n in 0..50 {
        site.write(&format!("small/{n}"), &noise(100 + n, 2_000));
    }
    let first = site.commit("first");
    let pushed = site.push(&memory, "main", first).expect("push");
    assert_eq!((pushed.commits, pushed.files, pushed.seq), (1, 52, Some(1)));
    readable(&site, &memory);
    site.write("big.csv", &[table_text(150_000), b"one more\n".to_vec()].concat());
    let second = site.commit("second");
    assert_eq!(site.push(&memory, "main", second).expect("push").files, 1);
    let again = site.push(&memory, "main", second).expect("push");
    assert_eq!(again.seq, None, "nothing to do");
    let state = readable(&site, &memory);
    assert_eq!(state.target(&branch_ref("main").expect("valid")), Some(second.into()));
    assert_eq!(state.refs.len(), 1);
}

#[test]
fn nothing_leaves_that_the_pushed_refs_do_not_reach() {
    let (site, memory) = (Site::new(), Memory::new());
    let secret = b"the password is swordfish, and nobody must know it".repeat(20);
    for n in 0..20u64 {
        site.write(&format!("f{n}"), &noise(n, 1_000));
    }
    site.write("f5b", &secret);
    site.stage();
    fs::remove_file(site.dir.path().join("f5b")).expect("remove");
    let commit = site.commit("without it");
    site.push(&memory, "main", commit).expect("push");
    readable(&site, &memory);
    let keys = memory.keys();
    let packs = keys.iter().filter(|key| key.starts_with("pack/"));
    let mut blocks = 0;
    for key in packs {
        let pack = PackReader::open(get(&memory, key, 1 << 30).expect("get")).expect("pack");
        let trailer = pack.read_trailer().expect("trailer");
        for block in trailer.blocks() {
            let mut buf = BlockBuf::new();
            let raw = pack.read_block(block.offset, &mut buf).expect("block");
            assert!(!raw.windows(20).any(|window| window == &secret[..20]), "{key}");
            blocks += 1;
        }
    }
    assert!(blocks > 1);
    // The test can fail: the secret did lie in a block with files that were pushed.
    let repo = site.repo();
    let address = crate::id::Address::from(crate::id::BlobId::of(&secret));
    let found = repo.store.catalog().find(PackKind::Data, &address).expect("catalog");
    let pack = repo.store.open_pack(found.expect("stored here").pack).expect("pack");
    assert!(pack.read_trailer().expect("trailer").chunks().len() > 10);
}

#[test]
fn lost_answers_are_cleared_up_by_reading_back() {
    for mishap in [Mishap::AnswerLost, Mishap::NotSent, Mishap::Busy] {
        let (site, memory) = (Site::new(), Memory::new());
        site.write("a", b"1");
        let commit = site.commit("one");
        memory.script(Operation::Create, "root/", mishap);
        assert_eq!(site.push(&memory, "main", commit).expect("push").seq, Some(1), "{mishap:?}");
        readable(&site, &memory);
    }
}

#[test]
fn a_root_that_lands_late_is_found_by_the_next_push() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("a", b"1");
    let commit = site.commit("one");
    for _ in 0..6 {
        memory.script(Operation::Create, "root/", Mishap::Late);
    }
    let error = site.push(&memory, "main", commit).expect_err("no answer");
    assert!(matches!(error, SyncError::Unknown), "{error}");
    memory.deliver_late();
    let pushed = site.push(&memory, "main", commit).expect("push");
    assert!(pushed.was_done);
    assert_eq!(pushed.seq, Some(1));
    readable(&site, &memory);
}

#[test]
fn a_push_that_was_cut_short_uploads_only_the_rest() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("noise", &noise(3, 3_000_000));
    let commit = site.commit("one");
    memory.script(Operation::Put, "table/", Mishap::Denied);
    site.push(&memory, "main", commit).expect_err("cut short");
    let packs =
        |memory: &Memory| memory.keys().iter().filter(|key| key.starts_with("pack/")).count();
    let before = packs(&memory);
    assert!(before >= 3);
    site.push(&memory, "main", commit).expect("push");
    // One more: the recipes are written anew.
    assert_eq!(packs(&memory), before + 1, "the packs of data and history were used");
    readable(&site, &memory);
}

#[test]
fn whoever_comes_second_goes_on_from_the_newest_root() {
    let (ours, memory) = (Site::new(), Memory::new());
    ours.write("a", &noise(1, 50_000));
    let base = ours.commit("base");
    ours.push(&memory, "main", base).expect("push");
    let theirs = Site::sibling(&ours);
    theirs.fetch(&memory).expect("fetch");
    theirs.write("b", &noise(2, 50_000));
    let other = theirs.commit("theirs");
    ours.write("c", &noise(3, 50_000));
    let mine = ours.commit("mine");
    let before =
        Before::create(&memory, || drop(theirs.push(&memory, "theirs", other).expect("push")));
    assert_eq!(ours.push(&before, "main", mine).expect("push").seq, Some(3));
    assert_eq!(readable(&ours, &memory).refs.len(), 2);
}

#[test]
fn a_branch_that_moved_meanwhile_is_not_overwritten() {
    let (ours, memory) = (Site::new(), Memory::new());
    let base = ours.commit("base");
    ours.push(&memory, "main", base).expect("push");
    let theirs = Site::sibling(&ours);
    theirs.fetch(&memory).expect("fetch");
    theirs.write("b", b"2");
    let other = theirs.commit("theirs");
    ours.write("c", b"3");
    let mine = ours.commit("mine");
    let unrelated = Mode::Force;
    let before = Before::create(&memory, || {
        drop(theirs.push_wants(&memory, &[want("main", Some(other), unrelated)]).expect("push"));
    });
    let error = ours.push(&before, "main", mine).expect_err("refused");
    assert!(matches!(error, SyncError::Refused(Refused::NotAncestor { .. })), "{error}");
    // A forced push names what it replaces: that is another commit by now.
    let error =
        ours.push_wants(&memory, &[want("main", Some(mine), Mode::Lease(Some(base.into())))]);
    let error = error.expect_err("stale");
    assert!(matches!(error, SyncError::Refused(Refused::Stale { .. })), "{error}");
    ours.push_wants(&memory, &[want("main", Some(mine), Mode::Force)]).expect("forced");
    let state = readable(&ours, &memory);
    let record = &state.refs[&branch_ref("main").expect("valid")];
    assert_eq!(record.target, mine.into());
    assert_eq!(record.earlier, [other.into(), base.into()], "it can be undone");
}

#[test]
fn an_anchor_that_goes_away_is_made_up_for() {
    let (ours, memory) = (Site::new(), Memory::new());
    ours.write("a", &noise(1, 400_000));
    let base = ours.commit("base");
    ours.push(&memory, "old", base).expect("push");
    ours.write("b", &noise(2, 10_000));
    let mine = ours.commit("mine");
    let other = Site::sibling(&ours);
    let before = Before::create(&memory, || {
        let delete = want("old", None, Mode::FastForward);
        drop(other.push_wants(&memory, &[delete]).expect("deleted"));
    });
    let pushed = ours.push(&before, "new", mine).expect("push");
    assert_eq!(pushed.commits, 2, "the commit that the anchor reached is taken along");
    readable(&ours, &memory);
}

#[test]
fn a_fenced_session_starts_anew() {
    let (site, memory) = (Site::new(), Memory::new());
    let base = site.commit("base");
    site.push(&memory, "main", base).expect("push");
    site.write("a", &noise(1, 10_000));
    let mine = site.commit("mine");
    let before = Before::create(&memory, || add_root(&memory, |_, root, _| root.raise_floor(2)));
    site.push(&before, "main", mine).expect("push");
    let state = readable(&site, &memory);
    let sessions: Vec<u64> = state.packs.keys().map(|pack| pack.session.seq).collect();
    assert!(sessions.iter().all(|seq| *seq == 0 || *seq == 2), "{sessions:?}");
}

#[test]
fn a_pack_that_goes_away_is_made_up_for() {
    let (site, memory) = (Site::new(), Memory::new());
    let data = noise(1, 600_000);
    site.write("a", &data);
    let base = site.commit("base");
    site.push(&memory, "old", base).expect("push");
    // A history that shares nothing but the chunks.
    let other = Site::sibling(&site);
    other.write("copy", &[data, noise(2, 1_000)].concat());
    let mine = other.commit("unrelated");
    let before = Before::create(&memory, || {
        add_root(&memory, |state, root, segment| {
            segment.refs.insert(branch_ref("old").expect("valid"), None);
            for pack in state.packs.keys() {
                segment.packs.insert(*pack, None);
                root.fence(pack.session);
            }
        });
        let keys = memory.keys();
        let first = keys.iter().filter(|key| key.starts_with("pack/0000000000000000"));
        first.for_each(|key| memory.delete(key).expect("delete"));
    });
    other.push(&before, "new", mine).expect("push");
    readable(&other, &memory);
}

#[test]
fn a_remote_that_went_back_is_refused() {
    let (site, memory) = (Site::new(), Memory::new());
    for n in 0..20u8 {
        site.write("a", &[n]);
        let commit = site.commit("next");
        site.push(&memory, "main", commit).expect("push");
    }
    let seen = site.seen.lock().expect("lock").expect("seen");
    memory.tamper("root/00000000000000000020", |_| false);
    memory.tamper("hint/latest", |_| false);
    site.write("a", b"more");
    let commit = site.commit("more");
    let error = site.push(&memory, "main", commit).expect_err("went back");
    assert!(matches!(error, SyncError::WentBack { seq: 20, .. }), "{error}");
    // Another chain of the same length is no better.
    let other = Seen { seq: 19, hash: seen.hash };
    *site.seen.lock().expect("lock") = Some(other);
    let error = site.push(&memory, "main", commit).expect_err("replaced");
    assert!(matches!(error, SyncError::WentBack { seq: 19, .. }), "{error}");
}

#[test]
fn the_chain_of_roots_is_followed_back_over_any_distance() {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    let commit = site.commit("one");
    site.push(&*memory, "main", commit).expect("push");
    let seen = site.seen.lock().expect("lock").expect("seen");
    (0..300).for_each(|_| add_root(&*memory, |_, _, _| {}));
    let (counted, cache) = (Counting::new(memory.clone()), Cache::none());
    let remote = Remote { transport: &counted, cache: &cache };
    let latest = remote.latest(Some(seen)).expect("it leads there").expect("a root");
    assert_eq!(latest.root.seq, 301);
    assert!(counted.traffic().requests() <= 64, "{:?}", counted.traffic());
    // Another root in the place of the one that was seen, or of one between, leads nowhere.
    let other = Seen { hash: [7; 32], ..seen };
    let error = remote.latest(Some(other)).expect_err("replaced");
    assert!(matches!(error, SyncError::WentBack { seq: 1, .. }), "{error}");
    for seq in [16, 256] {
        let key = super::root::root_key(seq);
        memory.tamper(&key, |bytes| {
            let mut root = super::root::Root::decode(&key, bytes).expect("a root");
            root.has_atomic_create = !root.has_atomic_create;
            *bytes = root.encode();
            true
        });
        let error = remote.latest(Some(seen)).expect_err("replaced");
        assert!(matches!(error, SyncError::WentBack { seq: 1, .. }), "{error}");
    }
}

#[test]
fn damage_on_the_remote_is_found_and_named() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("a", &noise(1, 300_000));
    let commit = site.commit("one");
    site.push(&memory, "main", commit).expect("push");
    for prefix in ["pack/", "table/", "list/", "root/"] {
        for key in memory.keys().iter().filter(|key| key.starts_with(prefix)) {
            let original = get(&memory, key, 1 << 30).expect("get");
            memory.tamper(key, |bytes| {
                let middle = bytes.len() / 2;
                bytes[middle] ^= 1;
                true
            });
            Site::sibling(&site).fetch(&memory).expect_err(key);
            memory.tamper(key, |bytes| bytes.pop().is_some());
            Site::sibling(&site).fetch(&memory).expect_err(key);
            memory.put(key, original).expect("put");
        }
    }
    readable(&site, &memory);
}

#[test]
fn many_pushes_leave_few_tables_and_segments() {
    let (site, memory) = (Site::new(), Memory::new());
    for n in 0..40u64 {
        site.write(&format!("dir/{n}"), &noise(n, 500));
        let commit = site.commit("next");
        site.push(&memory, "main", commit).expect("push");
    }
    let state = readable(&site, &memory);
    assert!(state.tables.len() <= 12, "{} tables", state.tables.len());
    let cache = Cache::none();
    let remote = Remote { transport: &memory, cache: &cache };
    let root = remote.latest(None).expect("latest").expect("a root");
    assert!(root.root.segments.len() <= 8, "{} segments", root.root.segments.len());
    assert!(root.root.encode().len() < 4096);
}

#[test]
fn another_repository_is_refused() {
    let (site, memory) = (Site::new(), Memory::new());
    let commit = site.commit("one");
    site.push(&memory, "main", commit).expect("push");
    let other = Site::new();
    let commit = other.commit("two");
    let error = other.push(&memory, "main", commit).expect_err("refused");
    assert!(matches!(error, SyncError::OtherRepository), "{error}");
}

#[test]
fn tags_do_not_move_and_refs_can_be_deleted() {
    let (site, memory) = (Site::new(), Memory::new());
    let first = site.commit("one");
    let tag = RefName::tag("v1").expect("valid");
    let want_tag =
        |commit: CommitId, mode| [Want { name: tag.clone(), new: Some(commit.into()), mode }];
    site.push_wants(&memory, &want_tag(first, Mode::FastForward)).expect("push");
    site.write("a", b"1");
    let second = site.commit("two");
    let error =
        site.push_wants(&memory, &want_tag(second, Mode::FastForward)).expect_err("refused");
    assert!(matches!(error, SyncError::Refused(Refused::Exists { .. })), "{error}");
    site.push_wants(&memory, &want_tag(second, Mode::Force)).expect("forced");
    let delete = Want { name: tag.clone(), new: None, mode: Mode::FastForward };
    site.push_wants(&memory, std::slice::from_ref(&delete)).expect("deleted");
    let error = site.push_wants(&memory, &[delete]).expect_err("gone");
    assert!(matches!(error, SyncError::Refused(Refused::NoSuchRef { .. })), "{error}");
}
