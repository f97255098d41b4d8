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
    assert!(
        pushed.contains(" * main: ") && pushed.contains("1 commit, 2 file contents; "),
        "{pushed}"
    );
    assert_eq!(env.ok(&["-C", "a", "push"]), "Everything up to date\n");
    let cloned = env.ok(&["clone", "shared", "b"]);
    assert!(cloned.contains("1 ref, 1 commit; 2 files written"), "{cloned}");
    assert_eq!(fs::read(env.path("b/images/cat.png")).expect("read"), [0, 159, 146, 150]);
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    commit(&env, "b", "new.csv", "3");
    env.ok(&["-C", "b", "push"]);
    let planned = env.ok(&["-C", "a", "fetch", "-n"]);
    assert!(planned.contains("1 commit, 1 file content: 3 objects, "), "{planned}");
    assert_eq!(env.ok(&["-C", "a", "log", "--oneline", "origin/main"]).lines().count(), 1);
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
         hint: bring them in first: esker pull --rebase, or esker pull --merge; or --force\n",
    );
    let ran = env.run(&["-C", "a", "pull"]);
    assert_eq!(ran.code, 12);
    assert!(ran.stderr.contains("have both moved on"), "{}", ran.stderr);
    assert!(ran.stderr.contains("esker pull --rebase"), "{}", ran.stderr);
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
    // Two chunks, two trees and a commit.
    assert!(text.contains("1 commit, 2 file contents of 15.6 KiB: 5 objects, "), "{text}");
    assert!(!env.path("shared/root").exists());
    let document = env.json(&["-C", "a", "push", "-n", "--json"]);
    assert_eq!(document["planned_objects"], 5);
    let planned = document["planned_bytes"].as_u64().expect("a number");
    assert!((10..1000).contains(&planned), "{document}");
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
fn a_push_that_was_cut_short_goes_on_with_what_was_asked_for() {
    let env = site();
    env.run(&["-C", "a", "push", "--resume"])
        .fails(2, "error: no push to origin was cut short\nhint: push anew: esker push\n");
    // No table can be written: the packs are there, and no root.
    env.write("shared/table", "in the way");
    let ran = env.run(&["-C", "a", "push", "origin", "main:other"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    fs::remove_file(env.path("shared/table")).expect("remove");
    let resumed = env.ok(&["-C", "a", "push", "--resume"]);
    assert!(resumed.contains(" * other: "), "{resumed}");
    assert!(env.ok(&["-C", "a", "ls-remote"]).ends_with("\trefs/heads/other\n"));
    env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    assert_eq!(env.run(&["-C", "a", "push", "--resume"]).code, 2, "it was done");
    fsck(&env, &["a"]);
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
    for n in 0..30u8 {
        env.write(&format!("a/more/{n}"), [n; 500]);
    }
    env.ok(&["-C", "a", "add", "."]);
    env.ok(&["-C", "a", "commit", "-m", "more"]);
    env.ok(&["-C", "a", "push", "origin", "HEAD:other"]);
    let checked = env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    assert!(checked.contains("checked 2 commits, ") && checked.ends_with("no problems\n"));
    assert_eq!(env.ok(&["-C", "a", "remote", "fsck", "--data"]), checked, "another spelling");
    env.ok(&["-C", "a", "push", "--delete", "origin", "other"]);
    let planned = env.ok(&["-C", "a", "gc", "--remote", "-n"]);
    assert!(planned.contains(" would be dropped, ") && planned.contains(" packed anew: "));
    assert_eq!(env.ok(&["-C", "a", "remote", "gc", "origin", "-n"]), planned, "another spelling");
    let done = env.json(&["-C", "a", "gc", "--remote", "origin", "--grace", "0", "--json"]);
    let count = |field: &str| done[field].as_u64().expect("a number");
    assert!(count("dead_packs") + count("repacked") > 0 && count("dropped_bytes") > 0, "{done}");
    env.ok(&["clone", "shared", "b"]);
    env.ok(&["-C", "b", "fsck", "--remote"]);
    env.ok(&["-C", "b", "fsck", "--remote", "origin", "--sample", "50%"]);
    // A session that was dropped leaves an empty folder.
    let entries = |dir: &Path| fs::read_dir(dir).expect("read").map(|e| e.expect("entry").path());
    let pack = entries(&env.path("shared/pack")).flat_map(|dir| entries(&dir)).next();
    fs::remove_file(pack.expect("a pack")).expect("remove");
    let ran = env.run(&["-C", "a", "fsck", "--remote"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stdout.contains(": it is not there\n"), "{}", ran.stdout);
    let mended = env.ok(&["-C", "a", "fsck", "--remote", "--repair"]);
    assert!(mended.contains(" sent again, 1 pack dropped"), "{mended}");
    env.ok(&["clone", "shared", "c"]);
    fsck(&env, &["a", "b", "c"]);
}

/// Two clones that both have commits of their own, `b`'s pushed.
fn diverged() -> Env {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    env.ok(&["clone", "shared", "b"]);
    commit(&env, "b", "theirs", "1");
    env.ok(&["-C", "b", "push"]);
    commit(&env, "a", "ours", "2");
    commit(&env, "a", "more", "3");
    env
}

fn log(env: &Env, dir: &str) -> Vec<String> {
    let text = env.ok(&["-C", dir, "log", "--oneline"]);
    text.lines().filter_map(|line| line.split(' ').next_back()).map(str::to_owned).collect()
}

#[test]
fn pull_makes_own_commits_anew_on_top_of_the_others() {
    let env = diverged();
    let pulled = env.ok(&["-C", "a", "pull", "--rebase"]);
    assert!(pulled.contains("] ours\n") && pulled.contains("] more\n"), "{pulled}");
    assert_eq!(log(&env, "a"), ["more", "ours", "theirs", "first"]);
    for (file, text) in [("theirs", "1"), ("ours", "2"), ("more", "3")] {
        assert_eq!(fs::read_to_string(env.path(format!("a/{file}"))).expect("read"), text);
    }
    assert!(env.ok(&["-C", "a", "status"]).contains("nothing to commit"));
    env.ok(&["-C", "a", "push"]);
    // What both did is left out.
    commit(&env, "a", "same", "4");
    env.ok(&["-C", "a", "push"]);
    env.ok(&["-C", "b", "pull"]);
    commit(&env, "a", "next", "5");
    env.ok(&["-C", "a", "push"]);
    env.write("b/next", "5");
    env.ok(&["-C", "b", "add", "-A"]);
    env.ok(&["-C", "b", "commit", "-m", "the same"]);
    let pulled = env.ok(&["-C", "b", "pull", "--rebase"]);
    assert!(pulled.contains("left out: what it changes is there already"), "{pulled}");
    assert_eq!(log(&env, "b"), log(&env, "a"));
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_rebase_that_conflicts_waits_and_can_be_given_up() {
    let env = diverged();
    let before = log(&env, "a");
    commit(&env, "b", "more", "theirs");
    env.ok(&["-C", "b", "push"]);
    let ran = env.run(&["-C", "a", "pull", "--rebase"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(ran.stdout.contains("] ours\n"), "{}", ran.stdout);
    assert!(ran.stdout.contains("CONFLICT (both added): more"), "{}", ran.stdout);
    assert!(ran.stdout.contains("then: esker cherry-pick --continue"), "{}", ran.stdout);
    env.run(&["-C", "a", "pull", "--rebase"]).fails(
        4,
        "error: a cherry-pick is under way\n\
         hint: finish it: esker cherry-pick --continue; or give it up: esker cherry-pick --abort\n",
    );
    env.ok(&["-C", "a", "cherry-pick", "--abort"]);
    assert_eq!(log(&env, "a"), before);
    assert_eq!(fs::read(env.path("a/more")).expect("read"), b"3");
    assert!(!env.path("a/theirs").exists());
    env.run(&["-C", "a", "pull", "--rebase"]);
    env.ok(&["-C", "a", "checkout", "--ours", "--", "more"]);
    env.ok(&["-C", "a", "add", "more"]);
    env.ok(&["-C", "a", "cherry-pick", "--skip", "--force"]);
    assert_eq!(log(&env, "a"), ["ours", "more", "theirs", "first"]);
    env.ok(&["-C", "a", "push"]);
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_rebase_keeps_unsaved_work_and_refuses_merges() {
    let env = diverged();
    env.write("a/theirs", "unsaved");
    let ran = env.run(&["-C", "a", "pull", "--rebase"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert_eq!(fs::read(env.path("a/theirs")).expect("read"), b"unsaved");
    assert_eq!(log(&env, "a"), ["more", "ours", "first"]);
    fs::remove_file(env.path("a/theirs")).expect("remove");
    let merged = env.ok(&["-C", "a", "pull", "--merge"]);
    assert!(merged.contains("] Merge branch 'main' of origin\n"), "{merged}");
    commit(&env, "b", "next", "4");
    env.ok(&["-C", "b", "push"]);
    let ran = env.run(&["-C", "a", "pull", "--rebase"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("is a merge, which cannot be made anew"), "{}", ran.stderr);
    env.ok(&["-C", "a", "pull", "--merge"]);
    env.ok(&["-C", "a", "push"]);
    env.ok(&["-C", "b", "pull"]);
    assert_eq!(log(&env, "b").len(), log(&env, "a").len());
    fsck(&env, &["a", "b"]);
}

#[test]
fn keeps_are_listed_added_and_removed_and_hold_what_they_reach() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    env.ok(&["-C", "a", "switch", "-c", "paper"]);
    commit(&env, "a", "result.bin", "42");
    let added = env.ok(&["-C", "a", "remote", "keeps", "add", "paper-2024", "paper"]);
    assert!(added.ends_with("\tpaper-2024\tresult.bin\n"), "{added}");
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]), added);
    let refs = env.ok(&["-C", "a", "ls-remote"]);
    assert_eq!(refs.lines().count(), 1, "a keep is no branch and no tag: {refs}");
    env.ok(&["-C", "a", "gc", "--remote", "--grace", "0"]);
    env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    env.ok(&["clone", "shared", "b"]);
    assert!(!env.ok(&["-C", "b", "branch", "-a"]).contains("paper"));
    let ran = env.run(&["-C", "a", "remote", "keeps", "add", "paper-2024", "main"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    env.run(&["-C", "a", "remote", "keeps", "remove", "other"]).fails(
        12,
        "error: origin has no keep 'other'\n\
         hint: see what it has: esker remote keeps --remote origin\n",
    );
    env.ok(&["-C", "b", "remote", "keeps", "rm", "paper-2024", "--remote", "origin"]);
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps", "list"]), "");
    let done = env.json(&["-C", "a", "gc", "--remote", "--grace", "0", "--json"]);
    assert!(done["dropped_bytes"].as_u64().expect("a number") > 0, "{done}");
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_remote_that_went_back_is_taken_as_it_is_when_a_person_says_so() {
    let env = site();
    env.ok(&["-C", "a", "push"]);
    let copy = |from: &Path, to: &Path| {
        let done = std::process::Command::new("cp").arg("-r").args([from, to]).status();
        assert!(done.expect("cp").success());
    };
    copy(&env.path("shared"), &env.path("backup"));
    commit(&env, "a", "more", "1");
    env.ok(&["-C", "a", "push"]);
    fs::remove_dir_all(env.path("shared")).expect("remove");
    copy(&env.path("backup"), &env.path("shared"));
    let ran = env.run(&["-C", "a", "fetch"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    assert!(ran.stderr.contains("the remote went back: root 2 was seen there"), "{}", ran.stderr);
    assert!(ran.stderr.contains("esker remote accept-history"), "{}", ran.stderr);
    let accepted = env.ok(&["-C", "a", "remote", "accept-history"]);
    assert!(
        accepted.starts_with("origin went back from root 2; it is taken as it is, at root 1\n")
    );
    assert!(accepted.contains(" + main: ") && accepted.contains("(forced)"), "{accepted}");
    // What is here is put back there.
    env.ok(&["-C", "a", "fetch"]);
    env.ok(&["-C", "a", "push", "--all"]);
    env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    let stats = env.json(&["-C", "a", "stats", "--remotes", "--json"]);
    assert_eq!(stats["remotes"][0]["only_here"], 0, "{stats}");
    let again = env.ok(&["-C", "a", "remote", "accept-history", "origin"]);
    assert_eq!(again, "origin is at root 2, which follows from what was seen\n");
    env.ok(&["clone", "shared", "b"]);
    assert_eq!(fs::read(env.path("b/more")).expect("read"), b"1");
    fsck(&env, &["a", "b"]);
}
