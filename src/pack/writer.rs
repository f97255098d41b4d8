//! Writing a pack: one writer appends blocks in order and ends with trailer and tail.
//!
//! The writer never syncs; whoever owns the file does, after [`PackWriter::finish`]. A pack whose
//! writer was dropped before that has no tail and is not a pack.

use std::io::{self, IoSlice, Write};

use crate::id::Address;

use super::cipher::{BlockCipher, BlockContext, NullCipher, PackKeys};
use super::layout::{
    BLOCK_HEADER_LEN, BLOCK_ROW_LEN, BlockHeader, BlockRow, CHUNK_ROW_LEN, ChunkRow, Codec,
    Compressed, HEADER_LEN, Header, MAX_CHUNKS, MAX_PACK_LEN, MAX_RAW_LEN, MAX_STORED_LEN,
    PackError, StoredHash, TAIL_LEN, Tail, Trailer,
};

/// Where an appended block went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockPlace {
    /// Offset of the block header in the pack.
    pub block_offset: u32,
    /// Index in the pack of the block's first chunk.
    pub first_chunk: u32,
}

/// A pack whose every byte was handed to the output.
#[derive(Debug)]
pub struct FinishedPack<W> {
    /// The output, flushed but not synced.
    pub out: W,
    /// Length of the pack in bytes.
    pub len: u64,
    /// All blocks and chunks; [`Trailer::rows`] gives the rows a table needs.
    pub trailer: Trailer,
}

/// Appends blocks to a pack.
///
/// Each block is one vectored write of its header and its stored bytes; the output need not buffer for
/// speed. After a failed write the writer refuses to go on.
pub struct PackWriter<W> {
    out: W,
    header: Header,
    cipher: Box<dyn BlockCipher>,
    trailer: Trailer,
    len: u64,
    poisoned: bool,
    scratch: Vec<u8>,
}

impl<W: Write> PackWriter<W> {
    /// Begins a pack that is not sealed.
    ///
    /// # Errors
    /// `UnknownKey` if the header names a key, `Io` if it cannot be written.
    pub fn new(out: W, header: Header) -> Result<Self, PackError> {
        Self::with_keys(out, header, &NullCipher)
    }

    /// Begins a pack, sealed by the key its header names.
    ///
    /// # Errors
    /// `UnknownKey` if `keys` does not hold it, `Io` if the header cannot be written.
    pub fn with_keys(mut out: W, header: Header, keys: &dyn PackKeys) -> Result<Self, PackError> {
        let cipher = keys.cipher(&header)?;
        out.write_all(&header.encode()).map_err(PackError::Io)?;
        let (trailer, len) = (Trailer::default(), HEADER_LEN as u64);
        Ok(Self { out, header, cipher, trailer, len, poisoned: false, scratch: Vec::new() })
    }

    /// The header the pack began with.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Number of bytes written so far; the trailer and tail come on top.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether no block was appended yet.
    pub fn is_empty(&self) -> bool {
        self.trailer.blocks.is_empty()
    }

    /// Appends one block with its chunks, each an address and a number of raw bytes.
    ///
    /// # Errors
    /// `BadBlock` and `Full` leave the pack as it was; after `Io` only dropping is left.
    pub fn append_block(
        &mut self,
        block: Compressed<'_>,
        chunks: &[(Address, u32)],
    ) -> Result<BlockPlace, PackError> {
        if self.poisoned {
            return Err(PackError::Poisoned);
        }
        check_block(&block, chunks)?;
        let offset = u32::try_from(self.len).map_err(|_| PackError::Full)?;
        let context = BlockContext {
            kind: self.header.kind,
            codec: block.codec,
            raw_len: block.raw_len,
            offset,
        };
        let sealed = self.cipher.seal(context, block.stored, &mut self.scratch)?;
        let stored_len = match u32::try_from(sealed.len()) {
            Ok(len) if len <= MAX_STORED_LEN => len,
            _ => return Err(PackError::BadBlock("more stored bytes than a block may have")),
        };
        check_room(self.len, &self.trailer, sealed.len(), chunks.len())?;
        // The bytes of an unsealed block are those the codec hashed. Hashing them again here would
        // cost a pass over the data and could no longer see a change since then.
        let hash = match self.header.key_number {
            0 => block.hash,
            _ => StoredHash::of(sealed),
        };
        let header = BlockHeader { stored_len, raw_len: block.raw_len, codec: block.codec };
        if let Err(error) = write_both(&mut self.out, &header.encode(), sealed) {
            self.poisoned = true;
            return Err(PackError::Io(error));
        }
        self.len += u64::from(header.file_len());
        let first_chunk = self.trailer.chunks.len() as u32;
        self.note(offset, header, hash, chunks);
        Ok(BlockPlace { block_offset: offset, first_chunk })
    }

