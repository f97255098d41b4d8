//! One part of `add --to`: a commit that nothing names takes it to the remote, which is seen to have it.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::db::Tx;
use crate::id::{BlobId, CommitId, TreeId};
use crate::object::access::{ReadObjects, WriteObjects};
use crate::object::commit::{Commit, Person};
use crate::object::paths::edit_paths;
use crate::object::prolly;
use crate::object::tree::EntryValue;
use crate::ops::connect::Connection;
use crate::ops::evicting::{Blobs, Evicting};
use crate::ops::{Context, OpError, convert, loose};
use crate::path::RepoPath;
use crate::repo::Repo;
use crate::steps::StepError;
use crate::store::StoreError;
use crate::store::objects::ObjectWriter;
use crate::store::session::Session;
use crate::sync::joined::Joined;
use crate::sync::missing::decide_missing;
use crate::sync::rebase::{is_reached, reached_commits};

/// What was sent.
#[derive(Debug, Default)]
pub(super) struct Sent {
    /// Contents that may leave the store, with their sizes.
    pub(super) contents: HashMap<BlobId, u64>,
    /// The commit that has them, which is promised now.
    pub(super) promised: Option<CommitId>,
    /// Commits that are not promised any more for its sake.
    pub(super) withdrawn: Vec<CommitId>,
    /// Whether the remote was seen to have all that was to be sent.
    pub(super) is_proven: bool,
}

impl Sent {
    /// The bytes of the contents, as files.
    pub(super) fn bytes(&self) -> u64 {
        self.contents.values().sum()
    }
}

/// What the commit has.
pub(super) enum What<'w> {
    /// What is staged at some paths; of it what is here is sent.
    Staged(&'w [RepoPath]),
    /// One content, at a path; with its spans where nothing of it is here.
    Content { path: &'w RepoPath, value: EntryValue, joined: Option<Joined<'w>> },
}

pub(super) struct Sending<'s> {
    pub(super) ctx: &'s Context,
    pub(super) repo: &'s Repo,
    pub(super) connection: &'s Connection,
    pub(super) what: What<'s>,
}

