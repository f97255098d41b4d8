//! Putting packs on a remote: data first, then the recipes that name it, then history.
//!
//! A block that is wanted whole is copied as it is stored; of a block that holds anything else the
//! wanted chunks are compressed anew, so that nothing leaves the machine that was not asked for. Packs
//! are built in memory, one after the other, while earlier ones are on their way: at most
//! `uploads + 1` packs exist at a time.

mod sink;
mod wanted;

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::SyncError;
use super::cache::Cache;
use super::chain::Remote;
use super::elsewhere::{Elsewhere, Into, send_far, send_far_recipes};
use super::fold::Fold;
use super::joined::Joined;
use super::lookup::Whole;
use super::missing::Missing;
use super::objects::RemoteHistory;
use super::places::{Index, Own};
use super::session::Session;
use super::state::{PackRecord, State};
use crate::catalog::Location;
use crate::id::{Address, BlobId, CommitId, PackId, TagId, TreeId};
use crate::pack::{BlockBuf, BlockCodec, ChunkPlace, PackKind};
use crate::progress::{Cancel, Progress};
use crate::recipe::{Body, page_address};
use crate::remote::Transport;
use crate::store::joining::Object;
use crate::store::read::BlobPlace;
use crate::store::relocate::{Lists, PackChunks, Relocation, chunks_of, relocate};
use crate::store::{OpenPack, Store, StoreError};

pub(super) use sink::{Gathered, Sink, with_sink};
pub(super) use wanted::BlockPart;
pub use wanted::planned_data;
use wanted::{damaged_block, wanted_chunks};

/// Lists of chunks kept while recipes are written anew.
pub(super) const MAX_LISTS: usize = 64;

/// What an upload is given.
pub struct Upload<'u> {
    /// Where the objects are.
    pub store: &'u Store,
    /// Where those are that the store has not.
    pub elsewhere: &'u [Elsewhere<'u>],
    /// What is there in spans.
    pub joined: Option<Joinable<'u>>,
    /// Where commits, trees and tags are that the store has not.
    pub history: Option<&'u RemoteHistory<'u>>,
    /// Where they go.
    pub transport: &'u dyn Transport,
    /// Copies kept of it.
    pub cache: &'u Cache,
    /// The session whose packs they become part of.
    pub session: Session,
    /// Stop with the data that was sent once it is this long, or took so long.
    pub portion: Portion,
    /// How many packs are on their way at once, at least 1.
    pub uploads: usize,
    /// zstd level of blocks that are compressed anew.
    pub level: i32,
    /// Told of bytes.
    pub progress: &'u dyn Progress,
    /// Asked between two blocks.
    pub cancel: &'u Cancel,
}

/// Blobs that are on the remote in spans, and where these are found.
#[derive(Clone, Copy)]
pub struct Joinable<'u> {
    /// The blobs.
    pub blobs: &'u [Joined<'u>],
    /// Where they are.
    pub remote: &'u Remote<'u>,
    /// The state that has the spans.
    pub state: &'u State,
}

impl Joinable<'_> {
    /// Visits the objects of the recipes of some of the blobs.
    fn for_each_object(
        &self,
        wanted: &[BlobId],
        visit: &mut dyn FnMut(Object) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        if wanted.is_empty() {
            return Ok(());
        }
        let there = Whole::open(self.remote, self.state)?;
        let blobs = self.blobs.iter().filter(|joined| wanted.contains(&joined.id));
        for joined in blobs {
            joined.for_each_object(&there, visit)?;
        }
        Ok(())
    }
}

/// How much of a long push one session sends.
#[derive(Clone, Copy, Debug)]
pub struct Portion {
    /// In bytes.
    pub bytes: u64,
    /// Or so long.
    pub time: Duration,
}

impl Portion {
    /// As much as there is.
    pub const ALL: Self = Self { bytes: u64::MAX, time: Duration::MAX };
}

/// What an upload came to.
#[derive(Debug, Default)]
pub struct Uploaded {
    /// Packs of the remote that hold chunks which were left out, or that recipes name.
    pub relied: BTreeSet<PackId>,
    /// Only a portion of the data was sent, and nothing else.
    pub is_portion: bool,
}

