//! Adding, unstaging and adding again never names data that is not there.

use std::fs;

use crate::data::{Random, read_all};
use crate::env::Env;
use crate::repo;

/// Removes the packs that hold what was added last, as a collection of garbage may, and lets the
/// repository notice.
fn collect(env: &Env, packs_before: &[std::path::PathBuf]) {
    for pack in repo::files_in(env, "packs") {
        let is_data = fs::read(&pack).expect("a pack")[10] != 1;
        if is_data && !packs_before.contains(&pack) {
            fs::remove_file(&pack).expect("remove");
        }
    }
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(env.path(format!(".esker/state.db{suffix}")));
    }
    env.ok(&["fsck", "--rebuild"]);
}

fn add_unstage_add_commit(path: &str, with_collection: bool) {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("other.csv", "1,2\n");
    repo::commit_all(&env, "one");
    let before = repo::files_in(&env, "packs");
    let mut random = Random::new(5);
    env.write("f/large.bin", random.bytes(3 << 20));
    for n in 0..30 {
        env.write(&format!("f/in/{n}.csv"), random.text(1 + n));
    }
    env.ok(&["add", path]);
    env.ok(&["restore", "--staged", path]);
    assert_eq!(env.json(&["status", "--json"])["staged"], serde_json::json!([]));
    if with_collection {
        collect(&env, &before);
    }
    env.ok(&["add", path]);
    env.ok(&["commit", "-m", "two"]);
    repo::assert_clean(&env);
    let expected = read_all(&env.dir());
    fs::remove_dir_all(env.path("f")).expect("remove");
    env.ok(&["restore", path]);
    for (file, bytes) in expected.iter().filter(|(file, _)| file.starts_with(path)) {
        assert!(fs::read(env.path(file)).expect("restored") == *bytes, "{file} differs");
    }
}

#[test]
fn a_file_added_unstaged_and_added_is_there() {
    add_unstage_add_commit("f/large.bin", false);
    add_unstage_add_commit("f/in/7.csv", false);
}

#[test]
fn a_folder_added_unstaged_and_added_is_there() {
    add_unstage_add_commit("f", false);
    add_unstage_add_commit("f/in", false);
}

#[test]
fn what_was_collected_meanwhile_is_stored_again() {
    add_unstage_add_commit("f/large.bin", true);
    add_unstage_add_commit("f/in/7.csv", true);
    add_unstage_add_commit("f", true);
}
