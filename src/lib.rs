//! esker: git for datasets.

pub mod id;
pub mod object;
pub mod pack;
pub mod path;
pub mod table;
