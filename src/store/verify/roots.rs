//! What a repository must hold: everything that refs, HEADs, reflogs and stages name.

use std::collections::HashSet;

use crate::db::{DbError, Kept, ReflogOf, View};
use crate::id::{CommitId, TagId, TreeId};
use crate::refs::RefTarget;

/// Reflog rows read at once.
const ROWS_AT_ONCE: u32 = 1000;

/// Where a check starts, each with the name people know it by.
#[derive(Clone, Debug, Default)]
pub struct Roots {
    /// Commits of refs, detached HEADs and reflogs.
    pub commits: Vec<(String, CommitId)>,
    /// Tag objects.
    pub tags: Vec<(String, TagId)>,
    /// Staged trees, and those of unfinished operations.
    pub trees: Vec<(String, TreeId)>,
    /// Commits whose files a remote promised; those before them, too.
    pub promised: Vec<(String, CommitId)>,
}

impl Roots {
    /// Everything that `view` names.
    pub fn of(view: &View<'_>) -> Result<Self, DbError> {
        let mut roots = Self::default();
        let mut seen = HashSet::new();
        let promised = view.absent()?.promised.into_iter();
        roots.promised =
            promised.map(|(id, remote)| (format!("promised by {remote}"), id)).collect();
        let refs = view.refs("refs/")?;
        for (name, target) in &refs {
            roots.add(&mut seen, name.short(), *target);
        }
        for worktree in view.worktrees()? {
            if let Some(commit) = view.head(worktree)?.commit() {
                roots.add(&mut seen, "HEAD", commit.into());
            }
            if let Some(tree) = view.stage(worktree)? {
                roots.trees.push(("stage".to_owned(), tree));
            }
            for kept in view.kept(worktree)? {
                match kept {
                    Kept::Commit(id) => roots.add(&mut seen, "unfinished operation", id.into()),
                    Kept::Tree(id) => roots.trees.push(("unfinished operation".to_owned(), id)),
                }
            }
            roots.add_reflog(view, &mut seen, ReflogOf::Head(worktree), "reflog of HEAD")?;
        }
        // Also those of refs that were deleted: they are how a branch comes back.
        for name in view.logged_refs()? {
            let label = format!("reflog of {}", name.short());
            roots.add_reflog(view, &mut seen, ReflogOf::Ref(&name), &label)?;
        }
        Ok(roots)
    }

    fn add_reflog(
        &mut self,
        view: &View<'_>,
        seen: &mut HashSet<RefTarget>,
        of: ReflogOf<'_>,
        label: &str,
    ) -> Result<(), DbError> {
        let mut skip = 0;
        loop {
            let rows = view.reflog(of, skip, ROWS_AT_ONCE)?;
            if rows.is_empty() {
                return Ok(());
            }
            skip += ROWS_AT_ONCE;
            for target in rows.iter().flat_map(|row| [row.new, row.old]).flatten() {
                self.add(seen, label, target);
            }
        }
    }

    fn add(&mut self, seen: &mut HashSet<RefTarget>, label: &str, target: RefTarget) {
        if !seen.insert(target) {
            return;
        }
        match target {
            RefTarget::Commit(id) => self.commits.push((label.to_owned(), id)),
            RefTarget::Tag(id) => self.tags.push((label.to_owned(), id)),
        }
    }
}
