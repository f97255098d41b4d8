//! `annotate`: the commit that last changed each entry of a folder.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::ControlFlow;

use serde::Serialize;

use super::log::{LogEntry, entry_of, refs_by_commit};
use super::ls::{self, LsEntry};
use super::{Context, OpError, locate};
use crate::history::annotate::last_changes;
use crate::id::CommitId;
use crate::object::access::ReadObjects;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

/// Which folder or file.
#[derive(Clone, Debug, Default)]
pub struct AnnotateOptions {
    /// The revision; HEAD when absent.
    pub revision: Option<String>,
    /// A path in its tree; the root when absent.
    pub path: Option<String>,
}

/// One entry and the commit that last changed it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AnnotateEntry {
    /// The entry.
    pub entry: LsEntry,
    /// The commit.
    pub commit: LogEntry,
}

/// Visits the entries of a folder, or one file, in order.
pub fn run(
    ctx: &Context,
    options: &AnnotateOptions,
    each: &mut dyn FnMut(AnnotateEntry) -> ControlFlow<()>,
) -> Result<(), OpError> {
    let repo = ctx.open_repo_to_read()?;
    let (revision, path) = (options.revision.as_deref(), options.path.as_deref());
    let (revision, path, value) = locate::find_either(ctx, &repo, revision, path)?;
    let start = locate::commit(ctx, &repo, revision)?;
    let (dir, entries) = match value {
        EntryValue::Directory { id, .. } => {
            let mut entries = BTreeMap::new();
            for entry in prolly::iterate(&repo.store, id) {
                let entry = entry?;
                entries.insert(entry.name, entry.value);
            }
            (path, entries)
        }
        value => {
            let name = path.name().unwrap_or_default().into();
            (path.parent().unwrap_or_else(RepoPath::root), BTreeMap::from([(name, value)]))
        }
    };
    let names: HashSet<Box<str>> = entries.keys().cloned().collect();
    let found = last_changes(&repo.store, start, &dir, names)?;
    let refs = refs_by_commit(&repo)?;
    let mut commits: HashMap<CommitId, LogEntry> = HashMap::new();
    for (name, value) in entries {
        let Some(id) = found.get(&name) else { continue };
        let commit = match commits.get(id) {
            Some(commit) => commit.clone(),
            None => entry_of(&repo, *id, repo.store.read_commit(*id)?, &refs),
        };
        commits.entry(*id).or_insert_with(|| commit.clone());
        let entry = ls::entry(&dir.join(&name)?, &value);
        if each(AnnotateEntry { entry, commit }).is_break() {
            break;
        }
    }
    Ok(())
}
