//! `status`: what differs between HEAD, the stage and the worktree.

use serde::Serialize;

use super::locate;
use super::part::SparseCounts;
use super::whereabouts::{self, Whereabouts};
use super::{Change, ConflictEntry, Context, OpError, Skipped, encode};
use crate::diff::tree as diff;
use crate::id::CommitId;
use crate::path::patterns::Selection;
use crate::repo::{Repo, WorkState};
use crate::steps::operation::{self, OpenConflict};
use crate::steps::{data_roots, look};

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct StatusOptions {
    /// Only these paths, and what patterns select; none means all.
    pub paths: Vec<String>,
    /// Tell which remotes have what, as far as that is known here.
    pub remotes: bool,
}

/// What differs.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StatusOutcome {
    /// The current branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD; `None` before the first.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// Whether nothing differs and nothing is untracked.
    pub clean: bool,
    /// The verb that waits to be finished: `merge`, `revert`, `cherry-pick`.
    pub operation: Option<&'static str>,
    /// Paths in conflict; they are in none of the lists below.
    pub conflicts: Vec<ConflictEntry>,
    /// HEAD against the stage.
    pub staged: Vec<Change>,
    /// The stage against the worktree.
    pub unstaged: Vec<Change>,
    /// What was never added; a directory without any tracked file is one entry, `dir/`.
    pub untracked: Vec<Change>,
    /// What could not be looked at.
    pub skipped: Vec<Skipped>,
    /// What this worktree is to have, where that is not everything.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sparse: Option<SparseCounts>,
    /// The data roots; only inside a git checkout.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub roots: Option<Vec<String>>,
    /// What is where, if that was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remotes: Option<Whereabouts>,
}

/// Compares HEAD, the stage and the worktree.
pub fn run(ctx: &Context, options: &StatusOptions) -> Result<StatusOutcome, OpError> {
    let repo = ctx.open_repo_to_read()?;
    let selection = locate::selection(ctx, &repo, &options.paths)?;
    let state = repo.state()?;
    let roots = data_roots::roots(&repo)?;
    let scan_paths = data_roots::to_look_at(&repo, selection.bounds().to_vec())?;
    let run = ctx.run_context(&repo.settings);
    let mut outcome = StatusOutcome {
        branch: state.head.branch().map(|b| b.short().to_owned()),
        commit: state.commit(),
        staged: staged_changes(&repo, &state, &selection)?,
        sparse: SparseCounts::of(&repo.sparse),
        roots: roots.map(|r| r.iter().map(locate::shown).collect()),
        ..StatusOutcome::default()
    };
    if let Some(scan_paths) = scan_paths {
        let found = look::look_for(&repo, state.staged_tree(), scan_paths, &selection, &run)?;
        outcome.unstaged = found.changed.iter().map(Change::of_staged).collect();
        outcome.untracked = found.untracked.iter().map(|path| Change::untracked(path)).collect();
        outcome.skipped = found.skipped.into_iter().map(Skipped::from).collect();
    }
    tell_operation(&repo, &mut outcome)?;
    if options.remotes {
        outcome.remotes = Some(whereabouts::tell(ctx, &repo)?);
    }
    let lists = [&outcome.staged, &outcome.unstaged, &outcome.untracked];
    outcome.clean = lists.iter().all(|list| list.is_empty()) && outcome.operation.is_none();
    Ok(outcome)
}

/// Tells what waits, and takes the paths of conflicts out of the other lists.
fn tell_operation(repo: &Repo, outcome: &mut StatusOutcome) -> Result<(), OpError> {
    let (waiting, open) = repo.db.read(|view| {
        let waiting = operation::current(view, repo.worktree)?;
        Ok::<_, OpError>((waiting, operation::conflicts(view, repo.worktree)?))
    })?;
    outcome.operation = waiting.map(|operation| operation.kind.verb());
    outcome.conflicts = open.iter().map(ConflictEntry::of).collect();
    let is_of = |open: &OpenConflict, path: &str| {
        open.conflict.path.as_str() == path
            || open.aside.as_ref().is_some_and(|aside| aside.as_str() == path)
    };
    for list in [&mut outcome.staged, &mut outcome.unstaged] {
        list.retain(|change| !open.iter().any(|open| is_of(open, &change.path)));
    }
    Ok(())
}

fn staged_changes(
    repo: &Repo,
    state: &WorkState,
    selection: &Selection,
) -> Result<Vec<Change>, OpError> {
    if state.stage.is_none() {
        return Ok(Vec::new());
    }
    let mut changes = Vec::new();
    let (old, new) = (state.head_tree, state.staged_tree());
    let _ = diff::diff_selected(&repo.store, old, new, selection, &mut |change| {
        changes.extend(Change::of_tree(&change));
        diff::Flow::Continue(())
    })?;
    Ok(changes)
}
