//! Reading a pack from several threads at once: blocks by offset, runs in order, a full check.
//!
//! Only [`PackReader::read_trailer`] and [`PackReader::check`] need the trailer. Whatever they are
//! told, all functions stay inside the blocks that the tail delimits.

use std::fs::File;
use std::io;
use std::sync::Arc;

use crate::id::{Address, PackId};

use super::cipher::{BlockCipher, BlockContext, NullCipher, PackKeys};
use super::codec::Decompressor;
use super::layout::{
    BLOCK_HEADER_LEN, BlockHeader, BlockRow, ChunkRow, Codec, Compressed, HEADER_LEN, Header,
    MAX_PACK_LEN, MAX_STORED_LEN, MIN_PACK_LEN, PackError, PackKind, StoredHash, TAIL_LEN, Tail,
    Trailer,
};

/// Bytes that can be read at any offset, by several threads at once.
pub trait ReadAt {
    /// Fills `buf` from `offset` on.
    ///
    /// # Errors
    /// `UnexpectedEof` if that reaches beyond the end; whatever the medium reports.
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()>;

    /// Number of bytes there are.
    ///
    /// # Errors
    /// Whatever the medium reports.
    fn byte_len(&self) -> io::Result<u64>;
}

impl ReadAt for File {
    #[cfg(unix)]
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        std::os::unix::fs::FileExt::read_exact_at(self, buf, offset)
    }

    #[cfg(windows)]
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match std::os::windows::fs::FileExt::seek_read(self, buf, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    buf = &mut buf[n..];
                    offset += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn byte_len(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }
}

impl ReadAt for [u8] {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        let wanted = usize::try_from(offset)
            .ok()
            .and_then(|start| self.get(start..start.checked_add(buf.len())?))
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(wanted);
        Ok(())
    }

    fn byte_len(&self) -> io::Result<u64> {
        Ok(self.len() as u64)
    }
}

impl ReadAt for Vec<u8> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.as_slice().read_exact_at(buf, offset)
    }

    fn byte_len(&self) -> io::Result<u64> {
        self.as_slice().byte_len()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for &T {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buf, offset)
    }

    fn byte_len(&self) -> io::Result<u64> {
        (**self).byte_len()
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        (**self).read_exact_at(buf, offset)
    }

    fn byte_len(&self) -> io::Result<u64> {
        (**self).byte_len()
    }
}

/// Buffers and a decompression context for reading blocks; one a thread, used again and again.
#[derive(Default)]
pub struct BlockBuf {
    // Block header and stored bytes; never shrunk, so that it is not zeroed for every block.
    file: Vec<u8>,
    raw: Vec<u8>,
    decompressor: Decompressor,
    decoded: u64,
}

impl BlockBuf {
    /// An empty buffer that grows to the largest block it meets.
    pub fn new() -> Self {
        Self::default()
    }

    /// Raw bytes that were made from blocks in this buffer so far: the cost of reading.
    pub fn decoded_bytes(&self) -> u64 {
        self.decoded
    }
}

/// One block found unreadable by a check.
#[derive(Debug)]
pub struct DamagedBlock {
    /// Offset of the block header in the pack.
    pub offset: u32,
    /// What is wrong with it.
    pub error: PackError,
}

/// What a check of a whole pack found.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// Number of blocks, good or bad.
    pub blocks: u64,
    /// Number of chunks in them.
    pub chunks: u64,
    /// Raw bytes of all blocks.
    pub raw_bytes: u64,
    /// The blocks that cannot be trusted, in file order.
    pub damaged: Vec<DamagedBlock>,
}

/// An open pack.
pub struct PackReader<R> {
    file: R,
    header: Header,
    tail: Tail,
    cipher: Box<dyn BlockCipher>,
}

impl<R: ReadAt> PackReader<R> {
    /// Opens a pack that is not sealed.
    ///
    /// # Errors
    /// As [`PackReader::open_with`].
    pub fn open(file: R) -> Result<Self, PackError> {
        Self::open_with(file, &NullCipher)
    }

