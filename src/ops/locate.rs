//! From what a person typed to paths, commits and entries.

use super::{Context, OpError};
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::{RepoPath, escape};
use crate::repo::Repo;
use crate::revision::Resolver;

/// Repository paths of what a person typed.
pub(super) fn select(
    ctx: &Context,
    repo: &Repo,
    given: &[String],
) -> Result<Vec<RepoPath>, OpError> {
    Ok(crate::steps::select::paths(repo, &ctx.start_dir, given)?)
}

/// An empty list for "everything", which is how scans name it.
pub(super) fn all_if_root(paths: Vec<RepoPath>) -> Vec<RepoPath> {
    if paths.iter().any(RepoPath::is_root) { Vec::new() } else { paths }
}

/// The resolver of a repository's revisions.
pub(super) fn resolver(repo: &Repo) -> Resolver<'_> {
    Resolver { db: &repo.db, worktree: repo.worktree, read: &repo.store, find: &repo.store }
}

/// The first line of a message.
pub(super) fn summary(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

/// A path as it is shown.
pub(super) fn shown(path: &RepoPath) -> String {
    escape(path.as_str()).into_owned()
}
/// What a revision (HEAD, when there is none) has at a path as a person wrote it.
pub(super) fn find(
    ctx: &Context,
    repo: &Repo,
    revision: Option<&str>,
    path: Option<&str>,
) -> Result<(RepoPath, EntryValue), OpError> {
    let commit = resolver(repo).resolve(revision.unwrap_or("HEAD"))?;
    let tree = repo.store.read_commit(commit)?.tree;
    let path = match path {
        // Behind a revision paths start at the root, as in git.
        Some(path) if revision.is_some() && !path.starts_with("./") => {
            RepoPath::from_user(&RepoPath::root(), path)?
        }
        Some(path) => select(ctx, repo, &[path.to_owned()])?.pop().unwrap_or_else(RepoPath::root),
        None => RepoPath::root(),
    };
    match prolly::resolve(&repo.store, tree, &path)? {
        Some(value) => Ok((path, value)),
        None => Err(OpError::NoSuchPath {
            path: shown(&path),
            revision: Some(revision.unwrap_or("HEAD").to_owned()),
        }),
    }
}
