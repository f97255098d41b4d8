//! The program as scripts and people meet it: streams, wording, exit codes.

#[path = "../support/data.rs"]
#[allow(dead_code)]
mod data;
mod diff;
mod env;
#[cfg(target_os = "linux")]
#[path = "../support/linux.rs"]
#[allow(dead_code)]
mod linux;
#[path = "../support/ran.rs"]
#[allow(dead_code)]
mod ran;
#[path = "../support/repo.rs"]
#[allow(dead_code)]
mod repo;

#[cfg(unix)]
mod add_to;
mod completion;
mod docs;
mod doctor;
mod errors;
mod held;
mod help;
mod history;
mod ignored;
#[cfg(unix)]
mod install;
mod json;
mod like_git;
mod locations;
mod merging;
mod mirror;
mod model;
mod moves;
mod output;
mod pager;
mod partial;
mod patterns;
mod pins;
mod read_through;
mod refs;
mod remotes;
mod removals;
mod repair;
mod revisions;
mod shared_stores;
mod stale;
mod stash;
#[cfg(unix)]
mod terminal;
mod unchanged;
mod upkeep;
mod usage;
mod verbs;
mod worktrees;
