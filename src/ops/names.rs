//! Branches and tags by the names that people write: rules, look-up, "did you mean".

use serde::Serialize;

use super::{OpError, encode, locate};
use crate::db::DbError;
use crate::id::CommitId;
use crate::path::escape;
use crate::refs::{
    Head, RefName, RefNameError, RefNote, RefTarget, RefUpdate, WorktreeId, allowed_name,
    branch_ref,
};
use crate::repo::{Repo, WorktreeLink};

/// The two kinds of names that people give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Branch,
    Tag,
}

impl Kind {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Branch => "branch",
            Self::Tag => "tag",
        }
    }

    fn prefix(self) -> &'static str {
        match self {
            Self::Branch => "refs/heads/",
            Self::Tag => "refs/tags/",
        }
    }

    /// The full name of `short`, if it keeps the rules for names.
    pub(super) fn full(self, short: &str) -> Result<RefName, OpError> {
        let full = match self {
            Self::Branch => branch_ref(short),
            Self::Tag => RefName::tag(short),
        };
        full.map_err(|RefNameError { rule, .. }| OpError::Usage {
            message: format!("'{}' cannot be the name of a {}: {rule}", escape(short), self.word()),
            hint: Some(match allowed_name(short) {
                Some(name) => format!("this could be: {name}"),
                None => "letters, digits, '-', '_', '.' and '/' make a name".to_owned(),
            }),
        })
    }

    /// The branch or tag `short`, which must be there.
    pub(super) fn get(self, repo: &Repo, short: &str) -> Result<(RefName, RefTarget), OpError> {
        // A name that breaks the rules is the name of nothing.
        if let Ok(full) = self.full(short)
            && let Some(target) = repo.db.read(|view| view.get_ref(&full))?
        {
            return Ok((full, target));
        }
        let suggestion = locate::similar_ref(repo, self.prefix(), short)?;
        Err(OpError::NoSuchRef { kind: self.word(), name: short.to_owned(), suggestion })
    }

    /// What `short` is also the name of: whoever writes it alone then means the branch.
    pub(super) fn namesake(self, repo: &Repo, short: &str) -> Result<Option<String>, OpError> {
        let (other, meant) = match self {
            Self::Branch => (Self::Tag, "the branch"),
            Self::Tag => (Self::Branch, "the branch, not the tag"),
        };
        let Ok(full) = other.full(short) else { return Ok(None) };
        let is_there = repo.db.read(|view| view.get_ref(&full))?.is_some();
        let (short, word) = (escape(short), other.word());
        let warning = format!(
            "there is a {word} '{short}' too: '{short}' means {meant}; write {full} for the {word}"
        );
        Ok(is_there.then_some(warning))
    }
}

/// A branch or tag that was deleted, and where it was.
#[derive(Clone, Debug, Serialize)]
pub struct DeletedRef {
    /// Its short name.
    pub name: String,
    /// The commit it led to.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// What it pointed at: the commit, or the object of an annotated tag. This brings it back.
    pub target: String,
}

impl DeletedRef {
    pub(super) fn new(name: &RefName, target: RefTarget, commit: CommitId) -> Self {
        let target = match target {
            RefTarget::Commit(id) => id.to_string(),
            RefTarget::Tag(id) => id.to_string(),
        };
        Self { name: name.short().to_owned(), commit, target }
    }
}

/// Makes all moves or none; a ref named twice moves once.
pub(super) fn update_all(
    repo: &Repo,
    mut updates: Vec<RefUpdate>,
    note: &RefNote,
) -> Result<(), OpError> {
    updates.sort_by(|a, b| a.name.cmp(&b.name));
    updates.dedup();
    repo.db.write(|tx| updates.into_iter().try_for_each(|update| tx.update_ref(update, note)))?;
    Ok(())
}

/// The worktrees whose HEAD is on a branch.
pub(super) fn worktrees_on(
    repo: &Repo,
    branch: &RefName,
) -> Result<Vec<(WorktreeId, Head)>, OpError> {
    let heads = repo.db.read(|view| {
        let ids = view.worktrees()?.into_iter();
        ids.map(|id| Ok::<_, DbError>((id, view.head(id)?))).collect::<Result<Vec<_>, _>>()
    })?;
    Ok(heads.into_iter().filter(|(_, head)| head.branch() == Some(branch)).collect())
}

/// Where the worktree is, unless it is this one, that a branch is checked out in.
pub(super) fn checked_out(repo: &Repo, branch: &RefName) -> Result<Option<OpError>, OpError> {
    let Some((worktree, _)) = worktrees_on(repo, branch)?.into_iter().next() else {
        return Ok(None);
    };
    let is_other = worktree != repo.worktree;
    let at = if is_other { Some(folder_of(repo, worktree)?) } else { None };
    Ok(Some(OpError::CheckedOut { branch: branch.short().to_owned(), at }))
}

/// The folder of a worktree, as far as it is known.
pub(super) fn folder_of(repo: &Repo, worktree: WorktreeId) -> Result<String, OpError> {
    if worktree == WorktreeId::MAIN {
        return Ok(repo.paths.main_root().display().to_string());
    }
    let place = repo.db.read(|view| view.places())?.remove(&worktree);
    Ok(place.map_or_else(|| "a folder that is not known".to_owned(), |place| place.path))
}

/// Folders of worktrees that cannot be seen from here.
pub(super) fn unseen(repo: &Repo) -> Result<Vec<String>, OpError> {
    let places = repo.db.read(|view| view.places())?;
    let unseen = places.into_iter().filter(|(id, place)| !WorktreeLink::is_at(place, *id));
    Ok(unseen.map(|(_, place)| place.path).collect())
}

/// Names that match one of some patterns, where `*` also stands for slashes; all, if there are none.
pub(super) struct Patterns(Option<globset::GlobSet>);

impl Patterns {
    pub(super) fn new(patterns: &[String]) -> Result<Self, OpError> {
        if patterns.is_empty() {
            return Ok(Self(None));
        }
        let bad = |e: globset::Error| OpError::Usage {
            message: format!("cannot read the pattern: {e}"),
            hint: Some("quote it, so that the shell leaves it alone: 'v1.*'".to_owned()),
        };
        let mut set = globset::GlobSetBuilder::new();
        for pattern in patterns {
            set.add(globset::Glob::new(pattern).map_err(bad)?);
        }
        set.build().map(|set| Self(Some(set))).map_err(bad)
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.as_ref().is_none_or(|set| set.is_match(name))
    }
}
