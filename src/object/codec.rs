//! Deterministic CBOR, cut down to what objects need: arrays, unsigned and signed integers, byte and
//! text strings, all of definite length and in their shortest form.
//!
//! [`Reader`] refuses everything else as it goes: each head it reads must be as long as the value
//! needs. A type whose decoder reads each part once, in order, and checks order and uniqueness where
//! it has a choice therefore accepts exactly what its encoder writes.

use minicbor::{Decoder, Encoder};
use thiserror::Error;

use crate::path::{NameError, TargetError};

/// The longest encoding of an object: a pack counts the bytes of an object in 24 bits.
pub const MAX_ENCODED_BYTES: usize = (16 << 20) - 1;

/// The schema number of every object so far.
pub(crate) const SCHEMA: u64 = 1;

/// Why bytes are not an object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DecodeError {
    /// The object has a schema this version does not know.
    #[error("schema {found} is newer than this version reads (up to {SCHEMA})")]
    Newer {
        /// The schema number found.
        found: u64,
    },
    /// The bytes do not have the object's form.
    #[error("at byte {offset}: {detail}")]
    Malformed {
        /// Where the part at fault begins.
        offset: usize,
        /// What is wrong with it.
        detail: String,
    },
    /// The bytes have the object's form, but are not the one encoding of the value.
    #[error("at byte {offset}: not the canonical encoding ({detail})")]
    NotCanonical {
        /// Where the part at fault ends.
        offset: usize,
        /// Which rule is broken.
        detail: &'static str,
    },
    /// A name breaks the rule for names.
    #[error("at byte {offset}: {source}")]
    Name {
        /// Where the name ends.
        offset: usize,
        /// What is wrong with it.
        source: NameError,
    },
    /// The target of a symbolic link breaks its rule.
    #[error("at byte {offset}: {source}")]
    Target {
        /// Where the target ends.
        offset: usize,
        /// What is wrong with it.
        source: TargetError,
    },
    /// The encoding is longer than [`MAX_ENCODED_BYTES`].
    #[error("the object has {bytes} bytes, more than {MAX_ENCODED_BYTES}")]
    TooLarge {
        /// The length found.
        bytes: usize,
    },
}

/// Why a value cannot be written as an object.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A metadata key is empty.
    #[error("a metadata key is empty")]
    EmptyKey,
    /// The encoding would be longer than [`MAX_ENCODED_BYTES`].
    #[error("the object has {bytes} bytes, more than {MAX_ENCODED_BYTES}")]
    TooLarge {
        /// The length it would have.
        bytes: usize,
    },
}

/// Reads one canonical encoding from front to back.
pub(crate) struct Reader<'a> {
    decoder: Decoder<'a>,
}

