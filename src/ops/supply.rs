//! Bringing what is missing in a partial clone from the remotes that promised it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::connect::{self, Connection};
use super::{Context, OpError, RemoteCost};
use crate::id::BlobId;
use crate::repo::Repo;
use crate::steps::StepError;
use crate::steps::supply::{Supplied, Supply};
use crate::store::read::BlobSource;
use crate::sync::SyncError;
use crate::sync::chain::{MAX_RELOADS, Seen, StoredRoot};
use crate::sync::download::{BroughtBlobs, Fetch, Scope};
use crate::sync::lookup::{FindBlobs, Ranged, Whole};
use crate::sync::reading::Reading;
use crate::sync::state::State;

/// Above this many files the tables of the remote are fetched whole, which is less than a part for each.
pub(super) const MANY_FILES: usize = 4096;

/// Contents that a verb needed and that were not here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FetchedData {
    /// Different contents of files.
    pub files: u64,
    /// Their bytes, as files.
    pub bytes: u64,
    /// Bytes that came in for them.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// Remotes that failed, and why; others had what was asked of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

impl From<Supplied> for FetchedData {
    fn from(supplied: Supplied) -> Self {
        let Supplied { files, bytes, received_bytes, requests, warnings } = supplied;
        Self { files, bytes, received_bytes, requests, warnings }
    }
}

impl From<Vec<(BlobId, u64)>> for FetchedData {
    /// Contents that are missing, before any was fetched.
    fn from(missing: Vec<(BlobId, u64)>) -> Self {
        Self { files: missing.len() as u64, bytes: total(&missing), ..Self::default() }
    }
}

/// The remotes of the repository at hand.
pub(super) struct FromRemotes {
    ctx: Context,
    supplied: Mutex<Supplied>,
}

impl FromRemotes {
    /// Asks nobody yet.
    pub(super) fn new(ctx: &Context) -> Self {
        Self { ctx: ctx.clone(), supplied: Mutex::default() }
    }

    fn bring(&self, repo: &Repo, blobs: &[(BlobId, u64)]) -> Result<(), OpError> {
        let mut left = blobs.to_vec();
        let mut last = None;
        let names = order(&self.ctx, repo)?;
        for (at, name) in names.iter().enumerate() {
            self.say((left.len() as u64, total(&left)), name)?;
            let tried = self.bring_from(repo, name, &left);
            left = missing_of(repo, left)?;
            let failure = match tried {
                Err(e) if !is_theirs(&e) => return Err(e),
                Err(e) => Some(e),
                Ok(failure) => failure.map(OpError::from),
            };
            if left.is_empty() {
                return Ok(());
            }
            if let Some(e) = failure {
                self.pass_over(name, &e, names.get(at + 1));
                last = Some(e);
            }
        }
        Err(last.unwrap_or_else(|| not_there(repo, &left)))
    }

    /// Says that another remote is asked, if there is one.
    fn pass_over(&self, name: &str, why: &OpError, next: Option<&String>) {
        if let Some(next) = next {
            let why = why.to_string();
            self.ctx.progress.passed_over(name, &why, next);
            let mut supplied = self.supplied.lock().unwrap_or_else(PoisonError::into_inner);
            supplied.warnings.push(format!("{name}: {why}; {next} was asked"));
        }
    }

