//! `push`, `pull`, `clone` and `gc --remote`, killed: run again they go on, and nothing that a branch reaches is missing.

use std::fs;
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::data::{Files, write_all};
use crate::env::Env;
use crate::kill::{End, Killer};
use crate::repo;

/// A repository in `work`, with a remote in a folder beside it.
fn site(killer: &mut Killer) -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    change(killer, &env);
    repo::commit_all(&env, "first");
    env.ok(&["remote", "add", "origin", "../shared"]);
    env
}

/// Some small files, and a large one that changes as a whole.
fn change(killer: &mut Killer, env: &Env) {
    let mut files = Files::new();
    for n in 0..30 {
        let lines = 1 + killer.random.below(60) as usize;
        files.insert(format!("small/{n:02}.csv"), killer.random.text(lines));
    }
    files.insert("large.bin".to_owned(), killer.random.bytes(6 << 20));
    write_all(&env.dir(), &files);
}

/// A new clone holds what HEAD of the repository does.
fn assert_shared(env: &Env) {
    env.ok(&["clone", "../shared", "../proof"]);
    let proof = env.dir().parent().expect("beside").join("proof");
    env.ok(&["-C", "../proof", "fsck", "--data"]);
    assert_eq!(env.ok(&["-C", "../proof", "hash", "."]), env.ok(&["hash", "."]));
    fs::remove_dir_all(proof).expect("remove");
}

#[test]
fn a_killed_push_goes_on() {
    let mut killer = Killer::new("push");
    let env = site(&mut killer);
    killer.run(&env, &["push"]);
    while killer.goes_on() {
        change(&mut killer, &env);
        repo::commit_all(&env, "next");
        killer.kill(&env, &["push"]);
        // Whatever moment it was, the remote is whole.
        env.ok(&["remote", "fsck", "--data"]);
        env.ok(&["push"]);
        assert_shared(&env);
        repo::assert_clean(&env);
    }
}

/// A remote that is collected at any moment is whole, and in the end nothing lies there that is not listed.
#[test]
fn a_killed_collection_of_a_remote_goes_on() {
    const COLLECT: &[&str] = &["gc", "--remote", "--grace", "0"];
    let mut killer = Killer::new("gc --remote");
    let mut env = site(&mut killer);
    // What a killed one left is given back by its age, which the store tells.
    env.unset("ESKER_TEST_NOW");
    env.ok(&["push"]);
    replace(&mut killer, &env);
    killer.run(&env, COLLECT);
    while killer.goes_on() {
        replace(&mut killer, &env);
        killer.kill(&env, COLLECT);
        env.ok(&["fsck", "--remote", "--data"]);
        assert_shared(&env);
        repo::assert_clean(&env);
    }
    let remote = env.dir().parent().expect("beside").join("shared");
    age_unfinished(&remote);
    env.ok(COLLECT);
    let found = env.json(&["fsck", "--remote", "--data", "--json"]);
    assert_shared(&env);
    assert_eq!(found["unnamed"], 0, "{found}");
    let listed = found["bytes"].as_u64().expect("a number");
    // A push takes a small pack of the one before along, and what is half wanted stays.
    assert!(listed < 14 << 20, "{listed} bytes of a branch of some 6 MB");
    let beside = bytes_below(&remote) - listed;
    assert!(beside < 64 << 10, "{beside} bytes that are no packs");
}

/// What killed writers left half written was last written to two days ago.
fn age_unfinished(remote: &Path) {
    for entry in fs::read_dir(remote.join("tmp")).expect("list") {
        let file = fs::File::open(entry.expect("entry").path()).expect("open");
        file.set_modified(SystemTime::now() - Duration::from_secs(172_800)).expect("an age");
    }
}

/// The branch's last commit is another now, on the remote too.
fn replace(killer: &mut Killer, env: &Env) {
    change(killer, env);
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "--amend", "-m", "another"]);
    env.ok(&["push", "--force"]);
}

fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).expect("list").map(|entry| entry.expect("entry"));
    let bytes = |entry: fs::DirEntry| match entry.file_type().expect("kind").is_dir() {
        true => bytes_below(&entry.path()),
        false => entry.metadata().expect("metadata").len(),
    };
    entries.map(bytes).sum()
}

#[test]
fn a_killed_clone_goes_on() {
    let mut killer = Killer::new("clone");
    let env = site(&mut killer);
    env.ok(&["push"]);
    let copy = env.dir().parent().expect("beside").join("copy");
    killer.run(&env, &["clone", "../shared", "../copy"]);
    while killer.goes_on() {
        fs::remove_dir_all(&copy).expect("remove");
        let end = killer.kill(&env, &["clone", "../shared", "../copy"]);
        if end == End::Killed {
            let ran = env.run(&["clone", "../shared", "../copy"]);
            // Killed after its last step, it is a repository like any other.
            assert!(ran.code == 0 || ran.stderr.contains("holds a repository"), "{}", ran.stderr);
        }
        env.ok(&["-C", "../copy", "fsck", "--data"]);
        assert_eq!(env.ok(&["-C", "../copy", "hash", "."]), env.ok(&["hash", "."]));
        assert!(env.json(&["-C", "../copy", "status", "--json"])["clean"] == true);
    }
}

#[test]
fn a_killed_pull_goes_on() {
    let mut killer = Killer::new("pull");
    let env = site(&mut killer);
    env.ok(&["push"]);
    env.ok(&["clone", "../shared", "../copy"]);
    change(&mut killer, &env);
    repo::commit_all(&env, "next");
    env.ok(&["push"]);
    killer.run(&env, &["-C", "../copy", "pull"]);
    while killer.goes_on() {
        change(&mut killer, &env);
        repo::commit_all(&env, "next");
        env.ok(&["push"]);
        killer.kill(&env, &["-C", "../copy", "pull"]);
        env.ok(&["-C", "../copy", "fsck"]);
        env.ok(&["-C", "../copy", "pull"]);
        env.ok(&["-C", "../copy", "fsck", "--data"]);
        assert_eq!(env.ok(&["-C", "../copy", "hash", "."]), env.ok(&["hash", "."]));
    }
}

#[test]
fn a_killed_mirror_goes_on() {
    let mut killer = Killer::new("mirror");
    let env = site(&mut killer);
    env.ok(&["push"]);
    let args = ["mirror", "../shared", "../other"];
    let other = env.dir().parent().expect("beside").join("other");
    killer.run(&env, &args);
    while killer.goes_on() {
        match killer.random.below(3) {
            // From the start, too.
            0 => fs::remove_dir_all(&other).expect("remove"),
            _ => {
                change(&mut killer, &env);
                repo::commit_all(&env, "next");
                env.ok(&["push"]);
            }
        }
        killer.kill(&env, &args);
        env.ok(&args);
        env.ok(&["clone", "../other", "../proof"]);
        let proof = env.dir().parent().expect("beside").join("proof");
        env.ok(&["-C", "../proof", "fsck", "--data"]);
        env.ok(&["-C", "../proof", "remote", "fsck", "--data"]);
        assert_eq!(env.ok(&["-C", "../proof", "hash", "."]), env.ok(&["hash", "."]));
        fs::remove_dir_all(proof).expect("remove");
    }
}

#[test]
fn a_killed_add_to_a_remote_goes_on() {
    let mut killer = Killer::new("add to");
    let env = site(&mut killer);
    env.ok(&["config", "transfer.local_limit", "1M"]);
    let args = ["add", "-A", "--to", "origin"];
    change(&mut killer, &env);
    killer.run(&env, &args);
    while killer.goes_on() {
        change(&mut killer, &env);
        killer.kill(&env, &args);
        repo::assert_clean(&env);
        env.ok(&args);
        let tree = repo::hash(&env, ".");
        assert_eq!(env.json(&["commit", "-m", "next", "--json"])["tree"], tree);
        env.ok(&["push"]);
        env.ok(&["remote", "fsck", "--data"]);
        assert_shared(&env);
        repo::assert_clean(&env);
    }
}

