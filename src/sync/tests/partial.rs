//! What partial clones read of a remote: each request by what it asked for.

use std::collections::BTreeSet;

use super::*;
use crate::db::DbError;
use crate::id::BlobId;
use crate::ops::add::{self, AddOptions};
use crate::ops::commit::{self, CommitOptions};
use crate::sync::download::{Fetch, Scope};
use crate::sync::lookup::Ranged;
use crate::sync::reading::Reading;

/// A store that notes which keys are read.
struct Watched {
    inner: Arc<Memory>,
    read: Mutex<BTreeSet<String>>,
}

impl Watched {
    fn new(inner: &Arc<Memory>) -> Arc<Self> {
        Arc::new(Self { inner: inner.clone(), read: Mutex::default() })
    }

    /// The kinds of packs of which something was read, as the newest root lists them.
    fn kinds_of_packs(&self) -> BTreeSet<u8> {
        let state = newest(&*self.inner).1;
        let read = self.read.lock().expect("lock");
        let is_read = |id: &crate::id::PackId| read.contains(&Area::Pack.key(*id));
        state.packs.iter().filter(|(id, _)| is_read(id)).map(|(_, p)| p.kind as u8).collect()
    }

    fn kinds_of_tables(&self) -> BTreeSet<u8> {
        let state = newest(&*self.inner).1;
        let read = self.read.lock().expect("lock");
        let is_read = |id: &crate::id::PackId| read.contains(&Area::Table.key(*id));
        state.tables.iter().filter(|(id, _)| is_read(id)).map(|(_, t)| t.kind as u8).collect()
    }
}

impl Around for Watched {
    fn inner(&self) -> &dyn Transport {
        &*self.inner
    }

    fn pass<T>(
        &self,
        operation: Operation,
        key: &str,
        act: impl FnOnce() -> Result<T, TransportError>,
    ) -> Result<T, TransportError> {
        if operation == Operation::Read {
            self.read.lock().expect("lock").insert(key.to_owned());
        }
        act()
    }
}

const HISTORY_ONLY: Scope = Scope { history_only: true, depth: None };

/// A remote with `pushes` small pushes after one of some megabytes.
fn remote(pushes: u64) -> (Site, Arc<Memory>) {
    let (site, memory) = (Site::new(), Arc::new(Memory::new()));
    site.write("large.bin", &noise(1, 3_000_000));
    for n in 0..200 {
        site.write(&format!("many/{n:03}"), &noise(100 + n, 1_000));
    }
    site.push(&*memory, "main", site.commit("first")).expect("push");
    for n in 0..pushes {
        site.write("changing", &noise(1_000 + n, 5_000));
        site.push(&*memory, "main", site.commit("more")).expect("push");
    }
    (site, memory)
}

/// A clone of it without data, whose worktree is to have nothing, on the branch's commit.
fn bare(site: &Site, from: &dyn Transport) -> (Site, CommitId) {
    let clone = Site::sibling(site);
    let state = clone.fetch_part(from, HISTORY_ONLY).expect("fetch");
    let main = branch_ref("main").expect("valid");
    let tip = state.target(&main).and_then(RefTarget::commit).expect("a branch");
    let repo = clone.repo();
    let note =
        crate::refs::RefNote { who: String::new(), time: 0, tz_minutes: 0, message: "test".into() };
    let new = Some(RefTarget::Commit(tip));
    let update = crate::refs::RefUpdate { name: main, old: None, new };
    repo.db
        .write(|tx| {
            tx.set_sparse(repo.worktree, &crate::path::PathSet::of([]))?;
            tx.update_ref(update.clone(), &note).map(|_| ()).map_err(|_| DbError::Exists)
        })
        .expect("write");
    (clone, tip)
}

