//! Files and folders that the process may not read or write.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::env::{Env, Ran};
use crate::linux::without_privileges;
use crate::ran::{assert_fails, assert_skips};
use crate::repo;

fn set_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).expect("chmod");
}

fn run(env: &Env, args: &[&str]) -> Option<Ran> {
    let mut command = without_privileges(&env.command(args))?;
    Some(Ran::of(command.output().expect("it starts")))
}

#[test]
fn unreadable_files_are_named_and_what_was_stored_of_them_stays() {
    let env = Env::new();
    env.ok(&["init"]);
    for name in ["data/a.csv", "data/b.csv", "data/in/c.csv"] {
        env.write(name, name);
    }
    let (_, tree) = repo::commit_all(&env, "one");
    env.write("data/a.csv", "changed");
    env.write("data/b.csv", "changed");
    set_mode(&env.path("data/b.csv"), 0);
    set_mode(&env.path("data/in"), 0);
    let denied = "cannot be read: Permission denied";
    let skipped = [("data/b.csv", denied), ("data/in", denied)];
    let Some(ran) = run(&env, &["add", "-A"]) else { return };
    assert_skips(&ran, &skipped);
    assert_eq!(run(&env, &["status"]).map(|r| r.code), Some(3));
    let ran = run(&env, &["commit", "-a", "-m", "two"]).expect("as before");
    assert_skips(&ran, &skipped);
    set_mode(&env.path("data/in"), 0o755);
    set_mode(&env.path("data/b.csv"), 0o644);
    assert_eq!(env.ok(&["cat", "HEAD:data/a.csv"]), "changed");
    // Neither lost nor taken for deleted.
    assert_eq!(env.ok(&["cat", "HEAD:data/b.csv"]), "data/b.csv");
    assert_eq!(env.ok(&["cat", "HEAD:data/in/c.csv"]), "data/in/c.csv");
    env.write("data/b.csv", "data/b.csv");
    env.ok(&["checkout", "HEAD~1"]);
    assert_eq!(repo::hash(&env, "."), tree);
    repo::assert_clean(&env);
}

#[test]
fn hash_of_something_unreadable_says_so() {
    let env = Env::new();
    env.write("data/a.csv", "1");
    env.write("data/b.csv", "2");
    set_mode(&env.path("data/b.csv"), 0);
    let Some(ran) = run(&env, &["hash", "data"]) else { return };
    assert_skips(&ran, &[("b.csv", "cannot be read: Permission denied")]);
    let ran = run(&env, &["hash", "data/b.csv"]).expect("as before");
    assert_fails(&ran, 1, "no permission to use", "ls -ld");
    set_mode(&env.path("data"), 0);
    let ran = run(&env, &["hash", "data"]).expect("as before");
    assert_fails(&ran, 1, "no permission to use", "ls -ld");
    set_mode(&env.path("data"), 0o755);
}

#[test]
fn a_repository_that_may_not_be_written_can_be_read() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1");
    repo::commit_all(&env, "one");
    env.write("data/b.csv", "2");
    let all = || walkdir::WalkDir::new(env.path(".esker")).into_iter().flatten();
    let modes = |file: u32, dir: u32| {
        let entries: Vec<_> = all().collect();
        for entry in entries {
            set_mode(entry.path(), if entry.file_type().is_dir() { dir } else { file });
        }
    };
    modes(0o444, 0o555);
    for args in [&["status"][..], &["log"], &["ls"], &["cat", "HEAD:data/a.csv"], &["show"]] {
        let Some(ran) = run(&env, args) else { break };
        assert_eq!(ran.code, 0, "{args:?}: {ran:?}");
    }
    let writes = [
        &["add", "."][..],
        &["commit", "-m", "two", "--allow-empty"],
        &["config", "core.jobs", "2"],
    ];
    for args in writes {
        let Some(ran) = run(&env, args) else { break };
        assert_fails(&ran, 1, "no permission to use", "ls -ld");
    }
    modes(0o644, 0o755);
    repo::assert_clean(&env);
    repo::commit_all(&env, "two");
}

#[test]
fn a_folder_that_may_not_be_written_is_named_by_checkout() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1");
    repo::commit_all(&env, "one");
    env.write("data/a.csv", "2");
    env.write("data/b.csv", "2");
    let (commit, tree) = repo::commit_all(&env, "two");
    set_mode(&env.path("data"), 0o555);
    let ran = run(&env, &["checkout", "HEAD~1"]);
    set_mode(&env.path("data"), 0o755);
    let Some(ran) = ran else { return };
    assert_fails(&ran, 1, "data", "ls -ld");
    assert_eq!(repo::head(&env), commit);
    env.ok(&["checkout", "HEAD"]);
    assert_eq!(repo::hash(&env, "."), tree);
    repo::assert_no_leftovers(&env);
    repo::assert_clean(&env);
}
