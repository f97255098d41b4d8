//! The catalogue of errors: each kind that a person can meet is provoked, and `docs/reference/errors.md` lists
//! its message, hint and exit code as they came.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use rusqlite::Connection;

use crate::env::{Env, Ran};
use crate::repo::commit_all;
use crate::stale::{assert_current, complain, project};

/// Provokes an error; `None`, and loudly so, where this machine does not let it.
type Provoke = fn(&mut Env) -> Option<Ran>;

/// Each kind of error by its name in `ops/error.rs` or `ops/error/pins.rs`, what leads to it, how it is provoked, and its exit code.
const CASES: &[(&str, &str, Provoke, i32)] = &[
    (
        "NoRepository",
        "a command is run outside any repository",
        |env| Some(env.run(&["status"])),
        10,
    ),
    ("NewerFormat", "a newer esker made the repository", newer_format, 1),
    ("UnknownRevision", "a branch or commit is mistyped", |env| run(env, &["log", "mian"]), 1),
    ("UnknownRevision", "a revision is nothing like any name", |env| run(env, &["log", "v9"]), 1),
    ("AmbiguousRevision", "an id is cut too short", ambiguous, 1),
    ("NoSuchReflogEntry", "a name has not moved so often", |env| run(env, &["log", "main@{9}"]), 1),
    ("NoPreviousBranch", "HEAD was on no other branch", |env| run(env, &["switch", "-"]), 1),
    ("NoUpstream", "a branch follows none of a remote", |env| run(env, &["log", "@{u}"]), 1),
    ("NoSuchMessage", "no message holds the text", |env| run(env, &["log", ":/relabelled"]), 1),
    ("NoSuchRef", "a branch to delete is mistyped", |env| run(env, &["branch", "-d", "mian"]), 1),
    ("NoSuchRef", "a tag is mistyped", |env| run(env, &["tag", "-d", "v1"]), 1),
    ("RefExists", "a branch is to be made twice", |env| run(env, &["branch", "main"]), 1),
    (
        "RefExists",
        "a tag is to be made twice",
        |env| {
            committed(env);
            env.ok(&["tag", "v1"]);
            Some(env.run(&["tag", "v1"]))
        },
        1,
    ),
    ("NotABranch", "a switch to what is no branch", |env| run(env, &["switch", "HEAD~0"]), 1),
    (
        "CheckedOut",
        "the current branch is to be deleted",
        |env| run(env, &["branch", "-d", "main"]),
        1,
    ),
    (
        "CheckedOut",
        "another worktree is on the branch",
        |env| {
            committed(env);
            env.ok(&["worktree", "add", "../side"]);
            Some(env.run(&["switch", "side"]))
        },
        1,
    ),
    (
        "Worktree",
        "the repository of a worktree was moved",
        |env| {
            with_worktree(env);
            std::fs::rename(env.path(".esker"), env.path("elsewhere")).expect("rename");
            Some(env.run(&["-C", "../side", "status"]))
        },
        1,
    ),
    (
        "Worktree",
        "a worktree was copied",
        |env| {
            with_worktree(env);
            std::fs::create_dir_all(env.path("../copy/.esker")).expect("mkdir");
            let link = |name: &str| env.path(format!("../{name}/.esker/worktree"));
            std::fs::copy(link("side"), link("copy")).expect("copy");
            Some(env.run(&["-C", "../copy", "status"]))
        },
        1,
    ),
    (
        "Worktree",
        "a folder is left of a worktree that was removed",
        |env| {
            with_worktree(env);
            let link = env.path("../side/.esker/worktree");
            let kept = std::fs::read(&link).expect("read");
            env.ok(&["worktree", "remove", "../side"]);
            env.write("../side/.esker/worktree", kept);
            Some(env.run(&["-C", "../side", "status"]))
        },
        1,
    ),
    (
        "Store",
        "the store of a repository was moved",
        |env| {
            env.ok(&["init", "--store", "../store", "../shared"]);
            std::fs::rename(env.path("../store"), env.path("../moved")).expect("rename");
            Some(env.run(&["-C", "../shared", "status"]))
        },
        1,
    ),
    (
        "Store",
        "a repository on a store lost the file that says where it is",
        |env| {
            env.ok(&["init", "--store", "../store", "../shared"]);
            std::fs::remove_file(env.path("../shared/.esker/store")).expect("remove");
            Some(env.run(&["-C", "../shared", "status"]))
        },
        1,
    ),
    (
        "Store",
        "a repository is to be forgotten that is there",
        |env| {
            env.ok(&["init", "--store", "../store", "../shared"]);
            Some(env.run(&["-C", "../shared", "store", "forget", "../shared"]))
        },
        1,
    ),
    (
        "Store",
        "a store is to be where something else is",
        |env| {
            env.write("../full/file", "x");
            Some(env.run(&["init", "--store", "../full", "../shared"]))
        },
        1,
    ),
    (
        "Store",
        "a store is to be among the data of a repository",
        |env| run(env, &["init", "--store", "new/store", "new"]),
        1,
    ),
    ("NotMerged", "a branch to delete has commits of its own", not_merged, 1),
    ("NoSuchStash", "there is no stash", |env| run(env, &["stash", "pop"]), 1),
    ("NotAStash", "a commit is no stash", |env| run(env, &["stash", "apply", "main"]), 1),
    ("StashConflicts", "a stash and HEAD changed one file", stash_conflicts, 4),
    ("NotPutAside", "a file is not known any more and HEAD has another", not_put_aside, 4),
    ("NoReflog", "a name was never one", |env| run(env, &["reflog", "mian"]), 1),
    ("NoSuchPath", "a path is neither on disk nor staged", |env| run(env, &["add", "b.csv"]), 1),
    ("NoSuchPath", "a path is not in a version", |env| run(env, &["cat", "HEAD:b.csv"]), 1),
    ("NotTracked", "a verb is for tracked files only", |env| run(env, &["rm", "b.csv"]), 1),
    ("DeletionStaged", "what was removed is to be restored", deletion_staged, 1),
    ("Exists", "a move would replace a file", |env| run(env, &["mv", "a.csv", "d/b.csv"]), 4),
    ("Exists", "a move would replace a folder", folder_exists, 4),
    ("PathOutside", "a path leaves the repository", |env| run(env, &["add", "../x"]), 1),
    ("OutsideRoots", "inside a git checkout all is named", outside_roots, 1),
    ("InGitIndex", "a path is git's", in_git_index, 1),
    ("AuthorMissing", "nobody knows who commits", author_missing, 1),
    (
        "NothingToCommit",
        "nothing changed since the last commit",
        |env| run(env, &["commit", "-m", "x"]),
        1,
    ),
    ("NothingStaged", "changes were not added", nothing_staged, 1),
    (
        "EmptyMessage",
        "a message is empty",
        |env| run(env, &["commit", "--allow-empty", "-m", " "]),
        1,
    ),
    (
        "BadDate",
        "a date cannot be read",
        |env| run(env, &["commit", "--allow-empty", "-m", "x", "--date", "when"]),
        2,
    ),
    ("BadName", "a name cannot be stored", |env| run(env, &["add", ".git/config"]), 1),
    ("WouldOverwrite", "a verb would overwrite unsaved work", would_overwrite, 4),
    (
        "InTheWay",
        "a merge would overwrite unsaved work",
        |env| {
            parted(env);
            env.write("d/b.csv", "unsaved");
            Some(env.run(&["merge", "side"]))
        },
        4,
    ),
    ("InProgress", "another merge is not finished", |env| in_merge(env, &["merge", "side"]), 4),
    (
        "OpenConflicts",
        "a merge goes on with conflicts left",
        |env| in_merge(env, &["merge", "--continue"]),
        4,
    ),
    ("NotInProgress", "there is no merge to give up", |env| run(env, &["merge", "--abort"]), 1),
    (
        "NotFastForward",
        "both branches have commits of their own",
        |env| {
            parted(env);
            Some(env.run(&["merge", "--ff-only", "side"]))
        },
        1,
    ),
    ("Unrelated", "branches to merge began apart", |env| apart(env, &["merge", "other"]), 1),
    (
        "NoCommonCommit",
        "branches to compare began apart",
        |env| apart(env, &["diff", "main...other"]),
        1,
    ),
    ("Remote", "a remote is not there", no_remote, 12),
    (
        "NotHere",
        "data that is elsewhere is needed, and `--offline` is set",
        |env| {
            partial(env);
            Some(env.run(&["-C", "../part", "--offline", "checkout", "labels.csv"]))
        },
        12,
    ),
    (
        "PromiseBroken",
        "data that is elsewhere is needed, and is not there any more",
        |env| {
            partial(env);
            env.write("labels.csv", "other");
            env.ok(&["commit", "-a", "--amend", "-m", "other"]);
            env.ok(&["push", "--force"]);
            env.ok(&["gc", "--remote", "--grace", "0"]);
            Some(env.run(&["-C", "../part", "-q", "checkout", "labels.csv"]))
        },
        12,
    ),
    (
        "Offline",
        "a remote would have to be asked, and `--offline` is set",
        |env| {
            partial(env);
            Some(env.run(&["--offline", "push"]))
        },
        12,
    ),
    (
        "Shallow",
        "the first commit of a shallow clone is to be amended",
        |env| {
            partial(env);
            env.ok(&["commit", "--allow-empty", "-m", "second"]);
            env.ok(&["push"]);
            env.ok(&["clone", "--depth", "1", "../shared", "../shallow"]);
            Some(env.run(&["-C", "../shallow", "commit", "--amend", "-m", "anew"]))
        },
        1,
    ),
    ("NotAFile", "a folder is given for a file", |env| run(env, &["cat", "HEAD:d"]), 1),
    (
        "Forgotten",
        "the files of an old commit were let go",
        |env| {
            committed(env);
            commit_again(env);
            env.ok(&["forget", "--keep-last", "1"]);
            Some(env.run(&["checkout", "HEAD~1"]))
        },
        1,
    ),
    (
        "IsEmptyRepository",
        "there is no commit yet",
        |env| {
            env.ok(&["init"]);
            Some(env.run(&["log"]))
        },
        1,
    ),
    (
        "UnknownThere",
        "a branch of a remote is mistyped",
        |env| {
            pushed(env);
            Some(env.run(&["ls", "./shared@v9"]))
        },
        1,
    ),
    (
        "OthersThere",
        "files are where others are to be put",
        |env| {
            pushed(env);
            env.write("got/a.csv", "others");
            Some(env.run(&["get", "./shared", "-o", "got"]))
        },
        4,
    ),
    ("NoLock", "nothing was pinned yet", |env| run(env, &["get", "--locked"]), 1),
    (
        "NotPinned",
        "a pin is mistyped",
        |env| {
            pinned(env);
            Some(env.run(&["get", "--locked", "dd"]))
        },
        1,
    ),
    (
        "LockConflict",
        "git merged esker.lock with both sides",
        |env| lock(env, "commit", ">>>>>>> x\ncommit"),
        4,
    ),
    ("BadLock", "esker.lock was edited", |env| lock(env, "files = 1", "files = x"), 1),
    (
        "NewerLock",
        "a newer esker wrote esker.lock",
        |env| lock(env, "version = 1", "version = 2"),
        1,
    ),
    ("PinnedUnknown", "a pinned commit was not pushed", |env| lock_id(env, "commit"), 12),
    ("PinContradicts", "ids in esker.lock were edited", |env| lock_id(env, "tree"), 5),
    ("PinnedElsewhere", "a remote was replaced", |env| lock_id(env, "repository"), 12),
    ("DamagedThere", "data on a remote is damaged", damaged_there, 5),
    ("Damaged", "a pack is damaged", damaged, 5),
    ("NeedsRebuild", "state.db is lost", needs_rebuild, 5),
    ("Locked", "another process holds the repository for long", locked, 11),
    ("Interrupted", "the work is asked to stop: Ctrl-C", interrupted, 130),
    ("Io", "a file cannot be read", |env| run(env, &["hash", "b.csv"]), 1),
    (
        "Config",
        "a setting makes no sense",
        |env| {
            env.ok(&["init"]);
            env.write(".esker/config.toml", "[core]\njobs = \"many\"\n");
            Some(env.run(&["status"]))
        },
        1,
    ),
    ("Usage", "a command is mistyped", |env| Some(env.run(&["comit"])), 2),
    ("Usage", "a flag is mistyped", |env| Some(env.run(&["add", "--dryrun"])), 2),
    ("Usage", "an argument is missing", |env| Some(env.run(&["cat"])), 2),
    ("Usage", "nothing is named to be added", |env| run(env, &["add"]), 2),
    ("Usage", "a folder is removed without -r", |env| run(env, &["rm", "d"]), 2),
    ("Usage", "a topic is mistyped", |env| Some(env.run(&["help", "recovry"])), 2),
    #[cfg(target_os = "linux")]
    ("Full", "the disk is full", limits::full, 1),
    #[cfg(target_os = "linux")]
    ("ReadOnly", "the file system cannot be written", limits::read_only, 1),
    #[cfg(target_os = "linux")]
    ("Permission", "the system denies access", limits::permission, 1),
];

