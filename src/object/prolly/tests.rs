//! The shape of directories against a plain statement of the rule, and edits against rebuilding.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;

use super::edit::edit_with;
use super::read::check_with;
use super::*;
use crate::id::{BlobId, CommitId, TagId};
use crate::object::access::{MemoryObjects, NullObjects};
use crate::object::{Commit, Node, ReadObjects, Tag};
use crate::path::RepoPath;

/// Small numbers, so that a hundred names make several levels.
const SMALL: Shape = Shape { split_below: u64::MAX / 4, max_items: 7, single_leaf: 5 };

fn file(size: u64) -> EntryValue {
    EntryValue::File { id: BlobId::of(&size.to_le_bytes()), size, executable: false }
}

fn build_with(
    shape: Shape,
    entries: impl IntoIterator<Item = (Box<str>, EntryValue)>,
    out: &mut dyn WriteObjects,
) -> Result<Subtree, TreeError> {
    let mut builder = TreeBuilder::with_shape(shape, out);
    for (name, value) in entries {
        builder.push(Entry { name, value })?;
    }
    builder.finish()
}

/// The rule as the format page states it, level after level over whole lists.
fn by_the_page(shape: Shape, entries: &BTreeMap<Box<str>, EntryValue>) -> TreeId {
    let hash = |level: u8, name: &str| {
        let mut input = vec![level];
        input.extend_from_slice(name.as_bytes());
        let hash = blake3::derive_key("esker split v1", &input);
        u64::from_le_bytes(hash[..8].try_into().expect("8 bytes"))
    };
    let runs = |level: u8, names: Vec<&str>| {
        let mut runs = vec![0usize];
        for (at, name) in names.iter().enumerate() {
            let run = runs.last_mut().expect("never empty");
            *run += 1;
            let is_split = (level == 0 || *run >= 2) && hash(level, name) < shape.split_below;
            if at + 1 < names.len() && (is_split || *run == shape.max_items) {
                runs.push(0);
            }
        }
        runs
    };
    let mut rest: Vec<Entry> =
        entries.iter().map(|(n, v)| Entry { name: n.clone(), value: v.clone() }).collect();
    if rest.len() <= shape.single_leaf {
        return TreeId::of(&Node::Leaf(rest).encode());
    }
    let mut nodes = Vec::new();
    for run in runs(0, rest.iter().map(|e| &*e.name).collect()) {
        nodes.push(Node::Leaf(rest.drain(..run).collect()));
    }
    for level in 1.. {
        let mut children: Vec<ChildNode> = nodes
            .iter()
            .map(|node| {
                let name = node.last_name().expect("not empty").into();
                child_node(name, TreeId::of(&node.encode()), node.totals())
            })
            .collect();
        if let [only] = &children[..] {
            return only.id;
        }
        nodes.clear();
        for run in runs(level, children.iter().map(|c| &*c.last_name).collect()) {
            nodes.push(Node::Inner { level, children: children.drain(..run).collect() });
        }
    }
    unreachable!("levels end")
}

/// Counts what is read.
struct Counting<'a> {
    objects: &'a MemoryObjects,
    read: RefCell<Vec<TreeId>>,
}

impl ReadObjects for Counting<'_> {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        self.read.borrow_mut().push(id);
        self.objects.read_tree(id)
    }
    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        self.objects.read_commit(id)
    }
    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        self.objects.read_tag(id)
    }
}

fn directory(names: usize) -> impl Strategy<Value = BTreeMap<Box<str>, EntryValue>> {
    let name = (0..names * 2).prop_map(|n| format!("{n:x}").into());
    btree_map(name, (0u64..9).prop_map(file), 0..names)
}

type Edits = BTreeMap<Box<str>, Option<EntryValue>>;

fn edits(names: usize, count: usize) -> impl Strategy<Value = Edits> {
    let one = |(from, length, value): (usize, usize, Option<u64>)| {
        // Single names, and runs of neighbours: whole leaves come and go.
        (from..from + length).map(move |n| (format!("{n:x}").into(), value.map(file)))
    };
    let length = prop_oneof![3 => Just(1usize), 1 => 1..names];
    vec((0..names * 2, length, proptest::option::of(0u64..9)), 0..count)
        .prop_map(move |all| all.into_iter().flat_map(one).collect())
}

fn apply(old: &BTreeMap<Box<str>, EntryValue>, edits: &Edits) -> BTreeMap<Box<str>, EntryValue> {
    let mut new = old.clone();
    for (name, value) in edits {
        match value {
            Some(value) => new.insert(name.clone(), value.clone()),
            None => new.remove(name),
        };
    }
    new
}

