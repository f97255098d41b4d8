//! Files of a remote that are read while their data still comes down, each as soon as its packs are here.
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

    /// Does it. What cannot be done is for later: it stops no fetch. Called on a thread of its own, once
    /// or never.
    fn run(&self, source: &Arriving<'_>);
}

/// The blobs of a remote, of which whoever reads waits for the packs.
pub struct Arriving<'a> {
    whole: &'a Whole<'a>,
    state: &'a State,
    files: Arc<Files>,
    came: Mutex<Came>,
    comes: Condvar,
}

#[derive(Default)]
struct Came {
    packs: HashMap<PackId, Arc<PackReader<Landed>>>,
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
        let files = Arc::new(Files { session, paths, open: Mutex::default() });
        Self { whole, state, files, came: Mutex::default(), comes: Condvar::new() }
    }

    /// A pack of the remote is here.
    pub(super) fn note(&self, id: PackId, landing: Landing) {
        let Some(record) = self.state.packs.get(&id) else { return };
        // No pack is as long as 4 GiB.
        let end = u32::try_from(record.bytes - record.end_bytes).unwrap_or(u32::MAX);
        let landed = Landed { runs: landing.runs, end: end.into(), files: self.files.clone() };
        let pack = Arc::new(PackReader::of_blocks(landed, PackKind::Data, id, end));
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        came.packs.insert(id, pack);
        self.comes.notify_all();
    }

    /// Nothing comes any more.
    pub(super) fn end(&self) {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).has_ended = true;
        self.comes.notify_all();
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
    const ARRIVES_IN_ORDER: bool = true;

    fn find_blob(&self, id: BlobId, size: u64) -> Result<Option<BlobPlace>, SyncError> {
        if size == 0 {
            return Ok(Some(BlobPlace::Empty));
        }
        Ok(match self.whole.chunk(id, size)? {
            Some(at) => Some(BlobPlace::Chunk(at)),
            None => Some(BlobPlace::Recipe(Arc::new(self.whole.recipe(id, size)?))),
        })
    }

    /// Waits for the pack.
    fn open_pack(&self, id: PackId) -> Result<Arc<PackReader<Landed>>, SyncError> {
        let mut came = self.came.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(pack) = came.packs.get(&id) {
                return Ok(pack.clone());
            }
            if came.has_ended {
                return Err(SyncError::damaged(Area::Pack.key(id), "it did not come"));
            }
            came = self.comes.wait(came).unwrap_or_else(PoisonError::into_inner);
        }
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

/// Where the blocks of a pack come to lie, as they are written.
#[derive(Default)]
pub(super) struct Landing {
    runs: Vec<Piece>,
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

/// The blocks of a pack of the remote, at their places here.
pub struct Landed {
    runs: Vec<Piece>,
    end: u64,
    files: Arc<Files>,
}

impl ReadAt for Landed {
    fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            let at = self.runs.partition_point(|run| run.to <= offset);
            let run = self.runs.get(at).filter(|run| run.from <= offset);
            let run = run.ok_or(io::ErrorKind::UnexpectedEof)?;
            let len = (run.to - offset).min(buf.len() as u64);
            let (now, rest) = buf.split_at_mut(len as usize);
            let file = self.files.open(run.pack)?;
            file.read_exact_at(now, run.offset + (offset - run.from))?;
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