/// Uploads what is missing and not there yet, and what `fold` takes in of small packs that are there;
/// `answered` is told of each pack the remote has taken.
///
pub fn upload_packs(
    upload: &Upload<'_>,
    missing: &Missing,
    present: &Index,
    own: &mut Own,
    mut fold: Option<Fold<'_>>,
    answered: &mut dyn FnMut(PackId, PackRecord) -> Result<(), SyncError>,
) -> Result<Uploaded, SyncError> {
    with_sink(upload, own, answered, |sink| {
        let mut relied = RefCell::<BTreeSet<PackId>>::default();
        let mut codec = BlockCodec::new(upload.level, true)?;
        let codec = &mut codec;
        let mut gathered = Gathered::default();
        let is_sent = send_data(sink, codec, &mut gathered, missing, present, &relied)?;
        let elsewhere = upload.elsewhere;
        let far = match is_sent {
            true => {
                let gathered = &mut gathered;
                let mut to = Into { sink, codec, gathered, present, relied: &relied };
                send_far(elsewhere, &missing.far, &mut to)?
            }
            false => None,
        };
        let Some(far) = far else {
            sink.end(PackKind::Data, codec, &mut gathered)?;
            return Ok(Uploaded { relied: relied.into_inner(), is_portion: true });
        };
        if let Some(fold) = &mut fold {
            fold.take_in(sink, codec, &mut gathered, PackKind::Data)?;
        }
        sink.end(PackKind::Data, codec, &mut gathered)?;
        send_recipes(sink, codec, &mut gathered, missing, present, &relied)?;
        if let Some(joined) = &upload.joined {
            joined.for_each_object(&missing.joined, &mut |(address, bytes)| {
                if sink.own.find(PackKind::Layout, &address).is_none() {
                    sink.gather(PackKind::Layout, codec, &mut gathered, (address, &bytes))?;
                }
                Ok(())
            })?;
        }
        let gathered_now = &mut gathered;
        let mut to = Into { sink, codec, gathered: gathered_now, present, relied: &relied };
        send_far_recipes(elsewhere, &far, &mut to)?;
        if let Some(fold) = &mut fold {
            fold.take_in_recipes(sink, codec, &mut gathered, relied.get_mut())?;
        }
        sink.end(PackKind::Layout, codec, &mut gathered)?;
        send_history(sink, codec, &mut gathered, missing)?;
        if let Some(fold) = &mut fold {
            fold.take_in(sink, codec, &mut gathered, PackKind::History)?;
        }
        sink.end(PackKind::History, codec, &mut gathered)?;
        Ok(Uploaded { relied: relied.into_inner(), is_portion: false })
    })
}

/// Sends data; says whether that was all of it.
fn send_data(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    missing: &Missing,
    present: &Index,
    relied: &RefCell<BTreeSet<PackId>>,
) -> Result<bool, SyncError> {
    let store = sink.upload.store;
    let wanted = wanted_chunks(store, missing)?;
    let mut buf = BlockBuf::new();
    for (pack, chunks) in &wanted {
        if sink.is_portion_sent() {
            return Ok(false);
        }
        let open = store.open_pack(*pack)?;
        let fail = |e| StoreError::pack(&store.paths().pack(*pack), e);
        let trailer = open.read_trailer().map_err(fail)?;
        for part in BlockPart::all(&trailer, chunks) {
            let mut needed = Vec::new();
            for &(index, address) in &part.wanted {
                if sink.own.find(PackKind::Data, &address).is_some() {
                    continue;
                }
                match present.find(&address)? {
                    Some(at) => drop(relied.borrow_mut().insert(at.pack)),
                    None => needed.push((index, address)),
                }
            }
            if !needed.is_empty() {
                let from = (*pack, &*open, &mut buf);
                send_block(sink, codec, gathered, from, &part, &needed)?;
            }
        }
    }
    Ok(true)
}

/// Sends a block that is wanted whole as it is stored; of another one the chunks that are needed.
fn send_block(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    (pack, open, buf): (PackId, &OpenPack, &mut BlockBuf),
    part: &BlockPart,
    needed: &[(usize, Address)],
) -> Result<(), SyncError> {
    let store = sink.upload.store;
    let fail = |e| store.block_error(pack, part.offset, e);
    if part.is_whole {
        let block = open.read_compressed(part.offset, buf).map_err(fail)?;
        if block.hash != part.hash {
            return Err(damaged_block(store, pack, part.offset));
        }
        return sink.append(PackKind::Data, block, &part.chunks);
    }
    let raw = open.read_block(part.offset, buf).map_err(fail)?;
    for &(index, address) in needed {
        let bytes = part.bytes_of(index, raw);
        if blake3::hash(bytes).as_bytes() != address.as_bytes() {
            return Err(damaged_block(store, pack, part.offset));
        }
        sink.gather(PackKind::Data, codec, gathered, (address, bytes))?;
    }
    Ok(())
}

