//! `restore`: puts paths back as they are in the stage or in a commit.

use serde::Serialize;

use super::supply::FetchedData;
use super::{Context, OpError, Skipped};
use super::{locate, plans};
use crate::id::TreeId;
use crate::object::access::ReadObjects;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::{hold, materialize, restore, select, supply};

/// What to put back.
#[derive(Clone, Debug, Default)]
pub struct RestoreOptions {
    /// Which paths.
    pub paths: Vec<String>,
    /// From which commit; without one, the stage for the worktree and HEAD for the stage.
    pub source: Option<String>,
    /// Restore the stage.
    pub staged: bool,
    /// Restore the worktree; the default when `staged` is not set.
    pub worktree: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What was put back.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RestoreOutcome {
    /// Files written to the worktree.
    pub written: u64,
    /// Files removed from the worktree.
    pub removed: u64,
    /// Paths that changed in the stage.
    pub unstaged: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Contents that were missing here and were fetched.
    pub fetched: FetchedData,
    /// Contents that would have to be fetched; for a dry run only.
    pub planned: FetchedData,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
    /// Files that could not be written.
    pub skipped: Vec<Skipped>,
}

/// Puts paths back: in the worktree from the stage, or in the stage from HEAD, or from a revision.
pub fn run(ctx: &Context, options: &RestoreOptions) -> Result<RestoreOutcome, OpError> {
    let repo = ctx.open_repo()?;
    if options.paths.is_empty() {
        return Err(OpError::Usage {
            message: "nothing was named to be restored".to_owned(),
            hint: Some("restore everything: esker restore .".to_owned()),
        });
    }
    if options.staged {
        hold::everything(&repo)?;
    }
    let before = repo.state()?;
    let trees = [source_tree(ctx, &repo, options)?, before.staged_tree()];
    let paths = select::in_trees(&repo, &trees, &ctx.start_dir, &options.paths)?;
    let mut outcome = RestoreOutcome::default();
    if options.staged {
        let done = plans::unstage(&repo, trees[0], &paths, options.dry_run)?;
        outcome.unstaged = done.count;
        outcome.plan.extend(done.plan);
    }
    if options.worktree || !options.staged {
        restore_files(ctx, &repo, options, &paths, &mut outcome)?;
    }
    Ok(outcome)
}

fn source_tree(
    ctx: &Context,
    repo: &Repo,
    options: &RestoreOptions,
) -> Result<Option<TreeId>, OpError> {
    let state = repo.state()?;
    match &options.source {
        Some(revision) => {
            let commit = locate::commit(ctx, repo, revision)?;
            Ok(Some(repo.store.read_root(commit)?))
        }
        None if options.staged => Ok(state.head_tree),
        None => Ok(state.staged_tree()),
    }
}

fn restore_files(
    ctx: &Context,
    repo: &Repo,
    options: &RestoreOptions,
    paths: &[RepoPath],
    outcome: &mut RestoreOutcome,
) -> Result<(), OpError> {
    let run = ctx.run_context(&repo.settings);
    let tree = source_tree(ctx, repo, options)?.ok_or(OpError::IsEmptyRepository)?;
    let Some(looked_at) = crate::steps::data_roots::to_look_at(repo, paths.to_vec())? else {
        return Ok(());
    };
    let wanted = restore::RestoreOptions {
        tree,
        paths: looked_at,
        remove_tracked: options.source.as_ref().and(repo.state()?.staged_tree()),
        expected: locate::expected(repo, paths),
        absent_only: false,
    };
    let planned = restore::plan_restore(repo, &wanted, &run)?;
    let (plan, unknown) = (planned.plan, planned.unknown);
    outcome.skipped = planned.skipped.into_iter().map(Skipped::from).collect();
    if let Some(path) = unknown.first().filter(|_| options.source.is_none())
        && select::is_in_tree(repo, repo.state()?.head_tree, path)?
    {
        return Err(OpError::DeletionStaged { path: locate::shown(path) });
    }
    plans::refuse(&plan, unknown.first(), options.source.as_deref())?;
    if options.dry_run {
        outcome.plan.extend(plans::lines(&plan));
        outcome.planned = supply::missing(repo, &plan.files)?.into();
        return Ok(());
    }
    let written = materialize::apply(repo, &plan, &run)?;
    (outcome.written, outcome.removed, outcome.bytes) =
        (written.files, written.removed, written.bytes);
    outcome.fetched = run.supplied().into();
    Ok(())
}
