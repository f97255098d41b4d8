//! Verbs that bring two lines of work together: stash and merge.

use std::ops::ControlFlow;

use esker::id::BlobId;
use esker::ops::diff::{self, DiffOptions};
use esker::ops::ls::{self, LsKind, LsOptions};
use esker::ops::merge::{self, MergeOptions};
use esker::ops::stash::{self, Apply, StashAction, StashOutcome};
use esker::ops::status::{self, StatusOptions};
use esker::ops::{ErrorKind, MergeResult};

use super::moving::{bring, is_in_the_way};
use super::world::{World, failed, files};
use super::{Favour, Joined, Model, PATHS, Stashed, Tree, content, join, set};

impl World {
    pub(super) fn stash(&mut self, untracked: bool) {
        let result = stash::run(&self.context, &StashAction::Push { message: None, untracked });
        let model = &mut self.model;
        let is_known = |path: &&'static str, _: &mut Vec<u8>| model.stage.contains_key(path);
        let mut tracked = model.disk.clone();
        tracked.retain(is_known);
        let everything = if untracked { model.disk.clone() } else { tracked.clone() };
        let is_untouched = |path: &&str| {
            let (here, head) = (model.disk.get(path), model.head.get(path));
            everything.contains_key(*path) || here.is_none() || head.is_none() || here == head
        };
        if !PATHS.iter().all(is_untouched) {
            return failed(result.map(drop), ErrorKind::Conflict);
        }
        let (base, staged) = (model.head.clone(), model.stage.clone());
        let is_work = everything != base || staged != base;
        let StashOutcome::Push { saved, .. } = result.expect("stash") else {
            panic!("stash push did something else");
        };
        // Folders without files are work too, and the model knows of none.
        assert!(saved.is_some() || !is_work, "work was not put aside");
        if saved.is_some() {
            bring(&mut model.disk, &everything, &base);
            model.stage = base.clone();
            model.stashes.push(Stashed { base, staged, tracked, everything });
        }
    }

    pub(super) fn unstash(&mut self, index: bool, keep: bool) {
        let apply = Apply { stash: None, index };
        let action = if keep { StashAction::Apply(apply) } else { StashAction::Pop(apply) };
        let result = stash::run(&self.context, &action).map(drop);
        let Some(stash) = self.model.stashes.last().cloned() else {
            return failed(result, ErrorKind::Failed);
        };
        let ours = self.model.stage.clone();
        let joined = |theirs| join(&stash.base, &ours, theirs, Favour::Neither);
        let staged = if index { joined(&stash.staged) } else { Joined::Clean(Tree::new()) };
        match (joined(&stash.everything), staged) {
            (Joined::Unknown, _) | (_, Joined::Unknown) => {
                self.adopt(result.is_ok(), &[&stash.everything, &stash.staged, &ours]);
            }
            (Joined::Clean(merged), Joined::Clean(staged)) => {
                let model = &mut self.model;
                if is_in_the_way(model, &ours, &merged) {
                    return failed(result, ErrorKind::Conflict);
                }
                result.expect("stash pop");
                bring(&mut model.disk, &ours, &merged);
                model.stage = match index {
                    true => staged,
                    false => with_new_files(&ours, &stash, &merged),
                };
            }
            _ => return failed(result, ErrorKind::Conflict),
        }
        if !keep && self.stash_count() < self.model.stashes.len() {
            self.model.stashes.pop();
        }
    }

    fn stash_count(&self) -> usize {
        match stash::run(&self.context, &StashAction::List).expect("stash list") {
            StashOutcome::List { stashes } => stashes.len(),
            other => panic!("no list of stashes: {other:?}"),
        }
    }

