//! From what a push has uploaded to the root that lists it: tables, a segment, and what is condemned.

use std::collections::{BTreeSet, HashSet};

use super::SyncError;
use super::push::{Base, Push, Work};
use super::rebase::Update;
use super::root::{Area, MAX_FENCES, Root, SegmentRef};
use super::session::Session;
use super::state::{Condemned, Segment, Staged, State, TableRecord};
use crate::id::PackId;
use crate::pack::PackKind;
use crate::table;

/// A table larger than this is left to the collection to merge, in bytes.
const MAX_FOLDED_TABLE: u64 = 4 << 20;
/// How many condemned keys a push deletes: more than it condemns.
const MAX_DELETED: usize = 8;

impl Push<'_> {
    /// The root to follow `base`, with the table and the segment that it names uploaded.
    pub(super) fn prepare(
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
        for (id, record) in work.journal.chain.iter().chain(&work.journal.packs) {
            segment.packs.insert(*id, Some(*record));
        }
        segment.staged.extend(work.journal.chain.iter().map(|(id, _)| (*id, None)));
        let dropped = work.dropped.iter().copied().filter(|id| base.state.packs.contains_key(id));
        for id in work.folded.condemned(&base.state).into_iter().chain(dropped) {
            segment.packs.insert(id, None);
            self.condemn(&mut root, &mut segment, Area::Pack, id);
        }
        self.add_tables(work, base, &mut root, &mut segment)?;
        self.delete_due(&base.state, &mut segment);
        self.add_segment(work.session, base, &mut root, segment)?;
        root.summarise_fences(MAX_FENCES, work.session.id.seq);
        let bytes = root.encode();
        Ok((root, bytes))
    }

    /// The root to follow `base` that only lists the session's packs as staged.
    pub(super) fn prepare_staging(
        &self,
        work: &Work,
        base: &Base,
    ) -> Result<(Root, Vec<u8>), SyncError> {
        let mut root = match &base.root {
            Some(stored) => stored.root.successor(stored.hash, work.session.id),
            None => self.first_root(work.session)?,
        };
        let staged = |pack| Some(Staged { pack, time: self.now });
        let packs = work.journal.packs.iter().map(|(id, record)| (*id, staged(*record)));
        let segment = Segment { staged: packs.collect(), ..Segment::default() };
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
            let dropped = |id: &PackId| segment.packs.get(id).is_some_and(Option::is_none);
            let live: HashSet<PackId> = base
                .state
                .packs
                .keys()
                .copied()
                .filter(|id| !dropped(id))
                .chain(packs.iter().copied())
                .collect();
            for (id, record) in self.foldable(base, kind, bytes.len() as u64) {
                let expected = (record.bytes, record.hash);
                let older = self.cache.bytes(self.transport, Area::Table, id, expected)?;
                let tables = [table::Table::open(bytes)?, table::Table::open(older)?];
                let merged = table::merge(Vec::new(), kind, &[&tables[0], &tables[1]], |id| {
                    live.contains(&id)
                })?;
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

    /// Deletes a few of the keys that the root which is replaced condemns, and forgets them in the next:
    /// a push condemns about five, and without this every reader would read of all of them until somebody
    /// collects. A courtesy: who may not delete, or cannot now, leaves them to others.
    fn delete_due(&self, state: &State, segment: &mut Segment) {
        let is_due = |key: &str, condemned: &Condemned| {
            let area = Area::parse(key).map_or(Area::Pack, |(area, _)| area);
            condemned.time.saturating_add(area.grace_seconds()) <= self.now
        };
        let due = state.condemned.iter().filter(|(key, condemned)| is_due(key, condemned));
        for (key, _) in due.take(MAX_DELETED) {
            if self.transport.delete(key).is_err() {
                return;
            }
            segment.condemned.insert(key.clone(), None);
        }
    }

    /// Rule 7: what is condemned has its session fenced in the same root.
    fn condemn(&self, root: &mut Root, segment: &mut Segment, area: Area, id: PackId) {
        let condemned = Condemned { seq: root.seq, time: self.now };
        segment.condemned.insert(area.key(id), Some(condemned));
        root.fence(id.session);
    }
}
