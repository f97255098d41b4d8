//! Renames among the differences of two trees: what is gone in one place and new in another, with the
//! same id.
//!
//! Ids are content, so that nothing is read and nothing is guessed: a file that was also changed is one
//! that is gone and one that is new. A folder that moved whole is one rename. The cost is linear in the
//! number of differences.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::Hash;

use super::tree::Change;
use crate::id::{BlobId, TreeId};
use crate::object::tree::EntryValue;
use crate::path::RepoPath;

/// One path that differs, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Moved {
    /// What differs; for a rename the path is the new one, and both sides are set.
    pub change: Change,
    /// The old path of a rename.
    pub from: Option<RepoPath>,
}

/// Pairs what is gone with what is new under the same id; everything else stays as it is, in order.
///
/// `changes` is what [`super::tree::diff`] visits, in its order. Of several candidates one with the
/// same name is taken, or else the first; empty files and folders without files are never paired.
pub fn pair(changes: Vec<Change>) -> Vec<Moved> {
    let mut pairing = Pairing { changes: &changes, fates: vec![Fate::Stays; changes.len()] };
    pairing.folders();
    pairing.files();
    let fates = pairing.fates;
    let olds: Vec<(RepoPath, Option<EntryValue>)> = changes
        .iter()
        .zip(&fates)
        .filter(|(_, fate)| matches!(fate, Fate::Source))
        .map(|(change, _)| (change.path.clone(), change.old.clone()))
        .collect();
    let number: HashMap<usize, usize> =
        (0..changes.len()).filter(|at| matches!(fates[*at], Fate::Source)).zip(0..).collect();
    let moved = |(mut change, fate): (Change, Fate)| match fate {
        Fate::Stays => Some(Moved { change, from: None }),
        Fate::Source | Fate::Inside => None,
        Fate::MovedFrom(at) => {
            let (from, old) = olds[number[&at]].clone();
            change.old = old;
            Some(Moved { change, from: Some(from) })
        }
    };
    changes.into_iter().zip(fates).filter_map(moved).collect()
}

/// What becomes of one difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is told as it is.
    Stays,
    /// It is the new place of another one.
    MovedFrom(usize),
    /// It is the old place of another one.
    Source,
    /// It lies in a folder that moved.
    Inside,
}

struct Pairing<'c> {
    changes: &'c [Change],
    fates: Vec<Fate>,
}

impl<'c> Pairing<'c> {
    /// Pairs folders, those above before those inside them.
    fn folders(&mut self) {
        let mut gone = Gone::new(self, folder_id);
        let (mut old_tops, mut new_tops) = (HashSet::new(), HashSet::new());
        // A folder from which part was taken is no longer whole.
        let mut broken: HashSet<&str> = HashSet::new();
        for (at, change) in self.changes.iter().enumerate() {
            let Some(id) = new_only(change).and_then(folder_id) else { continue };
            if ancestors(&change.path).any(|dir| new_tops.contains(dir)) {
                continue;
            }
            let is_whole = |path: &RepoPath| {
                !broken.contains(path.as_str())
                    && !ancestors(path).any(|dir| old_tops.contains(dir))
            };
            if let Some(from) = gone.take(id, &change.path, &self.fates, is_whole) {
                let old = &self.changes[from].path;
                broken.extend(ancestors(old));
                old_tops.insert(old.as_str());
                new_tops.insert(change.path.as_str());
                (self.fates[at], self.fates[from]) = (Fate::MovedFrom(from), Fate::Source);
            }
        }
        if old_tops.is_empty() {
            return;
        }
        for (change, fate) in self.changes.iter().zip(&mut self.fates) {
            let tops = match (&change.old, &change.new) {
                (Some(_), None) => &old_tops,
                (None, Some(_)) => &new_tops,
                _ => continue,
            };
            if ancestors(&change.path).any(|dir| tops.contains(dir)) {
                *fate = Fate::Inside;
            }
        }
    }

    fn files(&mut self) {
        let mut gone = Gone::new(self, file_id);
        for (at, change) in self.changes.iter().enumerate() {
            let id = new_only(change).and_then(file_id);
            let Some(id) = id.filter(|_| self.fates[at] == Fate::Stays) else { continue };
            if let Some(from) = gone.take(id, &change.path, &self.fates, |_| true) {
                (self.fates[at], self.fates[from]) = (Fate::MovedFrom(from), Fate::Source);
            }
        }
    }
}

/// What is gone, by id and by id and name.
struct Gone<'c, I> {
    changes: &'c [Change],
    by_name: HashMap<(I, &'c str), VecDeque<usize>>,
    by_id: HashMap<I, VecDeque<usize>>,
}

