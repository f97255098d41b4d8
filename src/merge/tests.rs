use super::*;
use crate::id::BlobId;
use crate::object::access::MemoryObjects;
use crate::object::paths::edit_sorted;
use crate::object::prolly;
use crate::object::tree::{Entry, EntryValue, Node};
use crate::path::RepoPath;

fn path(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a valid path")
}

/// A value from its text: `*` for the executable bit, `@target` for a link, `/` for an empty folder.
fn value(objects: &mut MemoryObjects, text: &str) -> EntryValue {
    if text == "/" {
        return prolly::build([], objects).expect("empty").entry_value();
    }
    if let Some(target) = text.strip_prefix('@') {
        return EntryValue::Symlink { target: target.into() };
    }
    let (content, executable) = match text.strip_suffix('*') {
        Some(content) => (content, true),
        None => (text, false),
    };
    let (id, size) = (BlobId::of(content.as_bytes()), content.len() as u64);
    EntryValue::File { id, size, executable }
}

/// A tree from `path=value` words.
fn tree(objects: &mut MemoryObjects, words: &str) -> TreeId {
    let mut edits: Vec<_> = Vec::new();
    for word in words.split_whitespace() {
        let (at, text) = word.split_once('=').expect("path=value");
        edits.push((path(at), Some(value(objects, text))));
    }
    edits.sort_by(|a, b| a.0.cmp(&b.0));
    let read = objects.clone();
    edit_sorted(&read, None, &edits, objects).expect("edit").id
}

fn words(objects: &MemoryObjects, id: TreeId, at: &RepoPath, found: &mut Vec<String>) {
    for entry in prolly::iterate(objects, id) {
        let Entry { name, value } = entry.expect("all nodes are there");
        let at = at.join(&name).expect("valid");
        match value {
            EntryValue::Directory { id, .. } => {
                let before = found.len();
                words(objects, id, &at, found);
                if found.len() == before {
                    found.push(format!("{at}=/"));
                }
            }
            EntryValue::Symlink { target } => found.push(format!("{at}=@{target}")),
            EntryValue::File { id, executable, .. } => {
                let known = ["", "1", "2", "3", "4"];
                let content = known.iter().find(|c| BlobId::of(c.as_bytes()) == id);
                let bit = if executable { "*" } else { "" };
                found.push(format!("{at}={}{bit}", content.expect("a known content")));
            }
        }
    }
}

/// Merges three trees; gives the merged one and the conflicts, as words.
fn merged(base: &str, ours: &str, theirs: &str) -> (String, String) {
    let mut objects = MemoryObjects::new();
    let trees = Trees {
        base: Some(tree(&mut objects, base)),
        ours: tree(&mut objects, ours),
        theirs: tree(&mut objects, theirs),
        our_name: "HEAD",
        their_name: "side/x",
    };
    let read = objects.clone();
    let merged = merge_trees(&read, &trees, &mut objects).expect("all nodes are there");
    let mut found = Vec::new();
    words(&objects, merged.tree.id, &RepoPath::root(), &mut found);
    let conflict = |c: &Conflict| format!("{}: {}", c.path, c.kind);
    let conflicts: Vec<_> = merged.conflicts.iter().map(conflict).collect();
    (found.join(" "), conflicts.join(", "))
}

/// Asserts a merge without conflicts, and the same with the sides changed over.
fn clean(base: &str, ours: &str, theirs: &str, expected: &str) {
    assert_eq!(merged(base, ours, theirs), (expected.into(), String::new()));
    assert_eq!(merged(base, theirs, ours), (expected.into(), String::new()), "the other way");
}

#[test]
fn changes_of_different_paths_go_together() {
    clean("a=1 b=1 c=1", "a=2 b=1 c=1", "a=1 c=1 d=1", "a=2 c=1 d=1");
    clean("d/a=1 d/b=1", "d/a=2 d/b=1", "d/a=1 d/b=2", "d/a=2 d/b=2");
    clean("a=1", "a=2", "a=2", "a=2");
    clean("a=1", "", "", "");
    clean("", "new/x=1", "new/y=2", "new/x=1 new/y=2");
}

#[test]
fn a_path_changed_on_both_sides_is_a_conflict_and_ours_stays() {
    let found = merged("a=1", "a=2", "a=3");
    assert_eq!(found, ("a=2".into(), "a: both modified".into()));
    let found = merged("", "a=2", "a=3");
    assert_eq!(found, ("a=2".into(), "a: both added".into()));
    let found = merged("a=1", "a=2", "");
    assert_eq!(found, ("a=2".into(), "a: deleted by them".into()));
    let found = merged("a=1", "", "a=2");
    assert_eq!(found, ("a=2".into(), "a: deleted by us".into()));
}

#[test]
fn the_executable_bit_merges_apart_from_the_content() {
    clean("a=1", "a=1*", "a=2", "a=2*");
    clean("a=1*", "a=1", "a=2*", "a=2");
    assert_eq!(merged("", "a=1", "a=1*"), ("a=1".into(), "a: both added".into()));
    assert_eq!(merged("a=1", "a=2*", "a=3"), ("a=2*".into(), "a: both modified".into()));
}

