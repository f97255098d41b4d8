//! The verbs in the order of a working day: wording, fields that scripts rely on, exit codes.

use std::fs;

use serde_json::{Value, json};

use crate::data::{Files, Random, assert_same, read_all};
use crate::env::{Env, NOW};

fn keys(document: &Value) -> Vec<&str> {
    document.as_object().expect("an object").keys().map(String::as_str).collect()
}

fn has_keys(document: &Value, names: &[&str]) {
    let keys = keys(document);
    let missing: Vec<_> = names.iter().filter(|name| !keys.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?} are not in {document}");
    assert_eq!(document["schema"], 1);
}

/// A repository with one commit of two files.
fn committed() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "x,y\n1,2\n");
    env.write("images/cat.png", [0, 159, 146, 150]);
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first version"]);
    env
}

#[test]
fn init_is_safe_to_repeat() {
    let env = Env::new();
    assert!(env.ok(&["init"]).starts_with("Initialized empty esker repository in "));
    assert!(env.ok(&["init"]).starts_with("Reinitialized existing esker repository in "));
    assert_eq!(env.ok(&["init", "-q"]), "");
    assert_eq!(env.json(&["init", "--json"])["created"], false);
}

#[test]
fn status_reads_as_git_s() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "1");
    let expected = "On branch main\n\nNo commits yet\n\nUntracked files:\n  \
                    (use \"esker add <file>...\" to include in what will be committed)\n\ta.csv\n\n\
                    nothing added to commit but untracked files present (use \"esker add\" to track)\n";
    assert_eq!(env.ok(&["status"]), expected);
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    assert_eq!(env.ok(&["status"]), "On branch main\n\nnothing to commit, working tree clean\n");
}

#[test]
fn porcelain_has_two_letters_and_a_path() {
    let env = committed();
    env.write("a.csv", "other");
    fs::remove_file(env.path("images/cat.png")).expect("remove");
    env.write("my new.txt", "x");
    env.write("b.csv", "y");
    env.ok(&["add", "b.csv"]);
    let expected = " M a.csv\nA  b.csv\n D images/cat.png\n?? \"my new.txt\"\n";
    assert_eq!(env.ok(&["status", "--porcelain"]), expected);
    assert_eq!(env.ok(&["status", "-s"]), expected);
    assert!(env.ok(&["--color=always", "status", "--porcelain"]).starts_with(" M a.csv\n"));
}

/// The files of a folder come between those beside it.
#[test]
fn status_lists_paths_in_their_order() {
    let env = Env::new();
    env.ok(&["init"]);
    for path in ["a", "d/x", "z"] {
        env.write(path, "1");
    }
    env.ok(&["add", "."]);
    for path in ["a", "d/x", "z", "b", "e/y", "y"] {
        env.write(path, "22");
    }
    let status = env.json(&["status", "--json"]);
    let paths = |list: &str| -> Vec<String> {
        let list = status[list].as_array().expect("a list").iter();
        list.map(|change| change["path"].as_str().expect("a path").to_owned()).collect()
    };
    assert_eq!(paths("unstaged"), ["a", "d/x", "z"]);
    assert_eq!(paths("untracked"), ["b", "e/", "y"]);
}

#[test]
fn status_documents_and_codes_say_what_differs() {
    let env = committed();
    let clean = env.json(&["status", "--json"]);
    has_keys(&clean, &["branch", "commit", "clean", "staged", "unstaged", "untracked"]);
    assert_eq!((&clean["branch"], &clean["clean"]), (&json!("main"), &json!(true)));
    assert_eq!(env.run(&["status", "-q"]).code, 0);
    env.write("new", "x");
    let dirty = env.json(&["status", "--json"]);
    assert_eq!(dirty["untracked"], json!([{"path": "new", "change": "untracked"}]));
    env.run(&["status", "-q"]).fails(1, "");
}

#[test]
fn commit_documents_have_the_fields_scripts_rely_on() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "x,y\n");
    let added = env.json(&["add", "--json", "."]);
    has_keys(
        &added,
        &["added", "modified", "removed", "logical_bytes", "new_bytes", "stored_bytes"],
    );
    let ran = env.run_with(&["commit", "--json", "-F", "-"], b"from a pipe\n\nbody\n");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let commit: Value = serde_json::from_str(&ran.stdout).expect("one document");
    let fields = ["commit", "tree", "branch", "files", "bytes", "new_bytes", "stored_bytes"];
    has_keys(&commit, &fields);
    assert_eq!((&commit["files"], &commit["bytes"]), (&json!(1), &json!(4)));
    assert_eq!(commit["tree"].as_str(), Some(env.ok(&["hash", "."]).trim_end()));
    let entry = env.json(&["log", "--json"]);
    assert_eq!(entry["commit"], commit["commit"]);
    assert_eq!(entry["message"].as_str().map(str::trim_end), Some("from a pipe\n\nbody"));
    assert_eq!(entry["author"]["time"], NOW);
}

