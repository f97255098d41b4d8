//! What the verbs about `esker.lock` share: finding the file and its pins, and the remotes behind them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::there::{self, There};
use super::{Context, OpError, PinError, RemotePlace, similar};
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::pins::{self, Pin, Pinned, Pins, PinsError};
use crate::worktree::git;

/// A lock file and what it says.
pub(super) struct Lock {
    pub(super) path: PathBuf,
    pub(super) pins: Pins,
}

impl Lock {
    /// The nearest lock file from the start directory upwards.
    pub(super) fn find(ctx: &Context) -> Result<Self, OpError> {
        let start = || ctx.start_dir.clone();
        let path = pins::find(&ctx.start_dir).ok_or_else(|| PinError::NoLock { start: start() })?;
        Self::read(path)
    }

    /// The lock file that a pin is written to: the nearest; or one to be made in the git checkout, the
    /// repository, or here.
    pub(super) fn find_or_new(ctx: &Context) -> Result<Self, OpError> {
        if let Some(path) = pins::find(&ctx.start_dir) {
            return Self::read(path);
        }
        let checkout = git::find_checkout(&ctx.start_dir).map(|checkout| checkout.root);
        let repo = || ctx.find_repo().ok().map(|paths| paths.root);
        let dir = checkout.or_else(repo).unwrap_or_else(|| ctx.start_dir.clone());
        Ok(Self { path: dir.join(pins::FILE_NAME), pins: Pins::default() })
    }

    fn read(path: PathBuf) -> Result<Self, OpError> {
        let pins = Pins::read(&path).map_err(|e| bad_lock(&path, e))?;
        Ok(Self { path, pins })
    }

    pub(super) fn write(&self) -> Result<(), OpError> {
        self.pins.write(&self.path).map_err(|e| bad_lock(&self.path, e))
    }

    /// The folder that pins start in.
    pub(super) fn dir(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("."))
    }

    /// Where a pin's data goes on disk.
    pub(super) fn place(&self, dest: &RepoPath) -> PathBuf {
        if dest.is_root() { self.dir().to_owned() } else { self.dir().join(dest.as_str()) }
    }

    /// A path of the file's folder, as a person wrote it from the start directory.
    pub(super) fn dest_of(&self, ctx: &Context, text: &str) -> Result<RepoPath, OpError> {
        Ok(crate::steps::select::one_path(self.dir(), &ctx.start_dir, text)?)
    }

    /// The pins that were named by where they go; all, if none was.
    pub(super) fn select(
        &self,
        ctx: &Context,
        named: &[String],
    ) -> Result<Vec<(RepoPath, Pin)>, OpError> {
        let all = || self.pins.0.iter().map(|(dest, pin)| (dest.clone(), pin.clone()));
        if named.is_empty() {
            return Ok(all().collect());
        }
        let mut found = Vec::new();
        for text in named {
            let dest = self.dest_of(ctx, text)?;
            let Some(pin) = self.pins.0.get(&dest) else {
                let names = self.pins.0.keys().map(RepoPath::as_str);
                let suggestion = similar(dest.as_str(), names).map(str::to_owned);
                return Err(PinError::NotPinned { dest: text.clone(), suggestion }.into());
            };
            found.push((dest, pin.clone()));
        }
        Ok(found)
    }
}

/// A lock file that cannot be used, as a person meets it.
fn bad_lock(path: &Path, e: PinsError) -> OpError {
    match e {
        PinsError::Fs(e) => e.into(),
        PinsError::Conflict { line } => {
            PinError::LockConflict { path: path.to_owned(), line }.into()
        }
        PinsError::Newer { found } => PinError::NewerLock { path: path.to_owned(), found }.into(),
        PinsError::Invalid(why) => PinError::BadLock { path: path.to_owned(), why }.into(),
    }
}

/// A path of the file's folder as it is shown.
pub(super) fn shown(dest: &RepoPath) -> String {
    if dest.is_root() { ".".to_owned() } else { dest.as_str().to_owned() }
}

/// The remotes that were opened, so that several pins of one ask it once.
#[derive(Default)]
pub(super) struct Remotes {
    open: HashMap<String, There>,
}

impl Remotes {
    /// The remote of a pin, which must hold the pin's repository.
    pub(super) fn of<'r>(
        &'r mut self,
        ctx: &Context,
        lock: &Lock,
        dest: &RepoPath,
        pin: &Pin,
    ) -> Result<&'r There, OpError> {
        if !self.open.contains_key(&pin.remote) {
            let place = RemotePlace {
                url: pin.remote.clone(),
                endpoint: pin.endpoint.clone(),
                region: pin.region.clone(),
                anonymous: pin.anonymous,
            };
            self.open.insert(pin.remote.clone(), there::open_at(ctx, &place, lock.dir())?);
        }
        let there = &self.open[&pin.remote];
        if there.repository != pin.repository {
            let url = there.location.to_string();
            return Err(PinError::PinnedElsewhere { dest: shown(dest), url }.into());
        }
        Ok(there)
    }

    /// Requests and bytes of all of them.
    pub(super) fn spent(&self) -> there::RemoteCost {
        self.open.values().map(There::spent).fold(there::RemoteCost::default(), |sum, one| {
            there::RemoteCost {
                requests: sum.requests + one.requests,
                received_bytes: sum.received_bytes + one.received_bytes,
            }
        })
    }
}

/// What a pin's commit has at its path: it must be what the pin says.
pub(super) fn pinned_value(
    there: &There,
    dest: &RepoPath,
    pin: &Pin,
) -> Result<EntryValue, OpError> {
    let commit = match there.reading.read_commit(pin.commit) {
        Err(e) if e.is_missing() => {
            let (commit, url) = (pin.commit.short(), there.location.to_string());
            return Err(PinError::PinnedUnknown { dest: shown(dest), commit, url }.into());
        }
        commit => commit?,
    };
    let found = prolly::resolve(&there.reading, commit.tree, &pin.path)?;
    match found {
        Some(value) if pinned(&value) == Some(pin.pinned) => Ok(value),
        _ => Err(PinError::PinContradicts { dest: shown(dest), commit: pin.commit.short() }.into()),
    }
}

/// What a pin of a value names; links cannot be pinned.
pub(super) fn pinned(value: &EntryValue) -> Option<Pinned> {
    match value {
        EntryValue::Directory { id, .. } => Some(Pinned::Tree(*id)),
        EntryValue::File { id, .. } => Some(Pinned::Blob(*id)),
        EntryValue::Symlink { .. } => None,
    }
}

/// The id that a pin names, as text.
pub(super) fn id_text(pinned: Pinned) -> String {
    match pinned {
        Pinned::Tree(id) => id.to_string(),
        Pinned::Blob(id) => id.to_string(),
    }
}
