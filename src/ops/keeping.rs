//! A remote is made to keep what is pinned, whatever becomes of its branches; tags stay where they are.

use super::connect::{self, Connection, RemoteSettings};
use super::desk::{self, Desk, JOURNAL, tips};
use super::there::There;
use super::{Context, OpError, convert, sending};
use crate::history::merge_base::reachable_minus;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::path::escape;
use crate::refs::{RefName, RefTarget};
use crate::repo::Repo;
use crate::sync::SyncError;
use crate::sync::cache::Cache;
use crate::sync::objects::RemoteHistory;
use crate::sync::push::{Mode, Push, Want};
use crate::sync::state::State;

/// What a person should know where a remote does not keep what was pinned.
pub(super) fn warning(place: &str, commit: CommitId, why: &dyn ToString) -> String {
    format!(
        "nothing keeps commit {} at {place}, should its branches leave it ({}): from a clone that may write \
         there: esker remote keeps add NAME {commit}",
        commit.short(),
        why.to_string()
    )
}

/// From a repository that has the commit.
pub(super) fn from_here(
    ctx: &Context,
    repo: &Repo,
    settings: &RemoteSettings,
    commit: CommitId,
) -> Result<(), OpError> {
    let connection = connect::connect(ctx, settings.clone(), &repo.paths)?;
    let (_, state) = connection.load_for(repo)?;
    if let Some(want) = want(&repo.store, &state, commit)? {
        sending::send(ctx, repo, &connection, &[want])?;
    }
    Ok(())
}

/// Without a repository that has it: history is read there. Says what a person should know.
pub(super) fn from_there(ctx: &Context, there: &There, commit: CommitId) -> Option<String> {
    let place = escape(&there.location.to_string()).into_owned();
    if there.settings.anonymous {
        return Some(warning(&place, commit, &"it is read without credentials"));
    }
    keep_there(ctx, there, commit).err().map(|e| warning(&place, commit, &e))
}

fn keep_there(ctx: &Context, there: &There, commit: CommitId) -> Result<(), OpError> {
    let mut connection = there.connection();
    let (root, state) = connection.load(Some(there.repository), None)?;
    let here = ctx.find_repo().ok();
    let dir = desk::dir(ctx, here.as_ref(), "pin", &[&connection.location])?;
    let desk = Desk::open(ctx, dir.clone(), &root.root)?;
    connection.cache = Cache::new(&dir, JOURNAL);
    let done = send(ctx, &connection, &desk.repo, &state, commit);
    desk.leave();
    done
}

fn send(
    ctx: &Context,
    connection: &Connection,
    desk: &Repo,
    state: &State,
    commit: CommitId,
) -> Result<(), OpError> {
    let _lock = sending::lock(ctx, desk)?;
    let run = ctx.run_context(&desk.settings);
    let remote = connection.remote();
    let history = RemoteHistory::new(&remote, state, &desk.store);
    let Some(want) = want(&history, state, commit)? else { return Ok(()) };
    let push = Push {
        remote: JOURNAL,
        history: Some(&history),
        local_tips: tips(&history, &state.refs).map_err(SyncError::from)?,
        seen: None,
        ..connection.push(ctx, desk, &run)?
    };
    push.run(&[want])?;
    Ok(())
}

/// The keep that a commit needs there, unless it has it, or a tag reaches the commit.
fn want(read: &dyn ReadObjects, state: &State, commit: CommitId) -> Result<Option<Want>, OpError> {
    let name = RefName::keep(&format!("pin/{commit}")).map_err(convert::other)?;
    let tags = state.refs.iter().filter(|(name, _)| name.is_tag());
    let tagged: Vec<CommitId> = tags.filter_map(|(_, tag)| commit_of(read, tag.target)).collect();
    if state.target(&name).is_some() || is_reached(read, commit, &tagged)? {
        return Ok(None);
    }
    Ok(Some(Want { name, new: Some(commit.into()), mode: Mode::FastForward }))
}

/// The commit of a ref of the remote, if it can be read.
fn commit_of(read: &dyn ReadObjects, target: RefTarget) -> Option<CommitId> {
    let commit = match target {
        RefTarget::Commit(id) => id,
        RefTarget::Tag(id) => read.read_tag(id).ok()?.target,
    };
    read.read_commit(commit).ok().map(|_| commit)
}

/// Whether one of some commits reaches another.
pub(super) fn is_reached(
    read: &dyn ReadObjects,
    commit: CommitId,
    tips: &[CommitId],
) -> Result<bool, OpError> {
    Ok(reachable_minus(read, &[commit], tips)?.is_empty())
}
