//! `add --to`: files are stored on a remote instead of here, a part at a time.
//!
//! Each part is staged as any `add` stages it. What is new then goes to the remote under a commit of its own,
//! which nothing names but a keep of this clone, and of which the packs' lists are read there. From then on it
//! is promised, and leaves the store; the next part follows. So no more than a part lies here twice, whatever
//! the whole is, and the stage ends as that of a plain `add`. Wherever this is cut short, what is staged is
//! here or there, and running it again goes on. A file that is longer than a part comes after them, in spans.

mod leaving;
mod long;
mod sending;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::add::{self, AddOptions, AddOutcome};
use super::change::Skipped;
use super::connect::{self, Connection};
use super::evicting;
use super::{Context, OpError, locate};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::stage::{self, LongFile, Part, StageOptions, Staged};
use leaving::Leaving;
use sending::{Sending, Sent, What};

/// Stages files a part at a time, and sends each to a remote before the next.
pub(super) fn run(ctx: &Context, options: &AddOptions, name: &str) -> Result<AddOutcome, OpError> {
    let config = connect::config(ctx, &ctx.find_repo()?)?;
    let settings = connect::choose(&config, Some(name), None)?;
    let connection = connect::connect(ctx, settings, &ctx.find_repo()?)?;
    let mut sum =
        AddOutcome { to: Some(connection.settings.name.clone()), ..AddOutcome::default() };
    let mut leaving = Leaving::default();
    leaving::clear_up(ctx)?;
    // What an earlier run had staged, and did not come to send.
    let repo = ctx.open_repo()?;
    let sent = send(ctx, options, &connection, &repo, &mut sum)?;
    leaving.let_go(ctx, repo, None, sent)?;
    let (mut after, mut long) = (None, Vec::<LongFile>::new());
    loop {
        let repo = ctx.open_repo()?;
        let (named, paths) = add::paths_of(ctx, &repo, options)?;
        if paths.is_empty() {
            return Ok(sum);
        }
        let since = repo.store.moment()?;
        let asked = asked(options, paths, &repo, after);
        let mut staged = stage::stage(&repo, &asked, &ctx.run_context(&repo.settings))?;
        let (rest, unknown) = (staged.rest.take(), std::mem::take(&mut staged.unknown));
        for file in staged.too_long.drain(..) {
            if !long.iter().any(|known| known.path == file.path) {
                long.push(file);
            }
        }
        let since = since.with_stage(staged.moved);
        add_up(&mut sum, staged);
        let sent = send(ctx, options, &connection, &repo, &mut sum)?;
        leaving.let_go(ctx, repo, Some(since), sent)?;
        if rest.is_none() {
            let files = (&asked.paths[..], long);
            long::send_all(ctx, &connection, files, (&mut leaving, &mut sum))?;
            sum.resolved = add::resolve(ctx, &ctx.open_repo()?, &named, &unknown)?;
            return Ok(sum);
        }
        after = rest;
    }
}

/// What is staged as the next part. Beside the first one lies what a run that was cut short stored.
fn asked(
    options: &AddOptions,
    paths: Vec<RepoPath>,
    repo: &Repo,
    after: Option<RepoPath>,
) -> StageOptions {
    let (max_bytes, counts_stored) = (repo.settings.transfer.local_limit, after.is_none());
    StageOptions {
        paths: locate::all_if_root(paths),
        taken: add::taken(options),
        dry_run: false,
        part: Some(Part { max_bytes, after, counts_stored }),
    }
}

/// Adds up what the parts came to. What one staged the next finds unchanged.
fn add_up(sum: &mut AddOutcome, staged: Staged) {
    let before = sum.added + sum.modified;
    let part = add::outcome_of(staged);
    sum.added += part.added;
    sum.modified += part.modified;
    sum.removed += part.removed;
    sum.unchanged = part.unchanged.saturating_sub(before);
    sum.logical_bytes += part.logical_bytes;
    sum.new_bytes += part.new_bytes;
    sum.stored_bytes += part.stored_bytes;
    sum.ignored = part.ignored;
    // Each part meets again what cannot be taken at all.
    let known: HashSet<(&str, &str)> =
        sum.skipped.iter().map(|one| (&*one.path, &*one.reason)).collect();
    let is_new = |one: &Skipped| !known.contains(&(&*one.path, &*one.reason));
    let new: Vec<Skipped> = part.skipped.into_iter().filter(is_new).collect();
    sum.skipped.extend(new);
}

/// Sends what is staged at the paths and here.
fn send(
    ctx: &Context,
    options: &AddOptions,
    connection: &Connection,
    repo: &Repo,
    sum: &mut AddOutcome,
) -> Result<Sent, OpError> {
    evicting::refuse_shared(repo)?;
    let (_, paths) = add::paths_of(ctx, repo, options)?;
    let what = What::Staged(&paths);
    let sent = Sending { ctx, repo, connection, what }.run(&|_| Ok(()))?;
    sum.sent_bytes += sent.bytes();
    Ok(sent)
}
