//! Differences between two states of a dataset.

pub mod renames;
pub mod text;
pub mod tree;
