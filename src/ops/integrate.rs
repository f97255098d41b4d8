//! What `merge`, `revert` and `cherry-pick` share: one step into the worktree, going on, giving up.

use std::collections::{BTreeMap, HashSet};

use serde::Serialize;

use super::{Context, OpError, convert, encode, locate, plans};
use crate::db::DbError;
use crate::diff::tree as diff;
use crate::id::{CommitId, TreeId};
use crate::merge::{Conflict, Side};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::commit::{Commit, Person};
use crate::object::tree::EntryValue;
use crate::path::RepoPath;
use crate::repo::{Repo, WorkState};
use crate::steps::checkout::Switched;
use crate::steps::merging::{self, Bring, Prepared, Request, Source};
use crate::steps::operation::{self, Kind, OpenConflict, Operation};
use crate::steps::{StepError, materialize, stage};
use crate::store::StoreError;
use crate::store::objects::ObjectWriter;
use crate::worktree::plan::{Plan, Why};

/// A path in conflict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConflictEntry {
    /// The path.
    pub path: String,
    /// What kind of conflict it is, in words.
    pub conflict: &'static str,
    /// The same in git's two letters.
    pub code: &'static str,
    /// Where their side is, when ours is at the path.
    pub theirs_at: Option<String>,
}

impl ConflictEntry {
    pub(super) fn of(open: &OpenConflict) -> Self {
        Self {
            path: open.conflict.path.as_str().to_owned(),
            conflict: open.conflict.kind.as_str(),
            code: code(&open.conflict),
            theirs_at: open.aside.as_ref().map(|path| path.as_str().to_owned()),
        }
    }
}

/// The letters of `git status` for paths that are not merged.
fn code(conflict: &Conflict) -> &'static str {
    let Conflict { base, ours, theirs, .. } = conflict;
    match (base.is_some(), ours.is_some(), theirs.is_some()) {
        (true, true, true) => "UU",
        (false, true, true) => "AA",
        (true, true, false) => "UD",
        (true, false, true) => "DU",
        (false, true, false) => "AU",
        (false, false, true) => "UA",
        (_, false, false) => "DD",
    }
}

/// How a merge, revert or cherry-pick ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MergeResult {
    /// There was nothing to do.
    #[default]
    UpToDate,
    /// The branch moved on to a commit that was there.
    FastForward,
    /// Commits were made.
    Committed,
    /// The result is staged, or would be.
    Staged,
    /// Paths wait for a person.
    Conflicts,
    /// All is as it was before.
    Aborted,
    /// The commit that waited was left out.
    Skipped,
}

/// A commit that was made.
#[derive(Clone, Debug, Serialize)]
pub struct MadeCommit {
    /// Its id.
    #[serde(serialize_with = "encode::id")]
    pub commit: CommitId,
    /// The first line of its message.
    pub summary: String,
}

/// What a merge, revert or cherry-pick did.
#[derive(Clone, Debug, Default, Serialize)]
pub struct MergeOutcome {
    /// The verb.
    pub verb: &'static str,
    /// How it ended.
    pub result: MergeResult,
    /// The current branch; `None` when HEAD is detached.
    pub branch: Option<String>,
    /// The commit of HEAD now.
    #[serde(serialize_with = "encode::optional_id")]
    pub commit: Option<CommitId>,
    /// The commit that was merged, reverted or picked last.
    #[serde(serialize_with = "encode::optional_id")]
    pub other: Option<CommitId>,
    /// The commits that were made, the first one first.
    pub commits: Vec<MadeCommit>,
    /// Commits left out because what they change is there already.
    #[serde(serialize_with = "encode::ids")]
    pub empty: Vec<CommitId>,
    /// Files that HEAD did not have.
    pub added: u64,
    /// Files that differ from HEAD's.
    pub modified: u64,
    /// Files that only HEAD had.
    pub removed: u64,
    /// Paths that wait for a person.
    pub conflicts: Vec<ConflictEntry>,
    /// Conflicts resolved to the side asked for.
    pub resolved: u64,
    /// Bytes written to the worktree.
    pub bytes: u64,
    /// Whether nothing was changed.
    pub dry_run: bool,
    /// How long it took.
    pub seconds: f64,
}