/// The edited directory is the rebuilt one, readable, canonical, and written without repetition.
fn edit_is_rebuild(shape: Shape, old: &BTreeMap<Box<str>, EntryValue>, edits: &Edits) {
    let mut objects = MemoryObjects::new();
    let before = build_with(shape, old.clone(), &mut objects).expect("builds");
    let new = apply(old, edits);
    let rebuilt = build_with(shape, new.clone(), &mut NullObjects).expect("builds");

    let list = edits.iter().map(|(name, value)| (name.clone(), value.clone())).collect();
    let mut written = MemoryObjects::new();
    let edited = edit_with(shape, &objects, before.id, list, &mut written).expect("edits");
    assert_eq!(edited, rebuilt);

    let mut old_nodes = HashSet::new();
    for node in nodes(&objects, before.id, |_| true) {
        old_nodes.insert(node.expect("readable").0);
    }
    assert!(old_nodes.iter().all(|id| written.encoded_tree(*id).is_none()));
    edit_with(shape, &objects.clone(), before.id, list_of(edits), &mut objects).expect("edits");
    assert_eq!(check_with(shape, &objects, edited.id).expect("canonical"), edited.totals);
    let read: Vec<_> = iterate(&objects, edited.id).map(|e| e.expect("readable")).collect();
    assert!(read.into_iter().map(|e| (e.name, e.value)).eq(new));
}