#[test]
fn a_clone_without_data_reads_history_alone_and_so_do_commit_and_push() {
    let (site, memory) = remote(9);
    let watched = Watched::new(&memory);
    let counted = Counting::new(watched.clone());
    let (clone, _) = bare(&site, &counted);
    assert_eq!(watched.kinds_of_packs(), [PackKind::History as u8].into());
    assert_eq!(watched.kinds_of_tables(), [PackKind::History as u8].into());
    let traffic = counted.traffic();
    assert!(traffic.bytes_in < 40_000 && traffic.requests() <= 12, "{traffic:?}");
    // Ten files into a folder of which nothing is here, one into none.
    for n in 0..10 {
        clone.write(&format!("many/new-{n}"), &noise(5_000 + n, 1_000));
    }
    clone.write("top", b"1");
    add::run(&clone.ctx, &AddOptions { all: true, ..AddOptions::default() }, None).expect("add");
    let message = Some("new".to_owned());
    let made = commit::run(&clone.ctx, &CommitOptions { message, ..CommitOptions::default() });
    let made = made.expect("commit");
    let watched = Watched::new(&memory);
    let counted = Counting::new(watched.clone());
    let pushed = clone.push(&counted, "main", made.commit).expect("push");
    assert_eq!((pushed.commits, pushed.files), (1, 11));
    assert!(!watched.kinds_of_packs().contains(&(PackKind::Data as u8)));
    assert!(!watched.kinds_of_packs().contains(&(PackKind::Layout as u8)));
    let traffic = counted.traffic();
    assert!(traffic.bytes_out < 40_000 && traffic.requests() <= 20, "{traffic:?}");
    assert_eq!(traffic.lists, 0);
    clone.fsck();
    readable(&site, &*memory);
}

#[test]
fn one_file_comes_by_its_own_bytes() {
    let (site, memory) = remote(0);
    let (clone, _) = bare(&site, &*memory);
    let large = noise(1, 3_000_000);
    let blobs = [(BlobId::of(&large), large.len() as u64)];
    let counted = Arc::new(Counting::new(memory.clone()));
    let repo = clone.repo();
    let cache = clone.cache();
    let remote = Remote { transport: &*counted, cache: &cache };
    let root = remote.latest(None).expect("latest").expect("a root");
    let state = remote.load_state(&root.root).expect("state");
    let reading = Reading::new(counted.clone(), state.clone(), root.root.format);
    let fetch = Fetch {
        name: "origin",
        scope: Scope::default(),
        remote: &remote,
        state: &state,
        store: &repo.store,
        local_tips: Vec::new(),
        downloads: 1,
        level: 1,
        progress: &Silent,
        cancel: &clone.ctx.cancel,
        beside: None,
    };
    fetch.run_for_blobs(&Ranged::new(&reading), &blobs).expect("brought");
    let traffic = counted.traffic();
    assert!(traffic.bytes_in < 3_300_000 && traffic.requests() <= 12, "{traffic:?}");
    assert!(repo.store.has_blob(blobs[0].0, blobs[0].1).expect("looked up"));
    drop(repo);
    clone.fsck();
}

#[test]
fn a_file_that_is_not_here_gets_another_place_and_the_packs_that_hold_it_are_relied_on() {
    let (site, memory) = remote(0);
    let (clone, tip) = bare(&site, &*memory);
    let large = noise(1, 3_000_000);
    // Deeper than it was, so that no comparison of folders meets it.
    let repo = clone.repo();
    let value = crate::object::tree::EntryValue::File {
        id: BlobId::of(&large),
        size: large.len() as u64,
        executable: false,
    };
    let path = |text: &str| crate::path::RepoPath::parse(text).expect("a path");
    let edits = vec![(path("large.bin"), None), (path("a/b/c/d"), Some(value))];
    crate::steps::stage::edit_stage(&repo, edits, (0, 0)).expect("edit");
    drop(repo);
    let message = Some("moved".to_owned());
    let made = commit::run(&clone.ctx, &CommitOptions { message, ..CommitOptions::default() });
    let made = made.expect("commit").commit;
    let pushed = clone.push(&*memory, "main", made).expect("push");
    assert_eq!(pushed.files, 0);
    readable(&site, &*memory);
    // What is not there either is refused, and nothing of it published.
    let other = Memory::new();
    *clone.seen.lock().expect("lock") = None;
    let wants = [want("main", Some(tip), Mode::FastForward)];
    let error = clone.push_wants(&other, &wants);
    let error = error.expect_err("refused");
    assert!(matches!(error, SyncError::Refused(Refused::Absent { .. })), "{error}");
    assert!(other.keys().iter().all(|key| !key.starts_with("root/")));
}