#[test]
fn links_are_like_files_that_cannot_be_merged() {
    clean("a=@x", "a=@y", "a=@x b=1", "a=@y b=1");
    assert_eq!(merged("a=@x", "a=@y", "a=@z"), ("a=@y".into(), "a: both modified".into()));
    let found = merged("", "a=1", "a=@x");
    assert_eq!(found.0, "a=@x a~HEAD=1");
    assert_eq!(found.1, "a: file and link, a~HEAD: file and link");
}

#[test]
fn a_change_follows_a_renamed_file() {
    clean("a=1", "b=1", "a=2", "b=2");
    clean("a=1", "d/e=1", "a=1*", "d/e=1*");
    clean("d/a=1 d/b=1", "e/a=1 e/b=1", "d/a=2 d/b=1", "e/a=2 e/b=1");
    clean("a=1", "b=1", "b=1", "b=1");
    // Nothing follows an empty file: it may be any other one.
    let found = merged("a=", "b=", "a=2");
    assert_eq!(found, ("a=2 b=".into(), "a: deleted by us".into()));
}

#[test]
fn renames_that_contradict_are_conflicts() {
    let found = merged("a=1", "b=1", "c=1");
    assert_eq!(found.0, "b=1 c=1");
    assert_eq!(found.1, "a: both renamed, b: both renamed, c: both renamed");
    let found = merged("a=1", "b=1", "");
    assert_eq!(found, ("b=1".into(), "b: renamed and deleted".into()));
    let found = merged("a=1", "b=1", "a=2 b=3");
    assert_eq!(found, ("b=2".into(), "b: both added".into()));
}

#[test]
fn a_file_makes_way_for_a_folder_that_is_not_empty() {
    let found = merged("", "a=1", "a/x=2");
    assert_eq!(found, ("a/x=2 a~HEAD=1".into(), "a~HEAD: file and folder".into()));
    let found = merged("", "a/x=2", "a=1");
    assert_eq!(found, ("a/x=2 a~side_x=1".into(), "a~side_x: file and folder".into()));
    clean("a/x=1", "a=2", "a/x=1 b=1", "a=2 b=1");
    let found = merged("a/x=1 a/y=1", "a=2", "a/x=2 a/y=1");
    assert_eq!(found.0, "a/x=2 a~HEAD=2");
    assert_eq!(found.1, "a/x: deleted by us, a~HEAD: file and folder");
    clean("a=1", "a/x=2", "a=1 b=1", "a/x=2 b=1");
    let found = merged("a=1", "a/x=3", "a=2");
    assert_eq!(found, ("a/x=3 a~side_x=2".into(), "a~side_x: deleted by us".into()));
}

#[test]
fn empty_folders_are_kept_or_deleted_like_files() {
    clean("a=1", "a=1 e=/", "a=2", "a=2 e=/");
    clean("d/x=1 d/y=1 k=1", "k=1", "d/x=1 d/y=1 k=2", "k=2");
    clean("d/x=1 d/y=1", "d/x=1", "", "");
    clean("d/x=1 d/y=1", "d/x=1", "d/y=1", "d=/");
}

#[test]
fn a_merge_reads_and_writes_what_its_changes_touch() {
    struct Counting<'c>(&'c MemoryObjects, std::cell::Cell<usize>);
    impl ReadObjects for Counting<'_> {
        fn read_tree(&self, id: TreeId) -> Result<std::sync::Arc<Node>, AccessError> {
            self.1.set(self.1.get() + 1);
            self.0.read_tree(id)
        }
        fn read_commit(
            &self,
            id: crate::id::CommitId,
        ) -> Result<crate::object::Commit, AccessError> {
            self.0.read_commit(id)
        }
        fn read_tag(&self, id: crate::id::TagId) -> Result<crate::object::Tag, AccessError> {
            self.0.read_tag(id)
        }
    }
    let mut objects = MemoryObjects::new();
    let files = |objects: &mut MemoryObjects, changed: &[usize]| {
        let entries = (0..40_000).map(|n| {
            let content = if changed.contains(&n) { format!("{n} changed") } else { n.to_string() };
            let (id, size) = (BlobId::of(content.as_bytes()), content.len() as u64);
            let value = EntryValue::File { id, size, executable: false };
            Entry { name: format!("{n:06}").into(), value }
        });
        prolly::build(entries, objects).expect("valid")
    };
    let base = files(&mut objects, &[]);
    let (ours, theirs) = (files(&mut objects, &[100, 20_000]), files(&mut objects, &[101, 39_000]));
    let both = files(&mut objects, &[100, 101, 20_000, 39_000]);
    let trees = Trees {
        base: Some(base.id),
        ours: ours.id,
        theirs: theirs.id,
        our_name: "a",
        their_name: "b",
    };
    let counting = Counting(&objects, std::cell::Cell::new(0));
    let mut out = MemoryObjects::new();
    let merged = merge_trees(&counting, &trees, &mut out).expect("all nodes are there");
    assert_eq!((merged.tree, merged.conflicts.len()), (both, 0));
    assert!(counting.1.get() < 60, "{} nodes were read", counting.1.get());
    assert!(out.tree_count() < 6, "{} nodes were written", out.tree_count());
}
