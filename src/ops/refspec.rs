//! From what a person asked `push` for to refs, and when each may be moved.

use super::push::PushOptions;
use super::{Context, OpError, locate};
use crate::path::escape;
use crate::refs::{self, RefName, RefTarget};
use crate::repo::Repo;
use crate::steps::remotes;
use crate::sync::push::{Mode, Want};

/// What was asked for, and of what.
pub(super) struct Asked<'a> {
    pub(super) ctx: &'a Context,
    pub(super) repo: &'a Repo,
    /// Name of the remote.
    pub(super) remote: &'a str,
    pub(super) options: &'a PushOptions,
}

impl Asked<'_> {
    /// The refs that shall be moved, by name.
    pub(super) fn wants(&self) -> Result<Vec<Want>, OpError> {
        let PushOptions { refs, all, tags, .. } = self.options;
        let mut wants = refs.iter().map(|text| self.want(text)).collect::<Result<Vec<_>, _>>()?;
        let prefixes = [(*all, "refs/heads/"), (*tags, "refs/tags/")];
        for (_, prefix) in prefixes.into_iter().filter(|(is_asked, _)| *is_asked) {
            for (name, target) in self.repo.db.read(|view| view.refs(prefix))? {
                let mode = self.mode(&name)?;
                wants.push(Want { name, new: Some(target), mode });
            }
        }
        if refs.is_empty() && !all && !tags {
            let branch = self.current_branch()?;
            wants.push(self.want(&branch)?);
        }
        wants.sort_by(|a, b| a.name.cmp(&b.name));
        wants.dedup_by(|a, b| a.name == b.name);
        Ok(wants)
    }

    fn current_branch(&self) -> Result<String, OpError> {
        let head = self.repo.head()?;
        let branch = head.branch().map(|branch| branch.short().to_owned());
        branch.ok_or_else(|| OpError::Usage {
            message: "HEAD is on no branch".to_owned(),
            hint: Some(format!("name what to push: esker push {} HEAD:main", self.remote)),
        })
    }

    /// Reads `[+]local[:remote]` or `:remote`.
    fn want(&self, text: &str) -> Result<Want, OpError> {
        let (is_plus, text) = match text.strip_prefix('+') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (local, there) = match text.split_once(':') {
            Some((local, there)) => (local, Some(there)),
            None => (text, None),
        };
        let is_deleted = self.options.delete || (local.is_empty() && there.is_some());
        let (here, new) = match is_deleted {
            true => (None, None),
            false => self.source(local)?,
        };
        let name = match there.filter(|there| !there.is_empty()) {
            Some(there) => full_name(there, here.as_ref())?,
            None if is_deleted => self.deleted_name(local)?,
            None => here.ok_or_else(|| OpError::Usage {
                message: format!("'{}' is no branch and no tag", escape(local)),
                hint: Some(format!("say what it shall be there: {}:NAME", escape(local))),
            })?,
        };
        let mode = if is_plus { Mode::Force } else { self.mode(&name)? };
        Ok(Want { name, new, mode })
    }

    /// The ref that a word names here, and what it points at; a commit without a name has none.
    fn source(&self, word: &str) -> Result<(Option<RefName>, Option<RefTarget>), OpError> {
        let head = self.repo.head()?;
        if matches!(word, "HEAD" | "@") {
            let commit = head.commit().ok_or(OpError::IsEmptyRepository)?;
            return Ok((head.branch().cloned(), Some(commit.into())));
        }
        let names = [refs::branch_ref(word), RefName::tag(word), RefName::new(word)];
        for name in names.into_iter().flatten() {
            if let Some(target) = self.target(&name)? {
                return Ok((Some(name), Some(target)));
            }
        }
        match head.branch().is_some_and(|branch| branch.short() == word) {
            true => Err(OpError::IsEmptyRepository),
            false => Ok((None, Some(locate::commit(self.ctx, self.repo, word)?.into()))),
        }
    }

    fn target(&self, name: &RefName) -> Result<Option<RefTarget>, OpError> {
        Ok(self.repo.db.read(|view| view.get_ref(name))?)
    }

    /// What is to be deleted: a branch of the remote as far as it is known here, else a tag, else a
    /// branch.
    fn deleted_name(&self, word: &str) -> Result<RefName, OpError> {
        if let Ok(followed) = RefName::remote_branch(self.remote, word)
            && self.target(&followed)?.is_none()
            && let Ok(tag) = RefName::tag(word)
            && self.target(&tag)?.is_some()
        {
            return Ok(tag);
        }
        full_name(word, None)
    }

    fn mode(&self, name: &RefName) -> Result<Mode, OpError> {
        let Some(lease) = &self.options.force_with_lease else {
            return Ok(if self.options.force { Mode::Force } else { Mode::FastForward });
        };
        let (of, revision) = match lease.split_once(':') {
            Some((of, revision)) => (of, Some(revision)),
            None => (lease.as_str(), None),
        };
        match revision {
            _ if !of.is_empty() && of != name.short() => Ok(Mode::FastForward),
            Some("") => Ok(Mode::Lease(None)),
            Some(revision) => {
                let commit = locate::commit(self.ctx, self.repo, revision)?;
                Ok(Mode::Lease(Some(commit.into())))
            }
            None => match remotes::tracking(self.remote, name) {
                Some(here) => Ok(Mode::Lease(self.target(&here)?)),
                None => Ok(Mode::Lease(None)),
            },
        }
    }
}

fn full_name(there: &str, here: Option<&RefName>) -> Result<RefName, OpError> {
    let name = match there.starts_with("refs/") {
        true => RefName::new(there),
        false if here.is_some_and(RefName::is_tag) => RefName::tag(there),
        false => refs::branch_ref(there),
    };
    name.map_err(|e| OpError::Usage { message: e.to_string(), hint: None })
}
