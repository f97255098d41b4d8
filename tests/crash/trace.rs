//! What a real process asks of the system, as `strace` sees it: SQLite's calls too. `strace` also ends
//! the process at a chosen call, or has the call fail: every step that changes a file is a place to do
//! so, and the program holds nothing that serves tests.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, Output};

use crate::env::Env;
use crate::linux::wrapped;
use crate::ran::skip;

/// Calls that change files, and those needed to know which and where.
const CALLS: &str = "openat,openat2,close,lseek,fcntl,write,writev,pwrite64,pwritev,ftruncate,\
                     fallocate,copy_file_range,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,\
                     symlink,symlinkat,unlink,unlinkat,rmdir,mkdir,mkdirat,fchmod,fchmodat,utimensat";

/// Calls that change something each time.
const CHANGES: [&str; 19] = [
    "write",
    "writev",
    "pwrite64",
    "ftruncate",
    "fallocate",
    "copy_file_range",
    "fsync",
    "fdatasync",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlinkat",
    "unlink",
    "unlinkat",
    "rmdir",
    "mkdir",
    "mkdirat",
];

/// One call that a process made.
#[derive(Clone, Debug)]
pub struct Call {
    /// The thread.
    pub thread: u32,
    /// Which call, as in `fsync`.
    pub name: String,
    /// The text between the parentheses.
    args: String,
    /// What it gave; `None` when the process did not live to see it.
    pub result: Option<i64>,
}

impl Call {
    /// The strings of the call: names, or bytes that are written.
    pub fn strings(&self) -> Vec<Vec<u8>> {
        self.args.split('"').skip(1).step_by(2).map(unhex).collect()
    }

    /// The descriptor and the path behind the argument at `index`, if it is one.
    pub fn descriptor(&self, index: usize) -> Option<(i32, PathBuf)> {
        let arg = self.args.split(", ").nth(index)?;
        let (number, rest) = arg.split_once('<')?;
        let path = unhex(rest.split('>').next()?);
        Some((number.parse().unwrap_or(-1), PathBuf::from(OsString::from_vec(path))))
    }

    /// A number among the arguments.
    pub fn number(&self, index: usize) -> Option<u64> {
        self.args.split(", ").nth(index)?.parse().ok()
    }

    /// The last argument, as a number.
    pub fn last_number(&self) -> Option<u64> {
        self.args.rsplit(", ").next()?.parse().ok()
    }

    /// Whether a flag is among the arguments.
    pub fn has(&self, flag: &str) -> bool {
        self.args.contains(flag)
    }

    /// The paths it names, with those of the folders that names are relative to put before them.
    pub fn paths(&self) -> Vec<PathBuf> {
        self.paths_as_named().iter().map(|path| without_dots(path)).collect()
    }

    fn paths_as_named(&self) -> Vec<PathBuf> {
        let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
        match self.name.as_str() {
            "rename" | "unlink" | "rmdir" | "mkdir" | "link" | "symlink" => {
                self.strings().into_iter().map(path).collect()
            }
            "openat" | "openat2" | "unlinkat" | "mkdirat" | "renameat" | "renameat2" | "linkat"
            | "fchmodat" | "utimensat" => {
                let names = self.strings();
                let folders = [0, 2].map(|index| self.descriptor(index));
                let join = |(folder, name): (Option<(i32, PathBuf)>, Vec<u8>)| {
                    folder.map(|(_, folder)| folder.join(path(name)))
                };
                folders.into_iter().zip(names).filter_map(join).collect()
            }
            "symlinkat" => {
                let (folder, name) = (self.descriptor(1), self.strings().pop());
                folder
                    .zip(name)
                    .map(|((_, folder), name)| folder.join(path(name)))
                    .into_iter()
                    .collect()
            }
            _ => self.descriptor(0).map(|(_, path)| path).into_iter().collect(),
        }
    }

    /// Whether it changes a file, a folder, or what of them survives a loss of power.
    pub fn is_change(&self) -> bool {
        CHANGES.contains(&self.name.as_str())
            || (self.name.starts_with("openat") && (self.has("O_CREAT") || self.has("O_TRUNC")))
    }

    /// The call and the kind of file that it is about: `fsync packs/*`.
    pub fn label(&self, root: &Path) -> String {
        let paths = self.paths();
        let name = if self.name.starts_with("openat") { "create" } else { &self.name };
        format!("{name} {}", paths.last().map(|path| kind_of(path, root)).unwrap_or_default())
    }
}

