//! `config`: settings and where they come from.

use serde::Serialize;

use super::{Context, OpError};

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

/// Reads or changes settings.
pub fn run(_ctx: &Context, _options: &ConfigOptions) -> Result<ConfigOutcome, OpError> {
    Err(OpError::NotBuilt)
}
