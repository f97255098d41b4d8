//! Compression of one block, with proof that it can be undone.
//!
//! A [`BlockCodec`] belongs to one thread and keeps its zstd contexts and buffers between blocks.

use zstd::bulk;
use zstd::zstd_safe::{CParameter, DCtx, InBuffer, OutBuffer, ResetDirective};

use super::layout::{Codec, Compressed, MAX_RAW_LEN, PackError, StoredHash};

/// Bytes at the middle of a chunk that stand for it when a block is sampled.
const SAMPLE_BYTES: usize = 8 << 10;
/// Blocks that may be left raw for their samples' sake after one that did not shrink as a whole.
const SAMPLED_BLOCKS: u8 = 7;

/// A compressed block is used only if it is at most this share of the raw bytes, in percent.
const WORTHWHILE_PERCENT: u64 = 97;

/// Decompresses zstd frames of known size, reusing its context.
#[derive(Default)]
pub struct Decompressor {
    context: Option<bulk::Decompressor<'static>>,
    stream: Option<DCtx<'static>>,
}

impl Decompressor {
    /// Replaces the content of `out` by the `raw_len` bytes that `frame` decompresses to.
    ///
    /// # Errors
    /// What is wrong, in words, if `frame` is not valid or gives another number of bytes.
    pub fn decompress(
        &mut self,
        frame: &[u8],
        raw_len: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let context = match &mut self.context {
            Some(context) => context,
            empty => empty.insert(bulk::Decompressor::new().map_err(|_| "zstd did not start")?),
        };
        out.clear();
        out.reserve(raw_len as usize);
        let len = context
            .decompress_to_buffer(frame, out)
            .map_err(|_| "the block does not decompress")?;
        match len == raw_len as usize {
            true => Ok(()),
            false => Err("the block decompresses to another length"),
        }
    }

    /// Replaces the content of `out` by the first `len` bytes that `frame` decompresses to. What
    /// follows them in the frame is not looked at.
    ///
    /// # Errors
    /// What is wrong, in words, if `frame` is not valid so far or gives fewer bytes.
    pub fn decompress_start(
        &mut self,
        frame: &[u8],
        len: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), &'static str> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            empty => empty.insert(DCtx::try_create().ok_or("zstd did not start")?),
        };
        stream.reset(ResetDirective::SessionOnly).map_err(|_| "zstd did not start")?;
        // The capacity is what zstd may fill, and may be more than was asked for.
        if out.len() < len as usize {
            out.resize(len as usize, 0);
        }
        out.truncate(len as usize);
        let mut to = OutBuffer::around(&mut out[..]);
        let mut from = InBuffer::around(frame);
        while to.pos() < len as usize {
            let before = (to.pos(), from.pos());
            stream
                .decompress_stream(&mut to, &mut from)
                .map_err(|_| "the block does not decompress")?;
            if (to.pos(), from.pos()) == before {
                return Err("the block decompresses to another length");
            }
        }
        Ok(())
    }
}

fn is_worthwhile(stored: usize, raw: usize) -> bool {
    stored as u64 * 100 <= raw as u64 * WORTHWHILE_PERCENT
}

/// Compresses blocks at one level and verifies what the compressor made.
pub struct BlockCodec {
    compressor: bulk::Compressor<'static>,
    verifier: Option<Decompressor>,
    checked: Vec<u8>,
    /// Working space for what is compressed.
    out: Vec<u8>,
    /// How many more blocks a sample may decide about.
    trusted: u8,
}

impl BlockCodec {
    /// A codec for zstd level `level`; `verify` has every block decompressed and compared.
    ///
    /// # Errors
    /// `Compressor` if zstd does not start.
    pub fn new(level: i32, verify: bool) -> Result<Self, PackError> {
        let compressor = bulk::Compressor::new(level)
            .map_err(|_| PackError::Compressor("zstd did not start"))?;
        Ok(Self {
            compressor,
            verifier: verify.then(Decompressor::default),
            checked: Vec::new(),
            out: Vec::new(),
            trusted: 0,
        })
    }

