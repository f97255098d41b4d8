//! Checking a remote: that everything its refs reach is there, and that what is there is whole.
//!
//! Three ways of looking, each finding what the one before cannot: the listing (what is named is there and
//! as long as it must be), the structure (everything that refs reach is listed where readers look for it),
//! and the data (every byte has the hash that the root leads to).

use std::collections::BTreeSet;

use super::SyncError;
use super::cache::Cache;
use super::chain::{Remote, StoredRoot};
use super::listing::Listing;
use super::mark::{Lack, mark};
use super::root::Area;
use super::state::{PackRecord, State};
use super::trailers::read_trailer;
use crate::id::{Address, ChunkId, PackId};
use crate::pack::{BlockBuf, PackKind, PackReader};
use crate::progress::{Cancel, Progress};
use crate::remote::{Transport, get};
use crate::store::Store;

/// How much of the data is read.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Depth {
    /// None: lengths, and the lists of chunks at the ends of packs.
    #[default]
    Structure,
    /// Some packs, chosen at random.
    Sample {
        /// Of a hundred packs.
        percent: f64,
        /// What chance begins with.
        seed: u64,
    },
    /// All of it.
    Data,
}

/// What a check is given.
pub struct Check<'c> {
    /// The remote.
    pub remote: &'c Remote<'c>,
    /// Its newest root.
    pub root: &'c StoredRoot,
    /// What that holds.
    pub state: &'c State,
    /// What is here need not be read there.
    pub store: &'c Store,
    /// How much to read.
    pub depth: Depth,
    /// How many packs are read at once.
    pub transfers: usize,
    /// Told of bytes.
    pub progress: &'c dyn Progress,
    /// Asked between two packs.
    pub cancel: &'c Cancel,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Commits reached.
    pub commits: u64,
    /// Nodes of trees reached.
    pub trees: u64,
    /// Files with different content reached.
    pub blobs: u64,
    /// Packs listed.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of the packs that were read whole.
    pub read_bytes: u64,
    /// Keys that are condemned and still there, as far as is known.
    pub condemned: u64,
    /// Whether keys could be listed.
    pub was_listed: bool,
    /// Keys that no root names: of pushes that run now, or never ended.
    pub unnamed: u64,
    /// Their bytes.
    pub unnamed_bytes: u64,
    /// What is missing or wrong.
    pub problems: Vec<Lack>,
}

