//! Verbs that move HEAD and branches.

use esker::ops::branch::{self, BranchAction};
use esker::ops::checkout::{self, CheckoutOptions};
use esker::ops::reset::{self, ResetMode, ResetOptions};
use esker::ops::switch::{self, SwitchOptions, SwitchTo};
use esker::ops::{ErrorKind, OpError};

use super::world::{World, failed};
use super::{BRANCHES, Model, PATHS, Step, Tree, set};

impl World {
    pub(super) fn move_or_join(&mut self, step: &Step) {
        match *step {
            Step::Checkout { back, force } => {
                if let Some(at) = self.model.back(back) {
                    self.checkout(at, force);
                }
            }
            Step::Reset { back, mode } => {
                if let Some(at) = self.model.back(back) {
                    self.reset(at, mode);
                }
            }
            Step::Branch { name, back, force } => {
                if let Some(at) = self.model.back(back) {
                    self.branch(BRANCHES[name], at, force);
                }
            }
            Step::DeleteBranch { name, force } => self.delete_branch(BRANCHES[name], force),
            // Before the first commit there is nothing to switch to.
            _ if self.model.at.is_none() => {}
            Step::Switch { name, force } => self.switch(BRANCHES[name], force),
            Step::SwitchToNew(name) => self.switch_to_new(BRANCHES[name]),
            Step::Stash { untracked } => self.stash(untracked),
            Step::Unstash { index, keep } => self.unstash(index, keep),
            Step::Merge { name, favour } => self.merge(BRANCHES[name], favour),
            _ => unreachable!("{step:?} is about files"),
        }
    }

    fn checkout(&mut self, at: usize, force: bool) {
        let target = Some(self.model.commits[at].id.clone());
        let options = CheckoutOptions { target, force, ..CheckoutOptions::default() };
        let result = checkout::run(&self.context, &options).map(drop);
        self.arrive(result, at, None, force);
    }

    fn switch(&mut self, name: &'static str, force: bool) {
        let to = SwitchTo::Branch(name.to_owned());
        let options = SwitchOptions { to, force, dry_run: false };
        let result = switch::run(&self.context, &options).map(drop);
        match self.model.branches.get(name) {
            Some(at) => self.arrive(result, *at, Some(name), force),
            None => failed(result, ErrorKind::Failed),
        }
    }

    fn switch_to_new(&mut self, name: &'static str) {
        let to = SwitchTo::New { name: name.to_owned(), start: None, force: false };
        let options = SwitchOptions { to, force: false, dry_run: false };
        let result = switch::run(&self.context, &options).map(drop);
        let model = &mut self.model;
        if model.branches.contains_key(name) {
            return failed(result, ErrorKind::Failed);
        }
        result.expect("switch -c");
        model.on = Some(name);
        model.branches.extend(model.at.map(|at| (name, at)));
    }

    /// HEAD was to be moved to a commit, and the worktree with it.
    fn arrive(
        &mut self,
        result: Result<(), OpError>,
        at: usize,
        branch: Option<&'static str>,
        force: bool,
    ) {
        let model = &mut self.model;
        let target = model.commits[at].tree.clone();
        if force {
            // Every tracked file becomes what the target has; what was never added stays.
            model.take_tracked(&target);
            result.expect("a move by force");
        } else if target != model.head {
            let is_unstaged = |path: &&str| {
                let (old, new) = (model.head.get(path), model.stage.get(path));
                new != old && target.get(path) != old && target.get(path) != new
            };
            if is_in_the_way(model, &model.head, &target) || PATHS.iter().any(is_unstaged) {
                return failed(result, ErrorKind::Conflict);
            }
            result.expect("a move");
            let head = model.head.clone();
            bring(&mut model.disk, &head, &target);
            bring(&mut model.stage, &head, &target);
        } else {
            result.expect("a move to the same files");
        }
        model.on = branch;
        model.at = Some(at);
        model.head = target;
    }

    fn reset(&mut self, at: usize, mode: ResetMode) {
        let revision = Some(self.model.commits[at].id.clone());
        let options = ResetOptions { mode, revision, ..ResetOptions::default() };
        reset::run(&self.context, &options).expect("reset");
        let model = &mut self.model;
        let target = model.commits[at].tree.clone();
        match mode {
            ResetMode::Soft => {}
            ResetMode::Mixed => model.stage = target,
            ResetMode::Hard => model.take_tracked(&target),
        }
        model.advance(at);
    }

    fn branch(&mut self, name: &'static str, at: usize, force: bool) {
        let start = Some(self.model.commits[at].id.clone());
        let action = BranchAction::Create { name: name.to_owned(), start, force };
        let result = branch::run(&self.context, &action).map(drop);
        let model = &mut self.model;
        let is_there = model.branches.contains_key(name);
        if is_there && (!force || model.on == Some(name)) {
            return failed(result, ErrorKind::Failed);
        }
        result.expect("branch");
        model.branches.insert(name, at);
    }

    fn delete_branch(&mut self, name: &'static str, force: bool) {
        let action = BranchAction::Delete { names: vec![name.to_owned()], force };
        let result = branch::run(&self.context, &action).map(drop);
        let model = &mut self.model;
        let Some(at) = model.branches.get(name) else {
            return failed(result, ErrorKind::Failed);
        };
        let is_merged = model.at.is_some_and(|head| model.history(head).contains(at));
        if model.on == Some(name) || !(is_merged || force) {
            return failed(result, ErrorKind::Failed);
        }
        result.expect("branch -d");
        model.branches.remove(name);
    }
}

/// Whether a file that differs between two trees has been changed on disk, and to something else.
pub(super) fn is_in_the_way(model: &Model, old: &Tree, new: &Tree) -> bool {
    let is_lost = |path: &&str| {
        let here = model.disk.get(path);
        let is_written = old.get(path) != new.get(path);
        is_written && here.is_some() && here != old.get(path) && here != new.get(path)
    };
    PATHS.iter().any(is_lost)
}

/// Brings what differs between two trees.
pub(super) fn bring(tree: &mut Tree, old: &Tree, new: &Tree) {
    for path in PATHS.into_iter().filter(|path| old.get(path) != new.get(path)) {
        set(tree, path, new.get(path));
    }
}
