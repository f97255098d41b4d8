//! Putting work aside: the worktree is stored and named before anything in it is touched.

use super::{StashInfo, StashOutcome};
use crate::id::{CommitId, TreeId};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::commit::{Commit, Person};
use crate::ops::{Context, OpError, Skipped, convert, locate, plans};
use crate::path::RepoPath;
use crate::refs::{self, RefTarget};
use crate::repo::{Repo, WorkState};
use crate::steps::checkout::{self as steps, Shift};
use crate::steps::{data_roots, stage};
use crate::store::objects::ObjectWriter;
use crate::worktree::compare::Taken;

/// Saves unsaved work and makes the worktree equal to HEAD.
pub(super) fn push(
    ctx: &Context,
    repo: &Repo,
    message: Option<&str>,
    untracked: bool,
) -> Result<StashOutcome, OpError> {
    let state = repo.state()?;
    let head = state.commit().ok_or(OpError::IsEmptyRepository)?;
    let person = ctx.person(repo)?;
    let staged = state.staged_tree().ok_or(OpError::IsEmptyRepository)?;
    let run = ctx.run_context(&repo.settings);
    let paths = data_roots::to_add(repo, vec![RepoPath::root()], true, false)?;
    let is_nothing = paths.is_empty();
    let paths = locate::all_if_root(paths);
    let take = |added| match is_nothing {
        true => Ok((staged, Vec::new())),
        false => stage::snapshot(repo, &paths, Taken { added, removed: true }, &run),
    };
    let (tracked, mut skipped) = take(false)?;
    let mut everything = tracked;
    if untracked {
        (everything, skipped) = take(true)?;
    }
    let skipped = skipped.into_iter().map(Skipped::from).collect();
    if Some(everything) == state.head_tree && state.stage.is_none() {
        return Ok(StashOutcome::Push { saved: None, skipped });
    }
    let shift = Shift { from: Some(everything), to: state.head_tree, stage: None };
    let plan = steps::plan_shift(repo, &shift)?;
    if !plan.conflicts.is_empty() {
        return Err(OpError::NotPutAside { paths: plans::conflicting(&plan) });
    }
    let work = Work { head, staged, tracked, everything };
    let info = save(ctx, repo, &state, &work, person, message)?;
    let done = steps::shift(repo, &state, &shift, &run)?;
    if !done.plan.conflicts.is_empty() {
        return Err(OpError::ChangedMeanwhile { paths: plans::conflicting(&done.plan) });
    }
    Ok(StashOutcome::Push { saved: Some(info), skipped })
}

/// What is put aside.
struct Work {
    head: CommitId,
    /// The stage.
    staged: TreeId,
    /// The worktree's files that the stage knows.
    tracked: TreeId,
    /// These, and files that were never added where they were asked for.
    everything: TreeId,
}

/// Writes the commits of a stash and the ref that keeps them.
fn save(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    work: &Work,
    person: Person,
    message: Option<&str>,
) -> Result<StashInfo, OpError> {
    let branch = state.head.branch().map_or("(no branch)", |b| b.short());
    let summary = locate::summary(&repo.store.read_commit(work.head)?.message);
    let at = format!("{branch}: {} {summary}", work.head.short());
    let message = match message {
        Some(message) => format!("On {branch}: {message}"),
        None => format!("WIP on {at}"),
    };
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let mut commit = |tree, parents, message: String| -> Result<CommitId, OpError> {
        let (author, committer) = (person.clone(), person.clone());
        let (attributes, metadata, signature) = (None, Default::default(), None);
        let commit =
            Commit { tree, attributes, parents, author, committer, message, metadata, signature };
        let encoded = commit.encode().map_err(convert::other)?;
        let id = CommitId::of(&encoded);
        writer.write_commit(id, encoded)?;
        Ok(id)
    };
    let index = commit(work.staged, vec![work.head], format!("index on {at}"))?;
    let mut parents = vec![work.head, index];
    if work.everything != work.tracked {
        let tree = work.everything;
        parents.push(commit(tree, Vec::new(), format!("with untracked files on {at}"))?);
    }
    let id = commit(work.tracked, parents, message.clone())?;
    let packs = writer.finish()?;
    let note = ctx.note(repo, message.clone());
    repo.store.publish(packs, &Default::default(), |tx| {
        let last = tx.refs(refs::STASHES)?.pop();
        let name = refs::next_stash(last.map(|(name, _)| name).as_ref());
        tx.set_ref(&name, None, RefTarget::Commit(id), &note)?;
        Ok::<_, OpError>(())
    })?;
    Ok(StashInfo { selector: "stash@{0}".to_owned(), commit: id, message, time: ctx.now.seconds })
}
