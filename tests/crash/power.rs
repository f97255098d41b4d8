//! The power goes: every file call of real processes, SQLite's too, is recorded and replayed into what a
//! disk may hold at each moment. Whatever that is, the repository opens and is whole, what a command said
//! it did is there, and refs survive the loss of the database besides.
//!
//! Then each sync is left out in turn: some state must break a promise, or the sync is not needed and
//! no test would miss it. `ESKER_POWER=all` tries states after every call, and every sync; `syncs` one
//! sync of each kind; without it some states are tried and a sync of two kinds. `ESKER_CRASH_SEED` chooses.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::Value;

use crate::data::Random;
use crate::disk::{self, Disk, State};
use crate::env::Env;
use crate::kill;
use crate::trace::{self, Call};

/// Kinds of syncs that are left out by default.
const FEW: usize = 2;

/// What a person is told of a repository.
type Seen = (Value, Value);

/// A recorded sequence of commands.
struct Recording {
    env: Env,
    /// The folder before the first.
    before: Disk,
    calls: Vec<Call>,
    /// For each command the number of calls by when it had ended, and what was to be seen then.
    ends: Vec<(usize, Seen)>,
}

fn seen(env: &Env) -> Seen {
    let status = env.json(&["status", "--json"]);
    (status["commit"].clone(), status["staged"].clone())
}

impl Recording {
    fn new() -> Self {
        let env = Env::new();
        let (before, mut random) = (Disk::of(&env.dir()), Random::new(1));
        let mut recording = Self { env, before, calls: Vec::new(), ends: Vec::new() };
        recording.run(&["init"]);
        recording.env.write("data/first", random.bytes(3000));
        recording.run(&["add", "."]);
        recording.run(&["commit", "-m", "zero"]);
        recording.env.write("data/large", random.bytes(150_000));
        recording.run(&["add", "-A"]);
        recording.run(&["commit", "-m", "one"]);
        fs::remove_file(recording.env.path("data/first")).expect("remove");
        recording.run(&["add", "-A"]);
        recording.run(&["commit", "--amend", "-m", "two"]);
        recording.run(&["branch", "other", "HEAD"]);
        recording.run(&["checkout", "--detach", "HEAD~1"]);
        recording.run(&["switch", "main"]);
        recording.run(&["gc", "--grace", "0", "--reflog", "0"]);
        recording.env.write("data/more", random.bytes(3000));
        recording.run(&["add", "-A"]);
        recording.run(&["repack", "--grace", "0"]);
        recording
    }

    fn run(&mut self, args: &[&str]) {
        let traced = trace::run(&self.env, args, None);
        assert!(traced.output.status.success(), "{args:?}: {:?}", traced.output);
        self.calls.extend(traced.calls);
        self.ends.push((self.calls.len(), seen(&self.env)));
    }

    /// What may be seen once `count` calls were made: what the last command left, or what the present one
    /// will; nothing before there is a repository.
    fn allowed(&self, count: usize) -> Vec<&Seen> {
        let done = self.ends.iter().take_while(|(end, _)| *end <= count).count();
        let Some(last) = done.checked_sub(1) else { return Vec::new() };
        let next = self.ends.get(done).filter(|_| self.ends[last].0 != count);
        [Some(&self.ends[last]), next].into_iter().flatten().map(|(_, seen)| seen).collect()
    }

    /// The label of a call, as it is the same for all of its kind.
    fn label(&self, at: usize) -> String {
        self.calls[at].label(&self.env.dir())
    }

    /// Syncs of what must last.
    fn syncs(&self) -> Vec<usize> {
        let folder = self.env.dir();
        let is_sync = |call: &Call| {
            call.name.ends_with("sync") && call.paths().iter().any(|path| path.starts_with(&folder))
        };
        (0..self.calls.len()).filter(|at| is_sync(&self.calls[*at])).collect()
    }
}

/// Looks at states in a folder of its own.
struct Checker {
    env: Env,
    states: BTreeSet<[u8; 32]>,
}

impl Checker {
    fn new() -> Self {
        Self { env: Env::new(), states: BTreeSet::new() }
    }

