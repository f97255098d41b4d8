//! How the rest of the program reads and writes objects, wherever they lie.
//!
//! The traits are all that history, diff, merge and the worktree know of a store. Whoever implements
//! a reader has checked, before it returns, that the bytes hash to the id asked for.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::fmt;
use std::io::Write;
use std::sync::Arc;

use thiserror::Error;

use crate::id::{Address, BlobId, CommitId, IdPrefix, TagId, TreeId};
use crate::object::codec::DecodeError;
use crate::object::{Commit, Node, Tag};

/// What kind of object an id names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// The content of a file.
    Blob,
    /// A piece of a file.
    Chunk,
    /// A directory, or a node of one.
    Tree,
    /// A commit.
    Commit,
    /// An annotated tag.
    Tag,
}

impl fmt::Display for ObjectKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Blob => "file content",
            Self::Chunk => "chunk",
            Self::Tree => "tree",
            Self::Commit => "commit",
            Self::Tag => "tag",
        })
    }
}

/// Why an object could not be read or written.
#[derive(Debug, Error)]
pub enum AccessError {
    /// The object is not there.
    #[error("{what} {id} is missing")]
    Missing {
        /// What kind of object it is.
        what: ObjectKind,
        /// Its id, as an address without encryption.
        id: Address,
    },
    /// The object is there, and is not what its id says.
    #[error("{what} {id} is damaged: {detail}")]
    Damaged {
        /// What kind of object it is.
        what: ObjectKind,
        /// Its id, as an address without encryption.
        id: Address,
        /// What is wrong, and where it lies as far as that is known.
        detail: String,
    },
    /// The commit's tree was let go on purpose.
    #[error("the files of commit {} were forgotten", .0.short())]
    Forgotten(CommitId),
    /// The store could not be read or written.
    #[error(transparent)]
    Io(Box<dyn StdError + Send + Sync>),
}

impl AccessError {
    /// The object `id` is not there.
    pub fn missing(what: ObjectKind, id: impl Into<Address>) -> Self {
        Self::Missing { what, id: id.into() }
    }

    /// The object `id` is not what its id says.
    pub fn damaged(what: ObjectKind, id: impl Into<Address>, detail: impl Into<String>) -> Self {
        Self::Damaged { what, id: id.into(), detail: detail.into() }
    }

    /// The store failed.
    pub fn io(error: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::Io(error.into())
    }

    /// Whether the object is not there.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Missing { .. })
    }

    /// Whether the object is there and damaged.
    pub fn is_damaged(&self) -> bool {
        matches!(self, Self::Damaged { .. })
    }

    /// Whether it was let go on purpose.
    pub fn is_forgotten(&self) -> bool {
        matches!(self, Self::Forgotten(_))
    }
}

/// Reads trees, commits and tags by id.
pub trait ReadObjects {
    /// The node `id` of a directory.
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError>;
    /// The commit `id`.
    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError>;
    /// The tag `id`.
    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError>;

    /// The tree of the commit `id`, for those who will read it: [`AccessError::Forgotten`] where it was
    /// let go, whatever may be left of it.
    fn read_root(&self, id: CommitId) -> Result<TreeId, AccessError> {
        Ok(self.read_commit(id)?.tree)
    }

    /// As [`ReadObjects::read_root`]; nothing for a commit whose tree was let go.
    fn find_root(&self, id: CommitId) -> Result<Option<TreeId>, AccessError> {
        match self.read_root(id) {
            Err(e) if e.is_forgotten() => Ok(None),
            root => root.map(Some),
        }
    }
}

/// Finds commits by the beginning of their ids.
pub trait FindCommits {
    /// All commits whose ids begin so.
    fn find_commits(&self, prefix: &IdPrefix) -> Result<Vec<CommitId>, AccessError>;
}

/// Takes trees, commits and tags to be stored: always after what they point to.
///
/// `id` is the id of `encoded`, the object's canonical encoding. Writing an object twice is harmless.
pub trait WriteObjects {
    /// Stores one node of a directory.
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError>;
    /// Stores a commit.
    fn write_commit(&mut self, id: CommitId, encoded: Vec<u8>) -> Result<(), AccessError>;
    /// Stores a tag.
    fn write_tag(&mut self, id: TagId, encoded: Vec<u8>) -> Result<(), AccessError>;
}

/// Reads the contents of files by id.
pub trait ReadBlob {
    /// Writes all bytes of the file `id`, which has `size` of them, to `out`.
    ///
    /// What was written before an error is part of the file, but must not be taken for all of it.
    fn read_blob(&self, id: BlobId, size: u64, out: &mut dyn Write) -> Result<(), AccessError>;
}

/// A store in memory, for tests and for ids that are computed without a repository.
#[derive(Debug, Clone, Default)]
pub struct MemoryObjects {
    trees: HashMap<TreeId, Vec<u8>>,
    commits: HashMap<CommitId, Vec<u8>>,
    tags: HashMap<TagId, Vec<u8>>,
}

impl MemoryObjects {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// The encoding of a stored node, if it is there.
    pub fn encoded_tree(&self, id: TreeId) -> Option<&[u8]> {
        self.trees.get(&id).map(Vec::as_slice)
    }

    /// How many nodes of directories are stored.
    pub fn tree_count(&self) -> usize {
        self.trees.len()
    }

    /// Forgets a node, as damage or a partial clone would.
    pub fn remove_tree(&mut self, id: TreeId) -> bool {
        self.trees.remove(&id).is_some()
    }
}

fn read_encoded<I: Copy + Eq + std::hash::Hash + Into<Address>, T>(
    objects: &HashMap<I, Vec<u8>>,
    what: ObjectKind,
    id: I,
    decode: impl Fn(&[u8]) -> Result<T, DecodeError>,
) -> Result<T, AccessError> {
    let encoded = objects.get(&id).ok_or_else(|| AccessError::missing(what, id))?;
    decode(encoded).map_err(|error| AccessError::damaged(what, id, error.to_string()))
}

impl ReadObjects for MemoryObjects {
    fn read_tree(&self, id: TreeId) -> Result<Arc<Node>, AccessError> {
        read_encoded(&self.trees, ObjectKind::Tree, id, Node::decode).map(Arc::new)
    }

    fn read_commit(&self, id: CommitId) -> Result<Commit, AccessError> {
        read_encoded(&self.commits, ObjectKind::Commit, id, Commit::decode)
    }

    fn read_tag(&self, id: TagId) -> Result<Tag, AccessError> {
        read_encoded(&self.tags, ObjectKind::Tag, id, Tag::decode)
    }
}

impl WriteObjects for MemoryObjects {
    fn write_tree(&mut self, id: TreeId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.trees.insert(id, encoded);
        Ok(())
    }

    fn write_commit(&mut self, id: CommitId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.commits.insert(id, encoded);
        Ok(())
    }

    fn write_tag(&mut self, id: TagId, encoded: Vec<u8>) -> Result<(), AccessError> {
        self.tags.insert(id, encoded);
        Ok(())
    }
}

/// A writer that drops everything, for when only ids are wanted.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullObjects;

impl WriteObjects for NullObjects {
    fn write_tree(&mut self, _: TreeId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }

    fn write_commit(&mut self, _: CommitId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }

    fn write_tag(&mut self, _: TagId, _: Vec<u8>) -> Result<(), AccessError> {
        Ok(())
    }
}
