//! What a checkout would do to a worktree, as plain data.
//!
//! Whoever compares trees makes a plan, a dry run prints it, and only then it is carried out, in
//! the order of [`Plan`]'s fields: what must go first frees the paths for what comes, and symlinks
//! come last, so that nothing is ever written through one. A plan with conflicts is not carried
//! out.

use std::fmt;

use crate::id::BlobId;
use crate::path::{RepoPath, escape};

/// A file to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedFile {
    /// Where.
    pub path: RepoPath,
    /// Its content.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// Whether it is made executable.
    pub executable: bool,
}

/// A symlink to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedSymlink {
    /// Where.
    pub path: RepoPath,
    /// What it points to, as it is.
    pub target: Box<str>,
}

/// A file that only becomes executable or ceases to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModeChange {
    /// Which file.
    pub path: RepoPath,
    /// Whether it shall be executable.
    pub executable: bool,
}

/// Why a path stands in the way of a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// A tracked file was changed and the change is not committed.
    LocalChanges,
    /// A file that is not tracked would be overwritten.
    Untracked,
    /// Ignored files would be lost with their folder.
    Ignored,
    /// A folder that holds other files stands where a file shall be.
    FolderInTheWay,
    /// A symlink stands where a folder is needed.
    SymlinkAsParent,
    /// The path is in the index of an enclosing git checkout.
    InGitIndex,
    /// This machine cannot hold the name.
    NotRepresentable,
    /// Another path of the tree has the same name on a file system that folds case.
    CaseCollision,
    /// It could not be found out what stands there.
    Unreadable,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::LocalChanges => "has changes that are not committed",
            Why::Untracked => "is not tracked and would be overwritten",
            Why::Ignored => "is ignored and would be lost",
            Why::FolderInTheWay => "is a folder that holds other files",
            Why::SymlinkAsParent => "is a symlink where a folder is needed",
            Why::InGitIndex => "belongs to git",
            Why::NotRepresentable => "has a name this machine cannot hold",
            Why::CaseCollision => "has the name of another path but for case",
            Why::Unreadable => "cannot be read",
        })
    }
}

/// Counts of a plan, without its conflicts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PlanTotals {
    /// Files and symlinks to remove.
    pub removals: u64,
    /// Files to write.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Everything else: folders made and removed, symlinks, modes.
    pub others: u64,
}

/// Everything a checkout would do. Printed, it has one action a line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Files and symlinks to remove.
    pub removals: Vec<RepoPath>,
    /// Folders to remove if nothing is left in them, each after those below it.
    pub dir_removals: Vec<RepoPath>,
    /// Folders to make, each before those below it.
    pub dirs: Vec<RepoPath>,
    /// Files to write, over what stands there.
    pub files: Vec<PlannedFile>,
    /// Files whose content stays.
    pub mode_changes: Vec<ModeChange>,
    /// Symlinks to make, over what stands there.
    pub symlinks: Vec<PlannedSymlink>,
    /// What forbids to carry the plan out.
    pub conflicts: Vec<(RepoPath, Why)>,
}

impl Plan {
    /// Whether there is nothing to do and nothing that forbids it.
    pub fn is_empty(&self) -> bool {
        *self == Plan::default()
    }

    /// Adds up what would be done. Bytes saturate.
    pub fn totals(&self) -> PlanTotals {
        let others = [
            self.dir_removals.len(),
            self.dirs.len(),
            self.mode_changes.len(),
            self.symlinks.len(),
        ];
        PlanTotals {
            removals: self.removals.len() as u64,
            files: self.files.len() as u64,
            bytes: self.files.iter().fold(0, |sum, file| sum.saturating_add(file.size)),
            others: others.iter().sum::<usize>() as u64,
        }
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for path in &self.removals {
            writeln!(f, "remove {path}")?;
        }
        for path in &self.dir_removals {
            writeln!(f, "remove-folder {path}")?;
        }
        for path in &self.dirs {
            writeln!(f, "make-folder {path}")?;
        }
        for file in &self.files {
            let verb = if file.executable { "write-executable" } else { "write" };
            writeln!(f, "{verb} {} {} {}", file.path, file.id.short(), file.size)?;
        }
        for change in &self.mode_changes {
            let verb = if change.executable { "set-executable" } else { "clear-executable" };
            writeln!(f, "{verb} {}", change.path)?;
        }
        for link in &self.symlinks {
            writeln!(f, "symlink {} -> {}", link.path, escape(&link.target))?;
        }
        for (path, why) in &self.conflicts {
            writeln!(f, "conflict {path} {why}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &str) -> RepoPath {
        RepoPath::parse(path).expect("valid path")
    }

    #[test]
    fn a_plan_prints_one_action_a_line() {
        let id = BlobId::of(b"x");
        let file = |path, executable| PlannedFile { path: at(path), id, size: 7, executable };
        let plan = Plan {
            removals: vec![at("old"), at("new\nline")],
            dir_removals: vec![at("gone/deep"), at("gone")],
            dirs: vec![at("d")],
            files: vec![file("d/f", false), file("d/run", true)],
            mode_changes: vec![ModeChange { path: at("m"), executable: false }],
            symlinks: vec![PlannedSymlink { path: at("l"), target: "../t\n".into() }],
            conflicts: vec![(at("c"), Why::LocalChanges)],
        };
        let text = plan.to_string();
        let short = id.short();
        let expected = [
            "remove old".to_owned(),
            format!("remove {}", escape("new\nline")),
            "remove-folder gone/deep".to_owned(),
            "remove-folder gone".to_owned(),
            "make-folder d".to_owned(),
            format!("write d/f {short} 7"),
            format!("write-executable d/run {short} 7"),
            "clear-executable m".to_owned(),
            format!("symlink l -> {}", escape("../t\n")),
            "conflict c has changes that are not committed".to_owned(),
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        let totals = PlanTotals { removals: 2, files: 2, bytes: 14, others: 5 };
        assert_eq!(plan.totals(), totals);
        assert!(!plan.is_empty() && Plan::default().is_empty());
        assert_eq!(Plan::default().to_string(), "");
    }
}
