//! `esker.lock`: what it pins comes to the byte, is told from anything else, and merges in git.

use std::fs;
use std::process::Command;

use esker::path::RepoPath;
use esker::stat::Stat;
use esker::stat_cache::{RowKind, StatRow};
use esker::steps::delivered::Memory;

use crate::data::{Files, Random, assert_same, read_all};
use crate::env::Env;
use crate::ran::{assert_fails, skip};

/// A dataset in `a`, pushed to `shared`, and a project in `code` that pins its images and a table.
fn project() -> (Env, Files) {
    let env = Env::new();
    env.ok(&["init", "a"]);
    let mut random = Random::new(11);
    let mut files = Files::new();
    for n in 0..40 {
        files.insert(format!("images/{}/{n}.png", n % 3), random.bytes(1000 + n));
    }
    files.insert("table.csv".into(), random.text(2000));
    for (name, bytes) in &files {
        env.write(&format!("a/{name}"), bytes);
    }
    commit(&env, "first");
    env.ok(&["-C", "a", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "a", "push"]);
    fs::create_dir(env.path("code")).expect("mkdir");
    code(&env, &["pin", "../shared:images", "-o", "data/images"]);
    code(&env, &["pin", "../shared:table.csv", "-o", "data/table.csv"]);
    (env, files)
}

fn commit(env: &Env, message: &str) {
    env.ok(&["-C", "a", "add", "-A"]);
    env.ok(&["-C", "a", "commit", "-m", message]);
}

/// Runs esker in the project.
fn code(env: &Env, args: &[&str]) -> String {
    env.ok(&[&["-C", "code"], args].concat())
}

fn images(files: &Files) -> Files {
    let below = |(name, bytes): (&String, &Vec<u8>)| {
        Some((name.strip_prefix("images/")?.to_owned(), bytes.clone()))
    };
    files.iter().filter_map(below).collect()
}

fn lock(env: &Env) -> String {
    fs::read_to_string(env.path("code/esker.lock")).expect("the lock file")
}

fn change_lock(env: &Env, from: &str, to: &str) {
    let text = lock(env);
    assert!(text.contains(from), "{from} is not in {text}");
    env.write("code/esker.lock", text.replace(from, to));
}

#[test]
fn what_is_pinned_outlives_its_branch_and_a_collection() {
    let (env, files) = project();
    let a = |args: &[&str]| env.ok(&[&["-C", "a"], args].concat());
    a(&["pin", "table.csv", "-o", "pinned.csv"]);
    assert!(a(&["remote", "keeps"]).contains("pin/"));
    // Nothing of the first commit is left in the branch.
    env.write("a/table.csv", "another");
    a(&["rm", "-r", "images"]);
    a(&["add", "table.csv"]);
    a(&["commit", "--amend", "-m", "all new"]);
    a(&["push", "--force"]);
    a(&["gc", "--remote", "--grace", "0"]);
    let lock = fs::read(env.path("a/esker.lock")).expect("read");
    env.write("elsewhere/esker.lock", lock);
    env.ok(&["-C", "elsewhere", "get", "--locked"]);
    assert_eq!(fs::read(env.path("elsewhere/pinned.csv")).expect("read"), files["table.csv"]);
    // A commit that a tag reaches needs no keep of its own.
    a(&["tag", "v1"]);
    a(&["push", "--tags"]);
    a(&["pin", "table.csv", "-o", "tagged.csv"]);
    assert_eq!(a(&["remote", "keeps"]).matches("pin/").count(), 1);
    a(&["fsck", "--remote", "--data"]);
    a(&["fsck"]);
}

/// Another clone takes the branch elsewhere, and collects what it left.
fn force_and_collect(env: &Env) {
    env.ok(&["clone", "shared", "other"]);
    let other = |args: &[&str]| env.ok(&[&["-C", "other"], args].concat());
    other(&["rm", "-r", "images"]);
    env.write("other/table.csv", "another");
    other(&["add", "table.csv"]);
    other(&["commit", "--amend", "-m", "all new"]);
    other(&["push", "--force"]);
    other(&["gc", "--remote", "--grace", "0"]);
    other(&["fsck", "--remote", "--data"]);
}

