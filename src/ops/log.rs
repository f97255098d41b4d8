//! `log`: the commits that lead to a revision.

use std::ops::ControlFlow;

use serde::Serialize;

use super::{Context, OpError, encode};
use crate::id::{CommitId, TreeId};

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

/// Hands out commits, children before parents, until `each` breaks.
pub fn run(
    _ctx: &Context,
    _options: &LogOptions,
    _each: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
) -> Result<(), OpError> {
    Err(OpError::NotBuilt)
}
