//! `rm` and `clean`: what goes, what stays, and what is refused.

use std::fs;

use serde_json::json;

use crate::env::Env;
use crate::ran::{assert_fails, assert_skips};
use crate::repo::{assert_clean, assert_no_leftovers, commit_all};

/// A repository with a commit of `a.csv`, `d/b.csv`, `d/c.tmp` and `d/deep/x`.
fn committed() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    for path in ["a.csv", "d/b.csv", "d/c.tmp", "d/deep/x"] {
        env.write(path, path);
    }
    commit_all(&env, "first");
    env
}

fn status(env: &Env) -> String {
    env.ok(&["status", "--porcelain"])
}

#[test]
fn rm_removes_from_stage_and_disk_and_says_so() {
    let env = committed();
    let dry = "rm 'a.csv'\nwould remove 1 file from the next version, 1 on disk\n";
    assert_eq!(env.ok(&["rm", "-n", "a.csv"]), dry);
    assert!(env.path("a.csv").exists());
    let done = "rm 'a.csv'\nremoved 1 file from the next version, 1 on disk\n";
    assert_eq!(env.ok(&["rm", "a.csv"]), done);
    assert!(!env.path("a.csv").exists());
    assert_eq!(status(&env), "D  a.csv\n");
    env.ok(&["commit", "-m", "without a"]);
    assert_eq!(env.ok(&["cat", "HEAD~1:a.csv"]), "a.csv");
    assert_clean(&env);
    assert_no_leftovers(&env);
}

#[test]
fn rm_takes_folders_only_if_asked_and_leaves_what_is_not_tracked() {
    let env = committed();
    assert_fails(&env.run(&["rm", "d"]), 2, "'d' is a folder", "esker rm -r d");
    env.write("d/new.csv", "mine");
    let document = env.json(&["rm", "-r", "d", "--json"]);
    assert_eq!(document["paths"], json!(["d/b.csv", "d/c.tmp", "d/deep/x"]));
    assert_eq!((&document["files"], &document["removed"]), (&json!(3), &json!(3)));
    assert!(!env.path("d/deep").exists() && !env.path("d/b.csv").exists());
    assert_eq!(fs::read_to_string(env.path("d/new.csv")).expect("it stays"), "mine");
    env.ok(&["rm", "-r", "-q", "."]);
    assert_eq!(
        env.ok(&["status", "--porcelain", "d"]),
        "D  d/b.csv\nD  d/c.tmp\nD  d/deep/x\n?? d/\n"
    );
    assert_clean(&env);
}

#[test]
fn rm_cached_keeps_files() {
    let env = committed();
    let done = env.ok(&["rm", "--cached", "-r", "d"]);
    assert!(done.ends_with("removed 3 files from the next version; none on disk\n"), "{done}");
    assert_eq!(fs::read_to_string(env.path("d/b.csv")).expect("it stays"), "d/b.csv");
    assert_eq!(status(&env), "D  d/b.csv\nD  d/c.tmp\nD  d/deep/x\n?? d/\n");
    assert_clean(&env);
}

#[test]
fn rm_patterns_match_tracked_paths() {
    let env = committed();
    env.write("d/new.tmp", "mine");
    env.ok(&["rm", "d/*.tmp"]);
    assert!(env.path("d/new.tmp").exists() && !env.path("d/c.tmp").exists());
    assert_fails(&env.run(&["rm", "*.none"]), 1, "'*.none' is not tracked", "esker status");
    // From inside a folder, too, and with files that are gone from disk.
    fs::remove_file(env.path("d/b.csv")).expect("remove");
    env.ok(&["-C", "d", "rm", "*.csv"]);
    assert_eq!(status(&env), "D  d/b.csv\nD  d/c.tmp\n?? d/new.tmp\n");
    assert_clean(&env);
}

#[test]
fn rm_refuses_to_lose_work_and_names_it() {
    let env = committed();
    env.write("a.csv", "changed");
    let refused = env.run(&["rm", "a.csv"]);
    assert_fails(&refused, 4, "unsaved changes would be lost: a.csv", "esker add -A");
    // Staged, but in no commit.
    env.ok(&["add", "a.csv"]);
    assert_fails(&env.run(&["rm", "a.csv"]), 4, "unsaved changes would be lost: a.csv", "--force");
    // The file on disk holds what is staged: it may go from the stage, not from disk.
    env.ok(&["rm", "--cached", "-n", "a.csv"]);
    env.write("a.csv", "changed again");
    assert_fails(&env.run(&["rm", "--cached", "a.csv"]), 4, "a.csv", "--force");
    assert_eq!(fs::read_to_string(env.path("a.csv")).expect("read"), "changed again");
    env.ok(&["rm", "-f", "a.csv"]);
    assert!(!env.path("a.csv").exists());
    assert_clean(&env);
}

