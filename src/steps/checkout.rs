//! Switching the worktree to another commit, in a way that a kill cannot spoil.
//!
//! Before the first write the tree to come is recorded; HEAD and the stage move last. Whoever comes after
//! a kill treats files of any tree involved as nobody's work, so that repeating the checkout finishes it and
//! checking out HEAD undoes it.

use super::materialize::{self, Written};
use super::switch::{self, SwitchFrom};
use super::{RunContext, StepError};
use crate::db::DbError;
use crate::id::{CommitId, TreeId};
use crate::refs::{HeadTarget, RefNote};
use crate::repo::{Repo, WorkState};
use crate::worktree::plan::Plan;

/// Journal entries of this kind have the tree that a checkout was bringing for their key.
const JOURNAL: &str = "checkout";

/// Where a checkout goes.
pub struct Target {
    /// The commit.
    pub commit: CommitId,
    /// Its tree.
    pub tree: TreeId,
    /// What HEAD shall hold.
    pub head: HeadTarget,
}

/// What a checkout planned and did; nothing was done when the plan has conflicts.
pub struct Switched {
    /// What was to be done.
    pub plan: Plan,
    /// What was done.
    pub written: Written,
}

/// Brings the target's tree into the worktree and moves HEAD.
pub fn switch(
    repo: &Repo,
    state: &WorkState,
    target: &Target,
    force: bool,
    dry_run: bool,
    note: &RefNote,
    run: &RunContext,
) -> Result<Switched, StepError> {
    let from = SwitchFrom { tree: state.staged_tree(), interrupted: interrupted(repo)? };
    let plan = switch::plan_switch(repo, &from, Some(target.tree), force)?;
    let nothing = Written::default();
    if dry_run || !plan.conflicts.is_empty() {
        return Ok(Switched { plan, written: nothing });
    }
    let stays_staged = !force && state.stage.is_some() && Some(target.tree) == state.head_tree;
    if state.stage.is_some() && !force && !stays_staged {
        return Ok(Switched { plan: staged_conflicts(repo, state, plan)?, written: nothing });
    }
    if stays_staged {
        return finish(repo, state, target, state.stage, note)
            .map(|()| Switched { plan, written: nothing });
    }
    // Beside the trees of checkouts that were cut short earlier: their files may still be there.
    let key = target.tree;
    repo.db.write(|tx| tx.put_journal(repo.worktree, JOURNAL, key.as_bytes(), b""))?;
    let written = materialize::apply(repo, &plan, run)?;
    finish(repo, state, target, None, note)?;
    Ok(Switched { plan, written })
}

fn finish(
    repo: &Repo,
    state: &WorkState,
    target: &Target,
    stage: Option<TreeId>,
    note: &RefNote,
) -> Result<(), StepError> {
    repo.db.write(|tx| {
        tx.set_head(repo.worktree, &state.head, &target.head, note)?;
        tx.set_stage(repo.worktree, state.stage, stage)?;
        tx.clear_journal(repo.worktree, JOURNAL)?;
        Ok::<_, StepError>(())
    })
}

/// Staged work would be lost: every staged path is a conflict.
fn staged_conflicts(repo: &Repo, state: &WorkState, mut plan: Plan) -> Result<Plan, StepError> {
    let changes = crate::diff::tree::changes(&repo.store, state.head_tree, state.staged_tree())?;
    let conflict = |c: crate::diff::tree::Change| (c.path, crate::worktree::plan::Why::Staged);
    plan.conflicts.extend(changes.into_iter().map(conflict));
    Ok(plan)
}

/// The trees that earlier, interrupted checkouts were bringing.
fn interrupted(repo: &Repo) -> Result<Vec<TreeId>, StepError> {
    let mut trees = Vec::new();
    repo.db.read(|view| {
        view.each_journal(repo.worktree, JOURNAL, |key, _| {
            trees.extend(key.try_into().ok().map(TreeId::from_bytes));
            Ok::<_, DbError>(())
        })
    })?;
    Ok(trees)
}
