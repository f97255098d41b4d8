//! `remote accept-history`: taking a remote that went back as it is now.
//!
//! A remote whose newest root does not follow from the one seen here before is refused by every verb: it
//! may have been put back to an older state, or replaced. This is the one way out, and only a person can
//! take it, who knows what happened to the remote.

use serde::Serialize;

use super::ref_line::line;
use super::{Context, OpError, RefLine, connect, sending};
use crate::db::DbError;
use crate::repo::Repo;
use crate::steps::remotes;
use crate::sync::SyncError;
use crate::sync::chain::Seen;
use crate::sync::journal::Journal;
use crate::sync::state::State;

/// Which remote.
#[derive(Clone, Debug, Default)]
pub struct AcceptHistoryOptions {
    /// The remote; `origin` when absent.
    pub remote: Option<String>,
}

/// What was accepted.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AcceptHistoryOutcome {
    /// The remote.
    pub remote: String,
    /// Where it is.
    pub url: String,
    /// Number of the newest root that had been seen there; `None` when none had.
    pub seen: Option<u64>,
    /// Number of its newest root.
    pub root: u64,
    /// Whether it had gone back: its history did not lead to the root that was seen.
    pub went_back: bool,
    /// Branches whose place there is another one than is known here: from what is known to what is there.
    pub refs: Vec<RefLine>,
}

/// Takes the remote as it is; what is here stays as it is.
pub fn run(ctx: &Context, options: &AcceptHistoryOptions) -> Result<AcceptHistoryOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let settings = connect::choose(&config, options.remote.as_deref(), None)?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let _lock = sending::lock(ctx, &repo)?;
    let name = &connection.settings.name;
    let seen = remotes::seen(&repo.db, name)?;
    let went_back = match connection.remote().latest(seen) {
        Ok(_) => false,
        Err(SyncError::WentBack { .. }) => true,
        Err(e) => return Err(e.into()),
    };
    let id = repo.db.read(|view| view.repository_id())?;
    let (root, state) = connection.load(Some(id), None)?;
    if went_back {
        // Packs of a push that was cut short may have gone with the roots: nothing of it is used.
        Journal::clear(&repo.db, name)?;
    }
    let now = Seen { seq: root.root.seq, hash: root.hash };
    repo.db.write(|tx| remotes::set_seen(tx, name, now))?;
    Ok(AcceptHistoryOutcome {
        remote: name.clone(),
        url: connection.location.to_string(),
        seen: seen.map(|seen| seen.seq),
        root: root.root.seq,
        went_back,
        refs: differing(&repo, name, &state)?,
    })
}

/// Branches that are followed here, and are elsewhere on the remote or gone from it.
fn differing(repo: &Repo, remote: &str, state: &State) -> Result<Vec<RefLine>, DbError> {
    let prefix = format!("refs/remotes/{remote}/");
    let mut lines = Vec::new();
    for (here, known) in repo.db.read(|view| view.refs(&prefix))? {
        let short = here.as_str().strip_prefix(&prefix).unwrap_or_default();
        let Ok(name) = crate::refs::branch_ref(short) else { continue };
        let there = state.target(&name);
        if there != Some(known) {
            lines.push(line(repo, &name, Some(known), there));
        }
    }
    Ok(lines)
}
