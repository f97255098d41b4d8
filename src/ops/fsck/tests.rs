//! `fsck` and `stats` on a repository made by the verbs.

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use super::*;
use crate::ops::add::{self, AddOptions};
use crate::ops::commit::{self, CommitOptions};
use crate::ops::init::{self, InitOptions};
use crate::ops::stats::{self, StatsOptions};
use crate::ops::{ErrorKind, Now};
use crate::progress::{Cancel, Silent};

struct Env {
    dir: tempfile::TempDir,
    ctx: Context,
}

impl Env {
    fn new() -> Self {
        let dir = tempfile::tempdir().expect("tempdir");
        let pairs = [("ESKER_AUTHOR_NAME", "Ann"), ("ESKER_AUTHOR_EMAIL", "ann@example.org")];
        let ctx = Context {
            start_dir: dir.path().join("repo"),
            esker_dir: None,
            env: pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).into(),
            flags: Vec::new(),
            now: Now { seconds: 1_700_000_000, offset_minutes: 60 },
            progress: Arc::new(Silent),
            cancel: Cancel::new(),
            threads: 2,
            offline: false,
        };
        fs::create_dir(&ctx.start_dir).expect("mkdir");
        init::run(&ctx, &InitOptions::default()).expect("init");
        Self { dir, ctx }
    }

    /// One commit of a small file and one of several chunks.
    fn filled() -> Self {
        let env = Self::new();
        let mut large = vec![0; 900_000];
        blake3::Hasher::new().finalize_xof().fill(&mut large);
        fs::write(env.ctx.start_dir.join("large"), large).expect("write");
        fs::write(env.ctx.start_dir.join("small"), "small").expect("write");
        env.add();
        let message = Some("first".to_owned());
        commit::run(&env.ctx, &CommitOptions { message, ..CommitOptions::default() })
            .expect("commit");
        env
    }

    fn add(&self) {
        let options = AddOptions { all: true, ..AddOptions::default() };
        add::run(&self.ctx, &options, None).expect("add");
    }

    /// Has the next session count as younger than all before it: those of one generation do not
    /// say which came later.
    fn count_generation(&self) {
        let paths = StatePaths::new(&self.ctx.start_dir.join(".esker"));
        let db = open_state(&paths).expect("open");
        db.write(|tx| tx.next_generation()).expect("count");
    }

    fn fsck(&self, data: bool, rebuild: bool) -> FsckOutcome {
        let options = FsckOptions { data, rebuild, ..FsckOptions::default() };
        let outcome = run(&self.ctx, &options).expect("fsck");
        assert_eq!(outcome.clean, outcome.problems.is_empty());
        outcome
    }

    fn files(&self, folder: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.ctx.start_dir.join(".esker").join(folder));
        let mut paths: Vec<_> =
            entries.expect("folder").map(|e| e.expect("entry").path()).collect();
        paths.sort();
        paths
    }
}

#[test]
fn a_whole_repository_is_clean() {
    let env = Env::filled();
    let outcome = env.fsck(true, false);
    assert_eq!(outcome.problems, []);
    assert_eq!((outcome.commits, outcome.files, outcome.blobs), (1, 2, 2));
    assert!(outcome.bytes_read > 900_000 && outcome.rebuilt.is_none());
    assert!(Env::new().fsck(true, false).clean);
}

#[test]
fn damaged_data_is_named_and_adding_it_again_repairs() {
    let env = Env::filled();
    for path in env.files("packs") {
        let mut bytes = fs::read(&path).expect("read");
        // Data packs: kind 3.
        if bytes[10] == 3 {
            bytes[90] ^= 1;
            fs::write(&path, bytes).expect("write");
        }
    }
    assert!(env.fsck(false, false).clean, "the structure is whole");
    let outcome = env.fsck(true, false);
    assert!(!outcome.clean);
    assert!(outcome.problems.iter().all(|p| p.object.starts_with("block at 64 of pack")));
    assert!(outcome.problems.iter().all(|p| p.what.ends_with("lost")), "{:?}", outcome.problems);
    assert!(outcome.problems.iter().any(|p| p.affected[0].ends_with(":large")));
    env.count_generation();
    env.add();
    let outcome = env.fsck(true, false);
    assert_eq!(outcome.problems, []);
}

