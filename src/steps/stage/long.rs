//! Files that are too long to lie in the store whole: found, stored a span at a time, and staged at the end.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{
    RunContext, Skipped, StepError, edit_stage, entry_of, ingest_options, path_of, reason, stat_row,
};
use crate::id::BlobId;
use crate::object::tree::EntryValue;
use crate::path::{RepoPath, escape};
use crate::progress::Cancel;
use crate::recipe::{GroupValues, Value};
use crate::repo::Repo;
use crate::stat::Stat;
use crate::stat_cache::settles_at_ns;
use crate::steps::known;
use crate::steps::spans::{self, Span};
use crate::store::ingest::{self, Ingested, Source, SourceFile};
use crate::worktree::compare::Comparison;
use crate::worktree::scan::{Scan, ScannedEntry, ScannedKind};

/// A file that is to be staged, and too long.
#[derive(Debug)]
pub struct LongFile {
    /// Where it is.
    pub path: RepoPath,
    entry: ScannedEntry,
    /// A moment at which its stat held.
    seen_at_ns: i64,
}

impl LongFile {
    /// Its length in bytes.
    pub fn size(&self) -> u64 {
        self.entry.stat.size
    }

    /// What was seen of it.
    pub fn stat(&self) -> &Stat {
        &self.entry.stat
    }

    /// A content as an entry in its place.
    pub fn value(&self, id: BlobId, size: u64) -> EntryValue {
        let executable = self.entry.kind == ScannedKind::File { executable: true };
        EntryValue::File { id, size, executable }
    }
}

/// A file that was written a moment ago is waited for so long; beyond, its stamps are in the future.
const MAX_WAIT_NS: i64 = 4_000_000_000;

impl LongFile {
    /// Waits until the file is old enough to be known by its stat: else the next run would send it again. One
    /// that changes meanwhile is not what it was when it is read.
    pub fn settle(&mut self, cancel: &Cancel) -> Result<(), StepError> {
        let left = settles_at_ns(&self.entry.stat) - self.seen_at_ns;
        if (0..MAX_WAIT_NS).contains(&left) {
            std::thread::sleep(Duration::from_nanos(left as u64 + 1));
            cancel.check()?;
            // Its stat is compared once more when it was read.
            self.seen_at_ns += left + 1;
        }
        Ok(())
    }
}

/// The files that are to be read and longer than `max_bytes`, by path.
pub(super) fn of(scan: &Scan, comparison: &Comparison, max_bytes: u64) -> Vec<LongFile> {
    let items = comparison.to_read.iter().map(|file| (*file, entry_of(scan, *file)));
    let long = items.filter(|(_, entry)| entry.stat.size > max_bytes);
    let mut files: Vec<LongFile> = long
        .map(|(file, entry)| LongFile {
            path: path_of(scan, file),
            entry: entry.clone(),
            seen_at_ns: scan.started_at_ns,
        })
        .collect();
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

/// A span of a file in the store.
pub struct StoredSpan {
    /// The span.
    pub span: Span,
    /// The values of the file's groups in it.
    pub values: Vec<Value>,
    /// Bytes of its chunks that were new.
    pub new_bytes: u64,
    /// Bytes written for them.
    pub stored_bytes: u64,
}

/// Stores some bytes of a long file, which begin with a group, as a content of their own.
///
/// # Errors
/// The inner one says that the file could not be read, or is not what it was.
pub fn store_span(
    repo: &Repo,
    file: &LongFile,
    range: Range<u64>,
    run: &RunContext,
) -> Result<Result<StoredSpan, Skipped>, StepError> {
    let size = range.end - range.start;
    let source = SpanSource {
        path: repo.paths.root.join(file.path.as_str()),
        expected: file.entry.stat,
        range,
        group_bytes: repo.store.params().group_bytes.into(),
        values: Arc::default(),
    };
    run.progress.begin("adding", Some(size), Some(1));
    let options = ingest_options(repo, run);
    let ingested = ingest::ingest(&repo.store, &[size], &source, &mut ingest::NoObserver, &options);
    run.progress.finish();
    let ingested = ingested?;
    Ok(match ingested.results.get(0) {
        Some((id, None)) => {
            let values = source.values.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let Ingested { new_bytes, stored_bytes, .. } = ingested;
            Ok(StoredSpan { span: Span { id, size }, values, new_bytes, stored_bytes })
        }
        _ => {
            let failure = ingested.results.failures().next().map(|(_, failure)| failure);
            let reason = reason(failure.unwrap_or(&ingest::Failure::Changing));
            let path = escape(file.path.as_str()).into_owned();
            Err(Skipped { path, reason })
        }
    })
}

/// Stages a long file that a remote was seen to have, and forgets its spans. Gives what the stage had.
pub fn stage_long(
    repo: &Repo,
    file: &LongFile,
    id: BlobId,
    spent: (u64, u64),
) -> Result<Option<EntryValue>, StepError> {
    let edits = vec![(file.path.clone(), Some(file.value(id, file.size())))];
    let (old, _) = edit_stage(repo, edits, spent)?;
    let row = stat_row(&file.entry, id).into_iter().collect();
    let dir = file.path.parent().unwrap_or_else(RepoPath::root);
    known::record(repo, file.seen_at_ns, &mut [(dir, row)].into_iter());
    repo.db.write(|tx| spans::forget(tx, repo, &file.path))?;
    Ok(old)
}

/// Bytes of a file, as if they were one.
struct SpanSource {
    path: PathBuf,
    expected: Stat,
    range: Range<u64>,
    group_bytes: u64,
    /// Of what was read last, once it was read to its end.
    values: Arc<Mutex<Vec<Value>>>,
}

struct SpanFile {
    file: io::Take<File>,
    expected: Stat,
    size: u64,
    seen: GroupValues,
    values: Arc<Mutex<Vec<Value>>>,
}

impl Source for SpanSource {
    fn open(&self, _: usize) -> io::Result<Box<dyn SourceFile>> {
        let mut file = File::open(&self.path)?;
        file.seek(SeekFrom::Start(self.range.start))?;
        let size = self.range.end - self.range.start;
        Ok(Box::new(SpanFile {
            file: file.take(size),
            expected: self.expected,
            size,
            seen: GroupValues::new(self.group_bytes, self.range.start),
            values: self.values.clone(),
        }))
    }
}

impl Read for SpanFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buf)?;
        self.seen.update(&buf[..read]);
        Ok(read)
    }
}

impl SourceFile for SpanFile {
    fn skip_to(&mut self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_unchanged(&mut self, read: u64) -> io::Result<bool> {
        let now = Stat::of(&self.file.get_ref().metadata()?);
        let values = self.seen.clone().finish();
        *self.values.lock().unwrap_or_else(PoisonError::into_inner) = values;
        Ok(now == self.expected && read == self.size)
    }
}
