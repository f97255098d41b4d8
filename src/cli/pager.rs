//! The pager: the program that long output is read in, on a terminal.
//!
//! Which one: `ESKER_PAGER`, the setting `core.pager`, `PAGER`, or else `less`, as git chooses; an empty
//! name and `cat` are none. One that cannot be started is none either: the output goes to the terminal.
//! A pager that was closed early has taken all that was wanted.

use std::env;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

use esker::ops::Context;
use esker::ops::config::{self, ConfigAction, ConfigOptions, ConfigScope};

use super::signal;

/// Used where nothing names another.
const DEFAULT: &str = "less";

/// A pager that runs, and the pipe to it.
pub struct Pager {
    child: Child,
    stdin: ChildStdin,
}

impl Pager {
    /// Starts the pager that a person wants, if standard output is a terminal.
    pub fn start(context: &Context) -> Option<Self> {
        if !io::stdout().is_terminal() {
            return None;
        }
        let name = wanted(context)?;
        signal::listen();
        let mut child = command(&name).stdin(Stdio::piped()).spawn().ok()?;
        let stdin = child.stdin.take().expect("the pipe was asked for");
        signal::keep_running_on_second_interrupt();
        Some(Self { child, stdin })
    }

    /// Ends its input and waits until it is left.
    pub fn finish(self) {
        let Self { mut child, stdin } = self;
        drop(stdin);
        // How it ends says nothing about what was done.
        let _ = child.wait();
    }
}

impl Write for Pager {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.stdin.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stdin.flush()
    }
}

/// The pager's command line; `None` where none is wanted.
fn wanted(context: &Context) -> Option<String> {
    let setting = || {
        let action = ConfigAction::Get("core.pager".to_string());
        let options = ConfigOptions { action, scope: ConfigScope::default() };
        config::run(context, &options).ok()?.entries.pop().map(|entry| entry.value)
    };
    let named = env::var("ESKER_PAGER").ok().or_else(setting).or_else(|| env::var("PAGER").ok());
    let name = named.unwrap_or_else(|| DEFAULT.to_owned());
    Some(name).filter(|name| !matches!(name.trim(), "" | "cat"))
}

/// The command, run by the shell, so that it may have arguments. `less` is told to quit when all fits
/// on one screen, to pass on colours, and to leave the text where it is, unless a person has told it
/// otherwise.
fn command(name: &str) -> Command {
    let mut command = if cfg!(windows) {
        let mut words = name.split_whitespace();
        let mut command = Command::new(words.next().unwrap_or(name));
        command.args(words);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", name]);
        command
    };
    for (variable, value) in [("LESS", "FRX"), ("LV", "-c")] {
        if env::var_os(variable).is_none() {
            command.env(variable, value);
        }
    }
    command
}