#[test]
fn commits_that_cannot_be_made_say_what_to_do() {
    let mut env = committed();
    let ran = env.run(&["commit", "-m", "again"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.starts_with("error: nothing to commit"), "{}", ran.stderr);
    env.write("new", "x");
    env.ok(&["add", "new"]);
    let empty = "error: the commit message is empty\n\
                 hint: say what changed: esker commit -m \"what changed\"\n";
    env.run(&["commit", "-m", ""]).fails(1, empty);
    env.run(&["commit"]).fails(1, empty);
    let meta = env.run(&["commit", "-m", "x", "--meta", "novalue"]);
    assert_eq!(meta.code, 2, "{}", meta.stderr);
    let date = env.run(&["commit", "-m", "x", "--date", "yesterday"]);
    assert_eq!(date.code, 2, "{}", date.stderr);
    env.unset("ESKER_AUTHOR_NAME").unset("ESKER_AUTHOR_EMAIL");
    let author = env.run(&["commit", "-m", "x"]);
    assert_eq!(author.code, 1);
    assert!(author.stderr.contains("hint: esker config --global user.name"), "{}", author.stderr);
}

#[test]
fn log_is_short_or_long_and_as_many_as_wanted() {
    let env = committed();
    env.write("a.csv", "x,y\n3,4\n");
    env.ok(&["commit", "-a", "-m", "second version", "--meta", "source=lab 3"]);
    let lines = env.ok(&["log", "--oneline"]);
    let summaries: Vec<_> = lines.lines().map(|line| &line[10..]).collect();
    assert_eq!(summaries, [" (HEAD -> main) second version", " first version"]);
    let long = env.ok(&["log", "-n", "1"]);
    assert_eq!(env.ok(&["log", "-1"]), long);
    assert_eq!(env.ok(&["reflog", "-1"]).lines().count(), 1);
    let (_, rest) = long.split_once('\n').expect("several lines");
    let expected = "Author: Ada Lovelace <ada@example.org>\n\
                    Date:   Fri May 31 16:00:00 2024 +0200\nData:   2 files, 12 B\n\
                    Meta:   source=lab 3\n\n    second version\n";
    assert_eq!(rest, expected);
    assert_eq!(env.ok(&["log", "--json"]).lines().count(), 2);
    let shown = env.ok(&["show"]);
    let stat = " M a.csv         8 B ->        8 B         +0 B\n \
                1 file changed, 1 modified (+0 B of 8 B)\n";
    assert!(shown.ends_with(&format!("    second version\n\n{stat}")), "{shown}");
}

#[test]
fn files_of_any_commit_are_listed_and_printed() {
    let env = committed();
    fs::remove_file(env.path("a.csv")).expect("remove");
    assert_eq!(env.ok(&["ls"]), "a.csv\nimages/\n");
    assert_eq!(env.ok(&["ls", "-R"]), "a.csv\nimages/cat.png\n");
    for args in [&["ls", "main:images"][..], &["ls", "main", "images"], &["ls", "images"]] {
        assert_eq!(env.ok(args), "images/cat.png\n", "{args:?}");
    }
    let long = env.ok(&["ls", "--long", "main:a.csv"]);
    assert!(long.starts_with("- ") && long.ends_with("        8 B         1 a.csv\n"), "{long}");
    assert_eq!(env.ok(&["cat", "main:a.csv"]), "x,y\n1,2\n");
    assert_eq!(env.ok(&["cat", "a.csv", "--offset", "4", "--length", "3"]), "1,2");
    let missing = "error: no 'b.csv' in main\nhint: see what is there: esker ls -R main\n";
    env.run(&["cat", "main:b.csv"]).fails(1, missing);
}

#[test]
fn checkout_brings_versions_back_and_loses_nothing() {
    let env = committed();
    env.write("a.csv", "new");
    env.ok(&["commit", "-am", "second"]);
    let text = env.ok(&["checkout", "HEAD~1"]);
    assert!(text.starts_with("HEAD is now at "), "{text}");
    assert_eq!(fs::read(env.path("a.csv")).expect("read"), b"x,y\n1,2\n");
    assert!(env.ok(&["status"]).starts_with("HEAD detached at "));
    env.ok(&["checkout", "main"]);
    env.write("a.csv", "unsaved");
    let ran = env.run(&["checkout", "HEAD~1"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: unsaved changes would be lost: a.csv\nhint: "));
    assert_eq!(fs::read(env.path("a.csv")).expect("read"), b"unsaved");
    env.ok(&["restore", "a.csv"]);
    assert_eq!(fs::read(env.path("a.csv")).expect("read"), b"new");
    env.ok(&["checkout", "HEAD~1", "--", "a.csv"]);
    assert_eq!(fs::read(env.path("a.csv")).expect("read"), b"x,y\n1,2\n");
    assert_eq!(env.json(&["status", "--json"])["branch"], "main");
}

#[test]
fn one_thread_brings_large_files_back_one_after_the_other() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut random = Random::new(3);
    let files = Files::from([
        ("a.csv".to_owned(), random.text(1_100_000)),
        ("b.bin".to_owned(), random.bytes(3 << 20)),
        ("c.csv".to_owned(), random.text(70_000)),
        ("d.csv".to_owned(), random.text(9_000)),
    ]);
    for (name, bytes) in &files {
        env.write(&format!("data/{name}"), bytes);
    }
    env.ok(&["add", "data"]);
    env.ok(&["commit", "-m", "large"]);
    for jobs in ["1", "2", "5"] {
        fs::remove_dir_all(env.path("data")).expect("remove");
        env.ok(&["restore", "data", "--jobs", jobs]);
        assert_same(&read_all(&env.path("data")), &files);
    }
}

#[test]
fn a_deleted_file_is_staged_by_its_name_alone() {
    let env = committed();
    fs::remove_file(env.path("a.csv")).expect("remove");
    let text = env.ok(&["add", "a.csv"]);
    assert!(text.starts_with("staged 1 change: 1 removed; 0 unchanged\n"), "{text}");
    assert_eq!(env.ok(&["status", "-s"]), "D  a.csv\n");
    env.ok(&["commit", "-m", "without it"]);
    assert_eq!(env.ok(&["ls", "-R"]), "images/cat.png\n");
    env.ok(&["fsck"]);
}

#[test]
fn standard_input_is_added_under_a_name() {
    let env = committed();
    let ran = env.run_with(&["add", "-", "--name", "raw/new.csv"], b"a,b\n");
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    env.ok(&["commit", "-m", "piped"]);
    assert_eq!(env.ok(&["cat", "raw/new.csv"]), "a,b\n");
}

#[test]
fn settings_are_shown_changed_and_removed() {
    let env = Env::new();
    env.ok(&["init"]);
    assert_eq!(env.ok(&["config", "core.jobs", "3"]), "");
    assert_eq!(env.ok(&["config", "core.jobs"]), "3\n");
    assert_eq!(env.ok(&["config", "get", "core.jobs"]), "3\n");
    assert!(env.ok(&["config", "--list", "--show-origin"]).contains("\tcore.jobs=3\n"));
    env.ok(&["config", "--unset", "core.jobs"]);
    assert_eq!(env.ok(&["config", "core.jobs"]), "0\n");
    env.ok(&["config", "--global", "ui.color", "never"]);
    assert_eq!(env.ok(&["-C", "..", "config", "ui.color"]), "never\n");
    assert_eq!(env.run(&["config", "core.nothing"]).code, 1);
    assert_eq!(env.run(&["config", "nonsense"]).code, 2);
}

#[test]
fn what_cannot_be_read_is_skipped_named_and_code_3() {
    let env = committed();
    if cfg!(unix) {
        let made = std::process::Command::new("mkfifo").arg(env.path("pipe")).status();
        assert!(made.expect("mkfifo runs").success());
        env.write("fine", "x");
        let ran = env.run(&["add", "."]);
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stderr.starts_with("warning: skipped pipe: "), "{}", ran.stderr);
        let ran = env.run(&["add", ".", "--json"]);
        let document: Value = serde_json::from_str(&ran.stdout).expect("one document");
        assert_eq!((ran.code, ran.stderr.as_str()), (3, ""));
        assert_eq!(document["skipped"][0]["path"], "pipe");
    }
}

#[test]
fn a_commit_says_the_same_whether_it_was_counted_when_staged_or_afterwards() {
    let env = Env::new();
    env.ok(&["init"]);
    let told = |outcome: &serde_json::Value| {
        ["added", "modified", "removed", "files", "bytes"].map(|key| outcome[key].as_u64())
    };
    let mut expected =
        [[2, 0, 0], [1, 1, 1], [2, 0, 1], [1, 1, 0], [0, 1, 2], [0, 1, 0]].into_iter();
    let mut commit = |what: &str| {
        let first = env.json(&["commit", "--json", "-m", what]);
        let counted = expected.next().expect("a step").map(|n| Some(n as u64));
        assert_eq!(told(&first)[..3], counted, "{what}");
        // The tree is staged again by moving HEAD, which counts nothing.
        if env.run(&["reset", "--soft", "HEAD~1"]).code == 0 {
            assert_eq!(told(&env.json(&["commit", "--json", "-m", what])), told(&first), "{what}");
        }
    };
    let add = || env.ok(&["add", "-A"]);
    env.write("a", "1");
    env.write("d/b", "2");
    add();
    commit("files");
    env.write("a", "changed");
    env.write("c", "3");
    std::fs::remove_file(env.path("d/b")).expect("remove");
    add();
    commit("one of each");
    env.write("e/f/g", "4");
    env.write("e/h", "5");
    std::fs::remove_file(env.path("c")).expect("remove");
    add();
    commit("new folders");
    std::fs::remove_file(env.path("a")).expect("remove");
    env.write("a/x", "6");
    add();
    commit("a file becomes a folder");
    std::fs::remove_dir_all(env.path("e")).expect("remove");
    env.write("e", "7");
    add();
    commit("a folder becomes a file");
    env.write("a/x", "changed");
    env.write("never", "8");
    env.ok(&["add", "-u"]);
    commit("only what is tracked");
    assert_eq!(env.run(&["fsck"]).code, 0);
}
