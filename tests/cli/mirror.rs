//! What one remote has, brought to another without a clone.

use std::fs;

use crate::env::Env;
use crate::partial::{files_below, fsck, noise, packs, site};

/// What both places are to have in common: refs, keeps and files.
fn assert_same(env: &Env, dir: &str) {
    assert_eq!(env.ok(&["ls-remote", "dest"]), env.ok(&["ls-remote", "shared"]));
    env.ok(&["clone", "dest", dir]);
    let hash = |dir: &str| env.ok(&["-C", dir, "hash", "."]);
    assert_eq!(hash(dir), hash("a"));
    fsck(env, &[dir]);
    let checked = env.ok(&["-C", dir, "fsck", "--remote", "--data"]);
    assert!(checked.ends_with("no problems\n"), "{checked}");
}

#[test]
fn everything_that_one_remote_has_comes_to_another_and_nothing_stays_here() {
    let env = site();
    env.ok(&["-C", "a", "tag", "-m", "the first", "v1", "HEAD~"]);
    env.ok(&["-C", "a", "branch", "side", "HEAD~"]);
    env.ok(&["-C", "a", "push", "origin", "side", "v1"]);
    env.ok(&["-C", "a", "remote", "keeps", "add", "paper", "HEAD"]);
    // By locations, where there is no repository.
    let plan = env.json(&["mirror", "-n", "shared", "dest", "--json"]);
    assert_eq!(
        (&plan["dry_run"], &plan["commits"], &plan["files"]),
        (&true.into(), &2.into(), &11.into())
    );
    assert_eq!(plan["file_bytes"], 2_240_020);
    assert!(plan["planned_bytes"].as_u64() > Some(2_200_000), "{plan}");
    assert!(!env.path("dest/root").exists());
    let done = env.json(&["mirror", "shared", "dest", "--json"]);
    assert_eq!((&done["commits"], &done["files"]), (&2.into(), &11.into()));
    assert!(done["sent_bytes"].as_u64() > Some(2_200_000), "{done}");
    assert_same(&env, "c");
    let keeps = |dir: &str| env.ok(&["-C", dir, "remote", "keeps"]);
    assert_eq!(keeps("c"), keeps("a"));
    let again = env.run(&["mirror", "shared", "dest"]);
    assert_eq!((again.code, &*again.stdout), (0, "Everything up to date\n"));
    // It notes how far it came, and nothing once it is through.
    let left = files_below(&env.path("../home/.cache/esker/mirror"));
    assert_eq!(left, Vec::<std::path::PathBuf>::new());
}

#[test]
fn what_is_new_follows_and_what_is_gone_goes_when_that_is_asked_for() {
    let env = site();
    env.ok(&["-C", "a", "branch", "side"]);
    env.ok(&["-C", "a", "push", "origin", "side"]);
    env.ok(&["-C", "a", "remote", "add", "nas", "../dest"]);
    env.ok(&["-C", "a", "mirror", "origin", "nas"]);
    env.write("a/train/0.bin", noise(300, 30_000));
    env.ok(&["-C", "a", "commit", "-am", "third"]);
    env.ok(&["-C", "a", "push"]);
    env.ok(&["-C", "a", "push", "--delete", "origin", "side"]);
    let done = env.json(&["-C", "a", "mirror", "origin", "nas", "--json"]);
    assert_eq!((&done["commits"], &done["files"]), (&1.into(), &1.into()));
    assert!(done["sent_bytes"].as_u64() < Some(60_000), "{done}");
    assert!(env.ok(&["ls-remote", "dest"]).contains("side"));
    let pruned = env.ok(&["-C", "a", "mirror", "--prune", "origin", "nas"]);
    assert!(pruned.contains(" - side (deleted"), "{pruned}");
    assert_same(&env, "c");
    // What somebody keeps there stays.
    env.ok(&["-C", "c", "remote", "keeps", "add", "paper", "HEAD"]);
    env.ok(&["-C", "a", "mirror", "--prune", "origin", "nas"]);
    assert!(env.ok(&["-C", "c", "remote", "keeps"]).contains("paper"));
    // The repository knows what is there, and pushes on from it.
    let status = env.json(&["-C", "a", "status", "--remotes", "--json"]);
    assert_eq!(status["remotes"]["remotes"][1]["has_commit"], true, "{status}");
    let pushed = env.run(&["-C", "a", "push", "nas", "main"]);
    assert_eq!((pushed.code, &*pushed.stdout), (0, "Everything up to date\n"));
    fsck(&env, &["a"]);
}

#[test]
fn a_branch_that_has_other_commits_there_is_replaced_by_force_alone() {
    let env = site();
    env.ok(&["mirror", "shared", "dest"]);
    env.ok(&["clone", "dest", "c"]);
    env.write("c/theirs", "t");
    env.ok(&["-C", "c", "add", "-A"]);
    env.ok(&["-C", "c", "commit", "-m", "theirs"]);
    env.ok(&["-C", "c", "push"]);
    let before = env.ok(&["ls-remote", "dest"]);
    env.run(&["mirror", "shared", "dest"]).fails(
        12,
        "error: main is another one at dest than at shared\n\
         hint: replace it there: esker mirror --force\n",
    );
    assert_eq!(env.ok(&["ls-remote", "dest"]), before);
    let done = env.ok(&["mirror", "--force", "shared", "dest"]);
    assert!(done.contains(" + main: "), "{done}");
    assert_same(&env, "d");
    // Another dataset is never mixed in.
    env.ok(&["init", "other"]);
    env.write("other/x", "x");
    env.ok(&["-C", "other", "add", "-A"]);
    env.ok(&["-C", "other", "commit", "-m", "x"]);
    env.ok(&["-C", "other", "remote", "add", "origin", "../else"]);
    env.ok(&["-C", "other", "push"]);
    env.run(&["mirror", "else", "dest"]).fails(
        12,
        "error: dest holds another repository than else\n\
         hint: name an empty place for it\n",
    );
    let ran = env.run(&["mirror", "dest", "./dest"]);
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert_same(&env, "e");
}

