//! What tests ask of a repository again and again.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::env::Env;

/// Asserts that nothing is damaged or missing.
pub fn assert_clean(env: &Env) {
    let ran = env.run(&["fsck"]);
    assert_eq!(ran.code, 0, "fsck: {}{}", ran.stdout, ran.stderr);
}

/// The id of a folder's content, as `hash` gives it without the repository.
pub fn hash(env: &Env, path: &str) -> String {
    env.ok(&["hash", path]).trim_end().to_owned()
}

/// The commit that HEAD is on.
pub fn head(env: &Env) -> String {
    let entry: Value = serde_json::from_str(&env.ok(&["log", "-n", "1", "--json"])).expect("JSON");
    entry["commit"].as_str().expect("an id").to_owned()
}

/// Stages and commits everything; returns the commit and its tree.
pub fn commit_all(env: &Env, message: &str) -> (String, String) {
    env.ok(&["add", "-A"]);
    let done = env.json(&["commit", "-m", message, "--json"]);
    let id = |key: &str| done[key].as_str().expect("an id").to_owned();
    (id("commit"), id("tree"))
}

/// Asserts that no unfinished file is left.
pub fn assert_no_leftovers(env: &Env) {
    let mut left: Vec<PathBuf> = files_in(env, "tmp");
    // The lock of readers stays for the next one.
    left.retain(|path| {
        !path.file_name().is_some_and(|n| n.to_string_lossy().starts_with("reading-"))
    });
    assert!(left.is_empty(), "left behind: {left:?}");
}

/// The entries of a folder in `.esker`, or in the store beside the repository if it has none of its own.
pub fn files_in(env: &Env, folder: &str) -> Vec<PathBuf> {
    let own = env.path(".esker").join(folder);
    let dir = if own.exists() { own } else { env.path("../store").join(folder) };
    let entries = fs::read_dir(dir).expect("the folder is there");
    let mut paths: Vec<PathBuf> = entries.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    paths
}
