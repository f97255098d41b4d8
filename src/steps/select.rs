//! From what a person typed to repository paths: relative paths, patterns, and data roots of a git
//! checkout.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::StepError;
use crate::id::TreeId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::{PathError, RepoPath};
use crate::repo::Repo;

/// Why paths cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SelectError {
    /// A path leaves the repository.
    #[error("'{path}' is outside the repository")]
    Outside {
        /// The path as given.
        path: String,
    },
    /// A name in a path is not allowed.
    #[error("{source}")]
    Name {
        /// The path as given.
        path: String,
        /// Why.
        source: PathError,
    },
}

/// The folder in the repository at `root` that `dir` is; the root when it is above or elsewhere.
fn folder_of(root: &Path, dir: &Path) -> RepoPath {
    let relative = dir.strip_prefix(root).ok().and_then(Path::to_str);
    relative
        .and_then(|r| RepoPath::from_user(&RepoPath::root(), r).ok())
        .unwrap_or_else(RepoPath::root)
}

/// Repository paths of arguments given in folder `cwd`.
pub fn paths(repo: &Repo, cwd: &Path, given: &[String]) -> Result<Vec<RepoPath>, SelectError> {
    let mut found = Vec::new();
    for text in given {
        found.push(one_path(&repo.paths.root, cwd, text)?);
    }
    found.sort();
    found.dedup();
    // What lies below another path is named already.
    let mut kept: Vec<RepoPath> = Vec::new();
    for path in found {
        if !kept.iter().any(|k| path.starts_with(k)) {
            kept.push(path);
        }
    }
    Ok(kept)
}

/// The path in the repository at `root` of one argument given in folder `cwd`.
pub fn one_path(root: &Path, cwd: &Path, text: &str) -> Result<RepoPath, SelectError> {
    let absolute = Path::new(text).is_absolute();
    let relative = match absolute {
        true => PathBuf::from(text).strip_prefix(root).ok().map(Path::to_path_buf),
        false => None,
    };
    let result = match (absolute, relative) {
        (true, None) => return Err(SelectError::Outside { path: text.to_owned() }),
        (true, Some(relative)) if relative.as_os_str().is_empty() => return Ok(RepoPath::root()),
        (true, Some(relative)) => {
            RepoPath::from_user(&RepoPath::root(), &relative.to_string_lossy())
        }
        (false, _) => RepoPath::from_user(&folder_of(root, cwd), text),
    };
    result.map_err(|source| match source {
        PathError::Outside(_) => SelectError::Outside { path: text.to_owned() },
        source => SelectError::Name { path: text.to_owned(), source },
    })
}

/// Whether a path that does not exist is meant as a pattern.
pub fn is_pattern(text: &str) -> bool {
    text.contains(['*', '?', '['])
}

/// Paths on disk that match patterns in gitignore syntax, besides the plain paths given.
pub fn expand_patterns(
    repo: &Repo,
    cwd: &Path,
    given: &[String],
) -> Result<Vec<String>, StepError> {
    let (patterns, mut plain): (Vec<_>, Vec<_>) =
        given.iter().cloned().partition(|g| is_pattern(g) && !cwd.join(g).exists());
    if patterns.is_empty() {
        return Ok(plain);
    }
    let Some(matcher) = matcher(cwd, &patterns, &mut plain) else { return Ok(plain) };
    let dir = repo.paths.dir.clone();
    let mut matched: HashSet<String> = HashSet::new();
    let walk = walkdir::WalkDir::new(cwd).min_depth(1).sort_by_file_name();
    let mut entries = walk.into_iter().filter_entry(move |e| e.path() != dir);
    while let Some(entry) = entries.next() {
        let Ok(entry) = entry else { continue };
        let is_dir = entry.file_type().is_dir();
        if let Match::Ignore(glob) = matcher.matched(entry.path(), is_dir) {
            matched.insert(glob.original().trim_start_matches('/').to_owned());
            if let Ok(relative) = entry.path().strip_prefix(cwd) {
                plain.push(relative.to_string_lossy().into_owned());
            }
            if is_dir {
                entries.skip_current_dir();
            }
        }
    }
    // What matches nothing is a path that does not exist.
    plain.extend(patterns.into_iter().filter(|p| !matched.contains(p)));
    Ok(plain)
}

/// Tracked paths that match patterns in gitignore syntax, besides the plain paths given.
pub fn expand_tracked(
    repo: &Repo,
    tree: Option<TreeId>,
    cwd: &Path,
    given: &[String],
) -> Result<Vec<String>, StepError> {
    let folder = folder_of(&repo.paths.root, cwd);
    let mut plain = Vec::new();
    let mut patterns = Vec::new();
    for text in given {
        let is_there = |path| is_in_tree(repo, tree, &path);
        let named = RepoPath::from_user(&folder, text).ok().map(is_there).transpose()?;
        match is_pattern(text) && named != Some(true) {
            true => patterns.push(text.clone()),
            false => plain.push(text.clone()),
        }
    }
    let top = match tree {
        Some(tree) if !patterns.is_empty() => prolly::resolve(&repo.store, tree, &folder)?,
        _ => None,
    };
    let Some(matcher) = matcher(cwd, &patterns, &mut plain) else { return Ok(plain) };
    let mut walk = TrackedWalk { repo, matcher, plain, matched: HashSet::new() };
    if let Some(EntryValue::Directory { id, .. }) = top {
        walk.visit(Path::new(""), id)?;
    }
    // What matches nothing is a path that is not tracked.
    walk.plain.extend(patterns.into_iter().filter(|p| !walk.matched.contains(p)));
    Ok(walk.plain)
}

struct TrackedWalk<'w> {
    repo: &'w Repo,
    matcher: Gitignore,
    plain: Vec<String>,
    matched: HashSet<String>,
}

impl TrackedWalk<'_> {
    fn visit(&mut self, dir: &Path, tree: TreeId) -> Result<(), StepError> {
        for entry in prolly::iterate(&self.repo.store, tree) {
            let entry = entry?;
            let path = dir.join(&*entry.name);
            let below = match entry.value {
                EntryValue::Directory { id, .. } => Some(id),
                _ => None,
            };
            match (self.matcher.matched(&path, below.is_some()), below) {
                (Match::Ignore(glob), _) => {
                    self.matched.insert(glob.original().trim_start_matches('/').to_owned());
                    self.plain.push(path.to_string_lossy().into_owned());
                }
                (_, Some(below)) => self.visit(&path, below)?,
                (_, None) => {}
            }
        }
        Ok(())
    }
}

/// Patterns that hold in `cwd`; those that are no patterns are left as paths, which then do not exist.
fn matcher(cwd: &Path, patterns: &[String], plain: &mut Vec<String>) -> Option<Gitignore> {
    let mut builder = GitignoreBuilder::new(cwd);
    for pattern in patterns {
        if builder.add_line(None, &format!("/{pattern}")).is_err() {
            plain.push(pattern.clone());
        }
    }
    if patterns.is_empty() { None } else { builder.build().ok() }
}

/// Whether a path is in a tree.
pub fn is_in_tree(repo: &Repo, tree: Option<TreeId>, path: &RepoPath) -> Result<bool, StepError> {
    let read: &dyn ReadObjects = &repo.store;
    Ok(match tree {
        Some(tree) => prolly::resolve(read, tree, path)?.is_some(),
        None => false,
    })
}