    /// Opens a pack: reads header and tail, and checks both against the length of the file.
    ///
    /// The two are vouched for by a hash only after [`PackReader::read_trailer`]. The caller
    /// compares [`Header::id`] and [`Header::kind`] with what it asked for.
    ///
    /// # Errors
    /// `Truncated`, `BadMagic`, `NewerVersion`, `Damaged`, `UnknownKey` or `Io`.
    pub fn open_with(file: R, keys: &dyn PackKeys) -> Result<Self, PackError> {
        let len = file.byte_len()?;
        if len < MIN_PACK_LEN {
            return Err(PackError::Truncated);
        }
        let mut header = [0; HEADER_LEN];
        file.read_exact_at(&mut header, 0)?;
        let header = Header::decode(&header)?;
        if len > MAX_PACK_LEN {
            return Err(PackError::Damaged { offset: len, what: "longer than a pack may be" });
        }
        let mut tail = [0; TAIL_LEN];
        file.read_exact_at(&mut tail, len - TAIL_LEN as u64)?;
        let tail = Tail::decode(&tail, len)?;
        let cipher = keys.cipher(&header)?;
        Ok(Self { file, header, tail, cipher })
    }

    /// A pack that is not sealed, of which name, kind and end of the blocks are known from elsewhere, as
    /// the state of a remote knows them. Reads nothing, and can only read blocks: there is no trailer
    /// that [`PackReader::read_trailer`] would take.
    pub fn of_blocks(file: R, kind: PackKind, id: PackId, blocks_end: u32) -> Self {
        let header = Header::plain(kind, id.session.seq, id);
        let tail = Tail { trailer_offset: blocks_end, trailer_len: 0, hash: [0; 32] };
        Self { file, header, tail, cipher: Box::new(NullCipher) }
    }

    /// Where the bytes come from.
    pub fn file(&self) -> &R {
        &self.file
    }

    /// What the pack says about itself.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Offset at which the last block ends.
    pub fn blocks_end(&self) -> u32 {
        self.tail.trailer_offset
    }

    /// Length of the pack in bytes.
    pub fn byte_len(&self) -> u64 {
        u64::from(self.tail.trailer_offset) + u64::from(self.tail.trailer_len) + TAIL_LEN as u64
    }

    /// Reads the trailer and verifies it together with the header.
    ///
    /// # Errors
    /// `BadHash` or `Damaged` if either was changed; `Truncated` or `Io`.
    pub fn read_trailer(&self) -> Result<Trailer, PackError> {
        // Not above the file's length, which the tail was checked against.
        let mut bytes = vec![0; self.tail.trailer_len as usize];
        self.file.read_exact_at(&mut bytes, self.tail.trailer_offset.into())?;
        if Tail::hash_of(&self.header, &bytes) != self.tail.hash {
            return Err(PackError::BadHash);
        }
        Trailer::decode(&bytes, self.tail.trailer_offset.into())
    }

