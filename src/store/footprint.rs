//! What contents of files take in packs, each chunk once: from recipes and the lists of packs, without
//! reading any data.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use super::{Store, StoreError};
use crate::catalog::Location;
use crate::chunk::MAX_CHUNK_BYTES;
use crate::id::{Address, BlobId, PackId};
use crate::pack::layout::PackKind;
use crate::recipe::{Body, Page, Recipe, Run, page_address};

/// Chunks of some pack that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Piece {
    first: u32,
    end: u32,
    /// Bytes of these chunks before compression, as far as the piece reaches into the first and the last.
    raw_bytes: u64,
}

/// Which chunks contents are made of. Memory grows with the number of runs, not of chunks.
#[derive(Clone, Debug, Default)]
pub struct Footprint {
    data: HashMap<PackId, Vec<Piece>>,
    /// Recipes and their pages.
    layout: HashMap<PackId, Vec<Piece>>,
}

impl Footprint {
    /// Nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the chunks of a blob and of its recipe; says whether the blob is in the store. Of one that is
    /// not, nothing is added.
    pub fn add(&mut self, store: &Store, id: BlobId, size: u64) -> Result<bool, StoreError> {
        if size == 0 {
            return Ok(true);
        }
        if size <= u64::from(MAX_CHUNK_BYTES)
            && let Some(at) = store.locate(PackKind::Data, &id.into())?
        {
            note(&mut self.data, &at);
            return Ok(true);
        }
        let Some(bytes) = self.object(store, id.into())? else { return Ok(false) };
        let recipe = Recipe::decode(&bytes)?;
        let pages = match &recipe.body {
            Body::Inline(page) => {
                self.page(page);
                0
            }
            Body::Paged(values) => values.len() as u64,
        };
        for number in 0..pages {
            let address = page_address(id, number);
            let bytes = self.object(store, address)?.ok_or(StoreError::Missing(address))?;
            self.page(&Page::decode(&bytes, &recipe, number)?);
        }
        Ok(true)
    }

    fn object(&mut self, store: &Store, address: Address) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(at) = store.locate(PackKind::Layout, &address)? {
            note(&mut self.layout, &at);
        }
        store.read_object(PackKind::Layout, &address)
    }

    fn page(&mut self, page: &Page) {
        for run in &page.runs {
            let Run::Stored(run) = run else { continue };
            let end = run.first_chunk.saturating_add(run.count);
            let piece = Piece { first: run.first_chunk, end, raw_bytes: run.unit_bytes };
            self.data.entry(page.packs[run.pack as usize]).or_default().push(piece);
        }
    }
}

fn note(pieces: &mut HashMap<PackId, Vec<Piece>>, at: &Location) {
    let chunk = at.place.chunk;
    let piece = Piece { first: chunk, end: chunk + 1, raw_bytes: at.place.raw_len.into() };
    pieces.entry(at.pack).or_default().push(piece);
}

/// What each chunk of a pack takes.
struct Sizes {
    /// Bytes before compression, by chunk.
    raw: Vec<u32>,
    /// Its share of the stored bytes of its block, by chunk.
    stored: Vec<u32>,
}

/// Sums over footprints; keeps the lists of the packs that it read, 8 bytes a chunk.
pub struct Measure<'s> {
    store: &'s Store,
    sizes: HashMap<PackId, Arc<Sizes>>,
}

impl<'s> Measure<'s> {
    /// Sums over footprints of blobs in `store`.
    pub fn new(store: &'s Store) -> Self {
        Self { store, sizes: HashMap::new() }
    }

    /// Bytes that the chunks take in packs: of a block of several chunks the share of each. Reads the
    /// list of every pack that they lie in.
    pub fn stored_bytes(&mut self, of: &Footprint) -> Result<u64, StoreError> {
        let mut sum = 0;
        for (pack, pieces) in of.data.iter().chain(&of.layout) {
            let sizes = self.sizes(*pack)?;
            sum +=
                covered(pieces).into_iter().map(|range| total(&sizes.stored, range)).sum::<u64>();
        }
        Ok(sum)
    }

    /// Bytes before compression of the chunks of `new` that `old` does not have. The list of a pack is read
    /// only where runs of it overlap in part.
    pub fn new_bytes(&mut self, new: &Footprint, old: &Footprint) -> Result<u64, StoreError> {
        let mut sum = 0;
        for (pack, pieces) in &new.data {
            let had = covered(old.data.get(pack).map_or(&[], Vec::as_slice));
            sum += match told_by_pieces(pieces, &had) {
                Some(bytes) => bytes,
                None => {
                    let sizes = self.sizes(*pack)?;
                    let of = |range| total(&sizes.raw, range);
                    without(covered(pieces), &had).into_iter().map(of).sum()
                }
            };
        }
        Ok(sum)
    }

