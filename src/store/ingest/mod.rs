//! From files to packs: reads, chunks, hashes, claims, compresses, verifies and appends, on all cores.
//!
//! A blob is touched once. Memory is bounded by the number of workers, not by the data: a worker holds
//! one small-file buffer, one block and a few segments of a large file. Every so often (see
//! [`CheckpointRule`]) all workers seal their packs and what was read so far is published, so that a
//! killed run starts again from there.

mod batch;
mod buffer;
mod large;
pub(super) mod layout;
mod publisher;
mod schedule;
mod segment;
mod small;
mod worker;

use std::collections::{BTreeMap, HashMap};
use std::io::Read;
use std::sync::{Mutex, PoisonError};

use crossbeam_channel::{Sender, bounded};

use self::batch::FileChunk;
use self::layout::FileLayout;
use self::publisher::{Message, Publisher, Round};
use self::schedule::Schedule;
pub use self::schedule::{CheckpointRule, LARGE_FILE_BYTES};
use self::worker::Worker;
use super::lane::{Lane, SealedPack};
use super::session::Session;
use super::{Store, StoreError};
use crate::catalog::{CatalogError, Claims, Location};
use crate::chunk::Chunker;
use crate::format::FormatParameters;
use crate::id::{Address, BlobId};
use crate::pack::codec::BlockCodec;
use crate::pack::layout::{PackError, PackKind};
use crate::progress::{Cancel, Progress};

/// Why an ingest ended early. Nothing that was published before is lost.
#[derive(Debug, thiserror::Error)]
pub enum IngestError {
    /// The store could not be written or read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog could not answer.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// A block could not be made.
    #[error(transparent)]
    Pack(#[from] PackError),
    /// A chunk was claimed by this session and never written: a defect of the program.
    #[error("chunk {0} was claimed and not written")]
    Unplaced(Address),
    /// The work was asked to stop.
    #[error("interrupted")]
    Cancelled,
    /// A thread of the ingest ended by a panic.
    #[error("a worker of the ingest failed unexpectedly")]
    WorkerDied,
}

/// Where the bytes come from. Items are numbered from 0 in the order in which they shall lie in packs.
pub trait Source: Sync {
    /// Opens item `item` for reading from its start.
    fn open(&self, item: usize) -> std::io::Result<Box<dyn SourceFile>>;

    /// What an earlier, killed run recorded of the same, unchanged item.
    fn resume(&self, item: usize) -> Option<Partial> {
        let _ = item;
        None
    }
}

/// An open item.
pub trait SourceFile: Read + Send {
    /// Moves to byte `offset` from the start.
    fn skip_to(&mut self, offset: u64) -> std::io::Result<()>;

    /// Whether the item is still what it was when it was listed, `read` bytes long.
    fn is_unchanged(&mut self, read: u64) -> std::io::Result<bool>;
}

/// How far a large file was ingested when it was recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partial {
    /// Bytes read; a multiple of the group size.
    offset: u64,
    layout: FileLayout,
}

impl Partial {
    /// The part's bytes, for a journal: offset, count of chunks, chunks, values.
    pub fn to_bytes(&self) -> Vec<u8> {
        let FileLayout { chunks, values } = &self.layout;
        let mut out = Vec::with_capacity(16 + chunks.len() * 37 + values.len() * 32);
        out.extend_from_slice(&self.offset.to_le_bytes());
        out.extend_from_slice(&(chunks.len() as u64).to_le_bytes());
        for chunk in chunks {
            out.extend_from_slice(&chunk.len.to_le_bytes());
            out.push(u8::from(chunk.address.is_some()));
            out.extend_from_slice(chunk.address.map_or([0; 32], |a| *a.as_bytes()).as_slice());
        }
        values.iter().for_each(|value| out.extend_from_slice(value));
        out
    }

