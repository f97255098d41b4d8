//! Bringing a merged tree into the worktree: merge, set their side apart where paths conflict, write, and
//! move HEAD or note what waits, all in a way that a kill cannot spoil.
//!
//! The tree to come is recorded before the first write; what the worktree rests on moves last. After a kill
//! the same command finishes, and checking out HEAD undoes, as for a checkout.

use super::checkout::{self, Switched};
use super::materialize::{self, Written};
use super::operation::OpenConflict;
use super::switch::{self, SwitchFrom};
use super::{RunContext, StepError, supply};
use crate::db::Tx;
use crate::id::{CommitId, TreeId};
use crate::merge::{
    Conflict, ConflictKind, Histories, Merged, Side, Trees, apart, merge_histories, merge_trees,
};
use crate::object::access::{NullObjects, ReadObjects, WriteObjects};
use crate::object::commit::Commit;
use crate::object::paths::{Memory, ReadThrough, WriteThrough, edit_sorted};
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::refs::{Head, HeadTarget, RefNote, RefTarget};
use crate::repo::{Repo, WorkState};
use crate::store::objects::ObjectWriter;
use crate::store::session::Session;

/// What our side is called in names such as `path~HEAD`.
const OUR_NAME: &str = "HEAD";

/// What is merged into the tree of HEAD.
#[derive(Clone, Copy, Debug)]
pub enum Source {
    /// A commit, with all that led to it.
    History {
        /// HEAD.
        ours: CommitId,
        /// The commit.
        theirs: CommitId,
    },
    /// The difference between two trees.
    Change {
        /// HEAD's tree.
        ours: TreeId,
        /// From here.
        from: Option<TreeId>,
        /// To here.
        to: Option<TreeId>,
    },
}

/// A merge to be made.
#[derive(Clone, Copy, Debug)]
pub struct Request<'r> {
    /// What is merged.
    pub source: Source,
    /// What their side is called.
    pub their_name: &'r str,
    /// The side that every conflict is resolved to.
    pub favour: Option<Side>,
}

/// A merge that was made, and is in no worktree yet.
#[derive(Debug)]
pub struct Prepared {
    /// What the worktree is to hold: with what was set apart, where paths conflict.
    pub tree: TreeId,
    /// The open conflicts.
    pub conflicts: Vec<OpenConflict>,
    /// Paths that were resolved to the side asked for.
    pub resolved: u64,
    /// The commit of it, if it is to be one and nothing conflicts.
    pub commit: Option<CommitId>,
    /// What differs from HEAD's tree.
    pub changes: Vec<crate::diff::tree::Change>,
    /// Whose packs no collection takes: nothing names the commit until the worktree is written.
    pub session: Option<Session>,
}

/// Merges without a trace.
pub fn preview(repo: &Repo, request: &Request<'_>) -> Result<Prepared, StepError> {
    merge(repo, request, &mut NullObjects)
}

/// Merges and stores the new tree; where nothing conflicts also the commit that `commit_of` makes of it.
pub fn prepare(
    repo: &Repo,
    request: &Request<'_>,
    commit_of: impl FnOnce(TreeId) -> Option<Commit>,
) -> Result<Prepared, StepError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let mut prepared = merge(repo, request, &mut writer)?;
    if prepared.conflicts.is_empty()
        && let Some(commit) = commit_of(prepared.tree)
    {
        let encoded = commit.encode().map_err(crate::object::access::AccessError::io)?;
        let id = CommitId::of(&encoded);
        writer.write_commit(id, encoded)?;
        prepared.commit = Some(id);
    }
    let packs = writer.finish()?;
    repo.store.publish(packs, &Default::default(), |_| Ok::<_, StepError>(()))?;
    prepared.session = Some(session);
    Ok(prepared)
}

fn merge(
    repo: &Repo,
    request: &Request<'_>,
    out: &mut dyn WriteObjects,
) -> Result<Prepared, StepError> {
    let memory = Memory::default();
    let mut out = WriteThrough { out, memory: &memory };
    let read = ReadThrough { read: &repo.store, memory: &memory };
    let (ours, merged) = merge_source(&read, request, &mut out)?;
    let (edits, conflicts, resolved) = match request.favour {
        Some(side) => {
            let count = merged.conflicts.len() as u64;
            (resolved_to(merged.conflicts, side), Vec::new(), count)
        }
        None => {
            let (edits, open) = set_apart(&read, &merged, request.their_name)?;
            (edits, open, 0)
        }
    };
    let tree = edit_sorted(&read, Some(merged.tree.id), &edits, &mut out)?.id;
    let changes = crate::diff::tree::changes(&read, Some(ours), Some(tree))?;
    Ok(Prepared { tree, conflicts, resolved, commit: None, changes, session: None })
}

