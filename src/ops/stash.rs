//! `stash`: puts unsaved work aside and brings it back.
//!
//! A stash is a commit, as in git: its tree is the worktree's, its parents are HEAD, a commit of the
//! stage and, where files that were never added are put aside too, one of the worktree with them. Each has a ref of its own,
//! `refs/stash/<number>`, so that it is kept, checked and collected like everything a ref names;
//! `stash@{0}` is the one of the highest number.

mod apply;
mod save;

use serde::Serialize;

use super::{Change, Context, OpError, Skipped, encode, integrate, locate};
use crate::diff::tree as diff;
use crate::id::{CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::commit::Commit;
use crate::refs::{self, RefName, RefTarget};
use crate::repo::Repo;

/// What to do.
#[derive(Clone, Debug)]
pub enum StashAction {
    /// Put unsaved work aside.
    Push {
        /// What it is, in words.
        message: Option<String>,
        /// Also files that were never added.
        untracked: bool,
    },
    /// List stashes.
    List,
    /// Say what a stash changed.
    Show {
        /// Which; the newest when absent.
        stash: Option<String>,
    },
    /// Bring a stash back and keep it.
    Apply(Apply),
    /// Bring a stash back and drop it.
    Pop(Apply),
    /// Forget a stash.
    Drop {
        /// Which; the newest when absent.
        stash: Option<String>,
    },
    /// Forget all stashes.
    Clear,
}

/// Which stash is brought back, and how.
#[derive(Clone, Debug, Default)]
pub struct Apply {
    /// Which; the newest when absent.
    pub stash: Option<String>,
    /// Stage what was staged.
    pub index: bool,
}

/// A stash.
#[derive(Clone, Debug, Serialize)]
pub struct StashInfo {
    /// The revision that names it now: `stash@{0}`.
    pub selector: String,
    /// Its commit.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// What it is, in words.
    pub message: String,
    /// When it was made, in seconds since 1970.
    pub time: i64,
}

/// What was listed or done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum StashOutcome {
    /// Work was put aside; nothing, when there was none.
    Push {
        /// The stash.
        saved: Option<StashInfo>,
        /// Files that could not be read, and stay as they are.
        skipped: Vec<Skipped>,
    },
    /// Stashes, the newest first.
    List {
        /// The stashes.
        stashes: Vec<StashInfo>,
    },
    /// What a stash changed.
    Show {
        /// The stash.
        stash: StashInfo,
        /// Its changes against the commit it was made on.
        changes: Vec<Change>,
    },
    /// A stash was brought back.
    Apply {
        /// The stash.
        stash: StashInfo,
        /// Whether it was dropped.
        dropped: bool,
        /// Files written.
        written: u64,
        /// Files removed.
        removed: u64,
        /// Bytes written.
        bytes: u64,
    },
    /// Stashes were forgotten.
    Drop {
        /// Which.
        dropped: Vec<StashInfo>,
    },
}

/// Does what was asked for.
pub fn run(ctx: &Context, action: &StashAction) -> Result<StashOutcome, OpError> {
    match action {
        StashAction::Push { message, untracked } => {
            save::push(ctx, &open_settled(ctx)?, message.as_deref(), *untracked)
        }
        StashAction::List => {
            let repo = ctx.open_repo_to_read()?;
            let stashes = all(&repo)?.into_iter().map(|stash| stash.info).collect();
            Ok(StashOutcome::List { stashes })
        }
        StashAction::Show { stash } => show(ctx, &ctx.open_repo_to_read()?, stash.as_deref()),
        StashAction::Apply(options) => apply::apply(ctx, &open_settled(ctx)?, options, false),
        StashAction::Pop(options) => apply::apply(ctx, &open_settled(ctx)?, options, true),
        StashAction::Drop { stash } => {
            let repo = ctx.open_repo()?;
            let stash = kept(find(ctx, &repo, stash.as_deref())?)?;
            drop_all(ctx, &repo, vec![stash])
        }
        StashAction::Clear => {
            let repo = ctx.open_repo()?;
            let stashes = all(&repo)?;
            drop_all(ctx, &repo, stashes)
        }
    }
}

