//! From what a person typed to paths, commits and entries.

use super::{Context, OpError};
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::{RepoPath, escape};
use crate::repo::Repo;
use crate::revision::{Resolver, RevisionError};

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

/// The commit that a revision names.
pub(super) fn commit(repo: &Repo, text: &str) -> Result<CommitId, OpError> {
    let resolver =
        Resolver { db: &repo.db, worktree: repo.worktree, read: &repo.store, find: &repo.store };
    match resolver.resolve(text) {
        Err(RevisionError::Unknown { text }) => {
            let suggestion = similar_ref(repo, &text)?;
            Err(OpError::UnknownRevision { text, suggestion })
        }
        result => Ok(result?),
    }
}

/// The branch or tag whose name is one or two letters away.
fn similar_ref(repo: &Repo, text: &str) -> Result<Option<String>, OpError> {
    if text.contains(['~', '^', ':']) {
        return Ok(None);
    }
    let refs = repo.db.read(|view| view.refs("refs/"))?;
    let names = refs.iter().map(|(name, _)| name.short());
    let near = names.map(|name| (distance(name, text), name)).filter(|(d, _)| *d <= 2);
    Ok(near.min().map(|(_, name)| name.to_owned()))
}

/// The number of letters to insert, delete or replace (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, y) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
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
    let commit = self::commit(repo, revision.unwrap_or("HEAD"))?;
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

#[cfg(test)]
mod tests {
    #[test]
    fn letters_apart() {
        let d = super::distance;
        assert_eq!(
            (d("main", "mian"), d("main", "main"), d("", "abc"), d("main", "man")),
            (2, 0, 3, 1)
        );
    }
}
