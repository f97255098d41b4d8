//! `get`: a file or folder of a remote, without a clone.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::locked::{self, Lock, Remotes};
use super::there::{self, There};
use super::{Context, OpError, RemotePlace, encode, locate, plans, verify};
use crate::fsio;
use crate::id::CommitId;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::pins::Pin;
use crate::steps::deliver::{self, Rules};

/// What to get, and where it goes.
#[derive(Clone, Debug, Default)]
pub struct GetOptions {
    /// The remote.
    pub place: RemotePlace,
    /// The revision; the default branch when absent.
    pub revision: Option<String>,
    /// The path in it; all when absent.
    pub path: Option<String>,
    /// Where it goes; named after the last part of path or remote when absent.
    pub dest: Option<PathBuf>,
    /// Replace files there that differ.
    pub force: bool,
}

/// Which pins to get.
#[derive(Clone, Debug, Default)]
pub struct LockedOptions {
    /// Where they go; all pins when empty.
    pub pins: Vec<String>,
    /// Replace files there that differ, also those that were not delivered.
    pub force: bool,
}

/// What was got, and what that took.
#[derive(Clone, Debug, Default, Serialize)]
pub struct GetOutcome {
    /// The lock file, where its pins were got.
    #[serde(serialize_with = "encode::optional_path")]
    pub lock: Option<PathBuf>,
    /// Each file or folder.
    pub got: Vec<Got>,
    /// Requests that it took.
    pub requests: u64,
    /// Bytes that came in.
    pub received_bytes: u64,
    /// How long it took.
    pub seconds: f64,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A file or folder that was got.
#[derive(Clone, Debug, Serialize)]
pub struct Got {
    /// Where the remote is.
    pub url: String,
    /// The commit.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// The path in it; empty for all of it.
    pub path: String,
    /// Blob or tree id of what was got; empty for a symbolic link.
    pub id: String,
    /// Where it is now.
    #[serde(serialize_with = "encode::path")]
    pub dest: PathBuf,
    /// Files and links of it.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Files and links that were written.
    pub written: u64,
    /// Bytes that were written.
    pub written_bytes: u64,
    /// Files and links that were there already.
    pub kept: u64,
    /// Files that were delivered before and are no longer part of it.
    pub removed: u64,
}

/// Brings a file or folder, verified. One that was cut short goes on when it is run again.
pub fn run(ctx: &Context, options: &GetOptions) -> Result<GetOutcome, OpError> {
    let started = std::time::Instant::now();
    let there = there::open(ctx, &options.place)?;
    let revision = options.revision.as_deref().unwrap_or("HEAD");
    let commit = locate::commit(ctx, &there, revision)?;
    let (path, value) = locate::find(ctx, &there, Some(revision), options.path.as_deref())?;
    let dest = destination(ctx, options, &there, &path, &value)?;
    let wanted = Wanted { commit, path: &path, value: &value, dest };
    let (got, _) = bring(ctx, &there, &wanted, Rules { force: options.force, ..Rules::default() })?;
    let spent = there.spent();
    Ok(GetOutcome {
        got: vec![got],
        requests: spent.requests,
        received_bytes: spent.received_bytes,
        seconds: started.elapsed().as_secs_f64(),
        ..GetOutcome::default()
    })
}

/// Brings what the lock file pins, exactly. Where it is there already, no remote is asked.
pub fn locked(ctx: &Context, options: &LockedOptions) -> Result<GetOutcome, OpError> {
    let started = std::time::Instant::now();
    let lock = Lock::find(ctx)?;
    let mut remotes = Remotes::default();
    let mut outcome = GetOutcome::default();
    let cache_dir = ctx.cache_dir();
    for (dest, pin) in lock.select(ctx, &options.pins)? {
        if verify::is_there(ctx, &lock, &dest, &pin) {
            outcome.got.push(there_already(&lock, &dest, &pin));
            continue;
        }
        let there = remotes.of(ctx, &lock, &dest, &pin)?;
        let value = locked::pinned_value(there, &dest, &pin)?;
        let place = lock.place(&dest);
        let wanted = Wanted { commit: pin.commit, path: &pin.path, value: &value, dest: place };
        // What lies in the folder of the project itself is not all from here.
        let exact = !dest.is_root();
        let rules = Rules { force: options.force, exact, cache_dir: cache_dir.as_deref() };
        let (got, extra) = bring(ctx, there, &wanted, rules)?;
        outcome.got.push(got);
        if let Some(first) = extra.first() {
            let (dest, first) = (locked::shown(&dest), locate::shown(first));
            let count = extra.len();
            let files = if count == 1 { "file is" } else { "files are" };
            let what = format!("{count} {files} in {dest} and not pinned, such as {first}");
            outcome.warnings.push(what);
        }
    }
    let spent = remotes.spent();
    (outcome.requests, outcome.received_bytes) = (spent.requests, spent.received_bytes);
    (outcome.lock, outcome.seconds) = (Some(lock.path), started.elapsed().as_secs_f64());
    Ok(outcome)
}

fn there_already(lock: &Lock, dest: &RepoPath, pin: &Pin) -> Got {
    Got {
        url: pin.remote.clone(),
        commit: pin.commit,
        path: pin.path.as_str().to_owned(),
        id: locked::id_text(pin.pinned),
        dest: lock.place(dest),
        files: pin.files,
        bytes: pin.bytes,
        written: 0,
        written_bytes: 0,
        kept: pin.files,
        removed: 0,
    }
}

/// What is to be brought where.
struct Wanted<'w> {
    commit: CommitId,
    path: &'w RepoPath,
    value: &'w EntryValue,
    dest: PathBuf,
}

