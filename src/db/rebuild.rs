//! Making `state.db` anew from what survives its loss: sealed packs and `refs.log`.

use super::moves::REFLOG_SINCE;
use super::partial::CLONE_ID;
use super::schema::key;
use super::shared::{Part, is_part_sound, read_store, share_memory};
use super::state::shared_memory_works;
use super::{Access, CacheDb, DbError, NewState, PackRow, StateDb, Tx, beside};
use crate::format::FormatParameters;
use crate::fsio::{self, AtPath, Holder, LockFile};
use crate::refs::{HeadTarget, LogRecord, Replay, WorktreeId};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What a new database is made from.
pub struct Rebuild<'a> {
    /// Every sealed pack found; all of them are listed with the state they carry here.
    pub packs: &'a [PackRow],
    /// What `refs.log` says.
    pub replay: &'a Replay,
    /// What to use where the log says nothing: id, format, branch of HEAD.
    pub otherwise: &'a NewState,
}

/// A database just rebuilt.
pub struct Rebuilt {
    /// The database, open.
    pub db: StateDb,
    /// Where the old one was put, if there was one.
    pub old: Option<PathBuf>,
}

impl StateDb {
    /// Replaces the database by one made from packs and `refs.log`; the old one is kept beside it.
    ///
    /// Refs, HEADs, reflogs, id and format come back; tables, stages, journals, data roots and the
    /// list of bad blocks do not. No other process may be using the repository.
    pub fn rebuild_from(path: &Path, refs_log: &Path, from: &Rebuild) -> Result<Rebuilt, DbError> {
        let old = replace(path, refs_log, Part::Whole, |tx| {
            fill_own(tx, from)?;
            fill_store(tx, from)
        })?;
        let mut db = StateDb::open(path, refs_log, Access::ReadWrite)?;
        if shared_memory_works(path.parent().unwrap_or(Path::new(".")))? {
            db = db.share_memory()?;
        }
        Ok(Rebuilt { db, old })
    }
}

/// Makes anew what is not sound of the two databases of a repository on a shared store.
pub struct RebuildMember<'a> {
    /// The store's database.
    pub store: &'a Path,
    /// The repository's own.
    pub path: &'a Path,
    /// Its log.
    pub refs_log: &'a Path,
}

impl RebuildMember<'_> {
    /// Whether the store's database can be read from end to end.
    pub fn is_store_sound(&self) -> Result<bool, DbError> {
        is_part_sound(self.store, Part::Store)
    }

    /// Whether the repository's own can.
    pub fn is_own_sound(&self) -> Result<bool, DbError> {
        is_part_sound(self.path, Part::Own)
    }

    /// Replaces the store's database by one made from packs. No other process may be using the store.
    pub fn rebuild_store(&self, from: &Rebuild) -> Result<Option<PathBuf>, DbError> {
        let old = replace(self.store, Path::new(""), Part::Store, |tx| fill_store(tx, from))?;
        if shared_memory_works(self.store.parent().unwrap_or(Path::new(".")))? {
            share_memory(self.store, Part::Store)?;
        }
        Ok(old)
    }

    /// Replaces the repository's own by one made from `refs.log`; the store's must be sound.
    pub fn rebuild_own(&self, from: &Rebuild) -> Result<Rebuilt, DbError> {
        let old = replace(self.path, self.refs_log, Part::Own, |tx| fill_own(tx, from))?;
        if read_store(self.store)?.1
            && shared_memory_works(self.path.parent().unwrap_or(Path::new(".")))?
        {
            share_memory(self.path, Part::Own)?;
        }
        let (store, path) = (self.store, self.path);
        let db = StateDb::open_member(store, path, self.refs_log, Access::ReadWrite)?;
        Ok(Rebuilt { db, old })
    }
}

/// Puts a database in the place of another, which is kept beside it.
fn replace(
    path: &Path,
    refs_log: &Path,
    part: Part,
    fill: impl FnOnce(&Tx) -> Result<(), DbError>,
) -> Result<Option<PathBuf>, DbError> {
    let fresh = beside(path, ".rebuilding");
    remove_all(&fresh)?;
    // Made without a page log, so that one rename carries all of it.
    drop(StateDb::create_in_mode(&fresh, refs_log, ("truncate", part), fill)?);
    let old = put_aside(path)?;
    // The first transaction makes the name durable; without it the rebuild is begun anew.
    fs::rename(&fresh, path).at("rename to", path)?;
    remove_all(&fresh)?;
    Ok(old)
}

