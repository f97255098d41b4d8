//! Trees, commits, tags and recipes of the store, behind the traits that domain code sees.

use std::collections::{BTreeSet, HashMap, HashSet, VecDeque};
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use super::lane::{Lane, SealedPack};
use super::session::Session;
use super::{Store, StoreError};
use crate::catalog::Location;
use crate::db::Access;
use crate::id::{Address, BlobId, CommitId, IdPrefix, IdState, PackId, TagId, TreeId};
use crate::object::access::{
    AccessError, FindCommits, ObjectKind, ReadBlob, ReadObjects, WriteObjects,
};
use crate::object::commit::Commit;
use crate::object::tag::Tag;
use crate::object::tree::Node;
use crate::pack::codec::BlockCodec;
use crate::pack::layout::PackKind;
use crate::pack::reader::BlockBuf;
use crate::recipe::packs_named;

/// Blocks of trees and recipes kept decoded: neighbours are read one after the other.
const CACHED_BLOCKS: usize = 128;

type BlockKey = (PackId, u32);

/// The blocks of metadata decoded last, and the buffers that they were decoded in: to make one takes
/// longer than to decode a small block.
#[derive(Default)]
pub(crate) struct BlockCache {
    inner: Mutex<CacheInner>,
    /// As many as threads have read at once.
    buffers: Mutex<Vec<BlockBuf>>,
}

#[derive(Default)]
struct CacheInner {
    blocks: HashMap<BlockKey, Arc<Vec<u8>>, IdState>,
    order: VecDeque<BlockKey>,
}

impl BlockCache {
    pub(crate) fn get(&self, key: &BlockKey) -> Option<Arc<Vec<u8>>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).blocks.get(key).cloned()
    }

    pub(crate) fn take_buffer(&self) -> BlockBuf {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).pop().unwrap_or_default()
    }

    pub(crate) fn give_back(&self, buffer: BlockBuf) {
        self.buffers.lock().unwrap_or_else(PoisonError::into_inner).push(buffer);
    }

    pub(crate) fn put(&self, key: BlockKey, block: Arc<Vec<u8>>) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.blocks.insert(key, block).is_none() {
            inner.order.push_back(key);
        }
        if inner.order.len() > CACHED_BLOCKS
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.blocks.remove(&oldest);
        }
    }
}

/// Commits that are kept once they were read: what a revision is resolved by, a range is walked over and a
/// branch is compared with is a few hundred of them, again and again.
const KEPT_COMMITS: usize = 512;

/// The commits that were read first; none gives way to another.
pub(super) struct KeptCommits {
    at_most: usize,
    kept: Mutex<HashMap<CommitId, Commit, IdState>>,
}

impl KeptCommits {
    /// Keeps some for who only reads: who writes is to find that a commit is gone.
    pub fn new(access: Access) -> Self {
        let at_most = if access == Access::ReadOnly { KEPT_COMMITS } else { 0 };
        Self { at_most, kept: Mutex::default() }
    }

    fn get(&self, id: &CommitId) -> Option<Commit> {
        if self.at_most == 0 {
            return None;
        }
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    fn put(&self, id: CommitId, commit: &Commit) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < self.at_most {
            kept.insert(id, commit.clone());
        }
    }
}

/// The bytes of an object in its raw block, if it lies in it.
fn object_in<'b>(block: &'b [u8], at: &Location) -> Option<&'b [u8]> {
    let start = at.place.position as usize;
    block.get(start..start + at.place.raw_len as usize)
}

impl Store {
    /// The bytes of a tree, commit, tag or recipe, not yet verified; `None` when it is not there.
    pub fn read_object(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.retry(|| self.try_read_object(kind, address))
    }

    fn try_read_object(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(location) = self.locate(kind, address)? else { return Ok(None) };
        let block = self.cached_block(&location)?;
        match object_in(&block, &location) {
            Some(bytes) => Ok(Some(bytes.to_vec())),
            None => Err(self.wrong_bytes(location.pack, location.place.block_offset, address)),
        }
    }

