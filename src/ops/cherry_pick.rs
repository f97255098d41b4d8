//! `cherry-pick`: makes the changes of other commits again, on the current branch.

use super::integrate::MergeOutcome;
use super::sequence::{self, Sequence};
use super::{Context, OpError, locate};
use crate::history::merge_base;
use crate::id::CommitId;
use crate::repo::Repo;
use crate::revision::Range;
use crate::steps::operation::Kind;

/// What to pick, and how.
#[derive(Clone, Debug, Default)]
pub struct CherryPickOptions {
    /// Commits, and ranges `A..B` of what B has and A has not.
    pub revisions: Vec<String>,
    /// For merges: the parent they are compared with, from 1.
    pub mainline: Option<usize>,
    /// Only stage the changes.
    pub no_commit: bool,
    /// Let each message name the commit it was picked from.
    pub names_source: bool,
}

/// Picks commits, one after the other.
pub fn run(ctx: &Context, options: &CherryPickOptions) -> Result<MergeOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let state = repo.state()?;
    let mut outcome = MergeOutcome::new(Kind::CherryPick, &state, false);
    let mut todo = Vec::new();
    for text in &options.revisions {
        todo.extend(commits_of(ctx, &repo, text)?);
    }
    let sequence = Sequence {
        kind: Kind::CherryPick,
        start: state.commit().ok_or(OpError::IsEmptyRepository)?,
        todo,
        mainline: options.mainline,
        no_commit: options.no_commit,
        names_source: options.names_source,
    };
    sequence::run(ctx, &repo, &sequence, &mut outcome)?;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// The commits that a person named, the oldest of a range first.
fn commits_of(ctx: &Context, repo: &Repo, text: &str) -> Result<Vec<CommitId>, OpError> {
    let Some(range) = Range::parse(text) else {
        return Ok(vec![locate::commit(ctx, repo, text)?]);
    };
    if range.is_symmetric {
        return Err(OpError::Usage {
            message: format!("'{text}' names both sides"),
            hint: Some(format!("name one: esker cherry-pick {}..{}", range.left, range.right)),
        });
    }
    let left = locate::commit(ctx, repo, range.left)?;
    let right = locate::commit(ctx, repo, range.right)?;
    let mut commits = merge_base::reachable_minus(&repo.store, &[right], &[left])?;
    commits.reverse();
    Ok(commits)
}

/// Commits a pick whose conflicts are resolved, and takes the rest.
pub fn go_on(ctx: &Context, message: Option<&str>) -> Result<MergeOutcome, OpError> {
    sequence::go_on(ctx, Kind::CherryPick, message)
}

/// Leaves the commit out that waits, and takes the rest.
pub fn skip(ctx: &Context, force: bool) -> Result<MergeOutcome, OpError> {
    sequence::skip(ctx, Kind::CherryPick, force)
}

/// Gives it up: all is as it was before the first commit.
pub fn abort(ctx: &Context, force: bool) -> Result<MergeOutcome, OpError> {
    sequence::abort(ctx, Kind::CherryPick, force)
}
