//! From an address to verified bytes: objects, blobs, and ranges of blobs.
//!
//! Nothing read is handed on before it was hashed: an object against its id, a blob of one chunk
//! against its `BlobId`, a larger one group by group against values that merge to its `BlobId`.

mod find;
mod groups;
mod needs;

use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use groups::{CheckError, GroupChecker, Window, write_zeros};
pub use needs::{Need, Part, first_byte, needs_of_whole};
use needs::{RunStart, needs_of};

use super::{READ_ATTEMPTS, Store, StoreError};
use crate::catalog::Location;
use crate::id::{Address, BlobId, PackId};
use crate::pack::layout::{PackError, PackKind};
use crate::pack::reader::{BlockBuf, PackReader, ReadAt};
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

/// Where blobs are read from: a store, or a remote without one.
pub trait BlobSource: Sync {
    /// How packs are read.
    type File: ReadAt;
    /// Why that fails.
    type Error: From<StoreError> + Send;
    /// Bytes of a blob that are made ready at once; a multiple of every group's.
    const STEP_BYTES: u64;
    /// Keeps what was [made ready](BlobSource::prepare) until it is dropped.
    type Prepared<'p>
    where
        Self: 'p;

    /// Finds out how a blob is stored; `None` when it is not there.
    fn find_blob(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, Self::Error>;

    /// Opens a pack of data.
    fn open_pack(&self, id: PackId) -> Result<Arc<PackReader<Self::File>>, Self::Error>;

    /// The bytes of a page of a recipe, not verified.
    fn read_page(&self, address: &Address) -> Result<Option<Vec<u8>>, Self::Error>;

    /// Names pack and offset in a pack's error.
    fn block_error(&self, pack: PackId, offset: u32, e: PackError) -> Self::Error;

    /// The error for an object whose bytes have another hash.
    fn wrong_bytes(&self, pack: PackId, offset: u32, address: &Address) -> Self::Error;

    /// An error of what was read, as one of where it was read.
    fn located(&self, e: Self::Error) -> Self::Error {
        e
    }

    /// Whether a pack was replaced since it was looked up, so that looking again helps.
    fn is_replaced(e: &Self::Error) -> bool;

    /// Makes ready what will be read next, where that is better done at once.
    fn prepare(&self, needs: &[Need]) -> Result<Self::Prepared<'_>, Self::Error>;
}

impl BlobSource for Store {
    type File = File;
    type Error = StoreError;
    type Prepared<'p> = ();
    const STEP_BYTES: u64 = u64::MAX;

    fn find_blob(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, StoreError> {
        Store::find_blob(self, id, size)
    }

    fn open_pack(&self, id: PackId) -> Result<Arc<PackReader<File>>, StoreError> {
        Store::open_pack(self, id)
    }

    fn read_page(&self, address: &Address) -> Result<Option<Vec<u8>>, StoreError> {
        self.read_object(PackKind::Layout, address)
    }

    fn block_error(&self, pack: PackId, offset: u32, e: PackError) -> StoreError {
        Store::block_error(self, pack, offset, e)
    }

    fn wrong_bytes(&self, pack: PackId, offset: u32, address: &Address) -> StoreError {
        Store::wrong_bytes(self, pack, offset, address)
    }

    fn is_replaced(e: &StoreError) -> bool {
        matches!(e, StoreError::Replaced(_))
    }

    fn prepare(&self, _: &[Need]) -> Result<(), StoreError> {
        Ok(())
    }
}

impl Store {
    /// Writes bytes `range` of a blob to `out`, verified. The range must lie within `size`.
    pub fn read_blob_range(
        &self,
        id: BlobId,
        size: u64,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<(), StoreError> {
        read_range(self, id, size, range, out)
    }

    /// Reads the chunk at `location` and compares it with `address`.
    pub fn read_chunk<'b>(
        &self,
        address: &Address,
        location: &Location,
        buf: &'b mut BlockBuf,
    ) -> Result<&'b [u8], StoreError> {
        chunk_of(self, read_block(self, location, buf)?, address, location)
    }
}

/// Writes bytes `range` of a blob to `out`, verified. The range must lie within `size`.
pub fn read_range<S: BlobSource>(
    source: &S,
    id: BlobId,
    size: u64,
    range: Range<u64>,
    out: &mut dyn Write,
) -> Result<(), S::Error> {
    debug_assert!(range.start <= range.end && range.end <= size);
    for attempt in 0.. {
        let place = source.find_blob(id, size)?.ok_or(StoreError::Missing(id.into()))?;
        let location = match place {
            BlobPlace::Empty => break,
            BlobPlace::Chunk(location) => location,
            BlobPlace::Recipe(recipe) => {
                return BlobReader::new(source, id, recipe).copy(range, out);
            }
        };
        let part = Part::Block(location.place.block_offset, location.place.stored_len);
        let _ready = source.prepare(&[Need { pack: location.pack, part }])?;
        let mut buf = BlockBuf::new();
        let bytes = match read_block(source, &location, &mut buf) {
            Err(e) if S::is_replaced(&e) && attempt < READ_ATTEMPTS => continue,
            block => chunk_of(source, block?, &id.into(), &location)?,
        };
        out.write_all(&bytes[range.start as usize..range.end as usize])
            .map_err(StoreError::Output)?;
        break;
    }
    Ok(())
}

/// The raw bytes of the block that holds the chunk at `location`, not verified.
pub fn read_block<'b, S: BlobSource>(
    source: &S,
    location: &Location,
    buf: &'b mut BlockBuf,
) -> Result<&'b [u8], S::Error> {
    let place = location.place;
    source
        .open_pack(location.pack)?
        .read_block_sized(place.block_offset, place.stored_len, buf)
        .map_err(|e| source.block_error(location.pack, place.block_offset, e))
}

