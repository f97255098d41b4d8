//! Tests of `state.db`: transactions, moves, agreement with `refs.log`, damage and rebuilding.

use super::*;
use crate::format::FormatParameters;
use crate::id::{CommitId, PackId, SessionId, TagId, TreeId};
use crate::path::RepoPath;
use crate::refs::{Head, HeadTarget, RefName, RefNote, RefTarget, WorktreeId, branch_ref, log};
use rusqlite::Connection;
use std::fs;
use std::sync::Barrier;
use std::thread;

const MAIN: WorktreeId = WorktreeId::MAIN;

struct Env {
    dir: tempfile::TempDir,
}

impl Env {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().expect("tempdir") }
    }

    fn path(&self) -> PathBuf {
        self.dir.path().join("state.db")
    }

    fn log(&self) -> PathBuf {
        self.dir.path().join("refs.log")
    }

    fn try_create(&self) -> Result<Created, DbError> {
        StateDb::create(&self.path(), &self.log(), &new_state())
    }

    fn create(&self) -> StateDb {
        self.try_create().expect("create").db
    }

    fn try_open(&self) -> Result<StateDb, DbError> {
        StateDb::open(&self.path(), &self.log(), Access::ReadWrite)
    }

    fn open(&self) -> StateDb {
        self.try_open().expect("open")
    }

    fn raw(&self, sql: &str) {
        let conn = Connection::open(self.path()).expect("open");
        conn.execute_batch(sql).expect(sql);
    }

    fn rebuild(&self, packs: &[PackRow]) -> Result<Rebuilt, DbError> {
        let replay = log::replay(&self.log()).expect("replay");
        let otherwise = NewState { repository: RepositoryId::from_bytes([9; 16]), ..new_state() };
        let from = Rebuild { packs, replay: &replay, otherwise: &otherwise };
        StateDb::rebuild_from(&self.path(), &self.log(), &from)
    }
}

fn new_state() -> NewState {
    NewState {
        repository: RepositoryId::from_bytes([1; 16]),
        format: FormatParameters::default(),
        branch: main(),
        note: note("init"),
    }
}

fn main() -> RefName {
    branch_ref("main").expect("valid")
}

fn note(message: &str) -> RefNote {
    RefNote { who: "Ann".into(), time: 100, tz_minutes: 60, message: message.into() }
}

fn commit(n: u8) -> CommitId {
    CommitId::from_bytes([n; 32])
}

fn to(n: u8) -> RefTarget {
    commit(n).into()
}

fn tree(n: u8) -> Option<TreeId> {
    Some(TreeId::from_bytes([n; 32]))
}

fn set(db: &StateDb, name: &RefName, old: Option<u8>, new: u8) -> Result<(), RefError> {
    db.write(|tx| tx.set_ref(name, old.map(to), to(new), &note("move")))
}

fn get(db: &StateDb, name: &RefName) -> Option<RefTarget> {
    db.read(|view| view.get_ref(name)).expect("read")
}

fn head(db: &StateDb) -> Head {
    db.read(|view| view.head(MAIN)).expect("read")
}

fn pack(random: u64) -> PackRow {
    PackRow {
        id: PackId { session: SessionId { seq: 1, random: 2 }, random },
        kind: 3,
        bytes: 10,
        raw_bytes: 20,
        chunks: 3,
        blocks: 2,
        generation: 4,
        state: PackState::Live,
        changed_at: 5,
    }
}

#[test]
fn a_new_database_knows_what_it_was_given() {
    let env = Env::new();
    let created = env.try_create().expect("create");
    assert!(created.has_shared_memory && created.has_locks && created.db.has_shared_memory());
    drop(created);
    let db = env.open();
    db.read(|view| {
        assert_eq!(view.repository_id()?, RepositoryId::from_bytes([1; 16]));
        assert_eq!(view.format()?, FormatParameters::default());
        assert_eq!(view.head(MAIN)?, Head::Branch { name: main(), target: None });
        assert_eq!((view.stage(MAIN)?, view.generation()?), (None, 0));
        assert_eq!(view.worktrees()?, [MAIN]);
        Ok::<_, DbError>(())
    })
    .expect("read");
    let replay = log::replay(&env.log()).expect("replay");
    assert_eq!(replay.heads[&MAIN], HeadTarget::Branch(main()));
    assert_eq!(replay.meta["repository_id"], "01".repeat(16));
    assert!(matches!(env.try_create(), Err(DbError::Exists)));
}