    /// Reads the block at `offset` and returns its raw bytes, in two reads of the file.
    ///
    /// Nothing vouches for the bytes: compare them with the id that was wanted.
    ///
    /// # Errors
    /// `Damaged` if there is no valid block at `offset`; `Truncated` or `Io`.
    pub fn read_block<'b>(
        &self,
        offset: u32,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], PackError> {
        let header = self.load(offset, buf)?;
        self.decode(offset, header, buf)
    }

    /// As [`PackReader::read_block`], for a block of known stored length, in one read of the file.
    ///
    /// # Errors
    /// Also `Damaged` if the block has another stored length.
    pub fn read_block_sized<'b>(
        &self,
        offset: u32,
        stored_len: u32,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], PackError> {
        let header = self.load_sized(offset, stored_len, buf)?;
        self.decode(offset, header, buf)
    }

    /// Reads the block at `offset` without decompressing it, to copy it into another pack.
    ///
    /// Its hash is the one to compare with the trailer's if the pack is not sealed.
    ///
    /// # Errors
    /// As [`PackReader::read_block`].
    pub fn read_compressed<'b>(
        &self,
        offset: u32,
        buf: &'b mut BlockBuf,
    ) -> Result<Compressed<'b>, PackError> {
        let header = self.load(offset, buf)?;
        let stored: &[u8] = self.unseal(offset, header, &mut buf.file)?;
        let BlockHeader { raw_len, codec, .. } = header;
        Ok(Compressed { stored, raw_len, codec, hash: StoredHash::of(stored) })
    }

    /// Goes through the blocks in order, from the one at `offset` on.
    pub fn scan<'a>(&'a self, offset: u32, buf: &'a mut BlockBuf) -> BlockScanner<'a, R> {
        BlockScanner { pack: self, buf, next: offset }
    }

    /// Reads `raw_bytes` raw bytes from `position` in the block at `block_offset` on.
    pub fn run<'a>(
        &'a self,
        block_offset: u32,
        position: u32,
        raw_bytes: u64,
        buf: &'a mut BlockBuf,
    ) -> RunReader<'a, R> {
        RunReader { blocks: self.scan(block_offset, buf), skip: position, left: raw_bytes }
    }

    /// Verifies header, trailer, every block's stored hash and every chunk's address.
    ///
    /// `is_right` says whether bytes belong to an address: the rule differs between kinds of packs.
    /// Damaged blocks, and blocks the medium cannot read, are reported and passed over.
    ///
    /// # Errors
    /// As [`PackReader::read_trailer`]: without the trailer nothing can be said about the blocks.
    pub fn check(
        &self,
        mut is_right: impl FnMut(&Address, &[u8]) -> bool,
    ) -> Result<CheckReport, PackError> {
        let trailer = self.read_trailer()?;
        let mut report = CheckReport::default();
        let mut buf = BlockBuf::new();
        for (block, chunks) in trailer.blocks_with_chunks() {
            report.blocks += 1;
            report.chunks += chunks.len() as u64;
            report.raw_bytes += u64::from(block.raw_len);
            if let Err(error) = self.check_block(block, chunks, &mut buf, &mut is_right) {
                report.damaged.push(DamagedBlock { offset: block.offset, error });
            }
        }
        Ok(report)
    }

    /// Verifies one block and its chunks against their rows of the trailer.
    ///
    /// # Errors
    /// `Damaged` at the block's offset, `Truncated` or `Io`.
    pub fn check_block(
        &self,
        block: &BlockRow,
        chunks: &[ChunkRow],
        buf: &mut BlockBuf,
        mut is_right: impl FnMut(&Address, &[u8]) -> bool,
    ) -> Result<(), PackError> {
        let damaged = |what| Err(PackError::Damaged { offset: block.offset.into(), what });
        let header = self.load_sized(block.offset, block.stored_len, buf)?;
        if header != block.header() {
            return damaged("block header and trailer differ");
        }
        if StoredHash::of(&buf.file[BLOCK_HEADER_LEN..header.file_len() as usize]) != block.hash {
            return damaged("the stored bytes of the block have another hash");
        }
        let mut rest = self.decode(block.offset, header, buf)?;
        for chunk in chunks {
            let Some((bytes, after)) = rest.split_at_checked(chunk.raw_len as usize) else {
                return damaged("chunk lengths do not add up to their block");
            };
            if !is_right(&chunk.address, bytes) {
                return damaged("a chunk of the block has another address");
            }
            rest = after;
        }
        match rest.is_empty() {
            true => Ok(()),
            false => damaged("chunk lengths do not add up to their block"),
        }
    }

    /// Puts block header and stored bytes of the block at `offset` into `buf.file`.
    fn load(&self, offset: u32, buf: &mut BlockBuf) -> Result<BlockHeader, PackError> {
        let header = self.load_header(offset)?;
        self.load_stored(offset, header, buf)?;
        Ok(header)
    }

    fn load_header(&self, offset: u32) -> Result<BlockHeader, PackError> {
        self.check_range(offset, 1)?;
        let mut head = [0; BLOCK_HEADER_LEN];
        self.file.read_exact_at(&mut head, offset.into())?;
        let header = BlockHeader::decode(&head, offset)?;
        self.check_range(offset, header.stored_len)?;
        Ok(header)
    }

    fn load_stored(
        &self,
        offset: u32,
        header: BlockHeader,
        buf: &mut BlockBuf,
    ) -> Result<(), PackError> {
        let file = grown(&mut buf.file, header.file_len() as usize);
        file[..BLOCK_HEADER_LEN].copy_from_slice(&header.encode());
        let body = u64::from(offset) + BLOCK_HEADER_LEN as u64;
        self.file.read_exact_at(&mut file[BLOCK_HEADER_LEN..], body)?;
        Ok(())
    }

    fn load_sized(
        &self,
        offset: u32,
        stored_len: u32,
        buf: &mut BlockBuf,
    ) -> Result<BlockHeader, PackError> {
        self.check_range(offset, stored_len)?;
        let file = grown(&mut buf.file, BLOCK_HEADER_LEN + stored_len as usize);
        self.file.read_exact_at(file, offset.into())?;
        let head = file.first_chunk().expect("the buffer begins with a block header");
        let header = BlockHeader::decode(head, offset)?;
        match header.stored_len == stored_len {
            true => Ok(header),
            false => Err(PackError::Damaged {
                offset: offset.into(),
                what: "the block has another stored length than was stated",
            }),
        }
    }

    /// Refuses a block that would not lie between the pack's header and its trailer.
    fn check_range(&self, offset: u32, stored_len: u32) -> Result<(), PackError> {
        let end = u64::from(offset) + BLOCK_HEADER_LEN as u64 + u64::from(stored_len);
        let inside = offset as usize >= HEADER_LEN
            && stored_len <= MAX_STORED_LEN
            && end <= u64::from(self.tail.trailer_offset);
        match inside {
            true => Ok(()),
            false => Err(PackError::Damaged {
                offset: offset.into(),
                what: "a block outside the blocks of the pack",
            }),
        }
    }

    fn unseal<'b>(
        &self,
        offset: u32,
        header: BlockHeader,
        file: &'b mut [u8],
    ) -> Result<&'b mut [u8], PackError> {
        let BlockHeader { raw_len, codec, .. } = header;
        let context = BlockContext { kind: self.header.kind, codec, raw_len, offset };
        let sealed = &mut file[BLOCK_HEADER_LEN..header.file_len() as usize];
        let plain = self.cipher.open(context, sealed)?;
        match codec == Codec::Raw && plain.len() != raw_len as usize {
            false => Ok(plain),
            true => Err(PackError::Damaged {
                offset: offset.into(),
                what: "a raw block with another length than its bytes",
            }),
        }
    }

    /// Turns what `load` put into the buffer into raw bytes.
    fn decode<'b>(
        &self,
        offset: u32,
        header: BlockHeader,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], PackError> {
        let BlockBuf { file, raw, decompressor, decoded } = buf;
        let plain = self.unseal(offset, header, file)?;
        *decoded += u64::from(header.raw_len);
        if header.codec == Codec::Raw {
            return Ok(plain);
        }
        decompressor
            .decompress(plain, header.raw_len, raw)
            .map_err(|what| PackError::Damaged { offset: offset.into(), what })?;
        Ok(raw)
    }

    /// As `decode`, for the first `len` raw bytes only.
    fn decode_start<'b>(
        &self,
        offset: u32,
        header: BlockHeader,
        len: u32,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], PackError> {
        let BlockBuf { file, raw, decompressor, decoded } = buf;
        let plain = self.unseal(offset, header, file)?;
        *decoded += u64::from(len);
        if header.codec == Codec::Raw {
            return Ok(&plain[..len as usize]);
        }
        decompressor
            .decompress_start(plain, len, raw)
            .map_err(|what| PackError::Damaged { offset: offset.into(), what })?;
        Ok(raw)
    }
}

