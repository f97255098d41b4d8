//! Further worktrees of one repository.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::env::{Env, Ran};
use crate::repo::commit_all;

const CLEAN: &str = "On branch side\n\nnothing to commit, working tree clean\n";

/// A repository with two commits, and a worktree `side` on a branch of that name.
fn with_side() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "1");
    commit_all(&env, "first");
    env.write("a.csv", "2");
    env.write("d/b.csv", "b");
    commit_all(&env, "second");
    env.ok(&["worktree", "add", "../side"]);
    env
}

fn side(env: &Env) -> PathBuf {
    env.dir().parent().expect("a folder").join("side")
}

/// Runs in the worktree `name`.
fn run_in(env: &Env, name: &str, args: &[&str]) -> Ran {
    let folder = env.dir().parent().expect("a folder").join(name);
    env.run(&[&["-C", folder.to_str().expect("text")], args].concat())
}

fn in_side(env: &Env, args: &[&str]) -> String {
    let ran = run_in(env, "side", args);
    assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
    ran.stdout
}

fn refused(ran: &Ran, code: i32, told: &str) {
    assert_eq!(ran.code, code, "{}{}", ran.stdout, ran.stderr);
    assert!(ran.stderr.contains(told), "{}", ran.stderr);
}

fn listed(env: &Env) -> Vec<Value> {
    let outcome = env.json(&["worktree", "list", "--json"]);
    outcome["worktrees"].as_array().expect("a list").clone()
}

#[test]
fn each_worktree_has_its_own_head_and_stage_on_the_same_branches() {
    let env = with_side();
    assert_eq!(fs::read_to_string(side(&env).join("a.csv")).expect("read"), "2");
    assert_eq!(in_side(&env, &["status"]), CLEAN);
    fs::write(side(&env).join("a.csv"), "of the side").expect("write");
    fs::write(side(&env).join("new"), "new").expect("write");
    in_side(&env, &["add", "."]);
    assert!(!env.ok(&["status"]).contains("a.csv"), "the stage is the side's own");
    in_side(&env, &["commit", "-m", "on the side"]);
    assert!(env.ok(&["log", "--oneline", "side"]).contains("on the side"));
    env.ok(&["merge", "side"]);
    assert_eq!(fs::read_to_string(env.path("new")).expect("read"), "new");
    assert!(in_side(&env, &["log", "--oneline", "main"]).contains("on the side"));
    assert_eq!(in_side(&env, &["status"]), CLEAN);
    env.ok(&["fsck", "--data"]);
    in_side(&env, &["fsck", "--data"]);
}

#[test]
fn a_branch_is_checked_out_once() {
    let env = with_side();
    env.ok(&["branch", "free"]);
    let at = side(&env).display().to_string();
    let told = format!("branch 'side' is checked out in {at}");
    for args in [
        &["switch", "side"][..],
        &["checkout", "side"],
        &["branch", "-d", "side"],
        &["branch", "-f", "side", "main~1"],
        &["branch", "-f", "-m", "free", "side"],
        &["worktree", "add", "../more", "side"],
    ] {
        refused(&env.run(args), 1, &told);
    }
    let main = env.dir().display().to_string();
    let told = format!("branch 'main' is checked out in {main}");
    refused(&run_in(&env, "side", &["switch", "main"]), 1, &told);
    env.ok(&["branch", "-m", "side", "renamed"]);
    assert!(in_side(&env, &["status"]).starts_with("On branch renamed"));
    in_side(&env, &["switch", "free"]);
    env.ok(&["branch", "-d", "renamed"]);
    assert!(!env.dir().parent().expect("a folder").join("more").exists());
    env.ok(&["fsck"]);
}

#[test]
fn a_new_worktree_is_on_what_was_asked_for() {
    let env = with_side();
    env.ok(&["worktree", "add", "../old", "main~1", "--detach"]);
    env.ok(&["worktree", "add", "../try", "-b", "trial", "main~1"]);
    let worktrees = listed(&env);
    let branches: Vec<_> = worktrees.iter().map(|w| w["branch"].as_str()).collect();
    assert_eq!(branches, [Some("main"), Some("side"), None, Some("trial")]);
    assert_eq!(worktrees.iter().filter(|w| w["missing"] == true).count(), 0);
    let old = env.dir().parent().expect("a folder").join("old");
    assert_eq!(fs::read_to_string(old.join("a.csv")).expect("read"), "1");
    assert!(!old.join("d").exists());
    for (path, told) in [
        ("inside", "is inside a worktree"),
        ("../side/inside", "is inside a worktree"),
        ("../work", "is there already and not empty"),
    ] {
        refused(&env.run(&["worktree", "add", path]), 2, told);
    }
    assert!(!env.path("inside").exists());
    refused(&env.run(&["worktree", "add", "../x", "nowhere"]), 1, "there is no branch 'nowhere'");
    assert!(run_in(&env, "side", &["init"]).stdout.starts_with("Reinitialized"));
    env.ok(&["fsck"]);
}

