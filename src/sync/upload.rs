//! Putting packs on a remote: data first, then the recipes that name it, then history.
//!
//! A block that is wanted whole is copied as it is stored; of a block that holds anything else the
//! wanted chunks are compressed anew, so that nothing leaves the machine that was not asked for. Packs
//! are built in memory, one after the other, while earlier ones are on their way: at most
//! `uploads + 1` packs exist at a time.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::SyncError;
use super::cache::Cache;
use super::fold::Fold;
use super::missing::Missing;
use super::places::{Index, Own};
use super::root::Area;
use super::session::Session;
use super::state::PackRecord;
use crate::catalog::Location;
use crate::id::{Address, BlobId, CommitId, PackId, TagId, TreeId};
use crate::pack::layout::{Header, TAIL_LEN};
use crate::pack::{
    BlockBuf, BlockCodec, ChunkPlace, Compressed, PackKind, PackWriter, StoredHash, Trailer,
};
use crate::progress::{Cancel, Progress};
use crate::recipe::{Body, Page, Recipe, Run, page_address};
use crate::remote::{Transport, TransportError};
use crate::store::read::BlobPlace;
use crate::store::relocate::{PackChunks, Relocation, relocate};
use crate::store::{Store, StoreError};

/// A pack is sealed once it holds this many bytes: about 21 requests a gigabyte.
const PACK_BYTES: u64 = 48 << 20;
/// A copy of packs up to this length is kept here, in bytes.
const MAX_KEPT_PACK: u64 = 1 << 20;
/// Lists of chunks kept while recipes are written anew.
const MAX_LISTS: usize = 64;

/// What an upload is given.
pub struct Upload<'u> {
    /// Where the objects are.
    pub store: &'u Store,
    /// Where they go.
    pub transport: &'u dyn Transport,
    /// Copies kept of it.
    pub cache: &'u Cache,
    /// The session whose packs they become part of.
    pub session: Session,
    /// Stop with the data that was sent once it is this long, or took so long.
    pub portion: Portion,
    /// How many packs are on their way at once, at least 1.
    pub uploads: usize,
    /// zstd level of blocks that are compressed anew.
    pub level: i32,
    /// Told of bytes.
    pub progress: &'u dyn Progress,
    /// Asked between two blocks.
    pub cancel: &'u Cancel,
}

/// How much of a long push one session sends.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    /// In bytes.
    pub bytes: u64,
    /// Or so long.
    pub time: Duration,
}

impl Portion {
    /// As much as there is.
    pub const ALL: Self = Self { bytes: u64::MAX, time: Duration::MAX };
}

/// What an upload came to.
#[derive(Debug, Default)]
pub struct Uploaded {
    /// Packs of the remote that hold chunks which were left out, or that recipes name.
    pub relied: BTreeSet<PackId>,
    /// Only a portion of the data was sent, and nothing else.
    pub is_portion: bool,
}

/// Chunks wanted of each local pack, by their index.
type Wanted = BTreeMap<PackId, Vec<u32>>;

/// Uploads what is missing and not there yet, and what `fold` takes in of small packs that are there;
/// `answered` is told of each pack the remote has taken.
///
pub fn upload_packs(
    upload: &Upload<'_>,
    missing: &Missing,
    present: &Index,
    own: &mut Own,
    mut fold: Option<Fold<'_>>,
    answered: &mut dyn FnMut(PackId, PackRecord) -> Result<(), SyncError>,
) -> Result<Uploaded, SyncError> {
    with_sink(upload, own, answered, |sink| {
        let mut relied = RefCell::<BTreeSet<PackId>>::default();
        let mut codec = BlockCodec::new(upload.level, true)?;
        let codec = &mut codec;
        let mut gathered = Gathered::default();
        if !send_data(sink, codec, &mut gathered, missing, present, &relied)? {
            sink.end(PackKind::Data, codec, &mut gathered)?;
            return Ok(Uploaded { relied: relied.into_inner(), is_portion: true });
        }
        if let Some(fold) = &mut fold {
            fold.take_in(sink, codec, &mut gathered, PackKind::Data)?;
        }
        sink.end(PackKind::Data, codec, &mut gathered)?;
        send_recipes(sink, codec, &mut gathered, missing, present, &relied)?;
        if let Some(fold) = &mut fold {
            fold.take_in_recipes(sink, codec, &mut gathered, relied.get_mut())?;
        }
        sink.end(PackKind::Layout, codec, &mut gathered)?;
        send_history(sink, codec, &mut gathered, missing)?;
        if let Some(fold) = &mut fold {
            fold.take_in(sink, codec, &mut gathered, PackKind::History)?;
        }
        sink.end(PackKind::History, codec, &mut gathered)?;
        Ok(Uploaded { relied: relied.into_inner(), is_portion: false })
    })
}

