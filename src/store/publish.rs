//! The publish: sealed packs get their names, a table, and become live in one transaction.

use std::collections::HashSet;
use std::fs::File;
use std::path::PathBuf;

use super::lane::SealedPack;
use super::session::random_u64;
use super::{Store, StoreError};
use crate::catalog::table_path;
use crate::db::{DbError, PackRow, PackState, TableId, TableRow, Tx};
use crate::fsio::{self, FsError};
use crate::id::PackId;
use crate::pack::layout::PackKind;
use crate::table::{self, Row};

/// A table that is written at once has no more rows than this, unless one pack has: about 60 bytes each.
const MAX_TABLE_ROWS: u64 = 1 << 19;

impl Store {
    /// Makes synced packs live, and does some upkeep. `relied` are packs of earlier sessions that the
    /// new data rests on; `with` may move the stage or refs in the same transaction.
    ///
    /// Fails with [`StoreError::Changed`] when a pack relied on is no longer live.
    pub fn publish<T, E: From<StoreError> + From<DbError>>(
        &self,
        mut packs: Vec<SealedPack>,
        relied: &HashSet<PackId>,
        with: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut is_stale = false;
        let result = self.list(&mut packs, |tx| {
            if let Err(e) = check_live(tx, relied) {
                is_stale = true;
                return Err(e.into());
            }
            with(tx)
        });
        if is_stale {
            // Whoever does it again must not find the same packs again.
            self.refresh()?;
        }
        let result = result?;
        if !packs.is_empty() {
            self.note_published(packs.iter().map(|pack| pack.id));
            self.tidy();
        }
        Ok(result)
    }

    /// The publish alone. When `with` refuses, nothing was done and the packs are unfinished files of
    /// their session again.
    pub(super) fn list<T, E: From<StoreError> + From<DbError>>(
        &self,
        packs: &mut [SealedPack],
        with: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        let unfinished = self.name_packs(packs)?;
        let tables = self.write_tables(packs)?;
        let mut is_refused = true;
        let result = self.db.write(|tx| {
            // The generation tells younger packs from older ones.
            let generation = if packs.is_empty() { 0 } else { tx.next_generation()? };
            for pack in &*packs {
                tx.add_pack(&pack_row(pack, generation))?;
            }
            for table in &tables {
                tx.add_table(table)?;
            }
            let result = with(tx);
            is_refused = result.is_err();
            result
        });
        match result {
            Ok(result) => {
                if !packs.is_empty() {
                    self.catalog.reload(&self.db).map_err(StoreError::from)?;
                }
                Ok(result)
            }
            Err(e) => {
                // A commit that failed may have happened all the same: then the files must stay.
                if is_refused {
                    self.take_back(packs, unfinished, &tables);
                }
                Err(e)
            }
        }
    }

    /// Renames packs to the names they are listed under; gives the names they had.
    fn name_packs(&self, packs: &mut [SealedPack]) -> Result<Vec<PathBuf>, StoreError> {
        let mut unfinished = Vec::with_capacity(packs.len());
        for pack in &mut *packs {
            let path = self.paths.pack(pack.id);
            std::fs::rename(&pack.path, &path).map_err(|e| FsError::new("rename", &path, e))?;
            unfinished.push(std::mem::replace(&mut pack.path, path));
        }
        if !packs.is_empty() {
            fsio::sync_dir(&self.paths.packs)?;
        }
        Ok(unfinished)
    }

    fn take_back(&self, packs: &mut [SealedPack], unfinished: Vec<PathBuf>, tables: &[TableRow]) {
        for (pack, path) in packs.iter_mut().zip(unfinished) {
            // One that stays is listed nowhere, and removed by the next collection.
            if std::fs::rename(&pack.path, &path).is_ok() {
                pack.path = path;
            }
        }
        for table in tables {
            let _ = std::fs::remove_file(table_path(&self.paths.tables, table.id));
        }
    }

    fn write_tables(&self, packs: &[SealedPack]) -> Result<Vec<TableRow>, StoreError> {
        let mut tables = Vec::new();
        for kind in PackKind::ALL {
            let of_kind: Vec<&SealedPack> = packs.iter().filter(|p| p.kind == kind).collect();
            for some in in_parts(&of_kind, MAX_TABLE_ROWS, |pack| pack.chunks) {
                tables.push(self.write_table(kind, some)?);
            }
        }
        if !tables.is_empty() {
            fsio::sync_dir(&self.paths.tables)?;
        }
        Ok(tables)
    }

    fn write_table(&self, kind: PackKind, packs: &[&SealedPack]) -> Result<TableRow, StoreError> {
        let id = TableId::from_random(random_u64()?);
        let path = table_path(&self.paths.tables, id);
        let fail = |source| StoreError::Table { path: path.clone(), source };
        let file = File::create_new(&path).map_err(|e| StoreError::write(&path, e))?;
        let mut rows = Vec::new();
        for pack in packs {
            let trailer = pack.trailer()?;
            rows.extend(trailer.rows().map(|(address, place)| Row::new(pack.id, &address, place)));
        }
        let done = table::write_rows(file, kind, &mut rows).map_err(fail)?;
        fsio::sync_file(&done.out, &path)?;
        let (entries, bytes) = (done.entries, done.len);
        Ok(TableRow { id, kind: kind as u8, level: 0, entries, bytes })
    }
}

/// Cuts a list into parts whose rows stay within `max_rows`, or that are of one.
fn in_parts<T>(mut rest: &[T], max_rows: u64, rows: impl Fn(&T) -> u64) -> Vec<&[T]> {
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let mut sum = 0;
        let fitting = rest.iter().take_while(|one| {
            sum += rows(one);
            sum <= max_rows
        });
        let (part, others) = rest.split_at(fitting.count().max(1));
        parts.push(part);
        rest = others;
    }
    parts
}

/// Refuses unless all packs are live.
pub(super) fn check_live(tx: &Tx<'_>, packs: &HashSet<PackId>) -> Result<(), StoreError> {
    if packs.is_empty() {
        return Ok(());
    }
    let live: HashSet<PackId> = tx.live_packs()?.into_iter().map(|p| p.id).collect();
    if packs.is_subset(&live) { Ok(()) } else { Err(StoreError::Changed) }
}

fn pack_row(pack: &SealedPack, generation: u64) -> PackRow {
    PackRow {
        id: pack.id,
        kind: pack.kind as u8,
        bytes: pack.bytes,
        raw_bytes: pack.raw_bytes,
        chunks: pack.chunks,
        blocks: pack.blocks,
        generation,
        state: PackState::Live,
        changed_at: 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stay_within_their_bound_and_hold_all_in_order() {
        let rows = [3, 3, 4, 11, 1, 9, 2];
        let parts = in_parts(&rows, 10, |rows| *rows);
        assert_eq!(parts, [&[3, 3, 4][..], &[11], &[1, 9], &[2]]);
        assert!(in_parts(&[], 10, |rows: &u64| *rows).is_empty());
    }
}
