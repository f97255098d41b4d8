//! Every step of a verb that changes a file, and a real process that ends there, or is told that the
//! disk is full or broken: nothing is lost, and the same command goes on.
//!
//! The steps are the calls that a process makes of the system below the repository's folder, SQLite's
//! too (see `trace`). `ESKER_POINTS=all` tries all of them, which takes half an hour, a number so many of
//! each verb; without it two, chosen by `ESKER_CRASH_SEED`. `ESKER_POINTS_OF=evict,mirror` tries those
//! verbs alone. A table says what was tried.
//!
//! All of it in a repository of its own, and in one of two on a shared store, where the other must stay
//! whole too.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::data::{Files, Random, write_all};
use crate::env::{Env, Ran};
use crate::kill;
use crate::ran::skip;
use crate::repo;
use crate::trace::{self, Traced};

/// Steps of each verb that are tried by default.
const FEW: usize = 2;

/// Where the repository on a shared store lies; the other one and the store are beside it.
const MEMBER: &str = "work/one";
const OTHER: &str = "../two";

/// A verb, and what surrounds it.
struct Verb {
    name: &'static str,
    args: &'static [&'static str],
    /// Makes a repository in which the verb has something to do.
    prepare: fn(&Env),
    /// Words of the error with which a repetition ends that has nothing left to do.
    done: &'static str,
    /// What must hold once the verb has come to its end.
    check: fn(&Env),
}

/// Verbs that rest on a remote: data on a shared store is not theirs to let go of.
const WITH_REMOTE: [Verb; 6] = [
    Verb {
        name: "add to",
        args: &["add", "-A", "--to", "origin"],
        prepare: unsent,
        done: "",
        check: |env| {
            all_staged(env);
            env.ok(&["push"]);
            env.ok(&["remote", "fsck", "--data"]);
        },
    },
    Verb {
        name: "evict",
        args: &["evict", "data"],
        prepare: sent,
        done: "",
        check: |env| {
            assert!(!env.path("data").exists());
            env.ok(&["checkout", "data"]);
            assert!(env.json(&["status", "--json"])["clean"] == true);
            env.ok(&["remote", "fsck", "--data"]);
        },
    },
    Verb {
        name: "get",
        args: &["get", "shared:data", "-o", "out"],
        prepare: sent,
        done: "",
        check: |env| assert_eq!(repo::hash(env, "out"), repo::hash(env, "data")),
    },
    Verb {
        name: "mirror",
        args: &["mirror", "origin", "out"],
        prepare: sent,
        done: "",
        check: |env| {
            env.ok(&["remote", "add", "near", "out"]);
            env.ok(&["remote", "fsck", "near", "--data"]);
            env.ok(&["remote", "fsck", "--data"]);
            env.ok(&["clone", "out", "again"]);
            assert_eq!(repo::hash(env, "again/data"), repo::hash(env, "data"));
        },
    },
    Verb {
        name: "sparse",
        args: &["sparse", "set", ".eskerignore", "data/0.csv", "data/1.csv"],
        prepare: evicted,
        done: "",
        check: |env| {
            assert!(env.path("data/1.csv").exists() && !env.path("data/large.bin").exists());
            assert!(env.json(&["status", "--json"])["clean"] == true);
            env.ok(&["sparse", "disable"]);
            env.ok(&["fsck", "--data"]);
            assert!(env.json(&["status", "--json"])["clean"] == true);
        },
    },
    Verb {
        name: "pin",
        args: &["pin", "shared:data", "-o", "pinned"],
        prepare: sent,
        done: "",
        check: |env| {
            assert!(env.ok(&["remote", "keeps"]).contains("pin/"));
            env.ok(&["remote", "fsck", "--data"]);
        },
    },
];

