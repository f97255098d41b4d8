//! What differs between a scanned folder and a tree, and which files must be read to know.
//!
//! The comparison trusts the stat cache where it may be trusted and reads no file. The result lists
//! differences only; [`build()`] turns it, with the ids of the files read meanwhile, into the new tree.

mod build;
mod seals;

use std::collections::HashMap;
use std::iter::Peekable;
use std::ops::Range;

use crate::id::{BlobId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::prolly::{self, Entries};
use crate::object::tree::{Entry, EntryValue};
use crate::path::{PathSet, RepoPath};
use crate::stat_cache::seal::Seal;
use crate::stat_cache::{RowKind, StatRow};
use crate::worktree::scan::{Scan, ScannedDir, ScannedEntry, ScannedKind};

pub use self::build::{Taken, build};
use self::seals::fingerprint;
pub use self::seals::new_seals;

/// What is known of files without reading them.
pub trait KnownFiles {
    /// Rows of the folder that may be trusted, ascending by name.
    fn rows(&self, dir: &RepoPath) -> Box<dyn Iterator<Item = StatRow> + '_>;

    /// The row of one file, if it may be trusted.
    fn row(&self, dir: &RepoPath, name: &str) -> Option<StatRow>;

    /// Whether the bytes of a blob are in the store, so that its file need not be read.
    fn is_stored(&self, id: BlobId, size: u64) -> Result<bool, AccessError>;

    /// The seal of a folder, if it may be trusted.
    fn seal(&self, dir: &RepoPath) -> Option<Seal>;

    /// What is to be on disk: what is not there and not in this is as it should be.
    fn expected(&self) -> &PathSet;

    /// Where a symlink points; `None` when it cannot be read or is not valid.
    fn read_link(&self, dir: &RepoPath, name: &str) -> Option<Box<str>>;
}

/// One difference in a folder. Small, because there may be one for each file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delta {
    /// On disk and not in the tree, and not known further: a folder, or a file that must be read.
    New {
        /// Index among the scanned entries of the folder.
        entry: u32,
    },
    /// On disk, and either not in the tree or different there.
    Found {
        /// Index among the scanned entries of the folder.
        entry: u32,
        /// What both sides have.
        sides: Box<Sides>,
    },
    /// In the tree, not on disk.
    Gone(Box<Entry>),
}

/// What the tree has under a name, and what is on disk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sides {
    /// What the tree has.
    pub old: Option<EntryValue>,
    /// What the new tree is to have; `None` for a folder, and for a file that must be read.
    pub value: Option<EntryValue>,
}

impl Delta {
    /// Index of the scanned entry; `None` for what is gone.
    pub fn entry(&self) -> Option<u32> {
        match self {
            Self::New { entry } | Self::Found { entry, .. } => Some(*entry),
            Self::Gone(_) => None,
        }
    }

    /// What the tree has.
    pub fn old(&self) -> Option<&EntryValue> {
        match self {
            Self::New { .. } => None,
            Self::Found { sides, .. } => sides.old.as_ref(),
            Self::Gone(entry) => Some(&entry.value),
        }
    }

    /// What is known to be on disk.
    pub fn value(&self) -> Option<&EntryValue> {
        match self {
            Self::Found { sides, .. } => sides.value.as_ref(),
            Self::New { .. } | Self::Gone(_) => None,
        }
    }
}

/// The differences of one scanned folder.
#[derive(Clone, Debug, Default)]
pub struct DirDelta {
    /// The folder's tree, when there is one.
    pub base: Option<TreeId>,
    /// In the order of names.
    pub deltas: Vec<Delta>,
    /// Whether a seal said that it equals its tree, so that no entry was looked at.
    pub is_sealed: bool,
    /// Whether names of the tree were passed over that are not to be on disk.
    pub is_partial: bool,
}

