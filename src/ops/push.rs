//! `push`: sends what a remote lacks, then moves its branches and tags.

use serde::Serialize;

use super::connect::{self, Connection};
use super::ref_line::line;
use super::refspec::Asked;
use super::{Context, OpError, RefLine};
use crate::config::edit;
use crate::fsio::{FsError, Holder, LockError, LockFile};
use crate::refs::{RefName, RefUpdate};
use crate::repo::Repo;
use crate::steps::remotes;
use crate::sync::journal::Move;
use crate::sync::push::{Push, Want};

/// What to send, and where.
#[derive(Clone, Debug, Default)]
pub struct PushOptions {
    /// The remote; the branch's own or `origin` when absent.
    pub remote: Option<String>,
    /// Branches, tags, or `local:remote`; the current branch when there is none.
    pub refs: Vec<String>,
    /// All branches.
    pub all: bool,
    /// All tags, too.
    pub tags: bool,
    /// Delete the refs on the remote.
    pub delete: bool,
    /// Move refs even where that leaves commits behind.
    pub force: bool,
    /// The same, if the remote's ref is still what is known of it here, or the revision given after `:`.
    pub force_with_lease: Option<String>,
    /// Remember the remote as the branch's own.
    pub set_upstream: bool,
    /// Say what would be sent, and send nothing.
    pub dry_run: bool,
}

/// What was sent.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PushOutcome {
    /// The remote.
    pub remote: String,
    /// Where it is.
    pub url: String,
    /// Every ref that was asked for.
    pub refs: Vec<RefLine>,
    /// Commits sent.
    pub commits: u64,
    /// Files whose content was sent or found there.
    pub files: u64,
    /// Bytes of those files; for a dry run only.
    pub file_bytes: u64,
    /// Bytes that went out.
    pub sent_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// An earlier push that had been cut short turned out to be done.
    pub was_done: bool,
    /// Nothing was sent.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Sends branches and tags.
pub fn run(ctx: &Context, options: &PushOptions) -> Result<PushOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    let config = connect::config(ctx, &repo.paths)?;
    let head = repo.head()?;
    let branch = head.branch().map(RefName::short);
    let settings = connect::choose(&config, options.remote.as_deref(), branch)?;
    let wants = Asked { ctx, repo: &repo, remote: &settings.name, options }.wants()?;
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    // Two pushes from here would take each other's journal for their own.
    let dir = repo.paths.dir.join("remotes");
    std::fs::create_dir_all(&dir).map_err(|e| FsError::new("create", &dir, e))?;
    let lock = dir.join("push.lock");
    let holder = Holder::this_process("local", ctx.now.seconds);
    let _lock = LockFile::try_acquire(&lock, &holder).map_err(|e| match e {
        LockError::Held { .. } => OpError::Locked { holder: "another push from here".to_owned() },
        LockError::Fs(e) => e.into(),
    })?;
    let mut outcome = transfer(ctx, &repo, &connection, &wants, options.dry_run)?;
    if options.set_upstream && !options.dry_run {
        remember_upstream(&repo, &connection.settings.name, &wants)?;
    }
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

fn transfer(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    wants: &[Want],
    dry_run: bool,
) -> Result<PushOutcome, OpError> {
    let run = ctx.run_context(&repo.settings);
    let name = &connection.settings.name;
    let push = Push {
        remote: name,
        transport: &*connection.transport,
        cache: &connection.cache,
        store: &repo.store,
        seen: remotes::seen(&repo.db, name)?,
        has_atomic_create: !connection.settings.is_single_writer,
        local_tips: remotes::local_tips(repo)?,
        uploads: connection.transfers(repo),
        level: repo.settings.core.compression_level,
        now: ctx.now.seconds,
        progress: &*run.progress,
        cancel: &run.cancel,
    };
    let mut outcome = PushOutcome {
        remote: name.clone(),
        url: connection.location.to_string(),
        dry_run,
        ..PushOutcome::default()
    };
    if dry_run {
        let plan = push.plan(wants)?;
        outcome.refs = lines(repo, wants, &plan.refs)?;
        (outcome.commits, outcome.files, outcome.file_bytes) =
            (plan.commits, plan.files, plan.file_bytes);
        return Ok(outcome);
    }
    let pushed = push.run(wants)?;
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
    })?;
    outcome.refs = lines(repo, wants, &pushed.refs)?;
    let traffic = connection.traffic();
    (outcome.commits, outcome.files) = (pushed.commits, pushed.files);
    (outcome.sent_bytes, outcome.requests) = (traffic.bytes_out, traffic.requests());
    outcome.was_done = pushed.was_done;
    Ok(outcome)
}

/// A line for every ref that was asked for, also for those that were there already.
fn lines(repo: &Repo, wants: &[Want], moves: &[Move]) -> Result<Vec<RefLine>, OpError> {
    let line = |want: &Want| {
        let moved = moves.iter().find(|(name, ..)| *name == want.name);
        let (old, new) = moved.map_or((want.new, want.new), |(_, old, new)| (*old, *new));
        Ok(line(repo, &want.name, old, new))
    };
    wants.iter().map(line).collect()
}

fn remember_upstream(repo: &Repo, remote: &str, wants: &[Want]) -> Result<(), OpError> {
    let file = repo.paths.config();
    for want in wants.iter().filter(|want| want.name.is_branch() && want.new.is_some()) {
        let key = format!("branch.\"{}\".remote", want.name.short());
        edit::set(&file, &key, remote).map_err(super::convert::config_error)?;
    }
    Ok(())
}
