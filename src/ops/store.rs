//! `store`: the repositories that share a store, which a collection asks what they need.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Context, OpError, encode, sharing};
use crate::db::{DbError, read_alone};
use crate::fsio::AtPath;
use crate::path::escape;
use crate::repo::RepoPaths;
use crate::store::shared::{self, Member, SharedStore, StoreLink};

/// What to do.
#[derive(Clone, Debug)]
pub enum StoreAction {
    /// List the members.
    List {
        /// The store's folder; the one of the repository here when absent.
        dir: Option<PathBuf>,
    },
    /// Let the store forget a member.
    Forget {
        /// The member's folder.
        path: PathBuf,
        /// The store's folder; the one of the repository here when absent.
        dir: Option<PathBuf>,
        /// Also one that is there.
        force: bool,
    },
    /// Let the repository here find its store, which was moved.
    Repair {
        /// Where the store is now.
        dir: PathBuf,
    },
}

/// A repository on a store.
#[derive(Clone, Debug, Serialize)]
pub struct StoreMember {
    /// Its folder.
    pub path: String,
    /// Whether it is this one.
    pub current: bool,
    /// When a command last ran there, to the day, in seconds since 1970.
    pub seen: i64,
    /// Whether what it needs can be read from here; if not, a collection condemns nothing.
    pub reachable: bool,
    /// Why not.
    pub why: Option<String>,
}

/// What was listed or done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum StoreOutcome {
    /// The members.
    List {
        /// The store's folder.
        #[serde(serialize_with = "encode::path")]
        store: PathBuf,
        /// The members, by their folders.
        members: Vec<StoreMember>,
    },
    /// A member was forgotten.
    Forget {
        /// The store's folder.
        #[serde(serialize_with = "encode::path")]
        store: PathBuf,
        /// The member's folder.
        path: String,
        /// Whether it was there all the same.
        reachable: bool,
    },
    /// The repository finds its store again.
    Repair {
        /// The store's folder.
        #[serde(serialize_with = "encode::path")]
        store: PathBuf,
    },
}

/// Does what was asked for.
pub fn run(ctx: &Context, action: &StoreAction) -> Result<StoreOutcome, OpError> {
    match action {
        StoreAction::List { dir } => list(ctx, dir.as_deref()),
        StoreAction::Forget { path, dir, force } => forget(ctx, path, dir.as_deref(), *force),
        StoreAction::Repair { dir } => repair(ctx, dir),
    }
}

/// A store, and which of its members is the one here.
struct Found {
    dir: PathBuf,
    id: String,
    own: Option<String>,
}

fn find(ctx: &Context, dir: Option<&Path>) -> Result<Found, OpError> {
    let here = match ctx.find_repo() {
        Ok(_) => {
            // Opened, so that it is known where it is.
            let opened = ctx.open_repo_to_read();
            match opened {
                Ok(repo) => repo.store.shared().cloned(),
                Err(e) if dir.is_none() => return Err(e),
                Err(_) => None,
            }
        }
        Err(e) if dir.is_none() => return Err(e),
        Err(_) => None,
    };
    let Some(dir) = dir else {
        let SharedStore { dir, link, .. } = here.ok_or_else(|| OpError::Usage {
            message: "this repository has a store of its own".to_owned(),
            hint: Some("name a shared one: esker store list DIR".to_owned()),
        })?;
        return Ok(Found { dir, id: link.id, own: Some(link.token) });
    };
    let (dir, id) = store_at(ctx, dir)?;
    let own = here.filter(|here| here.link.id == id).map(|here| here.link.token);
    Ok(Found { dir, id, own })
}

/// The shared store in a folder, and its id.
fn store_at(ctx: &Context, dir: &Path) -> Result<(PathBuf, String), OpError> {
    let path = ctx.start_dir.join(dir);
    let none = || OpError::Store {
        message: format!("no shared store in '{}'", escape(&dir.to_string_lossy())),
        hint: "make one with a repository: esker init --store DIR".to_owned(),
    };
    let id = shared::store_id(&path)?.ok_or_else(none)?;
    Ok((path.canonicalize().at("find", &path)?, id))
}

