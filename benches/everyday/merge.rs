//! A merge of two branches, each of which changed a few files of one large tree.
//!
//! Of a million files only those that change are made, and git is not asked: it would need all of them, in
//! twice the room. A merge of ours looks at no other file, which is what is to be shown.

use std::fs;
use std::path::Path;
use std::process::Command;

use esker::object::access::MemoryObjects;
use esker::ops::OpError;
use esker::refs::{RefTarget, branch_ref};
use esker::store::objects::ObjectWriter;

use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome, data, direct};

/// Files that each branch changes, each in a folder of its own.
const CHANGED: usize = 10;

/// So many files are not all made.
const LARGE: usize = 1_000_000;

/// `merge`.
pub fn run(bench: &Bench) -> Outcome {
    let (pair, n) = (&bench.pair, bench.args.files);
    let folder = bench.scratch.path().join("merge");
    let (ours, gits) = (folder.join("esker"), folder.join("git"));
    if n >= LARGE {
        return run_large(bench, &ours);
    }
    prepare(&ours, n, &|args: &[&str]| pair.esker(&ours, args))?;
    prepare(&gits, n, &|args: &[&str]| pair.git(&gits, args))?;
    let name = format!("merge, {CHANGED} changed on each side, {n} files");
    let args = ["merge", "-q", "-m", "merged", "side"];
    // What is timed is the merge alone: before each run the one before is taken back.
    let back = |command: Command| step(command).unwrap_or_else(|e| panic!("{e}"));
    pair.compare(
        &name,
        Bar::Git,
        || {
            back(pair.esker(&ours, &["reset", "-q", "--hard", "before"]));
            pair.esker(&ours, &args)
        },
        || {
            back(pair.git(&gits, &["reset", "-q", "--hard", "before"]));
            Some(pair.git(&gits, &args))
        },
    )
}

fn run_large(bench: &Bench, ours: &Path) -> Outcome {
    let (pair, n) = (&bench.pair, bench.args.files);
    prepare_large(ours, n, &|args: &[&str]| pair.esker(ours, args))?;
    let name = format!("merge, {CHANGED} changed on each side, {n} files");
    let back = |command: Command| step(command).unwrap_or_else(|e| panic!("{e}"));
    let args = ["merge", "-q", "-m", "merged", "side"];
    pair.compare(
        &name,
        Bar::Seconds(1.0),
        || {
            back(pair.esker(ours, &["reset", "-q", "before"]));
            for i in 0..CHANGED {
                fs::remove_file(ours.join(path(i))).unwrap_or_else(|e| panic!("{e}"));
            }
            pair.esker(ours, &args)
        },
        || None,
    )
}

fn path(i: usize) -> String {
    format!("{:03}/{i:06}.bin", i % 1000)
}

/// The same branches as [`prepare`] makes, written as they are stored.
fn prepare_large(folder: &Path, files: usize, command: &dyn Fn(&[&str]) -> Command) -> Outcome {
    fs::create_dir_all(folder)?;
    step(command(&["init", "-q"]))?;
    let changed = |i: usize| (path(i), format!("changed {i}\n"));
    for (path, content) in (0..2 * CHANGED).map(changed) {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().ok_or("a file is in a folder")?)?;
        fs::write(file, content)?;
    }
    // So that the bytes of what is merged are there.
    step(command(&["add", "."]))?;
    step(command(&["commit", "-q", "-m", "data"]))?;
    step(command(&["checkout", "-q", "-b", "data"]))?;
    let repo = direct::open(folder)?;
    let session = repo.store.start_session()?;
    let mut writer = ObjectWriter::new(&repo.store, &session, 1, false)?;
    let mut memory = MemoryObjects::new();
    let all = (0..files).map(|i| (path(i), format!("file {i}\n")));
    let base = direct::write_tree(&mut memory, &mut writer, None, all)?;
    let root = direct::write_commit(&mut writer, base, Vec::new(), 0)?;
    let mut side = |first: usize, number: usize| {
        let files = (first..first + CHANGED).map(changed);
        let tree = direct::write_tree(&mut memory, &mut writer, Some(base), files)?;
        direct::write_commit(&mut writer, tree, vec![root], number)
    };
    let (theirs, ours) = (side(0, 1)?, side(CHANGED, 2)?);
    let packs = writer.finish()?;
    repo.store.publish(packs, &Default::default(), |tx| {
        for (name, commit) in [("side", theirs), ("work", ours), ("before", ours)] {
            let name = branch_ref(name).map_err(|e| OpError::Other(e.into()))?;
            tx.set_ref(&name, None, RefTarget::Commit(commit), &direct::note())?;
        }
        Ok::<_, OpError>(())
    })?;
    // HEAD moves, the worktree stays as it is.
    step(command(&["reset", "-q", "--soft", "work"]))?;
    step(command(&["reset", "-q", "work"]))
}

/// Two branches that have parted: `side`, and the one that is checked out, which `before` names too.
fn prepare(folder: &Path, files: usize, command: &dyn Fn(&[&str]) -> Command) -> Outcome {
    fs::create_dir_all(folder)?;
    step(command(&["init", "-q"]))?;
    data::small_files(folder, files)?;
    step(command(&["add", "."]))?;
    step(command(&["commit", "-q", "-m", "base"]))?;
    step(command(&["checkout", "-q", "-b", "side"]))?;
    record(folder, command, (files, 0))?;
    step(command(&["checkout", "-q", "-"]))?;
    record(folder, command, (files, CHANGED))?;
    step(command(&["branch", "before"]))
}

fn record(
    folder: &Path,
    command: &dyn Fn(&[&str]) -> Command,
    (files, first): (usize, usize),
) -> Outcome {
    for i in (first..first + CHANGED).filter(|i| *i < files) {
        fs::write(folder.join(format!("{:03}/{i:06}.bin", i % 1000)), format!("changed {i}\n"))?;
    }
    step(command(&["add", "."]))?;
    step(command(&["commit", "-q", "-m", "changed"]))
}
