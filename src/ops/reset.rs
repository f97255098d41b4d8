//! `reset`: moves the current branch to another commit, and with it the stage and the worktree as far
//! as asked; or puts paths of the stage back.

use serde::Serialize;

use super::{Change, Context, LostWork, OpError, Skipped, encode, integrate, locate, plans};
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{Head, HeadTarget, RefNote, RefTarget, RefUpdate};
use crate::repo::{Repo, WorkState};
use crate::steps::checkout::{self as steps, Switch, Target};
use crate::steps::{StepError, data_roots, hold, look, operation, select};

/// How much goes along with the branch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ResetMode {
    /// Nothing: what was committed since is staged.
    Soft,
    /// The stage: what was committed since is in the worktree alone.
    #[default]
    Mixed,
    /// Stage and worktree: what was committed or changed since is gone from both.
    Hard,
}

/// What to reset.
#[derive(Clone, Debug, Default)]
pub struct ResetOptions {
    /// How much goes along; not with paths.
    pub mode: ResetMode,
    /// Where the branch goes, or the paths come from; HEAD when absent.
    pub revision: Option<String>,
    /// Only these paths of the stage, and the branch stays.
    pub paths: Vec<String>,
    /// Say what would be done and lost, and change nothing.
    pub dry_run: bool,
}

/// What was reset.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ResetOutcome {
    /// How much went along.
    pub mode: ResetMode,
    /// The branch that moved; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD; `None` before the first.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// The first line of its message.
    pub summary: String,
    /// The commit HEAD was at.
    #[serde(serialize_with = "encode::optional_id")]
    pub previous: Option<CommitId>,
    /// Paths that changed in the stage; only with paths.
    pub unstaged: u64,
    /// What of the worktree now differs from the stage; only of a mixed reset.
    pub changes: Vec<Change>,
    /// Files written.
    pub written: u64,
    /// Files removed.
    pub removed: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Unsaved work that was dropped.
    pub lost: Vec<LostWork>,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
    /// Files that could not be looked at.
    pub skipped: Vec<Skipped>,
    /// How long it took.
    pub seconds: f64,
}

/// Moves the current branch, or puts paths of the stage back.
pub fn run(ctx: &Context, options: &ResetOptions) -> Result<ResetOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let mut outcome = match options.paths.is_empty() {
        true => reset_head(ctx, &repo, options)?,
        false => reset_paths(ctx, &repo, options)?,
    };
    outcome.mode = options.mode;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn reset_paths(
    ctx: &Context,
    repo: &Repo,
    options: &ResetOptions,
) -> Result<ResetOutcome, OpError> {
    hold::everything(repo)?;
    let state = repo.state()?;
    let tree = match &options.revision {
        Some(revision) => Some(repo.store.read_root(locate::commit(ctx, repo, revision)?)?),
        None => state.head_tree,
    };
    let trees = [tree, state.staged_tree()];
    let paths = select::in_trees(repo, &trees, &ctx.start_dir, &options.paths)?;
    let done = plans::unstage(repo, tree, &paths, options.dry_run)?;
    Ok(ResetOutcome {
        branch: state.head.branch().map(|b| b.short().to_owned()),
        commit: state.commit(),
        previous: state.commit(),
        unstaged: done.count,
        plan: done.plan,
        ..ResetOutcome::default()
    })
}