#[test]
fn what_is_pinned_without_a_clone_outlives_its_branch_and_a_collection() {
    let (env, files) = project();
    let keeps = env.ok(&["-C", "a", "remote", "keeps"]);
    assert_eq!(keeps.matches("pin/").count(), 1, "{keeps}");
    // What an update moves to is kept as what was pinned first.
    env.write("a/images/0/0.png", "changed");
    commit(&env, "second");
    env.ok(&["-C", "a", "push"]);
    assert_eq!(env.run(&["-C", "code", "update", "data/images"]).stderr, "");
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]).matches("pin/").count(), 2);
    force_and_collect(&env);
    code(&env, &["get", "--locked"]);
    assert_eq!(fs::read(env.path("code/data/images/0/0.png")).expect("read"), b"changed");
    assert_eq!(fs::read(env.path("code/data/table.csv")).expect("read"), files["table.csv"]);
    // A commit that no branch is at is kept, too, and pinning it again sends nothing.
    env.ok(&["-C", "a", "push", "--force"]);
    let before = env.ok(&["-C", "a", "remote", "keeps"]);
    code(&env, &["pin", "../shared@main~1:table.csv", "-o", "old.csv"]);
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]), before);
    // One that a tag reaches needs no keep.
    env.write("a/table.csv", "tagged");
    commit(&env, "third");
    env.ok(&["-C", "a", "tag", "v1"]);
    env.ok(&["-C", "a", "push", "origin", "main", "v1"]);
    code(&env, &["pin", "../shared@v1:table.csv", "-o", "tagged.csv"]);
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]), before);
    env.ok(&["-C", "a", "fsck", "--remote", "--data"]);
    env.ok(&["-C", "a", "fsck"]);
}

#[test]
fn a_pin_of_what_cannot_be_kept_is_written_and_says_so() {
    let (env, files) = project();
    env.write("a/table.csv", "more");
    commit(&env, "second");
    env.ok(&["-C", "a", "push"]);
    let said = |args: &[&str]| {
        let ran =
            env.run(&[&["-C", "code", "pin", "../shared:table.csv", "-o", "t"], args].concat());
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        let warned = ran.stderr.starts_with("warning: nothing keeps commit ")
            && ran.stderr.contains("esker remote keeps add NAME ");
        assert!(warned, "{}", ran.stderr);
        ran.stderr
    };
    assert!(said(&["--anonymous"]).contains("(it is read without credentials)"));
    assert!(lock(&env).contains("[pin.t]") || lock(&env).contains("[pin.\"t\"]"));
    assert_eq!(env.ok(&["-C", "a", "remote", "keeps"]).matches("pin/").count(), 1);
    // A push of another commit's pin that is under way is no reason not to pin.
    code(&env, &["get", "--locked", "data/table.csv"]);
    assert_eq!(fs::read(env.path("code/data/table.csv")).expect("read"), files["table.csv"]);
    env.ok(&["-C", "a", "fsck"]);
}

