//! How long each local verb takes to do next to nothing, in a small repository.

use std::fs;

use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome};

/// A verb of ours, and git's counterpart where it has one.
const VERBS: &[(&[&str], Option<&[&str]>)] = &[
    (&["--version"], Some(&["--version"])),
    (&["status"], Some(&["status"])),
    (&["diff"], Some(&["diff"])),
    (&["diff", "HEAD~1", "HEAD"], Some(&["diff", "HEAD~1", "HEAD"])),
    (&["log", "--oneline"], Some(&["log", "--oneline"])),
    (&["log", "--", "a.txt"], Some(&["log", "--", "a.txt"])),
    (&["show"], Some(&["show"])),
    (&["ls"], Some(&["ls-tree", "HEAD"])),
    (&["cat", "HEAD:a.txt"], Some(&["cat-file", "-p", "HEAD:a.txt"])),
    (&["annotate"], None),
    (&["du"], None),
    (&["find", "*.txt"], None),
    (&["config", "--list"], Some(&["config", "--list"])),
    (&["branch"], Some(&["branch"])),
    (&["tag"], Some(&["tag"])),
    (&["reflog"], Some(&["reflog"])),
    (&["stats"], Some(&["count-objects"])),
];

/// `startup`.
pub fn run(bench: &Bench) -> Outcome {
    let pair = &bench.pair;
    let folder = bench.scratch.path().join("startup");
    let (ours, gits) = (folder.join("esker"), folder.join("git"));
    for (folder, is_git) in [(&ours, false), (&gits, true)] {
        fs::create_dir_all(folder)?;
        let command = |args: &[&str]| match is_git {
            true => pair.git(folder, args),
            false => pair.esker(folder, args),
        };
        step(command(&["init", "-q"]))?;
        for text in ["a\n", "b\n"] {
            fs::write(folder.join("a.txt"), text)?;
            step(command(&["add", "."]))?;
            step(command(&["commit", "-q", "-m", text]))?;
        }
    }
    for (args, git) in VERBS {
        pair.compare(
            &format!("startup, {}", args.join(" ")),
            Bar::Seconds(0.010),
            || pair.esker(&ours, args),
            || git.map(|git| pair.git(&gits, git)),
        )?;
    }
    Ok(())
}
