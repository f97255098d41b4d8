//! Repositories that lost something, hold wrong bytes, or come from the future.

use std::fs;
use std::path::PathBuf;

use rusqlite::Connection;

use crate::data::{Files, Random, assert_same, read_all, write_all};
use crate::env::Env;
use crate::ran::assert_fails;
use crate::repo;

/// A repository of two commits with packs of all kinds, and its files.
fn repository() -> (Env, Files) {
    let env = Env::new();
    env.ok(&["init"]);
    let mut random = Random::new(7);
    let mut files = Files::new();
    files.insert("data/table.csv".into(), random.text(40_000));
    files.insert("data/noise.bin".into(), random.bytes(600 << 10));
    for n in 0..40 {
        files.insert(format!("data/small/{n}.csv"), random.text(n));
    }
    write_all(&env.dir(), &files);
    repo::commit_all(&env, "one");
    files.insert("data/noise.bin".into(), random.bytes(600 << 10));
    write_all(&env.dir(), &files);
    repo::commit_all(&env, "two");
    (env, files)
}

const HISTORY: u8 = 1;
const LAYOUT: u8 = 2;
const DATA: u8 = 3;

/// The packs of a kind, largest first.
fn packs(env: &Env, kind: u8) -> Vec<PathBuf> {
    let bytes = |p: &PathBuf| fs::read(p).expect("a pack");
    let mut packs = repo::files_in(env, "packs");
    packs.retain(|p| bytes(p)[10] == kind);
    packs.sort_by_key(|p| std::cmp::Reverse(bytes(p).len()));
    assert!(!packs.is_empty(), "no packs of kind {kind}");
    packs
}

fn name(path: &std::path::Path) -> String {
    path.file_name().expect("a name").to_string_lossy().into_owned()
}

/// Asserts that all files come back from HEAD.
fn assert_restores(env: &Env, files: &Files) {
    fs::remove_dir_all(env.path("data")).expect("remove");
    env.ok(&["restore", "."]);
    assert_same(&read_all(&env.dir()), files);
    repo::assert_clean(env);
}

fn set_version(env: &Env, file: &str, version: u32) {
    let conn = Connection::open(env.path(".esker").join(file)).expect("open");
    conn.pragma_update(None, "user_version", version).expect("pragma");
}

fn version(env: &Env, file: &str) -> u32 {
    let conn = Connection::open(env.path(".esker").join(file)).expect("open");
    conn.pragma_query_value(None, "user_version", |row| row.get(0)).expect("pragma")
}

#[test]
fn a_repository_of_a_newer_format_is_left_alone() {
    let (env, files) = repository();
    let ours = version(&env, "state.db");
    set_version(&env, "state.db", 99);
    let packs = repo::files_in(&env, "packs");
    let log = fs::read(env.path(".esker/refs.log")).expect("refs.log");
    let runs: [&[&str]; 8] = [
        &["status"],
        &["log"],
        &["add", "."],
        &["commit", "-m", "x", "--allow-empty"],
        &["checkout", "HEAD~1"],
        &["restore", "."],
        &["fsck"],
        &["fsck", "--rebuild"],
    ];
    for args in runs {
        // A new repository has the format that suffices for it, not the newest.
        let message = "the repository has format 99, this esker reads up to 4";
        assert_fails(&env.run(args), 1, message, "install a newer esker; nothing was changed");
    }
    assert_eq!(version(&env, "state.db"), 99);
    assert_eq!(packs, repo::files_in(&env, "packs"));
    assert_eq!(log, fs::read(env.path(".esker/refs.log")).expect("refs.log"));
    set_version(&env, "state.db", ours);
    assert_restores(&env, &files);
}

