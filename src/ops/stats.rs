//! `stats`: what the repository holds and what it takes.

use serde::Serialize;

use super::{Context, OpError};

/// No choices yet.
#[derive(Clone, Debug, Default)]
pub struct StatsOptions {}

/// Sizes and counts.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StatsOutcome {
    /// Bytes of all files of all commits, each counted as often as it occurs.
    pub logical_bytes: u64,
    /// Bytes of different chunks.
    pub unique_bytes: u64,
    /// Bytes of all packs.
    pub stored_bytes: u64,
    /// How many chunks.
    pub chunks: u64,
    /// How many packs.
    pub packs: u64,
    /// How many commits.
    pub commits: u64,
    /// Files of HEAD.
    pub files: u64,
    /// How many tables.
    pub tables: u64,
    /// Logical bytes by stored bytes; 0 when nothing is stored.
    pub ratio: f64,
    /// The part of the packs' bytes that live chunks take, from 0 to 1.
    pub pack_fill: f64,
}

/// Sums up the repository.
pub fn run(_ctx: &Context, _options: &StatsOptions) -> Result<StatsOutcome, OpError> {
    Err(OpError::NotBuilt)
}
