//! One or more runs of each command with `--json`, in the order of a working day.

use crate::env::{Env, Ran};

/// Command lines; those of one command may stand anywhere. `--json` is added. `!` writes a file instead.
const SAMPLES: &[&[&str]] = &[
    &["init"],
    &["status"],
    &["!a.csv", "x,y"],
    &["!d/b.csv", "1,2"],
    &["!d/c.csv", "3,4"],
    &["add", "-n", "."],
    &["add", "."],
    &["commit", "-m", "first", "--meta", "source=test"],
    &["!a.csv", "x,y,z"],
    &["!new", "1"],
    &["status"],
    &["status", "nowhere"],
    &["add", "a.csv"],
    &["status"],
    &["commit", "-m", "second"],
    &["log"],
    &["show"],
    &["show", "HEAD:d"],
    &["show", "HEAD:a.csv"],
    &["ls", "-R"],
    &["hash", "."],
    &["hash", "a.csv"],
    &["stats"],
    &["clean"],
    &["clean", "-f"],
    &["check-ignore", "a.csv"],
    &["!.eskerignore", "*.tmp"],
    &["check-ignore", "x.tmp"],
    &["mv", "-n", "a.csv", "b.csv"],
    &["mv", "a.csv", "b.csv"],
    &["rm", "-n", "b.csv"],
    &["rm", "b.csv"],
    &["rm", "-f", "b.csv"],
    &["restore", "-n", "--staged", "."],
    &["restore", "--staged", "."],
    &["restore", "-n", "."],
    &["restore", "."],
    &["checkout", "-n", "HEAD~1"],
    &["checkout", "HEAD~1"],
    &["checkout", "main"],
    &["branch", "labels"],
    &["branch", "-m", "labels", "labelled"],
    &["branch", "-v"],
    &["switch", "labelled"],
    &["switch", "-"],
    &["switch", "nowhere"],
    &["branch", "-d", "labelled"],
    &["tag", "v1"],
    &["tag", "-a", "v2", "-m", "second"],
    &["tag"],
    &["tag", "-d", "v1"],
    &["reset", "-n", "--hard", "HEAD"],
    &["reset", "--soft", "HEAD~1"],
    &["reset", "--hard", "HEAD@{1}"],
    &["!a.csv", "unsaved"],
    &["stash", "-m", "half"],
    &["stash", "list"],
    &["stash", "show"],
    &["stash", "pop"],
    &["reset", "--hard"],
    &["reflog"],
    &["reflog", "--names"],
    &["roots"],
    &["config", "core.jobs", "2"],
    &["config", "core.jobs"],
    &["config"],
    &["doctor"],
    &["fsck"],
    &["fsck", "--data"],
    &["fsck", "--rebuild"],
];

/// What each run printed, by its command.
pub fn printed() -> Vec<(&'static str, Ran)> {
    let env = Env::new();
    let mut printed = Vec::new();
    for sample in SAMPLES {
        match sample {
            [file, text] if file.starts_with('!') => env.write(&file[1..], text),
            args => printed.push((args[0], env.run(&[*args, &["--json"]].concat()))),
        }
    }
    printed
}
