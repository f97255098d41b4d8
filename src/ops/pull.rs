//! `pull`: fetches, then brings the current branch and what the remote has together.
//!
//! By default it only moves forward. Where both sides have new commits, a person says how they shall be
//! brought together: by making the own ones anew on top of the others, or by a merge.

use serde::Serialize;

use super::bring::{Bring, bring};
use super::integrate::{self, ConflictEntry, MadeCommit, MergeOutcome};
use super::joining::{self, Join};
use super::replay::{Replay, replay};
use super::{Brought, Context, OpError, connect, encode, plans};
use crate::history::merge_base::is_ancestor;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{RefName, RefUpdate};
use crate::repo::Repo;
use crate::steps::checkout::{self, Switch, Target};
use crate::steps::operation::Kind;

/// What to do where both sides have new commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PullMode {
    /// Say so, and change nothing.
    #[default]
    FastForward,
    /// Make the commits that are only here anew on top of the remote's.
    Rebase,
    /// Join both in a merge.
    Merge,
}

/// What to bring in.
#[derive(Clone, Debug, Default)]
pub struct PullOptions {
    /// The remote; the branch's own or `origin` when absent.
    pub remote: Option<String>,
    /// Its branch; the one of the same name when absent.
    pub branch: Option<String>,
    /// What to do where both sides have new commits.
    pub mode: PullMode,
}

/// What was brought in.
#[derive(Clone, Debug, Serialize)]
pub struct PullOutcome {
    /// What was fetched.
    #[serde(flatten)]
    pub fetched: Brought,
    /// The branch that moved, or did not need to.
    pub branch: String,
    /// The commit it was on.
    #[serde(serialize_with = "encode::optional_id")]
    pub old: Option<CommitId>,
    /// The commit it is on.
    #[serde(serialize_with = "encode::id")]
    pub new: CommitId,
    /// Files written.
    pub written: u64,
    /// Files removed.
    pub removed: u64,
    /// Bytes written.
    pub bytes: u64,
    /// The commits that were made, the first one first.
    pub made: Vec<MadeCommit>,
    /// Commits left out because what they change is there already.
    #[serde(serialize_with = "encode::ids")]
    pub empty: Vec<CommitId>,
    /// Paths that wait for a person.
    pub conflicts: Vec<ConflictEntry>,
    /// How both sides were to be brought together.
    pub mode: PullMode,
}

/// The two sides that are brought together.
struct Sides<'s> {
    remote: &'s str,
    /// The remote's branch.
    there: &'s str,
    branch: &'s RefName,
    ours: Option<CommitId>,
    theirs: CommitId,
}

/// Fetches and moves on.
pub fn run(ctx: &Context, options: &PullOptions) -> Result<PullOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let head = repo.head()?;
    let Some(branch) = head.branch().cloned() else {
        return Err(OpError::Usage {
            message: "HEAD is on no branch, so nothing can be pulled into it".to_owned(),
            hint: Some("go to one: esker checkout main".to_owned()),
        });
    };
    integrate::refuse_during_operation(&repo)?;
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), Some(branch.short()))?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let fetched = bring(ctx, &repo, &connection, Bring::default())?;
    let remote = connection.settings.name.as_str();
    let there = options.branch.as_deref().unwrap_or(branch.short());
    let (ours, theirs) = (head.commit(), tracked(&repo, remote, there)?);
    let sides = Sides { remote, there, branch: &branch, ours, theirs };
    let mut outcome = PullOutcome {
        fetched,
        branch: branch.short().to_owned(),
        old: ours,
        new: ours.unwrap_or(theirs),
        written: 0,
        removed: 0,
        bytes: 0,
        made: Vec::new(),
        empty: Vec::new(),
        conflicts: Vec::new(),
        mode: options.mode,
    };
    join(ctx, &repo, &sides, &mut outcome)?;
    outcome.fetched.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn tracked(repo: &Repo, remote: &str, branch: &str) -> Result<CommitId, OpError> {
    let none = || OpError::Remote {
        message: format!("{remote} has no branch '{}'", crate::path::escape(branch)),
        hint: Some(format!("see what it has: esker ls-remote {remote}")),
    };
    let name = RefName::remote_branch(remote, branch).map_err(|_| none())?;
    let target = repo.db.read(|view| view.get_ref(&name))?;
    target.and_then(|target| target.commit()).ok_or_else(none)
}

fn join(
    ctx: &Context,
    repo: &Repo,
    sides: &Sides<'_>,
    outcome: &mut PullOutcome,
) -> Result<(), OpError> {
    let theirs = sides.theirs;
    let Some(ours) = sides.ours else { return move_on(ctx, repo, sides, outcome) };
    if is_ancestor(&repo.store, theirs, ours)? {
        return Ok(());
    }
    if is_ancestor(&repo.store, ours, theirs)? {
        return move_on(ctx, repo, sides, outcome);
    }
    let Sides { remote, there, .. } = sides;
    let state = repo.state()?;
    let mut merged = MergeOutcome::new(Kind::Merge, &state, false);
    match outcome.mode {
        PullMode::FastForward => {
            return Err(OpError::Remote {
                message: format!("the branch and {remote}/{there} have both moved on"),
                hint: Some(
                    "bring them together: esker pull --rebase, or esker pull --merge".to_owned(),
                ),
            });
        }
        PullMode::Rebase => {
            let note = format!("pull --rebase: onto {remote}/{there}");
            let anew = Replay { ours, onto: theirs, note: &note };
            replay(ctx, repo, &state, &anew, &mut merged)?;
        }
        PullMode::Merge => {
            let (name, message) =
                (format!("{remote}/{there}"), format!("Merge branch '{there}' of {remote}"));
            let both = Join {
                theirs,
                name: &name,
                ff_only: false,
                no_ff: false,
                favour: None,
                message: Some(&message),
                allow_unrelated: false,
                dry_run: false,
            };
            joining::join(ctx, repo, &state, &both, &mut merged)?;
        }
    }
    outcome.take(merged);
    Ok(())
}

impl PullOutcome {
    fn take(&mut self, merged: MergeOutcome) {
        self.new = merged.commit.unwrap_or(self.new);
        (self.written, self.removed) = (merged.added + merged.modified, merged.removed);
        self.bytes = merged.bytes;
        (self.made, self.empty) = (merged.commits, merged.empty);
        self.conflicts = merged.conflicts;
    }
}

/// Moves the branch to the remote's commit, which continues it.
fn move_on(
    ctx: &Context,
    repo: &Repo,
    sides: &Sides<'_>,
    outcome: &mut PullOutcome,
) -> Result<(), OpError> {
    let state = repo.state()?;
    let tree = Some(repo.store.read_root(sides.theirs)?);
    let (from, to) = (sides.ours.map(Into::into), Some(sides.theirs.into()));
    let update = RefUpdate { name: sides.branch.clone(), old: from, new: to };
    let note = ctx.note(repo, format!("pull: from {}", sides.remote));
    let (head, branch) = (state.head.to_target(), Some((update, note.clone())));
    let target = Target { tree, head, branch };
    let request = Switch { target, force: false, dry_run: false, note };
    let run = ctx.run_context(&repo.settings);
    let done = checkout::switch(repo, &state, &request, &run)?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    outcome.new = sides.theirs;
    (outcome.written, outcome.removed) = (done.written.files, done.written.removed);
    outcome.bytes = done.written.bytes;
    Ok(())
}