/// Kinds that no command leads to on purpose.
const NOT_PROVOKED: &[(&str, &str)] = &[
    ("ChangedMeanwhile", "files change in the moment in which they are put aside"),
    ("MovedMeanwhile", "two commands move one name in the same moment"),
    ("Unread", "a file of pinned data cannot be read while it is verified"),
    ("Other", "whatever has no kind of its own; names what failed"),
];

/// A repository with a commit of `a.csv` and `d/b.csv`.
fn committed(env: &mut Env) {
    env.ok(&["init"]);
    env.write("a.csv", "1,2\n");
    env.write("d/b.csv", "3,4\n");
    commit_all(env, "first");
}

/// A commit on the remote `shared`, of which the clone `part` has no data.
fn partial(env: &Env) {
    env.ok(&["init"]);
    env.write("labels.csv", "cat");
    commit_all(env, "first");
    env.ok(&["remote", "add", "origin", "../shared"]);
    env.ok(&["push"]);
    env.ok(&["clone", "--no-checkout", "../shared", "../part"]);
}

fn with_worktree(env: &mut Env) {
    committed(env);
    env.ok(&["worktree", "add", "../side"]);
}

fn commit_again(env: &mut Env) {
    env.write("a.csv", "5,6\n");
    commit_all(env, "second");
}