#[test]
fn a_lost_database_is_the_only_problem_until_it_is_rebuilt() {
    let env = Env::filled();
    for path in env.files("") {
        let name = path.file_name().expect("name").to_string_lossy().into_owned();
        if name.starts_with("state.db") {
            fs::remove_file(path).expect("remove");
        }
    }
    let outcome = env.fsck(true, false);
    let [problem] = &outcome.problems[..] else { panic!("{:?}", outcome.problems) };
    assert!(problem.object == "state.db" && problem.what.contains("esker fsck --rebuild"));
    let pack = env.files("packs")[0].with_file_name("cut-off");
    fs::write(&pack, "ESKRPACK").expect("write");
    let outcome = env.fsck(true, true);
    let [problem] = &outcome.problems[..] else { panic!("{:?}", outcome.problems) };
    assert!(problem.object == "pack cut-off" && problem.what.contains(".esker/tmp/set-aside/"));
    let rebuilt = outcome.rebuilt.expect("rebuilt");
    assert_eq!((rebuilt.refs, rebuilt.tables, rebuilt.old_state), (1, 3, None));
    assert!(env.fsck(true, false).clean);
    env.add();
}

#[test]
fn a_lost_table_is_rebuilt_beside_a_sound_database() {
    let env = Env::filled();
    fs::remove_file(&env.files("tables")[0]).expect("remove");
    let outcome = env.fsck(false, false);
    let [problem] = &outcome.problems[..] else { panic!("{:?}", outcome.problems) };
    assert!(problem.object.starts_with("table ") && problem.what.contains("its file is missing"));
    let outcome = env.fsck(true, true);
    assert!(outcome.clean);
    assert_eq!(outcome.rebuilt.expect("rebuilt").refs, 0);
}

#[test]
fn what_is_no_repository_cannot_be_checked() {
    let env = Env::new();
    let ctx = Context { start_dir: env.dir.path().to_owned(), ..env.ctx.clone() };
    let error = run(&ctx, &FsckOptions::default()).expect_err("no repository");
    assert_eq!(error.kind(), ErrorKind::NoRepository);
}

#[test]
fn stats_sum_up_the_repository() {
    let empty = stats::run(&Env::new().ctx, &StatsOptions::default()).expect("stats");
    assert_eq!((empty.logical_bytes, empty.packs, empty.commits), (0, 0, 0));
    assert_eq!((empty.ratio, empty.pack_fill), (0.0, 0.0));
    let env = Env::filled();
    fs::write(
        env.ctx.start_dir.join("copy"),
        fs::read(env.ctx.start_dir.join("large")).expect("read"),
    )
    .expect("write");
    env.add();
    let message = Some("second".to_owned());
    commit::run(&env.ctx, &CommitOptions { message, ..CommitOptions::default() }).expect("commit");
    let stats = stats::run(&env.ctx, &StatsOptions::default()).expect("stats");
    assert_eq!((stats.commits, stats.files, stats.logical_bytes), (2, 3, 1_800_005));
    assert_eq!(stats.unique_bytes, 900_005);
    assert!(stats.stored_bytes > 900_000 && stats.stored_bytes < 920_000, "{stats:?}");
    assert!(stats.ratio > 1.9 && stats.pack_fill > 0.98 && stats.pack_fill < 1.0, "{stats:?}");
    let bytes: u64 = env.files("packs").iter().map(|p| p.metadata().expect("stat").len()).sum();
    assert_eq!(stats.stored_bytes, bytes);
}
