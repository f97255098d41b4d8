//! What a checkout refuses: to lose unsaved work, and to write where it was not asked to.

use std::fs;

use crate::data::{Files, assert_same, read_all};
use crate::env::Env;
use crate::ran::assert_fails;
use crate::repo;

/// Two commits: `data/f` differs, `data/only1` and `data/only2` are in one each, `data/same` in both.
fn two_commits() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/f", "1");
    env.write("data/same", "same");
    env.write("data/only1/g", "1");
    repo::commit_all(&env, "one");
    env.write("data/f", "2");
    fs::remove_dir_all(env.path("data/only1")).expect("remove");
    env.write("data/only2/g", "2");
    repo::commit_all(&env, "two");
    env
}

const SAVE: &str = "save them first: esker add -A && esker commit; or drop them with --force";

/// Asserts that `checkout HEAD~1` refuses, names exactly these files, and changes nothing.
#[track_caller]
fn assert_refused(env: &Env, files: &[&str]) {
    let before = (read_all(&env.dir()), env.json(&["status", "--json"]), repo::head(env));
    let ran = env.run(&["checkout", "HEAD~1"]);
    assert_fails(&ran, 4, "unsaved changes would be lost: ", SAVE);
    let line = ran.stderr.lines().next().expect("a message");
    let mut named: Vec<&str> = line.rsplit(": ").next().expect("a list").split(", ").collect();
    named.sort_unstable();
    assert_eq!(named, files);
    let after = (read_all(&env.dir()), env.json(&["status", "--json"]), repo::head(env));
    assert_same(&after.0, &before.0);
    assert_eq!((after.1, after.2), (before.1, before.2));
}

#[test]
fn modified_files_are_named_and_kept() {
    let env = two_commits();
    env.write("data/f", "mine");
    env.write("data/only2/g", "mine");
    // Not in the way: both commits have it.
    env.write("data/same", "mine");
    assert_refused(&env, &["data/f", "data/only2/g"]);
    env.ok(&["checkout", "-f", "HEAD~1"]);
    assert_eq!(fs::read(env.path("data/f")).expect("read"), b"1");
}

#[test]
fn untracked_files_are_named_and_kept() {
    let env = two_commits();
    env.write("data/only1/g", "mine");
    env.write("data/notes", "mine");
    assert_refused(&env, &["data/only1/g"]);
    // The same bytes are no loss.
    env.write("data/only1/g", "1");
    env.ok(&["checkout", "HEAD~1"]);
    assert_eq!(fs::read(env.path("data/notes")).expect("read"), b"mine");
}

#[test]
fn untracked_files_in_a_folder_that_goes_keep_the_folder() {
    let env = two_commits();
    env.write("data/only2/notes", "mine");
    env.ok(&["checkout", "HEAD~1"]);
    assert_eq!(fs::read(env.path("data/only2/notes")).expect("read"), b"mine");
    assert!(!env.path("data/only2/g").exists());
}

#[test]
fn staged_files_are_named_and_kept() {
    let env = two_commits();
    env.write("data/new", "staged");
    env.write("data/f", "staged");
    env.ok(&["add", "data"]);
    // `data/new` is in neither commit: it would go along.
    assert_refused(&env, &["data/f"]);
    // Staged, and no longer in the worktree: the stage has the only copy.
    fs::remove_file(env.path("data/f")).expect("remove");
    assert_refused(&env, &["data/f"]);
    env.ok(&["reset", "--", "data/f"]);
    env.ok(&["restore", "data/f"]);
    fs::remove_file(env.path("data/new")).expect("remove");
    env.ok(&["checkout", "HEAD~1"]);
    env.ok(&["restore", "data/new"]);
    assert_eq!(fs::read(env.path("data/new")).expect("read"), b"staged");
}

