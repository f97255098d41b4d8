//! The data of a fetch: which blocks of which packs, read and written to packs here.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use crossbeam_channel::{Receiver, bounded, unbounded};

use super::{Fetch, sealed};
use crate::id::{BlobId, PackId};
use crate::pack::{BlockCodec, PackKind, Trailer};
use crate::progress::Cancel;
use crate::recipe::Run;
use crate::store::lane::Lane;
use crate::store::session::Session;
use crate::sync::SyncError;
use crate::sync::arriving::{Arriving, Beside, Landing};
use crate::sync::blocks::{Blocks, Part, read_blocks};
use crate::sync::lookup::FindBlobs;
use crate::sync::state::State;
use crate::sync::trailers::read_trailer;

/// Data is published after so many bytes, so that a fetch that is cut short is not for nothing.
const PUBLISH_BYTES: u64 = 512 << 20;
/// Files of more bytes are wanted one after the other; smaller ones as their packs come.
const SMALL_BYTES: u64 = 1 << 20;

impl Fetch<'_> {
    /// Reads the wanted blocks and stores them; publishes every so often.
    pub(super) fn bring_data(
        &self,
        session: &Session,
        plan: &DataPlan,
        beside: Option<Watched<'_>>,
        rigour: Rigour,
    ) -> Result<BroughtData, SyncError> {
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
                        let part = self.read_part(id, chunks, arriving.is_some(), rigour);
                        let ends = part.as_ref().is_err_and(|e| !rigour.passes_over(e));
                        if stop.is_cancelled() || give.send(part).is_err() || ends {
                            return;
                        }
                    }
                });
            }
            drop(give);
            let written = self.write_parts(session, &take, arriving, rigour);
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
        rigour: Rigour,
    ) -> Result<BroughtData, SyncError> {
        let mut writer = Writer::new(self, session)?;
        let mut brought = BroughtData::default();
        for part in parts {
            let part = match part {
                Err(e) if rigour == Rigour::Proven && e.is_theirs() => {
                    let ends = !rigour.passes_over(&e);
                    brought.failure.get_or_insert(e);
                    if ends {
                        break;
                    }
                    continue;
                }
                part => part?,
            };
            let landing = writer.write(&part)?;
            if let Some(arriving) = arriving {
                arriving.note(part.id, landing);
            }
        }
        brought.stored_bytes = writer.finish()?;
        Ok(brought)
    }

    /// Reads the blocks of a pack that hold wanted chunks: `all`, or those which are not here yet.
    fn read_part(
        &self,
        id: PackId,
        chunks: &[u32],
        all: bool,
        rigour: Rigour,
    ) -> Result<Part, SyncError> {
        self.cancel.check()?;
        let record = *self.state.listed(id)?;
        let trailer = read_trailer(self.remote.transport, id, &record)?;
        let wanted = self.wanted_blocks(&trailer, chunks, all)?;
        let part = read_blocks(self.remote.transport, (id, &record), wanted)?;
        if rigour == Rigour::Proven {
            part.prove()?;
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

/// How closely what comes is looked at, and what happens to what is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Rigour {
    /// Blocks are compared with the hashes that their pack names; the first one that is wrong ends it.
    Listed,
    /// Every chunk is compared with its own address, too; a pack that is wrong or gone is passed over, since
    /// another remote may have what it holds.
    Proven,
}

impl Rigour {
    /// Whether other packs are worth asking for after this: not where the remote does not answer.
    fn passes_over(self, e: &SyncError) -> bool {
        self == Self::Proven && (matches!(e, SyncError::Damaged { .. }) || e.is_missing_key())
    }
}

/// What was read of packs of a remote, and stored.
#[derive(Debug, Default)]
pub(super) struct BroughtData {
    /// Bytes that were written.
    pub(super) stored_bytes: u64,
    /// Why not all of it came.
    pub(super) failure: Option<SyncError>,
}

/// What is done beside the download of data, and how it sees that.
pub(super) type Watched<'w> = (&'w dyn Beside, &'w Arriving<'w>);

/// What is to be read of packs of the remote.
#[derive(Default)]
pub(in crate::sync) struct DataPlan {
    /// Wanted chunks of each pack, by their index.
    pub(in crate::sync) chunks: BTreeMap<PackId, Vec<u32>>,
    /// The packs in the order in which they are read: as large files want them, then as they are named.
    pub(in crate::sync) order: Vec<PackId>,
}

impl DataPlan {
    /// Adds the chunks that make up a blob.
    pub(in crate::sync) fn add(
        &mut self,
        state: &State,
        find: &dyn FindBlobs,
        blob: (BlobId, u64),
    ) -> Result<(), SyncError> {
        let (_, size) = blob;
        for (pack, range) in chunks_of(state, find, blob)? {
            let chunks = self.chunks.entry(pack).or_default();
            if size > SMALL_BYTES && chunks.is_empty() {
                self.order.push(pack);
            }
            chunks.extend(range);
        }
        Ok(())
    }

    /// Brings the chunks of each pack, and the packs, into the order in which they are read.
    pub(in crate::sync) fn finish(mut self) -> Self {
        for chunks in self.chunks.values_mut() {
            chunks.sort_unstable();
            chunks.dedup();
        }
        self.complete_order();
        self
    }

    fn complete_order(&mut self) {
        let ordered: HashSet<PackId> = self.order.iter().copied().collect();
        self.order.extend(self.chunks.keys().filter(|id| !ordered.contains(id)));
    }
}

/// The chunks that make up a blob, by packs that a state lists.
pub(in crate::sync) fn chunks_of(
    state: &State,
    find: &dyn FindBlobs,
    (id, size): (BlobId, u64),
) -> Result<Vec<(PackId, Range<u32>)>, SyncError> {
    let mut found = Vec::new();
    match find.chunk(id, size)? {
        Some(at) => found.push((at.pack, at.place.chunk..at.place.chunk + 1)),
        None => find.for_each_page(id, size, &mut |page| {
            for run in &page.runs {
                if let Run::Stored(run) = run {
                    let range = run.first_chunk..run.first_chunk.saturating_add(run.count);
                    found.push((page.packs[run.pack as usize], range));
                }
            }
        })?,
    }
    found.iter().try_for_each(|(pack, _)| state.listed(*pack).map(|_| ()))?;
    Ok(found)
}

/// Puts the blobs first that are wanted first, in that order.
pub(super) fn put_first(blobs: &mut [(BlobId, u64)], first: &[(BlobId, u64)]) {
    let mut ranks = HashMap::new();
    for (rank, (id, _)) in first.iter().enumerate() {
        ranks.entry(*id).or_insert(rank);
    }
    blobs.sort_by_key(|(id, _)| ranks.get(id).copied().unwrap_or(usize::MAX));
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
