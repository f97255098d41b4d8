//! The two databases of a repository on a shared store: the store's, with packs and tables, and its
//! own, with refs, HEADs, stages and journals.
//!
//! One connection has both, the store's as `main`. SQLite begins, and commits, in the order in which a
//! connection has its databases: so that whoever changes a repository holds the store's lock first, two
//! repositories never wait for each other in turn, and nobody's refs move while one of them decides
//! what to drop. Without a common journal (in the mode with a page log there is none) a power cut may
//! leave the first commit without the second: packs that are listed and named by nobody, never refs to
//! packs that are not listed. That needs the page log in both or in none, which `create_member` sees to.

use super::schema::{
    FIRST_STATE_VERSION, META_TABLE, OWN_TABLES, STATE_APPLICATION, STATE_VERSION,
    STORE_APPLICATION, STORE_TABLES, STORE_VERSION, key, stamp,
};
use super::state::{
    connect, immutable_uri, is_whole_alone, logs_refs, set_mode, shared_memory_works,
};
use super::view::Schema;
use super::{Access, Created, DbError, NewState, StateDb, View};
use crate::format::FormatParameters;
use crate::fsio;
use crate::refs::HeadTarget;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};

/// Which tables a database has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// All: a repository with a store of its own.
    Whole,
    /// Those of a shared store.
    Store,
    /// Those of a repository on one.
    Own,
}

impl Part {
    /// The statements that make them.
    pub(super) fn sql(self) -> String {
        let (tables, application, version) = match self {
            Self::Whole => {
                let all = format!("{STORE_TABLES}{OWN_TABLES}");
                (all, STATE_APPLICATION, FIRST_STATE_VERSION)
            }
            Self::Store => (STORE_TABLES.to_owned(), STORE_APPLICATION, STORE_VERSION),
            Self::Own => (OWN_TABLES.to_owned(), STATE_APPLICATION, STATE_VERSION),
        };
        format!("{META_TABLE}{tables}{}", stamp(application, version))
    }
}

impl StateDb {
    /// Makes the database of a shared store, unless it is there.
    pub fn create_store(path: &Path, format: &FormatParameters) -> Result<(), DbError> {
        format.check()?;
        let dir = path.parent().unwrap_or(Path::new("."));
        let mode = if shared_memory_works(dir)? { "wal" } else { "truncate" };
        let fill = |tx: &super::Tx<'_>| {
            let mut rows = format.rows().into_iter();
            rows.try_for_each(|(name, value)| tx.set_meta(name, &value.to_string()))
        };
        match Self::create_in_mode(path, Path::new(""), (mode, Part::Store), fill) {
            Ok(_) | Err(DbError::Exists) => Ok(()),
            Err(e) => Err(e),
        }
    }

    /// Makes the database of a repository on the shared store whose database is `store`; the sizes are
    /// the store's, whatever `new` says.
    ///
    /// Refuses as [`StateDb::create`] does.
    pub fn create_member(
        store: &Path,
        path: &Path,
        refs_log: &Path,
        new: &NewState,
    ) -> Result<Created, DbError> {
        if !path.exists() && logs_refs(refs_log)? {
            return Err(DbError::LostState);
        }
        let dir = path.parent().unwrap_or(Path::new("."));
        let has_locks = fsio::locks_work(dir)?;
        let (format, is_logged) = read_store(store)?;
        let has_shared_memory = is_logged && shared_memory_works(dir)?;
        let mode = if has_shared_memory { "wal" } else { "truncate" };
        let made = Self::create_in_mode(path, refs_log, (mode, Part::Own), |tx| {
            tx.set_logged_meta(key::REPOSITORY, new.repository.to_string())?;
            for (name, value) in format.rows() {
                tx.log_fact(name.to_owned(), value.to_string());
            }
            tx.new_worktree(&HeadTarget::Branch(new.branch.clone()), &new.note)?;
            if logs_refs(refs_log)? { Err(DbError::LostState) } else { Ok(()) }
        })?;
        drop(made);
        let db = Self::open_member(store, path, refs_log, Access::ReadWrite)?;
        Ok(Created { db, has_shared_memory, has_locks })
    }

    /// Opens the databases of a repository on a shared store: the store's, and its own.
    pub fn open_member(
        store: &Path,
        path: &Path,
        refs_log: &Path,
        access: Access,
    ) -> Result<Self, DbError> {
        if !path.exists() {
            return Err(if logs_refs(refs_log)? { DbError::LostState } else { DbError::Missing });
        }
        if !store.exists() {
            return Err(DbError::LostStore);
        }
        let opened = match access {
            Access::ReadWrite => attach(store, path, OpenFlags::SQLITE_OPEN_READ_WRITE),
            Access::ReadOnly => attach_to_read(store, path),
        };
        match opened {
            Ok(conn) => Self::new(conn, Schema::Member, (path, refs_log, Some(store))),
            Err(e @ DbError::Sqlite { .. }) => {
                let denied = [store, path].into_iter().find_map(super::state::access_denied);
                Err(denied.unwrap_or(e))
            }
            Err(e) => Err(e),
        }
    }
}

