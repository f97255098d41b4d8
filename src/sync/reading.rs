//! A remote read without a clone: commits, trees, recipes and files, by ranged reads.
//!
//! Nothing is written anywhere. Every object is compared with its id, every file with its `BlobId`,
//! before it is handed on. A part of a pack is read where a part will do, near parts in one request.

mod ranged;
mod tables;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use super::SyncError;
use super::root::Area;
use super::state::State;
use super::trailers::read_trailer;
use crate::catalog::Location;
use crate::chunk::MAX_CHUNK_BYTES;
use crate::format::FormatParameters;
use crate::id::{Address, BlobId, CommitId, IdPrefix, PackId, TagId, TreeId};
use crate::object::access::{AccessError, FindCommits, ObjectKind, ReadBlob, ReadObjects};
use crate::object::{Commit, Node, Tag};
use crate::pack::layout::BLOCK_HEADER_LEN;
use crate::pack::{BlockBuf, PackError, PackKind, PackReader, Trailer};
use crate::recipe::{Recipe, packs_named};
use crate::remote::{Transport, TransportError};
use crate::store::StoreError;
use crate::store::objects::BlockCache;
use crate::store::read::{BlobPlace, BlobSource, Need, Part, read_range};
use crate::table::Prefix;
use ranged::{Ranged, coalesce};
use tables::Tables;

/// Read around an object of the history or a recipe: its neighbours are wanted next.
const WINDOW: u64 = 32 << 10;
/// Packs kept open; one costs next to nothing but what is held of it.
const MAX_OPEN_PACKS: usize = 256;
/// Short runs of one pack that are read without knowing where they end.
const MAX_GUESSES: u32 = 4;
/// Lists of chunks kept.
const MAX_TRAILERS: usize = 64;
/// Digits of a whole id.
const WHOLE_ID: usize = 64;

type FarPack = PackReader<Ranged>;

/// A remote at one of its roots.
pub struct Reading {
    transport: Arc<dyn Transport>,
    state: Arc<State>,
    params: FormatParameters,
    tables: [Tables; 3],
    packs: Mutex<HashMap<PackId, Arc<FarPack>>>,
    trailers: Mutex<HashMap<PackId, Arc<Trailer>>>,
    blocks: BlockCache,
    /// How often it was guessed where a run of a pack ends.
    guessed: Mutex<HashMap<PackId, u32>>,
}

impl Reading {
    /// What `state` holds on a remote. Nothing is read yet.
    pub fn new(transport: Arc<dyn Transport>, state: State, params: FormatParameters) -> Self {
        let state = Arc::new(state);
        let tables = PackKind::ALL.map(|kind| Tables::new(transport.clone(), state.clone(), kind));
        let (packs, trailers, guessed) = (Mutex::default(), Mutex::default(), Mutex::default());
        let blocks = BlockCache::default();
        Self { transport, state, params, tables, packs, trailers, blocks, guessed }
    }

    /// Its refs, packs and tables.
    pub fn state(&self) -> &State {
        &self.state
    }

    fn tables(&self, kind: PackKind) -> &Tables {
        &self.tables[kind as usize - 1]
    }

    fn pack(&self, id: PackId) -> Result<Arc<FarPack>, SyncError> {
        let mut packs = self.packs.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = packs.get(&id) {
            return Ok(pack.clone());
        }
        let record = self.state.listed(id)?;
        let window = if record.kind == PackKind::Data { 0 } else { WINDOW };
        let key = Area::Pack.key(id);
        let too_long = |_| SyncError::damaged(&*key, "it is longer than a pack may be");
        let blocks_end = u32::try_from(record.bytes - record.end_bytes).map_err(too_long)?;
        let file = Ranged::new(self.transport.clone(), key.clone(), record.bytes, window);
        let pack = Arc::new(PackReader::of_blocks(file, record.kind, id, blocks_end));
        if packs.len() >= MAX_OPEN_PACKS {
            packs.clear();
        }
        packs.insert(id, pack.clone());
        Ok(pack)
    }

