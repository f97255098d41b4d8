//! A reader that goes away is no failure.

use std::process::Stdio;

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::repo;

/// Runs a command whose output nobody reads.
fn unread(env: &Env, args: &[&str]) -> Ran {
    let mut command = env.command(args);
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program starts");
    drop(child.stdout.take());
    Ran::of(child.wait_with_output().expect("the program ends"))
}

#[test]
fn a_closed_pipe_is_success() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut random = Random::new(1);
    for n in 0..400 {
        env.write(
            &format!("data/with a long name to fill the pipe's buffer soon/{n}"),
            format!("{n}"),
        );
    }
    env.write("data/large.csv", random.text(200_000));
    env.ok(&["add", "."]);
    let before = env.ok(&["stats", "--json"]);
    let runs: [&[&str]; 12] = [
        &["status"],
        &["status", "--json"],
        &["commit", "-m", "one"],
        &["log"],
        &["log", "--oneline"],
        &["show"],
        &["ls", "-R"],
        &["ls", "-R", "--json"],
        &["cat", "HEAD:data/large.csv"],
        &["hash", "."],
        &["stats"],
        &["config"],
    ];
    for args in runs {
        let ran = unread(&env, args);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}");
    }
    assert_ne!(env.ok(&["stats", "--json"]), before, "the commit was made all the same");
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    repo::assert_clean(&env);
}

#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    repo::commit_all(&env, "one");
    for args in [&["log"][..], &["cat", "HEAD:data/a.csv"], &["ls"]] {
        let mut command = env.command(args);
        command.stdout(full.try_clone().expect("a handle"));
        let ran = Ran::of(command.output().expect("the program runs"));
        assert_eq!(ran.code, 1, "{args:?}");
        assert!(ran.stderr.starts_with("error: cannot write to standard output: "), "{ran:?}");
    }
}