#[test]
fn what_is_pinned_comes_exactly_and_follows_an_update() {
    let (env, files) = project();
    let text = lock(&env);
    assert!(text.contains("[pin.\"data/images\"]\nremote = \"../shared\"\n"), "{text}");
    assert!(text.contains("\nfollows = \"main\"\ncommit = \"") && text.contains("\nfiles = 40\n"));
    code(&env, &["get", "--locked"]);
    assert_same(&read_all(&env.path("code/data/images")), &images(&files));
    assert_eq!(fs::read(env.path("code/data/table.csv")).expect("read"), files["table.csv"]);
    // Again, from a folder below: all is there, and no remote is asked.
    let done = env.json(&["-C", "code/data", "get", "--locked", "--json"]);
    assert_eq!(done["requests"], 0);
    let key = code(&env, &["cache-key"]);
    // The dataset moves on; the pin does not, until it is updated.
    fs::remove_file(env.path("a/images/0/0.png")).expect("remove");
    env.write("a/images/1/1.png", "changed");
    env.write("a/images/new/x.png", "new");
    commit(&env, "second");
    env.ok(&["-C", "a", "push"]);
    assert_eq!(code(&env, &["cache-key"]), key);
    let said = code(&env, &["update", "-n"]);
    assert!(said.contains("data/images: ") && said.contains(" -> "), "{said}");
    assert!(said.contains("data/table.csv: the same data at "), "{said}");
    assert_eq!(lock(&env), text);
    code(&env, &["update"]);
    assert!(
        code(&env, &["cache-key"]) != key && code(&env, &["cache-key", "data/table.csv"]) != key
    );
    // What was delivered and nobody touched is replaced and removed unasked.
    let done = env.json(&["-C", "code", "get", "--locked", "--json"]);
    let got = &done["got"][0];
    assert_eq!(
        (&got["written"], &got["kept"], &got["removed"]),
        (&2.into(), &38.into(), &1.into())
    );
    assert_same(&read_all(&env.path("code/data/images")), &read_all(&env.path("a/images")));
    code(&env, &["verify", "--locked", "-q"]);
}

