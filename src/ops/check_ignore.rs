//! `check-ignore`: which rule leaves a path out of the dataset.

use serde::Serialize;

use super::{Context, OpError};
use crate::path::RepoPath;
use crate::steps::select;
use crate::worktree::ignore::{self, IgnoreError};

/// What to ask about.
#[derive(Clone, Debug, Default)]
pub struct CheckIgnoreOptions {
    /// Paths, which need not exist; one that ends in `/` is a folder.
    pub paths: Vec<String>,
}

/// The answers, in the order of the questions.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckIgnoreOutcome {
    /// One for each path.
    pub paths: Vec<CheckedPath>,
}

/// What the rules say of a path.
#[derive(Clone, Debug, Serialize)]
pub struct CheckedPath {
    /// The path as given.
    pub path: String,
    /// Whether it is left out.
    pub ignored: bool,
    /// The line that decided; none speaks of a path that is kept by default.
    pub rule: Option<RuleInfo>,
}

/// A line of an `.eskerignore`.
#[derive(Clone, Debug, Serialize)]
pub struct RuleInfo {
    /// The file, from the repository's root.
    pub file: String,
    /// The line's number, from 1.
    pub line: u64,
    /// The line as written.
    pub pattern: String,
}

/// Asks the rules about paths. Reads the files of rules above them and nothing else.
pub fn run(ctx: &Context, options: &CheckIgnoreOptions) -> Result<CheckIgnoreOutcome, OpError> {
    let paths = ctx.find_repo()?;
    let mut outcome = CheckIgnoreOutcome::default();
    for given in &options.paths {
        let path = select::one_path(&paths.root, &ctx.start_dir, given)?;
        outcome.paths.push(check(&paths.root, given, &path)?);
    }
    Ok(outcome)
}

fn check(root: &std::path::Path, given: &str, path: &RepoPath) -> Result<CheckedPath, OpError> {
    let is_dir = given.ends_with('/') || root.join(path.as_str()).is_dir();
    let rule = ignore::check(root, path, is_dir).map_err(|e| cannot_read(root, e))?;
    Ok(CheckedPath {
        path: given.to_owned(),
        ignored: rule.as_ref().is_some_and(|rule| rule.ignores),
        rule: rule.map(|r| RuleInfo { file: r.file(), line: r.line, pattern: r.text }),
    })
}

fn cannot_read(root: &std::path::Path, e: IgnoreError) -> OpError {
    let source = match e {
        IgnoreError::Io(source) => source,
        other => std::io::Error::other(other.to_string()),
    };
    OpError::Io { op: "use the rules of", path: root.to_owned(), source }
}
