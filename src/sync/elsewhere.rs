//! Another remote that a push takes from what is not here: read block by block, and sent on.
//!
//! Nothing of it is stored here. Some packs are read at a time, each block is compared with the hash that its
//! pack names and each chunk with its address, and what is wanted goes into packs of the push, by the rules
//! that hold for what is here. What one remote has damaged is asked of the next.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use super::blocks::{Part, RawBlock, read_blocks};
use super::chain::Remote;
use super::download::{DataPlan, chunks_of};
use super::lookup::FindBlobs;
use super::places::Index;
use super::state::State;
use super::trailers::listed_trailer;
use super::upload::{Gathered, MAX_LISTS, Sink, ToRemote};
use super::{Refused, SyncError};
use crate::id::{BlobId, PackId};
use crate::pack::{BlockCodec, BlockRow, ChunkRow, PackKind, Trailer};
use crate::store::relocate::{self, Lists};

/// Of a pack so much is read at once: some are on their way at the same time, beside the packs that are sent.
const SLICE_BYTES: u64 = 8 << 20;

/// A remote that has what is not here.
pub struct Elsewhere<'e> {
    /// Its name, for people.
    pub name: &'e str,
    /// The remote.
    pub remote: &'e Remote<'e>,
    /// What its newest root holds.
    pub state: &'e State,
    /// How contents lie there.
    pub find: &'e dyn FindBlobs,
    /// How many packs are read at once, at least 1.
    pub downloads: usize,
}

