use std::collections::HashMap;

use super::graph::{Edge, arrange};
use super::*;
use crate::id::{BlobId, TreeId};
use crate::object::access::{MemoryObjects, WriteObjects};
use crate::object::commit::Person;
use crate::object::paths::edit_paths;
use crate::object::tree::EntryValue;

/// A history in memory; commits are named by their message.
struct History {
    objects: MemoryObjects,
    names: HashMap<CommitId, String>,
    time: i64,
}

impl History {
    fn new() -> Self {
        Self { objects: MemoryObjects::new(), names: HashMap::new(), time: 0 }
    }

    /// A commit of files, given as `path=content`, one second after the one before.
    fn commit(&mut self, name: &str, parents: &[CommitId], files: &[&str]) -> CommitId {
        self.time += 1;
        let tree = self.tree(files);
        let time = self.time;
        let (message, offset_minutes) = (name.to_owned(), 0);
        let (name, email) = ("Ada".to_owned(), "ada@example.org".to_owned());
        let author = Person { name, email, seconds: time, offset_minutes };
        let commit = Commit {
            tree,
            attributes: None,
            parents: parents.to_vec(),
            committer: author.clone(),
            author,
            message: message.clone(),
            metadata: Default::default(),
            signature: None,
        };
        let encoded = commit.encode().expect("a valid commit");
        let id = CommitId::of(&encoded);
        self.objects.write_commit(id, encoded).expect("memory");
        self.names.insert(id, message);
        id
    }

    fn tree(&mut self, files: &[&str]) -> TreeId {
        let edits = files.iter().map(|file| {
            let (path, content) = file.split_once('=').expect("path=content");
            let id = BlobId::of(content.as_bytes());
            let value = EntryValue::File { id, size: content.len() as u64, executable: false };
            (path_of(path), Some(value))
        });
        let base = MemoryObjects::new();
        edit_paths(&base, None, edits.collect(), &mut self.objects).expect("edit").id
    }

    fn names(&self, walk: Ancestors<'_>) -> String {
        let name = |found: Result<(CommitId, Commit), AccessError>| {
            self.names[&found.expect("all objects are there").0].clone()
        };
        walk.map(name).collect::<Vec<_>>().join(" ")
    }

    fn touching(&self, start: CommitId, paths: &[&str]) -> String {
        let paths = paths.iter().map(|path| path_of(path)).collect();
        let walk = Ancestors::build(&self.objects).touching(Selection::of(paths)).start([start]);
        self.names(walk.expect("the start is there"))
    }
}

fn path_of(text: &str) -> RepoPath {
    RepoPath::parse(text).expect("a valid path")
}

#[test]
fn only_commits_that_changed_a_path_are_found() {
    let mut h = History::new();
    let a = h.commit("a", &[], &["x/f=1", "y=1"]);
    let b = h.commit("b", &[a], &["x/f=1", "y=2"]);
    let c = h.commit("c", &[b], &["x/f=2", "y=2"]);
    let d = h.commit("d", &[c], &["y=2"]);
    let e = h.commit("e", &[d], &["x/g=1", "y=2"]);
    assert_eq!(h.touching(e, &["x"]), "e d c a");
    assert_eq!(h.touching(e, &["x/f"]), "d c a");
    assert_eq!(h.touching(e, &["y"]), "b a");
    assert_eq!(h.touching(e, &["x/g", "y"]), "e b a");
    assert_eq!(h.touching(e, &["nothing"]), "");
    assert_eq!(h.touching(e, &[""]), "e d c b a");
    assert_eq!(h.touching(e, &[]), "e d c b a");
}

#[test]
fn a_merge_that_took_one_side_leads_to_that_side_alone() {
    let mut h = History::new();
    let a = h.commit("a", &[], &["f=1"]);
    let left = h.commit("left", &[a], &["f=2"]);
    let right = h.commit("right", &[a], &["f=3"]);
    let took_right = h.commit("merge", &[left, right], &["f=3"]);
    assert_eq!(h.touching(took_right, &["f"]), "right a");
    let mixed = h.commit("mixed", &[left, right], &["f=4"]);
    assert_eq!(h.touching(mixed, &["f"]), "mixed right left a");
    let walk = Ancestors::build(&h.objects).first_parent().start([mixed]);
    assert_eq!(h.names(walk.expect("start")), "mixed left a");
}

#[test]
fn a_walk_ends_at_its_bounds() {
    let mut h = History::new();
    let a = h.commit("a", &[], &["f=1"]);
    let b = h.commit("b", &[a], &["f=2"]);
    let c = h.commit("c", &[b], &["f=3"]);
    let walk = Ancestors::build(&h.objects).not_before(2).start([c]);
    assert_eq!(h.names(walk.expect("start")), "c b");
    let walk = Ancestors::build(&h.objects).within([b, c].into()).start([c]);
    assert_eq!(h.names(walk.expect("start")), "c b");
}

#[test]
fn drawn_commits_keep_their_order_and_edges_pass_over_others() {
    let mut h = History::new();
    let a = h.commit("a", &[], &["f=1"]);
    let b = h.commit("b", &[a], &["f=1", "g=1"]);
    let c = h.commit("c", &[b], &["f=2", "g=1"]);
    let d = h.commit("d", &[a], &["f=3"]);
    let e = h.commit("e", &[c, d], &["f=4", "g=1"]);
    let mut walk = Ancestors::build(&h.objects)
        .touching(Selection::of(vec![path_of("f")]))
        .with_links()
        .start([e])
        .expect("start");
    let shown: Vec<CommitId> = walk.by_ref().map(|found| found.expect("all is there").0).collect();
    assert_eq!(shown, [e, d, c, a]);
    let placed = arrange(&walk.into_links(), &shown);
    let ids: Vec<CommitId> = placed.iter().map(|p| p.id).collect();
    assert_eq!(ids, [e, d, c, a]);
    assert_eq!(placed[0].edges, [Edge::Parent(c), Edge::Parent(d)]);
    assert_eq!(placed[2].edges, [Edge::Ancestor(a)]);
    assert!(placed[3].edges.is_empty());
}
