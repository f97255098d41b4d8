//! `doctor`: complete where all is well, and still there where much is broken.

use std::fs;

use crate::env::Env;

#[test]
fn the_report_is_there_without_a_repository() {
    let env = Env::new();
    let report = env.ok(&["doctor"]);
    assert!(
        report.starts_with(&format!("esker          {} on ", env!("CARGO_PKG_VERSION"))),
        "{report}"
    );
    assert!(report.contains("repository     none here\n"), "{report}");
}

#[test]
fn the_report_has_facts_and_no_secrets() {
    let mut env = Env::new();
    env.ok(&["init"]);
    env.write("secret-name.csv", "secret-content");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "secret-message"]);
    env.ok(&["config", "core.jobs", "2"]);
    env.ok(&["config", "user.name", "secret-person"]);
    env.set("ESKER_TOKEN", "secret-token");
    let report = env.ok(&["doctor"]);
    for part in [
        "file system ",
        "supports ",
        "setting        core.jobs=2\n",
        "1 ref",
        "HEAD           main\n",
    ] {
        assert!(report.contains(part), "no '{part}' in:\n{report}");
    }
    let document = env.json(&["doctor", "--json"]);
    let state = &document["repository"]["state"];
    assert_eq!((&state["refs"], &state["has_commits"]), (&1.into(), &true.into()));
    assert_eq!(document["repository"]["file_system"]["locks"], true);
    for text in [report, document.to_string()] {
        assert!(!text.contains("secret") && !text.contains("Ada"), "{text}");
    }
    assert_eq!(env.ok(&["status", "--porcelain"]), "");
}

/// Also what `add` counted for the next commit, and what was seen of a remote, are kept as notes.
#[test]
fn nothing_is_unfinished_where_nothing_was_cut_short() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("a.csv", "a");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env.ok(&["remote", "add", "origin", "../shared"]);
    env.ok(&["push"]);
    env.write("b.csv", "b");
    env.ok(&["add", "."]);
    let document = env.json(&["doctor", "--json"]);
    let unfinished = document["repository"]["state"]["interrupted"].as_array().expect("a list");
    assert!(unfinished.is_empty(), "{unfinished:?}");
}

#[test]
fn misspelt_settings_are_told() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write(".esker/config.toml", "[core]\njosb = 2\n[remote.x]\nanything = 1\n[later]\nx = 1\n");
    let document = env.json(&["doctor", "--json"]);
    let problems = document["problems"].as_array().expect("a list");
    let problems: Vec<_> = problems.iter().filter_map(|problem| problem.as_str()).collect();
    assert!(
        problems[0].ends_with("sets 'core.josb', which is no setting; did you mean 'core.jobs'?")
    );
    assert!(problems[1].ends_with("sets 'later.x', which is no setting"), "{problems:?}");
    assert_eq!(problems.len(), 2);
    assert!(env.ok(&["doctor"]).contains("problem        settings: file "));
}

#[test]
fn failures_are_remembered_a_while() {
    let env = Env::new();
    env.ok(&["init"]);
    for number in 0..25 {
        env.run(&["cat", &format!("HEAD:f{number}")]);
    }
    env.run(&["comit"]);
    let document = env.json(&["doctor", "--json"]);
    let errors = document["last_errors"].as_array().expect("a list");
    assert_eq!(errors.len(), 20);
    assert_eq!(errors[19], "2024-05-31T14:00:00Z cat: the repository has no commits yet");
}

#[test]
fn a_broken_repository_is_reported_on() {
    let env = Env::new();
    env.ok(&["init"]);
    for file in ["state.db-wal", "state.db-shm"] {
        // Not every file system has them.
        let _ = fs::remove_file(env.path(".esker").join(file));
    }
    fs::write(env.path(".esker/state.db"), "no database").expect("write");
    let report = env.ok(&["doctor"]);
    assert!(report.contains("problem        opening the repository: "), "{report}");
    assert!(report.contains("file system "), "{report}");
    env.write(".esker/config.toml", "not toml [");
    let document = env.json(&["doctor", "--json"]);
    assert_eq!(document["problems"].as_array().map(Vec::len), Some(2), "{document}");
}
