//! Random sequences of verbs, against a model of a few maps: after each step worktree, stage, HEAD and
//! history are what the model says, and the repository is whole.
//!
//! `ESKER_MODEL_CASES` sets how many sequences are tried; those that once failed are tried first.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use esker::ops::add::{self, AddOptions};
use esker::ops::checkout::{self, CheckoutOptions};
use esker::ops::clean::{self, CleanOptions};
use esker::ops::commit::{self, CommitOptions};
use esker::ops::fsck::{self, FsckOptions};
use esker::ops::init::{self, InitOptions};
use esker::ops::mv::{self, MvOptions};
use esker::ops::reset::{self, ResetMode, ResetOptions};
use esker::ops::restore::{self, RestoreOptions};
use esker::ops::rm::{self, RmOptions};
use esker::ops::status::{self, StatusOptions};
use esker::ops::{ChangeKind, Context, ErrorKind, Now, OpError};
use esker::progress::{Cancel, Silent};
use proptest::prelude::*;

/// Paths that a sequence plays with. None is a folder of another, so that any set of them can be on disk.
const PATHS: [&str; 6] = ["a", "b", "d/x", "d/y", "e/f/z", "é w"];

/// What a person may do.
#[derive(Clone, Debug)]
enum Step {
    Write(usize, u8),
    Delete(usize),
    Add(usize),
    AddAll,
    Commit,
    Rm {
        path: usize,
        cached: bool,
        force: bool,
    },
    Mv {
        from: usize,
        to: usize,
    },
    Unstage(usize),
    Restore(usize),
    /// A commit, counted from the newest; HEAD is detached then.
    Checkout {
        back: usize,
        force: bool,
    },
    CheckoutMain,
    /// To a commit, counted from the newest.
    Reset {
        back: usize,
        mode: ResetMode,
    },
    Clean,
}

fn step() -> impl Strategy<Value = Step> {
    let path = || 0..PATHS.len();
    prop_oneof![
        6 => (path(), any::<u8>()).prop_map(|(path, content)| Step::Write(path, content % 4)),
        2 => path().prop_map(Step::Delete),
        3 => path().prop_map(Step::Add),
        3 => Just(Step::AddAll),
        4 => Just(Step::Commit),
        3 => (path(), any::<bool>(), any::<bool>())
            .prop_map(|(path, cached, force)| Step::Rm { path, cached, force }),
        3 => (path(), path()).prop_map(|(from, to)| Step::Mv { from, to }),
        2 => path().prop_map(Step::Unstage),
        2 => path().prop_map(Step::Restore),
        3 => (0usize..4, any::<bool>()).prop_map(|(back, force)| Step::Checkout { back, force }),
        1 => Just(Step::CheckoutMain),
        2 => (0usize..4, prop_oneof![
            Just(ResetMode::Soft), Just(ResetMode::Mixed), Just(ResetMode::Hard)
        ]).prop_map(|(back, mode)| Step::Reset { back, mode }),
        1 => Just(Step::Clean),
    ]
}

/// Files by path.
type Tree = BTreeMap<&'static str, Vec<u8>>;

#[derive(Clone, Debug, Default)]
struct Model {
    disk: Tree,
    stage: Tree,
    head: Tree,
    /// Every commit's id and files, oldest first.
    commits: Vec<(String, Tree)>,
    /// Where `main` is, as an index of commits.
    main: Option<usize>,
    is_detached: bool,
}

impl Model {
    /// Stage and disk become the target, but for files on disk that neither of them tracks.
    fn take_tracked(&mut self, target: &Tree) {
        for path in PATHS {
            if self.stage.contains_key(path) || target.contains_key(path) {
                set(&mut self.disk, path, target.get(path));
            }
        }
        self.stage = target.clone();
    }
}

fn set(tree: &mut Tree, path: &'static str, content: Option<&Vec<u8>>) {
    match content {
        Some(content) => tree.insert(path, content.clone()),
        None => tree.remove(path),
    };
}

/// Content long enough that nothing is decided by its length alone.
fn content(path: &str, number: u8) -> Vec<u8> {
    format!("{path} {number} ").repeat(20 + usize::from(number % 2)).into_bytes()
}

/// The model, and the repository that is to behave like it.
struct World {
    dir: tempfile::TempDir,
    context: Context,
    model: Model,
}

