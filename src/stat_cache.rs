//! What was known of files when they were last read: the rows of the stat cache, as bytes.
//!
//! Owns the format of a page and the rules by which a row may be believed. Where pages are kept,
//! and when they are written, is the business of the callers: nothing here touches a disk.
//! A page holds up to [`MAX_PAGE_ROWS`] names of one folder in order.
//!
//! Page, version 1, integers little-endian, `varint` = LEB128 of at most 10 bytes, `delta` = zigzag
//! varint of the wrapping difference from the row before (from 0 for the first):
//!
//! ```text
//! version u8 = 1 | rows u16
//! per row: kind u8 (0 file, 1 executable, 2 symlink) | name length u8 | name
//!          | size varint | mtime delta | ctime delta | inode delta | id 32 bytes
//! first 16 bytes of BLAKE3 of all before
//! ```

pub mod seal;

use crate::id::BlobId;
use crate::path::check_name;
use crate::stat::Stat;

/// The most rows of one page.
pub const MAX_PAGE_ROWS: usize = 4096;

/// The most bytes of one page: no row is longer than 329 bytes.
pub const MAX_PAGE_BYTES: usize = 3 + MAX_PAGE_ROWS * 329 + CHECKSUM_BYTES;

const VERSION: u8 = 1;
const CHECKSUM_BYTES: usize = 16;

/// What a cached name was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowKind {
    /// A regular file.
    File,
    /// A regular file its owner may execute.
    Executable,
    /// A symlink; the id is that of the target's bytes.
    Symlink,
}

impl RowKind {
    /// The byte that stands for it.
    fn number(self) -> u8 {
        match self {
            Self::File => 0,
            Self::Executable => 1,
            Self::Symlink => 2,
        }
    }
}

/// One name of a folder, as it was when its content was known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatRow {
    /// The name in its folder.
    pub name: Box<str>,
    /// What it was.
    pub kind: RowKind,
    /// What the operating system said of it.
    pub stat: Stat,
    /// The id of its content.
    pub id: BlobId,
}

/// Why bytes are not a page. The cache is deletable: treat the page as absent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PageError {
    /// The checksum does not match, or the page is cut.
    #[error("damaged page of the stat cache")]
    Damaged,
    /// Written by another version.
    #[error("page of the stat cache in format {0}, this version knows 1")]
    OtherVersion(u8),
    /// The rows are too many, not in order, or hold a value out of range.
    #[error("invalid page of the stat cache")]
    Invalid,
}

/// Encodes rows of one folder as a page.
///
/// Refuses what [`decode_page`] would: more than [`MAX_PAGE_ROWS`] rows, names that are not
/// strictly ascending or not allowed.
pub fn encode_page(rows: &[StatRow]) -> Result<Vec<u8>, PageError> {
    check_rows(rows)?;
    let rows_u16 = u16::try_from(rows.len()).map_err(|_| PageError::Invalid)?;
    let mut out = Vec::with_capacity(32 + rows.len() * 80);
    out.push(VERSION);
    out.extend_from_slice(&rows_u16.to_le_bytes());
    let mut before = Stat::default();
    for row in rows {
        encode_row(row, &before, &mut out);
        before = row.stat;
    }
    let checksum = blake3::hash(&out);
    out.extend_from_slice(&checksum.as_bytes()[..CHECKSUM_BYTES]);
    Ok(out)
}

/// Decodes a page; any bytes at all give rows in order or an error.
pub fn decode_page(page: &[u8]) -> Result<Vec<StatRow>, PageError> {
    if page.len() > MAX_PAGE_BYTES {
        return Err(PageError::Invalid);
    }
    let (body, checksum) =
        page.split_at_checked(page.len().wrapping_sub(CHECKSUM_BYTES)).ok_or(PageError::Damaged)?;
    if blake3::hash(body).as_bytes()[..CHECKSUM_BYTES] != *checksum {
        return Err(PageError::Damaged);
    }
    let mut input = Input(body);
    match input.byte()? {
        VERSION => {}
        other => return Err(PageError::OtherVersion(other)),
    }
    let count = usize::from(u16::from_le_bytes(input.array()?));
    let mut rows = Vec::with_capacity(count.min(MAX_PAGE_ROWS));
    let mut before = Stat::default();
    for _ in 0..count.min(MAX_PAGE_ROWS + 1) {
        let row = input.row(&before)?;
        before = row.stat;
        rows.push(row);
    }
    if !input.0.is_empty() {
        return Err(PageError::Invalid);
    }
    check_rows(&rows)?;
    Ok(rows)
}

