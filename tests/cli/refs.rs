//! Branches, tags, `switch`, `reset` and `reflog`: wording, streams, exit codes, and nothing lost.

use std::fs;

use serde_json::json;

use crate::env::{Env, Ran};

/// Two commits on `main`, an empty folder `work` otherwise; returns their ids.
fn two_commits() -> (Env, String, String) {
    let env = Env::new();
    env.ok(&["init"]);
    let first = commit(&env, "first", &[("a.csv", "1"), ("both.csv", "same")]);
    let second = commit(&env, "second", &[("a.csv", "2"), ("b/new.csv", "new")]);
    (env, first, second)
}

fn commit(env: &Env, message: &str, files: &[(&str, &str)]) -> String {
    files.iter().for_each(|(path, text)| env.write(path, text));
    env.ok(&["add", "-A"]);
    let done = env.json(&["commit", "-m", message, "--json"]);
    done["commit"].as_str().expect("an id").to_owned()
}

fn read(env: &Env, path: &str) -> Option<String> {
    fs::read_to_string(env.path(path)).ok()
}

fn head(env: &Env) -> String {
    let entry = env.json(&["log", "-n", "1", "--json"]);
    entry["commit"].as_str().expect("an id").to_owned()
}

fn short(id: &str) -> &str {
    &id[..10]
}

#[track_caller]
fn fails(ran: &Ran, code: i32, message: &str, hint: &str) {
    ran.fails(code, &format!("error: {message}\nhint: {hint}\n"));
}

#[test]
fn branches_are_made_listed_renamed_and_deleted() {
    let (env, first, second) = two_commits();
    let made = env.ok(&["branch", "old", "HEAD~1"]);
    assert_eq!(made, format!("branch old at {}\n", short(&first)));
    env.ok(&["branch", "here"]);
    assert_eq!(env.ok(&["branch"]), "  here\n* main\n  old\n");
    let verbose = format!(
        "  here {0} second\n* main {0} second\n  old  {1} first\n",
        short(&second),
        short(&first)
    );
    assert_eq!(env.ok(&["branch", "-v"]), verbose);
    assert_eq!(env.ok(&["branch", "--list", "o*", "h*"]), "  here\n  old\n");
    assert_eq!(env.ok(&["branch", "--merged", "old"]), "  old\n");
    assert_eq!(env.ok(&["branch", "--no-merged", "old"]), "  here\n* main\n");
    assert_eq!(env.ok(&["branch", "--contains", &second]), "  here\n* main\n");
    assert_eq!(env.ok(&["branch", "-m", "old", "older"]), "branch old is now older\n");
    assert_eq!(env.ok(&["branch", "-m", "trunk"]), "branch main is now trunk\n");
    assert_eq!(env.json(&["status", "--json"])["branch"], "trunk");
    let deleted = format!(
        "deleted branch here (was {})\nrestore it with: esker branch here {second}\n",
        short(&second)
    );
    assert_eq!(env.ok(&["branch", "-d", "here"]), deleted);
    let list = env.json(&["branch", "--json"]);
    let names: Vec<_> =
        list["branches"].as_array().expect("a list").iter().map(|b| &b["name"]).collect();
    assert_eq!(names, ["older", "trunk"]);
    assert_eq!((&list["schema"], &list["action"]), (&json!(1), &json!("list")));
    assert_eq!(list["branches"][1]["current"], true);
    env.ok(&["fsck"]);
}