impl<'c, I: Copy + Eq + Hash> Gone<'c, I> {
    fn new(pairing: &Pairing<'c>, id_of: fn(&EntryValue) -> Option<I>) -> Self {
        let changes = pairing.changes;
        let mut gone = Self { changes, by_name: HashMap::new(), by_id: HashMap::new() };
        for (at, change) in changes.iter().enumerate() {
            let old = change.old.as_ref().filter(|_| change.new.is_none());
            let id = old.and_then(id_of).filter(|_| pairing.fates[at] == Fate::Stays);
            if let (Some(id), Some(name)) = (id, change.path.name()) {
                gone.by_name.entry((id, name)).or_default().push_back(at);
                gone.by_id.entry(id).or_default().push_back(at);
            }
        }
        gone
    }

    /// Takes the best candidate that is still free and usable; looks at each only once.
    fn take(
        &mut self,
        id: I,
        path: &'c RepoPath,
        fates: &[Fate],
        is_usable: impl Fn(&RepoPath) -> bool,
    ) -> Option<usize> {
        let name = path.name().unwrap_or_default();
        let queues = [self.by_name.get_mut(&(id, name)), self.by_id.get_mut(&id)];
        queues.into_iter().flatten().find_map(|queue| {
            let is_free =
                |at: &usize| fates[*at] == Fate::Stays && is_usable(&self.changes[*at].path);
            std::iter::from_fn(|| queue.pop_front()).find(is_free)
        })
    }
}

fn new_only(change: &Change) -> Option<&EntryValue> {
    change.new.as_ref().filter(|_| change.old.is_none())
}

fn folder_id(value: &EntryValue) -> Option<TreeId> {
    match value {
        EntryValue::Directory { id, files: 1.., .. } => Some(*id),
        _ => None,
    }
}

fn file_id(value: &EntryValue) -> Option<BlobId> {
    match value {
        EntryValue::File { id, size: 1.., .. } => Some(*id),
        _ => None,
    }
}

/// The folders that hold a path, the nearest first, without the root.
fn ancestors(path: &RepoPath) -> impl Iterator<Item = &str> {
    let mut rest = path.as_str();
    std::iter::from_fn(move || {
        rest = &rest[..rest.rfind('/')?];
        Some(rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::tree;
    use crate::object::access::MemoryObjects;
    use crate::object::paths::edit_paths;

    /// A tree of files, given as `path=content`.
    fn tree(objects: &mut MemoryObjects, files: &[&str]) -> TreeId {
        let edits = files.iter().map(|file| {
            let (path, content) = file.split_once('=').expect("path=content");
            let id = BlobId::of(content.as_bytes());
            let value = EntryValue::File { id, size: content.len() as u64, executable: false };
            (RepoPath::parse(path).expect("a valid path"), Some(value))
        });
        let base = MemoryObjects::new();
        edit_paths(&base, None, edits.collect(), objects).expect("edit").id
    }

    fn told(old: &[&str], new: &[&str]) -> Vec<String> {
        let mut objects = MemoryObjects::new();
        let (old, new) = (tree(&mut objects, old), tree(&mut objects, new));
        let changes = tree::changes(&objects, Some(old), Some(new)).expect("all is there");
        let shown = |moved: &Moved| {
            let path = moved.change.path.as_str();
            match (&moved.from, &moved.change.old, &moved.change.new) {
                (Some(from), ..) => format!("R {} -> {path}", from.as_str()),
                (_, None, _) => format!("A {path}"),
                (_, _, None) => format!("D {path}"),
                _ => format!("M {path}"),
            }
        };
        pair(changes).iter().map(shown).collect()
    }

    #[test]
    fn files_are_paired_by_content_and_first_by_name() {
        let old = ["a=1", "b/x=2", "c/x=2", "e=", "k=3"];
        let new = ["a2=1", "d/x=2", "d/y=2", "e2=", "k=4"];
        let expected = ["R a -> a2", "R c/x -> d/y"];
        let found = told(&old, &new);
        assert!(expected.iter().all(|line| found.iter().any(|f| f == line)), "{found:?}");
        assert!(found.contains(&"R b/x -> d/x".into()), "{found:?}");
        assert!(["D e", "A e2", "M k"].iter().all(|l| found.iter().any(|f| f == l)), "{found:?}");
    }

    #[test]
    fn a_folder_that_moved_is_one_rename_and_what_is_inside_is_not_told() {
        let found = told(&["old/a=1", "old/s/b=2", "k=3"], &["new/a=1", "new/s/b=2", "k=3"]);
        assert_eq!(found, ["R old -> new"]);
        let found = told(&["p/old/a=1", "p/keep=2"], &["new/a=1", "p/keep=2"]);
        assert_eq!(found, ["R p/old -> new"]);
    }

    #[test]
    fn a_folder_from_which_part_moved_elsewhere_is_not_whole() {
        // `x/c` goes to `a`; what is also in `b` is a copy, and new.
        let found = told(&["x/c/f=1"], &["a/f=1", "b/c/f=1"]);
        assert_eq!(found, ["R x/c -> a", "A b", "A b/c", "A b/c/f", "D x"]);
    }

    #[test]
    fn a_file_is_moved_once() {
        let found = told(&["a=1"], &["b=1", "c=1"]);
        assert_eq!(found, ["R a -> b", "A c"]);
    }
}
