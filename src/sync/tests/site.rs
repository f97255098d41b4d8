//! A repository that pushes and fetches in tests, and what may happen to it between two requests.

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use tempfile::TempDir;

use crate::db::Access;
use crate::id::{CommitId, PackId, SessionId};
use crate::ops::add::{self, AddOptions};
use crate::ops::commit::{self, CommitOptions};
use crate::ops::fsck::{self, FsckOptions};
use crate::ops::init::{self, InitOptions};
use crate::ops::{Context, Now};
use crate::progress::{Cancel, Silent};
use crate::refs::{RefTarget, RefUpdate, branch_ref};
use crate::remote::Transport;
use crate::repo::{Repo, RepoPaths};
use crate::steps::remotes;
use crate::sync::SyncError;
use crate::sync::arriving::Beside;
use crate::sync::cache::Cache;
use crate::sync::chain::{Remote, Seen};
use crate::sync::download::{Fetch, Scope};
use crate::sync::push::{Mode, Push, Pushed, Want};
use crate::sync::root::{Area, Root, SegmentRef};
use crate::sync::state::{Segment, State};
use crate::sync::upload::Portion;

/// A repository that pushes and fetches.
pub struct Site {
    pub dir: TempDir,
    pub ctx: Context,
    pub seen: Mutex<Option<Seen>>,
    pub portion: Portion,
}

pub fn context(dir: &Path) -> Context {
    let env = [("ESKER_AUTHOR_NAME", "Ada"), ("ESKER_AUTHOR_EMAIL", "ada@example.org")];
    Context {
        start_dir: dir.to_owned(),
        esker_dir: None,
        env: env.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec(),
        flags: Vec::new(),
        now: Now { seconds: 1_700_000_000, offset_minutes: 0 },
        progress: Arc::new(Silent),
        cancel: Cancel::new(),
        threads: 2,
        offline: false,
    }
}

impl Site {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let ctx = context(dir.path());
        init::run(&ctx, &InitOptions::default()).expect("init");
        Self { dir, ctx, seen: Mutex::default(), portion: Portion::ALL }
    }

    /// An empty repository with the identity of `other`.
    pub fn sibling(other: &Site) -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let ctx = context(dir.path());
        let repository = other.repo().db.read(|view| view.repository_id()).expect("id");
        let format = *other.repo().store.params();
        let note = crate::refs::RefNote {
            who: String::new(),
            time: 0,
            tz_minutes: 0,
            message: "test".into(),
        };
        let new = crate::repo::NewRepo { repository, format, store: None };
        crate::repo::init_as(&RepoPaths::of_root(dir.path()), &new, &note).expect("init");
        Self { dir, ctx, seen: Mutex::default(), portion: Portion::ALL }
    }

    pub fn repo(&self) -> Repo {
        let paths = RepoPaths::of_root(self.dir.path());
        let settings = crate::config::load(&Default::default(), &[], &[]).expect("settings");
        Repo::open(paths, settings, Access::ReadWrite).expect("open")
    }

    pub fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.dir.path().join(path);
        fs::create_dir_all(path.parent().expect("in a folder")).expect("mkdir");
        fs::write(path, bytes).expect("write");
    }

    pub fn stage(&self) {
        let options = AddOptions { all: true, ..AddOptions::default() };
        add::run(&self.ctx, &options, None).expect("add");
    }

    pub fn commit(&self, message: &str) -> CommitId {
        self.stage();
        let message = Some(message.to_owned());
        let options = CommitOptions { message, allow_empty: true, ..CommitOptions::default() };
        commit::run(&self.ctx, &options).expect("commit").commit
    }

    pub fn cache(&self) -> Cache {
        Cache::new(&self.dir.path().join(".esker"), "origin")
    }

    pub fn push_wants(&self, to: &dyn Transport, wants: &[Want]) -> Result<Pushed, SyncError> {
        let pushed = self.with_push(to, |push| push.run(wants))?;
        *self.seen.lock().expect("lock") = pushed.seen;
        Ok(pushed)
    }

    /// Does what a push can do beside pushing.
    pub fn with_push<T>(&self, to: &dyn Transport, act: impl FnOnce(&Push<'_>) -> T) -> T {
        let repo = self.repo();
        let cache = self.cache();
        act(&Push {
            remote: "origin",
            transport: to,
            cache: &cache,
            store: &repo.store,
            elsewhere: &[],
            joined: &[],
            history: None,
            seen: *self.seen.lock().expect("lock"),
            has_atomic_create: true,
            local_tips: remotes::local_tips(&repo).expect("tips"),
            uploads: 2,
            portion: self.portion,
            level: 1,
            now: self.ctx.now.seconds,
            progress: &Silent,
            cancel: &self.ctx.cancel,
        })
    }

    pub fn push(
        &self,
        to: &dyn Transport,
        branch: &str,
        commit: CommitId,
    ) -> Result<Pushed, SyncError> {
        self.push_wants(to, &[want(branch, Some(commit), Mode::FastForward)])
    }

    /// Brings everything, and proves it: every byte of every commit.
    pub fn fetch(&self, from: &dyn Transport) -> Result<State, SyncError> {
        self.fetch_as(from, Scope::default(), None)
    }

    /// As [`Site::fetch`], of a part.
    pub fn fetch_part(&self, from: &dyn Transport, scope: Scope) -> Result<State, SyncError> {
        self.fetch_as(from, scope, None)
    }

    /// As [`Site::fetch`], of a part, and does something with what comes.
    pub fn fetch_as(
        &self,
        from: &dyn Transport,
        scope: Scope,
        beside: Option<&dyn Beside>,
    ) -> Result<State, SyncError> {
        let repo = self.repo();
        let cache = self.cache();
        let remote = Remote { transport: from, cache: &cache };
        let root = remote.latest(*self.seen.lock().expect("lock"))?.expect("a root");
        let state = remote.load_state(&root.root)?;
        let targets: Vec<RefTarget> = state.refs.values().map(|r| r.target).collect();
        let fetch = Fetch {
            name: "origin",
            scope,
            remote: &remote,
            state: &state,
            store: &repo.store,
            local_tips: remotes::local_tips(&repo).expect("tips"),
            downloads: 2,
            level: 1,
            progress: &Silent,
            cancel: &self.ctx.cancel,
            beside,
        };
        let note = crate::refs::RefNote {
            who: String::new(),
            time: 0,
            tz_minutes: 0,
            message: "test".into(),
        };
        fetch.run::<(), SyncError>(&targets, |tx| {
            for (name, record) in &state.refs {
                let here = remotes::tracking("origin", name).expect("followed");
                let old = tx.get_ref(&here)?;
                let new = Some(record.target);
                tx.update_ref(RefUpdate { name: here, old, new }, &note)?;
            }
            Ok(())
        })?;
        drop(repo);
        self.fsck();
        Ok(state)
    }

    pub fn fsck(&self) {
        let options = FsckOptions { data: true, ..FsckOptions::default() };
        let outcome = fsck::run(&self.ctx, &options).expect("fsck");
        assert!(outcome.problems.is_empty(), "{:?}", outcome.problems);
    }
}

