//! `worktree`: further folders to work in, each with its own HEAD, stage and unfinished work, on the same
//! branches and data.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::head::{self, Destination};
use super::names::{self, Kind};
use super::{Context, OpError, encode, locate, plans};
use crate::db::{Access, DbError, Place};
use crate::fsio::{self, AtPath};
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::path::escape;
use crate::refs::{Head, HeadTarget, WorktreeId};
use crate::repo::{DIR_NAME, Names, Repo, RepoPaths, WorktreeLink};
use crate::steps::checkout::{self, Shift};
use crate::steps::operation;
use crate::store::session::random_u64;

/// What to do.
#[derive(Clone, Debug)]
pub enum WorktreeAction {
    /// List the worktrees.
    List,
    /// Make one.
    Add {
        /// Its folder, which must be new or empty.
        path: PathBuf,
        /// What it is on.
        on: WorktreeOn,
    },
    /// Remove one.
    Remove {
        /// Its folder.
        path: PathBuf,
        /// With all that is in it, saved or not.
        force: bool,
    },
    /// Let worktrees find the repository again.
    Repair {
        /// Folders of worktrees that were moved.
        paths: Vec<PathBuf>,
    },
}

/// What a new worktree is on.
#[derive(Clone, Debug)]
pub enum WorktreeOn {
    /// The branch that is named as the folder, made at HEAD where there is none.
    Folder,
    /// A branch that is there.
    Branch(String),
    /// A new branch.
    New {
        /// Its name.
        name: String,
        /// Where it starts; HEAD when absent.
        start: Option<String>,
    },
    /// A commit, HEAD's when absent, and no branch.
    Detached(Option<String>),
}

/// A worktree.
#[derive(Clone, Debug, Serialize)]
pub struct WorktreeInfo {
    /// Its folder.
    pub path: String,
    /// Whether it is the one the repository was made with.
    pub main: bool,
    /// Whether it is this one.
    pub current: bool,
    /// The branch it is on.
    pub branch: Option<String>,
    /// The commit it is at.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// Whether its folder cannot be seen from here; what it needs is kept.
    pub missing: bool,
    /// The merge, revert or cherry-pick that waits there.
    pub under_way: Option<&'static str>,
}

/// What was listed or done.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "action", rename_all = "lowercase")]
pub enum WorktreeOutcome {
    /// The worktrees, the main one first.
    List {
        /// The worktrees.
        worktrees: Vec<WorktreeInfo>,
    },
    /// A worktree was made.
    Add {
        /// Its folder.
        path: String,
        /// The branch it is on.
        branch: Option<String>,
        /// Whether the branch was made with it.
        created: bool,
        /// The commit it is at.
        #[serde(serialize_with = "encode::optional_id")]
        commit: Option<CommitId>,
        /// Files written.
        written: u64,
        /// Bytes written.
        bytes: u64,
    },
    /// A worktree was removed.
    Remove {
        /// Its folder.
        path: String,
        /// Files removed; of a removal by force they are not counted.
        removed: u64,
        /// What is left in the folder: it belongs to no version.
        left: Vec<String>,
    },
    /// Worktrees were mended.
    Repair {
        /// The folders of those that were.
        repaired: Vec<String>,
    },
}

/// Names that are told of what is left.
const MAX_LEFT: usize = 20;

/// Does what was asked for.
pub fn run(ctx: &Context, action: &WorktreeAction) -> Result<WorktreeOutcome, OpError> {
    match action {
        WorktreeAction::List => list(&ctx.open_names()?),
        WorktreeAction::Add { path, on } => add(ctx, &ctx.open_repo()?, path, on),
        WorktreeAction::Remove { path, force } => remove(ctx, &ctx.open_repo()?, path, *force),
        WorktreeAction::Repair { paths } => repair(ctx, &ctx.open_repo()?, paths),
    }
}

