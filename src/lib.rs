//! esker: git for datasets.

pub mod catalog;
pub mod chunk;
pub mod config;
pub mod date;
pub mod db;
pub mod diff;
pub mod format;
pub mod fsio;
pub mod history;
pub mod id;
pub mod merge;
pub mod object;
pub mod ops;
pub mod pack;
pub mod path;
pub mod pins;
pub mod progress;
pub mod recipe;
pub mod refs;
pub mod remote;
pub mod repo;
pub mod revision;

pub mod stat;
pub mod stat_cache;
pub mod steps;

pub mod store;
pub mod sync;
pub mod table;
pub mod worktree;
