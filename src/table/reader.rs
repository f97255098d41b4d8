//! Reading a table: one entry by prefix, all in order, or a check of everything.
//!
//! Nothing of a large table is kept in memory but its pack ids; look-ups read at offsets, from
//! several threads at once, without allocating. A table of up to 4 MiB is held as a whole once it is
//! much used: a command that looks up one object need not read a table of a hundred thousand.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use crate::id::PackId;
use crate::pack::{PackKind, ReadAt};

use super::layout::{
    Directory, ENTRY_LEN, Entry, HEADER_LEN, PACK_ID_LEN, Prefix, RECORD_LEN, Record, Row, Shape,
    TAIL_LEN, TableError, decode_header, decode_tail,
};

/// Tables up to this many bytes are read into memory when much used.
const IN_MEMORY_LEN: u64 = 4 << 20;
/// One read at an offset costs as much as this many bytes of one long read: it is mostly the call.
const READ_COST: u64 = 8 << 10;
/// Most entries a look-up reads at once; buckets have about 48.
const MAX_PROBE: usize = 105;
/// Entries read at once by an iterator.
const ROWS_AT_ONCE: u32 = 4096;
/// Bytes read at once by a verification.
const VERIFY_LEN: usize = 256 * 1024;
const UNKNOWN_PACK: &str = "an entry of an unknown pack";

/// The bytes of a table: in its file, and in memory once reading them piece by piece has cost as much.
struct Source<R> {
    file: R,
    len: u64,
    may_be_in_memory: bool,
    /// What single reads have cost so far, in bytes.
    cost: AtomicU64,
    memory: OnceLock<Vec<u8>>,
}

/// An open table.
pub struct Table<R> {
    source: Source<R>,
    kind: PackKind,
    shape: Shape,
    hash: [u8; 32],
    /// `None` where one is read when it is needed.
    packs: Option<Vec<PackId>>,
}

/// The first bytes of a prefix as a number of the same order: to compare those takes one instruction.
fn head_of<const N: usize>(prefix: &[u8; N]) -> u64 {
    prefix.first_chunk().map_or(0, |head| u64::from_be_bytes(*head))
}

impl<R: ReadAt> Table<R> {
    /// Opens a table: reads header, tail and pack ids, and checks them against the file's length.
    ///
    /// # Errors
    /// `Truncated`, `BadMagic`, `NewerVersion`, `Damaged` or `Io`.
    pub fn open(file: R) -> Result<Self, TableError> {
        Self::open_within(file, IN_MEMORY_LEN)
    }

    pub(super) fn open_within(file: R, in_memory_len: u64) -> Result<Self, TableError> {
        let len = file.byte_len()?;
        if len < (HEADER_LEN + TAIL_LEN) as u64 {
            return Err(TableError::Truncated);
        }
        let source = Source::new(file, len, len <= in_memory_len);
        let (mut head, mut tail) = ([0; HEADER_LEN], [0; TAIL_LEN]);
        source.read_exact_at(&mut head, 0)?;
        let kind = decode_header(&head)?;
        source.read_exact_at(&mut tail, len - TAIL_LEN as u64)?;
        let (shape, hash) = decode_tail(&tail, len)?;
        let packs = Some(read_packs(&source, &shape)?);
        Ok(Self { source, kind, shape, hash, packs })
    }

    /// Opens a table of known kind that is far away: reads only the tail now, and single pack ids when
    /// they are needed. Nothing is kept in memory.
    ///
    /// # Errors
    /// As [`Table::open`].
    pub fn open_far(file: R, kind: PackKind) -> Result<Self, TableError> {
        let len = file.byte_len()?;
        if len < (HEADER_LEN + TAIL_LEN) as u64 {
            return Err(TableError::Truncated);
        }
        let mut tail = [0; TAIL_LEN];
        file.read_exact_at(&mut tail, len - TAIL_LEN as u64)?;
        let (shape, hash) = decode_tail(&tail, len)?;
        let source = Source::new(file, len, false);
        Ok(Self { source, kind, shape, hash, packs: None })
    }

