//! Large directories: how entries become nodes, and how nodes are read and edited.
//!
//! A directory is a prolly tree: whether a node ends after an item depends on the item's name and on
//! how many items the node has, so equal sets of names have equal shapes, whatever the order of
//! edits, and a change rewrites one node a level. Here are the rule and the builder; `read` walks
//! nodes, `edit` changes a directory without reading all of it.

mod edit;
mod read;
#[cfg(test)]
mod tests;

use std::collections::HashSet;
use std::mem;
use std::sync::LazyLock;

use thiserror::Error;

pub use edit::edit;
pub use read::{
    Entries, Nodes, ShapeError, check, find, iterate, leaf_entries, nodes, open_child, resolve,
};

use crate::id::TreeId;
use crate::object::codec::MAX_ENCODED_BYTES;
use crate::object::tree::{MAX_ITEMS, encode_inner, encode_leaf};
use crate::object::{AccessError, ChildNode, Entry, EntryValue, Totals, WriteObjects};
use crate::path::{NameError, TargetError, check_name, check_symlink_target, escape};

/// Why a directory could not be built or edited.
#[derive(Debug, Error)]
pub enum TreeError {
    /// An object could not be read or written.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// Entries, or edits, were not in strictly ascending order of their names.
    #[error("'{}' is out of order, or twice in its directory", escape(.name))]
    Order {
        /// The name that is not greater than the one before it.
        name: Box<str>,
    },
    /// A name breaks the rule for names.
    #[error("'{}': {source}", escape(.name))]
    Name {
        /// The name as given.
        name: Box<str>,
        /// What is wrong with it.
        source: NameError,
    },
    /// The target of a symbolic link breaks its rule.
    #[error("'{}': {source}", escape(.name))]
    Target {
        /// The name of the link.
        name: Box<str>,
        /// What is wrong with its target.
        source: TargetError,
    },
    /// The sums over the directory do not fit into 64 bits.
    #[error("the sizes in a directory add up to more than 64 bits hold")]
    Overflow,
    /// One node is longer than an object may be: thousands of long symbolic links.
    #[error("a part of a directory has {bytes} bytes, more than {MAX_ENCODED_BYTES}")]
    TooLarge {
        /// The length of the node.
        bytes: usize,
    },
}

/// A directory that was built or edited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Subtree {
    /// The id of its top node.
    pub id: TreeId,
    /// The sums over it.
    pub totals: Totals,
}

impl Subtree {
    /// What its parent directory records of it.
    pub fn entry_value(&self) -> EntryValue {
        EntryValue::Directory { id: self.id, files: self.totals.files, bytes: self.totals.bytes }
    }
}

/// The numbers of the rule; tests use smaller ones to reach more levels.
#[derive(Debug, Clone, Copy)]
struct Shape {
    /// A node ends after an item whose hash is below this.
    split_below: u64,
    /// A node never has more items.
    max_items: usize,
    /// A directory of no more entries is one leaf.
    single_leaf: usize,
}

const STANDARD: Shape = Shape { split_below: 1 << 55, max_items: MAX_ITEMS, single_leaf: 256 };

/// Decides, item after item, where the nodes of one level end.
struct Splitter {
    shape: Shape,
    level: u8,
    hasher: blake3::Hasher,
    items: usize,
}

impl Splitter {
    fn new(shape: Shape, level: u8) -> Self {
        static PREPARED: LazyLock<blake3::Hasher> =
            LazyLock::new(|| blake3::Hasher::new_derive_key("esker split v1"));
        Self { shape, level, hasher: PREPARED.clone(), items: 0 }
    }

    /// Takes the name of the next item; true when the node ends after it.
    fn ends_after(&mut self, name: &str) -> bool {
        self.items += 1;
        // A node of one item above the leaves would only repeat its child: with two at least, each
        // level halves the number of nodes, and the tree ends whatever the names are.
        let may_end = self.level == 0 || self.items >= 2;
        let ends = self.items >= self.shape.max_items
            || (may_end && self.hash(name) < self.shape.split_below);
        if ends {
            self.items = 0;
        }
        ends
    }

    fn hash(&mut self, name: &str) -> u64 {
        // `reset` keeps the derived key; a clone for each name would copy the whole state.
        let hash = self.hasher.reset().update(&[self.level]).update(name.as_bytes()).finalize();
        let (first, _) = hash.as_bytes().split_first_chunk().expect("a hash has 32 bytes");
        u64::from_le_bytes(*first)
    }
}

/// The children collected for nodes of one level above the leaves.
struct Level {
    splitter: Splitter,
    children: Vec<ChildNode>,
    /// Whether a node of this level has ended, so that there is a level above.
    ended: bool,
}

/// Builds one directory from its entries, given in order; holds one node a level in memory.
///
/// Nodes are written as they end, children before parents.
pub struct TreeBuilder<'o> {
    shape: Shape,
    out: &'o mut dyn WriteObjects,
    /// Nodes that need not be written.
    known: HashSet<TreeId>,
    splitter: Splitter,
    leaf: Vec<Entry>,
    /// Whether the directory has more entries than fit a single leaf.
    is_large: bool,
    /// The last name before `leaf`; empty at first.
    last_name: String,
    levels: Vec<Level>,
}

impl<'o> TreeBuilder<'o> {
    /// Begins a directory whose nodes go to `out`.
    pub fn new(out: &'o mut dyn WriteObjects) -> Self {
        Self::with_shape(STANDARD, out)
    }

