//! `pin`: writes to `esker.lock` which data a project needs, to the byte.

use std::path::PathBuf;

use serde::Serialize;

use super::connect::{self, RemoteSettings};
use super::locked::{self, Lock, pinned};
use super::source::Source;
use super::there::{self, There};
use super::{Context, OpError, RemotePlace, encode, keeping, locate};
use crate::db::RepositoryId;
use crate::id::CommitId;
use crate::object::tree::EntryValue;
use crate::path::{RepoPath, escape};
use crate::pins::Pin;
use crate::refs::{RefName, RefTarget};
use crate::repo::Repo;
use crate::revision::ReadRefs;

/// What to pin.
#[derive(Clone, Debug, Default)]
pub struct PinOptions {
    /// The remote to pin something of; the remote of this repository when absent.
    pub at: Option<RemotePlace>,
    /// The revision; HEAD, or the default branch of a remote, when absent.
    pub revision: Option<String>,
    /// The path in it; all when absent.
    pub path: Option<String>,
    /// The remote by its name, where this repository has several.
    pub remote: Option<String>,
    /// Where the data goes; where it lies in the repository, or a folder of the same name, when absent.
    pub dest: Option<String>,
}

/// What was pinned.
#[derive(Clone, Debug, Serialize)]
pub struct PinOutcome {
    /// The lock file.
    #[serde(serialize_with = "encode::path")]
    pub lock: PathBuf,
    /// The pins that were written, or looked at and left as they are.
    pub pins: Vec<PinChange>,
    /// What a person should know.
    pub warnings: Vec<String>,
}

/// A pin, and what it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PinChange {
    /// Where the data goes, from the folder of the lock file.
    pub dest: String,
    /// Where the remote is.
    pub remote: String,
    /// The path in the dataset; empty for all of it.
    pub path: String,
    /// The commit.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// The commit that was pinned before.
    #[serde(serialize_with = "encode::optional_id")]
    pub old_commit: Option<CommitId>,
    /// Blob or tree id of what is pinned.
    pub id: String,
    /// Whether the data is what was pinned before.
    pub same: bool,
    /// Files.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// Pins a path of a commit.
pub fn run(ctx: &Context, options: &PinOptions) -> Result<PinOutcome, OpError> {
    let mut lock = Lock::find_or_new(ctx)?;
    let mut warnings = Vec::new();
    let (dest, pin) = match &options.at {
        Some(place) => of_remote(ctx, options, place, &lock, &mut warnings)?,
        None => of_repository(ctx, options, &lock, &mut warnings)?,
    };
    let old = lock.pins.0.insert(dest.clone(), pin.clone());
    lock.write()?;
    Ok(PinOutcome { lock: lock.path, pins: vec![change(&dest, &pin, old.as_ref())], warnings })
}

/// How a pin differs from the one before it.
pub(super) fn change(dest: &RepoPath, pin: &Pin, old: Option<&Pin>) -> PinChange {
    PinChange {
        dest: locked::shown(dest),
        remote: pin.remote.clone(),
        path: pin.path.as_str().to_owned(),
        commit: pin.commit,
        old_commit: old.map(|old| old.commit),
        id: locked::id_text(pin.pinned),
        same: old.is_some_and(|old| old.pinned == pin.pinned),
        files: pin.files,
        bytes: pin.bytes,
    }
}

fn of_remote(
    ctx: &Context,
    options: &PinOptions,
    place: &RemotePlace,
    lock: &Lock,
    warnings: &mut Vec<String>,
) -> Result<(RepoPath, Pin), OpError> {
    let there = there::open(ctx, place)?;
    let found = Found::of(ctx, &there, options)?;
    let named = match &options.dest {
        Some(dest) => lock.dest_of(ctx, dest)?,
        None => {
            let name = found.path.name().map(str::to_owned).or_else(|| there.name());
            lock.dest_of(ctx, &name.ok_or_else(unnamed)?)?
        }
    };
    let pin = found.pin(&there.settings, there.repository)?;
    warnings.extend(keeping::from_there(ctx, &there, pin.commit));
    Ok((named, pin))
}

fn unnamed() -> OpError {
    OpError::Usage {
        message: "the location does not say what the folder shall be called".to_owned(),
        hint: Some("name it: -o DIR".to_owned()),
    }
}