    /// What the entries are.
    pub fn kind(&self) -> PackKind {
        self.kind
    }

    /// The packs that entries may name, ascending; none of a table [opened far](Table::open_far).
    pub fn packs(&self) -> &[PackId] {
        self.packs.as_deref().unwrap_or_default()
    }

    /// Number of entries.
    pub fn len(&self) -> u64 {
        self.shape.entries.into()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.shape.entries == 0
    }

    /// Length of the table in bytes.
    pub fn byte_len(&self) -> u64 {
        self.shape.table_len()
    }

    /// Finds the youngest pack's entry with this prefix: one small read for most misses, two for a hit.
    ///
    /// # Errors
    /// `Damaged` if directory or entry hold what no writer makes; `Truncated` or `Io`.
    pub fn find(&self, prefix: &Prefix) -> Result<Option<Row>, TableError> {
        self.find_where(prefix, |_| true)
    }

    /// Finds the youngest pack's entry with this prefix that `accept` takes; it is asked for each of
    /// them, the youngest pack's first.
    ///
    /// # Errors
    /// As [`Table::find`].
    pub fn find_where(
        &self,
        prefix: &Prefix,
        mut accept: impl FnMut(&Row) -> bool,
    ) -> Result<Option<Row>, TableError> {
        let mut scratch = [0; RECORD_LEN + 4];
        let record = Record(self.record(prefix.bucket(self.shape.buckets), &mut scratch)?);
        if !record.may_hold(prefix) {
            return Ok(None);
        }
        let (start, end) = record.bounds(self.shape.entries)?;
        let mut at = self.narrow(prefix, start, end)?;
        while at < end {
            let mut scratch = [0; MAX_PROBE * ENTRY_LEN];
            let count = (end - at).min(MAX_PROBE as u32);
            let scratch = &mut scratch[..count as usize * ENTRY_LEN];
            let bytes = self.source.bytes(self.shape.entry_offset(at), scratch)?;
            let (entries, _) = bytes.as_chunks::<ENTRY_LEN>();
            let wanted = head_of(prefix.as_bytes());
            let first = entries.partition_point(|entry| head_of(entry) < wanted);
            for entry in &entries[first..] {
                match entry[..20].cmp(&prefix.as_bytes()[..]) {
                    std::cmp::Ordering::Less => continue,
                    std::cmp::Ordering::Equal => {}
                    std::cmp::Ordering::Greater => return Ok(None),
                }
                let row = self.row(Entry::decode(entry))?;
                if accept(&row) {
                    return Ok(Some(row));
                }
            }
            at += count;
        }
        Ok(None)
    }

    /// Where to read on to find the first entry not below `prefix`: at most [`MAX_PROBE`] before it.
    ///
    /// Honest buckets nearly always are as short; this bounds what a crowded or forged one can cost.
    fn narrow(&self, prefix: &Prefix, mut start: u32, mut end: u32) -> Result<u32, TableError> {
        while (end - start) as usize > MAX_PROBE {
            let middle = start + (end - start) / 2;
            let mut found = [0; ENTRY_LEN];
            self.source.read_exact_at(&mut found, self.shape.entry_offset(middle))?;
            match found[..20] < prefix.as_bytes()[..] {
                true => start = middle + 1,
                false => end = middle,
            }
        }
        Ok(start)
    }