impl MergeOutcome {
    pub(super) fn new(kind: Kind, state: &WorkState, dry_run: bool) -> Self {
        Self {
            verb: kind.verb(),
            branch: state.head.branch().map(|b| b.short().to_owned()),
            commit: state.commit(),
            dry_run,
            ..Self::default()
        }
    }

    /// Counts the files that differ between two trees.
    pub(super) fn count_between(
        &mut self,
        repo: &Repo,
        from: Option<TreeId>,
        to: TreeId,
    ) -> Result<(), OpError> {
        self.count(&diff::changes(&repo.store, from, Some(to))?);
        Ok(())
    }

    fn count(&mut self, changes: &[diff::Change]) {
        let is_file = |v: &Option<EntryValue>| {
            matches!(v, Some(EntryValue::File { .. } | EntryValue::Symlink { .. }))
        };
        for change in changes {
            match (is_file(&change.old), is_file(&change.new)) {
                (true, true) => self.modified += 1,
                (true, false) => self.removed += 1,
                (false, true) => self.added += 1,
                (false, false) => {}
            }
        }
    }
}

/// What their side is called in names of files: what a person wrote, if that is plain.
pub(super) fn side_name(text: &str, commit: CommitId) -> String {
    let is_plain = text.chars().all(|c| c.is_alphanumeric() || "-_./".contains(c));
    let is_id = commit.to_string().starts_with(text);
    if is_plain && !is_id { text.to_owned() } else { commit.short() }
}

/// One merge into the worktree.
pub(super) struct Step {
    pub kind: Kind,
    /// What is merged.
    pub source: Source,
    pub favour: Option<Side>,
    /// What it is if a person must finish it.
    pub operation: Operation,
    /// The parents of the commit to come; none when nothing is to be committed.
    pub parents: Vec<CommitId>,
    /// Whose change it is, if not the committer's.
    pub author: Option<Person>,
    /// What the commit to come keeps of the one it is made from.
    pub metadata: BTreeMap<String, String>,
    pub dry_run: bool,
}

/// Fails when another operation waits, or a staged change would get lost.
pub(super) fn refuse_unready(repo: &Repo, state: &WorkState) -> Result<(), OpError> {
    refuse_during_operation(repo)?;
    if state.stage.is_some() {
        let staged = diff::changes(&repo.store, state.head_tree, state.staged_tree())?;
        let conflicts = staged.into_iter().map(|c| (c.path, Why::Staged)).collect();
        return Err(in_the_way(&Plan { conflicts, ..Plan::default() }));
    }
    Ok(())
}

/// Why a plan cannot be carried out, for verbs that drop nothing even by force.
pub(super) fn in_the_way(plan: &Plan) -> OpError {
    match plans::would_overwrite(plan) {
        OpError::WouldOverwrite { paths, more } => OpError::InTheWay { paths, more },
        other => other,
    }
}

/// Fails when a merge, revert or cherry-pick waits.
pub(super) fn refuse_during_operation(repo: &Repo) -> Result<(), OpError> {
    match repo.db.read(|view| operation::current(view, repo.worktree))? {
        Some(waiting) => Err(OpError::InProgress { verb: waiting.kind.verb() }),
        None => Ok(()),
    }
}

/// Takes one step; says whether it is done, or waits for a person.
pub(super) fn step(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    step: &Step,
    outcome: &mut MergeOutcome,
) -> Result<bool, OpError> {
    let request = Request {
        source: step.source,
        their_name: &step.operation.their_name,
        favour: step.favour,
    };
    outcome.other = Some(step.operation.commit);
    if step.dry_run {
        let prepared = merging::preview(repo, &request)?;
        tell(outcome, &prepared);
        return Ok(prepared.conflicts.is_empty());
    }
    let committer = if step.parents.is_empty() { None } else { Some(ctx.person(repo)?) };
    let is_empty = |tree| step.kind != Kind::Merge && Some(tree) == state.head_tree;
    let prepared = merging::prepare(repo, &request, |tree| {
        let committer = committer.filter(|_| !is_empty(tree))?;
        Some(commit_of(step, tree, committer))
    })?;
    tell(outcome, &prepared);
    let message = &step.operation.message;
    let note = ctx.note(repo, format!("{}: {}", step.kind.verb(), locate::summary(message)));
    let bring =
        Bring { from: state.staged_tree(), also: Vec::new(), to: prepared.tree, force: false };
    let run = ctx.run_context(&repo.settings);
    let done = merging::bring(repo, bring, &run, |tx| {
        if tx.head(repo.worktree)? != state.head {
            return Err(StoreError::Changed.into());
        }
        if !prepared.conflicts.is_empty() {
            let operation = Operation { tree: prepared.tree, ..step.operation.clone() };
            operation::save(tx, repo.worktree, &operation, &prepared.conflicts)?;
        }
        match prepared.commit {
            Some(commit) => {
                merging::advance(tx, repo, state, commit, &note)?;
                tx.set_stage(repo.worktree, state.stage, None)?;
            }
            None => tx.set_stage(repo.worktree, state.stage, state.stage_for(prepared.tree))?,
        }
        Ok(())
    })?;
    arrived(&done, outcome)?;
    if let Some(commit) = prepared.commit {
        outcome.result = MergeResult::Committed;
        outcome.commit = Some(commit);
        outcome.commits.push(MadeCommit { commit, summary: locate::summary(message) });
    } else if is_empty(prepared.tree) && prepared.conflicts.is_empty() {
        outcome.empty.push(step.operation.commit);
    }
    Ok(prepared.conflicts.is_empty())
}