fn list(ctx: &Context, dir: Option<&Path>) -> Result<StoreOutcome, OpError> {
    let Found { dir, id, own } = find(ctx, dir)?;
    let members = shared::members(&dir)?.into_iter().map(|member| {
        let presence = member.presence(&id);
        StoreMember {
            path: escape(&member.root().display().to_string()).into_owned(),
            current: own.as_ref() == Some(&member.token),
            seen: member.seen,
            reachable: presence.is_ok(),
            why: presence.err().map(|why| why.what),
        }
    });
    Ok(StoreOutcome::List { members: members.collect(), store: dir })
}

fn forget(
    ctx: &Context,
    path: &Path,
    dir: Option<&Path>,
    force: bool,
) -> Result<StoreOutcome, OpError> {
    let Found { dir, id, .. } = find(ctx, dir)?;
    let wanted = std::path::absolute(ctx.start_dir.join(path)).at("find", path)?;
    let canonical = sharing::whole(&wanted);
    let is_it = |member: &Member| {
        [&wanted, &canonical].iter().any(|p| **p == member.path || p.as_path() == member.root())
    };
    // Two may have been at one place, one after the other: the one that is gone first.
    let mut found: Vec<_> = shared::members(&dir)?
        .into_iter()
        .filter(is_it)
        .map(|member| (member.presence(&id).is_ok(), member))
        .collect();
    found.sort_by_key(|(reachable, _)| *reachable);
    let shown = escape(&path.to_string_lossy()).into_owned();
    let Some((reachable, member)) = found.into_iter().next() else {
        return Err(OpError::Store {
            message: format!("no repository at '{shown}' is known to the store"),
            hint: "see which are: esker store list".to_owned(),
        });
    };
    if reachable && !force {
        return Err(OpError::Store {
            message: format!(
                "'{shown}' is there and uses the store: the next gc would take what only it needs"
            ),
            hint: format!("if it is to be deleted: esker store forget --force {shown}"),
        });
    }
    shared::forget(&dir, &member)?;
    let path = escape(&member.root().display().to_string()).into_owned();
    Ok(StoreOutcome::Forget { store: dir, path, reachable })
}

fn repair(ctx: &Context, dir: &Path) -> Result<StoreOutcome, OpError> {
    let paths = ctx.find_repo()?;
    let (dir, id) = store_at(ctx, dir)?;
    let link = match StoreLink::read(&paths.dir)? {
        Some(link) => link,
        None => lost_link(&paths, &dir, &id)?,
    };
    if link.id != id {
        return Err(OpError::Store {
            message: format!("{} is another store", escape(&dir.display().to_string())),
            hint: "name the folder that the store of this repository was moved to".to_owned(),
        });
    }
    link.at(&paths.dir, &dir)?.write(&paths.dir)?;
    // The store is told of the repository by opening it.
    drop(ctx.open_repo()?);
    Ok(StoreOutcome::Repair { store: dir })
}

/// The link of a repository that has lost it: as the store knows it, or as a new member.
fn lost_link(paths: &RepoPaths, dir: &Path, id: &str) -> Result<StoreLink, OpError> {
    let state_db = paths.dir.join("state.db");
    if !matches!(read_alone(&state_db, |view| view.worktrees()), Ok(_) | Err(DbError::NoLink)) {
        return Err(OpError::Usage {
            message: "this repository has a store of its own".to_owned(),
            hint: Some("see what it holds: esker doctor".to_owned()),
        });
    }
    let member = paths.dir.canonicalize().at("find", &paths.dir)?;
    let link = StoreLink::new(id, &member, dir)?;
    let known = shared::members(dir)?.into_iter().find(|known| known.path == member);
    Ok(match known {
        Some(known) => StoreLink { token: known.token, ..link },
        None => link,
    })
}