#[test]
fn nothing_but_the_database_is_left_in_the_folder() {
    let env = Env::new();
    drop(env.create());
    let entries = fs::read_dir(env.dir.path()).expect("list");
    let mut names: Vec<_> = entries.map(|e| e.expect("entry").file_name()).collect();
    names.sort();
    assert_eq!(names, ["refs.log", "state.db", "state.db-shm", "state.db-wal"]);
}

#[test]
fn making_a_database_can_be_repeated_after_it_was_cut_short() {
    let env = Env::new();
    fs::write(env.path(), b"").expect("an empty file");
    assert!(env.try_open().is_err_and(|e| e.is_damaged()));
    drop(env.create());
    // Cut short after the log was written and before the commit.
    super::rebuild::remove_all(&env.path()).expect("remove");
    assert!(matches!(env.try_open(), Err(DbError::Missing)));
    drop(env.create());
}

#[test]
fn of_many_who_make_the_database_one_succeeds() {
    for _ in 0..5 {
        let env = Env::new();
        let made = thread::scope(|scope| {
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| env.try_create())).collect();
            let results = threads.into_iter().map(|t| t.join().expect("no panic"));
            results.map(|r| r.map(|_| ())).collect::<Vec<_>>()
        });
        let won = made.iter().filter(|r| r.is_ok()).count();
        let lost = made.iter().filter(|r| matches!(r, Err(DbError::Exists))).count();
        assert_eq!((won, lost), (1, 3), "{made:?}");
        assert_eq!(env.open().check().expect("check"), StateCheck::default());
    }
}

#[test]
fn a_ref_moves_only_from_where_it_was_expected() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("made");
    set(&db, &main(), Some(1), 2).expect("moved");
    for wrong in [None, Some(1)] {
        let error = set(&db, &main(), wrong, 3).expect_err("moved meanwhile");
        assert!(error.is_conflict());
        let RefError::Moved { found, expected, .. } = error else { panic!("{error}") };
        assert_eq!((found, expected), (Some(to(2)), wrong.map(to)));
    }
    assert_eq!(head(&db).commit(), Some(commit(2)));
    db.write(|tx| tx.delete_ref(&main(), to(1), &note("x"))).expect_err("it is at 2");
    db.write(|tx| tx.delete_ref(&main(), to(2), &note("x"))).expect("deleted");
    assert_eq!(get(&db, &main()), None);
}

#[test]
fn tags_keep_their_kind_and_branches_refuse_them() {
    let env = Env::new();
    let db = env.create();
    let (name, tag) = (RefName::tag("v1").expect("valid"), TagId::from_bytes([8; 32]));
    db.write(|tx| tx.set_ref(&name, None, tag.into(), &note("tag"))).expect("tagged");
    assert_eq!(get(&db, &name), Some(RefTarget::Tag(tag)));
    let wrong = db.write(|tx| tx.set_ref(&main(), None, tag.into(), &note("x")));
    assert!(matches!(wrong, Err(RefError::NotACommit { .. })));
    set(&db, &main(), None, 1).expect("set");
    let under = |prefix| db.read(|view| view.refs(prefix)).expect("read").len();
    assert_eq!([under("refs/"), under("refs/tags/"), under("refs/keep/")], [2, 1, 0]);
}

#[test]
fn a_failed_transaction_leaves_nothing_behind() {
    let env = Env::new();
    let db = env.create();
    let length = log::length(&env.log()).expect("length");
    let result = db.write(|tx| {
        tx.set_ref(&main(), None, to(1), &note("x"))?;
        tx.set_stage(MAIN, tree(9), tree(1))
    });
    assert!(matches!(result, Err(RefError::StageMoved { found: None, .. })));
    assert_eq!(get(&db, &main()), None);
    assert_eq!(log::length(&env.log()).expect("length"), length);
    let panicked = thread::scope(|scope| {
        let work =
            || db.write(|tx| -> Result<(), DbError> { panic!("{:?}", tx.next_generation()) });
        scope.spawn(work).join().is_err()
    });
    assert!(panicked);
    assert_eq!(db.read(|view| view.generation()).expect("usable"), 0);
    set(&db, &main(), None, 1).expect("usable");
}

