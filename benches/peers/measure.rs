//! Runs a command and tells what it cost.
//!
//! A few lines of Python start the command and read what `wait4` says about it: the one call
//! that counts all of its processes. `peak` is the largest single process.

use std::error::Error;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const WRAPPER: &str = r#"
import os, sys, time
start = time.perf_counter()
pid = os.posix_spawnp(sys.argv[2], sys.argv[2:], os.environ)
_, status, use = os.wait4(pid, 0)
wall = time.perf_counter() - start
unit = 1 if sys.platform == "darwin" else 1024
with open(sys.argv[1], "w") as out:
    out.write(f"{wall} {use.ru_utime + use.ru_stime} {use.ru_maxrss * unit}")
sys.exit(os.waitstatus_to_exitcode(status) & 255)
"#;

/// A program, its arguments and the folder it runs in.
#[derive(Clone, Debug)]
pub struct Step {
    argv: Vec<OsString>,
    folder: PathBuf,
}

impl Step {
    /// A step that runs `program` in `folder`, with the words of `arguments`.
    pub fn new(program: impl Into<OsString>, folder: &Path, arguments: &str) -> Self {
        let words = arguments.split_whitespace().map(OsString::from);
        let argv = std::iter::once(program.into()).chain(words).collect();
        Self { argv, folder: folder.to_owned() }
    }

    /// Adds one argument as it is.
    pub fn with(mut self, argument: impl Into<OsString>) -> Self {
        self.argv.push(argument.into());
        self
    }
}

/// What some steps cost together.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Wall-clock seconds.
    pub wall: f64,
    /// User and system seconds of all processes.
    pub cpu: f64,
    /// Greatest resident size of one process, in bytes.
    pub peak: f64,
}

/// Runs steps in one environment.
pub struct Runner {
    home: PathBuf,
}

impl Runner {
    /// Every step sees `home` as its home, with nothing in it but an identity for git.
    pub fn new(home: &Path) -> Result<Self, Box<dyn Error>> {
        fs::create_dir_all(home)?;
        // Work that git would go on with after its exit would be charged to the next command.
        let config = "[user]\nname = bench\nemail = bench@example.com\n\
                      [gc]\nautoDetach = false\n[maintenance]\nautoDetach = false\n";
        fs::write(home.join(".gitconfig"), config)?;
        fs::write(home.join("password"), "bench\n")?;
        Ok(Self { home: home.to_owned() })
    }

    /// Runs the steps one after the other; the first failure ends them.
    pub fn cost(&self, steps: &[Step]) -> Result<Cost, Box<dyn Error>> {
        let mut total = Cost::default();
        for step in steps {
            let cost = self.cost_of_one(step)?;
            total.wall += cost.wall;
            total.cpu += cost.cpu;
            total.peak = total.peak.max(cost.peak);
        }
        Ok(total)
    }

    fn cost_of_one(&self, step: &Step) -> Result<Cost, Box<dyn Error>> {
        let out = self.home.join("cost");
        let mut python = Command::new("python3");
        python.args(["-I", "-S", "-c", WRAPPER]).arg(&out).args(&step.argv);
        self.run(&mut python, step)?;
        let text = fs::read_to_string(&out)?;
        let figures: Vec<f64> =
            text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
        let [wall, cpu, peak] = figures[..] else { return Err("no cost was written".into()) };
        Ok(Cost { wall, cpu, peak })
    }

    fn run(&self, command: &mut Command, step: &Step) -> Result<(), Box<dyn Error>> {
        command
            .current_dir(&step.folder)
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("XDG_CACHE_HOME", self.home.join("cache"))
            .env("ESKER_AUTHOR_NAME", "bench")
            .env("ESKER_AUTHOR_EMAIL", "bench@example.com")
            .env("DVC_NO_ANALYTICS", "1")
            .env("DVC_SITE_CACHE_DIR", self.home.join("dvc-site"))
            .env("RESTIC_PASSWORD_FILE", self.home.join("password"))
            .env("RESTIC_PROGRESS_FPS", "0.01")
            .env("BORG_BASE_DIR", self.home.join("borg"))
            .env("BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK", "yes")
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let output = command.stderr(Stdio::piped()).output()?;
        if output.status.success() {
            return Ok(());
        }
        let message = String::from_utf8_lossy(&output.stderr);
        Err(format!("{:?} in {} failed: {message}", step.argv, step.folder.display()).into())
    }
}