    pub(super) fn merge(&mut self, name: &'static str, favour: Favour) {
        let options = MergeOptions {
            revision: name.to_owned(),
            ours: favour == Favour::Ours,
            theirs: favour == Favour::Theirs,
            ..MergeOptions::default()
        };
        let is_unready = self.has_staged_work();
        let result = merge::run(&self.context, &options);
        let (Some(theirs), Some(ours)) = (self.model.branches.get(name).copied(), self.model.at)
        else {
            return failed(result.map(drop), ErrorKind::Failed);
        };
        let model = &mut self.model;
        if model.history(ours).contains(&theirs) {
            let outcome = result.expect("nothing to merge");
            return assert_eq!(outcome.result, MergeResult::UpToDate);
        }
        if is_unready {
            return failed(result.map(drop), ErrorKind::Conflict);
        }
        let tree = |at: usize| model.commits[at].tree.clone();
        let joined = match model.bases(ours, theirs)[..] {
            [base] if base == ours => Joined::Clean(tree(theirs)),
            [base] => join(&tree(base), &tree(ours), &tree(theirs), favour),
            _ => Joined::Unknown,
        };
        let is_forward = model.history(theirs).contains(&ours);
        let is_dirty = model.disk != model.stage;
        match (joined, result) {
            (Joined::Clean(merged), result) if is_in_the_way(model, &model.head, &merged) => {
                failed(result.map(drop), ErrorKind::Conflict);
            }
            (Joined::Clean(merged), result) => {
                let id = result.expect("merge").commit.expect("a commit").to_string();
                let parents = if is_forward { Vec::new() } else { vec![ours, theirs] };
                self.merged(id, merged, parents);
            }
            // Unsaved work may be where the merge would write.
            (_, Err(e)) => assert!(is_dirty && e.kind() == ErrorKind::Conflict, "{e}"),
            (joined, Ok(outcome)) if outcome.result == MergeResult::Conflicts => {
                assert!(joined == Joined::Conflicts || joined == Joined::Unknown);
                merge::abort(&self.context, false).expect("it can be given up");
            }
            (joined, Ok(outcome)) => {
                assert_eq!(joined, Joined::Unknown, "{:?}", outcome.result);
                let id = outcome.commit.expect("a commit").to_string();
                let merged = self.files_of(&id);
                assert_from(&merged, &[&tree_of(&self.model, ours), &tree_of(&self.model, theirs)]);
                self.merged(id, merged, vec![ours, theirs]);
            }
        }
    }

    fn merged(&mut self, id: String, tree: Tree, parents: Vec<usize>) {
        let model = &mut self.model;
        let head = model.head.clone();
        bring(&mut model.disk, &head, &tree);
        model.stage = tree.clone();
        let to = model.commit(id, tree, parents);
        model.advance(to);
    }

    /// Whether anything is staged, be it a folder without files.
    fn has_staged_work(&self) -> bool {
        let status = status::run(&self.context, &StatusOptions::default()).expect("status");
        !status.staged.is_empty()
    }

    /// Takes over what a verb did where the model cannot tell: every file must come from somewhere.
    fn adopt(&mut self, is_done: bool, sources: &[&Tree]) {
        if is_done {
            let before = self.model.disk.clone();
            let disk = files(self.dir.path());
            assert_from(&disk, &[sources, &[&before]].concat());
            self.model.disk = disk;
            let stage = self.staged_files();
            assert_from(&stage, sources);
            self.model.stage = stage;
        }
    }

    /// The files of a commit, as `ls` has them.
    fn files_of(&self, commit: &str) -> Tree {
        let options = LsOptions {
            revision: Some(commit.to_owned()),
            recursive: true,
            ..LsOptions::default()
        };
        let mut tree = Tree::new();
        let result = ls::run(&self.context, &options, &mut |entry| {
            if entry.kind != LsKind::Directory {
                let path = PATHS.into_iter().find(|path| *path == entry.path);
                tree.insert(path.expect("a known path"), content_of(&entry.id));
            }
            ControlFlow::Continue(())
        });
        result.expect("ls");
        tree
    }

    /// The files of the stage: HEAD's, and what differs from them.
    fn staged_files(&self) -> Tree {
        let options = DiffOptions { staged: true, ..DiffOptions::default() };
        let diff = diff::run(&self.context, &options, &mut |_| ControlFlow::Continue(()));
        let mut tree = self.model.head.clone();
        for change in diff.expect("diff --staged").changes {
            let Some(path) = PATHS.into_iter().find(|path| *path == change.path) else { continue };
            let new = change.new.and_then(|state| state.id);
            set(&mut tree, path, new.map(|id| content_of(&id.to_string())).as_ref());
        }
        tree
    }
}

fn tree_of(model: &Model, at: usize) -> Tree {
    model.commits[at].tree.clone()
}

/// The stage, and the files that a stash added and that were known to the stage.
fn with_new_files(ours: &Tree, stash: &Stashed, merged: &Tree) -> Tree {
    let mut stage = ours.clone();
    for path in PATHS {
        let is_new = !stash.base.contains_key(path) && stash.tracked.contains_key(path);
        if let Some(content) = merged.get(path).filter(|_| is_new && !ours.contains_key(path)) {
            stage.insert(path, content.clone());
        }
    }
    stage
}

fn content_of(id: &str) -> Vec<u8> {
    let all = PATHS.into_iter().flat_map(|path| (0..4).map(move |number| content(path, number)));
    let mut found = all.filter(|content| BlobId::of(content).to_string() == id);
    found.next().expect("content that some step wrote")
}

#[track_caller]
fn assert_from(tree: &Tree, sources: &[&Tree]) {
    let is_there =
        |content: &Vec<u8>| sources.iter().any(|source| source.values().any(|c| c == content));
    assert!(tree.values().all(is_there), "there is content that nobody had");
}
