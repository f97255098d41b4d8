//! A long push lists what it has uploaded as staged, and another session goes on.

use super::{Attempt, Base, Push, Work, rebase};
use crate::sync::SyncError;
use crate::sync::chain::RootCreated;
use crate::sync::journal::{Intent, Journal, journal_intent};
use crate::sync::rebase::{Reliance, Verdict};
use crate::sync::session::start_session;

impl Push<'_> {
    /// Lists what the session has uploaded as staged, in a root that moves no ref.
    pub(super) fn stage(&self, work: &mut Work, base: &Base) -> Result<Attempt, SyncError> {
        // Another root may have come first; nothing but the fence stands against trying again on top of it.
        let verdict = self.check(base, work.session, &[], &Reliance::default())?;
        if verdict != Verdict::Holds {
            rebase(work, verdict, base.seq())?;
            return Ok(Attempt::Again);
        }
        let (root, bytes) = self.prepare_staging(work, base)?;
        let intent = Intent { root: bytes.clone(), moves: Vec::new() };
        journal_intent(self.store.db(), self.remote, &mut work.journal, intent)?;
        if matches!(self.remote().create_root(&bytes, &root)?, RootCreated::Taken) {
            return Ok(Attempt::Taken);
        }
        self.remote().settle(&root, *blake3::hash(&bytes).as_bytes())?;
        // A session makes one root: the rest is another's, which relies on what is staged.
        work.session = start_session(root.seq)?;
        let journal = std::mem::replace(&mut work.journal, Journal::new(work.session)).staged();
        (work.journal.chain, work.journal.wants) = (journal.chain, journal.wants);
        work.reliance = Reliance::default();
        work.reliance.staged = work.journal.chain.iter().map(|(id, _)| *id).collect();
        work.journal.write(self.store.db(), self.remote)?;
        Ok(Attempt::Staged)
    }
}
