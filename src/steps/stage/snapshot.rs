//! Files stored as a tree, or again, with the stage left as it is.

use std::collections::HashSet;

use super::{
    ReadValues, RunContext, Skipped, StepError, build_tree, drop_untracked, packs_of_known,
    read_files, record_known, scan_paths,
};
use crate::id::TreeId;
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::steps::known::{self, Known};
use crate::store::objects::ObjectWriter;
use crate::worktree::compare::{self, Taken};

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
    let root = build_tree(repo, &state, taken, &values, &mut writer)?;
    let relied = packs_of_known(repo, &comparison)?;
    session.hold(&relied)?;
    repo.store.publish(writer.finish()?, &relied, |_| Ok::<_, StepError>(()))?;
    record_known(repo, &values);
    Ok((root.id, values.skipped()))
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
