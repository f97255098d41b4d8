//! `restore`, killed: running it again brings everything back.

use std::fs;

use crate::add::dataset;
use crate::data::{assert_same, read_all, write_all};
use crate::env::Env;
use crate::kill::Killer;
use crate::repo;

#[test]
fn a_killed_restore_is_finished_by_the_next() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("restore");
    let files = dataset(&mut killer.random);
    write_all(&env.dir(), &files);
    let (_, tree) = repo::commit_all(&env, "first");
    fs::remove_dir_all(env.path("data")).expect("remove");
    killer.run(&env, &["restore", "."]);
    while killer.goes_on() {
        if killer.killed().is_multiple_of(2) {
            fs::remove_dir_all(env.path("data")).expect("remove");
        } else {
            let scrambled = files.keys().filter(|_| killer.random.below(2) == 0);
            let names: Vec<&String> = scrambled.collect();
            names.iter().for_each(|name| env.write(name, "not what was committed"));
        }
        killer.kill(&env, &["restore", "."]);
        repo::assert_clean(&env);
        killer.run(&env, &["restore", "."]);
        repo::assert_no_leftovers(&env);
        assert_eq!(repo::hash(&env, "."), tree);
        assert_eq!(env.json(&["status", "--json"])["clean"], true);
    }
    assert_same(&read_all(&env.dir()), &files);
}

#[test]
fn a_killed_unstage_leaves_one_stage_or_the_other() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("restore --staged");
    let mut files = dataset(&mut killer.random);
    files.remove("data/large.bin");
    write_all(&env.dir(), &files);
    repo::commit_all(&env, "first");
    env.write("data/00/000.csv", "changed");
    env.ok(&["add", "data"]);
    killer.run(&env, &["restore", "--staged", "data"]);
    while killer.goes_on() {
        env.ok(&["add", "data"]);
        repo::assert_no_leftovers(&env);
        killer.kill(&env, &["restore", "--staged", "data"]);
        repo::assert_clean(&env);
        env.ok(&["restore", "--staged", "data"]);
        let status = env.json(&["status", "--json"]);
        assert_eq!(status["staged"], serde_json::json!([]));
        assert_eq!(status["unstaged"][0]["path"], "data/00/000.csv");
    }
}
