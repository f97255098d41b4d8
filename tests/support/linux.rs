//! Conditions that only Linux can be asked for: other mounts, fewer rights.

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::env::{Env, Ran};
use crate::ran::skip;

fn is_root() -> bool {
    fs::metadata("/proc/self").is_ok_and(|m| m.uid() == 0)
}

/// A command that runs another one.
pub fn wrapped(by: &[&str], inner: &Command) -> Command {
    let mut command = Command::new(by[0]);
    command.args(&by[1..]).arg(inner.get_program()).args(inner.get_args()).env_clear();
    command.envs(inner.get_envs().filter_map(|(key, value)| Some((key, value?))));
    command.current_dir(inner.get_current_dir().expect("tests say where to run"));
    command.stdin(Stdio::null());
    command
}

/// A command whose process is denied what file modes deny, even where tests run as root. `None`, and
/// loudly so, where that cannot be had.
pub fn without_privileges(inner: &Command) -> Option<Command> {
    let by = ["setpriv", "--bounding-set=-all", "--inh-caps=-all"];
    if !is_root() {
        return Some(wrapped(&["env"], inner));
    }
    let works = Command::new(by[0]).args(&by[1..]).arg("true").status().is_ok_and(|s| s.success());
    if !works {
        skip("setpriv cannot take root's privileges");
    }
    works.then(|| wrapped(&by, inner))
}

/// A mount namespace: what is mounted in it is seen by runs in it only, and gone with it.
pub struct Namespace {
    holder: Child,
}

impl Namespace {
    /// Enters a new namespace and runs `setup` with the shell, `$0` being a folder. `None`, and loudly
    /// so, where that is not allowed.
    pub fn new(setup: &str, folder: &Path) -> Option<Self> {
        let flags: &[&str] = if is_root() { &["-m"] } else { &["-U", "-r", "-m"] };
        let script = format!("set -e; {setup}; echo ready; exec sleep 600");
        let mut command = Command::new("unshare");
        command.args(flags).args(["sh", "-c", &script]).arg(folder);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut holder) = command.spawn() else {
            skip("there is no program 'unshare'");
            return None;
        };
        let mut answer = [0; 5];
        let is_ready = holder.stdout.take().is_some_and(|mut o| o.read_exact(&mut answer).is_ok());
        if is_ready {
            return Some(Self { holder });
        }
        let mut complaint = String::new();
        if let Some(mut stderr) = holder.stderr.take() {
            let _ = stderr.read_to_string(&mut complaint);
        }
        let _ = holder.wait();
        skip(&format!("no namespace of mounts: {complaint}"));
        None
    }

    /// A command that is run inside.
    pub fn command(&self, inner: &Command) -> Command {
        let pid = self.holder.id().to_string();
        let folder = inner.get_current_dir().expect("tests say where to run");
        let folder = folder.to_str().expect("temporary folders are UTF-8");
        let flags = if is_root() { vec!["-m"] } else { vec!["-U", "-m", "--preserve-credentials"] };
        let mut by = vec!["nsenter", "-t", &pid];
        by.extend(flags);
        by.extend(["sh", "-c", r#"cd "$0" && exec "$@""#, folder]);
        wrapped(&by, inner)
    }

    /// Runs `esker` inside.
    pub fn run(&self, env: &Env, args: &[&str]) -> Ran {
        Ran::of(self.command(&env.command(args)).output().expect("nsenter starts"))
    }

    /// Runs a shell script inside, which must end with 0, in the folder that runs of `esker` start in.
    pub fn shell(&self, env: &Env, script: &str) -> String {
        let mut inner = Command::new("sh");
        inner.args(["-c", script]).current_dir(env.dir());
        inner.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let ran = Ran::of(self.command(&inner).output().expect("nsenter starts"));
        assert_eq!(ran.code, 0, "{script}: {ran:?}");
        ran.stdout
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