fn check_rows(rows: &[StatRow]) -> Result<(), PageError> {
    let is_ascending = rows.windows(2).all(|pair| pair[0].name < pair[1].name);
    let are_allowed = rows.iter().all(|row| check_name(row.name.as_bytes()).is_ok());
    match rows.len() <= MAX_PAGE_ROWS && is_ascending && are_allowed {
        true => Ok(()),
        false => Err(PageError::Invalid),
    }
}

fn encode_row(row: &StatRow, before: &Stat, out: &mut Vec<u8>) {
    let Stat { size, mtime_ns, ctime_ns, inode } = row.stat;
    out.push(row.kind.number());
    out.push(u8::try_from(row.name.len()).expect("a checked name has at most 255 bytes"));
    out.extend_from_slice(row.name.as_bytes());
    put_varint(size, out);
    put_varint(zigzag(mtime_ns.wrapping_sub(before.mtime_ns)), out);
    put_varint(zigzag(ctime_ns.wrapping_sub(before.ctime_ns)), out);
    put_varint(zigzag(inode.wrapping_sub(before.inode).cast_signed()), out);
    out.extend_from_slice(row.id.as_bytes());
}

fn put_varint(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn zigzag(value: i64) -> u64 {
    (value << 1 ^ value >> 63).cast_unsigned()
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ -(value & 1).cast_signed()
}

/// What is left of a page to decode.
struct Input<'a>(&'a [u8]);

impl Input<'_> {
    fn take(&mut self, len: usize) -> Result<&[u8], PageError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(PageError::Invalid)?;
        self.0 = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], PageError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn byte(&mut self) -> Result<u8, PageError> {
        Ok(self.array::<1>()?[0])
    }

    fn varint(&mut self) -> Result<u64, PageError> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if bits << shift >> shift != bits {
                return Err(PageError::Invalid);
            }
            value |= bits << shift;
            if byte < 0x80 {
                return Ok(value);
            }
        }
        Err(PageError::Invalid)
    }

    fn delta(&mut self) -> Result<i64, PageError> {
        self.varint().map(unzigzag)
    }

    fn row(&mut self, before: &Stat) -> Result<StatRow, PageError> {
        let kind = match self.byte()? {
            0 => RowKind::File,
            1 => RowKind::Executable,
            2 => RowKind::Symlink,
            _ => return Err(PageError::Invalid),
        };
        let len = usize::from(self.byte()?);
        let name = std::str::from_utf8(self.take(len)?).map_err(|_| PageError::Invalid)?.into();
        let stat = Stat {
            size: self.varint()?,
            mtime_ns: before.mtime_ns.wrapping_add(self.delta()?),
            ctime_ns: before.ctime_ns.wrapping_add(self.delta()?),
            inode: before.inode.wrapping_add(self.delta()?.cast_unsigned()),
        };
        let id = BlobId::from_bytes(self.array()?);
        Ok(StatRow { name, kind, stat, id })
    }
}

/// Margin for time stamps with digits below the second.
///
/// A kernel stamps files with the time of its last timer tick, at most 10 ms ago: two ticks.
const FINE_MARGIN_NS: i64 = 20_000_000;

/// Margin for stamps of whole seconds: the coarsest common file system (FAT) counts in twos.
const COARSE_MARGIN_NS: i64 = 2_000_000_000;

/// Whether a file still has the content the row names, judged by its stat alone.
///
/// All four values must be the same. That is not enough: a file written twice within one tick of
/// the clock that stamps it has the same stamps both times, so a row taken between the two writes
/// would hide the second for ever. Hence both stamps must be older than `recorded_at_ns` by a
/// margin of that clock; any later write then gets a stamp the row does not have. A stamp whose
/// nanoseconds are zero is taken to come from a coarse clock. A row that fails is read again,
/// which costs time and never correctness.
///
/// `recorded_at_ns` is the moment from which on the content was looked at: for files that were
/// read, a time before the stat that preceded the reading (the start of the scan will do), *not*
/// the later time at which the page was stored. For files that the program itself wrote and nobody
/// could have known before, the time after the last of them was put in place. It is compared with
/// stamps, so where the file system has a clock of its own (a network share), take it from there.
///
/// A stamp in the future is never believed.
pub fn is_unchanged(row: &StatRow, now: &Stat, recorded_at_ns: i64) -> bool {
    row.stat == *now
        && is_settled(now.mtime_ns, recorded_at_ns)
        && is_settled(now.ctime_ns, recorded_at_ns)
}

