//! Removing files: of packs whose grace is over, and those that no database lists.

use std::collections::HashSet;
use std::fs;
use std::path::Path;

use super::collect::{Amount, CollectOptions};
use crate::db::{DbError, PackRow};
use crate::fsio::{AtPath, FsError};
use crate::id::PackId;
use crate::store::session::InUse;
use crate::store::{Store, StoreError};

impl Store {
    /// Removes the files of packs whose grace is over; gives what went, and what still waits.
    pub(super) fn sweep(
        &self,
        options: &CollectOptions<'_>,
    ) -> Result<(Amount, Amount), StoreError> {
        let CollectOptions { now, grace, dry_run, .. } = *options;
        self.sweep_at(now, grace, dry_run)
    }

    /// The same of packs that have no grace.
    pub(super) fn sweep_due(&self) -> Result<(), StoreError> {
        self.sweep_at(0, 0, false).map(|_| ())
    }

    fn sweep_at(
        &self,
        now: i64,
        grace: i64,
        dry_run: bool,
    ) -> Result<(Amount, Amount), StoreError> {
        let condemned = self.db.read(|view| view.condemned_packs())?;
        // After the list was read: who begins now does not need them.
        let oldest = InUse::read(&self.paths.tmp)?.oldest_but(&self.own_sessions());
        let is_due = |p: &PackRow| {
            p.changed_at.saturating_add(grace) <= now
                && oldest.is_none_or(|began| p.generation <= began)
        };
        let (mut due, waiting): (Vec<_>, Vec<_>) = condemned.into_iter().partition(is_due);
        let amounts = (Amount::of(&due), Amount::of(&waiting));
        if dry_run || due.is_empty() {
            return Ok(amounts);
        }
        // Off the list first: whoever misses a file looks there and must not find it again.
        self.db.write(|tx| due.iter().try_for_each(|p| tx.remove_pack(p.id).map(|_| ())))?;
        // Recipes go before what they name: a rebuild after a crash must not find one without.
        due.sort_by_key(|pack| pack.kind);
        self.forget_open_packs();
        for pack in due {
            let path = self.paths.pack(pack.id);
            match fs::remove_file(&path).at("remove", &path) {
                Err(e) if !e.is_not_found() => return Err(e.into()),
                _ => {}
            }
        }
        Ok(amounts)
    }

    /// Removes packs and tables that no database lists and no running command is about to list.
    pub(super) fn remove_leftovers(&self, dry_run: bool) -> Result<Amount, StoreError> {
        // In this order: what a session that ended by then had listed is in the database.
        let (packs, tables) = (names_in(&self.paths.packs)?, names_in(&self.paths.tables)?);
        let in_use = InUse::read(&self.paths.tmp)?;
        let listed = self.db.read(|view| {
            let packs = view.packs()?.into_iter().map(|p| p.id.to_string());
            let tables = view.tables()?.into_iter().map(|t| t.id.to_string());
            Ok::<_, DbError>(packs.chain(tables).collect::<HashSet<_>>())
        })?;
        let is_free = |name: &str| name.parse().is_ok_and(|id: PackId| !in_use.contains(id));
        let packs = packs.into_iter().filter(|n| !listed.contains(n) && is_free(n));
        let packs = packs.map(|name| self.paths.packs.join(name));
        // A table does not say whose it is.
        let is_quiet = in_use.oldest_but(&self.own_sessions()).is_none();
        let is_table = |n: &String| n.len() == TABLE_DIGITS && is_quiet && !listed.contains(n);
        let tables = tables.into_iter().filter(is_table).map(|name| self.paths.tables.join(name));
        let mut amount = Amount::default();
        for path in packs.chain(tables) {
            let Ok(found) = fs::metadata(&path) else { continue };
            if dry_run || fs::remove_file(&path).is_ok() {
                amount.add(found.len());
            }
        }
        Ok(amount)
    }
}

/// Digits of a table's name.
const TABLE_DIGITS: usize = 16;

fn names_in(dir: &Path) -> Result<Vec<String>, FsError> {
    let entries = fs::read_dir(dir).at("read", dir)?;
    Ok(entries.flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}
