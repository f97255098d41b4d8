//! Moving HEAD to another branch or commit: what `checkout` and `switch` share.

use serde::Serialize;

use super::names::{self, Kind};
use super::supply::FetchedData;
use super::{Context, LostWork, OpError, Skipped, encode, integrate, locate, plans};
use crate::db::DbError;
use crate::history::merge_base;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{Head, HeadTarget, RefNote, RefTarget, RefUpdate};
use crate::repo::{Repo, WorkState};
use crate::revision;
use crate::steps::checkout::{self as steps, Switch, Target};
use crate::steps::supply;

/// What was changed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckoutOutcome {
    /// The current branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The branch that HEAD was on before; `None` when it was detached.
    pub previous_branch: Option<String>,
    /// Whether the branch was made by this.
    pub created: bool,
    /// The commit of HEAD; `None` on a branch without commits.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// The first line of its message.
    pub summary: String,
    /// Files written.
    pub written: u64,
    /// Files removed.
    pub removed: u64,
    /// Files that were right already.
    pub unchanged: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Unsaved work that was dropped, which needs `force`.
    pub lost: Vec<LostWork>,
    /// Commits that nothing names any more, now that HEAD has left them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub left_behind: Option<LeftBehind>,
    /// Whether only paths were brought, and HEAD stayed.
    pub paths_only: bool,
    /// Contents that were missing here and were fetched.
    pub fetched: FetchedData,
    /// Contents that would have to be fetched; for a dry run only.
    pub planned: FetchedData,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Files that could not be written.
    pub skipped: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
}

/// Commits that no branch, tag or remote branch has.
#[derive(Clone, Debug, Serialize)]
pub struct LeftBehind {
    /// The newest of them, which HEAD was on.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// The first line of its message.
    pub summary: String,
    /// How many there are.
    pub count: u64,
}

/// Where HEAD is to go.
pub(super) struct Destination {
    /// The commit to be at; `None` for a branch without commits and with nothing in it.
    pub commit: Option<CommitId>,
    /// What HEAD shall hold.
    pub head: HeadTarget,
    /// A branch that is made, or moved, with it.
    pub branch: Option<(RefUpdate, RefNote)>,
    /// What the reflog calls it.
    pub name: String,
}

/// How to go there.
#[derive(Clone, Copy, Default)]
pub(super) struct How {
    /// Drop unsaved work.
    pub force: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// Moves HEAD and the worktree.
pub(super) fn go(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    to: Destination,
    how: How,
) -> Result<CheckoutOutcome, OpError> {
    if !how.dry_run {
        integrate::refuse_during_operation(repo)?;
    }
    if let HeadTarget::Branch(name) = &to.head
        && state.head.branch() != Some(name)
        && let Some(error) = names::checked_out(repo, name)?
    {
        return Err(error);
    }
    let commit = to.commit.map(|id| repo.store.read_commit(id)).transpose()?;
    let request = Switch {
        target: Target {
            tree: to.commit.map(|id| repo.store.read_root(id)).transpose()?,
            head: to.head.clone(),
            branch: to.branch.clone(),
        },
        force: how.force,
        dry_run: how.dry_run,
        note: ctx.note(repo, revision::moving(&state.head, &to.name)),
    };
    let run = ctx.run_context(&repo.settings);
    let done = steps::switch(repo, state, &request, &run)?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    let summary = commit.map(|commit| locate::summary(&commit.message)).unwrap_or_default();
    Ok(CheckoutOutcome {
        branch: match &to.head {
            HeadTarget::Branch(name) => Some(name.short().to_owned()),
            HeadTarget::Commit(_) => None,
        },
        previous_branch: state.head.branch().map(|b| b.short().to_owned()),
        created: to.branch.is_some_and(|(update, _)| update.old.is_none()),
        commit: to.commit,
        summary,
        written: done.written.files,
        removed: done.written.removed,
        bytes: done.written.bytes,
        lost: plans::lost(&done.plan),
        fetched: run.supplied().into(),
        planned: match how.dry_run {
            true => supply::missing(repo, &done.plan.files)?.into(),
            false => FetchedData::default(),
        },
        left_behind: if how.dry_run { None } else { left_behind(repo, &state.head, to.commit)? },
        plan: if how.dry_run { plans::lines(&done.plan) } else { Vec::new() },
        ..CheckoutOutcome::default()
    })
}

/// What a detached HEAD had that nothing names when it moves to another commit.
pub(super) fn left_behind(
    repo: &Repo,
    head: &Head,
    new: Option<CommitId>,
) -> Result<Option<LeftBehind>, OpError> {
    let Head::Detached(old) = *head else { return Ok(None) };
    let refs = repo.db.read(|view| {
        let mut refs = view.refs("refs/heads/")?;
        refs.extend(view.refs("refs/tags/")?);
        refs.extend(view.refs("refs/remotes/")?);
        Ok::<_, DbError>(refs)
    })?;
    let mut kept: Vec<CommitId> = new.into_iter().collect();
    for (_, target) in refs {
        kept.push(match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => repo.store.read_tag(id)?.target,
        });
    }
    if kept.contains(&old) {
        return Ok(None);
    }
    let lost = merge_base::reachable_minus(&repo.store, &[old], &kept)?;
    if lost.is_empty() {
        return Ok(None);
    }
    let summary = locate::summary(&repo.store.read_commit(old)?.message);
    Ok(Some(LeftBehind { commit: old, summary, count: lost.len() as u64 }))
}

/// A new branch to move to; with `force` also one that is there, which then moves.
pub(super) fn new_branch(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    (short, force): (&str, bool),
    start: Option<&str>,
) -> Result<Destination, OpError> {
    let name = Kind::Branch.full(short)?;
    let old = repo.db.read(|view| view.get_ref(&name))?;
    if old.is_some() && !force {
        return Err(OpError::RefExists { kind: Kind::Branch.word(), name: short.to_owned() });
    }
    let commit = match (start, state.commit()) {
        // Before the first commit only the name of the branch to come changes.
        (None, None) if old.is_none() => None,
        (start, _) => Some(locate::commit(ctx, repo, start.unwrap_or("HEAD"))?),
    };
    let verb = if old.is_some() { "moved to" } else { "created from" };
    let note = ctx.note(repo, format!("branch: {verb} {}", start.unwrap_or("HEAD")));
    let new = commit.map(RefTarget::Commit);
    let branch = new.map(|new| (RefUpdate { name: name.clone(), old, new: Some(new) }, note));
    Ok(Destination { commit, head: HeadTarget::Branch(name), branch, name: short.to_owned() })
}