#[test]
fn a_deleted_branch_comes_back_with_all_it_had() {
    let (env, _, _) = two_commits();
    env.ok(&["switch", "-c", "topic"]);
    let third = commit(&env, "third", &[("c.csv", "3")]);
    env.ok(&["switch", "main"]);
    let refused = env.run(&["branch", "-d", "topic"]);
    fails(
        &refused,
        1,
        "branch 'topic' has commits that HEAD does not have",
        "delete it nevertheless: esker branch -D topic",
    );
    env.ok(&["branch", "-D", "topic"]);
    assert!(env.ok(&["reflog", "topic"]).starts_with("(deleted)  topic@{0}: branch: deleted\n"));
    assert!(env.ok(&["reflog", "--names"]).contains("refs/heads/topic (deleted)\n"));
    env.ok(&["fsck"]);
    env.ok(&["branch", "topic", "topic@{1}"]);
    env.ok(&["switch", "topic"]);
    assert_eq!((head(&env), read(&env, "c.csv").as_deref()), (third, Some("3")));
    let again = env.ok(&["branch", "-D", "main"]);
    let command =
        again.lines().last().expect("a hint").trim_start_matches("restore it with: esker ");
    env.ok(&command.split(' ').collect::<Vec<_>>());
    env.ok(&["switch", "main"]);
    env.ok(&["fsck"]);
}

#[test]
fn branches_that_cannot_be_made_or_deleted_say_why() {
    let (env, _, _) = two_commits();
    fails(
        &env.run(&["branch", "main"]),
        1,
        "there is a branch 'main' already",
        "move it there: esker branch -f main REV",
    );
    fails(
        &env.run(&["branch", "-f", "main", "HEAD~1"]),
        1,
        "branch 'main' is checked out",
        "switch to another one first: esker switch NAME",
    );
    fails(
        &env.run(&["branch", "-D", "main"]),
        1,
        "branch 'main' is checked out",
        "switch to another one first: esker switch NAME",
    );
    fails(
        &env.run(&["branch", "-d", "mian"]),
        1,
        "there is no branch 'mian'",
        "did you mean 'main'?",
    );
    fails(
        &env.run(&["branch", "-d", "xyz"]),
        1,
        "there is no branch 'xyz'",
        "see what there is: esker branch",
    );
    let bad = env.run(&["branch", "a..b"]);
    assert_eq!(bad.code, 2, "{}", bad.stderr);
    assert!(
        bad.stderr.starts_with("error: 'a..b' cannot be the name of a branch: it must not hold")
    );
    // All of them or none.
    env.ok(&["branch", "x"]);
    assert_eq!(env.run(&["branch", "-d", "x", "nothing"]).code, 1);
    assert_eq!(env.ok(&["branch"]), "* main\n  x\n");
    env.ok(&["branch", "-d", "x", "x"]);
    env.ok(&["fsck"]);
}

#[test]
fn before_the_first_commit_branches_have_names_only() {
    let env = Env::new();
    env.ok(&["init"]);
    assert_eq!(env.ok(&["branch"]), "");
    assert!(env.run(&["branch", "x"]).stderr.contains("the repository has no commits yet"));
    env.write("a", "1");
    env.ok(&["add", "."]);
    assert_eq!(env.ok(&["switch", "-c", "trunk"]), "On branch trunk, which has no commits yet\n");
    assert_eq!(env.ok(&["branch", "-m", "data"]), "branch trunk is now data\n");
    assert_eq!(env.ok(&["switch", "data"]), "On branch data, which has no commits yet\n");
    assert_eq!(env.ok(&["status", "-s"]), "A  a\n");
    env.ok(&["commit", "-m", "first"]);
    assert_eq!(env.ok(&["branch"]), "* data\n");
    env.ok(&["fsck"]);
}

