//! `push`: sends what a remote lacks, then moves its branches and tags.

use serde::Serialize;

use super::connect::{self, Connection};
use super::evicting::{self, Evicting};
use super::refspec::Asked;
use super::sending::{self, lines, send};
use super::{Context, OpError, RefLine, loose};
use crate::config::edit;
use crate::path::RepoPath;
use crate::refs::{RefName, RefTarget};
use crate::repo::Repo;
use crate::sync::journal::Journal;
use crate::sync::push::Want;

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
    /// Go on with the push that was cut short, with the refs that were asked for then.
    pub resume: bool,
    /// Let go of the repository's copy of what HEAD holds once it is there; files on disk stay.
    pub evict: bool,
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
    /// Objects that a dry run found missing there: chunks, trees, commits and tags.
    pub planned_objects: u64,
    /// Bytes of those chunks, compressed as they are here; what is of the other objects is little.
    pub planned_bytes: u64,
    /// Bytes that went out.
    pub sent_bytes: u64,
    /// Bytes that came in, to find out what is there.
    pub received_bytes: u64,
    /// Requests that it took.
    pub requests: u64,
    /// An earlier push that had been cut short turned out to be done.
    pub was_done: bool,
    /// Bytes of file contents that were let go of here, since they are there.
    pub evicted_bytes: u64,
    /// Bytes by which the store on disk is smaller for it.
    pub freed_bytes: u64,
    /// Nothing was sent.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Sends branches and tags.
pub fn run(ctx: &Context, options: &PushOptions) -> Result<PushOutcome, OpError> {
    let started = std::time::Instant::now();
    let repo = ctx.open_repo()?;
    if options.evict {
        evicting::refuse_shared(&repo)?;
    }
    let config = connect::config(ctx, &repo.paths)?;
    let head = repo.head()?;
    let branch = head.branch().map(RefName::short);
    let settings = connect::choose(&config, options.remote.as_deref(), branch)?;
    let wants = match options.resume {
        true => cut_short(&repo, &settings.name)?,
        false => Asked { ctx, repo: &repo, remote: &settings.name, options }.wants()?,
    };
    let connection = connect::connect(ctx, settings, &repo.paths)?;
    let mut outcome = PushOutcome {
        remote: connection.settings.name.clone(),
        url: connection.location.to_string(),
        dry_run: options.dry_run,
        ..PushOutcome::default()
    };
    let mut leave = None;
    match options.dry_run {
        true => plan(ctx, &repo, &connection, &wants, &mut outcome)?,
        false => {
            let sent = send(ctx, &repo, &connection, &wants)?;
            (outcome.refs, outcome.was_done) = (sent.refs, sent.was_done);
            (outcome.commits, outcome.files) = (sent.commits, sent.files);
            if let (true, Some(commit)) = (options.evict, head.commit()) {
                let paths = &[RepoPath::root()];
                let connection = &connection;
                let evicting = Evicting { ctx, repo: &repo, connection, paths, keep_files: true };
                let evicted = evicting.run(commit, false)?;
                (outcome.evicted_bytes, leave) = (evicted.bytes, evicted.leave);
            }
        }
    }
    if !options.dry_run {
        settle(ctx, &repo, &connection, &wants);
    }
    let traffic = connection.traffic();
    (outcome.sent_bytes, outcome.received_bytes) = (traffic.bytes_out, traffic.bytes_in);
    outcome.requests = traffic.requests();
    if options.set_upstream && !options.dry_run {
        remember_upstream(&repo, &connection.settings.name, &wants)?;
    }
    drop(repo);
    outcome.freed_bytes = evicting::collect(ctx, leave)?;
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// What was pushed may have files that were sent before it: its keep takes the place of theirs.
fn settle(ctx: &Context, repo: &Repo, connection: &Connection, wants: &[Want]) {
    let pushed = wants.iter().filter(|want| want.name.is_branch());
    for commit in pushed.filter_map(|want| want.new.and_then(RefTarget::commit)) {
        // The push is done; where this fails the next one tries again.
        let _ = loose::settle(ctx, repo, connection, commit);
    }
}

/// What the push was asked for that was cut short.
fn cut_short(repo: &Repo, remote: &str) -> Result<Vec<Want>, OpError> {
    let wants = Journal::read(&repo.db, remote)?.map(|journal| journal.wants);
    wants.filter(|wants| !wants.is_empty()).ok_or_else(|| OpError::Usage {
        message: format!("no push to {remote} was cut short"),
        hint: Some("push anew: esker push".to_owned()),
    })
}

fn plan(
    ctx: &Context,
    repo: &Repo,
    connection: &Connection,
    wants: &[Want],
    outcome: &mut PushOutcome,
) -> Result<(), OpError> {
    let run = ctx.run_context(&repo.settings);
    let push = connection.push(ctx, repo, &run)?;
    let plan = sending::through(ctx, repo, push, &|push| push.plan(wants))?;
    outcome.refs = lines(repo, wants, &plan.refs);
    (outcome.commits, outcome.files) = (plan.commits, plan.files);
    outcome.file_bytes = plan.file_bytes;
    (outcome.planned_objects, outcome.planned_bytes) = (plan.objects, plan.bytes);
    Ok(())
}

fn remember_upstream(repo: &Repo, remote: &str, wants: &[Want]) -> Result<(), OpError> {
    let file = repo.paths.config();
    for want in wants.iter().filter(|want| want.name.is_branch() && want.new.is_some()) {
        let key = format!("branch.\"{}\".remote", want.name.short());
        edit::set(&file, &key, remote).map_err(super::convert::config_error)?;
    }
    Ok(())
}
