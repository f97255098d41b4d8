//! `purge`: takes files out of every version. All commits that had them, and all after those, get new ids.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde::Serialize;

use super::source::Source;
use super::upkeep::{self, KeptBy, UnseenRepository};
use super::{Context, OpError, locate, starts};
use crate::db::{DbError, View};
use crate::history::rewrite::{Rests, Rewriter, Unwanted};
use crate::id::{Address, BlobId, CommitId, TreeId};
use crate::object::access::{NullObjects, WriteObjects};
use crate::object::prolly::TreeError;
use crate::path::RepoPath;
use crate::path::patterns::{self, Patterns};
use crate::refs::{Head, HeadTarget, RefName, RefNote, RefTarget, RefUpdate, STASHES, WorktreeId};
use crate::repo::Repo;
use crate::steps::operation;
use crate::steps::select::SelectError;
use crate::store::StoreError;
use crate::store::objects::ObjectWriter;
use crate::store::upkeep::{Freed, GcRoots};

/// What to take out.
#[derive(Clone, Debug, Default)]
pub struct PurgeOptions {
    /// Paths, patterns of them, or full ids of contents, as a person wrote them.
    pub targets: Vec<String>,
    /// Say what would change, and change nothing.
    pub dry_run: bool,
}

/// What kind of name was moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PurgedKind {
    /// A branch.
    Branch,
    /// A tag.
    Tag,
    /// A stash.
    Stash,
    /// A commit that is kept for a pin, or for another reason.
    Keep,
    /// HEAD on no branch.
    Head,
}

/// A name that leads to another id now.
#[derive(Clone, Debug, Serialize)]
pub struct PurgedRef {
    /// What it is.
    pub kind: PurgedKind,
    /// Its short name.
    pub name: String,
    /// What it pointed at: a commit, or the object of an annotated tag.
    pub old: String,
    /// What it points at now.
    pub new: String,
}

/// What was taken out, or would be.
#[derive(Clone, Debug, Serialize)]
pub struct PurgeOutcome {
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// How many commits have other ids.
    pub commits: u64,
    /// The names that lead to them.
    pub refs: Vec<PurgedRef>,
    /// Bytes that nothing else needs: a collection gives them back.
    pub freed_bytes: u64,
    /// Other repositories on the store that need some of it: that stays.
    pub kept_by: Vec<KeptBy>,
    /// Those that could not be asked.
    pub unseen_repositories: Vec<UnseenRepository>,
    /// Purged paths that are on disk; they were left alone.
    pub on_disk: Vec<String>,
    /// Branches of remotes that still have the files.
    pub remotes: Vec<String>,
}

/// How often it is decided anew when something moves meanwhile.
const ATTEMPTS: usize = 16;
/// Below it lie commits that are kept for pins, each named by its id.
const PINS: &str = "refs/keep/pin/";
const REMOTES: &str = "refs/remotes/";

/// Purges.
pub fn run(ctx: &Context, options: &PurgeOptions) -> Result<PurgeOutcome, OpError> {
    for _ in 0..ATTEMPTS {
        let repo = ctx.open_repo()?;
        starts::refuse_partial(&repo)?;
        let unwanted = unwanted(ctx, &repo, &options.targets)?;
        let seen = repo.db.read(Seen::of)?;
        if let Some(verb) = seen.under_way {
            return Err(OpError::InProgress { verb });
        }
        if let Some(outcome) = attempt(ctx, &repo, options, &unwanted, &seen)? {
            return Ok(outcome);
        }
    }
    Err(OpError::MovedMeanwhile { what: "branches were moved again and again".to_owned() })
}

/// A target of 64 digits is the id of a content, any other a path or a pattern of paths.
fn unwanted(ctx: &Context, repo: &Repo, targets: &[String]) -> Result<Unwanted, OpError> {
    let (mut paths, mut globs) = (Vec::new(), Vec::new());
    let mut unwanted = Unwanted::default();
    for target in targets {
        match target.parse::<BlobId>() {
            Ok(id) => {
                unwanted.blobs.insert(id);
            }
            // What exists under that very name is no pattern.
            Err(_) if patterns::is_pattern(target) && !repo.is_path(ctx, target) => {
                globs.push(target.clone());
            }
            Err(_) => paths.push(target.clone()),
        }
    }
    let folder = Source::folder(repo, ctx);
    unwanted.patterns = Patterns::anchored(&folder, &globs).map_err(SelectError::from)?;
    unwanted.paths = locate::select(ctx, repo, &paths)?;
    if unwanted.paths.iter().any(RepoPath::is_root) {
        return Err(OpError::Usage {
            message: "all files of all versions cannot be purged".to_owned(),
            hint: Some("name a file or a folder below it".to_owned()),
        });
    }
    Ok(unwanted)
}

/// What leads to commits, and what is to be moved.
#[derive(PartialEq, Eq)]
struct Seen {
    refs: Vec<(RefName, RefTarget)>,
    heads: BTreeMap<WorktreeId, (Head, Option<TreeId>)>,
    logged: Vec<RefTarget>,
    under_way: Option<&'static str>,
}

