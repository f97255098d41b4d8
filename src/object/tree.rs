//! Tree nodes: a directory's entries, or the inner nodes of a large directory.
//!
//! A node is `[1, level, items]`; see [`crate::object::prolly`] for how entries become nodes. A
//! decoded node has valid names in strictly ascending order, no more than [`MAX_ITEMS`] items, and
//! sums that fit into 64 bits. That its sums are those of its children is not known from the node
//! alone.

use crate::id::{BlobId, TreeId};
use crate::object::codec::{DecodeError, Reader, Writer};
use crate::path::{check_name, check_symlink_target};

/// The most items of one node.
pub const MAX_ITEMS: usize = 4096;

/// The highest level of a node: each level at least halves the number of nodes.
pub const MAX_LEVEL: u8 = 64;

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryKind {
    /// A file.
    File,
    /// A file with the executable bit.
    Executable,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
}

/// What a name in a directory stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum EntryValue {
    /// A file, executable or not.
    File {
        /// The hash of its bytes.
        id: BlobId,
        /// Its length in bytes.
        size: u64,
        /// Whether it has the executable bit.
        executable: bool,
    },
    /// A symbolic link, never followed.
    Symlink {
        /// Where it points, as given.
        target: Box<str>,
    },
    /// A directory.
    Directory {
        /// Its top node.
        id: TreeId,
        /// How many entries below it are not directories.
        files: u64,
        /// The sum of the sizes of all files below it.
        bytes: u64,
    },
}

impl EntryValue {
    /// What the entry is.
    pub fn kind(&self) -> EntryKind {
        match self {
            Self::File { executable: false, .. } => EntryKind::File,
            Self::File { executable: true, .. } => EntryKind::Executable,
            Self::Symlink { .. } => EntryKind::Symlink,
            Self::Directory { .. } => EntryKind::Directory,
        }
    }

    /// What one entry with this value adds to the totals of its directory.
    pub fn totals(&self) -> Totals {
        match *self {
            Self::File { size, .. } => Totals { entries: 1, files: 1, bytes: size },
            Self::Symlink { .. } => Totals { entries: 1, files: 1, bytes: 0 },
            Self::Directory { files, bytes, .. } => Totals { entries: 1, files, bytes },
        }
    }
}

/// A name in a directory and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Entry {
    /// The name, valid by [`check_name`].
    pub name: Box<str>,
    /// What it stands for.
    pub value: EntryValue,
}

/// A child of an inner node, under the last name below it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ChildNode {
    /// The greatest name below the child.
    pub last_name: Box<str>,
    /// The child's id.
    pub id: TreeId,
    /// How many entries of the directory are below the child.
    pub entries: u64,
    /// How many non-directories are below the child, in subdirectories too.
    pub files: u64,
    /// The sum of the sizes of all files below the child, in subdirectories too.
    pub bytes: u64,
}

impl ChildNode {
    /// What is below the child.
    pub fn totals(&self) -> Totals {
        Totals { entries: self.entries, files: self.files, bytes: self.bytes }
    }
}

/// Sums over a directory, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Totals {
    /// Direct entries of the directory.
    pub entries: u64,
    /// Non-directories, in subdirectories too.
    pub files: u64,
    /// Sizes of all files, in subdirectories too. A symbolic link counts 0 bytes.
    pub bytes: u64,
}

impl Totals {
    /// The sum of two totals; none when it does not fit into 64 bits.
    pub fn checked_add(self, other: Self) -> Option<Self> {
        Some(Self {
            entries: self.entries.checked_add(other.entries)?,
            files: self.files.checked_add(other.files)?,
            bytes: self.bytes.checked_add(other.bytes)?,
        })
    }
}

/// One node of a directory: its id is the hash of its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// Entries, in strictly ascending order of their names' bytes.
    Leaf(Vec<Entry>),
    /// Children of a lower level, in strictly ascending order of their last names' bytes.
    Inner {
        /// 1 above leaves.
        level: u8,
        /// The children, at least one.
        children: Vec<ChildNode>,
    },
}

