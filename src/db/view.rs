//! Reads of `state.db` ([`View`]), and the transaction that also writes ([`Tx`]).
//!
//! Here are the small tables: meta, roots and journal. Packs and refs have their own files.

use super::schema::{MORE_TABLES, STATE_APPLICATION, key, stamp};
use super::{DbError, RepositoryId, to_i64};
use crate::format::FormatParameters;
use crate::id::{CommitId, TreeId};
use crate::path::RepoPath;
use crate::refs::{LogRecord, WorktreeId};
use rusqlite::{Connection, Params, Row};
use std::cell::RefCell;
use std::ops::Deref;

/// Journal entries that count what was stored since the last commit.
const COST: &str = "cost";

/// Journal entries that name what must stay: their keys are a letter for the kind and an id.
const KEEP: &str = "keep";

/// Journal entries of checkouts have the tree that is being brought for their key.
const CHECKOUT: &str = "checkout";

/// Something that an unfinished operation rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// A commit, and all that it reaches.
    Commit(CommitId),
    /// A tree.
    Tree(TreeId),
}

impl From<CommitId> for Kept {
    fn from(id: CommitId) -> Self {
        Self::Commit(id)
    }
}

impl From<TreeId> for Kept {
    fn from(id: TreeId) -> Self {
        Self::Tree(id)
    }
}

/// Reads of one unchanging state of the database.
pub struct View<'c> {
    conn: &'c Connection,
    schema: Schema,
}

/// Where the tables of a repository are found in a connection. No table but `meta` is in both
/// databases of a repository on a shared store, so that only few statements have to say which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Schema {
    /// In the one database there is.
    Whole,
    /// In a second one, beside the store's.
    Member,
}

impl Schema {
    /// SQLite's name for the database that has refs, HEADs and stages.
    pub(super) fn own(self) -> &'static str {
        match self {
            Self::Whole => "main",
            Self::Member => "own",
        }
    }

    /// SQLite's name for the database that has a row of `meta`.
    fn of_meta(self, key: &str) -> &'static str {
        if key::OWN.contains(&key) { self.own() } else { "main" }
    }
}

/// An exclusive transaction: everything [`View`] reads, and writes that see each other.
pub struct Tx<'c> {
    view: View<'c>,
    moves: RefCell<Vec<LogRecord>>,
}

impl<'c> Deref for Tx<'c> {
    type Target = View<'c>;

    fn deref(&self) -> &View<'c> {
        &self.view
    }
}

impl<'c> View<'c> {
    pub(super) fn new(conn: &'c Connection, schema: Schema) -> Self {
        Self { conn, schema }
    }

    /// Whether the packs are those of a shared store.
    pub(super) fn is_member(&self) -> bool {
        self.schema == Schema::Member
    }

    /// The first row of a query, if there is one.
    pub(super) fn one<T>(
        &self,
        sql: &str,
        params: impl Params,
        map: impl FnOnce(&Row) -> Result<T, DbError>,
    ) -> Result<Option<T>, DbError> {
        let mut statement = self.conn.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(map).transpose()
    }

    /// Every row of a query, one at a time.
    pub(super) fn each<E: From<DbError>>(
        &self,
        sql: &str,
        params: impl Params,
        mut visit: impl FnMut(&Row) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut statement = self.conn.prepare_cached(sql).map_err(DbError::from)?;
        let mut rows = statement.query(params).map_err(DbError::from)?;
        while let Some(row) = rows.next().map_err(DbError::from)? {
            visit(row)?;
        }
        Ok(())
    }

    /// Every row of a query.
    pub(super) fn all<T>(
        &self,
        sql: &str,
        params: impl Params,
        mut map: impl FnMut(&Row) -> Result<T, DbError>,
    ) -> Result<Vec<T>, DbError> {
        let mut found = Vec::new();
        self.each(sql, params, |row| map(row).map(|value| found.push(value)))?;
        Ok(found)
    }

    /// Runs a statement that returns no rows; gives the number of rows it changed.
    pub(super) fn run(&self, sql: &str, params: impl Params) -> Result<usize, DbError> {
        Ok(self.conn.prepare_cached(sql)?.execute(params)?)
    }

    pub(super) fn meta(&self, key: &str) -> Result<Option<String>, DbError> {
        let sql = format!("SELECT value FROM {}.meta WHERE key = ?1", self.schema.of_meta(key));
        self.one(&sql, [key], |row| Ok(row.get(0)?))
    }

    /// Whether the database has a table that few repositories need.
    pub(super) fn has_table(&self, name: &str) -> Result<bool, DbError> {
        let schema = self.schema.own();
        let sql =
            format!("SELECT 1 FROM {schema}.sqlite_schema WHERE type = 'table' AND name = ?1");
        Ok(self.one(&sql, [name], |_| Ok(()))?.is_some())
    }

    /// The repository's id.
    pub fn repository_id(&self) -> Result<RepositoryId, DbError> {
        let missing = || DbError::damaged("it holds no repository id");
        self.meta(key::REPOSITORY)?.ok_or_else(missing)?.parse()
    }

