//! A fetch: history first, then the data that is wanted, then the recipes that name it, refs last.
//!
//! Whatever is published on the way is of use to the next attempt: chunks that are here are not read
//! again. Trees and commits become visible together with the refs, so that a commit which is here has
//! everything below it.

mod data;
mod incoming;

use std::collections::{BTreeMap, HashSet};

use super::SyncError;
use super::arriving::{Arriving, Beside};
use super::chain::Remote;
use super::cut::{Cut, tips};
use super::lookup::{FindBlobs, Whole};
use super::missing::{Missing, decide_missing};
use super::objects::RemoteHistory;
use super::root::Area;
use super::state::State;
use super::trailers::listed_trailer;
use crate::catalog::Location;
use crate::db::{RefError, Tx};
use crate::id::{Address, BlobId, CommitId, PackId};
use crate::pack::{BlockCodec, ChunkPlace, PackKind};
use crate::progress::{Cancel, Progress};
use crate::refs::RefTarget;
use crate::store::lane::{Lane, SealedPack};
use crate::store::relocate::{self, Lists, PackChunks, Relocation};
use crate::store::session::Session;
use crate::store::{Store, StoreError};

pub(super) use data::{DataPlan, chunks_of};
use data::{Rigour, Watched, each_range_of, put_first};

/// Lists of chunks kept while recipes are written anew.
const MAX_LISTS: usize = 256;

/// What a fetch is given.
pub struct Fetch<'f> {
    /// The name of the remote here.
    pub name: &'f str,
    /// The remote.
    pub remote: &'f Remote<'f>,
    /// What its newest root holds.
    pub state: &'f State,
    /// Where the objects go.
    pub store: &'f Store,
    /// Commits that local refs reach: all below them is here.
    pub local_tips: Vec<CommitId>,
    /// How much is brought.
    pub scope: Scope,
    /// How many packs are read at once.
    pub downloads: usize,
    /// zstd level of what is compressed anew.
    pub level: i32,
    /// Told of bytes.
    pub progress: &'f dyn Progress,
    /// Asked between two packs.
    pub cancel: &'f Cancel,
    /// What is done beside it with what it brings, where nothing is here yet.
    pub beside: Option<&'f dyn Beside>,
}

/// How much a fetch brings of what is new.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// Commits, trees and tags only: the files stay where they are.
    pub history_only: bool,
    /// Only so many commits of each line of history; all when absent.
    pub depth: Option<u32>,
}

/// What a fetch brought.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fetched {
    /// Commits that were new.
    pub commits: u64,
    /// Files whose content was wanted.
    pub files: u64,
    /// Bytes of data that were stored.
    pub stored_bytes: u64,
}

/// What came of contents that were asked for one by one; which of them did is seen in the store.
#[derive(Debug, Default)]
pub struct BroughtBlobs {
    /// Bytes of data that were stored.
    pub stored_bytes: u64,
    /// Why not all of them came, where that is the remote's fault.
    pub failure: Option<SyncError>,
}

/// What a fetch would bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FetchPlan {
    /// Commits that are new.
    pub commits: u64,
    /// Files whose content is not here.
    pub files: u64,
    /// Trees, commits and tags that are new, and the chunks of the blocks that are brought for those files.
    pub objects: u64,
    /// Bytes of those blocks, as they are stored there.
    pub bytes: u64,
}

