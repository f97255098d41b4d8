//! Objects as they lie on a remote: commits, trees, tags and recipes, found by its tables.
//!
//! Packs of history and recipes are small and fetched whole when an object of theirs is first wanted.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::unbounded;

use super::SyncError;
use super::chain::Remote;
use super::places::Index;
use super::root::Area;
use super::state::{PackRecord, State};
use super::trailers::check_trailer;
use crate::catalog::Location;
use crate::id::{Address, BlobId, CommitId, PackId, TagId, TreeId};
use crate::object::access::{AccessError, ObjectKind, ReadObjects};
use crate::object::{Commit, Node, Tag};
use crate::pack::{PackKind, PackReader, Trailer};
use crate::progress::Cancel;
use crate::recipe::{Body, Page, Recipe, packs_named, page_address};
use crate::remote::{Transport, get};
use crate::store::Store;
use crate::store::objects::BlockCache;

/// Bytes of packs of recipes that are held by who goes through those of one long file in their order; one pack
/// may be more.
const HELD_BYTES: u64 = 32 << 20;
/// After so many of its pages this is looked at: 32 GiB.
const PAGES_BETWEEN: u64 = 64;

/// Packs of the remote that were fetched whole, to read single objects of.
pub struct Packs<'p> {
    transport: &'p dyn Transport,
    state: &'p State,
    open: Mutex<HashMap<PackId, Arc<OpenPack>>>,
    blocks: BlockCache,
}

struct OpenPack {
    reader: PackReader<Vec<u8>>,
    /// With the hash of each block, itself compared with the one that the state holds.
    trailer: Arc<Trailer>,
}

impl<'p> Packs<'p> {
    fn new(transport: &'p dyn Transport, state: &'p State) -> Self {
        Self { transport, state, open: Mutex::default(), blocks: BlockCache::default() }
    }

    /// Lets go of what is held once it is above [`HELD_BYTES`].
    fn forget(&self) {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = |pack: &Arc<OpenPack>| pack.reader.byte_len();
        if open.values().map(bytes).sum::<u64>() > HELD_BYTES {
            open.clear();
        }
    }

    fn open(&self, id: PackId) -> Result<Arc<OpenPack>, SyncError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pack) = open.get(&id) {
            return Ok(pack.clone());
        }
        let pack = Arc::new(self.fetch(id)?);
        open.insert(id, pack.clone());
        Ok(pack)
    }

    fn fetch(&self, id: PackId) -> Result<OpenPack, SyncError> {
        let key = Area::Pack.key(id);
        let record = self.state.listed(id)?;
        let bytes = get(self.transport, &key, record.bytes)?;
        let damaged = |e: &dyn ToString| SyncError::damaged(&*key, e.to_string());
        if bytes.len() as u64 != record.bytes {
            return Err(damaged(&"it is shorter than its root says"));
        }
        let trailer =
            check_trailer(&key, record, &bytes[bytes.len() - record.end_bytes as usize..])?;
        let reader = PackReader::open(bytes).map_err(|e| damaged(&e))?;
        if reader.header().id != id {
            return Err(damaged(&"another pack lies there"));
        }
        Ok(OpenPack { reader, trailer })
    }

    /// The bytes of an object, of a block that is as the remote's state says.
    fn object(&self, at: &Location) -> Result<Vec<u8>, SyncError> {
        let block = self.block(at)?;
        let start = at.place.position as usize;
        let bytes = block.get(start..start + at.place.raw_len as usize);
        let short = || SyncError::damaged(Area::Pack.key(at.pack), "a block is too short");
        Ok(bytes.ok_or_else(short)?.to_vec())
    }

    /// The raw bytes of the block that holds an object. Its neighbours are wanted next: it is kept a while.
    fn block(&self, at: &Location) -> Result<Arc<Vec<u8>>, SyncError> {
        let offset = at.place.block_offset;
        let key = (at.pack, offset);
        if let Some(block) = self.blocks.get(&key) {
            return Ok(block);
        }
        let pack = self.open(at.pack)?;
        let mut buf = self.blocks.take_buffer();
        let damaged = |e: &dyn ToString| SyncError::damaged(Area::Pack.key(at.pack), e.to_string());
        let found = pack.reader.read_compressed(offset, &mut buf).map_err(|e| damaged(&e))?.hash;
        let blocks = pack.trailer.blocks();
        let row = blocks.binary_search_by_key(&offset, |block| block.offset).map(|at| &blocks[at]);
        if !row.is_ok_and(|row| row.hash == found) {
            return Err(damaged(&format!("the block at {offset} has another hash")));
        }
        let block = pack
            .reader
            .read_block_sized(offset, at.place.stored_len, &mut buf)
            .map_err(|e| damaged(&e))?;
        let block = Arc::new(block.to_vec());
        self.blocks.give_back(buf);
        self.blocks.put(key, block.clone());
        Ok(block)
    }
}

/// Commits, trees and tags: those that are here, else from the remote, verified.
pub struct RemoteHistory<'h> {
    remote: &'h Remote<'h>,
    state: &'h State,
    store: &'h Store,
    packs: Packs<'h>,
    index: Mutex<Option<Arc<Index>>>,
}

