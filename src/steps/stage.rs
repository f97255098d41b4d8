//! From the worktree to the stage: scan, compare, ingest what changed, build trees, publish.

use std::collections::{BTreeMap, HashSet};
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use super::known::{self, Known};
use super::resume::{self, PartNumbers, Unfinished};
use super::{RunContext, StepError};
use crate::db::{RefError, Tx};
use crate::fsio::FsError;
use crate::id::{BlobId, PackId, TreeId};
use crate::object::access::WriteObjects;
use crate::object::paths::edit_paths;
use crate::object::tree::EntryValue;
use crate::path::{RepoPath, escape};
use crate::repo::{Repo, WorkState};
use crate::stat::Stat;
use crate::stat_cache::{RowKind, StatRow};
use crate::store::StoreError;
use crate::store::ingest::{
    self, Failure, IngestOptions, Ingested, Observer, Partial, Results, Source, SourceFile,
};
use crate::store::objects::ObjectWriter;
use crate::worktree::compare::{self, Comparison, Delta, FileRef, Taken};
use crate::worktree::scan::{self, Scan, ScanOptions, ScannedEntry, ScannedKind};

/// What is to be staged.
#[derive(Clone, Debug)]
pub struct StageOptions {
    /// Paths and all below them; empty means everything.
    pub paths: Vec<RepoPath>,
    /// Paths of the tree below `paths` that are never looked at.
    pub taken: Taken,
    /// Only says what would happen.
    pub dry_run: bool,
}

/// One difference between worktree and stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StagedChange {
    /// Where.
    pub path: RepoPath,
    /// What the stage had.
    pub old: Option<EntryValue>,
    /// What is there now; `None` for what is gone, and in a dry run for files not read.
    pub new: Option<EntryValue>,
    /// Whether the path is gone.
    pub is_gone: bool,
}

/// What was not taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// The path, escaped for display.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// What staging did.
#[derive(Debug, Default)]
pub struct Staged {
    /// Files that the stage did not have.
    pub added: u64,
    /// Files that differ from what the stage had.
    pub modified: u64,
    /// Entries that are gone.
    pub removed: u64,
    /// Files that are as before.
    pub unchanged: u64,
    /// Bytes of added and modified files.
    pub logical_bytes: u64,
    /// Of these, bytes that were not in the store.
    pub new_bytes: u64,
    /// Bytes written to the store.
    pub stored_bytes: u64,
    /// Entries left out by rules.
    pub ignored: u64,
    /// What could not be taken.
    pub skipped: Vec<Skipped>,
    /// Paths asked for that are neither on disk nor in the stage.
    pub unknown: Vec<RepoPath>,
    /// The differences, in a dry run.
    pub changes: Vec<StagedChange>,
}

/// How often staging starts again when somebody else changes the stage or HEAD meanwhile: what was read
/// is not read again, so that each further attempt is short. Eight were too few beside commits in a
/// loop on a machine with ten times the work it has cores for.
const ATTEMPTS: usize = 64;

/// Stages the worktree's files.
pub fn stage(repo: &Repo, options: &StageOptions, run: &RunContext) -> Result<Staged, StepError> {
    let mut spent = (0, 0);
    again(|| stage_once(repo, options, run, &mut spent))
}

/// Does a step again for as long as somebody else changes what it was based on, [`ATTEMPTS`] times at most.
fn again<T>(mut step: impl FnMut() -> Result<T, StepError>) -> Result<T, StepError> {
    for _ in 1..ATTEMPTS {
        match step() {
            Err(e) if e.is_conflict() => continue,
            result => return result,
        }
    }
    step()
}

