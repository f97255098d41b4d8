//! What a remote holds: refs, live packs and tables, and keys that wait to be deleted.
//!
//! A root names *segments*, sorted lists of changes; the state is what they make when applied from the
//! oldest on. A push adds a small segment and folds those before it that are no larger, so that a root
//! names few of them however many pushes there were.

use std::collections::BTreeMap;

use minicbor::{Decoder, Encoder};

use super::SyncError;
use super::cbor::{self, Problem, Written};
use super::root::{Area, Hash};
use crate::id::{CommitId, PackId, TagId};
use crate::pack::PackKind;
use crate::refs::{RefName, RefTarget};

const VERSION: u64 = 1;
/// Longest segment that is accepted, in bytes.
pub const MAX_SEGMENT_BYTES: u64 = 1 << 30;
/// How many earlier values of a ref are kept, so that a forced push can be undone.
pub const MAX_EARLIER: usize = 8;

/// A ref of the remote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefRecord {
    /// What it points at.
    pub target: RefTarget,
    /// What it pointed at before, the latest first. Nothing keeps these from being collected.
    pub earlier: Vec<RefTarget>,
}

/// A pack of the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackRecord {
    /// What it holds.
    pub kind: PackKind,
    /// Its length.
    pub bytes: u64,
    /// Sum of its chunks' lengths.
    pub raw_bytes: u64,
    /// Number of its chunks.
    pub chunks: u64,
    /// Length of its trailer and tail, so that one read gets them.
    pub end_bytes: u64,
    /// BLAKE3 of its trailer and tail; by the hashes in the trailer it vouches for every block.
    pub end_hash: Hash,
}

/// A table of the remote.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableRecord {
    /// Of which kind of packs.
    pub kind: PackKind,
    /// Number of its entries.
    pub entries: u64,
    /// Its length.
    pub bytes: u64,
    /// BLAKE3 of its bytes.
    pub hash: Hash,
}

/// A pack that a long push has uploaded and no ref reaches yet: listed for collections, not for readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Staged {
    /// The pack.
    pub pack: PackRecord,
    /// When it was listed, in Unix seconds: what a grace is counted from.
    pub time: i64,
}

/// A key that no root names any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condemned {
    /// The root that stopped naming it.
    pub seq: u64,
    /// When, in Unix seconds: what a grace is counted from.
    pub time: i64,
}

/// The whole of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// Refs by name.
    pub refs: BTreeMap<RefName, RefRecord>,
    /// Live packs.
    pub packs: BTreeMap<PackId, PackRecord>,
    /// Live tables.
    pub tables: BTreeMap<PackId, TableRecord>,
    /// Keys that wait to be deleted.
    pub condemned: BTreeMap<String, Condemned>,
    /// Packs of pushes under way.
    pub staged: BTreeMap<PackId, Staged>,
}

/// Changes of a state; `None` removes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Segment {
    /// Refs set or removed.
    pub refs: BTreeMap<RefName, Option<RefRecord>>,
    /// Packs listed or dropped.
    pub packs: BTreeMap<PackId, Option<PackRecord>>,
    /// Tables listed or dropped.
    pub tables: BTreeMap<PackId, Option<TableRecord>>,
    /// Keys condemned, or deleted and forgotten.
    pub condemned: BTreeMap<String, Option<Condemned>>,
    /// Packs staged, or made live, or condemned.
    pub staged: BTreeMap<PackId, Option<Staged>>,
}

impl State {
    /// The record of a pack that something names.
    ///
    /// # Errors
    /// `Damaged` where it is not listed.
    pub fn listed(&self, id: PackId) -> Result<&PackRecord, SyncError> {
        let unlisted = || SyncError::damaged(Area::Pack.key(id), "it is named and not listed");
        self.packs.get(&id).ok_or_else(unlisted)
    }

    /// Applies the changes of a segment.
    pub fn apply(&mut self, segment: &Segment) {
        apply(&mut self.refs, &segment.refs);
        apply(&mut self.packs, &segment.packs);
        apply(&mut self.tables, &segment.tables);
        apply(&mut self.condemned, &segment.condemned);
        apply(&mut self.staged, &segment.staged);
    }

    /// What a ref points at.
    pub fn target(&self, name: &RefName) -> Option<RefTarget> {
        self.refs.get(name).map(|record| record.target)
    }
}

impl Segment {
    /// A segment that makes the whole of a state.
    pub fn whole(state: &State) -> Self {
        fn all<K: Ord + Clone, V: Clone>(from: &BTreeMap<K, V>) -> BTreeMap<K, Option<V>> {
            from.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect()
        }
        Self {
            refs: all(&state.refs),
            packs: all(&state.packs),
            tables: all(&state.tables),
            condemned: all(&state.condemned),
            staged: all(&state.staged),
        }
    }

