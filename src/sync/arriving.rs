//! Files of a remote that are read while their data still comes down, each as soon as its blocks are here.
//!
//! Blocks lie in packs here as they lay in packs there, one after the other: what a recipe of the remote
//! names is read at its new place, out of what was written a moment ago.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, PoisonError};

use super::SyncError;
use super::lookup::{FindBlobs, Whole};
use super::root::Area;
use super::state::State;
use crate::catalog::Location;
use crate::id::{Address, BlobId, PackId};
use crate::object::access::ReadObjects;
use crate::pack::reader::ReadAt;
use crate::pack::{BlockRow, PackError, PackKind, PackReader};
use crate::store::read::{BlobPlace, BlobSource, Need};
use crate::store::session::{Session, unfinished_pack};
use crate::store::{Store, StorePaths};

/// Packs of this store that are kept open.
const MAX_FILES: usize = 128;

/// What is done with files beside the fetch that brings them.
pub trait Beside: Sync {
    /// The contents that it is about, ids and sizes, in the order in which they are wanted.
    fn plan(&self, read: &dyn ReadObjects) -> Vec<(BlobId, u64)>;

    /// Whether it begins at both ends of that order at once.
    fn begins_at_both_ends(&self) -> bool;

    /// Does it. What cannot be done is for later: it stops no fetch. Called on a thread of its own, once
    /// or never.
    fn run(&self, source: &Arriving<'_>);
}

/// The blobs of a remote, of which whoever reads waits for the blocks.
pub struct Arriving<'a> {
    whole: &'a Whole<'a>,
    state: &'a State,
    shared: Arc<Shared>,
}

/// What is known by those who read and those who bring.
struct Shared {
    files: Files,
    came: Mutex<Came>,
    comes: Condvar,
}

#[derive(Default)]
struct Came {
    packs: HashMap<PackId, Landing>,
    has_ended: bool,
}

impl<'a> Arriving<'a> {
    /// Nothing is here yet of what `session` writes to `store`.
    pub(super) fn new(
        whole: &'a Whole<'a>,
        state: &'a State,
        store: &Store,
        session: &Session,
    ) -> Self {
        let (session, paths) = (session.dir().to_owned(), store.paths().clone());
        let files = Files { session, paths, open: Mutex::default() };
        let shared = Shared { files, came: Mutex::default(), comes: Condvar::new() };
        Self { whole, state, shared: Arc::new(shared) }
    }

    /// More of a pack of the remote is here.
    pub(super) fn note(&self, id: PackId, more: Landing) {
        let mut came = self.shared.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.packs.entry(id).or_default().extend(more);
        self.shared.comes.notify_all();
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        let mut came = self.shared.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.has_ended = true;
        self.shared.comes.notify_all();
    }
}

