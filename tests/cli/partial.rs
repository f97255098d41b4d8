//! Clones that have not everything: what they fetch, what they do without, and what they say.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::env::Env;

/// Bytes that do not compress, and differ by `seed`.
pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    (0..len).map(|_| next()).collect()
}

/// A repository in `a` with two commits, pushed to the folder `shared`.
pub fn site() -> Env {
    let env = Env::new();
    env.ok(&["init", "a"]);
    for number in 0..4 {
        env.write(&format!("a/train/{number}.bin"), noise(number, 30_000));
        env.write(&format!("a/test/{number}.bin"), noise(100 + number, 30_000));
    }
    env.write("a/models/large.bin", noise(200, 2_000_000));
    env.write("a/labels.csv", "x,y\n1,2\n");
    // One by one: what is added at once may lie in one block, and then comes along.
    for path in ["train", "test", "models", "labels.csv"] {
        env.ok(&["-C", "a", "add", path]);
    }
    env.ok(&["-C", "a", "commit", "-m", "first"]);
    env.write("a/labels.csv", "x,y\n1,2\n3,4\n");
    env.ok(&["-C", "a", "commit", "-am", "second"]);
    env.ok(&["-C", "a", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "a", "push"]);
    env
}

pub fn files_below(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        let path = entry.path();
        match path.is_dir() {
            true if path.ends_with(".esker") => {}
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// The tracked files on disk.
pub fn on_disk(env: &Env, dir: &str) -> Vec<String> {
    let root = env.path(dir);
    let name = |path: PathBuf| path.strip_prefix(&root).expect("below").display().to_string();
    files_below(&root).into_iter().map(name).collect()
}

pub fn bytes_below(dir: &Path) -> u64 {
    files_below(dir).iter().map(|file| file.metadata().expect("there").len()).sum()
}

/// The bytes of the packs of data and recipes of a repository.
pub fn packs(env: &Env, dir: &str) -> u64 {
    bytes_below(&env.path(dir).join(".esker/packs"))
}

pub fn fsck(env: &Env, dirs: &[&str]) {
    for dir in dirs {
        let text = env.ok(&["-C", dir, "fsck", "--data"]);
        assert!(text.ends_with("no problems\n"), "{text}");
    }
}

pub fn promised(env: &Env, dir: &str) -> u64 {
    let document = env.json(&["-C", dir, "fsck", "--json"]);
    let collected = env.json(&["-C", dir, "gc", "--dry-run", "--json"]);
    assert_eq!(document["promised"], collected["promised"]["files"]);
    assert_eq!(document["promised_bytes"], collected["promised"]["bytes"]);
    document["promised"].as_u64().expect("a number")
}

#[test]
fn a_clone_without_checkout_has_the_history_and_no_data() {
    let env = site();
    let cloned = env.json(&["clone", "--no-checkout", "shared", "b", "--json"]);
    assert_eq!((&cloned["written"], &cloned["commits"]), (&0.into(), &2.into()));
    assert!(cloned["received_bytes"].as_u64() < Some(20_000), "{cloned}");
    assert_eq!(cloned["branch"], "main");
    assert!(on_disk(&env, "b").is_empty());
    assert!(packs(&env, "b") < 10_000);
    // All of this without the remote: labels twice, nine others.
    let off = |args: &[&str]| env.ok(&[&["-C", "b", "--offline"], args].concat());
    let status = off(&["status"]);
    assert!(
        status.contains("Sparse: no file is wanted here") && status.contains("nothing to commit")
    );
    assert_eq!(off(&["log", "--oneline"]).lines().count(), 2);
    assert_eq!(off(&["log", "--oneline", "--", "labels.csv"]).lines().count(), 2);
    assert_eq!(off(&["ls", "-R"]).lines().count(), 10);
    assert!(off(&["du"]).contains("MiB"));
    assert!(off(&["find", "*.bin"]).lines().count() >= 9);
    assert!(off(&["annotate", "labels.csv"]).contains("second"));
    assert!(off(&["diff", "HEAD~", "HEAD"]).contains("Absent files"));
    assert!(off(&["diff", "--stat", "HEAD~", "HEAD"]).contains("labels.csv"));
    assert_eq!(promised(&env, "b"), 11);
    fsck(&env, &["b"]);
}

#[test]
fn what_is_absent_comes_with_checkout_restore_and_cat_after_saying_how_much() {
    let env = site();
    env.ok(&["clone", "--no-checkout", "shared", "b"]);
    env.run(&["-C", "b", "--offline", "checkout", "train"]).fails(
        12,
        "error: not here but at origin: 4 files of 120000 bytes\n\
         hint: run the command again without --offline\n",
    );
    assert!(on_disk(&env, "b").is_empty());
    let dry = env.ok(&["-C", "b", "checkout", "-n", "train"]);
    assert!(dry.contains("would be fetched: 4 files, 117.2 KiB"), "{dry}");
    let ran = env.run(&["-C", "b", "checkout", "train"]);
    assert_eq!((ran.code, &*ran.stderr), (0, "fetching 4 files, 117.2 KiB, from origin\n"));
    assert_eq!(on_disk(&env, "b").len(), 4);
    assert_eq!(fs::read(env.path("b/train/3.bin")).expect("read"), noise(3, 30_000));
    let document = env.json(&["-C", "b", "restore", "labels.csv", "--json"]);
    assert_eq!(document["fetched"]["files"], 1);
    assert_eq!(document["fetched"]["bytes"], 12);
    // What is here is not fetched again.
    fs::remove_file(env.path("b/labels.csv")).expect("remove");
    let document = env.json(&["-C", "b", "--offline", "restore", "labels.csv", "--json"]);
    assert_eq!((&document["written"], &document["fetched"]["files"]), (&1.into(), &0.into()));
    // A part of a file comes without the rest, and nothing of it is kept.
    let before = packs(&env, "b");
    let part = ["cat", "HEAD~:labels.csv", "--offset", "4", "--length", "3"];
    let ran = env.run(&[&["-C", "b"], &part[..]].concat());
    assert_eq!((&*ran.stdout, &*ran.stderr), ("1,2", "fetching 1 file, 3 B, from origin\n"));
    assert_eq!(packs(&env, "b"), before);
    assert_eq!(env.run(&[&["-C", "b", "--offline"], &part[..]].concat()).code, 12);
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    fsck(&env, &["b"]);
}

#[test]
fn a_sparse_clone_has_its_paths_and_more_when_they_are_added() {
    let env = site();
    let cloned = env.json(&["clone", "--sparse", "train", "shared", "b", "--json"]);
    assert_eq!((&cloned["written"], &cloned["fetched"]["files"]), (&4.into(), &4.into()));
    assert!(cloned["received_bytes"].as_u64() < Some(400_000), "{cloned}");
    assert_eq!(env.ok(&["-C", "b", "sparse"]), "train\n");
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    env.run(&["-C", "b", "--offline", "sparse", "add", "models"]).fails(
        12,
        "error: not here but at origin: 1 file of 2000000 bytes\n\
         hint: run the command again without --offline\n",
    );
    assert_eq!(env.ok(&["-C", "b", "sparse"]), "train\n");
    let added = env.json(&["-C", "b", "sparse", "add", "models", "labels.csv", "--json"]);
    assert_eq!((&added["written"], &added["fetched"]["files"]), (&2.into(), &2.into()));
    fsck(&env, &["b"]);
    // What leaves is stored or on the remote; what was changed stays.
    env.write("b/train/1.bin", "changed");
    let set = env.json(&["-C", "b", "sparse", "set", "test", "--json"]);
    assert_eq!((&set["removed"], &set["written"]), (&5.into(), &4.into()));
    assert_eq!(set["kept"], Value::from(vec!["train/1.bin"]));
    let status = env.ok(&["-C", "b", "status", "-s"]);
    assert_eq!(status, " M train/1.bin\n");
    env.ok(&["-C", "b", "restore", "train/1.bin"]);
    env.ok(&["-C", "b", "sparse", "disable"]);
    assert_eq!(on_disk(&env, "b"), on_disk(&env, "a"));
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    // Only the labels of the first commit were never wanted.
    assert_eq!(promised(&env, "b"), 1);
    fsck(&env, &["b"]);
}

#[test]
fn what_is_out_of_the_set_is_neither_reported_nor_deleted() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    let off = |args: &[&str]| env.ok(&[&["-C", "b", "--offline"], args].concat());
    // Into a folder that is there, and into one that is not.
    env.write("b/train/new.bin", "n");
    env.write("b/test/new.bin", "t");
    off(&["add", "-A"]);
    assert_eq!(off(&["status", "-s"]), "A  test/new.bin\nA  train/new.bin\n");
    off(&["commit", "-m", "third"]);
    assert_eq!(off(&["ls", "-R"]).lines().count(), 12);
    // What goes from disk within the set is deleted, what is not there outside it is not.
    fs::remove_file(env.path("b/train/0.bin")).expect("remove");
    fs::remove_file(env.path("b/test/new.bin")).expect("remove");
    assert_eq!(off(&["status", "-s"]), " D train/0.bin\n");
    off(&["commit", "-am", "fourth"]);
    assert_eq!(off(&["ls", "-R"]).lines().count(), 11);
    fs::remove_dir_all(env.path("b/train")).expect("remove");
    assert_eq!(off(&["status", "-s"]), " D train\n");
    off(&["restore", "."]);
    assert_eq!(on_disk(&env, "b").len(), 4);
    // Files that are not here are removed and renamed by name alone.
    off(&["rm", "test/1.bin"]);
    off(&["mv", "test/2.bin", "models/two.bin"]);
    off(&["mv", "models", "nets"]);
    off(&["commit", "-m", "fifth"]);
    let listed = off(&["ls", "-R"]);
    assert!(listed.contains("nets/two.bin") && listed.contains("nets/large.bin"), "{listed}");
    assert!(!listed.contains("test/1.bin") && !listed.contains("models"), "{listed}");
    let moved = env.run(&["-C", "b", "mv", "labels.csv", "train/labels.csv"]);
    assert_eq!(moved.code, 2, "{}", moved.stderr);
    // The push sends what is new, and needs nothing that is not here.
    let pushed = env.json(&["-C", "b", "push", "--json"]);
    assert_eq!(pushed["commits"], 3);
    assert!(pushed["sent_bytes"].as_u64() < Some(20_000), "{pushed}");
    env.ok(&["clone", "shared", "c"]);
    assert_eq!(fs::read(env.path("c/nets/two.bin")).expect("read"), noise(102, 30_000));
    assert_eq!(bytes_below(&env.path("c/nets")), 2_030_000);
    fsck(&env, &["b", "c"]);
}

#[test]
fn fetch_pull_and_merge_keep_a_clone_partial() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    env.write("a/train/0.bin", noise(300, 30_000));
    env.write("a/models/large.bin", noise(301, 2_000_000));
    env.ok(&["-C", "a", "commit", "-am", "third"]);
    env.ok(&["-C", "a", "push"]);
    let before = packs(&env, "b");
    let fetched = env.json(&["-C", "b", "fetch", "--json"]);
    assert_eq!((&fetched["commits"], &fetched["files"]), (&1.into(), &0.into()));
    assert!(packs(&env, "b") < before + 5_000);
    env.write("b/train/ours.bin", "o");
    env.ok(&["-C", "b", "add", "-A"]);
    env.ok(&["-C", "b", "commit", "-m", "ours"]);
    let offline = env.run(&["-C", "b", "--offline", "merge", "origin/main"]);
    assert_eq!(offline.code, 12, "{}", offline.stderr);
    let merged = env.run(&["-C", "b", "merge", "origin/main"]);
    assert_eq!(merged.code, 0, "{}", merged.stderr);
    assert!(merged.stderr.contains("fetching 1 file, 29.3 KiB, from origin"), "{}", merged.stderr);
    assert_eq!(fs::read(env.path("b/train/0.bin")).expect("read"), noise(300, 30_000));
    assert_eq!(on_disk(&env, "b").len(), 5);
    env.ok(&["-C", "b", "push"]);
    env.ok(&["-C", "a", "pull"]);
    fsck(&env, &["a", "b"]);
}