    fn record<'a>(
        &'a self,
        bucket: u32,
        scratch: &'a mut [u8; RECORD_LEN + 4],
    ) -> Result<&'a [u8; RECORD_LEN + 4], TableError> {
        let bytes = self.source.bytes(self.shape.record_offset(bucket), scratch)?;
        Ok(bytes.first_chunk().expect("as many bytes as the scratch space has"))
    }

    fn row(&self, entry: Entry) -> Result<Row, TableError> {
        let pack = match &self.packs {
            Some(packs) => packs.get(entry.pack as usize).copied(),
            None if entry.pack < self.shape.packs => Some(self.read_pack(entry.pack)?),
            None => None,
        };
        let pack = pack.ok_or(TableError::Damaged(UNKNOWN_PACK))?;
        Ok(Row { prefix: entry.prefix, pack, place: entry.place })
    }

    fn read_pack(&self, index: u32) -> Result<PackId, TableError> {
        let mut id = [0; PACK_ID_LEN];
        let offset = self.shape.packs_offset() + u64::from(index) * PACK_ID_LEN as u64;
        self.source.read_exact_at(&mut id, offset)?;
        Ok(PackId::from_bytes(id))
    }

    /// All rows in ascending order.
    pub fn rows(&self) -> Rows<'_, R> {
        Rows { entries: Entries::new(self, 0), from: None }
    }

    /// The rows from the first with a prefix not below `lower` on, in ascending order.
    ///
    /// # Errors
    /// As [`Table::find`].
    pub fn rows_from(&self, lower: &Prefix) -> Result<Rows<'_, R>, TableError> {
        let mut scratch = [0; RECORD_LEN + 4];
        let record = Record(self.record(lower.bucket(self.shape.buckets), &mut scratch)?);
        let (start, end) = record.bounds(self.shape.entries)?;
        let start = self.narrow(lower, start, end)?;
        Ok(Rows { entries: Entries::new(self, start), from: Some(*lower) })
    }

    /// Verifies the hash of the whole table, the order of its entries and its directory.
    ///
    /// # Errors
    /// `BadHash` if any byte was changed; `Damaged` if a faulty writer made the table.
    pub fn verify(&self) -> Result<(), TableError> {
        self.verify_hash()?;
        let mut entries = Entries::new(self, 0);
        let mut directory = Directory::new(self.shape.buckets);
        while let Some(entry) = entries.next_entry()? {
            directory.push(&entry.prefix);
        }
        self.compare(&directory.finish(), self.shape.record_offset(0))
    }

    fn verify_hash(&self) -> Result<(), TableError> {
        let mut hasher = blake3::Hasher::new();
        let mut buffer = vec![0; VERIFY_LEN.min(self.byte_len() as usize)];
        let (mut at, end) = (0, self.shape.tail_offset());
        while at < end {
            let len = buffer.len().min((end - at) as usize);
            self.source.read_exact_at(&mut buffer[..len], at)?;
            hasher.update(&buffer[..len]);
            at += len as u64;
        }
        match hasher.update(&self.shape.encode_tail_start()).finalize().as_bytes() == &self.hash {
            true => Ok(()),
            false => Err(TableError::BadHash),
        }
    }

    /// Checks that `wanted` stands at `offset`.
    fn compare(&self, wanted: &[u8], offset: u64) -> Result<(), TableError> {
        let mut buffer = vec![0; VERIFY_LEN.min(wanted.len())];
        let mut at = offset;
        for part in wanted.chunks(VERIFY_LEN) {
            let found = &mut buffer[..part.len()];
            self.source.read_exact_at(found, at)?;
            if found != part {
                return Err(TableError::Damaged("the directory does not match the entries"));
            }
            at += part.len() as u64;
        }
        Ok(())
    }
}

fn read_packs<R: ReadAt>(source: &Source<R>, shape: &Shape) -> Result<Vec<PackId>, TableError> {
    // Not above the file's length, which the shape was checked against.
    let mut bytes = vec![0; shape.packs as usize * PACK_ID_LEN];
    source.read_exact_at(&mut bytes, shape.packs_offset())?;
    let (ids, _) = bytes.as_chunks::<PACK_ID_LEN>();
    let packs: Vec<_> = ids.iter().map(|id| PackId::from_bytes(*id)).collect();
    match packs.is_sorted_by(|a, b| a < b) {
        true => Ok(packs),
        false => Err(TableError::Damaged("the pack ids do not ascend")),
    }
}

