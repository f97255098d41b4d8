//! The power goes: every file call of real processes, SQLite's too, is recorded and replayed into what a
//! disk may hold at each moment. Whatever that is, the repository opens and is whole, what a command said
//! it did is there, and refs survive the loss of the database besides.
//!
//! Then each sync is left out in turn: some state must break a promise, or the sync is not needed and
//! no test would miss it. `ESKER_POWER=all` tries states after every call, and every sync; `syncs` one
//! sync of each kind; without it some states are tried and a sync of two kinds. `ESKER_CRASH_SEED` chooses;
//! `ESKER_POWER_SYNC` names one kind of sync, as in `fsync .esker/packs`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::data::Random;
use crate::disk::{self, Disk, State};
use crate::env::{Env, Ran};
use crate::kill;
use crate::trace::{self, Call};

/// Kinds of syncs that are left out by default.
const FEW: usize = 2;

/// What a person is told of each repository: its commit, and whether something is staged. Nothing of one
/// that is not made yet.
type Seen = Vec<Option<(Value, Value)>>;

/// The repositories of a recording, by their folders below that of the test.
type Places = &'static [&'static str];

const ALONE: Places = &["."];
/// Two on a shared store beside them.
const MEMBERS: Places = &["one", "two"];

/// A recorded sequence of commands.
struct Recording {
    env: Env,
    /// The folder, which is not there any more.
    folder: PathBuf,
    places: Places,
    /// The folder before the first.
    before: Disk,
    calls: Vec<Call>,
    /// For each command the number of calls by when it had ended, and what was to be seen then.
    ends: Vec<(usize, Seen)>,
}

fn seen(env: &Env, places: Places) -> Seen {
    let of = |place: &&str| {
        let ran = env.run(&["-C", place, "status", "--json"]);
        let status: Value = serde_json::from_str(&ran.stdout).unwrap_or_default();
        (ran.code == 0).then(|| (status["commit"].clone(), status["staged"].clone()))
    };
    places.iter().map(of).collect()
}

impl Recording {
    fn empty(places: Places) -> Self {
        let env = Env::new();
        let (before, folder) = (Disk::of(&env.dir()), env.dir());
        Self { env, folder, places, before, calls: Vec::new(), ends: Vec::new() }
    }

    /// A life of one repository.
    fn alone() -> Self {
        let mut random = Random::new(1);
        let mut recording = Self::empty(ALONE);
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

    /// A life of two on a store: one lets go of what the other has, collects, and the other way round.
    fn members() -> Self {
        let mut random = Random::new(2);
        let mut recording = Self::empty(MEMBERS);
        let both = random.bytes(100_000);
        for place in MEMBERS {
            recording.run(&["init", "--store", "store", place]);
            recording.env.write(&format!("{place}/both"), &both);
            recording.env.write(&format!("{place}/own"), random.bytes(3000));
            recording.run(&["-C", place, "add", "."]);
            recording.run(&["-C", place, "commit", "-m", "zero"]);
        }
        for name in ["both", "own"] {
            fs::remove_file(recording.env.path("one").join(name)).expect("remove");
        }
        recording.run(&["-C", "one", "add", "-A"]);
        recording.run(&["-C", "one", "commit", "--amend", "--allow-empty", "-m", "one"]);
        recording.run(&["-C", "one", "gc", "--grace", "0", "--reflog", "0"]);
        recording.run(&["-C", "two", "branch", "other"]);
        recording.env.write("two/more", random.bytes(3000));
        recording.run(&["-C", "two", "add", "-A"]);
        recording.run(&["-C", "two", "commit", "-m", "two"]);
        recording.run(&["-C", "two", "checkout", "--detach", "HEAD~1"]);
        recording.run(&["-C", "two", "repack", "--grace", "0", "--reflog", "0"]);
        recording.env.write("one/own", random.bytes(3000));
        recording.run(&["-C", "one", "add", "-A"]);
        recording.run(&["-C", "two", "gc", "--grace", "0", "--reflog", "0"]);
        // Whoever looks at a state is to find the store in it, not the one that was recorded.
        let away = recording.folder.with_file_name("away");
        fs::rename(&recording.folder, away).expect("rename");
        recording
    }

    fn run(&mut self, args: &[&str]) {
        let traced = trace::run(&self.env, args, None);
        assert!(traced.output.status.success(), "{args:?}: {:?}", traced.output);
        self.calls.extend(traced.calls);
        self.ends.push((self.calls.len(), seen(&self.env, self.places)));
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
        self.calls[at].label(&self.folder)
    }

    /// Syncs of what must last.
    fn syncs(&self) -> Vec<usize> {
        let is_in = |path: &PathBuf| path.starts_with(&self.folder);
        let is_sync = |call: &Call| call.name.ends_with("sync") && call.paths().iter().any(is_in);
        (0..self.calls.len()).filter(|at| is_sync(&self.calls[*at])).collect()
    }
}

/// Looks at states in a folder of its own.
struct Checker {
    env: Env,
    places: Places,
    states: BTreeSet<[u8; 32]>,
}

impl Checker {
    fn new(places: Places) -> Self {
        Self { env: Env::new(), places, states: BTreeSet::new() }
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
        let is_made = |at: usize| allowed.first().is_some_and(|seen| seen[at].is_some());
        let (made, not_made): (Vec<_>, Vec<_>) =
            (0..self.places.len()).partition(|at| is_made(*at));
        let places = |which: &[usize]| which.iter().map(|at| self.places[*at]).collect::<Vec<_>>();
        let (made, not_made) = (places(&made), places(&not_made));
        made.iter()
            .find_map(|place| self.fault_of_member(place))
            .or_else(|| made.iter().find_map(|place| self.fault_of_one(place)))
            .or_else(|| self.fault_of_seen(&made, allowed))
            .or_else(|| self.fault_without_databases(&made, allowed))
            .or_else(|| not_made.iter().find_map(|place| self.fault_of_beginning(place)))
    }