impl Node {
    /// The level: 0 for a leaf.
    pub fn level(&self) -> u8 {
        match self {
            Self::Leaf(_) => 0,
            Self::Inner { level, .. } => *level,
        }
    }

    /// The sums over the node. Sums beyond 64 bits, which no decoded node has, stay at the maximum.
    pub fn totals(&self) -> Totals {
        const MAX: Totals = Totals { entries: u64::MAX, files: u64::MAX, bytes: u64::MAX };
        let add = |sum: Totals, item| sum.checked_add(item).unwrap_or(MAX);
        match self {
            Self::Leaf(entries) => {
                entries.iter().map(|e| e.value.totals()).fold(Totals::default(), add)
            }
            Self::Inner { children, .. } => {
                children.iter().map(ChildNode::totals).fold(Totals::default(), add)
            }
        }
    }

    /// The greatest name below the node; none for an empty directory.
    pub fn last_name(&self) -> Option<&str> {
        match self {
            Self::Leaf(entries) => entries.last().map(|e| &*e.name),
            Self::Inner { children, .. } => children.last().map(|c| &*c.last_name),
        }
    }

    /// The canonical encoding of a node that keeps the rules of [`Node::decode`].
    ///
    /// The rules are the caller's to keep; [`crate::object::prolly`] makes only such nodes.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Leaf(entries) => encode_leaf(entries),
            Self::Inner { level, children } => encode_inner(*level, children),
        }
    }

    /// Reads a node; accepts exactly what [`Node::encode`] writes for a valid one.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut r = Reader::new(bytes)?;
        r.object(3)?;
        let node = match r.unsigned()? {
            0 => Self::Leaf(decode_leaf(&mut r)?),
            level => match u8::try_from(level) {
                Ok(level @ 1..=MAX_LEVEL) => Self::Inner { level, children: decode_inner(&mut r)? },
                _ => return Err(r.malformed("a level that no directory reaches")),
            },
        };
        r.finish()?;
        Ok(node)
    }
}

const FILE: u64 = 0;
const EXECUTABLE: u64 = 1;
const SYMLINK: u64 = 2;
const DIRECTORY: u64 = 3;

/// Room for the parts of a typical item beside its name: heads, an id and three short integers.
const ITEM_BYTES: usize = 56;

pub(crate) fn encode_leaf(entries: &[Entry]) -> Vec<u8> {
    let names: usize = entries.iter().map(|e| e.name.len()).sum();
    let mut w = Writer::object(3, 8 + names + ITEM_BYTES * entries.len());
    w.unsigned(0);
    w.list(entries.len());
    for Entry { name, value } in entries {
        encode_entry(&mut w, name, value);
    }
    w.finish()
}

fn encode_entry(w: &mut Writer, name: &str, value: &EntryValue) {
    match value {
        EntryValue::File { id, size, executable } => {
            w.list(4);
            w.unsigned(if *executable { EXECUTABLE } else { FILE });
            w.text(name);
            w.bytes(id.as_bytes());
            w.unsigned(*size);
        }
        EntryValue::Symlink { target } => {
            w.list(3);
            w.unsigned(SYMLINK);
            w.text(name);
            w.text(target);
        }
        EntryValue::Directory { id, files, bytes } => {
            w.list(5);
            w.unsigned(DIRECTORY);
            w.text(name);
            w.bytes(id.as_bytes());
            w.unsigned(*files);
            w.unsigned(*bytes);
        }
    }
}

pub(crate) fn encode_inner(level: u8, children: &[ChildNode]) -> Vec<u8> {
    let names: usize = children.iter().map(|c| c.last_name.len()).sum();
    let mut w = Writer::object(3, 8 + names + ITEM_BYTES * children.len());
    w.unsigned(u64::from(level));
    w.list(children.len());
    for child in children {
        w.list(5);
        w.text(&child.last_name);
        w.bytes(child.id.as_bytes());
        w.unsigned(child.entries);
        w.unsigned(child.files);
        w.unsigned(child.bytes);
    }
    w.finish()
}