fn merge_source(
    read: &dyn ReadObjects,
    request: &Request<'_>,
    out: &mut dyn WriteObjects,
) -> Result<(TreeId, Merged), StepError> {
    let their_name = request.their_name;
    match request.source {
        Source::History { ours, theirs } => {
            let commits = Histories { ours, theirs, our_name: OUR_NAME, their_name };
            Ok((read.read_root(ours)?, merge_histories(read, &commits, out)?))
        }
        Source::Change { ours, from, to } => {
            let to = match to {
                Some(tree) => tree,
                None => prolly::build([], out)?.id,
            };
            let trees = Trees { base: from, ours, theirs: to, our_name: OUR_NAME, their_name };
            Ok((ours, merge_trees(read, &trees, out)?))
        }
    }
}

type Edits = Vec<(RepoPath, Option<EntryValue>)>;

/// Edits that give every path in conflict what one side has there.
fn resolved_to(conflicts: Vec<Conflict>, side: Side) -> Edits {
    conflicts.into_iter().map(|c| (c.path.clone(), c.of(side).cloned())).collect()
}

/// Puts their side beside each path where ours is, so that both are at hand.
fn set_apart(
    read: &dyn ReadObjects,
    merged: &Merged,
    their_name: &str,
) -> Result<(Edits, Vec<OpenConflict>), StepError> {
    let mut edits: Edits = Vec::new();
    let mut open = Vec::new();
    for conflict in &merged.conflicts {
        let has_both = matches!(
            conflict.kind,
            ConflictKind::BothModified | ConflictKind::BothAdded | ConflictKind::BothRenamed
        ) && conflict.ours.is_some();
        let theirs = conflict.theirs.clone().filter(|_| has_both);
        let aside = match theirs {
            Some(value) => {
                let path = apart::<StepError>(&conflict.path, their_name, |at| {
                    let is_new = edits.iter().any(|(path, _)| path == at);
                    Ok(is_new || prolly::resolve(read, merged.tree.id, at)?.is_some())
                })?;
                edits.push((path.clone(), Some(value)));
                Some(path)
            }
            None => None,
        };
        open.push(OpenConflict { conflict: conflict.clone(), aside });
    }
    edits.sort_by(|a, b| a.0.cmp(&b.0));
    Ok((edits, open))
}

/// From which trees to which one.
pub struct Bring {
    /// The tree that the worktree is at.
    pub from: Option<TreeId>,
    /// Trees whose files may be in the worktree too and are nobody's work.
    pub also: Vec<TreeId>,
    /// The tree to come.
    pub to: TreeId,
    /// Overwrite unsaved work.
    pub force: bool,
}

/// Brings a tree into the worktree; `finish` moves what rests on it, in one transaction. Nothing is done
/// when the plan has conflicts.
pub fn bring(
    repo: &Repo,
    bring: Bring,
    run: &RunContext,
    finish: impl FnOnce(&Tx<'_>) -> Result<(), StepError>,
) -> Result<Switched, StepError> {
    let mut interrupted = checkout::interrupted(repo)?;
    interrupted.extend(bring.also);
    let from = SwitchFrom { tree: bring.from, interrupted };
    let plan = switch::plan_switch(repo, &from, Some(bring.to), bring.force)?;
    if !plan.conflicts.is_empty() {
        return Ok(Switched { plan, written: Written::default() });
    }
    supply::ensure(repo, &plan.files, run)?;
    let key = bring.to;
    repo.db.write(|tx| tx.put_journal(repo.worktree, checkout::JOURNAL, key.as_bytes(), b""))?;
    let written = materialize::apply(repo, &plan, run)?;
    repo.db.write(|tx| {
        finish(tx)?;
        Ok::<_, StepError>(tx.clear_journal(repo.worktree, checkout::JOURNAL)?)
    })?;
    Ok(Switched { plan, written })
}

/// Moves the current branch, or a detached HEAD, to a commit.
pub fn advance(
    tx: &Tx<'_>,
    repo: &Repo,
    state: &WorkState,
    commit: CommitId,
    note: &RefNote,
) -> Result<(), StepError> {
    match &state.head {
        Head::Branch { name, target } => {
            let old = target.map(RefTarget::Commit);
            tx.set_ref(name, old, RefTarget::Commit(commit), note)?;
        }
        Head::Detached(_) => {
            tx.set_head(repo.worktree, &state.head, &HeadTarget::Commit(commit), note)?;
        }
    }
    Ok(())
}

/// Whether histories share a commit.
pub fn are_related(repo: &Repo, one: CommitId, other: CommitId) -> Result<bool, StepError> {
    let bases = crate::history::merge_base::merge_bases(&repo.store, &[one], &[other])?;
    Ok(!bases.is_empty())
}
