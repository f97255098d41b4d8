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
        let mut hashes =
            starts.map(|at| data[at.saturating_sub(WINDOW)..at].iter().fold(0, self.step()));
        let mut found = [const { Vec::new() }; 3];
        let mut at = 0;
        while let Some(passed) = self.next_hit([&a[at..], &b[at..], &c[at..]], &mut hashes) {
            at += passed;
            for ((found, start), hash) in found.iter_mut().zip(starts).zip(hashes) {
                self.note(found, start + at, hash);
            }
            at += 1;
        }
        let [mut found, mut in_b, mut in_c] = found;
        let (mut hc, step) = (hashes[2], self.step());
        for (byte, at) in rest.iter().zip(from + 3 * lane..) {
            hc = step(hc, byte);
            self.note(&mut in_c, at, hc);
        }
        found.append(&mut in_b);
        found.append(&mut in_c);
        found
    }

    /// Goes on with three hashes until one passes both masks' common bits, which is rare; returns how many bytes lie
    /// before those it stopped at. Kept apart, so that all it needs fits in registers.
    #[inline(never)]
    fn next_hit(&self, lanes: [&[u8]; 3], hashes: &mut [u64; 3]) -> Option<usize> {
        let (both, step) = (self.strict & self.relaxed, self.step());
        let [mut ha, mut hb, mut hc] = *hashes;
        let [a, b, c] = lanes;
        let bytes = a.iter().zip(b).zip(c);
        let mut hit = None;
        for (i, ((a, b), c)) in bytes.enumerate() {
            ha = step(ha, a);
            hb = step(hb, b);
            hc = step(hc, c);
            if ha & both == 0 || hb & both == 0 || hc & both == 0 {
                hit = Some(i);
                break;
            }
        }
        *hashes = [ha, hb, hc];
        hit
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

    fn note(&self, found: &mut Vec<Candidate>, at: usize, hash: u64) {
        let (strict, relaxed) = (hash & self.strict == 0, hash & self.relaxed == 0);
        if strict || relaxed {
            found.push(Candidate { at, strict, relaxed });
        }
    }

    #[inline(always)]
    fn step(&self) -> impl Fn(u64, &u8) -> u64 {
        let table = &*self.table;
        move |hash, byte| (hash << 1).wrapping_add(table[usize::from(*byte)])
    }
}
