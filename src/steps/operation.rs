//! A merge, revert or cherry-pick that waits for a person: what it was, and which paths are in conflict.
//!
//! All of it lies in the journal of `state.db`, a row for the operation and one for each open conflict,
//! written in the transaction that moves the stage to the merged tree. Commits that only the operation
//! names are noted as kept, so that they stay.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::StepError;
use crate::db::{DbError, Tx, View};
use crate::id::{BlobId, CommitId, TreeId};
use crate::merge::{Conflict, ConflictKind};
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::refs::WorktreeId;

/// Journal entries of this kind hold the operation, under an empty key.
const OPERATION: &str = "operation";
/// Journal entries of this kind hold open conflicts, under their paths.
const CONFLICT: &str = "conflict";

/// Which verb is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// `merge`.
    Merge,
    /// `revert`.
    Revert,
    /// `cherry-pick`.
    CherryPick,
}

impl Kind {
    /// The verb.
    pub fn verb(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Revert => "revert",
            Self::CherryPick => "cherry-pick",
        }
    }
}

/// An operation that waits to be continued or given up.
#[derive(Clone, Debug)]
pub struct Operation {
    /// Which verb.
    pub kind: Kind,
    /// HEAD before the first step: where giving up leads.
    pub start: CommitId,
    /// The commit merged, reverted or picked in this step.
    pub commit: CommitId,
    /// The tree that this step brought into the worktree.
    pub tree: TreeId,
    /// What their side is called.
    pub their_name: String,
    /// The message of the commit to come.
    pub message: String,
    /// Commits still to be picked.
    pub todo: Vec<CommitId>,
    /// The parent that merges are compared with, from 1.
    pub mainline: Option<usize>,
    /// Whether messages name the commit that was picked.
    pub names_source: bool,
}

/// A conflict that is not resolved yet.
#[derive(Clone, Debug)]
pub struct OpenConflict {
    /// What it is.
    pub conflict: Conflict,
    /// Where their side was put, if ours is at the path.
    pub aside: Option<RepoPath>,
}

/// How an operation is written down.
#[derive(Serialize, Deserialize)]
struct OperationRow {
    kind: Kind,
    start: String,
    commit: String,
    tree: String,
    their_name: String,
    message: String,
    todo: Vec<String>,
    mainline: Option<usize>,
    names_source: bool,
}

/// The operation under way, if there is one.
pub fn current(view: &View<'_>, worktree: WorktreeId) -> Result<Option<Operation>, DbError> {
    let Some(bytes) = view.journal(worktree, OPERATION, b"")? else { return Ok(None) };
    let row: OperationRow = serde_json::from_slice(&bytes).map_err(damaged)?;
    let todo: Result<_, _> = row.todo.iter().map(|id| id.parse().map_err(damaged)).collect();
    Ok(Some(Operation {
        kind: row.kind,
        start: row.start.parse().map_err(damaged)?,
        commit: row.commit.parse().map_err(damaged)?,
        tree: row.tree.parse().map_err(damaged)?,
        their_name: row.their_name,
        message: row.message,
        todo: todo?,
        mainline: row.mainline,
        names_source: row.names_source,
    }))
}

/// The conflicts that are not resolved, by path.
pub fn conflicts(view: &View<'_>, worktree: WorktreeId) -> Result<Vec<OpenConflict>, DbError> {
    let mut found = Vec::new();
    view.each_journal(worktree, CONFLICT, |key, value| {
        found.push(read_conflict(key, value)?);
        Ok::<_, DbError>(())
    })?;
    found.sort_by(|a, b| a.conflict.path.cmp(&b.conflict.path));
    Ok(found)
}

/// Writes an operation and its conflicts over whatever was there.
pub fn save(
    tx: &Tx<'_>,
    worktree: WorktreeId,
    operation: &Operation,
    conflicts: &[OpenConflict],
) -> Result<(), StepError> {
    clear(tx, worktree)?;
    let row = OperationRow {
        kind: operation.kind,
        start: operation.start.to_string(),
        commit: operation.commit.to_string(),
        tree: operation.tree.to_string(),
        their_name: operation.their_name.clone(),
        message: operation.message.clone(),
        todo: operation.todo.iter().map(ToString::to_string).collect(),
        mainline: operation.mainline,
        names_source: operation.names_source,
    };
    let bytes = serde_json::to_vec(&row).map_err(damaged)?;
    tx.put_journal(worktree, OPERATION, b"", &bytes)?;
    let commits = [operation.start, operation.commit];
    for commit in commits.iter().chain(&operation.todo) {
        tx.keep(worktree, (*commit).into())?;
    }
    tx.keep(worktree, operation.tree.into())?;
    for open in conflicts {
        let value = serde_json::to_vec(&write_conflict(open)).map_err(damaged)?;
        tx.put_journal(worktree, CONFLICT, open.conflict.path.as_str().as_bytes(), &value)?;
    }
    Ok(())
}

