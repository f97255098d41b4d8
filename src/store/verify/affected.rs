//! Who needs what is lost: the paths of damaged trees and contents, found by a second walk.
//!
//! Only made when something is lost. A directory below which nothing more is to be found is never
//! entered again, so that neither a long history nor shared directories make the walk long.

use std::collections::{HashMap, HashSet};

use super::report::Lost;
use super::{Run, VerifyError};
use crate::id::TreeId;
use crate::object::access::ReadObjects;
use crate::object::tree::{EntryValue, Node};
use crate::store::Store;

/// Names up to ten paths for each problem by which trees or contents are lost.
pub(super) fn find(
    run: &Run<'_>,
    store: &Store,
    starts: &[(String, TreeId)],
) -> Result<(), VerifyError> {
    let lost = run.problems().lost_below_commits();
    if lost.is_empty() {
        return Ok(());
    }
    let (done, path) = (HashSet::new(), Vec::new());
    let mut search = Search { run, store, lost, done, path, found: 0 };
    for (label, tree) in starts {
        search.below(label, *tree)?;
    }
    Ok(())
}

struct Search<'s> {
    run: &'s Run<'s>,
    store: &'s Store,
    lost: HashMap<Lost, usize>,
    /// Directories that have nothing more to tell.
    done: HashSet<TreeId>,
    /// Names of the folders from the root to the directory at hand.
    path: Vec<Box<str>>,
    found: u64,
}

enum Step {
    Enter(TreeId, Option<Box<str>>),
    /// How much had been found when it was entered, and whether it has a name.
    Leave(TreeId, u64, bool),
}

impl Search<'_> {
    fn below(&mut self, label: &str, tree: TreeId) -> Result<(), VerifyError> {
        let mut steps = vec![Step::Enter(tree, None)];
        while let Some(step) = steps.pop() {
            match step {
                Step::Enter(id, _) if self.done.contains(&id) => {}
                Step::Enter(id, name) => {
                    self.run.options.cancel.check()?;
                    steps.push(Step::Leave(id, self.found, name.is_some()));
                    self.path.extend(name);
                    self.directory(label, id, &mut steps);
                }
                Step::Leave(id, before, has_name) => {
                    if before == self.found {
                        self.done.insert(id);
                    }
                    if has_name {
                        self.path.pop();
                    }
                }
            }
        }
        Ok(())
    }

    /// Goes through the nodes of one directory as far as they can be read.
    fn directory(&mut self, label: &str, top: TreeId, steps: &mut Vec<Step>) {
        let mut nodes = vec![top];
        while let Some(id) = nodes.pop() {
            self.note(label, Lost::Tree(id), None);
            let Ok(node) = self.store.read_tree(id) else { continue };
            match &*node {
                Node::Inner { children, .. } => nodes.extend(children.iter().map(|c| c.id)),
                Node::Leaf(entries) => {
                    for entry in entries {
                        match entry.value {
                            EntryValue::File { id, .. } => {
                                self.note(label, Lost::Blob(id), Some(&entry.name));
                            }
                            EntryValue::Directory { id, .. } => {
                                steps.push(Step::Enter(id, Some(entry.name.clone())));
                            }
                            EntryValue::Symlink { .. } => {}
                        }
                    }
                }
            }
        }
    }

    fn note(&mut self, label: &str, lost: Lost, name: Option<&str>) {
        let Some(&at) = self.lost.get(&lost) else { return };
        let path = || {
            let names: Vec<&str> = self.path.iter().map(|n| &**n).chain(name).collect();
            format!("{label}:{}", names.join("/"))
        };
        if self.run.problems().needed_by(at, path) {
            self.found += 1;
        }
    }
}
