//! The program as scripts and people meet it: streams, wording, exit codes.

#[path = "../support/data.rs"]
#[allow(dead_code)]
mod data;
mod diff;
mod env;
#[path = "../support/ran.rs"]
#[allow(dead_code)]
mod ran;
#[path = "../support/repo.rs"]
#[allow(dead_code)]
mod repo;

mod history;
mod ignored;
mod like_git;
mod merging;
mod moves;
mod output;
mod pager;
mod refs;
mod remotes;
mod removals;
mod repair;
mod revisions;
mod stash;
mod unchanged;
mod upkeep;
mod usage;
mod verbs;