fn tell(outcome: &mut MergeOutcome, prepared: &Prepared) {
    outcome.count(&prepared.changes);
    outcome.resolved += prepared.resolved;
    outcome.conflicts = prepared.conflicts.iter().map(ConflictEntry::of).collect();
    outcome.result = match prepared.conflicts.is_empty() {
        true => MergeResult::Staged,
        false => MergeResult::Conflicts,
    };
}

/// Refuses when the plan was not carried out; otherwise tells what was.
fn arrived(done: &Switched, outcome: &mut MergeOutcome) -> Result<(), OpError> {
    if !done.plan.conflicts.is_empty() {
        return Err(in_the_way(&done.plan));
    }
    outcome.bytes += done.written.bytes;
    Ok(())
}

fn commit_of(step: &Step, tree: TreeId, committer: Person) -> Commit {
    Commit {
        tree,
        attributes: None,
        parents: step.parents.clone(),
        author: step.author.clone().unwrap_or_else(|| committer.clone()),
        committer,
        message: step.operation.message.clone(),
        metadata: step.metadata.clone(),
        signature: None,
    }
}

/// Moves the branch on to a commit that continues it.
pub(super) fn fast_forward(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    (commit, name): (CommitId, &str),
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    let tree = repo.store.read_root(commit)?;
    let changes = diff::changes(&repo.store, state.head_tree, Some(tree))?;
    outcome.count(&changes);
    (outcome.result, outcome.commit) = (MergeResult::FastForward, Some(commit));
    if outcome.dry_run {
        return Ok(());
    }
    let note = ctx.note(repo, format!("merge {name}: Fast-forward"));
    let bring = Bring { from: state.staged_tree(), also: Vec::new(), to: tree, force: false };
    let run = ctx.run_context(&repo.settings);
    let done = merging::bring(repo, bring, &run, |tx| {
        merging::advance(tx, repo, state, commit, &note)?;
        tx.set_stage(repo.worktree, state.stage, None)?;
        Ok(())
    })?;
    arrived(&done, outcome)
}

/// The operation of this kind that waits.
pub(super) fn waiting(repo: &Repo, kind: Kind) -> Result<Operation, OpError> {
    match repo.db.read(|view| operation::current(view, repo.worktree))? {
        Some(operation) if operation.kind == kind => Ok(operation),
        Some(operation) => Err(OpError::InProgress { verb: operation.kind.verb() }),
        None => Err(OpError::NotInProgress { verb: kind.verb() }),
    }
}

/// Fails when conflicts are open.
pub(super) fn refuse_open_conflicts(repo: &Repo) -> Result<(), OpError> {
    const NAMED: usize = 10;
    let open = repo.db.read(|view| operation::conflicts(view, repo.worktree))?;
    if open.is_empty() {
        return Ok(());
    }
    let named = open.iter().take(NAMED).map(|o| o.conflict.path.as_str().to_owned());
    let paths: Vec<_> = named.collect();
    Err(OpError::OpenConflicts { more: (open.len() - paths.len()) as u64, paths })
}