/// A commit that nothing names.
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
    /// Sends it, and has it promised; `note` writes down what rests on that in the same transaction.
    pub(super) fn run(
        &self,
        note: &dyn Fn(&Tx<'_>) -> Result<(), OpError>,
    ) -> Result<Sent, OpError> {
        let Self { ctx, repo, connection, .. } = *self;
        let session = repo.store.start_session()?;
        let state = connection.remote().load(None)?.map(|(_, state)| state).unwrap_or_default();
        let reached = reached_commits(&repo.store, &state)?;
        let Some(new) = self.commit(&session, &reached)? else { return Ok(Sent::default()) };
        let contents = self.contents(&new)?;
        if contents.is_empty() {
            return Ok(Sent::default());
        }
        let paths = &[RepoPath::root()][..];
        let evicting = Evicting { ctx, repo, connection, paths, keep_files: true };
        if !new.is_there {
            let joined = match &self.what {
                What::Content { joined, .. } => joined.as_slice(),
                What::Staged(_) => &[],
            };
            evicting.keep(new.id, &state, joined)?;
        }
        let (_, state) = connection.load_for(repo)?;
        if !is_reached(&repo.store, new.id, &reached_commits(&repo.store, &state)?)? {
            return Err(self.not_kept());
        }
        let (proven, unproven) =
            evicting.prove(&state, contents, &ctx.run_context(&repo.settings))?;
        if matches!(self.what, What::Content { .. }) && !unproven.is_empty() {
            return Err(self.not_kept());
        }
        let mut withdrawn = new.loose;
        withdrawn.retain(|id| *id != new.id);
        repo.db.write(|tx| {
            tx.promise(new.id, &connection.settings.name)?;
            withdrawn.iter().try_for_each(|id| tx.withdraw_promise(*id).map(|_| ()))?;
            note(tx)
        })?;
        let (promised, is_proven) = (Some(new.id), unproven.is_empty());
        Ok(Sent { contents: proven, promised, withdrawn, is_proven })
    }

    fn not_kept(&self) -> OpError {
        let message = format!("{} does not keep what was sent", self.connection.settings.name);
        OpError::Remote { message, hint: Some("run it again".to_owned()) }
    }

    /// What the remote is to be seen to have.
    fn contents(&self, new: &Loose) -> Result<Blobs, OpError> {
        let store = &self.repo.store;
        if let What::Content { value: EntryValue::File { id, size, .. }, .. } = self.what {
            return Ok([(id, size)].into());
        }
        let missing = decide_missing(store, &[new.id.into()], &new.parents, store.forgotten())?;
        let mut contents = Blobs::new();
        for (id, size) in missing.blobs {
            if store.has_blob(id, size)? {
                contents.insert(id, size);
            }
        }
        Ok(contents)
    }

    /// Makes the commit, unless there is nothing that it would have.
    fn commit(&self, session: &Session, reached: &[CommitId]) -> Result<Option<Loose>, OpError> {
        let Self { repo, connection, .. } = *self;
        let (store, core) = (&repo.store, &repo.settings.core);
        let mut writer =
            ObjectWriter::new(store, session, core.compression_level, core.verify_writes)?;
        let Some(tree) = self.tree(&mut writer)? else { return Ok(None) };
        let loose = loose::of(repo, &connection.settings.name)?;
        for id in &loose {
            let Commit { tree: found, parents, .. } = store.read_commit(*id)?;
            if found == tree {
                return Ok(Some(Loose { id: *id, parents, loose: loose.clone(), is_there: true }));
            }
        }
        let mut parents = loose.clone();
        if let Some(head) = repo.head()?.commit()
            && is_reached(store, head, reached)?
        {
            parents.push(head);
        }
        let id = self.write_commit(&mut writer, tree, parents.clone())?;
        let packs = writer.finish()?;
        session.hold_commit(id)?;
        let relied = match &self.what {
            What::Content { value: EntryValue::File { id, size, .. }, joined: None, .. } => {
                store.packs_of(*id, *size)?.ok_or(StoreError::Changed)?
            }
            _ => HashSet::new(),
        };
        session.hold(&relied)?;
        store.publish(packs, &relied, |_| Ok::<_, OpError>(()))?;
        Ok(Some(Loose { id, parents, loose, is_there: false }))
    }

    fn tree(&self, writer: &mut ObjectWriter<'_>) -> Result<Option<TreeId>, OpError> {
        let store = &self.repo.store;
        let mut edits = Vec::new();
        match &self.what {
            What::Content { path, value, .. } => edits.push(((*path).clone(), Some(value.clone()))),
            What::Staged(paths) => {
                let Some(staged) = self.repo.state()?.staged_tree() else { return Ok(None) };
                for path in *paths {
                    if path.is_root() {
                        return Ok(Some(staged));
                    }
                    if let Some(value) = prolly::resolve(store, staged, path)? {
                        edits.push((path.clone(), Some(value)));
                    }
                }
            }
        }
        if edits.is_empty() {
            return Ok(None);
        }
        edits.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(Some(edit_paths(store, None, edits, writer).map_err(StepError::from)?.id))
    }

    fn write_commit(
        &self,
        writer: &mut ObjectWriter<'_>,
        tree: TreeId,
        parents: Vec<CommitId>,
    ) -> Result<CommitId, OpError> {
        // Not the time: a run that goes on where another was cut short is to make the same commit, or the
        // keep of that one would stay for ever.
        let mut seconds = 0;
        for parent in &parents {
            seconds = self.repo.store.read_commit(*parent)?.committer.seconds.max(seconds);
        }
        let person = Person { seconds, offset_minutes: 0, ..person(self.ctx, self.repo) };
        let commit = Commit {
            tree,
            attributes: None,
            parents,
            author: person.clone(),
            committer: person,
            message: "data of a commit to come".to_owned(),
            metadata: BTreeMap::new(),
            signature: None,
        };
        let encoded = commit.encode().map_err(convert::other)?;
        let id = CommitId::of(&encoded);
        writer.write_commit(id, encoded)?;
        Ok(id)
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
