//! Moving refs of a remote, and what that must send: what `push` and other verbs end with.

use super::connect::{self, Connection};
use super::ref_line::line;
use super::{Context, OpError, RefLine, supply};
use crate::fsio::{FsError, Holder, LockError, LockFile};
use crate::refs::RefUpdate;
use crate::repo::Repo;
use crate::steps::remotes;
use crate::sync::chain::Remote;
use crate::sync::elsewhere::Elsewhere;
use crate::sync::joined::Joined;
use crate::sync::journal::Move;
use crate::sync::lookup::{FindBlobs, Ranged, Whole};
use crate::sync::push::{Push, Pushed, Want};
use crate::sync::reading::Reading;
use crate::sync::{Refused, SyncError};

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
    send_joined(ctx, repo, connection, wants, &[])
}

/// As [`send`], where some contents are there in spans.
pub(super) fn send_joined(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    wants: &[Want],
    joined: &[Joined<'_>],
) -> Result<Sent, OpError> {
    let _lock = lock(ctx, repo)?;
    let run = ctx.run_context(&repo.settings);
    let push = Push { joined, ..connection.push(ctx, repo, &run)? };
    let pushed = through(ctx, repo, push, &|push| push.run(wants))?;
    follow(ctx, repo, &connection.settings.name, &pushed)?;
    let Pushed { commits, files, was_done, .. } = pushed;
    Ok(Sent { refs: lines(repo, wants, &pushed.refs), commits, files, was_done })
}

/// Does something with a push; where contents are neither here nor there, with one that takes them from the
/// other remotes of the repository, in the order in which they are asked.
pub(super) fn through<T>(
    ctx: &Context,
    repo: &Repo,
    push: Push<'_>,
    act: &dyn Fn(&Push<'_>) -> Result<T, SyncError>,
) -> Result<T, OpError> {
    let (files, bytes) = match act(&push) {
        Err(SyncError::Refused(Refused::Absent { files, bytes })) => (files, bytes),
        done => return Ok(done?),
    };
    let refused = || OpError::from(SyncError::from(Refused::Absent { files, bytes }));
    let mut others = Vec::new();
    for name in supply::order(ctx, repo)?.into_iter().filter(|name| name != push.remote) {
        match Other::open(ctx, repo, &name) {
            Ok(other) => others.push(other),
            Err(e) if supply::is_theirs(&e) => {
                ctx.progress.passed_over(&name, &e.to_string(), "the others");
            }
            Err(e) => return Err(e),
        }
    }
    let Some(first) = others.first() else { return Err(refused()) };
    ctx.progress.fetching(files, bytes, &first.connection.settings.name);
    let remotes: Vec<Remote<'_>> = others.iter().map(|other| other.connection.remote()).collect();
    let mut finds: Vec<Box<dyn FindBlobs + '_>> = Vec::new();
    for (other, remote) in others.iter().zip(&remotes) {
        finds.push(match files > supply::MANY_FILES as u64 {
            true => Box::new(Whole::open(remote, other.reading.state())?),
            false => Box::new(Ranged::new(&other.reading)),
        });
    }
    let all = others.iter().zip(&remotes).zip(&finds);
    let elsewhere: Vec<Elsewhere<'_>> = all
        .map(|((other, remote), find)| Elsewhere {
            name: &other.connection.settings.name,
            remote,
            state: other.reading.state(),
            find: &**find,
            downloads: other.connection.transfers(repo),
        })
        .collect();
    let push = Push { elsewhere: &elsewhere, ..push };
    Ok(act(&push)?)
}

/// A remote that contents may be taken from.
struct Other {
    connection: Connection,
    reading: Reading,
}

impl Other {
    fn open(ctx: &Context, repo: &Repo, name: &str) -> Result<Self, OpError> {
        let config = connect::config(ctx, &repo.paths)?;
        let settings = connect::choose(&config, Some(name), None)?;
        let connection = connect::connect(ctx, settings, &repo.paths)?;
        let (root, state) = connection.load_for(repo)?;
        let reading = Reading::new(connection.transport.clone(), state, root.root.format);
        Ok(Self { connection, reading })
    }
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
pub(super) fn follow(
    ctx: &Context,
    repo: &Repo,
    name: &str,
    pushed: &Pushed,
) -> Result<(), OpError> {
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
