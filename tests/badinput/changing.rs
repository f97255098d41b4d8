//! Files that grow, shrink or vanish while they are read.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::repo;

/// Runs `add .` while `change` is called again and again; repeats that until `file` is skipped, which
/// must happen soon. Other files are staged each time.
fn add_while(env: &Env, file: &str, change: impl Fn(&Path) + Sync) -> Ran {
    env.ok(&["init"]);
    env.write("data/a.bin", Random::new(1).bytes(4 << 20));
    env.write(file, Random::new(2).bytes(2 << 20));
    for n in 0..50 {
        env.write(&format!("data/more/{n}"), format!("{n}"));
    }
    let path = env.path(file);
    let stop = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(Ordering::Relaxed) {
                change(&path);
                thread::sleep(Duration::from_micros(100));
            }
        });
        let mut found = None;
        for _ in 0..30 {
            let ran = env.run(&["add", "."]);
            assert!(matches!(ran.code, 0 | 3), "{ran:?}");
            if ran.code == 3 {
                found = Some(ran);
                break;
            }
        }
        stop.store(true, Ordering::Relaxed);
        found.expect("a file that changes all the time is noticed")
    })
}

/// What is staged is whole, and the next run stages the rest.
fn assert_recovers(env: &Env, file: &str) {
    env.ok(&["commit", "-m", "without it"]);
    assert_eq!(env.ok(&["cat", "HEAD:data/more/7"]), "7");
    repo::assert_clean(env);
    env.write(file, "it rests");
    let (_, tree) = repo::commit_all(env, "with it");
    assert_eq!(tree, repo::hash(env, "."));
    repo::assert_clean(env);
}

#[test]
fn a_file_that_grows_is_named() {
    let env = Env::new();
    let ran = add_while(&env, "data/log.bin", |path| {
        let mut file = OpenOptions::new().append(true).open(path).expect("open");
        file.write_all(b"one more line\n").expect("write");
    });
    crate::ran::assert_skips(&ran, &[("data/log.bin", "changes while it is read")]);
    assert_recovers(&env, "data/log.bin");
}

#[test]
fn a_file_that_shrinks_is_named() {
    let env = Env::new();
    let ran = add_while(&env, "data/shrinks.bin", |path| {
        let file = OpenOptions::new().write(true).open(path).expect("open");
        let size = file.metadata().expect("stat").len();
        file.set_len(if size < 1 << 20 { 2 << 20 } else { size - 4096 }).expect("truncate");
    });
    crate::ran::assert_skips(&ran, &[("data/shrinks.bin", "changes while it is read")]);
    assert_recovers(&env, "data/shrinks.bin");
}

#[test]
fn a_file_that_vanishes_is_named() {
    let env = Env::new();
    let bytes = Random::new(2).bytes(2 << 20);
    let ran = add_while(&env, "data/comes-and-goes.bin", |path| match fs::remove_file(path) {
        Ok(()) => thread::sleep(Duration::from_millis(2)),
        Err(_) => fs::write(path, &bytes).expect("write"),
    });
    assert_eq!(
        ran.stderr.matches("warning: skipped data/comes-and-goes.bin: ").count(),
        1,
        "{ran:?}"
    );
    assert_recovers(&env, "data/comes-and-goes.bin");
}

#[test]
fn a_changing_file_that_is_tracked_keeps_its_last_stored_content() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/log.bin", "first");
    repo::commit_all(&env, "first");
    add_while(&env, "data/log.bin", |path| {
        let mut file = OpenOptions::new().append(true).open(path).expect("open");
        file.write_all(b"one more line\n").expect("write");
    });
    env.ok(&["commit", "-m", "the others"]);
    assert_eq!(env.ok(&["cat", "HEAD:data/log.bin"]), "first");
}
