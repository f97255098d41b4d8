//! A fetch: history first, then the data that is wanted, then the recipes that name it, refs last.
//!
//! Whatever is published on the way is of use to the next attempt: chunks that are here are not read
//! again. Trees and commits become visible together with the refs, so that a commit which is here has
//! everything below it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::SyncError;
use super::arriving::{Arriving, Beside, Landing};
use super::chain::Remote;
use super::cut::{Cut, tips};
use super::lookup::{FindBlobs, Whole};
use super::missing::{Missing, decide_missing};
use super::objects::RemoteHistory;
use super::root::Area;
use super::state::State;
use super::upload::read_trailer;
use crate::catalog::Location;
use crate::db::{RefError, Tx};
use crate::id::{Address, BlobId, CommitId, PackId};
use crate::pack::layout::{BLOCK_HEADER_LEN, HEADER_LEN};
use crate::pack::{
    BlockCodec, BlockRow, ChunkPlace, ChunkRow, Compressed, PackKind, StoredHash, Trailer,
};
use crate::progress::{Cancel, Progress};
use crate::recipe::Run;
use crate::refs::RefTarget;
use crate::store::lane::{Lane, SealedPack};
use crate::store::relocate::{PackChunks, Relocation, relocate};
use crate::store::session::Session;
use crate::store::{Store, StoreError};

/// Blocks nearer to each other than this are read in one request, in bytes.
const MAX_GAP: u64 = 512 << 10;
/// Data is published after so many bytes, so that a fetch that is cut short is not for nothing.
const PUBLISH_BYTES: u64 = 512 << 20;
/// Files of more bytes are wanted one after the other; smaller ones as their packs come.
const SMALL_BYTES: u64 = 1 << 20;
/// Lists of chunks kept while recipes are written anew.
const MAX_LISTS: usize = 256;

/// What a fetch is given.
pub struct Fetch<'f> {
    /// The name of the remote here.
    pub name: &'f str,
    /// The remote.
    pub remote: &'f Remote<'f>,
    /// What its newest root holds.
    pub state: &'f State,
    /// Where the objects go.
    pub store: &'f Store,
    /// Commits that local refs reach: all below them is here.
    pub local_tips: Vec<CommitId>,
    /// How much is brought.
    pub scope: Scope,
    /// How many packs are read at once.
    pub downloads: usize,
    /// zstd level of what is compressed anew.
    pub level: i32,
    /// Told of bytes.
    pub progress: &'f dyn Progress,
    /// Asked between two packs.
    pub cancel: &'f Cancel,
    /// What is done beside it with what it brings, where nothing is here yet.
    pub beside: Option<&'f dyn Beside>,
}

/// How much a fetch brings of what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Commits, trees and tags only: the files stay where they are.
    pub history_only: bool,
    /// Only so many commits of each line of history; all when absent.
    pub depth: Option<u32>,
}

/// What a fetch brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Commits that were new.
    pub commits: u64,
    /// Files whose content was wanted.
    pub files: u64,
    /// Bytes of data that were stored.
    pub stored_bytes: u64,
}

/// What a fetch would bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchPlan {
    /// Commits that are new.
    pub commits: u64,
    /// Files whose content is not here.
    pub files: u64,
    /// Trees, commits and tags that are new, and the chunks of the blocks that are brought for those files.
    pub objects: u64,
    /// Bytes of those blocks, as they are stored there.
    pub bytes: u64,
}

