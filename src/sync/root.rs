//! Roots: the state of a remote, one after the other, each made once and never changed.

use std::collections::BTreeSet;

use minicbor::Decoder;

use super::SyncError;
use super::cbor::{self, Problem, Written};
use crate::db::RepositoryId;
use crate::format::{FormatError, FormatParameters};
use crate::id::{PackId, SessionId};

/// Format number of roots; readers refuse greater ones.
pub const VERSION: u64 = 1;
/// Longest root that is accepted, in bytes.
pub const MAX_BYTES: u64 = 64 << 10;
/// Fences that a root names one by one before the older ones are summarised.
pub const MAX_FENCES: usize = 1000;
/// A root names the hashes of the last roots whose number is a multiple of one of these.
pub const STRIDES: [u64; 4] = [16, 256, 4096, 65_536];

const DAY_SECONDS: i64 = 86_400;

/// BLAKE3 of an object of the remote.
pub type Hash = [u8; 32];

/// The state of a remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root {
    /// Which repository this is.
    pub repository: RepositoryId,
    /// How the repository lays data out.
    pub format: FormatParameters,
    /// Its number; the first is 1.
    pub seq: u64,
    /// Hash of root `seq - 1`; zeros in the first.
    pub previous: Hash,
    /// Number and hash of earlier roots, ascending: see [`STRIDES`].
    pub skips: Vec<(u64, Hash)>,
    /// The session that made it.
    pub session: SessionId,
    /// Every session that started below this is fenced.
    pub fence_floor: u64,
    /// Sessions from the floor on that are fenced.
    pub fenced: BTreeSet<SessionId>,
    /// A probe showed that of several creates of a key one wins.
    pub has_atomic_create: bool,
    /// The parts that hold refs, packs, tables and condemned keys, oldest first.
    pub segments: Vec<SegmentRef>,
}

/// A segment as a root names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRef {
    /// Its name: the session that wrote it, and random bits.
    pub id: PackId,
    /// Its length.
    pub bytes: u64,
    /// Hash of its bytes.
    pub hash: Hash,
}

/// Key of a root.
pub fn root_key(seq: u64) -> String {
    format!("root/{seq:020}")
}

/// The folders of keys that are named by a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// Segments.
    List,
    /// Packs.
    Pack,
    /// Tables.
    Table,
}

impl Area {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::List, Self::Pack, Self::Table];

    /// The first part of the keys.
    pub fn name(self) -> &'static str {
        match self {
            Self::List => "list",
            Self::Pack => "pack",
            Self::Table => "table",
        }
    }

    /// How long a condemned key is kept for slow readers, if nothing else is said. Segments and tables
    /// are read at the start of whatever reads, packs until its end.
    pub const fn grace_seconds(self) -> i64 {
        match self {
            Self::List | Self::Table => DAY_SECONDS,
            Self::Pack => 14 * DAY_SECONDS,
        }
    }

    /// The key of what a session wrote.
    pub fn key(self, id: PackId) -> String {
        format!("{}/{}/{:016x}", self.name(), id.session, id.random)
    }

    /// The area and the name that a key stands for.
    pub fn parse(key: &str) -> Option<(Self, PackId)> {
        let mut parts = key.split('/');
        let name = parts.next()?;
        let area = Self::ALL.into_iter().find(|area| area.name() == name)?;
        let (session, random) = (parts.next()?, parts.next()?);
        let id: PackId = format!("{session}-{random}").parse().ok()?;
        (parts.next().is_none() && area.key(id) == key).then_some((area, id))
    }
}

impl Root {
    /// The root to follow `self`, whose bytes have the hash `hash`, made by `session`.
    pub fn successor(&self, hash: Hash, session: SessionId) -> Self {
        let seq = self.seq + 1;
        let mut skips = self.skips.clone();
        for stride in STRIDES {
            if self.seq.is_multiple_of(stride) {
                skips.retain(|(seq, _)| {
                    !seq.is_multiple_of(stride) || is_greater_stride(*seq, stride)
                });
                skips.push((self.seq, hash));
            }
        }
        skips.sort_unstable();
        skips.dedup();
        Self { seq, previous: hash, skips, session, ..self.clone() }
    }

    /// Whether what the session wrote may not be relied on any more.
    pub fn is_fenced(&self, session: SessionId) -> bool {
        session.seq < self.fence_floor || self.fenced.contains(&session)
    }

    /// Fences a session.
    pub fn fence(&mut self, session: SessionId) {
        if !self.is_fenced(session) {
            self.fenced.insert(session);
        }
    }