    /// Puts the parts of a file together; `None` when they are no valid parts.
    pub fn from_parts<'p>(parts: impl IntoIterator<Item = &'p [u8]>) -> Option<Self> {
        let mut whole = Self { offset: 0, layout: FileLayout::default() };
        for part in parts {
            let (offset, rest) = part.split_first_chunk::<8>()?;
            let (count, rest) = rest.split_first_chunk::<8>()?;
            let bytes = usize::try_from(u64::from_le_bytes(*count)).ok()?.checked_mul(37)?;
            let (chunks, values) = rest.split_at_checked(bytes)?;
            whole.offset = u64::from_le_bytes(*offset);
            for chunk in chunks.chunks_exact(37) {
                let len = u32::from_le_bytes(*chunk.first_chunk()?);
                let address = Address::from_bytes(*chunk.last_chunk()?);
                let address = (chunk[4] == 1).then_some(address);
                whole.layout.chunks.push(FileChunk { address, len });
            }
            let (values, rest) = values.as_chunks::<32>();
            whole.layout.values.extend_from_slice(values);
            if !rest.is_empty() {
                return None;
            }
        }
        (whole.offset > 0).then_some(whole)
    }

    /// Addresses of the chunks that must still be in the store.
    pub fn addresses(&self) -> impl Iterator<Item = &Address> {
        self.layout.chunks.iter().filter_map(|c| c.address.as_ref())
    }
}

/// What became of one item.
#[derive(Debug)]
pub enum ItemResult {
    /// The item's bytes are stored (or were only hashed).
    Stored {
        /// Id of the bytes.
        id: BlobId,
        /// Their number.
        size: u64,
    },
    /// It changed each time it was read.
    Changing,
    /// It could not be opened or read.
    Unreadable(std::io::Error),
}

/// Why an item has no id.
#[derive(Debug)]
pub enum Failure {
    /// It changed each time it was read.
    Changing,
    /// It could not be opened or read.
    Unreadable(std::io::Error),
}

/// The ids of all items; compact, because there may be millions.
#[derive(Debug, Default)]
pub struct Results {
    ids: Vec<BlobId>,
    /// How many items have a result: an id that was never set must not pass for one.
    done: usize,
    sizes: HashMap<usize, u64>,
    failures: BTreeMap<usize, Failure>,
}

impl Results {
    fn new(sizes: &[u64]) -> Self {
        Self { ids: vec![BlobId::EMPTY; sizes.len()], ..Self::default() }
    }

    fn set(&mut self, item: usize, result: ItemResult, expected: u64) {
        self.done += 1;
        match result {
            ItemResult::Stored { id, size } => {
                self.ids[item] = id;
                if size != expected {
                    self.sizes.insert(item, size);
                }
            }
            ItemResult::Changing => drop(self.failures.insert(item, Failure::Changing)),
            ItemResult::Unreadable(e) => drop(self.failures.insert(item, Failure::Unreadable(e))),
        }
    }

    /// Fails unless every item has a result.
    fn complete(self) -> Result<Self, IngestError> {
        if self.done == self.ids.len() { Ok(self) } else { Err(IngestError::WorkerDied) }
    }

    /// Id of an item and its size where that is not the expected one; `None` if it failed.
    pub fn get(&self, item: usize) -> Option<(BlobId, Option<u64>)> {
        let id = self.ids.get(item)?;
        (!self.failures.contains_key(&item)).then(|| (*id, self.sizes.get(&item).copied()))
    }

    /// Items without an id, in order.
    pub fn failures(&self) -> impl Iterator<Item = (usize, &Failure)> {
        self.failures.iter().map(|(item, failure)| (*item, failure))
    }
}

/// Told what became durable, so that it can be recorded for the next run. Called from one thread.
pub trait Observer: Send {
    /// These items are stored, or will not be.
    fn published(&mut self, items: &[(usize, BlobId, u64)]);

    /// So much more of large item `item` is stored; the parts of an item come in order.
    fn partial(&mut self, item: usize, part: &Partial);
}

/// An observer that records nothing.
pub struct NoObserver;

impl Observer for NoObserver {
    fn published(&mut self, _: &[(usize, BlobId, u64)]) {}

    fn partial(&mut self, _: usize, _: &Partial) {}
}

