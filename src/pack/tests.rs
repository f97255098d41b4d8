//! Writer and reader against each other, against damage, and against a frozen pack.

use std::io::{self, Write};

use proptest::prelude::*;

use crate::id::{Address, ChunkId, PackId, SessionId};

use super::layout::{HEADER_LEN, MAX_PACK_LEN, MAX_RAW_LEN, TAIL_LEN};
use super::*;

fn pack_id() -> PackId {
    PackId { session: SessionId { seq: 7, random: 0x0123_4567_89ab_cdef }, random: 42 }
}

fn header() -> Header {
    Header::plain(PackKind::Data, 9, pack_id())
}

/// Bytes that zstd cannot shrink.
fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

/// Three blocks: two chunks that compress, one that does not, three small ones.
fn sample() -> Vec<Vec<Vec<u8>>> {
    vec![
        vec![b"one line of text\n".repeat(8), b"another line of text\n".repeat(5)],
        vec![noise(1, 90)],
        vec![vec![1; 60], vec![2], vec![3; 40]],
    ]
}

fn address(chunk: &[u8]) -> Address {
    ChunkId::of(chunk).into()
}

fn is_right(wanted: &Address, bytes: &[u8]) -> bool {
    *wanted == address(bytes)
}

fn write_blocks<W: Write>(
    writer: &mut PackWriter<W>,
    blocks: &[Vec<Vec<u8>>],
) -> Result<Vec<BlockPlace>, PackError> {
    let mut codec = BlockCodec::new(3, true)?;
    let write = |chunks: &Vec<Vec<u8>>| {
        let raw = chunks.concat();
        let rows: Vec<_> = chunks.iter().map(|c| (address(c), c.len() as u32)).collect();
        writer.append_block(codec.compress(&raw)?, &rows)
    };
    blocks.iter().map(write).collect()
}

fn build(blocks: &[Vec<Vec<u8>>]) -> FinishedPack<Vec<u8>> {
    let mut writer = PackWriter::new(Vec::new(), header()).expect("begin");
    write_blocks(&mut writer, blocks).expect("append");
    writer.finish().expect("finish")
}

#[test]
fn what_is_written_is_read() {
    let blocks = sample();
    let pack = build(&blocks);
    assert_eq!(pack.len, pack.out.len() as u64);
    let reader = PackReader::open(pack.out.as_slice()).expect("open");
    assert_eq!(reader.header(), &header());
    assert_eq!(reader.byte_len(), pack.len);
    let trailer = reader.read_trailer().expect("trailer");
    assert_eq!(trailer, pack.trailer);
    let codecs: Vec<_> = trailer.blocks.iter().map(|block| block.codec).collect();
    assert_eq!(codecs, [Codec::Zstd, Codec::Raw, Codec::Zstd]);

    let chunks: Vec<_> = blocks.concat();
    let rows: Vec<_> = trailer.rows().collect();
    assert_eq!(rows.len(), chunks.len());
    let mut buf = BlockBuf::new();
    for (i, ((found, place), chunk)) in rows.iter().zip(&chunks).enumerate() {
        assert_eq!((*found, place.chunk as usize), (address(chunk), i));
        let range = place.position as usize..(place.position + place.raw_len) as usize;
        let raw = reader.read_block_sized(place.block_offset, place.stored_len, &mut buf);
        assert_eq!(raw.expect("block")[range.clone()], chunk[..]);
        let raw = reader.read_block(place.block_offset, &mut buf).expect("block");
        assert_eq!(raw[range], chunk[..]);
    }
    let report = reader.check(is_right).expect("check");
    assert_eq!((report.blocks, report.chunks), (3, 6));
    assert_eq!(report.raw_bytes, chunks.concat().len() as u64);
    assert!(report.damaged.is_empty());
}

#[test]
fn an_empty_pack_is_valid() {
    let pack = build(&[]);
    let reader = PackReader::open(&pack.out).expect("open");
    assert_eq!(reader.check(is_right).expect("check").blocks, 0);
    let mut buf = BlockBuf::new();
    assert!(reader.scan(HEADER_LEN as u32, &mut buf).next_block().expect("end").is_none());
    assert!(reader.read_block(HEADER_LEN as u32, &mut buf).is_err());
}

