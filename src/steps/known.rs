//! The stat cache in use: what is known of files without reading them, and how it is recorded.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::SystemTime;

use crate::db::{BootRow, CacheDb, CacheTx, DbError, SealRow, StatPage};
use crate::id::BlobId;
use crate::object::access::AccessError;
use crate::path::{PathSet, RepoPath, check_symlink_target};
use crate::refs::WorktreeId;
use crate::repo::Repo;
use crate::stat::system_time_ns;
use crate::stat_cache::seal::{HEAD_BYTES, Seal};
use crate::stat_cache::{BootId, StatRow, decode_page, encode_page, is_trusted, is_unchanged};
use crate::store::Store;
use crate::worktree::compare::{self, Comparison, KnownFiles};
use crate::worktree::scan::{Scan, SealedFolders};

/// What a stat cache knows of a worktree, or of a folder that was delivered.
pub struct Known<'r> {
    cache: &'r CacheDb,
    worktree: WorktreeId,
    /// The folder on disk that paths start in.
    root: PathBuf,
    /// What that folder is called in the cache.
    prefix: RepoPath,
    /// What is to be on disk.
    expected: PathSet,
    /// Where bytes must be for an id to count.
    store: Option<&'r Store>,
    boot: Option<BootId>,
    /// What earlier syncs proved to be on disk.
    boots: Vec<BootRow>,
    /// How many seals were looked up one by one.
    seals_asked: AtomicUsize,
    /// All seals, or as many as are held, once several were asked for.
    seals: OnceLock<HashMap<RepoPath, SealRow>>,
}

/// So many seals are looked up one by one; then all are read at once, which costs as much as a few.
const SEALS_ONE_BY_ONE: usize = 8;

/// Seals that are held at most, of about 200 bytes each besides the names in them.
const SEALS_HELD: usize = 65_536;

/// Bytes of names that are held at most: folders of other seals are listed.
const NAMES_HELD: usize = 16 << 20;

/// Seals by folder, of which not all keep their names.
fn held(seals: Vec<(RepoPath, SealRow)>) -> HashMap<RepoPath, SealRow> {
    let mut bytes = 0;
    let keep = |(dir, mut row): (RepoPath, SealRow)| {
        bytes += row.seal.len();
        if bytes > NAMES_HELD {
            row.seal.truncate(HEAD_BYTES);
            row.seal.shrink_to_fit();
        }
        (dir, row)
    };
    seals.into_iter().map(keep).collect()
}

impl<'r> Known<'r> {
    /// For staging: an id whose bytes are gone must be read again.
    pub fn for_storing(repo: &'r Repo) -> Self {
        Self { store: Some(&repo.store), ..Self::for_looking(repo) }
    }

    /// For looking only.
    pub fn for_looking(repo: &'r Repo) -> Self {
        Self::of(&repo.cache, repo.worktree, repo.paths.root.clone(), RepoPath::root())
            .expecting(repo.sparse.clone())
    }

    /// The same, with other paths that are to be on disk.
    pub fn expecting(self, expected: PathSet) -> Self {
        Self { expected, ..self }
    }

    /// For looking at the folder `root`, which the cache knows as `prefix`.
    pub fn of(cache: &'r CacheDb, worktree: WorktreeId, root: PathBuf, prefix: RepoPath) -> Self {
        let boots = cache.read(|view| view.boots()).unwrap_or_default();
        let (boot, seals_asked, seals) = (current_boot(), AtomicUsize::new(0), OnceLock::new());
        let expected = PathSet::ALL;
        Self {
            cache,
            worktree,
            root,
            prefix,
            expected,
            store: None,
            boot,
            boots,
            seals_asked,
            seals,
        }
    }

    fn seal_row(&self, dir: &RepoPath) -> Option<SealRow> {
        if self.seals_asked.fetch_add(1, Relaxed) >= SEALS_ONE_BY_ONE {
            let all = self.seals.get_or_init(|| {
                let read = self.cache.read(|view| view.first_seals(self.worktree, SEALS_HELD));
                held(read.unwrap_or_default())
            });
            if all.len() < SEALS_HELD || all.contains_key(dir) {
                return all.get(dir).cloned();
            }
        }
        self.cache.read(|view| view.seal(self.worktree, dir)).ok()?
    }

    /// A folder as the cache knows it.
    fn in_cache(&self, dir: &RepoPath) -> RepoPath {
        match (self.prefix.is_root(), dir.is_root()) {
            (true, _) => dir.clone(),
            (_, true) => self.prefix.clone(),
            _ => RepoPath::parse(&format!("{}/{}", self.prefix.as_str(), dir.as_str()))
                .unwrap_or_else(|_| dir.clone()),
        }
    }

    fn boot_bytes(&self) -> Vec<u8> {
        self.boot.map(|boot| boot.0.to_vec()).unwrap_or_default()
    }

