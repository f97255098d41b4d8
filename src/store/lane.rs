//! An open pack with one writer: chunks are gathered into blocks and appended in the order they come.

use std::borrow::Cow;
use std::fs::File;
use std::path::PathBuf;

use super::StoreError;
use super::session::{Session, unfinished_pack};
use crate::catalog::Location;
use crate::fsio::FsError;
use crate::id::{Address, ChunkId, PackId};
use crate::pack::codec::BlockCodec;
use crate::pack::layout::{ChunkPlace, Compressed, PackKind, Trailer};
use crate::pack::reader::PackReader;
use crate::pack::writer::PackWriter;

/// A pack is sealed once it holds this many bytes.
const PACK_BYTES: u64 = 64 << 20;
/// A chunk of at least this length may have a block to itself.
const LONG_CHUNK_BYTES: usize = 32 << 10;

/// A pack whose tail is written but which is not yet synced, named or listed.
pub struct SealedPack {
    /// The pack's name for ever.
    pub id: PackId,
    /// What it holds.
    pub kind: PackKind,
    /// The temporary file.
    pub path: PathBuf,
    /// The same file, until it is synced.
    file: Option<File>,
    /// Its blocks and chunks, unless they were let go of.
    trailer: Option<Trailer>,
    /// How many chunks it has.
    pub chunks: u64,
    /// How many blocks.
    pub blocks: u64,
    /// Length of the file.
    pub bytes: u64,
    /// Sum of the chunks' lengths.
    pub raw_bytes: u64,
}

impl SealedPack {
    /// Makes it durable, and closes it: there may be more packs than a process may have files open.
    pub fn sync(&mut self) -> Result<(), StoreError> {
        match self.file.take() {
            Some(file) => file.sync_all().map_err(|e| StoreError::write(&self.path, e)),
            None => Ok(()),
        }
    }

    /// Lets go of the list of chunks, which is read again when it is needed.
    pub fn forget_chunks(&mut self) {
        self.trailer = None;
    }

    /// Its blocks and chunks, for the table.
    pub fn trailer(&self) -> Result<Cow<'_, Trailer>, StoreError> {
        if let Some(trailer) = &self.trailer {
            return Ok(Cow::Borrowed(trailer));
        }
        let file = File::open(&self.path).map_err(|e| FsError::new("open", &self.path, e))?;
        let trailer = PackReader::open(file).and_then(|pack| pack.read_trailer());
        trailer.map(Cow::Owned).map_err(|e| StoreError::pack(&self.path, e))
    }
}

/// Writes the packs of one kind for one worker.
pub struct Lane<'s> {
    session: &'s Session,
    kind: PackKind,
    block_bytes: usize,
    codec: BlockCodec,
    pack: Option<OpenPack>,
    raw: Vec<u8>,
    chunks: Vec<(Address, u32)>,
    sealed: Vec<SealedPack>,
}

struct OpenPack {
    id: PackId,
    path: PathBuf,
    writer: PackWriter<File>,
    raw_bytes: u64,
}

impl<'s> Lane<'s> {
    /// A lane that opens its first pack when the first block comes.
    pub fn new(session: &'s Session, kind: PackKind, block_bytes: u32, codec: BlockCodec) -> Self {
        Self {
            session,
            kind,
            block_bytes: block_bytes as usize,
            codec,
            pack: None,
            raw: Vec::new(),
            chunks: Vec::new(),
            sealed: Vec::new(),
        }
    }

    /// Puts a chunk into the block being gathered, after flushing it when the chunk does not fit.
    pub fn add(
        &mut self,
        address: Address,
        bytes: &[u8],
        placed: Placed<'_>,
    ) -> Result<(), StoreError> {
        if !self.raw.is_empty() && self.raw.len() + bytes.len() > self.block_bytes {
            self.flush(placed)?;
        }
        self.raw.extend_from_slice(bytes);
        self.chunks.push((address, bytes.len() as u32));
        Ok(())
    }

    /// As [`Lane::add`], for a chunk of a file. A long one that would not shrink is written as it lies,
    /// raw and in a block of its own.
    pub fn add_chunk(
        &mut self,
        id: ChunkId,
        bytes: &[u8],
        placed: Placed<'_>,
    ) -> Result<(), StoreError> {
        if bytes.len() < LONG_CHUNK_BYTES || self.codec.is_worth_trying([bytes]) {
            return self.add(id.into(), bytes, placed);
        }
        self.flush(placed)?;
        let chunk = (id.into(), bytes.len() as u32);
        self.append(Compressed::raw_chunk(id, bytes), &[chunk], placed)
    }

