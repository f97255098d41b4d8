//! What became of a ref, in a push or a fetch.

use serde::Serialize;

use crate::object::access::ReadObjects;
use crate::refs::{RefName, RefTarget};
use crate::repo::Repo;

/// What became of a ref.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefLine {
    /// Its full name on the remote.
    pub name: String,
    /// What it was.
    pub old: Option<String>,
    /// What it is.
    pub new: Option<String>,
    /// `new`, `moved`, `forced`, `deleted` or `same`.
    pub change: RefChange,
}

/// How a ref changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RefChange {
    /// It was not there.
    New,
    /// It moved on.
    Moved,
    /// It moved away from commits it had.
    Forced,
    /// It is gone.
    Deleted,
    /// It was there as it is.
    Same,
}

/// What became of a ref.
pub(super) fn line(
    repo: &Repo,
    name: &RefName,
    old: Option<RefTarget>,
    new: Option<RefTarget>,
) -> RefLine {
    line_in(&repo.store, name, old, new)
}

/// As [`line()`], for a history that need not be a repository's.
pub(super) fn line_in(
    read: &dyn ReadObjects,
    name: &RefName,
    old: Option<RefTarget>,
    new: Option<RefTarget>,
) -> RefLine {
    let continues = |old: RefTarget, new: RefTarget| match (old, new) {
        (RefTarget::Commit(old), RefTarget::Commit(new)) => {
            crate::history::merge_base::is_ancestor(read, old, new).unwrap_or(false)
        }
        _ => false,
    };
    let change = match (old, new) {
        (old, new) if old == new => RefChange::Same,
        (None, _) => RefChange::New,
        (_, None) => RefChange::Deleted,
        (Some(old), Some(new)) if continues(old, new) => RefChange::Moved,
        _ => RefChange::Forced,
    };
    let text = |target: RefTarget| match target {
        RefTarget::Commit(id) => id.to_string(),
        RefTarget::Tag(id) => id.to_string(),
    };
    RefLine { name: name.to_string(), old: old.map(text), new: new.map(text), change }
}