#[test]
fn switch_moves_between_branches() {
    let (env, first, second) = two_commits();
    assert_eq!(env.ok(&["switch", "-c", "topic"]), "On new branch topic\n");
    let back = env.ok(&["switch", "--force-create", "topic", "HEAD~1"]);
    assert!(back.starts_with("On branch topic\n1 file written (1 B), 1 removed"), "{back}");
    assert_eq!((head(&env), read(&env, "b/new.csv")), (first.clone(), None));
    assert!(env.ok(&["switch", "-"]).starts_with("On branch main\n"));
    assert!(env.ok(&["switch", "-"]).starts_with("On branch topic\n"));
    let detached = env.ok(&["switch", "--detach", "main"]);
    assert!(detached.starts_with(&format!("HEAD is now at {} second\n", short(&second))));
    assert!(detached.contains("\non no branch: new commits are kept by: esker switch -c NAME\n"));
    assert!(!env.ok(&["switch", "--detach"]).contains("on no branch"), "it was said once");
    let list = format!("* (HEAD detached at {})\n  main\n  topic\n", short(&second));
    assert_eq!(env.ok(&["branch"]), list);
    assert!(env.ok(&["switch", "-n", "topic"]).contains("write a.csv (1 bytes)\n"));
    assert_eq!(head(&env), second);
    fails(&env.run(&["switch", "tpoic"]), 1, "there is no branch 'tpoic'", "did you mean 'topic'?");
    fails(
        &env.run(&["switch", "nothing"]),
        1,
        "there is no branch 'nothing'",
        "see what there is: esker branch",
    );
    env.ok(&["tag", "v1"]);
    fails(
        &env.run(&["switch", "v1"]),
        1,
        "'v1' is no branch",
        "look at it without a branch: esker switch --detach v1",
    );
    fails(
        &env.run(&["switch", "-c", "main"]),
        1,
        "there is a branch 'main' already",
        "move it there: esker branch -f main REV",
    );
    env.ok(&["fsck"]);
}

#[test]
fn unsaved_work_goes_along_or_is_refused() {
    let (env, _, _) = two_commits();
    env.write("a.csv", "unsaved");
    env.write("staged.csv", "staged");
    env.ok(&["add", "staged.csv"]);
    // The new branch starts where HEAD is: all goes along.
    env.ok(&["switch", "-c", "topic"]);
    assert_eq!(env.ok(&["status", "-s"]), " M a.csv\nA  staged.csv\n");
    env.ok(&["branch", "old", "HEAD~1"]);
    let refused = env.run(&["switch", "old"]);
    assert_eq!(refused.code, 4, "{}", refused.stderr);
    assert!(refused.stderr.starts_with("error: unsaved changes would be lost: a.csv"));
    // What the other branch does not touch goes along, too.
    env.ok(&["restore", "a.csv"]);
    env.ok(&["switch", "old"]);
    assert_eq!(env.ok(&["status", "-s"]), "A  staged.csv\n");
    assert_eq!(env.ok(&["ls", "-R"]), "a.csv\nboth.csv\n");
    env.ok(&["switch", "-"]);
    assert_eq!(env.ok(&["status", "-s"]), "A  staged.csv\n");
    env.write("a.csv", "unsaved");
    let planned = env.ok(&["switch", "-f", "-n", "old"]);
    assert!(planned.contains("lose a.csv (changed)\n"), "{planned}");
    assert!(planned.contains("lose staged.csv (staged)\n"), "{planned}");
    assert_eq!(read(&env, "a.csv").as_deref(), Some("unsaved"));
    let forced = env.ok(&["switch", "-f", "old"]);
    assert!(forced.contains("dropped unsaved changes: a.csv, staged.csv\n"), "{forced}");
    assert_eq!(read(&env, "a.csv").as_deref(), Some("1"));
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    env.ok(&["fsck"]);
}

#[test]
fn force_drops_changes_of_files_that_both_sides_have() {
    let (env, _, _) = two_commits();
    env.write("both.csv", "changed");
    fs::remove_file(env.path("b/new.csv")).expect("remove");
    env.write("untracked.csv", "mine");
    env.ok(&["switch", "-f", "main"]);
    assert_eq!(read(&env, "both.csv").as_deref(), Some("same"));
    assert_eq!(read(&env, "b/new.csv").as_deref(), Some("new"));
    assert_eq!(read(&env, "untracked.csv").as_deref(), Some("mine"));
    env.ok(&["fsck"]);
}