impl Seen {
    fn of(view: &View<'_>) -> Result<Self, DbError> {
        let (mut heads, mut under_way) = (BTreeMap::new(), None);
        for worktree in view.worktrees()? {
            heads.insert(worktree, (view.head(worktree)?, view.stage(worktree)?));
            let is_cut_short = !view.kept(worktree)?.is_empty();
            let operation = operation::current(view, worktree)?.map(|it| it.kind.verb());
            under_way = under_way.or(operation).or(is_cut_short.then_some("checkout"));
        }
        let (refs, logged) = (view.refs("refs/")?, view.reflog_targets(i64::MIN)?);
        Ok(Self { refs, heads, logged, under_way })
    }
}

/// The moves that a rewritten history leads to.
#[derive(Default)]
struct Moves {
    refs: Vec<RefUpdate>,
    heads: Vec<(WorktreeId, Head, CommitId)>,
    stages: Vec<(WorktreeId, Option<TreeId>, TreeId)>,
    /// What reflogs are to say instead.
    ids: BTreeMap<[u8; 32], [u8; 32]>,
    forgotten: Vec<(CommitId, i64)>,
    told: Vec<PurgedRef>,
    remotes: Vec<String>,
    /// What branches of remotes still lead to.
    held: Vec<CommitId>,
    /// What still needs the store besides the new history.
    commits: Vec<CommitId>,
}

/// Decides and carries out; nothing when something moved meanwhile.
fn attempt(
    ctx: &Context,
    repo: &Repo,
    options: &PurgeOptions,
    unwanted: &Unwanted,
    seen: &Seen,
) -> Result<Option<PurgeOutcome>, OpError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let mut rewriter = Rewriter::new(&repo.store, unwanted);
    let out: &mut dyn WriteObjects = if options.dry_run { &mut NullObjects } else { &mut writer };
    let moves = decide(ctx, repo, seen, &mut rewriter, out)?;
    missing(unwanted, &rewriter)?;
    let freed = freed(ctx, repo, &moves, &rewriter.rests)?;
    let changed = rewriter.commits().iter().filter(|(old, new)| old != new).count() as u64;
    if !options.dry_run {
        let note = ctx.note(repo, format!("purge: {}", options.targets.join(" ")));
        let is_done = repo.store.publish(writer.finish()?, &HashSet::new(), |tx| {
            if Seen::of(tx)? != *seen {
                return Ok(false);
            }
            carry_out(tx, &moves, &note).map(|()| true)
        })?;
        if !is_done {
            return Ok(None);
        }
    }
    let is_there = |path: &&RepoPath| {
        let on_disk = repo.paths.root.join(path.as_str());
        on_disk.symlink_metadata().is_ok()
    };
    let on_disk = rewriter.paths.iter().filter(is_there).map(locate::shown).collect();
    Ok(Some(PurgeOutcome {
        dry_run: options.dry_run,
        commits: changed,
        refs: moves.told,
        freed_bytes: freed.bytes,
        kept_by: upkeep::kept_by(&freed),
        unseen_repositories: upkeep::unseen(repo, &freed.unseen),
        on_disk,
        remotes: moves.remotes,
    }))
}

/// Refuses what no version has.
fn missing(unwanted: &Unwanted, found: &Rewriter<'_>) -> Result<(), OpError> {
    let path = unwanted.paths.iter().find(|path| !found.paths.contains(path)).map(locate::shown);
    let mut patterns = unwanted.patterns.bases().map(|(text, _)| text.to_owned());
    let path = path.or_else(|| patterns.find(|text| !found.patterns.contains(text)));
    let blob = unwanted.blobs.difference(&found.blobs).next().map(BlobId::to_string);
    match path.or(blob) {
        Some(path) => Err(OpError::NoSuchPath { path, revision: Some("any version".to_owned()) }),
        None => Ok(()),
    }
}

/// Writes the history anew, and says what is to be moved.
fn decide(
    ctx: &Context,
    repo: &Repo,
    seen: &Seen,
    rewriter: &mut Rewriter<'_>,
    out: &mut dyn WriteObjects,
) -> Result<Moves, OpError> {
    let mut moves = Moves::default();
    for (name, old) in &seen.refs {
        ctx.cancel.check()?;
        if name.as_str().starts_with(REMOTES) {
            moves.commits.extend(old.commit());
            continue;
        }
        let new = target(rewriter, *old, out)?;
        moves.add_ref(name, *old, new)?;
    }
    for (worktree, (head, stage)) in &seen.heads {
        if let Head::Detached(old) = head {
            let new = rewriter.commit(*old, out)?;
            moves.add_head(*worktree, head, new);
        }
        if let Some(old) = stage {
            moves.stages.push((*worktree, *stage, rewriter.stage(*old, out)?));
        }
    }
    for old in &seen.logged {
        // A collection may have taken what only an old reflog names.
        if is_stored(repo, *old)? {
            let new = target(rewriter, *old, out)?;
            moves.ids.insert(id_of(*old), id_of(new));
        }
    }
    for (old, new) in rewriter.commits().iter().filter(|(old, new)| old != new) {
        moves.ids.insert(*old.as_bytes(), *new.as_bytes());
        let at = repo.store.forgotten().get(old);
        moves.forgotten.extend(at.map(|at| (*new, *at)));
    }
    moves.ids.retain(|old, new| old != new);
    moves.note_remotes(seen, rewriter)?;
    Ok(moves)
}