/// The moment after which a file must be looked at to be known by its stat from then on.
pub fn settles_at_ns(stat: &Stat) -> i64 {
    with_margin(stat.mtime_ns).max(with_margin(stat.ctime_ns))
}

fn is_settled(stamp_ns: i64, recorded_at_ns: i64) -> bool {
    with_margin(stamp_ns) < recorded_at_ns
}

fn with_margin(stamp_ns: i64) -> i64 {
    let is_coarse = stamp_ns % 1_000_000_000 == 0;
    let margin_ns = if is_coarse { COARSE_MARGIN_NS } else { FINE_MARGIN_NS };
    stamp_ns.saturating_add(margin_ns)
}

/// One run of a machine, from its start to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BootId(pub [u8; 16]);

impl BootId {
    /// Reads the form Linux gives: 32 hexadecimal digits, with hyphens anywhere, and white space
    /// around them.
    pub fn parse(text: &str) -> Option<BootId> {
        let digits: Vec<u32> = text
            .trim()
            .chars()
            .filter(|digit| *digit != '-')
            .map(|digit| digit.to_digit(16))
            .collect::<Option<_>>()?;
        let mut id = [0; 16];
        if digits.len() != 32 {
            return None;
        }
        for (byte, pair) in id.iter_mut().zip(digits.chunks(2)) {
            *byte = (pair[0] << 4 | pair[1]) as u8;
        }
        Some(BootId(id))
    }
}