/// Takes a path off the open conflicts; says whether it was one.
pub fn resolve(tx: &Tx<'_>, worktree: WorktreeId, path: &RepoPath) -> Result<bool, DbError> {
    tx.delete_journal(worktree, CONFLICT, path.as_str().as_bytes())
}

/// Forgets the operation and its conflicts.
pub fn clear(tx: &Tx<'_>, worktree: WorktreeId) -> Result<(), DbError> {
    tx.clear_journal(worktree, OPERATION)?;
    tx.clear_journal(worktree, CONFLICT)?;
    tx.clear_kept(worktree)
}

fn damaged(e: impl std::fmt::Display) -> DbError {
    DbError::Damaged { detail: format!("a row of an unfinished operation: {e}") }
}

fn write_conflict(open: &OpenConflict) -> Value {
    let Conflict { kind, base, ours, theirs, origin, .. } = &open.conflict;
    let path = |p: &Option<RepoPath>| p.as_ref().map(|p| p.as_str().to_owned());
    json!({
        "kind": kind.as_str(),
        "base": base.as_ref().map(write_value),
        "ours": ours.as_ref().map(write_value),
        "theirs": theirs.as_ref().map(write_value),
        "origin": path(origin),
        "aside": path(&open.aside),
    })
}

fn write_value(value: &EntryValue) -> Value {
    match value {
        EntryValue::File { id, size, executable } => {
            json!({ "id": id.to_string(), "size": size, "executable": executable })
        }
        EntryValue::Symlink { target } => json!({ "target": target }),
        EntryValue::Directory { id, files, bytes } => {
            json!({ "tree": id.to_string(), "files": files, "bytes": bytes })
        }
    }
}

fn read_conflict(key: &[u8], value: &[u8]) -> Result<OpenConflict, DbError> {
    let row: Value = serde_json::from_slice(value).map_err(damaged)?;
    let path = |text: &str| RepoPath::parse(text).map_err(damaged);
    let side = |name: &str| match &row[name] {
        Value::Null => Ok(None),
        value => read_value(value).map(Some).ok_or_else(|| damaged("a side")),
    };
    let kind = row["kind"].as_str().and_then(ConflictKind::parse);
    Ok(OpenConflict {
        conflict: Conflict {
            path: path(std::str::from_utf8(key).map_err(damaged)?)?,
            kind: kind.ok_or_else(|| damaged("a kind"))?,
            base: side("base")?,
            ours: side("ours")?,
            theirs: side("theirs")?,
            origin: row["origin"].as_str().map(path).transpose()?,
        },
        aside: row["aside"].as_str().map(path).transpose()?,
    })
}

fn read_value(value: &Value) -> Option<EntryValue> {
    let number = |name: &str| value[name].as_u64();
    if let Some(target) = value["target"].as_str() {
        return Some(EntryValue::Symlink { target: target.into() });
    }
    if let Some(id) = value["tree"].as_str() {
        let id: TreeId = id.parse().ok()?;
        return Some(EntryValue::Directory {
            id,
            files: number("files")?,
            bytes: number("bytes")?,
        });
    }
    let id: BlobId = value["id"].as_str()?.parse().ok()?;
    let executable = value["executable"].as_bool()?;
    Some(EntryValue::File { id, size: number("size")?, executable })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_conflict_is_read_as_it_was_written() {
        let path = |text: &str| RepoPath::parse(text).expect("a valid path");
        let id = BlobId::of(b"x");
        let open = OpenConflict {
            conflict: Conflict {
                path: path("d/a"),
                kind: ConflictKind::BothModified,
                base: None,
                ours: Some(EntryValue::File { id, size: 1, executable: true }),
                theirs: Some(EntryValue::Symlink { target: "b".into() }),
                origin: Some(path("old")),
            },
            aside: Some(path("d/a~side")),
        };
        let value = serde_json::to_vec(&write_conflict(&open)).expect("JSON");
        let read = read_conflict(b"d/a", &value).expect("valid");
        assert_eq!((read.conflict, read.aside), (open.conflict, open.aside));
        assert!(read_conflict(b"d/a", b"{}").is_err());
        assert!(read_conflict(b"d/a", b"nonsense").is_err());
        assert!(read_conflict(b"../a", &value).is_err());
    }
}
