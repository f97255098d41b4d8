//! `mv`: gives tracked files and folders another name, on disk and in the stage.

use std::collections::BTreeSet;

use serde::Serialize;

use super::locate;
use super::{Context, OpError};
use crate::id::TreeId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::carried::Carried;
use crate::steps::{StepError, data_roots, hold, select, stage};
use crate::worktree::handles::WorktreeRoot;
use crate::worktree::ignore;
use crate::worktree::plan::{Plan, Why};

/// What to move where.
#[derive(Clone, Debug, Default)]
pub struct MvOptions {
    /// Tracked files and folders.
    pub sources: Vec<String>,
    /// The new name, or a folder to move into.
    pub target: String,
    /// Replace a file that stands at the new name.
    pub force: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// What was moved.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MvOutcome {
    /// Each source, with its new name.
    pub moves: Vec<Moved>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// One move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Moved {
    /// The old path, from the repository's root.
    pub from: String,
    /// The new one.
    pub to: String,
    /// Whether it had its new name on disk already, so that only the stage was changed.
    pub staged_only: bool,
}

/// Moves tracked paths. Reads no file's data.
pub fn run(ctx: &Context, options: &MvOptions) -> Result<MvOutcome, OpError> {
    let repo = ctx.open_repo()?;
    hold::everything(&repo)?;
    let moves = plan(ctx, &repo, options)?;
    if !options.dry_run {
        carry_out(&repo, &moves, options.force)?;
    }
    let moved = |m: &Move| Moved {
        from: m.from.as_str().to_owned(),
        to: m.to.as_str().to_owned(),
        staged_only: m.is_done,
    };
    Ok(MvOutcome { moves: moves.iter().map(moved).collect(), dry_run: options.dry_run })
}

/// One move that may be made.
struct Move {
    from: RepoPath,
    to: RepoPath,
    /// What the stage has.
    value: EntryValue,
    /// Whether the files have moved already: by hand, or by a run that was killed.
    is_done: bool,
}

fn plan(ctx: &Context, repo: &Repo, options: &MvOptions) -> Result<Vec<Move>, OpError> {
    let staged = repo.state()?.staged_tree();
    let sources = select::in_trees(repo, &[staged], &ctx.start_dir, &options.sources)?;
    let target = select::one_path(&repo.paths.root, &ctx.start_dir, &options.target)?;
    let mut planner = Planner { repo, staged, into_folder: false, target, options };
    planner.into_folder = planner.is_folder(&planner.target.clone())?;
    if !planner.into_folder && (sources.len() > 1 || options.target.ends_with('/')) {
        return Err(planner.no_folder(&planner.target));
    }
    let moves: Vec<Move> =
        sources.into_iter().map(|from| planner.plan(from)).collect::<Result<_, _>>()?;
    let mut targets = BTreeSet::new();
    if let Some(twice) = moves.iter().find(|m| !targets.insert(&m.to)) {
        return Err(OpError::Usage {
            message: format!("two paths would be named '{}'", locate::shown(&twice.to)),
            hint: Some("move them one by one".to_owned()),
        });
    }
    refuse_git_s(repo, &moves)?;
    Ok(moves)
}

struct Planner<'p> {
    repo: &'p Repo,
    staged: Option<TreeId>,
    target: RepoPath,
    /// Whether the target is a folder to move into.
    into_folder: bool,
    options: &'p MvOptions,
}