impl Fetch<'_> {
    /// Says what a run would bring; reads history and the lists of packs for that.
    pub fn plan_run(&self, targets: &[RefTarget]) -> Result<FetchPlan, SyncError> {
        let history = RemoteHistory::new(self.remote, self.state, self.store);
        self.prefetch(&history)?;
        let missing = decide_missing(&history, targets, &self.local_tips, self.store.forgotten())?;
        let blobs = self.absent_blobs(&missing)?;
        let objects = missing.commits.len() + missing.trees.len() + missing.tags.len();
        let mut plan = FetchPlan {
            commits: missing.commits.len() as u64,
            files: blobs.len() as u64,
            objects: objects as u64,
            bytes: 0,
        };
        if blobs.is_empty() {
            return Ok(plan);
        }
        for (id, chunks) in self.plan(&Whole::open(self.remote, self.state)?, &blobs)?.chunks {
            self.cancel.check()?;
            let trailer = read_trailer(self.remote.transport, id, &self.state.packs[&id])?;
            for (block, rows) in self.wanted_blocks(&trailer, &chunks, false)? {
                plan.objects += rows.len() as u64;
                plan.bytes += u64::from(block.header().file_len());
            }
        }
        Ok(plan)
    }

    /// Brings everything that `targets` reach, then lets `with` move the refs.
    pub fn run<T, E>(
        &self,
        targets: &[RefTarget],
        with: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<(Fetched, T), E>
    where
        E: From<SyncError> + From<StoreError> + From<crate::db::DbError> + From<RefError>,
    {
        let session = self.store.start_session()?;
        // What is here counts as here until the refs have moved: nobody may drop it meanwhile.
        let live = live_packs(self.store)?;
        session.hold(&live)?;
        self.store.settle()?;
        let beside = self.beside.filter(|_| live.is_empty());
        let history = RemoteHistory::new(self.remote, self.state, self.store);
        self.prefetch(&history)?;
        let forgotten = self.store.forgotten();
        let cut = Cut::after(&history, targets, self.scope.depth, &self.local_tips)?;
        let missing = decide_missing(&cut, targets, &self.local_tips, forgotten)?;
        let mut fetched = Fetched { commits: missing.commits.len() as u64, ..Fetched::default() };
        let mut blobs = self.absent_blobs(&missing)?;
        if !blobs.is_empty() {
            fetched.files = missing.blobs.len() as u64;
            let whole = Whole::open(self.remote, self.state)?;
            let arriving = Arriving::new(&whole, self.state, self.store, &session);
            let beside = beside.map(|beside| (beside, &arriving));
            if let Some((beside, _)) = beside {
                put_first(&mut blobs, &beside.plan(&history));
            }
            fetched.stored_bytes += self.bring_blobs(&session, &whole, &blobs, beside)?;
        }
        let packs = self.write_history(&session, &history, &missing)?;
        let promised = if self.scope.history_only { tips(&cut, targets)? } else { Vec::new() };
        fetched.stored_bytes += packs.iter().map(|p| p.bytes).sum::<u64>();
        let again = missing.commits.iter().filter(|id| forgotten.contains_key(id));
        let value = self.store.publish(packs, &HashSet::new(), |tx| {
            // One that no ref reached any more came again, and whole.
            again.copied().try_for_each(|id| tx.remember(id).map(|_| ()))?;
            promised.iter().try_for_each(|id| tx.promise(*id, self.name))?;
            cut.commits().iter().try_for_each(|id| tx.set_shallow(*id))?;
            with(tx)
        })?;
        Ok((fetched, value))
    }

    /// Brings the data of blobs, which a commit here names already; returns the bytes that were stored.
    pub fn run_for_blobs(
        &self,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
    ) -> Result<u64, SyncError> {
        let session = self.store.start_session()?;
        session.hold(&live_packs(self.store)?)?;
        self.store.settle()?;
        self.bring_blobs(&session, find, blobs, None)
    }

    /// Reads the list of chunks of every pack of the remote that holds something of some blobs.
    ///
    /// # Errors
    /// Where one is not there, or is not the one that the newest root names.
    pub fn prove(&self, find: &dyn FindBlobs, blobs: &[(BlobId, u64)]) -> Result<(), SyncError> {
        for (id, chunks) in self.plan(find, blobs)?.chunks {
            self.cancel.check()?;
            let trailer = read_trailer(self.remote.transport, id, &self.state.packs[&id])?;
            if chunks.last().is_some_and(|last| *last as usize >= trailer.chunks().len()) {
                let why = "it has fewer chunks than are named";
                return Err(SyncError::damaged(Area::Pack.key(id), why));
            }
        }
        Ok(())
    }

    fn bring_blobs(
        &self,
        session: &Session,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
        beside: Option<Watched<'_>>,
    ) -> Result<u64, SyncError> {
        let data = self.plan(find, blobs)?;
        let data_bytes = self.bring_data(session, &data, beside)?;
        let recipes = self.bring_recipes(session, find, blobs)?;
        let recipe_bytes: u64 = recipes.iter().map(|p| p.bytes).sum();
        self.store.publish(recipes, &HashSet::new(), |_| Ok::<_, SyncError>(()))?;
        Ok(data_bytes + recipe_bytes)
    }

    /// Reads all packs of history at once, where nearly all of them are wanted.
    fn prefetch(&self, history: &RemoteHistory<'_>) -> Result<(), SyncError> {
        match self.local_tips.is_empty() && self.scope.depth.is_none() {
            true => history.prefetch(self.downloads, self.cancel),
            false => Ok(()),
        }
    }

    /// The blobs that are not stored here.
    fn absent_blobs(&self, missing: &Missing) -> Result<Vec<(BlobId, u64)>, SyncError> {
        match self.scope.history_only {
            true => Ok(Vec::new()),
            false => Ok(self.store.absent_blobs(&missing.blobs)?),
        }
    }

    /// Which chunks of which packs make up the blobs.
    fn plan(&self, find: &dyn FindBlobs, blobs: &[(BlobId, u64)]) -> Result<DataPlan, SyncError> {
        let mut plan = DataPlan::default();
        for &(id, size) in blobs {
            if let Some(at) = find.chunk(id, size)? {
                plan.chunks.entry(at.pack).or_default().push(at.place.chunk);
                continue;
            }
            find.for_each_page(id, size, &mut |page| {
                for run in &page.runs {
                    if let Run::Stored(run) = run {
                        let pack = page.packs[run.pack as usize];
                        let range = run.first_chunk..run.first_chunk.saturating_add(run.count);
                        let chunks = plan.chunks.entry(pack).or_default();
                        if size > SMALL_BYTES && chunks.is_empty() {
                            plan.order.push(pack);
                        }
                        chunks.extend(range);
                    }
                }
            })?;
        }
        for (pack, chunks) in &mut plan.chunks {
            if !self.state.packs.contains_key(pack) {
                return Err(SyncError::damaged(
                    Area::Pack.key(*pack),
                    "it is named and not listed",
                ));
            }
            chunks.sort_unstable();
            chunks.dedup();
        }
        plan.complete_order();
        Ok(plan)
    }

    /// Reads the wanted blocks and stores them; publishes every so often. Returns the bytes written.
    fn bring_data(
        &self,
        session: &Session,
        plan: &DataPlan,
        beside: Option<Watched<'_>>,
    ) -> Result<u64, SyncError> {
        let packs = plan.order.iter().filter_map(|id| self.state.packs.get(id));
        self.progress.begin("downloading", Some(packs.map(|p| p.bytes).sum()), None);
        let (jobs, queue) = unbounded();
        for id in &plan.order {
            let _ = jobs.send((*id, &*plan.chunks[id]));
        }
        drop(jobs);
        let (give, take) = bounded::<Result<Part, SyncError>>(0);
        let stop = Cancel::new();
        let arriving = beside.map(|(_, arriving)| arriving);
        let result = std::thread::scope(|scope| {
            if let Some((beside, arriving)) = beside {
                scope.spawn(move || beside.run(arriving));
            }
            for _ in 0..self.downloads.max(1) {
                let (queue, give, stop) = (queue.clone(), give.clone(), &stop);
                scope.spawn(move || {
                    for (id, chunks) in queue {
                        let part = self.read_part(id, chunks, arriving.is_some());
                        let has_failed = part.is_err();
                        if stop.is_cancelled() || give.send(part).is_err() || has_failed {
                            return;
                        }
                    }
                });
            }
            drop(give);
            let written = self.write_parts(session, &take, arriving);
            stop.cancel();
            // Whoever waits to hand over a part, or for a pack, must not wait for ever.
            drop(take);
            if let Some(arriving) = arriving {
                arriving.end();
            }
            written
        });
        self.progress.finish();
        result
    }

    fn write_parts(
        &self,
        session: &Session,
        parts: &Receiver<Result<Part, SyncError>>,
        arriving: Option<&Arriving<'_>>,
    ) -> Result<u64, SyncError> {
        let mut writer = Writer::new(self, session)?;
        for part in parts {
            let part = part?;
            let landing = writer.write(&part)?;
            if let Some(arriving) = arriving {
                arriving.note(part.id, landing);
            }
        }
        writer.finish()
    }

    /// Reads the blocks of a pack that hold wanted chunks: `all`, or those which are not here yet.
    fn read_part(&self, id: PackId, chunks: &[u32], all: bool) -> Result<Part, SyncError> {
        self.cancel.check()?;
        let record = self.state.packs[&id];
        let trailer = read_trailer(self.remote.transport, id, &record)?;
        let wanted = self.wanted_blocks(&trailer, chunks, all)?;
        let blocks_end = record.bytes - record.end_bytes;
        let bytes: u64 = wanted.iter().map(|(block, _)| u64::from(block.header().file_len())).sum();
        let key = Area::Pack.key(id);
        let mut part = Part { id, key: key.clone(), pieces: Vec::new(), blocks: wanted };
        let ranges = match bytes >= blocks_end / 4 * 3 && bytes > 0 {
            true => std::iter::once(HEADER_LEN as u64..blocks_end).collect(),
            false => ranges_of(&part.blocks),
        };
        for range in ranges {
            let mut piece = Vec::with_capacity((range.end - range.start) as usize);
            self.remote.transport.read(&key, Some(range.clone()), &mut piece)?;
            if piece.len() as u64 != range.end - range.start {
                return Err(SyncError::damaged(key, "it is shorter than its root says"));
            }
            part.pieces.push((range.start, piece));
        }
        self.progress.advance(record.bytes, 0);
        Ok(part)
    }

    fn wanted_blocks(
        &self,
        trailer: &Trailer,
        chunks: &[u32],
        all: bool,
    ) -> Result<Blocks, SyncError> {
        let mut first = 0u32;
        let mut wanted = Vec::new();
        for (block, rows) in trailer.blocks_with_chunks() {
            let from = chunks.partition_point(|chunk| *chunk < first);
            let to = chunks.partition_point(|chunk| *chunk < first + rows.len() as u32);
            let mut is_needed = false;
            for chunk in &chunks[from..to] {
                let address = rows[(*chunk - first) as usize].address;
                is_needed |= all || self.store.catalog().find(PackKind::Data, &address)?.is_none();
            }
            if is_needed {
                wanted.push((*block, rows.to_vec()));
            }
            first += rows.len() as u32;
        }
        Ok(wanted)
    }

    /// The recipes of the blobs, written for the places their chunks have here.
    fn bring_recipes(
        &self,
        session: &Session,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
    ) -> Result<Vec<SealedPack>, SyncError> {
        let codec = BlockCodec::new(self.level, true)?;
        let mut lane =
            Lane::new(session, PackKind::Layout, self.store.params().tree_block_bytes, codec);
        let here = ToLocal { fetch: self, lists: RefCell::default() };
        for &(id, size) in blobs {
            if self.store.catalog().find(PackKind::Data, &id.into())?.is_some() {
                continue;
            }
            for (address, bytes) in find.layout(id, size)? {
                let bytes = relocate(&bytes, &here)?.unwrap_or(bytes);
                lane.add(address, &bytes, &mut |_, _| ())?;
            }
        }
        sealed(&mut lane)
    }

    fn write_history(
        &self,
        session: &Session,
        history: &RemoteHistory<'_>,
        missing: &Missing,
    ) -> Result<Vec<SealedPack>, SyncError> {
        let codec = BlockCodec::new(self.level, true)?;
        let mut lane =
            Lane::new(session, PackKind::History, self.store.params().tree_block_bytes, codec);
        let trees = missing.trees.iter().map(|id| Address::from(*id));
        let commits = missing.commits.iter().map(|id| Address::from(*id));
        let tags = missing.tags.iter().map(|id| Address::from(*id));
        for address in trees.chain(commits).chain(tags) {
            // What the walk found here needs no second copy.
            if let Some(bytes) = history.fetched(&address)? {
                lane.add(address, &bytes, &mut |_, _| ())?;
            }
        }
        sealed(&mut lane)
    }
}

