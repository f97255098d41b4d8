//! What keeps the store small: folding, merging, collecting, rewriting.

use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::env::{Env, NOW};

fn count(env: &Env, folder: &str) -> usize {
    fs::read_dir(env.path(".esker").join(folder)).expect("the folder is there").count()
}

/// Bytes that do not compress and are the same for the same seed.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

#[test]
fn many_small_adds_leave_few_files() {
    let env = Env::new();
    env.ok(&["init"]);
    let shared = noise(0, 150_000);
    for n in 0..45 {
        // Chunks of its own between those that earlier files have: their recipes name many packs.
        let own = noise(n + 1, 30_000);
        let file = [&shared[..60_000], &own, &shared[60_000..]].concat();
        env.write(&format!("{n}.bin"), file);
        env.write(&format!("{n}.txt"), n.to_string());
        env.ok(&["add", &format!("{n}.bin"), &format!("{n}.txt")]);
        env.ok(&["commit", "-m", "one more"]);
    }
    assert!(count(&env, "packs") <= 50, "{} packs", count(&env, "packs"));
    assert!(count(&env, "tables") <= 24, "{} tables", count(&env, "tables"));
    env.ok(&["fsck", "--data"]);
    let expected = env.ok(&["hash", "."]);
    for n in 0..45 {
        fs::remove_file(env.path(format!("{n}.bin"))).expect("remove");
    }
    env.ok(&["restore", "."]);
    assert_eq!(env.ok(&["hash", "."]), expected);
}

fn repository() -> Env {
    let env = Env::new();
    env.ok(&["init"]);
    env
}

fn collect(env: &Env, args: &[&str]) -> Value {
    env.json(&[&["gc", "--json"], args].concat())
}

fn bytes_of_packs(env: &Env) -> u64 {
    let entries = fs::read_dir(env.path(".esker/packs")).expect("the folder is there");
    entries.map(|e| e.expect("an entry").metadata().expect("a file").len()).sum()
}

/// A history in which about half of most packs is needed by nothing but the reflog.
fn half_needed() -> Env {
    let env = repository();
    for n in 0..40 {
        env.write(&format!("keep/{n:02}.bin"), noise(n, 90_000));
        env.write(&format!("drop/{n:02}.bin"), noise(100 + n, 90_000));
        env.write(&format!("keep/{n:02}.txt"), noise(200 + n, 3_000));
        env.write(&format!("drop/{n:02}.txt"), noise(300 + n, 3_000));
    }
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "both"]);
    fs::remove_dir_all(env.path("drop")).expect("remove");
    env.ok(&["add", "-A"]);
    env.ok(&["commit", "--amend", "-m", "one"]);
    env
}

#[test]
fn gc_frees_what_was_unstaged_and_adding_it_again_stores_it_again() {
    let env = repository();
    env.write("kept", "kept");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "first"]);
    env.write("f", noise(1, 200_000));
    env.write("folder/g", noise(2, 200_000));
    env.ok(&["add", "."]);
    env.ok(&["restore", "--staged", "."]);
    let found = collect(&env, &["--grace", "0"]);
    assert!(found["freed_bytes"].as_u64() > Some(400_000), "{found}");
    env.ok(&["add", "f", "folder"]);
    env.ok(&["commit", "-m", "second"]);
    env.ok(&["fsck", "--data"]);
    fs::remove_file(env.path("f")).expect("remove");
    fs::remove_dir_all(env.path("folder")).expect("remove");
    env.ok(&["restore", "."]);
    assert_eq!(fs::read(env.path("f")).expect("read"), noise(1, 200_000));
    assert_eq!(fs::read(env.path("folder/g")).expect("read"), noise(2, 200_000));
}

#[test]
fn what_a_stage_or_reflog_needs_stays() {
    let env = half_needed();
    env.write("staged", noise(7, 50_000));
    env.ok(&["add", "staged"]);
    let found = collect(&env, &["--grace", "0"]);
    assert_eq!(found["unreachable"]["files"], 0, "{found}");
    env.ok(&["fsck", "--data"]);
    env.ok(&["commit", "-m", "staged"]);
}

