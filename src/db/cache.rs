//! `cache.db`: what can be made again. Nothing here is ever synced, and nothing is missed when the
//! file is deleted; when it is damaged or of another version that is what happens to it.
//!
//! Because an unsynced file may hold anything after a power cut, every row carries a hash of itself.

use super::schema::{self, CACHE_APPLICATION, CACHE_TABLES, CACHE_VERSION};
use super::state::{connect, has_tables, number};
use super::view::Schema;
use super::{DbError, MAX_CACHE_WAL_LEFT, View, beside, fold_wal, rebuild, to_i64};
use crate::fsio::{Holder, LockFile};
use crate::path::RepoPath;
use crate::refs::WorktreeId;
use rusqlite::{Connection, OpenFlags, Row, Transaction, TransactionBehavior};
use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Bytes of hash at the end of a stored page.
const HASH_BYTES: usize = 16;

/// SQLite's page. What is known of a folder of 100 files is 5 KB, in pages of its own: in SQLite's usual 4 KiB a
/// third more bytes are stored for 100,000 files, in 1 KiB reading takes twice the time.
const PAGE_BYTES: u32 = 2048;

/// What the stat cache keeps of one leaf of a directory; opaque here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatPage {
    /// The first name in the page.
    pub first_name: String,
    /// Which boot of the machine it was written in.
    pub boot: Vec<u8>,
    /// When it was written, in nanoseconds of the Unix clock.
    pub written_at: i64,
    /// The page.
    pub page: Vec<u8>,
}

/// The cache of one repository, opened when first used.
///
/// Usable from several threads and processes. Closures may run twice: once more on the empty cache
/// that replaces a damaged one.
pub struct CacheDb {
    path: PathBuf,
    has_shared_memory: bool,
    conn: Mutex<Option<Connection>>,
}

/// Reads of one unchanging state of the cache.
pub struct CacheView<'c>(View<'c>);

/// An exclusive transaction on the cache.
pub struct CacheTx<'c>(CacheView<'c>);

impl<'c> Deref for CacheTx<'c> {
    type Target = CacheView<'c>;

    fn deref(&self) -> &CacheView<'c> {
        &self.0
    }
}

impl CacheDb {
    /// Names the cache without touching the disk; `has_shared_memory` is what the state database
    /// found out about the folder.
    pub fn new(path: &Path, has_shared_memory: bool) -> Self {
        Self { path: path.into(), has_shared_memory, conn: Mutex::default() }
    }

    /// Runs reads that see one unchanging state.
    pub fn read<T>(
        &self,
        mut work: impl FnMut(&CacheView) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.run(|conn| {
            let _rolled_back = Transaction::new_unchecked(conn, TransactionBehavior::Deferred)?;
            work(&CacheView(View::new(conn, Schema::Whole)))
        })
    }

    /// Runs an exclusive transaction; nothing of it happened when it returns `Err`.
    pub fn write<T>(
        &self,
        mut work: impl FnMut(&CacheTx) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        self.run(|conn| {
            let transaction = Transaction::new_unchecked(conn, TransactionBehavior::Immediate)?;
            let value = work(&CacheTx(CacheView(View::new(conn, Schema::Whole))))?;
            transaction.commit()?;
            Ok(value)
        })
    }

