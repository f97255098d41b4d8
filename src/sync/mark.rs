//! What the refs of a remote reach, as chunks of packs: by the very entries that its readers use.

use std::collections::{BTreeMap, BTreeSet};

use super::SyncError;
use super::chain::Remote;
use super::missing::decide_missing;
use super::objects::{Layouts, RemoteHistory};
use super::places::Index;
use super::root::Area;
use super::state::State;
use crate::catalog::Location;
use crate::id::{Address, BlobId, PackId};
use crate::pack::PackKind;
use crate::progress::Cancel;
use crate::recipe::Run;
use crate::refs::RefTarget;
use crate::store::Store;

/// Something that a ref reaches and that is not there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lack {
    /// The object or key.
    pub key: String,
    /// What is wrong.
    pub why: String,
}

/// What is reached.
#[derive(Debug, Default)]
pub struct Marks {
    packs: BTreeMap<PackId, BTreeSet<u32>>,
    /// Blobs of several chunks, with their sizes.
    pub recipes: Vec<(BlobId, u64)>,
    /// Commits reached.
    pub commits: u64,
    /// Nodes of trees reached.
    pub trees: u64,
    /// Blobs reached.
    pub blobs: u64,
    /// What is not there.
    pub problems: Vec<Lack>,
}

impl Marks {
    fn add(&mut self, at: &Location) {
        self.packs.entry(at.pack).or_default().insert(at.place.chunk);
    }

    fn lack(&mut self, key: impl ToString, why: impl ToString) {
        self.problems.push(Lack { key: key.to_string(), why: why.to_string() });
    }

    /// How many chunks of a pack are reached.
    pub fn wanted(&self, pack: PackId) -> u64 {
        self.packs.get(&pack).map_or(0, |chunks| chunks.len() as u64)
    }

    /// The chunks of a pack that are reached, ascending.
    pub fn chunks(&self, pack: PackId) -> Vec<u32> {
        self.packs.get(&pack).into_iter().flatten().copied().collect()
    }
}

/// Marks everything that the refs of a state reach.
pub fn mark(
    remote: &Remote<'_>,
    state: &State,
    store: &Store,
    transfers: usize,
    cancel: &Cancel,
) -> Result<Marks, SyncError> {
    let history = RemoteHistory::new(remote, state, store);
    history.prefetch(transfers, cancel)?;
    let targets: Vec<RefTarget> = state.refs.values().map(|record| record.target).collect();
    let reached = decide_missing(&history, &targets, &[], &BTreeMap::new())?;
    let mut marks = Marks {
        commits: reached.commits.len() as u64,
        trees: reached.trees.len() as u64,
        blobs: reached.blobs.len() as u64,
        ..Marks::default()
    };
    let index = history.index()?;
    let commits = reached.commits.iter().map(|id| Address::from(*id));
    let trees = reached.trees.iter().map(|id| Address::from(*id));
    let tags = reached.tags.iter().map(|id| Address::from(*id));
    for address in commits.chain(trees).chain(tags) {
        match index.find(&address)? {
            Some(at) => marks.add(&at),
            None => marks.lack(address, "no live pack holds it"),
        }
    }
    let data = Index::open(remote, state, PackKind::Data, None)?;
    let layouts = Layouts::new(remote, state)?;
    for (blob, size) in reached.blobs {
        cancel.check()?;
        let chunk = data.find(&blob.into())?;
        if let Some(at) = chunk.filter(|at| u64::from(at.place.raw_len) == size) {
            marks.add(&at);
            continue;
        }
        match mark_recipe(&layouts, blob, size, state, &mut marks) {
            Err(SyncError::Damaged { key, why }) => marks.lack(key, why),
            result => result?,
        }
    }
    Ok(marks)
}

fn mark_recipe(
    layouts: &Layouts<'_>,
    blob: BlobId,
    size: u64,
    state: &State,
    marks: &mut Marks,
) -> Result<(), SyncError> {
    for found in layouts.objects(blob, size)? {
        marks.add(&found.at);
    }
    let mut runs = Vec::new();
    layouts.for_each_page(blob, size, &mut |page| {
        for run in &page.runs {
            if let Run::Stored(run) = run {
                runs.push((page.packs[run.pack as usize], run.first_chunk, run.count));
            }
        }
    })?;
    for (pack, first, count) in runs {
        let end = first.saturating_add(count);
        match state.packs.get(&pack).filter(|record| u64::from(end) <= record.chunks) {
            Some(_) => marks.packs.entry(pack).or_default().extend(first..end),
            None => marks.lack(Area::Pack.key(pack), "a recipe names chunks that it does not have"),
        }
    }
    marks.recipes.push((blob, size));
    Ok(())
}
