//! What one thread of an ingest does: spans of small files, large files as their reader, and pieces
//! of anybody's large files.

use std::collections::BTreeMap;
use std::io::Read;
use std::ops::Range;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batch::{self, Batch, BatchDone, FileChunk, SEGMENT_BYTES};
use super::layout::FileLayout;
use super::schedule::{Job, LARGE_FILE_BYTES};
use super::{Deposit, Finished, IngestError, ItemResult, Partial, Shared, SourceFile};
use crate::catalog::Claim;
use crate::id::{Address, BlobId, ChunkId};
use crate::pack::codec::BlockCodec;
use crate::store::lane::Lane;

/// How often a file that changes while it is read is read again.
const ATTEMPTS: usize = 3;

pub(super) struct Worker<'a, 's> {
    shared: &'a Shared<'s>,
    /// None when files are only hashed.
    lane: Option<Lane<'s>>,
    codec: BlockCodec,
    deposit: Deposit,
    /// Buffers of batches, to be used again.
    spare: Vec<Vec<u8>>,
}

impl<'a, 's> Worker<'a, 's> {
    pub(super) fn new(shared: &'a Shared<'s>) -> Result<Self, IngestError> {
        let lane = shared.new_lane()?;
        let codec = shared.new_codec()?;
        Ok(Self { shared, lane, codec, deposit: Deposit::default(), spare: Vec::new() })
    }

    /// Works until nothing is left; an error stops the other workers too.
    pub(super) fn run(mut self) -> Result<(), IngestError> {
        let result = self.work();
        if result.is_err() {
            self.shared.schedule.stop();
        }
        result
    }

    fn work(&mut self) -> Result<(), IngestError> {
        let mut retired = false;
        loop {
            self.shared.check_cancel()?;
            match self.shared.schedule.next(retired) {
                Job::Small(span) => self.small_files(span)?,
                Job::Large(item) => {
                    let result = self.large_file(item);
                    self.shared.schedule.large_done();
                    result?;
                }
                Job::Batch(batch) => self.help(*batch),
                Job::Checkpoint => self.checkpoint()?,
                Job::Retire => {
                    self.hand_over()?;
                    self.shared.schedule.retire(|| self.shared.close_round());
                    retired = true;
                }
                Job::Done => return Ok(()),
            }
        }
    }

    fn help(&mut self, batch: Batch) {
        let reply = batch.reply.clone();
        let claims = self.shared.claims.as_ref();
        let params = &self.shared.params;
        let block_bytes = params.large_block_bytes(self.shared.level);
        let result = batch::run(batch, claims, &mut self.codec, params, block_bytes);
        // The reader of the file may have failed and gone; then nobody needs the answer.
        let _ = reply.send(result);
    }

    fn checkpoint(&mut self) -> Result<(), IngestError> {
        self.hand_over()?;
        self.shared.schedule.arrive(|| self.shared.close_round());
        Ok(())
    }

    /// Seals the lane and gives away what is finished.
    fn hand_over(&mut self) -> Result<(), IngestError> {
        if let Some(lane) = &mut self.lane {
            let sealed = lane.seal(&mut self.shared.placer())?;
            self.shared.send_packs(sealed)?;
        }
        self.shared.deposit(std::mem::take(&mut self.deposit));
        Ok(())
    }

    fn finish(&mut self, item: usize, result: ItemResult, layout: Option<FileLayout>) {
        self.shared.progress.advance(0, 1);
        self.deposit.finished.push(Finished { item, result, layout });
    }

    fn skip(&mut self, item: usize, why: std::io::Error) {
        self.finish(item, ItemResult::Unreadable(why), None);
    }
}

// Small files.
impl Worker<'_, '_> {
    fn small_files(&mut self, span: Range<usize>) -> Result<(), IngestError> {
        let mut buffer = self.spare.pop().unwrap_or_default();
        let mut bytes = 0;
        let files = span.len() as u64;
        for item in span {
            if self.shared.schedule.is_stopped() {
                break;
            }
            bytes += self.small_file(item, &mut buffer)?;
        }
        self.spare.push(buffer);
        if self.lane.is_none() {
            self.shared.deposit(std::mem::take(&mut self.deposit));
        }
        self.shared.schedule.count(bytes, files);
        self.send_filled_packs()
    }

