//! The chunks that end in one segment of a large file: hashed, claimed and compressed by any worker,
//! without order.

use std::ops::Range;

use crossbeam_channel::Sender;

use super::IngestError;
use super::buffer::Buffer;
use super::segment::Answer;
use crate::catalog::{Claim, Claims};
use crate::id::{Address, ChunkId};
use crate::pack::codec::BlockCodec;
use crate::pack::layout::{Codec, Compressed, StoredHash};

/// The memory of one segment, handed on from one to the next.
#[derive(Default)]
pub(super) struct Buffers {
    pub(super) data: Buffer,
    /// The blocks that were compressed, one after the other.
    pub(super) packed: Vec<u8>,
}

/// A segment of a file with the chunks that end in it.
pub(super) struct Batch {
    /// Position in the file's order.
    pub(super) index: u64,
    /// `data` holds the head of a chunk begun in the segment before, then the segment.
    pub(super) buffers: Buffers,
    /// Ends of the chunks in `data`; the first starts at 0.
    pub(super) ends: Vec<usize>,
    /// Where the result goes.
    pub(super) reply: Sender<Answer>,
}

/// One chunk of a file, as its recipe will need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FileChunk {
    /// Address of the chunk; `None` for a hole.
    pub(super) address: Option<Address>,
    /// Length in bytes.
    pub(super) len: u32,
}

/// What a batch became.
pub(super) struct BatchDone {
    pub(super) index: u64,
    pub(super) chunks: Vec<FileChunk>,
    pub(super) blocks: Vec<ReadyBlock>,
    /// What the blocks' bytes lie in, and then used again.
    pub(super) buffers: Buffers,
}

/// A block that waits for its turn in the pack.
pub(super) struct ReadyBlock {
    /// Where the bytes to store lie: raw ones in the batch's data, others among its packed ones.
    at: Range<usize>,
    codec: Codec,
    raw_len: u32,
    hash: StoredHash,
    pub(super) chunks: Vec<(Address, u32)>,
}

impl ReadyBlock {
    /// The block, whose bytes lie in the buffers of its batch.
    pub(super) fn compressed<'b>(&self, buffers: &'b Buffers) -> Compressed<'b> {
        let bytes = match self.codec {
            Codec::Raw => &buffers.data[..],
            Codec::Zstd => &buffers.packed,
        };
        let (codec, raw_len, hash) = (self.codec, self.raw_len, self.hash);
        Compressed { stored: &bytes[self.at.clone()], raw_len, codec, hash }
    }

    /// A chunk that is stored as it is, in a block of its own: its id is the hash of its bytes,
    /// and a reader of a part of the file gets no more than it needs.
    fn raw(chunk: &NewChunk, data: &[u8]) -> Self {
        let Compressed { raw_len, codec, hash, .. } =
            Compressed::raw_chunk(chunk.id, chunk.of(data));
        let chunks = vec![(chunk.id.into(), raw_len)];
        Self { at: chunk.start..chunk.end, codec, raw_len, hash, chunks }
    }
}

/// Processes one batch; the only work of an ingest that runs out of order.
pub(super) fn run(
    batch: Batch,
    claims: &Claims<'_>,
    codec: &mut BlockCodec,
    block_bytes: u32,
) -> Result<BatchDone, IngestError> {
    let Batch { index, buffers, ends, .. } = batch;
    let (chunks, blocks) = (Vec::with_capacity(ends.len()), Vec::new());
    let mut done = BatchDone { index, chunks, blocks, buffers };
    let new = claim_chunks(&mut done, &ends, claims)?;
    done.blocks = pack(&mut done.buffers, &new, codec, block_bytes)?;
    Ok(done)
}

/// A chunk that must be written: its id and its place in the batch's data.
struct NewChunk {
    id: ChunkId,
    start: usize,
    end: usize,
}

impl NewChunk {
    fn len(&self) -> usize {
        self.end - self.start
    }

    fn of<'d>(&self, data: &'d [u8]) -> &'d [u8] {
        &data[self.start..self.end]
    }
}

fn claim_chunks(
    done: &mut BatchDone,
    ends: &[usize],
    claims: &Claims<'_>,
) -> Result<Vec<NewChunk>, IngestError> {
    let mut new = Vec::new();
    let mut start = 0;
    for &end in ends {
        let bytes = &done.buffers.data[start..end];
        let len = (end - start) as u32;
        // A lone chunk is found by the blob's id, so that even a hole must be stored.
        let is_hole = ends.len() > 1 && is_zero(bytes);
        let id = (!is_hole).then(|| ChunkId::of(bytes));
        if let Some(id) = id
            && claims.claim(&id.into())? == Claim::New
        {
            new.push(NewChunk { id, start, end });
        }
        done.chunks.push(FileChunk { address: id.map(Address::from), len });
        start = end;
    }
    Ok(new)
}

/// Whether all bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && bytes.iter().all(|&b| b == 0)
}

/// Makes blocks of nearly equal size of the new chunks, compressed where that is worth it.
fn pack(
    buffers: &mut Buffers,
    new: &[NewChunk],
    codec: &mut BlockCodec,
    block_bytes: u32,
) -> Result<Vec<ReadyBlock>, IngestError> {
    let total: usize = new.iter().map(NewChunk::len).sum();
    let count = total.div_ceil(block_bytes as usize).max(1);
    let target = total.div_ceil(count);
    let Buffers { data, packed } = buffers;
    let data = &data[..];
    packed.clear();
    codec.start_anew();
    let mut blocks = Vec::with_capacity(count + 1);
    let mut rest = new;
    while !rest.is_empty() {
        let (chunks, after) = rest.split_at(fill(rest, target));
        rest = after;
        let shrunk = match codec.is_worth_trying(chunks.iter().map(|c| c.of(data))) {
            true => codec.shrink(&gather(data, chunks))?,
            false => None,
        };
        let Some(Compressed { stored, raw_len, codec: made_by, hash }) = shrunk else {
            blocks.extend(chunks.iter().map(|chunk| ReadyBlock::raw(chunk, data)));
            continue;
        };
        let at = packed.len()..packed.len() + stored.len();
        packed.extend_from_slice(stored);
        let chunks = chunks.iter().map(|c| (c.id.into(), c.len() as u32)).collect();
        blocks.push(ReadyBlock { at, codec: made_by, raw_len, hash, chunks });
    }
    Ok(blocks)
}

/// How many chunks, at least one, make up about `target` bytes.
fn fill(chunks: &[NewChunk], target: usize) -> usize {
    let mut bytes = 0;
    let fits = |c: &&NewChunk| {
        let fits = bytes + c.len() / 2 <= target;
        bytes += c.len();
        fits
    };
    chunks.iter().take_while(fits).count().max(1)
}

/// The chunks' bytes in a row: borrowed where they lie so already.
fn gather<'d>(data: &'d [u8], chunks: &[NewChunk]) -> std::borrow::Cow<'d, [u8]> {
    let (Some(first), Some(last)) = (chunks.first(), chunks.last()) else { return [][..].into() };
    let is_contiguous = chunks.windows(2).all(|pair| pair[0].end == pair[1].start);
    if is_contiguous {
        return data[first.start..last.end].into();
    }
    let parts: Vec<&[u8]> = chunks.iter().map(|c| c.of(data)).collect();
    parts.concat().into()
}
