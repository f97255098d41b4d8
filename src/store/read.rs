//! From an address to verified bytes: objects, blobs, and ranges of blobs.
//!
//! Nothing read is handed on before it was hashed: an object against its id, a blob of one chunk
//! against its `BlobId`, a larger one group by group against values that merge to its `BlobId`.

use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use super::{Store, StoreError};
use crate::catalog::Location;
use crate::chunk::MAX_CHUNK_BYTES;
use crate::id::{Address, BlobId};
use crate::pack::layout::PackKind;
use crate::pack::reader::BlockBuf;
use crate::recipe::{self, Body, Page, Recipe, Run, StoredRun};

/// How a blob is stored.
pub enum BlobPlace {
    /// No bytes, stored nowhere.
    Empty,
    /// One chunk.
    Chunk(Location),
    /// Several chunks.
    Recipe(Arc<Recipe>),
}

/// Bytes written at once when a hole is filled.
static ZEROS: [u8; 64 << 10] = [0; 64 << 10];

impl Store {
    /// Finds out how a blob is stored; `None` when it is not in the store.
    pub fn find_blob(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, StoreError> {
        if size == 0 {
            return Ok(Some(BlobPlace::Empty));
        }
        // A blob above the largest chunk of any format cannot be one, a small one nearly always is.
        if size <= u64::from(MAX_CHUNK_BYTES)
            && let Some(location) = self.catalog().find(PackKind::Data, &id.into())?
        {
            return Ok(Some(BlobPlace::Chunk(location)));
        }
        let Some(bytes) = self.read_object(PackKind::Layout, &id.into())? else { return Ok(None) };
        let damaged = |why: String| StoreError::Damaged { what: format!("recipe of {id}"), why };
        let recipe = Recipe::decode(&bytes).map_err(|e| damaged(e.to_string()))?;
        if recipe.size != size {
            return Err(damaged(format!("it is of {} bytes, not {size}", recipe.size)));
        }
        if recipe.proven_id().is_some_and(|proven| proven != id) {
            return Err(damaged("its values belong to another blob".to_owned()));
        }
        Ok(Some(BlobPlace::Recipe(Arc::new(recipe))))
    }

    /// Whether a blob is stored, as far as is known without reading it: one that rests on a pack with a
    /// bad block counts as absent, so that adding the file again repairs it.
    pub fn has_blob(&self, id: BlobId, size: u64) -> Result<bool, StoreError> {
        let Some(place) = self.find_blob(id, size)? else { return Ok(false) };
        let BlobPlace::Recipe(recipe) = place else { return Ok(true) };
        Ok(match &recipe.body {
            Body::Inline(page) => {
                !page.packs.iter().any(|pack| self.catalog().has_bad_block(*pack))
            }
            Body::Paged(_) => !self.catalog().has_any_bad_block(),
        })
    }

    /// Writes bytes `range` of a blob to `out`, verified. The range must lie within `size`.
    pub fn read_blob_range(
        &self,
        id: BlobId,
        size: u64,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<(), StoreError> {
        debug_assert!(range.start <= range.end && range.end <= size);
        let place = self.find_blob(id, size)?.ok_or(StoreError::Missing(id.into()))?;
        match place {
            BlobPlace::Empty => Ok(()),
            BlobPlace::Chunk(location) => {
                let mut buf = BlockBuf::new();
                let bytes = self.read_chunk(&id.into(), &location, &mut buf)?;
                out.write_all(&bytes[range.start as usize..range.end as usize])
                    .map_err(StoreError::Output)
            }
            BlobPlace::Recipe(recipe) => BlobReader::new(self, id, recipe).copy(range, out),
        }
    }

    /// Reads the chunk at `location` and compares it with `address`.
    pub fn read_chunk<'b>(
        &self,
        address: &Address,
        location: &Location,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], StoreError> {
        let block = self.read_block(location, buf)?;
        self.chunk_of(block, address, location)
    }

    /// The raw bytes of the block that holds the chunk at `location`, not verified.
    pub fn read_block<'b>(
        &self,
        location: &Location,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], StoreError> {
        let place = location.place;
        self.open_pack(location.pack)?
            .read_block_sized(place.block_offset, place.stored_len, buf)
            .map_err(|e| self.block_error(location.pack, place.block_offset, e))
    }

