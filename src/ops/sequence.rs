//! Commits taken one after the other: what `revert` and `cherry-pick` share.

use super::integrate::{self, MergeOutcome, MergeResult, Step};
use super::{Context, OpError, locate, starts};
use crate::id::{CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::commit::Commit;
use crate::repo::{Repo, WorkState};
use crate::steps::merging::Source;
use crate::steps::operation::{Kind, Operation};

/// Commits to take, and how.
#[derive(Clone, Debug)]
pub(super) struct Sequence {
    pub kind: Kind,
    /// HEAD before the first.
    pub start: CommitId,
    /// The first one first.
    pub todo: Vec<CommitId>,
    /// The parent that merges are compared with, from 1.
    pub mainline: Option<usize>,
    /// Only stage what they change.
    pub no_commit: bool,
    /// Let messages name the commit that was picked.
    pub names_source: bool,
}

/// Takes commits until one waits for a person.
pub(super) fn run(
    ctx: &Context,
    repo: &Repo,
    sequence: &Sequence,
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    for (at, commit) in sequence.todo.iter().enumerate() {
        let state = repo.state()?;
        match sequence.no_commit {
            true => integrate::refuse_during_operation(repo)?,
            false => integrate::refuse_unready(repo, &state)?,
        }
        let rest = sequence.todo[at + 1..].to_vec();
        let step = step_of(repo, &state, sequence, (*commit, rest))?;
        if !integrate::step(ctx, repo, &state, &step, outcome)? {
            return Ok(());
        }
    }
    Ok(())
}

fn step_of(
    repo: &Repo,
    state: &WorkState,
    sequence: &Sequence,
    (id, todo): (CommitId, Vec<CommitId>),
) -> Result<Step, OpError> {
    let (Some(head), Some(head_tree)) = (state.commit(), state.head_tree) else {
        return Err(OpError::IsEmptyRepository);
    };
    let commit = repo.store.read_commit(id)?;
    starts::refuse_shallow(repo, id)?;
    let parent = parent_of(&commit, id, sequence)?;
    let parent_tree = parent.map(|p| repo.store.read_root(p)).transpose()?;
    let own_tree = repo.store.read_root(id)?;
    let ours: TreeId =
        if sequence.no_commit { state.staged_tree() } else { None }.unwrap_or(head_tree);
    let (from, to, message) = match sequence.kind {
        Kind::Revert => (Some(own_tree), parent_tree, reverting(&commit, id, parent)),
        _ => (parent_tree, Some(own_tree), picking(&commit, id, sequence)),
    };
    let operation = Operation {
        kind: sequence.kind,
        start: sequence.start,
        commit: id,
        tree: ours,
        their_name: their_name(sequence.kind, id),
        message,
        todo,
        mainline: sequence.mainline,
        names_source: sequence.names_source,
    };
    let (author, metadata) = integrate::origin(repo, &operation)?;
    Ok(Step {
        kind: sequence.kind,
        source: Source::Change { ours, from, to },
        favour: None,
        operation,
        parents: if sequence.no_commit { Vec::new() } else { vec![head] },
        author,
        metadata,
        dry_run: false,
    })
}

fn their_name(kind: Kind, id: CommitId) -> String {
    match kind {
        Kind::Revert => format!("parent-of-{}", id.short()),
        _ => id.short(),
    }
}

/// The parent that a commit is compared with; none for a first commit.
fn parent_of(
    commit: &Commit,
    id: CommitId,
    sequence: &Sequence,
) -> Result<Option<CommitId>, OpError> {
    let verb = sequence.kind.verb();
    let short = id.short();
    match (sequence.mainline, commit.parents.len()) {
        (None, 0 | 1) => Ok(commit.parents.first().copied()),
        (None, _) => Err(OpError::Usage {
            message: format!("{short} is a merge: which parent is the main line?"),
            hint: Some(format!("name its first one: esker {verb} -m 1 {short}")),
        }),
        (Some(number), count) => {
            let parent = number.checked_sub(1).and_then(|at| commit.parents.get(at));
            parent.copied().map(Some).ok_or_else(|| OpError::Usage {
                message: format!("{short} has no parent {number}: it has {count}"),
                hint: Some(format!("see its parents: esker show {short}")),
            })
        }
    }
}

fn reverting(commit: &Commit, id: CommitId, parent: Option<CommitId>) -> String {
    let summary = locate::summary(&commit.message);
    let merged = match parent.filter(|_| commit.parents.len() > 1) {
        Some(parent) => format!(", reversing\nchanges made to {parent}"),
        None => String::new(),
    };
    format!("Revert \"{summary}\"\n\nThis reverts commit {id}{merged}.")
}

fn picking(commit: &Commit, id: CommitId, sequence: &Sequence) -> String {
    let message = commit.message.trim_end();
    match sequence.names_source {
        true => format!("{message}\n\n(cherry picked from commit {id})"),
        false => message.to_owned(),
    }
}

/// What is left of a sequence that waited.
fn rest_of(operation: &Operation) -> Sequence {
    Sequence {
        kind: operation.kind,
        start: operation.start,
        todo: operation.todo.clone(),
        mainline: operation.mainline,
        no_commit: false,
        names_source: operation.names_source,
    }
}

/// Commits what was resolved and takes the rest.
pub(super) fn go_on(
    ctx: &Context,
    kind: Kind,
    message: Option<&str>,
) -> Result<MergeOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let operation = integrate::waiting(&repo, kind)?;
    let mut outcome = MergeOutcome::new(kind, &repo.state()?, false);
    integrate::conclude(ctx, &repo, &operation, message, &mut outcome)?;
    run(ctx, &repo, &rest_of(&operation), &mut outcome)?;
    Ok(outcome)
}

/// Leaves the commit out that waits, and takes the rest.
pub(super) fn skip(ctx: &Context, kind: Kind, force: bool) -> Result<MergeOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let operation = integrate::waiting(&repo, kind)?;
    let state = repo.state()?;
    let head = state.commit().ok_or(OpError::IsEmptyRepository)?;
    let mut outcome = MergeOutcome::new(kind, &state, false);
    integrate::give_up(ctx, &repo, &operation, (head, force), &mut outcome)?;
    outcome.result = MergeResult::Skipped;
    run(ctx, &repo, &rest_of(&operation), &mut outcome)?;
    Ok(outcome)
}

/// Gives the whole sequence up: HEAD is where it was before the first commit.
pub(super) fn abort(ctx: &Context, kind: Kind, force: bool) -> Result<MergeOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let operation = integrate::waiting(&repo, kind)?;
    let mut outcome = MergeOutcome::new(kind, &repo.state()?, false);
    integrate::give_up(ctx, &repo, &operation, (operation.start, force), &mut outcome)?;
    Ok(outcome)
}
