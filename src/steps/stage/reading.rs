//! Reading the files that a comparison does not know, and what became of each.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use super::{RunContext, Skipped, StepError};
use crate::id::BlobId;
use crate::object::tree::EntryValue;
use crate::path::{RepoPath, escape};
use crate::repo::Repo;
use crate::stat::Stat;
use crate::stat_cache::{RowKind, StatRow};
use crate::steps::known;
use crate::steps::resume::{self, PartNumbers, Unfinished};
use crate::store::ingest::{
    self, Failure, IngestOptions, Ingested, Observer, Partial, Results, Source, SourceFile,
};
use crate::worktree::compare::{Comparison, FileRef};
use crate::worktree::scan::{Scan, ScannedEntry, ScannedKind};

pub(in crate::steps) fn ingest_options<'o>(repo: &Repo, run: &'o RunContext) -> IngestOptions<'o> {
    IngestOptions {
        workers: run.threads,
        compression_level: repo.settings.core.compression_level,
        verify: repo.settings.core.verify_writes,
        checkpoint: run.checkpoint,
        progress: &*run.progress,
        cancel: &run.cancel,
    }
}

/// Reads and stores every file whose id is not known.
pub(super) fn read_files(
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

pub(super) fn entry_of(scan: &Scan, file: FileRef) -> &ScannedEntry {
    &scan.dirs[file.dir as usize].entries[file.entry as usize]
}

pub(super) fn path_of(scan: &Scan, file: FileRef) -> RepoPath {
    let dir = &scan.dirs[file.dir as usize];
    dir.path.join(&entry_of(scan, file).name).expect("scanned names are valid")
}

/// The files to be read, through their paths.
pub(in crate::steps) struct FileSource<'f> {
    pub(in crate::steps) root: &'f Path,
    pub(in crate::steps) scan: &'f Scan,
    pub(in crate::steps) items: &'f [FileRef],
    /// What earlier runs read of large files, where that helps.
    pub(in crate::steps) resume: Option<(&'f Repo, &'f Unfinished)>,
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

pub(in crate::steps) fn stat_row(entry: &ScannedEntry, id: BlobId) -> Option<StatRow> {
    let kind = match entry.kind {
        ScannedKind::File { executable: true } => RowKind::Executable,
        ScannedKind::File { executable: false } => RowKind::File,
        ScannedKind::Symlink | ScannedKind::Directory => return None,
    };
    Some(StatRow { name: entry.name.clone(), kind, stat: entry.stat, id })
}

/// A comparison with the results of the files it asked to read.
pub(in crate::steps) struct ReadValues<'v> {
    pub(super) scan: &'v Scan,
    pub(super) comparison: &'v Comparison,
    pub(super) results: &'v Results,
}

impl ReadValues<'_> {
    /// What was read as rows of the stat cache, folder by folder, a bounded part at a time.
    pub(in crate::steps) fn rows(&self) -> impl Iterator<Item = (RepoPath, Vec<StatRow>)> {
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
    pub(in crate::steps) fn value(&self, file: FileRef) -> Option<EntryValue> {
        let order = |f: &FileRef| (f.dir, f.entry);
        let items = &self.comparison.to_read;
        let at = items.binary_search_by_key(&order(&file), order).ok()?;
        let (id, size) = self.results.get(at)?;
        let entry = entry_of(self.scan, file);
        let ScannedKind::File { executable } = entry.kind else { return None };
        Some(EntryValue::File { id, size: size.unwrap_or(entry.stat.size), executable })
    }

    pub(in crate::steps) fn skipped(&self) -> Vec<Skipped> {
        let mut skipped: Vec<Skipped> = self
            .scan
            .problems
            .iter()
            .map(|p| Skipped { path: p.path.clone(), reason: p.reason.to_string() })
            .collect();
        for (at, failure) in self.results.failures() {
            let Some(file) = self.comparison.to_read.get(at) else { continue };
            let reason = reason(failure);
            let path = escape(path_of(self.scan, *file).as_str()).into_owned();
            skipped.push(Skipped { path, reason });
        }
        skipped
    }
}

/// Why a file was not taken.
pub(super) fn reason(failure: &Failure) -> String {
    match failure {
        Failure::Changing => "changes while it is read".to_owned(),
        Failure::Unreadable(e) => format!("cannot be read: {e}"),
    }
}

/// The values of files that were only hashed.
pub(in crate::steps) fn read_outcome<'v>(
    scan: &'v Scan,
    comparison: &'v Comparison,
    results: &'v Results,
) -> ReadValues<'v> {
    ReadValues { scan, comparison, results }
}

/// Records in the stat cache what was read, a bounded part at a time.
pub(super) fn record_known(repo: &Repo, values: &ReadValues<'_>) {
    known::record(repo, values.scan.started_at_ns, &mut values.rows());
}
