//! The parts of a pack as bytes: header, block header, trailer and tail.
//!
//! Everything here is a pure function between bytes and values. Integers are little-endian and of
//! fixed width; ids are plain bytes. Decoders accept exactly what the encoders can make, so that a
//! part has one encoding, and they check every count against the length at hand before they
//! allocate. `docs/format.md` describes the same format byte by byte.

use std::io;

use thiserror::Error;

use crate::id::{Address, ChunkId, PackId};

/// Format number written to and accepted in the header.
pub const VERSION: u16 = 1;
/// Length of the header in bytes; the first block begins here.
pub const HEADER_LEN: usize = 64;
/// Length of the header before each block's stored bytes.
pub const BLOCK_HEADER_LEN: usize = 8;
/// Length of the tail in bytes.
pub const TAIL_LEN: usize = 64;
/// Length of the two counts that begin the trailer.
pub const TRAILER_COUNTS_LEN: usize = 8;
/// Length of one block's row in the trailer.
pub const BLOCK_ROW_LEN: usize = 32;
/// Length of one chunk's row in the trailer.
pub const CHUNK_ROW_LEN: usize = 35;
/// Greatest number of raw bytes in a block.
pub const MAX_RAW_LEN: u32 = (1 << 24) - 1;
/// Greatest number of stored bytes in a block, sealing included.
pub const MAX_STORED_LEN: u32 = (1 << 24) - 1;
/// Greatest number of chunks in a pack: tables keep a chunk's index in 24 bits.
pub const MAX_CHUNKS: usize = 1 << 24;
/// Greatest length of a pack in bytes: offsets are 32 bits wide.
pub const MAX_PACK_LEN: u64 = u32::MAX as u64;
/// Length of a pack without blocks.
pub const MIN_PACK_LEN: u64 = (HEADER_LEN + TRAILER_COUNTS_LEN + TAIL_LEN) as u64;

const HEADER_MAGIC: [u8; 8] = *b"ESKRPACK";
const TAIL_MAGIC: [u8; 8] = *b"ESKRTAIL";

/// What can go wrong with a pack.
#[derive(Debug, Error)]
pub enum PackError {
    /// The file underneath could not be read or written.
    #[error("cannot read or write the pack")]
    Io(#[source] io::Error),
    /// The pack has no tail or is shorter than its parts: it was cut off or never finished.
    #[error("the pack is cut off")]
    Truncated,
    /// The bytes do not begin as a pack does.
    #[error("this is not a pack")]
    BadMagic,
    /// The pack was written by a newer version of the format.
    #[error("the pack has format {found}, this program reads up to {VERSION}")]
    NewerVersion {
        /// The version in the header.
        found: u16,
    },
    /// Header and trailer do not have the hash that the tail states.
    #[error("header or trailer of the pack is damaged (their hash differs)")]
    BadHash,
    /// Bytes that no writer makes. For a block, `offset` is that of its block header.
    #[error("the pack is damaged at offset {offset}: {what}")]
    Damaged {
        /// Offset in the pack, in bytes.
        offset: u64,
        /// What is wrong there.
        what: &'static str,
    },
    /// The pack is sealed with a key that is not at hand.
    #[error("the pack is sealed with key {number}, which is not at hand")]
    UnknownKey {
        /// Key number in the pack's header.
        number: u32,
    },
    /// The block does not fit into this pack any more; nothing was written.
    #[error("the pack is full")]
    Full,
    /// The caller's block breaks a rule of the format; nothing was written.
    #[error("refused to write a block: {0}")]
    BadBlock(&'static str),
    /// The compressor failed, or its output does not decompress to its input.
    #[error("compressing a block failed: {0}")]
    Compressor(&'static str),
    /// An earlier write to this pack failed, so that its end is unknown.
    #[error("an earlier write to this pack failed")]
    Poisoned,
}

impl PackError {
    /// Whether the bytes of the pack itself are wrong, as opposed to the way they were reached.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Truncated | Self::BadMagic | Self::BadHash | Self::Damaged { .. })
    }
}

impl From<io::Error> for PackError {
    /// Reading beyond the end is a truncated pack, everything else an I/O error.
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Self::Truncated,
            _ => Self::Io(error),
        }
    }
}