    /// Notes that something was recorded during this boot, which a later sync is to prove.
    fn note_boot(&self, tx: &CacheTx<'_>, recorded_at: i64) -> Result<(), DbError> {
        let boot = self.boot_bytes();
        let row = tx.boots()?.into_iter().find(|row| row.boot == boot);
        let synced_at = row.map_or(0, |row| row.synced_at);
        tx.put_boot(&BootRow { boot, recorded_at, synced_at })
    }

    /// Whether what was written during a boot of the machine may be believed now.
    fn may_believe(&self, boot: &[u8], written_at: i64) -> bool {
        let row = self.boots.iter().find(|row| row.boot == boot);
        // The files it speaks of were proven to be on disk.
        let is_durable = row.is_some_and(|row| written_at < row.synced_at);
        let boot = boot.try_into().ok().map(BootId).filter(|_| !is_durable);
        is_trusted(boot, self.boot)
    }

    fn trusted_rows(&self, page: &StatPage) -> Vec<StatRow> {
        if !self.may_believe(&page.boot, page.written_at) {
            return Vec::new();
        }
        // A page that cannot be read costs a second reading of its files, nothing else.
        let mut rows = decode_page(&page.page).unwrap_or_default();
        rows.retain(|row| is_unchanged(row, &row.stat, page.written_at));
        rows
    }
}

/// Rows of a folder, a page at a time.
struct Rows<'k> {
    known: &'k Known<'k>,
    dir: RepoPath,
    /// First name of the page read last.
    last: Option<String>,
    rows: std::vec::IntoIter<StatRow>,
    is_done: bool,
}

impl Iterator for Rows<'_> {
    type Item = StatRow;

    fn next(&mut self) -> Option<StatRow> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(row);
            }
            if self.is_done {
                return None;
            }
            let known = self.known;
            let page = known
                .cache
                .read(|view| view.next_stat_page(known.worktree, &self.dir, self.last.as_deref()));
            match page {
                Ok(Some(page)) => {
                    self.rows = self.known.trusted_rows(&page).into_iter();
                    self.last = Some(page.first_name);
                }
                Ok(None) | Err(_) => self.is_done = true,
            }
        }
    }
}

impl SealedFolders for Known<'_> {
    fn find_seal(&self, dir: &RepoPath) -> Option<Seal> {
        KnownFiles::seal(self, dir)
    }
}