/// Lets `fill` put blocks into packs, which are sent meanwhile; returns when all were answered for.
pub(super) fn with_sink<T>(
    upload: &Upload<'_>,
    own: &mut Own,
    answered: &mut dyn FnMut(PackId, PackRecord) -> Result<(), SyncError>,
    fill: impl FnOnce(&mut Sink<'_, '_>) -> Result<T, SyncError>,
) -> Result<T, SyncError> {
    let (jobs, queue) = bounded::<Job>(0);
    let (report, reports) = unbounded();
    std::thread::scope(|scope| {
        for _ in 0..upload.uploads.max(1) {
            let (queue, report) = (queue.clone(), report.clone());
            scope.spawn(move || send_packs(upload, &queue, &report));
        }
        drop((queue, report));
        let (jobs, started) = (Some(jobs), Instant::now());
        let mut sink = Sink { upload, jobs, reports, answered, own, open: None, started, sent: 0 };
        let filled = fill(&mut sink)?;
        sink.finish()?;
        Ok(filled)
    })
}

struct Job {
    id: PackId,
    record: PackRecord,
    bytes: Vec<u8>,
}

type Report = Result<(PackId, PackRecord), TransportError>;

fn send_packs(upload: &Upload<'_>, queue: &Receiver<Job>, report: &Sender<Report>) {
    for Job { id, record, bytes } in queue {
        let len = bytes.len() as u64;
        // The next pushes will fold it.
        let copy = (len <= MAX_KEPT_PACK).then(|| bytes.clone());
        let sent = upload.transport.put(&Area::Pack.key(id), bytes).map(|()| (id, record));
        if let (Ok(_), Some(copy)) = (&sent, copy) {
            // A copy that cannot be kept is read from the remote when it is wanted.
            let _ = upload.cache.keep(Area::Pack, id, &copy);
        }
        upload.progress.advance(len, 0);
        let has_failed = sent.is_err();
        if report.send(sent).is_err() || has_failed {
            return;
        }
    }
}

/// Builds packs and hands them to the threads that send.
pub(super) struct Sink<'s, 'u> {
    upload: &'s Upload<'u>,
    jobs: Option<Sender<Job>>,
    reports: Receiver<Report>,
    answered: &'s mut dyn FnMut(PackId, PackRecord) -> Result<(), SyncError>,
    /// Where everything that was appended lies.
    pub(super) own: &'s mut Own,
    open: Option<OpenPack>,
    started: Instant,
    /// Bytes of the packs that were handed over.
    sent: u64,
}

struct OpenPack {
    id: PackId,
    kind: PackKind,
    writer: PackWriter<Vec<u8>>,
    raw_bytes: u64,
}

impl Sink<'_, '_> {
    /// Appends a block to the pack at hand; its kind must be that of the blocks before.
    pub(super) fn append(
        &mut self,
        kind: PackKind,
        block: Compressed<'_>,
        chunks: &[(Address, u32)],
    ) -> Result<(), SyncError> {
        self.upload.cancel.check()?;
        let pack = match &mut self.open {
            Some(pack) => pack,
            none => none.insert(OpenPack::new(self.upload.session, kind)?),
        };
        let at = pack.writer.append_block(block, chunks)?;
        let (block_offset, stored_len) = (at.block_offset, block.stored.len() as u32);
        let mut position = 0;
        for (&(address, raw_len), chunk) in chunks.iter().zip(at.first_chunk..) {
            let place = ChunkPlace { chunk, block_offset, stored_len, position, raw_len };
            self.own.insert(kind, &address, Location { pack: pack.id, place });
            position += raw_len;
        }
        pack.raw_bytes += u64::from(position);
        match pack.writer.len() >= PACK_BYTES {
            true => self.seal(),
            false => Ok(()),
        }
    }