fn list(names: &Names) -> Result<WorktreeOutcome, OpError> {
    let worktrees = names.db.read(|view| {
        let places = view.places()?;
        let mut found = Vec::new();
        for worktree in view.worktrees()? {
            let (head, place) = (view.head(worktree)?, places.get(&worktree));
            let is_main = worktree == WorktreeId::MAIN;
            let path = match place {
                None if is_main => names.paths.main_root().display().to_string(),
                place => place.map(|place| place.path.clone()).unwrap_or_default(),
            };
            found.push(WorktreeInfo {
                path,
                main: is_main,
                current: worktree == names.worktree,
                branch: head.branch().map(|branch| branch.short().to_owned()),
                commit: head.commit(),
                missing: !is_main && !place.is_some_and(|p| WorktreeLink::is_at(p, worktree)),
                under_way: operation::current(view, worktree)?.map(|it| it.kind.verb()),
            });
        }
        Ok::<_, DbError>(found)
    })?;
    Ok(WorktreeOutcome::List { worktrees })
}

fn add(
    ctx: &Context,
    repo: &Repo,
    path: &Path,
    on: &WorktreeOn,
) -> Result<WorktreeOutcome, OpError> {
    let to = destination(ctx, repo, path, on)?;
    if let HeadTarget::Branch(name) = &to.head
        && let Some(error) = names::checked_out(repo, name)?
    {
        return Err(error);
    }
    let tree = to.commit.map(|id| repo.store.read_root(id)).transpose()?;
    let root = new_folder(ctx, repo, path)?;
    let dir = root.join(DIR_NAME);
    std::fs::create_dir_all(&dir).at("create", &dir)?;
    fsio::write_atomic(&dir.join(".gitignore"), b"*\n")?;
    let token = format!("{:016x}", random_u64()?);
    let note = ctx.note(repo, format!("worktree: added at {}", to.name));
    repo.db.write(|tx| {
        if let Some((update, note)) = &to.branch {
            tx.update_ref(update.clone(), note)?;
        }
        let worktree = tx.add_worktree(&to.head, &note)?;
        let (token, path) = (token.clone(), text_of(&root)?);
        // Before the commit: a link that nobody knows is harmless, a worktree without one is not.
        WorktreeLink::new(worktree, &token, &root, &repo.paths.dir).write(&root)?;
        tx.set_place(worktree, &Place { token, path })?;
        tx.set_sparse(worktree, &repo.sparse)?;
        if let Some(tree) = tree {
            checkout::note_begun(tx, worktree, tree)?;
        }
        Ok::<_, OpError>(())
    })?;
    let paths = RepoPaths::of_root(&root).linked()?;
    let new = Repo::open(paths, repo.settings.clone(), Access::ReadWrite)?;
    let state = new.state()?;
    let shift = Shift { from: None, to: tree, stage: None };
    let done = checkout::shift(&new, &state, &shift, &ctx.run_context(&repo.settings))?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    Ok(WorktreeOutcome::Add {
        path: escape(&text_of(&root)?).into_owned(),
        branch: state.head.branch().map(|branch| branch.short().to_owned()),
        created: to.branch.is_some(),
        commit: to.commit,
        written: done.written.files,
        bytes: done.written.bytes,
    })
}

/// The folder of a new worktree, made if need be.
fn new_folder(ctx: &Context, repo: &Repo, path: &Path) -> Result<PathBuf, OpError> {
    let root = ctx.start_dir.join(path);
    let taken = |why: &str| OpError::Usage {
        message: format!("'{}' {why}", escape(&path.to_string_lossy())),
        hint: Some("choose a folder beside this one: esker worktree add ../NAME".to_owned()),
    };
    let existed = root.exists();
    fsio::create_dirs(&root)?;
    let root = root.canonicalize().at("find", &root)?;
    let above = root.parent().unwrap_or(&root);
    let inside = above.ancestors().any(|folder| folder.join(DIR_NAME).exists());
    let is_free = match inside {
        true => Err(taken("is inside a worktree, whose files its own would be")),
        false if !is_free(repo, &root)? => Err(taken("is there already and not empty")),
        false => text_of(&root).map(|_| ()),
    };
    if is_free.is_err() && !existed {
        // Best effort: an empty folder that stays is no harm.
        let _ = std::fs::remove_dir(&root);
    }
    is_free.map(|()| root)
}

