//! `add --to`: files are stored on a remote instead of here, a part at a time.
//!
//! Each part is staged as any `add` stages it. What is new then goes to the remote under a commit of its own,
//! which nothing names but a keep of this clone, and of which the packs' lists are read there. From then on it
//! is promised, and leaves the store; the next part follows. So no more than a part lies here twice, whatever
//! the whole is, and the stage ends as that of a plain `add`. Wherever this is cut short, what is staged is
//! here or there, and running it again goes on.

use std::collections::HashSet;

use super::add::{self, AddOptions, AddOutcome};
use super::connect::{self, Connection};
use super::evicting::{self, Evicting};
use super::{Context, OpError, locate, loose};
use crate::id::{BlobId, CommitId};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::commit::{Commit, Person};
use crate::object::paths::edit_paths;
use crate::object::prolly;
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::StepError;
use crate::steps::stage::{self, Part, StageOptions, Staged};
use crate::store::objects::ObjectWriter;
use crate::sync::missing::decide_missing;
use crate::sync::rebase::{is_reached, reached_commits};

/// What was sent, beside what was staged.
#[derive(Debug, Default)]
pub(super) struct Sent {
    contents: HashSet<BlobId>,
    bytes: u64,
}

/// Stages files a part at a time, and sends each to a remote before the next.
pub(super) fn run(ctx: &Context, options: &AddOptions, name: &str) -> Result<AddOutcome, OpError> {
    let config = connect::config(ctx, &ctx.find_repo()?)?;
    let settings = connect::choose(&config, Some(name), None)?;
    let connection = connect::connect(ctx, settings, &ctx.find_repo()?)?;
    let mut sum =
        AddOutcome { to: Some(connection.settings.name.clone()), ..AddOutcome::default() };
    let mut after = None;
    // What an earlier run had staged, and did not come to send.
    send(ctx, options, &connection, &mut sum)?;
    loop {
        let repo = ctx.open_repo()?;
        let (named, paths) = add::paths_of(ctx, &repo, options)?;
        if paths.is_empty() {
            return Ok(sum);
        }
        let part = Part { max_bytes: repo.settings.transfer.local_limit, after };
        let stage_options = StageOptions {
            paths: locate::all_if_root(paths),
            taken: add::taken(options),
            dry_run: false,
            part: Some(part),
        };
        let run = ctx.run_context(&repo.settings);
        let mut staged = stage::stage(&repo, &stage_options, &run)?;
        after = staged.rest.take();
        let is_last = after.is_none();
        if is_last {
            sum.resolved = add::resolve(ctx, &repo, &named, &staged.unknown)?;
        }
        add_up(&mut sum, staged);
        drop(repo);
        send(ctx, options, &connection, &mut sum)?;
        if is_last {
            return Ok(sum);
        }
    }
}

/// Adds up what the parts came to. What one staged the next finds unchanged.
fn add_up(sum: &mut AddOutcome, staged: Staged) {
    let before = sum.added + sum.modified;
    let part = add::outcome_of(staged);
    sum.added += part.added;
    sum.modified += part.modified;
    sum.removed += part.removed;
    sum.unchanged = part.unchanged.saturating_sub(before);
    sum.logical_bytes += part.logical_bytes;
    sum.new_bytes += part.new_bytes;
    sum.stored_bytes += part.stored_bytes;
    sum.ignored = part.ignored;
    sum.skipped.extend(part.skipped);
}

/// Sends what is staged at the paths and here, and lets go of it.
fn send(
    ctx: &Context,
    options: &AddOptions,
    connection: &Connection,
    sum: &mut AddOutcome,
) -> Result<(), OpError> {
    let repo = ctx.open_repo()?;
    evicting::refuse_shared(&repo)?;
    let (_, paths) = add::paths_of(ctx, &repo, options)?;
    let sent = Sending { ctx, repo: &repo, connection, paths: &paths }.run()?;
    drop(repo);
    sum.sent_bytes += sent.bytes;
    evicting::collect(ctx, sent.contents)?;
    Ok(())
}

struct Sending<'s> {
    ctx: &'s Context,
    repo: &'s Repo,
    connection: &'s Connection,
    paths: &'s [RepoPath],
}

/// A commit of what is staged at some paths, which nothing names.
struct Loose {
    id: CommitId,
    /// The commits before it whose files are on the remote.
    parents: Vec<CommitId>,
    /// Those of them that nothing names either.
    loose: Vec<CommitId>,
    /// Whether one of those has the very same files.
    is_there: bool,
}

