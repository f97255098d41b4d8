//! What is needed: one bit for each chunk of each pack, set by a walk from the roots.
//!
//! A chunk is marked where readers would find it: of several copies the one [`Store::find_live`] gives,
//! and those that recipes name. Nothing but the bits and the walk's own stack is kept, so that memory grows
//! by an eighth of a byte a chunk. An object that is missing or damaged ends the walk: what lies
//! behind it could not be told from garbage.

use std::collections::hash_map::Entry;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::Range;

use crate::chunk::MAX_CHUNK_BYTES;
use crate::db::{Absent, PackState};
use crate::id::{Address, BlobId, CommitId, PackId, TagId, TreeId};
use crate::object::commit::Commit;
use crate::object::tag::Tag;
use crate::object::tree::{self, EntryValue, Node};
use crate::pack::layout::PackKind;
use crate::progress::Cancel;
use crate::recipe::{Body, Page, Recipe, Run, page_address};
use crate::store::{Store, StoreError};

/// The bits of one pack.
#[derive(Default)]
struct Bits {
    words: Vec<u64>,
    marked: u64,
}

impl Bits {
    fn set(&mut self, index: u32) -> bool {
        let (word, bit) = (index as usize / 64, 1 << (index % 64));
        let Some(word) = self.words.get_mut(word) else { return false };
        let is_new = *word & bit == 0;
        *word |= bit;
        self.marked += u64::from(is_new);
        is_new
    }

    fn get(&self, index: u32) -> bool {
        self.words.get(index as usize / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }
}

/// Which chunks of which packs are needed.
#[derive(Default)]
pub(super) struct Marks(HashMap<PackId, Bits>);

impl Marks {
    /// How many chunks of a pack are needed.
    pub(super) fn count(&self, pack: PackId) -> u64 {
        self.0.get(&pack).map_or(0, |bits| bits.marked)
    }

    /// Whether a chunk of a pack is needed.
    pub(super) fn has(&self, pack: PackId, index: u32) -> bool {
        self.0.get(&pack).is_some_and(|bits| bits.get(index))
    }

    /// The packs of which something is needed.
    pub(super) fn packs(&self) -> impl Iterator<Item = &PackId> {
        self.0.keys()
    }

    /// Whether some of these chunks of a pack are needed.
    pub(super) fn has_any(&self, pack: PackId, mut chunks: Range<u32>) -> bool {
        self.0.get(&pack).is_some_and(|bits| chunks.any(|index| bits.get(index)))
    }

    /// The bits of a live pack, made when it is first met.
    fn of(&mut self, store: &Store, pack: PackId) -> Result<&mut Bits, StoreError> {
        match self.0.entry(pack) {
            Entry::Occupied(slot) => Ok(slot.into_mut()),
            Entry::Vacant(slot) => {
                let row = store.db.read(|view| view.pack(pack))?;
                let row = row.filter(|row| row.state == PackState::Live);
                let row = row.ok_or_else(|| {
                    damaged(&pack, "a recipe names it, and it does not count any more")
                })?;
                let words = vec![0; (row.chunks as usize).div_ceil(64)];
                Ok(slot.insert(Bits { words, marked: 0 }))
            }
        }
    }
}

/// Where a walk starts.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct GcRoots {
    /// Commits of refs, HEADs and work under way.
    pub commits: Vec<CommitId>,
    /// Commits of reflogs: one that is gone already is passed over.
    pub old_commits: Vec<CommitId>,
    /// Tag objects.
    pub tags: Vec<TagId>,
    /// Staged trees.
    pub trees: Vec<TreeId>,
    /// Contents of files, and their sizes.
    pub blobs: Vec<(BlobId, u64)>,
    /// What may be the address of an object of the history.
    pub maybe: Vec<Address>,
    /// Commits whose trees are not needed for their sake.
    pub forgotten: BTreeSet<CommitId>,
    /// Commits that running sessions are about to name, if they are whole.
    pub held: Vec<CommitId>,
    /// Commits whose files may be missing, since a remote has them; and those before them.
    pub promised: Vec<CommitId>,
    /// Commits whose parents were not fetched.
    pub shallow: BTreeSet<CommitId>,
}