/// The packs that are live here.
pub(super) fn live_packs(store: &Store) -> Result<HashSet<PackId>, SyncError> {
    let packs = store.db().read(|view| view.live_packs())?;
    Ok(packs.into_iter().map(|pack| pack.id).collect())
}

/// Seals and syncs what a lane wrote.
fn sealed(lane: &mut Lane<'_>) -> Result<Vec<SealedPack>, SyncError> {
    let packs = lane.seal(&mut |_, _| ())?;
    for pack in &packs {
        pack.file.sync_all().map_err(|e| StoreError::write(&pack.path, e))?;
    }
    Ok(packs)
}

/// What is done beside the download of data, and how it sees that.
type Watched<'w> = (&'w dyn Beside, &'w Arriving<'w>);

/// What is to be read of packs of the remote.
#[derive(Default)]
struct DataPlan {
    /// Wanted chunks of each pack, by their index.
    chunks: BTreeMap<PackId, Vec<u32>>,
    /// The packs in the order in which they are read: as large files want them, then as they are named.
    order: Vec<PackId>,
}

impl DataPlan {
    fn complete_order(&mut self) {
        let ordered: HashSet<PackId> = self.order.iter().copied().collect();
        self.order.extend(self.chunks.keys().filter(|id| !ordered.contains(id)));
    }
}

