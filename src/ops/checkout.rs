//! `checkout`: makes the worktree equal to a commit, or some paths equal to theirs in it.

use serde::Serialize;

use super::{Context, OpError, Skipped, encode};
use super::{locate, plans};
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{HeadTarget, RefTarget};
use crate::repo::{Repo, WorkState};
use crate::steps::checkout::{self as steps, Target};
use crate::steps::{materialize, restore, stage};

/// What to check out.
#[derive(Clone, Debug, Default)]
pub struct CheckoutOptions {
    /// The revision; HEAD when absent.
    pub target: Option<String>,
    /// Only these paths, and HEAD stays; none means all of it.
    pub paths: Vec<String>,
    /// Overwrite unsaved work.
    pub force: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Let HEAD name the commit even if the revision is a branch.
    pub detach: bool,
}

/// What was changed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckoutOutcome {
    /// The current branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// Files written.
    pub written: u64,
    /// Files removed.
    pub removed: u64,
    /// Files that were right already.
    pub unchanged: u64,
    /// Bytes written.
    pub bytes: u64,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
    /// Files that could not be written.
    pub skipped: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
}

/// Switches to a commit, or brings paths back from one.
pub fn run(ctx: &Context, options: &CheckoutOptions) -> Result<CheckoutOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let mut outcome = match options.paths.is_empty() {
        true => switch_to(ctx, &repo, options)?,
        false => bring_paths(ctx, &repo, options)?,
    };
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn switch_to(
    ctx: &Context,
    repo: &Repo,
    options: &CheckoutOptions,
) -> Result<CheckoutOutcome, OpError> {
    let name = options.target.as_deref().unwrap_or("HEAD");
    let state = repo.state()?;
    let (commit, head) = target_of(ctx, repo, &state, name, options.detach)?;
    let tree = repo.store.read_commit(commit)?.tree;
    let target = Target { commit, tree, head };
    let note = ctx.note(repo, crate::revision::moving(&state.head, name));
    let run = ctx.run_context(&repo.settings);
    let done = steps::switch(repo, &state, &target, options.force, options.dry_run, &note, &run)?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    Ok(CheckoutOutcome {
        branch: match &target.head {
            HeadTarget::Branch(name) => Some(name.short().to_owned()),
            HeadTarget::Commit(_) => None,
        },
        commit: Some(commit),
        written: done.written.files,
        removed: done.written.removed,
        bytes: done.written.bytes,
        plan: if options.dry_run { plans::lines(&done.plan) } else { Vec::new() },
        ..CheckoutOutcome::default()
    })
}

/// The commit that a name stands for, and what HEAD shall hold.
fn target_of(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    name: &str,
    detach: bool,
) -> Result<(crate::id::CommitId, HeadTarget), OpError> {
    if !detach
        && let Ok(branch) = crate::refs::branch_ref(name)
        && let Some(RefTarget::Commit(id)) = repo.db.read(|view| view.get_ref(&branch))?
    {
        return Ok((id, HeadTarget::Branch(branch)));
    }
    let commit = locate::commit(ctx, repo, name)?;
    if matches!(name, "HEAD" | "@") && !detach {
        return Ok((commit, state.head.to_target()));
    }
    Ok((commit, HeadTarget::Commit(commit)))
}

fn bring_paths(
    ctx: &Context,
    repo: &Repo,
    options: &CheckoutOptions,
) -> Result<CheckoutOutcome, OpError> {
    let paths = locate::select(ctx, repo, &options.paths)?;
    let state = repo.state()?;
    let tree = match &options.target {
        Some(revision) => {
            let commit = locate::commit(ctx, repo, revision)?;
            repo.store.read_commit(commit)?.tree
        }
        None => state.staged_tree().ok_or(OpError::IsEmptyRepository)?,
    };
    let wanted = restore::RestoreOptions {
        tree,
        paths: locate::all_if_root(paths.clone()),
        remove_tracked: None,
    };
    let run = ctx.run_context(&repo.settings);
    let planned = restore::plan_restore(repo, &wanted, &run)?;
    let (plan, unknown) = (planned.plan, planned.unknown);
    plans::refuse(&plan, unknown.first(), options.target.as_deref())?;
    let mut outcome = CheckoutOutcome {
        branch: state.head.branch().map(|b| b.short().to_owned()),
        commit: state.commit(),
        skipped: planned.skipped.into_iter().map(Skipped::from).collect(),
        ..CheckoutOutcome::default()
    };
    if options.dry_run {
        outcome.plan = plans::lines(&plan);
        return Ok(outcome);
    }
    let written = materialize::apply(repo, &plan, &run)?;
    if options.target.is_some() {
        stage::edit_stage(repo, plans::stage_edits(repo, tree, &paths)?, (0, 0))?;
    }
    (outcome.written, outcome.removed, outcome.bytes) =
        (written.files, written.removed, written.bytes);
    Ok(outcome)
}