    /// Writes bytes `range` of a file that is not here to `out`, verified. Nothing of it is kept.
    pub(super) fn read(
        &self,
        repo: &Repo,
        (id, size): (BlobId, u64),
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<RemoteCost, OpError> {
        let mut last = None;
        let mut rest = Rest { out, range };
        let names = order(&self.ctx, repo)?;
        for (at, name) in names.iter().enumerate() {
            self.say((1, rest.range.end - rest.range.start), name)?;
            match self.read_from(repo, name, (id, size), &mut rest) {
                Ok(Some(cost)) => return Ok(cost),
                Ok(None) => {}
                Err(e) if !is_theirs(&e) => return Err(e),
                Err(e) => {
                    self.pass_over(name, &e, names.get(at + 1));
                    last = Some(e);
                }
            }
        }
        Err(last.unwrap_or_else(|| not_there(repo, &[(id, size)])))
    }

    /// Writes what is left of a range, if the remote has the file.
    fn read_from(
        &self,
        repo: &Repo,
        name: &str,
        (id, size): (BlobId, u64),
        rest: &mut Rest<'_>,
    ) -> Result<Option<RemoteCost>, OpError> {
        let Some((connection, reading)) = self.find_at(repo, name, (id, size))? else {
            return Ok(None);
        };
        reading.read_blob_range(id, size, rest.range.clone(), rest)?;
        let traffic = connection.traffic();
        let requests = traffic.requests();
        Ok(Some(RemoteCost { requests, received_bytes: traffic.bytes_in }))
    }

    /// A remote, if it has a content.
    fn find_at(
        &self,
        repo: &Repo,
        name: &str,
        (id, size): (BlobId, u64),
    ) -> Result<Option<(Connection, Reading)>, OpError> {
        let connection = self.connect(repo, name)?;
        let (root, state) = connection.load_for(repo)?;
        let reading = Reading::new(connection.transport.clone(), state, root.root.format);
        Ok(reading.find_blob(id, size)?.map(|_| (connection, reading)))
    }

    fn connect(&self, repo: &Repo, name: &str) -> Result<Connection, OpError> {
        let config = connect::config(&self.ctx, &repo.paths)?;
        let settings = connect::choose(&config, Some(name), None)?;
        connect::connect(&self.ctx, settings, &repo.paths)
    }

    /// Says what is about to be brought, how many contents of how many bytes, or refuses to.
    fn say(&self, (files, bytes): (u64, u64), from: &str) -> Result<(), OpError> {
        if self.ctx.offline {
            return Err(OpError::NotHere { files, bytes, remote: from.to_owned() });
        }
        self.ctx.progress.fetching(files, bytes, from);
        Ok(())
    }

    /// Brings what a remote has of some contents; says what went wrong there.
    fn bring_from(
        &self,
        repo: &Repo,
        name: &str,
        blobs: &[(BlobId, u64)],
    ) -> Result<Option<SyncError>, OpError> {
        let connection = self.connect(repo, name)?;
        let brought = self.bring_newest(repo, &connection, blobs);
        self.note(&connection, blobs, &missing_of(repo, blobs.to_vec())?);
        brought
    }

    /// From the newest root; where keys of the one at hand were deleted meanwhile, from a newer.
    fn bring_newest(
        &self,
        repo: &Repo,
        connection: &Connection,
        blobs: &[(BlobId, u64)],
    ) -> Result<Option<SyncError>, OpError> {
        let mut at = connection.load_for(repo)?;
        for _ in 0..MAX_RELOADS {
            let left = missing_of(repo, blobs.to_vec())?;
            let failure = match self.bring_at(repo, connection, &at, &left) {
                Err(e) if e.is_missing_key() => Some(e),
                brought => brought?.failure,
            };
            match failure {
                Some(e) if e.is_missing_key() => {
                    connection.remote().newer(&at.0, e)?;
                    let seen = Seen { seq: at.0.root.seq, hash: at.0.hash };
                    at = connection.remote().load(Some(seen))?.unwrap_or(at);
                }
                failure => return Ok(failure),
            }
        }
        Err(SyncError::Busy.into())
    }

    fn bring_at(
        &self,
        repo: &Repo,
        connection: &Connection,
        (root, state): &(StoredRoot, State),
        blobs: &[(BlobId, u64)],
    ) -> Result<BroughtBlobs, SyncError> {
        let remote = connection.remote();
        let reading = Reading::new(connection.transport.clone(), state.clone(), root.root.format);
        let ranged = Ranged::new(&reading);
        let fetch = Fetch {
            name: &connection.settings.name,
            remote: &remote,
            state,
            store: &repo.store,
            local_tips: Vec::new(),
            scope: Scope::default(),
            downloads: connection.transfers(repo),
            level: repo.settings.core.compression_level,
            progress: &*self.ctx.progress,
            cancel: &self.ctx.cancel,
            beside: None,
        };
        if blobs.len() > MANY_FILES {
            let whole = Whole::open(&remote, state)?;
            return bring_found(&fetch, &whole, blobs);
        }
        bring_found(&fetch, &ranged, blobs)
    }

    fn note(&self, connection: &Connection, blobs: &[(BlobId, u64)], lacking: &[(BlobId, u64)]) {
        let traffic = connection.transport.traffic();
        let mut supplied = self.supplied.lock().unwrap_or_else(PoisonError::into_inner);
        supplied.files += (blobs.len() - lacking.len()) as u64;
        supplied.bytes += total(blobs) - total(lacking);
        supplied.received_bytes += traffic.bytes_in;
        supplied.requests += traffic.requests();
    }
}

/// Brings those contents that are there.
fn bring_found(
    fetch: &Fetch<'_>,
    find: &dyn FindBlobs,
    blobs: &[(BlobId, u64)],
) -> Result<BroughtBlobs, SyncError> {
    let (mut there, mut failure) = (Vec::new(), None);
    for &(id, size) in blobs {
        match find.has(id, size) {
            Ok(true) => there.push((id, size)),
            Ok(false) => {}
            Err(e @ SyncError::Damaged { .. }) => failure = Some(e),
            Err(e) => return Err(e),
        }
    }
    let brought = match there.is_empty() {
        true => BroughtBlobs::default(),
        false => fetch.run_for_blobs(find, &there)?,
    };
    Ok(BroughtBlobs { failure: brought.failure.or(failure), ..brought })
}

/// Whether it is the remote that failed, so that another one is worth asking.
pub(super) fn is_theirs(e: &OpError) -> bool {
    matches!(e, OpError::Remote { .. } | OpError::DamagedThere { .. } | OpError::Usage { .. })
}

/// Those of some contents that are not here.
fn missing_of(repo: &Repo, blobs: Vec<(BlobId, u64)>) -> Result<Vec<(BlobId, u64)>, OpError> {
    Ok(repo.store.absent_blobs(&blobs)?)
}

/// What of a range has not been written yet, and where it goes.
struct Rest<'o> {
    out: &'o mut dyn Write,
    range: Range<u64>,
}

