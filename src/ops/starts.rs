//! From what a person wrote to where a walk begins and what it leaves out.

use std::collections::HashSet;

use super::source::Source;
use super::{Context, OpError, locate};
use crate::history::merge_base::{merge_bases, reachable_minus};
use crate::id::CommitId;
use crate::refs::RefTarget;
use crate::repo::Repo;
use crate::revision::Range;

/// Where a walk begins, and its bounds.
pub(super) struct Starts {
    pub include: Vec<CommitId>,
    /// The commits it may visit, where some were excluded.
    pub within: Option<HashSet<CommitId>>,
}

/// Whether a text stands for more than one commit.
pub(super) fn is_range(text: &str) -> bool {
    text.starts_with('^') || Range::parse(text).is_some()
}

/// Reads revisions, `^REV` and ranges, and every ref besides if `all`; without any, HEAD.
pub(super) fn of(
    ctx: &Context,
    source: &dyn Source,
    revisions: &[String],
    all: bool,
) -> Result<Starts, OpError> {
    let (mut include, mut exclude) = (Vec::new(), Vec::new());
    if all {
        include = all_refs(source)?;
    }
    for text in revisions {
        if let Some(text) = text.strip_prefix('^') {
            exclude.push(locate::commit(ctx, source, text)?);
        } else if let Some(range) = Range::parse(text) {
            let left = locate::commit(ctx, source, range.left)?;
            let right = locate::commit(ctx, source, range.right)?;
            include.push(right);
            match range.is_symmetric {
                true => {
                    include.push(left);
                    exclude.extend(merge_bases(source.objects(), &[left], &[right])?);
                }
                false => exclude.push(left),
            }
        } else {
            include.push(locate::commit(ctx, source, text)?);
        }
    }
    if include.is_empty() {
        include.push(locate::commit(ctx, source, "HEAD")?);
    }
    let within = match exclude.is_empty() {
        true => None,
        false => Some(reachable_minus(source.objects(), &include, &exclude)?.into_iter().collect()),
    };
    Ok(Starts { include, within })
}

/// The commits of HEAD and all refs.
fn all_refs(source: &dyn Source) -> Result<Vec<CommitId>, OpError> {
    let mut commits: Vec<CommitId> = source.refs().head()?.commit().into_iter().collect();
    for (_, target) in source.refs().refs("refs/")? {
        commits.push(match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => source.objects().read_tag(id)?.target,
        });
    }
    match commits.is_empty() {
        true => Err(OpError::IsEmptyRepository),
        false => Ok(commits),
    }
}

/// Refuses to take a commit for a first one whose parents were merely not fetched.
pub(super) fn refuse_shallow(repo: &Repo, id: CommitId) -> Result<(), OpError> {
    match repo.store.absent().shallow.contains(&id) {
        true => Err(OpError::Shallow { commit: id.short() }),
        false => Ok(()),
    }
}

/// Refuses to write history anew where not all of it is here.
pub(super) fn refuse_partial(repo: &Repo) -> Result<(), OpError> {
    match repo.store.absent().is_empty() {
        true => Ok(()),
        false => Err(OpError::Usage {
            message: "not all of this repository is here".to_owned(),
            hint: Some("do it in a clone that has everything: esker clone URL".to_owned()),
        }),
    }
}
