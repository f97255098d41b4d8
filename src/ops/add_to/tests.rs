//! What lies here after each part, what that cost, and what others do in its middle.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::*;
use crate::ops::Now;
use crate::ops::commit::{self, CommitOptions};
use crate::ops::evict::{self, EvictOptions};
use crate::ops::fetch::{self, FetchOptions};
use crate::ops::fsck::{self, FsckOptions};
use crate::ops::gc::{self, GcOptions};
use crate::ops::init::{self, InitOptions};
use crate::ops::push::{self, PushOptions};
use crate::ops::remote::{self, AddRemote, RemoteAction};
use crate::pack::layout::PackKind;
use crate::path::RepoPath;
use crate::progress::{Cancel, Progress, Silent};
use crate::worktree::compare::Taken;

const FILE_BYTES: usize = 40_000;

/// What is done at the beginning of a phase.
type Act = (&'static str, Box<dyn FnOnce() + Send>);

/// Counts phases, and does something at the first one of a kind.
#[derive(Default)]
struct Phases {
    parts: AtomicUsize,
    collections: AtomicUsize,
    at: Mutex<Option<Act>>,
}

impl Progress for Phases {
    fn begin(&self, phase: &'static str, _: Option<u64>, files: Option<u64>) {
        match phase {
            "adding" if files != Some(0) => drop(self.parts.fetch_add(1, Ordering::Relaxed)),
            "marking" => drop(self.collections.fetch_add(1, Ordering::Relaxed)),
            _ => {}
        }
        self.act(phase);
    }

    fn fetching(&self, _: u64, _: u64, _: &str) {
        self.act("fetching");
    }
}

impl Phases {
    fn act(&self, now: &'static str) {
        let act = self.at.lock().expect("not poisoned").take_if(|(at, _)| *at == now);
        act.into_iter().for_each(|(_, act)| act());
    }
}

fn bytes_in(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).expect("read").flatten();
    entries.map(|entry| entry.metadata().map_or(0, |found| found.len())).sum()
}

struct Env {
    _dir: tempfile::TempDir,
    ctx: Context,
    phases: Arc<Phases>,
}

fn noise(seed: u8, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    blake3::Hasher::new().update(&[seed]).finalize_xof().fill(&mut bytes);
    bytes
}

impl Env {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let pairs = [("ESKER_AUTHOR_NAME", "Ann"), ("ESKER_AUTHOR_EMAIL", "ann@example.org")];
        let phases = Arc::new(Phases::default());
        let ctx = Context {
            start_dir: dir.path().join("repo"),
            esker_dir: None,
            env: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            flags: vec![("transfer.local_limit".to_owned(), "100K".to_owned())],
            now: Now { seconds: 1_700_000_000, offset_minutes: 60 },
            progress: phases.clone(),
            cancel: Cancel::new(),
            threads: 2,
            offline: false,
        };
        fs::create_dir(&ctx.start_dir).expect("mkdir");
        init::run(&ctx, &InitOptions::default()).expect("init");
        let url = dir.path().join("remote").display().to_string();
        let add = AddRemote { name: "origin".to_owned(), url, ..AddRemote::default() };
        remote::run(&ctx, &RemoteAction::Add(add)).expect("remote add");
        Self { _dir: dir, ctx, phases }
    }

    /// Another process in the same repository.
    fn other(&self) -> Context {
        Context { progress: Arc::new(Silent), ..self.ctx.clone() }
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.ctx.start_dir.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("mkdir");
        fs::write(path, bytes).expect("write");
    }

    fn add(ctx: &Context, path: &str, to: Option<&str>) -> AddOutcome {
        let (paths, to) = (vec![path.to_owned()], to.map(str::to_owned));
        let options = AddOptions { paths, to, ..AddOptions::default() };
        add::run(ctx, &options, None).expect("add")
    }

    fn commit(&self) {
        let options = CommitOptions { message: Some("c".to_owned()), ..CommitOptions::default() };
        commit::run(&self.other(), &options).expect("commit");
    }

    /// Does something once, at the beginning of a phase.
    fn at(&self, phase: &'static str, act: impl FnOnce() + Send + 'static) {
        *self.phases.at.lock().expect("not poisoned") = Some((phase, Box::new(act)));
    }

    fn is_done(&self) -> bool {
        self.phases.at.lock().expect("not poisoned").is_none()
    }

    fn collections(&self) -> usize {
        self.phases.collections.swap(0, Ordering::Relaxed)
    }

    /// Bytes of packs of data that are on disk.
    fn data_bytes(&self) -> u64 {
        let repo = self.ctx.open_repo().expect("open");
        let (live, condemned) = repo
            .db
            .read(|view| Ok::<_, crate::db::DbError>((view.live_packs()?, view.condemned_packs()?)))
            .expect("packs");
        let data = live.iter().chain(&condemned).filter(|p| p.kind == PackKind::Data as u8);
        let listed: u64 = data.map(|pack| pack.bytes).sum();
        let all = live.iter().chain(&condemned).map(|pack| pack.bytes).sum::<u64>();
        assert_eq!(bytes_in(&repo.store.paths().packs), all);
        listed
    }

    fn assert_whole(&self) {
        let options = FsckOptions { data: true, ..FsckOptions::default() };
        let found = fsck::run(&self.other(), &options).expect("fsck");
        assert_eq!(found.problems, []);
    }
}

