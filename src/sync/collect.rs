//! The collection of a remote: what no ref reaches is dropped, what is nearly empty is packed anew.
//!
//! A collection is a session as a push is one: it marks from the refs of root *n*, uploads copies, and
//! creates root *n + 1*, in which the packs it drops are condemned and their sessions fenced. When the
//! root is taken everything is decided again from the newest one. Keys are deleted only once the root
//! that condemned them was read back, and after a grace that protects slow readers and nothing else.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::SyncError;
use super::cache::Cache;
use super::chain::{Remote, RootCreated, Seen, StoredRoot};
use super::listing::{Listing, Unnamed};
use super::mark::{Marks, mark};
use super::objects::Layouts;
use super::places::Own;
use super::root::{Area, MAX_FENCES, Root, SegmentRef};
use super::session::{Session, start_session};
use super::source::Source;
use super::state::{Condemned, PackRecord, Segment, State, TableRecord};
use super::trailers::listed_trailer;
use super::untouched::Untouched;
use super::upload::{Gathered, MAX_LISTS, Portion, Sink, Upload, with_sink};
use crate::catalog::Location;
use crate::id::{Address, PackId, SessionId};
use crate::pack::{BlockCodec, ChunkPlace, PackKind};
use crate::progress::{Cancel, Progress};
use crate::remote::{Item, Transport};
use crate::store::relocate::{Lists, PackChunks, Relocation, chunks_of, relocate};
use crate::store::{Store, StoreError};
use crate::table::{self, Table};

/// How often a collection begins anew because a push came first.
const MAX_ROUNDS: u32 = 100;
/// From the round after these on it only does what is quick.
pub const THOROUGH_ROUNDS: u32 = 4;
/// A pack of which more than this part of the chunks is not wanted is packed anew, in percent.
pub const MAX_UNWANTED_PERCENT: u64 = 50;
/// Packs of a kind below [`SMALL_PACK_BYTES`] before they are made one.
const MAX_SMALL_PACKS: usize = 4;
const SMALL_PACK_BYTES: u64 = 8 << 20;
/// What is half written is somebody's still when it was written to within this time, whatever the grace.
const UNFINISHED_SECONDS: i64 = 24 * 60 * 60;
/// Tables up to this length are merged, in bytes.
const MAX_MERGED_TABLE: u64 = 64 << 20;

/// What a collection is given.
pub struct Collect<'c> {
    /// Where the remote is.
    pub transport: &'c dyn Transport,
    /// Copies kept of it.
    pub cache: &'c Cache,
    /// The local objects: what is here need not be read there.
    pub store: &'c Store,
    /// The newest root seen on it.
    pub seen: Option<Seen>,
    /// How long a key that is no longer named is kept, in seconds.
    pub grace_seconds: i64,
    /// Unix seconds.
    pub now: i64,
    /// How many packs are on their way at once.
    pub transfers: usize,
    /// After so many rounds in which others came first it only does what is quick; [`THOROUGH_ROUNDS`] usually.
    pub thorough_rounds: u32,
    /// A pack of which more than this part of the chunks is not wanted is packed anew, in percent;
    /// [`MAX_UNWANTED_PERCENT`] usually.
    pub max_unwanted_percent: u64,
    /// zstd level of what is compressed anew.
    pub level: i32,
    /// Told of bytes.
    pub progress: &'c dyn Progress,
    /// Asked whether to stop.
    pub cancel: &'c Cancel,
    /// Only say what would be done.
    pub dry_run: bool,
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Collected {
    /// Packs that are dropped because nothing in them is wanted.
    pub dead_packs: u64,
    /// Packs that were packed anew.
    pub repacked: u64,
    /// Bytes of both.
    pub dropped_bytes: u64,
    /// Bytes of the new packs.
    pub new_bytes: u64,
    /// Keys deleted: condemned ones whose grace is over.
    pub deleted: u64,
    /// Keys deleted that no root ever named, and files that were left half written.
    pub orphans: u64,
    /// The newest root now.
    pub seen: Option<Seen>,
}

/// Packs to be dropped, and those of them whose wanted parts are copied first.
#[derive(Debug, Default, PartialEq, Eq)]
struct Sweep {
    dead: BTreeSet<PackId>,
    sparse: BTreeSet<PackId>,
}

/// What nothing needs on one root.
struct Mark {
    sweep: Sweep,
    /// Of what is packed anew, which chunks are wanted.
    marks: Marks,
    /// Everything was marked: packs are packed anew, tables merged and strays looked for, too.
    is_thorough: bool,
}

