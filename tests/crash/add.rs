//! `add`, killed: nothing that was there before is lost, and running it again stages everything.

use std::fs;

use crate::data::{Files, Random, assert_same, read_all, write_all};
use crate::env::Env;
use crate::kill::{End, Killer};
use crate::repo;

const SMALL_FILES: u64 = 300;
const LARGE_BYTES: usize = 40 << 20;

/// A few hundred small files, some in folders of their own, and a large one that partly compresses.
pub fn dataset(random: &mut Random) -> Files {
    let mut files = Files::new();
    for n in 0..SMALL_FILES {
        let lines = random.below(60) as usize;
        files.insert(format!("data/{:02}/{n:03}.csv", n % 20), random.text(lines));
    }
    files.insert("data/large.bin".to_owned(), random.bytes(LARGE_BYTES));
    files
}

/// Changes, adds and removes some of the files, in the model and below `folder`.
pub fn change(files: &mut Files, random: &mut Random, env: &Env) {
    let mut changed = Files::new();
    for _ in 0..60 {
        let n = random.below(SMALL_FILES * 2);
        let lines = random.below(60) as usize;
        changed.insert(format!("data/{:02}/{n:03}.csv", n % 20), random.text(lines));
    }
    let mut large = files["data/large.bin"].clone();
    // Most of the file is new, so that a kill meets the writing of packs.
    let from = random.below(8 << 20) as usize;
    let fresh = random.bytes(20 << 20);
    large[from..from + fresh.len()].copy_from_slice(&fresh);
    changed.insert("data/large.bin".to_owned(), large);
    write_all(&env.dir(), &changed);
    files.extend(changed);
    let small: Vec<String> = files.keys().filter(|n| n.ends_with(".csv")).cloned().collect();
    for _ in 0..10 {
        let name = &small[random.below(small.len() as u64) as usize];
        if files.remove(name).is_some() {
            fs::remove_file(env.path(name)).expect("remove");
        }
    }
}

#[test]
fn a_killed_add_loses_nothing_and_goes_on() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("add");
    let mut files = dataset(&mut killer.random);
    write_all(&env.dir(), &files);
    killer.run(&env, &["add", "-A"]);
    env.ok(&["commit", "-m", "first"]);
    while killer.goes_on() {
        change(&mut files, &mut killer.random, &env);
        let before = repo::head(&env);
        killer.kill(&env, &["add", "-A"]);
        repo::assert_clean(&env);
        assert_eq!(repo::head(&env), before);

        killer.run(&env, &["add", "-A"]);
        repo::assert_no_leftovers(&env);
        let done = env.json(&["commit", "-m", "next", "--json"]);
        assert_eq!(done["tree"], repo::hash(&env, "."));
        repo::assert_clean(&env);
    }
    fs::remove_dir_all(env.path("data")).expect("remove");
    env.ok(&["restore", "."]);
    assert_same(&read_all(&env.dir()), &files);
}

#[test]
fn an_add_killed_again_and_again_gives_the_same_tree() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("add after add");
    let mut files = dataset(&mut killer.random);
    write_all(&env.dir(), &files);
    killer.run(&env, &["add", "."]);
    change(&mut files, &mut killer.random, &env);
    while killer.goes_on() {
        if killer.kill(&env, &["add", "-A"]) == End::Done {
            change(&mut files, &mut killer.random, &env);
        }
    }
    repo::assert_clean(&env);
    let (_, tree) = repo::commit_all(&env, "all of it");
    repo::assert_no_leftovers(&env);
    assert_eq!(tree, repo::hash(&env, "."));
    fs::remove_dir_all(env.path("data")).expect("remove");
    env.ok(&["restore", "."]);
    assert_same(&read_all(&env.dir()), &files);
}
