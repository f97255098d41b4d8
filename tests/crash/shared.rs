//! Many processes on one remote while it is collected: to branches of their own, and all to one branch.
//!
//! `ESKER_SHARED_SECONDS` sets for how long (6 without it), `ESKER_SHARED_WRITERS` how many write (4
//! without it), `ESKER_SHARED_URL` which remote is used (a folder without it). Everything that was pushed
//! must be there, whole, in a clone made afterwards.

use std::fs;
use std::path::Path;
use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::kill;

/// A commit that its writer was told is on the remote, with the branch it was pushed to.
struct Told {
    branch: String,
    message: String,
}

struct Race<'r> {
    env: &'r Env,
    url: &'r str,
    until: Instant,
    told: Mutex<Vec<Told>>,
}

impl Race<'_> {
    fn goes_on(&self) -> bool {
        Instant::now() < self.until
    }

    /// Clones, then changes, commits and pushes until the time is over; gives how often others were first.
    fn write(&self, number: u64) -> u64 {
        let (dir, branch) = (format!("w{number}"), branch_of(number));
        self.env.ok(&["clone", self.url, &dir]);
        if branch != "main" {
            self.env.ok(&["-C", &dir, "switch", "-c", &branch]);
        }
        let mut random = Random::new(number + 1);
        let (mut round, mut overtaken) = (0, 0);
        while self.goes_on() {
            let message = format!("{number}-{round}");
            self.change(&dir, number, &mut random);
            self.env.ok(&["-C", &dir, "add", "-A"]);
            self.env.ok(&["-C", &dir, "commit", "-m", &message]);
            overtaken += self.push(&dir, &branch);
            self.told.lock().expect("lock").push(Told { branch: branch.clone(), message });
            round += 1;
        }
        overtaken
    }

    /// Own files, so that commits can be made anew on top of others; some have what others have too.
    fn change(&self, dir: &str, number: u64, random: &mut Random) {
        let file = format!("{dir}/{number}/{:02}.bin", random.below(20));
        let mut bytes = Random::new(random.below(6)).bytes(random.below(200_000) as usize + 1);
        let own = random.below(20_000) as usize;
        bytes.extend(random.bytes(own));
        self.env.write(&file, bytes);
    }

    /// Pushes, bringing in what others pushed first for as long as there is any.
    fn push(&self, dir: &str, branch: &str) -> u64 {
        let mut overtaken = 0;
        loop {
            let ran = self.env.run(&["-C", dir, "push", "origin", branch]);
            if ran.code == 0 {
                return overtaken;
            }
            assert!(is_behind(&ran), "{}", ran.stderr);
            overtaken += 1;
            self.env.ok(&["-C", dir, "pull", "--rebase", "origin", branch]);
        }
    }

    /// Makes and deletes branches, so that there is something to collect, and collects.
    fn collect(&self) -> u64 {
        self.env.ok(&["clone", self.url, "gc"]);
        let mut random = Random::new(99);
        let mut dropped = 0;
        while self.goes_on() {
            self.env.write("gc/scratch.bin", random.bytes(300_000));
            self.env.ok(&["-C", "gc", "add", "-A"]);
            self.env.ok(&["-C", "gc", "commit", "-m", "scratch"]);
            self.env.ok(&["-C", "gc", "push", "origin", "HEAD:scratch", "--force"]);
            self.env.ok(&["-C", "gc", "push", "--delete", "origin", "scratch"]);
            // With no grace running pushes are fenced and begin anew; readers may miss what they read.
            let grace = if random.below(4) == 0 { "0" } else { "60s" };
            let args = ["-C", "gc", "gc", "--remote", "--grace", grace, "--json"];
            let done = self.env.json(&args);
            dropped += done["dead_packs"].as_u64().expect("a number");
        }
        dropped
    }
}

/// Every second writer has a branch of its own.
fn branch_of(number: u64) -> String {
    if number.is_multiple_of(2) { "main".to_owned() } else { format!("own{number}") }
}

fn is_behind(ran: &Ran) -> bool {
    ran.code == 12
        && ran.stderr.contains("has commits on the remote that are not in what is pushed")
}

/// A remote with one commit.
fn first(env: &Env, url: &str) {
    env.ok(&["init", "first"]);
    env.write("first/readme", "x");
    env.ok(&["-C", "first", "add", "-A"]);
    env.ok(&["-C", "first", "commit", "-m", "first"]);
    env.ok(&["-C", "first", "remote", "add", "origin", url]);
    env.ok(&["-C", "first", "push"]);
}

#[test]
fn many_writers_and_a_collection_lose_nothing() {
    let mut env = Env::new();
    for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"] {
        if let Ok(value) = std::env::var(name) {
            env.set(name, &value);
        }
    }
    // Ages of keys are compared with the time of the command.
    env.unset("ESKER_TEST_NOW");
    let folder = env.path("shared").display().to_string();
    let url = std::env::var("ESKER_SHARED_URL").unwrap_or(folder);
    first(&env, &url);
    let writers = kill::number("ESKER_SHARED_WRITERS", 4);
    let until = Instant::now() + Duration::from_secs(kill::number("ESKER_SHARED_SECONDS", 6));
    let race = Race { env: &env, url: &url, until, told: Mutex::default() };
    let (overtaken, dropped) = thread::scope(|scope| {
        let race = &race;
        let threads: Vec<_> =
            (0..writers).map(|number| scope.spawn(move || race.write(number))).collect();
        let collector = scope.spawn(|| race.collect());
        let overtaken: u64 = threads.into_iter().map(|t| t.join().expect("a writer")).sum();
        (overtaken, collector.join().expect("the collector"))
    });
    let told = race.told.into_inner().expect("lock");
    println!("{} commits pushed, overtaken {overtaken} times; {dropped} packs dropped", told.len());
    assert!(dropped > 0 && told.len() as u64 >= writers, "too little happened");
    env.ok(&["-C", "first", "fsck", "--remote", "--data"]);
    assert_all_there(&env, &url, &told);
}

/// Everything that was told to be there is in a clone, whole.
fn assert_all_there(env: &Env, url: &str, told: &[Told]) {
    env.ok(&["clone", url, "proof"]);
    env.ok(&["-C", "proof", "fsck", "--data"]);
    let branches = told.iter().map(|told| told.branch.as_str());
    let branches: std::collections::BTreeSet<&str> = branches.collect();
    for branch in branches {
        let log = env.ok(&["-C", "proof", "log", "--oneline", &format!("origin/{branch}")]);
        let messages: Vec<&str> =
            log.lines().filter_map(|line| line.split(' ').next_back()).collect();
        for told in told.iter().filter(|told| told.branch == branch) {
            assert!(
                messages.contains(&told.message.as_str()),
                "{} is not in {branch}",
                told.message
            );
        }
    }
    for dir in fs::read_dir(env.dir()).expect("read") {
        let dir = dir.expect("an entry").path();
        if is_repository(&dir) {
            env.ok(&["-C", &dir.display().to_string(), "fsck"]);
        }
    }
}

fn is_repository(dir: &Path) -> bool {
    dir.join(".esker").is_dir()
}
