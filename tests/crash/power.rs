//! The power goes: every file call of real processes, SQLite's too, is recorded and replayed into what a
//! disk may hold at each moment. Whatever that is, the repository opens and is whole, what a command said
//! it did is there, and refs survive the loss of the database besides.
//!
//! `ESKER_POWER=all` tries states after every call; without it some states are tried.
//! `ESKER_CRASH_SEED` chooses.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::data::Random;
use crate::disk::{self, State};
use crate::env::{Env, Ran};
use crate::kill;
use crate::lives::{self, Life, Recording, Seen};
use crate::trace;

/// So many calls of a life are looked at by default, those among them that change nothing too.
const CALLS: u64 = 100;

/// Looks at states in a folder of its own.
pub struct Checker {
    env: Env,
    life: &'static Life,
    pub states: BTreeSet<[u8; 32]>,
}

impl Checker {
    pub fn new(life: &'static Life) -> Self {
        Self { env: Env::new(), life, states: BTreeSet::new() }
    }

    /// What is wrong with a state, unless it was met before.
    pub fn fault(&mut self, state: &State, allowed: &[&Seen]) -> Option<String> {
        let mut hash = blake3::Hasher::new();
        hash.update(format!("{allowed:?}").as_bytes());
        for (path, bytes) in state {
            hash.update(path.as_os_str().as_encoded_bytes());
            hash.update(&bytes.len().to_le_bytes()).update(bytes);
        }
        if !self.states.insert(*hash.finalize().as_bytes()) {
            return None;
        }
        disk::write(state, &self.env.dir());
        let Some(first) = allowed.first() else {
            return self.life.places.iter().find_map(|place| self.fault_of_beginning(place));
        };
        let (mut made, mut not_made) = (Vec::new(), Vec::new());
        for (place, seen) in self.life.all().zip(&first.repositories) {
            if seen.is_some() { &mut made } else { &mut not_made }.push(*place);
        }
        if let Some(fault) = fault_of_kept(state, first) {
            return Some(fault);
        }
        // Also while it is being lost.
        if allowed.iter().any(|seen| seen.is_lost) {
            return self.fault_without_databases(&made, allowed);
        }
        made.iter()
            .find_map(|place| self.fault_of_member(place))
            .or_else(|| made.iter().find_map(|place| self.fault_of_one(place)))
            .or_else(|| self.fault_of_seen(&made, allowed))
            .or_else(|| self.fault_of_sent(first))
            .or_else(|| self.fault_of_collection(first))
            .or_else(|| self.fault_without_databases(&made, allowed))
            .or_else(|| not_made.iter().find_map(|place| self.fault_of_beginning(place)))
    }

    /// One that was not made yet, or in part, can be made.
    fn fault_of_beginning(&self, place: &str) -> Option<String> {
        if self.life.worktrees.contains(&place) {
            return None;
        }
        let args: &[&str] = match self.life.has_store {
            true => &["init", "--store", "store", place],
            false => &["init", place],
        };
        let made = self.env.run(args);
        let is_made = made.code == 0 && self.env.run(&["-C", place, "fsck"]).code == 0;
        (!is_made).then(|| format!("init of {place}: {made:?}"))
    }

    /// Whether the store knows a repository on it: if not, the other one would collect what this needs.
    fn fault_of_member(&self, place: &str) -> Option<String> {
        if !self.life.has_store {
            return None;
        }
        let link = fs::read_to_string(self.env.path(place).join(".esker/store"));
        let link = link.unwrap_or_default();
        let token = link.lines().find_map(|line| line.strip_prefix("token ")).unwrap_or("none");
        let note = fs::read_to_string(self.env.path("store/members").join(token));
        let is_known = note.is_ok_and(|note| note.contains("/.esker\n"));
        if !is_known {
            return Some(format!("the store does not know {place}"));
        }
        self.fault_of_ignore("store")
    }

    fn fault_of_one(&self, place: &str) -> Option<String> {
        let checked = self.env.run(&["-C", place, "fsck", "--data"]);
        if checked.code != 0 {
            return Some(format!("fsck of {place}: {}{}", checked.stdout, checked.stderr));
        }
        self.fault_of_ignore(&format!("{place}/.esker"))
    }

    /// Whether git is told to leave a folder alone, which else it takes for data.
    fn fault_of_ignore(&self, folder: &str) -> Option<String> {
        let hidden = fs::read_to_string(self.env.path(folder).join(".gitignore"));
        let is_hidden = hidden.is_ok_and(|text| text == "*\n");
        (!is_hidden).then(|| format!("the .gitignore of {folder} is not whole"))
    }

    /// Whether those that were made say what they may say.
    fn fault_of_seen(&self, made: &[&str], allowed: &[&Seen]) -> Option<String> {
        let found = Seen::of(&self.env, self.life);
        let is_same = |seen: &&Seen| {
            let both = self.life.all().zip(seen.repositories.iter().zip(&found.repositories));
            (&seen.sent, seen.members) == (&found.sent, found.members)
                && both.filter(|(place, _)| made.contains(place)).all(|(_, (a, b))| a == b)
        };
        let is_file = |at: usize| allowed.iter().any(|seen| seen.files[at] == found.files[at]);
        let is_allowed = allowed.iter().any(is_same) && (0..found.files.len()).all(is_file);
        (!is_allowed).then(|| format!("found {found:?} in place of {allowed:?}"))
    }