const VERBS: [Verb; 8] = [
    Verb { name: "add", args: &["add", "-A"], prepare: changed, done: "", check: all_staged },
    Verb {
        name: "commit",
        args: &["commit", "-m", "next"],
        prepare: staged,
        done: "nothing to commit",
        check: all_committed,
    },
    Verb {
        name: "checkout",
        args: &["checkout", "main~1"],
        prepare: two_commits,
        done: "",
        check: |env| assert_eq!(repo::head(env), commit_at(env, "main~1")),
    },
    Verb {
        name: "merge",
        args: &["merge", "other", "-m", "merged"],
        prepare: two_branches,
        done: "",
        check: |env| {
            assert_eq!(env.json(&["log", "-n", "1", "--json"])["message"], "merged");
            assert!(env.path("theirs").exists() && env.path("ours").exists());
        },
    },
    Verb {
        name: "gc",
        args: &["gc", "--grace", "0", "--reflog", "0"],
        prepare: half_needed,
        done: "",
        check: |_| {},
    },
    Verb {
        name: "repack",
        args: &["repack", "--grace", "0", "--reflog", "0"],
        prepare: half_needed,
        done: "",
        check: |_| {},
    },
    Verb { name: "fold", args: &["add", "-A"], prepare: many_packs, done: "", check: all_staged },
    Verb {
        name: "repair",
        args: &["fsck", "--data", "--repair"],
        prepare: damaged,
        done: "",
        check: |_| {},
    },
];

/// A verb that is about the shared store itself.
const JOIN: Verb = Verb {
    name: "init",
    args: &["init", "--store", "../store", "../three"],
    prepare: first_commit,
    done: "",
    check: |env| drop(env.ok(&["-C", "../three", "fsck"])),
};

fn sample(seed: u64) -> Files {
    let mut random = Random::new(seed);
    let mut files = Files::new();
    files.insert("data/large.bin".into(), random.bytes(700_000));
    for n in 0..6 {
        files.insert(format!("data/{n}.csv"), random.text(20));
    }
    files
}

/// Makes the repository; where it is to be on a shared store, another one too. What that has is added
/// by this one, too, and dropped again.
fn begin(env: &Env) {
    if !is_member(env) {
        env.ok(&["init"]);
        return;
    }
    env.ok(&["init", "--store", "../store", OTHER]);
    env.ok(&["init", "--store", "../store"]);
    write_all(&env.path(OTHER), &sample(2));
    env.write("../two/data/own.bin", Random::new(7).bytes(100_000));
    env.ok(&["-C", OTHER, "add", "."]);
    env.ok(&["-C", OTHER, "commit", "-m", "of the other"]);
}

fn first_commit(env: &Env) {
    begin(env);
    write_all(&env.dir(), &sample(1));
    repo::commit_all(env, "first");
}

fn changed(env: &Env) {
    first_commit(env);
    write_all(&env.dir(), &sample(2));
    env.write("data/new/file", "new");
    fs::remove_file(env.path("data/3.csv")).expect("remove");
}

fn staged(env: &Env) {
    changed(env);
    env.ok(&["add", "-A"]);
}

fn two_commits(env: &Env) {
    staged(env);
    env.ok(&["commit", "-m", "second"]);
}

fn two_branches(env: &Env) {
    first_commit(env);
    env.ok(&["switch", "-c", "other"]);
    env.write("theirs", "theirs");
    repo::commit_all(env, "theirs");
    env.ok(&["switch", "main"]);
    env.write("ours", "ours");
    repo::commit_all(env, "ours");
}

/// About half of most packs is needed.
fn half_needed(env: &Env) {
    changed(env);
    env.write("data/other.bin", Random::new(3).bytes(200_000));
    env.write("data/own.bin", Random::new(4).bytes(600_000));
    repo::commit_all(env, "both");
    for name in ["large", "own"] {
        fs::remove_file(env.path(format!("data/{name}.bin"))).expect("remove");
    }
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "--amend", "-m", "one"]);
}

/// One pack less than are folded.
fn many_packs(env: &Env) {
    first_commit(env);
    let mut random = Random::new(5);
    while repo::files_in(env, "packs").len() < 48 {
        env.write("more", random.bytes(200));
        env.ok(&["add", "-A"]);
    }
    env.write("more", random.bytes(200_000));
}

fn damaged(env: &Env) {
    begin(env);
    let of_other = repo::files_in(env, "packs");
    write_all(&env.dir(), &sample(1));
    repo::commit_all(env, "first");
    for pack in repo::files_in(env, "packs").into_iter().filter(|pack| !of_other.contains(pack)) {
        let mut bytes = fs::read(&pack).expect("read");
        if bytes[10] == 3 {
            bytes[100] ^= 1;
            fs::write(&pack, bytes).expect("write");
        }
    }
}