#[test]
fn folders_and_files_in_each_others_place_are_named_and_kept() {
    let env = two_commits();
    env.write("data/only1", "a file where a folder must be");
    assert_refused(&env, &["data/only1"]);
    fs::remove_file(env.path("data/only1")).expect("remove");
    fs::remove_file(env.path("data/f")).expect("remove");
    env.write("data/f/mine", "a folder where a file must be");
    assert_refused(&env, &["data/f/mine"]);
}

#[test]
fn of_many_files_some_are_named_and_the_rest_counted() {
    let env = Env::new();
    env.ok(&["init"]);
    let write = |text: &str| (0..25).for_each(|n| env.write(&format!("data/{n:02}"), text));
    write("1");
    repo::commit_all(&env, "one");
    write("2");
    repo::commit_all(&env, "two");
    write("mine");
    let ran = env.run(&["checkout", "HEAD~1"]);
    assert_fails(&ran, 4, "data/09 and 15 more", SAVE);
    let ran = env.run(&["checkout", "-n", "HEAD~1"]);
    assert_eq!(ran.code, 4, "{ran:?}");
    assert_eq!(fs::read(env.path("data/00")).expect("read"), b"mine");
}

/// A folder outside that a link is to lead to.
#[cfg(unix)]
fn planted(env: &Env, at: &str) -> std::path::PathBuf {
    let outside = env.dir().parent().expect("a folder above").join("outside");
    fs::create_dir_all(&outside).expect("mkdir");
    fs::write(outside.join("g"), "outside").expect("write");
    let _ = fs::remove_dir_all(env.path(at));
    std::os::unix::fs::symlink(&outside, env.path(at)).expect("symlink");
    outside
}

#[cfg(unix)]
fn assert_untouched(outside: &std::path::Path) {
    let expected = Files::from([("g".to_owned(), b"outside".to_vec())]);
    assert_same(&read_all(outside), &expected);
}

#[cfg(unix)]
#[test]
fn nothing_is_written_or_removed_through_a_planted_link() {
    // A link where the other commit has a folder, and one where this commit has it.
    for at in ["data/only1", "data/only2"] {
        for args in [
            &["checkout", "HEAD~1"][..],
            &["checkout", "-f", "HEAD~1"],
            &["checkout", "HEAD~1", "--", "data"],
            &["checkout", "HEAD~1", "--", "data/only1/g"],
            &["checkout", "HEAD", "--", "data/only2/g"],
            &["restore", "."],
            &["restore", "data/only2/g"],
            &["restore", "--source", "HEAD~1", "."],
            &["restore", "--source", "HEAD~1", "data/only1"],
        ] {
            let env = two_commits();
            let outside = planted(&env, at);
            let ran = env.run(args);
            assert!(matches!(ran.code, 0 | 3 | 4), "{at} {args:?}: {ran:?}");
            if ran.code != 0 {
                let hint = ran.stderr.lines().last().unwrap_or_default();
                assert!(hint.starts_with("hint: "), "{at} {args:?}: {ran:?}");
            }
            assert_untouched(&outside);
            repo::assert_no_leftovers(&env);
            repo::assert_clean(&env);
        }
    }
}

#[cfg(unix)]
#[test]
fn nothing_is_read_through_a_planted_link() {
    let env = two_commits();
    let outside = planted(&env, "data/only2");
    let ran = env.run(&["add", "data/only2/g"]);
    crate::ran::assert_skips(&ran, &[("data/only2/g", "lies behind a symlink")]);
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "a link"]);
    let listed = env.ok(&["ls", "-R"]);
    assert!(listed.contains("data/only2") && !listed.contains("data/only2/"), "{listed}");
    env.ok(&["checkout", "HEAD~1"]);
    assert_eq!(fs::read(env.path("data/only2/g")).expect("read"), b"2");
    env.ok(&["checkout", "main"]);
    assert_eq!(fs::read_link(env.path("data/only2")).expect("a link"), outside);
    assert_untouched(&outside);
}
