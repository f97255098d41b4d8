//! A push: decide, upload, check, create; again from the newest root when another one came first.

use std::collections::{BTreeSet, HashSet};

use super::cache::Cache;
use super::chain::{Remote, RootCreated, Seen, StoredRoot};
use super::download::live_packs;
use super::journal::{Intent, Journal, Move, Resumed, journal_intent, resume_session};
use super::missing::{Missing, decide_missing};
use super::places::{Index, Own};
use super::rebase::{Reliance, Update, Verdict, check_against_root, is_reached, reached_commits};
use super::root::{Area, MAX_FENCES, Root, SegmentRef};
use super::session::{Session, start_session};
use super::state::{Condemned, PackRecord, Segment, State, TableRecord};
use super::upload::{Upload, read_trailer, upload_packs};
use super::{Refused, SyncError};
use crate::catalog::Location;
use crate::db::RepositoryId;
use crate::id::{CommitId, PackId, SessionId};
use crate::pack::PackKind;
use crate::progress::{Cancel, Progress};
use crate::refs::{RefName, RefTarget};
use crate::remote::Transport;
use crate::store::Store;
use crate::table;

/// How often a push begins anew because others were first, before it gives up.
const MAX_ROUNDS: u32 = 200;
/// A table larger than this is left to the collection to merge, in bytes.
const MAX_FOLDED_TABLE: u64 = 4 << 20;

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
#[derive(Clone, Debug)]
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
    /// The newest root seen on it.
    pub seen: Option<Seen>,
    /// Whether creates on it are atomic, as a probe found.
    pub has_atomic_create: bool,
    /// Commits that local refs reach, so that all below them is here.
    pub local_tips: Vec<CommitId>,
    /// How many packs are on their way at once.
    pub uploads: usize,
    /// zstd level of what is compressed anew.
    pub level: i32,
    /// Unix seconds, for what is condemned.
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
}

/// The root that a push works on, with what it holds.
struct Base {
    root: Option<StoredRoot>,
    state: State,
}

impl Base {
    fn seq(&self) -> u64 {
        self.root.as_ref().map_or(0, |stored| stored.root.seq)
    }

    fn is_fenced(&self, session: SessionId) -> bool {
        self.root.as_ref().is_some_and(|stored| stored.root.is_fenced(session))
    }
}