/// The chunk at `location` of a block's raw bytes, compared with `address`.
pub fn chunk_of<'b, S: BlobSource>(
    source: &S,
    block: &'b [u8],
    address: &Address,
    location: &Location,
) -> Result<&'b [u8], S::Error> {
    let place = location.place;
    let end = place.position as usize + place.raw_len as usize;
    let bytes = block.get(place.position as usize..end).unwrap_or_default();
    if blake3::hash(bytes).as_bytes() != address.as_bytes() {
        return Err(source.wrong_bytes(location.pack, place.block_offset, address));
    }
    Ok(bytes)
}

/// Pages of a recipe that a reader keeps, about 200 KB each: to check one costs more than to read a
/// group.
const MAX_PAGES: usize = 32;

/// Reads a blob of several chunks, range by range; one a thread.
pub struct BlobReader<'s, S: BlobSource = Store> {
    source: &'s S,
    id: BlobId,
    recipe: Arc<Recipe>,
    /// The pages used last, the latest at the end.
    pages: Vec<(u64, Arc<Page>)>,
    buf: BlockBuf,
    group: Vec<u8>,
    /// Up to where the bytes of a copy were handed on.
    copied: u64,
}

impl<'s, S: BlobSource> BlobReader<'s, S> {
    /// A reader of blob `id`, whose recipe was found by [`BlobSource::find_blob`].
    pub fn new(source: &'s S, id: BlobId, recipe: Arc<Recipe>) -> Self {
        let (pages, buf, group) = (Vec::new(), BlockBuf::new(), Vec::new());
        Self { source, id, recipe, pages, buf, group, copied: 0 }
    }

    /// Goes on with blob `id`; buffers are kept, and what is known of the recipe if it is the same blob.
    pub fn turn_to(&mut self, id: BlobId, recipe: Arc<Recipe>) {
        if self.id != id {
            (self.id, self.recipe) = (id, recipe);
            self.pages.clear();
        }
    }

    /// Raw bytes that were decoded so far, those that no one asked for too.
    pub fn decoded_bytes(&self) -> u64 {
        self.buf.decoded_bytes()
    }

    /// Writes `range` to `out`. Whole groups are read and verified; the rest of them is dropped.
    pub fn copy(&mut self, range: Range<u64>, out: &mut dyn Write) -> Result<(), S::Error> {
        let source = self.source;
        self.copy_groups(range, out).map_err(|e| source.located(e))
    }

