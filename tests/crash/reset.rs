//! `reset --hard`, `switch` and `stash`, killed: running them again finishes them; what is staged goes along,
//! and what was put aside is whole.

use std::fs;

use crate::add::dataset;
use crate::data::{assert_same, read_all, write_all};
use crate::env::Env;
use crate::kill::Killer;
use crate::repo;

#[test]
fn a_killed_hard_reset_is_finished_or_undone() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("reset --hard");
    let mut files = dataset(&mut killer.random);
    files.remove("data/large.bin");
    let versions = [0, 1].map(|number| {
        files.values_mut().step_by(2 + number).for_each(|bytes| *bytes = killer.random.text(9));
        files.insert(format!("data/only{number}/f"), killer.random.text(9));
        let _ = fs::remove_dir_all(env.path("data"));
        write_all(&env.dir(), &files);
        files.remove(&format!("data/only{number}/f"));
        repo::commit_all(&env, &format!("version {number}"))
    });
    killer.run(&env, &["reset", "--hard", "HEAD~1"]);
    let mut at = 0;
    while killer.goes_on() {
        let to = 1 - at;
        // Unsaved work that the reset drops, and a file that it leaves alone.
        env.write("data/00/000.csv", "unsaved");
        env.write("notes", "not to be touched");
        killer.kill(&env, &["reset", "--hard", &versions[to].0]);
        repo::assert_clean(&env);
        at = if killer.killed().is_multiple_of(2) { to } else { at };
        killer.run(&env, &["reset", "--hard", &versions[at].0]);
        repo::assert_no_leftovers(&env);
        assert_eq!(fs::read(env.path("notes")).expect("notes"), b"not to be touched");
        fs::remove_file(env.path("notes")).expect("remove");
        assert_eq!((repo::head(&env), repo::hash(&env, ".")), versions[at]);
        assert_eq!(env.json(&["status", "--json"])["clean"], true);
    }
    repo::assert_clean(&env);
}

#[test]
fn work_of_a_killed_stash_is_never_lost() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("stash");
    let mut files = dataset(&mut killer.random);
    files.remove("data/large.bin");
    write_all(&env.dir(), &files);
    let (_, committed) = repo::commit_all(&env, "first");
    let mut work = files.clone();
    work.values_mut().step_by(3).for_each(|bytes| *bytes = killer.random.text(9));
    work.insert("data/untracked/f".to_owned(), killer.random.text(9));
    let gone = work.keys().next().expect("files").clone();
    work.remove(&gone);
    let write_work = |env: &Env| {
        fs::remove_file(env.path(&gone)).expect("remove");
        write_all(&env.dir(), &work);
    };
    write_work(&env);
    killer.run(&env, &["stash", "-u"]);
    let mut pops = Killer::new("stash pop");
    pops.run(&env, &["stash", "pop"]);
    env.ok(&["reset", "--hard"]);
    fs::remove_dir_all(env.path("data/untracked")).expect("remove");
    while killer.goes_on() {
        write_work(&env);
        killer.kill(&env, &["stash", "-u"]);
        repo::assert_clean(&env);
        env.ok(&["stash", "-u"]);
        // Whatever writes next clears up behind the killed: this stash, and after a pop the next.
        repo::assert_no_leftovers(&env);
        assert_eq!(repo::hash(&env, "."), committed);
        assert_eq!(env.json(&["status", "--json"])["clean"], true);
        // After a kill there may be two: all of the work, and what the kill left of it.
        while !env.ok(&["stash", "list"]).is_empty() {
            pops.kill(&env, &["stash", "pop"]);
            if !env.ok(&["stash", "list"]).is_empty() {
                env.ok(&["stash", "pop"]);
            }
        }
        assert_same(&read_all(&env.dir()), &work);
        repo::assert_clean(&env);
        env.ok(&["reset", "--hard"]);
        fs::remove_dir_all(env.path("data/untracked")).expect("remove");
        assert_eq!(repo::hash(&env, "."), committed);
    }
}

#[test]
fn staged_work_goes_along_in_a_killed_switch() {
    let env = Env::new();
    env.ok(&["init"]);
    let mut killer = Killer::new("switch");
    let mut files = dataset(&mut killer.random);
    files.remove("data/large.bin");
    write_all(&env.dir(), &files);
    repo::commit_all(&env, "first");
    env.ok(&["switch", "-c", "other"]);
    files.values_mut().step_by(2).for_each(|bytes| *bytes = killer.random.text(9));
    write_all(&env.dir(), &files);
    repo::commit_all(&env, "second");
    env.write("data/staged/new", "staged");
    env.ok(&["add", "."]);
    let there = repo::hash(&env, ".");
    killer.run(&env, &["switch", "main"]);
    let trees = [("main", repo::hash(&env, ".")), ("other", there)];
    let mut at = 0;
    while killer.goes_on() {
        killer.kill(&env, &["switch", trees[1 - at].0]);
        repo::assert_clean(&env);
        at = killer.random.below(2) as usize;
        let (branch, tree) = &trees[at];
        killer.run(&env, &["switch", branch]);
        repo::assert_no_leftovers(&env);
        assert_eq!(env.json(&["status", "--json"])["branch"], **branch);
        assert_eq!(repo::hash(&env, "."), *tree);
        assert_eq!(env.ok(&["status", "-s"]), "A  data/staged/new\n");
    }
    repo::assert_clean(&env);
}