/// What a collection does on one root.
struct Plan<'s> {
    mark: &'s Mark,
    /// Condemned keys whose grace is over.
    due: Vec<&'s str>,
    /// What sessions that never ended left.
    strays: Strays,
    /// Staged packs of pushes that did not end.
    expired: Vec<PackId>,
}

impl Plan<'_> {
    /// Whether another root is of no use.
    fn is_empty(&self) -> bool {
        let is_swept = self.mark.sweep.all().next().is_some();
        let are_strays = !self.strays.sessions.is_empty();
        !is_swept && self.due.is_empty() && !are_strays && self.expired.is_empty()
    }
}

/// What sessions that never ended left, by its age, as a courtesy to those that live.
#[derive(Default)]
struct Strays {
    /// Keys of sessions that are fenced, and what was left half written: they may go at once.
    left: Vec<String>,
    /// How many keys there are of the others.
    keys: u64,
    /// The others, to be fenced: most are dead, one that is not starts anew.
    sessions: BTreeSet<SessionId>,
}

impl Collect<'_> {
    fn remote(&self) -> Remote<'_> {
        Remote { transport: self.transport, cache: self.cache }
    }

    /// Marks, sweeps and deletes.
    pub fn run(&self) -> Result<Collected, SyncError> {
        let remote = self.remote();
        let none = || SyncError::NoRepository { place: self.transport.place() };
        let (mut session, mut untouched, mut deleted) = (None, None, HashSet::new());
        for number in 0..MAX_ROUNDS {
            self.cancel.check()?;
            let (base, state) = remote.load(self.seen)?.ok_or_else(none)?;
            // A session that others fenced may not be used any more; nothing of it is.
            let own = match session {
                Some(own) if !base.root.is_fenced(own) => Session { id: own },
                _ => start_session(base.root.seq)?,
            };
            session = Some(own.id);
            let mark = match number < self.thorough_rounds {
                true => self.mark(&state),
                false => self.mark_quickly(&state, &mut untouched),
            };
            match mark.and_then(|mark| self.round(own, (&base, &state), &mark, &mut deleted)) {
                Ok(Some(done)) => return Ok(done),
                Ok(None) => {}
                // Another collection deleted what this one was about to read.
                Err(e) if e.is_missing_key() => drop(remote.newer(&base, e)?),
                Err(e) => return Err(e),
            }
        }
        Err(SyncError::Busy)
    }

    /// Marks everything that refs reach, for all that a collection does.
    fn mark(&self, state: &State) -> Result<Mark, SyncError> {
        let marks = mark(&self.remote(), state, self.store, self.transfers, self.cancel)?;
        if let Some(problem) = marks.problems.first() {
            return Err(SyncError::damaged(problem.key.as_str(), &problem.why));
        }
        Ok(Mark {
            sweep: sweep(state, &marks, self.max_unwanted_percent),
            marks,
            is_thorough: true,
        })
    }

    /// Marks once, then only what refs came to reach since: packing anew is left to a later collection.
    fn mark_quickly(
        &self,
        state: &State,
        known: &mut Option<Untouched>,
    ) -> Result<Mark, SyncError> {
        let remote = self.remote();
        let untouched = match known {
            Some(untouched) => untouched,
            None => known.insert(Untouched::of(
                &remote,
                state,
                self.store,
                self.transfers,
                self.cancel,
            )?),
        };
        let dead = untouched.on(&remote, state, self.store, self.cancel)?.clone();
        let sweep = Sweep { dead, sparse: BTreeSet::new() };
        Ok(Mark { sweep, marks: Marks::default(), is_thorough: false })
    }

    /// What is to be done on one root.
    fn plan<'s>(
        &self,
        mark: &'s Mark,
        base: &StoredRoot,
        (state, own): (&'s State, SessionId),
    ) -> Result<Plan<'s>, SyncError> {
        let strays = match mark.is_thorough {
            true => self.strays(base, state, own)?,
            false => Strays::default(),
        };
        Ok(Plan { mark, due: self.due(state), strays, expired: self.expired(state) })
    }

    /// One attempt on one root; `None` when another root came first. `deleted` are condemned keys that an
    /// earlier one deleted: as long as none of its roots came first they are condemned still.
    fn round(
        &self,
        session: Session,
        (base, state): (&StoredRoot, &State),
        mark: &Mark,
        deleted: &mut HashSet<String>,
    ) -> Result<Option<Collected>, SyncError> {
        let remote = self.remote();
        let plan = self.plan(mark, base, (state, session.id))?;
        let sweep = &mark.sweep;
        let mut done = Collected {
            dead_packs: (sweep.dead.len() + plan.expired.len()) as u64,
            repacked: sweep.sparse.len() as u64,
            dropped_bytes: sweep.all().filter_map(|id| state.packs.get(id)).map(|p| p.bytes).sum(),
            deleted: deleted.len() as u64,
            seen: Some(Seen { seq: base.root.seq, hash: base.hash }),
            ..Collected::default()
        };
        if self.dry_run {
            done.deleted = plan.due.len() as u64;
            done.orphans = plan.strays.keys + plan.strays.left.len() as u64;
            return Ok(Some(done));
        }
        done.orphans = self.delete_condemned(plan.strays.left.iter())?;
        if plan.is_empty() {
            return Ok(Some(done));
        }
        // Condemned by a root that is there, and their grace is over.
        self.delete_condemned(plan.due.iter().filter(|key| !deleted.contains(**key)))?;
        deleted.extend(plan.due.iter().map(|key| (*key).to_owned()));
        done.deleted = deleted.len() as u64;
        let mut copied = self.copy(session, state, &mark.marks, sweep)?;
        done.new_bytes = copied.packs.iter().map(|(_, pack)| pack.bytes).sum();
        let mut root = base.root.successor(base.hash, session.id);
        let next = self.next_state(session, state, &plan, &mut copied, &mut root)?;
        root.summarise_fences(MAX_FENCES, session.id.seq);
        self.write_segment(session, &next, &mut root)?;
        let bytes = root.encode();
        match remote.create_root(&bytes, &root)? {
            RootCreated::Taken => return Ok(None),
            RootCreated::Ours => {}
        }
        let hash = *blake3::hash(&bytes).as_bytes();
        remote.settle(&root, hash)?;
        done.seen = Some(Seen { seq: root.seq, hash });
        if self.grace_seconds == 0 {
            let fresh = next.condemned.keys().filter(|key| !state.condemned.contains_key(*key));
            done.deleted += self.delete_condemned(fresh)?;
        }
        done.orphans += self.delete_orphans(&root, &next)?;
        Ok(Some(done))
    }

    /// Staged packs of pushes that did not end within the grace.
    fn expired(&self, state: &State) -> Vec<PackId> {
        let is_old = |time: i64| time.saturating_add(self.grace_seconds) <= self.now;
        state.staged.iter().filter(|(_, s)| is_old(s.time)).map(|(id, _)| *id).collect()
    }

    /// Condemned keys whose grace is over.
    fn due<'s>(&self, state: &'s State) -> Vec<&'s str> {
        let is_due = |c: &Condemned| c.time.saturating_add(self.grace_seconds) <= self.now;
        let due = state.condemned.iter().filter(|(_, condemned)| is_due(condemned));
        due.map(|(key, _)| key.as_str()).collect()
    }

    fn strays(
        &self,
        base: &StoredRoot,
        state: &State,
        own: SessionId,
    ) -> Result<Strays, SyncError> {
        let listing = Listing::read(self.transport)?;
        let grace_of_unfinished = self.grace_seconds.max(UNFINISHED_SECONDS);
        let mut strays = Strays::default();
        let unnamed = listing.unnamed(&base.root, state);
        for Unnamed { id, item } in unnamed.filter(|unnamed| self.is_old(unnamed.item)) {
            if base.root.is_fenced(id.session) {
                strays.left.push(item.key.clone());
            } else if id.session != own {
                strays.keys += 1;
                strays.sessions.insert(id.session);
            }
        }
        let is_left = |item: &Item| item.modified.saturating_add(grace_of_unfinished) <= self.now;
        let unfinished = listing.unfinished.into_iter().filter(is_left);
        strays.left.extend(unfinished.map(|item| item.key));
        Ok(strays)
    }

    fn is_old(&self, item: &Item) -> bool {
        item.modified.saturating_add(self.grace_seconds) <= self.now
    }

    /// Deletes keys that a root which was read back condemns, or whose sessions it fences; returns how many.
    fn delete_condemned(
        &self,
        keys: impl Iterator<Item = impl AsRef<str>>,
    ) -> Result<u64, SyncError> {
        let mut deleted = 0;
        for key in keys {
            self.transport.delete(key.as_ref())?;
            deleted += 1;
        }
        Ok(deleted)
    }

    /// Deletes what sessions that `root` fences left behind and it neither names nor condemns.
    fn delete_orphans(&self, root: &Root, state: &State) -> Result<u64, SyncError> {
        let listing = Listing::read(self.transport)?;
        let unnamed = listing.unnamed(root, state);
        let orphans = unnamed.filter(|u| root.is_fenced(u.id.session) && self.is_old(u.item));
        self.delete_condemned(orphans.map(|orphan| &orphan.item.key))
    }

    /// Copies what is wanted of sparse packs, and writes each recipe anew that names one of them.
    fn copy(
        &self,
        session: Session,
        state: &State,
        marks: &Marks,
        sweep: &Sweep,
    ) -> Result<Copied, SyncError> {
        let mut copied = Copied::default();
        if sweep.sparse.is_empty() {
            return Ok(copied);
        }
        let upload = Upload {
            store: self.store,
            elsewhere: &[],
            joined: None,
            history: None,
            transport: self.transport,
            cache: self.cache,
            portion: Portion::ALL,
            session,
            uploads: self.transfers,
            level: self.level,
            progress: self.progress,
            cancel: self.cancel,
        };
        let Copied { own, packs } = &mut copied;
        let mut answered = |id: PackId, record: PackRecord| {
            packs.push((id, record));
            Ok(())
        };
        with_sink(&upload, own, &mut answered, |sink| {
            let mut codec = BlockCodec::new(self.level, true)?;
            self.copy_chunks(sink, &mut codec, (state, marks, sweep))?;
            self.rewrite_recipes(sink, &mut codec, (state, marks, sweep))
        })?;
        Ok(copied)
    }

    fn copy_chunks(
        &self,
        sink: &mut Sink<'_, '_>,
        codec: &mut BlockCodec,
        (state, marks, sweep): (&State, &Marks, &Sweep),
    ) -> Result<(), SyncError> {
        for kind in [PackKind::Data, PackKind::History] {
            let of_kind = |id: &&PackId| state.packs.get(id).is_some_and(|p| p.kind == kind);
            let mut gathered = Gathered::default();
            for id in sweep.sparse.iter().filter(of_kind) {
                let source = Source::read(self.transport, self.cache, (*id, &state.packs[id]))?;
                source.copy_chunks(sink, codec, &mut gathered, &marks.chunks(*id))?;
            }
            sink.append_raw(kind, codec, &mut gathered)?;
            sink.seal()?;
        }
        Ok(())
    }

    /// Recipes that name a sparse pack, or lie in one.
    fn rewrite_recipes(
        &self,
        sink: &mut Sink<'_, '_>,
        codec: &mut BlockCodec,
        (state, marks, sweep): (&State, &Marks, &Sweep),
    ) -> Result<(), SyncError> {
        let remote = self.remote();
        let layouts = Layouts::new(&remote, state)?;
        let lists = Lists::new(MAX_LISTS);
        let mut gathered = Gathered::default();
        for (blob, size) in &marks.recipes {
            for found in layouts.objects(*blob, *size)? {
                let to = Moved { collect: self, state, sweep, own: sink.own, lists: &lists };
                let moved = relocate(&found.bytes, &to)?;
                let is_leaving = sweep.sparse.contains(&found.at.pack);
                let Some(bytes) = moved.or(is_leaving.then_some(found.bytes)) else { continue };
                let object = (found.address, bytes.as_slice());
                sink.gather(PackKind::Layout, codec, &mut gathered, object)?;
            }
        }
        sink.append_raw(PackKind::Layout, codec, &mut gathered)?;
        sink.seal()
    }

    /// What the next root holds: packs and tables as they are after the sweep.
    fn next_state(
        &self,
        session: Session,
        state: &State,
        plan: &Plan<'_>,
        copied: &mut Copied,
        root: &mut Root,
    ) -> Result<State, SyncError> {
        let mut next = state.clone();
        for id in plan.mark.sweep.all().chain(&plan.expired) {
            next.packs.remove(id);
            next.staged.remove(id);
            condemn(root, &mut next, Area::Pack.key(*id), id.session, self.now);
        }
        next.packs.extend(copied.packs.iter().copied());
        for kind in PackKind::ALL.into_iter().filter(|_| plan.mark.is_thorough) {
            self.merge_tables(session, kind, copied, &mut next, root)?;
        }
        for key in &plan.due {
            next.condemned.remove(*key);
        }
        plan.strays.sessions.iter().for_each(|session| fence(root, *session));
        for segment in std::mem::take(&mut root.segments) {
            condemn(root, &mut next, Area::List.key(segment.id), segment.id.session, self.now);
        }
        Ok(next)
    }

    /// Makes one table of the smaller ones of a kind and of what was copied.
    fn merge_tables(
        &self,
        session: Session,
        kind: PackKind,
        copied: &mut Copied,
        next: &mut State,
        root: &mut Root,
    ) -> Result<(), SyncError> {
        let new: HashSet<PackId> =
            copied.packs.iter().filter(|(_, p)| p.kind == kind).map(|(id, _)| *id).collect();
        let is_merged = |t: &TableRecord| t.kind == kind && t.bytes <= MAX_MERGED_TABLE;
        let old: Vec<(PackId, TableRecord)> =
            next.tables.iter().filter(|(_, t)| is_merged(t)).map(|(id, t)| (*id, *t)).collect();
        let has_dead = old.len() > 1 || !new.is_empty();
        if !has_dead {
            return Ok(());
        }
        let mut rows = copied.own.rows(kind, &new);
        let mut tables = vec![Table::open(table::write_rows(Vec::new(), kind, &mut rows)?.out)?];
        for (id, record) in &old {
            let expected = (record.bytes, record.hash);
            let bytes = self.cache.bytes(self.transport, Area::Table, *id, expected)?;
            tables.push(Table::open(bytes)?);
        }
        let tables: Vec<_> = tables.iter().collect();
        let is_live = |id| next.packs.contains_key(&id);
        let merged = table::merge(Vec::new(), kind, &tables, is_live)?;
        let (id, entries, bytes) = (session.new_name()?, merged.entries, merged.out);
        let hash = *blake3::hash(&bytes).as_bytes();
        let record = TableRecord { kind, entries, bytes: bytes.len() as u64, hash };
        self.cache.keep(Area::Table, id, &bytes)?;
        self.transport.put(&Area::Table.key(id), bytes)?;
        for (old, _) in old {
            next.tables.remove(&old);
            condemn(root, next, Area::Table.key(old), old.session, self.now);
        }
        next.tables.insert(id, record);
        Ok(())
    }

    /// Writes the whole state as one segment.
    fn write_segment(
        &self,
        session: Session,
        next: &State,
        root: &mut Root,
    ) -> Result<(), SyncError> {
        let bytes = Segment::whole(next).encode();
        let id = session.new_name()?;
        let hash = *blake3::hash(&bytes).as_bytes();
        root.segments.push(SegmentRef { id, bytes: bytes.len() as u64, hash });
        self.cache.keep(Area::List, id, &bytes)?;
        Ok(self.transport.put(&Area::List.key(id), bytes)?)
    }
}