#[test]
fn a_lost_or_damaged_cache_costs_nothing_but_time() {
    let (env, files) = repository();
    let cache = env.path(".esker/cache.db");
    let remove = || {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(env.path(format!(".esker/cache.db{suffix}")));
        }
    };
    remove();
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    set_version(&env, "cache.db", 99);
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    remove();
    fs::write(&cache, Random::new(1).bytes(50_000)).expect("write");
    assert_eq!(env.json(&["status", "--json"])["clean"], true);
    env.write("data/new.csv", "1,2\n");
    env.ok(&["add", "."]);
    env.ok(&["restore", "--staged", "data/new.csv"]);
    fs::remove_file(env.path("data/new.csv")).expect("remove");
    assert_restores(&env, &files);
}

#[test]
fn a_truncated_pack_is_named_and_nothing_wrong_is_read() {
    let (env, files) = repository();
    let reads: [(u8, &[&str]); 3] = [
        (HISTORY, &["log"]),
        (LAYOUT, &["cat", "HEAD:data/table.csv"]),
        (DATA, &["cat", "HEAD~1:data/noise.bin"]),
    ];
    for (kind, args) in reads {
        let all = packs(&env, kind);
        let whole: Vec<Vec<u8>> = all.iter().map(|p| fs::read(p).expect("read")).collect();
        for (pack, bytes) in all.iter().zip(&whole) {
            fs::write(pack, &bytes[..bytes.len() * 6 / 10]).expect("write");
        }
        let ran = env.run(args);
        assert_fails(&ran, 5, "", "esker fsck");
        assert!(all.iter().any(|p| ran.stderr.contains(&name(p))), "no pack is named: {ran:?}");
        let ran = env.run(&["fsck"]);
        assert_eq!(ran.code, 5, "{ran:?}");
        assert!(
            all.iter().all(|p| (ran.stdout.clone() + &ran.stderr).contains(&name(p))),
            "{ran:?}"
        );
        for (pack, bytes) in all.iter().zip(&whole) {
            fs::write(pack, bytes).expect("write");
        }
        env.ok(args.get(..1).filter(|_| kind == HISTORY).unwrap_or(&["status"]));
    }
    assert_restores(&env, &files);
}

#[test]
fn a_flipped_byte_is_found_and_mended_by_adding_the_file_again() {
    let (env, files) = repository();
    let pack = packs(&env, DATA).remove(0);
    let whole = fs::read(&pack).expect("read");
    for part in [3, 30, 61, 90] {
        let mut bytes = whole.clone();
        let at = bytes.len() * part / 100;
        bytes[at] ^= 0x10;
        fs::write(&pack, &bytes).expect("write");
        let mut failed = Vec::new();
        for (file, content) in &files {
            let out = env.command(&["cat", &format!("HEAD:{file}")]).output().expect("runs");
            if out.status.success() {
                assert!(out.stdout == *content, "wrong bytes of {file}");
            } else {
                assert_eq!(out.status.code(), Some(5));
                let text = String::from_utf8_lossy(&out.stderr);
                assert!(text.contains(&name(&pack)) && text.contains("hint: "), "{text}");
                // What was printed before is right.
                assert!(content.starts_with(&out.stdout), "wrong bytes of {file}");
                failed.push(file);
            }
        }
        let ran = env.run(&["fsck", "--data"]);
        assert_eq!(ran.code, 5, "byte {at}: {ran:?}");
        assert!(failed.iter().all(|f| ran.stdout.contains(f.as_str())), "{failed:?}: {ran:?}");
        // The files are still in the worktree: adding them stores good copies.
        env.ok(&["add", "."]);
        for file in failed {
            let out = env.command(&["cat", &format!("HEAD:{file}")]).output().expect("runs");
            assert!(out.status.success() && out.stdout == files[file], "{file} was not mended");
        }
    }
    assert_same(&read_all(&env.dir()), &files);
}

