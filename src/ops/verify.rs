//! `verify --locked`: whether data on disk, or on the remotes, is what the lock file pins.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::locked::{self, Lock, Remotes};
use super::{Context, OpError, encode};
use crate::fsio::FsError;
use crate::id::{BlobId, TreeId};
use crate::object::access::{MemoryObjects, ReadObjects};
use crate::object::tree::{Entry, EntryValue};
use crate::object::{paths, prolly};
use crate::path::RepoPath;
use crate::pins::{self, Pin, Pinned};
use crate::repo::Repo;
use crate::stat::Stat;
use crate::steps::deliver::place_of;
use crate::steps::delivered::Memory;
use crate::steps::known::{Known, record_in};
use crate::steps::{RunContext, hash_tree};
use crate::worktree::compare::KnownFiles;

/// What to verify.
#[derive(Clone, Debug, Default)]
pub struct VerifyOptions {
    /// Where the pins go; all pins when empty.
    pub pins: Vec<String>,
    /// Read every byte, also of files that have not changed since they were read.
    pub data: bool,
    /// Ask the remotes whether they have what is pinned, in place of looking at the disk.
    pub remote: bool,
}

/// What was found.
#[derive(Clone, Debug, Serialize)]
pub struct VerifyOutcome {
    /// The lock file.
    #[serde(serialize_with = "encode::path")]
    pub lock: PathBuf,
    /// The worst of all states.
    pub state: VerifyState,
    /// Each pin.
    pub pins: Vec<VerifiedPin>,
}

/// Whether data is what is pinned, from good to bad.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum VerifyState {
    /// It is, to the byte.
    Same,
    /// It is not, or not all of it is there.
    Differs,
    /// Bytes changed in files that nobody wrote to.
    Damaged,
}

/// A pin and what is on disk.
#[derive(Clone, Debug, Serialize)]
pub struct VerifiedPin {
    /// Where the data goes, from the folder of the lock file.
    pub dest: String,
    /// What was found.
    pub state: VerifyState,
    /// The id that is pinned.
    pub pinned: String,
    /// The id of what is there; `null` when nothing is.
    pub found: Option<String>,
    /// Files that are pinned.
    pub files: u64,
    /// Files that are there.
    pub found_files: u64,
    /// Files that differ from what was delivered, or were not, as far as that is remembered; at most a
    /// hundred.
    pub changed: Vec<String>,
    /// Files whose bytes changed though nobody wrote to them.
    pub damaged: Vec<String>,
}

/// Files that are named at most.
const MAX_NAMED: usize = 100;

/// Compares what is on disk, or on the remotes, with what is pinned.
pub fn run(ctx: &Context, options: &VerifyOptions) -> Result<VerifyOutcome, OpError> {
    let lock = Lock::find(ctx)?;
    let mut pins = Vec::new();
    let mut remotes = Remotes::default();
    for (dest, pin) in lock.select(ctx, &options.pins)? {
        let verified = match options.remote {
            true => verify_there(ctx, &mut remotes, &lock, (&dest, &pin))?,
            false => verify(ctx, &lock, &dest, &pin, options.data)?,
        };
        pins.push(verified);
    }
    let state = pins.iter().map(|pin| pin.state).max().unwrap_or(VerifyState::Same);
    Ok(VerifyOutcome { lock: lock.path, state, pins })
}

fn verify(
    ctx: &Context,
    lock: &Lock,
    dest: &RepoPath,
    pin: &Pin,
    reads_all: bool,
) -> Result<VerifiedPin, OpError> {
    let looked = look(ctx, (lock, dest), pin.pinned, reads_all)?;
    let id = locked::id_text(pin.pinned);
    let state = match looked.id == Some(pin.pinned) {
        true => VerifyState::Same,
        false if looked.damaged.is_empty() => VerifyState::Differs,
        false => VerifyState::Damaged,
    };
    Ok(VerifiedPin {
        dest: locked::shown(dest),
        state,
        pinned: id,
        found: looked.id.map(locked::id_text),
        files: pin.files,
        found_files: looked.files,
        changed: looked.changed,
        damaged: looked.damaged,
    })
}

