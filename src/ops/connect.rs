//! Remotes by their names: settings, and the way there.

use std::sync::Arc;
use std::time::Duration;

use super::{Context, OpError, convert};
use crate::config::{self, Config};
use crate::db::RepositoryId;
use crate::remote::counting::{Counting, Traffic};
use crate::remote::credentials::Places;
use crate::remote::pace::Pace;
use crate::remote::s3::S3Options;
use crate::remote::{self, Access, Location};
use crate::repo::{Repo, RepoPaths};
use crate::steps::{RunContext, remotes};
use crate::sync::SyncError;
use crate::sync::cache::Cache;
use crate::sync::chain::{Remote, Seen, StoredRoot};
use crate::sync::push::Push;
use crate::sync::state::State;
use crate::sync::upload::Portion;

/// Packs on their way at once: more would need more memory and bring little.
const MAX_TRANSFERS: usize = 3;
/// What one session of a long push sends: what it sent is listed then, so that neither a collection nor
/// many pushes of others make it begin anew.
const PORTION: Portion = Portion { bytes: 64 << 30, time: Duration::from_secs(20 * 60) };
/// The remote that is meant when none is named.
pub(super) const DEFAULT_REMOTE: &str = "origin";

/// The key of a remote's place in the order in which remotes are asked for what is not here.
pub(super) const PRIORITY: &str = "priority";
const DEFAULT_PRIORITY: u32 = 100;

/// What the settings say of a remote.
#[derive(Clone, Debug, Default)]
pub(super) struct RemoteSettings {
    pub(super) name: String,
    pub(super) url: String,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) anonymous: bool,
    pub(super) virtual_host: bool,
    /// Creates there are not atomic: one writer at a time.
    pub(super) is_single_writer: bool,
}

/// A remote that can be asked.
pub(super) struct Connection {
    pub(super) settings: RemoteSettings,
    pub(super) location: Location,
    pub(super) transport: Arc<Counting>,
    pub(super) cache: Cache,
}

/// All settings of this repository.
pub(super) fn config(ctx: &Context, paths: &RepoPaths) -> Result<Config, OpError> {
    Config::load(&ctx.config_files(Some(paths)), &ctx.env, &ctx.flags)
        .map_err(convert::config_error)
}

/// The remotes that settings name, by name.
pub(super) fn all(config: &Config) -> Vec<RemoteSettings> {
    let url = |(key, _): (&str, _)| {
        let name = key.strip_prefix("remote.")?.strip_suffix(".url")?;
        settings_of(config, name)
    };
    config.list().filter_map(url).collect()
}

/// What the settings say of the remote `name`, if there is one.
pub(super) fn settings_of(config: &Config, name: &str) -> Option<RemoteSettings> {
    let get = |key: &str| config.get(&format!("remote.{name}.{key}")).map(|s| s.value.clone());
    let flag = |key: &str| get(key).is_some_and(|value| value == "true");
    Some(RemoteSettings {
        name: name.to_owned(),
        url: get("url")?,
        endpoint: get("endpoint"),
        region: get("region"),
        profile: get("profile"),
        anonymous: flag("anonymous"),
        virtual_host: flag("virtual_host"),
        is_single_writer: get("writers").is_some_and(|value| value == "single"),
    })
}

/// The place of a remote in the order in which remotes are asked for what is not here: the least first.
pub(super) fn priority(config: &Config, name: &str) -> Result<u32, OpError> {
    let key = format!("remote.{name}.{PRIORITY}");
    let Some(setting) = config.get(&key) else { return Ok(DEFAULT_PRIORITY) };
    setting.value.trim().parse().map_err(|_| OpError::Config {
        at: format!("{key} ({})", setting.origin),
        detail: format!("'{}' is not a number from 0 on", crate::path::escape(&setting.value)),
    })
}

/// The remote that is meant: the one named, the branch's own, `origin`, or the only one.
pub(super) fn choose(
    config: &Config,
    name: Option<&str>,
    branch: Option<&str>,
) -> Result<RemoteSettings, OpError> {
    if let Some(name) = name {
        return settings_of(config, name).ok_or_else(|| no_such_remote(config, name));
    }
    let own = branch.and_then(|branch| config.get(&format!("branch.\"{branch}\".remote")));
    if let Some(own) = own {
        return settings_of(config, &own.value).ok_or_else(|| no_such_remote(config, &own.value));
    }
    let mut all = all(config);
    match settings_of(config, DEFAULT_REMOTE) {
        Some(origin) => Ok(origin),
        None if all.len() == 1 => Ok(all.remove(0)),
        None => Err(OpError::Usage {
            message: match all.is_empty() {
                true => "there is no remote".to_owned(),
                false => "there are several remotes, and none is named origin".to_owned(),
            },
            hint: Some(match all.first() {
                None => "name one: esker remote add origin s3://bucket/prefix".to_owned(),
                Some(first) => format!("say which one, as in: {}", first.name),
            }),
        }),
    }
}

fn no_such_remote(config: &Config, name: &str) -> OpError {
    let names: Vec<String> = all(config).into_iter().map(|remote| remote.name).collect();
    OpError::Usage {
        message: format!("there is no remote '{}'", crate::path::escape(name)),
        hint: Some(match names.is_empty() {
            true => format!("name it: esker remote add {DEFAULT_REMOTE} s3://bucket/prefix"),
            false => format!("there are: {}", names.join(", ")),
        }),
    }
}

