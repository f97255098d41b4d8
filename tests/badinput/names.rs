//! Names that no dataset may hold, and names that are allowed but not fit to be shown.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;

use crate::env::Env;
use crate::ran::{assert_fails, assert_skips};
use crate::repo;

#[test]
fn every_spelling_of_git_and_esker_is_left_out_and_named() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    let names = [".GIT", ".Git . ", "git~1", "ESKER~1", ".eskeR", ".g\u{200c}it"];
    for name in names {
        env.write(&format!("data/{name}/config"), "[core]\nfsmonitor = rm -rf /\n");
    }
    let ran = env.run(&["add", "."]);
    let reasons = names.map(|name| {
        let of = if name.to_lowercase().contains('e') { ".esker" } else { ".git" };
        let shown = name.replace('\u{200c}', r"\u{200c}");
        (format!("data/{shown}"), format!("name not allowed: the name is a spelling of {of}"))
    });
    let skipped: Vec<_> = reasons.iter().map(|(p, r)| (p.as_str(), r.as_str())).collect();
    assert_skips(&ran, &skipped);
    assert_skips(&env.run(&["status"]), &skipped);
    assert_eq!(env.run(&["commit", "-m", "one"]).code, 0);
    assert_eq!(env.ok(&["ls", "-R"]), "data/a.csv\n");
    // The id says what was left out, too.
    assert_eq!(env.run(&["hash", "."]).code, 3);
    for path in ["data/.GIT", "data/.GIT/config", "data/git~1/config"] {
        let ran = env.run(&["add", path]);
        assert_fails(&ran, 1, "cannot be stored", "rename it, or name it in .eskerignore");
    }
    env.write(".eskerignore", "/data/.*\n/data/git~1\n/data/ESKER~1\n");
    env.ok(&["add", "data"]);
    repo::assert_clean(&env);
}

#[test]
fn a_name_that_is_not_utf8_is_left_out_and_shown_escaped() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/a.csv", "1,2\n");
    let name = OsStr::from_bytes(b"caf\xe9.csv");
    fs::write(env.path("data").join(name), "3,4\n").expect("write");
    let skipped = [(r"data/caf\xe9.csv", "name is not UTF-8")];
    assert_skips(&env.run(&["add", "."]), &skipped);
    assert_skips(&env.run(&["hash", "data"]), &[(r"caf\xe9.csv", "name is not UTF-8")]);
    let ran = env.run(&["status", "--json"]);
    assert_eq!(ran.code, 3);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
    assert_eq!(status["skipped"][0]["path"], r"data/caf\xe9.csv");
    env.ok(&["commit", "-m", "one"]);
    assert_eq!(env.ok(&["ls", "-R"]), "data/a.csv\n");
    assert_eq!(fs::read(env.path("data").join(name)).expect("still there"), b"3,4\n");
    repo::assert_clean(&env);
}

#[test]
fn control_characters_are_stored_and_shown_escaped() {
    let env = Env::new();
    env.ok(&["init"]);
    let names = ["a\tb", "new\nline", "esc\u{1b}[31mred", "\u{202e}gpj.exe", "back\\slash"];
    for name in names {
        env.write(&format!("data/{name}"), name);
    }
    let is_plain = |text: &str| {
        let raw = names[..4].iter().find(|name| text.contains(**name));
        assert!(raw.is_none() && !text.contains('\u{1b}'), "{raw:?} is in {text:?}");
    };
    is_plain(&env.ok(&["add", "-n", "."]));
    env.ok(&["add", "."]);
    is_plain(&env.ok(&["status"]));
    is_plain(&env.ok(&["status", "-s"]));
    env.ok(&["commit", "-m", "one"]);
    let listed = env.ok(&["ls", "-R"]);
    is_plain(&listed);
    assert_eq!(listed.lines().count(), names.len(), "{listed:?}");
    assert!(listed.contains(r"data/new\nline") && listed.contains(r"data/back\\slash"), "{listed}");
    is_plain(&env.ok(&["show", "HEAD"]));
    for name in names {
        fs::remove_file(env.path("data").join(name)).expect("remove");
        is_plain(&env.run(&["add", &format!("data/{name}x")]).stderr);
        assert_eq!(env.ok(&["cat", &format!("HEAD:data/{name}")]), name);
    }
    is_plain(&env.ok(&["restore", "-n", "."]));
    env.ok(&["restore", "."]);
    for name in names {
        assert_eq!(fs::read_to_string(env.path("data").join(name)).expect("read"), name);
    }
    repo::assert_clean(&env);
}

#[test]
fn a_repository_inside_is_named_and_its_files_are_data() {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("data/inner/.git/config", "[core]\n");
    env.write("data/inner/a.csv", "1,2\n");
    let skipped = [("data/inner/.git", "belongs to a nested repository")];
    assert_skips(&env.run(&["add", "."]), &skipped);
    env.ok(&["commit", "-m", "one"]);
    assert_eq!(env.ok(&["ls", "-R"]), "data/inner/a.csv\n");
    let ran = env.run(&["add", "data/inner/.git/config"]);
    assert_fails(&ran, 1, "cannot be stored", "rename it, or name it in .eskerignore");
}
