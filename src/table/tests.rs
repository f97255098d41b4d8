//! Tables against a sorted map, against damage, and against a frozen table.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use crate::id::{PackId, SessionId};
use crate::pack::{ChunkPlace, PackKind, ReadAt};

use super::layout::{ENTRY_LEN, HEADER_LEN, TAIL_LEN};
use super::*;

/// Keeps a table out of memory however small it is.
const NOTHING: u64 = 0;
const EVERYTHING: u64 = u64::MAX;

fn pack(seq: u64) -> PackId {
    PackId { session: SessionId { seq, random: !seq }, random: seq * 3 }
}

fn prefix(seed: u64) -> Prefix {
    let hash = blake3::hash(&seed.to_le_bytes());
    Prefix::from_bytes(*hash.as_bytes().first_chunk().expect("a hash has 32 bytes"))
}

fn row(seed: u64) -> Row {
    let n = seed as u32;
    let place = ChunkPlace {
        chunk: n % 1000,
        block_offset: 64 + n,
        stored_len: 100 + n % 5000,
        position: n % 7000,
        raw_len: 1 + n % 9000,
    };
    Row { prefix: prefix(seed), pack: pack(seed % 5), place }
}

fn build(seeds: impl IntoIterator<Item = u64>) -> Vec<u8> {
    let mut rows: Vec<_> = seeds.into_iter().map(row).collect();
    write_rows(Vec::new(), PackKind::Data, &mut rows).expect("write").out
}

fn all_rows<R: ReadAt>(table: &Table<R>) -> Vec<Row> {
    table.rows().collect::<Result<_, _>>().expect("rows")
}

fn sorted(seeds: impl IntoIterator<Item = u64>) -> Vec<Row> {
    let mut rows: Vec<_> = seeds.into_iter().map(row).collect();
    rows.sort_by_key(|row| row.prefix);
    rows
}

#[test]
fn what_is_written_is_found() {
    for count in [0, 1, 2, 47, 48, 49, 1000, 9000] {
        let bytes = build(0..count);
        for limit in [NOTHING, EVERYTHING] {
            let table = Table::open_within(bytes.as_slice(), limit).expect("open");
            assert_eq!((table.len(), table.kind()), (count, PackKind::Data));
            assert_eq!(table.byte_len(), bytes.len() as u64);
            assert_eq!(table.packs().len() as u64, count.min(5));
            table.verify().expect("verify");
            for seed in 0..count {
                assert_eq!(table.find(&prefix(seed)).expect("find"), Some(row(seed)));
            }
            for seed in count..count + 500 {
                assert_eq!(table.find(&prefix(seed)).expect("find"), None);
            }
            assert_eq!(all_rows(&table), sorted(0..count));
        }
    }
}

#[test]
fn rows_from_begins_at_the_bound() {
    let bytes = build(0..3000);
    let rows = sorted(0..3000);
    for limit in [NOTHING, EVERYTHING] {
        let table = Table::open_within(bytes.as_slice(), limit).expect("open");
        let bounds = [[0; 20], [0xff; 20]].map(Prefix::from_bytes);
        for lower in (2900..3100).map(prefix).chain(bounds) {
            let found = table.rows_from(&lower).expect("rows").take(5).map(|row| row.expect("row"));
            let wanted = rows.iter().skip_while(|row| row.prefix < lower).take(5);
            assert!(found.eq(wanted.copied()));
        }
    }
}

#[test]
fn crowded_buckets_are_searched_in_bounded_reads() {
    // All prefixes share the bytes that choose bucket and filter bits.
    let crowd: Vec<_> = (0..5000u64)
        .map(|seed| {
            let mut bytes = [7; 20];
            bytes[16..].copy_from_slice(&(seed as u32).to_be_bytes());
            Row { prefix: Prefix::from_bytes(bytes), ..row(seed) }
        })
        .collect();
    let bytes = write_rows(Vec::new(), PackKind::Data, &mut crowd.clone()).expect("write").out;
    for limit in [NOTHING, EVERYTHING] {
        let table = Table::open_within(bytes.as_slice(), limit).expect("open");
        for row in crowd.iter().step_by(7) {
            assert_eq!(table.find(&row.prefix).expect("find"), Some(*row));
            let first = table.rows_from(&row.prefix).expect("rows").next();
            assert_eq!(first.expect("a row").expect("row"), *row);
        }
        let mut absent = [7; 20];
        absent[16..].copy_from_slice(&5000u32.to_be_bytes());
        assert_eq!(table.find(&Prefix::from_bytes(absent)).expect("find"), None);
    }
}