    /// Compresses chunks as one block.
    pub(super) fn append_raw(
        &mut self,
        kind: PackKind,
        codec: &mut BlockCodec,
        block: &mut Gathered,
    ) -> Result<(), SyncError> {
        if block.chunks.is_empty() {
            return Ok(());
        }
        let compressed = codec.compress(&block.raw)?;
        self.append(kind, compressed, &block.chunks)?;
        block.raw.clear();
        block.chunks.clear();
        Ok(())
    }

    /// Ends what is of one kind.
    pub(super) fn end(
        &mut self,
        kind: PackKind,
        codec: &mut BlockCodec,
        gathered: &mut Gathered,
    ) -> Result<(), SyncError> {
        self.append_raw(kind, codec, gathered)?;
        self.seal()
    }

    /// Whether this session has sent its portion.
    fn is_portion_sent(&self) -> bool {
        let Portion { bytes, time } = self.upload.portion;
        let sent = self.sent + self.open_bytes();
        sent > 0 && (sent >= bytes || self.started.elapsed() >= time)
    }

    /// Bytes of the pack at hand.
    pub(super) fn open_bytes(&self) -> u64 {
        self.open.as_ref().map_or(0, |pack| pack.writer.len())
    }

    /// Bytes of a block that is gathered of small objects of a kind.
    pub(super) fn block_limit(&self, kind: PackKind) -> u32 {
        let params = self.upload.store.params();
        match kind {
            PackKind::Data => params.small_file_block_bytes,
            _ => params.tree_block_bytes,
        }
    }

    /// Ends the pack at hand and hands it over to be sent.
    pub(super) fn seal(&mut self) -> Result<(), SyncError> {
        let Some(OpenPack { id, kind, writer, raw_bytes }) = self.open.take() else {
            return Ok(());
        };
        let done = writer.finish()?;
        let end_bytes = (done.trailer.encoded_len() + TAIL_LEN) as u64;
        let end = &done.out[done.out.len() - end_bytes as usize..];
        let record = PackRecord {
            kind,
            bytes: done.len,
            raw_bytes,
            chunks: done.trailer.chunks().len() as u64,
            end_bytes,
            end_hash: *blake3::hash(end).as_bytes(),
        };
        self.sent += record.bytes;
        let job = Job { id, record, bytes: done.out };
        // Nobody takes it only when every sender has failed: the reports say why.
        let is_taken = self.jobs.as_ref().is_some_and(|jobs| jobs.send(job).is_ok());
        while let Ok(report) = self.reports.try_recv() {
            self.note(report)?;
        }
        match is_taken {
            true => Ok(()),
            false => self.wait(),
        }
    }

    fn note(&mut self, report: Report) -> Result<(), SyncError> {
        let (id, record) = report?;
        (self.answered)(id, record)
    }

    /// Waits for what is on its way.
    fn wait(&mut self) -> Result<(), SyncError> {
        self.jobs = None;
        while let Ok(report) = self.reports.recv() {
            self.note(report)?;
        }
        Ok(())
    }

    fn finish(mut self) -> Result<(), SyncError> {
        self.seal()?;
        self.wait()
    }
}

impl OpenPack {
    fn new(session: Session, kind: PackKind) -> Result<Self, SyncError> {
        let id = session.new_name()?;
        let writer = PackWriter::new(Vec::new(), Header::plain(kind, id.session.seq, id))?;
        Ok(Self { id, kind, writer, raw_bytes: 0 })
    }
}

/// Chunks that wait to become a block.
#[derive(Default)]
pub(super) struct Gathered {
    raw: Vec<u8>,
    chunks: Vec<(Address, u32)>,
}

impl Gathered {
    pub(super) fn push(&mut self, address: Address, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.chunks.push((address, bytes.len() as u32));
    }

    pub(super) fn is_full(&self, more: usize, limit: u32) -> bool {
        !self.raw.is_empty() && self.raw.len() + more > limit as usize
    }
}