/// Takes fixed-width little-endian fields off the front of a slice whose length was checked.
pub(crate) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        let (head, rest) = self.0.split_first_chunk().expect("the caller checked the length");
        self.0 = rest;
        *head
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.bytes::<1>()[0]
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::from_le_bytes(self.bytes())
    }

    pub(crate) fn u24(&mut self) -> u32 {
        let [a, b, c] = self.bytes();
        u32::from_le_bytes([a, b, c, 0])
    }

    pub(crate) fn u32(&mut self) -> u32 {
        u32::from_le_bytes(self.bytes())
    }

    pub(crate) fn u64(&mut self) -> u64 {
        u64::from_le_bytes(self.bytes())
    }
}

/// The low three bytes of `value`, which the caller has checked to fit.
pub(crate) fn u24_bytes(value: u32) -> [u8; 3] {
    let [a, b, c, _] = value.to_le_bytes();
    [a, b, c]
}

/// What the chunks of a pack or the entries of a table are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum PackKind {
    /// Commits, tags and trees.
    History = 1,
    /// Recipes.
    Layout = 2,
    /// File content.
    Data = 3,
}

impl PackKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [Self; 3] = [Self::History, Self::Layout, Self::Data];

    /// The kind with this number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| *kind as u8 == number)
    }
}

/// How a block's raw bytes became its stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Codec {
    /// Stored as they are.
    Raw = 0,
    /// One zstd frame.
    Zstd = 1,
}

/// Raw length in the low 24 bits, codec in the high eight.
fn pack_length(raw_len: u32, codec: Codec) -> u32 {
    raw_len | (codec as u32) << 24
}

/// The inverse of [`pack_length`].
fn unpack_length(word: u32) -> Result<(u32, Codec), &'static str> {
    let codec = match word >> 24 {
        0 => Codec::Raw,
        1 => Codec::Zstd,
        _ => return Err("unknown codec"),
    };
    match word & MAX_RAW_LEN {
        0 => Err("a block without bytes"),
        raw_len => Ok((raw_len, codec)),
    }
}

/// What a pack says about itself in its first 64 bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// What its chunks are.
    pub kind: PackKind,
    /// Number of the block key the blocks are sealed with; 0 = not sealed.
    pub key_number: u32,
    /// The store's counter, or the number of the remote root, that the pack was built on.
    pub generation: u64,
    /// The pack's name.
    pub id: PackId,
    /// Random bytes from which the pack's own key is derived; zero if it is not sealed.
    pub salt: [u8; 16],
}

impl Header {
    /// The header of a pack that is not sealed.
    pub fn plain(kind: PackKind, generation: u64, id: PackId) -> Self {
        Self { kind, key_number: 0, generation, id, salt: [0; 16] }
    }

    /// The 64 bytes of the header.
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[..8].copy_from_slice(&HEADER_MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10] = self.kind as u8;
        bytes[12..16].copy_from_slice(&self.key_number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.generation.to_le_bytes());
        bytes[24..48].copy_from_slice(&self.id.to_bytes());
        bytes[48..].copy_from_slice(&self.salt);
        bytes
    }

    /// Reads a header.
    ///
    /// # Errors
    /// `BadMagic`, `NewerVersion`, or `Damaged` for a field no writer makes.
    pub fn decode(bytes: &[u8; HEADER_LEN]) -> Result<Self, PackError> {
        let mut fields = Fields::new(bytes);
        if fields.bytes() != HEADER_MAGIC {
            return Err(PackError::BadMagic);
        }
        let damaged = |offset, what| Err(PackError::Damaged { offset, what });
        match fields.u16() {
            VERSION => {}
            0 => return damaged(8, "version 0"),
            found => return Err(PackError::NewerVersion { found }),
        }
        let Some(kind) = PackKind::from_number(fields.u8()) else {
            return damaged(10, "unknown kind of pack");
        };
        if fields.u8() != 0 {
            return damaged(11, "unknown flags");
        }
        let key_number = fields.u32();
        let generation = fields.u64();
        let id = PackId::from_bytes(fields.bytes());
        let salt = fields.bytes();
        if key_number == 0 && salt != [0; 16] {
            return damaged(48, "a salt without a key");
        }
        Ok(Self { kind, key_number, generation, id, salt })
    }
}

/// The eight bytes before each block's stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// Bytes that follow this header, at least 1.
    pub stored_len: u32,
    /// Bytes after opening and decompressing, at least 1.
    pub raw_len: u32,
    /// How they were compressed.
    pub codec: Codec,
}