impl Planner<'_> {
    fn plan(&self, from: RepoPath) -> Result<Move, OpError> {
        let shown = locate::shown(&from);
        let value = self.staged_at(&from)?.filter(|_| !from.is_root());
        let value = value.ok_or(OpError::NotTracked { path: shown.clone() })?;
        let inside = from.name().filter(|_| self.into_folder).map(|name| self.target.join(name));
        let to = inside.transpose().map_err(StepError::from)?.unwrap_or(self.target.clone());
        if !exists(self.repo, &from) && !self.repo.sparse.has(&from) {
            return self.plan_absent(from, to, value);
        }
        if !exists(self.repo, &from) {
            let to = self.moved_by_hand(&value, [to, self.target.clone()])?;
            let to = to.ok_or(OpError::NoSuchPath { path: shown, revision: None })?;
            return Ok(Move { from, to, value, is_done: true });
        }
        if to.starts_with(&from) {
            let into = locate::shown(&to);
            return Err(OpError::Usage {
                message: format!("'{shown}' cannot be moved to '{into}', which is itself or in it"),
                hint: None,
            });
        }
        self.refuse_what_is_there(&to, &value)?;
        self.refuse_where_it_would_be_lost(&to, &value)?;
        Ok(Move { from, to, value, is_done: false })
    }

    /// A move of what is not in this worktree on purpose: in the stage alone.
    fn plan_absent(
        &self,
        from: RepoPath,
        to: RepoPath,
        value: EntryValue,
    ) -> Result<Move, OpError> {
        let shown = locate::shown(&from);
        if self.repo.sparse.touches(&to) {
            return Err(OpError::Usage {
                message: format!(
                    "'{shown}' is not in this worktree, and '{}' is to be",
                    locate::shown(&to)
                ),
                hint: Some(format!("bring it first: esker checkout -- {shown}")),
            });
        }
        self.refuse_what_is_there(&to, &value)?;
        self.refuse_where_it_would_be_lost(&to, &value)?;
        Ok(Move { from, to, value, is_done: true })
    }

    /// Whether a path is a folder on disk, or one that is merely not in this worktree.
    fn is_folder(&self, path: &RepoPath) -> Result<bool, OpError> {
        if is_folder_or_root(self.repo, path) {
            return Ok(true);
        }
        let is_absent = !exists(self.repo, path) && !self.repo.sparse.has(path);
        let staged = if is_absent { self.staged_at(path)? } else { None };
        Ok(matches!(staged, Some(EntryValue::Directory { .. })))
    }

    fn staged_at(&self, path: &RepoPath) -> Result<Option<EntryValue>, OpError> {
        let Some(tree) = self.staged else { return Ok(None) };
        Ok(prolly::resolve(&self.repo.store, tree, path)?)
    }

    /// The name that a path has got without esker: there on disk, of the same kind, and not tracked.
    fn moved_by_hand(
        &self,
        value: &EntryValue,
        names: [RepoPath; 2],
    ) -> Result<Option<RepoPath>, OpError> {
        let was_folder = matches!(value, EntryValue::Directory { .. });
        for name in names {
            let is_there = exists(self.repo, &name) && is_folder(self.repo, &name) == was_folder;
            if is_there && self.staged_at(&name)?.is_none() {
                self.refuse_where_it_would_be_lost(&name, value)?;
                return Ok(Some(name));
            }
        }
        Ok(None)
    }

    fn refuse_what_is_there(&self, to: &RepoPath, value: &EntryValue) -> Result<(), OpError> {
        let is_there = exists(self.repo, to) || self.staged_at(to)?.is_some();
        let is_folder = matches!(value, EntryValue::Directory { .. }) || is_folder(self.repo, to);
        if is_there && (is_folder || !self.options.force) {
            return Err(OpError::Exists { path: locate::shown(to), is_folder });
        }
        match to.parent() {
            Some(parent) if !self.is_folder(&parent)? => Err(self.no_folder(&parent)),
            _ => Ok(()),
        }
    }

    /// Refuses names at which nobody would look for tracked files.
    fn refuse_where_it_would_be_lost(
        &self,
        to: &RepoPath,
        value: &EntryValue,
    ) -> Result<(), OpError> {
        let is_dir = matches!(value, EntryValue::Directory { .. });
        let shown = locate::shown(to);
        // A file of rules that cannot be used rules nothing.
        let rule = ignore::check(&self.repo.paths.root, to, is_dir).ok().flatten();
        if let Some(rule) = rule.filter(|rule| rule.ignores) {
            return Err(OpError::Usage {
                message: format!("'{shown}' would be left out by {rule}"),
                hint: Some("choose another name, or change that rule".to_owned()),
            });
        }
        match data_roots::roots(self.repo)? {
            Some(roots) if !roots.iter().any(|root| to.starts_with(root)) => {
                Err(OpError::OutsideRoots { path: shown })
            }
            _ => Ok(()),
        }
    }

    fn no_folder(&self, path: &RepoPath) -> OpError {
        let shown = locate::shown(path);
        OpError::Usage {
            message: format!("there is no folder '{shown}'"),
            hint: Some(format!("make it first: mkdir -p {shown}")),
        }
    }
}

fn exists(repo: &Repo, path: &RepoPath) -> bool {
    repo.paths.root.join(path.as_str()).symlink_metadata().is_ok()
}

/// Whether a path is a folder itself, not a link to one.
fn is_folder(repo: &Repo, path: &RepoPath) -> bool {
    repo.paths.root.join(path.as_str()).symlink_metadata().is_ok_and(|m| m.is_dir())
}

fn is_folder_or_root(repo: &Repo, path: &RepoPath) -> bool {
    path.is_root() || is_folder(repo, path)
}

fn refuse_git_s(repo: &Repo, moves: &[Move]) -> Result<(), OpError> {
    let touched = moves.iter().flat_map(|m| [m.from.clone(), m.to.clone()]);
    let mut plan = Plan { removals: touched.collect(), ..Plan::default() };
    data_roots::keep_off_git(repo, &mut plan)?;
    match plan.conflicts.into_iter().find(|(_, why)| *why == Why::TrackedByGit) {
        Some((path, _)) => Err(OpError::InGitIndex { path: locate::shown(&path) }),
        None => Ok(()),
    }
}

/// Renames, then stages both sides in one step; what a kill leaves undone, the same command finishes.
fn carry_out(repo: &Repo, moves: &[Move], replace: bool) -> Result<(), OpError> {
    let session = repo.store.start_session()?;
    let mut worktree = WorktreeRoot::open(&repo.paths.root, session.dir())
        .and_then(|root| root.handles())
        .map_err(StepError::from)?;
    let mut known = Carried::new(repo);
    for one in moves.iter().filter(|one| !one.is_done) {
        known.take(&one.from, &one.to, &one.value)?;
        worktree.rename(&one.from, &one.to, replace).map_err(StepError::from)?;
    }
    let removed = moves.iter().map(|one| (one.from.clone(), None));
    let placed = moves.iter().map(|one| (one.to.clone(), Some(one.value.clone())));
    stage::edit_stage(repo, removed.chain(placed).collect(), (0, 0))?;
    known.record();
    Ok(())
}
