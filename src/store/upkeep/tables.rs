//! Merging tables, so that a look-up meets few of them.
//!
//! Level 0 are tables below [`SMALL_TABLE_BYTES`], whose merging costs next to nothing however often it
//! is done; above it each level holds tables of about eight times the size of the one before.

use std::collections::HashSet;
use std::fs::File;

use crate::catalog::table_path;
use crate::db::{DbError, TableId, TableRow};
use crate::fsio;
use crate::pack::layout::PackKind;
use crate::store::session::random_u64;
use crate::store::{Store, StoreError};
use crate::table;

/// Tables of one level and kind before they are merged.
const TABLES_PER_LEVEL: usize = 8;
/// How many entries more than there are chunks the tables of a kind may have after a collection.
const DEAD_ENTRIES_PERCENT: u64 = 25;
/// A table above this is read piece by piece.
const LARGE_TABLE_BYTES: u64 = 4 << 20;
/// So many of them are asked one after the other by whoever looks up every chunk.
const LARGE_TABLES: usize = 2;
/// A merged table below this stays on level 0.
const SMALL_TABLE_BYTES: u64 = 1 << 20;

impl Store {
    /// Merges the tables of a level once there are many.
    pub(super) fn merge_tables(&self) -> Result<(), StoreError> {
        let tables = self.db.read(|view| view.tables())?;
        for kind in PackKind::ALL {
            let levels = 0..=tables.iter().map(|t| t.level).max().unwrap_or(0);
            for level in levels {
                let of_level: Vec<&TableRow> =
                    tables.iter().filter(|t| t.kind == kind as u8 && t.level == level).collect();
                if of_level.len() >= TABLES_PER_LEVEL {
                    self.merge_some(kind, level, &of_level)?;
                }
            }
        }
        Ok(())
    }

    /// Makes one table of the large ones of a kind, if there are several: a walk that looks every chunk up
    /// asks each of them, so that its time would grow faster than the chunks.
    pub(super) fn gather_tables(&self) -> Result<(), StoreError> {
        self.gather_tables_above(LARGE_TABLE_BYTES)
    }

    fn gather_tables_above(&self, bytes: u64) -> Result<(), StoreError> {
        let tables = self.db.read(|view| view.tables())?;
        for kind in PackKind::ALL {
            let is_large = |t: &&TableRow| t.kind == kind as u8 && t.bytes > bytes;
            let large: Vec<&TableRow> = tables.iter().filter(is_large).collect();
            let level = large.iter().map(|t| t.level).max().unwrap_or(0);
            if large.len() > LARGE_TABLES {
                self.merge_some(kind, level, &large)?;
            }
        }
        Ok(())
    }

    /// Writes the tables of a kind anew when too many of their entries lead to packs that are gone.
    pub(super) fn shrink_tables(&self) -> Result<(), StoreError> {
        let (tables, packs) =
            self.db.read(|view| Ok::<_, DbError>((view.tables()?, view.live_packs()?)))?;
        for kind in PackKind::ALL {
            let of_kind: Vec<&TableRow> = tables.iter().filter(|t| t.kind == kind as u8).collect();
            let entries: u64 = of_kind.iter().map(|t| t.entries).sum();
            let chunks: u64 = packs.iter().filter(|p| p.kind == kind as u8).map(|p| p.chunks).sum();
            let level = of_kind.iter().map(|t| t.level).max().unwrap_or(0);
            if entries * 100 > chunks * (100 + DEAD_ENTRIES_PERCENT) {
                self.merge_some(kind, level, &of_kind)?;
            }
        }
        Ok(())
    }

    /// Merges tables into one of the level above `level`, or of level 0 while it is small.
    fn merge_some(&self, kind: PackKind, level: u32, rows: &[&TableRow]) -> Result<(), StoreError> {
        let ids: Vec<TableId> = rows.iter().map(|t| t.id).collect();
        let Some(open) = self.catalog.open_tables(&ids) else { return Ok(()) };
        let id = TableId::from_random(random_u64()?);
        let path = table_path(&self.paths.tables, id);
        let fail = |source| StoreError::Table { path: path.clone(), source };
        let file = File::create_new(&path).map_err(|e| StoreError::write(&path, e))?;
        let sources: Vec<_> = open.iter().map(|t| &**t).collect();
        let is_listed = |pack| self.catalog.is_listed(pack);
        let done = table::merge(file, kind, &sources, is_listed).map_err(fail)?;
        fsio::sync_file(&done.out, &path)?;
        fsio::sync_dir(&self.paths.tables)?;
        let (entries, bytes) = (done.entries, done.len);
        let is_small = level == 0 && bytes < SMALL_TABLE_BYTES;
        let level = if is_small { 0 } else { level + 1 };
        let row = TableRow { id, kind: kind as u8, level, entries, bytes };
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::db::{NewState, RepositoryId, StateDb};
    use crate::format::FormatParameters;
    use crate::id::ChunkId;
    use crate::pack::codec::BlockCodec;
    use crate::refs::{RefNote, branch_ref};
    use crate::store::StorePaths;
    use crate::store::lane::Lane;

    /// A store of `count` tables of one chunk each.
    fn store(dir: &std::path::Path, count: u8) -> Store {
        let paths = StorePaths::new(dir);
        for folder in [&paths.packs, &paths.tables, &paths.tmp] {
            std::fs::create_dir_all(folder).expect("mkdir");
        }
        let who = String::new();
        let note = RefNote { who, time: 0, tz_minutes: 0, message: "init".into() };
        let (repository, format) = (RepositoryId::from_bytes([1; 16]), FormatParameters::default());
        let new = NewState { repository, format, branch: branch_ref("main").expect("valid"), note };
        let made = StateDb::create(&dir.join("state.db"), &dir.join("refs.log"), &new);
        let db = Arc::new(made.expect("create").db);
        let store = Store::open(dir, format, db).expect("open");
        for n in 0..count {
            let session = store.start_session().expect("session");
            let codec = BlockCodec::new(1, true).expect("codec");
            let mut lane = Lane::new(&session, PackKind::Data, 1 << 17, codec);
            lane.add(ChunkId::of(&[n]).into(), &[n], &mut |_, _| ()).expect("add");
            let packs = lane.seal(&mut |_, _| ()).expect("seal");
            store.publish(packs, &HashSet::new(), |_| Ok::<_, StoreError>(())).expect("publish");
        }
        store
    }

    #[test]
    fn a_collection_makes_one_table_of_several_large_ones() {
        let dir = tempfile::tempdir().expect("tempdir");
        let store = store(dir.path(), 3);
        let tables = || store.db.read(|view| view.tables()).expect("tables").len();
        store.gather_tables().expect("gather");
        assert_eq!(tables(), 3, "small ones are in memory");
        store.gather_tables_above(0).expect("gather");
        assert_eq!(tables(), 1);
        for n in 0..3 {
            let found = store.catalog.find(PackKind::Data, &ChunkId::of(&[n]).into());
            assert!(found.expect("find").is_some(), "chunk {n}");
        }
        assert_eq!(std::fs::read_dir(dir.path().join("tables")).expect("read").count(), 1);
    }

    #[test]
    fn two_large_tables_stay_as_they_are() {
        let dir = tempfile::tempdir().expect("tempdir");
        let store = store(dir.path(), 2);
        store.gather_tables_above(0).expect("gather");
        assert_eq!(store.db.read(|view| view.tables()).expect("tables").len(), 2);
    }
}
