//! Bringing the worktree to another tree and moving HEAD, in a way that a kill cannot spoil.
//!
//! Before the first write the tree to come is recorded; HEAD and the stage move last. Whoever comes after
//! a kill treats files of any tree involved as nobody's work, so that repeating the checkout finishes it and
//! checking out HEAD undoes it.

use std::collections::HashSet;

use super::ahead::Done;
use super::carry::{self, Carried};
use super::materialize::{self, Written};
use super::switch::{self, SwitchFrom};
use super::{RunContext, StepError, operation, restore, supply};
use crate::db::{DbError, Tx};
use crate::diff::tree as diff;
use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::pack::PackKind;
use crate::path::RepoPath;
use crate::refs::{Head, HeadTarget, RefNote, RefTarget, RefUpdate, WorktreeId};
use crate::repo::{Repo, WorkState};
use crate::worktree::plan::{Plan, Why};

/// Journal entries of this kind have the tree that a checkout was bringing for their key.
pub(super) const JOURNAL: &str = "checkout";

/// Of this kind, what a clone was writing before the tree itself was here.
const CLONE_JOURNAL: &str = "clone";

/// Where a checkout goes.
pub struct Target {
    /// The tree; `None` for a branch with nothing in it.
    pub tree: Option<TreeId>,
    /// What HEAD shall hold.
    pub head: HeadTarget,
    /// A branch that is made, or moved, in the same transaction, and what its reflog says.
    pub branch: Option<(RefUpdate, RefNote)>,
}

/// A checkout to be made.
pub struct Switch {
    /// Where it goes.
    pub target: Target,
    /// Drop unsaved work, in files that differ between the trees and in all others that are tracked.
    pub force: bool,
    /// Only plan.
    pub dry_run: bool,
    /// What the reflogs say.
    pub note: RefNote,
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
    request: &Switch,
    run: &RunContext,
) -> Result<Switched, StepError> {
    let Switch { target, force, dry_run, note } = request;
    let interrupted = interrupted(repo)?;
    let nothing = |plan| Switched { plan, written: Written::default() };
    // To the same tree all work goes along, staged or not.
    if target.tree == state.head_tree && !force && interrupted.is_empty() {
        if !dry_run {
            finish(repo, state, target, state.stage, note)?;
        }
        return Ok(nothing(Plan::default()));
    }
    // By force nothing that is staged counts; otherwise it goes along, and the way begins at HEAD.
    let tree = if *force { state.staged_tree() } else { state.head_tree };
    let from = SwitchFrom { tree, interrupted };
    let mut plan = switch::plan_switch(repo, &from, target.tree, *force)?;
    let mut carried = Carried::default();
    if *force {
        drop_other_changes(repo, &from, target.tree, &mut plan, run)?;
        plan.lost.extend(staged_work(repo, state, target.tree)?);
    } else {
        carried = carry::carry(repo, state, target.tree)?;
        let named: HashSet<_> = plan.conflicts.iter().map(|(path, _)| path.clone()).collect();
        let new = carried.conflicts.iter().filter(|path| !named.contains(*path));
        plan.conflicts.extend(new.map(|path| (path.clone(), Why::Staged)));
    }
    if *dry_run || !plan.conflicts.is_empty() {
        return Ok(nothing(plan));
    }
    // Before anything is noted: who may not fetch has changed nothing.
    supply::ensure(repo, &plan.files, run)?;
    begin(repo, target.tree)?;
    let written = materialize::apply(repo, &plan, run)?;
    let (stage, _session) = carried.stage(repo, target.tree)?;
    finish(repo, state, target, stage, note)?;
    Ok(Switched { plan, written })
}

/// Finishes the first checkout of a repository whose files were written beside the fetch that brought them;
/// `None`, and nothing is done, if it is another than that.
pub fn finish_ahead(
    repo: &Repo,
    state: &WorkState,
    target: &Target,
    done: &Done,
    note: &RefNote,
) -> Result<Option<Written>, StepError> {
    let is_first = state.head_tree.is_none() && state.stage.is_none();
    if !is_first || target.tree != Some(done.tree) || interrupted(repo)? != [done.tree] {
        return Ok(None);
    }
    let written = materialize::complete(repo, &done.plan, &done.stats)?;
    finish(repo, state, target, None, note)?;
    Ok(Some(written))
}

/// The worktree alone to be brought from one tree to another.
pub struct Shift {
    /// The tree its files are of; what differs from it is unsaved work.
    pub from: Option<TreeId>,
    /// The tree to come.
    pub to: Option<TreeId>,
    /// The stage to come.
    pub stage: Option<TreeId>,
}

/// What a shift would do.
pub fn plan_shift(repo: &Repo, shift: &Shift) -> Result<Plan, StepError> {
    let from = SwitchFrom { tree: shift.from, interrupted: interrupted(repo)? };
    switch::plan_switch(repo, &from, shift.to, false)
}