impl Sending<'_> {
    fn run(&self) -> Result<Sent, OpError> {
        let Self { ctx, repo, connection, .. } = *self;
        let session = repo.store.start_session()?;
        let state = connection.remote().load(None)?.map(|(_, state)| state).unwrap_or_default();
        let reached = reached_commits(&repo.store, &state)?;
        let Some(new) = self.commit(&session, &reached)? else { return Ok(Sent::default()) };
        let run = ctx.run_context(&repo.settings);
        let bases = if new.is_there { &[][..] } else { &new.parents };
        let missing = decide_missing(&repo.store, &[new.id.into()], bases, repo.store.forgotten())?;
        let mut contents = evicting::Blobs::new();
        for (id, size) in missing.blobs {
            if repo.store.has_blob(id, size)? {
                contents.insert(id, size);
            }
        }
        if contents.is_empty() {
            return Ok(Sent::default());
        }
        let paths = &[RepoPath::root()][..];
        let evicting = Evicting { ctx, repo, connection, paths, keep_files: true };
        if !new.is_there {
            evicting.keep(new.id, &state)?;
        }
        let (_, state) = connection.load_for(repo)?;
        if !is_reached(&repo.store, new.id, &reached_commits(&repo.store, &state)?)? {
            let message = format!("{} does not keep what was sent", connection.settings.name);
            return Err(OpError::Remote { message, hint: Some("run it again".to_owned()) });
        }
        let (proven, _) = evicting.prove(&state, contents, &run)?;
        repo.db.write(|tx| {
            tx.promise(new.id, &connection.settings.name)?;
            let older = new.loose.iter().filter(|id| **id != new.id);
            older.copied().try_for_each(|id| tx.withdraw_promise(id).map(|_| ()))
        })?;
        Ok(Sent { bytes: proven.values().sum(), contents: proven.into_keys().collect() })
    }

    /// Makes the commit, unless nothing is staged at the paths.
    fn commit(
        &self,
        session: &crate::store::session::Session,
        reached: &[CommitId],
    ) -> Result<Option<Loose>, OpError> {
        let Self { ctx, repo, connection, .. } = *self;
        let (store, core) = (&repo.store, &repo.settings.core);
        let Some(staged) = repo.state()?.staged_tree() else { return Ok(None) };
        let mut writer =
            ObjectWriter::new(store, session, core.compression_level, core.verify_writes)?;
        let mut edits = Vec::new();
        for path in self.paths {
            if let Some(value) = prolly::resolve(store, staged, path)? {
                edits.push((path.clone(), Some(value)));
            }
        }
        edits.sort_by(|a, b| a.0.cmp(&b.0));
        let tree = match edits.as_slice() {
            [] => return Ok(None),
            [(path, _)] if path.is_root() => staged,
            _ => edit_paths(store, None, edits, &mut writer).map_err(StepError::from)?.id,
        };
        let loose = loose::of(repo, &connection.settings.name)?;
        for id in &loose {
            if store.read_commit(*id)?.tree == tree {
                let parents = Vec::new();
                return Ok(Some(Loose { id: *id, parents, loose: loose.clone(), is_there: true }));
            }
        }
        let mut parents = loose.clone();
        if let Some(head) = repo.head()?.commit()
            && is_reached(store, head, reached)?
        {
            parents.push(head);
        }
        let person = person(ctx, repo);
        let commit = Commit {
            tree,
            attributes: None,
            parents: parents.clone(),
            author: person.clone(),
            committer: person,
            message: "data of a commit to come".to_owned(),
            metadata: std::collections::BTreeMap::new(),
            signature: None,
        };
        let encoded = commit.encode().map_err(super::convert::other)?;
        let id = CommitId::of(&encoded);
        writer.write_commit(id, encoded)?;
        let packs = writer.finish()?;
        session.hold_commit(id)?;
        store.publish(packs, &HashSet::new(), |_| Ok::<_, OpError>(()))?;
        Ok(Some(Loose { id, parents, loose, is_there: false }))
    }
}

/// Whoever makes commits here; nobody need be known for what is no commit of a person's.
fn person(ctx: &Context, repo: &Repo) -> Person {
    let (seconds, offset_minutes) = (ctx.now.seconds, ctx.now.offset_minutes);
    ctx.person(repo).unwrap_or_else(|_| Person {
        name: "esker".to_owned(),
        email: "esker@localhost".to_owned(),
        seconds,
        offset_minutes,
    })
}