#[test]
fn sparse_packs_are_rewritten_and_a_dry_run_says_what_will_be_freed() {
    let env = half_needed();
    let tree = env.ok(&["hash", "."]);
    let before = bytes_of_packs(&env);
    let said = collect(&env, &["-n", "--grace", "0", "--reflog", "0"]);
    assert_eq!(bytes_of_packs(&env), before);
    let done = collect(&env, &["--grace", "0", "--reflog", "0"]);
    let freed = before - bytes_of_packs(&env);
    assert!(freed > 3_000_000, "{done}");
    let said = said["freed_bytes"].as_u64().expect("a number");
    assert!(said.abs_diff(freed) <= freed / 100, "said {said}, freed {freed}");
    assert_eq!(done["freed_bytes"].as_u64(), Some(freed));
    env.ok(&["fsck", "--data"]);
    fs::remove_dir_all(env.path("keep")).expect("remove");
    env.ok(&["restore", "."]);
    assert_eq!(env.ok(&["hash", "."]), tree);
    let again = collect(&env, &["--grace", "0", "--reflog", "0"]);
    assert_eq!(again["freed_bytes"], 0, "{again}");
}

#[test]
fn a_dry_run_says_what_will_be_freed_where_blocks_and_recipes_are_shared() {
    let env = repository();
    // Small texts share blocks; large files have recipes, which are written anew.
    for version in 0..12_u64 {
        for n in 0..30 {
            let text = format!("{n},{version},").repeat(200 + n * 7);
            env.write(&format!("text/{n:02}.csv"), text);
        }
        env.write("large.bin", [noise(1, 400_000), noise(50 + version, 200_000)].concat());
        env.ok(&["add", "."]);
        env.ok(&["commit", "-m", "next"]);
    }
    env.ok(&["forget", "--keep-last", "4"]);
    let said = collect(&env, &["-n", "--grace", "0"])["freed_bytes"].as_u64().expect("a number");
    let before = bytes_of_packs(&env);
    collect(&env, &["--grace", "0"]);
    let freed = before - bytes_of_packs(&env);
    assert!(freed > 1_000_000, "{freed}");
    assert!(said.abs_diff(freed) <= freed / 100, "said {said}, freed {freed}");
    env.ok(&["fsck", "--data"]);
}

#[test]
fn after_a_collection_a_lost_database_is_still_rebuilt_clean() {
    let env = half_needed();
    collect(&env, &["--grace", "0", "--reflog", "0"]);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(env.path(".esker").join(name));
    }
    env.ok(&["fsck", "--rebuild", "--data"]);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn a_commit_of_which_a_collection_left_a_part_is_no_damage_after_a_rebuild() {
    let env = repository();
    let packs =
        || fs::read_dir(env.path(".esker/packs")).expect("read").map(|e| e.expect("e").path());
    for text in ["one", "two"] {
        env.write("f", text);
        env.ok(&["add", "f"]);
        env.ok(&["commit", "-m", text]);
        if text == "one" {
            env.ok(&["branch", "kept"]);
        }
    }
    env.write("f", "three");
    env.ok(&["add", "f"]);
    let before: Vec<_> = packs().collect();
    env.ok(&["commit", "-m", "three"]);
    let of_commit = packs().find(|pack| !before.contains(pack)).expect("a pack of the commit");
    let bytes = fs::read(&of_commit).expect("read");
    env.ok(&["reset", "--hard", "HEAD~1"]);
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    // As after a power cut that made the other unlinks of that collection lasting, and not this one.
    fs::write(&of_commit, bytes).expect("write");
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(env.path(".esker").join(name));
    }
    let rebuilt = env.ok(&["fsck", "--rebuild"]);
    assert!(rebuilt.contains("no problems"), "{rebuilt}");
    assert_eq!(env.ok(&["cat", "HEAD:f"]), "two");
    assert_eq!(env.ok(&["reflog"]), "");
    env.ok(&["gc", "--grace", "0"]);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn condemned_packs_stay_for_the_grace() {
    let mut env = half_needed();
    let text = env.ok(&["gc", "--reflog", "0"]);
    assert!(text.starts_with("freed 0 B\n"), "{text}");
    assert!(
        text.contains(" can go after the grace of 1 day; at once: esker gc --grace 0\n"),
        "{text}"
    );
    env.ok(&["fsck", "--data"]);
    env.set("ESKER_TEST_NOW", &format!("{} 120", NOW + 86_399));
    let early = collect(&env, &[]);
    assert_eq!(early["freed_bytes"], 0, "{early}");
    let waiting = early["waiting"]["bytes"].as_u64().expect("a number");
    assert!(waiting > 3_000_000, "{early}");
    env.set("ESKER_TEST_NOW", &format!("{} 120", NOW + 86_400));
    let due = collect(&env, &[]);
    assert_eq!(due["freed_bytes"].as_u64(), Some(waiting), "{due}");
    env.ok(&["fsck", "--data"]);
}

