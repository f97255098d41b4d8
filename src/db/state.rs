//! `state.db` as a file: making, opening, transactions, and its agreement with `refs.log`.

use super::schema::{FIRST_STATE_VERSION, STATE_APPLICATION, STATE_VERSION, WHOLE_VERSION, key};
use super::shared::Part;
use super::view::Schema;
use super::{
    BUSY_TIMEOUT, DbError, MAX_STATE_WAL_LEFT, RepositoryId, Tx, View, beside, fold_wal, forgotten,
    partial, places,
};
use crate::format::FormatParameters;
use crate::fsio::{self, AtPath};
use crate::refs::{HeadTarget, LogRecord, RefName, RefNote, RefUpdate, Replay, log};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};
use std::collections::{BTreeMap, HashSet};
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Whether a database is opened to be changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reads only, also from a medium that cannot be written.
    ReadOnly,
    /// Reads and writes.
    ReadWrite,
}

/// What a new database starts with.
#[derive(Clone, Debug)]
pub struct NewState {
    /// The repository's id.
    pub repository: RepositoryId,
    /// The sizes that are part of its format.
    pub format: FormatParameters,
    /// The branch HEAD is on, not born yet.
    pub branch: RefName,
    /// Who makes it, for `refs.log`.
    pub note: RefNote,
}

/// A database just made, and what its folder is capable of.
pub struct Created {
    /// The database, open.
    pub db: StateDb,
    /// Whether processes share memory there; without it readers and writers wait for each other.
    pub has_shared_memory: bool,
    /// Whether locks exclude each other there; without them only one process at a time is safe.
    pub has_locks: bool,
}

/// What [`StateDb::check`] found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateCheck {
    /// Damage to the database, in SQLite's words; the remedy is a rebuild.
    pub damage: Vec<String>,
    /// Lines of `refs.log` that cannot be read.
    pub bad_log_lines: u64,
    /// Lines `refs.log` lacks to say what the database says. After a crash there may be some; the
    /// next write appends them.
    pub log_lacks: Vec<LogRecord>,
}

/// `state.db`: the truth about packs, refs, HEAD, stage and journals of one repository.
///
/// Usable from several threads, which take turns, and from several processes. A closure given to
/// [`StateDb::read`] or [`StateDb::write`] must not call the same `StateDb` again: it would wait for
/// itself.
pub struct StateDb {
    conn: Mutex<Connection>,
    schema: Schema,
    path: PathBuf,
    /// The database of the shared store, where it is a second one.
    store: Option<PathBuf>,
    refs_log: PathBuf,
    has_shared_memory: bool,
}

impl StateDb {
    /// Makes a database where there is none, or where making one was cut short.
    ///
    /// Refuses with [`DbError::Exists`] if there is one, and with [`DbError::LostState`] if `refs_log`
    /// holds refs: those want a rebuild.
    pub fn create(path: &Path, refs_log: &Path, new: &NewState) -> Result<Created, DbError> {
        new.format.check()?;
        if !path.exists() && logs_refs(refs_log)? {
            return Err(DbError::LostState);
        }
        let dir = path.parent().unwrap_or(Path::new("."));
        let has_locks = fsio::locks_work(dir)?;
        let has_shared_memory = shared_memory_works(dir)?;
        let mode = if has_shared_memory { "wal" } else { "truncate" };
        let db = Self::create_in_mode(path, refs_log, (mode, Part::Whole), |tx| {
            tx.set_logged_meta(key::REPOSITORY, new.repository.to_string())?;
            tx.set_format(&new.format)?;
            let head = HeadTarget::Branch(new.branch.clone());
            tx.new_worktree(&head, &new.note)?;
            if logs_refs(refs_log)? { Err(DbError::LostState) } else { Ok(()) }
        })?;
        Ok(Created { db, has_shared_memory, has_locks })
    }

