//! `log`: the commits that lead to a revision.

use std::ops::ControlFlow;

use serde::Serialize;

use super::locate;
use super::{Context, OpError, encode};
use crate::history::Ancestors;
use crate::id::{CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::commit::{Commit, Person};
use crate::refs::RefTarget;
use crate::repo::Repo;
use std::collections::HashMap;

/// Which commits.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// Where to start; HEAD when absent.
    pub revision: Option<String>,
    /// How many at most.
    pub max_count: Option<usize>,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonInfo {
    /// Full name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Seconds since 1970-01-01 00:00 UTC.
    pub time: i64,
    /// Minutes east of UTC.
    pub tz: i64,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Its id.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// Its tree.
    #[serde(serialize_with = "encode::id")]
    pub tree: TreeId,
    /// Its parents.
    #[serde(serialize_with = "encode::ids")]
    pub parents: Vec<CommitId>,
    /// Who made the change.
    pub author: PersonInfo,
    /// Who made the commit.
    pub committer: PersonInfo,
    /// The whole message.
    pub message: String,
    /// Metadata, as key and value, sorted by key.
    #[serde(serialize_with = "encode::pairs")]
    pub meta: Vec<(String, String)>,
    /// Files in the commit.
    pub files: u64,
    /// Bytes of the files in the commit.
    pub bytes: u64,
    /// Short names of what points at it: `HEAD -> main`, `tag: v1`.
    pub refs: Vec<String>,
}

/// Visits the commits of a revision, newest first.
pub fn run(
    ctx: &Context,
    options: &LogOptions,
    each: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
) -> Result<(), OpError> {
    let repo = ctx.open_repo_to_read()?;
    let start = locate::commit(ctx, &repo, options.revision.as_deref().unwrap_or("HEAD"))?;
    let refs = refs_by_commit(&repo)?;
    let commits = Ancestors::new(&repo.store, [start])?;
    for commit in commits.take(options.max_count.unwrap_or(usize::MAX)) {
        let (id, commit) = commit?;
        if each(entry_of(&repo, id, commit, &refs)?).is_break() {
            break;
        }
    }
    Ok(())
}

/// Names of the refs at each commit, HEAD first.
pub(super) fn refs_by_commit(repo: &Repo) -> Result<HashMap<CommitId, Vec<String>>, OpError> {
    let mut names: HashMap<CommitId, Vec<String>> = HashMap::new();
    let head = repo.head()?;
    if let Some(id) = head.commit() {
        let shown = match head.branch() {
            Some(branch) => format!("HEAD -> {}", branch.short()),
            None => "HEAD".to_owned(),
        };
        names.entry(id).or_default().push(shown);
    }
    for (name, target) in repo.db.read(|view| view.refs("refs/"))? {
        let id = match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => repo.store.read_tag(id)?.target,
        };
        let shown = match name.is_tag() {
            true => format!("tag: {}", name.short()),
            false => name.short().to_owned(),
        };
        if head.branch() != Some(&name) {
            names.entry(id).or_default().push(shown);
        }
    }
    Ok(names)
}

pub(super) fn entry_of(
    repo: &Repo,
    id: CommitId,
    commit: Commit,
    refs: &HashMap<CommitId, Vec<String>>,
) -> Result<LogEntry, OpError> {
    let totals = repo.store.read_tree(commit.tree)?.totals();
    Ok(LogEntry {
        commit: id,
        tree: commit.tree,
        parents: commit.parents,
        author: PersonInfo::from(commit.author),
        committer: PersonInfo::from(commit.committer),
        message: commit.message,
        meta: commit.metadata.into_iter().collect(),
        files: totals.files,
        bytes: totals.bytes,
        refs: refs.get(&id).cloned().unwrap_or_default(),
    })
}

impl From<Person> for PersonInfo {
    fn from(p: Person) -> Self {
        Self { name: p.name, email: p.email, time: p.seconds, tz: p.offset_minutes }
    }
}
