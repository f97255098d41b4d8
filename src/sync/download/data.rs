//! The data of a fetch: which blocks of which packs, read and written to packs here.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::io::Write;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::incoming::{Incoming, Watch};
use super::{Fetch, sealed};
use crate::id::{BlobId, PackId};
use crate::pack::{BlockCodec, PackKind, Trailer};
use crate::progress::Cancel;
use crate::recipe::Run;
use crate::remote::{Fault, TransportError};
use crate::store::lane::{Lane, SealedPack};
use crate::store::session::Session;
use crate::sync::SyncError;
use crate::sync::arriving::{Arriving, Beside};
use crate::sync::blocks::{Blocks, SHORT, ranges_to_read};
use crate::sync::lookup::FindBlobs;
use crate::sync::root::Area;
use crate::sync::state::{PackRecord, State};
use crate::sync::trailers::read_trailer;

/// Data is published after so many bytes, so that a fetch that is cut short is not for nothing.
const PUBLISH_BYTES: u64 = 512 << 20;
/// Files of more bytes are wanted one after the other; smaller ones as their packs come.
const SMALL_BYTES: u64 = 1 << 20;

/// Packs up to this length, in bytes, are stored in one pack here, whoever reads them.
const SHORT_PACK_BYTES: u64 = 4 << 20;