/// A file that must be read: indices of its folder and entry in the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileRef {
    /// Index among the scanned folders.
    pub dir: u32,
    /// Index among its entries.
    pub entry: u32,
}

/// All differences between a scan and a tree.
#[derive(Debug, Default)]
pub struct Comparison {
    /// One for each scanned folder, in the scan's order.
    pub dirs: Vec<DirDelta>,
    /// Files whose ids are not known, in path order.
    pub to_read: Vec<FileRef>,
    /// Files that are as in the tree.
    pub unchanged: u64,
    /// Paths that were asked for, or are expected below a folder that is not there: in the tree and not on
    /// disk.
    pub missing: Vec<(RepoPath, EntryValue)>,
    /// Whether a folder that was not listed has another tree than its seal was made for: nothing is known
    /// of what is in it.
    pub is_stale: bool,
}

/// Folders that one thread compares at least: fewer are not worth a thread.
const DIRS_PER_THREAD: usize = 64;

/// Compares `scan` with the tree `base` (`None`: nothing is in it), on up to `threads` threads.
pub fn compare(
    scan: &Scan,
    base: Option<TreeId>,
    read: &(dyn ReadObjects + Sync),
    known: &(dyn KnownFiles + Sync),
    threads: usize,
) -> Result<Comparison, AccessError> {
    let index = index_of(scan);
    let task = Task { scan, index: &index, base, read, known };
    let per_thread = scan.dirs.len().div_ceil(threads.max(1)).max(DIRS_PER_THREAD);
    let starts: Vec<usize> = (0..scan.dirs.len()).step_by(per_thread).collect();
    let end = |start: usize| (start + per_thread).min(scan.dirs.len());
    let mut ranges = starts.iter().map(|&start| start..end(start));
    let first = ranges.next().unwrap_or(0..0);
    let parts: Vec<Result<Comparison, AccessError>> = std::thread::scope(|scope| {
        let task = &task;
        // Started before this thread does its own part.
        let running: Vec<_> =
            ranges.map(|range| scope.spawn(move || task.compare_range(range))).collect();
        let died = || Err(AccessError::io(std::io::Error::other("a comparing thread died")));
        let first = [task.compare_range(first)];
        let others = running.into_iter().map(|t| t.join().unwrap_or_else(|_| died()));
        first.into_iter().chain(others).collect()
    });
    let mut result = Comparison::default();
    for part in parts {
        let mut part = part?;
        result.dirs.append(&mut part.dirs);
        result.to_read.append(&mut part.to_read);
        result.unchanged += part.unchanged;
        result.missing.append(&mut part.missing);
        result.is_stale |= part.is_stale;
    }
    if let Some(base) = base {
        for path in &scan.missing {
            if let Some(value) = prolly::resolve(read, base, path)? {
                let path = path.clone();
                add_missing(read, known.expected(), path, value, &mut result.missing)?;
            }
        }
    }
    Ok(result)
}

/// Adds a path that is not on disk, or what below it is expected there, as far as the tree has it.
fn add_missing(
    read: &dyn ReadObjects,
    expected: &PathSet,
    path: RepoPath,
    value: EntryValue,
    missing: &mut Vec<(RepoPath, EntryValue)>,
) -> Result<(), AccessError> {
    let EntryValue::Directory { id, .. } = value else {
        missing.extend(expected.has(&path).then_some((path, value)));
        return Ok(());
    };
    if expected.has_whole(&path) {
        missing.push((path, value));
        return Ok(());
    }
    if expected.has(&path) {
        for entry in prolly::iterate(read, id) {
            let entry = entry?;
            let path = path.join(&entry.name).map_err(AccessError::io)?;
            add_missing(read, expected, path, entry.value, missing)?;
        }
        return Ok(());
    }
    let mut done: Option<&RepoPath> = None;
    for (rule, _) in expected.below(&path).iter().filter(|(_, is_in)| *is_in) {
        // What lies below another one was met with it.
        if done.is_some_and(|done| rule.starts_with(done)) {
            continue;
        }
        done = Some(rule);
        let names = rule.components().skip(path.components().count());
        let below = RepoPath::parse(&names.collect::<Vec<_>>().join("/"));
        let below = below.map_err(AccessError::io)?;
        if let Some(value) = prolly::resolve(read, id, &below)? {
            add_missing(read, expected, rule.clone(), value, missing)?;
        }
    }
    Ok(())
}

