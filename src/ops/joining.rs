//! Joining another line of work into the current branch: what `merge` and `pull --merge` share.

use super::integrate::{self, MergeOutcome, Step};
use super::{Context, OpError};
use crate::history::merge_base;
use crate::id::CommitId;
use crate::merge::Side;
use crate::object::access::ReadObjects;
use crate::repo::{DEFAULT_BRANCH, Repo, WorkState};
use crate::steps::merging::{self, Source};
use crate::steps::operation::{Kind, Operation};

/// What to join, and how.
#[derive(Clone, Copy, Debug)]
pub(super) struct Join<'j> {
    /// The commit.
    pub theirs: CommitId,
    /// What a person called it.
    pub name: &'j str,
    /// Only move the branch on.
    pub ff_only: bool,
    /// Make a commit even where the branch could just move on.
    pub no_ff: bool,
    /// The side that every conflict is resolved to.
    pub favour: Option<Side>,
    /// The message of the commit; one that names what was joined when absent.
    pub message: Option<&'j str>,
    /// Join histories that have nothing in common.
    pub allow_unrelated: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// Joins a commit into the current branch.
pub(super) fn join(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    join: &Join<'_>,
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    let theirs = join.theirs;
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
    let Some(ours) = ours.filter(|_| !can_forward || join.no_ff) else {
        let to = (theirs, join.name);
        return integrate::fast_forward(ctx, repo, state, to, outcome);
    };
    if join.ff_only {
        return Err(OpError::NotFastForward { name: join.name.to_owned() });
    }
    if !join.allow_unrelated && !merging::are_related(repo, ours, theirs)? {
        return Err(OpError::Unrelated { name: join.name.to_owned() });
    }
    let (name, message) = (join.name, join.message.map(str::to_owned));
    let their_name = integrate::side_name(name, theirs);
    let step = Step {
        kind: Kind::Merge,
        source: Source::History { ours, theirs },
        favour: join.favour,
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
        dry_run: join.dry_run,
    };
    integrate::step(ctx, repo, state, &step, outcome)?;
    Ok(())
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
