//! Bringing what is missing in a partial clone from the remotes that promised it.

use std::collections::BTreeSet;
use std::io::Write;
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
use crate::sync::download::{Fetch, Scope};
use crate::sync::lookup::{FindBlobs, Ranged, Whole};
use crate::sync::reading::Reading;
use crate::sync::state::State;

/// Above this many files the tables of the remote are fetched whole, which is less than a part for each.
const MANY_FILES: usize = 4096;

/// Contents that a verb needed and that were not here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FetchedData {
    /// Different contents of files.
    pub files: u64,
    /// Their bytes, as files.
    pub bytes: u64,
    /// Bytes that came in for them.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
}

impl From<Supplied> for FetchedData {
    fn from(supplied: Supplied) -> Self {
        let Supplied { files, bytes, received_bytes, requests } = supplied;
        Self { files, bytes, received_bytes, requests }
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
        for name in promisers(repo) {
            self.say((left.len() as u64, total(&left)), &name)?;
            match self.bring_from(repo, &name, &left) {
                Ok(lacking) => left = lacking,
                // Another one may have it.
                Err(e) => last = Some(e),
            }
            if left.is_empty() {
                return Ok(());
            }
        }
        Err(last.unwrap_or_else(|| not_there(repo, &left)))
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
        for name in promisers(repo) {
            self.say((1, range.end - range.start), &name)?;
            match self.find_at(repo, &name, (id, size)) {
                Ok(Some((connection, reading))) => {
                    reading.read_blob_range(id, size, range, out)?;
                    let traffic = connection.traffic();
                    let requests = traffic.requests();
                    return Ok(RemoteCost { requests, received_bytes: traffic.bytes_in });
                }
                Ok(None) => {}
                Err(e) => last = Some(e),
            }
        }
        Err(last.unwrap_or_else(|| not_there(repo, &[(id, size)])))
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

    /// Brings what a remote has of some contents; gives those that it has not.
    fn bring_from(
        &self,
        repo: &Repo,
        name: &str,
        blobs: &[(BlobId, u64)],
    ) -> Result<Vec<(BlobId, u64)>, OpError> {
        let connection = self.connect(repo, name)?;
        let mut at = connection.load_for(repo)?;
        for _ in 0..MAX_RELOADS {
            match self.bring_at(repo, &connection, &at, blobs) {
                Err(e) if e.is_missing_key() => {
                    connection.remote().newer(&at.0, e)?;
                    let seen = Seen { seq: at.0.root.seq, hash: at.0.hash };
                    at = connection.remote().load(Some(seen))?.unwrap_or(at);
                }
                done => {
                    self.note(&connection, blobs, done.as_deref().unwrap_or(blobs));
                    return Ok(done?);
                }
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
    ) -> Result<Vec<(BlobId, u64)>, SyncError> {
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
            return self.bring_found(&fetch, &whole, blobs);
        }
        self.bring_found(&fetch, &ranged, blobs)
    }

    fn bring_found(
        &self,
        fetch: &Fetch<'_>,
        find: &dyn FindBlobs,
        blobs: &[(BlobId, u64)],
    ) -> Result<Vec<(BlobId, u64)>, SyncError> {
        let (mut there, mut lacking) = (Vec::new(), Vec::new());
        for &(id, size) in blobs {
            let list = if find.has(id, size)? { &mut there } else { &mut lacking };
            list.push((id, size));
        }
        if !there.is_empty() {
            fetch.run_for_blobs(find, &there)?;
        }
        Ok(lacking)
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
        *self.supplied.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