fn run(env: &mut Env, args: &[&str]) -> Option<Ran> {
    committed(env);
    Some(env.run(args))
}

fn newer_format(env: &mut Env) -> Option<Ran> {
    committed(env);
    let conn = Connection::open(env.path(".esker/state.db")).expect("open");
    conn.pragma_update(None, "user_version", 99).expect("pragma");
    drop(conn);
    Some(env.run(&["status"]))
}

fn ambiguous(env: &mut Env) -> Option<Ran> {
    env.ok(&["init"]);
    // Seventeen commits of which two begin alike in one digit do not help: four digits are the least.
    let mut seen: Vec<String> = Vec::new();
    for number in 0..2000 {
        let message = format!("attempt {number}");
        let done = env.json(&["commit", "--allow-empty", "-m", &message, "--json"]);
        let id = done["commit"].as_str().expect("an id").to_owned();
        if seen.iter().any(|other| other[..4] == id[..4]) {
            return Some(env.run(&["log", &id[..4]]));
        }
        seen.push(id);
    }
    panic!("no two of 2,000 commits begin alike")
}

fn deletion_staged(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.ok(&["rm", "a.csv"]);
    Some(env.run(&["restore", "a.csv"]))
}

fn folder_exists(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.write("e/d/x", "1");
    Some(env.run(&["mv", "-f", "d", "e"]))
}