    fn run<T>(
        &self,
        mut work: impl FnMut(&Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        let mut slot = self.lock();
        match self.attempt(&mut slot, &mut work) {
            Err(e) if e.is_damaged() => {}
            result => return result,
        }
        // Two processes that remake it at once would mix their files.
        let _lock = LockFile::acquire(&beside(&self.path, "-lock"), &Holder::this_process("", 0))?;
        *slot = None;
        match self.attempt(&mut slot, &mut work) {
            Err(e) if e.is_damaged() => {}
            result => return result,
        }
        *slot = None;
        rebuild::remove_all(&self.path)?;
        self.attempt(&mut slot, &mut work)
    }

    fn attempt<T>(
        &self,
        slot: &mut Option<Connection>,
        work: &mut impl FnMut(&Connection) -> Result<T, DbError>,
    ) -> Result<T, DbError> {
        if slot.is_none() {
            *slot = Some(open(&self.path, self.has_shared_memory)?);
        }
        work(slot.as_ref().expect("it was just filled"))
    }

    fn lock(&self) -> MutexGuard<'_, Option<Connection>> {
        // A panic elsewhere rolled its transaction back, so the connection is sound.
        self.conn.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for CacheDb {
    fn drop(&mut self) {
        if let Some(conn) = self.lock().as_ref() {
            fold_wal(conn, &self.path, MAX_CACHE_WAL_LEFT);
        }
    }
}

/// Opens the cache or makes it; one of another version counts as damaged.
fn open(path: &Path, has_shared_memory: bool) -> Result<Connection, DbError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let conn = connect(path, flags)?;
    conn.pragma_update(None, "synchronous", "OFF")?;
    let is_ours = |conn: &Connection| -> Result<bool, DbError> {
        let numbers = (number(conn, "application_id")?, number(conn, "user_version")?);
        Ok(numbers == (CACHE_APPLICATION, CACHE_VERSION))
    };
    if is_ours(&conn)? {
        return Ok(conn);
    }
    // Counts for a new file only.
    conn.pragma_update(None, "page_size", PAGE_BYTES)?;
    let mode = if has_shared_memory { "wal" } else { "truncate" };
    conn.pragma_update_and_check(None, "journal_mode", mode, |_| Ok(()))?;
    let transaction = Transaction::new_unchecked(&conn, TransactionBehavior::Immediate)?;
    if !has_tables(&conn)? {
        conn.execute_batch(CACHE_TABLES)?;
        conn.execute_batch(&schema::stamp(CACHE_APPLICATION, CACHE_VERSION))?;
    } else if !is_ours(&conn)? {
        return Err(DbError::damaged("the cache is of another version"));
    }
    transaction.commit()?;
    Ok(conn)
}

/// Hash of a row's fields, each preceded by its length.
fn hash_fields(fields: &[&[u8]]) -> [u8; HASH_BYTES] {
    let mut hasher = blake3::Hasher::new();
    for field in fields {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field);
    }
    let hash = hasher.finalize();
    *hash.as_bytes().first_chunk().expect("a hash has 32 bytes")
}

/// Hash of a row of `stat_pages`: key and values.
fn row_hash(worktree: WorktreeId, dir: &str, row: &StatPage) -> [u8; HASH_BYTES] {
    let (number, time) = (worktree.0.to_le_bytes(), row.written_at.to_le_bytes());
    let (dir, name) = (dir.as_bytes(), row.first_name.as_bytes());
    hash_fields(&[&number, dir, name, &row.boot, &time, &row.page])
}

/// Hash of a row of `seals`: key and values.
fn seal_hash(worktree: WorktreeId, dir: &str, seal: &SealRow) -> [u8; HASH_BYTES] {
    let (number, time) = (worktree.0.to_le_bytes(), seal.written_at.to_le_bytes());
    hash_fields(&[&number, dir.as_bytes(), &seal.boot, &time, &seal.seal])
}

/// Hash of a row of `boots`.
fn boot_hash(row: &BootRow) -> [u8; HASH_BYTES] {
    hash_fields(&[&row.boot, &row.recorded_at.to_le_bytes(), &row.synced_at.to_le_bytes()])
}

/// A page from columns dir, first_name, boot, written_at, page.
fn stat_page(worktree: WorktreeId, row: &Row) -> Result<(RepoPath, StatPage), DbError> {
    let dir: String = row.get(0)?;
    let stored: Vec<u8> = row.get(4)?;
    let mut found = StatPage {
        first_name: row.get(1)?,
        boot: row.get(2)?,
        written_at: row.get(3)?,
        page: stored,
    };
    let hash = found.page.len().checked_sub(HASH_BYTES).map(|at| found.page.split_off(at));
    if hash.is_none_or(|hash| hash != row_hash(worktree, &dir, &found)) {
        return Err(DbError::damaged("a page of the stat cache is not what was written"));
    }
    let dir = RepoPath::parse(&dir).map_err(|e| DbError::damaged(e.to_string()))?;
    Ok((dir, found))
}

const PAGES: &str = "SELECT dir, first_name, boot, written_at, page FROM stat_pages";

