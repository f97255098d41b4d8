//! Disk and tree: finding what a folder holds and writing into it.
//!
//! [`ignore`] and [`scan`] read a folder, [`compare`] says how it differs from a tree, [`plan`] is what
//! a checkout would do, [`handles`] does it without ever leaving the folder, [`git`] tells which paths
//! belong to an enclosing git checkout. Nothing here knows the repository's database or its stores.

pub mod compare;
pub mod facts;
pub mod git;
pub mod handles;
pub mod ignore;
pub mod plan;
pub mod scan;
