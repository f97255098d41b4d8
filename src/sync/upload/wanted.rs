//! Which chunks of which packs here a push wants, and the blocks that hold them.

use std::collections::BTreeMap;

use crate::id::{Address, BlobId, PackId};
use crate::pack::{PackKind, StoredHash, Trailer};
use crate::recipe::{Body, Page, Recipe, Run, page_address};
use crate::store::read::BlobPlace;
use crate::store::{Store, StoreError};
use crate::sync::SyncError;
use crate::sync::missing::Missing;
use crate::sync::places::Index;

/// Chunks wanted of each local pack, by their index.
type Wanted = BTreeMap<PackId, Vec<u32>>;

/// The chunks of all missing blobs, by the packs that hold them here.
pub(super) fn wanted_chunks(store: &Store, missing: &Missing) -> Result<Wanted, SyncError> {
    let mut wanted = Wanted::new();
    for &(id, size) in &missing.blobs {
        match store.find_blob(id, size)?.ok_or(StoreError::Missing(id.into()))? {
            BlobPlace::Empty => {}
            BlobPlace::Chunk(at) => wanted.entry(at.pack).or_default().push(at.place.chunk),
            BlobPlace::Recipe(recipe) => {
                for_each_page(store, id, &recipe, &mut |page| want_runs(page, &mut wanted))?;
            }
        }
    }
    for chunks in wanted.values_mut() {
        chunks.sort_unstable();
        chunks.dedup();
    }
    Ok(wanted)
}

fn want_runs(page: &Page, wanted: &mut Wanted) {
    for run in &page.runs {
        if let Run::Stored(run) = run {
            let pack = page.packs[run.pack as usize];
            let chunks = run.first_chunk..run.first_chunk.saturating_add(run.count);
            wanted.entry(pack).or_default().extend(chunks);
        }
    }
}

fn for_each_page(
    store: &Store,
    id: BlobId,
    recipe: &Recipe,
    visit: &mut dyn FnMut(&Page),
) -> Result<(), SyncError> {
    let count = match &recipe.body {
        Body::Inline(page) => {
            visit(page);
            return Ok(());
        }
        Body::Paged(values) => values.len() as u64,
    };
    for number in 0..count {
        let address = page_address(id, number);
        let bytes = store.read_object(PackKind::Layout, &address)?;
        let bytes = bytes.ok_or(StoreError::Missing(address))?;
        visit(&Page::decode(&bytes, recipe, number)?);
    }
    Ok(())
}

/// How many chunks of the missing blobs are not there, and the bytes that they take as they are stored here.
pub fn planned_data(
    store: &Store,
    missing: &Missing,
    present: &Index,
) -> Result<(u64, u64), SyncError> {
    let (mut chunks, mut bytes) = (0, 0);
    for (pack, wanted) in &wanted_chunks(store, missing)? {
        let fail = |e| StoreError::pack(&store.paths().pack(*pack), e);
        let trailer = store.open_pack(*pack)?.read_trailer().map_err(fail)?;
        for part in BlockPart::all(&trailer, wanted) {
            let mut absent = 0;
            for (_, address) in &part.wanted {
                absent += u64::from(present.find(address)?.is_none());
            }
            chunks += absent;
            let (of, all) =
                (if part.is_whole { part.wanted.len() as u64 } else { absent }, part.chunks.len());
            bytes += if absent > 0 { part.stored_len * of / all as u64 } else { 0 };
        }
    }
    Ok((chunks, bytes))
}

pub(super) fn damaged_block(store: &Store, pack: PackId, offset: u32) -> SyncError {
    let what = "the stored bytes of the block have another hash";
    let error = crate::pack::PackError::Damaged { offset: offset.into(), what };
    store.block_error(pack, offset, error).into()
}

/// A block of which some chunks are wanted.
pub(in crate::sync) struct BlockPart {
    pub(in crate::sync) offset: u32,
    pub(in crate::sync) stored_len: u64,
    pub(in crate::sync) hash: StoredHash,
    /// All chunks of the block.
    pub(in crate::sync) chunks: Vec<(Address, u32)>,
    /// The wanted ones, by their index in the block.
    pub(in crate::sync) wanted: Vec<(usize, Address)>,
    pub(in crate::sync) is_whole: bool,
}

impl BlockPart {
    /// The blocks of a pack that hold wanted chunks; `wanted` ascends.
    pub(in crate::sync) fn all<'t>(
        trailer: &'t Trailer,
        wanted: &'t [u32],
    ) -> impl Iterator<Item = Self> + 't {
        let mut first = 0u32;
        trailer.blocks_with_chunks().filter_map(move |(block, rows)| {
            let start = first;
            first += rows.len() as u32;
            let from = wanted.partition_point(|chunk| *chunk < start);
            let to = wanted.partition_point(|chunk| *chunk < first);
            let own: Vec<(usize, Address)> = wanted[from..to]
                .iter()
                .map(|chunk| (*chunk - start) as usize)
                .map(|index| (index, rows[index].address))
                .collect();
            (!own.is_empty()).then(|| Self {
                offset: block.offset,
                stored_len: block.stored_len.into(),
                hash: block.hash,
                chunks: rows.iter().map(|row| (row.address, row.raw_len)).collect(),
                is_whole: own.len() == rows.len(),
                wanted: own,
            })
        })
    }

    /// The raw bytes of the chunk with this index.
    pub(in crate::sync) fn bytes_of<'b>(&self, index: usize, raw: &'b [u8]) -> &'b [u8] {
        let start: usize = self.chunks[..index].iter().map(|(_, len)| *len as usize).sum();
        raw.get(start..start + self.chunks[index].1 as usize).unwrap_or_default()
    }
}
