//! A remote that is looked at without a clone: `URL[@rev][:path]`.

use std::io::Write;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use serde::Serialize;

use super::connect::{self, Connection, RemoteSettings};
use super::source::{Objects, Source};
use super::{Context, OpError};
use crate::db::{DbError, ReflogRow, RepositoryId};
use crate::id::{BlobId, CommitId};
use crate::path::RepoPath;
use crate::refs::{Head, RefName, RefNote, RefTarget, branch_ref};
use crate::remote::counting::Counting;
use crate::remote::{Location, url};
use crate::repo::DEFAULT_BRANCH;
use crate::revision::{Log, ReadRefs};
use crate::sync::SyncError;
use crate::sync::cache::Cache;
use crate::sync::chain::Remote;
use crate::sync::reading::Reading;
use crate::sync::root::root_key;
use crate::sync::state::State;

/// A remote, as it is named on the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemotePlace {
    /// A location, or the name of a remote of the repository at hand.
    pub url: String,
    /// URL of the S3 server.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Sign nothing.
    pub anonymous: bool,
}

/// What stands beside a location on the command line.
#[derive(Clone, Debug, Default)]
pub struct LocationFlags {
    /// The revision; then the location holds none.
    pub revision: Option<String>,
    /// The path; then the location holds none.
    pub path: Option<String>,
    /// URL of the S3 server.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Sign nothing.
    pub anonymous: bool,
}

/// A location, taken apart.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Target {
    /// The remote.
    pub place: RemotePlace,
    /// The revision; the default branch when absent.
    pub revision: Option<String>,
    /// The path; the root when absent.
    pub path: Option<String>,
}

/// What looking at a remote has cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RemoteCost {
    /// Requests that it took.
    pub requests: u64,
    /// Bytes that came in.
    pub received_bytes: u64,
}

/// Takes a location apart, if the text is one: it has a scheme, or begins with a folder that holds what
/// was pushed there.
pub fn find_target(ctx: &Context, text: &str, flags: &LocationFlags) -> Option<Target> {
    let is_remote = |path: &str| ctx.start_dir.join(path).join(root_key(1)).is_file();
    let target = split(text, flags, is_remote);
    let is_folder = || match Location::parse(&target.place.url, &ctx.start_dir) {
        Ok(Location::Folder(path)) => path.join(root_key(1)).is_file(),
        _ => false,
    };
    (url::has_scheme(text) || is_folder()).then_some(target)
}

/// Takes a text apart that must be a location, or a remote's name in its place.
pub fn target(ctx: &Context, text: &str, flags: &LocationFlags) -> Target {
    find_target(ctx, text, flags)
        .unwrap_or_else(|| split(text, flags, |path| ctx.start_dir.join(path).exists()))
}

fn split(text: &str, flags: &LocationFlags, exists: impl Fn(&str) -> bool) -> Target {
    let address = match flags.revision.is_some() || flags.path.is_some() {
        // Whatever characters it has, it is the location.
        true => url::Address { location: text.to_owned(), revision: None, path: None },
        false => url::split(text, exists),
    };
    let place = RemotePlace {
        url: address.location,
        endpoint: flags.endpoint.clone(),
        region: flags.region.clone(),
        anonymous: flags.anonymous,
    };
    let revision = flags.revision.clone().or(address.revision);
    Target { place, revision, path: flags.path.clone().or(address.path) }
}

/// A remote that answers, at its newest root.
pub(super) struct There {
    pub(super) location: Location,
    pub(super) settings: RemoteSettings,
    pub(super) repository: RepositoryId,
    pub(super) reading: Reading,
    transport: Arc<Counting>,
}

/// Reads the newest root of a remote and what it lists.
pub(super) fn open(ctx: &Context, place: &RemotePlace) -> Result<There, OpError> {
    let (settings, base) = settings(ctx, place)?;
    open_with(ctx, settings, &base)
}

/// As [`open`], for a location whose relative paths start in `base`.
pub(super) fn open_at(ctx: &Context, place: &RemotePlace, base: &Path) -> Result<There, OpError> {
    open_with(ctx, of_location(place), base)
}

fn open_with(ctx: &Context, settings: RemoteSettings, base: &Path) -> Result<There, OpError> {
    let location = Location::parse(&settings.url, base)?;
    let transport = connect::open(ctx, &settings, &location, None)?;
    let cache = Cache::none();
    let remote = Remote { transport: &*transport, cache: &cache };
    let none = || SyncError::NoRepository { place: location.to_string() };
    let root = remote.latest(None)?.ok_or_else(none)?;
    let state = remote.load_state(&root.root)?;
    let reading = Reading::new(transport.clone(), state, root.root.format);
    let repository = root.root.repository;
    Ok(There { location, settings, repository, reading, transport })
}

/// The settings of a remote of the repository at hand, or of a location; and where relative paths start.
fn settings(
    ctx: &Context,
    place: &RemotePlace,
) -> Result<(RemoteSettings, std::path::PathBuf), OpError> {
    if !url::has_scheme(&place.url)
        && let Ok(paths) = ctx.find_repo()
        && let Some(settings) = connect::settings_of(&connect::config(ctx, &paths)?, &place.url)
    {
        return Ok((settings, paths.root));
    }
    Ok((of_location(place), ctx.start_dir.clone()))
}

