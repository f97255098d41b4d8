//! The check of file contents: a chunk of the right length, or a recipe that holds.
//!
//! A recipe holds when it has the size the tree says, its values merge to the blob's id, and every
//! run and group row leads exactly where the trailers of healthy live packs say the chunks are.
//! With [`Depth::Data`] the bytes themselves are compared with the values, several files at a time.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use crossbeam_channel::{Receiver, Sender};

use super::report::{Counts, Lost};
use super::tables::{Found, Health, Index};
use super::{Depth, Run, Subject, VerifyError};
use crate::id::{Address, BlobId, PackId};
use crate::pack::layout::{PackKind, Trailer};
use crate::recipe::{Body, Page, Recipe, Run as Stretch, StoredRun, page_address};
use crate::store::read::BlobReader;
use crate::store::{Store, StoreError};

/// Chunks of trailers kept at once, about 16 bytes each.
const MAX_CACHED_CHUNKS: usize = 1 << 20;
/// What identifies a content and its size in the set of those seen.
const KEY_BYTES: usize = 28;

/// A content of several chunks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    id: BlobId,
    size: u64,
    /// Whether commits name it whose files a remote promised.
    in_promise: bool,
}

/// Takes contents as the walk meets them; those of several chunks go to the workers.
pub(super) struct Blobs<'w> {
    run: &'w Run<'w>,
    index: &'w Index,
    max_chunk: u64,
    seen: HashSet<[u8; KEY_BYTES]>,
    jobs: Sender<Job>,
    /// Whether what is checked belongs to commits whose files a remote promised.
    pub(super) in_promise: bool,
    pub(super) counts: Counts,
}

impl<'w> Blobs<'w> {
    pub(super) fn new(
        run: &'w Run<'w>,
        index: &'w Index,
        store: &Store,
        jobs: Sender<Job>,
    ) -> Self {
        let max_chunk = store.params().chunk.max.into();
        let (seen, counts) = (HashSet::new(), Counts::default());
        Self { run, index, max_chunk, seen, jobs, in_promise: false, counts }
    }

    /// Checks a content that a tree names; once for each size it is said to have.
    pub(super) fn check(&mut self, id: BlobId, size: u64) -> Result<(), VerifyError> {
        if !self.seen.insert(key(id, size)) {
            return Ok(());
        }
        self.counts.blobs += 1;
        match self.look_up(id, size) {
            Ok(Place::Nothing) => {}
            Ok(Place::Chunk) => self.counts.chunks += 1,
            Ok(Place::Elsewhere) => {
                self.counts.promised += 1;
                self.counts.promised_bytes += size;
            }
            Ok(Place::Recipe) => {
                let _ = self.jobs.send(Job { id, size, in_promise: self.in_promise });
            }
            Err(Fail::Lost(subject, what)) => lose(self.run, id, subject, what),
            Err(Fail::Elsewhere) => {}
            Err(Fail::Stop(e)) => return Err(e),
        }
        Ok(())
    }

    fn look_up(&self, id: BlobId, size: u64) -> Result<Place, Fail> {
        let fail = |what: String| Err(Fail::Lost(Subject::Blob(id), what));
        if (id == BlobId::EMPTY) != (size == 0) {
            return fail(format!("a tree says that it has {size} bytes"));
        }
        if size == 0 {
            return Ok(Place::Nothing);
        }
        let chunk = match size <= self.max_chunk {
            true => self.index.find(PackKind::Data, &id.into())?,
            false => Found::Nowhere,
        };
        match chunk {
            Found::At(at) if u64::from(at.place.raw_len) == size => Ok(Place::Chunk),
            Found::At(at) => {
                fail(format!("it has {} bytes, but a tree says {size}", at.place.raw_len))
            }
            chunk => match (self.index.find(PackKind::Layout, &id.into())?, chunk) {
                (Found::At(_), _) => Ok(Place::Recipe),
                (Found::Lost(subject), _) | (Found::Nowhere, Found::Lost(subject)) => {
                    Err(Fail::Lost(subject, "it is known to be damaged".to_owned()))
                }
                (Found::Nowhere, _) if self.in_promise => Ok(Place::Elsewhere),
                (Found::Nowhere, _) => fail("it is missing".to_owned()),
            },
        }
    }
}

fn key(id: BlobId, size: u64) -> [u8; KEY_BYTES] {
    let mut key = [0; KEY_BYTES];
    key[..20].copy_from_slice(&id.as_bytes()[..20]);
    key[20..].copy_from_slice(&size.to_le_bytes());
    key
}

enum Place {
    Nothing,
    Chunk,
    Recipe,
    /// Not here: a remote has it.
    Elsewhere,
}

/// Why a content was not found to be whole.
enum Fail {
    /// It is not, and this is the cause.
    Lost(Subject, String),
    /// Its recipe is here and its data is not, since a remote has it.
    Elsewhere,
    /// The check cannot go on.
    Stop(VerifyError),
}

