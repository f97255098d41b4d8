//! A stream of bytes, staged as a file.

use std::io::{self, Read};
use std::sync::{Mutex, PoisonError};

use super::{RunContext, Staged, StepError, edit_stage, ingest_options};
use crate::fsio::FsError;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::store::ingest::{self, Failure, Source, SourceFile};

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
