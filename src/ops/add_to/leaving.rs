//! Letting go of a part that a remote has: of just what was stored for it, or by a collection.

use std::collections::HashSet;

use super::sending::Sent;
use crate::id::PackId;
use crate::ops::evicting::{self, Leave};
use crate::ops::{Context, OpError};
use crate::repo::Repo;
use crate::store::upkeep::{Moment, Recent};

/// What earlier parts came to.
#[derive(Default)]
pub(super) struct Leaving {
    /// The packs that were left by the last collection: whatever is in them is needed by something else.
    staying: HashSet<PackId>,
}

impl Leaving {
    /// Takes what was sent out of the store. `since` is from before it was stored, with what was staged
    /// meanwhile; without it nobody knows what else came into the store with it.
    pub(super) fn let_go(
        &mut self,
        ctx: &Context,
        repo: Repo,
        since: Option<Moment>,
        sent: Sent,
    ) -> Result<(), OpError> {
        let Some(promised) = sent.promised.filter(|_| !sent.contents.is_empty()) else {
            return Ok(());
        };
        if let Some(mut since) = since.filter(|_| sent.is_proven) {
            since.promise(promised, &sent.withdrawn);
            let recent = Recent {
                since: &since,
                contents: &sent.contents,
                staying: &self.staying,
                cancel: &ctx.cancel,
            };
            let _lock = repo.store.lock_upkeep(&ctx.cancel)?;
            if repo.store.let_go(&recent)? {
                return Ok(());
            }
        }
        drop(repo);
        let contents = sent.contents.into_keys().collect();
        evicting::collect(ctx, Some(Leave { contents, promised }))?;
        let packs = ctx.open_repo()?.db.read(|view| view.live_packs())?;
        self.staying = packs.into_iter().map(|pack| pack.id).collect();
        Ok(())
    }
}

/// Rids the store of what a killed run left half written, which would lie here beside the first part.
pub(super) fn clear_up(ctx: &Context) -> Result<(), OpError> {
    let repo = ctx.open_repo()?;
    let _lock = repo.store.lock_upkeep(&ctx.cancel)?;
    Ok(repo.store.clear_up()?)
}
