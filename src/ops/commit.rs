//! `commit`: records the stage as a commit on the current branch.

use serde::Serialize;

use super::person::parse_person;
use super::{Context, OpError, Skipped, encode};
use super::{convert, integrate, locate, starts};
use crate::db::StagedSums;
use crate::diff::tree as diff;
use crate::id::{CommitId, TreeId};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::commit::{Commit, Person};
use crate::object::prolly;
use crate::object::tree::{EntryValue, Totals};
use crate::path::RepoPath;
use crate::refs::{Head, RefNote, RefTarget};
use crate::repo::{Repo, WorkState};
use crate::steps::StepError;
use crate::steps::operation::{self, Operation};
use crate::steps::stage::{self, StageOptions};
use crate::store::objects::ObjectWriter;
use crate::worktree::compare::Taken;

/// What to record.
#[derive(Clone, Debug, Default)]
pub struct CommitOptions {
    /// The message; `None` with `amend` keeps the old one.
    pub message: Option<String>,
    /// Stage changes and deletions of tracked files first.
    pub all: bool,
    /// Replace the last commit.
    pub amend: bool,
    /// Commit even if nothing changed.
    pub allow_empty: bool,
    /// The author's date: RFC 3339, `@unix`, or `YYYY-MM-DD HH:MM[:SS] [+hhmm]`.
    pub date: Option<String>,
    /// The author as `Name <mail>`.
    pub author: Option<String>,
    /// Metadata, as key and value.
    pub meta: Vec<(String, String)>,
}

/// What was recorded, and what it cost.
#[derive(Clone, Debug, Serialize)]
pub struct CommitOutcome {
    /// The new commit.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// Its tree.
    #[serde(serialize_with = "encode::id")]
    pub tree: TreeId,
    /// The branch that moved; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// Files in the commit.
    pub files: u64,
    /// Bytes of the files in the commit.
    pub bytes: u64,
    /// Bytes of chunks that no earlier commit needed.
    pub new_bytes: u64,
    /// Bytes that those take in the store.
    pub stored_bytes: u64,
    /// Files the parent does not have.
    pub added: u64,
    /// Files that differ from the parent's.
    pub modified: u64,
    /// Files only the parent has.
    pub removed: u64,
    /// The parents.
    #[serde(serialize_with = "encode::ids")]
    pub parents: Vec<CommitId>,
    /// The first line of the message.
    pub summary: String,
    /// Files that `all` could not stage.
    pub skipped: Vec<Skipped>,
}

/// Records the stage.
pub fn run(ctx: &Context, options: &CommitOptions) -> Result<CommitOutcome, OpError> {
    let repo = ctx.open_repo()?;
    // Before anything is staged.
    waiting(&repo, options)?;
    let mut skipped = Vec::new();
    if options.all {
        let taken = Taken { added: false, removed: true };
        let everything = vec![RepoPath::root()];
        let paths = crate::steps::data_roots::to_add(&repo, everything, true, false)?;
        if !paths.is_empty() {
            let paths = locate::all_if_root(paths);
            let stage_options = StageOptions { paths, taken, dry_run: false, part: None };
            let staged = stage::stage(&repo, &stage_options, &ctx.run_context(&repo.settings))?;
            skipped.extend(staged.skipped.into_iter().map(Skipped::from));
        }
    }
    let (state, commit, id, cost) = record(ctx, &repo, options)?;
    let base = match commit.parents.first() {
        Some(parent) => repo.store.find_root(*parent)?,
        None => None,
    };
    let noted = cost.sums.filter(|sums| sums.base == base && sums.tree == commit.tree);
    let sums = match noted {
        Some(sums) => sums,
        None => count(&repo, base, commit.tree)?,
    };
    Ok(outcome(&state, &commit, id, (&sums, &cost), skipped))
}

/// How often a commit is made anew when somebody else moves the stage or HEAD meanwhile.
const ATTEMPTS: usize = 64;

/// Makes the commit of what is staged and moves HEAD to it; gives what it was made on and its cost.
fn record(
    ctx: &Context,
    repo: &Repo,
    options: &CommitOptions,
) -> Result<(WorkState, Commit, CommitId, Cost), OpError> {
    let mut attempt = 1;
    loop {
        let waiting = waiting(repo, options)?;
        let state = repo.state()?;
        let previous = match state.commit() {
            Some(id) => Some(repo.store.read_commit(id)?),
            None => None,
        };
        let previous = Previous { commit: previous.as_ref(), waiting: waiting.as_ref() };
        let commit = make_commit(ctx, repo, &state, &previous, options)?;
        let encoded = commit.encode().map_err(convert::other)?;
        let id = CommitId::of(&encoded);
        let note = ctx.note(repo, format!("commit: {}", locate::summary(&commit.message)));
        match publish(repo, &state, (id, encoded), &note) {
            Err(e) if e.is_conflict() && attempt < ATTEMPTS => attempt += 1,
            cost => return Ok((state, commit, id, cost?)),
        }
    }
}

