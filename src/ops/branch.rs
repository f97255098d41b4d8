//! `branch`: lists, makes, renames and deletes branches.

use serde::Serialize;

use super::names::{self, Kind, Patterns};
use super::{Context, DeletedRef, OpError, encode, locate};
use crate::history::merge_base::is_ancestor;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::refs::{Head, HeadTarget, RefName, RefTarget, RefUpdate};
use crate::repo::Repo;
use crate::revision::ReadRefs;

/// What to do.
#[derive(Clone, Debug)]
pub enum BranchAction {
    /// List branches.
    List(BranchFilter),
    /// Make a branch, or move one.
    Create {
        /// Its name.
        name: String,
        /// Where it starts; HEAD when absent.
        start: Option<String>,
        /// Move it if it is there.
        force: bool,
    },
    /// Give a branch another name.
    Rename {
        /// Its name; the current branch when absent.
        old: Option<String>,
        /// Its new name.
        new: String,
        /// Replace a branch that has the name.
        force: bool,
    },
    /// Delete branches.
    Delete {
        /// Their names.
        names: Vec<String>,
        /// Also those with commits that HEAD does not have.
        force: bool,
    },
}

/// Which branches are listed.
#[derive(Clone, Debug, Default)]
pub struct BranchFilter {
    /// Only names that match one of these patterns; all, if there are none.
    pub patterns: Vec<String>,
    /// Also what remotes had.
    pub all: bool,
    /// Only what remotes had.
    pub remotes: bool,
    /// Only branches that this revision has all commits of.
    pub merged: Option<String>,
    /// Only branches with commits that this revision does not have.
    pub no_merged: Option<String>,
    /// Only branches that have this commit.
    pub contains: Option<String>,
    /// Also tell of each branch's commit, which is read for that.
    pub details: bool,
}

impl BranchFilter {
    /// Whether names say all that is asked for.
    fn is_of_names(&self) -> bool {
        let commits = [&self.merged, &self.no_merged, &self.contains];
        !self.details && commits.iter().all(|revision| revision.is_none())
    }
}

/// A branch.
#[derive(Clone, Debug, Serialize)]
pub struct BranchInfo {
    /// Its short name.
    pub name: String,
    /// Its commit.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// The first line of that commit's message, if details were asked for.
    pub summary: Option<String>,
    /// When that was committed, in seconds since 1970, if details were asked for.
    pub time: Option<i64>,
    /// Whether HEAD is on it.
    pub current: bool,
    /// Whether it is what a remote had.
    pub remote: bool,
}

/// What was listed or done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum BranchOutcome {
    /// Branches.
    List {
        /// The commit of HEAD, when it is on no branch.
        #[serde(serialize_with = "encode::optional_id")]
        detached: Option<CommitId>,
        /// The branches by name; those of remotes last.
        branches: Vec<BranchInfo>,
    },
    /// A branch was made or moved.
    Create {
        /// Its short name.
        name: String,
        /// Its commit.
        #[serde(serialize_with = "encode::id")]
        commit: CommitId,
        /// Where it was before.
        #[serde(serialize_with = "encode::optional_id")]
        previous: Option<CommitId>,
        /// What a person should know.
        warnings: Vec<String>,
    },
    /// A branch got another name.
    Rename {
        /// The name it had.
        old: String,
        /// The name it has.
        new: String,
        /// What a person should know.
        warnings: Vec<String>,
    },
    /// Branches were deleted.
    Delete {
        /// Which.
        deleted: Vec<DeletedRef>,
    },
}

/// Does what was asked for.
pub fn run(ctx: &Context, action: &BranchAction) -> Result<BranchOutcome, OpError> {
    match action {
        BranchAction::List(filter) if filter.is_of_names() => {
            list(&ctx.open_names()?, filter, &mut |_| Ok(true), None)
        }
        BranchAction::List(filter) => list_commits(ctx, &ctx.open_repo_to_read()?, filter),
        BranchAction::Create { name, start, force } => {
            create(ctx, &ctx.open_repo()?, name, start.as_deref(), *force)
        }
        BranchAction::Rename { old, new, force } => {
            rename(ctx, &ctx.open_repo()?, old.as_deref(), new, *force)
        }
        BranchAction::Delete { names, force } => delete(ctx, &ctx.open_repo()?, names, *force),
    }
}

/// Lists branches by what their commits are.
fn list_commits(
    ctx: &Context,
    repo: &Repo,
    filter: &BranchFilter,
) -> Result<BranchOutcome, OpError> {
    let commit = |text: &Option<String>| {
        text.as_ref().map(|text| locate::commit(ctx, repo, text)).transpose()
    };
    let (merged, no_merged) = (commit(&filter.merged)?, commit(&filter.no_merged)?);
    let contains = commit(&filter.contains)?;
    let reaches = |ancestor, descendant| is_ancestor(&repo.store, ancestor, descendant);
    let mut takes = |id| {
        Ok(merged.map_or(Ok(true), |rev| reaches(id, rev))?
            && !no_merged.map_or(Ok(false), |rev| reaches(id, rev))?
            && contains.map_or(Ok(true), |rev| reaches(rev, id))?)
    };
    list(repo, filter, &mut takes, filter.details.then_some(&repo.store))
}

