//! Programs named `esker-NAME` on PATH, which are run as `esker NAME`.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use esker::ops::OpError;

const PREFIX: &str = "esker-";

/// A program that stands for a verb, and what it is to be given.
pub struct External {
    program: PathBuf,
    args: Vec<OsString>,
    directory: Option<OsString>,
}

/// The program that a command line with an unknown verb names; `None` where there is none.
///
/// Only `-C DIR` may stand before the name: everything after it is the program's.
pub fn find(args: &[OsString], error: &clap::Error) -> Option<External> {
    let ErrorKind::InvalidSubcommand = error.kind() else { return None };
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand) else {
        return None;
    };
    let (directory, at) = match args.get(1) {
        Some(flag) if flag == "-C" => (args.get(2).cloned(), 3),
        _ => (None, 1),
    };
    let name = args.get(at)?.to_str().filter(|name| name == unknown)?;
    let args = args[at + 1..].to_vec();
    Some(External { program: program(name)?, args, directory })
}

/// The program `esker-NAME`.
pub fn program(name: &str) -> Option<PathBuf> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    if !name.chars().all(is_plain) || name.is_empty() {
        return None;
    }
    let file = format!("{PREFIX}{name}{}", env::consts::EXE_SUFFIX);
    folders().map(|folder| folder.join(&file)).find(|path| is_program(path))
}

/// The names of all such programs, sorted.
pub fn names() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for entry in folders().filter_map(|folder| folder.read_dir().ok()).flatten().flatten() {
        let file = entry.file_name();
        let name = file.to_str().and_then(|file| file.strip_prefix(PREFIX));
        let name = name.and_then(|name| name.strip_suffix(env::consts::EXE_SUFFIX));
        if let Some(name) = name.filter(|name| !name.is_empty() && is_program(&entry.path())) {
            names.insert(name.to_owned());
        }
    }
    names
}

/// The folders of PATH. A relative one would make what runs depend on where one stands.
fn folders() -> impl Iterator<Item = PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders: Vec<PathBuf> = env::split_paths(&path).filter(|dir| dir.is_absolute()).collect();
    folders.into_iter()
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(not(unix))]
fn is_program(path: &Path) -> bool {
    path.is_file()
}

impl External {
    /// Runs the program in place of this one, and gives its exit code where that cannot be.
    pub fn run(self) -> Result<u8, OpError> {
        let mut command = Command::new(&self.program);
        command.args(&self.args);
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        // So that it can call back the program it was called by.
        command.envs(env::current_exe().map(|this| ("ESKER", this)));
        self::run(&mut command).map_err(|source| OpError::Io {
            op: "run",
            path: self.program,
            source,
        })
    }
}

#[cfg(unix)]
fn run(command: &mut Command) -> io::Result<u8> {
    use std::os::unix::process::CommandExt;
    Err(command.exec())
}

#[cfg(not(unix))]
fn run(command: &mut Command) -> io::Result<u8> {
    let code = command.status()?.code();
    Ok(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(super::report::FAILED))
}
