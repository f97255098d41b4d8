//! Properties of the encodings: what is written is read, and nothing else is.

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use crate::id::{BlobId, CommitId, TreeId};
use crate::object::codec::{EncodeError, MAX_ENCODED_BYTES};
use crate::object::tree::{MAX_ITEMS, MAX_LEVEL};
use crate::object::{ChildNode, Commit, DecodeError, Entry, EntryValue, Node, Person, Tag};
use crate::path::check_name;

fn names() -> impl Strategy<Value = Box<str>> {
    let plain = prop_oneof!["[a-z0-9.~ -]{1,12}", "\\PC{1,40}", "[a-z]{200,255}"];
    plain.prop_filter_map("valid names", |n| check_name(n.as_bytes()).ok().map(Into::into))
}

fn values() -> impl Strategy<Value = EntryValue> {
    // Sizes small enough that sums fit, and of every length of integer.
    let sizes = || any::<u64>().prop_flat_map(|n| (0u32..64).prop_map(move |by| (n >> by) >> 8));
    prop_oneof![
        (any::<[u8; 32]>(), sizes(), any::<bool>()).prop_map(|(id, size, executable)| {
            EntryValue::File { id: BlobId::from_bytes(id), size, executable }
        }),
        "[^\0]{1,30}".prop_map(|target| EntryValue::Symlink { target: target.into() }),
        (any::<[u8; 32]>(), sizes(), sizes()).prop_map(|(id, files, bytes)| {
            EntryValue::Directory { id: TreeId::from_bytes(id), files, bytes }
        }),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let leaf = btree_map(names(), values(), 0..40).prop_map(|entries| {
        Node::Leaf(entries.into_iter().map(|(name, value)| Entry { name, value }).collect())
    });
    let sums = (any::<[u8; 32]>(), 1u64..1 << 40, 0u64..1 << 20, 0u64..300);
    let inner = (1..=MAX_LEVEL, btree_map(names(), sums, 1..30)).prop_map(|(level, children)| {
        let child = |(last_name, (id, entries, files, bytes))| {
            let id = TreeId::from_bytes(id);
            ChildNode { last_name, id, entries, files, bytes }
        };
        Node::Inner { level, children: children.into_iter().map(child).collect() }
    });
    prop_oneof![3 => leaf, 1 => inner]
}

prop_compose! {
    fn person()(name in ".{0,12}", email in ".{0,12}", seconds: i64, offset in -900i64..900)
        -> Person {
        Person { name, email, seconds, offset_minutes: offset }
    }
}

prop_compose! {
    fn commit()(
        tree: [u8; 32],
        attributes in option::of(any::<[u8; 32]>()),
        parents in vec(any::<[u8; 32]>(), 0..4),
        author in person(),
        committer in person(),
        message in "(?s).{0,300}",
        metadata in btree_map(".{1,8}", ".{0,30}", 0..4),
        signature in option::of(vec(any::<u8>(), 0..80)),
    ) -> Commit {
        Commit {
            tree: TreeId::from_bytes(tree),
            attributes: attributes.map(TreeId::from_bytes),
            parents: parents.into_iter().map(CommitId::from_bytes).collect(),
            author, committer, message, metadata, signature,
        }
    }
}

prop_compose! {
    fn tag()(
        target: [u8; 32],
        name in ".{0,20}",
        tagger in person(),
        message in "(?s).{0,100}",
        signature in option::of(vec(any::<u8>(), 0..80)),
    ) -> Tag {
        Tag { target: CommitId::from_bytes(target), name, tagger, message, signature }
    }
}

/// How hostile bytes differ from valid ones.
fn damage() -> impl Strategy<Value = Vec<(proptest::sample::Index, u8, u8)>> {
    vec((any::<proptest::sample::Index>(), 0u8..5, any::<u8>()), 1..4)
}

fn damaged(mut bytes: Vec<u8>, damage: &[(proptest::sample::Index, u8, u8)]) -> Vec<u8> {
    for (index, what, value) in damage {
        let at = index.index(bytes.len().max(1));
        match what {
            0 if at < bytes.len() => bytes[at] ^= 1 << (value % 8),
            1 if at < bytes.len() => bytes[at] = *value,
            2 => bytes.truncate(at),
            3 => bytes.insert(at, *value),
            // The head of the longest possible item.
            _ if at < bytes.len() => {
                let head = bytes[at] & 0xe0 | 0x1b;
                bytes.splice(at..=at, [head, *value, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
            }
            _ => {}
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nodes_round_trip(node in node()) {
        prop_assert_eq!(Node::decode(&node.encode()), Ok(node));
    }

    #[test]
    fn commits_round_trip(commit in commit()) {
        let encoded = commit.encode().expect("small");
        prop_assert_eq!(Commit::decode(&encoded), Ok(commit));
    }

    #[test]
    fn tags_round_trip(tag in tag()) {
        prop_assert_eq!(Tag::decode(&tag.encode().expect("small")), Ok(tag));
    }

    #[test]
    fn a_node_that_is_read_has_those_bytes(node in node(), damage in damage()) {
        let bytes = damaged(node.encode(), &damage);
        if let Ok(read) = Node::decode(&bytes) {
            prop_assert_eq!(read.encode(), bytes);
        }
    }

    #[test]
    fn a_commit_that_is_read_has_those_bytes(commit in commit(), damage in damage()) {
        let bytes = damaged(commit.encode().expect("small"), &damage);
        if let Ok(read) = Commit::decode(&bytes) {
            prop_assert_eq!(read.encode(), Ok(bytes));
        }
    }

    #[test]
    fn a_tag_that_is_read_has_those_bytes(tag in tag(), damage in damage()) {
        let bytes = damaged(tag.encode().expect("small"), &damage);
        if let Ok(read) = Tag::decode(&bytes) {
            prop_assert_eq!(read.encode(), Ok(bytes));
        }
    }

    #[test]
    fn any_bytes_are_read_without_panic(bytes in vec(any::<u8>(), 0..200)) {
        let _ = (Node::decode(&bytes), Commit::decode(&bytes), Tag::decode(&bytes));
    }
}

/// Every truncation and every flipped bit of one object: refused, or the bytes of another value.
fn every_damage(encoded: &[u8], reencoded: impl Fn(&[u8]) -> Option<Vec<u8>>) {
    assert_eq!(reencoded(encoded).as_deref(), Some(encoded));
    for end in 0..encoded.len() {
        assert_eq!(reencoded(&encoded[..end]), None);
    }
    for bit in 0..encoded.len() * 8 {
        let mut bytes = encoded.to_vec();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Some(again) = reencoded(&bytes) {
            assert_eq!(again, bytes);
        }
    }
}

fn sample_person() -> Person {
    Person { name: "Ada".into(), email: "a@b".into(), seconds: -70_000, offset_minutes: 330 }
}

#[test]
fn every_truncation_and_flip_of_an_object_is_noticed() {
    let file = |executable| EntryValue::File { id: BlobId::EMPTY, size: 300, executable };
    let directory = EntryValue::Directory { id: TreeId::of(b""), files: 70_000, bytes: 1 << 40 };
    let named = |(name, value): (&str, EntryValue)| Entry { name: name.into(), value };
    let link = EntryValue::Symlink { target: "../x".into() };
    let leaf = [("a", file(false)), ("b", file(true)), ("c", link), ("d", directory)];
    let leaf = Node::Leaf(leaf.into_iter().map(named).collect());
    every_damage(&leaf.encode(), |bytes| Node::decode(bytes).ok().map(|node| node.encode()));

    let child = |name: &str| ChildNode {
        last_name: name.into(),
        id: TreeId::of(b"x"),
        entries: 512,
        files: 1,
        bytes: 0,
    };
    let inner = Node::Inner { level: 2, children: vec![child("m"), child("z")] };
    every_damage(&inner.encode(), |bytes| Node::decode(bytes).ok().map(|node| node.encode()));

    let commit = Commit {
        tree: TreeId::of(b""),
        attributes: Some(TreeId::of(b"x")),
        parents: vec![CommitId::of(b"p")],
        author: sample_person(),
        committer: sample_person(),
        message: "why".into(),
        metadata: [("k".to_owned(), "v".to_owned())].into(),
        signature: Some(vec![1, 2, 3]),
    };
    let encoded = commit.encode().expect("small");
    every_damage(&encoded, |bytes| Commit::decode(bytes).ok().and_then(|c| c.encode().ok()));

    let tag = Tag {
        target: CommitId::of(b"c"),
        name: "v1".into(),
        tagger: sample_person(),
        message: "out".into(),
        signature: None,
    };
    let encoded = tag.encode().expect("small");
    every_damage(&encoded, |bytes| Tag::decode(bytes).ok().and_then(|t| t.encode().ok()));
}

#[test]
fn a_node_has_no_more_than_4096_items() {
    let link = |number| Entry {
        name: format!("{number:05}").into(),
        value: EntryValue::Symlink { target: "t".into() },
    };
    let full = Node::Leaf((0..MAX_ITEMS).map(link).collect());
    assert_eq!(Node::decode(&full.encode()), Ok(full));
    let beyond = Node::Leaf((0..=MAX_ITEMS).map(link).collect());
    assert!(matches!(Node::decode(&beyond.encode()), Err(DecodeError::Malformed { .. })));
}

#[test]
fn what_cannot_be_read_back_is_not_written() {
    let mut tag = Tag {
        target: CommitId::of(b""),
        name: "v1".into(),
        tagger: sample_person(),
        message: "m".repeat(MAX_ENCODED_BYTES - 100),
        signature: None,
    };
    assert!(tag.encode().is_ok());
    tag.message.push_str(&"m".repeat(100));
    assert!(matches!(tag.encode(), Err(EncodeError::TooLarge { .. })));
}