/// Puts the blobs first that are wanted first, in that order.
fn put_first(blobs: &mut [(BlobId, u64)], first: &[(BlobId, u64)]) {
    let mut ranks = HashMap::new();
    for (rank, (id, _)) in first.iter().enumerate() {
        ranks.entry(*id).or_insert(rank);
    }
    blobs.sort_by_key(|(id, _)| ranks.get(id).copied().unwrap_or(usize::MAX));
}

type Blocks = Vec<(BlockRow, Vec<ChunkRow>)>;

/// Blocks of one pack as they were read.
struct Part {
    id: PackId,
    key: String,
    /// Offset in the pack, and bytes.
    pieces: Vec<(u64, Vec<u8>)>,
    blocks: Blocks,
}

/// The ranges of a pack that hold the blocks; near ones become one.
fn ranges_of(blocks: &Blocks) -> Vec<Range<u64>> {
    let mut ranges: Vec<Range<u64>> = Vec::new();
    for (block, _) in blocks {
        let start = u64::from(block.offset);
        let end = start + u64::from(block.header().file_len());
        match ranges.last_mut() {
            Some(last) if start - last.end <= MAX_GAP => last.end = end,
            _ => ranges.push(start..end),
        }
    }
    ranges
}

/// Stores blocks as they come.
struct Writer<'w> {
    fetch: &'w Fetch<'w>,
    lane: Lane<'w>,
    written: u64,
    waiting: u64,
}

