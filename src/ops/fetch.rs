//! `fetch`: brings what a remote has to the repository, and touches nothing else.

use super::bring::{Bring, bring};
use super::{Brought, Context, OpError, connect};
use crate::refs::RefName;

/// What to bring.
#[derive(Clone, Debug, Default)]
pub struct FetchOptions {
    /// The remote; the branch's own or `origin` when absent.
    pub remote: Option<String>,
    /// Branches and tags; all when there is none.
    pub refs: Vec<String>,
    /// Remove what follows branches that are gone from the remote.
    pub prune: bool,
    /// Say what would be brought, and bring nothing.
    pub dry_run: bool,
    /// Bring the history that a clone with a depth left out.
    pub unshallow: bool,
}

/// Brings branches and tags.
pub fn run(ctx: &Context, options: &FetchOptions) -> Result<Brought, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let head = repo.head()?;
    let settings =
        connect::choose(&config, options.remote.as_deref(), head.branch().map(RefName::short))?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let FetchOptions { ref refs, prune, dry_run, unshallow, .. } = *options;
    let what = Bring { names: refs, prune, dry_run, unshallow };
    let mut outcome = bring(ctx, &repo, &connection, what)?;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}
