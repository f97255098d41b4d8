//! Keeping what a verb is about to name from collections that run beside it.

use super::StepError;
use crate::db::DbError;
use crate::history::Ancestors;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::pack::layout::PackKind;
use crate::progress::Cancel;
use crate::refs::RefTarget;
use crate::repo::Repo;
use crate::store::StoreError;

/// Keeps all packs that are live now until the repository is closed: for a verb that names what the
/// stage, HEAD or a stash has, though these may have moved on by then. Whatever is read from them after
/// this stays whole. Does nothing for who only reads.
pub fn everything(repo: &Repo) -> Result<(), StepError> {
    let Some(session) = &repo.session else { return Ok(()) };
    let packs = repo.db.read(|view| view.live_packs())?;
    session.hold(&packs.into_iter().map(|pack| pack.id).collect())?;
    Ok(repo.store.settle()?)
}

/// Makes sure that a commit which is about to be named, or trees of which are, is there with all that it
/// reaches, and stays so until the repository is closed. Does nothing for who only reads: what is there
/// when a repository is opened can be read until it is closed.
///
/// What no ref reaches any more may be there in part: a collection took what it found to be alone.
///
/// # Errors
/// `Damaged` if something of it is gone.
pub fn commit(repo: &Repo, id: CommitId, cancel: &Cancel) -> Result<(), StepError> {
    let Some(session) = &repo.session else { return Ok(()) };
    let check = || match is_reached(repo, id)? || repo.store.has_all_of(id, cancel)? {
        true => Ok(()),
        false => Err(partial(id)),
    };
    session.hold_commit(id)?;
    // Not before it is held and seen to be: of what a collection finds then, it takes nothing.
    repo.store.settle()?;
    check()
}

/// As [`commit`], for what a ref names: of an annotated tag its object, too.
pub fn target(repo: &Repo, target: RefTarget, cancel: &Cancel) -> Result<(), StepError> {
    let (Some(session), RefTarget::Tag(id)) = (&repo.session, target) else {
        return target.commit().map_or(Ok(()), |id| commit(repo, id, cancel));
    };
    loop {
        let found = repo.store.catalog().find(PackKind::History, &id.into())?;
        let pack = found.ok_or(StoreError::Missing(id.into()))?.pack;
        session.hold(&[pack].into())?;
        repo.store.settle()?;
        if repo.store.catalog().is_live(pack) {
            break;
        }
    }
    commit(repo, repo.store.read_tag(id)?.target, cancel)
}

fn partial(id: CommitId) -> StepError {
    let why = "nothing reached it, and a collection took some of what it holds".to_owned();
    StoreError::Damaged { what: format!("commit {}", id.short()), why }.into()
}

/// How often the refs are read again because one of them moved, and what it had named was collected.
const ATTEMPTS: usize = 4;

/// Whether a ref or HEAD reaches a commit: then all of it is live. In a damaged history, where that
/// cannot be told, it counts as reached, so that there is a way out.
fn is_reached(repo: &Repo, id: CommitId) -> Result<bool, StepError> {
    for _ in 0..ATTEMPTS {
        if let Some(is_reached) = try_is_reached(repo, id)? {
            return Ok(is_reached);
        }
    }
    Ok(true)
}

/// Nothing where an object of the history is not there or damaged.
fn try_is_reached(repo: &Repo, id: CommitId) -> Result<Option<bool>, StepError> {
    let (mut tips, refs) = repo.db.read(|view| {
        let mut heads = Vec::new();
        for worktree in view.worktrees()? {
            heads.extend(view.head(worktree)?.commit());
        }
        Ok::<_, DbError>((heads, view.refs("refs/")?))
    })?;
    tips.extend(refs.iter().filter_map(|(_, target)| target.commit()));
    if tips.contains(&id) {
        return Ok(Some(true));
    }
    for (_, target) in refs {
        if let RefTarget::Tag(tag) = target {
            let Ok(tag) = repo.store.read_tag(tag) else { return Ok(None) };
            tips.push(tag.target);
        }
    }
    let Ok(reached) = Ancestors::new(&repo.store, tips) else { return Ok(None) };
    for found in reached {
        match found {
            Err(_) => return Ok(None),
            Ok((found, _)) if found == id => return Ok(Some(true)),
            Ok(_) => {}
        }
    }
    Ok(Some(false))
}