#[test]
fn blocks_copy_into_another_pack_unchanged() {
    let pack = build(&sample());
    let reader = PackReader::open(&pack.out).expect("open");
    let mut writer = PackWriter::new(Vec::new(), header()).expect("begin");
    let mut buf = BlockBuf::new();
    for (block, chunks) in pack.trailer.blocks_with_chunks() {
        let compressed = reader.read_compressed(block.offset, &mut buf).expect("block");
        assert_eq!(compressed.hash, block.hash);
        let rows: Vec<_> = chunks.iter().map(|row| (row.address, row.raw_len)).collect();
        writer.append_block(compressed, &rows).expect("append");
    }
    assert_eq!(writer.finish().expect("finish").out, pack.out);
}

/// Reads all there is to read, to see that nothing panics.
fn read_all(bytes: &[u8], offsets: &[u32]) {
    let Ok(reader) = PackReader::open(bytes) else { return };
    let mut buf = BlockBuf::new();
    for &offset in offsets {
        let _ = reader.read_block(offset, &mut buf);
        let _ = reader.read_block_sized(offset, 17, &mut buf);
        let _ = reader.read_compressed(offset, &mut buf);
        let mut run = reader.run(offset, 3, 1 << 40, &mut buf);
        while let Ok(Some(_)) = run.next_piece() {}
    }
}

#[test]
fn every_truncation_is_an_error() {
    let pack = build(&sample());
    for len in 0..pack.out.len() {
        let error = PackReader::open(&pack.out[..len]).err().expect("a cut pack");
        assert!(error.is_damaged(), "{len}: {error}");
    }
    let mut longer = pack.out.clone();
    longer.push(0);
    assert!(PackReader::open(&longer).is_err());
}

#[test]
fn every_changed_byte_is_found() {
    let pack = build(&sample());
    let offsets: Vec<u32> = (0..pack.out.len() as u32 + 20).collect();
    for at in 0..pack.out.len() {
        for mask in [1, 0x80, 0xff] {
            let mut bytes = pack.out.clone();
            bytes[at] ^= mask;
            let checked = PackReader::open(&bytes).and_then(|reader| reader.check(is_right));
            let Ok(report) = checked else { continue };
            let [damaged] = report.damaged.as_slice() else { panic!("byte {at} not found") };
            let block = &pack.trailer.blocks.iter().rfind(|block| block.offset as usize <= at);
            assert_eq!(Some(damaged.offset), block.map(|block| block.offset));
            assert!(damaged.error.is_damaged());
        }
        let mut bytes = pack.out.clone();
        bytes[at] ^= 0xff;
        read_all(&bytes, &offsets[at.saturating_sub(10)..at + 10]);
    }
}

#[test]
fn check_reports_a_wrong_address_and_goes_on() {
    let mut writer = PackWriter::new(Vec::new(), header()).expect("begin");
    let mut codec = BlockCodec::new(1, true).expect("codec");
    for (raw, listed) in [(b"aaaa", b"aaaa"), (b"bbbb", b"xxxx"), (b"cccc", b"cccc")] {
        let block = codec.compress(raw).expect("compress");
        writer.append_block(block, &[(address(listed), 4)]).expect("append");
    }
    let pack = writer.finish().expect("finish");
    let report = PackReader::open(&pack.out).and_then(|r| r.check(is_right)).expect("check");
    let damaged: Vec<_> = report.damaged.iter().map(|damaged| damaged.offset).collect();
    assert_eq!((report.blocks, damaged), (3, vec![pack.trailer.blocks[1].offset]));
}

