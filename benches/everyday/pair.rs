//! Runs esker and git in turn and compares how long each takes.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Outcome;

/// A bound that a figure is held to.
#[derive(Clone, Copy)]
pub enum Bar {
    /// No slower than git.
    Git,
    /// No more seconds than this.
    Seconds(f64),
}

/// Both programs, with nothing around them.
pub struct Pair {
    esker: PathBuf,
    home: PathBuf,
    runs: usize,
}

impl Pair {
    /// `home` is the user's folder; each command is run `runs` times.
    pub fn new(esker: PathBuf, home: PathBuf, runs: usize) -> Self {
        Self { esker, home, runs }
    }

    /// An esker command in a folder.
    pub fn esker(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new(&self.esker);
        command.args(args);
        self.at(command, folder)
    }

    /// A git command in a folder.
    pub fn git(&self, folder: &Path, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.args(args);
        self.at(command, folder)
    }

    fn at(&self, mut command: Command, folder: &Path) -> Command {
        command
            .current_dir(folder)
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        for (variable, value) in [
            ("ESKER_AUTHOR_NAME", "bench"),
            ("ESKER_AUTHOR_EMAIL", "bench@example.com"),
            ("GIT_AUTHOR_NAME", "bench"),
            ("GIT_AUTHOR_EMAIL", "bench@example.com"),
            ("GIT_COMMITTER_NAME", "bench"),
            ("GIT_COMMITTER_EMAIL", "bench@example.com"),
            // A commit that starts upkeep waits for it: it would go on in the background, on one of the processors,
            // while both are timed.
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "gc.autoDetach"),
            ("GIT_CONFIG_VALUE_0", "false"),
        ] {
            command.env(variable, value);
        }
        command
    }

    /// Takes turns, and prints the line of the medians. A command of git's may be missing.
    pub fn compare(
        &self,
        name: &str,
        bar: Bar,
        mut esker: impl FnMut() -> Command,
        mut git: impl FnMut() -> Option<Command>,
    ) -> Outcome {
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..self.runs.max(1) {
            if let Some(command) = git() {
                theirs.push(seconds(command)?);
            }
            ours.push(seconds(esker())?);
        }
        let (ours, theirs) = (median(ours), median(theirs));
        let ratio = ours / theirs;
        let (bar, is_met) = match bar {
            Bar::Git => ("<= git".to_owned(), ratio <= 1.0),
            Bar::Seconds(most) => (format!("<= {} ms", most * 1e3), ours <= most),
        };
        let verdict = if is_met { "pass" } else { "MISS" };
        let (ours, theirs) = (ours * 1e3, theirs * 1e3);
        println!("{name} | {ours:.1} ms | {theirs:.1} ms | {ratio:.2} | {bar} | {verdict}");
        // A scenario takes minutes: whoever watches wants each figure at once.
        Ok(io::stdout().flush()?)
    }
}

/// Runs a command, which must succeed.
pub fn run(mut command: Command) -> Outcome {
    let status = command.status()?;
    match status.success() {
        true => Ok(()),
        false => Err(format!("{command:?}: {status}").into()),
    }
}

fn seconds(command: Command) -> Outcome<f64> {
    let started = Instant::now();
    run(command)?;
    Ok(started.elapsed().as_secs_f64())
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}