    fn copy_groups(&mut self, range: Range<u64>, out: &mut dyn Write) -> Result<(), S::Error> {
        if range.is_empty() {
            return Ok(());
        }
        let group = self.recipe.group_bytes();
        let aligned = range.start / group * group;
        let end = (range.end.div_ceil(group) * group).min(self.recipe.size);
        let mut sink = Window { out, skip: range.start - aligned, left: range.end - range.start };
        self.copied = aligned;
        let mut attempts = 0;
        while self.copied < end {
            let step = end.min(self.copied.saturating_add(S::STEP_BYTES));
            match self.copy_to_end_of_page(step, &mut sink) {
                Err(e) if S::is_replaced(&e) && attempts < READ_ATTEMPTS => {
                    attempts += 1;
                    self.find_anew()?;
                }
                done => done?,
            }
        }
        Ok(())
    }

    /// Copies from where the copy stands to the end of that page, or to `end`.
    fn copy_to_end_of_page(&mut self, end: u64, sink: &mut Window<'_>) -> Result<(), S::Error> {
        let page_number = self.copied / self.recipe.page_bytes();
        let page = self.load_page(page_number)?;
        let page_start = page_number * self.recipe.page_bytes();
        let page_end = (page_start + self.recipe.page_bytes()).min(end);
        self.copy_in_page(&page, page_start, self.copied..page_end, sink)
    }

    /// Reads the recipe again: its packs were replaced.
    fn find_anew(&mut self) -> Result<(), S::Error> {
        self.pages.clear();
        match self.source.find_blob(self.id, self.recipe.size)? {
            Some(BlobPlace::Recipe(recipe)) => self.recipe = recipe,
            _ => return Err(StoreError::Missing(self.id.into()).into()),
        }
        Ok(())
    }

    fn load_page(&mut self, number: u64) -> Result<Arc<Page>, S::Error> {
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

    fn read_page(&self, number: u64) -> Result<Page, S::Error> {
        let address = recipe::page_address(self.id, number);
        let bytes = self.source.read_page(&address)?.ok_or(StoreError::Missing(address))?;
        let page = Page::decode(&bytes, &self.recipe, number).map_err(|e| StoreError::Damaged {
            what: format!("page {number} of the recipe of {}", self.id),
            why: e.to_string(),
        });
        Ok(page?)
    }

    /// Copies `range`, which starts at a group, of the page that starts at `page_start`.
    fn copy_in_page(
        &mut self,
        page: &Page,
        page_start: u64,
        range: Range<u64>,
        sink: &mut Window<'_>,
    ) -> Result<(), S::Error> {
        let inner = range.start - page_start;
        let Some((index, offset)) = page.run_at(inner) else {
            return Err(self.damaged("its runs end too early").into());
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
        // The first group's row says where its block is, so that nothing before it is read.
        let start = rows.first().filter(|_| offset > 0).map(|r| (r.block_offset, r.position));
        let from = RunStart { index, offset, start, left: range.end - range.start };
        let source = self.source;
        let _ready = source.prepare(&needs_of(page, &from))?;
        let copied = self.copy_runs(page, from, &mut checker, sink);
        let result = match copied {
            Ok(()) => checker.finish(sink).map_err(|e| self.name_blob(e).into()),
            Err(e) => Err(e),
        };
        (self.group, self.copied) = (checker.buffer, checker.at);
        result
    }

    fn copy_runs(
        &mut self,
        page: &Page,
        from: RunStart,
        checker: &mut GroupChecker,
        sink: &mut Window<'_>,
    ) -> Result<(), S::Error> {
        let RunStart { mut index, mut offset, mut start, mut left } = from;
        while left > 0 {
            let Some(run) = page.runs.get(index) else {
                return Err(self.damaged("its runs end too early").into());
            };
            let take = (run.bytes() - offset).min(left);
            match run {
                Run::Zero { .. } => write_zeros(take, checker, sink)?,
                Run::Stored(stored) => {
                    let pack = page.packs[stored.pack as usize];
                    let span = RunSpan { stored, offset, len: take, start };
                    self.copy_run(pack, &span, checker, sink)?;
                }
            }
            left -= take;
            (index, offset, start) = (index + 1, 0, None);
        }
        Ok(())
    }

    fn copy_run(
        &mut self,
        pack_id: PackId,
        span: &RunSpan<'_>,
        checker: &mut GroupChecker,
        sink: &mut Window<'_>,
    ) -> Result<(), S::Error> {
        let pack = self.source.open_pack(pack_id)?;
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
                    reader.next_piece().map_err(|e| self.source.block_error(pack_id, block, e))?;
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

fn name_blob(id: BlobId, pack: PackId, block: u32, e: CheckError) -> StoreError {
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
