//! What verbs that write into the worktree do with a plan before it is carried out.

use super::OpError;
use super::locate::shown;
use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::worktree::plan::Plan;

/// Edits that give the stage what `tree` has at each path.
pub(super) fn stage_edits(
    repo: &Repo,
    tree: TreeId,
    paths: &[RepoPath],
) -> Result<Vec<(RepoPath, Option<EntryValue>)>, OpError> {
    let edit = |path: &RepoPath| Ok((path.clone(), prolly::resolve(&repo.store, tree, path)?));
    paths.iter().map(edit).collect()
}

pub(super) fn would_overwrite(plan: &Plan) -> OpError {
    const NAMED: usize = 10;
    let paths: Vec<String> =
        plan.conflicts.iter().take(NAMED).map(|(p, _)| p.as_str().to_owned()).collect();
    OpError::WouldOverwrite { more: (plan.conflicts.len() - paths.len()) as u64, paths }
}

pub(super) fn lines(plan: &Plan) -> Vec<String> {
    plan.to_string().lines().map(str::to_owned).collect()
}

/// Refuses a plan with conflicts, and paths that are nowhere.
pub(super) fn refuse(
    plan: &Plan,
    unknown: Option<&RepoPath>,
    revision: Option<&str>,
) -> Result<(), OpError> {
    if let Some(path) = unknown {
        let (path, revision) = (shown(path), revision.map(str::to_owned));
        return Err(OpError::NoSuchPath { path, revision });
    }
    if !plan.conflicts.is_empty() {
        return Err(would_overwrite(plan));
    }
    Ok(())
}
