//! `revert`: undoes what a commit changed, by a new commit.

use super::integrate::MergeOutcome;
use super::sequence::{self, Sequence};
use super::{Context, OpError, locate};
use crate::steps::operation::Kind;

/// What to revert, and how.
#[derive(Clone, Debug, Default)]
pub struct RevertOptions {
    /// The commits, in this order.
    pub revisions: Vec<String>,
    /// For merges: the parent to go back to, from 1.
    pub mainline: Option<usize>,
    /// Only stage the change.
    pub no_commit: bool,
}

/// Reverts commits, one after the other.
pub fn run(ctx: &Context, options: &RevertOptions) -> Result<MergeOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let state = repo.state()?;
    let mut outcome = MergeOutcome::new(Kind::Revert, &state, false);
    let commit = |text: &String| locate::commit(ctx, &repo, text);
    let sequence = Sequence {
        kind: Kind::Revert,
        start: state.commit().ok_or(OpError::IsEmptyRepository)?,
        todo: options.revisions.iter().map(commit).collect::<Result<_, _>>()?,
        mainline: options.mainline,
        no_commit: options.no_commit,
        names_source: false,
    };
    sequence::run(ctx, &repo, &sequence, &mut outcome)?;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// Commits a revert whose conflicts are resolved, and takes the rest.
pub fn go_on(ctx: &Context, message: Option<&str>) -> Result<MergeOutcome, OpError> {
    sequence::go_on(ctx, Kind::Revert, message)
}

/// Leaves the commit out that waits, and takes the rest.
pub fn skip(ctx: &Context, force: bool) -> Result<MergeOutcome, OpError> {
    sequence::skip(ctx, Kind::Revert, force)
}

/// Gives it up: all is as it was before.
pub fn abort(ctx: &Context, force: bool) -> Result<MergeOutcome, OpError> {
    sequence::abort(ctx, Kind::Revert, force)
}