fn stage_once(
    repo: &Repo,
    options: &StageOptions,
    run: &RunContext,
    spent: &mut (u64, u64),
) -> Result<Staged, StepError> {
    known::settle(repo);
    let state = repo.state()?;
    let known = Known::for_storing(repo);
    let scan = scan_paths(repo, &options.paths, run)?;
    let mut comparison =
        compare::compare(&scan, state.staged_tree(), &repo.store, &known, run.threads)?;
    // Before names are left out of the comparison: a seal speaks of all of them.
    known::record_seals(repo, &scan, &comparison);
    if !options.taken.added {
        drop_untracked(&mut comparison);
    }
    if options.dry_run {
        return Ok(dry_outcome(&scan, &comparison, options.taken));
    }
    let reading = read_files(repo, &scan, &comparison, run)?;
    spent.0 += reading.new_bytes;
    spent.1 += reading.stored_bytes;
    let values = ReadValues { scan: &scan, comparison: &comparison, results: &reading.results };
    let tree_bytes = publish_stage(repo, &state, options.taken, &values, *spent)?;
    spent.1 += tree_bytes;
    let outcome = outcome_of(&values, options.taken, *spent);
    record_known(repo, &values);
    Ok(outcome)
}

/// Stages the bytes of a stream as the file at `path`.
pub fn stage_stream(
    repo: &Repo,
    path: &RepoPath,
    stream: Box<dyn Read + Send>,
    run: &RunContext,
) -> Result<Staged, StepError> {
    let source = StreamSource(Mutex::new(Some(stream)));
    let options = ingest_options(repo, run);
    // The size is not known: u64::MAX makes it a large file.
    let ingested =
        ingest::ingest(&repo.store, &[u64::MAX], &source, &mut ingest::NoObserver, &options)?;
    let Some((id, Some(size))) = ingested.results.get(0) else {
        let e = match ingested.results.failures().next() {
            Some((_, Failure::Unreadable(e))) => io::Error::new(e.kind(), e.to_string()),
            _ => io::Error::other("the input ended early"),
        };
        return Err(FsError::new("read", "-", e).into());
    };
    let value = EntryValue::File { id, size, executable: false };
    let spent = (ingested.new_bytes, ingested.stored_bytes);
    let (old, bytes) = edit_stage(repo, vec![(path.clone(), Some(value))], spent)?;
    Ok(stream_outcome(old, size, spent, bytes))
}

fn stream_outcome(old: Option<EntryValue>, size: u64, spent: (u64, u64), bytes: u64) -> Staged {
    Staged {
        added: u64::from(old.is_none()),
        modified: u64::from(old.is_some()),
        logical_bytes: size,
        new_bytes: spent.0,
        stored_bytes: spent.1 + bytes,
        ..Staged::default()
    }
}

/// Edits of the staged tree, by path.
type Edits = Vec<(RepoPath, Option<EntryValue>)>;

/// Edits the staged tree by path, whoever else changes it; returns what the first path had, and the
/// bytes written.
pub fn edit_stage(
    repo: &Repo,
    edits: Edits,
    spent: (u64, u64),
) -> Result<(Option<EntryValue>, u64), StepError> {
    again(|| edit_stage_once(repo, edits.clone(), spent))
}

fn edit_stage_once(
    repo: &Repo,
    edits: Edits,
    spent: (u64, u64),
) -> Result<(Option<EntryValue>, u64), StepError> {
    let state = repo.state()?;
    let old = match (state.staged_tree(), edits.first()) {
        (Some(tree), Some((path, _))) => crate::object::prolly::resolve(&repo.store, tree, path)?,
        _ => None,
    };
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let tree = edit_paths(&repo.store, state.staged_tree(), edits, &mut writer)?.id;
    let packs = writer.finish()?;
    let bytes = packs.iter().map(|p| p.bytes).sum();
    let new_stage = state.stage_for(tree);
    repo.store.publish(packs, &HashSet::new(), |tx| {
        move_stage(tx, repo, &state, new_stage)?;
        tx.add_cost(repo.worktree, spent.0, spent.1 + bytes)?;
        Ok::<_, StepError>(())
    })?;
    Ok((old, bytes))
}

/// Moves the stage if it and HEAD are still what the new one was made on: a stage that was HEAD's is
/// another once HEAD moved.
fn move_stage(
    tx: &Tx<'_>,
    repo: &Repo,
    state: &WorkState,
    new: Option<TreeId>,
) -> Result<(), StepError> {
    let found = tx.head(repo.worktree)?;
    if found != state.head {
        return Err(RefError::HeadMoved { expected: state.head.clone(), found }.into());
    }
    Ok(tx.set_stage(repo.worktree, state.stage, new)?)
}