#[test]
fn a_killed_evict_goes_on() {
    let mut killer = Killer::new("evict");
    let env = site(&mut killer);
    env.ok(&["push"]);
    let before = repo::hash(&env, ".");
    killer.run(&env, &["evict", "small", "large.bin"]);
    while killer.goes_on() {
        env.ok(&["sparse", "disable"]);
        assert_eq!(repo::hash(&env, "."), before);
        killer.kill(&env, &["evict", "small", "large.bin"]);
        repo::assert_clean(&env);
        env.ok(&["remote", "fsck", "--data"]);
        env.ok(&["evict", "small", "large.bin"]);
        assert!(!env.path("large.bin").exists());
        repo::assert_clean(&env);
    }
    env.ok(&["sparse", "disable"]);
    assert_eq!(repo::hash(&env, "."), before);
}

/// What the set leaves goes from disk, and what it takes in comes: whatever moment it was, no file looks deleted.
#[test]
fn a_killed_change_of_the_sparse_set_goes_on() {
    let mut killer = Killer::new("sparse set");
    let env = site(&mut killer);
    env.ok(&["push"]);
    let before = repo::hash(&env, ".");
    env.ok(&["clone", "--sparse", "small/00.csv", "../shared", "../part"]);
    let set = |paths: &[&'static str]| [&["-C", "../part", "sparse", "set"], paths].concat();
    let sets = [set(&["large.bin"]), set(&["small"]), set(&["small/01.csv", "large.bin"])];
    let part = env.dir().parent().expect("beside").join("part");
    killer.run(&env, &sets[0]);
    let mut at = 0;
    while killer.goes_on() {
        at = (at + 1) % sets.len();
        killer.kill(&env, &sets[at]);
        assert!(env.json(&["-C", "../part", "status", "--json"])["clean"] == true);
        env.ok(&["-C", "../part", "fsck"]);
        env.ok(&sets[at]);
        assert!(env.json(&["-C", "../part", "status", "--json"])["clean"] == true);
        assert_eq!(part.join("large.bin").exists(), at != 1);
        assert_eq!(part.join("small/02.csv").exists(), at == 1);
        env.ok(&["-C", "../part", "fsck", "--data"]);
    }
    env.ok(&["-C", "../part", "sparse", "disable"]);
    assert_eq!(env.json(&["-C", "../part", "hash", ".", "--json"])["id"], before);
}

/// Pinning without a clone: the remote is whole, and keeps what the lock file names once it was run again.
#[test]
fn a_killed_pin_goes_on() {
    let mut killer = Killer::new("pin");
    let env = site(&mut killer);
    env.ok(&["push"]);
    let args = ["-C", "..", "pin", "shared:small", "-o", "pinned"];
    killer.run(&env, &args);
    while killer.goes_on() {
        change(&mut killer, &env);
        repo::commit_all(&env, "next");
        env.ok(&["push"]);
        killer.kill(&env, &args);
        env.ok(&["remote", "fsck", "--data"]);
        assert_eq!(env.run(&args).stderr, "");
        let commit = env.json(&["log", "-n", "1", "--json"])["commit"].clone();
        let keeps = env.ok(&["remote", "keeps"]);
        assert!(keeps.contains(commit.as_str().expect("an id")), "{keeps}");
        repo::assert_clean(&env);
    }
}

#[test]
fn a_killed_get_goes_on() {
    let mut killer = Killer::new("get");
    let env = site(&mut killer);
    env.ok(&["push"]);
    let args = ["-C", "..", "get", "shared", "-o", "got"];
    let got = env.dir().parent().expect("beside").join("got");
    killer.run(&env, &args);
    while killer.goes_on() {
        fs::remove_dir_all(&got).expect("remove");
        killer.kill(&env, &args);
        env.ok(&args);
        assert_eq!(env.ok(&["hash", "../got"]), env.ok(&["hash", "."]));
    }
    repo::assert_clean(&env);
}
