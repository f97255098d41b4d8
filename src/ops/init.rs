//! `init`: makes a repository.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, OpError, encode};

/// What to make.
#[derive(Clone, Debug, Default)]
pub struct InitOptions {
    /// The folder to hold the data; the start directory when absent. Made where it is missing.
    pub path: Option<PathBuf>,
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
    /// What the person should know, such as locks that do not work on this file system.
    pub warning: Option<String>,
}

/// Makes a repository; safe to repeat.
pub fn run(_ctx: &Context, _options: &InitOptions) -> Result<InitOutcome, OpError> {
    Err(OpError::NotBuilt)
}