#[test]
fn files_that_killed_commands_left_are_removed() {
    let env = half_needed();
    let name = "00000000000000010000000000000001-0000000000000001";
    env.write(&format!(".esker/packs/{name}"), noise(1, 1000));
    env.write(".esker/tables/0123456789abcdef", noise(2, 100));
    env.write(".esker/packs/notes.txt", "not ours");
    let found = collect(&env, &["--grace", "0"]);
    assert_eq!(found["leftovers"]["bytes"], 1100, "{found}");
    assert!(!env.path(".esker/packs").join(name).exists());
    assert!(env.path(".esker/packs/notes.txt").exists());
}

#[test]
fn damage_stops_a_collection_before_anything_is_removed() {
    let env = half_needed();
    let before = count(&env, "packs");
    // A pack says at byte 10 what it holds, history here; its first block begins at byte 64.
    for entry in fs::read_dir(env.path(".esker/packs")).expect("the folder is there") {
        let path = entry.expect("an entry").path();
        let mut bytes = fs::read(&path).expect("read");
        if bytes[10] == 1 {
            bytes[80] ^= 1;
            fs::write(&path, bytes).expect("write");
        }
    }
    let ran = env.run(&["gc", "--grace", "0", "--reflog", "0"]);
    assert_eq!(ran.code, 5, "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: see what is affected: esker fsck"), "{}", ran.stderr);
    assert_eq!(count(&env, "packs"), before);
}

#[test]
fn gc_says_what_is_wrong_with_an_age() {
    let env = repository();
    let ran = env.run(&["gc", "--grace", "soon"]);
    assert_eq!(ran.code, 2);
    assert!(ran.stderr.contains("expected an age, such as 0, 30m, 12h or 14d"), "{}", ran.stderr);
    assert_eq!(env.run(&["-C", "/", "gc"]).code, 10);
}

#[test]
fn repack_makes_a_long_history_small_and_keeps_every_version() {
    let env = repository();
    let mut table = String::new();
    let mut trees = Vec::new();
    for version in 0..12 {
        for row in 0..400 {
            table.push_str(&format!("{version},{row},{}\n", row * version * 7919 % 1013));
        }
        env.write("table.csv", &table);
        env.write(&format!("{version}.txt"), format!("version {version}\n").repeat(300));
        env.write("large.bin", [noise(1, 300_000), noise(version + 2, 40_000)].concat());
        env.ok(&["add", "."]);
        let done = env.json(&["commit", "-m", "next", "--json"]);
        trees.push(done["tree"].as_str().expect("an id").to_owned());
    }
    let before = bytes_of_packs(&env);
    let said = env.ok(&["repack", "-n"]);
    assert!(said.starts_with("would rewrite "), "{said}");
    assert_eq!(bytes_of_packs(&env), before);
    let done = env.json(&["repack", "--json"]);
    assert_eq!(done["bytes_after"].as_u64(), Some(bytes_of_packs(&env)), "{done}");
    assert_eq!(done["packs_after"], 3, "{done}");
    assert!(bytes_of_packs(&env) < before, "{before} bytes before: {done}");
    env.ok(&["fsck", "--data"]);
    let high = env.json(&["repack", "--level", "15", "--json"]);
    assert!(high["bytes_after"].as_u64() < done["bytes_after"].as_u64(), "{high}");
    env.ok(&["fsck", "--data"]);
    let again = env.json(&["repack", "--json"]);
    assert_eq!(again["rewritten"], 0, "{again}");
    for (back, tree) in trees.iter().rev().enumerate() {
        env.ok(&["checkout", &format!("main~{back}"), "--detach"]);
        assert_eq!(env.ok(&["hash", "."]).trim_end(), tree);
    }
}

