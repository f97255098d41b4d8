//! `clone`: makes a repository of what a remote holds, and checks a branch out.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::connect::{self, DEFAULT_REMOTE, RemoteSettings};
use super::supply::FetchedData;
use super::{Context, OpError, encode, plans};
use crate::config::edit;
use crate::db::{Access, RepositoryId};
use crate::fsio;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::path::{PathSet, RepoPath};
use crate::refs::{self, RefName, RefNote, RefTarget, RefUpdate};
use crate::remote::Location;
use crate::remote::counting::Traffic;
use crate::repo::{self, NewRepo, Repo, RepoPaths, WorktreeLink};
use crate::steps::ahead::{Ahead, Done};
use crate::steps::checkout::{self, Switch, Target};
use crate::steps::remotes::{self, Now, Wanted};
use crate::steps::supply::Supplied;
use crate::store::shared::StoreLink;
use crate::sync::SyncError;
use crate::sync::arriving::Beside;
use crate::sync::cache::Cache;
use crate::sync::chain::{Remote, StoredRoot};
use crate::sync::download::Scope;
use crate::sync::state::State;

/// What to make.
#[derive(Clone, Debug, Default)]
pub struct CloneOptions {
    /// Where the remote is.
    pub url: String,
    /// The folder; named after the remote's last part when absent.
    pub dir: Option<PathBuf>,
    /// The branch to check out; `main` or the only one when absent.
    pub branch: Option<String>,
    /// URL of the S3 server.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Profile of AWS's own tools that has the credentials.
    pub profile: Option<String>,
    /// Sign nothing.
    pub anonymous: bool,
    /// Bring commits and trees only, and check nothing out.
    pub no_checkout: bool,
    /// Bring and check out only these paths; everything when there is none.
    pub sparse: Vec<String>,
    /// Bring only so many commits of each branch.
    pub depth: Option<u32>,
    /// The folder of a shared store for its packs; made where it is missing.
    pub store: Option<PathBuf>,
}

/// What was made.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CloneOutcome {
    /// The folder.
    #[serde(serialize_with = "encode::path")]
    pub dir: PathBuf,
    /// Where the remote is.
    pub url: String,
    /// The branch that was checked out.
    pub branch: Option<String>,
    /// Its commit.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// Branches and tags that were brought.
    pub refs: u64,
    /// Commits that were brought.
    pub commits: u64,
    /// Files written.
    pub written: u64,
    /// Bytes written.
    pub bytes: u64,
    /// Commits whose parents were not brought.
    pub shallow: u64,
    /// Contents that were brought for what was checked out, of a clone that has not everything.
    pub fetched: FetchedData,
    /// Bytes that came in.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// How long it took.
    pub seconds: f64,
}

/// Makes a repository of a remote. One that was cut short is finished by running it again.
pub fn run(ctx: &Context, options: &CloneOptions) -> Result<CloneOutcome, OpError> {
    let started = std::time::Instant::now();
    let location = Location::parse(&options.url, &ctx.start_dir)?;
    let settings = settings_of(options, &location)?;
    // What is not there leaves no folder behind.
    let transport = connect::open(ctx, &settings, &location, None)?;
    let dir = fsio::without_dots(&ctx.start_dir.join(folder(options, &location)?));
    let paths = RepoPaths::of_root(&dir);
    let cache = Cache::new(&paths.dir, DEFAULT_REMOTE);
    let remote = Remote { transport: &*transport, cache: &cache };
    let none = || SyncError::NoRepository { place: location.to_string() };
    let (root, state) = remote.load(None)?.ok_or_else(none)?;
    let part = Part::of(options)?;
    let store = options.store.as_ref().map(|dir| super::sharing::for_new(ctx, &paths, dir));
    let repo = make(ctx, &paths, store.transpose()?, &root)?;
    write_settings(&paths, &settings)?;
    choose_branch(&state, options.branch.as_deref())?;
    repo.db.write(|tx| tx.set_sparse(repo.worktree, &part.set))?;
    let run = ctx.run_context(&repo.settings);
    let note = ctx.note(&repo, format!("clone: from {location}"));
    let ahead = RefCell::new(None);
    let fetch = |repo: &Repo, now: &Now<'_>| {
        let commit = choose_branch(now.state, options.branch.as_deref()).ok().flatten();
        let writing = commit.map(|(_, commit)| Ahead::new(repo, commit, &run));
        let wanted = Wanted {
            refs: &|_| true,
            prune: false,
            scope: part.scope,
            unshallow: false,
            beside: writing.as_ref().map(|writing| writing as &dyn Beside),
        };
        let fetched = remotes::fetch(repo, now, wanted, &note, &run, transfers(repo));
        *ahead.borrow_mut() = writing.and_then(Ahead::done);
        fetched
    };
    let ((fetched, moves), (_, state)) =
        remotes::fetch_newest(&repo, (DEFAULT_REMOTE, &remote), (root, state), &fetch)?;
    let branch = choose_branch(&state, options.branch.as_deref())?;
    // As it is now: what it lacks on purpose was noted with what was fetched.
    let repo = Repo::open(paths.clone(), ctx.settings(Some(&paths))?, Access::ReadWrite)?;
    let mut outcome = CloneOutcome {
        refs: moves.len() as u64,
        commits: fetched.commits,
        shallow: repo.store.absent().shallow.len() as u64,
        url: location.to_string(),
        ..CloneOutcome::default()
    };
    if let Some((name, commit)) = branch {
        start_branch(&repo, &name, &note)?;
        let done = ahead.into_inner();
        let written = check_out(&repo, &name, commit, done.as_ref(), &note, &run)?;
        (outcome.written, outcome.bytes) = (written.files, written.bytes);
        (outcome.branch, outcome.commit) = (Some(name.short().to_owned()), Some(commit));
    }
    outcome.add_cost(transport.traffic(), run.supplied());
    (outcome.dir, outcome.seconds) = (dir, started.elapsed().as_secs_f64());
    Ok(outcome)
}