/// The shortest entry: a symbolic link whose name and target have one byte each.
const MIN_ENTRY_BYTES: usize = 6;

/// The shortest child: a name of one byte, an id, three small integers.
const MIN_CHILD_BYTES: usize = 40;

fn decode_leaf(r: &mut Reader<'_>) -> Result<Vec<Entry>, DecodeError> {
    let count = item_count(r, MIN_ENTRY_BYTES)?;
    let mut entries = Vec::with_capacity(count);
    let mut last = "";
    let mut sum = Totals::default();
    for _ in 0..count {
        let parts = r.list(1)?;
        let kind = r.unsigned()?;
        last = ascending_name(r, last)?;
        let value = decode_value(r, parts, kind)?;
        sum = add_totals(r, sum, value.totals())?;
        entries.push(Entry { name: last.into(), value });
    }
    Ok(entries)
}

fn decode_value(r: &mut Reader<'_>, parts: usize, kind: u64) -> Result<EntryValue, DecodeError> {
    match (kind, parts) {
        (FILE | EXECUTABLE, 4) => Ok(EntryValue::File {
            id: BlobId::from_bytes(r.id()?),
            size: r.unsigned()?,
            executable: kind == EXECUTABLE,
        }),
        (SYMLINK, 3) => {
            let target = check_symlink_target(r.text()?.as_bytes())
                .map_err(|source| DecodeError::Target { offset: r.offset(), source })?;
            Ok(EntryValue::Symlink { target: target.into() })
        }
        (DIRECTORY, 5) => Ok(EntryValue::Directory {
            id: TreeId::from_bytes(r.id()?),
            files: r.unsigned()?,
            bytes: r.unsigned()?,
        }),
        _ => Err(r.malformed("no kind of entry has this number and these parts")),
    }
}

fn decode_inner(r: &mut Reader<'_>) -> Result<Vec<ChildNode>, DecodeError> {
    let count = item_count(r, MIN_CHILD_BYTES)?;
    if count == 0 {
        return Err(r.malformed("an inner node without children"));
    }
    let mut children = Vec::with_capacity(count);
    let mut last = "";
    let mut sum = Totals::default();
    for _ in 0..count {
        r.array(5)?;
        last = ascending_name(r, last)?;
        let child = ChildNode {
            last_name: last.into(),
            id: TreeId::from_bytes(r.id()?),
            entries: r.unsigned()?,
            files: r.unsigned()?,
            bytes: r.unsigned()?,
        };
        if child.entries == 0 {
            return Err(r.malformed("a child without entries"));
        }
        sum = add_totals(r, sum, child.totals())?;
        children.push(child);
    }
    Ok(children)
}

fn item_count(r: &mut Reader<'_>, min_item_bytes: usize) -> Result<usize, DecodeError> {
    let count = r.list(min_item_bytes)?;
    if count > MAX_ITEMS {
        return Err(r.malformed(format!("a node of more than {MAX_ITEMS} items")));
    }
    Ok(count)
}

/// Reads a name that must be greater than the one before; the first follows the empty string.
fn ascending_name<'a>(r: &mut Reader<'a>, last: &str) -> Result<&'a str, DecodeError> {
    let name = r.text()?;
    check_name(name.as_bytes())
        .map_err(|source| DecodeError::Name { offset: r.offset(), source })?;
    if name.as_bytes() <= last.as_bytes() {
        return Err(r.not_canonical("names must ascend"));
    }
    Ok(name)
}

fn add_totals(r: &Reader<'_>, sum: Totals, item: Totals) -> Result<Totals, DecodeError> {
    sum.checked_add(item).ok_or_else(|| r.malformed("sums beyond 64 bits"))
}