/// Whether the remote of a pin has what is pinned; what it has not is an error.
fn verify_there(
    ctx: &Context,
    remotes: &mut Remotes,
    lock: &Lock,
    (dest, pin): (&RepoPath, &Pin),
) -> Result<VerifiedPin, OpError> {
    let there = remotes.of(ctx, lock, dest, pin)?;
    let files = locked::pinned_value(there, dest, pin)?.totals().files;
    let id = locked::id_text(pin.pinned);
    Ok(VerifiedPin {
        dest: locked::shown(dest),
        state: VerifyState::Same,
        pinned: id.clone(),
        found: Some(id),
        files: pin.files,
        found_files: files,
        changed: Vec::new(),
        damaged: Vec::new(),
    })
}

/// What is on disk.
#[derive(Default)]
struct Looked {
    id: Option<Pinned>,
    files: u64,
    changed: Vec<String>,
    damaged: Vec<String>,
}

/// Whether a pin's data is in its place, as far as that is known without reading anything much.
pub(super) fn is_there(ctx: &Context, lock: &Lock, dest: &RepoPath, pin: &Pin) -> bool {
    lock.place(dest).symlink_metadata().is_ok()
        && look(ctx, (lock, dest), pin.pinned, false)
            .is_ok_and(|found| found.id == Some(pin.pinned))
}

fn look(
    ctx: &Context,
    (lock, dest): (&Lock, &RepoPath),
    pinned: Pinned,
    reads_all: bool,
) -> Result<Looked, OpError> {
    let place = &lock.place(dest);
    let wants_folder = matches!(pinned, Pinned::Tree(_));
    match place.symlink_metadata() {
        Ok(metadata) if metadata.is_dir() && wants_folder => {}
        Ok(metadata) if metadata.is_file() && !wants_folder => {}
        Ok(_) => return Ok(Looked::default()),
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Looked::default()),
        Err(e) => return Err(FsError::new("read", place, e).into()),
    }
    let (root, name) = place_of(place, wants_folder)?;
    let run = ctx.run_context(&ctx.settings(ctx.find_repo().ok().as_ref())?);
    let cache_dir = ctx.cache_dir();
    let memory = Memory::of(cache_dir.as_deref(), &root);
    let repo = repository_of(ctx, &root);
    let known = match &repo {
        Some((repo, prefix)) => {
            Some(Known::of(&repo.cache, repo.worktree, root.clone(), prefix.clone()))
        }
        None => memory.hashed(),
    };
    let (delivered, has_lock) = (memory.delivered(), dest.is_root());
    let looker = Looker { root: &root, has_lock, known, delivered, reads_all, run: &run };
    match name.name() {
        None => looker.folder(pinned),
        Some(name) => looker.file(place, name),
    }
}

/// The repository whose worktree holds a folder, and the folder's path in it.
fn repository_of(ctx: &Context, root: &Path) -> Option<(Repo, RepoPath)> {
    let paths = ctx.find_repo().ok()?;
    let (whole, of_repo) = (root.canonicalize().ok()?, paths.root.canonicalize().ok()?);
    let relative = whole.strip_prefix(of_repo).ok()?.to_str()?.to_owned();
    let prefix = match relative.as_str() {
        "" => RepoPath::root(),
        relative => RepoPath::parse(relative).ok()?,
    };
    Some((ctx.open_repo_to_read().ok()?, prefix))
}

struct Looker<'l> {
    root: &'l Path,
    /// The lock file lies beside what is pinned.
    has_lock: bool,
    known: Option<Known<'l>>,
    delivered: Option<Known<'l>>,
    reads_all: bool,
    run: &'l RunContext,
}