    /// Makes the tables and whatever `fill` adds, in one transaction.
    ///
    /// Its end makes durable what is named in the folder by then: SQLite syncs that with the first
    /// journal or page log of a connection.
    pub(super) fn create_in_mode(
        path: &Path,
        refs_log: &Path,
        (mode, part): (&str, Part),
        fill: impl FnOnce(&Tx) -> Result<(), DbError>,
    ) -> Result<Self, DbError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let conn = connect(path, flags)?;
        // Also when there is a database already: then this is its mode, or another's to decide.
        if !has_tables(&conn)? {
            conn.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))?;
        }
        let db = Self::new(conn, Schema::Whole, (path, refs_log, None))?;
        db.transact(|conn, tx| {
            if has_tables(conn)? {
                return Err(DbError::Exists);
            }
            conn.execute_batch(&part.sql())?;
            tx.set_meta(key::JOURNAL_MODE, mode)?;
            fill(tx)
        })?;
        Ok(db)
    }

    /// Opens the database of a repository; `refs_log` is where moves of refs are logged.
    pub fn open(path: &Path, refs_log: &Path, access: Access) -> Result<Self, DbError> {
        let opened = match access {
            Access::ReadWrite => open_checked(path, OpenFlags::SQLITE_OPEN_READ_WRITE),
            Access::ReadOnly => open_read_only(path),
        };
        match opened {
            Ok(conn) => Self::new(conn, Schema::Whole, (path, refs_log, None)),
            Err(_) if !path.exists() && logs_refs(refs_log)? => Err(DbError::LostState),
            Err(_) if !path.exists() => Err(DbError::Missing),
            Err(e @ DbError::Sqlite { .. }) => Err(access_denied(path).unwrap_or(e)),
            Err(e) => Err(e),
        }
    }

    /// Another connection to the same database, to read it while this one is in a transaction.
    pub fn reopen(&self) -> Result<Self, DbError> {
        match &self.store {
            Some(store) => Self::open_member(store, &self.path, &self.refs_log, Access::ReadOnly),
            None => Self::open(&self.path, &self.refs_log, Access::ReadOnly),
        }
    }

    pub(super) fn new(
        conn: Connection,
        schema: Schema,
        (path, refs_log, store): (&Path, &Path, Option<&Path>),
    ) -> Result<Self, DbError> {
        let mut has_shared_memory = true;
        let schemas: &[&str] = if store.is_some() { &["main", "own"] } else { &["main"] };
        for schema in schemas {
            let mode: String =
                conn.pragma_query_value(Some(*schema), "journal_mode", |row| row.get(0))?;
            if mode == "delete" {
                // The mode of a file without a page log is not kept in it. Truncating spares a sync
                // of the folder for each transaction.
                set_mode(&conn, schema, "truncate")?;
            }
            let is_written = !conn.is_readonly(*schema)?;
            if is_written {
                conn.pragma_update(Some(*schema), "synchronous", "FULL")?;
            }
            if mode == "wal" && !has_shared_memory && is_written {
                // The store's has no page log (any more): both are to commit as one, or not at all.
                set_mode(&conn, schema, "truncate")?;
            }
            has_shared_memory &= mode == "wal";
        }
        Ok(Self {
            conn: Mutex::new(conn),
            schema,
            path: path.into(),
            store: store.map(Into::into),
            refs_log: refs_log.into(),
            has_shared_memory,
        })
    }

    /// Whether processes share memory in the repository's folder, as was found out at `create`.
    pub fn has_shared_memory(&self) -> bool {
        self.has_shared_memory
    }

    /// Changes to the mode that shares memory, in which readers never wait.
    pub(super) fn share_memory(mut self) -> Result<Self, DbError> {
        self.lock().pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
        self.has_shared_memory = true;
        self.write(|tx| tx.set_meta(key::JOURNAL_MODE, "wal"))?;
        Ok(self)
    }

    /// Runs reads that see one unchanging state of the database; never waits for a writer, except
    /// where memory is not shared.
    pub fn read<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&View) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = self.lock();
        let transaction = Transaction::new_unchecked(&conn, TransactionBehavior::Deferred)
            .map_err(DbError::from)?;
        let value = work(&View::new(&conn, self.schema))?;
        transaction.finish().map_err(DbError::from)?;
        Ok(value)
    }

    /// Runs an exclusive transaction: all that `work` wrote is durable when this returns `Ok`, and
    /// nothing of it happened when it returns `Err`.
    ///
    /// Moves of refs are appended to `refs.log` and synced just before the commit. Keep `work` short:
    /// every other writer waits for it, up to 30 s before it gives up with [`DbError::Busy`].
    pub fn write<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        self.transact(|_, tx| {
            self.mend_log(tx)?;
            work(tx)
        })
    }

    fn transact<T, E: From<DbError>>(
        &self,
        work: impl FnOnce(&Connection, &Tx) -> Result<T, E>,
    ) -> Result<T, E> {
        let conn = self.lock();
        // Rolls back when dropped, so also when `work` panics.
        let transaction = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)
            .map_err(DbError::from)?;
        let tx = Tx::new(&conn, self.schema);
        let value = work(&conn, &tx)?;
        self.write_log(&tx, &tx.take_moves())?;
        transaction.commit().map_err(DbError::from)?;
        Ok(value)
    }

    /// Appends to `refs.log` and records its length, by which a later transaction sees whether this
    /// one was committed.
    fn write_log(&self, tx: &Tx, records: &[LogRecord]) -> Result<(), DbError> {
        if records.is_empty() {
            return Ok(());
        }
        let length = log::append(&self.refs_log, records)?;
        tx.set_meta(key::REFS_LOG_BYTES, &length.to_string())
    }

    /// Makes `refs.log` true again after a crash between its sync and the commit, or its loss.
    fn mend_log(&self, tx: &Tx) -> Result<(), DbError> {
        let length = log::length(&self.refs_log)?;
        if tx.meta(key::REFS_LOG_BYTES)? == Some(length.to_string()) {
            return Ok(());
        }
        let lacking = log_lacks(tx, &log::replay(&self.refs_log)?)?;
        tx.set_meta(key::REFS_LOG_BYTES, &length.to_string())?;
        self.write_log(tx, &lacking)
    }

    /// Checks the whole file, and that `refs.log` agrees with it.
    pub fn check(&self) -> Result<StateCheck, DbError> {
        let mut damage = Vec::new();
        self.read(|view| {
            view.each("PRAGMA integrity_check", [], |row| {
                let line: String = row.get(0)?;
                if line != "ok" {
                    damage.push(line);
                }
                Ok::<_, DbError>(())
            })?;
            if !damage.is_empty() {
                return Ok(StateCheck { damage, ..StateCheck::default() });
            }
            let replay = log::replay(&self.refs_log)?;
            let log_lacks = log_lacks(view, &replay)?;
            Ok(StateCheck { damage, bad_log_lines: replay.bad_lines, log_lacks })
        })
    }

    fn lock(&self) -> MutexGuard<'_, Connection> {
        // A panic elsewhere rolled its transaction back, so the connection is sound.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for StateDb {
    fn drop(&mut self) {
        for path in [Some(&self.path), self.store.as_ref()].into_iter().flatten() {
            fold_wal(&self.lock(), path, MAX_STATE_WAL_LEFT);
        }
    }
}