impl<'a> Reader<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_ENCODED_BYTES {
            return Err(DecodeError::TooLarge { bytes: bytes.len() });
        }
        Ok(Self { decoder: Decoder::new(bytes) })
    }

    /// Reads the array that is the whole object, and the schema number in it.
    pub(crate) fn object(&mut self, parts: usize) -> Result<(), DecodeError> {
        let found_parts = self.array_head()?;
        match self.unsigned()? {
            SCHEMA if found_parts == parts as u64 => Ok(()),
            SCHEMA => Err(self.malformed(format!("an array of {parts} parts is needed"))),
            0 => Err(self.malformed("schema 0 does not exist")),
            found => Err(DecodeError::Newer { found }),
        }
    }

    /// Ends the object: nothing may follow it.
    pub(crate) fn finish(self) -> Result<(), DecodeError> {
        if self.remaining() != 0 {
            return Err(self.malformed("bytes follow the object"));
        }
        Ok(())
    }

    pub(crate) fn array(&mut self, parts: usize) -> Result<(), DecodeError> {
        if self.array_head()? != parts as u64 {
            return Err(self.malformed(format!("an array of {parts} parts is needed")));
        }
        Ok(())
    }

    /// Reads the head of a list whose items take at least `min_item_bytes` each, so that the count
    /// is no more than what the rest of the input can hold.
    pub(crate) fn list(&mut self, min_item_bytes: usize) -> Result<usize, DecodeError> {
        let count = self.array_head()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.remaining() / min_item_bytes => Ok(count),
            _ => Err(self.malformed("a list of more items than there are bytes for")),
        }
    }

    /// Reads a list of no or one item: whether the item follows.
    pub(crate) fn optional(&mut self) -> Result<bool, DecodeError> {
        match self.array_head()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(self.malformed("a list of no or one item is needed")),
        }
    }

    pub(crate) fn unsigned(&mut self) -> Result<u64, DecodeError> {
        let start = self.offset();
        let value = self.decoder.u64().map_err(|error| syntax(start, &error))?;
        self.shortest(start, value)?;
        Ok(value)
    }

    pub(crate) fn signed(&mut self) -> Result<i64, DecodeError> {
        let start = self.offset();
        let value = self.decoder.i64().map_err(|error| syntax(start, &error))?;
        // A negative integer n is written as the magnitude -1 - n.
        self.shortest(start, if value < 0 { !value as u64 } else { value as u64 })?;
        Ok(value)
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, DecodeError> {
        let start = self.offset();
        let text = self.decoder.str().map_err(|error| syntax(start, &error))?;
        self.shortest(start + text.len(), text.len() as u64)?;
        Ok(text)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'a [u8], DecodeError> {
        let start = self.offset();
        let bytes = self.decoder.bytes().map_err(|error| syntax(start, &error))?;
        self.shortest(start + bytes.len(), bytes.len() as u64)?;
        Ok(bytes)
    }

    /// Reads the 32 bytes of an id.
    pub(crate) fn id(&mut self) -> Result<[u8; 32], DecodeError> {
        let bytes = self.bytes()?;
        bytes.try_into().map_err(|_| self.malformed("an id has 32 bytes"))
    }

    pub(crate) fn malformed(&self, detail: impl Into<String>) -> DecodeError {
        DecodeError::Malformed { offset: self.offset(), detail: detail.into() }
    }

    pub(crate) fn not_canonical(&self, detail: &'static str) -> DecodeError {
        DecodeError::NotCanonical { offset: self.offset(), detail }
    }

    pub(crate) fn offset(&self) -> usize {
        self.decoder.position()
    }

    fn remaining(&self) -> usize {
        self.decoder.input().len() - self.offset()
    }

    fn array_head(&mut self) -> Result<u64, DecodeError> {
        let start = self.offset();
        let count = self.decoder.array().map_err(|error| syntax(start, &error))?;
        let count = count.ok_or_else(|| self.not_canonical("a list of indefinite length"))?;
        self.shortest(start, count)?;
        Ok(count)
    }

    /// Checks that the head that began at `start` and ends here is as short as `value` allows.
    fn shortest(&self, start: usize, value: u64) -> Result<(), DecodeError> {
        if self.offset() - start != head_bytes(value) {
            return Err(self.not_canonical("an integer or length longer than needed"));
        }
        Ok(())
    }
}

#[cold]
fn syntax(offset: usize, error: &minicbor::decode::Error) -> DecodeError {
    DecodeError::Malformed { offset, detail: error.to_string() }
}

/// How many bytes the head of an item takes that holds `value` (RFC 8949 §4.2.1).
fn head_bytes(value: u64) -> usize {
    match value {
        0..=23 => 1,
        24..=0xff => 2,
        0x100..=0xffff => 3,
        0x1_0000..=0xffff_ffff => 5,
        _ => 9,
    }
}

/// Writes one canonical encoding to memory.
pub(crate) struct Writer {
    encoder: Encoder<Vec<u8>>,
}

const TO_MEMORY: &str = "writing to memory cannot fail";

impl Writer {
    /// Begins an object of `parts` parts, the schema number among them.
    pub(crate) fn object(parts: usize, capacity: usize) -> Self {
        let mut writer = Self { encoder: Encoder::new(Vec::with_capacity(capacity)) };
        writer.list(parts);
        writer.unsigned(SCHEMA);
        writer
    }

    pub(crate) fn list(&mut self, count: usize) {
        self.encoder.array(count as u64).expect(TO_MEMORY);
    }

    pub(crate) fn unsigned(&mut self, value: u64) {
        self.encoder.u64(value).expect(TO_MEMORY);
    }

    pub(crate) fn signed(&mut self, value: i64) {
        self.encoder.i64(value).expect(TO_MEMORY);
    }

    pub(crate) fn text(&mut self, text: &str) {
        self.encoder.str(text).expect(TO_MEMORY);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.encoder.bytes(bytes).expect(TO_MEMORY);
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.encoder.into_writer()
    }