#[test]
fn a_part_is_let_go_of_without_a_collection() {
    let env = Env::new();
    for n in 0..12 {
        env.write(&format!("data/{n}/file"), &noise(n, FILE_BYTES));
    }
    // Of several chunks each, with one that is in two parts.
    env.write("data/x", &[noise(100, 300_000), noise(101, 50_000)].concat());
    env.write("data/y", &noise(100, 300_000));
    fs::create_dir(env.ctx.start_dir.join("data/0/.git")).expect("mkdir");
    let sum = Env::add(&env.ctx, "data", Some("origin"));
    assert_eq!(sum.added, 14);
    assert_eq!(sum.skipped.len(), 1, "it is met by every part");
    let parts = env.phases.parts.load(Ordering::Relaxed);
    assert!(parts >= 8, "{parts} parts");
    assert_eq!(env.collections(), 0);
    assert_eq!(env.data_bytes(), 0);
    env.assert_whole();
}

#[test]
fn what_is_needed_here_beside_a_part_costs_one_collection_and_stays() {
    let env = Env::new();
    env.write("kept", &noise(100, 300_000));
    Env::add(&env.other(), "kept", None);
    env.commit();
    let before = env.data_bytes();
    // Both begin as the file does that stays.
    for n in 0..4 {
        env.write(&format!("data/{n}"), &[noise(100, 90_000), noise(n, 9_000)].concat());
    }
    Env::add(&env.ctx, "data", Some("origin"));
    assert!(env.collections() <= 1);
    assert!(env.data_bytes() <= before + 1_000, "{} of {before}", env.data_bytes());
    env.assert_whole();
}

#[test]
fn what_somebody_else_adds_in_the_middle_of_a_part_stays() {
    for is_alias in [false, true] {
        let env = Env::new();
        let shared = noise(7, FILE_BYTES);
        env.write("data/a", &shared);
        env.write("data/b", &noise(8, FILE_BYTES));
        // All of it is in the part, so that nothing is stored for it; or it is longer than that.
        let other = if is_alias { shared } else { [shared, noise(9, 1_000)].concat() };
        env.write("other", &other);
        let ctx = env.other();
        env.at("uploading", move || drop(Env::add(&ctx, "other", None)));
        Env::add(&env.ctx, "data", Some("origin"));
        assert!(env.is_done());
        assert!(env.collections() > 0, "it was not known what the other one needs");
        // The very content is on the remote; what is more than that is only here.
        assert_eq!(env.data_bytes() > 0, !is_alias);
        env.assert_whole();
    }
}

