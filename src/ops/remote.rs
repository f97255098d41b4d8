//! `remote`: names of remotes and where they are.

use serde::Serialize;

use super::connect::{self, RemoteSettings};
use super::{Context, OpError};
use crate::config::edit;
use crate::refs::RefName;
use crate::remote::Location;
use crate::remote::probe::{Probe, probe};
use crate::repo::{Repo, RepoPaths};
use crate::steps::remotes;
use crate::sync::SyncError;

/// What to do with remotes.
#[derive(Clone, Debug)]
pub enum RemoteAction {
    /// Give all of them.
    List,
    /// Name a new one, after finding out what it can do.
    Add(AddRemote),
    /// Forget one.
    Remove(String),
    /// Give one another name.
    Rename(String, String),
    /// Say where one is now.
    SetUrl(String, String),
    /// Find out what one can do.
    Check(Option<String>),
}

/// A remote to be named.
#[derive(Clone, Debug, Default)]
pub struct AddRemote {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// URL of the S3 server.
    pub endpoint: Option<String>,
    /// Region of the bucket.
    pub region: Option<String>,
    /// Profile of AWS's own tools that has the credentials.
    pub profile: Option<String>,
    /// Sign nothing.
    pub anonymous: bool,
    /// Name the bucket in the host.
    pub virtual_host: bool,
    /// Take it as it is: do not try it out.
    pub no_check: bool,
}

/// Remotes, and what was found out.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RemoteOutcome {
    /// All remotes, or the one concerned.
    pub remotes: Vec<RemoteEntry>,
    /// What a check found.
    pub check: Option<CheckEntry>,
}

/// A remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteEntry {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Whether only one may write to it at a time.
    pub single_writer: bool,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CheckEntry {
    /// Of several who create a key at once, exactly one wins.
    pub atomic_create: bool,
    /// Keys can be deleted, which only `gc` needs.
    pub can_delete: bool,
    /// Number of the newest root; `None` when nothing was pushed yet.
    pub root: Option<u64>,
    /// Branches and tags there.
    pub refs: u64,
    /// Bytes of the packs there.
    pub bytes: u64,
}

/// Lists, names, forgets, renames or tries out remotes.
pub fn run(ctx: &Context, action: &RemoteAction) -> Result<RemoteOutcome, OpError> {
    let paths = ctx.find_repo()?;
    match action {
        RemoteAction::List => list(ctx, &paths),
        RemoteAction::Add(add) => self::add(ctx, &paths, add),
        RemoteAction::Remove(name) => remove(ctx, &paths, name),
        RemoteAction::Rename(old, new) => rename(ctx, &paths, old, new),
        RemoteAction::SetUrl(name, url) => set_url(ctx, &paths, name, url),
        RemoteAction::Check(name) => check(ctx, &paths, name.as_deref()),
    }
}

fn entry(settings: &RemoteSettings) -> RemoteEntry {
    let (name, url) = (settings.name.clone(), settings.url.clone());
    RemoteEntry { name, url, single_writer: settings.is_single_writer }
}

fn list(ctx: &Context, paths: &RepoPaths) -> Result<RemoteOutcome, OpError> {
    let remotes = connect::all(&connect::config(ctx, paths)?).iter().map(entry).collect();
    Ok(RemoteOutcome { remotes, check: None })
}

fn set(paths: &RepoPaths, name: &str, key: &str, value: &str) -> Result<(), OpError> {
    let key = format!("remote.{name}.{key}");
    edit::set(&paths.config(), &key, value).map_err(super::convert::config_error)
}

fn add(ctx: &Context, paths: &RepoPaths, add: &AddRemote) -> Result<RemoteOutcome, OpError> {
    check_name(&add.name)?;
    let config = connect::config(ctx, paths)?;
    if connect::settings_of(&config, &add.name).is_some() {
        return Err(OpError::Usage {
            message: format!("there is a remote '{}' already", add.name),
            hint: Some(format!("move it: esker remote set-url {} {}", add.name, add.url)),
        });
    }
    let mut settings = RemoteSettings {
        name: add.name.clone(),
        url: kept_url(ctx, &add.url)?,
        endpoint: add.endpoint.clone(),
        region: add.region.clone(),
        profile: add.profile.clone(),
        anonymous: add.anonymous,
        virtual_host: add.virtual_host,
        is_single_writer: false,
    };
    let found = match add.no_check {
        true => None,
        false => Some(find_out(ctx, paths, &settings)?),
    };
    settings.is_single_writer = found.as_ref().is_some_and(|found| !found.atomic_create);
    let texts = [
        ("endpoint", &settings.endpoint),
        ("region", &settings.region),
        ("profile", &settings.profile),
    ];
    for (key, value) in texts {
        value.iter().try_for_each(|value| set(paths, &add.name, key, value))?;
    }
    for (key, flag) in [("anonymous", add.anonymous), ("virtual_host", add.virtual_host)] {
        if flag {
            set(paths, &add.name, key, "true")?;
        }
    }
    if settings.is_single_writer {
        set(paths, &add.name, "writers", "single")?;
    }
    // The URL last: without it there is no remote.
    set(paths, &add.name, "url", &settings.url)?;
    Ok(RemoteOutcome { remotes: vec![entry(&settings)], check: found })
}

/// A name that can stand in settings, refs and file names.
fn check_name(name: &str) -> Result<(), OpError> {
    let is_right = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
    let is_name = !name.is_empty() && name.len() <= 64 && name.chars().all(is_right);
    match is_name && !name.starts_with('-') && RefName::remote_branch(name, "x").is_ok() {
        true => Ok(()),
        false => Err(OpError::Usage {
            message: format!("'{}' cannot name a remote", crate::path::escape(name)),
            hint: Some("use letters, digits, '-' and '_', as in: origin".to_owned()),
        }),
    }
}

