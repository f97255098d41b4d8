//! Data that is not here and at several remotes: in which order they are asked, and what happens where one
//! has not what it should.

use std::fs;
use std::path::{Path, PathBuf};

use crate::env::Env;
use crate::partial::{files_below, fsck, noise, on_disk, packs, site};

/// A clone without data in `b`, of `shared`, with a copy of that in `near`, which is asked first.
fn with_cache() -> Env {
    let env = site();
    copy(&env.path("shared"), &env.path("near"));
    env.ok(&["clone", "--no-checkout", "shared", "b"]);
    env.ok(&["-C", "b", "remote", "add", "near", "../near"]);
    env.ok(&["-C", "b", "config", "remote.near.priority", "1"]);
    env
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("mkdir");
    for entry in fs::read_dir(from).expect("list").flatten() {
        let target = to.join(entry.file_name());
        match entry.path().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).expect("copy")),
        }
    }
}

/// The packs of `near` that hold files.
fn data_packs(env: &Env) -> Vec<PathBuf> {
    let packs = files_below(&env.path("near/pack"));
    packs.into_iter().filter(|p| p.metadata().expect("there").len() > 20_000).collect()
}

/// Turns a bit in the middle of a file.
fn flip(path: &Path) {
    let mut bytes = fs::read(path).expect("read");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("write");
}

fn is_right(env: &Env) {
    assert_eq!(on_disk(env, "b").len(), 9);
    for number in 0..4 {
        let path = env.path(format!("b/train/{number}.bin"));
        assert_eq!(fs::read(path).expect("read"), noise(number, 30_000));
    }
    assert_eq!(fs::read(env.path("b/models/large.bin")).expect("read"), noise(200, 2_000_000));
    fsck(env, &["b"]);
}

/// Checks files out in `b`; gives what was said of it.
fn checkout(env: &Env, paths: &[&str]) -> String {
    let ran = env.run(&[&["-C", "b", "checkout"], paths].concat());
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    ran.stderr
}

#[test]
fn the_nearest_remote_is_asked_first_and_the_others_where_it_has_not_all() {
    let env = with_cache();
    // It gave nothing but history, and has all.
    let said = checkout(&env, &["train"]);
    assert_eq!(said, "fetching 4 files, 117.2 KiB, from near\n");
    // What came after it was filled is at the other alone.
    env.write("a/late.bin", noise(300, 30_000));
    env.ok(&["-C", "a", "add", "late.bin"]);
    env.ok(&["-C", "a", "commit", "-m", "third"]);
    env.ok(&["-C", "a", "push"]);
    env.ok(&["-C", "b", "pull"]);
    let said = checkout(&env, &["test", "late.bin"]);
    let expected = "fetching 5 files, 146.5 KiB, from near\n\
                    fetching 1 file, 29.3 KiB, from origin\n";
    assert_eq!(said, expected);
    assert_eq!(fs::read(env.path("b/late.bin")).expect("read"), noise(300, 30_000));
    // Without a number, whoever promised it comes first.
    env.ok(&["-C", "b", "config", "--unset", "remote.near.priority"]);
    let said = checkout(&env, &["labels.csv"]);
    assert_eq!(said, "fetching 1 file, 12 B, from origin\n");
    env.ok(&["-C", "b", "config", "remote.near.priority", "soon"]);
    let ran = env.run(&["-C", "b", "checkout", "models"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("remote.near.priority"), "{}", ran.stderr);
    fsck(&env, &["b"]);
}

#[test]
fn wrong_bytes_of_one_remote_are_refused_and_the_next_is_asked() {
    let env = with_cache();
    data_packs(&env).iter().for_each(|pack| flip(pack));
    let said = checkout(&env, &["train", "test", "models"]);
    let (first, rest) = said.split_once('\n').expect("lines");
    assert_eq!(first, "fetching 9 files, 2.1 MiB, from near");
    assert!(rest.starts_with("warning: near: pack/"), "{said}");
    assert!(rest.contains("has another hash; asking origin\n"), "{said}");
    assert!(rest.contains("from origin\n"), "{said}");
    is_right(&env);
}

#[test]
fn only_what_lies_in_a_damaged_pack_is_asked_of_the_next() {
    let env = with_cache();
    // The large file alone.
    let packs = data_packs(&env);
    let large = |p: &&PathBuf| p.metadata().expect("there").len() > 1_500_000;
    flip(packs.iter().find(large).expect("there"));
    let said = checkout(&env, &["train", "test", "models"]);
    match packs.len() {
        // Of one pack for all what came before the damage is kept.
        1 => assert!(said.contains("1.9 MiB, from origin\n"), "{said}"),
        _ => assert!(said.contains("fetching 1 file, 1.9 MiB, from origin\n"), "{said}"),
    }
    is_right(&env);
}

#[test]
fn a_remote_that_lacks_a_pack_or_is_gone_is_passed_over() {
    let env = with_cache();
    data_packs(&env).iter().for_each(|pack| fs::remove_file(pack).expect("remove"));
    let document = env.json(&["-C", "b", "checkout", "train", "--json"]);
    assert_eq!(document["fetched"]["files"], 4, "{document}");
    let warning = document["fetched"]["warnings"][0].as_str().expect("a warning");
    assert!(warning.starts_with("near: ") && warning.ends_with("; origin was asked"), "{warning}");
    fs::rename(env.path("near"), env.path("away")).expect("rename");
    let said = checkout(&env, &["test", "models"]);
    assert!(said.contains("warning: near: there is no repository at "), "{said}");
    is_right(&env);
    // Nobody has it: each is named, and the last says why.
    fs::rename(env.path("shared"), env.path("gone")).expect("rename");
    let before = packs(&env, "b");
    let ran = env.run(&["-C", "b", "checkout", "labels.csv"]);
    assert_eq!(ran.code, 12, "{}", ran.stderr);
    assert!(ran.stderr.contains("warning: near: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("error: "), "{}", ran.stderr);
    assert_eq!(packs(&env, "b"), before);
    fsck(&env, &["b"]);
}

#[test]
fn what_is_printed_goes_on_at_the_next_remote_where_one_fails() {
    let env = with_cache();
    data_packs(&env).iter().for_each(|pack| flip(pack));
    let args = ["-C", "b", "cat", "HEAD:models/large.bin"];
    let out = env.command(&args).output().expect("the program starts");
    assert!(out.stdout == noise(200, 2_000_000), "{} bytes came", out.stdout.len());
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(said.contains("warning: near: blob "), "{said}");
    fsck(&env, &["b"]);
}