#[test]
fn collections_in_one_worktree_keep_what_the_others_need() {
    let env = with_side();
    fs::write(side(&env).join("staged"), "staged on the side").expect("write");
    in_side(&env, &["add", "."]);
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    let away = env.dir().parent().expect("a folder").join("away");
    fs::rename(side(&env), &away).expect("rename");
    let found = env.json(&["gc", "--grace", "0", "--reflog", "0", "--json"]);
    let at = side(&env).display().to_string();
    assert_eq!(found["unseen"], serde_json::json!([at]), "{found}");
    assert!(env.ok(&["worktree"]).contains("not there"));
    assert!(env.ok(&["gc"]).contains(&format!("esker worktree remove {at}")));
    // Moved by hand it is known again with its first command.
    let ran = run_in(&env, "away", &["commit", "-m", "from where it was moved to"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert_eq!(listed(&env)[1]["path"], away.display().to_string());
    env.ok(&["cat", "side:staged"]);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn a_worktree_commits_while_another_collects() {
    let env = with_side();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..12 {
                fs::write(side(&env).join("n"), format!("{n}").repeat(5000)).expect("write");
                in_side(&env, &["add", "."]);
                in_side(&env, &["commit", "-m", &format!("commit {n}")]);
            }
        });
        for _ in 0..8 {
            env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
        }
    });
    env.ok(&["fsck", "--data"]);
    for n in 0..12 {
        let text = env.ok(&["cat", &format!("side~{}:n", 11 - n)]);
        assert_eq!(text, format!("{n}").repeat(5000));
    }
}

#[test]
fn copies_and_stale_folders_are_refused_and_a_moved_repository_is_repaired() {
    let env = with_side();
    let parent = env.dir().parent().expect("a folder").to_owned();
    let copy = |from: &str, to: &str| {
        let mut command = std::process::Command::new("cp");
        command.arg("-r").args([parent.join(from), parent.join(to)]);
        assert!(command.status().expect("cp").success());
    };
    copy("side", "twin");
    refused(&run_in(&env, "twin", &["status"]), 1, "is a copy of the worktree at");
    copy("side", "stale");
    env.ok(&["worktree", "remove", "../side"]);
    refused(&run_in(&env, "stale", &["status"]), 1, "was removed from its repository");
    // Its number is used again, and still it is not taken for the new one.
    env.ok(&["worktree", "add", "../side"]);
    refused(&run_in(&env, "stale", &["commit", "-m", "x"]), 1, "was removed from its repository");
    fs::rename(parent.join("work"), parent.join("moved")).expect("rename");
    fs::create_dir(parent.join("work")).expect("mkdir");
    refused(&run_in(&env, "side", &["status"]), 1, "esker worktree repair");
    let ran = run_in(&env, "moved", &["worktree", "repair"]);
    assert_eq!((ran.code, ran.stdout.contains("side")), (0, true), "{}", ran.stderr);
    in_side(&env, &["status"]);
    in_side(&env, &["fsck", "--data"]);
}

#[test]
fn removing_a_worktree_loses_nothing() {
    let env = with_side();
    let remove = |args: &[&str]| env.run(&[&["worktree", "remove"], args].concat());
    refused(&remove(&["."]), 2, "the main worktree");
    refused(&remove(&["../nowhere"]), 2, "is no worktree of this repository");
    refused(&run_in(&env, "side", &["worktree", "remove", "."]), 2, "from inside it");
    fs::write(side(&env).join("a.csv"), "unsaved").expect("write");
    refused(&remove(&["../side"]), 4, "unsaved changes would be lost");
    in_side(&env, &["add", "."]);
    refused(&remove(&["../side"]), 2, "staged changes would be lost");
    in_side(&env, &["commit", "-m", "saved"]);
    in_side(&env, &["switch", "--detach", "side"]);
    fs::write(side(&env).join("a.csv"), "on no branch").expect("write");
    in_side(&env, &["commit", "-a", "-m", "on no branch"]);
    refused(&remove(&["../side"]), 2, "commits that no branch or tag has");
    in_side(&env, &["branch", "kept"]);
    fs::write(side(&env).join("untracked"), "mine").expect("write");
    let text = env.ok(&["worktree", "remove", "../side"]);
    assert!(text.ends_with("left, of no version: untracked\n"), "{text}");
    assert!(!side(&env).join("a.csv").exists() && !side(&env).join(".esker").exists());
    assert_eq!(fs::read_to_string(side(&env).join("untracked")).expect("read"), "mine");
    assert_eq!(env.ok(&["cat", "kept:a.csv"]), "on no branch");
    env.ok(&["worktree", "add", "../other"]);
    let other = env.dir().parent().expect("a folder").join("other");
    fs::write(other.join("a.csv"), "unsaved").expect("write");
    env.ok(&["worktree", "remove", "--force", "../other"]);
    assert!(!other.exists());
    assert_eq!(listed(&env).len(), 1);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn a_rebuilt_database_knows_its_worktrees() {
    let env = with_side();
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(env.path(".esker").join(name));
    }
    env.ok(&["fsck", "--rebuild"]);
    assert!(in_side(&env, &["status"]).starts_with("On branch side"));
    env.ok(&["worktree", "remove", "../side"]);
    env.ok(&["fsck"]);
}

#[test]
fn remotes_are_the_same_from_every_worktree() {
    let env = with_side();
    env.ok(&["remote", "add", "origin", "../shared"]);
    fs::create_dir(env.dir().parent().expect("a folder").join("deep")).expect("mkdir");
    env.ok(&["worktree", "add", "../deep/down"]);
    let ran = run_in(&env, "deep/down", &["push", "origin", "down"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(env.ok(&["ls-remote"]).contains("down"));
    env.ok(&["remote", "fsck"]);
}
