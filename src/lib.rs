//! esker: git for datasets.

pub mod fsio;
pub mod progress;
