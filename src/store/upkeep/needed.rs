//! How much of the store some roots need.

use std::collections::HashSet;
use std::path::PathBuf;

use super::copy::open;
use super::mark::{GcRoots, Marker, Marks};
use super::roots::of_another;
use crate::db::PackRow;
use crate::id::{Address, BlobId, PackId};
use crate::pack::reader::BlockBuf;
use crate::progress::Cancel;
use crate::recipe;
use crate::store::shared::Unseen;
use crate::store::{Store, StoreError};

/// What a repository lets go of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Freed {
    /// Bytes that nothing needs any more.
    pub bytes: u64,
    /// Other repositories on the store, by their `.esker`, and how many bytes each needs all the same.
    pub kept: Vec<(PathBuf, u64)>,
    /// Those that could not be asked.
    pub unseen: Vec<Unseen>,
}

impl Store {
    /// Bytes of the store that `before` needs and `after` does not, which must be a part of it. A block
    /// counts whole, as a collection keeps it. What other repositories on a shared store need stays.
    pub fn freed_between(
        &self,
        before: &GcRoots,
        after: &GcRoots,
        cancel: &Cancel,
    ) -> Result<Freed, StoreError> {
        let freed_beside = |others: &[(PathBuf, GcRoots)]| {
            let mut marker = Marker::new(self.reopen()?, cancel);
            marker.mark(after)?;
            for (path, roots) in others {
                marker.mark(roots).map_err(|e| of_another(path, e))?;
            }
            let kept = self.needed_bytes(&marker.marks)?;
            marker.mark(before)?;
            Ok::<_, StoreError>(self.needed_bytes(&marker.marks)?.saturating_sub(kept))
        };
        let alone = freed_beside(&[])?;
        let Some(shared) = self.shared() else {
            return Ok(Freed { bytes: alone, ..Freed::default() });
        };
        let others = shared.others()?;
        let mut kept = Vec::new();
        for other in &others.roots {
            let bytes = alone.saturating_sub(freed_beside(std::slice::from_ref(other))?);
            if bytes > 0 {
                kept.push((other.0.clone(), bytes));
            }
        }
        Ok(Freed { bytes: freed_beside(&others.roots)?, kept, unseen: others.unseen })
    }

    /// The blobs that `roots` reach and that are larger than `bytes`, in the order of their ids, and their
    /// sizes.
    pub fn blobs_above(
        &self,
        bytes: u64,
        roots: &GcRoots,
        cancel: &Cancel,
    ) -> Result<Vec<(BlobId, u64)>, StoreError> {
        let found = Marker::new(self.reopen()?, cancel).blobs_above(bytes, roots)?;
        let mut blobs: Vec<_> = found.into_iter().collect();
        blobs.sort_unstable();
        Ok(blobs)
    }

    fn needed_bytes(&self, marks: &Marks) -> Result<u64, StoreError> {
        let packs = self.db.read(|view| view.live_packs())?;
        packs.iter().try_fold(0, |sum, pack| {
            let kept = match marks.count(pack.id) {
                0 => 0,
                count if count == pack.chunks => pack.bytes,
                _ => kept_bytes(self, marks, pack)?,
            };
            Ok(sum + kept)
        })
    }
}

/// What a pack would take with only the blocks of which something is needed.
pub(super) fn kept_bytes(store: &Store, marks: &Marks, row: &PackRow) -> Result<u64, StoreError> {
    let (pack, trailer) = open(store, row.id)?;
    let (mut first, mut blocks, mut chunks) = (0, 0, 0);
    for block in trailer.blocks() {
        let range = first..first + block.chunks;
        first = range.end;
        if marks.has_any(row.id, range) {
            blocks += u64::from(block.header().file_len());
            chunks += u64::from(block.chunks);
        }
    }
    let lists = row.bytes - u64::from(pack.blocks_end());
    Ok((blocks + lists * chunks / row.chunks.max(1)).min(row.bytes))
}

/// The packs that wanted recipes and pages in these layout packs name.
pub(super) fn packs_named_in(
    store: &Store,
    marks: &Marks,
    layouts: &[PackId],
    cancel: &Cancel,
) -> Result<HashSet<PackId>, StoreError> {
    let (mut named, mut buf) = (HashSet::new(), BlockBuf::new());
    for &id in layouts {
        cancel.check()?;
        let (pack, trailer) = open(store, id)?;
        let mut index = 0;
        for (block, chunks) in trailer.blocks_with_chunks() {
            let mut objects = Vec::new();
            let take = |_: &Address, bytes: &[u8]| {
                if marks.has(id, index) {
                    objects.push(recipe::packs_named(bytes));
                }
                index += 1;
                true
            };
            pack.check_block(block, chunks, &mut buf, take)
                .map_err(|e| store.block_error(id, block.offset, e))?;
            for packs in objects {
                named.extend(packs?);
            }
        }
    }
    Ok(named)
}