#[test]
fn commits_that_a_detached_head_leaves_are_named() {
    let (env, _, _) = two_commits();
    env.ok(&["switch", "--detach"]);
    let lost = commit(&env, "on no branch", &[("c.csv", "3")]);
    let ran = env.run(&["switch", "main"]);
    let expected = format!(
        "warning: 1 commit that no branch or tag has: {0} on no branch\n\
         hint: keep what you left: esker branch NAME {0}\n",
        short(&lost)
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (0, expected.as_str()));
    env.ok(&["branch", "kept", short(&lost)]);
    env.ok(&["switch", "--detach", "kept"]);
    assert_eq!(env.run(&["switch", "main"]).stderr, "");
    env.ok(&["fsck"]);
}

#[test]
fn an_orphan_branch_starts_with_nothing() {
    let (env, _, second) = two_commits();
    env.write("mine", "untracked");
    let text = env.ok(&["switch", "--orphan", "fresh"]);
    assert!(text.starts_with("On branch fresh, which has no commits yet\n"), "{text}");
    assert_eq!(env.ok(&["status", "-s"]), "?? mine\n");
    let root = commit(&env, "another root", &[("z", "z")]);
    assert_eq!(env.ok(&["log", "--oneline"]).lines().count(), 1);
    env.ok(&["switch", "main"]);
    assert_eq!((head(&env), read(&env, "a.csv").as_deref()), (second, Some("2")));
    env.ok(&["switch", "-"]);
    assert_eq!((head(&env), read(&env, "a.csv")), (root, None));
    env.ok(&["fsck"]);
}

#[test]
fn tags_stay_where_they_are() {
    let (env, first, second) = two_commits();
    assert_eq!(env.ok(&["tag", "v1", "HEAD~1"]), format!("tag v1 at {}\n", short(&first)));
    let made = env.json(&["tag", "-a", "v2", "-m", "checked by two\n\nat length", "--json"]);
    assert_eq!(made["tagger"], "Ada Lovelace <ada@example.org>");
    assert_eq!(made["commit"], json!(second));
    let list = format!("v1 {} first\nv2 {} checked by two\n", short(&first), short(&second));
    assert_eq!(env.ok(&["tag"]), list);
    let shown = env.ok(&["show", "v2"]);
    let tag = "tag v2\nTagger: Ada Lovelace <ada@example.org>\nDate:   Fri May 31 16:00:00 2024 +0200\n\n\
               checked by two\n\nat length\n\ncommit ";
    assert!(shown.starts_with(tag), "{shown}");
    assert_eq!(env.ok(&["tag", "-l", "*1"]).lines().count(), 1);
    assert_eq!(
        env.ok(&["tag", "--points-at", "main"]),
        list.lines().nth(1).expect("v2").to_owned() + "\n"
    );
    fails(
        &env.run(&["tag", "v1"]),
        1,
        "there is a tag 'v1' already",
        "tags stay where they are; if it must move: esker tag --force v1 REV",
    );
    let moved = format!("tag v1 at {} (was {})\n", short(&second), short(&first));
    assert_eq!(env.ok(&["tag", "--force", "v1"]), moved);
    assert_eq!(env.ok(&["cat", "v1@{1}:a.csv"]), "1");
    assert_eq!(env.ok(&["cat", "v2:a.csv"]), "2");
    let gone = env.ok(&["tag", "-d", "v2", "v1"]);
    assert!(gone.starts_with(&format!("deleted tag v2 (was {})\n", short(&second))), "{gone}");
    assert_eq!(env.ok(&["tag"]), "");
    env.ok(&["fsck"]);
    for line in gone.lines().filter_map(|line| line.strip_prefix("restore it with: esker ")) {
        env.ok(&line.split(' ').collect::<Vec<_>>());
    }
    let object = &env.json(&["tag", "-l", "v2", "--json"])["tags"][0]["object"];
    assert_eq!(*object, made["object"]);
    fails(&env.run(&["tag", "-d", "v3"]), 1, "there is no tag 'v3'", "did you mean 'v1'?");
    let empty = env.run(&["tag", "-a", "v9"]);
    assert_eq!(
        (empty.code, empty.stderr.lines().next()),
        (2, Some("error: the tag's message is empty"))
    );
    env.ok(&["fsck"]);
}