    /// Ends an object whose length was not bounded by its parts.
    pub(crate) fn finish_bounded(self) -> Result<Vec<u8>, EncodeError> {
        let encoded = self.finish();
        if encoded.len() > MAX_ENCODED_BYTES {
            return Err(EncodeError::TooLarge { bytes: encoded.len() });
        }
        Ok(encoded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(bytes: &[u8]) -> Reader<'_> {
        Reader::new(bytes).expect("short")
    }

    #[test]
    fn only_the_shortest_heads_are_read() {
        assert_eq!(reader(&[0x17]).unsigned(), Ok(23));
        assert_eq!(reader(&[0x18, 24]).unsigned(), Ok(24));
        assert_eq!(reader(&[0x38, 24]).signed(), Ok(-25));
        let long: [&[u8]; 6] = [
            &[0x18, 23],
            &[0x19, 0, 255],
            &[0x1a, 0, 0, 255, 255],
            &[0x1b, 0, 0, 0, 0, 255, 255, 255, 255],
            &[0x38, 23],
            &[0x39, 0, 255],
        ];
        for bytes in long {
            assert!(matches!(reader(bytes).signed(), Err(DecodeError::NotCanonical { .. })));
        }
        assert!(matches!(reader(&[0x78, 1, b'a']).text(), Err(DecodeError::NotCanonical { .. })));
        assert!(matches!(reader(&[0x58, 1, b'a']).bytes(), Err(DecodeError::NotCanonical { .. })));
        assert!(matches!(reader(&[0x98, 1, 0]).list(1), Err(DecodeError::NotCanonical { .. })));
    }

    #[test]
    fn indefinite_lengths_and_other_types_are_refused() {
        assert!(reader(&[0x9f, 0xff]).list(1).is_err());
        assert!(reader(&[0x7f, 0x61, b'a', 0xff]).text().is_err());
        assert!(reader(&[0x5f, 0x41, b'a', 0xff]).bytes().is_err());
        for other in [0xa0, 0xc0, 0xf4, 0xf6, 0xf9, 0x60, 0x40] {
            assert!(reader(&[other, 0, 0, 0, 0]).unsigned().is_err());
        }
    }

    #[test]
    fn extreme_integers_round_trip() {
        for value in [0, 23, 24, 255, 256, 65535, 65536, u64::from(u32::MAX), 1 << 32, u64::MAX] {
            let mut writer = Writer::object(2, 0);
            writer.unsigned(value);
            let bytes = writer.finish();
            let mut r = reader(&bytes);
            assert_eq!((r.object(2), r.unsigned(), r.finish()), (Ok(()), Ok(value), Ok(())));
        }
        for value in [i64::MIN, i64::MIN + 1, -257, -256, -25, -24, -1, 0, i64::MAX] {
            let mut writer = Writer::object(2, 0);
            writer.signed(value);
            let bytes = writer.finish();
            let mut r = reader(&bytes);
            assert_eq!((r.object(2), r.signed(), r.finish()), (Ok(()), Ok(value), Ok(())));
        }
        // One beyond what an i64 holds, either way.
        assert!(reader(&[0x1b, 0x80, 0, 0, 0, 0, 0, 0, 0]).signed().is_err());
        assert!(reader(&[0x3b, 0x80, 0, 0, 0, 0, 0, 0, 0]).signed().is_err());
    }

    #[test]
    fn a_count_beyond_the_input_is_refused_before_anything_is_allocated() {
        let huge = [0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
        assert!(matches!(reader(&huge).list(1), Err(DecodeError::Malformed { .. })));
        assert!(reader(&[0x83, 0, 0]).list(1).is_err());
        assert!(reader(&[0x5b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]).bytes().is_err());
        assert!(reader(&[0x7a, 0xff, 0xff, 0xff, 0xff]).text().is_err());
    }

    #[test]
    fn newer_schemas_and_trailing_bytes_are_told_apart() {
        assert_eq!(reader(&[0x82, 2, 0]).object(2), Err(DecodeError::Newer { found: 2 }));
        assert_eq!(reader(&[0x83, 2, 0]).object(2), Err(DecodeError::Newer { found: 2 }));
        assert!(matches!(reader(&[0x82, 0, 0]).object(2), Err(DecodeError::Malformed { .. })));
        assert!(matches!(reader(&[0x83, 1, 0]).object(2), Err(DecodeError::Malformed { .. })));
        assert!(matches!(reader(&[0]).finish(), Err(DecodeError::Malformed { .. })));
        assert!(matches!(
            Reader::new(&vec![0; MAX_ENCODED_BYTES + 1]),
            Err(DecodeError::TooLarge { .. })
        ));
    }
}