impl From<VerifyError> for Fail {
    fn from(e: VerifyError) -> Self {
        Self::Stop(e)
    }
}

fn lose(run: &Run<'_>, id: BlobId, subject: Subject, what: String) {
    run.problems().report_lost(Lost::Blob(id), subject, what);
}

/// Checks contents of several chunks until there are no more; counts chunks, and contents that are elsewhere.
pub(super) fn work(
    run: &Run<'_>,
    store: &Store,
    index: &Index,
    layouts: &Layouts,
    jobs: &Receiver<Job>,
) -> Result<Counts, VerifyError> {
    let mut counts = Counts::default();
    for Job { id, size, in_promise } in jobs {
        run.options.cancel.check()?;
        match (Checker { run, store, index, layouts, id, in_promise }).check(size) {
            Ok(found) => counts.chunks += found,
            Err(Fail::Elsewhere) => {
                counts.promised += 1;
                counts.promised_bytes += size;
            }
            Err(Fail::Lost(subject, what)) => lose(run, id, subject, what),
            Err(Fail::Stop(e)) => return Err(e),
        }
    }
    Ok(counts)
}

struct Checker<'c> {
    run: &'c Run<'c>,
    store: &'c Store,
    index: &'c Index,
    layouts: &'c Layouts,
    id: BlobId,
    in_promise: bool,
}

impl Checker<'_> {
    fn check(&self, size: u64) -> Result<u64, Fail> {
        let bytes = self.object(self.id.into(), "its recipe")?;
        let recipe =
            Recipe::decode(&bytes).map_err(|e| self.wrong(format!("its recipe is {e}")))?;
        if recipe.size != size {
            let text = format!("it has {} bytes, but a tree says {size}", recipe.size);
            return Err(self.wrong(text));
        }
        if recipe.proven_id().is_some_and(|id| id != self.id) {
            return Err(self.wrong("the values in its recipe are those of another"));
        }
        let chunks = match &recipe.body {
            Body::Inline(page) => self.check_page(&recipe, page)?,
            Body::Paged(values) => (0..values.len() as u64)
                .try_fold(0, |sum, n| Ok::<_, Fail>(sum + self.check_stored_page(&recipe, n)?))?,
        };
        if self.run.options.depth == Depth::Data {
            self.read(recipe)?;
        }
        Ok(chunks)
    }

    fn wrong(&self, what: impl Into<String>) -> Fail {
        Fail::Lost(Subject::Blob(self.id), what.into())
    }

    /// The bytes of an object of the layout.
    fn object(&self, address: Address, what: &str) -> Result<Vec<u8>, Fail> {
        let at = match self.index.find(PackKind::Layout, &address)? {
            Found::At(at) => at,
            Found::Lost(subject) => {
                return Err(Fail::Lost(subject, "it is known to be damaged".to_owned()));
            }
            Found::Nowhere => return Err(self.wrong(format!("{what} is missing"))),
        };
        match self.store.read_object(PackKind::Layout, &address) {
            Ok(Some(bytes)) => Ok(bytes),
            Ok(None) => Err(self.wrong(format!("{what} is missing"))),
            Err(e @ StoreError::Pack { .. }) => {
                Err(Fail::Lost(Subject::Block(at.pack, at.place.block_offset), e.to_string()))
            }
            Err(e) => Err(self.wrong(format!("{what} cannot be read: {e}"))),
        }
    }

    fn check_stored_page(&self, recipe: &Recipe, number: u64) -> Result<u64, Fail> {
        let what = format!("page {number} of its recipe");
        let bytes = self.object(page_address(self.id, number), &what)?;
        let page = Page::decode(&bytes, recipe, number)
            .map_err(|e| self.wrong(format!("{what} is {e}")))?;
        self.check_page(recipe, &page)
    }

    /// Follows every run and group row of a page; returns the number of chunks.
    fn check_page(&self, recipe: &Recipe, page: &Page) -> Result<u64, Fail> {
        let mut chunks = 0;
        let mut start = 0;
        let mut groups =
            (0u64..).step_by(recipe.group_bytes() as usize).zip(&page.groups).peekable();
        for stretch in &page.runs {
            let end = start + stretch.bytes();
            let layout = match stretch {
                Stretch::Stored(run) => {
                    chunks += u64::from(run.count);
                    Some((run, self.check_run(page, run)?))
                }
                Stretch::Zero { .. } => None,
            };
            while let Some((at, row)) = groups.next_if(|(at, _)| *at < end) {
                let wanted = match &layout {
                    Some((run, layout)) => layout.place_in(run, (at - start) % run.unit_bytes),
                    None => Some((0, 0)),
                };
                if wanted != Some((row.block_offset, row.position)) {
                    return Err(self.wrong("a group of its recipe leads to another place"));
                }
            }
            start = end;
        }
        Ok(chunks)
    }

    fn check_run(&self, page: &Page, run: &StoredRun) -> Result<Arc<Layout>, Fail> {
        let pack = page.packs[run.pack as usize];
        match self.index.health(pack) {
            Health::Good => {}
            Health::Damaged => {
                return Err(Fail::Lost(Subject::Pack(pack), "it is damaged".to_owned()));
            }
            Health::NotLive if self.in_promise => return Err(Fail::Elsewhere),
            Health::NotLive => {
                return Err(self.wrong(format!("it needs pack {pack}, which is gone")));
            }
        }
        let layout = self
            .layouts
            .get(self.store, pack)
            .map_err(|e| Fail::Lost(Subject::Pack(pack), e.to_string()))?;
        let Some(blocks) = layout.blocks_of(run) else {
            return Err(self.wrong("a run of its recipe does not fit the chunks of its pack"));
        };
        match self.index.bad_block(pack, blocks.0, blocks.1) {
            None => Ok(layout),
            Some(block) => {
                let what = "it is known to be damaged".to_owned();
                Err(Fail::Lost(Subject::Block(pack, block), what))
            }
        }
    }

    /// Compares all bytes with the values of the recipe.
    fn read(&self, recipe: Recipe) -> Result<(), Fail> {
        let size = recipe.size;
        let mut reader = BlobReader::new(self.store, self.id, Arc::new(recipe));
        self.run.options.progress.advance(size, 1);
        match reader.copy(0..size, &mut std::io::sink()) {
            Ok(()) => Ok(()),
            Err(e) => Err(self.wrong(format!("its bytes cannot be read: {e}"))),
        }
    }
}