impl Write for Rest<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.range.start += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The remotes in the order in which they are asked: those of the least number in
/// `remote.NAME.priority` first, of equals those that promised something.
pub(super) fn order(ctx: &Context, repo: &Repo) -> Result<Vec<String>, OpError> {
    let config = connect::config(ctx, &repo.paths)?;
    let promisers = promisers(repo);
    let mut names = promisers.clone();
    let others = connect::all(&config).into_iter().map(|remote| remote.name);
    names.extend(others.filter(|name| !promisers.contains(name)));
    let mut ranked = Vec::new();
    for name in names {
        ranked.push((connect::priority(&config, &name)?, name));
    }
    ranked.sort_by_key(|(priority, _)| *priority);
    Ok(ranked.into_iter().map(|(_, name)| name).collect())
}

/// The remotes that promised something, the usual one first.
pub(super) fn promisers(repo: &Repo) -> Vec<String> {
    let names: BTreeSet<&String> = repo.store.absent().promised.values().collect();
    let mut names: Vec<String> = names.into_iter().cloned().collect();
    names.sort_by_key(|name| name != connect::DEFAULT_REMOTE);
    names
}

fn total(blobs: &[(BlobId, u64)]) -> u64 {
    blobs.iter().map(|(_, size)| size).sum()
}

fn not_there(repo: &Repo, blobs: &[(BlobId, u64)]) -> OpError {
    OpError::PromiseBroken {
        files: blobs.len() as u64,
        bytes: total(blobs),
        remotes: promisers(repo),
    }
}

impl Supply for FromRemotes {
    fn supply(&self, repo: &Repo, blobs: &[(BlobId, u64)]) -> Result<(), StepError> {
        self.bring(repo, blobs).map_err(|e| StepError::Supply(Box::new(e)))
    }

    fn supplied(&self) -> Supplied {
        self.supplied.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
