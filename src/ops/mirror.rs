//! `mirror`: what one remote has, on another, without a copy of it here.
//!
//! It is a push whose objects lie on a remote: history is read there, data is streamed block by block, and the
//! packs of the other side are its own. What a push rests on is kept in a repository without objects, below
//! `.esker/mirror` or in the person's cache, so that one that was cut short goes on.

use serde::Serialize;

use super::connect::{self, Connection, RemoteSettings};
use super::desk::{self, Desk, JOURNAL, short_hash, tips};
use super::ref_line::line_in;
use super::{Context, OpError, RefLine, sending};
use crate::object::access::ReadObjects;
use crate::path::escape;
use crate::refs::RefTarget;
use crate::remote::Location;
use crate::remote::probe::probe;
use crate::repo::{Repo, RepoPaths};
use crate::steps::{RunContext, remotes};
use crate::sync::cache::Cache;
use crate::sync::chain::{MAX_RELOADS, Seen, StoredRoot};
use crate::sync::elsewhere::Elsewhere;
use crate::sync::journal::Move;
use crate::sync::lookup::Whole;
use crate::sync::objects::RemoteHistory;
use crate::sync::push::{Mode, Push, Pushed, Want};
use crate::sync::state::State;
use crate::sync::{Refused, SyncError};

/// What to mirror, and where.
#[derive(Clone, Debug, Default)]
pub struct MirrorOptions {
    /// The remote to read: its name here, or a location.
    pub from: String,
    /// The remote to write, likewise.
    pub to: String,
    /// Move refs even where that leaves commits behind.
    pub force: bool,
    /// Delete branches and tags there that the remote to read has not.
    pub prune: bool,
    /// Say what would be sent, and send nothing.
    pub dry_run: bool,
}

/// What was sent.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MirrorOutcome {
    /// Where the remote that was read is.
    pub from: String,
    /// Where the other one is.
    pub to: String,
    /// Every ref: branches, tags and keeps.
    pub refs: Vec<RefLine>,
    /// Commits sent.
    pub commits: u64,
    /// Files whose content was sent.
    pub files: u64,
    /// Bytes of those files; for a dry run only.
    pub file_bytes: u64,
    /// Objects that a dry run found missing there: chunks, trees, commits and tags.
    pub planned_objects: u64,
    /// Bytes of those chunks, as they are stored where they are read.
    pub planned_bytes: u64,
    /// Bytes that came in from both.
    pub received_bytes: u64,
    /// Bytes that went out.
    pub sent_bytes: u64,
    /// Requests that it took, of both.
    pub requests: u64,
    /// An earlier run that had been cut short turned out to be done.
    pub was_done: bool,
    /// Nothing was sent.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

/// Sends what one remote has and the other lacks, then moves its refs, all or none.
pub fn run(ctx: &Context, options: &MirrorOptions) -> Result<MirrorOutcome, OpError> {
    let started = std::time::Instant::now();
    let here = ctx.find_repo().ok();
    let (from, to) = (
        Place::of(ctx, here.as_ref(), &options.from)?,
        Place::of(ctx, here.as_ref(), &options.to)?,
    );
    if from.location.to_string() == to.location.to_string() {
        return Err(OpError::Usage {
            message: "both are the same place".to_owned(),
            hint: Some("name two, as in: esker mirror origin nas".to_owned()),
        });
    }
    let places = [&from.location, &to.location];
    let dir = desk::dir(ctx, here.as_ref(), "mirror", &places)?;
    let (from, to) =
        (from.connect(ctx, here.as_ref(), &dir)?, to.connect(ctx, here.as_ref(), &dir)?);
    let mut at = from.load(None, None)?;
    let desk = Desk::open(ctx, dir, &at.0.root)?;
    let mut outcome = MirrorOutcome {
        from: from.location.to_string(),
        to: to.location.to_string(),
        dry_run: options.dry_run,
        ..MirrorOutcome::default()
    };
    let run = ctx.run_context(&desk.repo.settings);
    let mirror = Mirror { ctx, options, from: &from, to: &to, desk: &desk.repo, run: &run };
    let mut done = Err(SyncError::Busy.into());
    for _ in 0..MAX_RELOADS {
        done = mirror.run(&at, &mut outcome);
        match done {
            Err(MirrorError::Sync(e)) if e.is_missing_key() => {
                // A collection there may have deleted it since.
                let root = from.remote().newer(&at.0, e).map_err(OpError::from)?;
                let seen = Seen { seq: root.root.seq, hash: root.hash };
                at = from.load(None, Some(seen))?;
                done = Err(SyncError::Busy.into());
            }
            _ => break,
        }
    }
    let pushed = done.map_err(|e| e.told(&options.from, &options.to))?;
    if let (Some(pushed), Some(_)) = (pushed, &here) {
        remember(ctx, &to, &pushed)?;
    }
    desk.leave();
    let traffic = (from.traffic(), to.traffic());
    outcome.received_bytes = traffic.0.bytes_in + traffic.1.bytes_in;
    outcome.sent_bytes = traffic.1.bytes_out;
    outcome.requests = traffic.0.requests() + traffic.1.requests();
    outcome.seconds = started.elapsed().as_secs_f64();
    Ok(outcome)
}

