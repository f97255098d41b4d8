//! Inside a git checkout: which folders are esker's, and which paths are git's.
//!
//! esker looks only at data roots, named once by `esker add PATH`. A path in git's index is never
//! added, overwritten or removed.

use super::StepError;
use crate::db::DbError;
use crate::fsio::{self, FsError};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::worktree::git::{self, GitError, GitIndex};
use crate::worktree::plan::{Plan, Why};

/// Why paths cannot be added beside git.
#[derive(Debug, thiserror::Error)]
pub enum RootsError {
    /// The path holds more than data.
    #[error("'{path}' holds a git checkout's own files")]
    AboveRoots {
        /// The path.
        path: RepoPath,
    },
    /// git tracks the path, or something below it.
    #[error("'{path}' is tracked by git")]
    TrackedByGit {
        /// The path.
        path: RepoPath,
    },
    /// git's index cannot be read, so that nobody knows what is git's.
    #[error(transparent)]
    Git(#[from] GitError),
    /// Something below failed.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl From<DbError> for RootsError {
    fn from(e: DbError) -> Self {
        Self::Step(e.into())
    }
}

/// git's index, when the repository is in a git checkout.
fn git_index(repo: &Repo) -> Result<Option<GitIndex>, GitError> {
    let checkout = git::find_checkout(&repo.paths.root);
    checkout.map(|checkout| GitIndex::open(&checkout, &repo.paths.root)).transpose()
}

/// Makes every path of a plan that is git's a conflict: git's files are never written or removed.
pub fn keep_off_git(repo: &Repo, plan: &mut Plan) -> Result<(), StepError> {
    let index = git_index(repo).map_err(|e| {
        let index = repo.paths.root.join(".git");
        FsError::new("read", index, std::io::Error::other(e.to_string()))
    })?;
    let Some(index) = index else { return Ok(()) };
    let files = plan.files.iter().map(|f| &f.path);
    let links = plan.symlinks.iter().map(|(path, _)| path);
    let modes = plan.mode_changes.iter().map(|(path, _)| path);
    let touched = files.chain(links).chain(modes).chain(&plan.removals);
    let gits: Vec<_> = touched.filter(|p| index.contains(p)).cloned().collect();
    for (path, why) in &mut plan.conflicts {
        if index.contains(path) {
            *why = Why::TrackedByGit;
        }
    }
    plan.conflicts.extend(gits.into_iter().map(|path| (path, Why::TrackedByGit)));
    Ok(())
}

/// The data roots; `None` outside a git checkout, where everything is esker's.
pub fn roots(repo: &Repo) -> Result<Option<Vec<RepoPath>>, DbError> {
    match git::find_checkout(&repo.paths.root) {
        Some(_) => repo.db.read(|view| view.roots()).map(Some),
        None => Ok(None),
    }
}

/// What may be looked at of `paths` (all, if there are none): `None` is nothing.
pub fn to_look_at(repo: &Repo, paths: Vec<RepoPath>) -> Result<Option<Vec<RepoPath>>, DbError> {
    let all_if_root = |paths: Vec<RepoPath>| {
        if paths.iter().any(RepoPath::is_root) { Vec::new() } else { paths }
    };
    let Some(roots) = roots(repo)? else { return Ok(Some(all_if_root(paths))) };
    let kept = match paths.is_empty() || paths.iter().any(RepoPath::is_root) {
        true => roots,
        false => intersect(&paths, &roots),
    };
    Ok((!kept.is_empty()).then_some(kept))
}

/// Paths below a root, and roots below a path.
fn intersect(paths: &[RepoPath], roots: &[RepoPath]) -> Vec<RepoPath> {
    let mut kept: Vec<RepoPath> =
        paths.iter().filter(|p| roots.iter().any(|r| p.starts_with(r))).cloned().collect();
    kept.extend(roots.iter().filter(|r| paths.iter().any(|p| r.starts_with(p))).cloned());
    kept.sort();
    kept.dedup();
    kept
}

/// Decides what of `paths` is added; new data roots are remembered unless `dry_run`.
///
/// `is_all` stands for `-A` or `-u` without paths: then only known roots are meant.
pub fn to_add(
    repo: &Repo,
    paths: Vec<RepoPath>,
    is_all: bool,
    dry_run: bool,
) -> Result<Vec<RepoPath>, RootsError> {
    let Some(index) = git_index(repo)? else { return Ok(paths) };
    let roots = repo.db.read(|view| view.roots())?;
    let paths = if is_all { roots.clone() } else { paths };
    for path in &paths {
        if index.contains(path) {
            return Err(RootsError::TrackedByGit { path: path.clone() });
        }
        if path.is_root() {
            return Err(RootsError::AboveRoots { path: path.clone() });
        }
        if let Some(path) = index.first_below(path) {
            return Err(RootsError::TrackedByGit { path });
        }
        let is_new = !roots.iter().any(|r| path.starts_with(r));
        if is_new && !dry_run {
            repo.db.write(|tx| tx.add_root(path).map(|_| ()))?;
        }
    }
    Ok(paths)
}

/// Puts a path into the checkout's `.gitignore`, once.
pub fn ignore_in_git(repo: &Repo, path: &RepoPath) -> Result<(), FsError> {
    let file = repo.paths.root.join(".gitignore");
    let line = format!("/{}", path.as_str());
    let old = match fsio::read_capped(&file, 1 << 20) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(e) if e.is_not_found() => String::new(),
        Err(e) => return Err(e),
    };
    if old.lines().any(|l| l.trim_end_matches('/') == line) {
        return Ok(());
    }
    let separator = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    fsio::write_atomic(&file, format!("{old}{separator}{line}\n").as_bytes())
}
