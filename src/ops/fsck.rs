//! `fsck`: proves that everything refs name is there and whole.

use serde::Serialize;

use super::{Context, OpError};

/// How deep to look.
#[derive(Clone, Debug, Default)]
pub struct FsckOptions {
    /// Also read and verify all data.
    pub data: bool,
    /// Read and verify this part of the data, in percent.
    pub sample_percent: Option<f64>,
    /// Make tables, caches and refs anew from packs and `refs.log` first.
    pub rebuild: bool,
}

/// What was found.
#[derive(Clone, Debug, Default, Serialize)]
pub struct FsckOutcome {
    /// What is damaged or missing.
    pub problems: Vec<Problem>,
    /// Commits checked.
    pub commits: u64,
    /// Tree nodes checked.
    pub trees: u64,
    /// Files named by the trees.
    pub files: u64,
    /// Different contents among them.
    pub blobs: u64,
    /// Chunks they are made of.
    pub chunks: u64,
    /// Packs checked.
    pub packs: u64,
    /// Blocks read and verified.
    pub blocks_read: u64,
    /// Bytes read from packs.
    pub bytes_read: u64,
    /// What was made anew, if asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rebuilt: Option<RebuildOutcome>,
    /// Whether there are no problems.
    pub clean: bool,
}

/// Something damaged or missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The object or file.
    pub object: String,
    /// What is wrong with it.
    pub what: String,
    /// Paths, as `REV:path`, or refs that need it.
    pub affected: Vec<String>,
}

/// What a rebuild made.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RebuildOutcome {
    /// Packs read.
    pub packs: u64,
    /// Tables written.
    pub tables: u64,
    /// Refs taken from `refs.log`.
    pub refs: u64,
}

/// Checks the repository. Problems are in the outcome; an error means that it could not be checked.
pub fn run(_ctx: &Context, _options: &FsckOptions) -> Result<FsckOutcome, OpError> {
    Err(OpError::NotBuilt)
}
