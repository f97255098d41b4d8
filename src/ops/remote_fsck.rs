//! `fsck --remote`: that everything the refs of a remote reach is there and whole; and mending it.

use serde::Serialize;

use super::connect::{self, Connection};
use super::{Context, OpError, sending};
use crate::repo::Repo;
use crate::steps::{RunContext, remotes};
use crate::sync::chain::Seen;
use crate::sync::check::{Check, Checked, Depth};
use crate::sync::mark::Lack;
use crate::sync::repair::Repaired;

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct RemoteFsckOptions {
    /// The remote; `origin` when absent.
    pub remote: Option<String>,
    /// Read every byte of every pack, segment and table.
    pub data: bool,
    /// Read this part of the packs, in percent.
    pub sample_percent: Option<f64>,
    /// Send again what is lost there and is here.
    pub repair: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RemoteFsckOutcome {
    /// The remote.
    pub remote: String,
    /// Number of its newest root.
    pub root: u64,
    /// Commits that were reached.
    pub commits: u64,
    /// Nodes of trees that were reached.
    pub trees: u64,
    /// Files of different content that were reached.
    pub files: u64,
    /// Packs that are listed.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the packs that were read whole.
    pub read_bytes: u64,
    /// Keys that wait to be deleted.
    pub condemned: u64,
    /// Whether the store lists its keys to whoever asked.
    pub was_listed: bool,
    /// Keys that nothing names: of pushes that run now, or never ended.
    pub unnamed: u64,
    /// Their bytes.
    pub unnamed_bytes: u64,
    /// Every byte was read.
    pub data: bool,
    /// What is missing or wrong.
    pub problems: Vec<RemoteProblem>,
    /// What was mended, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repaired: Option<RemoteRepair>,
    /// Requests that it took.
    pub requests: u64,
}

/// Something that is missing or wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteProblem {
    /// The object or key.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
}

/// What was mended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteRepair {
    /// Commits, trees, tags and files that were sent again.
    pub objects: u64,
    /// Damaged packs that left the list.
    pub dropped: u64,
    /// Segments and tables that were put again.
    pub put_again: u64,
    /// What is lost there and not here either.
    pub absent: Vec<RemoteProblem>,
}

impl From<Lack> for RemoteProblem {
    fn from(lack: Lack) -> Self {
        Self { what: lack.key, why: lack.why }
    }
}

/// Checks a remote; finding problems is no error.
pub fn run(ctx: &Context, options: &RemoteFsckOptions) -> Result<RemoteFsckOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), None)?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let run = ctx.run_context(&repo.settings);
    let (mut root, mut found) = check(&repo, &connection, &run, depth(ctx, options))?;
    let mut repaired = None;
    if options.repair && !found.problems.is_empty() {
        repaired = Some(repair(ctx, &repo, &connection, &run, &found)?);
        (root, found) = check(&repo, &connection, &run, depth(ctx, options))?;
    }
    Ok(RemoteFsckOutcome {
        remote: connection.settings.name.clone(),
        root,
        commits: found.commits,
        trees: found.trees,
        files: found.blobs,
        packs: found.packs,
        bytes: found.bytes,
        read_bytes: found.read_bytes,
        condemned: found.condemned,
        was_listed: found.was_listed,
        unnamed: found.unnamed,
        unnamed_bytes: found.unnamed_bytes,
        data: options.data,
        problems: found.problems.into_iter().map(RemoteProblem::from).collect(),
        repaired,
        requests: connection.traffic().requests(),
    })
}

fn depth(ctx: &Context, options: &RemoteFsckOptions) -> Depth {
    match options.sample_percent {
        Some(percent) => Depth::Sample { percent, seed: ctx.now.seconds.cast_unsigned() },
        None if options.data => Depth::Data,
        None => Depth::Structure,
    }
}

/// Number of the newest root, and what a check of it found. What a collection dropped meanwhile is no
/// damage: where problems are found and there is a newer root by then, that one is checked.
fn check(
    repo: &Repo,
    connection: &Connection,
    run: &RunContext,
    depth: Depth,
) -> Result<(u64, Checked), OpError> {
    const ATTEMPTS: u32 = 5;
    let mut attempt = 1;
    loop {
        let (root, state) = connection.load_for(repo)?;
        let check = Check {
            remote: &connection.remote(),
            root: &root,
            state: &state,
            store: &repo.store,
            depth,
            transfers: connection.transfers(repo),
            progress: &*run.progress,
            cancel: &run.cancel,
        };
        let found = check.run()?;
        let is_last = found.problems.is_empty() || attempt == ATTEMPTS;
        let seen = Seen { seq: root.root.seq, hash: root.hash };
        if is_last || connection.load(None, Some(seen))?.0.root.seq == seen.seq {
            return Ok((seen.seq, found));
        }
        attempt += 1;
    }
}

fn repair(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    run: &RunContext,
    found: &Checked,
) -> Result<RemoteRepair, OpError> {
    let _lock = sending::lock(ctx, repo)?;
    let push = connection.push(ctx, repo, run)?;
    let Repaired { objects, dropped, put_again, absent, seen } = push.repair(found)?;
    if let Some(seen) = seen {
        repo.db.write(|tx| remotes::set_seen(tx, push.remote, seen))?;
    }
    let absent = absent.into_iter().map(RemoteProblem::from).collect();
    Ok(RemoteRepair { objects, dropped, put_again, absent })
}