#[test]
fn repack_drops_what_nothing_needs_inside_blocks_too() {
    let env = half_needed();
    let done = env.json(&["repack", "--reflog", "0", "--json"]);
    assert_eq!(done["freed_bytes"], 0, "the grace is not over: {done}");
    let kept = done["bytes_after"].as_u64().expect("a number");
    assert!(kept < 3_800_000, "40 files of 93,000 bytes are needed: {done}");
    collect(&env, &["--grace", "0", "--reflog", "0"]);
    assert_eq!(bytes_of_packs(&env), kept);
    env.ok(&["fsck", "--data"]);
}

/// A history of `count` commits, each with a large file of its own and one that stays.
fn history(count: u64) -> Env {
    let mut env = repository();
    env.write("same.bin", noise(0, 100_000));
    for n in 1..=count {
        env.set("ESKER_TEST_NOW", &format!("{} 120", NOW + 86_400 * n as i64));
        env.write("large.bin", noise(n, 200_000));
        env.write("folder/n.txt", n.to_string());
        env.ok(&["add", "."]);
        env.ok(&["commit", "-m", &format!("version {n}")]);
    }
    env
}

fn forgotten(env: &Env) -> Vec<bool> {
    let log = env.ok(&["log", "--json"]);
    let entry = |line: &str| serde_json::from_str::<Value>(line).expect("a document");
    log.lines().map(|line| entry(line)["forgotten"].as_bool().expect("a truth")).collect()
}

#[test]
fn forgotten_commits_stay_and_their_files_go() {
    let env = history(6);
    env.ok(&["tag", "v1", "HEAD~4"]);
    let before = bytes_of_packs(&env);
    let said = env.json(&["forget", "--keep-last", "2", "-n", "--json"]);
    assert_eq!(said["forgotten"].as_array().map(Vec::len), Some(3), "{said}");
    assert_eq!(forgotten(&env), [false; 6], "a dry run changes nothing");
    let done = env.json(&["forget", "--keep-last", "2", "--json"]);
    assert_eq!(
        (&done["forgotten"], &done["freed_bytes"]),
        (&said["forgotten"], &said["freed_bytes"])
    );
    assert_eq!(forgotten(&env), [false, false, true, true, false, true]);
    collect(&env, &["--grace", "0"]);
    let freed = before - bytes_of_packs(&env);
    let said = said["freed_bytes"].as_u64().expect("a number");
    assert!(freed > 590_000 && said.abs_diff(freed) <= freed / 100, "said {said}, freed {freed}");
    let checked = env.json(&["fsck", "--data", "--json"]);
    assert_eq!((&checked["clean"], &checked["forgotten"]), (&true.into(), &3.into()), "{checked}");
    env.ok(&["checkout", "v1"]);
    assert_eq!(fs::read(env.path("large.bin")).expect("read"), noise(2, 200_000));
    env.ok(&["checkout", "main"]);
    let again = env.json(&["forget", "--keep-last", "2", "--json"]);
    assert_eq!(again["forgotten"].as_array().map(Vec::len), Some(0), "{again}");
}