    /// The chunk at `location` of a block's raw bytes, compared with `address`.
    pub fn chunk_of<'b>(
        &self,
        block: &'b [u8],
        address: &Address,
        location: &Location,
    ) -> Result<&'b [u8], StoreError> {
        let place = location.place;
        let end = place.position as usize + place.raw_len as usize;
        let bytes = block.get(place.position as usize..end).unwrap_or_default();
        if blake3::hash(bytes).as_bytes() != address.as_bytes() {
            return Err(self.wrong_bytes(location.pack, place.block_offset, address));
        }
        Ok(bytes)
    }
}

/// Pages of a recipe that a reader keeps, about 200 KB each: to check one costs more than to read a
/// group.
const MAX_PAGES: usize = 32;

/// Reads a blob of several chunks, range by range; one a thread.
pub struct BlobReader<'s> {
    store: &'s Store,
    id: BlobId,
    recipe: Arc<Recipe>,
    /// The pages used last, the latest at the end.
    pages: Vec<(u64, Arc<Page>)>,
    buf: BlockBuf,
    group: Vec<u8>,
}

impl<'s> BlobReader<'s> {
    /// A reader of blob `id`, whose recipe was found by [`Store::find_blob`].
    pub fn new(store: &'s Store, id: BlobId, recipe: Arc<Recipe>) -> Self {
        Self { store, id, recipe, pages: Vec::new(), buf: BlockBuf::new(), group: Vec::new() }
    }

    /// Raw bytes that were decoded so far, those that no one asked for too.
    pub fn decoded_bytes(&self) -> u64 {
        self.buf.decoded_bytes()
    }

    /// Writes `range` to `out`. Whole groups are read and verified; the rest of them is dropped.
    pub fn copy(&mut self, range: Range<u64>, out: &mut dyn Write) -> Result<(), StoreError> {
        if range.is_empty() {
            return Ok(());
        }
        let group = self.recipe.group_bytes();
        let aligned = range.start / group * group;
        let end = (range.end.div_ceil(group) * group).min(self.recipe.size);
        let mut sink = Window { out, skip: range.start - aligned, left: range.end - range.start };
        let mut at = aligned;
        while at < end {
            let page_number = at / self.recipe.page_bytes();
            let page = self.load_page(page_number)?;
            let page_start = page_number * self.recipe.page_bytes();
            let page_end = (page_start + self.recipe.page_bytes()).min(end);
            self.copy_in_page(&page, page_start, at..page_end, &mut sink)?;
            at = page_end;
        }
        Ok(())
    }

    fn load_page(&mut self, number: u64) -> Result<Arc<Page>, StoreError> {
        if let Some(at) = self.pages.iter().position(|(loaded, _)| *loaded == number) {
            let found = self.pages.remove(at);
            let page = found.1.clone();
            self.pages.push(found);
            return Ok(page);
        }
        let page = match &self.recipe.body {
            Body::Inline(page) => Arc::new(page.clone()),
            Body::Paged(_) => Arc::new(self.read_page(number)?),
        };
        if self.pages.len() == MAX_PAGES {
            self.pages.remove(0);
        }
        self.pages.push((number, page.clone()));
        Ok(page)
    }

    fn read_page(&self, number: u64) -> Result<Page, StoreError> {
        let address = recipe::page_address(self.id, number);
        let bytes = self
            .store
            .read_object(PackKind::Layout, &address)?
            .ok_or(StoreError::Missing(address))?;
        Page::decode(&bytes, &self.recipe, number).map_err(|e| StoreError::Damaged {
            what: format!("page {number} of the recipe of {}", self.id),
            why: e.to_string(),
        })
    }

