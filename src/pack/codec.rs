//! Compression of one block, with proof that it can be undone.
//!
//! A [`BlockCodec`] belongs to one thread and keeps its zstd contexts and buffers between blocks.

use zstd::bulk;
use zstd::zstd_safe::{CParameter, DCtx, InBuffer, OutBuffer, ResetDirective};

use super::layout::{Codec, Compressed, MAX_RAW_LEN, PackError, StoredHash};

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

/// Compresses blocks at one level and verifies what the compressor made.
pub struct BlockCodec {
    compressor: bulk::Compressor<'static>,
    verifier: Option<Decompressor>,
    checked: Vec<u8>,
}

impl BlockCodec {
    /// A codec for zstd level `level`; `verify` has every block decompressed and compared.
    ///
    /// # Errors
    /// `Compressor` if zstd does not start.
    pub fn new(level: i32, verify: bool) -> Result<Self, PackError> {
        let compressor = bulk::Compressor::new(level)
            .map_err(|_| PackError::Compressor("zstd did not start"))?;
        Ok(Self { compressor, verifier: verify.then(Decompressor::default), checked: Vec::new() })
    }

    /// As [`BlockCodec::new`], for blocks inside large files: level 1 with a hash table of 2^16 entries and
    /// matches of 7 bytes or more, which stores 0.7 % less of a table of text in the same time.
    ///
    /// # Errors
    /// As [`BlockCodec::new`].
    pub fn for_large_blocks(level: i32, verify: bool) -> Result<Self, PackError> {
        let mut codec = Self::new(level, verify)?;
        if level == 1 {
            let tuned =
                [CParameter::WindowLog(20), CParameter::HashLog(16), CParameter::MinMatch(7)];
            for parameter in tuned {
                codec
                    .compressor
                    .set_parameter(parameter)
                    .map_err(|_| PackError::Compressor("zstd refuses a parameter"))?;
            }
        }
        Ok(codec)
    }

    /// Compresses `raw` into `out`, or leaves it raw when that saves less than 3 %.
    ///
    /// `out` is working space whose content is replaced; keep it between calls.
    ///
    /// # Errors
    /// `BadBlock` if `raw` is empty or above [`MAX_RAW_LEN`]; `Compressor` if zstd fails or its
    /// output does not decompress to `raw`.
    pub fn compress<'a>(
        &mut self,
        raw: &'a [u8],
        out: &'a mut Vec<u8>,
    ) -> Result<Compressed<'a>, PackError> {
        let raw_len = match u32::try_from(raw.len()) {
            Ok(0) => return Err(PackError::BadBlock("no bytes")),
            Ok(len @ 1..=MAX_RAW_LEN) => len,
            _ => return Err(PackError::BadBlock("more raw bytes than a block may have")),
        };
        out.clear();
        out.reserve(zstd::zstd_safe::compress_bound(raw.len()));
        self.compressor
            .compress_to_buffer(raw, out)
            .map_err(|_| PackError::Compressor("zstd reports an error"))?;
        if out.len() as u64 * 100 > u64::from(raw_len) * WORTHWHILE_PERCENT {
            return Ok(Compressed {
                stored: raw,
                raw_len,
                codec: Codec::Raw,
                hash: StoredHash::of(raw),
            });
        }
        self.verify(raw, raw_len, out)?;
        Ok(Compressed { stored: out, raw_len, codec: Codec::Zstd, hash: StoredHash::of(out) })
    }

    fn verify(&mut self, raw: &[u8], raw_len: u32, frame: &[u8]) -> Result<(), PackError> {
        let Some(verifier) = &mut self.verifier else { return Ok(()) };
        verifier.decompress(frame, raw_len, &mut self.checked).map_err(PackError::Compressor)?;
        match self.checked == raw {
            true => Ok(()),
            false => Err(PackError::Compressor("the block decompresses to other bytes")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compressible_bytes_shrink_and_come_back() {
        let raw: Vec<u8> = (0..50_000u32).flat_map(|i| (i / 7).to_le_bytes()).collect();
        let (mut out, mut back) = (Vec::new(), Vec::new());
        let mut codec = BlockCodec::new(1, true).expect("codec");
        for _ in 0..2 {
            let block = codec.compress(&raw, &mut out).expect("compress");
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
        let mut out = Vec::new();
        let block = BlockCodec::new(1, true).expect("codec").compress(&raw, &mut out);
        let block = block.map(|block| (block.codec, block.stored.to_vec())).expect("compress");
        assert_eq!(block, (Codec::Raw, raw));
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        let mut codec = BlockCodec::new(1, true).expect("codec");
        let mut out = Vec::new();
        assert!(matches!(codec.compress(&[], &mut out), Err(PackError::BadBlock(_))));
        let long = vec![0; MAX_RAW_LEN as usize + 1];
        assert!(matches!(codec.compress(&long, &mut out), Err(PackError::BadBlock(_))));
        assert!(codec.compress(&long[1..], &mut out).is_ok());
    }

    #[test]
    fn verification_catches_a_wrong_frame() {
        let mut codec = BlockCodec::new(1, true).expect("codec");
        let raw = [7; 1000];
        let mut out = Vec::new();
        let frame = codec.compress(&raw, &mut out).expect("compress").stored.to_vec();
        assert!(codec.verify(&raw, 1000, &frame).is_ok());
        assert!(codec.verify(&raw[1..], 999, &frame).is_err());
        let mut other = raw;
        other[500] = 8;
        assert!(codec.verify(&other, 1000, &frame).is_err());
        let mut unverified = BlockCodec::new(1, false).expect("codec");
        assert!(unverified.verify(&other, 1000, &frame).is_ok());
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
