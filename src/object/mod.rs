//! Objects: the canonical encodings of trees, commits and tags, and the shape of large directories.
//!
//! What is here depends on content alone: no disk, clock, thread or configuration. One value has
//! one encoding and one id; decoders refuse everything else, never panic and never allocate more
//! than a small multiple of their input. The document is `docs/format.md`.

pub mod access;
pub mod codec;
pub mod commit;
pub mod paths;
pub mod prolly;
pub mod tag;
pub mod tree;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod vectors;

pub use access::{AccessError, ObjectKind, ReadBlob, ReadObjects, WriteObjects};
pub use codec::{DecodeError, EncodeError};
pub use commit::{Commit, Person};
pub use tag::Tag;
pub use tree::{ChildNode, Entry, EntryKind, EntryValue, Node, Totals};