    /// Copies `range`, which starts at a group, of the page that starts at `page_start`.
    fn copy_in_page(
        &mut self,
        page: &Page,
        page_start: u64,
        range: Range<u64>,
        sink: &mut Window<'_>,
    ) -> Result<(), StoreError> {
        let inner = range.start - page_start;
        let Some((mut index, mut offset)) = page.run_at(inner) else {
            return Err(self.damaged("its runs end too early"));
        };
        let first = (inner / self.recipe.group_bytes()) as usize;
        let rows = page.groups.get(first..).unwrap_or_default();
        let count = (range.end - range.start).div_ceil(self.recipe.group_bytes()) as usize;
        let mut checker = GroupChecker {
            group_bytes: self.recipe.group_bytes(),
            at: range.start,
            buffer: std::mem::take(&mut self.group),
            values: rows.iter().take(count).map(|g| g.value).collect(),
            done: 0,
            end: page_start + self.recipe.page_bytes().min(self.recipe.size - page_start),
            whole: (page.groups.is_empty()).then_some(self.id),
        };
        checker.buffer.clear();
        let mut left = range.end - range.start;
        // The first group's row says where its block is, so that nothing before it is read.
        let mut start = rows.first().filter(|_| offset > 0).map(|r| (r.block_offset, r.position));
        while left > 0 {
            let Some(run) = page.runs.get(index) else {
                return Err(self.damaged("its runs end too early"));
            };
            let take = (run.bytes() - offset).min(left);
            match run {
                Run::Zero { .. } => write_zeros(take, &mut checker, sink)?,
                Run::Stored(stored) => {
                    let pack = page.packs[stored.pack as usize];
                    let span = RunSpan { stored, offset, len: take, start };
                    self.copy_run(pack, &span, &mut checker, sink)?;
                }
            }
            left -= take;
            (index, offset, start) = (index + 1, 0, None);
        }
        let result = checker.finish(sink);
        self.group = checker.buffer;
        result.map_err(|e| self.name_blob(e))
    }

    fn copy_run(
        &mut self,
        pack_id: crate::id::PackId,
        span: &RunSpan<'_>,
        checker: &mut GroupChecker,
        sink: &mut Window<'_>,
    ) -> Result<(), StoreError> {
        let pack = self.store.open_pack(pack_id)?;
        let RunSpan { stored, mut offset, len: mut left, mut start } = *span;
        while left > 0 {
            let within = offset % stored.unit_bytes;
            let take = (stored.unit_bytes - within).min(left);
            let (block, position, skip) = match start {
                Some((block, position)) => (block, position, 0),
                None => (stored.block_offset, stored.position, within),
            };
            let mut reader = pack.run(block, position, skip + take, &mut self.buf);
            let mut skip = skip;
            loop {
                let piece =
                    reader.next_piece().map_err(|e| self.store.block_error(pack_id, block, e))?;
                let Some(piece) = piece else { break };
                let dropped = skip.min(piece.len() as u64);
                skip -= dropped;
                checker
                    .push(&piece[dropped as usize..], sink)
                    .map_err(|e| name_blob(self.id, pack_id, block, e))?;
            }
            offset += take;
            left -= take;
            start = None;
        }
        Ok(())
    }

    fn damaged(&self, why: &str) -> StoreError {
        StoreError::Damaged { what: format!("recipe of {}", self.id), why: why.to_owned() }
    }

    fn name_blob(&self, e: CheckError) -> StoreError {
        match e {
            CheckError::Mismatch(at) => self.damaged(&format!("bytes at {at} have another hash")),
            CheckError::Output(e) => StoreError::Output(e),
        }
    }
}