fn of_repository(
    ctx: &Context,
    options: &PinOptions,
    lock: &Lock,
    warnings: &mut Vec<String>,
) -> Result<(RepoPath, Pin), OpError> {
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let head = repo.head()?;
    let branch = head.branch().map(RefName::short);
    let settings = connect::choose(&config, options.remote.as_deref(), branch)?;
    let found = Found::of(ctx, &repo, options)?;
    let dest = match &options.dest {
        Some(dest) => lock.dest_of(ctx, dest)?,
        None => own_place(&repo, lock, &found.path)?,
    };
    if options.revision.is_none() && repo.state()?.stage.is_some() {
        warnings.push("what is staged is not in the pin: it is of the last commit".to_owned());
    }
    let name = escape(&settings.name).into_owned();
    if !is_pushed(&repo, &settings.name, found.commit)? {
        warnings.push(format!("the commit is not on {name} yet: push it, or nobody can get it"));
    } else if let Err(e) = keeping::from_here(ctx, &repo, &settings, found.commit) {
        warnings.push(keeping::warning(&name, found.commit, &e));
    }
    let repository = repo.db.read(|view| view.repository_id())?;
    Ok((dest, found.pin(&settings, repository)?))
}

/// Where a path of the repository lies, from the lock file's folder.
fn own_place(repo: &Repo, lock: &Lock, path: &RepoPath) -> Result<RepoPath, OpError> {
    let whole =
        if path.is_root() { repo.paths.root.clone() } else { repo.paths.root.join(path.as_str()) };
    let text = whole.to_string_lossy().into_owned();
    Ok(crate::steps::select::one_path(lock.dir(), lock.dir(), &text)?)
}

/// Whether a branch or tag that was seen on the remote reaches a commit, as far as is known here.
fn is_pushed(repo: &Repo, remote: &str, commit: CommitId) -> Result<bool, OpError> {
    let mut tips = Vec::new();
    for (_, target) in ReadRefs::refs(repo, &format!("refs/remotes/{remote}/"))? {
        tips.extend(target.commit());
    }
    keeping::is_reached(&repo.store, commit, &tips)
}

/// What a revision has at a path.
struct Found {
    commit: CommitId,
    path: RepoPath,
    value: EntryValue,
    follows: Option<String>,
}

impl Found {
    fn of(ctx: &Context, source: &dyn Source, options: &PinOptions) -> Result<Self, OpError> {
        let revision = options.revision.as_deref().unwrap_or("HEAD");
        let commit = locate::commit(ctx, source, revision)?;
        // Paths are those of the dataset, or as they are seen from where the person is.
        let at = options.revision.as_deref();
        let (path, value) = locate::find(ctx, source, at, options.path.as_deref())?;
        let follows = follows(source, revision)?;
        Ok(Self { commit, path, value, follows })
    }

    fn pin(&self, settings: &RemoteSettings, repository: RepositoryId) -> Result<Pin, OpError> {
        let not_a_file =
            || OpError::NotAFile { path: self.path.as_str().to_owned(), found: "symlink" };
        let totals = self.value.totals();
        Ok(Pin {
            remote: settings.url.clone(),
            endpoint: settings.endpoint.clone(),
            region: settings.region.clone(),
            anonymous: settings.anonymous,
            repository,
            path: self.path.clone(),
            follows: self.follows.clone(),
            commit: self.commit,
            pinned: pinned(&self.value).ok_or_else(not_a_file)?,
            files: totals.files,
            bytes: totals.bytes,
        })
    }
}

/// The branch or tag that a revision is, for updates to follow.
fn follows(source: &dyn Source, revision: &str) -> Result<Option<String>, OpError> {
    if revision == "HEAD" {
        return Ok(source.refs().head()?.branch().map(|name| name.short().to_owned()));
    }
    for kind in ["refs/heads/", "refs/tags/"] {
        let name = RefName::new(&format!("{kind}{revision}")).ok();
        let target: Option<RefTarget> =
            name.map(|name| source.refs().get_ref(&name)).transpose()?.flatten();
        if target.is_some() {
            return Ok(Some(revision.to_owned()));
        }
    }
    Ok(None)
}

/// The pin that takes the place of another: the same path of the newest commit, or of a revision.
pub(super) fn renewed(
    ctx: &Context,
    there: &There,
    pin: &Pin,
    revision: Option<&str>,
) -> Result<Pin, OpError> {
    let revision = revision.or(pin.follows.as_deref()).unwrap_or("HEAD");
    let options = PinOptions {
        revision: Some(revision.to_owned()),
        path: Some(pin.path.as_str().to_owned()).filter(|path| !path.is_empty()),
        ..PinOptions::default()
    };
    let found = Found::of(ctx, there, &options)?;
    let follows = found.follows.clone().or_else(|| pin.follows.clone());
    Ok(Pin { follows, remote: pin.remote.clone(), ..found.pin(&there.settings, there.repository)? })
}
