//! Rows about packs, tables and bad blocks: which files of the store count.

use super::{DbError, Tx, View, to_i64, to_unsigned};
use crate::id::PackId;
use rusqlite::Row;
use std::fmt;

/// Whether a pack counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PackState {
    /// Its chunks exist.
    Live,
    /// To be deleted after the grace; its chunks count as absent.
    Condemned,
}

impl PackState {
    fn number(self) -> i64 {
        match self {
            Self::Live => 1,
            Self::Condemned => 2,
        }
    }
}

/// What is known of a pack without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackRow {
    /// Its id.
    pub id: PackId,
    /// Number of its kind as in its header: 1 history, 2 layout, 3 data.
    pub kind: u8,
    /// Size of its file.
    pub bytes: u64,
    /// Sum of the raw sizes of its blocks.
    pub raw_bytes: u64,
    /// Number of chunks.
    pub chunks: u64,
    /// Number of blocks.
    pub blocks: u64,
    /// The store's generation at which it was listed, or condemned.
    pub generation: u64,
    /// Whether it counts.
    pub state: PackState,
    /// When `state` was last set, in Unix seconds.
    pub changed_at: i64,
}

/// Names a table; its file is `tables/<16 hex digits>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId(u64);

impl TableId {
    /// Takes 64 random bits, of which it keeps 63.
    pub const fn from_random(random: u64) -> Self {
        Self(random >> 1)
    }
}

impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What is known of a table without opening it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableRow {
    /// Its id.
    pub id: TableId,
    /// Number of the kind of packs it lists.
    pub kind: u8,
    /// How often its entries have been merged.
    pub level: u32,
    /// Number of entries.
    pub entries: u64,
    /// Size of its file.
    pub bytes: u64,
}

/// A block whose bytes are known to be wrong; its chunks count as new.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BadBlock {
    /// The pack it is in.
    pub pack: PackId,
    /// Where its header begins in the pack, in bytes.
    pub offset: u64,
    /// When it was found bad, in Unix seconds.
    pub found_at: i64,
}

const PACK_COLUMNS: &str = "SELECT id, kind, bytes, raw_bytes, chunks, blocks, generation, state, \
                            changed_at FROM packs";

fn pack_row(row: &Row) -> Result<PackRow, DbError> {
    let state = match row.get(7)? {
        1 => PackState::Live,
        2 => PackState::Condemned,
        other => return Err(DbError::damaged(format!("pack state {other}"))),
    };
    Ok(PackRow {
        id: PackId::from_bytes(row.get(0)?),
        kind: to_unsigned(row.get(1)?)?,
        bytes: to_unsigned(row.get(2)?)?,
        raw_bytes: to_unsigned(row.get(3)?)?,
        chunks: to_unsigned(row.get(4)?)?,
        blocks: to_unsigned(row.get(5)?)?,
        generation: to_unsigned(row.get(6)?)?,
        state,
        changed_at: row.get(8)?,
    })
}

impl View<'_> {
    /// Every pack, live or condemned, by id.
    pub fn packs(&self) -> Result<Vec<PackRow>, DbError> {
        self.all(&format!("{PACK_COLUMNS} ORDER BY id"), [], pack_row)
    }

    /// The packs that count, by id.
    pub fn live_packs(&self) -> Result<Vec<PackRow>, DbError> {
        self.all(&format!("{PACK_COLUMNS} WHERE state = 1 ORDER BY id"), [], pack_row)
    }

    /// The packs that do not count any more and whose files are still there, by id.
    pub fn condemned_packs(&self) -> Result<Vec<PackRow>, DbError> {
        self.all(&format!("{PACK_COLUMNS} WHERE state = 2 ORDER BY id"), [], pack_row)
    }

    /// One pack, live or condemned.
    pub fn pack(&self, id: PackId) -> Result<Option<PackRow>, DbError> {
        self.one(&format!("{PACK_COLUMNS} WHERE id = ?1"), [id.to_bytes()], pack_row)
    }

    /// Whether a pack counts: listed and not condemned.
    pub fn is_live(&self, id: PackId) -> Result<bool, DbError> {
        let sql = "SELECT 1 FROM packs WHERE id = ?1 AND state = 1";
        Ok(self.one(sql, [id.to_bytes()], |_| Ok(()))?.is_some())
    }

    /// Every table, by kind and level.
    pub fn tables(&self) -> Result<Vec<TableRow>, DbError> {
        let sql = "SELECT id, kind, level, entries, bytes FROM tables ORDER BY kind, level, id";
        self.all(sql, [], |row| {
            Ok(TableRow {
                id: TableId(to_unsigned(row.get(0)?)?),
                kind: to_unsigned(row.get(1)?)?,
                level: to_unsigned(row.get(2)?)?,
                entries: to_unsigned(row.get(3)?)?,
                bytes: to_unsigned(row.get(4)?)?,
            })
        })
    }

    /// Every block known to be bad.
    pub fn bad_blocks(&self) -> Result<Vec<BadBlock>, DbError> {
        let sql = "SELECT pack, offset, found_at FROM bad_blocks ORDER BY pack, offset";
        self.all(sql, [], |row| {
            Ok(BadBlock {
                pack: PackId::from_bytes(row.get(0)?),
                offset: to_unsigned(row.get(1)?)?,
                found_at: row.get(2)?,
            })
        })
    }
}