impl CacheDb {
    /// Deletes the cache at `path`, if there is one; whoever has it open goes on without it.
    pub fn delete(path: &Path) -> Result<(), DbError> {
        // Not while another process remakes it: that would mix old and new files.
        let _lock = LockFile::acquire(&beside(path, "-lock"), &Holder::this_process("", 0))?;
        remove_all(path)
    }
}

fn fill_own(tx: &Tx, from: &Rebuild) -> Result<(), DbError> {
    let meta = &from.replay.meta;
    let repository = match meta.get(key::REPOSITORY) {
        Some(text) => text.parse()?,
        None => from.otherwise.repository,
    };
    tx.set_meta(key::REPOSITORY, &repository.to_string())?;
    tx.restore_forgotten(meta)?;
    replay_moves(tx, from)?;
    tx.restore_partial(meta)?;
    if let Some(id) = meta.get(CLONE_ID) {
        tx.set_meta(CLONE_ID, id)?;
    }
    tx.restore_places(meta)
    // The recorded length of refs.log is left out: the next write then completes the log.
}

fn fill_store(tx: &Tx, from: &Rebuild) -> Result<(), DbError> {
    let meta = &from.replay.meta;
    let logged = FormatParameters::from_rows(|name| Ok::<_, DbError>(meta.get(name).cloned()));
    let format = logged.unwrap_or(from.otherwise.format);
    for (name, value) in format.rows() {
        tx.set_meta(name, &value.to_string())?;
    }
    // Above every pack, as if the packs had just been listed, all at once.
    let generation = from.packs.iter().map(|p| p.generation).max().unwrap_or(0).saturating_add(1);
    for pack in from.packs {
        tx.add_pack(&PackRow { generation, ..pack.clone() })?;
    }
    tx.set_meta(key::GENERATION, &generation.to_string())
}

/// Makes every logged move again, which writes the reflogs as the moves did.
fn replay_moves(tx: &Tx, from: &Rebuild) -> Result<(), DbError> {
    let unborn = HeadTarget::Branch(from.otherwise.branch.clone());
    tx.store_head(WorktreeId::MAIN, None, &unborn, &from.otherwise.note)?;
    let mut known: BTreeMap<_, ()> = BTreeMap::new();
    for record in &from.replay.records {
        match record {
            LogRecord::Ref(update, note) => tx.store_ref(update, note)?,
            LogRecord::Head { worktree, new: Some(new), note, .. } => {
                let is_known = known.insert(*worktree, ()).is_some();
                let old = if is_known { tx.head(*worktree)?.commit() } else { None };
                tx.store_head(*worktree, old, new, note)?;
            }
            LogRecord::Head { worktree, new: None, .. } => {
                known.remove(worktree);
                tx.forget_worktree(*worktree)?;
            }
            LogRecord::Meta { key, value } if key == REFLOG_SINCE => {
                value.parse().map_or(Ok(0), |before| tx.delete_moves(before))?;
            }
            LogRecord::Meta { .. } => {}
        }
    }
    Ok(())
}

/// Renames the database and its companions to the first free name; what it was is evidence.
fn put_aside(path: &Path) -> Result<Option<PathBuf>, DbError> {
    let names = (0..).map(|n| beside(path, &format!(".old-{n}")));
    let is_free = |name: &PathBuf| !name.exists() && !beside(name, "-wal").exists();
    let aside = names.into_iter().find(is_free).expect("numbers do not run out");
    // The companions first: a database without them is still found and put aside next time. A page
    // log without its database is kept too: it may hold all of it.
    for suffix in ["-wal", "-journal"] {
        rename_if_there(&beside(path, suffix), &beside(&aside, suffix))?;
    }
    remove_if_there(&beside(path, "-shm"))?;
    if !path.exists() {
        return Ok(None);
    }
    fsio::rename_synced(path, &aside)?;
    Ok(Some(aside))
}

fn rename_if_there(from: &Path, to: &Path) -> Result<(), DbError> {
    match fs::rename(from, to).at("rename", from) {
        Err(e) if !e.is_not_found() => Err(e.into()),
        _ => Ok(()),
    }
}

fn remove_if_there(path: &Path) -> Result<(), DbError> {
    match fs::remove_file(path).at("remove", path) {
        Err(e) if !e.is_not_found() => Err(e.into()),
        _ => Ok(()),
    }
}

/// Removes a database and all its companions, as far as they are there.
pub(super) fn remove_all(path: &Path) -> Result<(), DbError> {
    let suffixes = ["", "-wal", "-shm", "-journal"];
    suffixes.iter().try_for_each(|suffix| remove_if_there(&beside(path, suffix)))
}
