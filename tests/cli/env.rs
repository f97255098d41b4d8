//! A place to run `esker` in that depends on nothing but the test.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// 2024-05-31 14:00:00 UTC.
pub const NOW: i64 = 1_717_164_000;

/// A temporary folder, an empty environment, an author and a fixed time.
pub struct Env {
    root: TempDir,
    /// The folder that runs start in, below the temporary one.
    pub at: &'static str,
    /// The program that is run.
    pub program: PathBuf,
    variables: Vec<(String, String)>,
}

/// What one run gave.
#[derive(Debug)]
pub struct Ran {
    /// The exit code; a signal is a failure of the test.
    pub code: i32,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Env {
    /// An empty folder `work`, beside an empty home.
    pub fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary folder");
        for name in ["work", "home", "tmp"] {
            fs::create_dir(root.path().join(name)).expect("mkdir");
        }
        let path = |name: &str| root.path().join(name).display().to_string();
        let mut variables = vec![
            ("HOME".into(), path("home")),
            ("TMPDIR".into(), path("tmp")),
            ("ESKER_AUTHOR_NAME".into(), "Ada Lovelace".into()),
            ("ESKER_AUTHOR_EMAIL".into(), "ada@example.org".into()),
            ("ESKER_TEST_NOW".into(), format!("{NOW} 120")),
        ];
        // Windows cannot start a program without these.
        for name in ["PATH", "SystemRoot"] {
            variables.extend(std::env::var(name).map(|value| (name.to_string(), value)));
        }
        Self { root, at: "work", program: env!("CARGO_BIN_EXE_esker").into(), variables }
    }

    /// Sets a variable for the runs that follow.
    pub fn set(&mut self, name: &str, value: &str) -> &mut Self {
        self.unset(name);
        self.variables.push((name.to_string(), value.to_string()));
        self
    }

    /// Removes a variable.
    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.retain(|(key, _)| key != name);
        self
    }

    /// The folder that runs start in.
    pub fn dir(&self) -> PathBuf {
        self.root.path().join(self.at)
    }

    /// A path below it.
    pub fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.dir().join(path)
    }

    /// Writes a file below it, with the folders that lead to it.
    pub fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("mkdir");
        fs::write(path, bytes).expect("write");
    }

    /// The program, ready to run.
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().current_dir(self.dir());
        command.envs(self.variables.iter().map(|(key, value)| (key, value)));
        command.stdin(Stdio::null());
        command
    }

    /// Runs the program.
    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command(args).output().expect("the program starts"))
    }

    /// Runs the program with standard input.
    pub fn run_with(&self, args: &[&str], stdin: &[u8]) -> Ran {
        let mut command = self.command(args);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut pipe = child.stdin.take().expect("standard input is a pipe");
        // The program may end without reading all of it.
        let _ = pipe.write_all(stdin);
        drop(pipe);
        Ran::of(child.wait_with_output().expect("the program ends"))
    }

    /// Runs the program, which must end with 0, and gives its output.
    pub fn ok(&self, args: &[&str]) -> String {
        let ran = self.run(args);
        assert_eq!(ran.code, 0, "{args:?}: {}", ran.stderr);
        ran.stdout
    }

    /// Runs the program, which must end with 0, and gives its one JSON document.
    pub fn json(&self, args: &[&str]) -> Value {
        let text = self.ok(args);
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{args:?}: {e}: {text}"))
    }
}

impl Ran {
    /// What a run gave.
    pub fn of(output: Output) -> Self {
        let text =
            |bytes| String::from_utf8(bytes).unwrap_or_else(|_| panic!("output is not UTF-8"));
        let (stdout, stderr) = (text(output.stdout), text(output.stderr));
        let code = output.status.code().unwrap_or_else(|| panic!("{}: {stderr}", output.status));
        // Whatever a test provokes, a person never meets a defect's message.
        for text in ["panicked at", "internal error", "not built yet"] {
            assert!(!stderr.contains(text), "{stderr}");
        }
        Self { code, stdout, stderr }
    }

    /// Asserts exit code and what is on standard error, which is all that failures print.
    pub fn fails(&self, code: i32, stderr: &str) {
        assert_eq!((self.code, self.stderr.as_str()), (code, stderr), "stdout: {}", self.stdout);
        assert_eq!(self.stdout, "");
    }
}
