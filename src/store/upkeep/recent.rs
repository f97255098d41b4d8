//! Letting go of what was stored a moment ago, without a walk from the roots.
//!
//! What lies in a pack that was just written can be needed for three things alone: the contents that it was
//! written for; what somebody else added since, who named something of it; and what is rewritten since. So
//! where all chunks of it are of contents that may go, where nobody listed a pack, holds one of these, or
//! moved a root, nothing else needs it. Wherever that is not so, nothing is done: a collection finds out.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::mark::{GcRoots, Marker};
use crate::db::{DbError, PackRow, Tx};
use crate::id::{BlobId, CommitId, PackId, TreeId};
use crate::pack::layout::PackKind;
use crate::progress::Cancel;
use crate::store::session::InUse;
use crate::store::{Store, StoreError};

/// What a store was, and what roots there are to be: as they were then, but for what this process moved.
#[derive(Clone, Debug)]
pub struct Moment {
    roots: GcRoots,
    packs: HashSet<PackId>,
}

impl Moment {
    /// The same where this process moved a stage, which is nothing where it is HEAD's tree.
    pub fn with_stage(mut self, (from, to): (Option<TreeId>, Option<TreeId>)) -> Self {
        let trees = &mut self.roots.trees;
        // One that is not there was moved by another: the one that should be there then stays, and no
        // longer is what is found.
        if let Some(at) = trees.iter().position(|tree| Some(*tree) == from) {
            trees.swap_remove(at);
        }
        trees.extend(to);
        trees.sort_unstable();
        self
    }

    /// This process had a commit promised, in place of others.
    pub fn promise(&mut self, commit: CommitId, instead_of: &[CommitId]) {
        let promised = &mut self.roots.promised;
        promised.retain(|id| !instead_of.contains(id));
        promised.push(commit);
        promised.sort_unstable();
        promised.dedup();
    }
}

/// What is to go.
pub struct Recent<'r> {
    /// From before it was stored.
    pub since: &'r Moment,
    /// The contents, with their sizes: remotes have them.
    pub contents: &'r HashMap<BlobId, u64>,
    /// Older packs that may hold bytes of them and stay.
    pub staying: &'r HashSet<PackId>,
    /// Asked between two pieces of work.
    pub cancel: &'r Cancel,
}

impl Store {
    /// What the store is now.
    pub fn moment(&self) -> Result<Moment, StoreError> {
        Ok(self.db.read(|view| {
            let packs = view.live_packs()?.into_iter().map(|pack| pack.id).collect();
            Ok::<_, DbError>(Moment { roots: plain_roots(view)?, packs })
        })?)
    }

    /// Drops the packs of data that were published by this store since a moment, if nothing but the contents
    /// needs them; says whether that was done. The lock of upkeep must be held.
    pub fn let_go(&self, recent: &Recent<'_>) -> Result<bool, StoreError> {
        let Some(going) = self.going(recent)? else { return Ok(false) };
        if going.is_empty() {
            return Ok(true);
        }
        let is_done = self.db.write(|tx| {
            if !self.is_untouched(tx, recent.since, &going)? {
                return Ok::<_, StoreError>(false);
            }
            let generation = tx.next_generation()?;
            for id in &going {
                if !tx.condemn_pack(*id, generation, 0)? {
                    return Err(StoreError::Changed);
                }
            }
            Ok(true)
        })?;
        if is_done {
            self.catalog.reload(&self.db)?;
            self.shrink_tables()?;
            self.sweep_due()?;
        }
        Ok(is_done)
    }

    /// Removes what killed commands left behind: packs that none lists, and condemned ones without a grace.
    /// The lock of upkeep must be held.
    pub fn clear_up(&self) -> Result<(), StoreError> {
        self.sweep_due()?;
        self.remove_leftovers(false).map(|_| ())
    }

    /// The packs to go, if the contents have all that is in them, and nothing elsewhere but in packs that
    /// stay.
    fn going(&self, recent: &Recent<'_>) -> Result<Option<HashSet<PackId>>, StoreError> {
        let published = self.published();
        let is_going = |pack: &PackRow| {
            pack.kind != PackKind::History as u8
                && published.contains(&pack.id)
                && !recent.since.packs.contains(&pack.id)
        };
        let going: Vec<PackRow> =
            self.db.read(|view| view.live_packs())?.into_iter().filter(is_going).collect();
        let mut marker = Marker::new(self.reopen()?, recent.cancel);
        let blobs = recent.contents.iter().map(|(id, size)| (*id, *size)).collect();
        match marker.mark(&GcRoots { blobs, ..GcRoots::default() }) {
            Err(e) if e.is_damaged() => return Ok(None),
            done => done?,
        }
        let ids: HashSet<PackId> = going.iter().map(|pack| pack.id).collect();
        let marks = marker.marks;
        let is_all = going.iter().all(|pack| marks.count(pack.id) == pack.chunks)
            && marks.packs().all(|pack| ids.contains(pack) || recent.staying.contains(pack));
        Ok(is_all.then_some(ids))
    }

