//! Recipes written anew: the same blob, its bytes in other packs.
//!
//! A recipe belongs to one store and is never copied as bytes. Who moves chunks decodes each recipe
//! that names one of their packs, maps its runs by the packs' lists of chunks, and writes it again
//! before the packs leave the list of live ones.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use super::ingest::layout::{PageBuilder, Piece};
use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::layout::{ChunkPlace, Trailer};
use crate::recipe::{Body, Page, Recipe, RecipeError, Run, StoredRun};

/// The chunks of a pack, in order.
pub type PackChunks = Arc<[(Address, ChunkPlace)]>;

/// The chunks that a pack's trailer lists.
pub fn chunks_of(trailer: &Trailer) -> PackChunks {
    trailer.rows().collect()
}

/// The lists of chunks of the packs used last: neighbouring recipes name the same packs.
pub struct Lists {
    kept: RefCell<HashMap<PackId, PackChunks>>,
    at_most: usize,
}

impl Lists {
    /// Keeps so many lists at most.
    pub fn new(at_most: usize) -> Self {
        Self { kept: RefCell::default(), at_most }
    }

    /// The list of a pack, by `read` where it is not kept.
    pub fn get<E>(
        &self,
        pack: PackId,
        read: impl FnOnce() -> Result<PackChunks, E>,
    ) -> Result<PackChunks, E> {
        if let Some(chunks) = self.kept.borrow().get(&pack) {
            return Ok(chunks.clone());
        }
        let chunks = read()?;
        let mut kept = self.kept.borrow_mut();
        if kept.len() >= self.at_most {
            kept.clear();
        }
        kept.insert(pack, chunks.clone());
        Ok(chunks)
    }
}

/// Where chunks lay, and where they lie now.
pub trait Relocation {
    /// Why it cannot say.
    type Error: From<RecipeError>;

    /// The chunks of a pack whose chunks move, in order; `None` for a pack that stays.
    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, Self::Error>;

    /// Where a chunk of a pack that moves lies now.
    fn place(&self, pack: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, Self::Error>;
}

/// Writes an object of a layout pack anew: a recipe, or a page of one. `None` when it names no pack
/// whose chunks move, and so stays as it is.
pub fn relocate<R: Relocation>(bytes: &[u8], to: &R) -> Result<Option<Vec<u8>>, R::Error> {
    if Page::is_apart(bytes) {
        let (number, page, group_bytes) = Page::decode_apart(bytes)?;
        let page = relocate_page(&page, group_bytes, to)?;
        return Ok(page.map(|page| page.encode(number)));
    }
    let recipe = Recipe::decode(bytes)?;
    let Body::Inline(page) = &recipe.body else { return Ok(None) };
    let page = relocate_page(page, recipe.group_bytes(), to)?;
    Ok(page.map(|page| Recipe { body: Body::Inline(page), ..recipe }.encode()))
}

fn relocate_page<R: Relocation>(
    page: &Page,
    group_bytes: u64,
    to: &R,
) -> Result<Option<Page>, R::Error> {
    let moved: Vec<_> = page.packs.iter().map(|pack| to.chunks(*pack)).collect::<Result<_, _>>()?;
    if moved.iter().all(Option::is_none) {
        return Ok(None);
    }
    let values: Vec<_> = page.groups.iter().map(|group| group.value).collect();
    let mut builder = PageBuilder::new(group_bytes, &values);
    let mut start = 0;
    for run in &page.runs {
        match run {
            Run::Zero { bytes } => {
                builder.push(Piece { place: None, skip: 0, start, len: *bytes });
            }
            Run::Stored(stored) => {
                let pack = page.packs[stored.pack as usize];
                match &moved[stored.pack as usize] {
                    Some(chunks) => {
                        let mut from = Moving { stored, pack, chunks, to, start };
                        from.push(&mut builder)?;
                    }
                    None => {
                        let end = start + run.bytes();
                        let groups = start.div_ceil(group_bytes)..end.div_ceil(group_bytes);
                        let rows = (groups.start as usize).min(page.groups.len())
                            ..(groups.end as usize).min(page.groups.len());
                        builder.keep(stored, pack, &page.groups[rows]);
                    }
                }
            }
        }
        start += run.bytes();
    }
    Ok(Some(builder.take()))
}

/// A run whose chunks move.
struct Moving<'m, R> {
    stored: &'m StoredRun,
    pack: PackId,
    chunks: &'m PackChunks,
    to: &'m R,
    /// Offset of the run in its page.
    start: u64,
}