/// Counts reads and their bytes.
struct Counting<'a> {
    bytes: &'a [u8],
    reads: AtomicU64,
    total: AtomicU64,
}

impl ReadAt for Counting<'_> {
    fn read_exact_at(&self, buf: &mut [u8], offset: u64) -> io::Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.total.fetch_add(buf.len() as u64, Ordering::Relaxed);
        self.bytes.read_exact_at(buf, offset)
    }

    fn byte_len(&self) -> io::Result<u64> {
        Ok(self.bytes.len() as u64)
    }
}

#[test]
fn a_large_table_costs_two_reads_a_hit_and_one_a_miss() {
    let bytes = build(0..120_000);
    assert!(bytes.len() as u64 > 4 << 20);
    let file = Counting { bytes: &bytes, reads: 0.into(), total: 0.into() };
    let table = Table::open(&file).expect("open");
    table.verify().expect("verify");
    let reads_for = |seeds: std::ops::Range<u64>| {
        let before = file.reads.load(Ordering::Relaxed);
        seeds.for_each(|seed| assert!(table.find(&prefix(seed)).is_ok()));
        file.reads.load(Ordering::Relaxed) - before
    };
    assert_eq!(reads_for(0..10_000), 20_000);
    let misses = reads_for(1_000_000..1_010_000);
    assert!((10_000..10_200).contains(&misses), "{misses}");
    let before = file.total.load(Ordering::Relaxed);
    assert!(table.find(&prefix(5)).expect("find").is_some());
    assert!(file.total.load(Ordering::Relaxed) - before < 4200);
    assert_eq!(all_rows(&table).len(), 120_000);
}

#[test]
fn of_places_in_several_packs_the_youngest_comes_first() {
    let in_pack = |seed, seq| Row { pack: pack(seq), ..row(seed) };
    let rows = [(1, 3), (2, 2), (1, 9), (1, 4), (1, 9)].map(|(seed, seq)| in_pack(seed, seq));
    let bytes = write_rows(Vec::new(), PackKind::Layout, &mut rows.to_vec()).expect("write").out;
    for limit in [NOTHING, EVERYTHING] {
        let table = Table::open_within(bytes.as_slice(), limit).expect("open");
        table.verify().expect("verify");
        assert_eq!((table.len(), table.packs().len()), (4, 4));
        assert_eq!(table.find(&prefix(1)).expect("find"), Some(in_pack(1, 9)));
        let mut asked = Vec::new();
        let older = |row: &Row| {
            asked.push(row.pack);
            row.pack < pack(4)
        };
        assert_eq!(table.find_where(&prefix(1), older).expect("find"), Some(in_pack(1, 3)));
        assert_eq!(asked, [9, 4, 3].map(pack));
        assert_eq!(table.find_where(&prefix(1), |_| false).expect("find"), None);
    }
}

#[test]
fn more_places_than_are_read_at_once_are_all_found() {
    let places = |count: u64| (0..count).map(|seq| Row { pack: pack(seq), ..row(7) });
    for count in [104, 105, 106, 210, 211, 1000] {
        let mut rows: Vec<_> = places(count).chain((0..300).map(row)).collect();
        let bytes = write_rows(Vec::new(), PackKind::Data, &mut rows).expect("write").out;
        for limit in [NOTHING, EVERYTHING] {
            let table = Table::open_within(bytes.as_slice(), limit).expect("open");
            let mut asked = 0;
            let oldest = |row: &Row| {
                asked += 1;
                row.pack == pack(0)
            };
            let found = table.find_where(&prefix(7), oldest).expect("find");
            assert_eq!((found.map(|row| row.pack), asked), (Some(pack(0)), count));
            for seed in (0..300).filter(|seed| *seed != 7) {
                assert_eq!(table.find(&prefix(seed)).expect("find"), Some(row(seed)));
            }
            let from = table.rows_from(&prefix(7)).expect("rows").next().expect("one");
            assert_eq!(from.expect("a row").pack, pack(count - 1));
        }
    }
}