/// How an ingest runs.
pub struct IngestOptions<'o> {
    /// Number of threads, at least 1.
    pub workers: usize,
    /// Level handed to zstd.
    pub compression_level: i32,
    /// Whether each block is decompressed and compared before it is written.
    pub verify: bool,
    /// When to make durable what was read.
    pub checkpoint: CheckpointRule,
    /// Told of bytes and files.
    pub progress: &'o dyn Progress,
    /// Asked between two pieces of work.
    pub cancel: &'o Cancel,
}

/// What an ingest did.
#[derive(Debug, Default)]
pub struct Ingested {
    /// What became of each item.
    pub results: Results,
    /// Bytes of chunks that were new.
    pub new_bytes: u64,
    /// Bytes of the packs written.
    pub stored_bytes: u64,
}

/// Stores all items of `source`; `sizes` holds the size expected of each.
pub fn ingest(
    store: &Store,
    sizes: &[u64],
    source: &dyn Source,
    observer: &mut dyn Observer,
    options: &IngestOptions<'_>,
) -> Result<Ingested, IngestError> {
    if sizes.is_empty() {
        return Ok(Ingested::default());
    }
    let session = store.start_session()?;
    // One packet may wait while another is made durable: the workers never run far ahead.
    let (sender, receiver) = bounded(4);
    let claims = Claims::new(store.catalog());
    let shared = Shared::new(
        sizes,
        source,
        store.params(),
        options,
        Some(Sink { session: &session, claims, sender }),
    );
    std::thread::scope(|scope| {
        let publisher = Publisher::new(store, &session, shared.claims(), observer, options, sizes);
        let publishing = scope.spawn(|| {
            let result = publisher.run(receiver);
            if result.is_err() {
                shared.schedule.stop();
            }
            result
        });
        let worked = run_workers(&shared, options.workers);
        shared.end();
        let published = publishing.join().map_err(|_| IngestError::WorkerDied)?;
        // A worker that stopped because the publisher failed has nothing to say.
        match (worked, published) {
            (_, Err(e)) => Err(e),
            (Err(e), _) => Err(e),
            (Ok(()), Ok(ingested)) => {
                Ok(Ingested { results: ingested.results.complete()?, ..ingested })
            }
        }
    })
}

/// Hashes all items of `source` without storing anything.
pub fn hash(
    params: &FormatParameters,
    sizes: &[u64],
    source: &dyn Source,
    options: &IngestOptions<'_>,
) -> Result<Results, IngestError> {
    let shared = Shared::new(sizes, source, params, options, None);
    run_workers(&shared, options.workers)?;
    std::mem::take(&mut *shared.hashed.lock().unwrap_or_else(PoisonError::into_inner)).complete()
}

fn run_workers(shared: &Shared<'_>, workers: usize) -> Result<(), IngestError> {
    let workers = workers.max(1);
    std::thread::scope(|scope| {
        let running: Vec<_> =
            (0..workers).map(|_| scope.spawn(|| Worker::new(shared)?.run())).collect();
        let results = running.into_iter().map(|w| w.join().unwrap_or(Err(IngestError::WorkerDied)));
        // The first real cause matters more than the stops it led to.
        let mut first = Ok(());
        for result in results {
            if first.is_ok() || matches!(first, Err(IngestError::Cancelled)) && result.is_err() {
                first = result;
            }
        }
        first
    })
}

/// An item that was read to its end.
struct Finished {
    item: usize,
    result: ItemResult,
    /// Set when the item consists of several chunks.
    layout: Option<FileLayout>,
}

/// What a worker gives away at a checkpoint.
#[derive(Default)]
struct Deposit {
    finished: Vec<Finished>,
    partials: Vec<(usize, Partial)>,
}

/// Where chunks go; absent when files are only hashed.
struct Sink<'s> {
    session: &'s Session,
    claims: Claims<'s>,
    sender: Sender<Message>,
}