impl Fetch<'_> {
    /// Says what a run would bring; reads history and the lists of packs for that.
    pub fn plan_run(&self, targets: &[RefTarget]) -> Result<FetchPlan, SyncError> {
        let history = RemoteHistory::new(self.remote, self.state, self.store);
        self.prefetch(&history)?;
        let missing = decide_missing(&history, targets, &self.local_tips, self.store.forgotten())?;
        let blobs = self.absent_blobs(&missing)?;
        let objects = missing.commits.len() + missing.trees.len() + missing.tags.len();
        let mut plan = FetchPlan {
            commits: missing.commits.len() as u64,
            files: blobs.len() as u64,
            objects: objects as u64,
            bytes: 0,
        };
        if blobs.is_empty() {
            return Ok(plan);
        }
        let data = self.plan(&Whole::open(self.remote, self.state)?, &blobs)?;
        for (id, chunks) in data.chunks {
            self.cancel.check()?;
            let trailer = listed_trailer(self.remote.transport, self.state, id)?;
            for (block, rows) in self.wanted_blocks(&trailer, &chunks, false)? {
                plan.objects += rows.len() as u64;
                plan.bytes += u64::from(block.header().file_len());
            }
        }
        Ok(plan)
    }

    /// Brings everything that `targets` reach, then lets `with` move the refs.
    pub fn run<T, E>(
        &self,
        targets: &[RefTarget],
        with: impl FnOnce(&Tx<'_>) -> Result<T, E>,
    ) -> Result<(Fetched, T), E>
    where
        E: From<SyncError> + From<StoreError> + From<crate::db::DbError> + From<RefError>,
    {
        let session = self.store.start_session()?;
        // What is here counts as here until the refs have moved: nobody may drop it meanwhile.
        let live = live_packs(self.store)?;
        session.hold(&live)?;
        self.store.settle()?;
        let beside = self.beside.filter(|_| live.is_empty());
        let history = RemoteHistory::new(self.remote, self.state, self.store);
        self.prefetch(&history)?;
        let forgotten = self.store.forgotten();
        let cut = Cut::after(&history, targets, self.scope.depth, &self.local_tips)?;
        let missing = decide_missing(&cut, targets, &self.local_tips, forgotten)?;
        let mut fetched = Fetched { commits: missing.commits.len() as u64, ..Fetched::default() };
        let mut blobs = self.absent_blobs(&missing)?;
        if !blobs.is_empty() {
            fetched.files = missing.blobs.len() as u64;
            let whole = Whole::open(self.remote, self.state)?;
            let arriving = Arriving::new(&whole, self.state, self.store, &session);
            let beside = beside.map(|beside| (beside, &arriving));
            if let Some((beside, _)) = beside {
                put_first(&mut blobs, &beside.plan(&history));
            }
            fetched.stored_bytes += self.bring_blobs(&session, &whole, &blobs, beside)?;
        }
        let packs = self.write_history(&session, &history, &missing)?;
        let promised = if self.scope.history_only { tips(&cut, targets)? } else { Vec::new() };
        fetched.stored_bytes += packs.iter().map(|p| p.bytes).sum::<u64>();
        let again = missing.commits.iter().filter(|id| forgotten.contains_key(id));
        let value = self.store.publish(packs, &HashSet::new(), |tx| {
            // One that no ref reached any more came again, and whole.
            again.copied().try_for_each(|id| tx.remember(id).map(|_| ()))?;
            promised.iter().try_for_each(|id| tx.promise(*id, self.name))?;
            cut.commits().iter().try_for_each(|id| tx.set_shallow(*id))?;
            with(tx)
        })?;
        Ok((fetched, value))
    }

    /// Brings the data of blobs, which a commit here names already, as far as it is there and right: every
    /// chunk is compared with its address, and what is wrong is left out.
    ///
    /// # Errors
    /// Those of the repository here, and those of the remote before the first byte of data. What goes wrong
    /// there afterwards is part of the result.
    pub fn run_for_blobs(
        &self,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
    ) -> Result<BroughtBlobs, SyncError> {
        let session = self.store.start_session()?;
        session.hold(&live_packs(self.store)?)?;
        self.store.settle()?;
        let (mut plan, mut brought) = (DataPlan::default(), BroughtBlobs::default());
        let mut planned = Vec::new();
        for &blob in blobs {
            match plan.add(self.state, find, blob) {
                Err(e @ SyncError::Damaged { .. }) => drop(brought.failure.get_or_insert(e)),
                done => {
                    done?;
                    planned.push(blob);
                }
            }
        }
        let data = self.bring_data(&session, &plan.finish(), None, Rigour::Proven)?;
        brought.stored_bytes = data.stored_bytes;
        if let Some(e) = data.failure {
            brought.failure = Some(e);
            // What came of several packs is here, whatever became of the others.
            planned = self.whole_now(find, planned)?;
        }
        let recipes = self.bring_recipes(&session, find, &planned)?;
        brought.stored_bytes += recipes.iter().map(|p| p.bytes).sum::<u64>();
        self.store.publish(recipes, &HashSet::new(), |_| Ok::<_, SyncError>(()))?;
        Ok(brought)
    }

    /// The blobs whose chunks are all here.
    fn whole_now(
        &self,
        find: &dyn FindBlobs,
        blobs: Vec<(BlobId, u64)>,
    ) -> Result<Vec<(BlobId, u64)>, SyncError> {
        let here = ToLocal { fetch: self, lists: Lists::new(MAX_LISTS) };
        let mut whole = Vec::new();
        for blob in blobs {
            whole.extend(here.has_chunks_of(find, blob)?.then_some(blob));
        }
        Ok(whole)
    }

    /// Reads the list of chunks of every pack of the remote that holds something of some blobs.
    ///
    /// # Errors
    /// Where one is not there, or is not the one that the newest root names.
    pub fn prove(&self, find: &dyn FindBlobs, blobs: &[(BlobId, u64)]) -> Result<(), SyncError> {
        // The most chunks that are named of each: a list of all would grow with the files.
        let mut named: BTreeMap<PackId, u32> = BTreeMap::new();
        for blob in blobs {
            each_range_of(find, *blob, &mut |id, range| {
                let most = named.entry(id).or_default();
                *most = range.end.max(*most);
            })?;
        }
        for (id, most) in named {
            self.cancel.check()?;
            let trailer = listed_trailer(self.remote.transport, self.state, id)?;
            if most as usize > trailer.chunks().len() {
                let why = "it has fewer chunks than are named";
                return Err(SyncError::damaged(Area::Pack.key(id), why));
            }
        }
        Ok(())
    }

    fn bring_blobs(
        &self,
        session: &Session,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
        beside: Option<Watched<'_>>,
    ) -> Result<u64, SyncError> {
        let data = self.plan(find, blobs)?;
        let data_bytes = self.bring_data(session, &data, beside, Rigour::Listed)?.stored_bytes;
        let recipes = self.bring_recipes(session, find, blobs)?;
        let recipe_bytes: u64 = recipes.iter().map(|p| p.bytes).sum();
        self.store.publish(recipes, &HashSet::new(), |_| Ok::<_, SyncError>(()))?;
        Ok(data_bytes + recipe_bytes)
    }

    /// Which chunks of which packs make up the blobs.
    fn plan(&self, find: &dyn FindBlobs, blobs: &[(BlobId, u64)]) -> Result<DataPlan, SyncError> {
        let mut plan = DataPlan::default();
        blobs.iter().try_for_each(|blob| plan.add(self.state, find, *blob))?;
        Ok(plan.finish())
    }

    /// Reads all packs of history at once, where nearly all of them are wanted.
    fn prefetch(&self, history: &RemoteHistory<'_>) -> Result<(), SyncError> {
        match self.local_tips.is_empty() && self.scope.depth.is_none() {
            true => history.prefetch(self.downloads, self.cancel),
            false => Ok(()),
        }
    }

    /// The blobs that are not stored here.
    fn absent_blobs(&self, missing: &Missing) -> Result<Vec<(BlobId, u64)>, SyncError> {
        match self.scope.history_only {
            true => Ok(Vec::new()),
            false => Ok(self.store.absent_blobs(&missing.blobs)?),
        }
    }

    /// The recipes of the blobs, written for the places their chunks have here.
    fn bring_recipes(
        &self,
        session: &Session,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
    ) -> Result<Vec<SealedPack>, SyncError> {
        let codec = BlockCodec::new(self.level, true)?;
        let mut lane =
            Lane::new(session, PackKind::Layout, self.store.params().tree_block_bytes, codec);
        let here = ToLocal { fetch: self, lists: Lists::new(MAX_LISTS) };
        for &(id, size) in blobs {
            if self.store.catalog().find(PackKind::Data, &id.into())?.is_some() {
                continue;
            }
            for (address, bytes) in find.layout(id, size)? {
                let bytes = relocate::relocate(&bytes, &here)?.unwrap_or(bytes);
                lane.add(address, &bytes, &mut |_, _| ())?;
            }
        }
        sealed(&mut lane)
    }

    fn write_history(
        &self,
        session: &Session,
        history: &RemoteHistory<'_>,
        missing: &Missing,
    ) -> Result<Vec<SealedPack>, SyncError> {
        let codec = BlockCodec::new(self.level, true)?;
        let mut lane =
            Lane::new(session, PackKind::History, self.store.params().tree_block_bytes, codec);
        let trees = missing.trees.iter().map(|id| Address::from(*id));
        let commits = missing.commits.iter().map(|id| Address::from(*id));
        let tags = missing.tags.iter().map(|id| Address::from(*id));
        for address in trees.chain(commits).chain(tags) {
            // What the walk found here needs no second copy.
            if let Some(bytes) = history.fetched(&address)? {
                lane.add(address, &bytes, &mut |_, _| ())?;
            }
        }
        sealed(&mut lane)
    }
}