pub fn want(branch: &str, commit: Option<CommitId>, mode: Mode) -> Want {
    Want { name: branch_ref(branch).expect("valid"), new: commit.map(Into::into), mode }
}

/// Everything on the remote can be read by somebody who has nothing.
pub fn readable(site: &Site, remote: &dyn Transport) -> State {
    Site::sibling(site).fetch(remote).expect("readable")
}

pub fn noise(seed: u64, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes()).finalize_xof().fill(&mut out);
    out
}

pub fn table_text(rows: u64) -> Vec<u8> {
    let row = |n: u64| format!("{n},{},{}\n", n.wrapping_mul(7919) % 1000, n.wrapping_mul(31) % 97);
    (0..rows).map(row).collect::<String>().into_bytes()
}

/// Adds a root that `change` makes of the newest one, as a collection would.
pub fn add_root(remote: &dyn Transport, change: impl FnOnce(&State, &mut Root, &mut Segment)) {
    let cache = Cache::none();
    let remote = Remote { transport: remote, cache: &cache };
    let latest = remote.latest(None).expect("latest").expect("a root");
    let session = SessionId { seq: latest.root.seq, random: 77 };
    let mut root = latest.root.successor(latest.hash, session);
    let state = remote.load_state(&latest.root).expect("state");
    let mut segment = Segment::default();
    change(&state, &mut root, &mut segment);
    let id = PackId { session, random: 1 };
    let bytes = segment.encode();
    let hash = *blake3::hash(&bytes).as_bytes();
    root.segments.push(SegmentRef { id, bytes: bytes.len() as u64, hash });
    remote.transport.put(&Area::List.key(id), bytes).expect("put");
    remote.create_root(&root.encode(), &root).expect("create");
}

/// The newest root of a store, and what it holds.
pub fn newest(on: &dyn Transport) -> (Root, State) {
    let cache = Cache::none();
    let remote = Remote { transport: on, cache: &cache };
    let root = remote.latest(None).expect("latest").expect("a root").root;
    let state = remote.load_state(&root).expect("state");
    (root, state)
}
