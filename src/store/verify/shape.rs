//! The rule for the ends of prolly nodes, checked one node at a time.
//!
//! [`crate::object::prolly::check`] builds a directory anew, which costs all of it for each of its
//! versions. Versions share nodes, and whether a node ends where it must is a property of the node
//! and of its being the last of its level: so each node is hashed once. A test holds this against
//! the builder.

use std::sync::LazyLock;

use crate::object::Node;
use crate::object::tree::MAX_ITEMS;

/// A directory of no more entries is one leaf, wherever its names would end one.
pub(super) const SINGLE_LEAF: u64 = 256;
/// An item ends its node when its hash is below this: one in 512.
const SPLIT_BELOW: u64 = 1 << 55;

/// Where the rule says that a node ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ends {
    /// Before its last item: the node is not canonical.
    pub(super) is_early: bool,
    /// After its last item; the last node of a level needs not.
    pub(super) is_last: bool,
}

/// Applies the rule to all items of a node.
pub(super) fn ends(node: &Node) -> Ends {
    let level = node.level();
    let mut hasher = prepared();
    let mut found = Ends { is_early: false, is_last: false };
    let mut push = |name: &str, number: usize| {
        found.is_early |= found.is_last;
        let may_end = level == 0 || number >= 2;
        let hash = hasher.reset().update(&[level]).update(name.as_bytes()).finalize();
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        let is_hit = u64::from_le_bytes(*first) < SPLIT_BELOW;
        found.is_last = number >= MAX_ITEMS || (may_end && is_hit);
    };
    match node {
        Node::Leaf(entries) => entries.iter().zip(1..).for_each(|(e, n)| push(&e.name, n)),
        Node::Inner { children, .. } => {
            children.iter().zip(1..).for_each(|(c, n)| push(&c.last_name, n));
        }
    }
    found
}

fn prepared() -> blake3::Hasher {
    static PREPARED: LazyLock<blake3::Hasher> =
        LazyLock::new(|| blake3::Hasher::new_derive_key("esker split v1"));
    PREPARED.clone()
}
