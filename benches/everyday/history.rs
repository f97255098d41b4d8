//! A long history over one tree, and the commits of it that touched one path.
//!
//! Both histories are written by shortcut: git's by fast-import, ours object by object through the
//! library, a pack a commit as `commit` leaves them. The files' data is not written: no verb measured
//! here may read it.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use esker::object::access::MemoryObjects;
use esker::ops::OpError;
use esker::refs::{RefTarget, branch_ref};
use esker::store::objects::ObjectWriter;

use crate::direct::{self, START};
use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome};

const FOLDERS: usize = 100;
const FILES_A_FOLDER: usize = 20;

/// `history`.
pub fn run(bench: &Bench) -> Outcome {
    let pair = &bench.pair;
    let folder = bench.scratch.path().join("history");
    let (ours, gits) = (folder.join("esker"), folder.join("git"));
    for folder in [&ours, &gits] {
        fs::create_dir_all(folder)?;
    }
    let commits = bench.args.commits;
    write_git(bench, &gits, commits)?;
    step(pair.esker(&ours, &["init"]))?;
    write_esker(&ours, commits, bench.args.packed)?;
    let file = path(7);
    let path_bar = Bar::Seconds(0.5);
    let same: &[(&str, Bar, &[&str])] = &[
        ("log --oneline", Bar::Git, &["log", "--oneline"]),
        ("log -- a file", path_bar, &["log", "--oneline", "--", &file]),
        ("log -- a folder", path_bar, &["log", "--oneline", "--", "d07"]),
        ("log --graph", Bar::Git, &["log", "--oneline", "--graph"]),
        ("log -n 1", Bar::Git, &["log", "-n", "1", "--oneline"]),
        ("log --grep", Bar::Git, &["log", "--oneline", "--grep", "77$"]),
        ("log a range", Bar::Git, &["log", "--oneline", "HEAD~100..HEAD"]),
    ];
    for (name, bar, args) in same {
        let name = format!("{name}, {commits} commits");
        pair.compare(&name, *bar, || pair.esker(&ours, args), || Some(pair.git(&gits, args)))?;
    }
    let annotate = ["annotate", "d07"];
    let name = format!("annotate a folder, {commits} commits");
    pair.compare(&name, path_bar, || pair.esker(&ours, &annotate), || None)
}

fn path(n: usize) -> String {
    format!("d{:02}/f{:02}", n % FOLDERS, n / FOLDERS % FILES_A_FOLDER)
}

fn content(path: &str, commit: usize) -> String {
    format!("{path} as of commit {commit}\n")
}

/// The files of one commit: all of them in the first, one in each that follows.
fn changed(commit: usize) -> Vec<String> {
    match commit {
        0 => (0..FOLDERS * FILES_A_FOLDER).map(path).collect(),
        n => vec![path(n)],
    }
}

fn write_git(bench: &Bench, folder: &Path, commits: usize) -> Outcome {
    step(bench.pair.git(folder, &["init", "-q", "-b", "main"]))?;
    let mut command = bench.pair.git(folder, &["fast-import", "--quiet"]);
    let mut child = command.stdin(Stdio::piped()).spawn()?;
    let mut out = BufWriter::new(child.stdin.take().ok_or("no pipe")?);
    for commit in 0..commits {
        let (time, message) = (START + 60 * commit as i64, format!("commit {commit}"));
        writeln!(out, "commit refs/heads/main\ncommitter bench <b@example.com> {time} +0000")?;
        writeln!(out, "data {}\n{message}", message.len())?;
        for path in changed(commit) {
            let content = content(&path, commit);
            writeln!(out, "M 100644 inline {path}\ndata {}\n{content}", content.len())?;
        }
    }
    drop(out);
    match child.wait()?.success() {
        true => Ok(()),
        false => Err("git fast-import failed".into()),
    }
}

fn write_esker(folder: &Path, commits: usize, is_packed: bool) -> Outcome {
    let mut memory = MemoryObjects::new();
    let (mut tree, mut last) = (None, None);
    let at_once = if is_packed { commits } else { 1 };
    let mut commit = 0;
    while commit < commits {
        // As each command opens it: sessions end with the store that began them.
        let repo = direct::open(folder)?;
        let session = repo.store.start_session()?;
        let mut writer = ObjectWriter::new(&repo.store, &session, 1, false)?;
        let before = last;
        for _ in 0..at_once {
            let with_content = |path: String| {
                let content = content(&path, commit);
                (path, content)
            };
            let files = changed(commit).into_iter().map(with_content);
            let new = direct::write_tree(&mut memory, &mut writer, tree, files)?;
            tree = Some(new);
            let parents = last.into_iter().collect();
            last = Some(direct::write_commit(&mut writer, new, parents, commit)?);
            commit += 1;
        }
        let packs = writer.finish()?;
        let (main, new) = (branch_ref("main")?, last.ok_or("a commit was written")?);
        repo.store.publish(packs, &Default::default(), |tx| {
            let old = before.map(RefTarget::Commit);
            tx.set_ref(&main, old, RefTarget::Commit(new), &direct::note())?;
            Ok::<_, OpError>(())
        })?;
    }
    Ok(())
}
