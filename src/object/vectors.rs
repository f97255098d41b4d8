//! The vectors in `tests/vectors`, which other implementations can use as they are.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::id::{BlobId, CommitId, TagId, TreeId};
use crate::object::access::{MemoryObjects, NullObjects};
use crate::object::prolly::{build, check};
use crate::object::{Commit, Entry, EntryValue, Node, Person, ReadObjects, Tag};
use crate::path::{NameError, check_name};

macro_rules! vectors {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../tests/vectors/", $name)))
            .expect("vectors are JSON")
    };
}

fn list<'a>(value: &'a Value, key: &str) -> &'a [Value] {
    value[key].as_array().expect("a list")
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().expect("text")
}

fn unhex(text: &str) -> Vec<u8> {
    let byte = |at| u8::from_str_radix(&text[at..at + 2], 16).expect("hex");
    (0..text.len()).step_by(2).map(byte).collect()
}

fn id<T: std::str::FromStr>(value: &Value) -> Option<T> {
    value.as_str().map(|digits| digits.parse().unwrap_or_else(|_| panic!("64 digits")))
}

fn person(value: &Value) -> Person {
    Person {
        name: value[0].as_str().expect("text").to_owned(),
        email: value[1].as_str().expect("text").to_owned(),
        seconds: value[2].as_i64().expect("integer"),
        offset_minutes: value[3].as_i64().expect("integer"),
    }
}

fn entry(number: usize) -> Entry {
    let name = format!("f{number:06}");
    let id = BlobId::of(name.as_bytes());
    Entry { name: name.into(), value: EntryValue::File { id, size: 7, executable: false } }
}

#[test]
fn ids() {
    for vector in list(&vectors!("ids.json"), "hashes") {
        let bytes = match vector["repeat_0_to_255"].as_u64() {
            Some(times) => (0..=255).collect::<Vec<u8>>().repeat(times as usize),
            None => unhex(text(vector, "hex")),
        };
        assert_eq!(BlobId::of(&bytes).to_string(), text(vector, "blob"));
        assert_eq!(TreeId::of(&bytes).to_string(), text(vector, "tree"));
        assert_eq!(CommitId::of(&bytes).to_string(), text(vector, "commit"));
        assert_eq!(TagId::of(&bytes).to_string(), text(vector, "tag"));
    }
}

#[test]
fn names() {
    let vectors = vectors!("names.json");
    for vector in list(&vectors, "accepted") {
        let name = unhex(text(vector, "hex"));
        assert_eq!(check_name(&name), Ok(text(vector, "text")));
    }
    for vector in list(&vectors, "refused") {
        let reason = match text(vector, "reason") {
            "empty" => NameError::Empty,
            "too_long" => NameError::TooLong,
            "not_utf8" => NameError::NotUtf8,
            "slash" => NameError::Slash,
            "nul" => NameError::Nul,
            "dot" => NameError::Dot,
            "esker" => NameError::Esker,
            "git" => NameError::Git,
            other => panic!("reason {other}"),
        };
        assert_eq!(check_name(&unhex(text(vector, "hex"))), Err(reason), "{vector}");
    }
}

#[test]
fn generated_directories() {
    for vector in list(&vectors!("trees.json"), "generated") {
        let count = vector["entries"].as_u64().expect("a count");
        let built = build((0..count as usize).map(entry), &mut NullObjects).expect("builds");
        assert_eq!(built.id.to_string(), text(vector, "id"), "{count} entries");
        assert_eq!(built.totals.entries, count);
        assert_eq!(Some(built.totals.files), vector["files"].as_u64());
        assert_eq!(Some(built.totals.bytes), vector["bytes"].as_u64());
        if count <= 100_000 {
            let mut objects = MemoryObjects::new();
            build((0..count as usize).map(entry), &mut objects).expect("builds");
            assert_eq!(Some(objects.tree_count() as u64), vector["nodes"].as_u64());
            let top = objects.read_tree(built.id).expect("written");
            assert_eq!(Some(u64::from(top.level())), vector["top_level"].as_u64());
            assert_eq!(check(&objects, built.id).expect("canonical"), built.totals);
        }
    }
}

#[test]
fn nodes() {
    for vector in list(&vectors!("trees.json"), "nodes") {
        let encoded = unhex(text(vector, "hex"));
        let node = Node::decode(&encoded).expect("valid");
        assert_eq!(node.encode(), encoded);
        assert_eq!(TreeId::of(&encoded).to_string(), text(vector, "id"));
    }
}

#[test]
fn commits() {
    for vector in list(&vectors!("objects.json"), "commits") {
        let pair = |pair: &Value| {
            let part = |at: usize| pair[at].as_str().expect("text").to_owned();
            (part(0), part(1))
        };
        let commit = Commit {
            tree: id(&vector["tree"]).expect("an id"),
            attributes: id(&vector["attributes"]),
            parents: list(vector, "parents").iter().filter_map(id).collect(),
            author: person(&vector["author"]),
            committer: person(&vector["committer"]),
            message: text(vector, "message").to_owned(),
            metadata: list(vector, "metadata").iter().map(pair).collect::<BTreeMap<_, _>>(),
            signature: vector["signature"].as_str().map(unhex),
        };
        let encoded = unhex(text(vector, "hex"));
        assert_eq!(commit.encode(), Ok(encoded.clone()));
        assert_eq!(commit.signing_payload(), Ok(unhex(text(vector, "signing_payload"))));
        assert_eq!(CommitId::of(&encoded).to_string(), text(vector, "id"));
        assert_eq!(Commit::decode(&encoded), Ok(commit));
    }
}

#[test]
fn tags() {
    for vector in list(&vectors!("objects.json"), "tags") {
        let tag = Tag {
            target: id(&vector["target"]).expect("an id"),
            name: text(vector, "name").to_owned(),
            tagger: person(&vector["tagger"]),
            message: text(vector, "message").to_owned(),
            signature: vector["signature"].as_str().map(unhex),
        };
        let encoded = unhex(text(vector, "hex"));
        assert_eq!(tag.encode(), Ok(encoded.clone()));
        assert_eq!(tag.signing_payload(), Ok(unhex(text(vector, "signing_payload"))));
        assert_eq!(TagId::of(&encoded).to_string(), text(vector, "id"));
        assert_eq!(Tag::decode(&encoded), Ok(tag));
    }
}

#[test]
fn refused_encodings() {
    for vector in list(&vectors!("refused.json"), "refused") {
        let encoded = unhex(text(vector, "hex"));
        let is_refused = match text(vector, "kind") {
            "tree" => Node::decode(&encoded).is_err(),
            "commit" => Commit::decode(&encoded).is_err(),
            "tag" => Tag::decode(&encoded).is_err(),
            other => panic!("kind {other}"),
        };
        assert!(is_refused, "accepted: {}", text(vector, "about"));
    }
}
