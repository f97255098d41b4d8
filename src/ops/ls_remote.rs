//! `ls-remote`: the branches and tags of a remote.

use serde::Serialize;

use super::connect::{self, RemoteSettings};
use super::{Context, OpError};
use crate::refs::RefTarget;
use crate::remote::Location;
use crate::sync::SyncError;
use crate::sync::cache::Cache;
use crate::sync::chain::Remote;

/// What to look at.
#[derive(Clone, Debug, Default)]
pub struct LsRemoteOptions {
    /// A remote's name or location; the branch's own or `origin` when absent.
    pub remote: Option<String>,
}

/// What there is.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LsRemoteOutcome {
    /// Where the remote is.
    pub url: String,
    /// Number of its newest root.
    pub root: u64,
    /// Its branches and tags, by name.
    pub refs: Vec<RemoteRef>,
}

/// A ref of a remote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteRef {
    /// Its full name.
    pub name: String,
    /// What it points at: a commit, or a tag object.
    pub target: String,
    /// Whether it is a tag object.
    pub is_tag_object: bool,
}

/// Lists the refs of a remote.
pub fn run(ctx: &Context, options: &LsRemoteOptions) -> Result<LsRemoteOutcome, OpError> {
    let (settings, location) = which(ctx, options.remote.as_deref())?;
    let transport = connect::open(ctx, &settings, &location, None)?;
    let cache = Cache::none();
    let remote = Remote { transport: &*transport, cache: &cache };
    let none = || SyncError::NoRepository { place: location.to_string() };
    let root = remote.latest(None)?.ok_or_else(none)?;
    let state = remote.load_state(&root.root)?;
    // Keeps are listed by `remote keeps`: there may be one a pin and a clone.
    let shown = state.refs.iter().filter(|(name, _)| !name.is_keep());
    let refs = shown.map(|(name, record)| {
        let (target, is_tag_object) = match record.target {
            RefTarget::Commit(id) => (id.to_string(), false),
            RefTarget::Tag(id) => (id.to_string(), true),
        };
        RemoteRef { name: name.to_string(), target, is_tag_object }
    });
    Ok(LsRemoteOutcome { url: location.to_string(), root: root.root.seq, refs: refs.collect() })
}

/// A remote of this repository by its name, or a location.
fn which(ctx: &Context, word: Option<&str>) -> Result<(RemoteSettings, Location), OpError> {
    if let Ok(paths) = ctx.find_repo() {
        let config = connect::config(ctx, &paths)?;
        let named = word.and_then(|word| connect::settings_of(&config, word));
        if let Some(settings) = named {
            let location = Location::parse(&settings.url, paths.main_root())?;
            return Ok((settings, location));
        }
        if word.is_none() {
            let settings = connect::choose(&config, None, None)?;
            let location = Location::parse(&settings.url, paths.main_root())?;
            return Ok((settings, location));
        }
    }
    let Some(word) = word else {
        return Err(OpError::Usage {
            message: "there is no repository here, so no remote is known".to_owned(),
            hint: Some("name a location: esker ls-remote s3://bucket/prefix".to_owned()),
        });
    };
    let settings = RemoteSettings { url: word.to_owned(), ..RemoteSettings::default() };
    Ok((settings, Location::parse(word, &ctx.start_dir)?))
}
