//! Refs, HEAD, stage and reflog. Every change states the old value it expects and is refused when
//! another is found; every move leaves a row in the reflog and a line in `refs.log`.

use super::{DbError, Tx, View};
use crate::id::{CommitId, TagId, TreeId};
use crate::path::PathSet;
use crate::refs::{
    Head, HeadTarget, LogRecord, RefName, RefNote, RefTarget, RefUpdate, WorktreeId,
};
use rusqlite::Row;
use std::collections::BTreeMap;

/// The fact of `refs.log` that moves before a time were let go of.
pub(super) const REFLOG_SINCE: &str = "reflog_since";

/// Why a ref, HEAD or stage was not moved.
#[derive(Debug, thiserror::Error)]
pub enum RefError {
    /// The ref is not where it was expected.
    #[error("{name} was moved by somebody else")]
    Moved {
        /// The ref.
        name: RefName,
        /// Where it was expected; `None` is nowhere.
        expected: Option<RefTarget>,
        /// Where it is.
        found: Option<RefTarget>,
    },
    /// HEAD is not where it was expected.
    #[error("HEAD was moved by somebody else")]
    HeadMoved {
        /// Where it was expected.
        expected: Head,
        /// Where it is.
        found: Head,
    },
    /// The stage is not what was expected.
    #[error("the stage was changed by somebody else")]
    StageMoved {
        /// The tree expected; `None` is HEAD's.
        expected: Option<TreeId>,
        /// The tree it is.
        found: Option<TreeId>,
    },
    /// A branch can only point at a commit.
    #[error("{name} cannot point at a tag object")]
    NotACommit {
        /// The branch.
        name: RefName,
    },
    /// Another worktree is on the branch.
    #[error("branch '{}' is checked out in another worktree", name.short())]
    CheckedOut {
        /// The branch.
        name: RefName,
        /// The worktree that is on it.
        worktree: WorktreeId,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl RefError {
    /// Whether somebody else was faster, so that deciding again on the new value may succeed.
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Moved { .. } | Self::HeadMoved { .. } | Self::StageMoved { .. })
    }
}

/// Whose moves a reflog holds.
#[derive(Clone, Copy, Debug)]
pub enum ReflogOf<'a> {
    /// A ref's.
    Ref(&'a RefName),
    /// Those of the HEAD of a worktree, moves of the branch it was on included.
    Head(WorktreeId),
}

impl ReflogOf<'_> {
    fn columns(&self) -> (Option<u32>, &str) {
        match self {
            Self::Ref(name) => (None, name.as_str()),
            Self::Head(worktree) => (Some(worktree.0), "HEAD"),
        }
    }
}

/// One move, as the reflog keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReflogRow {
    /// Where the ref was.
    pub old: Option<RefTarget>,
    /// Where it went.
    pub new: Option<RefTarget>,
    /// Who, when and why.
    pub note: RefNote,
}

/// A target from two columns: its id and whether that is a tag object's.
fn target(row: &Row, column: usize) -> Result<Option<RefTarget>, DbError> {
    let Some(id) = row.get::<_, Option<[u8; 32]>>(column)? else { return Ok(None) };
    let is_tag_object = row.get(column + 1)?;
    Ok(Some(if is_tag_object {
        RefTarget::Tag(TagId::from_bytes(id))
    } else {
        RefTarget::Commit(CommitId::from_bytes(id))
    }))
}

fn target_columns(target: Option<RefTarget>) -> (Option<[u8; 32]>, bool) {
    match target {
        None => (None, false),
        Some(RefTarget::Commit(id)) => (Some(*id.as_bytes()), false),
        Some(RefTarget::Tag(id)) => (Some(*id.as_bytes()), true),
    }
}

fn ref_name(row: &Row, column: usize) -> Result<RefName, DbError> {
    let text: String = row.get(column)?;
    RefName::new(&text).map_err(|e| DbError::damaged(e.to_string()))
}

