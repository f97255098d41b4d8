//! How the blobs that a fetch wants lie on a remote: by its whole tables, or by parts of them.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use super::SyncError;
use super::chain::Remote;
use super::objects::Layouts;
use super::places::Index;
use super::reading::Reading;
use super::state::State;
use crate::catalog::Location;
use crate::id::{Address, BlobId, PackId};
use crate::pack::PackKind;
use crate::recipe::{Body, Page, Recipe, page_address};
use crate::store::read::{BlobPlace, BlobSource};

/// Finds how blobs lie on a remote.
pub trait FindBlobs: Sync {
    /// Whether a blob is there.
    fn has(&self, id: BlobId, size: u64) -> Result<bool, SyncError>;

    /// Where a blob lies that is one chunk there.
    fn chunk(&self, id: BlobId, size: u64) -> Result<Option<Location>, SyncError>;

    /// Visits the pages of the recipe of a blob of several chunks.
    fn for_each_page(
        &self,
        id: BlobId,
        size: u64,
        visit: &mut dyn FnMut(&Page),
    ) -> Result<(), SyncError>;

    /// The pages of a blob's recipe that are stored apart, then the recipe, with their addresses.
    fn layout(&self, id: BlobId, size: u64) -> Result<Vec<(Address, Vec<u8>)>, SyncError>;
}

/// By tables that are fetched whole and kept: for whoever wants much.
pub struct Whole<'w> {
    chunks: Index,
    layouts: Layouts<'w>,
}

impl<'w> Whole<'w> {
    /// Fetches the tables of a state that are not here yet.
    pub fn open(remote: &'w Remote<'w>, state: &'w State) -> Result<Self, SyncError> {
        let layouts = Layouts::new(remote, state)?;
        Ok(Self { chunks: Index::open(remote, state, PackKind::Data, None)?, layouts })
    }
}

impl Whole<'_> {
    /// Lets go of packs of recipes that were read, once they are many.
    pub(super) fn forget_packs(&self) {
        self.layouts.forget_packs();
    }

    /// The recipe of a blob of several chunks.
    pub fn recipe(&self, id: BlobId, size: u64) -> Result<Recipe, SyncError> {
        Ok(self.layouts.recipe(id, size)?.0)
    }

    /// A page of a recipe, not verified.
    pub fn page(&self, address: &Address) -> Result<Vec<u8>, SyncError> {
        self.layouts.page_at(address)
    }

    /// The packs that a blob lies in, those of its recipe too; `None` when it is not there.
    pub fn packs_of(&self, id: BlobId, size: u64) -> Result<Option<BTreeSet<PackId>>, SyncError> {
        match self.chunk(id, size)? {
            Some(at) => Ok(Some([at.pack].into())),
            None => self.layouts.packs_of(id, size),
        }
    }
}

impl FindBlobs for Whole<'_> {
    fn has(&self, id: BlobId, size: u64) -> Result<bool, SyncError> {
        Ok(self.chunk(id, size)?.is_some() || self.layouts.has(id)?)
    }

    fn chunk(&self, id: BlobId, size: u64) -> Result<Option<Location>, SyncError> {
        let found = self.chunks.find(&id.into())?;
        Ok(found.filter(|at| u64::from(at.place.raw_len) == size))
    }

    fn for_each_page(
        &self,
        id: BlobId,
        size: u64,
        visit: &mut dyn FnMut(&Page),
    ) -> Result<(), SyncError> {
        self.layouts.for_each_page(id, size, visit)
    }

    fn layout(&self, id: BlobId, size: u64) -> Result<Vec<(Address, Vec<u8>)>, SyncError> {
        let found = self.layouts.objects(id, size)?;
        Ok(found.into_iter().map(|found| (found.address, found.bytes)).collect())
    }
}

/// By ranged reads: for whoever wants little of much.
pub struct Ranged<'r> {
    reading: &'r Reading,
    /// What was found so far; nothing of a blob that is not there.
    found: Mutex<HashMap<BlobId, Option<Place>>>,
}

#[derive(Clone)]
enum Place {
    Chunk(Location),
    Recipe(Arc<Recipe>),
}

impl<'r> Ranged<'r> {
    /// Finds blobs at a root that is read without a clone.
    pub fn new(reading: &'r Reading) -> Self {
        Self { reading, found: Mutex::default() }
    }

    fn find(&self, id: BlobId, size: u64) -> Result<Option<Place>, SyncError> {
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = found.get(&id) {
            return Ok(place.clone());
        }
        let place = match self.reading.find_blob(id, size)? {
            Some(BlobPlace::Chunk(at)) => Some(Place::Chunk(at)),
            Some(BlobPlace::Recipe(recipe)) => Some(Place::Recipe(recipe)),
            Some(BlobPlace::Empty) | None => None,
        };
        found.insert(id, place.clone());
        Ok(place)
    }

    fn recipe(&self, id: BlobId, size: u64) -> Result<Arc<Recipe>, SyncError> {
        match self.find(id, size)? {
            Some(Place::Recipe(recipe)) => Ok(recipe),
            _ => Err(SyncError::damaged(format!("the recipe {id}"), "there is none")),
        }
    }

    /// The pages of a recipe that are stored apart.
    fn pages(&self, id: BlobId, recipe: &Recipe) -> Result<Vec<(Address, Vec<u8>)>, SyncError> {
        let Body::Paged(values) = &recipe.body else { return Ok(Vec::new()) };
        let page = |number: u64| {
            let address = page_address(id, number);
            let none = || SyncError::damaged(format!("page {number} of {id}"), "it is missing");
            Ok((address, self.reading.read_page(&address)?.ok_or_else(none)?))
        };
        (0..values.len() as u64).map(page).collect()
    }
}

impl FindBlobs for Ranged<'_> {
    fn has(&self, id: BlobId, size: u64) -> Result<bool, SyncError> {
        Ok(self.find(id, size)?.is_some())
    }

    fn chunk(&self, id: BlobId, size: u64) -> Result<Option<Location>, SyncError> {
        Ok(match self.find(id, size)? {
            Some(Place::Chunk(at)) => Some(at),
            _ => None,
        })
    }

    fn for_each_page(
        &self,
        id: BlobId,
        size: u64,
        visit: &mut dyn FnMut(&Page),
    ) -> Result<(), SyncError> {
        let recipe = self.recipe(id, size)?;
        if let Body::Inline(page) = &recipe.body {
            visit(page);
        }
        for (number, (_, bytes)) in (0..).zip(self.pages(id, &recipe)?) {
            visit(&Page::decode(&bytes, &recipe, number)?);
        }
        Ok(())
    }

    fn layout(&self, id: BlobId, size: u64) -> Result<Vec<(Address, Vec<u8>)>, SyncError> {
        let recipe = self.recipe(id, size)?;
        let mut objects = self.pages(id, &recipe)?;
        objects.push((id.into(), recipe.encode()));
        Ok(objects)
    }
}