impl Push<'_> {
    fn remote(&self) -> Remote<'_> {
        Remote { transport: self.transport, cache: self.cache }
    }

    fn repository(&self) -> Result<RepositoryId, SyncError> {
        Ok(self.store.db().read(|view| view.repository_id())?)
    }

    fn load(&self) -> Result<Base, SyncError> {
        let remote = self.remote();
        let root = remote.latest(self.seen)?;
        let state = match &root {
            Some(stored) => {
                if stored.root.repository != self.repository()? {
                    return Err(SyncError::OtherRepository);
                }
                remote.load_state(&stored.root)?
            }
            None => State::default(),
        };
        Ok(Base { root, state })
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
        for commit in reached_commits(self.store, state)? {
            let is_whole = is_reached(self.store, commit, &self.local_tips)?;
            anchors.extend(is_whole.then_some(commit));
        }
        Ok(anchors)
    }

    fn missing(&self, base: &Base, updates: &[Update]) -> Result<Missing, SyncError> {
        let targets: Vec<RefTarget> = updates.iter().filter_map(|update| update.new).collect();
        let anchors = self.anchors(&base.state)?;
        decide_missing(self.store, &targets, &anchors, self.store.forgotten())
    }

    /// Says what a push would send, and sends nothing.
    pub fn plan(&self, wants: &[Want]) -> Result<PushPlan, SyncError> {
        let base = self.load()?;
        let updates = self.updates(&base, wants)?;
        self.check(&base, start_session(base.seq())?, &updates, &Reliance::default())?;
        let missing = self.missing(&base, &updates)?;
        Ok(PushPlan {
            refs: moves(&updates),
            commits: missing.commits.len() as u64,
            files: missing.blobs.len() as u64,
            file_bytes: missing.blobs.iter().map(|(_, size)| size).sum(),
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
                check_against_root(self.store, at, session.id, updates, reliance)
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
        let mut base = self.load()?;
        let journal = Journal::read(db, self.remote)?;
        let is_wanted = |moves: &[Move]| {
            let wanted = wants.iter().map(|want| (&want.name, want.new));
            moves.iter().map(|(name, _, new)| (name, *new)).eq(wanted)
        };
        let mut work = match resume_session(&self.remote(), journal, is_wanted)? {
            Resumed::Done(root) => {
                Journal::clear(db, self.remote)?;
                base = self.load()?;
                if self.updates(&base, wants)?.is_empty() {
                    return Ok(Pushed {
                        was_done: true,
                        ..self.outcome(&base, Some(root.seq), wants)
                    });
                }
                Work::new(start_session(base.seq())?)
            }
            Resumed::GoOn(journal) if !base.is_fenced(journal.session) => self.take_up(journal)?,
            // Of a fenced session nothing may be used, and some of it may be gone.
            Resumed::Fresh | Resumed::GoOn(_) => Work::new(start_session(base.seq())?),
        };
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
    fn take_up(&self, mut journal: Journal) -> Result<Work, SyncError> {
        let mut work = Work::new(Session { id: journal.session });
        journal.packs.retain(|(_, pack)| pack.kind != PackKind::Layout);
        for (id, record) in &journal.packs {
            let trailer = read_trailer(self.transport, *id, record)?;
            for (address, place) in trailer.rows() {
                work.own.insert(record.kind, &address, Location { pack: *id, place });
            }
        }
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
        let mut missing = self.upload(work, &base, updates)?;
        for _ in 0..MAX_ROUNDS {
            self.cancel.check()?;
            match self.check(&base, work.session, updates, &work.reliance)? {
                Verdict::Holds => {}
                verdict => {
                    rebase(work, verdict, base.seq())?;
                    missing = self.upload(work, &base, updates)?;
                    continue;
                }
            }
            let (root, bytes) = self.prepare(work, &base, updates)?;
            let intent = Intent { root: bytes.clone(), moves: moves(updates) };
            journal_intent(self.store.db(), self.remote, &mut work.journal, intent)?;
            match self.remote().create_root(&bytes, &root)? {
                RootCreated::Taken => base = self.load()?,
                RootCreated::Ours => return self.finish(work, &root, &bytes, updates, &missing),
            }
        }
        Err(SyncError::Busy)
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
        Journal::clear(self.store.db(), self.remote)?;
        Ok(Pushed {
            refs: moves(updates),
            seq: Some(root.seq),
            seen: Some(Seen { seq: root.seq, hash }),
            commits: missing.commits.len() as u64,
            files: missing.blobs.len() as u64,
            packed_bytes: work.journal.packs.iter().map(|(_, pack)| pack.bytes).sum(),
            was_done: false,
        })
    }

    /// Uploads what the remote lacks at `base`, beyond what the session has uploaded already.
    fn upload(
        &self,
        work: &mut Work,
        base: &Base,
        updates: &[Update],
    ) -> Result<Missing, SyncError> {
        let missing = self.missing(base, updates)?;
        let present = Index::of_chunks(&self.remote(), &base.state)?;
        let upload = Upload {
            store: self.store,
            transport: self.transport,
            session: work.session,
            uploads: self.uploads,
            level: self.level,
            progress: self.progress,
            cancel: self.cancel,
        };
        let journal = &mut work.journal;
        let mut answered = |id: PackId, record: PackRecord| {
            journal.packs.push((id, record));
            journal.write(self.store.db(), self.remote)
        };
        self.progress.begin("uploading", None, None);
        let relied = upload_packs(&upload, &missing, &present, &mut work.own, &mut answered);
        self.progress.finish();
        work.reliance = Reliance { anchors: missing.anchors.clone(), packs: relied? };
        Ok(missing)
    }

    /// The root to follow `base`, with the table and the segment that it names uploaded.
    fn prepare(
        &self,
        work: &mut Work,
        base: &Base,
        updates: &[Update],
    ) -> Result<(Root, Vec<u8>), SyncError> {
        let mut root = match &base.root {
            Some(stored) => stored.root.successor(stored.hash, work.session.id),
            None => self.first_root(work.session)?,
        };
        let mut segment = Segment::default();
        for update in updates {
            segment.move_ref(&update.name, base.state.refs.get(&update.name), update.new);
        }
        for (id, record) in &work.journal.packs {
            segment.packs.insert(*id, Some(*record));
        }
        self.add_tables(work, base, &mut root, &mut segment)?;
        self.add_segment(work.session, base, &mut root, segment)?;
        root.summarise_fences(MAX_FENCES, work.session.id.seq);
        let bytes = root.encode();
        Ok((root, bytes))
    }

    fn first_root(&self, session: Session) -> Result<Root, SyncError> {
        Ok(Root {
            repository: self.repository()?,
            format: *self.store.params(),
            seq: 1,
            previous: [0; 32],
            skips: Vec::new(),
            session: session.id,
            fence_floor: 0,
            fenced: BTreeSet::new(),
            has_atomic_create: self.has_atomic_create,
            segments: Vec::new(),
        })
    }

    /// Uploads the tables of the session's packs. Small tables before them are folded in, so that there
    /// are few however many pushes there were.
    fn add_tables(
        &self,
        work: &mut Work,
        base: &Base,
        root: &mut Root,
        segment: &mut Segment,
    ) -> Result<(), SyncError> {
        for kind in PackKind::ALL {
            let packs = work.packs_of(kind);
            let mut rows = work.own.rows(kind, &packs);
            if rows.is_empty() {
                continue;
            }
            let mut bytes = table::write_rows(Vec::new(), kind, &mut rows)?.out;
            let live = |id: &PackId| base.state.packs.contains_key(id) || packs.contains(id);
            for (id, record) in self.foldable(base, kind, bytes.len() as u64) {
                let expected = (record.bytes, record.hash);
                let older = self.cache.bytes(self.transport, Area::Table, id, expected)?;
                let tables = [table::Table::open(bytes)?, table::Table::open(older)?];
                let merged =
                    table::merge(Vec::new(), kind, &[&tables[0], &tables[1]], |id| live(&id))?;
                bytes = merged.out;
                segment.tables.insert(id, None);
                self.condemn(root, segment, Area::Table, id);
            }
            let id = work.session.new_name()?;
            let record = TableRecord {
                kind,
                entries: table::Table::open(bytes.as_slice())?.len(),
                bytes: bytes.len() as u64,
                hash: *blake3::hash(&bytes).as_bytes(),
            };
            self.cache.keep(Area::Table, id, &bytes)?;
            self.transport.put(&Area::Table.key(id), bytes)?;
            segment.tables.insert(id, Some(record));
        }
        Ok(())
    }

    /// The tables of a kind that are to be folded into one of `bytes`, smallest first: each no larger
    /// than twice what has been gathered.
    fn foldable(&self, base: &Base, kind: PackKind, mut bytes: u64) -> Vec<(PackId, TableRecord)> {
        let of_kind = base.state.tables.iter().filter(|(_, table)| table.kind == kind);
        let mut tables: Vec<_> = of_kind.map(|(id, table)| (*id, *table)).collect();
        tables.sort_by_key(|(id, table)| (table.bytes, *id));
        tables.retain(|(_, table)| {
            let is_small = table.bytes <= bytes.saturating_mul(2).min(MAX_FOLDED_TABLE);
            bytes += if is_small { table.bytes } else { 0 };
            is_small
        });
        tables
    }

    /// Uploads the segment. Segments before it that are no larger are folded in.
    fn add_segment(
        &self,
        session: Session,
        base: &Base,
        root: &mut Root,
        mut segment: Segment,
    ) -> Result<(), SyncError> {
        let remote = self.remote();
        let mut older = match &base.root {
            Some(stored) => remote.load_segments(&stored.root)?,
            None => Vec::new(),
        };
        let mut bytes = segment.encode();
        while let Some(last) = root.segments.last().copied()
            && last.bytes <= bytes.len() as u64 * 2
            && let Some(mut folded) = older.pop()
        {
            root.segments.pop();
            self.condemn(root, &mut segment, Area::List, last.id);
            folded.fold(segment);
            segment = folded;
            bytes = segment.encode();
        }
        if root.segments.is_empty() {
            segment.forget_removals();
            bytes = segment.encode();
        }
        let id = session.new_name()?;
        let hash = *blake3::hash(&bytes).as_bytes();
        root.segments.push(SegmentRef { id, bytes: bytes.len() as u64, hash });
        self.cache.keep(Area::List, id, &bytes)?;
        Ok(self.transport.put(&Area::List.key(id), bytes)?)
    }

    /// Rule 7: what is condemned has its session fenced in the same root.
    fn condemn(&self, root: &mut Root, segment: &mut Segment, area: Area, id: PackId) {
        let condemned = Condemned { seq: root.seq, time: self.now };
        segment.condemned.insert(area.key(id), Some(condemned));
        root.fence(id.session);
    }
}

fn moves(updates: &[Update]) -> Vec<Move> {
    updates.iter().map(|update| (update.name.clone(), update.saw, update.new)).collect()
}

/// What a push has done so far.
struct Work {
    session: Session,
    journal: Journal,
    own: Own,
    reliance: Reliance,
}

impl Work {
    fn new(session: Session) -> Self {
        let (own, reliance) = (Own::default(), Reliance::default());
        let journal = Journal::new(session);
        Self { session, journal, own, reliance }
    }

    fn packs_of(&self, kind: PackKind) -> HashSet<PackId> {
        let of_kind = self.journal.packs.iter().filter(|(_, pack)| pack.kind == kind);
        of_kind.map(|(id, _)| *id).collect()
    }
}

/// Makes a session's work fit the newest root: what is fenced is dropped with its session, recipes that
/// name a pack which is gone are written anew.
fn rebase(work: &mut Work, verdict: Verdict, seq: u64) -> Result<(), SyncError> {
    match verdict {
        Verdict::Holds => {}
        Verdict::Fenced => *work = Work::new(start_session(seq)?),
        Verdict::AnchorGone | Verdict::PackGone => {
            work.journal.packs.retain(|(_, pack)| pack.kind != PackKind::Layout);
            work.own.forget(PackKind::Layout);
        }
    }
    Ok(())
}
