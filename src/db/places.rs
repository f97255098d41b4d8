//! Where further worktrees lie: a folder each, and a token that its link must show.
//!
//! Numbers of worktrees are used again; the token, which is not, tells a folder that was left behind
//! from the one that has the number now. Each row is a fact in `refs.log` too.

use super::forgotten::NOT;
use super::{DbError, Tx, View};
use crate::refs::WorktreeId;
use std::collections::BTreeMap;

const TABLE: &str = "places";
/// Begins the names of these facts in `refs.log`; the number of the worktree follows.
pub(super) const FACT: &str = "worktree.";

/// Where a worktree lies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What its link must show: text without spaces, used once.
    pub token: String,
    /// Its folder, absolute.
    pub path: String,
}

impl View<'_> {
    /// The places of all further worktrees.
    pub fn places(&self) -> Result<BTreeMap<WorktreeId, Place>, DbError> {
        if !self.has_table(TABLE)? {
            return Ok(BTreeMap::new());
        }
        let sql = "SELECT worktree, token, path FROM places ORDER BY worktree";
        let rows = self.all(sql, [], |row| {
            Ok((WorktreeId(row.get(0)?), Place { token: row.get(1)?, path: row.get(2)? }))
        })?;
        Ok(rows.into_iter().collect())
    }

    /// What `refs.log` must say of places, by the names of the facts.
    pub(super) fn place_facts(&self) -> Result<Vec<(String, String)>, DbError> {
        Ok(self.places()?.iter().map(|(worktree, place)| fact(*worktree, place)).collect())
    }
}

fn fact(worktree: WorktreeId, Place { token, path }: &Place) -> (String, String) {
    (format!("{FACT}{}", worktree.0), format!("{token} {path}"))
}

impl Tx<'_> {
    /// Records where a worktree lies.
    pub fn set_place(&self, worktree: WorktreeId, place: &Place) -> Result<(), DbError> {
        self.store_place(worktree, place)?;
        let (name, value) = fact(worktree, place);
        self.log_fact(name, value);
        Ok(())
    }

    fn store_place(&self, worktree: WorktreeId, place: &Place) -> Result<(), DbError> {
        self.make_table(TABLE)?;
        let sql = "INSERT OR REPLACE INTO places(worktree, token, path) VALUES(?1, ?2, ?3)";
        self.run(sql, (worktree.0, &place.token, &place.path))?;
        Ok(())
    }

    pub(super) fn forget_place(&self, worktree: WorktreeId) -> Result<(), DbError> {
        if self.has_table(TABLE)?
            && self.run("DELETE FROM places WHERE worktree = ?1", [worktree.0])? > 0
        {
            self.log_fact(format!("{FACT}{}", worktree.0), NOT.to_owned());
        }
        Ok(())
    }

    /// Takes over the facts of `refs.log` that are about places.
    pub(super) fn restore_places(&self, facts: &BTreeMap<String, String>) -> Result<(), DbError> {
        for (name, value) in facts.range(FACT.to_owned()..) {
            let Some(number) = name.strip_prefix(FACT) else { break };
            if let (Ok(number), Some((token, path))) = (number.parse(), value.split_once(' ')) {
                let place = Place { token: token.to_owned(), path: path.to_owned() };
                self.store_place(WorktreeId(number), &place)?;
            }
        }
        Ok(())
    }
}