impl BlockHeader {
    /// The eight bytes of the block header.
    pub fn encode(&self) -> [u8; BLOCK_HEADER_LEN] {
        let mut bytes = [0; BLOCK_HEADER_LEN];
        bytes[..4].copy_from_slice(&self.stored_len.to_le_bytes());
        bytes[4..].copy_from_slice(&pack_length(self.raw_len, self.codec).to_le_bytes());
        bytes
    }

    /// Reads a block header; `offset` is where it stands and only used for the error.
    ///
    /// # Errors
    /// `Damaged` for lengths or codecs no writer makes.
    pub fn decode(bytes: &[u8; BLOCK_HEADER_LEN], offset: u32) -> Result<Self, PackError> {
        let mut fields = Fields::new(bytes);
        let stored_len = fields.u32();
        Self::of_words(stored_len, fields.u32())
            .map_err(|what| PackError::Damaged { offset: offset.into(), what })
    }

    fn of_words(stored_len: u32, length_word: u32) -> Result<Self, &'static str> {
        let (raw_len, codec) = unpack_length(length_word)?;
        if stored_len == 0 || stored_len > MAX_STORED_LEN {
            return Err("stored length of a block out of range");
        }
        if codec == Codec::Raw && stored_len < raw_len {
            return Err("a raw block shorter than its bytes");
        }
        Ok(Self { stored_len, raw_len, codec })
    }

    /// Length of the block in the file, this header included.
    pub fn file_len(&self) -> u32 {
        BLOCK_HEADER_LEN as u32 + self.stored_len
    }
}

/// The first half of BLAKE3 of a block's stored bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredHash([u8; 16]);

impl StoredHash {
    /// The hash of these stored bytes.
    pub fn of(stored: &[u8]) -> Self {
        let hash = blake3::hash(stored);
        Self(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
    }

    /// The hash of a chunk that is stored raw, alone in its block: the head of its id.
    pub fn of_chunk(id: ChunkId) -> Self {
        Self(*id.as_bytes().first_chunk().expect("an id has 32 bytes"))
    }

    /// A hash read from a trailer.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes of the hash.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// One compressed block, before sealing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compressed<'a> {
    /// The bytes to store: the raw bytes themselves for [`Codec::Raw`], else a zstd frame.
    pub stored: &'a [u8],
    /// Number of raw bytes.
    pub raw_len: u32,
    /// How `stored` was made.
    pub codec: Codec,
    /// Hash of `stored`, taken where the bytes were made, so that a later change is found.
    pub hash: StoredHash,
}

impl<'a> Compressed<'a> {
    /// A block of one raw chunk, whose bytes need not be hashed again.
    pub fn raw_chunk(id: ChunkId, bytes: &'a [u8]) -> Self {
        let raw_len = bytes.len() as u32;
        Self { stored: bytes, raw_len, codec: Codec::Raw, hash: StoredHash::of_chunk(id) }
    }
}

/// What the trailer says about one block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockRow {
    /// Offset of the block header in the pack.
    pub offset: u32,
    /// Number of stored bytes behind the block header.
    pub stored_len: u32,
    /// Number of raw bytes.
    pub raw_len: u32,
    /// How the block was compressed.
    pub codec: Codec,
    /// Number of chunks in the block, at least 1.
    pub chunks: u32,
    /// Hash of the stored bytes as they are in the file.
    pub hash: StoredHash,
}

impl BlockRow {
    /// The block header this row belongs to.
    pub fn header(&self) -> BlockHeader {
        BlockHeader { stored_len: self.stored_len, raw_len: self.raw_len, codec: self.codec }
    }
}

/// What the trailer says about one chunk; block and position follow from the order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkRow {
    /// Where the store files the chunk.
    pub address: Address,
    /// Number of raw bytes, at least 1.
    pub raw_len: u32,
}

/// Where one chunk lies in a pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChunkPlace {
    /// Index of the chunk in the pack.
    pub chunk: u32,
    /// Offset of the header of the block that holds it.
    pub block_offset: u32,
    /// Number of stored bytes of that block, without its header.
    pub stored_len: u32,
    /// Offset of the chunk in the block's raw bytes.
    pub position: u32,
    /// Number of raw bytes of the chunk.
    pub raw_len: u32,
}

