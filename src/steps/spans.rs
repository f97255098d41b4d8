//! What `add --to` has sent of files that are too long to lie here whole: spans, each a content of its own.

use std::collections::HashSet;

use super::parts::{self, Parts};
use crate::db::{DbError, Tx};
use crate::id::BlobId;
use crate::path::RepoPath;
use crate::recipe::Value;
use crate::repo::Repo;
use crate::stat::Stat;

const JOURNAL: &str = "spans";
const HEAD_BYTES: usize = 40;

/// Consecutive bytes of a file, as a content of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The content.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
}

impl Span {
    fn to_bytes(self) -> Vec<u8> {
        [&self.id.as_bytes()[..], &self.size.to_le_bytes()].concat()
    }

    fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (id, size) = bytes.first_chunk::<HEAD_BYTES>()?.split_first_chunk::<32>()?;
        let size = u64::from_le_bytes(size.try_into().ok()?);
        Some(Self { id: BlobId::from_bytes(*id), size })
    }
}

/// What a journal has of a span without the values after it, which are a quarter of a MiB a GiB.
fn head(part: &[u8]) -> &[u8] {
    &part[..part.len().min(HEAD_BYTES)]
}

/// The spans that were sent.
pub struct SentSpans(Parts);

impl SentSpans {
    /// Those of this worktree's files.
    pub fn load(repo: &Repo) -> Result<Self, DbError> {
        Parts::load(repo, repo.worktree, JOURNAL, head).map(Self)
    }

    /// Those of a file from its start on, if it is what it was.
    pub fn of(&self, path: &RepoPath, stat: &Stat) -> Vec<Span> {
        let spans = self.0.of(path, stat).unwrap_or_default();
        spans.iter().map_while(|bytes| Span::from_bytes(bytes)).collect()
    }

    /// Forgets the spans of files for which `is_done` holds.
    pub fn forget(&self, repo: &Repo, is_done: &dyn Fn(&RepoPath) -> bool) -> Result<(), DbError> {
        let done: Vec<RepoPath> = self.0.paths().filter(is_done).collect();
        match done.is_empty() {
            true => Ok(()),
            false => repo.db.write(|tx| done.iter().try_for_each(|path| forget(tx, repo, path))),
        }
    }
}

/// The contents of the spans that were sent of files of all worktrees; of this one's, the spans of files
/// that are not what they were are forgotten.
pub fn needed(repo: &Repo) -> Result<HashSet<BlobId>, DbError> {
    let own = SentSpans::load(repo)?;
    own.forget(repo, &|path| !own.0.is_current(repo, path))?;
    let mut contents = HashSet::new();
    for worktree in repo.db.read(|view| view.worktrees())? {
        let parts = Parts::load(repo, worktree, JOURNAL, head)?;
        contents.extend(parts.all().filter_map(Span::from_bytes).map(|span| span.id));
    }
    Ok(contents)
}

/// The values of a file's groups in a span that was sent, if the file is what it was.
pub fn values(
    repo: &Repo,
    file: (&RepoPath, &Stat),
    number: usize,
) -> Result<Option<Vec<Value>>, DbError> {
    let part = parts::read((repo, JOURNAL), file, number as u32)?;
    let values = part.as_deref().and_then(|part| part.get(HEAD_BYTES..));
    Ok(values.and_then(|values| {
        let (values, rest) = values.as_chunks::<32>();
        rest.is_empty().then(|| values.to_vec())
    }))
}

/// Notes that the next span of a file was sent, and the values of the file's groups in it.
pub fn note(
    (tx, repo): (&Tx<'_>, &Repo),
    file: (&RepoPath, &Stat),
    number: usize,
    (span, values): (Span, &[Value]),
) -> Result<(), DbError> {
    let part = [span.to_bytes(), values.concat()].concat();
    parts::record((tx, repo, JOURNAL), file, number as u32, &part)
}

/// Forgets the spans of a file: it is there whole, or not what it was.
pub fn forget(tx: &Tx<'_>, repo: &Repo, path: &RepoPath) -> Result<(), DbError> {
    parts::forget((tx, repo, JOURNAL), path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_comes_back_and_what_is_none_is_refused() {
        let span = Span { id: BlobId::of(b"x"), size: 1 << 40 };
        let part = [span.to_bytes(), vec![7; 64]].concat();
        assert_eq!(head(&part), span.to_bytes());
        assert_eq!(Span::from_bytes(head(&part)), Some(span));
        assert_eq!(Span::from_bytes(head(&part[..39])), None);
    }
}