/// A stream that can be read once.
struct StreamSource(Mutex<Option<Box<dyn Read + Send>>>);

struct StreamFile(Box<dyn Read + Send>);

impl Source for StreamSource {
    fn open(&self, _: usize) -> io::Result<Box<dyn SourceFile>> {
        let stream = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        let stream = stream.ok_or_else(|| io::Error::other("the input can be read only once"))?;
        Ok(Box::new(StreamFile(stream)))
    }
}

impl Read for StreamFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl SourceFile for StreamFile {
    fn skip_to(&mut self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_unchanged(&mut self, _: u64) -> io::Result<bool> {
        Ok(true)
    }
}

pub(super) fn ingest_options<'o>(repo: &Repo, run: &'o RunContext) -> IngestOptions<'o> {
    IngestOptions {
        workers: run.threads,
        compression_level: repo.settings.core.compression_level,
        verify: repo.settings.core.verify_writes,
        checkpoint: run.checkpoint,
        progress: &*run.progress,
        cancel: &run.cancel,
    }
}

fn scan_paths(repo: &Repo, paths: &[RepoPath], run: &RunContext) -> Result<Scan, StepError> {
    let flag = run.cancel.flag();
    let options = ScanOptions {
        threads: run.threads,
        honour_ignore: true,
        paths: paths.to_vec(),
        cancel: Some(&flag),
    };
    Ok(scan::scan(&repo.paths.root, &options)?)
}

fn drop_untracked(comparison: &mut Comparison) {
    let mut tracked = HashSet::new();
    for (dir, delta) in (0u32..).zip(&comparison.dirs) {
        let known = delta.deltas.iter().filter(|d| d.old().is_some());
        tracked.extend(known.filter_map(|d| d.entry()).map(|entry| (dir, entry)));
    }
    comparison.to_read.retain(|file| tracked.contains(&(file.dir, file.entry)));
}

/// Reads and stores every file whose id is not known.
fn read_files(
    repo: &Repo,
    scan: &Scan,
    comparison: &Comparison,
    run: &RunContext,
) -> Result<Ingested, StepError> {
    let items = &comparison.to_read;
    let sizes: Vec<u64> = items.iter().map(|f| entry_of(scan, *f).stat.size).collect();
    run.progress.begin("adding", Some(sizes.iter().sum()), Some(sizes.len() as u64));
    let unfinished = Unfinished::load(repo)?;
    let resume = Some((repo, &unfinished));
    let source = FileSource { root: &repo.paths.root, scan, items, resume };
    let options = ingest_options(repo, run);
    let mut recorder =
        Recorder { repo, scan, items, unfinished: &unfinished, parts: PartNumbers::new() };
    let result = ingest::ingest(&repo.store, &sizes, &source, &mut recorder, &options);
    run.progress.finish();
    Ok(result?)
}

fn entry_of(scan: &Scan, file: FileRef) -> &ScannedEntry {
    &scan.dirs[file.dir as usize].entries[file.entry as usize]
}

fn path_of(scan: &Scan, file: FileRef) -> RepoPath {
    let dir = &scan.dirs[file.dir as usize];
    dir.path.join(&entry_of(scan, file).name).expect("scanned names are valid")
}

/// The files to be read, through their paths.
pub(super) struct FileSource<'f> {
    pub(super) root: &'f Path,
    pub(super) scan: &'f Scan,
    pub(super) items: &'f [FileRef],
    /// What earlier runs read of large files, where that helps.
    pub(super) resume: Option<(&'f Repo, &'f Unfinished)>,
}

struct OpenFile {
    file: File,
    expected: Stat,
}

