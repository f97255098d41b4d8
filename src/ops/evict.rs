//! `evict`: lets go of data here that a remote was seen to have.

use serde::Serialize;

use super::connect;
use super::evicting::{self, Evicted, Evicting};
use super::{Context, OpError, encode, integrate, locate};
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::refs::RefName;

/// What to let go of.
#[derive(Clone, Debug, Default)]
pub struct EvictOptions {
    /// Files and folders.
    pub paths: Vec<String>,
    /// The remote that must have it; the branch's own or `origin` when absent.
    pub remote: Option<String>,
    /// Leave files on disk, and let go of the store's copy only.
    pub keep_files: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What was let go of.
#[derive(Clone, Debug, Default, Serialize)]
pub struct EvictOutcome {
    /// The remote that has it.
    pub remote: String,
    /// The commit that reaches it.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// The name under which the remote keeps that commit; empty where nothing was let go of.
    pub keep: String,
    /// Different contents, of all versions of the paths.
    pub files: u64,
    /// Their bytes, as files.
    pub bytes: u64,
    /// Contents that the remote was not seen to have; they stay.
    pub unproven: u64,
    /// Their bytes.
    pub unproven_bytes: u64,
    /// Files removed from disk.
    pub removed: u64,
    /// Files that differ from the commit; they stay on disk.
    pub kept: Vec<String>,
    /// Bytes by which the store on disk is smaller.
    pub freed_bytes: u64,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Bytes that came in, and requests, to make sure.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
}

/// Lets go of data.
pub fn run(ctx: &Context, options: &EvictOptions) -> Result<EvictOutcome, OpError> {
    let repo = ctx.open_repo()?;
    integrate::refuse_during_operation(&repo)?;
    let paths = locate::select(ctx, &repo, &options.paths)?;
    let head = repo.head()?;
    let commit = head.commit().ok_or(OpError::IsEmptyRepository)?;
    let tree = repo.store.read_root(commit)?;
    for path in &paths {
        if prolly::resolve(&repo.store, tree, path)?.is_none() {
            let revision = Some("HEAD".to_owned());
            return Err(OpError::NoSuchPath { path: locate::shown(path), revision });
        }
    }
    let config = connect::config(ctx, &repo.paths)?;
    let branch = head.branch().map(RefName::short);
    let settings = connect::choose(&config, options.remote.as_deref(), branch)?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let (keep_files, paths, dry_run) = (options.keep_files, &paths[..], options.dry_run);
    let evicting = Evicting { ctx, repo: &repo, connection: &connection, paths, keep_files };
    let Evicted { files, bytes, unproven, keep, removed, kept, leave } =
        evicting.run(commit, dry_run)?;
    drop(repo);
    let freed_bytes = evicting::collect(ctx, leave)?;
    let traffic = connection.traffic();
    Ok(EvictOutcome {
        remote: connection.settings.name.clone(),
        commit: Some(commit),
        keep,
        files,
        bytes,
        unproven: unproven.0,
        unproven_bytes: unproven.1,
        removed,
        kept: kept.iter().map(locate::shown).collect(),
        freed_bytes,
        dry_run,
        received_bytes: traffic.bytes_in,
        requests: traffic.requests(),
    })
}
