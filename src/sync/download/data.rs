//! The data of a fetch: which blocks of which packs, read and written to packs here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::{Fetch, sealed};
use crate::id::{BlobId, PackId};
use crate::pack::layout::{BLOCK_HEADER_LEN, HEADER_LEN};
use crate::pack::{BlockCodec, BlockRow, ChunkRow, Compressed, PackKind, StoredHash, Trailer};
use crate::progress::Cancel;
use crate::recipe::Run;
use crate::store::lane::Lane;
use crate::store::session::Session;
use crate::sync::SyncError;
use crate::sync::arriving::{Arriving, Beside, Landing};
use crate::sync::lookup::FindBlobs;
use crate::sync::root::Area;
use crate::sync::trailers::read_trailer;

/// Blocks nearer to each other than this are read in one request, in bytes.
const MAX_GAP: u64 = 512 << 10;
/// Data is published after so many bytes, so that a fetch that is cut short is not for nothing.
const PUBLISH_BYTES: u64 = 512 << 20;
/// Files of more bytes are wanted one after the other; smaller ones as their packs come.
const SMALL_BYTES: u64 = 1 << 20;

impl Fetch<'_> {
    /// Which chunks of which packs make up the blobs.
    pub(super) fn plan(
        &self,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
    ) -> Result<DataPlan, SyncError> {
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
    pub(super) fn bring_data(
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

    pub(super) fn wanted_blocks(
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
}

/// What is done beside the download of data, and how it sees that.
pub(super) type Watched<'w> = (&'w dyn Beside, &'w Arriving<'w>);

/// What is to be read of packs of the remote.
#[derive(Default)]
pub(super) struct DataPlan {
    /// Wanted chunks of each pack, by their index.
    pub(super) chunks: BTreeMap<PackId, Vec<u32>>,
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
pub(super) fn put_first(blobs: &mut [(BlobId, u64)], first: &[(BlobId, u64)]) {
    let mut ranks = HashMap::new();
    for (rank, (id, _)) in first.iter().enumerate() {
        ranks.entry(*id).or_insert(rank);
    }
    blobs.sort_by_key(|(id, _)| ranks.get(id).copied().unwrap_or(usize::MAX));
}

pub(super) type Blocks = Vec<(BlockRow, Vec<ChunkRow>)>;

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