/// The list of all blocks and chunks of a pack.
///
/// A decoded trailer, and one made by a writer, satisfies: blocks follow each other without a gap
/// from the end of the header; every block has at least one chunk; the chunks' lengths add up to
/// the block's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trailer {
    pub(super) blocks: Vec<BlockRow>,
    pub(super) chunks: Vec<ChunkRow>,
}

impl Trailer {
    /// All blocks in file order.
    pub fn blocks(&self) -> &[BlockRow] {
        &self.blocks
    }

    /// All chunks in file order: the first block's, then the second's, and so on.
    pub fn chunks(&self) -> &[ChunkRow] {
        &self.chunks
    }

    /// Number of bytes of the encoded trailer.
    pub fn encoded_len(&self) -> usize {
        TRAILER_COUNTS_LEN + self.blocks.len() * BLOCK_ROW_LEN + self.chunks.len() * CHUNK_ROW_LEN
    }

    /// The bytes of the trailer.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.encoded_len());
        out.extend_from_slice(&(self.blocks.len() as u32).to_le_bytes());
        out.extend_from_slice(&(self.chunks.len() as u32).to_le_bytes());
        for block in &self.blocks {
            out.extend_from_slice(&block.offset.to_le_bytes());
            out.extend_from_slice(&block.header().encode());
            out.extend_from_slice(&block.chunks.to_le_bytes());
            out.extend_from_slice(block.hash.as_bytes());
        }
        for chunk in &self.chunks {
            out.extend_from_slice(chunk.address.as_bytes());
            out.extend_from_slice(&u24_bytes(chunk.raw_len));
        }
        out
    }

    /// Reads a trailer that stands at `offset` in its pack.
    ///
    /// # Errors
    /// `Damaged` if counts, offsets or lengths contradict each other.
    pub fn decode(bytes: &[u8], offset: u64) -> Result<Self, PackError> {
        Self::parse(bytes, offset).map_err(|what| PackError::Damaged { offset, what })
    }

    fn parse(bytes: &[u8], offset: u64) -> Result<Self, &'static str> {
        let (counts, rows) =
            bytes.split_first_chunk::<TRAILER_COUNTS_LEN>().ok_or("trailer without counts")?;
        let mut counts = Fields::new(counts);
        let (blocks, chunks) = (counts.u32() as usize, counts.u32() as usize);
        let block_bytes = blocks.checked_mul(BLOCK_ROW_LEN).ok_or("too many blocks")?;
        let chunk_bytes = chunks.checked_mul(CHUNK_ROW_LEN).ok_or("too many chunks")?;
        if chunks > MAX_CHUNKS || block_bytes.checked_add(chunk_bytes) != Some(rows.len()) {
            return Err("trailer length does not match its counts");
        }
        let (block_rows, chunk_rows) = rows.split_at(block_bytes);
        let trailer = Self {
            blocks: block_rows
                .chunks_exact(BLOCK_ROW_LEN)
                .map(decode_block_row)
                .collect::<Result<_, _>>()?,
            chunks: chunk_rows.chunks_exact(CHUNK_ROW_LEN).map(decode_chunk_row).collect(),
        };
        trailer.check_sums(offset)?;
        Ok(trailer)
    }

    /// Checks the invariants stated on the type for a trailer that stands at `trailer_offset`.
    fn check_sums(&self, trailer_offset: u64) -> Result<(), &'static str> {
        let mut offset = HEADER_LEN as u64;
        let mut chunks = self.chunks.as_slice();
        for block in &self.blocks {
            if u64::from(block.offset) != offset {
                return Err("blocks do not follow each other");
            }
            offset += u64::from(block.header().file_len());
            let (own, rest) =
                chunks.split_at_checked(block.chunks as usize).ok_or("more chunks than listed")?;
            chunks = rest;
            // At most 2^24 chunks of less than 2^24 bytes: the sum cannot overflow.
            let sum: u64 = own.iter().map(|chunk| u64::from(chunk.raw_len)).sum();
            if sum != u64::from(block.raw_len) || own.iter().any(|chunk| chunk.raw_len == 0) {
                return Err("chunk lengths do not add up to their block");
            }
        }
        if !chunks.is_empty() {
            return Err("chunks outside any block");
        }
        if offset != trailer_offset {
            return Err("blocks do not end at the trailer");
        }
        Ok(())
    }

    /// Each block with its chunks, in file order.
    pub fn blocks_with_chunks(&self) -> impl Iterator<Item = (&BlockRow, &[ChunkRow])> {
        let mut rest = self.chunks.as_slice();
        self.blocks.iter().map(move |block| {
            let (own, after) = rest.split_at(rest.len().min(block.chunks as usize));
            rest = after;
            (block, own)
        })
    }

    /// Each chunk with its place, in file order: the rows a table is made of.
    pub fn rows(&self) -> impl Iterator<Item = (Address, ChunkPlace)> {
        let mut blocks = self.blocks.iter();
        let mut block = None;
        let (mut left, mut position) = (0, 0);
        (0u32..).zip(&self.chunks).map_while(move |(chunk, row)| {
            if left == 0 {
                block = blocks.next();
                left = block?.chunks;
                position = 0;
            }
            let block: &BlockRow = block?;
            let place = ChunkPlace {
                chunk,
                block_offset: block.offset,
                stored_len: block.stored_len,
                position,
                raw_len: row.raw_len,
            };
            left -= 1;
            position += row.raw_len;
            Some((row.address, place))
        })
    }
}

