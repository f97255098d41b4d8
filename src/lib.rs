//! esker: git for datasets.