#[test]
fn wrong_blocks_are_refused_and_leave_the_pack_as_it_was() {
    let mut writer = PackWriter::new(Vec::new(), header()).expect("begin");
    let some = address(b"");
    let raw = noise(3, 100);
    let good =
        Compressed { stored: &raw, raw_len: 100, codec: Codec::Raw, hash: StoredHash::of(&raw) };
    let short = Compressed { stored: &raw[1..], ..good };
    let empty = Compressed { stored: &[], codec: Codec::Zstd, ..good };
    let cases: [(Compressed<'_>, &[(Address, u32)]); 6] = [
        (good, &[]),
        (good, &[(some, 99)]),
        (good, &[(some, 100), (some, 0)]),
        (good, &[(some, u32::MAX), (some, 101)]),
        (short, &[(some, 100)]),
        (empty, &[(some, 100)]),
    ];
    for (block, chunks) in cases {
        let refused = writer.append_block(block, chunks);
        assert!(matches!(refused, Err(PackError::BadBlock(_))));
    }
    assert!(writer.is_empty() && writer.len() == HEADER_LEN as u64);
    assert_eq!(writer.finish().expect("finish").out, build(&[]).out);
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
    let whole = build(&sample()).out.len();
    for left in 0..=whole {
        let written = PackWriter::new(Brittle { left }, header()).and_then(|mut writer| {
            write_blocks(&mut writer, &sample())?;
            writer.finish()
        });
        let error = written.err().expect("a failed write");
        assert!(matches!(&error, PackError::Io(e) if e.kind() == io::ErrorKind::StorageFull));
    }
    assert!(PackWriter::new(Brittle { left: whole + 1 }, header()).is_ok());
}

#[test]
fn after_a_failed_write_the_writer_refuses() {
    let mut writer = PackWriter::new(Brittle { left: 70 }, header()).expect("begin");
    assert!(matches!(write_blocks(&mut writer, &sample()), Err(PackError::Io(_))));
    assert!(matches!(write_blocks(&mut writer, &sample()), Err(PackError::Poisoned)));
    assert!(matches!(writer.finish(), Err(PackError::Poisoned)));
}

#[test]
fn a_pack_never_outgrows_its_offsets() {
    let raw = vec![0; MAX_RAW_LEN as usize];
    let hash = StoredHash::from_bytes([0; 16]);
    let block = Compressed { stored: &raw, raw_len: MAX_RAW_LEN, codec: Codec::Raw, hash };
    let mut writer = PackWriter::new(io::sink(), header()).expect("begin");
    let mut blocks = 0;
    let refused = loop {
        match writer.append_block(block, &[(address(b""), MAX_RAW_LEN)]) {
            Ok(_) => blocks += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, PackError::Full));
    assert_eq!(blocks, 255);
    assert!(writer.finish().expect("finish").len <= MAX_PACK_LEN);
}

#[test]
fn forged_counts_are_errors_before_they_are_allocations() {
    let good = build(&sample()).out;
    let trailer_at = PackReader::open(&good).expect("open").blocks_end() as usize;
    let trailer = &good[trailer_at..good.len() - TAIL_LEN];
    for word in 0..2 {
        for count in [0, 1, 100, u32::MAX] {
            let mut forged = trailer.to_vec();
            forged[word * 4..word * 4 + 4].copy_from_slice(&count.to_le_bytes());
            assert!(Trailer::decode(&forged, trailer_at as u64).is_err());
        }
    }
    for len in 0..trailer.len() {
        assert!(Trailer::decode(&trailer[..len], trailer_at as u64).is_err());
    }
    assert!(Trailer::decode(trailer, trailer_at as u64 + 1).is_err());
    for at in 0..8 {
        let mut forged = *good[HEADER_LEN..].first_chunk().expect("a block header");
        forged[at] = 0xff;
        let decoded = BlockHeader::decode(&forged, 64);
        assert!(decoded.is_ok() != [3, 7].contains(&at), "{at}: {decoded:?}");
    }
}

#[test]
fn other_versions_kinds_and_keys_are_told_apart() {
    let good = build(&sample()).out;
    let with = |at: usize, value: u8| {
        let mut bytes = good.clone();
        bytes[at] = value;
        PackReader::open(bytes).err()
    };
    assert!(matches!(with(0, b'X'), Some(PackError::BadMagic)));
    assert!(matches!(with(8, 2), Some(PackError::NewerVersion { found: 2 })));
    assert!(matches!(with(10, 4), Some(PackError::Damaged { offset: 10, .. })));
    assert!(matches!(with(11, 1), Some(PackError::Damaged { offset: 11, .. })));
    assert!(matches!(with(12, 5), Some(PackError::UnknownKey { number: 5 })));
    assert!(matches!(with(48, 1), Some(PackError::Damaged { offset: 48, .. })));
    assert!(matches!(with(good.len() - 1, 0), Some(PackError::Truncated)));
}

/// A toy that binds a block to its context as a real cipher does; not secret at all.
struct ToyCipher;

impl ToyCipher {
    fn pad(context: BlockContext) -> [u8; 32] {
        *blake3::hash(format!("{context:?}").as_bytes()).as_bytes()
    }
}

impl BlockCipher for ToyCipher {
    fn seal<'a>(
        &self,
        context: BlockContext,
        plain: &'a [u8],
        scratch: &'a mut Vec<u8>,
    ) -> Result<&'a [u8], PackError> {
        let pad = Self::pad(context);
        scratch.clear();
        scratch.extend(plain.iter().zip(pad.iter().cycle()).map(|(a, b)| a ^ b));
        scratch.extend_from_slice(&pad[..16]);
        Ok(scratch)
    }

    fn open<'a>(
        &self,
        context: BlockContext,
        sealed: &'a mut [u8],
    ) -> Result<&'a mut [u8], PackError> {
        let pad = Self::pad(context);
        let offset = context.offset.into();
        match sealed.split_last_chunk_mut::<16>() {
            Some((plain, tag)) if tag[..] == pad[..16] => {
                plain.iter_mut().zip(pad.iter().cycle()).for_each(|(a, b)| *a ^= b);
                Ok(plain)
            }
            _ => Err(PackError::Damaged { offset, what: "the block does not authenticate" }),
        }
    }
}