impl<R: Relocation> Moving<'_, R> {
    fn push(&mut self, builder: &mut PageBuilder<'_>) -> Result<(), R::Error> {
        for _ in 0..self.stored.repeat {
            self.push_unit(builder)?;
        }
        Ok(())
    }

    fn push_unit(&mut self, builder: &mut PageBuilder<'_>) -> Result<(), R::Error> {
        let broken = || RecipeError::new("a run does not fit the chunks of its pack");
        let first = self.stored.first_chunk as usize;
        let chunks = self.chunks.get(first..).unwrap_or_default();
        let position = chunks.first().map(|(_, place)| place.position).ok_or_else(broken)?;
        let mut skip = self.stored.position.checked_sub(position).ok_or_else(broken)?;
        let mut left = self.stored.unit_bytes;
        for chunk in chunks {
            let len = u64::from(chunk.1.raw_len.checked_sub(skip).ok_or_else(broken)?).min(left);
            let place = Some(self.to.place(self.pack, chunk)?);
            builder.push(Piece { place, skip, start: self.start, len });
            (self.start, left, skip) = (self.start + len, left - len, 0);
            if left == 0 {
                return Ok(());
            }
        }
        Err(broken().into())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::id::SessionId;
    use crate::recipe::{GroupRow, Value};

    const GROUP: u64 = 1 << 16;

    fn pack(random: u64) -> PackId {
        PackId { session: SessionId { seq: 1, random: 1 }, random }
    }

    /// Chunks of these lengths, in blocks of three, from `offset` on.
    fn chunks(offset: u32, lens: &[u32]) -> PackChunks {
        let mut rows = Vec::new();
        let (mut block_offset, mut position) = (offset, 0);
        for (chunk, &raw_len) in (0u32..).zip(lens) {
            if chunk % 3 == 0 && chunk > 0 {
                (block_offset, position) = (block_offset + 1000, 0);
            }
            let place = ChunkPlace { chunk, block_offset, stored_len: 900, position, raw_len };
            rows.push((Address::from_bytes([chunk as u8; 32]), place));
            position += raw_len;
        }
        rows.into()
    }

    /// Packs 1 and 2 move, chunk by chunk, to packs 11 and 12; others stay.
    struct Moves {
        old: HashMap<PackId, PackChunks>,
        new: HashMap<PackId, (PackId, PackChunks)>,
    }

    impl Relocation for Moves {
        type Error = RecipeError;

        fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, RecipeError> {
            Ok(self.old.get(&pack).cloned())
        }

        fn place(
            &self,
            pack: PackId,
            chunk: &(Address, ChunkPlace),
        ) -> Result<Location, RecipeError> {
            let (pack, chunks) = &self.new[&pack];
            Ok(Location { pack: *pack, place: chunks[chunk.1.chunk as usize].1 })
        }
    }

    const LENS: [u32; 7] = [50_000, 70_000, 16_000, 90_000, 20_000, 30_000, 65_536];

    fn moves() -> Moves {
        let old = [(pack(1), chunks(64, &LENS)), (pack(2), chunks(64, &LENS))].into();
        let new = [
            (pack(1), (pack(11), chunks(5064, &LENS))),
            (pack(2), (pack(12), chunks(7064, &LENS))),
        ];
        Moves { old, new: new.into() }
    }

    /// The page of a blob that consists of these chunks of packs; `None` is a hole.
    fn page(pieces: &[(u64, Option<usize>)], lay: &HashMap<PackId, (PackId, PackChunks)>) -> Page {
        let values: Vec<Value> = (0..64).map(|n| [n; 32]).collect();
        let mut builder = PageBuilder::new(GROUP, &values);
        let mut start = 0;
        for &(number, chunk) in pieces {
            let place = chunk.map(|chunk| {
                let (pack, chunks) = &lay[&pack(number)];
                Location { pack: *pack, place: chunks[chunk].1 }
            });
            let len = place.map_or(40_000, |at| u64::from(at.place.raw_len));
            builder.push(Piece { place, skip: 0, start, len });
            start += len;
        }
        builder.take()
    }

    fn recipe(page: &Page) -> Recipe {
        let size = page.runs.iter().map(Run::bytes).sum();
        Recipe { size, group_log2: 16, body: Body::Inline(page.clone()) }
    }

    /// Runs of one and of two packs, a hole, a repeated chunk, a pack that stays.
    const PIECES: [(u64, Option<usize>); 12] = [
        (1, Some(0)),
        (1, Some(1)),
        (1, Some(2)),
        (1, Some(3)),
        (3, Some(2)),
        (3, Some(3)),
        (0, None),
        (2, Some(4)),
        (2, Some(4)),
        (2, Some(4)),
        (1, Some(5)),
        (1, Some(6)),
    ];

    fn laid_out(moved: bool) -> HashMap<PackId, (PackId, PackChunks)> {
        let Moves { old, new } = moves();
        let mut all: HashMap<_, _> =
            if moved { new } else { old.into_iter().map(|(id, c)| (id, (id, c))).collect() };
        all.insert(pack(3), (pack(3), chunks(64, &LENS)));
        all
    }

    #[test]
    fn a_recipe_comes_out_as_if_written_for_the_new_packs() {
        let (before, after) = (page(&PIECES, &laid_out(false)), page(&PIECES, &laid_out(true)));
        let moved = relocate(&recipe(&before).encode(), &moves()).expect("valid");
        assert_eq!(Recipe::decode(&moved.expect("it moves")).expect("valid"), recipe(&after));
    }

    #[test]
    fn a_page_apart_is_written_anew_too() {
        let (before, after) = (page(&PIECES, &laid_out(false)), page(&PIECES, &laid_out(true)));
        let moved = relocate(&before.encode(3), &moves()).expect("valid").expect("it moves");
        assert_eq!(moved, after.encode(3));
    }

    #[test]
    fn a_run_that_begins_and_ends_inside_chunks_stays_so() {
        let row =
            |value, block_offset, position| GroupRow { value: [value; 32], block_offset, position };
        let stored = |block_offset, pack| StoredRun {
            pack,
            first_chunk: 1,
            count: 3,
            repeat: 1,
            unit_bytes: 100_000,
            block_offset,
            position: 50_000 + 60_000,
        };
        let page = |offset, id| Page {
            packs: vec![id],
            runs: vec![Run::Stored(stored(offset, 0))],
            // Byte 65,536 of the run is 39,536 bytes into chunk 3, the first of its block.
            groups: vec![row(1, offset, 110_000), row(2, offset + 1000, 39_536)],
        };
        let moved = relocate(&page(64, pack(1)).encode(0), &moves()).expect("valid");
        assert_eq!(moved.expect("it moves"), page(5064, pack(11)).encode(0));
    }

    #[test]
    fn what_names_no_moved_pack_stays_and_what_does_not_fit_is_an_error() {
        let stays = page(&[(3, Some(0)), (3, Some(1))], &laid_out(false));
        assert_eq!(relocate(&recipe(&stays).encode(), &moves()).expect("valid"), None);
        let beyond = StoredRun {
            pack: 0,
            first_chunk: 6,
            count: 1,
            repeat: 1,
            unit_bytes: 65_537,
            block_offset: 2064,
            position: 0,
        };
        let runs = vec![Run::Stored(beyond)];
        let groups = vec![GroupRow { value: [0; 32], block_offset: 0, position: 0 }; 2];
        let beyond = Page { packs: vec![pack(1)], runs, groups };
        assert!(relocate(&beyond.encode(0), &moves()).is_err());
    }
}
