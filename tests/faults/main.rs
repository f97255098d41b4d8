//! Everything that can go wrong between a repository and a bucket, with the real program over real sockets.
//!
//! The server is part of the test (`tests/support/s3`). After each fault the same command goes on, both
//! sides are checked, and no output ever holds a secret. `ESKER_CRASH_ROUNDS` sets how often each verb is
//! killed (3 times without it).

#[path = "../support/data.rs"]
#[allow(dead_code)]
mod data;
#[path = "../cli/env.rs"]
#[allow(dead_code)]
mod env;
#[path = "../crash/kill.rs"]
#[allow(dead_code)]
mod kill;
#[cfg(target_os = "linux")]
#[path = "../support/linux.rs"]
#[allow(dead_code)]
mod linux;
#[cfg(target_os = "linux")]
#[path = "../support/ran.rs"]
#[allow(dead_code)]
mod ran;
#[path = "../support/repo.rs"]
#[allow(dead_code)]
mod repo;
#[path = "../support/s3/mod.rs"]
#[allow(dead_code)]
mod s3;

mod access;
mod answers;
mod damage;
mod killed;
mod parts;
mod site;
mod spans;