#[test]
fn of_a_branch_and_a_tag_of_one_name_the_branch_is_meant() {
    let (env, first, second) = two_commits();
    env.ok(&["tag", "both", "HEAD~1"]);
    let ran = env.run(&["branch", "both"]);
    let warning = "warning: there is a tag 'both' too: 'both' means the branch; write refs/tags/both for the tag\n";
    assert_eq!((ran.code, ran.stderr.as_str()), (0, warning));
    let at = |rev: &str| env.json(&["log", "-n", "1", "--json", rev])["commit"].clone();
    assert_eq!((at("both"), at("refs/tags/both")), (json!(second), json!(first)));
    let ran = env.run(&["tag", "main", "HEAD~1"]);
    assert!(ran.stderr.starts_with("warning: there is a branch 'main' too: "), "{}", ran.stderr);
    assert_eq!(at("main"), json!(second));
    env.ok(&["fsck"]);
}

#[test]
fn reset_soft_mixed_and_hard_take_more_along_each() {
    let (env, first, second) = two_commits();
    let was = format!("HEAD is now at {} first (was {})\n", short(&first), short(&second));
    assert_eq!(env.ok(&["reset", "--soft", "HEAD~1"]), was);
    assert_eq!(env.ok(&["status", "-s"]), "M  a.csv\nA  b/new.csv\n");
    env.ok(&["reset", "--soft", "HEAD@{1}"]);
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    let mixed = format!("{was}Unstaged changes after reset:\nM\ta.csv\n");
    assert_eq!(env.ok(&["reset", "HEAD~1"]), mixed);
    assert_eq!(env.ok(&["status", "-s"]), " M a.csv\n?? b/\n");
    env.ok(&["reset", "@{1}"]);
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    let hard = env.ok(&["reset", "--hard", "HEAD~1"]);
    assert!(hard.starts_with(&was), "{hard}");
    assert_eq!((read(&env, "a.csv").as_deref(), read(&env, "b/new.csv")), (Some("1"), None));
    env.ok(&["reset", "--hard", "HEAD@{1}"]);
    assert_eq!((read(&env, "a.csv").as_deref(), head(&env)), (Some("2"), second));
    assert!(
        env.ok(&["reflog"])
            .lines()
            .nth(1)
            .expect("moves")
            .ends_with("HEAD@{1}: reset: moving to HEAD~1")
    );
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    env.ok(&["fsck"]);
}

#[test]
fn a_hard_reset_names_what_is_lost_before_and_after() {
    let (env, _, second) = two_commits();
    env.write("a.csv", "unsaved");
    env.write("both.csv", "unsaved");
    env.write("untracked.csv", "mine");
    env.write("staged.csv", "staged");
    env.ok(&["add", "staged.csv"]);
    let planned = env.ok(&["reset", "-n", "--hard", "HEAD~1"]);
    for line in [
        "move main from ",
        "lose a.csv (changed)",
        "lose both.csv (changed)",
        "lose staged.csv (staged)",
    ] {
        assert!(planned.contains(line), "{line}: {planned}");
    }
    assert!(!planned.contains("untracked.csv"), "{planned}");
    assert_eq!((head(&env), read(&env, "a.csv").as_deref()), (second, Some("unsaved")));
    let done = env.json(&["reset", "--hard", "HEAD~1", "--json"]);
    assert_eq!(
        done["lost"],
        json!([
            {"path": "a.csv", "why": "changed"},
            {"path": "both.csv", "why": "changed"},
            {"path": "staged.csv", "why": "staged"},
        ])
    );
    assert_eq!(read(&env, "both.csv").as_deref(), Some("same"));
    assert_eq!(read(&env, "untracked.csv").as_deref(), Some("mine"));
    assert_eq!((read(&env, "staged.csv"), read(&env, "b/new.csv")), (None, None));
    assert_eq!(env.ok(&["status", "-s"]), "?? untracked.csv\n");
    env.ok(&["fsck"]);
}

