//! What a checkout would do, as data: computed apart from doing it, printed by a dry run.

use std::fmt;

use crate::id::BlobId;
use crate::path::{RepoPath, escape};

/// A file to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where.
    pub path: RepoPath,
    /// Its content.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it gets the executable bit.
    pub executable: bool,
}

/// Why a path stands in the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// A tracked file was changed and the change is saved nowhere.
    Modified,
    /// Something that is not tracked would be overwritten.
    Untracked,
    /// A change is staged and not committed.
    Staged,
    /// The path is git's.
    TrackedByGit,
}

/// The steps of a checkout, in the order in which the lists are carried out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Files and links to remove.
    pub removals: Vec<RepoPath>,
    /// Folders to remove when they are empty, deepest first.
    pub dir_removals: Vec<RepoPath>,
    /// Folders to make, parents first.
    pub dirs: Vec<RepoPath>,
    /// Files to write.
    pub files: Vec<PlannedFile>,
    /// Executable bits to set or clear.
    pub mode_changes: Vec<(RepoPath, bool)>,
    /// Links to make, with their targets; last, so that nothing is written through one.
    pub symlinks: Vec<(RepoPath, Box<str>)>,
    /// Unsaved work that carrying the plan out would lose; only where that was allowed.
    pub lost: Vec<(RepoPath, Why)>,
    /// What forbids to carry the plan out.
    pub conflicts: Vec<(RepoPath, Why)>,
}

impl Plan {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Bytes of the files to be written.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|f| f.size).sum()
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Modified => "changed",
            Self::Untracked => "not tracked",
            Self::Staged => "staged",
            Self::TrackedByGit => "tracked by git",
        })
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.removals.iter().try_for_each(|p| writeln!(f, "remove {p}"))?;
        self.dir_removals.iter().try_for_each(|p| writeln!(f, "remove {p}/"))?;
        self.dirs.iter().try_for_each(|p| writeln!(f, "create {p}/"))?;
        self.files.iter().try_for_each(|p| writeln!(f, "write {} ({} bytes)", p.path, p.size))?;
        for (path, executable) in &self.mode_changes {
            writeln!(f, "mode {} {path}", if *executable { "+x" } else { "-x" })?;
        }
        let link = |(p, t): &(RepoPath, Box<str>)| format!("link {p} -> {}", escape(t));
        self.symlinks.iter().try_for_each(|s| writeln!(f, "{}", link(s)))?;
        self.conflicts.iter().try_for_each(|(p, why)| writeln!(f, "conflict {p} ({why})"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_prints_one_action_a_line() {
        let path = |text: &str| RepoPath::parse(text).expect("a valid path");
        let file =
            PlannedFile { path: path("d/f"), id: BlobId::of(b"x"), size: 1, executable: true };
        let plan = Plan {
            removals: vec![path("old")],
            dirs: vec![path("d")],
            files: vec![file],
            symlinks: vec![(path("l"), "d/f".into())],
            conflicts: vec![(path("mine"), Why::Untracked)],
            ..Plan::default()
        };
        let shown = plan.to_string();
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "remove old",
                "create d/",
                "write d/f (1 bytes)",
                "link l -> d/f",
                "conflict mine (not tracked)"
            ]
        );
        assert!(Plan::default().is_empty() && !plan.is_empty());
        assert_eq!(plan.bytes(), 1);
    }
}