/// Sets the marks.
pub(super) struct Marker<'m> {
    store: Store,
    cancel: &'m Cancel,
    pub(super) marks: Marks,
    commits: Vec<CommitId>,
    trees: Vec<TreeId>,
    /// Commits that are marked and whose trees are not.
    skipped: HashSet<CommitId>,
    /// Where a blob lies both as one chunk and as several, the younger is needed.
    youngest: bool,
    /// Blobs larger than so many bytes, where they are wanted.
    large: Option<(u64, HashSet<(BlobId, u64)>)>,
    /// Commits met by this walk, where it must also go through what is marked already.
    met: Option<HashSet<CommitId>>,
    /// Whether what is met is reached from promised commits.
    in_promise: bool,
    /// Blobs that are here and count as not being.
    evicted: HashSet<BlobId>,
    /// Blobs that are not here and are promised, with their sizes.
    pub(super) promised: HashMap<BlobId, u64>,
    /// Blobs that are not here and were met elsewhere.
    lacking: HashMap<BlobId, u64>,
    shallow: BTreeSet<CommitId>,
    /// Whether a walk ended at a commit whose parents were not fetched.
    is_cut: bool,
}

impl<'m> Marker<'m> {
    /// A walk that reads through `store`, which nobody else uses.
    pub(super) fn new(store: Store, cancel: &'m Cancel) -> Self {
        let (marks, commits, trees) = (Marks::default(), Vec::new(), Vec::new());
        let (skipped, met, youngest, large) = (HashSet::new(), None, false, None);
        let (promised, lacking) = (HashMap::new(), HashMap::new());
        let (in_promise, shallow, is_cut) = (false, BTreeSet::new(), false);
        Self {
            store,
            cancel,
            marks,
            commits,
            trees,
            skipped,
            youngest,
            large,
            met,
            in_promise,
            evicted: HashSet::new(),
            promised,
            lacking,
            shallow,
            is_cut,
        }
    }

    /// Marks of a blob that lies both as one chunk and as several the younger, in place of the one that
    /// readers take as long as it is there.
    pub(super) fn youngest(self, youngest: bool) -> Self {
        Self { youngest, ..self }
    }

    /// Does not mark some blobs, which a remote has.
    pub(super) fn without(self, evicted: HashSet<BlobId>) -> Self {
        Self { evicted, ..self }
    }

    /// All blobs larger than `bytes` that `roots` reach.
    pub(super) fn blobs_above(
        mut self,
        bytes: u64,
        roots: &GcRoots,
    ) -> Result<HashSet<(BlobId, u64)>, StoreError> {
        self.large = Some((bytes, HashSet::new()));
        self.mark(roots)?;
        Ok(self.large.map(|(_, blobs)| blobs).unwrap_or_default())
    }

    /// Marks all that `roots` reach and that was not marked before.
    pub(super) fn mark(&mut self, roots: &GcRoots) -> Result<(), StoreError> {
        self.store.refresh()?;
        // What others have forgotten these roots may need.
        let is_cut = self.is_cut && self.store.shared().is_some();
        self.met = (is_cut || !self.skipped.is_empty()).then(HashSet::new);
        // Of another repository on the store it is for that to say what is elsewhere on purpose.
        self.store.set_absent(Absent {
            promised: roots.promised.iter().map(|id| (*id, String::new())).collect(),
            shallow: roots.shallow.clone(),
        });
        self.shallow.clone_from(&roots.shallow);
        // First, so that of what may be missing as little as can be is met on another way.
        self.commits.extend(&roots.promised);
        self.in_promise = true;
        self.walk(&roots.forgotten)?;
        self.in_promise = false;
        for id in &roots.tags {
            let bytes = self.enter(PackKind::History, (*id).into())?;
            if let Some(bytes) = bytes {
                let tag = Tag::decode(checked(&bytes, TagId::of(&bytes) == *id, id)?);
                self.commits.push(tag.map_err(|e| damaged(id, e))?.target);
            }
        }
        self.commits.extend(&roots.commits);
        for id in &roots.old_commits {
            let is_there = self.store.catalog().find(PackKind::History, &(*id).into())?.is_some();
            self.commits.extend(is_there.then_some(*id));
        }
        self.trees.extend(&roots.trees);
        for (id, size) in &roots.blobs {
            self.blob(*id, *size)?;
        }
        for address in &roots.maybe {
            self.guess(*address)?;
        }
        self.walk(&roots.forgotten)?;
        roots.held.iter().try_for_each(|id| self.held(*id, roots))?;
        self.settle_lacking()
    }