impl Source for FileSource<'_> {
    fn open(&self, item: usize) -> io::Result<Box<dyn SourceFile>> {
        let file = self.items[item];
        let entry = entry_of(self.scan, file);
        let dir = &self.scan.dirs[file.dir as usize].path;
        let path = self.root.join(dir.as_str()).join(&*entry.name);
        Ok(Box::new(OpenFile { file: File::open(path)?, expected: entry.stat }))
    }

    fn resume(&self, item: usize) -> Option<Partial> {
        let (repo, unfinished) = self.resume?;
        let file = self.items[item];
        unfinished.find(repo, &path_of(self.scan, file), &entry_of(self.scan, file).stat)
    }
}

impl Read for OpenFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.file.read(buf)
    }
}

impl SourceFile for OpenFile {
    fn skip_to(&mut self, offset: u64) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(offset)).map(|_| ())
    }

    fn is_unchanged(&mut self, read: u64) -> io::Result<bool> {
        let now = Stat::of(&self.file.metadata()?);
        Ok(now == self.expected && read == self.expected.size)
    }
}

/// Records in the stat cache what was stored, so that a killed run need not read it again.
struct Recorder<'r> {
    repo: &'r Repo,
    scan: &'r Scan,
    items: &'r [FileRef],
    unfinished: &'r Unfinished,
    parts: PartNumbers,
}

impl Observer for Recorder<'_> {
    fn published(&mut self, items: &[(usize, BlobId, u64)]) {
        if items.len() == self.items.len() {
            return; // all in one go: the final record follows at once
        }
        let mut by_dir: BTreeMap<u32, Vec<(u32, BlobId)>> = BTreeMap::new();
        for &(item, id, _) in items {
            let file = self.items[item];
            by_dir.entry(file.dir).or_default().push((file.entry, id));
        }
        let mut rows = by_dir.into_iter().map(|(dir, mut files)| {
            let dir = &self.scan.dirs[dir as usize];
            files.sort_unstable_by_key(|f| f.0);
            let row = |(entry, id): (u32, BlobId)| stat_row(&dir.entries[entry as usize], id);
            (dir.path.clone(), files.into_iter().filter_map(row).collect())
        });
        known::record(self.repo, self.scan.started_at_ns, &mut rows);
    }

    fn partial(&mut self, item: usize, part: &Partial) {
        let file = self.items[item];
        let (path, stat) = (path_of(self.scan, file), entry_of(self.scan, file).stat);
        let next = || self.unfinished.parts(&path, &stat);
        let number = *self.parts.entry(item).or_insert_with(next);
        // Without the note a killed run only reads more again.
        if resume::record(self.repo, &path, &stat, number, part).is_ok() {
            self.parts.insert(item, number + 1);
        }
    }
}

pub(super) fn stat_row(entry: &ScannedEntry, id: BlobId) -> Option<StatRow> {
    let kind = match entry.kind {
        ScannedKind::File { executable: true } => RowKind::Executable,
        ScannedKind::File { executable: false } => RowKind::File,
        ScannedKind::Symlink | ScannedKind::Directory => return None,
    };
    Some(StatRow { name: entry.name.clone(), kind, stat: entry.stat, id })
}

/// A comparison with the results of the files it asked to read.
pub(super) struct ReadValues<'v> {
    scan: &'v Scan,
    comparison: &'v Comparison,
    results: &'v Results,
}

impl ReadValues<'_> {
    /// What was read as rows of the stat cache, folder by folder, a bounded part at a time.
    pub(super) fn rows(&self) -> impl Iterator<Item = (RepoPath, Vec<StatRow>)> {
        let items = self.comparison.to_read.chunk_by(|a, b| a.dir == b.dir);
        let parts = items.flat_map(|of_dir| of_dir.chunks(known::ROWS_AT_ONCE));
        parts.map(|part| {
            let row = |file: &FileRef| match self.value(*file)? {
                EntryValue::File { id, .. } => stat_row(entry_of(self.scan, *file), id),
                _ => None,
            };
            let dir = &self.scan.dirs[part[0].dir as usize];
            (dir.path.clone(), part.iter().filter_map(row).collect())
        })
    }
}

