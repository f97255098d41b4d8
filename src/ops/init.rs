//! `init`: makes a repository.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, OpError, encode};
use crate::fsio;
use crate::refs::RefNote;
use crate::repo::{self, RepoPaths};
use crate::worktree::git;

/// What to make.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// The folder to hold the data; the start directory when absent. Made where it is missing.
    pub path: Option<PathBuf>,
    /// The folder of a shared store for its packs; made where it is missing.
    pub store: Option<PathBuf>,
}

/// What was made.
#[derive(Clone, Debug, Serialize)]
pub struct InitOutcome {
    /// The `.esker` directory.
    #[serde(serialize_with = "encode::path")]
    pub dir: PathBuf,
    /// False when it was there already.
    pub created: bool,
    /// Whether the folder is inside a git checkout, where esker looks at data roots only.
    pub inside_git: bool,
    /// The folder of the shared store that has its packs.
    #[serde(serialize_with = "encode::optional_path")]
    pub store: Option<PathBuf>,
    /// What the person should know, such as locks that do not work on this file system.
    pub warning: Option<String>,
}

/// Makes a repository, or says that there is one.
pub fn run(ctx: &Context, options: &InitOptions) -> Result<InitOutcome, OpError> {
    let dir = match &options.path {
        Some(path) => fsio::without_dots(&ctx.start_dir.join(path)),
        None => ctx.start_dir.clone(),
    };
    fsio::create_dirs(&dir)?;
    let dir = std::path::absolute(&dir)
        .map_err(|e| OpError::from(crate::fsio::FsError::new("find", &dir, e)))?;
    let paths = match &ctx.esker_dir {
        Some(esker) => RepoPaths::new(dir.clone(), ctx.start_dir.join(esker)),
        None => RepoPaths::of_root(&dir),
    };
    let paths = paths.linked()?;
    if paths.link.is_some() {
        let (dir, inside_git) = (paths.dir, git::find_checkout(&dir).is_some());
        let store = super::sharing::of(&dir)?;
        return Ok(InitOutcome { dir, created: false, inside_git, store, warning: None });
    }
    let note = RefNote {
        who: String::new(),
        time: ctx.now.seconds,
        tz_minutes: i32::try_from(ctx.now.offset_minutes).unwrap_or(0),
        message: "init".to_owned(),
    };
    let store = options.store.as_ref().map(|dir| super::sharing::for_new(ctx, &paths, dir));
    let made = repo::init(&paths, store.transpose()?, &note)?;
    Ok(InitOutcome {
        store: super::sharing::of(&paths.dir)?,
        dir: paths.dir,
        created: made.is_new,
        inside_git: git::find_checkout(&dir).is_some(),
        warning: made.warning.map(str::to_owned),
    })
}