/// The first `len` bytes of `buf`, made longer if need be.
fn grown(buf: &mut Vec<u8>, len: usize) -> &mut [u8] {
    if buf.len() < len {
        buf.resize(len, 0);
    }
    &mut buf[..len]
}

/// Goes through the blocks of a pack in order.
pub struct BlockScanner<'a, R> {
    pack: &'a PackReader<R>,
    buf: &'a mut BlockBuf,
    next: u32,
}

impl<R: ReadAt> BlockScanner<'_, R> {
    /// The next block's offset and raw bytes, or `None` behind the last block.
    ///
    /// # Errors
    /// As [`PackReader::read_block`]; the scanner stays where it is.
    pub fn next_block(&mut self) -> Result<Option<(u32, &[u8])>, PackError> {
        let offset = self.next;
        let Some(header) = self.header_ahead()? else { return Ok(None) };
        self.next_start(header, u64::MAX).map(|raw| Some((offset, raw)))
    }

    /// The first `wanted` raw bytes of the next block, whose header is known, or all of them where that is
    /// not much more.
    fn next_start(&mut self, header: BlockHeader, wanted: u64) -> Result<&[u8], PackError> {
        let offset = self.next;
        self.pack.load_stored(offset, header, self.buf)?;
        let raw = match u32::try_from(wanted) {
            Ok(wanted) if wanted < header.raw_len / 4 * 3 => {
                self.pack.decode_start(offset, header, wanted, self.buf)?
            }
            _ => self.pack.decode(offset, header, self.buf)?,
        };
        self.next = offset + header.file_len();
        Ok(raw)
    }

    /// The header of the next block, or `None` behind the last one.
    fn header_ahead(&self) -> Result<Option<BlockHeader>, PackError> {
        match self.next == self.pack.blocks_end() {
            true => Ok(None),
            false => self.pack.load_header(self.next).map(Some),
        }
    }
}

