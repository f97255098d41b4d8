//! Moving refs of a remote, and what that must send: what `push` and other verbs end with.

use super::connect::Connection;
use super::ref_line::line;
use super::{Context, OpError, RefLine};
use crate::fsio::{FsError, Holder, LockError, LockFile};
use crate::refs::RefUpdate;
use crate::repo::Repo;
use crate::steps::remotes;
use crate::sync::journal::Move;
use crate::sync::push::{Pushed, Want};

/// What was sent.
pub(super) struct Sent {
    /// Every ref that was asked for.
    pub refs: Vec<RefLine>,
    /// Commits sent.
    pub commits: u64,
    /// Files whose content was sent or found there.
    pub files: u64,
    /// An earlier push that had been cut short turned out to be done.
    pub was_done: bool,
}

/// Moves refs of a remote, and sends what they reach.
pub(super) fn send(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    wants: &[Want],
) -> Result<Sent, OpError> {
    let _lock = lock(ctx, repo)?;
    let run = ctx.run_context(&repo.settings);
    let push = connection.push(ctx, repo, &run)?;
    let pushed = push.run(wants)?;
    follow(ctx, repo, push.remote, &pushed)?;
    let Pushed { commits, files, was_done, .. } = pushed;
    Ok(Sent { refs: lines(repo, wants, &pushed.refs), commits, files, was_done })
}

/// Two pushes from here would take each other's journal for their own.
pub(super) fn lock(ctx: &Context, repo: &Repo) -> Result<LockFile, OpError> {
    let dir = repo.paths.dir.join("remotes");
    std::fs::create_dir_all(&dir).map_err(|e| FsError::new("create", &dir, e))?;
    let holder = Holder::this_process("local", ctx.now.seconds);
    LockFile::try_acquire(&dir.join("push.lock"), &holder).map_err(|e| match e {
        LockError::Held { .. } => OpError::Locked { holder: "another push from here".to_owned() },
        LockError::Fs(e) => e.into(),
    })
}

/// Moves the refs here that follow those of the remote.
fn follow(ctx: &Context, repo: &Repo, name: &str, pushed: &Pushed) -> Result<(), OpError> {
    let note = ctx.note(repo, format!("push: to {name}"));
    repo.db.write(|tx| {
        for (name_there, _, new) in &pushed.refs {
            let Some(here) = remotes::tracking(name, name_there) else { continue };
            if !here.is_tag() {
                let old = tx.get_ref(&here)?;
                tx.update_ref(RefUpdate { name: here, old, new: *new }, &note)?;
            }
        }
        match pushed.seen {
            Some(seen) => Ok::<_, OpError>(remotes::set_seen(tx, name, seen)?),
            None => Ok(()),
        }
    })
}

/// A line for every ref that was asked for, also for those that were there already.
pub(super) fn lines(repo: &Repo, wants: &[Want], moves: &[Move]) -> Vec<RefLine> {
    let line = |want: &Want| {
        let moved = moves.iter().find(|(name, ..)| *name == want.name);
        let (old, new) = moved.map_or((want.new, want.new), |(_, old, new)| (*old, *new));
        line(repo, &want.name, old, new)
    };
    wants.iter().map(line).collect()
}