    /// What is missing and was not met below a promised commit must be promised all the same, or is lost.
    fn settle_lacking(&mut self) -> Result<(), StoreError> {
        self.lacking.retain(|id, _| !self.promised.contains_key(id));
        if self.lacking.is_empty() {
            return Ok(());
        }
        let mut left: HashSet<BlobId> = self.lacking.keys().copied().collect();
        self.store.strike_promised(&mut left, self.cancel)?;
        match left.into_iter().min() {
            Some(lost) => Err(StoreError::Missing(lost.into())),
            None => {
                self.promised.extend(self.lacking.drain());
                Ok(())
            }
        }
    }

    /// Marks what a commit reaches that a session holds. One that is not whole gets no name, as the
    /// session finds out too; marks it must have none: a part of them would hide from a later walk what
    /// lies behind.
    fn held(&mut self, id: CommitId, roots: &GcRoots) -> Result<(), StoreError> {
        let at = self.store.catalog().find(PackKind::History, &id.into())?;
        let Some(at) = at else { return Ok(()) };
        // Unless another repository on the store has forgotten or not fetched something: then what is
        // marked may be so without its trees, or without what came before.
        if self.met.is_none() && self.marks.has(at.pack, at.place.chunk) {
            return Ok(());
        }
        if self.store.has_all_beside(id, roots, self.cancel)? {
            self.commits.push(id);
            self.walk(&roots.forgotten)?;
        }
        Ok(())
    }

    fn walk(&mut self, forgotten: &BTreeSet<CommitId>) -> Result<(), StoreError> {
        loop {
            self.cancel.check()?;
            // Trees first: the stack stays as small as one commit's folders.
            if let Some(id) = self.trees.pop() {
                self.tree(id)?;
            } else if let Some(id) = self.commits.pop() {
                self.commit(id, forgotten)?;
            } else {
                return Ok(());
            }
        }
    }

    /// Takes as a root whatever object of the history has this address.
    fn guess(&mut self, address: Address) -> Result<(), StoreError> {
        if self.store.catalog().find(PackKind::History, &address)?.is_none() {
            return Ok(());
        }
        let Some(bytes) = self.store.read_object(PackKind::History, &address)? else {
            return Ok(());
        };
        let (commit, tree) = (CommitId::of(&bytes), TreeId::of(&bytes));
        if Address::from(commit) == address {
            self.commits.push(commit);
        } else if Address::from(tree) == address {
            self.trees.push(tree);
        }
        Ok(())
    }

    fn commit(&mut self, id: CommitId, forgotten: &BTreeSet<CommitId>) -> Result<(), StoreError> {
        let is_met_first = self.met.as_mut().is_some_and(|met| met.insert(id));
        let entered = self.enter(PackKind::History, id.into())?;
        let is_new = entered.is_some();
        let bytes = match entered {
            Some(bytes) => bytes,
            None if is_met_first => self.read(PackKind::History, id.into())?,
            None => return Ok(()),
        };
        let commit = Commit::decode(checked(&bytes, CommitId::of(&bytes) == id, &id)?);
        let commit = commit.map_err(|e| damaged(&id, e))?;
        match self.shallow.contains(&id) {
            true => self.is_cut = true,
            false => self.commits.extend(commit.parents),
        }
        if !forgotten.contains(&id) {
            self.skipped.remove(&id);
            self.trees.push(commit.tree);
            self.trees.extend(commit.attributes);
        } else if is_new {
            self.skipped.insert(id);
        }
        Ok(())
    }