impl ReadValues<'_> {
    pub(super) fn value(&self, file: FileRef) -> Option<EntryValue> {
        let order = |f: &FileRef| (f.dir, f.entry);
        let items = &self.comparison.to_read;
        let at = items.binary_search_by_key(&order(&file), order).ok()?;
        let (id, size) = self.results.get(at)?;
        let entry = entry_of(self.scan, file);
        let ScannedKind::File { executable } = entry.kind else { return None };
        Some(EntryValue::File { id, size: size.unwrap_or(entry.stat.size), executable })
    }

    pub(super) fn skipped(&self) -> Vec<Skipped> {
        let mut skipped: Vec<Skipped> = self
            .scan
            .problems
            .iter()
            .map(|p| Skipped { path: p.path.clone(), reason: p.reason.to_string() })
            .collect();
        for (at, failure) in self.results.failures() {
            let Some(file) = self.comparison.to_read.get(at) else { continue };
            let reason = match failure {
                Failure::Changing => "changes while it is read".to_owned(),
                Failure::Unreadable(e) => format!("cannot be read: {e}"),
            };
            let path = escape(path_of(self.scan, *file).as_str()).into_owned();
            skipped.push(Skipped { path, reason });
        }
        skipped
    }
}

/// The values of files that were only hashed.
pub(super) fn read_outcome<'v>(
    scan: &'v Scan,
    comparison: &'v Comparison,
    results: &'v Results,
) -> ReadValues<'v> {
    ReadValues { scan, comparison, results }
}

/// Stores the worktree's files as a tree and leaves the stage as it is.
pub fn snapshot(
    repo: &Repo,
    paths: &[RepoPath],
    taken: Taken,
    run: &RunContext,
) -> Result<(TreeId, Vec<Skipped>), StepError> {
    known::settle(repo);
    let state = repo.state()?;
    let known = Known::for_storing(repo);
    let scan = scan_paths(repo, paths, run)?;
    let mut comparison =
        compare::compare(&scan, state.staged_tree(), &repo.store, &known, run.threads)?;
    if !taken.added {
        drop_untracked(&mut comparison);
    }
    let reading = read_files(repo, &scan, &comparison, run)?;
    let values = ReadValues { scan: &scan, comparison: &comparison, results: &reading.results };
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let tree = build_tree(repo, &state, taken, &values, &mut writer)?;
    let relied = packs_of_known(repo, &comparison)?;
    session.hold(&relied)?;
    repo.store.publish(writer.finish()?, &relied, |_| Ok::<_, StepError>(()))?;
    record_known(repo, &values);
    Ok((tree, values.skipped()))
}

/// Stores the worktree's files and folders again: what of them is stored and whole stays as it is, what
/// is damaged counts as new. All files are read that the stat cache does not know. The stage stays as
/// it is.
pub fn store_again(repo: &Repo, paths: &[RepoPath], run: &RunContext) -> Result<(), StepError> {
    let nothing = WorkState { head: repo.head()?, head_tree: None, stage: None };
    let scan = scan_paths(repo, paths, run)?;
    let known = Known::for_storing(repo);
    let comparison = compare::compare(&scan, None, &repo.store, &known, run.threads)?;
    let reading = read_files(repo, &scan, &comparison, run)?;
    let values = ReadValues { scan: &scan, comparison: &comparison, results: &reading.results };
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let taken = Taken { added: true, removed: false };
    build_tree(repo, &nothing, taken, &values, &mut writer)?;
    repo.store.publish(writer.finish()?, &HashSet::new(), |_| Ok::<_, StepError>(()))
}