impl World {
    fn new() -> Self {
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
        };
        init::run(&context, &InitOptions { path: None }).expect("init");
        Self { dir, context, model: Model::default() }
    }

    fn take(&mut self, step: &Step) {
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
            Step::Checkout { back, force } => {
                if let Some(at) = self.model.commits.len().checked_sub(back + 1) {
                    self.checkout(at, None, force);
                }
            }
            Step::CheckoutMain => {
                if let Some(at) = self.model.main {
                    self.checkout(at, Some("main"), false);
                }
            }
            Step::Reset { back, mode } => {
                if let Some(at) = self.model.commits.len().checked_sub(back + 1) {
                    self.reset(at, mode);
                }
            }
            Step::Clean => {
                let options =
                    CleanOptions { force: true, folders: true, ..CleanOptions::default() };
                clean::run(&self.context, &options).expect("clean");
                let stage = &self.model.stage;
                self.model.disk.retain(|path, _| stage.contains_key(path));
            }
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
        model.head = model.stage.clone();
        model.commits.push((id, model.head.clone()));
        if !model.is_detached {
            model.main = Some(model.commits.len() - 1);
        }
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

    fn checkout(&mut self, at: usize, branch: Option<&str>, force: bool) {
        let (id, target) = self.model.commits[at].clone();
        let options = CheckoutOptions {
            target: Some(branch.map_or(id, str::to_owned)),
            force,
            ..CheckoutOptions::default()
        };
        let result = checkout::run(&self.context, &options).map(drop);
        let model = &mut self.model;
        let Model { disk, stage, head, .. } = model;
        if force {
            // Every tracked file becomes what the target has; what was never added stays.
            model.take_tracked(&target);
            result.expect("checkout --force");
        } else if target != *head {
            let is_lost = |path: &&str| {
                let here = disk.get(path);
                let is_written = head.get(path) != target.get(path);
                is_written && here.is_some() && here != head.get(path) && here != target.get(path)
            };
            let is_unstaged = |path: &&str| {
                let (old, new) = (head.get(path), stage.get(path));
                new != old && target.get(path) != old && target.get(path) != new
            };
            if PATHS.iter().any(|path| is_lost(path) || is_unstaged(path)) {
                return failed(result, ErrorKind::Conflict);
            }
            result.expect("checkout");
            for path in PATHS.into_iter().filter(|path| head.get(path) != target.get(path)) {
                set(disk, path, target.get(path));
                set(stage, path, target.get(path));
            }
        } else {
            result.expect("checkout of the same files");
        }
        let model = &mut self.model;
        model.is_detached = branch.is_none();
        model.head = target;
    }

    fn reset(&mut self, at: usize, mode: ResetMode) {
        let (id, target) = self.model.commits[at].clone();
        let options = ResetOptions { mode, revision: Some(id), ..ResetOptions::default() };
        reset::run(&self.context, &options).expect("reset");
        let model = &mut self.model;
        match mode {
            ResetMode::Soft => {}
            ResetMode::Mixed => model.stage = target.clone(),
            ResetMode::Hard => model.take_tracked(&target),
        }
        model.head = target;
        if !model.is_detached {
            model.main = Some(at);
        }
    }

    /// Asserts that everything is as the model says.
    fn check(&self) {
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
        let checked = fsck::run(&self.context, &FsckOptions::default()).expect("fsck");
        assert!(checked.clean, "{:?}", checked.problems);
    }
}

#[track_caller]
fn failed(result: Result<(), OpError>, kind: ErrorKind) {
    match result {
        Ok(()) => panic!("it was done, and should have been refused as {kind:?}"),
        Err(e) => assert_eq!(e.kind(), kind, "{e}"),
    }
}

fn names(tree: &Tree) -> Vec<&str> {
    tree.keys().copied().collect()
}

fn files(root: &Path) -> Tree {
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

fn cases() -> u32 {
    std::env::var("ESKER_MODEL_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(24)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn any_sequence_of_verbs_does_what_the_model_says(
        steps in prop::collection::vec(step(), 1..25)
    ) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
            world.check();
        }
        let all: Vec<_> = world.model.commits.clone();
        for (id, tree) in all {
            let options = CheckoutOptions { target: Some(id), force: true, ..CheckoutOptions::default() };
            checkout::run(&world.context, &options).expect("every version comes back");
            let is_there = |(path, bytes): (&&str, &Vec<u8>)| {
                fs::read(world.dir.path().join(path)).is_ok_and(|read| read == *bytes)
            };
            prop_assert!(tree.iter().all(is_there), "a version lost files");
        }
    }
}