    fn note(
        &mut self,
        offset: u32,
        header: BlockHeader,
        hash: StoredHash,
        chunks: &[(Address, u32)],
    ) {
        let BlockHeader { stored_len, raw_len, codec } = header;
        let count = chunks.len() as u32;
        self.trailer.blocks.push(BlockRow {
            offset,
            stored_len,
            raw_len,
            codec,
            chunks: count,
            hash,
        });
        let rows = chunks.iter().map(|&(address, raw_len)| ChunkRow { address, raw_len });
        self.trailer.chunks.extend(rows);
    }

    /// Writes trailer and tail and flushes the output.
    ///
    /// # Errors
    /// `Io` if a write fails, `Poisoned` if an earlier one did.
    pub fn finish(mut self) -> Result<FinishedPack<W>, PackError> {
        if self.poisoned {
            return Err(PackError::Poisoned);
        }
        let trailer = self.trailer.encode();
        let tail = Tail {
            trailer_offset: u32::try_from(self.len).map_err(|_| PackError::Full)?,
            trailer_len: u32::try_from(trailer.len()).map_err(|_| PackError::Full)?,
            hash: Tail::hash_of(&self.header, &trailer),
        };
        self.out.write_all(&trailer).map_err(PackError::Io)?;
        self.out.write_all(&tail.encode()).map_err(PackError::Io)?;
        self.out.flush().map_err(PackError::Io)?;
        let len = self.len + (trailer.len() + TAIL_LEN) as u64;
        Ok(FinishedPack { out: self.out, len, trailer: self.trailer })
    }
}

/// Writes all of `head` and `body`, with one call where the output takes all it is given.
fn write_both(out: &mut impl Write, head: &[u8], body: &[u8]) -> io::Result<()> {
    let written = match out.write_vectored(&[IoSlice::new(head), IoSlice::new(body)]) {
        Err(e) if e.kind() == io::ErrorKind::Interrupted => 0,
        result => result?,
    };
    out.write_all(head.get(written..).unwrap_or_default())?;
    out.write_all(&body[written.saturating_sub(head.len())..])
}

/// Checks what a trailer's decoder would refuse.
fn check_block(block: &Compressed<'_>, chunks: &[(Address, u32)]) -> Result<(), PackError> {
    let sum: u64 = chunks.iter().map(|&(_, len)| u64::from(len)).sum();
    let wrong = if chunks.is_empty() || chunks.iter().any(|&(_, len)| len == 0) {
        "an empty chunk, or none"
    } else if sum != u64::from(block.raw_len) || block.raw_len > MAX_RAW_LEN {
        "the chunks do not add up to the block"
    } else if block.stored.is_empty() {
        "no stored bytes"
    } else if block.codec == Codec::Raw && block.stored.len() as u64 != sum {
        "a raw block with another length than its bytes"
    } else {
        return Ok(());
    };
    Err(PackError::BadBlock(wrong))
}

/// Checks that a block leaves room for the trailer and tail it makes necessary.
fn check_room(len: u64, trailer: &Trailer, stored: usize, chunks: usize) -> Result<(), PackError> {
    let rows = BLOCK_ROW_LEN + chunks * CHUNK_ROW_LEN;
    let more = BLOCK_HEADER_LEN + stored + trailer.encoded_len() + rows + TAIL_LEN;
    if trailer.chunks.len() + chunks > MAX_CHUNKS || len + more as u64 > MAX_PACK_LEN {
        return Err(PackError::Full);
    }
    Ok(())
}
