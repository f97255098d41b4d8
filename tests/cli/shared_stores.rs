//! Several repositories of one machine on one store.

use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::data::Random;
use crate::env::{Env, Ran};
use crate::ran::assert_fails;

const LEN: usize = 700_000;

/// Runs in the folder `dir`; it must end well.
fn ok(env: &Env, dir: &str, args: &[&str]) -> String {
    env.ok(&[&["-C", dir], args].concat())
}

fn json(env: &Env, dir: &str, args: &[&str]) -> Value {
    env.json(&[&["-C", dir], args, &["--json"]].concat())
}

fn run(env: &Env, dir: &str, args: &[&str]) -> Ran {
    env.run(&[&["-C", dir], args].concat())
}

fn commit(env: &Env, dir: &str, message: &str) -> Value {
    ok(env, dir, &["add", "-A"]);
    json(env, dir, &["commit", "-m", message])
}

/// Bytes of the packs of the store.
fn packs(env: &Env) -> u64 {
    let files = fs::read_dir(env.path("store/packs")).expect("read");
    files.map(|file| file.expect("read").metadata().expect("read").len()).sum()
}

fn bytes(seed: u64) -> Vec<u8> {
    Random::new(seed).bytes(LEN)
}

/// Repositories `one` and `two`, each with a file of its own and one that both have.
fn two() -> Env {
    let env = Env::new();
    for (seed, dir) in [(1, "one"), (2, "two")] {
        env.ok(&["init", "--store", "store", dir]);
        env.write(&format!("{dir}/both"), bytes(9));
        env.write(&format!("{dir}/own"), bytes(seed));
        commit(&env, dir, "first");
    }
    env
}

fn clean(env: &Env, dirs: &[&str]) {
    for dir in dirs {
        assert!(ok(env, dir, &["fsck", "--data"]).contains("no problems"), "{dir}");
    }
}

/// Collects at once, reflogs too.
fn gc(env: &Env, dir: &str) -> Value {
    json(env, dir, &["gc", "--grace", "0", "--reflog", "0"])
}

/// Takes a file of its own out of the only version of `dir`.
fn drop_own(env: &Env, dir: &str) {
    ok(env, dir, &["rm", "own"]);
    ok(env, dir, &["commit", "--amend", "-m", "first"]);
}

#[test]
fn what_one_repository_has_the_other_does_not_store_again() {
    let env = Env::new();
    env.ok(&["init", "--store", "store", "one"]);
    env.ok(&["init", "--store", "store", "two"]);
    env.ok(&["init", "plain"]);
    for dir in ["one", "two", "plain"] {
        env.write(&format!("{dir}/a/big"), bytes(1));
        env.write(&format!("{dir}/small"), "small");
    }
    let first = commit(&env, "one", "first");
    let before = packs(&env);
    let added = json(&env, "two", &["add", "-A"]);
    assert_eq!(added["new_bytes"], 0);
    let second = json(&env, "two", &["commit", "-m", "first"]);
    // Folders and where data lies are written again: no more than kilobytes.
    assert!(packs(&env) - before < 8 << 10, "{} more", packs(&env) - before);
    let plain = commit(&env, "plain", "first");
    for made in [&first, &second] {
        assert_eq!((&made["commit"], &made["tree"]), (&plain["commit"], &plain["tree"]));
    }
    for own in ["packs", "tables", "tmp"] {
        assert!(!env.path("two/.esker").join(own).exists(), "{own}");
    }
    assert_eq!(json(&env, "two", &["stats"])["store"]["repositories"], 2);
    clean(&env, &["one", "two", "plain"]);
}

