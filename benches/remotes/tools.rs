//! What each tool does: prepared once, then up and down as often as asked, each time from nothing.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::corpus::{self, Content};
use crate::measure::{Cost, Runner, Step};
use crate::server::Server;
use crate::{ALL_DATA, ALL_PACKS, Found, Taken, install};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the tools share.
pub struct Bench {
    pub source: PathBuf,
    pub runner: Runner,
    pub cache: PathBuf,
    pub work: PathBuf,
    pub server: Server,
    pub runs: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Esker,
    Rclone,
    Dvc,
    Restic,
}

impl Tool {
    /// rclone after esker, whose packs it copies.
    pub const ALL: &[Self] = &[Self::Esker, Self::Rclone, Self::Dvc, Self::Restic];

    pub fn name(self) -> &'static str {
        match self {
            Self::Esker => "esker",
            Self::Rclone => "rclone",
            Self::Dvc => "dvc",
            Self::Restic => "restic",
        }
    }
}

/// One run of a job.
type Job = (&'static str, Taken);

/// What two steps took together.
fn both(first: Cost, second: Cost) -> Cost {
    Cost {
        wall: first.wall + second.wall,
        cpu: first.cpu + second.cpu,
        peak: first.peak.max(second.peak),
    }
}

/// Where esker's packs of the last run lie, as rclone names it.
const PACKS: &str = "x:bench/esker-0";

impl Bench {
    pub fn measure(&self, tool: Tool, content: &Content) -> Outcome<Found> {
        let folder = self.work.join(tool.name());
        fs::create_dir_all(&folder)?;
        let found = match tool {
            Tool::Esker => self.esker(&folder, content),
            Tool::Rclone => self.rclone(&folder),
            Tool::Dvc => self.dvc(&folder, content),
            Tool::Restic => self.restic(&folder, content),
        };
        corpus::remove(&folder)?;
        found
    }

    /// A step that knows the server.
    fn step(&self, program: impl AsRef<Path>, folder: &Path, arguments: &str) -> Step {
        let start = Step::new("env", folder, "");
        let start = self.server.variables().into_iter().fold(start, Step::with);
        let start = start.with(program.as_ref());
        arguments.split_whitespace().fold(start, |step, word| step.with(word))
    }

    /// Runs steps, and tells what the server did meanwhile too.
    fn taken(&self, steps: &[Step]) -> Outcome<Taken> {
        let before = self.server.cpu();
        let cost = self.runner.cost(steps)?;
        Ok(Taken { cost, server: self.server.cpu() - before })
    }

    fn esker(&self, folder: &Path, content: &Content) -> Outcome<Found> {
        let built = option_env!("CARGO_BIN_EXE_esker").map(PathBuf::from);
        let program = std::env::var_os("ESKER_BIN").map(PathBuf::from).or(built);
        let program = program.ok_or("set ESKER_BIN to its path")?;
        let mut jobs: Vec<(&'static str, Vec<Taken>)> = Vec::new();
        for run in 0..self.runs {
            let url = format!("s3://bench/esker-{run}");
            let up = self.esker_up(&program, folder, &url)?;
            let down = self.esker_down(&program, folder, &url, content)?;
            for (job, taken) in up.into_iter().chain(down) {
                match jobs.iter_mut().find(|(name, _)| *name == job) {
                    Some((_, runs)) => runs.push(taken),
                    None => jobs.push((job, vec![taken])),
                }
            }
            self.purge(&format!("x:bench/esker-{run}-tagged"))?;
            if run > 0 {
                self.purge(&format!("x:bench/esker-{run}"))?;
            }
        }
        let notes = vec![self.requests(&program, folder)?];
        Ok(Found { jobs, notes })
    }

    /// Commits and pushes; once more to a remote that gets a tag and no branch.
    fn esker_up(&self, program: &Path, folder: &Path, url: &str) -> Outcome<Vec<Job>> {
        let repo = folder.join("repo");
        corpus::remove(&repo)?;
        corpus::copy(&self.source, &repo)?;
        let step = |arguments: &str| self.step(program, &repo, arguments);
        let remote = |name: &str, url: &str| step(&format!("remote add {name} {url} --no-check"));
        self.runner.cost(&[step("init"), remote("origin", url)])?;
        let recorded = self.runner.cost(&[step("add ."), step("commit -m m")])?;
        let pushed = self.taken(&[step("push -q")])?;
        let tagged = remote("tagged", &format!("{url}-tagged"));
        self.runner.cost(&[step("tag v1"), tagged, step("push -q tagged v1")])?;
        corpus::remove(&repo)?;
        let whole = Taken { cost: both(recorded, pushed.cost), server: pushed.server };
        Ok(vec![("add, commit, push", whole), ("push", pushed)])
    }

    /// Clones in all the ways there are, and compares what came.
    fn esker_down(
        &self,
        program: &Path,
        folder: &Path,
        url: &str,
        content: &Content,
    ) -> Outcome<Vec<Job>> {
        let copy = folder.join("copy");
        let clone = |url: &str, more: &str| {
            self.step(program, folder, &format!("clone -q {url} copy {more}"))
        };
        let packs = self.taken(&[clone(&format!("{url}-tagged"), "")])?;
        corpus::remove(&copy)?;
        let history = self.taken(&[clone(url, "--no-checkout")])?;
        let rest = self.taken(&[self.step(program, &copy, "fetch -q --all-data")])?;
        let server = history.server + rest.server;
        let data = Taken { cost: both(history.cost, rest.cost), server };
        corpus::remove(&copy)?;
        let whole = self.taken(&[clone(url, "")])?;
        corpus::remove(&copy.join(".esker"))?;
        content.check(&copy)?;
        corpus::remove(&copy)?;
        let history = ("clone of history", history);
        Ok(vec![history, (ALL_DATA, data), (ALL_PACKS, packs), ("clone", whole)])
    }

    /// Requests and bytes of a push and a clone, as esker counts them.
    fn requests(&self, program: &Path, folder: &Path) -> Outcome<String> {
        let (repo, copy) = (folder.join("repo"), folder.join("copy"));
        corpus::copy(&self.source, &repo)?;
        let run = |at: &Path, arguments: &str| -> Outcome<serde_json::Value> {
            let mut command = Command::new(program);
            let variables = self.server.variables();
            command.envs(variables.iter().filter_map(|v| v.split_once('='))).current_dir(at);
            command
                .env("ESKER_AUTHOR_NAME", "bench")
                .env("ESKER_AUTHOR_EMAIL", "bench@example.com");
            let output = command.args(arguments.split_whitespace()).output()?;
            Ok(serde_json::from_slice(&output.stdout).unwrap_or_default())
        };
        run(&repo, "init")?;
        run(&repo, "remote add origin s3://bench/esker-requests --no-check")?;
        run(&repo, "add .")?;
        run(&repo, "commit -m m")?;
        let pushed = run(&repo, "push --json")?;
        corpus::remove(&repo)?;
        let cloned = run(folder, "clone s3://bench/esker-requests copy --json")?;
        corpus::remove(&copy)?;
        self.purge("x:bench/esker-requests")?;
        let count = |of: &serde_json::Value, bytes: &str| {
            let (requests, bytes) = (&of["requests"], of[bytes].as_f64().unwrap_or(f64::NAN));
            let number = requests.as_f64().unwrap_or(f64::NAN);
            format!(
                "{requests} requests of {:.1} MB ({:.0} a GB)",
                bytes / 1e6,
                number / bytes * 1e9
            )
        };
        Ok(format!(
            "push: {}; clone: {}",
            count(&pushed, "sent_bytes"),
            count(&cloned, "received_bytes")
        ))
    }

    fn purge(&self, place: &str) -> Outcome<()> {
        let step = self.rclone_step(&self.work, &format!("purge {place}"));
        self.runner.cost(&[step]).map(drop)
    }

    fn rclone_step(&self, folder: &Path, arguments: &str) -> Step {
        let arguments = format!("--config /dev/null --s3-no-check-bucket {arguments}");
        self.step(&self.server.rclone, folder, &arguments)
    }

    fn rclone(&self, folder: &Path) -> Outcome<Found> {
        let step = |arguments: &str| self.rclone_step(folder, arguments);
        self.runner.cost(&[step(&format!("copy {PACKS} packs"))])?;
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for _ in 0..self.runs {
            up.push(self.taken(&[step("copy packs x:bench/copied")])?);
            corpus::remove(&folder.join("packs"))?;
            down.push(self.taken(&[step("copy x:bench/copied packs")])?);
            self.purge("x:bench/copied")?;
        }
        self.purge(PACKS)?;
        Ok(Found { jobs: vec![("up", up), ("down", down)], notes: Vec::new() })
    }

    fn dvc(&self, folder: &Path, content: &Content) -> Outcome<Found> {
        let program = install::python_environment(&self.cache, "dvc-s3", &["dvc[s3]"])?.join("dvc");
        corpus::copy(&self.source, &folder.join("data"))?;
        let step = |arguments: &str| self.step(&program, folder, arguments);
        let git = |arguments| Step::new("git", folder, arguments);
        self.runner.cost(&[
            git("init -q"),
            step("init -q"),
            step("add -q data"),
            git("add data.dvc .gitignore"),
            git("commit -q -m m"),
        ])?;
        let (mut push, mut pull) = (Vec::new(), Vec::new());
        for run in 0..self.runs {
            let url = self.server.url();
            self.runner.cost(&[
                step(&format!("remote add -q -f -d r s3://bench/dvc-{run}")),
                step(&format!("remote modify -q r endpointurl {url}")),
            ])?;
            push.push(self.taken(&[step("push -q")])?);
            corpus::remove(&folder.join(".dvc/cache"))?;
            corpus::remove(&folder.join("data"))?;
            pull.push(self.taken(&[step("pull -q")])?);
            content.check(&folder.join("data"))?;
            self.purge(&format!("x:bench/dvc-{run}"))?;
        }
        Ok(Found { jobs: vec![("push", push), ("pull", pull)], notes: Vec::new() })
    }

    /// Its cache of metadata is as it comes; its bytes are those of the server.
    fn restic(&self, folder: &Path, content: &Content) -> Outcome<Found> {
        let program = install::restic(&self.cache)?;
        let data = folder.join("data");
        let (mut backup, mut restore) = (Vec::new(), Vec::new());
        for run in 0..self.runs {
            corpus::copy(&self.source, &data)?;
            let at = format!("-q --no-cache -r s3:{}/bench/restic-{run}", self.server.url());
            let step = |arguments: &str| self.step(&program, folder, &format!("{at} {arguments}"));
            self.runner.cost(&[step("init")])?;
            backup.push(self.taken(&[step("backup data")])?);
            corpus::remove(&data)?;
            restore.push(self.taken(&[step("restore latest --target .")])?);
            content.check(&data)?;
            corpus::remove(&data)?;
            self.purge(&format!("x:bench/restic-{run}"))?;
        }
        Ok(Found { jobs: vec![("backup", backup), ("restore", restore)], notes: Vec::new() })
    }
}