#[test]
fn of_many_threads_and_connections_that_race_exactly_one_wins_each_round() {
    let env = Env::new();
    let shared = env.create();
    let own = [env.open(), env.open()];
    let handles = [&shared, &shared, &own[0], &own[1]];
    let barrier = Barrier::new(handles.len());
    for round in 0..10u8 {
        let old = (round > 0).then(|| get(&shared, &main()).expect("set")).and_then(|t| t.commit());
        let wins = thread::scope(|scope| {
            let race = |i: usize| {
                let (db, barrier) = (handles[i], &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    let new = commit(10 + round * 10 + i as u8).into();
                    db.write(|tx| tx.set_ref(&main(), old.map(Into::into), new, &note("race")))
                })
            };
            let threads: Vec<_> = (0..handles.len()).map(race).collect();
            let results = threads.into_iter().map(|t| t.join().expect("no panic"));
            let is_win = |r: Result<(), RefError>| match r {
                Ok(()) => true,
                Err(e) if e.is_conflict() => false,
                Err(e) => panic!("{e}"),
            };
            results.map(is_win).filter(|won| *won).count()
        });
        assert_eq!(wins, 1);
    }
    assert_eq!(shared.check().expect("check"), StateCheck::default());
}

/// Run by the next test in processes of its own, told by the environment what to do.
#[test]
fn race_child() {
    let Some(dir) = std::env::var_os("ESKER_TEST_RACE_DIR") else { return };
    let (dir, id) = (PathBuf::from(dir), std::process::id());
    let (path, refs_log) = (dir.join("state.db"), dir.join("refs.log"));
    let db = StateDb::open(&path, &refs_log, Access::ReadWrite).expect("open");
    let mut won = 0;
    while won < 25 {
        let old = get(&db, &main());
        let new = CommitId::from_bytes(*blake3::hash(format!("{id} {won}").as_bytes()).as_bytes());
        match db.write(|tx| tx.set_ref(&main(), old, new.into(), &note("race"))) {
            Ok(()) => won += 1,
            Err(e) => assert!(e.is_conflict(), "{e}"),
        }
    }
}

#[test]
fn processes_that_race_lose_no_move() {
    let env = Env::new();
    let db = env.create();
    let program = std::env::current_exe().expect("this test");
    let start = || {
        std::process::Command::new(&program)
            .args(["--exact", "db::tests::race_child"])
            .env("ESKER_TEST_RACE_DIR", env.dir.path())
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("start")
    };
    let children: Vec<_> = (0..3).map(|_| start()).collect();
    for mut child in children {
        assert!(child.wait().expect("wait").success());
    }
    let rows = db.read(|view| view.reflog(ReflogOf::Ref(&main()), 0, 1000)).expect("reflog");
    assert_eq!(rows.len(), 75);
    assert!(rows.windows(2).all(|pair| pair[0].old == pair[1].new), "the moves form one chain");
    assert_eq!(db.check().expect("check"), StateCheck::default());
}

#[test]
fn head_moves_and_its_reflog_follows_the_branch() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("first commit");
    let on_main = head(&db);
    let detached = HeadTarget::Commit(commit(7));
    db.write(|tx| tx.set_head(MAIN, &on_main, &detached, &note("detach"))).expect("moved");
    assert_eq!(head(&db), Head::Detached(commit(7)));
    set(&db, &main(), Some(1), 2).expect("HEAD is elsewhere");
    let stale = db.write(|tx| tx.set_head(MAIN, &on_main, &detached, &note("x")));
    assert!(matches!(stale, Err(RefError::HeadMoved { found: Head::Detached(_), .. })));
    let back = HeadTarget::Branch(main());
    db.write(|tx| tx.set_head(MAIN, &Head::Detached(commit(7)), &back, &note("back"))).expect("ok");
    let rows = |of, skip, limit| {
        let rows = db.read(|view| view.reflog(of, skip, limit)).expect("reflog");
        rows.into_iter().map(|row| (row.old, row.new)).collect::<Vec<_>>()
    };
    let all = rows(ReflogOf::Head(MAIN), 0, 10);
    assert_eq!(all, [(Some(to(7)), Some(to(2))), (Some(to(1)), Some(to(7))), (None, Some(to(1))),]);
    assert_eq!(rows(ReflogOf::Head(MAIN), 1, 1), all[1..2]);
    assert_eq!(rows(ReflogOf::Ref(&main()), 0, 10).len(), 2);
    assert_eq!(db.write(|tx| tx.expire_reflog(101)).expect("expired"), 5);
}

