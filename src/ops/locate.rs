//! From what a person typed to paths, commits and entries.

use super::source::Source;
use super::{Context, OpError};
use crate::id::CommitId;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::patterns::{self, Patterns, Selection};
use crate::path::{PathSet, RepoPath, escape};
use crate::refs::{self, RefTarget};
use crate::repo::Repo;
use crate::revision::{Range, ReadRefs, Resolver, RevisionError};
use crate::steps::select::SelectError;

/// Repository paths of what a person typed.
pub(super) fn select(
    ctx: &Context,
    source: &dyn Source,
    given: &[String],
) -> Result<Vec<RepoPath>, OpError> {
    source.select(ctx, given)
}

/// What the words of a person select, patterns among them.
pub(super) fn selection(
    ctx: &Context,
    source: &dyn Source,
    given: &[String],
) -> Result<Selection, OpError> {
    let (patterns, plain): (Vec<_>, Vec<_>) = given
        .iter()
        .cloned()
        .partition(|text| patterns::is_pattern(text) && !source.is_path(ctx, text));
    let patterns = Patterns::anchored(&source.folder(ctx), &patterns).map_err(SelectError::from)?;
    Ok(Selection::new(select(ctx, source, &plain)?, patterns))
}

/// An empty list for "everything", which is how scans name it.
pub(super) fn all_if_root(paths: Vec<RepoPath>) -> Vec<RepoPath> {
    if paths.iter().any(RepoPath::is_root) { Vec::new() } else { paths }
}

/// How often a revision is looked up again when what it named moved on and was collected.
const ATTEMPTS: usize = 16;

/// The commit that a revision names.
pub(super) fn commit(ctx: &Context, source: &dyn Source, text: &str) -> Result<CommitId, OpError> {
    let find = || resolver(ctx, source).resolve(text).or_else(|e| Err(unresolved(source, e)?));
    held(ctx, source, find)
}

/// What a revision names: an annotated tag itself, or a commit.
pub(super) fn target(ctx: &Context, source: &dyn Source, text: &str) -> Result<RefTarget, OpError> {
    let find = || resolver(ctx, source).target(text).or_else(|e| Err(unresolved(source, e)?));
    held(ctx, source, find)
}

/// Holds what `find` gives. What a ref named until a moment ago may be gone: then it names another, or,
/// where a commit was undone and made again, the same, which is whole by now.
fn held<T: Copy + PartialEq + Into<RefTarget>>(
    ctx: &Context,
    source: &dyn Source,
    find: impl Fn() -> Result<T, OpError>,
) -> Result<T, OpError> {
    let (mut found, mut is_same) = (find()?, false);
    for _ in 0..ATTEMPTS {
        let Err(e) = source.hold(ctx, found.into()) else { return Ok(found) };
        if is_same {
            return Err(e);
        }
        let again = find()?;
        (is_same, found) = (again == found, again);
    }
    source.hold(ctx, found.into()).map(|()| found)
}

/// Why a revision names nothing, with what was probably meant.
fn unresolved(source: &dyn Source, e: RevisionError) -> Result<OpError, OpError> {
    let RevisionError::Unknown { text, name: Some(name) } = e else { return Ok(e.into()) };
    let similar = similar_ref(source.refs(), "refs/", &name)?;
    let suggestion = similar.map(|similar| text.replacen(&name, &similar, 1));
    Ok(source.unknown(text, suggestion))
}

/// Splits arguments as git does: revisions, `^REV` and ranges first; from the first one that is no
/// revision and names a file on disk or in HEAD, or is a pattern, all are paths.
pub(super) fn revisions_and_paths(
    ctx: &Context,
    source: &dyn Source,
    args: &[String],
) -> Result<(Vec<String>, Vec<String>), OpError> {
    for (at, text) in args.iter().enumerate() {
        let text = text.strip_prefix('^').unwrap_or(text);
        let named = match Range::parse(text) {
            Some(range) => {
                commit(ctx, source, range.left).and_then(|_| commit(ctx, source, range.right))
            }
            None => commit(ctx, source, text),
        };
        match named {
            Ok(_) => {}
            Err(OpError::UnknownRevision { .. } | OpError::IsEmptyRepository)
                if source.is_path(ctx, text) || patterns::is_pattern(text) =>
            {
                return Ok((args[..at].to_vec(), args[at..].to_vec()));
            }
            Err(e) => return Err(e),
        }
    }
    Ok((args.to_vec(), Vec::new()))
}

/// What answers questions about revisions.
pub(super) fn resolver<'r>(ctx: &Context, source: &'r dyn Source) -> Resolver<'r> {
    let (read, find) = (source.objects(), source.objects());
    Resolver { refs: source.refs(), read, find, now: ctx.now }
}

/// The short name of the ref below `kind` that is one or two letters away.
pub(super) fn similar_ref(
    refs: &dyn ReadRefs,
    kind: &str,
    text: &str,
) -> Result<Option<String>, OpError> {
    let refs = refs.refs(kind)?;
    // Nobody writes the names that stashes have.
    let named = refs.iter().filter(|(name, _)| !name.as_str().starts_with(refs::STASHES));
    let names = named.map(|(name, _)| name.short());
    Ok(super::similar(text, names).map(str::to_owned))
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
    source: &dyn Source,
    revision: Option<&str>,
    path: Option<&str>,
) -> Result<(RepoPath, EntryValue), OpError> {
    let commit = self::commit(ctx, source, revision.unwrap_or("HEAD"))?;
    let tree = source.objects().read_root(commit)?;
    let path = match path {
        // Behind a revision paths start at the root, as in git.
        Some(path) if revision.is_some() && !path.starts_with("./") => {
            RepoPath::from_user(&RepoPath::root(), path)?
        }
        Some(path) => select(ctx, source, &[path.to_owned()])?.pop().unwrap_or_else(RepoPath::root),
        None => RepoPath::root(),
    };
    match prolly::resolve(source.objects(), tree, &path)? {
        Some(value) => Ok((path, value)),
        None => Err(OpError::NoSuchPath {
            path: shown(&path),
            revision: Some(source.written(revision.unwrap_or("HEAD"))),
        }),
    }
}

/// As [`find`], but a lone revision that names none is taken for a path in HEAD; returns the revision
/// that it was found in.
pub(super) fn find_either<'t>(
    ctx: &Context,
    source: &dyn Source,
    revision: Option<&'t str>,
    path: Option<&str>,
) -> Result<(&'t str, RepoPath, EntryValue), OpError> {
    match find(ctx, source, revision, path) {
        // A lone argument may be either; the error to report is that of the revision.
        Err(error @ OpError::UnknownRevision { .. }) if path.is_none() => {
            let (path, value) = find(ctx, source, None, revision).map_err(|_| error)?;
            Ok(("HEAD", path, value))
        }
        found => found.map(|(path, value)| (revision.unwrap_or("HEAD"), path, value)),
    }
}

/// What of some paths is to come to the worktree: all that was named, but of the whole tree only what this
/// worktree is to have.
pub(super) fn expected(repo: &Repo, paths: &[RepoPath]) -> PathSet {
    match paths.iter().any(RepoPath::is_root) || paths.is_empty() {
        true => repo.sparse.clone(),
        false => PathSet::ALL,
    }
}
