//! `merge`, `revert`, `cherry-pick`: what a person reads, what scripts get, and that nothing is lost.

use std::fs;

use serde_json::json;

use crate::env::{Env, Ran};
use crate::ran::assert_fails;

/// `main` and `side` have both changed `a`; each has one change of its own.
fn parted() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    for (path, text) in [("a", "base"), ("b", "base"), ("d/x", "base"), ("d/y", "base")] {
        env.write(path, text);
    }
    commit(&env, "base");
    env.ok(&["switch", "-c", "side"]);
    env.write("a", "theirs");
    env.write("b", "changed by them");
    commit(&env, "their change");
    env.ok(&["switch", "main"]);
    env.write("a", "ours");
    fs::rename(env.path("b"), env.path("moved")).expect("rename");
    commit(&env, "our change");
    env
}

fn commit(env: &Env, message: &str) {
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", message]);
}

fn read(env: &Env, path: &str) -> String {
    fs::read_to_string(env.path(path)).unwrap_or_else(|e| panic!("{path}: {e}"))
}

fn has(env: &Env, path: &str) -> bool {
    env.path(path).symlink_metadata().is_ok()
}

fn conflicts(ran: &Ran) {
    assert_eq!((ran.code, ran.stderr.as_str()), (4, ""), "{}", ran.stdout);
}

fn end(env: &Env) {
    env.ok(&["fsck"]);
}

#[test]
fn a_branch_that_only_moved_on_is_taken_as_it_is() {
    let env = parted();
    env.ok(&["switch", "-c", "behind", "main~1"]);
    let text = env.ok(&["merge", "main"]);
    assert!(text.starts_with("Fast-forward to "), "{text}");
    assert_eq!(read(&env, "a"), "ours");
    assert_eq!(env.ok(&["merge", "main"]), "Already up to date.\n");
    assert_eq!(env.json(&["merge", "main~1", "--json"])["result"], "up_to_date");
    let heads = env.json(&["log", "-n1", "--json"]);
    env.ok(&["reset", "--hard", "HEAD~1"]);
    let done = env.json(&["merge", "--no-ff", "main", "--json"]);
    assert_eq!(done["result"], "committed");
    assert_ne!(done["commit"], heads["commit"]);
    let log = env.json(&["log", "-n1", "--json"]);
    assert_eq!(log["parents"].as_array().map(Vec::len), Some(2));
    assert_eq!(log["message"].as_str().map(str::trim_end), Some("Merge branch 'main' into behind"));
    env.run(&["merge", "--ff-only", "side"]).fails(
        1,
        "error: cannot fast-forward: the current branch has commits that 'side' has not\n\
         hint: merge it: esker merge side\n",
    );
    end(&env);
}

