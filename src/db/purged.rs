//! That files were purged: until the next collection has been through, what it leaves may hold them still.
//!
//! A row of `meta`: a number that each purge makes greater, then a line for each commit with what was purged
//! that a branch of a remote still led to. It is no fact of `refs.log`: a rebuilt database has forgotten it.

use std::collections::BTreeSet;

use super::schema::key;
use super::{DbError, Tx, View};
use crate::id::CommitId;
use crate::refs::RefTarget;

/// What purges have left to a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Purged {
    number: u64,
    held: BTreeSet<CommitId>,
}

impl Purged {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let number = lines.next()?.parse().ok()?;
        let held = lines.map(|line| line.parse().ok()).collect::<Option<_>>()?;
        Some(Self { number, held })
    }

    fn text(&self) -> String {
        let lines = self.held.iter().map(|id| format!("\n{id}"));
        std::iter::once(self.number.to_string()).chain(lines).collect()
    }
}

impl View<'_> {
    /// What purges have left to a collection, if there is anything.
    pub fn purged(&self) -> Result<Option<Purged>, DbError> {
        let damaged = || DbError::damaged("what it says of purged files cannot be read");
        let found = self.meta(key::PURGED)?.filter(|text| !text.is_empty());
        found.map(|text| Purged::parse(&text).ok_or_else(damaged)).transpose()
    }
}

impl Tx<'_> {
    /// Notes a purge; branches of remotes still lead to the commits of `held`.
    pub fn add_purged(&self, held: impl IntoIterator<Item = CommitId>) -> Result<(), DbError> {
        let before = self.purged()?;
        let number = before.as_ref().map_or(0, |purged| purged.number) + 1;
        let mut purged = Purged { number, held: before.map(|it| it.held).unwrap_or_default() };
        purged.held.extend(held);
        self.set_meta(key::PURGED, &purged.text())
    }

    /// A collection went through that saw `seen`, and kept what reflogs name from `since` on: nothing is
    /// left to the next one, unless something was purged meanwhile, or is held still.
    pub fn end_purged(&self, seen: &Purged, since: i64) -> Result<(), DbError> {
        let refs = self.refs("refs/")?.into_iter().map(|(_, target)| target);
        let mut kept = refs.chain(self.reflog_targets(since)?).filter_map(RefTarget::commit);
        let is_held = kept.any(|id| seen.held.contains(&id));
        if is_held || self.purged()?.as_ref() != Some(seen) {
            return Ok(());
        }
        self.set_meta(key::PURGED, "")
    }
}