    /// Reads, hashes and stores one small file; returns the bytes read.
    fn small_file(&mut self, item: usize, buffer: &mut Vec<u8>) -> Result<u64, IngestError> {
        for _ in 0..ATTEMPTS {
            match self.read_small(item, buffer) {
                Err(e) => {
                    self.skip(item, e);
                    return Ok(0);
                }
                Ok(false) => continue,
                Ok(true) => {
                    self.shared.progress.advance(buffer.len() as u64, 0);
                    self.store_small(item, buffer)?;
                    return Ok(buffer.len() as u64);
                }
            }
        }
        self.finish(item, ItemResult::Changing, None);
        Ok(0)
    }

    /// Reads the whole file; false when it changed meanwhile.
    fn read_small(&mut self, item: usize, buffer: &mut Vec<u8>) -> std::io::Result<bool> {
        let mut file = self.shared.source.open(item)?;
        let expected = self.shared.schedule.size(item).min(LARGE_FILE_BYTES) as usize;
        // One byte more than expected: growth shows, and no second read is needed to see the end.
        buffer.resize(expected + 1, 0);
        let mut read = 0;
        loop {
            match file.read(&mut buffer[read..]) {
                Ok(0) => break,
                Ok(n) => read += n,
                Err(e) if e.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(e) => return Err(e),
            }
            if read >= expected {
                break;
            }
        }
        buffer.truncate(read);
        file.is_unchanged(read as u64)
    }

    fn store_small(&mut self, item: usize, data: &[u8]) -> Result<(), IngestError> {
        let size = data.len() as u64;
        let id = BlobId::of(data);
        let stored = ItemResult::Stored { id, size };
        if self.lane.is_none() || data.is_empty() {
            self.finish(item, stored, None);
            return Ok(());
        }
        if data.len() <= self.shared.chunker.lengths().min as usize {
            self.store_chunk(id.into(), data)?;
            self.finish(item, stored, None);
            return Ok(());
        }
        let ends = self.shared.chunker.ends(data, true);
        if ends.len() == 1 {
            self.store_chunk(id.into(), data)?;
            self.finish(item, stored, None);
            return Ok(());
        }
        let layout = self.store_chunks(data, &ends)?;
        self.finish(item, stored, Some(layout));
        Ok(())
    }

    fn store_chunk(&mut self, address: Address, data: &[u8]) -> Result<(), IngestError> {
        let (Some(claims), Some(lane)) = (&self.shared.claims, &mut self.lane) else {
            return Ok(());
        };
        if claims.claim(&address)? == Claim::New {
            lane.add(address, data, &mut self.shared.placer())?;
        }
        Ok(())
    }

    fn store_chunks(&mut self, data: &[u8], ends: &[usize]) -> Result<FileLayout, IngestError> {
        let mut layout = FileLayout::default();
        let mut start = 0;
        for &end in ends {
            let bytes = &data[start..end];
            let address = (!batch::is_zero(bytes)).then(|| Address::from(ChunkId::of(bytes)));
            if let Some(address) = address {
                self.store_chunk(address, bytes)?;
            }
            layout.chunks.push(FileChunk { address, len: (end - start) as u32 });
            start = end;
        }
        let group = u64::from(self.shared.params.group_bytes);
        if data.len() as u64 > group {
            let groups = data.chunks(group as usize).zip(0u64..);
            layout.values = groups.map(|(g, i)| crate::recipe::group_value(i * group, g)).collect();
        }
        Ok(layout)
    }

    fn send_filled_packs(&mut self) -> Result<(), IngestError> {
        match &mut self.lane {
            Some(lane) => self.shared.send_packs(lane.take_sealed()),
            None => Ok(()),
        }
    }
}

