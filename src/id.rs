//! Names of things: 32-byte content ids, addresses, and the ids of sessions and packs.
//!
//! Each kind of id is a type of its own, so that a tree id can never be handed over as a commit id.
//! Ids are computed here and nowhere else. The text form is lowercase hexadecimal; parsing accepts
//! both cases.

use std::fmt;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::str::FromStr;
use std::sync::LazyLock;

use thiserror::Error;

/// Text that is not the text form of an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum IdError {
    /// The text has another number of digits than the id needs.
    #[error("expected {expected}, found {found} characters")]
    Length {
        /// What was expected, in words.
        expected: &'static str,
        /// How many bytes of text were found.
        found: usize,
    },
    /// The text holds something other than a hexadecimal digit.
    #[error("not a hexadecimal digit at position {position}")]
    Digit {
        /// Byte position in the text.
        position: usize,
    },
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

fn write_hex(bytes: &[u8], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0u8; 64];
    for part in bytes.chunks(32) {
        for (pair, byte) in text.chunks_exact_mut(2).zip(part) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text[..part.len() * 2]).expect("hex digits are ASCII"))?;
    }
    Ok(())
}

fn digit_value(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

/// Fills `bytes` from exactly twice as many digits; `offset` is where `text` starts in the whole.
fn read_hex(text: &[u8], offset: usize, bytes: &mut [u8]) -> Result<(), IdError> {
    for (i, (pair, byte)) in text.chunks_exact(2).zip(bytes).enumerate() {
        let digit =
            |j: usize| digit_value(pair[j]).ok_or(IdError::Digit { position: offset + 2 * i + j });
        *byte = digit(0)? << 4 | digit(1)?;
    }
    Ok(())
}

macro_rules! id_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Makes an id of its 32 bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The 32 bytes of the id.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The first 10 hexadecimal digits, for people.
            pub fn short(&self) -> String {
                let mut text = self.to_string();
                text.truncate(10);
                text
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(&self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "("))?;
                write_hex(&self.0, f)?;
                f.write_str(")")
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                if text.len() != 64 {
                    return Err(IdError::Length { expected: "64 digits", found: text.len() });
                }
                let mut bytes = [0; 32];
                read_hex(text.as_bytes(), 0, &mut bytes)?;
                Ok(Self(bytes))
            }
        }
    };
}

id_type! {
    /// A file's content: the BLAKE3 hash of its bytes, as `b3sum` prints it.
    BlobId
}
id_type! {
    /// A chunk of a file: the BLAKE3 hash of its bytes. A file of one chunk has the same blob id.
    ChunkId
}
id_type! {
    /// A directory, or one node of a large one.
    TreeId
}
id_type! {
    /// A commit.
    CommitId
}
id_type! {
    /// A tag object.
    TagId
}
id_type! {
    /// Where a store files an object: its id, or a keyed hash of it in an encrypted repository.
    Address
}

macro_rules! plain_address {
    ($($name:ident)*) => {$(
        /// The address of an object in a repository without encryption.
        impl From<$name> for Address {
            fn from(id: $name) -> Self {
                Self(id.0)
            }
        }
    )*};
}
plain_address!(BlobId ChunkId TreeId CommitId TagId);

impl BlobId {
    /// The id of the empty file, which no store holds.
    pub const EMPTY: Self = Self([
        0xaf, 0x13, 0x49, 0xb9, 0xf5, 0xf9, 0xa1, 0xa6, 0xa0, 0x40, 0x4d, 0xea, 0x36, 0xdc, 0xc9,
        0x49, 0x9b, 0xcb, 0x25, 0xc9, 0xad, 0xc1, 0x12, 0xb7, 0xcc, 0x9a, 0x93, 0xca, 0xe4, 0x1f,
        0x32, 0x62,
    ]);