/// Whether the database at `path` can be read from end to end: that of a shared store, or of a
/// repository on one.
pub(super) fn is_part_sound(path: &Path, part: Part) -> Result<bool, DbError> {
    let check = || {
        let conn = open_part(path, part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let first: String = conn.pragma_query_value(None, "integrity_check", |row| row.get(0))?;
        Ok(first == "ok")
    };
    match check() {
        Err(DbError::Damaged { .. }) => Ok(false),
        _ if !path.exists() => Ok(false),
        done => done,
    }
}

/// Gives a database the mode that shares memory, in which readers never wait.
pub(super) fn share_memory(path: &Path, part: Part) -> Result<(), DbError> {
    let conn = open_part(path, part, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    set_mode(&conn, "main", "wal")?;
    Ok(conn
        .execute("UPDATE meta SET value = 'wal' WHERE key = ?1", [key::JOURNAL_MODE])
        .map(|_| ())?)
}

/// The sizes of a shared store, and whether its database has a page log.
pub(super) fn read_store(path: &Path) -> Result<(FormatParameters, bool), DbError> {
    if !path.exists() {
        return Err(DbError::LostStore);
    }
    let conn = open_part(path, Part::Store, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let mode: String = conn.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    Ok((View::new(&conn, Schema::Whole).format()?, mode == "wal"))
}

/// Reads what a repository on a shared store points at, from its own database alone: nothing that is
/// asked of packs there has an answer.
///
/// Exact in a transaction of whoever holds the store's lock: no repository on it changes meanwhile.
pub fn read_alone<T, E: From<DbError>>(
    path: &Path,
    work: impl FnOnce(&View) -> Result<T, E>,
) -> Result<T, E> {
    if !path.exists() {
        return Err(DbError::Missing.into());
    }
    // To write where that is possible: after a kill the file may have to be put right first.
    let conn = match open_part(path, Part::Own, OpenFlags::SQLITE_OPEN_READ_WRITE) {
        Err(DbError::Sqlite { .. } | DbError::ReadOnly) => open_part_to_read(path)?,
        opened => opened?,
    };
    let transaction = conn.unchecked_transaction().map_err(DbError::from)?;
    let value = work(&View::new(&conn, Schema::Whole))?;
    transaction.finish().map_err(DbError::from)?;
    Ok(value)
}

fn open_part_to_read(path: &Path) -> Result<Connection, DbError> {
    let first = match open_part(path, Part::Own, OpenFlags::SQLITE_OPEN_READ_ONLY) {
        Err(e @ (DbError::Sqlite { .. } | DbError::ReadOnly)) => e,
        opened => return opened,
    };
    match immutable_uri(path).filter(|_| is_whole_alone(path)) {
        Some(uri) => open_part(
            &uri,
            Part::Own,
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        ),
        None => Err(first),
    }
}

fn open_part(path: &Path, part: Part, flags: OpenFlags) -> Result<Connection, DbError> {
    let conn = connect(path, flags)?;
    check_part(&conn, "main", part)?;
    Ok(conn)
}

/// Refuses what is no database of the kind, or of a later format.
fn check_part(conn: &Connection, schema: &str, part: Part) -> Result<(), DbError> {
    let number = |pragma: &str| -> Result<u32, DbError> {
        Ok(conn.pragma_query_value(Some(schema), pragma, |row| row.get(0))?)
    };
    let (application, supported) = match part {
        Part::Store => (STORE_APPLICATION, STORE_VERSION),
        Part::Own | Part::Whole => (STATE_APPLICATION, STATE_VERSION),
    };
    let whose = if part == Part::Store { "a shared store" } else { "a repository on one" };
    if number("application_id")? != application {
        return Err(DbError::damaged(format!(
            "it is no database of {whose}, or its making was cut short"
        )));
    }
    match number("user_version")? {
        found if found == supported => Ok(()),
        found if found > supported => Err(DbError::NewerFormat { found, supported }),
        found => Err(DbError::damaged(format!("format {found} is not that of {whose}"))),
    }
}

/// Opens the store's database, with the repository's own beside it.
fn attach(store: &Path, own: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    let conn = open_part(store, Part::Store, flags)?;
    let name = own.to_str().ok_or_else(|| DbError::Sqlite {
        detail: "the path of the repository is not text".to_owned(),
    })?;
    conn.execute("ATTACH ?1 AS own", [name])?;
    check_part(&conn, "own", Part::Own)?;
    Ok(conn)
}

/// Opens both for reading, also where one or both cannot be written.
fn attach_to_read(store: &Path, own: &Path) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let first = match attach(store, own, flags) {
        Err(e @ (DbError::Sqlite { .. } | DbError::ReadOnly)) => e,
        opened => return opened,
    };
    let alone = |path: &Path| immutable_uri(path).filter(|_| is_whole_alone(path));
    let ways = |path: &Path| [Some(PathBuf::from(path)), alone(path)];
    for store in ways(store).into_iter().flatten() {
        for own in ways(own).into_iter().flatten() {
            if let Ok(conn) = attach(&store, &own, flags | OpenFlags::SQLITE_OPEN_URI) {
                return Ok(conn);
            }
        }
    }
    Err(first)
}