    /// Whether the remote has all of what was sent.
    fn fault_of_sent(&self, first: &Seen) -> Option<String> {
        first.sent.as_ref()?;
        let checked = self.env.run(&["-C", self.life.places[0], "remote", "fsck", "--data"]);
        let is_whole = checked.code == 0;
        (!is_whole).then(|| format!("fsck of the remote: {}{}", checked.stdout, checked.stderr))
    }

    /// Whether a collection takes what was put aside.
    fn fault_of_collection(&self, first: &Seen) -> Option<String> {
        if first.kept.is_empty() {
            return None;
        }
        let ran = self.env.run(&["gc", "--grace", "0"]);
        if ran.code != 0 {
            return Some(format!("gc: {ran:?}"));
        }
        fault_of_kept(&disk::read(&self.env.dir()), first)
    }

    /// The same, once the databases are lost too: HEAD is in `refs.log`.
    fn fault_without_databases(&self, made: &[&str], allowed: &[&Seen]) -> Option<String> {
        if made.is_empty() {
            return None;
        }
        for folder in made.iter().map(|place| format!("{place}/.esker")).chain(["store".into()]) {
            for suffix in ["", "-wal", "-shm"] {
                let _ = fs::remove_file(self.env.path(&folder).join(format!("state.db{suffix}")));
            }
        }
        for place in made {
            let mut rebuilt = self.env.run(&["-C", place, "fsck", "--rebuild"]);
            if rebuilt.code == 5 && rebuilt.stdout.contains("it was set aside") {
                rebuilt = self.env.run(&["-C", place, "fsck", "--rebuild"]);
            }
            if rebuilt.code != 0 {
                let Ran { stdout, stderr, .. } = rebuilt;
                return Some(format!("fsck --rebuild of {place}: {stdout}{stderr}"));
            }
        }
        let heads = |seen: &Seen| -> Vec<Option<Value>> {
            let places = self.life.all().zip(&seen.repositories);
            let of_made = places.filter(|(place, _)| made.contains(place));
            of_made.map(|(_, seen)| Some(seen.as_ref()?.0.clone())).collect()
        };
        let found = heads(&Seen::of(&self.env, self.life));
        let is_allowed = allowed.iter().any(|seen| heads(seen) == found);
        (!is_allowed).then(|| format!("once rebuilt, HEAD is {found:?}, not as in {allowed:?}"))
    }
}

/// Whether what was damaged is still somewhere.
fn fault_of_kept(state: &State, first: &Seen) -> Option<String> {
    let is_gone = |bytes: &&Vec<u8>| !state.values().any(|content| content == *bytes);
    let gone = first.kept.iter().find(is_gone)?;
    Some(format!("what was damaged is gone: {} bytes", gone.len()))
}

/// Whether this mode is asked for.
pub fn is_mode(mode: &str) -> bool {
    std::env::var("ESKER_POWER").is_ok_and(|value| value == mode)
}

/// Looks at what a power cut may leave after each of many calls.
fn cut_at_many(life: &'static Life) {
    if !trace::is_possible() {
        return;
    }
    let recording = Recording::of(life, None);
    let seed = kill::number("ESKER_CRASH_SEED", 1);
    println!("ESKER_CRASH_SEED={seed}");
    let (mut random, mut checker) = (Random::new(seed), Checker::new(life));
    let mut disk = recording.before.clone();
    let one_of = recording.calls.len() as u64 / CALLS;
    for (at, call) in recording.calls.iter().enumerate() {
        if recording.ends.iter().any(|(end, _)| *end == at) {
            println!("{at} calls, {} states whole", checker.states.len());
        }
        disk.apply(call, false);
        let is_in = |path: &PathBuf| path.starts_with(&recording.folder);
        let is_change = call.is_change() && call.paths().iter().any(is_in);
        if !is_change || !(is_mode("all") || random.below(one_of) == 0) {
            continue;
        }
        let allowed = recording.allowed(at + 1);
        for state in disk.states(&mut random, if is_mode("all") { 6 } else { 1 }) {
            if let Some(fault) = checker.fault(&state, &allowed) {
                panic!("after call {at}, {}: {fault}", recording.label(at));
            }
        }
    }
    println!("{} calls, {} states, all whole", recording.calls.len(), checker.states.len());
    assert!(checker.states.len() > 10, "hardly anything was tried");
}

#[test]
fn whatever_a_power_cut_leaves_is_whole() {
    cut_at_many(&lives::ALONE);
}

#[test]
fn whatever_a_power_cut_leaves_of_two_on_a_store_is_whole() {
    cut_at_many(&lives::MEMBERS);
}

#[test]
fn whatever_a_power_cut_leaves_of_settings_and_worktrees_is_whole() {
    cut_at_many(&lives::SETTINGS);
}

#[test]
fn whatever_a_power_cut_leaves_of_what_was_sent_is_whole() {
    cut_at_many(&lives::SENT);
}

#[test]
fn whatever_a_power_cut_leaves_of_folded_packs_is_whole() {
    cut_at_many(&lives::FOLDED);
}

#[test]
fn whatever_a_power_cut_leaves_of_a_rebuild_is_whole() {
    cut_at_many(&lives::MENDED);
}

#[test]
fn whatever_a_power_cut_leaves_of_a_store_that_lost_parts_is_whole() {
    cut_at_many(&lives::STORE);
}
