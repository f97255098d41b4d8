//! Several commands at once in one repository, `gc --grace 0` and `repack` among them: nothing is
//! lost, nothing is damaged, and no command fails for the sake of another.
//!
//! `ESKER_RACE_SECONDS` sets for how long (8 without it).

use std::fs;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::kill;
use crate::repo;

const READ_FILES: u64 = 40;

/// What all threads of the race share.
struct Race<'r> {
    env: &'r Env,
    until: Instant,
}

impl Race<'_> {
    /// Does something again and again; gives how often.
    fn run(&self, mut work: impl FnMut(&Env, u64)) -> u64 {
        let mut round = 0;
        while Instant::now() < self.until {
            work(self.env, round);
            round += 1;
        }
        round
    }
}

/// Runs a command that may end well, or for one of these reasons: there was nothing for it to do, or
/// another command was first.
fn may(env: &Env, args: &[&str], reasons: &[&str]) -> Ran {
    let ran = env.run(args);
    let is_fine = ran.code == 0 || reasons.iter().any(|reason| ran.stderr.contains(reason));
    assert!(is_fine, "{args:?}: {} {}", ran.code, ran.stderr);
    ran
}

/// Looks at the repository in a way that does not read the worktree's files.
fn look(env: &Env, round: u64) {
    let looks: [&[&str]; 7] = [
        &["status"],
        &["diff", "--staged", "--name-only"],
        &["log", "-n", "3", "--stat"],
        &["ls", "-R"],
        &["branch"],
        &["stats"],
        &["log", "--all", "--oneline"],
    ];
    // The worktree's files come and go meanwhile.
    may(env, looks[round as usize % looks.len()], &["skipped"]);
}

/// Undoes the last commit, and gives it, or an older one that was undone, a name again unless a
/// collection was faster; deletes older names.
fn undo(env: &Env, undone: &mut Vec<String>, random: &mut Random, round: u64) {
    let head = repo::head(env);
    may(env, &["reset", "--soft", "HEAD~1"], &["unknown revision", "moved", "changed by"]);
    undone.push(head);
    let id = &undone[undone.len() - 1 - random.below(undone.len().min(4) as u64) as usize];
    let name = format!("back-{round}");
    let gone = ["unknown revision", "a collection took"];
    may(env, &["branch", &name, id], &gone);
    if round >= 5 {
        may(env, &["branch", "-D", &format!("back-{}", round - 5)], &["there is no branch"]);
    }
    thread::sleep(Duration::from_millis(100));
}

/// Adds new and changed files of a folder, and takes some of them back again.
fn add(env: &Env, folder: &str, random: &mut Random, round: u64) {
    let name = format!("{folder}/{:02}.bin", random.below(30));
    // Some of one chunk, some of several, half of it in other files too.
    let mut bytes = Random::new(random.below(8)).bytes(random.below(150_000) as usize + 1);
    let own = random.below(60_000) as usize;
    bytes.extend(random.bytes(own));
    env.write(&name, bytes);
    may(env, &["add", "-A", folder], &[]);
    if round % 3 == 2 {
        may(env, &["restore", "--staged", &name], &["no '"]);
    }
}

#[test]
fn collecting_beside_everything_loses_nothing() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut random = Random::new(kill::number("ESKER_CRASH_SEED", 1));
    for n in 0..READ_FILES {
        let len = if n % 8 == 0 { 900_000 } else { 5_000 };
        env.write(&format!("read/{n:02}.bin"), random.bytes(len));
        env.write(&format!("gone/{n:02}.bin"), random.bytes(len / 2));
    }
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    fs::remove_dir_all(env.path("gone")).expect("remove");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "--amend", "-m", "first"]);
    let read = repo::hash(&env, "read");
    let until = Instant::now() + Duration::from_secs(kill::number("ESKER_RACE_SECONDS", 8));
    let race = Race { env: &env, until };
    let freed = AtomicU64::new(0);
    thread::scope(|scope| {
        let mut adders = Vec::new();
        for (seed, folder) in [(11, "a"), (12, "b")] {
            let mut random = Random::new(seed);
            let race = &race;
            adders.push(
                scope.spawn(move || race.run(|env, round| add(env, folder, &mut random, round))),
            );
        }
        let commits = scope
            .spawn(|| race.run(|env, _| drop(may(env, &["commit", "-m", "next"], &["othing"]))));
        let reads = scope.spawn(|| {
            race.run(|env, _| {
                fs::remove_dir_all(env.path("read")).expect("remove");
                may(env, &["restore", "--source", "main", "read"], &[]);
                assert_eq!(repo::hash(env, "read"), read);
            })
        });
        let looks = scope.spawn(|| race.run(look));
        let undos = scope.spawn(|| {
            let (mut undone, mut random) = (Vec::new(), Random::new(13));
            race.run(|env, round| undo(env, &mut undone, &mut random, round))
        });
        let collections = scope.spawn(|| {
            race.run(|env, _| {
                let found = env.json(&["gc", "--grace", "0", "--reflog", "0", "--json"]);
                let bytes = found["freed_bytes"].as_u64().expect("a number");
                freed.fetch_add(bytes, Ordering::Relaxed);
            })
        });
        let repacks = scope.spawn(|| {
            race.run(|env, _| {
                may(env, &["repack", "--grace", "0", "--reflog", "0"], &[]);
                thread::sleep(Duration::from_millis(300));
            })
        });
        let count = |thread: thread::ScopedJoinHandle<'_, u64>| thread.join().expect("no panic");
        let adds: u64 = adders.into_iter().map(count).sum();
        println!(
            "{adds} adds, {} commits, {} reads, {} looks, {} undone, {} collections, {} repacks; {} \
             bytes freed",
            count(commits),
            count(reads),
            count(looks),
            count(undos),
            count(collections),
            count(repacks),
            freed.load(Ordering::Relaxed)
        );
    });
    let checked = env.run(&["fsck", "--data"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    // There may be nothing else to commit by now.
    env.write("read/last", "last");
    let (_, tree) = repo::commit_all(&env, "all of it");
    assert_eq!(repo::hash(&env, "."), tree);
    for folder in ["a", "b", "read"] {
        let _ = fs::remove_dir_all(env.path(folder));
    }
    env.ok(&["restore", "."]);
    assert_eq!(repo::hash(&env, "."), tree);
    repo::assert_no_leftovers(&env);
    assert_eq!(env.run(&["fsck", "--data"]).code, 0);
}
