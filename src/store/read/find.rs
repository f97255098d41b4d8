//! Where blobs lie in a store, and on which packs they rest.

use std::collections::HashSet;
use std::sync::Arc;

use super::BlobPlace;
use crate::chunk::MAX_CHUNK_BYTES;
use crate::id::{BlobId, PackId};
use crate::pack::layout::PackKind;
use crate::recipe::{self, Body, Page, Recipe};
use crate::store::{Store, StoreError};

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
        let mut absent = Vec::new();
        for &(id, size) in blobs {
            if !self.had_blob(id, size)? {
                absent.push((id, size));
            }
        }
        Ok(absent)
    }

    /// As [`Store::has_blob`], by the list of packs as it was last taken: of a blob that is nowhere in it, the
    /// database is not asked whether there is a younger one.
    pub(in crate::store) fn had_blob(&self, id: BlobId, size: u64) -> Result<bool, StoreError> {
        let catalog = self.catalog();
        let is_listed = size == 0
            || catalog.find(PackKind::Data, &id.into())?.is_some()
            || catalog.find(PackKind::Layout, &id.into())?.is_some();
        Ok(is_listed && self.has_blob(id, size)?)
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
}
