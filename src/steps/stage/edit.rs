//! Edits of the staged tree by path, whoever else moves the stage meanwhile.

use std::collections::HashSet;

use super::StepError;
use crate::db::{RefError, Tx};
use crate::id::TreeId;
use crate::object::paths::edit_paths;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::store::objects::ObjectWriter;

/// How often staging starts again when somebody else changes the stage or HEAD meanwhile: what was read
/// is not read again, so that each further attempt is short. Eight were too few beside commits in a
/// loop on a machine with ten times the work it has cores for.
const ATTEMPTS: usize = 64;

/// Does a step again for as long as somebody else changes what it was based on, [`ATTEMPTS`] times at most.
pub(super) fn again<T>(mut step: impl FnMut() -> Result<T, StepError>) -> Result<T, StepError> {
    for _ in 1..ATTEMPTS {
        match step() {
            Err(e) if e.is_conflict() => continue,
            result => return result,
        }
    }
    step()
}

/// Edits of the staged tree, by path.
type Edits = Vec<(RepoPath, Option<EntryValue>)>;

/// Edits the staged tree by path, whoever else changes it; returns what the first path had, and the
/// bytes written.
pub fn edit_stage(
    repo: &Repo,
    edits: Edits,
    spent: (u64, u64),
) -> Result<(Option<EntryValue>, u64), StepError> {
    again(|| edit_stage_once(repo, edits.clone(), spent))
}

fn edit_stage_once(
    repo: &Repo,
    edits: Edits,
    spent: (u64, u64),
) -> Result<(Option<EntryValue>, u64), StepError> {
    let state = repo.state()?;
    let old = match (state.staged_tree(), edits.first()) {
        (Some(tree), Some((path, _))) => crate::object::prolly::resolve(&repo.store, tree, path)?,
        _ => None,
    };
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let tree = edit_paths(&repo.store, state.staged_tree(), edits, &mut writer)?.id;
    let packs = writer.finish()?;
    let bytes = packs.iter().map(|p| p.bytes).sum();
    let new_stage = state.stage_for(tree);
    repo.store.publish(packs, &HashSet::new(), |tx| {
        move_stage(tx, repo, &state, new_stage)?;
        tx.add_cost(repo.worktree, spent.0, spent.1 + bytes)?;
        Ok::<_, StepError>(())
    })?;
    Ok((old, bytes))
}

/// Moves the stage if it and HEAD are still what the new one was made on: a stage that was HEAD's is
/// another once HEAD moved.
pub(super) fn move_stage(
    tx: &Tx<'_>,
    repo: &Repo,
    state: &WorkState,
    new: Option<TreeId>,
) -> Result<(), StepError> {
    let found = tx.head(repo.worktree)?;
    if found != state.head {
        return Err(RefError::HeadMoved { expected: state.head.clone(), found }.into());
    }
    Ok(tx.set_stage(repo.worktree, state.stage, new)?)
}