/// The packs that are live here.
pub(super) fn live_packs(store: &Store) -> Result<HashSet<PackId>, SyncError> {
    let packs = store.db().read(|view| view.live_packs())?;
    Ok(packs.into_iter().map(|pack| pack.id).collect())
}

/// Seals and syncs what a lane wrote.
fn sealed(lane: &mut Lane<'_>) -> Result<Vec<SealedPack>, SyncError> {
    let mut packs = lane.seal(&mut |_, _| ())?;
    packs.iter_mut().try_for_each(SealedPack::sync)?;
    Ok(packs)
}

/// Where chunks of the remote's packs lie here.
struct ToLocal<'l> {
    fetch: &'l Fetch<'l>,
    lists: Lists,
}

impl ToLocal<'_> {
    /// Whether all chunks of a blob are here. A pack whose list of chunks cannot be had counts as none.
    fn has_chunks_of(&self, find: &dyn FindBlobs, blob: (BlobId, u64)) -> Result<bool, SyncError> {
        for (pack, range) in chunks_of(self.fetch.state, find, blob)? {
            let rows = match self.chunks(pack) {
                Err(e) if e.is_theirs() => return Ok(false),
                rows => rows?.unwrap_or_else(|| Vec::new().into()),
            };
            let Some(wanted) = rows.get(range.start as usize..range.end as usize) else {
                return Ok(false);
            };
            for (address, _) in wanted {
                if self.fetch.store.catalog().find(PackKind::Data, address)?.is_none() {
                    return Ok(false);
                }
            }
        }
        Ok(true)
    }
}

impl Relocation for ToLocal<'_> {
    type Error = SyncError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, SyncError> {
        let read = || {
            let Fetch { remote, state, .. } = self.fetch;
            Ok::<_, SyncError>(relocate::chunks_of(&*listed_trailer(
                remote.transport,
                state,
                pack,
            )?))
        };
        self.lists.get(pack, read).map(Some)
    }

    fn place(&self, _: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, SyncError> {
        let found = self.fetch.store.catalog().find(PackKind::Data, &chunk.0)?;
        Ok(found.ok_or(StoreError::Missing(chunk.0))?)
    }
}
