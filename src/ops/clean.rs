//! `clean`: removes files that are in no version and not staged.

use std::collections::BTreeSet;

use serde::Serialize;

use super::locate;
use super::{Context, OpError, Skipped};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::untracked::{self, Untracked, UntrackedOptions};
use crate::steps::{data_roots, materialize};
use crate::worktree::plan::{Plan, Why};

/// What to remove.
#[derive(Clone, Debug, Default)]
pub struct CleanOptions {
    /// Only these paths, and what patterns select; none means all.
    pub paths: Vec<String>,
    /// Remove; otherwise only say what would go.
    pub force: bool,
    /// Also folders that hold nothing tracked. Paths that are named are entered anyway.
    pub folders: bool,
    /// Also what `.eskerignore` leaves out.
    pub ignored: bool,
}

/// What went, or would go.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CleanOutcome {
    /// Each file, and each folder that goes as a whole, ending in `/`; in path order.
    pub paths: Vec<String>,
    /// How many files and links.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// How many folders.
    pub folders: u64,
    /// Whether nothing was removed.
    pub dry_run: bool,
    /// What was passed over, and why.
    pub skipped: Vec<Skipped>,
}

/// Removes untracked files.
pub fn run(ctx: &Context, options: &CleanOptions) -> Result<CleanOutcome, OpError> {
    let repo = ctx.open_repo()?;
    let selection = locate::selection(ctx, &repo, &options.paths)?;
    let mut outcome = CleanOutcome { dry_run: !options.force, ..CleanOutcome::default() };
    let bounds = selection.bounds().to_vec();
    let Some(paths) = data_roots::to_look_at(&repo, bounds)? else { return Ok(outcome) };
    let search = UntrackedOptions {
        folders: options.folders || !options.paths.is_empty(),
        ignored: options.ignored,
        paths,
    };
    let run = ctx.run_context(&repo.settings);
    let tree = repo.state()?.staged_tree();
    let mut found = untracked::find(&repo, tree, search, &run)?;
    if !selection.is_whole() {
        found.files.retain(|(path, _)| selection.takes(path, false));
        found.folders.retain(|dir| selection.takes(dir, true));
    }
    outcome.skipped = found.skipped.drain(..).map(Skipped::from).collect();
    leave_git_s(&repo, &mut found, &mut outcome.skipped)?;
    outcome.paths = shown(&found);
    outcome.files = found.files.len() as u64;
    outcome.bytes = found.files.iter().map(|(_, bytes)| bytes).sum();
    outcome.folders = found.folders.len() as u64;
    if options.force {
        materialize::apply(&repo, &plan(&found), &run)?;
    }
    Ok(outcome)
}

fn plan(found: &Untracked) -> Plan {
    Plan {
        removals: found.files.iter().map(|(path, _)| path.clone()).collect(),
        // From the bottom; one that still holds something stays.
        dir_removals: found.folders.iter().rev().cloned().collect(),
        ..Plan::default()
    }
}

/// Keeps what git tracks.
fn leave_git_s(
    repo: &Repo,
    found: &mut Untracked,
    skipped: &mut Vec<Skipped>,
) -> Result<(), OpError> {
    let mut plan = plan(found);
    data_roots::keep_off_git(repo, &mut plan)?;
    let kept: BTreeSet<RepoPath> = plan.conflicts.into_iter().map(|(path, _)| path).collect();
    let reason = Why::TrackedByGit.to_string();
    skipped.extend(kept.iter().map(|p| Skipped { path: locate::shown(p), reason: reason.clone() }));
    found.keep(&kept);
    Ok(())
}

/// Files, and folders in place of all that is in them.
fn shown(found: &Untracked) -> Vec<String> {
    let is_top = |dir: &&RepoPath| {
        let mut above = std::iter::successors(dir.parent(), RepoPath::parent);
        !above.any(|above| found.folders.binary_search(&above).is_ok())
    };
    let tops: Vec<&RepoPath> = found.folders.iter().filter(is_top).collect();
    let is_inside = |path: &RepoPath| {
        let mut above = std::iter::successors(path.parent(), RepoPath::parent);
        above.any(|above| tops.binary_search(&&above).is_ok())
    };
    let files = found.files.iter().map(|(path, _)| path).filter(|path| !is_inside(path));
    let mut paths: Vec<(&RepoPath, &str)> = files.map(|path| (path, "")).collect();
    paths.extend(tops.iter().map(|dir| (*dir, "/")));
    paths.sort();
    paths.into_iter().map(|(path, slash)| format!("{}{slash}", path.as_str())).collect()
}
