//! A file or folder of a dataset, written where there is no repository.
//!
//! What is there already and right is kept, so that a delivery that was cut short goes on. Every file
//! appears under its name only when it is complete and verified.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::delivered::Memory;
use super::known::Known;
use super::materialize::write_files;
use super::{RunContext, StepError};
use crate::fsio::FsError;
use crate::id::{BlobId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue};
use crate::path::{PathError, RepoPath};
use crate::stat::{Stat, system_time_ns};
use crate::stat_cache::{RowKind, StatRow};
use crate::store::read::BlobSource;
use crate::store::session::{Session, remove_dead_sessions};
use crate::worktree::compare::KnownFiles;
use crate::worktree::handles::{Handles, OnDisk, WorktreeRoot};
use crate::worktree::plan::{Plan, PlannedFile, Why};
use crate::worktree::scan::{self, ScanOptions, ScannedKind};

/// Unfinished files lie in this folder, beside what is delivered.
const TEMP_NAME: &str = ".esker-get";
/// Files whose places are looked up at once, and their bytes: bounds what is held of them.
const SLICE_FILES: usize = 20_000;
const SLICE_BYTES: u64 = 16 << 30;
/// Requests take time in which others can run.
const LEAST_THREADS: usize = 4;

/// What goes where.
pub struct Delivery {
    /// The folder that paths of the plan start in.
    pub root: PathBuf,
    /// What is to be done there.
    pub plan: Plan,
    /// Files and links that are there already.
    pub kept: u64,
    /// The files among them, with their stats.
    kept_files: Vec<(PlannedFile, Stat)>,
    /// When looking at them began.
    looked_at_ns: i64,
    /// Files there that are neither part of it nor were delivered before; only those of an exact one.
    pub extra: Vec<RepoPath>,
    /// Files and links of the whole.
    pub files: u64,
    /// Bytes of the files of the whole.
    pub bytes: u64,
}

/// How a delivery treats what is there.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rules<'r> {
    /// Replace files that differ.
    pub force: bool,
    /// Remove files that were delivered before and are not part of it; name others.
    pub exact: bool,
    /// Where what was delivered is remembered.
    pub cache_dir: Option<&'r Path>,
}

/// What was written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Delivered {
    /// Files and links.
    pub files: u64,
    /// Bytes of files.
    pub bytes: u64,
    /// Files that were delivered before and are gone now.
    pub removed: u64,
}

/// Compares what is to be at `dest` with what is there. Reads files there that have the right size.
///
/// A file that differs is a conflict of the plan, unless it was delivered before and is untouched, or
/// `force` replaces it; so is whatever stands where a folder must be. What is in a folder besides stays.
pub fn plan(
    read: &dyn ReadObjects,
    value: &EntryValue,
    dest: &Path,
    rules: Rules<'_>,
    run: &RunContext,
) -> Result<Delivery, StepError> {
    let looked_at_ns = system_time_ns(SystemTime::now());
    let is_folder = matches!(value, EntryValue::Directory { .. });
    let (root, top) = place_of(dest, is_folder)?;
    let memory = Memory::of(rules.cache_dir, &root);
    let totals = value.totals();
    let mut planner = Planner {
        read,
        run,
        force: rules.force,
        hashed: memory.hashed(),
        delivered: memory.delivered(),
        handles: None,
        plan: Plan::default(),
        kept: 0,
        kept_files: Vec::new(),
        kept_links: Vec::new(),
    };
    let temp = if root.is_dir() { Some(Temp::start(&root)?) } else { None };
    if let Some(temp) = &temp {
        planner.handles = Some(WorktreeRoot::open(&root, temp.dir())?.handles()?);
    }
    planner.visit(&top, value)?;
    let mut extra = Vec::new();
    if rules.exact && is_folder && root.is_dir() {
        extra = planner.clear_up(&root)?;
    }
    let Planner { plan, kept, kept_files, .. } = planner;
    let (files, bytes) = (totals.files, totals.bytes);
    Ok(Delivery { root, plan, kept, kept_files, looked_at_ns, extra, files, bytes })
}