/// What is known of the pages that were written during one boot of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BootRow {
    /// The boot, as in [`StatPage::boot`].
    pub boot: Vec<u8>,
    /// When a page was last written, in nanoseconds of the Unix clock.
    pub recorded_at: i64,
    /// All files that pages written before this moment speak of are on disk; 0 if none surely are.
    pub synced_at: i64,
}

/// What was written of a whole folder by [`CacheTx::put_seal`]; what it says is not the cache's business.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealRow {
    /// The boot of the machine it was written in, as in [`StatPage::boot`].
    pub boot: Vec<u8>,
    /// The moment from which on it held, in nanoseconds of the Unix clock.
    pub written_at: i64,
    /// The seal.
    pub seal: Vec<u8>,
}

impl CacheView<'_> {
    /// Every boot in which pages were written.
    pub fn boots(&self) -> Result<Vec<BootRow>, DbError> {
        let sql = "SELECT boot, recorded_at, synced_at, hash FROM boots";
        self.0.all(sql, [], |row| {
            let (boot, recorded_at, synced_at) = (row.get(0)?, row.get(1)?, row.get(2)?);
            let found = BootRow { boot, recorded_at, synced_at };
            match row.get::<_, Vec<u8>>(3)? == boot_hash(&found) {
                true => Ok(found),
                false => Err(DbError::damaged("a boot of the stat cache is not what was written")),
            }
        })
    }

    /// The page of one directory that follows the one starting with `after`; the first one for `None`.
    pub fn next_stat_page(
        &self,
        worktree: WorktreeId,
        dir: &RepoPath,
        after: Option<&str>,
    ) -> Result<Option<StatPage>, DbError> {
        let sql = format!(
            "{PAGES} WHERE worktree = ?1 AND dir = ?2 AND first_name > ?3 \
             ORDER BY first_name LIMIT 1"
        );
        // No name is empty.
        let after = after.unwrap_or_default();
        self.0.one(&sql, (worktree.0, dir.as_str(), after), |row| Ok(stat_page(worktree, row)?.1))
    }

    /// The page of one directory in whose range `name` lies.
    pub fn stat_page_of(
        &self,
        worktree: WorktreeId,
        dir: &RepoPath,
        name: &str,
    ) -> Result<Option<StatPage>, DbError> {
        let sql = format!(
            "{PAGES} WHERE worktree = ?1 AND dir = ?2 AND first_name <= ?3 \
             ORDER BY first_name DESC LIMIT 1"
        );
        self.0.one(&sql, (worktree.0, dir.as_str(), name), |row| Ok(stat_page(worktree, row)?.1))
    }

    /// The seal of a folder.
    pub fn seal(&self, worktree: WorktreeId, dir: &RepoPath) -> Result<Option<SealRow>, DbError> {
        let sql = "SELECT boot, written_at, seal FROM seals WHERE worktree = ?1 AND dir = ?2";
        let found = self.0.one(sql, (worktree.0, dir.as_str()), |row| {
            Ok(SealRow { boot: row.get(0)?, written_at: row.get(1)?, seal: row.get(2)? })
        })?;
        found.map(|row| checked_seal(worktree, dir.as_str(), row)).transpose()
    }

    /// The first seals in the order of folders' names, at most so many.
    pub fn first_seals(
        &self,
        worktree: WorktreeId,
        at_most: usize,
    ) -> Result<Vec<(RepoPath, SealRow)>, DbError> {
        let sql = "SELECT boot, written_at, seal, dir FROM seals WHERE worktree = ?1 \
                   ORDER BY dir LIMIT ?2";
        self.0.all(sql, (worktree.0, to_i64(at_most as u64)?), |row| {
            let seal = SealRow { boot: row.get(0)?, written_at: row.get(1)?, seal: row.get(2)? };
            let dir: String = row.get(3)?;
            let seal = checked_seal(worktree, &dir, seal)?;
            let path = RepoPath::parse(&dir).map_err(|e| DbError::damaged(format!("seal of {e}")));
            Ok((path?, seal))
        })
    }
}

/// A seal without the hash it was stored with, which must be its own.
fn checked_seal(worktree: WorktreeId, dir: &str, mut row: SealRow) -> Result<SealRow, DbError> {
    let hash = row.seal.len().checked_sub(HASH_BYTES).map(|at| row.seal.split_off(at));
    match hash.is_some_and(|hash| hash == seal_hash(worktree, dir, &row)) {
        true => Ok(row),
        false => Err(DbError::damaged("a seal of the stat cache is not what was written")),
    }
}