/// Whether there is nothing in a folder but what an addition that was cut short left.
fn is_free(repo: &Repo, root: &Path) -> Result<bool, OpError> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(root).at("read", root)? {
        names.push(entry.at("read", root)?.file_name());
    }
    if names.is_empty() {
        return Ok(true);
    }
    let is_ours =
        names.len() == 1 && names[0] == DIR_NAME && !root.join(DIR_NAME).join("state.db").exists();
    let is_known = repo.db.read(|view| view.places())?.values().any(|p| Path::new(&p.path) == root);
    Ok(is_ours && !is_known)
}

fn text_of(root: &Path) -> Result<String, OpError> {
    match root.to_str() {
        Some(text) if !text.contains(char::is_control) => Ok(text.to_owned()),
        _ => Err(OpError::Usage {
            message: format!("'{}' is not plain text", escape(&root.to_string_lossy())),
            hint: None,
        }),
    }
}

fn destination(
    ctx: &Context,
    repo: &Repo,
    path: &Path,
    on: &WorktreeOn,
) -> Result<Destination, OpError> {
    let state = repo.state()?;
    let new = |name: &str, start: Option<&str>| {
        let made = head::new_branch(ctx, repo, &state, (name, false), start)?;
        match made.commit {
            Some(_) => Ok(made),
            None => Err(OpError::IsEmptyRepository),
        }
    };
    match on {
        WorktreeOn::New { name, start } => new(name, start.as_deref()),
        WorktreeOn::Branch(name) => branch(repo, name),
        WorktreeOn::Folder => {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            match branch(repo, &name) {
                Err(OpError::NoSuchRef { .. }) => new(&name, None),
                found => found,
            }
        }
        WorktreeOn::Detached(revision) => {
            let name = revision.as_deref().unwrap_or("HEAD");
            let commit = locate::commit(ctx, repo, name)?;
            let (head, name) = (HeadTarget::Commit(commit), name.to_owned());
            Ok(Destination { commit: Some(commit), head, branch: None, name })
        }
    }
}

fn branch(repo: &Repo, short: &str) -> Result<Destination, OpError> {
    let (name, target) = Kind::Branch.get(repo, short)?;
    let (head, commit) = (HeadTarget::Branch(name), target.commit());
    Ok(Destination { commit, head, branch: None, name: short.to_owned() })
}

/// The worktree in a folder, by what is registered.
fn find(ctx: &Context, repo: &Repo, path: &Path) -> Result<(WorktreeId, Place), OpError> {
    let wanted = std::path::absolute(ctx.start_dir.join(path)).at("find", path)?;
    let canonical = wanted.canonicalize().unwrap_or_else(|_| wanted.clone());
    if canonical == repo.paths.main_root().canonicalize().unwrap_or_default() {
        return Err(OpError::Usage {
            message: "the main worktree holds the repository itself".to_owned(),
            hint: Some("see the others: esker worktree list".to_owned()),
        });
    }
    let places = repo.db.read(|view| view.places())?;
    let is_it =
        |place: &Place| [&wanted, &canonical].iter().any(|p| ***p == *Path::new(&place.path));
    places.into_iter().find(|(_, place)| is_it(place)).ok_or_else(|| OpError::Usage {
        message: format!("'{}' is no worktree of this repository", escape(&path.to_string_lossy())),
        hint: Some("see which there are: esker worktree list".to_owned()),
    })
}

