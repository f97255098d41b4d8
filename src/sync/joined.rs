//! A blob that a push has nothing of but its values: it is on the remote already, in spans that are blobs
//! of their own. Its recipe is put together of theirs, and names the packs that hold them.

use std::collections::BTreeSet;
use std::fmt;

use super::SyncError;
use super::lookup::{FindBlobs, Whole};
use crate::id::{BlobId, PackId};
use crate::recipe::Value;
use crate::store::joining::{Joining, Object};

/// Where the values of a blob's groups are noted.
pub trait SpanValues: Sync {
    /// Those of the groups in a span, which is counted from 0: 32 bytes for `group_bytes` of it.
    fn of_span(&self, number: usize) -> Result<Vec<Value>, SyncError>;
}

/// A blob in spans. Its values merge to `id`; the spans follow each other.
#[derive(Clone)]
pub struct Joined<'j> {
    /// The blob.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// Its spans, each with its length as [`span_bytes`](crate::store::joining::span_bytes) has it.
    pub spans: Vec<(BlobId, u64)>,
    /// Bytes of a group.
    pub group_bytes: u64,
    /// The value of each group; those of a span are read when its recipe is.
    pub values: &'j dyn SpanValues,
}

impl fmt::Debug for Joined<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {} spans", self.id, self.spans.len())
    }
}

impl Joined<'_> {
    /// The packs that its recipe names, and those of its spans' recipes; nothing where one of the spans is
    /// missing, or lies in other groups.
    pub(super) fn packs(&self, there: &Whole<'_>) -> Result<Option<BTreeSet<PackId>>, SyncError> {
        let mut packs = BTreeSet::new();
        for &(id, size) in &self.spans {
            let Some(found) = there.packs_of(id, size)? else { return Ok(None) };
            packs.extend(found);
            if there.chunk(id, size)?.is_none()
                && there.recipe(id, size)?.group_bytes() != self.group_bytes
            {
                return Ok(None);
            }
            there.forget_packs();
        }
        Ok(Some(packs))
    }

    /// Visits the objects of the recipe, the recipe itself last; holds those of a span at a time.
    pub(super) fn for_each_object(
        &self,
        there: &Whole<'_>,
        visit: &mut dyn FnMut(Object) -> Result<(), SyncError>,
    ) -> Result<(), SyncError> {
        let mut joining = Joining::new(self.id, self.size, self.group_bytes);
        for (number, &(id, size)) in self.spans.iter().enumerate() {
            joining.begin_span(&self.values.of_span(number)?);
            let mut objects = Vec::new();
            match there.chunk(id, size)? {
                Some(at) => objects.extend(joining.push_chunk(at)),
                None => there.for_each_page(id, size, &mut |page| {
                    objects.extend(joining.push_page(page));
                })?,
            }
            objects.into_iter().try_for_each(&mut *visit)?;
            there.forget_packs();
        }
        joining.finish().into_iter().try_for_each(visit)
    }
}
