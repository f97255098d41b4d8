//! What `fetch` and `pull` begin with: bringing refs of a remote, and what they reach.

use serde::Serialize;

use super::connect::Connection;
use super::ref_line::line;
use super::{Context, FetchedData, OpError, RefLine};
use crate::refs::RefName;
use crate::repo::Repo;
use crate::steps::remotes::{self, Now, Wanted};
use crate::sync::chain::Remote;
use crate::sync::state::State;

/// What was brought.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Brought {
    /// The remote.
    pub remote: String,
    /// Where it is.
    pub url: String,
    /// Refs that moved.
    pub refs: Vec<RefLine>,
    /// Commits that were new.
    pub commits: u64,
    /// Files whose content was new.
    pub files: u64,
    /// Objects that a dry run found missing here: chunks, trees, commits and tags.
    pub planned_objects: u64,
    /// Bytes of those chunks, as they are stored there.
    pub planned_bytes: u64,
    /// Files of all versions that were missing and came, or would come, where all of them were asked for.
    pub fetched: FetchedData,
    /// Nothing was brought, and no ref moved.
    pub dry_run: bool,
    /// Bytes that came in.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Which refs to bring, and how.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bring<'b> {
    /// Branches and tags by name; all when there is none.
    pub names: &'b [String],
    /// Remove what follows branches that are gone from the remote.
    pub prune: bool,
    /// Say what would be brought, and bring nothing.
    pub dry_run: bool,
    /// Bring the history that was left out.
    pub unshallow: bool,
}

/// Brings refs by name, or all of them.
pub(super) fn bring(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    options: Bring<'_>,
) -> Result<Brought, OpError> {
    let Bring { names, prune, dry_run, unshallow } = options;
    let (root, state) = connection.load_for(repo)?;
    let name = connection.settings.name.as_str();
    refuse_unknown(name, &state, names)?;
    let is_wanted =
        |name: &RefName| names.is_empty() || names.iter().any(|wanted| is_named(name, wanted));
    let scope = remotes::scope_of(repo);
    let wanted = Wanted { refs: &is_wanted, prune, scope, unshallow, beside: None };
    let remote: Remote<'_> = connection.remote();
    let note = ctx.note(repo, format!("fetch: from {name}"));
    let run = ctx.run_context(&repo.settings);
    let downloads = connection.transfers(repo);
    let mut brought = Brought {
        remote: name.to_owned(),
        url: connection.location.to_string(),
        dry_run,
        ..Brought::default()
    };
    let moves = if dry_run {
        let now = Now { name, remote: &remote, root: &root, state: &state };
        let (plan, moves) = remotes::plan_fetch(repo, &now, wanted, &run, downloads)?;
        (brought.commits, brought.files) = (plan.commits, plan.files);
        (brought.planned_objects, brought.planned_bytes) = (plan.objects, plan.bytes);
        moves
    } else {
        let fetch =
            |repo: &Repo, now: &Now<'_>| remotes::fetch(repo, now, wanted, &note, &run, downloads);
        let at = (root, state);
        let ((fetched, moves), _) = remotes::fetch_newest(repo, (name, &remote), at, &fetch)?;
        (brought.commits, brought.files) = (fetched.commits, fetched.files);
        moves
    };
    brought.refs = moves.iter().map(|m| line(repo, &m.name, m.update.old, m.update.new)).collect();
    let traffic = connection.traffic();
    (brought.received_bytes, brought.requests) = (traffic.bytes_in, traffic.requests());
    Ok(brought)
}

/// Fails for a name that the remote does not have.
fn refuse_unknown(remote: &str, state: &State, names: &[String]) -> Result<(), OpError> {
    let is_there = |wanted: &&String| state.refs.keys().any(|name| is_named(name, wanted));
    match names.iter().find(|wanted| !is_there(wanted)) {
        None => Ok(()),
        Some(wanted) => Err(OpError::Remote {
            message: format!("{remote} has no '{}'", crate::path::escape(wanted)),
            hint: Some(format!("see what it has: esker ls-remote {remote}")),
        }),
    }
}

fn is_named(name: &RefName, wanted: &str) -> bool {
    name.short() == wanted || name.as_str() == wanted
}