/// Brings the worktree to another tree; HEAD stays.
pub fn shift(
    repo: &Repo,
    state: &WorkState,
    shift: &Shift,
    run: &RunContext,
) -> Result<Switched, StepError> {
    let plan = plan_shift(repo, shift)?;
    if !plan.conflicts.is_empty() {
        return Ok(Switched { plan, written: Written::default() });
    }
    supply::ensure(repo, &plan.files, run)?;
    begin(repo, shift.to)?;
    let written = materialize::apply(repo, &plan, run)?;
    repo.db.write(|tx| {
        tx.set_stage(repo.worktree, state.stage, shift.stage)?;
        tx.clear_journal(repo.worktree, JOURNAL)?;
        Ok::<_, StepError>(())
    })?;
    Ok(Switched { plan, written })
}

/// Records the tree to come, beside those of checkouts that were cut short earlier: their files may
/// still be there.
fn begin(repo: &Repo, tree: Option<TreeId>) -> Result<(), StepError> {
    let Some(tree) = tree else { return Ok(()) };
    Ok(repo.db.write(|tx| note_begun(tx, repo.worktree, tree))?)
}

/// As a checkout begins, for a tree that is not here yet.
pub(super) fn begin_ahead(repo: &Repo, tree: TreeId) -> Result<(), StepError> {
    let note = |tx: &Tx<'_>| tx.put_journal(repo.worktree, CLONE_JOURNAL, tree.as_bytes(), b"");
    Ok(repo.db.write(note)?)
}

/// Notes in a transaction that a worktree is about to be brought to a tree.
pub fn note_begun(tx: &Tx<'_>, worktree: WorktreeId, tree: TreeId) -> Result<(), DbError> {
    tx.put_journal(worktree, JOURNAL, tree.as_bytes(), b"")
}

fn finish(
    repo: &Repo,
    state: &WorkState,
    target: &Target,
    stage: Option<TreeId>,
    note: &RefNote,
) -> Result<(), StepError> {
    repo.db.write(|tx| {
        move_head(tx, repo, state, target, note)?;
        tx.set_stage(repo.worktree, state.stage, stage)?;
        tx.clear_journal(repo.worktree, JOURNAL)?;
        tx.clear_journal(repo.worktree, CLONE_JOURNAL)?;
        // What waited rested on the state that is left.
        operation::clear(tx, repo.worktree)?;
        Ok::<_, StepError>(())
    })
}

/// Moves HEAD, and the branch that goes with it, if both still are as they were.
pub fn move_head(
    tx: &Tx<'_>,
    repo: &Repo,
    state: &WorkState,
    target: &Target,
    note: &RefNote,
) -> Result<(), StepError> {
    let mut expected = state.head.clone();
    if let Some((update, branch_note)) = &target.branch {
        tx.update_ref(update.clone(), branch_note)?;
        if let Head::Branch { name, target } = &mut expected
            && *name == update.name
        {
            *target = update.new.and_then(RefTarget::commit);
        }
    }
    tx.set_head(repo.worktree, &expected, &target.head, note)?;
    Ok(())
}

/// Adds to a forced plan what brings all other tracked files back to the tree they are of.
fn drop_other_changes(
    repo: &Repo,
    from: &SwitchFrom,
    to: Option<TreeId>,
    plan: &mut Plan,
    run: &RunContext,
) -> Result<(), StepError> {
    let Some(tree) = from.tree else { return Ok(()) };
    let mut settled: HashSet<_> =
        diff::changes(&repo.store, from.tree, to)?.into_iter().map(|c| c.path).collect();
    for interrupted in &from.interrupted {
        let changes = diff::changes(&repo.store, from.tree, Some(*interrupted))?;
        settled.extend(changes.into_iter().map(|c| c.path));
    }
    restore::plan_drop(repo, tree, &settled, plan, run)
}

/// Staged changes that `to` does not have: they are in no commit.
fn staged_work(
    repo: &Repo,
    state: &WorkState,
    to: Option<TreeId>,
) -> Result<Vec<(RepoPath, Why)>, StepError> {
    let mut work = Vec::new();
    if state.stage.is_none() {
        return Ok(work);
    }
    for change in diff::changes(&repo.store, state.head_tree, state.staged_tree())? {
        let kept = match to {
            Some(to) => prolly::resolve(&repo.store, to, &change.path)?,
            None => None,
        };
        // A folder is its files; what is deleted in the stage is no work that could be lost.
        let is_work = match &change.new {
            Some(EntryValue::Directory { files, .. }) => *files == 0,
            new => new.is_some(),
        };
        if is_work && kept != change.new {
            work.push((change.path, Why::Staged));
        }
    }
    Ok(work)
}

/// The trees that earlier, interrupted checkouts were bringing.
pub(super) fn interrupted(repo: &Repo) -> Result<Vec<TreeId>, StepError> {
    let mut trees = begun(repo, JOURNAL)?;
    for tree in begun(repo, CLONE_JOURNAL)? {
        // One that never came tells nothing of the files.
        if repo.store.catalog().find(PackKind::History, &tree.into())?.is_some() {
            trees.push(tree);
        }
    }
    trees.dedup();
    Ok(trees)
}

fn begun(repo: &Repo, kind: &str) -> Result<Vec<TreeId>, DbError> {
    let mut trees = Vec::new();
    repo.db.read(|view| {
        view.each_journal(repo.worktree, kind, |key, _| {
            trees.extend(key.try_into().ok().map(TreeId::from_bytes));
            Ok::<_, DbError>(())
        })
    })?;
    Ok(trees)
}