/// Builds the new trees and moves the stage; returns the bytes written.
fn publish_stage(
    repo: &Repo,
    state: &WorkState,
    taken: Taken,
    values: &ReadValues<'_>,
    spent: (u64, u64),
) -> Result<u64, StepError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let (scan, comparison) = (values.scan, values.comparison);
    let tree = build_tree(repo, state, taken, values, &mut writer)?;
    if Some(tree) == state.staged_tree() && spent == (0, 0) {
        return Ok(0);
    }
    let packs = writer.finish()?;
    let bytes = packs.iter().map(|p| p.bytes).sum();
    let new_stage = state.stage_for(tree);
    let relied = packs_of_known(repo, comparison)?;
    session.hold(&relied)?;
    repo.store.publish(packs, &relied, |tx| {
        move_stage(tx, repo, state, new_stage)?;
        tx.add_cost(repo.worktree, spent.0, spent.1 + bytes)?;
        for file in &comparison.to_read {
            if entry_of(scan, *file).stat.size >= ingest::LARGE_FILE_BYTES {
                resume::forget(tx, repo, &path_of(scan, *file))?;
            }
        }
        Ok::<_, StepError>(())
    })?;
    Ok(bytes)
}

/// Builds the trees of what was found, on those of the stage.
fn build_tree(
    repo: &Repo,
    state: &WorkState,
    taken: Taken,
    values: &ReadValues<'_>,
    writer: &mut ObjectWriter<'_>,
) -> Result<TreeId, StepError> {
    let (scan, comparison) = (values.scan, values.comparison);
    let memory = crate::object::paths::Memory::default();
    let is_whole = scan.dirs.first().is_some_and(|d| d.path.is_root() && d.is_complete);
    let is_simple = is_whole && comparison.missing.is_empty();
    let read = crate::object::paths::ReadThrough { read: &repo.store, memory: &memory };
    Ok(if is_simple {
        let tops =
            compare::build(scan, comparison, taken, &repo.store, writer, |f| values.value(f))?;
        root_of(tops, state, writer)?
    } else {
        let mut out = crate::object::paths::WriteThrough { out: writer, memory: &memory };
        let tops = compare::build(scan, comparison, taken, &read, &mut out, |f| values.value(f))?;
        let (mut base, mut edits) = (state.staged_tree(), Vec::new());
        if is_whole {
            base = Some(root_of(tops, state, &mut out)?);
        } else {
            edits.extend(tops.into_iter().filter_map(|(p, v)| v.map(|v| (p, Some(v)))));
        }
        if taken.removed {
            edits.extend(comparison.missing.iter().map(|(p, _)| (p.clone(), None)));
        }
        edit_paths(&read, base, edits, &mut out)?.id
    })
}

/// The packs of files that are known to be stored without having been read, and are not in the tree:
/// nothing names them until the stage does.
fn packs_of_known(repo: &Repo, comparison: &Comparison) -> Result<HashSet<PackId>, StepError> {
    let is_partial = !repo.store.absent().promised.is_empty();
    let mut packs = HashSet::new();
    for delta in comparison.dirs.iter().flat_map(|dir| &dir.deltas) {
        let Some(EntryValue::File { id, size, .. }) = delta.value() else { continue };
        match (repo.store.packs_of(*id, *size)?, delta.old()) {
            (Some(found), _) => packs.extend(found),
            // Its mode alone was changed: as before it is named where it is not here.
            (None, Some(EntryValue::File { id: old, .. })) if old == id && is_partial => {}
            (None, _) => return Err(StoreError::Changed.into()),
        }
    }
    Ok(packs)
}

fn root_of(
    tops: Vec<(RepoPath, Option<EntryValue>)>,
    state: &WorkState,
    writer: &mut dyn WriteObjects,
) -> Result<TreeId, StepError> {
    match (tops.into_iter().next(), state.staged_tree()) {
        (Some((_, Some(EntryValue::Directory { id, .. }))), _) => Ok(id),
        (_, Some(base)) => Ok(base),
        (_, None) => Ok(crate::object::prolly::build([], writer)?.id),
    }
}

fn outcome_of(values: &ReadValues<'_>, taken: Taken, spent: (u64, u64)) -> Staged {
    let mut outcome = Staged {
        unchanged: values.comparison.unchanged,
        new_bytes: spent.0,
        stored_bytes: spent.1,
        ignored: values.scan.ignored,
        skipped: values.skipped(),
        unknown: unknown_paths(values.scan, values.comparison),
        ..Staged::default()
    };
    for (number, dir) in values.comparison.dirs.iter().enumerate() {
        for delta in &dir.deltas {
            count(&mut outcome, values, taken, number as u32, delta);
        }
    }
    if taken.removed {
        outcome.removed +=
            values.comparison.missing.iter().map(|(_, v)| v.totals().files).sum::<u64>();
    }
    outcome
}

