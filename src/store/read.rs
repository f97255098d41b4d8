//! From an address to verified bytes: objects, blobs, and ranges of blobs.
//!
//! Nothing read is handed on before it was hashed: an object against its id, a blob of one chunk
//! against its `BlobId`, a larger one group by group against values that merge to its `BlobId`.

use std::collections::HashSet;
use std::fs::File;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use super::{READ_ATTEMPTS, Store, StoreError};
use crate::catalog::Location;
use crate::chunk::MAX_CHUNK_BYTES;
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

/// Bytes of a pack that will be read, as far as they are known before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Need {
    /// The pack.
    pub pack: PackId,
    /// What of it.
    pub part: Part,
}

/// A part of a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// One block: offset and stored length.
    Block(u32, u32),
    /// `raw_bytes` raw bytes from `position` in the block at `block_offset` on.
    Run {
        /// Offset of the block.
        block_offset: u32,
        /// Position in it.
        position: u32,
        /// How many raw bytes.
        raw_bytes: u64,
    },
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
            && let Some(location) = self.locate(PackKind::Data, &id.into())?
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
        match self.find_blob(id, size)? {
            None => Ok(false),
            Some(BlobPlace::Empty) => Ok(true),
            Some(BlobPlace::Chunk(at)) => Ok(self.catalog().is_live(at.pack)),
            Some(BlobPlace::Recipe(recipe)) => {
                let packs = self.packs_of_recipe(id, &recipe)?;
                Ok(packs.is_some_and(|p| !p.iter().any(|pack| self.catalog().has_bad_block(*pack))))
            }
        }
    }

    /// Those of `blobs` that are not stored here; of ids and sizes.
    ///
    /// The list of packs is renewed once, not for each blob that is nowhere.
    pub fn absent_blobs(&self, blobs: &[(BlobId, u64)]) -> Result<Vec<(BlobId, u64)>, StoreError> {
        self.refresh()?;
        let catalog = self.catalog();
        let mut absent = Vec::new();
        for &(id, size) in blobs {
            let is_known = size == 0
                || catalog.find(PackKind::Data, &id.into())?.is_some()
                || catalog.find(PackKind::Layout, &id.into())?.is_some();
            if !is_known || !self.has_blob(id, size)? {
                absent.push((id, size));
            }
        }
        Ok(absent)
    }

    /// The packs that a blob's recipe and pages name; `None` when a page is not there.
    fn packs_named(
        &self,
        id: BlobId,
        recipe: &Recipe,
    ) -> Result<Option<HashSet<PackId>>, StoreError> {
        let count = match &recipe.body {
            Body::Inline(page) => return Ok(Some(page.packs.iter().copied().collect())),
            Body::Paged(values) => values.len() as u64,
        };
        let mut packs = HashSet::new();
        for number in 0..count {
            let address = recipe::page_address(id, number);
            let Some(bytes) = self.read_object(PackKind::Layout, &address)? else {
                return Ok(None);
            };
            packs.extend(Page::decode(&bytes, recipe, number)?.packs);
        }
        Ok(Some(packs))
    }

    /// The size of a blob, if it is stored.
    pub fn size_of(&self, id: BlobId) -> Result<Option<u64>, StoreError> {
        if let Some(at) = self.locate(PackKind::Data, &id.into())? {
            return Ok(Some(at.place.raw_len.into()));
        }
        let bytes = self.read_object(PackKind::Layout, &id.into())?;
        Ok(bytes.map(|bytes| Recipe::decode(&bytes)).transpose()?.map(|recipe| recipe.size))
    }

    /// All packs that a stored blob rests on, those of its recipe too; `None` when it is not stored.
    pub fn packs_of(&self, id: BlobId, size: u64) -> Result<Option<HashSet<PackId>>, StoreError> {
        let is_live = |pack: &PackId| self.catalog().is_live(*pack);
        let packs = match self.find_blob(id, size)? {
            None => None,
            Some(BlobPlace::Empty) => Some(HashSet::new()),
            Some(BlobPlace::Chunk(at)) => Some([at.pack].into()),
            Some(BlobPlace::Recipe(recipe)) => self.packs_of_recipe(id, &recipe)?,
        };
        Ok(packs.filter(|packs| packs.iter().all(is_live)))
    }

    /// The packs that a recipe names, and those that it and its pages lie in; `None` when one of these
    /// is not there.
    fn packs_of_recipe(
        &self,
        id: BlobId,
        recipe: &Recipe,
    ) -> Result<Option<HashSet<PackId>>, StoreError> {
        let Some(mut packs) = self.packs_named(id, recipe)? else { return Ok(None) };
        let pages = match &recipe.body {
            Body::Inline(_) => 0,
            Body::Paged(values) => values.len() as u64,
        };
        let addresses = (0..pages).map(|number| recipe::page_address(id, number));
        for address in addresses.chain([id.into()]) {
            let Some(at) = self.find_live(PackKind::Layout, &address)? else {
                return Ok(None);
            };
            packs.insert(at.pack);
        }
        Ok(Some(packs))
    }

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

/// What of which packs reading all of a blob needs; nothing of one whose pages lie apart.
pub fn needs_of_whole(recipe: &Recipe) -> Vec<Need> {
    let Body::Inline(page) = &recipe.body else { return Vec::new() };
    needs_of(page, &RunStart { index: 0, offset: 0, start: None, left: recipe.size })
}

/// Pack, block and position of a blob's first byte that is stored, where its recipe says so itself.
pub fn first_byte(recipe: &Recipe) -> Option<(PackId, u32, u32)> {
    let Body::Inline(page) = &recipe.body else { return None };
    let stored = page.runs.iter().find_map(|run| match run {
        Run::Stored(run) => Some(run),
        Run::Zero { .. } => None,
    })?;
    let pack = page.packs.get(stored.pack as usize)?;
    Some((*pack, stored.block_offset, stored.position))
}

/// What of which packs a copy will read.
fn needs_of(page: &Page, from: &RunStart) -> Vec<Need> {
    let (mut offset, mut start, mut left) = (from.offset, from.start, from.left);
    let mut needs = Vec::new();
    for run in page.runs.iter().skip(from.index) {
        let take = run.bytes().saturating_sub(offset).min(left);
        if let Run::Stored(stored) = run
            && let Some(pack) = page.packs.get(stored.pack as usize)
        {
            let within = offset % stored.unit_bytes;
            let unit = stored.unit_bytes - within;
            if let Some((block_offset, position)) = start {
                let raw_bytes = take.min(unit);
                let part = Part::Run { block_offset, position, raw_bytes };
                needs.push(Need { pack: *pack, part });
            }
            // From its beginning, unless all is in the part that begins later.
            if start.is_none() || take > unit {
                let raw_bytes = if take > unit { stored.unit_bytes } else { within + take };
                let (block_offset, position) = (stored.block_offset, stored.position);
                let part = Part::Run { block_offset, position, raw_bytes };
                needs.push(Need { pack: *pack, part });
            }
        }
        left -= take;
        (offset, start) = (0, None);
        if left == 0 {
            break;
        }
    }
    needs
}

/// Where a copy begins among the runs of a page.
struct RunStart {
    index: usize,
    /// Offset in that run.
    offset: u64,
    /// Block and position of the first byte, where a group row names them.
    start: Option<(u32, u32)>,
    /// How many bytes are copied.
    left: u64,
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