#[test]
fn a_rebuild_knows_which_moves_were_let_go_of() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("first");
    set(&db, &main(), Some(1), 2).expect("second");
    let logged = log::length(&env.log()).expect("length");
    assert_eq!(db.write(|tx| tx.expire_reflog(100)).expect("nothing is as old"), 0);
    assert_eq!(log::length(&env.log()).expect("length"), logged, "nothing to say");
    assert!(db.write(|tx| tx.expire_reflog(101)).expect("expired") > 0);
    set(&db, &main(), Some(2), 3).expect("third, by a clock that went back");
    drop(db);
    fs::remove_file(env.path()).expect("lost");
    let db = env.rebuild(&[]).expect("rebuilt").db;
    let rows = db.read(|view| view.reflog(ReflogOf::Ref(&main()), 0, 10)).expect("reflog");
    let moves: Vec<_> = rows.into_iter().map(|row| (row.old, row.new)).collect();
    assert_eq!(moves, [(Some(to(2)), Some(to(3)))]);
}

#[test]
fn a_rebuild_knows_no_moves_from_before_a_purge() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("first");
    db.write(|tx| {
        let ids = [([1; 32], [9; 32])].into();
        let new = Some(to(9));
        let update = crate::refs::RefUpdate { name: main(), old: Some(to(1)), new };
        tx.update_ref(update, &note("purge")).expect("moved");
        tx.map_reflog(&ids)
    })
    .expect("purged");
    set(&db, &main(), Some(9), 10).expect("later");
    drop(db);
    fs::remove_file(env.path()).expect("lost");
    let db = env.rebuild(&[]).expect("rebuilt").db;
    let rows = db.read(|view| view.reflog(ReflogOf::Ref(&main()), 0, 10)).expect("reflog");
    let moves: Vec<_> = rows.into_iter().map(|row| (row.old, row.new)).collect();
    assert_eq!(moves, [(Some(to(9)), Some(to(10)))]);
}

#[test]
fn each_worktree_has_its_own_head_stage_and_journal() {
    let env = Env::new();
    let db = env.create();
    let side = HeadTarget::Commit(commit(4));
    let second = db.write(|tx| tx.add_worktree(&side, &note("worktree"))).expect("added");
    db.write(|tx| {
        tx.set_stage(second, None, tree(5))?;
        tx.put_journal(second, "checkout", b"from", b"1")?;
        tx.put_journal(second, "checkout", b"from", b"2")?;
        tx.put_journal(second, "checkout", b"a", b"3")?;
        Ok::<_, RefError>(())
    })
    .expect("written");
    db.read(|view| {
        assert_eq!((view.stage(MAIN)?, view.stage(second)?), (None, tree(5)));
        assert_eq!(view.head(second)?, Head::Detached(commit(4)));
        assert_eq!(view.journal(second, "checkout", b"from")?.as_deref(), Some(&b"2"[..]));
        assert_eq!(view.journal(MAIN, "checkout", b"from")?, None);
        let mut seen = Vec::new();
        view.each_journal(second, "checkout", |key, value| {
            seen.push((key.to_vec(), value.to_vec()));
            Ok::<_, DbError>(())
        })?;
        assert_eq!(seen, [(b"a".to_vec(), b"3".to_vec()), (b"from".to_vec(), b"2".to_vec())]);
        Ok::<_, DbError>(())
    })
    .expect("read");
    let removed = |tx: &Tx| tx.remove_worktree(second, &note("remove"));
    assert_eq!([db.write(removed).expect("ok"), db.write(removed).expect("ok")], [true, false]);
    assert!(matches!(db.read(|view| view.head(second)), Err(DbError::NoWorktree(_))));
    assert_eq!(db.check().expect("check"), StateCheck::default());
}

