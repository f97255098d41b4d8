//! The trees of what was found in the worktree, built on those of the stage.

use std::collections::HashSet;

use super::{ReadValues, StepError};
use crate::id::{PackId, TreeId};
use crate::object::access::WriteObjects;
use crate::object::paths::{Memory, ReadThrough, WriteThrough, edit_paths};
use crate::object::prolly::{self, Subtree};
use crate::object::tree::{EntryValue, Totals};
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::store::StoreError;
use crate::store::objects::ObjectWriter;
use crate::worktree::compare::{self, Comparison, Taken};

/// The root of what was found, and the files and bytes in it where they are known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Root {
    pub(super) id: TreeId,
    pub(super) holds: Option<(u64, u64)>,
}

impl Root {
    fn of(subtree: &Subtree) -> Self {
        let Totals { files, bytes, .. } = subtree.totals;
        Self { id: subtree.id, holds: Some((files, bytes)) }
    }
}

/// Builds the trees of what was found, on those of the stage.
pub(super) fn build_tree(
    repo: &Repo,
    state: &WorkState,
    taken: Taken,
    values: &ReadValues<'_>,
    writer: &mut ObjectWriter<'_>,
) -> Result<Root, StepError> {
    let (scan, comparison) = (values.scan, values.comparison);
    let memory = Memory::default();
    let is_whole = scan.dirs.first().is_some_and(|d| d.path.is_root() && d.is_complete);
    let is_simple = is_whole && comparison.missing.is_empty();
    let read = ReadThrough { read: &repo.store, memory: &memory };
    Ok(if is_simple {
        let tops =
            compare::build(scan, comparison, taken, &repo.store, writer, |f| values.value(f))?;
        root_of(tops, state, writer)?
    } else {
        let mut out = WriteThrough { out: writer, memory: &memory };
        let tops = compare::build(scan, comparison, taken, &read, &mut out, |f| values.value(f))?;
        let (mut base, mut edits) = (state.staged_tree(), Vec::new());
        if is_whole {
            base = Some(root_of(tops, state, &mut out)?.id);
        } else {
            edits.extend(tops.into_iter().filter_map(|(p, v)| v.map(|v| (p, Some(v)))));
        }
        if taken.removed {
            edits.extend(comparison.missing.iter().map(|(p, _)| (p.clone(), None)));
        }
        Root::of(&edit_paths(&read, base, edits, &mut out)?)
    })
}

/// The packs of files that are known to be stored without having been read, and are not in the tree:
/// nothing names them until the stage does.
pub(super) fn packs_of_known(
    repo: &Repo,
    comparison: &Comparison,
) -> Result<HashSet<PackId>, StepError> {
    let is_partial = !repo.store.absent().promised.is_empty();
    let mut packs = HashSet::new();
    for delta in comparison.dirs.iter().flat_map(|dir| &dir.deltas) {
        let Some(EntryValue::File { id, size, .. }) = delta.value() else { continue };
        match (repo.store.packs_of(*id, *size)?, delta.old()) {
            (Some(found), _) => packs.extend(found),
            // Its mode alone was changed: as before it is named where it is not here.
            (None, Some(EntryValue::File { id: old, .. })) if old == id && is_partial => {}
            // Of a pack that was replaced the next attempt must look for what took its place.
            (None, _) => {
                repo.store.refresh()?;
                return Err(StoreError::Changed.into());
            }
        }
    }
    Ok(packs)
}

fn root_of(
    tops: Vec<(RepoPath, Option<EntryValue>)>,
    state: &WorkState,
    writer: &mut dyn WriteObjects,
) -> Result<Root, StepError> {
    match (tops.into_iter().next(), state.staged_tree()) {
        (Some((_, Some(EntryValue::Directory { id, files, bytes }))), _) => {
            Ok(Root { id, holds: Some((files, bytes)) })
        }
        (_, Some(base)) => Ok(Root { id: base, holds: None }),
        (_, None) => Ok(Root::of(&prolly::build([], writer)?)),
    }
}
