//! Pushes in several sessions, of which each but the last stages what it sent.
//!
//! They are cut off at every seventh request; at every one with `ESKER_TEST_CUTS=1`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::collect::{checked, gc};
use super::*;
use crate::remote::Fault;
use crate::sync::upload::Portion;

/// A grace that outlasts the test.
const FOR_EVER: i64 = 1 << 40;

/// A repository that stages each pack for itself, with four packs of data.
fn long() -> (Site, Memory, CommitId) {
    let mut site = Site::new();
    site.portion = Portion { bytes: 1, time: Duration::MAX };
    let mut last = None;
    for n in 0..4 {
        site.write(&format!("f{n}"), &noise(n, 300_000));
        last = Some(site.commit("next"));
    }
    (site, Memory::new(), last.expect("four commits"))
}

/// The same, cut short when its second root was to be made.
fn cut_short() -> (Site, Memory, CommitId) {
    let (site, memory, last) = long();
    memory.script(Operation::Create, "root/00000000000000000002", Mishap::Denied);
    site.push(&memory, "main", last).expect_err("cut short");
    (site, memory, last)
}

fn sent(memory: &Memory) -> usize {
    memory.keys().iter().filter(|key| key.starts_with("pack/")).count()
}

#[test]
fn a_long_push_is_a_chain_of_sessions() {
    let (site, memory, last) = long();
    let pushed = site.push(&memory, "main", last).expect("push");
    assert_eq!(pushed.seq, Some(4), "three roots that stage, one that moves the branch");
    let state = readable(&site, &memory);
    assert!(state.staged.is_empty());
    let sessions: std::collections::BTreeSet<_> = state.packs.keys().map(|id| id.session).collect();
    assert_eq!(sessions.len(), 4);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn readers_do_not_see_what_is_staged_and_collections_leave_it() {
    let (site, memory, last) = cut_short();
    let state = newest(&memory).1;
    assert!(state.refs.is_empty() && state.packs.is_empty() && state.staged.len() == 1);
    // Somebody else finds nothing there that could be left out.
    let other = Site::sibling(&site);
    other.write("copy", &noise(0, 300_000));
    let theirs = other.commit("unrelated");
    other.push(&memory, "theirs", theirs).expect("push");
    gc(&site, &memory, FOR_EVER).expect("gc");
    readable(&other, &memory);
    let before = sent(&memory);
    site.push(&memory, "main", last).expect("push");
    // Two packs of data that were not sent before, the recipes and the history; the other two are used.
    assert!(sent(&memory) <= before + 4, "{} then {}", before, sent(&memory));
    assert!(readable(&site, &memory).staged.is_empty());
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn what_is_staged_outlives_the_fence_of_its_session() {
    let (site, memory, last) = cut_short();
    add_root(&memory, |_, root, _| root.raise_floor(root.seq));
    let before = sent(&memory);
    site.push(&memory, "main", last).expect("push");
    // All but the pack that was staged are sent again.
    assert!(sent(&memory) <= before + 5, "{} then {}", before, sent(&memory));
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn what_is_staged_for_longer_than_the_grace_is_given_back() {
    let (site, memory, last) = cut_short();
    gc(&site, &memory, 0).expect("gc");
    assert!(newest(&memory).1.staged.is_empty());
    assert_eq!(sent(&memory), 0);
    site.push(&memory, "main", last).expect("push");
    readable(&site, &memory);
    assert!(checked(&site, &memory).problems.is_empty());
}

#[test]
fn a_chain_goes_on_from_a_root_of_others() {
    let (site, memory, last) = long();
    let other = Site::sibling(&site);
    other.write("b", &noise(9, 100_000));
    let theirs = other.commit("theirs");
    let before = Before::create(&memory, || {
        other.push(&memory, "theirs", theirs).expect("push");
    });
    site.push(&before, "main", last).expect("push");
    assert_eq!(readable(&site, &memory).refs.len(), 2);
}

/// A store that nobody can reach any more after so many requests, as if the process had been killed.
struct Cut<'c> {
    inner: &'c Memory,
    left: AtomicUsize,
    /// Whether the last request is carried out, though nobody sees its answer.
    is_last_done: bool,
}

impl Around for Cut<'_> {
    fn inner(&self) -> &dyn Transport {
        self.inner
    }

    fn pass<T>(
        &self,
        _: Operation,
        _: &str,
        act: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        let cut = || TransportError::new("reach", "memory", "", Fault::Denied, "cut off");
        let spent = |left: usize| left.checked_sub(1);
        match self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, spent) {
            Err(_) => Err(cut()),
            Ok(1) if self.is_last_done => act().and(Err(cut())),
            Ok(1) => Err(cut()),
            Ok(_) => act(),
        }
    }
}

#[test]
fn a_chain_that_is_cut_off_at_any_request_goes_on() {
    let every = std::env::var("ESKER_TEST_CUTS").ok().and_then(|every| every.parse().ok());
    let (every, mut cuts) = (every.unwrap_or(7), 0);
    for is_last_done in [false, true] {
        for requests in (1..).step_by(every) {
            let (site, memory, last) = long();
            let left = AtomicUsize::new(requests);
            let cut = Cut { inner: &memory, left, is_last_done };
            if site.push(&cut, "main", last).is_ok() {
                break;
            }
            cuts += 1;
            site.push(&memory, "main", last).expect("it goes on");
            let state = readable(&site, &memory);
            assert!(state.staged.is_empty() && state.refs.len() == 1, "cut at {requests}");
            assert!(checked(&site, &memory).problems.is_empty(), "cut at {requests}");
        }
    }
    println!("cut off at {cuts} requests");
    assert!(cuts * every > 40);
}
