//! Collections that others keep coming before.

use super::collect::{checked, gc, gc_from};
use super::*;
use crate::sync::untouched::Untouched;

/// A remote with a branch, and packs of which nothing is reached.
fn with_garbage(site: &Site, memory: &Memory) {
    // Too long to be folded by the pushes that follow.
    site.write("kept", &noise(1, 700_000));
    let kept = site.commit("kept");
    site.push(memory, "main", kept).expect("push");
    let other = Site::sibling(site);
    other.write("gone", &noise(2, 300_000));
    other.write("small", b"gone too");
    let gone = other.commit("gone");
    other.push(memory, "gone", gone).expect("push");
    site.push_wants(memory, &[want("gone", None, Mode::FastForward)]).expect("deleted");
}

#[test]
fn a_collection_comes_through_beside_pushes_that_never_end() {
    let (site, memory) = (Site::new(), Memory::new());
    with_garbage(&site, &memory);
    let other = Site::sibling(&site);
    other.fetch(&memory).expect("fetch");
    let count = Mutex::new(0);
    let push = || {
        let mut count = count.lock().expect("lock");
        *count += 1;
        other.write(&format!("new/{count}"), &noise(100 + *count, 4_000));
        let commit = other.commit("next");
        other.push(&memory, "busy", commit).expect("push");
    };
    // More than the rounds in which everything is marked.
    let busy = Before::creates(&memory, 7, push);
    let done = gc(&site, &busy, 0).expect("gc");
    assert!(done.dead_packs >= 1 && done.dropped_bytes > 300_000, "{done:?}");
    let state = readable(&site, &memory);
    assert_eq!(state.refs.len(), 2);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn what_was_deleted_once_is_not_deleted_in_each_round() {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    let count = Mutex::new(0);
    let push = || {
        let mut count = count.lock().expect("lock");
        *count += 1;
        site.write("changing", &noise(*count, 1_000));
        let commit = site.commit("next");
        site.push(&*memory, "main", commit).expect("push");
    };
    (0..20).for_each(|_| push());
    let counted = Counting::new(memory.clone());
    let busy = Before::creates(&counted, 10, push);
    let done = gc(&site, &busy, 0).expect("gc");
    // Without a grace the keys of every push before are due; each is deleted once, and each push came
    // with less than a dozen.
    assert!(done.deleted > 60, "{done:?}");
    let requests = counted.traffic().requests();
    assert!(requests < done.deleted + 10 * 40, "{requests} requests for {done:?}");
    readable(&site, &*memory);
}

/// A push that comes in between relies on what was dead.
fn relied_on(path: &str, bytes: &[u8]) {
    let (site, memory) = (Site::new(), Memory::new());
    with_garbage(&site, &memory);
    let other = Site::sibling(&site);
    other.write(path, bytes);
    let mine = other.commit("unrelated");
    let push = Before::create(&memory, || {
        let sent = other.push(&memory, "again", mine).expect("push").packed_bytes;
        assert!(sent < 50_000, "{sent} bytes: it is there");
    });
    gc_from(&site, &push, 0, 0).expect("gc");
    readable(&other, &memory);
    assert!(checked(&other, &memory).problems.is_empty());
}

#[test]
fn a_file_of_many_chunks_is_taken_out_of_what_is_dead() {
    relied_on("copy", &noise(2, 300_000));
}

#[test]
fn a_file_of_one_chunk_is_taken_out_of_what_is_dead() {
    relied_on("copy", b"gone too");
}

#[test]
fn what_a_newer_recipe_names_is_left_alone() {
    let (site, memory) = (Site::new(), Memory::new());
    with_garbage(&site, &memory);
    let cache = site.cache();
    let remote = Remote { transport: &memory, cache: &cache };
    let (repo, cancel) = (site.repo(), &site.ctx.cancel);
    let (_, old) = newest(&memory);
    let mut untouched = Untouched::of(&remote, &old, &repo.store, 2, cancel).expect("mark");
    let mut on =
        |state: &State| untouched.on(&remote, state, &repo.store, cancel).expect("mark").clone();
    let dead = on(&old);
    assert!(dead.iter().any(|id| old.packs[id].bytes > 300_000), "its data is dead");
    // Somebody names it, and lets go of it at once: the recipe is there, and nothing reaches it.
    let other = Site::sibling(&site);
    other.write("copy", &noise(2, 300_000));
    let mine = other.commit("unrelated");
    other.push(&memory, "again", mine).expect("push");
    other.push_wants(&memory, &[want("again", None, Mode::FastForward)]).expect("deleted");
    let (_, new) = newest(&memory);
    let left = on(&new);
    assert!(left.iter().all(|id| old.packs.contains_key(id)), "nothing that came since");
    assert!(left.iter().all(|id| old.packs[id].bytes < 300_000), "its data is named");
}

#[test]
fn what_others_did_since_is_found_in_few_requests() {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    with_garbage(&site, &memory);
    for n in 0..30u64 {
        site.write(&format!("f{n}"), &noise(1000 + n, 300_000));
        let commit = site.commit("next");
        site.push(&*memory, "main", commit).expect("push");
    }
    let reader = Site::sibling(&site);
    let counting = Counting::new(memory.clone());
    let cache = reader.cache();
    let remote = Remote { transport: &counting, cache: &cache };
    let (repo, cancel) = (reader.repo(), &reader.ctx.cancel);
    let (_, old) = newest(&*memory);
    let mut untouched = Untouched::of(&remote, &old, &repo.store, 2, cancel).expect("mark");
    let whole = counting.traffic();
    site.write("one more", &noise(5000, 300_000));
    let commit = site.commit("one more");
    site.push(&*memory, "main", commit).expect("push");
    let (_, new) = newest(&*memory);
    untouched.on(&remote, &new, &repo.store, cancel).expect("mark");
    let since = counting.traffic().requests() - whole.requests();
    assert!(since <= 8, "{since} requests after {}", whole.requests());
}