#[test]
fn what_needs_the_files_of_a_forgotten_commit_says_so() {
    let env = history(4);
    let lost = env.ok(&["log", "--oneline"]).lines().nth(2).expect("a line")[..10].to_owned();
    env.ok(&["branch", "old", "HEAD~3"]);
    env.ok(&["forget", "--keep-last", "1"]);
    env.ok(&["gc", "--grace", "0"]);
    for args in [
        &["checkout", &lost][..],
        &["switch", "--detach", &lost],
        &["restore", "--source", &lost, "."],
        &["reset", "--hard", &lost],
        &["diff", &lost, "HEAD"],
        &["ls", &lost],
        &["cat", &format!("{lost}:large.bin")],
        &["revert", &lost],
        &["cherry-pick", &lost],
        &["log", &lost, "--", "folder"],
        &["annotate", &lost],
        &["find", "*.bin", "--rev", &lost],
    ] {
        let ran = env.run(args);
        assert_eq!(ran.code, 1, "{args:?}: {}", ran.stderr);
        let told = format!("the files of commit {lost} were forgotten");
        assert!(ran.stderr.contains(&told), "{args:?}: {}", ran.stderr);
    }
    let shown = env.ok(&["show", &lost]);
    assert!(shown.contains("Data:   forgotten"), "{shown}");
    let log = env.ok(&["log", "--stat"]);
    assert_eq!(log.matches("Data:   forgotten").count(), 2, "{log}");
    let log = env.ok(&["log", "--oneline", "--", "same.bin"]);
    assert_eq!(log.lines().count(), 1, "{log}");
    env.ok(&["annotate"]);
    env.ok(&["find", "--all", "*.bin"]);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn forgetting_survives_the_loss_of_the_database() {
    let env = history(4);
    env.ok(&["forget", "--before", "@1700000000"]);
    assert_eq!(forgotten(&env), [false; 4]);
    env.ok(&["forget", "--keep-last", "1"]);
    env.ok(&["gc", "--grace", "0"]);
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(env.path(".esker").join(name));
    }
    env.ok(&["fsck", "--rebuild", "--data"]);
    assert_eq!(forgotten(&env), [false, true, true, true]);
    env.ok(&["gc", "--grace", "0"]);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn a_stash_and_its_base_keep_their_files() {
    let env = history(3);
    env.write("large.bin", noise(50, 10_000));
    env.ok(&["stash"]);
    env.write("large.bin", noise(51, 10_000));
    env.ok(&["commit", "-a", "-m", "next"]);
    env.ok(&["forget", "--keep-last", "1"]);
    env.ok(&["gc", "--grace", "0"]);
    assert_eq!(forgotten(&env), [false, false, true, true]);
    env.ok(&["reset", "--hard", "HEAD~1"]);
    env.ok(&["stash", "pop"]);
    assert_eq!(fs::read(env.path("large.bin")).expect("read"), noise(50, 10_000));
    env.ok(&["fsck", "--data"]);
}

#[test]
fn a_remote_that_has_everything_still_takes_pushes_and_one_that_lacks_it_is_told() {
    let env = history(3);
    env.ok(&["remote", "add", "origin", "../full"]);
    env.ok(&["push"]);
    env.ok(&["forget", "--keep-last", "1"]);
    env.ok(&["gc", "--grace", "0"]);
    env.write("more", "more");
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "more"]);
    env.ok(&["push"]);
    env.ok(&["remote", "add", "other", "../empty"]);
    let ran = env.run(&["push", "other"]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("were forgotten"), "{}", ran.stderr);
    // A branch that somebody else makes of a forgotten commit comes whole.
    env.ok(&["clone", "../full", "../copy"]);
    let copy = env.path("../copy");
    let at = copy.to_str().expect("text");
    env.ok(&["-C", at, "switch", "-c", "side", "HEAD~2"]);
    fs::write(copy.join("side"), "side").expect("write");
    env.ok(&["-C", at, "add", "side"]);
    env.ok(&["-C", at, "commit", "-m", "side"]);
    env.ok(&["-C", at, "push", "origin", "side"]);
    env.ok(&["fetch"]);
    env.ok(&["fsck", "--data"]);
    env.ok(&["checkout", "origin/side"]);
    assert_eq!(fs::read(env.path("large.bin")).expect("read"), noise(2, 200_000));
    env.ok(&["remote", "gc"]);
    env.ok(&["remote", "fsck"]);
}

/// Whether any live pack holds `bytes`, which do not compress, as they are.
fn is_stored(env: &Env, bytes: &[u8]) -> bool {
    fs::read_dir(env.path(".esker/packs")).expect("the folder is there").any(|entry| {
        let pack = fs::read(entry.expect("an entry").path()).expect("read");
        pack.windows(64).any(|window| window == &bytes[..64])
    })
}