#[test]
fn work_of_ones_own_is_not_overwritten() {
    let (env, files) = project();
    code(&env, &["get", "--locked"]);
    env.write("code/data/images/1/1.png", "mine");
    env.write("code/data/images/mine.png", "also mine");
    let ran = env.run(&["-C", "code", "get", "--locked"]);
    assert_fails(&ran, 4, "other files are there already: 1/1.png", "--force");
    assert_eq!(fs::read(env.path("code/data/images/1/1.png")).expect("read"), b"mine");
    // That it was looked at does not make it something that was delivered.
    assert_eq!(env.run(&["-C", "code", "verify", "--locked", "-q"]).code, 1);
    assert_eq!(env.run(&["-C", "code", "get", "--locked"]).code, 4);
    let ran = env.run(&["-C", "code", "get", "--locked", "--force"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("1 file is in data/images and not pinned, such as mine.png"));
    assert_eq!(
        fs::read(env.path("code/data/images/1/1.png")).expect("read"),
        files["images/1/1.png"]
    );
    assert!(env.path("code/data/images/mine.png").exists());
}

#[test]
fn verify_tells_same_from_different_from_damaged_from_failed() {
    let (env, _) = project();
    let verify = |args: &[&str]| env.run(&[&["-C", "code", "verify", "--locked"], args].concat());
    let ran = verify(&[]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (1, "data/images: not there\ndata/table.csv: not there\n")
    );
    code(&env, &["get", "--locked"]);
    let ran = verify(&[]);
    assert_eq!(ran.stdout, "data/images: same (40 files)\ndata/table.csv: same (1 file)\n");
    assert_eq!((ran.code, verify(&["--data"]).code), (0, 0));
    env.write("code/data/images/1/1.png", "changed");
    let ran = verify(&["data/images"]);
    assert_eq!(ran.code, 1);
    let expected = "data/images: differs (40 files pinned, 40 files there)\n  changed: 1/1.png\n";
    assert_eq!(ran.stdout, expected);
    assert_eq!(verify(&["data/table.csv"]).code, 0);
    code(&env, &["get", "--locked", "--force"]);
    // Bytes that change under a file that nobody wrote to: all that is remembered of it still holds.
    let table = env.path("code/data/table.csv");
    let id = env.ok(&["hash", "code/data/table.csv"]);
    let mut bytes = fs::read(&table).expect("read");
    bytes[100] ^= 1;
    fs::write(&table, bytes).expect("write");
    let row = StatRow {
        name: "table.csv".into(),
        kind: RowKind::File,
        stat: Stat::of(&fs::metadata(&table).expect("stat")),
        id: id.trim().parse().expect("an id"),
    };
    let cache = env.dir().parent().expect("a folder").join("home/.cache/esker");
    let memory = Memory::of(Some(&cache), &env.path("code/data"));
    memory.remember_written(&[(RepoPath::root(), vec![row])]);
    assert_eq!(verify(&["data/table.csv"]).code, 0, "it is not read again");
    let ran = verify(&["--data", "data/table.csv"]);
    assert_eq!(ran.code, 5, "{ran:?}");
    assert_eq!(ran.stdout, "data/table.csv: damaged\n  damaged: table.csv\n");
    assert_eq!(verify(&["elsewhere"]).code, 9);
    fs::remove_file(env.path("code/esker.lock")).expect("remove");
    let ran = verify(&[]);
    assert_fails(&ran, 9, "no esker.lock in ", "esker pin PATH");
}

/// The lock file lies in the very folder, and is no part of what it pins.
#[test]
fn a_whole_dataset_is_pinned_where_its_lock_file_lies() {
    let (env, _) = project();
    env.ok(&["-C", "a", "pin"]);
    let verify = |dir: &str| {
        let ran = env.run(&["-C", dir, "verify", "--locked", "--json"]);
        let said: serde_json::Value = serde_json::from_str(&ran.stdout).expect("JSON");
        (ran.code, said["pins"][0]["changed"].to_string())
    };
    assert_eq!(verify("a"), (0, "[]".to_owned()));
    fs::create_dir(env.path("whole")).expect("mkdir");
    fs::copy(env.path("a/esker.lock"), env.path("whole/esker.lock")).expect("copy");
    env.ok(&["-C", "whole", "get", "--locked"]);
    assert_eq!(verify("whole"), (0, "[]".to_owned()));
    env.write("whole/table.csv", "other");
    env.write("a/table.csv", "other");
    assert_eq!(verify("whole"), (1, "[\"table.csv\"]".to_owned()));
    // Nothing was delivered there: what changed is not known.
    assert_eq!(verify("a"), (1, "[]".to_owned()));
    env.ok(&["-C", "a", "fsck"]);
}

#[test]
fn bad_lock_files_are_told_apart() {
    let (env, _) = project();
    let good = lock(&env);
    let get = || env.run(&["-C", "code", "get", "--locked"]);
    env.write("code/esker.lock", good.replacen("commit = ", "<<<<<<< HEAD\ncommit = ", 1));
    assert_fails(&get(), 4, "esker.lock, line 9: a conflict of a merge", "git checkout --theirs");
    assert_eq!(env.run(&["-C", "code", "verify", "--locked"]).code, 9);
    env.write("code/esker.lock", good.replace("version = 1", "version = 7"));
    assert_fails(&get(), 1, "has format 7", "install a newer esker");
    env.write("code/esker.lock", good.replace("files = 40", "files = many"));
    assert_fails(&get(), 1, "esker.lock: ", "git checkout -- esker.lock");
    // A commit that the remote does not have.
    env.write("code/esker.lock", &good);
    let commit = good.split("commit = \"").nth(1).expect("a commit")[..64].to_owned();
    change_lock(&env, &commit, &"ab".repeat(32));
    assert_fails(
        &get(),
        12,
        "is pinned at commit ababababab, which is not at ",
        "esker update data/images",
    );
    // A tree that the commit does not have at the path.
    env.write("code/esker.lock", &good);
    let tree = good.split("tree = \"").nth(1).expect("a tree")[..64].to_owned();
    change_lock(&env, &tree, &"cd".repeat(32));
    assert_fails(
        &get(),
        5,
        "the pin of 'data/images' contradicts itself",
        "esker update data/images",
    );
    // Another repository at the same place.
    env.write("code/esker.lock", &good);
    fs::rename(env.path("shared"), env.path("before")).expect("rename");
    env.ok(&["init", "b"]);
    env.write("b/x", "1");
    env.ok(&["-C", "b", "add", "."]);
    env.ok(&["-C", "b", "commit", "-m", "another"]);
    env.ok(&["-C", "b", "remote", "add", "origin", "../shared"]);
    env.ok(&["-C", "b", "push"]);
    assert_fails(
        &get(),
        12,
        "is pinned in another repository than the one at ",
        "esker pin URL:PATH",
    );
    fs::remove_dir_all(env.path("shared")).expect("remove");
    assert_fails(&get(), 12, "there is no repository at ", "check how it is spelled");
    assert!(!env.path("code/data").exists(), "nothing was written");
    let ran = env.run(&["-C", "code", "get", "--locked", "data/imagse"]);
    assert_fails(&ran, 1, "nothing is pinned as 'data/imagse'", "did you mean 'data/images'?");
}

#[test]
fn a_repository_pins_what_it_has_and_says_what_is_not_pushed() {
    let (env, _) = project();
    let pin = |args: &[&str]| env.run(&[&["-C", "a", "pin"], args].concat());
    let ran = pin(&["images"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{ran:?}");
    let text = fs::read_to_string(env.path("a/esker.lock")).expect("beside .esker");
    assert!(text.contains("[pin.images]") || text.contains("[pin.\"images\"]"), "{text}");
    env.ok(&["-C", "a", "verify", "--locked", "-q"]);
    env.write("a/images/0/0.png", "changed");
    assert_eq!(env.run(&["-C", "a", "verify", "--locked", "-q"]).code, 1);
    env.ok(&["-C", "a", "commit", "-a", "-m", "more"]);
    let ran = pin(&["images"]);
    assert!(ran.stderr.contains("the commit is not on origin yet"), "{}", ran.stderr);
    env.ok(&["-C", "a", "verify", "--locked", "-q"]);
    env.ok(&["-C", "a", "fsck"]);
}

/// Runs git in the project; `None`, and loudly so, where there is none.
fn git(env: &Env, args: &[&str]) -> Option<bool> {
    let mut git = Command::new("git");
    git.args(["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]);
    git.args(args).current_dir(env.path("code")).env("HOME", env.path("nowhere"));
    match git.output() {
        Ok(output) => Some(output.status.success()),
        Err(_) => {
            skip("there is no git");
            None
        }
    }
}

#[test]
fn updates_of_two_pins_merge_in_git_and_two_of_one_do_not() {
    let (env, _) = project();
    let Some(true) = git(&env, &["init", "-q", "-b", "main"]) else { return };
    let save = |message: &str| {
        git(&env, &["add", "esker.lock"]);
        git(&env, &["commit", "-q", "-m", message]);
    };
    save("both");
    env.write("a/images/0/0.png", "second");
    env.write("a/table.csv", "second");
    commit(&env, "second");
    env.ok(&["-C", "a", "push"]);
    git(&env, &["switch", "-q", "-c", "images"]);
    code(&env, &["update", "data/images"]);
    save("images");
    git(&env, &["switch", "-q", "main"]);
    code(&env, &["update", "data/table.csv"]);
    save("table");
    assert_eq!(git(&env, &["merge", "-q", "-m", "merged", "images"]), Some(true));
    let merged = lock(&env);
    code(&env, &["update"]);
    assert_eq!(lock(&env), merged, "both are at the newest commit");
    // Both sides move one pin.
    env.write("a/table.csv", "third");
    commit(&env, "third");
    env.ok(&["-C", "a", "push"]);
    git(&env, &["switch", "-q", "-c", "back"]);
    code(&env, &["update", "--rev", "main~2", "data/table.csv"]);
    save("back");
    git(&env, &["switch", "-q", "main"]);
    code(&env, &["update", "data/table.csv"]);
    save("third");
    assert_eq!(git(&env, &["merge", "-q", "-m", "merged", "back"]), Some(false));
    let ran = env.run(&["-C", "code", "get", "--locked"]);
    assert_fails(
        &ran,
        4,
        "a conflict of a merge is not resolved",
        "git checkout --theirs esker.lock",
    );
}
