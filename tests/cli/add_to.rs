//! Files that are added to a remote instead of the repository: how much lies here meanwhile, and what is left.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::env::Env;
use crate::partial::{files_below, fsck, noise};

const FILES: u64 = 24;
const FILE_BYTES: usize = 200_000;

/// Files in `a` and `b`, which are the same; only the first has a remote.
fn site() -> Env {
    let env = Env::new();
    for dir in ["a", "b"] {
        env.ok(&["init", dir]);
        for number in 0..FILES {
            let path = format!("{dir}/data/{}/{number}.bin", number % 3);
            env.write(&path, noise(number, FILE_BYTES));
        }
        env.write(&format!("{dir}/data/notes.txt"), "n");
    }
    env.ok(&["-C", "a", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "a", "config", "transfer.local_limit", "1M"]);
    env
}

fn packs_in(dir: &Path) -> u64 {
    files_below(&dir.join(".esker/packs"))
        .iter()
        .map(|file| file.metadata().map_or(0, |found| found.len()))
        .sum()
}

/// Runs a command, and gives the most that lay in the packs of `a` meanwhile.
fn most_while(env: &Env, args: &[&str]) -> u64 {
    most_of(env, args, |env| packs_in(&env.path("a")))
}

/// Runs a command, and gives the most that was measured meanwhile.
fn most_of(env: &Env, args: &[&str], measure: impl Fn(&Env) -> u64 + Sync) -> u64 {
    let (is_over, most) = (AtomicBool::new(false), AtomicU64::new(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            while !is_over.load(Ordering::Relaxed) {
                most.fetch_max(measure(env), Ordering::Relaxed);
                thread::sleep(Duration::from_millis(2));
            }
        });
        let ran = env.run(args);
        is_over.store(true, Ordering::Relaxed);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
    });
    most.into_inner()
}

#[test]
fn files_go_to_the_remote_a_part_at_a_time_and_the_tree_is_that_of_a_plain_add() {
    let env = site();
    let most = most_while(&env, &["-C", "a", "add", "--to", "origin", "data"]);
    // A part, the trees, and a folder's entry or two; of 4.8 MB.
    assert!(most > 500_000 && most < 1_300_000, "{most} bytes lay here");
    assert!(packs_in(&env.path("a")) < 30_000, "{}", packs_in(&env.path("a")));
    assert_eq!(env.ok(&["-C", "a", "status", "-s"]).lines().count() as u64, FILES + 1);
    fsck(&env, &["a"]);
    let commit = |dir: &str| env.json(&["-C", dir, "commit", "-m", "first", "--json"]);
    env.ok(&["-C", "b", "add", "data"]);
    let (ours, plain) = (commit("a"), commit("b"));
    assert_eq!(ours["tree"], plain["tree"]);
    assert_eq!(ours["files"], FILES + 1);
    // Only history is left to be sent, and the keep of the commit takes the place of the one before it.
    let pushed = env.json(&["-C", "a", "push", "--json"]);
    assert!(pushed["sent_bytes"].as_u64() < Some(60_000), "{pushed}");
    let keeps = env.ok(&["-C", "a", "remote", "keeps"]);
    assert_eq!(keeps.lines().count(), 1, "{keeps}");
    assert!(keeps.contains(ours["commit"].as_str().expect("an id")), "{keeps}");
    let checked = env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    assert!(checked.ends_with("no problems\n"), "{checked}");
    env.ok(&["clone", "shared", "c"]);
    assert_eq!(env.ok(&["-C", "c", "hash", "."]), env.ok(&["-C", "b", "hash", "."]));
    // What is not here comes back as anything that is absent.
    fs::remove_file(env.path("a/data/1/1.bin")).expect("remove");
    env.ok(&["-C", "a", "checkout", "data/1/1.bin"]);
    assert_eq!(fs::read(env.path("a/data/1/1.bin")).expect("read"), noise(1, FILE_BYTES));
    assert_eq!(env.ok(&["-C", "a", "status", "-s"]), "");
    fsck(&env, &["a", "b", "c"]);
}

