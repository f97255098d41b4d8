//! Remotes looked at and taken from without a clone: what comes, what it costs, and what stops it.

use std::fs;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use serde_json::Value;

use crate::data::{Files, Random, read_all};
use crate::env::Env;
use crate::ran::assert_fails;

/// A repository `a` with some history, pushed to the folder `shared`.
fn site() -> (Env, Files) {
    let env = Env::new();
    env.ok(&["init", "a"]);
    let mut noise = Random::new(7);
    let mut files = Files::new();
    for n in 0..300 {
        files.insert(format!("images/{:02}/{n:03}.png", n % 7), noise.bytes(2000 + 100 * n));
    }
    files.insert("table.csv".into(), noise.text(60_000));
    files.insert("middle.bin".into(), noise.bytes(100_000));
    files.insert("large.bin".into(), noise.bytes(5 << 20));
    files.insert("empty".into(), Vec::new());
    for (name, bytes) in &files {
        env.write(&format!("a/{name}"), bytes);
    }
    commit(&env, "first");
    env.ok(&["-C", "a", "tag", "v1"]);
    env.write("a/table.csv", "x,y\n");
    commit(&env, "second");
    env.ok(&["-C", "a", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "a", "push", "origin", "main", "v1"]);
    (env, files)
}

fn commit(env: &Env, message: &str) {
    env.ok(&["-C", "a", "add", "-A"]);
    env.ok(&["-C", "a", "commit", "-m", message]);
}

