//! The check of a remote: that everything its refs reach is there and whole.

use serde::Serialize;

use super::{Context, OpError, connect};
use crate::sync::check::check;

/// What to check.
#[derive(Clone, Debug, Default)]
pub struct RemoteFsckOptions {
    /// The remote; `origin` when absent.
    pub remote: Option<String>,
    /// Read every byte of every pack.
    pub data: bool,
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
    /// Keys that wait to be deleted.
    pub condemned: u64,
    /// Every byte was read.
    pub data: bool,
    /// What is missing or wrong.
    pub problems: Vec<RemoteProblem>,
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

/// Checks a remote; finding problems is no error.
pub fn run(ctx: &Context, options: &RemoteFsckOptions) -> Result<RemoteFsckOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), None)?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let (root, state) = connection.load_for(&repo)?;
    let run = ctx.run_context(&repo.settings);
    let remote = connection.remote();
    let transfers = connection.transfers(&repo);
    let watch = (&*run.progress, &run.cancel);
    let found = check(&remote, &state, &repo.store, options.data, transfers, watch)?;
    let problem = |lack: crate::sync::mark::Lack| RemoteProblem { what: lack.key, why: lack.why };
    Ok(RemoteFsckOutcome {
        remote: connection.settings.name.clone(),
        root: root.root.seq,
        commits: found.commits,
        trees: found.trees,
        files: found.blobs,
        packs: found.packs,
        bytes: found.bytes,
        condemned: found.condemned,
        data: options.data,
        problems: found.problems.into_iter().map(problem).collect(),
        requests: connection.traffic().requests(),
    })
}
