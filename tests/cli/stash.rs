//! `stash`: work put aside comes back whole, and never over other work.

use std::fs;

use serde_json::json;

use crate::env::Env;
use crate::ran::assert_fails;

fn repository() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "1");
    env.write("b/c.csv", "1");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env
}

fn read(env: &Env, path: &str) -> Option<String> {
    fs::read_to_string(env.path(path)).ok()
}

/// Changed, staged, deleted and new files.
fn with_work() -> Env {
    let env = repository();
    env.write("a.csv", "staged");
    env.write("new.csv", "new");
    env.ok(&["add", "."]);
    env.write("a.csv", "changed");
    fs::remove_file(env.path("b/c.csv")).expect("remove");
    env.write("untracked.csv", "mine");
    env
}

const WORK: &str = "MM a.csv\n D b/c.csv\nA  new.csv\n?? untracked.csv\n";

#[test]
fn work_is_put_aside_and_comes_back() {
    let env = with_work();
    assert_eq!(env.ok(&["status", "-s"]), WORK);
    let text = env.ok(&["stash"]);
    assert!(text.starts_with("put aside as stash@{0}: WIP on main: "), "{text}");
    assert!(text.ends_with(" first\nbring it back with: esker stash pop\n"), "{text}");
    assert_eq!(env.ok(&["status", "-s"]), "?? untracked.csv\n");
    assert_eq!((read(&env, "a.csv").as_deref(), read(&env, "new.csv")), (Some("1"), None));
    env.ok(&["fsck"]);
    let text = env.ok(&["stash", "pop"]);
    assert!(text.starts_with("brought back and dropped stash@{0}: WIP on main: "), "{text}");
    assert_eq!(env.ok(&["status", "-s"]), " M a.csv\n D b/c.csv\nA  new.csv\n?? untracked.csv\n");
    assert_eq!(read(&env, "a.csv").as_deref(), Some("changed"));
    assert_eq!(env.ok(&["stash", "list"]), "");
    env.ok(&["fsck"]);
}

#[test]
fn with_index_what_was_staged_is_staged_again() {
    let env = with_work();
    env.ok(&["stash", "-u"]);
    assert_eq!(env.ok(&["status", "-s"]), "");
    assert_eq!(read(&env, "untracked.csv"), None);
    env.ok(&["stash", "apply", "--index"]);
    assert_eq!(env.ok(&["status", "-s"]), WORK);
    assert_eq!(read(&env, "untracked.csv").as_deref(), Some("mine"));
    assert_eq!(env.ok(&["stash", "list"]).lines().count(), 1);
    env.ok(&["fsck"]);
}

#[test]
fn stashes_are_a_stack_with_names() {
    let env = repository();
    for n in 1..=3 {
        env.write("a.csv", format!("work {n}"));
        env.ok(&["stash", "push", "-m", &format!("number {n}")]);
    }
    let list = "stash@{0}: On main: number 3\nstash@{1}: On main: number 2\nstash@{2}: On main: number 1\n";
    assert_eq!(env.ok(&["stash", "list"]), list);
    assert_eq!(env.ok(&["cat", "stash:a.csv"]), "work 3");
    assert_eq!(env.ok(&["cat", "stash@{2}:a.csv"]), "work 1");
    assert_eq!(env.ok(&["cat", "stash@{1}^:a.csv"]), "1");
    assert_eq!(env.ok(&["stash", "show", "1"]), "stash@{1}: On main: number 2\n\nM\ta.csv\n");
    let dropped = env.ok(&["stash", "drop", "stash@{1}"]);
    assert!(dropped.starts_with("dropped stash@{1}: On main: number 2\n"), "{dropped}");
    assert_eq!(env.ok(&["stash", "list"]).lines().count(), 2);
    env.ok(&["fsck"]);
    // What was dropped by mistake comes back by its id.
    let id = dropped.trim_end().rsplit(' ').next().expect("an id").to_owned();
    env.ok(&["stash", "apply", &id]);
    assert_eq!(read(&env, "a.csv").as_deref(), Some("work 2"));
    env.ok(&["restore", "a.csv"]);
    assert_eq!(
        env.json(&["stash", "clear", "--json"])["dropped"].as_array().map(Vec::len),
        Some(2)
    );
    assert_eq!(env.ok(&["stash", "list"]), "");
    let none = "error: there is no stash@{0}: nothing was put aside\nhint: put work aside: esker stash push\n";
    env.run(&["stash", "pop"]).fails(1, none);
    env.run(&["cat", "stash:a.csv"]).fails(1, none);
    env.ok(&["fsck"]);
}

