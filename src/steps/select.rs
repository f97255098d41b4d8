//! From what a person typed to repository paths: relative paths, patterns, and data roots of a git
//! checkout.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::StepError;
use crate::id::TreeId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::patterns::{PatternError, Patterns, is_pattern, without_inner};
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
    /// A pattern cannot be read.
    #[error("{0}")]
    Pattern(String),
    /// A tree could not be read.
    #[error(transparent)]
    Step(#[from] StepError),
}

impl From<PatternError> for SelectError {
    fn from(e: PatternError) -> Self {
        match e {
            PatternError::Unreadable(why) => Self::Pattern(why),
            PatternError::Path { text, source } => of_path(source, &text),
        }
    }
}

/// The folder in the repository at `root` that `dir` is; the root when it is above or elsewhere.
pub fn folder_of(root: &Path, dir: &Path) -> RepoPath {
    let relative = dir.strip_prefix(root).ok().and_then(Path::to_str);
    relative
        .and_then(|r| RepoPath::from_user(&RepoPath::root(), r).ok())
        .unwrap_or_else(RepoPath::root)
}

/// Repository paths of arguments given in folder `cwd`.
pub fn paths(repo: &Repo, cwd: &Path, given: &[String]) -> Result<Vec<RepoPath>, SelectError> {
    let found = given.iter().map(|text| one_path(&repo.paths.root, cwd, text));
    Ok(without_inner(found.collect::<Result<_, _>>()?))
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
    result.map_err(|source| of_path(source, text))
}

fn of_path(source: PathError, text: &str) -> SelectError {
    match source {
        PathError::Outside(_) => SelectError::Outside { path: text.to_owned() },
        source => SelectError::Name { path: text.to_owned(), source },
    }
}

/// Arguments given in folder `cwd`, those apart that are meant as patterns: `is_there` says which paths
/// exist, and so are none.
fn apart(
    root: &Path,
    cwd: &Path,
    given: &[String],
    is_there: &mut dyn FnMut(&RepoPath) -> Result<bool, StepError>,
) -> Result<(Vec<String>, Patterns), SelectError> {
    let (folder, mut plain, mut patterns) = (folder_of(root, cwd), Vec::new(), Vec::new());
    for text in given {
        let named = RepoPath::from_user(&folder, text).ok();
        let mut is_there = || named.as_ref().map(&mut *is_there).transpose();
        match is_pattern(text) && is_there()? != Some(true) {
            true => patterns.push(text.clone()),
            false => plain.push(text.clone()),
        }
    }
    Ok((plain, Patterns::anchored(&folder, &patterns)?))
}

/// Paths on disk that match patterns, besides the plain paths given.
pub fn on_disk(repo: &Repo, cwd: &Path, given: &[String]) -> Result<Vec<RepoPath>, SelectError> {
    let root = &repo.paths.root;
    let exists = |path: &RepoPath| Ok(root.join(path.as_str()).symlink_metadata().is_ok());
    let (plain, patterns) = apart(root, cwd, given, &mut { exists })?;
    let mut found = Matched::new(&patterns);
    for base in found.bases() {
        found.walk_disk(repo, &root.join(base.as_str()))?;
    }
    found.with(repo, cwd, plain)
}

/// Paths in any of some trees that match patterns, besides the plain paths given.
pub fn in_trees(
    repo: &Repo,
    trees: &[Option<TreeId>],
    cwd: &Path,
    given: &[String],
) -> Result<Vec<RepoPath>, SelectError> {
    let mut is_there = |path: &RepoPath| {
        trees.iter().try_fold(false, |found, tree| Ok(found || is_in_tree(repo, *tree, path)?))
    };
    let (plain, patterns) = apart(&repo.paths.root, cwd, given, &mut is_there)?;
    let mut found = Matched::new(&patterns);
    for tree in trees.iter().flatten() {
        for base in found.bases() {
            let top = prolly::resolve(&repo.store, *tree, &base).map_err(StepError::from)?;
            if let Some(EntryValue::Directory { id, .. }) = top {
                found.walk_tree(repo, &base, id)?;
            }
        }
    }
    found.with(repo, cwd, plain)
}

/// What patterns have matched so far.
struct Matched<'p> {
    patterns: &'p Patterns,
    paths: Vec<RepoPath>,
    /// The texts of those that matched something.
    used: HashSet<&'p str>,
}

impl<'p> Matched<'p> {
    fn new(patterns: &'p Patterns) -> Self {
        Self { patterns, paths: Vec::new(), used: HashSet::new() }
    }

    /// Where to look.
    fn bases(&self) -> Vec<RepoPath> {
        without_inner(self.patterns.bases().map(|(_, base)| base.clone()).collect())
    }

    /// Takes a path that matches; says whether it did.
    fn take(&mut self, path: &RepoPath, is_dir: bool) -> bool {
        let before = self.used.len();
        self.used.extend(self.patterns.matching(path, is_dir));
        let is_match = self.used.len() > before || self.patterns.matches(path, is_dir);
        if is_match {
            self.paths.push(path.clone());
        }
        is_match
    }

    fn walk_disk(&mut self, repo: &Repo, top: &Path) -> Result<(), SelectError> {
        let dir = repo.paths.dir.clone();
        let walk = walkdir::WalkDir::new(top).min_depth(1).sort_by_file_name();
        let mut entries = walk.into_iter().filter_entry(move |e| e.path() != dir);
        while let Some(entry) = entries.next() {
            let Ok(entry) = entry else { continue };
            let Ok(below) = entry.path().strip_prefix(&repo.paths.root) else { continue };
            // What has a name that cannot be stored is told by whoever takes its folder.
            let Ok(path) = RepoPath::from_user(&RepoPath::root(), &below.to_string_lossy()) else {
                continue;
            };
            let is_dir = entry.file_type().is_dir();
            if self.take(&path, is_dir) && is_dir {
                entries.skip_current_dir();
            }
        }
        Ok(())
    }

    fn walk_tree(&mut self, repo: &Repo, dir: &RepoPath, tree: TreeId) -> Result<(), StepError> {
        for entry in prolly::iterate(&repo.store, tree) {
            let entry = entry?;
            let path = dir.join(&entry.name)?;
            match entry.value {
                EntryValue::Directory { id, .. } if !self.take(&path, true) => {
                    self.walk_tree(repo, &path, id)?;
                }
                EntryValue::Directory { .. } => {}
                _ => drop(self.take(&path, false)),
            }
        }
        Ok(())
    }

    /// What matched and these paths. A pattern that matches nothing is a path that does not exist.
    fn with(
        self,
        repo: &Repo,
        cwd: &Path,
        mut plain: Vec<String>,
    ) -> Result<Vec<RepoPath>, SelectError> {
        let texts = self.patterns.bases().map(|(text, _)| text);
        plain.extend(texts.filter(|text| !self.used.contains(text)).map(str::to_owned));
        Ok(without_inner(self.paths.into_iter().chain(paths(repo, cwd, &plain)?).collect()))
    }
}

/// Whether a path is in a tree.
pub fn is_in_tree(repo: &Repo, tree: Option<TreeId>, path: &RepoPath) -> Result<bool, StepError> {
    let read: &dyn ReadObjects = &repo.store;
    Ok(match tree {
        Some(tree) => prolly::resolve(read, tree, path)?.is_some(),
        None => false,
    })
}
