//! Small files: read whole, hashed, cut if long enough, and gathered into the worker's blocks.

use std::ops::Range;

use super::batch::{self, FileChunk};
use super::buffer::Buffer;
use super::layout::FileLayout;
use super::schedule::LARGE_FILE_BYTES;
use super::worker::{ATTEMPTS, Worker};
use super::{IngestError, ItemResult};
use crate::catalog::Claim;
use crate::id::{Address, BlobId, ChunkId};

impl Worker<'_, '_> {
    pub(super) fn small_files(&mut self, span: Range<usize>) -> Result<(), IngestError> {
        let mut buffers = self.spare.pop().unwrap_or_default();
        let mut bytes = 0;
        let files = span.len() as u64;
        for item in span {
            if self.shared.schedule.is_stopped() {
                break;
            }
            bytes += self.small_file(item, &mut buffers.data)?;
        }
        self.spare.push(buffers);
        if self.lane.is_none() {
            self.shared.deposit(std::mem::take(&mut self.deposit));
        }
        self.shared.schedule.count(bytes, files);
        self.send_filled_packs()
    }

    /// Reads, hashes and stores one small file; returns the bytes read.
    fn small_file(&mut self, item: usize, buffer: &mut Buffer) -> Result<u64, IngestError> {
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
    fn read_small(&mut self, item: usize, buffer: &mut Buffer) -> std::io::Result<bool> {
        let mut file = self.shared.source.open(item)?;
        let expected = self.shared.schedule.size(item).min(LARGE_FILE_BYTES) as usize;
        // One byte more than expected: growth shows, and no second read is needed to see the end.
        buffer.clear(0);
        let read = buffer.read_from(&mut file, expected, expected + 1)?;
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

    fn store_chunk(&mut self, id: ChunkId, data: &[u8]) -> Result<(), IngestError> {
        let (Some(claims), Some(lane)) = (&self.shared.claims, &mut self.lane) else {
            return Ok(());
        };
        if claims.claim(&id.into())? == Claim::New {
            lane.add_chunk(id, data, &mut self.shared.placer())?;
        }
        Ok(())
    }

    fn store_chunks(&mut self, data: &[u8], ends: &[usize]) -> Result<FileLayout, IngestError> {
        let mut layout = FileLayout::default();
        let mut start = 0;
        for &end in ends {
            let bytes = &data[start..end];
            let id = (!batch::is_zero(bytes)).then(|| ChunkId::of(bytes));
            if let Some(id) = id {
                self.store_chunk(id, bytes)?;
            }
            let address = id.map(Address::from);
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
}