impl CacheTx<'_> {
    /// Seals a folder, over an earlier seal.
    pub fn put_seal(
        &self,
        worktree: WorktreeId,
        dir: &RepoPath,
        row: &SealRow,
    ) -> Result<(), DbError> {
        let sql = "INSERT OR REPLACE INTO seals(worktree, dir, boot, written_at, seal) \
                   VALUES(?1, ?2, ?3, ?4, ?5)";
        let stored = [&row.seal[..], &seal_hash(worktree, dir.as_str(), row)].concat();
        self.0.0.run(sql, (worktree.0, dir.as_str(), &row.boot, row.written_at, stored))?;
        Ok(())
    }

    /// Notes what is known of a boot's pages, over what was noted before.
    pub fn put_boot(&self, row: &BootRow) -> Result<(), DbError> {
        let sql = "INSERT OR REPLACE INTO boots(boot, recorded_at, synced_at, hash) \
                   VALUES(?1, ?2, ?3, ?4)";
        self.0.0.run(sql, (&row.boot, row.recorded_at, row.synced_at, boot_hash(row)))?;
        Ok(())
    }

    /// Writes a page over the one of the same first name.
    pub fn put_stat_page(
        &self,
        worktree: WorktreeId,
        dir: &RepoPath,
        page: &StatPage,
    ) -> Result<(), DbError> {
        let sql = "INSERT OR REPLACE INTO stat_pages(worktree, dir, first_name, boot, written_at, \
                   page) VALUES(?1, ?2, ?3, ?4, ?5, ?6)";
        let hash = row_hash(worktree, dir.as_str(), page);
        let stored = [&page.page[..], &hash].concat();
        let StatPage { first_name, boot, written_at, .. } = page;
        self.0.0.run(sql, (worktree.0, dir.as_str(), first_name, boot, written_at, stored))?;
        Ok(())
    }

    /// Deletes the page of a directory that starts with `first_name`.
    pub fn remove_stat_page(
        &self,
        worktree: WorktreeId,
        dir: &RepoPath,
        first_name: &str,
    ) -> Result<(), DbError> {
        let sql = "DELETE FROM stat_pages WHERE worktree = ?1 AND dir = ?2 AND first_name = ?3";
        self.0.0.run(sql, (worktree.0, dir.as_str(), first_name))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const MAIN: WorktreeId = WorktreeId::MAIN;

    fn path(text: &str) -> RepoPath {
        RepoPath::parse(text).expect("valid")
    }

    fn page(first_name: &str) -> StatPage {
        let boot = vec![7; 16];
        StatPage { first_name: first_name.into(), boot, written_at: 5, page: vec![1, 2, 3] }
    }

    fn put(cache: &CacheDb, dir: &str, names: &[&str]) {
        let put = |tx: &CacheTx| {
            names.iter().try_for_each(|name| tx.put_stat_page(MAIN, &path(dir), &page(name)))
        };
        cache.write(put).expect("write");
    }

    fn pages(cache: &CacheDb, worktree: WorktreeId, dir: &str) -> Vec<StatPage> {
        let after = |last: Option<&StatPage>| {
            let last = last.map(|page| page.first_name.as_str());
            cache.read(|view| view.next_stat_page(worktree, &path(dir), last)).expect("read")
        };
        std::iter::successors(after(None), |last| after(Some(last))).collect()
    }

    fn names(cache: &CacheDb, dir: &str) -> Vec<String> {
        pages(cache, MAIN, dir).into_iter().map(|page| page.first_name).collect()
    }

    #[test]
    fn pages_are_kept_by_directory() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        let cache = CacheDb::new(&file, true);
        assert!(!file.exists(), "opened before use");
        put(&cache, "", &["m"]);
        put(&cache, "a", &["x", "b"]);
        put(&cache, "a/b", &["c"]);
        drop(cache);
        let cache = CacheDb::new(&file, true);
        assert_eq!(names(&cache, "a"), ["b", "x"]);
        cache.write(|tx| tx.remove_stat_page(MAIN, &path("a"), "x")).expect("remove");
        assert_eq!(
            (names(&cache, "a"), names(&cache, "a/b")),
            (vec!["b".into()], vec!["c".into()])
        );
    }

    #[test]
    fn a_damaged_cache_is_made_anew() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        fs::write(&file, vec![0x55; 8192]).expect("garbage");
        let cache = CacheDb::new(&file, true);
        assert_eq!(names(&cache, ""), [""; 0]);
        put(&cache, "", &["a"]);
        assert_eq!(names(&cache, ""), ["a"]);
    }

    #[test]
    fn a_cache_of_another_version_is_made_anew() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        put(&CacheDb::new(&file, true), "", &["a"]);
        let conn = Connection::open(&file).expect("open");
        conn.pragma_update(None, "user_version", CACHE_VERSION + 1).expect("stamp");
        drop(conn);
        let cache = CacheDb::new(&file, false);
        assert_eq!(names(&cache, ""), [""; 0]);
        put(&cache, "", &["b"]);
        assert_eq!(names(&CacheDb::new(&file, true), ""), ["b"]);
    }

    #[test]
    fn a_seal_changed_behind_our_back_is_never_returned() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        let row = SealRow { boot: vec![7; 16], written_at: 5, seal: vec![1, 2, 3] };
        let seal = |cache: &CacheDb, dir: &str| {
            let one = cache.read(|view| view.seal(MAIN, &path(dir)))?;
            let all = cache.read(|view| view.first_seals(MAIN, 9))?;
            let same = all.into_iter().find(|(found, _)| *found == path(dir)).map(|(_, row)| row);
            assert_eq!(same, one);
            Ok::<_, DbError>(one)
        };
        for change in ["dir = 'b'", "boot = x'00'", "written_at = 6", "seal = x'010203'"] {
            let cache = CacheDb::new(&file, true);
            cache.write(|tx| tx.put_seal(MAIN, &path("a"), &row)).expect("write");
            assert_eq!(seal(&cache, "a").expect("read").as_ref(), Some(&row));
            let conn = Connection::open(&file).expect("open");
            conn.execute_batch(&format!("UPDATE seals SET {change}")).expect(change);
            for dir in ["a", "b"] {
                assert_eq!(seal(&cache, dir).expect("remade"), None, "{change}");
            }
        }
    }

    #[test]
    fn a_new_file_has_small_pages() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        put(&CacheDb::new(&file, true), "a", &["a"]);
        let conn = Connection::open(&file).expect("open");
        assert_eq!(number(&conn, "page_size").expect("page size"), PAGE_BYTES);
    }

    #[test]
    fn a_boot_changed_behind_our_back_is_never_returned() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        let row = BootRow { boot: vec![7; 16], recorded_at: 5, synced_at: 6 };
        for change in ["boot = x'00'", "recorded_at = 6", "synced_at = 7"] {
            let cache = CacheDb::new(&file, true);
            cache.write(|tx| tx.put_boot(&row)).expect("write");
            let boots = cache.read(|view| view.boots()).expect("read");
            assert_eq!(boots, std::slice::from_ref(&row));
            let conn = Connection::open(&file).expect("open");
            conn.execute_batch(&format!("UPDATE boots SET {change}")).expect(change);
            assert_eq!(cache.read(|view| view.boots()).expect("remade"), [], "{change}");
        }
    }

    #[test]
    fn a_page_changed_behind_our_back_is_never_returned() {
        let dir = tempfile::tempdir().expect("tempdir");
        let file = dir.path().join("cache.db");
        for change in [
            "UPDATE stat_pages SET dir = 'b'",
            "UPDATE stat_pages SET first_name = 'b'",
            "UPDATE stat_pages SET worktree = 1",
            "UPDATE stat_pages SET written_at = 6",
            "UPDATE stat_pages SET boot = x'00'",
            "UPDATE stat_pages SET page = x'010203'",
        ] {
            let cache = CacheDb::new(&file, true);
            put(&cache, "a", &["a"]);
            let conn = Connection::open(&file).expect("open");
            conn.execute_batch(change).expect(change);
            for (worktree, dir) in [(0, "a"), (0, "b"), (1, "a")] {
                assert_eq!(pages(&cache, WorktreeId(worktree), dir), [], "{change}");
            }
        }
    }
}
