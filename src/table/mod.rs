//! Tables: sorted immutable files that say where each chunk of one kind of packs lies.
//!
//! This module owns the table format: [`layout`] turns its parts into bytes and back, [`writer`]
//! makes a table from rows in order, [`reader`] answers questions by reading at offsets, [`mod@merge`]
//! makes one table of several. It names no file and syncs nothing.
//!
//! A table is a hint, not a proof: an entry that leads to other bytes than wanted is noticed when
//! those bytes are hashed, and a table can always be made again from the trailers of the packs.
//! Whatever the bytes are, reading them never panics and never allocates more than the file's own
//! length; [`Table::verify`] finds any changed byte.

pub mod layout;
pub mod merge;
pub mod reader;
pub mod writer;

pub use layout::{Prefix, Row, TableError};
pub use merge::merge;
pub use reader::{Rows, Table};
pub use writer::{FinishedTable, TableWriter, write_rows};

#[cfg(test)]
mod tests;
