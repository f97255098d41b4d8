//! Content-defined chunk boundaries: a pure function from bytes and parameters to cut points.
//!
//! The algorithm is FastCDC as in "The Design of Fast Content-Defined Chunking for Data Deduplication
//! Based Storage Systems" (Xia et al., 2020), in the implementation of the `fastcdc` crate (module
//! `v2020`). The crate's version is pinned and the cut points are held by golden vectors below: a
//! release that moved them would make every dataset look new.

use fastcdc::v2020::{Normalization, cut, select_masks};

/// Chunk lengths in bytes; part of a repository's format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChunkLengths {
    /// No chunk but a file's last is shorter.
    pub min: u32,
    /// The length the normalisation aims at.
    pub avg: u32,
    /// No chunk is longer.
    pub max: u32,
}

/// No format has longer chunks, in bytes.
pub const MAX_CHUNK_BYTES: u32 = 8 << 20;

impl ChunkLengths {
    /// The lengths a new repository gets: 16, 64 and 256 KiB.
    pub const DEFAULT: Self = Self { min: 16 << 10, avg: 64 << 10, max: 256 << 10 };

    /// Whether the lengths lie in the fixed bounds that every reader can rely on.
    pub fn is_valid(&self) -> bool {
        let even = [self.min, self.avg, self.max].iter().all(|n| n % 2 == 0);
        even && self.min >= 1 << 10
            && self.min <= self.avg
            && self.avg <= self.max
            && self.avg <= 4 << 20
            && self.max <= MAX_CHUNK_BYTES
    }
}

/// Finds the cut points of one byte stream.
#[derive(Clone, Debug)]
pub struct Chunker {
    lengths: ChunkLengths,
    mask_s: u64,
    mask_l: u64,
}

impl Chunker {
    /// A chunker for valid lengths (see [`ChunkLengths::is_valid`]).
    pub fn new(lengths: ChunkLengths) -> Self {
        debug_assert!(lengths.is_valid());
        let (mask_s, mask_l) = select_masks(lengths.avg as usize, Normalization::Level1);
        Self { lengths, mask_s, mask_l }
    }

    /// The lengths this chunker works with.
    pub fn lengths(&self) -> ChunkLengths {
        self.lengths
    }

    /// Length of the chunk that starts at the head of `data`, or `None` when more data must be seen
    /// first (fewer than `max` bytes and `is_last` is false) or `data` is empty.
    pub fn next_len(&self, data: &[u8], is_last: bool) -> Option<usize> {
        if data.is_empty() || (!is_last && data.len() < self.lengths.max as usize) {
            return None;
        }
        let ChunkLengths { min, avg, max } = self.lengths;
        let (s, l) = (self.mask_s, self.mask_l);
        let (_, len) = cut(data, min as usize, avg as usize, max as usize, s, l, s << 1, l << 1);
        Some(len)
    }

    /// Ends of all chunks that can be decided in `data`, as offsets into it, ascending.
    pub fn ends(&self, data: &[u8], is_last: bool) -> Vec<usize> {
        let mut ends = Vec::with_capacity(data.len() / self.lengths.avg as usize + 1);
        let mut at = 0;
        while let Some(len) = self.next_len(&data[at..], is_last) {
            at += len;
            ends.push(at);
        }
        ends
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of BLAKE3's extendable output, so that the vectors need no file.
    fn noise(len: usize) -> Vec<u8> {
        let mut out = vec![0; len];
        blake3::Hasher::new().update(b"esker chunk vectors").finalize_xof().fill(&mut out);
        out
    }

    #[test]
    fn golden_cut_points() {
        let data = noise(1 << 20);
        let ends = Chunker::new(ChunkLengths::DEFAULT).ends(&data, true);
        assert_eq!(ends, GOLDEN, "the chunker's cut points moved");
    }

    const GOLDEN: &[usize] = &[
        51629, 128804, 208646, 242610, 299205, 384932, 452451, 642382, 728275, 887590, 916667,
        946147, 990759, 1048576,
    ];

    #[test]
    fn a_stream_cut_in_pieces_has_the_same_ends() {
        let data = noise(3 << 20);
        let chunker = Chunker::new(ChunkLengths::DEFAULT);
        let whole = chunker.ends(&data, true);
        let (mut pieces, mut start, mut seen) = (Vec::new(), 0, 0);
        while start < data.len() {
            seen = (seen + 700_001).min(data.len());
            for end in chunker.ends(&data[start..seen], seen == data.len()) {
                pieces.push(start + end);
            }
            start = pieces.last().copied().unwrap_or(0);
        }
        assert_eq!(pieces, whole);
    }

    #[test]
    fn zeros_are_cut_at_the_maximum() {
        let ends = Chunker::new(ChunkLengths::DEFAULT).ends(&vec![0; 600 << 10], true);
        assert_eq!(ends, [256 << 10, 512 << 10, 600 << 10]);
    }
}
