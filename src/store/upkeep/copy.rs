//! Copying from old packs into new ones, and remembering where each chunk went.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::codec::BlockCodec;
use crate::pack::layout::{BlockRow, ChunkPlace, ChunkRow, Codec, PackError, PackKind, Trailer};
use crate::pack::reader::BlockBuf;
use crate::recipe::RecipeError;
use crate::store::lane::{Lane, SealedPack};
use crate::store::relocate::{Lists, PackChunks, Relocation, chunks_of, relocate};
use crate::store::session::Session;
use crate::store::{OpenPack, Store, StoreError};

/// Level of blocks that a fold or a collection must compress anew, which are few and small.
const LEVEL: i32 = 1;
/// Levels at which a repack gathers blocks: it is the one time somebody waits for room, and history
/// and recipes are a hundredth of all.
const PACKED_LEVEL: i32 = 3;
const PACKED_HISTORY_LEVEL: i32 = 9;
/// A block is full at this part of what it is closed at.
const FULL: u32 = 4;

/// Chunks in a row that went the same way. There may be millions of chunks: blocks that are copied one
/// after the other need one of these.
struct Stretch {
    /// Index of the first, and of what follows the last.
    first: u32,
    end: u32,
    /// Index into the list of new packs.
    pack: u32,
    way: Way,
}

/// How far a chunk went, each number modulo 2^32.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Way {
    chunk: u32,
    block_offset: u32,
    position: u32,
}

impl Way {
    fn between(old: &Old, new: &ChunkPlace) -> Self {
        Self {
            chunk: new.chunk.wrapping_sub(old.chunk),
            block_offset: new.block_offset.wrapping_sub(old.block_offset),
            position: new.position.wrapping_sub(old.position),
        }
    }

    fn from(&self, old: &ChunkPlace) -> ChunkPlace {
        ChunkPlace {
            chunk: old.chunk.wrapping_add(self.chunk),
            block_offset: old.block_offset.wrapping_add(self.block_offset),
            position: old.position.wrapping_add(self.position),
            ..*old
        }
    }
}

/// Where a chunk lay.
struct Old {
    pack: PackId,
    chunk: u32,
    block_offset: u32,
    position: u32,
}

/// A block of a pack, and its chunks.
struct Block<'b> {
    pack: &'b OpenPack,
    id: PackId,
    /// Index of its first chunk.
    first: u32,
    block: &'b BlockRow,
    chunks: &'b [ChunkRow],
}

impl Block<'_> {
    /// Where a chunk of it lies, by its index and its position in the raw bytes.
    fn old(&self, chunk: u32, position: u32) -> Old {
        Old { pack: self.id, chunk, block_offset: self.block.offset, position }
    }
}

/// Where the chunks of rewritten packs went, for each old pack in their order.
#[derive(Default)]
pub(super) struct Moved {
    chunks: HashMap<PackId, Vec<Stretch>>,
    new_packs: Vec<PackId>,
}

impl Moved {
    fn note(&mut self, old: &Old, new: &Location) {
        if self.new_packs.last() != Some(&new.pack) {
            self.new_packs.push(new.pack);
        }
        let (pack, way) = (self.new_packs.len() as u32 - 1, Way::between(old, &new.place));
        let stretches = self.chunks.entry(old.pack).or_default();
        match stretches.last_mut() {
            Some(last) if (last.end, last.pack, last.way) == (old.chunk, pack, way) => {
                last.end += 1
            }
            _ => stretches.push(Stretch { first: old.chunk, end: old.chunk + 1, pack, way }),
        }
    }

    fn find(&self, old: PackId, chunk: &ChunkPlace) -> Option<Location> {
        let stretches = self.chunks.get(&old)?;
        let after = stretches.partition_point(|stretch| stretch.first <= chunk.chunk);
        let stretch = stretches.get(after.checked_sub(1)?).filter(|s| chunk.chunk < s.end)?;
        let pack = *self.new_packs.get(stretch.pack as usize)?;
        Some(Location { pack, place: stretch.way.from(chunk) })
    }
}

/// How blocks are copied.
#[derive(Clone, Copy)]
pub(super) enum Copying {
    /// As they are, whole.
    AsTheyAre,
    /// Without chunks that are not wanted, blocks that are not full gathered into full ones.
    Packed,
    /// Likewise, and every block compressed anew at this level.
    AtLevel(i32),
}