fn target(
    rewriter: &mut Rewriter<'_>,
    old: RefTarget,
    out: &mut dyn WriteObjects,
) -> Result<RefTarget, TreeError> {
    match old {
        RefTarget::Commit(id) => rewriter.commit(id, out).map(RefTarget::Commit),
        RefTarget::Tag(id) => rewriter.tag(id, out).map(RefTarget::Tag),
    }
}

fn id_of(target: RefTarget) -> [u8; 32] {
    match target {
        RefTarget::Commit(id) => *id.as_bytes(),
        RefTarget::Tag(id) => *id.as_bytes(),
    }
}

fn is_stored(repo: &Repo, target: RefTarget) -> Result<bool, OpError> {
    let address = Address::from_bytes(id_of(target));
    let kind = crate::pack::PackKind::History;
    let found = repo.store.catalog().find(kind, &address).map_err(StoreError::from)?;
    Ok(found.is_some())
}

impl Moves {
    fn add_ref(&mut self, name: &RefName, old: RefTarget, new: RefTarget) -> Result<(), OpError> {
        if old == new {
            self.commits.extend(old.commit());
            return Ok(());
        }
        let kind = match name {
            name if name.is_branch() => PurgedKind::Branch,
            name if name.is_tag() => PurgedKind::Tag,
            name if name.as_str().starts_with(STASHES) => PurgedKind::Stash,
            _ => PurgedKind::Keep,
        };
        let (was, is) = (hex(old), hex(new));
        let update = |name: &RefName, old, new| RefUpdate { name: name.clone(), old, new };
        match name.as_str().strip_prefix(PINS) {
            // A pin's name is the commit.
            Some(pinned) if pinned == was => {
                let renamed =
                    RefName::new(&format!("{PINS}{is}")).map_err(super::convert::other)?;
                self.refs.push(update(name, Some(old), None));
                self.refs.push(update(&renamed, None, Some(new)));
            }
            _ => self.refs.push(update(name, Some(old), Some(new))),
        }
        self.told.push(PurgedRef { kind, name: name.short().to_owned(), old: was, new: is });
        Ok(())
    }

    fn add_head(&mut self, worktree: WorktreeId, head: &Head, new: CommitId) {
        let Some(old) = head.commit().filter(|old| *old != new) else { return };
        let (kind, name) = (PurgedKind::Head, "HEAD".to_owned());
        self.told.push(PurgedRef { kind, name, old: old.to_string(), new: new.to_string() });
        self.heads.push((worktree, head.clone(), new));
    }

    /// Branches of remotes at commits that are replaced here.
    fn note_remotes(&mut self, seen: &Seen, rewriter: &Rewriter<'_>) -> Result<(), OpError> {
        let replaced: BTreeSet<CommitId> =
            rewriter.commits().iter().filter(|(old, new)| old != new).map(|c| *c.0).collect();
        for (name, target) in &seen.refs {
            let is_remote = name.as_str().starts_with(REMOTES);
            if let Some(id) = target.commit().filter(|id| is_remote && replaced.contains(id)) {
                self.remotes.push(name.short().to_owned());
                self.held.push(id);
            }
        }
        Ok(())
    }
}

fn hex(target: RefTarget) -> String {
    match target {
        RefTarget::Commit(id) => id.to_string(),
        RefTarget::Tag(id) => id.to_string(),
    }
}

/// Bytes that nothing needs once the old history has gone.
fn freed(ctx: &Context, repo: &Repo, moves: &Moves, rests: &Rests) -> Result<Freed, OpError> {
    let before = repo.db.read(|view| GcRoots::of(view, i64::MIN))?;
    let mut after = GcRoots { forgotten: before.forgotten.clone(), ..GcRoots::default() };
    after.commits.extend(moves.commits.iter().chain(&rests.commits));
    after.trees.extend(rests.old_trees());
    after.blobs.extend(&rests.blobs);
    Ok(repo.store.freed_between(&before, &after, &ctx.cancel)?)
}

fn carry_out(tx: &crate::db::Tx<'_>, moves: &Moves, note: &RefNote) -> Result<(), OpError> {
    for update in &moves.refs {
        tx.update_ref(update.clone(), note)?;
    }
    for (worktree, head, new) in &moves.heads {
        tx.set_head(*worktree, head, &HeadTarget::Commit(*new), note)?;
    }
    for (worktree, old, new) in &moves.stages {
        tx.set_stage(*worktree, *old, Some(*new))?;
    }
    for (commit, at) in &moves.forgotten {
        tx.forget(*commit, *at)?;
    }
    // Last: the moves above say in their reflogs where they came from.
    tx.map_reflog(&moves.ids)?;
    tx.add_purged(moves.held.iter().copied())?;
    Ok(())
}
