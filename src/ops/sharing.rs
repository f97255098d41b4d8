//! The shared store of a repository, as several verbs need it.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{Context, OpError, encode};
use crate::fsio::{self, AtPath};
use crate::repo::{DIR_NAME, RepoPaths};
use crate::store::StoreError;
use crate::store::shared::SharedStore;

/// A shared store, as verbs that look at it tell of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SharedBy {
    /// Its folder.
    #[serde(serialize_with = "encode::path")]
    pub dir: PathBuf,
    /// How many repositories use it, this one too.
    pub repositories: u64,
}

impl SharedBy {
    pub(super) fn of(shared: &SharedStore) -> Result<Self, StoreError> {
        let (dir, members) = (shared.dir.clone(), shared.members()?);
        Ok(Self { dir, repositories: members.len() as u64 })
    }
}

/// The folder of the shared store that has the packs of the repository in `dir` (its `.esker`).
pub(super) fn of(dir: &Path) -> Result<Option<PathBuf>, OpError> {
    Ok(SharedStore::of(dir)?.map(|shared| shared.dir))
}

/// The folder of a shared store for a repository that is to be made, or is there and on it.
pub(super) fn for_new(ctx: &Context, paths: &RepoPaths, dir: &Path) -> Result<PathBuf, OpError> {
    let absolute = std::path::absolute(ctx.start_dir.join(dir)).at("find", dir)?;
    let absolute = fsio::without_dots(&absolute);
    let refused = |message: &str, hint: &str| {
        Err(OpError::Store { message: message.to_owned(), hint: hint.to_owned() })
    };
    if paths.dir.join("state.db").exists() {
        let same =
            of(&paths.dir)?.is_some_and(|own| absolute.canonicalize().is_ok_and(|d| d == own));
        return match same {
            true => Ok(absolute),
            false => refused(
                "the repository is there already, with another store",
                "make another one on the store, and bring the data there: esker clone --store",
            ),
        };
    }
    let root = whole(&paths.root);
    let dir = whole(&absolute);
    let is_repository = |above: &Path| above.join(DIR_NAME).is_dir();
    let inside = dir.starts_with(&root) || dir.ancestors().any(is_repository);
    match inside {
        true => refused(
            "the store would lie among the data of a repository",
            "choose a folder outside of all repositories",
        ),
        false => Ok(absolute),
    }
}

/// A path without links as far as it is there.
pub(super) fn whole(path: &Path) -> PathBuf {
    let known = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    match known {
        Some((above, real)) => real.join(path.strip_prefix(above).unwrap_or(Path::new(""))),
        None => path.to_owned(),
    }
}
