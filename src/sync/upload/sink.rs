//! Packs on their way: built in memory one after the other, sent while the next one is built.

use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, bounded, unbounded};

use super::{Portion, Upload};
use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::layout::{Header, TAIL_LEN};
use crate::pack::{BlockCodec, ChunkPlace, Compressed, PackKind, PackWriter};
use crate::progress::Progress;
use crate::remote::TransportError;
use crate::sync::SyncError;
use crate::sync::places::Own;
use crate::sync::root::Area;
use crate::sync::session::Session;
use crate::sync::state::PackRecord;

/// A pack is sealed once it holds this many bytes: about 21 requests a gigabyte.
const PACK_BYTES: u64 = 48 << 20;
/// What the last block and the list of chunks may add to that, in bytes.
const PACK_ROOM: u64 = 2 << 20;
/// A copy of packs up to this length is kept here, in bytes.
const MAX_KEPT_PACK: u64 = 1 << 20;

/// Lets `fill` put blocks into packs, which are sent meanwhile; returns when all were answered for.
pub(in crate::sync) fn with_sink<T>(
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
pub(in crate::sync) struct Sink<'s, 'u> {
    pub(super) upload: &'s Upload<'u>,
    jobs: Option<Sender<Job>>,
    reports: Receiver<Report>,
    answered: &'s mut dyn FnMut(PackId, PackRecord) -> Result<(), SyncError>,
    /// Where everything that was appended lies.
    pub(in crate::sync) own: &'s mut Own,
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
    pub(in crate::sync) fn append(
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
    pub(in crate::sync) fn append_raw(
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
    pub(in crate::sync) fn end(
        &mut self,
        kind: PackKind,
        codec: &mut BlockCodec,
        gathered: &mut Gathered,
    ) -> Result<(), SyncError> {
        self.append_raw(kind, codec, gathered)?;
        self.seal()
    }

    /// Whom the upload tells of its bytes.
    pub(in crate::sync) fn progress(&self) -> &dyn Progress {
        self.upload.progress
    }

    /// Whether this session has sent its portion.
    pub(in crate::sync) fn is_portion_sent(&self) -> bool {
        let Portion { bytes, time } = self.upload.portion;
        let sent = self.sent + self.open_bytes();
        sent > 0 && (sent >= bytes || self.started.elapsed() >= time)
    }

    /// Bytes of the pack at hand.
    pub(in crate::sync) fn open_bytes(&self) -> u64 {
        self.open.as_ref().map_or(0, |pack| pack.writer.len())
    }

    /// Bytes of a block that is gathered of small objects of a kind.
    pub(in crate::sync) fn block_limit(&self, kind: PackKind) -> u32 {
        let params = self.upload.store.params();
        match kind {
            PackKind::Data => params.small_file_block_bytes,
            _ => params.tree_block_bytes,
        }
    }

    /// Ends the pack at hand and hands it over to be sent.
    pub(in crate::sync) fn seal(&mut self) -> Result<(), SyncError> {
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
        // At once, and not by doubling: what a pack grows out of would stay with the process. Memory that is
        // never written costs nothing.
        let room = (PACK_BYTES + PACK_ROOM) as usize;
        let out = Vec::with_capacity(if kind == PackKind::Data { room } else { 0 });
        let writer = PackWriter::new(out, Header::plain(kind, id.session.seq, id))?;
        Ok(Self { id, kind, writer, raw_bytes: 0 })
    }
}

/// Chunks that wait to become a block.
#[derive(Default)]
pub(in crate::sync) struct Gathered {
    raw: Vec<u8>,
    chunks: Vec<(Address, u32)>,
}

impl Gathered {
    pub(in crate::sync) fn push(&mut self, address: Address, bytes: &[u8]) {
        self.raw.extend_from_slice(bytes);
        self.chunks.push((address, bytes.len() as u32));
    }

    pub(in crate::sync) fn is_full(&self, more: usize, limit: u32) -> bool {
        !self.raw.is_empty() && self.raw.len() + more > limit as usize
    }
}

impl Sink<'_, '_> {
    /// Adds an object to the block being gathered.
    pub(in crate::sync) fn gather(
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