impl CloneOutcome {
    fn add_cost(&mut self, traffic: Traffic, supplied: Supplied) {
        self.received_bytes = traffic.bytes_in + supplied.received_bytes;
        self.requests = traffic.requests() + supplied.requests;
        self.fetched = supplied.into();
    }
}

/// The remote as the clone will know it.
fn settings_of(options: &CloneOptions, location: &Location) -> Result<RemoteSettings, OpError> {
    Ok(RemoteSettings {
        name: DEFAULT_REMOTE.to_owned(),
        url: connect::kept_url(&options.url, location)?,
        endpoint: options.endpoint.clone(),
        region: options.region.clone(),
        profile: options.profile.clone(),
        anonymous: options.anonymous,
        ..RemoteSettings::default()
    })
}

/// What of a remote a clone has.
struct Part {
    /// The paths that are checked out.
    set: PathSet,
    scope: Scope,
}

impl Part {
    fn of(options: &CloneOptions) -> Result<Self, OpError> {
        let root = RepoPath::root();
        let path = |text: &String| Ok(RepoPath::from_user(&root, text)?);
        let paths: Vec<RepoPath> =
            options.sparse.iter().map(path).collect::<Result<_, OpError>>()?;
        let set = match options.no_checkout || !paths.is_empty() {
            true => PathSet::of(paths),
            false => PathSet::ALL,
        };
        let scope = Scope { history_only: !set.is_all(), depth: options.depth };
        Ok(Self { set, scope })
    }
}

fn transfers(repo: &Repo) -> usize {
    match repo.settings.core.jobs {
        0 => 3,
        jobs => jobs.min(3),
    }
}

fn folder(options: &CloneOptions, location: &Location) -> Result<PathBuf, OpError> {
    if let Some(dir) = &options.dir {
        return Ok(dir.clone());
    }
    let name = match location {
        Location::Folder(path) => path.file_name().map(|name| name.to_string_lossy().into_owned()),
        Location::S3 { bucket, prefix } => {
            prefix.rsplit('/').next().filter(|p| !p.is_empty()).or(Some(bucket)).map(str::to_owned)
        }
    };
    name.map(PathBuf::from).ok_or_else(|| OpError::Usage {
        message: "the location does not say what the folder shall be called".to_owned(),
        hint: Some(format!("name it: esker clone {} DIR", options.url)),
    })
}