#[test]
fn what_the_remote_has_lost_is_named_and_nothing_else_is_lost() {
    let env = site();
    env.ok(&["-C", "a", "switch", "-c", "side"]);
    env.write("a/side.bin", noise(400, 30_000));
    env.ok(&["-C", "a", "add", "-A"]);
    env.ok(&["-C", "a", "commit", "-m", "side"]);
    env.ok(&["-C", "a", "push", "origin", "side"]);
    env.ok(&["clone", "--sparse", "train", "-b", "side", "shared", "b"]);
    // The branch goes back, and what only it had is collected.
    env.ok(&["-C", "a", "push", "--force", "origin", "main:side"]);
    env.ok(&["-C", "a", "gc", "--remote", "--grace", "0"]);
    let broken = "error: neither here nor at origin: 1 file of 30000 bytes\n\
                  hint: push them again from a clone that has them: esker push\n";
    env.run(&["-C", "b", "-q", "checkout", "side.bin"]).fails(12, broken);
    env.run(&["-C", "b", "-q", "cat", "side.bin"]).fails(12, broken);
    fsck(&env, &["b"]);
    env.ok(&["-C", "a", "push", "--force", "origin", "side"]);
    env.ok(&["-C", "b", "checkout", "side.bin"]);
    // Gone altogether.
    fs::rename(env.path("shared"), env.path("gone")).expect("rename");
    let ran = env.run(&["-C", "b", "-q", "checkout", "models"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    fsck(&env, &["b"]);
}

#[test]
fn damage_is_told_from_what_is_promised() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    env.write("b/train/own.bin", noise(500, 30_000));
    env.ok(&["-C", "b", "add", "-A"]);
    env.ok(&["-C", "b", "commit", "-m", "own"]);
    fsck(&env, &["b"]);
    // What was added lies in a pack of its own: 30,000 bytes that do not compress.
    let packs = files_below(&env.path("b/.esker/packs"));
    let is_own =
        |file: &&PathBuf| (30_000..40_000).contains(&file.metadata().expect("there").len());
    let own: Vec<_> = packs.iter().filter(is_own).collect();
    assert_eq!(own.len(), 1);
    fs::remove_file(own[0]).expect("remove");
    let ran = env.run(&["-C", "b", "fsck"]);
    assert_eq!(ran.code, 5, "{}", ran.stdout);
    assert!(ran.stdout.contains("train/own.bin"), "{}", ran.stdout);
}

#[test]
fn a_shallow_clone_has_the_newest_commits_until_the_rest_is_fetched() {
    let env = site();
    let cloned = env.json(&["clone", "--depth", "1", "shared", "b", "--json"]);
    assert_eq!((&cloned["commits"], &cloned["shallow"]), (&1.into(), &1.into()));
    assert_eq!(on_disk(&env, "b"), on_disk(&env, "a"));
    assert_eq!(env.ok(&["-C", "b", "log", "--oneline"]).lines().count(), 1);
    let checked = env.json(&["-C", "b", "fsck", "--data", "--json"]);
    assert_eq!((&checked["shallow"], &checked["clean"]), (&1.into(), &true.into()));
    env.ok(&["-C", "b", "gc", "--grace", "0"]);
    env.run(&["-C", "b", "commit", "--amend", "-m", "x"]).fails(
        1,
        &format!(
            "error: the history before commit {} was not fetched\n\
             hint: fetch it: esker fetch --unshallow\n",
            cloned["commit"].as_str().expect("an id").split_at(10).0
        ),
    );
    env.write("b/labels.csv", "x,y\n5,6\n");
    env.ok(&["-C", "b", "commit", "-am", "third"]);
    env.ok(&["-C", "b", "push"]);
    env.ok(&["-C", "a", "pull"]);
    env.ok(&["-C", "b", "fetch"]);
    env.ok(&["-C", "b", "fetch", "--unshallow"]);
    assert_eq!(env.ok(&["-C", "b", "log", "--oneline"]).lines().count(), 3);
    assert_eq!(env.ok(&["-C", "b", "cat", "HEAD~2:labels.csv"]), "x,y\n1,2\n");
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_rebuilt_database_still_knows_what_is_absent() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    fs::remove_file(env.path("b/.esker/state.db")).expect("remove");
    let ran = env.run(&["-C", "b", "fsck", "--rebuild"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    assert_eq!(env.ok(&["-C", "b", "sparse"]), "train\n");
    assert!(env.ok(&["-C", "b", "status"]).contains("nothing to commit"));
    assert_eq!(promised(&env, "b"), 7);
    fsck(&env, &["b"]);
}

#[test]
fn what_is_evicted_comes_back_the_same_whatever_becomes_of_its_branch() {
    let env = site();
    let id = env.ok(&["-C", "a", "hash", "."]);
    env.write("a/test/1.bin", "changed");
    let planned = env.json(&["-C", "a", "evict", "-n", "models", "test", "--json"]);
    assert_eq!((&planned["files"], &planned["removed"]), (&5.into(), &4.into()));
    let done = env.json(&["-C", "a", "evict", "models", "test", "--json"]);
    assert_eq!((&done["files"], &done["bytes"]), (&5.into(), &2_120_000.into()));
    assert_eq!((&done["removed"], &done["kept"][0]), (&4.into(), &"test/1.bin".into()));
    assert!(done["freed_bytes"].as_u64() > Some(2_100_000), "{done}");
    assert!(packs(&env, "a") < 200_000);
    assert_eq!(env.ok(&["-C", "a", "status", "-s"]), " M test/1.bin\n");
    assert_eq!(env.ok(&["-C", "a", "sparse"]), ".\nnot models\nnot test\n");
    env.ok(&["-C", "a", "restore", "test/1.bin"]);
    assert_eq!(promised(&env, "a"), 1);
    fsck(&env, &["a"]);
    // Another clone forces the branch elsewhere and collects.
    env.ok(&["clone", "shared", "b"]);
    env.write("b/labels.csv", "other");
    env.ok(&["-C", "b", "rm", "-r", "models", "train", "test"]);
    env.ok(&["-C", "b", "commit", "-a", "--amend", "-m", "other"]);
    env.ok(&["-C", "b", "push", "--force"]);
    env.ok(&["-C", "b", "gc", "--remote", "--grace", "0"]);
    env.ok(&["-C", "a", "sparse", "disable"]);
    assert_eq!(env.ok(&["-C", "a", "hash", "."]), id);
    assert!(env.ok(&["-C", "a", "status"]).contains("nothing to commit"));
    fsck(&env, &["a", "b"]);
}

#[test]
fn a_push_may_let_go_of_the_copy_of_what_was_pushed() {
    let env = site();
    env.write("a/own.bin", noise(700, 50_000));
    env.ok(&["-C", "a", "add", "-A"]);
    env.ok(&["-C", "a", "commit", "-m", "own"]);
    // Not before it is there.
    let refused = env.run(&["-C", "a", "evict", "own.bin"]);
    assert_eq!(refused.code, 12, "{}", refused.stderr);
    assert!(refused.stderr.ends_with("hint: push it first: esker push\n"), "{}", refused.stderr);
    let pushed = env.json(&["-C", "a", "push", "--evict", "--json"]);
    assert!(pushed["freed_bytes"].as_u64() > Some(2_000_000), "{pushed}");
    assert!(packs(&env, "a") < 10_000);
    assert_eq!(on_disk(&env, "a").len(), 11);
    let off = |args: &[&str]| env.ok(&[&["-C", "a", "--offline"], args].concat());
    assert!(off(&["status"]).contains("nothing to commit"));
    off(&["add", "-A"]);
    env.write("a/own.bin", "changed");
    off(&["commit", "-am", "changed"]);
    assert_eq!(env.run(&["-C", "a", "--offline", "checkout", "HEAD~", "own.bin"]).code, 12);
    env.ok(&["-C", "a", "checkout", "HEAD~", "own.bin"]);
    assert_eq!(fs::read(env.path("a/own.bin")).expect("read"), noise(700, 50_000));
    env.ok(&["-C", "a", "push"]);
    // One keep a clone, of the newest commit that was let go of.
    env.ok(&["-C", "a", "evict", "own.bin"]);
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]).lines().count(), 1);
    fsck(&env, &["a"]);
}