/// Reads a run: raw bytes that lie one after the other in the blocks of a pack.
///
/// Nothing vouches for the bytes: compare them with the id that was wanted.
pub struct RunReader<'a, R> {
    blocks: BlockScanner<'a, R>,
    skip: u32,
    left: u64,
}

impl<R: ReadAt> RunReader<'_, R> {
    /// Number of raw bytes not returned yet.
    pub fn remaining(&self) -> u64 {
        self.left
    }

    /// The next bytes of the run, at most a block's, or `None` at its end.
    ///
    /// # Errors
    /// `Damaged` also if the run leaves its first block or the pack; `offset` names the block.
    pub fn next_piece(&mut self) -> Result<Option<&[u8]>, PackError> {
        if self.left == 0 {
            return Ok(None);
        }
        let offset = self.blocks.next.into();
        let damaged = |what| PackError::Damaged { offset, what };
        let header = self.blocks.header_ahead()?;
        let header = header.ok_or(damaged("a run goes on behind the last block"))?;
        if header.codec == Codec::Raw && self.blocks.pack.header.key_number == 0 {
            return self.next_raw_piece(header).map(Some);
        }
        let skip = self.skip as usize;
        let wanted = self.left.saturating_add(skip as u64);
        let raw = self.blocks.next_start(header, wanted)?;
        if skip >= raw.len() {
            return Err(damaged("a run begins behind the end of its block"));
        }
        let len =
            usize::try_from(self.left).map_or(raw.len() - skip, |left| left.min(raw.len() - skip));
        self.skip = 0;
        self.left -= len as u64;
        Ok(Some(&raw[skip..skip + len]))
    }

    /// Reads only the wanted part of a block that is stored as it is: what makes a few kilobytes out of
    /// a large incompressible file cheap.
    fn next_raw_piece(&mut self, header: BlockHeader) -> Result<&[u8], PackError> {
        let offset = self.blocks.next;
        if self.skip >= header.raw_len || header.stored_len != header.raw_len {
            let what = "a run begins behind the end of its block";
            return Err(PackError::Damaged { offset: offset.into(), what });
        }
        let len = u64::from(header.raw_len - self.skip).min(self.left) as usize;
        let start = u64::from(offset) + BLOCK_HEADER_LEN as u64 + u64::from(self.skip);
        let bytes = grown(&mut self.blocks.buf.file, len);
        self.blocks.pack.file.read_exact_at(bytes, start)?;
        self.skip = 0;
        self.left -= len as u64;
        self.blocks.next = offset + header.file_len();
        self.blocks.buf.decoded += len as u64;
        Ok(&self.blocks.buf.file[..len])
    }
}
