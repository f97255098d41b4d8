//! Bringing a stash back: its changes are merged into the stage, and written where nothing is in the way.

use super::{Apply, Stash, StashOutcome, drop_all, find, tree_of};
use crate::diff::tree as diff;
use crate::id::TreeId;
use crate::merge::{self, MergeError, Trees};
use crate::object::access::ReadObjects;
use crate::object::commit::Commit;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::ops::{Context, OpError, plans};
use crate::repo::{Repo, WorkState};
use crate::steps::checkout::{self as steps, Shift};
use crate::steps::{hold, stage};
use crate::store::objects::ObjectWriter;

/// Merges a stash into what is there; with `drop`, forgets it then.
pub(super) fn apply(
    ctx: &Context,
    repo: &Repo,
    options: &Apply,
    drop: bool,
) -> Result<StashOutcome, OpError> {
    hold::everything(repo)?;
    let stash = find(ctx, repo, options.stash.as_deref())?;
    let state = repo.state()?;
    let merged = merge(repo, &state, &stash, options.index)?;
    let stage = merged.staged.map_or(state.stage, |tree| state.stage_for(tree));
    let shift = Shift { from: Some(merged.ours), to: Some(merged.tree), stage };
    let done = steps::shift(repo, &state, &shift, &ctx.run_context(&repo.settings))?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    if !options.index {
        stage_new_files(repo, &stash.commit, &merged)?;
    }
    let dropped = drop && stash.name.is_some();
    let info = stash.info.clone();
    if dropped {
        drop_all(ctx, repo, vec![stash])?;
    }
    let (written, removed, bytes) = (done.written.files, done.written.removed, done.written.bytes);
    Ok(StashOutcome::Apply { stash: info, dropped, written, removed, bytes })
}

/// A stash merged into what is there now.
struct Merged {
    base: TreeId,
    /// The stage as it is.
    ours: TreeId,
    /// The worktree to be.
    tree: TreeId,
    /// The stage to be, where what was staged is to be staged again.
    staged: Option<TreeId>,
}

/// Merges the changes of a stash; where both sides changed a file nothing is done.
fn merge(
    repo: &Repo,
    state: &WorkState,
    Stash { commit: stash, info, .. }: &Stash,
    with_stage: bool,
) -> Result<Merged, OpError> {
    let ours = state.staged_tree().ok_or(OpError::IsEmptyRepository)?;
    let of_parent = |n: usize| repo.store.read_root(stash.parents[n]);
    let base = of_parent(0)?;
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let mut merge = |theirs| {
        let (our_name, their_name) = ("HEAD", "stash");
        let trees = Trees { base: Some(base), ours, theirs, our_name, their_name };
        let merged = merge::merge_trees(&repo.store, &trees, &mut writer).map_err(|e| match e {
            MergeError::Access(e) => OpError::from(e),
            MergeError::Tree(e) => e.into(),
            MergeError::Path(e) => e.into(),
        })?;
        let paths = merged.conflicts.iter().map(|c| c.path.as_str().to_owned());
        match merged.conflicts.is_empty() {
            true => Ok(merged.tree.id),
            false => Err(OpError::StashConflicts {
                paths: paths.collect(),
                stash: info.selector.clone(),
            }),
        }
    };
    let tree = merge(tree_of(repo, stash)?)?;
    let staged = if with_stage { Some(merge(of_parent(1)?)?) } else { None };
    let packs = writer.finish()?;
    repo.store.publish(packs, &Default::default(), |_| Ok::<_, OpError>(()))?;
    Ok(Merged { base, ours, tree, staged })
}

/// Stages the files that the stash added and that were known to the stage: they stay known.
fn stage_new_files(repo: &Repo, stash: &Commit, merged: &Merged) -> Result<(), OpError> {
    let mut edits = Vec::new();
    for change in diff::changes(&repo.store, Some(merged.base), Some(stash.tree))? {
        let is_file = !matches!(change.new, None | Some(EntryValue::Directory { .. }));
        let resolve = |tree| prolly::resolve(&repo.store, tree, &change.path);
        if change.old.is_none() && is_file && resolve(merged.ours)?.is_none() {
            edits.extend(resolve(merged.tree)?.map(|value| (change.path.clone(), Some(value))));
        }
    }
    if !edits.is_empty() {
        stage::edit_stage(repo, edits, (0, 0))?;
    }
    Ok(())
}