/// With a remote in the repository's own folder, which is copied with it.
fn with_remote(env: &Env) {
    env.ok(&["init"]);
    env.write(".eskerignore", "/shared\n/out\n/again\n/pinned\n/esker.lock\n");
    write_all(&env.dir(), &sample(1));
    env.ok(&["remote", "add", "origin", "shared"]);
    env.ok(&["config", "remote.origin.url", "shared"]);
}

fn unsent(env: &Env) {
    with_remote(env);
    env.ok(&["config", "transfer.local_limit", "300K"]);
    // Longer than the limit, and in two spans.
    env.write("data/long.bin", Random::new(8).bytes(1_200_000));
}

fn sent(env: &Env) {
    with_remote(env);
    repo::commit_all(env, "first");
    env.ok(&["push"]);
}

/// A part of the files is on disk, and of others nothing is here.
fn evicted(env: &Env) {
    sent(env);
    env.ok(&["evict", "data"]);
    env.ok(&["sparse", "set", ".eskerignore", "data/0.csv", "data/large.bin"]);
    env.ok(&["evict", "data/1.csv", "data/2.csv"]);
}

fn all_staged(env: &Env) {
    let tree = repo::hash(env, ".");
    let made = env.json(&["commit", "-m", "all", "--json"]);
    assert_eq!(made["tree"], tree);
}

fn all_committed(env: &Env) {
    let entry = env.json(&["log", "-n", "1", "--json"]);
    assert_eq!((&entry["tree"], &entry["message"]), (&repo::hash(env, ".").into(), &"next".into()));
}

fn commit_at(env: &Env, revision: &str) -> String {
    let entry = env.json(&["log", "-n", "1", "--json", revision]);
    entry["commit"].as_str().expect("an id").to_owned()
}

/// Whether the repository is one of two on a shared store.
fn is_member(env: &Env) -> bool {
    env.at != "work"
}

/// An empty folder for a repository, of its own or on a shared store.
fn place(is_shared: bool) -> Env {
    let mut env = Env::new();
    if is_shared {
        env.at = MEMBER;
        fs::create_dir(env.dir()).expect("mkdir");
    }
    env
}

/// Everything below it belongs to a test.
fn whole(env: &Env) -> PathBuf {
    let above = env.dir().parent().expect("it lies in a folder").to_owned();
    if is_member(env) { above } else { env.dir() }
}

/// A copy of a repository and its files, with its store and who else is on that.
fn copy_of(template: &Env) -> Env {
    let env = place(is_member(template));
    copy(&whole(template), &whole(&env));
    if is_member(&env) {
        // Each finds the store beside it, and makes its new place known.
        env.ok(&["status"]);
        env.ok(&["-C", OTHER, "status"]);
    }
    env
}

/// Moves the original away, for copies to find the store that was copied with them.
fn put_away(template: &mut Env) {
    if is_member(template) {
        let away = whole(template).with_file_name("away");
        fs::rename(whole(template), &away).expect("rename");
        template.at = "away/one";
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("mkdir");
    for entry in fs::read_dir(from).expect("read") {
        let entry = entry.expect("an entry");
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).expect("copy")),
        }
    }
}

/// What is done to a call.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    /// The process ends as it makes the call.
    Kill,
    /// The call says that no space is left.
    Full,
    /// The call says that the device failed.
    Broken,
    /// The call says that too many files are open.
    TooMany,
}

impl Fault {
    fn expression(self, name: &str, count: u64) -> String {
        let what = match self {
            Self::Kill => "signal=KILL",
            Self::Full => "error=ENOSPC",
            Self::Broken => "error=EIO",
            Self::TooMany => "error=EMFILE",
        };
        // A full disk stays full, but for what is said on standard error.
        let on = if self == Self::Full && name != "write" { "+" } else { "" };
        format!("{name}:{what}:when={count}{on}")
    }

    /// Whether it can befall a call.
    fn befalls(self, name: &str) -> bool {
        match self {
            Self::Kill | Self::Broken => true,
            Self::Full => {
                ["write", "writev", "pwrite64", "ftruncate", "fsync"].contains(&name)
                    || name.starts_with("mkdir")
            }
            Self::TooMany => name.starts_with("openat"),
        }
    }
}

/// What came of the tries at one kind of step.
#[derive(Default)]
struct Tally {
    tried: u64,
    ended: u64,
}