impl Check<'_> {
    /// Looks at everything that the root names and that refs reach.
    pub fn run(&self) -> Result<Checked, SyncError> {
        let packs = &self.state.packs;
        let mut checked = Checked {
            packs: packs.len() as u64,
            bytes: packs.values().map(|pack| pack.bytes).sum(),
            condemned: self.state.condemned.len() as u64,
            ..Checked::default()
        };
        self.compare_listing(&mut checked)?;
        self.check_packs(&mut checked)?;
        if self.depth == Depth::Data {
            self.check_named(&mut checked)?;
        }
        self.walk(&mut checked)?;
        Ok(checked)
    }

    /// Every key that is named, with its length.
    fn named(&self) -> impl Iterator<Item = (Area, PackId, u64)> {
        let segments = self.root.root.segments.iter().map(|s| (Area::List, s.id, s.bytes));
        let tables = self.state.tables.iter().map(|(id, table)| (Area::Table, *id, table.bytes));
        let packs = self.state.packs.iter().map(|(id, pack)| (Area::Pack, *id, pack.bytes));
        let staged = self.state.staged.iter().map(|(id, s)| (Area::Pack, *id, s.pack.bytes));
        segments.chain(tables).chain(packs).chain(staged)
    }

    fn compare_listing(&self, checked: &mut Checked) -> Result<(), SyncError> {
        let listing = match Listing::read(self.remote.transport) {
            // Who may only read is not told what there is.
            Err(SyncError::Transport(e)) if e.is_denied() => return Ok(()),
            listing => listing?,
        };
        checked.was_listed = true;
        for (area, id, bytes) in self.named() {
            let key = area.key(id);
            let why = match listing.bytes(&key) {
                Some(found) if found == bytes => continue,
                Some(found) => format!("it is {found} bytes long, and should be {bytes}"),
                None => "it is not there".to_owned(),
            };
            checked.problems.push(Lack { key, why });
        }
        let unnamed = listing.unnamed(&self.root.root, self.state).map(|unnamed| unnamed.item);
        for item in unnamed.chain(&listing.unfinished) {
            checked.unnamed += 1;
            checked.unnamed_bytes += item.bytes;
        }
        Ok(())
    }

    fn check_packs(&self, checked: &mut Checked) -> Result<(), SyncError> {
        let transport = self.remote.transport;
        let chosen = self.chosen();
        self.progress.begin("checking", Some(checked.bytes), None);
        for (id, pack) in &self.state.packs {
            self.cancel.check()?;
            let is_chosen = chosen.contains(id);
            let result = match is_chosen {
                false => read_trailer(transport, *id, pack).map(|_| ()),
                true => check_pack(transport, *id, pack),
            };
            checked.read_bytes += if is_chosen { pack.bytes } else { 0 };
            self.progress.advance(pack.bytes, 0);
            note(&mut checked.problems, Area::Pack.key(*id), result)?;
        }
        self.progress.finish();
        Ok(())
    }

    /// The packs that are read whole.
    fn chosen(&self) -> BTreeSet<PackId> {
        let all = self.state.packs.keys().copied();
        let Depth::Sample { percent, seed } = self.depth else {
            return all.filter(|_| self.depth == Depth::Data).collect();
        };
        let key = |id: &PackId| {
            let bytes = [seed.to_le_bytes().as_slice(), &id.to_bytes()].concat();
            *blake3::hash(&bytes).as_bytes()
        };
        let mut packs: Vec<PackId> = all.collect();
        packs.sort_by_cached_key(key);
        let count = (packs.len() as f64 * percent / 100.0).ceil() as usize;
        packs.into_iter().take(count).collect()
    }

    /// Reads segments and tables from the remote itself, not from the copies that are here.
    fn check_named(&self, checked: &mut Checked) -> Result<(), SyncError> {
        let (none, transport) = (Cache::none(), self.remote.transport);
        let segments = self.root.root.segments.iter();
        let segments = segments.map(|s| (Area::List, s.id, (s.bytes, s.hash)));
        let tables = self.state.tables.iter();
        let tables = tables.map(|(id, table)| (Area::Table, *id, (table.bytes, table.hash)));
        for (area, id, expected) in segments.chain(tables) {
            self.cancel.check()?;
            let result = none.bytes(transport, area, id, expected).map(|_| ());
            note(&mut checked.problems, area.key(id), result)?;
        }
        Ok(())
    }

    fn walk(&self, checked: &mut Checked) -> Result<(), SyncError> {
        match mark(self.remote, self.state, self.store, self.transfers, self.cancel) {
            Ok(marks) => {
                (checked.commits, checked.trees, checked.blobs) =
                    (marks.commits, marks.trees, marks.blobs);
                for problem in marks.problems {
                    add(&mut checked.problems, problem);
                }
                Ok(())
            }
            Err(e) => note(&mut checked.problems, "the history".to_owned(), Err(e)),
        }
    }
}

/// Damage and absence are what a check is there to find; all else ends it.
fn note(
    problems: &mut Vec<Lack>,
    key: String,
    result: Result<(), SyncError>,
) -> Result<(), SyncError> {
    let lack = match result {
        Ok(()) => return Ok(()),
        Err(SyncError::Damaged { key, why }) => Lack { key, why },
        Err(SyncError::Transport(e)) if e.is_missing() => {
            Lack { key, why: "it is not there".to_owned() }
        }
        Err(SyncError::Access(e)) => Lack { key, why: e.to_string() },
        Err(e) => return Err(e),
    };
    add(problems, lack);
    Ok(())
}

/// One problem a key: what is found first says the most.
fn add(problems: &mut Vec<Lack>, lack: Lack) {
    if !problems.iter().any(|known| known.key == lack.key) {
        problems.push(lack);
    }
}

/// Reads a pack whole and compares every hash in it.
fn check_pack(transport: &dyn Transport, id: PackId, record: &PackRecord) -> Result<(), SyncError> {
    let trailer = read_trailer(transport, id, record)?;
    let key = Area::Pack.key(id);
    let bytes = get(transport, &key, record.bytes)?;
    let damaged = |e: &dyn ToString| SyncError::damaged(&*key, e.to_string());
    let pack = PackReader::open(bytes).map_err(|e| damaged(&e))?;
    let mut buf = BlockBuf::new();
    for (block, chunks) in trailer.blocks_with_chunks() {
        // Chunks of data are what their addresses say; those of other kinds are proved when walked.
        let is_right = |address: &Address, bytes: &[u8]| {
            record.kind != PackKind::Data || ChunkId::of(bytes).as_bytes() == address.as_bytes()
        };
        pack.check_block(block, chunks, &mut buf, is_right).map_err(|e| damaged(&e))?;
    }
    Ok(())
}