#[test]
fn packs_tables_bad_blocks_and_roots_are_kept() {
    let env = Env::new();
    let db = env.create();
    let table =
        TableRow { id: TableId::from_random(u64::MAX), kind: 1, level: 2, entries: 3, bytes: 4 };
    let bad = BadBlock { pack: pack(1).id, offset: 64, found_at: 7 };
    let (a, b) = (RepoPath::parse("a").expect("valid"), RepoPath::parse("b/c").expect("valid"));
    db.write(|tx| {
        tx.add_pack(&pack(2))?;
        tx.add_pack(&pack(1))?;
        tx.add_table(&table)?;
        tx.add_bad_block(&bad)?;
        tx.add_bad_block(&BadBlock { found_at: 9, ..bad })?;
        assert!(tx.condemn_pack(pack(2).id, 9, 50)?);
        assert!(!tx.condemn_pack(pack(2).id, 10, 60)?);
        assert!(!tx.condemn_pack(pack(3).id, 9, 50)?);
        assert!(tx.add_root(&b)? && tx.add_root(&a)? && !tx.add_root(&a)?);
        assert_eq!((tx.next_generation()?, tx.next_generation()?), (1, 2));
        Ok::<_, DbError>(())
    })
    .expect("written");
    db.write(|tx| tx.add_pack(&pack(1))).expect_err("an id is never used twice");
    let condemned =
        PackRow { state: PackState::Condemned, generation: 9, changed_at: 50, ..pack(2) };
    db.read(|view| {
        assert_eq!(view.packs()?, [pack(1), condemned.clone()]);
        assert_eq!(view.live_packs()?, [pack(1)]);
        assert_eq!(view.pack(pack(2).id)?, Some(condemned));
        assert_eq!((view.is_live(pack(1).id)?, view.is_live(pack(2).id)?), (true, false));
        assert_eq!((view.tables()?, view.bad_blocks()?), (vec![table.clone()], vec![bad]));
        assert_eq!(view.roots()?, [a, b]);
        Ok::<_, DbError>(())
    })
    .expect("read");
    db.write(|tx| {
        assert!(tx.remove_table(table.id)? && !tx.remove_table(table.id)?);
        assert!(tx.remove_bad_block(bad.pack, 64)? && !tx.remove_bad_block(bad.pack, 64)?);
        tx.add_bad_block(&bad)?;
        assert!(tx.remove_pack(pack(1).id)? && tx.bad_blocks()?.is_empty());
        tx.remove_root(&RepoPath::parse("a").expect("valid"))
    })
    .expect("removed");
    assert_eq!(table.id.to_string(), "7fffffffffffffff");
    let huge = PackRow { bytes: u64::MAX, ..pack(4) };
    assert!(matches!(db.write(|tx| tx.add_pack(&huge)), Err(DbError::Sqlite { .. })));
}

#[test]
fn a_newer_format_is_refused() {
    let env = Env::new();
    drop(env.create());
    env.raw("PRAGMA user_version = 5");
    for access in [Access::ReadOnly, Access::ReadWrite] {
        let error = StateDb::open(&env.path(), &env.log(), access).err().expect("refused");
        assert!(matches!(error, DbError::NewerFormat { found: 5, supported: 4 }), "{error}");
    }
    assert!(matches!(env.try_create(), Err(DbError::Exists)));
}

#[test]
fn a_database_of_something_else_is_refused() {
    let env = Env::new();
    env.raw("CREATE TABLE t(x)");
    assert!(env.try_open().is_err_and(|e| e.is_damaged()));
    assert!(matches!(env.try_create(), Err(DbError::Exists)));
}

#[test]
fn damage_is_said_and_never_panics() {
    let env = Env::new();
    let db = env.create();
    for n in 0..200 {
        db.write(|tx| tx.add_pack(&pack(n))).expect("write");
    }
    drop(db);
    env.raw("PRAGMA wal_checkpoint(TRUNCATE)");
    let whole = fs::read(env.path()).expect("read");
    let try_all = || {
        let db = env.try_open()?;
        db.read(|view| view.packs().and(view.head(MAIN)).and(view.format()))?;
        let check = db.check()?;
        if check.damage.is_empty() { Ok(()) } else { Err(DbError::damaged("found by check")) }
    };
    let mut bad = whole.clone();
    bad[..16].fill(0);
    fs::write(env.path(), &bad).expect("write");
    assert!(matches!(try_all(), Err(DbError::Damaged { .. })), "header");
    fs::write(env.path(), &whole[..whole.len() / 2]).expect("write");
    assert!(matches!(try_all(), Err(DbError::Damaged { .. })), "cut in half");
    for page in 1..whole.len() / 4096 {
        let mut bad = whole.clone();
        bad[page * 4096..][..64].fill(0xa5);
        fs::write(env.path(), &bad).expect("write");
        assert!(matches!(try_all(), Err(DbError::Damaged { .. })), "page {page}");
    }
    fs::write(env.path(), &whole).expect("write");
    try_all().expect("sound again");
}