fn list_of(edits: &Edits) -> Vec<(Box<str>, Option<EntryValue>)> {
    edits.iter().map(|(name, value)| (name.clone(), value.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn small_shape_is_that_of_the_page(entries in directory(120)) {
        let built = build_with(SMALL, entries.clone(), &mut NullObjects).expect("builds");
        prop_assert_eq!(built.id, by_the_page(SMALL, &entries));
    }

    #[test]
    fn small_edits_equal_rebuilding(old in directory(120), edits in edits(120, 6)) {
        edit_is_rebuild(SMALL, &old, &edits);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn shape_is_that_of_the_page(entries in directory(6000)) {
        let built = build_with(STANDARD, entries.clone(), &mut NullObjects).expect("builds");
        prop_assert_eq!(built.id, by_the_page(STANDARD, &entries));
    }

    #[test]
    fn edits_equal_rebuilding(old in directory(3000), edits in edits(3000, 5)) {
        edit_is_rebuild(STANDARD, &old, &edits);
    }
}

fn numbered(range: std::ops::Range<usize>) -> BTreeMap<Box<str>, EntryValue> {
    range.map(|n| (format!("f{n:07}").into(), file(1))).collect()
}

#[test]
fn edits_cross_the_single_leaf_limit_both_ways() {
    for (before, after) in [(256, 257), (257, 256), (0, 300), (300, 0), (5000, 3), (3, 5000)] {
        let (old, new) = (numbered(0..before), numbered(0..after));
        let mut edits: Edits = old.keys().map(|name| (name.clone(), None)).collect();
        edits.extend(new.into_iter().map(|(name, value)| (name, Some(value))));
        edit_is_rebuild(STANDARD, &old, &edits);
    }
    // Removing what is not there does not make a directory small.
    let absent = (0..900).map(|n| (format!("absent{n}").into(), None)).collect();
    edit_is_rebuild(STANDARD, &numbered(0..1000), &absent);
}

#[test]
fn every_removal_and_insertion_in_a_small_directory() {
    let old = numbered(0..60);
    for name in old.keys() {
        edit_is_rebuild(SMALL, &old, &[(name.clone(), None)].into());
        for after in ["!", "~"] {
            let new: Box<str> = format!("{name}{after}").into();
            edit_is_rebuild(SMALL, &old, &[(new, Some(file(2)))].into());
        }
    }
}

#[test]
fn a_million_names_end_in_few_levels() {
    let entries = || (0..1_000_000usize).map(|n| (format!("f{n:07}").into(), file(1)));
    let built = build_with(STANDARD, entries(), &mut NullObjects).expect("builds");
    assert_eq!(built.totals, Totals { entries: 1_000_000, files: 1_000_000, bytes: 1_000_000 });
}

#[test]
fn names_chosen_against_the_hash_still_end() {
    // Every name, or none, ends its node: as deep and as wide as any choice of names gets.
    for (split_below, levels) in [(u64::MAX, 13), (0, 2)] {
        let shape = Shape { split_below, ..STANDARD };
        let mut objects = MemoryObjects::new();
        let built = build_with(shape, numbered(0..5000), &mut objects).expect("builds");
        let top = objects.read_tree(built.id).expect("written");
        assert!(top.level() <= levels, "level {}", top.level());
        check_with(shape, &objects, built.id).expect("canonical");
    }
}

#[test]
fn one_change_reads_and_writes_one_leaf_and_the_inner_nodes() {
    let mut objects = MemoryObjects::new();
    let old = build_with(STANDARD, numbered(0..20_000), &mut objects).expect("builds");
    let reader = Counting { objects: &objects, read: RefCell::default() };
    let mut written = MemoryObjects::new();
    let edits = vec![("f0010000".into(), Some(file(77)))];
    edit(&reader, old.id, edits, &mut written).expect("edits");
    assert_eq!(written.tree_count(), 2, "a leaf and the top");
    let read: BTreeSet<_> = reader.read.borrow().iter().copied().collect();
    assert_eq!(read.len(), 2, "a leaf and the top");
}

#[test]
fn an_edit_without_effect_writes_nothing() {
    let mut objects = MemoryObjects::new();
    let old = build_with(STANDARD, numbered(0..2000), &mut objects).expect("builds");
    let same = vec![("f0000007".into(), Some(file(1))), ("nothing".into(), None)];
    let mut written = MemoryObjects::new();
    assert_eq!(edit(&objects, old.id, same, &mut written).expect("edits"), old);
    assert_eq!(edit(&objects, old.id, Vec::new(), &mut written).expect("edits"), old);
    assert_eq!(written.tree_count(), 0);
}

#[test]
fn a_leaf_the_edit_does_not_touch_may_be_absent() {
    let mut objects = MemoryObjects::new();
    let old = build_with(STANDARD, numbered(0..20_000), &mut objects).expect("builds");
    let Node::Inner { children, .. } = &*objects.read_tree(old.id).expect("written") else {
        panic!("a large directory")
    };
    assert!(objects.remove_tree(children[0].id));
    let edits = vec![("f0019999".into(), None)];
    let edited = edit(&objects.clone(), old.id, edits, &mut objects).expect("edits");
    assert_eq!(edited.totals.entries, 19_999);
    let first = iterate(&objects, edited.id).next().expect("an item");
    assert!(first.expect_err("absent").is_missing());
}

#[test]
fn disorder_bad_names_and_overflow_are_refused() {
    let entry = |name: &str, size| Entry { name: name.into(), value: file(size) };
    let built = |entries: [Entry; 2]| build(entries, &mut NullObjects);
    let order = built([entry("b", 1), entry("a", 1)]);
    assert!(matches!(order, Err(TreeError::Order { name }) if &*name == "a"));
    assert!(matches!(built([entry("a", 1), entry("a", 1)]), Err(TreeError::Order { .. })));
    assert!(matches!(built([entry(".GIT", 1), entry("a", 1)]), Err(TreeError::Name { .. })));
    assert!(matches!(built([entry("a", u64::MAX), entry("b", 1)]), Err(TreeError::Overflow)));
    let link = EntryValue::Symlink { target: "".into() };
    let link = Entry { name: "x".into(), value: link };
    assert!(matches!(built([entry("a", 1), link]), Err(TreeError::Target { .. })));
    // Across the end of a leaf too.
    let twice = numbered(0..4096).into_iter().chain(numbered(0..1));
    let shape = Shape { split_below: 0, ..STANDARD };
    assert!(matches!(build_with(shape, twice, &mut NullObjects), Err(TreeError::Order { .. })));
    let edits = vec![("b".into(), None), ("a".into(), None)];
    let objects = MemoryObjects::new();
    let edited = edit(&objects, TreeId::of(b""), edits, &mut NullObjects);
    assert!(matches!(edited, Err(TreeError::Order { .. })));
}

#[test]
fn a_node_beyond_the_cap_is_an_error() {
    let target: Box<str> = "t".repeat(4095).into();
    let shape = Shape { split_below: 0, ..STANDARD };
    let links = (0..4096)
        .map(|n| (format!("{n:0250}").into(), EntryValue::Symlink { target: target.clone() }));
    assert!(matches!(build_with(shape, links, &mut NullObjects), Err(TreeError::TooLarge { .. })));
}

#[test]
fn names_and_paths_are_found() {
    let mut objects = MemoryObjects::new();
    let inner = build_with(STANDARD, numbered(0..3000), &mut objects).expect("builds");
    let root = [("d".into(), inner.entry_value()), ("e".into(), file(5))];
    let root = build_with(STANDARD, root, &mut objects).expect("builds");

    for name in ["f0000000", "f0001234", "f0002999"] {
        let found = find(&objects, inner.id, name).expect("readable").expect("there");
        assert_eq!((&*found.name, found.value), (name, file(1)));
    }
    for name in ["a", "f00012345", "g", ""] {
        assert_eq!(find(&objects, inner.id, name).expect("readable"), None);
    }
    let resolved = |text: &str| {
        resolve(&objects, root.id, &RepoPath::parse(text).expect("valid")).expect("readable")
    };
    assert_eq!(resolved(""), Some(root.entry_value()));
    assert_eq!(resolved("d"), Some(inner.entry_value()));
    assert_eq!(resolved("d/f0001234"), Some(file(1)));
    assert_eq!(resolved("e"), Some(file(5)));
    for nothing in ["x", "d/x", "e/x", "d/f0001234/x"] {
        assert_eq!(resolved(nothing), None);
    }
}

#[test]
fn a_walk_passes_by_nodes_it_does_not_want() {
    let mut objects = MemoryObjects::new();
    let built = build_with(STANDARD, numbered(0..20_000), &mut objects).expect("builds");
    let all = nodes(&objects, built.id, |_| true).count();
    assert_eq!(all, objects.tree_count());
    assert_eq!(nodes(&objects, built.id, |id| id != built.id).count(), 0);
    let mut seen = HashSet::new();
    for _ in 0..2 {
        nodes(&objects, built.id, |id| seen.insert(id)).for_each(|node| drop(node.expect("read")));
    }
    assert_eq!(seen.len(), all);
}

/// Trees whose every node is valid, but which no builder makes.
#[test]
fn hostile_shapes_are_noticed() {
    let mut objects = MemoryObjects::new();
    let mut put = |node: Node| {
        let encoded = node.encode();
        let id = TreeId::of(&encoded);
        objects.write_tree(id, encoded).expect("memory");
        let name = node.last_name().unwrap_or("").into();
        child_node(name, id, node.totals())
    };
    let leaf = |names: &[&str]| {
        Node::Leaf(names.iter().map(|n| Entry { name: (*n).into(), value: file(1) }).collect())
    };
    let inner = |level, children| Node::Inner { level, children };
    let (ab, bc, cd) = (put(leaf(&["a", "b"])), put(leaf(&["b", "c"])), put(leaf(&["c", "d"])));
    let renamed =
        |child: &ChildNode, name: &str| ChildNode { last_name: name.into(), ..child.clone() };
    let cases = [
        ("split where the rule does not", inner(1, vec![ab.clone(), cd.clone()])),
        ("overlapping leaves", inner(1, vec![ab.clone(), bc.clone()])),
        ("one leaf twice", inner(1, vec![ab.clone(), renamed(&ab, "z")])),
        ("a single child", inner(1, vec![ab.clone()])),
        ("a level left out", inner(2, vec![ab.clone(), cd.clone()])),
        ("false sums", inner(1, vec![ChildNode { bytes: 9, ..ab.clone() }, cd.clone()])),
        ("false count", inner(1, vec![ChildNode { entries: 9, ..ab.clone() }, cd.clone()])),
    ];
    let ids: Vec<_> = cases.map(|(about, node)| (about, put(node).id)).into();
    for (about, id) in ids {
        assert!(check(&objects, id).is_err(), "{about}");
    }
    let twins = put_all(&mut objects, &ab, &cd);
    let error = check(&objects, twins).expect_err("overlapping inner nodes");
    assert!(matches!(error, ShapeError::Access(error) if error.is_damaged()));
}

/// Two inner nodes whose ranges overlap although each of them, and their parent, is in order.
fn put_all(objects: &mut MemoryObjects, ab: &ChildNode, cd: &ChildNode) -> TreeId {
    let mut put = |level, children: Vec<ChildNode>| {
        let node = Node::Inner { level, children };
        let encoded = node.encode();
        let id = TreeId::of(&encoded);
        objects.write_tree(id, encoded).expect("memory");
        child_node(node.last_name().expect("children").into(), id, node.totals())
    };
    let first = put(1, vec![ab.clone(), cd.clone()]);
    let mut second = cd.clone();
    second.last_name = "e".into();
    let second = put(1, vec![cd.clone(), second]);
    put(2, vec![first, second]).id
}
