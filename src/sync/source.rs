//! A pack of the remote whose content goes into new packs.

use super::SyncError;
use super::cache::Cache;
use super::root::Area;
use super::state::PackRecord;
use super::upload::{BlockPart, Gathered, Sink};
use crate::id::{Address, PackId};
use crate::pack::{BlockBuf, BlockCodec, BlockRow, ChunkRow, PackKind, PackReader, Trailer};
use crate::remote::Transport;

/// Told of an object's address and bytes.
type Visit<'v> = dyn FnMut(Address, &[u8]) -> Result<(), SyncError> + 'v;

/// A pack that was read whole, with its list of chunks as the root vouches for it.
pub(super) struct Source {
    pub(super) key: String,
    pub(super) kind: PackKind,
    pub(super) trailer: Trailer,
    pack: PackReader<Vec<u8>>,
}

impl Source {
    /// Reads a pack of the remote, or the copy that was kept of it.
    pub(super) fn read(
        transport: &dyn Transport,
        cache: &Cache,
        (id, record): (PackId, &PackRecord),
    ) -> Result<Self, SyncError> {
        let key = Area::Pack.key(id);
        let bytes = cache.pack(transport, id, record)?;
        let damaged = |e: &dyn ToString| SyncError::damaged(&*key, e.to_string());
        let pack = PackReader::open(bytes).map_err(|e| damaged(&e))?;
        let trailer = pack.read_trailer().map_err(|e| damaged(&e))?;
        Ok(Self { key, kind: record.kind, trailer, pack })
    }

    fn damaged(&self, why: impl ToString) -> SyncError {
        SyncError::damaged(self.key.as_str(), why)
    }

    /// Appends the wanted chunks that are not there yet: whole blocks as they are, of others the wanted
    /// chunks anew.
    pub(super) fn copy_chunks(
        &self,
        sink: &mut Sink<'_, '_>,
        codec: &mut BlockCodec,
        gathered: &mut Gathered,
        wanted: &[u32],
    ) -> Result<(), SyncError> {
        let mut buf = BlockBuf::new();
        for part in BlockPart::all(&self.trailer, wanted) {
            let is_new = part.wanted.iter().any(|(_, a)| sink.own.find(self.kind, a).is_none());
            if !is_new {
                continue;
            }
            let block =
                self.pack.read_compressed(part.offset, &mut buf).map_err(|e| self.damaged(e))?;
            if block.hash != part.hash {
                return Err(self.damaged(format!("the block at {} has another hash", part.offset)));
            }
            if part.is_whole {
                sink.append(self.kind, block, &part.chunks)?;
                continue;
            }
            let raw = self.pack.read_block(part.offset, &mut buf).map_err(|e| self.damaged(e))?;
            for (index, address) in &part.wanted {
                let bytes = part.bytes_of(*index, raw).to_vec();
                sink.gather(self.kind, codec, gathered, (*address, &bytes))?;
            }
        }
        Ok(())
    }

    /// Appends everything that is not there yet; small blocks become larger ones.
    pub(super) fn copy_all(
        &self,
        sink: &mut Sink<'_, '_>,
        codec: &mut BlockCodec,
        gathered: &mut Gathered,
    ) -> Result<(), SyncError> {
        let mut buf = BlockBuf::new();
        for (block, rows) in self.trailer.blocks_with_chunks() {
            if rows.iter().all(|row| sink.own.find(self.kind, &row.address).is_some()) {
                continue;
            }
            if block.raw_len <= sink.block_limit(self.kind) / 2 {
                self.each_object((block, rows), &mut buf, &mut |address, bytes| match sink
                    .own
                    .find(self.kind, &address)
                {
                    None => sink.gather(self.kind, codec, gathered, (address, bytes)),
                    Some(_) => Ok(()),
                })?;
                continue;
            }
            let stored =
                self.pack.read_compressed(block.offset, &mut buf).map_err(|e| self.damaged(e))?;
            if stored.hash != block.hash {
                return Err(self.damaged(format!("the block at {} has another hash", block.offset)));
            }
            let chunks: Vec<_> = rows.iter().map(|row| (row.address, row.raw_len)).collect();
            sink.append(self.kind, stored, &chunks)?;
        }
        Ok(())
    }

    /// Visits every object of the pack.
    pub(super) fn for_each(&self, visit: &mut Visit<'_>) -> Result<(), SyncError> {
        let mut buf = BlockBuf::new();
        self.trailer
            .blocks_with_chunks()
            .try_for_each(|(block, rows)| self.each_object((block, rows), &mut buf, visit))
    }

    fn each_object(
        &self,
        (block, rows): (&BlockRow, &[ChunkRow]),
        buf: &mut BlockBuf,
        visit: &mut Visit<'_>,
    ) -> Result<(), SyncError> {
        // One read for the hash of what is stored, one for the bytes: both of memory.
        let stored = self.pack.read_compressed(block.offset, buf).map_err(|e| self.damaged(e))?;
        if stored.hash != block.hash {
            return Err(self.damaged(format!("the block at {} has another hash", block.offset)));
        }
        let raw = self.pack.read_block(block.offset, buf).map_err(|e| self.damaged(e))?;
        let mut start = 0;
        for row in rows {
            let end = start + row.raw_len as usize;
            let bytes = raw.get(start..end).ok_or_else(|| self.damaged("a block is too short"))?;
            visit(row.address, bytes)?;
            start = end;
        }
        Ok(())
    }
}