#[test]
fn damaged_bytes_are_never_sent_on() {
    let env = site();
    let packs = files_below(&env.path("shared/pack"));
    let large = packs.iter().max_by_key(|p| p.metadata().expect("there").len()).expect("packs");
    let whole = fs::read(large).expect("read");
    let mut bytes = whole.clone();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(large, &bytes).expect("write");
    let ran = env.run(&["mirror", "shared", "dest"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("has another hash"), "{}", ran.stderr);
    assert!(!env.path("dest/root").exists());
    // It goes on once that is mended.
    fs::write(large, whole).expect("write");
    env.ok(&["mirror", "shared", "dest"]);
    assert_same(&env, "c");
}

#[test]
fn a_push_to_a_second_remote_takes_from_the_first_what_is_not_here() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    env.write("b/train/own.bin", noise(500, 30_000));
    env.ok(&["-C", "b", "add", "-A"]);
    env.ok(&["-C", "b", "commit", "-m", "own"]);
    env.ok(&["-C", "b", "remote", "add", "other", "../dest"]);
    let plan = env.json(&["-C", "b", "push", "-n", "other", "main", "--json"]);
    assert_eq!((&plan["files"], &plan["file_bytes"]), (&12.into(), &2_270_020.into()));
    assert!(plan["planned_bytes"].as_u64() > Some(2_200_000), "{plan}");
    let before = packs(&env, "b");
    let ran = env.run(&["-C", "b", "push", "other", "main"]);
    assert_eq!((ran.code, &*ran.stderr), (0, "fetching 7 files, 2.0 MiB, from origin\n"));
    assert_eq!(packs(&env, "b"), before);
    env.ok(&["clone", "dest", "c"]);
    assert_eq!(fs::read(env.path("c/models/large.bin")).expect("read"), noise(200, 2_000_000));
    assert_eq!(fs::read(env.path("c/train/own.bin")).expect("read"), noise(500, 30_000));
    let checked = env.ok(&["-C", "b", "fsck", "--remote", "other", "--data"]);
    assert!(checked.ends_with("no problems\n"), "{checked}");
    fsck(&env, &["b", "c"]);
}

#[test]
fn what_no_remote_has_is_refused_with_how_much_it_is() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    env.ok(&["-C", "b", "remote", "add", "other", "../dest"]);
    fs::rename(env.path("shared"), env.path("gone")).expect("rename");
    let ran = env.run(&["-C", "b", "push", "other", "main"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    let refused = "error: neither here nor on that remote: 7 of the pushed files, with 2120020 bytes\n\
                   hint: push them from a clone that has everything: esker clone\n";
    assert!(ran.stderr.starts_with("warning: origin: "), "{}", ran.stderr);
    assert!(ran.stderr.ends_with(refused), "{}", ran.stderr);
    assert!(!env.path("dest/root").exists());
    fsck(&env, &["b"]);
}

#[test]
fn status_tells_which_remote_has_what_and_asks_none() {
    let env = site();
    env.ok(&["clone", "--sparse", "train", "shared", "b"]);
    env.ok(&["-C", "b", "remote", "add", "near", "../near"]);
    env.ok(&["-C", "b", "config", "remote.near.priority", "1"]);
    env.write("b/train/own.bin", noise(500, 30_000));
    env.ok(&["-C", "b", "add", "-A"]);
    env.ok(&["-C", "b", "commit", "-m", "own"]);
    fs::rename(env.path("shared"), env.path("gone")).expect("rename");
    let status = env.json(&["-C", "b", "--offline", "status", "--remotes", "--json"]);
    let told = &status["remotes"];
    let amount = |files: u64, bytes: u64| serde_json::json!({ "files": files, "bytes": bytes });
    assert_eq!(told["absent"], amount(6, 2_120_012));
    assert_eq!((&told["only_here"], &told["only_here_commits"]), (&amount(1, 30_000), &1.into()));
    let (near, origin) = (&told["remotes"][0], &told["remotes"][1]);
    assert_eq!(
        (&near["name"], &near["seen"], &near["priority"]),
        (&"near".into(), &false.into(), &1.into())
    );
    assert_eq!(near["promised"], amount(0, 0));
    assert_eq!((&origin["name"], &origin["lacks_commits"]), (&"origin".into(), &1.into()));
    assert_eq!(origin["promised"], amount(6, 2_120_012));
    let text = env.ok(&["-C", "b", "--offline", "status", "--remotes"]);
    for line in [
        "\tnear       never asked\n",
        "\torigin     lacks 1 commit; 6 files of 2.0 MiB there and not here\n",
        "Only here: 1 commit, with 1 file of 29.3 KiB\n",
    ] {
        assert!(text.contains(line), "{text}");
    }
    fs::rename(env.path("gone"), env.path("shared")).expect("rename");
    env.ok(&["-C", "b", "push"]);
    let text = env.ok(&["-C", "b", "status", "--remotes"]);
    assert!(text.contains("\torigin     has this commit; 6 files"), "{text}");
    assert!(text.contains("Nothing that was committed is only here\n"), "{text}");
    fsck(&env, &["b"]);
}
