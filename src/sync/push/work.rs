//! What a push has done so far, and what of it still counts on top of a newer root.

use std::collections::HashSet;

use crate::id::PackId;
use crate::pack::PackKind;
use crate::sync::SyncError;
use crate::sync::fold::Folded;
use crate::sync::journal::Journal;
use crate::sync::places::Own;
use crate::sync::rebase::{Reliance, Verdict};
use crate::sync::session::{Session, start_session};

/// What a push has done so far.
pub(in crate::sync) struct Work {
    pub(in crate::sync) session: Session,
    pub(in crate::sync) journal: Journal,
    /// Whether the journal is kept: else what is cut short begins anew.
    pub(in crate::sync) is_noted: bool,
    pub(in crate::sync) own: Own,
    pub(in crate::sync) reliance: Reliance,
    /// Packs of earlier pushes that were taken in.
    pub(in crate::sync) folded: Folded,
    /// Damaged packs of which everything that is wanted was sent again.
    pub(in crate::sync) dropped: Vec<PackId>,
}

impl Work {
    pub(in crate::sync) fn new(session: Session) -> Self {
        let (own, reliance, folded) = (Own::default(), Reliance::default(), Folded::default());
        let journal = Journal::new(session);
        Self { session, journal, is_noted: true, own, reliance, folded, dropped: Vec::new() }
    }

    /// Forgets everything but what was asked for.
    fn begin_anew(&mut self, session: Session) {
        let (is_noted, wants) = (self.is_noted, std::mem::take(&mut self.journal.wants));
        *self = Self { is_noted, ..Self::new(session) };
        self.journal.wants = wants;
    }

    /// What the session lists in its root: its own packs, and those that were staged.
    pub(in crate::sync) fn packs_of(&self, kind: PackKind) -> HashSet<PackId> {
        let Journal { packs, chain, .. } = &self.journal;
        let of_kind = packs.iter().chain(chain).filter(|(_, pack)| pack.kind == kind);
        of_kind.map(|(id, _)| *id).collect()
    }
}

/// Makes a session's work fit the newest root: what is fenced is dropped with its session, recipes that
/// name a pack which is gone are written anew.
pub(super) fn rebase(work: &mut Work, verdict: Verdict, seq: u64) -> Result<(), SyncError> {
    match verdict {
        Verdict::Holds => {}
        // What earlier sessions staged is there; what this one uploaded may be gone.
        Verdict::Fenced => {
            let chain = std::mem::take(&mut work.journal.chain);
            let staged = std::mem::take(&mut work.reliance.staged);
            let mut own = std::mem::take(&mut work.own);
            own.retain(|pack| staged.contains(&pack));
            work.begin_anew(start_session(seq)?);
            (work.own, work.journal.chain, work.reliance.staged) = (own, chain, staged);
        }
        Verdict::StagedGone => work.begin_anew(start_session(seq)?),
        Verdict::AnchorGone | Verdict::PackGone => {
            work.journal.packs.retain(|(_, pack)| pack.kind != PackKind::Layout);
            work.own.forget(PackKind::Layout);
            work.folded.forget_recipes();
        }
    }
    Ok(())
}
