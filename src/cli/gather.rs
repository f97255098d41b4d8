//! What a verb may know of this process: directory, environment, time, cores.

use std::env;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::ValueEnum;
use esker::ops::config::{self, ConfigAction, ConfigOptions, ConfigScope};
use esker::ops::{Context, Now, OpError};
use esker::progress::{Cancel, Progress};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::args::{Global, When};

/// Variables that are handed on beside those that begin with `ESKER_` or `AWS_`: where settings of a
/// person and of git lie.
const HANDED_ON: &[&str] = &[
    "HOME",
    "XDG_CONFIG_HOME",
    "XDG_CACHE_HOME",
    "USERPROFILE",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "GIT_CONFIG_GLOBAL",
    "HOSTNAME",
    "COMPUTERNAME",
];

/// The context of this run.
pub fn context(global: &Global, progress: Arc<dyn Progress>) -> Result<Context, OpError> {
    let start_dir = start_dir(global.directory.as_deref())?;
    let esker_dir = env::var_os("ESKER_DIR").filter(|dir| !dir.is_empty());
    let jobs = global.jobs.map(|jobs| ("core.jobs".to_string(), jobs.to_string()));
    let rate = global.limit_rate.clone().map(|rate| ("transfer.limit_rate".to_string(), rate));
    Ok(Context {
        esker_dir: esker_dir.map(|dir| start_dir.join(dir)),
        start_dir,
        env: environment(),
        flags: jobs.into_iter().chain(rate).collect(),
        now: now()?,
        progress,
        cancel: Cancel::new(),
        threads: 0,
        offline: global.offline,
    })
}

/// When to use colours: what the flag says, or else the setting `ui.color`.
///
/// The setting is looked up only where it could matter, on a terminal. One that is wrong is reported
/// by the verbs that read settings.
pub fn color(flag: When, context: &Context) -> When {
    let is_terminal = io::stdout().is_terminal() || io::stderr().is_terminal();
    if flag != When::Auto || !is_terminal {
        return flag;
    }
    let action = ConfigAction::Get("ui.color".to_string());
    let options = ConfigOptions { action, scope: ConfigScope::default() };
    let entries = config::run(context, &options).map(|outcome| outcome.entries);
    let value = entries.unwrap_or_default().pop().map(|entry| entry.value);
    value.and_then(|value| When::from_str(&value, true).ok()).unwrap_or(When::Auto)
}

fn start_dir(directory: Option<&Path>) -> Result<PathBuf, OpError> {
    let current = env::current_dir().map_err(|source| OpError::Io {
        op: "find the current directory",
        path: ".".into(),
        source,
    })?;
    let Some(directory) = directory else { return Ok(current) };
    let path = current.join(directory);
    let failed = |source| OpError::Io { op: "change to", path: directory.into(), source };
    match path.metadata() {
        Ok(metadata) if metadata.is_dir() => resolved(&path).map_err(failed),
        Ok(_) => Err(failed(io::Error::from(io::ErrorKind::NotADirectory))),
        Err(source) => Err(failed(source)),
    }
}

/// The path without `..`: the folders above it are searched for a repository.
fn resolved(path: &Path) -> io::Result<PathBuf> {
    if cfg!(windows) { std::path::absolute(path) } else { path.canonicalize() }
}

fn environment() -> Vec<(String, String)> {
    let text = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((key.into_string().ok()?, value.into_string().ok()?))
    };
    let is_wanted = |key: &str| {
        key.starts_with("ESKER_") || key.starts_with("AWS_") || HANDED_ON.contains(&key)
    };
    env::vars_os().filter_map(text).filter(|(key, _)| is_wanted(key)).collect()
}

/// The time of day, or what tests put in `ESKER_TEST_NOW`: seconds, and minutes east of UTC.
fn now() -> Result<Now, OpError> {
    match env::var("ESKER_TEST_NOW") {
        Ok(text) => fixed_now(&text).ok_or(OpError::BadDate { text }),
        Err(_) => Ok(clock()),
    }
}

fn fixed_now(text: &str) -> Option<Now> {
    let (seconds, minutes) = text.split_once(' ').unwrap_or((text, "0"));
    Some(Now { seconds: seconds.parse().ok()?, offset_minutes: minutes.parse().ok()? })
}

fn clock() -> Now {
    let now = Timestamp::now();
    let offset = local_zone().to_offset(now);
    Now { seconds: now.as_second(), offset_minutes: i64::from(offset.seconds() / 60) }
}

/// The zone of this machine: `TZ`, or else what its usual file says. To find out the name of the zone,
/// which nobody asks for, a thousand files of zones would be listed.
fn local_zone() -> TimeZone {
    if cfg!(not(unix)) || env::var_os("TZ").is_some() {
        return TimeZone::system();
    }
    let zone = std::fs::read("/etc/localtime").ok().map(|bytes| TimeZone::tzif("local", &bytes));
    zone.and_then(Result::ok).unwrap_or(TimeZone::UTC)
}