fn remove(
    ctx: &Context,
    repo: &Repo,
    path: &Path,
    force: bool,
) -> Result<WorktreeOutcome, OpError> {
    let (worktree, place) = find(ctx, repo, path)?;
    let root = PathBuf::from(&place.path);
    if repo.worktree == worktree || ctx.start_dir.starts_with(&root) {
        return Err(OpError::Usage {
            message: "a worktree cannot be removed from inside it".to_owned(),
            hint: Some(format!("run it from: {}", repo.paths.main_root().display())),
        });
    }
    let is_there = WorktreeLink::is_at(&place, worktree);
    if !force {
        refuse_loss(ctx, repo, worktree)?;
    }
    let mut removed = 0;
    if is_there && !force {
        let paths = RepoPaths::of_root(&root).linked()?;
        let old = Repo::open(paths, repo.settings.clone(), Access::ReadWrite)?;
        let state = old.state()?;
        let shift = Shift { from: state.staged_tree(), to: None, stage: state.stage };
        let done = checkout::shift(&old, &state, &shift, &ctx.run_context(&repo.settings))?;
        if !done.plan.conflicts.is_empty() {
            return Err(plans::would_overwrite(&done.plan));
        }
        removed = done.written.removed;
    }
    let note = ctx.note(repo, "worktree: removed".to_owned());
    repo.db.write(|tx| tx.remove_worktree(worktree, &note))?;
    let left = if is_there { clear(&root, force)? } else { Vec::new() };
    Ok(WorktreeOutcome::Remove { path: escape(&place.path).into_owned(), removed, left })
}

/// Refuses to remove what is saved nowhere: staged changes, an unfinished operation, commits that only a
/// detached HEAD has.
fn refuse_loss(ctx: &Context, repo: &Repo, worktree: WorktreeId) -> Result<(), OpError> {
    let (waiting, stage, head) = repo.db.read(|view| {
        let waiting = operation::current(view, worktree)?;
        Ok::<_, DbError>((waiting, view.stage(worktree)?, view.head(worktree)?))
    })?;
    if let Some(waiting) = waiting {
        return Err(OpError::InProgress { verb: waiting.kind.verb() });
    }
    let head_tree = head.commit().map(|id| repo.store.read_root(id)).transpose()?;
    let lost = |what: &str| OpError::Usage {
        message: format!("{what} would be lost with the worktree"),
        hint: Some("commit them there, or remove it with them: --force".to_owned()),
    };
    if stage.is_some_and(|stage| Some(stage) != head_tree) {
        return Err(lost("staged changes"));
    }
    ctx.cancel.check()?;
    if let Head::Detached(_) = head
        && head::left_behind(repo, &head, None)?.is_some()
    {
        return Err(lost("commits that no branch or tag has"));
    }
    Ok(())
}

/// Removes what makes a folder a worktree, and the folder if that leaves it empty; by force with all that
/// is in it. Gives the names of what is left.
fn clear(root: &Path, force: bool) -> Result<Vec<String>, OpError> {
    if force {
        std::fs::remove_dir_all(root).at("remove", root)?;
        return Ok(Vec::new());
    }
    let dir = root.join(DIR_NAME);
    std::fs::remove_dir_all(&dir).at("remove", &dir)?;
    if std::fs::remove_dir(root).is_ok() {
        return Ok(Vec::new());
    }
    let mut left = Vec::new();
    for entry in std::fs::read_dir(root).at("read", root)?.flatten().take(MAX_LEFT) {
        left.push(escape(&entry.file_name().to_string_lossy()).into_owned());
    }
    left.sort();
    Ok(left)
}

fn repair(ctx: &Context, repo: &Repo, moved: &[PathBuf]) -> Result<WorktreeOutcome, OpError> {
    let mut repaired = Vec::new();
    let places = repo.db.read(|view| view.places())?;
    let folders = moved.iter().map(|path| ctx.start_dir.join(path));
    let registered = places.values().map(|place| PathBuf::from(&place.path));
    for folder in folders.chain(registered) {
        let Ok(root) = folder.canonicalize() else { continue };
        let Ok(Some(link)) = WorktreeLink::read(&root) else { continue };
        let place = places.get(&link.worktree).filter(|place| place.token == link.token);
        let Some(place) = place else { continue };
        let new = WorktreeLink::new(link.worktree, &link.token, &root, &repo.paths.dir);
        let path = text_of(&root)?;
        if new != link {
            new.write(&root)?;
        } else if place.path == path {
            continue;
        }
        repo.db.write(|tx| {
            let token = link.token.clone();
            tx.set_place(link.worktree, &Place { token, path: path.clone() })
        })?;
        repaired.push(path);
    }
    repaired.dedup();
    Ok(WorktreeOutcome::Repair { repaired })
}