    /// As [`BlockCodec::new`], for blocks inside large files: level 1 with a hash table of 2^16 entries and
    /// matches of 7 bytes or more, which stores 0.7 % less of a table of text in the same time. A window of
    /// 256 KiB, though blocks may be longer: up to there zstd searches without branches, 7 to 18 % faster.
    ///
    /// # Errors
    /// As [`BlockCodec::new`].
    pub fn for_large_blocks(level: i32, verify: bool) -> Result<Self, PackError> {
        let mut codec = Self::new(level, verify)?;
        if level == 1 {
            let tuned =
                [CParameter::WindowLog(18), CParameter::HashLog(16), CParameter::MinMatch(7)];
            for parameter in tuned {
                codec
                    .compressor
                    .set_parameter(parameter)
                    .map_err(|_| PackError::Compressor("zstd refuses a parameter"))?;
            }
        }
        Ok(codec)
    }

    /// Whether a block of these chunks is worth the time to compress it: it is, unless the block before did not
    /// shrink and no sample of this one does. After some such blocks one is tried again as a whole.
    pub fn is_worth_trying<'c>(&mut self, chunks: impl IntoIterator<Item = &'c [u8]>) -> bool {
        if self.trusted == 0 || chunks.into_iter().any(|chunk| self.sample_shrinks(chunk)) {
            return true;
        }
        self.trusted -= 1;
        false
    }

    /// Forgets what earlier blocks were like, so that the next ones are stored the same way whatever came before.
    pub fn start_anew(&mut self) {
        self.trusted = 0;
    }

    fn sample_shrinks(&mut self, chunk: &[u8]) -> bool {
        let start = chunk.len().saturating_sub(SAMPLE_BYTES) / 2;
        let sample = &chunk[start..chunk.len().min(start + SAMPLE_BYTES)];
        // An error comes again, and is reported, when the block is tried.
        self.run(sample).is_err() || is_worthwhile(self.out.len(), sample.len())
    }

    fn run(&mut self, raw: &[u8]) -> Result<(), PackError> {
        self.out.clear();
        self.out.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        let compressed = self.compressor.compress_to_buffer(raw, &mut self.out);
        compressed.map(|_| ()).map_err(|_| PackError::Compressor("zstd reports an error"))
    }

    /// Compresses `raw`, or gives nothing when that saves less than 3 %.
    ///
    /// # Errors
    /// `BadBlock` if `raw` is empty or above [`MAX_RAW_LEN`]; `Compressor` if zstd fails or its
    /// output does not decompress to `raw`.
    pub fn shrink(&mut self, raw: &[u8]) -> Result<Option<Compressed<'_>>, PackError> {
        let raw_len = match u32::try_from(raw.len()) {
            Ok(0) => return Err(PackError::BadBlock("no bytes")),
            Ok(len @ 1..=MAX_RAW_LEN) => len,
            _ => return Err(PackError::BadBlock("more raw bytes than a block may have")),
        };
        self.run(raw)?;
        if !is_worthwhile(self.out.len(), raw.len()) {
            self.trusted = SAMPLED_BLOCKS;
            return Ok(None);
        }
        self.trusted = 0;
        self.verify(raw, raw_len)?;
        let hash = StoredHash::of(&self.out);
        Ok(Some(Compressed { stored: &self.out, raw_len, codec: Codec::Zstd, hash }))
    }

    /// As [`BlockCodec::shrink`], but what does not shrink is left raw.
    ///
    /// # Errors
    /// As [`BlockCodec::shrink`].
    pub fn compress<'a>(&'a mut self, raw: &'a [u8]) -> Result<Compressed<'a>, PackError> {
        let shrunk = self.shrink(raw)?;
        Ok(shrunk.unwrap_or_else(|| Compressed {
            stored: raw,
            raw_len: raw.len() as u32,
            codec: Codec::Raw,
            hash: StoredHash::of(raw),
        }))
    }

    /// Compares `raw` with what `out` decompresses to.
    fn verify(&mut self, raw: &[u8], raw_len: u32) -> Result<(), PackError> {
        let Some(verifier) = &mut self.verifier else { return Ok(()) };
        verifier
            .decompress(&self.out, raw_len, &mut self.checked)
            .map_err(PackError::Compressor)?;
        match self.checked == raw {
            true => Ok(()),
            false => Err(PackError::Compressor("the block decompresses to other bytes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ChunkId;

    #[test]
    fn compressible_bytes_shrink_and_come_back() {
        let raw: Vec<u8> = (0..50_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let mut back = Vec::new();
        let mut codec = BlockCodec::new(1, true).expect("codec");
        for _ in 0..2 {
            let block = codec.compress(&raw).expect("compress");
            assert_eq!((block.codec, block.raw_len), (Codec::Zstd, 200_000));
            assert!(block.stored.len() < raw.len() / 2);
            assert_eq!(block.hash, StoredHash::of(block.stored));
            Decompressor::default()
                .decompress(block.stored, block.raw_len, &mut back)
                .expect("decompress");
            assert_eq!(back, raw);
        }
    }

    #[test]
    fn what_does_not_shrink_is_stored_raw() {
        let mut raw = vec![0; 10_000];
        blake3::Hasher::new().finalize_xof().fill(&mut raw);
        let mut codec = BlockCodec::new(1, true).expect("codec");
        let block = codec.compress(&raw);
        let block = block.map(|block| (block.codec, block.stored.to_vec())).expect("compress");
        assert_eq!(block, (Codec::Raw, raw));
    }

    #[test]
    fn a_sample_decides_only_after_a_block_that_did_not_shrink() {
        let mut noise = vec![0; 100_000];
        blake3::Hasher::new().finalize_xof().fill(&mut noise);
        let text = vec![b'a'; 20_000];
        let mut codec = BlockCodec::new(1, true).expect("codec");
        assert!(codec.is_worth_trying([&noise[..]]), "nothing is known yet");
        assert_eq!(codec.shrink(&noise).expect("compress"), None);
        for _ in 0..SAMPLED_BLOCKS {
            assert!(codec.is_worth_trying([&noise[..], &text[..]]), "one chunk of it shrinks");
            assert!(!codec.is_worth_trying([&noise[..], &noise[..1]]));
        }
        assert!(codec.is_worth_trying([&noise[..]]), "now and then the whole is tried");
        codec.shrink(&noise).expect("compress");
        assert!(!codec.is_worth_trying([&noise[..]]));
        codec.start_anew();
        assert!(codec.is_worth_trying([&noise[..]]));
    }

    #[test]
    fn a_lone_raw_chunk_has_the_hash_of_its_bytes() {
        let bytes = [7; 100];
        let block = Compressed::raw_chunk(ChunkId::of(&bytes), &bytes);
        assert_eq!((block.hash, block.raw_len), (StoredHash::of(&bytes), 100));
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        let mut codec = BlockCodec::new(1, true).expect("codec");
        assert!(matches!(codec.compress(&[]), Err(PackError::BadBlock(_))));
        let long = vec![0; MAX_RAW_LEN as usize + 1];
        assert!(matches!(codec.compress(&long), Err(PackError::BadBlock(_))));
        assert!(codec.compress(&long[1..]).is_ok());
    }

    #[test]
    fn verification_catches_a_wrong_frame() {
        let mut codec = BlockCodec::new(1, true).expect("codec");
        let raw = [7; 1000];
        codec.compress(&raw).expect("compress");
        assert!(codec.verify(&raw, 1000).is_ok());
        assert!(codec.verify(&raw[1..], 999).is_err());
        let mut other = raw;
        other[500] = 8;
        assert!(codec.verify(&other, 1000).is_err());
        let mut unverified = BlockCodec::new(1, false).expect("codec");
        unverified.compress(&raw).expect("compress");
        assert!(unverified.verify(&other, 1000).is_ok());
    }

    #[test]
    fn the_start_of_a_frame_is_its_first_bytes() {
        let raw: Vec<u8> = (0..300_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let frame = zstd::bulk::compress(&raw, 1).expect("compress");
        let mut decompressor = Decompressor::default();
        let mut out = Vec::new();
        for len in [1, 1000, 300_000, 40, raw.len() as u32] {
            decompressor.decompress_start(&frame, len, &mut out).expect("decompress");
            assert_eq!(out, raw[..len as usize]);
        }
        let too_many = raw.len() as u32 + 1;
        assert!(decompressor.decompress_start(&frame, too_many, &mut out).is_err());
        assert!(decompressor.decompress_start(&frame[..50], 300_000, &mut out).is_err());
        assert!(decompressor.decompress_start(&raw, 10, &mut out).is_err());
        assert!(decompressor.decompress_start(&frame, 10, &mut out).is_ok());
    }

    #[test]
    fn a_frame_of_another_length_is_an_error() {
        let frame = zstd::bulk::compress(&[1; 300], 1).expect("compress");
        let mut out = Vec::new();
        let mut decompressor = Decompressor::default();
        assert!(decompressor.decompress(&frame, 300, &mut out).is_ok());
        assert!(decompressor.decompress(&frame, 301, &mut out).is_err());
        assert!(decompressor.decompress(&frame, 299, &mut out).is_err());
        assert!(decompressor.decompress(&frame[..frame.len() - 1], 300, &mut out).is_err());
    }
}
