//! Cutting what is stored anew, by the lengths of chunks that the repository has now.

use std::sync::Arc;

use super::repair::OtherFiles;
use super::stage::ingest_options;
use super::{RunContext, StepError};
use crate::id::BlobId;
use crate::repo::Repo;
use crate::store::StoreError;
use crate::store::ingest;

/// Stores blobs again, read through `same`, which is the same repository. Their ids stay; what they were
/// made of before is needed by nothing any more, unless something else needs it, too.
pub fn rechunk(
    repo: &Repo,
    same: &Arc<Repo>,
    blobs: Vec<(BlobId, u64)>,
    run: &RunContext,
) -> Result<(), StepError> {
    let sizes: Vec<u64> = blobs.iter().map(|(_, size)| *size).collect();
    let (bytes, files) = (sizes.iter().sum(), sizes.len() as u64);
    run.progress.begin("cutting anew", Some(bytes), Some(files));
    let source = OtherFiles { other: same.clone(), blobs };
    let options = ingest_options(repo, run);
    let done = ingest::ingest(&repo.store, &sizes, &source, &mut ingest::NoObserver, &options);
    run.progress.finish();
    let results = done?.results;
    for (item, (id, _)) in source.blobs.iter().enumerate() {
        if results.get(item).map(|found| found.0) != Some(*id) {
            let (what, why) = (format!("file content {id}"), "it cannot be read whole".to_owned());
            return Err(StoreError::Damaged { what, why }.into());
        }
    }
    Ok(())
}
