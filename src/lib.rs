//! esker: git for datasets.

pub mod id;
pub mod object;
pub mod path;
pub mod stat;
pub mod stat_cache;
pub mod worktree;