/// Lists branches whose commits `takes` accepts; reads these where it is said from what.
fn list(
    names: &dyn ReadRefs,
    filter: &BranchFilter,
    takes: &mut dyn FnMut(CommitId) -> Result<bool, OpError>,
    details: Option<&dyn ReadObjects>,
) -> Result<BranchOutcome, OpError> {
    let patterns = Patterns::new(&filter.patterns)?;
    let head = names.head()?;
    let mut refs = Vec::new();
    for (prefix, wanted) in
        [("refs/heads/", !filter.remotes), ("refs/remotes/", filter.remotes || filter.all)]
    {
        if wanted {
            refs.extend(names.refs(prefix)?);
        }
    }
    let mut branches = Vec::new();
    for (name, target) in refs {
        let RefTarget::Commit(id) = target else { continue };
        if !patterns.matches(name.short()) || !takes(id)? {
            continue;
        }
        let commit = details.map(|read| read.read_commit(id)).transpose()?;
        branches.push(BranchInfo {
            name: name.short().to_owned(),
            commit: id,
            summary: commit.as_ref().map(|commit| locate::summary(&commit.message)),
            time: commit.map(|commit| commit.committer.seconds),
            current: head.branch() == Some(&name),
            remote: !name.is_branch(),
        });
    }
    let detached = if head.branch().is_none() { head.commit() } else { None };
    Ok(BranchOutcome::List { detached, branches })
}

fn create(
    ctx: &Context,
    repo: &Repo,
    short: &str,
    start: Option<&str>,
    force: bool,
) -> Result<BranchOutcome, OpError> {
    let name = Kind::Branch.full(short)?;
    let start = start.unwrap_or("HEAD");
    let commit = locate::commit(ctx, repo, start)?;
    let old = repo.db.read(|view| view.get_ref(&name))?;
    if old.is_some() {
        must_be_forced(short, force)?;
        must_not_be_checked_out(repo, &name)?;
    }
    let verb = if old.is_some() { "moved to" } else { "created from" };
    let note = ctx.note(repo, format!("branch: {verb} {start}"));
    let update = RefUpdate { name, old, new: Some(commit.into()) };
    repo.db.write(|tx| tx.update_ref(update, &note))?;
    Ok(BranchOutcome::Create {
        name: short.to_owned(),
        commit,
        previous: old.and_then(RefTarget::commit),
        warnings: Kind::Branch.namesake(repo, short)?.into_iter().collect(),
    })
}

fn must_be_forced(short: &str, force: bool) -> Result<(), OpError> {
    let name = short.to_owned();
    if force { Ok(()) } else { Err(OpError::RefExists { kind: Kind::Branch.word(), name }) }
}

fn must_not_be_checked_out(repo: &Repo, name: &RefName) -> Result<(), OpError> {
    match names::checked_out(repo, name)? {
        Some(error) => Err(error),
        None => Ok(()),
    }
}

fn rename(
    ctx: &Context,
    repo: &Repo,
    old: Option<&str>,
    new: &str,
    force: bool,
) -> Result<BranchOutcome, OpError> {
    let head = repo.head()?;
    let new_name = Kind::Branch.full(new)?;
    let (old_name, target) = match (old, &head) {
        (None, Head::Detached(_)) => {
            return Err(OpError::Usage {
                message: "HEAD is on no branch that could be renamed".to_owned(),
                hint: Some("name it: esker branch -m OLD NEW".to_owned()),
            });
        }
        (None, Head::Branch { name, target }) => (name.clone(), target.map(RefTarget::Commit)),
        // The current branch has a name before its first commit.
        (Some(old), Head::Branch { name, target: None }) if name.short() == old => {
            (name.clone(), None)
        }
        (Some(old), _) => {
            let (name, target) = Kind::Branch.get(repo, old)?;
            (name, Some(target))
        }
    };
    let replaced = repo.db.read(|view| view.get_ref(&new_name))?;
    if new_name != old_name && replaced.is_some() {
        must_be_forced(new, force)?;
        must_not_be_checked_out(repo, &new_name)?;
    }
    let outcome = BranchOutcome::Rename {
        old: old_name.short().to_owned(),
        new: new.to_owned(),
        warnings: Kind::Branch.namesake(repo, new)?.into_iter().collect(),
    };
    if new_name == old_name {
        return Ok(outcome);
    }
    let note = ctx.note(repo, format!("branch: renamed {old_name} to {new_name}"));
    let heads = names::worktrees_on(repo, &old_name)?;
    repo.db.write(|tx| {
        if let Some(target) = target {
            tx.set_ref(&new_name, replaced, target, &note)?;
        }
        for (worktree, head) in &heads {
            tx.set_head(*worktree, head, &HeadTarget::Branch(new_name.clone()), &note)?;
        }
        match target {
            Some(target) => tx.delete_ref(&old_name, target, &note),
            None => Ok(()),
        }
    })?;
    Ok(outcome)
}

fn delete(
    ctx: &Context,
    repo: &Repo,
    names: &[String],
    force: bool,
) -> Result<BranchOutcome, OpError> {
    let head = repo.head()?.commit();
    let (mut deleted, mut updates) = (Vec::new(), Vec::new());
    for short in names {
        let (name, target) = Kind::Branch.get(repo, short)?;
        must_not_be_checked_out(repo, &name)?;
        let RefTarget::Commit(commit) = target else { continue };
        let is_merged = match head {
            _ if force => true,
            Some(head) => is_ancestor(&repo.store, commit, head)?,
            None => false,
        };
        if !is_merged {
            return Err(OpError::NotMerged { branch: short.clone() });
        }
        deleted.push(DeletedRef::new(&name, target, commit));
        updates.push(RefUpdate { name, old: Some(target), new: None });
    }
    let note = ctx.note(repo, "branch: deleted".to_owned());
    names::update_all(repo, updates, &note)?;
    Ok(BranchOutcome::Delete { deleted })
}