#[test]
fn a_hard_reset_turns_folders_into_files_and_back() {
    let env = Env::new();
    env.ok(&["init"]);
    let first = commit(&env, "a file", &[("x", "file"), ("keep", "1")]);
    fs::remove_file(env.path("x")).expect("remove");
    commit(&env, "a folder", &[("x/y/z", "deep"), ("keep", "1")]);
    env.ok(&["reset", "--hard", &first]);
    assert_eq!(read(&env, "x").as_deref(), Some("file"));
    env.ok(&["reset", "--hard", "@{1}"]);
    assert_eq!(read(&env, "x/y/z").as_deref(), Some("deep"));
    // A file that was never added keeps its folder, and is named.
    env.write("x/mine", "mine");
    let ran = env.run(&["reset", "--hard", &first]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: unsaved changes would be lost: x/mine\n"),
        "{}",
        ran.stderr
    );
    assert_eq!(read(&env, "x/y/z").as_deref(), Some("deep"));
    env.ok(&["fsck"]);
}

#[test]
fn paths_are_put_back_in_the_stage() {
    let (env, _, _) = two_commits();
    env.write("a.csv", "3");
    env.write("c.csv", "3");
    env.ok(&["add", "."]);
    assert_eq!(env.ok(&["reset", "--", "a.csv"]), "put back 1 path in the stage\n");
    assert_eq!(
        env.ok(&["status", "-s"]),
        "A  c.csv\n M a.csv\n".split_inclusive('\n').rev().collect::<String>()
    );
    assert_eq!(
        env.ok(&["reset", "-n", "HEAD~1", "--", "b"]),
        "unstage b\nunstage b/new.csv\nwould change 2 paths\n"
    );
    env.ok(&["reset", "HEAD~1", "--", "b"]);
    assert_eq!(env.ok(&["status", "-s"]), " M a.csv\nD  b/new.csv\nA  c.csv\n?? b/\n");
    fails(
        &env.run(&["reset", "c.csv"]),
        2,
        "'c.csv' is a path, not a revision",
        "put it back in the stage: esker reset -- c.csv",
    );
    env.ok(&["reset"]);
    assert_eq!(env.ok(&["status", "-s"]), " M a.csv\n?? c.csv\n");
    env.ok(&["fsck"]);
}

#[test]
fn before_the_first_commit_a_reset_empties_the_stage() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a", "1");
    env.ok(&["add", "."]);
    env.ok(&["reset"]);
    assert_eq!(env.ok(&["status", "-s"]), "?? a\n");
    assert!(env.run(&["reset", "HEAD"]).stderr.contains("no commits yet"));
    env.ok(&["fsck"]);
}

#[test]
fn reflogs_say_what_moved() {
    let (env, first, second) = two_commits();
    env.ok(&["switch", "-c", "topic", "HEAD~1"]);
    let expected = format!(
        "{0} HEAD@{{0}}: checkout: moving from main to topic\n\
         {1} HEAD@{{1}}: commit: second\n\
         {0} HEAD@{{2}}: commit: first\n",
        short(&first),
        short(&second)
    );
    assert_eq!(env.ok(&["reflog"]), expected);
    assert_eq!(
        env.ok(&["reflog", "topic"]),
        format!("{} topic@{{0}}: branch: created from HEAD~1\n", short(&first))
    );
    assert_eq!(env.ok(&["reflog", "-n", "1", "main"]).lines().count(), 1);
    let entry = &env.json(&["reflog", "main", "--json"])["entries"][0];
    assert_eq!((&entry["new"], &entry["old"]), (&json!(second), &json!(first)));
    fails(
        &env.run(&["reflog", "topci"]),
        1,
        "nothing of the name 'topci' was ever moved",
        "did you mean 'topic'?",
    );
    fails(
        &env.run(&["reflog", "qqq"]),
        1,
        "nothing of the name 'qqq' was ever moved",
        "see all names: esker reflog --names",
    );
    env.ok(&["fsck"]);
}