/// Whether the files a page speaks of can be what they were when it was recorded.
///
/// After a loss of power a file may keep its size and times and have lost its content, when the
/// content had not reached the disk. A page is therefore recorded with the boot it was made in,
/// and with None only once a sync of the file system has proven the files to be on disk. A page of
/// this boot is good; a page of another boot, or of an unknown one, is not.
pub fn is_trusted(page_boot: Option<BootId>, current_boot: Option<BootId>) -> bool {
    page_boot.is_none() || page_boot == current_boot
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(name: &str, stat: Stat) -> StatRow {
        StatRow { name: name.into(), kind: RowKind::File, stat, id: BlobId::of(name.as_bytes()) }
    }

    fn stat(mtime_ns: i64, ctime_ns: i64) -> Stat {
        Stat { size: 5, mtime_ns, ctime_ns, inode: 77 }
    }

    fn page() -> Vec<u8> {
        let rows: Vec<_> = (0..5).map(|n| row(&format!("f{n}"), stat(n << 40, -n))).collect();
        encode_page(&rows).expect("valid rows")
    }

    proptest! {
        #[test]
        fn pages_round_trip(
            values in prop::collection::btree_map(
                "[a-z]{1,20}",
                (0..3u8, any::<u64>(), any::<i64>(), any::<i64>(), any::<u64>(), any::<[u8; 32]>()),
                0..40,
            )
        ) {
            let rows: Vec<_> = values.into_iter().map(|(name, v)| StatRow {
                name: name.into(),
                kind: [RowKind::File, RowKind::Executable, RowKind::Symlink][usize::from(v.0)],
                stat: Stat { size: v.1, mtime_ns: v.2, ctime_ns: v.3, inode: v.4 },
                id: BlobId::from_bytes(v.5),
            }).collect();
            let page = encode_page(&rows).expect("valid rows");
            prop_assert!(page.len() <= MAX_PAGE_BYTES);
            prop_assert_eq!(decode_page(&page), Ok(rows));
        }

        #[test]
        fn any_body_gives_rows_or_an_error(mut body in prop::collection::vec(any::<u8>(), 0..300)) {
            if let Some(version) = body.first_mut() {
                *version = VERSION;
            }
            let checksum = blake3::hash(&body);
            body.extend_from_slice(&checksum.as_bytes()[..CHECKSUM_BYTES]);
            if let Ok(rows) = decode_page(&body) {
                prop_assert!(encode_page(&rows).is_ok());
            }
        }
    }

    #[test]
    fn every_flip_and_every_cut_is_found() {
        let good = page();
        for at in 0..good.len() {
            assert_eq!(decode_page(&good[..at]), Err(PageError::Damaged), "cut at {at}");
            let mut bad = good.clone();
            bad[at] ^= 0x10;
            assert_eq!(decode_page(&bad), Err(PageError::Damaged), "flip at {at}");
        }
    }

    #[test]
    fn a_full_page_is_small_and_one_row_more_is_refused() {
        let mut rows: Vec<_> = (0..MAX_PAGE_ROWS as i64)
            .map(|n| row(&format!("f{n:09}"), stat(1_700_000_000_000_000_000 + n * 40_000, n)))
            .collect();
        let page = encode_page(&rows).expect("a full page");
        assert!(page.len() < MAX_PAGE_ROWS * 60, "{} bytes", page.len());
        assert_eq!(decode_page(&page).expect("decodes").len(), MAX_PAGE_ROWS);
        rows.push(row("z", Stat::default()));
        assert_eq!(encode_page(&rows), Err(PageError::Invalid));
    }

    #[test]
    fn rows_out_of_order_or_with_bad_names_are_refused() {
        for names in [["b", "a"], ["a", "a"], ["", "a"], [".git", "a"], ["a", "b/c"]] {
            let rows = names.map(|name| row(name, Stat::default()));
            assert_eq!(encode_page(&rows), Err(PageError::Invalid), "{names:?}");
        }
    }

    #[test]
    fn another_version_is_told_apart_from_damage() {
        let mut body = page();
        body.truncate(body.len() - CHECKSUM_BYTES);
        body[0] = 9;
        let checksum = blake3::hash(&body);
        body.extend_from_slice(&checksum.as_bytes()[..CHECKSUM_BYTES]);
        assert_eq!(decode_page(&body), Err(PageError::OtherVersion(9)));
    }

    #[test]
    fn a_row_counts_only_when_its_stamps_had_settled() {
        let second = 1_000_000_000;
        let recorded = 100 * second;
        for (mtime, ctime, counts) in [
            (recorded - 20_000_001, recorded - 20_000_001, true),
            (recorded - 20_000_000, recorded - 20_000_001, false),
            (recorded - 20_000_001, recorded - 20_000_000, false),
            (5, recorded + 5, false),
            // Whole seconds.
            (97 * second, 97 * second, true),
            (98 * second, 97 * second, false),
            (97 * second, 99 * second, false),
            // A platform without a ctime.
            (recorded - 20_000_001, 0, true),
            (i64::MAX, i64::MAX, false),
        ] {
            let row = row("f", stat(mtime, ctime));
            assert_eq!(is_unchanged(&row, &row.stat, recorded), counts, "{mtime} {ctime}");
        }
    }

    #[test]
    fn any_other_value_means_changed() {
        let old = row("f", stat(5, 5));
        let recorded = 1 << 60;
        assert!(is_unchanged(&old, &old.stat, recorded));
        for now in [
            Stat { size: 6, ..old.stat },
            Stat { mtime_ns: 6, ..old.stat },
            Stat { ctime_ns: 6, ..old.stat },
            Stat { inode: 6, ..old.stat },
        ] {
            assert!(!is_unchanged(&old, &now, recorded), "{now:?}");
        }
    }

    #[test]
    fn a_page_of_another_boot_is_not_trusted() {
        let (here, other) = (BootId([1; 16]), BootId([2; 16]));
        assert!(is_trusted(None, Some(here)) && is_trusted(None, None));
        assert!(is_trusted(Some(here), Some(here)));
        assert!(!is_trusted(Some(other), Some(here)) && !is_trusted(Some(other), None));
    }

    #[test]
    fn boot_ids_are_read_in_the_form_linux_gives() {
        let id = BootId::parse("01234567-89ab-cdef-0011-2233445566\n");
        assert_eq!(id, None, "too few digits");
        let id = BootId::parse("01234567-89ab-cdef-0011-223344556677\n").expect("32 digits");
        assert_eq!(id.0[..9], [0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x00]);
        assert_eq!(BootId::parse("01234567-89ab-cdef-0011-22334455667g"), None);
    }
}
