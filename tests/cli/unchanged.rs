//! Folders in which nothing changed: what spares looking into them never hides a change.

use std::fs::{self, File};
use std::thread::sleep;
use std::time::Duration;

use serde_json::Value;

use crate::env::Env;

/// Files older than the margin below which their stamps prove nothing.
const SETTLED: Duration = Duration::from_millis(40);

/// A committed folder `d` of three files, which two looks have sealed.
fn sealed() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    for name in ["a", "b", "c"] {
        env.write(&format!("d/{name}"), name);
    }
    sleep(SETTLED);
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    assert!(is_clean(&env));
    assert_eq!(seals(&env), 1);
    env
}

fn is_clean(env: &Env) -> bool {
    env.json(&["status", "--json"])["clean"] == true
}

fn cache(env: &Env) -> rusqlite::Connection {
    rusqlite::Connection::open(env.path(".esker/cache.db")).expect("the cache")
}

fn count(env: &Env, table: &str) -> i64 {
    let sql = format!("SELECT count(*) FROM {table}");
    cache(env).query_one(&sql, [], |row| row.get(0)).expect("a number")
}

fn seals(env: &Env) -> i64 {
    count(env, "seals")
}

fn unstaged(env: &Env) -> Vec<String> {
    let status = env.json(&["status", "--json"]);
    let path = |change: &Value| change["path"].as_str().expect("a path").to_owned();
    let list =
        |name: &str| status[name].as_array().expect("a list").iter().map(path).collect::<Vec<_>>();
    [list("unstaged"), list("untracked")].concat()
}

/// What `diff` tells, which asks only after the names that a seal keeps: as `status` does, but for what is
/// not tracked.
fn assert_diff_agrees(env: &Env, what: &str) {
    let tracked: Vec<String> = env
        .ok(&["status", "--porcelain"])
        .lines()
        .filter(|line| line.as_bytes()[1] != b' ' && !line.starts_with("??"))
        .map(|line| line[3..].to_owned())
        .collect();
    let told = env.ok(&["diff", "--name-only", "--no-renames"]);
    assert_eq!(told.lines().collect::<Vec<_>>(), tracked, "{what}");
}

#[test]
fn a_sealed_folder_is_not_looked_into() {
    let env = sealed();
    cache(&env).execute("DELETE FROM stat_pages", []).expect("delete");
    assert!(is_clean(&env));
    env.ok(&["diff"]);
    // Without the seal its files would have been read, and recorded.
    assert_eq!(count(&env, "stat_pages"), 0);
    env.ok(&["fsck"]);
}

#[test]
fn every_change_in_a_sealed_folder_is_seen() {
    type Change = fn(&Env);
    let changes: [(&str, Change); 6] = [
        ("same size and time", |env| {
            let path = env.path("d/b");
            let time = fs::metadata(&path).expect("stat").modified().expect("a time");
            fs::write(&path, "B").expect("write");
            File::options().write(true).open(&path).expect("open").set_modified(time).expect("set");
        }),
        ("new", |env| env.write("d/b2", "2")),
        ("gone", |env| fs::remove_file(env.path("d/b")).expect("remove")),
        ("renamed", |env| fs::rename(env.path("d/b"), env.path("d/bb")).expect("rename")),
        ("swapped", |env| {
            fs::rename(env.path("d/b"), env.path("d/x")).expect("rename");
            fs::rename(env.path("d/c"), env.path("d/b")).expect("rename");
            fs::rename(env.path("d/x"), env.path("d/c")).expect("rename");
        }),
        ("a folder", |env| env.write("d/e/f", "new")),
    ];
    for (what, change) in changes {
        let env = sealed();
        change(&env);
        assert_diff_agrees(&env, what);
        assert!(!unstaged(&env).is_empty(), "{what}");
        env.ok(&["add", "-A"]);
        env.ok(&["commit", "-m", what]);
        assert!(is_clean(&env), "{what}");
        env.ok(&["fsck"]);
    }
}

#[test]
fn a_seal_is_of_one_tree() {
    let env = sealed();
    env.write("d/a", "another");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "second"]);
    sleep(SETTLED);
    assert!(is_clean(&env));
    // The files stay as they are; what they are compared with does not.
    env.ok(&["restore", "--staged", "--source", "HEAD~1", "."]);
    assert_diff_agrees(&env, "another tree");
    assert_eq!(unstaged(&env), ["d/a"]);
    env.ok(&["restore", "--staged", "."]);
    assert_diff_agrees(&env, "the tree of the seal");
    env.ok(&["rm", "-q", "--cached", "d/b"]);
    assert_diff_agrees(&env, "a file less");
    assert_eq!(unstaged(&env), ["d/b"]);
    env.ok(&["fsck"]);
}

#[test]
fn a_rule_made_later_counts_for_a_sealed_folder() {
    let env = sealed();
    env.write(".eskerignore", "b\n");
    assert_diff_agrees(&env, "above it");
    fs::rename(env.path(".eskerignore"), env.path("d/.eskerignore")).expect("rename");
    assert_diff_agrees(&env, "in it");
    env.ok(&["fsck"]);
}

#[test]
fn a_tracked_folder_with_new_files_is_not_sealed_by_update() {
    let env = sealed();
    env.write("e/1", "1");
    env.ok(&["add", "."]);
    env.write("e/2", "2");
    sleep(SETTLED);
    env.ok(&["add", "-u"]);
    assert_eq!(unstaged(&env), ["e/2"]);
    env.ok(&["fsck"]);
}

#[test]
fn any_number_of_threads_sees_the_same() {
    let env = Env::new();
    env.ok(&["init"]);
    let path = |n: usize| format!("{}/{}/{}/file", n % 3, n % 7, n);
    (0..400).for_each(|n| env.write(&path(n), n.to_string()));
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "many folders"]);
    for n in (0..400).step_by(11) {
        match n % 3 {
            0 => fs::remove_dir_all(env.path(path(n)).parent().expect("a folder")).expect("remove"),
            1 => env.write(&path(n), "changed"),
            _ => env.write(&format!("{}x", path(n)), "new"),
        }
    }
    let diff = |jobs: &str| env.ok(&["diff", "--name-status", "--jobs", jobs]);
    let (expected, differs) = (env.ok(&["status", "--porcelain", "--jobs", "1"]), diff("1"));
    assert_eq!(expected.lines().count(), 37);
    for jobs in ["2", "3", "7"] {
        assert_eq!(env.ok(&["status", "--porcelain", "--jobs", jobs]), expected, "{jobs} threads");
        assert_eq!(diff(jobs), differs, "{jobs} threads");
    }
    env.ok(&["fsck"]);
}