impl<'w> Writer<'w> {
    fn new(fetch: &'w Fetch<'w>, session: &'w Session) -> Result<Self, SyncError> {
        let codec = BlockCodec::new(fetch.level, true)?;
        let block_bytes = fetch.store.params().small_file_block_bytes;
        let lane = Lane::new(session, PackKind::Data, block_bytes, codec);
        Ok(Self { fetch, lane, written: 0, waiting: 0 })
    }

    /// Stores the blocks of a part, and says where they came to lie.
    fn write(&mut self, part: &Part) -> Result<Landing, SyncError> {
        let mut landing = Landing::default();
        for (block, rows) in &part.blocks {
            let stored = part.stored(block)?;
            let chunks: Vec<_> = rows.iter().map(|row| (row.address, row.raw_len)).collect();
            self.lane.append(stored, &chunks, &mut |_, at| landing.note(block, &at))?;
            self.waiting += u64::from(block.header().file_len());
        }
        if self.waiting >= PUBLISH_BYTES {
            self.publish()?;
        }
        Ok(landing)
    }

    fn publish(&mut self) -> Result<(), SyncError> {
        let packs = sealed(&mut self.lane)?;
        self.written += packs.iter().map(|p| p.bytes).sum::<u64>();
        self.waiting = 0;
        self.fetch.store.publish(packs, &HashSet::new(), |_| Ok::<_, SyncError>(()))
    }

    fn finish(mut self) -> Result<u64, SyncError> {
        self.publish()?;
        Ok(self.written)
    }
}

impl Part {
    /// The stored bytes of a block, which must have the hash that the trailer names.
    fn stored(&self, block: &BlockRow) -> Result<Compressed<'_>, SyncError> {
        let start = u64::from(block.offset);
        let at = self.pieces.partition_point(|(from, _)| *from <= start);
        let (from, bytes) = &self.pieces[at.saturating_sub(1)];
        let body = (start - from) as usize + BLOCK_HEADER_LEN;
        let stored = bytes.get(body..body + block.stored_len as usize).unwrap_or_default();
        let hash = StoredHash::of(stored);
        if hash != block.hash {
            let why = format!("the block at {start} has another hash");
            return Err(SyncError::damaged(self.key.as_str(), why));
        }
        let (raw_len, codec) = (block.raw_len, block.codec);
        Ok(Compressed { stored, raw_len, codec, hash })
    }
}

/// Where chunks of the remote's packs lie here.
struct ToLocal<'l> {
    fetch: &'l Fetch<'l>,
    lists: RefCell<HashMap<PackId, PackChunks>>,
}

impl Relocation for ToLocal<'_> {
    type Error = SyncError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, SyncError> {
        let mut lists = self.lists.borrow_mut();
        if let Some(chunks) = lists.get(&pack) {
            return Ok(Some(chunks.clone()));
        }
        if lists.len() >= MAX_LISTS {
            lists.clear();
        }
        let record = self.fetch.state.packs.get(&pack);
        let unlisted = || SyncError::damaged(Area::Pack.key(pack), "it is named and not listed");
        let trailer =
            read_trailer(self.fetch.remote.transport, pack, record.ok_or_else(unlisted)?)?;
        let chunks: PackChunks = trailer.rows().collect::<Vec<_>>().into();
        lists.insert(pack, chunks.clone());
        Ok(Some(chunks))
    }

    fn place(&self, _: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, SyncError> {
        let found = self.fetch.store.catalog().find(PackKind::Data, &chunk.0)?;
        Ok(found.ok_or(StoreError::Missing(chunk.0))?)
    }
}