    /// Puts the changes of `newer` over those of `self`.
    pub fn fold(&mut self, newer: Self) {
        self.refs.extend(newer.refs);
        self.packs.extend(newer.packs);
        self.tables.extend(newer.tables);
        self.condemned.extend(newer.condemned);
        self.staged.extend(newer.staged);
    }

    /// Forgets removals: nothing older is left that they could remove.
    pub fn forget_removals(&mut self) {
        self.refs.retain(|_, change| change.is_some());
        self.packs.retain(|_, change| change.is_some());
        self.tables.retain(|_, change| change.is_some());
        self.condemned.retain(|_, change| change.is_some());
        self.staged.retain(|_, change| change.is_some());
    }

    /// Points a ref at `new`, or removes it, and keeps what it was.
    pub fn move_ref(&mut self, name: &RefName, old: Option<&RefRecord>, new: Option<RefTarget>) {
        let record = new.map(|target| {
            let mut earlier: Vec<_> = old.map(|old| old.target).into_iter().collect();
            earlier.extend(old.into_iter().flat_map(|old| old.earlier.iter().copied()));
            earlier.truncate(MAX_EARLIER);
            RefRecord { target, earlier }
        });
        self.refs.insert(name.clone(), record);
    }

    /// The bytes of the segment.
    pub fn encode(&self) -> Vec<u8> {
        cbor::encode(|e| {
            e.array(6)?.u64(VERSION)?.array(self.refs.len() as u64)?;
            self.refs.iter().try_for_each(|(name, change)| write_ref(e, name, change.as_ref()))?;
            e.array(self.packs.len() as u64)?;
            self.packs.iter().try_for_each(|(id, change)| write_pack(e, *id, *change))?;
            e.array(self.tables.len() as u64)?;
            self.tables.iter().try_for_each(|(id, change)| write_table(e, *id, *change))?;
            e.array(self.condemned.len() as u64)?;
            self.condemned.iter().try_for_each(|(key, change)| write_condemned(e, key, *change))?;
            e.array(self.staged.len() as u64)?;
            self.staged.iter().try_for_each(|(id, change)| write_staged(e, *id, *change))
        })
    }

    /// Reads the segment that lies under `key`.
    pub fn decode(key: &str, data: &[u8]) -> Result<Self, SyncError> {
        let mut d = Decoder::new(data);
        let segment = read(&mut d).map_err(|why| SyncError::damaged(key, why))?;
        match segment.encode() == data {
            true => Ok(segment),
            false => Err(SyncError::damaged(key, "it is not written the one right way")),
        }
    }
}

fn apply<K: Ord + Clone, V: Clone>(to: &mut BTreeMap<K, V>, changes: &BTreeMap<K, Option<V>>) {
    for (key, change) in changes {
        match change {
            Some(value) => drop(to.insert(key.clone(), value.clone())),
            None => drop(to.remove(key)),
        }
    }
}

type Sink<'a> = Encoder<&'a mut Vec<u8>>;

fn write_target(e: &mut Sink<'_>, target: RefTarget) -> Written {
    match target {
        RefTarget::Commit(id) => e.array(2)?.u8(0)?.bytes(id.as_bytes())?,
        RefTarget::Tag(id) => e.array(2)?.u8(1)?.bytes(id.as_bytes())?,
    };
    Ok(())
}

fn write_ref(e: &mut Sink<'_>, name: &RefName, change: Option<&RefRecord>) -> Written {
    let Some(record) = change else {
        e.array(1)?.str(name.as_str())?;
        return Ok(());
    };
    e.array(3)?.str(name.as_str())?;
    write_target(e, record.target)?;
    e.array(record.earlier.len() as u64)?;
    record.earlier.iter().try_for_each(|target| write_target(e, *target))
}

fn write_pack(e: &mut Sink<'_>, id: PackId, change: Option<PackRecord>) -> Written {
    let Some(pack) = change else {
        e.array(1)?.bytes(&id.to_bytes())?;
        return Ok(());
    };
    e.array(7)?.bytes(&id.to_bytes())?;
    write_record(e, pack)
}

fn write_record(e: &mut Sink<'_>, pack: PackRecord) -> Written {
    e.u8(pack.kind as u8)?.u64(pack.bytes)?.u64(pack.raw_bytes)?;
    e.u64(pack.chunks)?.u64(pack.end_bytes)?.bytes(&pack.end_hash)?;
    Ok(())
}