    /// Keeps the list of fences short: where it is longer than `limit`, the older half becomes a floor,
    /// which never rises above `at_most`.
    pub fn summarise_fences(&mut self, limit: usize, at_most: u64) {
        if self.fenced.len() > limit {
            let kept = self.fenced.len() - limit / 2;
            let floor = self.fenced.iter().nth(kept).map_or(0, |session| session.seq);
            self.raise_floor(floor.min(at_most));
        }
    }

    /// Fences every session that started below `floor`, and forgets their names.
    pub fn raise_floor(&mut self, floor: u64) {
        self.fence_floor = self.fence_floor.max(floor);
        self.fenced.retain(|session| session.seq >= self.fence_floor);
    }

    /// The bytes of the root, their own hash last: nothing else vouches for the newest one.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.encode_body();
        let hash = blake3::hash(&bytes);
        bytes.extend_from_slice(hash.as_bytes());
        bytes
    }

    fn encode_body(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(11)?.u64(VERSION)?.bytes(self.repository.as_bytes())?;
            let rows = self.format.rows();
            e.array(rows.len() as u64)?;
            for (_, value) in rows {
                e.u32(value)?;
            }
            e.u64(self.seq)?.bytes(&self.previous)?.array(self.skips.len() as u64)?;
            for (seq, hash) in &self.skips {
                e.array(2)?.u64(*seq)?.bytes(hash)?;
            }
            e.bytes(&self.session.to_bytes())?.u64(self.fence_floor)?;
            e.array(self.fenced.len() as u64)?;
            for session in &self.fenced {
                e.bytes(&session.to_bytes())?;
            }
            e.u8(u8::from(self.has_atomic_create))?.array(self.segments.len() as u64)?;
            self.segments.iter().try_for_each(|segment| write_segment(e, segment))
        })
    }

    /// Reads the root that lies under `key`.
    pub fn decode(key: &str, data: &[u8]) -> Result<Self, SyncError> {
        let mut d = Decoder::new(data);
        let damaged = |why: Problem| SyncError::damaged(key, why);
        cbor::array(&mut d).map_err(damaged)?;
        match cbor::u64(&mut d).map_err(damaged)? {
            VERSION => {}
            found if found > VERSION => {
                return Err(SyncError::NewerFormat { found, supported: VERSION });
            }
            _ => return Err(damaged("format 0".to_owned())),
        }
        let (body, hash) =
            data.split_last_chunk::<32>().ok_or_else(|| damaged("it is cut off".to_owned()))?;
        if blake3::hash(body).as_bytes() != hash {
            return Err(damaged("its bytes have another hash".to_owned()));
        }
        let root = read(&mut d).map_err(damaged)?;
        match root.encode() == data && root_key(root.seq) == key {
            true => Ok(root),
            false => Err(damaged("it is not written the one right way, or of another key".into())),
        }
    }
}

/// Whether a root number is also a multiple of a greater stride, for whose sake it is kept.
fn is_greater_stride(seq: u64, stride: u64) -> bool {
    STRIDES.iter().any(|greater| *greater > stride && seq.is_multiple_of(*greater))
}

fn write_segment(e: &mut minicbor::Encoder<&mut Vec<u8>>, segment: &SegmentRef) -> Written {
    e.array(3)?.bytes(&segment.id.to_bytes())?.u64(segment.bytes)?.bytes(&segment.hash)?;
    Ok(())
}

fn read(d: &mut Decoder<'_>) -> Result<Root, Problem> {
    let repository = RepositoryId::from_bytes(cbor::bytes(d)?);
    let format = read_format(d)?;
    let (seq, previous) = (cbor::u64(d)?, cbor::bytes(d)?);
    let mut skips = Vec::new();
    cbor::each(d, |d| {
        cbor::expect_array(d, 2)?;
        skips.push((cbor::u64(d)?, cbor::bytes(d)?));
        Ok(())
    })?;
    if !skips.is_sorted_by(|(a, _), (b, _)| a < b) || skips.iter().any(|(s, _)| *s >= seq) {
        return Err("skips out of order".to_owned());
    }
    let session = SessionId::from_bytes(cbor::bytes(d)?);
    let fence_floor = cbor::u64(d)?;
    let mut fenced = BTreeSet::new();
    cbor::each(d, |d| {
        fenced.insert(SessionId::from_bytes(cbor::bytes(d)?));
        Ok(())
    })?;
    if seq == 0 || fence_floor > seq || session.seq >= seq {
        return Err("numbers that contradict each other".to_owned());
    }
    let has_atomic_create = match cbor::u64(d)? {
        0 => false,
        1 => true,
        _ => return Err("an unknown result of the probe".to_owned()),
    };
    let mut segments = Vec::new();
    cbor::each(d, |d| {
        cbor::expect_array(d, 3)?;
        let id = PackId::from_bytes(cbor::bytes(d)?);
        segments.push(SegmentRef { id, bytes: cbor::u64(d)?, hash: cbor::bytes(d)? });
        Ok(())
    })?;
    Ok(Root {
        repository,
        format,
        seq,
        previous,
        skips,
        session,
        fence_floor,
        fenced,
        has_atomic_create,
        segments,
    })
}

