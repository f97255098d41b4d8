//! Finds the peers, or installs a release of each from its registry.

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Named, because what a module proxy calls the newest version may be years old.
const RESTIC: &str = "v0.18.1";

/// DVC in a Python environment below `cache`.
pub fn dvc(cache: &Path) -> Result<PathBuf, Box<dyn Error>> {
    Ok(python_environment(cache, "dvc", &["dvc"])?.join("dvc"))
}

/// The Python that has Oxen's package, below `cache`.
pub fn oxen(cache: &Path) -> Result<PathBuf, Box<dyn Error>> {
    Ok(python_environment(cache, "oxen", &["oxenai"])?.join("python"))
}

/// The version of the package a Python has.
pub fn oxen_version(python: &Path) -> String {
    let script = "import importlib.metadata as m; print(m.version('oxenai'))";
    first_number(Command::new(python).args(["-c", script]))
}

/// The programs of an environment that has the packages, made if it is not there yet.
pub fn python_environment(
    cache: &Path,
    name: &str,
    packages: &[&str],
) -> Result<PathBuf, Box<dyn Error>> {
    let (folder, ready) = (cache.join(name), cache.join(name).join("ready"));
    let programs = folder.join("bin");
    if !ready.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
        run(Command::new(programs.join("pip")).args(["install", "-q"]).args(packages))?;
        fs::write(ready, "")?;
    }
    Ok(programs)
}

/// restic built by Go below `cache`.
pub fn restic(cache: &Path) -> Result<PathBuf, Box<dyn Error>> {
    const PACKAGE: &str = "github.com/restic/restic/cmd/restic";
    let bin = cache.join("bin");
    let restic = bin.join("restic");
    if !restic.exists() {
        fs::create_dir_all(&bin)?;
        restic_at(RESTIC, PACKAGE, cache, &restic)?;
    }
    Ok(restic)
}

/// Builds one version as a tool of an empty module, which asks the proxy for no list of versions.
fn restic_at(
    version: &str,
    package: &str,
    cache: &Path,
    restic: &Path,
) -> Result<(), Box<dyn Error>> {
    let module = cache.join("restic-build");
    fs::create_dir_all(&module)?;
    let text = format!(
        "module build\n\ngo 1.24\n\ntool {package}\n\nrequire github.com/restic/restic {version}\n"
    );
    fs::write(module.join("go.mod"), text)?;
    run(Command::new("go").args(["mod", "tidy"]).current_dir(&module))?;
    run(Command::new("go").args(["build", "-o"]).arg(restic).arg(package).current_dir(&module))
}

/// A program of the search path.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

/// The version a program prints, without its name.
pub fn version(program: &Path, flag: &str) -> String {
    first_number(Command::new(program).arg(flag))
}

fn first_number(command: &mut Command) -> String {
    let output = command.output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let text = text.unwrap_or_default();
    let mut words = text.lines().next().unwrap_or_default().split_whitespace();
    let number = |word: &&str| word.starts_with(|first: char| first.is_ascii_digit());
    words.find(number).unwrap_or("?").to_owned()
}

fn run(command: &mut Command) -> Result<(), Box<dyn Error>> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let message = String::from_utf8_lossy(&output.stderr);
    Err(format!("{command:?}: {}", message.lines().last().unwrap_or("failed")).into())
}
