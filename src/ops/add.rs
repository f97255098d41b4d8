//! `add`: stores changed files and stages them.

use std::io::Read;

use serde::Serialize;

use super::{Change, Context, OpError, Skipped};
use super::{add_to, integrate, locate};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::stage::{self, StageOptions, Staged};
use crate::steps::{data_roots, select};
use crate::worktree::compare::Taken;

/// What to add.
#[derive(Clone, Debug, Default)]
pub struct AddOptions {
    /// Paths and globs, relative to the start directory; with `all` or `update`, none means all.
    pub paths: Vec<String>,
    /// Also stage deletions.
    pub all: bool,
    /// Only files that are tracked, deletions too.
    pub update: bool,
    /// Say what would be done, and change nothing.
    pub dry_run: bool,
    /// Put new data roots into `.gitignore`.
    pub git_ignore: bool,
    /// The path under which standard input is stored.
    pub stdin_name: Option<String>,
    /// The remote that files are stored on instead of here.
    pub to: Option<String>,
}

/// What was staged, and what it cost.
#[derive(Clone, Debug, Default, Serialize)]
pub struct AddOutcome {
    /// Files that were not tracked before.
    pub added: u64,
    /// Files whose content, mode or type changed.
    pub modified: u64,
    /// Files that are gone.
    pub removed: u64,
    /// Files as staged before.
    pub unchanged: u64,
    /// Bytes of the files added and modified.
    pub logical_bytes: u64,
    /// Bytes of chunks that no earlier file had.
    pub new_bytes: u64,
    /// Bytes written to the store for them.
    pub stored_bytes: u64,
    /// Paths left out by `.eskerignore`.
    pub ignored: u64,
    /// Paths whose conflicts are resolved by this.
    pub resolved: Vec<String>,
    /// Files that could not be added.
    pub skipped: Vec<Skipped>,
    /// Each change, for a dry run only.
    pub changes: Vec<Change>,
    /// The remote that has the files, if they were to be stored there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Bytes of files that are stored there and no longer here.
    pub sent_bytes: u64,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

/// How a verb that stages treats names that are new or gone.
pub(super) fn taken(options: &AddOptions) -> Taken {
    Taken { added: !options.update, removed: true }
}

/// Stores and stages files.
pub fn run(
    ctx: &Context,
    options: &AddOptions,
    stdin: Option<Box<dyn Read + Send>>,
) -> Result<AddOutcome, OpError> {
    let started = std::time::Instant::now();
    if let (Some(name), false) = (&options.to, options.dry_run) {
        let outcome = add_to::run(ctx, options, name)?;
        return Ok(AddOutcome { seconds: started.elapsed().as_secs_f64(), ..outcome });
    }
    let repo = ctx.open_repo()?;
    let mut outcome = match (&options.stdin_name, stdin) {
        (Some(name), Some(stdin)) => add_stream(ctx, &repo, name, stdin)?,
        _ => add_paths(ctx, &repo, options)?,
    };
    outcome.dry_run = options.dry_run;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// The paths as they were named, and what of them is looked at.
pub(super) fn paths_of(
    ctx: &Context,
    repo: &Repo,
    options: &AddOptions,
) -> Result<(Vec<RepoPath>, Vec<RepoPath>), OpError> {
    let is_whole = options.paths.is_empty() && (options.all || options.update);
    if options.paths.is_empty() && !is_whole {
        return Err(OpError::Usage {
            message: "nothing was named to be added".to_owned(),
            hint: Some("add everything: esker add .".to_owned()),
        });
    }
    let paths = match is_whole {
        true => vec![RepoPath::root()],
        false => select::on_disk(repo, &ctx.start_dir, &options.paths)?,
    };
    let paths = data_roots::to_add(repo, paths, is_whole, options.dry_run)?;
    if options.git_ignore && !options.dry_run {
        paths.iter().try_for_each(|path| data_roots::ignore_in_git(repo, path))?;
    }
    Ok((paths.clone(), paths))
}

fn add_paths(ctx: &Context, repo: &Repo, options: &AddOptions) -> Result<AddOutcome, OpError> {
    let (named, paths) = paths_of(ctx, repo, options)?;
    if paths.is_empty() {
        return Ok(AddOutcome::default());
    }
    let paths = locate::all_if_root(paths);
    let (taken, dry_run) = (taken(options), options.dry_run);
    let stage_options = StageOptions { paths, taken, dry_run, part: None };
    let staged = stage::stage(repo, &stage_options, &ctx.run_context(&repo.settings))?;
    let resolved = match options.dry_run {
        true => refuse_unknown(&staged.unknown, Vec::new())?,
        false => resolve(ctx, repo, &named, &staged.unknown)?,
    };
    Ok(AddOutcome { resolved, ..outcome_of(staged) })
}

/// Ends the conflicts of what was named; fails where something of it is nowhere.
pub(super) fn resolve(
    ctx: &Context,
    repo: &Repo,
    named: &[RepoPath],
    unknown: &[RepoPath],
) -> Result<Vec<String>, OpError> {
    refuse_unknown(unknown, integrate::resolve_named(ctx, repo, named)?)
}

fn refuse_unknown(unknown: &[RepoPath], resolved: Vec<RepoPath>) -> Result<Vec<String>, OpError> {
    if let Some(path) = unknown.iter().find(|path| !resolved.contains(path)) {
        return Err(OpError::NoSuchPath { path: locate::shown(path), revision: None });
    }
    Ok(resolved.iter().map(|path| path.as_str().to_owned()).collect())
}

pub(super) fn outcome_of(staged: Staged) -> AddOutcome {
    AddOutcome {
        added: staged.added,
        modified: staged.modified,
        removed: staged.removed,
        unchanged: staged.unchanged,
        logical_bytes: staged.logical_bytes,
        new_bytes: staged.new_bytes,
        stored_bytes: staged.stored_bytes,
        ignored: staged.ignored,
        resolved: Vec::new(),
        skipped: staged.skipped.into_iter().map(Skipped::from).collect(),
        changes: staged.changes.iter().map(Change::of_staged).collect(),
        to: None,
        sent_bytes: 0,
        dry_run: false,
        seconds: 0.0,
    }
}

fn add_stream(
    ctx: &Context,
    repo: &Repo,
    name: &str,
    stdin: Box<dyn Read + Send>,
) -> Result<AddOutcome, OpError> {
    let paths = locate::select(ctx, repo, &[name.to_owned()])?;
    let [path] = paths.as_slice() else {
        return Err(OpError::Usage {
            message: "one name is needed for the input".to_owned(),
            hint: None,
        });
    };
    if path.is_root() {
        return Err(OpError::NotAFile { path: name.to_owned(), found: "directory" });
    }
    let run = ctx.run_context(&repo.settings);
    let staged = stage::stage_stream(repo, path, stdin, &run)?;
    Ok(outcome_of(staged))
}
