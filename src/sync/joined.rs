//! A blob that a push has nothing of but its values: it is on the remote already, in spans that are blobs
//! of their own. Its recipe is put together of theirs, and names the packs that hold them.

use std::collections::BTreeSet;

use super::SyncError;
use super::lookup::{FindBlobs, Whole};
use crate::id::{Address, BlobId, PackId};
use crate::recipe::Value;
use crate::store::joining::Joining;

/// A blob in spans. Its values merge to `id`; the spans follow each other.
#[derive(Clone, Debug)]
pub struct Joined {
    /// The blob.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// Its spans, each with its length as [`span_bytes`](crate::store::joining::span_bytes) has it.
    pub spans: Vec<(BlobId, u64)>,
    /// Bytes of a group.
    pub group_bytes: u64,
    /// The value of each group: 32 bytes for `group_bytes` of the blob, all held at once.
    pub values: Vec<Value>,
}

/// The objects of a recipe, and the packs that they name.
pub(super) type Recipe = (Vec<(Address, Vec<u8>)>, BTreeSet<PackId>);

impl Joined {
    /// The blob's recipe there; nothing where one of the spans is missing, or lies in other groups.
    pub(super) fn recipe(&self, there: &Whole<'_>) -> Result<Option<Recipe>, SyncError> {
        let mut joining = Joining::new(self.group_bytes, &self.values);
        let mut packs = BTreeSet::new();
        for &(id, size) in &self.spans {
            let Some(found) = there.packs_of(id, size)? else { return Ok(None) };
            packs.extend(found);
            match there.chunk(id, size)? {
                Some(at) => joining.push_chunk(at),
                None if there.recipe(id, size)?.group_bytes() != self.group_bytes => {
                    return Ok(None);
                }
                None => there.for_each_page(id, size, &mut |page| joining.push_page(page))?,
            }
        }
        Ok(Some((joining.finish(self.id), packs)))
    }
}
