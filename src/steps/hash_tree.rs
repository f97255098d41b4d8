//! The id of a folder or file on disk, without a repository.

use std::fs::Metadata;
use std::path::Path;

use super::materialize::hash_file;
use super::stage::{FileSource, Skipped, read_outcome};
use super::{RunContext, StepError};
use crate::format::FormatParameters;
use crate::fsio::FsError;
use crate::id::BlobId;
use crate::object::access::{AccessError, ReadObjects, WriteObjects};
use crate::object::tree::EntryValue;
use crate::path::{PathSet, RepoPath};
use crate::stat_cache::StatRow;
use crate::stat_cache::seal::Seal;
use crate::store::ingest::{self, IngestOptions};
use crate::worktree::compare::{self, KnownFiles, Taken};
use crate::worktree::scan::{self, ScanOptions};

/// What was hashed.
pub struct Hashed {
    /// The folder as an entry.
    pub value: EntryValue,
    /// Entries left out by rules.
    pub ignored: u64,
    /// What could not be taken.
    pub skipped: Vec<Skipped>,
}

/// Hashes the folder `root`.
pub fn hash(
    root: &Path,
    honour_ignore: bool,
    run: &RunContext,
    read: &(dyn ReadObjects + Sync),
    out: &mut dyn WriteObjects,
) -> Result<Hashed, StepError> {
    hash_known(root, honour_ignore, run, &NothingKnown { root }, (read, out), &mut |_, _| ())
}

/// As [`hash`], without reading files that are known; hands over what is known now, folder by folder.
pub fn hash_known(
    root: &Path,
    honour_ignore: bool,
    run: &RunContext,
    known: &(dyn KnownFiles + Sync),
    (read, out): (&(dyn ReadObjects + Sync), &mut dyn WriteObjects),
    learned: &mut Learned<'_>,
) -> Result<Hashed, StepError> {
    let flag = run.cancel.flag();
    let options = ScanOptions {
        threads: run.threads,
        honour_ignore,
        paths: Vec::new(),
        cancel: Some(&flag),
        sealed: None,
    };
    let scan = scan::scan(root, &options)?;
    let comparison = compare::compare(&scan, None, read, known, run.threads)?;
    let items = &comparison.to_read;
    let stat = |f: &compare::FileRef| scan.dirs[f.dir as usize].entries[f.entry as usize].stat;
    let sizes: Vec<u64> = items.iter().map(|f| stat(f).size).collect();
    run.progress.begin("hashing", Some(sizes.iter().sum()), Some(sizes.len() as u64));
    let source = FileSource { root, scan: &scan, items, resume: None };
    let ingest_options = IngestOptions {
        workers: run.threads,
        compression_level: 1,
        verify: false,
        checkpoint: run.checkpoint,
        progress: &*run.progress,
        cancel: &run.cancel,
    };
    let results = ingest::hash(&FormatParameters::default(), &sizes, &source, &ingest_options);
    run.progress.finish();
    let results = results?;
    let taken = Taken { added: true, removed: true };
    let values = read_outcome(&scan, &comparison, &results);
    learned(scan.started_at_ns, &mut values.rows());
    let tops = compare::build(&scan, &comparison, taken, read, out, |f| values.value(f))?;
    let root_value = tops.into_iter().next().and_then(|(_, value)| value);
    let value = match root_value {
        Some(value) => value,
        None => crate::object::prolly::build([], out)?.entry_value(),
    };
    Ok(Hashed { value, ignored: scan.ignored, skipped: values.skipped() })
}

/// Hashes one file, or reads one symlink.
pub fn hash_entry(path: &Path, metadata: &Metadata) -> Result<EntryValue, StepError> {
    let fail = |e| FsError::new("read", path, e);
    if metadata.is_symlink() {
        let target = super::known::read_link(path);
        let bad = || fail(std::io::Error::other("its target is not valid"));
        return Ok(EntryValue::Symlink { target: target.ok_or_else(bad)? });
    }
    if !metadata.is_file() {
        return Err(fail(std::io::Error::other("neither file nor folder")).into());
    }
    let id = hash_file(path).map_err(fail)?;
    Ok(EntryValue::File { id, size: metadata.len(), executable: false })
}

/// Takes what is known now, as rows of the stat cache by folder, and since when.
pub type Learned<'l> = dyn FnMut(i64, &mut dyn Iterator<Item = (RepoPath, Vec<StatRow>)>) + 'l;

/// Every file is read.
pub struct NothingKnown<'r> {
    /// The folder that is hashed.
    pub root: &'r Path,
}

impl KnownFiles for NothingKnown<'_> {
    fn expected(&self) -> &PathSet {
        static EVERYTHING: PathSet = PathSet::ALL;
        &EVERYTHING
    }

    fn rows(&self, _: &RepoPath) -> Box<dyn Iterator<Item = StatRow> + '_> {
        Box::new(std::iter::empty())
    }

    fn row(&self, _: &RepoPath, _: &str) -> Option<StatRow> {
        None
    }

    fn seal(&self, _: &RepoPath) -> Option<Seal> {
        None
    }

    fn is_stored(&self, _: BlobId, _: u64) -> Result<bool, AccessError> {
        Ok(false)
    }

    fn read_link(&self, dir: &RepoPath, name: &str) -> Option<Box<str>> {
        super::known::read_link(&self.root.join(dir.as_str()).join(name))
    }
}