/// What the new commit comes from.
struct Previous<'p> {
    /// HEAD's commit.
    commit: Option<&'p Commit>,
    /// A merge, revert or cherry-pick that this commit ends.
    waiting: Option<&'p Operation>,
}

/// The operation that this commit ends; fails while it cannot be ended so.
fn waiting(repo: &Repo, options: &CommitOptions) -> Result<Option<Operation>, OpError> {
    let waiting = repo.db.read(|view| operation::current(view, repo.worktree))?;
    integrate::refuse_open_conflicts(repo)?;
    match &waiting {
        // What comes after it would be forgotten, or what it is lost.
        Some(one) if options.amend || !one.todo.is_empty() => {
            Err(OpError::InProgress { verb: one.kind.verb() })
        }
        _ => Ok(waiting),
    }
}

/// What was noted since the commit before.
struct Cost {
    /// Bytes of chunks that are new.
    new_bytes: u64,
    /// Bytes that were written.
    stored_bytes: u64,
    /// What was counted when the stage moved.
    sums: Option<StagedSums>,
}

fn make_commit(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    previous: &Previous<'_>,
    options: &CommitOptions,
) -> Result<Commit, OpError> {
    let waiting = previous.waiting;
    let amended = amended(repo, state, previous, options)?;
    let parents = match (amended, waiting, state.commit()) {
        (Some(commit), ..) => commit.parents.clone(),
        (None, Some(waiting), Some(head)) => integrate::parents_of(waiting, head),
        (None, _, head) => head.into_iter().collect(),
    };
    // A merge is worth a commit even if all of it is our side.
    let is_same = amended.is_none() && state.stage.is_none() && parents.len() < 2;
    let tree = match state.staged_tree() {
        Some(tree) if !is_same || options.allow_empty => tree,
        None if options.allow_empty => {
            prolly::build([], &mut crate::object::access::NullObjects)?.id
        }
        _ => return Err(nothing_to_commit(ctx, repo, state)?),
    };
    let message = message_of(previous, amended, options)?;
    let committer = ctx.person(repo)?;
    let (origin, mut metadata) = match waiting {
        Some(waiting) => integrate::origin(repo, waiting)?,
        None => Default::default(),
    };
    metadata.extend(options.meta.iter().cloned());
    let old_author = amended.map(|commit| &commit.author).or(origin.as_ref());
    Ok(Commit {
        tree,
        attributes: None,
        parents,
        author: author_of(&committer, old_author, options)?,
        committer,
        message,
        metadata,
        signature: None,
    })
}

/// The commit that the new one takes the place of, if that is wanted.
fn amended<'p>(
    repo: &Repo,
    state: &WorkState,
    previous: &Previous<'p>,
    options: &CommitOptions,
) -> Result<Option<&'p Commit>, OpError> {
    if !options.amend {
        return Ok(None);
    }
    let commit = previous.commit.ok_or(OpError::IsEmptyRepository)?;
    if let Some(head) = state.commit() {
        starts::refuse_shallow(repo, head)?;
    }
    Ok(Some(commit))
}

/// The message: as given, else that of the commit whose place is taken, or of what waits to be committed.
fn message_of(
    previous: &Previous<'_>,
    amended: Option<&Commit>,
    options: &CommitOptions,
) -> Result<String, OpError> {
    let old = || amended.map(|commit| &commit.message);
    let waiting = || previous.waiting.map(|one| &one.message);
    let message = options.message.as_ref().or_else(old).or_else(waiting);
    match message.map(|message| message.trim_end()) {
        Some(message) if !message.is_empty() => Ok(message.to_owned()),
        _ => Err(OpError::EmptyMessage),
    }
}

/// The author: as given, else that of the commit this one is made from, else the committer; the date
/// likewise.
fn author_of(
    committer: &Person,
    old: Option<&Person>,
    options: &CommitOptions,
) -> Result<Person, OpError> {
    let mut author = old.unwrap_or(committer).clone();
    if let Some(text) = &options.author {
        (author.name, author.email) = parse_person(text)?;
    }
    if let Some(text) = &options.date {
        let date = crate::date::parse_exact(text, committer.offset_minutes)?;
        (author.seconds, author.offset_minutes) = (date.seconds, date.offset_minutes);
    }
    Ok(author)
}

