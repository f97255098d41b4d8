//! Remotes as a person meets them: wording, exit codes, and what lies where afterwards.

use std::fs;
use std::path::Path;

use serde_json::json;

use crate::env::Env;

/// A repository with a commit, in `work`; its remote will be the folder `shared`.
fn site() -> Env {
    let env = Env::new();
    env.ok(&["init", "a"]);
    env.write("a/table.csv", "x,y\n1,2\n".repeat(2000));
    env.write("a/images/cat.png", [0, 159, 146, 150]);
    env.ok(&["-C", "a", "add", "."]);
    env.ok(&["-C", "a", "commit", "-m", "first"]);
    env.ok(&["-C", "a", "remote", "add", "origin", "../shared"]);
    env
}

fn commit(env: &Env, dir: &str, file: &str, text: &str) {
    env.write(&format!("{dir}/{file}"), text);
    env.ok(&["-C", dir, "add", "-A"]);
    env.ok(&["-C", dir, "commit", "-m", file]);
}

fn fsck(env: &Env, dirs: &[&str]) {
    for dir in dirs {
        env.ok(&["-C", dir, "fsck", "--data"]);
    }
}

#[test]
fn push_clone_pull_go_round() {
    let env = site();
    let pushed = env.ok(&["-C", "a", "push"]);
    assert!(pushed.contains(" * main: ") && pushed.contains("1 commit, 2 files; "), "{pushed}");
    assert_eq!(env.ok(&["-C", "a", "push"]), "Everything up to date\n");
    let cloned = env.ok(&["clone", "shared", "b"]);
    assert!(cloned.contains("1 ref, 1 commit; 2 files written"), "{cloned}");
    assert_eq!(fs::read(env.path("b/images/cat.png")).expect("read"), [0, 159, 146, 150]);
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    commit(&env, "b", "new.csv", "3");
    env.ok(&["-C", "b", "push"]);
    let pulled = env.ok(&["-C", "a", "pull"]);
    assert!(pulled.contains("main moved from ") && pulled.contains("1 file written"), "{pulled}");
    assert_eq!(fs::read(env.path("a/new.csv")).expect("read"), b"3");
    assert_eq!(env.ok(&["-C", "a", "pull"]), "Already up to date.\n");
    assert_eq!(env.ok(&["-C", "a", "fetch"]), "Nothing new from origin\n");
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_push_that_would_lose_commits_is_refused_with_what_to_do() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    env.ok(&["clone", "shared", "b"]);
    commit(&env, "b", "theirs", "1");
    env.ok(&["-C", "b", "push"]);
    commit(&env, "a", "ours", "2");
    env.run(&["-C", "a", "push"]).fails(
        12,
        "error: main has commits on the remote that are not in what is pushed\n\
         hint: bring them in first: esker pull; or --force\n",
    );
    let ran = env.run(&["-C", "a", "pull"]);
    assert_eq!(ran.code, 12);
    assert!(ran.stderr.contains("have both moved on"), "{}", ran.stderr);
    assert!(ran.stderr.contains("esker merge origin/main"), "{}", ran.stderr);
    // The lease is what the fetch brought: nothing is overwritten unseen.
    let forced = env.ok(&["-C", "a", "push", "--force-with-lease"]);
    assert!(forced.contains(" + main: ") && forced.contains("(forced)"), "{forced}");
    let ran = env.run(&["-C", "b", "push", "--force-with-lease"]);
    assert!(ran.stderr.starts_with("error: main is not what was expected on the remote"));
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_dry_run_sends_nothing() {
    let env = site();
    let text = env.ok(&["-C", "a", "push", "-n"]);
    assert!(text.starts_with("Would push to "), "{text}");
    assert!(text.contains("1 commit, 2 files of "), "{text}");
    assert!(!env.path("shared/root").exists());
    let document = env.json(&["-C", "a", "push", "-n", "--json"]);
    assert_eq!(document["refs"][0]["name"], "refs/heads/main");
    assert_eq!(document["refs"][0]["change"], "new");
}

#[test]
fn refs_are_pushed_by_name_and_deleted() {
    let env = site();
    env.ok(&["-C", "a", "push", "origin", "main:other", "HEAD"]);
    let refs = env.ok(&["-C", "a", "ls-remote"]);
    let names: Vec<_> = refs.lines().filter_map(|line| line.split('\t').nth(1)).collect();
    assert_eq!(names, ["refs/heads/main", "refs/heads/other"]);
    assert_eq!(env.ok(&["ls-remote", "shared"]), refs);
    let deleted = env.ok(&["-C", "a", "push", "--delete", "origin", "other"]);
    assert!(deleted.contains(" - other (deleted, was "), "{deleted}");
    let ran = env.run(&["-C", "a", "push", "--delete", "origin", "other"]);
    assert_eq!(ran.code, 12);
    assert!(ran.stderr.contains("the remote has no other"), "{}", ran.stderr);
    let ran = env.run(&["-C", "a", "push", "origin", "nothing"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("unknown revision 'nothing'"), "{}", ran.stderr);
    fsck(&env, &["a"]);
}

#[test]
fn remotes_are_named_renamed_and_forgotten() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    let added = env.ok(&["-C", "a", "remote", "add", "nas", "../nas"]);
    assert!(added.contains("one of several writers wins: yes"), "{added}");
    let listed = env.json(&["-C", "a", "remote", "--json"]);
    let names: Vec<_> =
        listed["remotes"].as_array().expect("an array").iter().map(|r| &r["name"]).collect();
    assert_eq!(names, ["nas", "origin"]);
    env.ok(&["-C", "a", "remote", "rename", "origin", "home"]);
    assert!(env.ok(&["-C", "a", "log", "--oneline"]).contains("home/main"));
    env.ok(&["-C", "a", "push", "home"]);
    env.ok(&["-C", "a", "remote", "remove", "home"]);
    assert!(!env.ok(&["-C", "a", "log", "--oneline"]).contains("home/main"));
    env.run(&["-C", "a", "push", "home"])
        .fails(2, "error: there is no remote 'home'\nhint: there are: nas\n");
    let checked = env.json(&["-C", "a", "remote", "check", "nas", "--json"]);
    assert_eq!(checked["check"]["atomic_create"], json!(true));
    env.ok(&["-C", "a", "remote", "set-url", "nas", "../shared"]);
    assert_eq!(env.ok(&["-C", "a", "push", "nas"]), "Everything up to date\n");
    fsck(&env, &["a"]);
}

#[test]
fn wrong_places_are_told_apart() {
    let env = site();
    let ran = env.run(&["clone", "nowhere"]);
    assert_eq!(ran.code, 12);
    assert!(ran.stderr.contains("there is no repository at "), "{}", ran.stderr);
    assert!(!env.path("nowhere").exists(), "a failed clone leaves nothing");
    let ran = env.run(&["clone", "gs://bucket/x"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("'gs://bucket/x' is not a location"), "{}", ran.stderr);
    let ran = env.run(&["clone", "s3://key:secret@bucket/x"]);
    assert_eq!(ran.code, 2);
    env.ok(&["-C", "a", "push"]);
    let ran = env.run(&["clone", "shared", "a"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("holds a repository already"), "{}", ran.stderr);
    env.ok(&["init", "other"]);
    commit(&env, "other", "x", "1");
    env.ok(&["-C", "other", "remote", "add", "origin", "../shared"]);
    let ran = env.run(&["-C", "other", "push"]);
    assert_eq!(ran.code, 12);
    assert!(ran.stderr.contains("the remote holds another repository"), "{}", ran.stderr);
    let ran = env.run(&["init", "lone"]);
    assert_eq!(ran.code, 0);
    env.run(&["-C", "lone", "push"]).fails(
        2,
        "error: there is no remote\nhint: name one: esker remote add origin s3://bucket/prefix\n",
    );
}

#[test]
fn a_clone_that_was_stopped_goes_on() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    let shared = env.path("shared/pack");
    let hidden = env.path("hidden");
    fs::rename(&shared, &hidden).expect("rename");
    let ran = env.run(&["clone", "shared", "b"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    fs::rename(&hidden, &shared).expect("rename");
    env.ok(&["clone", "shared", "b"]);
    assert_eq!(fs::read(env.path("b/images/cat.png")).expect("read"), [0, 159, 146, 150]);
    fsck(&env, &["b"]);
}

#[test]
fn pull_does_not_overwrite_unsaved_work() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    env.ok(&["clone", "shared", "b"]);
    commit(&env, "b", "table.csv", "theirs");
    env.ok(&["-C", "b", "push"]);
    env.write("a/table.csv", "unsaved");
    let ran = env.run(&["-C", "a", "pull"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stderr.contains("table.csv"), "{}", ran.stderr);
    assert_eq!(fs::read(env.path("a/table.csv")).expect("read"), b"unsaved");
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_remote_is_checked_and_collected() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    env.write("a/more.bin", [7; 5000]);
    env.ok(&["-C", "a", "add", "."]);
    env.ok(&["-C", "a", "commit", "-m", "more"]);
    env.ok(&["-C", "a", "push", "origin", "HEAD:other"]);
    let checked = env.ok(&["-C", "a", "remote", "fsck", "--data"]);
    assert!(checked.contains("checked 2 commits, ") && checked.ends_with("no problems\n"));
    env.ok(&["-C", "a", "push", "--delete", "origin", "other"]);
    let planned = env.ok(&["-C", "a", "remote", "gc", "-n"]);
    assert!(planned.starts_with("2 packs would be dropped, 0 packed anew: "), "{planned}");
    let done = env.json(&["-C", "a", "remote", "gc", "--grace", "0", "--json"]);
    assert_eq!(done["dead_packs"], 2);
    env.ok(&["clone", "shared", "b"]);
    env.ok(&["-C", "b", "remote", "fsck"]);
    // A session that was dropped leaves an empty folder.
    let entries = |dir: &Path| fs::read_dir(dir).expect("read").map(|e| e.expect("entry").path());
    let pack = entries(&env.path("shared/pack")).flat_map(|dir| entries(&dir)).next();
    fs::remove_file(pack.expect("a pack")).expect("remove");
    let ran = env.run(&["-C", "a", "remote", "fsck"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stdout.contains(": it is not there\n"), "{}", ran.stdout);
    fsck(&env, &["a", "b"]);
}
