//! `demo`: the main job on a dataset it makes.

use std::path::PathBuf;

use serde::Serialize;

use super::{Context, OpError, encode};

/// Where to run it.
#[derive(Clone, Debug, Default)]
pub struct DemoOptions {
    /// An empty or missing folder; a temporary one when absent.
    pub dir: Option<PathBuf>,
    /// Leave the folder there at the end.
    pub keep: bool,
}

/// One step that was taken.
#[derive(Clone, Debug, Serialize)]
pub struct DemoStep {
    /// What it shows.
    pub title: String,
    /// The command a person would type.
    pub command: String,
    /// What came out.
    pub result: String,
    /// How long it took.
    pub seconds: f64,
}

/// How it ended.
#[derive(Clone, Debug, Serialize)]
pub struct DemoOutcome {
    /// The folder.
    #[serde(serialize_with = "encode::path")]
    pub dir: PathBuf,
    /// Whether every step gave what it promised.
    pub ok: bool,
}

/// Runs the demonstration; `each` sees a step when it is done.
pub fn run(
    _ctx: &Context,
    _options: &DemoOptions,
    _each: &mut dyn FnMut(DemoStep),
) -> Result<DemoOutcome, OpError> {
    Err(OpError::NotBuilt)
}
