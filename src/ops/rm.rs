//! `rm`: takes files out of the next version, and out of the worktree.

use std::collections::BTreeSet;

use serde::Serialize;

use super::{Context, OpError, Skipped};
use super::{integrate, locate, plans};
use crate::diff::tree as diff;
use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::steps::{RunContext, StepError, data_roots, look, materialize, select, stage};
use crate::worktree::plan::Plan;

/// What to remove.
#[derive(Clone, Debug, Default)]
pub struct RmOptions {
    /// Which tracked paths; patterns match tracked paths.
    pub paths: Vec<String>,
    /// Only out of the next version: files on disk stay.
    pub cached: bool,
    /// Also folders, with all that is tracked in them.
    pub recursive: bool,
    /// Even what is saved nowhere else.
    pub force: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What was removed.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RmOutcome {
    /// Files and links that the next version will not have.
    pub files: u64,
    /// Files and links removed from disk.
    pub removed: u64,
    /// The files, in path order.
    pub paths: Vec<String>,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// Paths that could not be looked at, and so were left alone.
    pub skipped: Vec<Skipped>,
}

/// Removes tracked files.
pub fn run(ctx: &Context, options: &RmOptions) -> Result<RmOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let state = repo.state()?;
    let staged = state.staged_tree();
    let paths = select::in_trees(&repo, &[staged], &ctx.start_dir, &options.paths)?;
    let open = integrate::open_paths(&repo)?;
    let mut tracked = Tracked::default();
    for path in &paths {
        let value = match staged {
            Some(tree) => prolly::resolve(&repo.store, tree, path)?,
            None => None,
        };
        let Some(value) = value else {
            // Both sides may have renamed it: then it is in conflict, and nothing is there.
            if open.contains(path) {
                continue;
            }
            return Err(OpError::NotTracked { path: name(path) });
        };
        if matches!(value, EntryValue::Directory { .. }) && !options.recursive {
            return Err(is_a_folder(path));
        }
        tracked.take(&repo, path.clone(), &value)?;
    }
    let run = ctx.run_context(&repo.settings);
    let mut outcome = RmOutcome { dry_run: options.dry_run, ..RmOutcome::default() };
    if !options.force {
        outcome.skipped = refuse_unsaved(&repo, &state, options.cached, &paths, &run)?;
    }
    outcome.files = tracked.files.len() as u64;
    outcome.paths = tracked.files.iter().map(|path| path.as_str().to_owned()).collect();
    let mut plan = if options.cached { Plan::default() } else { tracked.plan(&repo) };
    data_roots::keep_off_git(&repo, &mut plan)?;
    plans::refuse(&plan, None, None)?;
    outcome.removed = plan.removals.len() as u64;
    if options.dry_run {
        return Ok(outcome);
    }
    // The worktree first: what a kill leaves undone, the same command finishes.
    materialize::apply(&repo, &plan, &run)?;
    let edits = paths.iter().map(|path| (path.clone(), None)).collect();
    stage::edit_stage(&repo, edits, (0, 0))?;
    integrate::resolve_named(ctx, &repo, &paths)?;
    Ok(outcome)
}

/// A path as a person would write it.
fn name(path: &RepoPath) -> String {
    if path.is_root() { ".".to_owned() } else { locate::shown(path) }
}

fn is_a_folder(path: &RepoPath) -> OpError {
    OpError::Usage {
        message: format!("'{}' is a folder", name(path)),
        hint: Some(format!("remove all that is tracked in it: esker rm -r {}", name(path))),
    }
}

/// What the stage has at and below the paths.
#[derive(Default)]
struct Tracked {
    files: Vec<RepoPath>,
    /// Each before those in it.
    folders: Vec<RepoPath>,
}

impl Tracked {
    fn take(&mut self, repo: &Repo, path: RepoPath, value: &EntryValue) -> Result<(), OpError> {
        let EntryValue::Directory { id, .. } = value else {
            self.files.push(path);
            return Ok(());
        };
        if !path.is_root() {
            self.folders.push(path.clone());
        }
        for entry in prolly::iterate(&repo.store, *id) {
            let entry = entry?;
            let below = path.join(&entry.name).map_err(StepError::from)?;
            self.take(repo, below, &entry.value)?;
        }
        Ok(())
    }

    /// Removes what is on disk as a file or link, and folders that are empty then.
    fn plan(&self, repo: &Repo) -> Plan {
        let is_file = |path: &&RepoPath| {
            let metadata = repo.paths.root.join(path.as_str()).symlink_metadata();
            metadata.is_ok_and(|metadata| !metadata.is_dir())
        };
        Plan {
            removals: self.files.iter().filter(is_file).cloned().collect(),
            dir_removals: self.folders.iter().rev().cloned().collect(),
            ..Plan::default()
        }
    }
}

/// Refuses to lose content that is in no commit: what differs from the stage on disk, and what the
/// stage has that HEAD has not.
///
/// With `cached` files on disk stay, so that only content that is neither there nor in HEAD counts.
fn refuse_unsaved(
    repo: &Repo,
    state: &WorkState,
    cached: bool,
    paths: &[RepoPath],
    run: &RunContext,
) -> Result<Vec<Skipped>, OpError> {
    let mut staged = staged_changes(repo, state.head_tree, state.staged_tree(), paths)?;
    // What a merge has put into the stage is in the commit that it came from.
    let open = integrate::open_paths(repo)?;
    staged.retain(|path| !open.contains(path));
    let looked_at = locate::all_if_root(paths.to_vec());
    let seen = look::look_past_rules(repo, state.staged_tree(), looked_at, run)?;
    let mut unsaved = BTreeSet::new();
    for change in &seen.changed {
        // What is gone from disk cannot be lost there; in the stage it can.
        let is_lost = !(cached || change.is_gone) || staged.contains(&change.path);
        if is_lost {
            unsaved.insert(change.path.clone());
        }
    }
    if !cached {
        unsaved.extend(staged);
    }
    let conflicts = unsaved.into_iter().map(|path| (path, crate::worktree::plan::Why::Modified));
    plans::refuse(&Plan { conflicts: conflicts.collect(), ..Plan::default() }, None, None)?;
    Ok(seen.skipped.into_iter().map(Skipped::from).collect())
}

/// Files below the paths that the stage has and HEAD has not, or not so.
fn staged_changes(
    repo: &Repo,
    head: Option<TreeId>,
    staged: Option<TreeId>,
    paths: &[RepoPath],
) -> Result<BTreeSet<RepoPath>, OpError> {
    let changes = diff::changes(&repo.store, head, staged)?;
    let is_wanted = |c: &diff::Change| paths.iter().any(|path| c.path.starts_with(path));
    let holds_files = |c: &diff::Change| {
        matches!(c.new, Some(EntryValue::File { .. } | EntryValue::Symlink { .. }))
    };
    let files = changes.into_iter().filter(|c| is_wanted(c) && holds_files(c));
    Ok(files.map(|c| c.path).collect())
}
