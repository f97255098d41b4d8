//! What is staged goes along to another tree, as in git, where that tree has at its paths what HEAD has.

use super::StepError;
use crate::diff::tree::{self as diff, Change};
use crate::id::TreeId;
use crate::object::paths::edit_paths;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::store::objects::ObjectWriter;
use crate::store::session::Session;

/// Staged changes on their way to another tree.
#[derive(Default)]
pub(super) struct Carried {
    /// What the other tree gets.
    edits: Vec<(RepoPath, Option<EntryValue>)>,
    /// Staged paths where the other tree has something of its own.
    pub conflicts: Vec<RepoPath>,
}

enum Fate {
    /// The other tree gets the change.
    Goes,
    /// It has it already, or what is below the folder decides.
    Stays,
    Conflicts,
}

/// What becomes of everything staged when HEAD moves to a commit with this tree.
pub(super) fn carry(
    repo: &Repo,
    state: &WorkState,
    to: Option<TreeId>,
) -> Result<Carried, StepError> {
    let mut carried = Carried::default();
    if state.stage.is_none() {
        return Ok(carried);
    }
    for change in diff::changes(&repo.store, state.head_tree, state.staged_tree())? {
        let there = match to {
            Some(to) => prolly::resolve(&repo.store, to, &change.path)?,
            None => None,
        };
        match fate(&change, there.as_ref()) {
            Fate::Goes => carried.edits.push((change.path, change.new)),
            Fate::Stays => {}
            Fate::Conflicts => carried.conflicts.push(change.path),
        }
    }
    Ok(carried)
}

fn fate(change: &Change, there: Option<&EntryValue>) -> Fate {
    let is_dir = |value: Option<&EntryValue>| matches!(value, Some(EntryValue::Directory { .. }));
    let (old, new) = (change.old.as_ref(), change.new.as_ref());
    if there == old {
        return Fate::Goes;
    }
    // A folder that both have, or that one of them has taken away.
    let is_shared = (is_dir(old) || old.is_none()) && (is_dir(new) || new.is_none());
    if there == new || is_shared && (is_dir(there) || there.is_none()) {
        return Fate::Stays;
    }
    Fate::Conflicts
}

impl Carried {
    /// The stage to come: the other tree with what goes along; `None` where that is the tree itself.
    /// The session keeps it from collections until it is named.
    pub fn stage(
        self,
        repo: &Repo,
        to: Option<TreeId>,
    ) -> Result<(Option<TreeId>, Option<Session>), StepError> {
        if self.edits.is_empty() {
            return Ok((None, None));
        }
        let core = &repo.settings.core;
        let session = repo.store.start_session()?;
        let mut writer =
            ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
        let tree = edit_paths(&repo.store, to, self.edits, &mut writer)?.id;
        let packs = writer.finish()?;
        repo.store.publish(packs, &Default::default(), |_| Ok::<_, StepError>(()))?;
        Ok(((Some(tree) != to).then_some(tree), Some(session)))
    }
}