    fn tree(&mut self, id: TreeId) -> Result<(), StoreError> {
        let Some(bytes) = self.enter(PackKind::History, id.into())? else { return Ok(()) };
        let node = Node::decode(checked(&bytes, TreeId::of(&bytes) == id, &id)?);
        match node.map_err(|e| damaged(&id, e))? {
            Node::Inner { children, .. } => self.trees.extend(children.iter().map(|c| c.id)),
            Node::Leaf(entries) => entries.iter().try_for_each(|entry| self.entry(entry))?,
        }
        Ok(())
    }

    fn entry(&mut self, entry: &tree::Entry) -> Result<(), StoreError> {
        match entry.value {
            EntryValue::Directory { id, .. } => self.trees.push(id),
            EntryValue::File { id, size, .. } => self.blob(id, size)?,
            EntryValue::Symlink { .. } => {}
        }
        Ok(())
    }

    fn blob(&mut self, id: BlobId, size: u64) -> Result<(), StoreError> {
        if size == 0 {
            return Ok(());
        }
        if self.evicted.contains(&id) {
            self.promised.insert(id, size);
            return Ok(());
        }
        if let Some((above, blobs)) = &mut self.large
            && size > *above
        {
            blobs.insert((id, size));
        }
        if size <= u64::from(MAX_CHUNK_BYTES)
            && let Some(at) = self.store.catalog().find(PackKind::Data, &id.into())?
            && !(self.youngest && self.has_younger_recipe(id, at.pack)?)
        {
            self.marks.of(&self.store, at.pack)?.set(at.place.chunk);
            return Ok(());
        }
        if self.in_promise || !self.store.absent().promised.is_empty() {
            // A recipe may be left whose data was let go of: see `Plan::fixed`.
            if !self.store.had_blob(id, size)? {
                let absent = if self.in_promise { &mut self.promised } else { &mut self.lacking };
                absent.insert(id, size);
                if let Some((_, blobs)) = &mut self.large {
                    blobs.remove(&(id, size));
                }
                return Ok(());
            }
        }
        let Some(bytes) = self.enter(PackKind::Layout, id.into())? else { return Ok(()) };
        let recipe = Recipe::decode(&bytes)?;
        match &recipe.body {
            Body::Inline(page) => self.page(page),
            Body::Paged(values) => (0..values.len() as u64).try_for_each(|number| {
                let address = page_address(id, number);
                match self.enter(PackKind::Layout, address)? {
                    Some(bytes) => self.page(&Page::decode(&bytes, &recipe, number)?),
                    None => Ok(()),
                }
            }),
        }
    }

    fn has_younger_recipe(&self, id: BlobId, pack: PackId) -> Result<bool, StoreError> {
        let recipe = self.store.find_live(PackKind::Layout, &id.into())?;
        Ok(recipe.is_some_and(|at| at.pack > pack))
    }

    fn page(&mut self, page: &Page) -> Result<(), StoreError> {
        for run in &page.runs {
            let Run::Stored(run) = run else { continue };
            let pack = page.packs[run.pack as usize];
            let bits = self.marks.of(&self.store, pack)?;
            let end = run.first_chunk.saturating_add(run.count);
            for index in run.first_chunk..end {
                bits.set(index);
            }
        }
        Ok(())
    }

    /// Marks an object and gives its bytes; nothing when it was marked before.
    fn enter(&mut self, kind: PackKind, address: Address) -> Result<Option<Vec<u8>>, StoreError> {
        let at = self.store.find_live(kind, &address)?.ok_or(StoreError::Missing(address))?;
        match self.marks.of(&self.store, at.pack)?.set(at.place.chunk) {
            true => self.read(kind, address).map(Some),
            false => Ok(None),
        }
    }

    fn read(&self, kind: PackKind, address: Address) -> Result<Vec<u8>, StoreError> {
        self.store.read_object(kind, &address)?.ok_or(StoreError::Missing(address))
    }
}

fn checked<'b>(
    bytes: &'b [u8],
    is_right: bool,
    id: &impl ToString,
) -> Result<&'b [u8], StoreError> {
    if is_right { Ok(bytes) } else { Err(damaged(id, "its bytes have another hash")) }
}

fn damaged(id: &impl ToString, why: impl ToString) -> StoreError {
    StoreError::Damaged { what: format!("object {}", id.to_string()), why: why.to_string() }
}