/// Which steps are tried.
#[derive(Clone, Copy)]
enum Which {
    /// So many, chosen at random.
    Few(usize),
    /// All that change a file of this kind.
    Of(&'static str),
}

struct Driver {
    fault: Fault,
    /// Whether the repository is one of two on a store.
    is_shared: bool,
    /// Which steps of each verb are tried, unless all are.
    which: Which,
    random: Random,
    tallies: BTreeMap<(&'static str, String), Tally>,
}

impl Driver {
    fn run(&mut self, verb: &Verb) {
        let mut template = place(self.is_shared);
        (verb.prepare)(&template);
        put_away(&mut template);
        let plain = copy_of(&template);
        let traced = trace::run(&plain, verb.args, None);
        assert!(traced.output.status.success(), "{}: {:?}", verb.name, traced.output);
        let root = whole(&plain);
        let mut points: Vec<(u64, String, String)> = traced
            .points(&root)
            .into_iter()
            .filter(|(_, call)| self.fault.befalls(&call.name))
            .map(|(count, call)| (count, call.name.clone(), call.label(&root)))
            .collect();
        assert!(!points.is_empty(), "{} changes nothing", verb.name);
        let asked = std::env::var("ESKER_POINTS").ok();
        let is_all = asked.as_deref() == Some("all");
        let number = asked.and_then(|asked| asked.parse().ok());
        match self.which {
            Which::Of(kind) => points.retain(|(_, _, label)| label.contains(kind)),
            Which::Few(few) if !is_all => points = self.choose(points, number.unwrap_or(few)),
            Which::Few(_) => points.dedup_by_key(|(count, name, _)| (*count, name.clone())),
        }
        for (count, name, label) in points {
            let env = copy_of(&template);
            let traced = trace::run(&env, verb.args, Some(&self.fault.expression(&name, count)));
            let tally = self.tallies.entry((verb.name, label.clone())).or_default();
            tally.tried += 1;
            tally.ended += u64::from(!traced.output.status.success());
            let at = format!("{}, {name} {count} ({label})", verb.name);
            self.check(verb, &env, traced, &name, &at);
        }
    }

    fn choose<T>(&mut self, mut all: Vec<T>, few: usize) -> Vec<T> {
        let few = few.min(all.len());
        (0..few).map(|_| all.swap_remove(self.random.below(all.len() as u64) as usize)).collect()
    }

    fn check(&self, verb: &Verb, env: &Env, traced: Traced, name: &str, at: &str) {
        if self.fault != Fault::Kill && !traced.output.status.success() {
            let ran = Ran::of(traced.output);
            let is_report = verb.name == "repair" && ran.code == 5 && !ran.stdout.is_empty();
            let lines: Vec<&str> = ran.stderr.lines().filter(|l| !is_told(l)).collect();
            // What is said may be the write that fails, in the middle of a line too.
            let is_cut = |line: &str, start: &str| name == "write" && start.starts_with(line);
            let is_said = |at: usize, start: &str| {
                let line = lines.get(at).copied().unwrap_or_default();
                line.starts_with(start) || is_cut(line, start)
            };
            let is_clear = lines.len() <= 2 && is_said(0, "error: ") && is_said(1, "hint: ");
            // A file of the worktree that could not be opened is left out, and named.
            let is_skip = ran.code == 3 && lines.len() == 1 && is_said(0, "hint: ");
            assert!(is_clear || is_report || is_skip, "{at}: {ran:?}");
        }
        if verb.name != "repair" {
            assert_whole(env, &["fsck"], at);
        }
        let again = env.run(verb.args);
        let is_done = !verb.done.is_empty() && again.stderr.contains(verb.done);
        assert!(again.code == 0 || is_done, "{at}, again: {again:?}");
        assert_whole(env, &["fsck", "--data"], &format!("{at}, at last"));
        (verb.check)(env);
    }

    /// The rows of a verb, as soon as it is done: all of them may take long.
    fn print_verb(&self, name: &str) {
        for ((verb, label), tally) in self.tallies.iter().filter(|((verb, _), _)| *verb == name) {
            println!("{verb:<9} {label:<44} {:>6} {:>7}  whole", tally.tried, tally.ended);
        }
    }