    /// The sizes fixed when the repository was made.
    pub fn format(&self) -> Result<FormatParameters, DbError> {
        FormatParameters::from_rows(|name| self.meta(name))
    }

    /// How many times the set of packs was changed.
    pub fn generation(&self) -> Result<u64, DbError> {
        let text = self.meta(key::GENERATION)?.unwrap_or_else(|| "0".into());
        text.parse().map_err(|_| DbError::damaged("the generation is no number"))
    }

    /// Bytes that were new, and bytes written, since the last commit of a worktree.
    pub fn cost(&self, worktree: WorktreeId) -> Result<(u64, u64), DbError> {
        let value = self.journal(worktree, COST, b"")?.unwrap_or_default();
        let text = String::from_utf8_lossy(&value).into_owned();
        let mut numbers = text.split(' ').map(|n| n.parse().unwrap_or(0));
        Ok((numbers.next().unwrap_or(0), numbers.next().unwrap_or(0)))
    }

    /// The data roots inside a git checkout, in byte order.
    pub fn roots(&self) -> Result<Vec<RepoPath>, DbError> {
        self.all("SELECT path FROM roots ORDER BY path", [], |row| {
            let text: String = row.get(0)?;
            RepoPath::parse(&text).map_err(|e| DbError::damaged(format!("root {e}")))
        })
    }

    /// The journal entry of this kind and key.
    pub fn journal(
        &self,
        worktree: WorktreeId,
        kind: &str,
        key: &[u8],
    ) -> Result<Option<Vec<u8>>, DbError> {
        let sql = "SELECT value FROM journal WHERE worktree = ?1 AND kind = ?2 AND key = ?3";
        self.one(sql, (worktree.0, kind, key), |row| Ok(row.get(0)?))
    }

    /// Visits every journal entry of all worktrees but those of four kinds, of which nothing is read:
    /// `visit(key, value)`.
    pub fn each_journal_but<E: From<DbError>>(
        &self,
        kinds: [&str; 4],
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT key, value FROM journal WHERE kind NOT IN (?1, ?2, ?3, ?4)";
        self.each(sql, kinds, |row| {
            let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
            visit(blob(0).map_err(DbError::from)?, blob(1).map_err(DbError::from)?)
        })
    }

    /// What unfinished operations of a worktree rest on: checkouts that were cut short, merges that
    /// wait. All of it must stay though no ref names it.
    pub fn kept(&self, worktree: WorktreeId) -> Result<Vec<Kept>, DbError> {
        let mut kept = Vec::new();
        let tree = |id: &[u8]| id.try_into().ok().map(TreeId::from_bytes).map(Kept::Tree);
        self.each_journal(worktree, CHECKOUT, |key, _| {
            kept.extend(tree(key));
            Ok::<_, DbError>(())
        })?;
        self.each_journal(worktree, KEEP, |key, _| {
            kept.extend(match key.split_first() {
                Some((b'c', id)) => id.try_into().ok().map(CommitId::from_bytes).map(Kept::Commit),
                Some((b't', id)) => tree(id),
                _ => None,
            });
            Ok::<_, DbError>(())
        })?;
        Ok(kept)
    }

    /// The kinds of journal entries that there are.
    pub fn journal_kinds(&self, worktree: WorktreeId) -> Result<Vec<String>, DbError> {
        let sql = "SELECT DISTINCT kind FROM journal WHERE worktree = ?1 ORDER BY kind";
        self.all(sql, [worktree.0], |row| Ok(row.get(0)?))
    }

