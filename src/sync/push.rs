//! A push: decide, upload, check, create; again from the newest root when another one came first.

mod stage;
mod work;

use std::collections::BTreeSet;

use super::absent::leave_out_absent;
use super::cache::Cache;
use super::chain::{Remote, RootCreated, Seen, StoredRoot};
use super::download::live_packs;
use super::elsewhere::{Elsewhere, planned};
use super::fold::Fold;
use super::joined::Joined;
use super::journal::{Intent, Journal, Move, Resumed, journal_intent, resume_session};
use super::missing::{Missing, decide_missing};
use super::objects::RemoteHistory;
use super::places::Index;
use super::rebase::{Reliance, Update, Verdict, check_against_root, is_reached, reached_commits};
use super::root::{Area, Root};
use super::session::{Session, start_session};
use super::state::{PackRecord, State};
use super::trailers::read_trailer;
use super::upload::{Joinable, Portion, Upload, Uploaded, planned_data, upload_packs};
use super::{Refused, SyncError};
use crate::catalog::Location;
use crate::db::RepositoryId;
use crate::id::{CommitId, PackId, SessionId};
use crate::object::access::ReadObjects;
use crate::pack::PackKind;
use crate::progress::{Cancel, Progress};
use crate::refs::{RefName, RefTarget};
use crate::remote::Transport;
use crate::store::Store;

pub(super) use work::Work;
use work::rebase;

/// How often a push begins anew because others were first, before it gives up.
const MAX_ROUNDS: u32 = 200;

/// Copies of what is of no use any more are removed after so many roots.
const CLEANED_EVERY: u64 = 16;

/// When a ref may be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Only where it continues what is there.
    FastForward,
    /// Whatever is there.
    Force,
    /// Only where this is there.
    Lease(Option<RefTarget>),
}

/// A ref that shall be moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Want {
    /// Its name on the remote.
    pub name: RefName,
    /// What it shall be; `None` deletes it.
    pub new: Option<RefTarget>,
    /// When it may be moved.
    pub mode: Mode,
}

/// What a push is given.
pub struct Push<'p> {
    /// The name of the remote, under which things are remembered.
    pub remote: &'p str,
    /// Where it is.
    pub transport: &'p dyn Transport,
    /// Copies kept of it.
    pub cache: &'p Cache,
    /// The local objects.
    pub store: &'p Store,
    /// Remotes that have what is not here, in the order in which they are asked.
    pub elsewhere: &'p [Elsewhere<'p>],
    /// Contents that are on the remote in spans and that only a recipe is to be made of.
    pub joined: &'p [Joined<'p>],
    /// Where history is read that is not here.
    pub history: Option<&'p RemoteHistory<'p>>,
    /// The newest root seen on it.
    pub seen: Option<Seen>,
    /// Whether creates on it are atomic, as a probe found.
    pub has_atomic_create: bool,
    /// Commits that local refs reach, so that all below them is here.
    pub local_tips: Vec<CommitId>,
    /// How many packs are on their way at once.
    pub uploads: usize,
    /// How much a session sends before what it sent is staged and another one goes on.
    pub portion: Portion,
    /// zstd level of what is compressed anew.
    pub level: i32,
    /// Unix seconds, for what is condemned now and what was long ago.
    pub now: i64,
    /// Told of bytes.
    pub progress: &'p dyn Progress,
    /// Asked whether to stop.
    pub cancel: &'p Cancel,
}

/// What a push came to.
#[derive(Clone, Debug, Default)]
pub struct Pushed {
    /// Every ref that was asked for: what it was and what it is.
    pub refs: Vec<Move>,
    /// The root that was made; `None` when there was nothing to do.
    pub seq: Option<u64>,
    /// The newest root now.
    pub seen: Option<Seen>,
    /// Commits, nodes of trees and blobs that were taken along.
    pub commits: u64,
    /// Files whose content was taken along.
    pub files: u64,
    /// Bytes of the packs that were uploaded.
    pub packed_bytes: u64,
    /// Whether an earlier push that was cut short had been done after all.
    pub was_done: bool,
}