fn reset_head(ctx: &Context, repo: &Repo, options: &ResetOptions) -> Result<ResetOutcome, OpError> {
    if options.mode == ResetMode::Soft {
        integrate::refuse_during_operation(repo)?;
    }
    let state = repo.state()?;
    let name = options.revision.as_deref().unwrap_or("HEAD");
    let commit = match (&options.revision, state.commit()) {
        // Before the first commit there is the stage alone to be reset.
        (None, None) => None,
        _ => Some(target_commit(ctx, repo, &state, name)?),
    };
    let summary = match commit {
        Some(id) => locate::summary(&repo.store.read_commit(id)?.message),
        None => String::new(),
    };
    let mut outcome = ResetOutcome {
        branch: state.head.branch().map(|b| b.short().to_owned()),
        commit,
        summary,
        previous: state.commit(),
        ..ResetOutcome::default()
    };
    let note = ctx.note(repo, format!("reset: moving to {name}"));
    let target = target(repo, &state, commit, &note)?;
    match options.mode {
        ResetMode::Hard => hard(ctx, repo, &state, options, (target, note), &mut outcome)?,
        _ if options.dry_run => {}
        mode => move_only(ctx, repo, &state, mode, (target, note), &mut outcome)?,
    }
    Ok(outcome)
}

/// The commit to go to; a path that was meant to be unstaged gets the command for that.
fn target_commit(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    name: &str,
) -> Result<CommitId, OpError> {
    let result = locate::commit(ctx, repo, name);
    if let Err(OpError::UnknownRevision { suggestion: None, .. }) = &result
        && let Ok(paths) = locate::select(ctx, repo, &[name.to_owned()])
        && let [path] = paths.as_slice()
        && (select::is_in_tree(repo, state.staged_tree(), path)?
            || select::is_in_tree(repo, state.head_tree, path)?)
    {
        let path = locate::shown(path);
        return Err(OpError::Usage {
            message: format!("'{path}' is a path, not a revision"),
            hint: Some(format!("put it back in the stage: esker reset -- {path}")),
        });
    }
    result
}

/// HEAD stays on its branch, which moves; a detached one moves itself.
fn target(
    repo: &Repo,
    state: &WorkState,
    commit: Option<CommitId>,
    note: &RefNote,
) -> Result<Target, OpError> {
    let tree = commit.map(|id| repo.store.read_root(id)).transpose()?;
    let (head, branch) = match (&state.head, commit) {
        (Head::Detached(_), Some(commit)) => (HeadTarget::Commit(commit), None),
        (Head::Branch { name, target }, Some(commit)) => {
            let (old, new) = (target.map(RefTarget::Commit), Some(commit.into()));
            let update = RefUpdate { name: name.clone(), old, new };
            (state.head.to_target(), Some((update, note.clone())))
        }
        (_, None) => (state.head.to_target(), None),
    };
    Ok(Target { tree, head, branch })
}

fn hard(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    options: &ResetOptions,
    (target, note): (Target, RefNote),
    outcome: &mut ResetOutcome,
) -> Result<(), OpError> {
    let request = Switch { target, force: true, dry_run: options.dry_run, note };
    let done = steps::switch(repo, state, &request, &ctx.run_context(&repo.settings))?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    if options.dry_run {
        outcome.plan.extend(plans::lines(&done.plan));
    }
    outcome.lost = plans::lost(&done.plan);
    (outcome.written, outcome.removed, outcome.bytes) =
        (done.written.files, done.written.removed, done.written.bytes);
    Ok(())
}

/// Moves the branch and leaves the worktree as it is.
fn move_only(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    mode: ResetMode,
    (target, note): (Target, RefNote),
    outcome: &mut ResetOutcome,
) -> Result<(), OpError> {
    let stage = match mode {
        ResetMode::Soft => state.staged_tree().filter(|tree| Some(*tree) != target.tree),
        _ => None,
    };
    repo.db.write(|tx| {
        steps::move_head(tx, repo, state, &target, &note)?;
        tx.set_stage(repo.worktree, state.stage, stage)?;
        operation::clear(tx, repo.worktree)?;
        Ok::<_, StepError>(())
    })?;
    if mode == ResetMode::Mixed
        && let Some(paths) = data_roots::to_look_at(repo, Vec::new())?
    {
        let run = ctx.run_context(&repo.settings);
        let seen = look::look(repo, target.tree, paths, &run)?;
        outcome.changes = seen.changed.iter().map(Change::of_staged).collect();
        outcome.skipped = seen.skipped.into_iter().map(Skipped::from).collect();
    }
    Ok(())
}