impl<R: ReadAt> Source<R> {
    fn new(file: R, len: u64, may_be_in_memory: bool) -> Self {
        Self { file, len, may_be_in_memory, cost: AtomicU64::new(0), memory: OnceLock::new() }
    }

    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> Result<(), TableError> {
        match self.memory.get() {
            Some(bytes) => bytes.read_exact_at(buf, offset)?,
            None => self.file.read_exact_at(buf, offset)?,
        }
        Ok(())
    }

    /// As many bytes as `scratch` has, from `offset` on: in memory where they are, or read into it.
    fn bytes<'a>(&'a self, offset: u64, scratch: &'a mut [u8]) -> Result<&'a [u8], TableError> {
        if self.may_be_in_memory && self.memory.get().is_none() {
            self.count_read()?;
        }
        let Some(bytes) = self.memory.get() else {
            self.file.read_exact_at(scratch, offset)?;
            return Ok(scratch);
        };
        let start = usize::try_from(offset).map_err(|_| TableError::Truncated)?;
        let wanted = start.checked_add(scratch.len()).and_then(|end| bytes.get(start..end));
        wanted.ok_or(TableError::Truncated)
    }

    /// Counts a single read, and reads all once they have cost as much; one of several threads does.
    fn count_read(&self) -> Result<(), TableError> {
        let before = self.cost.fetch_add(READ_COST, Relaxed);
        if before < self.len && before + READ_COST >= self.len {
            let mut bytes = vec![0; self.len as usize];
            self.file.read_exact_at(&mut bytes, 0)?;
            // Nobody else came by here.
            let _ = self.memory.set(bytes);
        }
        Ok(())
    }
}

/// The entries of a table in order, read many at a time; order and packs are checked.
pub(crate) struct Entries<'a, R> {
    table: &'a Table<R>,
    next: u32,
    buffer: Vec<u8>,
    used: usize,
    last: Option<Entry>,
}

impl<'a, R: ReadAt> Entries<'a, R> {
    pub(crate) fn new(table: &'a Table<R>, next: u32) -> Self {
        Self { table, next, buffer: Vec::new(), used: 0, last: None }
    }

    pub(crate) fn next_entry(&mut self) -> Result<Option<Entry>, TableError> {
        if self.used == self.buffer.len() && !self.refill()? {
            return Ok(None);
        }
        let bytes = self.buffer[self.used..].first_chunk();
        let entry = Entry::decode(bytes.expect("the buffer holds whole entries"));
        self.used += ENTRY_LEN;
        if entry.pack >= self.table.shape.packs {
            return Err(TableError::Damaged(UNKNOWN_PACK));
        }
        match self.last.replace(entry) {
            Some(last) if !last.is_before(&entry) => {
                Err(TableError::Damaged("the entries do not ascend"))
            }
            _ => Ok(Some(entry)),
        }
    }

    fn refill(&mut self) -> Result<bool, TableError> {
        let shape = &self.table.shape;
        let count = (shape.entries - self.next).min(ROWS_AT_ONCE);
        self.buffer.resize(count as usize * ENTRY_LEN, 0);
        self.used = self.buffer.len();
        self.table.source.read_exact_at(&mut self.buffer, shape.entry_offset(self.next))?;
        self.used = 0;
        self.next += count;
        Ok(count > 0)
    }
}

/// Rows of a table in ascending order; ends after the first error.
pub struct Rows<'a, R> {
    entries: Entries<'a, R>,
    from: Option<Prefix>,
}

impl<R: ReadAt> Rows<'_, R> {
    fn next_row(&mut self) -> Result<Option<Row>, TableError> {
        while let Some(entry) = self.entries.next_entry()? {
            if self.from.is_none_or(|from| from <= entry.prefix) {
                self.from = None;
                return self.entries.table.row(entry).map(Some);
            }
        }
        Ok(None)
    }
}

impl<R: ReadAt> Iterator for Rows<'_, R> {
    type Item = Result<Row, TableError>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = self.next_row();
        if row.is_err() {
            self.entries.next = self.entries.table.shape.entries;
            self.entries.used = self.entries.buffer.len();
        }
        row.transpose()
    }
}
