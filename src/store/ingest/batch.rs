//! One piece of a large file: hashed, claimed and compressed by any worker, without order.

use crossbeam_channel::Sender;

use super::IngestError;
use crate::catalog::{Claim, Claims};
use crate::format::FormatParameters;
use crate::id::{Address, BlobId, ChunkId};
use crate::pack::codec::BlockCodec;
use crate::recipe::{self, Value};
use crate::store::lane::OwnedBlock;

/// Bytes of a large file that one batch covers (a multiple of every allowed group size up to 2 MiB).
pub(super) const SEGMENT_BYTES: usize = 2 << 20;

/// A segment of a file with the chunks that end in it.
pub(super) struct Batch {
    /// Position in the file's order.
    pub(super) index: u64,
    /// The head of a chunk begun in the segment before, then the segment.
    pub(super) data: Vec<u8>,
    /// Where in `data` the segment starts.
    pub(super) segment_at: usize,
    /// Offset of the segment in the file.
    pub(super) offset: u64,
    /// Ends of the chunks in `data`; the first starts at 0.
    pub(super) ends: Vec<usize>,
    /// Whether this is the file's first and last batch.
    pub(super) is_whole_file: bool,
    /// Where the result goes.
    pub(super) reply: Sender<Result<BatchDone, IngestError>>,
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
    /// Chaining values of the segment's groups.
    pub(super) values: Vec<Value>,
    /// Set when the batch is the whole file.
    pub(super) whole: Option<BlobId>,
    pub(super) blocks: Vec<ReadyBlock>,
    /// The buffer, to be used again.
    pub(super) data: Vec<u8>,
}

/// A compressed block that waits for its turn in the pack.
pub(super) struct ReadyBlock {
    pub(super) block: OwnedBlock,
    pub(super) chunks: Vec<(Address, u32)>,
}

/// Processes one batch; the only work of an ingest that runs out of order.
pub(super) fn run(
    batch: Batch,
    claims: Option<&Claims<'_>>,
    codec: &mut BlockCodec,
    params: &FormatParameters,
    block_bytes: u32,
) -> Result<BatchDone, IngestError> {
    let values = group_values(&batch, params);
    let whole = batch.is_whole_file.then(|| BlobId::of(&batch.data));
    let Batch { index, data, ends, .. } = batch;
    let mut done = BatchDone { index, chunks: Vec::new(), values, whole, blocks: Vec::new(), data };
    if let Some(claims) = claims {
        let new = claim_chunks(&mut done, &ends, claims)?;
        done.blocks = compress(&done.data, &new, codec, block_bytes)?;
    }
    Ok(done)
}

fn group_values(batch: &Batch, params: &FormatParameters) -> Vec<Value> {
    let group = params.group_bytes as usize;
    let segment = &batch.data[batch.segment_at..];
    let value =
        |(i, data): (usize, &[u8])| recipe::group_value(batch.offset + (i * group) as u64, data);
    segment.chunks(group).enumerate().map(value).collect()
}

/// A chunk that must be written: its address and its place in the batch's data.
struct NewChunk {
    address: Address,
    start: usize,
    end: usize,
}

fn claim_chunks(
    done: &mut BatchDone,
    ends: &[usize],
    claims: &Claims<'_>,
) -> Result<Vec<NewChunk>, IngestError> {
    let mut new = Vec::new();
    let mut start = 0;
    for &end in ends {
        let bytes = &done.data[start..end];
        let len = (end - start) as u32;
        // A lone chunk is found by the blob's id, so that even a hole must be stored.
        let is_hole = ends.len() > 1 && is_zero(bytes);
        let address = (!is_hole).then(|| Address::from(ChunkId::of(bytes)));
        if let Some(address) = address
            && claims.claim(&address)? == Claim::New
        {
            new.push(NewChunk { address, start, end });
        }
        done.chunks.push(FileChunk { address, len });
        start = end;
    }
    Ok(new)
}

/// Whether all bytes are zero.
pub(super) fn is_zero(bytes: &[u8]) -> bool {
    bytes.first() == Some(&0) && bytes.iter().all(|&b| b == 0)
}

/// Packs the new chunks into blocks of nearly equal size and compresses them.
fn compress(
    data: &[u8],
    new: &[NewChunk],
    codec: &mut BlockCodec,
    block_bytes: u32,
) -> Result<Vec<ReadyBlock>, IngestError> {
    let total: usize = new.iter().map(|c| c.end - c.start).sum();
    let count = total.div_ceil(block_bytes as usize).max(1);
    let target = total.div_ceil(count);
    let mut blocks = Vec::with_capacity(count + 1);
    let mut rest = new;
    while !rest.is_empty() {
        let (block, after) = rest.split_at(fill(rest, target));
        let raw = gather(data, block);
        let chunks = block.iter().map(|c| (c.address, (c.end - c.start) as u32)).collect();
        let block = OwnedBlock::compress(raw, codec)?;
        blocks.push(ReadyBlock { block, chunks });
        rest = after;
    }
    Ok(blocks)
}

/// How many chunks, at least one, make up about `target` bytes.
fn fill(chunks: &[NewChunk], target: usize) -> usize {
    let mut bytes = 0;
    let fits = |c: &&NewChunk| {
        let half = (c.end - c.start) / 2;
        let fits = bytes + half <= target;
        bytes += c.end - c.start;
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
    let parts: Vec<&[u8]> = chunks.iter().map(|c| &data[c.start..c.end]).collect();
    parts.concat().into()
}
