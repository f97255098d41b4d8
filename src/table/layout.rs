//! The parts of a table as bytes, and the directory that leads to an entry.
//!
//! File: header (64 bytes), entries (39 bytes each, ascending; of one prefix the youngest pack's
//! first), zeros up to a multiple of 64, directory, pack ids (24 bytes each, ascending), tail (64 bytes). The counts stand in the tail
//! and the directory behind the entries, so that a table is written in one pass without knowing
//! how many entries a merge will leave. `docs/format.md` describes it byte by byte.
//!
//! The directory spreads the prefixes, read as fractions, evenly over buckets of about 48
//! entries. A bucket's record is one aligned line of 64 bytes: the index of its first entry, then
//! a Bloom filter of 480 bits over its entries. So a miss costs one small read in 99 of 100 cases,
//! and a hit that read and one of the bucket (the idea of a blocked Bloom filter is from
//! Putze, Sanders, Singler: "Cache-, Hash- and Space-Efficient Bloom Filters", 2007).

use std::fmt;
use std::io;

use thiserror::Error;

use crate::id::{Address, PackId};
use crate::pack::layout::{Fields, u24_bytes};
use crate::pack::{ChunkPlace, PackKind};

/// Format number written to the header; all below are read too.
pub const VERSION: u16 = 2;
/// Length of the header in bytes; the first entry begins here.
pub const HEADER_LEN: usize = 64;
/// Length of the tail in bytes.
pub const TAIL_LEN: usize = 64;
/// Length of one entry in bytes.
pub const ENTRY_LEN: usize = 39;
/// Length of one bucket's record in the directory.
pub const RECORD_LEN: usize = 64;
/// Length of one pack id.
pub const PACK_ID_LEN: usize = 24;
/// Greatest number of packs a table lists: entries hold a 24-bit index.
pub const MAX_PACKS: usize = 1 << 24;
/// Greatest number of entries: the directory holds 32-bit indexes.
pub const MAX_ENTRIES: u64 = u32::MAX as u64;

const MAX_U24: u32 = (1 << 24) - 1;
const ENTRIES_PER_BUCKET: u64 = 48;
const FILTER_BITS: u64 = 480;
const FILTER_PROBES: u32 = 6;
const HEADER_MAGIC: [u8; 8] = *b"ESKRTABL";
const TAIL_MAGIC: [u8; 8] = *b"ESKRTEND";
/// Bytes of the tail before the hash, which the hash covers.
const TAIL_HASHED_LEN: usize = 24;

