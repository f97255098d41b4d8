//! `roots`: the folders of a git checkout that are esker's.

use serde::Serialize;

use super::locate;
use super::{Context, OpError};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::{data_roots, select};
use crate::worktree::git;

/// What to do.
#[derive(Clone, Debug, Default)]
pub enum RootsAction {
    /// Only list them.
    #[default]
    List,
    /// Name these paths, which exist; nothing of them is staged yet.
    Add(Vec<String>),
    /// Forget these paths. Files and versions stay.
    Remove(Vec<String>),
}

/// What to do.
#[derive(Clone, Debug, Default)]
pub struct RootsOptions {
    /// List or change.
    pub action: RootsAction,
}

/// The data roots.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RootsOutcome {
    /// In path order; empty outside a git checkout, where everything is esker's.
    pub roots: Vec<String>,
    /// Whether the repository lies in a git checkout.
    pub inside_git: bool,
}

/// Lists or changes data roots.
pub fn run(ctx: &Context, options: &RootsOptions) -> Result<RootsOutcome, OpError> {
    let repo = match options.action {
        RootsAction::List => ctx.open_repo_to_read()?,
        _ => ctx.open_repo()?,
    };
    let inside_git = git::find_checkout(&repo.paths.root).is_some();
    match &options.action {
        RootsAction::List => {}
        _ if !inside_git => return Err(not_needed()),
        RootsAction::Add(given) => add(ctx, &repo, given)?,
        RootsAction::Remove(given) => remove(ctx, &repo, given)?,
    }
    let roots = data_roots::roots(&repo)?.unwrap_or_default();
    Ok(RootsOutcome { roots: roots.iter().map(|r| r.as_str().to_owned()).collect(), inside_git })
}

fn not_needed() -> OpError {
    OpError::Usage {
        message: "data roots are for git checkouts; here everything is esker's".to_owned(),
        hint: Some("leave files out by rules in .eskerignore: esker help ignoring".to_owned()),
    }
}

fn add(ctx: &Context, repo: &Repo, given: &[String]) -> Result<(), OpError> {
    let paths = locate::select(ctx, repo, given)?;
    let is_absent = |p: &&RepoPath| repo.paths.root.join(p.as_str()).symlink_metadata().is_err();
    if let Some(path) = paths.iter().find(is_absent) {
        return Err(OpError::NoSuchPath { path: locate::shown(path), revision: None });
    }
    data_roots::to_add(repo, paths, false, false)?;
    Ok(())
}

/// Forgets roots, unless versions would go on to hold files below them that nobody looks at.
fn remove(ctx: &Context, repo: &Repo, given: &[String]) -> Result<(), OpError> {
    let paths = locate::select(ctx, repo, given)?;
    let known = data_roots::roots(repo)?.unwrap_or_default();
    let staged = repo.state()?.staged_tree();
    for path in &paths {
        let shown = locate::shown(path);
        if !known.contains(path) {
            return Err(OpError::Usage {
                message: format!("'{shown}' is no data root"),
                hint: Some("see which there are: esker roots".to_owned()),
            });
        }
        if select::is_in_tree(repo, staged, path)? {
            return Err(OpError::Usage {
                message: format!("'{shown}' still holds tracked files"),
                hint: Some(format!(
                    "take them out first, they stay on disk: esker rm -r --cached {shown}"
                )),
            });
        }
    }
    repo.db.write(|tx| paths.iter().try_for_each(|path| tx.remove_root(path).map(|_| ())))?;
    Ok(())
}
