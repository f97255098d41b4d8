//! `checkout`, killed: running it again finishes it, checking out HEAD undoes it, and what the user
//! wrote is never touched.

use std::collections::BTreeMap;
use std::fs;

use crate::data::{Files, Random, assert_same, read_all, write_all};
use crate::env::Env;
use crate::kill::{End, Killer};
use crate::repo;

/// Two versions of a folder, and the user's own work in it.
struct Versions {
    env: Env,
    /// Content and id of `data` by commit.
    by_commit: BTreeMap<String, (Files, String)>,
    commits: [String; 2],
}

const OWN: &str = "data/keep/005.csv";
const NOTES: &str = "notes/mine.txt";

/// One version: files that all share, files of its own, files that differ, a large one, a file where
/// another version has a folder.
fn version(random: &mut Random, shared: &Files, large: &[u8], number: u64) -> Files {
    let mut files = shared.clone();
    for n in 0..150 {
        files.insert(format!("data/change/{:02}/{n:03}.csv", n % 10), random.text(n));
    }
    for n in 0..40 {
        files.insert(format!("data/only{number}/{n}.csv"), random.text(n));
    }
    files.insert("data/large.bin".to_owned(), large.to_owned());
    let name = if number == 0 { "data/turns" } else { "data/turns/to/a/folder" };
    files.insert(name.to_owned(), random.text(3));
    files
}

impl Versions {
    fn new(random: &mut Random) -> Self {
        let env = Env::new();
        env.ok(&["init"]);
        env.write(".eskerignore", "/notes\n");
        env.write(NOTES, "not to be touched");
        let shared: Files =
            (0..40).map(|n| (format!("data/keep/{n:03}.csv"), random.text(30))).collect();
        let mut large = random.bytes(24 << 20);
        let mut by_commit = BTreeMap::new();
        let commits = [0, 1].map(|number| {
            let files = version(random, &shared, &large, number);
            let fresh = random.bytes(8 << 20);
            large[8 << 20..16 << 20].copy_from_slice(&fresh);
            let _ = fs::remove_dir_all(env.path("data"));
            write_all(&env.dir(), &files);
            let (commit, _) = repo::commit_all(&env, &format!("version {number}"));
            by_commit.insert(commit.clone(), (files, repo::hash(&env, "data")));
            commit
        });
        Self { env, by_commit, commits }
    }

    /// The version that HEAD is not on.
    fn other(&self) -> String {
        let head = repo::head(&self.env);
        self.commits.iter().find(|c| **c != head).expect("there are two").clone()
    }

    /// Asserts that HEAD and the files are at a commit, but for the user's own edit.
    fn assert_at(&self, commit: &str, own: &[u8]) {
        assert_eq!(repo::head(&self.env), commit);
        assert_eq!(fs::read(self.env.path(OWN)).expect("own file"), own, "own edit lost");
        let notes = fs::read(self.env.path(NOTES)).expect("notes");
        assert_eq!(notes, b"not to be touched");
        let (files, id) = &self.by_commit[commit];
        fs::write(self.env.path(OWN), &files[OWN]).expect("write");
        assert_eq!(&repo::hash(&self.env, "data"), id);
        let mut found = read_all(&self.env.path("data"));
        let mut expected = Files::new();
        for (name, bytes) in files {
            let name = name.strip_prefix("data/").expect("all are below data");
            // The large file is proved by the id.
            if name == "large.bin" {
                found.remove(name);
            } else {
                expected.insert(name.to_owned(), bytes.clone());
            }
        }
        assert_same(&found, &expected);
        assert_eq!(self.env.json(&["status", "--json"])["clean"], true);
    }
}

/// What is done after the first kill.
#[derive(Clone, Copy, Debug)]
enum Then {
    Finish,
    Undo,
    FinishKilledUndo,
    UndoKilledFinish,
    UndoKilledUndo,
    Edit,
}

const THENS: [Then; 6] = [
    Then::Finish,
    Then::Undo,
    Then::UndoKilledUndo,
    Then::FinishKilledUndo,
    Then::UndoKilledFinish,
    Then::Edit,
];

#[test]
fn a_killed_checkout_is_finished_or_undone_and_spares_the_users_work() {
    let mut killer = Killer::new("checkout");
    let versions = Versions::new(&mut killer.random);
    let env = &versions.env;
    killer.run(env, &["checkout", &versions.other()]);
    for then in THENS.into_iter().cycle() {
        if !killer.goes_on() {
            break;
        }
        let own = killer.random.text(50);
        env.write(OWN, &own);
        let to = versions.other();
        let end = killer.kill(env, &["checkout", &to]);
        println!("{then:?}: {end:?}");
        repo::assert_clean(env);
        let at = repo::head(env);
        assert!(end == End::Killed || at == to);
        let wanted = match then {
            Then::Finish => to,
            Then::Undo => at,
            Then::UndoKilledUndo => {
                killer.kill(env, &["checkout", "HEAD"]);
                at
            }
            Then::UndoKilledFinish => {
                killer.kill(env, &["checkout", "HEAD"]);
                to
            }
            Then::FinishKilledUndo => {
                killer.kill(env, &["checkout", &to]);
                repo::head(env)
            }
            Then::Edit => {
                refuses_to_lose_an_edit(env, &at, &to);
                to
            }
        };
        repo::assert_clean(env);
        let target = if repo::head(env) == wanted { "HEAD" } else { &wanted };
        killer.run(env, &["checkout", target]);
        repo::assert_no_leftovers(env);
        versions.assert_at(&wanted, &own);
    }
    repo::assert_clean(env);
}

/// Whether a checkout waits to be finished.
fn is_waiting(env: &Env) -> bool {
    let facts = env.json(&["doctor", "--json"]);
    let interrupted = facts["repository"]["state"]["interrupted"].as_array().expect("a list");
    !interrupted.is_empty()
}

/// A file that the user writes after the kill is nobody's but theirs.
fn refuses_to_lose_an_edit(env: &Env, at: &str, to: &str) {
    let file = "data/change/03/113.csv";
    let edit = "written after the kill";
    env.write(file, edit);
    for target in [at, to] {
        // Not killed, or before it noted what it would do: nothing is in the way of HEAD.
        let is_there = repo::head(env) == target && !is_waiting(env);
        let ran = env.run(&["checkout", target]);
        assert_eq!(fs::read_to_string(env.path(file)).expect("the edit"), edit);
        if is_there {
            assert_eq!(ran.code, 0, "{target}: {}{}", ran.stdout, ran.stderr);
            continue;
        }
        assert_eq!(ran.code, 4, "{target}: {}{}", ran.stdout, ran.stderr);
        assert!(ran.stderr.contains(file), "{}", ran.stderr);
    }
    env.ok(&["restore", file]);
}