struct Task<'c> {
    scan: &'c Scan,
    index: &'c HashMap<RepoPath, usize>,
    base: Option<TreeId>,
    read: &'c (dyn ReadObjects + Sync),
    known: &'c (dyn KnownFiles + Sync),
}

impl Task<'_> {
    /// Compares the folders of a range; those whose parents lie before it find their trees by path.
    fn compare_range(&self, range: Range<usize>) -> Result<Comparison, AccessError> {
        let mut result = Comparison::default();
        result.dirs.resize_with(range.len(), DirDelta::default);
        let mut before = ParentsBefore { task: self, open: HashMap::new() };
        for number in range.clone() {
            let dir = &self.scan.dirs[number];
            let at = number - range.start;
            match listed_in(self.scan, self.index, dir) {
                _ if dir.path.is_root() => result.dirs[at].base = self.base,
                None => result.dirs[at].base = resolve_dir(self.read, self.base, &dir.path)?,
                Some((p, _)) if p < range.start => {
                    result.dirs[at].base = before.tree_of(&dir.path)?
                }
                Some(_) => {} // set when the parent was compared
            }
            let first = range.start;
            let mut one = OneDir { task: self, dir, number, first, result: &mut result };
            if dir.is_complete { one.compare_all()? } else { one.compare_listed()? }
        }
        Ok(result)
    }
}

/// The trees of folders that lie before a range and have children in it: the ancestors of its first
/// folder. Each is read once, side by side with its children, which come in the order of names.
struct ParentsBefore<'c> {
    task: &'c Task<'c>,
    open: HashMap<RepoPath, Option<Peekable<Entries<'c>>>>,
}

impl ParentsBefore<'_> {
    fn tree_of(&mut self, path: &RepoPath) -> Result<Option<TreeId>, AccessError> {
        let (Some(parent), Some(name)) = (path.parent(), path.name()) else { return Ok(None) };
        let Task { read, base, .. } = *self.task;
        if !self.open.contains_key(&parent) {
            let tree = resolve_dir(read, base, &parent)?;
            let entries = tree.map(|id| prolly::iterate(read, id).peekable());
            self.open.insert(parent.clone(), entries);
        }
        let Some(Some(entries)) = self.open.get_mut(&parent) else { return Ok(None) };
        let is_before = |e: &Result<Entry, AccessError>| e.as_ref().is_ok_and(|e| *e.name < *name);
        while entries.next_if(is_before).is_some() {}
        match entries.next_if(|e| e.as_ref().map_or(true, |e| *e.name == *name)).transpose()? {
            Some(Entry { value: EntryValue::Directory { id, .. }, .. }) => Ok(Some(id)),
            _ => Ok(None),
        }
    }
}

/// The scanned folder that lists `dir`, and the entry; `None` for a top.
fn listed_in(
    scan: &Scan,
    index: &HashMap<RepoPath, usize>,
    dir: &ScannedDir,
) -> Option<(usize, u32)> {
    let (parent, name) = (dir.path.parent()?, dir.path.name()?);
    let number = *index.get(&parent)?;
    let entry = scan.dirs[number].entries.binary_search_by(|e| (*e.name).cmp(name)).ok()?;
    Some((number, entry as u32))
}

fn resolve_dir(
    read: &dyn ReadObjects,
    base: Option<TreeId>,
    path: &RepoPath,
) -> Result<Option<TreeId>, AccessError> {
    let Some(base) = base else { return Ok(None) };
    Ok(match prolly::resolve(read, base, path)? {
        Some(EntryValue::Directory { id, .. }) => Some(id),
        _ => None,
    })
}