impl Fetch<'_> {
    /// Reads the wanted blocks and stores them as they come; publishes every so often.
    ///
    /// Each of some threads reads a pack after the other, and writes it to a pack of its own.
    pub(super) fn bring_data(
        &self,
        session: &Session,
        plan: &DataPlan,
        beside: Option<Watched<'_>>,
        rigour: Rigour,
    ) -> Result<BroughtData, SyncError> {
        let is_split = beside.is_some_and(|(beside, _)| beside.begins_at_both_ends());
        let order = if is_split { from_both_ends(&plan.order) } else { plan.order.clone() };
        let packs = order.iter().filter_map(|id| self.state.packs.get(id));
        self.progress.begin("downloading", Some(packs.map(|p| p.bytes).sum()), None);
        let (jobs, queue) = unbounded();
        for id in order {
            let _ = jobs.send((id, &*plan.chunks[&id]));
        }
        drop(jobs);
        let (give, take) = unbounded();
        let (stop, short) = (Cancel::new(), Mutex::new(self.lane(session)?));
        let arriving = beside.map(|(_, arriving)| arriving);
        let result = std::thread::scope(|scope| {
            if let Some((beside, arriving)) = beside {
                scope.spawn(move || beside.run(arriving));
            }
            let bringing = Bringing { fetch: self, arriving, stop: &stop, rigour, short: &short };
            for _ in 0..self.downloads.max(1) {
                let (queue, give) = (queue.clone(), give.clone());
                let lane = self.lane(session)?;
                scope.spawn(move || bringing.run(&queue, lane, &give));
            }
            drop(give);
            let written = self.publish_parts(&take, &short, rigour, &stop);
            stop.cancel();
            // Whoever waits for a pack must not wait for ever.
            if let Some(arriving) = arriving {
                arriving.end();
            }
            written
        });
        self.progress.finish();
        result
    }

    fn lane<'s>(&self, session: &'s Session) -> Result<Lane<'s>, SyncError> {
        let codec = BlockCodec::new(self.level, true)?;
        let block_bytes = self.store.params().small_file_block_bytes;
        Ok(Lane::new(session, PackKind::Data, block_bytes, codec))
    }

    /// Publishes packs as they are handed over, and the one of short packs at the end.
    fn publish_parts(
        &self,
        parts: &Receiver<Result<Vec<SealedPack>, SyncError>>,
        short: &Mutex<Lane<'_>>,
        rigour: Rigour,
        stop: &Cancel,
    ) -> Result<BroughtData, SyncError> {
        let mut brought = BroughtData::default();
        let mut waiting = Vec::new();
        for part in parts {
            match part {
                Ok(packs) => waiting.extend(packs),
                Err(e) if rigour == Rigour::Proven && e.is_theirs() => {
                    if !rigour.passes_over(&e) {
                        stop.cancel();
                    }
                    brought.failure.get_or_insert(e);
                }
                // What was wrong first is what counts.
                Err(SyncError::Cancelled(_)) if brought.failure.is_some() => {}
                Err(e) => return Err(e),
            }
            if waiting.iter().map(|pack| pack.bytes).sum::<u64>() >= PUBLISH_BYTES {
                brought.stored_bytes += self.publish(std::mem::take(&mut waiting))?;
            }
        }
        let mut short = short.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.extend(sealed(&mut short)?);
        brought.stored_bytes += self.publish(waiting)?;
        Ok(brought)
    }

    fn publish(&self, packs: Vec<SealedPack>) -> Result<u64, SyncError> {
        let bytes = packs.iter().map(|pack| pack.bytes).sum();
        self.store.publish(packs, &HashSet::new(), |_| Ok::<_, SyncError>(()))?;
        Ok(bytes)
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

/// What the threads that read packs share.
#[derive(Clone, Copy)]
struct Bringing<'b, 's> {
    fetch: &'b Fetch<'b>,
    arriving: Option<&'b Arriving<'b>>,
    stop: &'b Cancel,
    rigour: Rigour,
    short: &'b Mutex<Lane<'s>>,
}

type Give = Sender<Result<Vec<SealedPack>, SyncError>>;

impl Bringing<'_, '_> {
    /// Reads packs of a queue, and hands over the packs that became of them; ends at the first that fails for
    /// good.
    fn run(self, queue: &Receiver<(PackId, &[u32])>, mut lane: Lane<'_>, give: &Give) {
        for (id, chunks) in queue {
            let read = self.read(id, chunks, &mut lane);
            let ends = read.as_ref().is_err_and(|e| !self.rigour.passes_over(e));
            let filled = synced(lane.take_sealed());
            let is_given = give.send(filled).is_ok()
                && read.map_or_else(|e| give.send(Err(e)).is_ok(), |()| true);
            if ends || !is_given {
                break;
            }
        }
        // What came of a pack that failed later counts too.
        let _ = give.send(sealed(&mut lane));
    }

    /// Reads the blocks of a pack that hold wanted chunks: all of them where somebody waits, or those which
    /// are not here yet.
    fn read(self, id: PackId, chunks: &[u32], lane: &mut Lane<'_>) -> Result<(), SyncError> {
        let Fetch { remote, state, .. } = *self.fetch;
        self.stop.check()?;
        let record = *state.listed(id)?;
        let trailer = read_trailer(remote.transport, id, &record)?;
        let blocks = self.fetch.wanted_blocks(&trailer, chunks, self.arriving.is_some())?;
        let from = (id, &record, &blocks);
        if record.bytes > SHORT_PACK_BYTES {
            return self.store(from, lane, &mut |key, range, out| {
                remote.transport.read(key, Some(range), out).map(|_| ())
            });
        }
        // Nobody may wait for the lane of all while something is on its way.
        let mut pieces = VecDeque::new();
        for range in ranges_to_read(&record, &blocks) {
            let mut piece = Vec::new();
            remote.transport.read(&Area::Pack.key(id), Some(range), &mut piece)?;
            pieces.push_back(piece);
        }
        let mut short = self.short.lock().unwrap_or_else(PoisonError::into_inner);
        self.store(from, &mut short, &mut |key, _, out| {
            let piece = pieces.pop_front().unwrap_or_default();
            let fail = |e| TransportError::new("read", "", key, Fault::Failed, e);
            out.write_all(&piece).map_err(fail)
        })
    }

    fn store(
        self,
        (id, record, blocks): (PackId, &PackRecord, &Blocks),
        lane: &mut Lane<'_>,
        read: &mut ReadRange<'_>,
    ) -> Result<(), SyncError> {
        let key = Area::Pack.key(id);
        let watch = Watch {
            arriving: self.arriving,
            progress: self.fetch.progress,
            stops: [self.stop, self.fetch.cancel],
            is_proving: self.rigour == Rigour::Proven,
        };
        let mut incoming = Incoming::new((&key, id), blocks, lane, watch);
        for range in ranges_to_read(record, blocks) {
            incoming.begin_at(range.start);
            let read = read(&key, range.clone(), &mut incoming);
            if let Some(e) = incoming.take_failure() {
                return Err(e);
            }
            read?;
            if incoming.at() != range.end {
                return Err(SyncError::damaged(key.as_str(), SHORT));
            }
        }
        incoming.finish();
        let stored: u64 =
            blocks.iter().map(|(block, _)| u64::from(block.header().file_len())).sum();
        self.fetch.progress.advance(record.bytes.saturating_sub(stored), 0);
        Ok(())
    }
}

/// Writes a range of the bytes under a key.
type ReadRange<'r> = dyn FnMut(&str, Range<u64>, &mut dyn Write) -> Result<(), TransportError> + 'r;

fn synced(mut packs: Vec<SealedPack>) -> Result<Vec<SealedPack>, SyncError> {
    packs.iter_mut().try_for_each(SealedPack::sync)?;
    Ok(packs)
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
    each_range_of(find, (id, size), &mut |pack, range| found.push((pack, range)))?;
    found.iter().try_for_each(|(pack, _)| state.listed(*pack).map(|_| ()))?;
    Ok(found)
}

/// Visits the chunks that make up a blob, by their packs.
pub(in crate::sync) fn each_range_of(
    find: &dyn FindBlobs,
    (id, size): (BlobId, u64),
    visit: &mut dyn FnMut(PackId, Range<u32>),
) -> Result<(), SyncError> {
    if let Some(at) = find.chunk(id, size)? {
        visit(at.pack, at.place.chunk..at.place.chunk + 1);
        return Ok(());
    }
    find.for_each_page(id, size, &mut |page| {
        for run in &page.runs {
            if let Run::Stored(run) = run {
                let range = run.first_chunk..run.first_chunk.saturating_add(run.count);
                visit(page.packs[run.pack as usize], range);
            }
        }
    })
}

/// The first, the last, the second, the last but one, and so on.
fn from_both_ends(order: &[PackId]) -> Vec<PackId> {
    let pairs = order.iter().zip(order.iter().rev());
    pairs.flat_map(|(first, last)| [*first, *last]).take(order.len()).collect()
}

/// Puts the blobs first that are wanted first, in that order.
pub(super) fn put_first(blobs: &mut [(BlobId, u64)], first: &[(BlobId, u64)]) {
    let mut ranks = HashMap::new();
    for (rank, (id, _)) in first.iter().enumerate() {
        ranks.entry(*id).or_insert(rank);
    }
    blobs.sort_by_key(|(id, _)| ranks.get(id).copied().unwrap_or(usize::MAX));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;

    #[test]
    fn packs_are_taken_from_both_ends_once_each() {
        let id = |random| PackId { session: SessionId { seq: 1, random: 1 }, random };
        let order = |count: u64| -> Vec<u64> {
            let ids: Vec<PackId> = (0..count).map(id).collect();
            from_both_ends(&ids).into_iter().map(|id| id.random).collect()
        };
        assert!(order(0).is_empty());
        assert_eq!(order(1), [0]);
        assert_eq!(order(4), [0, 3, 1, 2]);
        assert_eq!(order(5), [0, 4, 1, 3, 2]);
    }
}