/// The state of a large file between two segments.
struct Reading {
    item: usize,
    /// Offset of the next segment.
    offset: u64,
    /// Bytes since the last cut.
    carry: Vec<u8>,
    layout: FileLayout,
    whole: Option<BlobId>,
    /// What the last checkpoint recorded.
    recorded: (usize, usize),
    next_index: u64,
    next_done: u64,
    early: BTreeMap<u64, BatchDone>,
    reply: Sender<Result<BatchDone, IngestError>>,
    answers: Receiver<Result<BatchDone, IngestError>>,
}

impl Reading {
    fn new(item: usize) -> Self {
        let (reply, answers) = unbounded();
        Self {
            item,
            offset: 0,
            carry: Vec::new(),
            layout: FileLayout::default(),
            whole: None,
            recorded: (0, 0),
            next_index: 0,
            next_done: 0,
            early: BTreeMap::new(),
            reply,
            answers,
        }
    }

    fn resume(&mut self, from: Partial) {
        self.offset = from.offset;
        self.recorded = (from.layout.chunks.len(), from.layout.values.len());
        self.layout = from.layout;
    }

    fn in_flight(&self) -> u64 {
        self.next_index - self.next_done
    }

    fn id(&self) -> Option<BlobId> {
        self.whole.or_else(|| crate::recipe::root_of(&self.layout.values))
    }
}

// Large files.
impl Worker<'_, '_> {
    fn large_file(&mut self, item: usize) -> Result<(), IngestError> {
        if let Some(lane) = &mut self.lane {
            lane.flush(&mut self.shared.placer())?;
        }
        for attempt in 0..ATTEMPTS {
            let mut reading = Reading::new(item);
            let mut file = match self.open_large(&mut reading, attempt == 0) {
                Ok(file) => file,
                Err(e) => {
                    self.skip(item, e);
                    return Ok(());
                }
            };
            if let Err(e) = self.read_large(&mut reading, file.as_mut())? {
                self.drain(&mut reading)?;
                self.skip(item, e);
                return Ok(());
            }
            match file.is_unchanged(reading.offset) {
                Ok(true) => return self.finish_large(reading),
                Ok(false) => continue,
                Err(e) => {
                    self.skip(item, e);
                    return Ok(());
                }
            }
        }
        self.finish(item, ItemResult::Changing, None);
        Ok(())
    }

    /// Opens the file, going on where an earlier run was killed if that is known.
    fn open_large(
        &self,
        reading: &mut Reading,
        may_resume: bool,
    ) -> std::io::Result<Box<dyn SourceFile>> {
        let mut file = self.shared.source.open(reading.item)?;
        let partial = match may_resume && self.lane.is_some() {
            true => self.shared.source.resume(reading.item),
            false => None,
        };
        if let Some(partial) = partial {
            let chunked: u64 = partial.layout.chunks.iter().map(|c| u64::from(c.len)).sum();
            file.skip_to(chunked)?;
            let mut carry = vec![0; partial.offset.saturating_sub(chunked) as usize];
            file.read_exact(&mut carry)?;
            reading.carry = carry;
            reading.resume(partial);
        }
        Ok(file)
    }

    /// Reads to the end; the inner error is the file's, the outer one ends the run.
    fn read_large(
        &mut self,
        reading: &mut Reading,
        mut file: &mut dyn SourceFile,
    ) -> Result<std::io::Result<()>, IngestError> {
        let max_in_flight = self.shared.workers as u64 + 2;
        loop {
            self.shared.check_cancel()?;
            let mut data = self.spare.pop().unwrap_or_default();
            data.clear();
            data.append(&mut reading.carry);
            let segment_at = data.len();
            let read = match (&mut file).take(SEGMENT_BYTES as u64).read_to_end(&mut data) {
                Ok(read) => read,
                Err(e) => return Ok(Err(e)),
            };
            let is_last = read < SEGMENT_BYTES;
            self.shared.progress.advance(read as u64, 0);
            self.shared.schedule.count(read as u64, 0);
            if !data.is_empty() {
                self.offer(reading, data, segment_at, is_last);
            }
            while reading.in_flight() >= max_in_flight {
                self.advance(reading)?;
            }
            if is_last {
                self.drain(reading)?;
                return Ok(Ok(()));
            }
            if self.shared.schedule.checkpoint_wanted() {
                self.drain(reading)?;
                self.record_partial(reading);
                self.checkpoint()?;
            }
        }
    }

