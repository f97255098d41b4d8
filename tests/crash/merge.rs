//! `merge`, killed at any step: merging, resolving, going on, giving up. Running the same command again
//! finishes it, checking out HEAD undoes a merge that has not arrived, and no side is lost.

use std::fs;

use crate::data::{Files, Random, write_all};
use crate::env::Env;
use crate::kill::Killer;
use crate::repo;

/// How many files `main` and `contra` have both changed.
const CONFLICTS: usize = 6;

/// `main`, and beside it `side`, which merges without conflicts, and `contra`, which does not.
struct Branches {
    env: Env,
    main: String,
    tree: String,
}

fn name(n: usize) -> String {
    format!("data/{:02}/{n:03}.csv", n % 10)
}

fn change(random: &mut Random, env: &Env, numbers: std::ops::Range<usize>) {
    let files: Files = numbers.map(|n| (name(n), random.text(40 + n % 7))).collect();
    write_all(&env.dir(), &files);
}

impl Branches {
    fn new(random: &mut Random) -> Self {
        let env = Env::new();
        env.ok(&["init"]);
        change(random, &env, 0..120);
        env.write("data/large.bin", random.bytes(4 << 20));
        repo::commit_all(&env, "base");
        env.ok(&["switch", "-c", "side"]);
        change(random, &env, 60..115);
        fs::rename(env.path("data/00"), env.path("data/moved")).expect("rename");
        env.write("data/large.bin", random.bytes(4 << 20));
        repo::commit_all(&env, "side");
        env.ok(&["switch", "-c", "contra", "main"]);
        change(random, &env, 0..CONFLICTS);
        change(random, &env, 60..115);
        repo::commit_all(&env, "contra");
        env.ok(&["switch", "main"]);
        change(random, &env, 0..55);
        let (main, tree) = repo::commit_all(&env, "main");
        Self { env, main, tree }
    }

    fn waits(&self) -> bool {
        self.env.json(&["status", "--json"])["operation"] == "merge"
    }

    /// Ends what was killed by a command, unless that was done: its folder goes with the next one that writes.
    fn end(&self, command: &[&str]) {
        match self.waits() {
            true => self.env.ok(command),
            false => self.env.ok(&["gc"]),
        };
    }

    /// Asserts that all is as it was before the merge.
    fn assert_back(&self) {
        assert_eq!(repo::head(&self.env), self.main);
        assert_eq!(repo::hash(&self.env, "."), self.tree);
        assert_eq!(self.env.json(&["status", "--json"])["clean"], true);
    }

    /// Asserts that the merge is the last commit, and takes it back.
    fn assert_merged(&self, tree: &str) {
        let log = self.env.json(&["log", "-n", "1", "--json"]);
        assert_eq!(log["parents"].as_array().map(Vec::len), Some(2), "{log}");
        assert_eq!(log["parents"][0], self.main.as_str());
        assert_eq!((log["tree"].as_str(), repo::hash(&self.env, ".").as_str()), (Some(tree), tree));
        assert_eq!(self.env.json(&["status", "--json"])["clean"], true);
        self.env.ok(&["reset", "--hard", &self.main]);
        self.assert_back();
    }

    /// Merges `contra`, or goes on with that, until its conflicts wait.
    fn conflict(&self) {
        if !self.waits() {
            assert_eq!(self.env.run(&["merge", "contra"]).code, 4);
        }
        let status = self.env.json(&["status", "--json"]);
        let conflicts = status["conflicts"].as_array().expect("a list");
        assert_eq!(conflicts.len(), CONFLICTS);
        for n in 0..CONFLICTS {
            let (ours, theirs) = (name(n), format!("{}~contra", name(n)));
            for (path, revision) in [(&ours, "main"), (&theirs, "contra")] {
                let stored = self.env.ok(&["cat", &format!("{revision}:{ours}")]);
                assert_eq!(fs::read_to_string(self.env.path(path)).expect("a side"), stored);
            }
        }
    }
}

#[test]
fn a_killed_merge_is_finished_or_undone() {
    let mut killer = Killer::new("merge");
    let branches = Branches::new(&mut killer.random);
    let env = &branches.env;
    killer.run(env, &["merge", "side"]);
    let tree = repo::hash(env, ".");
    branches.assert_merged(&tree);
    while killer.goes_on() {
        killer.kill(env, &["merge", "side"]);
        repo::assert_clean(env);
        if killer.random.below(2) == 0 && repo::head(env) == branches.main {
            env.ok(&["checkout", "HEAD"]);
            branches.assert_back();
        }
        env.ok(&["merge", "side"]);
        repo::assert_clean(env);
        branches.assert_merged(&tree);
        repo::assert_no_leftovers(env);
    }
}

#[test]
fn a_killed_merge_with_conflicts_waits_or_can_be_repeated() {
    let mut killer = Killer::new("merge with conflicts");
    let branches = Branches::new(&mut killer.random);
    let env = &branches.env;
    killer.run_to(env, &["merge", "contra"], 4);
    env.ok(&["merge", "--abort"]);
    branches.assert_back();
    while killer.goes_on() {
        killer.kill_to(env, &["merge", "contra"], 4);
        repo::assert_clean(env);
        branches.conflict();
        repo::assert_clean(env);
        env.ok(&["merge", "--abort"]);
        branches.assert_back();
        repo::assert_no_leftovers(env);
    }
}

#[test]
fn a_merge_is_given_up_though_that_was_killed() {
    let mut killer = Killer::new("merge --abort");
    let branches = Branches::new(&mut killer.random);
    let env = &branches.env;
    branches.conflict();
    killer.run(env, &["merge", "--abort"]);
    while killer.goes_on() {
        branches.conflict();
        killer.kill(env, &["merge", "--abort"]);
        repo::assert_clean(env);
        branches.end(&["merge", "--abort"]);
        branches.assert_back();
        repo::assert_no_leftovers(env);
    }
}

#[test]
fn sides_are_taken_and_the_merge_goes_on_though_both_were_killed() {
    let mut killers = [Killer::new("checkout --theirs"), Killer::new("merge --continue")];
    let branches = Branches::new(&mut killers[0].random);
    let env = &branches.env;
    let take = &["checkout", "--theirs", "--", "data"];
    let go_on = &["merge", "--continue"];
    branches.conflict();
    killers[0].run(env, take);
    let tree = repo::hash(env, ".");
    killers[1].run(env, go_on);
    branches.assert_merged(&tree);
    while killers[0].goes_on() && killers[1].goes_on() {
        branches.conflict();
        killers[0].kill(env, take);
        repo::assert_clean(env);
        if env.json(&["status", "--json"])["conflicts"] != serde_json::json!([]) {
            env.ok(take);
        }
        assert_eq!(repo::hash(env, "."), tree);
        killers[1].kill(env, go_on);
        repo::assert_clean(env);
        branches.end(go_on);
        branches.assert_merged(&tree);
        repo::assert_no_leftovers(env);
    }
}
