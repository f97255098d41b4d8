//! A Python with the two packages the reader needs, in a virtual environment below the target folder.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

const PACKAGES: [&str; 2] = ["blake3>=1,<2", "zstandard>=0.22,<1"];
/// Set to make a missing Python, or registry, a failure.
const REQUIRED: &str = "ESKER_REQUIRE_PYTHON";

/// The interpreter, or `None` after a loud word on stderr.
pub fn find() -> Option<PathBuf> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    match FOUND.get_or_init(make) {
        Ok(python) => Some(python.clone()),
        Err(why) => {
            assert!(std::env::var_os(REQUIRED).is_none(), "{REQUIRED} is set, but {why}");
            // Not eprintln: that is captured, and nobody would see that the test did not run.
            let _ = writeln!(std::io::stderr(), "SKIPPED: the reader in Python did not run: {why}");
            None
        }
    }
}

fn make() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("format-python");
    let fail = |e: std::io::Error| format!("{} cannot be used: {e}", folder.display());
    fs::create_dir_all(&folder).map_err(fail)?;
    // Two runs at once must not install into the same folder.
    let lock = File::create(folder.join("lock")).map_err(fail)?;
    lock.lock().map_err(fail)?;
    let environment = folder.join("venv");
    let python = environment.join(if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" });
    if !imports(&python) {
        let _ = fs::remove_dir_all(&environment);
        let system = if cfg!(windows) { "python" } else { "python3" };
        run(Command::new(system).args(["-m", "venv"]).arg(&environment))?;
        let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check"];
        run(Command::new(&python).args(pip).args(PACKAGES))?;
    }
    match imports(&python) {
        true => Ok(python),
        false => Err("the packages installed cannot be imported".to_owned()),
    }
}

fn imports(python: &Path) -> bool {
    let output = Command::new(python).args(["-c", "import blake3, zstandard"]).output();
    output.is_ok_and(|o| o.status.success())
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!("{command:?}");
    let output = command.output().map_err(|e| format!("{shown} did not start: {e}"))?;
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{shown} failed: {}", String::from_utf8_lossy(&output.stderr).trim())),
    }
}