    fn offer(
        &mut self,
        reading: &mut Reading,
        mut data: Vec<u8>,
        segment_at: usize,
        is_last: bool,
    ) {
        let ends = match self.lane {
            Some(_) => self.shared.chunker.ends(&data, is_last),
            None => vec![data.len()],
        };
        let cut = ends.last().copied().unwrap_or(0);
        let offset = reading.offset;
        reading.offset += (data.len() - segment_at) as u64;
        reading.carry.extend_from_slice(&data[cut..]);
        if self.lane.is_none() {
            data.drain(..segment_at);
        }
        let batch = Batch {
            index: reading.next_index,
            is_whole_file: is_last && offset == 0,
            data,
            segment_at: if self.lane.is_some() { segment_at } else { 0 },
            offset,
            ends,
            reply: reading.reply.clone(),
        };
        reading.next_index += 1;
        self.shared.schedule.offer(Box::new(batch));
    }

    /// Takes one answer, or does a piece of work while there is none.
    fn advance(&mut self, reading: &mut Reading) -> Result<(), IngestError> {
        let answer = match reading.answers.try_recv() {
            Ok(answer) => answer,
            Err(_) => match self.shared.schedule.try_batch() {
                Some(batch) => {
                    self.help(*batch);
                    return Ok(());
                }
                None if self.shared.schedule.is_stopped() => return Err(IngestError::Cancelled),
                None => match reading.answers.recv_timeout(std::time::Duration::from_millis(200)) {
                    Ok(answer) => answer,
                    Err(_) => return Ok(()),
                },
            },
        };
        let done = answer?;
        reading.early.insert(done.index, done);
        while let Some(done) = reading.early.remove(&reading.next_done) {
            reading.next_done += 1;
            self.append(reading, done)?;
        }
        Ok(())
    }

    fn append(&mut self, reading: &mut Reading, done: BatchDone) -> Result<(), IngestError> {
        reading.layout.chunks.extend(done.chunks);
        reading.layout.values.extend(done.values);
        reading.whole = done.whole;
        self.spare.push(done.data);
        if let Some(lane) = &mut self.lane {
            for ready in &done.blocks {
                lane.append(&ready.block, &ready.chunks, &mut self.shared.placer())?;
            }
        }
        self.send_filled_packs()
    }

    fn drain(&mut self, reading: &mut Reading) -> Result<(), IngestError> {
        while reading.in_flight() > 0 {
            self.advance(reading)?;
        }
        Ok(())
    }

    fn record_partial(&mut self, reading: &mut Reading) {
        let (chunks, values) = reading.recorded;
        let layout = FileLayout {
            chunks: reading.layout.chunks[chunks..].to_vec(),
            values: reading.layout.values[values..].to_vec(),
        };
        reading.recorded = (reading.layout.chunks.len(), reading.layout.values.len());
        let part = Partial { offset: reading.offset, layout };
        self.deposit.partials.push((reading.item, part));
    }

    fn finish_large(&mut self, mut reading: Reading) -> Result<(), IngestError> {
        let id = match reading.id() {
            Some(id) => id,
            // Nothing was read: the file shrank to nothing, or the stream was empty.
            None => BlobId::of(&[]),
        };
        if reading.layout.values.len() < 2 {
            reading.layout.values.clear();
        }
        let stored = ItemResult::Stored { id, size: reading.offset };
        let layout = (reading.layout.chunks.len() > 1).then_some(reading.layout);
        self.finish(reading.item, stored, layout);
        Ok(())
    }
}

impl Drop for Worker<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.shared.schedule.stop();
        }
    }
}
