//! `merge`: joins another line of work into the current branch.

use super::integrate::{self, MergeOutcome};
use super::joining::{self, Join};
use super::{Context, OpError, locate};
use crate::merge::Side;
use crate::steps::operation::Kind;

/// What to merge, and how.
#[derive(Clone, Debug, Default)]
pub struct MergeOptions {
    /// The revision to merge.
    pub revision: String,
    /// Only move the branch on; never make a commit.
    pub ff_only: bool,
    /// Make a commit even where the branch could just move on.
    pub no_ff: bool,
    /// Resolve every conflict to our side.
    pub ours: bool,
    /// Resolve every conflict to their side.
    pub theirs: bool,
    /// The message of the commit; one that names what was merged by default.
    pub message: Option<String>,
    /// Merge histories that have nothing in common.
    pub allow_unrelated: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// Merges a revision into the current branch.
pub fn run(ctx: &Context, options: &MergeOptions) -> Result<MergeOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let state = repo.state()?;
    integrate::refuse_during_operation(&repo)?;
    integrate::refuse_empty(options.message.as_deref())?;
    let theirs = locate::commit(ctx, &repo, &options.revision)?;
    let mut outcome = MergeOutcome::new(Kind::Merge, &state, options.dry_run);
    outcome.other = Some(theirs);
    let join = Join {
        theirs,
        name: &options.revision,
        ff_only: options.ff_only,
        no_ff: options.no_ff,
        favour: favour(options),
        message: options.message.as_deref(),
        allow_unrelated: options.allow_unrelated,
        dry_run: options.dry_run,
    };
    joining::join(ctx, &repo, &state, &join, &mut outcome)?;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn favour(options: &MergeOptions) -> Option<Side> {
    match (options.ours, options.theirs) {
        (true, _) => Some(Side::Ours),
        (_, true) => Some(Side::Theirs),
        _ => None,
    }
}

/// Commits a merge whose conflicts are resolved.
pub fn go_on(ctx: &Context, message: Option<&str>) -> Result<MergeOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let operation = integrate::waiting(&repo, Kind::Merge)?;
    let mut outcome = MergeOutcome::new(Kind::Merge, &repo.state()?, false);
    integrate::conclude(ctx, &repo, &operation, message, &mut outcome)?;
    Ok(outcome)
}

/// Gives a merge up: all is as it was before.
pub fn abort(ctx: &Context, force: bool) -> Result<MergeOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let operation = integrate::waiting(&repo, Kind::Merge)?;
    let mut outcome = MergeOutcome::new(Kind::Merge, &repo.state()?, false);
    integrate::give_up(ctx, &repo, &operation, (operation.start, force), &mut outcome)?;
    Ok(outcome)
}