impl View<'_> {
    /// What a ref points at, if it exists.
    pub fn get_ref(&self, name: &RefName) -> Result<Option<RefTarget>, DbError> {
        let sql = "SELECT target, is_tag_object FROM refs WHERE name = ?1";
        Ok(self.one(sql, [name.as_str()], |row| target(row, 0))?.flatten())
    }

    /// Every ref whose full name starts with `prefix`, such as `refs/heads/`, in byte order.
    pub fn refs(&self, prefix: &str) -> Result<Vec<(RefName, RefTarget)>, DbError> {
        let sql = "SELECT name, target, is_tag_object FROM refs WHERE name >= ?1 AND name < ?2 \
                   ORDER BY name";
        // No name holds U+10FFFF followed by anything that sorts above it.
        let end = format!("{prefix}\u{10ffff}");
        self.all(sql, [prefix, &end], |row| {
            let missing = || DbError::damaged("a ref without target");
            Ok((ref_name(row, 0)?, target(row, 1)?.ok_or_else(missing)?))
        })
    }

    /// The HEAD of a worktree, with its branch looked up.
    pub fn head(&self, worktree: WorktreeId) -> Result<Head, DbError> {
        let sql = "SELECT head_commit, 0, head_ref, target, is_tag_object FROM worktrees \
                   LEFT JOIN refs ON name = head_ref WHERE id = ?1";
        let head = self.one(sql, [worktree.0], |row| {
            let commit =
                |column| Ok::<_, DbError>(target(row, column)?.and_then(RefTarget::commit));
            match commit(0)? {
                Some(id) => Ok(Head::Detached(id)),
                None => Ok(Head::Branch { name: ref_name(row, 2)?, target: commit(3)? }),
            }
        })?;
        head.ok_or(DbError::NoWorktree(worktree))
    }

    /// The staged tree of a worktree; `None` is the same as HEAD's.
    pub fn stage(&self, worktree: WorktreeId) -> Result<Option<TreeId>, DbError> {
        let sql = "SELECT stage FROM worktrees WHERE id = ?1";
        let stage = self.one(sql, [worktree.0], |row| Ok(row.get::<_, Option<[u8; 32]>>(0)?))?;
        Ok(stage.ok_or(DbError::NoWorktree(worktree))?.map(TreeId::from_bytes))
    }

    /// Every worktree; the main one is first.
    pub fn worktrees(&self) -> Result<Vec<WorktreeId>, DbError> {
        self.all("SELECT id FROM worktrees ORDER BY id", [], |row| Ok(WorktreeId(row.get(0)?)))
    }

    /// The worktree that is on a branch, if any but `own` is.
    pub fn worktree_on(
        &self,
        branch: &RefName,
        own: WorktreeId,
    ) -> Result<Option<WorktreeId>, DbError> {
        let sql = "SELECT id FROM worktrees WHERE head_ref = ?1 AND id <> ?2 ORDER BY id";
        self.one(sql, (branch.as_str(), own.0), |row| Ok(WorktreeId(row.get(0)?)))
    }

    /// Every ref that was ever moved, in byte order: those there are, and those that were deleted.
    pub fn logged_refs(&self) -> Result<Vec<RefName>, DbError> {
        let sql = "SELECT DISTINCT ref FROM reflog WHERE worktree IS NULL ORDER BY ref";
        self.all(sql, [], |row| ref_name(row, 0))
    }

    /// The newest moves first, at most `limit` of them after the first `skip`.
    pub fn reflog(&self, of: ReflogOf, skip: u32, limit: u32) -> Result<Vec<ReflogRow>, DbError> {
        let sql = "SELECT old, old_is_tag_object, new, new_is_tag_object, time, tz, who, message \
                   FROM reflog WHERE ref = ?2 AND worktree IS ?1 ORDER BY id DESC \
                   LIMIT ?3 OFFSET ?4";
        let (worktree, name) = of.columns();
        self.all(sql, (worktree, name, limit, skip), |row| {
            let (time, tz_minutes) = (row.get(4)?, row.get(5)?);
            let note = RefNote { time, tz_minutes, who: row.get(6)?, message: row.get(7)? };
            Ok(ReflogRow { old: target(row, 0)?, new: target(row, 2)?, note })
        })
    }

    /// Everything that reflogs name from `since` on, in Unix seconds, those of deleted refs too.
    pub fn reflog_targets(&self, since: i64) -> Result<Vec<RefTarget>, DbError> {
        let sql = "SELECT old, old_is_tag_object FROM reflog WHERE time >= ?1 AND old IS NOT NULL \
                   UNION SELECT new, new_is_tag_object FROM reflog \
                   WHERE time >= ?1 AND new IS NOT NULL";
        let targets = self.all(sql, [since], |row| target(row, 0))?;
        Ok(targets.into_iter().flatten().collect())
    }
}

