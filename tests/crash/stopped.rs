//! A verb that is stopped just before it names what HEAD, the stage, a stash or another branch had, while
//! others let go of exactly that and collect: what it names is whole all the same.
//!
//! The process stops at a call that `strace` chooses, and goes on when the others are done: what long
//! races meet now and then happens here each time.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::linux::wrapped;
use crate::repo;
use crate::trace;

const LEN: usize = 300_000;
const PAUSE: Duration = Duration::from_millis(20);
/// Long enough for a machine that has much else to do.
const PATIENCE: Duration = Duration::from_secs(120);

/// A process that stands still at one of its calls.
struct Stopped {
    strace: Child,
    process: String,
}

impl Stopped {
    /// Starts a command, which stops at the `count`th of its renames.
    fn at_rename(env: &Env, args: &[&str], count: u32) -> Self {
        let log = env.dir().with_file_name("stops");
        let _ = fs::remove_file(&log);
        let (path, stop) =
            (log.display().to_string(), format!("inject=/^rename:signal=STOP:when={count}"));
        let by = ["strace", "-f", "-o", &path, "-e", "trace=/^rename", "-e", &stop];
        let mut command = wrapped(&by, &env.command(args));
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut strace = command.spawn().expect("strace starts");
        let began = Instant::now();
        loop {
            let text = fs::read_to_string(&log).unwrap_or_default();
            if let Some(line) = text.lines().find(|line| line.contains("stopped by SIGSTOP")) {
                let process = process_of(line.split(' ').next().unwrap_or_default());
                return Self { strace, process };
            }
            let ended = strace.try_wait().expect("it can be asked");
            assert!(ended.is_none(), "{args:?} ended before it was stopped:\n{text}");
            assert!(began.elapsed() < PATIENCE, "{args:?} never came to rename {count}:\n{text}");
            thread::sleep(PAUSE);
        }
    }

    /// Lets it go on to its end. Each of its threads stops where the first one did.
    fn go_on(mut self) -> Ran {
        while self.strace.try_wait().expect("it can be asked").is_none() {
            let _ = Command::new("kill").args(["-CONT", &self.process]).output();
            thread::sleep(PAUSE);
        }
        Ran::of(self.strace.wait_with_output().expect("strace ends"))
    }
}

/// The process that a thread belongs to.
fn process_of(thread: &str) -> String {
    let status = fs::read_to_string(format!("/proc/{thread}/status")).expect("it stands still");
    let line = status.lines().find_map(|line| line.strip_prefix("Tgid:"));
    line.expect("every thread is of a process").trim().to_owned()
}

/// A repository with one commit.
fn repository() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("kept", "kept");
    repo::commit_all(&env, "first");
    env
}

fn write_noise(env: &Env, path: &str, seed: u64) {
    env.write(path, Random::new(seed).bytes(LEN));
}

/// Collects what nothing but reflogs and running commands needs.
fn collect(env: &Env) {
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
}