impl Tx<'_> {
    /// Lists a pack. Ids are never used twice, so one already listed is an error.
    pub fn add_pack(&self, row: &PackRow) -> Result<(), DbError> {
        let sql = "INSERT INTO packs(id, kind, bytes, raw_bytes, chunks, blocks, generation, state, \
                   changed_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
        let values = (
            row.id.to_bytes(),
            row.kind,
            to_i64(row.bytes)?,
            to_i64(row.raw_bytes)?,
            to_i64(row.chunks)?,
            to_i64(row.blocks)?,
            to_i64(row.generation)?,
            row.state.number(),
            row.changed_at,
        );
        self.run(sql, values)?;
        Ok(())
    }

    /// Lets a live pack count no more, from `generation` on; says whether it was live. Its grace begins
    /// at `since`, in Unix seconds.
    pub fn condemn_pack(&self, id: PackId, generation: u64, since: i64) -> Result<bool, DbError> {
        let sql = "UPDATE packs SET state = 2, generation = ?2, changed_at = ?3 \
                   WHERE id = ?1 AND state = 1";
        Ok(self.run(sql, (id.to_bytes(), to_i64(generation)?, since))? > 0)
    }

    /// Forgets a pack and its bad blocks; says whether it was listed.
    pub fn remove_pack(&self, id: PackId) -> Result<bool, DbError> {
        self.run("DELETE FROM bad_blocks WHERE pack = ?1", [id.to_bytes()])?;
        Ok(self.run("DELETE FROM packs WHERE id = ?1", [id.to_bytes()])? > 0)
    }

    /// Lists a table.
    pub fn add_table(&self, row: &TableRow) -> Result<(), DbError> {
        let sql = "INSERT INTO tables(id, kind, level, entries, bytes) VALUES(?1, ?2, ?3, ?4, ?5)";
        let (id, entries, bytes) = (to_i64(row.id.0)?, to_i64(row.entries)?, to_i64(row.bytes)?);
        self.run(sql, (id, row.kind, row.level, entries, bytes))?;
        Ok(())
    }

    /// Forgets a table; says whether it was listed.
    pub fn remove_table(&self, id: TableId) -> Result<bool, DbError> {
        Ok(self.run("DELETE FROM tables WHERE id = ?1", [to_i64(id.0)?])? > 0)
    }

    /// Records a block as bad; one recorded before keeps its time.
    pub fn add_bad_block(&self, block: &BadBlock) -> Result<(), DbError> {
        let sql = "INSERT OR IGNORE INTO bad_blocks(pack, offset, found_at) VALUES(?1, ?2, ?3)";
        self.run(sql, (block.pack.to_bytes(), to_i64(block.offset)?, block.found_at))?;
        Ok(())
    }

    /// Records a block as mended; says whether it was recorded as bad.
    pub fn remove_bad_block(&self, pack: PackId, offset: u64) -> Result<bool, DbError> {
        let sql = "DELETE FROM bad_blocks WHERE pack = ?1 AND offset = ?2";
        Ok(self.run(sql, (pack.to_bytes(), to_i64(offset)?))? > 0)
    }
}
