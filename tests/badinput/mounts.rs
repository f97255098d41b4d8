//! A disk without space, and one that cannot be written.

use std::fs;

use crate::data::Random;
use crate::env::Env;
use crate::linux::Namespace;
use crate::ran::assert_fails;

/// A folder on a small disk of its own, with a commit in it.
fn small_disk(env: &Env, megabytes: u32) -> Option<Namespace> {
    let setup = format!(r#"mount -t tmpfs -o size={megabytes}m none "$0""#);
    let disk = Namespace::new(&setup, &env.dir())?;
    disk.shell(env, "mkdir data && echo 1,2 > data/a.csv");
    for args in [&["init"][..], &["add", "."], &["commit", "-m", "one"]] {
        let ran = disk.run(env, args);
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    }
    Some(disk)
}

/// Puts bytes where the namespace can see them, on another disk.
fn source(env: &Env, name: &str, seed: u64, megabytes: usize) -> String {
    let path = env.dir().parent().expect("a folder above").join(name);
    fs::write(&path, Random::new(seed).bytes(megabytes << 20)).expect("write");
    path.display().to_string()
}

fn assert_clean(disk: &Namespace, env: &Env) {
    let ran = disk.run(env, &["fsck"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

fn assert_no_leftovers(disk: &Namespace, env: &Env) {
    assert_eq!(disk.shell(env, "ls -A -I 'reading-*' .esker/tmp"), "");
}

const FREE: &str = "free some space, then run the command again: it goes on";

#[test]
fn add_on_a_full_disk_keeps_what_there_is_and_goes_on() {
    let env = Env::new();
    let Some(disk) = small_disk(&env, 24) else { return };
    let large = source(&env, "large", 1, 10);
    disk.shell(&env, &format!("cp {large} data/large.bin && head -c 6000000 {large} > filler"));
    disk.shell(&env, "echo /filler > .eskerignore");
    let ran = disk.run(&env, &["add", "."]);
    assert_fails(&ran, 1, "no space left to write", FREE);
    assert_no_leftovers(&disk, &env);
    assert_clean(&disk, &env);
    let ran = disk.run(&env, &["log", "--oneline"]);
    assert_eq!(ran.stdout.lines().count(), 1);
    disk.shell(&env, "rm filler");
    assert_eq!(disk.run(&env, &["add", "."]).code, 0);
    assert_eq!(disk.run(&env, &["commit", "-m", "two"]).code, 0);
    let ran = disk.run(&env, &["hash", "data/large.bin"]);
    let listed = disk.run(&env, &["ls", "--json", "HEAD:data/large.bin"]);
    assert!(listed.stdout.contains(ran.stdout.trim_end()), "{listed:?}");
    assert_clean(&disk, &env);
}

#[test]
fn commit_on_a_full_disk_keeps_the_stage() {
    let env = Env::new();
    let Some(disk) = small_disk(&env, 8) else { return };
    disk.shell(&env, "echo 3,4 > data/b.csv");
    assert_eq!(disk.run(&env, &["add", "."]).code, 0);
    // A last block stays free or not: both must end well.
    disk.shell(&env, "cat /dev/zero > filler 2> ../log || true; rm -f ../log");
    for args in [&["commit", "-m", "two"][..], &["add", "data"], &["restore", "--staged", "data"]] {
        let ran = disk.run(&env, args);
        if ran.code != 0 {
            assert_fails(&ran, 1, "no space left to write", FREE);
        }
    }
    for args in [&["status"][..], &["log"], &["ls"], &["cat", "HEAD:data/a.csv"]] {
        let ran = disk.run(&env, args);
        if ran.code != 0 {
            assert_fails(&ran, 1, "no space left to write", FREE);
        }
    }
    disk.shell(&env, "rm filler");
    assert_clean(&disk, &env);
    assert_eq!(disk.run(&env, &["add", "data"]).code, 0);
    assert_eq!(disk.run(&env, &["commit", "-m", "two", "--allow-empty"]).code, 0);
    assert_eq!(disk.run(&env, &["cat", "HEAD:data/b.csv"]).stdout, "3,4\n");
    assert_no_leftovers(&disk, &env);
    assert_clean(&disk, &env);
}

#[test]
fn checkout_on_a_full_disk_is_finished_later() {
    let env = Env::new();
    let Some(disk) = small_disk(&env, 24) else { return };
    let large = source(&env, "large", 1, 8);
    disk.shell(&env, &format!("cp {large} data/large.bin"));
    assert_eq!(disk.run(&env, &["add", "."]).code, 0);
    assert_eq!(disk.run(&env, &["commit", "-m", "two"]).code, 0);
    assert_eq!(disk.run(&env, &["checkout", "HEAD~1"]).code, 0);
    let fill = "head -c 11000000 /dev/zero > filler";
    disk.shell(&env, fill);
    let ran = disk.run(&env, &["checkout", "main"]);
    assert_fails(&ran, 1, "no space left to write", FREE);
    assert_no_leftovers(&disk, &env);
    assert_clean(&disk, &env);
    disk.shell(&env, "rm filler");
    assert_eq!(disk.run(&env, &["checkout", "main"]).code, 0);
    disk.shell(&env, &format!("cmp {large} data/large.bin"));
    disk.shell(&env, &format!("rm data/large.bin; {fill}"));
    let ran = disk.run(&env, &["restore", "."]);
    assert_fails(&ran, 1, "no space left to write", FREE);
    assert_no_leftovers(&disk, &env);
    disk.shell(&env, "rm filler");
    assert_eq!(disk.run(&env, &["restore", "."]).code, 0);
    disk.shell(&env, &format!("cmp {large} data/large.bin"));
}

#[test]
fn a_read_only_folder_can_be_read() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    let (commit, _) = crate::repo::commit_all(&env, "one");
    env.write("data/a.csv", "3,4\n");
    env.write("data/b.csv", "5,6\n");
    crate::repo::commit_all(&env, "two");
    env.write("data/c.csv", "7,8\n");
    let setup = r#"mount --bind "$0" "$0"; mount -o remount,bind,ro "$0""#;
    let Some(disk) = Namespace::new(setup, &env.dir()) else { return };
    let reads: [&[&str]; 8] = [
        &["status"],
        &["log"],
        &["show"],
        &["ls", "-R"],
        &["cat", "HEAD~1:data/a.csv"],
        &["hash", "data"],
        &["stats"],
        &["fsck"],
    ];
    for args in reads {
        let ran = disk.run(&env, args);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{args:?}: {ran:?}");
    }
    let writes: [&[&str]; 7] = [
        &["add", "."],
        &["commit", "--allow-empty", "-m", "x"],
        &["commit", "-a", "-m", "x"],
        &["checkout", &commit],
        &["restore", "--source", &commit, "."],
        &["restore", "--staged", "--source", &commit, "."],
        &["config", "core.jobs", "2"],
    ];
    for args in writes {
        assert_fails(&disk.run(&env, args), 1, "is on a read-only file system", "work in a copy");
    }
    drop(disk);
    assert_eq!(crate::repo::head(&env), env.json(&["status", "--json"])["commit"]);
    assert_eq!(fs::read(env.path("data/a.csv")).expect("read"), b"3,4\n");
    crate::repo::assert_clean(&env);
}

#[test]
fn init_in_a_read_only_folder_says_so() {
    let env = Env::new();
    let setup = r#"mount --bind "$0" "$0"; mount -o remount,bind,ro "$0""#;
    let Some(disk) = Namespace::new(setup, &env.dir()) else { return };
    let ran = disk.run(&env, &["init"]);
    assert_fails(&ran, 1, "is on a read-only file system", "work in a copy");
}
