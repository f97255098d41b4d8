//! esker and the programs it is compared with, each as the commands of one job.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::install;
use crate::measure::Step;

/// One program, ready to work in a folder of its own.
pub struct Tool {
    /// Name in the report.
    pub name: &'static str,
    /// Its version, as it says.
    pub version: String,
    /// Everything of this tool lies below.
    pub folder: PathBuf,
    /// Where the corpus is put for it, and where `restore` brings it back.
    pub data: PathBuf,
    /// Its store: what counts as stored.
    pub store: PathBuf,
    /// Makes an empty repository. Not timed.
    pub init: Vec<Step>,
    /// Records the data as a new version.
    pub record: Vec<Step>,
    /// Answers whether anything changed.
    pub status: Vec<Step>,
    /// Adds what did not change; empty where `status` does that.
    pub add_again: Vec<Step>,
    /// Brings the last version back after the data was deleted.
    pub restore: Vec<Step>,
}

impl Tool {
    /// A tool that keeps its repository in the folder that holds the data.
    fn beside(name: &'static str, version: String, folder: PathBuf, store: &str) -> Self {
        Self {
            name,
            version,
            data: folder.join("data"),
            store: folder.join(store),
            folder,
            init: Vec::new(),
            record: Vec::new(),
            status: Vec::new(),
            add_again: Vec::new(),
            restore: Vec::new(),
        }
    }
}

/// The named tools that can be had. One that cannot is told about and left out.
pub fn find(names: &[String], cache: &Path, work: &Path) -> Vec<Tool> {
    let mut tools = Vec::new();
    for name in names {
        match tool(name, cache, work) {
            Ok(tool) => tools.push(tool),
            Err(error) => eprintln!("without {name}: {error}"),
        }
    }
    tools
}

fn tool(name: &str, cache: &Path, work: &Path) -> Result<Tool, Box<dyn Error>> {
    let folder = work.join(name);
    let on_path = || install::on_path(name).ok_or("not installed");
    match name {
        "esker" => esker(folder),
        "dvc" => Ok(dvc(install::dvc(cache)?, folder)),
        "restic" => Ok(restic(install::restic(cache)?, folder)),
        "git" => Ok(git(on_path()?, folder)),
        "borg" => Ok(borg(on_path()?, folder)),
        "oxen" => Ok(oxen(install::oxen(cache)?, folder)),
        "cp" => Ok(copy(on_path()?, folder)),
        _ => Err("not a known tool".into()),
    }
}

fn esker(folder: PathBuf) -> Result<Tool, Box<dyn Error>> {
    let built = option_env!("CARGO_BIN_EXE_esker").map(PathBuf::from);
    let program = std::env::var_os("ESKER_BIN").map(PathBuf::from).or(built);
    let program = program.ok_or("set ESKER_BIN to its path")?;
    let step = |arguments| Step::new(&program, &folder, arguments);
    Ok(Tool {
        init: vec![step("init")],
        record: vec![step("add ."), step("commit -m m")],
        status: vec![step("status")],
        add_again: vec![step("add .")],
        restore: vec![step("restore .")],
        ..Tool::beside("esker", install::version(&program, "--version"), folder.clone(), ".esker")
    })
}

/// As DVC's tutorial has it, with git for the history. Its default link type: a reflink where the
/// file system has them, else a copy.
fn dvc(program: PathBuf, folder: PathBuf) -> Tool {
    let step = |arguments| Step::new(&program, &folder, arguments);
    let git = |arguments| Step::new("git", &folder, arguments);
    Tool {
        init: vec![git("init -q"), step("init -q"), git("commit -q -m init")],
        record: vec![step("add -q data"), git("add data.dvc .gitignore"), git("commit -q -m m")],
        status: vec![step("status -q")],
        add_again: vec![step("add -q data")],
        restore: vec![step("checkout -q")],
        ..Tool::beside("dvc", install::version(&program, "--version"), folder.clone(), ".dvc/cache")
    }
}

/// Without its cache: the repository is as near as the cache would be.
fn restic(program: PathBuf, folder: PathBuf) -> Tool {
    let step = |arguments| Step::new(&program, &folder, arguments);
    Tool {
        init: vec![step("-q --no-cache -r repo init")],
        record: vec![step("-q --no-cache -r repo backup data")],
        status: vec![step("-q --no-cache -r repo backup data")],
        restore: vec![step("-q --no-cache -r repo restore latest --target .")],
        ..Tool::beside("restic", install::version(&program, "version"), folder.clone(), "repo")
    }
}

fn git(program: PathBuf, folder: PathBuf) -> Tool {
    let step = |arguments| Step::new(&program, &folder, arguments);
    Tool {
        init: vec![step("init -q")],
        record: vec![step("add ."), step("commit -q -m m")],
        status: vec![step("status")],
        add_again: vec![step("add .")],
        restore: vec![step("checkout -q -- .")],
        ..Tool::beside("git", install::version(&program, "--version"), folder.clone(), ".git")
    }
}

fn borg(program: PathBuf, folder: PathBuf) -> Tool {
    let step = |arguments| Step::new(&program, &folder, arguments);
    let create = || step("create repo::{now:%H%M%S%f} data");
    // An archive is named for extraction; the one made last is the one wanted.
    let restore = "borg extract repo::$(borg list --short --last 1 repo)";
    Tool {
        init: vec![step("init -e none repo")],
        record: vec![create()],
        status: vec![create()],
        restore: vec![Step::new("sh", &folder, "-c").with(restore)],
        ..Tool::beside("borg", install::version(&program, "--version"), folder.clone(), "repo")
    }
}

/// Through its Python package, which is what a registry has of it in built form. Starting Python
/// and loading the package takes most of a second a command, and is part of the figure.
fn oxen(python: PathBuf, folder: PathBuf) -> Tool {
    let step = |call: &str| {
        let script = format!("import oxen; repo = oxen.Repo('.'); {call}");
        Step::new(&python, &folder, "-c").with(script)
    };
    Tool {
        init: vec![step("oxen.user.config_user('bench', 'bench@example.com'); repo.init()")],
        record: vec![step("repo.add('.'); repo.commit('m')")],
        status: vec![step("repo.status()")],
        restore: vec![step("repo.restore('data')")],
        ..Tool::beside("oxen", install::oxen_version(&python), folder.clone(), ".oxen")
    }
}

/// Two plain copies: the floor for storing and for bringing back.
fn copy(program: PathBuf, folder: PathBuf) -> Tool {
    let step = |arguments| Step::new(&program, &folder, arguments);
    Tool {
        record: vec![step("-r data store")],
        restore: vec![step("-r store data")],
        ..Tool::beside("cp", install::version(&program, "--version"), folder.clone(), "store")
    }
}
