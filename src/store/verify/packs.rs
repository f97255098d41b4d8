//! The check of packs: files as listed, whole, and on request every block and chunk.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::report::Counts;
use super::{Depth, Run, Subject, VerifyError};
use crate::db::PackRow;
use crate::id::{Address, ChunkId, CommitId, PackId, TagId, TreeId};
use crate::pack::layout::{BLOCK_HEADER_LEN, PackError, PackKind, Trailer};
use crate::pack::reader::{BlockBuf, PackReader};
use crate::recipe::{Page, Recipe};
use crate::store::{OpenPack, StorePaths};

/// Blocks that were read.
#[derive(Default)]
pub(super) struct BlockFindings {
    /// The damaged ones, and how they are damaged.
    pub(super) bad: BTreeMap<(PackId, u32), String>,
    /// The ones found good that the database may hold for bad.
    pub(super) good: Vec<(PackId, u32)>,
}

/// What the check of all packs found.
pub(super) struct CheckedPacks {
    pub(super) counts: Counts,
    /// Packs whose trailer can be trusted.
    pub(super) healthy: HashSet<PackId>,
    pub(super) blocks: BlockFindings,
}

/// Checks all listed packs.
pub(super) fn check(
    run: &Run<'_>,
    paths: &StorePaths,
    packs: &[PackRow],
) -> Result<CheckedPacks, VerifyError> {
    let depth = run.options.depth;
    let bytes = packs.iter().map(|p| p.bytes).sum();
    let total = matches!(depth, Depth::Data).then_some(bytes);
    run.options.progress.begin("verify packs", total, None);
    let known_bad = run.db.read(|view| view.bad_blocks())?;
    let known_bad: HashSet<_> = known_bad.into_iter().map(|b| (b.pack, b.offset as u32)).collect();
    let blocks = BlockFindings::default();
    let counts = Counts { packs: packs.len() as u64, ..Counts::default() };
    let found = Mutex::new(CheckedPacks { counts, healthy: HashSet::new(), blocks });
    let lock = || found.lock().unwrap_or_else(PoisonError::into_inner);
    run.in_parallel(packs, |row| {
        match open_listed(&paths.pack(row.id), row) {
            Ok((pack, trailer)) => {
                lock().healthy.insert(row.id);
                read_blocks(run, &pack, &trailer, |at, stored_len, result| {
                    let mut found = lock();
                    found.counts.blocks_read += 1;
                    found.counts.bytes_read += BLOCK_HEADER_LEN as u64 + u64::from(stored_len);
                    match result {
                        Ok(()) if known_bad.contains(&at) => found.blocks.good.push(at),
                        Ok(()) => {}
                        Err(e) => {
                            found.blocks.bad.insert(at, e.to_string());
                        }
                    }
                })?;
            }
            Err(why) => {
                run.problems().report(Subject::Pack(row.id), why);
            }
        }
        Ok(())
    })?;
    run.options.progress.finish();
    Ok(found.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// Opens a pack and compares it with its row; says in words why that failed.
pub(super) fn open_listed(path: &Path, row: &PackRow) -> Result<(OpenPack, Trailer), String> {
    let file = File::open(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::NotFound => "its file is missing".to_owned(),
        _ => format!("its file cannot be opened: {e}"),
    })?;
    let bytes = file.metadata().map_err(|e| format!("its file cannot be read: {e}"))?.len();
    if bytes != row.bytes {
        return Err(format!("its file has {bytes} bytes instead of {}", row.bytes));
    }
    let pack = PackReader::open(file).map_err(|e| e.to_string())?;
    let trailer = pack.read_trailer().map_err(|e| e.to_string())?;
    let (header, blocks) = (pack.header(), trailer.blocks());
    if header.id != row.id {
        return Err(format!("its file holds pack {}", header.id));
    }
    let raw_bytes: u64 = blocks.iter().map(|b| u64::from(b.raw_len)).sum();
    let counts = (blocks.len() as u64, trailer.chunks().len() as u64, raw_bytes);
    if header.kind as u8 != row.kind || counts != (row.blocks, row.chunks, row.raw_bytes) {
        return Err("it holds something else than the database lists".to_owned());
    }
    Ok((pack, trailer))
}

/// Reads the blocks that the depth asks for and hands on what became of each.
fn read_blocks(
    run: &Run<'_>,
    pack: &OpenPack,
    trailer: &Trailer,
    mut found: impl FnMut((PackId, u32), u32, Result<(), PackError>),
) -> Result<(), VerifyError> {
    if run.options.depth == Depth::Structure {
        return Ok(());
    }
    let (id, kind) = (pack.header().id, pack.header().kind);
    let mut buf = BlockBuf::new();
    for (block, chunks) in trailer.blocks_with_chunks() {
        if !is_wanted(run.options.depth, id, block.offset) {
            continue;
        }
        run.options.cancel.check()?;
        let result = pack.check_block(block, chunks, &mut buf, |a, b| is_right(kind, a, b));
        run.options.progress.advance(block.header().file_len().into(), 0);
        found((id, block.offset), block.stored_len, result);
    }
    Ok(())
}

fn is_wanted(depth: Depth, pack: PackId, offset: u32) -> bool {
    match depth {
        Depth::Structure => false,
        Depth::Data => true,
        Depth::Sample { percent, seed } => {
            let mut hasher = blake3::Hasher::new();
            hasher.update(&seed.to_le_bytes()).update(&pack.to_bytes());
            let hash = hasher.update(&offset.to_le_bytes()).finalize();
            let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
            (u64::from_le_bytes(*first) as f64) < percent / 100.0 * u64::MAX as f64
        }
    }
}

/// Whether bytes belong to an address, as far as the bytes alone can say.
///
/// The page of a recipe, and the recipe of a blob of one group, do not say whose they are: those
/// are compared with the blob when the trees are walked.
fn is_right(kind: PackKind, address: &Address, bytes: &[u8]) -> bool {
    match kind {
        PackKind::Data => Address::from(ChunkId::of(bytes)) == *address,
        PackKind::History => {
            Address::from(TreeId::of(bytes)) == *address
                || Address::from(CommitId::of(bytes)) == *address
                || Address::from(TagId::of(bytes)) == *address
        }
        PackKind::Layout if Page::is_apart(bytes) => true,
        PackKind::Layout => Recipe::decode(bytes)
            .is_ok_and(|recipe| recipe.proven_id().is_none_or(|id| Address::from(id) == *address)),
    }
}
