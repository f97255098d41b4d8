//! Writing a table in one pass from entries in ascending order.
//!
//! Memory: a directory of 1.3 bytes an expected entry and one write buffer. The writer never
//! syncs; whoever owns the file does, after [`TableWriter::finish`].

use std::io::Write;

use crate::id::PackId;
use crate::pack::PackKind;

use super::layout::{
    Directory, ENTRY_LEN, Entry, HEADER_LEN, MAX_ENTRIES, MAX_PACKS, Row, Shape, TableError,
    buckets_for, encode_header, encode_tail,
};

/// Bytes gathered before they are hashed and written.
const BUFFER_LEN: usize = 256 * 1024;

/// A table whose every byte was handed to the output.
#[derive(Debug)]
pub struct FinishedTable<W> {
    /// The output, flushed but not synced.
    pub out: W,
    /// Number of entries.
    pub entries: u64,
    /// Length of the table in bytes.
    pub len: u64,
}

/// Writes one table.
pub struct TableWriter<W> {
    out: W,
    hasher: blake3::Hasher,
    buffer: Vec<u8>,
    directory: Directory,
    shape: Shape,
    packs: Vec<PackId>,
    last: Option<Entry>,
}

impl<W: Write> TableWriter<W> {
    /// Begins a table of chunks in `packs`, which ascend.
    ///
    /// `expected` is how many entries will come, or an upper bound near it: the directory is made
    /// for that many. Any other number of entries is right too, only slower to search or larger.
    ///
    /// # Errors
    /// `BadRow` if the packs do not ascend or are too many.
    pub fn new(
        out: W,
        kind: PackKind,
        packs: Vec<PackId>,
        expected: u64,
    ) -> Result<Self, TableError> {
        if packs.len() > MAX_PACKS || !packs.is_sorted_by(|a, b| a < b) {
            return Err(TableError::BadRow("the packs do not ascend, or are too many"));
        }
        let shape = Shape { entries: 0, buckets: buckets_for(expected), packs: packs.len() as u32 };
        let mut buffer = Vec::with_capacity(BUFFER_LEN + HEADER_LEN);
        buffer.extend_from_slice(&encode_header(kind));
        let (hasher, directory) = (blake3::Hasher::new(), Directory::new(shape.buckets));
        Ok(Self { out, hasher, buffer, directory, shape, packs, last: None })
    }

    /// Appends a row; rows come in ascending order of their prefixes, those of one prefix in descending
    /// order of their packs, each pack once.
    ///
    /// # Errors
    /// `BadRow` if a row is out of order, names another pack or does not fit; `Io`.
    pub fn push(&mut self, row: &Row) -> Result<(), TableError> {
        let index = self.packs.binary_search(&row.pack);
        let pack = index.map_err(|_| TableError::BadRow("a pack that was not announced"))?;
        self.push_entry(&Entry { prefix: row.prefix, pack: pack as u32, place: row.place })
    }

    /// Appends an entry whose pack is an index into the list the writer was made with.
    pub(crate) fn push_entry(&mut self, entry: &Entry) -> Result<(), TableError> {
        if self.last.is_some_and(|last| !last.is_before(entry)) {
            return Err(TableError::BadRow("rows out of order"));
        }
        if u64::from(self.shape.entries) == MAX_ENTRIES || entry.pack >= self.shape.packs {
            return Err(TableError::BadRow("too many rows, or an unknown pack"));
        }
        let bytes = entry.encode().ok_or(TableError::BadRow("a place out of range"))?;
        self.last = Some(*entry);
        self.directory.push(&entry.prefix);
        self.shape.entries += 1;
        self.buffer.extend_from_slice(&bytes);
        match self.buffer.len() + ENTRY_LEN > BUFFER_LEN {
            true => self.write_out(),
            false => Ok(()),
        }
    }

    fn write_out(&mut self) -> Result<(), TableError> {
        self.hasher.update(&self.buffer);
        self.out.write_all(&self.buffer).map_err(TableError::Io)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes directory, pack ids and tail, and flushes the output.
    ///
    /// # Errors
    /// `Io` if a write fails.
    pub fn finish(mut self) -> Result<FinishedTable<W>, TableError> {
        let shape = self.shape;
        let padding = shape.record_offset(0) - shape.entry_offset(shape.entries);
        self.buffer.resize(self.buffer.len() + padding as usize, 0);
        self.write_out()?;
        self.buffer = self.directory.finish();
        self.directory = Directory::new(0);
        self.write_out()?;
        for pack in &self.packs {
            self.buffer.extend_from_slice(&pack.to_bytes());
        }
        self.write_out()?;
        let hash = self.hasher.update(&shape.encode_tail_start()).finalize();
        self.out.write_all(&encode_tail(&shape, hash.as_bytes())).map_err(TableError::Io)?;
        self.out.flush().map_err(TableError::Io)?;
        let (entries, len) = (shape.entries.into(), shape.table_len());
        Ok(FinishedTable { out: self.out, entries, len })
    }
}

/// Writes a table from rows in any order; of several rows for one prefix and pack one is written.
///
/// `rows` is left sorted, as they stand in the table. The outcome does not depend on their order before.
///
/// # Errors
/// As [`TableWriter`].
pub fn write_rows<W: Write>(
    out: W,
    kind: PackKind,
    rows: &mut Vec<Row>,
) -> Result<FinishedTable<W>, TableError> {
    rows.sort_unstable_by(|a, b| {
        let by_age = || b.pack.cmp(&a.pack).then_with(|| a.place.cmp(&b.place));
        a.prefix.cmp(&b.prefix).then_with(by_age)
    });
    rows.dedup_by_key(|row| (row.prefix, row.pack));
    let mut packs: Vec<_> = rows.iter().map(|row| row.pack).collect();
    packs.sort_unstable();
    packs.dedup();
    let mut writer = TableWriter::new(out, kind, packs, rows.len() as u64)?;
    rows.iter().try_for_each(|row| writer.push(row))?;
    writer.finish()
}
