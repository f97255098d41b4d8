//! The stat cache in use: what is known of files without reading them, and how it is recorded.

use std::path::Path;

use crate::db::{DbError, StatPage};
use crate::id::BlobId;
use crate::object::access::AccessError;
use crate::path::{RepoPath, check_symlink_target};
use crate::repo::Repo;
use crate::stat_cache::{
    BootId, MAX_PAGE_ROWS, StatRow, decode_page, encode_page, is_trusted, is_unchanged,
};
use crate::worktree::compare::KnownFiles;

/// What the repository's stat cache knows of its worktree.
pub struct Known<'r> {
    repo: &'r Repo,
    boot: Option<BootId>,
    /// Whether an id counts only when its bytes are in the store.
    must_be_stored: bool,
}

impl<'r> Known<'r> {
    /// For staging: an id whose bytes are gone must be read again.
    pub fn for_storing(repo: &'r Repo) -> Self {
        Self { repo, boot: current_boot(), must_be_stored: true }
    }

    /// For looking only.
    pub fn for_looking(repo: &'r Repo) -> Self {
        Self { repo, boot: current_boot(), must_be_stored: false }
    }

    fn trusted_rows(&self, pages: Vec<StatPage>) -> Vec<StatRow> {
        let mut rows = Vec::new();
        for page in pages {
            let boot = page.boot.try_into().ok().map(BootId);
            if !is_trusted(boot, self.boot) {
                continue;
            }
            // A page that cannot be read costs a second reading of its files, nothing else.
            let decoded = decode_page(&page.page).unwrap_or_default();
            let is_safe = |row: &StatRow| is_unchanged(row, &row.stat, page.written_at);
            rows.extend(decoded.into_iter().filter(is_safe));
        }
        rows
    }
}

impl KnownFiles for Known<'_> {
    fn rows(&self, dir: &RepoPath) -> Vec<StatRow> {
        let pages = self.repo.cache.read(|view| view.stat_pages(self.repo.worktree, dir));
        self.trusted_rows(pages.unwrap_or_default())
    }

    fn is_stored(&self, id: BlobId, size: u64) -> Result<bool, AccessError> {
        if !self.must_be_stored {
            return Ok(true);
        }
        let found = self.repo.store.find_blob(id, size).map_err(AccessError::io)?;
        Ok(found.is_some())
    }

    fn read_link(&self, dir: &RepoPath, name: &str) -> Option<Box<str>> {
        read_link(&self.repo.paths.root.join(dir.as_str()).join(name))
    }
}

/// Where a symlink points, when that is a valid target.
pub fn read_link(path: &Path) -> Option<Box<str>> {
    let target = std::fs::read_link(path).ok()?;
    let target = check_symlink_target(target.to_str()?.as_bytes()).ok()?;
    Some(target.into())
}

/// Which boot of the machine this is, where the system says so.
fn current_boot() -> Option<BootId> {
    BootId::parse(&std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?)
}

/// Records what is now known of whole folders; `recorded_at_ns` is a moment at which the stats held.
///
/// The cache only spares work: that it cannot be written is no failure of the verb.
pub fn record(
    repo: &Repo,
    recorded_at_ns: i64,
    dirs: &mut dyn Iterator<Item = (RepoPath, Vec<StatRow>)>,
) {
    let boot = current_boot().map(|b| b.0.to_vec()).unwrap_or_default();
    let mut rest = dirs.peekable();
    while rest.peek().is_some() {
        // A bounded number of folders at a time: memory stays small for any dataset.
        let batch: Vec<_> = rest.by_ref().take(1000).collect();
        let written: Result<(), DbError> = repo.cache.write(|tx| {
            for (dir, rows) in &batch {
                let pages = pages_of(rows, &boot, recorded_at_ns);
                tx.replace_stat_pages(repo.worktree, dir, &pages)?;
            }
            Ok(())
        });
        if written.is_err() {
            return;
        }
    }
}

fn pages_of(rows: &[StatRow], boot: &[u8], written_at: i64) -> Vec<StatPage> {
    let page = |rows: &[StatRow]| {
        let first_name = rows.first()?.name.to_string();
        let page = encode_page(rows).ok()?;
        Some(StatPage { first_name, boot: boot.to_vec(), written_at, page })
    };
    rows.chunks(MAX_PAGE_ROWS).filter_map(page).collect()
}