impl KnownFiles for Known<'_> {
    fn rows(&self, dir: &RepoPath) -> Box<dyn Iterator<Item = StatRow> + '_> {
        let (known, dir, rows) = (self, self.in_cache(dir), Vec::new().into_iter());
        Box::new(Rows { known, dir, last: None, rows, is_done: false })
    }

    fn row(&self, dir: &RepoPath, name: &str) -> Option<StatRow> {
        let dir = self.in_cache(dir);
        let page = self.cache.read(|view| view.stat_page_of(self.worktree, &dir, name)).ok()??;
        let mut rows = self.trusted_rows(&page);
        let at = rows.binary_search_by(|r| (*r.name).cmp(name)).ok()?;
        Some(rows.swap_remove(at))
    }

    fn seal(&self, dir: &RepoPath) -> Option<Seal> {
        let row = self.seal_row(&self.in_cache(dir))?;
        Seal::decode(&row.seal).filter(|_| self.may_believe(&row.boot, row.written_at))
    }

    fn expected(&self) -> &PathSet {
        &self.expected
    }

    fn is_stored(&self, id: BlobId, size: u64) -> Result<bool, AccessError> {
        match self.store {
            None => Ok(true),
            Some(store) => store.has_blob(id, size).map_err(AccessError::io),
        }
    }

    fn read_link(&self, dir: &RepoPath, name: &str) -> Option<Box<str>> {
        read_link(&self.root.join(dir.as_str()).join(name))
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

/// Records what is now known of files, over what was known of them before. Each folder's rows ascend by
/// name, and come in parts where there are more than [`ROWS_AT_ONCE`]; `recorded_at_ns` is a moment at
/// which their stats held.
///
/// Only the pages that the names lie in are written: one file of a million costs one page. The cache
/// only spares work, so that it cannot be written is no failure of the verb.
pub fn record(
    repo: &Repo,
    recorded_at_ns: i64,
    dirs: &mut dyn Iterator<Item = (RepoPath, Vec<StatRow>)>,
) {
    let mut rest = dirs.peekable();
    if rest.peek().is_some() {
        record_in(&Known::for_looking(repo), recorded_at_ns, &mut rest);
    }
}

/// As [`record`], in any cache.
pub fn record_in(
    known: &Known<'_>,
    recorded_at_ns: i64,
    dirs: &mut dyn Iterator<Item = (RepoPath, Vec<StatRow>)>,
) {
    let mut rest = dirs.peekable();
    while rest.peek().is_some() {
        let batch = next_batch(&mut rest);
        let written: Result<(), DbError> = known.cache.write(|tx| {
            let slices = batch
                .iter()
                .flat_map(|(dir, rows)| rows.chunks(PAGE_ROWS).map(move |slice| (dir, slice)));
            for (dir, slice) in slices {
                merge_pages(known, tx, &known.in_cache(dir), slice, recorded_at_ns)?;
            }
            known.note_boot(tx, recorded_at_ns)
        });
        if written.is_err() {
            return;
        }
    }
}

/// Seals the folders that a comparison found equal to their trees, so that the next one need not look
/// into them. Like pages, seals only spare work.
pub fn record_seals(repo: &Repo, scan: &Scan, comparison: &Comparison) {
    let mut seals = compare::new_seals(scan, comparison).peekable();
    if seals.peek().is_none() {
        return;
    }
    let known = Known::for_looking(repo);
    let (boot, written_at) = (known.boot_bytes(), scan.started_at_ns);
    while seals.peek().is_some() {
        let batch: Vec<_> = seals.by_ref().take(ROWS_AT_ONCE).collect();
        let written: Result<(), DbError> = repo.cache.write(|tx| {
            for (dir, seal) in &batch {
                let row = SealRow { boot: boot.clone(), written_at, seal: seal.encode() };
                tx.put_seal(repo.worktree, dir, &row)?;
            }
            known.note_boot(tx, written_at)
        });
        if written.is_err() {
            return;
        }
    }
}

/// Rows of a page that is written: to note one file of a large folder, one page is read and written.
const PAGE_ROWS: usize = 512;

/// Rows that are held at once: memory stays small for any dataset, in however many folders.
pub(super) const ROWS_AT_ONCE: usize = 32_768;

fn next_batch(
    rest: &mut dyn Iterator<Item = (RepoPath, Vec<StatRow>)>,
) -> Vec<(RepoPath, Vec<StatRow>)> {
    let mut batch = Vec::new();
    let mut count = 0;
    while count < ROWS_AT_ONCE
        && let Some((dir, rows)) = rest.next()
    {
        // A folder counts too, for its name.
        count += 1 + rows.len();
        batch.push((dir, rows));
    }
    batch
}

/// How long after the last page was written a sync is worth it: most is on disk by then.
const SETTLE_NS: i64 = 60_000_000_000;

/// Proves that the files recorded during this boot are on disk, once that is cheap: only then is what
/// is known of them still true after a loss of power. Without it all files would be read again after
/// each boot.
pub fn settle(repo: &Repo) {
    let Some(boot) = current_boot() else { return };
    let boots = repo.cache.read(|view| view.boots()).unwrap_or_default();
    let Some(row) = boots.into_iter().find(|row| row.boot == boot.0) else { return };
    let now = system_time_ns(SystemTime::now());
    let is_due = row.recorded_at >= row.synced_at && now - row.recorded_at > SETTLE_NS;
    if is_due && sync_file_system(&repo.paths.root).is_ok() {
        // What is not noted is proven again by the next command.
        let _ = repo.cache.write(|tx| tx.put_boot(&BootRow { synced_at: now, ..row.clone() }));
    }
}

#[cfg(target_os = "linux")]
fn sync_file_system(root: &Path) -> std::io::Result<()> {
    Ok(rustix::fs::syncfs(std::fs::File::open(root)?)?)
}

#[cfg(not(target_os = "linux"))]
fn sync_file_system(_: &Path) -> std::io::Result<()> {
    Err(std::io::ErrorKind::Unsupported.into())
}

/// Puts rows into the pages whose ranges they lie in.
fn merge_pages(
    known: &Known<'_>,
    tx: &CacheTx<'_>,
    dir: &RepoPath,
    rows: &[StatRow],
    recorded_at_ns: i64,
) -> Result<(), DbError> {
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else { return Ok(()) };
    let worktree = known.worktree;
    let mut merged: Vec<StatRow> = Vec::new();
    let mut page = match tx.stat_page_of(worktree, dir, &first.name)? {
        Some(page) => Some(page),
        None => tx.next_stat_page(worktree, dir, None)?,
    };
    while let Some(found) = page.filter(|p| *p.first_name <= *last.name) {
        merged.extend(known.trusted_rows(&found));
        tx.remove_stat_page(worktree, dir, &found.first_name)?;
        page = tx.next_stat_page(worktree, dir, Some(&found.first_name))?;
    }
    merged.retain(|old| rows.binary_search_by(|row| row.name.cmp(&old.name)).is_err());
    merged.extend_from_slice(rows);
    merged.sort_by(|a, b| a.name.cmp(&b.name));
    merged.dedup_by(|later, first| later.name == first.name);
    let boot = known.boot_bytes();
    let count = merged.len().div_ceil(PAGE_ROWS).max(1);
    for rows in merged.chunks(merged.len().div_ceil(count).max(1)) {
        let Some(first) = rows.first() else { continue };
        let Ok(page) = encode_page(rows) else { continue };
        let (first_name, boot) = (first.name.to_string(), boot.clone());
        let page = StatPage { first_name, boot, written_at: recorded_at_ns, page };
        tx.put_stat_page(worktree, dir, &page)?;
    }
    Ok(())
}