#[test]
fn a_rebuilt_repository_has_its_refs_and_reflogs() {
    let (env, _, _) = two_commits();
    env.ok(&["tag", "-a", "v1", "-m", "one"]);
    env.ok(&["switch", "-c", "topic"]);
    env.ok(&["branch", "-m", "renamed"]);
    env.ok(&["switch", "main"]);
    env.ok(&["branch", "-D", "renamed"]);
    let before = [
        env.ok(&["branch", "-v"]),
        env.ok(&["tag"]),
        env.ok(&["reflog"]),
        env.ok(&["reflog", "renamed"]),
    ];
    env.ok(&["fsck", "--rebuild"]);
    let after = [
        env.ok(&["branch", "-v"]),
        env.ok(&["tag"]),
        env.ok(&["reflog"]),
        env.ok(&["reflog", "renamed"]),
    ];
    assert_eq!(after, before);
    env.ok(&["fsck"]);
}

#[test]
fn staged_changes_go_along_where_the_other_branch_does_not_touch_them() {
    let (env, _, _) = two_commits();
    commit(&env, "more", &[("d/one", "1"), ("d/two", "1"), ("gone", "1"), ("x", "1")]);
    env.ok(&["branch", "other"]);
    commit(&env, "only on main", &[("a.csv", "3"), ("d/two", "2"), ("same", "both")]);
    // New, changed, deleted; in a folder that both have; the same as on the other branch.
    env.write("new/deep/file", "new");
    env.write("d/one", "staged");
    env.write("d/three", "staged");
    for path in ["gone", "x"] {
        fs::remove_file(env.path(path)).expect("remove");
    }
    env.write("x/is/a/folder", "now");
    env.ok(&["add", "-A"]);
    let staged = "M  d/one\nA  d/three\nD  gone\nA  new/deep/file\n";
    assert!(env.ok(&["status", "-s"]).starts_with(staged));
    let before = env.ok(&["status", "-s"]);
    env.write("d/one", "changed after that");
    let planned = env.ok(&["switch", "-n", "other"]);
    assert!(planned.contains("write d/two (1 bytes)\n"), "{planned}");
    env.ok(&["switch", "other"]);
    assert_eq!(env.ok(&["status", "-s"]), before.replace("M  d/one", "MM d/one"));
    assert_eq!(read(&env, "d/one").as_deref(), Some("changed after that"));
    assert_eq!(read(&env, "d/two").as_deref(), Some("1"));
    env.ok(&["fsck"]);
    env.ok(&["switch", "main"]);
    assert_eq!(env.ok(&["status", "-s"]), before.replace("M  d/one", "MM d/one"));
    // Staged where the other branch has something else.
    env.write("d/two", "mine");
    env.ok(&["add", "d/two"]);
    let ran = env.run(&["switch", "other"]);
    assert_eq!(ran.code, 4, "{}", ran.stderr);
    assert!(
        ran.stderr.starts_with("error: unsaved changes would be lost: d/two"),
        "{}",
        ran.stderr
    );
    // The same as there is no change any more.
    env.write("d/two", "1");
    env.ok(&["add", "d/two"]);
    env.ok(&["switch", "other"]);
    assert_eq!(env.ok(&["status", "-s"]), before.replace("M  d/one", "MM d/one"));
    env.ok(&["fsck"]);
}