fn count(outcome: &mut Staged, values: &ReadValues<'_>, taken: Taken, dir: u32, delta: &Delta) {
    match delta {
        Delta::Gone(entry) if taken.removed => outcome.removed += entry.value.totals().files,
        Delta::Gone(_) => {}
        Delta::New { entry } | Delta::Found { entry, .. } => {
            let (file, old) = (FileRef { dir, entry: *entry }, delta.old());
            let kind = entry_of(values.scan, file).kind;
            if kind == ScannedKind::Directory || (old.is_none() && !taken.added) {
                return;
            }
            let Some(new) = delta.value().cloned().or_else(|| values.value(file)) else { return };
            match old {
                Some(old) if *old == new => outcome.unchanged += 1,
                Some(_) => outcome.modified += 1,
                None => outcome.added += 1,
            }
            if old != Some(&new) {
                outcome.logical_bytes += new.totals().bytes;
            }
        }
    }
}

fn unknown_paths(scan: &Scan, comparison: &Comparison) -> Vec<RepoPath> {
    let is_known = |p: &RepoPath| comparison.missing.iter().any(|(q, _)| q == p);
    scan.missing.iter().filter(|p| !is_known(p)).cloned().collect()
}

fn dry_outcome(scan: &Scan, comparison: &Comparison, taken: Taken) -> Staged {
    let nothing = Results::default();
    let values = ReadValues { scan, comparison, results: &nothing };
    let mut outcome = Staged {
        unchanged: comparison.unchanged,
        ignored: scan.ignored,
        skipped: values.skipped(),
        unknown: unknown_paths(scan, comparison),
        ..Staged::default()
    };
    outcome.changes = changes(scan, comparison, taken);
    for change in &outcome.changes {
        let files = |v: &Option<EntryValue>| v.as_ref().map_or(1, |v| v.totals().files);
        match (&change.old, change.is_gone) {
            (old, true) => outcome.removed += files(old),
            (Some(_), false) => outcome.modified += 1,
            (None, false) => outcome.added += 1,
        }
    }
    let bytes = |f: &FileRef| entry_of(scan, *f).stat.size;
    outcome.logical_bytes = comparison.to_read.iter().map(bytes).sum();
    outcome
}

/// The differences of a comparison as a list; files that must be read count as changed.
pub fn changes(scan: &Scan, comparison: &Comparison, taken: Taken) -> Vec<StagedChange> {
    let mut list = Vec::new();
    for (dir, delta) in scan.dirs.iter().zip(&comparison.dirs) {
        for one in &delta.deltas {
            let (name, old, new, is_gone) = match one {
                Delta::Gone(entry) => (&entry.name, Some(entry.value.clone()), None, true),
                Delta::New { entry } | Delta::Found { entry, .. } => {
                    let entry = &dir.entries[*entry as usize];
                    if entry.kind == ScannedKind::Directory && one.old().is_none() {
                        continue;
                    }
                    (&entry.name, one.old().cloned(), one.value().cloned(), false)
                }
            };
            if (is_gone && !taken.removed) || (!is_gone && old.is_none() && !taken.added) {
                continue;
            }
            let path = dir.path.join(name).expect("scanned names are valid");
            list.push(StagedChange { path, old, new, is_gone });
        }
    }
    for (path, value) in comparison.missing.iter().filter(|_| taken.removed) {
        let old = Some(value.clone());
        list.push(StagedChange { path: path.clone(), old, new: None, is_gone: true });
    }
    list
}

/// Records in the stat cache what was read, a bounded part at a time.
fn record_known(repo: &Repo, values: &ReadValues<'_>) {
    known::record(repo, values.scan.started_at_ns, &mut values.rows());
}
