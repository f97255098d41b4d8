//! From a file's chunks and group values to its recipe.

use std::collections::HashMap;

use super::IngestError;
use super::batch::FileChunk;
use crate::catalog::{Claims, Location};
use crate::format::FormatParameters;
use crate::id::{Address, BlobId, PackId};
use crate::recipe::{
    Body, GroupRow, PAGE_GROUPS, Page, Recipe, Run, StoredRun, Value, merge_values, page_address,
};
use crate::store::StoreError;

/// Chunks and values of a file of several chunks, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FileLayout {
    pub(super) chunks: Vec<FileChunk>,
    pub(super) values: Vec<Value>,
}

/// The objects that describe where `blob` lies: its pages, if any, then its recipe.
pub(super) fn recipe_objects(
    blob: BlobId,
    size: u64,
    layout: &FileLayout,
    claims: &Claims<'_>,
    params: &FormatParameters,
) -> Result<Vec<(Address, Vec<u8>)>, IngestError> {
    let group_log2 = params.group_bytes.trailing_zeros() as u8;
    let page_bytes = (PAGE_GROUPS as u64) << group_log2;
    let mut builder = PageBuilder::new(params.group_bytes.into(), &layout.values);
    let mut pages = Vec::new();
    let mut offset = 0;
    for chunk in &layout.chunks {
        let place = match &chunk.address {
            Some(address) => Some(placed(claims, address)?),
            None => None,
        };
        let (mut skip, len) = (0, u64::from(chunk.len));
        while skip < len {
            let page_end = (pages.len() as u64 + 1) * page_bytes;
            let take = (len - skip).min(page_end - (offset + skip));
            builder.push(Piece { place, skip: skip as u32, start: offset + skip, len: take });
            skip += take;
            if offset + skip == page_end {
                pages.push(builder.take());
            }
        }
        offset += len;
    }
    if !builder.page.runs.is_empty() || pages.is_empty() {
        pages.push(builder.take());
    }
    debug_assert_eq!(offset, size);
    Ok(assemble(blob, size, group_log2, pages))
}

/// Where a chunk lies. One that was in the store when it was claimed, and is not any more, means that
/// the work must be done again.
fn placed(claims: &Claims<'_>, address: &Address) -> Result<Location, IngestError> {
    match claims.place(address)? {
        Some(place) => Ok(place),
        None if claims.is_ours(address) => Err(IngestError::Unplaced(*address)),
        None => Err(StoreError::Changed.into()),
    }
}

/// The pages of a recipe that are stored apart, then the recipe, with their addresses.
pub(in crate::store) fn assemble(
    blob: BlobId,
    size: u64,
    group_log2: u8,
    mut pages: Vec<Page>,
) -> Vec<(Address, Vec<u8>)> {
    if pages.len() == 1 {
        let body = Body::Inline(pages.remove(0));
        return vec![(blob.into(), Recipe { size, group_log2, body }.encode())];
    }
    let values = pages.iter().map(page_value).collect();
    let numbered = pages.iter().zip(0u64..);
    let mut objects: Vec<_> =
        numbered.map(|(page, n)| (page_address(blob, n), page.encode(n))).collect();
    let head = Recipe { size, group_log2, body: Body::Paged(values) };
    objects.push((blob.into(), head.encode()));
    objects
}

/// The value that the groups of a page merge to.
pub(in crate::store) fn page_value(page: &Page) -> Value {
    merge_values(&page.groups.iter().map(|g| g.value).collect::<Vec<_>>())
}

/// Part of one chunk that lies in one page.
pub(in crate::store) struct Piece {
    pub(in crate::store) place: Option<Location>,
    /// Bytes of the chunk before the piece.
    pub(in crate::store) skip: u32,
    /// Offset of the piece from where the values begin.
    pub(in crate::store) start: u64,
    pub(in crate::store) len: u64,
}

/// Gathers the runs and group rows of one page after the other.
pub(in crate::store) struct PageBuilder<'v> {
    group_bytes: u64,
    values: &'v [Value],
    page: Page,
    pack_index: HashMap<PackId, u32>,
}

impl<'v> PageBuilder<'v> {
    pub(in crate::store) fn new(group_bytes: u64, values: &'v [Value]) -> Self {
        Self { group_bytes, values, page: Page::default(), pack_index: HashMap::new() }
    }

    pub(in crate::store) fn take(&mut self) -> Page {
        self.pack_index.clear();
        std::mem::take(&mut self.page)
    }

    /// Adds a run as it stands in another page, with its group rows.
    pub(in crate::store) fn keep(&mut self, run: &StoredRun, pack: PackId, rows: &[GroupRow]) {
        let pack = self.index_of(pack);
        self.page.groups.extend_from_slice(rows);
        self.page.runs.push(Run::Stored(StoredRun { pack, ..run.clone() }));
    }

    pub(in crate::store) fn push(&mut self, piece: Piece) {
        self.push_valued(piece, self.values);
    }

    /// Adds a piece whose offset is from where these values begin.
    pub(in crate::store) fn push_valued(&mut self, piece: Piece, values: &[Value]) {
        self.push_groups(&piece, values);
        match piece.place {
            None => self.push_hole(piece.len),
            Some(place) => self.push_stored(place, &piece),
        }
    }

    /// Adds the rows of groups whose first byte lies in the piece.
    fn push_groups(&mut self, piece: &Piece, values: &[Value]) {
        let first = piece.start.div_ceil(self.group_bytes);
        let end = (piece.start + piece.len).div_ceil(self.group_bytes);
        for group in first..end {
            let Some(&value) = values.get(group as usize) else { return };
            let inside = (group * self.group_bytes - piece.start) as u32;
            let (block_offset, position) = match &piece.place {
                Some(p) => (p.place.block_offset, p.place.position + piece.skip + inside),
                None => (0, 0),
            };
            self.page.groups.push(GroupRow { value, block_offset, position });
        }
    }

    fn push_hole(&mut self, len: u64) {
        if let Some(Run::Zero { bytes }) = self.page.runs.last_mut() {
            *bytes += len;
        } else {
            self.page.runs.push(Run::Zero { bytes: len });
        }
    }

    fn push_stored(&mut self, location: Location, piece: &Piece) {
        let pack = self.index_of(location.pack);
        let place = location.place;
        if piece.skip == 0
            && let Some(Run::Stored(last)) = self.page.runs.last_mut()
            && last.pack == pack
        {
            if last.repeat == 1 && last.first_chunk + last.count == place.chunk {
                last.count += 1;
                last.unit_bytes += piece.len;
                return;
            }
            let is_same = last.count == 1 && last.first_chunk == place.chunk;
            if is_same && last.position == place.position && last.unit_bytes == piece.len {
                last.repeat += 1;
                return;
            }
        }
        self.page.runs.push(Run::Stored(StoredRun {
            pack,
            first_chunk: place.chunk,
            count: 1,
            repeat: 1,
            unit_bytes: piece.len,
            block_offset: place.block_offset,
            position: place.position + piece.skip,
        }));
    }

    fn index_of(&mut self, pack: PackId) -> u32 {
        let next = self.page.packs.len() as u32;
        *self.pack_index.entry(pack).or_insert_with(|| {
            self.page.packs.push(pack);
            next
        })
    }
}