impl Shared {
    /// Where a byte of a pack lies here, and how many from it on lie there; waits until it has come.
    fn find(&self, id: PackId, offset: u64) -> Option<(PackId, u64, u64)> {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            let landing = came.packs.get(&id);
            if let Some(piece) = landing.and_then(|landing| landing.find(offset)) {
                return Some((piece.pack, piece.offset + (offset - piece.from), piece.to - offset));
            }
            if came.has_ended || landing.is_some_and(|landing| landing.is_all) {
                return None;
            }
            came = self.comes.wait(came).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl BlobSource for Arriving<'_> {
    type File = Landed;
    type Error = SyncError;
    type Prepared<'p>
        = ()
    where
        Self: 'p;
    const STEP_BYTES: u64 = u64::MAX;

    fn find_blob(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, SyncError> {
        if size == 0 {
            return Ok(Some(BlobPlace::Empty));
        }
        Ok(match self.whole.chunk(id, size)? {
            Some(at) => Some(BlobPlace::Chunk(at)),
            None => Some(BlobPlace::Recipe(Arc::new(self.whole.recipe(id, size)?))),
        })
    }

    /// Waits for nothing: whoever reads of it does.
    fn open_pack(&self, id: PackId) -> Result<Arc<PackReader<Landed>>, SyncError> {
        let record = self.state.listed(id)?;
        // No pack is as long as 4 GiB.
        let end = u32::try_from(record.bytes - record.end_bytes).unwrap_or(u32::MAX);
        let landed = Landed { id, end: end.into(), shared: self.shared.clone() };
        Ok(Arc::new(PackReader::of_blocks(landed, PackKind::Data, id, end)))
    }

    fn read_page(&self, address: &Address) -> Result<Option<Vec<u8>>, SyncError> {
        self.whole.page(address).map(Some)
    }

    fn block_error(&self, pack: PackId, offset: u32, e: PackError) -> SyncError {
        SyncError::damaged(Area::Pack.key(pack), format!("{e}, in block {offset}"))
    }

    fn wrong_bytes(&self, pack: PackId, offset: u32, address: &Address) -> SyncError {
        let why = format!("its bytes for {address} at offset {offset} have another hash");
        SyncError::damaged(Area::Pack.key(pack), why)
    }

    fn is_replaced(_: &SyncError) -> bool {
        false
    }

    fn prepare(&self, _: &[Need]) -> Result<(), SyncError> {
        Ok(())
    }
}

/// Where blocks of a pack came to lie, as they were written: in the order in which they lie in it.
#[derive(Default)]
pub(super) struct Landing {
    runs: Vec<Piece>,
    /// No more of the pack comes.
    pub(super) is_all: bool,
}

impl Landing {
    /// A block lies at a place of this store.
    pub(super) fn note(&mut self, block: &BlockRow, at: &Location) {
        let (from, offset) = (u64::from(block.offset), u64::from(at.place.block_offset));
        let to = from + u64::from(block.header().file_len());
        match self.runs.last_mut() {
            // Told of every chunk of a block.
            Some(last) if last.to == to => {}
            Some(last) if last.follows(from, at.pack, offset) => last.to = to,
            _ => self.runs.push(Piece { from, to, pack: at.pack, offset }),
        }
    }

    /// Bytes that came.
    pub(super) fn bytes(&self) -> u64 {
        self.runs.iter().map(|run| run.to - run.from).sum()
    }

    fn extend(&mut self, more: Self) {
        for run in more.runs {
            match self.runs.last_mut() {
                Some(last) if last.follows(run.from, run.pack, run.offset) => last.to = run.to,
                _ => self.runs.push(run),
            }
        }
        self.is_all |= more.is_all;
    }

    fn find(&self, offset: u64) -> Option<&Piece> {
        let at = self.runs.partition_point(|run| run.to <= offset);
        self.runs.get(at).filter(|run| run.from <= offset)
    }
}

/// Blocks one after the other that lie so here too.
struct Piece {
    /// Bytes of the pack of the remote.
    from: u64,
    to: u64,
    /// The pack here, and where in it they begin.
    pack: PackId,
    offset: u64,
}

impl Piece {
    fn follows(&self, from: u64, pack: PackId, offset: u64) -> bool {
        self.to == from && self.pack == pack && self.offset + (self.to - self.from) == offset
    }
}

/// The blocks of a pack of the remote, at their places here. Whoever reads waits until they have come.
pub struct Landed {
    id: PackId,
    end: u64,
    shared: Arc<Shared>,
}

impl ReadAt for Landed {
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            let found = self.shared.find(self.id, offset);
            let (pack, at, bytes) = found.ok_or(io::ErrorKind::UnexpectedEof)?;
            let len = bytes.min(buf.len() as u64);
            let (now, rest) = buf.split_at_mut(len as usize);
            self.shared.files.open(pack)?.read_exact_at(now, at)?;
            (buf, offset) = (rest, offset + len);
        }
        Ok(())
    }

    fn byte_len(&self) -> io::Result<u64> {
        Ok(self.end)
    }
}

/// Packs here, finished or not.
struct Files {
    /// Where they are written.
    session: PathBuf,
    /// Where they are once they are published.
    paths: StorePaths,
    open: Mutex<HashMap<PackId, Arc<File>>>,
}

impl Files {
    fn open(&self, id: PackId) -> io::Result<Arc<File>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&id) {
            return Ok(file.clone());
        }
        // It may move from the one place to the other just now.
        let file = File::open(unfinished_pack(&self.session, id))
            .or_else(|_| File::open(self.paths.pack(id)))?;
        if open.len() >= MAX_FILES {
            open.clear();
        }
        let file = Arc::new(file);
        open.insert(id, file.clone());
        Ok(file)
    }
}