fn outside_roots(env: &mut Env) -> Option<Ran> {
    env.write(".git/HEAD", "ref: refs/heads/main\n");
    env.write("a.csv", "1");
    env.ok(&["init"]);
    Some(env.run(&["add", "."]))
}

fn in_git_index(env: &mut Env) -> Option<Ran> {
    let mut git = std::process::Command::new("git");
    git.arg("init").arg("-q").current_dir(env.dir());
    if !git.status().is_ok_and(|status| status.success()) {
        crate::ran::skip("there is no git");
        return None;
    }
    env.write("a.csv", "1");
    let add =
        std::process::Command::new("git").args(["add", "a.csv"]).current_dir(env.dir()).status();
    assert!(add.expect("git runs").success());
    env.ok(&["init"]);
    Some(env.run(&["add", "a.csv"]))
}

fn author_missing(env: &mut Env) -> Option<Ran> {
    env.unset("ESKER_AUTHOR_NAME").unset("ESKER_AUTHOR_EMAIL");
    env.ok(&["init"]);
    Some(env.run(&["commit", "--allow-empty", "-m", "x"]))
}

fn nothing_staged(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.write("a.csv", "changed");
    Some(env.run(&["commit", "-m", "x"]))
}

fn not_merged(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.ok(&["switch", "-c", "labels"]);
    env.write("a.csv", "labels");
    commit_all(env, "labels");
    env.ok(&["switch", "main"]);
    Some(env.run(&["branch", "-d", "labels"]))
}

