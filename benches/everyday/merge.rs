//! A merge of two branches, each of which changed a few files of one large tree.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome, data};

/// Files that each branch changes, each in a folder of its own.
const CHANGED: usize = 10;

/// `merge`.
pub fn run(bench: &Bench) -> Outcome {
    let (pair, n) = (&bench.pair, bench.args.files);
    let folder = bench.scratch.path().join("merge");
    let (ours, gits) = (folder.join("esker"), folder.join("git"));
    prepare(&ours, n, &|args: &[&str]| pair.esker(&ours, args))?;
    prepare(&gits, n, &|args: &[&str]| pair.git(&gits, args))?;
    let name = format!("merge, {CHANGED} changed on each side, {n} files");
    let bar = if n >= 1_000_000 { Bar::Seconds(1.0) } else { Bar::Git };
    let args = ["merge", "-q", "-m", "merged", "side"];
    // What is timed is the merge alone: before each run the one before is taken back.
    let back = |command: Command| step(command).unwrap_or_else(|e| panic!("{e}"));
    pair.compare(
        &name,
        bar,
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
