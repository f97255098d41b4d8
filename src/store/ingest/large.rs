//! Large files: one worker reads, all of them process the pieces, and the reader appends the blocks in order.
//!
//! A segment is worked on twice: scanned, by anybody; then, once the segments before it are and the reader has
//! walked over the places where it may be cut, stored, again by anybody.

use std::collections::BTreeMap;
use std::io::Read;

use crossbeam_channel::{Receiver, Sender, unbounded};

use super::batch::{Batch, BatchDone, Buffers};
use super::buffer::Buffer;
use super::layout::FileLayout;
use super::segment::{Answer, Piece, SEGMENT_BYTES, Scanned, Segment};
use super::worker::{ATTEMPTS, Worker};
use super::{IngestError, ItemResult, Partial, SourceFile};
use crate::chunk::{Candidate, Chunker};
use crate::id::BlobId;

/// Segments that are under way at most, of all files, however many threads there are.
const MAX_SEGMENTS: usize = 24;

/// The state of a large file between two segments.
struct Reading {
    item: usize,
    /// Offset of the next segment.
    offset: u64,
    /// The last bytes read, for the scan of the next segment.
    tail: Vec<u8>,
    /// Bytes since the last cut, and where they may be cut.
    carry: Vec<u8>,
    candidates: Vec<Candidate>,
    layout: FileLayout,
    whole: Option<BlobId>,
    /// What the last checkpoint recorded.
    recorded: (usize, usize),
    /// The next segment to be read, to be cut, and to be appended.
    next_index: u64,
    next_cut: u64,
    next_done: u64,
    /// What came before its turn.
    scanned: BTreeMap<u64, Scanned>,
    stored: BTreeMap<u64, BatchDone>,
    reply: Sender<Answer>,
    answers: Receiver<Answer>,
}

impl Reading {
    fn new(item: usize) -> Self {
        let (reply, answers) = unbounded();
        Self {
            item,
            offset: 0,
            tail: Vec::new(),
            carry: Vec::new(),
            candidates: Vec::new(),
            layout: FileLayout::default(),
            whole: None,
            recorded: (0, 0),
            next_index: 0,
            next_cut: 0,
            next_done: 0,
            scanned: BTreeMap::new(),
            stored: BTreeMap::new(),
            reply,
            answers,
        }
    }

    /// Goes on from an earlier run's part, of which `carry` follows the last cut.
    fn resume(&mut self, from: Partial, carry: &[u8], chunker: &Chunker) {
        self.offset = from.offset;
        self.recorded = (from.layout.chunks.len(), from.layout.values.len());
        self.layout = from.layout;
        self.carry = carry.to_vec();
        self.candidates = chunker.candidates(carry, 0);
        self.keep_tail(carry);
    }

    fn keep_tail(&mut self, data: &[u8]) {
        let start = data.len().saturating_sub(Chunker::CONTEXT_BYTES);
        self.tail.clear();
        self.tail.extend_from_slice(&data[start..]);
    }

    /// Reads the next segment: `max_bytes` unless the file ends. `front` bytes of room are left for the carry.
    fn read(
        &mut self,
        file: &mut dyn Read,
        mut buffers: Buffers,
        max_bytes: usize,
        front: usize,
    ) -> std::io::Result<Segment> {
        buffers.data.clear(front);
        buffers.data.prepend(&self.tail);
        let start = buffers.data.len();
        let read = buffers.data.read_from(file, max_bytes, max_bytes)?;
        self.keep_tail(&buffers.data);
        let (index, offset, is_last) = (self.next_index, self.offset, read < max_bytes);
        self.next_index += 1;
        self.offset += read as u64;
        Ok(Segment { index, buffers, start, offset, is_last, reply: self.reply.clone() })
    }

    /// Cuts the next segment in order: the chunks that end in it, the first of which began in the carry.
    fn cut(&mut self, scanned: Scanned, chunker: &Chunker) -> Batch {
        let Scanned { segment, candidates, .. } = scanned;
        let Segment { index, mut buffers, start, is_last, reply, .. } = segment;
        buffers.data.drop_front(start);
        buffers.data.prepend(&self.carry);
        let carried = self.carry.len();
        self.candidates.extend(candidates.into_iter().map(|mut candidate| {
            candidate.at = candidate.at - start + carried;
            candidate
        }));
        let data = &buffers.data[..];
        let ends = chunker.ends_among(&self.candidates, data, is_last);
        let cut = ends.last().copied().unwrap_or(0);
        self.carry.clear();
        self.carry.extend_from_slice(&data[cut..]);
        self.candidates.retain(|candidate| candidate.at >= cut);
        self.candidates.iter_mut().for_each(|candidate| candidate.at -= cut);
        Batch { index, buffers, ends, reply }
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
            let mut carry = Buffer::default();
            if carry.read_from(&mut file, unchunked, unchunked)? < unchunked {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            reading.resume(partial, &carry, &self.shared.chunker);
        }
        Ok(file)
    }