#[test]
fn a_conflict_keeps_both_sides_and_is_resolved_by_path() {
    let env = parted();
    let dry = env.run(&["merge", "-n", "side"]);
    conflicts(&dry);
    assert!(
        dry.stdout.contains("CONFLICT (both modified): a; theirs is a~side\n"),
        "{}",
        dry.stdout
    );
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    conflicts(&env.run(&["merge", "side"]));
    assert_eq!((read(&env, "a").as_str(), read(&env, "a~side").as_str()), ("ours", "theirs"));
    assert_eq!(read(&env, "moved"), "changed by them", "the change follows the rename");
    let status = env.ok(&["status"]);
    let expected = "On branch main\nA merge is under way; you have unmerged paths.\n  \
        (resolve them, then use \"esker merge --continue\")\n  \
        (use \"esker merge --abort\" to give it up)\n\n\
        Changes to be committed:\n  (use \"esker restore --staged <file>...\" to unstage)\n\
        \tmodified:   moved\n\n\
        Unmerged paths:\n  (use \"esker checkout --theirs -- <file>...\" or --ours to take a side)\n  \
        (use \"esker add <file>\" when it is as it should be, \"esker rm\" to drop it)\n\
        \tboth modified:   a (theirs: a~side)\n";
    assert_eq!(status, expected);
    assert_eq!(env.ok(&["status", "-s"]), "UU a\nM  moved\n");
    let document = env.json(&["status", "--json"]);
    let entry =
        json!([{"path": "a", "conflict": "both modified", "code": "UU", "theirs_at": "a~side"}]);
    assert_eq!((&document["conflicts"], &document["operation"]), (&entry, &json!("merge")));
    let open = "error: conflicts are not resolved: a\n\
                hint: take a side: esker checkout --theirs -- a (or --ours); or edit it, then: esker add a\n";
    env.run(&["commit", "-m", "x"]).fails(4, open);
    env.run(&["merge", "--continue"]).fails(4, open);
    let busy = "error: a merge is under way\n\
                hint: finish it: esker merge --continue; or give it up: esker merge --abort\n";
    for args in
        [&["merge", "side"][..], &["switch", "side"], &["checkout", "side"], &["revert", "HEAD"]]
    {
        env.run(args).fails(4, busy);
    }
    env.ok(&["add", "."]);
    env.run(&["merge", "--continue"]).fails(4, open);
    let refused = env.run(&["checkout", "--theirs"]);
    assert_fails(&refused, 2, "no path was named", "which esker status lists");
    env.ok(&["checkout", "--theirs", "a"]);
    assert_eq!(read(&env, "a"), "theirs");
    assert!(!has(&env, "a~side"));
    env.ok(&["merge", "--continue"]);
    let log = env.json(&["log", "-n1", "--json"]);
    assert_eq!(log["parents"].as_array().map(Vec::len), Some(2));
    assert_eq!(env.ok(&["ls", "-R"]), "a\nd/x\nd/y\nmoved\n");
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    end(&env);
}

#[test]
fn a_conflict_edited_by_hand_is_resolved_by_adding_the_file() {
    let env = parted();
    conflicts(&env.run(&["merge", "-m", "by hand", "side"]));
    env.write("a", "both");
    let text = env.ok(&["add", "a"]);
    assert!(text.contains("1 conflict resolved\n"), "{text}");
    assert!(!has(&env, "a~side"), "their side is not needed any more");
    env.ok(&["commit"]);
    let log = env.json(&["log", "-n1", "--json"]);
    assert_eq!(log["message"].as_str().map(str::trim_end), Some("by hand"));
    assert_eq!(log["parents"].as_array().map(Vec::len), Some(2));
    assert_eq!(env.ok(&["cat", "main:a"]), "both");
    assert_eq!(env.ok(&["ls", "-R"]), "a\nd/x\nd/y\nmoved\n");
    end(&env);
}

#[test]
fn a_merge_that_is_given_up_leaves_all_as_it_was() {
    let env = parted();
    let id = env.ok(&["hash", "."]);
    conflicts(&env.run(&["merge", "side"]));
    env.write("a", "half done");
    env.write("of mine", "added meanwhile");
    let lost = env.run(&["merge", "--abort"]);
    assert_eq!(lost.code, 4, "{}", lost.stderr);
    assert!(
        lost.stderr.starts_with("error: unsaved changes would be lost: a\n"),
        "{}",
        lost.stderr
    );
    assert_eq!(read(&env, "a"), "half done");
    env.ok(&["merge", "--abort", "--force"]);
    assert_eq!(read(&env, "of mine"), "added meanwhile");
    fs::remove_file(env.path("of mine")).expect("remove");
    assert_eq!(env.ok(&["hash", "."]), id);
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    env.run(&["merge", "--abort"])
        .fails(1, "error: no merge is under way\nhint: see where things stand: esker status\n");
    // A hard reset gives it up too.
    conflicts(&env.run(&["merge", "side"]));
    env.ok(&["reset", "--hard"]);
    assert_eq!(env.ok(&["hash", "."]), id);
    assert_eq!(env.json(&["status", "--json"])["operation"], json!(null));
    end(&env);
}

