//! Files that are longer than may lie here: sent a span at a time, each a content of its own.
//!
//! A span is stored, sent, promised and let go of as any part is; that it was, and the values of its groups
//! at their place in the file, is noted in the transaction that promises it. Once all spans are there, the
//! file's recipe is put together of theirs on the remote, and the file is staged. A file that changes
//! meanwhile is left out, as one that is read at once is.

use std::collections::HashMap;

use super::leaving::Leaving;
use super::sending::{Sending, Sent, What};
use crate::id::BlobId;
use crate::ops::add::AddOutcome;
use crate::ops::connect::Connection;
use crate::ops::{Context, OpError, loose};
use crate::path::RepoPath;
use crate::recipe::{Merging, Value};
use crate::repo::Repo;
use crate::steps::spans::{self, SentSpans, Span};
use crate::steps::stage::{self, LongFile, StoredSpan};
use crate::store::StoreError;
use crate::store::joining::span_bytes;
use crate::sync::SyncError;
use crate::sync::joined::{Joined, SpanValues};
use crate::sync::journal::Journal;
use crate::sync::lookup::Whole;

/// Sends and stages the files below `paths` that are too long for a part; no paths are all.
pub(super) fn send_all(
    ctx: &Context,
    connection: &Connection,
    (paths, files): (&[RepoPath], Vec<LongFile>),
    (leaving, sum): (&mut Leaving, &mut AddOutcome),
) -> Result<(), OpError> {
    let is_asked =
        |path: &RepoPath| paths.is_empty() || paths.iter().any(|asked| path.starts_with(asked));
    let is_left = |path: &RepoPath| files.iter().any(|file| file.path == *path);
    let repo = ctx.open_repo()?;
    SentSpans::load(&repo)?.forget(&repo, &|path| is_asked(path) && !is_left(path))?;
    drop(repo);
    for mut file in files {
        file.settle(&ctx.cancel)?;
        Long { ctx, connection, file: &file }.send(leaving, sum)?;
    }
    Ok(())
}

struct Long<'l> {
    ctx: &'l Context,
    connection: &'l Connection,
    file: &'l LongFile,
}

impl Long<'_> {
    fn send(&self, leaving: &mut Leaving, sum: &mut AddOutcome) -> Result<(), OpError> {
        let mut cost = (0, 0);
        let mut spans = self.sent(leaving)?;
        loop {
            let repo = self.ctx.open_repo()?;
            let offset = spans.iter().map(|span| span.size).sum();
            if offset == self.file.size() {
                return self.finish(&repo, &spans, cost, sum);
            }
            let since = repo.store.moment()?;
            let Some(stored) = self.store_next(&repo, offset, sum)? else { return Ok(()) };
            let StoredSpan { span, values, new_bytes, stored_bytes } = stored;
            cost = (cost.0 + new_bytes, cost.1 + stored_bytes);
            let what = self.content(span.id, span.size, None);
            let sent = Sending { ctx: self.ctx, repo: &repo, connection: self.connection, what };
            let (file, number) = ((&self.file.path, self.file.stat()), spans.len());
            let sent =
                sent.run(&|tx| Ok(spans::note((tx, &repo), file, number, (span, &values))?))?;
            sum.sent_bytes += sent.bytes();
            leaving.let_go(self.ctx, repo, Some(since), sent)?;
            spans.push(span);
        }
    }

    /// The spans that earlier runs sent, if the remote still has all of them; rids the store of one that
    /// was not let go of yet.
    fn sent(&self, leaving: &mut Leaving) -> Result<Vec<Span>, OpError> {
        let repo = self.ctx.open_repo()?;
        let spans = SentSpans::load(&repo)?.of(&self.file.path, self.file.stat());
        if spans.is_empty() {
            return Ok(spans);
        }
        let (_, state) = self.connection.load_for(&repo)?;
        let remote = self.connection.remote();
        let there = Whole::open(&remote, &state)?;
        let mut left = HashMap::new();
        for Span { id, size, .. } in &spans {
            if there.packs_of(*id, *size)?.is_none() {
                self.forget_lost(&repo)?;
                return Ok(Vec::new());
            }
            left.extend(repo.store.has_blob(*id, *size)?.then_some((*id, *size)));
        }
        let promised = loose::of(&repo, &self.connection.settings.name)?.pop();
        leaving.let_go(
            self.ctx,
            repo,
            None,
            Sent { contents: left, promised, ..Sent::default() },
        )?;
        Ok(spans)
    }

    /// Forgets spans that the remote does not have any more, and what it promised of them.
    fn forget_lost(&self, repo: &Repo) -> Result<(), OpError> {
        repo.db.write(|tx| spans::forget(tx, repo, &self.file.path))?;
        // What a push was cut short at may rest on them.
        Journal::clear(&repo.db, &self.connection.settings.name)?;
        loose::prune(self.ctx, repo)?;
        Ok(())
    }

    /// Stores the span that begins at byte `offset`; nothing where the file cannot be read.
    fn store_next(
        &self,
        repo: &Repo,
        offset: u64,
        sum: &mut AddOutcome,
    ) -> Result<Option<StoredSpan>, OpError> {
        let group_bytes = repo.store.params().group_bytes.into();
        let len = span_bytes(group_bytes, repo.settings.transfer.local_limit, offset);
        let range = offset..self.file.size().min(offset + len);
        let run = self.ctx.run_context(&repo.settings);
        match stage::store_span(repo, self.file, range, &run)? {
            Ok(stored) => {
                sum.new_bytes += stored.new_bytes;
                sum.stored_bytes += stored.stored_bytes;
                Ok(Some(stored))
            }
            Err(skipped) => {
                sum.skipped.push(skipped.into());
                Ok(None)
            }
        }
    }

    fn content<'w>(&'w self, id: BlobId, size: u64, joined: Option<Joined<'w>>) -> What<'w> {
        What::Content { path: &self.file.path, value: self.file.value(id, size), joined }
    }

    /// Makes the file's recipe there, and stages it.
    fn finish(
        &self,
        repo: &Repo,
        sent: &[Span],
        cost: (u64, u64),
        sum: &mut AddOutcome,
    ) -> Result<(), OpError> {
        let noted = Noted { repo, file: self.file };
        let mut merging = Merging::default();
        for number in 0..sent.len() {
            merging.add(&noted.of_span(number)?);
        }
        let spans: Vec<(BlobId, u64)> = sent.iter().map(|span| (span.id, span.size)).collect();
        let size = self.file.size();
        // A file of one span is that span.
        let id = merging.finish().unwrap_or(spans[0].0);
        let group_bytes = repo.store.params().group_bytes.into();
        let joined = Joined { id, size, spans, group_bytes, values: &noted };
        let what = self.content(id, size, Some(joined));
        Sending { ctx: self.ctx, repo, connection: self.connection, what }.run(&|_| Ok(()))?;
        let old = stage::stage_long(repo, self.file, id, cost)?;
        match old {
            None => sum.added += 1,
            Some(old) if old != self.file.value(id, size) => sum.modified += 1,
            Some(_) => return Ok(()),
        }
        sum.logical_bytes += size;
        Ok(())
    }
}

/// The values of a long file's groups, as they were noted with its spans.
struct Noted<'n> {
    repo: &'n Repo,
    file: &'n LongFile,
}

impl SpanValues for Noted<'_> {
    fn of_span(&self, number: usize) -> Result<Vec<Value>, SyncError> {
        let found = spans::values(self.repo, (&self.file.path, self.file.stat()), number);
        found.map_err(StoreError::from)?.ok_or(SyncError::Store(StoreError::Changed))
    }
}
