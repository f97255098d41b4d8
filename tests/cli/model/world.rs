//! The repository that is to behave like the model: files, the stage, commits, and what is compared.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use esker::ops::add::{self, AddOptions};
use esker::ops::branch::{self, BranchAction, BranchFilter, BranchOutcome};
use esker::ops::clean::{self, CleanOptions};
use esker::ops::commit::{self, CommitOptions};
use esker::ops::fsck::{self, FsckOptions};
use esker::ops::init::{self, InitOptions};
use esker::ops::mv::{self, MvOptions};
use esker::ops::restore::{self, RestoreOptions};
use esker::ops::rm::{self, RmOptions};
use esker::ops::stash::{self, StashAction, StashOutcome};
use esker::ops::status::{self, StatusOptions};
use esker::ops::{ChangeKind, Context, ErrorKind, Now, OpError};
use esker::progress::{Cancel, Silent};

use super::parting::name_remote;
use super::{BRANCHES, Model, PATHS, Step, Tree, content};

/// The model, and the repository that is to behave like it.
pub(super) struct World {
    pub(super) dir: tempfile::TempDir,
    /// A remote, for what is let go of here.
    _remote: tempfile::TempDir,
    pub(super) context: Context,
    pub(super) model: Model,
}

impl World {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().expect("a temporary folder");
        let env = [("ESKER_AUTHOR_NAME", "Ada"), ("ESKER_AUTHOR_EMAIL", "ada@example.org")];
        let context = Context {
            start_dir: dir.path().canonicalize().expect("it is there"),
            esker_dir: None,
            env: env.map(|(key, value)| (key.to_owned(), value.to_owned())).into(),
            flags: Vec::new(),
            now: Now { seconds: crate::env::NOW, offset_minutes: 0 },
            progress: Arc::new(Silent),
            cancel: Cancel::new(),
            threads: 2,
            offline: false,
        };
        init::run(&context, &InitOptions::default()).expect("init");
        let remote = tempfile::tempdir().expect("a temporary folder");
        name_remote(&context, remote.path());
        let model = Model { on: Some(BRANCHES[0]), ..Model::default() };
        Self { dir, _remote: remote, context, model }
    }

    pub(super) fn take(&mut self, step: &Step) {
        match *step {
            Step::Write(path, number) => self.write(PATHS[path], number),
            Step::Delete(path) => {
                // What is not there cannot be removed.
                let _ = fs::remove_file(self.dir.path().join(PATHS[path]));
                self.model.disk.remove(PATHS[path]);
            }
            Step::Add(path) => self.add(PATHS[path]),
            Step::AddAll => {
                let options = AddOptions { all: true, ..AddOptions::default() };
                add::run(&self.context, &options, None).expect("add -A");
                self.model.stage = self.model.disk.clone();
            }
            Step::Commit => self.commit(),
            Step::Rm { path, cached, force } => self.rm(PATHS[path], cached, force),
            Step::Mv { from, to } => self.mv(PATHS[from], PATHS[to]),
            Step::Unstage(path) => self.restore(PATHS[path], true),
            Step::Restore(path) => self.restore(PATHS[path], false),
            Step::Clean => {
                let options =
                    CleanOptions { force: true, folders: true, ..CleanOptions::default() };
                clean::run(&self.context, &options).expect("clean");
                let stage = &self.model.stage;
                self.model.disk.retain(|path, _| stage.contains_key(path));
            }
            Step::Evict(_) | Step::EvictAndCheckout(_) | Step::Sparse { .. } => self.part(step),
            _ => self.move_or_join(step),
        }
    }

    fn write(&mut self, path: &'static str, number: u8) {
        let file = self.dir.path().join(path);
        fs::create_dir_all(file.parent().expect("a file is in a folder")).expect("mkdir");
        fs::write(file, content(path, number)).expect("write");
        self.model.disk.insert(path, content(path, number));
    }

    fn add(&mut self, path: &'static str) {
        let options = AddOptions { paths: vec![path.to_owned()], ..AddOptions::default() };
        let result = add::run(&self.context, &options, None).map(drop);
        let model = &mut self.model;
        match (model.disk.get(path).cloned(), model.stage.contains_key(path)) {
            (Some(content), _) => {
                model.stage.insert(path, content);
                result.expect("add");
            }
            (None, true) => {
                model.stage.remove(path);
                result.expect("add of what is gone");
            }
            (None, false) => failed(result, ErrorKind::Failed),
        }
    }

    fn commit(&mut self) {
        let options =
            CommitOptions { message: Some("a step".to_owned()), ..CommitOptions::default() };
        let result = commit::run(&self.context, &options);
        if self.model.stage == self.model.head {
            // An empty first stage may still differ from no commit at all by its folders.
            if let Err(e) = result {
                return assert_eq!(e.kind(), ErrorKind::Failed, "{e}");
            }
            return self.committed(result.expect("checked").commit.to_string());
        }
        self.committed(result.expect("commit").commit.to_string());
    }

    fn committed(&mut self, id: String) {
        let model = &mut self.model;
        let to = model.commit(id, model.stage.clone(), model.at.into_iter().collect());
        model.advance(to);
    }

    fn rm(&mut self, path: &'static str, cached: bool, force: bool) {
        let options =
            RmOptions { paths: vec![path.to_owned()], cached, force, ..RmOptions::default() };
        let result = rm::run(&self.context, &options).map(drop);
        let model = &mut self.model;
        let Some(staged) = model.stage.get(path) else { return failed(result, ErrorKind::Failed) };
        let disk = model.disk.get(path);
        let is_in_head = model.head.get(path) == Some(staged);
        let is_on_disk = disk == Some(staged);
        let is_lost = match cached {
            true => !is_in_head && !is_on_disk,
            false => !is_in_head || (disk.is_some() && !is_on_disk),
        };
        if is_lost && !force {
            return failed(result, ErrorKind::Conflict);
        }
        result.expect("rm");
        model.stage.remove(path);
        if !cached {
            model.disk.remove(path);
        }
    }

    fn mv(&mut self, from: &'static str, to: &'static str) {
        let has_folder = self.dir.path().join(to).parent().is_some_and(Path::is_dir);
        let options = MvOptions {
            sources: vec![from.to_owned()],
            target: to.to_owned(),
            ..MvOptions::default()
        };
        let result = mv::run(&self.context, &options).map(drop);
        let model = &mut self.model;
        if !model.stage.contains_key(from) {
            return failed(result, ErrorKind::Failed);
        }
        let is_by_hand = !model.disk.contains_key(from);
        let is_taken = model.disk.contains_key(to) || model.stage.contains_key(to);
        if is_by_hand && (!model.disk.contains_key(to) || model.stage.contains_key(to)) {
            return failed(result, ErrorKind::Failed);
        }
        if from == to {
            return failed(result, ErrorKind::Usage);
        }
        if !is_by_hand && is_taken {
            return failed(result, ErrorKind::Conflict);
        }
        if !has_folder {
            return failed(result, ErrorKind::Usage);
        }
        result.expect("mv");
        if let Some(staged) = model.stage.remove(from) {
            model.stage.insert(to, staged);
        }
        if let Some(moved) = model.disk.remove(from) {
            model.disk.insert(to, moved);
        }
    }

    fn restore(&mut self, path: &'static str, staged: bool) {
        let options =
            RestoreOptions { paths: vec![path.to_owned()], staged, ..RestoreOptions::default() };
        let result = restore::run(&self.context, &options).map(drop);
        let model = &mut self.model;
        let (from, to) = match staged {
            true => (&model.head, &mut model.stage),
            false => (&model.stage, &mut model.disk),
        };
        match from.get(path).cloned() {
            Some(content) => {
                result.expect("restore");
                to.insert(path, content);
            }
            None if staged && to.remove(path).is_some() => result.expect("restore --staged"),
            // Not tracked: it is refused, or left as it is.
            None => {
                if let Err(e) = result {
                    assert_eq!(e.kind(), ErrorKind::Failed, "{e}");
                }
            }
        }
    }

    /// Asserts that everything is as the model says.
    pub(super) fn check(&self) {
        assert_eq!(names(&files(self.dir.path())), names(&self.model.disk), "the worktree's files");
        assert!(files(self.dir.path()) == self.model.disk, "the worktree's bytes");
        let status = status::run(&self.context, &StatusOptions::default()).expect("status");
        let files_of = |changes: &[esker::ops::Change]| -> Vec<(String, ChangeKind)> {
            let files = changes.iter().filter(|change| !change.path.ends_with('/'));
            files.map(|change| (change.path.clone(), change.change)).collect()
        };
        let staged = differences(&self.model.head, &self.model.stage, ChangeKind::Added);
        assert_eq!(files_of(&status.staged), staged, "what is staged");
        let unstaged = differences(&self.model.stage, &self.model.disk, ChangeKind::Untracked);
        let changed = unstaged.iter().filter(|change| change.1 != ChangeKind::Untracked).cloned();
        assert_eq!(files_of(&status.unstaged), changed.collect::<Vec<_>>(), "what is not staged");
        self.check_names(&status);
        let checked = fsck::run(&self.context, &FsckOptions::default()).expect("fsck");
        assert!(checked.clean, "{:?}", checked.problems);
    }

    /// HEAD, the branches and the stashes.
    fn check_names(&self, status: &status::StatusOutcome) {
        let model = &self.model;
        let id = |at: usize| model.commits[at].id.clone();
        assert_eq!(status.branch.as_deref(), model.on, "the branch");
        assert_eq!(status.commit.map(|id| id.to_string()), model.at.map(id), "HEAD's commit");
        assert_eq!(status.operation, None, "what waits to be finished");
        let listed = branch::run(&self.context, &BranchAction::List(BranchFilter::default()));
        let BranchOutcome::List { branches, .. } = listed.expect("branch") else {
            panic!("no list of branches");
        };
        let found: BTreeMap<String, String> =
            branches.into_iter().map(|b| (b.name, b.commit.to_string())).collect();
        let expected = model.branches.iter().map(|(name, at)| ((*name).to_owned(), id(*at)));
        assert_eq!(found, expected.collect(), "the branches");
        let stashes = match stash::run(&self.context, &StashAction::List).expect("stash list") {
            StashOutcome::List { stashes } => stashes.len(),
            other => panic!("no list of stashes: {other:?}"),
        };
        assert_eq!(stashes, model.stashes.len(), "the stashes");
    }
}