#[test]
fn a_collection_keeps_what_the_other_repository_needs() {
    let env = two();
    // In `two`: a stage, a stash, an undone commit, and a further worktree with a stage of its own.
    for (seed, name) in [(21, "stashed"), (22, "undone"), (23, "staged")] {
        env.write(&format!("two/{name}"), bytes(seed));
        ok(&env, "two", &["add", "-A"]);
        match name {
            "stashed" => drop(ok(&env, "two", &["stash", "push"])),
            "undone" => {
                ok(&env, "two", &["commit", "-m", "undone"]);
                ok(&env, "two", &["reset", "--hard", "HEAD~1"]);
            }
            _ => {}
        }
    }
    ok(&env, "two", &["worktree", "add", "../side"]);
    env.write("side/aside", bytes(24));
    ok(&env, "side", &["add", "-A"]);
    drop_own(&env, "one");
    let dry = json(&env, "one", &["gc", "--dry-run", "--grace", "0", "--reflog", "0"]);
    let freed = gc(&env, "one");
    assert_eq!(freed["others"], 1);
    let (dry, freed) = (&dry["freed_bytes"], freed["freed_bytes"].as_u64().expect("a number"));
    assert!(freed > LEN as u64 * 9 / 10 && freed < LEN as u64 * 11 / 10, "{freed}");
    assert!(dry.as_u64().expect("a number").abs_diff(freed) <= freed / 50, "{dry} {freed}");
    clean(&env, &["one", "two", "side"]);
    ok(&env, "two", &["commit", "-m", "of the stage"]);
    ok(&env, "side", &["commit", "-m", "of the side"]);
    ok(&env, "two", &["branch", "back", "main@{2}"]);
    ok(&env, "two", &["stash", "pop"]);
    assert_eq!(fs::read(env.path("two/stashed")).expect("read"), bytes(21));
    clean(&env, &["one", "two", "side"]);
    // What both have let go of goes.
    ok(&env, "two", &["rm", "both"]);
    assert!(gc(&env, "two")["freed_bytes"].as_u64().expect("a number") < LEN as u64 / 2);
    clean(&env, &["one"]);
}

#[test]
fn nothing_is_dropped_while_a_repository_cannot_be_read() {
    let env = two();
    drop_own(&env, "one");
    fs::rename(env.path("two"), env.path("away")).expect("rename");
    for args in [&["gc", "--grace", "0", "--reflog", "0", "-n"][..], &["gc", "--grace", "0"]] {
        let found = json(&env, "one", args);
        assert_eq!(found["freed_bytes"], 0, "{found}");
        assert_eq!(found["unseen_repositories"].as_array().map(Vec::len), Some(1), "{found}");
    }
    let told = ok(&env, "one", &["gc"]);
    assert!(told.contains("esker store forget "), "{told}");
    let before = packs(&env);
    ok(&env, "one", &["repack", "--grace", "0", "--reflog", "0"]);
    assert_eq!(packs(&env), before);
    let doctor = ok(&env, "one", &["doctor"]);
    assert!(doctor.contains("gc drops nothing"), "{doctor}");
    // Its next command makes it known where it is.
    ok(&env, "away", &["status"]);
    assert!(gc(&env, "one")["freed_bytes"].as_u64().expect("a number") > LEN as u64 / 2);
    clean(&env, &["one", "away"]);
}

#[test]
fn a_repository_that_is_gone_is_forgotten_and_its_data_goes() {
    let env = two();
    let refused = run(&env, "one", &["store", "forget", "../two"]);
    assert_fails(&refused, 1, "is there and uses the store", "esker store forget --force");
    fs::remove_dir_all(env.path("two")).expect("remove");
    assert_eq!(gc(&env, "one")["freed_bytes"], 0);
    ok(&env, "one", &["store", "forget", "../two"]);
    assert!(gc(&env, "one")["freed_bytes"].as_u64().expect("a number") > LEN as u64 / 2);
    let unknown = run(&env, "one", &["store", "forget", "../two"]);
    assert_fails(&unknown, 1, "is known to the store", "esker store list");
    // Another one in its place is another.
    env.ok(&["init", "--store", "store", "two"]);
    let listed = env.json(&["store", "list", "store", "--json"]);
    let members = listed["members"].as_array().expect("a list");
    assert_eq!(members.len(), 2);
    assert!(members.iter().all(|member| member["reachable"] == true), "{listed}");
    clean(&env, &["one", "two"]);
}

/// Has `one` let go of a file and collect, where `two` cannot be read: it is named, with a command that
/// helps. Runs that, and the file goes.
fn one_waits_for_two(env: &Env, why: &str, command: &[&str]) {
    drop_own(env, "one");
    let told = ok(env, "one", &["gc", "--grace", "0", "--reflog", "0"]);
    let two = env.path("two").display().to_string();
    let named = format!("nothing was dropped, for {two} cannot be asked what it needs: ");
    assert!(told.contains(&named) && told.contains(why), "{told}");
    let helps = format!("esker -C {two} {}", command.join(" "));
    let gone = format!("; if it is gone for good: esker store forget {two}\n");
    assert!(told.contains(&helps) && told.contains(&gone), "no '{helps}' in {told}");
    assert!(ok(env, "one", &["doctor"]).contains(&helps));
    ok(env, "two", command);
    assert!(gc(env, "one")["freed_bytes"].as_u64().expect("a number") > LEN as u64 / 2);
    clean(env, &["one", "two"]);
}