/// Rule 7: a key that is condemned has its session fenced in the same root.
pub fn condemn(root: &mut Root, state: &mut State, key: String, session: SessionId, now: i64) {
    state.condemned.insert(key, Condemned { seq: root.seq, time: now });
    fence(root, session);
}

/// Fences a session in a root to be.
pub fn fence(root: &mut Root, session: SessionId) {
    root.fence(session);
}

/// What is dropped, and what is packed anew.
fn sweep(state: &State, marks: &Marks, max_unwanted_percent: u64) -> Sweep {
    let mut sweep = Sweep::default();
    let mut small: BTreeMap<PackKind, Vec<PackId>> = BTreeMap::new();
    for (id, pack) in &state.packs {
        let wanted = marks.wanted(*id);
        if wanted == 0 {
            sweep.dead.insert(*id);
        } else if pack.chunks.saturating_sub(wanted) * 100 > pack.chunks * max_unwanted_percent {
            sweep.sparse.insert(*id);
        } else if pack.bytes < SMALL_PACK_BYTES {
            small.entry(pack.kind).or_default().push(*id);
        }
    }
    for packs in small.into_values().filter(|packs| packs.len() > MAX_SMALL_PACKS) {
        sweep.sparse.extend(packs);
    }
    sweep
}

impl Sweep {
    fn all(&self) -> impl Iterator<Item = &PackId> {
        self.dead.iter().chain(&self.sparse)
    }
}

/// What was copied, and where it lies now.
#[derive(Default)]
struct Copied {
    own: Own,
    packs: Vec<(PackId, PackRecord)>,
}

/// Where the chunks of sparse packs lie now.
struct Moved<'m> {
    collect: &'m Collect<'m>,
    state: &'m State,
    sweep: &'m Sweep,
    own: &'m Own,
    lists: &'m Lists,
}

impl Relocation for Moved<'_> {
    type Error = SyncError;

    fn chunks(&self, pack: PackId) -> Result<Option<PackChunks>, SyncError> {
        if !self.sweep.sparse.contains(&pack) {
            return Ok(None);
        }
        let read = || {
            let trailer = listed_trailer(self.collect.transport, self.state, pack)?;
            Ok::<_, SyncError>(chunks_of(&trailer))
        };
        self.lists.get(pack, read).map(Some)
    }

    fn place(&self, _: PackId, chunk: &(Address, ChunkPlace)) -> Result<Location, SyncError> {
        let found = self.own.find(PackKind::Data, &chunk.0);
        Ok(found.ok_or(StoreError::Missing(chunk.0))?)
    }
}
