//! From what a person writes for a revision to a commit.
//!
//! | written | means |
//! |---|---|
//! | `HEAD`, `@` | where the worktree is |
//! | `main`, `v1`, `origin/main`, `refs/…` | a ref: of one name the full ref, then branch, tag, remote branch |
//! | `92a1140915` | the one commit whose id begins so; four digits or more |
//! | `NAME@{2}`, `NAME@{yesterday}` | where a ref was two moves ago, or then; `@{…}`: the current branch |
//! | `@{-1}` | the branch or commit that HEAD was on before |
//! | `NAME@{upstream}` | the branch that it follows |
//! | `stash`, `stash@{2}` | the newest stash, the one two older |
//! | `:/TEXT` | the newest commit whose message contains the text |
//! | `REV~2`, `REV^2` | the first parent's first parent; the second parent |
//! | `REV^{}`, `REV^{/TEXT}` | the commit itself; the newest ancestor whose message contains the text |
//!
//! Two revisions with dots between them are read by [`Range`]; what they mean, by whoever walks.

mod logged;
mod range;
mod syntax;

pub use logged::{Log, find_log, moving};
pub use range::Range;

use crate::date::Now;
use crate::db::{DbError, ReflogRow};
use crate::history::Ancestors;
use crate::id::{CommitId, IdPrefix, TagId};
use crate::object::access::{AccessError, FindCommits, ReadObjects};
use crate::refs::{self, Head, RefName, RefTarget};
use syntax::{Base, Expression, Step};

/// Why a revision names no commit.
#[derive(Debug, thiserror::Error)]
pub enum RevisionError {
    /// Nothing has this name.
    #[error("unknown revision '{text}'")]
    Unknown {
        /// The revision as given.
        text: String,
        /// The part of it that should have been a name, if that is what is wrong.
        name: Option<String>,
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
    /// A ref was not there yet, or not any more, at the moment asked for.
    #[error("{name} was at no commit then")]
    NotThen {
        /// The ref's short name, or HEAD.
        name: String,
        /// What the reflog does say.
        why: String,
    },
    /// What stands in braces is neither a number nor a date.
    #[error("cannot read the date '{text}'")]
    BadDate {
        /// The text as given.
        text: String,
    },
    /// HEAD was not on so many branches before.
    #[error("HEAD was on no {number} branches before")]
    NoPrevious {
        /// How many were asked for.
        number: u32,
    },
    /// The branch follows no other.
    #[error("branch '{branch}' has no upstream branch")]
    NoUpstream {
        /// The branch.
        branch: String,
    },
    /// There are not so many stashes.
    #[error("there is no stash@{{{number}}}")]
    NoStash {
        /// The number asked for.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// No message contains the text.
    #[error("no commit has '{text}' in its message")]
    NoMessage {
        /// The text as given.
        text: String,
    },
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A commit cannot be read.
    #[error(transparent)]
    Access(#[from] AccessError),
}

/// Names the newest stash, where no ref has this name.
const STASH: &str = "stash";

/// Fewest digits of an id that are taken for one.
const MIN_DIGITS: usize = 4;

/// The names that revisions are made of, wherever they are kept.
pub trait ReadRefs {
    /// HEAD, with its branch looked up.
    fn head(&self) -> Result<Head, DbError>;
    /// What a ref points at.
    fn get_ref(&self, name: &RefName) -> Result<Option<RefTarget>, DbError>;
    /// Every ref whose full name starts with `prefix`, in byte order.
    fn refs(&self, prefix: &str) -> Result<Vec<(RefName, RefTarget)>, DbError>;
    /// At most `limit` moves of HEAD or a ref, newest first, behind the `skip` newest.
    fn reflog(&self, of: &Log, skip: u32, limit: u32) -> Result<Vec<ReflogRow>, DbError>;
}

/// Everything a revision may refer to.
pub struct Resolver<'r> {
    /// Refs and HEAD.
    pub refs: &'r dyn ReadRefs,
    /// Commits, for `~` and `^`.
    pub read: &'r dyn ReadObjects,
    /// Commits by prefix.
    pub find: &'r dyn FindCommits,
    /// What dates are told from.
    pub now: Now,
}

impl Resolver<'_> {
    /// The commit that `text` names.
    pub fn resolve(&self, text: &str) -> Result<CommitId, RevisionError> {
        self.peel(self.target(text)?)
    }

    /// What `text` names: an annotated tag itself, unless steps lead on from it, or else a commit.
    pub fn target(&self, text: &str) -> Result<RefTarget, RevisionError> {
        let unknown = |name: Option<&str>| RevisionError::Unknown {
            text: text.to_owned(),
            name: name.map(str::to_owned),
        };
        let Some(Expression { base, steps }) = syntax::parse(text) else {
            return Err(unknown(None));
        };
        let target = match base {
            Base::Name(name) => self.named(name)?.ok_or_else(|| unknown(Some(name)))?,
            Base::Logged(name, moment) => {
                self.logged(name, &moment)?.ok_or_else(|| unknown(Some(name)))?
            }
            Base::Previous(number) => {
                let name = self.previous(number)?;
                self.named(&name)?.ok_or_else(|| unknown(None))?
            }
            Base::Upstream(name) => return Err(self.no_upstream(name)?),
            Base::Message(words) => self.newest_with(words, self.all_tips()?)?.into(),
        };
        if steps.is_empty() {
            return Ok(target);
        }
        let mut commit = self.peel(target)?;
        for step in steps {
            commit = match step {
                Step::Ancestor(generations) => {
                    let mut at = Some(commit);
                    for _ in 0..generations {
                        at = at.map(|id| self.nth_parent(id, 1)).transpose()?.flatten();
                        if at.is_none() {
                            break;
                        }
                    }
                    at.ok_or_else(|| unknown(None))?
                }
                Step::Parent(number) => {
                    self.nth_parent(commit, number)?.ok_or_else(|| unknown(None))?
                }
                Step::Peel => commit,
                Step::Message(words) => self.newest_with(words, vec![commit])?,
            };
        }
        Ok(commit.into())
    }

    /// HEAD, a ref or a prefix of an id.
    fn named(&self, name: &str) -> Result<Option<RefTarget>, RevisionError> {
        if matches!(name, "HEAD" | "@" | "") {
            let commit = self.refs.head()?.commit().ok_or(RevisionError::NoCommits)?;
            return Ok(Some(commit.into()));
        }
        if let Some((_, target)) = find_ref(self.refs, name)? {
            return Ok(Some(target));
        }
        if name == STASH {
            return self.stash(0).map(Some);
        }
        let prefix = name.parse::<IdPrefix>().ok().filter(|p| p.digits() >= MIN_DIGITS);
        let Some(prefix) = prefix else { return Ok(None) };
        let candidates = self.find.find_commits(&prefix)?;
        match candidates.as_slice() {
            [] => self.tag_object(name),
            [one] => Ok(Some((*one).into())),
            _ => Err(RevisionError::Ambiguous { text: name.to_owned(), candidates }),
        }
    }

    /// An annotated tag by all digits of its id, as the deletion of a tag prints it.
    fn tag_object(&self, name: &str) -> Result<Option<RefTarget>, RevisionError> {
        let Ok(id) = name.parse::<TagId>() else { return Ok(None) };
        match self.read.read_tag(id) {
            Ok(_) => Ok(Some(id.into())),
            Err(e) if e.is_missing() => Ok(None),
            Err(e) => Err(e.into()),
        }
    }

    /// A stash by how many are newer.
    fn stash(&self, number: usize) -> Result<RefTarget, RevisionError> {
        let stashes = self.refs.refs(refs::STASHES)?;
        let count = stashes.len();
        let found = stashes.into_iter().rev().nth(number);
        found.map(|(_, target)| target).ok_or(RevisionError::NoStash { number, count })
    }

    /// The commit that a ref leads to.
    fn peel(&self, target: RefTarget) -> Result<CommitId, RevisionError> {
        Ok(match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => self.read.read_tag(id)?.target,
        })
    }

