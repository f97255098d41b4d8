//! What every program with scenarios does: which of them are wanted, with which esker, on how busy a machine.

use std::env;
use std::fs;
use std::path::PathBuf;

/// The scenarios that were named, in their own order; all of them if none was.
pub fn wanted<T: Copy>(
    all: &[(&'static str, T)],
    named: &[String],
) -> Result<Vec<(&'static str, T)>, String> {
    if let Some(name) = named.iter().find(|name| all.iter().all(|s| s.0 != **name)) {
        return Err(format!("no scenario is named {name}"));
    }
    let is_wanted = |s: &&(&'static str, T)| named.is_empty() || named.iter().any(|n| n == s.0);
    Ok(all.iter().filter(is_wanted).copied().collect())
}

/// The esker to measure: ESKER_BIN, or the one cargo built.
pub fn esker() -> PathBuf {
    env::var_os("ESKER_BIN").unwrap_or_else(|| env!("CARGO_BIN_EXE_esker").into()).into()
}

/// The load of the machine, so that a figure taken beside other work can be told.
pub fn load() -> String {
    fs::read_to_string("/proc/loadavg").map_or_else(|_| "?".into(), |text| text.trim().to_owned())
}