/// The chunks of all missing blobs, by the packs that hold them here.
fn wanted_chunks(store: &Store, missing: &Missing) -> Result<Wanted, SyncError> {
    let mut wanted = Wanted::new();
    for &(id, size) in &missing.blobs {
        match store.find_blob(id, size)?.ok_or(StoreError::Missing(id.into()))? {
            BlobPlace::Empty => {}
            BlobPlace::Chunk(at) => wanted.entry(at.pack).or_default().push(at.place.chunk),
            BlobPlace::Recipe(recipe) => {
                for_each_page(store, id, &recipe, &mut |page| want_runs(page, &mut wanted))?;
            }
        }
    }
    for chunks in wanted.values_mut() {
        chunks.sort_unstable();
        chunks.dedup();
    }
    Ok(wanted)
}

fn want_runs(page: &Page, wanted: &mut Wanted) {
    for run in &page.runs {
        if let Run::Stored(run) = run {
            let pack = page.packs[run.pack as usize];
            let chunks = run.first_chunk..run.first_chunk.saturating_add(run.count);
            wanted.entry(pack).or_default().extend(chunks);
        }
    }
}

fn for_each_page(
    store: &Store,
    id: BlobId,
    recipe: &Recipe,
    visit: &mut dyn FnMut(&Page),
) -> Result<(), SyncError> {
    let count = match &recipe.body {
        Body::Inline(page) => {
            visit(page);
            return Ok(());
        }
        Body::Paged(values) => values.len() as u64,
    };
    for number in 0..count {
        let address = page_address(id, number);
        let bytes = store.read_object(PackKind::Layout, &address)?;
        let bytes = bytes.ok_or(StoreError::Missing(address))?;
        visit(&Page::decode(&bytes, recipe, number)?);
    }
    Ok(())
}

/// Sends data; says whether that was all of it.
fn send_data(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    missing: &Missing,
    present: &Index,
    relied: &RefCell<BTreeSet<PackId>>,
) -> Result<bool, SyncError> {
    let store = sink.upload.store;
    let wanted = wanted_chunks(store, missing)?;
    let mut buf = BlockBuf::new();
    let limit = store.params().small_file_block_bytes;
    for (pack, chunks) in &wanted {
        if sink.is_portion_sent() {
            return Ok(false);
        }
        let open = store.open_pack(*pack)?;
        let fail = |e| StoreError::pack(&store.paths().pack(*pack), e);
        let trailer = open.read_trailer().map_err(fail)?;
        for part in BlockPart::all(&trailer, chunks) {
            let mut needed = Vec::new();
            for &(index, address) in &part.wanted {
                if sink.own.find(PackKind::Data, &address).is_some() {
                    continue;
                }
                match present.find(&address)? {
                    Some(at) => drop(relied.borrow_mut().insert(at.pack)),
                    None => needed.push((index, address)),
                }
            }
            if needed.is_empty() {
                continue;
            }
            if part.is_whole {
                let block = open
                    .read_compressed(part.offset, &mut buf)
                    .map_err(|e| store.block_error(*pack, part.offset, e))?;
                if block.hash != part.hash {
                    return Err(damaged_block(store, *pack, part.offset));
                }
                sink.append(PackKind::Data, block, &part.chunks)?;
                continue;
            }
            let raw = open
                .read_block(part.offset, &mut buf)
                .map_err(|e| store.block_error(*pack, part.offset, e))?;
            for (index, address) in needed {
                let bytes = part.bytes_of(index, raw);
                if blake3::hash(bytes).as_bytes() != address.as_bytes() {
                    return Err(damaged_block(store, *pack, part.offset));
                }
                if gathered.is_full(bytes.len(), limit) {
                    sink.append_raw(PackKind::Data, codec, gathered)?;
                }
                gathered.push(address, bytes);
            }
        }
    }
    Ok(true)
}

