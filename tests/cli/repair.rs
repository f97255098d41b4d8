//! Lost objects, stored again from the worktree or from another repository.

use std::fs;
use std::path::{Path, PathBuf};

use crate::env::Env;

fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

/// Two commits; the first has a file that the second has not.
fn two_commits() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env.write("old/large.bin", noise(1, 700_000));
    env.write("old/small.txt", "small and old");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    fs::remove_dir_all(env.path("old")).expect("remove");
    env.write("new/large.bin", noise(2, 700_000));
    env.write("new/small.txt", "small and new");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "-m", "second"]);
    env
}

/// The packs of a kind: 1 history, 2 layout, 3 data.
fn packs(env: &Env, kind: u8) -> Vec<PathBuf> {
    let entries = fs::read_dir(env.path(".esker/packs")).expect("the folder is there");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths.filter(|path| fs::read(path).expect("read")[10] == kind).collect()
}

/// Changes a byte of the first block.
fn damage(path: &Path) {
    let mut bytes = fs::read(path).expect("read");
    bytes[100] ^= 1;
    fs::write(path, bytes).expect("write");
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("mkdir");
    for entry in fs::read_dir(from).expect("read") {
        let entry = entry.expect("an entry");
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).expect("copy")),
        }
    }
}

#[test]
fn files_of_the_worktree_are_stored_again() {
    let env = two_commits();
    let kinds = [2, 3];
    kinds.iter().flat_map(|kind| packs(&env, *kind)).for_each(|path| damage(&path));
    assert_eq!(env.run(&["fsck", "--data"]).code, 5);
    let ran = env.run(&["fsck", "--data", "--repair"]);
    assert_eq!(ran.code, 5, "the first commit's files are nowhere: {}", ran.stdout);
    assert!(ran.stdout.contains(" again\n") && !ran.stdout.contains("stored 0 "), "{}", ran.stdout);
    assert!(!ran.stdout.contains("new/"), "{}", ran.stdout);
    fs::remove_dir_all(env.path("new")).expect("remove");
    env.ok(&["restore", "."]);
    assert_eq!(fs::read(env.path("new/large.bin")).expect("read"), noise(2, 700_000));
}

#[test]
fn another_repository_gives_what_is_lost() {
    let env = two_commits();
    copy(&env.dir(), &env.dir().with_file_name("backup"));
    packs(&env, 1).iter().for_each(|path| damage(path));
    packs(&env, 3).iter().for_each(|path| fs::remove_file(path).expect("remove"));
    fs::remove_dir_all(env.path("new")).expect("remove");
    assert_eq!(env.run(&["fsck", "--data"]).code, 5);
    let text = env.ok(&["fsck", "--data", "--from", "../backup"]);
    assert!(text.ends_with("no problems\n"), "{text}");
    env.ok(&["fsck", "--data"]);
    env.ok(&["restore", "."]);
    env.ok(&["checkout", "--detach", "main~1"]);
    assert_eq!(fs::read(env.path("old/large.bin")).expect("read"), noise(1, 700_000));
}

#[test]
fn a_sound_repository_has_nothing_to_repair() {
    let env = two_commits();
    let done = env.json(&["fsck", "--repair", "--json"]);
    assert_eq!((&done["repaired"], &done["clean"]), (&0.into(), &true.into()));
    assert_eq!(env.run(&["fsck", "--from", "nowhere"]).code, 0);
    packs(&env, 3).iter().for_each(|path| fs::remove_file(path).expect("remove"));
    let ran = env.run(&["fsck", "--from", "/nowhere"]);
    assert_eq!(ran.code, 10, "{}", ran.stderr);
}
