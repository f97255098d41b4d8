//! Making commits anew on top of another commit: what `pull --rebase` does with those that are only here.
//!
//! The new commits are made without touching the worktree, which then goes from where it was to the last
//! of them in one step, in the transaction that moves the branch: a kill leaves either the old branch or
//! the new one. At a commit that conflicts it stops as a cherry-pick does, whose `--continue`, `--skip`
//! and `--abort` take it from there; given up, the branch is what it was before.

use super::integrate::{self, ConflictEntry, MadeCommit, MergeOutcome, MergeResult};
use super::{Context, OpError, locate, starts};
use crate::history::merge_base::reachable_minus;
use crate::id::{CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::commit::{Commit, Person};
use crate::repo::{Repo, WorkState};
use crate::steps::hold;
use crate::steps::merging::{self, Bring, Prepared, Request, Source};
use crate::steps::operation::{self, Kind, Operation};
use crate::store::StoreError;

/// Commits of the current branch, to be made anew on top of another.
pub(super) struct Replay<'r> {
    /// The commit that the branch is at.
    pub ours: CommitId,
    /// The commit to build on.
    pub onto: CommitId,
    /// What to say of the move in the reflog.
    pub note: &'r str,
}

/// Where the commits made so far have come to.
struct Tip {
    commit: CommitId,
    tree: TreeId,
}

/// Makes anew what `ours` has and `onto` has not, and moves branch and worktree there.
pub(super) fn replay(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    replay: &Replay<'_>,
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    integrate::refuse_unready(repo, state)?;
    let todo = commits(repo, replay)?;
    let committer = ctx.person(repo)?;
    // Nothing names the new commits until the branch moves: nobody may drop them meanwhile.
    let onto = repo.store.read_root(replay.onto)?;
    let mut tip = Tip { commit: replay.onto, tree: onto };
    for (at, (id, commit)) in todo.iter().enumerate() {
        ctx.cancel.check().map_err(|_| OpError::Interrupted)?;
        let prepared = pick(repo, &tip, (*id, commit), &committer)?;
        hold::everything(repo)?;
        outcome.other = Some(*id);
        if !prepared.conflicts.is_empty() {
            let rest = todo[at + 1..].iter().map(|(id, _)| *id).collect();
            let operation = waiting(replay, (*id, commit), prepared.tree, rest);
            outcome.conflicts = prepared.conflicts.iter().map(ConflictEntry::of).collect();
            return finish(ctx, repo, state, (&tip, Some((operation, prepared))), replay, outcome);
        }
        match prepared.commit {
            Some(commit_id) => {
                let summary = locate::summary(&commit.message);
                outcome.commits.push(MadeCommit { commit: commit_id, summary });
                tip = Tip { commit: commit_id, tree: prepared.tree };
            }
            None => outcome.empty.push(*id),
        }
    }
    finish(ctx, repo, state, (&tip, None), replay, outcome)
}

/// What is only here, the oldest first.
fn commits(repo: &Repo, replay: &Replay<'_>) -> Result<Vec<(CommitId, Commit)>, OpError> {
    let mut todo = Vec::new();
    for id in reachable_minus(&repo.store, &[replay.ours], &[replay.onto])? {
        starts::refuse_shallow(repo, id)?;
        let commit = repo.store.read_commit(id)?;
        if commit.parents.len() > 1 {
            return Err(OpError::Usage {
                message: format!("{} is a merge, which cannot be made anew", id.short()),
                hint: Some("join both sides in place of that: esker pull --merge".to_owned()),
            });
        }
        todo.push((id, commit));
    }
    todo.reverse();
    Ok(todo)
}

/// Makes one commit anew on top of `tip`; none where what it changes is there already.
fn pick(
    repo: &Repo,
    tip: &Tip,
    (id, commit): (CommitId, &Commit),
    committer: &Person,
) -> Result<Prepared, OpError> {
    let from = match commit.parents.first() {
        Some(parent) => Some(repo.store.read_root(*parent)?),
        None => None,
    };
    let their_name = id.short();
    let source = Source::Change { ours: tip.tree, from, to: Some(repo.store.read_root(id)?) };
    let request = Request { source, their_name: &their_name, favour: None };
    let anew = |tree| Commit {
        tree,
        parents: vec![tip.commit],
        committer: committer.clone(),
        signature: None,
        ..commit.clone()
    };
    Ok(merging::prepare(repo, &request, |tree| (tree != tip.tree).then(|| anew(tree)))?)
}

fn waiting(
    replay: &Replay<'_>,
    (id, commit): (CommitId, &Commit),
    tree: TreeId,
    todo: Vec<CommitId>,
) -> Operation {
    Operation {
        kind: Kind::CherryPick,
        start: replay.ours,
        commit: id,
        tree,
        their_name: id.short(),
        message: commit.message.clone(),
        todo,
        mainline: None,
        names_source: false,
    }
}

/// Brings the worktree to the last commit that was made, or to the conflicts on top of it.
fn finish(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    (tip, open): (&Tip, Option<(Operation, Prepared)>),
    replay: &Replay<'_>,
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    let to = open.as_ref().map_or(tip.tree, |(_, prepared)| prepared.tree);
    outcome.count_between(repo, state.head_tree, to)?;
    let bring = Bring { from: state.staged_tree(), also: Vec::new(), to, force: false };
    let note = ctx.note(repo, replay.note.to_owned());
    let done = merging::bring(repo, bring, &ctx.run_context(&repo.settings), |tx| {
        if tx.head(repo.worktree)? != state.head {
            return Err(StoreError::Changed.into());
        }
        merging::advance(tx, repo, state, tip.commit, &note)?;
        if let Some((operation, prepared)) = &open {
            operation::save(tx, repo.worktree, operation, &prepared.conflicts)?;
        }
        let staged = (to != tip.tree).then_some(to);
        Ok(tx.set_stage(repo.worktree, state.stage, staged)?)
    })?;
    if !done.plan.conflicts.is_empty() {
        return Err(integrate::in_the_way(&done.plan));
    }
    outcome.bytes += done.written.bytes;
    outcome.commit = Some(tip.commit);
    outcome.result = match open {
        Some(_) => MergeResult::Conflicts,
        None => MergeResult::Committed,
    };
    Ok(())
}