/// How many chunks of the missing blobs are not there, and the bytes that they take as they are stored here.
pub fn planned_data(
    store: &Store,
    missing: &Missing,
    present: &Index,
) -> Result<(u64, u64), SyncError> {
    let (mut chunks, mut bytes) = (0, 0);
    for (pack, wanted) in &wanted_chunks(store, missing)? {
        let fail = |e| StoreError::pack(&store.paths().pack(*pack), e);
        let trailer = store.open_pack(*pack)?.read_trailer().map_err(fail)?;
        for part in BlockPart::all(&trailer, wanted) {
            let mut absent = 0;
            for (_, address) in &part.wanted {
                absent += u64::from(present.find(address)?.is_none());
            }
            chunks += absent;
            let (of, all) =
                (if part.is_whole { part.wanted.len() as u64 } else { absent }, part.chunks.len());
            bytes += if absent > 0 { part.stored_len * of / all as u64 } else { 0 };
        }
    }
    Ok((chunks, bytes))
}

fn damaged_block(store: &Store, pack: PackId, offset: u32) -> SyncError {
    let what = "the stored bytes of the block have another hash";
    let error = crate::pack::PackError::Damaged { offset: offset.into(), what };
    store.block_error(pack, offset, error).into()
}

/// A block of which some chunks are wanted.
pub(super) struct BlockPart {
    pub(super) offset: u32,
    pub(super) stored_len: u64,
    pub(super) hash: StoredHash,
    /// All chunks of the block.
    pub(super) chunks: Vec<(Address, u32)>,
    /// The wanted ones, by their index in the block.
    pub(super) wanted: Vec<(usize, Address)>,
    pub(super) is_whole: bool,
}

impl BlockPart {
    /// The blocks of a pack that hold wanted chunks; `wanted` ascends.
    pub(super) fn all<'t>(
        trailer: &'t Trailer,
        wanted: &'t [u32],
    ) -> impl Iterator<Item = Self> + 't {
        let mut first = 0u32;
        trailer.blocks_with_chunks().filter_map(move |(block, rows)| {
            let start = first;
            first += rows.len() as u32;
            let from = wanted.partition_point(|chunk| *chunk < start);
            let to = wanted.partition_point(|chunk| *chunk < first);
            let own: Vec<(usize, Address)> = wanted[from..to]
                .iter()
                .map(|chunk| (*chunk - start) as usize)
                .map(|index| (index, rows[index].address))
                .collect();
            (!own.is_empty()).then(|| Self {
                offset: block.offset,
                stored_len: block.stored_len.into(),
                hash: block.hash,
                chunks: rows.iter().map(|row| (row.address, row.raw_len)).collect(),
                is_whole: own.len() == rows.len(),
                wanted: own,
            })
        })
    }

    /// The raw bytes of the chunk with this index.
    pub(super) fn bytes_of<'b>(&self, index: usize, raw: &'b [u8]) -> &'b [u8] {
        let start: usize = self.chunks[..index].iter().map(|(_, len)| *len as usize).sum();
        raw.get(start..start + self.chunks[index].1 as usize).unwrap_or_default()
    }
}

/// Where chunks of local packs lie on the remote.
struct ToRemote<'m> {
    store: &'m Store,
    own: &'m Own,
    present: &'m Index,
    relied: &'m RefCell<BTreeSet<PackId>>,
    lists: &'m RefCell<HashMap<PackId, PackChunks>>,
}

impl Relocation for ToRemote<'_> {
    type Error = SyncError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, SyncError> {
        let mut lists = self.lists.borrow_mut();
        if let Some(chunks) = lists.get(&pack) {
            return Ok(Some(chunks.clone()));
        }
        if lists.len() >= MAX_LISTS {
            lists.clear();
        }
        let fail = |e| StoreError::pack(&self.store.paths().pack(pack), e);
        let trailer = self.store.open_pack(pack)?.read_trailer().map_err(fail)?;
        let chunks: PackChunks = trailer.rows().collect::<Vec<_>>().into();
        lists.insert(pack, chunks.clone());
        Ok(Some(chunks))
    }

    fn place(&self, _: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, SyncError> {
        if let Some(at) = self.own.find(PackKind::Data, &chunk.0) {
            return Ok(at);
        }
        let at = self.present.find(&chunk.0)?.ok_or(StoreError::Missing(chunk.0))?;
        self.relied.borrow_mut().insert(at.pack);
        Ok(at)
    }
}

