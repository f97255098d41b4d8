//! Where FastCDC may cut, found without knowing where chunks begin.
//!
//! The gear hash at a position depends on the 64 bytes up to it and no others: each step shifts older ones out of
//! the word. So any thread can list the positions of its part of a stream whose hash allows a cut, and
//! several stretches are scanned side by side, because one is bound by the latency of its chain of
//! steps. Which candidates become cuts is a walk over the short list, and scans anew only the first bytes that a
//! chunk may be cut at: there the algorithm begins with an empty hash.

use fastcdc::v2020::{Normalization, get_gear_with_seed, select_masks};

use super::ChunkLengths;

/// Bytes that the hash at a position depends on, its own included.
pub(super) const WINDOW: usize = 64;

/// A position of a stream whose hash allows a cut before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The position; a cut falls before its byte.
    pub at: usize,
    /// Whether a chunk shorter than the average may be cut here, and one that is longer.
    pub(super) strict: bool,
    pub(super) relaxed: bool,
}

/// The hash and the two masks of one average length.
#[derive(Clone, Debug)]
pub(super) struct Gear {
    strict: u64,
    relaxed: u64,
    table: Box<[u64; 256]>,
}

impl Gear {
    pub(super) fn new(lengths: ChunkLengths) -> Self {
        let (strict, relaxed) = select_masks(lengths.avg as usize, Normalization::Level1);
        let (table, _) = get_gear_with_seed(0);
        let table = table.first_chunk().expect("the table has a value for each byte");
        Self { strict, relaxed, table: Box::new(*table) }
    }

    /// All candidates from `from` on. Bytes before it are those of its first windows; positions less than a
    /// window after the start of `data` may be wrong.
    pub(super) fn candidates(&self, data: &[u8], from: usize) -> Vec<Candidate> {
        let scanned = data.get(from..).unwrap_or_default();
        let lane = scanned.len() / 3;
        let (a, rest) = scanned.split_at(lane);
        let (b, rest) = rest.split_at(lane);
        let (c, rest) = rest.split_at(lane);
        let starts = [from, from + lane, from + 2 * lane];
        let [mut ha, mut hb, mut hc] =
            starts.map(|at| data[at.saturating_sub(WINDOW)..at].iter().fold(0, self.step()));
        let [mut found, mut in_b, mut in_c] = [const { Vec::new() }; 3];
        let (step, both) = (self.step(), self.strict & self.relaxed);
        for i in 0..lane {
            ha = step(ha, &a[i]);
            hb = step(hb, &b[i]);
            hc = step(hc, &c[i]);
            // One test stands for both masks: what passes is rare, and looked at again.
            if ha & both == 0 {
                self.note(&mut found, starts[0] + i, ha);
            }
            if hb & both == 0 {
                self.note(&mut in_b, starts[1] + i, hb);
            }
            if hc & both == 0 {
                self.note(&mut in_c, starts[2] + i, hc);
            }
        }
        for (byte, at) in rest.iter().zip(from + 3 * lane..) {
            hc = step(hc, byte);
            self.note(&mut in_c, at, hc);
        }
        found.append(&mut in_b);
        found.append(&mut in_c);
        found
    }

    /// The first cut in `data`, hashed from its start on: an index below `turn` must pass the strict mask, others
    /// the relaxed one.
    pub(super) fn first_cut(&self, data: &[u8], turn: usize) -> Option<usize> {
        let (mut hash, step) = (0, self.step());
        data.iter().enumerate().position(|(at, byte)| {
            hash = step(hash, byte);
            hash & if at < turn { self.strict } else { self.relaxed } == 0
        })
    }

    #[cold]
    #[inline(never)]
    fn note(&self, found: &mut Vec<Candidate>, at: usize, hash: u64) {
        let (strict, relaxed) = (hash & self.strict == 0, hash & self.relaxed == 0);
        if strict || relaxed {
            found.push(Candidate { at, strict, relaxed });
        }
    }

    #[inline(always)]
    fn step(&self) -> impl Fn(u64, &u8) -> u64 {
        |hash, byte| (hash << 1).wrapping_add(self.table[usize::from(*byte)])
    }
}