/// Commits what a person has resolved. Nothing is committed where a revert or a pick has become empty.
pub(super) fn conclude(
    ctx: &Context,
    repo: &Repo,
    operation: &Operation,
    message: Option<&str>,
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    refuse_open_conflicts(repo)?;
    refuse_empty(message)?;
    let state = repo.state()?;
    let (Some(tree), Some(head)) = (state.staged_tree(), state.commit()) else {
        return Err(OpError::IsEmptyRepository);
    };
    outcome.other = Some(operation.commit);
    if operation.kind != Kind::Merge && state.stage.is_none() {
        repo.db.write(|tx| operation::clear(tx, repo.worktree))?;
        outcome.empty.push(operation.commit);
        return Ok(());
    }
    let committer = ctx.person(repo)?;
    let (author, metadata) = origin(repo, operation)?;
    let commit = Commit {
        tree,
        attributes: None,
        parents: parents_of(operation, head),
        author: author.unwrap_or_else(|| committer.clone()),
        committer,
        message: message.unwrap_or(&operation.message).to_owned(),
        metadata,
        signature: None,
    };
    let id = write_commit(ctx, repo, &state, &commit, operation.kind)?;
    let base = repo.store.read_root(head)?;
    outcome.count(&diff::changes(&repo.store, Some(base), Some(tree))?);
    (outcome.result, outcome.commit) = (MergeResult::Committed, Some(id));
    let summary = locate::summary(&commit.message);
    outcome.commits.push(MadeCommit { commit: id, summary });
    Ok(())
}

/// Fails for a message that says nothing.
pub(super) fn refuse_empty(message: Option<&str>) -> Result<(), OpError> {
    match message.is_some_and(|text| text.trim().is_empty()) {
        true => Err(OpError::EmptyMessage),
        false => Ok(()),
    }
}

/// The parents of the commit that ends an operation.
pub(super) fn parents_of(operation: &Operation, head: CommitId) -> Vec<CommitId> {
    match operation.kind {
        Kind::Merge => vec![head, operation.commit],
        Kind::Revert | Kind::CherryPick => vec![head],
    }
}

/// Author and metadata of the commit that ends an operation, where they come from another one.
pub(super) fn origin(
    repo: &Repo,
    operation: &Operation,
) -> Result<(Option<Person>, BTreeMap<String, String>), OpError> {
    match operation.kind {
        Kind::CherryPick => {
            let commit = repo.store.read_commit(operation.commit)?;
            Ok((Some(commit.author), commit.metadata))
        }
        Kind::Merge | Kind::Revert => Ok((None, BTreeMap::new())),
    }
}

fn write_commit(
    ctx: &Context,
    repo: &Repo,
    state: &WorkState,
    commit: &Commit,
    kind: Kind,
) -> Result<CommitId, OpError> {
    let core = &repo.settings.core;
    let session = repo.store.start_session()?;
    let mut writer =
        ObjectWriter::new(&repo.store, &session, core.compression_level, core.verify_writes)?;
    let encoded = commit.encode().map_err(convert::other)?;
    let id = CommitId::of(&encoded);
    writer.write_commit(id, encoded)?;
    let packs = writer.finish()?;
    let summary = locate::summary(&commit.message);
    let note = ctx.note(repo, format!("commit ({}): {summary}", kind.verb()));
    repo.store.publish(packs, &Default::default(), |tx| {
        merging::advance(tx, repo, state, id, &note)?;
        tx.set_stage(repo.worktree, state.stage, None)?;
        operation::clear(tx, repo.worktree)?;
        Ok::<_, StepError>(())
    })?;
    Ok(id)
}

/// Gives an operation up: `to` is the commit to be at again. Files that a person changed by hand since
/// are refused, unless `force`; what was added meanwhile stays in the worktree.
pub(super) fn give_up(
    ctx: &Context,
    repo: &Repo,
    operation: &Operation,
    (to, force): (CommitId, bool),
    outcome: &mut MergeOutcome,
) -> Result<(), OpError> {
    let state = repo.state()?;
    let tree = repo.store.read_root(to)?;
    let other = repo.store.read_commit(operation.commit)?;
    // What a person may have taken from either side of the difference is nobody's work.
    let mut also = vec![other.tree];
    for parent in other.parents.iter().filter(|_| operation.kind == Kind::Revert) {
        also.push(repo.store.read_root(*parent)?);
    }
    let bring = Bring { from: Some(operation.tree), also, to: tree, force };
    let note = ctx.note(repo, format!("{}: given up", operation.kind.verb()));
    let run = ctx.run_context(&repo.settings);
    let done = merging::bring(repo, bring, &run, |tx| {
        if state.commit() != Some(to) {
            merging::advance(tx, repo, &state, to, &note)?;
        }
        tx.set_stage(repo.worktree, state.stage, None)?;
        Ok(operation::clear(tx, repo.worktree)?)
    })?;
    if !done.plan.conflicts.is_empty() {
        return Err(plans::would_overwrite(&done.plan));
    }
    arrived(&done, outcome)?;
    (outcome.result, outcome.commit) = (MergeResult::Aborted, Some(to));
    Ok(())
}

