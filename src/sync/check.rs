//! Checking a remote: that everything its refs reach is there, and that what is there is whole.

use std::collections::BTreeSet;

use super::SyncError;
use super::chain::Remote;
use super::mark::{Lack, mark};
use super::root::Area;
use super::state::{PackRecord, State};
use super::upload::read_trailer;
use crate::id::{ChunkId, PackId};
use crate::pack::{BlockBuf, PackKind, PackReader};
use crate::progress::{Cancel, Progress};
use crate::remote::{Transport, get};
use crate::store::Store;

/// What a check found.
#[derive(Clone, Debug, Default)]
pub struct Checked {
    /// Commits reached.
    pub commits: u64,
    /// Nodes of trees reached.
    pub trees: u64,
    /// Files with different content reached.
    pub blobs: u64,
    /// Packs listed.
    pub packs: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Keys that are condemned and still there, as far as is known.
    pub condemned: u64,
    /// What is missing or wrong.
    pub problems: Vec<Lack>,
}

/// Walks everything that refs reach and reads the end of every pack; with `data` all of every pack.
pub fn check(
    remote: &Remote<'_>,
    state: &State,
    store: &Store,
    data: bool,
    transfers: usize,
    (progress, cancel): (&dyn Progress, &Cancel),
) -> Result<Checked, SyncError> {
    let mut checked = Checked {
        packs: state.packs.len() as u64,
        bytes: state.packs.values().map(|pack| pack.bytes).sum(),
        condemned: state.condemned.len() as u64,
        ..Checked::default()
    };
    progress.begin("checking", Some(checked.bytes), None);
    for (id, pack) in &state.packs {
        cancel.check()?;
        let result = match data {
            false => read_trailer(remote.transport, *id, pack).map(|_| ()),
            true => check_pack(remote.transport, *id, pack),
        };
        progress.advance(pack.bytes, 0);
        note(&mut checked.problems, Area::Pack.key(*id), result)?;
    }
    progress.finish();
    match mark(remote, state, store, transfers, cancel) {
        Ok(marks) => {
            (checked.commits, checked.trees, checked.blobs) =
                (marks.commits, marks.trees, marks.blobs);
            let known: BTreeSet<String> = checked.problems.iter().map(|p| p.key.clone()).collect();
            let new = marks.problems.into_iter().filter(|p| !known.contains(&p.key));
            checked.problems.extend(new);
        }
        result => note(&mut checked.problems, "the history".to_owned(), result.map(|_| ()))?,
    }
    Ok(checked)
}

/// Damage and absence are what a check is there to find; all else ends it.
fn note(
    problems: &mut Vec<Lack>,
    key: String,
    result: Result<(), SyncError>,
) -> Result<(), SyncError> {
    let lack = match result {
        Ok(()) => return Ok(()),
        Err(SyncError::Damaged { key, why }) => Lack { key, why },
        Err(SyncError::Transport(e)) if e.is_missing() => {
            Lack { key, why: "it is not there".to_owned() }
        }
        Err(SyncError::Access(e)) => Lack { key, why: e.to_string() },
        Err(e) => return Err(e),
    };
    if !problems.contains(&lack) {
        problems.push(lack);
    }
    Ok(())
}

/// Reads a pack whole and compares every hash in it.
fn check_pack(transport: &dyn Transport, id: PackId, record: &PackRecord) -> Result<(), SyncError> {
    let trailer = read_trailer(transport, id, record)?;
    let key = Area::Pack.key(id);
    let bytes = get(transport, &key, record.bytes)?;
    let damaged = |e: &dyn ToString| SyncError::damaged(&*key, e.to_string());
    let pack = PackReader::open(bytes).map_err(|e| damaged(&e))?;
    let mut buf = BlockBuf::new();
    for (block, chunks) in trailer.blocks_with_chunks() {
        // Chunks of data are what their addresses say; those of other kinds are proved when walked.
        let is_right = |address: &crate::id::Address, bytes: &[u8]| {
            record.kind != PackKind::Data || ChunkId::of(bytes).as_bytes() == address.as_bytes()
        };
        pack.check_block(block, chunks, &mut buf, is_right).map_err(|e| damaged(&e))?;
    }
    Ok(())
}