/// Three commits, of which the second has a secret file; a tag of each kind at it, a branch before it.
fn with_secret() -> Env {
    let env = repository();
    let secret = noise(77, 50_000);
    env.write("kept.bin", noise(1, 50_000));
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "before"]);
    env.ok(&["branch", "clean"]);
    env.write("private/secret.bin", &secret);
    env.write("copy.bin", &secret);
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "secret"]);
    env.ok(&["tag", "-a", "v1", "-m", "first"]);
    env.ok(&["tag", "light"]);
    env.write("kept.bin", noise(2, 50_000));
    env.ok(&["commit", "-a", "-m", "after"]);
    env
}

#[test]
fn a_purged_path_is_in_no_version_and_names_follow() {
    let env = with_secret();
    let clean = env.ok(&["log", "--json", "clean"]);
    let said = env.json(&["purge", "-n", "private", "copy.bin", "--json"]);
    assert_eq!(said["commits"], 2, "{said}");
    let names: Vec<_> =
        said["refs"].as_array().expect("a list").iter().map(|r| &r["name"]).collect();
    assert_eq!(names, ["main", "light", "v1"], "{said}");
    let before = bytes_of_packs(&env);
    let done = env.json(&["purge", "private", "copy.bin", "--json"]);
    assert_eq!((&done["refs"], &done["freed_bytes"]), (&said["refs"], &said["freed_bytes"]));
    assert_eq!(done["on_disk"], serde_json::json!(["copy.bin", "private"]), "{done}");
    env.ok(&["fsck", "--data"]);
    env.ok(&["gc", "--grace", "0"]);
    let freed = before.saturating_sub(bytes_of_packs(&env));
    assert!(freed > 48_000, "{freed} bytes freed: {done}");
    assert!(!is_stored(&env, &noise(77, 50_000)));
    assert!(is_stored(&env, &noise(1, 50_000)));
    env.ok(&["fsck", "--data"]);
    assert_eq!(env.ok(&["log", "--json", "clean"]), clean);
    let status = env.ok(&["status"]);
    assert!(status.contains("copy.bin"), "untracked now: {status}");
    for version in ["main", "v1", "light", "main@{1}"] {
        assert!(!env.ok(&["ls", "-R", version]).contains("bin\nprivate"), "{version}");
        assert_eq!(env.run(&["cat", &format!("{version}:copy.bin")]).code, 1, "{version}");
    }
    fs::remove_dir_all(env.path("private")).expect("remove");
    fs::remove_file(env.path("copy.bin")).expect("remove");
    env.ok(&["checkout", "v1"]);
    assert_eq!(fs::read(env.path("kept.bin")).expect("read"), noise(1, 50_000));
}

#[test]
fn a_purged_content_goes_wherever_it_lies_in_history_stage_and_reflog() {
    let env = with_secret();
    env.ok(&["mv", "copy.bin", "moved.bin"]);
    env.ok(&["commit", "-m", "moved"]);
    env.write("private/secret.bin", "harmless");
    env.ok(&["commit", "-a", "-m", "harmless"]);
    env.write("more.bin", noise(77, 50_000));
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "amended away"]);
    env.ok(&["reset", "--soft", "HEAD~1"]);
    let id = env.ok(&["hash", "more.bin"]);
    env.ok(&["purge", id.trim()]);
    assert_eq!(env.ok(&["cat", "HEAD:private/secret.bin"]), "harmless");
    for name in ["copy.bin", "moved.bin", "more.bin"] {
        let _ = fs::remove_file(env.path(name));
    }
    env.ok(&["gc", "--grace", "0"]);
    assert!(!is_stored(&env, &noise(77, 50_000)));
    env.ok(&["fsck", "--data"]);
    let ran = env.run(&["purge", id.trim()]);
    assert_eq!(ran.code, 1, "{}", ran.stderr);
    assert!(ran.stderr.contains("in any version"), "{}", ran.stderr);
    assert_eq!(env.run(&["purge", "."]).code, 2);
}

