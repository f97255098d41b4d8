//! `find`: files of a commit, or of many, by name, size, kind and id.

use std::ops::ControlFlow;

use serde::Serialize;

use super::ls::{self, LsEntry};
use super::source::{self, Source};
use super::{Context, OpError, RemoteCost, RemotePlace, encode, locate};
use crate::diff::tree::{self, Change};
use crate::history::Ancestors;
use crate::id::{CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::commit::Commit;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::path::patterns::Selection;

mod wanted;

use super::starts::{self, Starts};
use wanted::Wanted;
pub use wanted::{FindKind, SizeBound};

/// What to look for, and where.
#[derive(Clone, Debug, Default)]
pub struct FindOptions {
    /// The remote to look at, without a clone; this repository when absent.
    pub at: Option<RemotePlace>,
    /// Patterns of which one must match: of the name, or of the whole path where it has a slash; none
    /// matches all.
    pub patterns: Vec<String>,
    /// Let letters of both cases match.
    pub ignore_case: bool,
    /// Bounds of the size, all of which must hold.
    pub sizes: Vec<SizeBound>,
    /// Kinds of which it must be one; none is all.
    pub kinds: Vec<FindKind>,
    /// The beginning of the id of its content.
    pub id: Option<String>,
    /// The revision, or revisions and ranges whose history is searched.
    pub revisions: Vec<String>,
    /// Search the history of every branch, tag and HEAD.
    pub all: bool,
    /// Only below these paths.
    pub paths: Vec<String>,
}

/// One entry that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    /// The entry.
    #[serde(flatten)]
    pub entry: LsEntry,
    /// The commit that brought it, where a history was searched.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
}

/// Visits what is found. In one revision that is its tree, by path; in a history each version is found
/// once, in the commit that brought it, the newest first.
pub fn run(
    ctx: &Context,
    options: &FindOptions,
    each: &mut dyn FnMut(Found) -> ControlFlow<()>,
) -> Result<Option<RemoteCost>, OpError> {
    let source = source::open(ctx, options.at.as_ref())?;
    let folder = source.folder(ctx);
    let wanted = Wanted::new(options, &folder)?;
    let selection = locate::selection(ctx, &*source, &options.paths)?;
    let mut search = Search { ctx, source: &*source, wanted: &wanted, selection: &selection, each };
    let _ = match options.revisions.as_slice() {
        [] if !options.all => search.tree(locate::commit(ctx, &*source, "HEAD")?)?,
        [one] if !options.all && !starts::is_range(one) => {
            search.tree(locate::commit(ctx, &*source, one)?)?
        }
        revisions => search.history(starts::of(ctx, &*source, revisions, options.all)?)?,
    };
    Ok(source.cost())
}

struct Search<'s> {
    ctx: &'s Context,
    source: &'s dyn Source,
    wanted: &'s Wanted,
    selection: &'s Selection,
    each: &'s mut dyn FnMut(Found) -> ControlFlow<()>,
}

impl Search<'_> {
    /// All of one commit.
    fn tree(&mut self, commit: CommitId) -> Result<ControlFlow<()>, OpError> {
        let tree = self.source.objects().read_root(commit)?;
        self.changes(None, tree, None, &[])
    }

    /// What each commit brought that none of its parents has.
    fn history(&mut self, starts: Starts) -> Result<ControlFlow<()>, OpError> {
        let read = self.source.objects();
        let mut walk = Ancestors::build(read).touching(self.selection.clone());
        if let Some(within) = starts.within {
            walk = walk.within(within);
        }
        for found in walk.start(starts.include)? {
            let (id, commit) = found?;
            let Some(tree) = read.find_root(id)? else { continue };
            let parents = self.trees_of(&commit)?;
            let (first, others) = match parents.split_first() {
                Some((first, others)) => (Some(*first), others),
                None => (None, &[][..]),
            };
            if self.changes(first, tree, Some(id), others)?.is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn trees_of(&self, commit: &Commit) -> Result<Vec<TreeId>, OpError> {
        // What a forgotten parent had is not known: all that is here counts as brought here.
        let tree = |id: &CommitId| self.source.objects().find_root(*id).transpose();
        commit.parents.iter().filter_map(tree).map(|tree| tree.map_err(OpError::from)).collect()
    }

    /// Visits what `new` has that `old` has not, and that is not the same in `others`.
    fn changes(
        &mut self,
        old: Option<TreeId>,
        new: TreeId,
        commit: Option<CommitId>,
        others: &[TreeId],
    ) -> Result<ControlFlow<()>, OpError> {
        let (read, wanted, ctx) = (self.source.objects(), self.wanted, self.ctx);
        let each = &mut *self.each;
        let mut failed = None;
        let flow = tree::diff_selected(read, old, Some(new), self.selection, &mut |change| {
            let Change { path, new: Some(value), .. } = change else {
                return ControlFlow::Continue(());
            };
            if !wanted.takes(&path, &value) {
                return ControlFlow::Continue(());
            }
            let brought = match is_in_any(read, others, &path, &value) {
                _ if ctx.cancel.is_cancelled() => Err(OpError::Interrupted),
                Ok(is_there) => Ok(!is_there),
                Err(e) => Err(e),
            };
            match brought {
                Ok(true) => each(Found { entry: ls::entry(&path, &value), commit }),
                Ok(false) => ControlFlow::Continue(()),
                Err(e) => {
                    failed = Some(e);
                    ControlFlow::Break(())
                }
            }
        })?;
        failed.map_or(Ok(flow), Err)
    }
}

fn is_in_any(
    read: &dyn ReadObjects,
    trees: &[TreeId],
    path: &RepoPath,
    value: &EntryValue,
) -> Result<bool, OpError> {
    for tree in trees {
        if prolly::resolve(read, *tree, path)?.as_ref() == Some(value) {
            return Ok(true);
        }
    }
    Ok(false)
}
