//! What `fetch` and `pull` begin with: bringing refs of a remote, and what they reach.

use serde::Serialize;

use super::connect::Connection;
use super::ref_line::line;
use super::{Context, OpError, RefLine};
use crate::refs::RefName;
use crate::repo::Repo;
use crate::steps::remotes::{self, Now};
use crate::sync::chain::Remote;

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
    /// Bytes that came in.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Brings refs by name, or all of them.
pub(super) fn bring(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    names: &[String],
    prune: bool,
) -> Result<Brought, OpError> {
    let (root, state) = connection.load_for(repo)?;
    let name = connection.settings.name.as_str();
    for wanted in names {
        if !state.refs.keys().any(|name| is_named(name, wanted)) {
            return Err(OpError::Remote {
                message: format!("{name} has no '{}'", crate::path::escape(wanted)),
                hint: Some(format!("see what it has: esker ls-remote {name}")),
            });
        }
    }
    let is_wanted =
        |name: &RefName| names.is_empty() || names.iter().any(|wanted| is_named(name, wanted));
    let remote: Remote<'_> = connection.remote();
    let now = Now { name, remote: &remote, root: &root, state: &state };
    let note = ctx.note(repo, format!("fetch: from {name}"));
    let run = ctx.run_context(&repo.settings);
    let downloads = connection.transfers(repo);
    let (fetched, moves) = remotes::fetch(repo, &now, &is_wanted, prune, &note, &run, downloads)?;
    let traffic = connection.traffic();
    Ok(Brought {
        remote: name.to_owned(),
        url: connection.location.to_string(),
        refs: moves.iter().map(|m| line(repo, &m.name, m.update.old, m.update.new)).collect(),
        commits: fetched.commits,
        files: fetched.files,
        received_bytes: traffic.bytes_in,
        requests: traffic.requests(),
        seconds: 0.0,
    })
}

fn is_named(name: &RefName, wanted: &str) -> bool {
    name.short() == wanted || name.as_str() == wanted
}