/// A remote as it was named.
struct Place {
    settings: RemoteSettings,
    location: Location,
}

impl Place {
    fn of(ctx: &Context, here: Option<&RepoPaths>, word: &str) -> Result<Self, OpError> {
        if let Some(paths) = here
            && let Some(settings) = connect::settings_of(&connect::config(ctx, paths)?, word)
        {
            let location = Location::parse(&settings.url, paths.main_root())?;
            return Ok(Self { settings, location });
        }
        let settings = RemoteSettings { url: word.to_owned(), ..RemoteSettings::default() };
        Ok(Self { settings, location: Location::parse(word, &ctx.start_dir)? })
    }

    fn connect(
        self,
        ctx: &Context,
        here: Option<&RepoPaths>,
        dir: &std::path::Path,
    ) -> Result<Connection, OpError> {
        let Self { settings, location } = self;
        let transport = connect::open(ctx, &settings, &location, here)?;
        let cache = match (here, settings.name.as_str()) {
            (Some(paths), name) if !name.is_empty() => Cache::new(&paths.dir, name),
            // Of a place without a name here, by its location.
            _ => Cache::new(dir, &short_hash(&[&location.to_string()])),
        };
        Ok(Connection { settings, location, transport, cache })
    }
}

/// Why a mirror was not made.
#[derive(Debug, thiserror::Error)]
enum MirrorError {
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Op(#[from] OpError),
}

impl From<crate::object::access::AccessError> for MirrorError {
    fn from(e: crate::object::access::AccessError) -> Self {
        Self::Sync(e.into())
    }
}

impl MirrorError {
    /// The same, with what to do about it here.
    fn told(self, from: &str, to: &str) -> OpError {
        let (name, hint) = match &self {
            Self::Sync(SyncError::Refused(
                Refused::NotAncestor { name } | Refused::Exists { name },
            )) => (name.short().to_owned(), "replace it there: esker mirror --force"),
            Self::Sync(SyncError::OtherRepository) => {
                let message =
                    format!("{} holds another repository than {}", escape(to), escape(from));
                let hint = Some("name an empty place for it".to_owned());
                return OpError::Remote { message, hint };
            }
            _ => {
                return match self {
                    Self::Sync(e) => e.into(),
                    Self::Op(e) => e,
                };
            }
        };
        let message =
            format!("{} is another one at {} than at {}", escape(&name), escape(to), escape(from));
        OpError::Remote { message, hint: Some(hint.to_owned()) }
    }
}

/// One run.
struct Mirror<'m> {
    ctx: &'m Context,
    options: &'m MirrorOptions,
    from: &'m Connection,
    to: &'m Connection,
    desk: &'m Repo,
    run: &'m RunContext,
}