/// A path without `..`, as links are not followed by any.
fn without_dots(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(plain.pop()),
            part => plain.push(part),
        }
    }
    plain
}

/// A path with what differs from run to run left out.
fn kind_of(path: &Path, root: &Path) -> String {
    let Ok(path) = path.strip_prefix(root) else { return "elsewhere".to_owned() };
    let is_name = |text: &str| text.len() >= 12 && text.bytes().any(|b| b.is_ascii_digit());
    let parts = path.iter().map(|part| {
        let text = part.to_string_lossy().into_owned();
        let (stem, end) =
            text.split_once('.').filter(|(s, _)| !s.is_empty()).unwrap_or((&text, ""));
        match (is_name(stem), end) {
            (false, _) => text,
            (true, "") => "*".to_owned(),
            (true, end) => format!("*.{end}"),
        }
    });
    let shown = parts.collect::<Vec<_>>().join("/");
    if shown.is_empty() { "the folder".to_owned() } else { shown }
}

fn unhex(text: &str) -> Vec<u8> {
    let digits = |pair: &str| u8::from_str_radix(pair, 16).expect("strace writes all as hex");
    text.split("\\x").skip(1).map(digits).collect()
}

/// What a traced run was, and how it ended.
pub struct Traced {
    /// Its calls, in the order in which they ended.
    pub calls: Vec<Call>,
    /// Output, and exit status: that of the program.
    pub output: Output,
}

impl Traced {
    /// Calls that change something below `root`, with how often their thread had made such a call by
    /// then, itself included: this is how `strace` counts.
    pub fn points(&self, root: &Path) -> Vec<(u64, &Call)> {
        let mut counts = std::collections::HashMap::new();
        let mut points = Vec::new();
        for call in &self.calls {
            let count = counts.entry((call.thread, call.name.as_str())).or_insert(0);
            *count += 1;
            if call.is_change() && call.paths().iter().any(|path| path.starts_with(root)) {
                points.push((*count, call));
            }
        }
        points
    }
}

/// Whether there is a `strace` that may trace here; says loudly if not.
pub fn is_possible() -> bool {
    let run = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
    let works = run.is_ok_and(|output| output.status.success());
    if !works {
        skip("there is no strace that may trace");
    }
    works
}

/// Runs the program under `strace` with one expression that says what to do to which call.
pub fn run(env: &Env, args: &[&str], inject: Option<&str>) -> Traced {
    let log = env.dir().with_file_name("trace");
    let (log_text, what) = (log.display().to_string(), format!("trace={CALLS}"));
    let inject = inject.map(|inject| format!("inject={inject}"));
    let mut by = vec!["strace", "-f", "-y", "-xx", "-qq", "-s", "67108864", "-o", &log_text];
    by.extend(["-e", &what, "-e", "signal=none"]);
    by.extend(inject.iter().flat_map(|inject| ["-e", inject.as_str()]));
    let output = wrapped(&by, &env.command(args)).output().expect("strace starts");
    let text = fs::read_to_string(&log).expect("strace wrote its log");
    Traced { calls: parse(&text), output }
}

/// Reads a log; calls of several threads lie within one another.
fn parse(text: &str) -> Vec<Call> {
    let mut begun = std::collections::HashMap::new();
    let mut calls = Vec::new();
    for line in text.lines() {
        let Some((thread, rest)) = line.split_once(' ') else { continue };
        let thread: u32 = thread.parse().expect("a line begins with its thread");
        let rest = rest.trim_start();
        if let Some(start) = rest.strip_suffix(" <unfinished ...>") {
            begun.insert(thread, start.to_owned());
            continue;
        }
        let whole = match rest.strip_prefix("<... ") {
            Some(end) => {
                let end = end.split_once(" resumed>").map_or("", |(_, end)| end);
                begun.remove(&thread).unwrap_or_default() + end
            }
            None => rest.to_owned(),
        };
        calls.extend(parse_call(thread, &whole));
    }
    // Whoever was killed in a call has begun it.
    calls.extend(
        begun.iter().filter_map(|(thread, start)| parse_call(*thread, &format!("{start}) = ?"))),
    );
    calls
}

fn parse_call(thread: u32, text: &str) -> Option<Call> {
    let (name, rest) = text.split_once('(')?;
    let (args, result) = rest.rsplit_once(") ")?;
    let result = result.trim_start().strip_prefix("= ")?;
    let digits: String = result.chars().take_while(|c| c.is_ascii_digit() || *c == '-').collect();
    Some(Call { thread, name: name.to_owned(), args: args.to_owned(), result: digits.parse().ok() })
}
