//! `config`: settings and where they come from.

pub use crate::config::check_rate;
use serde::Serialize;

use super::convert::config_error;
use super::{Context, OpError};
use crate::config::{Config, Setting, edit};
use crate::repo::RepoPaths;
use std::path::PathBuf;

/// What to do with settings.
#[derive(Clone, Debug)]
pub struct ConfigOptions {
    /// What to do.
    pub action: ConfigAction,
    /// Which file to change. Reading looks at all layers.
    pub scope: ConfigScope,
}

/// What to do with settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigAction {
    /// Give all settings.
    List,
    /// Give one.
    Get(String),
    /// Set a key to a value.
    Set(String, String),
    /// Remove a key from a file.
    Unset(String),
}

/// The file that a change goes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfigScope {
    /// The person's.
    User,
    /// The repository's.
    #[default]
    Repository,
    /// The machine's.
    System,
    /// The one of this repository on this machine, never shared.
    Local,
}

/// Settings in force.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ConfigOutcome {
    /// All settings, the one asked for, or the one changed; empty when it is not set.
    pub entries: Vec<ConfigEntry>,
}

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConfigEntry {
    /// The dotted key.
    pub key: String,
    /// Its value as text.
    pub value: String,
    /// Where it comes from: `default`, `file <path>`, `environment <name>` or `flag`.
    pub origin: String,
}

/// Lists, gets, sets or unsets settings.
pub fn run(ctx: &Context, options: &ConfigOptions) -> Result<ConfigOutcome, OpError> {
    let paths = ctx.find_repo().ok();
    let config = Config::load(&ctx.config_files(paths.as_ref()), &ctx.env, &ctx.flags)
        .map_err(config_error)?;
    let entries = match &options.action {
        ConfigAction::List => config.list().map(|(key, s)| entry(key, s)).collect(),
        ConfigAction::Get(key) => vec![entry(key, config.get(key).ok_or_else(|| unset(key))?)],
        ConfigAction::Set(key, value) => {
            let file = file_of(ctx, options.scope, paths.as_ref())?;
            edit::set(&file, key, value).map_err(config_error)?;
            Vec::new()
        }
        ConfigAction::Unset(key) => {
            let file = file_of(ctx, options.scope, paths.as_ref())?;
            if !edit::unset(&file, key).map_err(config_error)? {
                return Err(unset(key));
            }
            Vec::new()
        }
    };
    Ok(ConfigOutcome { entries })
}

fn entry(key: &str, setting: &Setting) -> ConfigEntry {
    let (value, origin) = (setting.value.clone(), setting.origin.to_string());
    ConfigEntry { key: key.to_owned(), value, origin }
}

fn unset(key: &str) -> OpError {
    OpError::Config { at: key.to_owned(), detail: "it is not set".to_owned() }
}

/// The file of a scope; its folder is made when it is missing.
fn file_of(
    ctx: &Context,
    scope: ConfigScope,
    paths: Option<&RepoPaths>,
) -> Result<PathBuf, OpError> {
    let files = ctx.config_files(paths);
    let file = match scope {
        ConfigScope::System => files.system,
        ConfigScope::User => files.user,
        ConfigScope::Repository | ConfigScope::Local => files.repository,
    };
    let Some(file) = file else {
        return Err(match scope {
            ConfigScope::Repository | ConfigScope::Local => {
                OpError::NoRepository { start: ctx.start_dir.clone() }
            }
            _ => OpError::Config { at: "HOME".to_owned(), detail: "it is not set".to_owned() },
        });
    };
    if let Some(dir) = file.parent() {
        std::fs::create_dir_all(dir).map_err(|e| crate::fsio::FsError::new("create", dir, e))?;
    }
    Ok(file)
}
