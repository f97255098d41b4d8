//! Copies of immutable objects of a remote, in `.esker/remotes/<name>`: segments, tables, small packs.
//!
//! A file is named by the key's last part and compared with the hash its root names whenever it is
//! taken; one that differs is fetched again. The folder can be deleted at any time.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::SyncError;
use super::root::{Area, Hash};
use super::state::PackRecord;
use crate::fsio::{self, FsError};
use crate::id::PackId;
use crate::remote::{Transport, get};

/// How long a copy stays that is of no use any more: another process may be about to read it.
const KEPT_FOR: Duration = Duration::from_secs(600);
/// Below `.esker`: a folder for each remote.
const FOLDER: &str = "remotes";

/// The copies kept of one remote.
#[derive(Clone, Debug)]
pub struct Cache {
    dir: Option<PathBuf>,
}

impl Cache {
    /// The copies below `esker_dir` of the remote with this name.
    pub fn new(esker_dir: &Path, remote: &str) -> Self {
        Self { dir: Some(esker_dir.join(FOLDER).join(remote)) }
    }

    /// Keeps nothing: for a remote that is only looked at.
    pub fn none() -> Self {
        Self { dir: None }
    }

    fn path(&self, area: Area, id: PackId) -> PathBuf {
        let dir = self.dir.as_deref().unwrap_or(Path::new(""));
        dir.join(format!("{}-{id}", area.name()))
    }

    /// The copy of an object, if it is here and whole.
    pub fn find(&self, area: Area, id: PackId, (bytes, hash): (u64, Hash)) -> Option<Vec<u8>> {
        self.dir.as_ref()?;
        let found = fsio::read_capped(&self.path(area, id), bytes).ok()?;
        (*blake3::hash(&found).as_bytes() == hash).then_some(found)
    }

    /// The bytes of an object, fetched unless a copy of it is here.
    pub fn bytes(
        &self,
        transport: &dyn Transport,
        area: Area,
        id: PackId,
        expected: (u64, Hash),
    ) -> Result<Vec<u8>, SyncError> {
        if let Some(found) = self.find(area, id, expected) {
            return Ok(found);
        }
        let (bytes, hash) = expected;
        let key = area.key(id);
        let found = get(transport, &key, bytes)?;
        if *blake3::hash(&found).as_bytes() != hash {
            return Err(SyncError::damaged(key, "its bytes have another hash"));
        }
        self.keep(area, id, &found)?;
        Ok(found)
    }

    /// The bytes of a pack: a copy that is here, else as they lie on the remote.
    pub fn pack(
        &self,
        transport: &dyn Transport,
        id: PackId,
        record: &PackRecord,
    ) -> Result<Vec<u8>, SyncError> {
        let is_right = |bytes: &[u8]| {
            let start = bytes.len().checked_sub(record.end_bytes as usize);
            let end = start.map(|start| &bytes[start..]).unwrap_or_default();
            bytes.len() as u64 == record.bytes && *blake3::hash(end).as_bytes() == record.end_hash
        };
        if self.dir.is_some()
            && let Ok(found) = fsio::read_capped(&self.path(Area::Pack, id), record.bytes)
            && is_right(&found)
        {
            return Ok(found);
        }
        let key = Area::Pack.key(id);
        let found = get(transport, &key, record.bytes)?;
        match is_right(&found) {
            true => Ok(found),
            false => Err(SyncError::damaged(key, "its list of chunks has another hash")),
        }
    }

    /// Keeps a copy of what was just written or read.
    pub fn keep(&self, area: Area, id: PackId, bytes: &[u8]) -> Result<(), SyncError> {
        let Some(dir) = &self.dir else { return Ok(()) };
        fs::create_dir_all(dir).map_err(|e| FsError::new("create", dir, e))?;
        let path = self.path(area, id);
        let bits = getrandom::u64().unwrap_or_else(|_| u64::from(std::process::id()));
        let temporary = dir.join(format!("{bits:016x}.tmp"));
        // A copy that a crash cut short is seen by its hash: no sync is needed.
        let written = fs::write(&temporary, bytes).and_then(|()| fs::rename(&temporary, &path));
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        Ok(written.map_err(|e| FsError::new("write", &path, e))?)
    }

    /// Opens the copy of an object that [`Cache::bytes`] or [`Cache::keep`] made.
    pub fn open(&self, area: Area, id: PackId) -> Result<File, SyncError> {
        let path = self.path(area, id);
        Ok(File::open(&path).map_err(|e| FsError::new("open", &path, e))?)
    }

    /// Removes copies of what is not `live`, unless they are so young that somebody may read them now.
    pub fn retain(&self, live: &HashSet<(Area, PackId)>) {
        let names: HashSet<String> =
            live.iter().map(|(area, id)| format!("{}-{id}", area.name())).collect();
        let Some(dir) = &self.dir else { return };
        let is_old = |entry: &fs::DirEntry| {
            let age = entry.metadata().and_then(|m| m.modified()).map(|time| time.elapsed());
            age.is_ok_and(|age| age.is_ok_and(|age| age > KEPT_FOR))
        };
        for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
            if !names.contains(entry.file_name().to_string_lossy().as_ref()) && is_old(&entry) {
                let _ = fs::remove_file(entry.path());
            }
        }
    }
}

/// Removes the copies of packs of all remotes of a repository, and leaves those of tables and lists: they
/// hold no content.
pub fn forget_packs(esker_dir: &Path) -> Result<(), FsError> {
    let prefix = format!("{}-", Area::Pack.name());
    for remote in entries(&esker_dir.join(FOLDER))? {
        for copy in entries(&remote)? {
            let is_pack =
                copy.file_name().is_some_and(|n| n.to_string_lossy().starts_with(&prefix));
            if !is_pack {
                continue;
            }
            match fs::remove_file(&copy) {
                Err(e) if e.kind() != ErrorKind::NotFound => {
                    return Err(FsError::new("remove", &copy, e));
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// What is in a folder; nothing where there is none.
fn entries(dir: &Path) -> Result<Vec<PathBuf>, FsError> {
    let fail = |e| FsError::new("read", dir, e);
    match fs::read_dir(dir) {
        Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            Ok(Vec::new())
        }
        found => {
            found.map_err(fail)?.map(|entry| entry.map(|it| it.path()).map_err(fail)).collect()
        }
    }
}
