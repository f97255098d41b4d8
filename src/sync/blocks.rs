//! Blocks of one pack of a remote as they are read: near ones in one request, each compared with its hash.

use std::ops::Range;

use super::SyncError;
use super::root::Area;
use super::state::PackRecord;
use crate::id::PackId;
use crate::pack::layout::{BLOCK_HEADER_LEN, Codec, HEADER_LEN};
use crate::pack::{BlockRow, ChunkRow, Compressed, Decompressor, StoredHash};
use crate::remote::Transport;

/// Blocks nearer to each other than this are read in one request, in bytes.
const MAX_GAP: u64 = 512 << 10;

/// Why a pack is damaged of which not every byte came.
pub(super) const SHORT: &str = "it is shorter than its root says";

/// Blocks of a pack, each with its chunks, in the order in which they lie.
pub(super) type Blocks = Vec<(BlockRow, Vec<ChunkRow>)>;

/// Blocks of one pack as they were read.
pub(super) struct Part {
    key: String,
    /// Offset in the pack, and bytes.
    pieces: Vec<(u64, Vec<u8>)>,
    blocks: Blocks,
}

/// Reads blocks of a pack into memory.
pub(super) fn read_blocks(
    transport: &dyn Transport,
    (id, record): (PackId, &PackRecord),
    blocks: Blocks,
) -> Result<Part, SyncError> {
    let key = Area::Pack.key(id);
    let mut part = Part { key: key.clone(), pieces: Vec::new(), blocks };
    for range in ranges_to_read(record, &part.blocks) {
        let mut piece = Vec::with_capacity((range.end - range.start) as usize);
        transport.read(&key, Some(range.clone()), &mut piece)?;
        if piece.len() as u64 != range.end - range.start {
            return Err(SyncError::damaged(key, SHORT));
        }
        part.pieces.push((range.start, piece));
    }
    Ok(part)
}

/// What of a pack is read for some of its blocks: all of them where most are wanted.
pub(super) fn ranges_to_read(record: &PackRecord, blocks: &Blocks) -> Vec<Range<u64>> {
    let blocks_end = record.bytes - record.end_bytes;
    let bytes: u64 = blocks.iter().map(|(block, _)| u64::from(block.header().file_len())).sum();
    match bytes >= blocks_end / 4 * 3 && bytes > 0 {
        true => std::iter::once(HEADER_LEN as u64..blocks_end).collect(),
        false => ranges_of(blocks),
    }
}

/// The ranges of a pack that hold the blocks; near ones become one.
fn ranges_of(blocks: &Blocks) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for (block, _) in blocks {
        let start = u64::from(block.offset);
        let end = start + u64::from(block.header().file_len());
        match ranges.last_mut() {
            Some(last) if start - last.end <= MAX_GAP => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}

impl Part {
    /// The stored bytes of a block, which must have the hash that the trailer names.
    pub(super) fn stored(&self, block: &BlockRow) -> Result<Compressed<'_>, SyncError> {
        let start = u64::from(block.offset);
        let at = self.pieces.partition_point(|(from, _)| *from <= start);
        let (from, bytes) = &self.pieces[at.saturating_sub(1)];
        let body = (start - from) as usize + BLOCK_HEADER_LEN;
        let stored = bytes.get(body..body + block.stored_len as usize).unwrap_or_default();
        compared(&self.key, block, stored)
    }

    /// Compares every chunk of data with its address: that a pack lists it so proves nothing where the
    /// whole pack may be made up.
    pub(super) fn prove(&self) -> Result<(), SyncError> {
        let mut raw = RawBlock::default();
        for (block, rows) in &self.blocks {
            raw.prove(&self.key, (block, rows), self.stored(block)?)?;
        }
        Ok(())
    }
}

/// The stored bytes of a block of the pack under `key`, which must have the hash that the trailer names.
pub(super) fn compared<'s>(
    key: &str,
    block: &BlockRow,
    stored: &'s [u8],
) -> Result<Compressed<'s>, SyncError> {
    let hash = StoredHash::of(stored);
    if hash != block.hash {
        let why = format!("the block at {} has another hash", block.offset);
        return Err(SyncError::damaged(key, why));
    }
    let (raw_len, codec) = (block.raw_len, block.codec);
    Ok(Compressed { stored, raw_len, codec, hash })
}

/// A block decompressed; its memory is used again.
#[derive(Default)]
pub(super) struct RawBlock {
    decompressor: Decompressor,
    bytes: Vec<u8>,
}

impl RawBlock {
    /// Takes the place of what was there by the bytes of a block.
    pub(super) fn read(&mut self, part: &Part, block: &BlockRow) -> Result<&[u8], SyncError> {
        self.decode(&part.key, part.stored(block)?)?;
        Ok(&self.bytes)
    }

    fn decode(&mut self, key: &str, block: Compressed<'_>) -> Result<(), SyncError> {
        let Compressed { stored, raw_len, codec, .. } = block;
        match codec {
            Codec::Raw => {
                self.bytes.clear();
                self.bytes.extend_from_slice(stored);
            }
            Codec::Zstd => self
                .decompressor
                .decompress(stored, raw_len, &mut self.bytes)
                .map_err(|why| SyncError::damaged(key, why))?,
        }
        Ok(())
    }

    /// Compares every chunk of a block of the pack under `key` with its address.
    pub(super) fn prove(
        &mut self,
        key: &str,
        (block, rows): (&BlockRow, &[ChunkRow]),
        stored: Compressed<'_>,
    ) -> Result<(), SyncError> {
        self.decode(key, stored)?;
        let is_right = |(row, bytes): (&ChunkRow, &[u8])| {
            blake3::hash(bytes).as_bytes() == row.address.as_bytes()
        };
        match self.chunks(rows).all(is_right) {
            true => Ok(()),
            false => {
                let why = format!("a chunk in the block at {} has another hash", block.offset);
                Err(SyncError::damaged(key, why))
            }
        }
    }

    /// The chunks of the block that was read last; of one that is too short the last are empty.
    pub(super) fn chunks<'b>(
        &'b self,
        rows: &'b [ChunkRow],
    ) -> impl Iterator<Item = (&'b ChunkRow, &'b [u8])> {
        let mut start = 0;
        rows.iter().map(move |row| {
            let end = start + row.raw_len as usize;
            let bytes = self.bytes.get(start..end).unwrap_or_default();
            start = end;
            (row, bytes)
        })
    }
}