impl Looker<'_> {
    fn folder(&self, pinned: Pinned) -> Result<Looked, OpError> {
        let mut objects = MemoryObjects::new();
        let nothing = MemoryObjects::new();
        let known = self.known.as_ref().filter(|_| !self.reads_all);
        let none = hash_tree::NothingKnown { root: self.root };
        let believed: &(dyn KnownFiles + Sync) = match known {
            Some(known) => known,
            None => &none,
        };
        let hashed = hash_tree::hash_known(
            self.root,
            true,
            self.run,
            believed,
            (&nothing, &mut objects),
            &mut |at, rows| {
                if let Some(known) = &self.known {
                    record_in(known, at, rows);
                }
            },
        )?;
        if let Some(skipped) = hashed.skipped.first() {
            let (path, reason) = (skipped.path.clone(), skipped.reason.clone());
            return Err(OpError::Unread { path, reason });
        }
        let EntryValue::Directory { id, files, .. } = hashed.value else {
            return Ok(Looked::default());
        };
        let (found, files) = match self.has_lock && Pinned::Tree(id) != pinned {
            true => without_lock(&objects, id)?,
            false => (id, files),
        };
        let mut looked = Looked { id: Some(Pinned::Tree(found)), files, ..Looked::default() };
        if looked.id != Some(pinned) && self.delivered.is_some() {
            self.compare(&objects, &RepoPath::root(), id, &mut looked)?;
        }
        Ok(looked)
    }

    fn file(&self, path: &Path, name: &str) -> Result<Looked, OpError> {
        let metadata = path.metadata().map_err(|e| FsError::new("read", path, e))?;
        let stat = Stat::of(&metadata);
        let root = RepoPath::root();
        let row = self.known.as_ref().filter(|_| !self.reads_all).and_then(|k| k.row(&root, name));
        let id = match row.filter(|row| row.stat == stat) {
            Some(row) => row.id,
            None => match hash_tree::hash_entry(path, &metadata)? {
                EntryValue::File { id, .. } => id,
                _ => return Ok(Looked::default()),
            },
        };
        let mut looked = Looked { id: Some(Pinned::Blob(id)), files: 1, ..Looked::default() };
        self.judge(&root.join(name)?, id, &mut looked);
        Ok(looked)
    }

    /// Names the files of a folder that are not as they were delivered.
    fn compare(
        &self,
        objects: &dyn ReadObjects,
        dir: &RepoPath,
        tree: crate::id::TreeId,
        looked: &mut Looked,
    ) -> Result<(), OpError> {
        for entry in prolly::iterate(objects, tree) {
            self.run.cancel.check()?;
            let Entry { name, value } = entry?;
            let path = dir.join(&name)?;
            match value {
                EntryValue::Directory { id, .. } => self.compare(objects, &path, id, looked)?,
                EntryValue::File { id, .. } => self.judge(&path, id, looked),
                EntryValue::Symlink { .. } => {}
            }
        }
        Ok(())
    }

    fn judge(&self, path: &RepoPath, id: BlobId, looked: &mut Looked) {
        let Some(delivered) = &self.delivered else { return };
        if self.has_lock && path.as_str() == pins::FILE_NAME {
            return;
        }
        let dir = path.parent().unwrap_or_else(RepoPath::root);
        let row = path.name().and_then(|name| delivered.row(&dir, name));
        // Of a folder of which nothing was delivered nobody knows what changed.
        if row.is_none() && delivered.rows(&dir).next().is_none() {
            return;
        }
        if row.as_ref().is_some_and(|row| row.id == id) {
            return;
        }
        let on_disk = self.root.join(path.as_str()).symlink_metadata();
        let stat = on_disk.ok().map(|metadata| Stat::of(&metadata));
        let is_untouched = row.is_some_and(|row| Some(row.stat) == stat);
        let list = if is_untouched { &mut looked.damaged } else { &mut looked.changed };
        if list.len() < MAX_NAMED {
            list.push(path.as_str().to_owned());
        }
    }
}

/// The id and the files of a folder without the lock file, which is not part of what it pins.
fn without_lock(objects: &MemoryObjects, id: TreeId) -> Result<(TreeId, u64), OpError> {
    let name = RepoPath::parse(pins::FILE_NAME).map_err(super::convert::other)?;
    let mut edited = MemoryObjects::new();
    let found = paths::edit_paths(objects, Some(id), vec![(name, None)], &mut edited);
    let found = found.map_err(super::convert::other)?;
    Ok((found.id, found.totals.files))
}