fn write_staged(e: &mut Sink<'_>, id: PackId, change: Option<Staged>) -> Written {
    let Some(Staged { pack, time }) = change else {
        e.array(1)?.bytes(&id.to_bytes())?;
        return Ok(());
    };
    e.array(8)?.bytes(&id.to_bytes())?;
    write_record(e, pack)?;
    e.i64(time)?;
    Ok(())
}

fn write_table(e: &mut Sink<'_>, id: PackId, change: Option<TableRecord>) -> Written {
    let Some(table) = change else {
        e.array(1)?.bytes(&id.to_bytes())?;
        return Ok(());
    };
    e.array(5)?.bytes(&id.to_bytes())?.u8(table.kind as u8)?.u64(table.entries)?;
    e.u64(table.bytes)?.bytes(&table.hash)?;
    Ok(())
}

fn write_condemned(e: &mut Sink<'_>, key: &str, change: Option<Condemned>) -> Written {
    match change {
        None => e.array(1)?.str(key)?,
        Some(Condemned { seq, time }) => e.array(3)?.str(key)?.u64(seq)?.i64(time)?,
    };
    Ok(())
}

fn read(d: &mut Decoder<'_>) -> Result<Segment, Problem> {
    cbor::expect_array(d, 6)?;
    match cbor::u64(d)? {
        VERSION => {}
        found => return Err(format!("format {found} is not known")),
    }
    let mut segment = Segment::default();
    cbor::each(d, |d| {
        let (name, change) = read_ref(d)?;
        segment.refs.insert(name, change);
        Ok(())
    })?;
    cbor::each(d, |d| {
        let (id, change) = read_pack(d)?;
        segment.packs.insert(id, change);
        Ok(())
    })?;
    cbor::each(d, |d| {
        let (id, change) = read_table(d)?;
        segment.tables.insert(id, change);
        Ok(())
    })?;
    cbor::each(d, |d| {
        let (key, change) = read_condemned(d)?;
        segment.condemned.insert(key, change);
        Ok(())
    })?;
    cbor::each(d, |d| {
        let (id, change) = read_staged(d)?;
        segment.staged.insert(id, change);
        Ok(())
    })?;
    Ok(segment)
}

fn read_target(d: &mut Decoder<'_>) -> Result<RefTarget, Problem> {
    cbor::expect_array(d, 2)?;
    match cbor::u64(d)? {
        0 => Ok(RefTarget::Commit(CommitId::from_bytes(cbor::bytes(d)?))),
        1 => Ok(RefTarget::Tag(TagId::from_bytes(cbor::bytes(d)?))),
        _ => Err("an unknown kind of target".to_owned()),
    }
}

fn read_ref(d: &mut Decoder<'_>) -> Result<(RefName, Option<RefRecord>), Problem> {
    let len = cbor::array(d)?;
    let name = RefName::new(cbor::string(d)?).map_err(cbor::text)?;
    match len {
        1 => Ok((name, None)),
        3 => {
            let target = read_target(d)?;
            let mut earlier = Vec::new();
            cbor::each(d, |d| {
                earlier.push(read_target(d)?);
                Ok(())
            })?;
            match earlier.len() <= MAX_EARLIER {
                true => Ok((name, Some(RefRecord { target, earlier }))),
                false => Err("too many earlier values of a ref".to_owned()),
            }
        }
        _ => Err("a ref of an unknown shape".to_owned()),
    }
}

fn read_kind(d: &mut Decoder<'_>) -> Result<PackKind, Problem> {
    PackKind::from_number(cbor::int(d)?).ok_or_else(|| "an unknown kind of pack".to_owned())
}

fn read_pack(d: &mut Decoder<'_>) -> Result<(PackId, Option<PackRecord>), Problem> {
    let len = cbor::array(d)?;
    let id = PackId::from_bytes(cbor::bytes(d)?);
    match len {
        1 => Ok((id, None)),
        7 => Ok((id, Some(read_record(d)?))),
        _ => Err("a pack of an unknown shape".to_owned()),
    }
}

fn read_record(d: &mut Decoder<'_>) -> Result<PackRecord, Problem> {
    let kind = read_kind(d)?;
    let [bytes, raw_bytes, chunks, end_bytes] =
        [cbor::u64(d)?, cbor::u64(d)?, cbor::u64(d)?, cbor::u64(d)?];
    let end_hash = cbor::bytes(d)?;
    match end_bytes > bytes || bytes > crate::pack::layout::MAX_PACK_LEN {
        true => Err("a pack with impossible lengths".to_owned()),
        false => Ok(PackRecord { kind, bytes, raw_bytes, chunks, end_bytes, end_hash }),
    }
}

