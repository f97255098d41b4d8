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
        /// A branch or tag of nearly that name.
        suggestion: Option<String>,
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
                n => n.parse::<usize>().map_err(|_| self.unknown(text))?,
            };
            commit = match sign {
                '~' => self.nth_ancestor(commit, number, text)?,
                '^' => self.nth_parent(commit, number, text)?,
                _ => return Err(self.unknown(text)),
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
        let Some(prefix) = prefix else { return Err(self.unknown(text)) };
        let found = self.find.find_commits(&prefix)?;
        match found.as_slice() {
            [] => Err(self.unknown(text)),
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
        parents.get(number - 1).copied().ok_or_else(|| self.unknown(text))
    }

    fn unknown(&self, text: &str) -> RevisionError {
        RevisionError::Unknown { text: text.to_owned(), suggestion: self.nearest(text) }
    }

    /// The branch or tag whose name is most like `text`, if any is much like it.
    fn nearest(&self, text: &str) -> Option<String> {
        let name = text.split(['~', '^']).next().unwrap_or_default();
        // Without a list of refs there is nothing to suggest, and another error to report.
        let refs = self.db.read(|view| view.refs("refs/")).unwrap_or_default();
        let names = refs.iter().map(|(name, _)| name.short().to_owned());
        let near = names.map(|other| (distance(name, &other), other));
        let most = 1 + name.chars().count() / 4;
        near.filter(|(distance, other)| (1..=most).contains(distance) && *distance < other.len())
            .min()
            .map(|(_, other)| other)
    }
}

/// How many letters must be inserted, removed, replaced or swapped with the next to get from one to
/// the other.
fn distance(from: &str, to: &str) -> usize {
    let (from, to): (Vec<char>, Vec<char>) = (from.chars().collect(), to.chars().collect());
    let mut rows = vec![(0..=to.len()).collect::<Vec<_>>()];
    for (i, a) in from.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in to.iter().enumerate() {
            let replaced = rows[i][j] + usize::from(a != b);
            let mut best = replaced.min(rows[i][j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == to[j - 1] && from[i - 1] == *b {
                best = best.min(rows[i - 1][j - 1] + 1);
            }
            row.push(best);
        }
        rows.push(row);
    }
    rows[from.len()][to.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_slips_of_the_keyboard() {
        assert_eq!(distance("main", "main"), 0);
        assert_eq!(distance("mian", "main"), 1);
        assert_eq!(distance("man", "main"), 1);
        assert_eq!(distance("", "main"), 4);
        assert_eq!(distance("v1.0", "v2.00"), 2);
    }
}