/// Where chunks of packs that lie elsewhere, here or on another remote, lie on the remote.
pub(super) struct ToRemote<'m> {
    /// The chunks of such a pack.
    pub(super) read: &'m dyn Fn(PackId) -> Result<PackChunks, SyncError>,
    pub(super) own: &'m Own,
    pub(super) present: &'m Index,
    pub(super) relied: &'m RefCell<BTreeSet<PackId>>,
    pub(super) lists: &'m Lists,
}

impl Relocation for ToRemote<'_> {
    type Error = SyncError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, SyncError> {
        self.lists.get(pack, || (self.read)(pack)).map(Some)
    }

    fn place(&self, _: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, SyncError> {
        if let Some(at) = self.own.find(PackKind::Data, &chunk.0) {
            return Ok(at);
        }
        let at = self.present.find(&chunk.0)?.ok_or(StoreError::Missing(chunk.0))?;
        self.relied.borrow_mut().insert(at.pack);
        Ok(at)
    }
}

fn send_recipes(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    missing: &Missing,
    present: &Index,
    relied: &RefCell<BTreeSet<PackId>>,
) -> Result<(), SyncError> {
    let store = sink.upload.store;
    let lists = Lists::new(MAX_LISTS);
    let read = |pack: PackId| {
        let fail = |e| StoreError::pack(&store.paths().pack(pack), e);
        Ok(chunks_of(&store.open_pack(pack)?.read_trailer().map_err(fail)?))
    };
    for &(id, size) in &missing.blobs {
        let Some(BlobPlace::Recipe(recipe)) = store.find_blob(id, size)? else { continue };
        if sink.own.find(PackKind::Layout, &id.into()).is_some() {
            continue;
        }
        let pages = match &recipe.body {
            Body::Inline(_) => 0,
            Body::Paged(values) => values.len() as u64,
        };
        let addresses = (0..pages).map(|number| page_address(id, number)).chain([id.into()]);
        for address in addresses {
            let bytes = store.read_object(PackKind::Layout, &address)?;
            let bytes = bytes.ok_or(StoreError::Missing(address))?;
            let to = ToRemote { read: &read, own: sink.own, present, relied, lists: &lists };
            let bytes = relocate(&bytes, &to)?.unwrap_or(bytes);
            sink.gather(PackKind::Layout, codec, gathered, (address, &bytes))?;
        }
    }
    Ok(())
}

fn send_history(
    sink: &mut Sink<'_, '_>,
    codec: &mut BlockCodec,
    gathered: &mut Gathered,
    missing: &Missing,
) -> Result<(), SyncError> {
    let store = sink.upload.store;
    let trees = missing.trees.iter().map(|id| (Address::from(*id), Kind::Tree));
    let commits = missing.commits.iter().map(|id| (Address::from(*id), Kind::Commit));
    let tags = missing.tags.iter().map(|id| (Address::from(*id), Kind::Tag));
    let mut sent = HashSet::new();
    for (address, kind) in trees.chain(commits).chain(tags) {
        if !sent.insert(address) || sink.own.find(PackKind::History, &address).is_some() {
            continue;
        }
        let there = sink.upload.history.map(|history| history.fetched(&address));
        let bytes = match there.transpose()?.flatten() {
            None => store.read_object(PackKind::History, &address)?,
            found => found,
        };
        let bytes = bytes.ok_or(StoreError::Missing(address))?;
        if kind.address_of(&bytes) != address {
            let why = "its bytes have another hash".to_owned();
            return Err(StoreError::Damaged { what: format!("object {address}"), why }.into());
        }
        sink.gather(PackKind::History, codec, gathered, (address, &bytes))?;
    }
    Ok(())
}

enum Kind {
    Tree,
    Commit,
    Tag,
}

impl Kind {
    fn address_of(&self, bytes: &[u8]) -> Address {
        match self {
            Self::Tree => TreeId::of(bytes).into(),
            Self::Commit => CommitId::of(bytes).into(),
            Self::Tag => TagId::of(bytes).into(),
        }
    }
}
