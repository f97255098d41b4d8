//! Repairing a remote from what is here: what was lost there is sent again, what is damaged leaves the list.
//!
//! A repair is a session as a push is one, that moves no ref. It is decided against the newest root, from
//! the start whenever another one came first: what refs reach by then, and lies in no pack that is whole, is
//! sent in new packs. A damaged pack is condemned only if nothing that refs reach is left without a place;
//! so a repair never makes what is there less.

use std::collections::{BTreeMap, BTreeSet};

use super::SyncError;
use super::chain::{RootCreated, Seen};
use super::check::Checked;
use super::download::live_packs;
use super::mark::Lack;
use super::missing::{Missing, decide_missing};
use super::objects::{Layouts, RemoteHistory};
use super::places::Index;
use super::push::{Base, Push, Work};
use super::root::Area;
use super::session::start_session;
use super::state::State;
use crate::id::{Address, PackId};
use crate::pack::PackKind;
use crate::refs::RefTarget;

/// How often a repair begins anew because others were first, before it gives up.
const MAX_ROUNDS: u32 = 20;

/// What a repair did.
#[derive(Clone, Debug, Default)]
pub struct Repaired {
    /// Commits, trees, tags and files that were sent again.
    pub objects: u64,
    /// Packs that left the list.
    pub dropped: u64,
    /// Segments and tables that were put again, of which a copy was here.
    pub put_again: u64,
    /// What is lost there and not here either.
    pub absent: Vec<Lack>,
    /// The newest root now.
    pub seen: Option<Seen>,
}

/// What refs reach and no whole pack holds.
#[derive(Default)]
struct Lost {
    /// What of it is here.
    here: Missing,
    /// What is not.
    absent: Vec<Lack>,
}

impl Lost {
    fn count(&self) -> u64 {
        let Missing { commits, tags, trees, blobs, .. } = &self.here;
        (commits.len() + tags.len() + trees.len() + blobs.len()) as u64
    }
}

