//! `log`: the commits that lead to some revisions, and those of them that a person looks for.

use std::collections::HashMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::listing::{self, ChangeTotals, FileChange};
use super::source::{self, Source};
use super::starts::{self, Starts};
use super::{Context, OpError, RemoteCost, RemotePlace, encode, locate};
use crate::history::graph::{self, Edge};
use crate::history::{Ancestors, Links};
use crate::id::{CommitId, TreeId};
use crate::object::access::ReadObjects;
use crate::object::commit::{Commit, Person};
use crate::path::patterns::Selection;
use crate::refs::RefTarget;

mod filter;

use filter::Filter;

/// Which commits, and what to tell of them.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    /// The remote to look at, without a clone; this repository when absent.
    pub at: Option<RemotePlace>,
    /// Revisions, `^REV`, ranges, and paths behind them, as a person wrote them; HEAD when there is
    /// none.
    pub args: Vec<String>,
    /// Paths that cannot be taken for revisions: only commits that changed something there.
    pub paths: Vec<String>,
    /// Start from every branch, tag and HEAD.
    pub all: bool,
    /// Follow only the first parent of each commit.
    pub first_parent: bool,
    /// Only merges, or none.
    pub merges: Option<bool>,
    /// Only commits of this date or later, as a person wrote it.
    pub since: Option<String>,
    /// Only commits of this date or earlier.
    pub until: Option<String>,
    /// Only commits whose author matches one of these expressions.
    pub authors: Vec<String>,
    /// Only commits whose message matches one of these expressions.
    pub messages: Vec<String>,
    /// Let letters of both cases match.
    pub ignore_case: bool,
    /// Only commits with this metadata: a key, or a key and its value; all of them.
    pub meta: Vec<(String, Option<String>)>,
    /// Leave out so many first.
    pub skip: usize,
    /// How many at most.
    pub max_count: Option<usize>,
    /// The oldest first.
    pub reverse: bool,
    /// In the order and with the edges of a drawing.
    pub graph: bool,
    /// Count files and bytes of each commit.
    pub totals: bool,
    /// Tell what each commit changed.
    pub changes: bool,
    /// Tell what only moved as a rename.
    pub renames: bool,
}

/// Who did something, and when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PersonInfo {
    /// Full name.
    pub name: String,
    /// Mail address.
    pub email: String,
    /// Seconds since 1970-01-01 00:00 UTC.
    pub time: i64,
    /// Minutes east of UTC.
    pub tz: i64,
}

/// One commit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogEntry {
    /// Its id.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// Its tree.
    #[serde(serialize_with = "encode::id")]
    pub tree: TreeId,
    /// Its parents.
    #[serde(serialize_with = "encode::ids")]
    pub parents: Vec<CommitId>,
    /// Who made the change.
    pub author: PersonInfo,
    /// Who made the commit.
    pub committer: PersonInfo,
    /// The whole message.
    pub message: String,
    /// Metadata, as key and value, sorted by key.
    #[serde(serialize_with = "encode::pairs")]
    pub meta: Vec<(String, String)>,
    /// Whether its files were let go with `forget`.
    pub forgotten: bool,
    /// Files and bytes in the commit, where they were asked for.
    #[serde(flatten)]
    pub totals: Option<LogTotals>,
    /// Short names of what points at it: `HEAD -> main`, `tag: v1`.
    pub refs: Vec<String>,
    /// What it changed against its first parent, where that was asked for.
    #[serde(flatten)]
    pub changes: Option<LogChanges>,
    /// What it is joined to in a drawing, with whether that is a parent.
    #[serde(skip)]
    pub edges: Vec<(CommitId, bool)>,
}

/// What is in a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct LogTotals {
    /// Files.
    pub files: u64,
    /// Bytes of the files.
    pub bytes: u64,
}

/// What a commit changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LogChanges {
    /// Sums over the changes.
    pub change_totals: ChangeTotals,
    /// The changes, sorted by path.
    pub changes: Vec<FileChange>,
}

/// Visits commits, newest first.
pub fn run(
    ctx: &Context,
    options: &LogOptions,
    each: &mut dyn FnMut(LogEntry) -> ControlFlow<()>,
) -> Result<Option<RemoteCost>, OpError> {
    let source = source::open(ctx, options.at.as_ref())?;
    let filter = Filter::new(ctx, options)?;
    let (revisions, mut paths) = locate::revisions_and_paths(ctx, &*source, &options.args)?;
    paths.extend(options.paths.iter().cloned());
    let selection = locate::selection(ctx, &*source, &paths)?;
    let starts = starts::of(ctx, &*source, &revisions, options.all)?;
    let refs = refs_by_commit(&*source)?;
    let teller = Teller { source: &*source, refs: &refs, options, selection: &selection };
    let mut walk = walk(source.objects(), options, starts, &filter, &selection)?;
    let wanted = walk.by_ref().filter(|found| match found {
        Ok((_, commit)) => filter.takes(commit),
        Err(_) => true,
    });
    let wanted = wanted.skip(options.skip).take(options.max_count.unwrap_or(usize::MAX));
    if !options.graph && !options.reverse {
        for found in wanted {
            let (id, commit) = found?;
            ctx.cancel.check()?;
            if each(teller.entry(id, commit, Vec::new())?).is_break() {
                break;
            }
        }
        return Ok(source.cost());
    }
    // In boxes: they are moved about before they are told.
    let found = wanted.map(|found| found.map(|(id, commit)| (id, Box::new(commit))));
    let found: Vec<(CommitId, Box<Commit>)> = found.collect::<Result<_, _>>()?;
    let ordered = match options.graph {
        true => drawn(&walk.into_links(), found),
        false => found.into_iter().rev().map(|(id, commit)| (id, commit, Vec::new())).collect(),
    };
    for (id, commit, edges) in ordered {
        ctx.cancel.check()?;
        if each(teller.entry(id, *commit, edges)?).is_break() {
            break;
        }
    }
    Ok(source.cost())
}

