//! Two repositories on one store, all verbs at once in both, `gc --grace 0` and `repack` among them:
//! nothing that either needs is lost, and no command fails for the sake of another.
//!
//! `ESKER_RACE_SECONDS` sets for how long (8 without it).

use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::kill;

const READ_FILES: u64 = 12;
const MEMBERS: [&str; 2] = ["one", "two"];

/// One of the repositories.
struct Member<'r> {
    env: &'r Env,
    dir: &'static str,
    until: Instant,
}

impl Member<'_> {
    /// Does something again and again; gives how often.
    fn again(&self, mut work: impl FnMut(u64)) -> u64 {
        let mut round = 0;
        while Instant::now() < self.until {
            work(round);
            round += 1;
        }
        round
    }

    /// Runs a command that may end well, or for one of these reasons: there was nothing for it to do, or
    /// another command was first.
    fn may(&self, args: &[&str], reasons: &[&str]) -> Ran {
        let ran = self.env.run(&[&["-C", self.dir], args].concat());
        let is_fine = ran.code == 0 || reasons.iter().any(|reason| ran.stderr.contains(reason));
        assert!(is_fine, "{} {args:?}: {} {}", self.dir, ran.code, ran.stderr);
        ran
    }

    fn hash(&self, folder: &str) -> String {
        self.may(&["hash", folder], &[]).stdout
    }

    /// Adds files whose bytes the other repository adds and drops too.
    fn add(&self, random: &mut Random, round: u64) {
        let name = format!("new/{:02}.bin", random.below(20));
        let mut bytes = Random::new(random.below(6)).bytes(random.below(150_000) as usize + 1);
        let own = random.below(20_000) as usize;
        bytes.extend(random.bytes(own));
        self.env.write(&format!("{}/{name}", self.dir), bytes);
        self.may(&["add", "-A", "new"], &[]);
        if round % 3 == 2 {
            self.may(&["restore", "--staged", &name], &["no '"]);
        }
    }

    /// Undoes the last commit, and gives one that was undone a name again unless a collection, here or
    /// in the other repository, was faster.
    fn undo(&self, undone: &mut Vec<String>, random: &mut Random, round: u64) {
        let entry = self.may(&["log", "-n", "1", "--json"], &[]).stdout;
        let entry: serde_json::Value = serde_json::from_str(&entry).expect("JSON");
        undone.push(entry["commit"].as_str().expect("an id").to_owned());
        self.may(&["reset", "--soft", "HEAD~1"], &["unknown revision", "moved", "changed by"]);
        let id = &undone[undone.len() - 1 - random.below(undone.len().min(4) as u64) as usize];
        self.may(
            &["branch", &format!("back-{round}"), id],
            &["unknown revision", "a collection took"],
        );
        if round >= 5 {
            self.may(&["branch", "-D", &format!("back-{}", round - 5)], &["there is no branch"]);
        }
        thread::sleep(Duration::from_millis(100));
    }

    fn read(&self, hash: &str) {
        fs::remove_dir_all(self.env.path(format!("{}/read", self.dir))).expect("remove");
        self.may(&["restore", "--source", "main", "read"], &[]);
        assert_eq!(self.hash("read"), hash);
    }

    fn make(&self) {
        self.env.ok(&["init", "--store", "store", self.dir]);
        let mut random = Random::new(kill::number("ESKER_CRASH_SEED", 1));
        for n in 0..READ_FILES {
            let len = if n % 8 == 0 { 900_000 } else { 5_000 };
            self.env.write(&format!("{}/read/{n:02}.bin", self.dir), random.bytes(len));
        }
        self.may(&["add", "."], &[]);
        self.may(&["commit", "-m", "first"], &[]);
    }
}

#[test]
fn collecting_beside_everything_in_two_repositories_on_one_store() {
    let env = Env::new();
    let make = |until| MEMBERS.map(|dir| Member { env: &env, dir, until });
    make(Instant::now()).iter().for_each(Member::make);
    let until = Instant::now() + Duration::from_secs(kill::number("ESKER_RACE_SECONDS", 8));
    let members = make(until);
    let collected: u64 = thread::scope(|scope| {
        let mut collections = Vec::new();
        for (seed, member) in members.iter().enumerate() {
            let hash = member.hash("read");
            scope.spawn(move || {
                let mut random = Random::new(seed as u64 + 11);
                member.again(|round| member.add(&mut random, round))
            });
            scope.spawn(move || {
                member.again(|_| drop(member.may(&["commit", "-m", "next"], &["othing"])))
            });
            scope.spawn(move || {
                let (mut undone, mut random) = (Vec::new(), Random::new(seed as u64 + 31));
                member.again(|round| member.undo(&mut undone, &mut random, round))
            });
            scope.spawn(move || member.again(|_| member.read(&hash)));
            collections.push(scope.spawn(move || {
                let verb = if seed == 0 { "gc" } else { "repack" };
                member.again(|_| {
                    member.may(&[verb, "--grace", "0", "--reflog", "0"], &[]);
                    thread::sleep(Duration::from_millis(100));
                })
            }));
        }
        collections.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert!(collected > 0, "nothing was collected");
    for member in &members {
        let checked = member.may(&["fsck", "--data"], &[]);
        assert!(checked.stdout.contains("no problems"), "{}", checked.stdout);
        member.may(&["add", "-A"], &[]);
        member.may(&["commit", "--allow-empty", "-m", "all of it"], &[]);
        let tree = member.hash(".");
        fs::remove_dir_all(env.path(format!("{}/new", member.dir))).expect("remove");
        member.may(&["restore", "."], &[]);
        assert_eq!(member.hash("."), tree);
    }
    let names = fs::read_dir(env.path("store/tmp")).expect("read").flatten();
    let names = names.map(|entry| entry.file_name().into_string().expect("hexadecimal"));
    // The locks of readers stay for the next ones.
    let left: Vec<_> = names.filter(|name| !name.starts_with("reading-")).collect();
    assert_eq!(left, [""; 0], "folders of sessions that ended");
}