/// Makes the repository, or finds the one that an earlier clone of this remote left unfinished.
fn make(
    ctx: &Context,
    paths: &RepoPaths,
    store: Option<PathBuf>,
    root: &StoredRoot,
) -> Result<Repo, OpError> {
    let taken = |why: &str| OpError::Usage {
        message: format!("'{}' {why}", crate::path::escape(&paths.root.to_string_lossy())),
        hint: Some("choose another folder, or empty this one".to_owned()),
    };
    if WorktreeLink::file(&paths.root).exists() {
        return Err(taken("is a worktree of another repository"));
    }
    if paths.dir.exists() {
        match Repo::open(paths.clone(), ctx.settings(Some(paths))?, Access::ReadWrite) {
            Ok(repo) => {
                let id = repo.db.read(|view| view.repository_id())?;
                return match id == root.root.repository && repo.head()?.commit().is_none() {
                    true => Ok(repo),
                    false => Err(taken("holds a repository already")),
                };
            }
            // Its making was cut short: there is no data in it. That of a shared store is elsewhere.
            Err(_) if is_unmade(&paths.dir) => std::fs::remove_dir_all(&paths.dir)
                .map_err(|e| crate::fsio::FsError::new("remove", &paths.dir, e))?,
            Err(e) => return Err(e.into()),
        }
    }
    if paths.root.exists() && !is_empty(&paths.root) {
        return Err(taken("is there already and not empty"));
    }
    let note = RefNote {
        who: String::new(),
        time: ctx.now.seconds,
        tz_minutes: i32::try_from(ctx.now.offset_minutes).unwrap_or(0),
        message: "clone".to_owned(),
    };
    let repository: RepositoryId = root.root.repository;
    let new = NewRepo { repository, format: root.root.format, store };
    repo::init_as(paths, &new, &note)?;
    Ok(Repo::open(paths.clone(), ctx.settings(Some(paths))?, Access::ReadWrite)?)
}

fn is_empty(dir: &Path) -> bool {
    std::fs::read_dir(dir).is_ok_and(|mut d| d.next().is_none())
}

/// Whether nothing can be in a repository that cannot be opened.
fn is_unmade(dir: &Path) -> bool {
    let packs = dir.join("packs");
    match StoreLink::file(dir).exists() {
        true => !dir.join("state.db").exists() && !dir.join("refs.log").exists(),
        false => !packs.exists() || is_empty(&packs),
    }
}

fn write_settings(paths: &RepoPaths, settings: &RemoteSettings) -> Result<(), OpError> {
    let file = paths.config();
    let set = |key: &str, value: &str| {
        let key = format!("remote.{}.{key}", settings.name);
        edit::set(&file, &key, value).map_err(super::convert::config_error)
    };
    settings.endpoint.iter().try_for_each(|value| set("endpoint", value))?;
    settings.region.iter().try_for_each(|value| set("region", value))?;
    settings.profile.iter().try_for_each(|value| set("profile", value))?;
    if settings.anonymous {
        set("anonymous", "true")?;
    }
    set("url", &settings.url)
}

/// The branch that is checked out: the one asked for, `main`, or the first.
fn choose_branch(
    state: &State,
    wanted: Option<&str>,
) -> Result<Option<(RefName, CommitId)>, OpError> {
    let branches = state.refs.iter().filter(|(name, _)| name.is_branch());
    let mut branches = branches.filter_map(|(name, r)| Some((name.clone(), r.target.commit()?)));
    let Some(wanted) = wanted else {
        let all: Vec<_> = branches.collect();
        let main = all.iter().find(|(name, _)| name.short() == repo::DEFAULT_BRANCH);
        return Ok(main.or(all.first()).cloned());
    };
    let found = branches.find(|(name, _)| name.short() == wanted);
    found.map(Some).ok_or_else(|| OpError::Remote {
        message: format!("the remote has no branch '{}'", crate::path::escape(wanted)),
        hint: Some("see what it has: esker ls-remote URL".to_owned()),
    })
}

/// Puts HEAD on the branch, which is not born yet.
fn start_branch(repo: &Repo, name: &RefName, note: &RefNote) -> Result<(), OpError> {
    let head = repo.head()?;
    let target = refs::HeadTarget::Branch(name.clone());
    Ok(repo.db.write(|tx| tx.set_head(repo.worktree, &head, &target, note))?)
}

fn check_out(
    repo: &Repo,
    name: &RefName,
    commit: CommitId,
    ahead: Option<&Done>,
    note: &RefNote,
    run: &crate::steps::RunContext,
) -> Result<crate::steps::materialize::Written, OpError> {
    let state = repo.state()?;
    let tree = Some(repo.store.read_root(commit)?);
    let update = RefUpdate { name: name.clone(), old: None, new: Some(RefTarget::Commit(commit)) };
    let (head, branch) = (state.head.to_target(), Some((update, note.clone())));
    let target = Target { tree, head, branch };
    if let Some(ahead) = ahead
        && let Some(written) = checkout::finish_ahead(repo, &state, &target, ahead, note)?
    {
        return Ok(written);
    }
    let request = Switch { target, force: false, dry_run: false, note: note.clone() };
    let done = checkout::switch(repo, &state, &request, run)?;
    match done.plan.conflicts.is_empty() {
        true => Ok(done.written),
        false => Err(plans::would_overwrite(&done.plan)),
    }
}
