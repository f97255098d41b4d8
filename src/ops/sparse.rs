//! `sparse`: which paths this worktree has.
//!
//! Paths outside the set are in every commit as before; they are merely not on disk, and where their data
//! is not here either, it stays where it is.

use serde::Serialize;

use super::supply::FetchedData;
use super::{Context, OpError, integrate, locate, plans};
use crate::id::TreeId;
use crate::object::prolly;
use crate::path::{PathSet, RepoPath};
use crate::repo::Repo;
use crate::steps::{RunContext, data_roots, materialize, restore, sparse, supply};
use crate::worktree::plan::Plan;

/// What to do.
#[derive(Clone, Debug, Default)]
pub enum SparseAction {
    /// Say which paths they are.
    #[default]
    List,
    /// Have these paths, and no others.
    Set(Vec<String>),
    /// Have these paths, too.
    Add(Vec<String>),
    /// Have everything.
    Disable,
}

/// What to do, and how.
#[derive(Clone, Debug, Default)]
pub struct SparseOptions {
    /// What to do.
    pub action: SparseAction,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
}

/// Which paths the worktree has, and what was done to that end.
#[derive(Clone, Debug, Default, Serialize)]
pub struct SparseOutcome {
    /// The paths; the root, as an empty one, where the worktree has everything but for others.
    pub paths: Vec<String>,
    /// Paths that it has not, though they are below others that it has.
    pub except: Vec<String>,
    /// Whether it has everything.
    pub everything: bool,
    /// Files written.
    pub written: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files removed from disk; every version has them as before.
    pub removed: u64,
    /// Files outside the paths that stay, since what is in them is saved nowhere.
    pub kept: Vec<String>,
    /// Contents that were fetched.
    pub fetched: FetchedData,
    /// Contents that would have to be fetched; for a dry run only.
    pub planned: FetchedData,
    /// What a person should know.
    pub warnings: Vec<String>,
    /// Whether nothing was changed.
    pub dry_run: bool,
}

/// Says or changes which paths this worktree has.
pub fn run(ctx: &Context, options: &SparseOptions) -> Result<SparseOutcome, OpError> {
    let (repo, new) = match &options.action {
        SparseAction::List => {
            let names = ctx.open_names()?;
            return Ok(outcome_of(&names.db.read(|view| view.sparse(names.worktree))?));
        }
        SparseAction::Set(paths) => {
            let repo = ctx.open_repo()?;
            let new = PathSet::of(locate::select(ctx, &repo, paths)?);
            (repo, new)
        }
        SparseAction::Add(paths) => {
            let repo = ctx.open_repo()?;
            let added = locate::select(ctx, &repo, paths)?;
            let new = added.into_iter().fold(repo.sparse.clone(), |set, path| set.with(path, true));
            (repo, new)
        }
        SparseAction::Disable => (ctx.open_repo()?, PathSet::ALL),
    };
    integrate::refuse_during_operation(&repo)?;
    change(ctx, &repo, &new, options.dry_run)
}

fn change(
    ctx: &Context,
    repo: &Repo,
    new: &PathSet,
    dry_run: bool,
) -> Result<SparseOutcome, OpError> {
    let run = ctx.run_context(&repo.settings);
    let mut outcome = SparseOutcome { dry_run, ..outcome_of(new) };
    let Some(tree) = repo.state()?.staged_tree() else {
        if !dry_run {
            record(repo, new)?;
        }
        return Ok(outcome);
    };
    outcome.warnings = unknown(repo, tree, new)?;
    let plan = plan_additions(repo, tree, new, &run)?;
    plans::refuse(&plan, None, None)?;
    let leaving = sparse::plan_removals(repo, tree, new, &run)?;
    outcome.kept = leaving.kept.iter().map(locate::shown).collect();
    (outcome.written, outcome.removed) =
        ((plan.files.len() + plan.symlinks.len()) as u64, leaving.plan.removals.len() as u64);
    outcome.bytes = plan.files.iter().map(|file| file.size).sum();
    if dry_run {
        outcome.planned = supply::missing(repo, &plan.files)?.into();
        return Ok(outcome);
    }
    // What comes first, what goes last: wherever this is cut short, no path that the worktree is said to
    // have is missing.
    materialize::apply(repo, &plan, &run)?;
    record(repo, new)?;
    materialize::apply(repo, &leaving.plan, &run)?;
    outcome.fetched = run.supplied().into();
    Ok(outcome)
}

/// The files that the worktree gets: those of the new paths that were not among the old ones.
fn plan_additions(
    repo: &Repo,
    tree: TreeId,
    new: &PathSet,
    run: &RunContext,
) -> Result<Plan, OpError> {
    let Some(paths) = data_roots::to_look_at(repo, Vec::new())? else {
        return Ok(Plan::default());
    };
    let wanted = restore::RestoreOptions {
        tree,
        paths,
        remove_tracked: None,
        expected: new.clone(),
        absent_only: true,
    };
    let mut plan = restore::plan_restore(repo, &wanted, run)?.plan;
    // What the worktree was to have before and has not was removed on purpose.
    let is_new = |path: &RepoPath| !repo.sparse.has(path);
    plan.files.retain(|file| is_new(&file.path));
    plan.symlinks.retain(|(path, _)| is_new(path));
    plan.dirs.retain(|path| is_new(path));
    plan.conflicts.retain(|(path, _)| is_new(path));
    Ok(plan)
}

fn record(repo: &Repo, new: &PathSet) -> Result<(), OpError> {
    Ok(repo.db.write(|tx| tx.set_sparse(repo.worktree, new))?)
}

/// Says which of the paths the version at hand does not have.
fn unknown(repo: &Repo, tree: TreeId, new: &PathSet) -> Result<Vec<String>, OpError> {
    let mut warnings = Vec::new();
    for (path, _) in new.rules().1 {
        if prolly::resolve(&repo.store, tree, path)?.is_none() {
            warnings.push(format!("there is no '{}' in this version", locate::shown(path)));
        }
    }
    Ok(warnings)
}

fn outcome_of(set: &PathSet) -> SparseOutcome {
    let (all, rules) = set.rules();
    let mut outcome = SparseOutcome { everything: set.is_all(), ..SparseOutcome::default() };
    outcome.paths.extend(all.then(String::new));
    for (path, is_in) in rules {
        let list = if *is_in { &mut outcome.paths } else { &mut outcome.except };
        list.push(path.as_str().to_owned());
    }
    outcome
}
