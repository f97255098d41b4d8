//! The program as scripts and people meet it: streams, wording, exit codes.

mod env;
mod output;
mod refs;
mod revisions;
mod unchanged;
mod usage;
mod verbs;
