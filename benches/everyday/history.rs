//! A long history over one tree, and the commits of it that touched one path.
//!
//! Both histories are written by shortcut: git's by fast-import, ours object by object through the
//! library, a pack a commit as `commit` leaves them. The files' data is not written: no verb measured
//! here may read it.

use std::fs;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::process::Stdio;

use esker::config::{self, Files};
use esker::db::Access;
use esker::id::{BlobId, CommitId, TreeId};
use esker::object::access::{AccessError, MemoryObjects, WriteObjects};
use esker::object::paths::edit_paths;
use esker::object::{Commit, EntryValue, Person};
use esker::ops::OpError;
use esker::path::RepoPath;
use esker::refs::{RefNote, RefTarget, branch_ref};
use esker::repo::{Repo, RepoPaths};
use esker::store::objects::ObjectWriter;

use crate::pair::{Bar, run as step};
use crate::{Bench, Outcome};

const FOLDERS: usize = 100;
const FILES_A_FOLDER: usize = 20;
/// 2024-01-01, a commit a minute from then on.
const START: i64 = 1_704_067_200;

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

/// Takes trees in memory, so that the next edit can read them, and on their way to the store.
#[derive(Default)]
struct Written(Vec<(TreeId, Vec<u8>)>);

impl WriteObjects for Written {
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.0.push((id, encoded));
        Ok(())
    }

    fn write_commit(&mut self, _: CommitId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }

    fn write_tag(&mut self, _: esker::id::TagId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }
}

fn write_esker(folder: &Path, commits: usize, is_packed: bool) -> Outcome {
    let settings = config::load(&Files::default(), &[], &[]).map_err(|e| e.to_string())?;
    let repo = Repo::open(RepoPaths::of_root(folder), settings, Access::ReadWrite)?;
    let mut memory = MemoryObjects::new();
    let (mut tree, mut last) = (None, None);
    let at_once = if is_packed { commits } else { 1 };
    let note = RefNote {
        who: "bench".to_owned(),
        time: START,
        tz_minutes: 0,
        message: "bench".to_owned(),
    };
    let mut commit = 0;
    while commit < commits {
        let session = repo.store.start_session()?;
        let mut writer = ObjectWriter::new(&repo.store, &session, 1, false)?;
        let before = last;
        for _ in 0..at_once {
            tree = Some(write_tree(&mut memory, &mut writer, tree, commit)?);
            last = Some(write_commit(&mut writer, tree, last, commit)?);
            commit += 1;
        }
        let packs = writer.finish()?;
        let (main, new) = (branch_ref("main")?, last.ok_or("a commit was written")?);
        repo.store.publish(packs, &Default::default(), |tx| {
            tx.set_ref(&main, before.map(RefTarget::Commit), RefTarget::Commit(new), &note)?;
            Ok::<_, OpError>(())
        })?;
    }
    Ok(())
}

fn write_tree(
    memory: &mut MemoryObjects,
    writer: &mut ObjectWriter<'_>,
    tree: Option<TreeId>,
    commit: usize,
) -> Outcome<TreeId> {
    let edits = changed(commit).into_iter().map(|path| {
        let content = content(&path, commit);
        let (id, size) = (BlobId::of(content.as_bytes()), content.len() as u64);
        Ok((RepoPath::parse(&path)?, Some(EntryValue::File { id, size, executable: false })))
    });
    let edits = edits.collect::<Outcome<Vec<_>>>()?;
    let mut written = Written::default();
    let top = edit_paths(memory, tree, edits, &mut written)?;
    for (id, encoded) in written.0 {
        memory.write_tree(id, encoded.clone())?;
        writer.write_tree(id, encoded)?;
    }
    Ok(top.id)
}

fn write_commit(
    writer: &mut ObjectWriter<'_>,
    tree: Option<TreeId>,
    parent: Option<CommitId>,
    commit: usize,
) -> Outcome<CommitId> {
    let person = Person {
        name: "bench".to_owned(),
        email: "b@example.com".to_owned(),
        seconds: START + 60 * commit as i64,
        offset_minutes: 0,
    };
    let commit = Commit {
        tree: tree.ok_or("a tree was written")?,
        attributes: None,
        parents: parent.into_iter().collect(),
        author: person.clone(),
        committer: person,
        message: format!("commit {commit}\n"),
        metadata: Default::default(),
        signature: None,
    };
    let encoded = commit.encode()?;
    let id = CommitId::of(&encoded);
    writer.write_commit(id, encoded)?;
    Ok(id)
}