    /// Visits every journal entry of a kind by ascending key: `visit(key, value)`.
    pub fn each_journal<E: From<DbError>>(
        &self,
        worktree: WorktreeId,
        kind: &str,
        mut visit: impl FnMut(&[u8], &[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let sql = "SELECT key, value FROM journal WHERE worktree = ?1 AND kind = ?2 ORDER BY key";
        self.each(sql, (worktree.0, kind), |row| {
            let blob = |column| row.get_ref(column)?.as_blob().map_err(rusqlite::Error::from);
            visit(blob(0).map_err(DbError::from)?, blob(1).map_err(DbError::from)?)
        })
    }
}

impl<'c> Tx<'c> {
    pub(super) fn new(conn: &'c Connection, schema: Schema) -> Self {
        Self { view: View::new(conn, schema), moves: RefCell::default() }
    }

    /// Notes a line for `refs.log`, written just before the commit.
    pub(super) fn log(&self, record: LogRecord) {
        self.moves.borrow_mut().push(record);
    }

    /// Notes a fact that a rebuild needs, as a line for `refs.log`.
    pub(super) fn log_fact(&self, key: String, value: String) {
        self.log(LogRecord::Meta { key, value });
    }

    /// Makes a table of [`MORE_TABLES`], unless it is there.
    pub(super) fn make_table(&self, name: &str) -> Result<(), DbError> {
        if self.has_table(name)? {
            return Ok(());
        }
        let (_, needed, table) =
            MORE_TABLES.iter().find(|t| t.0 == name).expect("one of the tables");
        let sql = match self.view.schema {
            Schema::Whole => {
                let version = self.one("PRAGMA user_version", [], |row| Ok(row.get(0)?))?;
                let version = version.unwrap_or(*needed).max(*needed);
                format!("{table}{}", stamp(STATE_APPLICATION, version))
            }
            // Every format that a member can have knows them.
            Schema::Member => table.replacen("CREATE TABLE ", "CREATE TABLE own.", 1),
        };
        Ok(self.view.conn.execute_batch(&sql)?)
    }

    pub(super) fn take_moves(&self) -> Vec<LogRecord> {
        self.moves.take()
    }

    pub(super) fn set_meta(&self, key: &str, value: &str) -> Result<(), DbError> {
        let schema = self.view.schema.of_meta(key);
        let sql = format!("INSERT OR REPLACE INTO {schema}.meta(key, value) VALUES(?1, ?2)");
        self.run(&sql, [key, value])?;
        Ok(())
    }

    /// Sets a row of `meta` that a rebuild needs, so that `refs.log` holds it too.
    pub(super) fn set_logged_meta(&self, key: &str, value: String) -> Result<(), DbError> {
        self.set_meta(key, &value)?;
        self.log_fact(key.into(), value);
        Ok(())
    }

    /// Sets the sizes that are part of the format; they are checked first.
    pub fn set_format(&self, format: &FormatParameters) -> Result<(), DbError> {
        format.check()?;
        let mut rows = format.rows().into_iter();
        rows.try_for_each(|(name, value)| self.set_logged_meta(name, value.to_string()))
    }

    /// Counts one more change of the set of packs and returns the new number.
    pub fn next_generation(&self) -> Result<u64, DbError> {
        let next = self.generation()?.saturating_add(1);
        to_i64(next)?;
        self.set_meta(key::GENERATION, &next.to_string())?;
        Ok(next)
    }

    /// Adds to what the next commit of a worktree will be said to have cost, in bytes.
    pub fn add_cost(&self, worktree: WorktreeId, new: u64, stored: u64) -> Result<(), DbError> {
        let (old_new, old_stored) = self.cost(worktree)?;
        let sum = (old_new.saturating_add(new), old_stored.saturating_add(stored));
        let value = format!("{} {}", sum.0, sum.1);
        self.put_journal(worktree, COST, b"", value.as_bytes())
    }

    /// Starts counting costs anew.
    pub fn reset_cost(&self, worktree: WorktreeId) -> Result<(), DbError> {
        self.clear_journal(worktree, COST)
    }

    /// Adds a data root; says whether it is new.
    pub fn add_root(&self, path: &RepoPath) -> Result<bool, DbError> {
        Ok(self.run("INSERT OR IGNORE INTO roots(path) VALUES(?1)", [path.as_str()])? > 0)
    }

    /// Removes a data root; says whether it was there.
    pub fn remove_root(&self, path: &RepoPath) -> Result<bool, DbError> {
        Ok(self.run("DELETE FROM roots WHERE path = ?1", [path.as_str()])? > 0)
    }

    /// Writes a journal entry over whatever its key held.
    pub fn put_journal(
        &self,
        worktree: WorktreeId,
        kind: &str,
        key: &[u8],
        value: &[u8],
    ) -> Result<(), DbError> {
        let sql =
            "INSERT OR REPLACE INTO journal(worktree, kind, key, value) VALUES(?1, ?2, ?3, ?4)";
        self.run(sql, (worktree.0, kind, key, value))?;
        Ok(())
    }

    /// Deletes a journal entry; says whether it was there.
    pub fn delete_journal(
        &self,
        worktree: WorktreeId,
        kind: &str,
        key: &[u8],
    ) -> Result<bool, DbError> {
        let sql = "DELETE FROM journal WHERE worktree = ?1 AND kind = ?2 AND key = ?3";
        Ok(self.run(sql, (worktree.0, kind, key))? > 0)
    }

    /// Notes that something must stay, until [`Tx::clear_kept`].
    pub fn keep(&self, worktree: WorktreeId, what: Kept) -> Result<(), DbError> {
        let (letter, id) = match &what {
            Kept::Commit(id) => (b'c', id.as_bytes()),
            Kept::Tree(id) => (b't', id.as_bytes()),
        };
        let key = [&[letter][..], id].concat();
        self.put_journal(worktree, KEEP, &key, b"")
    }

    /// Forgets what [`Tx::keep`] noted.
    pub fn clear_kept(&self, worktree: WorktreeId) -> Result<(), DbError> {
        self.clear_journal(worktree, KEEP)
    }

    /// Deletes every journal entry of a kind.
    pub fn clear_journal(&self, worktree: WorktreeId, kind: &str) -> Result<(), DbError> {
        self.run("DELETE FROM journal WHERE worktree = ?1 AND kind = ?2", (worktree.0, kind))?;
        Ok(())
    }
}
