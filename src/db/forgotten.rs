//! Commits whose trees were let go on purpose: which, and when.
//!
//! The table is made when the first commit is forgotten; a database without it has format 1 and is
//! read by every esker. Each row is a fact in `refs.log` too, so that a rebuilt database tells a
//! forgotten tree from a lost one.

use super::{DbError, Tx, View};
use crate::id::CommitId;
use std::collections::BTreeMap;

const TABLE: &str = "forgotten";
/// Begins the names of these facts in `refs.log`; the commit's id follows.
pub(super) const FACT: &str = "forgotten.";
/// Value of a fact that is none any more.
pub(super) const NOT: &str = "-";

impl View<'_> {
    /// Every forgotten commit, and when it was forgotten in Unix seconds.
    pub fn forgotten(&self) -> Result<BTreeMap<CommitId, i64>, DbError> {
        if !self.has_table(TABLE)? {
            return Ok(BTreeMap::new());
        }
        let sql = "SELECT commit_id, at FROM forgotten ORDER BY commit_id";
        let rows = self.all(sql, [], |row| Ok((CommitId::from_bytes(row.get(0)?), row.get(1)?)))?;
        Ok(rows.into_iter().collect())
    }

    /// What `refs.log` must say of forgotten commits, by the names of the facts.
    pub(super) fn forgotten_facts(&self) -> Result<Vec<(String, String)>, DbError> {
        let rows = self.forgotten()?;
        Ok(rows.into_iter().map(|(id, at)| (format!("{FACT}{id}"), at.to_string())).collect())
    }
}

impl Tx<'_> {
    /// Records that the tree of a commit may go, at `now` in Unix seconds; says whether it was kept
    /// until then.
    pub fn forget(&self, commit: CommitId, now: i64) -> Result<bool, DbError> {
        let is_new = self.store_forgotten(commit, now)?;
        if is_new {
            self.log_fact(format!("{FACT}{commit}"), now.to_string());
        }
        Ok(is_new)
    }

    /// Records that the whole tree of a commit is here again; says whether it was forgotten.
    pub fn remember(&self, commit: CommitId) -> Result<bool, DbError> {
        if !self.has_table(TABLE)? {
            return Ok(false);
        }
        let sql = "DELETE FROM forgotten WHERE commit_id = ?1";
        let was_forgotten = self.run(sql, [commit.as_bytes()])? > 0;
        if was_forgotten {
            self.log_fact(format!("{FACT}{commit}"), NOT.to_owned());
        }
        Ok(was_forgotten)
    }

    fn store_forgotten(&self, commit: CommitId, at: i64) -> Result<bool, DbError> {
        self.make_table(TABLE)?;
        let sql = "INSERT OR IGNORE INTO forgotten(commit_id, at) VALUES(?1, ?2)";
        Ok(self.run(sql, (commit.as_bytes(), at))? > 0)
    }

    /// Takes over the facts of `refs.log` that are about forgotten commits.
    pub(super) fn restore_forgotten(
        &self,
        facts: &BTreeMap<String, String>,
    ) -> Result<(), DbError> {
        for (name, value) in facts.range(FACT.to_owned()..) {
            let Some(id) = name.strip_prefix(FACT) else { break };
            // A value that is no time says that the commit is not forgotten any more.
            if let (Ok(commit), Ok(at)) = (id.parse(), value.parse()) {
                self.store_forgotten(commit, at)?;
            }
        }
        Ok(())
    }
}