fn kept_url(ctx: &Context, url: &str) -> Result<String, OpError> {
    connect::kept_url(url, &Location::parse(url, &ctx.start_dir)?)
}

fn find_out(
    ctx: &Context,
    paths: &RepoPaths,
    settings: &RemoteSettings,
) -> Result<CheckEntry, OpError> {
    let connection = connect::connect(ctx, settings.clone(), paths)?;
    let remote = connection.remote();
    let root = remote.latest(None)?;
    let state = match &root {
        Some(root) => remote.load_state(&root.root)?,
        None => Default::default(),
    };
    // Who may only read finds out what is there, and that is all there is to find out.
    let Probe { has_atomic_create, can_delete } = match probe(&*connection.transport) {
        Err(e) if e.is_denied() && root.is_some() => {
            Probe { has_atomic_create: true, can_delete: false }
        }
        found => found.map_err(SyncError::from)?,
    };
    Ok(CheckEntry {
        atomic_create: has_atomic_create,
        can_delete,
        root: root.map(|root| root.root.seq),
        refs: state.refs.len() as u64,
        bytes: state.packs.values().map(|pack| pack.bytes).sum(),
    })
}

fn check(ctx: &Context, paths: &RepoPaths, name: Option<&str>) -> Result<RemoteOutcome, OpError> {
    let config = connect::config(ctx, paths)?;
    let mut settings = connect::choose(&config, name, None)?;
    let found = find_out(ctx, paths, &settings)?;
    if settings.is_single_writer == found.atomic_create {
        settings.is_single_writer = !found.atomic_create;
        let writers = if settings.is_single_writer { "single" } else { "many" };
        set(paths, &settings.name, "writers", writers)?;
    }
    Ok(RemoteOutcome { remotes: vec![entry(&settings)], check: Some(found) })
}

fn remove(ctx: &Context, paths: &RepoPaths, name: &str) -> Result<RemoteOutcome, OpError> {
    let config = connect::config(ctx, paths)?;
    let settings = connect::choose(&config, Some(name), None)?;
    edit::unset(&paths.config(), &format!("remote.{name}"))
        .map_err(super::convert::config_error)?;
    let repo = ctx.open_repo()?;
    let note = ctx.note(&repo, format!("remote: removed {name}"));
    move_tracking(&repo, name, None, &note)?;
    // Copies only; whoever names the remote again fetches them again.
    let _ = std::fs::remove_dir_all(paths.dir.join("remotes").join(name));
    Ok(RemoteOutcome { remotes: vec![entry(&settings)], check: None })
}

fn rename(
    ctx: &Context,
    paths: &RepoPaths,
    old: &str,
    new: &str,
) -> Result<RemoteOutcome, OpError> {
    check_name(new)?;
    let config = connect::config(ctx, paths)?;
    let mut settings = connect::choose(&config, Some(old), None)?;
    if connect::settings_of(&config, new).is_some() {
        let message = format!("there is a remote '{new}' already");
        return Err(OpError::Usage { message, hint: None });
    }
    let keys = ["endpoint", "region", "profile", "anonymous", "virtual_host", "writers"];
    for key in keys.into_iter().chain([connect::PRIORITY, "url"]) {
        if let Some(value) = config.get(&format!("remote.{old}.{key}")) {
            set(paths, new, key, &value.value)?;
        }
    }
    let repo = ctx.open_repo()?;
    let note = ctx.note(&repo, format!("remote: {old} is now {new}"));
    move_tracking(&repo, old, Some(new), &note)?;
    edit::unset(&paths.config(), &format!("remote.{old}")).map_err(super::convert::config_error)?;
    let dir = paths.dir.join("remotes");
    let _ = std::fs::rename(dir.join(old), dir.join(new));
    settings.name = new.to_owned();
    Ok(RemoteOutcome { remotes: vec![entry(&settings)], check: None })
}

/// Moves or removes the refs that follow a remote, with what was seen of it.
fn move_tracking(
    repo: &Repo,
    old: &str,
    new: Option<&str>,
    note: &crate::refs::RefNote,
) -> Result<(), OpError> {
    let prefix = format!("refs/remotes/{old}/");
    let seen = remotes::seen(&repo.db, old)?;
    repo.db.write(|tx| {
        for (name, target) in tx.refs(&prefix)? {
            let short = name.as_str().strip_prefix(&prefix).unwrap_or_default();
            if let Some(new) = new
                && let Ok(renamed) = RefName::remote_branch(new, short)
            {
                tx.set_ref(&renamed, None, target, note)?;
            }
            tx.delete_ref(&name, target, note)?;
        }
        remotes::forget_seen(tx, old)?;
        match (new, seen) {
            (Some(new), Some(seen)) => Ok::<_, OpError>(remotes::set_seen(tx, new, seen)?),
            _ => Ok(()),
        }
    })
}

fn set_url(
    ctx: &Context,
    paths: &RepoPaths,
    name: &str,
    url: &str,
) -> Result<RemoteOutcome, OpError> {
    let config = connect::config(ctx, paths)?;
    let mut settings = connect::choose(&config, Some(name), None)?;
    settings.url = kept_url(ctx, url)?;
    set(paths, name, "url", &settings.url)?;
    // Another place has another history of roots.
    let repo = ctx.open_repo()?;
    repo.db.write(|tx| remotes::forget_seen(tx, name))?;
    Ok(RemoteOutcome { remotes: vec![entry(&settings)], check: None })
}