    /// The id of a file with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

impl ChunkId {
    /// The id of a chunk with these bytes.
    pub fn of(bytes: &[u8]) -> Self {
        Self(*blake3::hash(bytes).as_bytes())
    }
}

/// The blob id of a file that is one chunk.
impl From<ChunkId> for BlobId {
    fn from(id: ChunkId) -> Self {
        Self(id.0)
    }
}

/// The chunk id of a blob that is stored as one chunk.
impl From<BlobId> for ChunkId {
    fn from(id: BlobId) -> Self {
        Self(id.0)
    }
}

macro_rules! derived_id {
    ($name:ident, $context:literal) => {
        impl $name {
            /// The id of an object with this canonical encoding.
            pub fn of(encoded: &[u8]) -> Self {
                // Cloned for each use: `derive_key` would hash the context every time.
                static PREPARED: LazyLock<blake3::Hasher> =
                    LazyLock::new(|| blake3::Hasher::new_derive_key($context));
                Self(*PREPARED.clone().update(encoded).finalize().as_bytes())
            }
        }
    };
}
derived_id!(TreeId, "esker tree v1");
derived_id!(CommitId, "esker commit v1");
derived_id!(TagId, "esker tag v1");

/// One run of something that writes packs: where it started from, and random bits.
///
/// Sessions order by `seq`, so that the greater of two is the younger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId {
    /// The generation or root number the session started from.
    pub seq: u64,
    /// Random bits that keep apart sessions with the same start.
    pub random: u64,
}

impl SessionId {
    /// `seq`, then `random`, both big-endian, so that bytes order as the value does.
    pub fn to_bytes(self) -> [u8; 16] {
        (u128::from(self.seq) << 64 | u128::from(self.random)).to_be_bytes()
    }

    /// The inverse of [`SessionId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 16]) -> Self {
        let both = u128::from_be_bytes(bytes);
        Self { seq: (both >> 64) as u64, random: both as u64 }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(&self.to_bytes(), f)
    }
}

impl FromStr for SessionId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.len() != 32 {
            return Err(IdError::Length { expected: "32 digits", found: text.len() });
        }
        let mut bytes = [0; 16];
        read_hex(text.as_bytes(), 0, &mut bytes)?;
        Ok(Self::from_bytes(bytes))
    }
}

/// A pack's name, unique for ever: a copy of the pack in another store has another one.
///
/// Packs order by session, then by random bits: the greater of two is of the younger session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackId {
    /// The session that wrote the pack.
    pub session: SessionId,
    /// Random bits that keep apart packs of one session.
    pub random: u64,
}

impl PackId {
    /// The session's bytes, then `random` big-endian.
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(&self.session.to_bytes());
        bytes[16..].copy_from_slice(&self.random.to_be_bytes());
        bytes
    }

    /// The inverse of [`PackId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 24]) -> Self {
        let mut session = [0; 16];
        let mut random = [0; 8];
        session.copy_from_slice(&bytes[..16]);
        random.copy_from_slice(&bytes[16..]);
        Self { session: SessionId::from_bytes(session), random: u64::from_be_bytes(random) }
    }
}

impl fmt::Display for PackId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{:016x}", self.session, self.random)
    }
}

impl FromStr for PackId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let text = text.as_bytes();
        if text.len() != 49 {
            let expected = "32 digits, '-' and 16 digits";
            return Err(IdError::Length { expected, found: text.len() });
        }
        if text[32] != b'-' {
            return Err(IdError::Digit { position: 32 });
        }
        let mut bytes = [0; 24];
        read_hex(&text[..32], 0, &mut bytes[..16])?;
        read_hex(&text[33..], 33, &mut bytes[16..])?;
        Ok(Self::from_bytes(bytes))
    }
}

/// The first digits of an id, as a person types them: 4 to 64 of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct IdPrefix {
    bytes: [u8; 32],
    digits: u8,
}

impl IdPrefix {
    /// The smallest 32 bytes that match: the digits, then zeros.
    pub fn lower_bound(&self) -> [u8; 32] {
        self.bytes
    }

    /// The greatest 32 bytes that match: the digits, then ones.
    pub fn upper_bound(&self) -> [u8; 32] {
        let mut bytes = self.bytes;
        let whole = usize::from(self.digits / 2);
        if self.digits % 2 == 1 {
            bytes[whole] |= 0x0f;
        }
        bytes[usize::from(self.digits.div_ceil(2))..].fill(0xff);
        bytes
    }

    /// How many digits the prefix has.
    pub fn digits(&self) -> usize {
        usize::from(self.digits)
    }

    /// Whether an id with these bytes begins with the prefix.
    pub fn matches(&self, id: &[u8; 32]) -> bool {
        self.lower_bound() <= *id && *id <= self.upper_bound()
    }
}

impl FromStr for IdPrefix {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let digits = match u8::try_from(text.len()) {
            Ok(digits @ 4..=64) => digits,
            _ => return Err(IdError::Length { expected: "4 to 64 digits", found: text.len() }),
        };
        let mut padded = [b'0'; 64];
        padded[..text.len()].copy_from_slice(text.as_bytes());
        let mut bytes = [0; 32];
        read_hex(&padded, 0, &mut bytes)?;
        Ok(Self { bytes, digits })
    }
}

