//! From what a person writes for a revision to a commit.
//!
//! Understood: `HEAD` and `@`, branches, tags, full ref names, unique prefixes of commit ids of four
//! digits or more, each followed by any number of `~n` and `^n`.

use crate::db::{DbError, StateDb};
use crate::id::{CommitId, IdPrefix};
use crate::object::access::{AccessError, FindCommits, ReadObjects};
use crate::refs::{RefName, RefTarget, WorktreeId};

/// Why a revision names no commit.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// Nothing has this name.
    #[error("unknown revision '{text}'")]
    Unknown {
        /// The revision as given.
        text: String,
    },
    /// Several commits begin with these digits.
    #[error("'{text}' is ambiguous")]
    Ambiguous {
        /// The revision as given.
        text: String,
        /// The commits.
        candidates: Vec<CommitId>,
    },
    /// HEAD has no commit yet.
    #[error("there are no commits yet")]
    NoCommits,
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A commit cannot be read.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Fewest digits of an id that are taken for one.
const MIN_DIGITS: usize = 4;

/// Everything a revision may refer to.
pub struct Resolver<'r> {
    /// Refs and HEAD.
    pub db: &'r StateDb,
    /// Whose HEAD.
    pub worktree: WorktreeId,
    /// Commits, for `~` and `^`.
    pub read: &'r dyn ReadObjects,
    /// Commits by prefix.
    pub find: &'r dyn FindCommits,
}

impl Resolver<'_> {
    /// The commit that `text` names.
    pub fn resolve(&self, text: &str) -> Result<CommitId, RevisionError> {
        let end = text.find(['~', '^']).unwrap_or(text.len());
        let mut commit = self.base(&text[..end], text)?;
        let mut rest = &text[end..];
        while let Some(sign) = rest.chars().next() {
            let digits = rest[1..].find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len() - 1);
            let number = match &rest[1..1 + digits] {
                "" => 1,
                n => n.parse::<usize>().map_err(|_| unknown(text))?,
            };
            commit = match sign {
                '~' => self.nth_ancestor(commit, number, text)?,
                '^' => self.nth_parent(commit, number, text)?,
                _ => return Err(unknown(text)),
            };
            rest = &rest[1 + digits..];
        }
        Ok(commit)
    }

    fn base(&self, name: &str, text: &str) -> Result<CommitId, RevisionError> {
        if matches!(name, "HEAD" | "@" | "") && !(name.is_empty() && text.is_empty()) {
            let head = self.db.read(|view| view.head(self.worktree))?;
            return head.commit().ok_or(RevisionError::NoCommits);
        }
        for full in [
            name.to_owned(),
            format!("refs/heads/{name}"),
            format!("refs/tags/{name}"),
            format!("refs/{name}"),
        ] {
            let Ok(full) = RefName::new(&full) else { continue };
            match self.db.read(|view| view.get_ref(&full))? {
                Some(RefTarget::Commit(id)) => return Ok(id),
                Some(RefTarget::Tag(id)) => return Ok(self.read.read_tag(id)?.target),
                None => {}
            }
        }
        let prefix = name.parse::<IdPrefix>().ok().filter(|p| p.digits() >= MIN_DIGITS);
        let Some(prefix) = prefix else { return Err(unknown(text)) };
        let found = self.find.find_commits(&prefix)?;
        match found.as_slice() {
            [] => Err(unknown(text)),
            [one] => Ok(*one),
            _ => Err(RevisionError::Ambiguous { text: text.to_owned(), candidates: found }),
        }
    }

    fn nth_ancestor(
        &self,
        mut commit: CommitId,
        generations: usize,
        text: &str,
    ) -> Result<CommitId, RevisionError> {
        for _ in 0..generations {
            commit = self.nth_parent(commit, 1, text)?;
        }
        Ok(commit)
    }

    /// Parent `number`, from 1; 0 is the commit itself.
    fn nth_parent(
        &self,
        commit: CommitId,
        number: usize,
        text: &str,
    ) -> Result<CommitId, RevisionError> {
        if number == 0 {
            return Ok(commit);
        }
        let parents = self.read.read_commit(commit)?.parents;
        parents.get(number - 1).copied().ok_or_else(|| unknown(text))
    }
}

fn unknown(text: &str) -> RevisionError {
    RevisionError::Unknown { text: text.to_owned() }
}