/// What can go wrong with a table.
#[derive(Debug, Error)]
pub enum TableError {
    /// The file underneath could not be read or written.
    #[error("cannot read or write the table")]
    Io(#[source] io::Error),
    /// The table has no tail or is shorter than its parts: it was cut off or never finished.
    #[error("the table is cut off")]
    Truncated,
    /// The bytes do not begin as a table does.
    #[error("this is not a table")]
    BadMagic,
    /// The table was written by a newer version of the format.
    #[error("the table has format {found}, this program reads up to {VERSION}")]
    NewerVersion {
        /// The version in the header.
        found: u16,
    },
    /// The table does not have the hash that its tail states.
    #[error("the table is damaged (its hash differs)")]
    BadHash,
    /// Bytes that no writer makes.
    #[error("the table is damaged: {0}")]
    Damaged(&'static str),
    /// The caller's rows break a rule of the format; the output is not a table.
    #[error("refused to write a table: {0}")]
    BadRow(&'static str),
}

impl TableError {
    /// Whether the bytes of the table itself are wrong, as opposed to the way they were reached.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Truncated | Self::BadMagic | Self::BadHash | Self::Damaged(_))
    }
}

impl From<io::Error> for TableError {
    /// Reading beyond the end is a truncated table, everything else an I/O error.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}

/// The first 20 bytes of an address, by which a table finds it.
///
/// Two addresses of one repository never share them: that would take about 2^80 objects.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix([u8; 20]);

impl Prefix {
    /// The prefix with these bytes.
    pub const fn from_bytes(bytes: [u8; 20]) -> Self {
        Self(bytes)
    }

    /// The 20 bytes of the prefix.
    pub const fn as_bytes(&self) -> &[u8; 20] {
        &self.0
    }

    fn word(&self, index: usize) -> [u8; 8] {
        let mut word = [0; 8];
        word.copy_from_slice(&self.0[index * 8..index * 8 + 8]);
        word
    }

    /// Which of `buckets` buckets holds this prefix; ascending like the prefix.
    pub(crate) fn bucket(&self, buckets: u32) -> u32 {
        let fraction = u128::from(u64::from_be_bytes(self.word(0)));
        ((fraction * u128::from(buckets)) >> 64) as u32
    }

    /// The filter bits of this prefix, below 480 each.
    fn filter_bits(&self) -> impl Iterator<Item = usize> {
        // Other bytes than those that choose the bucket, ten bits a probe.
        let word = u64::from_le_bytes(self.word(1));
        (0..FILTER_PROBES).map(move |i| (((word >> (10 * i) & 0x3ff) * FILTER_BITS) >> 10) as usize)
    }
}

impl From<&Address> for Prefix {
    fn from(address: &Address) -> Self {
        Self(*address.as_bytes().first_chunk().expect("an address has 32 bytes"))
    }
}

impl fmt::Debug for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prefix(")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// One entry with its pack spelled out: what a writer takes and a reader returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Which chunk it is.
    pub prefix: Prefix,
    /// The pack that holds the chunk.
    pub pack: PackId,
    /// Where in the pack it lies.
    pub place: ChunkPlace,
}

impl Row {
    /// The row for a chunk of `pack`, as `Trailer::rows` lists it.
    pub fn new(pack: PackId, address: &Address, place: ChunkPlace) -> Self {
        Self { prefix: address.into(), pack, place }
    }
}

/// One entry as stored: the pack is an index into the table's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) prefix: Prefix,
    pub(crate) pack: u32,
    pub(crate) place: ChunkPlace,
}

impl Entry {
    /// Whether this entry may stand directly before `next`: prefixes ascend, packs of one descend.
    pub(crate) fn is_before(&self, next: &Self) -> bool {
        self.prefix < next.prefix || (self.prefix == next.prefix && self.pack > next.pack)
    }

    /// The 39 bytes, or `None` if a field does not fit its width.
    pub(crate) fn encode(&self) -> Option<[u8; ENTRY_LEN]> {
        let ChunkPlace { chunk, block_offset, stored_len, position, raw_len } = self.place;
        if [self.pack, chunk, stored_len, position, raw_len].iter().any(|&field| field > MAX_U24) {
            return None;
        }
        let mut bytes = [0; ENTRY_LEN];
        bytes[..20].copy_from_slice(self.prefix.as_bytes());
        bytes[20..23].copy_from_slice(&u24_bytes(self.pack));
        bytes[23..26].copy_from_slice(&u24_bytes(chunk));
        bytes[26..30].copy_from_slice(&block_offset.to_le_bytes());
        bytes[30..33].copy_from_slice(&u24_bytes(stored_len));
        bytes[33..36].copy_from_slice(&u24_bytes(position));
        bytes[36..].copy_from_slice(&u24_bytes(raw_len));
        Some(bytes)
    }

    /// Reads an entry; its pack is not checked against the list yet.
    pub(crate) fn decode(bytes: &[u8; ENTRY_LEN]) -> Self {
        let mut fields = Fields::new(bytes);
        let prefix = Prefix(fields.bytes());
        let pack = fields.u24();
        let chunk = fields.u24();
        let block_offset = fields.u32();
        let (stored_len, position, raw_len) = (fields.u24(), fields.u24(), fields.u24());
        let place = ChunkPlace { chunk, block_offset, stored_len, position, raw_len };
        Self { prefix, pack, place }
    }
}

/// The 64 bytes a table of this kind begins with.
pub(crate) fn encode_header(kind: PackKind) -> [u8; HEADER_LEN] {
    let mut bytes = [0; HEADER_LEN];
    bytes[..8].copy_from_slice(&HEADER_MAGIC);
    bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
    bytes[10] = kind as u8;
    bytes
}

/// Reads the kind from a header.
pub(crate) fn decode_header(bytes: &[u8; HEADER_LEN]) -> Result<PackKind, TableError> {
    let mut fields = Fields::new(bytes);
    if fields.bytes() != HEADER_MAGIC {
        return Err(TableError::BadMagic);
    }
    match fields.u16() {
        0 => return Err(TableError::Damaged("version 0")),
        1..=VERSION => {}
        found => return Err(TableError::NewerVersion { found }),
    }
    let kind = PackKind::from_number(fields.u8()).ok_or(TableError::Damaged("unknown kind"))?;
    match bytes[11..].iter().all(|&byte| byte == 0) {
        true => Ok(kind),
        false => Err(TableError::Damaged("unknown fields in the header")),
    }
}

/// How many of each part a table has, from which all offsets follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Shape {
    pub(crate) entries: u32,
    pub(crate) buckets: u32,
    pub(crate) packs: u32,
}

impl Shape {
    pub(crate) fn entry_offset(&self, index: u32) -> u64 {
        HEADER_LEN as u64 + u64::from(index) * ENTRY_LEN as u64
    }

    pub(crate) fn record_offset(&self, bucket: u32) -> u64 {
        let entries_end = self.entry_offset(self.entries);
        entries_end.next_multiple_of(RECORD_LEN as u64) + u64::from(bucket) * RECORD_LEN as u64
    }

    pub(crate) fn packs_offset(&self) -> u64 {
        // The last record is followed by the number of entries, as if another bucket began.
        self.record_offset(self.buckets) + 4
    }

