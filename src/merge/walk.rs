//! Three trees in step: what only one side changed is taken whole, what both changed is laid open.

use std::collections::BTreeMap;

use super::{MergeError, Side, Trees};
use crate::diff::tree::{self as diff, Flow};
use crate::id::TreeId;
use crate::object::access::{AccessError, ReadObjects};
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue};
use crate::path::RepoPath;

/// What the three trees have at one path that is no directory.
#[derive(Clone, Debug, Default)]
pub(super) struct Stages {
    pub base: Option<EntryValue>,
    pub ours: Option<EntryValue>,
    pub theirs: Option<EntryValue>,
    /// The side that has a directory there.
    pub directory: Option<Side>,
    /// The path in the base, if it is another one.
    pub origin: Option<RepoPath>,
    /// A conflict that renames have led to, whatever the values are.
    pub conflict: Option<super::ConflictKind>,
}

impl Stages {
    pub fn side(&self, side: Side) -> &Option<EntryValue> {
        match side {
            Side::Ours => &self.ours,
            Side::Theirs => &self.theirs,
        }
    }

    pub fn side_mut(&mut self, side: Side) -> &mut Option<EntryValue> {
        match side {
            Side::Ours => &mut self.ours,
            Side::Theirs => &mut self.theirs,
        }
    }
}

/// A difference that was not looked into.
pub(super) struct Unseen {
    pub path: RepoPath,
    pub old: Option<EntryValue>,
    pub new: Option<EntryValue>,
}

/// What the walk found.
pub(super) struct Walk<'r> {
    pub read: &'r dyn ReadObjects,
    pub trees: Trees<'r>,
    /// Paths to be decided upon.
    pub open: BTreeMap<RepoPath, Stages>,
    /// What is taken from their side, as edits of ours.
    pub edits: BTreeMap<RepoPath, Option<EntryValue>>,
    /// What only we, and only they, changed.
    pub one_sided: [Vec<Unseen>; 2],
    /// What both sides changed alike.
    pub alike: Vec<Unseen>,
    /// Directories of ours that they deleted: to go when nothing is left in them.
    pub deserted: Vec<RepoPath>,
}

/// Where a side is in lists of two.
pub(super) fn index(side: Side) -> usize {
    match side {
        Side::Ours => 0,
        Side::Theirs => 1,
    }
}

pub(super) fn file(value: &Option<EntryValue>) -> Option<EntryValue> {
    value.clone().filter(|v| !matches!(v, EntryValue::Directory { .. }))
}

pub(super) fn directory(value: &Option<EntryValue>) -> Option<EntryValue> {
    value.clone().filter(|v| matches!(v, EntryValue::Directory { .. }))
}

pub(super) fn tree_id(value: &Option<EntryValue>) -> Option<TreeId> {
    match value {
        Some(EntryValue::Directory { id, .. }) => Some(*id),
        _ => None,
    }
}

impl<'r> Walk<'r> {
    /// Walks the three trees.
    pub fn new(read: &'r dyn ReadObjects, trees: &Trees<'r>) -> Result<Self, MergeError> {
        let mut walk = Self {
            read,
            trees: *trees,
            open: BTreeMap::new(),
            edits: BTreeMap::new(),
            one_sided: [Vec::new(), Vec::new()],
            alike: Vec::new(),
            deserted: Vec::new(),
        };
        let root = RepoPath::root();
        let top = |id| prolly::resolve(read, id, &root);
        let base = trees.base.map(top).transpose()?.flatten();
        walk.visit(root.clone(), base, top(trees.ours)?, top(trees.theirs)?)?;
        Ok(walk)
    }