/// The repository, if no merge waits there: its conflicts cannot be put aside.
fn open_settled(ctx: &Context) -> Result<Repo, OpError> {
    let repo = ctx.open_repo()?;
    integrate::refuse_during_operation(&repo)?;
    Ok(repo)
}

/// A stash and the ref that keeps it.
struct Stash {
    /// `None` for one that was dropped and is named by its id.
    name: Option<RefName>,
    commit: Commit,
    info: StashInfo,
}

/// All stashes, the newest first.
fn all(repo: &Repo) -> Result<Vec<Stash>, OpError> {
    let refs = repo.db.read(|view| view.refs(refs::STASHES))?;
    let ids = refs.into_iter().rev().filter_map(|(name, target)| Some((name, target.commit()?)));
    ids.enumerate()
        .map(|(at, (name, id))| read(repo, format!("stash@{{{at}}}"), Some(name), id))
        .collect()
}

fn read(
    repo: &Repo,
    selector: String,
    name: Option<RefName>,
    id: CommitId,
) -> Result<Stash, OpError> {
    let commit = repo.store.read_commit(id)?;
    let (message, time) = (locate::summary(&commit.message), commit.committer.seconds);
    let info = StashInfo { selector, commit: id, message, time };
    Ok(Stash { name, commit, info })
}

/// The stash that a person names: nothing for the newest, a number, `stash@{n}`, or any revision of a
/// commit that is one.
fn find(ctx: &Context, repo: &Repo, text: Option<&str>) -> Result<Stash, OpError> {
    let number = match text {
        None | Some("stash") => Some(0),
        Some(text) => {
            let inside = text.strip_prefix("stash@{").and_then(|rest| rest.strip_suffix('}'));
            inside
                .unwrap_or(text)
                .parse::<usize>()
                .ok()
                .filter(|_| inside.is_some() || text.len() < 4)
        }
    };
    if let Some(number) = number {
        let have = all(repo)?;
        let count = have.len();
        return have.into_iter().nth(number).ok_or(OpError::NoSuchStash { number, count });
    }
    let text = text.unwrap_or_default();
    let id = locate::commit(ctx, repo, text)?;
    let stash = match all(repo)?.into_iter().find(|stash| stash.info.commit == id) {
        Some(stash) => stash,
        None => read(repo, id.short(), None, id)?,
    };
    let is_stash = (2..=3).contains(&stash.commit.parents.len());
    if is_stash { Ok(stash) } else { Err(OpError::NotAStash { text: text.to_owned() }) }
}

fn kept(stash: Stash) -> Result<Stash, OpError> {
    match stash.name {
        Some(_) => Ok(stash),
        None => Err(OpError::NotAStash { text: stash.info.selector }),
    }
}

fn drop_all(ctx: &Context, repo: &Repo, stashes: Vec<Stash>) -> Result<StashOutcome, OpError> {
    let note = ctx.note(repo, "stash: dropped".to_owned());
    repo.db.write(|tx| {
        stashes
            .iter()
            .filter_map(|stash| Some((stash.name.as_ref()?, stash.info.commit)))
            .try_for_each(|(name, commit)| tx.delete_ref(name, RefTarget::Commit(commit), &note))
    })?;
    Ok(StashOutcome::Drop { dropped: stashes.into_iter().map(|stash| stash.info).collect() })
}

/// The tree that a stash brings back.
fn tree_of(repo: &Repo, stash: &Commit) -> Result<TreeId, OpError> {
    Ok(match stash.parents.get(2) {
        Some(untracked) => repo.store.read_root(*untracked)?,
        None => stash.tree,
    })
}

fn show(ctx: &Context, repo: &Repo, text: Option<&str>) -> Result<StashOutcome, OpError> {
    let stash = find(ctx, repo, text)?;
    let base = repo.store.read_root(stash.commit.parents[0])?;
    let tree = tree_of(repo, &stash.commit)?;
    let changes = diff::changes(&repo.store, Some(base), Some(tree))?;
    let changes = changes.iter().filter_map(Change::of_tree).collect();
    Ok(StashOutcome::Show { stash: stash.info, changes })
}
