//! Storing again what is lost, from another repository that has it.

use std::io::{self, Read};
use std::sync::Arc;

use super::stage::ingest_options;
use super::{RunContext, StepError};
use crate::db::DbError;
use crate::id::{Address, BlobId, CommitId, TagId, TreeId};
use crate::object::access::WriteObjects;
use crate::pack::layout::PackKind;
use crate::repo::Repo;
use crate::store::Store;
use crate::store::ingest::{self, Source, SourceFile};
use crate::store::objects::ObjectWriter;
use crate::store::verify::Lost;

/// Bytes read from the other store at once.
const READ_BYTES: u64 = 1 << 20;

/// Takes packs whose files are gone off the list, so that what was in them counts as new.
pub fn drop_missing_packs(repo: &Repo) -> Result<(), StepError> {
    let packs = repo.db.read(|view| view.live_packs())?;
    let is_gone = |id| matches!(repo.store.paths().pack(id).try_exists(), Ok(false));
    let gone: Vec<_> = packs.into_iter().map(|p| p.id).filter(|id| is_gone(*id)).collect();
    if !gone.is_empty() {
        repo.db.write(|tx| {
            tx.next_generation()?;
            gone.iter().try_for_each(|id| tx.remove_pack(*id).map(|_| ()))?;
            Ok::<_, DbError>(())
        })?;
        repo.store.catalog().reload(&repo.db)?;
    }
    Ok(())
}

/// Copies lost objects that `other` has. What it gives is compared with the ids that are wanted.
pub fn copy_lost(
    repo: &Repo,
    other: &Arc<Repo>,
    lost: &[Lost],
    run: &RunContext,
) -> Result<(), StepError> {
    copy_history(repo, &other.store, lost)?;
    let mut blobs = Vec::new();
    for lost in lost {
        let Lost::Blob(id) = lost else { continue };
        blobs.extend(other.store.size_of(*id)?.map(|size| (*id, size)));
    }
    let sizes: Vec<u64> = blobs.iter().map(|(_, size)| *size).collect();
    let source = OtherFiles { other: other.clone(), blobs };
    let options = ingest_options(repo, run);
    ingest::ingest(&repo.store, &sizes, &source, &mut ingest::NoObserver, &options)?;
    Ok(())
}

fn copy_history(repo: &Repo, other: &Store, lost: &[Lost]) -> Result<(), StepError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let read = |address: Address| other.read_object(PackKind::History, &address);
    for lost in lost {
        match *lost {
            Lost::Commit(id) => {
                if let Some(bytes) = read(id.into())?.filter(|bytes| CommitId::of(bytes) == id) {
                    writer.write_commit(id, bytes)?;
                }
            }
            Lost::Tag(id) => {
                if let Some(bytes) = read(id.into())?.filter(|bytes| TagId::of(bytes) == id) {
                    writer.write_tag(id, bytes)?;
                }
            }
            Lost::Tree(id) => {
                if let Some(bytes) = read(id.into())?.filter(|bytes| TreeId::of(bytes) == id) {
                    writer.write_tree(id, bytes)?;
                }
            }
            Lost::Blob(_) => {}
        }
    }
    repo.store.publish(writer.finish()?, &Default::default(), |_| Ok::<_, StepError>(()))
}

/// Blobs of another repository, read as files.
pub(super) struct OtherFiles {
    pub(super) other: Arc<Repo>,
    pub(super) blobs: Vec<(BlobId, u64)>,
}

struct OtherFile {
    other: Arc<Repo>,
    id: BlobId,
    size: u64,
    /// How much of it was read from the store.
    read: u64,
    piece: io::Cursor<Vec<u8>>,
}

impl Source for OtherFiles {
    fn open(&self, item: usize) -> io::Result<Box<dyn SourceFile>> {
        let (id, size) = self.blobs[item];
        let piece = io::Cursor::default();
        Ok(Box::new(OtherFile { other: self.other.clone(), id, size, read: 0, piece }))
    }
}

impl Read for OtherFile {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.piece.position() == self.piece.get_ref().len() as u64 && self.read < self.size {
            let range = self.read..self.size.min(self.read + READ_BYTES);
            let mut bytes = Vec::with_capacity(READ_BYTES as usize);
            self.read = range.end;
            let store = &self.other.store;
            store
                .read_blob_range(self.id, self.size, range, &mut bytes)
                .map_err(io::Error::other)?;
            self.piece = io::Cursor::new(bytes);
        }
        self.piece.read(buf)
    }
}

impl SourceFile for OtherFile {
    fn skip_to(&mut self, _: u64) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn is_unchanged(&mut self, read: u64) -> io::Result<bool> {
        Ok(read == self.size)
    }
}