/// The way to a remote. Relative paths are taken from the main worktree, from every worktree.
pub(super) fn connect(
    ctx: &Context,
    settings: RemoteSettings,
    paths: &RepoPaths,
) -> Result<Connection, OpError> {
    let location = Location::parse(&settings.url, paths.main_root())?;
    let transport = open(ctx, &settings, &location, Some(paths))?;
    let cache = Cache::new(&paths.dir, &settings.name);
    Ok(Connection { settings, location, transport, cache })
}

/// The transport to a location; limits are what the settings of a repository, or else of the person, say.
pub(super) fn open(
    ctx: &Context,
    settings: &RemoteSettings,
    location: &Location,
    paths: Option<&RepoPaths>,
) -> Result<Arc<Counting>, OpError> {
    if ctx.offline {
        return Err(OpError::Offline { place: location.to_string() });
    }
    let limits = config::load(&ctx.config_files(paths), &ctx.env, &ctx.flags)
        .map_err(convert::config_error)?
        .transfer;
    let pace = limits.limit_rate.map(|rate| Arc::new(Pace::new(rate)));
    let home = ctx.env("HOME").or_else(|| ctx.env("USERPROFILE"));
    let places = Places {
        env: ctx.env.iter().filter(|(key, _)| key.starts_with("AWS_")).cloned().collect(),
        home: home.map(Into::into),
        profile: settings.profile.clone(),
    };
    let s3 = S3Options {
        endpoint: settings.endpoint.clone(),
        region: settings.region.clone(),
        anonymous: settings.anonymous,
        virtual_host: settings.virtual_host,
        places,
        stall: Some(Duration::from_secs(limits.stall_seconds)),
    };
    let transport = remote::open(location, &Access { s3, pace }).map_err(SyncError::from)?;
    Ok(Arc::new(Counting::new(transport)))
}

impl Connection {
    /// The remote, as the protocol takes it.
    pub(super) fn remote(&self) -> Remote<'_> {
        Remote { transport: &*self.transport, cache: &self.cache }
    }

    /// How many packs may be on their way at once.
    pub(super) fn transfers(&self, repo: &Repo) -> usize {
        use crate::remote::Transport;
        let useful = self.transport.capabilities().parallel.min(MAX_TRANSFERS);
        match repo.settings.core.jobs {
            0 => useful,
            jobs => useful.min(jobs),
        }
    }

    /// A push to it.
    pub(super) fn push<'p>(
        &'p self,
        ctx: &Context,
        repo: &'p Repo,
        run: &'p RunContext,
    ) -> Result<Push<'p>, OpError> {
        let name = &self.settings.name;
        Ok(Push {
            remote: name,
            transport: &*self.transport,
            cache: &self.cache,
            store: &repo.store,
            elsewhere: &[],
            joined: &[],
            history: None,
            seen: remotes::seen(&repo.db, name)?,
            has_atomic_create: !self.settings.is_single_writer,
            // Of what was promised all but files is here.
            local_tips: [
                remotes::local_tips(repo)?,
                repo.store.absent().promised.keys().copied().collect(),
            ]
            .concat(),
            uploads: self.transfers(repo),
            portion: PORTION,
            level: repo.settings.core.compression_level,
            now: ctx.now.seconds,
            progress: &*run.progress,
            cancel: &run.cancel,
        })
    }

    /// What went over the wire so far.
    pub(super) fn traffic(&self) -> Traffic {
        self.transport.traffic()
    }

    /// The newest root and what it holds; the repository must be this one.
    pub(super) fn load(
        &self,
        repository: Option<RepositoryId>,
        seen: Option<Seen>,
    ) -> Result<(StoredRoot, State), OpError> {
        let remote = self.remote();
        let none = || SyncError::NoRepository { place: self.location.to_string() };
        let (root, state) = remote.load(seen)?.ok_or_else(none)?;
        match repository.is_some_and(|id| id != root.root.repository) {
            true => Err(SyncError::OtherRepository.into()),
            false => Ok((root, state)),
        }
    }

    /// As [`Connection::load`], for the remote of an open repository.
    pub(super) fn load_for(&self, repo: &Repo) -> Result<(StoredRoot, State), OpError> {
        let id = repo.db.read(|view| view.repository_id())?;
        let seen = remotes::seen(&repo.db, &self.settings.name)?;
        self.load(Some(id), seen)
    }
}

/// A location as it is kept: a folder by its whole path, so that it means the same from everywhere.
pub(super) fn kept_url(url: &str, location: &Location) -> Result<String, OpError> {
    let Location::Folder(path) = location else { return Ok(url.to_owned()) };
    let path = whole_path(path)?;
    let text = path.to_str().ok_or_else(|| OpError::Usage {
        message: "the path of a remote must be UTF-8".to_owned(),
        hint: None,
    })?;
    Ok(text.replace('%', "%25").replace('@', "%40").replace(':', "%3A"))
}

/// The path without `..` and links, as far as it exists.
fn whole_path(path: &std::path::Path) -> Result<std::path::PathBuf, OpError> {
    let fail = |e| crate::fsio::FsError::new("find", path, e);
    match (path.canonicalize(), path.parent(), path.file_name()) {
        (Ok(whole), ..) => Ok(whole),
        (Err(_), Some(parent), Some(name)) => Ok(whole_path(parent)?.join(name)),
        (Err(_), ..) => Ok(std::path::absolute(path).map_err(fail)?),
    }
}
