//! Kills at random moments in two repositories on one store: after each both are whole, and the same
//! command goes on.

use std::fs;

use crate::data::Random;
use crate::env::Env;
use crate::kill::Killer;
use crate::repo;

const MEMBERS: [&str; 2] = ["one", "two"];

fn at<'a>(dir: &'a str, args: &[&'a str]) -> Vec<&'a str> {
    [&["-C", dir], args].concat()
}

fn change(env: &Env, dir: &str, random: &mut Random) {
    for n in 0..6 {
        // Some of what one has the other has, had or will have.
        let mut bytes = Random::new(random.below(8)).bytes(random.below(120_000) as usize + 1);
        bytes.extend(random.bytes(2_000));
        env.write(&format!("{dir}/data/{n}"), bytes);
    }
}

fn assert_whole(env: &Env) {
    for dir in MEMBERS {
        let checked = env.run(&["-C", dir, "fsck", "--data"]);
        assert_eq!(checked.code, 0, "fsck of {dir}: {}{}", checked.stdout, checked.stderr);
    }
}

/// Two members with a history in which about half is needed by nobody, or by one of them.
fn two() -> Env {
    let env = Env::new();
    let mut random = Random::new(5);
    for dir in MEMBERS {
        env.ok(&["init", "--store", "store", dir]);
    }
    for _ in 0..2 {
        for dir in MEMBERS {
            change(&env, dir, &mut random);
            env.ok(&at(dir, &["add", "-A"]));
            env.ok(&at(dir, &["commit", "--allow-empty", "-m", "next"]));
        }
    }
    env
}

/// Kills a verb in one member and the other by turns; `prepare` gives it something to do.
fn kill_by_turns(
    name: &'static str,
    args: &[&str],
    prepare: fn(&Env, &str, &mut Random),
    check: fn(&Env, &str),
) {
    let env = two();
    let mut killer = Killer::new(name);
    let mut random = Random::new(9);
    prepare(&env, "one", &mut random);
    killer.run(&env, &at("one", args));
    let mut round = 0;
    while killer.goes_on() {
        let dir = MEMBERS[round % 2];
        prepare(&env, dir, &mut random);
        killer.kill(&env, &at(dir, args));
        assert_whole(&env);
        let again = env.run(&at(dir, args));
        let is_done = again.stderr.contains("nothing to commit");
        assert!(again.code == 0 || is_done, "{dir} {args:?}: {again:?}");
        check(&env, dir);
        round += 1;
    }
    assert_whole(&env);
    // Both are collected, and all that is committed can be read.
    for dir in MEMBERS {
        env.ok(&at(dir, &["reset", "--hard"]));
        let tree = repo::hash(&env, dir);
        env.ok(&at(dir, &["gc", "--grace", "0", "--reflog", "0"]));
        fs::remove_dir_all(env.path(dir).join("data")).expect("remove");
        env.ok(&at(dir, &["restore", "."]));
        assert_eq!(repo::hash(&env, dir), tree);
    }
    assert_whole(&env);
    let left = fs::read_dir(env.path("store/tmp")).expect("read").count();
    assert_eq!(left, 0, "folders of sessions that ended");
}

fn nothing(_: &Env, _: &str) {}

#[test]
fn a_killed_add_in_one_of_two_on_a_store() {
    kill_by_turns("member add", &["add", "-A"], change, |env, dir| {
        env.ok(&at(dir, &["commit", "--allow-empty", "-m", "next"]));
    });
}

#[test]
fn a_killed_commit_in_one_of_two_on_a_store() {
    let prepare = |env: &Env, dir: &str, random: &mut Random| {
        change(env, dir, random);
        env.ok(&at(dir, &["add", "-A"]));
    };
    kill_by_turns("member commit", &["commit", "-m", "next"], prepare, nothing);
}

/// Lets go of most of what the last commit has, in one member; the other may need some of it.
fn let_go(env: &Env, dir: &str, random: &mut Random) {
    change(env, dir, random);
    env.ok(&at(dir, &["add", "-A"]));
    env.ok(&at(dir, &["commit", "--allow-empty", "-m", "goes"]));
    env.ok(&at(dir, &["reset", "--hard", "HEAD~1"]));
}

#[test]
fn a_killed_collection_in_one_of_two_on_a_store() {
    let args = ["gc", "--grace", "0", "--reflog", "0"];
    kill_by_turns("member gc", &args, let_go, nothing);
}

#[test]
fn a_killed_repack_in_one_of_two_on_a_store() {
    let args = ["repack", "--grace", "0", "--reflog", "0"];
    kill_by_turns("member repack", &args, let_go, nothing);
}
