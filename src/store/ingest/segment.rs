//! Segments of a large file, and what any worker finds out about one before it is known where chunks begin:
//! where it may be cut, and the values of its groups.

use crossbeam_channel::Sender;

use super::IngestError;
use super::batch::{Batch, BatchDone, Buffers};
use crate::chunk::{Candidate, Chunker};
use crate::id::BlobId;
use crate::recipe::{self, Value};

/// Bytes of a segment (a multiple of every allowed group size up to 2 MiB).
pub(super) const SEGMENT_BYTES: usize = 2 << 20;

/// Work on a large file that any worker may do.
pub(super) enum Piece {
    Scan(Segment),
    Store(Batch),
}

/// What became of a piece.
pub(super) enum Answer {
    Scanned(Scanned),
    Stored(Result<BatchDone, IngestError>),
}

/// Bytes of a file as they were read.
pub(super) struct Segment {
    /// Position in the file's order.
    pub(super) index: u64,
    /// `data` holds some bytes of the segment before, then the segment.
    pub(super) buffers: Buffers,
    /// Where in `data` the segment starts.
    pub(super) start: usize,
    /// Offset of the segment in the file.
    pub(super) offset: u64,
    pub(super) is_last: bool,
    /// Where the result goes.
    pub(super) reply: Sender<Answer>,
}

/// What a scan found out.
pub(super) struct Scanned {
    pub(super) segment: Segment,
    /// Where the segment may be cut, as offsets into its data; none when files are only hashed.
    pub(super) candidates: Vec<Candidate>,
    /// Chaining values of the segment's groups.
    pub(super) values: Vec<Value>,
    /// Set when the segment is the whole file.
    pub(super) whole: Option<BlobId>,
}

impl Segment {
    /// Scans the segment; without a chunker it is only hashed.
    pub(super) fn scan(self, chunker: Option<&Chunker>, group_bytes: u32) -> Scanned {
        let data = &self.buffers.data[..];
        let candidates = chunker.map(|c| c.candidates(data, self.start)).unwrap_or_default();
        let own = &data[self.start..];
        let groups = own.chunks(group_bytes as usize).zip(0u64..);
        let offset = |i: u64| self.offset + i * u64::from(group_bytes);
        let values = groups.map(|(group, i)| recipe::group_value(offset(i), group)).collect();
        let whole = (self.is_last && self.offset == 0).then(|| BlobId::of(own));
        Scanned { candidates, values, whole, segment: self }
    }
}
