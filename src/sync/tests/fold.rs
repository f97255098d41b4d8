//! Many small pushes, and what is left of them: few packs, whatever happens meanwhile.
//!
//! `ESKER_TEST_PUSHES` sets how many there are where that matters most (60 without it).

use super::collect::{checked, gc};
use super::*;

/// A grace that outlasts the test.
const FOR_EVER: i64 = 1 << 40;

/// Pushes one small commit after the other.
fn push_many(site: &Site, to: &dyn Transport, count: u64, change: impl Fn(u64)) {
    for n in 0..count {
        change(n);
        let commit = site.commit("next");
        site.push(to, "main", commit).expect("push");
    }
}

fn packs_of(state: &State, kind: PackKind) -> usize {
    state.packs.values().filter(|pack| pack.kind == kind).count()
}

#[test]
fn small_pushes_leave_few_packs_and_a_clone_asks_for_little() {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    let pushes = std::env::var("ESKER_TEST_PUSHES").ok().and_then(|count| count.parse().ok());
    let pushes = pushes.unwrap_or(60);
    let pushing = Counting::new(memory.clone());
    push_many(&site, &pushing, pushes, |n| {
        site.write(&format!("dir{}/{}", n / 100, n % 100), &noise(n, 500));
    });
    let counted = Counting::new(memory.clone());
    let state = readable(&site, &counted);
    let packs = [PackKind::Data, PackKind::History].map(|kind| packs_of(&state, kind));
    let clone = counted.traffic();
    let segments = newest(&*memory).0.segments;
    println!(
        "{pushes} pushes, {:.1} requests each; a clone takes {}, {} bytes in; {packs:?} packs, {} tables, {} \
         segments of {} bytes, {} condemned keys",
        pushing.traffic().requests() as f64 / pushes as f64,
        clone.requests(),
        clone.bytes_in,
        state.tables.len(),
        segments.len(),
        segments.iter().map(|segment| segment.bytes).sum::<u64>(),
        state.condemned.len(),
    );
    let (most_packs, most_requests) = if pushes <= 60 { (7, 60) } else { (20, 150) };
    assert!(packs.iter().all(|count| *count <= most_packs), "{packs:?} packs");
    assert!(clone.requests() <= most_requests, "{clone:?}");
    assert!(checked(&site, &*memory).problems.is_empty());
}