fn not_put_aside(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.ok(&["rm", "--cached", "a.csv"]);
    env.write("a.csv", "mine");
    Some(env.run(&["stash"]))
}

fn stash_conflicts(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.write("a.csv", "stashed");
    env.ok(&["stash"]);
    env.write("a.csv", "committed");
    commit_all(env, "second");
    Some(env.run(&["stash", "pop"]))
}

/// `main` and `side` have both changed `a.csv`, and `side` also `d/b.csv`.
fn parted(env: &mut Env) {
    committed(env);
    env.ok(&["switch", "-c", "side"]);
    env.write("a.csv", "theirs");
    env.write("d/b.csv", "theirs");
    commit_all(env, "theirs");
    env.ok(&["switch", "main"]);
    env.write("a.csv", "ours");
    commit_all(env, "ours");
}

fn in_merge(env: &mut Env, args: &[&str]) -> Option<Ran> {
    parted(env);
    assert_eq!(env.run(&["merge", "side"]).code, 4);
    Some(env.run(args))
}

/// `main` and `other` have no commit in common.
fn apart(env: &mut Env, args: &[&str]) -> Option<Ran> {
    committed(env);
    env.ok(&["switch", "--orphan", "other"]);
    env.write("c.csv", "5,6\n");
    commit_all(env, "other");
    env.ok(&["switch", "main"]);
    Some(env.run(args))
}

fn no_remote(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.ok(&["remote", "add", "origin", "shared"]);
    Some(env.run(&["fetch"]))
}

/// Pushes a commit to a folder.
fn pushed(env: &mut Env) {
    committed(env);
    env.ok(&["remote", "add", "origin", "shared"]);
    env.ok(&["push"]);
}

/// Pins `d` of what was pushed.
fn pinned(env: &mut Env) {
    pushed(env);
    env.ok(&["pin", "d"]);
}

fn lock(env: &mut Env, from: &str, to: &str) -> Option<Ran> {
    pinned(env);
    changed_lock(env, from, to)
}

/// Changes the lock file, then wants what it pins.
fn changed_lock(env: &mut Env, from: &str, to: &str) -> Option<Ran> {
    fs::remove_dir_all(env.path("d")).expect("remove");
    let text = fs::read_to_string(env.path("esker.lock")).expect("the lock file");
    env.write("esker.lock", text.replacen(from, to, 1));
    Some(env.run(&["get", "--locked"]))
}

fn lock_id(env: &mut Env, key: &str) -> Option<Ran> {
    pinned(env);
    let text = fs::read_to_string(env.path("esker.lock")).expect("the lock file");
    let line = text.lines().find(|line| line.starts_with(key)).expect("a line").to_owned();
    let digits = line.split('"').nth(1).expect("an id").len();
    changed_lock(env, &line, &format!("{key} = \"{}\"", "ab".repeat(digits / 2)))
}

fn damaged_there(env: &mut Env) -> Option<Ran> {
    pushed(env);
    for entry in walkdir::WalkDir::new(env.path("shared/table")) {
        let entry = entry.expect("an entry");
        if entry.file_type().is_file() {
            fs::write(entry.path(), "").expect("write");
        }
    }
    let mut ran = env.run(&["ls", "./shared"]);
    // The key is another one each time.
    let shown = |line: &str| match line.split_once("table/") {
        Some((before, after)) => {
            let rest = after.split_once(' ').map_or("", |(_, rest)| rest);
            format!("{before}table/… {rest}\n")
        }
        None => format!("{line}\n"),
    };
    ran.stderr = ran.stderr.lines().map(shown).collect();
    Some(ran)
}