impl<'h> RemoteHistory<'h> {
    /// What `state` holds on a remote, beside what is in `store`.
    pub fn new(remote: &'h Remote<'h>, state: &'h State, store: &'h Store) -> Self {
        let packs = Packs::new(remote.transport, state);
        Self { remote, state, store, packs, index: Mutex::default() }
    }

    /// Reads all packs of history at once: whoever has nothing needs all of them.
    pub fn prefetch(&self, downloads: usize, cancel: &Cancel) -> Result<(), SyncError> {
        let of_history =
            |(id, pack): (&PackId, &PackRecord)| (pack.kind == PackKind::History).then_some(*id);
        let ids: Vec<PackId> = self.state.packs.iter().filter_map(of_history).collect();
        let (jobs, queue) = unbounded();
        for id in ids {
            let _ = jobs.send(id);
        }
        drop(jobs);
        std::thread::scope(|scope| {
            let running: Vec<_> = (0..downloads.max(1))
                .map(|_| {
                    let queue = queue.clone();
                    scope.spawn(move || {
                        queue.iter().try_for_each(|id| {
                            cancel.check()?;
                            let pack = Arc::new(self.packs.fetch(id)?);
                            let mut open =
                                self.packs.open.lock().unwrap_or_else(PoisonError::into_inner);
                            open.insert(id, pack);
                            Ok::<_, SyncError>(())
                        })
                    })
                })
                .collect();
            running.into_iter().try_for_each(|w| w.join().expect("a reader does not panic"))
        })
    }

    /// Where the objects lie.
    pub fn index(&self) -> Result<Arc<Index>, SyncError> {
        let mut index = self.index.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(index) = &*index {
            return Ok(index.clone());
        }
        let opened = Index::open(self.remote, self.state, PackKind::History, None)?;
        Ok(index.insert(Arc::new(opened)).clone())
    }

    /// The bytes of an object that is not here, not verified.
    pub fn fetched(&self, address: &Address) -> Result<Option<Vec<u8>>, SyncError> {
        if self.store.catalog().find(PackKind::History, address)?.is_some() {
            return Ok(None);
        }
        match self.index()?.find(address)? {
            Some(at) => self.packs.object(&at).map(Some),
            None => Ok(None),
        }
    }

    fn read<T>(
        &self,
        what: ObjectKind,
        address: Address,
        local: impl FnOnce() -> Result<T, AccessError>,
        decode: impl FnOnce(&[u8]) -> (Address, Result<T, String>),
    ) -> Result<T, AccessError> {
        match self.fetched(&address).map_err(AccessError::io)? {
            None => local(),
            Some(bytes) => match decode(&bytes) {
                (found, Ok(value)) if found == address => Ok(value),
                (found, _) if found != address => Err(AccessError::damaged(
                    what,
                    address,
                    "its bytes on the remote have another hash",
                )),
                (_, result) => result.map_err(|e| AccessError::damaged(what, address, e)),
            },
        }
    }
}

impl ReadObjects for RemoteHistory<'_> {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        let local = || self.store.read_tree(id);
        self.read(ObjectKind::Tree, id.into(), local, |bytes| {
            let node = Node::decode(bytes).map(Arc::new).map_err(|e| e.to_string());
            (TreeId::of(bytes).into(), node)
        })
    }

    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        let local = || self.store.read_commit(id);
        self.read(ObjectKind::Commit, id.into(), local, |bytes| {
            (CommitId::of(bytes).into(), Commit::decode(bytes).map_err(|e| e.to_string()))
        })
    }

    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        let local = || self.store.read_tag(id);
        self.read(ObjectKind::Tag, id.into(), local, |bytes| {
            (TagId::of(bytes).into(), Tag::decode(bytes).map_err(|e| e.to_string()))
        })
    }
}

/// An object as it lies on the remote.
pub struct Found {
    /// Its address.
    pub address: Address,
    /// Where it lies.
    pub at: Location,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// Recipes as they lie on the remote.
pub struct Layouts<'l> {
    packs: Packs<'l>,
    index: Index,
}

impl<'l> Layouts<'l> {
    /// The recipes that `state` holds on a remote.
    pub fn new(remote: &'l Remote<'l>, state: &'l State) -> Result<Self, SyncError> {
        let packs = Packs::new(remote.transport, state);
        Ok(Self { packs, index: Index::open(remote, state, PackKind::Layout, None)? })
    }

    /// The object under an address, of the youngest pack where it satisfies `is_right`.
    fn find(
        &self,
        address: &Address,
        is_right: impl Fn(&[u8]) -> bool,
    ) -> Result<Found, SyncError> {
        for at in self.index.find_all(address)? {
            let bytes = self.packs.object(&at)?;
            if is_right(&bytes) {
                return Ok(Found { address: *address, at, bytes });
            }
        }
        Err(SyncError::damaged(format!("the recipe {address}"), "there is none that is whole"))
    }

