//! What part of the tree a worktree is to have, in numbers.

use serde::Serialize;

use crate::path::PathSet;

/// How many paths a worktree is to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SparseCounts {
    /// How many; the root is one.
    pub paths: u64,
    /// How many below them it is not to have.
    pub except: u64,
}

impl SparseCounts {
    /// Of a set; nothing of everything.
    pub(super) fn of(set: &PathSet) -> Option<Self> {
        let (all, rules) = set.rules();
        let paths = rules.iter().filter(|(_, is_in)| *is_in).count() as u64;
        let except = rules.len() as u64 - paths;
        (!set.is_all()).then_some(Self { paths: paths + u64::from(all), except })
    }
}
