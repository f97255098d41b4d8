//! Large files: one worker reads and cuts, all of them process the pieces, and the reader appends
//! the blocks in order.

use std::collections::BTreeMap;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batch::{Batch, BatchDone, Buffers, SEGMENT_BYTES};
use super::buffer::Buffer;
use super::layout::FileLayout;
use super::worker::{ATTEMPTS, Worker};
use super::{IngestError, ItemResult, Partial, SourceFile};
use crate::id::BlobId;

/// The state of a large file between two segments.
struct Reading {
    item: usize,
    /// Offset of the next segment.
    offset: u64,
    /// Bytes since the last cut.
    carry: Buffer,
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
            carry: Buffer::default(),
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

impl Worker<'_, '_> {
    pub(super) fn large_file(&mut self, item: usize) -> Result<(), IngestError> {
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
            let unchunked = partial.offset.saturating_sub(chunked) as usize;
            if reading.carry.read_from(&mut file, unchunked, unchunked)? < unchunked {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
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
            let mut buffers = self.spare.pop().unwrap_or_default();
            buffers.data.clear();
            buffers.data.extend_from_slice(&reading.carry);
            reading.carry.clear();
            let segment_at = buffers.data.len();
            let read = match buffers.data.read_from(&mut file, SEGMENT_BYTES, SEGMENT_BYTES) {
                Ok(read) => read,
                Err(e) => return Ok(Err(e)),
            };
            let is_last = read < SEGMENT_BYTES;
            self.shared.progress.advance(read as u64, 0);
            self.shared.schedule.count(read as u64, 0);
            if !buffers.data.is_empty() {
                self.offer(reading, buffers, segment_at, is_last);
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

    fn offer(&mut self, reading: &mut Reading, buffers: Buffers, segment_at: usize, is_last: bool) {
        let data = &buffers.data[..];
        let ends = match self.lane {
            Some(_) => self.shared.chunker.ends(data, is_last),
            None => vec![data.len()],
        };
        let cut = ends.last().copied().unwrap_or(0);
        let offset = reading.offset;
        reading.offset += (data.len() - segment_at) as u64;
        reading.carry.extend_from_slice(&data[cut..]);
        let batch = Batch {
            index: reading.next_index,
            is_whole_file: is_last && offset == 0,
            buffers,
            segment_at,
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
        if let Some(lane) = &mut self.lane {
            for ready in &done.blocks {
                let block = ready.compressed(&done.buffers);
                lane.append(block, &ready.chunks, &mut self.shared.placer())?;
            }
        }
        self.spare.push(done.buffers);
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