    fn with_shape(shape: Shape, out: &'o mut dyn WriteObjects) -> Self {
        Self {
            shape,
            out,
            known: HashSet::new(),
            splitter: Splitter::new(shape, 0),
            leaf: Vec::new(),
            is_large: false,
            last_name: String::new(),
            levels: Vec::new(),
        }
    }

    /// Adds the next entry; its name must be greater than the one before.
    pub fn push(&mut self, entry: Entry) -> Result<(), TreeError> {
        check_entry(&entry)?;
        let last = self.leaf.last().map_or(&*self.last_name, |e| &*e.name);
        if *entry.name <= *last {
            return Err(TreeError::Order { name: entry.name });
        }
        if !self.is_large {
            if self.leaf.len() < self.shape.single_leaf {
                self.leaf.push(entry);
                return Ok(());
            }
            self.is_large = true;
            for held in mem::take(&mut self.leaf) {
                self.place(held)?;
            }
        }
        self.place(entry)
    }

    /// Ends the directory: writes what is left, and returns its id and sums.
    pub fn finish(mut self) -> Result<Subtree, TreeError> {
        if self.levels.is_empty() {
            let (id, totals) = self.write_leaf()?;
            return Ok(Subtree { id, totals });
        }
        if !self.leaf.is_empty() {
            self.end_leaf()?;
        }
        let mut at = 0;
        loop {
            let level = &self.levels[at];
            match &level.children[..] {
                [only] if !level.ended => {
                    return Ok(Subtree { id: only.id, totals: only.totals() });
                }
                [] => {}
                _ => {
                    let node = self.end_inner(at)?;
                    self.push_child(at + 1, node)?;
                }
            }
            at += 1;
        }
    }

    fn place(&mut self, entry: Entry) -> Result<(), TreeError> {
        let ends = self.splitter.ends_after(&entry.name);
        self.leaf.push(entry);
        if ends { self.end_leaf() } else { Ok(()) }
    }

    /// Adds a whole leaf as it is: only where a leaf has just ended.
    fn push_leaf(&mut self, leaf: ChildNode) -> Result<(), TreeError> {
        debug_assert!(self.is_large && self.leaf.is_empty());
        self.last_name.clear();
        self.last_name.push_str(&leaf.last_name);
        self.push_child(0, leaf)
    }

    fn end_leaf(&mut self) -> Result<(), TreeError> {
        let (id, totals) = self.write_leaf()?;
        let last = self.leaf.pop().expect("a leaf ends after an entry");
        self.leaf.clear();
        self.last_name.clear();
        self.last_name.push_str(&last.name);
        self.push_child(0, child_node(last.name, id, totals))
    }

    fn write_leaf(&mut self) -> Result<(TreeId, Totals), TreeError> {
        let totals = sum(self.leaf.iter().map(|e| e.value.totals()))?;
        let id = self.write(encode_leaf(&self.leaf))?;
        Ok((id, totals))
    }

    /// Adds a node to the children for level `at + 1`, and each node that ends by it to the next.
    fn push_child(&mut self, mut at: usize, mut child: ChildNode) -> Result<(), TreeError> {
        loop {
            if at == self.levels.len() {
                let number = u8::try_from(at + 1).expect("each level halves the number of nodes");
                let splitter = Splitter::new(self.shape, number);
                self.levels.push(Level { splitter, children: Vec::new(), ended: false });
            }
            let level = &mut self.levels[at];
            let ends = level.splitter.ends_after(&child.last_name);
            level.children.push(child);
            if !ends {
                return Ok(());
            }
            child = self.end_inner(at)?;
            at += 1;
        }
    }

    fn end_inner(&mut self, at: usize) -> Result<ChildNode, TreeError> {
        let level = &mut self.levels[at];
        level.ended = true;
        let number = level.splitter.level;
        let totals = sum(level.children.iter().map(ChildNode::totals))?;
        let encoded = encode_inner(number, &level.children);
        let last = level.children.pop().expect("a node ends after a child");
        level.children.clear();
        let id = self.write(encoded)?;
        Ok(child_node(last.last_name, id, totals))
    }

    fn write(&mut self, encoded: Vec<u8>) -> Result<TreeId, TreeError> {
        if encoded.len() > MAX_ENCODED_BYTES {
            return Err(TreeError::TooLarge { bytes: encoded.len() });
        }
        let id = TreeId::of(&encoded);
        if !self.known.contains(&id) {
            self.out.write_tree(id, encoded)?;
        }
        Ok(id)
    }
}

fn child_node(last_name: Box<str>, id: TreeId, totals: Totals) -> ChildNode {
    let Totals { entries, files, bytes } = totals;
    ChildNode { last_name, id, entries, files, bytes }
}

fn sum(mut items: impl Iterator<Item = Totals>) -> Result<Totals, TreeError> {
    items.try_fold(Totals::default(), Totals::checked_add).ok_or(TreeError::Overflow)
}

fn check_entry(entry: &Entry) -> Result<(), TreeError> {
    if let Err(source) = check_name(entry.name.as_bytes()) {
        return Err(TreeError::Name { name: entry.name.clone(), source });
    }
    if let EntryValue::Symlink { target } = &entry.value
        && let Err(source) = check_symlink_target(target.as_bytes())
    {
        return Err(TreeError::Target { name: entry.name.clone(), source });
    }
    Ok(())
}

/// Builds a directory from its entries in strictly ascending order of their names.
///
/// The last step of an empty directory is one empty leaf. Memory: one node a level.
pub fn build(
    entries: impl IntoIterator<Item = Entry>,
    out: &mut dyn WriteObjects,
) -> Result<Subtree, TreeError> {
    let mut builder = TreeBuilder::new(out);
    for entry in entries {
        builder.push(entry)?;
    }
    builder.finish()
}