fn would_overwrite(env: &mut Env) -> Option<Ran> {
    committed(env);
    env.write("a.csv", "second");
    commit_all(env, "second");
    env.write("a.csv", "unsaved");
    Some(env.run(&["checkout", "HEAD~1"]))
}

fn damaged(env: &mut Env) -> Option<Ran> {
    committed(env);
    for pack in crate::repo::files_in(env, "packs") {
        let mut bytes = fs::read(&pack).expect("read");
        let len = bytes.len();
        bytes[..len / 2].fill(0);
        fs::write(&pack, bytes).expect("write");
    }
    let mut ran = env.run(&["cat", "HEAD:a.csv"]);
    // Which pack is read first depends on their ids.
    ran.stderr = ran
        .stderr
        .lines()
        .map(|line| {
            line.split("is damaged:").next().unwrap_or(line).to_owned()
                + if line.contains("is damaged:") { "is damaged: …" } else { "" }
                + "\n"
        })
        .collect();
    Some(ran)
}

fn needs_rebuild(env: &mut Env) -> Option<Ran> {
    committed(env);
    fs::remove_file(env.path(".esker/state.db")).expect("remove");
    Some(env.run(&["status"]))
}

fn locked(env: &mut Env) -> Option<Ran> {
    committed(env);
    let conn = Connection::open(env.path(".esker/state.db")).expect("open");
    conn.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    Some(env.run(&["commit", "--allow-empty", "-m", "x"]))
}