#[track_caller]
pub(super) fn failed(result: Result<(), OpError>, kind: ErrorKind) {
    match result {
        Ok(()) => panic!("it was done, and should have been refused as {kind:?}"),
        Err(e) => assert_eq!(e.kind(), kind, "{e}"),
    }
}

pub(super) fn names(tree: &Tree) -> Vec<&str> {
    tree.keys().copied().collect()
}

pub(super) fn files(root: &Path) -> Tree {
    let read = |path: &&'static str| Some((*path, fs::read(root.join(path)).ok()?));
    let found: Tree = PATHS.iter().filter_map(read).collect();
    let walk = walkdir::WalkDir::new(root).into_iter().filter_entry(|e| e.file_name() != ".esker");
    let count = walk.filter(|entry| entry.as_ref().is_ok_and(|e| e.file_type().is_file())).count();
    assert_eq!(count, found.len(), "there are files that nobody wrote");
    found
}

fn differences(old: &Tree, new: &Tree, kind_of_new: ChangeKind) -> Vec<(String, ChangeKind)> {
    let mut paths: Vec<&str> = PATHS.to_vec();
    paths.sort();
    let kind = |path: &&str| match (old.get(path), new.get(path)) {
        (a, b) if a == b => None,
        (None, _) => Some(kind_of_new),
        (_, None) => Some(ChangeKind::Deleted),
        _ => Some(ChangeKind::Modified),
    };
    paths.iter().filter_map(|path| Some(((*path).to_owned(), kind(path)?))).collect()
}