#[test]
fn a_small_table_is_read_as_a_whole_once_single_reads_have_cost_as_much() {
    let bytes = build(0..20_000);
    let file = Counting { bytes: &bytes, reads: 0.into(), total: 0.into() };
    let table = Table::open(&file).expect("open");
    assert!(table.find(&prefix(7)).expect("find").is_some());
    let total = || file.total.load(Ordering::Relaxed);
    assert!(total() < bytes.len() as u64 / 50, "{} of {}", total(), bytes.len());
    for seed in 0..20_000 {
        assert_eq!(table.find(&prefix(seed)).expect("find"), Some(row(seed)));
    }
    assert!(total() < bytes.len() as u64 * 2, "{} of {}", total(), bytes.len());
    let reads = file.reads.load(Ordering::Relaxed);
    assert!(table.find(&prefix(5)).expect("find").is_some());
    assert_eq!(all_rows(&table).len(), 20_000);
    assert_eq!(file.reads.load(Ordering::Relaxed), reads);
}

#[test]
fn wrong_rows_are_refused() {
    let begin = |packs| TableWriter::new(Vec::new(), PackKind::Data, packs, 2);
    let refused = |result: Result<(), TableError>| matches!(result, Err(TableError::BadRow(_)));
    assert!(refused(begin(vec![pack(2), pack(1)]).map(drop)));
    assert!(refused(begin(vec![pack(1), pack(1)]).map(drop)));
    let rows = sorted([0, 5]);
    let mut writer = begin(vec![pack(0)]).expect("begin");
    writer.push(&rows[1]).expect("push");
    assert!(refused(writer.push(&rows[1])));
    assert!(refused(writer.push(&rows[0])));
    let mut ordered = begin(vec![pack(0), pack(1)]).expect("begin");
    ordered.push(&Row { pack: pack(0), ..rows[0] }).expect("push");
    assert!(refused(ordered.push(&Row { pack: pack(1), ..rows[0] })));
    let mut other = begin(vec![pack(3)]).expect("begin");
    assert!(refused(other.push(&rows[0])));
    for field in 0..4 {
        let mut wide = rows[0];
        let place = &mut wide.place;
        let fields =
            [&mut place.chunk, &mut place.stored_len, &mut place.position, &mut place.raw_len];
        **fields.into_iter().nth(field).as_mut().expect("four fields") = 1 << 24;
        assert!(refused(begin(vec![pack(0)]).expect("begin").push(&wide)));
    }
}

#[test]
fn a_wrong_expectation_still_makes_a_right_table() {
    let rows = sorted(0..2000);
    for expected in [0, 1, 100_000] {
        let packs = (0..5).map(pack).collect();
        let mut writer =
            TableWriter::new(Vec::new(), PackKind::Data, packs, expected).expect("begin");
        rows.iter().for_each(|row| writer.push(row).expect("push"));
        let table = Table::open_within(writer.finish().expect("finish").out, NOTHING);
        let table = table.expect("open");
        table.verify().expect("verify");
        rows.iter().for_each(|row| assert_eq!(table.find(&row.prefix).expect("find"), Some(*row)));
    }
}