fn name_blob(id: BlobId, pack: crate::id::PackId, block: u32, e: CheckError) -> StoreError {
    match e {
        CheckError::Mismatch(at) => StoreError::Damaged {
            what: format!("blob {id}"),
            why: format!("bytes at {at}, in pack {pack} from offset {block} on, have another hash"),
        },
        CheckError::Output(e) => StoreError::Output(e),
    }
}

#[derive(Clone, Copy)]
struct RunSpan<'r> {
    stored: &'r StoredRun,
    /// Offset in the run, over all repetitions.
    offset: u64,
    len: u64,
    /// Block and position of the first byte, where a group row names them.
    start: Option<(u32, u32)>,
}

fn write_zeros(
    mut len: u64,
    checker: &mut GroupChecker,
    sink: &mut Window<'_>,
) -> Result<(), StoreError> {
    while len > 0 {
        let piece = &ZEROS[..len.min(ZEROS.len() as u64) as usize];
        checker.push(piece, sink).map_err(|e| match e {
            CheckError::Mismatch(at) => StoreError::Damaged {
                what: "a hole".to_owned(),
                why: format!("bytes at {at} have another hash"),
            },
            CheckError::Output(e) => StoreError::Output(e),
        })?;
        len -= piece.len() as u64;
    }
    Ok(())
}

/// Passes on a window of the bytes it is given.
struct Window<'o> {
    out: &'o mut dyn Write,
    skip: u64,
    left: u64,
}

impl Window<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let skip = self.skip.min(bytes.len() as u64);
        self.skip -= skip;
        let rest = &bytes[skip as usize..];
        let take = self.left.min(rest.len() as u64);
        self.left -= take;
        self.out.write_all(&rest[..take as usize])
    }
}

enum CheckError {
    Mismatch(u64),
    Output(std::io::Error),
}

/// Collects bytes until a group is whole, compares its value, and only then passes it on.
struct GroupChecker {
    group_bytes: u64,
    /// Offset in the blob of the buffer's first byte.
    at: u64,
    buffer: Vec<u8>,
    values: Vec<recipe::Value>,
    done: usize,
    /// Where the page, or the blob, ends.
    end: u64,
    /// Set for a blob of one group, which has no values.
    whole: Option<BlobId>,
}

impl GroupChecker {
    fn push(&mut self, mut bytes: &[u8], sink: &mut Window<'_>) -> Result<(), CheckError> {
        while !bytes.is_empty() {
            let want = self.group_len() as usize;
            if self.buffer.is_empty() && bytes.len() >= want {
                let (group, rest) = bytes.split_at(want);
                self.check(group)?;
                sink.write(group).map_err(CheckError::Output)?;
                bytes = rest;
                continue;
            }
            let take = (want - self.buffer.len()).min(bytes.len());
            self.buffer.extend_from_slice(&bytes[..take]);
            bytes = &bytes[take..];
            if self.buffer.len() == want {
                self.flush(sink)?;
            }
        }
        Ok(())
    }

    /// Bytes of the group at hand; more than is left would never be complete.
    fn group_len(&self) -> u64 {
        self.group_bytes.min(self.end - self.at).max(1)
    }

    fn flush(&mut self, sink: &mut Window<'_>) -> Result<(), CheckError> {
        let buffer = std::mem::take(&mut self.buffer);
        let result =
            self.check(&buffer).and_then(|()| sink.write(&buffer).map_err(CheckError::Output));
        self.buffer = buffer;
        self.buffer.clear();
        result
    }

    fn finish(&mut self, sink: &mut Window<'_>) -> Result<(), CheckError> {
        if self.buffer.is_empty() { Ok(()) } else { self.flush(sink) }
    }

    fn check(&mut self, group: &[u8]) -> Result<(), CheckError> {
        let is_right = match self.whole {
            Some(id) => BlobId::of(group) == id,
            None => self.values.get(self.done) == Some(&recipe::group_value(self.at, group)),
        };
        if !is_right {
            return Err(CheckError::Mismatch(self.at));
        }
        self.done += 1;
        self.at += group.len() as u64;
        Ok(())
    }
}