/// What all workers of one run share.
struct Shared<'s> {
    schedule: Schedule<'s>,
    source: &'s dyn Source,
    params: FormatParameters,
    chunker: Chunker,
    workers: usize,
    level: i32,
    verify: bool,
    progress: &'s dyn Progress,
    cancel: &'s Cancel,
    deposits: Mutex<Deposit>,
    /// Results of a run that only hashes.
    hashed: Mutex<Results>,
    session: Option<&'s Session>,
    claims: Option<Claims<'s>>,
    sender: Mutex<Option<Sender<Message>>>,
}

impl<'s> Shared<'s> {
    fn new(
        sizes: &'s [u64],
        source: &'s dyn Source,
        params: &FormatParameters,
        options: &'s IngestOptions<'_>,
        sink: Option<Sink<'s>>,
    ) -> Self {
        let hashed = if sink.is_none() { Results::new(sizes) } else { Results::default() };
        let (session, claims, sender) = match sink {
            Some(sink) => (Some(sink.session), Some(sink.claims), Some(sink.sender)),
            None => (None, None, None),
        };
        Self {
            schedule: Schedule::new(sizes, options.workers.max(1), options.checkpoint),
            source,
            params: *params,
            chunker: Chunker::new(params.chunk),
            workers: options.workers.max(1),
            level: options.compression_level,
            verify: options.verify,
            progress: options.progress,
            cancel: options.cancel,
            deposits: Mutex::default(),
            hashed: Mutex::new(hashed),
            session,
            claims,
            sender: Mutex::new(sender),
        }
    }

    fn claims(&self) -> &Claims<'s> {
        self.claims.as_ref().expect("only called when there is a sink")
    }

    /// The codec of pieces of large files.
    fn new_codec(&self) -> Result<BlockCodec, IngestError> {
        Ok(BlockCodec::for_large_blocks(self.level, self.verify)?)
    }

    fn new_lane(&self) -> Result<Option<Lane<'s>>, IngestError> {
        let Some(session) = self.session else { return Ok(None) };
        let block_bytes = self.params.small_file_block_bytes;
        let codec = BlockCodec::new(self.level, self.verify)?;
        Ok(Some(Lane::new(session, PackKind::Data, block_bytes, codec)))
    }

    fn check_cancel(&self) -> Result<(), IngestError> {
        self.cancel.check().map_err(|_| IngestError::Cancelled)
    }

    /// Records in the claims where a chunk was written.
    fn placer(&self) -> impl FnMut(&Address, Location) + '_ {
        |address, location| {
            if let Some(claims) = &self.claims {
                claims.written(address, location);
            }
        }
    }

    fn lock_deposits(&self) -> std::sync::MutexGuard<'_, Deposit> {
        self.deposits.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deposit(&self, mut deposit: Deposit) {
        if self.claims.is_none() {
            let mut hashed = self.hashed.lock().unwrap_or_else(PoisonError::into_inner);
            for one in deposit.finished {
                hashed.set(one.item, one.result, self.schedule.size(one.item));
            }
            return;
        }
        let mut all = self.lock_deposits();
        all.finished.append(&mut deposit.finished);
        all.partials.append(&mut deposit.partials);
    }

    fn send_packs(&self, packs: Vec<SealedPack>) -> Result<(), IngestError> {
        packs.into_iter().try_for_each(|pack| self.send(Message::Pack(pack)))
    }

    fn send(&self, message: Message) -> Result<(), IngestError> {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match sender {
            // The receiver is gone only when the publisher failed; its error is the one reported.
            Some(sender) => sender.send(message).map_err(|_| IngestError::Cancelled),
            None => Ok(()),
        }
    }

    /// Hands everything deposited to the publisher. All packs it rests on were sent before.
    fn close_round(&self) {
        if self.claims.is_none() {
            return;
        }
        let Deposit { finished, partials } = std::mem::take(&mut *self.lock_deposits());
        if self.send(Message::Round(Round { finished, partials })).is_err() {
            self.schedule.stop();
        }
    }

    /// Sends the last round and closes the channel.
    fn end(&self) {
        if !self.schedule.is_stopped() {
            self.close_round();
        }
        self.sender.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