    fn sizes(&mut self, pack: PackId) -> Result<Arc<Sizes>, StoreError> {
        if let Some(sizes) = self.sizes.get(&pack) {
            return Ok(sizes.clone());
        }
        let sizes = Arc::new(self.store.retry(|| read_sizes(self.store, pack))?);
        self.sizes.insert(pack, sizes.clone());
        Ok(sizes)
    }
}

fn read_sizes(store: &Store, pack: PackId) -> Result<Sizes, StoreError> {
    let trailer = store.open_pack(pack)?.read_trailer();
    let trailer = trailer.map_err(|e| StoreError::pack(&store.paths.pack(pack), e))?;
    let raw: Vec<u32> = trailer.chunks().iter().map(|chunk| chunk.raw_len).collect();
    let mut stored = Vec::with_capacity(raw.len());
    for block in trailer.blocks() {
        let (len, raw_len) = (u64::from(block.header().file_len()), u64::from(block.raw_len));
        let (mut before, mut shared) = (0, 0);
        for chunk in &raw[stored.len()..stored.len() + block.chunks as usize] {
            before += u64::from(*chunk);
            // Shares of what lies up to here: those of all chunks are the block.
            let up_to_here = len * before / raw_len.max(1);
            stored.push((up_to_here - shared) as u32);
            shared = up_to_here;
        }
    }
    Ok(Sizes { raw, stored })
}

fn total(sizes: &[u32], range: Range<u32>) -> u64 {
    let chunks = sizes.get(range.start as usize..range.end as usize).unwrap_or_default();
    chunks.iter().map(|bytes| u64::from(*bytes)).sum()
}

/// The sum where each piece is either had before as a whole or shares no chunk with anything else.
fn told_by_pieces(pieces: &[Piece], had: &[Range<u32>]) -> Option<u64> {
    let mut sorted = pieces.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    let (mut sum, mut end) = (0, 0);
    for piece in sorted {
        let at = had.partition_point(|range| range.end <= piece.first);
        match had.get(at).filter(|range| range.start < piece.end) {
            Some(range) if range.start <= piece.first && piece.end <= range.end => continue,
            Some(_) => return None,
            None if piece.first < end => return None,
            None => {}
        }
        sum += piece.raw_bytes;
        end = piece.end;
    }
    Some(sum)
}

/// The chunks that the pieces cover, ascending, none twice.
fn covered(pieces: &[Piece]) -> Vec<Range<u32>> {
    let mut sorted: Vec<_> = pieces.iter().map(|piece| piece.first..piece.end).collect();
    sorted.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<u32>> = Vec::new();
    for range in sorted {
        match merged.last_mut() {
            Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
            _ => merged.push(range),
        }
    }
    merged
}

/// What of `ranges` is in none of `had`; both ascending.
fn without(ranges: Vec<Range<u32>>, had: &[Range<u32>]) -> Vec<Range<u32>> {
    let mut left = Vec::new();
    for range in ranges {
        let mut start = range.start;
        let at = had.partition_point(|had| had.end <= range.start);
        for had in had[at..].iter().take_while(|had| had.start < range.end) {
            if had.start > start {
                left.push(start..had.start);
            }
            start = start.max(had.end);
        }
        if start < range.end {
            left.push(start..range.end);
        }
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(first: u32, end: u32) -> Piece {
        Piece { first, end, raw_bytes: u64::from(end - first) * 10 }
    }

    #[test]
    fn pieces_are_merged_and_taken_apart() {
        let ranges = covered(&[piece(7, 9), piece(0, 3), piece(2, 5), piece(5, 6), piece(0, 1)]);
        assert_eq!(ranges, [0..6, 7..9]);
        assert_eq!(without(ranges.clone(), &[1..2, 4..8]), [0..1, 2..4, 8..9]);
        assert_eq!(without(ranges.clone(), &[]), ranges);
        assert_eq!(without(ranges, &[0..7, 7..10]), [0..0; 0]);
    }

    #[test]
    fn sizes_are_needed_only_where_pieces_overlap_in_part() {
        let pieces = [piece(0, 4), piece(0, 4), piece(6, 8), piece(10, 12)];
        assert_eq!(told_by_pieces(&pieces, &[]), Some(80));
        assert_eq!(told_by_pieces(&pieces, &[0..4, 4..5, 9..20]), Some(20));
        assert_eq!(told_by_pieces(&pieces, &[0..3, 3..9]), None);
        assert_eq!(told_by_pieces(&[piece(0, 4), piece(3, 5)], &[]), None);
    }
}