fn nothing_to_commit(ctx: &Context, repo: &Repo, state: &WorkState) -> Result<OpError, OpError> {
    let paths = crate::steps::data_roots::to_look_at(repo, Vec::new())?;
    let Some(paths) = paths else { return Ok(OpError::NothingToCommit) };
    let run = ctx.run_context(&repo.settings);
    let seen = crate::steps::look::look(repo, state.staged_tree(), paths, &run)?;
    let is_clean = seen.changed.is_empty() && seen.untracked.is_empty();
    Ok(if is_clean { OpError::NothingToCommit } else { OpError::NothingStaged })
}

/// Writes the commit and moves HEAD; returns what it cost since the commit before.
fn publish(
    repo: &Repo,
    state: &WorkState,
    (id, encoded): (CommitId, Vec<u8>),
    note: &RefNote,
) -> Result<Cost, StepError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    if state.staged_tree().is_none() {
        prolly::build([], &mut writer)?;
    }
    writer.write_commit(id, encoded)?;
    let packs = writer.finish()?;
    let bytes: u64 = packs.iter().map(|p| p.bytes).sum();
    repo.store.publish(packs, &Default::default(), |tx| {
        match &state.head {
            Head::Branch { name, target } => {
                tx.set_ref(name, target.map(RefTarget::Commit), RefTarget::Commit(id), note)?;
            }
            Head::Detached(_) => {
                let target = crate::refs::HeadTarget::Commit(id);
                tx.set_head(repo.worktree, &state.head, &target, note)?;
            }
        }
        tx.set_stage(repo.worktree, state.stage, None)?;
        operation::clear(tx, repo.worktree)?;
        let (new_bytes, stored) = tx.cost(repo.worktree)?;
        tx.reset_cost(repo.worktree)?;
        let sums = tx.staged_sums(repo.worktree)?;
        tx.clear_staged_sums(repo.worktree)?;
        Ok::<_, StepError>(Cost { new_bytes, stored_bytes: stored + bytes, sums })
    })
}

/// Counts what a tree holds and how it differs from another.
fn count(repo: &Repo, base: Option<TreeId>, tree: TreeId) -> Result<StagedSums, OpError> {
    let Totals { files, bytes, .. } = repo.store.read_tree(tree)?.totals();
    let (mut added, mut modified, mut removed) = (0, 0, 0);
    let is_dir = |v: &Option<EntryValue>| matches!(v, Some(EntryValue::Directory { .. }));
    let _ = diff::diff(&repo.store, base, Some(tree), &mut |change| {
        match (&change.old, &change.new) {
            (None, new) if !is_dir(new) => added += 1,
            (old, None) if !is_dir(old) => removed += 1,
            (None, _) | (_, None) => {}
            (Some(_), Some(_)) => modified += 1,
        }
        diff::Flow::Continue(())
    })?;
    Ok(StagedSums { base, tree, files, bytes, added, modified, removed })
}

fn outcome(
    state: &WorkState,
    commit: &Commit,
    id: CommitId,
    (sums, cost): (&StagedSums, &Cost),
    skipped: Vec<Skipped>,
) -> CommitOutcome {
    CommitOutcome {
        commit: id,
        tree: commit.tree,
        branch: state.head.branch().map(|b| b.short().to_owned()),
        files: sums.files,
        bytes: sums.bytes,
        new_bytes: cost.new_bytes,
        stored_bytes: cost.stored_bytes,
        added: sums.added,
        modified: sums.modified,
        removed: sums.removed,
        parents: commit.parents.clone(),
        summary: locate::summary(&commit.message),
        skipped,
    }
}

/// The text that the editor shows: the amended message, and what will be committed as comments.
pub fn edit_template(ctx: &Context, options: &CommitOptions) -> Result<String, OpError> {
    let repo = ctx.open_repo_to_read()?;
    let state = repo.state()?;
    let message = match (options.amend, state.commit(), waiting(&repo, options)?) {
        (true, Some(id), _) => repo.store.read_commit(id)?.message,
        (_, _, Some(waiting)) => waiting.message,
        _ => String::new(),
    };
    let mut text = format!(
        "{message}\n\n# Lines that start with '#' are left out; an empty message ends the commit.\n#\n"
    );
    let changes = diff::changes(&repo.store, state.head_tree, state.staged_tree())?;
    for change in changes.iter().filter_map(super::Change::of_tree).take(100) {
        text.push_str(&format!("# {:?}: {}\n", change.change, crate::path::escape(&change.path)));
    }
    Ok(text)
}