#[test]
fn pins_and_stashes_follow_a_purge_and_remotes_are_named() {
    let env = with_secret();
    env.ok(&["remote", "add", "origin", "../remote"]);
    env.ok(&["push"]);
    env.write("kept.bin", noise(3, 1000));
    env.ok(&["stash"]);
    let done = env.json(&["purge", "private", "copy.bin", "--json"]);
    assert_eq!(done["remotes"], serde_json::json!(["origin/main"]), "{done}");
    for name in ["private/secret.bin", "copy.bin"] {
        let _ = fs::remove_file(env.path(name));
    }
    env.ok(&["stash", "pop"]);
    assert_eq!(fs::read(env.path("kept.bin")).expect("read"), noise(3, 1000));
    env.ok(&["gc", "--grace", "0"]);
    assert!(is_stored(&env, &noise(77, 50_000)), "the branch of the remote still needs it");
    env.ok(&["push", "--force"]);
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    assert!(!is_stored(&env, &noise(77, 50_000)));
    env.ok(&["fsck", "--data"]);
}

#[test]
fn files_are_cut_anew_and_every_id_stays() {
    let env = repository();
    let base = noise(1, 3_000_000);
    let mut trees = Vec::new();
    for version in 0..4usize {
        let at = 700_000 * version;
        let changed = [&base[..at], &noise(50 + version as u64, 100), &base[at + 100..]].concat();
        env.write("large.bin", changed);
        env.write("middle.bin", noise(60, 100_000));
        env.write("small.bin", noise(70, 2000));
        env.ok(&["add", "."]);
        let done = env.json(&["commit", "-m", "next", "--json"]);
        trees.push(done["tree"].as_str().expect("an id").to_owned());
    }
    let chunks = |env: &Env| env.json(&["fsck", "--data", "--json"])["chunks"].as_u64();
    let (wide, bytes) = (chunks(&env), bytes_of_packs(&env));
    let said = env.json(&["repack", "-n", "--chunker", "8K", "--json"]);
    assert_eq!(said["cut"]["blobs"], 5, "{said}");
    assert_eq!(said["cut"]["bytes"], 4 * 3_000_000 + 100_000, "{said}");
    assert_eq!((chunks(&env), bytes_of_packs(&env)), (wide, bytes));
    let done = env.json(&["repack", "--chunker", "8K", "--grace", "0", "--json"]);
    assert_eq!(done["cut"], said["cut"]);
    assert!(chunks(&env) > wide.map(|wide| 4 * wide), "{:?} of {wide:?}: {done}", chunks(&env));
    assert_eq!(done["bytes_after"].as_u64(), Some(bytes_of_packs(&env)), "{done}");
    // Each change costs a chunk of 8 KiB or two in place of one of 64 KiB.
    assert!(bytes_of_packs(&env) < bytes, "{} of {bytes}", bytes_of_packs(&env));
    env.write("later.bin", noise(80, 300_000));
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "cut by the new lengths"]);
    env.ok(&["repack", "--chunker", "64K", "--grace", "0"]);
    assert!(chunks(&env) <= wide.map(|wide| wide + 10), "{:?} of {wide:?}", chunks(&env));
    for (back, tree) in trees.iter().rev().enumerate() {
        env.ok(&["checkout", &format!("main~{}", back + 1), "--detach"]);
        assert_eq!(env.ok(&["hash", "."]).trim_end(), tree);
    }
    for name in ["state.db", "state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(env.path(".esker").join(name));
    }
    env.ok(&["fsck", "--rebuild", "--data"]);
    assert_eq!(env.run(&["repack", "--chunker", "3"]).code, 2);
    assert_eq!(env.run(&["repack", "--chunker", "huge"]).code, 2);
}