/// `esker cat`, whose output need not be text.
fn cat(env: &Env, args: &[&str]) -> Vec<u8> {
    let output = env.command(&[&["cat"], args].concat()).output().expect("the program starts");
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// What `get` says it took.
fn got(env: &Env, args: &[&str]) -> (u64, u64) {
    let done = env.json(&[&["get", "--json"], args].concat());
    let number = |key: &str| done[key].as_u64().expect("a number");
    (number("requests"), number("received_bytes"))
}

#[test]
fn a_location_is_looked_at_as_a_revision_is() {
    let (env, _) = site();
    let here = |args: &[&str]| env.ok(&[&["-C", "a"], args].concat());
    assert_eq!(env.ok(&["ls", "-R", "--long", "./shared@v1"]), here(&["ls", "-R", "--long", "v1"]));
    assert_eq!(env.ok(&["ls", "./shared:images/03"]), here(&["ls", "HEAD:images/03"]));
    assert_eq!(env.ok(&["ls", "./shared", "images"]), here(&["ls", "HEAD", "images"]));
    assert_eq!(env.ok(&["du", "./shared@main~1"]), here(&["du", "main~1"]));
    assert_eq!(env.ok(&["du", "-u", "./shared"]), here(&["du", "-u"]));
    let found = env.ok(&["find", "./shared@v1:images", "*7.png", "--size", "+5K"]);
    assert_eq!(found, here(&["find", "--rev", "v1", "*7.png", "--size", "+5K", "--", "images"]));
    let log = env.ok(&["log", "--oneline", "./shared"]);
    assert_eq!(log.lines().count(), 2);
    assert!(log.contains("(HEAD -> main) second\n") && log.contains("(tag: v1) first\n"), "{log}");
    assert_eq!(env.ok(&["log", "--oneline", "./shared@v1..main"]).lines().count(), 1);
    assert_eq!(env.ok(&["log", "--oneline", "./shared", "v1..main"]).lines().count(), 1);
    assert_eq!(env.ok(&["log", "--oneline", "./shared:images"]).lines().count(), 1);
    let id = env.ok(&["hash", "a/images"]);
    assert_eq!(env.ok(&["hash", "./shared@v1:images"]), id);
    // All digits of a commit, or some.
    let commit = here(&["log", "-n", "1", "--json"]);
    let commit: Value = serde_json::from_str(&commit).expect("JSON");
    let commit = commit["commit"].as_str().expect("an id");
    for digits in [64, 10, 4] {
        assert_eq!(env.ok(&["hash", &format!("./shared@{}:images", &commit[..digits])]), id);
    }
    // Nothing was written.
    assert_eq!(fs::read_dir(env.dir()).expect("read").count(), 2);
}

#[test]
fn any_part_of_a_file_is_read() {
    let (env, files) = site();
    for name in ["table.csv", "middle.bin", "large.bin", "images/03/010.png", "empty"] {
        assert!(cat(&env, &[&format!("./shared@v1:{name}")]) == files[name], "{name}");
    }
    let large = &files["large.bin"];
    for (offset, length) in [(0, 10), (1_048_570, 20), (3_000_000, 1_500_000), (5_242_870, 99)] {
        let args = ["./shared:large.bin", "--offset", &offset.to_string(), "--length"];
        let part = cat(&env, &[&args[..], &[&length.to_string()]].concat());
        assert!(part == large[offset..(offset + length).min(large.len())], "{offset}");
    }
    // A small part costs little.
    let cost =
        env.run(&["cat", "-v", "./shared:large.bin", "--offset", "3000000", "--length", "1"]);
    assert!(cost.stderr.ends_with(" received\n"), "{}", cost.stderr);
    let cost: Vec<&str> = cost.stderr.split(' ').collect();
    assert!(cost[0].parse::<u32>().expect("a count") <= 12 && cost[3] == "KiB", "{cost:?}");
}

#[test]
fn names_with_signs_are_given_by_flags() {
    let env = Env::new();
    env.ok(&["init", "a"]);
    env.write("a/x:y@z/t", "1");
    commit(&env, "first");
    env.ok(&["-C", "a", "remote", "add", "origin", "../sha%40red%3A1"]);
    env.ok(&["-C", "a", "push"]);
    assert!(env.path("sha@red:1/root").is_dir());
    for location in ["./sha@red:1", "./sha%40red%3A1"] {
        assert_eq!(env.ok(&["ls", "-R", location]), "x:y@z/t\n");
        assert_eq!(cat(&env, &[location, "--path", "x:y@z/t"]), b"1");
        assert_eq!(cat(&env, &[location, "--rev", "main", "--path", "x:y@z/t"]), b"1");
    }
    assert_eq!(cat(&env, &["./sha%40red%3A1@main:x%3Ay%40z/t"]), b"1");
    assert_eq!(env.ok(&["-C", "a", "ls", "--rev", "main", "--path", "x:y@z"]), "x:y@z/t\n");
}

#[test]
fn a_folder_comes_whole_and_verified() {
    let (env, files) = site();
    let said = env.ok(&["get", "./shared@v1", "-o", "all"]);
    assert!(said.contains(" at ") && said.contains("304 files written"), "{said}");
    crate::data::assert_same(&read_all(&env.path("all")), &files);
    assert!(!env.path(".esker-get").exists());
    // Again: nothing is written, nothing but the history comes.
    let done = env.json(&["get", "./shared@v1", "-o", "all", "--json"]);
    assert_eq!(
        (done["got"][0]["written"].as_u64(), done["got"][0]["kept"].as_u64()),
        (Some(0), Some(304))
    );
    // One that is missing comes, one that differs is not overwritten unasked.
    fs::remove_file(env.path("all/large.bin")).expect("remove");
    let done = env.json(&["get", "./shared@v1", "-o", "all", "--json"]);
    assert_eq!(done["got"][0]["written"].as_u64(), Some(1));
    env.write("all/table.csv", "mine");
    let ran = env.run(&["get", "./shared@v1", "-o", "all"]);
    assert_fails(&ran, 4, "other files are there already: table.csv", "--force");
    assert_eq!(fs::read(env.path("all/table.csv")).expect("read"), b"mine");
    env.ok(&["get", "--force", "./shared@v1", "-o", "all"]);
    crate::data::assert_same(&read_all(&env.path("all")), &files);
    // Names: of the last part, of a remote of the repository, into a folder that is there.
    env.ok(&["get", "./shared:images/03"]);
    assert!(env.path("03/003.png").is_file());
    fs::create_dir(env.path("a/there")).expect("mkdir");
    env.ok(&["-C", "a", "get", "origin@v1:table.csv", "-o", "there"]);
    assert_eq!(fs::read(env.path("a/there/table.csv")).expect("read"), files["table.csv"]);
}

#[test]
fn only_what_is_asked_for_is_read() {
    let (env, files) = site();
    let stored = |dir: &Path| -> u64 {
        let walk = walkdir::WalkDir::new(dir).into_iter().map(|e| e.expect("an entry"));
        walk.filter(|e| e.file_type().is_file()).map(|e| e.metadata().expect("stat").len()).sum()
    };
    assert!(stored(&env.path("shared/pack")) > 7 << 20);
    // One file of a hundred kilobytes: what formats promise of a huge repository holds here, too.
    let (requests, bytes) = got(&env, &["./shared:middle.bin"]);
    assert!(requests <= 13 && bytes <= (2 << 20) + 150_000, "{requests} requests, {bytes} bytes");
    // A folder: little more than its files, which do not compress.
    let images = files.iter().filter(|(name, _)| name.starts_with("images/"));
    let wanted: u64 = images.map(|(_, bytes)| bytes.len() as u64).sum();
    let (requests, bytes) = got(&env, &["./shared:images"]);
    assert!(requests <= 40, "{requests} requests");
    assert!(bytes <= wanted + wanted / 10 + 250_000, "{bytes} bytes for {wanted}");
}

#[test]
fn what_is_wrong_is_said() {
    let (env, _) = site();
    let ran = env.run(&["ls", "file:///nowhere/at/all"]);
    assert_fails(&ran, 12, "there is no repository at /nowhere/at/all", "check how it is spelled");
    let ran = env.run(&["get", "./shared@mian:table.csv"]);
    assert_fails(&ran, 1, "unknown revision 'mian' at ", "did you mean 'main'?");
    let ran = env.run(&["get", "./shared@other:table.csv"]);
    assert_fails(&ran, 1, "unknown revision 'other' at ", "esker ls-remote ");
    let ran = env.run(&["cat", "./shared:tabel.csv"]);
    assert_fails(&ran, 1, "no 'tabel.csv' in ", "esker ls -R ");
    let ran = env.run(&["cat", "./shared:images"]);
    assert_fails(&ran, 1, "'images' is a directory", "esker ls images");
    let ran = env.run(&["ls", "./shared:images", "images"]);
    assert_fails(&ran, 2, "a path was given twice", "write it once");
}

#[test]
fn damage_on_a_remote_is_never_handed_on() {
    let (env, _) = site();
    let packs = walkdir::WalkDir::new(env.path("shared/pack")).into_iter();
    let packs: Vec<_> = packs.map(|e| e.expect("an entry")).collect();
    let is_data = |bytes: &[u8]| bytes[10] == 3;
    for pack in packs.iter().filter(|e| e.file_type().is_file()) {
        let mut bytes = fs::read(pack.path()).expect("read");
        if is_data(&bytes) {
            for at in (64..bytes.len() - 200_000).step_by(50_000) {
                bytes[at] ^= 1;
            }
            fs::write(pack.path(), bytes).expect("write");
        }
    }
    let ran = env.run(&["get", "./shared:large.bin"]);
    assert_fails(&ran, 5, "on the remote is damaged", "esker fsck --remote");
    assert!(!env.path("large.bin").exists() && !env.path(".esker-get").exists());
    let ran = env.run(&["get", "./shared@v1", "-o", "all"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
}

#[test]
fn a_get_that_was_killed_goes_on() {
    let (env, files) = site();
    for wait in [15, 25, 40, 60, 90] {
        let mut command = env.command(&["get", "./shared@v1", "-o", "all"]);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("it starts");
        std::thread::sleep(Duration::from_millis(wait));
        let _ = child.kill();
        child.wait().expect("it ends");
        // Whatever is there is whole.
        if env.path("all").exists() {
            for (name, bytes) in read_all(&env.path("all")) {
                assert!(files[&name] == bytes, "{name}");
            }
        }
    }
    env.ok(&["get", "./shared@v1", "-o", "all"]);
    crate::data::assert_same(&read_all(&env.path("all")), &files);
    assert!(!env.path(".esker-get").exists(), "what was left is cleared up");
}