impl PackKeys for ToyCipher {
    fn cipher(&self, _header: &Header) -> Result<Box<dyn BlockCipher>, PackError> {
        Ok(Box::new(Self))
    }
}

#[test]
fn sealed_packs_go_through_the_cipher() {
    let header = Header { key_number: 3, salt: [5; 16], ..header() };
    assert!(matches!(
        PackWriter::new(Vec::new(), header.clone()),
        Err(PackError::UnknownKey { number: 3 })
    ));
    let mut writer = PackWriter::with_keys(Vec::new(), header, &ToyCipher).expect("begin");
    write_blocks(&mut writer, &sample()).expect("append");
    let pack = writer.finish().expect("finish");
    assert!(matches!(PackReader::open(&pack.out), Err(PackError::UnknownKey { number: 3 })));
    let reader = PackReader::open_with(&pack.out, &ToyCipher).expect("open");
    assert!(reader.check(is_right).expect("check").damaged.is_empty());
    let raw_block = pack.trailer.blocks[1];
    assert_eq!(raw_block.stored_len, raw_block.raw_len + 16);
    let mut buf = BlockBuf::new();
    let plain = reader.read_compressed(raw_block.offset, &mut buf).expect("block");
    assert_eq!(plain.stored, noise(1, 90));
    // The same stored bytes at another place do not open.
    let mut moved = pack.out.clone();
    let block =
        raw_block.offset as usize..(raw_block.offset + raw_block.header().file_len()) as usize;
    moved.copy_within(block, HEADER_LEN);
    let reader = PackReader::open_with(&moved, &ToyCipher).expect("open");
    assert!(reader.read_block(HEADER_LEN as u32, &mut buf).is_err());
}

fn read_run(
    reader: &PackReader<&[u8]>,
    offset: u32,
    position: u32,
    len: u64,
) -> Result<Vec<u8>, PackError> {
    let mut buf = BlockBuf::new();
    let mut run = reader.run(offset, position, len, &mut buf);
    let mut all = Vec::new();
    while let Some(piece) = run.next_piece()? {
        all.extend_from_slice(piece);
    }
    assert_eq!(run.remaining(), 0);
    Ok(all)
}

#[test]
fn runs_cross_blocks_and_stop_at_the_end() {
    let blocks = sample();
    let pack = build(&blocks);
    let reader = PackReader::open(pack.out.as_slice()).expect("open");
    let stream = blocks.concat().concat();
    let mut start = 0;
    for block in &pack.trailer.blocks {
        for position in 0..block.raw_len {
            let rest = &stream[start + position as usize..];
            for len in [0, 1, 30, 200, rest.len()].map(|len| len.min(rest.len())) {
                let run = read_run(&reader, block.offset, position, len as u64);
                assert_eq!(run.expect("run"), rest[..len]);
            }
            assert!(read_run(&reader, block.offset, position, rest.len() as u64 + 1).is_err());
        }
        assert!(read_run(&reader, block.offset, block.raw_len, 1).is_err());
        start += block.raw_len as usize;
    }
}