/// What a push would send.
#[derive(Clone, Debug, Default)]
pub struct PushPlan {
    /// Every ref that would move.
    pub refs: Vec<Move>,
    /// Commits to send.
    pub commits: u64,
    /// Files whose content is not reached from what is there.
    pub files: u64,
    /// The bytes of those files.
    pub file_bytes: u64,
    /// Chunks of those files, trees, commits and tags that are not there.
    pub objects: u64,
    /// Bytes of those chunks, compressed as they are here.
    pub bytes: u64,
}

/// The root that a push works on, with what it holds.
pub(super) struct Base {
    pub(super) root: Option<StoredRoot>,
    pub(super) state: State,
}

impl Base {
    pub(super) fn seq(&self) -> u64 {
        self.root.as_ref().map_or(0, |stored| stored.root.seq)
    }

    fn is_fenced(&self, session: SessionId) -> bool {
        self.root.as_ref().is_some_and(|stored| stored.root.is_fenced(session))
    }
}

/// What came of an attempt.
enum Attempt {
    /// The root is ours.
    Done(Box<Pushed>),
    /// Something was uploaded: to be checked once more.
    Again,
    /// Another one came first.
    Taken,
    /// What was uploaded is staged: another session goes on.
    Staged,
}

impl Push<'_> {
    pub(super) fn remote(&self) -> Remote<'_> {
        Remote { transport: self.transport, cache: self.cache }
    }

    /// Where commits and trees are read.
    fn read(&self) -> &dyn ReadObjects {
        match self.history {
            Some(history) => history,
            None => self.store,
        }
    }

    pub(super) fn repository(&self) -> Result<RepositoryId, SyncError> {
        Ok(self.store.db().read(|view| view.repository_id())?)
    }

    pub(super) fn load(&self) -> Result<Base, SyncError> {
        let Some((stored, state)) = self.remote().load(self.seen)? else {
            return Ok(Base { root: None, state: State::default() });
        };
        match stored.root.repository == self.repository()? {
            true => Ok(Base { root: Some(stored), state }),
            false => Err(SyncError::OtherRepository),
        }
    }

    /// The newest root, after a key that `base` names was not there; the error if there is no newer one.
    fn reload(&self, base: &Base, error: SyncError) -> Result<Base, SyncError> {
        match &base.root {
            Some(stored) if error.is_missing_key() => {
                self.remote().newer(stored, error)?;
                self.load()
            }
            _ => Err(error),
        }
    }

    /// What the refs are and shall be, after the checks that need no upload.
    fn updates(&self, base: &Base, wants: &[Want]) -> Result<Vec<Update>, SyncError> {
        let update = |want: &Want| {
            let saw = base.state.target(&want.name);
            if let Mode::Lease(expected) = want.mode
                && saw != expected
            {
                return Err(Refused::Stale { name: want.name.clone() }.into());
            }
            if want.new.is_none() && saw.is_none() {
                return Err(Refused::NoSuchRef { name: want.name.clone() }.into());
            }
            let is_forced = want.mode != Mode::FastForward || want.new.is_none();
            Ok::<_, SyncError>(Update { name: want.name.clone(), saw, new: want.new, is_forced })
        };
        let all: Vec<Update> = wants.iter().map(update).collect::<Result<_, _>>()?;
        Ok(all.into_iter().filter(|update| update.saw != update.new).collect())
    }

    /// Commits that refs of the root reach and whose closure is here.
    fn anchors(&self, state: &State) -> Result<Vec<CommitId>, SyncError> {
        let mut anchors = Vec::new();
        for commit in reached_commits(self.read(), state)? {
            let is_whole = is_reached(self.read(), commit, &self.local_tips)?;
            anchors.extend(is_whole.then_some(commit));
        }
        Ok(anchors)
    }

    /// What is to be sent, and the packs there that hold what is not here.
    fn missing(
        &self,
        base: &Base,
        updates: &[Update],
    ) -> Result<(Missing, BTreeSet<PackId>), SyncError> {
        let targets: Vec<RefTarget> = updates.iter().filter_map(|update| update.new).collect();
        let anchors = self.anchors(&base.state)?;
        let forgotten = self.store.forgotten();
        let mut missing = decide_missing(self.read(), &targets, &anchors, forgotten)?;
        let (remote, from) = (self.remote(), (self.elsewhere, self.joined));
        let packs = leave_out_absent(&remote, &base.state, self.store, from, &mut missing)?;
        Ok((missing, packs))
    }

    /// Says what a push would send, and sends nothing.
    pub fn plan(&self, wants: &[Want]) -> Result<PushPlan, SyncError> {
        let base = self.load()?;
        let updates = self.updates(&base, wants)?;
        self.check(&base, start_session(base.seq())?, &updates, &Reliance::default())?;
        let (missing, _) = self.missing(&base, &updates)?;
        let present = Index::of_chunks(&self.remote(), &base.state, missing.bytes())?;
        let (here, far) = (
            planned_data(self.store, &missing, &present)?,
            planned(self.elsewhere, &missing.far, &present)?,
        );
        let history = missing.commits.len() + missing.trees.len() + missing.tags.len();
        Ok(PushPlan {
            refs: moves(&updates),
            commits: missing.commits.len() as u64,
            files: missing.files(),
            file_bytes: missing.bytes(),
            objects: here.0 + far.0 + history as u64,
            bytes: here.1 + far.1,
        })
    }

    fn check(
        &self,
        base: &Base,
        session: Session,
        updates: &[Update],
        reliance: &Reliance,
    ) -> Result<Verdict, SyncError> {
        match &base.root {
            Some(stored) => {
                let at = (&stored.root, &base.state);
                check_against_root(self.read(), at, session.id, updates, reliance)
            }
            None => {
                let vanished = updates.iter().find(|update| update.saw.is_some());
                match vanished {
                    Some(update) => Err(Refused::Moved { name: update.name.clone() }.into()),
                    None => Ok(Verdict::Holds),
                }
            }
        }
    }

    /// Sends what is missing and moves the refs, all of them or none.
    pub fn run(&self, wants: &[Want]) -> Result<Pushed, SyncError> {
        let db = self.store.db();
        // A session of the local store, so that no pack is dropped here while it is read.
        let local = self.store.start_session()?;
        local.hold(&live_packs(self.store)?)?;
        self.store.settle()?;
        let mut base = self.load()?;
        let journal = Journal::read(db, self.remote)?;
        let is_wanted = |moves: &[Move]| {
            let wanted = wants.iter().map(|want| (&want.name, want.new));
            moves.iter().map(|(name, _, new)| (name, *new)).eq(wanted)
        };
        let intent = journal.as_ref().and_then(|journal| journal.intent.as_ref());
        let is_same = intent.is_some_and(|intent| is_wanted(&intent.moves));
        let mut work = match resume_session(&self.remote(), journal, is_wanted)? {
            Resumed::Done(root) => {
                Journal::clear(db, self.remote)?;
                base = self.load()?;
                // What was expected there was there when the refs were moved: it is not asked for again.
                let is_there = |want: &Want| base.state.target(&want.name) == want.new;
                let is_done = match is_same && wants.iter().all(is_there) {
                    true => true,
                    false => self.updates(&base, wants)?.is_empty(),
                };
                if is_done {
                    return Ok(Pushed {
                        was_done: true,
                        ..self.outcome(&base, Some(root.seq), wants)
                    });
                }
                Work::new(start_session(base.seq())?)
            }
            Resumed::Staged(journal) => {
                base = self.load()?;
                self.take_up(&base, Journal { session: start_session(base.seq())?.id, ..journal })?
            }
            Resumed::GoOn(journal) if !base.is_fenced(journal.session) => {
                self.take_up(&base, journal)?
            }
            // Of a fenced session nothing may be used but what it had staged: some of it may be gone.
            Resumed::GoOn(Journal { chain, .. }) => {
                let journal = Journal::new(start_session(base.seq())?);
                self.take_up(&base, Journal { chain, ..journal })?
            }
            Resumed::Fresh => Work::new(start_session(base.seq())?),
        };
        work.journal.wants = wants.to_vec();
        let updates = self.updates(&base, wants)?;
        if updates.is_empty() {
            Journal::clear(db, self.remote)?;
            return Ok(self.outcome(&base, None, wants));
        }
        self.publish(&mut work, base, &updates)
    }

    /// The outcome of a push that had nothing to do.
    fn outcome(&self, base: &Base, seq: Option<u64>, wants: &[Want]) -> Pushed {
        let refs = wants.iter().map(|want| (want.name.clone(), want.new, want.new)).collect();
        let seen = base.root.as_ref().map(|r| Seen { seq: r.root.seq, hash: r.hash });
        Pushed { refs, seq, seen, ..Pushed::default() }
    }

    /// Goes on with a session that was cut short: what the remote answered for counts as there.
    ///
    /// But for recipes, which are small and written anew: one may name a pack that was still on its way when
    /// the push was cut short, or one that died since.
    fn take_up(&self, base: &Base, mut journal: Journal) -> Result<Work, SyncError> {
        let mut work = Work::new(Session { id: journal.session });
        if !journal.chain.iter().all(|(id, _)| base.state.staged.contains_key(id)) {
            // It took longer than the grace.
            journal.chain.clear();
        }
        journal.packs.retain(|(_, pack)| pack.kind != PackKind::Layout);
        for (id, record) in journal.chain.iter().chain(&journal.packs) {
            let trailer = read_trailer(self.transport, *id, record)?;
            for (address, place) in trailer.rows() {
                work.own.insert(record.kind, &address, Location { pack: *id, place });
            }
        }
        work.reliance.staged = journal.chain.iter().map(|(id, _)| *id).collect();
        work.journal = journal;
        Ok(work)
    }

    /// Until a root is ours: upload what is missing there, check, create.
    fn publish(
        &self,
        work: &mut Work,
        mut base: Base,
        updates: &[Update],
    ) -> Result<Pushed, SyncError> {
        let mut missing = None;
        for _ in 0..MAX_ROUNDS {
            self.cancel.check()?;
            match self.attempt(work, &base, updates, &mut missing) {
                Ok(Attempt::Done(pushed)) => return Ok(*pushed),
                Ok(Attempt::Again) => {}
                Ok(Attempt::Taken | Attempt::Staged) => base = self.load()?,
                Err(e) => {
                    base = self.reload(&base, e)?;
                    // Of what was under way only answered packs count, and recipes are written anew.
                    let wants = work.journal.wants.clone();
                    let journal = Journal { wants, ..Journal::new(work.session) };
                    *work = self.take_up(&base, std::mem::replace(&mut work.journal, journal))?;
                    missing = None;
                }
            }
        }
        Err(SyncError::Busy)
    }

    /// One step towards a root of ours on top of `base`.
    fn attempt(
        &self,
        work: &mut Work,
        base: &Base,
        updates: &[Update],
        decided: &mut Option<Missing>,
    ) -> Result<Attempt, SyncError> {
        let verdict = self.check(base, work.session, updates, &work.reliance)?;
        if verdict != Verdict::Holds {
            rebase(work, verdict, base.seq())?;
            *decided = None;
        }
        let Some(missing) = decided else {
            // What came of it must hold against this very root, too.
            *decided = self.upload(work, base, updates)?;
            return match decided {
                Some(_) => Ok(Attempt::Again),
                None => self.stage(work, base),
            };
        };
        let (root, bytes) = self.prepare(work, base, updates)?;
        let intent = Intent { root: bytes.clone(), moves: moves(updates) };
        journal_intent(self.store.db(), self.remote, &mut work.journal, intent)?;
        match self.remote().create_root(&bytes, &root)? {
            RootCreated::Taken => Ok(Attempt::Taken),
            RootCreated::Ours => {
                let pushed = self.finish(work, &root, &bytes, updates, missing)?;
                Ok(Attempt::Done(Box::new(pushed)))
            }
        }
    }

    fn finish(
        &self,
        work: &Work,
        root: &Root,
        bytes: &[u8],
        updates: &[Update],
        missing: &Missing,
    ) -> Result<Pushed, SyncError> {
        let hash = *blake3::hash(bytes).as_bytes();
        self.remote().settle(root, hash)?;
        if root.seq.is_multiple_of(CLEANED_EVERY) {
            self.forget_copies(root)?;
        }
        Journal::clear(self.store.db(), self.remote)?;
        Ok(Pushed {
            refs: moves(updates),
            seq: Some(root.seq),
            seen: Some(Seen { seq: root.seq, hash }),
            commits: missing.commits.len() as u64,
            files: missing.files(),
            packed_bytes: work.journal.packs.iter().map(|(_, pack)| pack.bytes).sum(),
            was_done: false,
        })
    }

    /// Removes copies of what the newest root does not name any more.
    fn forget_copies(&self, root: &Root) -> Result<(), SyncError> {
        let state = self.remote().load_state(root)?;
        let segments = root.segments.iter().map(|segment| (Area::List, segment.id));
        let tables = state.tables.keys().map(|id| (Area::Table, *id));
        let packs = state.packs.keys().map(|id| (Area::Pack, *id));
        self.cache.retain(&segments.chain(tables).chain(packs).collect());
        Ok(())
    }

    /// Uploads what the remote lacks at `base`, beyond what the session has uploaded already; nothing where
    /// only a portion of the data was.
    fn upload(
        &self,
        work: &mut Work,
        base: &Base,
        updates: &[Update],
    ) -> Result<Option<Missing>, SyncError> {
        let (missing, elsewhere) = self.missing(base, updates)?;
        let present = Index::of_chunks(&self.remote(), &base.state, missing.bytes())?;
        let is_portion = self.send(work, &missing, (&present, Some(&base.state)))?;
        work.reliance.packs.extend(elsewhere);
        Ok((!is_portion).then_some(missing))
    }

    /// Uploads objects, but for chunks that are present; takes small packs of a state in, if one is given.
    /// Says whether that was only a portion of the data.
    pub(super) fn send(
        &self,
        work: &mut Work,
        missing: &Missing,
        (present, folds): (&Index, Option<&State>),
    ) -> Result<bool, SyncError> {
        let remote = self.remote();
        let upload = Upload {
            store: self.store,
            elsewhere: self.elsewhere,
            joined: folds.map(|state| Joinable { blobs: self.joined, remote: &remote, state }),
            history: self.history,
            transport: self.transport,
            cache: self.cache,
            portion: if folds.is_some() { self.portion } else { Portion::ALL },
            session: work.session,
            uploads: self.uploads,
            level: self.level,
            progress: self.progress,
            cancel: self.cancel,
        };
        let is_noted = work.is_noted;
        let Work { journal, own, folded, .. } = work;
        let mut answered = |id: PackId, record: PackRecord| {
            journal.packs.push((id, record));
            match is_noted {
                true => journal.write(self.store.db(), self.remote),
                false => Ok(()),
            }
        };
        let history_only = !self.store.absent().promised.is_empty();
        let fold = folds.map(|state| Fold { remote: &remote, state, folded, history_only });
        self.progress.begin("uploading", None, None);
        let uploaded = upload_packs(&upload, missing, present, own, fold, &mut answered);
        self.progress.finish();
        let Uploaded { relied, is_portion } = uploaded?;
        work.reliance.anchors = missing.anchors.clone();
        work.reliance.packs = relied;
        Ok(is_portion)
    }
}

fn moves(updates: &[Update]) -> Vec<Move> {
    updates.iter().map(|update| (update.name.clone(), update.saw, update.new)).collect()
}
