//! The format page is enough: a reader written from it alone (`reader.py`) reads what esker writes,
//! and esker opens what it wrote when version 1 of the format was frozen.

mod dataset;
mod python;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dataset::Dataset;

/// Runs esker in `dir`, shut off from the machine's settings.
fn esker(dir: &Path, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_esker"));
    command.env_clear().env("HOME", dir).env("ESKER_AUTHOR_NAME", "Ada");
    command.env("ESKER_AUTHOR_EMAIL", "ada@example.org").env("NO_COLOR", "1");
    command.arg("-C").arg(dir).args(args).output().expect("esker starts")
}

/// Standard output of a command that must succeed.
fn done(output: Output) -> String {
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "exit {:?}: {error}", output.status.code());
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What `reader.py` prints: one line a file.
fn read_with_python(python: &Path, repository: &Path, revision: &str) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/reader.py");
    // `-B`: the source folder may not be writable.
    let args = [Path::new("-B"), &script, repository, Path::new(revision)];
    let output = Command::new(python).args(args).output().expect("python starts");
    done(output)
}

#[test]
fn the_reader_reads_a_fresh_repository() {
    let Some(python) = python::find() else { return };
    let dir = tempfile::tempdir().expect("temporary folder");
    let root = dir.path();
    done(esker(root, &["init"]));
    let mut dataset = Dataset::write_first(root);
    done(esker(root, &["add", "."]));
    let first = commit(root, "first");
    let expected_first = dataset.b3sums();
    dataset.write_second(root);
    done(esker(root, &["add", "-A"]));
    commit(root, "second");
    assert_eq!(read_with_python(&python, root, "HEAD"), dataset.b3sums());
    assert_eq!(read_with_python(&python, root, "main"), dataset.b3sums());
    assert_eq!(read_with_python(&python, root, &first), expected_first);
}

fn commit(root: &Path, message: &str) -> String {
    let text = done(esker(root, &["commit", "-m", message, "--json"]));
    let document: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    document["commit"].as_str().expect("an id").to_owned()
}

#[test]
fn the_reader_refuses_every_flipped_byte() {
    let Some(python) = python::find() else { return };
    let dir = tempfile::tempdir().expect("temporary folder");
    let root = dir.path();
    done(esker(root, &["init"]));
    fs::write(root.join("f"), "some text").expect("write");
    done(esker(root, &["add", "."]));
    commit(root, "one");
    let good = read_with_python(&python, root, "HEAD");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/flips.py");
    let output = Command::new(&python).arg("-B").arg(script).arg(root).output();
    let report = done(output.expect("python starts"));
    assert_eq!(report.lines().last(), Some("every flip was refused"), "{good}{report}");
}

/// A copy of the frozen repository that may be written to.
fn fixture() -> tempfile::TempDir {
    let from = fixture_dir().join("esker");
    let dir = tempfile::tempdir().expect("temporary folder");
    copy(&from, &dir.path().join(".esker"));
    dir
}

fn fixture_dir() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/format/fixture-v1")
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("create");
    for entry in fs::read_dir(from).expect("the fixture is there") {
        let entry = entry.expect("readable");
        let to = to.join(entry.file_name());
        if entry.file_type().expect("type").is_dir() {
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).expect("copy");
        }
    }
}

/// The frozen revisions, oldest first, each with what b3sum printed of its files.
fn frozen() -> Vec<(String, String)> {
    let text = fs::read_to_string(fixture_dir().join("b3sums.txt")).expect("readable");
    let mut revisions: Vec<(String, String)> = Vec::new();
    for line in text.lines() {
        match line.strip_prefix("commit ") {
            Some(id) => revisions.push((id.to_owned(), String::new())),
            None => {
                let files = &mut revisions.last_mut().expect("a commit comes first").1;
                files.push_str(line);
                files.push('\n');
            }
        }
    }
    revisions
}

#[test]
fn the_reader_reads_the_frozen_repository() {
    let Some(python) = python::find() else { return };
    let dir = fixture();
    let revisions = frozen();
    for (commit, files) in &revisions {
        assert_eq!(read_with_python(&python, dir.path(), commit), *files);
    }
    let newest = &revisions.last().expect("at least one").1;
    assert_eq!(read_with_python(&python, dir.path(), "HEAD"), *newest);
}