#[test]
fn a_deleted_pack_is_named_and_mended_by_adding_the_files_again() {
    let (env, files) = repository();
    let tree = repo::hash(&env, ".");
    for pack in packs(&env, DATA) {
        fs::remove_file(pack).expect("remove");
    }
    assert_fails(&env.run(&["cat", "HEAD:data/noise.bin"]), 5, "", "esker fsck");
    let ran = env.run(&["fsck"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    let ran = env.run(&["fsck", "--rebuild"]);
    assert_eq!(ran.code, 5, "the first commit's data is gone: {ran:?}");
    env.ok(&["add", "."]);
    fs::remove_dir_all(env.path("data")).expect("remove");
    env.ok(&["restore", "."]);
    assert_same(&read_all(&env.dir()), &files);
    assert_eq!(repo::hash(&env, "."), tree);
}

#[test]
fn without_tables_the_repository_is_rebuilt() {
    let (env, files) = repository();
    for table in repo::files_in(&env, "tables") {
        fs::remove_file(table).expect("remove");
    }
    assert_fails(&env.run(&["log"]), 5, "", "esker fsck --rebuild");
    assert_eq!(env.run(&["fsck"]).code, 5);
    env.ok(&["fsck", "--rebuild"]);
    assert_restores(&env, &files);
}

#[test]
fn without_state_db_the_repository_is_rebuilt() {
    let (env, files) = repository();
    let head = repo::head(&env);
    let log = env.ok(&["log"]);
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(env.path(format!(".esker/state.db{suffix}")));
    }
    for args in [&["status"][..], &["log"], &["add", "."], &["checkout", "HEAD~1"], &["init"]] {
        assert_fails(&env.run(args), 5, "state.db", "esker fsck --rebuild");
    }
    assert_eq!(env.run(&["fsck"]).code, 5);
    env.ok(&["fsck", "--rebuild"]);
    assert_eq!(repo::head(&env), head);
    assert_eq!(env.ok(&["log"]), log);
    assert_eq!(env.json(&["status", "--json"])["branch"], "main");
    assert_restores(&env, &files);
    env.write("data/more.csv", "1,2\n");
    repo::commit_all(&env, "three");
    repo::assert_clean(&env);
}

#[test]
fn a_damaged_state_db_is_rebuilt() {
    for garbage in [Random::new(1).bytes(40_960), Vec::new()] {
        let (env, files) = repository();
        let head = repo::head(&env);
        for suffix in ["-wal", "-shm"] {
            let _ = fs::remove_file(env.path(format!(".esker/state.db{suffix}")));
        }
        fs::write(env.path(".esker/state.db"), &garbage).expect("write");
        assert_fails(&env.run(&["status"]), 5, "state.db", "esker fsck --rebuild");
        assert_eq!(env.run(&["fsck"]).code, 5);
        env.ok(&["fsck", "--rebuild"]);
        assert_eq!(repo::head(&env), head);
        assert_restores(&env, &files);
    }
}

#[test]
fn a_lost_or_torn_refs_log_is_written_anew() {
    let (env, files) = repository();
    let path = env.path(".esker/refs.log");
    let log = fs::read(&path).expect("refs.log");
    fs::write(&path, &log[..log.len() - 20]).expect("write");
    env.ok(&["log"]);
    env.ok(&["commit", "--allow-empty", "-m", "three"]);
    repo::assert_clean(&env);
    fs::remove_file(&path).expect("remove");
    env.ok(&["log"]);
    env.ok(&["commit", "--allow-empty", "-m", "four"]);
    let head = repo::head(&env);
    for suffix in ["", "-wal", "-shm"] {
        let _ = fs::remove_file(env.path(format!(".esker/state.db{suffix}")));
    }
    env.ok(&["fsck", "--rebuild"]);
    assert_eq!(repo::head(&env), head);
    assert_restores(&env, &files);
}

#[test]
fn a_damaged_setting_is_named_with_its_file() {
    let (env, _) = repository();
    env.write(".esker/config.toml", "[core\njobs = 2\n");
    assert_fails(&env.run(&["status"]), 1, "config.toml", "esker config --show-origin");
    env.write(".esker/config.toml", "[core]\njobs = \"many\"\n");
    assert_fails(&env.run(&["status"]), 1, "core.jobs", "esker config --show-origin");
    env.write(".esker/config.toml", "");
    env.ok(&["status"]);
}