#[test]
fn every_truncation_is_an_error() {
    let bytes = build(0..20);
    for len in 0..bytes.len() {
        let error = Table::open(&bytes[..len]).err().expect("a cut table");
        assert!(error.is_damaged(), "{len}: {error}");
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(Table::open(&longer).is_err());
}

/// Asks everything there is to ask, to see that nothing panics.
fn ask_all(bytes: &[u8]) {
    for limit in [NOTHING, EVERYTHING] {
        let Ok(table) = Table::open_within(bytes, limit) else { continue };
        let _ = table.rows().count();
        let _ = table.verify();
        for seed in 0..30 {
            let _ = table.find(&prefix(seed));
            let _ = table.rows_from(&prefix(seed)).map(Iterator::count);
        }
        let _ = merge(io::sink(), table.kind(), &[&table, &table], |_| true);
    }
}

#[test]
fn every_changed_byte_is_found() {
    let bytes = build(0..20);
    for at in 0..bytes.len() {
        for mask in [1, 0x80, 0xff] {
            let mut bytes = bytes.clone();
            bytes[at] ^= mask;
            for limit in [NOTHING, EVERYTHING] {
                let verified =
                    Table::open_within(bytes.as_slice(), limit).and_then(|table| table.verify());
                assert!(verified.is_err(), "byte {at}");
            }
            ask_all(&bytes);
        }
    }
}

/// Puts the right hash on forged bytes.
fn rehash(bytes: &mut [u8]) {
    let hash_at = bytes.len() - 40;
    let hash = blake3::hash(&bytes[..hash_at]);
    bytes[hash_at..hash_at + 32].copy_from_slice(hash.as_bytes());
}

#[test]
fn a_faulty_writer_is_found_by_verification() {
    let good = build(0..20);
    let directory_at = (HEADER_LEN + 20 * ENTRY_LEN).next_multiple_of(64);
    let second = HEADER_LEN + ENTRY_LEN;
    let forge = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = good.clone();
        change(&mut bytes);
        rehash(&mut bytes);
        Table::open(bytes).and_then(|table| table.verify())
    };
    assert!(forge(&|_| {}).is_ok());
    let damaged = |change: &dyn Fn(&mut Vec<u8>)| {
        assert!(matches!(forge(change), Err(TableError::Damaged(_))));
    };
    damaged(&|bytes| bytes.copy_within(HEADER_LEN..second, second));
    damaged(&|bytes| bytes[second + 20] = 0xff);
    damaged(&|bytes| bytes[directory_at] = 1);
    damaged(&|bytes| bytes[directory_at + 4..directory_at + 64].fill(0xff));
    damaged(&|bytes| bytes[directory_at + 64] = 21);
    damaged(&|bytes| bytes[directory_at + 68..directory_at + 92].fill(0xff));
}

#[test]
fn forged_counts_are_errors_before_they_are_allocations() {
    let good = build(0..20);
    let tail = good.len() - TAIL_LEN;
    for (at, len) in [(0, 8), (8, 4), (12, 4), (16, 8)] {
        for fill in [1, 0x7f, 0xff] {
            let mut bytes = good.clone();
            bytes[tail + at..tail + at + len].fill(fill);
            let opened = Table::open(bytes);
            assert!(opened.err().is_some_and(|error| error.is_damaged()));
        }
    }
}

#[test]
fn other_versions_are_told_apart() {
    let good = build(0..3);
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        Table::open(bytes).err()
    };
    assert!(matches!(with(0, b'X'), Some(TableError::BadMagic)));
    assert!(matches!(with(8, 3), Some(TableError::NewerVersion { found: 3 })));
    assert!(with(8, 1).is_none());
    assert!(matches!(with(10, 9), Some(TableError::Damaged(_))));
    assert!(matches!(with(good.len() - 1, 0), Some(TableError::Truncated)));
}

/// Fails every write once `left` bytes were taken.
struct Brittle {
    left: usize,
}

impl Write for Brittle {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let len = bytes.len().min(self.left);
        self.left -= len;
        match len {
            0 => Err(io::ErrorKind::StorageFull.into()),
            len => Ok(len),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self.left {
            0 => Err(io::ErrorKind::StorageFull.into()),
            _ => Ok(()),
        }
    }
}

#[test]
fn every_failed_write_is_reported() {
    let whole = build(0..20).len();
    for left in 0..=whole {
        let mut rows = sorted(0..20);
        let error = write_rows(Brittle { left }, PackKind::Data, &mut rows).err();
        let error = error.expect("a failed write");
        assert!(matches!(&error, TableError::Io(e) if e.kind() == io::ErrorKind::StorageFull));
    }
    let mut rows = sorted(0..20);
    assert!(write_rows(Brittle { left: whole + 1 }, PackKind::Data, &mut rows).is_ok());
}