impl fmt::Display for IdPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = Address(self.bytes).to_string();
        text.truncate(self.digits());
        f.write_str(&text)
    }
}

/// Makes hashes of ids for maps in memory, in place of the standard ones.
///
/// Ids are hashes or random already, so that eight of their bytes are enough. They are mixed with a number
/// that only this map knows: nobody can make commits whose ids fall together in it.
#[derive(Clone, Debug)]
pub struct IdState(u64);

impl Default for IdState {
    fn default() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }
}

impl BuildHasher for IdState {
    type Hasher = IdHasher;

    fn build_hasher(&self) -> IdHasher {
        IdHasher(self.0)
    }
}

/// The hasher of [`IdState`].
#[derive(Clone, Debug)]
pub struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        match bytes.first_chunk() {
            Some(head) => self.write_u64(u64::from_le_bytes(*head)),
            None => bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte))),
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        // Both halves of a product depend on all bits of its factors: the golden ratio is the other one.
        let product = u128::from(self.0 ^ number) * 0x9e37_79b9_7f4a_7c15;
        self.0 = product as u64 ^ (product >> 64) as u64;
    }

    // The length of an array, always the same.
    fn write_usize(&mut self, _: usize) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_in_lowercase() {
        let id = BlobId::of(b"");
        assert_eq!(id, BlobId::EMPTY);
        let text = id.to_string();
        assert_eq!(text, "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!(text.parse(), Ok(id));
        assert_eq!(text.to_uppercase().parse(), Ok(id));
        assert_eq!(id.short(), "af1349b9f5");
        assert_eq!(format!("{id:?}"), format!("BlobId({text})"));
    }

    #[test]
    fn bad_text_is_refused() {
        assert!(matches!("ab".parse::<TreeId>(), Err(IdError::Length { found: 2, .. })));
        let mut text = "0".repeat(63);
        text.push('g');
        assert_eq!(text.parse::<TreeId>(), Err(IdError::Digit { position: 63 }));
        // 64 bytes that split a character anywhere must not panic.
        assert!("é".repeat(32).parse::<TreeId>().is_err());
        assert!("é".repeat(2).parse::<IdPrefix>().is_err());
    }

    #[test]
    fn prepared_hashers_equal_derive_key() {
        let data = vec![7u8; 5000];
        assert_eq!(*TreeId::of(&data).as_bytes(), blake3::derive_key("esker tree v1", &data));
        assert_eq!(*CommitId::of(&data).as_bytes(), blake3::derive_key("esker commit v1", &data));
        assert_eq!(*TagId::of(&data).as_bytes(), blake3::derive_key("esker tag v1", &data));
    }

    #[test]
    fn session_and_pack_round_trip_and_order() {
        let session = SessionId { seq: 1, random: u64::MAX };
        assert_eq!(SessionId::from_bytes(session.to_bytes()), session);
        assert_eq!(session.to_string(), "0000000000000001ffffffffffffffff");
        assert_eq!(session.to_string().parse(), Ok(session));
        let pack = PackId { session, random: 2 };
        assert_eq!(PackId::from_bytes(pack.to_bytes()), pack);
        assert_eq!(pack.to_string(), "0000000000000001ffffffffffffffff-0000000000000002");
        assert_eq!(pack.to_string().parse(), Ok(pack));
        let later = PackId { session: SessionId { seq: 2, random: 0 }, random: 0 };
        assert!(pack < later && pack.to_bytes() < later.to_bytes());
        assert!("0000000000000001ffffffffffffffff+0000000000000002".parse::<PackId>().is_err());
    }

    #[test]
    fn prefix_matches_what_begins_with_it() {
        let id = BlobId::EMPTY;
        for digits in 4..=64 {
            let prefix: IdPrefix = id.to_string()[..digits].parse().expect("digits");
            assert!(prefix.matches(id.as_bytes()));
            assert_eq!(prefix.to_string(), id.to_string()[..digits]);
            assert!(!prefix.matches(&[0; 32]) && !prefix.matches(&[0xff; 32]));
        }
        let odd: IdPrefix = "abcde".parse().expect("digits");
        assert_eq!(odd.lower_bound()[..4], [0xab, 0xcd, 0xe0, 0]);
        assert_eq!(odd.upper_bound()[..4], [0xab, 0xcd, 0xef, 0xff]);
        assert!("abc".parse::<IdPrefix>().is_err());
    }
}