#[test]
fn a_repository_whose_database_is_damaged_is_named_with_what_mends_it() {
    let env = two();
    fs::write(env.path("two/.esker/state.db"), [7; 8192]).expect("write");
    for name in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(env.path("two/.esker").join(name));
    }
    one_waits_for_two(&env, "", &["fsck", "--rebuild"]);
}

#[test]
fn a_repository_that_lost_its_store_is_named_with_what_mends_it() {
    let store = |env: &Env| env.path("store").display().to_string();
    let env = two();
    fs::remove_file(env.path("two/.esker/store")).expect("remove");
    one_waits_for_two(&env, "is on no shared store", &["store", "repair", &store(&env)]);
    let env = two();
    fs::write(env.path("two/.esker/store"), "odd").expect("write");
    let told = ok(&env, "one", &["gc"]);
    assert!(told.contains("is not as esker writes it"), "{told}");
    assert!(told.contains("store repair"), "{told}");
}

/// Removes the packs of a kind that hold what `two` commits now.
fn lose_new_of_two(env: &Env, kind: u8) {
    let packs =
        || fs::read_dir(env.path("store/packs")).expect("read").map(|e| e.expect("e").path());
    let before: Vec<_> = packs().collect();
    env.write("two/more", bytes(u64::from(kind) + 20));
    commit(env, "two", "more");
    // A pack says at byte 10 what it holds.
    let is_it = |pack: &PathBuf| fs::read(pack).expect("read")[10] == kind;
    let lost: Vec<_> = packs().filter(|pack| !before.contains(pack) && is_it(pack)).collect();
    assert!(!lost.is_empty(), "no pack of kind {kind}");
    lost.iter().for_each(|pack| fs::remove_file(pack).expect("remove"));
}

#[test]
fn a_repository_that_needs_what_is_gone_is_named_with_what_ends_that() {
    let env = two();
    let two = env.path("two").display().to_string();
    let refused = || {
        let ran = run(&env, "one", &["gc", "--grace", "0", "--reflog", "0"]);
        let mends =
            format!("esker -C {two} fsck --repair; if nobody needs that repository any more");
        assert_fails(&ran, 1, &format!("nothing is collected: {two} needs what"), &mends);
        assert!(ran.stderr.contains(&format!("esker store forget --force {two}")), "{ran:?}");
    };
    drop_own(&env, "one");
    // Recipes: the file itself is still there.
    lose_new_of_two(&env, 2);
    refused();
    ok(&env, "two", &["fsck", "--repair"]);
    assert!(gc(&env, "one")["freed_bytes"].as_u64().expect("a number") > LEN as u64 / 2);
    clean(&env, &["one", "two"]);
    // A commit, which is nowhere else.
    lose_new_of_two(&env, 1);
    refused();
    ok(&env, "one", &["store", "forget", "--force", &two]);
    assert!(gc(&env, "one")["freed_bytes"].as_u64().expect("a number") > LEN as u64 / 2);
    clean(&env, &["one"]);
}

#[test]
fn a_damaged_note_of_a_repository_is_written_anew_by_it() {
    let env = two();
    let member = |dir: &str| {
        let link = fs::read_to_string(env.path(dir).join(".esker/store")).expect("read");
        let token = link.lines().find_map(|line| line.strip_prefix("token ")).expect("a token");
        env.path("store/members").join(token)
    };
    fs::write(member("two"), "odd").expect("write");
    let refused = run(&env, "one", &["gc"]);
    let file = member("two").display().to_string();
    assert_fails(
        &refused,
        1,
        &format!("cannot be asked: {file} is damaged"),
        &format!("rm {file}"),
    );
    ok(&env, "two", &["status"]);
    gc(&env, "one");
    clean(&env, &["one", "two"]);
}

#[test]
fn another_repository_in_the_place_of_one_that_moved_does_not_take_its_place() {
    let env = two();
    fs::rename(env.path("two"), env.path("away")).expect("rename");
    env.ok(&["init", "--store", "store", "two"]);
    drop_own(&env, "one");
    assert_eq!(gc(&env, "one")["freed_bytes"], 0);
    assert_eq!(gc(&env, "two")["unseen_repositories"][0]["why"], "another repository is there");
    ok(&env, "away", &["log"]);
    assert!(gc(&env, "one")["freed_bytes"].as_u64().expect("a number") > 0);
    clean(&env, &["one", "two", "away"]);
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).expect("mkdir");
    for entry in fs::read_dir(from).expect("read") {
        let entry = entry.expect("read");
        match entry.file_type().expect("a type").is_dir() {
            true => copy(&entry.path(), &to.join(entry.file_name())),
            false => drop(fs::copy(entry.path(), to.join(entry.file_name())).expect("copy")),
        }
    }
}

