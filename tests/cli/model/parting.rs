//! Verbs by which a repository becomes partial. What they leave for a while is looked at here, so that the model need
//! not know of it; the data that went stays away, and later steps fetch it as they need it.

use std::path::Path;

use esker::ops::add::{self, AddOptions};
use esker::ops::checkout::{self, CheckoutOptions};
use esker::ops::evict::{self, EvictOptions};
use esker::ops::fsck::{self, FsckOptions};
use esker::ops::push::{self, PushOptions};
use esker::ops::remote::{self, AddRemote, RemoteAction};
use esker::ops::sparse::{self, SparseAction, SparseOptions};
use esker::ops::status::{self, StatusOptions};
use esker::ops::{ChangeKind, Context};

use super::world::{World, files};
use super::{PATHS, Step};

pub(super) fn name_remote(context: &Context, place: &Path) {
    let url = place.join("shared").to_str().expect("UTF-8").to_owned();
    let add = AddRemote { name: "origin".to_owned(), url, no_check: true, ..AddRemote::default() };
    remote::run(context, &RemoteAction::Add(add)).expect("remote add");
}

impl World {
    pub(super) fn part(&mut self, step: &Step) {
        let head = self.model.head.clone();
        match *step {
            Step::Evict(path) if head.contains_key(PATHS[path]) => self.evict(PATHS[path], true),
            Step::EvictAndCheckout(path) if head.contains_key(PATHS[path]) => {
                self.evict_and_checkout(PATHS[path]);
            }
            Step::Sparse { paths, other, add } if self.model.at.is_some() => {
                self.be_sparse(&[PATHS[paths], PATHS[other]], add);
            }
            _ => {}
        }
    }

    fn evict(&self, path: &str, keep_files: bool) {
        let refs = vec!["HEAD:kept".to_owned()];
        let push = PushOptions {
            remote: Some("origin".to_owned()),
            refs,
            force: true,
            ..PushOptions::default()
        };
        push::run(&self.context, &push).expect("push");
        let options = EvictOptions {
            paths: vec![path.to_owned()],
            remote: Some("origin".to_owned()),
            keep_files,
            dry_run: false,
        };
        evict::run(&self.context, &options).expect("evict");
        self.assert_whole();
    }

    fn evict_and_checkout(&mut self, path: &'static str) {
        let model = &self.model;
        let (head, disk) = (model.head.get(path).cloned(), model.disk.get(path).cloned());
        if disk.is_none() {
            // It counts as deleted, and would come back as the set has it again.
            return;
        }
        self.evict(path, false);
        let left = files(self.dir.path());
        let is_gone = disk == head && self.model.stage.get(path) == head.as_ref();
        if is_gone {
            assert!(!left.contains_key(path), "{path} is on disk");
            self.assert_not_deleted(&[path]);
            let options =
                CheckoutOptions { paths: vec![path.to_owned()], ..CheckoutOptions::default() };
            checkout::run(&self.context, &options).expect("checkout of what was evicted");
        } else {
            assert_eq!(left.get(path), disk.as_ref(), "what was changed stays");
        }
        self.sparse(SparseAction::Add(vec![path.to_owned()]));
    }

    fn be_sparse(&mut self, paths: &[&'static str], add: bool) {
        let model = &self.model;
        let is_deleted = |path: &&str| !model.disk.contains_key(path);
        if model.stage.keys().chain(model.head.keys()).any(is_deleted) {
            return;
        }
        if !paths.iter().all(|path| model.head.contains_key(path)) {
            return;
        }
        let paths = paths.iter().map(|path| (*path).to_owned()).collect();
        self.sparse(SparseAction::Set(paths));
        self.assert_whole();
        let left = files(self.dir.path());
        let gone: Vec<&str> = PATHS
            .into_iter()
            .filter(|path| self.model.disk.contains_key(path) && !left.contains_key(path))
            .collect();
        for path in &gone {
            assert_eq!(self.model.disk.get(path), self.model.head.get(path), "{path} was lost");
        }
        self.assert_not_deleted(&gone);
        if add {
            let options = AddOptions { all: true, ..AddOptions::default() };
            add::run(&self.context, &options, None).expect("add -A");
            let absent = gone.iter().filter_map(|path| {
                let staged = self.model.stage.get(path)?.clone();
                Some((*path, staged))
            });
            self.model.stage = left.into_iter().chain(absent).collect();
        }
        self.sparse(SparseAction::Disable);
    }

    fn sparse(&self, action: SparseAction) {
        let options = SparseOptions { action, dry_run: false };
        sparse::run(&self.context, &options).expect("sparse");
    }

    /// What is out of the set is not reported as deleted.
    fn assert_not_deleted(&self, paths: &[&str]) {
        let status = status::run(&self.context, &StatusOptions::default()).expect("status");
        let deleted = |path: &str| {
            let is_it = |change: &esker::ops::Change| {
                change.path == path && change.change == ChangeKind::Deleted
            };
            status.unstaged.iter().any(is_it)
        };
        assert!(!paths.iter().any(|path| deleted(path)), "{paths:?} count as deleted");
    }

    fn assert_whole(&self) {
        let checked = fsck::run(&self.context, &FsckOptions::default()).expect("fsck");
        assert!(checked.clean, "{:?}", checked.problems);
    }
}