/// Whether one of some remotes has a content.
pub(super) fn has(elsewhere: &[Elsewhere<'_>], id: BlobId, size: u64) -> Result<bool, SyncError> {
    for source in elsewhere {
        match source.find.has(id, size) {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(e) if e.is_theirs() => {}
            Err(e) => return Err(e),
        }
    }
    Ok(false)
}

/// How many chunks of contents the other side lacks, and the bytes that they take where they are.
pub(super) fn planned(
    elsewhere: &[Elsewhere<'_>],
    far: &[(BlobId, u64)],
    present: &Index,
) -> Result<(u64, u64), SyncError> {
    let (mut left, mut chunks, mut bytes) = (far.to_vec(), 0, 0);
    for source in elsewhere {
        let (plan, _, rest) = source.plan(left)?;
        left = rest;
        for (pack, wanted) in &plan.finish().chunks {
            for part in wanted_parts(&*source.trailer(*pack)?, wanted) {
                let mut absent = 0;
                for index in &part.wanted {
                    let address = &part.rows[*index].address;
                    absent += u64::from(present.find(address)?.is_none());
                }
                chunks += absent;
                let (all, stored) = (part.rows.len() as u64, u64::from(part.block.stored_len));
                let sent = if part.is_whole() && absent > 0 { all } else { absent };
                bytes += stored * sent / all.max(1);
            }
        }
    }
    Ok((chunks, bytes))
}

/// Where what is streamed goes.
pub(super) struct Into<'i, 's, 'u> {
    pub(super) sink: &'i mut Sink<'s, 'u>,
    pub(super) codec: &'i mut BlockCodec,
    pub(super) gathered: &'i mut Gathered,
    /// What the other side has.
    pub(super) present: &'i Index,
    /// Packs of it that are relied on for that.
    pub(super) relied: &'i RefCell<BTreeSet<PackId>>,
}

/// Which contents came from which of the remotes.
pub(super) type Sent = Vec<Vec<(BlobId, u64)>>;

/// Sends the data of contents that are elsewhere; `None` where that was only a portion of it.
pub(super) fn send_far(
    elsewhere: &[Elsewhere<'_>],
    far: &[(BlobId, u64)],
    to: &mut Into<'_, '_, '_>,
) -> Result<Option<Sent>, SyncError> {
    let (mut left, mut sent, mut failure) = (far.to_vec(), Sent::new(), None);
    for (at, source) in elsewhere.iter().enumerate() {
        if left.is_empty() {
            break;
        }
        let (plan, planned, mut rest) = source.plan(left)?;
        let Some(lost) = source.stream(plan.finish(), to)? else { return Ok(None) };
        let mut came = Vec::new();
        for blob in planned {
            let chunks = chunks_of(source.state, source.find, blob)?;
            let is_lost = chunks.iter().any(|(pack, _)| lost.packs.contains(pack));
            if is_lost { &mut rest } else { &mut came }.push(blob);
        }
        if let (Some(e), Some(next)) = (&lost.failure, elsewhere.get(at + 1)) {
            to.sink.progress().passed_over(source.name, &e.to_string(), next.name);
        }
        failure = lost.failure.or(failure);
        sent.push(came);
        left = rest;
    }
    match (left.is_empty(), failure) {
        (true, _) => Ok(Some(sent)),
        (false, Some(e)) => Err(e),
        (false, None) => {
            let (files, bytes) = (left.len() as u64, left.iter().map(|(_, size)| size).sum());
            Err(Refused::Absent { files, bytes }.into())
        }
    }
}

/// Sends the recipes of contents whose data was sent.
pub(super) fn send_far_recipes(
    elsewhere: &[Elsewhere<'_>],
    sent: &Sent,
    to: &mut Into<'_, '_, '_>,
) -> Result<(), SyncError> {
    for (source, blobs) in elsewhere.iter().zip(sent) {
        let lists = Lists::new(MAX_LISTS);
        let read = |pack| Ok(relocate::chunks_of(&*source.trailer(pack)?));
        for &(id, size) in blobs {
            let is_there = to.sink.own.find(PackKind::Layout, &id.into()).is_some();
            if is_there || source.find.chunk(id, size)?.is_some() {
                continue;
            }
            for (address, bytes) in source.find.layout(id, size)? {
                let (own, present, relied) = (&*to.sink.own, to.present, to.relied);
                let there = ToRemote { read: &read, own, present, relied, lists: &lists };
                let bytes = relocate::relocate(&bytes, &there)?.unwrap_or(bytes);
                to.sink.gather(PackKind::Layout, to.codec, to.gathered, (address, &bytes))?;
            }
        }
    }
    Ok(())
}

/// Packs that could not be read, or are not what they must be.
#[derive(Default)]
struct Lost {
    packs: HashSet<PackId>,
    failure: Option<SyncError>,
}

type Blobs = Vec<(BlobId, u64)>;

impl Elsewhere<'_> {
    /// What is to be read of it for some contents; those that this is about, and others.
    fn plan(&self, blobs: Blobs) -> Result<(DataPlan, Blobs, Blobs), SyncError> {
        let (mut plan, mut planned, mut rest) = (DataPlan::default(), Vec::new(), Vec::new());
        for (id, size) in blobs {
            let added = match self.find.has(id, size) {
                Ok(true) => plan.add(self.state, self.find, (id, size)).map(|()| true),
                found => found,
            };
            match added {
                Ok(true) => planned.push((id, size)),
                Ok(false) => rest.push((id, size)),
                Err(e) if e.is_theirs() => rest.push((id, size)),
                Err(e) => return Err(e),
            }
        }
        Ok((plan, planned, rest))
    }

    fn trailer(&self, id: PackId) -> Result<std::sync::Arc<Trailer>, SyncError> {
        listed_trailer(self.remote.transport, self.state, id)
    }

    /// Reads what is planned and sends it on; gives the packs that failed, or `None` where only a portion
    /// was sent.
    fn stream(&self, plan: DataPlan, to: &mut Into<'_, '_, '_>) -> Result<Option<Lost>, SyncError> {
        let mut lost = Lost::default();
        for ids in plan.order.chunks(self.downloads.max(1)) {
            let mut jobs = Vec::new();
            for id in ids {
                match self.needed(*id, &plan.chunks[id], to) {
                    Ok(parts) => jobs.extend(in_slices(parts).into_iter().map(|part| (*id, part))),
                    Err(e) => lost.note(*id, e)?,
                }
            }
            let mut jobs = jobs.into_iter();
            loop {
                let next: Vec<_> = jobs.by_ref().take(self.downloads.max(1)).collect();
                if next.is_empty() {
                    break;
                }
                if to.sink.is_portion_sent() {
                    return Ok(None);
                }
                for ((id, parts), read) in self.read(next) {
                    match read {
                        Ok(part) => send_part(&part, &parts, to)?,
                        Err(e) => lost.note(id, e)?,
                    }
                }
            }
        }
        Ok(Some(lost))
    }

    /// The blocks of a pack of which chunks are to be sent: neither sent nor there yet.
    fn needed(
        &self,
        id: PackId,
        chunks: &[u32],
        to: &Into<'_, '_, '_>,
    ) -> Result<Vec<WantedPart>, SyncError> {
        let mut parts = wanted_parts(&*self.trailer(id)?, chunks);
        for part in &mut parts {
            let is_whole = part.is_whole();
            let mut needed = Vec::new();
            for index in &part.wanted {
                let address = &part.rows[*index].address;
                if to.sink.own.find(PackKind::Data, address).is_some() {
                    continue;
                }
                match to.present.find(address)? {
                    Some(at) => drop(to.relied.borrow_mut().insert(at.pack)),
                    None => needed.push(*index),
                }
            }
            if !is_whole || needed.is_empty() {
                part.wanted = needed;
            }
        }
        parts.retain(|part| !part.wanted.is_empty());
        Ok(parts)
    }

    /// Reads blocks of several packs at once, and compares every chunk with its address.
    #[expect(clippy::type_complexity, reason = "a job and what came of it")]
    fn read(
        &self,
        jobs: Vec<(PackId, Vec<WantedPart>)>,
    ) -> Vec<((PackId, Vec<WantedPart>), Result<Part, SyncError>)> {
        let read = |(id, parts): &(PackId, Vec<WantedPart>)| {
            let blocks = parts.iter().map(|part| (part.block, part.rows.clone())).collect();
            let part = read_blocks(self.remote.transport, (*id, &self.state.packs[id]), blocks)?;
            part.prove()?;
            Ok(part)
        };
        let results: Vec<Result<Part, SyncError>> = std::thread::scope(|scope| {
            let read = &read;
            let running: Vec<_> = jobs.iter().map(|job| scope.spawn(move || read(job))).collect();
            running.into_iter().map(|r| r.join().expect("a reader does not panic")).collect()
        });
        jobs.into_iter().zip(results).collect()
    }
}

impl Lost {
    /// Notes a pack that failed; an error that is not the remote's ends all.
    fn note(&mut self, id: PackId, e: SyncError) -> Result<(), SyncError> {
        if !e.is_theirs() {
            return Err(e);
        }
        self.packs.insert(id);
        self.failure.get_or_insert(e);
        Ok(())
    }
}

/// A block of which chunks are wanted.
struct WantedPart {
    block: BlockRow,
    rows: Vec<ChunkRow>,
    /// Those that are wanted, by their index in the block.
    wanted: Vec<usize>,
}

impl WantedPart {
    fn is_whole(&self) -> bool {
        self.wanted.len() == self.rows.len()
    }
}

/// Blocks of a pack in parts that are read one by one, however large the pack is.
fn in_slices(parts: Vec<WantedPart>) -> Vec<Vec<WantedPart>> {
    let (mut slices, mut bytes) = (Vec::<Vec<WantedPart>>::new(), 0);
    for part in parts {
        let len = u64::from(part.block.header().file_len());
        match slices.last_mut() {
            Some(slice) if bytes + len <= SLICE_BYTES => {
                slice.push(part);
                bytes += len;
            }
            _ => {
                slices.push(vec![part]);
                bytes = len;
            }
        }
    }
    slices
}

/// The blocks of a pack that hold wanted chunks, which ascend.
fn wanted_parts(trailer: &Trailer, chunks: &[u32]) -> Vec<WantedPart> {
    let (mut first, mut parts) = (0u32, Vec::new());
    for (block, rows) in trailer.blocks_with_chunks() {
        let start = first;
        first += rows.len() as u32;
        let from = chunks.partition_point(|chunk| *chunk < start);
        let to = chunks.partition_point(|chunk| *chunk < first);
        let wanted: Vec<usize> =
            chunks[from..to].iter().map(|chunk| (*chunk - start) as usize).collect();
        if !wanted.is_empty() {
            parts.push(WantedPart { block: *block, rows: rows.to_vec(), wanted });
        }
    }
    parts
}

/// A block that is wanted whole goes on as it is stored; of another one the wanted chunks, compressed anew.
fn send_part(
    part: &Part,
    wanted: &[WantedPart],
    to: &mut Into<'_, '_, '_>,
) -> Result<(), SyncError> {
    let mut raw = RawBlock::default();
    for wanted in wanted {
        if wanted.is_whole() {
            let chunks: Vec<_> = wanted.rows.iter().map(|row| (row.address, row.raw_len)).collect();
            to.sink.append(PackKind::Data, part.stored(&wanted.block)?, &chunks)?;
            continue;
        }
        raw.read(part, &wanted.block)?;
        for (index, (row, bytes)) in raw.chunks(&wanted.rows).enumerate() {
            if wanted.wanted.binary_search(&index).is_ok() {
                let chunk = (row.address, bytes);
                to.sink.gather(PackKind::Data, to.codec, to.gathered, chunk)?;
            }
        }
    }
    Ok(())
}
