//! Where a verb that only looks finds commits, refs and files: this repository, or a remote without one.
//!
//! Verbs that read take a [`Source`] and never ask which it is.

use std::io::Write;
use std::ops::Range;

use super::supply::FromRemotes;
use super::there::{self, RemoteCost, RemotePlace};
use super::{Context, OpError};
use crate::db::{DbError, ReflogRow};
use crate::id::{BlobId, CommitId};
use crate::object::access::{FindCommits, ReadObjects};
use crate::object::prolly;
use crate::path::RepoPath;
use crate::refs::{Head, RefName, RefTarget};
use crate::repo::{Names, Repo};
use crate::revision::{Log, ReadRefs};
use crate::steps::{hold, select};

/// Commits, trees and tags, by id and by the beginning of an id.
pub(super) trait Objects: ReadObjects + FindCommits {}

impl<T: ReadObjects + FindCommits> Objects for T {}

/// What a verb looks at.
pub(super) trait Source {
    /// Its commits, trees and tags.
    fn objects(&self) -> &dyn Objects;

    /// Its names.
    fn refs(&self) -> &dyn ReadRefs;

    /// Paths in it that a person typed.
    fn select(&self, ctx: &Context, given: &[String]) -> Result<Vec<RepoPath>, OpError>;

    /// The folder in it that paths which a person types count from.
    fn folder(&self, ctx: &Context) -> RepoPath;

    /// Keeps what a verb is about to name from collections beside it, see [`hold`].
    fn hold(&self, ctx: &Context, target: RefTarget) -> Result<(), OpError>;

    /// Whether a word that is no revision is one of its paths.
    fn is_path(&self, ctx: &Context, text: &str) -> bool;

    /// Writes bytes `range` of a file to `out`, verified. Says what that cost, where the repository had to
    /// ask a remote for it.
    fn read_file(
        &self,
        ctx: &Context,
        id: BlobId,
        size: u64,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<Option<RemoteCost>, OpError>;

    /// Whether the files of a commit were let go.
    fn is_forgotten(&self, id: CommitId) -> bool;

    /// What looking at it has cost, of a remote.
    fn cost(&self) -> Option<RemoteCost>;

    /// A revision of it as a person would write it again.
    fn written(&self, revision: &str) -> String;

    /// The error for a revision that names nothing here.
    fn unknown(&self, text: String, suggestion: Option<String>) -> OpError;
}

/// This repository, or the remote that is named.
pub(super) fn open(ctx: &Context, at: Option<&RemotePlace>) -> Result<Box<dyn Source>, OpError> {
    match at {
        None => Ok(Box::new(ctx.open_repo_to_read()?)),
        Some(place) => Ok(Box::new(there::open(ctx, place)?)),
    }
}

/// What a database says of names, to one of its worktrees.
macro_rules! read_refs {
    ($($of:ty),*) => {
        $(impl ReadRefs for $of {
            fn head(&self) -> Result<Head, DbError> {
                self.db.read(|view| view.head(self.worktree))
            }

            fn get_ref(&self, name: &RefName) -> Result<Option<RefTarget>, DbError> {
                self.db.read(|view| view.get_ref(name))
            }

            fn refs(&self, prefix: &str) -> Result<Vec<(RefName, RefTarget)>, DbError> {
                self.db.read(|view| view.refs(prefix))
            }

            fn reflog(&self, of: &Log, skip: u32, limit: u32) -> Result<Vec<ReflogRow>, DbError> {
                self.db.read(|view| view.reflog(of.of(self.worktree), skip, limit))
            }
        })*
    };
}

read_refs!(Repo, Names);

impl Source for Repo {
    fn objects(&self) -> &dyn Objects {
        &self.store
    }

    fn refs(&self) -> &dyn ReadRefs {
        self
    }

    fn select(&self, ctx: &Context, given: &[String]) -> Result<Vec<RepoPath>, OpError> {
        Ok(select::paths(self, &ctx.start_dir, given)?)
    }

    fn folder(&self, ctx: &Context) -> RepoPath {
        select::folder_of(&self.paths.root, &ctx.start_dir)
    }

    fn hold(&self, ctx: &Context, target: RefTarget) -> Result<(), OpError> {
        Ok(hold::target(self, target, &ctx.cancel)?)
    }

    /// On disk, on the stage or in HEAD.
    fn is_path(&self, ctx: &Context, text: &str) -> bool {
        let Ok(mut paths) = self.select(ctx, &[text.to_owned()]) else { return false };
        let Some(path) = paths.pop() else { return false };
        let is_recorded = || {
            let state = self.state().ok()?;
            let trees = [state.staged_tree(), state.head_tree].into_iter().flatten();
            Some(trees.into_iter().any(|tree| {
                prolly::resolve(&self.store, tree, &path).is_ok_and(|found| found.is_some())
            }))
        };
        ctx.start_dir.join(text).symlink_metadata().is_ok() || is_recorded() == Some(true)
    }

    fn read_file(
        &self,
        ctx: &Context,
        id: BlobId,
        size: u64,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<Option<RemoteCost>, OpError> {
        if !self.store.absent().promised.is_empty() && !self.store.has_blob(id, size)? {
            return FromRemotes::new(ctx).read(self, (id, size), range, out).map(Some);
        }
        self.store.read_blob_range(id, size, range, out)?;
        Ok(None)
    }

    fn is_forgotten(&self, id: CommitId) -> bool {
        self.store.forgotten().contains_key(&id)
    }

    fn cost(&self) -> Option<RemoteCost> {
        None
    }

    fn written(&self, revision: &str) -> String {
        revision.to_owned()
    }

    fn unknown(&self, text: String, suggestion: Option<String>) -> OpError {
        OpError::UnknownRevision { text, suggestion }
    }
}