fn decode_block_row(bytes: &[u8]) -> Result<BlockRow, &'static str> {
    let mut fields = Fields::new(bytes);
    let offset = fields.u32();
    let stored_len = fields.u32();
    let BlockHeader { stored_len, raw_len, codec } =
        BlockHeader::of_words(stored_len, fields.u32())?;
    let chunks = fields.u32();
    if chunks == 0 {
        return Err("a block without chunks");
    }
    let hash = StoredHash::from_bytes(fields.bytes());
    Ok(BlockRow { offset, stored_len, raw_len, codec, chunks, hash })
}

fn decode_chunk_row(bytes: &[u8]) -> ChunkRow {
    let mut fields = Fields::new(bytes);
    ChunkRow { address: Address::from_bytes(fields.bytes()), raw_len: fields.u24() }
}

/// The last 64 bytes of a pack: without them it is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tail {
    /// Where the trailer begins, which is where the blocks end.
    pub trailer_offset: u32,
    /// Length of the trailer in bytes.
    pub trailer_len: u32,
    /// BLAKE3 of the header, then the trailer.
    pub hash: [u8; 32],
}

impl Tail {
    /// The hash a tail holds for this header and encoded trailer.
    pub fn hash_of(header: &Header, trailer: &[u8]) -> [u8; 32] {
        *blake3::Hasher::new().update(&header.encode()).update(trailer).finalize().as_bytes()
    }

    /// The 64 bytes of the tail.
    pub fn encode(&self) -> [u8; TAIL_LEN] {
        let mut bytes = [0; TAIL_LEN];
        bytes[..8].copy_from_slice(&u64::from(self.trailer_offset).to_le_bytes());
        bytes[8..12].copy_from_slice(&self.trailer_len.to_le_bytes());
        bytes[16..48].copy_from_slice(&self.hash);
        bytes[56..].copy_from_slice(&TAIL_MAGIC);
        bytes
    }

    /// Reads the tail of a pack that is `pack_len` bytes long.
    ///
    /// # Errors
    /// `Truncated` if this is no tail, `Damaged` if it contradicts the pack's length.
    pub fn decode(bytes: &[u8; TAIL_LEN], pack_len: u64) -> Result<Self, PackError> {
        let mut fields = Fields::new(bytes);
        let offset = fields.u64();
        let trailer_len = fields.u32();
        let zero = fields.u32();
        let hash = fields.bytes();
        let more_zero = fields.u64();
        if fields.bytes() != TAIL_MAGIC {
            return Err(PackError::Truncated);
        }
        let tail_offset = pack_len.saturating_sub(TAIL_LEN as u64);
        let damaged = |what| PackError::Damaged { offset: tail_offset, what };
        if zero != 0 || more_zero != 0 {
            return Err(damaged("unknown fields in the tail"));
        }
        match u32::try_from(offset) {
            Ok(trailer_offset)
                if offset >= HEADER_LEN as u64
                    && offset + u64::from(trailer_len) == tail_offset =>
            {
                Ok(Self { trailer_offset, trailer_len, hash })
            }
            _ => Err(damaged("the trailer does not lie where the tail says")),
        }
    }
}
