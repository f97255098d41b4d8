//! From what a person asked to compare to two states.

use super::{DiffOptions, DiffSide, DiffSideKind};
use crate::history::merge_base::merge_bases;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::ops::{Context, OpError, locate};
use crate::path::patterns::Selection;
use crate::repo::{Repo, WorkState};
use crate::revision::Range;

/// Two states, and what matters of them.
pub(super) struct Asked {
    pub old: DiffSide,
    pub new: DiffSide,
    pub selection: Selection,
    /// What the worktree is on.
    pub state: WorkState,
}

pub(super) fn resolve(ctx: &Context, repo: &Repo, options: &DiffOptions) -> Result<Asked, OpError> {
    let (revisions, mut paths) = locate::revisions_and_paths(ctx, repo, &options.args)?;
    paths.extend(options.paths.iter().cloned());
    let state = repo.state()?;
    let stage = || DiffSide { kind: DiffSideKind::Stage, commit: None, tree: state.staged_tree() };
    let worktree = || DiffSide { kind: DiffSideKind::Worktree, commit: None, tree: None };
    let revisions: Vec<&str> = revisions.iter().map(String::as_str).collect();
    let (old, new) = match (revisions.as_slice(), options.staged) {
        ([], true) => (head(&state), stage()),
        ([], false) => (stage(), worktree()),
        ([one], staged) => match (Range::parse(one), staged) {
            (None, true) => (commit(ctx, repo, one)?, stage()),
            (None, false) => (commit(ctx, repo, one)?, worktree()),
            (Some(range), false) => of_range(ctx, repo, range)?,
            (Some(_), true) => return Err(usage("--staged compares one revision with the stage")),
        },
        ([old, new], false) => (commit(ctx, repo, old)?, commit(ctx, repo, new)?),
        (_, true) => return Err(usage("--staged compares one revision with the stage")),
        _ => return Err(usage("only two revisions can be compared")),
    };
    let selection = locate::selection(ctx, repo, &paths)?;
    Ok(Asked { old, new, selection, state })
}

fn usage(message: &str) -> OpError {
    let hint = Some("see how it is used: esker help diff".to_owned());
    OpError::Usage { message: message.to_owned(), hint }
}

/// HEAD's commit; before the first, nothing.
fn head(state: &WorkState) -> DiffSide {
    DiffSide { kind: DiffSideKind::Commit, commit: state.commit(), tree: state.head_tree }
}

fn commit(ctx: &Context, repo: &Repo, text: &str) -> Result<DiffSide, OpError> {
    side_of(repo, locate::commit(ctx, repo, text)?)
}

fn side_of(repo: &Repo, id: CommitId) -> Result<DiffSide, OpError> {
    let tree = repo.store.read_root(id)?;
    Ok(DiffSide { kind: DiffSideKind::Commit, commit: Some(id), tree: Some(tree) })
}

fn of_range(ctx: &Context, repo: &Repo, range: Range<'_>) -> Result<(DiffSide, DiffSide), OpError> {
    let (left, right) =
        (locate::commit(ctx, repo, range.left)?, locate::commit(ctx, repo, range.right)?);
    if !range.is_symmetric {
        return Ok((side_of(repo, left)?, side_of(repo, right)?));
    }
    let bases = merge_bases(&repo.store, &[left], &[right])?;
    let base = bases.first().ok_or_else(|| OpError::NoCommonCommit {
        left: range.left.to_owned(),
        right: range.right.to_owned(),
    })?;
    Ok((side_of(repo, *base)?, side_of(repo, right)?))
}
