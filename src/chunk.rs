//! Content-defined chunk boundaries: a pure function from bytes and parameters to cut points.
//!
//! The algorithm is FastCDC as in "The Design of Fast Content-Defined Chunking for Data Deduplication
//! Based Storage Systems" (Xia et al., 2020), with the tables and masks of the `fastcdc` crate (module
//! `v2020`) and exactly its cuts, in two steps of which the long one can be shared among threads (see
//! `gear`). The crate's version is pinned and the cut points are held by golden vectors below: a
//! release that moved them would make every dataset look new.

mod gear;

pub use self::gear::Candidate;
use self::gear::{Gear, WINDOW};

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
    gear: Gear,
}

impl Chunker {
    /// Bytes before a part of a stream that decide with it which of its positions are candidates.
    pub const CONTEXT_BYTES: usize = WINDOW;

    /// A chunker for valid lengths (see [`ChunkLengths::is_valid`]).
    pub fn new(lengths: ChunkLengths) -> Self {
        debug_assert!(lengths.is_valid());
        Self { lengths, gear: Gear::new(lengths) }
    }

    /// The lengths this chunker works with.
    pub fn lengths(&self) -> ChunkLengths {
        self.lengths
    }

    /// The positions from `from` on that may be cut, as offsets into `data`. At least
    /// [`Chunker::CONTEXT_BYTES`] must lie before `from`, or else the head of a chunk: no chunk is that short.
    pub fn candidates(&self, data: &[u8], from: usize) -> Vec<Candidate> {
        self.gear.candidates(data, from)
    }

    /// Ends of all chunks that can be decided in `data`, as offsets into it, ascending; the first
    /// chunk starts at 0.
    ///
    /// Unless `is_last`, a chunk is decided when as much data as the longest has was seen.
    pub fn ends(&self, data: &[u8], is_last: bool) -> Vec<usize> {
        let from = data.len().min(self.lengths.min as usize);
        self.ends_among(&self.candidates(data, from), data, is_last)
    }

    /// As [`Chunker::ends`], with the candidates of `data`, in order, found before.
    pub fn ends_among(&self, candidates: &[Candidate], data: &[u8], is_last: bool) -> Vec<usize> {
        let longest = self.lengths.max as usize;
        let mut ends = Vec::with_capacity(data.len() / self.lengths.avg as usize + 1);
        let (mut at, mut candidates) = (0, candidates);
        while at < data.len() && (is_last || data.len() - at >= longest) {
            let passed = candidates.partition_point(|c| c.at <= at);
            candidates = &candidates[passed..];
            at += self.first_len(&data[at..data.len().min(at + longest)], at, candidates);
            ends.push(at);
        }
        ends
    }

    /// Length of the chunk that starts at the head of `data` and at `start` of what the candidates are about.
    fn first_len(&self, data: &[u8], start: usize, candidates: &[Candidate]) -> usize {
        let (min, avg) = (self.lengths.min as usize, self.lengths.avg as usize);
        if data.len() <= min {
            return data.len();
        }
        // The algorithm looks at pairs of bytes: a last odd one is no place to cut.
        let end = data.len() & !1;
        let warm = end.min(min + WINDOW);
        if let Some(cut) = self.gear.first_cut(&data[min..warm], avg - min) {
            return min + cut;
        }
        let is_cut = |c: &&Candidate| {
            let len = c.at - start;
            len >= warm && if len < avg { c.strict } else { c.relaxed }
        };
        let in_reach = candidates.iter().take_while(|c| c.at - start < end);
        in_reach.filter(is_cut).map(|c| c.at - start).next().unwrap_or(data.len())
    }
}

#[cfg(test)]
mod tests {
    use fastcdc::v2020::{Normalization, cut, select_masks};
    use proptest::prelude::*;

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

    /// The cuts of the crate that the algorithm comes from.
    fn reference(lengths: ChunkLengths, data: &[u8]) -> Vec<usize> {
        let ChunkLengths { min, avg, max } = lengths;
        let (min, avg, max) = (min as usize, avg as usize, max as usize);
        let (s, l) = select_masks(avg, Normalization::Level1);
        let (mut ends, mut at) = (Vec::new(), 0);
        while at < data.len() {
            at += cut(&data[at..], min, avg, max, s, l, s << 1, l << 1).1;
            ends.push(at);
        }
        ends
    }

    /// Bytes of `alphabet` different values, so that cuts are frequent, rare or impossible.
    fn letters(seed: u64, len: usize, alphabet: u8) -> Vec<u8> {
        let mut bytes = vec![0; len];
        blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes.iter_mut().for_each(|b| *b %= alphabet);
        bytes
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn cuts_are_those_of_the_reference_in_one_piece_and_in_segments(
            seed: u64,
            len in 0usize..200_000,
            alphabet in prop_oneof![Just(255u8), 1u8..5],
            min in 512u32..5_000,
            to_avg in prop_oneof![0u32..50, 50u32..5_000],
            to_max in prop_oneof![0u32..50, 50u32..20_000],
            segment in 64usize..70_000,
        ) {
            let (avg, max) = (2 * (min + to_avg), 2 * (min + to_avg + to_max));
            let lengths = ChunkLengths { min: 2 * min, avg, max };
            prop_assert!(lengths.is_valid());
            let (chunker, data) = (Chunker::new(lengths), letters(seed, len, alphabet));
            let expected = reference(lengths, &data);
            prop_assert_eq!(&chunker.ends(&data, true), &expected);
            // Each segment is scanned by itself, with no more than the bytes of one window before it.
            let scan = |at: usize| {
                let (before, end) = (at.saturating_sub(WINDOW), data.len().min(at + segment));
                let found = chunker.candidates(&data[before..end], at - before);
                found.into_iter().map(move |c| Candidate { at: c.at + before, ..c })
            };
            let candidates: Vec<_> = (0..data.len()).step_by(segment).flat_map(scan).collect();
            prop_assert_eq!(chunker.ends_among(&candidates, &data, true), expected);
        }
    }

    #[test]
    fn zeros_are_cut_at_the_maximum() {
        let ends = Chunker::new(ChunkLengths::DEFAULT).ends(&vec![0; 600 << 10], true);
        assert_eq!(ends, [256 << 10, 512 << 10, 600 << 10]);
    }
}
