//! Damage on a remote, mended from a repository that has what was lost.

use super::collect::{checked, gc};
use super::*;
use crate::sync::repair::Repaired;

fn repair(site: &Site, on: &Memory) -> Repaired {
    let found = checked(site, on);
    assert!(!found.problems.is_empty(), "there is something to mend");
    site.with_push(on, |push| push.repair(&found)).expect("repair")
}

/// A remote with files of one chunk and of many, in two pushes.
fn pushed() -> (Site, Memory) {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("large", &noise(1, 900_000));
    for n in 0..20 {
        site.write(&format!("small/{n}"), &noise(100 + n, 3_000));
    }
    let first = site.commit("first");
    site.push(&memory, "main", first).expect("push");
    site.write("large", &[noise(1, 900_000), noise(2, 300_000)].concat());
    let second = site.commit("second");
    site.push(&memory, "main", second).expect("push");
    (site, memory)
}

#[test]
fn each_pack_that_is_lost_or_damaged_is_made_up_for() {
    let kinds = [PackKind::Data, PackKind::Layout, PackKind::History];
    for (kind, is_lost) in kinds.into_iter().flat_map(|kind| [(kind, true), (kind, false)]) {
        let (site, memory) = pushed();
        let packs = newest(&memory).1.packs;
        for (id, _) in packs.iter().filter(|(_, pack)| pack.kind == kind) {
            memory.tamper(&Area::Pack.key(*id), |bytes| {
                let at = bytes.len() / 3;
                bytes[at] ^= 1;
                !is_lost
            });
        }
        let repaired = repair(&site, &memory);
        assert!(repaired.objects > 0 && repaired.dropped > 0, "{kind:?}: {repaired:?}");
        assert!(repaired.absent.is_empty(), "{kind:?}: {repaired:?}");
        readable(&site, &memory);
        let problems = checked(&site, &memory).problems;
        assert!(problems.is_empty(), "{kind:?}, lost: {is_lost}: {problems:?}");
        gc(&site, &memory, 0).expect("gc");
        readable(&site, &memory);
    }
}

#[test]
fn tables_and_segments_are_put_again_from_their_copies() {
    for area in ["table/", "list/"] {
        let (site, memory) = pushed();
        let (root, state) = newest(&memory);
        let named = |key: &String| match Area::parse(key) {
            Some((Area::Table, id)) => state.tables.contains_key(&id),
            Some((_, id)) => root.segments.iter().any(|segment| segment.id == id),
            None => false,
        };
        for key in memory.keys().iter().filter(|key| key.starts_with(area) && named(key)) {
            memory.tamper(key, |_| false);
        }
        let (keys, stored) = (memory.keys(), checked_with_copies(&site, &memory));
        let repaired = site.with_push(&memory, |push| push.repair(&stored)).expect("repair");
        assert!(repaired.put_again > 0 && memory.keys().len() > keys.len(), "{repaired:?}");
        readable(&site, &memory);
    }
}

/// What is found by somebody who has copies of what the root names.
fn checked_with_copies(site: &Site, on: &Memory) -> crate::sync::check::Checked {
    use crate::sync::check::{Check, Depth};
    let (repo, cache) = (site.repo(), site.cache());
    let remote = Remote { transport: on, cache: &cache };
    let root = remote.latest(None).expect("latest").expect("a root");
    let state = remote.load_state(&root.root).expect("copies");
    let check = Check {
        remote: &remote,
        root: &root,
        state: &state,
        store: &repo.store,
        depth: Depth::Structure,
        transfers: 2,
        progress: &Silent,
        cancel: &site.ctx.cancel,
    };
    check.run().expect("check")
}

#[test]
fn what_is_lost_everywhere_is_named_and_nothing_is_made_less() {
    let (site, memory) = pushed();
    let other = Site::sibling(&site);
    other.fetch(&memory).expect("fetch");
    other.write("theirs", &noise(7, 50_000));
    let theirs = other.commit("theirs");
    other.push(&memory, "theirs", theirs).expect("push");
    let before = newest(&memory).1;
    for (id, _) in before.packs.iter().filter(|(_, pack)| pack.kind == PackKind::Data) {
        memory.tamper(&Area::Pack.key(*id), |bytes| {
            let at = bytes.len() / 3;
            bytes[at] ^= 1;
            true
        });
    }
    // Only the other repository has what it pushed.
    let repaired = site.with_push(&memory, |push| push.repair(&checked(&site, &memory)));
    let repaired = repaired.expect("repair");
    assert_eq!((repaired.dropped, repaired.absent.len()), (0, 1), "{repaired:?}");
    assert!(newest(&memory).1.packs.len() > before.packs.len(), "what is here was sent");
    let repaired = repair(&other, &memory);
    assert!(repaired.dropped > 0 && repaired.absent.is_empty(), "{repaired:?}");
    readable(&site, &memory);
}

#[test]
fn a_push_that_comes_first_makes_a_repair_decide_again() {
    let (site, memory) = pushed();
    let other = Site::sibling(&site);
    let packs = newest(&memory).1.packs;
    for (id, _) in packs.iter().filter(|(_, pack)| pack.kind == PackKind::Data) {
        memory.tamper(&Area::Pack.key(*id), |_| false);
    }
    // Somebody relies on chunks of a pack that is lost, and nobody has noticed.
    other.write("copy", &[noise(1, 900_000), noise(9, 1_000)].concat());
    let mine = other.commit("unrelated");
    let before = Before::create(&memory, || {
        other.push(&memory, "other", mine).expect("push");
    });
    let found = checked(&site, &memory);
    let repaired = site.with_push(&before, |push| push.repair(&found)).expect("repair");
    // The new branch needs chunks that this repository has, but not by that recipe: nothing is dropped.
    assert_eq!((repaired.dropped, repaired.absent.len()), (0, 1), "{repaired:?}");
    let repaired = repair(&other, &memory);
    assert!(repaired.dropped > 0 && repaired.absent.is_empty(), "{repaired:?}");
    readable(&site, &memory);
}