    /// Parent `number`, from 1; 0 is the commit itself.
    fn nth_parent(
        &self,
        commit: CommitId,
        number: usize,
    ) -> Result<Option<CommitId>, RevisionError> {
        if number == 0 {
            return Ok(Some(commit));
        }
        Ok(self.read.read_commit(commit)?.parents.get(number - 1).copied())
    }

    fn newest_with(&self, words: &str, from: Vec<CommitId>) -> Result<CommitId, RevisionError> {
        for found in Ancestors::new(self.read, from)? {
            let (id, commit) = found?;
            if commit.message.contains(words) {
                return Ok(id);
            }
        }
        Err(RevisionError::NoMessage { text: words.to_owned() })
    }

    /// HEAD and every branch, tag and remote branch.
    fn all_tips(&self) -> Result<Vec<CommitId>, RevisionError> {
        let mut tips: Vec<_> = self.refs.head()?.commit().into_iter().collect();
        for kind in ["refs/heads/", "refs/remotes/", "refs/tags/"] {
            for (_, target) in self.refs.refs(kind)? {
                tips.push(self.peel(target)?);
            }
        }
        Ok(tips)
    }

    fn no_upstream(&self, name: &str) -> Result<RevisionError, RevisionError> {
        let head = self.refs.head()?;
        let current = || head.branch().map_or("HEAD", |b| b.short()).to_owned();
        let branch = if matches!(name, "" | "@" | "HEAD") { current() } else { name.to_owned() };
        Ok(RevisionError::NoUpstream { branch })
    }
}

/// The ref that a name stands for: of one name the full ref, then branch, tag, remote branch.
pub fn find_ref(refs: &dyn ReadRefs, name: &str) -> Result<Option<(RefName, RefTarget)>, DbError> {
    for full in full_names(name) {
        if let Some(target) = refs.get_ref(&full)? {
            return Ok(Some((full, target)));
        }
    }
    Ok(None)
}

/// The full names that a name may stand for, in the order in which they are tried.
fn full_names(name: &str) -> impl Iterator<Item = RefName> {
    let kinds = ["", "refs/heads/", "refs/tags/", "refs/remotes/", "refs/"];
    kinds.into_iter().filter_map(move |kind| RefName::new(&format!("{kind}{name}")).ok())
}
