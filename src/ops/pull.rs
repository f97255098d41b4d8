//! `pull`: fetches, then moves the current branch and the worktree on, if nothing stands in between.

use serde::Serialize;

use super::bring::bring;
use super::{Brought, Context, OpError, connect, encode, plans};
use crate::history::merge_base::is_ancestor;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{RefName, RefUpdate};
use crate::repo::Repo;
use crate::steps::checkout::{self, Switch, Target};

/// What to bring in.
#[derive(Clone, Debug, Default)]
pub struct PullOptions {
    /// The remote; the branch's own or `origin` when absent.
    pub remote: Option<String>,
    /// Its branch; the one of the same name when absent.
    pub branch: Option<String>,
}

/// What was brought in.
#[derive(Clone, Debug, Serialize)]
pub struct PullOutcome {
    /// What was fetched.
    #[serde(flatten)]
    pub fetched: Brought,
    /// The branch that moved, or did not need to.
    pub branch: String,
    /// The commit it was on.
    #[serde(serialize_with = "encode::optional_id")]
    pub old: Option<CommitId>,
    /// The commit it is on.
    #[serde(serialize_with = "encode::id")]
    pub new: CommitId,
    /// Files written.
    pub written: u64,
    /// Files removed.
    pub removed: u64,
    /// Bytes written.
    pub bytes: u64,
}

/// Fetches and moves on.
pub fn run(ctx: &Context, options: &PullOptions) -> Result<PullOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let head = repo.head()?;
    let Some(branch) = head.branch().cloned() else {
        return Err(OpError::Usage {
            message: "HEAD is on no branch, so nothing can be pulled into it".to_owned(),
            hint: Some("go to one: esker checkout main".to_owned()),
        });
    };
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), Some(branch.short()))?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let mut fetched = bring(ctx, &repo, &connection, &[], false)?;
    let name = &connection.settings.name;
    let there = options.branch.as_deref().unwrap_or(branch.short());
    let theirs = tracked(&repo, name, there)?;
    let (old, new) = decide(&repo, head.commit(), theirs, name, there)?;
    let written = move_on(ctx, &repo, &branch, old, new, name)?;
    fetched.seconds = started.elapsed().as_secs_f64();
    Ok(PullOutcome {
        fetched,
        branch: branch.short().to_owned(),
        old,
        new,
        written: written.files,
        removed: written.removed,
        bytes: written.bytes,
    })
}

fn tracked(repo: &Repo, remote: &str, branch: &str) -> Result<CommitId, OpError> {
    let none = || OpError::Remote {
        message: format!("{remote} has no branch '{}'", crate::path::escape(branch)),
        hint: Some(format!("see what it has: esker ls-remote {remote}")),
    };
    let name = RefName::remote_branch(remote, branch).map_err(|_| none())?;
    let target = repo.db.read(|view| view.get_ref(&name))?;
    target.and_then(|target| target.commit()).ok_or_else(none)
}

/// From where to where: forward, or nowhere when the branch is ahead.
fn decide(
    repo: &Repo,
    ours: Option<CommitId>,
    theirs: CommitId,
    remote: &str,
    branch: &str,
) -> Result<(Option<CommitId>, CommitId), OpError> {
    let Some(ours) = ours else { return Ok((None, theirs)) };
    if is_ancestor(&repo.store, theirs, ours)? {
        return Ok((Some(ours), ours));
    }
    match is_ancestor(&repo.store, ours, theirs)? {
        true => Ok((Some(ours), theirs)),
        false => Err(OpError::Remote {
            message: format!("the branch and {remote}/{branch} have both moved on"),
            hint: Some(format!("bring them together: esker merge {remote}/{branch}")),
        }),
    }
}

fn move_on(
    ctx: &Context,
    repo: &Repo,
    branch: &RefName,
    old: Option<CommitId>,
    new: CommitId,
    remote: &str,
) -> Result<crate::steps::materialize::Written, OpError> {
    if old == Some(new) {
        return Ok(Default::default());
    }
    let state = repo.state()?;
    let tree = Some(repo.store.read_root(new)?);
    let (from, to) = (old.map(Into::into), Some(new.into()));
    let update = RefUpdate { name: branch.clone(), old: from, new: to };
    let note = ctx.note(repo, format!("pull: from {remote}"));
    let (head, branch) = (state.head.to_target(), Some((update, note.clone())));
    let target = Target { tree, head, branch };
    let request = Switch { target, force: false, dry_run: false, note };
    let run = ctx.run_context(&repo.settings);
    let done = checkout::switch(repo, &state, &request, &run)?;
    match done.plan.conflicts.is_empty() {
        true => Ok(done.written),
        false => Err(plans::would_overwrite(&done.plan)),
    }
}