    /// A blob's recipe; of several the youngest whose packs are all live.
    pub fn recipe(&self, id: BlobId, size: u64) -> Result<(Recipe, Found), SyncError> {
        let is_right = |bytes: &[u8]| {
            Recipe::decode(bytes).is_ok_and(|recipe| {
                let is_live = match &recipe.body {
                    Body::Inline(page) => self.is_live(page),
                    Body::Paged(_) => true,
                };
                let is_his = recipe.proven_id().is_none_or(|proven| proven == id);
                recipe.size == size && is_live && is_his
            })
        };
        let found = self.find(&id.into(), is_right)?;
        Ok((Recipe::decode(&found.bytes)?, found))
    }

    fn is_live(&self, page: &Page) -> bool {
        page.packs.iter().all(|pack| self.packs.state.packs.contains_key(pack))
    }

    fn page(&self, id: BlobId, recipe: &Recipe, number: u64) -> Result<(Page, Found), SyncError> {
        let decode = |bytes: &[u8]| Page::decode(bytes, recipe, number);
        let is_right = |bytes: &[u8]| decode(bytes).is_ok_and(|page| self.is_live(&page));
        let found = self.find(&page_address(id, number), is_right)?;
        Ok((decode(&found.bytes)?, found))
    }

    /// The page of a recipe at an address, of which no more is known than that its packs are live.
    pub fn page_at(&self, address: &Address) -> Result<Vec<u8>, SyncError> {
        let packs = &self.packs.state.packs;
        let is_right = |bytes: &[u8]| {
            packs_named(bytes).is_ok_and(|named| named.iter().all(|id| packs.contains_key(id)))
        };
        Ok(self.find(address, is_right)?.bytes)
    }

    /// Whether there is a recipe of a blob.
    pub fn has(&self, id: BlobId) -> Result<bool, SyncError> {
        Ok(self.index.find(&id.into())?.is_some())
    }

    /// Visits the pages of a blob's recipe.
    pub fn for_each_page(
        &self,
        id: BlobId,
        size: u64,
        visit: &mut dyn FnMut(&Page),
    ) -> Result<(), SyncError> {
        let (recipe, _) = self.recipe(id, size)?;
        self.visit_pages(id, &recipe, &mut |page, _| visit(page))
    }

    /// Visits the pages of a recipe, with the packs that those lie in which are stored apart.
    fn visit_pages(
        &self,
        id: BlobId,
        recipe: &Recipe,
        visit: &mut dyn FnMut(&Page, Option<PackId>),
    ) -> Result<(), SyncError> {
        match &recipe.body {
            Body::Inline(page) => visit(page, None),
            Body::Paged(values) => {
                for number in 0..values.len() as u64 {
                    let (page, found) = self.page(id, recipe, number)?;
                    visit(&page, Some(found.at.pack));
                    if number % PAGES_BETWEEN == PAGES_BETWEEN - 1 {
                        self.forget_packs();
                    }
                }
            }
        }
        Ok(())
    }

    /// Lets go of packs that were read, once they are many.
    pub(super) fn forget_packs(&self) {
        self.packs.forget();
    }

    /// The packs that a blob's recipe names, and those that it and its pages lie in; `None` when there is no
    /// recipe that is whole.
    pub fn packs_of(&self, id: BlobId, size: u64) -> Result<Option<BTreeSet<PackId>>, SyncError> {
        if !self.has(id)? {
            return Ok(None);
        }
        let (recipe, head) = match self.recipe(id, size) {
            Err(SyncError::Damaged { .. }) => return Ok(None),
            found => found?,
        };
        let mut packs = BTreeSet::from([head.at.pack]);
        let done = self.visit_pages(id, &recipe, &mut |page, at| {
            packs.extend(page.packs.iter().copied());
            packs.extend(at);
        });
        match done {
            Err(SyncError::Damaged { .. }) => Ok(None),
            done => done.map(|()| Some(packs)),
        }
    }

    /// The packs that any recipe of a blob, or any page of one, lies in or names, be it one to read by or not.
    pub fn packs_of_any(&self, id: BlobId) -> Result<BTreeSet<PackId>, SyncError> {
        let mut packs = BTreeSet::new();
        let mut pages = 0;
        let mut take = |address: &Address| {
            for at in self.index.find_all(address)? {
                let bytes = self.packs.object(&at)?;
                packs.insert(at.pack);
                // Nobody reads by one that cannot be decoded.
                packs.extend(packs_named(&bytes).unwrap_or_default());
                if let Ok(Recipe { body: Body::Paged(values), .. }) = Recipe::decode(&bytes) {
                    pages = pages.max(values.len() as u64);
                }
            }
            Ok::<u64, SyncError>(pages)
        };
        for number in 0..take(&id.into())? {
            take(&page_address(id, number))?;
        }
        Ok(packs)
    }

    /// A blob's pages that are stored apart, then its recipe.
    pub fn objects(&self, id: BlobId, size: u64) -> Result<Vec<Found>, SyncError> {
        let (recipe, head) = self.recipe(id, size)?;
        let mut objects = Vec::new();
        if let Body::Paged(values) = &recipe.body {
            for number in 0..values.len() as u64 {
                objects.push(self.page(id, &recipe, number)?.1);
            }
        }
        objects.push(head);
        Ok(objects)
    }
}
