//! `remote keeps`: commits that a remote keeps though no branch and no tag of it reaches them.
//!
//! A keep is a ref of the remote below `refs/keep/`. Nobody follows it, branches do not list it, and
//! `gc --remote` keeps whatever it reaches. Pins and clones that dropped their own copy rest on one.

use serde::Serialize;

use super::connect::{self, Connection};
use super::{Context, OpError, locate, sending};
use crate::object::access::ReadObjects;
use crate::path::escape;
use crate::refs::{RefName, RefTarget};
use crate::repo::Repo;
use crate::sync::push::{Mode, Want};
use crate::sync::state::State;

/// What to do with the keeps of a remote.
#[derive(Clone, Debug, Default)]
pub enum KeepsAction {
    /// Give all of them.
    #[default]
    List,
    /// Keep a commit.
    Add {
        /// The name of the keep.
        name: String,
        /// The commit; HEAD when absent.
        revision: Option<String>,
    },
    /// Keep them no longer.
    Remove(Vec<String>),
}

/// Which remote, and what to do.
#[derive(Clone, Debug, Default)]
pub struct KeepsOptions {
    /// The remote; `origin` when absent.
    pub remote: Option<String>,
    /// What to do.
    pub action: KeepsAction,
}

/// The keeps of a remote, or those that were concerned.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KeepsOutcome {
    /// The remote.
    pub remote: String,
    /// Where it is.
    pub url: String,
    /// All keeps by name; those that were added or removed, if any were.
    pub keeps: Vec<Keep>,
    /// Commits sent, because the remote did not have them.
    pub commits: u64,
}

/// A commit that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Keep {
    /// The name of the keep.
    pub name: String,
    /// The commit, or the tag object.
    pub target: String,
    /// The first line of the commit's message, where the commit is here.
    pub summary: Option<String>,
}

/// Lists, adds or removes keeps.
pub fn run(ctx: &Context, options: &KeepsOptions) -> Result<KeepsOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), None)?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let mut outcome = KeepsOutcome {
        remote: connection.settings.name.clone(),
        url: connection.location.to_string(),
        ..KeepsOutcome::default()
    };
    match &options.action {
        KeepsAction::List => {
            let (_, state) = connection.load_for(&repo)?;
            let keeps = state.refs.iter().filter(|(name, _)| name.is_keep());
            outcome.keeps = keeps.map(|(name, record)| keep(&repo, name, record.target)).collect();
        }
        KeepsAction::Add { name, revision } => {
            let commit = locate::commit(ctx, &repo, revision.as_deref().unwrap_or("HEAD"))?;
            let (name, new) = (keep_name(name)?, Some(RefTarget::Commit(commit)));
            outcome.keeps.push(keep(&repo, &name, commit.into()));
            let want = Want { name, new, mode: Mode::FastForward };
            outcome.commits = sending::send(ctx, &repo, &connection, &[want])?.commits;
        }
        KeepsAction::Remove(names) => remove(ctx, &repo, &connection, names, &mut outcome)?,
    }
    Ok(outcome)
}

fn remove(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    names: &[String],
    outcome: &mut KeepsOutcome,
) -> Result<(), OpError> {
    let (_, state) = connection.load_for(repo)?;
    let mut wants = Vec::new();
    for name in names {
        let (name, target) = find(&state, &connection.settings.name, name)?;
        outcome.keeps.push(keep(repo, &name, target));
        // What was looked at is what is removed.
        wants.push(Want { name, new: None, mode: Mode::Lease(Some(target)) });
    }
    wants.sort_by(|a, b| a.name.cmp(&b.name));
    wants.dedup_by(|a, b| a.name == b.name);
    sending::send(ctx, repo, connection, &wants)?;
    Ok(())
}

fn find(state: &State, remote: &str, name: &str) -> Result<(RefName, RefTarget), OpError> {
    let full = keep_name(name)?;
    let target = state.target(&full).ok_or_else(|| OpError::Remote {
        message: format!("{remote} has no keep '{}'", escape(name)),
        hint: Some(format!("see what it has: esker remote keeps --remote {remote}")),
    })?;
    Ok((full, target))
}

fn keep_name(name: &str) -> Result<RefName, OpError> {
    RefName::keep(name).map_err(|e| OpError::Usage {
        message: e.to_string(),
        hint: Some("name it as a branch is named: esker remote keeps add paper-2024".to_owned()),
    })
}

fn keep(repo: &Repo, name: &RefName, target: RefTarget) -> Keep {
    let (text, commit) = match target {
        RefTarget::Commit(id) => (id.to_string(), Some(id)),
        RefTarget::Tag(id) => (id.to_string(), repo.store.read_tag(id).ok().map(|tag| tag.target)),
    };
    let message = commit.and_then(|id| repo.store.read_commit(id).ok()).map(|c| c.message);
    let summary = message.map(|message| locate::summary(&message));
    Keep { name: name.short().to_owned(), target: text, summary }
}