#[test]
fn rm_sees_changes_to_files_that_rules_leave_out() {
    let env = committed();
    env.write(".eskerignore", "*.tmp\n");
    env.write("d/c.tmp", "changed since");
    assert_fails(&env.run(&["rm", "d/c.tmp"]), 4, "d/c.tmp", "--force");
    assert_eq!(fs::read_to_string(env.path("d/c.tmp")).expect("read"), "changed since");
    assert_clean(&env);
}

#[test]
fn rm_of_nothing_tracked_is_an_error() {
    let env = committed();
    env.write("new", "x");
    for path in ["new", "nowhere"] {
        assert_fails(
            &env.run(&["rm", path]),
            1,
            &format!("'{path}' is not tracked"),
            "esker ls -R",
        );
    }
    assert!(env.path("new").exists());
    let outside = env.run(&["rm", "../home"]);
    assert_fails(&outside, 1, "outside the repository", "only paths below the folder");
}

#[test]
fn clean_lists_and_removes_only_if_forced() {
    let env = committed();
    env.write("new.csv", "123");
    env.write("d/new.csv", "4567");
    env.write("e/f/g", "89");
    let listed = "would remove d/new.csv\nwould remove new.csv\n\
                  would remove 2 files (7 B)\n\
                  (use \"esker clean --force\" with the same arguments to remove them)\n";
    assert_eq!(env.ok(&["clean"]), listed);
    assert_eq!(env.ok(&["clean", "-n"]), listed);
    assert!(env.path("new.csv").exists());
    let with_folders = env.json(&["clean", "-d", "--json"]);
    assert_eq!(with_folders["paths"], json!(["d/new.csv", "e/", "new.csv"]));
    assert_eq!(with_folders["dry_run"], true);
    let done = env.ok(&["clean", "-f", "-d"]);
    assert!(done.ends_with("removed 3 files (9 B) and 2 folders\n"), "{done}");
    assert!(!env.path("e").exists() && !env.path("d/new.csv").exists());
    assert_eq!(status(&env), "");
    assert_eq!(env.ok(&["clean", "-fd"]), "nothing to clean\n");
    assert_clean(&env);
    assert_no_leftovers(&env);
}

#[test]
fn clean_keeps_what_is_ignored_staged_or_named_otherwise() {
    let env = committed();
    env.write(".eskerignore", "*.log\ncache/\n");
    env.ok(&["add", ".eskerignore"]);
    env.write("run.log", "1");
    env.write("cache/big", "2");
    env.write("e/run.log", "3");
    env.write("e/new", "4");
    env.write("staged", "5");
    env.ok(&["add", "staged"]);
    env.write("other/new", "6");
    // A folder that is named is cleaned as a whole, but for what rules leave out.
    env.ok(&["clean", "-f", "e"]);
    assert!(!env.path("e/new").exists() && env.path("e/run.log").exists());
    env.ok(&["clean", "-fd"]);
    assert!(!env.path("other").exists());
    for kept in ["run.log", "cache/big", "e/run.log", "staged", "a.csv", ".eskerignore"] {
        assert!(env.path(kept).exists(), "{kept}");
    }
    env.ok(&["clean", "-fdx"]);
    for gone in ["run.log", "cache", "e"] {
        assert!(!env.path(gone).exists(), "{gone}");
    }
    assert_eq!(status(&env), "A  .eskerignore\nA  staged\n");
    assert_clean(&env);
}

#[test]
fn clean_enters_no_other_repository() {
    let env = committed();
    env.write("theirs/.git/HEAD", "ref: refs/heads/main\n");
    env.write("theirs/work/x", "not mine");
    env.write("ours/.esker/state.db", "");
    env.write("ours/x", "not mine");
    let nested: &[_] = &[("theirs", "belongs to"), ("ours", "belongs to")];
    assert_skips(&env.run(&["clean", "-fdx"]), nested);
    assert_skips(&env.run(&["clean", "-fdx", "theirs/work"]), &nested[..1]);
    assert!(env.path("theirs/work/x").exists() && env.path("ours/x").exists());
}

#[cfg(unix)]
#[test]
fn clean_removes_links_and_not_what_they_lead_to() {
    let env = committed();
    env.write("../home/precious", "1");
    std::os::unix::fs::symlink("../home", env.path("link")).expect("symlink");
    env.ok(&["clean", "-fd"]);
    assert!(env.path("link").symlink_metadata().is_err());
    assert!(env.path("../home/precious").exists());
}