    /// The bytes of an object of the history or a recipe at a place, not verified.
    fn bytes_at(&self, at: &Location) -> Result<Vec<u8>, SyncError> {
        let place = at.place;
        let key = (at.pack, place.block_offset);
        let block = match self.blocks.get(&key) {
            Some(block) => block,
            None => {
                let mut buf = BlockBuf::new();
                let block = self
                    .pack(at.pack)?
                    .read_block_sized(place.block_offset, place.stored_len, &mut buf)
                    .map_err(|e| self.block_error(at.pack, place.block_offset, e))?;
                let block = Arc::new(block.to_vec());
                self.blocks.put(key, block.clone());
                block
            }
        };
        let start = place.position as usize;
        let short = || SyncError::damaged(Area::Pack.key(at.pack), "a block is too short");
        Ok(block.get(start..start + place.raw_len as usize).ok_or_else(short)?.to_vec())
    }

    /// An object that `is_right`, of whichever place; `None` when there is none at all.
    fn object(
        &self,
        kind: PackKind,
        address: &Address,
        is_right: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Vec<u8>>, SyncError> {
        let (mut right, mut wrong) = (None, None);
        self.tables(kind).find(address, &mut |at| {
            let bytes = self.bytes_at(&at)?;
            match is_right(&bytes) {
                true => right = Some(bytes),
                false => wrong = Some(at.pack),
            }
            Ok(right.is_some())
        })?;
        match (right, wrong) {
            (None, Some(pack)) => {
                let why = format!("what it holds for {address} is something else");
                Err(SyncError::damaged(Area::Pack.key(pack), why))
            }
            (right, _) => Ok(right),
        }
    }

    fn history<T, E: ToString>(
        &self,
        what: ObjectKind,
        address: Address,
        id_of: impl Fn(&[u8]) -> Address,
        decode: impl Fn(&[u8]) -> Result<T, E>,
    ) -> Result<T, AccessError> {
        let found = self.object(PackKind::History, &address, |bytes| id_of(bytes) == address);
        let bytes = found.map_err(AccessError::io)?;
        let bytes = bytes.ok_or_else(|| AccessError::missing(what, address))?;
        decode(&bytes).map_err(|e| {
            AccessError::io(SyncError::damaged(format!("{what} {address}"), e.to_string()))
        })
    }

    /// Whether all packs are live that a recipe or a page names.
    fn is_live(&self, layout: &[u8]) -> bool {
        let is_live = |pack: &PackId| self.state.packs.contains_key(pack);
        packs_named(layout).is_ok_and(|packs| packs.iter().all(is_live))
    }

    fn find_recipe(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, SyncError> {
        let recipe_of = |bytes: &[u8]| {
            let recipe = Recipe::decode(bytes).ok()?;
            let is_his = recipe.proven_id().is_none_or(|proven| proven == id);
            (recipe.size == size && is_his && self.is_live(bytes)).then_some(recipe)
        };
        let found = self.object(PackKind::Layout, &id.into(), |b| recipe_of(b).is_some())?;
        let recipe = found.and_then(|bytes| recipe_of(&bytes));
        Ok(recipe.map(|recipe| BlobPlace::Recipe(Arc::new(recipe))))
    }

    fn find_chunk(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, SyncError> {
        let mut place = None;
        self.tables(PackKind::Data).find(&id.into(), &mut |at| {
            place = (u64::from(at.place.raw_len) == size).then_some(BlobPlace::Chunk(at));
            Ok(place.is_some())
        })?;
        Ok(place)
    }

    fn trailer(&self, id: PackId) -> Result<Arc<Trailer>, SyncError> {
        let mut trailers = self.trailers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(trailer) = trailers.get(&id) {
            return Ok(trailer.clone());
        }
        let trailer = read_trailer(&*self.transport, id, self.state.listed(id)?)?;
        if trailers.len() >= MAX_TRAILERS {
            trailers.clear();
        }
        trailers.insert(id, trailer.clone());
        Ok(trailer)
    }

    /// Whether the list of chunks of a pack is not worth a request yet.
    fn may_guess(&self, pack: PackId) -> bool {
        let mut guessed = self.guessed.lock().unwrap_or_else(PoisonError::into_inner);
        let count = guessed.entry(pack).or_default();
        *count += 1;
        *count <= MAX_GUESSES
    }

    /// Where a run lies in its pack. Of a short one that is a guess: some bytes too many cost less than
    /// a request for the list of chunks, and what is missing is read when it is met.
    fn run_range(
        &self,
        pack: PackId,
        (block_offset, position): (u32, u32),
        raw_bytes: u64,
    ) -> Result<Range<u64>, SyncError> {
        let record = self.state.listed(pack)?;
        let blocks_end = record.bytes - record.end_bytes;
        let start = u64::from(block_offset);
        let least = u64::from(self.params.small_file_block_bytes);
        let raw_end = u64::from(position) + raw_bytes;
        if raw_end <= least && self.may_guess(pack) {
            let end = start + least + BLOCK_HEADER_LEN as u64;
            return Ok(start..end.min(blocks_end).max(start));
        }
        let trailer = self.trailer(pack)?;
        let blocks = trailer.blocks();
        let first = blocks.partition_point(|block| block.offset < block_offset);
        let (mut end, mut raw) = (start, 0);
        for block in blocks.iter().skip(first) {
            raw += u64::from(block.raw_len);
            end = u64::from(block.offset) + u64::from(block.header().file_len());
            if raw >= raw_end {
                break;
            }
        }
        Ok(start..end)
    }
}

/// Parts of packs that are held until this is dropped.
pub struct Prepared {
    parts: Vec<(Arc<FarPack>, u64)>,
}

impl Drop for Prepared {
    fn drop(&mut self) {
        for (pack, part) in &self.parts {
            pack.file().release(*part);
        }
    }
}

impl BlobSource for Reading {
    type File = Ranged;
    type Error = SyncError;
    type Prepared<'p> = Prepared;
    const STEP_BYTES: u64 = 32 << 20;

    /// Of a blob that may be one chunk or several, what is likelier is asked for first.
    fn find_blob(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, SyncError> {
        if size == 0 {
            return Ok(Some(BlobPlace::Empty));
        }
        if size > u64::from(MAX_CHUNK_BYTES) {
            return self.find_recipe(id, size);
        }
        if size <= u64::from(self.params.chunk.avg) {
            let chunk = self.find_chunk(id, size)?;
            return if chunk.is_some() { Ok(chunk) } else { self.find_recipe(id, size) };
        }
        let recipe = self.find_recipe(id, size)?;
        if recipe.is_some() { Ok(recipe) } else { self.find_chunk(id, size) }
    }

    fn open_pack(&self, id: PackId) -> Result<Arc<FarPack>, SyncError> {
        self.pack(id)
    }

    fn read_page(&self, address: &Address) -> Result<Option<Vec<u8>>, SyncError> {
        self.object(PackKind::Layout, address, |bytes| self.is_live(bytes))
    }

    fn block_error(&self, pack: PackId, offset: u32, e: PackError) -> SyncError {
        match e {
            PackError::Io(e) => io_error(Area::Pack.key(pack), e),
            e => SyncError::damaged(Area::Pack.key(pack), format!("{e}, in block {offset}")),
        }
    }

    fn wrong_bytes(&self, pack: PackId, offset: u32, address: &Address) -> SyncError {
        let why = format!("its bytes for {address} at offset {offset} have another hash");
        SyncError::damaged(Area::Pack.key(pack), why)
    }

    fn located(&self, e: SyncError) -> SyncError {
        match e {
            SyncError::Store(StoreError::Damaged { what, why }) => SyncError::damaged(what, why),
            SyncError::Store(StoreError::Missing(address)) => {
                SyncError::damaged(format!("object {address}"), "it is missing")
            }
            e => e,
        }
    }

    fn is_replaced(_: &SyncError) -> bool {
        false
    }

    fn prepare(&self, needs: &[Need]) -> Result<Prepared, SyncError> {
        let mut wanted: BTreeMap<PackId, Vec<Range<u64>>> = BTreeMap::new();
        let mut seen = BTreeSet::new();
        for need in needs {
            let range = match need.part {
                Part::Block(offset, stored_len) => {
                    if !seen.insert((need.pack, offset)) {
                        continue;
                    }
                    let start = u64::from(offset);
                    start..start + BLOCK_HEADER_LEN as u64 + u64::from(stored_len)
                }
                Part::Run { block_offset, position, raw_bytes } => {
                    self.run_range(need.pack, (block_offset, position), raw_bytes)?
                }
            };
            wanted.entry(need.pack).or_default().push(range);
        }
        let mut prepared = Prepared { parts: Vec::new() };
        for (id, ranges) in wanted {
            let pack = self.pack(id)?;
            let absent = ranges.into_iter().filter(|r| !r.is_empty() && !pack.file().is_held(r));
            for range in coalesce(absent.collect()) {
                let part = pack.file().hold(range)?;
                prepared.parts.push((pack.clone(), part));
            }
        }
        Ok(prepared)
    }
}

/// The request that made reading a part fail, or else what is wrong with the part.
fn io_error(key: String, e: io::Error) -> SyncError {
    if !e.get_ref().is_some_and(|inner| inner.is::<TransportError>()) {
        return SyncError::damaged(key, e);
    }
    match e.into_inner().map(|inner| inner.downcast::<TransportError>()) {
        Some(Ok(e)) => SyncError::Transport(*e),
        _ => SyncError::damaged(key, "it cannot be read"),
    }
}

impl ReadObjects for Reading {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        let id_of = |bytes: &[u8]| TreeId::of(bytes).into();
        self.history(ObjectKind::Tree, id.into(), id_of, |bytes| Node::decode(bytes).map(Arc::new))
    }

    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        let id_of = |bytes: &[u8]| CommitId::of(bytes).into();
        self.history(ObjectKind::Commit, id.into(), id_of, Commit::decode)
    }

    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        self.history(ObjectKind::Tag, id.into(), |bytes| TagId::of(bytes).into(), Tag::decode)
    }
}

impl FindCommits for Reading {
    fn find_commits(&self, prefix: &IdPrefix) -> Result<Vec<CommitId>, AccessError> {
        if prefix.digits() == WHOLE_ID {
            let id = CommitId::from_bytes(prefix.lower_bound());
            return match self.read_commit(id) {
                Ok(_) => Ok(vec![id]),
                Err(e) if e.is_missing() => Ok(Vec::new()),
                Err(e) => Err(e),
            };
        }
        let lower = Prefix::from(&Address::from_bytes(prefix.lower_bound()));
        let upper = Prefix::from(&Address::from_bytes(prefix.upper_bound()));
        let mut found = BTreeSet::new();
        let history = self.tables(PackKind::History);
        let visited = history.find_between(&lower, &upper, &mut |at| {
            // Trees and tags share the tables: only what hashes as a commit is one.
            let id = CommitId::of(&self.bytes_at(&at)?);
            if prefix.matches(id.as_bytes()) {
                found.insert(id);
            }
            Ok(())
        });
        visited.map_err(AccessError::io)?;
        Ok(found.into_iter().collect())
    }
}

impl ReadBlob for Reading {
    fn read_blob(&self, id: BlobId, size: u64, out: &mut dyn Write) -> Result<(), AccessError> {
        self.read_blob_range(id, size, 0..size, out).map_err(AccessError::io)
    }
}

impl Reading {
    /// Writes bytes `range` of a blob to `out`, verified. The range must lie within `size`.
    pub fn read_blob_range(
        &self,
        id: BlobId,
        size: u64,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<(), SyncError> {
        read_range(self, id, size, range, out)
    }
}
