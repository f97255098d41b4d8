//! Differences between two states of a dataset.

pub mod tree;
