//! One tree of many small files in two versions, of which little differs.

use std::fs;
use std::path::Path;

use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome, data};

/// Files that the second version changes, each in a folder of its own.
const CHANGED: usize = 100;

/// `tree`.
pub fn run(bench: &Bench) -> Outcome {
    let pair = &bench.pair;
    let folder = bench.scratch.path().join("tree");
    let (ours, gits) = (folder.join("esker"), folder.join("git"));
    for (folder, is_git) in [(&ours, false), (&gits, true)] {
        fs::create_dir_all(folder)?;
        let command = |args: &[&str]| match is_git {
            true => pair.git(folder, args),
            false => pair.esker(folder, args),
        };
        step(command(&["init", "-q"]))?;
        data::small_files(folder, bench.args.files)?;
        record(&command, "first")?;
        change(folder, bench.args.files)?;
        record(&command, "second")?;
    }
    let n = bench.args.files;
    let path = "000";
    let same: &[(&str, &[&str])] = &[
        ("status", &["status", "--porcelain"]),
        ("diff of two commits, names", &["diff", "--name-status", "HEAD~1", "HEAD"]),
        (
            "diff of two commits in one folder",
            &["diff", "--name-only", "HEAD~1", "HEAD", "--", path],
        ),
        ("diff of stage and worktree", &["diff", "--name-status"]),
        ("branch", &["branch"]),
        ("log -- path", &["log", "--oneline", "--", path]),
    ];
    for (name, args) in same {
        let name = format!("{name}, {n} files");
        pair.compare(&name, Bar::Git, || pair.esker(&ours, args), || Some(pair.git(&gits, args)))?;
    }
    Ok(())
}

fn record(command: &impl Fn(&[&str]) -> std::process::Command, message: &str) -> Outcome {
    step(command(&["add", "."]))?;
    step(command(&["commit", "-q", "-m", message]))
}

fn change(folder: &Path, files: usize) -> Outcome {
    for i in 0..CHANGED.min(files) {
        fs::write(folder.join(format!("{:03}/{i:06}.bin", i % 1000)), format!("changed {i}\n"))?;
    }
    Ok(())
}