#[test]
fn a_copy_of_a_repository_becomes_one_of_its_own() {
    let env = two();
    copy(&env.path("two"), &env.path("copy"));
    ok(&env, "copy", &["status"]);
    drop_own(&env, "two");
    gc(&env, "two");
    gc(&env, "one");
    clean(&env, &["one", "two", "copy"]);
    assert_eq!(fs::read(env.path("copy/own")).expect("read"), bytes(2));
    fs::remove_file(env.path("copy/own")).expect("remove");
    ok(&env, "copy", &["restore", "."]);
    let listed = json(&env, "copy", &["store"]);
    let members = listed["members"].as_array().expect("a list");
    assert_eq!(members.iter().filter(|member| member["current"] == true).count(), 1);
    assert_eq!(members.len(), 3);
}

#[test]
fn a_store_that_was_moved_is_found_again() {
    let env = two();
    fs::create_dir(env.path("disk")).expect("mkdir");
    fs::rename(env.path("store"), env.path("disk/store")).expect("rename");
    for dir in ["one", "two"] {
        let lost = run(&env, dir, &["status"]);
        assert_fails(&lost, 1, "the store of this repository is not at", "esker store repair");
        ok(&env, dir, &["store", "repair", "../disk/store"]);
    }
    clean(&env, &["one", "two"]);
    // The store, and the repositories beside it, moved together.
    fs::create_dir(env.path("all")).expect("mkdir");
    for dir in ["one", "two", "disk"] {
        fs::rename(env.path(dir), env.path("all").join(dir)).expect("rename");
    }
    clean(&env, &["all/one", "all/two"]);
    ok(&env, "all/one", &["status"]);
    ok(&env, "all/two", &["status"]);
    assert_eq!(gc(&env, "all/one")["unseen_repositories"].as_array().map(Vec::len), Some(0));
}

#[test]
fn a_lost_link_is_said_and_made_anew() {
    let env = two();
    fs::remove_file(env.path("two/.esker/store")).expect("remove");
    let lost = run(&env, "two", &["status"]);
    assert_fails(&lost, 1, "which says where, is gone", "esker store repair");
    let checked = run(&env, "two", &["fsck", "--rebuild"]);
    assert_fails(&checked, 1, "which says where, is gone", "esker store repair");
    ok(&env, "two", &["store", "repair", "../store"]);
    assert_eq!(json(&env, "two", &["store"])["members"].as_array().map(Vec::len), Some(2));
    clean(&env, &["one", "two"]);
}

#[test]
fn what_is_purged_here_stays_for_who_needs_it_there() {
    let env = two();
    let purged = json(&env, "one", &["purge", "both"]);
    assert!(purged["freed_bytes"].as_u64().expect("a number") < LEN as u64 / 2, "{purged}");
    assert!(purged["kept_by"][0]["bytes"].as_u64().expect("a number") > LEN as u64 / 2, "{purged}");
    gc(&env, "one");
    clean(&env, &["one", "two"]);
    fs::remove_file(env.path("two/both")).expect("remove");
    ok(&env, "two", &["restore", "both"]);
}

#[test]
fn what_is_forgotten_here_stays_for_who_needs_it_there() {
    let env = two();
    // Of one history in both, one lets the files go.
    copy(&env.path("two"), &env.path("three"));
    ok(&env, "three", &["status"]);
    ok(&env, "three", &["rm", "own"]);
    commit(&env, "three", "second");
    let forgotten = json(&env, "three", &["forget", "--keep-last", "1"]);
    assert_eq!(forgotten["forgotten"].as_array().map(Vec::len), Some(1));
    assert!(forgotten["kept_by"][0]["bytes"].as_u64().expect("a number") > LEN as u64 / 2);
    for dir in ["three", "two", "one"] {
        gc(&env, dir);
    }
    clean(&env, &["one", "two", "three"]);
    fs::remove_file(env.path("two/own")).expect("remove");
    ok(&env, "two", &["restore", "own"]);
}