/// Where each chunk of a pack lies.
#[derive(Debug)]
pub(super) struct Layout {
    /// Block and position of each chunk.
    places: Vec<(u32, u32)>,
    /// Raw bytes before each chunk, and in all.
    starts: Vec<u64>,
}

impl Layout {
    fn new(trailer: &Trailer) -> Self {
        let mut layout = Self { places: Vec::new(), starts: vec![0] };
        let mut end = 0;
        for (_, place) in trailer.rows() {
            layout.places.push((place.block_offset, place.position));
            end += u64::from(place.raw_len);
            layout.starts.push(end);
        }
        layout
    }

    /// Bytes of the first chunk before the run's first byte.
    fn skip_of(&self, run: &StoredRun) -> Option<u64> {
        let first = run.first_chunk as usize;
        let &(block, position) = self.places.get(first)?;
        let skip = u64::from(run.position.checked_sub(position)?);
        let len = self.starts[first + 1] - self.starts[first];
        (block == run.block_offset && skip < len).then_some(skip)
    }

    /// First and last block of a run that begins and ends inside the chunks it names.
    fn blocks_of(&self, run: &StoredRun) -> Option<(u32, u32)> {
        let first = run.first_chunk as usize;
        let last = first.checked_add(run.count as usize)?.checked_sub(1)?;
        let end = self.starts[first..].first()? + self.skip_of(run)? + run.unit_bytes;
        let fits = self.starts.get(last)? < &end && end <= *self.starts.get(last + 1)?;
        fits.then_some((run.block_offset, self.places[last].0))
    }

    /// Block and position of a byte of one repetition of a run that fits.
    fn place_in(&self, run: &StoredRun, offset: u64) -> Option<(u32, u32)> {
        let at = self.starts[run.first_chunk as usize] + self.skip_of(run)? + offset;
        let chunk = self.starts.partition_point(|&start| start <= at).checked_sub(1)?;
        let &(block, position) = self.places.get(chunk)?;
        Some((block, position + (at - self.starts[chunk]) as u32))
    }
}

/// The layouts used last: neighbouring files lie in the same packs.
#[derive(Default)]
pub(super) struct Layouts {
    cached: Mutex<Cached>,
}

#[derive(Default)]
struct Cached {
    packs: HashMap<PackId, Arc<Layout>>,
    chunks: usize,
}

impl Layouts {
    fn get(&self, store: &Store, pack: PackId) -> Result<Arc<Layout>, StoreError> {
        let lock = || self.cached.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(layout) = lock().packs.get(&pack) {
            return Ok(layout.clone());
        }
        let path = store.paths().pack(pack);
        let trailer =
            store.open_pack(pack)?.read_trailer().map_err(|e| StoreError::pack(&path, e))?;
        let layout = Arc::new(Layout::new(&trailer));
        let mut cached = lock();
        if cached.chunks > MAX_CACHED_CHUNKS {
            *cached = Cached::default();
        }
        cached.chunks += layout.places.len();
        cached.packs.insert(pack, layout.clone());
        Ok(layout)
    }
}