/// A little of a large pack: what a collection would leave where it is at any other time.
#[test]
fn what_was_purged_is_nowhere_after_a_collection() {
    let env = repository();
    let secret = noise(77, 30_000);
    env.write("large.bin", noise(1, 900_000));
    env.write("secret.bin", &secret);
    env.ok(&["add", "."]);
    env.ok(&["commit", "-m", "both"]);
    env.ok(&["remote", "add", "origin", "../shared"]);
    env.ok(&["push"]);
    fs::remove_file(env.path("secret.bin")).expect("remove");
    let shared = env.dir().parent().expect("beside").join("shared");
    let is_at = |dir: &Path| holds(dir, &secret[1_000..1_100]);
    let here = env.path(".esker");
    env.ok(&["purge", "secret.bin"]);
    // The branch of the remote leads to it.
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    assert!(is_at(&here) && is_at(&shared));
    env.ok(&["push", "--force"]);
    env.ok(&["gc", "--grace", "0"]);
    assert!(is_at(&here), "so does its reflog");
    // A copy that cannot be removed is said, and tried again by the next.
    let stuck = here.join("remotes/origin/pack-stuck");
    fs::create_dir_all(&stuck).expect("mkdir");
    let failed = env.run(&["gc", "--grace", "0", "--reflog", "0"]);
    assert!(failed.code != 0 && failed.stderr.contains("pack-stuck"), "{}", failed.stderr);
    fs::remove_dir(&stuck).expect("remove");
    env.ok(&["gc", "--grace", "0", "--reflog", "0"]);
    assert!(!is_at(&here));
    env.ok(&["gc", "--remote", "--exact", "--grace", "0"]);
    assert!(!is_at(&shared));
    env.ok(&["fsck", "--data"]);
    env.ok(&["fsck", "--remote", "--data"]);
    // The next ones are as usual again.
    assert_eq!(env.json(&["gc", "--grace", "0", "--json"])["sparse"]["files"], 0);
    env.write("more.bin", noise(2, 30_000));
    env.write("large.bin", noise(3, 900_000));
    env.ok(&["add", "."]);
    env.ok(&["rm", "--cached", "more.bin"]);
    env.ok(&["commit", "-m", "without more"]);
    let usual = env.json(&["gc", "--grace", "0", "--json"]);
    assert_eq!(usual["sparse"]["files"], 0, "{usual}");
    let exact = env.json(&["gc", "--grace", "0", "--exact", "--json"]);
    assert!(exact["sparse"]["files"].as_u64() > Some(0), "{exact}");
    env.ok(&["fsck", "--data"]);
}

/// Whether any file below a folder holds these bytes.
fn holds(dir: &Path, bytes: &[u8]) -> bool {
    fs::read_dir(dir).expect("list").map(|entry| entry.expect("entry").path()).any(
        |path| match path.is_dir() {
            true => holds(&path, bytes),
            false => fs::read(&path).expect("read").windows(bytes.len()).any(|part| part == bytes),
        },
    )
}

#[test]
fn commits_go_on_while_history_is_purged_and_collected() {
    let env = with_secret();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..10 {
                env.write(&format!("{n}.txt"), n.to_string());
                env.ok(&["add", &format!("{n}.txt")]);
                env.ok(&["commit", "-m", &format!("commit {n}")]);
            }
        });
        env.ok(&["purge", "private", "copy.bin"]);
        env.ok(&["gc", "--grace", "0"]);
    });
    env.ok(&["gc", "--grace", "0"]);
    assert!(!is_stored(&env, &noise(77, 50_000)));
    for n in 0..10 {
        assert_eq!(env.ok(&["cat", &format!("HEAD:{n}.txt")]), n.to_string());
    }
    assert_eq!(env.run(&["cat", "HEAD:copy.bin"]).code, 1);
    env.ok(&["fsck", "--data"]);
}

#[test]
fn commits_go_on_while_old_ones_are_forgotten_and_collected() {
    let env = history(5);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for n in 10..20 {
                env.write("large.bin", noise(n, 50_000));
                env.ok(&["add", "."]);
                env.ok(&["commit", "-m", &format!("commit {n}")]);
            }
        });
        for _ in 0..5 {
            env.ok(&["forget", "--keep-last", "1"]);
            env.ok(&["gc", "--grace", "0"]);
        }
    });
    let forgotten = forgotten(&env);
    assert_eq!((forgotten.len(), forgotten[0]), (15, false));
    env.ok(&["fsck", "--data"]);
}