#[test]
fn values_that_cannot_be_right_are_damage() {
    for change in [
        "UPDATE refs SET target = x'01'",
        "UPDATE refs SET name = 'main'",
        "UPDATE packs SET state = 9",
        "UPDATE packs SET bytes = -1",
        "UPDATE packs SET kind = 300",
        "UPDATE packs SET id = x'00'",
        "UPDATE meta SET value = 'x'",
        "UPDATE meta SET value = '4294967295' WHERE key = 'group_bytes'",
        "DELETE FROM meta",
        "UPDATE worktrees SET head_ref = NULL",
        "UPDATE worktrees SET stage = 'text'",
    ] {
        let env = Env::new();
        let db = env.create();
        set(&db, &main(), None, 1).expect("set");
        db.write(|tx| tx.add_pack(&pack(1))).expect("added");
        env.raw(change);
        let all = |view: &View| {
            view.refs("")?;
            view.packs()?;
            view.repository_id()?;
            view.format()?;
            view.head(MAIN)?;
            view.stage(MAIN)
        };
        assert!(db.read(all).is_err_and(|e| e.is_damaged()), "{change}");
    }
}

#[test]
fn the_log_is_mended_after_a_crash_between_its_sync_and_the_commit() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("set");
    let update = crate::refs::RefUpdate { name: main(), old: Some(to(1)), new: Some(to(2)) };
    let record = crate::refs::LogRecord::Ref(update, note("not committed"));
    log::append(&env.log(), std::slice::from_ref(&record)).expect("append");
    // And the next one was torn.
    let torn = record.to_line();
    let mut text = fs::read_to_string(env.log()).expect("read");
    text.push_str(&torn[..torn.len() / 2]);
    fs::write(env.log(), text).expect("write");
    assert_eq!(db.check().expect("check").log_lacks.len(), 1);
    db.write(|tx| tx.next_generation()).expect("any write mends it");
    assert_eq!(log::replay(&env.log()).expect("replay").refs[&main()], to(1));
    let check = db.check().expect("check");
    // The torn line was cut off by the append.
    assert_eq!((check.log_lacks.len(), check.bad_log_lines), (0, 0));
}

#[test]
fn a_lost_log_is_written_anew() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("set");
    fs::remove_file(env.log()).expect("remove");
    set(&db, &main(), Some(1), 2).expect("set");
    let replay = log::replay(&env.log()).expect("replay");
    assert_eq!(replay.refs[&main()], to(2));
    assert_eq!((replay.heads.len(), replay.meta.len()), (1, 8));
    assert_eq!(db.check().expect("check"), StateCheck::default());
}

#[test]
fn a_log_that_cannot_be_written_stops_the_move() {
    let env = Env::new();
    let db = env.create();
    fs::remove_file(env.log()).expect("remove");
    fs::create_dir(env.log()).expect("in the way");
    assert!(matches!(set(&db, &main(), None, 1), Err(RefError::Db(DbError::Fs(_)))));
    fs::remove_dir(env.log()).expect("remove");
    assert_eq!(get(&db, &main()), None);
    set(&db, &main(), None, 1).expect("set");
}