#[test]
fn nothing_goes_there_but_what_was_named_and_what_is_new_only_once() {
    let env = site();
    env.write("a/secret.txt", noise(900, 50_000));
    env.ok(&["-C", "a", "add", "secret.txt"]);
    env.ok(&["-C", "a", "add", "--to", "origin", "data"]);
    let keeps = env.ok(&["-C", "a", "remote", "keeps"]);
    let name = keeps.split('\t').nth(1).expect("a keep");
    let commit = name.rsplit('/').next().expect("an id");
    let listed = env.ok(&["ls", "-R", &format!("shared@{commit}")]);
    assert!(listed.contains("data/notes.txt") && !listed.contains("secret"), "{listed}");
    // The same again sends nothing; one more file goes alone.
    let again = env.json(&["-C", "a", "add", "--to", "origin", "data", "--json"]);
    assert_eq!((&again["sent_bytes"], &again["added"]), (&0.into(), &0.into()), "{again}");
    env.write("a/data/more.bin", noise(901, 70_000));
    let more = env.json(&["-C", "a", "add", "--to", "origin", "data", "--json"]);
    assert_eq!((&more["sent_bytes"], &more["added"]), (&70_000.into(), &1.into()), "{more}");
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]).lines().count(), 1);
    env.ok(&["-C", "a", "commit", "-m", "first"]);
    env.ok(&["-C", "a", "push"]);
    env.ok(&["clone", "shared", "c"]);
    assert_eq!(env.ok(&["-C", "c", "hash", "."]), env.ok(&["-C", "a", "hash", "."]));
    fsck(&env, &["a", "c"]);
}

#[test]
fn a_remote_that_is_not_there_takes_nothing_and_a_collection_withdraws_what_nobody_needs() {
    let env = site();
    env.write("not-a-folder", "x");
    env.ok(&["-C", "a", "remote", "add", "gone", "../not-a-folder/x", "--no-check"]);
    let ran = env.run(&["-C", "a", "add", "--to", "gone", "data"]);
    assert_ne!(ran.code, 0, "{}", ran.stdout);
    env.run(&["-C", "a", "add", "--to", "nowhere", "data"])
        .fails(2, "error: there is no remote 'nowhere'\nhint: there are: gone, origin\n");
    fsck(&env, &["a"]);
    env.ok(&["-C", "a", "add", "--to", "origin", "data"]);
    assert_eq!(env.json(&["-C", "a", "fsck", "--json"])["promised"], FILES + 1);
    // Nothing of it is wanted after all.
    env.ok(&["-C", "a", "restore", "--staged", "."]);
    env.ok(&["-C", "a", "gc", "--grace", "0", "--reflog", "0"]);
    assert_eq!(env.json(&["-C", "a", "fsck", "--json"])["promised"], 0);
    env.ok(&["-C", "a", "add", "data"]);
    env.ok(&["-C", "a", "commit", "-m", "here"]);
    assert!(packs_in(&env.path("a")) > 4_000_000);
    fsck(&env, &["a"]);
}

const SPAN: usize = 4 << 20;

/// A file of some spans: noise, a hole, more noise, and a last span of one small chunk.
fn long_file() -> Vec<u8> {
    let mut data = noise(500, 2 * SPAN + 300_000);
    data.resize(3 * SPAN + 1_000_000, 0);
    data.extend(noise(501, 3 * SPAN - 1_000_000 + 9_000));
    data
}

/// Bytes of all files below a folder that others write into. One that is renamed meanwhile counts once.
fn bytes_in(dir: &Path) -> u64 {
    let found = walkdir::WalkDir::new(dir).into_iter().flatten();
    let files = found.filter_map(|entry| entry.metadata().ok()).filter(|found| found.is_file());
    let by_inode: HashMap<u64, u64> = files.map(|file| (file.ino(), file.len())).collect();
    by_inode.into_values().sum()
}