    /// Whether nothing came since that may need these packs.
    fn is_untouched(
        &self,
        tx: &Tx<'_>,
        since: &Moment,
        going: &HashSet<PackId>,
    ) -> Result<bool, StoreError> {
        let own = self.own_sessions();
        let others = InUse::read_beside(&self.paths.tmp, &own)?;
        let is_held = going.iter().any(|pack| others.contains(*pack));
        if is_held || !others.commits_but(&[]).is_empty() {
            return Ok(false);
        }
        let is_known = |id: PackId| since.packs.contains(&id) || own.contains(&id.session);
        // A copy that is bad is as good as none: what was stored may be there in its place.
        if !tx.bad_blocks()?.is_empty() || !tx.live_packs()?.iter().all(|p| is_known(p.id)) {
            return Ok(false);
        }
        let mut now = plain_roots(tx)?;
        // What journals hold may be ids: only those count that name something.
        let known: BTreeSet<_> = since.roots.maybe.iter().collect();
        for address in now.maybe.iter().filter(|address| !known.contains(address)) {
            if self.catalog.find(PackKind::History, address)?.is_some() {
                return Ok(false);
            }
        }
        now.maybe.clone_from(&since.roots.maybe);
        Ok(now == since.roots)
    }
}

/// All roots, those of all reflogs as well.
fn plain_roots(view: &crate::db::View<'_>) -> Result<GcRoots, DbError> {
    let mut roots = GcRoots::of(view, i64::MIN)?;
    roots.trees.sort_unstable();
    Ok(roots)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{open, publish, publish_commit, stage_blob};
    use super::super::{CollectOptions, Rewrite};
    use super::*;
    use crate::db::BadBlock;
    use crate::progress::Silent;
    use crate::refs::WorktreeId;

    struct Part {
        _dir: tempfile::TempDir,
        store: Store,
        /// Another process.
        other: Store,
        since: Moment,
        pack: PackId,
        contents: HashMap<BlobId, u64>,
        staying: HashSet<PackId>,
    }

    const PROMISED: &str = "origin";

    /// A store in which some contents, of a chunk each, are stored and promised.
    fn part(contents: &[&[u8]]) -> Part {
        let dir = tempfile::tempdir().expect("tempdir");
        let store = open(dir.path());
        let other = Store::open(dir.path(), *store.params(), store.db.clone()).expect("open");
        let mut since = store.moment().expect("moment");
        let pack = publish(&store, contents);
        let commit = publish_commit(&store, TreeId::of(b"a tree"));
        store.db.write(|tx| tx.promise(commit, PROMISED)).expect("promise");
        since.promise(commit, &[]);
        let contents = contents.iter().map(|c| (BlobId::of(c), c.len() as u64)).collect();
        Part { _dir: dir, store, other, since, pack, contents, staying: HashSet::new() }
    }

    impl Part {
        fn is_let_go(&self) -> bool {
            let Self { since, contents, staying, .. } = self;
            let recent = Recent { since, contents, staying, cancel: &Cancel::new() };
            let done = self.store.let_go(&recent).expect("let go");
            let is_there = self.store.paths().pack(self.pack).exists();
            assert_eq!(self.store.catalog().is_live(self.pack), !done);
            assert_eq!(is_there, !done);
            done
        }

        fn staged(&self) -> TreeId {
            let staged = self.store.db.read(|view| view.stage(WorktreeId::MAIN)).expect("stage");
            staged.expect("one")
        }

        fn promised(&self) -> CommitId {
            self.since.roots.promised[0]
        }
    }

    #[test]
    fn what_nobody_else_can_need_goes_and_history_stays() {
        let part = part(&[b"one", b"two"]);
        assert!(part.is_let_go());
        let found = part.store.catalog().find(PackKind::History, &part.promised().into());
        assert!(found.expect("find").is_some());
    }

    #[test]
    fn a_pack_of_which_something_else_may_be_needed_stays() {
        let mut part = part(&[b"one", b"two"]);
        part.contents.remove(&BlobId::of(b"two"));
        assert!(!part.is_let_go());
    }

    #[test]
    fn what_lies_elsewhere_is_for_a_collection_unless_that_left_it() {
        let mut part = part(&[b"one"]);
        let older = publish(&part.store, &[b"older"]);
        part.since.packs.insert(older);
        part.contents.insert(BlobId::of(b"older"), 5);
        assert!(!part.is_let_go());
        part.staying.insert(older);
        assert!(part.is_let_go());
        assert!(part.store.catalog().is_live(older));
    }

    #[test]
    fn what_a_running_session_relies_on_stays() {
        let part = part(&[b"one"]);
        let session = part.other.start_session().expect("session");
        session.hold(&[part.pack].into()).expect("hold");
        assert!(!part.is_let_go());
        drop(session);
        part.other.sessions.lock().expect("lock").clear();
        let session = part.other.start_session().expect("session");
        session.hold_commit(part.promised()).expect("hold");
        assert!(!part.is_let_go());
        drop(session);
        part.other.sessions.lock().expect("lock").clear();
        assert!(part.is_let_go());
    }

    #[test]
    fn nothing_goes_once_somebody_else_published_or_a_block_is_bad() {
        let published = part(&[b"one"]);
        publish(&published.other, &[b"another"]);
        published.other.sessions.lock().expect("lock").clear();
        assert!(!published.is_let_go());
        let part = part(&[b"one"]);
        let bad = BadBlock { pack: published.pack, offset: 64, found_at: 1 };
        part.store.db.write(|tx| tx.add_bad_block(&bad)).expect("write");
        assert!(!part.is_let_go());
    }

    #[test]
    fn nothing_goes_once_somebody_else_moved_a_root() {
        let staged = part(&[b"one"]);
        // By the very content, so that no pack of data is new, and as if no tree were.
        stage_blob(&staged.store, BlobId::of(b"one"), 3);
        assert!(!staged.is_let_go());
        let withdrawn = part(&[b"one"]);
        let promised = withdrawn.promised();
        withdrawn.store.db.write(|tx| tx.withdraw_promise(promised)).expect("write");
        assert!(!withdrawn.is_let_go());
        let noted = part(&[b"one"]);
        let note = |id: &[u8]| {
            let db = &noted.store.db;
            db.write(|tx| tx.put_journal(WorktreeId::MAIN, "work", b"k", id)).expect("write");
        };
        note(noted.promised().as_bytes());
        assert!(!noted.is_let_go());
        note(&[7; 32]);
        assert!(noted.is_let_go(), "that names nothing");
    }

    #[test]
    fn a_stage_that_this_process_moved_is_no_others_doing() {
        let mut part = part(&[b"one"]);
        stage_blob(&part.store, BlobId::of(b"one"), 3);
        let staged = part.staged();
        part.since = part.since.with_stage((None, Some(staged)));
        assert!(part.is_let_go());
        // From another than it was: that one is expected still.
        let since = part.since.with_stage((Some(TreeId::of(b"another")), None));
        assert_eq!(since.roots.trees, [staged]);
    }
    #[test]
    fn a_collection_lets_go_of_nothing_whose_promise_was_withdrawn() {
        let collect = |is_promised: bool| {
            let part = part(&[b"one"]);
            stage_blob(&part.store, BlobId::of(b"one"), 3);
            // Ends the session that wrote it.
            part.store.sessions.lock().expect("lock").clear();
            let promised = publish_commit(&part.other, part.staged());
            part.other.db.write(|tx| tx.promise(promised, PROMISED)).expect("promise");
            if !is_promised {
                part.other.db.write(|tx| tx.withdraw_promise(promised)).expect("withdraw");
            }
            part.store.db.write(|tx| tx.withdraw_promise(part.promised())).expect("withdraw");
            part.other.sessions.lock().expect("lock").clear();
            let evicted: HashSet<BlobId> = part.contents.keys().copied().collect();
            let options = CollectOptions {
                now: 1_000,
                grace: 0,
                reflog_since: 0,
                dry_run: false,
                rewrite: Rewrite::Untidy,
                is_rechunked: false,
                evicted: &evicted,
                promised: Some(promised),
                progress: &Silent,
                cancel: &Cancel::new(),
            };
            part.store.collect(&options).expect("collect");
            part.store.paths().pack(part.pack).exists()
        };
        assert!(!collect(true));
        assert!(collect(false));
    }
}
