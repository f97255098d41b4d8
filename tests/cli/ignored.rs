//! `check-ignore`, and `roots`: why esker does not look at a path.

use serde_json::json;

use crate::env::Env;
use crate::ran::assert_fails;

#[test]
fn the_rule_that_decides_is_named() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write(".eskerignore", "# scratch\n*.tmp\ncache/\n");
    env.write("d/.eskerignore", "!keep.tmp\n");
    let asked = ["check-ignore", "a.csv", "d/x.tmp", "d/keep.tmp", "cache/", "cache/x"];
    assert_eq!(env.ok(&asked), "d/x.tmp\ncache/\ncache/x\n");
    let verbose = [&["-v"][..], &asked].concat();
    let expected = ".eskerignore:2:*.tmp\td/x.tmp\n\
                    d/.eskerignore:1:!keep.tmp\td/keep.tmp\n\
                    .eskerignore:3:cache/\tcache/\n\
                    .eskerignore:3:cache/\tcache/x\n";
    assert_eq!(env.ok(&verbose), expected);
    assert_eq!(env.ok(&["-C", "d", "check-ignore", "x.tmp"]), "x.tmp\n");
    let document = env.json(&["check-ignore", "--json", "d/keep.tmp", "d/x.tmp"]);
    let rule = |file: &str, line: u64, pattern: &str| json!({"file": file, "line": line, "pattern": pattern});
    let paths = json!([
        {"path": "d/keep.tmp", "ignored": false, "rule": rule("d/.eskerignore", 1, "!keep.tmp")},
        {"path": "d/x.tmp", "ignored": true, "rule": rule(".eskerignore", 2, "*.tmp")},
    ]);
    assert_eq!(document["paths"], paths);
    env.ok(&["fsck"]);
}

#[test]
fn nothing_ignored_is_code_1() {
    let env = Env::new();
    assert_eq!(env.run(&["check-ignore", "x"]).code, 10);
    env.ok(&["init"]);
    let ran = env.run(&["check-ignore", "a.csv"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (1, "", ""));
    env.write(".eskerignore", "a.csv\n");
    let quiet = env.run(&["check-ignore", "-q", "a.csv"]);
    assert_eq!((quiet.code, quiet.stdout.as_str()), (0, ""));
    assert_fails(
        &env.run(&["check-ignore", "../x"]),
        1,
        "outside the repository",
        "only paths below",
    );
    env.ok(&["fsck"]);
}

#[test]
fn outside_a_git_checkout_there_are_no_roots() {
    let env = Env::new();
    env.ok(&["init"]);
    assert_eq!(env.ok(&["roots"]), "not in a git checkout: everything is looked at\n");
    assert_fails(
        &env.run(&["roots", "add", "d"]),
        2,
        "data roots are for git checkouts",
        "ignoring",
    );
    env.ok(&["fsck"]);
}

#[test]
fn roots_are_listed_added_and_removed() {
    let env = Env::new();
    // As much of a checkout as esker looks at; git has tracked nothing in it yet.
    env.write(".git/HEAD", "ref: refs/heads/main\n");
    env.write("data/a.csv", "1");
    env.write("more/b.csv", "2");
    env.ok(&["init"]);
    assert_eq!(env.ok(&["roots"]), "no data roots yet; name one with \"esker add <folder>\"\n");
    assert_eq!(env.ok(&["roots", "add", "data", "more"]), "data\nmore\n");
    assert_eq!(env.ok(&["status", "--porcelain"]), "?? data/\n?? more/\n");
    let document = env.json(&["roots", "--json"]);
    assert_eq!(document, json!({"schema": 1, "roots": ["data", "more"], "inside_git": true}));
    env.ok(&["add", "data"]);
    let refused = env.run(&["roots", "remove", "data"]);
    assert_fails(&refused, 2, "'data' still holds tracked files", "esker rm -r --cached data");
    env.ok(&["rm", "-r", "--cached", "data"]);
    assert_eq!(env.ok(&["roots", "remove", "data"]), "more\n");
    assert_fails(
        &env.run(&["roots", "remove", "data"]),
        2,
        "'data' is no data root",
        "esker roots",
    );
    assert_fails(&env.run(&["roots", "add", "nowhere"]), 1, "no 'nowhere'", "esker status");
    assert_fails(&env.run(&["roots", "add", "."]), 1, "is not a data folder", "esker add data");
    env.ok(&["fsck"]);
}

#[test]
fn clean_and_mv_stay_within_the_roots() {
    let env = Env::new();
    env.write(".git/HEAD", "ref: refs/heads/main\n");
    env.write("data/a.csv", "1");
    env.write("src/mine.rs", "2");
    env.ok(&["init"]);
    env.ok(&["add", "data"]);
    env.write("data/new", "3");
    env.ok(&["clean", "-fdx"]);
    assert!(env.path("src/mine.rs").exists() && !env.path("data/new").exists());
    assert_eq!(env.ok(&["clean", "-f", "src"]), "nothing to clean\n");
    assert!(env.path("src/mine.rs").exists());
    let ran = env.run(&["mv", "data/a.csv", "src/a.csv"]);
    assert_fails(&ran, 1, "'src/a.csv' is not a data folder", "esker add data");
    assert!(env.path("data/a.csv").exists());
    env.ok(&["fsck"]);
}