#[test]
fn esker_opens_the_frozen_repository() {
    let dir = fixture();
    done(esker(dir.path(), &["fsck", "--data"]));
    let log = done(esker(dir.path(), &["log", "--json"]));
    let id = |line: &str| {
        let entry: serde_json::Value = serde_json::from_str(line).expect("JSON");
        entry["commit"].as_str().expect("an id").to_owned()
    };
    let mut commits: Vec<String> = log.lines().map(id).collect();
    commits.reverse();
    let revisions = frozen();
    assert_eq!(commits, revisions.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>());
    for (commit, files) in revisions {
        assert_eq!(b3sums_by_cat(dir.path(), &commit, &files), files);
    }
}

/// The same lines, made of what `esker cat` gives.
fn b3sums_by_cat(root: &Path, commit: &str, files: &str) -> String {
    let line = |line: &str| {
        let (_, path) = line.split_once("  ").expect("a line of b3sum");
        let output = esker(root, &["cat", &format!("{commit}:{path}")]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        format!("{}  {path}\n", blake3::hash(&output.stdout))
    };
    files.lines().map(line).collect()
}

#[test]
fn a_lost_database_is_rebuilt_from_the_frozen_packs() {
    let dir = fixture();
    let esker_dir = dir.path().join(".esker");
    fs::remove_file(esker_dir.join("state.db")).expect("remove");
    fs::remove_dir_all(esker_dir.join("tables")).expect("remove");
    done(esker(dir.path(), &["fsck", "--rebuild"]));
    done(esker(dir.path(), &["fsck", "--data"]));
    let (commit, files) = frozen().pop().expect("at least one");
    assert_eq!(b3sums_by_cat(dir.path(), &commit, &files), files);
    assert_eq!(b3sums_by_cat(dir.path(), "HEAD", &files), files);
}

#[test]
fn esker_opens_the_frozen_repository_with_the_second_format_of_the_database() {
    let from = fixture_dir().with_file_name("fixture-state-v2").join("esker");
    let dir = tempfile::tempdir().expect("temporary folder");
    copy(&from, &dir.path().join(".esker"));
    let log = done(esker(dir.path(), &["log", "--oneline", "main"]));
    let is_forgotten: Vec<bool> = log.lines().map(|line| line.contains("[forgotten]")).collect();
    assert_eq!(is_forgotten, [false, true, false], "{log}");
    let numbers = |n: u32| format!("version {n}\n").repeat(100);
    assert_eq!(done(esker(dir.path(), &["cat", "main:number"])), numbers(3));
    assert_eq!(done(esker(dir.path(), &["cat", "kept:number"])), numbers(1));
    assert_eq!(esker(dir.path(), &["cat", "main~1:number"]).status.code(), Some(1));
    let worktrees = done(esker(dir.path(), &["worktree"]));
    let side = worktrees.lines().nth(1).expect("two worktrees");
    assert!(side.contains("/data/side") && side.ends_with(" side, not there"), "{worktrees}");
    done(esker(dir.path(), &["gc", "--grace", "0"]));
    done(esker(dir.path(), &["fsck", "--data"]));
}

#[test]
fn esker_opens_the_frozen_repository_with_the_third_format_of_the_database() {
    let from = fixture_dir().with_file_name("fixture-state-v3").join("esker");
    let dir = tempfile::tempdir().expect("temporary folder");
    copy(&from, &dir.path().join(".esker"));
    assert_eq!(done(esker(dir.path(), &["log", "--oneline"])).lines().count(), 2);
    assert_eq!(done(esker(dir.path(), &["sparse"])), "kept\n");
    assert_eq!(done(esker(dir.path(), &["status", "-s"])), " D kept\n");
    done(esker(dir.path(), &["restore", "."]));
    assert_eq!(done(esker(dir.path(), &["status", "-s"])), "");
    assert_eq!(done(esker(dir.path(), &["cat", "HEAD:kept/number"])), "kept 3\n".repeat(20_000));
    assert_eq!(esker(dir.path(), &["cat", "HEAD:left/number"]).status.code(), Some(12));
    done(esker(dir.path(), &["gc", "--grace", "0"]));
    let checked = done(esker(dir.path(), &["fsck", "--data"]));
    assert!(
        checked.contains("3 file contents (") && checked.contains("before 1 commit"),
        "{checked}"
    );
}

/// A copy of the frozen repositories `one` and `two` on a shared store.
fn fixture_on_a_store() -> tempfile::TempDir {
    let from = fixture_dir().with_file_name("fixture-state-v4");
    let dir = tempfile::tempdir().expect("temporary folder");
    copy(&from.join("store"), &dir.path().join("store"));
    for name in ["one", "two"] {
        copy(&from.join(name), &dir.path().join(name).join(".esker"));
    }
    dir
}

/// What both have: their files, a worktree of the first, a stash of the second.
fn assert_all_there(dir: &Path) {
    for name in ["one", "two"] {
        let at = dir.join(name);
        done(esker(&at, &["fsck", "--data"]));
        assert_eq!(done(esker(&at, &["cat", "HEAD:both"])), "both\n".repeat(10_000));
        assert_eq!(done(esker(&at, &["cat", "HEAD:own"])), format!("{name}\n").repeat(10_000));
    }
    let aside = done(esker(&dir.join("two"), &["cat", "stash@{0}:own"]));
    assert_eq!(aside, "put aside\n".repeat(10_000));
    let worktrees = done(esker(&dir.join("one"), &["worktree"]));
    assert!(worktrees.contains("/data/side") && worktrees.contains("not there"), "{worktrees}");
}

#[test]
fn esker_opens_frozen_repositories_on_a_shared_store() {
    let dir = fixture_on_a_store();
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    // The notes in the store name places that are nowhere; what cannot be asked stops the collection.
    let told = done(esker(&one, &["gc", "--grace", "0", "--reflog", "0"]));
    assert!(told.contains("nothing was dropped, for /data/two cannot be asked"), "{told}");
    done(esker(&two, &["status"]));
    let listed = done(esker(&one, &["store"]));
    assert!(listed.contains("2 repositories") && !listed.contains("cannot be read"), "{listed}");
    done(esker(&one, &["gc", "--grace", "0", "--reflog", "0"]));
    done(esker(&two, &["repack", "--grace", "0"]));
    assert_all_there(dir.path());
    fs::write(two.join("more"), "more").expect("write");
    done(esker(&two, &["add", "more"]));
    commit(&two, "more");
    assert_all_there(dir.path());
}

#[test]
fn lost_databases_of_a_frozen_shared_store_are_rebuilt() {
    for lost in ["store", "one/.esker", "two/.esker"] {
        let dir = fixture_on_a_store();
        let (one, two) = (dir.path().join("one"), dir.path().join("two"));
        done(esker(&one, &["status"]));
        done(esker(&two, &["status"]));
        for name in ["state.db", "state.db-wal", "state.db-shm"] {
            let _ = fs::remove_file(dir.path().join(lost).join(name));
        }
        let at = if lost.starts_with("two") { &two } else { &one };
        assert_eq!(esker(at, &["status"]).status.code(), Some(5), "{lost}");
        done(esker(at, &["fsck", "--rebuild"]));
        for at in [&one, &two] {
            done(esker(at, &["fsck", "--data"]));
            assert_eq!(done(esker(at, &["cat", "HEAD:both"])), "both\n".repeat(10_000));
        }
        done(esker(&one, &["gc", "--grace", "0"]));
        done(esker(&two, &["fsck", "--data"]));
    }
}

/// Lines of b3sum in the order of paths, which compare component by component.
fn lines_of(files: &BTreeMap<Vec<String>, Vec<u8>>) -> String {
    let line = |(path, bytes): (&Vec<String>, &Vec<u8>)| {
        format!("{}  {}\n", blake3::hash(bytes), path.join("/"))
    };
    files.iter().map(line).collect()
}