/// Writes the new packs of one kind.
pub(super) struct Copier<'c> {
    store: &'c Store,
    lane: Lane<'c>,
    kind: PackKind,
    copying: Copying,
    /// Raw bytes at which a block of large files, of trees or of recipes is closed.
    large_block: u32,
    /// Raw bytes at which a block of small files is closed, which are read one by one.
    small_block: u32,
    /// Raw bytes in the lane's block.
    gathered: u32,
    buf: BlockBuf,
    moved: Moving,
    /// Packs that filled up.
    sealed: Vec<SealedPack>,
}

/// Chunks on their way: those handed to the lane whose new place is not known yet, in order.
#[derive(Default)]
struct Moving {
    pending: VecDeque<Old>,
    moved: Moved,
}

impl Moving {
    fn placed(&mut self, new: &Location) {
        let old = self.pending.pop_front();
        self.moved.note(&old.expect("the lane places the chunks it was given, in order"), new);
    }
}

impl<'c> Copier<'c> {
    pub(super) fn new(
        store: &'c Store,
        session: &'c Session,
        kind: PackKind,
        copying: Copying,
    ) -> Result<Self, StoreError> {
        let params = store.params();
        let (large_block, small_block) = match kind {
            PackKind::Data => (params.large_file_block_bytes, params.small_file_block_bytes),
            _ => (params.tree_block_bytes, params.tree_block_bytes),
        };
        let level = match (copying, kind) {
            (Copying::AtLevel(level), _) => level,
            (Copying::AsTheyAre, _) => LEVEL,
            (Copying::Packed, PackKind::Data) => PACKED_LEVEL,
            (Copying::Packed, _) => PACKED_HISTORY_LEVEL,
        };
        let lane = Lane::new(session, kind, large_block, BlockCodec::new(level, true)?);
        let (gathered, buf, moved) = (0, BlockBuf::new(), Moving::default());
        let sealed = Vec::new();
        Ok(Self {
            store,
            lane,
            kind,
            copying,
            large_block,
            small_block,
            gathered,
            buf,
            moved,
            sealed,
        })
    }

    /// Raw bytes at which a block of such chunks is closed.
    fn target(&self, block: &BlockRow) -> u32 {
        let is_small = block.raw_len / block.chunks.max(1) < self.store.params().chunk.min;
        if is_small { self.small_block } else { self.large_block }
    }

    /// Whether a block gains little by being gathered with others.
    fn is_full(&self, block: &BlockRow) -> bool {
        // History and recipes of several versions are nearly the same, and always worth it.
        self.kind == PackKind::Data
            && (block.codec == Codec::Raw || block.raw_len >= self.target(block) / FULL)
    }

    /// Copies what `keep` wants of a pack, by the indexes of its chunks.
    pub(super) fn copy(
        &mut self,
        id: PackId,
        keep: impl Fn(u32) -> bool,
    ) -> Result<(), StoreError> {
        let (pack, trailer) = open(self.store, id)?;
        self.moved.moved.chunks.insert(id, Vec::new());
        let mut first = 0;
        for (block, chunks) in trailer.blocks_with_chunks() {
            let range = first..first + block.chunks;
            first = range.end;
            let wanted = range.clone().filter(|index| keep(*index)).count() as u32;
            let from = Block { pack: &pack, id, first: range.start, block, chunks };
            let is_full = wanted == block.chunks && self.is_full(block);
            match self.copying {
                _ if wanted == 0 => {}
                Copying::AsTheyAre => self.copy_block(&from)?,
                Copying::Packed if is_full => self.copy_block(&from)?,
                Copying::Packed | Copying::AtLevel(_) => self.pack_anew(&from, is_full, &keep)?,
            }
        }
        self.put_aside()
    }

    /// Syncs and closes what filled up: neither all files nor all lists of chunks can be held.
    fn put_aside(&mut self) -> Result<(), StoreError> {
        let full = self.lane.take_sealed();
        self.keep(full)
    }

    fn keep(&mut self, packs: Vec<SealedPack>) -> Result<(), StoreError> {
        for mut pack in packs {
            pack.sync()?;
            pack.forget_chunks();
            self.sealed.push(pack);
        }
        Ok(())
    }