    /// Appends the block being gathered, if any.
    pub fn flush(&mut self, placed: Placed<'_>) -> Result<(), StoreError> {
        if self.chunks.is_empty() {
            return Ok(());
        }
        let (raw, chunks) = (std::mem::take(&mut self.raw), std::mem::take(&mut self.chunks));
        let block = self.codec.compress(&raw)?;
        append(&mut self.pack, self.session, self.kind, block, &chunks, placed)?;
        (self.raw, self.chunks) = (raw, chunks);
        self.raw.clear();
        self.chunks.clear();
        self.seal_if_full()
    }

    /// Appends a block compressed elsewhere; the caller keeps the order.
    pub fn append(
        &mut self,
        block: Compressed<'_>,
        chunks: &[(Address, u32)],
        placed: Placed<'_>,
    ) -> Result<(), StoreError> {
        append(&mut self.pack, self.session, self.kind, block, chunks, placed)?;
        self.seal_if_full()
    }

    fn seal_if_full(&mut self) -> Result<(), StoreError> {
        match &self.pack {
            Some(pack) if pack.writer.len() >= PACK_BYTES => self.seal_open(),
            _ => Ok(()),
        }
    }

    fn seal_open(&mut self) -> Result<(), StoreError> {
        if let Some(pack) = self.pack.take() {
            self.sealed.push(pack.seal(self.kind)?);
        }
        Ok(())
    }

    /// Flushes and seals, and hands out every pack sealed since the last call.
    pub fn seal(&mut self, placed: Placed<'_>) -> Result<Vec<SealedPack>, StoreError> {
        self.flush(placed)?;
        self.seal_open()?;
        Ok(self.take_sealed())
    }

    /// Packs that filled up since the last call.
    pub fn take_sealed(&mut self) -> Vec<SealedPack> {
        std::mem::take(&mut self.sealed)
    }
}

/// Told where each chunk came to lie.
pub type Placed<'p> = &'p mut dyn FnMut(&Address, Location);

fn append(
    pack: &mut Option<OpenPack>,
    session: &Session,
    kind: PackKind,
    block: Compressed<'_>,
    chunks: &[(Address, u32)],
    placed: Placed<'_>,
) -> Result<(), StoreError> {
    let pack = match pack {
        Some(pack) => pack,
        None => pack.insert(OpenPack::create(session, kind)?),
    };
    let at =
        pack.writer.append_block(block, chunks).map_err(|e| StoreError::pack(&pack.path, e))?;
    let stored_len = block.stored.len() as u32;
    let mut position = 0;
    for (&(address, raw_len), chunk) in chunks.iter().zip(at.first_chunk..) {
        let block_offset = at.block_offset;
        let place = ChunkPlace { chunk, block_offset, stored_len, position, raw_len };
        placed(&address, Location { pack: pack.id, place });
        position += raw_len;
    }
    pack.raw_bytes += u64::from(position);
    Ok(())
}

impl OpenPack {
    fn create(session: &Session, kind: PackKind) -> Result<Self, StoreError> {
        let id = session.new_pack_id()?;
        let path = unfinished_pack(session.dir(), id);
        let file = File::create_new(&path).map_err(|e| StoreError::write(&path, e))?;
        let writer = PackWriter::new(file, session.pack_header(id, kind))
            .map_err(|e| StoreError::pack(&path, e))?;
        Ok(Self { id, path, writer, raw_bytes: 0 })
    }

    fn seal(self, kind: PackKind) -> Result<SealedPack, StoreError> {
        let Self { id, path, writer, raw_bytes } = self;
        let done = writer.finish().map_err(|e| StoreError::pack(&path, e))?;
        let (chunks, blocks) = (done.trailer.chunks().len(), done.trailer.blocks().len());
        Ok(SealedPack {
            id,
            kind,
            path,
            file: Some(done.out),
            trailer: Some(done.trailer),
            chunks: chunks as u64,
            blocks: blocks as u64,
            bytes: done.len,
            raw_bytes,
        })
    }
}
