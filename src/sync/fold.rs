//! Folding: a push takes small packs of earlier pushes into its own, so that there are few packs however
//! many small pushes there were.
//!
//! It takes a pack in where that is at most twice as long as what it has gathered, the smallest first: each
//! byte is sent anew as often as its pack doubles, and the number of packs grows with the logarithm of the
//! number of pushes. What a push takes in it lists as its own and condemns in the same root, under the
//! rules of any other push:
//!
//! - of packs of data and of history every object is taken, reached by a ref or not, for others may rely on it;
//! - of packs of recipes those by which readers go: the youngest whose packs are all live;
//! - a recipe by which readers go and that names a pack of data which is taken in is written anew;
//! - a pack of data is condemned only if the root that is replaced lists no pack of recipes that was not read:
//!   recipes which came meanwhile may name it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::SyncError;
use super::cache::Cache;
use super::chain::Remote;
use super::places::{Index, Own};
use super::source::Source;
use super::state::{PackRecord, State};
use super::upload::{Gathered, MAX_LISTS, Sink};
use crate::catalog::Location;
use crate::id::{Address, PackId};
use crate::pack::{BlockCodec, ChunkPlace, PackKind};
use crate::recipe::packs_named;
use crate::remote::Transport;
use crate::store::StoreError;
use crate::store::relocate::{Lists, PackChunks, Relocation, chunks_of, relocate};

/// Packs above this length are left to the collection, in bytes.
const MAX_FOLDED_PACK: u64 = 8 << 20;
/// What one push takes in of each kind at most, in bytes.
const MAX_FOLDED: u64 = 16 << 20;
/// Where the recipes of a remote take more than this, packs of data are left to the collection: all recipes
/// would have to be read.
const MAX_RECIPES: u64 = 8 << 20;

/// Packs that a push took in.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    packs: BTreeMap<PackId, PackKind>,
    /// Packs of recipes that were read.
    read: BTreeSet<PackId>,
}

impl Folded {
    /// The packs that may be condemned in the root that follows one with this state.
    pub fn condemned(&self, state: &State) -> Vec<PackId> {
        let mut recipes = state.packs.iter().filter(|(_, p)| p.kind == PackKind::Layout);
        let all_read = recipes.all(|(id, _)| self.read.contains(id));
        let live = self.packs.iter().filter(|(id, _)| state.packs.contains_key(id));
        live.filter(|(_, kind)| all_read || **kind != PackKind::Data).map(|(id, _)| *id).collect()
    }

    /// Forgets what was taken in of recipes: they are to be written anew.
    pub fn forget_recipes(&mut self) {
        self.packs.retain(|_, kind| *kind != PackKind::Layout);
        self.read.clear();
    }

    fn holds(&self, pack: PackId, kind: PackKind) -> bool {
        self.packs.get(&pack) == Some(&kind)
    }
}

/// Folds packs of a remote into those that a push is about to send.
pub struct Fold<'f> {
    /// Where the packs are.
    pub remote: &'f Remote<'f>,
    /// What the root at hand holds.
    pub state: &'f State,
    /// What was taken in so far.
    pub folded: &'f mut Folded,
    /// Whether only packs of history are taken in: a partial clone has no copies of the others, and is to
    /// fetch none.
    pub history_only: bool,
}

