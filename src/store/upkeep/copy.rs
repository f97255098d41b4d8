//! Copying from old packs into new ones, and remembering where each chunk went.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::codec::BlockCodec;
use crate::pack::layout::{BlockRow, ChunkPlace, ChunkRow, Codec, PackError, PackKind, Trailer};
use crate::pack::reader::BlockBuf;
use crate::recipe::RecipeError;
use crate::store::lane::{Lane, SealedPack};
use crate::store::relocate::{PackChunks, Relocation, relocate};
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

/// Where a chunk went, short: there may be millions.
#[derive(Clone, Copy)]
struct Went {
    /// Index into the list of new packs, or [`NOWHERE`].
    pack: u32,
    chunk: u32,
    block_offset: u32,
    position: u32,
}

const NOWHERE: u32 = u32::MAX;

/// A block of a pack, and its chunks.
struct Block<'b> {
    pack: &'b OpenPack,
    id: PackId,
    /// Index of its first chunk.
    first: u32,
    block: &'b BlockRow,
    chunks: &'b [ChunkRow],
}

/// Where the chunks of rewritten packs went, for each old pack by their index.
#[derive(Default)]
pub(super) struct Moved {
    chunks: HashMap<PackId, Vec<Went>>,
    new_packs: Vec<PackId>,
}

impl Moved {
    fn note(&mut self, old: PackId, index: usize, new: &Location) {
        if self.new_packs.last() != Some(&new.pack) {
            self.new_packs.push(new.pack);
        }
        let place = new.place;
        let went = Went {
            pack: self.new_packs.len() as u32 - 1,
            chunk: place.chunk,
            block_offset: place.block_offset,
            position: place.position,
        };
        if let Some(slot) = self.chunks.get_mut(&old).and_then(|chunks| chunks.get_mut(index)) {
            *slot = went;
        }
    }

    fn find(&self, old: PackId, chunk: &ChunkPlace) -> Option<Location> {
        let went = self.chunks.get(&old)?.get(chunk.chunk as usize)?;
        let pack = *self.new_packs.get(went.pack as usize)?;
        let Went { chunk: index, block_offset, position, .. } = *went;
        let place = ChunkPlace { chunk: index, block_offset, position, ..*chunk };
        Some(Location { pack, place })
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
}

/// Chunks on their way: those handed to the lane whose new place is not known yet, in order.
#[derive(Default)]
struct Moving {
    pending: VecDeque<(PackId, u32)>,
    moved: Moved,
}

impl Moving {
    fn placed(&mut self, new: &Location) {
        let old = self.pending.pop_front();
        let (pack, index) = old.expect("the lane places the chunks it was given, in order");
        self.moved.note(pack, index as usize, new);
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
        Ok(Self { store, lane, kind, copying, large_block, small_block, gathered, buf, moved })
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
        let nowhere = Went { pack: NOWHERE, chunk: 0, block_offset: 0, position: 0 };
        self.moved.moved.chunks.insert(id, vec![nowhere; trailer.chunks().len()]);
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
        moving.pending.extend((from.first..from.first + block.chunks).map(|index| (id, index)));
        self.lane.append(stored, &rows, &mut |_, place| moving.placed(&place))
    }

    /// Compresses the wanted chunks of a block anew; those of a full block stay together.
    fn pack_anew(
        &mut self,
        from: &Block<'_>,
        is_full: bool,
        keep: &impl Fn(u32) -> bool,
    ) -> Result<(), StoreError> {
        let (mut index, mut wanted) = (from.first, Vec::new());
        let take = |address: &Address, bytes: &[u8]| {
            if keep(index) {
                wanted.push((index, *address, bytes.to_vec()));
            }
            index += 1;
            true
        };
        from.pack
            .check_block(from.block, from.chunks, &mut self.buf, take)
            .map_err(|e| self.store.block_error(from.id, from.block.offset, e))?;
        if is_full {
            self.flush()?;
        }
        let target = self.target(from.block);
        for (index, address, bytes) in wanted {
            let len = bytes.len() as u32;
            if self.gathered + len > target {
                self.flush()?;
            }
            self.gathered += len;
            let moving = &mut self.moved;
            moving.pending.push_back((from.id, index));
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
        let relocation = Relocating { store: self.store, moved: to, chunks: RefCell::default() };
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
        let packs = self.lane.seal(&mut |_, place| moving.placed(&place))?;
        for pack in &packs {
            pack.file.sync_all().map_err(|e| StoreError::write(&pack.path, e))?;
        }
        Ok((packs, self.moved.moved))
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
    /// The lists of chunks of the packs used last.
    chunks: RefCell<HashMap<PackId, PackChunks>>,
}

/// Lists of chunks kept at once: neighbouring recipes name the same packs.
const MAX_LISTS: usize = 16;

impl Relocation for Relocating<'_> {
    type Error = StoreError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, StoreError> {
        if !self.moved.chunks.contains_key(&pack) {
            return Ok(None);
        }
        let mut lists = self.chunks.borrow_mut();
        if let Some(chunks) = lists.get(&pack) {
            return Ok(Some(chunks.clone()));
        }
        if lists.len() >= MAX_LISTS {
            lists.clear();
        }
        let (_, trailer) = open(self.store, pack)?;
        let chunks: PackChunks = trailer.rows().collect();
        lists.insert(pack, chunks.clone());
        Ok(Some(chunks))
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