#[test]
fn nothing_to_put_aside_is_no_error() {
    let env = repository();
    env.write("untracked.csv", "mine");
    assert_eq!(env.ok(&["stash"]), "nothing to put aside\n");
    assert_eq!(env.json(&["stash", "--json"])["saved"], json!(null));
    assert_eq!(env.ok(&["stash", "list"]), "");
    let env = Env::new();
    env.ok(&["init"]);
    assert!(env.run(&["stash"]).stderr.contains("the repository has no commits yet"));
}

#[test]
fn a_stash_is_merged_into_what_is_there() {
    let env = repository();
    env.write("a.csv", "work");
    env.ok(&["stash"]);
    env.write("b/c.csv", "2");
    env.ok(&["commit", "-am", "another file"]);
    env.ok(&["stash", "pop"]);
    assert_eq!(read(&env, "a.csv").as_deref(), Some("work"));
    assert_eq!(read(&env, "b/c.csv").as_deref(), Some("2"));
    env.ok(&["fsck"]);
}

#[test]
fn a_stash_never_overwrites() {
    let env = repository();
    env.write("a.csv", "work");
    env.write("new.csv", "work");
    env.ok(&["stash", "-u"]);
    // Unsaved work in the way.
    env.write("a.csv", "other work");
    let ran = env.run(&["stash", "pop"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: unsaved changes would be lost: a.csv\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(read(&env, "a.csv").as_deref(), Some("other work"));
    // Both sides changed it.
    env.ok(&["commit", "-am", "other work"]);
    let ran = env.run(&["stash", "pop"]);
    let message = "error: the stash and HEAD both changed a.csv\n\
                   hint: nothing was changed; bring it back where it was made: \
                   esker switch --detach stash@{0}^ && esker stash pop stash@{0}\n";
    ran.fails(4, message);
    assert_eq!((read(&env, "a.csv").as_deref(), read(&env, "new.csv")), (Some("other work"), None));
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    assert_eq!(env.ok(&["stash", "list"]).lines().count(), 1);
    env.ok(&["switch", "--detach", "stash@{0}^"]);
    env.ok(&["stash", "pop"]);
    assert_eq!(
        (read(&env, "a.csv").as_deref(), read(&env, "new.csv").as_deref()),
        (Some("work"), Some("work"))
    );
    env.ok(&["fsck"]);
}

#[test]
fn what_is_no_stash_is_refused() {
    let env = with_work();
    env.ok(&["stash"]);
    let ran = env.run(&["stash", "apply", "main"]);
    ran.fails(1, "error: 'main' is no stash\nhint: see all: esker stash list\n");
    let ran = env.run(&["stash", "drop", "7"]);
    ran.fails(
        1,
        "error: there is no stash@{7}: there is 1 stash\nhint: see all: esker stash list\n",
    );
    env.ok(&["fsck"]);
}

#[test]
fn a_file_that_is_not_known_any_more_is_never_overwritten() {
    let env = repository();
    env.ok(&["rm", "--cached", "a.csv"]);
    env.write("a.csv", "mine alone");
    let refused = env.run(&["stash"]);
    let hint = "put them aside too: esker stash push --include-untracked";
    assert_fails(&refused, 4, "unsaved changes would be lost: a.csv", hint);
    assert_eq!(env.ok(&["stash", "list"]), "");
    assert_eq!(env.ok(&["status", "-s"]), "D  a.csv\n?? a.csv\n");
    env.ok(&["stash", "-u"]);
    assert_eq!(read(&env, "a.csv").as_deref(), Some("1"));
    env.ok(&["stash", "pop", "--index"]);
    assert_eq!(read(&env, "a.csv").as_deref(), Some("mine alone"));
    env.ok(&["fsck"]);
}
