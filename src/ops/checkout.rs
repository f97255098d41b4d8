//! `checkout`: makes the worktree equal to a commit, or some paths equal to theirs in it.

use super::head::{self, Destination, How};
use super::names::Kind;
use super::source::Source;
use super::{Context, OpError, Skipped, integrate, locate, plans};
use crate::merge::Side;
use crate::object::access::ReadObjects;
use crate::path::{PathSet, RepoPath};
use crate::refs::{HeadTarget, RefTarget};
use crate::repo::{Repo, WorkState};
use crate::steps::{materialize, restore, select, stage, supply};

pub use super::head::CheckoutOutcome;

/// Said where everything was asked for, and this worktree is not to have everything.
const ONLY_SPARSE: &str =
    "only paths that this worktree is to have came back; for all: esker sparse disable";

/// What to check out.
#[derive(Clone, Debug, Default)]
pub struct CheckoutOptions {
    /// The revision; HEAD when absent.
    pub target: Option<String>,
    /// Only these paths, and HEAD stays; none means all of it.
    pub paths: Vec<String>,
    /// Overwrite unsaved work.
    pub force: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Let HEAD name the commit even if the revision is a branch.
    pub detach: bool,
    /// Make a branch of this name there, and move to it.
    pub create: Option<String>,
    /// Resolve conflicts at the paths to our side.
    pub ours: bool,
    /// Resolve conflicts at the paths to their side.
    pub theirs: bool,
}

/// Switches to a commit, or brings paths back from one.
pub fn run(ctx: &Context, options: &CheckoutOptions) -> Result<CheckoutOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let options = &with_paths(ctx, &repo, options.clone())?;
    if !options.paths.is_empty() && (options.create.is_some() || options.detach) {
        return Err(OpError::Usage {
            message: "paths are taken where HEAD stays".to_owned(),
            hint: Some("move HEAD first, then take the paths".to_owned()),
        });
    }
    let mut outcome = match (options.ours, options.theirs, options.paths.is_empty()) {
        (true, ..) => take_side(ctx, &repo, options, Side::Ours)?,
        (_, true, _) => take_side(ctx, &repo, options, Side::Theirs)?,
        (_, _, true) => switch_to(ctx, &repo, options)?,
        (_, _, false) => bring_paths(ctx, &repo, options)?,
    };
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// The options with a first argument that names no revision taken for a path, as git takes it.
fn with_paths(
    ctx: &Context,
    repo: &Repo,
    mut options: CheckoutOptions,
) -> Result<CheckoutOptions, OpError> {
    let is_plain = !options.detach && options.create.is_none();
    let target = options.target.clone().filter(|target| is_plain && target != "-");
    let Some(target) = target else { return Ok(options) };
    match locate::commit(ctx, repo, &target) {
        Err(OpError::UnknownRevision { .. } | OpError::IsEmptyRepository)
            if repo.is_path(ctx, &target) =>
        {
            options.paths.splice(0..0, options.target.take());
        }
        // What else is wrong with it is said by who needs it.
        _ => {}
    }
    Ok(options)
}

fn switch_to(
    ctx: &Context,
    repo: &Repo,
    options: &CheckoutOptions,
) -> Result<CheckoutOutcome, OpError> {
    let state = repo.state()?;
    let (to, warning) = match &options.create {
        Some(name) => {
            let warning = Kind::Branch.namesake(repo, name)?;
            (
                head::new_branch(ctx, repo, &state, (name, false), options.target.as_deref())?,
                warning,
            )
        }
        None => (destination(ctx, repo, &state, options)?, None),
    };
    let how = How { force: options.force, dry_run: options.dry_run };
    let mut outcome = head::go(ctx, repo, &state, to, how)?;
    outcome.warnings.extend(warning);
    Ok(outcome)
}