impl Tx<'_> {
    /// Points a ref at `new` if it still points at `expected`; `None` is that it must not exist.
    pub fn set_ref(
        &self,
        name: &RefName,
        expected: Option<RefTarget>,
        new: RefTarget,
        note: &RefNote,
    ) -> Result<(), RefError> {
        self.update_ref(RefUpdate { name: name.clone(), old: expected, new: Some(new) }, note)
    }

    /// Deletes a ref if it still points at `expected`; its reflog stays.
    pub fn delete_ref(
        &self,
        name: &RefName,
        expected: RefTarget,
        note: &RefNote,
    ) -> Result<(), RefError> {
        self.update_ref(RefUpdate { name: name.clone(), old: Some(expected), new: None }, note)
    }

    /// Makes a move if the ref still is where it starts from. A move to the same place is no move.
    pub fn update_ref(&self, update: RefUpdate, note: &RefNote) -> Result<(), RefError> {
        if update.name.is_branch() && matches!(update.new, Some(RefTarget::Tag(_))) {
            return Err(RefError::NotACommit { name: update.name });
        }
        let found = self.get_ref(&update.name)?;
        if found != update.old {
            return Err(RefError::Moved { name: update.name, expected: update.old, found });
        }
        if found != update.new {
            self.store_ref(&update, note)?;
            self.log(LogRecord::Ref(update, note.clone()));
        }
        Ok(())
    }

    /// Writes a move and its reflog, also to that of every HEAD on the ref.
    pub(super) fn store_ref(&self, update: &RefUpdate, note: &RefNote) -> Result<(), DbError> {
        let RefUpdate { name, old, new } = update;
        match target_columns(*new) {
            (Some(id), is_tag_object) => {
                let sql = "INSERT OR REPLACE INTO refs(name, target, is_tag_object) \
                           VALUES(?1, ?2, ?3)";
                self.run(sql, (name.as_str(), id, is_tag_object))?;
            }
            (None, _) => {
                self.run("DELETE FROM refs WHERE name = ?1", [name.as_str()])?;
            }
        }
        self.append_reflog(ReflogOf::Ref(name), *old, *new, note)?;
        let sql = "SELECT id FROM worktrees WHERE head_ref = ?1";
        for worktree in self.all(sql, [name.as_str()], |row| Ok(WorktreeId(row.get(0)?)))? {
            self.append_reflog(ReflogOf::Head(worktree), *old, *new, note)?;
        }
        Ok(())
    }

    /// Moves HEAD if it, and the branch it is on, still are as `expected`.
    pub fn set_head(
        &self,
        worktree: WorktreeId,
        expected: &Head,
        new: &HeadTarget,
        note: &RefNote,
    ) -> Result<(), RefError> {
        let found = self.head(worktree)?;
        if found != *expected {
            return Err(RefError::HeadMoved { expected: expected.clone(), found });
        }
        let old = found.to_target();
        if old != *new {
            self.refuse_branch_of_another(worktree, new)?;
            self.store_head(worktree, found.commit(), new, note)?;
            let (old, new, note) = (Some(old), Some(new.clone()), note.clone());
            self.log(LogRecord::Head { worktree, old, new, note });
        }
        Ok(())
    }

    /// A branch that moves under a worktree would make its files look changed.
    fn refuse_branch_of_another(
        &self,
        worktree: WorktreeId,
        head: &HeadTarget,
    ) -> Result<(), RefError> {
        let HeadTarget::Branch(name) = head else { return Ok(()) };
        match self.worktree_on(name, worktree)? {
            Some(worktree) => Err(RefError::CheckedOut { name: name.clone(), worktree }),
            None => Ok(()),
        }
    }

    /// Writes HEAD, making the worktree if need be, and its reflog when it had or has a commit.
    pub(super) fn store_head(
        &self,
        worktree: WorktreeId,
        old: Option<CommitId>,
        new: &HeadTarget,
        note: &RefNote,
    ) -> Result<(), DbError> {
        let (name, commit) = match new {
            HeadTarget::Branch(name) => (Some(name.as_str()), None),
            HeadTarget::Commit(id) => (None, Some(*id.as_bytes())),
        };
        let sql = "INSERT INTO worktrees(id, head_ref, head_commit) VALUES(?1, ?2, ?3) \
                   ON CONFLICT(id) DO UPDATE SET head_ref = ?2, head_commit = ?3";
        self.run(sql, (worktree.0, name, commit))?;
        let new = self.head(worktree)?.commit();
        if old.is_none() && new.is_none() {
            return Ok(());
        }
        let of = ReflogOf::Head(worktree);
        self.append_reflog(of, old.map(Into::into), new.map(Into::into), note)
    }

    /// Sets the staged tree if it still is `expected`; `None` is the same as HEAD's.
    pub fn set_stage(
        &self,
        worktree: WorktreeId,
        expected: Option<TreeId>,
        new: Option<TreeId>,
    ) -> Result<(), RefError> {
        let found = self.stage(worktree)?;
        if found != expected {
            return Err(RefError::StageMoved { expected, found });
        }
        let new = new.map(|id| *id.as_bytes());
        self.run("UPDATE worktrees SET stage = ?2 WHERE id = ?1", (worktree.0, new))?;
        Ok(())
    }

    /// Makes a further worktree with a HEAD of its own and an empty journal.
    pub fn add_worktree(&self, head: &HeadTarget, note: &RefNote) -> Result<WorktreeId, RefError> {
        self.refuse_branch_of_another(WorktreeId(u32::MAX), head)?;
        Ok(self.new_worktree(head, note)?)
    }

    pub(super) fn new_worktree(
        &self,
        head: &HeadTarget,
        note: &RefNote,
    ) -> Result<WorktreeId, DbError> {
        let next = "SELECT coalesce(max(id) + 1, 0) FROM worktrees";
        let id = self.one(next, [], |row| Ok(row.get(0)?))?;
        let worktree = WorktreeId(id.unwrap_or_default());
        self.store_head(worktree, None, head, note)?;
        let (new, note) = (Some(head.clone()), note.clone());
        self.log(LogRecord::Head { worktree, old: None, new, note });
        Ok(worktree)
    }

    /// Forgets a worktree: its HEAD and that reflog, its stage and its journal; says whether it was there.
    pub fn remove_worktree(&self, worktree: WorktreeId, note: &RefNote) -> Result<bool, DbError> {
        let old = match self.head(worktree) {
            Err(DbError::NoWorktree(_)) => return Ok(false),
            head => head?.to_target(),
        };
        self.forget_worktree(worktree)?;
        let (old, note) = (Some(old), note.clone());
        self.log(LogRecord::Head { worktree, old, new: None, note });
        Ok(true)
    }

    pub(super) fn forget_worktree(&self, worktree: WorktreeId) -> Result<(), DbError> {
        // A later worktree may be given the same number.
        self.run("DELETE FROM journal WHERE worktree = ?1", [worktree.0])?;
        self.run("DELETE FROM reflog WHERE worktree = ?1", [worktree.0])?;
        self.run("DELETE FROM worktrees WHERE id = ?1", [worktree.0])?;
        self.set_sparse(worktree, &PathSet::ALL)?;
        self.forget_place(worktree)
    }

    /// Adds a row to a reflog without moving anything; moves add theirs themselves.
    pub fn append_reflog(
        &self,
        of: ReflogOf,
        old: Option<RefTarget>,
        new: Option<RefTarget>,
        note: &RefNote,
    ) -> Result<(), DbError> {
        let sql = "INSERT INTO reflog(worktree, ref, old, old_is_tag_object, new, \
                   new_is_tag_object, time, tz, who, message) \
                   VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";
        let ((worktree, name), RefNote { who, time, tz_minutes, message }) = (of.columns(), note);
        let ((old, old_is_tag), (new, new_is_tag)) = (target_columns(old), target_columns(new));
        let row =
            (worktree, name, old, old_is_tag, new, new_is_tag, time, tz_minutes, who, message);
        self.run(sql, row)?;
        Ok(())
    }

    /// Lets all reflogs name other commits and tag objects, as if it had always been those; returns in
    /// how many rows. What `refs.log` tells of earlier moves counts no more.
    pub fn map_reflog(&self, ids: &BTreeMap<[u8; 32], [u8; 32]>) -> Result<usize, DbError> {
        type Id = Option<[u8; 32]>;
        let sql = "SELECT id, old, new FROM reflog";
        let rows: Vec<(i64, Id, Id)> =
            self.all(sql, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        let mapped = |id: Id| id.map(|id| *ids.get(&id).unwrap_or(&id));
        let is_changed =
            |(_, old, new): &(i64, Id, Id)| (mapped(*old), mapped(*new)) != (*old, *new);
        let mut count = 0;
        for (id, old, new) in rows.into_iter().filter(is_changed) {
            let sql = "UPDATE reflog SET old = ?2, new = ?3 WHERE id = ?1";
            count += self.run(sql, (id, mapped(old), mapped(new)))?;
        }
        if count > 0 {
            self.log_fact(REFLOG_SINCE.to_owned(), i64::MAX.to_string());
        }
        Ok(count)
    }

    /// Deletes reflog rows older than `before`, in Unix seconds; returns how many.
    ///
    /// `refs.log` says so too: what a collection has dropped, perhaps in part, would look like damage to who
    /// makes a lost database anew.
    pub fn expire_reflog(&self, before: i64) -> Result<usize, DbError> {
        let deleted = self.delete_moves(before)?;
        if deleted > 0 {
            self.log_fact(REFLOG_SINCE.to_owned(), before.to_string());
        }
        Ok(deleted)
    }

    pub(super) fn delete_moves(&self, before: i64) -> Result<usize, DbError> {
        self.run("DELETE FROM reflog WHERE time < ?1", [before])
    }
}
