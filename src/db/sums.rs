//! What a staged tree holds and how it differs from HEAD's, counted by who staged it: to count it again
//! at the commit would cost as much as the folders in which something changed are large.

use super::{DbError, Tx, View};
use crate::id::TreeId;
use crate::refs::WorktreeId;

/// Journal entries of it.
const SUMS: &str = "sums";

/// Of a tree that was staged in one step on the tree of HEAD. Both are named, so that it can be no other's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StagedSums {
    /// The tree that it was staged on; `None` before the first commit.
    pub base: Option<TreeId>,
    /// The staged tree.
    pub tree: TreeId,
    /// Files in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Files that the base does not have.
    pub added: u64,
    /// Files that differ from the base's.
    pub modified: u64,
    /// Files that only the base has.
    pub removed: u64,
}

impl StagedSums {
    fn encode(&self) -> String {
        let Self { base, tree, files, bytes, added, modified, removed } = self;
        let base = base.map_or_else(|| "-".to_owned(), |base| base.to_string());
        format!("{base} {tree} {files} {bytes} {added} {modified} {removed}")
    }

    /// `None` for any other text: as if nothing had been counted.
    fn decode(text: &str) -> Option<Self> {
        let (trees, numbers) = text.split_at_checked(text.match_indices(' ').nth(1)?.0)?;
        let (base, tree) = trees.split_once(' ')?;
        let base = if base == "-" { None } else { Some(base.parse().ok()?) };
        let numbers: Vec<u64> =
            numbers.split_ascii_whitespace().map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let [files, bytes, added, modified, removed] = numbers[..] else { return None };
        Some(Self { base, tree: tree.parse().ok()?, files, bytes, added, modified, removed })
    }
}

impl View<'_> {
    /// What was counted when the stage of a worktree moved last, if it was.
    pub fn staged_sums(&self, worktree: WorktreeId) -> Result<Option<StagedSums>, DbError> {
        let value = self.journal(worktree, SUMS, b"")?.unwrap_or_default();
        Ok(StagedSums::decode(&String::from_utf8_lossy(&value)))
    }
}

impl Tx<'_> {
    /// Notes what was counted, over what was noted before.
    pub fn set_staged_sums(&self, worktree: WorktreeId, sums: &StagedSums) -> Result<(), DbError> {
        self.put_journal(worktree, SUMS, b"", sums.encode().as_bytes())
    }

    /// Forgets what was counted.
    pub fn clear_staged_sums(&self, worktree: WorktreeId) -> Result<(), DbError> {
        self.clear_journal(worktree, SUMS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read_as_they_were_written_and_nothing_else_is() {
        let tree = TreeId::of(b"tree");
        for base in [None, Some(TreeId::of(b"base"))] {
            let sums = StagedSums {
                base,
                tree,
                files: 1,
                bytes: u64::MAX,
                added: 2,
                modified: 0,
                removed: 3,
            };
            let text = sums.encode();
            assert_eq!(StagedSums::decode(&text), Some(sums));
            assert_eq!(StagedSums::decode(&format!("{text} 1")), None);
            assert_eq!(StagedSums::decode(&text.replace(' ', "")), None);
        }
        for text in ["", "-", "- -", &format!("- {tree} 1 2 3 4"), &format!("x {tree} 1 2 3 4 5")] {
            assert_eq!(StagedSums::decode(text), None, "{text}");
        }
    }
}