#[test]
fn unsaved_work_is_not_merged_over() {
    let env = parted();
    env.write("moved", "unsaved");
    let ran = env.run(&["merge", "side"]);
    assert_eq!(ran.code, 4);
    let hint =
        "hint: save them first: esker add -A && esker commit; or put them aside: esker stash\n";
    assert_eq!(ran.stderr, format!("error: unsaved changes would be lost: moved\n{hint}"));
    assert_eq!(read(&env, "moved"), "unsaved");
    assert_eq!(env.json(&["status", "--json"])["operation"], json!(null));
    env.ok(&["restore", "moved"]);
    env.write("a~side", "not tracked");
    let ran = env.run(&["merge", "side"]);
    assert!(
        ran.stderr.starts_with("error: unsaved changes would be lost: a~side\n"),
        "{}",
        ran.stderr
    );
    fs::remove_file(env.path("a~side")).expect("remove");
    env.write("new", "staged");
    env.ok(&["add", "new"]);
    let ran = env.run(&["merge", "side"]);
    assert!(
        ran.stderr.starts_with("error: unsaved changes would be lost: new\n"),
        "{}",
        ran.stderr
    );
    end(&env);
}

#[test]
fn a_whole_merge_can_take_one_side_of_every_conflict() {
    for (flag, expected) in [("--ours", "ours"), ("--theirs", "theirs")] {
        let env = parted();
        let done = env.json(&["merge", flag, "side", "--json"]);
        assert_eq!((&done["result"], &done["resolved"]), (&json!("committed"), &json!(1)));
        assert_eq!(
            (read(&env, "a").as_str(), read(&env, "moved").as_str()),
            (expected, "changed by them")
        );
        assert_eq!(env.json(&["status", "--json"])["clean"], true);
        end(&env);
    }
}

#[test]
fn deletions_and_folders_are_conflicts_of_their_own() {
    let env = Env::new();
    env.ok(&["init"]);
    for path in ["gone", "turns", "keep"] {
        env.write(path, "base");
    }
    commit(&env, "base");
    env.ok(&["switch", "-c", "side"]);
    fs::remove_file(env.path("gone")).expect("remove");
    fs::remove_file(env.path("turns")).expect("remove");
    env.write("turns/inside", "theirs");
    commit(&env, "theirs");
    env.ok(&["switch", "main"]);
    env.write("gone", "ours");
    env.write("turns", "ours");
    commit(&env, "ours");
    conflicts(&env.run(&["merge", "side"]));
    assert_eq!(env.ok(&["status", "-s"]), "UD gone\nUD turns~HEAD\nT  turns/\nA  turns/inside\n");
    assert_eq!(
        (read(&env, "turns~HEAD").as_str(), read(&env, "turns/inside").as_str()),
        ("ours", "theirs")
    );
    env.ok(&["checkout", "--theirs", "--", "gone"]);
    assert!(!has(&env, "gone"));
    env.ok(&["rm", "turns~HEAD"]);
    assert!(!has(&env, "turns~HEAD"));
    env.ok(&["commit", "-m", "merged"]);
    assert_eq!(env.ok(&["ls", "-R"]), "keep\nturns/inside\n");
    end(&env);
}

