//! The publish: sealed packs get their names, a table, and become live in one transaction.

use std::collections::HashSet;
use std::fs::File;

use super::lane::SealedPack;
use super::session::random_u64;
use super::{Store, StoreError};
use crate::catalog::table_path;
use crate::db::{DbError, PackRow, PackState, TableId, TableRow, Tx};
use crate::fsio::{self, FsError};
use crate::id::PackId;
use crate::pack::layout::PackKind;
use crate::table::{self, Row};

/// Tables of one level and kind before they are merged into one of the next.
const TABLES_PER_LEVEL: usize = 8;

impl Store {
    /// Makes synced packs live. `relied` are packs of earlier sessions that the new data rests on;
    /// `with` may move the stage or refs in the same transaction.
    ///
    /// Fails with [`StoreError::Changed`] when a pack relied on is no longer live.
    pub fn publish<T, E: From<StoreError> + From<DbError>>(
        &self,
        packs: Vec<SealedPack>,
        relied: &HashSet<PackId>,
        with: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<T, E> {
        for pack in &packs {
            let path = self.paths.pack(pack.id);
            std::fs::rename(&pack.path, &path)
                .map_err(|e| StoreError::from(FsError::new("rename", &path, e)))?;
        }
        if !packs.is_empty() {
            fsio::sync_dir(&self.paths.packs).map_err(StoreError::from)?;
        }
        let tables = self.write_tables(&packs)?;
        let result = self.db.write(|tx| {
            if !relied.is_empty() {
                let live: HashSet<PackId> = tx.live_packs()?.into_iter().map(|p| p.id).collect();
                if !relied.is_subset(&live) {
                    return Err(StoreError::Changed.into());
                }
            }
            // The generation tells younger packs from older ones.
            if !packs.is_empty() {
                tx.next_generation()?;
            }
            for pack in &packs {
                tx.add_pack(&pack_row(pack))?;
            }
            for table in &tables {
                tx.add_table(table)?;
            }
            with(tx)
        })?;
        if !packs.is_empty() {
            self.catalog.reload(&self.db).map_err(StoreError::from)?;
            self.merge_tables()?;
        }
        Ok(result)
    }

    fn write_tables(&self, packs: &[SealedPack]) -> Result<Vec<TableRow>, StoreError> {
        let mut tables = Vec::new();
        for kind in PackKind::ALL {
            let of_kind: Vec<&SealedPack> = packs.iter().filter(|p| p.kind == kind).collect();
            if !of_kind.is_empty() {
                tables.push(self.write_table(kind, &of_kind)?);
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
        let rows_of = |p: &&SealedPack| {
            let id = p.id;
            p.trailer
                .rows()
                .map(|(address, place)| Row::new(id, &address, place))
                .collect::<Vec<_>>()
        };
        let mut rows: Vec<Row> = packs.iter().flat_map(rows_of).collect();
        let done = table::write_rows(file, kind, &mut rows).map_err(fail)?;
        fsio::sync_file(&done.out, &path)?;
        let (entries, bytes) = (done.entries, done.len);
        Ok(TableRow { id, kind: kind as u8, level: 0, entries, bytes })
    }

    /// Merges the tables of a level once there are many, so that a look-up meets few.
    fn merge_tables(&self) -> Result<(), StoreError> {
        let (tables, bad) =
            self.db.read(|view| Ok::<_, DbError>((view.tables()?, view.bad_blocks()?)))?;
        // A merge keeps the youngest entry of a chunk, which may be the one in a bad block.
        if !bad.is_empty() {
            return Ok(());
        }
        for kind in PackKind::ALL {
            let levels = 0..=tables.iter().map(|t| t.level).max().unwrap_or(0);
            for level in levels {
                let of_level: Vec<&TableRow> =
                    tables.iter().filter(|t| t.kind == kind as u8 && t.level == level).collect();
                if of_level.len() >= TABLES_PER_LEVEL {
                    self.merge_level(kind, level, &of_level)?;
                }
            }
        }
        Ok(())
    }

    fn merge_level(
        &self,
        kind: PackKind,
        level: u32,
        rows: &[&TableRow],
    ) -> Result<(), StoreError> {
        let ids: Vec<TableId> = rows.iter().map(|t| t.id).collect();
        let Some(open) = self.catalog.open_tables(&ids) else { return Ok(()) };
        let id = TableId::from_random(random_u64()?);
        let path = table_path(&self.paths.tables, id);
        let fail = |source| StoreError::Table { path: path.clone(), source };
        let file = File::create_new(&path).map_err(|e| StoreError::write(&path, e))?;
        let sources: Vec<_> = open.iter().map(|t| &**t).collect();
        let is_live = |pack| self.catalog.is_live(pack);
        let done = table::merge(file, kind, &sources, is_live).map_err(fail)?;
        fsio::sync_file(&done.out, &path)?;
        fsio::sync_dir(&self.paths.tables)?;
        let (entries, bytes) = (done.entries, done.len);
        let row = TableRow { id, kind: kind as u8, level: level + 1, entries, bytes };
        let is_ours = self.db.write(|tx| {
            let listed: HashSet<TableId> = tx.tables()?.into_iter().map(|t| t.id).collect();
            if !ids.iter().all(|id| listed.contains(id)) {
                return Ok::<_, StoreError>(false);
            }
            ids.iter().try_for_each(|id| tx.remove_table(*id).map(|_| ()))?;
            tx.add_table(&row)?;
            Ok(true)
        })?;
        // Whoever lost the race removes its own table; a reader that has an old one open keeps it.
        let stale = if is_ours { ids } else { vec![id] };
        self.catalog.reload(&self.db)?;
        for id in stale {
            let _ = std::fs::remove_file(table_path(&self.paths.tables, id));
        }
        Ok(())
    }
}

fn pack_row(pack: &SealedPack) -> PackRow {
    PackRow {
        id: pack.id,
        kind: pack.kind as u8,
        bytes: pack.bytes,
        raw_bytes: pack.raw_bytes,
        chunks: pack.trailer.chunks().len() as u64,
        blocks: pack.trailer.blocks().len() as u64,
        generation: pack.id.session.seq,
        state: PackState::Live,
        changed_at: 0,
    }
}
