//! Bad input, and what it gets: one clear message, a hint, the right exit code, and nothing lost.

#[path = "../support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "../cli/env.rs"]
#[allow(dead_code)]
mod env;
#[cfg(target_os = "linux")]
#[path = "../support/linux.rs"]
mod linux;
#[path = "../support/ran.rs"]
mod ran;
#[path = "../support/repo.rs"]
#[allow(dead_code)]
mod repo;

#[cfg(unix)]
mod changing;
mod damage;
mod flips;
mod git;
#[cfg(target_os = "linux")]
mod interrupt;
mod lost_work;
#[cfg(target_os = "linux")]
mod mounts;
#[cfg(unix)]
mod names;
mod pipe;
mod revisions;
#[cfg(unix)]
mod special;
#[cfg(target_os = "linux")]
mod unreadable;
mod unstage;