fn read_format(d: &mut Decoder<'_>) -> Result<FormatParameters, Problem> {
    let names: Vec<&str> =
        FormatParameters::default().rows().iter().map(|(name, _)| *name).collect();
    cbor::expect_array(d, names.len() as u64)?;
    let mut values = Vec::new();
    for _ in &names {
        values.push(cbor::int::<u32>(d)?);
    }
    let value = |name: &str| {
        let at = names.iter().position(|n| *n == name);
        Ok::<_, FormatError>(at.map(|at| values[at].to_string()))
    };
    FormatParameters::from_rows(value).map_err(cbor::text)
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(crate) fn first() -> Root {
        Root {
            repository: RepositoryId::from_bytes([7; 16]),
            format: FormatParameters::default(),
            seq: 1,
            previous: [0; 32],
            skips: Vec::new(),
            session: SessionId { seq: 0, random: 9 },
            fence_floor: 0,
            fenced: BTreeSet::new(),
            has_atomic_create: true,
            segments: Vec::new(),
        }
    }

    #[test]
    fn roots_round_trip_and_nothing_else_is_taken() {
        let mut root = first().successor([3; 32], SessionId { seq: 1, random: 4 });
        root.fence(SessionId { seq: 0, random: 9 });
        let id = PackId { session: root.session, random: 1 };
        root.segments.push(SegmentRef { id, bytes: 5, hash: [1; 32] });
        let bytes = root.encode();
        let key = root_key(2);
        assert_eq!(Root::decode(&key, &bytes).expect("valid"), root);
        assert!(Root::decode(&root_key(3), &bytes).is_err(), "another key");
        for at in 0..bytes.len() {
            assert!(Root::decode(&key, &bytes[..at]).is_err(), "cut at {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x40;
            assert!(Root::decode(&key, &flipped).is_err(), "flipped at {at}");
        }
        let longer = [bytes.as_slice(), &[0]].concat();
        assert!(Root::decode(&key, &longer).is_err());
    }

    #[test]
    fn a_newer_format_is_named() {
        let mut bytes = first().encode();
        bytes[1] = 2;
        let error = Root::decode(&root_key(1), &bytes).expect_err("newer");
        assert!(matches!(error, SyncError::NewerFormat { found: 2, supported: 1 }));
    }

    #[test]
    fn skips_reach_back_over_any_distance() {
        let mut root = first();
        for seq in 1..70_000u64 {
            let hash = *blake3::hash(&seq.to_le_bytes()).as_bytes();
            root = root.successor(hash, SessionId { seq, random: 0 });
        }
        let seqs: Vec<u64> = root.skips.iter().map(|(seq, _)| *seq).collect();
        assert_eq!(root.seq, 70_000);
        assert_eq!(seqs, [65_536, 69_632, 69_888, 69_984]);
        assert!(root.encode().len() < 1024);
    }

    #[test]
    fn a_floor_summarises_fences() {
        let mut root = first();
        root.seq = 100;
        let session = |seq| SessionId { seq, random: seq };
        (0..50).for_each(|seq| root.fence(session(seq)));
        root.raise_floor(40);
        assert_eq!(root.fenced.len(), 10);
        assert!((0..50).all(|seq| root.is_fenced(session(seq))));
        assert!(!root.is_fenced(session(50)));
        root.raise_floor(10);
        assert_eq!(root.fence_floor, 40, "a floor never sinks");
        (50..90).for_each(|seq| root.fence(session(seq)));
        root.summarise_fences(20, 95);
        assert!(root.fenced.len() <= 20 && root.fence_floor == 80);
        assert!((0..90).all(|seq| root.is_fenced(session(seq))));
    }

    #[test]
    fn keys_are_parsed_as_they_are_made() {
        let id = PackId { session: SessionId { seq: 3, random: 8 }, random: 1 };
        for area in Area::ALL {
            assert_eq!(Area::parse(&area.key(id)), Some((area, id)));
        }
        for key in ["pack/x/y", "pack", "other/00/00", "root/00000000000000000001"] {
            assert_eq!(Area::parse(key), None, "{key}");
        }
    }
}
