//! `show`: one object.

use serde::Serialize;

use super::log::{LogEntry, PersonInfo};
use super::ls::LsEntry;
use super::{ChangeTotals, Context, FileChange, OpError, encode};
use super::{locate, log, ls};
use crate::id::{BlobId, TagId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::tag::Tag;
use crate::object::tree::EntryValue;
use crate::path::patterns::Selection;
use crate::refs::RefTarget;

/// What to show.
#[derive(Clone, Debug, Default)]
pub struct ShowOptions {
    /// A revision, `REV:path`, or an id.
    pub object: String,
}

/// An annotated tag.
#[derive(Clone, Debug, Serialize)]
pub struct ShownTag {
    /// The name it was made under.
    pub name: String,
    /// Its id.
    #[serde(serialize_with = "encode::id")]
    pub id: TagId,
    /// Who made it, and when.
    pub tagger: PersonInfo,
    /// Why, in words.
    pub message: String,
}

/// The object.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ShowOutcome {
    /// A commit and what it changed against its first parent.
    Commit {
        /// The annotated tag that was asked for.
        #[serde(skip_serializing_if = "Option::is_none")]
        tag: Option<ShownTag>,
        /// The commit.
        #[serde(flatten)]
        entry: Box<LogEntry>,
        /// Sums over all changes.
        change_totals: Box<ChangeTotals>,
        /// The first changes, sorted by path.
        changes: Vec<FileChange>,
        /// How many there are beyond those.
        more: u64,
    },
    /// A directory.
    Tree {
        /// Its id.
        #[serde(serialize_with = "encode::id")]
        id: TreeId,
        /// Its entries.
        entries: Vec<LsEntry>,
    },
    /// A file; its bytes come from `cat`.
    File {
        /// Its id.
        #[serde(serialize_with = "encode::id")]
        id: BlobId,
        /// Its bytes.
        size: u64,
        /// Whether it may be run.
        executable: bool,
    },
    /// A symbolic link.
    Symlink {
        /// Where it points.
        target: String,
    },
}

/// Changes of a commit that are listed; the rest is counted.
const MAX_CHANGES: usize = 1000;

/// Shows a commit with its changes, or what `REV:path` names.
pub fn run(ctx: &Context, options: &ShowOptions) -> Result<ShowOutcome, OpError> {
    let repo = ctx.open_repo_to_read()?;
    if super::has_path(&options.object) {
        let (revision, path) = super::split_rev_path(&options.object);
        let (path, value) = locate::find(ctx, &repo, Some(revision.unwrap_or("HEAD")), path)?;
        return match value {
            EntryValue::File { id, size, executable } => {
                Ok(ShowOutcome::File { id, size, executable })
            }
            EntryValue::Symlink { target } => {
                Ok(ShowOutcome::Symlink { target: target.into_string() })
            }
            EntryValue::Directory { id, .. } => {
                let mut entries = Vec::new();
                for entry in crate::object::prolly::iterate(&repo.store, id) {
                    let entry = entry?;
                    entries.push(ls::entry(&path.join(&entry.name)?, &entry.value));
                }
                Ok(ShowOutcome::Tree { id, entries })
            }
        };
    }
    let (id, tag) = match locate::target(ctx, &repo, &options.object)? {
        RefTarget::Commit(id) => (id, None),
        RefTarget::Tag(id) => {
            let Tag { target, name, tagger, message, .. } = repo.store.read_tag(id)?;
            (target, Some(ShownTag { name, id, tagger: tagger.into(), message }))
        }
    };
    let commit = repo.store.read_commit(id)?;
    let mut changes =
        log::changes_of(&repo, id, &commit, &Selection::default(), true)?.unwrap_or_default();
    let change_totals = Box::new(ChangeTotals::of(&changes));
    let more = changes.len().saturating_sub(MAX_CHANGES) as u64;
    changes.truncate(MAX_CHANGES);
    let totals = log::totals_of(&repo, id)?;
    let entry = log::entry_of(&repo, id, commit, &log::refs_by_commit(&repo)?);
    let entry = Box::new(LogEntry { totals, ..entry });
    Ok(ShowOutcome::Commit { tag, entry, change_totals, changes, more })
}
