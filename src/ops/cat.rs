//! `cat`: the bytes of a file.

use std::io::Write;

use serde::Serialize;

use super::{Context, OpError};

/// What to print.
#[derive(Clone, Debug, Default)]
pub struct CatOptions {
    /// `REV:path`, or a path in HEAD.
    pub spec: String,
    /// The first byte wanted.
    pub offset: u64,
    /// How many bytes; all that follow when absent.
    pub length: Option<u64>,
}

/// What was printed.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct CatOutcome {
    /// How many bytes.
    pub bytes: u64,
}

/// Writes verified bytes to `out`.
pub fn run(
    _ctx: &Context,
    _options: &CatOptions,
    _out: &mut dyn Write,
) -> Result<CatOutcome, OpError> {
    Err(OpError::NotBuilt)
}