/// The folder that paths of a delivery start in, and the path in it of what is delivered.
pub fn place_of(dest: &Path, is_folder: bool) -> Result<(PathBuf, RepoPath), PathError> {
    if is_folder {
        return Ok((dest.to_owned(), RepoPath::root()));
    }
    let name = dest.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    Ok((folder_of(dest), RepoPath::root().join(name)?))
}

fn folder_of(dest: &Path) -> PathBuf {
    match dest.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

struct Planner<'p> {
    read: &'p dyn ReadObjects,
    run: &'p RunContext,
    force: bool,
    hashed: Option<Known<'p>>,
    delivered: Option<Known<'p>>,
    handles: Option<Handles>,
    plan: Plan,
    kept: u64,
    kept_files: Vec<(PlannedFile, Stat)>,
    kept_links: Vec<RepoPath>,
}

impl Planner<'_> {
    fn visit(&mut self, path: &RepoPath, value: &EntryValue) -> Result<(), StepError> {
        match value {
            EntryValue::Directory { id, .. } => self.folder(path, *id),
            EntryValue::File { id, size, executable } => self.file(PlannedFile {
                path: path.clone(),
                id: *id,
                size: *size,
                executable: *executable,
            }),
            EntryValue::Symlink { target } => self.link(path, target),
        }
    }

    fn on_disk(&mut self, path: &RepoPath) -> Result<Option<OnDisk>, StepError> {
        match &mut self.handles {
            Some(handles) => Ok(handles.stat(path)?),
            None => Ok(None),
        }
    }

    fn folder(&mut self, path: &RepoPath, tree: TreeId) -> Result<(), StepError> {
        if !path.is_root() {
            match self.on_disk(path)? {
                Some(OnDisk { kind: Some(ScannedKind::Directory), .. }) => {}
                Some(_) => {
                    self.plan.conflicts.push((path.clone(), Why::Untracked));
                    return Ok(());
                }
                None => self.plan.dirs.push(path.clone()),
            }
        }
        for entry in prolly::iterate(self.read, tree) {
            self.run.cancel.check()?;
            let Entry { name, value } = entry?;
            self.visit(&path.join(&name)?, &value)?;
        }
        Ok(())
    }

    fn file(&mut self, file: PlannedFile) -> Result<(), StepError> {
        let Some(found) = self.on_disk(&file.path)? else {
            self.plan.files.push(file);
            return Ok(());
        };
        let executable = match found.kind {
            Some(ScannedKind::File { executable }) => Some(executable),
            _ => None,
        };
        if let Some(executable) = executable
            && found.stat.size == file.size
            && self.id_on_disk(&file.path, &found.stat)? == file.id
        {
            self.kept += 1;
            match executable == file.executable {
                true => self.kept_files.push((file, found.stat)),
                false => self.plan.mode_changes.push((file.path, file.executable)),
            }
            return Ok(());
        }
        match self.may_replace(&file.path, found) {
            true => self.plan.files.push(file),
            false => self.plan.conflicts.push((file.path, Why::Modified)),
        }
        Ok(())
    }

    fn link(&mut self, path: &RepoPath, target: &str) -> Result<(), StepError> {
        let found = self.on_disk(path)?;
        if let (Some(handles), Some(OnDisk { kind: Some(ScannedKind::Symlink), .. })) =
            (&mut self.handles, found)
            && handles.read_link(path)?.to_str() == Some(target)
        {
            self.kept += 1;
            self.kept_links.push(path.clone());
            return Ok(());
        }
        match found.is_none_or(|found| self.may_replace(path, found)) {
            true => self.plan.symlinks.push((path.clone(), target.into())),
            false => self.plan.conflicts.push((path.clone(), Why::Modified)),
        }
        Ok(())
    }

    /// Folders are never replaced, nor is what no dataset holds.
    fn may_replace(&self, path: &RepoPath, found: OnDisk) -> bool {
        let is_file = matches!(found.kind, Some(ScannedKind::File { .. } | ScannedKind::Symlink));
        is_file && (self.force || self.was_delivered(path, &found.stat))
    }

    /// Whether a file is as it was delivered: a copy of it is on a remote.
    fn was_delivered(&self, path: &RepoPath, stat: &Stat) -> bool {
        row_of(self.delivered.as_ref(), path, stat).is_some()
    }

    /// Plans to remove what was delivered before and is in the way of nothing, and names other files that
    /// are not part of the delivery.
    fn clear_up(&mut self, root: &Path) -> Result<Vec<RepoPath>, StepError> {
        let flag = self.run.cancel.flag();
        let options = ScanOptions {
            threads: self.run.threads,
            honour_ignore: true,
            paths: Vec::new(),
            cancel: Some(&flag),
            sealed: None,
        };
        let plan = &self.plan;
        let planned = plan.files.iter().map(|file| &file.path);
        let others = plan.mode_changes.iter().map(|(path, _)| path);
        let links = plan.symlinks.iter().map(|(path, _)| path);
        let kept = self.kept_files.iter().map(|(file, _)| &file.path);
        let wanted: HashSet<RepoPath> = planned
            .chain(others)
            .chain(links)
            .chain(kept)
            .chain(&self.kept_links)
            .cloned()
            .collect();
        let mut extra = Vec::new();
        for dir in scan::scan(root, &options)?.dirs {
            for entry in dir.entries.iter().filter(|e| e.kind != ScannedKind::Directory) {
                let path = dir.path.join(&entry.name)?;
                if wanted.contains(&path) {
                    continue;
                }
                match self.was_delivered(&path, &entry.stat) {
                    true => self.plan.removals.push(path),
                    false => extra.push(path),
                }
            }
        }
        Ok(extra)
    }

    /// The id of a file's bytes, read unless it is known.
    fn id_on_disk(&mut self, path: &RepoPath, stat: &Stat) -> Result<BlobId, StepError> {
        match row_of(self.hashed.as_ref(), path, stat) {
            Some(row) => Ok(row.id),
            None => self.hash(path),
        }
    }

    fn hash(&mut self, path: &RepoPath) -> Result<BlobId, StepError> {
        let Some(handles) = &mut self.handles else { return Ok(BlobId::EMPTY) };
        let (file, _) = handles.open_read(path)?;
        let mut hasher = blake3::Hasher::new();
        hasher.update_reader(file).map_err(|e| FsError::new("read", path.as_str(), e))?;
        Ok(BlobId::from_bytes(*hasher.finalize().as_bytes()))
    }
}

