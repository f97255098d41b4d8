//! `kill -9` at random moments: after each, the repository is whole and the same command goes on.
//!
//! `ESKER_CRASH_ROUNDS` sets how often each verb is killed (8 times without it), `ESKER_CRASH_SEED` which
//! moments are chosen. Every test names the seed when it fails.

#[path = "../support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "../cli/env.rs"]
#[allow(dead_code)]
mod env;
#[cfg(target_os = "linux")]
#[path = "../support/linux.rs"]
#[allow(dead_code)]
mod linux;
#[cfg(target_os = "linux")]
#[path = "../support/ran.rs"]
#[allow(dead_code)]
mod ran;
#[path = "../support/repo.rs"]
mod repo;

mod add;
mod checkout;
mod commit;
#[cfg(target_os = "linux")]
mod disk;
mod kill;
#[cfg(target_os = "linux")]
mod lives;
mod member_kills;
mod members;
mod merge;
#[cfg(target_os = "linux")]
mod points;
#[cfg(target_os = "linux")]
mod power;
mod races;
mod remotes;
mod reset;
mod restore;
#[cfg(target_os = "linux")]
mod resume;
#[cfg(target_os = "linux")]
mod settled;
mod shared;
#[cfg(target_os = "linux")]
mod sites;
#[cfg(target_os = "linux")]
mod stopped;
#[cfg(target_os = "linux")]
mod syncs;
#[cfg(target_os = "linux")]
mod trace;