    fn print_sum(&self, ended: &str) {
        let sum = |of: fn(&Tally) -> u64| self.tallies.values().map(of).sum::<u64>();
        println!(
            "{} kinds of steps, {} tries, {} {ended}, 0 lost",
            self.tallies.len(),
            sum(|t| t.tried),
            sum(|t| t.ended)
        );
    }
}

/// Whether a line warns, or says how much will be fetched, or how far a run has come that takes long: none of
/// them is the error.
fn is_told(line: &str) -> bool {
    let starts = ["warning: ", "fetching "];
    let is_progress = line.contains("B/s") || line.ends_with(" so far");
    starts.iter().any(|start| line.starts_with(start)) || is_progress
}

/// Checks the repository, and the other one on its store.
fn assert_whole(env: &Env, args: &[&str], at: &str) {
    let of_other = [&["-C", OTHER], args].concat();
    let both = [args, &of_other];
    for args in &both[..1 + usize::from(is_member(env))] {
        let checked = env.run(args);
        assert_eq!(checked.code, 0, "{at}, {args:?}: {}{}", checked.stdout, checked.stderr);
    }
}

fn all_verbs(fault: Fault, ended: &str) {
    try_verbs(fault, ended, false, Which::Few(FEW), VERBS.iter().chain(&WITH_REMOTE));
}

fn all_verbs_of_a_member(fault: Fault, ended: &str) {
    try_verbs(fault, ended, true, Which::Few(1), VERBS.iter().chain([&JOIN]));
}

fn try_verbs<'v>(
    fault: Fault,
    ended: &str,
    is_shared: bool,
    which: Which,
    verbs: impl Iterator<Item = &'v Verb>,
) {
    if !trace::is_possible() {
        return;
    }
    let seed = kill::number("ESKER_CRASH_SEED", 1);
    println!("ESKER_CRASH_SEED={seed}");
    let random = Random::new(seed.wrapping_mul(0x9e37) ^ ended.len() as u64);
    let mut driver = Driver { fault, is_shared, which, random, tallies: BTreeMap::new() };
    println!("{:<9} {:<44} {:>6} {ended:>7}  result", "verb", "step", "tried");
    let only = std::env::var("ESKER_POINTS_OF").ok();
    let is_wanted = |verb: &&Verb| {
        only.as_ref().is_none_or(|only| only.split(',').any(|name| name == verb.name))
    };
    let verbs: Vec<&Verb> = verbs.filter(is_wanted).collect();
    if verbs.is_empty() {
        return skip("ESKER_POINTS_OF names none of these verbs");
    }
    for verb in verbs {
        driver.run(verb);
        driver.print_verb(verb.name);
    }
    driver.print_sum(ended);
    let ended: u64 = driver.tallies.values().map(|tally| tally.ended).sum();
    if ended == 0 {
        skip("strace has no effect on the calls that were chosen");
        panic!("no run was ended");
    }
}

#[test]
fn a_process_that_ends_at_any_step_loses_nothing() {
    all_verbs(Fault::Kill, "killed");
}

#[test]
fn a_disk_that_is_full_at_any_step_loses_nothing() {
    all_verbs(Fault::Full, "refused");
}

#[test]
fn a_device_that_fails_at_any_step_loses_nothing() {
    all_verbs(Fault::Broken, "failed");
}

#[test]
fn too_many_open_files_at_any_step_lose_nothing() {
    all_verbs(Fault::TooMany, "refused");
}

#[test]
fn a_process_that_ends_at_any_step_in_one_of_two_on_a_store_loses_nothing() {
    all_verbs_of_a_member(Fault::Kill, "killed");
}

#[test]
fn a_disk_that_is_full_at_any_step_in_one_of_two_on_a_store_loses_nothing() {
    all_verbs_of_a_member(Fault::Full, "refused");
}

#[test]
fn a_device_that_fails_at_any_step_in_one_of_two_on_a_store_loses_nothing() {
    all_verbs_of_a_member(Fault::Broken, "failed");
}

#[test]
fn too_many_open_files_at_any_step_in_one_of_two_on_a_store_lose_nothing() {
    all_verbs_of_a_member(Fault::TooMany, "refused");
}

#[test]
fn a_collection_that_ends_between_its_two_databases_leaves_no_name_of_what_is_gone() {
    let collections = VERBS.iter().filter(|verb| ["gc", "repack"].contains(&verb.name));
    try_verbs(Fault::Kill, "killed", true, Which::Of("one/.esker/state.db"), collections);
}
