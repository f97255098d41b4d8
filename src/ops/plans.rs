//! What verbs that write into the worktree do with a plan before it is carried out.

use std::collections::HashSet;

use serde::Serialize;

use super::OpError;
use super::locate::shown;
use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::{select, stage};
use crate::worktree::plan::{Plan, Why};

/// Paths that an error names.
const NAMED: usize = 10;

/// Edits that give the stage what `tree` has at each path.
pub(super) fn stage_edits(
    repo: &Repo,
    tree: TreeId,
    paths: &[RepoPath],
) -> Result<Vec<(RepoPath, Option<EntryValue>)>, OpError> {
    let edit = |path: &RepoPath| Ok((path.clone(), prolly::resolve(&repo.store, tree, path)?));
    paths.iter().map(edit).collect()
}

/// Adds the removal of folders that `edits` leave empty and that only the stage has.
fn with_emptied_folders(
    repo: &Repo,
    staged: Option<TreeId>,
    source: Option<TreeId>,
    mut edits: Vec<(RepoPath, Option<EntryValue>)>,
) -> Result<Vec<(RepoPath, Option<EntryValue>)>, OpError> {
    let Some(staged) = staged else { return Ok(edits) };
    let is_removal = |e: &(RepoPath, Option<EntryValue>)| e.1.is_none().then(|| e.0.clone());
    let mut removed: HashSet<RepoPath> = edits.iter().filter_map(is_removal).collect();
    for path in removed.clone() {
        let above = std::iter::successors(path.parent(), RepoPath::parent);
        for folder in above.take_while(|folder| !folder.is_root()) {
            if select::is_in_tree(repo, source, &folder)?
                || !is_emptied(repo, staged, &folder, &removed)?
            {
                break;
            }
            if removed.insert(folder.clone()) {
                edits.push((folder, None));
            }
        }
    }
    Ok(edits)
}

fn is_emptied(
    repo: &Repo,
    staged: TreeId,
    folder: &RepoPath,
    removed: &HashSet<RepoPath>,
) -> Result<bool, OpError> {
    let Some(EntryValue::Directory { id, .. }) = prolly::resolve(&repo.store, staged, folder)?
    else {
        return Ok(false);
    };
    for entry in prolly::iterate(&repo.store, id) {
        if !removed.contains(&folder.join(&entry?.name)?) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Paths that were put back in the stage.
pub(super) struct Unstaged {
    /// How many changed.
    pub count: u64,
    /// What would be done, a line each; for a dry run only.
    pub plan: Vec<String>,
}

/// Makes the stage equal to a tree at some paths.
pub(super) fn unstage(
    repo: &Repo,
    tree: Option<TreeId>,
    paths: &[RepoPath],
    dry_run: bool,
) -> Result<Unstaged, OpError> {
    let staged = repo.state()?.staged_tree();
    let is_wanted = |p: &RepoPath| paths.iter().any(|w| p.starts_with(w));
    let changes = crate::diff::tree::changes(&repo.store, staged, tree)?;
    let changed: Vec<_> = changes.into_iter().filter(|c| is_wanted(&c.path)).collect();
    for path in paths {
        let is_in = |tree: Option<TreeId>| select::is_in_tree(repo, tree, path);
        if !path.is_root() && !is_in(tree)? && !is_in(staged)? {
            return Err(OpError::NoSuchPath { path: shown(path), revision: None });
        }
    }
    let count = changed.iter().filter_map(super::Change::of_tree).count() as u64;
    if dry_run {
        let plan = changed.iter().map(|c| format!("unstage {}", c.path)).collect();
        return Ok(Unstaged { count, plan });
    }
    if !changed.is_empty() {
        let edits = match tree {
            Some(tree) => stage_edits(repo, tree, paths)?,
            None => paths.iter().map(|p| (p.clone(), None)).collect(),
        };
        let edits = with_emptied_folders(repo, staged, tree, edits)?;
        stage::edit_stage(repo, edits, (0, 0))?;
    }
    Ok(Unstaged { count, plan: Vec::new() })
}

pub(super) fn would_overwrite(plan: &Plan) -> OpError {
    if let Some((path, _)) = plan.conflicts.iter().find(|(_, why)| *why == Why::TrackedByGit) {
        return OpError::InGitIndex { path: shown(path) };
    }
    let paths: Vec<String> =
        plan.conflicts.iter().take(NAMED).map(|(p, _)| p.as_str().to_owned()).collect();
    OpError::WouldOverwrite { more: (plan.conflicts.len() - paths.len()) as u64, paths }
}

/// The error for files that are where others are to be put.
pub(super) fn others_there(plan: &Plan) -> OpError {
    let conflicts = plan.conflicts.iter().take(NAMED);
    let paths: Vec<String> = conflicts.map(|(p, _)| p.as_str().to_owned()).collect();
    let more = (plan.conflicts.len() - paths.len()) as u64;
    OpError::OthersThere { paths, more }
}

/// The paths that forbid to carry a plan out.
pub(super) fn conflicting(plan: &Plan) -> Vec<String> {
    plan.conflicts.iter().map(|(path, _)| path.as_str().to_owned()).collect()
}

/// Unsaved work that a forced checkout or a hard reset drops.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LostWork {
    /// The file.
    pub path: String,
    /// Whether it was changed, staged or not tracked.
    pub why: String,
}

/// The unsaved work that a plan drops, by path.
pub(super) fn lost(plan: &Plan) -> Vec<LostWork> {
    let one = |(path, why): &(RepoPath, Why)| LostWork {
        path: path.as_str().to_owned(),
        why: why.to_string(),
    };
    let mut lost: Vec<_> = plan.lost.iter().map(one).collect();
    lost.sort_by(|a, b| a.path.cmp(&b.path));
    lost.dedup_by(|a, b| a.path == b.path);
    lost
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