    fn copy_block(&mut self, from: &Block<'_>) -> Result<(), StoreError> {
        let (id, block) = (from.id, from.block);
        self.flush()?;
        let fail = |e| self.store.block_error(id, block.offset, e);
        let stored = from.pack.read_compressed(block.offset, &mut self.buf).map_err(fail)?;
        if stored.hash != block.hash
            || (stored.raw_len, stored.codec) != (block.raw_len, block.codec)
        {
            let what = "the stored bytes of the block have another hash";
            return Err(fail(PackError::Damaged { offset: block.offset.into(), what }));
        }
        let rows: Vec<_> = from.chunks.iter().map(|chunk| (chunk.address, chunk.raw_len)).collect();
        let moving = &mut self.moved;
        let mut position = 0;
        for (index, (_, raw_len)) in (from.first..).zip(&rows) {
            moving.pending.push_back(from.old(index, position));
            position += raw_len;
        }
        self.lane.append(stored, &rows, &mut |_, place| moving.placed(&place))
    }

    /// Compresses the wanted chunks of a block anew; those of a full block stay together.
    fn pack_anew(
        &mut self,
        from: &Block<'_>,
        is_full: bool,
        keep: &impl Fn(u32) -> bool,
    ) -> Result<(), StoreError> {
        let (mut index, mut position, mut wanted) = (from.first, 0, Vec::new());
        let take = |address: &Address, bytes: &[u8]| {
            if keep(index) {
                wanted.push((from.old(index, position), *address, bytes.to_vec()));
            }
            index += 1;
            position += bytes.len() as u32;
            true
        };
        from.pack
            .check_block(from.block, from.chunks, &mut self.buf, take)
            .map_err(|e| self.store.block_error(from.id, from.block.offset, e))?;
        if is_full {
            self.flush()?;
        }
        let target = self.target(from.block);
        for (old, address, bytes) in wanted {
            let len = bytes.len() as u32;
            if self.gathered + len > target {
                self.flush()?;
            }
            self.gathered += len;
            let moving = &mut self.moved;
            moving.pending.push_back(old);
            self.lane.add(address, &bytes, &mut |_, place| moving.placed(&place))?;
        }
        if is_full { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.gathered = 0;
        let moving = &mut self.moved;
        self.lane.flush(&mut |_, place| moving.placed(&place))
    }

    /// Writes the recipes of layout packs anew for chunks that `to` says have moved; gives the packs
    /// that hold any such, of which all wanted objects are now in the new pack.
    pub(super) fn relocate(
        &mut self,
        ids: &[PackId],
        to: &Moved,
        keep: impl Fn(PackId, u32) -> bool,
    ) -> Result<Vec<PackId>, StoreError> {
        self.flush()?;
        let relocation = Relocating { store: self.store, moved: to, lists: Lists::new(MAX_LISTS) };
        let mut rewritten = Vec::new();
        for &id in ids {
            let objects = self.read_objects(id, |index| keep(id, index))?;
            let mut is_changed = false;
            let mut anew = Vec::with_capacity(objects.len());
            for (address, bytes) in objects {
                let new = relocate(&bytes, &relocation)?;
                is_changed |= new.is_some();
                anew.push((address, new.unwrap_or(bytes)));
            }
            if is_changed {
                for (address, bytes) in anew {
                    self.lane.add(address, &bytes, &mut |_, _| ())?;
                }
                rewritten.push(id);
            }
            self.put_aside()?;
        }
        // What is copied after this is placed in its own order.
        self.lane.flush(&mut |_, _| ())?;
        Ok(rewritten)
    }

    /// All wanted objects of a pack, from blocks whose hashes were compared.
    fn read_objects(
        &mut self,
        id: PackId,
        keep: impl Fn(u32) -> bool,
    ) -> Result<Vec<(Address, Vec<u8>)>, StoreError> {
        let (pack, trailer) = open(self.store, id)?;
        let (mut objects, mut index) = (Vec::new(), 0);
        for (block, chunks) in trailer.blocks_with_chunks() {
            let take = |address: &Address, bytes: &[u8]| {
                if keep(index) {
                    objects.push((*address, bytes.to_vec()));
                }
                index += 1;
                true
            };
            pack.check_block(block, chunks, &mut self.buf, take)
                .map_err(|e| self.store.block_error(id, block.offset, e))?;
        }
        Ok(objects)
    }

    /// The new packs, synced.
    pub(super) fn finish(mut self) -> Result<(Vec<SealedPack>, Moved), StoreError> {
        let moving = &mut self.moved;
        let last = self.lane.seal(&mut |_, place| moving.placed(&place))?;
        self.keep(last)?;
        Ok((self.sealed, self.moved.moved))
    }
}

pub(super) fn open(store: &Store, id: PackId) -> Result<(Arc<OpenPack>, Trailer), StoreError> {
    let pack = store.open_pack(id)?;
    let trailer = pack.read_trailer().map_err(|e| StoreError::pack(&store.paths.pack(id), e))?;
    Ok((pack, trailer))
}

/// Looks chunks up in what was moved.
struct Relocating<'r> {
    store: &'r Store,
    moved: &'r Moved,
    lists: Lists,
}