#[test]
fn each_of_the_two_databases_is_made_anew_alone() {
    let env = two();
    let remove = |dir: &str| {
        for name in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = fs::remove_file(env.path(dir).join(name));
        }
    };
    let head = ok(&env, "two", &["log", "--oneline"]);
    remove("two/.esker");
    // The other one keeps everything as long as this one cannot be read.
    drop_own(&env, "one");
    assert_eq!(gc(&env, "one")["freed_bytes"], 0);
    assert_eq!(run(&env, "two", &["status"]).code, 5);
    ok(&env, "two", &["fsck", "--rebuild"]);
    assert_eq!(ok(&env, "two", &["log", "--oneline"]), head);
    clean(&env, &["one", "two"]);
    remove("store");
    assert_eq!(run(&env, "one", &["status"]).code, 5);
    ok(&env, "one", &["fsck", "--rebuild"]);
    clean(&env, &["one", "two"]);
    assert_eq!(json(&env, "one", &["store"])["members"].as_array().map(Vec::len), Some(2));
    gc(&env, "one");
    clean(&env, &["one", "two"]);
}

#[test]
fn what_one_lost_is_stored_again_from_the_other() {
    let env = two();
    let plain = env.path("two/both");
    fs::remove_file(env.path("one/both")).expect("remove");
    for pack in fs::read_dir(env.path("store/packs")).expect("read") {
        let pack = pack.expect("read").path();
        if fs::metadata(&pack).expect("read").len() > LEN as u64 / 2 {
            fs::remove_file(pack).expect("remove");
        }
    }
    assert_ne!(run(&env, "one", &["fsck", "--data"]).code, 0);
    // The files of `two` are what all of it is made of but the first's own.
    run(&env, "two", &["fsck", "--repair"]);
    run(&env, "one", &["fsck", "--repair"]);
    assert!(plain.exists());
    clean(&env, &["one", "two"]);
    ok(&env, "one", &["restore", "both"]);
    assert_eq!(fs::read(env.path("one/both")).expect("read"), bytes(9));
}

#[test]
fn a_clone_on_a_store_brings_no_data_that_is_there() {
    let env = two();
    ok(&env, "one", &["remote", "add", "origin", "../remote"]);
    ok(&env, "one", &["push"]);
    let before = packs(&env);
    let first = env.json(&["clone", "--store", "store", "remote", "clone", "--json"]);
    assert!(packs(&env) - before < 8 << 10, "{} more: {first}", packs(&env) - before);
    assert_eq!(fs::read(env.path("clone/both")).expect("read"), bytes(9));
    env.ok(&["clone", "--store", "other", "remote", "apart"]);
    clean(&env, &["one", "two", "clone", "apart"]);
    // Run again, a clone that is there is left as it is.
    assert_ne!(env.run(&["clone", "--store", "store", "remote", "clone"]).code, 0);
    clean(&env, &["clone"]);
}

#[test]
fn a_store_lies_in_a_folder_of_its_own() {
    let env = two();
    env.write("full/file", "x");
    let refused = |args: &[&str], message: &str, hint: &str| {
        assert_fails(&env.run(args), 1, message, hint);
    };
    refused(&["init", "--store", "full", "new"], "'file' is in it", "new or empty folder");
    refused(&["init", "--store", "new/store", "new"], "among the data", "outside");
    refused(&["init", "--store", "one/store", "new"], "among the data", "outside");
    refused(&["init", "--store", "other", "one"], "with another store", "esker clone --store");
    refused(&["store", "list", "full"], "no shared store in", "esker init --store");
    env.ok(&["init", "--store", "store", "one"]);
    let plain = Env::new();
    plain.ok(&["init"]);
    let own = plain.run(&["store"]);
    assert_fails(&own, 2, "a store of its own", "esker store list DIR");
    clean(&env, &["one", "two"]);
}

#[test]
fn nothing_is_evicted_from_a_store_that_others_use() {
    let env = two();
    ok(&env, "one", &["remote", "add", "origin", &env.path("remote").display().to_string()]);
    ok(&env, "one", &["push", "-u", "origin", "main"]);
    let message = "data on a shared store cannot be evicted: other repositories may need it";
    let hint = "take the files off the disk alone: esker sparse";
    for args in [&["evict", "both"][..], &["push", "--evict"]] {
        assert_fails(&run(&env, "one", args), 1, message, hint);
    }
    clean(&env, &["one", "two"]);
}