#[test]
fn threads_share_one_reader() {
    let mut file = tempfile::tempfile().expect("temporary file");
    let blocks: Vec<Vec<Vec<u8>>> = (0..40)
        .map(|i| (0..5).map(|j| format!("{i} {j} ").repeat(50 + i).into_bytes()).collect())
        .collect();
    file.write_all(&build(&blocks).out).expect("write");
    let reader = PackReader::open(file).expect("open");
    let trailer = reader.read_trailer().expect("trailer");
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut buf = BlockBuf::new();
                for (wanted, place) in trailer.rows() {
                    let raw = reader.read_block(place.block_offset, &mut buf).expect("block");
                    let start = place.position as usize;
                    assert!(is_right(&wanted, &raw[start..start + place.raw_len as usize]));
                }
            });
        }
    });
}

/// A pack of format 1 that must be readable for ever.
const FROZEN: &[u8] = include_bytes!("../../tests/vectors/pack-v1.pack");

#[test]
fn the_frozen_pack_is_read_and_written_again() {
    let reader = PackReader::open(FROZEN).expect("open");
    assert_eq!(reader.header(), &header());
    let trailer = reader.read_trailer().expect("trailer");
    assert!(reader.check(is_right).expect("check").damaged.is_empty());
    let mut buf = BlockBuf::new();
    let mut writer = PackWriter::new(Vec::new(), header()).expect("begin");
    for ((block, rows), chunks) in trailer.blocks_with_chunks().zip(sample()) {
        assert_eq!(reader.read_block(block.offset, &mut buf).expect("block"), chunks.concat());
        // Copied, not compressed again: another release of zstd may make other frames.
        let rows: Vec<_> = rows.iter().map(|row| (row.address, row.raw_len)).collect();
        let block = reader.read_compressed(block.offset, &mut buf).expect("block");
        writer.append_block(block, &rows).expect("append");
    }
    assert_eq!(writer.finish().expect("finish").out, FROZEN);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_blocks_round_trip(
        lens in prop::collection::vec(prop::collection::vec(1usize..600, 1..6), 1..8),
        seed in any::<u64>(),
        from in any::<prop::sample::Index>(),
        to in any::<prop::sample::Index>(),
    ) {
        let chunk = |i: usize, len: usize| match len % 3 {
            0 => noise(seed ^ i as u64, len),
            rest => vec![rest as u8 + i as u8; len],
        };
        let blocks: Vec<Vec<Vec<u8>>> = lens
            .iter()
            .enumerate()
            .map(|(i, lens)| lens.iter().map(|&len| chunk(i, len)).collect())
            .collect();
        let pack = build(&blocks);
        let reader = PackReader::open(pack.out.as_slice()).expect("open");
        prop_assert!(reader.check(is_right).expect("check").damaged.is_empty());
        let places: Vec<_> = pack.trailer.rows().map(|(_, place)| place).collect();
        let (mut first, mut last) = (from.index(places.len()), to.index(places.len()));
        if first > last {
            std::mem::swap(&mut first, &mut last);
        }
        let wanted = blocks.concat()[first..=last].concat();
        let start = places[first];
        let run = read_run(&reader, start.block_offset, start.position, wanted.len() as u64);
        prop_assert_eq!(run.expect("run"), wanted);
    }

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let mut forged = build(&sample()).out;
        let blocks_end = PackReader::open(&forged).expect("open").blocks_end() as usize;
        let len = bytes.len().min(blocks_end - HEADER_LEN);
        forged[HEADER_LEN..HEADER_LEN + len].copy_from_slice(&bytes[..len]);
        let offsets: Vec<u32> = (0..blocks_end as u32).collect();
        read_all(&forged, &offsets);
        let _ = Trailer::decode(&bytes, bytes.len() as u64);
        if let Some(tail) = bytes.first_chunk() {
            let _ = super::layout::Tail::decode(tail, bytes.len() as u64);
        }
    }
}