/// Sets how a database commits; refuses while others have it open in another way.
pub(super) fn set_mode(conn: &Connection, schema: &str, mode: &str) -> Result<(), DbError> {
    let set: String =
        conn.pragma_update_and_check(Some(schema), "journal_mode", mode, |row| row.get(0))?;
    if set == mode { Ok(()) } else { Err(DbError::Busy) }
}

/// Opens a connection that gives up after the time-out and leaves its page log when closed.
pub(super) fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    let conn = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    conn.busy_timeout(BUSY_TIMEOUT)?;
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
    conn.set_prepared_statement_cache_capacity(64);
    Ok(conn)
}

pub(super) fn open_checked(path: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    let conn = connect(path, flags)?;
    if number(&conn, "application_id")? != STATE_APPLICATION {
        return Err(DbError::damaged("it is no database of esker's, or its making was cut short"));
    }
    match number(&conn, "user_version")? {
        FIRST_STATE_VERSION..=WHOLE_VERSION => Ok(conn),
        STATE_VERSION => Err(DbError::NoLink),
        found if found > STATE_VERSION => {
            Err(DbError::NewerFormat { found, supported: STATE_VERSION })
        }
        found => Err(DbError::damaged(format!("format {found} never was"))),
    }
}

/// What the system says of a file SQLite could not open for a reason it does not give.
pub(super) fn access_denied(path: &Path) -> Option<DbError> {
    if let Err(e) = File::open(path).at("open", path) {
        return Some(e.into());
    }
    match OpenOptions::new().write(true).open(path).at("open", path) {
        Err(e) if e.is_read_only() || e.is_permission() => Some(DbError::ReadOnly),
        _ => None,
    }
}

/// Opens for reading, on a medium that cannot be written if need be.
pub(super) fn open_read_only(path: &Path) -> Result<Connection, DbError> {
    let first = match open_checked(path, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(e @ (DbError::Sqlite { .. } | DbError::ReadOnly)) => e,
        result => return result,
    };
    match immutable_uri(path) {
        // Without a page log to share, the file alone is the whole truth and nobody can change it.
        Some(uri) if is_whole_alone(path) => {
            open_checked(&uri, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI)
        }
        _ => Err(first),
    }
}

/// Whether a database is there, and nothing of it in the files beside it.
pub(super) fn is_whole_alone(path: &Path) -> bool {
    let has = |suffix| std::fs::metadata(beside(path, suffix)).is_ok_and(|m| m.len() > 0);
    path.exists() && !has("-wal") && !has("-journal")
}

pub(super) fn immutable_uri(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let escaped = path.to_str()?.replace('%', "%25").replace('?', "%3f").replace('#', "%23");
    Some(format!("file:{escaped}?immutable=1").into())
}

pub(super) fn number(conn: &Connection, pragma: &str) -> Result<u32, DbError> {
    Ok(conn.pragma_query_value(None, pragma, |row| row.get(0))?)
}

pub(super) fn has_tables(conn: &Connection) -> Result<bool, DbError> {
    Ok(conn.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get::<_, i64>(0))? > 0)
}

