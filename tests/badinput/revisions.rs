//! Revisions that name nothing, or several things; paths that are nowhere.

use esker::id::CommitId;
use esker::object::commit::{Commit, Person};

use crate::env::{Env, NOW};
use crate::ran::assert_fails;
use crate::repo;

#[test]
fn a_revision_that_is_missing_is_named() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    repo::commit_all(&env, "one");
    let runs: [&[&str]; 9] = [
        &["log", "v9"],
        &["show", "v9"],
        &["ls", "v9:data"],
        &["cat", "v9:data/a.csv"],
        &["checkout", "v9"],
        &["checkout", "v9", "--", "data"],
        &["restore", "--source", "v9", "data"],
        &["restore", "--staged", "--source", "v9", "data"],
        &["ls", "v9", "data"],
    ];
    for args in runs {
        assert_fails(&env.run(args), 1, "unknown revision 'v9'", "esker log --oneline");
    }
    for revision in ["HEAD~1", "HEAD^2", "000000", "HEAD~99999999999999999999", "HEAD:", ""] {
        let ran = env.run(&["checkout", revision]);
        assert_fails(&ran, 1, &format!("unknown revision '{revision}'"), "esker log --oneline");
    }
    env.run(&["checkout", "\u{1b}[31m"]);
    let ran = env.run(&["checkout", "\u{1b}[31m"]);
    assert!(!ran.stderr.contains('\u{1b}'), "{ran:?}");
    let ran = env.run(&["log", "mian"]);
    assert_fails(&ran, 1, "unknown revision 'mian'", "did you mean 'main'?");
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
}

#[test]
fn without_commits_there_is_a_first_thing_to_do() {
    let env = Env::new();
    env.ok(&["init"]);
    for args in [&["log"][..], &["show"], &["ls"], &["checkout"], &["cat", "HEAD:a"]] {
        assert_fails(&env.run(args), 1, "no commits yet", "esker add . && esker commit");
    }
}

/// A commit that `esker commit -m MESSAGE` makes in the test's environment.
fn commit(tree: &str, parents: &[CommitId], message: &str) -> CommitId {
    let person = Person {
        name: "Ada Lovelace".into(),
        email: "ada@example.org".into(),
        seconds: NOW,
        offset_minutes: 120,
    };
    let commit = Commit {
        tree: tree.parse().expect("an id"),
        attributes: None,
        parents: parents.to_vec(),
        author: person.clone(),
        committer: person,
        message: message.into(),
        metadata: Default::default(),
        signature: None,
    };
    CommitId::of(&commit.encode().expect("a valid commit"))
}

#[test]
fn digits_that_begin_two_ids_are_ambiguous() {
    let env = Env::new();
    env.ok(&["init"]);
    let first = env.json(&["commit", "--allow-empty", "-m", "first", "--json"]);
    let (id, tree) = (first["commit"].as_str().expect("id"), first["tree"].as_str().expect("id"));
    let parent: CommitId = id.parse().expect("an id");
    assert_eq!(commit(tree, &[], "first"), parent);
    let is_alike = |n: &u32| {
        let other = commit(tree, &[parent], &format!("attempt {n}")).to_string();
        other[..4] == id[..4]
    };
    let message = format!("attempt {}", (0..).find(is_alike).expect("one in 65,536 is"));
    let second = env.json(&["commit", "--allow-empty", "-m", &message, "--json"]);
    let second = second["commit"].as_str().expect("id").to_owned();
    for args in [&["log", &id[..4]][..], &["checkout", &id[..4]], &["show", &id[..4]]] {
        let ran = env.run(args);
        assert_fails(&ran, 1, &format!("'{}' is ambiguous: ", &id[..4]), "give more digits");
        assert!(ran.stderr.contains(&id[..10]) && ran.stderr.contains(&second[..10]), "{ran:?}");
    }
    env.ok(&["checkout", &id[..12]]);
    assert_eq!(repo::head(&env), id);
}

#[test]
fn paths_that_are_nowhere_are_named() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    repo::commit_all(&env, "one");
    let staged = "worktree or the stage";
    assert_fails(&env.run(&["add", "data/b.csv"]), 1, staged, "esker status");
    assert_fails(&env.run(&["add", "data/*.png"]), 1, staged, "esker status");
    assert_fails(&env.run(&["add", "data/a.csv", "nothing"]), 1, "'nothing'", "esker status");
    assert_fails(&env.run(&["restore", "data/b.csv"]), 1, "no 'data/b.csv'", "esker status");
    assert_fails(&env.run(&["restore", "--staged", "b"]), 1, "no 'b'", "esker status");
    assert_fails(
        &env.run(&["checkout", "HEAD", "--", "b"]),
        1,
        "no 'b' in HEAD",
        "esker ls -R HEAD",
    );
    assert_fails(&env.run(&["cat", "HEAD:b"]), 1, "no 'b' in HEAD", "esker ls -R HEAD");
    assert_fails(&env.run(&["ls", "HEAD:b"]), 1, "no 'b' in HEAD", "esker ls -R HEAD");
    assert_fails(&env.run(&["cat", "HEAD:data"]), 1, "is a directory, not a file", "esker ls");
    for path in ["../outside", "/etc/passwd", "data/../../outside"] {
        assert_fails(&env.run(&["add", path]), 1, "is outside the repository", "below the folder");
    }
    assert_fails(&env.run(&["hash", "nothing"]), 1, "nothing", "check how it is spelled");
}
