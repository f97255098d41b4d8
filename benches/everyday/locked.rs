//! A pinned tree on disk, checked beside `b3sum` of its files, which must be on the search path
//! (`cargo install b3sum`).

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::process::{Command, Stdio};

use crate::data;
use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome};

const SMALL_FILES: usize = 20_000;
const LARGE_FILES: u64 = 4;
const LARGE_BYTES: u64 = 250_000_000;

/// `locked`.
pub fn run(bench: &Bench) -> Outcome {
    let pair = &bench.pair;
    let folder = bench.scratch.path().join("locked");
    let (remote, user) = (bench.scratch.path().join("locked-remote"), folder.join("user"));
    fs::create_dir_all(folder.join("data"))?;
    fill(&folder.join("data"))?;
    let ours = |arguments: &str| {
        let words: Vec<&str> = arguments.split(' ').collect();
        pair.esker(&folder, &words)
    };
    step(ours("init -q"))?;
    step(ours(&format!("remote add origin {}", remote.display())))?;
    for arguments in ["add -q .", "commit -q -m data", "push -q", "pin data"] {
        step(ours(arguments))?;
    }
    fs::create_dir(&user)?;
    fs::rename(folder.join("esker.lock"), user.join("esker.lock"))?;
    step(pair.esker(&user, &["get", "-q", "--locked"]))?;
    let verify = |more: &[&str]| pair.esker(&user, &[&["verify", "--locked"], more].concat());
    let sums = || Some(b3sum(&user));
    pair.compare("verify --locked --data / b3sum", Bar::Git, || verify(&["--data"]), sums)?;
    pair.compare("verify --locked / b3sum", Bar::Seconds(0.1), || verify(&[]), sums)
}

fn b3sum(folder: &Path) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", "find data -type f -print0 | xargs -0 b3sum"]);
    command.current_dir(folder).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

fn fill(folder: &Path) -> Outcome {
    data::small_files(&folder.join("small"), SMALL_FILES)?;
    for n in 0..LARGE_FILES {
        let mut bytes = blake3::Hasher::new().update(&n.to_le_bytes()).finalize_xof();
        let mut bytes = Read::take(&mut bytes, LARGE_BYTES);
        io::copy(&mut bytes, &mut File::create(folder.join(format!("{n}.bin")))?)?;
    }
    Ok(())
}
