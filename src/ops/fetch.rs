//! `fetch`: brings what a remote has to the repository, and touches nothing else.

use super::bring::{Bring, bring};
use super::loose::LivePacks;
use super::{Brought, Context, FetchedData, OpError, connect, loose};
use crate::refs::RefName;
use crate::steps::supply;

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
    /// Bring all files of all versions that are not here, so that nothing is promised any more.
    pub all_data: bool,
}

/// How often what is missing is looked for again when packs go meanwhile.
const ATTEMPTS: usize = 8;

/// Brings what is missing of all versions from whatever remote has it; from then on nothing is promised.
fn make_whole(ctx: &Context, dry_run: bool) -> Result<FetchedData, OpError> {
    let run = ctx.run_context(&ctx.open_repo()?.settings);
    for _ in 0..ATTEMPTS {
        let repo = ctx.open_repo()?;
        if repo.store.absent().promised.is_empty() {
            break;
        }
        let seen = LivePacks::of(&repo)?;
        let missing: Vec<_> = loose::missing_of(ctx, &repo)?.into_iter().collect();
        if dry_run {
            return Ok(missing.into());
        }
        supply::ensure_blobs(&repo, missing.into_iter(), &run)?;
        if loose::withdraw_all(&repo, &seen)? {
            break;
        }
    }
    Ok(run.supplied().into())
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
    if options.all_data {
        drop(repo);
        outcome.fetched = make_whole(ctx, dry_run)?;
    }
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}
