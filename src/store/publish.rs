//! The publish: sealed packs get their names, a table, and become live in one transaction.

use std::collections::HashSet;
use std::fs::File;
use std::io::BufWriter;

use super::lane::SealedPack;
use super::session::random_u64;
use super::{Store, StoreError};
use crate::catalog::table_path;
use crate::db::{PackRow, TableRow, Tx};
use crate::fsio::{self, FsError};
use crate::id::PackId;
use crate::pack::layout::PackKind;
use crate::table::{self, Table, TableWriter};

/// Tables of one level and kind before they are merged into one of the next.
const TABLES_PER_LEVEL: usize = 8;

impl Store {
    /// Makes synced packs live. `relied` are packs of earlier sessions that the new data rests on;
    /// `with` may move the stage or refs in the same transaction.
    ///
    /// Fails with [`StoreError::Changed`] when a pack relied on is no longer live.
    pub fn publish<T>(
        &self,
        packs: Vec<SealedPack>,
        relied: &HashSet<PackId>,
        with: impl FnOnce(&Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        for pack in &packs {
            let path = self.paths.pack(pack.id);
            std::fs::rename(&pack.path, &path).map_err(|e| FsError::new("rename", &path, e))?;
        }
        if !packs.is_empty() {
            fsio::sync_dir(&self.paths.packs)?;
        }
        let tables = self.write_tables(&packs)?;
        let result = self.db.write(|tx| {
            if !relied.is_empty() {
                let live: HashSet<PackId> = tx.live_packs()?.into_iter().collect();
                if !relied.is_subset(&live) {
                    return Err(StoreError::Changed);
                }
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
            self.catalog.reload(&self.db)?;
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
        let id = random_u64()? >> 1;
        let path = table_path(&self.paths.tables, id);
        let fail = |source| StoreError::Table { path: path.clone(), source };
        let file = File::create_new(&path).map_err(|e| StoreError::write(&path, e))?;
        let rows = packs.iter().flat_map(|p| p.trailer.rows().map(|(address, place)| (address, p.id, place)));
        let (out, entries) = TableWriter::write_unsorted(BufWriter::new(file), kind, rows.collect())
            .map_err(fail)?;
        self.close_table(&path, out).map(|bytes| TableRow { id, kind, level: 0, entries, bytes })
    }

    fn close_table(
        &self,
        path: &std::path::Path,
        out: BufWriter<File>,
    ) -> Result<u64, StoreError> {
        let file = out.into_inner().map_err(|e| StoreError::write(path, e.into_error()))?;
        fsio::sync_file(&file, path)?;
        Ok(file.metadata().map_err(|e| StoreError::write(path, e))?.len())
    }
}

fn pack_row(pack: &SealedPack) -> PackRow {
    PackRow {
        id: pack.id,
        kind: pack.kind,
        bytes: pack.bytes,
        raw_bytes: pack.raw_bytes,
        chunks: pack.trailer.chunks.len() as u64,
        blocks: pack.trailer.blocks.len() as u64,
        generation: pack.id.session.seq,
    }
}
