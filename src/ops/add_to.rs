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

use super::add::{self, AddOptions, AddOutcome};
use super::connect::{self, Connection};
use super::evicting;
use super::{Context, OpError, locate};
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
    let (mut after, mut long) = (None, Vec::<LongFile>::new());
    let mut leaving = Leaving::default();
    leaving::clear_up(ctx)?;
    // What an earlier run had staged, and did not come to send.
    let repo = ctx.open_repo()?;
    let sent = send(ctx, options, &connection, &repo, &mut sum)?;
    leaving.let_go(ctx, repo, None, sent)?;
    loop {
        let repo = ctx.open_repo()?;
        let (named, paths) = add::paths_of(ctx, &repo, options)?;
        if paths.is_empty() {
            return Ok(sum);
        }
        let part = Part { max_bytes: repo.settings.transfer.local_limit, after };
        let asked = StageOptions {
            paths: locate::all_if_root(paths),
            taken: add::taken(options),
            dry_run: false,
            part: Some(part),
        };
        let mut since = repo.store.moment()?;
        let mut staged = stage::stage(&repo, &asked, &ctx.run_context(&repo.settings))?;
        since.move_stage(staged.moved.0, staged.moved.1);
        let (rest, unknown) = (staged.rest.take(), std::mem::take(&mut staged.unknown));
        for file in staged.too_long.drain(..) {
            if !long.iter().any(|known| known.path == file.path) {
                long.push(file);
            }
        }
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
    sum.skipped.extend(part.skipped);
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
