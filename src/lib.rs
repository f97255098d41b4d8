//! esker: git for datasets.

pub mod fsio;
pub mod id;
pub mod object;
pub mod ops;
pub mod path;
pub mod progress;
pub mod refs;