    /// What is wrong with a state, unless it was met before.
    fn fault(&mut self, state: &State, allowed: &[&Seen]) -> Option<String> {
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
        if allowed.is_empty() {
            let made = self.env.run(&["init"]);
            let is_made = made.code == 0 && self.env.run(&["fsck"]).code == 0;
            return (!is_made).then(|| format!("init: {made:?}"));
        }
        let checked = self.env.run(&["fsck", "--data"]);
        if checked.code != 0 {
            return Some(format!("fsck: {}{}", checked.stdout, checked.stderr));
        }
        let found = seen(&self.env);
        if !allowed.contains(&&found) {
            return Some(format!("found {found:?} in place of {allowed:?}"));
        }
        self.fault_without_database(allowed)
    }

    /// The same, once the database is lost too: HEAD is in `refs.log`.
    fn fault_without_database(&self, allowed: &[&Seen]) -> Option<String> {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(self.env.path(format!(".esker/state.db{suffix}")));
        }
        let rebuilt = self.env.run(&["fsck", "--rebuild"]);
        if rebuilt.code != 0 {
            return Some(format!("fsck --rebuild: {}{}", rebuilt.stdout, rebuilt.stderr));
        }
        let found = self.env.json(&["status", "--json"])["commit"].clone();
        let is_allowed = allowed.iter().any(|(head, _)| *head == found);
        (!is_allowed).then(|| format!("once it was rebuilt HEAD is {found}, not as in {allowed:?}"))
    }
}

/// Whether this mode is asked for.
fn is_mode(mode: &str) -> bool {
    std::env::var("ESKER_POWER").is_ok_and(|value| value == mode)
}

#[test]
fn whatever_a_power_cut_leaves_is_whole() {
    if !trace::is_possible() {
        return;
    }
    let recording = Recording::new();
    let seed = kill::number("ESKER_CRASH_SEED", 1);
    println!("ESKER_CRASH_SEED={seed}");
    let (mut random, mut checker) = (Random::new(seed), Checker::new());
    let mut disk = recording.before.clone();
    let folder = recording.env.dir();
    for (at, call) in recording.calls.iter().enumerate() {
        disk.apply(call, false);
        let is_change = call.is_change() && call.paths().iter().any(|p| p.starts_with(&folder));
        if !is_change || !(is_mode("all") || random.below(40) == 0) {
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

/// Replays without one sync; gives the states tried, and what was wrong with the last.
fn without(recording: &Recording, sync: usize) -> (usize, Option<String>) {
    let (mut disk, mut checker) = (recording.before.clone(), Checker::new());
    for (at, call) in recording.calls.iter().enumerate() {
        disk.apply(call, at == sync);
        if at <= sync || !call.is_change() {
            continue;
        }
        if !disk.is_marked() {
            break;
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
fn chosen_syncs(recording: &Recording) -> BTreeMap<String, Vec<usize>> {
    let mut kinds: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for at in recording.syncs() {
        kinds.entry(recording.label(at)).or_default().push(at);
    }
    assert!(kinds.len() >= 8, "only {kinds:?}");
    let mut random = Random::new(kill::number("ESKER_CRASH_SEED", 1));
    let is_few = !is_mode("all") && !is_mode("syncs");
    while is_few && kinds.len() > FEW {
        let left_alone = kinds.keys().nth(random.below(kinds.len() as u64) as usize).cloned();
        kinds.remove(&left_alone.expect("one of them"));
    }
    kinds
}

#[test]
fn no_sync_can_be_left_out() {
    if !trace::is_possible() {
        return;
    }
    let recording = Recording::new();
    println!("sync: calls, tried, states; the first that breaks a promise");
    let mut not_missed = Vec::new();
    for (label, calls) in chosen_syncs(&recording) {
        let (mut tried, mut states, mut broken) = (0, 0, None);
        for at in &calls {
            let (count, fault) = without(&recording, *at);
            (tried, states) = (tried + 1, states + count);
            broken = broken.or(fault);
            if broken.is_some() && !is_mode("all") {
                break;
            }
        }
        let first = broken.as_deref().unwrap_or("none").lines().next().unwrap_or_default();
        println!("{label}: {}, {tried}, {states}; {first:.90}", calls.len());
        if broken.is_none() {
            not_missed.push(label);
        }
    }
    assert!(not_missed.is_empty(), "no test would miss {not_missed:?}");
}
