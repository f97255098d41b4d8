//! What is where: which remotes have the current commit, what of it is not here, and what is nowhere else.
//!
//! By what is known here: refs that follow remotes, and what remotes promised. Nobody is asked, and no file of
//! the worktree is looked at.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Context, OpError, connect};
use crate::history::merge_base::reachable_minus;
use crate::id::{BlobId, CommitId};
use crate::object::access::ReadObjects;
use crate::refs::RefTarget;
use crate::repo::Repo;
use crate::steps::{gather, remotes};
use crate::sync::missing::decide_missing;

/// What is where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Whereabouts {
    /// Each remote, in the order in which they are asked for what is not here.
    pub remotes: Vec<RemoteWhereabouts>,
    /// Files of the current commit that are not here on purpose: different contents.
    pub absent: Amount,
    /// What branches and tags reach and no remote was seen to have.
    pub only_here: Amount,
    /// Commits of which that is so.
    pub only_here_commits: u64,
}

/// What is known of a remote.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RemoteWhereabouts {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub url: String,
    /// Its `priority`: the least is asked first.
    pub priority: u32,
    /// Whether something of it was ever seen.
    pub seen: bool,
    /// Whether a branch of it was seen to reach the current commit.
    pub has_commit: bool,
    /// The current commit and commits before it that no branch of it was seen to reach.
    pub lacks_commits: u64,
    /// What it promised of the files that are not here.
    pub promised: Amount,
}

/// Different contents of files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Amount {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Amount {
    fn of(sizes: impl Iterator<Item = u64>) -> Self {
        sizes.fold(Self::default(), |sum, size| Self {
            files: sum.files + 1,
            bytes: sum.bytes + size,
        })
    }
}

/// Tells what is where.
pub(super) fn tell(ctx: &Context, repo: &Repo) -> Result<Whereabouts, OpError> {
    let config = connect::config(ctx, &repo.paths)?;
    let head = repo.head()?.commit();
    let absent = absent(repo, head)?;
    let mut told =
        Whereabouts { absent: Amount::of(absent.values().copied()), ..Whereabouts::default() };
    let mut followed = Vec::new();
    for settings in connect::all(&config) {
        let tips = tips_of(repo, &format!("refs/remotes/{}/", settings.name))?;
        let lacks: Vec<CommitId> = reachable_minus(&repo.store, head.as_slice(), &tips)?;
        told.remotes.push(RemoteWhereabouts {
            priority: connect::priority(&config, &settings.name)?,
            seen: remotes::seen(&repo.db, &settings.name)?.is_some(),
            has_commit: head.is_some() && lacks.is_empty(),
            lacks_commits: lacks.len() as u64,
            promised: promised(ctx, repo, &settings.name, &absent)?,
            name: settings.name,
            url: settings.url,
        });
        followed.extend(tips);
    }
    told.remotes.sort_by_key(|remote| (remote.priority, remote.promised.files == 0));
    (told.only_here_commits, told.only_here) = only_here(repo, head, &followed)?;
    Ok(told)
}

/// Contents of a commit that are not here, with their sizes.
fn absent(repo: &Repo, head: Option<CommitId>) -> Result<HashMap<BlobId, u64>, OpError> {
    match head.filter(|_| !repo.store.absent().promised.is_empty()) {
        Some(head) => Ok(gather::absent(&repo.store, [repo.store.read_root(head)?])?),
        None => Ok(HashMap::new()),
    }
}

/// What of some contents a remote promised.
fn promised(
    ctx: &Context,
    repo: &Repo,
    remote: &str,
    absent: &HashMap<BlobId, u64>,
) -> Result<Amount, OpError> {
    let mut left: HashSet<BlobId> = absent.keys().copied().collect();
    repo.store.strike_promised_by(&|name| name == remote, &mut left, &ctx.cancel)?;
    Ok(Amount::of(absent.iter().filter(|(id, _)| !left.contains(id)).map(|(_, size)| *size)))
}

/// Commits, and files with them, that branches, tags and HEAD reach and no remote was seen to have.
fn only_here(
    repo: &Repo,
    head: Option<CommitId>,
    followed: &[CommitId],
) -> Result<(u64, Amount), OpError> {
    let mut own = tips_of(repo, "refs/heads/")?;
    own.extend(tips_of(repo, "refs/tags/")?);
    own.extend(head);
    let own: Vec<RefTarget> = own.into_iter().map(RefTarget::Commit).collect();
    let missing = decide_missing(&repo.store, &own, followed, repo.store.forgotten())?;
    let mut here = Vec::new();
    for (id, size) in missing.blobs {
        if repo.store.has_blob(id, size)? {
            here.push(size);
        }
    }
    Ok((missing.commits.len() as u64, Amount::of(here.into_iter())))
}

/// The commits that refs lead to.
fn tips_of(repo: &Repo, prefix: &str) -> Result<Vec<CommitId>, OpError> {
    let mut tips = Vec::new();
    for (_, target) in repo.db.read(|view| view.refs(prefix))? {
        tips.push(match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => repo.store.read_tag(id)?.target,
        });
    }
    Ok(tips)
}