    /// Reads to the end; the inner error is the file's, the outer one ends the run.
    fn read_large(
        &mut self,
        reading: &mut Reading,
        mut file: &mut dyn SourceFile,
    ) -> Result<std::io::Result<()>, IngestError> {
        loop {
            self.shared.check_cancel()?;
            let buffers = self.spare.pop().unwrap_or_default();
            // What is carried on into a segment is shorter than the longest chunk.
            let front = self.shared.chunker.lengths().max as usize;
            let before = reading.offset;
            let segment = match reading.read(&mut file, buffers, SEGMENT_BYTES, front) {
                Ok(segment) => segment,
                Err(e) => return Ok(Err(e)),
            };
            let is_last = segment.is_last;
            self.shared.progress.advance(reading.offset - before, 0);
            self.shared.schedule.count(reading.offset - before, 0);
            self.shared.schedule.offer(Piece::Scan(segment));
            while reading.in_flight() >= self.max_in_flight() {
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

    /// How many segments of a file may be under way. While the reader stores a piece itself it cuts none: so many
    /// lie ready that nobody waits for it. Those who read at the same time share a bound.
    fn max_in_flight(&self) -> u64 {
        let share = MAX_SEGMENTS / self.shared.schedule.drivers().max(1);
        (self.shared.workers + 5).min(share).max(2) as u64
    }

    /// Cuts the next segment in order and offers its chunks; when files are only hashed, it is done with.
    fn cut(&mut self, reading: &mut Reading, mut scanned: Scanned) {
        reading.layout.values.append(&mut scanned.values);
        reading.whole = scanned.whole;
        if self.lane.is_none() {
            reading.next_done += 1;
            self.spare.push(scanned.segment.buffers);
            return;
        }
        let batch = reading.cut(scanned, &self.shared.chunker);
        self.shared.schedule.offer(Piece::Store(batch));
    }

    /// Takes one answer, or does a piece of work while there is none.
    fn advance(&mut self, reading: &mut Reading) -> Result<(), IngestError> {
        let answer = match reading.answers.try_recv() {
            Ok(answer) => answer,
            Err(_) => match self.shared.schedule.try_piece() {
                Some(piece) => {
                    self.help(piece);
                    return Ok(());
                }
                None if self.shared.schedule.is_stopped() => return Err(IngestError::Cancelled),
                None => match reading.answers.recv_timeout(std::time::Duration::from_millis(200)) {
                    Ok(answer) => answer,
                    Err(_) => return Ok(()),
                },
            },
        };
        match answer {
            Answer::Scanned(scanned) => {
                reading.scanned.insert(scanned.segment.index, scanned);
                while let Some(scanned) = reading.scanned.remove(&reading.next_cut) {
                    reading.next_cut += 1;
                    self.cut(reading, scanned);
                }
            }
            Answer::Stored(done) => {
                let done = done?;
                reading.stored.insert(done.index, done);
                while let Some(done) = reading.stored.remove(&reading.next_done) {
                    reading.next_done += 1;
                    self.append(reading, done)?;
                }
            }
        }
        Ok(())
    }

    fn append(&mut self, reading: &mut Reading, done: BatchDone) -> Result<(), IngestError> {
        reading.layout.chunks.extend(done.chunks);
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::chunk::ChunkLengths;

    /// Ends of all chunks of `data`, found segment by segment, each scanned on its own.
    fn ends_in_segments(mut data: &[u8], segment_bytes: usize, chunker: &Chunker) -> Vec<usize> {
        let front = chunker.lengths().max as usize;
        let mut reading = Reading::new(0);
        let mut segments = Vec::new();
        while segments.last().is_none_or(|s: &Segment| !s.is_last) {
            let read = reading.read(&mut data, Buffers::default(), segment_bytes, front);
            segments.push(read.expect("memory can be read"));
        }
        let (mut ends, mut first) = (Vec::new(), 0);
        for segment in segments {
            let batch = reading.cut(segment.scan(Some(chunker), 1 << 10), chunker);
            ends.extend(batch.ends.iter().map(|end| first + end));
            first = ends.last().copied().unwrap_or(0);
        }
        assert!(reading.carry.is_empty());
        ends
    }

    proptest! {
        #[test]
        fn segments_are_cut_as_the_whole_file_is(
            seed: u64,
            len in 0usize..100_000,
            letters in prop_oneof![Just(255u8), 1u8..4],
            segment_kib in 1usize..40,
        ) {
            let chunker = Chunker::new(ChunkLengths { min: 1024, avg: 2048, max: 8192 });
            let mut data = vec![0; len];
            blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut data);
            data.iter_mut().for_each(|byte| *byte %= letters);
            let expected = chunker.ends(&data, true);
            prop_assert_eq!(ends_in_segments(&data, segment_kib << 10, &chunker), expected);
        }
    }
}