impl Fold<'_> {
    /// Takes in small packs of a kind that is no recipes.
    pub(super) fn take_in(
        &mut self,
        sink: &mut Sink<'_, '_>,
        codec: &mut BlockCodec,
        gathered: &mut Gathered,
        kind: PackKind,
    ) -> Result<(), SyncError> {
        sink.append_raw(kind, codec, gathered)?;
        if self.history_only && kind != PackKind::History {
            return Ok(());
        }
        let recipes = self.state.packs.values().filter(|p| p.kind == PackKind::Layout);
        if kind == PackKind::Data && recipes.map(|p| p.bytes).sum::<u64>() > MAX_RECIPES {
            return Ok(());
        }
        for (id, record) in self.chosen(kind, sink.open_bytes()) {
            self.read(id, &record)?.copy_all(sink, codec, gathered)?;
            self.folded.packs.insert(id, kind);
        }
        Ok(())
    }

    /// Takes in small packs of recipes, and writes those anew that name packs of data which were taken in.
    ///
    /// Adds to `relied` the packs that what is written names, and those that keep it from being written.
    pub(super) fn take_in_recipes(
        &mut self,
        sink: &mut Sink<'_, '_>,
        codec: &mut BlockCodec,
        gathered: &mut Gathered,
        relied: &mut BTreeSet<PackId>,
    ) -> Result<(), SyncError> {
        sink.append_raw(PackKind::Layout, codec, gathered)?;
        if self.history_only {
            return Ok(());
        }
        let all = || self.state.packs.iter().filter(|(_, p)| p.kind == PackKind::Layout);
        let small = self.chosen(PackKind::Layout, sink.open_bytes());
        let has_moved = self.folded.packs.values().any(|kind| *kind == PackKind::Data);
        if small.is_empty() && !has_moved {
            return Ok(());
        }
        let small: BTreeSet<PackId> = small.into_iter().map(|(id, _)| id).collect();
        let wanted: Vec<_> = all().filter(|(id, _)| has_moved || small.contains(id)).collect();
        let mut readers = Readers::new(self.remote, self.state)?;
        let lists = Lists::new(MAX_LISTS);
        let wanted: Vec<_> = wanted.into_iter().map(|(id, record)| (*id, *record)).collect();
        for (id, record) in &wanted {
            let source = self.read(*id, record)?;
            source.for_each(&mut |address, bytes| {
                let names = packs_named(bytes)?;
                let is_moved = names.iter().any(|n| self.folded.holds(*n, PackKind::Data));
                let is_concerned = is_moved || small.contains(id);
                if !is_concerned || sink.own.find(PackKind::Layout, &address).is_some() {
                    return Ok(());
                }
                match readers.go_by(&address)? {
                    Some((by, _)) if by == *id => {}
                    // Readers go by another one, which must stay.
                    Some((by, names)) => {
                        relied.insert(by);
                        relied.extend(names);
                        return Ok(());
                    }
                    None => return Ok(()),
                }
                let to = ToOwn { fold: &*self, own: sink.own, lists: &lists };
                let anew = relocate(bytes, &to)?;
                let bytes = anew.as_deref().unwrap_or(bytes);
                relied.extend(
                    packs_named(bytes)?.into_iter().filter(|n| self.state.packs.contains_key(n)),
                );
                sink.gather(PackKind::Layout, codec, gathered, (address, bytes))
            })?;
            self.folded.read.insert(*id);
        }
        self.folded.packs.extend(small.into_iter().map(|id| (id, PackKind::Layout)));
        Ok(())
    }

    fn read(&self, id: PackId, record: &PackRecord) -> Result<Source, SyncError> {
        Source::read(self.remote.transport, self.remote.cache, (id, record))
    }

    /// The packs of a kind to take in beside `bytes` that are sent anyway, the smallest first.
    fn chosen(&self, kind: PackKind, bytes: u64) -> Vec<(PackId, PackRecord)> {
        let packs = self.state.packs.iter().filter(|(id, p)| {
            p.kind == kind && p.bytes <= MAX_FOLDED_PACK && !self.folded.packs.contains_key(id)
        });
        let mut packs: Vec<_> = packs.map(|(id, record)| (*id, *record)).collect();
        packs.sort_by_key(|(id, record)| (record.bytes, *id));
        let (mut gathered, mut folded) = (bytes, 0);
        packs.retain(|(_, record)| {
            let is_small = bytes > 0
                && record.bytes <= gathered.saturating_mul(2)
                && folded + record.bytes <= MAX_FOLDED;
            if is_small {
                (gathered, folded) = (gathered + record.bytes, folded + record.bytes);
            }
            is_small
        });
        packs
    }
}

/// Which recipe the readers of a root go by.
struct Readers<'r> {
    transport: &'r dyn Transport,
    cache: &'r Cache,
    state: &'r State,
    index: Index,
    /// Packs that were opened, with the objects in them and the packs that these name.
    open: HashMap<PackId, HashMap<Address, Vec<PackId>>>,
}

impl<'r> Readers<'r> {
    fn new(remote: &'r Remote<'r>, state: &'r State) -> Result<Self, SyncError> {
        let index = Index::open(remote, state, PackKind::Layout, None)?;
        let (transport, cache) = (remote.transport, remote.cache);
        Ok(Self { transport, cache, state, index, open: HashMap::new() })
    }

    /// The pack of the recipe that readers go by, and the packs that it names: the youngest whose packs are
    /// all live.
    fn go_by(&mut self, address: &Address) -> Result<Option<(PackId, Vec<PackId>)>, SyncError> {
        for Location { pack, .. } in self.index.find_all(address)? {
            let names = self.objects(pack)?.get(address).cloned();
            if let Some(names) = names
                && names.iter().all(|name| self.state.packs.contains_key(name))
            {
                return Ok(Some((pack, names)));
            }
        }
        Ok(None)
    }

    fn objects(&mut self, pack: PackId) -> Result<&HashMap<Address, Vec<PackId>>, SyncError> {
        if !self.open.contains_key(&pack) {
            let record = self.state.listed(pack)?;
            let source = Source::read(self.transport, self.cache, (pack, record))?;
            let mut objects = HashMap::new();
            source.for_each(&mut |address, bytes| {
                objects.insert(address, packs_named(bytes)?);
                Ok(())
            })?;
            self.open.insert(pack, objects);
        }
        Ok(&self.open[&pack])
    }
}

/// Where the chunks of packs that were taken in lie now.
struct ToOwn<'t, 'f> {
    fold: &'t Fold<'f>,
    own: &'t Own,
    lists: &'t Lists,
}

impl Relocation for ToOwn<'_, '_> {
    type Error = SyncError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, SyncError> {
        if !self.fold.folded.holds(pack, PackKind::Data) {
            return Ok(None);
        }
        // One that is not live any more is named by no recipe that readers go by.
        let Some(record) = self.fold.state.packs.get(&pack) else { return Ok(None) };
        let read = || Ok::<_, SyncError>(chunks_of(&self.fold.read(pack, record)?.trailer));
        self.lists.get(pack, read).map(Some)
    }

    fn place(&self, _: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, SyncError> {
        let found = self.own.find(PackKind::Data, &chunk.0);
        Ok(found.ok_or(StoreError::Missing(chunk.0))?)
    }
}
