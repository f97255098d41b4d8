//! An `add` that is killed half way reads little again.

use std::fs;
use std::process::{Child, Stdio};
use std::thread;
use std::time::Duration;

use crate::data::{Files, Random, write_all};
use crate::env::Env;
use crate::repo;

const MEGABYTES: u64 = 64;

/// Bytes that a process has read so far; nothing once it has ended.
fn bytes_read(child: &Child) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{}/io", child.id())).ok()?;
    let line = text.lines().find_map(|l| l.strip_prefix("rchar: "))?;
    line.parse().ok()
}

/// Runs `add .`, kills it after it has read `limit` bytes, and returns how much it read.
fn add(env: &Env, limit: u64) -> u64 {
    let mut command = env.command(&["add", "."]);
    let mut child = command.stdout(Stdio::null()).spawn().expect("the program starts");
    let mut read = 0;
    while child.try_wait().expect("it can be asked").is_none() {
        read = bytes_read(&child).unwrap_or(0).max(read);
        if read >= limit {
            child.kill().expect("the kill is sent");
        }
        thread::sleep(Duration::from_millis(1));
    }
    read
}

fn killed_half_way(env: &mut Env, files: &Files) {
    write_all(&env.dir(), files);
    env.set("ESKER_TEST_CHECKPOINT_BYTES", &(2 << 20).to_string());
    // Files younger than what is recorded of them are not trusted.
    thread::sleep(Duration::from_millis(50));
    let total = MEGABYTES << 20;
    // Where much else runs, the kill may come too late: that tells nothing of the program.
    let half = |_| {
        let _ = fs::remove_dir_all(env.path(".esker"));
        env.ok(&["init"]);
        Some(add(env, total / 2)).filter(|first| *first < total * 3 / 4)
    };
    let first = (0..10).find_map(half).expect("a kill half way");
    let second = add(env, u64::MAX);
    println!("killed after {} MB, read {} MB again", first >> 20, second >> 20);
    assert!(second < total * 65 / 100, "{second} of {total} bytes were read again");
    let done = env.json(&["commit", "-m", "all", "--json"]);
    assert_eq!(done["tree"], repo::hash(env, "."));
    repo::assert_clean(env);
}

#[test]
fn a_killed_add_of_one_large_file_reads_the_rest() {
    let mut random = Random::new(3);
    let bytes = random.bytes((MEGABYTES << 20) as usize);
    killed_half_way(&mut Env::new(), &Files::from([("large.bin".to_owned(), bytes)]));
}

#[test]
fn a_killed_add_of_many_files_reads_the_rest() {
    let mut random = Random::new(4);
    let file = |n| (format!("{:02}/{n:04}.bin", n % 16), random.bytes(64 << 10));
    killed_half_way(&mut Env::new(), &(0..MEGABYTES * 16).map(file).collect());
}