#[test]
fn a_lost_database_is_rebuilt_from_packs_and_log() {
    let env = Env::new();
    let db = env.create();
    let v1 = RefName::tag("v1").expect("valid");
    set(&db, &main(), None, 1).expect("set");
    set(&db, &main(), Some(1), 2).expect("set");
    set(&db, &v1, None, 1).expect("set");
    let gone = branch_ref("gone").expect("valid");
    set(&db, &gone, None, 3).expect("set");
    db.write(|tx| tx.delete_ref(&gone, to(3), &note("x"))).expect("deleted");
    db.write(|tx| tx.add_worktree(&HeadTarget::Commit(commit(1)), &note("w"))).expect("added");
    let format = FormatParameters { group_bytes: 1 << 18, ..Default::default() };
    db.write(|tx| tx.set_format(&format)).expect("set");
    let reflogs = |db: &StateDb| {
        let of = [ReflogOf::Ref(&main()), ReflogOf::Head(MAIN), ReflogOf::Head(WorktreeId(1))];
        of.map(|of| db.read(|view| view.reflog(of, 0, 100)).expect("reflog"))
    };
    let before = reflogs(&db);
    drop(db);
    fs::write(env.path(), b"no database any more").expect("damage");
    let rebuilt = env.rebuild(&[pack(1), pack(2)]).expect("rebuilt");
    let old = rebuilt.old.expect("kept");
    assert_eq!(fs::read(old).expect("read"), b"no database any more");
    let db = rebuilt.db;
    assert!(db.has_shared_memory());
    assert_eq!(reflogs(&db), before);
    db.read(|view| {
        let names: Vec<_> = view.refs("")?.into_iter().collect();
        assert_eq!(names, [(main(), to(2)), (v1, to(1))]);
        assert_eq!(view.head(MAIN)?.commit(), Some(commit(2)));
        assert_eq!(view.head(WorktreeId(1))?, Head::Detached(commit(1)));
        assert_eq!(view.repository_id()?, RepositoryId::from_bytes([1; 16]));
        assert_eq!((view.format()?, view.generation()?), (format, 5));
        let listed = |row: PackRow| PackRow { generation: 5, ..row };
        assert_eq!(view.live_packs()?, [pack(1), pack(2)].map(listed));
        Ok::<_, DbError>(())
    })
    .expect("read");
    assert_eq!(db.check().expect("check"), StateCheck::default());
    drop(db);
    assert_eq!(env.open().check().expect("check"), StateCheck::default());
}

#[test]
fn a_rebuild_without_a_log_uses_what_it_is_given() {
    let env = Env::new();
    set(&env.create(), &main(), None, 1).expect("set");
    super::rebuild::remove_all(&env.path()).expect("remove");
    assert!(matches!(env.try_open(), Err(DbError::LostState)));
    assert!(matches!(env.try_create(), Err(DbError::LostState)));
    fs::remove_file(env.log()).expect("remove");
    let rebuilt = env.rebuild(&[]).expect("rebuilt");
    assert_eq!(rebuilt.old, None);
    let id = rebuilt.db.read(|view| view.repository_id()).expect("read");
    assert_eq!(id, RepositoryId::from_bytes([9; 16]));
    assert_eq!(head(&rebuilt.db), Head::Branch { name: main(), target: None });
    assert_eq!(log::replay(&env.log()).expect("replay").heads.len(), 1, "the log is begun anew");
}

#[test]
fn folders_without_shared_memory_use_a_journal_instead() {
    let env = Env::new();
    let fill = |tx: &Tx| {
        tx.set_logged_meta("repository_id", "01".repeat(16))?;
        tx.set_format(&FormatParameters::default())?;
        tx.new_worktree(&HeadTarget::Branch(main()), &note("init")).map(|_| ())
    };
    let made =
        StateDb::create_in_mode(&env.path(), &env.log(), ("truncate", shared::Part::Whole), fill)
            .expect("create");
    assert!(!made.has_shared_memory());
    let (first, second) = (env.open(), env.open());
    assert!(!first.has_shared_memory());
    set(&first, &main(), None, 1).expect("set");
    assert!(set(&second, &main(), None, 2).is_err_and(|e| e.is_conflict()));
    set(&second, &main(), Some(1), 2).expect("set");
    assert!(!super::beside(&env.path(), "-wal").exists());
}

#[test]
fn reading_needs_no_right_to_write() {
    let env = Env::new();
    let db = env.create();
    set(&db, &main(), None, 1).expect("set");
    let reader = StateDb::open(&env.path(), &env.log(), Access::ReadOnly).expect("open");
    assert_eq!(get(&reader, &main()), Some(to(1)));
    let refused = set(&reader, &main(), Some(1), 2);
    assert!(matches!(refused, Err(RefError::Db(DbError::ReadOnly))), "{refused:?}");
    set(&db, &main(), Some(1), 2).expect("set");
    assert_eq!(get(&reader, &main()), Some(to(2)));
}

#[test]
fn a_large_page_log_is_folded_when_the_database_is_closed() {
    let env = Env::new();
    let db = env.create();
    let value = vec![7; 3 << 20];
    db.write(|tx| tx.put_journal(MAIN, "big", b"key", &value)).expect("write");
    let length = || fs::metadata(beside(&env.path(), "-wal")).map_or(0, |m| m.len());
    assert!(length() > MAX_STATE_WAL_LEFT);
    drop(db);
    assert_eq!(length(), 0);
    let read = env.open().read(|view| view.journal(MAIN, "big", b"key")).expect("read");
    assert_eq!(read.as_deref(), Some(&value[..]));
}
