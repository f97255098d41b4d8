//! Runs esker and reads from `/proc` what it cost.
//!
//! A process that ended and was not waited for still tells its processor time and its reads; its
//! memory is asked for while it runs, where the system keeps the greatest value.

use std::error::Error;
use std::fs;
use std::io::{self, BufWriter, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How often a running process is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// The kernel's unit of processor time, the same on every Linux of today.
const TICKS_PER_SECOND: f64 = 100.0;

/// The program under test.
pub struct Esker {
    bin: PathBuf,
    home: PathBuf,
}

/// What one process cost.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cost {
    /// Wall-clock seconds.
    pub wall: f64,
    /// User and system seconds.
    pub cpu: f64,
    /// Greatest resident size in bytes.
    pub peak: f64,
    /// Bytes read from files and pipes.
    pub read: u64,
}

impl Esker {
    /// The program at `bin`, which will take `home` for the user's folder.
    pub fn new(bin: PathBuf, home: PathBuf) -> Self {
        Self { bin, home }
    }

    /// A command in `folder`, its arguments separated by spaces, with nothing around it.
    pub fn command(&self, folder: &Path, arguments: &str) -> Command {
        let mut command = Command::new(&self.bin);
        command
            .args(arguments.split_whitespace())
            .current_dir(folder)
            .env("HOME", &self.home)
            .env("XDG_CONFIG_HOME", self.home.join("config"))
            .env("ESKER_AUTHOR_NAME", "bench")
            .env("ESKER_AUTHOR_EMAIL", "bench@example.com")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        command
    }

    /// Runs a command to its end.
    pub fn run(&self, folder: &Path, arguments: &str) -> Result<Cost, Box<dyn Error>> {
        self.start(folder, arguments)?.wait()
    }

    /// Runs a command that prints one JSON document.
    pub fn json(
        &self,
        folder: &Path,
        arguments: &str,
    ) -> Result<serde_json::Value, Box<dyn Error>> {
        let output = self.command(folder, arguments).stdout(Stdio::piped()).output()?;
        match output.status.success() {
            true => Ok(serde_json::from_slice(&output.stdout)?),
            false => Err(format!("esker {arguments}: {}", output.status).into()),
        }
    }

    /// Starts a command.
    pub fn start(&self, folder: &Path, arguments: &str) -> Result<Running, Box<dyn Error>> {
        Running::start(self.command(folder, arguments), arguments)
    }

    /// Makes `input` the file `name` of the next commit.
    pub fn add_stream(
        &self,
        folder: &Path,
        name: &str,
        mut input: impl Read + Send,
    ) -> Result<Cost, Box<dyn Error>> {
        let arguments = format!("add - --name {name}");
        let mut command = self.command(folder, &arguments);
        command.stdin(Stdio::piped());
        let mut running = Running::start(command, &arguments)?;
        let pipe = running.child.stdin.take().ok_or("no pipe")?;
        let mut pipe = BufWriter::with_capacity(1 << 20, pipe);
        thread::scope(|scope| {
            scope.spawn(move || io::copy(&mut input, &mut pipe));
            running.wait()
        })
    }

    /// A new repository in `folder`.
    pub fn init(&self, folder: &Path) -> Result<(), Box<dyn Error>> {
        self.run(folder, "init").map(drop)
    }
}

/// A process that runs.
pub struct Running {
    child: Child,
    what: String,
    started: Instant,
    peak: f64,
}

impl Running {
    fn start(mut command: Command, what: &str) -> Result<Self, Box<dyn Error>> {
        let started = Instant::now();
        Ok(Self { child: command.spawn()?, what: what.to_owned(), started, peak: 0.0 })
    }

    /// Waits for its end, which must be a good one.
    pub fn wait(mut self) -> Result<Cost, Box<dyn Error>> {
        while !self.has_ended() {
            thread::sleep(LOOK_EVERY);
        }
        let cost = self.cost();
        let status = self.child.wait()?;
        match status.success() {
            true => Ok(cost),
            false => Err(format!("esker {}: {status}", self.what).into()),
        }
    }

    /// Kills it once it has read so many bytes; returns what it had read.
    pub fn kill_after(mut self, bytes: u64) -> Result<u64, Box<dyn Error>> {
        loop {
            if self.has_ended() {
                return Err(format!("esker {} ended before it was killed", self.what).into());
            }
            if self.bytes_read() >= bytes {
                self.child.kill()?;
                while !self.has_ended() {
                    thread::sleep(LOOK_EVERY);
                }
                let read = self.bytes_read();
                self.child.wait()?;
                return Ok(read);
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn cost(&self) -> Cost {
        let wall = self.started.elapsed().as_secs_f64();
        let ticks = |n| self.stat_field(n).and_then(|t| t.parse::<f64>().ok()).unwrap_or(0.0);
        let cpu = (ticks(USER_TIME) + ticks(SYSTEM_TIME)) / TICKS_PER_SECOND;
        Cost { wall, cpu, peak: self.peak, read: self.bytes_read() }
    }

    /// Whether only the process's figures are left of it.
    fn has_ended(&mut self) -> bool {
        let kilobytes = self.value_in("status", "VmHWM:").unwrap_or(0);
        self.peak = self.peak.max(kilobytes as f64 * 1024.0);
        self.stat_field(STATE).is_none_or(|state| state == "Z")
    }

    fn bytes_read(&self) -> u64 {
        self.value_in("io", "rchar:").unwrap_or(0)
    }

    fn proc(&self, file: &str) -> Option<String> {
        fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).ok()
    }

    fn value_in(&self, file: &str, name: &str) -> Option<u64> {
        let text = self.proc(file)?;
        let line = text.lines().find_map(|line| line.strip_prefix(name))?;
        line.split_whitespace().next()?.parse().ok()
    }

    /// Field `n` of `stat`, counted from the one behind the name, which may hold spaces.
    fn stat_field(&self, n: usize) -> Option<String> {
        let text = self.proc("stat")?;
        let (_, fields) = text.rsplit_once(')')?;
        fields.split_whitespace().nth(n).map(str::to_owned)
    }
}

const STATE: usize = 0;
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;
/// Where in `/proc/self/stat`, behind the name, the times of ended children stand.
const CHILDREN_TIME: usize = 13;

/// Processor seconds of all processes that were started here and have ended.
pub fn seconds_of_children() -> Option<f64> {
    let text = fs::read_to_string("/proc/self/stat").ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let mut ticks = fields.split_whitespace().skip(CHILDREN_TIME).take(2);
    let (user, system): (f64, f64) = (ticks.next()?.parse().ok()?, ticks.next()?.parse().ok()?);
    Some((user + system) / TICKS_PER_SECOND)
}