fn index_of(scan: &Scan) -> HashMap<RepoPath, usize> {
    scan.dirs.iter().enumerate().map(|(i, d)| (d.path.clone(), i)).collect()
}

struct OneDir<'c> {
    task: &'c Task<'c>,
    dir: &'c ScannedDir,
    /// Index of the folder in the scan.
    number: usize,
    /// Index of the first folder that `result` is about.
    first: usize,
    result: &'c mut Comparison,
}

impl OneDir<'_> {
    fn delta(&mut self) -> &mut DirDelta {
        &mut self.result.dirs[self.number - self.first]
    }

    /// Merges names on disk with names in the tree.
    fn compare_all(&mut self) -> Result<(), AccessError> {
        let base = self.delta().base;
        if let Some((tree, files)) = self.dir.sealed_as {
            match base == Some(tree) {
                true => self.result.unchanged += files,
                false => self.result.is_stale = true,
            }
            self.delta().is_sealed = true;
            return Ok(());
        }
        if base.is_some_and(|tree| self.is_sealed(tree)) {
            self.delta().is_sealed = true;
            self.result.unchanged += self.dir.entries.len() as u64;
            return Ok(());
        }
        let mut rows = self.task.known.rows(&self.dir.path).peekable();
        let mut tree = base.map(|id| prolly::iterate(self.task.read, id).peekable());
        for (position, entry) in self.dir.entries.iter().enumerate() {
            self.pass_gone(&mut tree, Some(&entry.name))?;
            let old = take_named(&mut tree, &entry.name)?;
            let row = take_row(&mut rows, &entry.name);
            self.compare_entry(position, entry, old, row)?;
        }
        self.pass_gone(&mut tree, None)
    }

    fn is_sealed(&self, tree: TreeId) -> bool {
        let seal = self.task.known.seal(&self.dir.path).filter(|seal| seal.tree == tree);
        seal.is_some_and(|seal| fingerprint(self.dir) == Some(seal.fingerprint))
    }

    /// Looks up only the names that were asked for.
    fn compare_listed(&mut self) -> Result<(), AccessError> {
        for (position, entry) in self.dir.entries.iter().enumerate() {
            let old = match self.delta().base {
                Some(id) => prolly::find(self.task.read, id, &entry.name)?.map(|e| e.value),
                None => None,
            };
            let row = self.task.known.row(&self.dir.path, &entry.name);
            self.compare_entry(position, entry, old, row)?;
        }
        Ok(())
    }

    /// Records the names of the tree below `until` as gone, unless a problem withheld them.
    fn pass_gone(
        &mut self,
        tree: &mut Option<Peekable<Entries<'_>>>,
        until: Option<&str>,
    ) -> Result<(), AccessError> {
        let Some(tree) = tree else { return Ok(()) };
        let is_before = |e: &Result<Entry, AccessError>| match (e, until) {
            (Ok(e), Some(until)) => *e.name < *until,
            (Ok(_), None) | (Err(_), _) => true,
        };
        while let Some(entry) = tree.next_if(is_before) {
            let entry = entry?;
            if self.dir.withheld.binary_search(&entry.name).is_err() && self.is_expected(&entry)? {
                self.delta().deltas.push(Delta::Gone(Box::new(entry)));
            }
        }
        Ok(())
    }

    /// Whether a name of the tree that is not on disk should be there. Of a folder only parts of which
    /// should, those are missing.
    fn is_expected(&mut self, entry: &Entry) -> Result<bool, AccessError> {
        let expected = self.task.known.expected();
        if expected.is_all() {
            return Ok(true);
        }
        let path = self.dir.path.join(&entry.name).map_err(AccessError::io)?;
        if expected.has_whole(&path) {
            return Ok(true);
        }
        self.delta().is_partial = true;
        let (read, missing) = (self.task.read, &mut self.result.missing);
        add_missing(read, expected, path, entry.value.clone(), missing)?;
        Ok(false)
    }

    fn compare_entry(
        &mut self,
        position: usize,
        entry: &ScannedEntry,
        old: Option<EntryValue>,
        row: Option<StatRow>,
    ) -> Result<(), AccessError> {
        let value = match entry.kind {
            ScannedKind::Directory => return self.compare_directory(position, entry, old),
            ScannedKind::Symlink => match self.task.known.read_link(&self.dir.path, &entry.name) {
                Some(target) => Some(EntryValue::Symlink { target }),
                // It cannot be read: whatever the tree has stays.
                None => return Ok(()),
            },
            ScannedKind::File { executable } => {
                self.known_value(entry, executable, old.as_ref(), row)?
            }
        };
        if value.is_some() && value == old {
            self.result.unchanged += 1;
            return Ok(());
        }
        if value.is_none() {
            let file = FileRef { dir: self.number as u32, entry: position as u32 };
            self.result.to_read.push(file);
        }
        self.push(position, old, value);
        Ok(())
    }

    fn compare_directory(
        &mut self,
        position: usize,
        entry: &ScannedEntry,
        old: Option<EntryValue>,
    ) -> Result<(), AccessError> {
        let path = self.dir.path.join(&entry.name);
        let child = path.ok().and_then(|p| self.task.index.get(&p).copied());
        if let (Some(child), Some(EntryValue::Directory { id, .. })) = (child, &old) {
            // A folder of another thread's range finds its tree by its path.
            if let Some(delta) = self.result.dirs.get_mut(child - self.first) {
                delta.base = Some(*id);
            }
        }
        let is_same_kind = matches!(old, Some(EntryValue::Directory { .. }));
        // A folder that could not be listed is left as the tree has it.
        if !is_same_kind && child.is_some() {
            self.push(position, old, None);
        }
        Ok(())
    }

    /// The file's entry, when the stat cache knows its id and its bytes are stored.
    fn known_value(
        &self,
        entry: &ScannedEntry,
        executable: bool,
        old: Option<&EntryValue>,
        row: Option<StatRow>,
    ) -> Result<Option<EntryValue>, AccessError> {
        let kind = if executable { RowKind::Executable } else { RowKind::File };
        let Some(row) = row.filter(|r| r.kind == kind && r.stat == entry.stat) else {
            return Ok(None);
        };
        let (id, size) = (row.id, entry.stat.size);
        let is_in_tree = matches!(old, Some(EntryValue::File { id: old, .. }) if *old == id);
        let is_usable = is_in_tree || self.task.known.is_stored(id, size)?;
        Ok(is_usable.then_some(EntryValue::File { id, size, executable }))
    }

    fn push(&mut self, position: usize, old: Option<EntryValue>, value: Option<EntryValue>) {
        let entry = position as u32;
        let delta = match (&old, &value) {
            (None, None) => Delta::New { entry },
            _ => Delta::Found { entry, sides: Box::new(Sides { old, value }) },
        };
        self.delta().deltas.push(delta);
    }
}

fn take_named(
    tree: &mut Option<Peekable<Entries<'_>>>,
    name: &str,
) -> Result<Option<EntryValue>, AccessError> {
    let Some(tree) = tree else { return Ok(None) };
    let is_named = |e: &Result<Entry, AccessError>| e.as_ref().is_ok_and(|e| *e.name == *name);
    tree.next_if(is_named).transpose().map(|entry| entry.map(|e| e.value))
}

fn take_row(
    rows: &mut Peekable<Box<dyn Iterator<Item = StatRow> + '_>>,
    name: &str,
) -> Option<StatRow> {
    while rows.next_if(|r| *r.name < *name).is_some() {}
    rows.next_if(|r| *r.name == *name)
}