/// What is known of a file that has not changed since.
fn row_of(known: Option<&Known<'_>>, path: &RepoPath, stat: &Stat) -> Option<StatRow> {
    let dir = path.parent().unwrap_or_else(RepoPath::root);
    known?.row(&dir, path.name()?).filter(|row| row.stat == *stat)
}

/// Carries a plan without conflicts out.
pub fn deliver<S: BlobSource>(
    source: &S,
    delivery: &Delivery,
    cache_dir: Option<&Path>,
    run: &RunContext,
) -> Result<Delivered, StepError>
where
    StepError: From<S::Error>,
{
    let (root, plan) = (&delivery.root, &delivery.plan);
    make_folder(root)?;
    let temp = Temp::start(root)?;
    let (done, stats) = write(source, root, plan, temp.dir(), run)?;
    let memory = Memory::of(cache_dir, root);
    let kept = delivery.kept_files.iter().cloned();
    memory.remember(&rows_of(kept), delivery.looked_at_ns);
    memory.remember_written(&rows_of(plan.files.iter().cloned().zip(stats)));
    Ok(done)
}

/// Rows of the stat cache, by folder and name.
fn rows_of(files: impl Iterator<Item = (PlannedFile, Stat)>) -> Vec<(RepoPath, Vec<StatRow>)> {
    let mut dirs: BTreeMap<RepoPath, Vec<StatRow>> = BTreeMap::new();
    for (file, stat) in files {
        let kind = if file.executable { RowKind::Executable } else { RowKind::File };
        let Some(name) = file.path.name().map(Into::into) else { continue };
        let dir = file.path.parent().unwrap_or_else(RepoPath::root);
        dirs.entry(dir).or_default().push(StatRow { name, kind, stat, id: file.id });
    }
    for rows in dirs.values_mut() {
        rows.sort_unstable_by(|a, b| a.name.cmp(&b.name));
    }
    dirs.into_iter().collect()
}

