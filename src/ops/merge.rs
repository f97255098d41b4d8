//! `merge`: joins another line of work into the current branch.

use super::integrate::{self, MergeOutcome, Step};
use super::{Context, OpError, locate};
use crate::history::merge_base;
use crate::id::CommitId;
use crate::merge::Side;
use crate::object::access::ReadObjects;
use crate::repo::{DEFAULT_BRANCH, Repo, WorkState};
use crate::steps::merging::{self, Source};
use crate::steps::operation::{Kind, Operation};

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
    merge(ctx, &repo, &state, (options, theirs), &mut outcome)?;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn merge(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    (options, theirs): (&MergeOptions, CommitId),
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    let ours = state.commit();
    if let Some(ours) = ours
        && merge_base::is_ancestor(&repo.store, theirs, ours)?
    {
        return Ok(());
    }
    integrate::refuse_unready(repo, state)?;
    let can_forward = match ours {
        Some(ours) => merge_base::is_ancestor(&repo.store, ours, theirs)?,
        None => true,
    };
    let Some(ours) = ours.filter(|_| !can_forward || options.no_ff) else {
        let to = (theirs, options.revision.as_str());
        return integrate::fast_forward(ctx, repo, state, to, outcome);
    };
    if options.ff_only {
        return Err(OpError::NotFastForward { name: options.revision.clone() });
    }
    if !options.allow_unrelated && !merging::are_related(repo, ours, theirs)? {
        return Err(OpError::Unrelated { name: options.revision.clone() });
    }
    let (name, message) = (options.revision.as_str(), options.message.clone());
    let their_name = integrate::side_name(name, theirs);
    let step = Step {
        kind: Kind::Merge,
        source: Source::History { ours, theirs },
        favour: favour(options),
        operation: Operation {
            kind: Kind::Merge,
            start: ours,
            commit: theirs,
            tree: repo.store.read_root(ours)?,
            message: message
                .map_or_else(|| default_message(repo, state, (name, &their_name)), Ok)?,
            their_name,
            todo: Vec::new(),
            mainline: None,
            names_source: false,
        },
        parents: vec![ours, theirs],
        author: None,
        metadata: Default::default(),
        dry_run: options.dry_run,
    };
    integrate::step(ctx, repo, state, &step, outcome)?;
    Ok(())
}

fn favour(options: &MergeOptions) -> Option<Side> {
    match (options.ours, options.theirs) {
        (true, _) => Some(Side::Ours),
        (_, true) => Some(Side::Theirs),
        _ => None,
    }
}

/// As git words it.
fn default_message(
    repo: &Repo,
    state: &WorkState,
    (name, their_name): (&str, &str),
) -> Result<String, OpError> {
    let is_there = |full: String| match crate::refs::RefName::new(&full) {
        Ok(full) => repo.db.read(|view| view.get_ref(&full)).map(|found| found.is_some()),
        Err(_) => Ok(false),
    };
    let what = if is_there(format!("refs/heads/{name}"))? {
        "branch"
    } else if is_there(format!("refs/tags/{name}"))? {
        "tag"
    } else {
        "commit"
    };
    let into = match state.head.branch().map(|b| b.short()) {
        Some(DEFAULT_BRANCH) | None => String::new(),
        Some(branch) => format!(" into {branch}"),
    };
    Ok(format!("Merge {what} '{their_name}'{into}"))
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
