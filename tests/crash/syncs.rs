//! Each sync is left out in turn: some state that a power cut may leave must break a promise, or the sync
//! is not needed and no test would miss it.
//!
//! By default a sync of two kinds of files; `ESKER_POWER=syncs` one sync of each kind, `all` every sync.
//! `ESKER_POWER_SYNC` names one kind, as in `fsync .esker/packs`. `ESKER_POWER=source` leaves out what each
//! call in the source syncs (see `sites`), of which `ESKER_POWER_SYNC` names some by their file.

use std::collections::BTreeMap;

use crate::data::Random;
use crate::kill;
use crate::lives::{self, LIVES, Life, Recording};
use crate::power::{Checker, is_mode};
use crate::sites;
use crate::trace;

/// Kinds of syncs that are left out by default.
const FEW: usize = 2;

/// Replays without some syncs, in order; gives the states tried, and what was wrong with the last.
fn without(recording: &Recording, syncs: &[usize]) -> (usize, Option<String>) {
    let (first, last) = (syncs[0], syncs[syncs.len() - 1]);
    let (mut disk, mut checker) = (recording.before.clone(), Checker::new(recording.life));
    for (at, call) in recording.calls.iter().enumerate() {
        disk.apply(call, syncs.contains(&at));
        if at <= first || !call.is_change() {
            continue;
        }
        if !disk.is_marked() {
            if at > last {
                break;
            }
            continue;
        }
        let allowed = recording.allowed(at + 1);
        for state in disk.marked_states() {
            if let Some(fault) = checker.fault(&state, &allowed) {
                return (checker.states.len(), Some(fault));
            }
        }
    }
    (checker.states.len(), None)
}

/// The syncs that are left out, by their kinds.
fn chosen_syncs(
    recording: &Recording,
    least: usize,
    is_wanted: fn(&str) -> bool,
) -> BTreeMap<String, Vec<usize>> {
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in recording.syncs() {
        kinds.entry(recording.label(at)).or_default().push(at);
    }
    kinds.retain(|label, _| is_wanted(label));
    assert!(kinds.len() >= least, "only {kinds:?}");
    if let Ok(kind) = std::env::var("ESKER_POWER_SYNC") {
        kinds.retain(|label, _| *label == kind);
        return kinds;
    }
    let mut random = Random::new(kill::number("ESKER_CRASH_SEED", 1));
    let is_few = !is_mode("all") && !is_mode("syncs");
    // Two repositories take twice as long to look at.
    while is_few && kinds.len() > FEW / recording.life.places.len() {
        let left_alone = kinds.keys().nth(random.below(kinds.len() as u64) as usize).cloned();
        kinds.remove(&left_alone.expect("one of them"));
    }
    kinds
}

/// Whether something rests on a kind of syncs: SQLite syncs the journal of the first transaction of a
/// database, before which nothing was promised of it.
fn is_promised(label: &str) -> bool {
    !label.ends_with("-journal")
}

#[test]
fn no_sync_can_be_left_out() {
    leave_out_each(&lives::ALONE, 8, is_promised);
}

#[test]
fn no_sync_of_two_on_a_store_can_be_left_out() {
    // What is in a member is as in a repository of its own.
    let is_wanted = |label: &str| is_promised(label) && !label.contains("/.esker");
    leave_out_each(&lives::MEMBERS, 6, is_wanted);
}

/// Leaves out syncs of the kinds that `is_wanted` wants, of which there are at least `kinds`.
fn leave_out_each(life: &'static Life, kinds: usize, is_wanted: fn(&str) -> bool) {
    if !trace::is_possible() || is_mode("source") {
        return;
    }
    let recording = &Recording::of(life, None);
    println!("sync: calls, tried, states; the first that breaks a promise");
    let mut not_missed = Vec::new();
    for (label, calls) in chosen_syncs(recording, kinds, is_wanted) {
        let (mut tried, mut states, mut broken) = (0, 0, None);
        for at in &calls {
            let (count, fault) = without(recording, &[*at]);
            (tried, states) = (tried + 1, states + count);
            broken = broken.or(fault);
            if broken.is_some() && !is_mode("all") {
                break;
            }
        }
        if broken.is_none() && calls.len() > 1 {
            // Of two in a row the first is covered by the second, but both together are by nothing.
            let (count, fault) = without(recording, &calls);
            (states, broken) = (states + count, fault);
        }
        let first = broken.as_deref().unwrap_or("none").lines().next().unwrap_or_default();
        println!("{label}: {}, {tried}, {states}; {first:.90}", calls.len());
        if broken.is_none() {
            not_missed.push(label);
        }
    }
    assert!(not_missed.is_empty(), "no test would miss {not_missed:?}");
}

/// What each call in the source syncs is missed.
#[test]
fn no_sync_of_the_source_can_be_left_out() {
    if !trace::is_possible() || !is_mode("source") {
        return;
    }
    let program = sites::build();
    let mut left = sites::all();
    let wanted = std::env::var("ESKER_POWER_SYNC").unwrap_or_default();
    left.retain(|site| site.contains(&wanted));
    for life in LIVES {
        let recording = Recording::of(life, Some(program.clone()));
        for (site, syncs) in sites::syncs(&recording) {
            if !left.contains(&site) {
                continue;
            }
            let (states, broken) = without(&recording, &syncs);
            let first = broken.as_deref().unwrap_or("none").lines().next().unwrap_or_default();
            println!("{site}: {}, {}, {states}; {first:.90}", life.name, syncs.len());
            if broken.is_some() {
                left.remove(&site);
            }
        }
    }
    assert!(left.is_empty(), "no test would miss {left:#?}");
}