#[test]
fn recipes_follow_the_chunks_that_are_folded() {
    let (site, memory) = (Site::new(), Memory::new());
    let base = noise(1, 600_000);
    push_many(&site, &memory, 30, |n| {
        site.write("log", &[base.clone(), noise(1_000 + n, 40_000 * (n as usize + 1))].concat());
        site.write(&format!("part{}", n % 3), &noise(2_000 + n, 300_000));
    });
    let state = readable(&site, &memory);
    let kinds = [PackKind::Data, PackKind::Layout, PackKind::History];
    let packs = kinds.map(|kind| packs_of(&state, kind));
    assert!(packs[1] <= 6 && packs[2] <= 6, "{packs:?} packs");
    assert!(checked(&site, &memory).problems.is_empty());
    gc(&site, &memory, 0).expect("gc");
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

/// A file of several chunks in two pushes, of which the second is small: its pack is about to be folded.
fn about_to_fold() -> (Site, Memory) {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("large", &noise(1, 600_000));
    let first = site.commit("first");
    site.push(&memory, "main", first).expect("push");
    site.write("large", &[noise(1, 600_000), noise(2, 100_000)].concat());
    let second = site.commit("second");
    site.push(&memory, "main", second).expect("push");
    (site, memory)
}

#[test]
fn a_pack_stays_if_recipes_come_meanwhile_that_name_it() {
    let (site, memory) = about_to_fold();
    // Shares the chunks at the end of the file, which lie in the pack that is about to be folded.
    let other = Site::sibling(&site);
    other.write("copy", &[noise(1, 600_000), noise(2, 100_000), noise(3, 1_000)].concat());
    let theirs = other.commit("unrelated");
    site.write("more", &noise(4, 200_000));
    let mine = site.commit("third");
    let before = Before::create(&memory, || {
        other.push(&memory, "other", theirs).expect("push");
    });
    site.push(&before, "main", mine).expect("push");
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
    // The next push folds it.
    site.write("more", &noise(5, 200_000));
    let mine = site.commit("fourth");
    site.push(&memory, "main", mine).expect("push");
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn a_pack_that_goes_away_while_it_is_folded_is_no_loss() {
    let (site, memory) = about_to_fold();
    let other = Site::sibling(&site);
    other.fetch(&memory).expect("fetch");
    site.write("more", &noise(4, 200_000));
    let mine = site.commit("third");
    let before = Before::create(&memory, || {
        other.push_wants(&memory, &[want("main", None, Mode::Force)]).expect("deleted");
        gc(&other, &memory, FOR_EVER).expect("gc");
        let main = other.repo().db.read(|view| view.get_ref(&tracking())).expect("read");
        let moves = [Want { name: main_branch(), new: main, mode: Mode::FastForward }];
        other.push_wants(&memory, &moves).expect("push");
    });
    site.push(&before, "main", mine).expect("push");
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

fn main_branch() -> RefName {
    branch_ref("main").expect("valid")
}

fn tracking() -> RefName {
    RefName::remote_branch("origin", "main").expect("valid")
}

#[test]
fn what_a_keep_reaches_stays() {
    let (site, memory) = (Site::new(), Memory::new());
    site.write("a", &noise(1, 300_000));
    let first = site.commit("first");
    let keep = RefName::keep("pin/first").expect("valid");
    let wants = [
        want("main", Some(first), Mode::FastForward),
        Want { name: keep.clone(), new: Some(first.into()), mode: Mode::FastForward },
    ];
    site.push_wants(&memory, &wants).expect("push");
    site.push_wants(&memory, &[want("main", None, Mode::Force)]).expect("deleted");
    assert_eq!(gc(&site, &memory, 0).expect("gc").dead_packs, 0);
    let state = readable_all(&site, &memory);
    assert_eq!(state.target(&keep), Some(first.into()));
    // A keep does not move; it is removed by the value that was seen.
    site.write("a", b"other");
    let second = site.commit("second");
    let moved = Want { name: keep.clone(), new: Some(second.into()), mode: Mode::FastForward };
    let error = site.push_wants(&memory, &[moved]).expect_err("refused");
    assert!(matches!(error, SyncError::Refused(Refused::Exists { .. })), "{error}");
    let remove = Want { name: keep, new: None, mode: Mode::Lease(Some(first.into())) };
    site.push_wants(&memory, &[remove]).expect("removed");
    assert!(gc(&site, &memory, 0).expect("gc").dead_packs > 0);
}

/// Everything that any ref reaches, keeps too, can be read by a check.
fn readable_all(site: &Site, memory: &Memory) -> State {
    let found = checked(&Site::sibling(site), memory);
    assert!(found.problems.is_empty() && found.commits > 0, "{found:?}");
    newest(memory).1
}

/// Ten thousand with `ESKER_MANY_PUSHES=10000`.
#[test]
fn a_clone_after_many_small_pushes_needs_few_requests() {
    let count = std::env::var("ESKER_MANY_PUSHES").ok().and_then(|text| text.parse().ok());
    let count: u64 = count.unwrap_or(150);
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    let pushes = Counting::new(memory.clone());
    let started = std::time::Instant::now();
    push_many(&site, &pushes, count, |n| {
        site.write(&format!("data/{:03}/{n}.csv", n / 100), &noise(n, 600));
        // Some change a file of several chunks, so that recipes are folded too.
        if n % 10 == 0 {
            site.write("log", &[noise(1, 300_000), noise(n, 2_000)].concat());
        }
    });
    let seconds = started.elapsed().as_secs_f64();
    let counted = Counting::new(memory.clone());
    let state = readable(&site, &counted);
    let (clone, pushed) = (counted.traffic(), pushes.traffic());
    println!(
        "{count} pushes in {seconds:.0} s, {:.1} requests and {:.0} bytes each; clone: {} requests, {} \
         bytes; {} packs, {} tables, {} condemned keys",
        pushed.requests() as f64 / count as f64,
        pushed.bytes_out as f64 / count as f64,
        clone.requests(),
        clone.bytes_in,
        state.packs.len(),
        state.tables.len(),
        state.condemned.len(),
    );
    assert!(clone.requests() <= 150, "{clone:?}");
    assert_eq!((clone.lists, pushed.lists), (0, 0), "no listing on a hot path");
    assert!(pushed.requests() <= 25 * count, "{pushed:?}");
}
