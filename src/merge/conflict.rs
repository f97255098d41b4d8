//! What could not be merged, by path.

use std::fmt;

use super::MergeError;
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

/// One of the two sides of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Where the merge is made.
    Ours,
    /// What is merged in.
    Theirs,
}

impl Side {
    /// The other one.
    pub fn other(self) -> Self {
        match self {
            Self::Ours => Self::Theirs,
            Self::Theirs => Self::Ours,
        }
    }
}

/// What kind of conflict a path is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConflictKind {
    /// Both sides changed it.
    BothModified,
    /// Both sides added it.
    BothAdded,
    /// We changed it and they deleted it.
    DeletedByThem,
    /// They changed it and we deleted it.
    DeletedByUs,
    /// Both sides renamed it, each to another path.
    BothRenamed,
    /// One side renamed it and the other one deleted it.
    RenamedDeleted,
    /// One side has a file and the other one a folder there.
    FileFolder,
    /// One side has a file and the other one a link there.
    FileLink,
}

impl ConflictKind {
    /// Every kind, with the name that documents and the journal use.
    const NAMES: [(Self, &'static str); 8] = [
        (Self::BothModified, "both modified"),
        (Self::BothAdded, "both added"),
        (Self::DeletedByThem, "deleted by them"),
        (Self::DeletedByUs, "deleted by us"),
        (Self::BothRenamed, "both renamed"),
        (Self::RenamedDeleted, "renamed and deleted"),
        (Self::FileFolder, "file and folder"),
        (Self::FileLink, "file and link"),
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        let found = Self::NAMES.iter().find(|(kind, _)| *kind == self);
        found.map_or("", |(_, name)| name)
    }

    /// The kind of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, n)| *n == name).map(|(kind, _)| *kind)
    }
}

impl fmt::Display for ConflictKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A path that could not be merged, and what each side has for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Where.
    pub path: RepoPath,
    /// How.
    pub kind: ConflictKind,
    /// What the base has.
    pub base: Option<EntryValue>,
    /// What our side has.
    pub ours: Option<EntryValue>,
    /// What their side has.
    pub theirs: Option<EntryValue>,
    /// Its path in the base, or where it would be without the conflict, if that is another one.
    pub origin: Option<RepoPath>,
}

impl Conflict {
    /// What a side has.
    pub fn of(&self, side: Side) -> Option<&EntryValue> {
        match side {
            Side::Ours => self.ours.as_ref(),
            Side::Theirs => self.theirs.as_ref(),
        }
    }
}

/// A free path beside `path` for what the side `name` has there: `path~name`, or `path~name_0` and so
/// on.
pub fn apart<E: From<MergeError>>(
    path: &RepoPath,
    name: &str,
    is_taken: impl Fn(&RepoPath) -> Result<bool, E>,
) -> Result<RepoPath, E> {
    let name = name.replace('/', "_");
    let mut number = None;
    loop {
        let suffix = number.map_or(String::new(), |n: u32| format!("_{n}"));
        let text = format!("{}~{name}{suffix}", path.as_str());
        let found = RepoPath::parse(&text).map_err(MergeError::from)?;
        if !is_taken(&found)? {
            return Ok(found);
        }
        number = Some(number.map_or(0, |n| n + 1));
    }
}