#[test]
fn a_collection_in_the_middle_of_a_part_takes_nothing_of_it() {
    let env = Env::new();
    for n in 0..6 {
        env.write(&format!("data/{n}"), &noise(n, FILE_BYTES));
    }
    let ctx = env.other();
    let collect = move || {
        let options =
            GcOptions { dry_run: false, grace_seconds: 0, reflog_seconds: 0, exact: false };
        gc::run(&ctx, &options).expect("gc");
    };
    env.at("uploading", collect);
    Env::add(&env.ctx, "data", Some("origin"));
    assert_eq!(env.data_bytes(), 0);
    env.assert_whole();
}

#[test]
fn what_a_killed_run_left_is_cleared_up_before_the_first_part() {
    let env = Env::new();
    env.write("data/a", &noise(7, FILE_BYTES));
    Env::add(&env.other(), "data", None);
    // Condemned, and its file not removed yet; and a pack that was not listed yet.
    let repo = env.ctx.open_repo().expect("open");
    let packs = repo.db.read(|view| view.live_packs()).expect("packs");
    let data = packs.iter().find(|p| p.kind == PackKind::Data as u8).expect("one");
    let stray = crate::id::PackId { random: data.id.random ^ 1, ..data.id };
    fs::copy(repo.store.paths().pack(data.id), repo.store.paths().pack(stray)).expect("copy");
    let stage = repo.state().expect("state").stage;
    repo.db.write(|tx| tx.set_stage(repo.worktree, stage, None)).expect("unstage");
    repo.db
        .write(|tx| {
            let generation = tx.next_generation()?;
            tx.condemn_pack(data.id, generation, 0)
        })
        .expect("condemn");
    drop(repo);
    leaving::clear_up(&env.ctx).expect("clear up");
    assert_eq!(env.data_bytes(), 0);
}

#[test]
fn what_leaves_while_all_data_comes_is_still_promised() {
    let env = Env::new();
    env.write("a", &noise(1, FILE_BYTES));
    env.write("b", &noise(2, FILE_BYTES));
    Env::add(&env.other(), ".", None);
    env.commit();
    push::run(&env.other(), &PushOptions::default()).expect("push");
    let evict = |ctx: &Context, path: &str| {
        let paths = vec![path.to_owned()];
        let options = EvictOptions { paths, keep_files: true, ..EvictOptions::default() };
        evict::run(ctx, &options).expect("evict");
    };
    evict(&env.other(), "a");
    let ctx = env.other();
    env.at("fetching", move || evict(&ctx, "b"));
    fetch::run(&env.ctx, &FetchOptions { all_data: true, ..FetchOptions::default() })
        .expect("fetch");
    assert!(env.is_done());
    env.assert_whole();
    // It came, too, and nothing is promised any more.
    let repo = env.ctx.open_repo().expect("open");
    assert!(repo.store.absent().promised.is_empty());
    assert!(env.data_bytes() > 2 * FILE_BYTES as u64);
}

#[test]
fn what_a_run_that_was_cut_short_stored_counts_for_the_first_part() {
    let env = Env::new();
    for n in 0..6 {
        env.write(&format!("data/{n}"), &noise(n, FILE_BYTES));
    }
    // Old enough for the stat cache.
    std::thread::sleep(std::time::Duration::from_millis(50));
    // Stored, known, and not staged.
    let repo = env.ctx.open_repo().expect("open");
    let paths = ["data/4", "data/5"].map(|path| RepoPath::parse(path).expect("a path"));
    let run = env.other().run_context(&repo.settings);
    stage::snapshot(&repo, &paths, Taken { added: true, removed: false }, &run).expect("stored");
    drop(repo);
    let at_upload = Arc::new(AtomicUsize::new(0));
    let (seen, dir) = (at_upload.clone(), env.ctx.start_dir.join(".esker/packs"));
    env.at("uploading", move || seen.store(bytes_in(&dir) as usize, Ordering::Relaxed));
    Env::add(&env.ctx, "data", Some("origin"));
    let most = at_upload.load(Ordering::Relaxed);
    assert!(most > FILE_BYTES && most < 101_000, "{most} bytes lay here");
    assert_eq!(env.data_bytes(), 0);
    env.assert_whole();
}
