//! A repository without objects, in which a push to a remote notes how far it came where none is at hand.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::{Context, OpError};
use crate::db::Access;
use crate::fsio::FsError;
use crate::id::CommitId;
use crate::object::access::{AccessError, ReadObjects};
use crate::refs::{RefName, RefNote, RefTarget};
use crate::remote::Location;
use crate::repo::{self, NewRepo, Repo, RepoPaths};
use crate::sync::journal::Journal;
use crate::sync::root::Root;
use crate::sync::state::RefRecord;

/// The name of the other side in what is noted.
pub(super) const JOURNAL: &str = "to";

pub(super) fn short_hash(texts: &[&str]) -> String {
    let mut hasher = blake3::Hasher::new();
    for text in texts {
        hasher.update(text.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Where a run of `verb` between some places notes how far it came: in the repository at hand, or the person's
/// cache.
pub(super) fn dir(
    ctx: &Context,
    here: Option<&RepoPaths>,
    verb: &str,
    places: &[&Location],
) -> Result<PathBuf, OpError> {
    let base = match here {
        Some(paths) => paths.dir.clone(),
        None => ctx.cache_dir().ok_or_else(|| OpError::Usage {
            message: "there is no place to note how far it came".to_owned(),
            hint: Some("run it in a repository, or set HOME".to_owned()),
        })?,
    };
    let places: Vec<String> = places.iter().map(ToString::to_string).collect();
    let texts: Vec<&str> = places.iter().map(String::as_str).collect();
    Ok(base.join(verb).join(short_hash(&texts)))
}

/// A repository without objects, for what a push notes.
pub(super) struct Desk {
    dir: PathBuf,
    pub(super) repo: Repo,
}

impl Desk {
    /// The one of an earlier run that was cut short, or a new one.
    pub(super) fn open(ctx: &Context, dir: PathBuf, root: &Root) -> Result<Self, OpError> {
        let paths = RepoPaths::of_root(&dir);
        let settings = ctx.settings(ctx.find_repo().ok().as_ref())?;
        if let Ok(repo) = Repo::open(paths.clone(), settings.clone(), Access::ReadWrite)
            && repo.db.read(|view| view.repository_id())? == root.repository
        {
            return Ok(Self { dir, repo });
        }
        if dir.exists() {
            std::fs::remove_dir_all(&dir).map_err(|e| FsError::new("remove", &dir, e))?;
        }
        std::fs::create_dir_all(&dir).map_err(|e| FsError::new("create", &dir, e))?;
        let note = RefNote {
            who: String::new(),
            time: ctx.now.seconds,
            tz_minutes: 0,
            message: "made for a push".to_owned(),
        };
        let new = NewRepo { repository: root.repository, format: root.format, store: None };
        repo::init_as(&paths, &new, &note)?;
        Ok(Self { dir, repo: Repo::open(paths, settings, Access::ReadWrite)? })
    }

    /// Removes it, unless a run that was cut short is to go on from it.
    pub(super) fn leave(self) {
        let Self { dir, repo } = self;
        let is_done = Journal::read(&repo.db, JOURNAL).is_ok_and(|journal| journal.is_none());
        drop(repo);
        if is_done {
            // What is left is made anew by the next run.
            let _ = std::fs::remove_dir_all(dir);
        }
    }
}

/// The commits that the refs of a remote lead to: all below them is there.
pub(super) fn tips(
    history: &dyn ReadObjects,
    refs: &BTreeMap<RefName, RefRecord>,
) -> Result<Vec<CommitId>, AccessError> {
    let mut tips = Vec::new();
    for record in refs.values() {
        tips.push(match record.target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => history.read_tag(id)?.target,
        });
    }
    tips.sort_unstable();
    tips.dedup();
    Ok(tips)
}
