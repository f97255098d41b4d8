//! `diff`: what differs between two states of the dataset.

use std::ops::ControlFlow;

use serde::Serialize;

use super::listing::{self, ChangeTotals, FileChange};
use super::{Context, OpError, Skipped, encode};
use crate::diff::renames::Moved;
use crate::diff::tree;
use crate::id::{CommitId, TreeId};
use crate::path::RepoPath;
use crate::repo::Repo;

mod content;
mod deduplicated;
mod sides;
mod worktree;

pub use crate::diff::text::{Hunk, Line, LineKind};

use sides::Asked;

/// Texts of which a side has more bytes are not compared line by line.
pub const MAX_TEXT_BYTES: u64 = 1 << 20;

/// What to compare.
#[derive(Clone, Debug, Default)]
pub struct DiffOptions {
    /// Up to two revisions or a range, and paths behind them, as a person wrote them.
    pub args: Vec<String>,
    /// Paths that cannot be taken for revisions.
    pub paths: Vec<String>,
    /// Compare with the stage, not with the worktree.
    pub staged: bool,
    /// Tell what only moved as a rename.
    pub renames: bool,
    /// Hand out the lines of small texts, with that many unchanged lines around them.
    pub context: Option<u32>,
    /// Say how many bytes are new after deduplication.
    pub new_bytes: bool,
    /// One difference is enough.
    pub first_only: bool,
}

/// What was compared, and what differs.
#[derive(Clone, Debug, Serialize)]
pub struct DiffOutcome {
    /// The old side.
    pub old: DiffSide,
    /// The new side.
    pub new: DiffSide,
    /// Whether anything differs.
    pub differs: bool,
    /// Sums over the changes.
    pub totals: ChangeTotals,
    /// The changes, sorted by path.
    pub changes: Vec<FileChange>,
    /// What of the worktree could not be looked at.
    pub skipped: Vec<Skipped>,
}

/// One side of a comparison.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DiffSide {
    /// What it is.
    pub kind: DiffSideKind,
    /// The commit, where it is one.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// The tree; `None` for the worktree, and where nothing is recorded yet.
    #[serde(serialize_with = "encode::optional_id")]
    pub tree: Option<TreeId>,
}

/// What a side is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DiffSideKind {
    /// A commit.
    Commit,
    /// What the next commit would hold.
    Stage,
    /// The files on disk.
    Worktree,
}

/// One difference on its way to the outcome.
struct Found {
    path: RepoPath,
    change: FileChange,
    old: content::Source,
    new: content::Source,
}

/// Compares two states. `each` is given every change with its lines, if those were asked for; the
/// outcome holds the changes without them.
pub fn run(
    ctx: &Context,
    options: &DiffOptions,
    each: &mut dyn FnMut(FileChange) -> ControlFlow<()>,
) -> Result<DiffOutcome, OpError> {
    let repo = ctx.open_repo_to_read()?;
    let asked = sides::resolve(ctx, &repo, options)?;
    let (found, skipped) = match asked.new.kind {
        DiffSideKind::Worktree => worktree::differences(ctx, &repo, &asked)?,
        _ => (tree_differences(&repo, &asked, options)?, Vec::new()),
    };
    if let Some(context) = options.context {
        for one in &found {
            let patch = content::patch(&repo, one, context)?;
            if each(FileChange { patch, ..one.change.clone() }).is_break() {
                break;
            }
        }
    }
    let new_bytes = if options.new_bytes { deduplicated::new_bytes(&repo, &found)? } else { None };
    let changes: Vec<FileChange> = found.into_iter().map(|one| one.change).collect();
    Ok(DiffOutcome {
        old: asked.old,
        new: asked.new,
        differs: !changes.is_empty(),
        totals: ChangeTotals { new_bytes, ..ChangeTotals::of(&changes) },
        changes,
        skipped,
    })
}

/// Compares two trees.
fn tree_differences(
    repo: &Repo,
    asked: &Asked,
    options: &DiffOptions,
) -> Result<Vec<Found>, OpError> {
    let (old, new) = (asked.old.tree, asked.new.tree);
    if options.first_only {
        return first_difference(repo, asked);
    }
    let found = listing::between(&repo.store, old, new, &asked.selection, options.renames)?;
    Ok(found.iter().filter_map(of_moved).collect())
}

fn first_difference(repo: &Repo, asked: &Asked) -> Result<Vec<Found>, OpError> {
    let (old, new) = (asked.old.tree, asked.new.tree);
    let mut first = Vec::new();
    let _ = tree::diff_selected(&repo.store, old, new, &asked.selection, &mut |change| {
        first.extend(of_moved(&Moved { change, from: None }));
        if first.is_empty() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    })?;
    Ok(first)
}

fn of_moved(moved: &Moved) -> Option<Found> {
    Some(Found {
        path: moved.change.path.clone(),
        change: FileChange::of(moved)?,
        old: content::Source::stored(moved.change.old.as_ref()),
        new: content::Source::stored(moved.change.new.as_ref()),
    })
}
