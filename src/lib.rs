//! esker: git for datasets.

pub mod db;
pub mod fsio;
pub mod id;
pub mod object;
pub mod path;
pub mod progress;
pub mod refs;