/// Brings something; also gives the files there that are no part of it.
fn bring(
    ctx: &Context,
    there: &There,
    wanted: &Wanted<'_>,
    rules: Rules<'_>,
) -> Result<(Got, Vec<RepoPath>), OpError> {
    let run = ctx.run_context(&ctx.settings(ctx.find_repo().ok().as_ref())?);
    let delivery = deliver::plan(&there.reading, wanted.value, &wanted.dest, rules, &run)?;
    if !delivery.plan.conflicts.is_empty() {
        return Err(plans::others_there(&delivery.plan));
    }
    let delivered = deliver::deliver(&there.reading, &delivery, rules.cache_dir, &run)?;
    let got = Got {
        url: there.location.to_string(),
        commit: wanted.commit,
        path: wanted.path.as_str().to_owned(),
        id: id_of(wanted.value),
        dest: wanted.dest.clone(),
        files: delivery.files,
        bytes: delivery.bytes,
        written: delivered.files,
        written_bytes: delivered.bytes,
        kept: delivery.kept,
        removed: delivered.removed,
    };
    Ok((got, delivery.extra))
}

fn id_of(value: &EntryValue) -> String {
    match value {
        EntryValue::File { id, .. } => id.to_string(),
        EntryValue::Symlink { .. } => String::new(),
        EntryValue::Directory { id, .. } => id.to_string(),
    }
}

/// What was named, or the last part of path or remote. A file goes into a folder that is there.
fn destination(
    ctx: &Context,
    options: &GetOptions,
    there: &There,
    path: &RepoPath,
    value: &EntryValue,
) -> Result<PathBuf, OpError> {
    let unnamed = || OpError::Usage {
        message: "the location does not say what the folder shall be called".to_owned(),
        hint: Some("name it: -o DIR".to_owned()),
    };
    let own_name = || path.name().map(str::to_owned).or_else(|| there.name());
    let Some(named) = &options.dest else {
        return Ok(ctx.start_dir.join(own_name().ok_or_else(unnamed)?));
    };
    let dest = fsio::without_dots(&ctx.start_dir.join(named));
    let is_file = !matches!(value, EntryValue::Directory { .. });
    match is_file && (dest.is_dir() || ends_in_slash(named)) {
        true => Ok(dest.join(own_name().ok_or_else(unnamed)?)),
        false => Ok(dest),
    }
}

fn ends_in_slash(path: &Path) -> bool {
    path.as_os_str().to_string_lossy().ends_with(std::path::is_separator)
}