fn send_recipes(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    missing: &Missing,
    present: &Index,
    relied: &RefCell<BTreeSet<PackId>>,
) -> Result<(), SyncError> {
    let store = sink.upload.store;
    let lists = RefCell::default();
    for &(id, size) in &missing.blobs {
        let Some(BlobPlace::Recipe(recipe)) = store.find_blob(id, size)? else { continue };
        if sink.own.find(PackKind::Layout, &id.into()).is_some() {
            continue;
        }
        let pages = match &recipe.body {
            Body::Inline(_) => 0,
            Body::Paged(values) => values.len() as u64,
        };
        let addresses = (0..pages).map(|number| page_address(id, number)).chain([id.into()]);
        for address in addresses {
            let bytes = store.read_object(PackKind::Layout, &address)?;
            let bytes = bytes.ok_or(StoreError::Missing(address))?;
            let to = ToRemote { store, own: sink.own, present, relied, lists: &lists };
            let bytes = relocate(&bytes, &to)?.unwrap_or(bytes);
            sink.gather(PackKind::Layout, codec, gathered, (address, &bytes))?;
        }
    }
    Ok(())
}

fn send_history(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    missing: &Missing,
) -> Result<(), SyncError> {
    let store = sink.upload.store;
    let trees = missing.trees.iter().map(|id| (Address::from(*id), Kind::Tree));
    let commits = missing.commits.iter().map(|id| (Address::from(*id), Kind::Commit));
    let tags = missing.tags.iter().map(|id| (Address::from(*id), Kind::Tag));
    let mut sent = HashSet::new();
    for (address, kind) in trees.chain(commits).chain(tags) {
        if !sent.insert(address) || sink.own.find(PackKind::History, &address).is_some() {
            continue;
        }
        let bytes = store.read_object(PackKind::History, &address)?;
        let bytes = bytes.ok_or(StoreError::Missing(address))?;
        if kind.address_of(&bytes) != address {
            let why = "its bytes have another hash".to_owned();
            return Err(StoreError::Damaged { what: format!("object {address}"), why }.into());
        }
        sink.gather(PackKind::History, codec, gathered, (address, &bytes))?;
    }
    Ok(())
}

enum Kind {
    Tree,
    Commit,
    Tag,
}

impl Kind {
    fn address_of(&self, bytes: &[u8]) -> Address {
        match self {
            Self::Tree => TreeId::of(bytes).into(),
            Self::Commit => CommitId::of(bytes).into(),
            Self::Tag => TagId::of(bytes).into(),
        }
    }
}

impl Sink<'_, '_> {
    /// Adds an object to the block being gathered.
    pub(super) fn gather(
        &mut self,
        kind: PackKind,
        codec: &mut BlockCodec,
        block: &mut Gathered,
        (address, bytes): (Address, &[u8]),
    ) -> Result<(), SyncError> {
        if block.is_full(bytes.len(), self.block_limit(kind)) {
            self.append_raw(kind, codec, block)?;
        }
        block.push(address, bytes);
        Ok(())
    }
}

/// Reads the list of chunks of a pack of the remote, in one request, and checks it.
pub fn read_trailer(
    transport: &dyn Transport,
    id: PackId,
    record: &PackRecord,
) -> Result<Arc<Trailer>, SyncError> {
    let key = Area::Pack.key(id);
    let mut end = Vec::new();
    transport.read(&key, Some(record.bytes - record.end_bytes..record.bytes), &mut end)?;
    check_trailer(&key, record, &end)
}

/// The list of chunks in the end of a pack, which must have the hash that its record says.
pub(super) fn check_trailer(
    key: &str,
    record: &PackRecord,
    end: &[u8],
) -> Result<Arc<Trailer>, SyncError> {
    if *blake3::hash(end).as_bytes() != record.end_hash || end.len() < TAIL_LEN {
        return Err(SyncError::damaged(key, "its list of chunks has another hash"));
    }
    let trailer = &end[..end.len() - TAIL_LEN];
    let trailer = Trailer::decode(trailer, record.bytes - record.end_bytes)
        .map_err(|e| SyncError::damaged(key, e))?;
    Ok(Arc::new(trailer))
}