#[track_caller]
fn assert_whole(env: &Env) {
    let checked = env.run(&["fsck", "--data"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    // A name of something that is gone would keep every collection from running.
    collect(env);
}

/// The stage is put back to what HEAD had; HEAD moves back, to where that is not.
fn head_moves_while_unstaging(args: &[&str]) {
    if !trace::is_possible() {
        return;
    }
    let env = repository();
    write_noise(&env, "large", 1);
    repo::commit_all(&env, "second");
    write_noise(&env, "large", 2);
    env.ok(&["add", "large"]);
    let stopped = Stopped::at_rename(&env, args, 1);
    env.ok(&["reset", "--hard", "HEAD~1"]);
    collect(&env);
    let ran = stopped.go_on();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert!(env.ok(&["status", "-s"]).contains("A"), "it is not staged: the test shows nothing");
    assert_whole(&env);
    env.ok(&["restore", "large"]);
    assert_eq!(fs::read(env.path("large")).expect("read"), Random::new(1).bytes(LEN));
}

#[test]
fn restoring_the_stage_while_head_moves_back() {
    head_moves_while_unstaging(&["restore", "--staged", "large"]);
}

#[test]
fn resetting_a_path_while_head_moves_back() {
    head_moves_while_unstaging(&["reset", "--", "large"]);
}

#[test]
fn moving_a_file_while_the_stage_lets_go_of_it() {
    if !trace::is_possible() {
        return;
    }
    let env = repository();
    write_noise(&env, "old", 1);
    env.ok(&["add", "old"]);
    let stopped = Stopped::at_rename(&env, &["mv", "old", "new"], 1);
    env.ok(&["rm", "--cached", "--force", "old"]);
    collect(&env);
    let ran = stopped.go_on();
    assert_eq!(ran.code, 0, "{ran:?}");
    assert_eq!(env.ok(&["status", "-s"]), "A  new\n");
    assert_whole(&env);
}

#[test]
fn applying_a_stash_while_it_is_dropped() {
    if !trace::is_possible() {
        return;
    }
    for args in [&["stash", "apply"][..], &["stash", "apply", "--index"]] {
        let env = repository();
        write_noise(&env, "new", 1);
        env.ok(&["add", "new"]);
        env.ok(&["stash"]);
        // What both have is in no tree yet: the first rename is that of its pack.
        env.write("more", "more");
        repo::commit_all(&env, "more");
        let stopped = Stopped::at_rename(&env, args, 1);
        env.ok(&["stash", "drop"]);
        collect(&env);
        let ran = stopped.go_on();
        assert_eq!(ran.code, 0, "{ran:?}");
        assert_eq!(env.ok(&["status", "-s"]), "A  new\n");
        assert_whole(&env);
    }
}

/// `clone` and its remote have both moved on from a common commit; the clone has fetched.
fn moved_apart() -> Env {
    let env = Env::new();
    env.ok(&["init", "other"]);
    env.write("other/kept", "kept");
    env.ok(&["-C", "other", "add", "-A"]);
    env.ok(&["-C", "other", "commit", "-m", "first"]);
    env.ok(&["-C", "other", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "other", "push"]);
    env.ok(&["clone", "shared", "clone"]);
    write_noise(&env, "other/theirs", 1);
    env.ok(&["-C", "other", "add", "-A"]);
    env.ok(&["-C", "other", "commit", "-m", "theirs"]);
    env.ok(&["-C", "other", "push"]);
    env.ok(&["-C", "clone", "fetch"]);
    env
}

fn commit_in_clone(env: &Env, name: &str, seed: u64) {
    write_noise(env, &format!("clone/{name}"), seed);
    env.ok(&["-C", "clone", "add", "-A"]);
    env.ok(&["-C", "clone", "commit", "-m", name]);
}

/// The branch of the remote is forgotten and collected while a pull is about to build on it.
fn remote_goes_while_pulling(args: &[&str], own: u64, count: u32) {
    if !trace::is_possible() {
        return;
    }
    let env = moved_apart();
    for n in 0..own {
        commit_in_clone(&env, &format!("ours{n}"), 10 + n);
    }
    let stopped = Stopped::at_rename(&env, &[&["-C", "clone"], args].concat(), count);
    env.ok(&["-C", "clone", "remote", "remove", "origin"]);
    env.ok(&["-C", "clone", "gc", "--grace", "0", "--reflog", "0"]);
    let ran = stopped.go_on();
    assert_eq!(ran.code, 0, "{ran:?}");
    let files = env.ok(&["-C", "clone", "ls"]);
    assert!(files.contains("theirs"), "nothing was brought: {files}");
    let checked = env.run(&["-C", "clone", "fsck", "--data"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    env.ok(&["-C", "clone", "gc", "--grace", "0", "--reflog", "0"]);
}

#[test]
fn making_commits_anew_on_a_branch_that_goes() {
    for count in 1..=2 {
        remote_goes_while_pulling(&["pull", "--rebase"], 2, count);
    }
}

#[test]
fn merging_a_branch_that_goes() {
    remote_goes_while_pulling(&["pull", "--merge"], 1, 1);
}

#[test]
fn pushing_a_branch_that_goes() {
    if !trace::is_possible() {
        return;
    }
    let env = moved_apart();
    env.ok(&["-C", "clone", "switch", "-c", "side"]);
    commit_in_clone(&env, "side", 3);
    let stopped = Stopped::at_rename(&env, &["-C", "clone", "push", "origin", "side"], 1);
    env.ok(&["-C", "clone", "switch", "main"]);
    env.ok(&["-C", "clone", "branch", "-D", "side"]);
    env.ok(&["-C", "clone", "gc", "--grace", "0", "--reflog", "0"]);
    let ran = stopped.go_on();
    assert_eq!(ran.code, 0, "{ran:?}");
    env.ok(&["-C", "clone", "log", "origin/side"]);
    let checked = env.run(&["-C", "clone", "fsck", "--data"]);
    assert_eq!(checked.code, 0, "{}{}", checked.stdout, checked.stderr);
    env.ok(&["-C", "clone", "gc", "--grace", "0", "--reflog", "0"]);
}
