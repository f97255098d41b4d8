//! Outcomes as text for people and as JSON for programs, both from the same values.

pub mod diff;
pub mod doctor;
pub mod graph;
pub mod json;
pub mod markdown;
pub mod merging;
pub mod objects;
pub mod pins;
pub mod places;
pub mod refs;
pub mod remotes;
pub mod status;
pub mod text;
pub mod units;
pub mod upkeep;
pub mod worktree;