/// Lists of chunks kept at once.
const MAX_LISTS: usize = 16;

impl Relocation for Relocating<'_> {
    type Error = StoreError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, StoreError> {
        if !self.moved.chunks.contains_key(&pack) {
            return Ok(None);
        }
        self.lists.get(pack, || Ok(chunks_of(&open(self.store, pack)?.1))).map(Some)
    }

    fn place(&self, pack: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, StoreError> {
        self.moved.find(pack, &chunk.1).ok_or(StoreError::Missing(chunk.0))
    }
}

impl From<RecipeError> for StoreError {
    fn from(e: RecipeError) -> Self {
        Self::Damaged { what: "a recipe".to_owned(), why: e.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    fn pack(random: u64) -> PackId {
        PackId { session: SessionId { seq: 1, random: 1 }, random }
    }

    fn place(chunk: u32, block_offset: u32, position: u32) -> ChunkPlace {
        ChunkPlace { chunk, block_offset, stored_len: 0, position, raw_len: 10 }
    }

    /// Four chunks to a block of forty bytes; `keep` says which go to the new packs, six to each.
    fn moved(keep: impl Fn(u32) -> bool) -> (Moved, Vec<Option<(PackId, u32)>>) {
        let (mut moved, mut went, mut new) = (Moved::default(), Vec::new(), 0);
        for chunk in 0..40 {
            if !keep(chunk) {
                went.push(None);
                continue;
            }
            let (at, to) = (new % 6, pack(100 + u64::from(new / 6)));
            let (block_offset, position) = (64 + chunk / 4 * 40, chunk % 4 * 10);
            let old = Old { pack: pack(1), chunk, block_offset, position };
            moved.note(
                &old,
                &Location { pack: to, place: place(at, 64 + at / 4 * 50, at % 4 * 10) },
            );
            went.push(Some((to, at)));
            new += 1;
        }
        (moved, went)
    }

    #[test]
    fn every_chunk_is_found_where_it_went_and_no_other() {
        for pattern in 0..256u32 {
            let (moved, went) = moved(|chunk| pattern >> (chunk % 8) & 1 == 1);
            for (chunk, went) in (0..).zip(went) {
                let old = place(chunk, 64 + chunk / 4 * 40, chunk % 4 * 10);
                let found = moved.find(pack(1), &old);
                let expected = went.map(|(pack, at)| Location {
                    pack,
                    place: place(at, 64 + at / 4 * 50, at % 4 * 10),
                });
                assert_eq!(found, expected, "{pattern:b} {chunk}");
            }
            assert_eq!(moved.find(pack(2), &place(0, 64, 0)), None);
        }
    }

    #[test]
    fn blocks_that_are_copied_one_after_the_other_are_one_stretch() {
        let mut moved = Moved::default();
        for chunk in 0..1000 {
            let (block_offset, position) = (64 + chunk / 4 * 40, chunk % 4 * 10);
            let old =
                Old { pack: pack(1), chunk: chunk + 8, block_offset: block_offset + 80, position };
            moved.note(
                &old,
                &Location { pack: pack(5), place: place(chunk, block_offset, position) },
            );
        }
        assert_eq!(moved.chunks[&pack(1)].len(), 1);
    }
}