#[test]
fn strangers_are_merged_only_when_that_is_meant() {
    let env = parted();
    env.ok(&["switch", "--orphan", "other"]);
    env.write("alone", "x");
    commit(&env, "no parent");
    let ran = env.run(&["merge", "main"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(
        ran.stderr
            .contains("hint: if that is meant: esker merge --allow-unrelated-histories main\n")
    );
    env.ok(&["merge", "--allow-unrelated-histories", "main"]);
    assert_eq!(env.ok(&["ls", "-R"]), "a\nalone\nd/x\nd/y\nmoved\n");
    end(&env);
}

#[test]
fn a_commit_is_undone_by_another_one() {
    let env = parted();
    env.write("d/x", "later");
    commit(&env, "later");
    env.ok(&["revert", "HEAD~1"]);
    assert_eq!((read(&env, "a").as_str(), read(&env, "d/x").as_str()), ("base", "later"));
    assert!(has(&env, "b") && !has(&env, "moved"));
    let message = env.json(&["log", "-n1", "--json"])["message"].as_str().map(str::to_owned);
    let message = message.expect("a message");
    assert!(message.starts_with("Revert \"our change\"\n\nThis reverts commit "), "{message}");
    env.ok(&["revert", "--no-commit", "HEAD~1"]);
    assert_eq!(env.ok(&["status", "-s"]), "M  d/x\n");
    env.ok(&["restore", "--staged", "--worktree", "."]);
    env.ok(&["merge", "--theirs", "side"]);
    let ran = env.run(&["revert", "HEAD"]);
    assert_eq!(ran.code, 2);
    assert!(
        ran.stderr.contains("is a merge: which parent is the main line?\nhint: "),
        "{}",
        ran.stderr
    );
    env.ok(&["revert", "-m", "1", "HEAD"]);
    assert_eq!(read(&env, "a"), "base");
    end(&env);
}

#[test]
fn commits_are_picked_in_order_and_wait_for_a_person() {
    let mut env = parted();
    env.ok(&["switch", "side"]);
    env.set("ESKER_AUTHOR_NAME", "Grace");
    env.write("c", "1");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "picked", "--meta", "source=lab"]);
    env.write("c", "2");
    commit(&env, "picked too");
    env.set("ESKER_AUTHOR_NAME", "Ada Lovelace");
    env.ok(&["switch", "main"]);
    let start = env.json(&["log", "-n1", "--json"])["commit"].clone();
    conflicts(&env.run(&["cherry-pick", "-x", "main..side"]));
    assert!(env.ok(&["status"]).contains("A cherry-pick is under way; you have unmerged paths.\n"));
    env.run(&["merge", "--continue"]).fails(
        4,
        "error: a cherry-pick is under way\n\
         hint: finish it: esker cherry-pick --continue; or give it up: esker cherry-pick --abort\n",
    );
    env.ok(&["cherry-pick", "--abort"]);
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    conflicts(&env.run(&["cherry-pick", "-x", "main..side"]));
    env.ok(&["cherry-pick", "--skip"]);
    let last = env.json(&["log", "-n1", "--json"]);
    assert_eq!(
        (&last["author"]["name"], &last["committer"]["name"]),
        (&json!("Grace"), &json!("Ada Lovelace"))
    );
    assert!(last["message"].as_str().is_some_and(|m| m.contains("(cherry picked from commit ")));
    assert_eq!(read(&env, "c"), "2");
    let log = env.ok(&["log", "--oneline"]);
    assert_eq!(log.lines().count(), 4, "{log}");
    let again = env.json(&["cherry-pick", "side", "--json"]);
    assert_eq!(again["empty"].as_array().map(Vec::len), Some(1), "{again}");
    // Giving up in the middle goes back to before the first.
    env.ok(&["reset", "--hard", start.as_str().expect("an id")]);
    conflicts(&env.run(&["cherry-pick", "side~1", "side~2", "side"]));
    env.ok(&["cherry-pick", "--abort"]);
    assert_eq!(env.json(&["log", "-n1", "--json"])["commit"], start);
    conflicts(&env.run(&["cherry-pick", "side~1", "side~2", "side"]));
    env.ok(&["checkout", "--ours", "--", "a"]);
    let done = env.json(&["cherry-pick", "--continue", "--json"]);
    assert_eq!(done["commits"].as_array().map(Vec::len), Some(2), "{done}");
    assert_eq!(read(&env, "c"), "2");
    end(&env);
}
