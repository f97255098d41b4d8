//! `commit`, killed: it happened or it did not, and the stage is not lost.

use crate::add::dataset;
use crate::data::Files;
use crate::data::write_all;
use crate::env::Env;
use crate::kill::Killer;
use crate::repo;

/// Rewrites some small files.
fn change(killer: &mut Killer, env: &Env) {
    let mut changed = Files::new();
    for n in 0..40 {
        let lines = 1 + killer.random.below(60) as usize;
        changed.insert(format!("data/{n:02}/new.csv"), killer.random.text(lines));
    }
    write_all(&env.dir(), &changed);
}

/// Commits again what may have been committed before the kill; returns whether it had been.
fn repeat(env: &Env, args: &[&str], before: &str) -> bool {
    let was_done = repo::head(env) != before;
    let ran = env.run(args);
    match was_done {
        false => assert_eq!(ran.code, 0, "{}", ran.stderr),
        true => assert!(ran.stderr.starts_with("error: nothing to commit"), "{}", ran.stderr),
    }
    was_done
}

fn assert_committed(env: &Env, parent: &str) {
    repo::assert_clean(env);
    let show = env.json(&["log", "-n", "1", "--json"]);
    assert_eq!(show["tree"], repo::hash(env, "."));
    assert_eq!(show["parents"], serde_json::json!([parent]));
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
}

#[test]
fn a_killed_commit_happened_or_did_not() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("commit");
    let mut files = dataset(&mut killer.random);
    files.remove("data/large.bin");
    write_all(&env.dir(), &files);
    env.ok(&["add", "-A"]);
    killer.run(&env, &["commit", "-m", "first"]);
    while killer.goes_on() {
        change(&mut killer, &env);
        env.ok(&["add", "-A"]);
        let before = repo::head(&env);
        killer.kill(&env, &["commit", "-m", "next"]);
        repo::assert_clean(&env);
        if !repeat(&env, &["commit", "-m", "next"], &before) {
            repo::assert_no_leftovers(&env);
        }
        assert_committed(&env, &before);
    }
}

#[test]
fn a_killed_commit_of_all_changes_happened_or_did_not() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("commit -a");
    let mut files = dataset(&mut killer.random);
    files.insert("data/large.bin".to_owned(), killer.random.bytes(8 << 20));
    write_all(&env.dir(), &files);
    change(&mut killer, &env);
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "first"]);
    // How long it takes with something to read.
    env.write("data/large.bin", killer.random.bytes(8 << 20));
    killer.run(&env, &["commit", "-a", "-m", "second"]);
    while killer.goes_on() {
        change(&mut killer, &env);
        env.write("data/large.bin", killer.random.bytes(8 << 20));
        let before = repo::head(&env);
        killer.kill(&env, &["commit", "-a", "-m", "next"]);
        repo::assert_clean(&env);
        repeat(&env, &["commit", "-a", "-m", "next"], &before);
        assert_committed(&env, &before);
    }
    change(&mut killer, &env);
    env.ok(&["commit", "-a", "-m", "last"]);
    repo::assert_no_leftovers(&env);
}