/// Notes that a person has resolved the conflicts at exactly these paths: their side, where it was set
/// apart, leaves the stage, and the worktree if nobody changed it. A folder resolves nothing.
pub(super) fn resolve_named(
    ctx: &Context,
    repo: &Repo,
    paths: &[RepoPath],
) -> Result<Vec<RepoPath>, OpError> {
    let open = repo.db.read(|view| operation::conflicts(view, repo.worktree))?;
    let named: Vec<_> = open.into_iter().filter(|o| paths.contains(&o.conflict.path)).collect();
    if !named.is_empty() {
        settle(ctx, repo, &named, Vec::new())?;
        forget(repo, &named)?;
    }
    Ok(named.into_iter().map(|o| o.conflict.path).collect())
}

/// The paths in conflict.
pub(super) fn open_paths(repo: &Repo) -> Result<HashSet<RepoPath>, OpError> {
    let open = repo.db.read(|view| operation::conflicts(view, repo.worktree))?;
    Ok(open.into_iter().map(|open| open.conflict.path).collect())
}

/// The open conflicts at and below paths.
pub(super) fn conflicts_at(repo: &Repo, paths: &[RepoPath]) -> Result<Vec<OpenConflict>, OpError> {
    let open = repo.db.read(|view| operation::conflicts(view, repo.worktree))?;
    let is_named = |o: &OpenConflict| paths.iter().any(|p| o.conflict.path.starts_with(p));
    Ok(open.into_iter().filter(is_named).collect())
}

/// Gives the stage one side of each conflict.
pub(super) fn stage_side(
    ctx: &Context,
    repo: &Repo,
    open: &[OpenConflict],
    side: Side,
) -> Result<(), OpError> {
    let edit = |o: &OpenConflict| (o.conflict.path.clone(), o.conflict.of(side).cloned());
    settle(ctx, repo, open, open.iter().map(edit).collect())
}

/// Edits the stage, and takes away what was set apart.
fn settle(
    ctx: &Context,
    repo: &Repo,
    open: &[OpenConflict],
    mut edits: Vec<(RepoPath, Option<EntryValue>)>,
) -> Result<(), OpError> {
    let asides = open.iter().filter_map(|open| open.aside.clone());
    edits.extend(asides.map(|path| (path, None)));
    if !edits.is_empty() {
        stage::edit_stage(repo, edits, (0, 0))?;
    }
    let removals = open.iter().filter(|open| is_untouched(repo, open));
    let removals: Vec<_> = removals.filter_map(|open| open.aside.clone()).collect();
    let plan = Plan { removals, ..Plan::default() };
    materialize::apply(repo, &plan, &ctx.run_context(&repo.settings))?;
    Ok(())
}

/// Takes conflicts off the list.
pub(super) fn forget(repo: &Repo, resolved: &[OpenConflict]) -> Result<(), OpError> {
    repo.db.write(|tx| {
        for open in resolved {
            operation::resolve(tx, repo.worktree, &open.conflict.path)?;
        }
        Ok::<_, DbError>(())
    })?;
    Ok(())
}

/// Whether what was set apart is still as it was put there.
fn is_untouched(repo: &Repo, open: &OpenConflict) -> bool {
    let Some(aside) = &open.aside else { return false };
    let disk = repo.paths.root.join(aside.as_str());
    match &open.conflict.theirs {
        Some(EntryValue::File { id, .. }) => {
            let is_file = disk.symlink_metadata().is_ok_and(|m| m.is_file());
            is_file && materialize::hash_file(&disk).is_ok_and(|found| found == *id)
        }
        Some(EntryValue::Symlink { target }) => {
            std::fs::read_link(&disk).is_ok_and(|found| found.to_str() == Some(target))
        }
        _ => false,
    }
}