    fn visit(
        &mut self,
        path: RepoPath,
        base: Option<EntryValue>,
        ours: Option<EntryValue>,
        theirs: Option<EntryValue>,
    ) -> Result<(), MergeError> {
        if ours == theirs {
            if base != ours {
                self.alike.push(Unseen { path, old: base, new: ours });
            }
            return Ok(());
        }
        if base == ours {
            self.edits.insert(path.clone(), theirs.clone());
            self.one_sided[index(Side::Theirs)].push(Unseen { path, old: base, new: theirs });
            return Ok(());
        }
        if base == theirs {
            self.one_sided[index(Side::Ours)].push(Unseen { path, old: base, new: ours });
            return Ok(());
        }
        let stages = Stages {
            base: file(&base),
            ours: file(&ours),
            theirs: file(&theirs),
            directory: side_of_directory(&ours, &theirs),
            ..Stages::default()
        };
        if stages.base.is_none() && stages.ours.is_none() && stages.theirs.is_none() {
            return self.directories(&path, [tree_id(&base), tree_id(&ours), tree_id(&theirs)]);
        }
        self.open.insert(path.clone(), stages);
        self.visit(path, directory(&base), directory(&ours), directory(&theirs))
    }

    /// Three directories, no two of which are equal.
    fn directories(
        &mut self,
        path: &RepoPath,
        [base, ours, theirs]: [Option<TreeId>; 3],
    ) -> Result<(), MergeError> {
        if ours.is_some() && theirs.is_none() {
            self.deserted.push(path.clone());
        }
        let our_changes = level(self.read, base, ours)?;
        let mut their_changes = level(self.read, base, theirs)?.into_iter().peekable();
        for (name, old, new) in our_changes {
            while let Some((name, old, new)) = their_changes.next_if(|c| c.0 < name) {
                self.visit(path.join(&name)?, old.clone(), old, new)?;
            }
            let theirs = match their_changes.next_if(|c| c.0 == name) {
                Some((_, _, theirs)) => theirs,
                None => old.clone(),
            };
            self.visit(path.join(&name)?, old, new, theirs)?;
        }
        for (name, old, new) in their_changes {
            self.visit(path.join(&name)?, old.clone(), old, new)?;
        }
        Ok(())
    }

    /// What is open at a path; what all trees have there, if nothing was yet.
    pub fn stages(&mut self, path: &RepoPath) -> Result<&mut Stages, MergeError> {
        if !self.open.contains_key(path) {
            let (read, trees) = (self.read, self.trees);
            let at = |tree: Option<TreeId>| match tree {
                Some(tree) => prolly::resolve(read, tree, path),
                None => Ok(None),
            };
            let (base, ours, theirs) =
                (at(trees.base)?, at(Some(trees.ours))?, at(Some(trees.theirs))?);
            let stages = Stages {
                base: file(&base),
                ours: file(&ours),
                theirs: file(&theirs),
                directory: side_of_directory(&ours, &theirs),
                ..Stages::default()
            };
            self.open.insert(path.clone(), stages);
        }
        Ok(self.open.get_mut(path).expect("inserted just now"))
    }
}

fn side_of_directory(ours: &Option<EntryValue>, theirs: &Option<EntryValue>) -> Option<Side> {
    match (tree_id(ours), tree_id(theirs)) {
        (Some(_), _) => Some(Side::Ours),
        (_, Some(_)) => Some(Side::Theirs),
        _ => None,
    }
}

type NamedChange = (Box<str>, Option<EntryValue>, Option<EntryValue>);

/// The entries of one directory that differ.
fn level(
    read: &dyn ReadObjects,
    old: Option<TreeId>,
    new: Option<TreeId>,
) -> Result<Vec<NamedChange>, AccessError> {
    let mut found = Vec::new();
    let _ = diff::level(read, old, new, &mut |old: Option<Entry>, new: Option<Entry>| {
        let name = old.as_ref().or(new.as_ref()).map(|e| e.name.clone());
        let (old, new) = (old.map(|e| e.value), new.map(|e| e.value));
        if let Some(name) = name
            && old != new
        {
            found.push((name, old, new));
        }
        Ok(Flow::Continue(()))
    })?;
    Ok(found)
}