#[test]
fn tables_of_different_kinds_do_not_merge() {
    let table = Table::open(build(0..3)).expect("open");
    let merged = merge(Vec::new(), PackKind::History, &[&table], |_| true);
    assert!(matches!(merged, Err(TableError::BadRow(_))));
    let none: [&Table<Vec<u8>>; 0] = [];
    let empty = merge(Vec::new(), PackKind::History, &none, |_| true).expect("merge");
    assert!(Table::open(empty.out).expect("open").is_empty());
}

/// Tables of each format that must be readable for ever.
const FROZEN_1: &[u8] = include_bytes!("../../tests/vectors/table-v1.table");
const FROZEN_2: &[u8] = include_bytes!("../../tests/vectors/table-v2.table");

#[test]
fn frozen_tables_are_read_and_the_newest_is_written_again() {
    let second = |seed| Row { pack: pack(5), ..row(seed) };
    for (frozen, seconds) in [(FROZEN_1, 0..0), (FROZEN_2, 0..20)] {
        let table = Table::open(frozen).expect("open");
        table.verify().expect("verify");
        let mut rows: Vec<_> = (0..60).map(row).chain(seconds.clone().map(second)).collect();
        rows.sort_by_key(|row| (row.prefix, Reverse(row.pack)));
        assert_eq!(all_rows(&table), rows);
        for row in &rows {
            let found = table.find_where(&row.prefix, |found| found.pack == row.pack);
            assert_eq!(found.expect("find"), Some(*row));
        }
        let written = write_rows(Vec::new(), PackKind::Data, &mut rows).expect("write").out;
        if seconds.is_empty() {
            assert_eq!(
                written[HEADER_LEN..written.len() - TAIL_LEN],
                frozen[HEADER_LEN..frozen.len() - TAIL_LEN]
            );
        } else {
            assert_eq!(written, frozen);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn merging_keeps_one_entry_a_pack(
        inputs in prop::collection::vec(
            prop::collection::btree_map(0u64..400, 0u64..6, 0..150),
            0..5,
        ),
        dropped in 0u64..6,
    ) {
        let place = |table: usize, seed: u64, pack: u64| {
            let chunk = table as u32 * 10 + pack as u32;
            ChunkPlace { chunk, ..row(seed).place }
        };
        let mut places: BTreeMap<(Prefix, Reverse<PackId>), Vec<ChunkPlace>> = BTreeMap::new();
        let mut tables = Vec::new();
        for (i, input) in inputs.iter().enumerate() {
            let mut rows = Vec::new();
            for (&seed, &p) in input {
                let (prefix, pack) = (prefix(seed), pack(p));
                rows.push(Row { prefix, pack, place: place(i, seed, p) });
                if p != dropped {
                    let key = (prefix, Reverse(pack));
                    places.entry(key).or_default().push(place(i, seed, p));
                }
            }
            let bytes = write_rows(Vec::new(), PackKind::Data, &mut rows).expect("write").out;
            tables.push(Table::open_within(bytes, NOTHING).expect("open"));
        }
        let tables: Vec<_> = tables.iter().collect();
        let keep = |id| id != pack(dropped);
        let merged = merge(Vec::new(), PackKind::Data, &tables, keep).expect("merge");
        prop_assert_eq!(merged.entries, places.len() as u64);
        let merged = Table::open(merged.out).expect("open");
        merged.verify().expect("verify");
        let rows = all_rows(&merged);
        let found: Vec<_> = rows.iter().map(|row| (row.prefix, Reverse(row.pack))).collect();
        prop_assert_eq!(found, places.keys().copied().collect::<Vec<_>>());
        for row in rows {
            prop_assert!(places[&(row.prefix, Reverse(row.pack))].contains(&row.place));
        }
    }

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 1..300),
        at in any::<prop::sample::Index>(),
    ) {
        let mut forged = build(0..20);
        let at = HEADER_LEN + at.index(forged.len() - HEADER_LEN - TAIL_LEN - bytes.len());
        forged[at..at + bytes.len()].copy_from_slice(&bytes);
        ask_all(&forged);
    }
}