/// Whether two connections can share the memory a page log needs: tried on a database of its own.
pub(super) fn shared_memory_works(dir: &Path) -> Result<bool, DbError> {
    let random = getrandom::u64().map_err(|e| DbError::Sqlite { detail: e.to_string() })?;
    let path = dir.join(format!(".probe-{random:016x}.db"));
    let works = probe_shared_memory(&path);
    for file in ["", "-wal", "-shm", "-journal"] {
        // What is left of a probe is junk of no consequence.
        let _ = std::fs::remove_file(beside(&path, file));
    }
    works
}

fn probe_shared_memory(path: &Path) -> Result<bool, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let (first, second) = (connect(path, flags)?, connect(path, flags)?);
    let probe = || -> rusqlite::Result<bool> {
        first.pragma_update(None, "synchronous", "OFF")?;
        let mode: String =
            first.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
        first.execute_batch("CREATE TABLE t(x); INSERT INTO t VALUES(1)")?;
        let seen: i64 = second.query_row("SELECT x FROM t", [], |row| row.get(0))?;
        Ok(mode == "wal" && seen == 1)
    };
    match probe().map_err(DbError::from) {
        Err(DbError::Sqlite { .. } | DbError::Busy) => Ok(false),
        result => result,
    }
}

/// Whether a log holds refs that a new database would forget.
pub(super) fn logs_refs(refs_log: &Path) -> Result<bool, DbError> {
    Ok(!log::replay(refs_log)?.refs.is_empty())
}

/// The records `refs.log` lacks to say what the database says.
fn log_lacks(view: &View, replay: &Replay) -> Result<Vec<LogRecord>, DbError> {
    let note = mending_note(replay);
    let refs: BTreeMap<_, _> = view.refs("refs/")?.into_iter().collect();
    let mut heads = BTreeMap::new();
    for worktree in view.worktrees()? {
        heads.insert(worktree, view.head(worktree)?.to_target());
    }
    let refs = differences(&replay.refs, &refs)
        .map(|(name, old, new)| LogRecord::Ref(RefUpdate { name, old, new }, note.clone()));
    let heads = differences(&replay.heads, &heads).map(|(worktree, old, new)| {
        let note = note.clone();
        LogRecord::Head { worktree, old, new, note }
    });
    let mut lacking: Vec<LogRecord> = refs.chain(heads).collect();
    // Those of a shared store may be changed by another of its repositories.
    let names = match view.is_member() {
        true => Vec::new(),
        false => view.format()?.rows().map(|(name, _)| name).to_vec(),
    };
    let mut facts = view.forgotten_facts()?;
    facts.extend(view.place_facts()?);
    facts.extend(view.partial_facts()?);
    facts.extend(withdrawn(&replay.meta, &facts));
    for name in names.into_iter().chain([key::REPOSITORY]) {
        facts.push((name.to_owned(), view.meta(name)?.unwrap_or_default()));
    }
    facts.retain(|(name, value)| replay.meta.get(name) != Some(value));
    lacking.extend(facts.into_iter().map(|(key, value)| LogRecord::Meta { key, value }));
    Ok(lacking)
}

/// The facts of a log that a database without them must take back.
fn withdrawn(
    logged: &BTreeMap<String, String>,
    facts: &[(String, String)],
) -> Vec<(String, String)> {
    let known: HashSet<&str> = facts.iter().map(|fact| fact.0.as_str()).collect();
    let prefixes = [forgotten::FACT, places::FACT].into_iter().chain(partial::FACTS);
    let is_ours = |name: &str| prefixes.clone().any(|prefix| name.starts_with(prefix));
    let gone = logged.iter().filter(|(name, value)| {
        is_ours(name) && *value != forgotten::NOT && !known.contains(name.as_str())
    });
    gone.map(|(name, _)| (name.clone(), forgotten::NOT.to_owned())).collect()
}

/// Corrections belong to nobody and happen when the last move did: this module reads no clock.
fn mending_note(replay: &Replay) -> RefNote {
    let last = replay.records.iter().rev().find_map(|record| match record {
        LogRecord::Ref(_, note) | LogRecord::Head { note, .. } => Some(note.time),
        LogRecord::Meta { .. } => None,
    });
    let (time, message) = (last.unwrap_or(0), "as the database has it".into());
    RefNote { who: "esker".into(), time, tz_minutes: 0, message }
}

/// Every key whose value differs, with both values.
fn differences<'a, K: Ord + Clone, V: PartialEq + Clone>(
    old: &'a BTreeMap<K, V>,
    new: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (K, Option<V>, Option<V>)> + 'a {
    let gone = old.keys().filter(|k| !new.contains_key(*k));
    gone.chain(new.keys()).filter_map(|k| {
        let (was, is) = (old.get(k), new.get(k));
        (was != is).then(|| (k.clone(), was.cloned(), is.cloned()))
    })
}
