//! The program as scripts and people meet it: streams, wording, exit codes.

#[path = "../support/data.rs"]
#[allow(dead_code)]
mod data;
mod env;
mod like_git;
mod output;
mod refs;
mod revisions;
mod stash;
mod unchanged;
mod usage;
mod verbs;
