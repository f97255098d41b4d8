//! Every way to name a commit.

use crate::env::{Env, NOW};

/// Four commits on `main`, an hour apart; returns their ids, oldest first.
fn history() -> (Env, Vec<String>) {
    let mut env = Env::new();
    env.ok(&["init"]);
    let mut ids = Vec::new();
    for (n, message) in ["first", "fix: holes", "third", "fix: names"].iter().enumerate() {
        env.set("ESKER_TEST_NOW", &format!("{} 120", NOW + 3600 * n as i64));
        env.write("a.csv", message);
        env.ok(&["add", "."]);
        let done = env.json(&["commit", "-m", message, "--json"]);
        ids.push(done["commit"].as_str().expect("an id").to_owned());
    }
    (env, ids)
}

fn resolved(env: &Env, revision: &str) -> String {
    let entry = env.json(&["log", "-n", "1", "--json", revision]);
    entry["commit"].as_str().expect("an id").to_owned()
}

#[test]
fn every_form_names_its_commit() {
    let (env, ids) = history();
    env.ok(&["checkout", "HEAD~1"]);
    env.ok(&["checkout", "main"]);
    let cases = [
        ("HEAD", 3),
        ("@", 3),
        ("refs/heads/main", 3),
        ("main~1", 2),
        ("main^^", 1),
        ("~3", 0),
        ("main^0^{}^{commit}", 3),
        ("main@{0}", 3),
        ("main@{1}", 2),
        ("@{3}", 0),
        ("HEAD@{1}", 2),
        ("HEAD@{2}", 3),
        ("@{-1}", 2),
        ("@{-2}", 3),
        ("@{-1}~1", 1),
        ("main@{2024-05-31 17:30}", 1),
        ("main@{90 minutes ago}", 1),
        ("main@{now}~1", 2),
        (":/fix", 3),
        (":/holes", 1),
        ("main^{/holes}~1", 0),
        ("main~2^{/f}", 1),
    ];
    for (revision, n) in cases {
        assert_eq!(resolved(&env, revision), ids[n], "{revision}");
    }
    assert_eq!(resolved(&env, &ids[2][..7]), ids[2]);
    assert_eq!(env.ok(&["cat", "main^{/holes}:a.csv"]), "fix: holes");
    assert_eq!(env.ok(&["cat", "main@{2024-05-31 16:10}:a.csv"]), "first");
    assert!(env.ok(&["show", "main@{2024-05-31 16:10}"]).contains("    first\n"));
    assert!(env.ok(&["show", ":/fix: n"]).contains("    fix: names\n"));
    env.ok(&["fsck"]);
}

#[test]
fn what_names_no_commit_says_why() {
    let (env, _) = history();
    let reflog = "hint: see where it was: esker reflog main\n";
    let cases = [
        ("main@{4}", "'main' was at no commit then: its reflog has 4 moves", reflog),
        (
            "main@{yesterday}",
            "'main' was at no commit then: its reflog begins after 'yesterday'",
            reflog,
        ),
        (
            "@{-1}",
            "there is no @{-1}: HEAD has not switched that often",
            "hint: see all branches: esker branch\n",
        ),
        (
            "@{u}",
            "branch 'main' has no upstream branch",
            "hint: name the branch itself, such as origin/main\n",
        ),
        (
            ":/nothing",
            "no commit has 'nothing' in its message",
            "hint: see what there is: esker log --oneline\n",
        ),
        ("mian~2", "unknown revision 'mian~2'", "hint: did you mean 'main~2'?\n"),
        ("mian@{1}", "unknown revision 'mian@{1}'", "hint: did you mean 'main@{1}'?\n"),
        ("main~9", "unknown revision 'main~9'", "hint: see what there is: esker log --oneline\n"),
        ("main@{1", "unknown revision 'main@{1'", "hint: see what there is: esker log --oneline\n"),
    ];
    for (revision, message, hint) in cases {
        env.run(&["log", revision]).fails(1, &format!("error: {message}\n{hint}"));
    }
    let date = env.run(&["log", "main@{soon}"]);
    assert_eq!(date.code, 2, "{}", date.stderr);
    assert!(date.stderr.starts_with("error: cannot read the date 'soon'\nhint: "));
    env.ok(&["fsck"]);
}

#[test]
fn every_move_of_head_can_be_undone() {
    let (env, ids) = history();
    let mut states = Vec::new();
    let moves: [&[&str]; 12] = [
        &["switch", "-c", "topic", "HEAD~1"],
        &["commit", "--allow-empty", "-m", "on topic"],
        &["reset", "--hard", "HEAD~2"],
        &["switch", "--detach", "main"],
        &["commit", "--allow-empty", "-m", "on no branch"],
        &["checkout", "-b", "saved"],
        &["branch", "-m", "renamed"],
        &["reset", "--soft", "main~3"],
        &["commit", "-m", "all in one"],
        &["commit", "--amend", "-m", "all in one, told better"],
        &["switch", "main"],
        &["branch", "-D", "renamed"],
    ];
    for args in moves {
        env.ok(args);
        // Deleting another branch is no move of HEAD.
        if args != ["branch", "-D", "renamed"] {
            states.push((resolved(&env, "HEAD"), args.join(" ")));
        }
    }
    for (ago, (id, after)) in states.iter().rev().enumerate() {
        assert_eq!(resolved(&env, &format!("HEAD@{{{ago}}}")), *id, "after {after}");
    }
    assert_eq!(resolved(&env, &format!("HEAD@{{{}}}", states.len())), ids[3]);
    // The deleted branch, whole.
    env.ok(&["branch", "renamed", "renamed@{1}"]);
    assert_eq!(resolved(&env, "renamed"), states[9].0);
    let now = resolved(&env, "HEAD");
    for (id, after) in states.iter().filter(|(id, _)| *id != now) {
        env.ok(&["reset", "--hard", id]);
        assert_eq!(env.json(&["status", "--json"])["clean"], true, "after {after}");
        env.ok(&["reset", "--hard", "HEAD@{1}"]);
        assert_eq!(resolved(&env, "HEAD"), now);
    }
    env.ok(&["fsck"]);
}
