//! Ctrl-C: the command ends within a second, says how to go on, and can be run again.

use std::fs;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::data::{Files, Random, assert_same, read_all, write_all};
use crate::env::{Env, Ran};
use crate::linux::wrapped;
use crate::repo;

const LIMIT: Duration = Duration::from_secs(1);

/// Whether this process ignores the signal of Ctrl-C, which those it starts would then do, too.
fn is_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").expect("Linux has it");
    let mask = status.lines().find_map(|l| l.strip_prefix("SigIgn:")).expect("a mask");
    u64::from_str_radix(mask.trim(), 16).expect("a number") & (1 << 1) != 0
}

/// Runs a command, interrupts it after `delay`, and says how long it took to end after that.
fn interrupt(env: &Env, args: &[&str], delay: Duration) -> (Ran, Duration) {
    let mut command = env.command(args);
    if is_ignored() {
        command = wrapped(&["env", "--default-signal=INT"], &command);
    }
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().expect("the program starts");
    thread::sleep(delay);
    let pid = child.id().to_string();
    let started = Instant::now();
    let _ = Command::new("kill").args(["-INT", &pid]).stderr(Stdio::null()).status();
    let ran = output(child);
    (ran, started.elapsed())
}

/// As [`Ran::of`], but before its handler is set up the signal itself ends the process.
fn output(child: std::process::Child) -> Ran {
    let output = child.wait_with_output().expect("the program ends");
    if output.status.code().is_none() {
        let text = "error: interrupted\nhint: too early\n".to_owned();
        return Ran { code: -1, stdout: String::new(), stderr: text };
    }
    Ran::of(output)
}

/// Interrupts a command at several moments of its usual time. `prepare` comes before each run, `check`
/// after those that were interrupted.
fn interrupt_often(env: &Env, args: &[&str], prepare: impl Fn(u64), check: impl Fn()) {
    const WANTED: u32 = 5;
    prepare(0);
    let started = Instant::now();
    env.ok(args);
    let mut usual = started.elapsed();
    let mut random = Random::new(11);
    let mut interrupted = 0;
    for n in 1..=200 {
        prepare(n);
        let delay = usual.mul_f64(random.below(1000) as f64 / 1000.0);
        let (ran, took) = interrupt(env, args, delay);
        match ran.code {
            // What was measured once was slower than usual.
            0 => usual = delay,
            -1 => usual = usual.mul_f64(1.1),
            _ => {
                let hint = "nothing is lost; run the command again to go on";
                let expected = format!("error: interrupted\nhint: {hint}\n");
                assert_eq!((ran.code, ran.stderr), (130, expected));
                assert!(took < LIMIT, "{args:?} took {took:?} to end");
                interrupted += 1;
                check();
            }
        }
        if interrupted == WANTED {
            println!("{args:?}: {interrupted} of {n} were interrupted");
            return;
        }
    }
    panic!("only {interrupted} runs of {args:?} were interrupted before their end");
}

fn files(seed: u64, megabytes: usize) -> Files {
    let mut random = Random::new(seed);
    let mut files = Files::from([("data/large.bin".to_owned(), random.bytes(megabytes << 20))]);
    for n in 0..200 {
        files.insert(format!("data/small/{n}.csv"), random.text(n));
    }
    files
}

#[test]
fn add_stops_and_goes_on() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/first.csv", "1,2\n");
    repo::commit_all(&env, "one");
    let head = repo::head(&env);
    interrupt_often(
        &env,
        &["add", "."],
        |n| write_all(&env.dir(), &files(n, 48)),
        || {
            assert_eq!(repo::head(&env), head);
            repo::assert_no_leftovers(&env);
            repo::assert_clean(&env);
        },
    );
    let (_, tree) = repo::commit_all(&env, "two");
    assert_eq!(tree, repo::hash(&env, "."));
    repo::assert_clean(&env);
}

#[test]
fn commit_stops_and_goes_on() {
    let env = Env::new();
    env.ok(&["init"]);
    write_all(&env.dir(), &files(100, 1));
    repo::commit_all(&env, "one");
    let args = ["commit", "-a", "-m", "next"];
    interrupt_often(
        &env,
        &args,
        |n| write_all(&env.dir(), &files(n, 32)),
        || {
            repo::assert_no_leftovers(&env);
            repo::assert_clean(&env);
            let done = env.json(&["commit", "-a", "-m", "again", "--json"]);
            assert_eq!(done["tree"], repo::hash(&env, "."));
        },
    );
}

#[test]
fn checkout_and_restore_stop_and_go_on() {
    let env = Env::new();
    env.ok(&["init"]);
    let versions = [files(1, 48), files(2, 48)];
    for version in &versions {
        write_all(&env.dir(), version);
        repo::commit_all(&env, "a version");
    }
    let first = env.ok(&["log", "--oneline"]).lines().nth(1).expect("two")[..10].to_owned();
    let is_at_first = || assert_same(&read_all(&env.dir()), &versions[0]);
    let back = |_| drop(env.ok(&["checkout", "main"]));
    interrupt_often(&env, &["checkout", &first], back, || {
        repo::assert_no_leftovers(&env);
        env.ok(&["checkout", &first]);
        is_at_first();
    });
    env.ok(&["checkout", "main"]);
    let remove = |_| fs::remove_dir_all(env.path("data")).expect("remove");
    interrupt_often(&env, &["restore", "."], remove, || {
        repo::assert_no_leftovers(&env);
        env.ok(&["restore", "."]);
        assert_same(&read_all(&env.dir()), &versions[1]);
    });
    repo::assert_clean(&env);
}

#[test]
fn hash_and_status_stop() {
    let env = Env::new();
    env.ok(&["init"]);
    write_all(&env.dir(), &files(1, 1));
    repo::commit_all(&env, "one");
    write_all(&env.dir(), &files(2, 96));
    interrupt_often(&env, &["hash", "data"], |_| (), || ());
}