fn of_location(place: &RemotePlace) -> RemoteSettings {
    let RemotePlace { url, endpoint, region, anonymous } = place.clone();
    RemoteSettings { url, endpoint, region, anonymous, ..RemoteSettings::default() }
}

impl There {
    fn state(&self) -> &State {
        self.reading.state()
    }

    /// The way to it, for what is more than reading.
    pub(super) fn connection(&self) -> Connection {
        let (settings, location) = (self.settings.clone(), self.location.clone());
        Connection { settings, location, transport: self.transport.clone(), cache: Cache::none() }
    }

    /// What was asked of it so far.
    pub(super) fn spent(&self) -> RemoteCost {
        let traffic = self.transport.traffic();
        RemoteCost { requests: traffic.requests(), received_bytes: traffic.bytes_in }
    }

    /// The last part of the location.
    pub(super) fn name(&self) -> Option<String> {
        match &self.location {
            Location::Folder(folder) => Some(folder.file_name()?.to_string_lossy().into_owned()),
            Location::S3 { bucket, prefix } => {
                let last = prefix.rsplit('/').next().filter(|part| !part.is_empty());
                Some(last.unwrap_or(bucket).to_owned())
            }
        }
    }

    /// The branch that is meant when none is named: `main`, or the first.
    fn default_branch(&self) -> Option<&RefName> {
        let names = || self.state().refs.keys().filter(|name| name.is_branch());
        names().find(|name| name.short() == DEFAULT_BRANCH).or_else(|| names().next())
    }
}

impl ReadRefs for There {
    fn head(&self) -> Result<Head, DbError> {
        let Some(name) = self.default_branch() else {
            let name = branch_ref(DEFAULT_BRANCH).expect("it is a name for a branch");
            return Ok(Head::Branch { name, target: None });
        };
        let target = self.state().target(name).and_then(RefTarget::commit);
        Ok(Head::Branch { name: name.clone(), target })
    }

    fn get_ref(&self, name: &RefName) -> Result<Option<RefTarget>, DbError> {
        Ok(self.state().target(name))
    }

    fn refs(&self, prefix: &str) -> Result<Vec<(RefName, RefTarget)>, DbError> {
        let of_prefix =
            self.state().refs.iter().filter(|(name, _)| name.as_str().starts_with(prefix));
        Ok(of_prefix.map(|(name, record)| (name.clone(), record.target)).collect())
    }

    /// The earlier values that a remote keeps of each ref; it does not know when they were.
    fn reflog(&self, of: &Log, skip: u32, limit: u32) -> Result<Vec<ReflogRow>, DbError> {
        let name = match of {
            Log::Head => self.default_branch(),
            Log::Ref(name) => Some(name),
        };
        let Some(record) = name.and_then(|name| self.state().refs.get(name)) else {
            return Ok(Vec::new());
        };
        let values: Vec<RefTarget> =
            [record.target].into_iter().chain(record.earlier.iter().copied()).collect();
        let row = |at: usize| ReflogRow {
            old: values.get(at + 1).copied(),
            new: Some(values[at]),
            note: RefNote {
                who: String::new(),
                time: i64::MAX,
                tz_minutes: 0,
                message: String::new(),
            },
        };
        Ok((0..values.len()).skip(skip as usize).take(limit as usize).map(row).collect())
    }
}

impl Source for There {
    fn objects(&self) -> &dyn Objects {
        &self.reading
    }

    fn refs(&self) -> &dyn ReadRefs {
        self
    }

    fn select(&self, _: &Context, given: &[String]) -> Result<Vec<RepoPath>, OpError> {
        let root = RepoPath::root();
        given.iter().map(|text| Ok(RepoPath::from_user(&root, text)?)).collect()
    }

    fn folder(&self, _: &Context) -> RepoPath {
        RepoPath::root()
    }

    /// What a root lists is kept by the root.
    fn hold(&self, _: &Context, _: RefTarget) -> Result<(), OpError> {
        Ok(())
    }

    fn is_path(&self, _: &Context, _: &str) -> bool {
        false
    }

    fn read_file(
        &self,
        _: &Context,
        id: BlobId,
        size: u64,
        range: Range<u64>,
        out: &mut dyn Write,
    ) -> Result<Option<RemoteCost>, OpError> {
        self.reading.read_blob_range(id, size, range, out)?;
        Ok(None)
    }

    fn is_forgotten(&self, _: CommitId) -> bool {
        false
    }

    fn cost(&self) -> Option<RemoteCost> {
        Some(self.spent())
    }

    fn written(&self, revision: &str) -> String {
        format!("{}@{revision}", shown(&self.location))
    }

    fn unknown(&self, text: String, suggestion: Option<String>) -> OpError {
        OpError::UnknownThere { text, url: shown(&self.location), suggestion }
    }
}

/// A location so that it can be typed again.
pub(super) fn shown(location: &Location) -> String {
    match location {
        Location::Folder(path) => {
            let path: &Path = path;
            path.display().to_string().replace('@', "%40").replace(':', "%3A")
        }
        location => location.to_string(),
    }
}