fn read_staged(d: &mut Decoder<'_>) -> Result<(PackId, Option<Staged>), Problem> {
    let len = cbor::array(d)?;
    let id = PackId::from_bytes(cbor::bytes(d)?);
    match len {
        1 => Ok((id, None)),
        8 => {
            let pack = read_record(d)?;
            Ok((id, Some(Staged { pack, time: d.i64().map_err(cbor::text)? })))
        }
        _ => Err("a staged pack of an unknown shape".to_owned()),
    }
}

fn read_table(d: &mut Decoder<'_>) -> Result<(PackId, Option<TableRecord>), Problem> {
    let len = cbor::array(d)?;
    let id = PackId::from_bytes(cbor::bytes(d)?);
    match len {
        1 => Ok((id, None)),
        5 => {
            let kind = read_kind(d)?;
            let (entries, bytes) = (cbor::u64(d)?, cbor::u64(d)?);
            Ok((id, Some(TableRecord { kind, entries, bytes, hash: cbor::bytes(d)? })))
        }
        _ => Err("a table of an unknown shape".to_owned()),
    }
}

fn read_condemned(d: &mut Decoder<'_>) -> Result<(String, Option<Condemned>), Problem> {
    let len = cbor::array(d)?;
    let key = cbor::string(d)?.to_owned();
    // Whoever deletes trusts this list: nothing but what a session wrote may stand in it.
    if Area::parse(&key).is_none() {
        return Err("a condemned key that no session wrote".to_owned());
    }
    match len {
        1 => Ok((key, None)),
        3 => {
            let seq = cbor::u64(d)?;
            let time = d.i64().map_err(cbor::text)?;
            Ok((key, Some(Condemned { seq, time })))
        }
        _ => Err("a condemned key of an unknown shape".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::SessionId;
    use crate::refs::branch_ref;

    fn id(random: u64) -> PackId {
        PackId { session: SessionId { seq: 1, random: 2 }, random }
    }

    fn segment() -> Segment {
        let mut segment = Segment::default();
        let (main, old) = (branch_ref("main").expect("valid"), branch_ref("old").expect("valid"));
        let target = |byte| RefTarget::Commit(CommitId::from_bytes([byte; 32]));
        let before = RefRecord { target: target(1), earlier: vec![target(2)] };
        segment.move_ref(&main, Some(&before), Some(target(3)));
        segment.move_ref(&old, Some(&before), None);
        let pack = PackRecord {
            kind: PackKind::Data,
            bytes: 1000,
            raw_bytes: 5000,
            chunks: 3,
            end_bytes: 200,
            end_hash: [4; 32],
        };
        segment.packs.insert(id(1), Some(pack));
        segment.packs.insert(id(2), None);
        let table = TableRecord { kind: PackKind::Data, entries: 3, bytes: 300, hash: [5; 32] };
        segment.tables.insert(id(3), Some(table));
        segment.condemned.insert(Area::Pack.key(id(2)), Some(Condemned { seq: 4, time: -1 }));
        segment.staged.insert(id(4), Some(Staged { pack, time: 5 }));
        segment.staged.insert(id(5), None);
        segment
    }

    #[test]
    fn segments_round_trip_and_nothing_else_is_taken() {
        let segment = segment();
        let bytes = segment.encode();
        assert_eq!(Segment::decode("list/x", &bytes).expect("valid"), segment);
        for at in 0..bytes.len() {
            assert!(Segment::decode("list/x", &bytes[..at]).is_err(), "cut at {at}");
            let mut flipped = bytes.clone();
            flipped[at] ^= 0x21;
            if let Ok(other) = Segment::decode("list/x", &flipped) {
                assert_ne!(other, segment);
            }
        }
        assert!(Segment::decode("list/x", &[bytes.as_slice(), &[0]].concat()).is_err());
    }

    #[test]
    fn keys_that_no_session_wrote_cannot_be_condemned() {
        for key in ["root/00000000000000000001", "pack/../root/1", "hint/latest"] {
            let mut segment = Segment::default();
            segment.condemned.insert(key.to_owned(), None);
            assert!(Segment::decode("list/x", &segment.encode()).is_err(), "{key}");
        }
    }

    #[test]
    fn folding_equals_applying_one_after_the_other() {
        let (first, mut second) = (segment(), Segment::default());
        second.packs.insert(id(1), None);
        second.packs.insert(id(9), first.packs[&id(1)]);
        let (mut one_by_one, mut at_once) = (State::default(), State::default());
        one_by_one.apply(&first);
        one_by_one.apply(&second);
        let mut folded = first;
        folded.fold(second);
        at_once.apply(&folded);
        assert_eq!(one_by_one, at_once);
        folded.forget_removals();
        assert!(!folded.packs.contains_key(&id(2)));
        let mut forgotten = State::default();
        forgotten.apply(&folded);
        assert_eq!(forgotten, at_once);
    }
}