impl Push<'_> {
    /// Repairs what a check found.
    pub fn repair(&self, found: &Checked) -> Result<Repaired, SyncError> {
        // A session of the local store, so that no pack is dropped here while it is read.
        let local = self.store.start_session()?;
        local.hold(&live_packs(self.store)?)?;
        self.store.settle()?;
        let keys = found.problems.iter().filter_map(|problem| Area::parse(&problem.key));
        let (packs, others): (Vec<_>, Vec<_>) = keys.partition(|(area, _)| *area == Area::Pack);
        let bad: BTreeSet<PackId> = packs.into_iter().map(|(_, id)| id).collect();
        let mut repaired = Repaired::default();
        self.put_again(&others, &mut repaired)?;
        for _ in 0..MAX_ROUNDS {
            self.cancel.check()?;
            if self.round(&bad, &mut repaired)? {
                return Ok(repaired);
            }
        }
        Err(SyncError::Busy)
    }

    /// Puts segments and tables again under their names, with the very bytes that the root asks for.
    fn put_again(&self, keys: &[(Area, PackId)], repaired: &mut Repaired) -> Result<(), SyncError> {
        if keys.is_empty() {
            return Ok(());
        }
        let base = self.load()?;
        let Some(stored) = &base.root else { return Ok(()) };
        for (area, id) in keys {
            let segment = stored.root.segments.iter().find(|segment| segment.id == *id);
            let expected = match area {
                Area::Table => base.state.tables.get(id).map(|table| (table.bytes, table.hash)),
                _ => segment.map(|segment| (segment.bytes, segment.hash)),
            };
            let copy = expected.and_then(|expected| self.cache.find(*area, *id, expected));
            match copy {
                Some(bytes) => {
                    self.transport.put(&area.key(*id), bytes)?;
                    repaired.put_again += 1;
                }
                None if expected.is_none() => {}
                None => {
                    let why = "it is damaged, and no copy of it is here".to_owned();
                    repaired.absent.push(Lack { key: area.key(*id), why });
                }
            }
        }
        Ok(())
    }

    /// One attempt on one root; says whether it is done.
    fn round(&self, bad: &BTreeSet<PackId>, repaired: &mut Repaired) -> Result<bool, SyncError> {
        let base = self.load()?;
        let Some(stored) = &base.root else { return Ok(true) };
        repaired.seen = Some(Seen { seq: stored.root.seq, hash: stored.hash });
        let mut whole = base.state.clone();
        whole.packs.retain(|id, _| !bad.contains(id));
        let lost = self.lost(&whole)?;
        let has_bad = whole.packs.len() < base.state.packs.len();
        let drops = has_bad && lost.absent.is_empty();
        if lost.count() == 0 && !drops {
            repaired.absent.extend(lost.absent);
            return Ok(true);
        }
        let mut work = Work { is_noted: false, ..Work::new(start_session(base.seq())?) };
        let state = std::mem::take(&mut whole);
        self.send_again(&mut work, Base { root: base.root.clone(), state }, &lost)?;
        work.dropped = bad.iter().filter(|_| drops).copied().collect();
        let (root, bytes) = self.prepare(&mut work, &base, &[])?;
        if matches!(self.remote().create_root(&bytes, &root)?, RootCreated::Taken) {
            return Ok(false);
        }
        let hash = *blake3::hash(&bytes).as_bytes();
        self.remote().settle(&root, hash)?;
        repaired.seen = Some(Seen { seq: root.seq, hash });
        (repaired.objects, repaired.dropped) = (lost.count(), work.dropped.len() as u64);
        repaired.absent.extend(lost.absent);
        Ok(true)
    }

    fn send_again(&self, work: &mut Work, whole: Base, lost: &Lost) -> Result<(), SyncError> {
        let present = Index::of_chunks(&self.remote(), &whole.state, u64::MAX)?;
        self.send(work, &lost.here, (&present, None)).map(|_| ())
    }

    /// What the refs of `whole`, a state without its damaged packs, reach and nothing in it holds.
    fn lost(&self, whole: &State) -> Result<Lost, SyncError> {
        let remote = self.remote();
        let history = RemoteHistory::new(&remote, whole, self.store);
        let targets: Vec<RefTarget> = whole.refs.values().map(|record| record.target).collect();
        let mut lost = Lost::default();
        let reached = match decide_missing(&history, &targets, &[], &BTreeMap::new()) {
            Err(SyncError::Access(e)) if e.is_missing() => {
                let why = format!("it is lost on the remote, and not here: {e}");
                lost.absent.push(Lack { key: "the history".to_owned(), why });
                return Ok(lost);
            }
            reached => reached?,
        };
        let index = history.index()?;
        let is_lost = |address: Address| Ok::<_, SyncError>(index.find(&address)?.is_none());
        // The walk read them, so that what is not there is here.
        for id in reached.commits {
            lost.here.commits.extend(is_lost(id.into())?.then_some(id));
        }
        for id in reached.trees {
            lost.here.trees.extend(is_lost(id.into())?.then_some(id));
        }
        for id in reached.tags {
            lost.here.tags.extend(is_lost(id.into())?.then_some(id));
        }
        let data = Index::open(&remote, whole, PackKind::Data, None)?;
        let layouts = Layouts::new(&remote, whole)?;
        for (blob, size) in reached.blobs {
            self.cancel.check()?;
            let chunk = data.find_all(&blob.into())?;
            if chunk.iter().any(|at| u64::from(at.place.raw_len) == size)
                || is_laid_out(&layouts, blob, size, whole)?
            {
                continue;
            }
            match self.store.has_blob(blob, size)? {
                true => lost.here.blobs.push((blob, size)),
                false => {
                    let why = "it is lost on the remote, and not here".to_owned();
                    lost.absent.push(Lack { key: blob.to_string(), why });
                }
            }
        }
        Ok(lost)
    }
}

/// Whether a blob can be read through a recipe whose packs are all whole.
fn is_laid_out(
    layouts: &Layouts<'_>,
    blob: crate::id::BlobId,
    size: u64,
    whole: &State,
) -> Result<bool, SyncError> {
    let mut is_whole = true;
    let walked = layouts.for_each_page(blob, size, &mut |page| {
        is_whole &= page.packs.iter().all(|pack| whole.packs.contains_key(pack));
    });
    match walked {
        Ok(()) => Ok(is_whole),
        Err(SyncError::Damaged { .. }) => Ok(false),
        Err(SyncError::Transport(e)) if e.is_missing() => Ok(false),
        Err(e) => Err(e),
    }
}
