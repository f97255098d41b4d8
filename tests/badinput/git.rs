//! Inside a git checkout: esker looks at its data folders only, and git at everything else.

use std::fs;
use std::process::Command;

use serde_json::json;

use crate::env::Env;
use crate::ran::{assert_fails, skip};
use crate::repo;

fn git(env: &Env, args: &[&str]) -> Option<String> {
    let mut command = Command::new("git");
    command.args(args).current_dir(env.dir()).env("HOME", env.dir().join("../home"));
    command.env("GIT_CONFIG_NOSYSTEM", "1");
    let output = command.output().ok()?;
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "git {args:?}: {text}");
    Some(String::from_utf8(output.stdout).expect("UTF-8"))
}

/// A git checkout with code, and data that git does not know.
fn checkout() -> Option<Env> {
    let env = Env::new();
    if git(&env, &["init", "-q"]).is_none() {
        skip("there is no git");
        return None;
    }
    env.write("code/main.py", "print()\n");
    env.write("README.md", "read me\n");
    git(&env, &["add", "."]);
    git(&env, &["-c", "user.name=A", "-c", "user.email=a@b.c", "commit", "-qm", "code"]);
    env.write("data/a.csv", "1,2\n");
    env.write("notes/todo.txt", "later\n");
    env.ok(&["init"]);
    Some(env)
}

fn git_status(env: &Env) -> String {
    git(env, &["status", "--porcelain"]).expect("git is there")
}

#[test]
fn git_sees_nothing_of_the_repository() {
    let Some(env) = checkout() else { return };
    assert_eq!(fs::read_to_string(env.path(".esker/.gitignore")).expect("read"), "*\n");
    assert_eq!(git_status(&env), "?? data/\n?? notes/\n");
}

#[test]
fn only_data_folders_are_added() {
    let Some(env) = checkout() else { return };
    for args in [&["add", "."][..], &["add", "-A", "."], &["add", "-n", "."]] {
        let ran = env.run(args);
        assert_fails(&ran, 1, "is not a data folder of this git checkout", "esker add data");
    }
    let tracked = "is tracked by git";
    assert_fails(&env.run(&["add", "README.md"]), 1, tracked, "git rm -r --cached README.md");
    assert_fails(&env.run(&["add", "code/main.py"]), 1, tracked, "git rm -r --cached code/main.py");
    assert_fails(&env.run(&["add", "code"]), 1, tracked, "git rm -r --cached code/main.py");
    assert_eq!(env.json(&["status", "--json"])["staged"], json!([]));
    env.ok(&["add", "data"]);
    let status = env.json(&["status", "--json"]);
    assert_eq!(status["roots"], json!(["data"]));
    assert_eq!(status["staged"], json!([{ "path": "data/a.csv", "change": "added" }]));
    assert_eq!(status["untracked"], json!([]), "notes are not esker's");
    env.ok(&["commit", "-m", "one"]);
    assert_eq!(env.ok(&["ls", "-R"]), "data/a.csv\n");
    env.write("data/b.csv", "3,4\n");
    env.write("notes/more.txt", "later\n");
    env.ok(&["add", "-A"]);
    let status = env.json(&["status", "--json"]);
    assert_eq!(status["staged"], json!([{ "path": "data/b.csv", "change": "added" }]));
    assert_eq!(git_status(&env), "?? data/\n?? notes/\n");
}

#[test]
fn git_ignore_names_the_folder_once() {
    let Some(env) = checkout() else { return };
    env.write(".gitignore", "*.pyc");
    env.ok(&["add", "--git-ignore", "data"]);
    assert_eq!(fs::read_to_string(env.path(".gitignore")).expect("read"), "*.pyc\n/data\n");
    env.ok(&["add", "--git-ignore", "data"]);
    assert_eq!(fs::read_to_string(env.path(".gitignore")).expect("read"), "*.pyc\n/data\n");
    assert_eq!(git_status(&env), "?? .gitignore\n?? notes/\n");
}

#[test]
fn what_git_tracks_is_never_added_overwritten_or_removed() {
    let Some(env) = checkout() else { return };
    env.ok(&["add", "data"]);
    env.ok(&["commit", "-m", "one"]);
    env.write("data/a.csv", "5,6\n");
    env.write("data/b.csv", "3,4\n");
    repo::commit_all(&env, "two");
    // Now git takes a file of each commit.
    git(&env, &["add", "-f", "data/b.csv"]);
    env.write("data/b.csv", "git's\n");
    let adds =
        [&["add", "data"][..], &["add", "data/b.csv"], &["add", "-A"], &["commit", "-am", "x"]];
    for args in adds {
        assert_fails(
            &env.run(args),
            1,
            "data/b.csv' is tracked by git",
            "git rm -r --cached data/b.csv",
        );
    }
    for args in [
        &["checkout", "HEAD~1"][..],
        &["checkout", "-f", "HEAD~1"],
        &["restore", "data"],
        &["checkout", "HEAD", "--", "data/b.csv"],
    ] {
        let message = "'data/b.csv' is tracked by git";
        assert_fails(&env.run(args), 1, message, "git rm -r --cached data/b.csv");
        let text = fs::read_to_string(env.path("data/b.csv")).expect("git's file is there");
        assert_eq!(text, "git's\n", "{args:?}");
    }
}
