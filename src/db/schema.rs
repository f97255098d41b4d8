//! The tables of both databases, their format numbers, and the parameters fixed at `init`.

use super::DbError;
use crate::format::FormatError;
use std::fmt;
use std::str::FromStr;

/// Newest format number of `state.db`, in its `user_version`: that of a repository whose packs lie in a
/// shared store. It has no tables of packs; those are in the store's own `state.db`.
pub const STATE_VERSION: u32 = 4;

/// Newest format number of a whole database: of one with the newest of [`MORE_TABLES`].
pub(super) const WHOLE_VERSION: u32 = 3;

/// Format number of a whole database without them, as it is made.
pub(super) const FIRST_STATE_VERSION: u32 = 1;

/// Format number of the `state.db` of a shared store.
pub(super) const STORE_VERSION: u32 = 1;

/// Format number of `cache.db`; any other is deleted and made anew.
pub(super) const CACHE_VERSION: u32 = 2;

/// "ESKS", "ESKT" (the store's) and "ESKC": what kind of file it is, in its `application_id`.
pub(super) const STATE_APPLICATION: u32 = 0x4553_4b53;
pub(super) const STORE_APPLICATION: u32 = 0x4553_4b54;
pub(super) const CACHE_APPLICATION: u32 = 0x4553_4b43;

/// What every database begins with.
pub(super) const META_TABLE: &str =
    "CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;";

/// Which files of the store count. `packs.state`: 1 live, 2 condemned. Times are Unix seconds.
pub(super) const STORE_TABLES: &str = "
CREATE TABLE packs(
  id BLOB PRIMARY KEY, kind INTEGER NOT NULL, bytes INTEGER NOT NULL, raw_bytes INTEGER NOT NULL,
  chunks INTEGER NOT NULL, blocks INTEGER NOT NULL, generation INTEGER NOT NULL,
  state INTEGER NOT NULL, changed_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE tables(
  id INTEGER PRIMARY KEY, kind INTEGER NOT NULL, level INTEGER NOT NULL, entries INTEGER NOT NULL,
  bytes INTEGER NOT NULL);
CREATE TABLE bad_blocks(
  pack BLOB NOT NULL, offset INTEGER NOT NULL, found_at INTEGER NOT NULL,
  PRIMARY KEY(pack, offset)) WITHOUT ROWID;
";

/// What a repository points at, and what is under way in it. `worktrees` 0 is the main one.
pub(super) const OWN_TABLES: &str = "
CREATE TABLE refs(
  name TEXT PRIMARY KEY, target BLOB NOT NULL, is_tag_object INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE worktrees(id INTEGER PRIMARY KEY, head_ref TEXT, head_commit BLOB, stage BLOB);
CREATE TABLE reflog(
  id INTEGER PRIMARY KEY, worktree INTEGER, ref TEXT NOT NULL, old BLOB,
  old_is_tag_object INTEGER NOT NULL, new BLOB, new_is_tag_object INTEGER NOT NULL,
  time INTEGER NOT NULL, tz INTEGER NOT NULL, who TEXT NOT NULL, message TEXT NOT NULL);
CREATE INDEX reflog_by_ref ON reflog(ref, worktree);
CREATE TABLE roots(path TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE journal(
  worktree INTEGER NOT NULL, kind TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL,
  PRIMARY KEY(worktree, kind, key)) WITHOUT ROWID;
";

/// What few repositories need, by name; each is made when first needed, which makes the format at least
/// the number beside it.
pub(super) const MORE_TABLES: &[(&str, u32, &str)] = &[
    (
        "forgotten",
        2,
        "CREATE TABLE forgotten(commit_id BLOB PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;",
    ),
    (
        "places",
        2,
        "CREATE TABLE places(worktree INTEGER PRIMARY KEY, token TEXT NOT NULL, path TEXT NOT NULL);",
    ),
    (
        "promised",
        3,
        "CREATE TABLE promised(commit_id BLOB PRIMARY KEY, remote TEXT NOT NULL) WITHOUT ROWID;",
    ),
    ("shallow", 3, "CREATE TABLE shallow(commit_id BLOB PRIMARY KEY) WITHOUT ROWID;"),
    ("sparse", 3, "CREATE TABLE sparse(worktree INTEGER PRIMARY KEY, paths TEXT NOT NULL);"),
];

/// `page`, `seal` and `hash` end in 16 bytes of BLAKE3 over the row: this file is never synced.
pub(super) const CACHE_TABLES: &str = "
CREATE TABLE stat_pages(
  worktree INTEGER NOT NULL, dir TEXT NOT NULL, first_name TEXT NOT NULL, boot BLOB NOT NULL,
  written_at INTEGER NOT NULL, page BLOB NOT NULL,
  PRIMARY KEY(worktree, dir, first_name)) WITHOUT ROWID;
CREATE TABLE seals(
  worktree INTEGER NOT NULL, dir TEXT NOT NULL, boot BLOB NOT NULL, written_at INTEGER NOT NULL,
  seal BLOB NOT NULL, PRIMARY KEY(worktree, dir)) WITHOUT ROWID;
CREATE TABLE boots(
  boot BLOB PRIMARY KEY, recorded_at INTEGER NOT NULL, synced_at INTEGER NOT NULL,
  hash BLOB NOT NULL) WITHOUT ROWID;
";

/// The statements that stamp a new file with its kind and format number.
pub(super) fn stamp(application: u32, version: u32) -> String {
    format!("PRAGMA application_id = {application}; PRAGMA user_version = {version};")
}

/// Names of rows in `meta`.
pub(super) mod key {
    pub const REPOSITORY: &str = "repository_id";
    pub const GENERATION: &str = "generation";
    pub const JOURNAL_MODE: &str = "journal_mode";
    pub const REFS_LOG_BYTES: &str = "refs_log_bytes";
    pub const PURGED: &str = "purged";
    /// Those that a repository on a shared store has for itself.
    pub const OWN: [&str; 4] =
        [REPOSITORY, REFS_LOG_BYTES, PURGED, super::super::partial::CLONE_ID];
}

/// Which repository this is: 16 random bytes given at `init`, shared by its clones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct RepositoryId([u8; 16]);

impl RepositoryId {
    /// Takes random bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

impl fmt::Display for RepositoryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for RepositoryId {
    type Err = DbError;

    fn from_str(text: &str) -> Result<Self, DbError> {
        let digits = text.len() == 32 && text.bytes().all(|b| b.is_ascii_hexdigit());
        match u128::from_str_radix(text, 16) {
            Ok(value) if digits => Ok(Self(value.to_be_bytes())),
            _ => Err(DbError::damaged(format!("'{}' is no repository id", text.escape_debug()))),
        }
    }
}

impl From<FormatError> for DbError {
    fn from(e: FormatError) -> Self {
        DbError::damaged(e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repository_ids_are_32_hex_digits() {
        let id = RepositoryId::from_bytes([0xab; 16]);
        assert_eq!(id.to_string().parse::<RepositoryId>().expect("valid"), id);
        let bad = ["", "ab", &"g".repeat(32), &format!("+{}", "a".repeat(31)), &"a".repeat(33)];
        assert!(bad.iter().all(|text| text.parse::<RepositoryId>().is_err()));
    }
}