/// The commit that a name stands for, and what HEAD shall hold.
fn destination(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    options: &CheckoutOptions,
) -> Result<Destination, OpError> {
    let name = match options.target.as_deref() {
        Some("-") => locate::resolver(ctx, repo).previous(1)?,
        name => name.unwrap_or("HEAD").to_owned(),
    };
    if !options.detach
        && let Ok(branch) = crate::refs::branch_ref(&name)
        && let Some(RefTarget::Commit(id)) = repo.db.read(|view| view.get_ref(&branch))?
    {
        let head = HeadTarget::Branch(branch);
        return Ok(Destination { commit: Some(id), head, branch: None, name });
    }
    let commit = locate::commit(ctx, repo, &name)?;
    let head = match matches!(name.as_str(), "HEAD" | "@") && !options.detach {
        true => state.head.to_target(),
        false => HeadTarget::Commit(commit),
    };
    Ok(Destination { commit: Some(commit), head, branch: None, name })
}

/// Resolves conflicts to one side: in the stage, in the worktree, and then for good.
fn take_side(
    ctx: &Context,
    repo: &Repo,
    options: &CheckoutOptions,
    side: Side,
) -> Result<CheckoutOutcome, OpError> {
    let paths = locate::select(ctx, repo, &options.paths)?;
    let open = integrate::conflicts_at(repo, &paths)?;
    if open.is_empty() {
        return Err(OpError::Usage {
            message: "no path that is in conflict was named".to_owned(),
            hint: Some("see them: esker status".to_owned()),
        });
    }
    let before = repo.state()?;
    integrate::stage_side(ctx, repo, &open, side)?;
    let tree = repo.state()?.staged_tree().ok_or(OpError::IsEmptyRepository)?;
    let wanted = restore::RestoreOptions {
        tree,
        paths: open.iter().map(|o| o.conflict.path.clone()).collect(),
        remove_tracked: before.staged_tree(),
        expected: PathSet::ALL,
        absent_only: false,
    };
    let run = ctx.run_context(&repo.settings);
    let planned = restore::plan_restore(repo, &wanted, &run)?;
    plans::refuse(&planned.plan, None, None)?;
    let written = materialize::apply(repo, &planned.plan, &run)?;
    integrate::forget(repo, &open)?;
    Ok(CheckoutOutcome {
        branch: before.head.branch().map(|b| b.short().to_owned()),
        commit: before.commit(),
        written: written.files,
        removed: written.removed,
        bytes: written.bytes,
        skipped: planned.skipped.into_iter().map(Skipped::from).collect(),
        paths_only: true,
        ..CheckoutOutcome::default()
    })
}

fn bring_paths(
    ctx: &Context,
    repo: &Repo,
    options: &CheckoutOptions,
) -> Result<CheckoutOutcome, OpError> {
    let state = repo.state()?;
    let tree = match &options.target {
        Some(revision) => {
            let commit = locate::commit(ctx, repo, revision)?;
            repo.store.read_root(commit)?
        }
        None => state.staged_tree().ok_or(OpError::IsEmptyRepository)?,
    };
    let paths = select::in_trees(repo, &[Some(tree)], &ctx.start_dir, &options.paths)?;
    let wanted = restore::RestoreOptions {
        tree,
        paths: locate::all_if_root(paths.clone()),
        remove_tracked: None,
        expected: locate::expected(repo, &paths),
        absent_only: false,
    };
    let run = ctx.run_context(&repo.settings);
    let planned = restore::plan_restore(repo, &wanted, &run)?;
    let (plan, unknown) = (planned.plan, planned.unknown);
    plans::refuse(&plan, unknown.first(), options.target.as_deref())?;
    let mut outcome = CheckoutOutcome {
        branch: state.head.branch().map(|b| b.short().to_owned()),
        commit: state.commit(),
        skipped: planned.skipped.into_iter().map(Skipped::from).collect(),
        paths_only: true,
        ..CheckoutOutcome::default()
    };
    if paths.iter().any(RepoPath::is_root) && !repo.sparse.is_all() {
        outcome.warnings.push(ONLY_SPARSE.to_owned());
    }
    if options.dry_run {
        outcome.plan = plans::lines(&plan);
        outcome.planned = supply::missing(repo, &plan.files)?.into();
        return Ok(outcome);
    }
    let written = materialize::apply(repo, &plan, &run)?;
    if options.target.is_some() {
        stage::edit_stage(repo, plans::stage_edits(repo, tree, &paths)?, (0, 0))?;
    }
    (outcome.written, outcome.removed, outcome.bytes) =
        (written.files, written.removed, written.bytes);
    outcome.fetched = run.supplied().into();
    Ok(outcome)
}