    /// Where an object lies, also when it was published a moment ago, or condemned: whoever reads it
    /// began before that, or its pack's file would be gone.
    pub(super) fn locate(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Location>, StoreError> {
        let found = match self.find_live(kind, address)? {
            None if self.refresh()? => self.find_live(kind, address)?,
            found => found,
        };
        match found {
            None => Ok(self.catalog().find_condemned(kind, address)?),
            found => Ok(found),
        }
    }

    /// Where a live object lies: its youngest place, but of a recipe's or page's places the youngest
    /// one that names live packs alone.
    ///
    /// Any other was left in its pack when nothing needed its blob, and the data it names was dropped;
    /// a fold copies it as it is, so that it may well be the youngest after the blob was added again.
    pub(super) fn find_live(
        &self,
        kind: PackKind,
        address: &Address,
    ) -> Result<Option<Location>, StoreError> {
        if kind != PackKind::Layout {
            return Ok(self.catalog().find(kind, address)?);
        }
        let places = self.catalog().find_all(kind, address)?;
        let is_whole = |at: &&Location| {
            let block = self.cached_block(at);
            let named = block.ok().and_then(|block| packs_named(object_in(&block, at)?).ok());
            named.is_some_and(|packs| packs.iter().all(|pack| self.catalog().is_live(*pack)))
        };
        let found = if places.len() > 1 { places.iter().find(is_whole) } else { None };
        // What is wrong with the only one is said by who reads it.
        Ok(found.or(places.first()).copied())
    }

    fn cached_block(&self, location: &Location) -> Result<Arc<Vec<u8>>, StoreError> {
        let key = (location.pack, location.place.block_offset);
        if let Some(block) = self.blocks.get(&key) {
            return Ok(block);
        }
        let pack = self.open_pack(location.pack)?;
        let mut buf = self.blocks.take_buffer();
        let block = pack
            .read_block_sized(location.place.block_offset, location.place.stored_len, &mut buf)
            .map(|block| Arc::new(block.to_vec()));
        self.blocks.give_back(buf);
        let block =
            block.map_err(|e| self.block_error(location.pack, location.place.block_offset, e))?;
        self.blocks.put(key, block.clone());
        Ok(block)
    }

    /// Reads an object of the history and compares it with its id.
    fn read_history(
        &self,
        what: ObjectKind,
        address: Address,
        id_of: impl Fn(&[u8]) -> Address,
    ) -> Result<Vec<u8>, AccessError> {
        let found = self.read_object(PackKind::History, &address).map_err(access_error)?;
        let bytes = found.ok_or_else(|| AccessError::missing(what, address))?;
        if id_of(&bytes) == address {
            return Ok(bytes);
        }
        if let Ok(Some(at)) = self.catalog().find(PackKind::History, &address) {
            self.note_bad_block(at.pack, at.place.block_offset);
        }
        Err(AccessError::damaged(what, address, "its bytes have another hash"))
    }
}

fn access_error(e: StoreError) -> AccessError {
    AccessError::io(e)
}

impl ReadObjects for Store {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        let bytes = self.read_history(ObjectKind::Tree, id.into(), |b| TreeId::of(b).into())?;
        let node = Node::decode(&bytes)
            .map_err(|e| AccessError::damaged(ObjectKind::Tree, id, e.to_string()))?;
        Ok(Arc::new(node))
    }

    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        if let Some(commit) = self.commits.get(&id) {
            return Ok(commit);
        }
        let bytes = self.read_history(ObjectKind::Commit, id.into(), |b| CommitId::of(b).into())?;
        let mut commit = Commit::decode(&bytes)
            .map_err(|e| AccessError::damaged(ObjectKind::Commit, id, e.to_string()))?;
        if self.absent().shallow.contains(&id) {
            // Every walk ends where the history was cut off.
            commit.parents.clear();
        }
        self.commits.put(id, &commit);
        Ok(commit)
    }

    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        let bytes = self.read_history(ObjectKind::Tag, id.into(), |b| TagId::of(b).into())?;
        Tag::decode(&bytes).map_err(|e| AccessError::damaged(ObjectKind::Tag, id, e.to_string()))
    }

    fn read_root(&self, id: CommitId) -> Result<TreeId, AccessError> {
        match self.forgotten.contains_key(&id) {
            true => Err(AccessError::Forgotten(id)),
            false => Ok(self.read_commit(id)?.tree),
        }
    }
}

impl Store {
    /// The parents of a commit, also where they were not fetched.
    pub fn true_parents(&self, id: CommitId) -> Result<Vec<CommitId>, AccessError> {
        let bytes = self.read_history(ObjectKind::Commit, id.into(), |b| CommitId::of(b).into())?;
        let commit = Commit::decode(&bytes)
            .map_err(|e| AccessError::damaged(ObjectKind::Commit, id, e.to_string()))?;
        Ok(commit.parents)
    }
}

impl ReadBlob for Store {
    fn read_blob(&self, id: BlobId, size: u64, out: &mut dyn Write) -> Result<(), AccessError> {
        self.read_blob_range(id, size, 0..size, out).map_err(access_error)
    }
}

/// Gathers new trees, commits and tags into history packs; each object once a session.
pub struct ObjectWriter<'s> {
    lane: Lane<'s>,
    written: HashSet<Address>,
}

impl<'s> ObjectWriter<'s> {
    /// A writer whose packs belong to `session`.
    pub fn new(
        store: &Store,
        session: &'s Session,
        compression_level: i32,
        verify: bool,
    ) -> Result<Self, StoreError> {
        let codec = BlockCodec::new(compression_level, verify)?;
        let block_bytes = store.params().tree_block_bytes;
        let lane = Lane::new(session, PackKind::History, block_bytes, codec);
        Ok(Self { lane, written: HashSet::new() })
    }

    /// Seals and syncs what was written, ready to be published.
    pub fn finish(mut self) -> Result<Vec<SealedPack>, StoreError> {
        let mut packs = self.lane.seal(&mut |_, _| ())?;
        packs.iter_mut().try_for_each(SealedPack::sync)?;
        Ok(packs)
    }

    fn put(&mut self, address: Address, encoded: &[u8]) -> Result<(), AccessError> {
        if !self.written.insert(address) {
            return Ok(());
        }
        self.lane.add(address, encoded, &mut |_, _| ()).map_err(access_error)
    }
}

impl WriteObjects for ObjectWriter<'_> {
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.put(id.into(), &encoded)
    }

    fn write_commit(&mut self, id: CommitId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.put(id.into(), &encoded)
    }

    fn write_tag(&mut self, id: TagId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.put(id.into(), &encoded)
    }
}

impl FindCommits for Store {
    fn find_commits(&self, prefix: &IdPrefix) -> Result<Vec<CommitId>, AccessError> {
        self.retry(|| self.try_find_commits(prefix)).map_err(access_error)
    }
}

impl Store {
    fn try_find_commits(&self, prefix: &IdPrefix) -> Result<Vec<CommitId>, StoreError> {
        let mut found = BTreeSet::new();
        for location in self.catalog().find_prefix(PackKind::History, prefix)? {
            let block = self.cached_block(&location)?;
            let bytes = object_in(&block, &location);
            // Trees and tags share the table: only what hashes as a commit is one.
            let id = CommitId::of(bytes.unwrap_or_default());
            if prefix.matches(id.as_bytes()) {
                found.insert(id);
            }
        }
        Ok(found.into_iter().collect())
    }
}