    /// One that was not made yet, or in part, can be made.
    fn fault_of_beginning(&self, place: &str) -> Option<String> {
        let made = match self.places.len() {
            1 => self.env.run(&["init"]),
            _ => self.env.run(&["init", "--store", "store", place]),
        };
        let is_made = made.code == 0 && self.env.run(&["-C", place, "fsck"]).code == 0;
        (!is_made).then(|| format!("init of {place}: {made:?}"))
    }

    /// Whether the store knows a repository on it: if not, the other one would collect what this needs.
    fn fault_of_member(&self, place: &str) -> Option<String> {
        let link = fs::read_to_string(self.env.path(place).join(".esker/store"));
        if self.places.len() == 1 {
            return None;
        }
        let link = link.unwrap_or_default();
        let token = link.lines().find_map(|line| line.strip_prefix("token ")).unwrap_or("none");
        let note = fs::read_to_string(self.env.path("store/members").join(token));
        let is_known = note.is_ok_and(|note| note.contains("/.esker\n"));
        (!is_known).then(|| format!("the store does not know {place}"))
    }

    fn fault_of_one(&self, place: &str) -> Option<String> {
        let checked = self.env.run(&["-C", place, "fsck", "--data"]);
        if checked.code != 0 {
            return Some(format!("fsck of {place}: {}{}", checked.stdout, checked.stderr));
        }
        // Without it git takes the store for data.
        let hidden = fs::read_to_string(self.env.path(place).join(".esker/.gitignore"));
        let is_hidden = hidden.is_ok_and(|text| text == "*\n");
        (!is_hidden).then(|| format!("the .gitignore of {place} is not whole"))
    }

    /// Whether those that were made say what they may say.
    fn fault_of_seen(&self, made: &[&str], allowed: &[&Seen]) -> Option<String> {
        if made.is_empty() {
            return None;
        }
        let found = seen(&self.env, self.places);
        let is_same = |seen: &Seen| {
            let both = self.places.iter().zip(seen.iter().zip(&found));
            both.filter(|(place, _)| made.contains(place)).all(|(_, (seen, found))| seen == found)
        };
        let is_allowed = allowed.iter().any(|seen| is_same(seen));
        (!is_allowed).then(|| format!("found {found:?} in place of {allowed:?}"))
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
            let rebuilt = self.env.run(&["-C", place, "fsck", "--rebuild"]);
            if rebuilt.code != 0 {
                let Ran { stdout, stderr, .. } = rebuilt;
                return Some(format!("fsck --rebuild of {place}: {stdout}{stderr}"));
            }
        }
        let heads = |seen: &Seen| -> Vec<Option<Value>> {
            let places = self.places.iter().zip(seen);
            let of_made = places.filter(|(place, _)| made.contains(place));
            of_made.map(|(_, seen)| Some(seen.as_ref()?.0.clone())).collect()
        };
        let found = heads(&seen(&self.env, self.places));
        let is_allowed = allowed.iter().any(|seen| heads(seen) == found);
        (!is_allowed).then(|| format!("once rebuilt, HEAD is {found:?}, not as in {allowed:?}"))
    }
}

/// Whether this mode is asked for.
fn is_mode(mode: &str) -> bool {
    std::env::var("ESKER_POWER").is_ok_and(|value| value == mode)
}

/// Looks at what a power cut may leave after each of many calls.
fn cut_at_many(recording: &Recording) {
    let seed = kill::number("ESKER_CRASH_SEED", 1);
    println!("ESKER_CRASH_SEED={seed}");
    let (mut random, mut checker) = (Random::new(seed), Checker::new(recording.places));
    let mut disk = recording.before.clone();
    for (at, call) in recording.calls.iter().enumerate() {
        if recording.ends.iter().any(|(end, _)| *end == at) {
            println!("{at} calls, {} states whole", checker.states.len());
        }
        disk.apply(call, false);
        let is_in = |path: &PathBuf| path.starts_with(&recording.folder);
        let is_change = call.is_change() && call.paths().iter().any(is_in);
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

#[test]
fn whatever_a_power_cut_leaves_is_whole() {
    if trace::is_possible() {
        cut_at_many(&Recording::alone());
    }
}

#[test]
fn whatever_a_power_cut_leaves_of_two_on_a_store_is_whole() {
    if trace::is_possible() {
        cut_at_many(&Recording::members());
    }
}

/// Replays without some syncs, in order; gives the states tried, and what was wrong with the last.
fn without(recording: &Recording, syncs: &[usize]) -> (usize, Option<String>) {
    let (first, last) = (syncs[0], syncs[syncs.len() - 1]);
    let (mut disk, mut checker) = (recording.before.clone(), Checker::new(recording.places));
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
    while is_few && kinds.len() > FEW / recording.places.len() {
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
    if trace::is_possible() {
        leave_out_each(&Recording::alone(), 8, is_promised);
    }
}

#[test]
fn no_sync_of_two_on_a_store_can_be_left_out() {
    if trace::is_possible() {
        // What is in a member is as in a repository of its own.
        let is_wanted = |label: &str| is_promised(label) && !label.contains("/.esker");
        leave_out_each(&Recording::members(), 6, is_wanted);
    }
}

/// Leaves out syncs of the kinds that `is_wanted` wants, of which there are at least `kinds`.
fn leave_out_each(recording: &Recording, kinds: usize, is_wanted: fn(&str) -> bool) {
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