fn interrupted(env: &mut Env) -> Option<Ran> {
    use std::io::Write;
    use std::process::{Command, Stdio};
    env.ok(&["init"]);
    let mut command = env.command(&["add", "-", "--name", "endless"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    let mut stdin = child.stdin.take().expect("standard input is a pipe");
    stdin.write_all(&[7; 1 << 20]).expect("the program reads");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status();
    assert!(kill.expect("kill runs").success());
    let ran = Ran::of(child.wait_with_output().expect("the program ends"));
    drop(stdin);
    Some(ran)
}

#[cfg(target_os = "linux")]
mod limits {
    use super::{Env, Ran, committed, fs};
    use crate::linux::{Namespace, without_privileges};

    pub fn full(env: &mut Env) -> Option<Ran> {
        let setup = r#"mount -t tmpfs -o size=6m tmpfs "$0""#;
        let disk = Namespace::new(setup, &env.dir())?;
        disk.shell(env, "head -c 4000000 /dev/urandom > a.bin");
        assert_eq!(disk.run(env, &["init"]).code, 0);
        Some(disk.run(env, &["add", "."]))
    }

    pub fn read_only(env: &mut Env) -> Option<Ran> {
        committed(env);
        let setup = r#"mount --bind "$0" "$0"; mount -o remount,bind,ro "$0""#;
        let disk = Namespace::new(setup, &env.dir())?;
        Some(disk.run(env, &["add", "."]))
    }

    pub fn permission(env: &mut Env) -> Option<Ran> {
        use std::os::unix::fs::PermissionsExt;
        env.write("a.csv", "1");
        fs::set_permissions(env.path("a.csv"), fs::Permissions::from_mode(0o0)).expect("chmod");
        let mut command = without_privileges(&env.command(&["hash", "a.csv"]))?;
        Some(Ran::of(command.output().expect("it starts")))
    }
}

const END_OF_WORD: [char; 7] = [' ', '\'', ',', '.', ':', '/', '-'];

/// A message without what differs from run to run.
fn normal(env: &Env, text: &str) -> String {
    let work = env.dir().canonicalize().expect("it is there").display().to_string();
    let text = text
        .replace(&work, "/home/ada/work")
        .replace(&env.dir().display().to_string(), "/home/ada/work");
    // A second worktree lies beside the first.
    let beside = std::path::Path::new(&work).parent().expect("a folder").display().to_string();
    let text = text.replace(&beside, "/home/ada");
    let is_id = |word: &str| {
        word.len() >= 4
            && word.chars().all(|c| c.is_ascii_hexdigit())
            && word.chars().any(|c| c.is_ascii_digit())
    };
    let words = text.split_inclusive(END_OF_WORD);
    let shown = words.map(|word| {
        let bare = word.trim_end_matches(END_OF_WORD);
        if is_id(bare) { format!("1a2b{}", &word[bare.len()..]) } else { word.to_owned() }
    });
    shown.collect()
}

fn row(out: &mut String, env: &Env, ran: &Ran, when: &str, code: i32) {
    let mut lines = ran.stderr.lines();
    let mut line = |mark: &str| lines.next().and_then(|line| line.strip_prefix(mark));
    let (message, hint) = (line("error: "), line("hint: "));
    let (Some(message), Some(hint), None, true) = (message, hint, line(""), ran.code == code)
    else {
        return complain(&format!("{when}: not a message, a hint and code {code}: {ran:?}"));
    };
    let cell = |text: &str| normal(env, text).replace('|', "\\|");
    let _ = writeln!(out, "| {when} | {} | {} | {code} |", cell(message), cell(hint));
}

#[test]
fn stale_errors() {
    let mut text = "# Errors\n\n<!-- Made by provoking each: ESKER_REFRESH=1 cargo test --test cli stale -->\n\n\
        Every failure is one line that says what failed and on what, and one that says what to do. With `--json` both are\n\
        in one document on standard error, with `kind` and `exit_code`. The exit codes are the same for all commands.\n\n\
        | when | error | hint | exit code |\n|---|---|---|---|\n".to_owned();
    let mut is_complete = true;
    // All at once: one of them waits for half a minute.
    let rows: Vec<Option<String>> = std::thread::scope(|scope| {
        let running: Vec<_> = CASES
            .iter()
            .map(|(_, when, provoke, code)| {
                scope.spawn(move || {
                    let mut env = Env::new();
                    let ran = provoke(&mut env)?;
                    let mut out = String::new();
                    row(&mut out, &env, &ran, when, *code);
                    Some(out)
                })
            })
            .collect();
        running.into_iter().map(|case| case.join().expect("the case holds")).collect()
    });
    for row in rows {
        match row {
            Some(row) => text.push_str(&row),
            None => is_complete = false,
        }
    }
    for (_, what) in NOT_PROVOKED {
        let _ = writeln!(text, "| {what} | | | 1 |");
    }
    if is_complete {
        assert_current("docs/reference/errors.md", &text);
    }
}

/// The names of an enum's variants.
fn variants(file: &str, name: &str) -> BTreeSet<String> {
    let source = fs::read_to_string(project(file)).expect("the errors");
    let file = syn::parse_file(&source).expect("the library compiles");
    let variants = file.items.iter().find_map(|item| match item {
        syn::Item::Enum(item) if item.ident == name => Some(&item.variants),
        _ => None,
    });
    variants.expect("the enum is there").iter().map(|variant| variant.ident.to_string()).collect()
}

#[test]
fn every_kind_of_error_is_in_the_catalogue() {
    let mut kinds = variants("src/ops/error.rs", "OpError");
    // It only hands on the kinds of another.
    assert!(kinds.remove("Pin"));
    kinds.extend(variants("src/ops/error/pins.rs", "PinError"));
    let mut known: BTreeSet<String> = CASES.iter().map(|case| case.0.to_owned()).collect();
    known.extend(NOT_PROVOKED.iter().map(|kind| kind.0.to_owned()));
    if cfg!(not(target_os = "linux")) {
        known.extend(["Full", "ReadOnly", "Permission"].map(str::to_owned));
    }
    let missing: Vec<_> = kinds.difference(&known).collect();
    if !missing.is_empty() {
        complain(&format!("add a case to CASES in tests/cli/errors.rs that provokes {missing:?}"));
    }
    let gone: Vec<_> = known.difference(&kinds).collect();
    if !gone.is_empty() {
        complain(&format!("{gone:?} are no errors any more"));
    }
}