#[test]
fn a_partial_clone_becomes_whole_and_is_one_no_more() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    let dry = env.json(&["-C", "b", "fetch", "--all-data", "-n", "--json"]);
    assert_eq!(
        (&dry["fetched"]["files"], &dry["fetched"]["bytes"]),
        (&7.into(), &2_120_020.into())
    );
    assert_eq!(promised(&env, "b"), 7);
    let done = env.json(&["-C", "b", "fetch", "--all-data", "--json"]);
    assert_eq!(done["fetched"]["files"], 7);
    assert_eq!(promised(&env, "b"), 0);
    fs::rename(env.path("shared"), env.path("gone")).expect("rename");
    env.ok(&["-C", "b", "sparse", "disable"]);
    assert_eq!(on_disk(&env, "b"), on_disk(&env, "a"));
    fsck(&env, &["b"]);
    // Fetches bring files again.
    fs::rename(env.path("gone"), env.path("shared")).expect("rename");
    env.write("a/labels.csv", "new");
    env.ok(&["-C", "a", "commit", "-am", "third"]);
    env.ok(&["-C", "a", "push"]);
    assert_eq!(env.json(&["-C", "b", "pull", "--json"])["files"], 1);
    assert_eq!(promised(&env, "b"), 0);
    fsck(&env, &["b"]);
}