/// The folder of unfinished files of one delivery.
struct Temp {
    folder: PathBuf,
    session: Option<Session>,
}

impl Temp {
    /// Clears up what was left by deliveries that were killed.
    fn start(root: &Path) -> Result<Self, StepError> {
        let folder = folder_of(root).join(TEMP_NAME);
        remove_dead_sessions(&folder);
        let session = Some(Session::start(&folder, 0)?);
        Ok(Self { folder, session })
    }

    fn dir(&self) -> &Path {
        self.session.as_ref().map_or(&self.folder, Session::dir)
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        self.session = None;
        // Stays while somebody else delivers beside it.
        let _ = fs::remove_dir(&self.folder);
    }
}

fn make_folder(root: &Path) -> Result<(), FsError> {
    match fs::create_dir_all(root) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && root.is_dir() => Ok(()),
        done => done.map_err(|e| FsError::new("create", root, e)),
    }
}

fn write<S: BlobSource>(
    source: &S,
    root: &Path,
    plan: &Plan,
    temp: &Path,
    run: &RunContext,
) -> Result<(Delivered, Vec<Stat>), StepError>
where
    StepError: From<S::Error>,
{
    let root = WorktreeRoot::open(root, temp)?;
    let mut handles = root.handles()?;
    for path in &plan.removals {
        handles.remove_file(path)?;
    }
    remove_empty(&mut handles, &plan.removals)?;
    for path in &plan.dirs {
        handles.create_dir(path)?;
    }
    let bytes = plan.files.iter().map(|f| f.size).sum();
    run.progress.begin("getting", Some(bytes), Some(plan.files.len() as u64));
    let run = RunContext { threads: run.threads.max(LEAST_THREADS), ..run.clone() };
    let (mut rest, mut stats) = (plan.files.as_slice(), Vec::new());
    while !rest.is_empty() {
        let (slice, after) = rest.split_at(slice_len(rest));
        stats.extend(write_files(source, &root, slice, &run)?);
        rest = after;
    }
    run.progress.finish();
    for (path, executable) in &plan.mode_changes {
        handles.set_executable(path, *executable)?;
    }
    for (path, target) in &plan.symlinks {
        handles.symlink(path, target)?;
    }
    let files = (plan.files.len() + plan.symlinks.len()) as u64;
    Ok((Delivered { files, bytes, removed: plan.removals.len() as u64 }, stats))
}

/// Removes the folders that removals left empty; those that are wanted are made again.
fn remove_empty(handles: &mut Handles, removed: &[RepoPath]) -> Result<(), StepError> {
    let above = |path: &RepoPath| std::iter::successors(path.parent(), RepoPath::parent);
    let dirs: BTreeSet<RepoPath> = removed.iter().flat_map(above).collect();
    for dir in dirs.iter().rev().filter(|dir| !dir.is_root()) {
        handles.remove_dir_if_empty(dir)?;
    }
    Ok(())
}

fn slice_len(files: &[PlannedFile]) -> usize {
    let mut bytes = 0;
    let fits = |file: &&PlannedFile| {
        bytes += file.size;
        bytes <= SLICE_BYTES
    };
    files.iter().take(SLICE_FILES).take_while(fits).count().max(1)
}
