//! `du`: how many files and bytes folders of a commit hold.

use std::collections::HashSet;
use std::ops::ControlFlow;

use serde::Serialize;

use super::source::{self, Source};
use super::{Context, OpError, RemoteCost, RemotePlace, locate};
use crate::id::{BlobId, TreeId};
use crate::object::access::{AccessError, ReadObjects};
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue};
use crate::path::RepoPath;
use crate::store::Store;
use crate::store::footprint::{Footprint, Measure};

/// What to count.
#[derive(Clone, Debug, Default)]
pub struct DuOptions {
    /// The remote to look at, without a clone; this repository when absent.
    pub at: Option<RemotePlace>,
    /// The revision; HEAD when absent.
    pub revision: Option<String>,
    /// A path in its tree; the root when absent.
    pub path: Option<String>,
    /// How many levels of folders are told below the path.
    pub depth: usize,
    /// Also tell files, not only folders.
    pub files: bool,
    /// Also count bytes once for each content; this walks all folders.
    pub unique: bool,
    /// Also count what the files take in the packs here, shared chunks once; this walks all folders.
    pub stored: bool,
}

/// One folder, or file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DuEntry {
    /// The path; a folder ends in `/`, and the root is `./`.
    pub path: String,
    /// Files below it.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
    /// Bytes of the files, those of equal files once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unique_bytes: Option<u64>,
    /// Bytes that the files and their recipes take in packs, chunks that several share once. Files that
    /// are not in the store take none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stored_bytes: Option<u64>,
}

/// Visits folders, each after those inside it, as du does. Sums lie in the trees: only folders that are
/// told are read, unless unique bytes are wanted.
pub fn run(
    ctx: &Context,
    options: &DuOptions,
    each: &mut dyn FnMut(DuEntry) -> ControlFlow<()>,
) -> Result<Option<RemoteCost>, OpError> {
    if !options.stored {
        let source = source::open(ctx, options.at.as_ref())?;
        return walk(ctx, &*source, options, None, each);
    }
    if options.at.is_some() {
        return Err(OpError::Usage {
            message: "--stored counts what files take in the packs of a repository".to_owned(),
            hint: Some("clone it first: esker clone URL".to_owned()),
        });
    }
    let repo = ctx.open_repo_to_read()?;
    walk(ctx, &repo, options, Some((&repo.store, Measure::new(&repo.store))), each)
}

fn walk<'w>(
    ctx: &'w Context,
    source: &'w dyn Source,
    options: &'w DuOptions,
    packs: Option<(&'w Store, Measure<'w>)>,
    each: &'w mut dyn FnMut(DuEntry) -> ControlFlow<()>,
) -> Result<Option<RemoteCost>, OpError> {
    let (revision, path) = (options.revision.as_deref(), options.path.as_deref());
    let (_, path, value) = locate::find_either(ctx, source, revision, path)?;
    let mut walk = Walk { ctx, source, options, packs, each };
    let _ = walk.visit(&path, &value, 0, true)?;
    Ok(source.cost())
}

struct Walk<'w> {
    ctx: &'w Context,
    source: &'w dyn Source,
    options: &'w DuOptions,
    /// Where the bytes in packs are counted, if they are.
    packs: Option<(&'w Store, Measure<'w>)>,
    each: &'w mut dyn FnMut(DuEntry) -> ControlFlow<()>,
}

impl Walk<'_> {
    fn visit(
        &mut self,
        path: &RepoPath,
        value: &EntryValue,
        depth: usize,
        is_top: bool,
    ) -> Result<ControlFlow<()>, OpError> {
        let totals = value.totals();
        let mut slash = "";
        if let EntryValue::Directory { id, .. } = value {
            slash = "/";
            if depth < self.options.depth {
                for entry in prolly::iterate(self.source.objects(), *id) {
                    let Entry { name, value } = entry?;
                    let is_told =
                        self.options.files || matches!(value, EntryValue::Directory { .. });
                    if is_told
                        && self.visit(&path.join(&name)?, &value, depth + 1, false)?.is_break()
                    {
                        return Ok(ControlFlow::Break(()));
                    }
                }
            }
        } else if !is_top && !self.options.files {
            return Ok(ControlFlow::Continue(()));
        }
        self.ctx.cancel.check()?;
        let shown = if path.is_root() { "." } else { path.as_str() };
        let (unique_bytes, stored_bytes) = self.once(value)?;
        let path = format!("{shown}{slash}");
        let (files, bytes) = (totals.files, totals.bytes);
        Ok((self.each)(DuEntry { path, files, bytes, unique_bytes, stored_bytes }))
    }

    /// Bytes of equal files, and of shared chunks, once; as far as they are asked for.
    fn once(&mut self, value: &EntryValue) -> Result<(Option<u64>, Option<u64>), OpError> {
        let wants_unique = self.options.unique;
        if !wants_unique && self.packs.is_none() {
            return Ok((None, None));
        }
        let (mut files, mut folders) = (HashSet::new(), HashSet::new());
        match value {
            EntryValue::Directory { id, .. } => {
                unique_below(self.source.objects(), *id, &mut files, &mut folders)?;
            }
            EntryValue::File { id, size, .. } => drop(files.insert((*id, *size))),
            EntryValue::Symlink { .. } => {}
        }
        let unique = wants_unique.then(|| files.iter().map(|(_, size)| size).sum());
        let Some((store, measure)) = &mut self.packs else { return Ok((unique, None)) };
        let mut footprint = Footprint::new();
        for (id, size) in files {
            self.ctx.cancel.check()?;
            footprint.add(store, id, size)?;
        }
        Ok((unique, Some(measure.stored_bytes(&footprint)?)))
    }
}

fn unique_below(
    read: &dyn ReadObjects,
    tree: TreeId,
    files: &mut HashSet<(BlobId, u64)>,
    folders: &mut HashSet<TreeId>,
) -> Result<(), AccessError> {
    if !folders.insert(tree) {
        return Ok(());
    }
    for entry in prolly::iterate(read, tree) {
        match entry?.value {
            EntryValue::File { id, size, .. } => drop(files.insert((id, size))),
            EntryValue::Symlink { .. } => {}
            EntryValue::Directory { id, .. } => unique_below(read, id, files, folders)?,
        }
    }
    Ok(())
}
