//! Patterns on the command line: one rule for every verb that takes paths.

use std::fs;

use crate::env::Env;

/// Two commits: tables in a folder and below it, one of them gone in the second, others changed.
fn repository() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    for path in ["top.csv", "data/a.csv", "data/b.csv", "data/b.txt", "data/deep/c.csv", "x.txt"] {
        env.write(path, "1\n");
    }
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env.write("data/b.csv", "2\n");
    env.write("data/b.txt", "2\n");
    fs::remove_file(env.path("data/a.csv")).expect("remove");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "second"]);
    env.write("data/deep/c.csv", "3\n");
    env.ok(&["commit", "-a", "-m", "third"]);
    env
}

/// The first lines of what a command prints.
fn lines(env: &Env, args: &[&str]) -> Vec<String> {
    env.ok(args).lines().map(str::to_owned).collect()
}

#[test]
fn diff_takes_what_a_pattern_selects_on_either_side() {
    let env = repository();
    let diff = |patterns: &[&str]| {
        let base = ["diff", "--name-status", "--no-renames", "HEAD~2", "HEAD", "--"];
        lines(&env, &[&base[..], patterns].concat())
    };
    assert_eq!(diff(&["data/*.csv"]), ["D\tdata/a.csv", "M\tdata/b.csv"]);
    assert_eq!(diff(&["data/**/*.csv"]).len(), 3);
    assert_eq!(diff(&["d*"]).len(), 4, "a folder takes all below it");
    assert_eq!(diff(&["*.csv"]), [""; 0], "a star stays within the folder");
    assert_eq!(diff(&["data/deep", "data/*.txt"]), ["M\tdata/b.txt", "M\tdata/deep/c.csv"]);
    // Without `--`, behind revisions.
    assert_eq!(env.ok(&["diff", "--name-only", "HEAD~1", "data/d*/*"]), "data/deep/c.csv\n");
    env.write("data/b.csv", "4\n");
    env.write("x.txt", "4\n");
    assert_eq!(env.ok(&["diff", "--name-only", "--", "data/*.csv"]), "data/b.csv\n");
    assert_eq!(env.run(&["diff", "-q", "--", "data/*.txt"]).code, 0);
    let inside = env.ok(&["-C", "data", "diff", "--name-only", "--", "../*.txt", "*.csv"]);
    assert_eq!(inside, "data/b.csv\nx.txt\n");
    let bad = env.run(&["diff", "--", "{a*"]);
    assert!(bad.code == 2 && bad.stderr.contains("hint: patterns are such as"), "{}", bad.stderr);
    let out = env.run(&["diff", "--", "../*"]);
    assert!(out.code == 1 && out.stderr.contains("'../*' is outside"), "{}", out.stderr);
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn log_takes_commits_that_changed_what_a_pattern_selects() {
    let env = repository();
    let log = |patterns: &[&str]| {
        let subjects = lines(&env, &[&["log", "--oneline", "--"], patterns].concat());
        subjects
            .iter()
            .filter_map(|l| l.split(' ').next_back().map(str::to_owned))
            .collect::<Vec<_>>()
    };
    assert_eq!(log(&["data/*.csv"]), ["second", "first"]);
    assert_eq!(log(&["data/a*"]), ["second", "first"], "also of what is gone");
    assert_eq!(log(&["data/**"]), ["third", "second", "first"]);
    assert_eq!(log(&["*.csv"]), ["first"]);
    assert_eq!(log(&["none*"]), [""; 0]);
    let stat = env.ok(&["log", "-n1", "--name-status", "--", "data/*.csv"]);
    assert!(stat.contains("M\tdata/b.csv") && !stat.contains("b.txt"), "{stat}");
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn find_counts_patterns_with_a_slash_from_where_it_runs() {
    let env = repository();
    assert_eq!(env.ok(&["find", "*.csv"]), "data/b.csv\ndata/deep/c.csv\ntop.csv\n");
    assert_eq!(env.ok(&["find", "data/*.csv"]), "data/b.csv\n");
    assert_eq!(env.ok(&["-C", "data", "find", "./*.csv"]), "data/b.csv\n");
    assert_eq!(env.ok(&["-C", "data", "find", "deep/*"]), "data/deep/c.csv\n");
    let brought = env.ok(&["find", "--all", "--kind", "f", "--", "data/a*"]);
    assert!(brought.is_empty() || brought.contains("data/a.csv"), "{brought}");
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn restore_checkout_reset_and_rm_expand_patterns_in_trees() {
    let env = repository();
    env.write("data/b.csv", "changed");
    env.write("data/b.txt", "changed");
    env.write("top.csv", "changed");
    env.ok(&["restore", "data/*.csv"]);
    assert_eq!(fs::read_to_string(env.path("data/b.csv")).expect("there"), "2\n");
    assert_eq!(fs::read_to_string(env.path("data/b.txt")).expect("there"), "changed");
    env.ok(&["add", "."]);
    env.ok(&["restore", "--staged", "*.csv"]);
    assert_eq!(env.ok(&["diff", "--staged", "--name-only"]), "data/b.txt\n");
    env.ok(&["reset", "--", "data/*.txt"]);
    assert_eq!(env.ok(&["diff", "--staged", "--name-only"]), "");
    // What only the commit has, and what is gone from it.
    env.ok(&["restore", "--source", "HEAD~2", "data/*.csv"]);
    assert!(env.path("data/a.csv").exists());
    env.ok(&["checkout", "HEAD", "--", "data/*.txt", "*.csv"]);
    assert_eq!(fs::read_to_string(env.path("top.csv")).expect("there"), "1\n");
    let none = env.run(&["restore", "none*"]);
    assert!(none.code == 1 && none.stderr.contains("no 'none*' in"), "{}", none.stderr);
    env.ok(&["restore", "."]);
    env.ok(&["rm", "data/*.csv"]);
    assert_eq!(env.ok(&["ls", "data"]).lines().count(), 3, "of HEAD");
    assert_eq!(env.ok(&["diff", "--staged", "--name-status"]), "D\tdata/b.csv\n");
    env.ok(&["-C", "data", "restore", "--staged", "--worktree", "*.csv"]);
    assert!(env.path("data/b.csv").exists());
    env.write("data/new1.csv", "1");
    env.write("data/new2.csv", "2");
    assert!(env.ok(&["-C", "data/deep", "add", "../new*"]).contains('2'));
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn status_tells_of_what_a_pattern_selects() {
    let env = repository();
    let status = |args: &[&str]| {
        let mut lines = lines(&env, &[&["status", "--porcelain"][..], args].concat());
        lines.sort();
        lines
    };
    env.write("data/b.csv", "5\n");
    env.write("x.txt", "5\n");
    env.ok(&["add", "x.txt"]);
    fs::remove_dir_all(env.path("data/deep")).expect("remove");
    env.write("new/a.csv", "6\n");
    env.write("new/a.txt", "6\n");
    env.write("new/in/b.csv", "6\n");
    let all = status(&[]);
    assert_eq!(status(&["."]), all);
    let paths = |lines: Vec<String>| -> Vec<String> {
        lines.iter().map(|line| line[3..].to_owned()).collect()
    };
    assert_eq!(paths(status(&["*.txt"])), ["x.txt"], "staged");
    assert_eq!(paths(status(&["data/*.csv"])), ["data/b.csv"]);
    assert_eq!(paths(status(&["data/**/c*"])), ["data/deep/c.csv"], "in a folder that is gone");
    assert_eq!(paths(status(&["data/d*"])).len(), 1);
    assert_eq!(paths(status(&["n*"])), ["new/"]);
    assert_eq!(paths(status(&["new/*.csv"])), ["new/a.csv"], "in a folder that is not tracked");
    assert_eq!(paths(status(&["new/**/*.csv"])), ["new/a.csv", "new/in/b.csv"]);
    assert_eq!(paths(status(&["new/i*"])), ["new/in/"]);
    assert_eq!(status(&["*.none"]), [""; 0]);
    assert_eq!(env.run(&["status", "{a*"]).code, 2);
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn clean_removes_what_a_pattern_selects_and_nothing_else() {
    let env = repository();
    for path in ["a.tmp", "data/b.tmp", "data/b.log", "new/c.tmp", "new/c.log", "new/tmp1/d"] {
        env.write(path, "7\n");
    }
    let clean = |args: &[&str]| {
        let lines = lines(&env, &[&["clean", "-q"][..], args].concat());
        let is_there = |path: &str| env.path(path).exists();
        (lines, ["a.tmp", "data/b.tmp", "new/c.tmp", "new/tmp1"].map(is_there))
    };
    assert_eq!(clean(&["*.tmp"]).1, [true; 4], "only said");
    assert_eq!(clean(&["-f", "data/*.tmp"]).1, [true, false, true, true]);
    assert_eq!(clean(&["-f", "*.none"]).1, [true, false, true, true]);
    assert_eq!(
        clean(&["-f", "new/tmp*"]).1,
        [true, false, true, false],
        "a folder goes as a whole"
    );
    assert_eq!(clean(&["-f", "**/*.tmp"]).1, [false; 4]);
    for kept in ["data/b.log", "new/c.log", "data/b.csv", "top.csv"] {
        assert!(env.path(kept).exists(), "{kept}");
    }
    assert_eq!(env.run(&["clean", "-f", "{a*"]).code, 2);
    assert_eq!(env.run(&["fsck"]).code, 0);
}

#[test]
fn purge_takes_what_a_pattern_matches_out_of_every_version() {
    let env = repository();
    let files = |revision: &str| env.ok(&["ls", "-R", revision]);
    let missing = env.run(&["purge", "data/*.none"]);
    assert!(missing.code == 1 && missing.stderr.contains("no 'data/*.none'"), "{}", missing.stderr);
    let plan = env.json(&["purge", "--json", "-n", "data/*.csv"]);
    assert_eq!(plan["commits"], 3);
    assert!(files("HEAD~2").contains("data/a.csv"));
    env.ok(&["purge", "data/*.csv", "x*"]);
    for revision in ["HEAD", "HEAD~1", "HEAD~2"] {
        let files = files(revision);
        assert!(!files.contains("a.csv") && !files.contains("data/b.csv"), "{files}");
        assert!(!files.contains("x.txt") && files.contains("top.csv"), "{files}");
        assert!(files.contains("data/deep/c.csv"), "{files}");
    }
    // What takes a folder takes all that is in it, and the folder.
    env.ok(&["purge", "data/d*"]);
    assert!(!files("HEAD~2").contains("deep"), "{}", files("HEAD~2"));
    assert!(env.path("data/deep/c.csv").exists(), "the worktree is left alone");
    assert_eq!(env.run(&["purge", "{a*"]).code, 2);
    env.ok(&["gc", "--grace", "0"]);
    assert_eq!(env.run(&["fsck", "--data"]).code, 0);
}