    pub(crate) fn tail_offset(&self) -> u64 {
        self.packs_offset() + u64::from(self.packs) * PACK_ID_LEN as u64
    }

    pub(crate) fn table_len(&self) -> u64 {
        self.tail_offset() + TAIL_LEN as u64
    }

    /// The part of the tail that the hash covers.
    pub(crate) fn encode_tail_start(&self) -> [u8; TAIL_HASHED_LEN] {
        let mut bytes = [0; TAIL_HASHED_LEN];
        bytes[..8].copy_from_slice(&u64::from(self.entries).to_le_bytes());
        bytes[8..12].copy_from_slice(&self.buckets.to_le_bytes());
        bytes[12..16].copy_from_slice(&self.packs.to_le_bytes());
        bytes
    }
}

/// The 64 bytes a table ends with; `hash` is BLAKE3 of everything before it.
pub(crate) fn encode_tail(shape: &Shape, hash: &[u8; 32]) -> [u8; TAIL_LEN] {
    let mut bytes = [0; TAIL_LEN];
    bytes[..TAIL_HASHED_LEN].copy_from_slice(&shape.encode_tail_start());
    bytes[TAIL_HASHED_LEN..56].copy_from_slice(hash);
    bytes[56..].copy_from_slice(&TAIL_MAGIC);
    bytes
}

/// Reads shape and hash from the tail of a table that is `table_len` bytes long.
pub(crate) fn decode_tail(
    bytes: &[u8; TAIL_LEN],
    table_len: u64,
) -> Result<(Shape, [u8; 32]), TableError> {
    let mut fields = Fields::new(bytes);
    let entries = fields.u64();
    let (buckets, packs) = (fields.u32(), fields.u32());
    let zero = fields.u64();
    let hash = fields.bytes();
    if fields.bytes() != TAIL_MAGIC {
        return Err(TableError::Truncated);
    }
    let Ok(entries) = u32::try_from(entries) else {
        return Err(TableError::Damaged("more entries than a table may have"));
    };
    let shape = Shape { entries, buckets, packs };
    if buckets == 0 || packs as usize > MAX_PACKS || zero != 0 {
        return Err(TableError::Damaged("the tail holds what no writer makes"));
    }
    // 32-bit counts of parts below 64 bytes: no sum of them overflows.
    match shape.table_len() == table_len {
        true => Ok((shape, hash)),
        false => Err(TableError::Damaged("the length does not match the counts")),
    }
}

/// How many buckets a table of about `entries` entries gets.
pub(crate) fn buckets_for(entries: u64) -> u32 {
    (entries.min(MAX_ENTRIES).div_ceil(ENTRIES_PER_BUCKET) as u32).max(1)
}

/// The directory while it is being made from prefixes in ascending order.
pub(crate) struct Directory {
    bytes: Vec<u8>,
    buckets: u32,
    begun: u32,
    entries: u32,
}

impl Directory {
    pub(crate) fn new(buckets: u32) -> Self {
        Self { bytes: vec![0; buckets as usize * RECORD_LEN], buckets, begun: 0, entries: 0 }
    }

    pub(crate) fn push(&mut self, prefix: &Prefix) {
        let bucket = prefix.bucket(self.buckets);
        self.begin_buckets(bucket + 1);
        let filter = &mut self.bytes[bucket as usize * RECORD_LEN + 4..][..RECORD_LEN - 4];
        for bit in prefix.filter_bits() {
            filter[bit / 8] |= 1 << (bit % 8);
        }
        self.entries += 1;
    }

    /// Has all buckets before `end` that have not begun yet begin at the next entry.
    fn begin_buckets(&mut self, end: u32) {
        while self.begun < end {
            let at = self.begun as usize * RECORD_LEN;
            self.bytes[at..at + 4].copy_from_slice(&self.entries.to_le_bytes());
            self.begun += 1;
        }
    }

    /// All records and the number of entries.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        self.begin_buckets(self.buckets);
        self.bytes.extend_from_slice(&self.entries.to_le_bytes());
        self.bytes
    }
}

/// One record of the directory with the start of the next.
pub(crate) struct Record<'a>(pub(crate) &'a [u8; RECORD_LEN + 4]);

impl Record<'_> {
    /// False if the prefix is certainly not in the bucket.
    pub(crate) fn may_hold(&self, prefix: &Prefix) -> bool {
        let filter = &self.0[4..RECORD_LEN];
        prefix.filter_bits().all(|bit| filter[bit / 8] >> (bit % 8) & 1 == 1)
    }

    /// Indexes of the bucket's first entry and of the first one behind it.
    pub(crate) fn bounds(&self, entries: u32) -> Result<(u32, u32), TableError> {
        let mut fields = Fields::new(self.0);
        let start = fields.u32();
        let mut fields = Fields::new(&self.0[RECORD_LEN..]);
        let end = fields.u32();
        match start <= end && end <= entries {
            true => Ok((start, end)),
            false => Err(TableError::Damaged("the directory is not in order")),
        }
    }
}