impl Mirror<'_> {
    /// Sends what `at` reaches; a dry run gives nothing.
    fn run(
        &self,
        at: &(StoredRoot, State),
        outcome: &mut MirrorOutcome,
    ) -> Result<Option<Pushed>, MirrorError> {
        let Self { ctx, from, desk, run, .. } = *self;
        let _lock = sending::lock(ctx, desk)?;
        let (remote, state) = (from.remote(), &at.1);
        let history = RemoteHistory::new(&remote, state, &desk.store);
        history.prefetch(from.transfers(desk), &run.cancel)?;
        let whole = Whole::open(&remote, state)?;
        let elsewhere = [Elsewhere {
            name: &self.options.from,
            remote: &remote,
            state,
            find: &whole,
            downloads: from.transfers(desk),
        }];
        let mut push = Push {
            remote: JOURNAL,
            elsewhere: &elsewhere,
            history: Some(&history),
            local_tips: tips(&history, &state.refs).map_err(SyncError::from)?,
            seen: None,
            ..self.to.push(ctx, desk, run)?
        };
        let base = self.to.remote().load(None)?;
        let there = base.as_ref().map(|(_, state)| state);
        if base.is_none() && self.to.settings.name.is_empty() && !self.options.dry_run {
            let found = probe(&*self.to.transport).map_err(SyncError::from)?;
            push.has_atomic_create = found.has_atomic_create;
        }
        let wants = self.wants(state, there);
        let lines = |moves: &[Move]| {
            let line = |want: &Want| {
                let found = moves.iter().find(|(name, ..)| *name == want.name);
                let (old, new) = found.map_or((want.new, want.new), |(_, old, new)| (*old, *new));
                line_in(&history, &want.name, old, new)
            };
            wants.iter().map(line).collect()
        };
        if self.options.dry_run {
            let plan = push.plan(&wants)?;
            outcome.refs = lines(&plan.refs);
            (outcome.commits, outcome.files) = (plan.commits, plan.files);
            outcome.file_bytes = plan.file_bytes;
            (outcome.planned_objects, outcome.planned_bytes) = (plan.objects, plan.bytes);
            return Ok(None);
        }
        let pushed = push.run(&wants)?;
        outcome.refs = lines(&pushed.refs);
        (outcome.commits, outcome.files) = (pushed.commits, pushed.files);
        outcome.was_done = pushed.was_done;
        Ok(Some(pushed))
    }

    /// Every ref as it is where it is read; and those that go.
    fn wants(&self, state: &State, there: Option<&State>) -> Vec<Want> {
        let mode = if self.options.force { Mode::Force } else { Mode::FastForward };
        let all = state.refs.iter();
        let mut wants: Vec<Want> = all
            .map(|(name, record)| Want { name: name.clone(), new: Some(record.target), mode })
            .collect();
        let others = there.into_iter().flat_map(|there| &there.refs);
        for (name, record) in others.filter(|_| self.options.prune) {
            // What somebody keeps there is pinned, or has no other place.
            if !name.is_keep() && !state.refs.contains_key(name) {
                let mode = Mode::Lease(Some(record.target));
                wants.push(Want { name: name.clone(), new: None, mode });
            }
        }
        wants
    }
}

/// Notes here what is there now, where the repository knows the remote.
fn remember(ctx: &Context, to: &Connection, pushed: &Pushed) -> Result<(), OpError> {
    let name = to.settings.name.as_str();
    if name.is_empty() {
        return Ok(());
    }
    let repo = ctx.open_repo()?;
    let known = pushed.refs.iter().filter(|(_, _, new)| match new {
        Some(RefTarget::Commit(id)) => repo.store.read_commit(*id).is_ok(),
        Some(RefTarget::Tag(_)) => false,
        None => true,
    });
    let pushed = Pushed { refs: known.cloned().collect(), ..pushed.clone() };
    sending::follow(ctx, &repo, name, &pushed)?;
    if let Some(seen) = pushed.seen {
        repo.db.write(|tx| remotes::set_seen(tx, name, seen))?;
    }
    Ok(())
}
