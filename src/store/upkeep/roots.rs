//! What a collection starts from.

use super::mark::{GcRoots, Marker};
use crate::db::{Absent, DbError, View};
use crate::id::{Address, CommitId};
use crate::refs::RefTarget;
use crate::store::StoreError;
use crate::store::shared::{Others, SharedStore};

/// Kinds of journal entries that keep no object of the history: they name none, or one that counts only
/// where the stage names it too.
const NO_ROOTS: [&str; 4] = ["cost", "ingest", "spans", "sums"];
/// Bytes of an id, and digits of one.
const ID_BYTES: usize = 32;
const ID_DIGITS: usize = 64;

impl GcRoots {
    /// Everything that `view` names: refs of all kinds, HEADs and stages of all worktrees, reflogs from
    /// `since` on, and whatever the journals of work under way may name.
    pub fn of(view: &View<'_>, since: i64) -> Result<Self, DbError> {
        let mut roots = Self::default();
        for (_, target) in view.refs("refs/")? {
            match target {
                RefTarget::Commit(id) => roots.commits.push(id),
                RefTarget::Tag(id) => roots.tags.push(id),
            }
        }
        for worktree in view.worktrees()? {
            roots.commits.extend(view.head(worktree)?.commit());
            roots.trees.extend(view.stage(worktree)?);
        }
        for target in view.reflog_targets(since)? {
            match target {
                RefTarget::Commit(id) => roots.old_commits.push(id),
                RefTarget::Tag(id) => roots.maybe.push(id.into()),
            }
        }
        view.each_journal_but(NO_ROOTS, |key, value| {
            roots.maybe.extend(ids_in(key).chain(ids_in(value)));
            Ok::<_, DbError>(())
        })?;
        roots.forgotten = view.forgotten()?.into_keys().collect();
        roots.take_absent(view)?;
        roots.sort();
        Ok(roots)
    }

    /// Takes over what is elsewhere on purpose.
    pub(super) fn take_absent(&mut self, view: &View<'_>) -> Result<(), DbError> {
        let Absent { promised, shallow } = view.absent()?;
        (self.promised, self.shallow) = (promised.into_keys().collect(), shallow);
        Ok(())
    }

    /// These roots, and commits that running sessions are about to name.
    pub(super) fn with(mut self, held: &[CommitId]) -> Self {
        self.held.extend(held);
        self.held.sort_unstable();
        self.held.dedup();
        self
    }

    fn sort(&mut self) {
        self.commits.sort_unstable();
        self.commits.dedup();
        self.old_commits.sort_unstable();
        self.old_commits.dedup();
        self.maybe.sort_unstable();
        self.maybe.dedup();
    }
}

/// What all repositories on a store point at.
#[derive(Default, PartialEq, Eq)]
pub(super) struct AllRoots {
    own: GcRoots,
    /// The other repositories, where the store is shared.
    pub(super) others: Others,
}

impl AllRoots {
    /// The roots of one repository, of those that share its store, and commits that running sessions,
    /// of any of them, are about to name.
    pub(super) fn read(
        own: GcRoots,
        shared: Option<&SharedStore>,
        held: &[CommitId],
    ) -> Result<Self, StoreError> {
        let mut others = shared.map(SharedStore::others).transpose()?.unwrap_or_default();
        // Which of them a session belongs to is not known: what one has forgotten another may name.
        others.roots = others.roots.into_iter().map(|(at, roots)| (at, roots.with(held))).collect();
        Ok(Self { own: own.with(held), others })
    }

    /// Marks what changed since `seen` was marked.
    pub(super) fn mark(&self, marker: &mut Marker<'_>, seen: &Self) -> Result<(), StoreError> {
        if self.own != seen.own {
            marker.mark(&self.own)?;
        }
        for (path, roots) in &self.others.roots {
            if seen.others.roots.iter().any(|(at, seen)| at == path && seen == roots) {
                continue;
            }
            marker.mark(roots).map_err(|e| of_another(path, e))?;
        }
        Ok(())
    }
}

/// Says of damage whose it is: to mend it, or to let that repository be forgotten, is done there.
pub(super) fn of_another(path: &std::path::Path, e: StoreError) -> StoreError {
    match e.is_damaged() {
        true => StoreError::Other { path: path.to_owned(), source: Box::new(e) },
        false => e,
    }
}

/// Everything in `bytes` that may be an id, plain or as digits: what a journal holds is its owner's
/// affair, and an id that names nothing costs one look-up.
fn ids_in(bytes: &[u8]) -> impl Iterator<Item = Address> + '_ {
    let plain = bytes.windows(ID_BYTES).filter_map(|w| w.try_into().ok().map(Address::from_bytes));
    let digits = bytes.windows(ID_DIGITS).filter_map(|w| std::str::from_utf8(w).ok()?.parse().ok());
    plain.chain(digits)
}