fn walk<'r>(
    read: &'r dyn ReadObjects,
    options: &LogOptions,
    starts: Starts,
    filter: &Filter,
    selection: &Selection,
) -> Result<Ancestors<'r>, OpError> {
    let mut walk = Ancestors::build(read).touching(selection.clone());
    if let Some(allowed) = starts.within {
        walk = walk.within(allowed);
    }
    if options.first_parent {
        walk = walk.first_parent();
    }
    if let Some(since) = filter.since {
        walk = walk.not_before(since);
    }
    if options.graph {
        walk = walk.with_links();
    }
    Ok(walk.start(starts.include)?)
}

type Drawn = (CommitId, Box<Commit>, Vec<(CommitId, bool)>);

/// The commits in the order of a drawing.
fn drawn(links: &Links, found: Vec<(CommitId, Box<Commit>)>) -> Vec<Drawn> {
    let (ids, commits): (Vec<CommitId>, Vec<Box<Commit>>) = found.into_iter().unzip();
    let mut commits: Vec<Option<Box<Commit>>> = commits.into_iter().map(Some).collect();
    let edge = |edge: Edge| (edge.id(), matches!(edge, Edge::Parent(_)));
    let place = |placed: graph::Placed| {
        let commit = commits.get_mut(placed.at)?.take()?;
        Some((placed.id, commit, placed.edges.into_iter().map(edge).collect()))
    };
    graph::arrange(links, &ids).into_iter().filter_map(place).collect()
}

/// Makes entries of commits.
struct Teller<'t> {
    source: &'t dyn Source,
    refs: &'t HashMap<CommitId, Vec<String>>,
    options: &'t LogOptions,
    selection: &'t Selection,
}

impl Teller<'_> {
    fn entry(
        &self,
        id: CommitId,
        commit: Commit,
        edges: Vec<(CommitId, bool)>,
    ) -> Result<LogEntry, OpError> {
        let changes = match self.options.changes {
            true => changes_of(self.source, id, &commit, self.selection, self.options.renames)?,
            false => None,
        };
        let told = |changes: Vec<FileChange>| {
            let change_totals = ChangeTotals::of(&changes);
            LogChanges { change_totals, changes }
        };
        let changes = changes.map(told);
        let totals = if self.options.totals { totals_of(self.source, id)? } else { None };
        Ok(LogEntry { totals, changes, edges, ..entry_of(self.source, id, commit, self.refs) })
    }
}

/// What a commit changed against its first parent; nothing where the files of either were forgotten.
pub(super) fn changes_of(
    source: &dyn Source,
    id: CommitId,
    commit: &Commit,
    selection: &Selection,
    renames: bool,
) -> Result<Option<Vec<FileChange>>, OpError> {
    let read = source.objects();
    let base = match commit.parents.first() {
        Some(parent) => match read.find_root(*parent)? {
            None => return Ok(None),
            base => base,
        },
        None => None,
    };
    let Some(tree) = read.find_root(id)? else { return Ok(None) };
    let found = listing::between(read, base, Some(tree), selection, renames)?;
    Ok(Some(found.iter().filter_map(FileChange::of).collect()))
}

/// Names of the refs at each commit, HEAD first.
pub(super) fn refs_by_commit(
    source: &dyn Source,
) -> Result<HashMap<CommitId, Vec<String>>, OpError> {
    let mut names: HashMap<CommitId, Vec<String>> = HashMap::new();
    let head = source.refs().head()?;
    if let Some(id) = head.commit() {
        let shown = match head.branch() {
            Some(branch) => format!("HEAD -> {}", branch.short()),
            None => "HEAD".to_owned(),
        };
        names.entry(id).or_default().push(shown);
    }
    for (name, target) in source.refs().refs("refs/")? {
        let id = match target {
            RefTarget::Commit(id) => id,
            RefTarget::Tag(id) => source.objects().read_tag(id)?.target,
        };
        let shown = match name.is_tag() {
            true => format!("tag: {}", name.short()),
            false => name.short().to_owned(),
        };
        if head.branch() != Some(&name) {
            names.entry(id).or_default().push(shown);
        }
    }
    Ok(names)
}

/// What a commit holds, from the top of its tree; nothing when that was forgotten.
pub(super) fn totals_of(source: &dyn Source, id: CommitId) -> Result<Option<LogTotals>, OpError> {
    let Some(tree) = source.objects().find_root(id)? else { return Ok(None) };
    let totals = source.objects().read_tree(tree)?.totals();
    Ok(Some(LogTotals { files: totals.files, bytes: totals.bytes }))
}

/// What the commit itself says.
pub(super) fn entry_of(
    source: &dyn Source,
    id: CommitId,
    commit: Commit,
    refs: &HashMap<CommitId, Vec<String>>,
) -> LogEntry {
    LogEntry {
        commit: id,
        tree: commit.tree,
        parents: commit.parents,
        author: PersonInfo::from(commit.author),
        committer: PersonInfo::from(commit.committer),
        message: commit.message,
        meta: commit.metadata.into_iter().collect(),
        forgotten: source.is_forgotten(id),
        totals: None,
        refs: refs.get(&id).cloned().unwrap_or_default(),
        changes: None,
        edges: Vec::new(),
    }
}

impl From<Person> for PersonInfo {
    fn from(p: Person) -> Self {
        Self { name: p.name, email: p.email, time: p.seconds, tz: p.offset_minutes }
    }
}