#[test]
fn a_file_longer_than_may_lie_here_goes_in_spans_and_has_the_id_of_its_bytes() {
    let env = site();
    env.ok(&["-C", "a", "config", "transfer.local_limit", "5M"]);
    let data = long_file();
    for dir in ["a", "b"] {
        env.write(&format!("{dir}/data/long.bin"), &data);
    }
    let args = ["-C", "a", "add", "--to", "origin", "data"];
    let most = most_of(&env, &args, |env| bytes_in(&env.path("a/.esker")));
    assert!(most > 3_000_000 && most < SPAN as u64 + 2_500_000, "{most} bytes lay here");
    assert!(packs_in(&env.path("a")) < 100_000, "{}", packs_in(&env.path("a")));
    assert_eq!(env.ok(&["-C", "a", "status", "-s"]).lines().count() as u64, FILES + 2);
    fsck(&env, &["a"]);
    env.ok(&["-C", "b", "add", "data"]);
    let commit = |dir: &str| env.json(&["-C", dir, "commit", "-m", "first", "--json"]);
    let (ours, plain) = (commit("a"), commit("b"));
    assert_eq!((&ours["tree"], &ours["bytes"]), (&plain["tree"], &plain["bytes"]));
    env.ok(&["-C", "a", "push"]);
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]).lines().count(), 1);
    let checked = env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    assert!(checked.ends_with("no problems\n"), "{checked}");
    // It comes back whole, and any range of it where it lies.
    env.ok(&["clone", "shared", "c"]);
    assert!(fs::read(env.path("c/data/long.bin")).expect("read") == data);
    for (offset, length) in [(SPAN - 700, 1_400), (3 * SPAN + 999_990, 20), (6 * SPAN - 5, 9_005)] {
        let (from, count) = (offset.to_string(), length.to_string());
        let args = ["cat", "shared@main:data/long.bin", "--offset", &from, "--length", &count];
        let found = env.command(&args).output().expect("esker runs");
        assert!(found.stdout == data[offset..offset + length], "{offset}");
    }
    // What the spans were is given back; the file stays.
    env.ok(&["-C", "a", "gc", "--remote", "--grace", "0"]);
    let checked = env.ok(&["-C", "c", "fsck", "--remote", "--data"]);
    assert!(checked.ends_with("no problems\n"), "{checked}");
    env.ok(&["clone", "shared", "d"]);
    assert!(fs::read(env.path("d/data/long.bin")).expect("read") == data);
    assert_eq!(env.json(&["-C", "a", "fsck", "--json"])["promised"], FILES + 2);
    fsck(&env, &["a", "b", "c", "d"]);
}

/// Stamps of whole seconds say little: a file that was written within the last two may be written again with the same.
#[test]
fn a_long_file_that_was_written_a_moment_ago_is_sent_once() {
    let env = site();
    env.write("a/data/long.bin", noise(600, 3_000_000));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let file = fs::File::options().write(true).open(env.path("a/data/long.bin")).expect("open");
    file.set_modified(UNIX_EPOCH + Duration::from_secs(now)).expect("a stamp");
    let args = ["-C", "a", "add", "--to", "origin", "data", "--json"];
    let first = env.json(&args);
    assert_eq!((&first["added"], &first["skipped"]), (&(FILES + 2).into(), &serde_json::json!([])));
    let again = env.json(&args);
    assert_eq!((&again["sent_bytes"], &again["added"]), (&0.into(), &0.into()), "{again}");
    fsck(&env, &["a"]);
}

#[test]
fn what_was_pushed_before_stays_here_however_often_more_is_added() {
    let env = site();
    env.ok(&["-C", "a", "add", "data"]);
    env.ok(&["-C", "a", "commit", "-m", "first"]);
    env.ok(&["-C", "a", "push"]);
    env.write("a/short.bin", noise(700, 70_000));
    env.write("a/long.bin", noise(701, 2_500_000));
    for path in ["long.bin", "long.bin", "short.bin", "short.bin"] {
        env.ok(&["-C", "a", "add", "--to", "origin", path]);
        assert!(packs_in(&env.path("a")) > FILES * FILE_BYTES as u64, "{path}");
    }
    env.ok(&["-C", "a", "commit", "-m", "more"]);
    env.ok(&["-C", "a", "push"]);
    assert_eq!(env.json(&["-C", "a", "fsck", "--json"])["promised"], 2);
    fsck(&env, &["a"]);
}