#[test]
fn every_verb_that_needs_a_remote_says_the_same_when_it_is_offline() {
    let env = Env::new();
    env.ok(&["init", "a"]);
    env.write("a/f", "f");
    env.ok(&["-C", "a", "add", "f"]);
    env.ok(&["-C", "a", "commit", "-m", "first"]);
    env.ok(&["-C", "a", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "a", "push"]);
    env.write("a/g", "g");
    for args in [
        &["push"][..],
        &["push", "-n"],
        &["push", "--evict"],
        &["push", "origin", "main"],
        &["fetch"],
        &["pull"],
        &["evict", "f"],
        &["add", "--to", "origin", "g"],
        &["mirror", "origin", "../far"],
        &["clone", "../shared", "../c"],
        &["get", "../shared:f", "-o", "../got"],
        &["ls", "../shared"],
        &["pin", "../shared:f", "-o", "pinned"],
        &["remote", "keeps"],
        &["gc", "--remote"],
        &["fsck", "--remote"],
    ] {
        let ran = env.run(&[&["-C", "a"], args, &["--offline"]].concat());
        assert_eq!(ran.code, 12, "{args:?}: {}", ran.stderr);
        let is_said = ran.stderr.ends_with(
            "shared would have to be asked, and this is offline\nhint: run the command again without --offline\n",
        );
        assert!(is_said, "{args:?}: {}", ran.stderr);
    }
    assert!(
        !env.path("c").exists() && !env.path("got").exists() && !env.path("a/esker.lock").exists()
    );
    fsck(&env, &["a"]);
}
